"""A fiscal drive (ФН): numbering, shifts, the archive and the fiscal sign. Knows no make of register and no clock.

Time is an argument of every call that makes a document; the drive keeps minutes. Refusals are ``DriveError`` with the
drive's own code. A document exists from the instant its method returns; before that nothing has happened.
Persistent state is ``DriveState``, a plain dataclass.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import IntEnum

from drivers.simulators import documents, forms, ofd, requisites, tlv
from drivers.simulators.counters import Settlement, Totals
from drivers.simulators.documents import Change, Receipt, ShiftEnd
from drivers.simulators.ofd import OfdState
from drivers.simulators.registration import AUTONOMOUS, FN_CAPACITY, Registration
from drivers.simulators.tlv import Fields

SHIFT_LIMIT = timedelta(hours=24)
KEPT = timedelta(days=30)
"""A confirmed document can be read whole for so long; its summary stays."""
DOCUMENT_LIMIT = 32768
ITEM_LIMIT = 1024
RESERVE = 2
"""Places in the archive kept for the end of a shift and of the archive."""
READY, WORKING, CLOSING, ARCHIVE = 1, 3, 7, 15
"""Phases of a drive's life."""


class DriveCode(IntEnum):
    """The drive's own answers; makes of registers show them shifted or renamed."""

    WRONG_STATE = 0x02
    LIFE_EXPIRED = 0x05
    ARCHIVE_FULL = 0x06
    BAD_TIME = 0x07
    NO_DATA = 0x08
    BAD_VALUE = 0x09
    TOO_LONG = 0x10
    MEMORY_FULL = 0x14
    OFD_SILENT = 0x15
    SHIFT_EXPIRED = 0x16
    REQUIRED_MISSING = 0x3C


