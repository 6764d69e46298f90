"""Every task that is no receipt: its answer, its effect, its refusals."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from drivers.simulators.atol_web import tasks, words
from drivers.simulators.tlv import decode
from tests.drivers.simulators.atol_web.host import OPERATOR, Host, sell

FINE = {"criticalError": False, "memoryOverflow": False, "needReplacement": False, "ofdTimeout": False}
WARNINGS = {**FINE, "resourceExhausted": False}


def test_status_of_a_fresh_register() -> None:
    assert Host().done("getDeviceStatus") == {
        "deviceStatus": {
            "blocked": False, "cashDrawerOpened": False, "coverOpened": False,
            "currentDateTime": "2026-11-22T10:00:00+03:00", "fiscal": True, "fnFiscal": True, "fnPresent": True,
            "paperPresent": True, "shift": "closed",
        }
    }  # fmt: skip


def test_the_shift_goes_on() -> None:
    host = Host()
    closed = {"state": "closed", "number": 0, "expiredTime": "1970-01-01T00:00:00+03:00"}
    assert host.done("getShiftStatus") == {"shiftStatus": closed}
    opened = host.done("openShift", operator=OPERATOR)
    assert host.done("getShiftStatus")["shiftStatus"] == {
        "state": "opened", "number": 1, "expiredTime": "2026-11-23T10:00:00+03:00",
    }  # fmt: skip
    assert host.error("openShift") == 83
    host.done(sell())
    host.done("reportX", operator=OPERATOR)
    result = host.done("closeShift", operator=OPERATOR)
    assert result["fiscalParams"].keys() == opened["fiscalParams"].keys() | {"receiptsCount"}
    assert (result["fiscalParams"]["receiptsCount"], result["fiscalParams"]["shiftNumber"]) == (1, 1)
    assert host.error("closeShift") == 73
    assert host.done("getShiftStatus")["shiftStatus"]["number"] == 1
    assert host.tags()["1021"] == OPERATOR["name"]


def test_cash() -> None:
    host = Host()
    assert host.done("cashIn", operator=OPERATOR, cashSum=1234.56) == {"counters": {"cashSum": 1234.56}}
    assert host.done("cashOut", cashSum=34.56) == {"counters": {"cashSum": 1200}}
    assert [host.error("cashOut", cashSum=each) for each in (1200.01, 0, -1, "5")] == [80, 16, 16, 501]
    assert host.error("cashIn") == 501
    assert host.done("getCashDrawerStatus")["counters"] == {"cashSum": 1200}


def test_cash_in_a_closed_shift_opens_it_even_in_vain() -> None:
    host = Host()
    told = host.ask("cashOut", operator=OPERATOR, cashSum=5)
    assert (told["status"], told["error"]["code"]) == ("error", 80)
    assert host.dumped()[-1]["type"] == "open_shift"
    assert host.tags()["1021"] == OPERATOR["name"]
    host.done("cashIn", cashSum=5)
    assert host.fd == 2


def test_totals() -> None:
    host = Host()
    host.done("cashIn", cashSum=50)
    host.done(sell(100.5))
    host.done(sell(20, payments=[{"type": "electronically", "sum": 20}]))
    host.done(sell(10, "sellReturn"))
    totals = host.done("getShiftTotals")["shiftTotals"]
    assert totals["cashDrawer"] == {"sum": 140.5}
    assert (totals["income"], totals["outcome"]) == ({"count": 1, "sum": 50}, {"count": 0, "sum": 0})
    assert totals["shiftNumber"] == 1
    sold = totals["receipts"]["sell"]
    assert (sold["count"], sold["sum"]) == (2, 120.5)
    assert {name: paid for name, paid in sold["payments"].items() if paid} == {"cash": 100.5, "electronically": 20}
    assert set(sold["payments"]) == {
        "cash", "electronically", "prepaid", "credit", "other", *(f"userPaymentType-{each}" for each in range(5, 10)),
    }  # fmt: skip
    assert totals["receipts"]["sellReturn"]["count"] == 1
    host.done("closeShift")
    assert host.done("getShiftTotals")["shiftTotals"]["receipts"]["sell"]["count"] == 0
    overall = host.done("getOverallTotals")["overallTotals"]["receipts"]
    assert (overall["sell"]["sum"], overall["sellReturn"]["sum"], overall["buy"]["sum"]) == (120.5, 10, 0)


@pytest.mark.parametrize(("ffd", "name"), [("1.05", "1.05"), ("1.1", "1.1"), ("1.2", "1.2")])
def test_who_it_is(ffd: str, name: str) -> None:
    host = Host(ffd=ffd)
    device = host.done("getDeviceInfo")["deviceInfo"]
    assert device == {
        "model": 57, "modelName": "АТОЛ 25Ф", "serial": host.tags()["1013"], "firmwareVersion": "5.8.3000",
        "configurationVersion": "5.8.3000", "ffdVersion": name, "fnFfdVersion": "1.2", "receiptLineLength": 48,
        "receiptLineLengthPix": 576,
    }  # fmt: skip
    drive = host.done("getFnInfo")["fnInfo"]
    assert (drive["serial"], drive["livePhase"], drive["ffdVersion"]) == (host.tags()["1041"], "fiscalMode", name)
    assert (drive["numberOfRegistrations"], drive["registrationsRemaining"]) == (1, 11)
    assert drive["warnings"] == WARNINGS
    made = host.done("getRegistrationInfo")
    assert made["organization"]["vatin"] == host.tags()["1018"]
    assert made["organization"]["taxationTypes"] == ["osn", "usnIncome", "usnIncomeOutcome", "esn", "patent"]
    assert made["device"]["registrationNumber"] == host.tags()["1037"]
    assert made["ofd"]["vatin"] == host.tags()["1017"]


def test_the_last_document_by_number() -> None:
    host = Host()
    assert host.done("getFnStatus") == {
        "fnStatus": {"fiscalDocumentNumber": 1, "fiscalReceiptNumber": 0, "warnings": WARNINGS}
    }
    host.done(sell())
    assert host.done("getFnStatus")["fnStatus"]["fiscalReceiptNumber"] == 1
    receipt = host.done("getLastFiscalParams", forReceipt=True)
    assert receipt.keys() == {
        "fiscalDocumentDateTime", "fiscalDocumentNumber", "fiscalDocumentSign", "fnNumber", "fnsUrl",
        "registrationNumber", "shiftNumber",
    }  # fmt: skip
    host.done("reportOfdExchangeStatus")
    assert host.done("getLastFiscalParams", forReceipt=True) == receipt
    assert host.done("getLastFiscalParams", forReceipt=False)["fiscalDocumentNumber"] == 4
    assert host.done("getLastFiscalParams")["fiscalDocumentNumber"] == 4


def test_a_sign_has_ten_figures_where_the_last_document_is_asked_for_and_nowhere_else() -> None:
    host = Host()
    while len(sign := host.done(sell())["fiscalParams"]["fiscalDocumentSign"]) == 10:
        pass
    assert host.done("getLastFiscalParams")["fiscalDocumentSign"] == sign.zfill(10)
    assert host.dumped()[-1]["fpd"] == sign


def test_before_the_first_receipt_the_last_document_stands_for_it() -> None:
    assert Host().done("getLastFiscalParams", forReceipt=True)["fiscalDocumentNumber"] == 1


def test_any_document_can_be_read() -> None:
    host = Host(ffd="1.1")
    host.done(sell(201, clientInfo={"emailOrPhone": "none"}))
    found = host.done("getFnDocument", fiscalDocumentNumber=3, withRawData=True)
    tags = found["documentTLV"]
    assert (tags["fiscalDocumentType"], tags["short"], tags["1020"], tags["1008"]) == ("receipt", False, 201, "none")
    assert tags["1012"] == "2026-11-22T10:00:00+03:00"
    assert tags["1059"][0]["1043"] == 201
    assert int(tags["1077"][4:], 16) == int(host.dumped()[-1]["fpd"])
    assert dict(decode(base64.b64decode(found["rawData"])))[1020] == 20_100
    kinds = [host.done("getFnDocument", fiscalDocumentNumber=fd) for fd in (1, 2)]
    assert [kind["documentTLV"]["fiscalDocumentType"] for kind in kinds] == ["registration", "openShift"]
    assert kinds[0]["documentTLV"]["1056"] is False
    assert "rawData" not in kinds[0]
    assert [host.error("getFnDocument", fiscalDocumentNumber=fd) for fd in (0, 4, -1, "2", None)] == [
        123, 123, 123, 501, 501,
    ]  # fmt: skip


def test_the_operator() -> None:
    host = Host()
    host.done("openShift")
    status = host.done("ofdExchangeStatus")
    assert status["status"] == {
        "notSentCount": 2, "notSentFirstDocNumber": 1, "notSentFirstDocDateTime": "2026-11-22T10:00:00+03:00",
    }  # fmt: skip
    assert status["errors"]["network"] == {"code": 0, "description": "Ошибок нет"}
    report = host.done("reportOfdExchangeStatus", operator=OPERATOR)
    assert report.keys() == {"fiscalParams", "warnings", "status", "errors"}
    assert report["fiscalParams"]["fiscalDocumentNumber"] == 3
    host.clock.advance(60)
    assert host.done("ofdExchangeStatus")["status"]["notSentCount"] == 0


def test_the_clock_moves_with_a_closed_shift_and_not_behind_the_last_document() -> None:
    host = Host()
    assert host.done("setDateTime", dateTime="2026.11.22 12:00:00") is None
    assert host.done("getDeviceStatus")["deviceStatus"]["currentDateTime"].startswith("2026-11-22T12:00:0")
    assert host.error("setDateTime", dateTime="2026.11.21 12:00:00") == 36
    assert [host.error("setDateTime", dateTime=each) for each in ("2026.02.31 10:00:00", "x", 5)] == [501] * 3
    host.done("openShift")
    assert host.error("setDateTime", dateTime="2026.11.22 13:00:00") == 83


def test_paper_of_every_kind() -> None:
    host = Host()
    host.done(sell())
    made = len(host.paper.slips)
    for kind in ("reportX", "reportDepartments", "printLastReceiptCopy"):
        assert host.done(kind) is None
    host.done("printFnDocument", fiscalDocumentNumber=2)
    host.done("nonFiscal", items=[{"type": "text", "text": "ПРИВЕТ"}], printFooter=True)
    assert [slip.text().split("\n")[0].strip() for slip in host.paper.slips[made:]] == [
        "СУТОЧНЫЙ ОТЧЕТ БЕЗ ГАШЕНИЯ", "ОТЧЕТ ПО ОТДЕЛАМ", *["КОПИЯ. НЕФИСКАЛЬНЫЙ ДОКУМЕНТ"] * 2, "ПРИВЕТ",
    ]  # fmt: skip
    assert host.done("nonFiscal", items=[]) is None
    assert host.done("continuePrint") is None
    assert len(host.paper.slips) == made + 5
    assert host.error("nonFiscal") == 501
    assert host.error("printFnDocument", fiscalDocumentNumber=99) == 123
    assert host.fd == 3


def test_the_drawer() -> None:
    host = Host()
    assert host.done("openCashDrawer") is None
    assert host.done("getCashDrawerStatus")["cashDrawerStatus"] == {"cashDrawerOpened": True}
    host.clock.advance(5)
    assert host.done("getCashDrawerStatus")["cashDrawerStatus"] == {"cashDrawerOpened": False}


def test_parameters_and_licences_are_not_known() -> None:
    host = Host()
    told = host.done("getDeviceParameters", keys=[1, 50])["deviceParameters"]
    assert [(each["key"], each["errorCode"]) for each in told] == [(1, 11), (50, 11)]
    told = host.done("setDeviceParameters", deviceParameters=[{"key": 1, "value": 2}])["deviceParameters"]
    assert told[0]["errorCode"] == 11
    assert host.done("getLicenses") == {"licenses": []}


@pytest.mark.parametrize("kind", [*tasks.REGISTERING, *sorted(tasks.NEW)])
def test_what_is_known_and_not_done(kind: str) -> None:
    assert Host().error(kind) == 11


@pytest.mark.parametrize("kind", sorted(tasks.NEW))
def test_an_older_library_does_not_know_the_new_ones(kind: str) -> None:
    host = Host(generation=1)
    host.post({"type": kind})
    host.pass_time(1)
    assert host.results()[0]["errorCode"] == 501


def test_every_task_is_looked_at_here() -> None:
    from pathlib import Path

    here = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    spoken_of: set[Any] = {kind for kind in tasks.KNOWN if f'"{kind}"' in here}
    assert tasks.KNOWN - spoken_of - set(tasks.REGISTERING) - tasks.NEW - set(words.RECEIPTS) == set()
