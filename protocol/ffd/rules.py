"""The rules between the fields of a receipt: sums, payments, rates, dates, people, sizes.

``check`` is the one place where a receipt is judged before it travels to a desk; it is pure and needs no register.
What only a register can say (its taxation systems, its shift, its drive) is judged by the register. Sources: format
order ЕД-7-20/662@ (tags 1008 to 1217, 2108), law 54-ФЗ articles 1.2 and 4.7, letter АБ-4-20/11248@.

A return repeats the receipt it reverses, mistakes included: rules about how method, rate and payment fit together
only warn there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from protocol.ffd.money import MAX_SUM, format_kopecks
from protocol.ffd.planning import plan
from protocol.ffd.receipt import Receipt
from protocol.ffd.records import DOCUMENT_LIMIT, document_size
from protocol.ffd.rules_line import line
from protocol.ffd.rules_people import people
from protocol.ffd.shape import parse_receipt
from protocol.ffd.tags import TAGS
from protocol.ffd.violation import ReceiptInvalid, Severity, Violation, broken, too_much
from protocol.ffd.vocabulary import PaymentKind, PaymentMethod

__all__ = ["MAX_LINES", "ReceiptInvalid", "Violation", "accept_receipt", "check", "parse_receipt"]

MAX_LINES = 1000

_TAKES_PREPAID = frozenset({PaymentMethod.ADVANCE, PaymentMethod.FULL_PAYMENT, PaymentMethod.PARTIAL_PAYMENT})


def accept_receipt(data: object, *, on: date) -> tuple[Receipt, list[Violation]]:
    """Parse and check a payload: the receipt with its warnings. Raises ``ReceiptInvalid`` when there is any error."""
    receipt = parse_receipt(data)
    found = check(receipt, on=on)
    if any(violation.severity == "error" for violation in found):
        raise ReceiptInvalid(found)
    return receipt, found


def check(receipt: Receipt, *, on: date) -> list[Violation]:
    """Every broken rule of a receipt that is to be made on the day ``on``, in the order of the payload's fields.

    No entry with severity ``error`` means that the receipt may be planned and sent to a register.
    """
    found = [
        *people(receipt),
        *_line_count(receipt),
        *(found for at, item in enumerate(receipt.items) for found in line(receipt, item, f"items[{at}]", on)),
        *_sums(receipt),
        *_methods_and_payments(receipt),
    ]
    if all(violation.severity == "warning" for violation in found):
        found += _size(receipt)
    return found


def _line_count(receipt: Receipt) -> Iterator[Violation]:
    count = len(receipt.items)
    if not 1 <= count <= MAX_LINES:
        yield broken(
            "LINES",
            "items",
            f"1 to {MAX_LINES} lines of 1059",
            f"1 to {MAX_LINES} lines",
            f"В чеке должно быть от 1 до {MAX_LINES} позиций, а не {count}.",
            f"A receipt has 1 to {MAX_LINES} lines, not {count}.",
            got=str(count),
        )


def _sums(receipt: Receipt) -> Iterator[Violation]:
    total = receipt.total
    due = format_kopecks(total)
    if receipt.items and total == 0:
        yield broken(
            "TOTAL",
            "items",
            "1020 > 0",
            "more than 0.00",
            "Итог чека равен нулю.",
            "The receipt's total is zero.",
            got=due,
        )
    if total > MAX_SUM and all(item.price <= MAX_SUM for item in receipt.items):
        yield too_much("items", 1020, total)
    paid = {kind: receipt.paid(kind) for kind in PaymentKind}
    everything, cash = sum(paid.values()), paid[PaymentKind.CASH]
    if everything > MAX_SUM >= total:
        yield too_much("payments", 1031, everything)
    if everything < total:
        got = format_kopecks(everything)
        yield broken(
            "PAYMENT_SHORT",
            "payments",
            "1031 + 1081 + 1215 + 1216 + 1217 = 1020",
            due,
            f"Оплаты не хватает: итог чека {due}, оплачено {got}.",
            f"The payments fall short: the total is {due}, paid {got}.",
            got=got,
        )
    if everything - cash > total:
        got = format_kopecks(everything - cash)
        yield broken(
            "CASHLESS_OVER",
            "payments",
            "1081 + 1215 + 1216 + 1217 ≤ 1020: change is given from cash only",
            f"at most {due}",
            f"Оплата без наличных ({got}) больше итога чека ({due}); сдача бывает только с наличных.",
            f"The non-cash payments ({got}) exceed the total ({due}); change is given from cash only.",
            got=got,
        )
    elif everything > total and receipt.type.pays_out:
        yield broken(
            "CHANGE_ON_PAYOUT",
            "payments",
            "1054 = 2 or 3: the desk pays out exactly 1020",
            due,
            f"Деньги выдаёт касса: сдачи не бывает, сумма должна быть ровно {due}.",
            f"The desk pays this out: there is no change, the sum should be exactly {due}.",
            severity="warning",
            got=format_kopecks(everything),
        )


def _methods_and_payments(receipt: Receipt) -> Iterator[Violation]:
    """Offsets of earlier payments and credit must have lines that admit them."""
    severity: Severity = "warning" if receipt.type.is_return else "error"
    by_method = {
        method: sum(item.total for item in receipt.items if item.payment_method is method) for method in PaymentMethod
    }
    prepaid, credit = receipt.paid(PaymentKind.PREPAID), receipt.paid(PaymentKind.CREDIT)
    offset = sum(amount for method, amount in by_method.items() if method in _TAKES_PREPAID)
    if prepaid > offset:
        most, got = format_kopecks(offset), format_kopecks(prepaid)
        yield broken(
            "PREPAID_METHOD",
            "payments",
            "1215 ≤ sum of the lines with 1214 = 3, 4, 5",
            f"at most {most}",
            f"Зачёт предоплаты {got} больше суммы позиций, для которых он возможен ({most}).",
            f"The offset of prepayments {got} exceeds the lines that admit it ({most}).",
            severity=severity,
            got=got,
        )
    whole, part = by_method[PaymentMethod.CREDIT], by_method[PaymentMethod.PARTIAL_PAYMENT]
    if (part == 0 and credit != whole) or (part and not whole < credit < whole + part):
        got = format_kopecks(credit)
        low, high = format_kopecks(whole), format_kopecks(whole + part)
        yield broken(
            "CREDIT_METHOD",
            "payments",
            "1216 = lines with 1214 = 6, plus a part of the lines with 1214 = 5",
            f"more than {low}, less than {high}" if part else low,
            f"Оплата в кредит {got} не сходится с позициями в кредит: "
            + (f"нужно больше {low} и меньше {high}." if part else f"нужно {low}."),
            f"The credit {got} does not fit the lines sold on credit: "
            + (f"more than {low} and less than {high} is needed." if part else f"{low} is needed."),
            severity=severity,
            got=got,
        )


def _size(receipt: Receipt) -> Iterator[Violation]:
    """One line of a plain receipt is far below the 1024 bytes of 1059; only the document can grow too large."""
    size = document_size(plan(receipt, imprint="0" * TAGS[1086].length))
    if size > DOCUMENT_LIMIT:
        yield broken(
            "DOCUMENT_SIZE",
            "items",
            f"a receipt is at most {DOCUMENT_LIMIT} bytes of TLV",
            f"at most {DOCUMENT_LIMIT} bytes",
            f"Чек слишком велик для фискального накопителя: {size} байт. Разделите его или сократите названия.",
            f"The receipt is too large for the fiscal drive: {size} bytes. Split it or shorten the names.",
            got=str(size),
        )
