"""A driver, its simulated terminal and benches, smaller than any real ones: every behaviour of the suite can be shown.

The terminal takes one Python object per command and says one per moment; its channel can lose any of them. Two
variants: one that can do everything, and one that can do as little as an interface may.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeAlias

from drivers.conformance.terminals.bench import Bench, Charge, Desk, Fate, Hand, Kind, Need, Setting, Step, Truth
from drivers.errors import InDoubt, NotSent, Refused
from drivers.terminal_api import (
    Attendant,
    CardTerminal,
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

START = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001  # a terminal has local time only
TIMES = MappingProxyType({"query": 10.0, "money": 180.0, "settlement": 600.0})
TICK, CARD_WAIT, ASK_AGAIN, HOLD, TAKE_BACK = 0.2, 60.0, 2.0, 30.0, 10.0
PAN, TRACK = "4000000000000002", "4000000000000002=28121010000012345"
NO = "E1"
ALL = TerminalCapabilities(
    abort=True, last_transaction=True, finds=True, reverses_unacknowledged=TAKE_BACK, reverses_last=True,
    partial_refund=True, partial_void=True, void_needs=frozenset({"rrn"}), refund_needs=frozenset({"rrn", "auth_code"}),
    means=frozenset(Means), progress=True, max_time=TIMES,
)  # fmt: skip
LEAST = TerminalCapabilities(reports=frozenset(), reprints=False, max_time=TIMES)
REASONS = {
    Fate.DECLINED: (Outcome.DECLINED, "payment_declined"),
    Fate.CANCELLED: (Outcome.CANCELLED, "payment_cancelled"),
    Fate.NO_CARD: (Outcome.CANCELLED, "payment_no_card"),
    Fate.NO_BANK: (Outcome.DECLINED, "payment_no_bank"),
    Fate.NOTHING_LEFT: (Outcome.DECLINED, "payment_nothing_to_reverse"),
}
ALREADY, TOO_LATE = "payment_already_reversed", "payment_day_closed"


Says: TypeAlias = Generator[Any, Any, None]


class Broken(Exception):
    """The channel is."""


@dataclass
class Entry:
    """Of the bank's book."""

    kind: Kind
    amount: int
    rrn: str
    back: int = 0  # brought back of it
    day: int = 0
    of: Entry | None = None  # what it brings back

    @property
    def auth(self) -> str:
        return self.rrn[-6:]


