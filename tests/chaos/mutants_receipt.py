"""Mutants of the receipt procedure: its table, its look at the archive, what counts as proof."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import agent.devices.evidence
import agent.devices.work
from agent.devices.performer import Performer
from agent.devices.recorder import Recorder
from agent.procedures import precheck
from agent.procedures.asks import Answer, Answered, Begin, Close, Commit, Fill, Reopen, Seen
from agent.procedures.evidence import RECEIPTS, Proven, ProvenNone, Undecidable, Verdict
from agent.procedures.precheck import snapshot_of
from agent.procedures.receipt import attempt, resolve, table
from agent.procedures.receipt.run import ENDING, Next, Phase, Run
from drivers.api import DocumentKind, FiscalDocument
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from tests.chaos.mutant import DOUBTFUL, MANY, Hint, Mutant, Patch, rules

CLOSE_LOST = ("device:Close", "power_after")
CLOSE_NOT_HEARD = ("device:Close", "lost_request")
CLOSE_LATE = ("device:Close", "late")


def _none(run: Run, answer: Answered) -> Next:
    """The attempt has failed, says whoever does not look."""
    failed = Commit(JobEvent.PROVEN_NONE, {"reason": answer.reason or reason("no_document")})
    return replace(run, phase=Phase.END), failed


def timeout_is_success(patch: Patch) -> None:
    def done(run: Run, answer: Answered) -> Next:
        assert run.snapshot is not None
        plan, fd = run.ctx.plan, run.snapshot.last_fd + 1
        made = FiscalDocument(
            DocumentKind.RECEIPT, fd, "0", run.status.at if run.status else answer.value, plan.sign, plan.total,
            run.snapshot.shift_number, run.snapshot.receipt_in_shift + 1, plan.imprint,
        )  # fmt: skip
        return replace(run, phase=Phase.OUTCOME), Commit(JobEvent.PROVEN, {"document": made, "paper": None})

    patch.setitem(table.TABLE, (Phase.CLOSE, Answer.DOUBT), done)


def timeout_is_failure(patch: Patch) -> None:
    patch.setitem(table.TABLE, (Phase.CLOSE, Answer.DOUBT), _none)


def retried_without_asking(patch: Patch) -> None:
    def again(run: Run, _: Answered) -> Next:
        return replace(run, phase=Phase.REOPEN, closing=False), Reopen()

    def refill(run: Run, answer: Answered) -> Next:
        if run.doubted:
            return resolve.reopened(run, answer)
        return replace(run, phase=Phase.FILL, doubted=True), Fill()

    patch.setitem(table.TABLE, (Phase.CLOSE, Answer.DOUBT), again)
    patch.setitem(table.TABLE, (Phase.REOPEN, Answer.OK), refill)


def no_fence(patch: Patch) -> None:
    """Neither while deciding nor before the next attempt."""
    look, check = resolve.on_look, precheck.on_status

    def closed(answer: Answered) -> Answered:
        return replace(answer, value=replace(answer.value, document_open=False, fn_document_open=False))

    patch.setitem(table.TABLE, (Phase.LOOK, Answer.OK), lambda run, answer: look(run, closed(answer)))
    patch.setitem(
        precheck.TABLE,
        (precheck.CheckPhase.STATUS, Answer.OK),
        lambda run, answer: check(run, closed(answer)),
    )


def no_read_back(patch: Patch) -> None:
    patch.setitem(table.TABLE, (Phase.SUBTOTAL, Answer.OK), lambda run, _: attempt.closing(run))


def late_intent(patch: Patch) -> None:
    """The document is filled first; INTENT is written when it is full."""

    def fill(run: Run, _: Answered) -> Next:
        assert run.status is not None
        snapshot = snapshot_of(run.status)
        first = run.first if run.first is not None and run.first.fn_serial == snapshot.fn_serial else snapshot
        return replace(run, phase=Phase.FILL, snapshot=snapshot, first=first), Fill()

    def begin(run: Run, _: Answered) -> Next:
        assert run.snapshot is not None
        return replace(run, phase=Phase.BEGIN), Begin(run.snapshot)

    patch.setitem(table.TABLE, (Phase.ABLE, Answer.OK), fill)
    patch.setitem(table.TABLE, (Phase.FILL, Answer.OK), begin)
    patch.setitem(table.TABLE, (Phase.BEGIN, Answer.OK), attempt.filled)
    for kind in (Answer.NOT_SENT, Answer.REFUSED, Answer.DOUBT):
        patch.setitem(table.TABLE, (Phase.FILL, kind), ENDING.not_ready_because)


def closing_after_close(patch: Patch) -> None:
    def close(run: Run) -> Next:
        return replace(run, phase=Phase.CLOSE), Close()

    def note(run: Run, answer: Answered) -> Next:
        closed = replace(run, phase=Phase.CLOSING, closing=True, reply=answer.value, own_open=False)
        return closed, Commit(JobEvent.CLOSING)

    patch.setattr(attempt, "closing", close)
    patch.setitem(table.TABLE, (Phase.CLOSE, Answer.OK), note)
    patch.setitem(table.TABLE, (Phase.CLOSING, Answer.OK), lambda run, _: resolve.read_back(run))


def no_imprint(patch: Patch) -> None:
    plan = agent.devices.work.plan_receipt  # type: ignore[attr-defined]
    patch.setattr(agent.devices.work, "plan_receipt", lambda receipt, **_: plan(receipt, imprint=None))


def _decide_by(patch: Patch, decide: Any) -> None:
    for module in (attempt, resolve, agent.devices.evidence):
        patch.setattr(module, "decide", decide)


def imprint_not_compared(patch: Patch) -> None:
    def any_one(seen: Iterable[Seen], plan: Any, **_: Any) -> Verdict:
        receipts = [s.document for s in seen if s.document.kind in RECEIPTS]
        return Proven(receipts[-1]) if receipts else ProvenNone()

    _decide_by(patch, any_one)


def only_the_last_document(patch: Patch) -> None:
    """Whoever has made documents after ours hides it."""
    decide = attempt.decide

    def last(seen: Iterable[Seen], plan: Any, **more: Any) -> Verdict:
        return decide(list(seen)[-1:], plan, **more)

    _decide_by(patch, last)


def one_document_too_high(patch: Patch) -> None:
    """The archive is read from the second document after the snapshot on."""
    look = resolve.on_look

    def higher(run: Run, answer: Answered) -> Next:
        assert run.first is not None
        return look(replace(run, first=replace(run.first, last_fd=run.first.last_fd + 1)), answer)

    patch.setitem(table.TABLE, (Phase.LOOK, Answer.OK), higher)


def contents_not_compared(patch: Patch) -> None:
    """Without an imprint the only document that came is ours, on any desk, whatever stands in it."""
    decide = attempt.decide

    def only(seen: Iterable[Seen], plan: Any, **more: Any) -> Verdict:
        seen = list(seen)
        receipts = [s.document for s in seen if s.document.kind in RECEIPTS]
        if plan.imprint is None and len(receipts) == 1:
            return Proven(receipts[0])
        return decide(seen, plan, **more)

    _decide_by(patch, only)


def undecided_is_not_done(patch: Patch) -> None:
    """Nobody is asked: what the records do not decide counts as not done."""

    def given_up(run: Run, verdict: Undecidable) -> Next:
        return replace(run, phase=Phase.END), Commit(JobEvent.PROVEN_NONE, {"reason": reason(verdict.code)})

    patch.setattr(resolve, "undecidable", given_up)


def drive_not_compared(patch: Patch) -> None:
    """The fiscal drive's serial number is not looked at when an attempt is decided."""

    def same(run: Run, serial: str) -> Run:
        assert run.snapshot is not None
        return replace(run, snapshot=replace(run.snapshot, fn_serial=serial))

    def on_look(run: Run, answer: Answered) -> Next:
        return look(same(run, answer.value.fn_serial), answer)

    def on_peek(run: Run, answer: Answered) -> Next:
        return peek(same(run, answer.value.fn_serial), answer)

    look, peek = resolve.on_look, resolve.peek_status
    patch.setitem(table.TABLE, (Phase.LOOK, Answer.OK), on_look)
    patch.setitem(table.TABLE, (Phase.PEEK_STATUS, Answer.OK), on_peek)


