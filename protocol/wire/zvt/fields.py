"""ZVT's data fields (BMP): one byte of number, then a value of a length that the number tells.

Only what is needed is kept. Tracks, PIN data, expiry, chip data, MAC and passwords are passed over where they stand,
and of a card number the last four digits are kept: the rest is nowhere in what comes out of here. A number that is not
known makes what follows unreadable; what stood before it is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from protocol.wire.zvt.tlv import Tag, container, every_tag

LLVAR, LLLVAR, TLV = -2, -3, -1
"""Lengths that stand in front of the value: two or three bytes ``Fx``, and a container's."""

# The fields that are kept, or sent.
SERVICE_BYTE = 0x03
AMOUNT = 0x04
CONTAINER = 0x06
TRACE = 0x0B
TIME = 0x0C
DATE = 0x0D
STATUS = 0x19
CARD_NUMBER = 0x22
RESULT = 0x27
TERMINAL = 0x29
CONTRACT = 0x2A
AUTHORISATION_CODE = 0x3B
TEXT = 0x3C
CURRENCY = 0x49
TOTALS = 0x60
RECEIPT = 0x87
CARD_NAME = 0x8B
FULL_DATE = 0xAA

KEPT = frozenset((
    SERVICE_BYTE, AMOUNT, TRACE, TIME, DATE, STATUS, RESULT, TERMINAL, CONTRACT, AUTHORISATION_CODE, TEXT, CURRENCY,
    TOTALS, RECEIPT, CARD_NAME, FULL_DATE,
))  # fmt: skip

LENGTHS: Mapping[int, int] = MappingProxyType({
    0x01: 1, 0x02: 1, 0x03: 1, 0x04: 6, 0x05: 1, 0x06: TLV, 0x0B: 3, 0x0C: 3, 0x0D: 2, 0x0E: 2, 0x17: 2, 0x19: 1,
    0x22: LLVAR, 0x23: LLVAR, 0x24: LLLVAR, 0x2D: LLVAR, 0x27: 1, 0x29: 4, 0x2A: 15, 0x2E: LLLVAR, 0x37: 3, 0x3A: 2,
    0x3B: 8, 0x3C: LLLVAR, 0x3D: 3, 0x49: 2, 0x4C: LLVAR, 0x60: LLLVAR, 0x87: 2, 0x88: 3, 0x8A: 1, 0x8B: LLVAR,
    0x8C: 1, 0x92: LLLVAR, 0x9A: LLLVAR, 0xA0: 1, 0xA7: LLVAR, 0xAA: 3, 0xAF: LLLVAR, 0xBA: 5, 0xD0: 1, 0xD1: LLVAR,
    0xD2: 1, 0xD3: 1, **dict.fromkeys(range(0xE1, 0xE9), LLVAR), 0xE0: 1, 0xE9: 1, 0xEA: 1, 0xEB: 8, 0xF0: 1,
    **dict.fromkeys(range(0xF1, 0xF9), LLVAR), 0xF9: 1, 0xFA: 1, 0xFB: 1, 0xFC: 1,
})  # fmt: skip
"""Bytes of each known field, or how its length is told."""

SHOWN = 4  # digits of a card number


@dataclass(frozen=True, slots=True)
class Fields:
    """``values``: the fields of ``KEPT``. ``card``: ``************1234``. ``stopped``: the place of the byte from which
    on nothing could be read; ``None``: everything was."""

    values: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    card: str = ""
    tags: tuple[Tag, ...] = field(default=(), repr=False)
    stopped: int | None = None

    def digits(self, number: int) -> str:
        """A BCD field; "" when it is missing or holds something else."""
        return bcd_digits(self.values.get(number, b""))

    def byte(self, number: int) -> int | None:
        value = self.values.get(number)
        return None if value is None else value[0]

    def tag(self, number: int) -> bytes:
        return next((tag.value for tag in self.tags if tag.number == number), b"")


def read_fields(data: bytes) -> Fields:
    values: dict[int, bytes] = {}
    card, tags = "", b""
    seen: set[int] = set()
    stopped: int | None = None
    for at, number, value in walk(data):
        if value is None or number in seen:
            stopped = at
            break
        seen.add(number)
        if number == CARD_NUMBER:
            card = _masked(value)
        elif number == CONTAINER:
            tags = value
        elif number in KEPT:
            values[number] = value
    return Fields(MappingProxyType(values), card, tuple(every_tag(tags)), stopped)


def walk(data: bytes) -> Iterator[tuple[int, int, bytes | None]]:
    """Every field with its place and number; ``None`` instead of a value, once, where nothing more can be read."""
    at = 0
    while at < len(data):
        number = data[at]
        value, size = _value(LENGTHS.get(number, 0), data[at + 1 :])
        yield at, number, value
        if value is None:
            return
        at += 1 + size


def _value(length: int, rest: bytes) -> tuple[bytes | None, int]:
    """The value and all its bytes, its length's included; ``None``: unknown, or cut short."""
    if length == TLV:
        return container(rest) or (None, 0)
    head = 0
    if length < 0:
        head = -length
        if len(rest) < head or any(byte >> 4 != 0xF or byte & 0xF > 9 for byte in rest[:head]):
            return None, 0
        length = int("".join(str(byte & 0xF) for byte in rest[:head]))
    elif not length:
        return None, 0
    value = rest[head : head + length]
    return (value, head + length) if len(value) == length else (None, 0)


def write_field(number: int, value: bytes) -> bytes:
    return bytes((number,)) + value


def bcd(number: int, size: int) -> bytes:
    """``size`` bytes of decimal digits. Raises ``ValueError`` for a number that has more."""
    digits = f"{number:0{2 * size}d}"
    if number < 0 or len(digits) > 2 * size:
        raise ValueError(f"{number} does not fit into {2 * size} digits")
    return bytes.fromhex(digits)


def bcd_digits(data: bytes) -> str:
    digits = data.hex()
    return digits if digits.isdecimal() else ""


def _masked(value: bytes) -> str:
    """Nibbles: digits, Eh a digit that the terminal hides, Dh the end of the number, Fh nothing. What follows the end
    is no part of a number and is dropped here."""
    number = value.hex().partition("d")[0].replace("f", "").replace("e", "*")
    if len(number) <= SHOWN or not set(number) <= set("0123456789*"):
        return ""
    return "*" * (len(number) - SHOWN) + number[-SHOWN:]
