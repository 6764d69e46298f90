"""The archive as ``simulate --dump`` prints it: tags keyed by number as text, money as decimal roubles in text."""

from __future__ import annotations

from typing import Any

from drivers.simulators.fiscal_drive import Archived, DriveState
from drivers.simulators.forms import NAMES as FORM_NAMES
from drivers.simulators.registration import FFD_CODES
from drivers.simulators.tlv import REPEATED, TAGS, Fields, Kind, Value


def dump(state: DriveState) -> dict[str, Any]:
    registration = state.registration
    return {
        "documents": [document_json(document) for document in state.documents],
        "register": {
            "serial": registration.register_serial,
            "fn": registration.fn_number,
            "rnm": registration.rnm,
            "inn": registration.inn,
            "ffd": next(name for name, code in FFD_CODES.items() if code == registration.ffd),
        },
        "shift": {
            "open": state.shift_open,
            "number": state.shift_number,
            "receipts": state.receipts_in_shift,
            "opened_at": state.shift_opened_at.isoformat() if state.shift_opened_at else None,
        },
    }


def document_json(document: Archived) -> dict[str, Any]:
    return {
        "fd": document.fd,
        "type": FORM_NAMES[document.form],
        "fpd": str(document.fpd),
        "at": document.at.isoformat(),
        "tags": tags_json(document.fields()),
    }


CONTAINERS = frozenset({1115, 1234})
LISTS = REPEATED | CONTAINERS


def tags_json(fields: Fields) -> dict[str, Any]:
    """A tag that may repeat is a list, also when it stands once; 1115 and 1234 are the lists of their blocks."""
    found: dict[str, list[Any]] = {}
    for tag, value in fields:
        if tag in CONTAINERS and isinstance(value, list):
            found[str(tag)] = [{str(inner): _plain(inner, block)} for inner, block in value]
        else:
            found.setdefault(str(tag), []).append(_plain(tag, value))
    return {tag: values if int(tag) in LISTS or len(values) > 1 else values[0] for tag, values in found.items()}


def _plain(tag: int, value: Value) -> Any:
    kind = TAGS[tag].kind if tag in TAGS else Kind.BYTES
    if isinstance(value, list):
        return tags_json(value)
    if isinstance(value, bytes):
        return str(int.from_bytes(value[2:], "big")) if tag == 1077 else value.hex()
    if kind is Kind.MONEY and isinstance(value, int):
        return roubles(value)
    if kind is Kind.QUANTITY:
        return f"{value:f}"
    if kind is Kind.TIME:
        return value.isoformat()  # type: ignore[union-attr]
    return value


def roubles(kopecks: int) -> str:
    """12345 -> "123.45"; never through a float."""
    sign = "-" if kopecks < 0 else ""
    return f"{sign}{abs(kopecks) // 100}.{abs(kopecks) % 100:02d}"
