"""R1 to R4: whether a receipt may start, and what the archive says before it does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.journal.rows import Snapshot
from agent.procedures import receipt
from agent.procedures.asks import (
    Answer,
    Answered,
    Ask,
    Begin,
    CheckReceipt,
    Commit,
    ContinuePrint,
    Fence,
    Needs,
    NoteSeen,
    NotReady,
    Operation,
    ReadDocument,
    ReadStatus,
    Wait,
)
from agent.procedures.patience import MARGIN
from agent.procedures.receipt import Context, Run
from drivers.api import Paper, ShiftState, Status
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.ffd.planned import PlannedPayments
from tests.support.model_register import FN, MAX_TIME, SERIAL, ModelRegister
from tests.support.play import PLAN, Desk


def context(**changes: Any) -> Context:
    known: dict[str, Any] = {
        "plan": PLAN, "exclusive": True, "register_serial": SERIAL, "known_fn": FN, "highest_fd": 2, "open_shift": True,
        "close_expired_shift": True, "max_time": MAX_TIME,
    }  # fmt: skip
    return Context(**known | changes)


def answered(value: Any = None, now: float = 0.0, kind: Answer = Answer.OK, code: str | None = None) -> Answered:
    return Answered(kind, now, value, reason(code) if code else None)


STATUS: Status = ModelRegister().status()


def told(status: Status, ctx: Context | None = None) -> Ask:
    """What is asked after the first look."""
    run, ask = receipt.start(ctx or context(), None)
    assert ask == ReadStatus()
    return receipt.step(run, answered(status))[1]


NOT_READY = [
    # what the register says                       reason
    ({"register_serial": "0000000000000001"},      "wrong_device"),
    ({"blocked": "fn_expired"},                    "fn_expired"),
    ({"blocked": "fn_absent"},                     "fn_absent"),
    ({"clock_unset": True},                        "clock_unset"),
    ({"cover_open": True},                         "cover_open"),
    ({"paper": Paper.ABSENT},                      "no_paper"),
    ({"paper": Paper.INTERRUPTED},                 "no_paper"),
    # the more serious cause is told first
    ({"blocked": "fn_full", "cover_open": True},   "fn_full"),
    ({"cover_open": True, "paper": Paper.ABSENT},  "cover_open"),
    ({"register_serial": "0000000000000001", "blocked": "fn_full"}, "wrong_device"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code"), NOT_READY)
def test_not_ready(changes: dict[str, Any], code: str) -> None:
    ask = told(replace(STATUS, **changes))
    assert isinstance(ask, NotReady)
    assert ask.reason.code == code


SHIFTS = [
    # shift               open it  close it  then
    (ShiftState.CLOSED,   True,    False,    Needs(Operation.OPEN_SHIFT)),
    (ShiftState.CLOSED,   False,   True,     "shift_closed"),
    (ShiftState.EXPIRED,  False,   True,     Needs(Operation.CLOSE_SHIFT)),
    (ShiftState.EXPIRED,  True,    False,    "shift_expired"),
]  # fmt: skip


@pytest.mark.parametrize(("shift", "open_it", "close_it", "then"), SHIFTS)
def test_shift_by_the_desks_policy(shift: ShiftState, open_it: bool, close_it: bool, then: Needs | str) -> None:
    ask = told(replace(STATUS, shift=shift), context(open_shift=open_it, close_expired_shift=close_it))
    assert (ask.reason.code if isinstance(ask, NotReady) else ask) == then


@pytest.mark.parametrize("kind", [Answer.NOT_SENT, Answer.REFUSED, Answer.DOUBT])
def test_a_device_that_does_not_say_how_it_is(kind: Answer) -> None:
    run, _ = receipt.start(context(), None)
    assert receipt.step(run, answered(kind=kind, code="no_reply"))[1] == NotReady(reason("no_reply"))
    assert receipt.step(run, answered(kind=kind))[1] == NotReady(reason("device_offline"))


def test_a_new_fiscal_drive_is_no_refusal() -> None:
    """It is noted; what an earlier drive held is not looked for on this one."""
    ask = told(replace(STATUS, fn_serial="9999078900099999", last_fd=1))
    assert ask == NoteSeen("9999078900099999", 1, ())


def test_resumable_paper_is_continued_before_anything_else() -> None:
    assert told(replace(STATUS, paper=Paper.RESUMABLE)) == ContinuePrint()
    desk = Desk()
    desk.register.paper = Paper.RESUMABLE
    assert desk.run() is Known.DONE
    assert [type(ask) for _, ask in desk.asked[:4]] == [ReadStatus, ContinuePrint, Wait, ReadStatus]


def _follow(status: Status, ctx: Context, seconds: float) -> tuple[list[Ask], Run]:
    """What is asked while the register keeps saying the same."""
    run, ask = receipt.start(ctx, None)
    asks, now = [ask], 0.0
    while now <= seconds and not isinstance(ask, (NotReady, Needs)):
        if isinstance(ask, Wait):
            now += ask.seconds
        run, ask = receipt.step(run, answered(status if isinstance(ask, ReadStatus) else None, now))
        asks.append(ask)
    assert isinstance(asks[-1], NotReady), asks
    return asks, run


def test_busy_is_waited_out_for_half_a_minute() -> None:
    asks, _ = _follow(replace(STATUS, busy=True), context(), 60.0)
    waited = sum(ask.seconds for ask in asks if isinstance(ask, Wait))
    assert asks[-1] == NotReady(reason("device_busy"))
    assert 30.0 <= waited < 31.0


LEFT = [({"document_open": True}, "receipt"), ({"fn_document_open": True}, "fiscal drive")]


@pytest.mark.parametrize(("what", "_name"), LEFT, ids=[name for _, name in LEFT])
def test_a_left_over_document_is_cancelled_on_an_exclusive_desk_only(what: dict[str, Any], _name: str) -> None:
    still = replace(STATUS, **what)
    asks, _ = _follow(still, context(), 60.0)
    assert [type(ask) for ask in asks[:3]] == [ReadStatus, Fence, ReadStatus]
    assert sum(isinstance(ask, Fence) for ask in asks) == 1  # a register that keeps it open is not hammered

    asks, _ = _follow(still, context(exclusive=False), 60.0)
    assert not any(isinstance(ask, Fence) for ask in asks)
    assert asks[-1] == NotReady(reason("document_open"))
    assert sum(ask.seconds for ask in asks if isinstance(ask, Wait)) == 30.0


def test_another_programs_document_is_waited_for() -> None:
    desk = Desk(exclusive=False)
    desk.register.foreign_document()
    desk.register.later(12.0, desk.register.cancel)
    assert desk.run() is Known.DONE
    assert desk.kept.job.attempt == 1


def test_a_cancel_that_may_still_run_is_waited_out_before_the_attempt() -> None:
    """Or it would strike the document of the attempt itself."""
    run, _ = receipt.start(context(), None)
    run, ask = receipt.step(run, answered(replace(STATUS, document_open=True)))
    assert ask == Fence()
    run, ask = receipt.step(run, Answered(Answer.DOUBT, 0.5, reason=reason("no_reply"), remaining=7.0))
    assert ask == Wait(7.0 + MARGIN, "document_open")
    run, ask = receipt.step(run, answered(now=9.5))
    assert ask == ReadStatus()


# --- R3 -------------------------------------------------------------------------------------------------------------


def _desk_that_knows(fd: int, **more: Any) -> Desk:
    desk = Desk(**more)
    desk.kept.fn, desk.kept.highest_fd = FN, fd
    return desk


def test_every_document_since_the_last_known_one_is_read() -> None:
    desk = _desk_that_knows(2)
    for total in (100, 200, 300):
        desk.register.foreign_receipt(total)
    desk.run()
    read = [ask.fd for phase, ask in desk.asked if phase == "R3 read the archive" and isinstance(ask, ReadDocument)]
    noted = next(ask for _, ask in desk.asked if isinstance(ask, NoteSeen))
    assert read == [3, 4, 5]
    assert (noted.highest_fd, [s.document.total for s in noted.seen]) == (5, [100, 200, 300])


def test_nothing_is_noted_when_nothing_is_new() -> None:
    desk = _desk_that_knows(2)
    desk.run()
    assert not any(isinstance(ask, NoteSeen) for _, ask in desk.asked)


@pytest.mark.parametrize("foreign", [0, 2])
def test_a_journal_restored_from_an_older_copy_finds_its_own_document(foreign: int) -> None:
    desk = _desk_that_knows(2)
    desk.register.fill(PLAN)
    desk.register.close()
    for _ in range(foreign):
        desk.register.foreign_receipt(PLAN.total)
    assert desk.run() is Known.DONE
    assert desk.events == [JobEvent.FOUND]
    assert desk.commits[0].data["document"].fd == 3


NO_START = [
    # what the archive holds                                             reason
    (lambda r: (r.foreign_receipt(PLAN.total, "ABCDEFGHIJKLM"),
                r.foreign_receipt(PLAN.total, "ABCDEFGHIJKLM")),         "two_documents"),
    (lambda r: r.foreign_receipt(1, "ABCDEFGHIJKLM"),                     "content_differs"),
    (lambda r: (r.foreign_receipt(1), r.unreadable.add(3)),               "no_data"),
    (lambda r: (r.foreign_receipt(1), r.foreign_receipt(2), r.documents.pop(3)), "archive_unreadable"),
]  # fmt: skip


@pytest.mark.parametrize(("holds", "code"), NO_START, ids=[code for _, code in NO_START])
def test_no_start_while_the_archive_cannot_tell(holds: Any, code: str) -> None:
    """Nothing was begun, so nothing needs to be decided: the job waits with the reason."""
    desk = _desk_that_knows(2)
    holds(desk.register)
    desk.round()
    assert isinstance(desk.ended, NotReady)
    assert desk.ended.reason.code == code
    assert desk.events == []


def test_an_old_document_without_its_tags_does_not_stop_a_first_attempt() -> None:
    """A job without an attempt cannot own what is too old to be read in full; one with an attempt can."""
    desk = _desk_that_knows(2)
    desk.register.imprints_lost.add(desk.register.foreign_receipt(1))
    assert desk.run() is Known.DONE

    desk = _desk_that_knows(2)
    status = desk.register.status()
    desk.kept.first = Snapshot(SERIAL, FN, status.last_fd, 1, 0, status.at.isoformat())
    desk.register.imprints_lost.add(desk.register.foreign_receipt(1))
    desk.round()
    assert isinstance(desk.ended, NotReady)
    assert desk.ended.reason.code == "archive_unreadable"


def test_the_range_of_an_earlier_attempt_is_read_again() -> None:
    """Even when the journal has noted a higher number meanwhile."""
    ctx = context(highest_fd=9)
    first = Snapshot(SERIAL, FN, 5, 1, 0, "2026-07-01T12:00:00")
    run, _ = receipt.start(ctx, first)
    _, ask = receipt.step(run, answered(replace(STATUS, last_fd=9)))
    assert ask == ReadDocument(6)


def test_an_earlier_attempt_on_another_drive_gives_no_range() -> None:
    first = Snapshot(SERIAL, "9999078900011111", 5, 1, 0, "2026-07-01T12:00:00")
    run, _ = receipt.start(context(highest_fd=2), first)
    run, ask = receipt.step(run, answered(STATUS))
    assert ask == CheckReceipt()
    run, ask = receipt.step(run, answered())
    assert isinstance(ask, Begin)
    assert run.first == ask.snapshot


# --- R4 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["lease_passed", "no_server_time", "wrong_epoch", "disk_low"])
def test_intent_is_refused_by_the_lane(code: str) -> None:
    run, _ = receipt.start(context(), None)
    run, ask = receipt.step(run, answered(STATUS))
    run, ask = receipt.step(run, answered())
    assert ask == Begin(receipt.snapshot_of(STATUS))
    assert receipt.step(run, answered(kind=Answer.REFUSED, code=code))[1] == NotReady(reason(code))


def test_what_the_snapshot_keeps() -> None:
    snapshot = receipt.snapshot_of(STATUS)
    assert snapshot == Snapshot(SERIAL, FN, 2, 1, 0, "2026-07-01T12:00:00")


def test_found_is_done_without_an_attempt() -> None:
    desk = _desk_that_knows(2)
    desk.register.fill(PLAN)
    desk.register.close()
    desk.run()
    assert desk.kept.job.attempt == 0
    assert [ask for _, ask in desk.asked if isinstance(ask, (Begin, Commit))] == desk.commits


# --- can the register make it at all? -------------------------------------------------------------------------------

PAYOUTS = [
    # sign  cash    drawer  impossible
    (1,     35000,  0,      False),  # the customer pays
    (2,     35000,  34999,  True),
    (2,     35000,  35000,  False),
    (2,     35000,  None,   False),  # the register does not say
    (2,     0,      0,      False),  # back to the card
    (3,     35000,  0,      True),
    (4,     35000,  0,      False),
]  # fmt: skip


@pytest.mark.parametrize(("sign", "cash", "drawer", "impossible"), PAYOUTS)
def test_a_payout_beyond_the_drawer_is_refused_before_anything_is_sent(
    sign: int, cash: int, drawer: int | None, impossible: bool
) -> None:
    plan = replace(PLAN, sign=sign, payments=PlannedPayments(cash=cash, card=PLAN.total - cash))
    ask = told(replace(STATUS, drawer=drawer), context(plan=plan))
    detail = f"{cash} of {drawer}"
    short = Commit(JobEvent.IMPOSSIBLE, {"reason": reason("cash_short", detail=detail)})
    assert ask == (short if impossible else CheckReceipt())


UNABLE = [
    # answer            code                        then
    (Answer.REFUSED,    "vat20_autoreplace",        Known.NOT_DONE),
    (Answer.REFUSED,    "unsupported",              Known.NOT_DONE),
    (Answer.REFUSED,    "shift_closed",             None),  # waiting, or a hand at the register, changes it
    (Answer.REFUSED,    "ofd_blocked",              None),
    (Answer.NOT_SENT,   "link_lost",                None),
    (Answer.DOUBT,      "no_reply",                 None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "code", "then"), UNABLE)
def test_what_the_register_says_of_the_receipt(kind: Answer, code: str, then: Known | None) -> None:
    run, _ = receipt.start(context(), None)
    run, ask = receipt.step(run, answered(STATUS))
    assert ask == CheckReceipt()
    _, ask = receipt.step(run, answered(kind=kind, code=code))
    why = reason(code)
    assert ask == (Commit(JobEvent.IMPOSSIBLE, {"reason": why}) if then else NotReady(why))


def test_a_receipt_that_can_never_be_made_ends_the_job_without_an_attempt() -> None:
    desk = _desk_that_knows(2)
    desk.register.unable = "unsupported"
    assert desk.run() is Known.NOT_DONE
    assert desk.events == [JobEvent.IMPOSSIBLE]
    assert not any(isinstance(ask, Begin) for _, ask in desk.asked)


def test_what_is_there_already_is_not_judged_impossible() -> None:
    """The archive is asked first: a receipt that exists would otherwise be told as not done."""
    desk = _desk_that_knows(2)
    desk.register.fill(PLAN)
    desk.register.close()
    desk.register.unable = "unsupported"
    assert desk.run() is Known.DONE
    assert desk.events == [JobEvent.FOUND]
