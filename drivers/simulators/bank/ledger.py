"""The acquirer's ledger as a terminal sees it: what was taken, what was given back, and the terminal's day.

Everything an interface may ask of it stands here once, so that all simulated terminals agree about money. Amounts are
kopecks above zero. A refusal is ``Declined``; a method that raises it has moved nothing. Nothing is written to disk
here: whoever owns the state saves it after each call that changes something and before anything is said about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from random import Random

from drivers.simulators.bank.cards import Card
from drivers.simulators.bank.state import APPROVED, BankState, Entry, Kind, Means, Origin, terminal_number
from drivers.simulators.bank.steering import Twist, twist


class Why(StrEnum):
    """Why the bank, or the terminal before it, says no."""

    HOST = "host"  # the bank does not honour the card
    NOT_FOUND = "not found"
    ALREADY = "already brought back"
    TOO_MUCH = "more than is left of the original"
    DAY_CLOSED = "the terminal's day is closed"
    NOTHING = "nothing to reverse"


RESPONSES = {
    Why.HOST: "05",
    Why.NOT_FOUND: "25",
    Why.ALREADY: "94",
    Why.TOO_MUCH: "61",
    Why.DAY_CLOSED: "58",
    Why.NOTHING: "25",
}


class Declined(Exception):
    """``entry``: the refusal as it was booked, where the terminal has given it a number."""

    def __init__(self, why: Why, entry: Entry | None = None) -> None:
        super().__init__(why.value)
        self.why = why
        self.entry = entry

    @property
    def response(self) -> str:
        """The bank's code, two characters."""
        return RESPONSES[self.why] if self.entry is None else self.entry.response


class Standing(StrEnum):
    """What has become of an entry."""

    DECLINED = "declined"
    TAKEN = "taken"  # a payment's money, all of it
    REFUNDED = "refunded"  # of a payment, wholly or in part
    VOIDED = "voided"  # wholly or in part
    REVERSED = "reversed"
    GIVEN = "given"  # money brought back by a refund, void or reversal


@dataclass(frozen=True, slots=True)
class Totals:
    """Of the entries of a terminal day; kopecks."""

    payments: int = 0
    payments_sum: int = 0
    refunds: int = 0
    refunds_sum: int = 0
    voids: int = 0  # and reversals
    voids_sum: int = 0

    @property
    def balance(self) -> int:
        return self.payments_sum - self.refunds_sum - self.voids_sum


@dataclass(frozen=True, slots=True)
class Settlement:
    day: int  # the one that it has closed
    terminal: Totals
    bank: Totals
    entries: tuple[Entry, ...]
    at: datetime

    @property
    def matched(self) -> bool:
        return self.terminal == self.bank


