"""Answers of the tasks as typed values. Every reader takes what ``json_text.loads`` gave and returns its value or
raises ``AnswerError``; an answer is never half believed. Money is kopecks, moments are the device's own clock, naive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from protocol.ffd.forms import VERSIONS
from protocol.wire.atol import json_words as words
from protocol.wire.atol.json_reading import AnswerError, Fields

SHIFT_LIFE = timedelta(hours=24)


class Shift(StrEnum):
    CLOSED = "closed"
    OPENED = "opened"
    EXPIRED = "expired"


# --- documents --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FiscalParams:
    """What the library says of a document that it made, or of the last one."""

    fd: int
    fpd: str  # decimal text without leading zeros
    at: datetime
    fn_serial: str
    receipt_in_shift: int | None = None
    shift: int | None = None
    registration_number: str = ""
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """A document is in the drive. ``not_printed``: only its paper is missing."""

    params: FiscalParams
    not_printed: bool
    receipts: int | None = None  # closeShift: documents of the shift


def fiscal_params(answer: Any) -> FiscalParams:
    """``getLastFiscalParams``: the fields stand bare."""
    return _params(Fields(answer))


def registered(answer: Any) -> Registered:
    """A receipt, a correction, openShift, closeShift."""
    fields = Fields(answer)
    return Registered(
        params=_params(fields.inside("fiscalParams")),
        not_printed=fields.maybe_inside("warnings").flag("notPrinted", default=False),
        receipts=fields.maybe_whole("receiptsCount"),
    )


def _params(fields: Fields) -> FiscalParams:
    return FiscalParams(
        fd=fields.whole("fiscalDocumentNumber"),
        fpd=str(fields.whole("fiscalDocumentSign")),
        at=fields.moment("fiscalDocumentDateTime"),
        fn_serial=fields.text("fnNumber").strip(),
        receipt_in_shift=fields.maybe_whole("fiscalReceiptNumber"),
        shift=fields.maybe_whole("shiftNumber"),
        registration_number=fields.text("registrationNumber", default="").strip(),
        total=fields.maybe_kopecks("total"),
    )


@dataclass(frozen=True, slots=True)
class Document:
    """``getFnDocument``. ``tlv`` is ``None`` when the drive keeps only the summary."""

    tlv: bytes | None
    fpd: str | None = None  # the summary, where the answer has it
    at: datetime | None = None


def document(answer: Any) -> Document:
    fields = Fields(answer)
    named = fields.maybe_inside("documentTLV")
    is_short = named.flag("short", default=False)
    tlv = fields.bytes("rawData") if fields.has("rawData") and not is_short else None
    return Document(
        tlv=tlv or None,
        fpd=str(named.whole("fiscalDocumentSign")) if named.has("fiscalDocumentSign") else None,
        at=named.maybe_moment("fiscalDocumentDateTime"),
    )


# --- state ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    shift: Shift
    at: datetime | None
    blocked: bool
    fiscal: bool
    fn_present: bool
    paper_present: bool
    cover_opened: bool


def device_status(answer: Any) -> DeviceStatus:
    fields = Fields(answer).inside("deviceStatus")
    return DeviceStatus(
        shift=_shift(fields, "shift"),
        at=fields.maybe_moment("currentDateTime"),
        blocked=fields.flag("blocked", default=False),
        fiscal=fields.flag("fiscal"),
        fn_present=fields.flag("fnPresent"),
        paper_present=fields.flag("paperPresent"),
        cover_opened=fields.flag("coverOpened"),
    )


@dataclass(frozen=True, slots=True)
class ShiftStatus:
    state: Shift
    number: int  # of the open shift, or of the last closed one
    expires: datetime | None

    @property
    def opened_at(self) -> datetime | None:
        if self.state is Shift.CLOSED or self.expires is None:
            return None
        try:
            return self.expires - SHIFT_LIFE
        except OverflowError:
            return None


def shift_status(answer: Any) -> ShiftStatus:
    fields = Fields(answer).inside("shiftStatus")
    state = _shift(fields, "state")
    expires = None if state is Shift.CLOSED else fields.maybe_moment("expiredTime")
    return ShiftStatus(state, fields.whole("number"), expires)


def _shift(fields: Fields, name: str) -> Shift:
    word = fields.text(name)
    try:
        return Shift(word)
    except ValueError:
        raise AnswerError(f"closed, opened or expired expected, not {word[:40]!r}", name) from None


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    name: str
    serial: str
    firmware: str
    ffd: str  # "" for a version that is not known here
    columns: int | None  # characters of the receipt's line


def device_info(answer: Any) -> DeviceInfo:
    fields = Fields(answer).inside("deviceInfo")
    return DeviceInfo(
        name=fields.text("modelName").strip(),
        serial=fields.text("serial").strip(),
        firmware=fields.text("firmwareVersion", default="").strip(),
        ffd=_format(fields),
        columns=fields.maybe_whole("receiptLineLength") or None,
    )


def _format(fields: Fields) -> str:
    version = fields.text("ffdVersion", default="").strip()
    return version if version in VERSIONS else ""


class Phase(StrEnum):
    """Of the fiscal drive's life."""

    INIT = "init"
    CONFIGURED = "configured"
    FISCAL = "fiscalMode"
    POST_FISCAL = "postFiscalMode"
    ARCHIVE = "accessArchive"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FnInfo:
    serial: str
    phase: Phase
    validity: date | None
    registrations_left: int | None


