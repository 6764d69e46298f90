"""Which procedure carries out what: the lane starts, resumes and steps a ``Run`` without knowing the kinds."""

from __future__ import annotations

from dataclasses import dataclass

from agent.devices.recorder import decision_of
from agent.devices.work import OPERATIONS, Work
from agent.journal.rows import DeviceRow, JobRow, Snapshot
from agent.procedures import operation, plain, reading, receipt
from agent.procedures.asks import Answered, Ask, Operation
from drivers.api import Capabilities
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from protocol.crm.payloads import PLAIN_KINDS, READING_KINDS
from protocol.crm.sales import SALE_TYPES

Run = receipt.Run | operation.Run | plain.Run | reading.Run
Next = tuple[Run, Ask]


@dataclass(frozen=True, slots=True)
class Procedures:
    """The procedures as they run on one device now: what the desk allows, and how long a command may take."""

    device: DeviceRow
    capabilities: Capabilities

    # --- a job

    def start(self, work: Work) -> Next:
        """A job that is ``accepted``."""
        row, kind = _of(work)
        if work.plan is not None:
            return receipt.start(self._receipt(work, row), row.first_snapshot)
        if kind in OPERATIONS:
            return operation.start(self._operation(work, row), row.first_snapshot)
        if kind in PLAIN_KINDS:
            return plain.start(plain.Context(kind, self._serial, self.device.exclusive))
        assert kind in READING_KINDS
        return reading.start(reading.Context(self._serial))

    def resume(self, work: Work) -> Next:
        """A job with an open intent that an earlier process has left."""
        row, kind = _of(work)
        if kind in PLAIN_KINDS:
            return plain.resume(plain.Context(kind, self._serial, self.device.exclusive))
        first, snapshot = _snapshots(row)
        doubted = row.state is not Known.STARTED
        if work.plan is not None:
            context = self._receipt(work, row)
            return receipt.resume(
                context, first=first, snapshot=snapshot, closing=row.closing, doubted=doubted, human=_told(row)
            )
        return operation.resume(self._operation(work, row), snapshot=snapshot, doubted=doubted, human=_told(row))

    def look_again(self, work: Work) -> Next:
        """A job with an open intent of this process, whose waiting time is over: a person has decided or is awaited."""
        row, kind = _of(work)
        if kind in PLAIN_KINDS:
            return plain.resume(plain.Context(kind, self._serial, self.device.exclusive))
        first, snapshot = _snapshots(row)
        if work.plan is not None:
            context = self._receipt(work, row)
            return receipt.look_again(context, first=first, snapshot=snapshot, closing=row.closing, human=_told(row))
        return operation.look_again(self._operation(work, row), snapshot=snapshot, human=_told(row))

    # --- an operation that the desk's policy asks for

    def start_policy(self, wanted: Operation) -> Next:
        return operation.start(self._policy(wanted))

    def resume_policy(self) -> Next:
        """Its intent was found open."""
        intent = self.device.operation
        assert intent is not None
        snapshot = Snapshot(**intent["snapshot"])
        return operation.resume(self._policy(Operation(intent["operation"])), snapshot=snapshot)

    # --- contexts

    @property
    def _serial(self) -> str:
        return self.device.register_serial or ""

    def _receipt(self, work: Work, row: JobRow) -> receipt.Context:
        device, desk = self.device, self.device.settings
        decision, fd = decision_of(row)
        assert work.plan is not None
        return receipt.Context(
            plan=work.plan,
            exclusive=device.exclusive,
            register_serial=self._serial,
            known_fn=device.fn_serial if device.highest_fd is not None else None,
            highest_fd=device.highest_fd or 0,
            open_shift=desk.open_shift,
            close_expired_shift=desk.close_expired_shift,
            max_time=self.capabilities.max_time,
            decision=decision,
            decided_fd=fd,
            only_look=work.kind in SALE_TYPES,
        )

    def _operation(self, work: Work, row: JobRow) -> operation.Context:
        decision, fd = decision_of(row)
        assert work.kind is not None
        return operation.Context(
            operation=OPERATIONS[work.kind],
            register_serial=self._serial,
            exclusive=self.device.exclusive,
            max_time=self.capabilities.max_time,
            open_shift=self.device.settings.open_shift,
            cash_opens_shift=self.capabilities.cash_opens_shift,
            amount=work.amount or 0,
            decision=decision,
            decided_fd=fd,
        )

    def _policy(self, wanted: Operation) -> operation.Context:
        return operation.Context(
            operation=wanted,
            register_serial=self._serial,
            exclusive=self.device.exclusive,
            max_time=self.capabilities.max_time,
            job=False,
        )


def step(run: Run, answer: Answered) -> Next:
    """What the run's own procedure does after ``answer``. Pure."""
    match run:
        case receipt.Run():
            return receipt.step(run, answer)
        case operation.Run():
            return operation.step(run, answer)
        case plain.Run():
            return plain.step(run, answer)
        case reading.Run():
            return reading.step(run, answer)


def asks_again_later(run: Run) -> bool:
    """The device's records have not decided yet, and are asked on and on."""
    return run.phase in (receipt.Phase.RETRY, operation.Phase.RETRY)


def _of(work: Work) -> tuple[JobRow, JobKind]:
    assert work.row is not None
    assert work.kind is not None
    return work.row, work.kind


def _snapshots(row: JobRow) -> tuple[Snapshot, Snapshot]:
    assert row.first_snapshot is not None
    assert row.snapshot is not None
    return row.first_snapshot, row.snapshot


def _told(row: JobRow) -> str | None:
    """The case that a person was told of."""
    case: str | None = (row.outcome.get("evidence") or {}).get("case") if row.state is Known.HUMAN else None
    return case
