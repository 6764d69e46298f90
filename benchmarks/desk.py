"""A receipt as the agent makes it, without journal and server: the real procedure on the real driver."""

from __future__ import annotations

import time
from dataclasses import dataclass

from agent.procedures import receipt
from agent.procedures.asks import (
    Answer,
    Answered,
    Ask,
    Begin,
    CheckReceipt,
    Close,
    Commit,
    Ended,
    Fill,
    NoteSeen,
    ReadArchiveEnd,
    ReadDocument,
    ReadStatus,
    ReadSubtotal,
    Seen,
)
from drivers.api import FiscalRegister
from protocol.crm.job_machine import JobEvent
from protocol.ffd.planned import PlannedReceipt


@dataclass
class Desk:
    """What a journal would know from one receipt to the next."""

    register: FiscalRegister
    serial: str
    fn: str
    highest_fd: int

    def sell(self, plan: PlannedReceipt) -> float:
        """Seconds from the first question to the proof. Raises whatever stands in the way."""
        begun = time.perf_counter()
        run, ask = receipt.start(self._context(plan), None)
        proven = False
        while not isinstance(ask, Ended):
            if isinstance(ask, Commit):
                if ask.event not in (JobEvent.CLOSING, JobEvent.PROVEN):
                    raise RuntimeError(f"{ask.event}: {ask.data}")
                proven = ask.event is JobEvent.PROVEN
            answer = Answered(Answer.OK, time.monotonic(), self._do(ask, plan))
            run, ask = receipt.step(run, answer)
        if not proven:
            raise RuntimeError(f"no proof: {ask}")
        self.highest_fd = run.last_fd
        return time.perf_counter() - begun

    def _context(self, plan: PlannedReceipt) -> receipt.Context:
        return receipt.Context(
            plan=plan,
            exclusive=True,
            register_serial=self.serial,
            known_fn=self.fn,
            highest_fd=self.highest_fd,
            open_shift=False,
            close_expired_shift=False,
            max_time=self.register.capabilities.max_time,
        )

    def _do(self, ask: Ask, plan: PlannedReceipt) -> object:
        register = self.register
        match ask:
            case ReadStatus():
                return register.status()
            case ReadArchiveEnd():
                return register.archive_end()
            case ReadDocument(fd):
                document = register.document(fd)
                return None if document is None else Seen(document, None)
            case CheckReceipt():
                return register.check_receipt(plan)
            case Fill():
                return register.fill_receipt(plan, lambda _done, _of: None)
            case ReadSubtotal():
                return register.subtotal()
            case Close():
                return register.close_receipt(plan)
            case Begin() | Commit() | NoteSeen():
                return None
        raise RuntimeError(f"no receipt on a line without faults asks for {ask}")
