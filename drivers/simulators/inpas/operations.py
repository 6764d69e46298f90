"""What each request means: which fields it needs, what is booked, and what the answer says. No time, no bytes.

Choices where the text leaves one: a request that lacks a field, is in another currency or has an unknown operation is
error 4 of the service, another terminal's number error 9; the sum of a void that is not all that is left needs field 1
with the original one; an emergency reversal must name the sum of the last operation; a terminal in which a card was
left refuses (16); status 17 is never sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.simulators.bank import Declined, Entry, Kind, Standing, Totals, Why, slips
from drivers.simulators.inpas import fields
from drivers.simulators.inpas.messages import FIRST_COPY, SECOND_COPY, BadRequest, Question, receipt

if TYPE_CHECKING:
    from drivers.simulators.inpas.device import InpasTerminal

Values = dict[int, str]
RUB = "643"
KINDS: Mapping[Kind, int] = {
    Kind.PAYMENT: fields.SALE,
    Kind.REFUND: fields.REFUND,
    Kind.VOID: fields.VOID,
    Kind.REVERSAL: fields.REVERSAL,
}
REASONS: Mapping[Why, str] = {
    Why.HOST: "ОТКАЗАНО БАНКОМ",
    Why.NOT_FOUND: "ОПЕРАЦИЯ НЕ НАЙДЕНА",
    Why.ALREADY: "ОПЕРАЦИЯ УЖЕ ОТМЕНЕНА",
    Why.TOO_MUCH: "СУММА БОЛЬШЕ ИСХОДНОЙ",
    Why.DAY_CLOSED: "ДЕНЬ ЗАКРЫТ, ОТМЕНА НЕВОЗМОЖНА",
    Why.NOTHING: "НЕТ ОПЕРАЦИИ ДЛЯ ОТМЕНЫ",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """One request, understood. ``kind``: of what ``book`` puts into the ledger; ``None``: ``act`` only tells, or closes
    the day."""

    word: str
    amount: int | None = None
    kind: Kind | None = None
    card: bool = False
    book: Callable[[int | None], Entry] | None = None
    """Takes the amount that is really booked, ``None``: the right one. Raises ``Declined``."""
    act: Callable[[], Values] | None = None


def word_of(question: Question) -> str:
    """How faults call it."""
    operation, mode = question.text(fields.OPERATION), question.text(fields.MODE)
    step = question.text(fields.SBP_STEP)
    narrower = mode if operation == str(fields.REPORT) else step
    for (code, more), word in fields.WORDS.items():
        if operation == str(code) and (narrower or "0") == str(more):
            return word
    return "other"


def plan(device: InpasTerminal, question: Question) -> Plan:
    """Raises ``BadRequest``."""
    word = word_of(question)
    bank, number = device.bank, question.text(fields.NUMBER)
    if word in ("payment", "refund", "void", "reversal"):
        amount = _sum(question)
        if word == "payment":
            return Plan(
                word, amount, Kind.PAYMENT, True, lambda booked: bank.pay(amount, booked=booked, reference=number)
            )
        if word == "reversal":
            return Plan(word, amount, Kind.REVERSAL, False, lambda _: _reverse(device, amount, number))
        rrn = _needed(question, fields.RRN)
        if word == "refund":
            code = question.text(fields.AUTH_CODE)
            return Plan(
                word, amount, Kind.REFUND, True, lambda booked: _refund(device, rrn, code, amount, booked, number)
            )
        code = _needed(question, fields.AUTH_CODE)
        whole = question.number(fields.MORE_AMOUNT)
        return Plan(word, amount, Kind.VOID, False, lambda _: _void(device, rrn, code, amount, whole, number))
    if word == "settlement":
        _currency(question)
        return Plan(word, act=dict)
    if word == "test":
        return Plan(word, act=lambda: {fields.TEXT: "СВЯЗЬ С БАНКОМ ЕСТЬ"})
    if word == "report":
        full = question.text(fields.MODE) == str(fields.FULL)
        return Plan(word, act=lambda: report(device, full=full))
    if word == "find":
        rrn, code = question.text(fields.RRN), question.text(fields.AUTH_CODE)
        if not rrn and not code:
            raise BadRequest("RRN or authorisation code was expected")
        return Plan(word, act=lambda: found(device, rrn, code))
    raise BadRequest("an unknown operation")


# --- what is booked --------------------------------------------------------------------------------------------------


def _void(device: InpasTerminal, rrn: str, code: str, amount: int, whole: int | None, number: str) -> Entry:
    entry = device.bank.find(rrn=rrn, auth_code=code)
    if entry is None:
        raise Declined(Why.NOT_FOUND)
    left = entry.amount - device.bank.returned(entry)
    if amount != left and left and whole != entry.amount:
        raise Declined(Why.TOO_MUCH)
    return device.bank.void(entry, amount, reference=number)


def _refund(device: InpasTerminal, rrn: str, code: str, amount: int, booked: int | None, number: str) -> Entry:
    entry = device.bank.find(rrn=rrn, auth_code=code, here=False)
    if entry is None:
        raise Declined(Why.NOT_FOUND)
    return device.bank.refund(amount, entry, booked=booked, reference=number)


def _reverse(device: InpasTerminal, amount: int, number: str) -> Entry:
    last = device.bank.last()
    if last is not None and last.approved and last.amount != amount:
        raise Declined(Why.NOTHING)
    return device.bank.reverse_last(reference=number)


def _sum(question: Question) -> int:
    amount = question.number(fields.AMOUNT)
    _currency(question)
    if not amount:
        raise BadRequest("a sum above zero was expected")
    return amount


def _currency(question: Question) -> None:
    if question.text(fields.CURRENCY) != RUB:
        raise BadRequest("currency 643 was expected")


def _needed(question: Question, number: int) -> str:
    text = question.text(number)
    if not text:
        raise BadRequest(f"field {number} was expected")
    return text


# --- what is answered ------------------------------------------------------------------------------------------------


def head(device: InpasTerminal, question: Question, status: int, response: str = "", text: str = "") -> Values:
    """Fields of every answer."""
    values = {
        fields.CURRENCY: RUB,
        fields.TIME: f"{device.now():%Y%m%d%H%M%S}",
        fields.OPERATION: question.text(fields.OPERATION),
        fields.TERMINAL: device.state.bank.terminal_id,
        fields.MERCHANT: device.state.bank.merchant_id,
        fields.SERIAL: device.state.serial,
        fields.STATUS: str(status),
    }
    optional = {fields.RESPONSE: response, fields.TEXT: text, fields.NUMBER: question.text(fields.NUMBER)}
    return values | {number: value for number, value in optional.items() if value}


def refusal(device: InpasTerminal, question: Question, declined: Declined) -> Values:
    """16 with the bank's code."""
    text = REASONS[declined.why] if declined.entry is None else REASONS[Why.HOST]
    return head(device, question, fields.REFUSED, declined.response, text)


