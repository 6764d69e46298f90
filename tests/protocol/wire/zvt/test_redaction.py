"""What may be written down of a message that came damaged."""

from __future__ import annotations

from drivers.terminals.masking import mask
from protocol.wire.zvt.apdu import Apdu
from protocol.wire.zvt.redaction import redacted

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
