"""The maker's own library as an independent client of the simulator: what it takes for done is in the archive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.simulators.assembly import store_of
from drivers.simulators.dump import dump
from tests.drivers.simulators.atol.test_atol_state import simulator
from tests.support.vendor_tests import library, needs_library

pytestmark = needs_library()
OPERATOR = {"name": "Иванов И.И.", "vatin": "500100732259"}
ITEM = {"type": "position", "name": "Услуга", "price": 100.5, "quantity": 1, "amount": 100.5, "tax": {"type": "none"}}


class Client:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told

    def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"type": kind, **fields}) + "\n")
        self._process.stdin.flush()
        return self.read()

    def done(self, kind: str, **fields: Any) -> dict[str, Any]:
        told = self.ask(kind, **fields)
        assert told["code"] == 0, told
        answer: dict[str, Any] = told["answer"]
        return answer

    def sell(self, **changed: Any) -> dict[str, Any]:
        task = {"operator": OPERATOR, "items": [ITEM], "payments": [{"type": "cash", "sum": 100.5}], **changed}
        return self.ask("sell", **task)


@contextmanager
def client(folder: Path, *args: str) -> Iterator[Client]:
    with simulator("tcp:127.0.0.1:0", "--state", str(folder / "register.json"), *args) as (_, address):
        process = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).parent / "vendor_client.py"),
                str(library()),
                address.rpartition(":")[2],
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "HOME": str(folder), "LD_LIBRARY_PATH": str(library().parent)},
        )
        assert process.stdin is not None
        assert process.stdout is not None
        made = Client(process)
        try:
            assert made.read()["code"] == 0
            yield made
        finally:
            process.stdin.close()
            process.wait(60)
            process.stdout.close()


def archive(folder: Path) -> list[dict[str, Any]]:
    state = store_of(folder / "register.json", "atol").load()
    assert state is not None
    documents: list[dict[str, Any]] = dump(state.drive)["documents"]
    return documents


@pytest.mark.parametrize("ffd", ["1.05", "1.1", "1.2"])
def test_a_day(ffd: str, tmp_path: Path) -> None:
    with client(tmp_path, "--ffd", ffd) as vendor:
        told = vendor.done("getDeviceInfo")["deviceInfo"]
        assert (told["modelName"], told["receiptLineLength"], told["receiptLineLengthPix"]) == ("АТОЛ 25Ф", 48, 576)
        assert vendor.done("getShiftStatus")["shiftStatus"]["state"] == "closed"
        assert vendor.done("openShift", operator=OPERATOR)["fiscalParams"]["fiscalDocumentNumber"] == 2
        assert vendor.done("cashIn", cashSum=500, operator=OPERATOR) == {"counters": {"cashSum": 500}}
        sold = vendor.sell(
            taxationType="osn",
            clientInfo={"emailOrPhone": "+79990000000"},
            items=[
                {**ITEM, "name": "Молоко", "quantity": 2, "amount": 201.0, "tax": {"type": "vat20"}, "department": 1},
                {"type": "text", "text": "Спасибо", "alignment": "center"},
                {"type": "barcode", "barcode": "123", "barcodeType": "QR", "scale": 5},
            ],
            payments=[{"type": "cash", "sum": 150}, {"type": "electronically", "sum": 101}],
        )["answer"]["fiscalParams"]
        rounded = vendor.sell(total=100, payments=[{"type": "cash", "sum": 100}])
        assert rounded["answer"]["fiscalParams"]["total"] == 100
        for kind in ("reportX", "printLastReceiptCopy", "continuePrint", "openCashDrawer"):
            assert vendor.done(kind) == {}
        assert vendor.done("nonFiscal", items=[{"type": "text", "text": "Проба"}]) == {}
        totals = vendor.done("getShiftTotals")["shiftTotals"]
        sold_so_far = totals["receipts"]["sell"]
        assert (sold_so_far["count"], sold_so_far["sum"]) == (2, 301)
        assert (sold_so_far["payments"]["cash"], sold_so_far["payments"]["electronically"]) == (200, 101)
        assert totals["cashDrawer"]["sum"] == 700
        assert vendor.done("closeShift", operator=OPERATOR)["fiscalParams"]["receiptsCount"] == 2
    documents = archive(tmp_path)
    assert [each["type"] for each in documents][1:] == ["open_shift", "receipt", "receipt", "close_shift"]
    assert (sold["fiscalDocumentNumber"], sold["fiscalDocumentSign"]) == (3, documents[2]["fpd"])
    found = documents[2]["tags"]
    assert {tag: found[tag] for tag in ("1008", "1020", "1021", "1031", "1055", "1081", "1102", "1203")} == {
        "1008": "+79990000000", "1020": "201.00", "1021": "Иванов И.И.", "1031": "100.00", "1055": 1,
        "1081": "101.00", "1102": "33.50", "1203": "500100732259",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "code", "receipts"),
    [
        ("slow:command=4A,seconds=2", 0, 1),
        ("answer-lost:command=4A", 0, 1),
        ("drop:command=4A", 0, 1),
        ("checksum:command=4A", 0, 1),
        ("nak:command=4A", 0, 1),
        ("busy:command=4A", 0, 1),
        ("full:command=4A", 0, 1),
        ("refuse:command=4A,error=D2", 115, 0),
        ("clock:by=+25h,command=4A", 68, 0),
    ],
)
def test_it_gets_over_a_lost_close_and_sells_once(fault: str, code: int, receipts: int, tmp_path: Path) -> None:
    with client(tmp_path, "--fault", fault) as vendor:
        vendor.done("openShift", operator=OPERATOR)
        assert vendor.sell()["code"] == code
    assert [each["type"] for each in archive(tmp_path)].count("receipt") == receipts


def test_it_sees_that_the_receipt_was_not_printed(tmp_path: Path) -> None:
    with client(tmp_path, "--fault", "paper-out:line=30") as vendor:
        vendor.done("openShift", operator=OPERATOR)
        assert vendor.sell()["answer"]["warnings"] == {"notPrinted": True}
        assert vendor.ask("continuePrint")["code"] == 44
        assert vendor.sell()["code"] != 0
    assert [each["type"] for each in archive(tmp_path)].count("receipt") == 1
