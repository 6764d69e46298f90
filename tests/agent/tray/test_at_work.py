"""The tray beside a running agent: pictures as they change, requests to the agent itself; without a screen none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from queue import Empty, Queue
from zipfile import ZipFile

import pytest

from agent.config import Config, load_config
from agent.desk.requests import SupportRequests
from agent.page.beside import PageBeside
from agent.problems import UserError
from agent.status import AgentStatus
from agent.tray import at_work
from agent.tray.at_work import AT_LEAST, BUNDLES, AgentDesk, Pictures
from agent.tray.doctor import REPORT
from tests.agent.desk.log_desk import Watching
from tests.agent.desk.support_desk import Support
from tests.agent.tray.pictures import picture
from tests.support.job_books import Bench, bench
from tests.support.patience import BUSY

CONFIG = '[server]\nurl = "http://127.0.0.1:1"\n[agent]\ndata_dir = "data"\n'


CALLED_OFF: list[str] = []


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "data").mkdir()
    (tmp_path / "config.toml").write_text(CONFIG)
    return load_config(tmp_path / "config.toml")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


def desk_of(config: Config, book: Bench, status: AgentStatus) -> AgentDesk:
    ended = threading.Event()
    page = PageBeside(config.path, config.data_dir, config.language)
    support = SupportRequests(Support(book.hands).means())
    watch = Watching(book.hands, config.data_dir).watch
    return AgentDesk(config, book.book, lambda: status, page, support, watch, ended.set, ended, CALLED_OFF.append)


def test_a_picture_is_given_when_it_has_changed_and_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_work, "EVERY", 0.001)
    first = picture()
    told: list[AgentStatus] = [first]
    got: Queue[AgentStatus | None] = Queue()
    leave = Pictures(lambda: told[0]).subscribe(got.put)
    try:
        assert got.get(timeout=BUSY) == first
        told[0] = replace(first, at=first.at + timedelta(seconds=5))  # nothing but the time
        with pytest.raises(Empty):
            got.get(timeout=0.05)
        told[0] = replace(first, paused=True)
        assert got.get(timeout=BUSY) == told[0]
        told[0] = replace(told[0], at=told[0].at + AT_LEAST)
        assert got.get(timeout=BUSY) == told[0]
    finally:
        leave()


def test_a_pause_and_its_end_reach_the_agent(config: Config, book: Bench) -> None:
    desk = desk_of(config, book, picture())
    desk.pause()
    assert book.book.paused
    desk.resume()
    assert not book.book.paused


def test_quitting_asks_the_agent_to_end_and_waits_for_it(config: Config, book: Bench) -> None:
    desk = desk_of(config, book, picture())
    desk.quit()
    assert desk.ended.is_set()


def test_a_bundle_is_made_and_its_reference_told(config: Config, book: Bench) -> None:
    said = desk_of(config, book, picture()).bundle()
    (path,) = (config.data_dir / BUNDLES).iterdir()
    assert said is not None
    assert str(path) in said.ru
    with ZipFile(path) as made:
        assert made.testzip() is None
        assert made.namelist()


def test_a_bundle_that_was_made_here_is_sent_only_after_a_look_at_it(config: Config, book: Bench) -> None:
    desk = desk_of(config, book, picture())
    desk.bundle()
    (ask,) = desk.support.asks()
    assert ask.own
    with pytest.raises(UserError) as refused:
        desk.send_bundle(ask.request_id)
    assert refused.value.code == "look_first"
    desk.support.preview(ask.request_id)  # as the page does
    desk.send_bundle(ask.request_id)
    assert desk.support.asks() == ()


def test_a_no_sends_nothing(config: Config, book: Bench) -> None:
    desk = desk_of(config, book, picture())
    desk.bundle()
    (ask,) = desk.support.asks()
    desk.refuse_bundle(ask.request_id)
    assert desk.support.asks() == ()


def test_the_log_is_refused_and_ended_from_the_menu(config: Config, book: Bench) -> None:
    desk = desk_of(config, book, picture())
    with pytest.raises(UserError) as refused:
        desk.stop_log()
    assert refused.value.code == "no_such_request", "nobody sees it"
    asked = Watching(book.hands, config.data_dir)
    asked.watch = desk.watch
    object.__setattr__(desk.watch.means, "genuine", lambda _: True)
    asked.hears("rq_1")
    desk.refuse_log("rq_1")
    asked.hears("rq_2")
    asked.agrees("rq_2")
    desk.stop_log()
    assert [code for _, code in asked.reported()][-1] == "log_stopped_at_pc"
    assert (desk.watch.asks(), desk.watch.watched()) == ((), None)


def test_what_the_doctor_has_found_stands_in_a_file(config: Config, book: Bench) -> None:
    said = desk_of(config, book, picture()).doctor()
    assert said is not None
    report = config.data_dir / REPORT
    assert str(report) in said.ru
    assert report.read_text("utf-8").strip()


def test_a_decision_and_the_window_are_shown_in_the_browser(
    config: Config, book: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(PageBeside, "open", lambda _, page, **query: shown.append((page, query)))
    desk = desk_of(config, book, picture())
    assert desk.decide("order-2") is None
    assert desk.window() is None
    assert desk.look_bundle("rq_1") is None
    assert desk.look_log("rq_2") is None
    assert shown == [
        ("decide", {"job": "order-2"}), ("work", {}), ("bundle", {"request": "rq_1"}), ("log", {"request": "rq_2"}),
    ]  # fmt: skip


def test_what_keeps_a_test_print_from_starting_is_told(config: Config, book: Bench) -> None:
    with pytest.raises(UserError) as refused:
        desk_of(config, book, picture(paused=True)).test_print("17")
    assert refused.value.code == "paused"


def test_a_payment_is_called_off_and_only_the_terminal_says_what_comes_of_it(config: Config, book: Bench) -> None:
    CALLED_OFF.clear()
    said = desk_of(config, book, picture()).abort("order-1")
    assert CALLED_OFF == ["order-1"]
    assert said is not None
    assert "скажет он сам" in said.ru
