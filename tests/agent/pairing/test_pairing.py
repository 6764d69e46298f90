"""Pairing against a small server on the loopback: what is asked, what is kept, how each mistake is told."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from agent import keys
from agent.identity import Identity, identity_path, load_identity
from agent.pairing import PENDING, PairingLine, UrllibHttp, pair, parse_line
from agent.problems import UserError
from agent.sealing import NotOpened
from protocol.crm.signing import signed_bytes

CODE = "7KQM4RTW2X"
JOB_KEY = keys.public_key_of(keys.new_private_key())
PAIRED = {
    "status": "paired",
    "poll_s": None,
    "agent_id": "ag_1",
    "tenant_id": "tn_1",
    "tenant": "Мастерская",
    "keys": [{"kid": "k1", "key": JOB_KEY, "by": None, "sig": None}],
    "link_url": "ws://127.0.0.1:8000/api/v1/agent",
}
CLAIMED = {"claim_id": "cl_1", "status": "waiting", "poll_s": 5.0}
WAITING = {"status": "waiting", "poll_s": 5.0}


@dataclass
class Crm:
    """Answers in turn; keeps what it was asked."""

    answers: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    url: str = ""

    def will(self, status: int, body: Any, **headers: str) -> Crm:
        self.answers.append((status, body, {name.replace("_", "-"): value for name, value in headers.items()}))
        return self


@pytest.fixture
def crm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    made = Crm()
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # the loopback never goes through a proxy

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.asked.append((self.command, self.path, body))
            status, answer, headers = made.answers.pop(0)
            raw = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        server.shutdown()
        thread.join()


class Clock:
    def __init__(self) -> None:
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)

    def monotonic(self) -> float:
        return sum(self.naps)


def run(crm: Crm, folder: Path, clock: Clock | None = None, said: list[str] | None = None) -> Identity:
    clock = clock or Clock()
    said = said if said is not None else []
    return pair(
        f"{crm.url}/pair/{CODE}",
        folder,
        version="0.1.0",
        say=lambda ru, en: said.append(f"{ru} | {en}"),
        pc_name="KASSA-1",
        sleep=clock.sleep,
        monotonic=clock.monotonic,
    )


def test_the_way_of_a_pairing(crm: Crm, tmp_path: Path) -> None:
    crm.will(202, CLAIMED).will(200, WAITING).will(429, {"code": "slow_down"}, Retry_After="7").will(200, PAIRED)
    clock, said = Clock(), list[str]()
    identity = run(crm, tmp_path, clock, said)

    claim = crm.asked[0][2]
    assert crm.asked[0][1] == "/api/v1/pair"
    assert claim == {
        "code": CODE,
        "public_key": identity.public_key,
        "install_id": identity.install_id,
        "pc_name": "KASSA-1",
        "version": "0.1.0",
    }
    assert [path for _, path, _ in crm.asked[1:]] == ["/api/v1/pair/cl_1"] * 3
    for _, _, proof in crm.asked[1:]:
        assert keys.verify(claim["public_key"], signed_bytes("pair", {"claim_id": "cl_1"}), proof["sig"])
    assert clock.naps == [1.0, 5.0, 10.0]  # the second question came too soon for the server
    assert "KASSA-1" in said[1]

    assert load_identity(tmp_path) == identity
    assert identity.server_keys == {"k1": JOB_KEY}
    assert (identity.agent_id, identity.tenant_id, identity.tenant) == ("ag_1", "tn_1", "Мастерская")
    assert (identity.server_url, identity.link_url) == (crm.url, PAIRED["link_url"])
    assert not (tmp_path / PENDING).exists()
    assert identity.private_key not in repr(identity)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_the_key_is_readable_by_its_owner_only(crm: Crm, tmp_path: Path) -> None:
    crm.will(202, CLAIMED).will(200, PAIRED)
    run(crm, tmp_path)
    assert stat.S_IMODE(identity_path(tmp_path).stat().st_mode) == 0o600


def test_the_same_line_again_after_a_lost_answer_uses_the_same_key(crm: Crm, tmp_path: Path) -> None:
    crm.will(500, "oops").will(202, CLAIMED).will(200, PAIRED)
    with pytest.raises(UserError):
        run(crm, tmp_path)
    assert stat.S_IMODE((tmp_path / PENDING).stat().st_mode) == 0o600 or sys.platform == "win32"
    run(crm, tmp_path)
    assert crm.asked[0][2] == crm.asked[1][2]


def test_a_server_that_stumbles_while_the_owner_thinks_is_asked_again(crm: Crm, tmp_path: Path) -> None:
    crm.will(202, CLAIMED).will(503, "restarting").will(200, WAITING).will(200, PAIRED)
    assert run(crm, tmp_path).agent_id == "ag_1"


@pytest.mark.parametrize(
    ("status", "body", "code", "word"),
    [
        (404, {"code": "pair_code_unknown"}, "pair_code_unknown", "Такого кода нет"),
        (410, {"code": "pair_code_expired"}, "pair_code_expired", "Код устарел"),
        (409, {"code": "pair_code_used"}, "pair_code_used", "Код уже использован"),
        (429, {"code": "too_many_tries"}, "too_many_tries", "Слишком много"),
        (422, {"code": "pair_code_letter", "errors": [{"text": "Знак «0» на месте 3"}]}, "pair_code_letter", "месте 3"),
        (404, "<html>nginx</html>", "not_kassabridge", "не сервер KassaBridge"),
        (200, "[]", "not_kassabridge", "не сервер KassaBridge"),
        (202, {"status": "waiting"}, "not_kassabridge", "не сервер KassaBridge"),
        (307, "", "not_kassabridge", "не сервер KassaBridge"),
    ],
)
def test_a_refused_code_is_told_and_nothing_is_stored(
    crm: Crm, tmp_path: Path, status: int, body: Any, code: str, word: str
) -> None:
    crm.will(status, body, Location="http://127.0.0.1:1/") if status == 307 else crm.will(status, body)
    with pytest.raises(UserError) as caught:
        run(crm, tmp_path)
    assert caught.value.code == code
    assert word in caught.value.ru
    assert not identity_path(tmp_path).exists()


def test_a_key_that_waits_for_its_owner_is_sealed_where_the_system_can(
    crm: Crm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Seal:
        name = "a seal"

        def seal(self, secret: bytes) -> bytes:
            return b"sealed" + secret[::-1]

        def open(self, sealed: bytes) -> bytes:
            if not sealed.startswith(b"sealed"):
                raise NotOpened("not mine")
            return sealed.removeprefix(b"sealed")[::-1]

    monkeypatch.setattr("agent.pairing.system_sealer", lambda _: Seal())
    (tmp_path / PENDING).write_bytes(b"{}")  # of before
    crm.will(202, CLAIMED).will(200, {"status": "refused"})
    with pytest.raises(UserError):
        run(crm, tmp_path)
    kept = (tmp_path / PENDING).read_bytes()
    assert b"private_key" not in kept
    crm.will(202, CLAIMED).will(200, PAIRED)
    identity = run(crm, tmp_path)  # the same line again: the code is bound to the key
    assert identity.private_key.encode() in Seal().open(kept)


def test_the_owner_may_refuse(crm: Crm, tmp_path: Path) -> None:
    crm.will(202, CLAIMED).will(200, {"status": "refused"})
    with pytest.raises(UserError) as caught:
        run(crm, tmp_path)
    assert caught.value.code == "pair_refused"


def test_nobody_confirms(crm: Crm, tmp_path: Path) -> None:
    crm.will(202, CLAIMED)
    for _ in range(200):
        crm.will(200, WAITING)
    clock = Clock()
    with pytest.raises(UserError) as caught:
        run(crm, tmp_path, clock)
    assert caught.value.code == "pair_not_confirmed"
    assert 900 <= clock.monotonic() < 910


@pytest.mark.parametrize(
    "change",
    [
        {"keys": []},
        {"tenant_id": None},
        {"agent_id": None},
        {"link_url": None},
        {"link_url": "ws://kassa.example.ru/api/v1/agent"},
        {"keys": [{"kid": "k1"}]},
    ],
)
def test_an_incomplete_or_unsafe_outcome_is_not_kept(crm: Crm, tmp_path: Path, change: dict[str, Any]) -> None:
    crm.will(202, CLAIMED).will(200, PAIRED | change)
    with pytest.raises(UserError):
        run(crm, tmp_path)
    assert not identity_path(tmp_path).exists()


def test_a_paired_pc_is_not_paired_over(crm: Crm, tmp_path: Path) -> None:
    crm.will(202, CLAIMED).will(200, PAIRED)
    identity = run(crm, tmp_path)
    with pytest.raises(UserError) as caught:
        run(crm, tmp_path)
    assert caught.value.code == "already_paired"
    assert load_identity(tmp_path) == identity


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        pair(f"http://127.0.0.1:9/pair/{CODE}", tmp_path, version="0", say=lambda *_: None)
    assert caught.value.code == "server_unreachable"
    assert "127.0.0.1:9" in caught.value.ru


def test_no_encryption_on_the_other_side_is_a_sentence(crm: Crm, tmp_path: Path) -> None:
    line = crm.url.replace("http://", "https://")
    with pytest.raises(UserError) as caught:
        pair(f"{line}/pair/{CODE}", tmp_path, version="0", say=lambda *_: None, http=UrllibHttp(timeout=5))
    assert caught.value.code == "server_tls"
    assert "шифрование" in caught.value.ru


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"https://kassa.ru/pair/{CODE}", PairingLine("https://kassa.ru", CODE)),
        (f"  https://kassa.ru:8443/crm/pair/{CODE}/ \n", PairingLine("https://kassa.ru:8443/crm", CODE)),
        (f"«https://kassa.ru/pair/{CODE}»", PairingLine("https://kassa.ru", CODE)),
        (f"http://localhost:8000/pair/{CODE}", PairingLine("http://localhost:8000", CODE)),
        (f"http://[::1]:8000/pair/{CODE}", PairingLine("http://[::1]:8000", CODE)),
    ],
)
def test_lines_that_are_understood(line: str, expected: PairingLine) -> None:
    assert parse_line(line) == expected


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (f"https://kаssa.ru/pair/{CODE}", "10-й знак «а» — русская буква, похожая на латинскую «a»"),
        ("https://kassa.ru/pair/7КQM4RTW2X", "24-й знак «К»"),
        ("https://касса.рф/pair/7KQM4RTW2X", "9-й знак «к» — русская буква, похожая"),
        (f"http://kassa.ru/pair/{CODE}", "нужно https://"),
        (f"ftp://kassa.ru/pair/{CODE}", "не похожа"),
        (f"kassa.ru/pair/{CODE}", "не похожа"),
        (CODE, "не похожа"),
        ("", "не похожа"),
        ("https://kassa.ru/pair/", "нет кода"),
        ("https://kassa.ru/", "нет кода"),
        ("https://kassa.ru/pair/7KQM", "неполный"),
        ("https://kassa.ru/pair/7KQM4RTW2X…", "лишними"),
        ("https://kassa.ru:99999/pair/7KQM4RTW2X", "не похожа"),
    ],
)
def test_lines_that_are_not(line: str, word: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_line(line)
    assert caught.value.code == "bad_pairing_line"
    assert word in caught.value.ru


def _damage(path: Path) -> None:
    path.write_text("{", "utf-8")


@pytest.mark.parametrize(("do", "code"), [(lambda _: None, "not_paired"), (_damage, "bad_identity")])
def test_an_identity_that_cannot_be_used_is_told(tmp_path: Path, do: Callable[[Path], None], code: str) -> None:
    do(identity_path(tmp_path))
    with pytest.raises(UserError) as caught:
        load_identity(tmp_path)
    assert caught.value.code == code