class Bank:
    """``now`` is the terminal's clock; ``random`` is asked only when another terminal is put up."""

    def __init__(self, state: BankState, now: Callable[[], datetime], random: Random, *, steer: bool = True) -> None:
        self.state = state
        self._now = now
        self._random = random
        self._steer = steer
        self._returned: dict[str, int] = {}
        self._by_rrn: dict[str, Entry] = {}
        self._last_kind: dict[str, Kind] = {}
        for entry in state.entries:
            self._note(entry)

    # --- what happens ---

    def twist(self, amount: int) -> Twist:
        """How a payment or refund of that amount goes; asked before it begins."""
        return twist(amount, steer=self._steer)

    def pay(
        self,
        amount: int,
        *,
        booked: int | None = None,
        reference: str = "",
        means: Means = Means.CARD,
        origin: Origin = Origin.HOST,
    ) -> Entry:
        """Take the money. ``booked``: the amount that is really taken, where it is not the asked one."""
        return self._book(
            Kind.PAYMENT,
            amount,
            booked=booked,
            reference=reference,
            means=means,
            origin=origin,
            misbooked=origin is Origin.HOST and self.twist(amount) is Twist.MISMATCH,
        )

    def decline(self, kind: Kind, amount: int, response: str = RESPONSES[Why.HOST], *, reference: str = "") -> Entry:
        """The bank says no: nothing moves, and the terminal has used up a number."""
        return self._book(kind, amount, response=response, reference=reference)

    def refund(
        self,
        amount: int,
        original: Entry | None = None,
        *,
        booked: int | None = None,
        reference: str = "",
        means: Means = Means.CARD,
    ) -> Entry:
        """Give ``amount`` back, of any day's payment; ``None``: of none that is known, by the card alone."""
        if original is not None:
            if original.kind is not Kind.PAYMENT:
                raise Declined(Why.NOT_FOUND)
            self._check(original, booked or amount)
        rrn = "" if original is None else original.rrn
        return self._book(Kind.REFUND, amount, booked=booked, original=rrn, reference=reference, means=means)

    def void(self, original: Entry, amount: int | None = None, *, reference: str = "") -> Entry:
        """Take a payment or refund of the present terminal day back, wholly or in part."""
        if original.day != self.state.day or original.terminal_id != self.state.terminal_id:
            raise Declined(Why.DAY_CLOSED)
        part = original.amount - self.returned(original) if amount is None else amount
        self._check(original, part)
        return self._book(Kind.VOID, part, original=original.rrn, reference=reference, card=original.card)

    def reverse(
        self, original: Entry, amount: int | None = None, *, origin: Origin = Origin.HOST, reference: str = ""
    ) -> Entry:
        """Take an operation back as if it had never been, or so much of it."""
        part = original.amount - self.returned(original) if amount is None else amount
        self._check(original, part)
        return self._book(
            Kind.REVERSAL, part, original=original.rrn, origin=origin, reference=reference, card=original.card
        )

    def reverse_last(self, *, reference: str = "") -> Entry:
        """Emergency reversal of whatever this terminal did last in its day."""
        last = self.last()
        if last is None or not last.approved or last.kind not in (Kind.PAYMENT, Kind.REFUND):
            raise Declined(Why.NOTHING)
        if last.day != self.state.day:
            raise Declined(Why.DAY_CLOSED)
        return self.reverse(last, reference=reference)

    def settle(self) -> Settlement:
        """Close the terminal's day; totals that differ close it too."""
        entries = tuple(self.today())
        ours = totals(entries)
        upset = self.state.mismatch or any(entry.misbooked for entry in entries)
        theirs = replace(ours, payments=ours.payments + 1, payments_sum=ours.payments_sum + 100) if upset else ours
        done = Settlement(self.state.day, ours, theirs, entries, self._now())
        self.state.day += 1
        self.state.of_day = 0
        self.state.mismatch = self.state.overdue = False
        return done

    def foreign(self, amount: int) -> Entry:
        """Another program's payment at this terminal."""
        return self.pay(amount, origin=Origin.FOREIGN)

    def change_terminal(self) -> None:
        """Another one is put up at the same place: it knows nothing of the operations before; the bank does."""
        before = self.state.terminal_id
        while self.state.terminal_id == before:
            self.state.terminal_id = terminal_number(self._random)
        self.state.day += 1
        self.state.number = self.state.of_day = 0

    # --- what is known ---

    def last(self) -> Entry | None:
        """The last operation at this terminal that has a number, anybody's, declined ones too."""
        last = next(reversed(self.state.entries), None)
        return last if last is not None and last.terminal_id == self.state.terminal_id else None

    def find(
        self, *, rrn: str = "", auth_code: str = "", number: int = 0, reference: str = "", here: bool = True
    ) -> Entry | None:
        """The newest approved operation that has everything that is given; ``here``: at this very terminal."""
        for entry in reversed(self.state.entries):
            if (
                entry.approved
                and rrn in ("", entry.rrn)
                and auth_code in ("", entry.auth_code)
                and number in (0, entry.number)
                and reference in ("", entry.reference)
                and (not here or entry.terminal_id == self.state.terminal_id)
            ):
                return entry
        return None

    def today(self) -> Iterable[Entry]:
        """Approved operations of the terminal's present day, in order."""
        state = self.state
        first = len(state.entries)
        while first and (state.entries[first - 1].terminal_id, state.entries[first - 1].day) == (
            state.terminal_id,
            state.day,
        ):
            first -= 1
        return (entry for entry in state.entries[first:] if entry.approved)

    @property
    def totals(self) -> Totals:
        """Of the terminal's present day."""
        return totals(self.today())

    @property
    def balance(self) -> int:
        return self.totals.balance

    def returned(self, entry: Entry) -> int:
        """Kopecks of it that have been brought back so far."""
        return self._returned.get(entry.rrn, 0)

    def standing(self, entry: Entry) -> Standing:
        if not entry.approved:
            return Standing.DECLINED
        if self.returned(entry):
            by = self._last_kind[entry.rrn]
            return {Kind.VOID: Standing.VOIDED, Kind.REVERSAL: Standing.REVERSED}.get(by, Standing.REFUNDED)
        return Standing.TAKEN if entry.kind is Kind.PAYMENT else Standing.GIVEN

    def card(self, entry: Entry) -> Card:
        return self.state.cards[entry.card]

    @property
    def secrets(self) -> frozenset[str]:
        """Texts that no driver may let out."""
        return frozenset(secret for card in self.state.cards for secret in card.secrets)

    # --- inside ---

    def _check(self, original: Entry, amount: int) -> None:
        if not original.approved or original.kind not in (Kind.PAYMENT, Kind.REFUND):
            raise Declined(Why.NOT_FOUND)
        left = original.amount - self.returned(original)
        if left == 0:
            raise Declined(Why.ALREADY)
        if amount > left:
            raise Declined(Why.TOO_MUCH)

    def _book(
        self,
        kind: Kind,
        asked: int,
        *,
        booked: int | None = None,
        response: str = APPROVED,
        original: str = "",
        reference: str = "",
        means: Means = Means.CARD,
        origin: Origin = Origin.HOST,
        misbooked: bool = False,
        card: int | None = None,
    ) -> Entry:
        state = self.state
        state.number += 1
        state.of_day += 1
        at = self._now()
        rrn = auth_code = ""
        if response == APPROVED:
            state.booked += 1
            rrn = f"{at.year % 10}{at.timetuple().tm_yday:03d}{(state.salt * 100 + state.booked) % 10**8:08d}"
            auth_code = f"{(state.salt + state.booked * 7919) % 10**6:06d}"
        entry = Entry(
            kind,
            asked,
            asked if booked is None else booked,
            state.terminal_id,
            state.day,
            state.number,
            state.of_day,
            rrn,
            auth_code,
            at,
            (state.number - 1) % len(state.cards) if card is None else card,
            response,
            original,
            origin,
            means,
            reference,
            misbooked,
        )
        state.entries.append(entry)
        self._note(entry)
        return entry

    def _note(self, entry: Entry) -> None:
        if not entry.approved:
            return
        self._by_rrn[entry.rrn] = entry
        if not entry.original:
            return
        self._returned[entry.original] = self._returned.get(entry.original, 0) + entry.amount
        self._last_kind[entry.original] = entry.kind
        brought_back = self._by_rrn.get(entry.original)
        if brought_back is not None and brought_back.kind is Kind.REFUND and brought_back.original:
            self._returned[brought_back.original] -= entry.amount


def totals(entries: Iterable[Entry]) -> Totals:
    """Approved ones count. A void of a refund counts as a refund taken back."""
    by_rrn: dict[str, Entry] = {}
    sums = {Kind.PAYMENT: [0, 0], Kind.REFUND: [0, 0], Kind.VOID: [0, 0]}
    for entry in entries:
        if not entry.approved:
            continue
        by_rrn[entry.rrn] = entry
        original = by_rrn.get(entry.original)
        if original is not None and original.kind is Kind.REFUND:
            sums[Kind.REFUND][0] -= 1
            sums[Kind.REFUND][1] -= entry.amount
            continue
        row = sums[Kind.VOID if entry.kind is Kind.REVERSAL else entry.kind]
        row[0] += 1
        row[1] += entry.amount
    return Totals(*sums[Kind.PAYMENT], *sums[Kind.REFUND], *sums[Kind.VOID])
