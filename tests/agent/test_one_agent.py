"""One agent per machine: the second start is refused, is told who runs the first, and touches nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.identity import save_identity
from agent.one_agent import (
    FILE,
    LOCK,
    LONGEST,
    Owner,
    Release,
    Take,
    agent_running,
    held,
    read_owner,
    take_file,
    take_mutex,
    the_one_agent,
)
from agent.problems import UserError
from tests.agent.link.fakes import identity
from tests.support.patience import BUSY

ROOT = Path(__file__).parents[2]
MARIA = Owner("Мария", datetime(2026, 11, 22, 6, 14, 5, tzinfo=UTC), 4711)
IVAN = Owner("ivan", datetime(2026, 11, 22, 7, 0, tzinfo=UTC), 4712)
SINCE = f"{MARIA.since.astimezone():%d.%m.%Y %H:%M}"


# --- a machine of which nothing but its named mutexes is known -------------------------------------------------------


@dataclass
class Machine:
    """Named mutexes as Windows has them: one lives while a handle to it is open, in whatever session."""

    handles: dict[int, str] = field(default_factory=dict)
    last: int = 0

    def create_mutex(self, name: str) -> tuple[int, int]:
        code = 183 if name in self.handles.values() else 0
        self.last += 4
        self.handles[self.last] = name
        return self.last, code

    def close(self, handle: int) -> None:
        del self.handles[handle]


def _mutex(_: Path) -> Take:
    machine = Machine()
    return lambda: take_mutex(machine)


def _file(folder: Path) -> Take:
    return lambda: take_file(folder / LOCK)


elsewhere = pytest.mark.skipif(sys.platform == "win32", reason="there it is a mutex: .github/workflows/windows.yml")
SYSTEMS: dict[str, Callable[[Path], Take]] = {"Windows": _mutex, "elsewhere": _file}


@pytest.fixture(params=["Windows", pytest.param("elsewhere", marks=elsewhere)])
def take(request: pytest.FixtureRequest, tmp_path: Path) -> Take:
    return SYSTEMS[request.param](tmp_path)


# --- by either system ------------------------------------------------------------------------------------------------


def test_a_second_start_is_refused_and_told_who_runs_the_first_and_since_when(take: Take, tmp_path: Path) -> None:
    with held(take, tmp_path / FILE, MARIA):
        with pytest.raises(UserError) as refused, held(take, tmp_path / FILE, IVAN):
            pytest.fail("two agents")
        assert read_owner(tmp_path / FILE) == MARIA
    assert (refused.value.code, refused.value.exit_code) == ("agent_running", 1)
    for words in (refused.value.ru, refused.value.en):
        assert all(part in words for part in ("Мария", SINCE, "4711"))


def test_when_the_first_has_ended_the_next_one_runs(take: Take, tmp_path: Path) -> None:
    with held(take, tmp_path / FILE, MARIA):
        pass
    assert not (tmp_path / FILE).exists()
    with held(take, tmp_path / FILE, IVAN):
        assert read_owner(tmp_path / FILE) == IVAN


def test_it_is_given_back_when_something_goes_wrong(take: Take, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(take, tmp_path / FILE, MARIA):
        _ = 1 // 0
    with held(take, tmp_path / FILE, IVAN):
        pass


def test_a_refused_start_leaves_the_first_as_it_was(take: Take, tmp_path: Path) -> None:
    with held(take, tmp_path / FILE, MARIA):
        for _ in range(3):
            with pytest.raises(UserError), held(take, tmp_path / FILE, IVAN):
                pytest.fail("two agents")
    with held(take, tmp_path / FILE, IVAN):
        pass


DAMAGED = {
    "none": None,
    "empty": b"",
    "no JSON": b"{",
    "another kind": b"[]",
    "no name": b'{"since": "2026-11-22T06:14:05+00:00", "pid": 1}',
    "no time": b'{"user": "a", "pid": 1}',
    "a time without a zone": b'{"user": "a", "since": "2026-11-22T06:14:05", "pid": 1}',
    "too long": b'{"user": "' + b"a" * LONGEST + b'"}',
    "too deep": b"[" * LONGEST,
    "not text": b"\xff\xfe",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_without_a_record_the_second_start_is_refused_all_the_same(tmp_path: Path, name: str) -> None:
    take, record, content = _mutex(tmp_path), tmp_path / FILE, DAMAGED[name]
    with held(take, record, MARIA):
        record.unlink()
        if content is not None:
            record.write_bytes(content)
        with pytest.raises(UserError) as refused, held(take, record, IVAN):
            pytest.fail("two agents")
    assert refused.value.code == "agent_running"
    assert str(refused.value) == str(agent_running())


def test_a_disk_that_takes_no_record_stops_no_agent(take: Take, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with held(take, tmp_path / "file" / FILE, MARIA):
        with pytest.raises(UserError) as refused, held(take, tmp_path / "file" / FILE, IVAN):
            pytest.fail("two agents")
        assert refused.value.code == "agent_running"


def test_where_the_system_does_not_say_nothing_is_begun(tmp_path: Path) -> None:
    def broken() -> Release | None:
        raise OSError(5, "Input/output error")

    with pytest.raises(UserError) as refused, held(broken, tmp_path / FILE, MARIA):
        pytest.fail("begun")
    assert refused.value.code == "one_agent_unsure"
    assert not (tmp_path / FILE).exists()


# --- Windows: what its answers mean ----------------------------------------------------------------------------------


@dataclass
class Answering:
    """Answers one way, and notes what is closed."""

    handle: int
    code: int
    closed: list[int] = field(default_factory=list)

    def create_mutex(self, name: str) -> tuple[int, int]:
        assert name.startswith("Global\\"), "a name without it is seen in one session only"
        return self.handle, self.code

    def close(self, handle: int) -> None:
        self.closed.append(handle)


@pytest.mark.parametrize(
    ("handle", "code", "meaning"),
    [
        (64, 0, "made"),
        (64, 183, "taken"),  # ERROR_ALREADY_EXISTS
        (0, 5, "taken"),  # ERROR_ACCESS_DENIED: somebody's who lets nobody see it
        (0, 6, "unsure"),  # ERROR_INVALID_HANDLE: the name belongs to a thing of another kind
        (0, 8, "unsure"),  # ERROR_NOT_ENOUGH_MEMORY
        (64, 87, "unsure"),
    ],
)
def test_what_windows_answers(handle: int, code: int, meaning: str) -> None:
    kernel = Answering(handle, code)
    if meaning == "unsure":
        with pytest.raises(OSError, match=str(code)):
            take_mutex(kernel)
    else:
        release = take_mutex(kernel)
        assert (release is not None) == (meaning == "made")
        assert kernel.closed == ([] if release else [64] if handle else [])
        if release is not None:
            release()
    assert kernel.closed == ([handle] if handle else [])  # nothing is left open: an open handle is a running agent


# --- elsewhere: real processes ---------------------------------------------------------------------------------------

HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from agent.one_agent import the_one_agent
with the_one_agent(Path(sys.argv[1]), datetime(2026, 11, 22, 6, 14, 5, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def _holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=BUSY)


@elsewhere
@pytest.mark.parametrize("how", ["ends", "is killed"])
def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path: Path, how: str) -> None:
    with _holder(tmp_path) as process:
        with pytest.raises(UserError) as refused, the_one_agent(tmp_path, MARIA.since):
            pytest.fail("two agents")
        assert SINCE in refused.value.ru
        assert str(process.pid) in refused.value.ru
        if how == "is killed":
            process.kill()
        process.communicate("\n" if how == "ends" else None, timeout=BUSY)
    assert (tmp_path / FILE).exists() == (how == "is killed")  # what it leaves stops nobody
    with the_one_agent(tmp_path, IVAN.since):
        owner = read_owner(tmp_path / FILE)
        assert owner is not None
        assert owner.since == IVAN.since


@elsewhere
def test_other_users_may_read_who_it_is(tmp_path: Path) -> None:
    with the_one_agent(tmp_path, MARIA.since):
        assert (tmp_path / FILE).stat().st_mode & 0o044 == 0o044


@elsewhere
def test_a_second_agent_touches_no_device(tmp_path: Path) -> None:
    """The whole command, paired and with a register that would answer: nobody knocks at it, nothing is written."""
    with socket.create_server(("127.0.0.1", 0)) as register:
        register.setblocking(False)
        config = tmp_path / "config.toml"
        address = f"tcp:127.0.0.1:{register.getsockname()[1]}"
        config.write_text(
            '[agent]\ndata_dir = "data"\n[[devices]]\nkkm_id = "17"\ndriver = "shtrih"\n' + f'address = "{address}"\n'
        )
        data = tmp_path / "data"
        save_identity(data, identity())
        with held(lambda: take_file(data / LOCK), data / FILE, MARIA):
            before = {path.relative_to(data) for path in data.rglob("*")}
            done = subprocess.run(
                [sys.executable, "-m", "agent.cli", "agent", "run", "--no-tray", "--config", str(config)],
                cwd=ROOT, env={**os.environ, "PYTHONUTF8": "1"}, capture_output=True, encoding="utf-8",
                timeout=BUSY, check=False,
            )  # fmt: skip
            assert {path.relative_to(data) for path in data.rglob("*")} == before
        with pytest.raises(BlockingIOError):
            register.accept()
    assert done.returncode == 1
    assert all(part in done.stderr for part in ("Мария", SINCE, "4711"))
    assert "Traceback" not in done.stderr
