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

FN_DAYS = 1110
"""Life of a fiscal drive of "36 months"."""
FN_CAPACITY = 250_000
"""Documents in its archive."""

ENCRYPTED, AUTONOMOUS, AUTOMATIC, SERVICES, STRICT_FORMS, INTERNET = (1 << bit for bit in range(6))
"""Bits of ``work_mode``."""
EXCISE, GAMBLING, LOTTERY, VENDING_PRINTER, MARKED, PAWNSHOP, INSURANCE = (1 << bit for bit in range(7))
"""Bits of ``extended_mode``."""
USAGE = (
    *((1, "extended_mode", VENDING_PRINTER), (2, "work_mode", STRICT_FORMS), (5, "work_mode", INTERNET)),
    *((6, "extended_mode", EXCISE), (8, "extended_mode", MARKED), (9, "work_mode", SERVICES)),
    *((10, "extended_mode", GAMBLING), (11, "extended_mode", LOTTERY), (12, "extended_mode", PAWNSHOP)),
    (13, "extended_mode", INSURANCE),
)
"""Bit of tag 1290 and where a registration keeps it."""

INN_WEIGHTS = INN_12 = (2, 4, 10, 3, 5, 9, 4, 6, 8)


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
    work_mode: int  # encryption, autonomous, automatic, services, strict forms, internet
    extended_mode: int  # excise, gambling, lottery, printer of an automat, marked goods, pawnshop, insurance
    cashier: str  # 1021 of whoever registered
    register_version: str  # 1188
    registered_at: datetime  # the drive's first registration: its life counts from here
    fn_days: int = FN_DAYS

    @property
    def fn_expires(self) -> datetime:
        return self.registered_at + timedelta(days=self.fn_days)

    @property
    def usage_flags(self) -> int:
        """Tag 1290 of format 1.2."""
        return sum(1 << bit for bit, name, mask in USAGE if getattr(self, name) & mask)

    def works(self, bit: int) -> bool:
        return bool(self.work_mode & bit)

    def sells(self, bit: int) -> bool:
        return bool(self.extended_mode & bit)


def fresh(
    random: Random,
    at: datetime,
    ffd: str = "1.2",
    *,
    tax_systems: int = ALL_TAX_SYSTEMS,
    fn_days: int = FN_DAYS,
) -> Registration:
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
        tax_systems=tax_systems,
        ffd=FFD_CODES[ffd],
        work_mode=0,
        extended_mode=MARKED,
        cashier="Администратор",
        register_version="SIM 1.0",
        registered_at=at.replace(second=0, microsecond=0),
        fn_days=fn_days,
    )


def _inn(random: Random) -> str:
    body = f"77{random.randrange(10**7):07d}"
    return body + inn_check_digit(body)


def inn_check_digit(body: str) -> str:
    """Tenth digit of a ten-digit INN."""
    return str(sum(int(digit) * weight for digit, weight in zip(body, INN_WEIGHTS, strict=True)) % 11 % 10)


def inn_is_right(inn: str) -> bool:
    """Ten or twelve digits with right check digits."""
    if not inn.isascii() or not inn.isdecimal():
        return False
    if len(inn) == 10:
        return inn_check_digit(inn[:9]) == inn[9]
    eleventh, twelfth = (_weighted(inn, weights) for weights in ((7, *INN_12), (3, 7, *INN_12)))
    return len(inn) == 12 and inn[10:] == eleventh + twelfth


def _weighted(inn: str, weights: tuple[int, ...]) -> str:
    return str(sum(int(digit) * weight for digit, weight in zip(inn, weights, strict=False)) % 11 % 10)


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
