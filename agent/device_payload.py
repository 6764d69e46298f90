"""A ``device`` command as it was given, and the payload of its job, judged before the device is asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from agent.jobs.acceptance import broken_field
from agent.problems import UserError
from protocol.crm.jobs import JobKind
from protocol.crm.payloads import MAX_PRINT_LINES
from protocol.ffd.violation import ReceiptInvalid

STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class DeviceCommand:
    action: str
    driver: str
    address: str
    as_json: bool = False
    file: Path | None = None
    job_id: str | None = None
    number: int | None = None
    cashier: str | None = None
    cashier_inn: str | None = None
    amount: str | None = None
    original: Mapping[str, str] = field(default_factory=dict)
    """Of the payment that is brought back at a card terminal: ``rrn``, ``auth_code``, ``number``, ``amount``."""
    sbp: bool = False
    full: bool = False


def payload_of(command: DeviceCommand) -> dict[str, Any]:
    """Raises ``UserError`` naming the field, or what is wrong with the file."""
    match command.action:
        case "receipt":
            return _receipt(command)
        case "print":
            return _judged(JobKind.PRINT_TEXT, _text(command))
        case "open-shift":
            return _judged(JobKind.OPEN_SHIFT, _cashier(command))
        case "close-shift":
            return _judged(JobKind.CLOSE_SHIFT, _cashier(command))
        case "cash-in":
            return _judged(JobKind.CASH_IN, {"amount": command.amount, **_cashier(command)})
        case "cash-out":
            return _judged(JobKind.CASH_OUT, {"amount": command.amount, **_cashier(command)})
        case "pay":
            return _judged(JobKind.PAYMENT, {"amount": command.amount, **_means(command)})
        case "refund":
            return _judged(JobKind.REFUND, {"amount": command.amount, **_means(command), **_original(command)})
        case "void":
            return _judged(JobKind.VOID, {"amount": command.amount, **_means(command), **_original(command)})
        case "copy":
            return _judged(JobKind.PRINT_COPY, {} if command.number is None else {"fd": command.number})
    return {}


def _means(command: DeviceCommand) -> dict[str, Any]:
    return {"means": "sbp"} if command.sbp else {}


def _original(command: DeviceCommand) -> dict[str, Any]:
    """Without a sum of its own the whole of it is brought back."""
    return {"original": {"amount": command.amount, **command.original}} if command.original else {}


def _cashier(command: DeviceCommand) -> dict[str, Any]:
    if command.cashier is None:
        if command.cashier_inn is not None:
            raise UserError(
                "bad_payload", "--cashier-inn нужен вместе с --cashier.", "--cashier-inn goes together with --cashier."
            )
        return {}
    inn = {} if command.cashier_inn is None else {"inn": command.cashier_inn}
    return {"cashier": {"name": command.cashier, **inn}}


def _judged(kind: JobKind, payload: dict[str, Any]) -> dict[str, Any]:
    wrong = broken_field(kind, payload)
    if wrong is not None:
        raise UserError("bad_payload", f"Не по правилам: {wrong}", f"Breaks a rule: {wrong}")
    return payload


def _receipt(command: DeviceCommand) -> dict[str, Any]:
    """The payload in the file: itself, or the ``payload`` of a whole job."""
    try:
        data = json.loads(_read(command))
    except (ValueError, RecursionError) as error:
        raise UserError(
            "bad_json", f"{command.file} — не JSON: {error}.", f"{command.file} is no JSON: {error}."
        ) from None
    data = _inner(data)
    from protocol.ffd.rules import accept_receipt

    try:
        accept_receipt(data, on=date.today())  # noqa: DTZ011 - the day of this till, as its clock has it
    except ReceiptInvalid as error:
        raise UserError(
            "bad_payload",
            "\n".join(f"{v.field or command.file}: {v.text_ru}" for v in error.violations),
            "\n".join(f"{v.field or command.file}: {v.text_en}" for v in error.violations),
        ) from None
    assert isinstance(data, dict)
    return data


def _text(command: DeviceCommand) -> dict[str, Any]:
    """A payload of ``print_text`` as JSON, or plain text: its lines are the slip's."""
    raw = _read(command)
    try:
        data = _inner(json.loads(raw))
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict):
        return data
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            "file_unreadable",
            f"{command.file}: не UTF-8 ({error.reason}).",
            f"{command.file}: no UTF-8 ({error.reason}).",
        ) from None
    lines = [line.expandtabs(4).rstrip() for line in text.splitlines()]
    if len(lines) > MAX_PRINT_LINES:
        raise UserError(
            "bad_payload",
            f"{command.file}: строк {len(lines)}, больше {MAX_PRINT_LINES} на одном листке не печатается.",
            f"{command.file}: {len(lines)} lines; a slip has at most {MAX_PRINT_LINES}.",
        )
    return {"lines": [{"text": line} for line in lines]}


def _inner(data: Any) -> Any:
    return data["payload"] if isinstance(data, dict) and isinstance(data.get("payload"), dict) else data


def _read(command: DeviceCommand) -> bytes:
    assert command.file is not None
    try:
        return sys.stdin.buffer.read() if command.file == STDIN else command.file.read_bytes()
    except OSError as error:
        raise UserError(
            "file_unreadable",
            f"Файл {command.file} не читается: {error.strerror}.",
            f"The file {command.file} cannot be read: {error.strerror}.",
        ) from None
