"""Who answers, and how it is set up: everything that ``connect`` reads. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from drivers.api import Identity
from drivers.errors import NotSent
from drivers.fiscal.atol_wire.asking import Asking
from drivers.fiscal.atol_wire.profile import Profile
from protocol.ffd.rates import FIRST_DAY
from protocol.ffd.text import CODE_PAGE
from protocol.ffd.vat import Vat
from protocol.wire.atol.drive_queries import DriveState
from protocol.wire.atol.queries import DeviceType, FormatVersion, LineLength, OwnerInn, SerialNumber, State

CASH_REGISTER = 1
ALL_SYSTEMS = 64  # a mask of six bits


@dataclass(frozen=True, slots=True)
class Known:
    """What ``connect`` found."""

    identity: Identity
    short_serial: str  # of 3Fh, which every status carries
    columns: int


def find_out(asking: Asking, profile: Profile) -> Known:
    """Raises ``NotSent`` (``wrong_device``), and what a link raises."""
    device = asking.expected(DeviceType())
    if device.type != CASH_REGISTER:
        raise NotSent("wrong_device", f"{device.name!r} is a device of type {device.type}, not a register")
    state = asking.the(State())
    serial = asking.expected(SerialNumber())
    drive = asking.expected(DriveState())
    version = asking.the(FormatVersion())
    line = asking.optional(LineLength())
    owner = asking.optional(OwnerInn())
    registration = asking.requisite(1037)
    identity = Identity(
        model=device.name.strip() or f"ATOL {device.model}",
        register_serial=serial.number,
        fn_serial=drive.serial.strip(),
        registration_number=registration.decode(CODE_PAGE).strip() if registration else "",
        inn=_inn(owner.inn) if owner else "",
        ffd=profile.ffd_versions.get(version.current, ""),
        firmware=device.firmware,
        taxation=_taxation(asking.requisite(1062)),
        setup_problems=_problems(state.at),
    )
    return Known(identity, state.serial, line.columns if line and line.columns else profile.columns)


def _inn(digits: str) -> str:
    """Twelve digits for a person, ten for a company, which stand behind two zeros."""
    return digits[2:] if digits.startswith("00") else digits


def _problems(now: datetime | None) -> tuple[str, ...]:
    """The rate of 2026 is none that is known of the wire. An unset clock is no reason to trust the old ones."""
    return ("vat_rate_missing",) if now is None or now.date() >= FIRST_DAY[Vat.VAT22] else ()


def _taxation(value: bytes | None) -> int | None:
    mask = int.from_bytes(value, "little") if value else 0
    return mask if 0 < mask < ALL_SYSTEMS else None
