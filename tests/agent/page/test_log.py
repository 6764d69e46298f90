"""The page of the log: who wants to watch and why, the lines as they would be seen, a yes by name or a no, the end."""

from __future__ import annotations

from tests.agent.page.test_pages import Bench, b

__all__ = ["b"]
SHOW, NO, STOP = "Показывать 15 минут", "Не показывать", "Прекратить"


def asked(b: Bench) -> None:
    b.desk.log.writes("link_down", code="timeout", detail="tcp:till.shop.example", failures=2)
    b.desk.log.hears()


def test_who_asks_and_why_and_the_lines_as_they_would_be_seen(b: Bench) -> None:
    asked(b)
    home = b.open()
    assert "Поддержка хочет видеть журнал программы" in home.words
    page = b.browser.get(next(link for link, _ in home.read.links if link.startswith("/log")))
    for words in ("Просит: Ольга", "Касса не отвечает", "15 минут", "link_down", "code=timeout failures=2"):
        assert words in page.words
    assert "shop.example" not in page.text
    assert [form.button for form in page.read.forms] == [SHOW, NO]
    assert b.desk.log.watch.watched() is None, "looking is no yes"


def test_a_yes_by_name_and_then_every_page_of_work_says_who_sees_it(b: Bench) -> None:
    asked(b)
    form = b.open("/log", request="rq_1").form(SHOW)
    assert form["person"], "who is signed in, to be mended"
    page = b.browser.send(form, person=" Иванова ")
    for shown in (page, b.browser.get("/")):
        assert "Поддержка видит журнал программы до" in shown.words
        assert "Согласие дал(а): Иванова" in shown.words
    watched = b.desk.log.watch.watched()
    assert watched is not None
    assert (watched.request_id, watched.agreed) == ("rq_1", "Иванова")
    page = b.browser.send(b.browser.get("/").form(STOP))
    assert "Поддержка журнала больше не видит." in page.words
    assert b.desk.log.watch.watched() is None
    assert "видит журнал" not in b.browser.get("/").words


def test_nobody_is_no_consent(b: Bench) -> None:
    asked(b)
    page = b.browser.send(b.open("/log", request="rq_1").form(SHOW), person=" ")
    assert "Напишите, кто согласился" in page.words
    assert b.desk.log.watch.watched() is None


def test_a_no(b: Bench) -> None:
    asked(b)
    page = b.browser.send(b.open("/log", request="rq_1").form(NO))
    assert "Поддержке отказано." in page.words
    assert b.desk.log.watch.asks() == ()
    assert "Этот запрос уже закончен." in b.browser.get("/log?request=rq_1").words


def test_without_a_connection_it_says_so_and_may_be_tried_again(b: Bench) -> None:
    asked(b)
    form = b.open("/log", request="rq_1").form(SHOW)
    b.desk.log.watch.lost()
    page = b.browser.send(form, person="Иванова")
    assert "нет связи с сервером" in page.words
    b.desk.log.hears()
    assert "видит журнал" in b.browser.send(page.form(SHOW), person="Иванова").words


def test_an_end_that_came_first_is_told(b: Bench) -> None:
    asked(b)
    b.browser.send(b.open("/log", request="rq_1").form(SHOW), person="Иванова")
    form = b.browser.get("/").form(STOP)
    b.desk.log.hears_stop()
    assert "Этот запрос уже закончен" in b.browser.send(form).words
