"""What is known of a register, as JSON for the CRM: state and health, totals, counters, a document.

Money is decimal roubles in text; times carry the desk's offset. A fact that this register does not tell is ``null``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.jobs.proof import with_offset
from drivers.api import CashCounters, FiscalDocument, Health, Identity, ShiftTotals, Status
from protocol.crm.outcomes import Reason
from protocol.ffd.money import format_kopecks

Facts = dict[str, Any]

SIGNS = {1: "sell", 2: "sell_return", 3: "buy", 4: "buy_return"}


def device_facts(identity: Identity, status: Status, health: Health | None, now: datetime, timezone: str) -> Facts:
    """The answer of ``device_status`` and the body of a health message. ``now`` is the PC's time, aware."""
    health = health or Health()
    open_since = health.shift_opened_at
    today = now.astimezone(ZoneInfo(timezone)).date()
    return {
        "answers": True,
        "reason": None,
        "model": identity.model,
        "firmware": identity.firmware,
        "ffd": identity.ffd,
        "register_serial": status.register_serial,
        "registration_number": identity.registration_number,
        "paper": status.paper.value,
        "cover_open": status.cover_open,
        "busy": status.busy,
        "blocked": status.blocked,
        "document_open": status.document_open or status.fn_document_open,
        "drawer": _roubles(status.drawer),
        "last_fd": status.last_fd,
        "shift": {
            "state": status.shift.value,
            "number": status.shift_number,
            "receipts": status.receipt_in_shift,
            "opened_at": _moment(open_since, timezone),
            "age_s": _age(open_since, status),
        },
        "fn": {
            "serial": status.fn_serial,
            "expires": health.fn_expires.isoformat() if health.fn_expires is not None else None,
            "days_left": (health.fn_expires - today).days if health.fn_expires is not None else None,
            "documents_left": health.fn_documents_left,
            "registrations_left": health.registrations_left,
            "warnings": list(status.fn_warnings),
        },
        "ofd": {
            "unsent": health.unsent,
            "first_fd": health.unsent_first_fd,
            "first_at": _moment(health.unsent_first_at, timezone),
        },
        "clock": {
            "register": status.at.isoformat(),
            "drift_s": None if status.clock_unset else drift_of(status, now, timezone),
            "unset": status.clock_unset,
        },
        "setup_problems": list(identity.setup_problems),
    }


def _age(since: datetime | None, status: Status) -> int | None:
    """Seconds by the register's own clock, which its 24 hours are counted by."""
    return None if since is None or status.clock_unset else int((status.at - since).total_seconds())


def silent_facts(known: Facts, why: Reason) -> Facts:
    """A register that does not answer: what was last known of it, and why nothing newer is."""
    return {**known, "answers": False, "reason": why.code}


def drift_of(status: Status, now: datetime, timezone: str) -> int:
    """Seconds by which the register's clock is ahead of the PC's; the register has the desk's local time."""
    local = now.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    return round((status.at - local).total_seconds())


def totals_json(totals: ShiftTotals) -> Facts:
    """Counters of a shift by kind of receipt, and the drawer."""
    by_sign = {
        name: {
            "receipts": totals.receipts.get(sign, 0),
            "total": format_kopecks(totals.total.get(sign, 0)),
            "cash": format_kopecks(totals.cash.get(sign, 0)),
            "cashless": format_kopecks(totals.cashless.get(sign, 0)),
        }
        for sign, name in SIGNS.items()
    }
    return {
        **by_sign,
        "cash_in": format_kopecks(totals.cash_in),
        "cash_out": format_kopecks(totals.cash_out),
        "drawer": format_kopecks(totals.drawer),
    }


def counters_json(counters: CashCounters) -> Facts:
    return {
        "document_number": counters.document_number,
        "drawer": format_kopecks(counters.drawer),
        "cash_in": format_kopecks(counters.cash_in),
        "cash_out": format_kopecks(counters.cash_out),
        "cash_in_count": counters.cash_in_count,
        "cash_out_count": counters.cash_out_count,
    }


def document_json(document: FiscalDocument) -> Facts:
    """The document behind a proof: its tags as the archive holds them."""
    return {"type": document.kind.value, "fd": document.fd, "tags": dict(document.tags)}


def whole_document_json(document: FiscalDocument) -> Facts:
    """The answer of ``document``: an entry of a dump; ``at`` is the register's local time."""
    return {
        "fd": document.fd,
        "type": document.kind.value,
        "fpd": document.fpd,
        "at": document.at.isoformat(),
        "tags": dict(document.tags),
    }


def _roubles(kopecks: int | None) -> str | None:
    return None if kopecks is None else format_kopecks(kopecks)


def _moment(at: datetime | None, timezone: str) -> str | None:
    return with_offset(at, timezone).isoformat() if at is not None else None
