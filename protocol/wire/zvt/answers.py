"""What a ZVT terminal tells: status information, the ends of registration and status enquiry, its paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from protocol.wire.zvt import fields as bmp
from protocol.wire.zvt import tlv
from protocol.wire.zvt.apdu import PRINT_LINE, Apdu
from protocol.wire.zvt.commands import NEEDS_DIAGNOSIS, NEEDS_INITIALISATION, VENDING_MODE
from protocol.wire.zvt.fields import Fields, read_fields

MERCHANT_COPY, CUSTOMER_COPY = 1, 2
APPROVED = 0x00


@dataclass(frozen=True, slots=True)
class Totals:
    """Of a day: how many operations, by kinds of card, and what they come to in minor units."""

    count: int
    amount: int


@dataclass(frozen=True, slots=True)
class Status:
    """One status information (04 0F). ``result``: ``None`` when there is none to read. ``stopped``: the place in the
    message from which on it was not understood."""

    result: int | None
    amount: int | None = None  # minor units
    currency: str = ""
    receipt: str = ""
    trace: str = ""
    terminal_id: str = ""
    merchant_id: str = ""
    auth_code: str = ""
    card: str = ""  # ``************1234``
    card_name: str = ""
    text: str = ""
    day: str = ""  # MMDD, or YYMMDD
    clock: str = ""  # HHMMSS
    totals: Totals | None = None
    stopped: int | None = None

    def at(self, today: date) -> datetime | None:
        """By the terminal's clock. It may tell a day without its year: then the one that is nearest to ``today``."""
        if len(self.day) == 6:
            return _moment("20" + self.day + self.clock)
        years = (today.year - 1, today.year, today.year + 1)
        near = [moment for year in years if (moment := _moment(f"{year:04d}{self.day}{self.clock}")) is not None]
        return min(near, key=lambda moment: abs((moment.date() - today).days), default=None)


def read_status(data: bytes) -> Status:
    read = read_fields(data)
    amount = read.digits(bmp.AMOUNT)
    text = read.values.get(bmp.TEXT, b"") or read.tag(tlv.ERROR_TEXT)
    return Status(
        result=read.byte(bmp.RESULT),
        amount=int(amount) if amount else None,
        currency=read.digits(bmp.CURRENCY)[-3:],
        receipt=read.digits(bmp.RECEIPT),
        trace=read.digits(bmp.TRACE),
        terminal_id=read.digits(bmp.TERMINAL) or printable(read.tag(tlv.TERMINAL_ID)),
        merchant_id=printable(read.values.get(bmp.CONTRACT, b"")).strip(),
        auth_code=printable(read.values.get(bmp.AUTHORISATION_CODE, b"")).strip(),
        card=read.card,
        card_name=printable(read.values.get(bmp.CARD_NAME, b"")).strip(),
        text=printable(text).strip(),
        day=read.digits(bmp.FULL_DATE) or read.digits(bmp.DATE),
        clock=read.digits(bmp.TIME),
        totals=_totals(read),
        stopped=read.stopped,
    )


def _moment(digits: str) -> datetime | None:
    """Of ``YYYYMMDDHHMMSS``; ``None`` for what is no such moment, the 29th of February of most years too."""
    if len(digits) != 14:
        return None
    month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(4, 14, 2))
    try:
        return datetime(int(digits[:4]), month, day, hour, minute, second)  # noqa: DTZ001  # local by nature
    except ValueError:
        return None


def _totals(read: Fields) -> Totals | None:
    """Receipt numbers from and to (2 bytes BCD each), then a count and a sum (6 bytes BCD) for each of seven kinds."""
    singles = read.values.get(bmp.TOTALS, b"")[4:]
    rows = [(row[0], bmp.bcd_digits(row[1:])) for row in (singles[at : at + 7] for at in range(0, len(singles), 7))]
    if len(rows) != 7 or not all(len(digits) == 12 for _, digits in rows):
        return None
    return Totals(sum(count for count, _ in rows), sum(int(digits) for _, digits in rows))


@dataclass(frozen=True, slots=True)
class Registered:
    """How a registration ended. ``currency`` "": not told."""

    terminal_id: str
    currency: str
    needs_initialisation: bool
    needs_diagnosis: bool
    vending: bool
    model: str = ""
    software: str = ""


def read_registered(data: bytes) -> Registered:
    read = read_fields(data)
    status = read.byte(bmp.STATUS) or 0
    return Registered(
        terminal_id=read.digits(bmp.TERMINAL) or printable(read.tag(tlv.TERMINAL_ID)),
        currency=read.digits(bmp.CURRENCY)[-3:],
        needs_initialisation=bool(status & NEEDS_INITIALISATION),
        needs_diagnosis=bool(status & NEEDS_DIAGNOSIS),
        vending=bool(status & VENDING_MODE),
        model=printable(read.tag(tlv.DEVICE_NAME)).strip(),
        software=printable(read.tag(tlv.DEVICE_SOFTWARE)).strip(),
    )


@dataclass(frozen=True, slots=True)
class State:
    """How a status enquiry ended. ``code`` ``None``: it cannot be read."""

    code: int | None
    software: str = ""


def read_state(data: bytes) -> State:
    """``[version] status [container]``. The version has no number in front: it begins with the three digits ``Fx`` of
    its length."""
    software = ""
    if len(data) >= 3 and all(byte >> 4 == 0xF and byte & 0xF <= 9 for byte in data[:3]):
        size = int("".join(str(byte & 0xF) for byte in data[:3]))
        software, data = printable(data[3 : 3 + size]).strip(), data[3 + size :]
    return State(data[0] if data else None, software)


# --- paper


@dataclass(frozen=True, slots=True)
class Printed:
    """Lines of one print command, and whose copy they belong to (``None``: not told)."""

    lines: tuple[str, ...] = field(repr=False)
    copy: int | None = None


def read_print(apdu: Apdu) -> Printed:
    """A print line (its first byte says how it looks), or a block of text."""
    if apdu.command == PRINT_LINE:
        return Printed((printable(apdu.data[1:]),))
    data = apdu.data
    if data[:1] == bytes((bmp.CONTAINER,)) and (inner := tlv.container(data[1:])) is not None:
        data = inner[0]
    tags = tuple(tlv.every_tag(data))
    kind = next((tag.value for tag in tags if tag.number == tlv.RECEIPT_TYPE), b"")
    lines = tuple(printable(tag.value) for tag in tags if tag.number == tlv.TEXT_LINE)
    return Printed(lines, kind[0] if len(kind) == 1 else None)


def copies(printed: Sequence[Printed]) -> tuple[tuple[str, ...], ...]:
    """Slips: lines that follow one another and belong to the same copy; the merchant's first, no empty ones."""
    found: list[tuple[int | None, list[str]]] = []
    for piece in printed:
        if not found or found[-1][0] != piece.copy:
            found.append((piece.copy, []))
        found[-1][1].extend(piece.lines)
    found.sort(key=lambda copy: copy[0] != MERCHANT_COPY)
    return tuple(tuple(lines) for _, lines in found if any(lines))


def printable(data: bytes) -> str:
    """Text of code page 437 without control characters and without blanks at its right end."""
    return "".join(_visible(data.decode("cp437"))).rstrip()


def _visible(text: str) -> Iterator[str]:
    return (sign for sign in text if sign.isprintable())
