"""The pages over real HTTP and a real journal: a decision, the PIN, pairing, which register is which."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.config import load_config
from agent.devices.device_lane import LaneState
from agent.identity import Identity
from agent.jobs.transitions import because
from agent.page.pages import Pages
from agent.page.pairing import Pairing, line_of
from agent.page.search import Search, Searching
from agent.page.serving import POLICY, Window
from agent.pairing import Say
from agent.places import Place
from agent.problems import UserError
from drivers.api import Identity as Found
from drivers.discovery import Answer, Candidate
from drivers.transports.base import SystemClock
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from tests.agent.desk.test_service import Desk
from tests.agent.page.browser import Browser, Page
from tests.support.crm import KKM
from tests.support.job_books import bench

V = JobEvent
WHO = Found(
    model="ШТРИХ-М-01Ф", register_serial="0001234", fn_serial="9999078900001111",
    registration_number="0000000001001234", inn="7700000000", ffd="1.2",
)  # fmt: skip
THERE = Candidate("serial:COM5", "listed", "USB serial")


class Paired:
    """Stands for the way to the server: the test says how far pairing is."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.ends: Identity | UserError = UserError("pair_refused", "Владелец отказал.", "The owner said no.")
        self.line = ""

    def __call__(self, line: str, pc_name: str, say: Say) -> Identity:
        self.line = line
        say(f"Ждём подтверждения «{pc_name}»", f"Waiting for “{pc_name}”")
        assert self.go_on.wait(60)
        if isinstance(self.ends, UserError):
            raise self.ends
        return self.ends


class Bench:
    def __init__(self, folder: Path, desk: Desk) -> None:
        self.desk = desk
        self.config = folder / "config.toml"
        self.paired = Paired()
        self.again: list[bool] = []
        self.answers: list[Answer] = []
        self.pages = Pages(
            self.config, "ru", Pairing(self.paired, "KASSA-1"),
            Searching(folder, SystemClock(), find=lambda: [THERE], ask=lambda *_: self.answers),
            again=lambda: self.again.append(True),
            desk=desk.service,
        )  # fmt: skip
        self.window = Window(self.pages, browse=lambda _: True)
        self.browser = Browser()

    def open(self, path: str = "/", **query: str) -> Page:
        return self.browser.open(self.window.open(path, **query))

    def until(self, path: str, true: Callable[[Page], bool]) -> Page:
        """A page that waits asks for itself again; here without the pause."""
        for _ in range(10_000):
            page = self.browser.get(path)
            if true(page):
                return page
            assert '<meta http-equiv="refresh"' in page.text
        raise AssertionError(page.words)


