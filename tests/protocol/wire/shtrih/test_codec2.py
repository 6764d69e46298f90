from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocol.wire.buffer import ReceiveBuffer
from protocol.wire.shtrih.codec import Damaged
from protocol.wire.shtrih.codec2 import MAX_DATA, MAX_FRAME, Numbered, Sync, crc, next_numbered
from tests.support.feeding import all_ways

# As captured between a client and a register.
CAPTURED = {
    "question for the number": (Sync(), "8F 00 00 0F 1D"),
    "nothing executed yet": (Numbered(0), "8F 02 00 00 00 A8 69"),
    "device type": (Numbered(1, bytes.fromhex("FC")), "8F 03 00 01 00 FC 7D E6"),
    "model parameters": (Numbered(2, bytes.fromhex("F7 01")), "8F 04 00 02 00 F7 01 AE 7F"),
    "full status": (Numbered(4, bytes.fromhex("11 1E 00 00 00")), "8F 07 00 04 00 11 1E 00 00 00 E9 7F"),
    "structure of table 2": (
        Numbered(33, bytes.fromhex("2D 1E 00 00 00 02")),
        "8F 08 00 21 00 2D 1E 00 00 00 02 32 07",
    ),
}
TABLE_ANSWER = (
    "8F 2F 00 21 00 2D 00 CF C0 D0 CE CB C8 20 CA C0 D1 D1 C8 D0 CE C2 20 C8 20 C0 C4 CC C8 CD C8 D1 D2 D0 C0 D2 CE"
    " D0 CE C2 00 00 00 00 00 00 00 1E 00 02 2F 60"
)


@pytest.mark.parametrize(("frame", "raw"), CAPTURED.values(), ids=CAPTURED)
def test_captured_frames_are_written_and_read_in_every_way_of_feeding(frame: Numbered | Sync, raw: str) -> None:
    assert frame.to_bytes() == bytes.fromhex(raw)
    assert all_ways(next_numbered, bytes.fromhex(raw), MAX_FRAME) == frame


def test_a_captured_answer_is_read() -> None:
    frame = all_ways(next_numbered, bytes.fromhex(TABLE_ANSWER), MAX_FRAME)
    assert isinstance(frame, Numbered)
    assert frame.number == 33
    assert frame.data[:2] == b"\x2d\x00"
    assert frame.data[2:42].rstrip(b"\0").decode("cp1251") == "ПАРОЛИ КАССИРОВ И АДМИНИСТРАТОРОВ"
    assert frame.data[42:] == b"\x1e\x00\x02"


def test_the_check_value_of_the_checksum() -> None:
    assert crc(b"123456789") == 0x29B1


def test_a_checksum_with_a_mark_in_it_is_stuffed() -> None:
    """The captured answer to FCh ended in ``CA 9F 81`` for the checksum bytes CA 8F."""
    found = [frame for number in range(5000) if crc(b"\x02\x00" + number.to_bytes(2, "little")) & 0xFF == 0x8F
             for frame in [Numbered(number)]]  # fmt: skip
    assert found
    for frame in found:
        raw = frame.to_bytes()
        assert raw.count(b"\x8f") == 1
        assert b"\x9f\x81" in raw
        assert all_ways(next_numbered, raw, MAX_FRAME) == frame


def test_both_marks_are_stuffed_in_data_and_number() -> None:
    frame = Numbered(0x8F9F, bytes.fromhex("8F 9F 81 83"))
    raw = frame.to_bytes()
    assert raw.startswith(bytes.fromhex("8F 06 00 9F 83 9F 81 9F 81 9F 83 81 83"))
    assert all_ways(next_numbered, raw, MAX_FRAME) == frame


@pytest.mark.parametrize(("number", "size"), [(-1, 1), (65536, 1), (1, MAX_DATA + 1)])
def test_limits_of_a_frame(number: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"0\.\.65535"):
        Numbered(number, b"x" * size).to_bytes()


@pytest.mark.parametrize(
    ("raw", "damaged"),
    [
        ("8F 02 00 00 00 A8 68", "8F 02 00 00 00 A8 68"),
        ("8F 01 00", "8F 01 00"),
        ("8F FF FF", "8F FF FF"),
        ("8F 02 9F 82", "8F 02 9F 82"),
    ],
    ids=["wrong checksum", "length 1", "length beyond belief", "escape of nothing"],
)
def test_a_damaged_frame_is_reported_and_gone(raw: str, damaged: str) -> None:
    assert all_ways(next_numbered, bytes.fromhex(raw), MAX_FRAME, trailings=(b"\x06",)) == Damaged(
        bytes.fromhex(damaged)
    )


@pytest.mark.parametrize("broken", ["8F", "8F 02 00", "8F 02 00 9F", "8F 2F 00 21 00 2D 00 CF"])
def test_a_mark_inside_a_frame_begins_the_next_one(broken: str) -> None:
    buffer = ReceiveBuffer(MAX_FRAME)
    buffer.feed(bytes.fromhex("06 15 FF" + broken) + Numbered(7, b"\xfc").to_bytes())
    assert next_numbered(buffer) == Damaged(bytes.fromhex(broken))
    assert next_numbered(buffer) == Numbered(7, b"\xfc")


@given(st.integers(0, 65535), st.binary(max_size=300))
@example(0x9F8F, b"\x8f" * MAX_DATA)
def test_every_frame_is_read_back(number: int, data: bytes) -> None:
    frame = Numbered(number, data)
    buffer = ReceiveBuffer(MAX_FRAME)
    buffer.feed(frame.to_bytes())
    assert next_numbered(buffer) == frame
    assert len(buffer) == 0


@given(st.integers(0, 65535), st.binary(min_size=1, max_size=255), st.integers(8, 8 * 256))
def test_one_flipped_bit_is_always_noticed(number: int, data: bytes, where: int) -> None:
    raw = bytearray(Numbered(number, data).to_bytes())
    place = 1 + where // 8 % (len(raw) - 1)
    raw[place] ^= 1 << where % 8
    buffer = ReceiveBuffer(2 * MAX_FRAME)
    buffer.feed(bytes(raw))
    pieces = []
    while (piece := next_numbered(buffer)) is not None:
        pieces.append(piece)
    assert Numbered(number, data) not in pieces
    assert all(isinstance(piece, Damaged) for piece in pieces)


@given(st.binary(max_size=600))
def test_any_bytes_give_frames_damage_or_waiting(data: bytes) -> None:
    buffer = ReceiveBuffer(600)
    buffer.feed(data)
    while (piece := next_numbered(buffer)) is not None:
        raw = piece.raw if isinstance(piece, Damaged) else piece.to_bytes()
        assert raw in data
    assert len(buffer) <= len(data)
