"""What a behaviour works with: one desk, the operations with money, and what has to hold after each of them.

Whatever a behaviour is about, every operation is counted in the bank's book, every answer and every verdict is searched
for what nobody may see, and every code is looked up.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from drivers.conformance.place import SettingWord
from drivers.conformance.showing import AnyStage
from drivers.conformance.terminals.bench import MARGIN, Bench, Charge, Desk, Fate, Hand, Setting, Step, Truth
from drivers.conformance.terminals.clerk import Clerk
from drivers.conformance.terminals.samples import PRICE
from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.terminal_api import (
    CardTerminal,
    Means,
    Order,
    Original,
    Outcome,
    Slip,
    TerminalIdentity,
    Totals,
    Transaction,
)
from protocol.crm.terminal_codes import TERMINAL_CODES

R = TypeVar("R")
ATTEMPTS = 5
CALM = 60.0
"""Seconds after which a terminal that was in trouble is looked at again."""
GRACE = 30.0
"""Seconds beyond ``max_time`` that a call may take."""
DIGITS = 4
"""Of a card's number that may be seen."""


class Stage(AnyStage[CardTerminal, Truth]):
    """A fresh terminal of the bench, set up as the behaviour needs it. Use it once, then ``close``."""

    bench: Bench

    def _prepare(self, settings: frozenset[SettingWord]) -> None:
        self._desk = self.bench.make(frozenset(each for each in settings if isinstance(each, Setting)))
        self._references = 0

    @property
    def at(self) -> Desk:
        return self._desk

    def fate(self, step: Step, fate: Fate, *, seconds: float = 0.0) -> str | None:
        self.declared(fate)
        return self._desk.fate(step, fate, seconds=seconds)

    def hand(self, hand: Hand, value: int = 0) -> None:
        self.declared(hand)
        self._desk.hand(hand, value)

    @property
    def longest(self) -> float:
        """Seconds that the terminal may work on an operation by card."""
        return self.bench.longest or self.driver.capabilities.max_time["money"]

    def traced(self) -> bytes:
        return self._desk.traced()

    # --- what is done at it ------------------------------------------------------------------------------------------

    def connect(self) -> TerminalIdentity:
        return self.seen(self.driver.connect())

    def again(self) -> TerminalIdentity:
        self.driver.disconnect()
        return self.connect()

    def restart(self) -> None:
        """The agent has died and been started again; not connected."""
        self._desk.restart()

    def order(self, amount: int = PRICE, means: Means = Means.CARD) -> Order:
        """With a reference that this terminal has never seen."""
        self._references += 1
        return Order(amount, 1000 + self._references, means=means)

    def pay(self, order: Order | None = None, clerk: Clerk | None = None) -> Transaction:
        order, clerk = order or self.order(), clerk or Clerk()
        return self._money(+1, order, clerk, lambda: self.driver.pay(order, clerk))

    def refund(self, original: Original | None, order: Order | None = None, clerk: Clerk | None = None) -> Transaction:
        order, clerk = order or self.order(), clerk or Clerk()
        return self._money(-1, order, clerk, lambda: self.driver.refund(order, original, clerk))

    def void(self, original: Original, order: Order | None = None, clerk: Clerk | None = None) -> Transaction:
        order, clerk = order or self.order(), clerk or Clerk()
        return self._money(-1, order, clerk, lambda: self.driver.void(order, original, clerk))

    def reverse(self, order: Order | None = None, clerk: Clerk | None = None) -> Transaction:
        order, clerk = order or self.order(), clerk or Clerk()
        return self._money(-1, order, clerk, lambda: self.driver.reverse_last(order, clerk))

    def paid(self, amount: int = PRICE) -> Original:
        """A payment that was approved, as whoever brings it back knows it."""
        told = self.pay(self.order(amount))
        assert told.outcome is Outcome.APPROVED, f"{told.outcome}: {told.code} {told.text}"
        return original_of(told, amount)

    def last(self) -> Transaction | None:
        """A query: the book stays as it is."""
        before = self.truth()
        found = self.seen(self.driver.last_transaction())
        self.same_book(before)
        if found is not None:
            self._well_formed(found)
        return found

    def recover(self, doubt: DeviceError | None = None) -> None:
        """What a caller does after doubt: let its time pass, and what the terminal takes back by itself; then open the
        channel anew, which may fail while the terminal is still in trouble."""
        self.wait_out(doubt)
        for _ in range(ATTEMPTS):
            try:
                self.again()
                return
            except (NotSent, InDoubt):
                self.sleep(CALM)
        self.again()

    def wait_out(self, doubt: DeviceError | None) -> None:
        remaining = doubt.remaining if isinstance(doubt, InDoubt) else 0.0
        self.sleep(remaining + self.driver.capabilities.reverses_unacknowledged + MARGIN)

    # --- what holds of every operation -------------------------------------------------------------------------------

    def _money(self, sign: int, order: Order, clerk: Clerk, call: Callable[[], Transaction]) -> Transaction:
        before = self.truth()
        try:
            told = call()
        except InDoubt as doubt:
            self.still_possible(doubt)
            self._moved(before, sign, order, None)
            raise
        except (NotSent, Refused):
            self._moved(before, sign, order, 0)
            raise
        except Exception:
            self._moved(before, sign, order, None)
            raise
        finally:
            self.clean(clerk.told)
            for earlier, later in zip(clerk.heard, clerk.heard[1:], strict=False):
                assert earlier is not later, f"{later} was told twice"
        self._well_formed(told)
        approved = told.outcome is Outcome.APPROVED
        self._moved(before, sign, order, (told.amount or order.amount) if approved else 0, told.amount)
        if approved:
            assert clerk.told, "the money has been moved, and approved was not called"
        return self.seen(told)

    @staticmethod
    def still_possible(doubt: InDoubt) -> None:
        assert doubt.remaining >= 0, f"{doubt!r}: {doubt.remaining} s remain"

    def _moved(self, before: Truth, sign: int, order: Order, amount: int | None, told: int | None = None) -> None:
        """What the book says since: once at most, and what was told of it; ``None``: all or nothing. Where another
        amount was ``told`` than was ordered, the caller believes in neither."""
        truth = self.truth()
        new = self.charges_since(before)
        moved = (truth.net - before.net) * sign
        assert len(new) <= 2, f"one operation, and in the bank's book: {new}"  # the second takes the first one back
        assert sum(charge.stands for charge in new) <= 1, f"one operation, and in the bank's book: {new}"
        doubted = amount is None or (amount != 0 and told not in (None, order.amount))
        wanted = {0, order.amount, told or 0} if doubted else {amount or 0}
        assert moved in wanted, f"{moved} kopecks were moved, {' or '.join(map(str, sorted(wanted)))} were told"

    def charges_since(self, before: Truth) -> list[Charge]:
        return list(self.truth().charges[len(before.charges) :])

    def _well_formed(self, told: Transaction) -> None:
        if told.outcome is Outcome.APPROVED:
            assert told.reason is None, f"approved, and the reason is {told.reason}"
        else:
            assert told.reason is not None, f"{told.outcome}, and no reason"
            assert told.reason in TERMINAL_CODES, f"{told.reason} is no code of ours"
        assert told.amount is None or type(told.amount) is int, f"{told.amount!r} are no kopecks"
        assert sum(character.isdigit() for character in told.card) <= DIGITS, f"card {told.card!r}"
        assert told.at is None or told.at.tzinfo is None, f"{told.at!r} is not by the terminal's clock"
        self.readable(told.slips)

    @staticmethod
    def readable(slips: object) -> None:
        assert isinstance(slips, (tuple, list)), f"{slips!r} are no slips"
        for slip in slips:
            each: Slip = slip
            assert not isinstance(each, str), f"{each!r} are no lines"
            assert each, "a slip without a line"
            for line in each:
                assert line.isprintable(), f"{line!r} holds what no printer should be given"

    def same_book(self, before: Truth) -> None:
        after = self.truth()
        assert (after.charges, after.net) == (before.charges, before.net), "the bank's book is not as it was before"
        assert after.settlements == before.settlements, "the day was closed"

    def verdict(self, call: Callable[[], object]) -> DeviceError | None:
        verdict = super().verdict(call)
        if verdict is not None:
            assert verdict.code in TERMINAL_CODES, f"{verdict!r} has no code of ours"
            assert verdict.code.startswith("terminal_"), f"{verdict!r} is no verdict of a terminal's driver"
            assert type(verdict) in (NotSent, Refused, InDoubt), f"{type(verdict)!r} is a verdict of its own"
            self.clean("".join(traceback.format_exception(verdict)), verdict)
        return verdict

    def seen(self, value: R) -> R:
        self.clean(value)
        return value

    def clean(self, *values: object) -> None:
        """Nothing in them that nobody may see, not in groups of digits either, nor in bytes as packed digits."""
        for value in values:
            text = repr(value) + (str(value) + repr(value.args) if isinstance(value, BaseException) else "")
            ways = [text, "".join(character for character in text if character not in " -")]
            if isinstance(value, bytes):
                ways += [value.decode("utf-8", "replace"), value.hex().upper()]
            assert not any(secret in way for secret in self.truth().secrets for way in ways), "a card's secret is told"

    @contextmanager
    def paced(self, pace: str) -> Iterator[None]:
        """It ends within the longest time that the driver gives the terminal."""
        before, most = self.now(), self.driver.capabilities.max_time[pace] + GRACE
        yield
        took = self.now() - before
        assert took <= most, f"took {took:.0f} s, at most {most:.0f} s are allowed"


def original_of(told: Transaction, amount: int) -> Original:
    """``amount``: as it was ordered, where the terminal does not tell it."""
    return Original(
        told.amount if told.amount is not None else amount,
        told.rrn,
        told.auth_code,
        told.number,
        told.terminal_id,
        told.at,
        told.sbp_id,
    )


def matched_or_unsaid(totals: Totals) -> bool:
    return totals in (Totals.MATCHED, Totals.UNKNOWN)
