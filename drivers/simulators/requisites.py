"""Which tags a host may add to a document, by form and by format version (order ЕД-7-20/662@, tables of the forms).

Everything else in a document is the register's own. Versions are those of tag 1209: 2 = 1.05, 3 = 1.1, 4 = 1.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drivers.simulators import forms
from drivers.simulators.tlv import Fields

FFD_105, FFD_11, FFD_12 = 2, 3, 4

_CASHIER = frozenset({1021, 1203})
_PLACE = frozenset({1009, 1187})
_AGENT = frozenset({1005, 1016, 1026, 1044, 1057, 1073, 1074, 1075, 1171})
_BUYER = frozenset({1227, 1228})
_RECEIPT = _CASHIER | _PLACE | {1008, 1036, 1060, 1084, 1117, 1125, 1192, 1234}
_BEFORE_12 = _AGENT | _BUYER
_SINCE_12 = frozenset({1256, 1261, 1270})
_REGISTRATION = _CASHIER | _PLACE | {1013, 1017, 1036, 1046, 1048, 1060, 1117}

_ANY: Mapping[int, frozenset[int]] = {
    forms.REGISTRATION: _REGISTRATION,
    forms.CHANGE: _REGISTRATION,
    forms.OPEN_SHIFT: _CASHIER | _PLACE,
    forms.CLOSE_SHIFT: _CASHIER | _PLACE,
    forms.STATE_REPORT: _PLACE,
    forms.CLOSE_ARCHIVE: _CASHIER | _PLACE,
    forms.RECEIPT: _RECEIPT,
    forms.CORRECTION: _RECEIPT | {1173, 1174},
}
_ONLY_12: Mapping[int, frozenset[int]] = {
    forms.REGISTRATION: frozenset({1274, 1275}),
    forms.CHANGE: frozenset({1274, 1275}),
    forms.OPEN_SHIFT: frozenset({1276, 1277}),
    forms.CLOSE_SHIFT: frozenset({1278, 1279}),
    forms.STATE_REPORT: frozenset({1280, 1281}),
    forms.CLOSE_ARCHIVE: frozenset({1282, 1283}),
    forms.RECEIPT: _SINCE_12 | {2107},
    forms.CORRECTION: _SINCE_12,
}

_ITEM = frozenset({1191, 1222, 1223, 1224, 1226, 1229, 1230, 1231})
_ITEM_BEFORE_12 = frozenset({1162, 1197})
_ITEM_SINCE_12 = frozenset({1163, 1260, 1291, 2102, 2106, 2108, 2115})

_INDUSTRY = frozenset({1262, 1263, 1264, 1265})
INSIDE: Mapping[int, frozenset[int]] = {
    1084: frozenset({1085, 1086}),
    1163: frozenset({*range(1300, 1310), *range(1320, 1326)}),
    1174: frozenset({1177, 1178, 1179}),
    1223: frozenset({1005, 1016, 1026, 1044, 1073, 1074, 1075}),
    1224: frozenset({1171, 1225}),
    1234: frozenset({1235}),
    1235: frozenset({1082, 1236, 1237, 1238}),
    1256: frozenset({1227, 1228, 1243, 1244, 1245, 1246, 1254}),
    1260: _INDUSTRY,
    1261: _INDUSTRY,
    1270: frozenset({1271, 1272, 1273}),
    1291: frozenset({1292, 1293, 1294}),
}
"""Structure -> what may stand in it."""

MARKED_SUBJECTS = frozenset({30, 31, 32, 33})
_SUBJECTS = frozenset(range(1, 28))


def of_document(form: int, ffd: int) -> frozenset[int]:
    tags = _ANY[form]
    if ffd >= FFD_12:
        return tags | _ONLY_12[form]
    return tags | _BEFORE_12 if form in forms.SALES else tags


def of_item(ffd: int) -> frozenset[int]:
    return _ITEM | (_ITEM_SINCE_12 if ffd >= FFD_12 else _ITEM_BEFORE_12)


def subjects(ffd: int, *, marked: bool) -> frozenset[int]:
    """Values of tag 1212; ``marked``: the register is registered for marked goods."""
    return _SUBJECTS | MARKED_SUBJECTS if ffd >= FFD_12 and marked else _SUBJECTS


def alien(fields: Fields, allowed: Iterable[int]) -> list[int]:
    """Tags that do not belong here, those inside structures included."""
    known = frozenset(allowed)
    found = [tag for tag, _ in fields if tag not in known]
    for tag, value in fields:
        if isinstance(value, list):
            found += alien(value, INSIDE.get(tag, frozenset()))
    return found
