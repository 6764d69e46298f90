"""What a job asks for, as people read it: its lines, its sums, how it is paid. What cannot be read is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocol.crm.jobs import JobKind, JobState
from server.store.models import Job

RETURNED = {"sell": "sell_return", "buy": "buy_return"}


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    quantity: str
    price: str
    vat: str


@dataclass(frozen=True, slots=True)
class Plan:
    """``total`` in kopecks; 0 where the job moves no money."""

    type: str
    lines: tuple[Line, ...]
    payments: tuple[tuple[str, str], ...]
    total: int
    cashier: str
    buyer: str


def plan_of(row: Job) -> Plan:
    payload = row.payload
    return Plan(
        type=str(payload.get("type", "")),
        lines=tuple(
            Line(*(str(item.get(name, "")) for name in ("name", "quantity", "price", "vat")))
            for item in _objects(payload.get("items"))
        ),
        payments=tuple(
            (str(one.get("type", "")), str(one.get("amount", ""))) for one in _objects(payload.get("payments"))
        ),
        total=row.total,
        cashier=_named(payload.get("cashier"), "name"),
        buyer=_named(payload.get("buyer"), "contact"),
    )


def returnable(row: Job) -> bool:
    """Whether a return receipt can be prepared from what this job has proven."""
    made = row.kind in (JobKind.RECEIPT, JobKind.SALE) and row.state == JobState.DONE
    return made and row.proof is not None and row.payload.get("type") in RETURNED


def return_of(row: Job) -> dict[str, Any]:
    """The payload of the return, to be looked at before it is sent. Of a sale, with what its card payments are brought
    back by."""
    payload: dict[str, Any] = {
        name: value for name, value in row.payload.items() if name in ("taxation", "items", "payments", "buyer")
    }
    payload["type"] = RETURNED[row.payload["type"]]
    proven = [step for step in row.steps or () if step["step"] == "payment" and step["state"] == JobState.DONE]
    if row.kind == JobKind.SALE and proven:
        payload["cards"] = [{"original": _original(step["proof"] or {})} for step in proven]
    return payload


def _original(proof: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: proof.get(name) for name in ("rrn", "auth_code", "number", "terminal_id", "sbp_id")}
    return {"amount": proof.get("total"), **{name: value for name, value in told.items() if value is not None}}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _named(value: object, name: str) -> str:
    return str(value.get(name) or "") if isinstance(value, dict) else ""
