"""What stands in a fiscal document, form by form and version by version (format order ЕД-7-20/662@).

Pure: values in, TLV fields out, without 1040, 1041 and 1077, which the fiscal drive adds when it signs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from drivers.simulators import vat
from drivers.simulators.counters import Totals
from drivers.simulators.registration import (
    AUTOMATIC,
    AUTONOMOUS,
    ENCRYPTED,
    EXCISE,
    GAMBLING,
    INTERNET,
    LOTTERY,
    SERVICES,
    STRICT_FORMS,
    VENDING_PRINTER,
    Registration,
)
from drivers.simulators.requisites import FFD_11, FFD_12, FFD_105
from drivers.simulators.tlv import Fields


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    price: int
    quantity: Decimal
    total: int
    vat: int  # 1199
    method: int  # 1214
    subject: int  # 1212
    extra: Fields = field(default_factory=list)
    given_vat: int | None = None  # kopecks, when the host computes taxes


@dataclass(frozen=True, slots=True)
class Payments:
    """Kopecks; cash is net of change. The five sum up to the total."""

    cash: int = 0
    card: int = 0
    prepaid: int = 0
    credit: int = 0
    other: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    form: int  # RECEIPT or CORRECTION
    sign: int  # 1054
    taxation: int  # 1055
    lines: tuple[Line, ...]
    payments: Payments
    total: int
    extra: Fields = field(default_factory=list)
    given_vat: tuple[tuple[int, int], ...] | None = None  # code and amount, when the host computes taxes

    def vat_totals(self) -> dict[int, int]:
        if self.given_vat is not None:
            return dict(self.given_vat)
        return vat.totals_by_code((line.vat, line.total) for line in self.lines)


def heading(registration: Registration, at: datetime, extra: Fields) -> Fields:
    """Tags that every form has; a host's own address or place replaces the registered one."""
    given = dict(extra)
    fields: Fields = [
        (1209, registration.ffd),
        (1048, registration.user),
        (1018, registration.inn),
        (1037, registration.rnm),
        (1009, given.get(1009, registration.address)),
        (1187, given.get(1187, registration.place)),
        (1012, at),
    ]
    return fields


@dataclass(frozen=True, slots=True)
class Change:
    """Why a registration is changed."""

    reason: int  # 1101, the one code of 1.05
    reasons: int  # 1205, the mask of 1.1 and 1.2
    life: Totals


def registration_report(
    registration: Registration, at: datetime, key_days: int, extra: Fields, change: Change | None = None
) -> Fields:
    """Forms 1 and 11. Before 1.2 each condition of use is a tag of its own; in 1.2 they are bits of 1290."""
    works, sells, ffd = registration.works, registration.sells, registration.ffd
    fields: Fields = [
        *heading(registration, at, []),
        (1013, registration.register_serial),
        (1021, registration.cashier),
        (1062, registration.tax_systems),
        (1001, int(works(AUTOMATIC))),
        (1002, int(works(AUTONOMOUS))),
        (1056, int(works(ENCRYPTED))),
        (1060, "www.nalog.gov.ru"),
        (1188, registration.register_version),
        (1189, ffd),
        (1190, FFD_12),
        (1213, key_days),
    ]
    if not works(AUTONOMOUS):
        fields += [(1017, registration.ofd_inn), (1046, registration.ofd_name), (1117, registration.sender_email)]
    if ffd >= FFD_12:
        fields.append((1290, registration.usage_flags))
    else:
        fields += [(1221, int(sells(VENDING_PRINTER))), (1110, int(works(STRICT_FORMS)))]
        fields.append((1108, int(works(INTERNET))))
        when_set = ((1109, works(SERVICES)), (1207, sells(EXCISE)), (1193, sells(GAMBLING)), (1126, sells(LOTTERY)))
        fields += [(tag, 1) for tag, yes in when_set if yes]
    if change is not None:
        fields.append((1101, change.reason) if ffd == FFD_105 else (1205, change.reasons))
        if ffd >= FFD_11:
            fields.append((1157, change.life.fields()))
    kept = {1009, 1013, 1017, 1021, 1046, 1048, 1060, 1117, 1187}  # read into the registration already
    return [*fields, *[(tag, value) for tag, value in extra if tag not in kept]]


def open_shift(registration: Registration, at: datetime, shift: int, flags: Fields, extra: Fields) -> Fields:
    return [
        *heading(registration, at, extra),
        (1038, shift),
        (1188, registration.register_version),
        (1189, registration.ffd),
        *flags,
        *_without_place(extra),
    ]


@dataclass(frozen=True, slots=True)
class ShiftEnd:
    """Numbers of a report that looks back."""

    shift: int
    receipts: int
    documents: int
    unsent: int
    first_unsent_at: datetime | None
    first_unsent: int
    key_days: int


