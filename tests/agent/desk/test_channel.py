"""One question, one answer, between programs of ours on one PC; anybody else is hung up on."""

from __future__ import annotations

import json
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

import pytest

from agent.cli import main
from agent.desk import channel, commands
from agent.desk.channel import FILE, LONGEST, ControlServer, NotRunning, Silent, ask
from agent.problems import UserError


def _refused(_: dict[str, Any]) -> dict[str, Any]:
    raise UserError("no", "нет", "no")


def _broken(_: dict[str, Any]) -> dict[str, Any]:
    raise RuntimeError("a fault of ours")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ControlServer]:
    server = ControlServer(tmp_path, {"echo": lambda params: {"said": params}, "refuse": _refused, "break": _broken})
    server.start()
    try:
        yield server
    finally:
        server.close()


def _place(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / FILE).read_text()))


def test_a_question_is_answered(server: ControlServer, tmp_path: Path) -> None:
    assert ask(tmp_path, "echo", {"сумма": 110}) == {"said": {"сумма": 110}}
    assert ask(tmp_path, "ping", {}) == {}


@pytest.mark.parametrize(
    ("what", "code"), [("refuse", "no"), ("unheard of", "unknown_question"), ("break", "internal")]
)
def test_what_is_refused_says_why(server: ControlServer, tmp_path: Path, what: str, code: str) -> None:
    with pytest.raises(UserError) as refused:
        ask(tmp_path, what, {})
    assert refused.value.code == code
    assert ask(tmp_path, "ping", {}) == {}


def _secret(folder: Path) -> str:
    return str(_place(folder)["secret"])


def _question(secret: Any, **changes: Any) -> bytes:
    return json.dumps({"secret": secret, "ask": "echo", "params": {}} | changes).encode()


HOSTILE: dict[str, Callable[[str], bytes]] = {
    "nothing": lambda _: b"",
    "no JSON": lambda _: b"not json",
    "too deep": lambda _: b"[" * 100_000,
    "empty": lambda _: b"{}",
    "another secret": lambda _: _question("0" * 64),
    "no secret": lambda _: _question(None),
    "a secret in other letters": lambda _: _question("ключ"),
    "params of another kind": lambda secret: _question(secret, params=1),
    "too long": lambda _: b" " * (LONGEST + 1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whoever_does_not_know_the_secret_or_the_form_is_hung_up_on(
    server: ControlServer, tmp_path: Path, name: str
) -> None:
    with Client(_place(tmp_path)["address"]) as stranger:
        assert _answer_to(stranger, HOSTILE[name](_secret(tmp_path))) is None
    assert ask(tmp_path, "ping", {}) == {}


def _answer_to(stranger: Connection, question: bytes) -> bytes | None:
    try:
        stranger.send_bytes(question)
        assert stranger.poll(10)
        return stranger.recv_bytes()
    except (EOFError, OSError):
        return None


def test_those_who_say_nothing_do_not_keep_others_from_being_heard(server: ControlServer, tmp_path: Path) -> None:
    address = _place(tmp_path)["address"]
    silent = [Client(address) for _ in range(channel.AT_ONCE - 1)]
    try:
        assert ask(tmp_path, "ping", {}) == {}
    finally:
        for each in silent:
            each.close()


@pytest.mark.skipif(sys.platform == "win32", reason="rights are another matter there")
def test_nobody_else_may_read_the_secret_or_reach_the_socket(server: ControlServer, tmp_path: Path) -> None:
    for path in (tmp_path / FILE, Path(_place(tmp_path)["address"])):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_second_agent_is_told_that_one_is_running(server: ControlServer, tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        ControlServer(tmp_path, {}).start()
    assert refused.value.code == "agent_running"
    assert ask(tmp_path, "echo", {}) == {"said": {}}


def test_after_the_end_nobody_answers_and_nothing_is_left(tmp_path: Path) -> None:
    server = ControlServer(tmp_path, {})
    server.start()
    server.close()
    server.close()
    assert not (tmp_path / FILE).exists()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("control")]
    with pytest.raises(NotRunning):
        ask(tmp_path, "ping", {})


def test_what_a_killed_agent_has_left_does_not_stop_the_next_one(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps({"address": str(tmp_path / "agent.sock"), "secret": "x", "pid": 1}))
    (tmp_path / "agent.sock").touch()
    server = ControlServer(tmp_path, {})
    server.start()
    try:
        assert ask(tmp_path, "ping", {}) == {}
    finally:
        server.close()


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[Path]:
    """A process that is there, takes questions and never answers; one more question hangs it up."""
    with Listener(str(tmp_path / "agent.sock"), "AF_UNIX", backlog=4) as listener:
        place = {"address": listener.address, "secret": "x", "pid": 1}
        (tmp_path / FILE).write_text(json.dumps(place))
        yield tmp_path


def test_a_decision_whose_answer_was_lost_was_told_as_if_no_agent_had_heard_it(hanging: Path) -> None:
    with pytest.raises(Silent):
        ask(hanging, "decide", {}, patience=0.01)


def test_a_second_agent_started_beside_one_that_hangs(hanging: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "PATIENCE", 0.01)
    with pytest.raises(UserError) as refused:
        ControlServer(hanging, {}).start()
    assert refused.value.code == "agent_running"


def test_an_agent_that_hangs_was_told_to_have_ended(
    hanging: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the installer would have put another program in its place."""
    config = hanging / "config.toml"
    config.write_text(f'[agent]\ndata_dir = "{hanging}"\n')
    monkeypatch.setattr(channel, "ANSWER_PATIENCE", 0.01)
    monkeypatch.setattr(commands, "STOPPED_WITHIN", 0.1)
    assert main(["agent", "stop", "--config", str(config), "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"running": True}


def test_a_click_beside_an_agent_that_hangs_ended_in_an_error_of_the_program(
    hanging: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(channel, "ANSWER_PATIENCE", 0.01)
    config = hanging / "config.toml"
    config.write_text(f'[agent]\ndata_dir = "{hanging}"\n')
    assert main(["agent", "open", "pair", "--start", "--no-browser", "--config", str(config)]) == 1
    assert "не ответил" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "{", "[]", '{"address": 1}'])
def test_a_damaged_file_means_that_nobody_is_there(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(NotRunning):
        ask(tmp_path, "ping", {})


def test_a_folder_with_a_long_name_has_its_socket_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("очень-длинное-имя-" * 5)
    folder.mkdir()
    server = ControlServer(folder, {})
    server.start()
    try:
        assert ask(folder, "ping", {}) == {}
    finally:
        server.close()
