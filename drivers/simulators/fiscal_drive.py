"""A fiscal drive (ФН): numbering, shifts, the archive and the fiscal sign. Knows no make of register and no clock.

Time is an argument of every call that makes a document; the drive keeps minutes. Refusals are ``DriveError`` with the
drive's own code. A document exists from the instant its method returns; before that nothing has happened.
Persistent state is ``DriveState``, a plain dataclass.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from drivers.simulators import documents as forms
from drivers.simulators import tlv
from drivers.simulators.counters import Totals
from drivers.simulators.documents import Receipt, ShiftEnd
from drivers.simulators.registration import Registration
from drivers.simulators.tlv import Fields

SHIFT_LIMIT = timedelta(hours=24)
OFD_LAG = timedelta(seconds=30)
"""The simulated OFD confirms a document this long after it was made: there is a queue, and it always drains."""
DOCUMENT_LIMIT = 32768
ITEM_LIMIT = 1024


class DriveCode(IntEnum):
    """The drive's own answers; makes of registers show them shifted or renamed."""

    WRONG_STATE = 0x02
    LIFE_EXPIRED = 0x05
    BAD_TIME = 0x07
    NO_DATA = 0x08
    BAD_VALUE = 0x09
    TOO_LONG = 0x10
    SHIFT_EXPIRED = 0x16
    REQUIRED_MISSING = 0x3C


class DriveError(Exception):
    def __init__(self, code: DriveCode, detail: str) -> None:
        super().__init__(f"{code.name} ({code:02X}h): {detail}")
        self.code = code


CURRENT_CODES = {
    forms.REGISTRATION: 0x01,
    forms.OPEN_SHIFT: 0x02,
    forms.RECEIPT: 0x04,
    forms.CLOSE_SHIFT: 0x08,
    forms.CORRECTION: 0x14,
    forms.STATE_REPORT: 0x17,
}


@dataclass(frozen=True, slots=True)
class Archived:
    """A signed document: ``body`` is its whole TLV as hex, 1040, 1041 and 1077 included."""

    fd: int
    form: int
    at: datetime
    fpd: int
    shift: int
    body: str
    sign: int | None = None
    total: int | None = None

    @property
    def tlv(self) -> bytes:
        return bytes.fromhex(self.body)

    def fields(self) -> Fields:
        return tlv.decode(self.tlv)

    def confirmed(self, now: datetime) -> bool:
        return now - self.at >= OFD_LAG


@dataclass(slots=True)
class Current:
    """A document begun and not closed; ``tags`` is what the host has added so far, TLV as hex."""

    form: int
    tags: str = ""


@dataclass(slots=True)
class DriveState:
    registration: Registration
    phase: int = 1  # 1 ready, 3 working
    shift_open: bool = False
    shift_number: int = 0
    shift_opened_at: datetime | None = None
    receipts_in_shift: int = 0
    documents_in_shift: int = 0
    current: Current | None = None
    documents: list[Archived] = field(default_factory=list)
    shift_totals: Totals = field(default_factory=Totals)
    life_totals: Totals = field(default_factory=Totals)


