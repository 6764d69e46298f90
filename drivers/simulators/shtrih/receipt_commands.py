"""Handlers of a receipt: opening, operations, closing, cancelling, copy (protocol 1.17). See ``commands``."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from datetime import date

from drivers.simulators import requisites, vat
from drivers.simulators.fiscal_drive import Archived
from drivers.simulators.paper import Row
from drivers.simulators.registration import MARKED
from drivers.simulators.requisites import FFD_11
from drivers.simulators.shtrih.errors import Code, Refusal
from drivers.simulators.shtrih.fn_registration import signed
from drivers.simulators.shtrih.register import KIND_OF_SIGN, Register
from drivers.simulators.shtrih.reports import SIGN_OF_KIND
from drivers.simulators.shtrih.state import OpenLine
from drivers.simulators.shtrih.wire import Args, u

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
LONGEST_NAME = 220
FULL_PAYMENT, GOODS = 4, 1
LEGACY_GROUPS, NO_VAT_ROW = 4, 4


def open_receipt(register: Register, args: Args, operator: int) -> bytes:
    kind = args.number(1)
    args.end()
    correction = bool(kind & 0x80)
    if kind & 0x7F not in SIGN_OF_KIND or (correction and register.drive.state.registration.ffd < FFD_11):
        raise Refusal(Code.BAD_PARAMETERS)
    register.open_receipt(kind & 0x7F, operator, correction=correction)
    return bytes([operator])


def operation(register: Register, args: Args, operator: int) -> bytes:
    """FF46h. Without 8Dh before it the first operation opens the receipt."""
    sign, quantity, price = args.number(1), args.number(6), args.number(5)
    asked, tax = args.optional(5), args.optional(5)
    rate, department, method, subject = args.take(4)
    if args.left > 128:
        raise Refusal(Code.WRONG_LENGTH)
    name = args.text()
    total = _total(price, quantity, asked)
    line = _line(register, price, quantity, total, _row(register, rate), department, method, subject, name)
    if host_computes(register):
        line.given_vat = tax
    _register(register, sign, line, operator)
    return b""


def operation_with_discount(register: Register, args: Args, operator: int) -> bytes:
    """FF0Dh: the price is what the discount and the surcharge leave of it."""
    return _discounted(register, args, operator, with_tax=False)


def operation_with_tax(register: Register, args: Args, operator: int) -> bytes:
    """FF44h: the same with the sum of tax."""
    return _discounted(register, args, operator, with_tax=True)


def _discounted(register: Register, args: Args, operator: int, *, with_tax: bool) -> bytes:
    sign, thousandths, price, discount, surcharge = (args.number(size) for size in (1, 5, 5, 5, 5))
    if with_tax:
        args.take(5)
    department, rate = args.take(2)
    args.take(5)  # barcode
    if args.left > LONGEST_NAME:
        raise Refusal(Code.WRONG_LENGTH)
    name = args.text()
    quantity = 1000 * thousandths
    if not quantity:
        raise Refusal(Code.QUANTITY_RANGE)
    total = _total(price, quantity, None) - discount + surcharge
    if total < 0:
        raise Refusal(Code.DISCOUNT_ABOVE_RECEIPT)
    if discount or surcharge:
        price = (2 * total * 1_000_000 + quantity) // (2 * quantity)
        total = _total(price, quantity, total)
    line = _line(register, price, quantity, total, _row(register, rate), department, FULL_PAYMENT, GOODS, name)
    _register(register, sign, line, operator)
    return b""


def legacy_operation(kind: int) -> Callable[[Register, Args, int], bytes]:
    """80h to 83h: quantity in thousandths, the tax by its number among the four groups."""

    def run(register: Register, args: Args, operator: int) -> bytes:
        thousandths, price, department = args.number(5), args.number(5), args.number(1)
        groups = args.take(4)
        if args.left > LONGEST_NAME:
            raise Refusal(Code.WRONG_LENGTH)
        name = args.text()
        if max(groups) > LEGACY_GROUPS:
            raise Refusal(Code.BAD_PARAMETERS)
        quantity = 1000 * thousandths
        row = _replaced(register, groups[0] or NO_VAT_ROW)
        total = _total(price, quantity, None)
        line = _line(register, price, quantity, total, row, department, FULL_PAYMENT, GOODS, name or "Товар")
        _register(register, SIGN_OF_KIND[kind], line, operator)
        return bytes([operator])

    return run


def _line(
    register: Register,
    price: int,
    quantity: int,
    total: int,
    row: int,
    department: int,
    method: int,
    subject: int,
    name: str,
) -> OpenLine:
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
    return OpenLine(
        name=name[:128],
        hidden=hidden,
        price=price,
        quantity=quantity,
        total=total,
        vat=TAG_1199_OF_ROW[row],
        department=department,
        method=method,
        subject=subject,
    )


def _register(register: Register, sign: int, line: OpenLine, operator: int) -> None:
    if sign not in KIND_OF_SIGN:
        raise Refusal(Code.BAD_PARAMETERS)
    receipt = register.state.receipt
    if receipt is not None and receipt.kind != KIND_OF_SIGN[sign]:
        raise Refusal(Code.OTHER_RECEIPT_TYPE)
    if (0 if receipt is None else receipt.total) + line.total > MAX_PRICE:
        raise Refusal(Code.TOTAL_OVERFLOW)
    if receipt is None:
        register.open_receipt(KIND_OF_SIGN[sign], operator)
    register.receipt().lines.append(line)


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
    return _replaced(register, row)


def _replaced(register: Register, row: int) -> int:
    if register.tables.number(17, 1, 71) == 1 and register.now().date() >= REPLACED_FROM:
        return REPLACED_ROWS.get(row, row)
    return row


def operation_tlv(register: Register, args: Args, _operator: int) -> bytes:
    data = args.rest()
    lines = register.receipt().lines
    if not lines:
        raise Refusal(Code.BAD_PARAMETERS)
    register.drive.item_tags(data)
    lines[-1].extra += data.hex()
    return b""


def close(taxes: int) -> Callable[[Register, Args, int], bytes]:
    """FF45h, FF76h and FF78h: they differ in how many sums of tax the host may give, in the order of table 6."""

    def run(register: Register, args: Args, _operator: int) -> bytes:
        payments = [args.number(5) for _ in range(16)]
        rounding = args.number(1)
        sums = [args.number(5) for _ in range(taxes)]
        taxation = args.number(1)
        if args.left > 64:
            raise Refusal(Code.WRONG_LENGTH)
        text = args.text()
        if rounding > 99:
            raise Refusal(Code.BAD_PARAMETERS)
        given = _given_vat(register, sums) if host_computes(register) else None
        document, change = _finish(register, text, payments, rounding, taxation, given)
        return u(change, 5) + signed(register, document)

    return run


def legacy_close(kinds: int) -> Callable[[Register, Args, int], bytes]:
    """85h and 8Eh: four or sixteen kinds of payment. The format knows no discount on a receipt: it must be zero.

    The commands have no place for the tax system; the first of the registered ones is taken."""

    def run(register: Register, args: Args, operator: int) -> bytes:
        payments = [args.number(5) for _ in range(kinds)] + [0] * (16 - kinds)
        discount = args.number(2)
        groups = args.take(4)
        if args.left > LONGEST_NAME:
            raise Refusal(Code.WRONG_LENGTH)
        text = args.text()
        if discount or max(groups) > LEGACY_GROUPS:
            raise Refusal(Code.BAD_PARAMETERS)
        registered = register.drive.state.registration.tax_systems
        _, change = _finish(register, text, payments, 0, registered & -registered, None)
        return bytes([operator]) + u(change, 5)

    return run


def _finish(
    register: Register,
    text: str,
    payments: list[int],
    rounding: int,
    taxation: int,
    given: tuple[tuple[int, int], ...] | None,
) -> tuple[Archived, int]:
    """The text is printed with the receipt when that is closed, and forgotten when it is not."""
    receipt = register.receipt()
    rows = [Row(line) for line in textwrap.wrap(text, register.model.columns)]
    receipt.rows += rows
    try:
        return register.close_receipt(payments, rounding, taxation, given)
    except Exception:
        del receipt.rows[len(receipt.rows) - len(rows) :]
        raise


def host_computes(register: Register) -> bool:
    return register.tables.number(1, 1, 14) == 1


def _given_vat(register: Register, sums: list[int]) -> tuple[tuple[int, int], ...]:
    """The host's sums by code 1199. A rate that no line has, a rate that the command has no place for and a sum that
    is further from the register's own than a kopeck for each line are refused."""
    lines = register.receipt().lines
    own = vat.totals_by_code((line.vat, line.total) for line in lines)
    asked = {TAG_1199_OF_ROW[row]: amount for row, amount in enumerate(sums, 1)}
    stray = any(amount for code, amount in asked.items() if code not in own)
    if stray or any(code not in asked or abs(asked[code] - amount) > len(lines) for code, amount in own.items()):
        raise Refusal(Code.BAD_PARAMETERS)
    return tuple((code, asked[code]) for code in own)


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
