"""Terminals' drivers with one thing wrong each: the tiny one, spoilt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from drivers.conformance.terminals.bench import Kind, Setting
from drivers.errors import InDoubt, NotSent, Refused
from drivers.terminal_api import (
    Attendant,
    Found,
    Means,
    Operation,
    Order,
    Original,
    Outcome,
    Progress,
    ReportKind,
    SettlementResult,
    Slip,
    TerminalCapabilities,
    TerminalIdentity,
    TerminalStatus,
    Totals,
    Transaction,
    Verdict,
)
from tests.conformance.tiny_terminal import ALL, EVERYTHING, PAN, Talk, Terminal, TinyBench, TinyDesk, TinyTerminal


class Good(TinyTerminal):
    """Nothing is wrong with it."""


class Spoilt(TinyTerminal):
    """Every operation with money passes ``spoil``."""

    def _money(self, kind: Kind, order: Order, original: Original | None, attendant: Attendant) -> Transaction:
        return self.spoil(lambda: super(Spoilt, self)._money(kind, order, original, attendant), order)

    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        raise NotImplementedError


class Deaf:
    """An attendant of the driver's own, which passes on what it is told to."""

    def __init__(self, attendant: Attendant) -> None:
        self.attendant = attendant

    def progress(self, progress: Progress) -> None:
        self.attendant.progress(progress)

    def approved(self, transaction: Transaction) -> Verdict:
        return self.attendant.approved(transaction)

    def abort_wanted(self) -> bool:
        return self.attendant.abort_wanted()


class RetriesInDoubt(Spoilt):
    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        try:
            return call()
        except InDoubt:
            self.connect()
            return call()


class DoubtIsDeclined(Spoilt):
    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        try:
            return call()
        except InDoubt:
            return Transaction(Outcome.DECLINED, reason="payment_declined")


class DoubtIsRefused(Spoilt):
    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        try:
            return call()
        except InDoubt as doubt:
            raise Refused(doubt.code) from doubt


class DoubtIsNotSent(Spoilt):
    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        try:
            return call()
        except InDoubt as doubt:
            raise NotSent(doubt.code) from doubt


class DoubtIsApproved(Spoilt):
    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        try:
            return call()
        except InDoubt:
            return Transaction(Outcome.APPROVED, amount=order.amount)


class RefusalIsDoubt(Spoilt):
    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        try:
            return call()
        except Refused as refused:
            raise InDoubt(refused.code) from refused


class NoTimeRemains(Spoilt):
    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        try:
            return call()
        except InDoubt as doubt:
            doubt.remaining = 0.0
            raise


class AmountOfTheOrder(Spoilt):
    """Tells what was asked for, not what was charged."""

    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        return replace(call(), amount=order.amount)


class CancelledIsDeclined(Spoilt):
    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        told = call()
        if told.outcome is Outcome.CANCELLED:
            return replace(told, outcome=Outcome.DECLINED, reason="payment_declined")
        return told


class CodeOfItsOwn(Spoilt):
    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        told = call()
        return told if told.reason is None else replace(told, reason="host_said_no")


class WholeNumber(Spoilt):
    """Lets the number out in the verdict."""

    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        try:
            return replace(call(), card=PAN)
        except InDoubt as doubt:
            raise InDoubt(doubt.code, f"after {PAN}", remaining=doubt.remaining) from doubt


class NumberInTheSlip(Spoilt):
    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        told = call()
        number = " ".join(PAN[at : at + 4] for at in range(0, 16, 4))
        return replace(told, slips=[(*slip, f"КАРТА {number}") for slip in told.slips])


class RawSlip(Spoilt):
    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        told = call()
        return replace(told, slips=[tuple(line + "\r" for line in slip) for slip in told.slips])


class SlipStripped(Spoilt):
    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        told = call()
        return replace(told, slips=[tuple(line.strip() for line in slip) for slip in told.slips])


class OldSlip(Spoilt):
    """Reads what lies there."""

    lies_there: Sequence[Slip] = ()

    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        told = call()
        self.lies_there = self.lies_there or told.slips
        return replace(told, slips=self.lies_there)


class ForeignException(Spoilt):
    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        try:
            return call()
        except InDoubt as doubt:
            raise OSError("broken pipe") from doubt


class WaitsForever(Spoilt):
    def spoil(self, call: Callable[[], Transaction], order: Order) -> Transaction:
        try:
            return call()
        except InDoubt:
            self.terminal_of_the_test.sleep(3600.0)
            raise


class TracesItAll(TinyTerminal):
    def _result(self, terminal: Terminal, says: Any, told: dict[str, Any], attendant: Attendant) -> Transaction:
        terminal.traced.append(b"\x22" + bytes.fromhex(PAN))
        return super()._result(terminal, says, told, attendant)


