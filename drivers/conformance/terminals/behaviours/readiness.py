"""Whether a payment could begin: ``status``.

One look; it moves no money and needs no card.
"""

from __future__ import annotations

from drivers.conformance.terminals.bench import Fate, Hand, Step
from drivers.conformance.terminals.catalogue import Behaviour, behaviour
from drivers.conformance.terminals.stage import Stage
from drivers.errors import NotSent, Refused
from protocol.crm.terminal_codes import TERMINAL_CODES


@behaviour("status.ready", "a terminal in order: nothing keeps it, it is not busy, and the id is its own or not told")
def ready(stage: Stage) -> None:
    stage.connect()
    status = stage.seen(stage.driver.status())
    assert (status.attention, status.busy) == (None, False)
    assert status.terminal_id in (stage.truth().terminal_id, "")


@behaviour("status.moves-nothing", "status moves no money and closes no day, however often it is asked")
def moves_nothing(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    before = stage.truth()
    assert stage.driver.status() == stage.driver.status()
    stage.same_book(before)


@behaviour("status.pays-after-a-look", "a payment is made after a look as without one")
def pays_after(stage: Stage) -> None:
    stage.connect()
    stage.driver.status()
    stage.paid()
    stage.driver.status()
    stage.paid()


def _attention(hand: Hand, code: str, says: str) -> Behaviour:
    @behaviour(f"status.{hand.replace(' ', '-')}", f"{says}: {code}, or terminal_not_ready", hand)
    def attention(stage: Stage) -> None:
        stage.connect()
        stage.hand(hand)
        told = stage.seen(stage.driver.status())
        assert told.attention in (code, "terminal_not_ready"), told
        assert told.attention in TERMINAL_CODES

    return attention


ATTENTION = (
    _attention(Hand.CARD_INSIDE, "terminal_card_inside", "a card that was left in the reader is told"),
    _attention(Hand.NEEDS_SETTLEMENT, "terminal_settlement_needed", "a settlement that is overdue is told"),
)


@behaviour("status.card-out", "a card that was taken out is gone from status", Hand.CARD_INSIDE, Hand.CARD_OUT)
def card_out(stage: Stage) -> None:
    stage.connect()
    stage.hand(Hand.CARD_INSIDE)
    assert stage.driver.status().attention is not None
    stage.hand(Hand.CARD_OUT)
    assert stage.driver.status().attention is None


@behaviour("status.gone", "a terminal that has gone: a verdict in time, and it is never called ready", Hand.UNPLUG)
def gone(stage: Stage) -> None:
    stage.connect()
    stage.hand(Hand.UNPLUG)
    with stage.paced("query"):
        verdict = stage.verdict(stage.driver.status)
    assert verdict is not None or stage.driver.status().attention is not None


@behaviour("status.silence", "a terminal that does not answer: a verdict in time, and the next look may succeed",
           Fate.SILENCE)  # fmt: skip
def silence(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.STATUS, Fate.SILENCE)
    with stage.paced("query"):
        assert stage.verdict(stage.driver.status) is not None
    stage.recover()
    assert stage.driver.status().attention is None


@behaviour("status.garbage", "noise instead of the answer: a verdict, and no status", Fate.GARBAGE)
def garbage(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.STATUS, Fate.GARBAGE)
    with stage.paced("query"):
        assert stage.verdict(stage.driver.status) is not None


@behaviour(
    "status.not-connected",
    "a payment that nobody can have heard of is NotSent, or Refused by the bank's program; the next one is paid",
    Hand.UNPLUG,
    Hand.PLUG,
)
def not_connected(stage: Stage) -> None:
    stage.connect()
    stage.driver.disconnect()
    stage.hand(Hand.UNPLUG)
    verdict = stage.verdict(stage.pay)
    assert isinstance(verdict, (NotSent, Refused)), f"{verdict!r} where nobody was there"
    stage.hand(Hand.PLUG)
    stage.recover(verdict)
    stage.paid()
