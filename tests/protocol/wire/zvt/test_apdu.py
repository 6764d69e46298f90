"""Messages and frames: the vectors of the reference, three ways to feed each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.buffer import ReceiveBuffer
from protocol.wire.zvt.apdu import MAX_APDU, Apdu, negative, next_apdu, positive
from protocol.wire.zvt.serial import (
    MAX_FRAME,
    Damaged,
    SerialLine,
    Sign,
    crc16,
    frame,
    next_piece,
)
from tests.support.feeding import all_ways

REGISTERED = Apdu(0x060F, bytes.fromhex("19 00 29 12 34 56 78 49 09 78"))


@pytest.mark.parametrize(
    ("apdu", "raw"),
    [
        (positive(), "80 00 00"),
        (negative(0x9C), "84 9c 00"),
        (Apdu(0x0600, bytes.fromhex("00 00 00 ba")), "06 00 04 00 00 00 ba"),
        (REGISTERED, "06 0f 0a 19 00 29 12 34 56 78 49 09 78"),
        (Apdu(0x06D3, bytes(254)), "06 d3 fe" + "00" * 254),
        (Apdu(0x06D3, bytes(255)), "06 d3 ff ff 00" + "00" * 255),
        (Apdu(0x06D3, bytes(0x1234)), "06 d3 ff 34 12" + "00" * 0x1234),
    ],
)
def test_a_message(apdu: Apdu, raw: str) -> None:
    assert apdu.to_bytes() == bytes.fromhex(raw)
    assert next_apdu(_filled(apdu.to_bytes())) == apdu
    if len(apdu.data) < 300:
        assert all_ways(next_apdu, apdu.to_bytes(), MAX_APDU) == apdu


def test_data_of_a_message_are_not_shown() -> None:
    assert repr(Apdu(0x040F, b"4000001234567899")) == "Apdu(command=1039)"
    with pytest.raises(ValueError, match="65535"):
        Apdu(0x0600, bytes(65536)).to_bytes()


@pytest.mark.parametrize(
    ("raw", "code"),
    [("84 9c 00", 0x9C), ("84 83 00", 0x83), ("84 1e 03 6f 09 78", 0x6F), ("84 1e 00", 0x1E), ("80 00 00", None)],
)
def test_a_refusal(raw: str, code: int | None) -> None:
    apdu = next_apdu(_filled(bytes.fromhex(raw)))
    assert apdu is not None
    assert apdu.refusal == code


# --- frames -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("raw", "crc"), [("80 00 00", 0x1FF5), ("06 0F 00", 0x33C6), ("06 00 04 00 00 00 BA", 0xF898)])
def test_checksums(raw: str, crc: int) -> None:
    assert crc16(bytes.fromhex(raw) + b"\x03") == crc


def test_frames() -> None:
    assert frame(positive()) == bytes.fromhex("10 02 80 00 00 10 03 f5 1f")
    ten = Apdu(0x0601, bytes.fromhex("04 00 00 00 00 10 10"))
    assert frame(ten)[2:-4] == bytes.fromhex("06 01 07 04 00 00 00 00 10 10 10 10")
    for apdu in (positive(), ten, REGISTERED, Apdu(0x06D1, b"\x10" * 16)):
        assert all_ways(next_piece, frame(apdu), MAX_FRAME) == apdu


@pytest.mark.parametrize("wanted", [b"\x10\x02", b"\x10\x10", b"\x10\x03", b"\x06\x15"])
def test_a_checksum_may_look_like_a_mark(wanted: bytes) -> None:
    """Its bytes are not doubled, whatever they are."""
    found = (Apdu(0x06D1, number.to_bytes(2, "big")) for number in range(1 << 16))
    apdu = next(apdu for apdu in found if crc16(apdu.to_bytes() + b"\x03") == int.from_bytes(wanted, "little"))
    assert frame(apdu)[-2:] == wanted
    assert all_ways(next_piece, frame(apdu), MAX_FRAME) == apdu


@pytest.mark.parametrize(
    ("raw", "piece"),
    [
        ("06", Sign.ACK),
        ("15", Sign.NAK),
        ("00 ff 06", Sign.ACK),
        ("10 99 06", Sign.ACK),
        ("10 02 80 00 00 10 03 f5 1e", Damaged(3)),
        ("10 02 80 00 01 10 03 " + crc16(bytes.fromhex("80 00 01 03")).to_bytes(2, "little").hex(), Damaged(3)),
        ("10 02 80 10 99", Damaged(5)),
        ("10 02 80 00 10 02 80", Damaged(4)),
    ],
)
def test_pieces(raw: str, piece: object) -> None:
    assert next_piece(_filled(bytes.fromhex(raw))) == piece


def test_after_a_broken_frame_the_next_one_is_found() -> None:
    buffer = _filled(frame(positive())[:5] + frame(REGISTERED))
    assert isinstance(next_piece(buffer), Damaged)
    assert next_piece(buffer) == REGISTERED
    assert next_piece(buffer) is None


def test_a_frame_without_an_end_is_given_up() -> None:
    buffer = ReceiveBuffer(MAX_FRAME)
    buffer.feed(b"\x10\x02" + b"\x55" * (MAX_FRAME - 2))
    assert next_piece(buffer) == Damaged(MAX_FRAME)
    assert len(buffer) == 0


@given(st.integers(0, 0xFFFF), st.binary(max_size=40), st.data())
def test_a_frame_with_a_changed_bit_is_no_message(command: int, data: bytes, draw: st.DataObject) -> None:
    apdu = Apdu(command, data)
    raw = bytearray(frame(apdu))
    raw[draw.draw(st.integers(0, len(raw) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
    buffer = _filled(bytes(raw))
    while (piece := next_piece(buffer)) is not None:
        assert not isinstance(piece, Apdu) or piece == apdu  # a bit that was lost in a doubled byte's twin


def test_what_was_heard_is_told() -> None:
    """Acknowledged, repeated, repeated by the other side, given up."""
    line = SerialLine(5.0)
    out = line.send(REGISTERED)
    assert line.awaiting == 5.0
    line.feed(b"\x15")
    heard = line.next()
    assert heard is not None
    assert heard.reply == out
    line.feed(b"\x06")
    heard = line.next()
    assert heard is not None
    assert heard.delivered
    assert heard.apdu is None
    line.feed(frame(positive()))
    heard = line.next()
    assert heard is not None
    assert (heard.apdu, heard.reply) == (positive(), b"\x06")
    answer = line.send(Apdu(0x8000))
    line.feed(frame(positive()))  # the same again: it has heard neither our sign nor our answer
    heard = line.next()
    assert heard is not None
    assert (heard.apdu, heard.reply) == (None, b"\x06" + answer)
    assert line.timed_out().reply == answer
    assert line.timed_out().lost
    assert line.awaiting is None


def _filled(data: bytes) -> ReceiveBuffer:
    buffer = ReceiveBuffer(MAX_APDU)
    buffer.feed(data)
    return buffer
