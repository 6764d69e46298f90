"""Rules of a receipt about people: cashier and buyer. See ``rules``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from protocol.ffd.fields import parse_day
from protocol.ffd.receipt import Buyer, Receipt
from protocol.ffd.rules_text import inn_rules, optional_text, text_rules
from protocol.ffd.text import contact
from protocol.ffd.violation import Violation, broken


def people(receipt: Receipt, on: date) -> Iterator[Violation]:
    cashier, buyer = receipt.cashier, receipt.buyer
    if cashier is None:
        yield broken(
            "CASHIER",
            "cashier",
            "1021 stands in every receipt made by a person",
            "position and surname of the cashier",
            "Кассир не указан: в чеке будет тот, кто записан в самой кассе.",
            "No cashier: the receipt will carry the one stored in the register.",
            severity="warning",
        )
    else:
        yield from text_rules(cashier.name, "cashier.name", 1021)
        yield from inn_rules(
            cashier.inn,
            "cashier.inn",
            1203,
            whose=("кассира", "cashier's"),
            expected="12 digits of the cashier's ИНН, or no field at all",
        )
    if buyer is not None:
        yield from _buyer(buyer, on)
    given = None if buyer is None else buyer.contact
    if given is not None and contact(given) is None:
        yield broken(
            "CONTACT",
            "buyer.contact",
            "1008: one phone (+ and 7 to 15 digits) or one e-mail of at most 64 characters",
            '"+79001234567" or "name@example.ru"',
            f"Контакт покупателя {given!r} — не телефон и не адрес почты.",
            f"The buyer's contact {given!r} is neither a phone number nor an e-mail address.",
            got=given,
        )
    if not receipt.print and given is None and not receipt.internet:  # an internet receipt has a rule of its own
        yield broken(
            "CONTACT_REQUIRED",
            "buyer.contact",
            "a receipt that is not printed is sent to 1008",
            "a phone or an e-mail, or print = true",
            "Чек без печати (print = false) возможен, только если указан телефон или почта покупателя.",
            "A receipt can stay unprinted (print = false) only when the buyer's phone or e-mail is given.",
        )


def _buyer(buyer: Buyer, on: date) -> Iterator[Violation]:
    yield from optional_text(buyer.name, "buyer.name", 1227)
    yield from inn_rules(
        buyer.inn, "buyer.inn", 1228, whose=("покупателя", "buyer's"), expected="10 or 12 digits, or no field at all"
    )
    yield from optional_text(buyer.document_data, "buyer.document_data", 1246)
    yield from optional_text(buyer.address, "buyer.address", 1254)
    if buyer.birthdate is not None and parse_day(buyer.birthdate).date() > on:
        yield broken(
            "DATE",
            "buyer.birthdate",
            "1243 is not in the future",
            f"a day up to {on:%d.%m.%Y}",
            f"Дата рождения покупателя {buyer.birthdate} ещё не наступила.",
            f"The buyer's birthdate {buyer.birthdate} is in the future.",
            got=buyer.birthdate,
        )
    if (buyer.document_code is None) != (buyer.document_data is None):
        absent = "document_code" if buyer.document_code is None else "document_data"
        yield broken(
            "BUYER_DOCUMENT",
            f"buyer.{absent}",
            "1245 and 1246 name one document together",
            "both document_code and document_data, or neither",
            f"Документ покупателя указан не полностью: нет поля buyer.{absent}.",
            f"The buyer's document is incomplete: field buyer.{absent} is missing.",
        )