class DriveError(Exception):
    def __init__(self, code: DriveCode, detail: str) -> None:
        super().__init__(f"{code.name} ({code:02X}h): {detail}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Archived:
    """A signed document: ``body`` is its whole TLV as hex, 1040, 1041 and 1077 included."""

    fd: int
    form: int
    at: datetime  # 1012, whole minutes
    made: datetime
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


@dataclass(slots=True)
class Current:
    """A document begun and not closed; ``tags`` is what the host has added so far, TLV as hex."""

    form: int
    tags: str = ""


@dataclass(slots=True)
class DriveState:
    registration: Registration
    phase: int = READY
    capacity: int = FN_CAPACITY  # documents in the five-year archive
    kilobytes: int = 8_192  # for documents that wait for the operator
    shift_open: bool = False
    shift_number: int = 0
    shift_opened_at: datetime | None = None
    receipts_in_shift: int = 0
    documents_in_shift: int = 0
    current: Current | None = None
    documents: list[Archived] = field(default_factory=list)
    registrations: list[int] = field(default_factory=list)  # FD numbers of forms 1 and 11
    shift_totals: Totals = field(default_factory=Totals)
    life_totals: Totals = field(default_factory=Totals)
    ofd: OfdState = field(default_factory=OfdState)
    unsent_bytes: int = 0
    unsent_from: int = 1  # the first document that ``unsent_bytes`` counts


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
    def autonomous(self) -> bool:
        return self.state.registration.works(AUTONOMOUS)

    def find(self, fd: int) -> Archived:
        if not 1 <= fd <= self.last_fd:
            raise DriveError(DriveCode.NO_DATA, f"no document {fd}")
        return self.state.documents[fd - 1]

    def whole(self, fd: int, now: datetime) -> Archived:
        """A document whose TLV can still be read."""
        document = self.find(fd)
        if now - document.at > KEPT and self.confirmed_at(fd, now) is not None:
            raise DriveError(DriveCode.NO_DATA, f"of document {fd} the summary is left")
        return document

    def confirmed_at(self, fd: int, now: datetime) -> datetime | None:
        """When the operator confirmed the document."""
        self._deliver(now)
        confirmed = self.state.ofd.confirmed
        return confirmed[fd - 1] if fd <= len(confirmed) else None

    def unsent(self, now: datetime) -> int:
        """How many documents the operator has not confirmed; none on an autonomous register."""
        return 0 if self.autonomous else self.last_fd - self._deliver(now)

    def first_unsent(self, now: datetime) -> Archived | None:
        count = self.unsent(now)
        return self.state.documents[-count] if count else None

    def _deliver(self, now: datetime) -> int:
        """Let the operator do what is due; returns how many documents are confirmed."""
        state = self.state
        if not self.autonomous:
            ofd.deliver(state.ofd, state.documents, now)
        done = len(state.ofd.confirmed)
        for document in state.documents[state.unsent_from - 1 : done]:
            state.unsent_bytes -= len(document.body) // 2
        state.unsent_from = max(state.unsent_from, done + 1)
        if state.phase == CLOSING and (self.autonomous or done == self.last_fd):
            state.phase = ARCHIVE
        return done

    def kilobytes_left(self, now: datetime) -> int:
        self._deliver(now)
        return max(0, self.state.kilobytes - -(-self.state.unsent_bytes // 1024))

    def shift_expired(self, now: datetime, early: timedelta = timedelta()) -> bool:
        opened = self.state.shift_opened_at
        return self.state.shift_open and opened is not None and now - opened >= SHIFT_LIMIT - early

    def days_left(self, now: datetime) -> int:
        return max(0, (self.state.registration.fn_expires - now).days)

    def warnings(self, now: datetime) -> int:
        """Bit 0: 3 days left; bit 1: 30 days left; bit 2: archive 90 % full; bit 3: the operator is silent."""
        days = self.days_left(now)
        first = self.first_unsent(now)
        full = 10 * self.last_fd >= 9 * self.state.capacity
        overdue = first is not None and now - first.at >= ofd.OVERDUE
        return (1 if days <= 3 else 0) | (2 if days <= 30 else 0) | (4 if full else 0) | (8 if overdue else 0)

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
        self._allowed(data, requisites.of_document(current.form, self.state.registration.ffd))
        joined = current.tags + data.hex()
        limit = forms.SIZE_LIMITS.get(current.form, DOCUMENT_LIMIT)
        if len(joined) // 2 > limit:
            raise DriveError(DriveCode.TOO_LONG, f"more than {limit} bytes")
        current.tags = joined

    def given(self, form: int) -> Fields:
        """What the host has attached to the document of this form, if that is begun."""
        current = self.state.current
        if current is not None and current.form != form:
            raise DriveError(DriveCode.WRONG_STATE, "another document is begun")
        return merged(tlv.decode(bytes.fromhex(current.tags))) if current else []

    def item_tags(self, data: bytes) -> Fields:
        """Check a host's TLV for a line of a receipt."""
        return self._allowed(data, requisites.of_item(self.state.registration.ffd))

    def _allowed(self, data: bytes, tags: frozenset[int]) -> Fields:
        try:
            fields = tlv.decode(data)
        except (tlv.TlvError, UnicodeDecodeError) as error:
            raise DriveError(DriveCode.BAD_VALUE, str(error)) from error
        alien = requisites.alien(fields, tags)
        if alien or not fields:
            raise DriveError(DriveCode.BAD_VALUE, f"tags {alien} do not belong here")
        return fields

    def cancel(self) -> None:
        """Forget the document in progress; it takes no number."""
        if self.state.current is None:
            raise DriveError(DriveCode.WRONG_STATE, "no document is begun")
        self.state.current = None

    # --- documents ---

    def register(self, at: datetime | None = None, registration: Registration | None = None) -> Archived:
        """The first report of a drive; its life begins. Host's tags are in ``registration`` already."""
        state = self.state
        if state.phase != READY:
            raise DriveError(DriveCode.WRONG_STATE, "registered already")
        if registration is not None:
            state.registration = registration
        now = state.registration.registered_at if at is None else at
        minute = now.replace(second=0, microsecond=0)
        state.registration = replace(state.registration, registered_at=minute)
        extra = self._taken(forms.REGISTRATION)
        days = self.days_left(minute)
        fields = documents.registration_report(state.registration, minute, days, extra)
        document = self._sign(forms.REGISTRATION, now, fields)
        state.phase = WORKING
        state.registrations.append(document.fd)
        return document

    def change(self, now: datetime, registration: Registration, reason: int, reasons: int) -> Archived:
        """Form 11: the registration is another one from here on."""
        self._ready(now)
        state = self.state
        if state.shift_open:
            raise DriveError(DriveCode.WRONG_STATE, "the shift is open")
        extra = self._taken(forms.CHANGE)
        why = Change(reason, reasons, state.life_totals)
        minute = now.replace(second=0, microsecond=0)
        fields = documents.registration_report(registration, minute, self.days_left(now), extra, why)
        state.registration = registration
        document = self._sign(forms.CHANGE, now, fields)
        state.registrations.append(document.fd)
        return document

    def reset(self) -> None:
        """A debug drive forgets everything but its number and sizes and can be registered again."""
        old = self.state
        fresh = DriveState(old.registration, capacity=old.capacity, kilobytes=old.kilobytes)
        fresh.ofd.lag, fresh.ofd.reached = old.ofd.lag, old.ofd.reached
        for each in fields(DriveState):
            setattr(old, each.name, getattr(fresh, each.name))

    def close_archive(self, now: datetime, cashier: str) -> Archived:
        """Form 6: no document after it. What waits for the operator goes on being sent."""
        at = self._ready(now, last=True)
        state = self.state
        if state.shift_open:
            raise DriveError(DriveCode.WRONG_STATE, "the shift is open")
        extra = self._taken(forms.CLOSE_ARCHIVE, cashier)
        fields = documents.close_archive(state.registration, at, state.shift_number, state.life_totals, extra)
        document = self._sign(forms.CLOSE_ARCHIVE, now, fields)
        state.phase = CLOSING
        self._deliver(now)
        return document

    def open_shift(self, now: datetime, cashier: str) -> Archived:
        at = self._ready(now)
        self._room(now)
        if self.state.shift_open:
            raise DriveError(DriveCode.WRONG_STATE, "the shift is open")
        extra = self._taken(forms.OPEN_SHIFT, cashier)
        state = self.state
        number = state.shift_number + 1
        fields = documents.open_shift(state.registration, at, number, self._flags(now), extra)
        document = self._sign(forms.OPEN_SHIFT, now, fields, shift=number)
        state.shift_open, state.shift_number, state.shift_opened_at = True, number, at
        state.receipts_in_shift, state.documents_in_shift = 0, 1
        state.shift_totals = Totals()
        return document

    def close_shift(self, now: datetime, cashier: str) -> Archived:
        at = self._ready(now, last=True)
        if not self.state.shift_open:
            raise DriveError(DriveCode.WRONG_STATE, "the shift is closed")
        extra = self._taken(forms.CLOSE_SHIFT, cashier)
        state = self.state
        totals = (state.shift_totals, state.life_totals)
        fields = documents.close_shift(state.registration, at, self._end(now), totals, self._flags(now), extra)
        document = self._sign(forms.CLOSE_SHIFT, now, fields)
        state.shift_open, state.shift_opened_at = False, None
        return document

    def state_report(self, now: datetime) -> Archived:
        at = self._ready(now)
        extra = self._taken(forms.STATE_REPORT)
        waiting = Totals()
        for document in self.state.documents[self.last_fd - self.unsent(now) :]:
            if document.form in forms.SALES:
                correction = document.form == forms.CORRECTION
                waiting.add(Settlement.of_document(document.fields(), correction=correction))
        totals = (self.state.life_totals, waiting)
        fields = documents.state_report(self.state.registration, at, self._end(now), totals, extra)
        return self._sign(forms.STATE_REPORT, now, fields)

    def receipt(self, now: datetime, made: Receipt, cashier: str) -> Archived:
        """``made.extra`` is filled from what the host added since ``begin``. Raises ``SHIFT_EXPIRED`` over 24 hours."""
        at = self._ready(now)
        self._room(now)
        state = self.state
        if not state.shift_open or state.current is None or state.current.form != made.form:
            raise DriveError(DriveCode.WRONG_STATE, "no receipt is begun in an open shift")
        if self.shift_expired(at):
            raise DriveError(DriveCode.SHIFT_EXPIRED, "the shift is open for more than 24 hours")
        _check(made)
        extra = merged([(1021, cashier), *tlv.decode(bytes.fromhex(state.current.tags))])
        if made.form == forms.CORRECTION and not {1173, 1174} <= {tag for tag, _ in extra}:
            raise DriveError(DriveCode.REQUIRED_MISSING, "a correction needs 1173 and 1174")
        complete = replace(made, extra=extra)
        fields = documents.receipt(state.registration, at, state.shift_number, state.receipts_in_shift + 1, complete)
        if any(tag == 1059 and len(_encoded([(tag, value)])) - 4 > ITEM_LIMIT for tag, value in fields):
            raise DriveError(DriveCode.TOO_LONG, f"a line over {ITEM_LIMIT} bytes")
        document = self._sign(made.form, now, fields, made=made)
        state.receipts_in_shift += 1
        pay = made.payments
        settled = Settlement(
            *(made.sign, made.form == forms.CORRECTION, made.total),
            *(pay.cash, pay.card, pay.prepaid, pay.credit, pay.other),
            made.vat_totals(),
        )
        state.shift_totals.add(settled)
        state.life_totals.add(settled)
        state.current = None
        return document

    # --- inside ---

    def _ready(self, now: datetime, *, last: bool = False) -> datetime:
        """The minute the document will carry. ``last``: it may take the room kept for the end."""
        state = self.state
        if state.phase != WORKING:
            raise DriveError(DriveCode.WRONG_STATE, "not in the fiscal phase")
        at = now.replace(second=0, microsecond=0)
        if self.last is not None and at < self.last.at:
            raise DriveError(DriveCode.BAD_TIME, f"{at} is before the last document ({self.last.at})")
        if at >= state.registration.fn_expires and not last:
            raise DriveError(DriveCode.LIFE_EXPIRED, "the fiscal drive has expired")
        if self.last_fd >= state.capacity - (0 if last else RESERVE):
            raise DriveError(DriveCode.ARCHIVE_FULL, f"{self.last_fd} documents of {state.capacity}")
        return at

    def _room(self, now: datetime) -> None:
        """For a document that settles or begins to: the operator answers, and there is memory to wait for it."""
        first = self.first_unsent(now)
        if first is not None and now - first.at >= ofd.BLOCKED:
            raise DriveError(DriveCode.OFD_SILENT, f"document {first.fd} waits for the operator since {first.at}")
        if not self.autonomous and not self.kilobytes_left(now):
            raise DriveError(DriveCode.MEMORY_FULL, f"{self.state.unsent_bytes} bytes wait for the operator")

    def _taken(self, form: int, cashier: str | None = None) -> Fields:
        """Host tags of the begun document of this form, or of none; nothing is begun after that."""
        given = self.given(form)
        self.state.current = None
        return given if cashier is None else merged([(1021, cashier), *given])

    def _flags(self, now: datetime) -> Fields:
        warnings = self.warnings(now)
        return [(tag, 1) for bit, tag in ((1, 1051), (2, 1050), (4, 1052), (8, 1053)) if warnings & bit]

    def _end(self, now: datetime) -> ShiftEnd:
        first = self.first_unsent(now)
        return ShiftEnd(
            shift=self.state.shift_number,
            receipts=self.state.receipts_in_shift,
            documents=self.state.documents_in_shift + 1,
            unsent=self.unsent(now),
            first_unsent_at=first.at if first else None,
            first_unsent=first.fd if first else 0,
            key_days=self.days_left(now),
        )

    def _sign(
        self, form: int, now: datetime, fields: Fields, *, made: Receipt | None = None, shift: int | None = None
    ) -> Archived:
        fd = self.last_fd + 1
        state = self.state
        body = _encoded([*fields, (1040, fd), (1041, state.registration.fn_number)])
        fpd = zlib.crc32(body)
        body += tlv.encode([(1077, b"\x21\x04" + fpd.to_bytes(4, "big"))])
        limit = forms.SIZE_LIMITS.get(form, DOCUMENT_LIMIT)
        if len(body) > limit:
            raise DriveError(DriveCode.TOO_LONG, f"a document over {limit} bytes")
        at = now.replace(second=0, microsecond=0)
        number = state.shift_number if shift is None else shift
        settled = (made.sign, made.total) if made is not None else (None, None)
        document = Archived(fd, form, at, now, fpd, number, body.hex(), *settled)
        state.documents.append(document)
        state.documents_in_shift += 1
        state.unsent_bytes += len(body)
        return document


def merged(fields: Fields) -> Fields:
    """Later values replace earlier ones of the same tag; repeatable tags stay."""
    last = {tag: index for index, (tag, _) in enumerate(fields)}
    return [(tag, value) for index, (tag, value) in enumerate(fields) if tag in tlv.REPEATED or last[tag] == index]


def _encoded(fields: Fields) -> bytes:
    try:
        return tlv.encode(fields)
    except tlv.TlvError as error:
        raise DriveError(DriveCode.BAD_VALUE, str(error)) from error


def _check(made: Receipt) -> None:
    if not made.lines:
        raise DriveError(DriveCode.REQUIRED_MISSING, "no line")
    pay = made.payments
    if pay.cash + pay.card + pay.prepaid + pay.credit + pay.other != made.total:
        raise DriveError(DriveCode.BAD_VALUE, "payments do not sum up to the total")
    for line in made.lines:
        if line.subject in (31, 33) and not any(tag == 1163 for tag, _ in line.extra):
            raise DriveError(DriveCode.REQUIRED_MISSING, "a marked item needs its code (1163)")