@pytest.fixture
def b(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as book:
        book.binds()
        made = Bench(tmp_path, Desk(book, tmp_path))
        with closing(made.window):
            yield made


def human(desk: Desk, case: str = "looks_alike", **evidence: Any) -> None:
    desk.book.offers("j1")
    desk.book.lane(V.INTENT, job_id="j1")
    told = because(reason(case), evidence={"case": case, **evidence})
    moved = desk.book.book.transition("j1", V.UNDECIDABLE, outcome=told)
    assert getattr(moved, "state", None) is Known.HUMAN


CANDIDATE = {"kind": "receipt", "fd": 41, "fpd": 7, "at": "2026-03-01T12:30:00", "total": 10000, "sign": 1}


# --- the window itself ------------------------------------------------------------------------------------------------


def test_nobody_sees_anything_without_the_link(b: Bench) -> None:
    b.open()
    stranger = Browser(b.browser.host)
    for path in ("/", "/decide?job=j1", "/style.css", "/registers", "/open/guessed"):
        page = stranger.get(path)
        assert page.status == 403
        assert "Эта страница открывается из значка" in page.words
        assert "j1" not in page.text
    assert stranger.post("/pin", {"new": "4711", "again": "4711"}).status == 403
    assert not b.desk.pin.is_set


def test_every_answer_forbids_what_a_page_of_the_internet_could_do(b: Bench) -> None:
    for page in (b.open(), b.browser.get("/nowhere"), Browser(b.browser.host).get("/")):
        assert page.headers["content-security-policy"] == POLICY
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["server"] == "KassaBridge"
    assert "script" not in b.browser.get("/").read.tags


def test_a_form_of_another_site_is_refused(b: Bench) -> None:
    form = b.open("/pin").form("Сохранить")
    stolen = {**form, "new": "4711", "again": "4711"}
    assert b.browser.post("/pin", stolen, Origin="https://evil.example").status == 403
    assert b.browser.post("/pin", {**stolen, "key": "guessed"}).status == 403
    assert not b.desk.pin.is_set


def test_a_form_without_end_is_not_read(b: Bench) -> None:
    b.open()
    assert b.browser.post("/pin", {"new": "1" * 70_000}).status == 413


def test_after_the_end_a_new_link_opens_a_new_window(b: Bench) -> None:
    assert b.open().status == 200
    b.window.close()
    assert b.open().status == 200


def test_no_browser_is_no_error() -> None:
    window = Window(lambda *_: pytest.fail("nobody asks"), browse=lambda _: False)
    with closing(window):
        assert window.open().startswith("http://127.0.0.1:")


# --- decisions --------------------------------------------------------------------------------------------------------


def test_a_receipt_in_doubt_beside_what_the_register_shows(b: Bench) -> None:
    human(b.desk, candidates=[CANDIDATE])
    home = b.open()
    assert "Чек на 100,00 ₽: возможно, уже напечатан" in home.words
    page = b.browser.get(next(link for link, _ in home.read.links if link.startswith("/decide")))
    for words in ("Посмотрите на последний бумажный чек.", "Итого 100,00 ₽", "41 Чек 01.03.2026 12:30 100,00 ₽"):
        assert words in page.words
    assert [form.button for form in page.read.forms] == ["Решить"]


def test_it_is_this_one_with_its_number(b: Bench) -> None:
    human(b.desk, candidates=[CANDIDATE])
    form = b.open("/decide", job="j1").form("Решить")
    done = b.browser.send(form, choice="done fd", fd="41", person="Иванова", why="чек у покупателя")
    assert "Решение записано" in done.words
    assert "Касса сначала проверит его" in done.words


def test_undone_needs_the_managers_pin_and_keeps_what_was_typed(b: Bench) -> None:
    human(b.desk)
    b.desk.pin.set("4711")
    form = b.open("/decide", job="j1").form("Решить")
    given = {"choice": "not_done pin", "person": "Иванова", "why": "чека нет"}
    again = b.browser.send(form, **given)
    assert "Нужен ПИН-код управляющего" in again.words
    kept = again.form("Решить")
    assert (kept["choice"], kept["person"], kept["why"], kept["pin"]) == ("not_done pin", "Иванова", "чека нет", "")
    assert "ПИН-код неверен" in b.browser.send(kept, pin="0000").words
    assert "Решение записано" in b.browser.send(kept, pin="4711").words


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Выберите одно из решений."),
        ({"choice": "done fd", "fd": "", "person": "И", "why": "w"}, "Введите номер фискального документа"),
        ({"choice": "done fd", "fd": "4l", "person": "И", "why": "w"}, "это число"),
        ({"choice": "done fd", "fd": "41", "person": " ", "why": "w"}, "Напишите, кто решил и почему"),
        ({"choice": "sure pin"}, "Выберите одно из решений."),
    ],
)
def test_what_is_missing_is_said_and_decides_nothing(b: Bench, given: dict[str, str], said: str) -> None:
    human(b.desk)
    page = b.browser.send(b.open("/decide", job="j1").form("Решить"), **given)
    assert said in page.words
    assert b.desk.service.waiting("j1") is not None


def test_text_of_the_crm_is_text(b: Bench) -> None:
    human(b.desk, differences=["<script>alert(1)</script>"])
    page = b.open("/decide", job="j1")
    assert "<script>alert(1)</script>" in page.words
    assert "script" not in page.read.tags


@pytest.mark.parametrize("job_id", ["j1", "", "<b>"])
def test_what_waits_for_nobody_is_settled(b: Bench, job_id: str) -> None:
    page = b.open("/decide", job=job_id)
    assert "уже не ждёт решения" in page.words
    assert not page.read.forms


def test_the_cash_of_the_drawer_is_shown(b: Bench) -> None:
    human(b.desk, "cash_unclear", before={"drawer": 100_000}, after={"drawer": 150_000})
    page = b.open("/decide", job="j1")
    assert "В ящике до задания 1 000,00 ₽" in page.words
    assert "В ящике при последнем взгляде 1 500,00 ₽" in page.words


