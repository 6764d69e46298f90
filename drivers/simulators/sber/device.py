"""The program and its pinpad: what each operation does in the bank, and what the files say of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from random import Random

from drivers.simulators.bank import Card, Declined, Entry, Kind, Origin, Why, slips, totals
from drivers.simulators.clock import Clock
from drivers.simulators.faults import Fault
from drivers.simulators.programs.device import Options, ProgramDevice, Trouble
from drivers.simulators.programs.running import Left
from drivers.simulators.sber import codes
from drivers.simulators.sber.arguments import Arguments, Word, read
from drivers.simulators.sber.files import MANNERS, RESULT, SLIP, Answer, Line
from drivers.simulators.sber.state import SberState
from drivers.simulators.store import Store

SETTINGS = "pinpad.ini"
CODES: Mapping[Trouble, int] = {
    Trouble.NO_PINPAD: codes.NO_PINPAD,
    Trouble.BUSY: codes.BUSY,
    Trouble.CANCELLED: codes.CANCELLED,
    Trouble.NO_CARD: codes.NO_CARD,
    Trouble.NO_BANK: codes.NO_BANK,
}
KINDS = {Word.PAY: Kind.PAYMENT, Word.REFUND: Kind.REFUND, Word.VOID: Kind.VOID}
HELP = "СИМУЛЯТОР ПРОГРАММЫ UPOS\nТЕРМИНАЛ {terminal}\nКОМАНДЫ: 1 3 7 8 9 11 12 13 15 16 26 36 47\n"


@dataclass(frozen=True, slots=True)
class SberOptions(Options):
    select: bool = True  # the bank allows a refund by RRN without the card
    full_report: str = "1"  # the number that stands behind op 9 for the full one


@dataclass(frozen=True, slots=True)
class SberPlan:
    arguments: Arguments
    separate: bool = True  # a cancel is never carried out as a refund
    at_home: bool = True  # started in its own directory

    @property
    def word(self) -> str:
        return self.arguments.word.value

    @property
    def steered(self) -> int | None:
        return self.arguments.amount if self.arguments.word in (Word.PAY, Word.REFUND) else None


class SberDevice(ProgramDevice[SberState, SberPlan, Answer]):
    WORDS = frozenset(Word)
    ALIEN_FAULTS = ProgramDevice.ALIEN_FAULTS | {"auto-cancel"}

    def __init__(
        self,
        state: SberState,
        clock: Clock,
        random: Random,
        *,
        store: Store[SberState],
        faults: Iterable[Fault] = (),
        options: SberOptions | None = None,
    ) -> None:
        self._own = options or SberOptions()
        self._manner = MANNERS[self._own.manner]
        super().__init__(state, clock, random, store=store, options=self._own)
        self.switched_on(faults)

    @property
    def secrets(self) -> frozenset[str]:
        """Texts that must not be found behind a driver."""
        return self.bank.secrets | {_hash(card) for card in self.state.bank.cards}

    # --- as the program ---

    @property
    def program(self) -> str:
        return "loadparm" if self._own.manner == "windows" else "sb_pilot"

    def furnish(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / SETTINGS
        if not file.exists():
            file.write_bytes(
                b"comport=99\r\nshowscreens=0\r\nprinterfile=cheque.txt\r\nPilotNtSeparateCancelAndRefund=1\r\n"
            )

    def plan(self, argv: Sequence[str], cwd: Path) -> SberPlan:
        try:
            settings = (cwd / SETTINGS).read_text(encoding="cp866", errors="replace")
        except OSError:
            return SberPlan(read(argv), at_home=False)
        separate = re.search(r"(?im)^\s*PilotNtSeparateCancelAndRefund\s*=\s*1\s*$", settings) is not None
        return SberPlan(read(argv), separate)

    def left(self, plan: SberPlan, answer: Answer) -> Left:  # noqa: ARG002
        files = [(RESULT, answer.result(self._manner))]
        if answer.slips:
            files.insert(0, (SLIP, answer.slip(self._manner)))
        windows = self._own.manner == "windows"
        stdout = b"" if windows else f"return:{answer.code}\n".encode("ascii")
        return Left(tuple(files), stdout, answer.code if windows else 0, RESULT, RESULT)

    # --- as the pinpad ---

    def trouble(self, trouble: Trouble) -> Answer:
        return self.coded(CODES[trouble])

    def coded(self, code: int) -> Answer:
        return Answer(code, codes.text(code))

    def decline(self, plan: SberPlan, response: str) -> Answer:
        kind = KINDS.get(plan.arguments.word, Kind.PAYMENT)
        return self.told(self.bank.decline(kind, plan.arguments.amount or 0, response))

    def perform(self, plan: SberPlan, more: int) -> Answer:
        arguments = plan.arguments
        if not plan.at_home:
            return self.coded(codes.NO_PINPAD)  # it does not know the port
        try:
            match arguments.word:
                case Word.PAY | Word.REFUND | Word.VOID | Word.SETTLE:
                    self._drop_suspended()
                    return self._with_the_bank(plan, more)
                case Word.ROLLBACK | Word.SUSPEND | Word.COMMIT:
                    return self._of_the_last(plan)
                case Word.REPORT:
                    return self._report(full=arguments.second == self._own.full_report)
                case Word.REPRINT:
                    return self._reprint()
                case Word.HELP:
                    return self._fine(HELP.format(terminal=self.state.bank.terminal_id))
                case Word.MONITORING:
                    text = "Мониторинг: терминал работает|Симулятор"
                    return Answer(
                        0,
                        codes.text(0),
                        {Line.MONITORING_KIND: "0", Line.MONITORING_STATE: "0", Line.MONITORING_TEXT: text},
                    )
                case Word.TEST | Word.MENU:
                    return self._fine()
                case _:
                    return self.coded(codes.IMPOSSIBLE)
        except Declined as declined:
            return self._refused(plan, declined)

    def told(self, entry: Entry) -> Answer:
        card = self.bank.card(entry)
        lines = {
            Line.CARD: card.masked,
            Line.EXPIRY: f"{card.expiry[2:]}/{card.expiry[:2]}",
            Line.AUTH_CODE: entry.auth_code,
            Line.NUMBER: f"{entry.of_day:04d}",
            Line.CARD_NAME: card.system,
            Line.OWN_CARD: "0",
            Line.TERMINAL_ID: entry.terminal_id,
            Line.AT: f"{entry.at:%Y%m%d%H%M%S}",
            Line.RRN: entry.rrn,
            Line.HASH: _hash(card),
            Line.TRACK3: f"{card.pan}={card.expiry}",
            Line.BONUS: "0",
            Line.MERCHANT_ID: self.state.bank.merchant_id,
            Line.MONITORING_KIND: "0",
            Line.MONITORING_STATE: "0",
            Line.OPERATION_ID: f"{entry.terminal_id}-{entry.number:08d}",
        }
        code = 0 if entry.approved else 4400 + int(entry.response)
        return Answer(code, codes.text(code), lines, self._slips(entry))

    # --- operations ---

    def _with_the_bank(self, plan: SberPlan, more: int) -> Answer:
        arguments, bank = plan.arguments, self.bank
        if arguments.word is Word.SETTLE:
            done = bank.settle()
            return self._fine(_text(slips.settlement(done, self.state.bank.merchant_id, self.state.bank.terminal_id)))
        amount = arguments.amount or 0
        booked = amount + more if more else None
        if arguments.word is Word.PAY:
            return self.told(bank.pay(amount, booked=booked))
        if arguments.word is Word.REFUND:
            if arguments.without_card and not self._own.select:
                return self.coded(codes.IMPOSSIBLE)
            original = bank.find(rrn=arguments.rrn, here=False) if arguments.rrn else None
            if arguments.rrn and original is None:
                raise Declined(Why.NOT_FOUND)
            return self.told(bank.refund(amount, original, booked=booked))
        original = self._to_cancel(amount, arguments.rrn)
        if original is None or original.amount != amount:
            return self.coded(codes.IMPOSSIBLE)
        try:
            return self.told(bank.void(original, amount))
        except Declined as declined:
            if declined.why is Why.DAY_CLOSED and not plan.separate:
                return self.told(bank.refund(amount, original))
            raise

    def _to_cancel(self, amount: int, rrn: str) -> Entry | None:
        """Without an RRN the customer's card and the amount choose: the newest one of the day."""
        if rrn:
            return self.bank.find(rrn=rrn)
        fitting = (
            entry
            for entry in self.bank.today()
            if entry.kind is Kind.PAYMENT and entry.amount == amount and self.bank.returned(entry) == 0
        )
        return next(reversed(list(fitting)), None)

    def _of_the_last(self, plan: SberPlan) -> Answer:
        arguments, last = plan.arguments, self.bank.last()
        named = (arguments.amount, arguments.auth_code)
        if (
            last is None
            or last.kind is not Kind.PAYMENT
            or not last.approved
            or named[0] not in (None, last.amount)
            or named[1] not in ("", last.auth_code)
        ):
            return self.coded(codes.NOT_THE_LAST)
        if arguments.word is Word.COMMIT:
            self.state.committed, self.state.suspended = last.rrn, ""
            return self._fine()
        if self.state.committed == last.rrn:
            return self.coded(codes.COMMITTED)
        if arguments.word is Word.SUSPEND:
            self.state.suspended = last.rrn
            return self._fine()
        try:
            entry = self.bank.reverse_last()
        except Declined:
            return self.coded(codes.NOT_THE_LAST)
        self.state.suspended = ""
        return self.told(entry)

    def _drop_suspended(self) -> None:
        """At the next session with the bank what was suspended and never made final is taken back."""
        rrn, self.state.suspended = self.state.suspended, ""
        entry = self.bank.find(rrn=rrn) if rrn else None
        if entry is not None:
            self.bank.reverse(entry, origin=Origin.TERMINAL)

    def _report(self, *, full: bool) -> Answer:
        bank, state = self.bank, self.state.bank
        entries = list(bank.today())
        return self._fine(
            _text(slips.report(entries, totals(entries), state.merchant_id, state.terminal_id, full=full))
        )

    def _reprint(self) -> Answer:
        last = self.bank.last()
        if last is None:
            return self.coded(codes.IMPOSSIBLE)
        return Answer(0, codes.text(0), {}, self._slips(last))

    # --- words ---

    def _refused(self, plan: SberPlan, declined: Declined) -> Answer:
        return self.decline(plan, declined.response) if declined.entry is None else self.told(declined.entry)

    def _slips(self, entry: Entry) -> Sequence[str]:
        return [_text(copy) for copy in slips.operation(entry, self.bank.card(entry), self.state.bank.merchant_id)]

    def _fine(self, *slip: str) -> Answer:
        return Answer(0, codes.text(0), {}, slip)


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _hash(card: Card) -> str:
    return sha1(card.pan.encode("ascii")).hexdigest().upper()
