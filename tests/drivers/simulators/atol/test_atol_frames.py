"""Frames of link layer v3 byte for byte, and what is made of bytes that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.simulators.atol.frame import Decoder, Frame, crc8, encode
from tests.drivers.simulators.atol.host import Host, crc, frame, packets

PROBE = "24 40 0D 00 20 01 F7 40 74 65 73 74 65 FE 01 00 00 C4 02"
# observed between the vendor's library and a device: packet id, DATA, the whole frame
VECTORS = [
    (0x00, "C4", "FE 01 00 00 C4 02"),
    (0x00, "C1 01 00 00 00 A5", "FE 06 00 00 C1 01 00 00 00 A5 77"),
    (0x01, "C2 00", "FE 02 00 01 C2 00 7E"),
    (0x13, "C1 01 08 00 00 91 11 00 00", "FE 09 00 13 C1 01 08 00 00 91 11 00 00 0D"),
    (0x13, "A3 55 00 21 11 26 10 20 30", "FE 09 00 13 A3 55 00 21 11 26 10 20 30 D1"),
    (0x13, "A2", "FE 01 00 13 A2 5C"),
    (0xF0, "A6 08 55 00 21 11 26 10 20 30", "FE 0A 00 F0 A6 08 55 00 21 11 26 10 20 30 72"),
    (0x14, "C3 08", "FE 02 00 14 C3 08 F8"),
    (0x00, "A3", "FE 01 00 00 A3 2E"),
]


def decoded(stream: bytes) -> list[Frame]:
    decoder = Decoder()
    return [each for byte in stream if (each := decoder.take(byte)) is not None]


@pytest.mark.parametrize(("packet", "data", "whole"), VECTORS)
def test_observed_frames(packet: int, data: str, whole: str) -> None:
    assert encode(packet, bytes.fromhex(data)) == bytes.fromhex(whole)
    assert decoded(bytes.fromhex(whole)) == [Frame(packet, bytes.fromhex(data), good=True)]
    assert frame(packet, bytes.fromhex(data)) == bytes.fromhex(whole)  # the tests' own client agrees


@given(st.integers(0, 0xDC), st.binary(max_size=300), st.binary(max_size=10))
def test_any_data_passes(packet: int, data: bytes, junk: bytes) -> None:
    sent = encode(packet, data)
    assert 0xFE not in sent[4:]
    before = junk.replace(b"\xfe", b"")
    assert decoded(before + sent + before) == [Frame(packet, data, good=True)]
    assert [each.data for each in packets(sent)] == [data]


@given(st.binary(max_size=40))
def test_check_sum_by_its_definition(data: bytes) -> None:
    assert crc8(data) == crc(data)


@given(st.binary(min_size=1, max_size=40), st.integers(0, 39), st.integers(1, 255))
def test_one_damaged_byte_never_passes_for_good(data: bytes, place: int, mask: int) -> None:
    sent = bytearray(encode(7, data))
    sent[3 + place % (len(sent) - 3)] ^= mask
    assert Frame(7, data, good=True) not in decoded(bytes(sent))
    assert all(each.data == data for each in decoded(bytes(sent)) if each.good and each.packet == 7) or not data


def test_a_new_start_ends_a_torn_frame() -> None:
    whole = encode(5, b"\xc3\x01")
    for size in range(1, len(whole)):
        assert decoded(whole[:size] + whole) == [Frame(5, b"\xc3\x01", good=True)]


@pytest.mark.parametrize(
    "noise",
    ["FE 80 00", "FE 00 7F", "FE 01 00 05 FD 00", "00 01 02", "FE FE FE", "FE 7F 1F 05"],
    ids=["length over 7F", "frame over the limit", "no such escape", "no start", "starts alone", "a frame never ended"],
)
def test_noise_hides_no_frame(noise: str) -> None:
    assert decoded(bytes.fromhex(noise) + encode(1, b"\xc4"))[-1] == Frame(1, b"\xc4", good=True)


def test_the_probe_of_the_vendors_library_is_answered() -> None:
    assert Host().raw(PROBE) == "FE 01 00 00 A3 2E"


def test_the_probe_byte_by_byte() -> None:
    host = Host()
    *before, last = bytes.fromhex(PROBE)
    assert [host.raw(bytes([byte])) for byte in before] == [""] * len(before)
    assert host.raw(bytes([last])) == "FE 01 00 00 A3 2E"


def test_a_damaged_frame_is_answered_with_an_empty_one() -> None:
    host = Host()
    heard = packets(bytes.fromhex(host.raw("FE 06 00 09 C1 01 00 00 00 A5 00")))
    assert [(each.id, each.data, each.good) for each in heard] == [(9, b"", True)]
    assert host.request(0).data == b"\xb3"  # and nothing was taken


@pytest.mark.parametrize("data", ["", "C1", "C1 01", "C2", "C3 01 02", "C4 00", "A3", "00", "C1 01 F0 00 00 A5"])
def test_what_is_no_command_of_the_layer_is_an_illegal_value(data: str) -> None:
    assert Host().say(bytes.fromhex(data)).data == b"\xb4"
