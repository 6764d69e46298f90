"""Text as a fiscal register takes it: code page 866, and the checks of ИНН and of the buyer's contact.

Source: format order ЕД-7-20/662@ (strings in CP866; tags 1008, 1018, 1203).
"""

from __future__ import annotations

import re

CODE_PAGE = "cp866"

_TYPOGRAPHY = str.maketrans(
    {
        "«": '"',
        "»": '"',
        "„": '"',
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "‚": "'",
        "–": "-",
        "—": "-",
        "‑": "-",
        "−": "-",
        "×": "x",
        "…": "...",
        "²": "2",
        "³": "3",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
    }
)
_PHONE_NOISE = re.compile(r"[ ()\-]")
_PHONE = re.compile(r"\+[0-9]{7,15}", re.ASCII)
_LONG_PHONE = re.compile(r"\+[0-9]{7,18}", re.ASCII)
_RUSSIAN_PHONE = re.compile(r"[78][0-9]{10}", re.ASCII)
_SITE = re.compile(
    # Cyrillic domains are listed: "г.Москва" and "ул.Ленина" are no sites.
    r"(?:https?://)?(?:[0-9A-Za-zА-Яа-яЁё-]+\.)+(?:[A-Za-z]{2,}|xn--[0-9A-Za-z-]+|рф|рус|сайт|онлайн|дети|орг|ком)"
    r"(?::[0-9]{1,5})?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>.]+")
_INN = re.compile(r"[0-9]{10}|[0-9]{12}", re.ASCII)
_INN_WEIGHTS = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)


def printable(text: str) -> str:
    """The same words with typographic signs that CP866 lacks written in plain ones: « becomes ", — becomes -.

    Only signs without a meaning of their own are touched. What still cannot be encoded is a matter for ``foreign``.
    """
    return text.translate(_TYPOGRAPHY)


def foreign(text: str) -> str:
    """The characters of ``text`` that a register cannot store (not in CP866, or control codes), each once, in order."""
    return "".join(dict.fromkeys(char for char in text if not _storable(char)))


def _storable(char: str) -> bool:
    try:
        return char.encode(CODE_PAGE)[0] >= 0x20 and char != "\x7f"
    except UnicodeEncodeError:
        return False


def valid_inn(inn: str) -> bool:
    """Ten digits (a company) or twelve (a person) with right check digits; no region has the code 00."""
    if _INN.fullmatch(inn) is None or inn.startswith("00"):
        return False
    digits = [int(char) for char in inn]
    checked = (9,) if len(digits) == 10 else (10, 11)
    return all(digits[at] == _check_digit(digits[:at]) for at in checked)


def _check_digit(digits: list[int]) -> int:
    weights = _INN_WEIGHTS[-len(digits) :]
    return sum(w * d for w, d in zip(weights, digits, strict=True)) % 11 % 10


def phone(text: str) -> str | None:
    """A phone of an agent or a supplier in the form of tags 1073 to 1075 and 1171: "+" and 7 to 18 digits.

    Spaces, brackets and dashes go, a Russian number may lack its plus, as in ``contact``. ``None``: not a phone.
    """
    plain = _plain_phone(text)
    return plain if _LONG_PHONE.fullmatch(plain) else None


def is_site(text: str) -> bool:
    """Whether a place of settlement is an address in the internet: a host with a domain, perhaps with a path."""
    return _SITE.fullmatch(text) is not None


def _plain_phone(text: str) -> str:
    plain = _PHONE_NOISE.sub("", text)
    return "+7" + plain[1:] if _RUSSIAN_PHONE.fullmatch(plain) else plain


def contact(text: str) -> str | None:
    """A buyer's phone or e-mail in the form of tag 1008, or ``None`` when ``text`` is neither.

    A phone may be written with spaces, brackets and dashes and, if Russian, without the plus: the result is "+79…".
    """
    if "@" in text:
        good = _EMAIL.fullmatch(text) is not None and not foreign(text) and len(text) <= 64
        return text if good else None
    plain = _plain_phone(text)
    return plain if _PHONE.fullmatch(plain) else None
