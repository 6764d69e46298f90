"""The moment of approval: ``Attendant.approved``.

Before anything is acknowledged that makes the operation final, whoever asked has written it down.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.conformance.terminals.bench import Fate, Hand, Kind, Setting, Step
from drivers.conformance.terminals.catalogue import Able, Behaviour, behaviour
from drivers.conformance.terminals.clerk import Clerk
from drivers.conformance.terminals.samples import PRICE
from drivers.conformance.terminals.stage import Stage
from drivers.errors import InDoubt
from drivers.terminal_api import Outcome, Transaction, Verdict

LONGEST = 3600.0


class DiskFull(Exception):
    """What a caller's own ``approved`` may raise."""


def _full() -> None:
    raise DiskFull


def _pay(stage: Stage, clerk: Clerk) -> Transaction:
    return stage.pay(clerk=clerk)


def _refund(stage: Stage, clerk: Clerk) -> Transaction:
    return stage.refund(stage.paid(), clerk=clerk)


def _void(stage: Stage, clerk: Clerk) -> Transaction:
    return stage.void(stage.paid(), clerk=clerk)


def _reverse(stage: Stage, clerk: Clerk) -> Transaction:
    stage.paid()
    return stage.reverse(clerk=clerk)


Run = Callable[[Stage, Clerk], Transaction]
OPERATIONS: dict[Kind, tuple[Run, tuple[Able, ...]]] = {
    Kind.PAYMENT: (_pay, ()),
    Kind.REFUND: (_refund, ()),
    Kind.VOID: (_void, ()),
    Kind.REVERSAL: (_reverse, (Able.REVERSES,)),
}


def _once(kind: Kind, run: Run, able: tuple[Able, ...]) -> Behaviour:
    @behaviour(
        f"approved.once-{kind}", f"an approved {kind}: approved is called once, with what is returned then", *able
    )
    def once(stage: Stage) -> None:
        stage.connect()
        clerk = Clerk()
        told = run(stage, clerk)
        assert told.outcome is Outcome.APPROVED
        assert len(clerk.told) == 1, f"called {len(clerk.told)} times"
        early = clerk.told[0]
        assert early.outcome is Outcome.APPROVED
        assert (early.amount, early.rrn, early.auth_code) == (told.amount, told.rrn, told.auth_code)

    return once


def _raises(kind: Kind, run: Run, able: tuple[Able, ...]) -> Behaviour:
    @behaviour(f"approved.raises-{kind}", f"what approved raises of a {kind} comes to the caller as it is, and "
               "the terminal can be used again", *able)  # fmt: skip
    def raises(stage: Stage) -> None:
        stage.connect()
        clerk = Clerk(meanwhile=_full)
        try:
            run(stage, clerk)
        except DiskFull:
            pass
        else:
            raise AssertionError("what approved raised was swallowed")
        assert len(clerk.told) == 1, f"called {len(clerk.told)} times"
        stage.recover()
        stage.paid()

    return raises


EACH = tuple(
    make(kind, run, able) for make in (_once, _raises) for kind, (run, able) in OPERATIONS.items()
)  # fmt: skip


@behaviour("approved.taken-back", "approved, and taken back before it is told: REVERSED, and approved is not called",
           Fate.TAKEN_BACK)  # fmt: skip
def taken_back(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.TAKEN_BACK)
    clerk = Clerk()
    told = stage.pay(clerk=clerk)
    assert (told.outcome, told.reason, clerk.told) == (Outcome.REVERSED, "payment_reversed", [])
    assert stage.truth().net == 0
    stage.paid()


@behaviour("approved.money-is-moved", "when approved is called, the bank has moved the money")
def money_is_moved(stage: Stage) -> None:
    stage.connect()
    seen: list[int] = []
    stage.pay(clerk=Clerk(meanwhile=lambda: seen.append(stage.truth().net)))
    assert seen == [PRICE]


@behaviour("approved.raised-is-not-acknowledged", "where approved raises, nothing is acknowledged: the terminal "
           "takes the payment back", Able.ACKNOWLEDGES)  # fmt: skip
