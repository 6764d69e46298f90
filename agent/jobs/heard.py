"""The end of a job that the server knows of and this journal does not: its disk is an older copy.

What is open here was begun before the copy was made, and has come to its end since. That end is taken over with its
proof instead of asking a device that may not remember, or a person whom the server would not let answer. A lane that
has the job in hand takes it over itself (``take``); until then it is kept with the job (``JobRow.heard``).

A sale that was left owed has not ended, and is heard of in the same way: nothing more of it may be made here.

A receipt of a sale is the exception: a copy may have begun one by itself, so its archive decides first. What is open
here and not told of in the end keeps the job open: the server then hears of it anew, and a person can decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agent.jobs import sales
from agent.jobs.sale_rows import is_left
from agent.jobs.transitions import is_open, update_of
from agent.journal.records import RecordKind
from agent.journal.rows import JobRow
from agent.journal.store import Transaction
from protocol.crm.job_machine import JobEvent
from protocol.crm.jobs import FINAL, JobKind, JobState
from protocol.crm.messages import Ended, StepTold

_EVENTS: Mapping[str, JobEvent] = {
    JobState.DONE: JobEvent.HEARD_DONE,
    JobState.NOT_DONE: JobEvent.HEARD_NOT_DONE,
    JobState.HUMAN: JobEvent.UNDECIDABLE,
}


def hear(tx: Transaction, told: Ended) -> JobRow | None:
    """Keep the end with a job that is open here, for whoever has it in hand; the job."""
    row = tx.job(told.job_id)
    if row is None or not is_open(row) or row.heard is not None or told.state not in _EVENTS:
        return None
    if told.state is JobState.HUMAN and (row.sale is None or is_left(row)):
        return None
    if row.sale is None:
        kept = replace(row, heard=end_of(told) | {"rev": told.rev})
        tx.write_job(kept, "end_heard")
        return kept
    steps = {(step.step, step.n): step for step in told.steps if step.state in FINAL}
    parts = [part for part in tx.parts(row.job_id) if is_open(part) and part.kind != JobKind.RECEIPT]
    if any(_name(part) not in steps for part in parts):
        return _told_anew(tx, row, told)
    for part in parts:
        tx.write_job(replace(part, heard=end_of(steps[_name(part)])), "end_heard")
    receipt_open = any(is_open(part) for part in tx.parts(row.job_id) if part.kind == JobKind.RECEIPT)
    rev = max(row.rev, told.rev) if receipt_open else row.rev  # what comes of that one is news to the server
    kept = replace(row, rev=rev, heard=end_of(told) | {"rev": told.rev, "owed": told.owed})
    tx.write_job(kept, "end_heard")
    sales.follow(tx, row.job_id)
    return kept


def taken(row: JobRow) -> tuple[JobEvent, dict[str, Any]] | None:
    """The event that ends a job which has heard of its end, and what is written with it."""
    if row.heard is None:
        return None
    rev = row.heard.get("rev", 0)
    return JobEvent(row.heard["event"]), {"outcome": row.heard["outcome"], "rev": rev, "heard": None, "archived": True}


def end_of(told: Ended | StepTold) -> dict[str, Any]:
    """State and outcome as a row has them."""
    end = told.model_dump(mode="json", include={"reason", "proof", "paper", "certainty"})
    return {"event": _EVENTS[told.state].value, "outcome": {key: said for key, said in end.items() if said is not None}}


def _told_anew(tx: Transaction, row: JobRow, told: Ended) -> JobRow:
    tx.append(RecordKind.NOTE, {"event": "end_not_fitting", "rev": told.rev}, job_id=row.job_id, kkm_id=row.kkm_id)
    anew = replace(row, rev=max(row.rev, told.rev) + 1)
    tx.write_job(anew, "adopt_own")
    tx.send(update_of(tx, anew), "update", job_id=anew.job_id, rev=anew.rev)
    return anew


def _name(part: JobRow) -> tuple[str, int]:
    assert part.part is not None
    return part.part["step"], part.part["n"]
