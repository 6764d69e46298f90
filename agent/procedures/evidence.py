"""What the archive says about a receipt: the decision of the resolve procedure, as one pure function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from agent.procedures.asks import Seen
from drivers.api import CloseReply, DocumentKind, FiscalDocument
from protocol.ffd.money import format_kopecks
from protocol.ffd.planned import PlannedPayments, PlannedReceipt

T = TypeVar("T")

RECEIPTS = frozenset(
    {
        DocumentKind.RECEIPT,
        DocumentKind.STRICT_FORM,
        DocumentKind.CORRECTION,
        DocumentKind.CORRECTION_STRICT_FORM,
        DocumentKind.OTHER,
    }
)


@dataclass(frozen=True, slots=True)
class Proven:
    document: FiscalDocument


@dataclass(frozen=True, slots=True)
class ProvenNone:
    pass


@dataclass(frozen=True, slots=True)
class Undecidable:
    code: str
    candidates: tuple[FiscalDocument, ...] = ()
    differences: tuple[str, ...] = ()


Verdict = Proven | ProvenNone | Undecidable


def decide(
    seen: Iterable[Seen],
    plan: PlannedReceipt,
    *,
    exclusive: bool,
    closing: bool = False,
    reply: CloseReply | None = None,
) -> Verdict:
    """Judge the documents above the first attempt's snapshot, all of which were read. The device is fenced.

    With an imprint: exactly one document that carries it is the receipt (its contents must agree), none is proof of
    absence. Without: only an unchanged archive proves absence, and a document is the receipt when the register's own
    ``reply`` to the closing command names it, or when it is the only one on an exclusive desk, looks alike, and the
    closing command may have been sent (``closing``).
    """
    receipts = [s.document for s in seen if s.document.kind in RECEIPTS]
    if plan.imprint is not None:
        if any(document.imprint is None for document in receipts):
            return Undecidable("archive_unreadable", tuple(receipts))
        mine = [document for document in receipts if document.imprint == plan.imprint]
        if not mine:
            return ProvenNone()
        if len(mine) > 1:
            return Undecidable("two_documents", tuple(mine))
        wrong = differences(mine[0], plan)
        return Undecidable("content_differs", tuple(mine), wrong) if wrong else Proven(mine[0])
    if not receipts:
        return ProvenNone()
    named = [d for d in receipts if reply is not None and (d.fd, d.fpd) == (reply.fd, reply.fpd)]
    if named:
        wrong = differences(named[0], plan)
        return Undecidable("content_differs", tuple(named), wrong) if wrong else Proven(named[0])
    only = receipts[0] if len(receipts) == 1 and exclusive and closing else None
    if only is not None and not only.imprint and not differences(only, plan):
        return Proven(only)
    return Undecidable("looks_alike", tuple(receipts))


def differences(document: FiscalDocument, plan: PlannedReceipt) -> tuple[str, ...]:
    """Where a document is not the planned receipt: names of what differs, with both values."""
    found = []
    if document.sign != plan.sign:
        found.append(f"sign {document.sign}, planned {plan.sign}")
    if document.total != plan.total:
        found.append(f"total {document.total}, planned {plan.total}")
    lines = document.tags.get("1059")
    if isinstance(lines, list):
        rates = sorted(str(line.get("1199")) for line in lines if isinstance(line, Mapping))
        planned = sorted(str(line.vat.code) for line in plan.lines)
        if len(lines) != len(plan.lines):
            found.append(f"{len(lines)} lines, planned {len(plan.lines)}")
        elif rates != planned:
            found.append(f"VAT codes {','.join(rates)}, planned {','.join(planned)}")
    return (*found, *_payments(document.tags, plan.payments))


def _payments(tags: Mapping[str, Any], planned: PlannedPayments) -> tuple[str, ...]:
    """The five payments, when the archive has them at all: one that was not used may be missing beside the others."""
    wanted = {"1031": planned.cash, "1081": planned.card, "1215": planned.prepaid, "1216": planned.credit,
              "1217": planned.other}  # fmt: skip
    if not any(tag in tags for tag in wanted):
        return ()
    shown = {tag: str(tags.get(tag, "0.00")) for tag in wanted}
    return tuple(
        f"payment {tag} {shown[tag]}, planned {format_kopecks(kopecks)}"
        for tag, kopecks in wanted.items()
        if shown[tag] != format_kopecks(kopecks)
    )


SHOWN = 100  # documents in one list for people: a message of the link has an end


def few(found: Sequence[T]) -> list[T]:
    """All of them, or the first ones and the last ones."""
    return list(found) if len(found) <= SHOWN else [*found[: SHOWN // 2], *found[-SHOWN // 2 :]]


def summaries(documents: Sequence[FiscalDocument]) -> list[dict[str, Any]]:
    """Candidates as the evidence shows them to a person."""
    return [summary(document) for document in few(documents)]


def summary(document: FiscalDocument) -> dict[str, Any]:
    """A candidate as the evidence shows it to a person."""
    return {
        "kind": document.kind.value,
        "fd": document.fd,
        "fpd": document.fpd,
        "at": document.at.isoformat(),
        "total": document.total,
        "sign": document.sign,
        "imprint": document.imprint,
    }