class FiscalDrive:
    def __init__(self, state: DriveState) -> None:
        self.state = state

    # --- looking ---

    @property
    def last_fd(self) -> int:
        return len(self.state.documents)

    @property
    def last(self) -> Archived | None:
        return self.state.documents[-1] if self.state.documents else None

    @property
    def current_code(self) -> int:
        """The byte that the drive's status carries: 0 none, 4 receipt, …"""
        current = self.state.current
        return CURRENT_CODES[current.form] if current else 0

    def find(self, fd: int) -> Archived:
        if not 1 <= fd <= self.last_fd:
            raise DriveError(DriveCode.NO_DATA, f"no document {fd}")
        return self.state.documents[fd - 1]

    def unsent(self, now: datetime) -> list[Archived]:
        """Documents without the operator's confirmation, oldest first."""
        waiting: list[Archived] = []
        for document in reversed(self.state.documents):
            if document.confirmed(now):
                break
            waiting.append(document)
        return waiting[::-1]

    def shift_expired(self, now: datetime, early: timedelta = timedelta()) -> bool:
        opened = self.state.shift_opened_at
        return self.state.shift_open and opened is not None and now - opened >= SHIFT_LIMIT - early

    def days_left(self, now: datetime) -> int:
        return max(0, (self.state.registration.fn_expires - now).days)

    def warnings(self, now: datetime) -> int:
        """Bit 0: 3 days left; bit 1: 30 days left."""
        days = self.days_left(now)
        return (1 if days <= 3 else 0) | (2 if days <= 30 else 0)

    # --- a document in progress ---

    def begin(self, form: int) -> None:
        if self.state.current is not None:
            raise DriveError(DriveCode.WRONG_STATE, "another document is begun")
        self.state.current = Current(form)

    def add(self, data: bytes) -> None:
        """Attach a host's TLV to the document in progress. A tag given twice counts the last time."""
        current = self.state.current
        if current is None:
            raise DriveError(DriveCode.WRONG_STATE, "no document is begun")
        self._allowed(data, forms.HOST_TAGS[current.form])
        joined = current.tags + data.hex()
        if len(joined) // 2 > DOCUMENT_LIMIT:
            raise DriveError(DriveCode.TOO_LONG, f"more than {DOCUMENT_LIMIT} bytes")
        current.tags = joined

    def item_tags(self, data: bytes) -> Fields:
        """Check a host's TLV for a line of a receipt."""
        return self._allowed(data, forms.ITEM_TAGS)

    def _allowed(self, data: bytes, tags: frozenset[int]) -> Fields:
        try:
            fields = tlv.decode(data)
        except (tlv.TlvError, UnicodeDecodeError) as error:
            raise DriveError(DriveCode.BAD_VALUE, str(error)) from error
        alien = [tag for tag, _ in fields if tag not in tags]
        if alien or not fields:
            raise DriveError(DriveCode.BAD_VALUE, f"tags {alien} do not belong here")
        return fields

    def cancel(self) -> None:
        """Forget the document in progress; it takes no number."""
        if self.state.current is None:
            raise DriveError(DriveCode.WRONG_STATE, "no document is begun")
        self.state.current = None

    # --- documents ---

    def register(self) -> Archived:
        if self.state.phase != 1:
            raise DriveError(DriveCode.WRONG_STATE, "registered already")
        registration = self.state.registration
        document = self._sign(forms.REGISTRATION, registration.registered_at, forms.registration_report(registration))
        self.state.phase = 3
        return document

    def open_shift(self, now: datetime, cashier: str) -> Archived:
        at = self._ready(now)
        if self.state.shift_open:
            raise DriveError(DriveCode.WRONG_STATE, "the shift is open")
        extra = self._take(forms.OPEN_SHIFT, cashier)
        state = self.state
        number = state.shift_number + 1
        fields = forms.open_shift(state.registration, at, number, self._flags(at), extra)
        state.shift_open, state.shift_number, state.shift_opened_at = True, number, at
        state.receipts_in_shift = state.documents_in_shift = 0
        state.shift_totals = Totals()
        return self._sign(forms.OPEN_SHIFT, at, fields)

    def close_shift(self, now: datetime, cashier: str) -> Archived:
        at = self._ready(now)
        if not self.state.shift_open:
            raise DriveError(DriveCode.WRONG_STATE, "the shift is closed")
        extra = self._take(forms.CLOSE_SHIFT, cashier)
        state = self.state
        totals = (state.shift_totals, state.life_totals)
        fields = forms.close_shift(state.registration, at, self._end(at), totals, self._flags(at), extra)
        document = self._sign(forms.CLOSE_SHIFT, at, fields)
        state.shift_open, state.shift_opened_at = False, None
        return document

    def state_report(self, now: datetime) -> Archived:
        at = self._ready(now)
        extra = self._take(forms.STATE_REPORT, None)
        end = self._end(at)
        fields = forms.state_report(self.state.registration, at, end, self.state.life_totals, extra)
        return self._sign(forms.STATE_REPORT, at, fields)

    def receipt(self, now: datetime, made: Receipt, cashier: str) -> Archived:
        """``made.extra`` is filled from what the host added since ``begin``. Raises ``SHIFT_EXPIRED`` over 24 hours."""
        at = self._ready(now)
        state = self.state
        if not state.shift_open or state.current is None or state.current.form != made.form:
            raise DriveError(DriveCode.WRONG_STATE, "no receipt is begun in an open shift")
        if self.shift_expired(at):
            raise DriveError(DriveCode.SHIFT_EXPIRED, "the shift is open for more than 24 hours")
        self._check(made)
        extra = merged([(1021, cashier), *tlv.decode(bytes.fromhex(state.current.tags))])
        if made.form == forms.CORRECTION and not {1173, 1174} <= {tag for tag, _ in extra}:
            raise DriveError(DriveCode.REQUIRED_MISSING, "a correction needs 1173 and 1174")
        complete = Receipt(made.form, made.sign, made.taxation, made.lines, made.payments, made.total, extra)
        fields = forms.receipt(state.registration, at, state.shift_number, state.receipts_in_shift + 1, complete)
        for tag, value in fields:
            if tag == 1059 and len(tlv.encode([(tag, value)])) - 4 > ITEM_LIMIT:
                raise DriveError(DriveCode.TOO_LONG, f"a line over {ITEM_LIMIT} bytes")
        if len(tlv.encode(fields)) > DOCUMENT_LIMIT:
            raise DriveError(DriveCode.TOO_LONG, f"a document over {DOCUMENT_LIMIT} bytes")
        state.receipts_in_shift += 1
        document = self._sign(made.form, at, fields, made.sign, made.total)
        for totals in (state.shift_totals, state.life_totals):
            _count(totals, complete)
        state.current = None
        return document

    # --- inside ---

    def _ready(self, now: datetime) -> datetime:
        """The minute the document will carry."""
        if self.state.phase != 3:
            raise DriveError(DriveCode.WRONG_STATE, "not in the fiscal phase")
        at = now.replace(second=0, microsecond=0)
        if self.last is not None and at < self.last.at:
            raise DriveError(DriveCode.BAD_TIME, f"{at} is before the last document ({self.last.at})")
        if at >= self.state.registration.fn_expires:
            raise DriveError(DriveCode.LIFE_EXPIRED, "the fiscal drive has expired")
        return at

    def _take(self, form: int, cashier: str | None) -> Fields:
        """Host tags of the begun document of this form, or of none."""
        current = self.state.current
        if current is not None and current.form != form:
            raise DriveError(DriveCode.WRONG_STATE, "another document is begun")
        given = tlv.decode(bytes.fromhex(current.tags)) if current else []
        self.state.current = None
        return merged([(1021, cashier), *given] if cashier is not None else given)

    def _check(self, made: Receipt) -> None:
        if not made.lines:
            raise DriveError(DriveCode.REQUIRED_MISSING, "no line")
        pay = made.payments
        if pay.cash + pay.card + pay.prepaid + pay.credit + pay.other != made.total:
            raise DriveError(DriveCode.BAD_VALUE, "payments do not sum up to the total")
        for line in made.lines:
            if line.subject in (31, 33) and not any(tag == 1163 for tag, _ in line.extra):
                raise DriveError(DriveCode.REQUIRED_MISSING, "a marked item needs its code (1163)")

    def _flags(self, at: datetime) -> Fields:
        warnings = self.warnings(at)
        return [(tag, 1) for bit, tag in ((1, 1051), (2, 1050)) if warnings & bit]

    def _end(self, at: datetime) -> ShiftEnd:
        waiting = self.unsent(at)
        first = waiting[0] if waiting else None
        return ShiftEnd(
            shift=self.state.shift_number,
            receipts=self.state.receipts_in_shift,
            documents=self.state.documents_in_shift + 1,
            unsent=len(waiting),
            first_unsent_at=first.at if first else None,
            first_unsent=first.fd if first else 0,
            key_days=self.days_left(at),
        )

    def _sign(
        self, form: int, at: datetime, fields: Fields, sign: int | None = None, total: int | None = None
    ) -> Archived:
        fd = self.last_fd + 1
        fn = self.state.registration.fn_number
        body = tlv.encode([*fields, (1040, fd), (1041, fn)])
        fpd = zlib.crc32(body)
        body += tlv.encode([(1077, b"\x21\x04" + fpd.to_bytes(4, "big"))])
        document = Archived(fd, form, at, fpd, self.state.shift_number, body.hex(), sign, total)
        self.state.documents.append(document)
        self.state.documents_in_shift += 1
        return document


def merged(fields: Fields) -> Fields:
    """Later values replace earlier ones of the same tag; repeatable tags stay."""
    last = {tag: index for index, (tag, _) in enumerate(fields)}
    return [(tag, value) for index, (tag, value) in enumerate(fields) if tag in tlv.REPEATED or last[tag] == index]


def _count(totals: Totals, made: Receipt) -> None:
    each = totals.of(made.sign, correction=made.form == forms.CORRECTION)
    each.count += 1
    each.total += made.total
    each.cash += made.payments.cash
    each.card += made.payments.card
    each.prepaid += made.payments.prepaid
    each.credit += made.payments.credit
    each.other += made.payments.other
    for code, amount in made.vat_totals().items():
        each.vat[code] = each.vat.get(code, 0) + amount
