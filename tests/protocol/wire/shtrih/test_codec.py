from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.buffer import ReceiveBuffer
from protocol.wire.shtrih.codec import MAX_FRAME, Damaged, Frame, lrc, next_frame
from tests.support.feeding import all_ways

# Payload and frame, as captured from devices or printed by the vendor.
TABLE = {
    "device type": ("FC", "02 01 FC FD"),
    "model parameters": ("F7 01", "02 02 F7 01 F4"),
    "short status": ("10 1E 00 00 00", "02 05 10 1E 00 00 00 0B"),
    "full status": ("11 1E 00 00 00", "02 05 11 1E 00 00 00 0A"),
    "drive status": ("FF 01 1E 00 00 00", "02 06 FF 01 1E 00 00 00 E6"),
    "accepted operation": ("FF 46 00", "02 03 FF 46 00 BA"),
    "refused close": ("FF 45 4D", "02 03 FF 45 4D F4"),
    "closed": (
        "FF 76 00 D0 07 00 00 00 D0 00 00 00 E9 3D 00 B5",
        "02 10 FF 76 00 D0 07 00 00 00 D0 00 00 00 E9 3D 00 B5 FF",
    ),
    "payload full of control bytes": ("05 06 15 02 02", "02 05 05 06 15 02 02 13"),
    "longest": ("10" * 255, "02 FF" + "10" * 255 + "EF"),
}


@pytest.mark.parametrize(("payload", "raw"), TABLE.values(), ids=TABLE)
def test_frames_are_written_and_read_in_every_way_of_feeding(payload: str, raw: str) -> None:
    frame = Frame(bytes.fromhex(payload))
    assert frame.to_bytes() == bytes.fromhex(raw)
    assert all_ways(next_frame, bytes.fromhex(raw), MAX_FRAME + 4) == frame


@pytest.mark.parametrize("payload", [b"", b"x" * 256])
def test_a_frame_carries_1_to_255_bytes(payload: bytes) -> None:
    with pytest.raises(ValueError, match="1 to 255"):
        Frame(payload).to_bytes()


def test_noise_before_a_frame_is_dropped() -> None:
    buffer = ReceiveBuffer(MAX_FRAME)
    buffer.feed(bytes.fromhex("00 00 FF 06 02 01 FC FD"))
    assert next_frame(buffer) == Frame(b"\xfc")


@pytest.mark.parametrize("raw", ["02 01 FC FC", "02 00 00"], ids=["wrong LRC", "length 0"])
def test_a_damaged_frame_is_reported_whole_and_gone(raw: str) -> None:
    assert all_ways(next_frame, bytes.fromhex(raw), MAX_FRAME, trailings=(b"\x06",)) == Damaged(bytes.fromhex(raw))


@given(st.binary(min_size=1, max_size=255), st.integers(0, 8 * 256 - 1))
def test_one_flipped_bit_is_always_noticed(payload: bytes, where: int) -> None:
    raw = bytearray(Frame(payload).to_bytes())
    place = 1 + where // 8 % (len(raw) - 1)
    raw[place] ^= 1 << where % 8
    buffer = ReceiveBuffer(2 * MAX_FRAME)
    buffer.feed(bytes(raw))
    assert not isinstance(next_frame(buffer), Frame) or place == 1  # a flipped length may end at another byte


@given(st.binary(max_size=600))
def test_any_bytes_give_frames_damage_or_waiting(data: bytes) -> None:
    buffer = ReceiveBuffer(600)
    buffer.feed(data)
    while (piece := next_frame(buffer)) is not None:
        raw = piece.raw if isinstance(piece, Damaged) else piece.to_bytes()
        assert raw in data
    assert len(buffer) < MAX_FRAME


def test_lrc_is_the_xor_of_all_bytes() -> None:
    assert lrc(bytes.fromhex("05 10 1E 00 00 00")) == 0x0B
    assert lrc(b"") == 0
