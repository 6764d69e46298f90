"""Bringing money back: ``refund``, ``void``, ``reverse_last``.

What an interface needs and an original lacks, and what an interface cannot do, is said before a byte is sent.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from drivers.conformance.terminals.bench import Fate, Hand, Kind, Step
from drivers.conformance.terminals.catalogue import Able, Behaviour, behaviour
from drivers.conformance.terminals.clerk import Clerk
from drivers.conformance.terminals.samples import OTHER, PART, PRICE
from drivers.conformance.terminals.stage import Stage, original_of
from drivers.errors import InDoubt, Refused
from drivers.terminal_api import Means, Operation, Original, Outcome

KINDS = {Operation.REFUND: Kind.REFUND, Operation.VOID: Kind.VOID}


@behaviour("refund.full", "a payment is given back whole: once in the bank's book")
def refund_full(stage: Stage) -> None:
    stage.connect()
    original = stage.paid()
    told = stage.refund(original)
    assert told.outcome is Outcome.APPROVED
    assert told.operation in (Operation.REFUND, None)
    assert (stage.truth().charges[-1].kind, stage.truth().net) == (Kind.REFUND, 0)


@behaviour("refund.part", "a part is given back, and another part of the rest", Able.PARTIAL_REFUND)
def refund_part(stage: Stage) -> None:
    stage.connect()
    original = stage.paid()
    for given in (PART, PRICE - PART - 1):
        told = stage.refund(original, stage.order(given))
        assert (told.outcome, told.amount in (given, None)) == (Outcome.APPROVED, True)
    assert stage.truth().net == 1


@behaviour("refund.part-unsupported", "a part where there is none: terminal_unsupported, before anything is sent",
           Able.WHOLE_REFUND)  # fmt: skip
def refund_part_unsupported(stage: Stage) -> None:
    stage.connect()
    original = stage.paid()
    with stage.silent():
        stage.refused(lambda: stage.refund(original, stage.order(PART)), "terminal_unsupported")


@behaviour("refund.too-much", "more than was paid is not given back, whoever notices it")
def refund_too_much(stage: Stage) -> None:
    stage.connect()
    original = stage.paid()
    try:
        told = stage.refund(original, stage.order(PRICE + 1))
    except Refused:
        pass
    else:
        assert told.outcome is not Outcome.APPROVED
    assert stage.truth().net == PRICE


@behaviour("refund.not-the-last", "a payment is given back though another came after it: the right one")
def refund_not_the_last(stage: Stage) -> None:
    stage.connect()
    first = stage.paid()
    stage.paid(OTHER)
    assert stage.refund(first).outcome is Outcome.APPROVED
    assert stage.truth().net == OTHER


@behaviour("refund.next-day", "a payment of a day that is closed is given back", Able.SETTLES)
def refund_next_day(stage: Stage) -> None:
    stage.connect()
    original = stage.paid()
    stage.driver.settle()
    assert stage.refund(original).outcome is Outcome.APPROVED
    assert stage.truth().net == 0


@behaviour("refund.after-restart", "a refund needs nothing but what the answer of the payment told")
def refund_after_restart(stage: Stage) -> None:
    stage.connect()
    original = stage.paid()
    stage.restart()
    stage.connect()
    assert stage.refund(original).outcome is Outcome.APPROVED


@behaviour("refund.declined", "a refund that the bank declines: payment_declined, and the money stays", Fate.DECLINED)
def refund_declined(stage: Stage) -> None:
    stage.connect()
    original = stage.paid()
    stage.fate(Step.REFUND, Fate.DECLINED)
    clerk = Clerk()
    told = stage.refund(original, clerk=clerk)
    assert (told.outcome, told.reason, clerk.told) == (Outcome.DECLINED, "payment_declined", [])
    assert stage.truth().net == PRICE


@behaviour("refund.sbp", "what was paid by QR code is given back by its own ids, never by a card", Able.SBP)
def refund_sbp(stage: Stage) -> None:
    stage.connect()
    paid = stage.pay(stage.order(means=Means.SBP))
    told = stage.refund(original_of(paid, PRICE), stage.order(means=Means.SBP))
    assert (told.outcome, stage.truth().net) == (Outcome.APPROVED, 0)


@behaviour("refund.unknown-needs", "a payment that nobody knows: refused before anything is sent, where ids are needed",
           Able.REFUND_NEEDS)  # fmt: skip
def refund_unknown(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    with stage.silent():
        stage.refused(lambda: stage.refund(None), "terminal_needs_original", "terminal_unsupported")


@behaviour("refund.unknown", "a payment that nobody knows any more is given back with the card, or that is refused",
           Able.REFUND_NEEDS_NOTHING)  # fmt: skip
def refund_with_card(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    try:
        told = stage.refund(None)
    except Refused as refused:
        stage.expect(refused, "terminal_unsupported")
    else:
        assert (told.outcome, stage.truth().net) == (Outcome.APPROVED, 0)


def _without(original: Original, name: str) -> Original:
    lacking: dict[str, Any] = {name: None if name == "at" else ""}
    return replace(original, **lacking)


def _needs(operation: Operation, able: Able) -> Behaviour:
    @behaviour(f"{operation}.needs", "an original that lacks what is needed: terminal_needs_original, which names it, "
               "before anything is sent", able)  # fmt: skip
    def needs(stage: Stage) -> None:
        stage.connect()
        original = stage.paid()
        said = stage.driver.capabilities
        wanted = said.refund_needs if operation is Operation.REFUND else said.void_needs
        bring = stage.refund if operation is Operation.REFUND else stage.void
        for name in sorted(wanted):
            poor = _without(original, name)
            with stage.silent():
                refused = stage.refused(partial(bring, poor), "terminal_needs_original")
            assert name in refused.detail, f"{refused!r} does not name {name}"
        assert stage.truth().net == PRICE

    return needs


NEEDS = (_needs(Operation.REFUND, Able.REFUND_NEEDS), _needs(Operation.VOID, Able.VOID_NEEDS))


@behaviour("void.full", "a payment of the same day is taken back whole")
def void_full(stage: Stage) -> None:
    stage.connect()
    original = stage.paid()
    told = stage.void(original)
    assert told.outcome is Outcome.APPROVED
    assert told.operation in (Operation.VOID, None)
    assert stage.truth().net == 0


@behaviour("void.part", "a part of a payment of the same day is taken back", Able.PARTIAL_VOID)
def void_part(stage: Stage) -> None:
    stage.connect()
    original = stage.paid()
    assert stage.void(original, stage.order(PART)).outcome is Outcome.APPROVED
    assert stage.truth().net == PRICE - PART


@behaviour("void.part-unsupported", "a part where there is none: terminal_unsupported, before anything is sent",
           Able.WHOLE_VOID)  # fmt: skip
def void_part_unsupported(stage: Stage) -> None:
    stage.connect()
    original = stage.paid()
    with stage.silent():
        stage.refused(lambda: stage.void(original, stage.order(PART)), "terminal_unsupported")


@behaviour("void.not-the-last", "a payment is voided though another came after it: the right one")
def void_not_the_last(stage: Stage) -> None:
    stage.connect()
    first = stage.paid()
    stage.paid(OTHER)
    assert stage.void(first).outcome is Outcome.APPROVED
    assert stage.truth().net == OTHER


@behaviour("void.twice", "what was voided is not voided again: declined, with a reason, or refused")
def void_twice(stage: Stage) -> None:
    stage.connect()
    original = stage.paid()
    stage.void(original)
    try:
        told = stage.void(original)
    except Refused:
        pass
    else:
        assert told.outcome is Outcome.DECLINED
        assert told.reason in ("payment_already_reversed", "payment_nothing_to_reverse", "payment_declined")
    assert stage.truth().net == 0


@behaviour(
    "void.day-closed", "after the settlement there is no void: declined, with a reason, or refused", Able.SETTLES
)
def void_day_closed(stage: Stage) -> None:
    stage.connect()
    original = stage.paid()
    stage.driver.settle()
    try:
        told = stage.void(original)
    except Refused:
        pass
    else:
        assert told.outcome is Outcome.DECLINED
        assert told.reason in ("payment_day_closed", "payment_nothing_to_reverse", "payment_declined")
    assert stage.truth().net == PRICE


@behaviour("void.declined", "a void that the bank declines: the payment stands", Fate.DECLINED)
def void_declined(stage: Stage) -> None:
    stage.connect()
    original = stage.paid()
    stage.fate(Step.VOID, Fate.DECLINED)
    assert stage.void(original).outcome is Outcome.DECLINED
    assert stage.truth().net == PRICE


@behaviour("reverse.last", "what came last is taken back, unseen", Able.REVERSES)
def reverse_last(stage: Stage) -> None:
    stage.connect()
    stage.paid(OTHER)
    stage.paid()
    assert stage.reverse().outcome is Outcome.APPROVED
    assert stage.truth().net == OTHER


@behaviour("reverse.nothing", "nothing to take back: declined, payment_nothing_to_reverse where it is told apart",
           Able.REVERSES, Fate.NOTHING_LEFT)  # fmt: skip
def reverse_nothing(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    stage.fate(Step.REVERSAL, Fate.NOTHING_LEFT)
    told = stage.reverse()
    assert told.outcome is Outcome.DECLINED
    assert told.reason in ("payment_nothing_to_reverse", "payment_already_reversed", "payment_declined")
    assert stage.truth().net == PRICE


@behaviour("reverse.foreign-is-not-guessed", "it takes back what came last, and that is the caller's to prove",
           Able.REVERSES, Hand.FOREIGN_PAYMENT)  # fmt: skip
def reverse_foreign(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    stage.hand(Hand.FOREIGN_PAYMENT, PRICE)
    assert stage.reverse().outcome is Outcome.APPROVED
    standing = [charge.stands for charge in stage.truth().charges if charge.kind is Kind.PAYMENT]
    assert standing == [True, False], "another operation was taken back than the last one"


@behaviour("reverse.unsupported", "where there is none: terminal_unsupported, before anything is sent",
           Able.REVERSES_NOT)  # fmt: skip
def reverse_unsupported(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    with stage.silent():
        stage.refused(stage.reverse, "terminal_unsupported")


@behaviour("refund.refused", "a refund that the terminal does not begin: Refused or NotSent, never doubt", Fate.REFUSED)
def refund_refused(stage: Stage) -> None:
    stage.connect()
    original = stage.paid()
    stage.fate(Step.REFUND, Fate.REFUSED)
    verdict = stage.verdict(lambda: stage.refund(original))
    assert verdict is not None
    assert not isinstance(verdict, InDoubt), repr(verdict)
