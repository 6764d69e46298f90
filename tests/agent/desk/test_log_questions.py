"""The log over the local channel: what is asked of the running agent, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.desk.pin import ManagerPin
from agent.desk.requests import SupportRequests
from agent.desk.service import DeskService
from agent.problems import UserError
from protocol.crm.support import LOG_LASTS
from tests.agent.desk.log_desk import Watching
from tests.agent.desk.support_desk import Support
from tests.agent.tray.pictures import picture
from tests.support.job_books import bench

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[tuple[Watching, Ask]]:
    """Somebody at support wants to watch the log, ``rq_1``."""
    with bench(tmp_path) as book:
        log = Watching(book.hands, tmp_path)
        log.hears()
        pin = ManagerPin(tmp_path, book.hands.now)
        requests = SupportRequests(Support(book.hands).means())
        handlers: Mapping[str, Any] = DeskService(book.book, pin, picture, requests, log.watch).handlers()

        def ask(what: str, **params: Any) -> dict[str, Any]:
            told: dict[str, Any] = handlers[what](params)
            return told

        yield log, ask


def refused(ask: Ask, what: str, **params: Any) -> str:
    with pytest.raises(UserError) as caught:
        ask(what, **params)
    return caught.value.code


def test_it_is_shown_then_agreed_to_by_name_then_ended(pc: tuple[Watching, Ask]) -> None:
    log, ask = pc
    log.writes("link_down", code="timeout", error="Иванова")
    yes = {"request_id": "rq_1", "person": "  Иванова \n М. "}
    assert refused(ask, "log_allow", **yes) == "look_first"
    (line,) = ask("log_preview", request_id="rq_1")["lines"]
    assert (line["event"], line["code"], "error" in line) == ("link_down", "timeout", False)
    assert refused(ask, "log_allow", request_id="rq_1", person=" \t\u202e") == "name_needed"
    told = ask("log_allow", **yes)
    watched = log.watch.watched()
    assert watched is not None
    assert (watched.agreed, told) == ("Иванова М.", {"until": watched.until.isoformat()})
    assert (watched.until - log.hands.now()).total_seconds() == LOG_LASTS
    assert refused(ask, "log_allow", **yes) == "no_such_request", "once"
    assert ask("log_stop") == {}
    assert refused(ask, "log_stop") == "no_such_request"


def test_a_no(pc: tuple[Watching, Ask]) -> None:
    log, ask = pc
    assert ask("log_refuse", request_id="rq_1") == {}
    assert refused(ask, "log_preview", request_id="rq_1") == "no_such_request"
    assert log.watch.watched() is None


@pytest.mark.parametrize("what", ["log_preview", "log_allow", "log_refuse"])
@pytest.mark.parametrize("request_id", ["", "rq_2", None, 1])
def test_what_nobody_asked_for_is_not_there(pc: tuple[Watching, Ask], what: str, request_id: Any) -> None:
    _, ask = pc
    assert refused(ask, what, request_id=request_id, person="Иванова") == "no_such_request"
