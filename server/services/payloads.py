"""A job's payload judged by its kind, before it is stored: what it is called, what it is worth, what is wrong with it.

Receipts are judged by ``protocol.ffd``, knowing the register they go to; the other kinds by ``protocol.crm.payloads``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from protocol.crm.jobs import JobKind
from protocol.crm.payloads import PAYLOADS, SUPPORTED, CashPayload, ShiftPayload, TextPayload
from protocol.ffd.receipt import Cashier
from protocol.ffd.register_facts import RegisterFacts
from protocol.ffd.rules import ReceiptInvalid, accept_receipt, parse_receipt
from protocol.ffd.rules_text import inn_rules, text_rules
from protocol.ffd.text import foreign, printable
from protocol.ffd.violation import Violation, broken
from server.fields import field_errors
from server.problems import Problem, refuse_payload

GUARDED: Mapping[JobKind, str] = MappingProxyType(
    {JobKind.RECEIPT: "type and total", JobKind.CASH_IN: "amount", JobKind.CASH_OUT: "amount"}
)
"""Kinds of which two for one order are suspicious, and what two of them must share to be taken for twins."""


@dataclass(frozen=True, slots=True)
class Judged:
    """``total`` in kopecks, 0 where the kind moves no money."""

    subtype: str
    total: int
    warnings: tuple[Violation, ...] = ()


def judge(kind: JobKind, payload: dict[str, Any], *, register: RegisterFacts, on: date) -> Judged:
    """Raises ``Problem`` (``kind_not_supported``, ``bad_payload``) or ``ReceiptInvalid``."""
    if kind not in SUPPORTED:
        raise Problem(422, "kind_not_supported", supported=[kind.value for kind in SUPPORTED])
    if kind is JobKind.RECEIPT:
        receipt, warnings = accept_receipt(payload, on=on, register=register)
        return Judged(receipt.type.value, receipt.total, tuple(warnings))
    try:
        read = PAYLOADS[kind].model_validate(payload)
    except ValidationError as error:
        raise Problem(422, "bad_payload", errors=field_errors(error.errors(), under="payload")) from None
    found = tuple(_rules(read))
    if any(violation.severity == "error" for violation in found):
        raise refuse_payload(found)
    return Judged("", read.amount if isinstance(read, CashPayload) else 0, found)


def summary(kind: JobKind, payload: dict[str, Any]) -> Judged:
    """Of a payload that was judged before and is not judged again."""
    try:
        if kind is JobKind.RECEIPT:
            receipt = parse_receipt(payload)
            return Judged(receipt.type.value, receipt.total)
        if kind in (JobKind.CASH_IN, JobKind.CASH_OUT):
            return Judged("", CashPayload.model_validate(payload).amount)
    except (ReceiptInvalid, ValidationError):
        pass
    return Judged("", 0)


def shown(warnings: Sequence[Violation]) -> list[dict[str, str]]:
    """Warnings as they are stored with the job, in both languages."""
    return [
        {"code": w.code, "field": f"payload.{w.field}", "rule": w.rule, "expected": w.expected}
        | {"text_ru": w.text_ru, "text_en": w.text_en}
        for w in warnings
    ]


def _rules(read: object) -> Iterator[Violation]:
    if isinstance(read, ShiftPayload | CashPayload) and read.cashier is not None:
        yield from _cashier(read.cashier)
    if isinstance(read, TextPayload):
        for at, line in enumerate(read.lines):
            if line.text is not None:
                yield from _printed(line.text, f"lines[{at}].text")


def _cashier(cashier: Cashier) -> Iterator[Violation]:
    yield from text_rules(cashier.name, "cashier.name", 1021)
    yield from inn_rules(
        cashier.inn,
        "cashier.inn",
        1203,
        whose=("кассира", "cashier's"),
        expected="12 digits of the cashier's ИНН, or no field at all",
    )


def _printed(text: str, field: str) -> Iterator[Violation]:
    """A line that is only printed: what the register's code page lacks would come out as something else."""
    strange = foreign(printable(text))
    if strange:
        named = " ".join(f"U+{ord(char):04X}" for char in strange[:10])
        yield broken(
            "CHARACTERS",
            field,
            "printed in CP866",
            "Russian and Latin letters, digits, common signs",
            f"В поле {field} есть символы, которых нет в кодировке кассы (CP866): {named}.",
            f"Field {field} has characters outside the register's code page (CP866): {named}.",
            got=named,
        )
