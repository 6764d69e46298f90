"""Part of what ``make bytes`` does to its full extent: the answers around the closing command, and one short exchange;
to the last byte where they are short, otherwise the faults take turns at the bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.bytes.families import FAMILIES, REGISTERS, TERMINALS
from tests.bytes.faulty import Direction, Fault
from tests.bytes.places import everything
from tests.bytes.run import NAMED, Piece, clean_run, judge, pieces, positions
from tests.bytes.scenarios import SCENARIOS, fits
from tests.bytes.world import prepared

EXCHANGES = [("Close", Direction.IN), ("ReadArchiveEnd", Direction.OUT), ("ReadArchiveEnd", Direction.IN)]


@pytest.mark.parametrize("fault", NAMED)
@pytest.mark.parametrize(("ask", "direction"), EXCHANGES)
@pytest.mark.parametrize("family", [family.name for family in REGISTERS])
def test_every_byte_of_an_exchange_within_a_receipt(family: str, ask: str, direction: Direction, fault: Fault) -> None:
    scenario = SCENARIOS["receipt"]
    with prepared(FAMILIES[family], scenario.before, scenario.wanted) as template:
        clean = clean_run(template, scenario)
        span = next(each for each in clean.spans if each.ask == ask)
        turns = -(-len(span.of(direction)) // FAMILIES[family].sample)
        every = span.of(direction)[NAMED.index(fault) % turns :: turns]
        piece = Piece(family, scenario.name, direction, every, (fault,))
        (tally,) = judge(template, scenario, clean, piece).values()
    assert tally.wrong == []
    # One byte, and a register that is well: nothing stands in the way of the receipt.
    assert tally.ends == {"done": len(every)}


@pytest.mark.parametrize("fault", NAMED)
@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("family", [family.name for family in TERMINALS])
def test_bytes_of_a_payment(family: str, direction: Direction, fault: Fault) -> None:
    """Spread over the movement itself: what the bank has booked is what the job says, or a person is asked."""
    if direction is Direction.OUT and fault in FAMILIES[family].beneath:
        pytest.skip("left to the layer beneath")
    scenario = SCENARIOS["next_payment"]
    with prepared(FAMILIES[family], scenario.before, scenario.wanted) as template:
        clean = clean_run(template, scenario)
        span = next(each for each in clean.spans if each.ask == "Move").of(direction)
        step = max(1, len(span) // FAMILIES[family].sample)
        every = span[NAMED.index(fault) :: step]
        (tally,) = judge(template, scenario, clean, Piece(family, scenario.name, direction, every, (fault,))).values()
    assert tally.wrong == []
    assert tally.cases == len(every) > 10
    assert set(tally.ends) <= {"done", "not_done", "human"}


CONVERSATIONS = [
    (family.name, name) for family in FAMILIES.values() for name, each in SCENARIOS.items() if fits(family, each)
]


@pytest.mark.parametrize(("family", "name"), CONVERSATIONS)
def test_the_cases_of_a_conversation_leave_no_byte_out(family: str, name: str) -> None:
    scenario = SCENARIOS[name]
    with prepared(FAMILIES[family], scenario.before, scenario.wanted) as template:
        clean = clean_run(template, scenario)
    found = pieces(family, scenario, tuple(Direction), (Fault.CUT,), heads=True)
    for direction, said in clean.streams.items():
        own = clean.spans[0].of(direction).start
        every = list(range(0 if scenario.opening else own, len(said)))
        assert positions(scenario, clean, direction) == every
        assert [at for piece in found if piece.direction is direction for at in piece.positions] == every
        moved = [at for span in clean.spans for at in span.of(direction)]
        assert moved == list(range(own, len(said))), "every byte of the job's own belongs to something that was asked"


def test_every_family_plays_its_opening_in_one_scenario() -> None:
    for family in FAMILIES.values():
        opening = [scenario.name for scenario in SCENARIOS.values() if scenario.opening and fits(family, scenario)]
        assert opening == ["payment" if family.terminal else "receipt"]


@pytest.mark.parametrize("family", [family.name for family in REGISTERS if family.places is not everything])
def test_over_http_every_body_is_struck_and_nothing_but_heads_is_left_out(family: str) -> None:
    scenario = SCENARIOS["receipt"]
    with prepared(FAMILIES[family], scenario.before, scenario.wanted) as template:
        clean = clean_run(template, scenario)
    for direction, said in clean.streams.items():
        found = pieces(family, scenario, (direction,), (Fault.CUT,))
        struck = [at for piece in found for at in piece.positions]
        bodies, heads = (bytes(said[at] for at in every) for every in (struck, sorted({*range(len(said))} - {*struck})))
        assert len(list(texts(bodies.decode()))) > 10
        *each, end = heads.split(b"\r\n\r\n")
        assert end == b""
        for first, *fields in (head.split(b"\r\n") for head in each):
            assert re.fullmatch(rb"(GET|POST) \S+ HTTP/1.1|HTTP/1.1 \d{3} [A-Za-z ]+", first)
            assert all(re.fullmatch(rb"[A-Za-z-]+: [^{}]+", field) for field in fields)


def texts(bodies: str) -> Iterator[object]:
    """JSON, one after another."""
    while bodies:
        value, end = json.JSONDecoder().raw_decode(bodies)
        bodies = bodies[end:]
        yield value
