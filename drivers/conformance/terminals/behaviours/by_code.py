"""Payments by QR code: begun here, paid at the customer's bank, known by a name of our own."""

from __future__ import annotations

from dataclasses import replace

from drivers.conformance.terminals.bench import Fate, Step
from drivers.conformance.terminals.catalogue import Able, behaviour
from drivers.conformance.terminals.clerk import Clerk
from drivers.conformance.terminals.samples import PART, PRICE
from drivers.conformance.terminals.stage import Stage, original_of
from drivers.errors import InDoubt
from drivers.terminal_api import Found, Means, Operation, Original, Outcome, Transaction


def paid_by_code(stage: Stage) -> Original:
    told = stage.pay(stage.order(means=Means.SBP))
    assert told.outcome is Outcome.APPROVED
    return original_of(told, PRICE)


@behaviour("qr.declined", "the customer's bank declines: payment_declined, nothing is charged", Able.SBP, Fate.DECLINED)
def declined(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.QR_PAYMENT, Fate.DECLINED)
    clerk = Clerk()
    told = stage.pay(stage.order(means=Means.SBP), clerk)
    assert (told.outcome, told.reason, clerk.told) == (Outcome.DECLINED, "payment_declined", [])
    assert stage.truth().net == 0


@behaviour("qr.nobody-pays", "a code that nobody pays: declined, cancelled or doubt, in its time; never approved",
           Able.SBP, Fate.NO_CARD)  # fmt: skip
def nobody_pays(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.QR_PAYMENT, Fate.NO_CARD)
    with stage.paced("money"):
        try:
            told = stage.pay(stage.order(means=Means.SBP))
        except InDoubt as doubt:
            stage.recover(doubt)
        else:
            assert told.outcome in (Outcome.DECLINED, Outcome.CANCELLED)
    assert stage.truth().net == 0


@behaviour("qr.slow", "a customer who takes his time pays all the same, once", Able.SBP, Fate.SLOW)
def slow(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.QR_PAYMENT, Fate.SLOW, seconds=40.0)
    assert stage.pay(stage.order(means=Means.SBP)).outcome is Outcome.APPROVED
    assert stage.truth().net == PRICE


@behaviour("qr.found", "one whose answer was lost is found by its name, in progress or as it ended; after a restart",
           Able.SBP, Able.FINDS, Fate.ANSWER_LOST)  # fmt: skip
def found(stage: Stage) -> None:
    stage.connect()
    order = stage.order(means=Means.SBP)
    stage.fate(Step.QR_PAYMENT, Fate.ANSWER_LOST)
    doubt = stage.in_doubt(lambda: stage.pay(order))
    early = stage.driver.find(order, Operation.PAYMENT)
    assert early is Found.IN_PROGRESS or isinstance(early, Transaction), early
    stage.wait_out(doubt)
    stage.restart()
    stage.connect()
    late = stage.seen(stage.driver.find(order, Operation.PAYMENT))
    assert isinstance(late, Transaction), late
    assert (late.outcome, late.amount in (PRICE, None), stage.truth().net) == (Outcome.APPROVED, True, PRICE)
    assert late.sbp_id


@behaviour("qr.unknown", "a name that was never used is not found", Able.SBP, Able.FINDS)
def unknown(stage: Stage) -> None:
    stage.connect()
    paid_by_code(stage)
    assert stage.driver.find(stage.order(means=Means.SBP), Operation.PAYMENT) in (Found.NOTHING, Found.NEVER_BEGUN)


@behaviour("qr.refund-part", "a part of it is given back", Able.SBP, Able.PARTIAL_REFUND)
def refund_part(stage: Stage) -> None:
    stage.connect()
    original = paid_by_code(stage)
    told = stage.refund(original, stage.order(PART, Means.SBP))
    assert (told.outcome, stage.truth().net) == (Outcome.APPROVED, PRICE - PART)


@behaviour("qr.refund-needs", "without the ids of the code nothing is given back: refused before anything is sent",
           Able.SBP)  # fmt: skip
def refund_needs(stage: Stage) -> None:
    stage.connect()
    original = paid_by_code(stage)
    poor = replace(original, sbp_id="")
    with stage.silent():
        stage.refused(lambda: stage.refund(poor, stage.order(means=Means.SBP)), "terminal_needs_original")
        stage.refused(lambda: stage.refund(None, stage.order(means=Means.SBP)), "terminal_needs_original")


@behaviour("qr.void", "there is no void of a code, but a refund: terminal_unsupported, before anything is sent",
           Able.SBP)  # fmt: skip
def void(stage: Stage) -> None:
    stage.connect()
    original = paid_by_code(stage)
    with stage.silent():
        stage.refused(lambda: stage.void(original, stage.order(means=Means.SBP)), "terminal_unsupported")
