"""Rules of a receipt about people and texts: cashier, buyer, and whatever a person has written. See ``rules``."""

from __future__ import annotations

from collections.abc import Iterator

from protocol.ffd.receipt import Receipt
from protocol.ffd.tags import TAGS
from protocol.ffd.text import contact, foreign, printable, valid_inn
from protocol.ffd.violation import Violation, broken


def people(receipt: Receipt) -> Iterator[Violation]:
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
        if cashier.inn is not None and not valid_inn(cashier.inn):
            yield broken(
                "INN",
                "cashier.inn",
                "1203: 10 or 12 digits with right check digits",
                "12 digits of the cashier's ИНН, or no field at all",
                f"ИНН кассира {cashier.inn!r} неверен: не сходится длина или контрольная цифра.",
                f"The cashier's ИНН {cashier.inn!r} is wrong: its length or a check digit does not fit.",
                got=cashier.inn,
            )
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
    if not receipt.print and given is None:
        yield broken(
            "CONTACT_REQUIRED",
            "buyer.contact",
            "a receipt that is not printed is sent to 1008",
            "a phone or an e-mail, or print = true",
            "Чек без печати (print = false) возможен, только если указан телефон или почта покупателя.",
            "A receipt can stay unprinted (print = false) only when the buyer's phone or e-mail is given.",
        )


def text_rules(text: str, field: str, tag: int) -> Iterator[Violation]:
    """The rules of a text that a person wrote and the register stores."""
    limit = TAGS[tag].length
    plain = printable(text)
    if not plain.strip():
        yield broken(
            "EMPTY",
            field,
            f"{tag} is not empty",
            f"1 to {limit} characters",
            f"Поле {field} пустое.",
            f"Field {field} is empty.",
        )
    if strange := foreign(plain):
        shown = " ".join(_named(char) for char in strange[:10])
        yield broken(
            "CHARACTERS",
            field,
            f"{tag} is stored in CP866",
            "Russian and Latin letters, digits, common signs",
            f"В поле {field} есть символы, которых нет в кодировке кассы (CP866): {shown}.",
            f"Field {field} has characters outside the register's code page (CP866): {shown}.",
            got=shown,
        )
    if len(plain) > limit:
        yield broken(
            "NAME_LENGTH" if tag == 1030 else "LENGTH",
            field,
            f"{tag} is at most {limit} characters",
            f"at most {limit} characters",
            f"Поле {field} длиннее {limit} символов: {len(plain)}.",
            f"Field {field} is longer than {limit} characters: {len(plain)}.",
            got=str(len(plain)),
        )
    if plain != text and not strange:
        yield broken(
            "CHARACTERS_REPLACED",
            field,
            f"{tag} is stored in CP866",
            "plain quotes, dashes and spaces",
            f"В поле {field} кавычки, тире или пробелы будут заменены простыми: {plain!r}.",
            f"Quotes, dashes or spaces in field {field} will be replaced by plain ones: {plain!r}.",
            severity="warning",
            got=text,
        )


def _named(char: str) -> str:
    return f"{char} (U+{ord(char):04X})" if char.isprintable() else f"U+{ord(char):04X}"
