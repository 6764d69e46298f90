"""One job of the command line, from acceptance until it has an answer: the waiting that both kinds of device share."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from agent.devices.device_lane import LaneState
from agent.jobs.at_desk import accept, give_up
from agent.jobs.book import JobBook
from agent.jobs.permission import Clock
from agent.jobs.transitions import is_final, is_open
from agent.journal.rows import DeviceRow, JobRow
from agent.journal.store import Journal
from agent.problems import UserError
from protocol.crm.codes import CODES
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind, sha256_hex

PATIENCE = 30.0  # seconds that a device which is not ready is waited for before the job is given up


class Rounds(Protocol):
    """A lane, played by the caller's thread."""

    state: LaneState

    def round(self) -> float:
        """Do what can be done; seconds until it is worth another look."""
        ...


class OneJob:
    def __init__(self, journal: Journal, clock: Clock, kind: JobKind, job_id: str, payload: dict[str, Any]) -> None:
        """Raises ``UserError`` when the id stands for something else."""
        self._journal, self._clock = journal, clock
        self._kind, self._job_id, self._payload = kind, job_id, payload
        self.row = journal.read(lambda tx: tx.job(job_id))
        row = self.row
        if row is not None and (row.payload_hash != sha256_hex(payload) or row.kind != kind.value):
            raise id_conflict(job_id)

    @property
    def answered(self) -> bool:
        return self.row is not None and is_final(self.row)

    def answer(self) -> dict[str, Any]:
        assert self.row is not None
        return answer_of(self.row, self._journal.read(lambda tx: tx.facts(self._job_id)))

    def carry_out(self, device: DeviceRow, book: JobBook, lane: Rounds, patience: float) -> None:
        """Returns with an answer, or when a person has to decide; what has begun is pursued without end. Raises
        ``UserError`` when the user breaks that off."""
        journal, clock, job_id = self._journal, self._clock, self._job_id
        if self.row is None or self.row.state is Known.ABSENT:
            day = timedelta(days=1)
            journal.commit(lambda tx: accept(tx, device, self._kind, job_id, self._payload, start_by=tx.now + day))
        deadline = clock.monotonic() + patience
        try:
            while True:
                book.pong(clock.now(), clock.monotonic())
                pause = lane.round()
                row = self.row = journal.read(lambda tx: tx.job(job_id))
                assert row is not None
                if is_final(row) or row.state is Known.HUMAN:
                    return
                if row.state in (Known.ACCEPTED, Known.HELD) and clock.monotonic() > deadline:
                    if row.local:  # one of the server's goes on waiting
                        self.row = journal.commit(lambda tx: give_up(tx, job_id, lane.state.reason))
                    return
                time.sleep(min(pause, 1.0))
        except KeyboardInterrupt:
            self.row = journal.read(lambda tx: tx.job(job_id))
            if self.row is None or not is_open(self.row):
                raise
            raise broken_off(job_id) from None


def answer_of(row: JobRow, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A job as the command line shows it; the same words as the REST answer."""
    told = row.outcome
    return {
        "job_id": row.job_id,
        "state": row.state.value,
        "rev": row.rev,
        "attempt": row.attempt,
        "reason": told.get("reason"),
        "proof": told.get("proof"),
        "paper": told.get("paper"),
        "evidence": told.get("evidence"),
        "certainty": told.get("certainty"),
        "result": facts.get("result"),
        "document": facts.get("document"),
    }


def id_conflict(job_id: str) -> UserError:
    known = CODES["id_conflict"]
    return UserError(
        "id_conflict", f"{job_id}: {known.ru} {known.advice_ru}", f"{job_id}: {known.en} {known.advice_en}"
    )


def broken_off(job_id: str) -> UserError:
    """The user did not wait for the end; the id, which the program may have chosen itself, is the way back."""
    return UserError(
        "intent_open",
        f"Чем кончилось «{job_id}», не выяснено. Повторите ту же команду с --job-id {job_id}: она спросит устройство и "
        "ничего не сделает второй раз.",
        f"What became of “{job_id}” is not known. Repeat the same command with --job-id {job_id}: it asks the device "
        "and does nothing twice.",
        exit_code=130,
    )