def close_shift(
    registration: Registration, at: datetime, end: ShiftEnd, totals: tuple[Totals, Totals], flags: Fields, extra: Fields
) -> Fields:
    """``totals`` of the shift and of the fiscal drive's life."""
    shift, life = totals
    fields: Fields = [
        *heading(registration, at, extra),
        (1038, end.shift),
        (1118, end.receipts),
        (1111, end.documents),
        *_unsent(registration, end),
        (1213, end.key_days),
    ]
    if registration.ffd >= FFD_12:
        fields.append((2104, 0))
    if registration.ffd >= FFD_11:
        fields += [(1194, shift.fields()), (1157, life.fields())]
    return [*fields, *flags, *_without_place(extra)]


def state_report(
    registration: Registration, at: datetime, end: ShiftEnd, totals: tuple[Totals, Totals], extra: Fields
) -> Fields:
    """``totals`` of the fiscal drive's life and of the documents that were not sent."""
    life, waiting = totals
    fields: Fields = [*heading(registration, at, extra), (1038, end.shift), *_unsent(registration, end)]
    if registration.works(AUTONOMOUS):
        fields.append((1002, 1))
    elif end.unsent:
        fields.append((1116, end.first_unsent))
    if registration.ffd >= FFD_12:
        fields += [(1213, end.key_days), (2104, 0)]
    if registration.ffd >= FFD_11:
        fields += [(1157, life.fields()), (1158, waiting.fields())]
    return [*fields, *_without_place(extra)]


def close_archive(registration: Registration, at: datetime, shift: int, life: Totals, extra: Fields) -> Fields:
    counted: Fields = [(1157, life.fields())] if registration.ffd >= FFD_11 else []
    return [*heading(registration, at, extra), (1038, shift), *counted, *_without_place(extra)]


def _without_place(extra: Fields) -> Fields:
    """What the heading has not taken."""
    return [(tag, value) for tag, value in extra if tag not in (1009, 1187)]


def _unsent(registration: Registration, end: ShiftEnd) -> Fields:
    if registration.works(AUTONOMOUS):
        return []
    fields: Fields = [(1097, end.unsent)]
    if end.first_unsent_at is not None:
        fields.append((1098, end.first_unsent_at.replace(hour=0, minute=0)))
    return fields


def receipt(registration: Registration, at: datetime, shift: int, number: int, made: Receipt) -> Fields:
    """``number`` is 1042. Payments that are zero are left out; so are totals of rates that no line has."""
    pay = made.payments
    sums = ((1031, pay.cash), (1081, pay.card), (1215, pay.prepaid), (1216, pay.credit), (1217, pay.other))
    paid: Fields = [(tag, amount) for tag, amount in sums if amount]
    extra = _without_place(made.extra)
    given = {tag for tag, _ in extra}
    if 1008 in given and 1117 not in given and not registration.works(AUTONOMOUS):
        extra = [*extra, (1117, registration.sender_email)]
    if registration.works(INTERNET):
        extra = [*extra, (1108, 1)]
    if 1060 not in given:
        extra = [*extra, (1060, "www.nalog.gov.ru")]
    return [
        *heading(registration, at, made.extra),
        (1038, shift),
        (1042, number),
        (1054, made.sign),
        (1055, made.taxation),
        *extra,
        *[(1059, item(registration.ffd, line)) for line in made.lines],
        (1020, made.total),
        *(paid or [(1031, 0)]),
        *vat_fields(made.vat_totals()),
    ]


def item(ffd: int, line: Line) -> Fields:
    fields: Fields = [
        (1214, line.method),
        (1212, line.subject),
        (1030, line.name),
        (1079, line.price),
        (1023, line.quantity),
        (1199, line.vat),
    ]
    if line.vat in vat.PERCENT:
        own = vat.vat_of(line.total, line.vat)
        fields.append((1200, own if line.given_vat is None else line.given_vat))
    fields.append((1043, line.total))
    if ffd >= FFD_12 and not any(tag == 2108 for tag, _ in line.extra):
        fields.append((2108, 0))
    return [*fields, *line.extra]


def vat_fields(totals: Mapping[int, int]) -> Fields:
    """Flat totals 1102..1107 and the container 1115{1119}. When everything is in the container 1104 = 0 stands
    beside it; a zero 1105 is an error of format control and is left out."""
    flat: Fields = [
        (tag, totals[code])
        for code, tag in vat.FLAT_TOTALS.items()
        if code in totals and (totals[code] or code != vat.NO_VAT)
    ]
    blocks: Fields = [
        (1119, [(1199, code), (1120, totals[code])]) for code in sorted(totals) if code not in vat.FLAT_TOTALS
    ]
    if not blocks:
        return flat
    return [*(flat or [(1104, 0)]), (1115, blocks)]
