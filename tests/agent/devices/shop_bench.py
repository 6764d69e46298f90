"""A register's lane and a terminal's beside each other over one journal and one book, both over their simulated
devices: a shop that sells. Register and terminal have clocks of their own, which are brought together between the
lanes' rounds. The process can die at any commit, and begins anew then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from agent.devices.terminals.lane import TerminalLane
from agent.jobs.at_desk import begin_anew
from agent.journal.rows import JobRow
from agent.journal.store import Journal, Transaction
from drivers.conformance.terminals.bench import Desk, Kind
from drivers.conformance.terminals.bench import Desk as TerminalDesk
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Bind, Binding, Update
from protocol.crm.messages import Desk as DeskSettings
from protocol.ffd.money import format_kopecks, parse_kopecks
from tests.agent.devices.bench import FINAL, Bench, Death, opened
from tests.protocol.ffd.payloads import item, payload
from tests.support.crm import AGENT, KID, KKM

T = TypeVar("T")
TERMINAL = "t1"


def by_card(*amounts: str, **more: Any) -> dict[str, Any]:
    """A receipt of one line over the sum of these card payments."""
    total = format_kopecks(sum(map(parse_kopecks, amounts)))
    return payload(item(total), payments=[{"type": "card", "amount": amount} for amount in amounts], **more)


SALE = by_card("1250.00")
SPLIT = by_card("1000.00", "250.00")
BACK = by_card("1250.00", type="sell_return")


class TurnedTerminal(TerminalLane):
    """A terminal's lane whose waits are the test's."""

    desk: Desk

    def _sleep(self, seconds: float) -> bool:
        self.desk.sleep(max(0.001, seconds))
        return self._cut_short()


class Shop(Bench):
    devices = (KKM, TERMINAL)

    def __init__(self, folder: Path, journal_path: Path, terminal: TerminalDesk, *faults: str) -> None:
        super().__init__(folder, journal_path, *faults)
        self.terminal = terminal
        self.commits = 0
        self.dies_at: int | None = None
        self.answers: list[tuple[str, str]] = []

    # --- time

    def monotonic(self) -> float:
        return max(self.line.now(), self.terminal.now())

    def _together(self) -> None:
        now = self.monotonic()
        if now > self.line.now():
            self.line.sleep(now - self.line.now())
        if now > self.terminal.now():
            self.terminal.sleep(now - self.terminal.now())

    # --- the process

    def start(self, journal: Journal) -> None:
        super().start(journal)
        self.till = TurnedTerminal(
            TERMINAL, self.terminal.driver, self.book,
            on_progress=lambda job_id, code, *_: self.progress.append((job_id, code)),
            on_crash=self.crashes.append,
        )  # fmt: skip
        self.till.desk = self.terminal
        self.till._patient = self.lane._patient = False
        journal.commit(begin_anew)

    def counts(self, journal: Journal) -> None:
        """Every commit from now on; the process dies just after the one that was named."""
        commit = journal.commit

        def counted(work: Callable[[Transaction], T]) -> T:
            done = commit(work)
            self.commits += 1
            if self.commits == self.dies_at:
                raise Death
            return done

        journal.commit = counted  # type: ignore[method-assign]

    def die(self) -> None:
        self.dies_at = None
        self.register.disconnect()
        self.terminal.restart()
        self.start(self.journal)

    # --- what the CRM says

    def opens(self, **desk: Any) -> None:
        self.bind(terminal=TERMINAL, **desk)
        known = self.terminal.truth().terminal_id
        binding = Binding(kkm_id=TERMINAL, register_serial=known, binding_epoch=1, desk=DeskSettings())
        self.say("bind", Bind(agent_id=AGENT, binding=binding, kid=KID))

    def sells(self, what: dict[str, Any] = SALE, job_id: str = "j1", kind: JobKind = JobKind.SALE) -> None:
        self.offer(job_id, kind=kind, payload=what)

    # --- the course of things

    def turn(self) -> None:
        """A round of each lane, and a second; over the death that was arranged."""
        for lane in (self.lane, self.till):
            try:
                self.pong()
                lane.round()
            except Death:
                self.die()
            self._together()
        try:
            self.book.tick()
        except Death:
            self.die()
        self.pass_(1.0)
        self._together()

    def goes(self, job_id: str = "j1", *, seconds: float = 1800.0) -> JobRow:
        """Until the job has ended, or a person is waited for."""
        deadline = self.monotonic() + seconds
        while self.monotonic() < deadline:
            row = self.job(job_id)
            if row.state in (*FINAL, Known.HUMAN) or (row.sale and row.sale["waits"]):
                return row
            self.turn()
        return self.job(job_id)

    def rests(self, turns: int = 3) -> None:
        for _ in range(turns):
            self.turn()

    # --- what is there

    def told(self, job_id: str = "j1") -> Update:
        """The last word that the server heard of the job."""
        return [body for body in self.outbox() if isinstance(body, Update) and body.job_id == job_id][-1]

    def steps(self, job_id: str = "j1") -> list[str]:
        return [f"{step.step}{step.n} {step.state.value}" for step in self.told(job_id).steps]

    def money(self) -> int:
        """Kopecks that the bank holds for the shop."""
        return self.terminal.truth().net

    def taken(self) -> list[int]:
        """The payments that stand."""
        return [c.amount for c in self.terminal.truth().charges if c.kind is Kind.PAYMENT and c.stands]


@contextmanager
def shop(folder: Path, terminal: TerminalDesk, *faults: str, **desk: Any) -> Iterator[Shop]:
    made = Shop(folder, folder / "journal.sqlite3", terminal, *faults)
    with opened(made.path, made.now) as journal:
        made.counts(journal)
        made.start(journal)
        made.opens(**desk)
        try:
            yield made
        finally:
            made.register.disconnect()
            terminal.close()
