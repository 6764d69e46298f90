"""docs/api.md names every code that the server refuses with, every state, and every word of a receipt."""

from __future__ import annotations

import re
from pathlib import Path

from protocol.crm.codes import CODES
from protocol.crm.jobs import JobState
from protocol.ffd.vat import Vat
from protocol.ffd.vocabulary import (
    MARKED_OBJECTS,
    AgentType,
    PaymentKind,
    PaymentMethod,
    PaymentObject,
    ReceiptType,
    Taxation,
    Unit,
)

ROOT = Path(__file__).parents[2]


def test_every_code_is_documented_and_has_words() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "server").rglob("*.py"))
    raised = set(re.findall(r'(?:Problem|unknown)\(\s*(\d+),\s*"([a-z_]+)"', sources))
    assert len(raised) > 30
    rows = re.findall(r"^\| ([\d, ]+) \| (`[^|]+) \|", (ROOT / "docs/api.md").read_text("utf-8"), re.MULTILINE)
    documented = {
        (status, code)
        for statuses, codes in rows
        for status in statuses.split(", ")
        for code in re.findall(r"`(\w+)`", codes)
    }
    assert raised <= documented
    assert {code for _, code in raised} <= set(CODES)


def test_every_state_is_documented() -> None:
    text = (ROOT / "docs/api.md").read_text("utf-8")
    assert [state for state in JobState if f"`{state.value}`" not in text] == []


def test_every_word_of_a_receipt_is_documented() -> None:
    """A CRM's developer has this page and the OpenAPI document, which leaves a payload open."""
    section = (ROOT / "docs/api.md").read_text("utf-8").partition("### The receipt")[2].partition("\n## ")[0]
    words = (*ReceiptType, *Taxation, *PaymentMethod, *PaymentObject, *PaymentKind, *Unit, *AgentType, *Vat)
    unnamed = {word.value for word in words if f"`{word.value}`" not in section}
    assert unnamed == set()
    assert not any(f"`{word}`" in section for word in MARKED_OBJECTS)  # they are refused
