"""The job machine against what is written: every job that can be reached, every event, every cell of the table."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from protocol.crm.job_machine import TABLE, Job, JobEvent, Moved, step
from protocol.crm.jobs import JobState
from tests.model.written import written

V = JobEvent


def told(job: Job) -> Iterator[tuple[JobEvent, int, JobState | None]]:
    for event in V:
        for rev in (job.rev - 1, job.rev, job.rev + 1):
            for reported in JobState if event is V.REPORTED else (None,):
                yield event, rev, reported


def test_in_every_job_that_can_be_reached_every_event_does_what_is_written() -> None:
    first = Job(rev=1)
    seen, cells = {first}, set()
    todo = deque([first])
    while todo:
        job = todo.popleft()
        for event, rev, reported in told(job):
            cells.add((job.state, event))
            moved = step(job, event, rev=rev, reported=reported)
            expected = written(job, event, rev, reported)
            got = moved.job.state if isinstance(moved, Moved) else None
            assert got == expected, (job, event, rev, reported)
            if isinstance(moved, Moved):
                # Only comparisons of revs matter: every job is looked at with the same one.
                after = replace(moved.job, rev=1, attempt=min(moved.job.attempt, 3))
                if after not in seen:
                    seen.add(after)
                    todo.append(after)
    assert cells == set(TABLE), "cells that no job reached"
    print(f"{len(seen)} jobs, {len(cells)} cells")
