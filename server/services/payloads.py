"""A job's payload judged by its kind, before it is stored: what it is called, what it is worth, what is wrong with it.

Receipts, those of a sale too, are judged by ``protocol.ffd``, knowing the register they go to; the other kinds by
``protocol.crm.payloads``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from protocol.crm.jobs import JobKind
from protocol.crm.payloads import MODELS, SUPPORTED, CashPayload, ShiftPayload, TextPayload
from protocol.crm.payments import MONEY_PAYLOADS, PaymentPayload, RefundPayload, VoidPayload
from protocol.crm.sales import SALE_TYPES, CardsDiffer, charges_of, receipt_payload
from protocol.ffd.receipt import Cashier, Receipt
from protocol.ffd.register_facts import RegisterFacts
from protocol.ffd.rules import ReceiptInvalid, accept_receipt, parse_receipt
from protocol.ffd.rules_text import inn_rules, text_rules
from protocol.ffd.text import foreign, printable
from protocol.ffd.violation import Violation, broken
from server.fields import FieldError, field_errors
from server.problems import Problem, refuse_payload

_RECEIPTS = (JobKind.RECEIPT, *SALE_TYPES)
TWINS: Mapping[JobKind, tuple[JobKind, ...]] = MappingProxyType(
    dict.fromkeys(_RECEIPTS, _RECEIPTS)
    | {kind: (kind,) for kind in (JobKind.CASH_IN, JobKind.CASH_OUT, *MONEY_PAYLOADS)}
)
"""Kinds of which two for one order are suspicious, and the kinds that the other one may have. Twins share ``Judged``'s
subtype and total."""


_MONEY = (CashPayload, PaymentPayload, RefundPayload, VoidPayload)


@dataclass(frozen=True, slots=True)
class Judged:
    """``total`` in kopecks, 0 where the kind moves no money."""

    subtype: str
    total: int
    warnings: tuple[Violation, ...] = ()


def judge(kind: JobKind, payload: dict[str, Any], *, register: RegisterFacts, on: date) -> Judged:
    """Raises ``Problem`` (``kind_not_supported``, ``bad_payload``), ``ReceiptInvalid``. A sale is worth its receipt."""
    if kind not in SUPPORTED:
        raise Problem(422, "kind_not_supported", supported=[kind.value for kind in SUPPORTED])
    if kind is JobKind.RECEIPT:
        receipt, warnings = accept_receipt(payload, on=on, register=register)
        return Judged(receipt.type.value, receipt.total, tuple(warnings))
    if kind in SALE_TYPES:
        receipt, warnings = accept_receipt(receipt_payload(payload), on=on, register=register)
        _goes_together(kind, payload, receipt)
        return Judged(receipt.type.value, receipt.total, tuple(warnings))
    try:
        read = MODELS[kind].model_validate(payload)
    except ValidationError as error:
        raise _misshapen(error) from None
    found = tuple(_rules(read))
    if any(violation.severity == "error" for violation in found):
        raise refuse_payload(found)
    return Judged("", read.amount if isinstance(read, _MONEY) else 0, found)


def summary(kind: JobKind, payload: dict[str, Any]) -> Judged:
    """Of a payload that was judged before and is not judged again."""
    try:
        if kind is JobKind.RECEIPT:
            receipt = parse_receipt(payload)
            return Judged(receipt.type.value, receipt.total)
        if kind in SALE_TYPES:
            receipt = parse_receipt(receipt_payload(payload))
            return Judged(receipt.type.value, receipt.total)
        read = MODELS[kind].model_validate(payload) if kind in MODELS else None
    except (ReceiptInvalid, ValidationError):
        return Judged("", 0)
    return Judged("", read.amount if isinstance(read, _MONEY) else 0)


def charged_by_card(kind: JobKind, payload: dict[str, Any]) -> bool:
    """Whether a payload that was judged needs the terminal beside the register."""
    return kind in SALE_TYPES and bool(charges_of(payload, parse_receipt(receipt_payload(payload))))


def _goes_together(kind: JobKind, payload: dict[str, Any], receipt: Receipt) -> None:
    """A sale's own rules: the receipt's type is that of the kind, and ``cards`` goes with its card payments."""
    wanted = SALE_TYPES[kind]
    if receipt.type is not wanted:
        raise _refused(
            "payload.type",
            wanted.value,
            "E_SALE_TYPE",
            f"Поле payload.type: чек задания {kind.value} имеет тип {wanted.value}.",
            f"Field payload.type: the receipt of a {kind.value} is of type {wanted.value}.",
        )
    try:
        charges_of(payload, receipt)
    except ValidationError as error:
        raise _misshapen(error) from None
    except CardsDiffer as differ:
        field = f"payload.{differ.field}"
        raise _refused(
            field,
            str(differ),
            "E_CARDS",
            f"Поле {field} не сходится с оплатами чека.",
            f"Field {field} does not go with the receipt's payments.",
        ) from None


def _misshapen(error: ValidationError) -> Problem:
    return Problem(422, "bad_payload", errors=field_errors(error.errors(), under="payload"))


def _refused(field: str, expected: str, code: str, ru: str, en: str) -> Problem:
    return Problem(422, "bad_payload", errors=[FieldError(field, code, expected, code, ru, en)])


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
