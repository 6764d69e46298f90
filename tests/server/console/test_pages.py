"""Every page, for every role, in both languages: there or refused, and nothing runs that others wrote."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import FastAPI

from server.app import build_app
from server.settings import Settings
from tests.server.console.addresses import ADDRESSES, EVERYBODY, NO_PAGES, OUTSIDE, forms, pages
from tests.server.console.conftest import HOSTILE, Console, text_of

INLINE = re.compile(r"<script(?![^>]*\bsrc=)|\son[a-z]+\s*=|\sstyle\s*=|javascript:", re.IGNORECASE)


def test_every_page_is_in_the_table() -> None:
    listed = {address.pattern for address in ADDRESSES} | set(OUTSIDE) | set(NO_PAGES)
    found = {path.replace("{code}", "{invitation}") if path.startswith("/invite/") else path for path in pages(app())}
    assert found == listed


def app() -> FastAPI:
    return build_app(Settings(database=":memory:"))


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("role", EVERYBODY)
async def test_every_page_for_every_role(console: Console, role: str, language: str) -> None:
    for address in ADDRESSES:
        samples = list(address.samples(console.given))
        assert samples, f"nothing to fill {address.pattern} in with"
        for path in samples:
            page = await console.get(role, path, language)
            wanted = 200 if role in address.roles else 403
            assert page.status_code == wanted, (path, page.text[:2000])
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert page.headers["content-language"] == language
            assert f'<html lang="{language}"' in page.text
            assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
            assert "unsafe" not in page.headers["content-security-policy"]
            assert not INLINE.search(page.text.replace("onerror=alert(1)&gt;", "")), path
            assert "<img src=x" not in page.text, path
            assert "<b>" not in page.text, path


async def test_hostile_words_are_shown_as_they_are(console: Console) -> None:
    assert HOSTILE in text_of(await console.get("owner", "/console/directory"))
    assert "Товар <b>" in text_of(await console.get("owner", "/console/jobs/done"))
    assert 'value="&lt;img src=x' in (await console.get("owner", "/console/desks/front")).text


async def test_whoever_is_not_signed_in_goes_to_the_sign_in(console: Console) -> None:
    stranger = console.bench.browser()
    for address in ADDRESSES:
        for path in address.samples(console.given):
            answer = await stranger.get(console.bench.url + path)
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/console/sign-in"), path
    begin = await stranger.get(f"{console.bench.url}/")
    assert begin.headers["location"] == "/console/sign-in"


async def test_after_the_sign_in_comes_the_page_that_was_asked_for_and_no_other_site(console: Console) -> None:
    stranger = console.bench.browser()
    page = await stranger.get(f"{console.bench.url}/console/jobs")
    assert page.headers["location"] == "/console/sign-in?next=%2Fconsole%2Fjobs"
    for elsewhere in ("//evil.example/console/", "https://evil.example/", "/console/\\evil", "/console//evil"):
        page = await stranger.get(f"{console.bench.url}/console/sign-in", params={"next": elsewhere})
        assert 'name="next" value="/console"' in page.text


async def test_an_address_that_is_no_page_is_said_to_be_none(console: Console) -> None:
    page = await console.get("owner", "/console/nothing-here")
    assert page.status_code == 404
    assert "not_found" in page.text
    page = await console.get("owner", "/console/jobs/unknown-job")
    assert (page.status_code, "unknown_job" in page.text) == (404, True)


async def test_its_files_are_asked_for_anew_and_not_sent_twice(console: Console) -> None:
    stranger = console.bench.browser()
    for name in ("console.css", "live.js", "till.js", "icon.svg"):
        url = f"{console.bench.url}/console/static/{name}"
        file = await stranger.get(url)
        assert (file.status_code, file.headers["cache-control"]) == (200, "no-cache"), name
        assert (await stranger.get(url, headers={"If-None-Match": file.headers["etag"]})).status_code == 304
        assert not re.search(r"https?://(?!www\.w3\.org/)", file.text), "nothing is loaded from elsewhere"
    assert (await stranger.get(f"{console.bench.url}/console/static/../visit.py")).status_code in (303, 404)
    assert (await stranger.get(f"{console.bench.url}/console/static/%2e%2e/visit.py")).status_code == 404


async def test_without_the_console_there_are_no_pages() -> None:
    assert pages(build_app(Settings(database=":memory:", console=False))) == set()


def test_every_form_has_somebody_who_follows_it() -> None:
    assert len(forms(app())) > 20


# --- forms ------------------------------------------------------------------------------------------------------------


async def test_a_form_without_its_token_changes_nothing(console: Console) -> None:
    for pattern in sorted(forms(app()) - {"/console/sign-in", "/invite/{code}"}):
        path = re.sub(r"\{[a-z_]+\}", lambda name: console.given.get(name[0][1:-1], "x"), pattern)
        for token in ("", "wrong"):
            answer = await console.send("owner", path, _csrf=token)
            assert (answer.status_code, "csrf_missing" in answer.text) == (403, True), path


async def test_a_form_from_another_site_changes_nothing(console: Console) -> None:
    browser = console.people["owner"]
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        token = browser.headers["X-CSRF-Token"]
        answer = await browser.post(
            f"{console.bench.url}/console/jobs/waiting/cancel", data={"_csrf": token}, headers=headers
        )
        assert (answer.status_code, "foreign_origin" in answer.text) == (403, True)
    assert (await console.bench.state("waiting"))["state"] != "cancelled"


async def test_what_a_role_may_not_do_its_forms_do_not(console: Console) -> None:
    answer = await console.send("support", "/console/jobs/waiting/cancel")
    assert (answer.status_code, "forbidden" in answer.text) == (403, True)
    answer = await console.send("cashier", "/console/decisions/doubt", choice="not_done", reason="так", rev="2")
    assert answer.status_code == 403
    answer = await console.send("cashier", "/console/directory/devices", kkm_id="new")
    assert answer.status_code == 403


async def test_a_wrong_field_is_said_beside_it_and_what_was_typed_stays(console: Console) -> None:
    page = await console.send("owner", "/console/directory/devices", kkm_id="касса 1", name="У входа")
    assert page.status_code == 422
    assert re.search(r'name="kkm_id"[^>]*value="касса 1"[^>]*aria-invalid="true"', page.text)
    assert "не латинский" in text_of(page)
    assert 'value="У входа"' in page.text


async def test_a_decision_goes_to_the_pc_in_the_persons_name(console: Console) -> None:
    async def decides(fd: str, rev: str) -> httpx.Response:
        said = {"choice": "done must", "reason": "лента", "fd": fd, "rev": rev}
        return await console.send("manager", "/console/decisions/doubt", **said)

    page = await decides("", "2")
    assert (page.status_code, "Введите номер документа" in page.text) == (422, True)
    assert (await decides("41", "1")).status_code == 409
    answer = await decides("41", "2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/jobs/doubt?said=decision")
    page = await console.get("manager", "/console/decisions/doubt")
    assert "Решение уже отправлено на ПК" in page.text


async def test_language_and_light_are_kept_in_the_browser(console: Console) -> None:
    answer = await console.send("owner", "/console/look", language="en", theme="dark", back="/console/jobs")
    assert answer.headers["location"] == "/console/jobs"
    page = await console.get("owner", "/console/jobs", "ru")
    assert '<html lang="en" data-theme="dark">' in page.text


async def test_the_sign_in_takes_the_right_password_and_says_what_is_wrong(console: Console) -> None:
    stranger = console.bench.browser()
    page = await stranger.post(
        f"{console.bench.url}/console/sign-in", data={"login": "owner", "password": "nothing like it"}
    )
    assert (page.status_code, 'role="alert"' in page.text) == (401, True)
    assert "nothing like it" not in page.text
