"""Everything that a simulated INPAS terminal keeps without power. Plain dataclasses, one JSON file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from random import Random
from typing import Literal

from drivers.simulators.bank.state import BankState
from drivers.simulators.bank.state import new_state as new_bank


class Step(StrEnum):
    """How far a QR code is."""

    WAITING = "waiting"  # the customer's bank has not answered
    DONE = "done"
    DECLINED = "declined"


@dataclass(slots=True)
class QrOrder:
    """A payment or refund by SBP, under the name that the cash register has given it."""

    guid: str
    amount: int  # kopecks
    due: datetime  # when the customer's bank answers, by the terminal's clock
    refund: bool = False
    goes: str = ""  # the word of a twist, where it is not simply approved
    step: Step = Step.WAITING
    rrn: str = ""  # in the ledger
    transaction: str = ""  # the operation's id at SBP


@dataclass(slots=True)
class InpasState:
    bank: BankState
    format: Literal[1] = 1
    family: Literal["inpas"] = "inpas"
    clock_offset: float = 0.0
    serial: str = "0000000001"
    qr: list[QrOrder] = field(default_factory=list)


def new_state(random: Random, *, terminal: str = "") -> InpasState:
    """A terminal that has just been installed."""
    bank = new_bank(random, terminal=terminal)
    return InpasState(bank, serial=f"{random.randrange(10**10):010d}")
