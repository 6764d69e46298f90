"""Traces are bounded in size and age, are never torn but at their end, and never in a receipt's way."""

from __future__ import annotations

import contextlib
import json
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from agent.support.trace.readers import Piece, Plain, Side
from agent.support.trace.record import BadTrace, Header, Record, read_trace
from agent.support.trace.recorder import AGAIN, DeviceTrace, Whose
from agent.support.trace.ring import Limits, Ring, folder_of, segments, sweep_all
from agent.support.trace.tracing import READERS, Traces, reader_for
from drivers.registry import DRIVERS
from drivers.transports.memory import MemoryTransport, VirtualClock
from drivers.transports.tap import TapTransport
from tests.agent.support.trace.making import Wall, conversation, traced

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHOSE = Whose("17", "shtrih", "tcp:10.0.0.7:7778", "kassabridge")


class Moment:
    """A wall clock that is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def head() -> bytes:
    return Header("17", "shtrih", "tcp:1", "k", "", 0.0).to_line()


def line(number: int) -> bytes:
    return Record("2026-11-22T12:00:00", float(number), "tx", b"\x01" * 40).to_line()


def total(folder: Path) -> int:
    return sum(path.stat().st_size for path in segments(folder))


# --- size and age ----------------------------------------------------------------------------------------------------


def test_the_oldest_go_when_there_is_too_much(tmp_path: Path) -> None:
    moment, limits = Moment(), Limits(size=16_000, segments=8)
    ring = Ring(tmp_path, moment, limits)
    for number in range(2_000):
        moment.now += timedelta(seconds=1)
        ring.append(line(number), head)
        assert number % 100 or total(tmp_path) <= limits.size
    ring.rest()
    traces = [read_trace(path.read_bytes().splitlines()) for path in segments(tmp_path)]
    numbers = [record.mono for trace in traces for record in trace.records]
    assert numbers == list(range(int(numbers[0]), 2_000)), "the newest, without a gap"
    assert total(tmp_path) > limits.size * 3 // 4


def test_what_is_old_goes_although_there_is_room(tmp_path: Path) -> None:
    moment = Moment()
    ring = Ring(tmp_path, moment, Limits(age=timedelta(days=14)))
    for day in range(30):
        moment.now = NOON + timedelta(days=day)
        ring.append(line(day), head)
    ring.rest()
    traces = [read_trace(path.read_bytes().splitlines()) for path in segments(tmp_path)]
    kept = [record.mono for trace in traces for record in trace.records]
    assert kept == list(range(15, 30))


def test_a_device_that_is_gone_is_swept_at_the_start(tmp_path: Path) -> None:
    moment = Moment()
    for name in ("a", "b"):
        ring = Ring(tmp_path / name, moment)
        ring.append(line(1), head)
        ring.rest()
        moment.now += timedelta(days=10)
    sweep_all(tmp_path, moment.now)
    assert (segments(tmp_path / "a"), len(segments(tmp_path / "b"))) == ([], 1)


def test_a_clock_set_back_begins_a_new_segment(tmp_path: Path) -> None:
    moment = Moment()
    ring = Ring(tmp_path, moment)
    ring.append(line(1), head)
    moment.now -= timedelta(hours=3)
    ring.append(line(2), head)
    ring.rest()
    assert len(segments(tmp_path)) == 2


def test_a_new_process_never_writes_behind_a_torn_line(tmp_path: Path) -> None:
    for number in (1, 2):
        ring = Ring(tmp_path, Moment())
        ring.append(line(number), head)
        ring.rest()
    assert len(segments(tmp_path)) == 2


@pytest.mark.parametrize(("one", "other"), [("a", "A"), ("a:b", "a.b"), ("CON", "con"), ("..", ".")])
def test_every_device_has_a_folder_that_any_file_system_can_tell_apart(one: str, other: str) -> None:
    names = {folder_of(Path("t"), each).name.lower() for each in (one, other)}
    assert len(names) == 2
    assert not any(c in name for name in names for c in ':/\\<>"|?*.')


# --- torn ------------------------------------------------------------------------------------------------------------


def test_a_file_cut_anywhere_gives_all_whole_lines() -> None:
    lines = [head(), line(1), line(2), line(3)]
    whole = b"".join(lines)
    for cut in range(len(lines[0]), len(whole) + 1):
        trace = read_trace(whole[:cut].splitlines(keepends=True))
        done = sum(len(b"".join(lines[: n + 1]).rstrip()) <= cut for n in range(1, 4))
        assert len(trace.records) == done
        assert trace.torn <= 1


@given(st.binary(min_size=1, max_size=60), st.none() | st.text(max_size=5), st.none() | st.text(max_size=5))
def test_any_record_comes_back_as_it_was(data: bytes, command: str | None, job: str | None) -> None:
    record = Record("2026-11-22T12:00:00", 1.5, "rx", data, command or None, {"n": 1}, "ok", job or None, 2, ("data",))
    assert Record.of(json.loads(record.to_line())) == record


@pytest.mark.parametrize("first", [b"", b"no json\n", b'{"trace": 2}\n', b'{"trace": 1}\n', b"[]\n"])
def test_a_file_that_is_no_trace_is_named(first: bytes) -> None:
    with pytest.raises(BadTrace):
        read_trace(first.splitlines())


KILLED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from agent.support.trace.readers import Plain
from agent.support.trace.recorder import DeviceTrace, Whose
from agent.support.trace.ring import Limits, Ring
trace = DeviceTrace(Whose("1", "x", "tcp:1", "k"), Ring(Path(sys.argv[1]), lambda: datetime.now(UTC)), Plain(),
                    lambda: datetime.now(UTC))
trace(0.0, "open", b"")
print("ready", flush=True)
number = 0
while True:
    number += 1
    trace(float(number), "tx", bytes(range(128, 256)) * 20)
"""


