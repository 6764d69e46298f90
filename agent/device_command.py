"""``kassabridge device``: one device, no server. The same lock and journal as the agent, the same verdicts.

What a device answers goes to stdout; a refusal or doubt is a sentence with its code, advice and the vendor's code.
Whatever acts is a job of its kind, as a CRM would post it: of doubtful outcome it is not repeated, the register is
asked what became of it, and the same ``--job-id`` asks again.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

from agent.config import Config
from agent.console import answer, show, tell
from agent.device_payload import DeviceCommand, payload_of
from agent.devices.facts import totals_json
from agent.devices.lock import DeviceLocked
from agent.journal.store import JournalFailed
from agent.local import Workbench, workbench
from agent.problems import UserError
from drivers.address import SetupError
from drivers.api import Paper, ShiftState
from drivers.errors import DeviceError, InDoubt, NotSent
from drivers.registry import known_drivers, known_terminals
from drivers.transports.base import Clock
from protocol.crm.codes import reason
from protocol.crm.jobs import JOB_ID, JobKind
from protocol.ffd.money import format_kopecks

if TYPE_CHECKING:
    from protocol.crm.outcomes import Reason


def run_device_command(command: DeviceCommand, config: Config | None, clock: Clock | None = None) -> int:
    """Carry out and print. Exit code as in ``agent.cli``; raises ``UserError`` for wrong use."""
    if command.driver in known_terminals():
        from agent.terminal_command import run_terminal_command

        return run_terminal_command(command, config, clock)
    if command.action not in (*READ_ONLY, *_ACTIONS, *JOBS):
        raise wrong_action(command, (*READ_ONLY, *_ACTIONS, *JOBS))
    work = _job(command) if command.action in JOBS else partial(_act, command)

    def carry_out() -> int:
        with workbench(config, command.driver, command.address, clock=clock) as bench:
            return work(bench)

    return explained(command, carry_out)


def explained(command: DeviceCommand, carry_out: Callable[[], int]) -> int:
    """The exit code. Why the device could not be worked on is told for people: a verdict of its driver is printed,
    everything else raised as ``UserError``."""
    try:
        return carry_out()
    except SetupError as error:
        raise UserError(error.code, error.ru, error.en) from None
    except DeviceLocked:
        raise _locked(command.address) from None
    except JournalFailed as error:
        raise UserError(
            "journal_failed",
            f"Журнал не открывается: {error}. Проверьте диск и права на папку данных.",
            f"The journal cannot be opened: {error}. Check the disk and the rights to the data folder.",
            exit_code=1,
        ) from None
    except DeviceError as error:
        return _failed(command, error)


def wrong_action(command: DeviceCommand, known: Sequence[str]) -> UserError:
    """An action of another kind of device."""
    names = ", ".join(dict.fromkeys(known))
    return UserError(
        "unknown_action",
        f"Действия «{command.action}» у драйвера «{command.driver}» нет; есть: {names}.",
        f"The driver “{command.driver}” has no action “{command.action}”; it has: {names}.",
    )


def _act(command: DeviceCommand, bench: Workbench) -> int:
    """A query, or what belongs to no job."""
    identity = bench.register.connect()
    if command.action == "identity":
        return show_answer(command, fields_of(identity))
    if command.action not in READ_ONLY:
        bench.require_no_intent(identity)
    return show_answer(command, _ACTIONS[command.action](bench, command))


def _locked(address: str) -> UserError:
    return UserError(
        "device_locked",
        f"С устройством {address} сейчас работает агент KassaBridge или другая его команда. Остановите агента.",
        f"The KassaBridge agent, or another of its commands, is using {address}. Stop the agent first.",
        exit_code=1,
    )


# --- actions --------------------------------------------------------------------------------------------------------

Shown = dict[str, Any]


def _status(bench: Workbench, _: DeviceCommand) -> Shown:
    shown = fields_of(bench.register.status())
    drawer = shown.get("drawer")
    return shown | {"drawer": None if drawer is None else format_kopecks(drawer)}


def _document(bench: Workbench, command: DeviceCommand) -> Shown:
    assert command.number is not None
    document = bench.register.document(command.number) if command.number > 0 else None
    if document is None:
        raise UserError(
            "no_such_document",
            f"Документа ФД {command.number} в накопителе нет.",
            f"The fiscal drive has no document FD {command.number}.",
            exit_code=1,
        )
    shown = fields_of(document)
    return shown | {"total": None if document.total is None else format_kopecks(document.total)}


def _health(bench: Workbench, _: DeviceCommand) -> Shown:
    return bench.facts(bench.register.connect())


def _totals(bench: Workbench, _: DeviceCommand) -> Shown:
    return totals_json(bench.register.shift_totals())


def _cancel(bench: Workbench, _: DeviceCommand) -> Shown:
    register = bench.register
    was_open = register.status().document_open
    register.cancel_document()
    return {"document_was_open": was_open, "document_open": register.status().document_open}


def _continue_print(bench: Workbench, _: DeviceCommand) -> Shown:
    register = bench.register
    if register.status().paper is Paper.PRESENT:
        raise UserError(
            "nothing_to_print",
            "Недопечатанного документа на кассе нет.",
            "No document waits to be printed.",
            exit_code=1,
        )
    register.continue_print()
    return {"paper": register.status().paper.value}


READ_ONLY = ("identity", "status", "health", "totals", "document")
_ACTIONS: dict[str, Callable[[Workbench, DeviceCommand], Shown]] = {
    "status": _status,
    "health": _health,
    "totals": _totals,
    "document": _document,
    "cancel": _cancel,
    "continue-print": _continue_print,
}


# --- jobs -----------------------------------------------------------------------------------------------------------

JOBS: dict[str, JobKind] = {
    "receipt": JobKind.RECEIPT,
    "open-shift": JobKind.OPEN_SHIFT,
    "close-shift": JobKind.CLOSE_SHIFT,
    "x-report": JobKind.X_REPORT,
    "cash-in": JobKind.CASH_IN,
    "cash-out": JobKind.CASH_OUT,
    "print": JobKind.PRINT_TEXT,
    "copy": JobKind.PRINT_COPY,
    "open-drawer": JobKind.OPEN_DRAWER,
}


def _job(command: DeviceCommand) -> Callable[[Workbench], int]:
    """Check everything about the job first; the device is asked for only after that."""
    if command.driver not in known_drivers():
        names = ", ".join((*known_drivers(), *known_terminals()))
        raise UserError(
            "unknown_driver",
            f"Драйвер «{command.driver}» неизвестен; есть: {names}.",
            f"The driver “{command.driver}” is unknown; known: {names}.",
        )
    kind, payload = JOBS[command.action], payload_of(command)
    job_id = named_job(command)

    def carry_out(bench: Workbench) -> int:
        return show_job(command, kind, bench.run(kind, job_id, payload))

    return carry_out


def named_job(command: DeviceCommand) -> str:
    """The id that was given, or a new one, which is told."""
    job_id = command.job_id or f"device-{uuid.uuid4().hex[:20]}"
    if not JOB_ID.fullmatch(job_id):
        raise UserError(
            "bad_job_id",
            f"Номер задания «{job_id}» не годится: от 1 до 64 знаков A-Z a-z 0-9 . _ : -",
            f"The job id “{job_id}” will not do: 1 to 64 of A-Z a-z 0-9 . _ : -",
        )
    if command.job_id is None:
        # First, so that the same job can be asked for again if this process does not live to print its answer.
        (tell if command.as_json else show)(f"job_id: {job_id}")
    return job_id


def show_job(command: DeviceCommand, kind: JobKind, job: Shown) -> int:
    """The job's answer; of a job that was not done, but for a receipt's, an error as of any other command."""
    good = job["state"] == "done"
    why = job["reason"]
    if good or kind is JobKind.RECEIPT or why is None:
        whole = {**_short(kind, job), **job}
        show_answer(command, whole if command.as_json else _for_people(whole))
        return 0 if good else 1
    certainty = "in_doubt" if job["state"] == "human" or job["certainty"] == "unproven" else "refused"
    _tell_failure(command, why["code"], why["vendor"], why["detail"], certainty, job)
    return 1


def _for_people(job: Shown) -> Shown:
    """What there is, without the document's tags: ``document N`` shows those."""
    told = {name: value for name, value in job.items() if value is not None and name != "document"}
    return {name: _for_people(value) if isinstance(value, dict) else value for name, value in told.items()}


