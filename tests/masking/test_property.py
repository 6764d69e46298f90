"""Ten thousand of each, over the one rule that every driver uses (``drivers/terminals/masking.py``)."""

from __future__ import annotations

import re
from random import Random

import pytest

from drivers.terminals.masking import identifier, lines, mask
from drivers.terminals.slips import copies
from tests.masking.canaries import MANY, MARKS, Search, pans, survivors, track, written

AROUND = ("{}", "Карта: {}", "{} 12/28", "pan={};", "№{}.", "CARD{}VISA", "{}\n150.00", "150.00\n{}")


def test_the_search_finds_what_is_there() -> None:
    search = Search(pans(100))
    for pan in pans(100):
        assert search.found(f"x{' '.join(pan)}y".encode())
        assert search.found(bytes.fromhex(pan if len(pan) % 2 == 0 else f"{pan}f"))
        assert search.found(pan[:12])
    assert not search.found("*" * 12 + pans(1)[0][-4:])


def test_no_card_number_survives_however_it_is_written() -> None:
    random, numbers = Random(1), pans()
    search = Search(numbers)
    assert len(numbers) == MANY
    for pan in numbers:
        text = random.choice(AROUND).format(written(pan, random))
        masked = mask(text)
        assert len(masked) == len(text)
        assert not search.found(masked), (text, masked)


@pytest.mark.parametrize("mark", [*MARKS, "\t", "–", "‑"])
def test_no_group_of_digits_survives(mark: str) -> None:
    numbers = pans(1000, seed=5)
    search = Search(numbers)
    for pan in numbers:
        for cut in (1, 4, 6):
            masked = mask(mark.join(pan[at : at + cut] for at in range(0, len(pan), cut)))
            assert not search.found(masked), (pan, masked)


def test_no_track_survives() -> None:
    random, numbers = Random(2), pans()
    search = Search(numbers)
    for pan in numbers:
        text = track(pan, random)
        masked = mask(text)
        assert not search.found(masked), (text, masked)
        assert sum(sign.isdigit() for sign in masked) == 4, (text, masked)
        assert "IVANOV" not in masked


def test_a_slip_of_ten_thousand_cards() -> None:
    random, numbers = Random(3), pans()
    slip = "\n".join(f"КАРТА {written(pan, random)}" for pan in numbers)
    (told,) = copies(slip, divider())
    assert len(told) == MANY
    assert not Search(numbers).found("\n".join(told))
    assert all(line.startswith("КАРТА") for line in told)


def divider() -> re.Pattern[str]:
    return re.compile("\x01")


def test_what_an_operation_is_found_by_is_not_mangled() -> None:
    told = list(survivors())
    assert len(told) == MANY
    assert [line for line in told if mask(line) != line] == []
    assert lines("\n".join(told)) == tuple(told)


@pytest.mark.parametrize("known", ["606012345678", "411111", "794566009041", "28034063", "0007", ""])
def test_a_name_is_left_as_it_is(known: str) -> None:
    assert identifier(known) == known


def test_a_card_number_in_the_place_of_a_name_is_hidden() -> None:
    numbers = pans(1000, seed=6)
    search = Search(numbers)
    assert not any(search.found(identifier(pan)) for pan in numbers)
