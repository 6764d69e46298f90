"""A message as it may be written down: as long as it was, without what belongs to a card, and without the password.

What is shown is what ``fields.KEPT`` names; the rest, and everything behind a place that cannot be read, is EEh. Of
what is printed, and of texts, ``mask`` hides card numbers and nothing else. A merchant's number that is no text
is none: in a damaged message a card's may stand there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from protocol.wire.zvt import apdu as codes
from protocol.wire.zvt import fields as bmp
from protocol.wire.zvt import tlv
from protocol.wire.zvt.apdu import Apdu

HIDDEN = 0xEE
PASSWORD = 3  # bytes
BARE: Mapping[int, int] = MappingProxyType({
    codes.REGISTRATION: 6, codes.STATUS_ENQUIRY: 3, codes.REPEAT_RECEIPT: 3, codes.REVERSAL: 3, codes.REFUND: 3,
    codes.END_OF_DAY: 3, codes.PRINT_TOTALS: 3, codes.INITIALISATION: 3,
})  # fmt: skip
"""Of our commands: bytes in front of the fields, the password first."""
CODED = (codes.INTERMEDIATE_STATUS, codes.ABORTED)
"""Messages whose first byte is a code."""
TEXTS = (bmp.TEXT, bmp.CARD_NAME, bmp.AUTHORISATION_CODE)


def redacted(apdu: Apdu, mask: Callable[[str], str]) -> bytes:
    """``mask`` keeps the length of its text."""
    if apdu.command in (codes.PRINT_LINE, codes.PRINT_TEXT_BLOCK):
        return Apdu(apdu.command, _printed(apdu, mask)).to_bytes()
    shown = bytearray((HIDDEN,)) * len(apdu.data)
    bare = BARE.get(apdu.command, 1 if apdu.command in CODED or apdu.refusal is not None else 0)
    open_from = PASSWORD if apdu.command in BARE else 0
    shown[open_from:bare] = apdu.data[open_from:bare]
    ours = apdu.command in BARE
    for at, number, value in bmp.walk(apdu.data[bare:]):
        if value is None:
            break
        start = bare + at
        shown[start] = number
        if number in TEXTS or (number == bmp.CONTRACT and value.isascii()):
            _show(shown, apdu.data, start, _text(value, mask))
        elif (number in bmp.KEPT and number != bmp.CONTRACT) or (ours and number == bmp.CONTAINER):
            _show(shown, apdu.data, start, value)
    return Apdu(apdu.command, bytes(shown)).to_bytes()


def _printed(apdu: Apdu, mask: Callable[[str], str]) -> bytes:
    """The whole, and each line by itself: the byte before a line may look like one more digit of it, and be its length;
    of a damaged message a line's last digit may stand behind it."""
    data = apdu.data
    if apdu.command == codes.PRINT_LINE:
        return data[:1] + _text(data[1:], mask)
    shown, at = bytearray(_text(data, mask)), 0
    inner = tlv.container(data[1:]) if data[:1] == bytes((bmp.CONTAINER,)) else None
    for tag in tlv.every_tag(data if inner is None else inner[0]):
        if tag.number == tlv.TEXT_LINE:
            at = data.index(tag.value, at)
            for place, (byte, hidden) in enumerate(zip(tag.value, _text(tag.value, mask), strict=True), at):
                if byte != hidden:
                    shown[place] = hidden
            at += len(tag.value)
    return bytes(shown)


def _text(data: bytes, mask: Callable[[str], str]) -> bytes:
    return mask(data.decode("cp437")).encode("cp437", "replace")


def _show(shown: bytearray, data: bytes, start: int, value: bytes) -> None:
    """The field that begins at ``start`` with its length, and ``value`` in place of its own."""
    length = bmp.LENGTHS[data[start]]
    head = -length if length < 0 else 0
    if length == bmp.TLV:
        head = 1 if data[start + 1] < 0x80 else 1 + (data[start + 1] & 0x7F)
    first = start + 1 + head
    shown[start + 1 : first] = data[start + 1 : first]
    shown[first : first + len(value)] = value
