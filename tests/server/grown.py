"""An account after years: rows of every table that grows, written past the services, in proportion to its jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select

from server.keys import token_hash
from server.services.access import FIRST_KEY
from server.services.roles import Role
from server.store.audit import GENESIS, AuditEntry, AuditHead, link
from server.store.feed import Delivery, FeedEvent, Webhook
from server.store.models import Agent, ApiKey, Base, Desk, Device, DeviceEvent, Job, JobTransition, Tenant, table_of
from server.store.people import SignIn, User
from server.store.proposals import Proposal
from server.store.support import SupportBundle, SupportRequest

BATCH = 2_000
KINDS = ("receipt",) * 15 + ("sale",) * 2 + ("x_report", "close_shift", "cash_in")
STATES = ("done",) * 97 + ("not_done", "cancelled", "rejected")
MINUTE = timedelta(minutes=1)
HEALTH = {
    "answers": True, "paper": "present", "drawer": "1200.00", "last_fd": 41,
    "shift": {"state": "open", "number": 7, "receipts": 20, "age_s": 3600},
    "fn": {"serial": "9999078900005488", "expires": "2028-01-01"}, "ofd": {"unsent": 0},
    "clock": {"drift_s": 1},
}  # fmt: skip
STEP = {"step": "payment", "n": 1, "state": "done", "amount": "100.00", "reason": None, "proof": None}
JOB_ROW = {
    "payload": {}, "payload_hash": "x", "subtype": "sell", "total": 10_000, "start_within_s": 60, "lease_no": 1,
    "rev": 3, "attempt": 1, "sent": True, "cancel_pending": False, "too_late": False, "owed": False,
}  # fmt: skip
PROOF = {"source": "device", "fn": "9999078900005488", "fd": 41, "fpd": "123", "total": "100.00"}


@dataclass(frozen=True, slots=True)
class Size:
    jobs: int
    desks: int
    waiting: int = 3
    """Jobs that wait for a person."""

    @property
    def agents(self) -> int:
        return (self.desks + 1) // 2


@dataclass(frozen=True, slots=True)
class Grown:
    """What has been made, by the names that addresses use."""

    tenant_id: str
    key: str
    session: str
    """The token of an owner's session."""
    ids: dict[str, str]


