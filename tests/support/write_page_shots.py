"""Takes the pictures of the program's pages for the docs: a real agent's desk over a journal, shown by Chromium.

python -m tests.support.write_page_shots [FOLDER]      needs Debian's package chromium
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from agent.config import Language, load_config
from agent.devices.device_lane import LaneState
from agent.jobs.transitions import because
from agent.page.pages import Pages
from agent.page.pairing import Pairing
from agent.page.search import Search, Searching
from agent.page.serving import Window
from agent.places import Place
from agent.support.bundle.collect import Request, collect
from drivers.api import Identity as Found
from drivers.discovery import Answer, Candidate
from drivers.transports.base import SystemClock
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.support import Bundle as BundleAsked
from tests.agent.desk.owing import owes
from tests.agent.desk.test_service import Desk
from tests.support.crm import AGENT, KID, KKM, NOW
from tests.support.job_books import bench

DOCS = Path(__file__).parents[2] / "docs" / "img"
BROWSER = (
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip
PORTS = (Candidate("serial:COM3", "listed", "Prolific USB-to-Serial"), Candidate("serial:COM5", "listed", "USB serial"))
REGISTER = Found(
    model="ШТРИХ-М-01Ф", register_serial="0001234", fn_serial="9999078900001111",
    registration_number="0000000001001234", inn="7700000000", ffd="1.2",
)  # fmt: skip
TWIN: dict[str, Any] = {
    "kind": "receipt", "fd": 41, "fpd": 7, "at": "2026-03-01T12:30:00", "total": 10000, "sign": 1, "imprint": None,
}  # fmt: skip


def shots(to: Path) -> None:
    for language in ("ru", "en"):
        with tempfile.TemporaryDirectory() as folder, bench(Path(folder)) as book:
            book.binds()
            desk = Desk(book, Path(folder))
            desk.lanes[:] = [LaneState(KKM, identity=REGISTER)]
            _doubt(desk)
            pages = _pages(Path(folder), desk, language)
            with closing(Window(pages, browse=lambda _: True)) as window:
                _shoot(window.link("/decide", job="j1"), to / f"page-decision-{language}.png", 1000, 1050)
                _shoot(window.link("/registers"), to / f"page-registers-{language}.png", 1000, 900)
                _shoot(window.link("/"), to / f"page-at-work-{language}.png", 1000, 460)
                owes(book)
                _shoot(window.link("/decide", job="s1"), to / f"page-owed-{language}.png", 1000, 1000)
                _ask(desk, Path(folder), language)
                _shoot(window.link("/bundle", request="rq_1"), to / f"page-bundle-{language}.png", 1000, 800)
                _watch(desk, language)
                _shoot(window.link("/log", request="rq_2"), to / f"page-log-{language}.png", 1000, 830)
                pages.desk = None
                line = "kassabridge:https://crm.example.ru/pair/ABCD-EFGH"
                _shoot(window.link("/pair", line=line), to / f"page-pairing-{language}.png", 1000, 460)


def _doubt(desk: Desk) -> None:
    desk.book.offers("j1")
    desk.book.lane(JobEvent.INTENT, job_id="j1")
    told = because(reason("looks_alike"), evidence={"case": "looks_alike", "candidates": [TWIN]})
    desk.book.book.transition("j1", JobEvent.UNDECIDABLE, outcome=told)


def _ask(desk: Desk, folder: Path, language: Language) -> None:
    """Support asks for a bundle; it is made as it is at a cashier's, and she is signed in."""
    os.environ["LOGNAME"] = {"ru": "Иванова", "en": "Ivanova"}[language]
    (folder / "config.toml").write_text(f'[agent]\ndata_dir = "{folder}"\n', "utf-8")
    content = collect(Request(folder, load_config(folder / "config.toml")), "KB-7Q2M-4XWA", NOW)
    desk.support.content = content
    who, why = {"ru": ("Ольга", "Не печатается чек 1042"), "en": ("Olga", "Receipt 1042 does not print")}[language]
    asked = BundleAsked(request_id="rq_1", agent_id=AGENT, person=who, reason=why, lives_s=900, kid=KID)
    desk.service.support.receive(desk.support.key.signed("bundle", asked))


def _watch(desk: Desk, language: Language) -> None:
    """Support wants to see the log of a register that does not answer."""
    who, why = {"ru": ("Ольга", "Касса не отвечает"), "en": ("Olga", "The register does not answer")}[language]
    desk.log.known |= {"17", "order-1042"}
    desk.log.writes("link_ready", resumed=False, session_epoch=4)
    desk.log.writes("device_not_ready", level="warning", kkm_id="17", code="device_offline", detail="tcp:till:7778")
    desk.log.writes("job", job_id="order-1042", kkm_id="17", kind="receipt", state="held", rev=3, step="not_ready")
    desk.log.hears("rq_2", person=who, reason=why)


def _pages(folder: Path, desk: Desk, language: Language) -> Pages:
    searching = Searching(folder, SystemClock(), find=lambda: PORTS)
    silent = Answer("serial:COM3", "shtrih", code="device_offline")
    searching.state = Search(done=2, of=2, answers=(silent, Answer("serial:COM5?baud=115200", "shtrih", REGISTER)))
    pairing = Pairing(lambda *_: (_ for _ in ()).throw(NotImplementedError), "KASSA-1")
    return Pages(
        folder / "config.toml", language, pairing, searching, again=lambda: None,
        places=lambda: [Place("18", "Касса 2")], desk=desk.service,
    )  # fmt: skip


def _shoot(link: str, to: Path, width: int, height: int) -> None:
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [*BROWSER, f"--user-data-dir={profile}", f"--window-size={width},{height}", f"--screenshot={to}", link],
            check=True, capture_output=True, timeout=120, env={**os.environ, "TZ": "Europe/Moscow"},
        )  # fmt: skip
    print(to)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if sys.argv[1:] else DOCS
    folder.mkdir(parents=True, exist_ok=True)
    shots(folder)
