"""After doubt: ``find`` and ``last_transaction``, and what a terminal does by itself."""

from __future__ import annotations

from drivers.conformance.terminals.bench import Fate, Hand, Step
from drivers.conformance.terminals.catalogue import Able, behaviour
from drivers.conformance.terminals.samples import OTHER, PRICE
from drivers.conformance.terminals.stage import Stage
from drivers.errors import Refused
from drivers.terminal_api import Found, Operation, Order, Outcome, Transaction

LONGER = 60.0
"""Seconds beyond the longest time, in which a program lives on."""
YESTERDAY = 20 * 3600.0
"""Seconds; the terminal's clock and the computer's may be some hours apart."""


def hang(stage: Stage) -> Order:
    """A payment whose program lives on after it was given up: its order."""
    order = stage.order()
    stage.fate(Step.PAYMENT, Fate.HANG, seconds=stage.driver.capabilities.max_time["money"] + LONGER)
    with stage.paced("money"):
        stage.in_doubt(lambda: stage.pay(order))
    return order


@behaviour("find.unknown", "a reference that was never used: nothing is known of it, and nothing is moved by asking")
def find_unknown(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    before = stage.truth()
    assert stage.driver.find(stage.order(), Operation.PAYMENT) in (Found.NOTHING, Found.NEVER_BEGUN)
    stage.same_book(before)


@behaviour("find.in-progress", "a payment that is still being worked on: IN_PROGRESS", Able.FINDS, Fate.HANG)
def find_in_progress(stage: Stage) -> None:
    stage.connect()
    order = hang(stage)
    assert stage.driver.find(order, Operation.PAYMENT) is Found.IN_PROGRESS
    assert stage.truth().net == 0


@behaviour("find.late-answer", "its own late answer is found, when the terminal has come to its end", Able.FINDS,
           Fate.HANG)  # fmt: skip
def find_late_answer(stage: Stage) -> None:
    stage.connect()
    order = hang(stage)
    stage.sleep(2 * LONGER)
    found = stage.seen(stage.driver.find(order, Operation.PAYMENT))
    assert isinstance(found, Transaction), found
    assert (found.outcome, found.amount in (PRICE, None), stage.truth().net) == (Outcome.APPROVED, True, PRICE)
    assert found.rrn in (stage.truth().charges[-1].rrn, "")


@behaviour("find.after-restart", "the same after the agent has died and been started again, at any moment", Able.FINDS,
           Fate.HANG)  # fmt: skip
def find_after_restart(stage: Stage) -> None:
    stage.connect()
    order = hang(stage)
    stage.restart()
    assert stage.driver.find(order, Operation.PAYMENT) is Found.IN_PROGRESS
    stage.sleep(2 * LONGER)
    stage.restart()
    found = stage.driver.find(order, Operation.PAYMENT)
    assert isinstance(found, Transaction), found
    assert (found.outcome, stage.truth().net) == (Outcome.APPROVED, PRICE)


@behaviour("find.no-other", "another reference is not answered with what became of this one", Able.FINDS, Fate.HANG)
def find_no_other(stage: Stage) -> None:
    stage.connect()
    hang(stage)
    other = stage.order()
    assert stage.driver.find(other, Operation.PAYMENT) in (Found.NOTHING, Found.NEVER_BEGUN)
    stage.sleep(2 * LONGER)
    assert stage.driver.find(other, Operation.PAYMENT) in (Found.NOTHING, Found.NEVER_BEGUN)


@behaviour("find.not-ended", "a payment that was given up here is not ended by it: the program goes on", Able.FINDS,
           Fate.HANG)  # fmt: skip
def not_ended(stage: Stage) -> None:
    stage.connect()
    hang(stage)
    stage.driver.disconnect()
    stage.sleep(2 * LONGER)
    assert stage.truth().net == PRICE


@behaviour("find.one-at-a-time", "while it is worked on, no other operation begins", Able.FINDS, Fate.HANG)
def one_at_a_time(stage: Stage) -> None:
    stage.connect()
    hang(stage)
    verdict = stage.verdict(stage.pay)
    assert verdict is not None
    assert verdict.code == "terminal_busy", repr(verdict)
    stage.sleep(2 * LONGER)
    assert stage.truth().net == PRICE


@behaviour("stale.is-no-answer", "what the operation before left behind is no answer to this one: doubt, and not found",
           Fate.STALE)  # fmt: skip
def stale(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    stage.sleep(YESTERDAY)
    order = stage.order()
    stage.fate(Step.PAYMENT, Fate.STALE)
    stage.recover(stage.in_doubt(lambda: stage.pay(order)))
    assert not isinstance(stage.driver.find(order, Operation.PAYMENT), Transaction)


@behaviour("last.none", "a terminal that has done nothing: no last operation, or it cannot say", Able.HAS_LAST)
def last_none(stage: Stage) -> None:
    stage.connect()
    found: list[object] = []
    verdict = stage.verdict(lambda: found.append(stage.last()))
    assert found == [None] or isinstance(verdict, Refused), (found, verdict)


@behaviour("last.tells", "the last operation is told as it was answered", Able.HAS_LAST)
def last_tells(stage: Stage) -> None:
    stage.connect()
    stage.paid(OTHER)
    told, found = stage.pay(), stage.last()
    assert found is not None
    assert (found.outcome, found.amount) == (Outcome.APPROVED, PRICE)
    assert (found.rrn, found.auth_code, found.number) == (told.rrn, told.auth_code, told.number)


@behaviour("last.foreign", "another program's payment is the last one, too", Able.HAS_LAST, Hand.FOREIGN_PAYMENT)
def last_foreign(stage: Stage) -> None:
    stage.connect()
    told = stage.pay()
    stage.hand(Hand.FOREIGN_PAYMENT, OTHER)
    found = stage.last()
    assert found is not None
    assert (found.amount, found.number != told.number) == (OTHER, True)


@behaviour("last.lost-answer", "a payment whose answer was lost is the last one if it stands, and not if it does not",
           Able.HAS_LAST, Fate.ANSWER_LOST)  # fmt: skip
def last_lost_answer(stage: Stage) -> None:
    stage.connect()
    stage.paid(OTHER)
    stage.fate(Step.PAYMENT, Fate.ANSWER_LOST)
    stage.recover(stage.in_doubt(stage.pay))
    found, stands = stage.last(), stage.truth().net == OTHER + PRICE
    assert found is not None
    assert (found.outcome is Outcome.APPROVED and found.amount == PRICE) == stands, found


@behaviour("last.silence", "a terminal that does not answer the question: a verdict in time, not None", Able.HAS_LAST,
           Fate.SILENCE)  # fmt: skip
def last_silence(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    stage.fate(Step.LAST, Fate.SILENCE)
    with stage.paced("query"):
        assert stage.verdict(stage.last) is not None
    stage.recover()
    assert stage.last() is not None


@behaviour("last.garbage", "noise instead of the answer: a verdict, not None", Able.HAS_LAST, Fate.GARBAGE)
def last_garbage(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    stage.fate(Step.LAST, Fate.GARBAGE)
    with stage.paced("query"):
        assert stage.verdict(stage.last) is not None


@behaviour("last.unsupported", "where it cannot be asked for: terminal_unsupported, before anything is sent",
           Able.HAS_NO_LAST)  # fmt: skip
def last_unsupported(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    with stage.silent():
        stage.refused(stage.driver.last_transaction, "terminal_unsupported")


@behaviour("doubt.taken-back-by-itself", "what was not acknowledged is taken back within the time that is declared",
           Able.ACKNOWLEDGES, Fate.UNACKNOWLEDGED)  # fmt: skip
def taken_back(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.UNACKNOWLEDGED)
    stage.wait_out(stage.in_doubt(stage.pay))
    assert stage.truth().net == 0


@behaviour("doubt.twice", "doubt after doubt: each of its own, and each at most once in the book", Fate.ANSWER_LOST,
           Fate.GARBAGE)  # fmt: skip
def twice(stage: Stage) -> None:
    stage.connect()
    for fate in (Fate.ANSWER_LOST, Fate.GARBAGE, Fate.ANSWER_LOST):
        stage.fate(Step.PAYMENT, fate)
        stage.recover(stage.in_doubt(stage.pay))
    assert stage.truth().net in range(0, 3 * PRICE + 1, PRICE)
    stage.paid()


@behaviour("doubt.restart", "after doubt, a restart and a connection the next payment is made", Fate.ANSWER_LOST)
def restarted(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.ANSWER_LOST)
    doubt = stage.in_doubt(stage.pay)
    stage.restart()
    stage.recover(doubt)
    stage.paid()
