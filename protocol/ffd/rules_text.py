"""Rules of single values that a person has written: texts, ИНН, phones. See ``rules``."""

from __future__ import annotations

from collections.abc import Iterator

from protocol.ffd.tags import TAGS
from protocol.ffd.text import foreign, phone, printable, valid_inn
from protocol.ffd.violation import Violation, broken


def optional_text(text: str | None, field: str, tag: int) -> Iterator[Violation]:
    if text is not None:
        yield from text_rules(text, field, tag)


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


def inn_rules(inn: str | None, field: str, tag: int, *, whose: tuple[str, str], expected: str) -> Iterator[Violation]:
    """``whose``: in Russian (genitive) and in English (possessive)."""
    if inn is None or valid_inn(inn):
        return
    yield broken(
        "INN",
        field,
        f"{tag}: 10 or 12 digits with right check digits",
        expected,
        f"ИНН {whose[0]} {inn!r} неверен: не сходится длина или контрольная цифра.",
        f"The {whose[1]} ИНН {inn!r} is wrong: its length or a check digit does not fit.",
        got=inn,
    )


def phone_rules(phones: tuple[str, ...], field: str, tag: int) -> Iterator[Violation]:
    for at, given in enumerate(phones):
        if phone(given) is None:
            yield broken(
                "PHONE",
                f"{field}[{at}]",
                f"{tag}: + and 7 to 18 digits",
                '"+74951234567"',
                f"Телефон {given!r} в поле {field}[{at}] неверен: нужны + и от 7 до 18 цифр.",
                f"The phone {given!r} in field {field}[{at}] is wrong: + and 7 to 18 digits are needed.",
                got=given,
            )
