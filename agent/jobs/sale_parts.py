"""How the parts of a sale are made: each a job to its device's lane, named by the sale's id and its step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agent.jobs.transitions import SEARCH_ABOVE
from agent.journal.rows import JobRow, PartOffer
from agent.journal.store import Transaction
from agent.procedures.sale import Begin, Step
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind, sha256_hex
from protocol.crm.messages import Offer
from protocol.crm.sales import Charge, receipt_payload
from protocol.ffd.money import format_kopecks

_KINDS = {
    Step.PAYMENT: JobKind.PAYMENT,
    Step.REFUND: JobKind.REFUND,
    Step.VOID: JobKind.VOID,
    Step.RECEIPT: JobKind.RECEIPT,
    Step.SLIP: JobKind.PRINT_TEXT,
}


def add(
    tx: Transaction,
    row: JobRow,
    sold: Offer | PartOffer,
    next_: Begin,
    kkm_id: str,
    payload: dict[str, Any],
    *,
    moves: Step,
    look: bool = False,
) -> None:
    """A part of the sale ``row``, which was offered as ``sold``. ``moves``: the step that moves the sale's money;
    ``look``: the part is only looked for in the archive."""
    device, step = tx.device(kkm_id), next_.step
    assert row.sale is not None
    n = 1 + sum(1 for part in tx.parts(row.job_id) if part.part is not None and part.part["step"] == step)
    offer = PartOffer(
        tenant_id=sold.tenant_id,
        job_id=f"{row.job_id}/{step}{n}",
        kind=_KINDS[step],
        agent_id=sold.agent_id,
        kkm_id=kkm_id,
        register_serial=device.register_serial,
        binding_epoch=max(1, device.binding_epoch),
        lease_no=1,
        issued_at=tx.now,
        start_by=datetime.fromisoformat(row.start_by),
        order_ref=sold.order_ref,
        payload=payload,
        payload_hash=sha256_hex(payload),
        kid="",
    )
    part = JobRow(
        job_id=offer.job_id, kkm_id=kkm_id, kind=offer.kind.value, state=Known.ACCEPTED, rev=0, attempt=0,
        closing=False, seq=tx.next_seq(), lease_no=1, start_by=row.start_by, binding_epoch=device.binding_epoch,
        payload_hash=offer.payload_hash, imprint=row.imprint,
        part={"step": step.value, "n": n, "charge": next_.charge, "at": tx.now.isoformat(),
              "moves": step is moves, "look": look},
        outcome={SEARCH_ABOVE: row.sale.get("above")} if row.sale["copied"] and step is Step.RECEIPT else {},
    )  # fmt: skip
    tx.write_job(part, "part", offer=offer)


def payload_of(
    sold: dict[str, Any], charges: Sequence[Charge], parts: Sequence[JobRow], next_: Begin, *, moves: Step
) -> dict[str, Any]:
    """What the next part does, from the sale's own payload and the proofs of the parts before it."""
    if next_.charge is None:
        return receipt_payload(sold, [_proof(parts, at) for at in range(len(charges))])
    charge = charges[next_.charge]
    told: dict[str, Any] = {"amount": format_kopecks(charge.amount), "means": charge.part.means}
    if next_.step is moves:
        original = charge.part.original
        return told if original is None else told | {"original": original.model_dump(mode="json")}
    return told | {"original": _original(parts, next_.charge, told["amount"])}


def _original(parts: Sequence[JobRow], charge: int, amount: str) -> dict[str, Any]:
    """The payment of this charge, as its proof tells it."""
    proof = _proof(parts, charge)
    told = {name: proof.get(name) or "" for name in ("rrn", "auth_code", "number", "terminal_id", "sbp_id")}
    at = proof.get("printed_at")
    return {"amount": amount, **told, "at": at[:19] if at is not None else None}


def _proof(parts: Sequence[JobRow], charge: int) -> dict[str, Any]:
    """Of the payment (refund) of this charge; empty while there is none."""
    paid = [part for part in parts if part.part and part.part["moves"] and part.part["charge"] == charge]
    return (paid[-1].outcome.get("proof") or {}) if paid else {}
