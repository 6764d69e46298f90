"""Cards of customers who are not there. Their numbers are drawn by chance and pass the Luhn check; pure.

A simulated terminal puts the whole number, and what a chip or stripe would say with it, into those places of its
answers where a real one could leak it. So whoever finds one of ``secrets`` behind a driver has found a leak.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

SYSTEMS = (("MIR", "2200"), ("VISA", "4"), ("MASTERCARD", "52"))
"""Name on a slip, and the digits that a number of that system begins with."""
PAN_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Card:
    system: str
    pan: str  # 16 digits
    expiry: str  # YYMM
    service: str  # what a stripe holds after the expiry

    @property
    def masked(self) -> str:
        return "*" * (len(self.pan) - 4) + self.pan[-4:]

    @property
    def track2(self) -> str:
        return f"{self.pan}={self.expiry}{self.service}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be found outside the simulator, blanks and dashes between digits apart."""
        return (self.pan, self.track2, f"{self.pan}D{self.expiry}{self.service}")


def luhn(digits: str) -> int:
    """The check digit that belongs behind these."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10


def draw(random: Random) -> list[Card]:
    """One card of each system."""
    return [_card(random, system, prefix) for system, prefix in SYSTEMS]


def _card(random: Random, system: str, prefix: str) -> Card:
    body = prefix + "".join(random.choices("0123456789", k=PAN_DIGITS - 1 - len(prefix)))
    expiry = f"{random.randrange(28, 34)}{random.randrange(1, 13):02d}"
    service = "201" + "".join(random.choices("0123456789", k=10))
    return Card(system, f"{body}{luhn(body)}", expiry, service)
