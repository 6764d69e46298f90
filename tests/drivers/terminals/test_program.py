"""Real processes: started without a shell, left alone when the agent dies, found again by their mark."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.terminals.processes import anybody, started
from drivers.terminals.program import Alive, Mark, Over, SystemPrograms
from drivers.transports.base import SystemClock
from tests.support.patience import BUSY

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts of a shell")


def until(true: Callable[[], bool], what: str) -> None:
    clock = SystemClock()
    deadline = clock.now() + BUSY
    while not true():
        assert clock.now() < deadline, what
        clock.sleep(0.01)


def script(folder: Path, body: str, name: str = "program") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", "utf-8")
    path.chmod(0o755)
    return path


def over(programs: SystemPrograms, mark: Mark) -> Over:
    until(lambda: isinstance(programs.look(mark), Over), "the program's end")
    told = programs.look(mark)
    assert isinstance(told, Over)
    return told


def test_it_runs_in_its_folder_and_its_arguments_are_words(tmp_path: Path) -> None:
    programs = SystemPrograms()
    path = script(tmp_path, 'pwd; for each in "$@"; do echo "<$each>"; done; echo wrong >&2; exit 7')
    mark = programs.start((str(path), "1", "a b", "$(id)", ""), tmp_path, tmp_path / "out")
    told = over(programs, mark)
    assert told.exit == 7
    assert told.at is not None
    assert abs(told.at - (tmp_path / "out").stat().st_mtime) < 60
    assert (tmp_path / "out").read_text() == f"{tmp_path}\n<1>\n<a b>\n<$(id)>\n<>\nwrong\n"


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    programs = SystemPrograms()
    with pytest.raises(FileNotFoundError):
        programs.start((str(tmp_path / "nothing"),), tmp_path, tmp_path / "out")
    (tmp_path / "text").write_text("text", "utf-8")
    with pytest.raises(PermissionError):
        programs.start((str(tmp_path / "text"),), tmp_path, tmp_path / "out")


def test_it_can_be_ended(tmp_path: Path) -> None:
    programs = SystemPrograms()
    mark = programs.start((str(script(tmp_path, "exec sleep 600")),), tmp_path, tmp_path / "out")
    assert programs.look(mark) == Alive()
    programs.kill(mark)
    assert over(programs, mark).exit == -signal.SIGKILL
    programs.kill(mark)
    programs.kill(Mark(1, "another"))


AGENT = """
import sys
from pathlib import Path
from drivers.terminals.program import SystemPrograms
folder = Path(sys.argv[1])
mark = SystemPrograms().start((str(folder / "program"),), folder, folder / "out")
print(mark.pid, mark.started, flush=True)
sys.stdin.read()
"""


def test_it_outlives_the_agent_and_the_next_one_finds_it(tmp_path: Path) -> None:
    path = script(tmp_path, "mkfifo gate; read line < gate; echo done > e; echo return:0")
    with subprocess.Popen(
        [sys.executable, "-c", AGENT, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as agent:
        assert agent.stdout is not None
        pid, mark_text = agent.stdout.readline().split()
        mark = Mark(int(pid), mark_text)
        until(lambda: (tmp_path / "gate").exists(), "the program's beginning")
        agent.kill()
    later = SystemPrograms()
    assert later.look(mark) == Alive()
    assert later.look(Mark(mark.pid, "another boot:1")) == Over()  # the number is another's by now
    assert anybody(path) is True
    (tmp_path / "gate").write_text("go\n", "utf-8")
    until(lambda: later.look(mark) == Over(), "the program's end")
    assert (tmp_path / "e").read_text() == "done\n"
    assert (tmp_path / "out").read_text() == "return:0\n"
    assert anybody(path) is False


def test_a_start_is_told_apart_from_every_other(tmp_path: Path) -> None:
    first = 1  # a parent may have begun in the same tick of the clock
    assert started(os.getpid()) == started(os.getpid()) != started(first)
    assert started(2**22 + 1) is None


@pytest.mark.parametrize(("state", "lives"), [("S", True), ("R", True), ("Z", False), ("X", False)])
def test_one_that_only_waits_to_be_noticed_has_ended(tmp_path: Path, state: str, lives: bool) -> None:
    (tmp_path / "77").mkdir()
    fields = [state, *("0" for _ in range(18)), "4711", "0"]
    (tmp_path / "77" / "stat").write_text(f"77 (a) b ({' '.join(fields)}) {' '.join(fields)}", "ascii")
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text("b00t\n", "ascii")
    assert started(77, tmp_path) == ("b00t:4711" if lives else None)


def test_without_a_list_of_processes_nothing_is_claimed(tmp_path: Path) -> None:
    assert anybody(tmp_path / "program", tmp_path / "no-proc") is None
    assert started(os.getpid(), tmp_path / "no-proc") == ""
