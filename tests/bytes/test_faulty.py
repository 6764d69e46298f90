"""What a struck channel does, fault by fault, over a channel that only remembers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.transports.base import LinkError, Transport
from drivers.transports.memory import VirtualClock
from tests.bytes import faulty
from tests.bytes.faulty import Direction, Fault, FaultyTransport, Strike

OUT, IN = Direction.OUT, Direction.IN


class Below(Transport):
    """What was written, and what there is to read."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.heard = b""
        self.says = b""
        self.log: list[str] = []

    def open(self) -> None:
        self.log.append("open")

    def close(self) -> None:
        self.log.append("close")

    def write(self, data: bytes) -> None:
        self.heard += data

    def read(self, most: int, deadline: float) -> bytes:
        piece, self.says = self.says[:most], self.says[most:]
        if not piece:
            self._clock.sleep(deadline - self._clock.now())
        return piece


class Bench:
    def __init__(self, direction: Direction, position: int, fault: Fault) -> None:
        self.clock = VirtualClock()
        self.below = Below(self.clock)
        self.channel = FaultyTransport(self.below, self.clock, Strike(direction, position, fault))
        self.channel.open()

    def reads(self, most: int = 100, seconds: float = 1.0) -> bytes:
        return self.channel.read(most, self.clock.now() + seconds)


CHANGED = [
    (Fault.FLIP, b"ab" + bytes((ord("c") ^ 0b100,)) + b"de"),  # position 2: bit 2
    (Fault.INVERT, b"ab" + bytes((ord("c") ^ 0xFF,)) + b"de"),
    (Fault.DOUBLE, b"abccde"),
    (Fault.INSERT, b"ab" + bytes(((2 * 167 + 13) & 0xFF,)) + b"cde"),
    (Fault.LOSE, b"abde"),
]


@pytest.mark.parametrize(("fault", "arrives"), CHANGED)
def test_a_changed_byte_out(fault: Fault, arrives: bytes) -> None:
    bench = Bench(OUT, 2, fault)
    bench.channel.write(b"a")
    bench.channel.write(b"bcd")
    bench.channel.write(b"e")
    assert bench.below.heard == arrives
    assert bench.channel.sent == 5


@pytest.mark.parametrize(("fault", "arrives"), CHANGED)
def test_a_changed_byte_in(fault: Fault, arrives: bytes) -> None:
    bench = Bench(IN, 2, fault)
    bench.below.says = b"abcde"
    assert b"".join(iter(lambda: bench.reads(2), b"")) == arrives
    assert bench.channel.received == 5


def test_the_fault_strikes_once() -> None:
    bench = Bench(OUT, 0, Fault.LOSE)
    for _ in range(3):
        bench.channel.write(b"x")
        bench.channel.open()
    assert bench.below.heard == b"xx"


# --- cut


def test_a_cut_on_the_way_out_leaves_what_had_left_before() -> None:
    bench = Bench(OUT, 2, Fault.CUT)
    with pytest.raises(LinkError, match="link_lost"):
        bench.channel.write(b"abcd")
    assert bench.below.heard == b"ab"
    for use in (lambda: bench.channel.write(b"x"), bench.reads):
        with pytest.raises(LinkError, match="link_lost"):
            use()
    bench.channel.open()
    bench.channel.write(b"again")
    assert bench.below.heard == b"abagain"


def test_a_cut_on_the_way_in_gives_what_had_come_before() -> None:
    bench = Bench(IN, 2, Fault.CUT)
    bench.below.says = b"abcd"
    assert bench.reads() == b"ab"
    with pytest.raises(LinkError, match="link_lost"):
        bench.reads()
    bench.channel.open()
    bench.below.says = b"again"
    assert bench.reads() == b"again"


# --- late


@pytest.mark.parametrize("look", [0.0, -1.0])
def test_delayed_bytes_out_arrive_when_the_reader_has_waited_in_vain(look: float) -> None:
    bench = Bench(OUT, 1, Fault.DELAY)
    bench.channel.write(b"ab")
    bench.channel.write(b"c")
    assert bench.reads(seconds=look) == b""  # a look is no waiting
    assert bench.below.heard == b"a"
    assert bench.reads() == b""
    assert bench.below.heard == b"abc"
    bench.channel.write(b"d")
    assert bench.below.heard == b"abcd"


def test_delayed_bytes_in_are_found_after_the_time_out() -> None:
    bench = Bench(IN, 1, Fault.DELAY)
    bench.below.says = b"abc"
    assert bench.reads() == b"a"
    before = bench.clock.now()
    assert bench.reads(seconds=3.0) == b""
    assert bench.clock.now() == before + 3.0
    bench.below.says = b"d"
    assert bench.reads() + bench.reads() == b"bcd"


def test_delayed_bytes_of_a_channel_that_was_closed_are_not_found_in_the_next() -> None:
    bench = Bench(IN, 0, Fault.DELAY)
    bench.below.says = b"old"
    assert bench.reads() == b""
    bench.channel.open()
    bench.below.says = b"new"
    assert bench.reads() == b"new"


def test_late_bytes_out_are_the_last_that_the_device_hears_of_a_channel() -> None:
    bench = Bench(OUT, 1, Fault.LATE)
    bench.channel.write(b"abc")
    for _ in range(3):
        assert bench.reads() == b""
    assert bench.below.heard == b"a"
    bench.below.log.clear()
    bench.channel.close()
    assert (bench.below.heard, bench.below.log) == (b"abc", ["close"])


def test_late_bytes_in_never_arrive() -> None:
    bench = Bench(IN, 1, Fault.LATE)
    bench.below.says = b"abc"
    assert bench.reads() == b"a"
    assert [bench.reads() for _ in range(3)] == [b""] * 3
    bench.channel.open()
    bench.below.says = b"d"
    assert bench.reads() == b"d"


# --- not struck


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("direction", Direction)
def test_before_its_byte_a_fault_is_not_noticed(direction: Direction, fault: Fault) -> None:
    bench = Bench(direction, 4, fault)
    bench.channel.write(b"abcd")
    bench.below.says = b"efgh"
    assert (bench.below.heard, bench.reads(3), bench.reads(3), bench.reads()) == (b"abcd", b"efg", b"h", b"")


@pytest.mark.parametrize("use", [lambda c: c.write(b"x"), lambda c: c.read(1, 0.0)], ids=["write", "read"])
def test_going_round_in_circles_has_an_end(
    use: Callable[[FaultyTransport], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faulty, "CALLS", 10)
    channel = Bench(OUT, 1000, Fault.CUT).channel
    for _ in range(10):
        use(channel)
    with pytest.raises(RecursionError, match="round in circles"):
        use(channel)
