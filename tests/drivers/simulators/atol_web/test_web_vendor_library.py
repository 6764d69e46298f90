"""The same tasks given to the maker's library over the wire's simulator and to this server: the same documents.

Two ways from a task to the fiscal drive, written apart: the library's commands, and this simulator's own reading. They
have to leave the same archive, byte for byte (a document's sign is made of its bytes), and answer with the same codes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drivers.simulators.atol_web import numbers, tasks, validation
from drivers.simulators.atol_web.codes import PARSE_ERROR, TaskError
from tests.drivers.simulators.atol.test_atol_vendor_library import client
from tests.drivers.simulators.atol_web.host import OPERATOR, START, Host, item, sell
from tests.drivers.simulators.atol_web.test_web_receipts import IN_THE_DOCUMENT, IN_THE_ITEM, REFUSED
from tests.support.vendor_library import NEWER
from tests.support.vendor_tests import library, needs_library, needs_newer_library

SEED = 5
BASE = {"correctionBaseDate": "2026.11.20", "correctionBaseNumber": "7"}
AGENT = {
    "agents": ["payingAgent"],
    "payingAgent": {"operation": "оп", "phones": ["+71"]},
    "receivePaymentsOperator": {"phones": ["+72"]},
    "moneyTransferOperator": {"phones": ["+73"], "name": "N", "address": "A", "vatin": "7701234567"},
}
MIXED = [{"type": "cash", "sum": 70}, {"type": "electronically", "sum": 40}]


def _without(task: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in task.items() if name not in names}


def _sold(**position: Any) -> dict[str, Any]:
    made = {name: value for name, value in item(**position).items() if value is not None}
    return sell(items=[made])


DAY: list[dict[str, Any]] = [
    {"type": "getDeviceStatus"}, {"type": "getShiftStatus"}, {"type": "getFnStatus"}, {"type": "getRegistrationInfo"},
    {"type": "cashIn", "cashSum": 500}, {"type": "cashIn"}, {"type": "cashIn", "cashSum": 0},
    {"type": "cashIn", "cashSum": "5"}, {"type": "cashOut", "cashSum": 10**6}, {"type": "cashOut", "cashSum": 1.005},
    {"type": "openShift", "operator": OPERATOR}, {"type": "openShift"}, {"type": "getShiftStatus"},
    sell(), sell(kind="sellReturn"), sell(kind="buy"), sell(kind="buyReturn"),
    *(sell(kind=kind, correctionType="self", **BASE) for kind in ("sellCorrection", "sellReturnCorrection")),
    sell(kind="buyCorrection", correctionType="instruction", **BASE), sell(kind="sellCorrection"),
    sell(), _without(sell(), "operator"), _without(sell(), "items"), _without(sell(), "payments"),
    sell(payments=[]), sell(items=[]), sell(items=[{"type": "zzz"}]), sell(total=99.5), sell(total=90), sell(total=101),
    sell(payments=MIXED), sell(payments=[{"type": "cash", "sum": 300}]), sell(payments=[{"type": "cash", "sum": 99}]),
    sell(payments=[{"type": "electronically", "sum": 101}]), sell(payments=[{"type": "1", "sum": 100}]),
    sell(payments=[{"type": 0, "sum": 100}]), sell(payments=[{"type": "5", "sum": 100}]),
    sell(taxationType="patent"), sell(taxationType="zz"), sell(taxes=[{"type": "vat20", "sum": 10}]),
    sell(clientInfo={"emailOrPhone": "none", "name": "ООО Ромашка", "vatin": "7701234567"}),
    sell(companyInfo={"email": "a@b.example"}), sell(machineNumber="12"), sell(electronically=True),
    sell(items=[item(), {"type": "userAttribute", "name": "Имя", "value": "Значение", "print": False}]),
    sell(items=[item(), {"type": "additionalAttribute", "value": "MARK", "print": False}]),
    sell(items=[{"type": "text", "text": "до"}, item(), {"type": "barcode", "barcode": "1", "barcodeType": "QR"}]),
    _sold(tax={"type": "none"}), _sold(tax={"type": "vat0"}), _sold(tax={"type": "vat5"}),
    _sold(tax={"type": "vat20", "sum": 16}), _sold(tax={"type": "zz"}), _sold(tax=None), _sold(name=None),
    _sold(amount="100"), _sold(price=50, quantity=2), _sold(quantity=0.0015), _sold(quantity=0), _sold(price=33.335),
    _sold(measurementUnit="кг"), _sold(paymentMethod="advance", paymentObject="service"), _sold(paymentObject="zz"),
    _sold(additionalAttribute="abc"), _sold(exciseSum=1.5, countryCode="643", customsDeclaration="10/1"),
    _sold(agentInfo=AGENT), _sold(supplierInfo={"phones": ["+71"], "name": "П", "vatin": "7701234567"}),
    _sold(department=3), _sold(infoDiscountAmount=5), _sold(name="х" * 200),
    {"type": "getFnDocument", "fiscalDocumentNumber": 3, "withRawData": True}, {"type": "getFnDocument"},
    {"type": "getFnDocument", "fiscalDocumentNumber": 999}, {"type": "getFnDocument", "fiscalDocumentNumber": "3"},
    {"type": "getLastFiscalParams", "forReceipt": True}, {"type": "getLastFiscalParams"},
    {"type": "getShiftTotals"}, {"type": "getOverallTotals"}, {"type": "reportX"}, {"type": "printLastReceiptCopy"},
    {"type": "reportOfdExchangeStatus", "operator": OPERATOR}, {"type": "printFnDocument", "fiscalDocumentNumber": 999},
    {"type": "continuePrint"}, {"type": "nonFiscal", "items": [{"type": "text", "text": "x"}]}, {"type": "nonFiscal"},
    {"type": "setDateTime", "dateTime": "2026.11.22 23:00:00"}, {"type": "setDateTime", "dateTime": "x"},
    {"type": "frob"}, {"type": "getMcu"},
    {"type": "closeShift", "operator": OPERATOR}, {"type": "closeShift"}, sell(55.5), {"type": "getShiftTotals"},
]  # fmt: skip
MOVES = frozenset({"currentDateTime", "cashDrawerOpened"})
"""What may have changed between two looks."""


def plain(answer: Any) -> Any:
    """Without moments' zones, and without what moves."""
    if isinstance(answer, dict):
        return {name: plain(value) for name, value in answer.items() if name not in MOVES}
    if isinstance(answer, list):
        return [plain(each) for each in answer]
    if isinstance(answer, str) and answer[-6:] in ("+00:00", "+03:00"):
        return answer[:-6]
    return answer