def _short(kind: JobKind, job: Shown) -> Shown:
    """What the person at the keyboard wanted to know, in front of the whole answer."""
    proof = job["proof"] or {}
    match kind:
        case JobKind.OPEN_SHIFT | JobKind.CLOSE_SHIFT:
            state = ShiftState.OPEN if kind is JobKind.OPEN_SHIFT else ShiftState.CLOSED
            return {"shift": state.value, "shift_number": proof.get("shift"), "fd": proof.get("fd")}
        case JobKind.X_REPORT | JobKind.PRINT_TEXT | JobKind.PRINT_COPY:
            return {"printed": True}
        case JobKind.CASH_IN | JobKind.CASH_OUT:
            return {"drawer": proof.get("drawer")}
    return {}


# --- showing --------------------------------------------------------------------------------------------------------


def show_answer(command: DeviceCommand, shown: Shown) -> int:
    if command.as_json:
        answer(shown)
    else:
        show("\n".join(_lines(shown)))
    return 0


def _failed(command: DeviceCommand, error: DeviceError) -> int:
    certainty = "in_doubt" if isinstance(error, InDoubt) else "not_sent" if isinstance(error, NotSent) else "refused"
    _tell_failure(command, error.code, error.vendor, error.detail or None, certainty, {})
    return 1


