"""Handlers of printing and mechanics: 12h, 13h, 17h, 18h, 25h, 26h, 28h, 29h, 2Fh, 52h to 54h, B0h, codes, graphics.

Protocol 1.17, section of printing commands. See ``commands`` for the contract. Inside a receipt everything waits for
the receipt's paper, as on firmware that prints on closing.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from drivers.simulators import barcodes
from drivers.simulators.paper import QUIET, Row
from drivers.simulators.paper import Code as PrintedCode
from drivers.simulators.shtrih.errors import Code, Refusal
from drivers.simulators.shtrih.models import CUTTER, DRAWER, FONTS
from drivers.simulators.shtrih.register import Register
from drivers.simulators.shtrih.wire import Args, u

RECEIPT_TAPE, WRAP, DEFERRED = 0x02, 0x40, 0x80
"""Bits of the flags byte."""
LONGEST_TEXT = 200
LINEAR_TYPES = {
    0: "UPC-A",
    1: "UPC-E",
    2: "EAN-13",
    3: "EAN-8",
    4: "CODE39",
    5: "ITF",
    6: "CODABAR",
    7: "CODE93",
    8: "CODE128",
    10: "PDF417",
}
MATRIX_TYPES = {0: "PDF417", 1: "DATAMATRIX", 2: "AZTEC", 3: "QR", 131: "QR"}
QR_LEVELS = ("l", "m", "q", "h")
BLOCK = 64
GRAPHIC_LINE = 40
LAST_LINE, LAST_EXTENDED_LINE = 200, 1200


def put(register: Register, rows: list[Row], flags: int = RECEIPT_TAPE) -> None:
    """Rows go onto the tape, or into the open receipt: among its own or, deferred, before it."""
    if not flags & RECEIPT_TAPE:
        return
    receipt = register.state.receipt
    if receipt is None:
        register.printer.add(rows)
    elif flags & DEFERRED:
        receipt.above += rows
    else:
        receipt.rows += rows


def _text(register: Register, flags: int, text: str, font_number: int, *, bold: bool = False) -> None:
    font = FONTS.get(font_number)
    if font is None:
        raise Refusal(Code.BAD_PARAMETERS)
    if not text and register.state.receipt is not None:
        return  # an empty string is dropped inside a receipt
    width = register.model.fits(font)
    lines = textwrap.wrap(text, width) if flags & WRAP and text else [text[:width]]
    put(register, [Row(line, big=font.big, small=font.small, bold=bold) for line in lines], flags)


def _line(args: Args) -> str:
    if args.left > LONGEST_TEXT:
        raise Refusal(Code.WRONG_LENGTH)
    return args.text()


def bold_line(register: Register, args: Args, operator: int) -> bytes:
    flags = args.number(1)
    _text(register, flags, _line(args), 2, bold=True)
    return bytes([operator])


def print_line(register: Register, args: Args, operator: int) -> bytes:
    flags = args.number(1)
    _text(register, flags, _line(args), 1)
    return bytes([operator])


def print_line_font(register: Register, args: Args, operator: int) -> bytes:
    flags, font_number = args.take(2)
    _text(register, flags, _line(args), font_number)
    return bytes([operator])


def beep(_register: Register, args: Args, operator: int) -> bytes:
    args.end()
    return bytes([operator])


def document_header(register: Register, args: Args, operator: int) -> bytes:
    name = args.take(30).split(b"\0")[0].decode("cp1251", "replace")
    number = args.number(2)
    args.end()
    register.count_document()
    put(register, [Row(f"{name} N{number}")])
    return bytes([operator]) + u(register.document_number, 2)


def cut(register: Register, args: Args, operator: int) -> bytes:
    kind = args.number(1)
    args.end()
    if not register.model.has(CUTTER):
        raise Refusal(Code.UNSUPPORTED)
    if kind > 1:
        raise Refusal(Code.BAD_PARAMETERS)
    register.printer.cut(register.clock.monotonic())
    return bytes([operator])


def font(register: Register, args: Args, _operator: int) -> bytes:
    metrics = FONTS.get(args.number(1))
    args.end()
    if metrics is None:
        raise Refusal(Code.BAD_PARAMETERS)
    return u(register.model.dots, 2) + bytes([metrics.width, metrics.height, len(FONTS)])


def open_drawer(register: Register, args: Args, operator: int) -> bytes:
    number = args.number(1)
    args.end()
    if not register.model.has(DRAWER):
        raise Refusal(Code.UNSUPPORTED)
    if number > 1:
        raise Refusal(Code.BAD_PARAMETERS)
    register.open_drawer()
    return bytes([operator])


def feed(register: Register, args: Args, operator: int) -> bytes:
    flags, lines = args.take(2)
    args.end()
    put(register, [Row()] * lines, flags)
    return bytes([operator])


def cliche(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.print_cliche()
    return bytes([operator])


def advert(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.print_advert()
    return bytes([operator])


def end_document(register: Register, args: Args, operator: int) -> bytes:
    with_advert = args.number(1)
    args.end()
    if with_advert:
        register.print_advert()
    register.printer.cut(register.clock.monotonic())
    return bytes([operator])


def continue_print(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    if not register.printer.resume(register.clock.monotonic()):
        raise Refusal(Code.WRONG_SUBMODE)
    return bytes([operator])


# --- codes -----------------------------------------------------------------------------------------------------------


def ean13(register: Register, args: Args, operator: int) -> bytes:
    digits = f"{args.number(5):012d}"
    args.end()
    if len(digits) > 12:
        raise Refusal(Code.BAD_PARAMETERS)
    put(register, [Row(code=PrintedCode("EAN-13", digits + barcodes.check_digit(digits)))])
    return bytes([operator])


def barcode(register: Register, args: Args, operator: int) -> bytes:
    height, width, label, _label_font, kind = args.take(5)
    if not 1 <= args.left <= 48:
        raise Refusal(Code.WRONG_LENGTH)
    data = args.rest().rstrip(b"\0").decode("cp1251", "replace")
    name = LINEAR_TYPES.get(kind)
    if name is None or label > 3:
        raise Refusal(Code.BAD_PARAMETERS)
    if name == "CODE128" and data[:2] in ("{A", "{B", "{C"):
        data = data[2:]
    module = min(max(width, 1), 6)
    if name in barcodes.LINEAR:
        try:
            modules = barcodes.LINEAR[name](data)
        except barcodes.BarcodeError as error:
            raise Refusal(Code.BAD_PARAMETERS) from error
        if (len(modules) + 2 * QUIET) * module > register.model.dots:
            raise Refusal(Code.PRINT_WIDTH)
    shape = PrintedCode(name, data, height=max(1, height), module=module, label=label > 0)
    put(register, [Row(code=shape)])
    return bytes([operator])


def load_block(register: Register, args: Args, operator: int) -> bytes:
    kind, block = args.take(2)
    data = args.take(BLOCK)
    args.end()
    if kind or block > 127:
        raise Refusal(Code.BAD_PARAMETERS)
    register.state.images.blocks[block] = data.hex()
    return bytes([operator])


def matrix(register: Register, args: Args, operator: int) -> bytes:
    """DEh. Of QR's parameters the dot (third) and the level of correction (fifth) are followed."""
    kind = args.number(1)
    size, first = args.number(2), args.number(1)
    parameters = args.take(5)
    align = args.number(1)
    args.end()
    name = MATRIX_TYPES.get(kind)
    blocks = register.state.images.blocks
    needed = range(first, first + -(-size // BLOCK))
    if name is None or align > 2 or not size or any(block not in blocks for block in needed):
        raise Refusal(Code.BAD_PARAMETERS)
    raw = b"".join(bytes.fromhex(blocks[block]) for block in needed)[:size]
    shape = PrintedCode(
        name,
        _readable(raw),
        module=min(max(parameters[2], 3), 8),
        align=align,
        level=QR_LEVELS[min(parameters[4], 3)],
    )
    put(register, [Row(code=shape)])
    return bytes([operator])


def _readable(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1251", "replace")


# --- graphics --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Lines:
    first: int
    last: int
    most: int

    def of(self, stored: dict[int, str]) -> tuple[str, ...]:
        if not 1 <= self.first <= self.last <= self.most:
            raise Refusal(Code.BAD_PARAMETERS)
        return tuple(stored.get(line, "") for line in range(self.first, self.last + 1))


def load_graphics(register: Register, args: Args, operator: int) -> bytes:
    line, data = args.number(1), args.take(GRAPHIC_LINE)
    args.end()
    return _load(register.state.images.lines, line, (data,), LAST_LINE, operator)


def load_extended(register: Register, args: Args, operator: int) -> bytes:
    line = args.number(2)
    if not args.left or args.left % GRAPHIC_LINE:
        raise Refusal(Code.WRONG_LENGTH)
    data = tuple(args.take(GRAPHIC_LINE) for _ in range(args.left // GRAPHIC_LINE))
    return _load(register.state.images.lines, line, data, LAST_EXTENDED_LINE, operator)


def load_512(register: Register, args: Args, operator: int) -> bytes:
    width = args.number(1)
    first, count = args.number(2), args.number(2)
    args.take(1)
    if not 1 <= width <= 72 or args.left != width * count:
        raise Refusal(Code.WRONG_LENGTH)
    data = tuple(args.take(width) for _ in range(count))
    return _load(register.state.images.wide, first, data, 600, operator)


def _load(stored: dict[int, str], first: int, data: tuple[bytes, ...], most: int, operator: int) -> bytes:
    if not first >= 1 or first + len(data) - 1 > most:
        raise Refusal(Code.BAD_PARAMETERS)
    stored.update({first + place: line.hex() for place, line in enumerate(data)})
    return bytes([operator])


def print_graphics(register: Register, args: Args, operator: int) -> bytes:
    first, last = args.take(2)
    args.end()
    put(register, [Row(dots=_Lines(first, last, LAST_LINE).of(register.state.images.lines))])
    return bytes([operator])


def print_extended(register: Register, args: Args, operator: int) -> bytes:
    first, last = args.number(2), args.number(2)
    flags = args.number(1) if args.left else RECEIPT_TAPE
    args.end()
    put(register, [Row(dots=_Lines(first, last, LAST_EXTENDED_LINE).of(register.state.images.lines))], flags)
    return bytes([operator])


def print_512(register: Register, args: Args, operator: int) -> bytes:
    """Scales across are drawn as they are stored; scales down repeat lines."""
    first, last = args.number(2), args.number(2)
    down, _across, flags = args.take(3)
    args.end()
    lines = _Lines(first, last, 600).of(register.state.images.wide)
    put(register, [Row(dots=tuple(line for line in lines for _ in range(max(1, down))))], flags or RECEIPT_TAPE)
    return bytes([operator])


def graphic_line(register: Register, args: Args, operator: int) -> bytes:
    repeats, flags = args.number(2), args.number(1)
    if not 1 <= args.left <= 72 or not 1 <= repeats <= 2000:
        raise Refusal(Code.BAD_PARAMETERS)
    put(register, [Row(dots=(args.rest().hex(),) * repeats)], flags)
    return bytes([operator])
