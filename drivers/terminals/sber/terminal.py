"""A card terminal of Sber: its program is run in its folder, and leaves the result in ``e`` and the slip in ``p``.

The first line of an ``e`` that this very run has written is the verdict. The exit code, and on Linux what the program
says, can only make it worse: where they tell another code, it is nobody's answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.terminal_api import (
    Attendant,
    Operation,
    Order,
    Original,
    Outcome,
    ReportKind,
    SettlementResult,
    Slip,
    TerminalCapabilities,
    TerminalIdentity,
    TerminalStatus,
    Totals,
    Transaction,
)
from drivers.terminals.orders import check_order, check_refund, check_void
from drivers.terminals.program import Surroundings
from drivers.terminals.program_terminal import SETTLEMENT, ProgramTerminal, as_offline
from drivers.terminals.record import Entry
from drivers.terminals.runs import Ended, Place
from drivers.terminals.sber.codes import NOT_READY, Kind, meaning
from drivers.terminals.sber.profile import Profile
from drivers.terminals.sber.result import Result, read_result, told_return
from drivers.terminals.slips import amount_told, copies, merchant_first, totals

PAY, REFUND, SETTLE, VOID, REPORT, REPRINT, ROLLBACK = "1", "3", "7", "8", "9", "12", "13"
BY_RRN = ("0", "QSELECT")  # card type: the terminal's choice; in the place of track 2: no card
DIVIDER = re.compile(r"~S\x01?(?:\r?\n)?|[\x01\x0c]")


class SberTerminal(ProgramTerminal):
    """``folder``: where the program lies. ``program``: its file, when it is not one of the profile's."""

    def __init__(self, folder: Path, profile: Profile, around: Surroundings, program: str | None = None) -> None:
        super().__init__(around, profile.times)
        self._folder = folder
        self._profile = profile
        self._program = program
        self.capabilities = TerminalCapabilities(
            finds=True,
            reverses_last=profile.reverse_last != "off",
            refund_without_card=profile.refund_without_card,
            partial_refund=True,
            void_needs=frozenset({"rrn"} if profile.void_by_rrn else ()),
            max_time=profile.times.as_limits(),
        )

    # --- looking

    def connect(self) -> TerminalIdentity:
        try:
            result = self._look()
        except DeviceError as error:
            raise as_offline(error) from error
        if result.code == 115:
            raise NotSent("terminal_busy", _words(result), vendor="115")
        return TerminalIdentity("Sber", "sber", result.terminal_id, result.merchant_id)

    def status(self) -> TerminalStatus:
        try:
            result = self._look()
        except NotSent as error:
            if error.code != "terminal_busy":
                raise
            return TerminalStatus("", error.code, busy=True)
        if result.code == 0:
            return TerminalStatus(result.terminal_id)
        code = NOT_READY.get(result.code, "terminal_not_ready")
        return TerminalStatus(result.terminal_id, code, str(result.code), busy=code == "terminal_busy")

    def _look(self) -> Result:
        ended = self._ask((str(self._profile.status),), self._times.query)
        result = self._result(ended)
        if result.code == 99:
            raise NotSent("terminal_offline", _words(result), vendor="99")
        return result

    # --- money

    def pay(self, order: Order, attendant: Attendant) -> Transaction:
        check_order(order, self.capabilities)
        return self._operate(Operation.PAYMENT, order, (PAY, str(order.amount)), attendant)

    def refund(self, order: Order, original: Original | None, attendant: Attendant) -> Transaction:
        check_refund(order, original, self.capabilities)
        without_card = original is not None and original.rrn and self._profile.refund_without_card
        arguments = (REFUND, str(order.amount), *((*BY_RRN, _rrn(original)) if without_card else ()))
        return self._operate(Operation.REFUND, order, arguments, attendant)

    def void(self, order: Order, original: Original, attendant: Attendant) -> Transaction:
        check_void(order, original, self.capabilities)
        by_rrn = (*BY_RRN, original.rrn) if self._profile.void_by_rrn else ()
        return self._operate(Operation.VOID, order, (VOID, str(order.amount), *by_rrn), attendant)

    def reverse_last(self, order: Order, attendant: Attendant) -> Transaction:
        check_order(order, self.capabilities)
        if not self.capabilities.reverses_last:
            raise self._cannot("reverse_last (bank.reverse_last in the profile)")
        amount = (str(order.amount),) if self._profile.reverse_last == "sum" else ()
        return self._operate(Operation.VOID, order, (ROLLBACK, *amount), attendant)

    # --- the day

    def settle(self) -> SettlementResult:
        done = self._run(Entry(SETTLEMENT, self._times.settlement), (SETTLE,))
        slips = tuple(tuple(slip) for slip in done.slips)
        approved = done.outcome is Outcome.APPROVED
        told = totals(slips, self._profile.different, self._profile.matched) if approved else Totals.UNKNOWN
        return SettlementResult(done.outcome, told, done.code, done.text, slips=slips)

    def report(self, kind: ReportKind) -> Sequence[Slip]:
        return self._printed((REPORT, str(self._profile.reports[kind])), self._times.money)

    def reprint_last(self) -> Sequence[Slip]:
        return self._printed((REPRINT,), self._times.query)

    def _printed(self, arguments: Sequence[str], limit: float) -> Sequence[Slip]:
        ended = self._ask(arguments, limit)
        result = self._result(ended)
        if result.code:
            means = meaning(result.code)
            if means.kind is Kind.OFFLINE:
                raise NotSent("terminal_offline", _words(result), vendor="99")
            code = means.code if means.code.startswith("terminal_") else "terminal_refused"
            raise Refused(code, _words(result), vendor=str(result.code))
        return self._slips(ended)

    # --- files

    def _place(self) -> Place:
        profile = self._profile
        results = {"result": self._folder / profile.result, "slip": self._folder / profile.slip}
        wanted = (self._program,) if self._program is not None else profile.programs
        for name in wanted:
            if (self._folder / name).is_file():
                return Place(self._folder / name, self._folder, results)
        detail = f"{self._folder}: none of {', '.join(wanted)} is there; exe:DIR names the folder of the bank's program"
        raise NotSent("terminal_program_missing", detail)

    def _result(self, ended: Ended) -> Result:
        """What ``e`` says. Raises ``InDoubt`` when it says nothing, or something else than the program's end."""
        data = ended.files.get("result")
        if data is None:
            _doubtful(f"{self._profile.result}: the program has ended ({_exit(ended)}) and left none")
        result = read_result(data, self._profile.charset)
        if result is None:
            _doubtful(f"{self._profile.result}: its first line is not CODE,TEXT")
        if not self._exits_so(result.code, ended.exit):
            detail = f"{self._profile.result} says {result.code}, but the program has ended with {ended.exit}"
            _doubtful(detail, str(result.code))
        said = told_return(ended.output)
        if said not in (None, result.code):
            _doubtful(f"{self._profile.result} says {result.code}, the program itself {said}", str(result.code))
        apart = timedelta(seconds=self._profile.apart)
        if result.at is not None and abs(result.at - ended.record.wall) > apart:
            _doubtful(f"{self._profile.result} is of {result.at}, the program was started {ended.record.wall}")
        return result

    def _exits_so(self, code: int, exit: int | None) -> bool:
        """Whether an exit code goes together with a result's. Linux has room for its last eight bits."""
        if exit is None:
            return True
        return exit == code if self._profile.mirrors else exit in (0, code & 0xFF, code)

    def _read(self, ended: Ended) -> Transaction:
        result = self._result(ended)
        means = meaning(result.code)
        vendor = str(result.code)
        match means.kind:
            case Kind.DOUBT:
                raise InDoubt(means.code, _words(result), vendor=vendor)
            case Kind.NEVER:
                raise Refused(means.code, _words(result), vendor=vendor)
            case Kind.OFFLINE if ended.seconds <= self._profile.quick:
                raise NotSent(means.code, _words(result), vendor=vendor)
            case Kind.OFFLINE:
                raise InDoubt("terminal_no_reply", f"{_words(result)}, after {ended.seconds:.0f} s", vendor=vendor)
        outcomes = {Kind.APPROVED: Outcome.APPROVED, Kind.CANCELLED: Outcome.CANCELLED}
        slips = self._slips(ended)
        operation = ended.entry.operation
        return Transaction(
            outcomes.get(means.kind, Outcome.DECLINED),
            code=vendor,
            text=result.text,
            reason=means.code or None,
            operation=None if operation == SETTLEMENT else Operation(operation),
            amount=amount_told(slips, ended.entry.amount),
            rrn=result.rrn,
            auth_code=result.auth_code,
            number=result.number,
            terminal_id=result.terminal_id,
            merchant_id=result.merchant_id,
            card=result.card,
            card_system=result.card_system,
            at=result.at,
            slips=slips,
        )

    def _slips(self, ended: Ended) -> tuple[tuple[str, ...], ...]:
        text = ended.files.get("slip", b"").decode(self._profile.charset, "replace")
        return merchant_first(copies(text, DIVIDER))

    def _believed(self, ended: Ended) -> bool:
        """The program's own last word names the same code, and nothing was written after it."""
        return ended.spoken and told_return(ended.output) is not None

    def _told(self, ended: Ended) -> str:
        result = read_result(ended.files.get("result", b""), self._profile.charset)
        return f"{self._profile.result}: " + ("nothing that can be read" if result is None else repr(result))


def _rrn(original: Original | None) -> str:
    assert original is not None
    return original.rrn


def _words(result: Result) -> str:
    return f"{result.code}: {result.text}"


def _exit(ended: Ended) -> str:
    return "nobody saw how" if ended.exit is None else f"exit code {ended.exit}"


def _doubtful(detail: str, vendor: str | None = None) -> NoReturn:
    raise InDoubt("terminal_bad_reply", detail, vendor=vendor)
