"""What the benches over simulated terminals of ours share: the bank behind them, the clock, and hands of any make."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from drivers.conformance.terminals.bench import Charge, Desk, Fate, Hand, Kind, Need, NotOffered, Setting, Step, Truth
from drivers.simulators import bank
from drivers.simulators.bank.ledger import Bank
from drivers.simulators.bank.terminal import Terminal
from drivers.simulators.clock import ManualClock
from drivers.terminal_api import CardTerminal
from drivers.transports.tap import Trace

START = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001  # a terminal has local time only
ALL: frozenset[Need] = frozenset((*Fate, *Hand, *Setting))
HOLDING = tuple(
    f"hold.{name}" for name in ("declared", "keep", "undo", "wait-keep", "wait-undo", "as-declared", "for-ever")
)
NOT_TAKEN_BACK = {"approved.taken-back": "what it takes back by itself it tells in no answer to the payment"}
NO_PROGRAM = {"identity.program-missing": "no program of the bank's is started"}
KINDS = ("payment", "refund", "void", "reversal")


def each(fate: Fate) -> tuple[str, ...]:
    """The behaviours of one fate, of all operations with money."""
    return tuple(f"{kind}.{fate.replace(' ', '-')}" for kind in KINDS)


def net(entries: Mapping[str, bank.Entry]) -> int:
    """Kopecks that the bank holds, by the approved entries, each under its RRN."""
    total = 0
    for entry in entries.values():
        original = entries.get(entry.original)
        taken = entry.kind is bank.Kind.PAYMENT or (original is not None and original.kind is bank.Kind.REFUND)
        total += entry.amount if taken else -entry.amount
    return total


class BankedDesk(Desk):
    """``device``: the simulated terminal. A driver's time is the terminal's."""

    device: Terminal[Any]
    COMMANDS: ClassVar[Mapping[Step, str]]
    """As the simulator's faults call them."""

    def __init__(self, settings: frozenset[Setting]) -> None:
        self.settings = settings
        self.clock = ManualClock(START)
        self.device = self.new_device()
        self._by_hand: set[str] = set()
        self._records: list[bytes] = []
        self.driver = self.new_driver()

    # --- what a make is ---

    @abstractmethod
    def new_device(self) -> Any: ...

    @abstractmethod
    def new_driver(self) -> CardTerminal: ...

    @abstractmethod
    def _fate(self, command: str, fate: Fate, seconds: float) -> str | None:
        """Those that this make has ways of its own for."""

    def _hand(self, hand: Hand, value: int) -> None:
        raise NotOffered(str(hand))

    @property
    def secrets(self) -> frozenset[str]:
        return self.bank.secrets

    # --- the desk ---

    @property
    def trace(self) -> Trace | None:
        """For a new driver."""
        return self._hear if Setting.TRACED in self.settings else None

    def _hear(self, seconds: float, direction: str, data: bytes) -> None:
        self._records.append(data)

    def traced(self) -> bytes:
        return b"\n".join(self._records)

    @property
    def bank(self) -> Bank:
        return self.device.bank

    def now(self) -> float:
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        end = self.clock.monotonic() + max(0.0, seconds)
        while (due := self.device.deadline) is not None and due <= end:
            self.clock.advance(max(0.0, due - self.clock.monotonic()))
            self.device.tick()
        self.clock.advance(end - self.clock.monotonic())
        self.device.tick()

    def truth(self) -> Truth:
        book, state = self.bank, self.bank.state
        entries = {
            entry.rrn: entry
            for entry in state.entries
            if entry.approved and (entry.origin is not bank.Origin.FOREIGN or entry.rrn in self._by_hand)
        }
        charges = [
            Charge(
                Kind(entry.kind),
                entry.amount,
                entry.rrn,
                entry.auth_code,
                entry.kind not in (bank.Kind.PAYMENT, bank.Kind.REFUND) or book.returned(entry) < entry.amount,
            )
            for entry in entries.values()
        ]
        return Truth(state.terminal_id, state.merchant_id, charges, net(entries), state.day - 1, sorted(self.secrets))

    def restart(self) -> None:
        self.driver.disconnect()
        self.driver = self.new_driver()

    def twist(self, command: str, into: str) -> None:
        self.device.inject(f"twist:command={command},into={into}")

    def fate(self, step: Step, fate: Fate, *, seconds: float = 0.0) -> str | None:
        command = self.COMMANDS[step]
        match fate:
            case Fate.DECLINED | Fate.CANCELLED | Fate.NO_BANK | Fate.OTHER_AMOUNT:
                self.twist(command, fate.value.replace(" ", "-"))
            case Fate.SLOW:
                self.device.inject(f"slow:command={command},seconds={seconds}")
            case _:
                return self._fate(command, fate, seconds)
        return None

    def hand(self, hand: Hand, value: int = 0) -> None:
        match hand:
            case Hand.UNPLUG:
                self.device.unplug()
            case Hand.PLUG:
                self.device.plug()
            case Hand.OTHER_TERMINAL:
                self.device.change_terminal()
            case Hand.CARD_INSIDE:
                self.device.leave_card()
            case Hand.CARD_OUT:
                self.device.take_card()
            case Hand.FOREIGN_PAYMENT:
                self.device.foreign(value)
                self._by_hand.add(self.bank.state.entries[-1].rrn)
            case Hand.TOTALS_DIFFER:
                self.device.upset_totals()
            case _:
                self._hand(hand, value)
