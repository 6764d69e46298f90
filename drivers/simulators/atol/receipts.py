"""The receipt that is being built: positions, taxes, discount, payments, close, cancel. No bytes of any protocol.

Every function raises ``Refusal`` or ``DriveError`` before it has changed anything. ``close`` signs first and prints
then: paper that is missing by that time does not undo the document (``Core.unfinished``).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from drivers.simulators import forms, requisites, slips, tlv, vat
from drivers.simulators.atol.core import CLOSED, EXPIRED, MOST, Core
from drivers.simulators.atol.reasons import Reason, Refusal
from drivers.simulators.atol.state import CORRECTIONS, SIGNS, OpenReceipt, Position
from drivers.simulators.documents import Line, Payments, Receipt
from drivers.simulators.fiscal_drive import Archived, merged
from drivers.simulators.requisites import FFD_11

CASH, CARD, PREPAID, CREDIT, OTHER = PAYMENTS = range(1, 6)
PAYING_OUT = (2, 4)
"""Types that hand money to the customer."""
TAXES = range(1, 13)
"""Tag 1199."""
MARKED_TAGS = frozenset({1163, 1291, 2102, 2106, 2115})
DEPARTMENTS = range(17)
"""0: the host names none."""
LONGEST_NAME = 128
ROUNDING = 99
"""Kopecks that a receipt's discount may take off: a rounding, the format knows nothing else."""


def current(core: Core) -> OpenReceipt:
    if core.state.receipt is None:
        raise Refusal(Reason.DENIED_IN_CLOSED_RECEIPT)
    return core.state.receipt


def begin(core: Core, kind: int, *, electronic: bool) -> None:
    """``electronic``: it goes to the customer's address and not on paper."""
    core.no_receipt()
    if core.shift() == CLOSED:
        raise Refusal(Reason.DENIED_IN_CLOSED_SHIFT)
    if core.shift() == EXPIRED:
        raise Refusal(Reason.SHIFT_EXPIRED)
    correction = kind in CORRECTIONS
    if kind not in SIGNS and not correction:
        raise Refusal(Reason.INVALID_RECEIPT_TYPE)
    if correction and core.drive.state.registration.ffd < FFD_11:
        raise Refusal(Reason.INVALID_RECEIPT_TYPE)
    if not electronic:
        core.can_print()
    core.begin(forms.CORRECTION if correction else forms.RECEIPT)
    core.state.receipt = OpenReceipt(kind, electronic, core.cashier())
    core.said = []


def requisite(core: Core, data: bytes) -> None:
    """TLV for the position that is begun, or for the receipt; the tax system is the register's own matter."""
    receipt = current(core)
    fields = tlv.decode(data)
    if MARKED_TAGS & {tag for tag, _ in fields}:
        raise Refusal(Reason.INCORRECT_DATA)  # how marked goods are said on the wire is not known
    if receipt.item is not None:
        core.drive.item_tags(data)
        receipt.item += data.hex()
        return
    taxation = [value for tag, value in fields if tag == 1055]
    if not taxation:
        core.drive.add(data)
        return
    system = taxation[0]
    registered = core.drive.state.registration.tax_systems
    if len(fields) > 1 or not isinstance(system, int) or system.bit_count() != 1 or not system & registered:
        raise Refusal(Reason.INCORRECT_DATA)
    receipt.taxation = system


def begin_position(core: Core) -> None:
    receipt = _open_for_goods(core)
    receipt.item = ""


def position(core: Core, made: Position) -> None:
    """The end of the position that is begun; its tags are those given since. ``made.total`` counts, not the product."""
    receipt = _open_for_goods(core)
    if receipt.item is None:
        raise Refusal(Reason.INVALID_MODE)
    if made.quantity == 0:
        raise Refusal(Reason.INVALID_QUANTITY)
    if made.department not in DEPARTMENTS:
        raise Refusal(Reason.INVALID_DEPARTMENT)
    subjects = requisites.subjects(core.drive.state.registration.ffd, marked=False)
    named = 0 < len(made.name) <= LONGEST_NAME
    if made.tax not in TAXES or made.subject not in subjects or not 1 <= made.method <= 7 or not named:
        raise Refusal(Reason.INCORRECT_DATA)
    if made.tax_sum is not None and made.tax_sum > made.total:
        raise Refusal(Reason.TAX_SUM_TOO_MUCH)
    if receipt.sum + made.total > MOST:
        raise Refusal(Reason.TOTAL_OVERFLOW)
    made.tags = receipt.item
    receipt.positions.append(made)
    receipt.item = None


def _open_for_goods(core: Core) -> OpenReceipt:
    receipt = current(core)
    if receipt.paid:
        raise Refusal(Reason.INVALID_MODE)
    if receipt.discount:
        raise Refusal(Reason.OPERATION_AFTER_DISCOUNT_DENIED)
    return receipt


