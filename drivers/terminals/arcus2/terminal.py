"""A card terminal behind Arcus2's console program, which leaves its verdict in ``rc.out``, the payment's data in
``output.dat`` and the slip in ``cheq.out`` (names as cashreg.ini has them).

``000`` that this very run has written is an approval, unless the host's code beside it or the exit code says otherwise.
A slip of an automatic cancel says that the program has taken the payment back by itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.terminal_api import (
    Attendant,
    Means,
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
from drivers.terminals import masking
from drivers.terminals.arcus2.operations import Want
from drivers.terminals.arcus2.profile import Profile
from drivers.terminals.arcus2.setup import Setup, read_setup
from drivers.terminals.orders import check_order, check_refund, check_void
from drivers.terminals.program import Surroundings
from drivers.terminals.program_terminal import SETTLEMENT, ProgramTerminal, as_offline
from drivers.terminals.record import Entry
from drivers.terminals.runs import Ended, Place
from drivers.terminals.slips import amount_told, copies, merchant_first, totals

APPROVED, SILENT = "000", "999"
CRASH = 0x8000_0000  # Windows: exit codes from here on are those of a program that fell
NEEDS = frozenset({"rrn"})
_CODE = re.compile(rb"[\s\x00]*([0-9]{3})[\s\x00]*")
_WORD = re.compile(r"[0-9A-Za-z]{1,12}")
_SBP = re.compile(r"[0-9A-Za-z\-]{1,64}")
_REPORTS = {ReportKind.SHORT: Want.SHORT, ReportKind.FULL: Want.FULL}


class Arcus2Terminal(ProgramTerminal):
    """``folder``: the one of Arcus2. ``program`` and ``ini``: file and folder, relative to it, when they are none of
    the profile's."""

    def __init__(
        self, folder: Path, profile: Profile, around: Surroundings, program: str | None = None, ini: str | None = None
    ) -> None:
        super().__init__(around, profile.times)
        self._folder = folder
        self._profile = profile
        self._program = program
        self._ini = ini
        self._used: Setup | None = None
        with suppress(NotSent):  # ``connect`` says what is wrong
            self._setup()
        self._learn()

    def _setup(self) -> Setup:
        """Read anew before every run. What a run has left is understood by what was read before it: from then on
        trouble with these files must not be taken for one that kept it from beginning."""
        self._used = read_setup(self._folder, self._profile, self._program, self._ini)
        return self._used

    @property
    def _known(self) -> Setup:
        assert self._used is not None
        return self._used

    def _learn(self) -> None:
        """What can be done depends on what the bank has put into ops.ini."""

        def has(want: Want) -> bool:
            return self._used is not None and self._used.has(want)

        self.capabilities = TerminalCapabilities(
            finds=True,
            reverses_last=has(Want.REVERSAL),
            partial_refund=True,
            void_needs=NEEDS,
            refund_needs=NEEDS,
            means=frozenset({Means.CARD, Means.SBP} if has(Want.SBP_PAYMENT) else {Means.CARD}),
            settles=has(Want.SETTLEMENT),
            reports=frozenset(kind for kind, want in _REPORTS.items() if has(want)),
            reprints=False,
            max_time=self._times.as_limits(),
        )

    # --- looking

    def connect(self) -> TerminalIdentity:
        setup = self._setup()
        self._learn()
        try:
            setup.cash_code(Want.PAYMENT)
        except Refused as error:
            raise NotSent("terminal_setup", error.detail) from error
        try:
            self._look()
        except DeviceError as error:
            raise as_offline(error) from error
        return TerminalIdentity("Ingenico", "arcus2", "")

    def status(self) -> TerminalStatus:
        try:
            code = self._look()
        except NotSent as error:
            if error.code != "terminal_busy":
                raise
            return TerminalStatus("", error.code, busy=True)
        return TerminalStatus("") if code == APPROVED else TerminalStatus("", "terminal_not_ready", code)

    def _look(self) -> str:
        """The link test, where one is known; otherwise only whether the program is free."""
        if not self._profile.link_test:
            place = self._place()
            with self._runs.alone(place):
                self._make_room(place)
            return APPROVED
        ended = self._ask((f"/o{self._profile.link_test}",), self._times.query)
        code = self._code(ended)
        if code == SILENT:
            raise NotSent("terminal_offline", self._words(code), vendor=code)
        return code

    # --- money

    def pay(self, order: Order, attendant: Attendant) -> Transaction:
        check_order(order, self.capabilities)
        want = Want.SBP_PAYMENT if order.means is Means.SBP else Want.PAYMENT
        return self._operate(Operation.PAYMENT, order, self._arguments(want, order), attendant)

    def refund(self, order: Order, original: Original | None, attendant: Attendant) -> Transaction:
        if order.means is Means.SBP:
            check_refund(order, original, replace(self.capabilities, refund_needs=frozenset({"sbp_id"})))
            assert original is not None
            if not _SBP.fullmatch(original.sbp_id):
                raise Refused("terminal_needs_original", "sbp_id: letters, digits and dashes expected")
            arguments = (*self._arguments(Want.SBP_REFUND, order), f"/qx{original.sbp_id}")
        else:
            check_refund(order, original, self.capabilities)
            arguments = (*self._arguments(Want.REFUND, order), *_link(original))
        return self._operate(Operation.REFUND, order, arguments, attendant)

    def void(self, order: Order, original: Original, attendant: Attendant) -> Transaction:
        check_void(order, original, self.capabilities)
        if order.means is Means.SBP:
            raise Refused("terminal_unsupported", "a void of a payment by SBP: only a refund")
        arguments = (*self._arguments(Want.VOID, order), *_link(original))
        return self._operate(Operation.VOID, order, arguments, attendant)

    def reverse_last(self, order: Order, attendant: Attendant) -> Transaction:
        check_order(order, self.capabilities)
        return self._operate(Operation.VOID, order, self._arguments(Want.REVERSAL, order), attendant)

    def _arguments(self, want: Want, order: Order) -> tuple[str, ...]:
        return (f"/o{self._setup().cash_code(want)}", f"/a{order.amount}", f"/c{order.currency}")

    # --- the day

    def settle(self) -> SettlementResult:
        done = self._run(Entry(SETTLEMENT, self._times.settlement), (f"/o{self._setup().cash_code(Want.SETTLEMENT)}",))
        slips = tuple(tuple(slip) for slip in done.slips)
        approved = done.outcome is Outcome.APPROVED
        told = totals(slips, self._profile.different, self._profile.matched) if approved else Totals.UNKNOWN
        return SettlementResult(done.outcome, told, done.code, done.text, slips=slips)

    def report(self, kind: ReportKind) -> Sequence[Slip]:
        ended = self._ask((f"/o{self._setup().cash_code(_REPORTS[kind])}",), self._times.money)
        code = self._code(ended)
        if code == SILENT:
            raise NotSent("terminal_offline", self._words(code), vendor=code)
        if code != APPROVED:
            raise Refused("terminal_refused", self._words(code), vendor=code)
        return self._slips(ended, "slip")

    # --- files

    def _place(self) -> Place:
        return self._setup().place

    def _code(self, ended: Ended) -> str:
        data = ended.files.get("rc")
        if data is None:
            how = "nobody saw how" if ended.exit is None else f"exit code {ended.exit}"
            _doubtful(f"the program has ended ({how}) and left no result")
        code = _CODE.fullmatch(data)
        if code is None:
            _doubtful("the result is not three digits")
        told = code[1].decode("ascii")
        if ended.exit is not None and (ended.exit < 0 or ended.exit >= CRASH):
            _doubtful(f"the result is {told}, but the program fell ({ended.exit})", told)
        if told == APPROVED and ended.exit and self._profile.zero:
            _doubtful(f"the result is {told}, but the program has ended with {ended.exit}", told)
        return told

    def _read(self, ended: Ended) -> Transaction:
        setup = self._known
        code = self._code(ended)
        money = ended.entry.operation != SETTLEMENT
        output = _output(ended, setup.charset)
        host = output[0]
        taken_back = money and ("cancel_slip" in ended.files or "cancel_rc" in ended.files)
        if taken_back and _CODE.fullmatch(ended.files.get("cancel_rc", APPROVED.encode())) is None:
            _doubtful("the automatic cancel's result is not three digits", code)
        if taken_back and ended.files.get("cancel_rc", APPROVED.encode()).strip(b"\0\r\n\t ") != APPROVED.encode():
            _doubtful("the program has tried to take the payment back, and was refused", code)
        if money and not taken_back and host not in ("", code) and host.startswith("00") != (code == APPROVED):
            _doubtful(f"the result is {code}, the host's answer begins with {host[:3]}", code)
        if not taken_back and code in self._profile.doubt:
            raise InDoubt("terminal_no_reply", self._words(code), vendor=code)
        if not taken_back and code in self._profile.never:
            raise Refused("terminal_refused", self._words(code), vendor=code)
        outcome, reason = (Outcome.REVERSED, "payment_reversed") if taken_back else self._outcome(code)
        slips = self._slips(ended, "slip")
        return Transaction(
            outcome,
            code=code,
            text=" ".join(masking.lines(setup.texts.get(code, ""))),
            reason=reason,
            operation=Operation(ended.entry.operation) if money else None,
            amount=amount_told(slips, ended.entry.amount),
            rrn=_word(output[5]) or self._rrn(slips) if money else "",
            auth_code=_word(output[3])[:8] if money else "",
            card=masking.card(output[1]) if money else "",
            slips=(*slips, *(self._slips(ended, "cancel_slip") if money else ())),
        )

    def _outcome(self, code: str) -> tuple[Outcome, str | None]:
        if code == APPROVED:
            return Outcome.APPROVED, None
        if code in self._profile.cancelled:
            return Outcome.CANCELLED, "payment_cancelled"
        if code in self._profile.no_card:
            return Outcome.CANCELLED, "payment_no_card"
        return Outcome.DECLINED, "payment_declined"

    def _slips(self, ended: Ended, which: str) -> tuple[tuple[str, ...], ...]:
        setup = self._known
        own = rf"|^[ \t]*{re.escape(setup.separator)}[ \t]*\r?$" if setup.separator else ""
        divider = re.compile(rf"~S\x01?(?:\r?\n)?|[\x01\x0c]{own}", re.MULTILINE)
        return merchant_first(copies(ended.files.get(which, b"").decode(setup.charset, "replace"), divider))

    def _rrn(self, slips: Sequence[Slip]) -> str:
        """Of the slip's line that begins so: the only run of twelve digits in it."""
        for slip in slips:
            for line in slip:
                numbers = re.findall(r"(?<![0-9])[0-9]{12}(?![0-9])", line)
                if line.strip().lower().startswith(self._profile.rrn) and len(numbers) == 1:
                    return str(numbers[0])
        return ""

    def _words(self, code: str) -> str:
        text = self._known.texts.get(code, "")
        return masking.mask(f"{code}: {text}" if text else code)

    def _believed(self, ended: Ended) -> bool:  # noqa: ARG002
        return False  # it says nothing that its files could be compared with

    def _told(self, ended: Ended) -> str:
        output = _output(ended, "latin-1")
        code = _CODE.fullmatch(ended.files.get("rc", b""))
        shown = f"host {output[0][:3]}, card {masking.card(output[1])}, rrn {_word(output[5])}"
        return f"rc {code[1].decode() if code else '?'}, left {', '.join(sorted(ended.files))}; {shown}"


def _output(ended: Ended, charset: str) -> tuple[str, ...]:
    """The lines of ``output.dat``, as many as are read at least."""
    text = ended.files.get("output", b"").decode(charset, "replace")
    lines = [line.strip("\r\t \0") for line in text.split("\n")]
    return (*lines, *[""] * (6 - len(lines)))


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else ""


def _link(original: Original | None) -> tuple[str, ...]:
    assert original is not None
    return (f"/r{original.rrn}", *((f"/v{original.auth_code}",) if _WORD.fullmatch(original.auth_code) else ()))


def _doubtful(detail: str, vendor: str | None = None) -> NoReturn:
    raise InDoubt("terminal_bad_reply", detail, vendor=vendor)