class KeptIsApproved(TinyTerminal):
    """Does not look at what the terminal has done since."""

    def _result(self, terminal: Terminal, says: Any, told: dict[str, Any], attendant: Attendant) -> Transaction:
        found = super()._result(terminal, says, told, attendant)
        return replace(found, outcome=Outcome.APPROVED, reason=None)


class ApprovedNotCalled(TinyTerminal):
    def _result(self, terminal: Terminal, says: Any, told: dict[str, Any], attendant: Attendant) -> Transaction:
        class Mute(Deaf):
            def approved(self, transaction: Transaction) -> Verdict:
                return Verdict.KEEP

        return super()._result(terminal, says, told, Mute(attendant))


class ApprovedTwice(TinyTerminal):
    def _result(self, terminal: Terminal, says: Any, told: dict[str, Any], attendant: Attendant) -> Transaction:
        class Twice(Deaf):
            def approved(self, transaction: Transaction) -> Verdict:
                self.attendant.approved(transaction)
                return self.attendant.approved(transaction)

        return super()._result(terminal, says, told, Twice(attendant))


class AcknowledgesFirst(TinyTerminal):
    def _result(self, terminal: Terminal, says: Any, told: dict[str, Any], attendant: Attendant) -> Transaction:
        with suppress(StopIteration):
            says.send(Talk(verdict=Verdict.KEEP))

        def done() -> Any:
            yield None

        said = done()
        next(said)
        return super()._result(terminal, said, told, attendant)


class SwallowsTheCallersError(TinyTerminal):
    def _result(self, terminal: Terminal, says: Any, told: dict[str, Any], attendant: Attendant) -> Transaction:
        class Quiet(Deaf):
            def approved(self, transaction: Transaction) -> Verdict:
                try:
                    return self.attendant.approved(transaction)
                except Exception:
                    return Verdict.KEEP

        return super()._result(terminal, says, told, Quiet(attendant))


class AlwaysKeeps(TinyTerminal):
    def _result(self, terminal: Terminal, says: Any, told: dict[str, Any], attendant: Attendant) -> Transaction:
        class Keeper(Deaf):
            def approved(self, transaction: Transaction) -> Verdict:
                self.attendant.approved(transaction)
                return Verdict.KEEP

        return super()._result(terminal, says, told, Keeper(attendant))


class TellsTwice(TinyTerminal):
    def _talk(self, terminal: Terminal, says: Any, talk: Talk, attendant: Attendant) -> Transaction:
        class Stutters(Deaf):
            def progress(self, progress: Progress) -> None:
                self.attendant.progress(progress)
                self.attendant.progress(progress)

        return super()._talk(terminal, says, talk, Stutters(attendant))


class TellsNothing(TinyTerminal):
    def _talk(self, terminal: Terminal, says: Any, talk: Talk, attendant: Attendant) -> Transaction:
        class Silent(Deaf):
            def progress(self, progress: Progress) -> None:
                return None

        return super()._talk(terminal, says, talk, Silent(attendant))


class AbortIsCancelled(TinyTerminal):
    """Gives up by itself instead of asking the terminal to."""

    def _talk(self, terminal: Terminal, says: Any, talk: Talk, attendant: Attendant) -> Transaction:
        class Impatient(Deaf):
            def abort_wanted(self) -> bool:
                if self.attendant.abort_wanted():
                    raise _Stop
                return False

        try:
            return super()._talk(terminal, says, talk, Impatient(attendant))
        except _Stop:
            with suppress(StopIteration, Exception):
                for told in says:
                    if told is None:
                        terminal.sleep(0.2)
            return Transaction(Outcome.CANCELLED, reason="payment_cancelled")


class _Stop(Exception):
    pass


class NeverLooks(TinyTerminal):
    def _talk(self, terminal: Terminal, says: Any, talk: Talk, attendant: Attendant) -> Transaction:
        class Deafest(Deaf):
            def abort_wanted(self) -> bool:
                return False

        return super()._talk(terminal, says, talk, Deafest(attendant))


class BelievesForeignAnswers(TinyTerminal):
    def _result(self, terminal: Terminal, says: Any, told: dict[str, Any], attendant: Attendant) -> Transaction:
        return super()._result(terminal, says, told | {"terminal_id": terminal.id}, attendant)


class PartIsWhole(TinyTerminal):
    def refund(self, order: Order, original: Original | None, attendant: Attendant) -> Transaction:
        assert original is not None
        return super().refund(replace(order, amount=original.amount), original, attendant)


class AsksWithoutIds(TinyTerminal):
    """Leaves it to the terminal to notice what is missing."""

    def _check(self, order: Order, original: Original | None, needs: frozenset[str], partial: bool) -> None:
        return None


