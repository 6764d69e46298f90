"""Plays a job of a shift or of drawer cash: the same player, other work, and what must be true of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.procedures import operation
from agent.procedures.asks import Ask, Operate, Operation
from drivers.api import ShiftState
from protocol.crm.job_machine import Known
from tests.support.faults import Fault
from tests.support.model_register import MAX_TIME, SERIAL
from tests.support.play import OPEN, Desk, Runs

AMOUNT = 10000
BEFORE = {Operation.OPEN_SHIFT: ShiftState.CLOSED}  # every other operation begins in an open shift


class OperationDesk(Desk):
    """One job of ``wanted`` on one desk; there is money for it in the drawer."""

    def __init__(self, wanted: Operation, faults: Mapping[int, Fault] | None = None, **settings: Any) -> None:
        super().__init__(faults, **{"shift": BEFORE.get(wanted, ShiftState.OPEN)} | settings)
        self.wanted = wanted
        self.context: dict[str, Any] = {}
        self.register.foreign_cash("cash_in", 5 * AMOUNT)

    def operation_context(self) -> operation.Context:
        decision, fd = self.decision or (None, None)
        return operation.Context(
            self.wanted,
            SERIAL,
            self.exclusive,
            MAX_TIME,
            amount=AMOUNT,
            decision=decision,
            decided_fd=fd,
            **self.context,
        )

    def begin(self) -> tuple[Runs, Ask]:
        return operation.start(self.operation_context(), self.kept.first)

    def resolve(self, *, fresh: bool) -> tuple[Runs, Ask]:
        kept = self.kept
        assert kept.snapshot is not None
        ctx = self.operation_context()
        if fresh:
            self._operates = min(self._operates, 1)  # nobody remembers a second opening
            doubted = kept.job.state is not Known.STARTED
            return operation.resume(ctx, snapshot=kept.snapshot, doubted=doubted, human=kept.told)
        return operation.look_again(ctx, snapshot=kept.snapshot, human=kept.told)

    def _executed(self, ask: Ask) -> Any:
        if isinstance(ask, Operate) and ask.operation in operation.CASH:
            return self.register.move_cash(ask.operation.value, AMOUNT)
        return super()._executed(ask)

    def watch(self, ask: Ask) -> None:
        if not isinstance(ask, Operate) or self.kept.operation is not None:  # the policy's own
            super().watch(ask)
            return
        assert ask.operation is self.wanted
        assert self.kept.job.state in OPEN, "operated without INTENT on disk"
        assert self.kept.job.state is not Known.HUMAN, "operated while a person decides"
        most = 2 if self.wanted is Operation.OPEN_SHIFT else 1
        assert self._operates < most, f"operated too often on one intent: {self.story()}"
        self._operates += 1

    def made(self) -> list[int]:
        return [at for at, operation in enumerate(self.register.operated) if operation == self.wanted.value]
