"""The terminal's day: ``settle``, ``report``, ``reprint_last``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from drivers.conformance.terminals.bench import Fate, Hand, Step
from drivers.conformance.terminals.catalogue import Able, Behaviour, behaviour
from drivers.conformance.terminals.samples import OTHER, PRICE
from drivers.conformance.terminals.stage import Stage
from drivers.errors import InDoubt
from drivers.terminal_api import CardTerminal, Outcome, ReportKind, SettlementResult, Slip, Totals
from protocol.crm.terminal_codes import TERMINAL_CODES


def settle(stage: Stage) -> SettlementResult:
    with stage.paced("settlement"):
        told = stage.seen(stage.driver.settle())
    stage.readable(told.slips)
    return told


@behaviour("settle.day", "a settlement closes the day once; the book stays; count and sum are the bank's, or not told",
           Able.SETTLES)  # fmt: skip
def day(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    stage.paid(OTHER)
    before = stage.truth()
    told, after = settle(stage), stage.truth()
    assert (told.outcome, told.totals in (Totals.MATCHED, Totals.UNKNOWN)) == (Outcome.APPROVED, True), told
    assert (after.settlements, after.net, after.charges) == (before.settlements + 1, before.net, before.charges)
    assert told.count in (2, None)
    assert told.amount in (PRICE + OTHER, None)


@behaviour("settle.brought-back", "what was brought back is taken off the sum that is told", Able.SETTLES)
def brought_back(stage: Stage) -> None:
    stage.connect()
    stage.paid(OTHER)
    stage.refund(stage.paid())
    assert settle(stage).amount in (OTHER, None)


@behaviour("settle.empty", "a day without operations is closed, too, or the terminal says that it has none",
           Able.SETTLES)  # fmt: skip
def empty(stage: Stage) -> None:
    stage.connect()
    told = settle(stage)
    assert told.outcome is not Outcome.REVERSED
    assert told.amount in (0, None)


@behaviour("settle.next-day", "the next day begins with nothing: its own payments alone are counted", Able.SETTLES)
def next_day(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    settle(stage)
    stage.paid(OTHER)
    told = settle(stage)
    assert told.outcome is Outcome.APPROVED
    assert told.count in (1, None)
    assert told.amount in (OTHER, None)


@behaviour("settle.different", "totals that differ are told as DIFFERENT, or as not told; never as matched",
           Able.SETTLES, Hand.TOTALS_DIFFER)  # fmt: skip
def different(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    stage.hand(Hand.TOTALS_DIFFER)
    assert settle(stage).totals in (Totals.DIFFERENT, Totals.UNKNOWN)


@behaviour("settle.needed", "the settlement that the terminal asked for ends that", Able.SETTLES, Hand.NEEDS_SETTLEMENT)
def needed(stage: Stage) -> None:
    stage.connect()
    stage.hand(Hand.NEEDS_SETTLEMENT)
    assert stage.driver.status().attention is not None
    settle(stage)
    assert stage.driver.status().attention is None
    stage.paid()


@behaviour("settle.no-bank", "no connection with the bank: not approved, or doubt; the totals are not matched",
           Able.SETTLES, Fate.NO_BANK)  # fmt: skip
def no_bank(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    stage.fate(Step.SETTLEMENT, Fate.NO_BANK)
    verdict = stage.verdict(lambda: _not_approved(stage))
    assert verdict is None or isinstance(verdict, InDoubt) or verdict.code in TERMINAL_CODES
    assert stage.truth().settlements == 0


def _not_approved(stage: Stage) -> None:
    told = settle(stage)
    assert (told.outcome is Outcome.APPROVED, told.totals is Totals.MATCHED) == (False, False), told


def _lost(fate: Fate, says: str) -> Behaviour:
    @behaviour(f"settle.{fate.replace(' ', '-')}", f"{says}: doubt, and not asked for again", Able.SETTLES, fate)
    def lost(stage: Stage) -> None:
        stage.connect()
        stage.paid()
        stage.fate(Step.SETTLEMENT, fate)
        with stage.paced("settlement"):
            doubt = stage.in_doubt(stage.driver.settle)
        assert stage.truth().settlements <= 1
        stage.recover(doubt)
        stage.paid()

    return lost


LOST = (
    _lost(Fate.ANSWER_LOST, "carried out, the answer lost"),
    _lost(Fate.BROKEN, "the channel breaks as soon as it is asked for"),
    _lost(Fate.SILENCE, "no answer at all"),
)


@behaviour("settle.garbage", "noise instead of the totals: doubt, or a settlement whose totals nobody knows; once",
           Able.SETTLES, Fate.GARBAGE)  # fmt: skip
def garbage(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    stage.fate(Step.SETTLEMENT, Fate.GARBAGE)
    try:
        told = settle(stage)
    except InDoubt as doubt:
        stage.recover(doubt)
    else:
        assert (told.totals, told.amount in (PRICE, None)) == (Totals.UNKNOWN, True), told
    assert stage.truth().settlements == 1
    stage.paid()


def _report(kind: ReportKind, able: Able) -> Behaviour:
    @behaviour(f"report.{kind}", f"the {kind} report is told in lines; it moves nothing and closes nothing", able)
    def report(stage: Stage) -> None:
        stage.connect()
        stage.paid()
        before = stage.truth()
        slips = stage.seen(stage.driver.report(kind))
        assert slips, "no lines"
        stage.readable(slips)
        stage.same_book(before)

    return report


REPORTS = (_report(ReportKind.SHORT, Able.SHORT), _report(ReportKind.FULL, Able.FULL))


@behaviour("report.unsupported", "a kind that there is not: terminal_unsupported, before anything is sent",
           Able.NOT_EVERY_REPORT)  # fmt: skip
def report_unsupported(stage: Stage) -> None:
    stage.connect()
    for kind in set(ReportKind) - stage.driver.capabilities.reports:
        with stage.silent():
            stage.refused(partial(stage.driver.report, kind), "terminal_unsupported")


@behaviour("reprint.last", "the slip of the last operation again, with its sum; it moves nothing", Able.REPRINTS)
def reprint(stage: Stage) -> None:
    stage.connect()
    stage.paid(OTHER)
    stage.paid()
    before = stage.truth()
    slips = stage.seen(stage.driver.reprint_last())
    assert slips
    stage.readable(slips)
    assert all(has_sum(slip, PRICE) for slip in slips), slips
    stage.same_book(before)


@behaviour("reprint.unsupported", "where there is none: terminal_unsupported, before anything is sent",
           Able.REPRINTS_NOT)  # fmt: skip
def reprint_unsupported(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    with stage.silent():
        stage.refused(stage.driver.reprint_last, "terminal_unsupported")


def _quiet(name: str, step: Step, able: Able, ask: Callable[[CardTerminal], object]) -> Behaviour:
    @behaviour(f"{name}.silence", "no answer: a verdict, no empty one, and the terminal can be used again", able,
               Fate.SILENCE)  # fmt: skip
    def quiet(stage: Stage) -> None:
        stage.connect()
        stage.paid()
        stage.fate(step, Fate.SILENCE)
        with stage.paced("settlement"):
            verdict = stage.verdict(lambda: ask(stage.driver))
        assert verdict is not None
        stage.recover(verdict)
        stage.paid()

    return quiet


QUIET = (
    _quiet("report", Step.REPORT, Able.SHORT, lambda driver: driver.report(ReportKind.SHORT)),
    _quiet("reprint", Step.REPRINT, Able.REPRINTS, lambda driver: driver.reprint_last()),
)


def has_sum(slip: Slip, amount: int) -> bool:
    """However the roubles are written."""
    text = "".join("\n".join(slip).split()).replace(",", ".")
    return f"{amount // 100}.{amount % 100:02d}" in text
