"""Card numbers and tracks that must not survive, numbers that must, and the search for the former in anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from random import Random

from tests.agent.support.cards import card_number

SEED = 20261123
MANY = 10_000
WINDOW = 12
"""Digits of a card number, one behind another, that are a leak wherever they stand. Four may stay, and one number of
13 digits has no more than 13."""
MARKS = ("", " ", "-", "  ", " - ", "\xa0")
DIGITS = "0123456789"


def pans(count: int = MANY, seed: int = SEED) -> list[str]:
    random = Random(seed)
    return [card_number(random) for _ in range(count)]


def written(pan: str, random: Random) -> str:
    """As a slip may have it: whole, or in groups."""
    mark, cut = random.choice(MARKS), random.choice((1, 3, 4, 5, 6))
    return mark.join(pan[at : at + cut] for at in range(0, len(pan), cut))


def track(pan: str, random: Random) -> str:
    rest = f"{random.randrange(26, 40)}{random.randrange(1, 13):02d}" + "".join(random.choices(DIGITS, k=13))
    return random.choice((";{}={}?", "{}={}", "{}D{}F", "%B{}^IVANOV/IVAN^{}?")).format(pan, rest)


def survivors(count: int = MANY, seed: int = SEED + 1) -> Iterator[str]:
    """What a slip says of an operation, and of a receipt beside it."""
    random = Random(seed)

    def digits(size: int) -> str:
        return "".join(random.choices(DIGITS, k=size))

    def day() -> str:
        return f"{random.randrange(1, 29):02d}.{random.randrange(1, 13):02d}.20{random.randrange(20, 40)}"

    def hour() -> str:
        return f"{random.randrange(24):02d}:{random.randrange(60):02d}:{random.randrange(60):02d}"

    forms = (
        lambda: f"RRN: {digits(12)}",
        lambda: f"{digits(12)} {digits(6)}",
        lambda: f"{digits(6)}  {digits(12)}",
        lambda: f"Код авторизации: {digits(6)}",
        lambda: f"Сумма (Руб): {random.randrange(1, 10**7)}.{digits(2)}",
        lambda: f"Сумма: {random.randrange(1, 1000)} {digits(3)} {digits(3)},{digits(2)}",
        lambda: f"{day()} {hour()} ЧЕК {digits(4)}",
        lambda: f"{day()}              {hour()}",
        lambda: f"ФД {random.randrange(1, 10**6)} ФП {digits(10)}",
        lambda: f"ИНН {digits(10)}",
        lambda: f"ИНН {digits(12)}",
        lambda: f"Терминал: {digits(8)} Мерчант: {digits(12)}",
        lambda: f"Карта: {'*' * 12}{digits(4)}",
    )
    for _ in range(count):
        yield random.choice(forms)()


class Search:
    """For all of them at once."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self._windows = {
            number[at : at + WINDOW]: number for number in numbers for at in range(len(number) - WINDOW + 1)
        }

    def found(self, data: bytes | str) -> list[str]:
        """Card numbers of which so many digits can be read there: with anything but letters and digits between them,
        or packed, two to a byte."""
        text = data.decode("latin-1") if isinstance(data, bytes) else data
        ways = [re.sub(r"[^0-9A-Za-z*]", "", text)]
        if isinstance(data, bytes):
            ways.append(data.hex())
        return [number for way in ways for number in self._in(way)]

    def _in(self, text: str) -> Iterator[str]:
        for run in re.finditer(rf"[0-9]{{{WINDOW},}}", text):
            digits = run[0]
            for at in range(len(digits) - WINDOW + 1):
                if (number := self._windows.get(digits[at : at + WINDOW])) is not None:
                    yield number


def batches(numbers: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (numbers[at : at + size] for at in range(0, len(numbers), size))