def wrong_register(patch: Patch) -> None:
    """Whatever answers at the address is taken for the register that is bound."""
    connect, status = Performer.connect, Performer.status

    def bound(self: Performer, told: Any) -> Any:
        serial = self._book.device(self._kkm_id).register_serial
        return told if serial is None else replace(told, register_serial=serial)

    def known(self: Performer) -> Any:
        self._identity = bound(self, connect(self))
        return self._identity

    patch.setattr(Performer, "connect", known)
    patch.setattr(Performer, "status", lambda self: bound(self, status(self)))


def proof_from_the_plan(patch: Patch) -> None:
    """The proof says what was planned and when it was looked for, not what the archive shows."""
    proof = Recorder._proof

    def planned(self: Recorder, document: FiscalDocument | None, data: Any) -> Any:
        plan = self.work.plan
        if document is not None and plan is not None and self.status is not None:
            document = replace(document, at=self.status.at, total=plan.total, tags={})
        return proof(self, document, data)

    patch.setattr(Recorder, "_proof", planned)


SHARED = Hint("shared", kinds=("receipt", "receipt"), target=CLOSE_LOST)

MUTANTS = (
    Mutant(
        "timeout_is_success",
        "The closing command was not answered in time: the job is done.",
        timeout_is_success,
        rules("false_done", "proof_differs"),
        (Hint(target=CLOSE_NOT_HEARD),),
    ),
    Mutant(
        "timeout_is_failure",
        "The closing command was not answered in time: the attempt has failed.",
        timeout_is_failure,
        rules(*DOUBTFUL),
        (Hint("unmarked", target=CLOSE_LOST),),
    ),
    Mutant(
        "retried_without_asking",
        "The closing command was not answered in time: the receipt is sent once more.",
        retried_without_asking,
        rules(*DOUBTFUL),
        (Hint("shared", target=("device:Close", "lost_answer")),),
    ),
    Mutant(
        "no_fence",
        "A document that is left open is not cancelled before the archive is believed.",
        no_fence,
        rules(*DOUBTFUL, "left_open", "wrong_document", "not_final"),
        (Hint(target=("device:Fill", "crash_after"), nth=2), Hint(target=("device:Fill", "crash_late"), nth=3)),
    ),
    Mutant(
        "no_read_back",
        "The register's total is not compared with the planned one before the close.",
        no_read_back,
        rules("wrong_document", "totals"),
        (Hint(kinds=MANY, target=("device:Fill", "swallowed")),),
    ),
    Mutant(
        "late_intent",
        "INTENT is written when the document is full, not before the first command.",
        late_intent,
        rules("intent_missing", "acted_without_intent"),
    ),
    Mutant(
        "closing_after_close",
        "CLOSING is written after the closing command.",
        closing_after_close,
        rules("intent_missing"),
        (Hint(target=CLOSE_LOST),),
    ),
    Mutant(
        "no_imprint",
        "Documents are made without the imprint that the desk wants.",
        no_imprint,
        rules("wrong_document", "human_with_imprint", *DOUBTFUL),
    ),
    Mutant(
        "imprint_not_compared",
        "Any document that came after the snapshot is taken for the job's own.",
        imprint_not_compared,
        rules("foreign_taken", *DOUBTFUL, "proof_differs"),
        (SHARED,),
    ),
    Mutant(
        "only_the_last_document",
        "The archive's last document alone is looked at.",
        only_the_last_document,
        rules(*DOUBTFUL),
        (SHARED,),
    ),
    Mutant(
        "one_document_too_high",
        "The archive is read from one document too high on.",
        one_document_too_high,
        rules(*DOUBTFUL),
        (Hint("unmarked", target=CLOSE_LOST),),
    ),
    Mutant(
        "contents_not_compared",
        "Without an imprint the only new document is taken for ours unseen.",
        contents_not_compared,
        rules("foreign_taken", *DOUBTFUL),
        (Hint("shared_unmarked", target=("device:Close", "power_before"), budget=16),),
    ),
    Mutant(
        "undecided_is_not_done",
        "What the records do not decide is called not done, and nobody is asked.",
        undecided_is_not_done,
        rules(*DOUBTFUL),
        (Hint("shared_unmarked", target=CLOSE_LOST),),
    ),
    Mutant(
        "drive_not_compared",
        "A new fiscal drive is not noticed while an attempt is decided.",
        drive_not_compared,
        rules(*DOUBTFUL),
        (Hint(theme="fn_swap", target=("device:Close", "silent")),),
    ),
    Mutant(
        "wrong_register",
        "Another register behind the address is not noticed.",
        wrong_register,
        rules("wrong_document", "unasked", "totals", "false_done", "proof_differs", "duplicate", "event_missing"),
        (Hint("two", kinds=("receipt",) * 4, budget=14),),
    ),
    Mutant(
        "proof_from_the_plan",
        "The proof shows what was planned, and the time of the look.",
        proof_from_the_plan,
        rules("proof_differs"),
    ),
)
