"""HTTP itself: what is a request, what is refused before anybody reads it, how long a connection lives."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.simulators.atol_web.numbers import kopecks, read, scaled, write
from drivers.simulators.http import LONGEST_BODY, HttpRequest, HttpResponse, Reader
from tests.drivers.simulators.atol_web.host import Host, Silent, request_bytes, responses, sell

INFO = "/api/v2/serverInfo"


def requests(pieces: Iterable[bytes]) -> list[HttpRequest]:
    reader = Reader()
    heard: list[HttpRequest] = []
    for piece in pieces:
        while piece:
            taken, request = reader.take(piece)
            assert 0 < taken <= len(piece)
            piece = piece[taken:]
            heard += [] if request is None else [request]
    return heard


@given(st.lists(st.binary(max_size=40), max_size=4), st.lists(st.integers(0, 400), max_size=6))
def test_requests_follow_each_other_however_the_stream_is_cut(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(request_bytes("POST", f"/a%20b/{len(body)}?x=1&y=%D1%8F", body) for body in bodies)
    places = [0, *sorted(cuts), len(stream)]
    heard = requests(stream[start:end] for start, end in pairwise(places))
    assert [request.body for request in heard] == bodies
    assert all(request.path == f"/a b/{len(request.body)}" for request in heard)
    assert all(request.query == {"x": "1", "y": "я"} and request.keeps for request in heard)


REFUSED = [
    (b"NONSENSE\r\n\r\n", 400),
    (b"GET / HTTP/2.0\r\n\r\n", 505),
    (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nname without colon\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
    (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (LONGEST_BODY + 1), 413),
    (b"GET /" + b"x" * 20_000, 431),
]


@pytest.mark.parametrize(("sent", "status"), REFUSED, ids=[str(status) + str(len(sent)) for sent, status in REFUSED])
def test_what_cannot_be_read_is_refused_and_the_connection_ends(sent: bytes, status: int) -> None:
    host = Host()
    assert [each.status for each in responses(host.line.receive(sent))] == [status]
    assert host.line.closed


@pytest.mark.parametrize(
    ("head", "stays"),
    [
        ("GET {} HTTP/1.1", True),
        ("GET {} HTTP/1.1\r\nConnection: close", False),
        ("GET {} HTTP/1.0", False),
        ("GET {} HTTP/1.0\r\nConnection: keep-alive", True),
    ],
)
def test_how_long_a_connection_lives(head: str, stays: bool) -> None:
    host = Host()
    (told,) = responses(host.line.receive((head.format(INFO) + "\r\n\r\n").encode()))
    assert told.status == 200
    assert told.headers["connection"] == ("keep-alive" if stays else "close")
    assert host.line.closed is not stays


def test_a_silent_client_is_hung_up() -> None:
    host = Host()
    assert host.http("GET", INFO).status == 200
    host.pass_time(29, step=1)
    assert not host.line.closed
    host.pass_time(2, step=1)
    assert host.line.closed


def test_many_clients_at_a_time() -> None:
    host = Host()
    first = host.line
    others = [host.device.connection() for _ in range(3)]
    for line in (first, *others):
        assert responses(line.receive(request_bytes("GET", INFO)))[0].status == 200
        assert not line.closed


def test_one_answer_after_another_though_two_were_asked() -> None:
    host = Host("slow:command=get-serverInfo,seconds=1")
    twice = request_bytes("GET", INFO) + request_bytes("GET", "/api/v2/settings")
    assert host.line.receive(twice) == b""
    assert [each.status for each in responses(host.pass_time(1.1))] == [200, 200]


def test_an_answer_says_what_it_is() -> None:
    told = Host().http("GET", INFO)
    assert told.headers["content-type"] == "application/json; charset=utf-8"
    assert told.headers["access-control-allow-origin"] == "*"
    assert told.json() == {
        "serverVersion": "simulator",
        "driverVersion": "10.10.8.0",
        "os": "linux",
        "currentDateTime": "2026-11-22T10:00:00+03:00",
    }
    preflight = Host().http("OPTIONS", "/api/v2/requests")
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert HttpResponse(599).to_bytes(keeps=True).startswith(b"HTTP/1.1 599 ")


# --- who may ask ---


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def test_a_password_where_one_is_set() -> None:
    host = Host(auth="касса:секрет")
    asked = "/api/v2/getRequestsQueueStatus"
    for headers in ({}, basic("касса:"), basic("x"), {"Authorization": "Bearer x"}, {"Authorization": "Basic"}):
        told = host.http("GET", asked, headers=headers)
        assert (told.status, told.headers["www-authenticate"]) == (401, 'Basic realm="atol"')
        assert host.http("POST", "/api/v2/requests", {"uuid": "u", "request": [sell()]}, headers).status == 401
    assert host.http("GET", asked, headers=basic("касса:секрет")).json()["number"] == 0
    assert host.http("GET", INFO).status == 200
    assert host.http("GET", "/api/v2/utils/mapping").status == 200


# --- numbers ---


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9))
def test_money_passes_digit_by_digit(amount: object) -> None:
    text = f"{amount}"
    assert kopecks(read(text)) == int(text.replace(".", ""))
    assert kopecks(read(write(read(text)))) == kopecks(read(text))


@pytest.mark.parametrize(
    ("text", "written"),
    [("201.00", "201"), ("0.10", "0.1"), ("1e2", "100"), ("-0.5", "-0.5"), ("1e-400", "0"), ("1e400", '"1E+400"')],
)
def test_a_number_is_written_plainly(text: str, written: str) -> None:
    assert write(read(text)) == written


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "{", "", "[1,]"])
def test_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text)


def test_half_a_kopeck_rounds_up() -> None:
    assert [kopecks(read(text)) for text in ("201.005", "0.004", "-1.005")] == [20101, 0, -101]
    assert scaled(read("0.0015"), 3) == 2


def test_nothing_answers_while_the_server_is_down() -> None:
    host = Host("restart:command=get-serverInfo,off=2")
    with pytest.raises(Silent) as caught:
        host.http("GET", INFO)
    assert caught.value.closed
    with pytest.raises(ConnectionRefusedError):
        host.device.connection()
    host.clock.advance(2)
    host.redial()
    assert host.http("GET", INFO).status == 200


def test_the_same_bytes_with_the_same_seed() -> None:
    def day(seed: int) -> bytes:
        host = Host(seed=seed)
        return b"".join(host.post(sell(each)).body + host.pass_time(1) for each in (1, 2)) + str(host.dumped()).encode()

    assert day(7) == day(7)
    assert day(7) != day(8)
    assert Random(7).random() != Random(8).random()
