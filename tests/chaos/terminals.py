"""Card terminals of the simulated world, and the channels to them.

Bytes travel here, since a terminal is the master of its conversation and decides by what was acknowledged whether money
stays. A fault is chosen when a channel is opened, once per procedure of an ask, and strikes in the course of that.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any

from drivers.simulators import bank, inpas, zvt
from drivers.simulators.bank.dump import entry_json
from drivers.simulators.bank.terminal import Terminal as Simulated
from drivers.simulators.clock import Clock
from drivers.simulators.line import Connection
from drivers.terminal_api import CardTerminal
from drivers.terminals import inpas as inpas_driver
from drivers.terminals import zvt as zvt_driver
from drivers.transports.base import LinkError, Transport
from drivers.transports.http import HttpClient
from tests.chaos.devices import RegisterClock, StrandClock
from tests.chaos.dice import Dice
from tests.chaos.virtual import Dead, Process, VirtualLoop, Waiter

STEP: ContextVar[str] = ContextVar("step of a terminal's lane", default="introduce")
"""What the running lane is at, as the names of steps have it; a process has as many lanes as devices."""
TRAVEL = 0.02  # seconds until somebody has answered at an address
LOOK = 5.0  # seconds between looks at a line that may have broken in silence
STUMP = 3  # bytes of a command that are through when the channel breaks
MOVING = ("Move", "Settle")
"""Asks that may reach a terminal only under an intent."""
TWISTS = {
    "declined": "declined", "cancelled": "cancelled", "no_card": "no-card", "no_bank": "no-bank",
    "other_amount": "other-amount", "answer_lost": "lost", "silent": "hang", "garbage": "garbage",
    "other_answer": "other-answer",
}  # fmt: skip
"""What the simulator knows by a word of its own."""
CRASHES = ("crash_before", "crash_awaited", "crash_booked", "crash_acknowledged")
BREAKS = ("not_there", "cut", "power_before", "power_after", "unplugged", "half", "unacknowledged", "late_reversal")
MONEY = (*TWISTS, *BREAKS, "slow", "foreign_after", *CRASHES)
"""What an operation with money meets with."""
SETTLING = ("not_there", "cut", "answer_lost", "no_bank", "power_before", "power_after", "unplugged", "half", "slow",
            "crash_before", "crash_awaited", "crash_booked")  # fmt: skip
ASKING = ("not_there", "cut", "crash_before", "crash_awaited")
UNVOIDED = ("other_amount", "late_reversal")
"""What does not happen to a void: its sum is the payment's, and nothing takes it back."""


@dataclass(frozen=True, slots=True)
class Model:
    """What can stand beside a register. ``commands``: as its faults call them, by ask."""

    name: str
    state: Callable[[Random], Any]
    device: Callable[[Clock, Random, Any], Simulated[Any]]
    driver: Callable[[TerminalChannel, StrandClock, Callable[[], datetime], str], CardTerminal]
    commands: Mapping[str, str]
    takes_back: bool = True
    """By itself, what nobody has acknowledged."""


def _inpas(channel: TerminalChannel, clock: StrandClock, _: Callable[[], datetime], terminal_id: str) -> CardTerminal:
    profile = replace(INPAS, terminal_id=terminal_id)
    return inpas_driver.InpasTerminal(HttpClient(channel, clock, "127.0.0.1:9015"), profile, clock, None)


_COMMANDS = {"Move.payment": "payment", "Move.refund": "refund", "Move.void": "void", "Settle": "settlement"}
ZVT, INPAS = zvt_driver.load_profile(), inpas_driver.load_profile()
MODELS: Mapping[str, Model] = {
    model.name: model
    for model in (
        Model(
            "zvt",
            lambda random: zvt.new_state(random),
            lambda clock, random, state: zvt.new_device(clock, random, state=state, options=zvt.Options(steer=False)),
            lambda channel, clock, wall, _: zvt_driver.ZvtTerminal(channel, ZVT, clock, wall),
            _COMMANDS,
        ),
        Model(
            "inpas",
            lambda random: inpas.new_state(random),
            lambda clock, random, state: inpas.new_device(
                clock, random, state=state, options=inpas.Options(steer=False)
            ),
            _inpas,
            _COMMANDS,
            takes_back=False,
        ),
    )
}


