"""What the cash register says to a ZVT terminal: each command as the data it carries."""

from __future__ import annotations

from dataclasses import dataclass, field

from protocol.wire.zvt import apdu as codes
from protocol.wire.zvt.apdu import Apdu
from protocol.wire.zvt.fields import AMOUNT, CONTAINER, CURRENCY, RECEIPT, SERVICE_BYTE, bcd, write_field
from protocol.wire.zvt.tlv import COMMAND, COMMANDS, WIDTH, write_size, write_tag

ROUBLES = bytes.fromhex("0643")
LAST_TRANSACTION = 0x03
"""Service byte of "repeat receipt": the status information of the last transaction, and no paper."""
NOT_CHARGED = 0x6C
"""A code for ``84 xx`` as the answer to an approval: neither 00h, nor 9Ch, nor 9Dh, so the payment is brought back."""
NOT_YET = 0x9C
"""The same: ask again."""

# Bits of the configuration byte of a registration.
ECR_PRINTS_PAYMENTS = 0x02
ECR_PRINTS_ADMINISTRATION = 0x04
INTERMEDIATE = 0x08
NO_AMOUNT_AT_TERMINAL = 0x10
NO_ADMINISTRATION_AT_TERMINAL = 0x20
PRINT_LINES = 0x80

# Bits of the status byte in which a registration ends.
NEEDS_INITIALISATION = 0x01
NEEDS_DIAGNOSIS = 0x02
VENDING_MODE = 0x10


@dataclass(frozen=True, slots=True)
class Password:
    """Six digits."""

    digits: str = field(repr=False)

    def to_bytes(self) -> bytes:
        return bcd(int(self.digits), 3)


def registration(password: Password, config: int, width: int) -> Apdu:
    """``width``: characters in a line of the slips, 0: not told. Text blocks are asked for beside the print lines."""
    tags = write_tag(COMMANDS, write_tag(COMMAND, codes.PRINT_TEXT_BLOCK.to_bytes(2, "big")))
    if width:
        tags = write_tag(WIDTH, bytes((width,))) + tags
    data = password.to_bytes() + bytes((config,)) + ROUBLES + _container(tags)
    return Apdu(codes.REGISTRATION, data)


def status_enquiry(password: Password) -> Apdu:
    return Apdu(codes.STATUS_ENQUIRY, password.to_bytes())


def authorisation(amount: int) -> Apdu:
    """``amount``: minor units. Raises ``ValueError`` for one of more than twelve digits; likewise below."""
    return Apdu(codes.AUTHORISATION, _amount(amount))


def reversal(password: Password, receipt: str, amount: int) -> Apdu:
    """``receipt``: its number, up to four digits; a terminal that keeps another amount under it refuses."""
    number = write_field(RECEIPT, bcd(int(receipt), 2))
    return Apdu(codes.REVERSAL, password.to_bytes() + number + _amount(amount))


def refund(password: Password, amount: int) -> Apdu:
    return Apdu(codes.REFUND, password.to_bytes() + _amount(amount))


def repeat_receipt(password: Password, service: int | None = None) -> Apdu:
    """``service``: ``LAST_TRANSACTION``, or ``None`` for the paper again."""
    choice = b"" if service is None else write_field(SERVICE_BYTE, bytes((service,)))
    return Apdu(codes.REPEAT_RECEIPT, password.to_bytes() + choice)


def end_of_day(password: Password) -> Apdu:
    return Apdu(codes.END_OF_DAY, password.to_bytes())


def print_totals(password: Password) -> Apdu:
    return Apdu(codes.PRINT_TOTALS, password.to_bytes())


def initialisation(password: Password) -> Apdu:
    return Apdu(codes.INITIALISATION, password.to_bytes())


def diagnosis() -> Apdu:
    return Apdu(codes.DIAGNOSIS)


def _amount(amount: int) -> bytes:
    return write_field(AMOUNT, bcd(amount, 6)) + write_field(CURRENCY, ROUBLES)


def _container(tags: bytes) -> bytes:
    return write_field(CONTAINER, write_size(len(tags)) + tags)
