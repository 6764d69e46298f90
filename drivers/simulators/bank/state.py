"""What a simulated terminal and the bank behind it remember. Plain dataclasses, a part of the terminal's state file.

Entries are only ever added, in the order in which the bank booked them, and never change: what became of a payment is
told by the entries after it (``ledger.Bank.standing``). So a state file that grows is appended to (``GROWING``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from random import Random

from drivers.simulators.bank.cards import Card, draw

APPROVED = "00"
"""Response code of the bank: two characters as in ISO 8583."""


class Kind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"
    VOID = "void"  # by the host's order, of an operation of the same terminal day
    REVERSAL = "reversal"  # of the last operation: emergency, or by the terminal itself


class Means(StrEnum):
    CARD = "card"
    SBP = "sbp"


class Origin(StrEnum):
    HOST = "host"  # the cash register's PC
    TERMINAL = "terminal"  # by itself
    FOREIGN = "foreign"  # another program, or a person at the terminal


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation that reached the bank; ``response`` other than ``APPROVED``: it moved nothing."""

    kind: Kind
    asked: int  # kopecks, as the host said
    amount: int  # kopecks, as the bank booked it and as the terminal tells it
    terminal_id: str
    day: int  # the terminal's
    number: int  # of the operation at this terminal, from 1, over all days
    of_day: int  # likewise within the day
    rrn: str  # 12 digits, unique; "" of a declined operation
    auth_code: str  # 6 digits; "" of a declined operation
    at: datetime  # by the terminal's clock
    card: int  # index in ``BankState.cards``
    response: str = APPROVED
    original: str = ""  # rrn of what it brings back; "": of nothing that is known here
    origin: Origin = Origin.HOST
    means: Means = Means.CARD
    reference: str = ""  # what the host called it, where the interface has a name for it
    misbooked: bool = False  # the bank's own books say another amount

    @property
    def approved(self) -> bool:
        return self.response == APPROVED


@dataclass(slots=True)
class BankState:
    """``number`` and ``of_day`` are those of the last operation at the present terminal."""

    terminal_id: str  # 8 digits
    merchant_id: str  # 12 digits
    cards: list[Card]
    salt: int  # where rrn and auth codes begin
    entries: list[Entry] = field(default_factory=list)
    day: int = 1
    number: int = 0
    of_day: int = 0
    booked: int = 0  # operations that ever got an rrn
    mismatch: bool = False  # the next settlement's totals differ, whatever was booked
    overdue: bool = False  # the terminal wants a settlement before anything else
    card_inside: bool = False  # somebody has left one
    paper: bool = True  # in the terminal's own printer


GROWING = ("bank.entries",)
"""For ``store.Store``, where ``bank`` is the field of the terminal's whole state that holds ``BankState``."""


def new_state(random: Random, *, terminal: str = "") -> BankState:
    """A terminal that has just been installed. ``terminal``: its number, 8 digits; "": any."""
    any_number = terminal_number(random)
    merchant = f"79{random.randrange(10**10):010d}"
    return BankState(terminal or any_number, merchant, draw(random), random.randrange(10**6))


def terminal_number(random: Random) -> str:
    return f"{random.randrange(10_000_000, 100_000_000)}"
