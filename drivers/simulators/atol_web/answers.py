"""Shapes of what the library answers about the register: numbers of documents, statuses, totals, documents as tags.

Moments are the register's wall clock with a label of the PC's zone, ``ZONE`` here wherever the PC stands; sums are
decimal roubles. What the reference leaves open was seen on a library of 2020: a document's tags are keyed by their
numbers, ``getLastFiscalParams`` names neither the receipt's number nor its sum.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any, cast

from drivers.simulators import forms
from drivers.simulators.atol.core import CLOSED, OPEN, Core
from drivers.simulators.atol.models import BUILD, MAJOR, MINOR
from drivers.simulators.atol.registers import REGISTRATIONS
from drivers.simulators.atol.state import SIGNS
from drivers.simulators.atol_web import codes, words
from drivers.simulators.atol_web.numbers import roubles
from drivers.simulators.fiscal_drive import ARCHIVE, CLOSING, SHIFT_LIMIT, WORKING, Archived
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
)
from drivers.simulators.tlv import REPEATED, TAGS, Fields, Kind, Value

ZONE = "+03:00"
NEVER = "1970-01-01T00:00:00" + ZONE
SHIFTS = {CLOSED: "closed", OPEN: "opened"}
PHASES = {WORKING: "fiscalMode", CLOSING: "postFiscalMode", ARCHIVE: "accessArchive"}
DOCUMENTS = {
    forms.REGISTRATION: "registration",
    forms.CHANGE: "registrationChange",
    forms.OPEN_SHIFT: "openShift",
    forms.RECEIPT: "receipt",
    forms.CLOSE_SHIFT: "closeShift",
    forms.CLOSE_ARCHIVE: "closeArchive",
    forms.STATE_REPORT: "ofdExchangeStatus",
    forms.CORRECTION: "receiptCorrection",
}
TRUTHS = frozenset({1001, 1002, 1056, 1108, 1109, 1110, 1126, 1193, 1207, 1221})
"""Tags whose number is shown as true or false."""
PAID = (
    "cash",
    "electronically",
    "prepaid",
    "credit",
    "other",
    *(f"userPaymentType-{number}" for number in range(5, 10)),
)
Answer = dict[str, Any]


def moment(at: datetime | None) -> str:
    return NEVER if at is None else at.replace(microsecond=0).isoformat() + ZONE


# --- documents ---


def fiscal_params(core: Core, document: Archived) -> Answer:
    """What identifies a document; receipts have more, see ``of_receipt``."""
    registration = core.drive.state.registration
    return {
        "fiscalDocumentDateTime": moment(document.at),
        "fiscalDocumentNumber": document.fd,
        "fiscalDocumentSign": str(document.fpd),
        "fnNumber": registration.fn_number,
        "fnsUrl": "www.nalog.gov.ru",
        "registrationNumber": registration.rnm,
        "shiftNumber": document.shift,
    }


def of_receipt(core: Core, document: Archived) -> Answer:
    tags = cast("dict[int, Any]", dict(document.fields()))
    return {
        **fiscal_params(core, document),
        "fiscalReceiptNumber": tags[1042],
        "total": roubles(document.total or 0),
    }


def last(core: Core, fd: int) -> Answer:
    """With ten figures of the sign; in the answer to a receipt it stands without zeros in front."""
    found = core.drive.find(fd)
    return {**fiscal_params(core, found), "fiscalDocumentSign": f"{found.fpd:010d}"}


def document(core: Core, fd: int, *, raw: bool) -> Answer:
    found = core.drive.whole(fd, core.now())
    told: Answer = {
        "documentTLV": {**_tags(found.fields()), "fiscalDocumentType": DOCUMENTS[found.form], "short": False}
    }
    if raw:
        told["rawData"] = base64.b64encode(found.tlv).decode("ascii")
    return told


def _tags(fields: Fields) -> Answer:
    told: Answer = {}
    for tag, value in fields:
        if tag in REPEATED:
            told.setdefault(str(tag), []).append(_value(tag, value))
        else:
            told[str(tag)] = _value(tag, value)
    return told


def _value(tag: int, value: Value) -> Any:
    if tag in TRUTHS:
        return bool(value)
    if isinstance(value, list):
        return _tags(value)
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, int) and tag in TAGS and TAGS[tag].kind is Kind.MONEY:
        return roubles(value)
    return value


# --- the register ---


def device_status(core: Core) -> Answer:
    return {
        "deviceStatus": {
            "blocked": core.unfinished,
            "cashDrawerOpened": core.drawer_open,
            "coverOpened": core.printer.cover_open,
            "currentDateTime": moment(core.now()),
            "fiscal": True,
            "fnFiscal": core.drive.state.phase == WORKING,
            "fnPresent": True,
            "paperPresent": core.printer.has_paper,
            "shift": SHIFTS.get(core.shift(), "expired"),
        }
    }


def shift_status(core: Core) -> Answer:
    drive = core.drive.state
    opened = drive.shift_opened_at
    told = {
        "expiredTime": moment(None if opened is None else opened + SHIFT_LIMIT),
        "number": drive.shift_number,
        "state": SHIFTS.get(core.shift(), "expired"),
    }
    return {"shiftStatus": told}


def device_info(core: Core) -> Answer:
    version = f"{MAJOR}.{MINOR}.{BUILD}"
    return {
        "deviceInfo": {
            "configurationVersion": version,
            "ffdVersion": words.FORMATS[core.drive.state.registration.ffd],
            "firmwareVersion": version,
            "fnFfdVersion": words.FORMATS[4],
            "model": core.model.number,
            "modelName": core.model.name,
            "receiptLineLength": core.model.columns,
            "receiptLineLengthPix": core.model.dots,
            "serial": core.drive.state.registration.register_serial,
        }
    }


def fn_info(core: Core) -> Answer:
    state = core.drive.state
    made = len(state.registrations)
    return {
        "fnInfo": {
            "execution": "simulator",
            "ffdVersion": words.FORMATS[state.registration.ffd],
            "fnFfdVersion": words.FORMATS[4],
            "livePhase": PHASES.get(state.phase, "configured"),
            "numberOfRegistrations": made,
            "registrationsRemaining": max(0, REGISTRATIONS - made),
            "serial": state.registration.fn_number,
            "validityDate": moment(state.registration.fn_expires.replace(hour=0, minute=0)),
            "version": "fn simulator",
            "warnings": _warnings(core),
        }
    }


def fn_status(core: Core) -> Answer:
    state = core.drive
    return {
        "fnStatus": {
            "fiscalDocumentNumber": state.last_fd,
            "fiscalReceiptNumber": state.state.receipts_in_shift,
            "warnings": _warnings(core),
        }
    }


def _warnings(core: Core) -> Answer:
    bits = core.drive.warnings(core.now())
    return {
        "criticalError": False,
        "memoryOverflow": bool(bits & 4),
        "needReplacement": bool(bits & 1),
        "ofdTimeout": bool(bits & 8),
        "resourceExhausted": bool(bits & 2),
    }


def exchange(core: Core) -> Answer:
    first = core.drive.first_unsent(core.now())
    fine = {"code": 0, "description": codes.text(0)}
    return {
        "errors": {"documentNumber": 0, "fn": fine, "fnCommandCode": 0, "network": fine, "ofd": fine},
        "status": {
            "notSentCount": core.drive.unsent(core.now()),
            "notSentFirstDocDateTime": moment(first.at if first else None),
            "notSentFirstDocNumber": first.fd if first else 0,
        },
    }


def registration(core: Core) -> Answer:
    made = core.drive.state.registration
    works, sells = made.works, made.sells
    return {
        "device": {
            "autoMode": works(AUTOMATIC),
            "bso": works(STRICT_FORMS),
            "encryption": works(ENCRYPTED),
            "excise": sells(EXCISE),
            "ffdVersion": words.FORMATS[made.ffd],
            "fnsUrl": "www.nalog.gov.ru",
            "gambling": sells(GAMBLING),
            "internet": works(INTERNET),
            "lottery": sells(LOTTERY),
            "machineInstallation": sells(VENDING_PRINTER),
            "machineNumber": "",
            "offlineMode": works(AUTONOMOUS),
            "paymentsAddress": made.place,
            "registrationNumber": made.rnm,
            "service": works(SERVICES),
        },
        "ofd": {"dns": "127.0.0.1", "host": "ofd.example", "name": made.ofd_name, "port": 7777, "vatin": made.ofd_inn},
        "organization": {
            "address": made.address,
            "agents": [],
            "email": made.sender_email,
            "name": made.user,
            "taxationTypes": [word for word, bit in words.SYSTEMS.items() if made.tax_systems & bit],
            "vatin": made.inn,
        },
    }


# --- counters ---


def shift_totals(core: Core) -> Answer:
    counters = core.state.counters
    receipts = _receipts(counters.payments)
    for word, kind in KINDS.items():
        receipts[word] = {"count": counters.receipts.get(kind, 0), **receipts[word]}
    return {
        "shiftTotals": {
            "cashDrawer": {"sum": roubles(counters.drawer)},
            "income": {"count": counters.cash_in_count, "sum": roubles(counters.cash_in)},
            "outcome": {"count": counters.cash_out_count, "sum": roubles(counters.cash_out)},
            "receipts": receipts,
            "shiftNumber": core.drive.state.shift_number,
        }
    }


def overall_totals(core: Core) -> Answer:
    return {"overallTotals": {"receipts": _receipts(core.state.counters.life)}}


KINDS = {word: kind for word, kind in words.RECEIPTS.items() if kind in SIGNS}


def _receipts(sums: dict[str, int]) -> Answer:
    """By kind of receipt: what was paid by each means, and all of it."""
    told: Answer = {}
    for word, kind in KINDS.items():
        paid = [sums.get(f"{kind}.{number}", 0) for number in range(1, len(PAID) + 1)]
        told[word] = {"payments": dict(zip(PAID, map(roubles, paid), strict=True)), "sum": roubles(sum(paid))}
    return told


def cash(core: Core) -> Answer:
    return {"counters": {"cashSum": roubles(core.state.counters.drawer)}}
