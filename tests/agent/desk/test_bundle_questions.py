"""Bundles over the local channel: what is asked of the running agent, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.desk.pin import ManagerPin
from agent.desk.requests import SupportRequests
from agent.desk.service import PART, DeskService
from agent.problems import UserError
from agent.support.bundle.collect import Bundle, Entry
from protocol.crm.support import Bundle as BundleAsked
from tests.agent.desk.log_desk import Watching
from tests.agent.desk.support_desk import Support
from tests.agent.tray.pictures import picture
from tests.support.crm import AGENT, KID
from tests.support.job_books import bench

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[tuple[Support, Ask]]:
    """Somebody at support has asked for a bundle, ``rq_1``."""
    with bench(tmp_path) as book:
        support = Support(book.hands)
        requests = SupportRequests(support.means())
        asked = BundleAsked(request_id="rq_1", agent_id=AGENT, person="Ольга", reason="…", lives_s=900, kid=KID)
        requests.receive(support.key.signed("bundle", asked))
        pin = ManagerPin(tmp_path, book.hands.now)
        handlers: Mapping[str, Any] = DeskService(
            book.book, pin, picture, requests, Watching(book.hands, tmp_path).watch
        ).handlers()

        def ask(what: str, **params: Any) -> dict[str, Any]:
            told: dict[str, Any] = handlers[what](params)
            return told

        yield support, ask


def refused(ask: Ask, what: str, **params: Any) -> str:
    with pytest.raises(UserError) as caught:
        ask(what, **params)
    return caught.value.code


def test_it_is_shown_then_agreed_to_by_name(pc: tuple[Support, Ask]) -> None:
    support, ask = pc
    seen = ask("bundle_preview", request_id="rq_1")
    assert seen == {
        "reference": "KB-2222-3332",
        "bytes": 10,
        "entries": [
            {"name": "manifest.json", "size": 10, "title": "Опись: что внутри", "title_en": "What is inside"},
        ],
    }
    yes = {"request_id": "rq_1", "reference": seen["reference"]}
    assert refused(ask, "bundle_allow", **yes) == "name_needed"
    assert refused(ask, "bundle_allow", **yes, person=" \t\u202e") == "name_needed"
    assert refused(ask, "bundle_allow", **{**yes, "reference": "KB-9"}, person="Иванова") == "another_bundle"
    assert ask("bundle_allow", **yes, person="  Иванова \n М. ") == {
        "bundle_id": "bu_1", "kept_until": "2026-12-06T12:00:00+00:00",
    }  # fmt: skip
    ((_, consent),) = support.sent
    assert consent.person == "Иванова М."


def test_a_no(pc: tuple[Support, Ask]) -> None:
    support, ask = pc
    assert ask("bundle_refuse", request_id="rq_1") == {}
    assert refused(ask, "bundle_preview", request_id="rq_1") == "no_such_request"
    assert support.sent == []


@pytest.mark.parametrize("what", ["bundle_preview", "bundle_part", "bundle_allow", "bundle_refuse"])
@pytest.mark.parametrize("request_id", ["", "rq_2", None, 1])
def test_what_nobody_asked_for_is_not_there(pc: tuple[Support, Ask], what: str, request_id: Any) -> None:
    _, ask = pc
    assert refused(ask, what, request_id=request_id, person="Иванова", name="manifest.json") == "no_such_request"


def test_a_part_is_read_in_pieces_as_it_would_be_sent(pc: tuple[Support, Ask]) -> None:
    support, ask = pc
    text = "Касса №17 " * 30_000
    made = Bundle("KB-2222-3332", (Entry("log.jsonl", text.encode()),))
    support.content = made
    read: str = ""
    at: int | None = 0
    while at is not None:
        piece = ask("bundle_part", request_id="rq_1", name="log.jsonl", at=at)
        assert len(piece["text"]) <= PART
        read += piece["text"]
        at = piece["next"]
    assert read == text
    assert refused(ask, "bundle_part", request_id="rq_1", name="../identity.json") == "unknown_part"
    assert support.sent == []
