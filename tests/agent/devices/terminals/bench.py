"""A terminal's lane over the real journal, a real driver and the simulated terminal with its bank, in the terminal's
time. The process can die at any commit, and begins anew then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from agent.devices.terminals.lane import TerminalLane
from agent.jobs.at_desk import accept
from agent.jobs.book import JobBook
from agent.jobs.permission import Clock
from agent.journal.rows import LOCAL, DeviceRow, JobRow
from agent.journal.store import Journal, Transaction
from drivers.conformance.terminals.bench import Desk
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Desk as DeskSettings
from tests.support.crm import NOW
from tests.support.journals import opened

T = TypeVar("T")
TERMINAL = "t1"
FINAL = (Known.DONE, Known.NOT_DONE, Known.CANCELLED, Known.REJECTED)
PATIENCE = 3600.0


class Death(BaseException):
    """The process is gone."""


class TurnedLane(TerminalLane):
    desk: Desk

    def _sleep(self, seconds: float) -> bool:
        self.desk.sleep(max(0.001, seconds))  # a wait shorter than a float can add would be no wait at all
        return self._cut_short()


class Counter:
    """The desk, and the PC beside it."""

    def __init__(self, desk: Desk, journal: Journal) -> None:
        self.desk, self.journal = desk, journal
        self.commits = 0
        self.dies_at: int | None = None
        self.heard: list[str] = []
        self.occasions: dict[str, Callable[[], object]] = {}
        commit = journal.commit

        def counted(work: Callable[[Transaction], T]) -> T:
            done = commit(work)
            self.commits += 1
            if self.commits == self.dies_at:
                raise Death
            return done

        journal.commit = counted  # type: ignore[method-assign]
        self.begin()

    def begin(self, **wired: Any) -> None:
        """A new process; ``wired``: what the lane is to tell, as ``TerminalLane`` has it."""
        clock = Clock(self.desk.now, lambda: self.now().timestamp(), self.now)
        self.book = JobBook(
            self.journal, clock, tenant_id=LOCAL, agent_id=LOCAL, verified=lambda *_: True, devices=[TERMINAL]
        )
        self.book.allow_starts(True)
        self.lane = TurnedLane(
            TERMINAL, self.desk.driver, self.book, on_progress=self._progress, on_crash=lambda _: None, **wired
        )
        self.lane.desk = self.desk

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.desk.now())

    def _progress(self, _: str, code: str, __: int | None, ___: int | None) -> None:
        self.heard.append(code)
        do = self.occasions.pop(code, None)
        if do is not None:
            do()

    def when(self, code: str, do: Callable[[], object]) -> None:
        """The next time that progress says so."""
        self.occasions[code] = do

    def bind(self) -> None:
        """The terminal is this agent's."""
        self.journal.commit(self._bound)

    def _bound(self, tx: Transaction) -> DeviceRow:
        device = tx.device(TERMINAL)
        if device.binding_epoch == 0:
            desk = DeskSettings().model_dump(mode="json")
            device = DeviceRow(TERMINAL, self.desk.truth().terminal_id, 1, desk=desk)
            tx.write_device(device, "bind")
        return device

    def job(self, kind: JobKind, job_id: str = "j1", **payload: Any) -> None:
        """Given at this PC. The terminal is this agent's."""

        def work(tx: Transaction) -> None:
            accept(tx, self._bound(tx), kind, job_id, payload, start_by=tx.now + timedelta(hours=1))

        self.journal.commit(work)

    def row(self, job_id: str = "j1") -> JobRow:
        row = self.journal.read(lambda tx: tx.job(job_id))
        assert row is not None
        return row

    def run(self, job_id: str = "j1", patience: float = PATIENCE) -> JobRow:
        """Rounds of the lane until the job is final or a person has been asked; over the death that was arranged."""
        until = self.desk.now() + patience
        self.lane._patient = False
        while self.row(job_id).state not in (*FINAL, Known.HUMAN) and self.desk.now() < until:
            self.book.pong(self.now(), self.desk.now())
            try:
                self.desk.sleep(min(self.lane.round(), 5.0))
            except Death:
                self.dies_at = None
                self.desk.restart()
                self.begin()
                self.lane._patient = False
        return self.row(job_id)


@contextmanager
def counter(desk: Desk, folder: Path) -> Iterator[Counter]:
    with opened(folder / "journal.sqlite3", lambda: NOW + timedelta(seconds=desk.now())) as journal:
        try:
            yield Counter(desk, journal)
        finally:
            desk.close()