class LastOfItsOwn(TinyTerminal):
    """Tells the last operation that it remembers, not the terminal's."""

    mine: Transaction | None = None

    def pay(self, order: Order, attendant: Attendant) -> Transaction:
        self.mine = super().pay(order, attendant)
        return self.mine

    def last_transaction(self) -> Transaction | None:
        super().last_transaction()
        return self.mine


class LastIsNone(TinyTerminal):
    def last_transaction(self) -> Transaction | None:
        try:
            return super().last_transaction()
        except InDoubt:
            return None


class FindsTheLast(TinyTerminal):
    """Whatever reference it is asked for."""

    def find(self, order: Order, operation: Operation) -> Transaction | Found:
        terminal = self.terminal_of_the_test
        known = [*terminal.results, *terminal.running]
        return super().find(replace(order, reference=known[-1]) if known else order, operation)


class FindForgets(TinyTerminal):
    def find(self, order: Order, operation: Operation) -> Transaction | Found:
        found = super().find(order, operation)
        return Found.NEVER_BEGUN if found is Found.IN_PROGRESS else found


class ReadsWhatLiesThere(TinyTerminal):
    """The results of the operation before."""

    def _talk(self, terminal: Terminal, says: Any, talk: Talk, attendant: Attendant) -> Transaction:
        last = dict(terminal.last or {})
        try:
            return super()._talk(terminal, says, talk, attendant)
        except InDoubt:
            if not last:
                raise
            found = Transaction(Outcome.APPROVED, amount=last["amount"], rrn=last["rrn"])
            attendant.approved(found)
            return found


class ConnectsInto(TinyTerminal):
    """Does not know that something is running."""

    def connect(self) -> TerminalIdentity:
        running, self.terminal_of_the_test.running = self.terminal_of_the_test.running, {}
        try:
            return super().connect()
        finally:
            self.terminal_of_the_test.running |= running


class OldIdentity(TinyTerminal):
    seen: TerminalIdentity | None = None

    def connect(self) -> TerminalIdentity:
        found = super().connect()
        self.seen = self.seen or found
        return self.seen

    def _money(self, kind: Kind, order: Order, original: Original | None, attendant: Attendant) -> Transaction:
        told = super()._money(kind, order, original, attendant)
        return replace(told, terminal_id=self.seen.terminal_id if self.seen else "")


class OneReason(TinyTerminal):
    def connect(self) -> TerminalIdentity:
        try:
            return super().connect()
        except NotSent as error:
            raise NotSent("terminal_not_ready") from error


class SettlesWhenConnecting(TinyTerminal):
    def connect(self) -> TerminalIdentity:
        found = super().connect()
        self.settle()
        return found


class DisconnectRaises(TinyTerminal):
    def disconnect(self) -> None:
        if not self._open:
            raise NotSent("terminal_offline")
        super().disconnect()


class AlwaysReady(TinyTerminal):
    def status(self) -> TerminalStatus:
        try:
            return replace(super().status(), attention=None)
        except (NotSent, InDoubt):
            return TerminalStatus("")


class SbpByCard(TinyTerminal):
    def pay(self, order: Order, attendant: Attendant) -> Transaction:
        return super().pay(replace(order, means=Means.CARD), attendant)


class EveryCurrency(TinyTerminal):
    def pay(self, order: Order, attendant: Attendant) -> Transaction:
        return super().pay(replace(order, currency="643"), attendant)


class SettlesAgain(TinyTerminal):
    def settle(self) -> SettlementResult:
        try:
            return super().settle()
        except InDoubt:
            self.connect()
            return super().settle()


class TotalsFromTheCode(TinyTerminal):
    """The code is 0, so they will have matched."""

    def settle(self) -> SettlementResult:
        told = super().settle()
        return replace(told, totals=Totals.MATCHED, outcome=Outcome.APPROVED)


class ReportSettles(TinyTerminal):
    def report(self, kind: ReportKind) -> Sequence[Slip]:
        slips = super().report(kind)
        self.settle()
        return slips


class ReprintOfTheDay(TinyTerminal):
    def reprint_last(self) -> Sequence[Slip]:
        super().reprint_last()
        return self.report(ReportKind.FULL)


class TimesForgotten(TinyTerminal):
    def __init__(self, terminal: Terminal, capabilities: TerminalCapabilities) -> None:
        super().__init__(terminal, replace(capabilities, max_time={"money": 180.0}))


class HoldsInWords(TinyTerminal):
    """Says that it holds, whatever the terminal is."""

    def connect(self) -> TerminalIdentity:
        found = super().connect()
        self.capabilities = replace(self.capabilities, hold=30.0)
        return found