def fresh_terminal(model: str, n: int, start: datetime) -> bytes:
    """A terminal's state, as bytes that every run may take its own copy from. The first one of a shop has been paid at
    before, so that it has a last operation to be compared with; the others are new."""
    random = Random(f"terminal {n}")
    state = MODELS[model].state(random)
    if n == 0:
        bank.Bank(state.bank, lambda: start, random, steer=False).foreign(4_200)
    return pickle.dumps(state)


class Terminal:
    """One place where a card terminal stands; now and then another one is put up there for a while."""

    def __init__(self, loop: VirtualLoop, dice: Dice, kkm_id: str, model: str, state: Any, start: datetime) -> None:
        self.loop = loop
        self.dice = dice
        self.kkm_id = kkm_id
        self.model = MODELS[model]
        self.clock = RegisterClock(loop, start)
        self._devices = [self._switched_on(state)]
        self._stands = 0
        self._by_itself = 0
        self.acted: Callable[[str, str], None] = lambda _kkm_id, _ask: None
        """Hears of every procedure that may move something."""
        self.now: Callable[[], datetime] = lambda: start
        """The world's."""
        self.booked_at: dict[tuple[str, int], datetime] = {}
        """When each entry was in the bank's book, by terminal id and its place there."""

    def _switched_on(self, state: Any) -> Simulated[Any]:
        return self.model.device(self.clock, Random(self.dice.random.random()), state)

    @property
    def device(self) -> Simulated[Any]:
        return self._devices[self._stands]

    @property
    def own_id(self) -> str:
        """Of the one that the shop has bought."""
        return str(self._devices[0].state.bank.terminal_id)

    @property
    def state(self) -> Any:
        return self._devices[0].state

    def tick(self) -> None:
        for device in self._devices:
            device.tick()
            for place in range(len(device.state.bank.entries)):
                self.booked_at.setdefault((device.state.bank.terminal_id, place), self.now())

    def leap(self, seconds: float) -> None:
        self.clock.leaped += seconds
        self.tick()

    # --- hands

    def unplug(self, seconds: float) -> None:
        self.device.unplug()
        self.loop.after(seconds, self.device.plug)

    def cut_power(self, seconds: float) -> None:
        device = self.device
        if device.powered:
            device.power_off()
            self.loop.after(seconds, device.power_on)

    def another_is_put_up(self, seconds: float) -> None:
        """And after a while the shop's own again."""
        if self._stands:
            return
        if len(self._devices) == 1:
            self._devices.append(self._switched_on(self.model.state(Random(self.dice.random.random()))))
        self.device.hang_up()
        self._stands = 1
        self.loop.after(seconds, self._own_again)

    def _own_again(self) -> None:
        self.device.hang_up()
        self._stands = 0

    def foreign_payment(self, amount: int) -> None:
        """By another program, or by hand."""
        if self.device.powered:
            self.device.foreign(amount)
            self.tick()

    def closes_its_day(self) -> None:
        if self.device.powered:
            self.device.close_day()
            self._by_itself += 1

    def clear_up(self) -> None:
        for device in self._devices:
            device.forget_faults()

    # --- the truth

    def entries(self) -> list[dict[str, Any]]:
        """The bank's book of all that ever stood here, each entry with ``moment``, ``approved`` and ``settled``."""
        self.tick()
        told = []
        for device in self._devices:
            for place, entry in enumerate(device.state.bank.entries):
                moment = self.booked_at[device.state.bank.terminal_id, place]
                told.append({**entry_json(device.bank, entry), "approved": entry.approved, "moment": moment})
        return told

    @property
    def asked_settlements(self) -> int:
        """Days that were closed because a PC has asked for it."""
        return sum(device.state.bank.day - 1 for device in self._devices) - self._by_itself

    def books(self) -> list[tuple[bank.Bank, bank.Entry]]:
        self.tick()
        return [(device.bank, entry) for device in self._devices for entry in device.state.bank.entries]


