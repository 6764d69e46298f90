"""Rules of one line of a receipt: name, sum, quantity and its VAT rate. See ``rules``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from protocol.ffd.money import MAX_SUM, format_kopecks, format_quantity
from protocol.ffd.rates import CALCULATED, FIRST_DAY, LAST_DAY, USN_ONLY
from protocol.ffd.receipt import Item, Receipt
from protocol.ffd.rules_agent import agent_and_supplier
from protocol.ffd.rules_attributes import sectoral
from protocol.ffd.rules_text import optional_text, text_rules
from protocol.ffd.vat import Vat
from protocol.ffd.violation import Severity, Violation, broken, too_much
from protocol.ffd.vocabulary import PaymentMethod, PaymentObject, Taxation, Unit

_ONLY_MONEY = frozenset({PaymentMethod.ADVANCE, PaymentMethod.CREDIT_PAYMENT})
_HANDED_OVER = frozenset({PaymentMethod.FULL_PAYMENT, PaymentMethod.PARTIAL_PAYMENT, PaymentMethod.CREDIT})


def line(receipt: Receipt, item: Item, field: str, on: date) -> Iterator[Violation]:
    yield from text_rules(item.name, f"{field}.name", 1030)
    yield from optional_text(item.user_data, f"{field}.user_data", 1191)
    yield from optional_text(item.declaration_number, f"{field}.declaration_number", 1231)
    yield from sectoral(item.sectoral_item_props, f"{field}.sectoral_item_props")
    yield from agent_and_supplier(item, field)
    yield from _line_sum(item, field)
    if item.unit is Unit.PIECE and item.quantity != item.quantity.to_integral_value():
        yield broken(
            "QTY_PIECE",
            f"{field}.quantity",
            "2108 = 0 (piece): 1023 is whole",
            'a whole number, or another unit, e.g. "kilogram" or "other"',
            f"Штучный товар нельзя продать дробно: {format_quantity(item.quantity)}. Укажите другую единицу (unit).",
            f"Pieces come in whole numbers, not {format_quantity(item.quantity)}. Give another unit.",
            got=format_quantity(item.quantity),
        )
    yield from _rate_by_date(receipt, item, field, on)
    yield from _rate_by_taxation(receipt, item, field)
    yield from _rate_by_method(receipt, item, field)
    yield from _object_by_method(item, field)


def _line_sum(item: Item, field: str) -> Iterator[Violation]:
    if item.price == 0 and not item.allow_zero_price:
        yield broken(
            "PRICE",
            f"{field}.price",
            "1079 > 0, unless zero is meant",
            "more than 0.00, or allow_zero_price = true",
            "Цена позиции равна нулю. Если так и нужно (подарок), укажите allow_zero_price = true.",
            "The line's price is zero. If that is meant (a gift), give allow_zero_price = true.",
            got="0.00",
        )
    if item.excise is not None and item.excise > MAX_SUM:
        yield too_much(f"{field}.excise", 1229, item.excise)
    if item.price > MAX_SUM:
        yield too_much(f"{field}.price", 1079, item.price)
    if item.sum is not None and abs(item.sum - item.computed_sum) > 1:
        given, right = format_kopecks(item.sum), format_kopecks(item.computed_sum)
        yield broken(
            "ITEM_SUM",
            f"{field}.sum",
            "1043 = 1079 × 1023, at most 0.01 apart",
            right,
            f"Стоимость позиции {given} не равна цене, умноженной на количество: должно быть {right} (±0.01).",
            f"The line's sum {given} is not price × quantity: it should be {right} (±0.01).",
            got=given,
        )


def _rate_by_date(receipt: Receipt, item: Item, field: str, on: date) -> Iterator[Violation]:
    first, last = FIRST_DAY.get(item.vat), LAST_DAY.get(item.vat)
    if first is not None and on < first:
        yield broken(
            "VAT_DATE",
            f"{field}.vat",
            f"1199 = {item.vat.code} exists from {first.isoformat()}",
            f"a rate that exists on {on.isoformat()}",
            f"Ставка {item.vat.value} действует с {first:%d.%m.%Y}, а чек от {on:%d.%m.%Y}.",
            f"The rate {item.vat.value} exists from {first.isoformat()}; the receipt is of {on.isoformat()}.",
            got=item.vat.value,
        )
    old_business = receipt.type.is_return or item.payment_method is PaymentMethod.CREDIT_PAYMENT
    if last is not None and on > last and not old_business:
        new = Vat.VAT22 if item.vat is Vat.VAT20 else Vat.VAT122
        yield broken(
            "VAT20_AFTER_2026",
            f"{field}.vat",
            f"1199 = {item.vat.code} after {last.isoformat()}: returns, corrections and payments of older credit only",
            f'"{new.value}"',
            f"С 2026 года вместо {item.vat.value} действует {new.value}; старая — только для прежних сделок.",
            f"Since 2026 the rate is {new.value} instead of {item.vat.value}; the old one is for older deals only.",
            severity="warning",
            got=item.vat.value,
        )


def _rate_by_taxation(receipt: Receipt, item: Item, field: str) -> Iterator[Violation]:
    usn = receipt.taxation in (Taxation.USN_INCOME, Taxation.USN_INCOME_OUTCOME)
    if receipt.taxation is Taxation.PATENT and item.vat is not Vat.NONE:
        rule, expected = "1055 = 32 (патент): only 1199 = 6", '"none"'
    elif item.vat in USN_ONLY and not usn:
        rule, expected = "1199 = 7…10 (5 and 7 %) only with 1055 = 2 or 4 (УСН)", "a rate of this taxation system"
    else:
        return
    yield broken(
        "VAT_TAXATION",
        f"{field}.vat",
        rule,
        expected,
        f"Ставка {item.vat.value} не бывает при системе налогообложения {receipt.taxation}.",
        f"The rate {item.vat.value} does not exist under the taxation system {receipt.taxation}.",
        severity=_unless_old(receipt, item),
        got=item.vat.value,
    )


def _rate_by_method(receipt: Receipt, item: Item, field: str) -> Iterator[Violation]:
    before = item.payment_method.is_before_delivery
    if before and (calculated := CALCULATED.get(item.vat)) is not None:
        yield broken(
            "VAT_PREPAYMENT",
            f"{field}.vat",
            "1214 = 1, 2, 3 goes with a calculated rate (1199 = 3, 4, 9, 10, 12)",
            f'"{calculated.value}"',
            f"Для предоплаты и аванса нужна расчётная ставка {calculated.value}, а не {item.vat.value}.",
            f"A prepayment or an advance takes the calculated rate {calculated.value}, not {item.vat.value}.",
            severity=_unless_old(receipt, item),
            got=item.vat.value,
        )
    if not before and item.vat in CALCULATED.values():
        yield broken(
            "VAT_CALCULATED",
            f"{field}.vat",
            "1214 = 4…7 usually goes with a direct rate",
            "a direct rate, unless the law names the calculated one for this deal",
            f"Расчётная ставка {item.vat.value} при способе расчёта {item.payment_method} бывает редко: проверьте.",
            f"The calculated rate {item.vat.value} is rare with the method {item.payment_method}: please check.",
            severity="warning",
            got=item.vat.value,
        )


def _unless_old(receipt: Receipt, item: Item) -> Severity:
    """Business begun under other rules (returns, payments of older credit) is only warned about."""
    old = receipt.type.is_return or item.payment_method is PaymentMethod.CREDIT_PAYMENT
    return "warning" if old else "error"


def _object_by_method(item: Item, field: str) -> Iterator[Violation]:
    """Money taken before or after the deal is a "payment"; with a thing handed over goes the thing itself."""
    is_payment = item.payment_object is PaymentObject.PAYMENT
    if item.payment_method in _ONLY_MONEY and not is_payment:
        rule, expected = "1214 = 3 or 7 goes with 1212 = 10", '"payment"'
    elif item.payment_method in _HANDED_OVER and is_payment:
        rule, expected = "1214 = 4, 5, 6 goes with what is handed over", "what is sold"
    else:
        return
    yield broken(
        "PAYMENT_OBJECT",
        f"{field}.payment_object",
        rule,
        expected,
        f"Со способом расчёта {item.payment_method} предмет расчёта {item.payment_object} бывает редко: проверьте.",
        f"With the payment method {item.payment_method} the object {item.payment_object} is rare: please check.",
        severity="warning",
        got=item.payment_object,
    )
