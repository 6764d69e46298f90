"""A lane over a real journal, the real book and driver, and the simulated register in memory: in virtual time.

``Bench`` turns the lane's rounds by hand. A wait of the lane moves the one clock that register, driver, book and
journal share, and does what the test has put on its ``agenda``.
"""

# ruff: noqa: DTZ001  (a register has local time only)

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from agent.devices.lane import Lane
from agent.jobs.book import JobBook
from agent.jobs.permission import Clock
from agent.journal.rows import DeviceRow, JobRow
from agent.journal.store import Journal
from drivers.api import Identity
from drivers.fiscal.shtrih import ShtrihRegister, load_profile
from drivers.simulators.clock import ManualClock
from drivers.simulators.dump import dump
from drivers.simulators.fiscal_drive import DriveState, FiscalDrive
from drivers.simulators.shtrih import new_device
from drivers.transports.base import LinkError
from protocol.crm.job_machine import Known
from protocol.crm.messages import Archive, Bind, Binding, Cancel, Desk, Event, Health, Offer, Release, Resolve, Update
from protocol.crm.outcomes import Value
from tests.drivers.fiscal.test_shtrih_with_simulator import Line, Reconnecting
from tests.support.crm import AGENT, KID, KKM, NOW, TENANT, offer

FINAL = (Known.DONE, Known.NOT_DONE, Known.CANCELLED, Known.REJECTED)
QUICK = """
[time]
query = 1.0
fill = 2.0
close = 3.0
cancel = 1.5
shift = 2.5
report = 2.0
[line]
control = 0.3
earlier = 0.5
[wait]
printing = 3.0
poll = 0.01
"""


class Death(BaseException):
    """The process ends here, as if killed."""


class Wire(Reconnecting):
    """A register without power refuses the connection."""

    def open(self) -> None:
        try:
            super().open()
        except ConnectionRefusedError as error:
            raise LinkError("device_offline", str(error)) from error


class TurnedLane(Lane):
    """A lane whose waits are the test's."""

    bench: Bench

    def _sleep(self, seconds: float) -> bool:
        return self.bench.wait(seconds)


