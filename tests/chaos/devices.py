"""Registers of the simulated world, and the channels to them.

Faults are the same for all makes and strike at single commands (``Channel.exchange``): below that, bytes have tests of
their own.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from random import Random
from typing import Any

from drivers.simulators.dump import dump
from drivers.transports.base import Transport
from tests.chaos.dice import Dice
from tests.chaos.makes import MAKES, new_state
from tests.chaos.virtual import Dead, Process, VirtualLoop, Waiter

COMMAND_TIME = 0.02
ACTING = ("Fill", "Close", "Operate")
"""Asks whose commands may reach a register only under an intent."""
CHANGING = (
    "lost_request",
    "lost_answer",
    "silent",
    "late",
    "power_before",
    "power_after",
    "busy",
    "crash_before",
    "crash_after",
    "crash_late",
)
ASKING = ("lost_answer", "silent", "power_before", "busy", "crash_after")


class StrandClock:
    """The driver's clock: its sleep is a wait of the lane's strand."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        return self._loop.now

    def sleep(self, seconds: float) -> None:
        Waiter(self._loop).wait(seconds)


class RegisterClock:
    """The register's own: local time, and its own error. ``at``: the moment of something that is being caught up."""

    def __init__(self, loop: VirtualLoop, start: datetime) -> None:
        self._loop = loop
        self.start = start
        self.leaped = 0.0
        self.at: float | None = None

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return self._loop.now + self.leaped if self.at is None else self.at


class Register:
    """One machine on the counter. ``exclusive``: no other program prints on it."""

    def __init__(
        self, loop: VirtualLoop, dice: Dice, kkm_id: str, state: Any, start: datetime, *, shared: bool
    ) -> None:
        self.loop = loop
        self.dice = dice
        self.kkm_id = kkm_id
        self.shared = shared
        self.clock = RegisterClock(loop, start)
        self.make = MAKES[state.family]
        self.device = self.make.device(self.clock, Random(dice.random.random()), state)
        self.foreign: set[tuple[str, int]] = set()
        self.acted: Callable[[str, str], None] = _nobody_listens
        """Hears of every command that begins or ends something."""
        self.intended: Callable[[str], bool] = lambda _: True
        self.job_open: Callable[[str], bool] = lambda _: False
        self.drives: list[dict[str, Any]] = []
        """Dumps of drives that have been taken out."""
        self.holder: object | None = None
        """Whoever is connected; nobody is any more when it changes."""

    def tick(self) -> None:
        """What was due has happened, each thing at its own moment: a web server goes on though nobody looks."""
        clock, device = self.clock, self.device
        present = clock.monotonic()
        try:
            while (due := device.deadline) is not None and due < present:
                clock.at = due
                device.tick()
                if device.deadline == due:
                    break  # nothing comes of waiting
        finally:
            clock.at = None
        device.tick()

    def connected(self) -> object:
        """Who holds the register now: a new connection cuts the one before, unless it serves many at a time."""
        if self.holder is None or not self.device.CROWD:
            self.holder = object()
        return self.holder

    @property
    def memory(self) -> Any:
        """The register's own, also behind a server."""
        return self.make.memory(self.device.state)

    @property
    def serial(self) -> str:
        serial: str = self.device.state.drive.registration.register_serial
        return serial

    @property
    def document_open(self) -> bool:
        return self.memory.receipt is not None or self.memory.drive.current is not None

    def cancel_by_hand(self) -> None:
        """A cashier cancels what is open."""
        self.memory.receipt = self.memory.drive.current = None

    def dumps(self) -> list[dict[str, Any]]:
        return [*self.drives, dump(self.device.state.drive)]

    def foreign_receipt(self, total: int = 10_000) -> bool:
        """Another program sells something, if it can now."""
        self.tick()
        if not self.device.powered or not self.device.register.sell_for_another_program(total):
            return False
        self.foreign.add((self.device.state.drive.registration.fn_number, len(self.device.state.drive.documents)))
        return True

    def stray(self) -> None:
        """A shift was opened by a command that was long given up: an opening is sent twice under one intent, and the
        second one was enough. Nothing but an opening may do that."""
        document = self.dumps()[-1]["documents"][-1]
        if document["type"] == "open_shift":
            self.foreign.add((self.device.state.drive.registration.fn_number, document["fd"]))

    def cut_power(self, seconds: float, *, annulled: bool) -> None:
        self.tick()
        self.make.cut_power(self.device, seconds, self.dice.random, annulled=annulled)
        if not self.device.reachable:
            self.holder = None

    def swap_drive(self) -> None:
        """A technician puts a new fiscal drive in and registers it."""
        self.tick()
        self.drives.append(dump(self.device.state.drive))
        fresh = new_state(self.make.name, Random(self.dice.random.random()), self.clock.now())
        state = self.make.with_new_drive(self.device.state, fresh)
        self.holder = None
        self.device = self.make.device(self.clock, Random(self.dice.random.random()), state)

    def leap(self, seconds: float) -> None:
        """Time passes while nobody looks."""
        self.clock.leaped += seconds
        self.tick()


def _nobody_listens(_kkm_id: str, _ask: str) -> None:
    """Of what an agent does."""


class Lost(Exception):
    """The channel is gone; ``sent``: the command may have been heard."""

    def __init__(self, *, sent: bool) -> None:
        self.sent = sent


