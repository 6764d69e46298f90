"""A freshly registered register: serial numbers of its own, made from the random source that is passed in.

Nothing here belongs to a real owner: FN numbers start with 9999 (test drives), the INN has right check digits and a
made-up body, name and address say that this is a simulator.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

ALL_TAX_SYSTEMS = 1 | 2 | 4 | 16 | 32
"""Tag 1062: every system that still exists (8, ЕНВД, ended in 2021)."""

FFD_CODES = {"1.05": 2, "1.1": 3, "1.2": 4}
"""Tag 1209."""

FN_LIFE = timedelta(days=1110)  # "36 months"
INN_WEIGHTS = (2, 4, 10, 3, 5, 9, 4, 6, 8)


@dataclass(frozen=True, slots=True)
class Registration:
    """What the registration report (document 1) fixes. Names are the tags' usual English names."""

    register_serial: str  # 1013
    fn_number: str  # 1041
    rnm: str  # 1037, without padding
    inn: str  # 1018
    user: str  # 1048
    address: str  # 1009
    place: str  # 1187
    ofd_inn: str  # 1017
    ofd_name: str  # 1046
    sender_email: str  # 1117
    tax_systems: int  # 1062
    ffd: int  # 1209: 2, 3 or 4
    usage_flags: int  # 1290; bit 8 = marked goods
    cashier: str  # 1021 of whoever registered
    register_version: str  # 1188
    registered_at: datetime

    @property
    def fn_expires(self) -> datetime:
        return self.registered_at + FN_LIFE


def fresh(random: Random, at: datetime, ffd: str = "1.2") -> Registration:
    """A new identity. ``ffd`` is "1.05", "1.1" or "1.2"."""
    serial = f"00106900{random.randrange(10**8):08d}"
    inn = _inn(random)
    return Registration(
        register_serial=serial,
        fn_number=f"9999{random.randrange(10**12):012d}",
        rnm=registration_number(random.randrange(1, 10**10), inn, serial),
        inn=inn,
        user='ООО "ПРИМЕР" (симулятор)',
        address="101000, г. Москва, ул. Примерная, д. 1",
        place="Мастерская, касса-симулятор",
        ofd_inn=_inn(random),
        ofd_name="ОФД-симулятор",
        sender_email="noreply@ofd.example",
        tax_systems=ALL_TAX_SYSTEMS,
        ffd=FFD_CODES[ffd],
        usage_flags=1 << 8,
        cashier="Администратор",
        register_version="SIM 1.0",
        registered_at=at.replace(second=0, microsecond=0),
    )


def _inn(random: Random) -> str:
    body = f"77{random.randrange(10**7):07d}"
    return body + inn_check_digit(body)


def inn_check_digit(body: str) -> str:
    """Tenth digit of a ten-digit INN."""
    return str(sum(int(digit) * weight for digit, weight in zip(body, INN_WEIGHTS, strict=True)) % 11 % 10)


def registration_number(ordinal: int, inn: str, serial: str) -> str:
    """РНМ: ten digits of the ordinal number and six of CRC-16/CCITT-FALSE over ordinal, INN and factory number."""
    number = f"{ordinal:010d}"
    return f"{number}{crc16((number + inn.zfill(12) + serial.zfill(20)).encode('ascii')):06d}"


def crc16(data: bytes) -> int:
    """Polynomial 1021h, start FFFFh, most significant bit first, nothing reflected or inverted."""
    value = 0xFFFF
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1) ^ 0x1021 if value & 0x8000 else value << 1
            value &= 0xFFFF
    return value
