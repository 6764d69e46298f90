"""The same terminal on a serial line: frames, doubled escapes, check sums, acknowledgements, repeats."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.simulators.clock import ManualClock
from drivers.simulators.zvt import Options, new_device, new_state
from drivers.simulators.zvt.levels import checksum
from tests.drivers.simulators.zvt.host import START, YES, command

ACK, NAK = b"\x06", b"\x15"


def crc(unit: bytes) -> bytes:
    """Bit by bit from the polynomial as the text prints it, over the undoubled unit and 03."""
    register = 0
    for byte in unit + b"\x03":
        for bit in range(8):
            odd = (register ^ byte >> bit) & 1
            register >>= 1
            if odd:
                register ^= 0x8408
    return bytes([register & 0xFF, register >> 8])


def frame(unit: bytes) -> bytes:
    return b"\x10\x02" + unit.replace(b"\x10", b"\x10\x10") + b"\x10\x03" + crc(unit)


def unframed(data: bytes) -> tuple[bytes, bytes]:
    """The unit of the first frame, and what stands behind it."""
    assert data[:2] == b"\x10\x02", data.hex()
    unit, at = bytearray(), 2
    while data[at : at + 2] != b"\x10\x03":
        if data[at] == 0x10:
            at += 1
        unit.append(data[at])
        at += 1
    assert data[at + 2 : at + 4] == crc(bytes(unit))
    return bytes(unit), data[at + 4 :]


class Serial:
    def __init__(self, *faults: str, config: str | None = "BE") -> None:
        self.clock = ManualClock(START)
        random = Random(1)
        self.device = new_device(self.clock, random, state=new_state(random), options=Options(network=False))
        self.line = self.device.connection()
        self.units: list[bytes] = []
        if config is not None:
            self.say(f"06 00 06 000000 {config} 0643")
        for fault in faults:
            self.device.inject(fault)

    def say(self, text: str, *, silent: bool = False) -> list[str]:
        """Everything is acknowledged and answered; the units of the terminal."""
        self.units = []
        data = self.line.receive(frame(bytes.fromhex(text)))
        assert data[:1] == ACK
        data = data[1:]
        while True:
            while data:
                if data[:1] == ACK:
                    data = data[1:]
                    continue
                unit, rest = unframed(data)
                self.units.append(unit)
                data = rest + self.line.receive(ACK)
                if unit[0] not in (0x80, 0x84) and not silent:
                    data += self.line.receive(frame(YES))
                if unit[:2] in (b"\x06\x0f", b"\x06\x1e"):
                    return self.told
            due = self.line.deadline
            if due is None or due - self.clock.monotonic() > 100:
                return self.told
            self.clock.advance(max(0.0, due - self.clock.monotonic()))
            data = self.line.poll()

    @property
    def told(self) -> list[str]:
        return [unit.hex() for unit in self.units]

    @property
    def standings(self) -> list[str]:
        bank = self.device.bank
        return [f"{entry.amount} {bank.standing(entry).value}" for entry in bank.state.entries]


@pytest.mark.parametrize(
    ("unit", "value"), [("80 00 00", 0x1FF5), ("06 0F 00", 0x33C6), ("06 00 04 00 00 00 BA", 0xF898)]
)
def test_the_check_sum_is_that_of_the_published_vectors(unit: str, value: int) -> None:
    assert checksum(bytes.fromhex(unit)) == value.to_bytes(2, "little")


@given(st.binary(max_size=60))
def test_the_check_sum_is_what_the_text_says(unit: bytes) -> None:
    assert checksum(unit) == crc(unit)


def test_a_registration_in_frames() -> None:
    host = Serial(config=None)
    assert host.say("06 00 04 00 00 00 ba")[0] == "800000"
    assert host.told[1].startswith("060f0a1900")


def test_escapes_are_doubled_both_ways() -> None:
    host = Serial()
    host.say("06 01 07 04 00 00 00 00 10 10")
    result = next(unit for unit in host.units if unit[:2] == b"\x04\x0f")
    assert bytes.fromhex("04000000001010") in result
    assert host.standings == ["1010 taken"]


def test_a_damaged_frame_is_answered_15_and_not_carried_out() -> None:
    host = Serial()
    good = frame(bytes.fromhex("06 01 07 04 000000000100"))
    assert host.line.receive(good[:-1] + bytes([good[-1] ^ 1])) == NAK
    assert host.line.receive(frame(b"\x06\x01\x07\x04")) == NAK  # its length is wrong
    host.clock.advance(10)
    assert host.line.poll() == b""
    assert host.standings == []


@pytest.mark.parametrize("damage", ["checksum:command=payment,direction=in", "nak:command=payment"])
def test_a_good_frame_can_be_taken_for_a_damaged_one(damage: str) -> None:
    host = Serial(damage)
    assert host.line.receive(frame(bytes.fromhex("06 01 07 04 000000000100"))) == NAK
    host.say("06 01 07 04 000000000100")
    assert host.standings == ["100 taken"]


@pytest.mark.parametrize("answer", [NAK, b""])
def test_what_is_not_acknowledged_comes_three_times(answer: bytes) -> None:
    host = Serial()
    data = host.line.receive(frame(bytes.fromhex("05 01 03 000000")))
    said = data[1:]
    assert unframed(said) == (YES, b"")
    for _ in range(2):
        data = host.line.receive(answer) if answer else b""
        if not answer:
            host.clock.advance(5)
            data = host.line.poll()
        assert data == said
    assert host.line.receive(NAK) == b""
    host.say("05 01 03 000000")
    assert host.told[-1].startswith("060f")


def test_a_damaged_answer_is_sent_again_after_15() -> None:
    host = Serial("checksum:command=result")
    data = host.line.receive(frame(bytes.fromhex("06 01 07 04 000000000100")))
    damaged = b""
    for _ in range(40):
        while data:
            if data[:1] == ACK:
                data = data[1:]
            elif b"\x04\x0f" in data[:5] and not damaged:
                damaged = data
                with pytest.raises(AssertionError):
                    unframed(data)
                data = host.line.receive(NAK)
            else:
                unit, rest = unframed(data)
                data = rest + host.line.receive(ACK)
                if unit[0] not in (0x80, 0x84):
                    data += host.line.receive(frame(YES))
        if not host.device.session.running:
            break
        host.clock.advance(0.3)
        data = host.line.poll()
    assert damaged
    assert host.standings == ["100 taken"]


def test_the_same_frame_once_more_is_only_acknowledged_again() -> None:
    host = Serial()
    paying = frame(bytes.fromhex("06 01 07 04 000000000100"))
    assert host.line.receive(paying)[:1] == ACK
    assert host.line.receive(paying) == ACK
    host.line.receive(ACK)
    for _ in range(60):
        host.clock.advance(0.5)
        for piece in (ACK, frame(YES), ACK):
            host.line.receive(piece)
    assert host.standings == ["100 taken"]


def test_a_pause_inside_a_frame_drops_it() -> None:
    host = Serial()
    whole = frame(bytes.fromhex("05 01 03 000000"))
    host.line.receive(whole[:6])
    host.clock.advance(0.3)
    assert host.line.receive(whole[6:]) == b""
    assert host.line.receive(whole)[:1] == ACK


def test_noise_between_frames_is_nothing() -> None:
    host = Serial()
    assert host.line.receive(b"\x00\xff\x10\x10\x03\x41") == b""
    assert host.line.receive(frame(bytes.fromhex("05 01 03 000000")))[:1] == ACK


def test_results_that_nobody_acknowledges_on_the_line_are_taken_back() -> None:
    host = Serial(config="00")
    data = host.line.receive(frame(bytes.fromhex("06 01 07 04 000000000100")))
    assert unframed(data[1:]) == (YES, b"")
    host.line.receive(ACK)
    for _ in range(100):
        host.clock.advance(0.5)
        host.line.poll()
    assert host.standings == ["100 reversed", "100 given"]
    assert host.say("05 01 03 000000")[-1].startswith("060f")


def test_a_closed_port_ends_nothing() -> None:
    """The terminal does not see it: the result comes to whoever opens the port again."""
    host = Serial(config="00")
    host.line.receive(frame(bytes.fromhex("06 01 07 04 000000000100")) + ACK)
    host.line.close()
    host.clock.advance(0.1)
    host.line = host.device.connection()
    data = b""
    for _ in range(20):
        host.clock.advance(0.5)
        data = host.line.poll()
        if data:
            break
    unit, _ = unframed(data)
    assert unit[:2] == b"\x04\x0f"
    data = host.line.receive(ACK + frame(YES))
    assert host.standings == ["100 taken"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=20), max_size=8))
def test_any_bytes_do_no_harm(chunks: list[bytes]) -> None:
    host = Serial()
    for chunk in chunks:
        host.line.receive(chunk)
        host.clock.advance(0.1)
    host.clock.advance(20)
    for _ in range(8):
        host.clock.advance(6)
        host.line.poll()
    assert host.standings == []
    host.say(command("0601", "04000000000100"))
    assert host.standings == ["100 taken"]