class TerminalChannel(Transport):
    """A line from one PC to the place of a terminal."""

    def __init__(self, terminal: Terminal, process: Process) -> None:
        self.terminal = terminal
        self._process = process
        self._line: Connection | None = None
        self._device: Simulated[Any] | None = None
        self._fault: str | None = None
        self._waiting = bytearray()
        self._booked = 0
        self._told = False
        process.at_death.append(self._hang_up)

    def open(self) -> None:
        terminal, ask = self.terminal, STEP.get()
        self._process.check()
        moves = ask.startswith(MOVING)
        faults = MONEY if ask.startswith("Move") else SETTLING if moves else ASKING
        if ask.startswith("Move") and not terminal.model.takes_back:
            faults = tuple(fault for fault in faults if fault != "late_reversal")
        if ask == "Move.void":
            faults = tuple(fault for fault in faults if fault not in UNVOIDED)
        fault = self._fault = terminal.dice.strike(f"terminal:{ask}", faults, kind="task" if moves else "question")
        if fault == "crash_before":
            self._process.kill()
            raise Dead(self._process.name)
        if moves:
            terminal.acted(terminal.kkm_id, ask)
        Waiter(terminal.loop).wait(TRAVEL)
        terminal.tick()
        device = self._device = terminal.device
        if fault == "not_there":
            raise LinkError("device_offline", "nobody is there")
        try:
            self._line = device.connection()
        except ConnectionRefusedError as error:
            raise LinkError("device_offline", str(error)) from error
        self._waiting.clear()
        self._booked, self._told = self._place(), False
        if fault is not None:
            self._arrange(device, fault, ask)

    def _place(self) -> int:
        """How far the book, or the day, has come."""
        assert self._device is not None
        state = self._device.state.bank
        return len(state.entries) + int(state.day)

    def _arrange(self, device: Simulated[Any], fault: str, ask: str) -> None:
        terminal, random = self.terminal, self.terminal.dice.random
        command = terminal.model.commands.get(ask, "")
        off = random.choice((1.0, 8.0, 40.0))
        match fault:
            case "cut":
                device.inject(f"cut:after={STUMP},direction=in")
            case "power_before" | "power_after":
                device.inject(f"power:command={command},when={fault.partition('_')[2]},off={off}")
            case "slow":
                device.inject(f"slow:command={command},seconds={random.choice((20.0, 70.0))}")
            case "late_reversal":
                device.inject(f"twist:command={command},into=lost")
                device.inject(f"late:command=reversal,seconds={random.choice((10.0, 40.0))}")
            case "unplugged":
                terminal.loop.after(random.uniform(0.1, 1.5), lambda: terminal.unplug(off))
            case "crash_awaited":
                terminal.loop.after(random.uniform(0.05, 0.9), self._process.kill)
            case _ if fault in TWISTS:
                device.inject(f"twist:command={command},into={TWISTS[fault]}")

    def close(self) -> None:
        self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def write(self, data: bytes) -> None:
        self._process.check()
        line = self._there()
        if self._told and self._fault == "unacknowledged":
            self._fault = None
            self._hang_up()
            raise LinkError("link_lost", "the line is broken")
        self._waiting += line.receive(data)
        if self._told and self._fault == "crash_acknowledged":
            self._process.kill()
            raise Dead(self._process.name)

    def read(self, most: int, deadline: float) -> bytes:
        terminal, loop = self.terminal, self.terminal.loop
        while True:
            self._process.check()
            if self._line is not None:
                terminal.tick()
                self._heard(self._line.poll())
            if self._waiting:
                piece = bytes(self._waiting[:most])
                del self._waiting[:most]
                return piece
            line = self._there()
            left = deadline - loop.now
            if left <= 0.0:
                return b""
            due = line.deadline
            until = LOOK if due is None else max(0.001, due - terminal.clock.monotonic())
            Waiter(loop).wait(min(left, until, LOOK))

    def _there(self) -> Connection:
        if self._line is None or self._line.closed:
            self._line = None
            raise LinkError("link_lost", "the line is broken")
        return self._line

    def _heard(self, data: bytes) -> None:
        if not self._told and self._place() > self._booked:
            self._told = True
            self._process.check()
            match self._fault:
                case "crash_booked":
                    self._process.kill()
                    raise Dead(self._process.name)
                case "foreign_after":
                    self.terminal.loop.after(3.0, lambda: self.terminal.foreign_payment(10_000))
                case "half":
                    data = data[: len(data) // 2]
                    self._waiting += data
                    self._hang_up()
                    return
        self._waiting += data