class BrokenDesk(TinyDesk):
    def __init__(self, settings: frozenset[Setting], make: type[TinyTerminal]) -> None:
        self._make = make
        super().__init__(settings, ALL)

    def restart(self) -> None:
        self.driver = self._make(self.terminal, ALL)


@dataclass(frozen=True)
class BrokenBench(TinyBench):
    breaks: type[TinyTerminal] = Good

    def make(self, settings: frozenset[Setting]) -> TinyDesk:
        return BrokenDesk(settings, self.breaks)


def broken(breaks: type[TinyTerminal]) -> BrokenBench:
    return BrokenBench("tiny-terminal", breaks.__name__, EVERYTHING, breaks=breaks)


BROKEN: dict[type[TinyTerminal], tuple[str, ...]] = {
    RetriesInDoubt: ("payment.late", "refund.broken", "void.cut", "money.course-1"),
    DoubtIsDeclined: ("payment.answer-lost", "void.half", "reversal.silence", "find.in-progress"),
    DoubtIsRefused: ("payment.garbage", "refund.answer-lost", "stale.is-no-answer"),
    DoubtIsNotSent: ("payment.cut", "refund.unacknowledged", "approved.before-acknowledgement"),
    DoubtIsApproved: ("payment.silence", "reversal.broken"),
    RefusalIsDoubt: ("pay.refused", "pay.busy", "refund.refused"),
    NoTimeRemains: ("payment.late", "refund.late", "void.late", "reversal.late"),
    AmountOfTheOrder: ("pay.other-amount",),
    CancelledIsDeclined: ("pay.cancelled", "pay.no-card", "abort.before-card"),
    CodeOfItsOwn: ("pay.declined", "void.twice", "reverse.nothing"),
    WholeNumber: ("masking.everything", "masking.garbage", "masking.half", "pay.approved"),
    NumberInTheSlip: ("masking.there-is-something", "slips.payment"),
    RawSlip: ("slips.payment", "slips.width"),
    SlipStripped: ("slips.alignment",),
    OldSlip: ("slips.its-own", "slips.declined"),
    ForeignException: ("payment.answer-lost", "doubt.restart"),
    WaitsForever: ("payment.cut", "void.silence"),
    TracesItAll: ("masking.trace",),
    KeptIsApproved: ("approved.taken-back", "pay.declined", "qr.declined"),
    ApprovedNotCalled: ("approved.once-payment", "pay.approved", "refund.full"),
    ApprovedTwice: ("approved.once-payment", "approved.once-refund", "approved.once-void", "approved.once-reversal"),
    AcknowledgesFirst: ("approved.before-acknowledgement", "approved.raised-is-not-acknowledged", "hold.undo"),
    SwallowsTheCallersError: ("approved.raises-payment", "approved.raises-reversal"),
    AlwaysKeeps: ("hold.undo", "hold.wait-keep", "hold.for-ever"),
    TellsTwice: ("pay.progress", "pay.approved"),
    TellsNothing: ("pay.progress",),
    AbortIsCancelled: ("abort.too-late",),
    NeverLooks: ("abort.before-card", "abort.looked-at"),
    BelievesForeignAnswers: ("payment.foreign", "refund.foreign", "void.foreign", "reversal.foreign"),
    PartIsWhole: ("refund.part",),
    AsksWithoutIds: ("qr.refund-needs", "refund.needs", "void.needs", "refund.unknown-needs"),
    LastOfItsOwn: ("last.foreign",),
    LastIsNone: ("last.silence", "last.garbage"),
    FindsTheLast: ("find.unknown", "find.no-other", "qr.unknown"),
    FindForgets: ("find.in-progress", "find.after-restart"),
    ReadsWhatLiesThere: ("stale.is-no-answer",),
    ConnectsInto: ("identity.busy",),
    OldIdentity: ("identity.other-terminal",),
    OneReason: ("identity.nobody", "identity.port-busy"),
    SettlesWhenConnecting: ("identity.moves-nothing",),
    DisconnectRaises: ("identity.disconnect",),
    AlwaysReady: ("status.card-inside", "status.silence", "status.garbage", "status.gone"),
    SbpByCard: ("pay.sbp", "qr.declined", "qr.found"),
    EveryCurrency: ("pay.currency",),
    SettlesAgain: ("settle.answer-lost", "settle.garbage"),
    TotalsFromTheCode: ("settle.different", "settle.no-bank"),
    ReportSettles: ("report.short", "report.full"),
    ReprintOfTheDay: ("reprint.last",),
    TimesForgotten: ("identity.capabilities",),
    HoldsInWords: ("hold.not-declared",),
}
"""What is wrong, and the behaviours that must see it."""