def fn_info(answer: Any) -> FnInfo:
    fields = Fields(answer).inside("fnInfo")
    phase = fields.text("livePhase", default="")
    validity = fields.maybe_moment("validityDate")
    return FnInfo(
        serial=fields.text("serial").strip(),
        phase=Phase(phase) if phase in list(Phase) else Phase.UNKNOWN,
        validity=None if validity is None else validity.date(),
        registrations_left=fields.maybe_whole("registrationsRemaining"),
    )


@dataclass(frozen=True, slots=True)
class FnStatus:
    fd: int  # the last document's number
    receipt_in_shift: int
    warnings: frozenset[str]  # needReplacement, resourceExhausted, memoryOverflow, ofdTimeout, criticalError


def fn_status(answer: Any) -> FnStatus:
    fields = Fields(answer).inside("fnStatus")
    warnings = fields.maybe_inside("warnings")
    names = ("needReplacement", "resourceExhausted", "memoryOverflow", "ofdTimeout", "criticalError")
    return FnStatus(
        fd=fields.whole("fiscalDocumentNumber"),
        receipt_in_shift=fields.whole("fiscalReceiptNumber"),
        warnings=frozenset(name for name in names if warnings.flag(name, default=False)),
    )


@dataclass(frozen=True, slots=True)
class OfdExchange:
    unsent: int
    first_fd: int | None  # of the first document that waits
    first_at: datetime | None


def ofd_exchange(answer: Any) -> OfdExchange:
    fields = Fields(answer).inside("status")
    unsent = fields.whole("notSentCount")
    if not unsent:
        return OfdExchange(0, None, None)
    return OfdExchange(
        unsent, fields.maybe_whole("notSentFirstDocNumber"), fields.maybe_moment("notSentFirstDocDateTime")
    )


@dataclass(frozen=True, slots=True)
class Registration:
    inn: str
    registration_number: str
    taxation: int | None  # mask of tag 1062; None: not told
    ffd: str  # "" when not told or not known here


def registration(answer: Any) -> Registration:
    fields = Fields(answer)
    organization, device = fields.inside("organization"), fields.inside("device")
    bits = {word: bit for bit, word in words.TAXATIONS.items()}
    mask = 0
    for word in organization.items("taxationTypes"):
        if not isinstance(word, str) or word not in bits:
            raise AnswerError(f"no taxation system: {str(word)[:40]!r}", "organization.taxationTypes")
        mask |= bits[word]
    return Registration(
        inn=organization.text("vatin").strip(),
        registration_number=device.text("registrationNumber").strip(),
        taxation=mask or None,
        ffd=_format(device),
    )


# --- money ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counted:
    count: int
    sum: int


@dataclass(frozen=True, slots=True)
class Receipts:
    """Of one sign of settlement in the shift."""

    count: int
    sum: int
    cash: int
    electronically: int


@dataclass(frozen=True, slots=True)
class Totals:
    """``getShiftTotals``; ``receipts`` by tag 1054."""

    shift: int
    drawer: int
    income: Counted
    outcome: Counted
    receipts: Mapping[int, Receipts]


def shift_totals(answer: Any) -> Totals:
    fields = Fields(answer).inside("shiftTotals")
    receipts = fields.inside("receipts")
    return Totals(
        shift=fields.whole("shiftNumber"),
        drawer=fields.inside("cashDrawer").kopecks("sum"),
        income=_counted(fields.inside("income")),
        outcome=_counted(fields.inside("outcome")),
        receipts={sign: _receipts(receipts.inside(word)) for sign, word in words.SIGNS.items()},
    )


def _counted(fields: Fields) -> Counted:
    return Counted(fields.whole("count"), fields.kopecks("sum"))


def _receipts(fields: Fields) -> Receipts:
    payments = fields.maybe_inside("payments")
    return Receipts(
        count=fields.whole("count"),
        sum=fields.kopecks("sum"),
        cash=payments.maybe_kopecks("cash") or 0,
        electronically=payments.maybe_kopecks("electronically") or 0,
    )


def drawer(answer: Any) -> int:
    """``getCashDrawerStatus``, cashIn and cashOut: kopecks in the drawer."""
    return Fields(answer).inside("counters").kopecks("cashSum")
