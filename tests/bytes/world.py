"""One case: a job carried out by the agent's own lane, journal and driver while one byte meets with a fault.

``Template`` prepares a register and a journal once; every case is a copy of both, in virtual time. What the simulator
holds at the end is for ``verdict``.
"""

# ruff: noqa: DTZ001  (a register has local time only)

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from agent.devices.lane import Lane
from agent.devices.terminals.lane import TerminalLane
from agent.jobs.book import JobBook
from agent.jobs.permission import Clock
from agent.journal.rows import JobRow
from agent.journal.store import _SCHEMA, Journal, Transaction
from agent.procedures.asks import Answered
from agent.procedures.patience import SILENT_AFTER
from drivers.terminal_api import CardTerminal
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Bind, Binding, Desk
from tests.bytes.families import Family, Simulator
from tests.bytes.faulty import Direction, FaultyTransport, Strike
from tests.bytes.wire import LeapingTransport
from tests.soak.hours import Hours
from tests.support.crm import AGENT, KID, KKM, TENANT, offer

T = TypeVar("T")
START = datetime(2026, 7, 1, 15, 0)
FINAL = (Known.DONE, Known.NOT_DONE, Known.CANCELLED, Known.REJECTED)
GRACE = 120.0  # seconds after the longest command in which a job has to be final
AFTERWARDS = 120.0  # seconds in which what is still on its way may happen, a reversal by the terminal among it
JOB = "j1"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job as a CRM asks for it."""

    kind: JobKind
    payload: Mapping[str, Any]
    brings_back: int | None = None  # which of the jobs before: its proof is the ``original``


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes that one ask of the procedure has moved: positions from (inclusive) and to (exclusive)."""

    ask: str
    sent: tuple[int, int]
    received: tuple[int, int]

    def of(self, direction: Direction) -> range:
        return range(*(self.sent if direction is Direction.OUT else self.received))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a case has left behind."""

    row: JobRow
    documents: Sequence[dict[str, Any]]  # made since the job was offered
    drawer: int  # kopecks that have come in since then, into the drawer or to the bank
    printed: str
    at_rest: bool
    seconds: float  # of virtual time until the end, or until patience ended
    in_time: bool
    spans: Sequence[Span]
    streams: Mapping[Direction, bytes]  # what each side has said
    error: BaseException | None  # what came out of the lane, which nothing may
    leaked: Sequence[str]  # what the device alone may know, found in the journal or the trace


class MemoryJournal(Journal):
    """The agent's journal without a disk and without its thread: a case takes milliseconds, a flush would, too."""

    def __init__(self, hours: Hours) -> None:
        numbers = count(1)
        super().__init__(Path(":memory:"), now=hours.utc, new_id=lambda: f"m{next(numbers)}", ballast=False)

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        db.executescript(_SCHEMA)
        return db

    def _on_its_thread(self, run: Callable[[Callable[[Transaction], T]], T], work: Callable[[Transaction], T]) -> T:
        return run(work)

    def begin_anew(self, template: bytes, hours: Hours) -> None:
        """Hold what ``template`` held, by another clock."""
        self._db.deserialize(template)
        self._now = hours.utc

    def contents(self) -> bytes:
        return self._db.serialize()


class TurnedLane(Lane):
    """A lane whose waits move the one clock; they are cut short when the case's time is over."""

    case: Case

    def _sleep(self, seconds: float) -> bool:
        self.case.hours.sleep(seconds)
        return self.case.is_over or self._cut_short()


class TurnedTill(TerminalLane):
    """The same of a terminal's."""

    case: Case

    def _sleep(self, seconds: float) -> bool:
        self.case.hours.sleep(seconds)
        return self.case.is_over or self._cut_short()