def told(device: InpasTerminal, entry: Entry) -> Values:
    """What the terminal says of an operation, with all that a careless one lets out."""
    card = device.bank.card(entry)
    merchant, customer = slips.operation(entry, card, device.state.bank.merchant_id)
    values = {
        fields.AMOUNT: str(entry.amount),
        fields.HOST_TIME: f"{entry.at:%Y%m%d%H%M%S}",
        fields.TIME: f"{entry.at:%Y%m%d%H%M%S}",
        fields.STAN: str(entry.number),
        fields.RESPONSE: entry.response,
        fields.RECEIPT: receipt([(FIRST_COPY, customer), (SECOND_COPY, merchant)]),
    }
    if entry.approved:
        values |= {
            fields.PAN: card.pan,
            fields.EXPIRY: card.expiry,
            fields.TRACK2: card.track2,
            fields.AUTH_CODE: entry.auth_code,
            fields.RRN: entry.rrn,
            fields.TEXT: "ОДОБРЕНО",
        }
    return values


def found(device: InpasTerminal, rrn: str, code: str) -> Values:
    """One operation of this terminal; ``Declined`` when there is none."""
    entry = device.bank.find(rrn=rrn, auth_code=code)
    if entry is None:
        raise Declined(Why.NOT_FOUND)
    standing = device.bank.standing(entry)
    values = told(device, entry) | {34: str(KINDS[entry.kind])}
    if standing in (Standing.VOIDED, Standing.REVERSED, Standing.REFUNDED):
        values[fields.TEXT] = "ОТМЕНЕНО" if device.bank.returned(entry) == entry.amount else "ОТМЕНЕНО ЧАСТИЧНО"
    return values


def report(device: InpasTerminal, *, full: bool) -> Values:
    state = device.state.bank
    sums = device.bank.totals
    lines = slips.report(list(device.bank.today()), sums, state.merchant_id, state.terminal_id, full=full)
    return _sums(sums) | {fields.RECEIPT: receipt([(FIRST_COPY, lines)]), fields.TEXT: "ОТЧЕТ"}


def settled(device: InpasTerminal) -> Values:
    """Closes the day."""
    state = device.state.bank
    done = device.bank.settle()
    lines = slips.settlement(done, state.merchant_id, state.terminal_id)
    text = slips.RUSSIAN.matched if done.matched else slips.RUSSIAN.differ
    return _sums(done.terminal) | {fields.RECEIPT: receipt([(FIRST_COPY, lines)]), fields.TEXT: text}


def _sums(sums: Totals) -> Values:
    return {
        fields.DEBIT_SUM: str(sums.payments_sum),
        fields.DEBIT_COUNT: str(sums.payments),
        fields.CREDIT_SUM: str(sums.refunds_sum),
        fields.CREDIT_COUNT: str(sums.refunds),
        fields.VOID_SUM: str(sums.voids_sum),
        fields.VOID_COUNT: str(sums.voids),
    }
