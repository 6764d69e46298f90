"""What the terminal does as master, operation by operation; generators for ``session``.

The commit rule stands in ``_deliver``: money that was booked stays only if the result and every print packet have been
acknowledged; otherwise the terminal takes it back by itself, or leaves that to the next payment's number. A terminal
that waits for goods (vending) asks in ``_goods``. Choices where the text leaves one:

- an operation that the customer or 06 B0 ended before the card, and one without the bank, is no «last transaction»;
- a negative answer to a result counts as acknowledgement where the terminal does not wait for goods;
- a reversal (06 30) whose result nobody acknowledged stays: there is nothing to take it back with;
- the terminal that has lost its line is busy (84 9C) for a moment while it takes a payment back.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.simulators.bank import CARD_WAIT, MORE, SLOWLY, Declined, Entry, Kind, Twist, Why, slips
from drivers.simulators.bank.terminal import Course
from drivers.simulators.zvt import codes, messages
from drivers.simulators.zvt.apdu import Apdu
from drivers.simulators.zvt.fields import BadData, read
from drivers.simulators.zvt.session import Aborted, Hang, LinkLost, Pause, Procedure, Say, Wish

if TYPE_CHECKING:
    from drivers.simulators.zvt.device import ZvtTerminal

ERRORS = {Why.ALREADY: codes.ALREADY_REVERSED, Why.TOO_MUCH: codes.WRONG_AMOUNT}
SLOW_STEPS = 4


class Unanswered(Exception):
    """The cash register did not answer in time."""


class PowerGone(Exception):
    """The power has failed inside a procedure: it is over."""


@dataclass(frozen=True, slots=True)
class Operation:
    word: str
    kind: Kind
    amount: int | None  # kopecks, where the cash register has said them
    book: Callable[[int | None], Entry]
    """Raises ``Declined``; takes the amount that is really booked, ``None``: the right one."""
    card: bool = True  # somebody has to present one
    goods_timeout: float = codes.GOODS_TIMEOUT
    most_results: int = 0  # 0: no limit
    synchronised: bool = False  # the result carries the receipt number for the next command


def operation(pt: ZvtTerminal, order: Operation) -> Procedure:
    """A payment, refund or reversal."""
    steered = order.amount if order.kind in (Kind.PAYMENT, Kind.REFUND) else None
    course = pt.goes(order.word, steered)
    try:
        yield from _before_the_bank(pt, order, course)
        entry = _book(pt, order, course)
        if course.slow_after:
            yield Pause(course.slow_after)
    except Aborted:
        yield Say(messages.aborted(codes.KEY_OR_TIMEOUT))
    except Unanswered:
        yield Say(messages.aborted(codes.LINE))
    except Failed as failed:
        yield Say(messages.aborted(failed.error))
    except PowerGone:
        return
    else:
        yield from (_deliver if entry.approved else _declined)(pt, order, course, entry)


class Failed(Exception):
    """The operation ends without anything in the ledger."""

    def __init__(self, error: int) -> None:
        super().__init__(f"{error:02X}")
        self.error = error


def _before_the_bank(pt: ZvtTerminal, order: Operation, course: Course) -> Generator[Wish, Apdu | None, None]:
    if course.twist is Twist.HANG:
        yield Hang()
        raise Unanswered
    if order.card:
        yield from progress(pt, codes.PRESENT_CARD)
        late = CARD_WAIT if course.twist is Twist.NO_CARD else course.slow_before / 2
        yield Pause(pt.pace + late, abortable=True)
        if course.twist in (Twist.CANCELLED, Twist.NO_CARD):
            raise Aborted
        yield from progress(pt, codes.LOOK_AT_PIN_PAD)
        yield Pause(pt.pace, abortable=True)
    yield from progress(pt, codes.WAIT_FOR_HOST)
    if course.twist is Twist.SLOW:
        for _ in range(SLOW_STEPS):
            yield Pause(SLOWLY / SLOW_STEPS)
            yield from progress(pt, codes.WAIT_FOR_HOST)
    yield Pause(pt.pace + (course.slow_before / 2 if order.card else course.slow_before))
    if course.twist is Twist.NO_BANK:
        raise Failed(codes.COMMUNICATION)
    if course.twist is Twist.CANCELLED:
        raise Aborted


def _book(pt: ZvtTerminal, order: Operation, course: Course) -> Entry:
    power = pt.power_at(order.word)
    if power.before():
        raise PowerGone
    amount = order.amount or 0
    try:
        if course.response or course.twist is Twist.DECLINED:
            entry = pt.bank.decline(order.kind, amount, course.response or "05")
        else:
            entry = order.book(amount + MORE if course.twist is Twist.OTHER_AMOUNT else None)
    except Declined as declined:
        raise Failed(ERRORS.get(declined.why, codes.NO_REVERSAL)) from declined
    if entry.approved and entry.kind in (Kind.PAYMENT, Kind.REFUND):
        pt.state.open = entry.rrn
    pt.booked()
    if power.after():
        raise PowerGone
    return entry


# --- the result ------------------------------------------------------------------------------------------------------


def _deliver(pt: ZvtTerminal, order: Operation, course: Course, entry: Entry) -> Procedure:
    try:
        yield from progress(pt, codes.APPROVED_STATE)
        kept = yield from (_goods if pt.options.vending else _result)(pt, order, course, entry)
        if kept:
            yield from print_slips(pt, codes.PRINTS_PAYMENTS, _copies(pt, entry))
    except (Unanswered, LinkLost):
        yield from _unacknowledged(pt, entry)
        return
    pt.closed()
    yield Say(messages.completion() if kept else messages.aborted(codes.KEY_OR_TIMEOUT))


def _declined(pt: ZvtTerminal, order: Operation, course: Course, entry: Entry) -> Procedure:
    try:
        yield from progress(pt, codes.DECLINED_STATE)
        yield from _result(pt, order, course, entry)
        yield from print_slips(pt, codes.PRINTS_PAYMENTS, _copies(pt, entry)[1:])
    except Unanswered:
        pass
    yield Say(messages.aborted(messages.result_of(pt.bank, entry)))


def _result(pt: ZvtTerminal, order: Operation, course: Course, entry: Entry) -> Generator[Wish, Apdu | None, bool]:
    said = messages.status_information(pt.state, pt.bank, entry, synchronised=order.synchronised)
    yield from answer_of(pt, order.word, course, said)
    return True


def answer_of(pt: ZvtTerminal, word: str, course: Course, said: Apdu) -> Generator[Wish, Apdu | None, Apdu]:
    """04 0F as the faults let it through; the answer to it. Raises ``Unanswered`` or ``LinkLost``."""
    lost = pt.strikes("answer-lost", word)
    if course.twist is Twist.LOST or (lost is not None and lost.text("drop") != "no"):
        pt.session.cut()
        raise LinkLost
    repeats = codes.REPEATS
    if lost is not None:
        yield Pause(codes.T3)
        repeats -= 1
    if course.twist is Twist.GARBAGE:
        said = messages.garbage(pt.random.randbytes(20))
    if course.twist is Twist.OTHER_ANSWER:
        said = messages.of_another(said)
    answer = yield Say(said, repeats=repeats)
    if answer is None:
        raise Unanswered
    return answer


def _goods(pt: ZvtTerminal, order: Operation, course: Course, entry: Entry) -> Generator[Wish, Apdu | None, bool]:
    """The result until the goods are out: whether money is kept."""
    if course.twist in (Twist.LOST, Twist.GARBAGE) or order.kind is not Kind.PAYMENT:
        return (yield from _result(pt, order, course, entry))
    said = messages.status_information(pt.state, pt.bank, entry, synchronised=order.synchronised)
    sent = 0
    while True:
        answer = yield Say(said, wait=order.goods_timeout)
        sent += 1
        if answer is None:
            raise Unanswered
        if answer.error == codes.PLEASE_WAIT:
            if sent == order.most_results:
                pt.take_back(entry)
                yield Say(messages.given_back())
                return False
            yield Pause(codes.WAIT_BETWEEN)
        elif answer.error == codes.PARTLY:
            return _partly(pt, entry, answer)
        elif answer.error:
            yield from progress(pt, codes.REVERSING)
            pt.take_back(entry)
            return False
        else:
            return True


def _partly(pt: ZvtTerminal, entry: Entry, answer: Apdu) -> bool:
    """Only so much was issued: the rest goes back. What cannot be read is nothing issued."""
    try:
        kept = read(answer.data).number(0x04) or 0
    except BadData:
        kept = 0
    if kept < entry.amount:
        pt.take_back(entry, entry.amount - kept)
    return kept > 0


def _unacknowledged(pt: ZvtTerminal, entry: Entry) -> Procedure:
    if entry.kind not in (Kind.PAYMENT, Kind.REFUND):
        return
    if pt.options.unacknowledged == "later" and not pt.options.vending:
        pt.closed()
        return
    late = pt.strikes("late", "reversal")
    if late is not None:
        pt.after(late.seconds("seconds"), lambda: pt.take_back(entry))
        return
    with suppress(LinkLost):
        yield Pause(pt.pace)
    pt.take_back(entry)
    if pt.session.linked:
        yield Say(messages.aborted(codes.KEY_OR_TIMEOUT))


# --- what all of them need -------------------------------------------------------------------------------------------


def progress(pt: ZvtTerminal, state: int, minutes: int = 0) -> Generator[Wish, Apdu | None, None]:
    """04 FF, where the cash register wants it."""
    registration = pt.state.registration
    if registration is None or not registration.config & codes.WANTS_PROGRESS or not pt.session.linked:
        return
    if (yield Say(messages.intermediate(state, minutes))) is None:
        raise Unanswered


def print_slips(
    pt: ZvtTerminal, whose: int, copies: Iterable[tuple[list[str], int]]
) -> Generator[Wish, Apdu | None, None]:
    """``whose``: the bit of the configuration that says who prints these."""
    registration = pt.state.registration
    if registration is None or not registration.config & whose:
        return
    for lines, kind in copies:
        for packet in messages.prints(registration, lines, kind):
            if (yield Say(packet)) is None:
                raise Unanswered


def _copies(pt: ZvtTerminal, entry: Entry) -> list[tuple[list[str], int]]:
    merchant, customer = slips.operation(entry, pt.bank.card(entry), pt.state.bank.merchant_id, slips.LATIN, pt.width)
    return [(merchant, codes.MERCHANT), (customer, codes.CUSTOMER)]


def repeat(pt: ZvtTerminal, service: int | None) -> Procedure:
    """The last transaction again: its result, its slip, or both."""
    entry = pt.last_told()
    if entry is None:
        yield Say(messages.aborted(codes.IMPOSSIBLE))
        return
    course = pt.goes("repeat")
    asked = 0 if service is None else service
    if course.twist is Twist.HANG:
        yield Hang()
        return
    try:
        if asked & codes.SEND_RESULT:
            yield from answer_of(pt, "repeat", course, messages.status_information(pt.state, pt.bank, entry))
        if not asked & codes.NO_PRINT:
            yield from print_slips(pt, codes.PRINTS_PAYMENTS, _copies(pt, entry))
    except Unanswered:
        yield Say(messages.aborted(codes.LINE))
        return
    yield Say(messages.completion())


def settlement(pt: ZvtTerminal) -> Procedure:
    course = pt.goes("settlement")
    try:
        if course.twist is Twist.HANG:
            yield Hang()
            return
        yield from progress(pt, codes.WAIT_FOR_HOST)
        yield Pause((SLOWLY if course.twist is Twist.SLOW else pt.pace) + course.slow_before)
        if course.twist in (Twist.NO_BANK, Twist.DECLINED) or course.response:
            yield Say(messages.aborted(int(course.response) if course.response else codes.COMMUNICATION))
            return
        power = pt.power_at("settlement")
        if power.before():
            return
        done = pt.settle(mismatch=course.twist is Twist.MISMATCH)
        if power.after():
            return
        if course.slow_after:
            yield Pause(course.slow_after)
        yield from answer_of(pt, "settlement", course, messages.settled(pt.state, done, pt.bank))
        state = pt.state.bank
        lines = slips.settlement(done, state.merchant_id, state.terminal_id, slips.LATIN, pt.width)
        yield from print_slips(pt, codes.PRINTS_ADMIN, [(lines, codes.ADMIN)])
    except Unanswered:
        yield Say(messages.aborted(codes.LINE))
        return
    yield Say(messages.completion())


def report(pt: ZvtTerminal, *, send: bool) -> Procedure:
    """The day so far: as 04 0F (06 10), or on paper (06 12)."""
    try:
        if send:
            yield from answer_of(pt, "totals", pt.goes("totals"), messages.totals(pt.state, pt.bank))
        else:
            state, entries = pt.state.bank, list(pt.bank.today())
            lines = slips.report(
                entries,
                pt.bank.totals,
                state.merchant_id,
                state.terminal_id,
                full=True,
                words=slips.LATIN,
                width=pt.width,
            )
            yield from print_slips(pt, codes.PRINTS_ADMIN, [(lines, codes.ADMIN)])
    except Unanswered:
        yield Say(messages.aborted(codes.LINE))
        return
    yield Say(messages.completion())


def done(completion: Apdu, seconds: float) -> Procedure:
    """What needs nothing but a moment."""
    yield Pause(seconds)
    yield Say(completion)