class Case:
    """A switched-on device and the agent beside it."""

    def __init__(
        self, family: Family, journal: MemoryJournal, hours: Hours, memory: bytes | None, strike: Strike | None = None
    ) -> None:
        self.hours = hours
        self.journal = journal
        self.simulator: Simulator = family.switch_on(hours.at_register, memory)
        self.transport = FaultyTransport(LeapingTransport(self.simulator.connect, hours), hours, strike)
        self.traced: list[bytes] = []
        self.driver = family.driver(self.transport, hours, lambda _, __, data: self.traced.append(data))
        self.patience = max(self.driver.capabilities.max_time.values()) + GRACE
        self.spans: list[Span] = []
        self._began = hours.now()
        clock = Clock(monotonic=hours.now, wall=lambda: hours.utc().timestamp(), now=hours.utc)
        self.book = JobBook(
            journal, clock, tenant_id=TENANT, agent_id=AGENT, verified=lambda *_: True, devices=[KKM]
        )  # fmt: skip
        self.lane = self._lane()
        self.lane.case = self
        self._listen_to_asks()

    def _lane(self) -> TurnedLane | TurnedTill:
        if isinstance(self.driver, CardTerminal):
            self.patience += SILENT_AFTER
            return TurnedTill(
                KKM, self.driver, self.book, on_progress=lambda *_: None, on_crash=lambda _: None, patient=False
            )
        return TurnedLane(
            KKM, self.driver, self.book,
            on_claim=lambda *_: None, on_progress=lambda *_: None, on_archive=lambda _: None,
            on_crash=lambda _: None, on_health=lambda _: None,
        )  # fmt: skip

    def _listen_to_asks(self) -> None:
        perform: Callable[[Any], Answered] = self.lane._performer.perform

        def heard(ask: Any) -> Answered:
            sent, received = self.transport.sent, self.transport.received
            answered = perform(ask)
            span = Span(type(ask).__name__, (sent, self.transport.sent), (received, self.transport.received))
            self.spans.append(span)
            return answered

        self.lane._performer.perform = heard  # type: ignore[method-assign]

    # --- the server

    def bind(self) -> None:
        binding = Binding(kkm_id=KKM, register_serial=self.simulator.serial, binding_epoch=1, desk=Desk())
        assert self.book.receive("bind", Bind(agent_id=AGENT, binding=binding, open_jobs=[], kid=KID), acting=True)

    def offer(self, wanted: Wanted, job_id: str = JOB) -> None:
        payload = dict(wanted.payload)
        if wanted.brings_back is not None:
            payload["original"] = self._paid(f"before-{wanted.brings_back}")
        made = offer(
            job_id, kind=wanted.kind, payload=payload, register_serial=self.simulator.serial,
            issued_at=self.hours.utc(), start_by=self.hours.utc() + timedelta(hours=1),
        )  # fmt: skip
        assert self.book.receive("offer", made, acting=True)

    def _paid(self, job_id: str) -> dict[str, Any]:
        """A payment as its proof tells it."""
        proof = self.row(job_id).outcome["proof"]
        return {"amount": proof["total"]} | {name: proof[name] or "" for name in ("rrn", "auth_code", "number")}

    # --- the job

    @property
    def is_over(self) -> bool:
        return self.hours.now() - self._began > self.patience

    def row(self, job_id: str = JOB) -> JobRow:
        found = self.journal.read(lambda tx: tx.job(job_id))
        assert found is not None, job_id
        return found

    def run(self, job_id: str = JOB) -> None:
        """Rounds of the lane until the job is final, or patience ends; money in doubt, until a person is asked."""
        ends = (*FINAL, Known.HUMAN) if isinstance(self.driver, CardTerminal) else FINAL
        while self.row(job_id).state not in ends and not self.is_over:
            self.book.pong(self.hours.utc(), self.hours.now())
            self.book.allow_starts(True)
            self.hours.sleep(min(self.lane.round(), 5.0))

    def switch_off(self) -> None:
        """The agent ends; what is still on its way arrives, and what it sets off happens."""
        self.driver.disconnect()
        self.hours.sleep(AFTERWARDS)
        self.simulator.tick()

    def leaked(self) -> list[str]:
        """What of the device's secrets stands in the journal or was traced: in letters, or in digits of half a byte."""
        told = self.journal.contents() + b"\n".join(self.traced)
        traced = b"\n".join(self.traced).hex()
        return [each for each in self.simulator.secrets if each.encode() in told or each.lower() in traced]


class Template:
    """A device and a journal in which everything has happened but the job."""

    def __init__(self, family: Family, before: Sequence[Wanted], wanted: Wanted) -> None:
        self.family = family
        hours = Hours(START)
        self._journal = MemoryJournal(hours)
        case = Case(family, self._journal, hours, None)
        case.bind()
        for number, each in enumerate(before):
            case.offer(each, f"before-{number}")
            case.run(f"before-{number}")
            assert case.row(f"before-{number}").state is Known.DONE, case.row(f"before-{number}")
        case.switch_off()
        case.offer(wanted)
        self._memory = case.simulator.memory()
        self._contents = self._journal.contents()
        self._at = hours.local()
        self._last_fd, self._drawer = case.simulator.last_fd, case.simulator.drawer

    def close(self) -> None:
        self._journal.close()

    def play(self, strike: Strike | None = None) -> Seen:
        """The job from the opening of the channel to its end."""
        hours = Hours(self._at)
        self._journal.begin_anew(self._contents, hours)
        case = Case(self.family, self._journal, hours, self._memory, strike)
        error: BaseException | None = None
        try:
            case.run()
        except Exception as caught:
            error = caught
        seconds, in_time = hours.now(), not case.is_over
        streams = {each: bytes(said) for each, said in case.transport.streams.items()}
        case.switch_off()
        return Seen(
            row=case.row(),
            documents=case.simulator.documents(self._last_fd),
            drawer=case.simulator.drawer - self._drawer,
            printed=case.simulator.printed(),
            at_rest=case.simulator.at_rest,
            seconds=seconds,
            in_time=in_time,
            spans=case.spans,
            streams=streams,
            error=error,
            leaked=case.leaked(),
        )


@contextmanager
def prepared(family: Family, before: Sequence[Wanted], wanted: Wanted) -> Iterator[Template]:
    with closing(Template(family, before, wanted)) as template:
        yield template