class Bench:
    devices: Sequence[str] = (KKM,)

    def __init__(self, folder: Path, journal_path: Path, *faults: str) -> None:
        self.folder = folder
        self.path = journal_path
        self.at_register = ManualClock(datetime(2026, 7, 1, 15, 0))
        self.device = new_device(self.at_register, Random(1), faults=list(faults))
        self.line = Line(self.device, self.at_register)
        profile = folder / "quick.toml"
        profile.write_text(QUICK, "utf-8")
        self._profile = load_profile(profile)
        self.agenda: list[tuple[float, Callable[[], Any]]] = []
        self.claims: list[tuple[str, Identity, int]] = []
        self.archives: list[Archive] = []
        self.progress: list[tuple[str, str]] = []
        self.crashes: list[BaseException] = []
        self.healths: list[Health] = []
        self.until: Callable[[], bool] = lambda: False

    def monotonic(self) -> float:
        return self.line.now()

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.monotonic())

    def start(self, journal: Journal) -> None:
        """A new process: nothing is remembered but the journal."""
        self.journal = journal
        clock = Clock(monotonic=self.monotonic, wall=lambda: self.now().timestamp(), now=self.now)
        self.register = ShtrihRegister(Wire(self.line), self._profile, self.line)
        self.book = JobBook(
            journal, clock, tenant_id=TENANT, agent_id=AGENT, verified=lambda *_: True, devices=self.devices
        )  # fmt: skip
        self.lane = TurnedLane(
            KKM, self.register, self.book,
            on_claim=lambda *claim: self.claims.append(claim),
            on_progress=lambda job_id, code, *_: self.progress.append((job_id, code)),
            on_archive=self.archives.append,
            on_crash=self.crashes.append,
            on_health=self.healths.append,
        )  # fmt: skip
        self.lane.bench = self
        self.pong()

    # --- time

    def at(self, seconds: float, action: Callable[[], Any]) -> None:
        """Do something once ``seconds`` have passed, at the lane's next wait."""
        self.agenda.append((self.line.now() + seconds, action))

    def wait(self, seconds: float) -> bool:
        """What a wait of the lane is here; true when it is cut short."""
        end = self.line.now() + seconds
        while (left := end - self.line.now()) > 0:
            self.line.sleep(min(left, 0.1))
            for entry in [e for e in self.agenda if e[0] <= self.line.now()]:
                self.agenda.remove(entry)
                entry[1]()
            if self.lane._stopping or self.lane._cut_short() or self.until():
                return True
        return False

    def pass_(self, seconds: float) -> None:
        """Time at rest, in one jump."""
        self.line.sleep(seconds)
        for entry in [e for e in self.agenda if e[0] <= self.line.now()]:
            self.agenda.remove(entry)
            entry[1]()

    def pong(self) -> None:
        self.book.pong(self.now(), self.line.now())
        self.book.allow_starts(True)

    def round(self) -> float:
        self.pong()
        return self.lane.round()

    def run(self, job_id: str = "j1", *, seconds: float = 120.0, states: tuple[Known, ...] = FINAL) -> JobRow:
        """Rounds until the job is in one of ``states``."""
        deadline = self.line.now() + seconds
        self.until = lambda: self.job(job_id).state in states or self.line.now() > deadline
        while self.job(job_id).state not in states:
            pause = self.round()
            self.wait(min(pause, 5.0))
            assert self.line.now() < deadline, f"{self.job(job_id)} {self.lane.state}"
        self.until = lambda: False
        return self.job(job_id)

    def idle(self, rounds: int = 3) -> None:
        for _ in range(rounds):
            self.wait(min(self.round(), 5.0))

    # --- the server

    def say(self, type_: str, body: Value) -> None:
        assert self.book.receive(type_, body, acting=True)

    def bind(self, epoch: int = 1, *, open_jobs: tuple[Any, ...] = (), knows: bool = False, **desk: Any) -> None:
        state = self.device.state.drive
        known = {"fn_serial": state.registration.fn_number, "last_fd": self.last_fd()} if knows else {}
        binding = Binding(kkm_id=KKM, register_serial=self.serial, binding_epoch=epoch, desk=Desk(**desk))
        self.say("bind", Bind(agent_id=AGENT, binding=binding, open_jobs=list(open_jobs), kid=KID, **known))

    def desk(self, **desk: Any) -> None:
        """A ``welcome`` with the desk's new settings."""
        self.book.desks({KKM: (self.row().binding_epoch, Desk(**desk))})

    def made_offer(self, job_id: str = "j1", **more: Any) -> Offer:
        known = {"register_serial": self.serial, "issued_at": self.now(), "start_by": self.now() + timedelta(hours=1)}
        return offer(job_id, **known | more)

    def offer(self, job_id: str = "j1", **more: Any) -> None:
        self.say("offer", self.made_offer(job_id, **more))

    def release(self, epoch: int = 1) -> None:
        self.say("release", Release(agent_id=AGENT, kkm_id=KKM, binding_epoch=epoch, kid=KID))

    def cancel(self, job_id: str = "j1") -> None:
        self.say("cancel", Cancel(job_id=job_id, agent_id=AGENT, rev=self.job(job_id).rev, kid=KID))

    def choice(self, decision: str, fd: int | None = None, job_id: str = "j1", *, rev: int) -> Resolve:
        known = {"person": "Иванова", "reason": "чек у покупателя", "kid": KID}
        return Resolve(agent_id=AGENT, job_id=job_id, rev=rev, decision=decision, fd=fd, **known)

    def resolve(self, decision: str, fd: int | None = None, job_id: str = "j1") -> None:
        self.say("resolve", self.choice(decision, fd, job_id, rev=self.job(job_id).rev))

    # --- what is there

    @property
    def serial(self) -> str:
        return self.device.state.drive.registration.register_serial

    def job(self, job_id: str = "j1") -> JobRow:
        found = self.journal.read(lambda tx: tx.job(job_id))
        assert found is not None, job_id
        return found

    def row(self) -> DeviceRow:
        return self.journal.read(lambda tx: tx.device(KKM))

    def outbox(self) -> list[Value]:
        return [body for _, _, body in self.journal.read(lambda tx: tx.outbox(1000))]

    def events(self) -> list[Event]:
        return [body for body in self.outbox() if isinstance(body, Event)]

    def states(self, job_id: str = "j1") -> list[str]:
        """The states that the server is told, in order."""
        return [b.state.value for b in self.outbox() if isinstance(b, Update) and b.job_id == job_id]

    def documents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = dump(self.device.state.drive)["documents"]
        return found

    def receipts(self) -> list[dict[str, Any]]:
        return [document for document in self.documents() if document["type"] == "receipt"]

    def last_fd(self) -> int:
        return int(self.documents()[-1]["fd"])

    # --- other hands

    def foreign(self, total: int = 10000) -> None:
        """Another program makes a receipt."""
        assert self.device.register.sell_for_another_program(total)

    def foreign_cash(self, amount: int) -> None:
        """Another program puts money into the drawer, over a connection of its own."""
        line = Line(self.device, self.at_register)
        other = ShtrihRegister(Wire(line), self._profile, line)
        other.connect()
        other.cash_in(amount, None)
        other.disconnect()

    def new_drive(self) -> str:
        """A service engineer installs another fiscal drive; its number."""
        old = self.device.state.drive.registration
        drive = FiscalDrive(DriveState(replace(old, fn_number="9999000000000777")))
        drive.register()
        self.device.state.drive = drive.state
        self.device.register.drive = drive
        return drive.state.registration.fn_number


@contextmanager
def opened(path: Path, now: Callable[[], datetime]) -> Iterator[Journal]:
    journal = Journal(path, now=now, new_id=lambda: uuid.uuid4().hex, ballast=False)
    try:
        yield journal
    finally:
        journal.close()


@contextmanager
def bench(folder: Path, *faults: str, bound: bool = True, **desk: Any) -> Iterator[Bench]:
    made = Bench(folder, folder / "journal.sqlite3", *faults)
    with opened(made.path, made.now) as journal:
        made.start(journal)
        if bound:
            made.bind(**desk)
        try:
            yield made
        finally:
            made.register.disconnect()