@dataclass
class Terminal:
    """The simulated terminal, and the bank."""

    holds: bool = False
    takes_back: float = 0.0
    seconds: float = 0.0
    id: str = "00311159"
    book: list[Entry] = field(default_factory=list)
    last: dict[str, Any] | None = None
    results: dict[int, dict[str, Any]] = field(default_factory=dict)  # by reference: what a program would have written
    running: dict[int, float] = field(default_factory=dict)
    due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    fates: dict[Step, tuple[Fate, float]] = field(default_factory=dict)
    day: int = 0
    unplugged: bool = False
    occupied: bool = False
    missing: bool = False
    noise: bool = False
    card_inside: bool = False
    overdue: bool = False
    differs: bool = False
    sent: int = 0
    traced: list[bytes] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        end = self.seconds + max(0.0, seconds)
        while ready := sorted((each for each in self.due if each[0] <= end), key=lambda each: each[0]):
            self.due.remove(ready[0])
            self.seconds = max(self.seconds, ready[0][0])
            ready[0][1]()
        self.seconds = end

    def after(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """Returns how it is called off."""
        entry = (self.seconds + seconds, call)
        self.due.append(entry)
        return lambda: self.due.remove(entry) if entry in self.due else None

    @property
    def net(self) -> int:
        paid = sum(entry.amount for entry in self.book if entry.kind is Kind.PAYMENT)
        return paid - sum(entry.back for entry in self.book if entry.kind is Kind.PAYMENT)

    # --- the bank ---

    def move(self, kind: Kind, amount: int, original: Original | None) -> Entry | str:
        """The reason, where there is no such thing to bring back."""
        entry = Entry(kind, amount, f"{600000000000 + len(self.book)}", day=self.day)
        if kind is not Kind.PAYMENT:
            standing = [each for each in self.book if each.kind is Kind.PAYMENT and each.back < each.amount]
            known = [each for each in self.book if original and each.rrn == original.rrn] if original else standing
            if not known:
                return "payment_nothing_to_reverse"
            of = known[-1]
            if kind is Kind.VOID and of.day != self.day:
                return TOO_LATE
            if of.back + amount > of.amount:
                return ALREADY
            of.back += amount
            entry.of = of
        self.book.append(entry)
        return entry

    def take_back(self, entry: Entry) -> None:
        if entry.of is None:
            entry.back = entry.amount
        else:
            entry.of.back -= entry.amount
            entry.back = entry.amount
        for result in self.results.values():
            if result["rrn"] == entry.rrn:
                result |= {"outcome": Outcome.REVERSED, "reason": "payment_reversed"}

    # --- a conversation ---

    def run(self, kind: Kind, order: Order, original: Original | None, talk: Talk) -> Says:
        """``None``: a moment passes. Otherwise what the terminal says."""
        sbp = order.means is Means.SBP
        fate, seconds = self.fates.pop(Step.QR_PAYMENT if sbp else Step(kind), (None, 0.0))
        if fate in (Fate.CUT, Fate.BROKEN, Fate.LATE):
            if fate is Fate.LATE:
                self.after(seconds, lambda: self._late(kind, order, original))
            raise Broken
        if fate is Fate.STALE:
            yield b"nothing"
        while fate is Fate.SILENCE:
            yield None
        if fate is Fate.HANG:
            self.running[order.reference] = self.seconds + seconds
            self.after(seconds, lambda: self._end(kind, order, original))
            while True:
                yield None
        if fate is not Fate.CANCELLED and not sbp:
            yield Progress.PRESENT_CARD
        yield from self._wait(CARD_WAIT if fate is Fate.NO_CARD else seconds / 2, talk)
        if talk.aborted:
            fate = Fate.CANCELLED
        if fate not in (Fate.CANCELLED, Fate.NO_CARD):
            yield Progress.SCAN_QR if sbp else Progress.ONLINE
            yield from self._wait(seconds / 2, Talk())
        if fate in REASONS:
            outcome, reason = REASONS[fate]
            yield {"outcome": outcome, "reason": reason, "code": "05", "slips": (("  ОТКАЗ", "05"),)}
            return
        yield from self._carry_out(kind, order, original, fate)

    def _wait(self, seconds: float, talk: Talk) -> Iterator[None]:
        end = self.seconds + seconds
        while self.seconds < end and not talk.aborted:
            yield None

    def _carry_out(self, kind: Kind, order: Order, original: Original | None, fate: Fate | None) -> Says:
        amount = order.amount + (100 if fate is Fate.OTHER_AMOUNT else 0)
        entry = self.move(kind, amount, original)
        if isinstance(entry, str):
            yield {"outcome": Outcome.DECLINED, "reason": entry, "code": "B4"}
            return
        answer = self._answer(entry, order)
        if fate is Fate.TAKEN_BACK:
            self.take_back(entry)
            yield answer | {"outcome": Outcome.REVERSED, "reason": "payment_reversed"}
            return
        acknowledged = self._unless_acknowledged(entry, order)
        if fate in (Fate.ANSWER_LOST, Fate.HALF):
            raise Broken
        if fate is Fate.GARBAGE:
            yield f"\x07{TRACK}".encode()
        if fate is Fate.FOREIGN:
            yield answer | {"terminal_id": "99999999"}
            return
        while True:
            said: Talk = yield answer
            if fate is Fate.UNACKNOWLEDGED or self.unplugged:
                raise Broken
            if said.verdict is Verdict.WAIT and self.holds and not said.overdue:
                acknowledged()
                acknowledged = self._unless_acknowledged(entry, order)
                continue
            acknowledged()
            if said.verdict is Verdict.KEEP:
                return
            self.take_back(entry)
            yield answer | {"outcome": Outcome.REVERSED, "reason": "payment_reversed"}
            return

    def _unless_acknowledged(self, entry: Entry, order: Order) -> Callable[[], object]:
        """Taken back in a while, unless what is returned is called."""
        if order.means is Means.SBP or not self.takes_back:
            return lambda: None
        return self.after(self.takes_back, lambda: self.take_back(entry))

    def _late(self, kind: Kind, order: Order, original: Original | None) -> None:
        entry = self.move(kind, order.amount, original)
        if isinstance(entry, Entry) and self.takes_back:
            self.after(self.takes_back, lambda: self.take_back(entry))

    def _end(self, kind: Kind, order: Order, original: Original | None) -> None:
        entry = self.move(kind, order.amount, original)
        assert isinstance(entry, Entry)
        self._answer(entry, order)
        del self.running[order.reference]

    def _answer(self, entry: Entry, order: Order) -> dict[str, Any]:
        text = ("   ЧЕК", f"СУММА {entry.amount // 100}.{entry.amount % 100:02d}", f"RRN {entry.rrn}")
        self.last = {
            "outcome": Outcome.APPROVED, "code": "00", "amount": entry.amount, "rrn": entry.rrn,
            "auth_code": entry.auth, "number": str(len(self.book)), "terminal_id": self.id, "track": TRACK,
            "at": START + timedelta(seconds=self.seconds), "slips": (("  ЭКЗЕМПЛЯР МАГАЗИНА", *text), text),
            "reference": order.reference, "sbp": order.means is Means.SBP,
        }  # fmt: skip
        self.results[order.reference] = self.last
        return self.last


@dataclass
class Talk:
    """What the driver says in the middle of it."""

    aborted: bool = False
    verdict: Verdict = Verdict.KEEP
    overdue: bool = False


class TinyTerminal(CardTerminal):
    """The driver."""

    def __init__(self, terminal: Terminal, capabilities: TerminalCapabilities) -> None:
        self.capabilities = capabilities
        self.terminal_of_the_test = terminal
        self._open = False

    def __repr__(self) -> str:
        return "TinyTerminal()"

    def _asked(self, step: Step | None = None) -> Terminal:
        terminal = self.terminal_of_the_test
        if terminal.missing:
            raise NotSent("terminal_program_missing")
        if terminal.running:
            raise NotSent("terminal_busy")
        if not self._open or terminal.unplugged:
            raise NotSent("terminal_offline")
        terminal.sent += 1
        fate = terminal.fates.pop(step, (None, 0.0))[0] if step in QUERIES else None
        if fate is Fate.SILENCE:
            terminal.sleep(TIMES["query"])
            raise self._lost("terminal_no_reply")
        if fate is Fate.GARBAGE or terminal.noise:
            raise self._lost("terminal_bad_reply")
        return terminal

    def _lost(self, code: str, remaining: float = 0.0) -> InDoubt:
        self._open = False
        return InDoubt(code, remaining=remaining)

    def connect(self) -> TerminalIdentity:
        terminal = self.terminal_of_the_test
        if terminal.occupied:
            raise NotSent("terminal_port_busy")
        self._open = True
        self._asked()
        if self.capabilities is not LEAST:
            self.capabilities = replace(self.capabilities, hold=HOLD if terminal.holds else 0.0)
        return TerminalIdentity("Tiny", "tiny", terminal.id, "790000000001")

    def disconnect(self) -> None:
        self._open = False

    def status(self) -> TerminalStatus:
        terminal = self._asked(Step.STATUS)
        attention = "terminal_card_inside" if terminal.card_inside else None
        return TerminalStatus(terminal.id, "terminal_settlement_needed" if terminal.overdue else attention)

    def pay(self, order: Order, attendant: Attendant) -> Transaction:
        if order.means not in self.capabilities.means or order.currency != "643":
            raise self._cannot("means or currency")
        return self._money(Kind.PAYMENT, order, None, attendant)

    def refund(self, order: Order, original: Original | None, attendant: Attendant) -> Transaction:
        needs = frozenset({"sbp_id"}) if order.means is Means.SBP else self.capabilities.refund_needs
        self._check(order, original, needs, self.capabilities.partial_refund)
        return self._money(Kind.REFUND, order, original, attendant)

    def void(self, order: Order, original: Original, attendant: Attendant) -> Transaction:
        if order.means is Means.SBP:
            raise self._cannot("a void of a code")
        self._check(order, original, self.capabilities.void_needs, self.capabilities.partial_void)
        return self._money(Kind.VOID, order, original, attendant)

    def reverse_last(self, order: Order, attendant: Attendant) -> Transaction:
        if not self.capabilities.reverses_last:
            raise self._cannot("reverse_last")
        return self._money(Kind.REVERSAL, order, None, attendant)

    def _check(self, order: Order, original: Original | None, needs: frozenset[str], partial: bool) -> None:
        lacking = sorted(name for name in needs if not getattr(original, name, ""))
        if lacking:
            raise Refused("terminal_needs_original", ", ".join(lacking))
        if original and (order.amount > original.amount or (order.amount < original.amount and not partial)):
            raise self._cannot("a part")

    def _money(self, kind: Kind, order: Order, original: Original | None, attendant: Attendant) -> Transaction:
        terminal = self._asked()
        fate = terminal.fates.get(Step(kind), (None, 0.0))[0]
        if fate in (Fate.REFUSED, Fate.BUSY):
            del terminal.fates[Step(kind)]
            raise Refused("terminal_busy" if fate is Fate.BUSY else "terminal_refused", vendor=NO)
        began = terminal.seconds
        try:
            return self._talk(terminal, terminal.run(kind, order, original, talk := Talk()), talk, attendant)
        except Broken:
            raise self._lost("terminal_link_lost", began + TIMES["money"] - terminal.seconds) from None

    def _talk(self, terminal: Terminal, says: Any, talk: Talk, attendant: Attendant) -> Transaction:
        heard, began, told = None, terminal.seconds, next(says)
        while True:
            if told is None:
                terminal.sleep(TICK)
                talk.aborted = talk.aborted or (self.capabilities.abort and attendant.abort_wanted())
                if terminal.seconds > began + TIMES["money"]:
                    raise self._lost("terminal_no_reply")
                told = next(says)
            elif isinstance(told, Progress):
                if told is not heard and self.capabilities.progress:
                    attendant.progress(told)
                heard, told = told, next(says)
            elif isinstance(told, bytes):
                raise self._lost("terminal_bad_reply")
            else:
                return self._result(terminal, says, told, attendant)

    def _result(self, terminal: Terminal, says: Any, told: dict[str, Any], attendant: Attendant) -> Transaction:
        found = transaction(told)
        terminal.traced.append(repr(found).encode())
        if found.outcome is not Outcome.APPROVED:
            return found
        if found.terminal_id != terminal.id:
            raise self._lost("terminal_bad_reply")
        asked = terminal.seconds
        while True:
            verdict = attendant.approved(found)
            overdue = verdict is Verdict.WAIT and terminal.seconds - asked >= HOLD
            try:
                told = says.send(Talk(verdict=verdict, overdue=overdue))
            except StopIteration:
                return found
            if told["outcome"] is not Outcome.APPROVED:
                return transaction(told)
            terminal.sleep(ASK_AGAIN)

    def find(self, order: Order, operation: Operation) -> Transaction | Found:
        terminal = self.terminal_of_the_test
        if not self.capabilities.finds:
            return Found.NOTHING
        if order.reference in terminal.running:
            return Found.IN_PROGRESS
        result = terminal.results.get(order.reference)
        return transaction(result) if result else Found.NOTHING

    def last_transaction(self) -> Transaction | None:
        if not self.capabilities.last_transaction:
            raise self._cannot("last_transaction")
        last = self._asked(Step.LAST).last
        return transaction(last) if last else None

    def settle(self) -> SettlementResult:
        terminal = self._asked()
        fate = terminal.fates.pop(Step.SETTLEMENT, (None, 0.0))[0]
        if fate is Fate.NO_BANK:
            return SettlementResult(Outcome.DECLINED, Totals.UNKNOWN, "A3")
        if fate is Fate.SILENCE:
            terminal.sleep(TIMES["settlement"])
            raise self._lost("terminal_no_reply")
        if fate is Fate.BROKEN:
            raise self._lost("terminal_link_lost", TIMES["settlement"])
        day = [entry for entry in terminal.book if entry.day == terminal.day and entry.back < entry.amount]
        terminal.day += 1
        totals = Totals.DIFFERENT if terminal.differs else Totals.MATCHED
        terminal.overdue = terminal.differs = False
        if fate is not None:
            raise self._lost("terminal_link_lost" if fate is Fate.ANSWER_LOST else "terminal_bad_reply")
        ours = [entry for entry in day if entry.kind is Kind.PAYMENT]
        amount = sum(entry.amount - entry.back for entry in ours)
        return SettlementResult(Outcome.APPROVED, totals, "00", "", len(ours), amount, (("  ИТОГИ",),))

    def report(self, kind: ReportKind) -> Sequence[Slip]:
        if kind not in self.capabilities.reports:
            raise self._cannot("report")
        return ((f"  {kind}", *(f"{entry.kind} {entry.amount}" for entry in self._asked(Step.REPORT).book)),)

    def reprint_last(self) -> Sequence[Slip]:
        if not self.capabilities.reprints:
            raise self._cannot("reprint_last")
        last = self._asked(Step.REPRINT).last
        return transaction(last).slips if last else ()


QUERIES = (Step.STATUS, Step.LAST, Step.REPORT, Step.REPRINT)


def transaction(told: dict[str, Any]) -> Transaction:
    sbp, track = told.get("sbp", False), told.get("track", "")
    return Transaction(
        told["outcome"], told["code"], reason=told.get("reason"), amount=told.get("amount"),
        reference=told.get("reference"), rrn=told.get("rrn", ""), auth_code=told.get("auth_code", ""),
        number=told.get("number", ""), terminal_id=told.get("terminal_id", ""), at=told.get("at"),
        card="" if sbp or not track else "*" + track.split("=")[0][-4:], slips=told.get("slips", ()),
        sbp_id=f"QR{told['number']}" if sbp else "",
    )  # fmt: skip


class TinyDesk(Desk):
    def __init__(self, settings: frozenset[Setting], capabilities: TerminalCapabilities) -> None:
        self._capabilities = capabilities
        self.terminal = Terminal(Setting.HOLDS in settings, capabilities.reverses_unacknowledged)
        self.restart()

    def restart(self) -> None:
        self.driver = TinyTerminal(self.terminal, self._capabilities)

    def now(self) -> float:
        return self.terminal.seconds

    def sleep(self, seconds: float) -> None:
        self.terminal.sleep(seconds)

    def truth(self) -> Truth:
        charges = [Charge(e.kind, e.amount, e.rrn, e.auth, e.back < e.amount) for e in self.terminal.book]
        return Truth(self.terminal.id, "790000000001", charges, self.terminal.net, self.terminal.day, (PAN, TRACK))

    def traced(self) -> bytes:
        return b"\n".join(self.terminal.traced)

    def bytes_sent(self) -> int:
        return self.terminal.sent

    def fate(self, step: Step, fate: Fate, *, seconds: float = 0.0) -> str | None:
        self.terminal.fates[step] = (fate, seconds)
        return NO if fate in (Fate.REFUSED, Fate.BUSY) else None

    def hand(self, hand: Hand, value: int = 0) -> None:
        terminal = self.terminal
        match hand:
            case Hand.UNPLUG | Hand.PLUG:
                terminal.unplugged = hand is Hand.UNPLUG
            case Hand.NO_PROGRAM | Hand.PROGRAM:
                terminal.missing = hand is Hand.NO_PROGRAM
            case Hand.OCCUPY:
                terminal.occupied = True
            case Hand.NOISE:
                terminal.noise = True
            case Hand.OTHER_TERMINAL:
                terminal.id = "00311160"
            case Hand.CARD_INSIDE | Hand.CARD_OUT:
                terminal.card_inside = hand is Hand.CARD_INSIDE
            case Hand.NEEDS_SETTLEMENT:
                terminal.overdue = True
            case Hand.FOREIGN_PAYMENT:
                entry = terminal.move(Kind.PAYMENT, value, None)
                assert isinstance(entry, Entry)
                terminal._answer(entry, Order(value, 999_999))
            case Hand.TOTALS_DIFFER:
                terminal.differs = True


@dataclass(frozen=True)
class TinyBench(Bench):
    capabilities: TerminalCapabilities = ALL

    def make(self, settings: frozenset[Setting]) -> TinyDesk:
        return TinyDesk(settings, self.capabilities)


EVERYTHING: frozenset[Need] = frozenset((*Fate, *Hand, *Setting))
HOLDING = ("declared", "keep", "undo", "wait-keep", "wait-undo", "as-declared", "for-ever")
NEVER = "this one never holds"
BENCHES = (
    TinyBench("tiny-terminal", "everything", EVERYTHING),
    TinyBench(
        "tiny-terminal", "least", EVERYTHING,
        dict.fromkeys((f"hold.{name}" for name in HOLDING), NEVER), capabilities=LEAST,
    ),
)  # fmt: skip
