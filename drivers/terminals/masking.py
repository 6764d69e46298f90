"""What leaves a terminal's driver: no card number beyond its last four digits, no track, no control characters.

A number of 13 to 19 digits with a right Luhn digit is taken for a card's, wherever it stands in a text, also in groups
with blanks or dashes between them. A reference number (RRN) is a group of twelve digits, too short for a card, and is
never taken for a part of one. A longer number goes as a whole when a card's could be inside. Fields whose meaning is
known (RRN, terminal, merchant) are not texts: they go through ``identifier``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

HIDDEN = "*"
KEPT = 4
SHORTEST, LONGEST = 13, 19
RRN = 12
MERCHANT = 15  # characters of a merchant's number
NO_NUMBER = 64  # digits in a row that are nothing anybody needs, and not worth looking through

_BETWEEN = r"[ \t\xa0\-‐-―]{0,3}"
_RUN = re.compile(rf"[0-9](?:{_BETWEEN}[0-9]){{{SHORTEST - 1},}}")
_GROUP = re.compile(r"[0-9]+")
_TRACK = re.compile(
    r"%?[A-Za-z]([0-9]{12,19})\^[^\^\r\n]{0,60}(?:\^[^?\r\n]{0,80}\??)?"  # 1
    r"|;?([0-9]{12,19})[=D][0-9]{4,}[F?]?",  # 2
    re.IGNORECASE,
)
_CARD = re.compile(r"[2-689]")  # first digits that banks' cards have


def mask(text: str) -> str:
    """``text``, as long as before, with card numbers and tracks in it hidden."""
    text = _TRACK.sub(_masked_track, text)
    hidden = {place for run in _RUN.finditer(text) for place in _places(run)}
    if not hidden:
        return text
    return "".join(HIDDEN if place in hidden else letter for place, letter in enumerate(text))


def card(text: str) -> str:
    """A card number as a terminal tells it, masked in whichever way or not at all: its last four digits."""
    last = re.search(r"[0-9]{1,4}\Z", text.strip())
    if last is None or (len(last[0]) < KEPT and HIDDEN not in text and "X" not in text.upper()):
        return ""
    return HIDDEN * KEPT + last[0]


def identifier(text: str, longest: int = RRN) -> str:
    """What an operation, a terminal or a merchant is known by: as it is, unless it is longer than such names are. Then
    it may be something else, out of a damaged answer, and is a text like any other."""
    return text if len(text) <= longest else mask(text)


def lines(text: str) -> tuple[str, ...]:
    """One copy of a slip: masked, of printable characters alone, without empty lines before and behind."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(8).replace("\xa0", " ")
    masked = mask("".join(letter for letter in text if letter.isprintable() or letter == "\n"))
    kept = [line.rstrip() for line in masked.split("\n")]
    filled = [place for place, line in enumerate(kept) if line]
    return tuple(kept[filled[0] : filled[-1] + 1]) if filled else ()


def luhn(digits: str) -> bool:
    """Whether the last digit is the right one for those before."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) << (place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _masked_track(found: re.Match[str]) -> str:
    """All but the last four digits of the card's number."""
    number = found[1] or found[2]
    before = found[0].index(number)
    behind = len(found[0]) - before - len(number)
    return found[0][:before] + HIDDEN * (len(number) - KEPT) + number[-KEPT:] + HIDDEN * behind


def _places(run: re.Match[str]) -> Iterator[int]:
    """Places in the text of the digits that go."""
    groups = [(run.start() + found.start(), found[0]) for found in _GROUP.finditer(run[0])]
    for first in range(len(groups)):
        places: list[int] = []
        digits = ""
        for start, group in groups[first:]:
            if len(group) == RRN:
                break
            digits += group
            places += range(start, start + len(group))
            if len(places) > LONGEST and len(group) < len(places):
                break
            if _is_card(digits):
                yield from places[:-KEPT]


def _is_card(digits: str) -> bool:
    if len(digits) < SHORTEST:
        return False
    if len(digits) > NO_NUMBER or (len(digits) <= LONGEST and luhn(digits)):
        return True
    return len(digits) > 16 and any(_CARD.match(part) and luhn(part) for part in _parts(digits))


def _parts(digits: str) -> Sequence[str]:
    """What could be a card's number inside a longer one."""
    sizes = range(SHORTEST, LONGEST + 1) if len(digits) > LONGEST else (15, 16)
    return [digits[at : at + size] for size in sizes for at in range(len(digits) - size + 1)]
