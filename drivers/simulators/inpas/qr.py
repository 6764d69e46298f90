"""SBP: a QR code on the terminal's screen, paid at the customer's bank some time later. The cash register keeps asking.

What is waiting outlives the terminal's power: the customer's bank knows nothing of it. Choices where the text leaves
one: a code is begun under the cash register's GUID, and once more under the same GUID is a question; the operation's
id at SBP is told in fields 13 and 54 of an answer with status 1, the GUID in 14; the state of a refund is asked by
either, the newest one counts; a code that nobody pays is declined after ``LIFETIME`` seconds.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drivers.simulators.bank import MORE, SLOWLY, Declined, Kind, Means, Twist
from drivers.simulators.inpas import fields
from drivers.simulators.inpas.messages import BadRequest, Question
from drivers.simulators.inpas.operations import Values, head, told
from drivers.simulators.inpas.state import QrOrder, Step

if TYPE_CHECKING:
    from drivers.simulators.inpas.device import InpasTerminal

LIFETIME = 180.0
HERE = frozenset({"sbp", "sbp-status", "sbp-refund", "sbp-refund-status"})
NEVER = frozenset({Twist.HANG, Twist.NO_CARD})
"""The customer does not pay."""


def answer(device: InpasTerminal, question: Question, word: str, twist: Twist) -> Values:
    """Raises ``BadRequest``."""
    if word == "sbp":
        return _sell(device, question, twist)
    if word == "sbp-status":
        guid = question.text(fields.AUTH_CODE)
        return _state(device, question, next((order for order in _newest(device) if order.guid == guid), None))
    transaction, guid = question.text(fields.AUTH_CODE), question.text(fields.RRN)
    if word == "sbp-refund":
        return _refund(device, question, twist, transaction, guid)
    for order in _newest(device, refund=True):
        if guid in ("", order.guid) and transaction in ("", order.transaction) and (guid or transaction):
            return _state(device, question, order)
    return _state(device, question, None)


def resume(device: InpasTerminal) -> None:
    """After power has come: what waits for the customer's bank goes on waiting."""
    for order in device.state.qr:
        if order.step is Step.WAITING:
            _wait(device, order)


def _sell(device: InpasTerminal, question: Question, twist: Twist) -> Values:
    guid, amount = question.text(fields.RRN), question.number(fields.AMOUNT)
    if not guid or not amount:
        raise BadRequest("a GUID and a sum were expected")
    known = next((order for order in _newest(device) if order.guid == guid), None)
    if known is None:
        if twist is Twist.NO_BANK:
            return head(device, question, fields.REFUSED, fields.NO_ANSWER)
        known = _begin(device, QrOrder(guid, amount, device.now(), goes=twist.value), twist)
    return _state(device, question, known)


def _refund(device: InpasTerminal, question: Question, twist: Twist, transaction: str, guid: str) -> Values:
    amount = question.number(fields.AMOUNT)
    if not guid or not transaction or not amount:
        raise BadRequest("the original's ids and a sum were expected")
    paid = next((order for order in _newest(device) if (order.guid, order.transaction) == (guid, transaction)), None)
    if paid is None or paid.step is not Step.DONE:
        return head(device, question, fields.REFUSED, fields.NOT_KEPT)
    if twist is Twist.NO_BANK:
        return head(device, question, fields.REFUSED, fields.NO_ANSWER)
    order = QrOrder(guid, amount, device.now(), refund=True, goes=twist.value, transaction=transaction)
    return _state(device, question, _begin(device, order, twist))


def _begin(device: InpasTerminal, order: QrOrder, twist: Twist) -> QrOrder:
    seconds = LIFETIME if twist in NEVER else SLOWLY if twist is Twist.SLOW else 2 * device.pace
    order.due = device.now() + timedelta(seconds=seconds)
    device.state.qr.append(order)
    device.save()
    _wait(device, order)
    return order


def _wait(device: InpasTerminal, order: QrOrder) -> None:
    device.serve_later(max(0.0, (order.due - device.now()).total_seconds()), lambda: _end(device, order))


def _end(device: InpasTerminal, order: QrOrder) -> None:
    """The customer's bank has answered, or nobody has paid."""
    if order.step is not Step.WAITING:
        return
    twist = Twist(order.goes)
    kind = Kind.REFUND if order.refund else Kind.PAYMENT
    if twist in NEVER or twist is Twist.CANCELLED:
        order.step = Step.DECLINED
    elif twist is Twist.DECLINED:
        device.bank.decline(kind, order.amount, reference=order.guid)
        order.step = Step.DECLINED
    else:
        booked = order.amount + MORE if twist is Twist.OTHER_AMOUNT else None
        try:
            if order.refund:
                paid = next(each for each in _newest(device) if each.guid == order.guid)
                entry = device.bank.refund(
                    order.amount,
                    device.bank.find(rrn=paid.rrn, here=False),
                    booked=booked,
                    reference=order.guid,
                    means=Means.SBP,
                )
            else:
                entry = device.bank.pay(order.amount, booked=booked, reference=order.guid, means=Means.SBP)
                order.transaction = f"B{entry.rrn}"
        except Declined:
            order.step = Step.DECLINED
        else:
            order.step, order.rrn = Step.DONE, entry.rrn
    device.booked()


def _state(device: InpasTerminal, question: Question, order: QrOrder | None) -> Values:
    if order is None:
        return head(device, question, fields.REFUSED, fields.NO_SUCH)
    if order.step is Step.WAITING:
        return head(device, question, fields.UNDETERMINED, fields.IN_PROGRESS, "ПОКУПАТЕЛЬ ПЛАТИТ ПО QR-КОДУ")
    if order.step is Step.DECLINED:
        return head(device, question, fields.REFUSED, fields.DECLINED, "ОТКАЗАНО")
    entry = device.bank.find(rrn=order.rrn, here=False)
    assert entry is not None
    values = head(device, question, fields.APPROVED) | told(device, entry)
    for number in (fields.PAN, fields.EXPIRY, fields.TRACK2):
        values.pop(number, None)  # there is no card
    return values | {
        fields.AUTH_CODE: order.transaction,
        fields.RRN: order.guid,
        fields.HOST_ID: order.transaction,
        fields.SBP_STEP: question.text(fields.SBP_STEP),
    }


def _newest(device: InpasTerminal, *, refund: bool = False) -> list[QrOrder]:
    return [order for order in reversed(device.state.qr) if order.refund is refund]