def _tell_failure(
    command: DeviceCommand, code: str, vendor: str | None, detail: str | None, certainty: str, job: Shown
) -> None:
    ru = reason(code, language="ru", vendor=vendor, detail=detail)
    en = reason(code, language="en", vendor=vendor, detail=detail)
    if command.as_json:
        told = {**ru.model_dump(), "text_en": en.text, "advice_en": en.advice, "certainty": certainty}
        answer({**job, "error": told})
    at_terminal = command.driver in known_terminals()
    tell(_sentence(ru, "код терминала" if at_terminal else "код кассы"))
    tell(_sentence(en, "the terminal's code" if at_terminal else "the register's code"))
    if certainty == "in_doubt":
        look = "last, report" if at_terminal else "status, document"
        tell(
            f"Выполнена ли команда, неизвестно. Не повторяйте её, посмотрите: {look}.\n"
            f"Whether the command was carried out is unknown. Do not repeat it; look at: {look}."
        )


def _sentence(why: Reason, vendor: str) -> str:
    beside = f" [{why.code}; {vendor} {why.vendor}]" if why.vendor else f" [{why.code}]"
    return f"{why.text}{beside} {why.advice}".rstrip()


def fields_of(value: Any) -> Shown:
    return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}


def _plain(value: Any) -> Any:
    """Enums, times and mappings as JSON has them."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, Decimal)):
        return value.isoformat() if isinstance(value, datetime) else str(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value


def _lines(value: Any, indent: str = "") -> list[str]:
    lines: list[str] = []
    for name, inner in value.items():
        if isinstance(inner, dict):
            lines += [f"{indent}{name}:", *_lines(inner, indent + "  ")]
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
            for one in inner:
                lines += [f"{indent}{name}:", *_lines(one, indent + "  ")]
        elif isinstance(inner, list) and inner and isinstance(inner[0], list):  # slips, line by line
            for one in inner:
                lines += [f"{indent}{name}:", *(f"{indent}  {line}" for line in one)]
        else:
            lines.append(f"{indent}{name}: {'—' if inner is None else inner}")
    return lines
