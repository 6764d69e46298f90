"""The agent as a Windows service: what the manager hears, and that stopping waits for what has begun."""

from __future__ import annotations

import errno
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.app import Stopping
from agent.cli import main
from agent.problems import UserError
from agent.windows.scm import Accepts, Control, Errors, State, Status
from agent.windows.service import ACCOUNT, STOPPED_WITHIN, run_service, service_of

PATIENCE = 20.0


class Host:
    """The service manager: calls the service's main on a thread of its own and writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[Status] = []
        self.hears: Callable[[int], int] | None = None
        self.running = threading.Event()
        self.pending = threading.Event()

    def dispatch(self, name: str, main: Callable[[], None]) -> None:
        assert name == "KassaBridge"
        thread = threading.Thread(target=main)
        thread.start()
        thread.join(PATIENCE)

    def register(self, name: str, handler: Callable[[int], int]) -> Callable[[Status], None]:
        self.hears = handler
        return self._report

    def _report(self, status: Status) -> None:
        self.told.append(status)
        if status.state == State.RUNNING:
            self.running.set()
        if len([one for one in self.told if one.state == State.STOP_PENDING]) == 2:
            self.pending.set()

    def control(self, code: int) -> int:
        assert self.running.wait(PATIENCE)
        assert self.hears is not None
        return self.hears(code)

    @property
    def states(self) -> list[State]:
        return list(dict.fromkeys(State(status.state) for status in self.told))


class Agent:
    """Runs until it is asked to stop, and then until it has ended what it has begun."""

    def __init__(self, code: int = 0) -> None:
        self.asked = threading.Event()
        self.done = threading.Event()
        self.code = code

    def __call__(self, stopping: Stopping) -> int:
        stopping.heard_by(self.asked.set)
        assert self.asked.wait(PATIENCE)
        assert self.done.wait(PATIENCE)
        return self.code


def served(host: Host, agent: Callable[[Stopping], int]) -> tuple[threading.Thread, list[int]]:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(run_service(agent, host, pulse=0.001)))
    thread.start()
    return thread, codes


@pytest.mark.parametrize("control", [Control.STOP, Control.SHUTDOWN, Control.PRESHUTDOWN])
def test_a_stop_waits_for_what_has_begun(control: Control) -> None:
    host, agent = Host(), Agent()
    thread, codes = served(host, agent)
    assert host.control(control) == 0
    assert agent.asked.wait(PATIENCE)
    assert host.pending.wait(PATIENCE)  # the manager is told again and again that it goes on
    assert State.STOPPED not in host.states
    agent.done.set()
    thread.join(PATIENCE)
    assert codes == [0]
    assert host.states == [State.RUNNING, State.STOP_PENDING, State.STOPPED]
    pending = [status for status in host.told if status.state == State.STOP_PENDING]
    assert [status.checkpoint for status in pending] == list(range(1, len(pending) + 1))
    assert all(status.wait_hint > 0 for status in pending)


def test_it_accepts_a_stop_and_the_word_before_the_shutdown() -> None:
    host, agent = Host(), Agent()
    agent.done.set()
    thread, _ = served(host, agent)
    assert host.control(Control.INTERROGATE) == 0
    assert host.control(0x2) == Errors.NOT_IMPLEMENTED  # a pause is the desk's matter
    assert not agent.asked.is_set()
    host.control(Control.STOP)
    thread.join(PATIENCE)
    assert host.told[0].accepts == Accepts.STOP | Accepts.PRESHUTDOWN
    assert host.told[-1].accepts == Accepts.NOTHING


@pytest.mark.parametrize(("code", "exit_code", "own"), [(0, 0, 0), (3, 1066, 3)])
def test_how_it_ended_is_told(code: int, exit_code: int, own: int) -> None:
    """A code that is not nought has Windows start it again."""
    host, agent = Host(), Agent(code)
    agent.asked.set()
    agent.done.set()
    thread, codes = served(host, agent)
    thread.join(PATIENCE)
    assert codes == [code]
    assert (host.told[-1].state, host.told[-1].exit_code, host.told[-1].own_exit_code) == (
        State.STOPPED,
        exit_code,
        own,
    )


def test_an_agent_that_cannot_start_is_told_as_stopped() -> None:
    def broken(_: Stopping) -> int:
        raise UserError("not_paired", "не сопряжён", "not paired")

    host = Host()
    with pytest.raises(UserError, match="not paired"):
        run_service(broken, host, pulse=0.001)
    assert host.states == [State.RUNNING, State.STOPPED]
    assert host.told[-1].own_exit_code == 1


def test_a_process_that_the_manager_did_not_start_says_so() -> None:
    class NoManager(Host):
        def dispatch(self, name: str, main: Callable[[], None]) -> None:
            raise OSError(errno.EIO, "The service process could not connect to the service controller.")

    with pytest.raises(UserError) as caught:
        run_service(Agent(), NoManager(), pulse=0.001)
    assert caught.value.code == "not_a_service"
    assert "service install" in caught.value.en


def test_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No path without quotes, no rights that it does not need, and a shutdown waits for a receipt."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "Program Files" / "KassaBridgeTray.exe"))
    service = service_of(tmp_path / "Program Data" / "config.toml")
    exe, config = tmp_path / "Program Files" / "kassabridge.exe", tmp_path / "Program Data" / "config.toml"
    assert service.command == f'"{exe}" agent service run --config "{config}"'
    assert service.account == ACCOUNT == r"NT AUTHORITY\LocalService"
    assert service.preshutdown == STOPPED_WITHIN >= 150


@pytest.mark.skipif(sys.platform == "win32", reason="there it can be")
@pytest.mark.parametrize("what", ["install", "remove", "run"])
def test_elsewhere_it_is_refused_by_name(tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f"[agent]\ndata_dir = '{tmp_path}'\n", "utf-8")
    assert main(["agent", "service", what, "--config", str(config), "--json"]) == 2
    assert '"windows_only"' in capsys.readouterr().out
