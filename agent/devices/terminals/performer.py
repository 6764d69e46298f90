"""Does what a procedure asks, at one terminal, and says how it went; writes what it commits.

The only place where a terminal driver's verdicts become answers. Blocking; used by the terminal's lane thread alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from agent.devices.lane_thread import Interrupted
from agent.devices.terminals.account import SETTLED, account, settled, settlement_json
from agent.devices.terminals.facts import money_proof, slips_json, terminal_facts, transaction_json
from agent.devices.terminals.runs import Ask
from agent.devices.terminals.work import TerminalWork
from agent.jobs.book import JobBook
from agent.jobs.proof import person_decided
from agent.jobs.transitions import because
from agent.journal.records import RecordKind
from agent.journal.store import Transaction as Tx
from agent.procedures.asks import Answer, Answered, Commit, Wait
from agent.procedures.payment.asks import (
    BeginMove,
    CommitMove,
    FindMove,
    Move,
    MoveEvent,
    ReadLast,
    ReadTerminal,
    ReopenTerminal,
)
from agent.procedures.settlement import BeginSettle, Settle
from agent.procedures.terminal_status import LookAtTerminal
from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.terminal_api import (
    REFERENCES,
    CardTerminal,
    Operation,
    Order,
    Progress,
    SettlementResult,
    TerminalIdentity,
    TerminalStatus,
    Transaction,
    Verdict,
)
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.jobs import JobKind
from protocol.crm.lease import Lease
from protocol.crm.machine import Refusal
from protocol.crm.messages import EventKind
from protocol.crm.outcomes import Proof, ProofSource, Reason

_EVENTS = {
    MoveEvent.DOUBT: JobEvent.DOUBT,
    MoveEvent.TAKEN: JobEvent.PROVEN,
    MoveEvent.NOT_TAKEN: JobEvent.NOT_TAKEN,
    MoveEvent.UNDECIDABLE: JobEvent.UNDECIDABLE,
    MoveEvent.DECIDED_TAKEN: JobEvent.DECIDED_DONE,
    MoveEvent.DECIDED_NOT_TAKEN: JobEvent.DECIDED_NOT_DONE,
}


class TerminalPerformer:
    def __init__(
        self,
        kkm_id: str,
        terminal: CardTerminal,
        book: JobBook,
        *,
        wait: Callable[[float], bool],
        progress: Callable[[str, str], None],
        abort_wanted: Callable[[], bool],
    ) -> None:
        """``wait(seconds)`` lets time pass and is true when it was cut short; ``progress(job_id, code)``."""
        self._kkm_id = kkm_id
        self._terminal = terminal
        self._book = book
        self._wait = wait
        self._progress = progress
        self._abort_wanted = abort_wanted
        self._identity: TerminalIdentity | None = None
        self.work: TerminalWork | None = None

    # --- the channel

    def connect(self) -> TerminalIdentity:
        """Find out who answers, unless it is known. Raises what the driver raises."""
        if self._identity is None:
            self._identity = self._terminal.connect()
        return self._identity

    def disconnect(self) -> None:
        self._identity = None
        self._terminal.disconnect()

    def glance(self) -> TerminalStatus | None:
        """A look that disturbs nobody (``CardTerminal.glance``). Raises what the driver raises."""
        self._identity = None
        try:
            return self._terminal.glance()
        finally:
            self._terminal.disconnect()

    # --- asks

    def perform(self, ask: Ask) -> Answered:
        attendant = _Attendant(self)
        try:
            value = self._do(ask, attendant)
        except NotSent as error:
            return self._failed(Answer.NOT_SENT, error)
        except Refused as error:
            return self._failed(Answer.REFUSED, error)
        except InDoubt as error:
            return self._failed(Answer.DOUBT, error, attendant.kept, error.remaining)
        if isinstance(value, Reason):
            return Answered(Answer.REFUSED, self._now(), reason=value)
        return Answered(Answer.OK, self._now(), value)

    def _failed(
        self, kind: Answer, error: DeviceError, approved: Transaction | None = None, remaining: float = 0.0
    ) -> Answered:
        self.disconnect()
        why = reason(error.code, vendor=error.vendor, detail=error.detail or None)
        return Answered(kind, self._now(), approved, why, remaining)

    def _now(self) -> float:
        return self._book.clock.monotonic()

    def _do(self, ask: Ask, attendant: _Attendant) -> Any:
        terminal = self._terminal
        match ask:
            case ReadTerminal():
                self.connect()
                return terminal.status()
            case ReadLast():
                self.connect()
                return terminal.last_transaction()
            case FindMove(reference):
                self.connect()
                return terminal.find(self._order(reference), self._at_work().money.operation)
            case ReopenTerminal():
                self.disconnect()
                return self.connect()
            case Move(reference):
                return self._move(self._order(reference), attendant)
            case Wait(seconds, code):
                self._progress(self._at_work().row.job_id, code)
                if self._wait(seconds):
                    raise Interrupted(code)
                return None
            case LookAtTerminal():
                identity = self.connect()
                return terminal_facts(identity, terminal.status(), self._settled())
            case BeginMove(last):
                return self._begin(last)
            case BeginSettle():
                return self._may_begin() or self._moved(JobEvent.INTENT, outcome={})
            case Settle():
                self._progress(self._at_work().row.job_id, Progress.ONLINE)
                return terminal.settle()
            case CommitMove():
                return self._commit(ask)
            case Commit():
                return self._commit_other(ask)
        raise AssertionError(ask)

    def _at_work(self) -> TerminalWork:
        assert self.work is not None
        return self.work

    def _order(self, reference: int) -> Order:
        movement = self._at_work().money
        return Order(movement.amount, reference, means=movement.means)

    def _move(self, order: Order, attendant: _Attendant) -> Transaction:
        movement = self._at_work().money
        match movement.operation:
            case Operation.PAYMENT:
                return self._terminal.pay(order, attendant)
            case Operation.REFUND:
                return self._terminal.refund(order, movement.original, attendant)
            case Operation.VOID:
                assert movement.original is not None
                return self._terminal.void(order, movement.original, attendant)

    # --- what is written

    def _may_begin(self) -> Reason | None:
        """Lease, epoch and space once more."""
        work, book = self._at_work(), self._book
        lease = book.lease_of(work.row)
        if lease is not Lease.GOOD:
            return reason("lease_passed" if lease is Lease.PASSED else "no_server_time")
        device, chosen = book.next_work(self._kkm_id)
        if chosen is None or chosen.row.job_id != work.row.job_id or chosen.row.lease_no != work.row.lease_no:
            return reason("stale_rev")
        if device.binding_epoch != work.row.binding_epoch:
            return reason("wrong_epoch")
        return reason("disk_low") if book.journal.space_is_low() else None

    def _begin(self, last: Transaction | None) -> int | Reason:
        """INTENT with a reference that no attempt has had."""
        why, book = self._may_begin(), self._book
        if why is not None:
            return why
        # Counted over all terminals: one that is known by two names must not be given the same reference under both.
        last_one = max(known.reference for known in book.journal.read(lambda tx: tx.devices()))
        reference = last_one + 1 if last_one + 1 in REFERENCES else REFERENCES.start
        book.update_device(
            self._kkm_id, "reference", RecordKind.DEVICE, lambda device: replace(device, reference=reference)
        )
        movement = {"reference": reference, "last": transaction_json(last), "approved": None}
        return self._moved(JobEvent.INTENT, outcome={}, movement=movement) or reference

    def approved(self, transaction: Transaction) -> None:
        """CLOSING: on disk before the terminal hears that it was heard."""
        movement = {**self._at_work().intent, "approved": transaction_json(transaction)}
        refused = self._moved(JobEvent.CLOSING, movement=movement)
        assert refused is None, refused

    def _commit(self, ask: CommitMove) -> None:
        event = _EVENTS[ask.event]
        refused = self._moved(event, outcome=self._outcome(ask), facts=_facts(ask.transaction))
        assert refused is None, f"{event}: {refused}"

    def _commit_other(self, ask: Commit) -> None:
        """Of a job that moves no money."""
        result: SettlementResult | None = ask.data.get("settlement")
        why: Reason | None = ask.data.get("reason")
        if result is not None:
            self._commit_settlement(ask.event, result)
            return
        certainty = "unproven" if ask.event is JobEvent.UNPROVEN else "proven"
        outcome = because(why, certainty=certainty) if why is not None else {}
        facts = {"result": ask.data["result"]} if "result" in ask.data else {}
        refused = self._moved(ask.event, outcome=outcome, facts=facts, also=lambda tx: self._tell_unsettled(tx, why))
        if refused is not None:  # without INTENT a job may be cancelled or given up while the terminal is asked
            assert ask.event in (JobEvent.ANSWERED, JobEvent.IMPOSSIBLE), f"{ask.event}: {refused}"

    def _commit_settlement(self, event: JobEvent, told: SettlementResult) -> None:
        work = self._at_work()
        known = self._book.journal.read(lambda tx: account(tx, tx.device(self._kkm_id)))
        result = settlement_json(told, known)

        def also(tx: Tx) -> None:
            settled(tx, self._kkm_id, result)
            body = {name: value for name, value in result.items() if name != "slips"}
            if work.row.local:  # by the desk's rule: no server is told of the job
                self._tell(tx, EventKind.TERMINAL_SETTLED, body)
            if result["differences"]:
                self._tell(tx, EventKind.SETTLEMENT_DIFFERS, body)

        refused = self._moved(event, outcome={}, facts={"result": result}, also=also)
        assert refused is None, f"{event}: {refused}"

    def _tell_unsettled(self, tx: Tx, why: Reason | None) -> None:
        work = self._at_work()
        if work.kind is JobKind.SETTLEMENT and work.row.local and why is not None:
            self._tell(tx, EventKind.TERMINAL_NOT_SETTLED, {"reason": why.code, "vendor": why.vendor})

    def _tell(self, tx: Tx, kind: EventKind, body: dict[str, Any]) -> None:
        row = self._at_work().row
        by = "policy" if row.local else "job"
        about = {"job_id": None if row.local else row.job_id, "by": by}
        tx.send(self._book.event(kind, self._kkm_id, {**about, **body}), "event")

    def _settled(self) -> dict[str, Any] | None:
        last: dict[str, Any] | None = self._book.device(self._kkm_id).facts.get(SETTLED)
        return last

    def _moved(self, event: JobEvent, **told: Any) -> Reason | None:
        """``None`` when it is on disk."""
        work = self._at_work()
        moved = self._book.transition(work.row.job_id, event, **told)
        if isinstance(moved, Refusal):
            return reason(moved.code)
        self.work = replace(work, row=moved)
        return None

    def _outcome(self, ask: CommitMove) -> dict[str, Any]:
        why = ask.reason
        match ask.event:
            case MoveEvent.TAKEN:
                assert ask.transaction is not None
                return {"proof": self._proof(ask.transaction).model_dump(mode="json")}
            case MoveEvent.NOT_TAKEN:
                assert why is not None
                return because(why, certainty="proven")
            case MoveEvent.UNDECIDABLE:
                assert why is not None
                return because(why, evidence=dict(ask.evidence))
            case MoveEvent.DECIDED_TAKEN | MoveEvent.DECIDED_NOT_TAKEN:
                row = self._at_work().row
                read = self._proof(ask.transaction) if ask.transaction is not None else None
                base = read or Proof(source=ProofSource.PERSON)
                asked = row.outcome["asked"]
                proof = person_decided(base, asked["person"], asked["why"], verified=read is not None)
                told = because(reason("decided_by_person"), evidence=row.outcome.get("evidence"))
                return {**told, "proof": proof.model_dump(mode="json")}
            case MoveEvent.DOUBT:
                return because(why) if why is not None else {}

    def _proof(self, transaction: Transaction) -> Proof:
        return money_proof(transaction, timezone=self._book.device(self._kkm_id).settings.timezone)

    # --- while the terminal works

    def progress(self, code: Progress) -> None:
        self._progress(self._at_work().row.job_id, code.value)

    def abort_wanted(self) -> bool:
        return self._abort_wanted()


def _facts(transaction: Transaction | None) -> dict[str, Any]:
    """What the terminal printed, for the one record that keeps it."""
    if transaction is None or not transaction.slips:
        return {}
    return {"result": {"slips": slips_json(transaction)}}


class _Attendant:
    """This PC's side of one operation."""

    def __init__(self, performer: TerminalPerformer) -> None:
        self._performer = performer
        self.kept: Transaction | None = None

    def progress(self, progress: Progress) -> None:
        self._performer.progress(progress)

    def approved(self, transaction: Transaction) -> Verdict:
        if self.kept is None:
            self._performer.approved(transaction)
            self.kept = transaction
        return Verdict.KEEP

    def abort_wanted(self) -> bool:
        return self._performer.abort_wanted()