def grow(db: Connection, mark: str, size: Size, now: datetime) -> Grown:
    """``mark`` keeps the ids of several accounts apart."""
    tenant, key, session = f"tn_{mark}", f"kb_{mark}", f"ks_{mark}"
    born = now - size.jobs * MINUTE - timedelta(days=1)
    _put(db, Tenant, [{"id": tenant, "name": f"Сеть {mark}", "created_at": born}])
    scopes = " ".join(FIRST_KEY)
    _put(db, ApiKey, [{"hash": token_hash(key), "tenant_id": tenant, "scopes": scopes, "created_at": born,
                       "key_id": f"key_{mark}", "name": "CRM"}])  # fmt: skip
    _put(db, User, _people(mark, tenant, size, born))
    browser = {"address": "127.0.0.1", "browser": "тест", "created_at": now, "seen_at": now}
    owner = {"tenant_id": tenant, "user_id": f"us_{mark}_0"}
    _put(db, SignIn, [{"hash": token_hash(session), "session_id": f"ss_{mark}", **owner, **browser}])
    _put(db, Agent, _agents(mark, tenant, size, born, now))
    _put(db, Device, _devices(mark, tenant, size, now))
    _put(db, Desk, _desks(mark, tenant, size))
    hook = f"wh_{mark}"
    _put(db, Webhook, [{"id": hook, "tenant_id": tenant, "url": f"https://crm.example/{mark}", "secret": "AA==",
                        "created_at": born}])  # fmt: skip
    first, news = (1 + (db.scalar(select(func.max(entity.id))) or 0) for entity in (Job, FeedEvent))
    _put(db, Job, _jobs(mark, tenant, size, first, now))
    _put(db, JobTransition, _history(size, first, now))
    _put(db, FeedEvent, _news(mark, tenant, size, news, now))
    _put(db, Delivery, _deliveries(hook, size, news, now))
    _put(db, DeviceEvent, _device_events(mark, tenant, size, now))
    _put(db, SupportRequest, _requests(mark, tenant, size, now))
    _put(db, SupportBundle, _bundles(mark, tenant, size, now))
    _put(db, Proposal, _proposals(mark, tenant, size, now))
    _chain(db, mark, tenant, size, born)
    ids = {
        "job": f"{mark}-{size.jobs // 2}", "sale": f"{mark}-15", "kkm": "k1", "desk": "d1", "agent": f"ag_{mark}_0",
        "webhook": hook, "order": f"o{size.jobs // 2}", "doubt": f"{mark}-{_asking(size)[0]}", "user": f"us_{mark}_0",
        "day": (now - size.jobs // 2 * MINUTE).date().isoformat(),
        "then": (now - size.jobs // 2 * MINUTE).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip
    return Grown(tenant, key, session, ids)


def audit_only(db: Connection, mark: str, jobs: int, now: datetime) -> str:
    """An account that has nothing but a chain of twice as many lines; its id."""
    tenant = f"tn_{mark}"
    _put(db, Tenant, [{"id": tenant, "name": f"Сеть {mark}", "created_at": now}])
    _chain(db, mark, tenant, Size(jobs, 10), now)
    return tenant


def _chain(db: Connection, mark: str, tenant: str, size: Size, born: datetime) -> None:
    last: dict[str, Any] = {}

    def lines() -> Iterator[dict[str, Any]]:
        nonlocal last
        for line in _audit(mark, tenant, size, born):
            last = line
            yield line

    _put(db, AuditEntry, lines())
    _put(db, AuditHead, [{"tenant_id": tenant, "n": last["n"], "hash": last["hash"]}])


def _put(db: Connection, entity: type[Base], rows: Iterator[dict[str, Any]] | Sequence[dict[str, Any]]) -> None:
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == BATCH:
            db.execute(insert(table_of(entity)), waiting)
            waiting = []
    if waiting:
        db.execute(insert(table_of(entity)), waiting)


def _asking(size: Size) -> list[int]:
    """Which jobs wait for a person: spread over the years."""
    return [size.jobs * n // size.waiting + 7 for n in range(size.waiting)]


def _people(mark: str, tenant: str, size: Size, born: datetime) -> Iterator[dict[str, Any]]:
    for n in range(max(2, size.desks // 2)):
        role = Role.OWNER if n == 0 else Role.CASHIER
        yield {"id": f"us_{mark}_{n}", "tenant_id": tenant, "login": f"{mark}{n}", "name": f"Иванова {n}",
               "role": role.value, "password_hash": "x", "password_set_at": born, "created_at": born}  # fmt: skip


def _agents(mark: str, tenant: str, size: Size, born: datetime, now: datetime) -> Iterator[dict[str, Any]]:
    for n in range(size.agents):
        yield {"id": f"ag_{mark}_{n}", "tenant_id": tenant, "state": "active", "public_key": f"{mark}{n}",
               "install_id": f"{mark}{n}", "pc_name": f"PC-{n}", "version": "0.1.0", "created_at": born + n * MINUTE,
               "session_epoch": 1, "connected_at": now, "unreachable_since": now if n % 50 == 49 else None,
               "acked_n": 0, "acked_hash": "", "seen_n": 0, "seen_hash": ""}  # fmt: skip


def _devices(mark: str, tenant: str, size: Size, now: datetime) -> Iterator[dict[str, Any]]:
    for n in range(size.desks):
        yield {"tenant_id": tenant, "kkm_id": f"k{n}", "name": f"Касса {n}", "agent_id": f"ag_{mark}_{n // 2}",
               "binding_epoch": 1, "bound_epoch": 1, "releasing": False, "serial_space": "",
               "bound_serial": f"{mark}{n}", "device_class": "register", "health": HEALTH, "health_at": now,
               "health_taken_at": now}  # fmt: skip


def _desks(mark: str, tenant: str, size: Size) -> Iterator[dict[str, Any]]:
    for n in range(size.desks):
        yield {"tenant_id": tenant, "desk_id": f"d{n}", "kkm_id": f"k{n}", "timezone": "Europe/Moscow",
               "exclusive": True, "imprint": True, "open_shift": True, "close_expired_shift": True,
               "close_before_24h": True, "held_hours": 24, "settle": False}  # fmt: skip


def _jobs(mark: str, tenant: str, size: Size, first: int, now: datetime) -> Iterator[dict[str, Any]]:
    asking = set(_asking(size))
    for n in range(size.jobs):
        at, kind = now - (size.jobs - n) * MINUTE, KINDS[n % len(KINDS)]
        state = "human" if n in asking else STATES[n * 7 % len(STATES)]
        yield {
            **JOB_ROW, "id": first + n, "tenant_id": tenant, "job_id": f"{mark}-{n}", "kind": kind,
            "kkm_id": f"k{n % size.desks}", "order_ref": f"o{n}", "imprint": f"i{n}", "created_at": at, "start_by": at,
            "state": state, "agent_id": f"ag_{mark}_{n % size.desks // 2}", "ended_at": None if n in asking else at,
            "proof": PROOF if state == "done" else None, "steps": [STEP] * 2 if kind == "sale" else None,
        }  # fmt: skip


def _history(size: Size, first: int, now: datetime) -> Iterator[dict[str, Any]]:
    for n in range(size.jobs):
        at = now - (size.jobs - n) * MINUTE
        for rev, state in enumerate(("queued", "started", "done")):
            yield {"job": first + n, "state": state, "rev": rev + 1, "attempt": 1, "at": at, "stored_at": at}


def _news(mark: str, tenant: str, size: Size, first: int, now: datetime) -> Iterator[dict[str, Any]]:
    for n in range(2 * size.jobs):
        at = now - (size.jobs - n // 2) * MINUTE
        yield {"id": first + n, "event_id": f"ev_{mark}_{n}", "tenant_id": tenant, "kkm_id": f"k{n % size.desks}",
               "type": ("job.started", "job.done")[n % 2], "job_id": f"{mark}-{n // 2}", "at": at,
               "data": {}}  # fmt: skip


def _deliveries(hook: str, size: Size, first: int, now: datetime) -> Iterator[dict[str, Any]]:
    for n in range(2 * size.jobs):
        yield {"webhook_id": hook, "event": first + n, "state": "delivered", "attempts": 1, "ended_at": now,
               "last_status": 200}  # fmt: skip


def _device_events(mark: str, tenant: str, size: Size, now: datetime) -> Iterator[dict[str, Any]]:
    same = {"tenant_id": tenant, "agent_id": f"ag_{mark}_0", "kind": "shift_opened", "body": {}}
    for n in range(size.jobs // 2):
        at = now - (size.jobs - 2 * n) * MINUTE
        yield {**same, "event_id": f"{mark}{n}", "kkm_id": f"k{n % size.desks}", "at": at}


def _requests(mark: str, tenant: str, size: Size, now: datetime) -> Iterator[dict[str, Any]]:
    for n in range(max(3, size.jobs // 50)):
        at = now - (size.jobs - 50 * n) * MINUTE
        yield {"id": f"sr_{mark}_{n}", "tenant_id": tenant, "agent_id": f"ag_{mark}_{n % size.agents}",
               "kind": "doctor", "state": "done", "jobs": [], "key_id": "key", "asked_at": at, "expires_at": at,
               "ended_at": at}  # fmt: skip


def _bundles(mark: str, tenant: str, size: Size, now: datetime) -> Iterator[dict[str, Any]]:
    for n in range(max(3, size.jobs // 100)):
        at = now - (size.jobs - 100 * n) * MINUTE
        yield {"id": f"bu_{mark}_{n}", "tenant_id": tenant, "agent_id": f"ag_{mark}_{n % size.agents}",
               "reference": "KB-2222-3333", "sha256": f"{mark}{n}", "bytes": 1, "received_at": at,
               "consent_person": "П", "consent_at": at, "standing": False, "removed_at": at, "jobs": []}  # fmt: skip


def _proposals(mark: str, tenant: str, size: Size, now: datetime) -> Iterator[dict[str, Any]]:
    for n in range(max(3, size.jobs // 100)):
        at = now - (size.jobs - 100 * n) * MINUTE
        yield {"id": f"pr_{mark}_{n}", "tenant_id": tenant, "job_id": f"{mark}-{n}", "state": "confirmed",
               "body": {"decision": "done", "reason": "видел", "rev": 1, "fd": None}, "proposed_by": "user:u",
               "proposed_name": "П", "proposed_at": at}  # fmt: skip


def _audit(mark: str, tenant: str, size: Size, born: datetime) -> Iterator[dict[str, Any]]:
    """A whole chain: twice as many lines as there are jobs."""
    before = GENESIS
    for n in range(1, 2 * size.jobs + 1):
        kind = ("desk", "device", "session")[n % 3]
        row = {
            "tenant_id": tenant, "n": n, "at": born + n * MINUTE / 2, "actor_kind": ("user", "key")[n % 2],
            "actor_id": f"us_{mark}_{n % size.desks}", "actor_name": "Иванова", "address": "127.0.0.1",
            "action": f"{kind}.changed", "subject_kind": kind, "subject_id": f"d{n % size.desks}",
            "before": {"name": "а"}, "after": {"name": "б"},
        }  # fmt: skip
        before = link(before, row)
        yield {**row, "hash": before}


LISTS = (
    "/jobs", "/jobs?state=human", "/jobs?state=done", "/jobs?state=rejected", "/jobs?state=done&state=human",
    "/jobs?kind=sale&kind=receipt", "/jobs?kind=x_report&state=done", "/jobs?kind=receipt&state=rejected",
    "/jobs?kkm_id={kkm}", "/jobs?kkm_id={kkm}&state=done", "/jobs?kkm_id={kkm}&state=rejected",
    "/jobs?order_ref={order}", "/jobs?owed=true", "/jobs?owed=false", "/jobs?limit=200", "/jobs?until={then}",
    "/jobs?since={then}", "/jobs?since={then}&until={then}", "/jobs?state=rejected&until={then}",
    "/jobs?kkm_id={kkm}&until={then}",
    "/jobs/{job}", "/devices", "/devices/{kkm}", "/devices/{kkm}/events", "/desks", "/agents", "/support/requests",
    "/support/requests?agent_id={agent}", "/support/bundles", "/support/bundles?agent_id={agent}",
    "/proposals", "/proposals?state=open", "/proposals?job_id={job}",
    "/webhooks", "/webhooks/{webhook}", "/webhooks/{webhook}/deliveries", "/users", "/api-keys", "/sessions",
    "/audit", "/audit?subject_kind=desk", "/audit?subject_kind=desk&subject_id={desk}", "/audit?subject_id={desk}",
    "/audit?subject_kind=nothing", "/audit?actor_kind=user", "/audit?actor_kind=key&actor_id={user}",
    "/audit?actor_id={user}", "/audit?action=desk.changed", "/audit?action=desk.removed", "/audit?since={then}",
    "/audit?until={then}", "/audit?since={then}&until={then}", "/audit?subject_id={desk}&until={then}",
)  # fmt: skip
"""The API's lists with their filters; a page of each is had by its ``cursor``."""
PAGES = (
    "/console/overview", "/console/decisions", "/console/decisions/{doubt}", "/console/till",
    "/console/till?return={job}", "/console/jobs", "/console/jobs?state=open", "/console/jobs?state=human",
    "/console/jobs?state=done", "/console/jobs?state=rejected", "/console/jobs?kind=receipt",
    "/console/jobs?kind=receipt&state=rejected", "/console/jobs?kkm_id={kkm}", "/console/jobs?kkm_id={kkm}&state=done",
    "/console/jobs?order_ref={order}", "/console/jobs?day={day}", "/console/jobs?day={day}&state=done",
    "/console/jobs/{job}", "/console/sales", "/console/pcs", "/console/pcs/{agent}", "/console/directory",
    "/console/devices/{kkm}", "/console/devices/{kkm}?find=PC-4", "/console/desks", "/console/desks/{desk}",
    "/console/pairing", "/console/people",
    "/console/keys", "/console/webhooks", "/console/webhooks/{webhook}", "/console/audit",
    "/console/audit?subject_kind=desk&subject_id={desk}", "/console/account", "/console/first-steps",
)  # fmt: skip


def cursor_in(text: str, content_type: str) -> str | None:
    """The cursor of the page behind this one."""
    if content_type.startswith("application/json"):
        told = json.loads(text)
        return told.get("cursor") if isinstance(told, dict) else None
    found = text.partition(' rel="next"')[0] if ' rel="next"' in text else ""
    return found.rpartition("cursor=")[2].partition('"')[0].partition("&")[0] or None if "cursor=" in found else None
