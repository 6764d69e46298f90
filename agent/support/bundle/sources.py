"""The parts of a bundle: configuration, identity, journal, versions. Each takes what it names and nothing else.

What cannot be read is told by an error's type in its place; a damaged journal gives what is left of it.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from agent.config import Config, ConfigError
from agent.identity import load_identity
from agent.journal.inspect import verify
from agent.problems import UserError
from agent.support.bundle import forms
from agent.support.bundle.forms import Known
from agent.support.masking import WITHHELD
from agent.version import VERSION
from drivers.registry import DRIVERS
from protocol.crm.jobs import whole

PACKAGES = (
    "websockets",
    "pydantic",
    "structlog",
    "pyserial",
    "cryptography",
    "h11",
    "platformdirs",
    "pystray",
    "Pillow",
)
JOBS = 50


# --- configuration and identity --------------------------------------------------------------------------------------


def configuration(config: Config | UserError, known: Known) -> dict[str, Any]:
    """The file as it was read, or where it is wrong (lines and keys, not what stands there)."""
    if isinstance(config, UserError):
        problems = config.problems if isinstance(config, ConfigError) else ()
        return {"error": config.code, "problems": [{"line": p.line, "column": p.column} for p in problems]}
    return {
        "server_url": forms.url(config.server_url),
        "language": config.language,
        "log_level": config.log_level,
        "log_format": config.log_format,
        "devices": [
            {
                "kkm_id": known.name(device.kkm_id),
                "driver": device.driver if device.driver in DRIVERS else WITHHELD,
                "address": forms.address(device.address),
                "own_profile": device.profile is not None,
            }
            for device in config.devices
        ],
    }


def identity(data_dir: Path) -> dict[str, Any]:
    """Who the server knows this PC as; no key, no name, no address."""
    try:
        found = load_identity(data_dir)
    except UserError as error:
        return {"error": error.code}
    return {
        "agent_id": forms.own_id(found.agent_id),
        "install_id": forms.own_id(found.install_id),
        "tenant_id": forms.own_id(found.tenant_id),
        "server_url": forms.url(found.server_url),
        "server_keys": len(found.server_keys),
    }


# --- journal ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JournalPart:
    """``affected``: jobs and parts of sales whose exchange support will want to read. ``names``: jobs and devices that
    it knows."""

    document: dict[str, Any]
    schema: str | None
    affected: frozenset[str] = frozenset()
    names: frozenset[str] = field(default_factory=frozenset)


def journal(path: Path, jobs: frozenset[str], most: int = JOBS) -> JournalPart:
    """The last ``most`` jobs, and ``jobs`` with their parts besides: ids, states, proofs; never a payload. Affected are
    ``jobs``; without any, those that did not simply end as done."""
    if not path.exists():
        return JournalPart({"error": "no_journal"}, None, jobs)
    document: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    devices: list[dict[str, Any]] = []
    schema = None
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            schema = _part(document, "schema", lambda: _schema_of(db))
            devices = _part(document, "devices", lambda: _rows(db, "SELECT row FROM devices ORDER BY kkm_id")) or []
            rows = _part(document, "jobs", lambda: _jobs(db, jobs, most)) or []
            records = _part(document, "records", lambda: _records(db, [row["job_id"] for row in rows])) or {}
    except sqlite3.Error as error:
        return JournalPart({"error": type(error).__name__}, None, jobs)
    names = frozenset(
        {str(row.get("job_id")) for row in rows}
        | {str(row.get("kkm_id")) for row in (*rows, *devices)}
    )  # fmt: skip
    known = Known(names)
    document["devices"] = [_device(row, known) for row in devices]
    document["jobs"] = [_job(row, known) | {"records": records.get(row["job_id"], [])} for row in rows]
    document["chain"] = _part(document, "chain", lambda: _chain(path))
    wanted = jobs or {whole(str(row["job_id"])) for row in rows if row.get("state") != "done"}
    affected = frozenset(str(row["job_id"]) for row in rows if whole(str(row["job_id"])) in wanted)
    return JournalPart(document, schema, affected, names)


def _part(document: dict[str, Any], name: str, read: Any) -> Any:
    """What ``read`` gives; where it cannot, its error's type is noted under the part's name."""
    try:
        return read()
    except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
        document.setdefault("unreadable", {})[name] = type(error).__name__
        return None


def _schema_of(db: sqlite3.Connection) -> str:
    """Hash of the tables and indexes, by which support knows the journal's form."""
    text = "\n".join(row[0] for row in db.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL ORDER BY name"))
    return hashlib.sha256(text.encode()).hexdigest()


def _rows(db: sqlite3.Connection, query: str, values: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
    return [json.loads(row[0]) for row in db.execute(query, values)]


_WITH_PARTS = "SELECT row FROM jobs WHERE job_id = ? OR (job_id > ? AND job_id < ?) ORDER BY seq"
"""A job, and what is named by it and a slash; the digit 0 follows the slash."""


def _jobs(db: sqlite3.Connection, jobs: frozenset[str], most: int) -> list[dict[str, Any]]:
    last = _rows(db, "SELECT row FROM jobs ORDER BY seq DESC LIMIT ?", (most,))
    live = _rows(db, "SELECT row FROM jobs WHERE archived = 0 ORDER BY seq DESC LIMIT ?", (most,))
    asked = [row for job in sorted(jobs) for row in _rows(db, _WITH_PARTS, (job, f"{job}/", f"{job}0"))]
    found = {row["job_id"]: row for row in (*asked, *live, *last)}
    return sorted(found.values(), key=lambda row: row["seq"])


def _records(db: sqlite3.Connection, jobs: list[str]) -> dict[str, list[dict[str, Any]]]:
    return {
        job: [
            {"n": n, "at": forms.moment(at), "kind": forms.word(kind), "hash": forms.digest(digest)}
            for n, at, kind, digest in db.execute(
                "SELECT n, at, kind, hash FROM journal WHERE job_id = ? ORDER BY n", (job,)
            )
        ]
        for job in jobs
    }


def _chain(path: Path) -> dict[str, Any]:
    result = verify(path)
    return {name: result.get(name) for name in ("ok", "records", "head", "problem")}


def _job(row: Mapping[str, Any], known: Known) -> dict[str, Any]:
    outcome = row.get("outcome") or {}
    return {
        "job_id": known.name(row["job_id"]),
        "kkm_id": known.name(row["kkm_id"]),
        **{name: forms.word(row.get(name)) for name in ("kind", "state")},
        **{name: forms.number(row.get(name)) for name in ("rev", "attempt", "seq", "lease_no", "binding_epoch")},
        "closing": bool(row.get("closing")),
        "imprinted": bool(row.get("imprinted")),
        "start_by": forms.moment(row.get("start_by")),
        "held_since": forms.moment(row.get("held_since")),
        "payload_hash": forms.digest(row.get("payload_hash")),
        "first_snapshot": _snapshot(row.get("first_snapshot")),
        "snapshot": _snapshot(row.get("snapshot")),
        "reason": _reason(outcome.get("reason")),
        "case": forms.word((outcome.get("evidence") or {}).get("case")),
        "certainty": forms.word(outcome.get("certainty")),
        "paper": forms.word(outcome.get("paper")),
        "proof": _proof(outcome.get("proof")),
    }


def _snapshot(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not value:
        return None
    numbers = (
        "register_serial", "fn_serial", "last_fd", "shift_number", "receipt_in_shift", "document_number", "drawer",
        "cash_in", "cash_out", "cash_in_count", "cash_out_count",
    )  # fmt: skip
    return {name: forms.number(value.get(name)) for name in numbers} | {"at": forms.moment(value.get("at"))}


def _reason(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {"code": forms.word(value.get("code")), "vendor": forms.vendor_code(value.get("vendor"))} if value else None


def _proof(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not value:
        return None
    numbers = (
        "fn", "fd", "fpd", "shift", "receipt_in_shift", "register_serial", "registration_number", "document_number",
    )  # fmt: skip
    return {
        "source": forms.word(value.get("source")),
        **{name: forms.number(value.get(name)) for name in numbers},
        **{name: forms.roubles(value.get(name)) for name in ("total", "drawer", "change")},
        "printed_at": forms.moment(value.get("printed_at")),
        "verified": bool(value["verified"]) if value.get("verified") is not None else None,
        "differs": [
            {"tag": forms.number(one.get("tag")), "line": forms.number(one.get("line"))}
            for one in value.get("differs") or ()
        ],
    }


def _device(row: Mapping[str, Any], known: Known) -> dict[str, Any]:
    operation = row.get("operation") or {}
    return {
        "kkm_id": known.name(row.get("kkm_id")),
        **{
            name: forms.number(row.get(name))
            for name in ("register_serial", "binding_epoch", "fn_serial", "highest_fd")
        },
        **{name: bool(row.get(name)) for name in ("released", "releasing", "exclusive_lost")},
        "operation": forms.word(operation.get("operation")),
        "unprinted": known.name(row.get("unprinted")),
        "policy_closed_at": forms.moment(row.get("policy_closed_at")),
    }


# --- doctor ----------------------------------------------------------------------------------------------------------


def doctor(report: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """Check, verdict and code of the cause, by which ``docs/doctor.md`` tells the sentence; of its facts the numbers
    and moments. A sentence itself may hold an address or a name."""
    checks = report.get("checks")
    return {
        "verdict": forms.word(report.get("verdict")),
        "checks": [
            {name: forms.check_id(one.get(name)) for name in ("id", "verdict", "code", "needs")}
            | {"device": known.name(one.get("device")), "facts": _facts(one.get("facts"))}
            for one in (checks if isinstance(checks, list) else ())
            if isinstance(one, Mapping)
        ],
    }


def _facts(value: Any) -> dict[str, Any]:
    facts = value.items() if isinstance(value, Mapping) else ()
    return {str(forms.word(name)): forms.measure(each) for name, each in facts}


# --- versions --------------------------------------------------------------------------------------------------------


def versions(schema: str | None) -> dict[str, Any]:
    return {
        "kassabridge": VERSION,
        "python": platform.python_version(),
        "bits": 64 if sys.maxsize > 2**32 else 32,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "sqlite": sqlite3.sqlite_version,
        "packages": {name: _version(name) for name in PACKAGES},
        "journal_schema": schema,
        "frozen": bool(getattr(sys, "frozen", False)),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
