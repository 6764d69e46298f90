"""Codes that people see: random letters of which none looks like another, read however they were typed."""

from __future__ import annotations

from server.problems import FieldError, Problem
from server.world import World

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that looks like something else
_LOOK_ALIKES = str.maketrans("АВЕКМНРСТХ", "ABEKMHPCTX")


def made(world: World, length: int) -> str:
    return "".join(ALPHABET[_below(world, len(ALPHABET))] for _ in range(length))


def _below(world: World, limit: int) -> int:
    while True:
        value = world.random_bytes(1)[0]
        if value < 256 - 256 % limit:  # every letter equally likely
            return value % limit


def normalised(text: str) -> str:
    """The code as it was made: upper case, no blanks or dashes, Latin letters for Cyrillic look-alikes.

    Raises ``Problem`` ``pair_code_letter`` with the position of a character that can be in no code.
    """
    code = "".join(text.split()).replace("-", "").upper().translate(_LOOK_ALIKES)
    for position, letter in enumerate(code, 1):
        if letter not in ALPHABET:
            shown = text.strip()[:64]
            raise Problem(
                422,
                "pair_code_letter",
                errors=[
                    FieldError(
                        "code",
                        "alphabet",
                        ALPHABET,
                        "E_LETTER",
                        f"Знак «{letter}» на месте {position} в «{shown}» не бывает в коде.",
                        f"The character «{letter}» at position {position} of «{shown}» is in no code.",
                    )
                ],
            )
    return code
