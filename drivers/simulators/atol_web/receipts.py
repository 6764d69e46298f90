"""Receipts and corrections: a task becomes the register's own receipt, whole or not at all.

In the order of the library: cashier, receipt, requisites, positions and text, rounding, taxes, payments with cash last,
close. In a closed shift the shift is opened first, as the library was seen to do: two documents then, and one that
stays when the receipt is refused. Tags stand in the order in which the library was seen to send them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from drivers.simulators import tlv
from drivers.simulators.atol import receipts
from drivers.simulators.atol.core import CLOSED, Core
from drivers.simulators.atol.reasons import Refusal
from drivers.simulators.atol.state import Position
from drivers.simulators.atol_web import codes, printing, words
from drivers.simulators.atol_web.codes import TaskError
from drivers.simulators.atol_web.numbers import kopecks, scaled
from drivers.simulators.atol_web.validation import DAY, MOMENT, Task
from drivers.simulators.fiscal_drive import Archived, DriveError
from drivers.simulators.requisites import FFD_12
from drivers.simulators.tlv import Fields

COMMODITY, FULL_PAYMENT = 1, 4
MARKS = ("markingCode", "imcParams")


def make(core: Core, task: Task) -> Archived:
    """Raises ``TaskError``, ``Refusal``, ``DriveError`` or ``TlvError``; nothing is open then."""
    _refuse_marks(task)
    cashier(core, task)
    in_a_shift(core)
    receipts.begin(core, words.RECEIPTS[task["type"]], electronic=bool(task.get("electronically")))
    try:
        return _fill_and_close(core, task)
    except Exception:
        if core.state.receipt is not None:
            receipts.cancel(core)
        raise


def cashier(core: Core, task: Task) -> None:
    """Who is named in the next document."""
    core.annul()
    core.said = []
    operator = task.get("operator") or {}
    for tag, name in ((1021, "name"), (1203, "vatin")):
        if operator.get(name):
            core.say(tlv.encode([(tag, operator[name])]))


def in_a_shift(core: Core) -> None:
    """A closed shift is opened, under the same cashier as what follows."""
    if core.shift() == CLOSED:
        said = list(core.said)
        core.open_shift()
        core.said = said


def _fill_and_close(core: Core, task: Task) -> Archived:
    ffd = core.drive.state.registration.ffd
    for tag, value in _of_receipt(task, ffd):
        _write(core, tag, value)
    for item in [*(task.get("preItems") or ()), *task["items"], *(task.get("postItems") or ())]:
        if item.get("type") == "position":
            _position(core, item, ffd)
        else:
            printing.put(core, item)
    receipt = receipts.current(core)
    if task.get("total") is not None:
        less = receipt.sum - kopecks(task["total"])
        if less < 0:
            raise TaskError(codes.DISCOUNT_DENIED)
        if less:
            receipts.discount(core, less)
    for tax in task.get("taxes") or ():
        receipts.tax(core, _tax(tax), _sum(tax["sum"]))
    payments = sorted(task["payments"], key=lambda each: words.PAYMENTS[each["type"]] == receipts.CASH)
    for payment in payments:
        if payment["sum"] < 0:
            raise TaskError(codes.INVALID_SUM)
        receipts.pay(core, words.PAYMENTS[payment["type"]], kopecks(payment["sum"]))
    details = [(1235, _cashless(each)) for each in task.get("paymentsAddInfo") or ()]
    if details:
        _write(core, 1234, details)
    return receipts.close(core, receipts.CASH, 0)


def _write(core: Core, tag: int, value: Any) -> None:
    try:
        receipts.requisite(core, tlv.encode([(tag, value)]))
    except (DriveError, Refusal, tlv.TlvError) as error:
        raise TaskError(codes.PROPERTY_WRITE, str(tag)) from error


def _sum(value: int | Decimal) -> int:
    """No document holds a sum below nothing."""
    if (amount := kopecks(value)) < 0:
        raise TaskError(codes.INVALID_SUM)
    return amount


def _cashless(each: Mapping[str, Any]) -> Fields:
    sums = [(1082, _sum(each["sum"])), (1236, int(each["paymentMethod"]))]
    return [*sums, *_texts(each, ((1237, "electronicallyId"), (1238, "electronicallyAddInfo")))]


def _refuse_marks(task: Task) -> None:
    """The simulated register is not registered for marked goods."""
    for item in task["items"]:
        if item.get("type") == "position" and any(item.get(name) for name in MARKS):
            raise TaskError(codes.MARKING_DENIED)


def _tax(tax: Mapping[str, Any]) -> int:
    return {**words.TAXES, **words.NEW_TAXES}[str(tax["type"])]


# --- positions ---


def _position(core: Core, item: Mapping[str, Any], ffd: int) -> None:
    price, quantity, total = kopecks(item["price"]), scaled(item["quantity"], 3), kopecks(item["amount"])
    tax = item["tax"]
    own = None if tax.get("sum") is None else kopecks(tax["sum"])
    if min(price, total, own or 0) < 0 or quantity < 0:
        raise TaskError(codes.INVALID_SUM)
    receipts.begin_position(core)
    for each in _of_position(item, ffd):
        receipts.requisite(core, tlv.encode([each]))
    objects = {**words.OBJECTS, **words.NEW_OBJECTS}
    made = Position(
        item["name"][: receipts.LONGEST_NAME],
        price,
        quantity,
        total,
        _tax(tax),
        item.get("department") or 0,
        objects.get(item.get("paymentObject") or "", COMMODITY),
        words.METHODS.get(item.get("paymentMethod") or "", FULL_PAYMENT),
        own,
    )
    receipts.position(core, made)


def _of_position(item: Mapping[str, Any], ffd: int) -> Fields:
    fields: Fields = []
    agent, supplier = item.get("agentInfo") or {}, item.get("supplierInfo") or {}
    if item.get("nomenclatureCode"):
        fields.append((1162, _bytes(item["nomenclatureCode"])))
    if agent:
        fields.append((1222, _agents(agent)))
    fields += _texts(supplier, ((1226, "vatin"),))
    if _agent_data(agent):
        fields.append((1223, _agent_data(agent)))
    if supplier.get("phones") or supplier.get("name"):
        fields.append((1224, [*_texts(supplier, ((1225, "name"),)), *_phones(1171, supplier)]))
    if item.get("measurementUnit") is not None:
        fields.append(_unit(item["measurementUnit"], ffd))
    if item.get("exciseSum"):
        fields.append((1229, _sum(item["exciseSum"])))
    fields += _texts(item, ((1230, "countryCode"), (1231, "customsDeclaration"), (1191, "additionalAttribute")))
    return [*fields, *((1260, _industry(each)) for each in item.get("industryInfo") or ())]


def _unit(value: str | int | Decimal, ffd: int) -> tuple[int, Any]:
    if ffd < FFD_12:
        return 1197, value if isinstance(value, str) else str(value)
    number = words.UNITS.get(value) if isinstance(value, str) else int(value)
    if number not in words.UNITS.values():
        raise TaskError(codes.INVALID_UNIT, f"measurementUnit: {value}")
    return 2108, number


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise TaskError(codes.PARSE_ERROR, "nomenclatureCode: expected base64") from error


# --- the receipt ---


def _of_receipt(task: Task, ffd: int) -> Iterable[tuple[int, Any]]:
    yield from _texts(task, ((1187, "paymentsPlace"), (1009, "paymentsAddress"), (1036, "machineNumber")))
    client = task.get("clientInfo") or {}
    yield from _texts(client, ((1008, "emailOrPhone"),))
    buyer = _texts(client, ((1227, "name"), (1228, "vatin")))
    if ffd >= FFD_12:
        more = (
            *((1243, "birthDate"), (1244, "citizenship"), (1245, "identityDocumentCode")),
            *((1246, "identityDocumentData"), (1254, "address")),
        )
        buyer += _texts(client, more)
        if buyer:
            yield 1256, buyer
    else:
        yield from buyer
    yield from _texts(task.get("companyInfo") or {}, ((1117, "email"),))
    agent = task.get("agentInfo") or {}
    if agent:
        yield 1057, _agents(agent)
        yield from _agent_data(agent)
    yield from _phones(1171, task.get("supplierInfo") or {})
    for each in task.get("industryInfo") or ():
        yield 1261, _industry(each)
    operation = task.get("operationInfo")
    if operation:
        at = datetime.strptime(operation["dateTime"], MOMENT)  # noqa: DTZ007
        yield 1270, [(1271, operation["id"]), (1272, operation["data"]), (1273, at)]
    for item in [*(task.get("preItems") or ()), *task["items"], *(task.get("postItems") or ())]:
        if item.get("type") == "userAttribute":
            yield 1084, [(1085, item["name"]), (1086, item["value"])]
        elif item.get("type") == "additionalAttribute":
            yield 1192, item["value"]
    if task.get("taxationType"):
        yield 1055, words.SYSTEMS[task["taxationType"]]
    yield from _correction(task)


def _correction(task: Task) -> Iterable[tuple[int, Any]]:
    if not task["type"].endswith("Correction"):
        return
    if task.get("correctionType"):
        yield 1173, words.CORRECTIONS[task["correctionType"]]
    if task.get("correctionBaseDate"):
        day = datetime.strptime(task["correctionBaseDate"], DAY)  # noqa: DTZ007
        yield 1174, [(1178, day), *_texts(task, ((1179, "correctionBaseNumber"),))]


def _agents(agent: Mapping[str, Any]) -> int:
    return sum({words.AGENTS[each] for each in agent["agents"]})


def _agent_data(agent: Mapping[str, Any]) -> Fields:
    paying, operator = agent.get("payingAgent") or {}, agent.get("moneyTransferOperator") or {}
    return [
        *_texts(operator, ((1005, "address"), (1016, "vatin"), (1026, "name"))),
        *_phones(1075, operator),
        *_texts(paying, ((1044, "operation"),)),
        *_phones(1073, paying),
        *_phones(1074, agent.get("receivePaymentsOperator") or {}),
    ]


def _phones(tag: int, of: Mapping[str, Any]) -> Fields:
    return [(tag, phone) for phone in of.get("phones") or ()]


def _industry(each: Mapping[str, Any]) -> Fields:
    day = datetime.strptime(each["date"], DAY)  # noqa: DTZ007
    return [(1262, each["fois"]), (1263, f"{day:%d.%m.%Y}"), (1264, each["number"]), (1265, each["industryAttribute"])]


def _texts(of: Mapping[str, Any], names: Iterable[tuple[int, str]]) -> Fields:
    return [(tag, of[name]) for tag, name in names if of.get(name)]
