"""The documentation shows the tables of the code, and names what the code has."""

from __future__ import annotations

import pytest

from protocol.crm.jobs import JobState
from protocol.crm.link_machine import AgentLink
from protocol.crm.messages import TYPES
from tests.support.write_docs import DOCS, PAGES, PARTS, filled, parts_of


@pytest.mark.parametrize("name", PAGES)
def test_the_generated_parts_are_current(name: str) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    assert filled(page) == page, "run: python -m tests.support.write_docs"


def test_every_part_is_shown_somewhere() -> None:
    assert set().union(*(parts_of((DOCS / name).read_text(encoding="utf-8")) for name in PAGES)) == set(PARTS)


def test_an_old_part_is_noticed() -> None:
    assert "queued" in filled("x\n<!-- generated: job machine -->\nold\n<!-- end -->\ny")


def test_every_message_and_state_is_explained_by_hand_too() -> None:
    protocol = (DOCS / "crm-protocol.md").read_text(encoding="utf-8")
    by_hand = protocol.split("<!-- generated: messages -->")[0]
    assert {type_ for type_ in TYPES if f"`{type_}`" not in by_hand} == set()
    assert {state for state in AgentLink if state.value not in protocol} == set()
    machine = (DOCS / "job-machine.md").read_text(encoding="utf-8").split("<!-- generated")[0]
    assert {state for state in JobState if f"`{state}`" not in machine} == set()
