"""Whether a task is one: types and words of its fields, before anything is asked of the register (code 501).

What the library was seen to check is checked, in both its ages: ``newer`` is 10.10, the other one knows nothing of 5, 7
and 22 % and of FFD 1.2. Unknown fields pass. The newer one lets a position without name or tax pass, and nobody knows
what a register makes of it: here both ask for them, as the older one does. A field is named by its path,
``items[0].tax.type``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from drivers.simulators.atol_web import words
from drivers.simulators.atol_web.codes import PARSE_ERROR, TaskError
from drivers.simulators.atol_web.numbers import is_number

Task = Mapping[str, Any]
Check = Callable[[Any, str], None]


def wrong(path: str, expected: str) -> TaskError:
    return TaskError(PARSE_ERROR, f"{path}: {expected}")


# --- single values ---


def text(value: Any, path: str) -> None:
    if not isinstance(value, str):
        raise wrong(path, "expected a string")


def number(value: Any, path: str) -> None:
    if not is_number(value):
        raise wrong(path, "expected a number")


def whole(value: Any, path: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong(path, "expected a whole number")


def flag(value: Any, path: str) -> None:
    if not isinstance(value, bool):
        raise wrong(path, "expected true or false")


def moment(form: str) -> Check:
    def check(value: Any, path: str) -> None:
        try:
            datetime.strptime(value, form)  # noqa: DTZ007 - the register's wall clock
        except (ValueError, TypeError) as error:
            raise wrong(path, "expected a date as YYYY.MM.DD" + (" hh:mm:ss" if "%H" in form else "")) from error

    return check


DAY, MOMENT = "%Y.%m.%d", "%Y.%m.%d %H:%M:%S"


def word(*known: str) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, str) or value not in known:
            raise wrong(path, f"unknown value {value!r}"[:80])

    return check


def unit(value: Any, path: str) -> None:
    if not isinstance(value, str) and not is_number(value):
        raise wrong(path, "expected a string or a number")


# --- structures ---


def listed(each: Check) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise wrong(path, "expected a list")
        for index, one in enumerate(value):
            each(one, f"{path}[{index}]")

    return check


def shaped(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object; ``null`` in an optional field is an absent one."""
    optional = optional or {}

    def check(value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            raise wrong(path or "task", "expected an object")
        prefix = f"{path}." if path else ""
        for name, each in required.items():
            if name not in value:
                raise wrong(f"{prefix}{name}", "is missing")
            each(value[name], f"{prefix}{name}")
        for name, each in optional.items():
            if value.get(name) is not None:
                each(value[name], f"{prefix}{name}")

    return check


OPERATOR = shaped({}, {"name": text, "vatin": text})
PHONES = listed(text)
AGENT = shaped(
    {"agents": listed(word(*words.AGENTS))},
    {
        "payingAgent": shaped({}, {"operation": text, "phones": PHONES}),
        "receivePaymentsOperator": shaped({}, {"phones": PHONES}),
        "moneyTransferOperator": shaped({}, {"phones": PHONES, "name": text, "address": text, "vatin": text}),
    },
)
SUPPLIER = shaped({}, {"phones": PHONES, "name": text, "vatin": text})
CLIENT = shaped(
    {},
    dict.fromkeys(
        (
            *("emailOrPhone", "vatin", "name", "birthDate", "citizenship", "identityDocumentCode"),
            *("identityDocumentData", "address"),
        ),
        text,
    ),
)
INDUSTRY = listed(shaped({"fois": text, "date": moment(DAY), "number": text, "industryAttribute": text}))
CASHLESS = listed(
    shaped({"sum": number, "paymentMethod": number, "electronicallyId": text}, {"electronicallyAddInfo": text})
)
OPERATION = shaped({"id": whole, "dateTime": moment(MOMENT), "data": text})
LAYOUT: Mapping[str, Check] = {
    "alignment": word(*words.ALIGNMENTS),
    "doubleWidth": flag,
    "doubleHeight": flag,
    "font": whole,
    "wrap": word("none", "words", "chars"),
}
PRINTED: Mapping[str, Check] = {
    "text": shaped({}, {"text": text, **LAYOUT}),
    "barcode": shaped(
        {"barcode": text, "barcodeType": word(*words.CODES)}, {"alignment": word(*words.ALIGNMENTS), "scale": whole}
    ),
    "pictureFromMemory": shaped({"pictureNumber": whole}),
    "userAttribute": shaped({"name": text, "value": text}, {"print": flag}),
    "additionalAttribute": shaped({"value": text}, {"print": flag}),
}
"""Parts of a document that are no positions; those of another type pass and mean nothing."""


def printed(value: Any, path: str) -> None:
    shaped({}, {"type": text})(value, path)
    known = PRINTED.get(value.get("type", ""))
    if known is not None:
        known(value, path)


def _position(newer: bool) -> Check:
    taxes = (*words.TAXES, *words.NEW_TAXES) if newer else tuple(words.TAXES)
    objects = (*words.OBJECTS, *words.NEW_OBJECTS) if newer else tuple(words.OBJECTS)
    tax = shaped({"type": word(*taxes)}, {"sum": number})
    position = shaped(
        {"name": text, "price": number, "quantity": number, "amount": number, "tax": tax},
        {
            **dict.fromkeys(("countryCode", "customsDeclaration", "additionalAttribute", "nomenclatureCode"), text),
            "department": whole,
            "infoDiscountAmount": number,
            "exciseSum": number,
            "measurementUnit": unit if newer else text,
            "paymentMethod": word(*words.METHODS),
            "paymentObject": word(*objects),
            "agentInfo": AGENT,
            "supplierInfo": SUPPLIER,
            **({"industryInfo": INDUSTRY} if newer else {}),
        },
    )

    def check(value: Any, path: str) -> None:
        shaped({}, {"type": text})(value, path)
        (position if value.get("type") == "position" else printed)(value, path)

    return check


def _receipt(newer: bool, more: Mapping[str, Check]) -> Check:
    taxes = (*words.TAXES, *words.NEW_TAXES) if newer else tuple(words.TAXES)
    return shaped(
        {
            "items": listed(_position(newer)),
            "payments": listed(shaped({"type": word(*words.PAYMENTS), "sum": number})),
        },
        {
            **dict.fromkeys(("paymentsPlace", "paymentsAddress", "machineNumber"), text),
            "taxationType": word(*words.SYSTEMS),
            "electronically": flag,
            "ignoreNonFiscalPrintErrors": flag,
            "validateMarkingCodes": flag,
            "operator": OPERATOR,
            "clientInfo": CLIENT,
            "companyInfo": shaped({}, {"email": text}),
            "agentInfo": AGENT,
            "supplierInfo": SUPPLIER,
            "preItems": listed(printed),
            "postItems": listed(printed),
            "taxes": listed(shaped({"type": word(*taxes), "sum": number})),
            "total": number,
            **({"industryInfo": INDUSTRY, "operationInfo": OPERATION, "paymentsAddInfo": CASHLESS} if newer else {}),
            **more,
        },
    )


CORRECTED: Mapping[str, Check] = {
    "correctionType": word(*words.CORRECTIONS),
    "correctionBaseDate": moment(DAY),
    "correctionBaseNumber": text,
}
BY_OPERATOR = shaped({}, {"operator": OPERATOR, "preItems": listed(printed), "postItems": listed(printed)})
CASH = shaped({"cashSum": number}, {"operator": OPERATOR})
ANYTHING = shaped({})
SHAPES: Mapping[str, Check] = {
    **dict.fromkeys(("openShift", "closeShift", "reportX", "reportOfdExchangeStatus"), BY_OPERATOR),
    **dict.fromkeys(("cashIn", "cashOut"), CASH),
    "nonFiscal": shaped({"items": listed(printed)}, {"printFooter": flag}),
    "printFnDocument": shaped({"fiscalDocumentNumber": whole}),
    "getFnDocument": shaped({"fiscalDocumentNumber": whole}, {"withRawData": flag}),
    "getLastFiscalParams": shaped({}, {"forReceipt": flag}),
    "setDateTime": shaped({"dateTime": moment(MOMENT)}),
    "getDeviceParameters": shaped({"keys": listed(whole)}),
    "setDeviceParameters": shaped({"deviceParameters": listed(shaped({"key": whole}))}),
}
"""Tasks whose fields are looked at, receipts apart; those not named here take none."""


def check(task: Any, known: frozenset[str], *, newer: bool) -> None:
    """Raises ``TaskError`` 501 for what the library would refuse before asking the register."""
    shaped({"type": text})(task, "")
    kind = task["type"]
    if kind not in known:
        raise wrong("type", f"unknown task {kind!r}"[:80])
    if kind in words.RECEIPTS:
        shape = _receipt(newer, CORRECTED if kind.endswith("Correction") else {})
    else:
        shape = SHAPES.get(kind, ANYTHING)
    shape(task, "")
