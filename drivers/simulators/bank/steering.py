"""What the kopecks of an amount make happen: a test, or a person at the demo, chooses by the price. Pure.

Only a payment and a refund are steered, by their own amount; a void or reversal of such a payment goes well. The words
say what the customer, the bank or the line does; how it looks is each interface's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Twist(StrEnum):
    NONE = "none"
    DECLINED = "declined"  # by the bank
    CANCELLED = "cancelled"  # by the customer, before the card
    NO_BANK = "no-bank"  # the terminal does not reach it; nothing is taken
    HANG = "hang"  # taken by the terminal, never answered, nothing is charged
    LOST = "lost"  # approved, and the answer does not arrive
    SLOW = "slow"  # approved after ``SLOWLY`` seconds, with progress
    GARBAGE = "garbage"  # approved, and the answer is rubbish
    OTHER_AMOUNT = "other-amount"  # approved, but for ``MORE`` kopecks more than was asked for
    NO_CARD = (
        "no-card"  # nobody presents one, until the terminal has had enough of it (``CARD_WAIT``); no kopecks for it
    )
    OTHER_ANSWER = "other-answer"  # approved, and the answer that comes is another operation's; no kopecks for it
    MISMATCH = "mismatch"  # approved; the bank books something else, so the settlement's totals differ


BY_KOPECKS: Mapping[int, Twist] = {
    1: Twist.DECLINED,
    2: Twist.CANCELLED,
    3: Twist.NO_BANK,
    4: Twist.HANG,
    5: Twist.LOST,
    6: Twist.SLOW,
    7: Twist.GARBAGE,
    8: Twist.OTHER_AMOUNT,
    9: Twist.MISMATCH,
}
SLOWLY = 10.0
CARD_WAIT = 60.0
"""Seconds."""
MORE = 100


def twist(amount: int, *, steer: bool = True) -> Twist:
    """Of a payment or refund of so many kopecks."""
    return BY_KOPECKS.get(amount % 100, Twist.NONE) if steer else Twist.NONE
