"""Rules of what a receipt carries beside its sums: place, internet sign, attributes of users, industries, operations.

Sources: format order ЕД-7-20/662@ (tags 1084, 1187, 1192, 1260, 1261, 1270); order ЕД-7-20/236@ (tag 1125 with 1008 and
1187). See ``rules``.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocol.ffd import imprint
from protocol.ffd.attributes import SectoralProps, UserProps
from protocol.ffd.receipt import Receipt
from protocol.ffd.rules_text import optional_text, text_rules
from protocol.ffd.tags import TAGS
from protocol.ffd.text import is_site, printable
from protocol.ffd.violation import Violation, broken
from protocol.ffd.vocabulary import PaymentKind


def place(receipt: Receipt) -> Iterator[Violation]:
    """Where the settlement is made. An internet settlement has a site, a contact, and neither cash nor paper."""
    address = receipt.payment_address
    yield from optional_text(address, "payment_address", 1187)
    if not receipt.internet:
        return
    if receipt.buyer is None or receipt.buyer.contact is None:
        yield broken(
            "INTERNET_CONTACT",
            "buyer.contact",
            "1125 = 1 needs 1008",
            "the buyer's phone or e-mail",
            "Чек расчёта в интернете уходит покупателю только электронно: нужен его телефон или почта.",
            "The receipt of an internet settlement is electronic only: the buyer's phone or e-mail is needed.",
        )
    if address is None or not is_site(printable(address)):
        yield broken(
            "INTERNET_PLACE",
            "payment_address",
            "1125 = 1 needs 1187 = the address of a site",
            '"https://shop.example.ru" or "shop.example.ru"',
            "Место расчёта в интернете — это адрес сайта"
            + ("; он не указан." if address is None else f", а не {address!r}."),
            "The place of an internet settlement is the address of a site"
            + ("; none is given." if address is None else f", not {address!r}."),
            got=address,
        )
    if receipt.print:
        yield broken(
            "INTERNET_PRINT",
            "print",
            "a receipt with 1125 = 1 has an electronic form only",
            "false",
            "Чек расчёта в интернете на бумаге не нужен: укажите print = false.",
            "The receipt of an internet settlement needs no paper: give print = false.",
            severity="warning",
            got="true",
        )
    if receipt.paid(PaymentKind.CASH):
        yield broken(
            "INTERNET_CASH",
            "payments",
            "1125 = 1 is for cashless settlements",
            "no cash",
            "Расчёт в интернете не бывает наличным: проверьте вид оплаты или признак internet.",
            "An internet settlement is cashless: check the payment or the field internet.",
            severity="warning",
        )


def attributes(receipt: Receipt) -> Iterator[Violation]:
    if (user := receipt.additional_user_props) is not None:
        yield from _user_attribute(user)
    yield from optional_text(receipt.additional_check_props, "additional_check_props", 1192)
    yield from sectoral(receipt.sectoral_check_props, "sectoral_check_props")
    if (operation := receipt.operating_check_props) is not None:
        yield from text_rules(operation.value, "operating_check_props.value", 1272)


def sectoral(props: tuple[SectoralProps, ...], field: str) -> Iterator[Violation]:
    for at, one in enumerate(props):
        yield from text_rules(one.number, f"{field}[{at}].number", 1264)
        yield from text_rules(one.value, f"{field}[{at}].value", 1265)


def _user_attribute(user: UserProps) -> Iterator[Violation]:
    """1084 is shared with the job's imprint, by which a lost answer is resolved."""
    field = "additional_user_props"
    yield from text_rules(user.name, f"{field}.name", 1085)
    yield from text_rules(user.value, f"{field}.value", 1086)
    name, value = printable(user.name), printable(user.value)
    room = TAGS[1086].length - imprint.ROOM
    if room < len(value) <= TAGS[1086].length:
        yield broken(
            "IMPRINT_ROOM",
            f"{field}.value",
            f"1086 holds the value and {imprint.ROOM} characters of the job's imprint in {TAGS[1086].length}",
            f"at most {room} characters",
            f"Поле {field}.value длиннее {room} символов ({len(value)}): рядом должен уместиться отпечаток задания.",
            f"Field {field}.value is longer than {room} characters ({len(value)}): the job's imprint stands beside it.",
            got=str(len(value)),
        )
    if imprint.looks_imprinted((name, value)):
        yield broken(
            "IMPRINT_RESERVED",
            field,
            f'1085 = "{imprint.NAME}" and the ending "; {imprint.NAME}=…" of 1086 mark the imprint of a job',
            "another name or another ending",
            f"Реквизит {field} выглядит как отпечаток задания и запутал бы поиск чека: измените название или значение.",
            f"The attribute {field} looks like a job's imprint and would mislead the search for a receipt.",
            got=name,
        )
