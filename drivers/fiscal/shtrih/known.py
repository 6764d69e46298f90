"""Who answers, and how it is set up: everything that ``connect`` reads. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from drivers.api import Identity
from drivers.errors import NotSent
from drivers.fiscal.shtrih.asking import Asking
from drivers.fiscal.shtrih.profile import Model, Profile
from drivers.fiscal.shtrih.settings import Settings
from drivers.fiscal.shtrih.slip import Faces, read_faces
from drivers.fiscal.shtrih.vat_rows import VatRow, rows_by_vat
from protocol.wire.shtrih.commands import (
    DeviceType,
    DriveStatus,
    FullStatus,
    ModelParameters,
    Registration,
    RegistrationReply,
    TableInfo,
)
from protocol.wire.shtrih.modes import Feature

CASH_REGISTER_TYPE = 0
VAT22_SINCE = date(2026, 1, 1)
REPLACES_VAT20 = 1  # table 17 field 71
ALL_SYSTEMS = 64  # a mask of six bits
MAX_VAT_ROWS = 63  # that a tax byte can name
OLDEST_FORMAT = "1.05"  # of a register that does not know the field of the format version


@dataclass(frozen=True, slots=True)
class Known:
    """What ``connect`` found."""

    identity: Identity
    settings: Settings
    short_serial: str  # the serial of 11h, which every status carries
    model: Model
    faces: Faces
    features: Feature | None  # ``None``: the model does not tell them

    @property
    def has_cutter(self) -> bool:
        return self.features is None or Feature.CUTTER in self.features


def find_out(asking: Asking, profile: Profile) -> Known:
    """Raises ``NotSent`` (``wrong_device``), and what a link raises."""
    password = asking.password
    device = asking.expected(DeviceType())
    if device.type != CASH_REGISTER_TYPE:
        raise NotSent("wrong_device", f"{device.name!r} is a device of type {device.type}, not a register")
    full = asking.the(FullStatus(password))
    drive = asking.expected(DriveStatus(password))
    registration = asking.optional(Registration(password))
    parameters = asking.optional(ModelParameters())
    serial = asking.cell(profile.serial)
    ffd = asking.cell(profile.ffd)
    version = profile.ffd_versions.get(ffd.number, "") if ffd else OLDEST_FORMAT
    settings = _settings(asking, profile, version, _taxation(asking, profile, registration), full.day)
    model = profile.model(device.model)
    identity = Identity(
        model=device.name.strip(),
        register_serial=(serial.text if serial else "") or full.serial,
        fn_serial=drive.serial.strip(),
        registration_number=registration.registration_number.strip() if registration else "",
        inn=registration.inn.strip() if registration else "",
        ffd=version,
        firmware=f"{full.firmware} {full.build}",
        taxation=settings.taxation,
        setup_problems=tuple(settings.problems()),
    )
    return Known(
        identity=identity,
        settings=settings,
        short_serial=full.serial,
        model=replace(model, name=identity.model),
        faces=read_faces(asking, model),
        features=Feature(parameters.flags) if parameters else None,
    )


def _taxation(asking: Asking, profile: Profile, registration: RegistrationReply | None) -> int | None:
    """The drive's own record of the registration; the register's table where the drive does not tell it."""
    if registration is not None and registration.tax_systems:
        return registration.tax_systems
    cell = asking.cell(profile.tax_systems)
    return cell.number if cell and 0 < cell.number < ALL_SYSTEMS else None


def _settings(asking: Asking, profile: Profile, ffd: str, taxation: int | None, today: date | None) -> Settings:
    replaces = asking.cell(profile.replace_vat20)
    by_host = asking.cell(profile.tax_by_host)
    printing = asking.cell(profile.do_not_print)
    in_force = today is None or today >= VAT22_SINCE  # an unset clock is no reason to trust the old rates
    return Settings(
        ffd=ffd,
        vat_rows=rows_by_vat(_vat_rows(asking, profile)),
        replaces_vat20=in_force and replaces is not None and replaces.number == REPLACES_VAT20,
        needs_vat22=in_force,
        tax_by_host=by_host is not None and by_host.number != 0,
        taxation=taxation,
        printing=printing.number if printing else None,
    )


def _vat_rows(asking: Asking, profile: Profile) -> list[VatRow]:
    info = asking.optional(TableInfo(asking.password, profile.vat_table))
    rows = []
    for row in range(1, min(info.rows, MAX_VAT_ROWS) + 1 if info else 1):
        rate = asking.cell((profile.vat_table, row, profile.vat_rate_field))
        name = asking.cell((profile.vat_table, row, profile.vat_name_field))
        if rate is not None and name is not None:
            rows.append(VatRow(row, rate.number, name.text))
    return rows
