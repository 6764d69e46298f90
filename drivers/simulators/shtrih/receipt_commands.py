"""Handlers of a receipt: 8Dh, FF46h, FF4Dh, FF45h, 88h, 89h, 8Ch (protocol 1.17). See ``commands``."""

from __future__ import annotations

from datetime import date

from drivers.simulators import requisites, vat
from drivers.simulators.paper import Row
from drivers.simulators.registration import MARKED
from drivers.simulators.shtrih.errors import Code, Refusal
from drivers.simulators.shtrih.register import KIND_OF_SIGN, SIGN_OF_KIND, Register
from drivers.simulators.shtrih.state import OpenLine
from drivers.simulators.shtrih.wire import Args, date_time, u

TAG_1199_OF_ROW = {1: 1, 2: 2, 3: 5, 4: 6, 5: 3, 6: 4, 7: 7, 8: 8, 9: 9, 10: 10, 11: 11, 12: 12}
"""Row of table 6 -> VAT code of the document."""

ROW_OF_BYTE = {
    0x00: 4,
    0x01: 1,
    0x02: 2,
    0x04: 3,
    0x08: 4,
    0x10: 5,
    0x20: 6,
    0x81: 7,
    0x82: 8,
    0x84: 9,
    # The vendor writes 90h for row 10, the pattern of its neighbours says 88h: a client of either is understood.
    0x88: 10,
    0x90: 10,
    0xC0 + 11: 11,
    0xC0 + 12: 12,
}
"""Tax byte of FF46h -> row of table 6."""

REPLACED_FROM = date(2026, 1, 1)
REPLACED_ROWS = {1: 11, 5: 12}
"""With table 17 field 71 = 1 the rows of 20 % become those of 22 % from that day on."""

MAX_PRICE = 9_999_999_999


def open_receipt(register: Register, args: Args, operator: int) -> bytes:
    kind = args.number(1)
    args.end()
    if kind & 0x7F not in SIGN_OF_KIND:
        raise Refusal(Code.BAD_PARAMETERS)
    register.open_receipt(kind & 0x7F, operator, correction=bool(kind & 0x80))
    return bytes([operator])


def operation(register: Register, args: Args, operator: int) -> bytes:
    """FF46h. Without 8Dh before it the first operation opens the receipt."""
    sign, quantity, price = args.number(1), args.number(6), args.number(5)
    asked, _tax = args.optional(5), args.take(5)
    rate, department, method, subject = args.take(4)
    if args.left > 128:
        raise Refusal(Code.WRONG_LENGTH)
    name = args.text()
    if sign not in KIND_OF_SIGN:
        raise Refusal(Code.BAD_PARAMETERS)
    receipt = register.state.receipt
    if receipt is not None and receipt.kind != KIND_OF_SIGN[sign]:
        raise Refusal(Code.OTHER_RECEIPT_TYPE)
    if quantity == 0:
        raise Refusal(Code.QUANTITY_RANGE)
    if price > MAX_PRICE:
        raise Refusal(Code.PRICE_RANGE)
    if department > 16:
        raise Refusal(Code.DEPARTMENT_RANGE)
    hidden = name.startswith("//")
    name = name.removeprefix("//")
    registration = register.drive.state.registration
    subjects = requisites.subjects(registration.ffd, marked=registration.sells(MARKED))
    if not 1 <= method <= 7 or subject not in subjects or not name:
        raise Refusal(Code.BAD_PARAMETERS)
    line = OpenLine(
        name=name,
        hidden=hidden,
        price=price,
        quantity=quantity,
        total=_total(price, quantity, asked),
        vat=TAG_1199_OF_ROW[_row(register, rate)],
        department=department,
        method=method,
        subject=subject,
    )
    if receipt is None:
        register.open_receipt(KIND_OF_SIGN[sign], operator)
    register.receipt().lines.append(line)
    return b""


def _total(price: int, quantity: int, asked: int | None) -> int:
    """Price times quantity, half a kopeck rounds up; a sum of the host's own may differ by one kopeck."""
    whole, rest = divmod(price * quantity, 1_000_000)
    total = whole + (1 if rest >= 500_000 else 0)
    if asked is None:
        return total
    if abs(asked - total) > 1:
        raise Refusal(Code.BAD_PARAMETERS)
    return asked


def _row(register: Register, rate: int) -> int:
    row = ROW_OF_BYTE.get(rate)
    if row is None:
        raise Refusal(Code.BAD_PARAMETERS)
    if register.tables.number(17, 1, 71) == 1 and register.now().date() >= REPLACED_FROM:
        row = REPLACED_ROWS.get(row, row)
    assert TAG_1199_OF_ROW[row] in vat.NAMES
    return row


def operation_tlv(register: Register, args: Args, _operator: int) -> bytes:
    data = args.rest()
    lines = register.receipt().lines
    if not lines:
        raise Refusal(Code.BAD_PARAMETERS)
    register.drive.item_tags(data)
    lines[-1].extra += data.hex()
    return b""


def close(register: Register, args: Args, _operator: int) -> bytes:
    """FF45h. The host's taxes are ignored: the register computes them (table 1 field 14 = 0)."""
    payments = [args.number(5) for _ in range(16)]
    rounding = args.number(1)
    args.take(6 * 5)
    taxation = args.number(1)
    if args.left > 64:
        raise Refusal(Code.WRONG_LENGTH)
    text = args.text()
    receipt = register.receipt()
    if rounding > 99:
        raise Refusal(Code.BAD_PARAMETERS)
    if text:
        receipt.rows.append(Row(text))
    try:
        document, change = register.close_receipt(payments, rounding, taxation)
    except Exception:
        if text:
            receipt.rows.pop()
        raise
    reply = u(change, 5) + u(document.fd, 4) + u(document.fpd, 4)
    return reply + (date_time(document.at) if register.tables.number(17, 1, 36) else b"")


def cancel(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    if operator < 29 and operator != register.receipt().operator:
        raise Refusal(Code.OTHER_OPERATOR)
    register.cancel_receipt()
    return bytes([operator])


def subtotal(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    return bytes([operator]) + u(register.receipt().total, 5)


def repeat(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.repeat_document()
    return bytes([operator])
