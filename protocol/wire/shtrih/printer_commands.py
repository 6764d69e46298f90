"""Commands of the printer and its mechanics: text, barcodes, paper, drawer, a copy of the last document.

Source: protocol 1.17, commands by number. Nothing here has a fiscal effect, yet all of it prints or moves something, so
none is ever sent twice by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.wire.layout import Raw, Text, UInt, UInts, wire
from protocol.wire.shtrih.commands import Command, Done, Repeat
from protocol.wire.steps import Pace

RECEIPT_ROLL = 0x02  # flag of a line or of a feed: the receipt roll
BLOCK = 64  # bytes of two-dimensional data in one loading command
BLOCKS = 128
MAX_TEXT = 248  # 255 bytes of payload less code, password, flags and font


@dataclass(frozen=True, slots=True)
class PaddedText:
    """Windows-1251, zero padded to ``least`` bytes, which older firmware insists on; longer text at its real length."""

    least: int
    size: int | None = None

    def encode(self, value: str) -> bytes:
        return Text(most=MAX_TEXT).encode(value).ljust(self.least, b"\0")

    def decode(self, data: bytes) -> str:
        return Text().decode(data)


@dataclass(frozen=True, slots=True)
class FontReply:
    area: int = wire(UInt(2))  # printable width, dots
    char_width: int = wire(UInt(1))
    char_height: int = wire(UInt(1))
    fonts: int = wire(UInt(1))


@dataclass(frozen=True, slots=True)
class FontMetrics(Command[FontReply]):
    code = b"\x26"
    reply = FontReply

    password: int = wire(UInt(4))
    font: int = wire(UInt(1))


@dataclass(frozen=True, slots=True)
class PrintLine(Command[Done]):
    """A line in the common font."""

    code = b"\x17"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
    flags: int = wire(UInt(1))
    text: str = wire(PaddedText(40))


@dataclass(frozen=True, slots=True)
class PrintBoldLine(Command[Done]):
    """A line in the bold font, half as many characters wide."""

    code = b"\x12"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
    flags: int = wire(UInt(1))
    text: str = wire(PaddedText(20))


@dataclass(frozen=True, slots=True)
class PrintFontLine(Command[Done]):
    """A line in a font that ``FontMetrics`` knows."""

    code = b"\x2f"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
    flags: int = wire(UInt(1))
    font: int = wire(UInt(1))
    text: str = wire(PaddedText(40))


@dataclass(frozen=True, slots=True)
class Feed(Command[Done]):
    code = b"\x29"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
    flags: int = wire(UInt(1))
    lines: int = wire(UInt(1))


@dataclass(frozen=True, slots=True)
class Cut(Command[Done]):
    code = b"\x25"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
    kind: int = wire(UInt(1))  # 0 full, 1 partial


@dataclass(frozen=True, slots=True)
class OpenDrawer(Command[Done]):
    code = b"\x28"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
    drawer: int = wire(UInt(1), 0)


@dataclass(frozen=True, slots=True)
class PrintCopy(Command[Done]):
    """A non-fiscal copy of the last document."""

    code = b"\x8c"
    pace = Pace.REPORT
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class PrintEan13(Command[Done]):
    """``digits`` is the number made of the first twelve; the register adds the check digit."""

    code = b"\xc2"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
    digits: int = wire(UInt(5))


@dataclass(frozen=True, slots=True)
class PrintBarcode(Command[Done]):
    """A barcode that the printer itself draws. ``kind``: 3 EAN-8, 4 Code 39, 5 ITF, 8 Code 128."""

    code = b"\xcb"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
    height: int = wire(UInt(1))  # dots
    bar: int = wire(UInt(1))  # dots of the thinnest bar
    text_place: int = wire(UInt(1))
    text_font: int = wire(UInt(1))
    kind: int = wire(UInt(1))
    data: bytes = wire(Raw(most=48))


@dataclass(frozen=True, slots=True)
class LoadMatrix(Command[Done]):
    """One block of the data that ``PrintMatrix`` draws; the last one is zero padded."""

    code = b"\xdd"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
    kind: int = wire(UInt(1))
    block: int = wire(UInt(1))
    data: bytes = wire(Raw(BLOCK))


@dataclass(frozen=True, slots=True)
class PrintMatrix(Command[Done]):
    """A two-dimensional code of what was loaded. ``kind``: 0 PDF417, 3 QR; the five parameters mean something else with
    each. ``align``: 0 left, 1 centre, 2 right.
    """

    code = b"\xde"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
    kind: int = wire(UInt(1))
    length: int = wire(UInt(2))
    first_block: int = wire(UInt(1))
    parameters: tuple[int, ...] = wire(UInts(5, 1))
    align: int = wire(UInt(1))
