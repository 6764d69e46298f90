"""Where a document's words are not those that were asked for."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from protocol.ffd.differing import Differing, differing
from protocol.ffd.forms import VERSION_CODES, VERSIONS, head_records, line_records
from protocol.ffd.planned import PlannedReceipt
from protocol.ffd.tlv import decode_document, encode_all
from tests.protocol.ffd.payloads import item, payload, planned

Tags = dict[str, Any]


def receipt() -> PlannedReceipt:
    return planned(payload(item(name="Сборка"), item(name="Доставка"), card="200.00"))


def made(plan: PlannedReceipt, ffd: str = "1.2") -> Tags:
    """The tags of the document that was asked for."""
    lines = [
        ((1030, line.name), (1079, line.price), (1023, line.quantity), (1043, line.total), (1214, line.payment_method),
         (1212, line.payment_object), *line_records(line, ffd))
        for line in plan.lines
    ]  # fmt: skip
    head = ((1055, plan.taxation), (1209, VERSION_CODES[ffd]), *head_records(plan, ffd))
    return decode_document(encode_all([*head, *((1059, line) for line in lines)]))


@pytest.mark.parametrize("ffd", VERSIONS)
def test_a_document_as_it_was_asked_for_differs_in_nothing(ffd: str) -> None:
    assert differing(made(receipt(), ffd), receipt()) == ()


def _in_line(tag: str, value: Any) -> Callable[[Tags], Any]:
    return lambda tags: tags["1059"][1].update({tag: value})


CASES: list[tuple[str, Callable[[Tags], Any], tuple[int, int | None, Any]]] = [
    ("a letter too many", _in_line("1030", "Доставкка"), (1030, 2, "Доставкка")),
    ("another quantity", _in_line("1023", "2"), (1023, 2, "2")),
    ("another price", _in_line("1079", "1.00"), (1079, 2, "1.00")),
    ("another object", _in_line("1212", 2), (1212, 2, 2)),
    ("another unit", _in_line("2108", 11), (2108, 2, 11)),
    ("the cashier", lambda tags: tags.update({"1021": "Иванова"}), (1021, None, "Иванова")),
    ("the taxation", lambda tags: tags.update({"1055": 32}), (1055, None, 32)),
]


@pytest.mark.parametrize(("happens", "told"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_differs_is_told_with_both_values(
    happens: Callable[[Tags], Any], told: tuple[int, int | None, Any]
) -> None:
    plan = receipt()
    tags = made(plan)
    asked = copy.deepcopy(tags)
    happens(tags)
    tag, line, stands = told
    before = asked if line is None else asked["1059"][line - 1]
    assert differing(tags, plan) == (Differing(tag, line, before[str(tag)], stands),)


def test_what_has_no_form_as_a_tag_is_not_compared_and_ends_nothing() -> None:
    """Above a maker's library nobody has made tags of it before the receipt was printed."""
    plan = receipt()
    tags = made(plan)
    odd = replace(plan, cashier_name="中文", lines=(replace(plan.lines[0], name="Я" * 4000), plan.lines[1]))
    assert differing(tags, odd) == ()


@pytest.mark.parametrize("tags", [{}, {"1059": []}, {"1059": [{"1030": "Другое"}]}, {"1059": "00"}])
def test_what_the_archive_does_not_keep_is_not_held_against_it(tags: Tags) -> None:
    """Another number of lines is a matter for a person, not a word."""
    assert differing(tags, receipt()) == ()
