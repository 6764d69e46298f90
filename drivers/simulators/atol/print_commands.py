"""Handlers: reports, text, codes, copies, mechanics. See ``commands`` for the contract.

Inside a receipt the host's lines wait for the receipt's paper; outside they stand on the tape until a slip or a cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.simulators import barcodes
from drivers.simulators.atol.core import Core
from drivers.simulators.atol.reasons import Reason, Refusal
from drivers.simulators.atol.wire import Args
from drivers.simulators.paper import Code, Row

REPORTS: Mapping[int, Callable[[Core], object]] = {
    0x01: Core.x_report,
    0x02: Core.departments_report,
    0x09: Core.state_report,
}
"""Of command 67; the others (operators, hours, quantities, service) are not there."""
BEFORE_TEXT = 11
"""Bytes of 87 before its text: flags, printer, font, multipliers and more (older protocol texts count them so)."""
MULTIPLIERS = 3
"""Place of the byte that makes characters wider, higher or both; where it is not 0 they are printed big."""
CODES = {0: "QR", 1: "EAN-13"}
LEFT, CENTRE, RIGHT = range(3)


def report(core: Core, args: Args) -> bytes:
    number = args.byte()
    args.end()
    make = REPORTS.get(number)
    if make is None:
        raise Refusal(Reason.NOT_SUPPORTED)
    make(core)
    return b""


def print_document(core: Core, args: Args) -> bytes:
    fd = args.bcd(5)
    args.end()
    core.copy(fd)
    return b""


def copy(core: Core, args: Args) -> bytes:
    args.end()
    core.copy()
    return b""


def continue_print(core: Core, args: Args) -> bytes:
    args.end()
    core.continue_print()
    return b""


def finish_slip(core: Core, args: Args) -> bytes:
    """73 may carry parameters that are not described."""
    args.rest()
    core.cut()
    return b""


def line(core: Core, args: Args) -> bytes:
    _put(core, args.text())
    return b""


def formatted_line(core: Core, args: Args) -> bytes:
    head = args.take(BEFORE_TEXT)
    _put(core, args.text(), big=head[MULTIPLIERS] != 0)
    return b""


def _put(core: Core, text: str, *, big: bool = False) -> None:
    """Before each character that is doubled stands 09; here the whole line is doubled then."""
    big = big or "\t" in text
    text = text.replace("\t", "")
    core.put([Row(text[: core.model.columns // (2 if big else 1)], big=big)])


def barcode(core: Core, args: Args) -> bytes:
    """``TYPE ALIGN SCALE VERSION(2) OPTIONS(2) CORRECTION ROWS COLS PROPORTION(2) PIXEL(2) DATA``."""
    kind, align, scale = args.byte(), args.byte(), args.byte()
    args.take(11)
    data = args.rest().rstrip(b"\0").decode("cp866")  # the vendor's library fills it up with zeros
    name = CODES.get(kind, f"ТИП {kind}")
    if not data or align > RIGHT:
        raise Refusal(Reason.INCORRECT_DATA)
    if name in barcodes.LINEAR:
        try:
            barcodes.LINEAR[name](data)
        except barcodes.BarcodeError as error:
            raise Refusal(Reason.INCORRECT_DATA) from error
    core.put([Row(code=Code(name, data, module=min(max(scale, 2), 8), align=align))])
    return b""


def cliche(_core: Core, args: Args) -> bytes:
    """The register has no heading of its own to print."""
    args.end()
    return b""


def cut(core: Core, args: Args) -> bytes:
    kind = args.byte()
    args.end()
    if kind > 1:
        raise Refusal(Reason.INCORRECT_DATA)
    core.cut()
    return b""


def open_drawer(core: Core, args: Args) -> bytes:
    args.end()
    core.open_drawer()
    return b""


def beep(_core: Core, args: Args) -> bytes:
    args.end()
    return b""


def tone(_core: Core, args: Args) -> bytes:
    args.take(3)
    args.end()
    return b""