def test_the_pin_is_set_and_changed(b: Bench) -> None:
    form = b.open("/pin").form("Сохранить")
    assert "old" not in form
    assert "не совпадают" in b.browser.send(form, new="4711", again="4712").words
    assert "от 4 до 12 цифр" in b.browser.send(form, new="1", again="1").words
    kept = b.browser.send(form, new="4711", again="4711")
    assert "ПИН-код сохранён" in kept.words
    form = kept.form("Сохранить")
    assert "ПИН-код неверен" in b.browser.send(form, old="1234", new="4712", again="4712").words
    assert "ПИН-код сохранён" in b.browser.send(form, old="4711", new="4712", again="4712").words


# --- the first run ----------------------------------------------------------------------------------------------------


def test_pairing_waits_for_the_owner(b: Bench) -> None:
    b.pages.desk = None
    page = b.open()
    assert "вставьте её сюда" in page.words
    form = page.form("Подключить")
    assert form["pc_name"] == "KASSA-1"
    assert "не похожа на" in b.browser.send(form, line="no").words
    waits = b.browser.send(form, line="https://crm.example.ru/pair/ABCD-EFGH", pc_name="Касса у входа")
    assert "refresh" in waits.text
    page = b.until("/pair", lambda page: "Касса у входа" in page.words)
    assert "Ждём подтверждения" in page.words
    b.paired.go_on.set()
    page = b.until("/pair", lambda page: "refresh" not in page.text)
    assert "Владелец отказал." in page.words
    b.paired.ends = Identity(
        agent_id="ag", install_id="i", tenant_id="t", tenant="Ромашка", server_url="https://crm.example.ru",
        link_url="wss://crm.example.ru/agent", private_key="k", server_keys={},
    )  # fmt: skip
    b.browser.send(page.form("Подключить"), line="https://crm.example.ru/pair/ABCD-EFGH")
    page = b.until("/pair", lambda page: "refresh" not in page.text)
    assert "подключён к «Ромашка»" in page.words
    assert b.paired.line == "https://crm.example.ru/pair/ABCD-EFGH"


def test_a_clicked_link_connects_nothing_by_itself(b: Bench) -> None:
    """Any page of the internet can hold such a link."""
    b.pages.desk = None
    page = b.open("/pair", line="kassabridge:https://evil.example/pair/ABCD-EFGH")
    assert "Подключить этот компьютер к evil.example?" in page.words
    assert page.form("Подключить")["line"] == "https://evil.example/pair/ABCD-EFGH"
    assert b.paired.line == ""


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("https://a.ru/pair/ABCD-EFGH", "https://a.ru/pair/ABCD-EFGH"),
        ("kassabridge:https://a.ru/pair/ABCD-EFGH", "https://a.ru/pair/ABCD-EFGH"),
        (" KassaBridge://https://a.ru/pair/ABCD-EFGH ", "https://a.ru/pair/ABCD-EFGH"),
        ("", ""),
    ],
)
def test_the_line_inside_a_link(given: str, line: str) -> None:
    assert line_of(given) == line


# --- registers --------------------------------------------------------------------------------------------------------


def test_ports_are_listed_and_asked_only_when_told_to(b: Bench) -> None:
    page = b.open("/registers")
    assert "Здесь ещё нет ни одной кассы." in page.words
    assert "serial:COM5 USB serial" in page.words
    assert b.pages.searching.state is None
    b.answers = [Answer("serial:COM5", "shtrih", code="device_offline")]
    b.browser.send(page.form("Искать сейчас"))
    page = b.until("/registers", lambda page: "refresh" not in page.text)
    assert "Ни одна касса не ответила." in page.words


def test_one_click_says_which_register_it_is(b: Bench) -> None:
    b.pages.places = lambda: [Place("17", "Касса 1"), Place("18", "Касса 2")]
    b.answers = [Answer("serial:COM5?baud=115200", "shtrih", WHO)]
    b.browser.send(b.open("/registers").form("Искать сейчас"))
    page = b.until("/registers", lambda page: "refresh" not in page.text)
    assert "ШТРИХ-М-01Ф, заводской № 0001234" in page.words
    kept = b.browser.send(page.form("Это касса 17 «Касса 1»"))
    assert "Записано." in kept.words
    assert b.again == [True]
    assert [(d.kkm_id, d.driver, d.address) for d in load_config(b.config).devices] == [
        ("17", "shtrih", "serial:COM5?baud=115200")
    ]