def _too_new(task: dict[str, Any]) -> bool:
    """What a library of 2020 does not know how to say in format 1.2, or does not know to be 1.2."""
    unit = any(item.get("measurementUnit") for item in task.get("items", []))
    return unit or "clientInfo" in task or task["type"] in ("getRegistrationInfo", "getFnDocument")


@needs_library()
@pytest.mark.parametrize("ffd", ["1.05", "1.1", "1.2"])
def test_the_library_and_the_server_leave_the_same_archive(tmp_path: Path, ffd: str) -> None:
    host = Host(ffd=ffd, seed=SEED, generation=1, ofd=None)
    wanted: list[str] = []
    with client(tmp_path, "--seed", str(SEED), "--clock", START.isoformat(), "--ffd", ffd, "--ofd", "off") as library:
        for task in [task for task in DAY if ffd != "1.2" or not _too_new(task)]:
            by_library = library.ask(**{"kind": task["type"], **_without(task, "type")})
            assert host.post(task).status == 201
            host.pass_time(0.5)
            if host.results()[0]["status"] == "blocked":
                host.pass_time(1)
            by_server = host.results()[0]
            told = (by_library["code"], plain(by_library["answer"]))
            found = (by_server["errorCode"], plain(by_server["result"] or {}))
            if told != found:
                wanted.append(f"{task}\n  library {told}\n  server  {found}")
    assert wanted == [], "\n".join(wanted)


# --- what is a task at all ---

SAYS_NOTHING = (1, 504)
"""It has no validator for this one, or wants to ask a device first."""


def _stricter(task: dict[str, Any]) -> bool:
    """A position without name or tax, or of a trillion: no register is asked about them here."""
    positions = [item for item in task.get("items", []) if item.get("type") == "position"]
    return any(item.get("name") is None or item.get("tax") is None or item["amount"] == 1e13 for item in positions)


def _known(task: dict[str, Any]) -> int:
    try:
        validation.check(numbers.read(json.dumps(task)), tasks.known(newer=True), newer=True)
    except TaskError as error:
        return error.code
    return 0


@needs_newer_library()
def test_the_newer_library_calls_the_same_tasks_wrong(tmp_path: Path) -> None:
    asked = [
        *DAY,
        *(sell(**part) for part, _ in [*IN_THE_DOCUMENT, *REFUSED]),
        *(sell(items=[item(**part)]) for part, _ in IN_THE_ITEM),
        *({"type": kind} for kind in tasks.KNOWN - tasks.NEW - set(tasks.REGISTERING)),
    ]
    path = library(NEWER)
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "validator.py"), str(path)],
        input="".join(json.dumps(task) + "\n" for task in asked),
        capture_output=True, text=True, check=True,
        env={**os.environ, "HOME": str(tmp_path), "LD_LIBRARY_PATH": str(path.parent)},
    )  # fmt: skip
    verdicts = [int(line) for line in done.stdout.split()]
    assert len(verdicts) == len(asked)
    judged = [pair for pair in zip(asked, verdicts, strict=True) if pair[1] not in SAYS_NOTHING]
    assert len(judged) > 120
    for task, verdict in judged:
        assert verdict in (0, PARSE_ERROR)
        assert _known(task) == verdict or (verdict == 0 and _stricter(task)), task
