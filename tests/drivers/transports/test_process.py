"""Real child programs, each wrong in its own way; one line of a table says what the caller is told."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.hosts.messages import LONGEST
from drivers.transports.base import SystemClock
from drivers.transports.process import HostProcess, Program

CLOCK = SystemClock()
LONG = 30.0  # seconds that no test waits out: what is waited for comes by itself
ROOT = Path(__file__).parents[3]

PRELUDE = """
import os, signal, sys, time
from drivers.hosts.messages import encode, Decoder
def ask():
    decoder = Decoder()
    while chunk := os.read(0, 65536):
        yield from decoder.feed(chunk)
def say(message):
    sys.stdout.buffer.write(encode(message)); sys.stdout.buffer.flush()
def raw(data):
    sys.stdout.buffer.write(data); sys.stdout.buffer.flush()
"""

ECHO = """
for request in ask():
    say({"id": request["id"], "value": request["arguments"]})
"""

Start = Callable[..., HostProcess]


def program(source: str, memory: int | None = None) -> Program:
    text = PRELUDE + textwrap.dedent(source)
    return Program((sys.executable, "-c", text), {**os.environ, "PYTHONPATH": str(ROOT)}, memory)


@pytest.fixture
def start() -> Iterator[Start]:
    hosts: list[HostProcess] = []

    def begin(source: str, memory: int | None = None) -> HostProcess:
        host = HostProcess(program(source, memory), CLOCK)
        hosts.append(host)
        host.start()
        return host

    yield begin
    for host in hosts:
        host.end()
        assert not host.alive
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("host-")] == []


def verdict(host: HostProcess, max_time: float = LONG, **arguments: Any) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        host.call("print", arguments, max_time=max_time)
    return caught.value


# --- answers ---------------------------------------------------------------------------------------------------------


def test_every_call_gets_its_own_answer(start: Start) -> None:
    host = start(ECHO)
    for number in range(20):
        assert host.call("echo", {"n": number, "text": "Молоко 😀"}, max_time=LONG) == {
            "n": number,
            "text": "Молоко 😀",
        }
    assert host.alive


def test_long_requests_and_answers_pass_whole(start: Start) -> None:
    """Far more than a pipe holds, both ways."""
    text = "ё" * 300_000
    assert start(ECHO).call("echo", {"text": text}, max_time=LONG) == {"text": text}


def test_an_answer_in_pieces_is_one_answer(start: Start) -> None:
    host = start("""
        for request in ask():
            for byte in encode({"id": request["id"], "value": "да"}):
                raw(bytes([byte]))
    """)
    assert host.call("ask", {}, max_time=LONG) == "да"


def test_a_host_that_did_not_begin_is_a_refusal_and_lives_on(start: Start) -> None:
    host = start("""
        for request in ask():
            say({"id": request["id"], "refused": {"code": "unsupported", "detail": "no such command"}})
    """)
    for _ in range(2):
        refused = verdict(host)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.detail) == ("unsupported", "print: no such command")


# --- every way to be wrong -------------------------------------------------------------------------------------------

WRONG = {
    "dies at once": ("next(ask()); sys.exit(0)", InDoubt, "link_lost", "ended with 0"),
    "crashes": ("next(ask()); os.kill(os.getpid(), signal.SIGSEGV)", InDoubt, "link_lost", f"signal {signal.SIGSEGV}"),
    "raises": ("next(ask()); raise SystemExit(7)", InDoubt, "link_lost", "ended with 7"),
    "closes its stdout and lives on": ("next(ask()); os.close(1); time.sleep(600)", InDoubt, "link_lost", "lived on"),
    "announces too much": (f"next(ask()); raw(({LONGEST + 1}).to_bytes(4, 'big'))", InDoubt, "bad_reply", "announced"),
    "says no JSON": (r"next(ask()); raw(b'\0\0\0\2\xff\xff'); time.sleep(600)", InDoubt, "bad_reply", "not JSON"),
    "says a list": (r"next(ask()); raw(b'\0\0\0\2[]'); time.sleep(600)", InDoubt, "bad_reply", "not a JSON object"),
    "prints among the replies": ("next(ask()); print('Hello', flush=True); time.sleep(600)", InDoubt, "bad_reply", ""),
    "answers without a value": ("say({'id': next(ask())['id']}); time.sleep(600)", InDoubt, "bad_reply", "has id"),
    "answers another request": ("next(ask()); say({'id': 77, 'value': 1})", InDoubt, "bad_reply", "77"),
    "dies in the middle of an answer": ("next(ask()); raw(b'\\0\\0\\1\\0{')", InDoubt, "link_lost", "ended with 0"),
}  # fmt: skip


@pytest.mark.parametrize("way", WRONG)
def test_what_goes_wrong_after_the_request_was_written_is_doubt(start: Start, way: str) -> None:
    source, kind, code, detail = WRONG[way]
    host = start(source)
    raised = verdict(host)
    assert type(raised) is kind
    assert raised.code == code
    assert detail in raised.detail
    assert isinstance(raised, InDoubt)
    assert 0 < raised.remaining <= LONG
    assert not host.alive
    after = verdict(host)
    assert type(after) is NotSent
    assert after.code == "driver_failed"


def test_a_right_answer_after_a_wrong_one_is_not_believed(start: Start) -> None:
    host = start("number = next(ask())['id']; raw(encode({'id': 77, 'value': 1}) + encode({'id': number, 'value': 2}))")
    assert verdict(host).code == "bad_reply"


def test_a_host_that_hangs_is_killed_at_the_deadline(start: Start) -> None:
    host = start("next(ask()); time.sleep(600)")
    doubt = verdict(host, max_time=0.3)
    assert isinstance(doubt, InDoubt)
    assert (doubt.code, doubt.remaining) == ("no_reply", 0.0)
    assert not host.alive


def test_the_clock_that_was_given_decides_when_the_time_is_up() -> None:
    class Fast(SystemClock):
        def now(self) -> float:
            return 1000 * super().now()

    host = HostProcess(program("for request in ask(): time.sleep(600)"), Fast())
    host.start()
    assert verdict(host, max_time=600.0).code == "no_reply"
    host.end()


def test_a_host_that_hangs_and_ignores_every_signal_is_killed_too(start: Start) -> None:
    host = start("""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        next(ask())
        while True:
            pass
    """)
    assert verdict(host, max_time=0.3).code == "no_reply"
    assert not host.alive


def test_what_the_host_had_started_is_killed_with_it(start: Start, tmp_path: Path) -> None:
    """Its child holds the same pipes, so that only the end of both closes them."""
    kept = tmp_path / "pid"
    host = start(f"""
        import subprocess
        next(ask())
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open({str(kept)!r}, "w").write(str(child.pid))
        os._exit(1)
    """)
    doubt = verdict(host)
    assert (type(doubt), doubt.code) == (InDoubt, "link_lost")
    while _runs(int(kept.read_text())):  # killed it is, but its end takes the system a moment
        CLOCK.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_an_answer_that_is_there_when_the_time_has_passed_counts() -> None:
    class Late(SystemClock):
        """By the second look the answer has come, and so has the deadline."""

        looks = 0

        def now(self) -> float:
            self.looks += 1
            while self.looks == 2 and slow._events.qsize() < 2:
                self.sleep(0.005)
            return 100.0 if self.looks > 1 else 0.0

    slow = HostProcess(program(ECHO), Late())
    slow.start()
    try:
        assert slow.call("echo", {"n": 1}, max_time=1.0) == {"n": 1}
    finally:
        slow.end()


# --- nothing was written ---------------------------------------------------------------------------------------------


def test_a_program_that_is_not_there_is_not_sent() -> None:
    host = HostProcess(Program(("/no/such/program",)), CLOCK)
    with pytest.raises(NotSent) as caught:
        host.start()
    assert caught.value.code == "driver_failed"
    assert "/no/such/program" in caught.value.detail
    assert verdict(host).code == "driver_failed"
    assert not host.alive
    host.end()


def test_a_host_that_died_between_two_calls_is_not_sent(start: Start) -> None:
    host = start(ECHO)
    host.call("echo", {}, max_time=LONG)
    assert host.pid is not None
    os.kill(host.pid, signal.SIGKILL)
    for thread in host._threads:
        thread.join(LONG)
    assert not host.alive  # seen without a call
    raised = verdict(host)
    assert type(raised) is NotSent
    assert f"signal {signal.SIGKILL}" in raised.detail


def test_a_request_that_the_host_never_took_whole_is_not_sent(start: Start) -> None:
    """It reads nothing, and the request is larger than the pipe: it cannot have begun."""
    host = start("time.sleep(600)")
    raised = verdict(host, max_time=0.3, text="x" * 1_000_000)
    assert type(raised) is NotSent
    assert not host.alive


def test_a_request_that_the_pipe_took_may_have_been_read(start: Start) -> None:
    raised = verdict(start("time.sleep(600)"), max_time=0.3, text="x")
    assert (type(raised), raised.code) == (InDoubt, "no_reply")


def test_a_request_that_is_too_long_is_not_sent_and_spoils_nothing(start: Start) -> None:
    host = start(ECHO)
    raised = verdict(host, text="x" * (LONGEST + 1))
    assert (type(raised), raised.code) == (NotSent, "bad_parameter")
    assert host.call("echo", {}, max_time=LONG) == {}


def test_a_host_that_speaks_without_being_asked_is_not_asked(start: Start) -> None:
    host = start("""
        for request in ask():
            raw(encode({"id": request["id"], "value": 1}) + encode({"id": request["id"] + 1, "value": 2}))
    """)
    assert host.call("echo", {}, max_time=LONG) == 1
    raised = verdict(host)
    assert raised.code in ("driver_failed", "bad_reply")  # its second word was there already, or came meanwhile
    assert not host.alive


def test_a_host_that_speaks_without_end_is_killed(start: Start) -> None:
    host = start("while True: say({'id': 1, 'value': 'x' * 10000})")
    for thread in host._threads:
        thread.join(LONG)
    assert not host.alive
    assert type(verdict(host)) is NotSent


# --- memory, last words, the end -------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds another process")
def test_memory_is_bounded(start: Start) -> None:
    host = start("next(ask())\nhog = bytearray(2 << 30)\nsay({'id': 1, 'value': len(hog)})", memory=512 << 20)
    doubt = verdict(host)
    assert (type(doubt), doubt.code) == (InDoubt, "link_lost")
    assert "MemoryError" in host.last_words[-1]


def test_the_last_words_are_kept_for_support(start: Start) -> None:
    host = start(r"""
        next(ask())
        for n in range(1000):
            print("line", n, file=sys.stderr)
        print("\x1b[31mпоследняя\x1b[0m " + "x" * 5000, file=sys.stderr, end="")
        sys.stderr.flush()
        os._exit(1)
    """)
    verdict(host)
    *lines, last = host.last_words
    assert len(lines) < 40
    assert lines[-1] == "line 999"
    assert last.startswith("�[31mпоследняя")
    assert len(last) <= 300


def test_ending_is_harmless_whenever(start: Start) -> None:
    host = start(ECHO)
    host.end()
    host.end()
    assert not host.alive
    assert type(verdict(host)) is NotSent
    HostProcess(program(ECHO), CLOCK).end()
