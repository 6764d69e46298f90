"""Who may see the pages of this PC."""

from __future__ import annotations

from itertools import count
from urllib.parse import urlsplit

import pytest

from agent.page.gate import LINK_LIVES, VISIT_LIVES, Gate, Request, Response, Visit

HOST = "127.0.0.1:4711"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> Gate:
    numbers = count(1)
    return Gate(HOST, lambda: f"secret-{next(numbers)}", clock)


def get(path: str, cookie: str = "", host: str = HOST) -> Request:
    return Request("GET", path, {"host": host, "cookie": cookie})


def opened(gate: Gate, path: str = "/") -> tuple[Response, str]:
    """What the link's first visit is answered, and the cookie."""
    answer = gate.admit(get(urlsplit(gate.link(path)).path))
    assert isinstance(answer, Response)
    cookie = dict(answer.headers).get("Set-Cookie", "")
    return answer, cookie.partition(";")[0]


def test_a_link_is_exchanged_for_a_cookie(gate: Gate) -> None:
    answer, cookie = opened(gate, "/decide")
    assert answer.status == 303
    assert dict(answer.headers)["Location"] == "/decide"
    assert dict(answer.headers)["Set-Cookie"].endswith("; Path=/; HttpOnly; SameSite=Strict")
    assert isinstance(gate.admit(get("/decide", cookie)), Visit)


def test_what_the_page_is_asked_goes_with_the_link(gate: Gate) -> None:
    link = gate.link("/pair", line="https://a.example/pair/AB CD")
    answer = gate.admit(get(urlsplit(link).path))
    assert isinstance(answer, Response)
    assert dict(answer.headers)["Location"] == "/pair?line=https%3A%2F%2Fa.example%2Fpair%2FAB+CD"


def test_a_link_is_good_once(gate: Gate) -> None:
    path = urlsplit(gate.link("/")).path
    assert gate.admit(get(path)).status == 303  # type: ignore[union-attr]
    assert gate.admit(get(path)).status == 403  # type: ignore[union-attr]


def test_and_for_two_minutes(gate: Gate, clock: Clock) -> None:
    path = urlsplit(gate.link("/")).path
    clock.now += LINK_LIVES
    assert gate.admit(get(path)).status == 403  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (get("/"), 403),  # no cookie
        (get("/", "kassabridge_4711=secret-9"), 403),  # a wrong one
        (get("/", "kassabridge_4711="), 403),
        (get("/open/secret-9"), 403),  # a guessed link
        (get("/", host="evil.example:4711"), 421),  # a name that leads here
        (get("/", host="localhost:4711"), 421),
        (Request("GET", "/", {}), 421),
    ],
)
def test_who_is_refused(gate: Gate, request_: Request, status: int) -> None:
    opened(gate)
    answer = gate.admit(request_)
    assert isinstance(answer, Response)
    assert answer.status == status


def test_a_visit_ends_half_an_hour_after_the_last_page(gate: Gate, clock: Clock) -> None:
    _, cookie = opened(gate)
    for _ in range(3):
        clock.now += VISIT_LIVES - 1
        assert isinstance(gate.admit(get("/", cookie)), Visit)
    assert gate.is_used
    clock.now += VISIT_LIVES
    assert not gate.is_used
    assert gate.admit(get("/", cookie)).status == 403  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("origin", "key", "good"),
    [
        (f"http://{HOST}", "secret-3", True),
        (f"http://{HOST}", "secret-2", False),  # the cookie is not the form's key
        (f"http://{HOST}", "", False),
        ("https://crm.example.ru", "secret-3", False),
        ("null", "secret-3", False),
        (None, "secret-3", False),
    ],
)
def test_a_form_comes_from_our_own_page(gate: Gate, origin: str | None, key: str, good: bool) -> None:
    _, cookie = opened(gate)
    headers = {"host": HOST, "cookie": cookie} | ({"origin": origin} if origin is not None else {})
    answer = gate.admit(Request("POST", "/decide", headers, form={"key": key}))
    assert isinstance(answer, Visit) is good


def test_two_browsers_have_visits_of_their_own(gate: Gate) -> None:
    _, one = opened(gate)
    _, two = opened(gate)
    first, second = gate.admit(get("/", one)), gate.admit(get("/", two))
    assert isinstance(first, Visit)
    assert isinstance(second, Visit)
    assert first.key != second.key
