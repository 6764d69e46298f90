"""Registers of the simulated world, and the channels to them.

A family is a row of ``FAMILIES``: how its register is made and how its production driver is set upon it. Faults are the
same for all of them and strike at single commands (``Channel.exchange``): below that, bytes have tests of their own.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

from drivers.api import FiscalRegister
from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.shtrih import ShtrihRegister, load_profile
from drivers.fiscal.shtrih import known as shtrih_known
from drivers.fiscal.shtrih import register as shtrih_register
from drivers.fiscal.shtrih.link import Link
from drivers.simulators.dump import dump
from drivers.simulators.paper import MemoryPaper
from drivers.simulators.shtrih import new_device, new_state
from drivers.simulators.shtrih.state import ShtrihState
from drivers.transports.base import Transport
from protocol.wire.layout import LayoutError
from protocol.wire.shtrih.commands import Command, Repeat
from tests.chaos.dice import Dice
from tests.chaos.virtual import Dead, Process, VirtualLoop, Waiter

R = TypeVar("R")
COMMAND_TIME = 0.02
LINES = (b"\xff\x46",)
"""How commands begin that add a line to a receipt, of each family: a line that a register takes and forgets must be
noticed before the receipt is closed."""
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
UNREADABLE = b"\x03"
"""The register's code for: the fiscal drive failed."""


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
        self.device = new_device(self.clock, Random(dice.random.random()), state=state, paper=MemoryPaper(keep=1))
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
        return self.device.state.drive.registration.register_serial

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

    def swap_drive(self, family: str) -> None:
        """A technician puts a new fiscal drive in and registers it."""
        self.device.tick()
        self.drives.append(dump(self.device.state.drive))
        state = FAMILIES[family].state(Random(self.dice.random.random()), self.clock.now())
        state.drive.registration = replace(state.drive.registration, register_serial=self.serial)
        state.counters = self.device.state.counters
        self.holder = None
        self.device = new_device(self.clock, Random(self.dice.random.random()), state=state, paper=MemoryPaper(keep=1))

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

    def __init__(self, plugged: Callable[[], Register], process: Process, kkm_id: str) -> None:
        """``plugged()`` is the register that the cable leads to now; ``kkm_id`` is what the agent takes it for."""
        self._plugged = plugged
        self.register = plugged()
        self._process = process
        self._kkm_id = kkm_id
        self._token: object | None = None

    def open(self) -> None:
        self._process.check()
        self.register = self._plugged()
        Waiter(self.register.loop).wait(COMMAND_TIME)
        self.register.device.tick()
        if not self.register.device.powered:
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
        ask = self._process.step
        step = f"{'device' if changing else 'query'}:{ask}"
        faults = CHANGING if changing else ASKING
        if ask == "Fill" and payload.startswith(LINES) and device.state.receipt and device.state.receipt.lines:
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
                return _refused(payload, b"\x50")
            case "unreadable":
                return _refused(payload, UNREADABLE)
        before = deepcopy(device.state.receipt) if fault == "swallowed" else None
        reply = device._execute(payload)
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


def _refused(payload: bytes, code: bytes) -> bytes:
    return payload[: 2 if payload[0] == 0xFF else 1] + code


class CommandLink(Link):
    """``drivers.fiscal.shtrih.link.Link`` without its bytes: whole commands over a ``Channel``."""

    _transport: Channel  # type: ignore[assignment]

    def open(self) -> None:
        self.close()
        try:
            self._transport.open()
        except Lost as lost:
            raise NotSent("device_offline", repr(self._transport)) from lost
        self._is_open = True

    def call(self, command: Command[R]) -> R:
        name, max_time = type(command).__name__, self._profile.time_of(command)
        try:
            payload = command.to_bytes()
        except LayoutError as error:
            raise Refused("bad_parameter", str(error)) from error
        if not self._is_open:
            raise NotSent("device_offline", f"{name}: the channel is closed")
        sent_at = self._clock.now()
        try:
            reply = self._transport.exchange(payload, max_time, changing=command.repeat is Repeat.NEVER)
        except Lost as lost:
            self.close()
            if lost.sent:
                raise InDoubt("link_lost", name, remaining=self._left(sent_at, max_time)) from lost
            raise NotSent("link_lost", name) from lost
        if reply is None:
            self.close()
            raise InDoubt("no_answer", name, remaining=self._left(sent_at, max_time))
        error_byte, fields = reply[len(command.code)], reply[len(command.code) + 1 :]
        if error_byte:
            raise self._denial(command, error_byte)
        try:
            return command.read_reply(fields)
        except LayoutError as error:
            raise InDoubt("bad_reply", str(error)) from error


# --- families ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Family:
    """``state(random, start)`` of a new register, ready to be pickled; ``driver(channel, clock)`` is the production
    driver on it; ``patches`` are the names (module, attribute) that it needs replaced to speak over a ``Channel``."""

    state: Callable[[Random, datetime], Any]
    driver: Callable[[Channel, StrandClock], FiscalRegister]
    patches: Sequence[tuple[Any, str, Any]] = ()


def _once(read: Callable[..., R]) -> Callable[..., R]:
    """Tables that no run changes: read when the first register is connected, and remembered from then on."""
    kept: list[R] = []

    def remembered(*args: Any) -> R:
        if not kept:
            kept.append(read(*args))
        return kept[0]

    return remembered


class _Still:
    def __init__(self, start: datetime) -> None:
        self._start = start

    def now(self) -> datetime:
        return self._start

    def monotonic(self) -> float:
        return 0.0


def _shtrih(random: Random, start: datetime) -> ShtrihState:
    state = new_state(random, _Still(start))
    state.counters.drawer = DRAWER
    return state


DRAWER = 10_000_000
"""Kopecks in the drawer before the run: enough for whatever is taken out."""
PROFILE = load_profile()
FAMILIES: Mapping[str, Family] = {
    "shtrih": Family(
        _shtrih,
        lambda channel, clock: ShtrihRegister(channel, PROFILE, clock),
        [
            (shtrih_register, "Link", CommandLink),
            (shtrih_known, "_vat_rows", _once(shtrih_known._vat_rows)),
            (shtrih_known, "read_faces", _once(shtrih_known.read_faces)),
        ],
    ),
}


def fresh(family: str, seed: int, start: datetime) -> bytes:
    """A new register's state, as bytes that every run may take its own copy from."""
    return pickle.dumps(FAMILIES[family].state(Random(seed), start))
