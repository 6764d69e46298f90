"""The program and its terminal: what each operation does in the bank, and what the files say of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha1
from pathlib import Path
from random import Random

from drivers.simulators.arcus2 import codes, ini
from drivers.simulators.arcus2.arguments import Arguments, read
from drivers.simulators.arcus2.files import Answer
from drivers.simulators.arcus2.ini import Settings, Word
from drivers.simulators.arcus2.state import ArcusState
from drivers.simulators.bank import APPROVED, Card, Declined, Entry, Kind, Origin, Why, slips, totals
from drivers.simulators.clock import Clock
from drivers.simulators.faults import Fault
from drivers.simulators.programs.device import Options, ProgramDevice, Trouble
from drivers.simulators.programs.running import Left
from drivers.simulators.store import Store

CODES: Mapping[Trouble, str] = {
    Trouble.NO_PINPAD: codes.NO_PINPAD,
    Trouble.BUSY: codes.BUSY,
    Trouble.CANCELLED: codes.CANCELLED,
    Trouble.NO_CARD: codes.NO_CARD,
    Trouble.NO_BANK: codes.NO_BANK,
}
KINDS = {Word.PAY: Kind.PAYMENT, Word.REFUND: Kind.REFUND, Word.VOID: Kind.VOID, Word.REVERSE: Kind.REVERSAL}
RUB = "643"
FAULT_WORDS = {Word.SHORT: "report", Word.FULL: "report"}
"""Where a fault calls an operation otherwise."""


@dataclass(frozen=True, slots=True)
class ArcusOptions(Options):
    family: str = "one"  # of ``ini.FAMILIES``: how the INI directory is furnished
    charset: str = ini.ENCODING  # likewise: of slips and results
    rrn_in_slip: bool = False  # the RRN stands in the slip alone


@dataclass(frozen=True, slots=True)
class ArcusPlan:
    operation: Word
    arguments: Arguments
    settings: Settings
    wrong: str = ""  # the code with which it ends before anything is done

    @property
    def word(self) -> str:
        return FAULT_WORDS.get(self.operation, self.operation.value)

    @property
    def steered(self) -> int | None:
        return self.arguments.amount if self.operation in (Word.PAY, Word.REFUND) and not self.wrong else None


class ArcusDevice(ProgramDevice[ArcusState, ArcusPlan, Answer]):
    WORDS = frozenset(FAULT_WORDS.get(word, word.value) for word in Word)

    def __init__(
        self,
        state: ArcusState,
        clock: Clock,
        random: Random,
        *,
        store: Store[ArcusState],
        faults: Iterable[Fault] = (),
        options: ArcusOptions | None = None,
    ) -> None:
        self._own = options or ArcusOptions()
        self._words = replace(slips.RUSSIAN, link=ini.FAMILIES[self._own.family].link)
        super().__init__(state, clock, random, store=store, options=self._own)
        self.switched_on(faults)

    @property
    def secrets(self) -> frozenset[str]:
        return self.bank.secrets | {_hash(card) for card in self.state.bank.cards}

    # --- as the program ---

    @property
    def program(self) -> str:
        return "CommandLineTool"

    def furnish(self, folder: Path) -> None:
        ini.furnish(folder, self._own.family, self._own.charset, codes.WORDS)

    def plan(self, argv: Sequence[str], cwd: Path) -> ArcusPlan:
        settings, arguments = ini.read(cwd), read(argv)
        if settings is None:
            return ArcusPlan(Word.UNKNOWN, arguments or Arguments(""), Settings(), codes.NO_PINPAD)
        if arguments is None:
            return ArcusPlan(Word.UNKNOWN, Arguments(""), settings, codes.ARGUMENTS)
        code = arguments.cash_code
        word = settings.operations.get(code, Word.TEST if code == ini.LINK_TEST else Word.UNKNOWN)
        return ArcusPlan(word, arguments, settings, _wrong(word, arguments))

    def left(self, plan: ArcusPlan, answer: Answer) -> Left:
        return answer.left(plan.settings)

    # --- as the terminal ---

    def trouble(self, trouble: Trouble) -> Answer:
        return Answer(CODES[trouble])

    def coded(self, code: int) -> Answer:
        return Answer(f"{code:03d}")

    def decline(self, plan: ArcusPlan, response: str) -> Answer:
        kind = KINDS.get(plan.operation, Kind.PAYMENT)
        return self.told(self.bank.decline(kind, plan.arguments.amount or 0, response))

    def perform(self, plan: ArcusPlan, more: int) -> Answer:
        if plan.wrong:
            return Answer(plan.wrong)
        try:
            match plan.operation:
                case Word.PAY | Word.REFUND | Word.VOID | Word.REVERSE:
                    return self._cancelled(plan, self._money(plan, more))
                case Word.SETTLE:
                    state = self.state.bank
                    slip = slips.settlement(self.bank.settle(), state.merchant_id, state.terminal_id, self._words)
                    return Answer(codes.SUCCESS, [APPROVED], [_text(slip)])
                case Word.SHORT | Word.FULL:
                    return self._report(full=plan.operation is Word.FULL)
                case Word.DETAILS:
                    return self._details(plan.arguments)
                case _:
                    return Answer(codes.SUCCESS)
        except Declined as declined:
            return self.decline(plan, declined.response) if declined.entry is None else self.told(declined.entry)

    def told(self, entry: Entry) -> Answer:
        """Lines of ``output.dat`` whose meaning nobody has published hold what must not leak."""
        card, copies = self.bank.card(entry), self._slips(entry)
        if not entry.approved:
            return Answer(codes.of_bank(entry.response), [entry.response, card.masked], copies)
        rrn = "" if self._own.rrn_in_slip else entry.rrn
        values = [entry.response, card.masked, card.expiry, entry.auth_code, _hash(card), rrn, card.track2]
        return Answer(codes.SUCCESS, values, copies)

    # --- operations ---

    def _money(self, plan: ArcusPlan, more: int) -> Entry:
        bank, arguments = self.bank, plan.arguments
        amount = arguments.amount or 0
        booked = amount + more if more else None
        if plan.operation is Word.PAY:
            return bank.pay(amount, booked=booked)
        if plan.operation is Word.REVERSE:
            return bank.reverse_last()
        original = None
        if arguments.rrn:
            here = plan.operation is Word.VOID
            original = bank.find(rrn=arguments.rrn, auth_code=arguments.auth_code, here=here)
            if original is None:
                raise Declined(Why.NOT_FOUND)
        if plan.operation is Word.REFUND:
            return bank.refund(amount, original, booked=booked)
        assert original is not None  # ``_wrong``
        if original.amount != amount:
            raise Declined(Why.TOO_MUCH)
        return bank.void(original, amount)

    def _cancelled(self, plan: ArcusPlan, entry: Entry) -> Answer:
        """The operation, unless the program has lost the terminal before it could say so and takes it back itself."""
        fault = self.strikes("auto-cancel", plan.word)
        if fault is None:
            return self.told(entry)
        if fault.text("ok") == "no":
            return Answer(codes.NO_PINPAD, cancel_rc=codes.NO_PINPAD)
        back = self.bank.reverse(entry, origin=Origin.TERMINAL)
        return Answer(codes.AUTO_CANCELLED, cancel_rc=codes.SUCCESS, cancel_slip=self._slips(back)[0])

    def _report(self, *, full: bool) -> Answer:
        state, entries = self.state.bank, list(self.bank.today())
        slip = slips.report(
            entries, totals(entries), state.merchant_id, state.terminal_id, full=full, words=self._words
        )
        return Answer(codes.SUCCESS, [APPROVED], [_text(slip)])

    def _details(self, arguments: Arguments) -> Answer:
        entry = self.bank.find(rrn=arguments.rrn) if arguments.rrn else self.bank.last()
        if entry is None:
            return Answer(codes.of_bank("25"))
        return Answer(codes.SUCCESS, [APPROVED], self._slips(entry)[:1])

    def _slips(self, entry: Entry) -> list[str]:
        copies = slips.operation(entry, self.bank.card(entry), self.state.bank.merchant_id, self._words)
        return [_text(copy) for copy in copies]


def _wrong(word: Word, arguments: Arguments) -> str:
    if word is Word.UNKNOWN:
        return codes.UNKNOWN
    if word in (Word.PAY, Word.REFUND, Word.VOID) and (arguments.amount is None or arguments.currency != RUB):
        return codes.ARGUMENTS
    if word is Word.VOID and not arguments.rrn:
        return codes.ARGUMENTS
    return ""


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _hash(card: Card) -> str:
    return sha1(card.pan.encode("ascii")).hexdigest().upper()
