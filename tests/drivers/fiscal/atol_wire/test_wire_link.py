"""What the line does to a command, and the verdict that the caller gets."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import pytest

from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.atol_wire import load_profile
from drivers.fiscal.atol_wire.link import Link
from drivers.transports.base import LinkError
from drivers.transports.memory import VirtualClock
from protocol.wire.atol.operations import CashIn, CloseReceipt, OpenReceipt
from protocol.wire.atol.queries import LastClosedShift
from tests.drivers.fiscal.atol_wire import peer
from tests.drivers.fiscal.atol_wire.peer import Peer, PeerTransport

CLOSE = CloseReceipt()
ASK = LastClosedShift()
PROFILE = load_profile()


class Bench:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.device = Peer()
        self.device.answers = {
            b"\x4a": [b"\x55\x00"],
            b"\x92": [b"\x55\x00"],
            b"\x49": [b"\x55\x00"],
            b"\x91\x15": [b"\x55\x00\x00\x05"],
        }
        self.transport = PeerTransport(self.device, self.clock)
        self.link = Link(self.transport, PROFILE, self.clock)
        self.link.open()

    def fate(self, *fates: str) -> Bench:
        """Of the next commands of any kind, one each."""
        self.device.fates[b""] = deque(fates)
        return self


@pytest.fixture
def bench() -> Bench:
    return Bench()


GOOD = [
    *(peer.LOSE_ANSWER, peer.DAMAGE_ANSWER, peer.LATER, peer.ASK_LATER, peer.CUT_AFTER, peer.FULL),
]


@pytest.mark.parametrize("fate", GOOD)
def test_the_result_is_fetched_and_the_command_executed_once(bench: Bench, fate: str) -> None:
    bench.fate(fate).link.call(CLOSE)
    assert bench.device.executed == [CLOSE.to_bytes()]
    assert bench.link.call(ASK).value == 5, "the channel is good"


DOUBT = {
    peer.CUT_BEFORE: "no_reply",  # the device does not know the task
    peer.POWER_BEFORE: "no_reply",
    peer.POWER_AFTER: "no_reply",
    peer.MUTE: "no_reply",
}


@pytest.mark.parametrize(("fate", "code"), DOUBT.items())
@pytest.mark.parametrize("command", [CLOSE, OpenReceipt(0, 1), CashIn(1)], ids=lambda command: type(command).__name__)
def test_what_may_have_been_executed_is_doubt_and_not_sent_again(
    bench: Bench, command: CloseReceipt, fate: str, code: str
) -> None:
    with pytest.raises(InDoubt) as caught:
        bench.fate(fate).link.call(command)
    assert caught.value.code == code
    assert bench.device.added == [command.to_bytes()]
    with pytest.raises(NotSent):
        bench.link.call(ASK)  # the channel is closed: it is opened anew


@pytest.mark.parametrize("fate", [*GOOD, peer.CUT_BEFORE, peer.POWER_BEFORE, peer.POWER_AFTER])
def test_a_question_survives_whatever_passes(bench: Bench, fate: str) -> None:
    assert bench.fate(fate).link.call(ASK).value == 5


def test_a_device_that_stays_away_is_doubt_with_the_time_that_is_left(bench: Bench) -> None:
    bench.fate(peer.POWER_AFTER)
    bench.device.answers[b"\x4a"] = [lambda: setattr(bench.device, "present", False) or b"\x55\x00"]
    before = bench.clock.now()
    with pytest.raises(InDoubt) as caught:
        bench.link.call(CLOSE)
    passed = bench.clock.now() - before
    assert caught.value.code == "link_lost"
    assert passed <= PROFILE.reopen + PROFILE.reopen_pause
    assert caught.value.remaining == pytest.approx(PROFILE.max_time["close"] - passed)


def test_a_deaf_device_is_doubt_when_its_time_is_over(bench: Bench) -> None:
    before = bench.clock.now()
    with pytest.raises(InDoubt) as caught:
        bench.fate(peer.MUTE).link.call(CLOSE)
    assert bench.clock.now() - before == pytest.approx(PROFILE.max_time["close"], abs=1.0)
    assert caught.value.remaining == 0


def test_the_acknowledgement_of_a_result_is_made_up_for(bench: Bench) -> None:
    """The device goes deaf after its answer: the verdict stands, and the next command clears the device's buffer."""

    def mute_after_answer() -> bytes:
        bench.device.fates[b""] = deque()
        return b"\x55\x00"

    bench.device.answers[b"\x4a"] = [mute_after_answer]
    written: list[bytes] = []
    original = bench.device.write

    def deaf_to_acks(data: bytes) -> None:
        written.append(data)
        if data[4] != 0xC2:
            original(data)

    bench.device.write = deaf_to_acks  # type: ignore[method-assign]
    bench.link.call(CLOSE)
    bench.device.write = original  # type: ignore[method-assign]
    assert [data[4] for data in written] == [0xC1, 0xC2, 0xC2, 0xC2]
    assert bench.link.call(ASK).value == 5


