"""Which procedure carries out what at a terminal: the lane starts, resumes and steps a ``Run`` without knowing the
kinds."""

from __future__ import annotations

from dataclasses import dataclass

from agent.devices.recorder import decision_of
from agent.devices.terminals.facts import transaction_of
from agent.devices.terminals.place import expected_id
from agent.devices.terminals.work import TerminalWork
from agent.journal.rows import DeviceRow, JobRow
from agent.procedures import payment, settlement, terminal_status
from agent.procedures.asks import Answered
from agent.procedures.payment.asks import MoneyAsk
from drivers.terminal_api import TerminalCapabilities, Transaction
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind

Run = payment.Run | settlement.Run | terminal_status.Run
Ask = MoneyAsk | settlement.Ask | terminal_status.Ask
Next = tuple[Run, Ask]


@dataclass(frozen=True, slots=True)
class Procedures:
    """The procedures as they run at one terminal now."""

    device: DeviceRow
    capabilities: TerminalCapabilities

    def start(self, work: TerminalWork) -> Next:
        """A job that is ``accepted``."""
        if work.kind is JobKind.SETTLEMENT:
            return settlement.start(self._settlement)
        if work.kind is JobKind.TERMINAL_STATUS:
            return terminal_status.start(self._terminal_id)
        return payment.start(self._payment(work))

    def resume(self, work: TerminalWork) -> Next:
        """A job with an open INTENT that an earlier process has left."""
        if work.kind is JobKind.SETTLEMENT:
            return settlement.resume(self._settlement)
        reference, last, approved = _written(work)
        return payment.resume(
            self._payment(work),
            reference=reference,
            last=last,
            approved=approved,
            doubted=work.row.state is not Known.STARTED,
            human=_told(work.row),
        )

    def look_again(self, work: TerminalWork) -> Next:
        """A job with an open INTENT of this process, whose waiting time is over: a person has decided or is
        awaited."""
        if work.kind is JobKind.SETTLEMENT:
            return settlement.resume(self._settlement)
        reference, last, approved = _written(work)
        return payment.look_again(
            self._payment(work), reference=reference, last=last, approved=approved, human=_told(work.row)
        )

    @property
    def _terminal_id(self) -> str:
        return expected_id(self.device.register_serial)

    @property
    def _settlement(self) -> settlement.Context:
        return settlement.Context(self._terminal_id, self.capabilities.settles)

    def _payment(self, work: TerminalWork) -> payment.Context:
        decision, _ = decision_of(work.row)
        return payment.Context(work.money, self.capabilities, self._terminal_id, decision, self.device.exclusive)


def step(run: Run, answer: Answered) -> Next:
    """What the run's own procedure does after ``answer``. Pure."""
    match run:
        case payment.Run():
            return payment.step(run, answer)
        case settlement.Run():
            return settlement.step(run, answer)
        case terminal_status.Run():
            return terminal_status.step(run, answer)


def asks_again_later(run: Run) -> bool:
    """The terminal's records have not decided yet, and are asked on and on."""
    return run.phase is payment.Phase.RETRY


def _written(work: TerminalWork) -> tuple[int, Transaction | None, Transaction | None]:
    intent = work.intent
    return intent["reference"], transaction_of(intent["last"]), transaction_of(intent["approved"])


def _told(row: JobRow) -> str | None:
    """The case that a person was told of."""
    case: str | None = (row.outcome.get("evidence") or {}).get("case") if row.state is Known.HUMAN else None
    return case
