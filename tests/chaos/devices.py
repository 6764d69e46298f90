"""Registers of the simulated world, and the channels to them.

Faults are the same for all makes and strike at single commands (``Channel.exchange``): below that, bytes have tests of
their own.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
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
    """The register's own: local time, and its own error."""

    def __init__(self, loop: VirtualLoop, start: datetime) -> None:
        self._loop = loop
        self.start = start
        self.leaped = 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return self._loop.now + self.leaped


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
        """Whoever is connected: a new connection cuts the one before."""

    @property
    def serial(self) -> str:
        serial: str = self.device.state.drive.registration.register_serial
        return serial

    @property
    def document_open(self) -> bool:
        return self.device.state.receipt is not None or self.device.state.drive.current is not None

    def cancel_by_hand(self) -> None:
        """A cashier cancels what is open."""
        self.device.state.receipt = self.device.state.drive.current = None

    def dumps(self) -> list[dict[str, Any]]:
        return [*self.drives, dump(self.device.state.drive)]

    def foreign_receipt(self, total: int = 10_000) -> bool:
        """Another program sells something, if it can now."""
        self.device.tick()
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
        self.holder = None
        self.device.power_off(annulled=annulled)
        self.device.after(seconds, self.device.power_on)

    def swap_drive(self) -> None:
        """A technician puts a new fiscal drive in and registers it."""
        self.device.tick()
        self.drives.append(dump(self.device.state.drive))
        state = new_state(self.make.name, Random(self.dice.random.random()), self.clock.now())
        state.drive.registration = replace(state.drive.registration, register_serial=self.serial)
        state.counters = self.device.state.counters
        self.holder = None
        self.device = self.make.device(self.clock, Random(self.dice.random.random()), state)

    def leap(self, seconds: float) -> None:
        """Time passes while nobody looks."""
        self.clock.leaped += seconds
        self.device.tick()


def _nobody_listens(_kkm_id: str, _ask: str) -> None:
    """Of what an agent does."""


class Lost(Exception):
    """The channel is gone; ``sent``: the command may have been heard."""

    def __init__(self, *, sent: bool) -> None:
        self.sent = sent


class Channel(Transport):
    """A cable from one PC to one register, for whole commands."""

    def __init__(self, plugged: Callable[[], Register], make: str, process: Process, kkm_id: str) -> None:
        """``plugged()`` is the register that the cable leads to now; ``kkm_id`` is what the agent takes it for. The
        driver is one for registers of this ``make``: others understand nothing that it says."""
        self._plugged = plugged
        self.register = plugged()
        self._process = process
        self._kkm_id = kkm_id
        self._make = MAKES[make]
        self._token: object | None = None

    def open(self) -> None:
        self._process.check()
        self.register = self._plugged()
        Waiter(self.register.loop).wait(COMMAND_TIME)
        self.register.device.tick()
        if not self.register.device.powered or self.register.make is not self._make:
            raise Lost(sent=False)
        self._token = self.register.holder = object()

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
        receipt = device.state.receipt
        if ask == "Fill" and payload.startswith(make.line) and receipt and make.lines(receipt):
            faults = (*CHANGING, "swallowed")
        if ask == "ReadDocument" and register.job_open(self._kkm_id):  # what a policy has made is told, or is not known
            faults = (*faults, "unreadable")
        fault = dice.strike(step, faults, kind="device" if changing else "query")
        if register.shared and register.dice.random.random() < 0.002 and register.foreign_receipt():
            dice.struck(step, "foreign")
        if fault == "crash_before":
            self._process.kill()
            raise Dead(self._process.name)
        if changing and ask.startswith(ACTING):
            register.acted(self._kkm_id, ask)
        Waiter(register.loop).wait(COMMAND_TIME)
        device.tick()
        if self._token is not register.holder or not device.powered:
            raise Lost(sent=False)
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
                register.cut_power(dice.random.choice((0.5, 5.0, 40.0)), annulled=dice.random.random() < 0.5)
                raise Lost(sent=True)
            case "busy":
                return device.refusal(payload, device.BUSY)
            case "unreadable":
                return device.refusal(payload, make.unreadable)
        before = deepcopy(device.state.receipt) if fault == "swallowed" else None
        reply = self._carried_out(payload)
        match fault:
            case "swallowed":
                device.state.receipt = before
            case "crash_after":
                self._process.kill()
                raise Dead(self._process.name)
            case "lost_answer":
                raise Lost(sent=True)
            case "silent":
                Waiter(register.loop).wait(max_time)
                return None
            case "power_after":
                register.cut_power(dice.random.choice((0.5, 5.0, 40.0)), annulled=dice.random.random() < 0.5)
                raise Lost(sent=True)
        return reply

    def _carried_out(self, payload: bytes) -> bytes:
        """The reply, after what the register waits for before it answers (its paper). Raises ``Lost``."""
        register, device = self.register, self.register.device
        answers: list[bytes] = []
        device.once_done(device._execute(payload), answers.append)
        while not answers:
            if not device.powered or device.deadline is None:
                raise Lost(sent=True)
            Waiter(register.loop).wait(max(0.0, device.deadline - register.clock.monotonic()))
            device.tick()
        return answers[0]

    def _later(self, payload: bytes, max_time: float) -> None:
        """It lies somewhere on the way, and is carried out when nobody waits for it any more."""
        register = self.register

        def strike() -> None:
            before = len(register.device.state.drive.documents)
            register.device._execute(payload)  # the cable may lead to another one by now
            if len(register.device.state.drive.documents) > before and not register.intended(self._kkm_id):
                register.stray()

        register.device.after(register.dice.random.uniform(0.5, max_time), strike)

    def __repr__(self) -> str:
        return f"register {self.register.kkm_id}"