def raised_is_not_acknowledged(stage: Stage) -> None:
    stage.connect()
    try:
        stage.pay(clerk=Clerk(meanwhile=_full))
    except DiskFull:
        pass
    else:
        raise AssertionError("what approved raised was swallowed")
    stage.wait_out(None)
    assert stage.truth().net == 0, "it was acknowledged all the same"


@behaviour("approved.before-acknowledgement", "a line that breaks while approved writes: nothing was acknowledged "
           "before, and it is doubt", Able.ACKNOWLEDGES, Hand.UNPLUG, Hand.PLUG)  # fmt: skip
def before_acknowledgement(stage: Stage) -> None:
    stage.connect()
    clerk = Clerk(meanwhile=lambda: stage.hand(Hand.UNPLUG))
    doubt = stage.in_doubt(lambda: stage.pay(clerk=clerk))
    assert len(clerk.told) == 1
    stage.wait_out(doubt)
    assert stage.truth().net == 0, "it had been acknowledged before approved returned"
    stage.hand(Hand.PLUG)
    stage.recover()
    stage.paid()


@behaviour("approved.kept-is-final", "kept and acknowledged, a payment stands, however long nobody asks",
           Able.ACKNOWLEDGES)  # fmt: skip
def kept_is_final(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    stage.driver.disconnect()
    stage.sleep(7200.0)
    assert stage.truth().net == PRICE


@behaviour("hold.declared", "a terminal that holds is told as such when it is connected", Setting.HOLDS)
def hold_declared(stage: Stage) -> None:
    stage.connect()
    assert stage.driver.capabilities.hold > 0


@behaviour("hold.not-declared", "a terminal that does not hold is not told as one that does")
def hold_not_declared(stage: Stage) -> None:
    stage.connect()
    assert stage.driver.capabilities.hold == 0


def _hold(name: str, says: str, answers: tuple[Verdict, ...], outcome: Outcome, net: int) -> Behaviour:
    @behaviour(f"hold.{name}", says, Setting.HOLDS)
    def hold(stage: Stage) -> None:
        stage.connect()
        clerk = Clerk(*answers)
        told = stage.pay(clerk=clerk)
        assert told.outcome is outcome
        assert len(clerk.told) == len(answers), f"asked {len(clerk.told)} times"
        stage.wait_out(None)
        assert stage.truth().net == net
        stage.paid()

    return hold


HOLDING = (
    _hold("keep", "KEEP: the payment stands", (Verdict.KEEP,), Outcome.APPROVED, PRICE),
    _hold("undo", "UNDO: the terminal takes it back, and says so: REVERSED", (Verdict.UNDO,), Outcome.REVERSED, 0),
    _hold("wait-keep", "WAIT: it asks again, and KEEP is as good then", (Verdict.WAIT, Verdict.WAIT, Verdict.KEEP),
          Outcome.APPROVED, PRICE),
    _hold("wait-undo", "WAIT: it asks again, and UNDO is as good then", (Verdict.WAIT, Verdict.WAIT, Verdict.UNDO),
          Outcome.REVERSED, 0),
)  # fmt: skip


@behaviour("hold.as-declared", "it is kept open for as long as is declared", Setting.HOLDS)
def as_declared(stage: Stage) -> None:
    stage.connect()
    until = stage.now() + stage.driver.capabilities.hold * 0.8

    class Slow(Clerk):
        def approved(self, transaction: Transaction) -> Verdict:
            super().approved(transaction)
            return Verdict.KEEP if stage.now() >= until else Verdict.WAIT

    assert stage.pay(clerk=Slow()).outcome is Outcome.APPROVED
    stage.wait_out(None)
    assert stage.truth().net == PRICE


@behaviour("hold.for-ever", "WAIT for ever: taken back by the terminal in the end, within the hour; REVERSED or doubt",
           Setting.HOLDS)  # fmt: skip
def for_ever(stage: Stage) -> None:
    stage.connect()
    before = stage.now()
    try:
        told = stage.pay(clerk=Clerk(Verdict.WAIT))
    except InDoubt as doubt:
        stage.wait_out(doubt)
    else:
        assert told.outcome is Outcome.REVERSED
    assert stage.now() - before <= LONGEST
    assert stage.truth().net == 0
