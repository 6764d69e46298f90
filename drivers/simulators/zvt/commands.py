"""What the cash register says, read: the fixed part of each command, and the fields behind it. Pure.

Raises ``BadData`` for a command that cannot be read.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.simulators.zvt import codes
from drivers.simulators.zvt.apdu import Apdu
from drivers.simulators.zvt.fields import BadData, Fields, digits, read

PASSWORD = 3
PASSWORD_FIRST = frozenset({
    codes.SEND_TOTALS, codes.PRINT_TOTALS, codes.REPEAT, codes.REVERSAL, codes.REFUND, codes.END_OF_DAY,
    codes.INITIALISATION, codes.STATUS_ENQUIRY,
})  # fmt: skip
SERVICE_BITS = 0x07


@dataclass(frozen=True, slots=True)
class Asked:
    password: str  # six digits; "" when the command has none
    fields: Fields


@dataclass(frozen=True, slots=True)
class AskedRegistration:
    password: str
    config: int
    currency: str  # three digits; "": the terminal's own
    fields: Fields


def asked(apdu: Apdu) -> Asked:
    if apdu.code not in PASSWORD_FIRST:
        return Asked("", read(apdu.data))
    if len(apdu.data) < PASSWORD:
        raise BadData("a password was expected")
    return Asked(_password(apdu.data), read(apdu.data[PASSWORD:]))


def registration(apdu: Apdu) -> AskedRegistration:
    """The currency has no number in front of it: what cannot be a service byte or container is one."""
    data = apdu.data
    if len(data) < PASSWORD + 1:
        raise BadData("password and configuration were expected")
    config, rest = data[PASSWORD], data[PASSWORD + 1 :]
    try:
        fields = read(rest)
        if rest and (set(fields.bmps) - {0x03, 0x06} or fields.bmps.get(0x03, b"\0")[0] > SERVICE_BITS):
            raise BadData("not a service byte")
    except BadData:
        if len(rest) < 2:
            raise
        return AskedRegistration(_password(data), config, f"{digits(rest[:2]):03d}", read(rest[2:]))
    return AskedRegistration(_password(data), config, "", fields)


def fields_of(apdu: Apdu) -> Fields:
    """Those of a command or an answer, whatever it is."""
    return registration(apdu).fields if apdu.code == codes.REGISTRATION else asked(apdu).fields


def _password(data: bytes) -> str:
    return f"{digits(data[:PASSWORD]):06d}"
