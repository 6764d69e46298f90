"""One HTTP exchange over a transport: what was sent, what was answered, and that a password is never shown."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.address import SetupError
from drivers.fiscal.atol_web import HttpClient, load_profile
from drivers.registry import open_register
from drivers.transports.base import LinkError, Transport
from drivers.transports.http import Credentials, HttpError, Reply
from drivers.transports.memory import VirtualClock

TIME = 10.0


class Line(Transport):
    """Answers whatever it is sent with these pieces, one per read; then nothing, or the end."""

    def __init__(self, *pieces: bytes, clock: VirtualClock, ends: bool = True) -> None:
        self._pieces = list(pieces)
        self._clock = clock
        self._ends = ends
        self.refuses = self.breaks = False
        self.sent = bytearray()
        self.opened = self.closed = 0

    def open(self) -> None:
        if self.refuses:
            raise LinkError("device_offline", "refused")
        self.opened += 1

    def close(self) -> None:
        self.closed += 1

    def write(self, data: bytes) -> None:
        self.sent += data
        if self.breaks:
            raise LinkError("link_lost", "reset")

    def read(self, most: int, deadline: float) -> bytes:
        if self._pieces:
            piece = self._pieces.pop(0)
            if piece[most:]:
                self._pieces.insert(0, piece[most:])
            return piece[:most]
        if self._ends:
            raise LinkError("link_lost", "closed")
        self._clock.sleep(deadline - self._clock.now())
        return b""


def ask(*pieces: bytes, ends: bool = True, body: str | None = None) -> Reply:
    clock = VirtualClock()
    line = Line(*pieces, clock=clock, ends=ends)
    try:
        return HttpClient(line, clock, "h:1").ask("GET", "/x", body, seconds=TIME)
    finally:
        assert line.closed == line.opened


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_a_request_is_one_connection(clock: VirtualClock) -> None:
    line = Line(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", clock=clock)
    HttpClient(line, clock, "10.0.0.7:16732").ask("POST", "/api/v2/requests", '{"имя":1}', seconds=TIME)
    head, _, body = bytes(line.sent).partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /api/v2/requests HTTP/1.1",
        b"Host: 10.0.0.7:16732",
        b"Accept: application/json",
        b"Connection: close",
        b"Content-Type: application/json; charset=utf-8",
        b"Content-Length: 12",
    ]
    assert body == '{"имя":1}'.encode()
    assert (line.opened, line.closed) == (1, 1)


# --- what is answered -------------------------------------------------------------------------------------------------

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize(
    ("pieces", "reply"),
    [
        ([WHOLE], Reply(200, b"hello")),
        ([bytes((byte,)) for byte in WHOLE], Reply(200, b"hello")),
        ([WHOLE + b"more than was announced"], Reply(200, b"hello")),
        ([b"HTTP/1.1 404 Not Found\r\n\r\n<html>"], Reply(404, b"<html>")),  # until the connection ends
        ([b"HTTP/1.0 409 \r\nContent-Length: 0\r\n\r\n"], Reply(409, b"")),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", WHOLE], Reply(200, b"hello")),
        (
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"],
            Reply(200, b"hello"),
        ),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], Reply(204, b"")),
    ],
)
def test_an_answer(pieces: list[bytes], reply: Reply) -> None:
    assert ask(*pieces) == reply


@pytest.mark.parametrize(
    ("pieces", "ends", "code"),
    [
        ([], True, "link_lost"),
        ([WHOLE[:-1]], True, "link_lost"),
        ([WHOLE[:20]], True, "link_lost"),
        ([WHOLE[:20]], False, "no_reply"),
        ([], False, "no_reply"),
        ([b"\x06\x02\x05not HTTP at all\r\n\r\n"], True, "bad_reply"),
        ([b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000], False, "bad_reply"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", *[b"x" * 16384] * 1100], True, "bad_reply"),
    ],
)
def test_no_answer_leaves_open_what_became_of_the_request(pieces: list[bytes], ends: bool, code: str) -> None:
    with pytest.raises(HttpError) as caught:
        ask(*pieces, ends=ends)
    assert (caught.value.code, caught.value.sent) == (code, True)


def test_whether_anything_was_sent_is_told(clock: VirtualClock) -> None:
    for refuses, code, sent in ((True, "device_offline", False), (False, "link_lost", True)):
        line = Line(clock=clock)
        line.refuses, line.breaks = refuses, not refuses
        with pytest.raises(HttpError) as caught:
            HttpClient(line, clock, "h:1").ask("GET", "/x", seconds=TIME)
        assert (caught.value.code, caught.value.sent) == (code, sent)


def reply_or_error(*pieces: bytes, ends: bool = True) -> Reply | HttpError:
    try:
        return ask(*pieces, ends=ends)
    except HttpError as error:
        return error


@given(st.lists(st.binary(max_size=60), max_size=6), st.booleans())
def test_any_bytes_are_an_answer_or_none(pieces: list[bytes], ends: bool) -> None:
    outcome = reply_or_error(*pieces, ends=ends)
    assert outcome.sent if isinstance(outcome, HttpError) else 200 <= outcome.status <= 999


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 7))
def test_any_flipped_bit_is_an_answer_or_none(at: int, bit: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[at] ^= 1 << bit
    outcome = reply_or_error(bytes(damaged))
    assert isinstance(outcome, Reply) or outcome.sent


# --- the password -----------------------------------------------------------------------------------------------------

SECRET = Credentials("касса", "пароль:1")
BASIC = b64encode("касса:пароль:1".encode())


def test_credentials_are_sent_and_never_shown(clock: VirtualClock) -> None:
    heard: list[tuple[str, bytes]] = []
    line = Line(WHOLE, clock=clock)
    client = HttpClient(line, clock, "h:1", SECRET, lambda _, way, data: heard.append((way, data)))
    client.ask("GET", "/x", seconds=TIME)
    assert b"Authorization: Basic " + BASIC + b"\r\n" in bytes(line.sent)
    assert [way for way, _ in heard] == ["open", "tx", "rx", "close"]
    assert b"Authorization: ***" in heard[1][1]
    assert BASIC not in b"".join(data for _, data in heard)
    for shown in (repr(client), repr(SECRET), repr(vars(client)["_transport"])):
        assert "пароль" not in shown


def test_a_profile_holds_them(tmp_path: Path) -> None:
    file = tmp_path / "web.toml"
    file.write_text('[access]\nuser = "a"\npassword = "secret"\n[server]\napi = "1"\n', "utf-8")
    profile = load_profile(file)
    assert profile.credentials.header == b"Basic " + b64encode(b"a:secret")
    assert (profile.generation, profile.times.close) == (1, 60.0)
    assert "secret" not in repr(profile)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[access]\nuser = "a:b"', "access.user"),
        ("[access]\npassword = 12345678", "access.password"),
        ('[server]\napi = "3"', "server.api"),
        ("[wait]\npoll_first = 0", "wait.poll_first"),
        ("[time]\nclose = -1", "time.close"),
        ("[time]\nsleep = 1", "sleep"),
    ],
)
def test_a_wrong_profile_is_named_and_shows_no_password(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "web.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(SetupError) as caught:
        load_profile(file)
    assert caught.value.code == "bad_profile"
    assert named in caught.value.en
    assert "12345678" not in caught.value.en


@pytest.mark.parametrize("options", ["", "?device=2&connect_time=1"])
def test_an_address(clock: VirtualClock, options: str) -> None:
    assert open_register("atol-web", f"http://127.0.0.1:16732{options}", clock=clock).capabilities.has_task_id


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://127.0.0.1:16732?devise=2", "bad_address"),
        ("https://127.0.0.1:16732", "unsupported_transport"),
        ("tcp:127.0.0.1:16732", "unsupported_transport"),
        ("http://a:b@127.0.0.1:16732", "bad_address"),
    ],
)
def test_a_wrong_address(clock: VirtualClock, address: str, code: str) -> None:
    with pytest.raises(SetupError) as caught:
        open_register("atol-web", address, clock=clock)
    assert caught.value.code == code
