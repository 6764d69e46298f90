"""R11: after the outcome, whether the receipt was printed to its end."""

from __future__ import annotations

from dataclasses import replace

from agent.procedures.asks import (
    Answered,
    Commit,
    Ended,
    ReadStatus,
    Wait,
)
from agent.procedures.patience import PRINT_PATIENCE
from agent.procedures.receipt.run import Next, Phase, Run
from drivers.api import Paper
from protocol.crm.job_machine import JobEvent
from protocol.crm.outcomes import Paper as PaperOutcome

# --- R11: paper -----------------------------------------------------------------------------------------------------


def paper_of(run: Run) -> PaperOutcome | None:
    status = run.status
    if not run.ctx.plan.print:
        return PaperOutcome.NOT_WANTED
    if status is None or status.busy:
        return None
    return PaperOutcome.COMPLETE if status.paper is Paper.PRESENT and not status.cover_open else PaperOutcome.INCOMPLETE


def after_outcome(run: Run, answer: Answered) -> Next:
    paper = paper_of(run)
    if paper is None:
        return replace(run, phase=Phase.PAPER_WAIT, waiting_since=answer.now), Wait(0.2, "printing")
    return replace(run, phase=Phase.END), Ended(paper_pending=paper is PaperOutcome.INCOMPLETE)


def on_paper(run: Run, answer: Answered) -> Next:
    run = replace(run, status=answer.value)
    paper = paper_of(run)
    assert run.waiting_since is not None
    if paper is None:
        if answer.now - run.waiting_since > PRINT_PATIENCE:
            return finish(run, answer)
        return replace(run, phase=Phase.PAPER_WAIT), Wait(0.3, "printing")
    return replace(run, phase=Phase.PAPER_NOTE), Commit(JobEvent.PAPER, {"paper": paper})


def ask_paper(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.PAPER), ReadStatus()


def paper_noted(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.END), Ended(paper_pending=paper_of(run) is PaperOutcome.INCOMPLETE)


def finish(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.END), Ended()
