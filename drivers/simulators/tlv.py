"""Fiscal data in TLV: tag uint16, length uint16, value; all little endian (format order ЕД-7-20/662@, table 4).

A document is a list of ``(tag, value)``. Values: ``str``, ``int``, ``Decimal`` (1023), ``datetime``, ``bytes``,
and a list of the same kind for a structure. Money is integer kopecks. This codec belongs to the simulators; the
drivers have their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

Value: TypeAlias = "str | int | Decimal | datetime | bytes | list[tuple[int, Value]]"
Field: TypeAlias = "tuple[int, Value]"
Fields: TypeAlias = "list[tuple[int, Value]]"


class TlvError(ValueError):
    """Bytes that are no TLV, or a value that does not fit its tag. ``tag`` is 0 when it is not known."""

    def __init__(self, tag: int, problem: str) -> None:
        super().__init__(f"tag {tag}: {problem}")
        self.tag = tag
        self.problem = problem


class Kind(Enum):
    TEXT = "text"
    PADDED = "padded"  # text filled with spaces up to its length
    NUMBER = "number"  # fixed-width unsigned integer
    MONEY = "money"  # VLN, kopecks
    VLN = "vln"  # VLN, a plain number
    QUANTITY = "quantity"  # FVLN
    TIME = "time"  # unixtime of the local wall clock
    BYTES = "bytes"
    STRUCT = "struct"


@dataclass(frozen=True, slots=True)
class Tag:
    kind: Kind
    size: int  # exact for PADDED, NUMBER and TIME; the greatest length otherwise


def _tags() -> dict[int, Tag]:
    by_kind: dict[Kind, dict[int, tuple[int, ...]]] = {
        Kind.TEXT: {
            16: (1192, 1197),
            19: (1073, 1074, 1075, 1171),
            24: (1044, 1292),
            32: (1179, 1231, 1264, 1274, 1276, 1278, 1280, 1282, 1300, 1320, 1321, 1322, 1323, 1324, 1325),
            64: (1008, 1021, 1026, 1085, 1117, 1191, 1246, 1272),
            128: (1030,),
            256: (1005, 1009, 1046, 1048, 1060, 1086, 1177, 1187, 1225, 1227, 1237, 1238, 1254, 1265),
            8: (1188, 1301),
            10: (1243, 1263),
            13: (1302,),
            14: (1303, 1309),
            20: (1013, 1036, 1307),
            23: (1308,),
            3: (1262,),
            38: (1304, 1305, 1306),
            2: (1245,),
        },
        Kind.PADDED: {12: (1016, 1017, 1018, 1203, 1226, 1228), 20: (1037,), 16: (1041,), 3: (1230, 1244), 4: (2115,)},
        Kind.NUMBER: {
            1: (
                *(1001, 1002, 1022, 1050, 1051, 1052, 1053, 1054, 1055, 1056, 1057, 1062, 1101, 1108, 1125, 1126, 1173),
                *(1189, 1190, 1199, 1206, 1209, 1212, 1214, 1222, 1271, 2102, 2106, 2107, 2108, 2112, 2113),
                *(1109, 1110, 1193, 1207, 1221, 1236),
            ),
            2: (1213,),
            4: (1038, 1040, 1042, 1097, 1111, 1116, 1118, 1134, 1135, 1144, 1205, 1290, 2104),
        },
        Kind.MONEY: {
            6: (
                *(1020, 1031, 1043, 1079, 1081, 1082, 1102, 1103, 1104, 1105, 1106, 1107, 1120, 1198, 1200),
                *(1136, 1138, 1139, 1140, 1141, 1142, 1143, 1183, 1201, 1215, 1216, 1217, 1218, 1219, 1220, 1229),
            )
        },
        Kind.VLN: {8: (1293, 1294)},
        Kind.QUANTITY: {8: (1023,)},
        Kind.TIME: {4: (1012, 1098, 1178, 1273)},
        Kind.BYTES: {6: (1077,), 16: (1078,), 32: (1162, 1275, 1277, 1279, 1281, 1283)},
        Kind.STRUCT: {
            32: (1145, 1146, 1232, 1233),
            169: (1068,),
            52: (1291,),
            64: (1119,),
            116: (1129, 1130, 1131, 1132),
            144: (1270,),
            216: (1133,),
            256: (1163,),
            292: (1174,),
            317: (1260, 1261),
            320: (1084,),
            400: (1115,),
            512: (1223, 1224),
            708: (1157, 1158, 1194),
            1024: (1059, 1234, 1235, 1256),
        },
    }
    return {tag: Tag(kind, size) for kind, sizes in by_kind.items() for size, tags in sizes.items() for tag in tags}


TAGS = _tags()
REPEATED = frozenset({1059, 1119, 1235, 1260, 1261, 1073, 1074, 1075, 1171})


def encode(fields: Sequence[Field]) -> bytes:
    """Raises ``TlvError`` for an unknown tag or a value that does not fit."""
    return b"".join(_record(tag, value) for tag, value in fields)


def _record(tag: int, value: Value) -> bytes:
    data = _value(tag, value)
    return tag.to_bytes(2, "little") + len(data).to_bytes(2, "little") + data


def _value(tag: int, value: Value) -> bytes:
    spec = TAGS.get(tag)
    if spec is None:
        raise TlvError(tag, "unknown tag")
    match spec.kind, value:
        case Kind.TEXT, str():
            data = value.encode("cp866", "replace")
        case Kind.PADDED, str():
            data = value.encode("cp866", "replace").ljust(spec.size)
        case Kind.NUMBER, int():
            data = _fixed(tag, value, spec.size)
        case ((Kind.MONEY | Kind.VLN), int()):
            data = vln(value)
        case Kind.QUANTITY, Decimal():
            data = _fvln(tag, value)
        case Kind.TIME, datetime():
            data = int(value.replace(tzinfo=UTC).timestamp()).to_bytes(4, "little")
        case Kind.BYTES, bytes():
            data = value
        case Kind.STRUCT, list():
            data = encode(value)
        case _:
            raise TlvError(tag, f"{type(value).__name__} is not a {spec.kind.value}")
    exact = spec.kind is Kind.PADDED
    if len(data) > spec.size or (exact and len(data) != spec.size):
        raise TlvError(tag, f"{len(data)} bytes, {spec.size} expected")
    return data


def vln(number: int) -> bytes:
    """Shortest unsigned little-endian form, one byte at least."""
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "little")


def _fixed(tag: int, number: int, size: int) -> bytes:
    try:
        return number.to_bytes(size, "little")
    except OverflowError as error:
        raise TlvError(tag, f"{number} does not fit {size} bytes") from error


def _fvln(tag: int, quantity: Decimal) -> bytes:
    shortest = quantity.normalize()
    exponent = shortest.as_tuple().exponent
    if not isinstance(exponent, int) or shortest < 0:
        raise TlvError(tag, "not a quantity")
    places = max(0, -exponent)
    return bytes([places]) + vln(int(shortest.scaleb(places)))


def decode(data: bytes) -> Fields:
    """Unknown tags come back as bytes. Raises ``TlvError`` for a record that runs over the end or a wrong width."""
    fields: Fields = []
    at = 0
    while at < len(data):
        if len(data) - at < 4:
            raise TlvError(0, "a record needs four bytes of tag and length")
        tag = int.from_bytes(data[at : at + 2], "little")
        size = int.from_bytes(data[at + 2 : at + 4], "little")
        raw = data[at + 4 : at + 4 + size]
        if len(raw) != size:
            raise TlvError(tag, f"{size} bytes announced, {len(raw)} left")
        fields.append((tag, _read(tag, raw)))
        at += 4 + size
    return fields


def _read(tag: int, raw: bytes) -> Value:
    spec = TAGS.get(tag)
    if spec is None:
        return raw
    fixed = spec.kind in (Kind.PADDED, Kind.NUMBER, Kind.TIME)
    if len(raw) > spec.size or (fixed and len(raw) != spec.size):
        raise TlvError(tag, f"{len(raw)} bytes, {spec.size} expected")
    match spec.kind:
        case Kind.TEXT:
            return raw.decode("cp866")
        case Kind.PADDED:
            return raw.decode("cp866").rstrip(" ")
        case Kind.NUMBER | Kind.MONEY | Kind.VLN:
            return int.from_bytes(raw, "little")
        case Kind.QUANTITY:
            if not raw:
                raise TlvError(tag, "empty quantity")
            return Decimal(int.from_bytes(raw[1:], "little")).scaleb(-raw[0])
        case Kind.TIME:
            return datetime.fromtimestamp(int.from_bytes(raw, "little"), UTC).replace(tzinfo=None)
        case Kind.STRUCT:
            return decode(raw)
        case _:
            return raw
