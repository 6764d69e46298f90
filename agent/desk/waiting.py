"""All that a person needs to see of a job before deciding about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.desk.decisions import Choice, asks_a_person, offered
from agent.desk.wanted import wanted
from agent.jobs.transitions import steps_of
from agent.journal.store import Transaction
from agent.status import JobStatus
from protocol.crm.messages import StepTold
from protocol.ffd.planned import PlannedReceipt


@dataclass(frozen=True, slots=True)
class Waiting:
    """``plan``: the receipt as it was asked for, ``None`` for other kinds; ``evidence``: what the procedure has kept
    for a person (``agent.procedures``), sums in kopecks; ``choices``: what may be decided here; ``steps``: of a sale,
    what has become of its parts."""

    job: JobStatus
    plan: PlannedReceipt | None
    evidence: Mapping[str, Any]
    choices: tuple[Choice, ...]
    steps: tuple[StepTold, ...] = ()


def waiting(tx: Transaction, job: JobStatus) -> Waiting | None:
    """``None`` when it waits for nobody any more."""
    row = tx.job(job.job_id)
    if row is None or not asks_a_person(row):
        return None
    evidence = row.outcome.get("evidence") or {}
    plan = None
    if tx.offer(job.job_id) is not None:
        plan, _ = wanted(tx.device(row.kkm_id), tx.with_offer(row))
    return Waiting(job, plan, evidence, offered(tx, row), tuple(steps_of(tx, row)))
