"""Payments: ``pay``.

What the terminal said is told as it said it, and the caller looks.
"""

from __future__ import annotations

from dataclasses import replace

from drivers.conformance.terminals.bench import Fate, Kind, Step
from drivers.conformance.terminals.catalogue import Able, Behaviour, behaviour
from drivers.conformance.terminals.clerk import Clerk
from drivers.conformance.terminals.samples import PRICE, SUMS
from drivers.conformance.terminals.stage import Stage
from drivers.errors import InDoubt
from drivers.terminal_api import RUB, Means, Operation, Outcome, Progress


@behaviour("pay.approved", "an approved payment: one charge in the bank's book, of just this sum")
def approved(stage: Stage) -> None:
    stage.connect()
    told = stage.pay()
    assert told.outcome is Outcome.APPROVED
    made = stage.truth().charges
    assert [(charge.kind, charge.amount, charge.stands) for charge in made] == [(Kind.PAYMENT, PRICE, True)]


@behaviour("pay.facts", "what is told of it is the bank's: RRN, authorisation, terminal, merchant; or not told")
def facts(stage: Stage) -> None:
    stage.connect()
    told, truth = stage.pay(), stage.truth()
    made = truth.charges[-1]
    assert told.rrn in (made.rrn, "")
    assert told.auth_code in (made.auth_code, "")
    assert told.terminal_id in (truth.terminal_id, "")
    assert told.merchant_id in (truth.merchant_id, "")
    assert told.amount in (PRICE, None)
    assert told.currency in (RUB, "")
    assert told.operation in (Operation.PAYMENT, None)
    assert told.rrn or told.auth_code or told.number, "nothing by which it could be known again"


@behaviour("pay.reference", "the reference is told as it was given, or not at all")
def reference(stage: Stage) -> None:
    stage.connect()
    for _ in range(3):
        order = stage.order()
        assert stage.pay(order).reference in (order.reference, None)


@behaviour("pay.sums", "sums from one kopeck to millions come to the bank as they were ordered")
def sums(stage: Stage) -> None:
    stage.connect()
    for amount in SUMS:
        told = stage.pay(stage.order(amount))
        assert told.outcome is Outcome.APPROVED
        assert told.amount in (amount, None)
    assert [charge.amount for charge in stage.truth().charges] == list(SUMS)


@behaviour("pay.one-after-another", "payments of the same sum are told apart by what is told of them")
def one_after_another(stage: Stage) -> None:
    stage.connect()
    told = [stage.pay() for _ in range(4)]
    assert len({(each.rrn, each.auth_code, each.number) for each in told}) == 4
    assert stage.truth().net == 4 * PRICE


def _not_paid(fate: Fate, outcomes: tuple[Outcome, ...], reasons: tuple[str, ...], says: str) -> Behaviour:
    @behaviour(f"pay.{fate.replace(' ', '-')}", f"{says}; nothing is charged, and approved is not called", fate)
    def not_paid(stage: Stage) -> None:
        stage.connect()
        stage.fate(Step.PAYMENT, fate)
        clerk = Clerk()
        with stage.paced("money"):
            told = stage.pay(clerk=clerk)
        assert (told.outcome in outcomes, clerk.told) == (True, []), told
        assert told.reason in reasons, told.reason
        assert stage.truth().charges == []
        stage.paid()

    return not_paid


NOT_PAID = (
    _not_paid(Fate.DECLINED, (Outcome.DECLINED,), ("payment_declined",), "the bank declines: payment_declined"),
    _not_paid(Fate.CANCELLED, (Outcome.CANCELLED,), ("payment_cancelled",), "the red key: payment_cancelled"),
    _not_paid(
        Fate.NO_CARD, (Outcome.CANCELLED,), ("payment_no_card", "payment_cancelled"),
        "no card in time: cancelled, payment_no_card where the terminal tells it apart",
    ),
)  # fmt: skip


@behaviour("pay.no-bank", "no connection with the bank: declined with payment_no_bank, or doubt; never approved",
           Fate.NO_BANK)  # fmt: skip