def tax(core: Core, code: int, amount: int) -> None:
    """The host's own sum of a tax over the whole receipt."""
    receipt = current(core)
    if code not in TAXES:
        raise Refusal(Reason.INCORRECT_DATA)
    if amount > receipt.sum:
        raise Refusal(Reason.TAX_SUM_TOO_MUCH)
    receipt.taxes[code] = amount


def discount(core: Core, amount: int) -> None:
    """Kopecks off the whole receipt."""
    receipt = _open_for_goods(core)
    if receipt.item is not None or not 0 < amount <= ROUNDING or amount >= receipt.sum:
        raise Refusal(Reason.DISCOUNT_DENIED)
    receipt.discount = amount


def pay(core: Core, kind: int, amount: int) -> tuple[int, int]:
    """What is left to pay, and the change."""
    receipt = current(core)
    receipt.paid = _with(receipt, kind, amount)
    return receipt.remainder, receipt.change


def _with(receipt: OpenReceipt, kind: int, amount: int) -> dict[int, int]:
    if receipt.item is not None:
        raise Refusal(Reason.INVALID_MODE)
    if not receipt.positions:
        raise Refusal(Reason.CLOSE_RECEIPT_DENIED)
    if kind not in PAYMENTS:
        raise Refusal(Reason.INVALID_PAYMENT_TYPE)
    if amount == 0 and receipt.sum:
        raise Refusal(Reason.INVALID_SUM)
    if kind != CASH and amount > receipt.remainder:
        raise Refusal(Reason.NONCASH_PAYMENTS_TOO_MUCH)
    if receipt.given + amount > MOST:
        raise Refusal(Reason.TOTAL_OVERFLOW)
    return {**receipt.paid, kind: receipt.paid.get(kind, 0) + amount}


def close(core: Core, kind: int, amount: int) -> Archived:
    """Sign and print. ``amount`` of payment type ``kind`` is paid first; 0: everything has been paid."""
    receipt = current(core)
    if receipt.item is not None:
        raise Refusal(Reason.INVALID_MODE)
    if not receipt.positions:
        raise Refusal(Reason.CLOSE_RECEIPT_DENIED)
    paid = _with(receipt, kind, amount) if amount else receipt.paid
    left = receipt.sum - sum(paid.values())
    if left > 0:
        raise Refusal(Reason.NOT_FULLY_PAID)
    change = -left
    net = {**paid, CASH: paid.get(CASH, 0) - change}
    if receipt.base in PAYING_OUT and net[CASH] > core.state.counters.drawer and core.state.refuses_overdrawn:
        raise Refusal(Reason.NO_CASH)
    if not receipt.electronic and core.unfinished:
        raise Refusal(Reason.MODE_BLOCKED)
    document = core.drive.receipt(core.now(), _made(core, receipt, net), receipt.cashier)
    core.count_receipt(receipt, net, document)
    core.state.receipt = None
    if not receipt.electronic:
        core.print_document(document, slips.Extra(paid.get(CASH) if change else None, rows=tuple(receipt.rows)))
    if net[CASH]:
        core.open_drawer()
    return document


def _made(core: Core, receipt: OpenReceipt, net: Mapping[int, int]) -> Receipt:
    registered = core.drive.state.registration.tax_systems
    return Receipt(
        form=forms.CORRECTION if receipt.type in CORRECTIONS else forms.RECEIPT,
        sign=SIGNS[receipt.base],
        taxation=receipt.taxation or registered & -registered,
        lines=tuple(_line(position) for position in receipt.positions),
        payments=Payments(*(net.get(kind, 0) for kind in PAYMENTS)),
        total=receipt.sum,
        given_vat=_taxes(receipt),
    )


def _line(made: Position) -> Line:
    return Line(
        made.name,
        made.price,
        Decimal(made.quantity).scaleb(-3),
        made.total,
        made.tax,
        made.method,
        made.subject,
        merged(tlv.decode(bytes.fromhex(made.tags))),
        made.tax_sum,
    )


def tax_sums(receipt: OpenReceipt) -> dict[int, int]:
    """By tag 1199: the host's sum over the receipt, or the sum over the lines of the host's or the computed ones."""
    sums: dict[int, int] = {}
    for each in receipt.positions:
        own = vat.vat_of(each.total, each.tax) if each.tax in vat.PERCENT else each.total
        computed = own if each.tax_sum is None or each.tax not in vat.PERCENT else each.tax_sum
        sums[each.tax] = sums.get(each.tax, 0) + computed
    return {**sums, **receipt.taxes}


def _taxes(receipt: OpenReceipt) -> tuple[tuple[int, int], ...]:
    if not set(receipt.taxes) <= {each.tax for each in receipt.positions}:
        raise Refusal(Reason.TAX_SUM_TOO_MUCH)
    return tuple(tax_sums(receipt).items())


def cancel(core: Core) -> None:
    receipt = current(core)
    core.annul()
    core.state.counters.cancelled += 1
    if not receipt.electronic and core.printer.has_paper and not core.unfinished:
        core.print_rows(core.headed("ЧЕК АННУЛИРОВАН").rows)
