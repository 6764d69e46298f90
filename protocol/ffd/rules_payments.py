"""Rules of a receipt's total and of what is paid. See ``rules``.

Source: format order ЕД-7-20/662@, tags 1020, 1031, 1081, 1214 to 1217; order ЕД-7-20/236@, tags 1234 to 1238.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocol.ffd.money import MAX_SUM, format_kopecks
from protocol.ffd.receipt import Receipt
from protocol.ffd.rules_text import optional_text, text_rules
from protocol.ffd.violation import Severity, Violation, broken, too_much
from protocol.ffd.vocabulary import PaymentKind, PaymentMethod

_TAKES_PREPAID = frozenset({PaymentMethod.ADVANCE, PaymentMethod.FULL_PAYMENT, PaymentMethod.PARTIAL_PAYMENT})


def sums(receipt: Receipt) -> Iterator[Violation]:
    """The total, what is rounded off it, and whether the payments cover it."""
    rounding = list(_rounding(receipt))
    yield from rounding
    if rounding:
        return  # what is due is not known
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


def methods_and_payments(receipt: Receipt) -> Iterator[Violation]:
    """Offsets of earlier payments and credit must have lines that admit them."""
    methods = {item.payment_method for item in receipt.items}
    if PaymentMethod.CREDIT_PAYMENT in methods and len(methods) > 1:
        yield broken(
            "CREDIT_PAYMENT_MIXED",
            "items",
            "lines with 1214 = 7 usually have a receipt of their own",
            "a separate receipt for the payment of credit",
            "Оплата кредита обычно пробивается отдельным чеком, без других способов расчёта.",
            "The payment of credit usually has a receipt of its own, without other payment methods.",
            severity="warning",
        )
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


def cashless_details(receipt: Receipt) -> Iterator[Violation]:
    """1234 is told of every cashless payment or of none; that its sums come to 1081 is inferred."""
    details = receipt.cashless_details
    if not details:
        return
    for at, one in enumerate(details):
        field = f"cashless_details[{at}]"
        yield from text_rules(one.identifiers, f"{field}.identifiers", 1237)
        yield from optional_text(one.extra, f"{field}.extra", 1238)
    due, told = receipt.paid(PaymentKind.CARD), sum(one.amount for one in details)
    if told != due or not all(one.amount for one in details):
        expected, got = format_kopecks(due), format_kopecks(told)
        yield broken(
            "CASHLESS_DETAILS",
            "cashless_details",
            "Σ1082 = 1081, each above zero",
            f"amounts above 0.00 that come to {expected}",
            f"Сведения о безналичных оплатах дают {got}, а картой оплачено {expected}.",
            f"The details of cashless payments come to {got}, by card is paid {expected}.",
            got=got,
        )


def _rounding(receipt: Receipt) -> Iterator[Violation]:
    """Down only, within the kopecks of the lines' sum, and only where cash is paid."""
    off, lines = receipt.cash_rounding, receipt.lines_total
    if not off:
        return
    most = lines % 100
    cashless = sum(receipt.paid(kind) for kind in PaymentKind if kind is not PaymentKind.CASH)
    if off > most:
        yield broken(
            "ROUNDING",
            "cash_rounding",
            "Σ1043 - 1020 ≤ the kopecks of Σ1043",
            f"at most {format_kopecks(most)}",
            f"Округлить можно только вниз и только копейки: из {format_kopecks(lines)} — не больше"
            f" {format_kopecks(most)}, а не {format_kopecks(off)}.",
            f"Only the kopecks may be rounded off, downwards: at most {format_kopecks(most)} of"
            f" {format_kopecks(lines)}, not {format_kopecks(off)}.",
            got=format_kopecks(off),
        )
    elif not receipt.paid(PaymentKind.CASH) or 0 < lines - off <= cashless:
        yield broken(
            "ROUNDING",
            "cash_rounding",
            "1020 is rounded only where 1031 > 0",
            "0.00, or a payment in cash",
            "Округление бывает только при оплате наличными, а здесь их нет.",
            "Rounding goes with a payment in cash; there is none here.",
            got=format_kopecks(off),
        )