def test_a_process_killed_while_it_writes_leaves_at_most_one_torn_line(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        while total(tmp_path) < 200_000:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    for path in segments(tmp_path):
        trace = read_trace(path.read_bytes().splitlines(keepends=True))
        assert trace.torn <= 1
        assert [record.mono for record in trace.records[1:]] == list(range(1, len(trace.records)))


# --- in nobody's way -------------------------------------------------------------------------------------------------


class Echo:
    """A peer that says at once what it has heard."""

    def __init__(self) -> None:
        self._said = b""

    def feed(self, data: bytes) -> None:
        self._said += data

    def poll(self) -> bytes:
        said, self._said = self._said, b""
        return said


def recorded(folder: Path) -> list[dict[str, object]]:
    return [json.loads(one) for path in segments(folder) for one in path.read_bytes().splitlines()]


def test_an_answer_is_on_disk_before_the_driver_has_it(tmp_path: Path) -> None:
    clock = VirtualClock()
    trace = DeviceTrace(WHOSE, Ring(tmp_path, Moment()), Plain(), Moment())
    line = TapTransport(MemoryTransport(Echo(), clock), clock, trace)
    line.open()
    line.write(b"\x80\x81")
    assert [one.get("way") for one in recorded(tmp_path)] == [None, "open", "tx"]
    assert line.read(9, clock.now()) == b"\x80\x81"
    assert recorded(tmp_path)[-1]["hex"] == "8081"
    line.close()
    assert recorded(tmp_path)[-1]["way"] == "close"


def test_a_trace_that_cannot_be_written_stops_says_so_once_and_tries_again(tmp_path: Path) -> None:
    folder = tmp_path / "traces"
    folder.write_text("a file where a folder belongs")
    trace = DeviceTrace(WHOSE, Ring(folder, Moment()), Plain(), Moment())
    with capture_logs() as logs:
        for second in range(int(AGAIN) * 2):
            trace(float(second), "tx", b"\x80")
        assert [each["event"] for each in logs] == ["trace_stopped"]
        folder.unlink()
        trace(AGAIN * 3, "tx", b"\x81\x80")
        trace(AGAIN * 3, "close", b"")
    assert [each["event"] for each in logs] == ["trace_stopped", "trace_goes_on"]
    assert recorded(folder)[1]["hex"] == "8180"


def test_the_last_of_the_disk_is_the_journals(tmp_path: Path) -> None:
    free = [Limits().reserve - 1]
    trace = DeviceTrace(WHOSE, Ring(tmp_path, Moment(), free=lambda _: free[0]), Plain(), Moment())
    with capture_logs() as logs:
        trace(0.0, "tx", b"\x80")
        free[0] += 1
        trace(AGAIN, "tx", b"\x81")
        trace(AGAIN, "close", b"")
    assert [each["event"] for each in logs] == ["trace_stopped", "trace_goes_on"]
    assert [one.get("hex") for one in recorded(tmp_path)] == [None, "81"]


@contextlib.contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file of this process grows beyond ``size``: the system refuses the write, or takes a part of it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_receipt_is_made_although_its_trace_cannot_be(tmp_path: Path) -> None:
    register, _, folder = traced(tmp_path, "shtrih")
    with capture_logs() as logs, full_disk(60_000):  # the simulator's own memory is smaller
        document = conversation(register)
    assert document is not None
    assert [each["event"] for each in logs] == ["trace_stopped"]
    (path,) = segments(folder)
    assert path.stat().st_size == 60_000
    assert read_trace(path.read_bytes().splitlines(keepends=True)).torn == 1


def test_a_bug_of_ours_is_not_the_receipts(tmp_path: Path) -> None:
    class Broken(Plain):
        def feed(self, side: Side, data: bytes) -> list[Piece]:
            raise ZeroDivisionError

    trace = DeviceTrace(WHOSE, Ring(tmp_path, Moment()), Broken(), Moment())
    with capture_logs() as logs:
        trace(0.0, "tx", b"1")
    assert [(each["event"], each["kind"]) for each in logs] == [("trace_stopped", "ZeroDivisionError")]


# --- what stands in it -----------------------------------------------------------------------------------------------


def test_a_receipts_trace_knows_job_and_attempt_and_no_secret(tmp_path: Path) -> None:
    register, trace, folder = traced(tmp_path, "shtrih")
    trace.busy = lambda: ("order-4276380012345679", 2)
    conversation(register)
    lines = recorded(folder)
    assert {one.get("job") for one in lines[1:]} == {"order-427638******5679"}
    assert {one.get("attempt") for one in lines[1:]} == {2}
    asked = [one for one in lines if one.get("way") == "tx" and "password" in dict(one.get("fields", {}))]  # type: ignore[call-overload]
    assert len(asked) > 50
    assert all(one["fields"]["password"] == "***" for one in asked)  # type: ignore[index]
    assert b"79001234567" not in b"".join(bytes.fromhex(str(one.get("hex", ""))) for one in lines)
    assert "CloseReceipt" in {one.get("command") for one in lines}


def test_every_driver_of_ours_has_a_reader(tmp_path: Path) -> None:
    assert set(READERS) == {*DRIVERS, "zvt"}  # of the terminals' interfaces one alone is bytes
    assert isinstance(reader_for("somebody's"), Plain)
    Traces(tmp_path / "none", Moment()).sweep()
    assert not (tmp_path / "none").exists()


def test_times_are_the_walls_and_the_devices_clock(tmp_path: Path) -> None:
    clock = VirtualClock(50.0)
    trace = DeviceTrace(WHOSE, Ring(tmp_path, Wall(clock, NOON)), Plain(), Wall(clock, NOON))
    clock.sleep(2.5)
    trace(clock.now(), "tx", b"\x80")
    _, one = recorded(tmp_path)
    assert (one["at"], one["mono"]) == ("2026-11-22T12:00:02.500000+00:00", 52.5)
