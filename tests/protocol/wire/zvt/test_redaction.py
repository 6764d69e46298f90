"""What may be written down of a message that came damaged."""

from __future__ import annotations

from drivers.terminals.masking import mask
from protocol.wire.zvt.apdu import Apdu
from protocol.wire.zvt.redaction import redacted
from protocol.wire.zvt.tlv import write_size, write_tag

PAN = "4757953679949914"


def test_a_card_number_in_a_field_whose_number_was_changed_on_the_way_is_hidden() -> None:
    """22 (card) became 2A (merchant), which has no length of its own and takes what follows."""
    card = b"\xf0\xf8" + bytes.fromhex(PAN) + bytes(5)
    told = redacted(Apdu(0x040F, b"\x27\x00\x2a" + card), mask)
    assert PAN not in told.hex()
    assert told.startswith(b"\x04\x0f\x12\x27\x00\x2a")


def test_a_merchants_number_is_shown() -> None:
    merchant = b"790000000001".ljust(15)
    assert merchant in redacted(Apdu(0x040F, b"\x27\x00\x2a" + merchant), mask)


def test_the_length_of_a_line_was_taken_for_a_digit_of_the_card_number_behind_it() -> None:
    """A line of 55 characters: its length is the digit 7."""
    line = "  ".join(PAN).ljust(55).encode()
    told = redacted(Apdu(0x06D3, write_tag(0x25, b"\x07\x01\x01" + write_tag(0x07, line))), mask)
    assert line[:1] == b"4"
    assert PAN[:-4] not in told.decode("cp437").replace(" ", "")
    assert b"*" in told


def test_how_a_line_looks_was_taken_for_a_digit_of_the_card_number_behind_it() -> None:
    told = redacted(Apdu(0x06D1, b"\x30" + PAN.encode()), mask)
    assert told.endswith(b"\x30" + b"*" * 12 + PAN[-4:].encode())


def test_what_is_printed_beside_a_card_number_is_shown() -> None:
    lines = (b"RRN 606012345678", b"1250.00", PAN.encode(), b"AUTH 411111")
    block = (
        b"\x06" + write_size(sum(len(line) + 2 for line in lines)) + b"".join(write_tag(0x07, line) for line in lines)
    )
    told = redacted(Apdu(0x06D3, block), mask)
    assert all((line in told) is (line != PAN.encode()) for line in lines)


def test_a_card_number_whose_last_digit_was_pushed_out_of_its_line_is_hidden() -> None:
    """A byte came twice in the line."""
    line = b" CARD  VISA " + PAN.encode()
    block = write_tag(0x07, line[:-1]) + line[-1:] + write_tag(0x07, b"RRN 606012345678")
    told = redacted(Apdu(0x06D3, b"\x06" + write_size(len(block)) + block), mask)
    assert PAN[:-1] not in told.decode("cp437")