def no_bank(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.NO_BANK)
    try:
        told = stage.pay()
    except InDoubt as doubt:
        stage.recover(doubt)
    else:
        assert (told.outcome, told.reason) == (Outcome.DECLINED, "payment_no_bank")
    assert stage.truth().net == 0


@behaviour("pay.declined-words", "the bank's code and its words are told beside ours", Fate.DECLINED)
def declined_words(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.DECLINED)
    told = stage.pay()
    assert told.code


@behaviour("pay.other-amount", "a sum that the terminal has changed is told as the terminal says it", Fate.OTHER_AMOUNT)
def other_amount(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.OTHER_AMOUNT)
    clerk = Clerk()
    told = stage.pay(clerk=clerk)
    assert (told.outcome, told.amount) == (Outcome.APPROVED, PRICE + 100)
    assert clerk.told[-1].amount == PRICE + 100
    assert stage.truth().net == PRICE + 100


@behaviour("pay.slow", "a customer who takes his time pays all the same, once", Fate.SLOW)
def slow(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.SLOW, seconds=40.0)
    before = stage.now()
    assert stage.pay().outcome is Outcome.APPROVED
    assert stage.now() - before >= 40.0, "nobody waited for the bank"
    assert stage.truth().net == PRICE


@behaviour("pay.refused", "the terminal does not begin: Refused or NotSent, with its own code; the next one is paid",
           Fate.REFUSED)  # fmt: skip
def refused(stage: Stage) -> None:
    stage.connect()
    code = stage.fate(Step.PAYMENT, Fate.REFUSED)
    verdict = stage.verdict(stage.pay)
    assert verdict is not None
    assert not isinstance(verdict, InDoubt), f"{verdict!r} where the terminal said that it did not begin"
    assert code is None or verdict.vendor == code, f"the terminal said {code}, the driver {verdict.vendor}"
    stage.paid()


@behaviour("pay.busy", "a terminal that works for somebody else: terminal_busy, and nothing of ours begins", Fate.BUSY)
def busy(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.BUSY)
    verdict = stage.verdict(stage.pay)
    assert verdict is not None
    assert (isinstance(verdict, InDoubt), verdict.code) == (False, "terminal_busy"), repr(verdict)


@behaviour("pay.progress", "what the customer has to do now is told as it goes: a card, the bank; in words of ours",
           Able.PROGRESS, Fate.SLOW)  # fmt: skip
def progress(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.SLOW, seconds=10.0)
    clerk = Clerk()
    stage.pay(clerk=clerk)
    assert all(isinstance(each, Progress) for each in clerk.heard)
    assert {Progress.PRESENT_CARD, Progress.ONLINE} <= set(clerk.heard), clerk.heard
    assert clerk.heard.index(Progress.PRESENT_CARD) < clerk.heard.index(Progress.ONLINE)


@behaviour("pay.sbp", "a QR code is paid, and told with what it can be given back by", Able.SBP)
def sbp(stage: Stage) -> None:
    stage.connect()
    clerk = Clerk()
    told = stage.pay(stage.order(means=Means.SBP), clerk)
    assert (told.outcome, stage.truth().net) == (Outcome.APPROVED, PRICE)
    assert told.sbp_id
    assert told.card == ""


@behaviour("pay.sbp-unsupported", "a QR code where there is none: terminal_unsupported, before anything is sent",
           Able.NO_SBP)  # fmt: skip
def sbp_unsupported(stage: Stage) -> None:
    stage.connect()
    with stage.silent():
        stage.refused(lambda: stage.pay(stage.order(means=Means.SBP)), "terminal_unsupported")


@behaviour("pay.currency", "a currency that the terminal does not charge is refused, and never charged as roubles")
def currency(stage: Stage) -> None:
    stage.connect()
    order = replace(stage.order(), currency="978")
    verdict = stage.verdict(lambda: stage.driver.pay(order, Clerk()))
    assert verdict is not None
    assert not isinstance(verdict, InDoubt), repr(verdict)
    assert stage.truth().charges == []
