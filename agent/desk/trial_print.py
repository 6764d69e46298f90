"""A test print beside the running agent: a job of kind ``print_text`` that is given at this PC.

It goes through the register's own lane, behind what waits there, and stands in the journal; no server hears of it. What
would keep it from starting is told at once, and one that has not started in time is taken back, so that no paper comes
when nobody waits for it any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agent.jobs.acceptance import MAX_ACCEPTED
from agent.jobs.at_desk import accept, give_up
from agent.jobs.book import JobBook
from agent.jobs.transitions import WAITING, is_final
from agent.journal.rows import DeviceRow, JobRow
from agent.journal.store import Transaction
from agent.problems import UserError
from agent.status import AgentStatus
from agent.version import VERSION
from protocol.crm.codes import reason
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from protocol.crm.outcomes import Reason

START_WITHIN = 45.0  # seconds
END_WITHIN = 60.0  # seconds after the last moment to start
LOOK_EVERY = 0.2
ANSWER_WITHIN = START_WITHIN + END_WITHIN + 5.0
"""In which a running agent has answered."""

_DOUBT = (Known.RESOLVING, Known.HUMAN)


def trial_print(
    book: JobBook, status: Callable[[], AgentStatus], kkm_id: str, *, wait: Callable[[float], object] = time.sleep
) -> str:
    """Print a slip and return the job's id. Raises ``UserError``: with the code of what is in the way, and nothing will
    be printed; ``answer_lost`` or ``test_print_goes_on`` when it is not known whether something was."""
    job_id = f"test-print-{book.journal.new_id()[:20]}"
    _begin(book, status(), kkm_id, job_id)
    row = _ended(book, job_id, START_WITHIN, wait)
    if row.state in WAITING:
        trouble = next((device.trouble for device in status().devices if device.kkm_id == kkm_id), None)
        why = trouble or reason("device_busy")
        row = book.at_this_pc(kkm_id, lambda tx: give_up(tx, job_id, why))
    if not is_final(row):
        row = _ended(book, job_id, END_WITHIN, wait)
    if row.state is Known.DONE:
        return job_id
    if not is_final(row) and row.state is not Known.ABSENT:
        raise UserError(
            "test_print_goes_on",
            "Касса ещё печатает пробный листок. Посмотрите на неё.",
            "The register is still printing the slip. Look at it.",
            exit_code=1,
        )
    told = row.outcome.get("reason") or {}
    raise _not_printed(str(told.get("code") or "device_released"))


def _begin(book: JobBook, status: AgentStatus, kkm_id: str, job_id: str) -> None:
    device = next((device for device in status.devices if device.kkm_id == kkm_id), None)
    if device is None:
        raise _not_printed("device_not_configured")
    if device.is_terminal:
        raise _not_printed("wrong_kind_of_device")
    if status.paused:
        raise UserError(
            "paused",
            "Пробная печать не прошла: программа на паузе. Нажмите «Продолжить» и повторите.",
            "The test print did not succeed: the program is paused. Press “Continue” and try again.",
            exit_code=1,
        )
    if status.quarantined:
        raise _not_printed("rolled_back")
    until = book.server_time()
    if until is None or not book.may_start:
        raise _not_printed("no_server_time")
    if status.disk_low:
        raise _not_printed("disk_low")
    start_by = until + timedelta(seconds=START_WITHIN)

    def work(tx: Transaction) -> Reason | None:
        device = tx.device(kkm_id)
        why = _why_not(tx, device)
        if why is None:
            accept(tx, device, JobKind.PRINT_TEXT, job_id, slip(device, tx.now), start_by=start_by)
        return why

    why = book.at_this_pc(kkm_id, work)
    if why is not None:
        raise _not_printed(why.code)


def _why_not(tx: Transaction, device: DeviceRow) -> Reason | None:
    if device.binding_epoch == 0:
        return reason("device_not_bound")
    if device.released or device.releasing:
        return reason("device_released")
    jobs = tx.live_jobs(device.kkm_id)
    if any(job.state in _DOUBT for job in jobs):
        return reason("resolving")
    return reason("busy") if sum(job.state in WAITING for job in jobs) >= MAX_ACCEPTED else None


def slip(device: DeviceRow, now: datetime) -> dict[str, Any]:
    """The payload: words that no one can take for a receipt, and letters by which a wrong code page is seen."""
    local = now.astimezone(ZoneInfo(device.settings.timezone))
    lines: list[dict[str, Any]] = [
        {"text": "ПРОБНАЯ ПЕЧАТЬ", "align": "centre", "bold": True},
        {"text": "не кассовый чек", "align": "centre"},
        {"text": f"Касса {device.kkm_id}"},
        {"text": f"{local:%d.%m.%Y %H:%M}"},
        {"text": f"KassaBridge {VERSION}"},
        {"text": "АБВ ЁЙЩЪЫЭЮЯ abc 0123456789"},
    ]
    return {"lines": lines}


def _ended(book: JobBook, job_id: str, within: float, wait: Callable[[float], object]) -> JobRow:
    """The job as soon as it is over, or as it is when the time is."""
    deadline = book.clock.monotonic() + within
    while True:
        row = book.journal.read(lambda tx: tx.job(job_id))
        assert row is not None
        if is_final(row) or row.state is Known.ABSENT or book.clock.monotonic() >= deadline:
            return row
        wait(LOOK_EVERY)


def _not_printed(code: str) -> UserError:
    ru, en = reason(code, language="ru"), reason(code, language="en")
    if code == "answer_lost":
        return UserError(code, f"{ru.text} {ru.advice}", f"{en.text} {en.advice}", exit_code=1)
    return UserError(
        code,
        f"Пробная печать не прошла. {ru.text} {ru.advice}",
        f"The test print did not succeed. {en.text} {en.advice}",
        exit_code=1,
    )
