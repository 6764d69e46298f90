"""What the running agent answers to the tray and to the command line of the same PC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from agent.desk.channel import Handler
from agent.desk.decisions import asks_a_person, case_of, chosen
from agent.desk.log_watch import LogWatch
from agent.desk.pin import ManagerPin
from agent.desk.requests import SupportRequests
from agent.desk.trial_print import trial_print
from agent.desk.waiting import Waiting, waiting
from agent.jobs.book import JobBook
from agent.problems import UserError
from agent.status import AgentStatus
from agent.support.bundle.consent import clean_name
from protocol.crm.codes import reason
from protocol.crm.outcomes import Decision, SaleChoice

PART = 128 * 1024  # characters of a bundle's part in one answer


class Deciding(BaseModel):
    """A person's word on a job: ``fd`` is the document that they see on paper, ``pin`` the manager's."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    job_id: str
    decision: Decision | SaleChoice
    person: str
    why: str
    fd: int | None = None
    pin: str | None = None


@dataclass(frozen=True, slots=True)
class DeskService:
    book: JobBook
    pin: ManagerPin
    status: Callable[[], AgentStatus]
    support: SupportRequests
    watch: LogWatch
    call_off: Callable[[str], bool] = lambda _: False
    """Ask the device that has a job in hand to leave it; whether it can be asked."""

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "status": lambda _: status_json(self.status()),
            "pause": lambda _: self._pause(True),
            "go_on": lambda _: self._pause(False),
            "decide": lambda params: self._decide(params),
            "abort": lambda params: self.abort(str(params.get("job_id", ""))),
            "test_print": lambda params: {"job_id": self.test_print(str(params.get("kkm_id", "")))},
            "bundle_preview": lambda params: self._preview(_request(params)),
            "bundle_part": lambda params: self._part(
                _request(params), str(params.get("name", "")), params.get("at", 0)
            ),
            "bundle_allow": lambda params: self._allow(params),
            "bundle_refuse": lambda params: self._refuse(_request(params)),
            "log_preview": lambda params: {"lines": list(self.watch.preview(_request(params)))},
            "log_allow": lambda params: self._allow_log(params),
            "log_refuse": lambda params: self._refuse_log(_request(params)),
            "log_stop": lambda _: self._stop_log(),
        }

    def decide(self, asked: Deciding) -> None:
        """Kept with the job; the lane asks the register first. Raises ``UserError``: ``no_such_decision`` when the job
        does not wait for one, what ``decisions.chosen`` and ``ManagerPin.check`` raise, ``name_and_reason``."""
        if not asked.person or not asked.why:
            raise UserError("name_and_reason", "Напишите, кто решил и почему.", "Say who has decided, and why.")
        row = self.book.journal.read(lambda tx: tx.job(asked.job_id))
        if row is None or not asks_a_person(row):
            raise _nothing_to_decide(asked.job_id)
        choice = chosen(case_of(row), asked.decision, fd=asked.fd, pin=asked.pin is not None)
        if choice.pin:
            self.pin.check(asked.pin or "")
        fd = asked.fd if choice.fd else None
        if self.book.decide(asked.job_id, asked.decision, person=asked.person, why=asked.why, fd=fd) is None:
            raise _nothing_to_decide(asked.job_id)

    def abort(self, job_id: str) -> dict[str, Any]:
        """A wish: what becomes of the job, its device says. Raises ``UserError`` ``abort_unsupported`` when the job is
        not in hand any more, or its device can only be stopped by hand."""
        if not self.call_off(job_id):
            ru, en = reason("abort_unsupported", language="ru"), reason("abort_unsupported", language="en")
            raise UserError("abort_unsupported", f"{ru.text} {ru.advice}", f"{en.text} {en.advice}", exit_code=1)
        return {"job_id": job_id}

    def test_print(self, kkm_id: str) -> str:
        """See ``trial_print``; takes as long as the register does."""
        return trial_print(self.book, self.status, kkm_id)

    def waiting(self, job_id: str) -> Waiting | None:
        """What a person needs to see to decide about a job; ``None`` when it does not wait for one."""
        job = next((job for job in self.status().decisions if job.job_id == job_id), None)
        return self.book.journal.read(lambda tx: waiting(tx, job)) if job is not None else None

    def serials(self) -> Mapping[str, str]:
        """The serial numbers of the registers that the server has bound to this PC, by KKM_ID."""
        rows = self.book.journal.read(lambda tx: tx.devices())
        return {row.kkm_id: row.register_serial for row in rows if row.register_serial and not row.released}

    def _decide(self, params: dict[str, Any]) -> dict[str, Any]:
        try:
            asked = Deciding.model_validate(params)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise UserError("bad_question", f"{where}: {first['msg']}", f"{where}: {first['msg']}") from None
        self.decide(asked)
        return {"job_id": asked.job_id, "decision": asked.decision.value}

    # --- bundles: what is shown is what is sent

    def _preview(self, request_id: str) -> dict[str, Any]:
        bundle = self.support.preview(request_id)
        return {"reference": bundle.reference, "bytes": bundle.size, "entries": bundle.listing()}

    def _part(self, request_id: str, name: str, at: Any) -> dict[str, Any]:
        """A part as it would be sent, from the character ``at`` on; ``next`` is where more of it begins."""
        content = self.support.preview(request_id).content(name)
        if content is None:
            raise UserError("unknown_part", f"Части «{name}» нет.", f"There is no part “{name}”.", exit_code=1)
        text, start = content.decode("utf-8", "replace"), at if isinstance(at, int) and at >= 0 else 0
        end = start + PART
        return {"text": text[start:end], "next": end if end < len(text) else None}

    def _allow(self, params: dict[str, Any]) -> dict[str, Any]:
        person, reference = _person(params), params.get("reference")
        sent = self.support.allow(_request(params), person, reference=None if reference is None else str(reference))
        return {"bundle_id": sent.bundle_id, "kept_until": sent.kept_until}

    def _refuse(self, request_id: str) -> dict[str, Any]:
        self.support.refuse(request_id)
        return {}

    # --- the log as it is written

    def _allow_log(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"until": self.watch.allow(_request(params), _person(params)).until.isoformat()}

    def _refuse_log(self, request_id: str) -> dict[str, Any]:
        self.watch.refuse(request_id)
        return {}

    def _stop_log(self) -> dict[str, Any]:
        self.watch.stop()
        return {}

    def _pause(self, paused: bool) -> dict[str, Any]:
        self.book.pause(paused)
        return {"paused": self.book.paused}


@cache
def _adapter() -> TypeAdapter[AgentStatus]:
    return TypeAdapter(AgentStatus)


def status_json(status: AgentStatus) -> dict[str, Any]:
    told: dict[str, Any] = _adapter().dump_python(status, mode="json")
    return told


def status_of(told: dict[str, Any]) -> AgentStatus:
    """The way back. Raises pydantic's ``ValidationError``."""
    return _adapter().validate_python(told)


def _request(params: dict[str, Any]) -> str:
    return str(params.get("request_id", ""))


def _person(params: dict[str, Any]) -> str:
    person = clean_name(str(params.get("person", "")))
    if not person:
        raise UserError("name_needed", "Напишите, кто согласился отправить.", "Say who agrees to send it.")
    return person


def _nothing_to_decide(job_id: str) -> UserError:
    return UserError(
        "no_such_decision",
        f"Задание {job_id} не ждёт решения: оно уже выяснено, или такого нет.",
        f"The job {job_id} does not wait for a decision: it is settled already, or there is none.",
        exit_code=1,
    )