def test_a_workplace_of_the_crm_without_a_device_is_red(b: Bench) -> None:
    b.pages.places = lambda: [Place("17", "Касса 1", here=True), Place("18", "Касса 2"), Place("19", "", serial="7")]
    page = b.open("/registers")
    assert "Для кассы 17 «Касса 1» здесь нет устройства" in page.words
    assert "Для кассы 18" not in page.words
    b.answers = [Answer("serial:COM5", "shtrih", WHO)]
    b.browser.send(page.form("Искать сейчас"))
    page = b.until("/registers", lambda page: "refresh" not in page.text)
    assert [form.button for form in page.read.forms][:3] == [
        "Это касса 17 «Касса 1»",
        "Это касса 18 «Касса 2»",
        "Это она",
    ]


def test_a_number_can_be_typed_and_a_wrong_one_is_explained(b: Bench) -> None:
    b.answers = [Answer("serial:COM5", "shtrih", WHO)]
    b.browser.send(b.open("/registers").form("Искать сейчас"))
    form = b.until("/registers", lambda page: "refresh" not in page.text).form("Это она")
    page = b.browser.send(form, kkm_id="касса")
    assert "kkm_id" in page.words
    assert not b.config.exists()
    assert b.again == []
    b.browser.send(form, kkm_id="19")
    assert load_config(b.config).devices[0].kkm_id == "19"


def test_a_register_that_is_nowhere_to_be_found_is_written_by_hand(b: Bench) -> None:
    form = b.open("/registers").form("Записать")
    wrong = b.browser.send(form, kkm_id="17", driver="shtrih", address="192.168.1.5")
    assert "tcp:192.168.137.111:7778" in wrong.words
    assert not b.config.exists()
    assert "Записано." in b.browser.send(form, kkm_id="17", driver="shtrih", address="tcp:192.168.1.5:7778").words
    assert load_config(b.config).devices[0].address == "tcp:192.168.1.5:7778"


def test_a_register_of_ours_at_a_new_port_is_moved_and_the_file_stays_as_it_was_written(b: Bench) -> None:
    serial = b.desk.service.serials()[KKM]
    text = f'# моя касса\n[[devices]]\nkkm_id = "{KKM}"  # у входа\ndriver = "shtrih"\naddress = \'serial:COM3\'\n'
    b.config.write_text(text, encoding="utf-8")
    b.answers = [Answer("serial:COM5", "shtrih", Found(**{**_fields(WHO), "register_serial": serial}))]
    b.browser.send(b.open("/registers").form("Искать сейчас"))
    page = b.until("/registers", lambda page: "refresh" not in page.text)
    b.browser.send(page.form(f"Это касса {KKM}: она теперь здесь"))
    assert b.config.read_text(encoding="utf-8") == text.replace("'serial:COM3'", '"serial:COM5"')
    assert b.again == [True]


def test_a_place_that_is_held_is_left_alone(tmp_path: Path) -> None:
    from agent.devices.lock import device_lock

    searching = Searching(tmp_path, SystemClock(), find=lambda: [THERE], ask=lambda *_: pytest.fail("it was asked"))
    with device_lock(tmp_path, THERE.address):
        searching.start()
        while searching.state is None or searching.state.at_it:
            threading.Event().wait(0.001)
    assert searching.state == Search(False, 1, 1, (Answer(THERE.address, "", code="device_locked"),))


def test_what_a_register_does_is_shown(b: Bench) -> None:
    b.config.write_text(f'[[devices]]\nkkm_id = "{KKM}"\ndriver = "shtrih"\naddress = "tcp:1.2.3.4:7778"\n')
    b.desk.lanes[:] = [LaneState(KKM, identity=WHO, reason=reason("no_paper"))]
    assert "бумаг" in b.open("/registers").words.lower()
    assert "бумаг" in b.browser.get("/").words.lower()


def _fields(found: Found) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__slots__}


def test_an_agent_that_ends_while_a_page_is_made_waits_for_it(b: Bench) -> None:
    """Its journal was closed under the page's hands."""
    asked, go_on = threading.Event(), threading.Event()

    def places() -> tuple[Place, ...]:
        asked.set()
        assert go_on.wait(60)
        return ()

    b.open()
    b.pages.places = places
    got: list[Page] = []
    reading = threading.Thread(target=lambda: got.append(b.browser.get("/registers")))
    reading.start()
    assert asked.wait(60)
    leaving = threading.Thread(target=lambda: b.pages.belongs_to(None))
    leaving.start()
    leaving.join(0.05)
    assert leaving.is_alive()
    go_on.set()
    for thread in (reading, leaving):
        thread.join(60)
    assert (got[0].status, b.pages.desk) == (200, None)
