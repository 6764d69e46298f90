"""Calling a payment off from here: a request, and the terminal's answer wins."""

from __future__ import annotations

from drivers.conformance.terminals.bench import Fate, Step
from drivers.conformance.terminals.catalogue import Able, behaviour
from drivers.conformance.terminals.clerk import Clerk
from drivers.conformance.terminals.samples import PRICE
from drivers.conformance.terminals.stage import Stage
from drivers.terminal_api import Outcome, Progress

SOON = 30.0
OFTEN = 2.0  # looks a second


def at_once(clerk: Clerk) -> bool:
    return clerk.looks > 0


@behaviour("abort.before-card", "called off before the card: cancelled, soon, and nothing is charged",
           Able.ABORT, Fate.NO_CARD)  # fmt: skip
def before_card(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.NO_CARD)
    clerk = Clerk(stop=lambda clerk: clerk.looks >= 3)
    before = stage.now()
    told = stage.pay(clerk=clerk)
    assert (told.outcome, clerk.told) == (Outcome.CANCELLED, [])
    assert told.reason in ("payment_cancelled", "payment_no_card")
    assert stage.now() - before <= SOON
    assert stage.truth().charges == []
    stage.paid()


@behaviour("abort.too-late", "called off when the bank is asked already: the approval that comes wins", Able.ABORT,
           Able.PROGRESS, Fate.SLOW)  # fmt: skip
def too_late(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.SLOW, seconds=10.0)
    clerk = Clerk(stop=lambda clerk: Progress.ONLINE in clerk.heard)
    told = stage.pay(clerk=clerk)
    assert (told.outcome, stage.truth().net) == (Outcome.APPROVED, PRICE)


@behaviour("abort.looked-at", "whether it is called off is looked at several times a second while the terminal waits",
           Able.ABORT, Fate.NO_CARD)  # fmt: skip
def looked_at(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.NO_CARD)
    clerk = Clerk()
    before = stage.now()
    stage.pay(clerk=clerk)
    took = stage.now() - before
    assert took > 1.0, "nobody waited for a card"
    assert clerk.looks >= took * OFTEN, f"{clerk.looks} looks in {took:.0f} s"


@behaviour("abort.not-wanted", "a payment that nobody calls off is not called off", Able.ABORT, Fate.SLOW)
def not_wanted(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.SLOW, seconds=30.0)
    assert stage.pay().outcome is Outcome.APPROVED


@behaviour("abort.in-doubt", "called off, and the channel breaks: doubt, never cancelled", Able.ABORT, Fate.BROKEN)
def in_doubt(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.BROKEN)
    stage.recover(stage.in_doubt(lambda: stage.pay(clerk=Clerk(stop=at_once))))
    stage.paid()


@behaviour("abort.unsupported", "where it cannot be done, the wish changes nothing", Able.NO_ABORT, Fate.SLOW)
def unsupported(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.SLOW, seconds=10.0)
    told = stage.pay(clerk=Clerk(stop=at_once))
    assert (told.outcome, stage.truth().net) == (Outcome.APPROVED, PRICE)