def test_a_channel_that_breaks_at_the_acknowledgement(bench: Bench) -> None:
    original = bench.device.write

    def broken_at_ack(data: bytes) -> None:
        if data[4] == 0xC2:
            raise LinkError("link_lost", "gone")
        original(data)

    bench.device.write = broken_at_ack  # type: ignore[method-assign]
    bench.link.call(CLOSE)
    with pytest.raises(NotSent):
        bench.link.call(ASK)


REFUSALS = {
    "a word of ours and the byte": (CLOSE, "55 88", Refused, "shift_expired", "88"),
    "busy is a refusal": (CLOSE, "55 76", Refused, "device_busy", "76"),
    "no paper at closing proves nothing": (CLOSE, "55 67", InDoubt, "no_paper", "67"),
    "the drive's silence at closing proves nothing": (CLOSE, "55 D2", InDoubt, "fn_failed", "D2"),
    "an unknown byte at closing proves nothing": (CLOSE, "55 FB", InDoubt, "register_refused", "FB"),
    "no paper while filling": (OpenReceipt(0, 1), "55 67", Refused, "no_paper", "67"),
    "behind EEh stands register 37h": (OpenReceipt(0, 1), "55 EE", Refused, "register_refused", "EE:0102"),
}


@pytest.mark.parametrize(("command", "answer", "kind", "code", "vendor"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(bench: Bench, command: CloseReceipt, answer: str, kind: type, code: str, vendor: str) -> None:
    bench.device.answers[command.to_bytes()[:1]] = [bytes.fromhex(answer)]
    bench.device.answers[b"\x91\x37"] = [b"\x55\x00\x01\x02"]
    with pytest.raises(kind) as caught:
        bench.link.call(command)
    assert (caught.value.code, caught.value.vendor) == (code, vendor)
    assert bench.link.call(ASK).value == 5


def test_a_value_that_does_not_fit_is_not_sent(bench: Bench) -> None:
    with pytest.raises(Refused) as caught:
        bench.link.call(CashIn(10**10))
    assert caught.value.code == "bad_parameter"
    assert bench.device.added == []


def test_more_commands_than_numbers(bench: Bench) -> None:
    for _ in range(500):
        assert bench.link.call(ASK).value == 5
    assert len(bench.device.executed) == 500


def test_nobody_there(bench: Bench) -> None:
    bench.device.present = False
    with pytest.raises(NotSent) as caught:
        bench.link.open()
    assert caught.value.code == "device_offline"


def test_somebody_who_says_nothing(bench: Bench) -> None:
    bench.device.silent = True
    with pytest.raises(NotSent) as caught:
        bench.link.open()
    assert caught.value.code == "device_offline"


class SpeedsTransport(PeerTransport):
    """The device answers at the third speed only."""

    speed = 0
    variants = 4  # type: ignore[assignment]

    def next_variant(self) -> None:
        self.speed = (self.speed + 1) % 4
        self._peer.silent = self.speed != 2


def test_the_speed_is_sought_once(bench: Bench) -> None:
    transport = SpeedsTransport(bench.device, bench.clock)
    bench.device.silent = True
    link = Link(transport, PROFILE, bench.clock)
    link.open()
    assert transport.speed == 2
    link.open()
    assert transport.speed == 2
    assert link.call(ASK).value == 5


def test_a_full_buffer_that_stays_full_is_a_refusal(bench: Bench) -> None:
    profile = replace(PROFILE, limits=replace(PROFILE.limits, fulls=2))
    link = Link(bench.transport, profile, bench.clock)
    link.open()
    bench.fate(*[peer.FULL] * 3)
    with pytest.raises(Refused) as caught:
        link.call(CLOSE)
    assert caught.value.code == "device_busy"
    assert bench.device.executed == []