class Channel(Transport):
    """A cable from one PC to one register, for whole commands."""

    register: Register
    """Since it was opened."""

    def __init__(
        self, plugged: Callable[[], Register | None], make: str, process: Process, kkm_id: str, random: Random
    ) -> None:
        """``plugged()`` is the register that the cable leads to now, ``None`` while it is being plugged in elsewhere;
        ``kkm_id`` is what the agent takes it for. The driver is one for registers of this ``make``: others understand
        nothing that it says."""
        self.random = random
        self._plugged = plugged
        self._process = process
        self._kkm_id = kkm_id
        self._make = MAKES[make]
        self._token: object | None = None

    def open(self) -> None:
        self._process.check()
        Waiter(self._process.loop).wait(COMMAND_TIME)
        register = self._plugged()
        if register is None:
            raise Lost(sent=False)
        self.register = register
        register.tick()
        if not register.device.reachable or register.make is not self._make:
            raise Lost(sent=False)
        self._token = register.connected()

    def close(self) -> None:
        self._token = None

    def write(self, data: bytes) -> None:
        raise NotImplementedError

    def read(self, most: int, deadline: float) -> bytes:
        raise NotImplementedError

    def exchange(self, payload: bytes, max_time: float, *, changing: bool) -> bytes | None:
        """The reply; ``None`` when none came within ``max_time``. Raises ``Lost``."""
        register, device, dice = self.register, self.register.device, self.register.dice
        self._process.check()
        ask, make = self._process.step, register.make
        prepares = ask != "Fill" and payload.startswith(make.preparing)
        step = f"{'device' if changing else 'query'}:{ask}{'.preparing' if prepares else ''}"
        faults: tuple[str, ...] = CHANGING if changing else ASKING
        receipt = register.memory.receipt
        if ask == "Fill" and make.line and payload.startswith(make.line) and receipt and make.lines(receipt):
            faults = (*CHANGING, "swallowed")
        if ask == "ReadDocument" and make.reads_document(payload) and register.job_open(self._kkm_id):
            faults = (*faults, "unreadable")  # what a policy has made is told, or is not known
        fault = dice.strike(step, faults, kind=make.kinds[not changing])
        if register.shared and register.dice.random.random() < 0.002 and register.foreign_receipt():
            dice.struck(step, "foreign")
        if fault == "crash_before":
            self._process.kill()
            raise Dead(self._process.name)
        if changing and ask.startswith(ACTING):
            register.acted(self._kkm_id, ask)
        Waiter(register.loop).wait(COMMAND_TIME)
        register.tick()
        if self._token is not register.holder or not device.reachable:
            raise Lost(sent=False)
        if fault is not None and make.strikes_behind(device, payload, fault, dice.random):
            fault = None
        match fault:
            case "lost_request":
                raise Lost(sent=True)
            case "late":
                self._later(payload, max_time)
                raise Lost(sent=True)
            case "crash_late":
                self._later(payload, max_time)
                self._process.kill()
                raise Dead(self._process.name)
            case "power_before":
                self._cut_power()
            case "busy":
                return make.busy(device, payload)
            case "unreadable" if (reply := make.cannot_read(device, payload)) is not None:
                return reply
        before = deepcopy(receipt) if fault == "swallowed" else None
        reply = self._carried_out(payload, max_time)
        match fault:
            case "swallowed":
                register.memory.receipt = before
            case "crash_after":
                self._process.kill()
                raise Dead(self._process.name)
            case "lost_answer":
                raise Lost(sent=True)
            case "silent":
                Waiter(register.loop).wait(max_time)
                return None
            case "power_after":
                self._cut_power()
        return reply

    def _cut_power(self) -> None:
        """Raises ``Lost``, unless it is that of something behind what this channel leads to."""
        register, dice = self.register, self.register.dice
        register.cut_power(dice.random.choice((0.5, 5.0, 40.0)), annulled=dice.random.random() < 0.5)
        if self._token is not register.holder:
            raise Lost(sent=True)

    def _carried_out(self, payload: bytes, max_time: float) -> bytes | None:
        """The reply, after what the device waits for before it answers (paper, its turn). Raises ``Lost``."""
        register, device = self.register, self.register.device
        until = register.loop.now + max_time
        answers: list[bytes] = []
        register.make.begin(device, payload, answers.append)
        while not answers:
            if self._token is not register.holder or not device.reachable or device.deadline is None:
                raise Lost(sent=True)
            left = until - register.loop.now
            if left <= 0.0:
                return None
            Waiter(register.loop).wait(min(left, max(0.0, device.deadline - register.clock.monotonic())))
            register.tick()
        return answers[0]

    def _later(self, payload: bytes, max_time: float) -> None:
        """It lies somewhere on the way, and is carried out when nobody waits for it any more."""
        register = self.register

        def come() -> None:
            before = len(register.device.state.drive.documents)
            register.make.begin_unheard(register.device, payload)  # the cable may lead to another one by now
            if len(register.device.state.drive.documents) > before and not register.intended(self._kkm_id):
                register.stray()

        register.make.after(register.device, register.dice.random.uniform(0.5, max_time), come)

    def __repr__(self) -> str:
        return f"register {self._kkm_id}"
