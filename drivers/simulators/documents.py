"""What stands in a fiscal document, form by form (format order ЕД-7-20/662@; FFD 1.2, earlier ones as far as equal).

Pure: values in, TLV fields out, without 1040, 1041 and 1077, which the fiscal drive adds when it signs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from drivers.simulators import vat
from drivers.simulators.counters import Totals
from drivers.simulators.registration import Registration
from drivers.simulators.tlv import Fields

REGISTRATION, OPEN_SHIFT, RECEIPT, CLOSE_SHIFT, STATE_REPORT, CORRECTION = 1, 2, 3, 5, 21, 31
FORM_NAMES = {
    REGISTRATION: "registration",
    OPEN_SHIFT: "open_shift",
    RECEIPT: "receipt",
    CLOSE_SHIFT: "close_shift",
    STATE_REPORT: "state_report",
    CORRECTION: "correction",
}

HOST_TAGS: Mapping[int, frozenset[int]] = {
    OPEN_SHIFT: frozenset({1021, 1203, 1276, 1277}),
    CLOSE_SHIFT: frozenset({1021, 1203, 1278, 1279}),
    STATE_REPORT: frozenset({1280, 1281}),
    RECEIPT: frozenset(
        {1008, 1009, 1021, 1036, 1060, 1084, 1117, 1125, 1187, 1192, 1203, 1227, 1228, 1256, 1261, 1270, 2107}
    ),
    CORRECTION: frozenset(
        {1008, 1009, 1021, 1036, 1060, 1084, 1117, 1125, 1173, 1174, 1187, 1192, 1203, 1227, 1228, 1256, 1261, 1270}
    ),
}
"""Form -> tags that a host may add; everything else in a document is the register's own."""

ITEM_TAGS = frozenset({1162, 1163, 1191, 1197, 1222, 1223, 1224, 1226, 1229, 1230, 1231, 1260, 1291, 2102, 2106, 2108})
"""Tags that a host may add to a line (1059)."""


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

    def vat_totals(self) -> dict[int, int]:
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


def registration_report(registration: Registration) -> Fields:
    days = (registration.fn_expires - registration.registered_at).days
    return [
        *heading(registration, registration.registered_at, []),
        (1013, registration.register_serial),
        (1021, registration.cashier),
        (1062, registration.tax_systems),
        (1001, 0),
        (1002, 0),
        (1056, 0),
        (1017, registration.ofd_inn),
        (1046, registration.ofd_name),
        (1060, "www.nalog.gov.ru"),
        (1117, registration.sender_email),
        (1188, registration.register_version),
        (1189, registration.ffd),
        (1190, registration.ffd),
        (1213, days),
        (1290, registration.usage_flags),
    ]


def open_shift(registration: Registration, at: datetime, shift: int, flags: Fields, extra: Fields) -> Fields:
    return [
        *heading(registration, at, []),
        (1038, shift),
        (1188, registration.register_version),
        (1189, registration.ffd),
        *flags,
        *extra,
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
    return [
        *heading(registration, at, []),
        (1038, end.shift),
        (1118, end.receipts),
        (1111, end.documents),
        *_unsent(end),
        (1213, end.key_days),
        (2104, 0),
        (1194, shift.fields()),
        (1157, life.fields()),
        *flags,
        *extra,
    ]


def state_report(registration: Registration, at: datetime, end: ShiftEnd, life: Totals, extra: Fields) -> Fields:
    first: Fields = [(1116, end.first_unsent)] if end.unsent else []
    return [
        *heading(registration, at, []),
        (1038, end.shift),
        *_unsent(end),
        *first,
        (1213, end.key_days),
        (2104, 0),
        (1157, life.fields()),
        *extra,
    ]


def _unsent(end: ShiftEnd) -> Fields:
    fields: Fields = [(1097, end.unsent)]
    if end.first_unsent_at is not None:
        fields.append((1098, end.first_unsent_at.replace(hour=0, minute=0)))
    return fields


def receipt(registration: Registration, at: datetime, shift: int, number: int, made: Receipt) -> Fields:
    """``number`` is 1042. Payments that are zero are left out; so are totals of rates that no line has."""
    pay = made.payments
    sums = ((1031, pay.cash), (1081, pay.card), (1215, pay.prepaid), (1216, pay.credit), (1217, pay.other))
    paid: Fields = [(tag, amount) for tag, amount in sums if amount]
    extra: Fields = [(tag, value) for tag, value in made.extra if tag not in (1009, 1187)]
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
        (1060, "www.nalog.gov.ru"),
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
        fields.append((1200, vat.vat_of(line.total, line.vat)))
    fields.append((1043, line.total))
    if ffd >= 4 and not any(tag == 2108 for tag, _ in line.extra):
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
