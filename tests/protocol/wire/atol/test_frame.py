"""Frames of link layer v3, and what a line makes of them."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from protocol.wire.atol.frame import MAX_DATA, MAX_FRAME, START, Damaged, Packet, crc8, next_packet
from protocol.wire.buffer import ReceiveBuffer

SEEN = {
    "abort": ("FE 01 00 00 C4 02", 0x00, "C4"),
    "add task 00: device type": ("FE 06 00 00 C1 01 00 00 00 A5 77", 0x00, "C1 01 00 00 00 A5"),
    "ack of task 00": ("FE 02 00 01 C2 00 7E", 0x01, "C2 00"),
    "add task 08: register 11h": ("FE 09 00 13 C1 01 08 00 00 91 11 00 00 0D", 0x13, "C1 01 08 00 00 91 11 00 00"),
    "its answer": ("FE 09 00 13 A3 55 00 21 11 26 10 20 30 D1", 0x13, "A3 55 00 21 11 26 10 20 30"),
    "in progress": ("FE 01 00 13 A2 5C", 0x13, "A2"),
    "asynchronous result": ("FE 0A 00 F0 A6 08 55 00 21 11 26 10 20 30 72", 0xF0, "A6 08 55 00 21 11 26 10 20 30"),
    "request": ("FE 02 00 14 C3 08 F8", 0x14, "C3 08"),
    "answer to the probe": ("FE 01 00 00 A3 2E", 0x00, "A3"),
}
"""Frames as they were captured."""

MARKS = (0xFD, START)
PACKETS = st.builds(Packet, st.integers(0, 0xDC) | st.just(0xF0), st.binary(max_size=40))


def read(data: bytes, chunk: int = MAX_FRAME) -> list[Packet | Damaged]:
    buffer = ReceiveBuffer(MAX_FRAME)
    found = []
    for place in range(0, len(data), chunk):
        buffer.feed(data[place : place + chunk])
        while (packet := next_packet(buffer)) is not None:
            found.append(packet)
    return found


@pytest.mark.parametrize(("raw", "number", "data"), SEEN.values(), ids=SEEN)
def test_captured_frames(raw: str, number: int, data: str) -> None:
    packet = Packet(number, bytes.fromhex(data))
    assert packet.to_bytes() == bytes.fromhex(raw)
    assert read(bytes.fromhex(raw)) == [packet]


def test_the_checksum_is_that_of_its_published_parameters() -> None:
    assert crc8(b"123456789") == 0xF7


def test_both_marks_are_escaped_in_data_and_checksum() -> None:
    assert Packet(1, b"\xfe\xfd").to_bytes()[:8] == bytes.fromhex("FE 02 00 01 FD EE FD ED")
    marked = next(Packet(0, bytes((n,))) for n in range(256) if crc8(bytes((0, n))) == START)
    assert marked.to_bytes()[-2:] == b"\xfd\xee"
    assert read(marked.to_bytes()) == [marked]


@given(st.lists(PACKETS, max_size=4), st.integers(1, 9))
def test_what_is_written_is_read_in_any_pieces(packets: list[Packet], chunk: int) -> None:
    assert read(b"".join(packet.to_bytes() for packet in packets), chunk) == packets


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 1000, MAX_DATA])
def test_lengths(size: int) -> None:
    packet = Packet(7, bytes(range(256)) * 16)
    packet = Packet(7, packet.data[:size])
    assert read(packet.to_bytes()) == [packet]


@given(PACKETS, st.binary(max_size=20).map(lambda noise: noise.replace(b"\xfe", b"")))
def test_noise_before_a_frame_is_dropped(packet: Packet, noise: bytes) -> None:
    assert read(noise + packet.to_bytes() + noise) == [packet]


def test_the_probe_of_another_link_layer_is_noise() -> None:
    probe = bytes.fromhex("24 40 0D 00 20 01 F7 40 74 65 73 74 65")
    assert read(probe + bytes.fromhex("FE 01 00 00 C4 02")) == [Packet(0, b"\xc4")]


@given(PACKETS, PACKETS, st.data())
def test_a_frame_cut_short_does_not_take_the_next_one_along(cut: Packet, whole: Packet, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(cut.to_bytes()) - 1))
    first, second = read(cut.to_bytes()[:size] + whole.to_bytes())
    assert isinstance(first, Damaged)
    assert second == whole


@given(PACKETS, st.data())
def test_a_flipped_bit_is_found(packet: Packet, data: st.DataObject) -> None:
    """In number, data and checksum. A flip that makes or unmakes a mark moves the frame's end, where a checksum of
    eight bits is right once in 256 by chance; what a reply means is checked by what asked for it."""
    raw = bytearray(packet.to_bytes())
    assume(b"\xfd" not in raw)
    place = data.draw(st.integers(3, len(raw) - 1))
    raw[place] ^= 1 << data.draw(st.integers(0, 7))
    assume(raw[place] not in b"\xfd\xfe")
    assert [type(each) for each in read(bytes(raw))] == [Damaged]


@given(st.binary(max_size=300), st.integers(1, 30))
def test_any_bytes_give_packets_or_damage(data: bytes, chunk: int) -> None:
    for packet in read(data, chunk):
        assert isinstance(packet, Packet | Damaged)


@pytest.mark.parametrize(
    "packet", [Packet(0xFE), Packet(0xFD), Packet(256), Packet(-1), Packet(0, bytes(MAX_DATA + 1))]
)
def test_what_no_frame_can_carry(packet: Packet) -> None:
    with pytest.raises(ValueError, match="packet id"):
        packet.to_bytes()


def test_eight_bits_let_one_in_256_inserted_bytes_pass_and_no_changed_bit() -> None:
    """What byte faults forgive names for: no reader of frames can know better."""
    frame = Packet(0x13, bytes.fromhex("C1 01 08 00 00 EB 0A") + "Коляска детская".encode("cp866")).to_bytes()
    places = range(4, len(frame) - 1)
    damaged = [frame[:at] + bytes((byte,)) + frame[at:] for at in places for byte in range(256) if byte not in MARKS]
    (meant,) = read(frame)
    passed = [found for each in damaged for found in read(each)[:1] if isinstance(found, Packet) and found != meant]
    assert len(damaged) / 512 < len(passed) < len(damaged) / 128
    flipped = [frame[:at] + bytes((frame[at] ^ 1 << bit,)) + frame[at + 1 :] for at in places for bit in range(8)]
    assert [found for each in flipped for found in read(each) if isinstance(found, Packet)] == []
