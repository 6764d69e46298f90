"""The frame of a host, in a real process: what a library may do to it, and what the agent sees of that."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from drivers.errors import InDoubt, Refused
from drivers.hosts.messages import Request, encode
from drivers.transports.base import SystemClock
from drivers.transports.process import HostProcess, Program

ROOT = Path(__file__).parents[3]
LONG = 30.0
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}

HOST = """
import ctypes, os, sys, time
from drivers.hosts.serving import NotBegun, serve

def prints(arguments):
    libc = ctypes.CDLL(None)
    libc.puts(b"printed by a library")
    libc.fflush(None)
    print("printed by Python", flush=True)
    os.write(1, b"written to the descriptor\\n")
    return "kept apart"

def reads(arguments):
    return os.read(0, 100).hex()

def sleeps(arguments):
    open(arguments["mark"], "w").close()
    ctypes.CDLL(None).sleep(600)

def fails(arguments):
    raise ValueError("not foreseen")

def refuses(arguments):
    raise NotBegun("wrong_state", "not now")

def crashes(arguments):
    ctypes.string_at(0)

serve({"prints": prints, "reads": reads, "sleeps": sleeps, "fails": fails, "refuses": refuses, "crashes": crashes})
"""


def host() -> HostProcess:
    made = HostProcess(Program((sys.executable, "-c", textwrap.dedent(HOST)), ENVIRONMENT), SystemClock())
    made.start()
    return made


def test_the_librarys_prints_do_not_reach_the_agent() -> None:
    one = host()
    try:
        assert one.call("prints", {}, max_time=LONG) == "kept apart"
        assert one.call("prints", {}, max_time=LONG) == "kept apart"
    finally:
        one.end()
    assert set(one.last_words) == {"printed by a library", "printed by Python", "written to the descriptor"}


def test_the_library_cannot_take_the_agents_words() -> None:
    one = host()
    try:
        assert one.call("reads", {}, max_time=LONG) == ""
    finally:
        one.end()


def test_what_a_host_does_not_begin_leaves_it_alive() -> None:
    one = host()
    try:
        for command, code in (("refuses", "wrong_state"), ("unheard_of", "unsupported")):
            with pytest.raises(Refused) as caught:
                one.call(command, {}, max_time=LONG)
            assert caught.value.code == code
        assert one.alive
    finally:
        one.end()


@pytest.mark.parametrize(
    ("command", "words"), [("fails", "ValueError: not foreseen"), ("crashes", "Fatal Python error: Segmentation fault")]
)
def test_a_command_that_breaks_ends_the_host_and_leaves_its_trace(command: str, words: str) -> None:
    one = host()
    with pytest.raises(InDoubt) as caught:
        one.call(command, {}, max_time=LONG)
    assert caught.value.code == "link_lost"
    assert words in one.last_words
    one.end()


def raw_host() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        (sys.executable, "-c", textwrap.dedent(HOST)),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT,
    )  # fmt: skip


def test_the_end_of_the_agent_is_the_end_of_its_host_even_in_a_call_that_hangs(tmp_path: Path) -> None:
    """The agent is killed: its end of the pipe is closed, nobody else ends the host."""
    mark = tmp_path / "sleeping"
    with raw_host() as process:
        assert process.stdin is not None
        process.stdin.write(encode(Request(1, "sleeps", {"mark": str(mark)}).to_message()))
        process.stdin.flush()
        while not mark.exists():
            assert process.poll() is None
            SystemClock().sleep(0.01)
        process.stdin.close()
        assert process.wait(LONG) == 0


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\2{}", b"\0\0\0\2[]"])
def test_a_peer_that_is_not_the_agent_ends_the_host(data: bytes) -> None:
    with raw_host() as process:
        out, errors = process.communicate(data, timeout=LONG)
        assert process.returncode == 2
        assert out == b""
        assert b"MessageError" in errors


def test_hosts_need_nothing_but_the_standard_library() -> None:
    """They may run on a Python that has no packages: one of the library's bitness."""
    program = "import drivers.hosts.fptr10, sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        (sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(ROOT)!r}); {program}"),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    foreign = {name for name in done.stdout.split() if name not in sys.stdlib_module_names and name != "drivers"}
    assert foreign - {"__main__"} == set()
