"""A card terminal that speaks ZVT."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from drivers.errors import InDoubt, NotSent, Refused
from drivers.terminal_api import (
    RUB,
    Attendant,
    CardTerminal,
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
from drivers.terminals import masking
from drivers.terminals.orders import check_order, check_refund, check_void
from drivers.terminals.zvt import judging
from drivers.terminals.zvt.link import Desk, Done, Link
from drivers.terminals.zvt.profile import Profile
from drivers.transports.base import Clock, Transport
from drivers.transports.tap import Trace
from protocol.wire.zvt import commands
from protocol.wire.zvt.answers import APPROVED, Registered, Status, copies, read_registered, read_state
from protocol.wire.zvt.apdu import Apdu
from protocol.wire.zvt.codes import result_text
from protocol.wire.zvt.commands import Password
from protocol.wire.zvt.steps import Decision, End, Ended

_DECISIONS = {Verdict.KEEP: Decision.KEEP, Verdict.WAIT: Decision.WAIT, Verdict.UNDO: Decision.UNDO}
_OUTCOMES = {End.APPROVED: Outcome.APPROVED, End.REVERSED: Outcome.REVERSED}


class ZvtTerminal(CardTerminal):
    def __init__(
        self,
        channel: Transport,
        profile: Profile,
        clock: Clock,
        wall: Callable[[], datetime],
        trace: Trace | None = None,
        *,
        framed: bool = False,
    ) -> None:
        """``channel``: its bytes are not to be written down by anybody else, they hold card data; ``trace`` hears the
        messages without. ``wall``: local time, for the year that a terminal does not tell. ``framed``: a serial
        line."""
        times = profile.times
        self._channel = channel
        self._profile = profile
        self._clock = clock
        self._wall = wall
        self._link = Link(channel, clock, times, trace, framed=framed)
        self._registered: Registered | None = None
        self.capabilities = TerminalCapabilities(
            abort=True,
            last_transaction=True,
            reverses_unacknowledged=times.reverses,
            partial_refund=True,
            void_needs=frozenset({"number"}),
            progress=True,
            reports=frozenset({ReportKind.SHORT}),
            max_time={"query": times.query, "money": times.money, "settlement": times.settlement},
        )

    # --- who is there ------------------------------------------------------------------------------------------------

    def connect(self) -> TerminalIdentity:
        try:
            registered = self._found()
            self._prepare(registered)
            state = read_state(self._asked(commands.status_enquiry(self._password)).exchange.completion)
        except InDoubt as error:  # nobody there, or somebody who says nothing of a terminal
            raise NotSent("terminal_offline", error.detail) from error
        except Refused as error:
            if error.code == "terminal_busy":
                raise NotSent(error.code, error.detail, vendor=error.vendor) from error
            raise
        return TerminalIdentity(
            vendor="ZVT",
            interface="zvt",
            terminal_id=registered.terminal_id,
            model=registered.model,
            software=state.software or registered.software,
        )

    def disconnect(self) -> None:
        self._channel.close()

    def status(self) -> TerminalStatus:
        """The registration again: it tells which terminal is there, and one that was switched off has forgotten it."""
        try:
            registered = self._register()
            state = read_state(self._asked(commands.status_enquiry(self._password)).exchange.completion)
        except Refused as error:
            return TerminalStatus(self._terminal_id, error.code, error.vendor, error.code == "terminal_busy")
        attention = judging.attention(state.code)
        busy = state.code == judging.WAIT
        code = judging.vendor(state.code) if attention else None
        return TerminalStatus(registered.terminal_id, attention, code, busy)

    def _found(self) -> Registered:
        """The first of the channel's ways in which somebody answers."""
        for attempt in range(self._channel.variants):
            try:
                return self._register()
            except InDoubt:
                if attempt + 1 == self._channel.variants:
                    raise
                self._channel.next_variant()
        raise AssertionError("a channel has one way at least")

    def _prepare(self, registered: Registered) -> None:
        """What the terminal has asked for; whether it helped, its state tells."""
        if self._profile.prepare and registered.needs_initialisation:
            self._asked(commands.initialisation(self._password), self._profile.times.settlement)
        if self._profile.prepare and registered.needs_diagnosis:
            self._asked(commands.diagnosis(), self._profile.times.settlement)

    def _register(self) -> Registered:
        profile = self._profile
        done = self._asked(commands.registration(self._password, profile.config, profile.width))
        registered = read_registered(done.exchange.completion)
        if registered.currency not in ("", RUB):
            raise Refused("terminal_setup", f"its currency is {registered.currency}, not {RUB}")
        self._registered = registered
        self.capabilities = replace(self.capabilities, hold=profile.times.hold if registered.vending else 0.0)
        return registered

    # --- money -------------------------------------------------------------------------------------------------------

    def pay(self, order: Order, attendant: Attendant) -> Transaction:
        check_order(order, self.capabilities)
        return self._money(Operation.PAYMENT, commands.authorisation(order.amount), attendant)

    def refund(self, order: Order, original: Original | None, attendant: Attendant) -> Transaction:
        check_refund(order, original, self.capabilities)
        return self._money(Operation.REFUND, commands.refund(self._password, order.amount), attendant)

    def void(self, order: Order, original: Original, attendant: Attendant) -> Transaction:
        check_void(order, original, self.capabilities)
        if not (original.number.isascii() and original.number.isdecimal() and len(original.number) <= 4):
            raise Refused("terminal_needs_original", "number: the receipt number of the payment, up to four digits")
        command = commands.reversal(self._password, original.number, order.amount)
        return self._money(Operation.VOID, command, attendant)

    def last_transaction(self) -> Transaction | None:
        done = self._asked(commands.repeat_receipt(self._password, commands.LAST_TRANSACTION))
        self._require_completed(done)
        statuses = done.exchange.statuses
        if not statuses:
            return None
        status = statuses[-1]
        if status.result is None:
            raise InDoubt("terminal_bad_reply", f"no result in the last transaction; read up to {status.stopped}")
        return self._transaction(status, judging.outcome_of(status.result), status.result, None)

    def _money(self, operation: Operation, command: Apdu, attendant: Attendant) -> Transaction:
        progress = _Changes(attendant)
        progress.tell(Progress.CONNECTING)

        held_since: float | None = None

        def decide(status: Status) -> Decision:
            nonlocal held_since
            verdict = attendant.approved(self._transaction(status, Outcome.APPROVED, APPROVED, operation))
            if verdict is not Verdict.KEEP and not self.capabilities.hold:
                raise ValueError(f"{verdict}: this terminal does not hold a payment")
            held_since = self._clock.now() if held_since is None else held_since
            if verdict is Verdict.WAIT and self._clock.now() - held_since >= self.capabilities.hold:
                return Decision.UNDO  # it is held no longer than was promised
            return _DECISIONS[verdict]

        desk = Desk(lambda code: progress.tell(judging.progress_of(code)), decide, attendant.abort_wanted)
        done = self._link.run(command, self._profile.times.money, desk)
        ended, statuses = done.ended, done.exchange.statuses
        outcome = _OUTCOMES.get(ended.how) or judging.outcome_of(ended.code)
        if ended.how is End.APPROVED:
            kept = [status for status in statuses if status.result == APPROVED]
            return self._transaction(kept[-1], outcome, APPROVED, operation, _slips(done))
        status = statuses[-1] if statuses else None
        outcome = Outcome.DECLINED if outcome is Outcome.APPROVED else outcome  # an end with the code 00 is no yes
        return self._transaction(status, outcome, ended.code, operation, _slips(done))

    def _transaction(
        self,
        status: Status | None,
        outcome: Outcome,
        code: int | None,
        operation: Operation | None,
        slips: tuple[Slip, ...] = (),
    ) -> Transaction:
        today = self._wall().date()
        return judging.transaction(status, today, outcome=outcome, code=code, operation=operation, slips=slips)

    # --- the day -----------------------------------------------------------------------------------------------------

    def settle(self) -> SettlementResult:
        done = self._asked(commands.end_of_day(self._password), self._profile.times.settlement)
        statuses = done.exchange.statuses
        status = statuses[-1] if statuses else Status(None)
        code = next((each.result for each in statuses if each.result), _code(done.ended))
        totals = status.totals
        return SettlementResult(
            outcome=judging.outcome_of(code),
            totals=Totals.UNKNOWN,
            code=judging.vendor(code),
            text=masking.mask(status.text) or result_text(code),
            count=totals.count if totals else None,
            amount=status.amount if status.amount is not None or totals is None else totals.amount,
            slips=_slips(done),
        )

    def report(self, kind: ReportKind) -> Sequence[Slip]:
        if kind not in self.capabilities.reports:
            raise self._cannot(f"report {kind}")
        return self._paper(commands.print_totals(self._password))

    def reprint_last(self) -> Sequence[Slip]:
        return self._paper(commands.repeat_receipt(self._password))

    def _paper(self, command: Apdu) -> Sequence[Slip]:
        done = self._asked(command)
        self._require_completed(done)
        return _slips(done)

    # --- what is common ----------------------------------------------------------------------------------------------

    @property
    def _password(self) -> Password:
        return self._profile.password

    @property
    def _terminal_id(self) -> str:
        return self._registered.terminal_id if self._registered is not None else ""

    def _asked(self, command: Apdu, t4: float | None = None) -> Done:
        return self._link.run(command, t4 if t4 is not None else self._profile.times.query)

    def _require_completed(self, done: Done) -> None:
        if done.ended.how is End.ABORTED:
            raise judging.refused(_code(done.ended))


class _Changes:
    """Progress without repeats."""

    def __init__(self, attendant: Attendant) -> None:
        self._attendant = attendant
        self._told: Progress | None = None

    def tell(self, progress: Progress | None) -> None:
        if progress is not None and progress is not self._told:
            self._told = progress
            self._attendant.progress(progress)


def _code(ended: Ended) -> int:
    """Of an end that moved no money: 00 for a good one."""
    if ended.how is End.COMPLETED:
        return APPROVED
    return ended.code if ended.code else 0xFF


def _slips(done: Done) -> tuple[Slip, ...]:
    """As the registration asked for them, without card numbers."""
    texts = (masking.lines("\n".join(copy)) for copy in copies(done.exchange.printed))
    return tuple(lines for lines in texts if lines)
