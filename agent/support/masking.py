"""What must not be read in traces, logs and bundles: card data, PIN blocks, buyers' contacts, secrets.

One filter, two forms: ``mask_text`` and ``mask_bytes``. Both keep the length; what is hidden becomes ``*``. Of a card
number at most the first six and the last four digits stay.

A number is a card's when an issuer gives out such numbers (first digits and length) and its Luhn digit is right. Two
things are told apart by form wherever they stand: a UUID, and a GS1 code that begins with ``01``, a GTIN with a right
check digit and ``21`` (a marking code). In a field that is known (``FISCAL``) a value of that field's form is kept as
it is: GTIN-13 begins with 4 for many goods and one in ten has a right Luhn digit; a fiscal drive may be numbered like
a card that begins with 8 or 9. Elsewhere such a number is hidden. The other side of it: a card number of exactly that
form would stay in a field that only a register fills. Fiscal signs and ИНН are too short to be taken for cards, real
registration numbers begin with zeros and fiscal drives with 7, 8 or 9. Docs: ``docs/traces.md``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

HIDDEN = "*"
WITHHELD = "***"
"""Stands for a whole value whose field is a secret."""

FIRST, LAST = 6, 4  # digits of a card number that may stay
SHORTEST, LONGEST = 13, 19
_INSIDE = 15
"""Fewest digits of a card number that is sought inside a longer number: shorter ones stand alone."""
_PACKED_VARIETY = 4
"""Different digits of a card number in packed decimal: a small binary number with many zero bytes has fewer."""

_ISSUERS = re.compile(
    r"(?:4(?:\d{12}|\d{15}|\d{17,18})"  # Visa
    r"|5[1-5]\d{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|220[0-4]\d{12,15}"  # Мир
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-59]|[689]\d)\d{11,16}"  # Diners
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|(?:50|5[6-8]|6\d)\d{11,17}"  # Maestro, UnionPay, Discover
    r"|81[0-7]\d{13,16}|8600\d{12}|9860\d{12}|9112\d{12})"  # UnionPay, Uzcard, Humo, Белкарт
)

_SEPARATOR = r"[\s\x00\x1d_./|?\-\u2010-\u2015\x80\x90-\x97\xad\xc2\xc4\xe2\xff]{0,3}"
"""Blanks, dashes, zeros, what a code page makes of a letter that it lacks; no colon: times stay whole. The last few
are the bytes of such in CP1251, CP866 and UTF-8."""
_NUMBER = re.compile(rf"[0-9](?:{_SEPARATOR}[0-9]){{{SHORTEST - 1},}}")
_UUID = re.compile(
    r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f])"
)
_GS1 = re.compile(r"(?<![0-9])01([0-9]{14})21")
_TRACK1 = re.compile(r"%?[A-Z]([0-9]{12,19})\^[^\^]{2,26}\^[^?;\r\n\"]{0,60}\??")
_TRACK2 = re.compile(r";?([0-9]{12,19})[=D](?=[0-9]{7})[0-9]+[F?]?", re.IGNORECASE)
_PIN = re.compile(r"(?i)(?:pin[ _\-]?(?:block|data)?|пин)[\"'\s]*[:=]?[\"'\s]*([0-9A-F]{16}|[0-9A-F]{32})(?![0-9A-F])")
_HEX = re.compile(r"[0-9A-Fa-f]{2}(?:[ :\-]?[0-9A-Fa-f]{2}){6,}")
_PACKED = re.compile(
    rb"[\x00-\x09\x10-\x19\x20-\x29\x30-\x39\x40-\x49\x50-\x59\x60-\x69\x70-\x79\x80-\x89\x90-\x99]{6,}"
)
_DIGITS_OF_TEXT = re.compile(r"[0-9]?(?:3[0-9]|20|00)+[0-9]?")
_TEXT = re.compile(rb"[\x20-\x7e]{12,}")
"""Packed decimal that is more likely text, which is read as such: digits, and longer texts of any letters."""
_PACKED_TRACK = re.compile(r"([0-9]{12,19})d[0-9]{7,}f?")

_EMAIL = re.compile(r"[\w.%+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_PHONE = re.compile(
    r"(?<![0-9.])(?:\+[0-9]|[78](?=[\s(\-]{0,2}9))[\s(\-]{0,2}[0-9]{3}[\s)\-]{0,2}[0-9]{3}[\s\-]?[0-9]{2}[\s\-]?[0-9]{2,4}"
    r"(?![0-9])"
)
_SECRET = re.compile(
    r"(?i)(\b(?:bearer|basic)\s+|[\"']?\b[\w\-]*(?:password|passwd|secret|token|private_key|api_key|пароль)[\"']?\s*[:=]\s*[\"']?)"
    r"([^\s\"',;&}]{3,})"
)

SECRETS = frozenset(
    {
        "password", "passwd", "secret", "token", "private_key", "api_key", "authorization", "pin", "pin_block",
        "pinblock", "track1", "track2", "credentials",
    }
)  # fmt: skip
"""Fields whose value is withheld as a whole."""


def _gs1_is_right(digits: str) -> bool:
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return weighted % 10 == 0


def _is_gtin(value: str) -> bool:
    return len(value) in (8, 12, 13, 14) and value.isascii() and value.isdigit() and _gs1_is_right(value)


def _is_drive(value: str) -> bool:
    return re.fullmatch(r"[789][0-9]{15}", value) is not None


def _is_registration(value: str) -> bool:
    return re.fullmatch(r"[0-9]{16}", value) is not None


def _is_hash(value: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", value) is not None


FISCAL: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        **dict.fromkeys(("fn", "fn_serial", "fnNumber", "known_fn"), _is_drive),
        **dict.fromkeys(("registration_number", "registrationNumber", "rnm"), _is_registration),
        **dict.fromkeys(("gtin", "ean13", "ean8", "GTIN", "ean_13"), _is_gtin),
        **dict.fromkeys(("hash", "head", "body_hash", "payload_hash", "schema_hash"), _is_hash),
    }
)
"""Known fields and the form of what belongs there."""


def luhn_is_right(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = ord(digit) - 48
        if place % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def is_card_number(digits: str) -> bool:
    """Whether an issuer could have given out this number."""
    return _ISSUERS.fullmatch(digits) is not None and luhn_is_right(digits)


# --- text ------------------------------------------------------------------------------------------------------------


def mask_text(text: str, field: str = "") -> str:
    """``text`` with everything of the kind hidden, as long as before. ``field``: the name of the field whose whole
    value it is, where that is known."""
    if field.lower() in SECRETS:
        return HIDDEN * len(text)
    known = FISCAL.get(field)
    if known is not None and known(text):
        return text
    text = _mask_hex(text)
    hidden = [False] * len(text)
    for start, end in _hidden_spans(text):
        hidden[start:end] = [True] * (end - start)
    if not any(hidden):
        return text
    return "".join(HIDDEN if hide else letter for letter, hide in zip(text, hidden, strict=True))


def _hidden_spans(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_TRACK1, _TRACK2):
        for found in pattern.finditer(text):
            yield found.start(1) + FIRST, found.end(1) - LAST
            yield found.end(1), found.end()
    for found in _PIN.finditer(text):
        yield found.span(1)
    for found in _SECRET.finditer(text):
        yield found.span(2)
    kept = [found.span() for found in _UUID.finditer(text)]
    kept += [found.span() for found in _GS1.finditer(text) if _gs1_is_right(found[1])]
    for start, end in (*_cards(text), *_contacts(text)):
        if not any(first < end and start < last for first, last in kept):
            yield start, end


def _cards(text: str) -> Iterator[tuple[int, int]]:
    """Places of the digits that go, of every card number; a number may be split by separators."""
    for found in _NUMBER.finditer(text):
        places = [at for at in range(found.start(), found.end()) if "0" <= text[at] <= "9"]
        digits = "".join(text[at] for at in places)
        for first, last in _windows(places):
            if is_card_number(digits[first:last]):
                yield places[first + FIRST], places[last - LAST - 1] + 1


def _windows(places: list[int]) -> Iterator[tuple[int, int]]:
    """Where a card number could begin and end among digits at these places: whole groups, or a part of one group."""
    count = len(places)
    begins = [at == 0 or places[at] != places[at - 1] + 1 for at in range(count)] + [True]
    for first in range(count - SHORTEST + 1):
        for size in range(SHORTEST, min(LONGEST, count - first) + 1):
            last = first + size
            whole = begins[first] and begins[last]
            one_group = size >= _INSIDE and not any(begins[first + 1 : last])
            if whole or one_group:
                yield first, last


def _contacts(text: str) -> Iterator[tuple[int, int]]:
    if "@" in text:
        for found in _EMAIL.finditer(text):
            for letters in re.finditer(r"[^@.]+", found[0]):
                yield found.start() + letters.start(), found.start() + letters.end()
    for found in _PHONE.finditer(text):
        digits = [at for at in range(found.start(), found.end()) if text[at].isdigit()]
        for at in digits[1:-2]:
            yield at, at + 1


def _mask_hex(text: str) -> str:
    """Bytes written in hexadecimal digits."""
    if _HEX.search(text) is None:
        return text
    return _HEX.sub(_masked_hex, text)


def _masked_hex(found: re.Match[str]) -> str:
    whole = found[0]
    if _UUID.fullmatch(whole):
        return whole
    places = [at for at, letter in enumerate(whole) if letter not in " :-"]
    data = bytes.fromhex("".join(whole[at] for at in places))
    masked = mask_bytes(data, packed=not re.sub(r"[ :\-]", "", whole).isdigit())
    if masked == data:
        return whole
    letters = list(whole)
    for at, old, new in zip(places, data.hex(), masked.hex(), strict=True):
        if old != new:
            letters[at] = new
    return "".join(letters)


# --- bytes -----------------------------------------------------------------------------------------------------------


def mask_bytes(data: bytes, *, packed: bool = True) -> bytes:
    """The same for bytes: ASCII and every code page that contains it (CP866, CP1251, UTF-8), UTF-16, and with
    ``packed`` packed decimal digits, whose hidden ones become Fh. Numbers that are binary are not read."""
    if _WORTH_READING.search(data) is not None:
        data = mask_text(data.decode("latin-1")).encode("latin-1")
    return _mask_packed(data) if packed and _PACKED.search(data) is not None else data


_WORTH_READING = re.compile(rb"@|[0-9](?:[^0-9]{0,3}[0-9]){8}|(?i:pass|secret|token|bearer|basic|pin|key)")
"""Most frames hold nothing of the kind, and are not searched any longer than this takes."""


def _mask_packed(data: bytes) -> bytes:
    nibbles = list(data.hex())
    for start, end in _packed_spans(data):
        nibbles[start:end] = "f" * (end - start)
    return bytes.fromhex("".join(nibbles))


def _packed_spans(data: bytes) -> Iterator[tuple[int, int]]:
    """Places of the half bytes that go."""
    texts = [found.span() for found in _TEXT.finditer(data)]
    for run in _PACKED.finditer(data):
        digits, offset = run[0].hex(), 2 * run.start()
        for first in range(len(digits) - SHORTEST + 1):
            for last in range(first + SHORTEST, min(first + LONGEST, len(digits)) + 1):
                place = run.start() + first // 2
                is_text = any(start <= place < end for start, end in texts)
                if not is_text and _is_packed_card(digits[first:last]) and _fills_bytes(digits, first, last):
                    yield offset + first + FIRST, offset + last - LAST
    for found in _PACKED_TRACK.finditer(data.hex()):
        if any(start <= found.end(1) // 2 < end for start, end in texts):
            continue
        digits = found[1]
        for first in range(len(digits) - SHORTEST + 1):  # what stands before it may be decimal, too
            if is_card_number(digits[first:]):
                yield found.start() + first + FIRST, found.end(1) - LAST
                yield found.end(1), found.end()
                break


def _is_packed_card(digits: str) -> bool:
    return is_card_number(digits) and len(set(digits)) >= _PACKED_VARIETY and _DIGITS_OF_TEXT.fullmatch(digits) is None


def _fills_bytes(digits: str, first: int, last: int) -> bool:
    """A number fills whole bytes; one of odd length is filled up by a zero before or a zero behind."""
    before = first % 2 == 0 or digits[first - 1] == "0"
    behind = last % 2 == 0 or digits[last] == "0"
    return before and behind


# --- values ----------------------------------------------------------------------------------------------------------


def mask_value(value: Any, field: str = "") -> Any:
    """A JSON value with every text in it masked by its field's name; a secret's value becomes ``WITHHELD``."""
    if field.lower() in SECRETS:
        return WITHHELD
    match value:
        case str():
            return mask_text(value, field)
        case bool() | float() | None:
            return value
        case int():
            text = str(value)
            masked = mask_text(text, field)
            return value if masked == text else masked
        case Mapping():
            return {mask_text(str(name)): mask_value(each, str(name)) for name, each in value.items()}
        case list() | tuple():
            return [mask_value(each, field) for each in value]
        case _:
            return mask_text(str(value), field)


_PAIR = re.compile(r'"([^"\\]{1,64})"(\s*:\s*)"((?:[^"\\]|\\.)*)"')


_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def _masked_escapes(found: re.Match[str]) -> str:
    """A string with escapes goes as a whole when something in it has to be hidden."""
    written = found[1]
    if "\\" not in written:
        return found[0]
    try:
        text = json.loads(f'"{written}"')
    except ValueError:
        text = written
    return found[0] if mask_text(text) == text else f'"{HIDDEN * len(written)}"'


def mask_json(text: str) -> str:
    """JSON as text, as long as before: the values of known fields by their names, all else as text."""
    if "\\" in text:
        text = _STRING.sub(_masked_escapes, text)
    out: list[str] = []
    place = 0
    for found in _PAIR.finditer(text):
        out.append(mask_text(text[place : found.start()]))
        out.append(f'"{found[1]}"{found[2]}"{mask_text(found[3], found[1])}"')
        place = found.end()
    return "".join((*out, mask_text(text[place:])))
