"""A library in memory: takes the task language as the vendor's does and answers by the tables of the reference.

It knows no driver: tasks come as text, are judged as the vendor's validator judges them (501 with the field's path),
and change a small register whose documents it keeps as TLV.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.atol_json.runner import QUIET, LibraryFacts, Traits, answer_of, verdict
from protocol.ffd.tlv import Value, encode_all
from protocol.wire.atol.json_text import Json, dumps, loads

Outcome = int | str
"""A code of the library; or ``lost``: the host was ended before an answer came."""

SIGNS = {"sell": 1, "sellReturn": 2, "buy": 3, "buyReturn": 4}
OBJECTS = {"commodity": 1, "excise": 2, "service": 4}
RATES = {"vat20": 1, "vat10": 2, "vat0": 5, "none": 6, "vat5": 7, "vat22": 11}
OLD_RATES = {"none", "vat0", "vat10", "vat20", "vat110", "vat120"}
TAXATIONS = {"osn": 1, "usnIncome": 2, "patent": 32}
PAYMENT_TAGS = {"cash": 1031, "electronically": 1081, "prepaid": 1215, "credit": 1216, "other": 1217}
FORMATS = {"1.05": 2, "1.1": 3, "1.2": 4}
EPOCH = datetime(2026, 11, 22, 10)  # noqa: DTZ001  # the register's own clock
DONE = ""


class Failed(Exception):
    """The task ended with this code."""

    def __init__(self, code: int, description: str = "") -> None:
        super().__init__(code, description)
        self.code, self.description = code, description


class Library:
    """``before`` and ``after`` say how the next tasks of a type end, before or after they took effect."""

    def __init__(self, *, version: str = "10.10.8.0", ffd: str = "1.2", can_cancel: bool = True) -> None:
        self.traits = Traits(can_cancel=can_cancel)
        self.version, self.ffd = version, ffd
        self.serial, self.fn = "00105700000001", "9999078900001234"
        self.taxations = ["osn", "patent"]
        self.registered = True
        self.is_open = False
        self.offline: str | None = None
        self.log: list[Any] = []
        self.tasks: list[str] = []
        self.times: list[tuple[str, float, bool]] = []
        self.before: dict[str, list[Outcome]] = {}
        self.after: dict[str, list[Outcome]] = {}
        self.answers: dict[str, str] = {}
        self.documents: list[bytes] = []
        self.short: set[int] = set()
        self.shift, self.shift_open, self.expired, self.receipt_number = 0, False, False, 0
        self.drawer, self.income, self.outcome = 0, [0, 0], [0, 0]
        self.paper, self.cover, self.pending = True, False, False
        self.receipt: bool | None = False
        self.printed: list[Any] = []
        self.counts = dict.fromkeys(SIGNS, 0)
        self.sums = dict.fromkeys(SIGNS, 0)

    @property
    def _is_old(self) -> bool:
        return self.version.startswith("10.8.")

    # --- the runner's side

    def open(self) -> LibraryFacts:
        self.log.append("open")
        if self.offline:
            raise NotSent(self.offline, "in a test")
        self.is_open = True
        return LibraryFacts(self.version)

    def close(self) -> None:
        self.is_open = False

    def run(self, task: Mapping[str, Json], *, max_time: float, changing: bool) -> Any:
        if not self.is_open:
            raise NotSent("device_offline", "the host is not running")
        text = dumps(task)
        kind = json.loads(text)["type"]
        self.tasks.append(text)
        self.times.append((kind, max_time, changing))
        try:
            self._end(self.before, kind)
            answer = self._carried_out(kind, loads(text))
            self._end(self.after, kind)
        except Failed as failed:
            raise verdict(failed.code, failed.description, changing=changing, remaining=max_time / 2) from failed
        return answer_of(self.answers.get(kind, answer))

    def cancel_receipt(self, *, max_time: float) -> None:
        self.tasks.append('{"type":"cancel"}')
        try:
            self._end(self.before, "cancel")
        except Failed as failed:
            raise verdict(failed.code, failed.description, changing=True) from failed
        if not self.receipt:
            raise Refused("document_closed", "DENIED_IN_CLOSED_RECEIPT", vendor="81")
        self.receipt = False

    def receipt_open(self, *, max_time: float) -> bool | None:
        return self.receipt

    def _end(self, outcomes: dict[str, list[Outcome]], kind: str) -> None:
        if not outcomes.get(kind):
            return
        outcome = outcomes[kind].pop(0)
        if isinstance(outcome, int):
            raise Failed(outcome, "in a test")
        self.is_open = False
        raise InDoubt("no_reply", f"{kind}: the host was ended", remaining=QUIET)

    @property
    def sent(self) -> list[str]:
        """Types of the tasks so far."""
        return [json.loads(text)["type"] for text in self.tasks]

    # --- the language

    def _carried_out(self, kind: str, task: Any) -> str:
        handler: Callable[[Any], Any] | None = getattr(self, f"_{'receipt' if kind in SIGNS else kind}", None)
        if handler is None:
            raise Failed(501, f'"{kind}"')
        answer = handler(task)
        return DONE if answer is None else json.dumps(answer, ensure_ascii=False, default=float)

    def _need(self, task: Any, name: str, kind: type | tuple[type, ...]) -> Any:
        value = task.get(name)
        if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
            raise Failed(501, f'"{name}"')
        return value

    def _receipt(self, task: Any) -> Any:
        items = self._need(task, "items", list)
        positions = [item for item in items if item["type"] == "position"]
        for payment in self._need(task, "payments", list):
            if payment["type"] not in PAYMENT_TAGS:
                raise Failed(501, "payments[].type")
            self._need(payment, "sum", (int, Decimal))
        for position in positions:
            for name in ("price", "quantity", "amount"):
                self._need(position, name, (int, Decimal))
            rate = position["tax"]["type"]
            if rate not in RATES or (self._is_old and rate not in OLD_RATES):
                raise Failed(501, "items[].tax.type")
        if self.expired:
            raise Failed(68)
        if not self.shift_open:
            raise Failed(73)
        total = kopecks(task["total"])
        paid = {payment["type"]: kopecks(payment["sum"]) for payment in task["payments"]}
        due = total - sum(value for kind, value in paid.items() if kind != "cash")
        if due < 0:
            raise Failed(52)
        if paid.get("cash", 0) < due:
            raise Failed(66)
        sign = SIGNS[task["type"]]
        if sign in (2, 3) and due > self.drawer:
            raise Failed(80)
        self.drawer += due if sign in (1, 4) else -due
        self.receipt_number += 1
        self.counts[task["type"]] += 1
        self.sums[task["type"]] += total
        net = {**paid, "cash": due}
        tags: list[tuple[int, Value]] = [
            (1054, sign),
            (1055, TAXATIONS[task["taxationType"]]),
            (1020, total),
            *((tag, net.get(kind, 0)) for kind, tag in PAYMENT_TAGS.items()),
            *((1059, position_tags(position)) for position in positions),
            (1042, self.receipt_number),
        ]
        if "clientInfo" in task and "emailOrPhone" in task["clientInfo"]:
            tags.append((1008, task["clientInfo"]["emailOrPhone"]))
        for item in items:
            if item["type"] == "userAttribute":
                tags.append((1084, ((1085, item["name"]), (1086, item["value"]))))
        return self._made(tags, task)

    def _made(self, tags: list[tuple[int, Value]], task: Any) -> Any:
        fd = len(self.documents) + 1
        code = FORMATS.get(self.ffd, 1)
        head: list[tuple[int, Value]] = [
            (1209, code),
            (1012, self.now),
            (1038, self.shift),
            (1040, fd),
            (1041, self.fn),
        ]
        if "operator" in task:
            head.append((1021, self._need(task["operator"], "name", str)))
        sign: list[tuple[int, Value]] = [(1077, b"\x31\x04" + (fd * 1000).to_bytes(4, "big"))]
        self.documents.append(encode_all([*head, *tags, *sign]))
        printed = self.paper and not self.cover
        self.pending = not printed
        warnings = {} if printed or task.get("electronically") else {"notPrinted": True}
        return {"fiscalParams": self._params(fd), "warnings": warnings}

    @property
    def now(self) -> datetime:
        return EPOCH + timedelta(minutes=len(self.documents))

    def _params(self, fd: int) -> Any:
        return {
            "fiscalDocumentNumber": fd,
            "fiscalDocumentSign": str(fd * 1000),
            "fiscalDocumentDateTime": f"{self.now - timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}+00:00",
            "fiscalReceiptNumber": self.receipt_number,
            "shiftNumber": self.shift,
            "fnNumber": self.fn,
            "registrationNumber": "0000000001012345",
            "fnsUrl": "nalog.ru",
        }

    def _openShift(self, task: Any) -> Any:
        if self.shift_open:
            raise Failed(83)
        self.shift, self.shift_open, self.receipt_number = self.shift + 1, True, 0
        self.income, self.outcome = [0, 0], [0, 0]
        return self._made([(1188, "5.8"), (1189, 4)], task)

    def _closeShift(self, task: Any) -> Any:
        if not self.shift_open:
            raise Failed(73)
        self.shift_open = self.expired = False
        return self._made([(1118, self.receipt_number), (1111, self.receipt_number + 2)], task) | {"receiptsCount": 2}

    def _cashIn(self, task: Any) -> Any:
        return self._cash(self.income, kopecks(self._need(task, "cashSum", (int, Decimal))), 1)

    def _cashOut(self, task: Any) -> Any:
        return self._cash(self.outcome, kopecks(self._need(task, "cashSum", (int, Decimal))), -1)

    def _cash(self, counter: list[int], amount: int, way: int) -> Any:
        if self.drawer + way * amount < 0:
            raise Failed(80)
        self.drawer += way * amount
        counter[0] += 1
        counter[1] += amount
        return {"counters": {"cashSum": self.drawer / 100}}

    def _reportX(self, task: Any) -> None:
        self.printed.append("X")

    def _printLastReceiptCopy(self, task: Any) -> None:
        if not self.documents:
            raise Failed(30)
        self.printed.append("copy")

    def _openCashDrawer(self, task: Any) -> None:
        self.printed.append("pulse")

    def _nonFiscal(self, task: Any) -> None:
        self.printed.append(self._need(task, "items", list))

    def _continuePrint(self, task: Any) -> None:
        if self.pending and not self.paper:
            raise Failed(44)
        self.pending = False

    # --- queries

    @property
    def _told_format(self) -> str:
        """An old library knows nothing of 1.2."""
        return "1.1" if self.ffd == "1.2" and self._is_old else self.ffd

    def _getDeviceInfo(self, task: Any) -> Any:
        return {"deviceInfo": {"model": 57, "modelName": "АТОЛ 25Ф", "serial": self.serial,
                               "firmwareVersion": "5.8.3000", "ffdVersion": self._told_format,
                               "receiptLineLength": 42}}  # fmt: skip

    def _getDeviceStatus(self, task: Any) -> Any:
        state = "expired" if self.expired else "opened" if self.shift_open else "closed"
        return {"deviceStatus": {"blocked": False, "cashDrawerOpened": False, "coverOpened": self.cover,
                                 "currentDateTime": f"{self.now:%Y-%m-%dT%H:%M:%S}+03:00", "fiscal": self.registered,
                                 "fnFiscal": True, "fnPresent": True, "paperPresent": self.paper,
                                 "shift": state}}  # fmt: skip

    def _getShiftStatus(self, task: Any) -> Any:
        state = "expired" if self.expired else "opened" if self.shift_open else "closed"
        return {"shiftStatus": {"state": state, "number": self.shift, "expiredTime": "2026-11-23T09:00:00+00:00"}}

    def _getFnInfo(self, task: Any) -> Any:
        return {"fnInfo": {"serial": self.fn, "livePhase": "fiscalMode", "registrationsRemaining": 29,
                           "validityDate": "2028-01-31T00:00:00+00:00"}}  # fmt: skip

    def _getFnStatus(self, task: Any) -> Any:
        return {"fnStatus": {"fiscalDocumentNumber": len(self.documents), "fiscalReceiptNumber": self.receipt_number,
                             "warnings": {"ofdTimeout": True, "criticalError": False}}}  # fmt: skip

    def _getCashDrawerStatus(self, task: Any) -> Any:
        return {"cashDrawerStatus": {"cashDrawerOpened": False}, "counters": {"cashSum": self.drawer / 100}}

    def _getRegistrationInfo(self, task: Any) -> Any:
        if not self.registered:
            raise Failed(225)
        return {"organization": {"name": "ООО", "vatin": "7707083893", "taxationTypes": self.taxations, "agents": []},
                "device": {"registrationNumber": "0000000001012345", "ffdVersion": self._told_format},
                "ofd": {}}  # fmt: skip

    def _ofdExchangeStatus(self, task: Any) -> Any:
        first = {"notSentFirstDocNumber": 1, "notSentFirstDocDateTime": "2026-11-22T10:00:00+00:00"}
        return {"status": {"notSentCount": len(self.documents), **first}, "errors": {}}

    def _getShiftTotals(self, task: Any) -> Any:
        def counted(pair: list[int]) -> Any:
            return {"count": pair[0], "sum": pair[1] / 100}

        receipts = {
            kind: {
                "count": self.counts[kind],
                "sum": self.sums[kind] / 100,
                "payments": {"cash": self.sums[kind] / 100, "electronically": 0},
            }
            for kind in SIGNS
        }
        return {"shiftTotals": {"shiftNumber": self.shift, "cashDrawer": {"sum": self.drawer / 100},
                                "income": counted(self.income), "outcome": counted(self.outcome),
                                "receipts": receipts}}  # fmt: skip

    def _getLastFiscalParams(self, task: Any) -> Any:
        if not self.documents:
            raise Failed(30)
        return self._params(len(self.documents))

    def _getFnDocument(self, task: Any) -> Any:
        fd = self._need(task, "fiscalDocumentNumber", int)
        if not 1 <= fd <= len(self.documents):
            raise Failed(123)
        if fd in self.short:
            return {"documentTLV": {"short": True}}
        raw = base64.b64encode(self.documents[fd - 1]).decode()
        return {"documentTLV": {"short": False}, **({"rawData": raw} if task.get("withRawData") else {})}


def position_tags(position: Any) -> list[tuple[int, Value]]:
    return [
        (1030, position["name"]),
        (1079, kopecks(position["price"])),
        (1023, Decimal(position["quantity"])),
        (1043, kopecks(position["amount"])),
        (1199, RATES[position["tax"]["type"]]),
        (1200, kopecks(position["tax"].get("sum", 0))),
        (1214, 4),
        (1212, OBJECTS[position["paymentObject"]]),
    ]


def kopecks(roubles: Any) -> int:
    return int(Decimal(roubles) * 100)
