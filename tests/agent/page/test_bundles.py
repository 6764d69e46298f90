"""The page of a bundle: who asks and why, what would be sent to the byte, a yes by name or a no."""

from __future__ import annotations

import threading
from typing import Any

from agent.support.bundle.collect import Bundle, Entry
from agent.support.bundle.consent import Consent, Sent
from protocol.crm.support import Bundle as BundleAsked
from tests.agent.desk.support_desk import trouble
from tests.agent.page.browser import Page
from tests.agent.page.test_pages import Bench, b
from tests.support.crm import AGENT, KID

__all__ = ["b"]
SEND, REFUSE = "Отправить в поддержку", "Не отправлять"


def asked(b: Bench, **more: Any) -> None:
    body = BundleAsked(
        request_id="rq_1", agent_id=AGENT, person="Ольга", reason="Не печатается чек <1042>", lives_s=900, kid=KID,
        **more,
    )  # fmt: skip
    b.desk.service.support.receive(b.desk.support.key.signed("bundle", body))
    text = 'Касса "№17" <b>&'
    b.desk.support.content = Bundle("KB-2222-3333", (Entry("manifest.json", b"{}"), Entry("log.jsonl", text.encode())))


def test_about_which_jobs_support_asks(b: Bench) -> None:
    asked(b, jobs=["order-7", "order-8"])
    assert "О заданиях: order-7, order-8" in b.open("/bundle", request="rq_1").words


def sent(b: Bench, page: Page) -> Page:
    """Once the upload is over."""
    return page if "Отправляется" not in page.words else b.until("/bundle?request=rq_1", _is_over)


def _is_over(page: Page) -> bool:
    return "Отправляется" not in page.words


def test_who_asks_and_why_and_each_part_to_the_byte(b: Bench) -> None:
    asked(b)
    home = b.open()
    assert "Просит: Ольга" in home.words
    page = b.browser.get(next(link for link, _ in home.read.links if link.startswith("/bundle")))
    for words in ("Просит: Ольга", "Не печатается чек <1042>", "KB-2222-3333", "Опись: что внутри", "номера карт"):
        assert words in page.words
    part = b.browser.get(next(link for link, _ in page.read.links if "log.jsonl" in link))
    assert part.text == 'Касса "№17" <b>&'
    assert part.headers["content-type"] == "text/plain; charset=utf-8"
    assert [form.button for form in page.read.forms] == [SEND, REFUSE]
    assert b.desk.support.sent == []


def test_a_yes_by_name_sends_what_was_shown(b: Bench) -> None:
    asked(b)
    form = b.open("/bundle", request="rq_1").form(SEND)
    assert form["person"], "who is signed in, to be mended"
    page = sent(b, b.browser.send(form, person=" Иванова "))
    assert "Отправлено." in page.words
    ((bundle, consent),) = b.desk.support.sent
    assert (bundle, consent.person, consent.request) == (b.desk.support.content, "Иванова", "rq_1")
    assert b.browser.get("/bundle?request=rq_1").words.endswith("Отправлено. Работа")


def test_nobody_is_no_consent(b: Bench) -> None:
    asked(b)
    page = b.browser.send(b.open("/bundle", request="rq_1").form(SEND), person=" ")
    assert "Напишите, кто согласился отправить." in page.words
    assert b.desk.support.sent == []


def test_a_no_sends_nothing(b: Bench) -> None:
    asked(b)
    page = b.browser.send(b.open("/bundle", request="rq_1").form(REFUSE))
    assert "Ничего не отправлено." in page.words
    assert b.desk.service.support.asks() == ()
    assert "Этот запрос уже закончен." in b.browser.get("/bundle?request=rq_1").words
    assert b.browser.get("/bundle/part?request=rq_1&name=log.jsonl").status == 404


def test_a_form_that_was_shown_another_bundle_sends_nothing(b: Bench) -> None:
    asked(b)
    form = b.open("/bundle", request="rq_1").form(SEND)
    form["reference"] = "KB-9999-9999"
    page = sent(b, b.browser.send(form, person="Иванова"))
    assert "Показан был другой файл" in page.words
    assert b.desk.support.sent == []


def test_an_upload_that_fails_says_why_and_may_be_tried_again(b: Bench) -> None:
    asked(b)
    form = b.open("/bundle", request="rq_1").form(SEND)
    b.desk.support.trouble = trouble("server_unreachable")
    page = sent(b, b.browser.send(form, person="Иванова"))
    assert "нет" in page.words
    b.desk.support.trouble = None
    assert "Отправлено." in sent(b, b.browser.send(page.form(SEND), person="Иванова")).words


def test_while_it_is_sent_the_page_says_so_and_waits(b: Bench) -> None:
    asked(b)
    go, real = threading.Event(), b.desk.support.send

    def slow(bundle: Bundle, consent: Consent) -> Sent:
        assert go.wait(60)
        return real(bundle, consent)

    object.__setattr__(b.desk.service.support.means, "send", slow)
    form = b.open("/bundle", request="rq_1").form(SEND)
    for _ in range(2):  # a second click sends nothing more
        page = b.browser.send(form, person="Иванова")
        assert "Отправляется…" in page.words
    assert b.browser.get("/").status == 200, "the other pages go on"
    go.set()
    assert "Отправлено." in sent(b, page).words
    assert len(b.desk.support.sent) == 1
