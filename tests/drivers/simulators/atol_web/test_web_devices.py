"""Settings, records of devices, which device a request means, questions past the queue."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drivers.simulators.atol_web.host import Host, sell

DEVICES = "/api/v2/devices"


def test_settings() -> None:
    host = Host()
    usual = host.http("GET", "/api/v2/settings").json()
    assert usual == {
        "scriptsPath": "", "invertCashDrawerStatus": False, "additionalHeaderLines": "", "additionalFooterLines": "",
        "blockQueueOnPrintErrors": False, "deleteRequestsAfter": 43200, "validateRequestsOnAdd": False,
    }  # fmt: skip
    host.http("PUT", "/api/v2/settings", {"blockQueueOnPrintErrors": True})
    assert host.http("GET", "/api/v2/settings").json() == {**usual, "blockQueueOnPrintErrors": True}


@pytest.mark.parametrize(
    "wrong", [{"deleteRequestsAfter": 0}, {"deleteRequestsAfter": True}, {"validateRequestsOnAdd": 1}]
)
def test_settings_that_are_none(wrong: dict[str, Any]) -> None:
    host = Host()
    assert host.http("PUT", "/api/v2/settings", wrong).status == 400
    assert host.http("GET", "/api/v2/settings").json()["deleteRequestsAfter"] == 43200


def test_the_register_has_a_record() -> None:
    (record,) = Host().http("GET", DEVICES).json()
    assert (record["id"], record["isActive"], record["isDefault"], record["hasLicense"]) == ("1", True, True, True)
    assert record["connectionSettings"]["model"] == 500


def test_records_without_a_register() -> None:
    host = Host()
    made = host.http("POST", DEVICES, {"name": "вторая", "connectionSettings": {"port": "com", "com": "COM3"}})
    assert (made.status, made.json()["id"], made.json()["isActive"]) == (201, "2", False)
    assert host.http("POST", DEVICES, {"id": "2"}).status == 409
    assert host.http("POST", DEVICES, {"id": 3}).status == 400
    assert host.http("PUT", f"{DEVICES}/2", {"name": "другая"}).json()["name"] == "другая"
    assert host.http("GET", f"{DEVICES}/2").json()["connectionSettings"] == {"port": "com", "com": "COM3"}
    told = host.http("POST", "/api/v2/activateDevice?deviceID=2")
    assert (told.status, told.json()["error"]["code"]) == (500, 2)
    path = "/api/v2/requests?deviceID=2"
    assert host.http("POST", path, {"uuid": "a", "request": [sell()]}).status == 409
    assert host.http("POST", "/api/v2/setDefaultDevice", {"id": "2"}).status == 200
    assert host.post(sell()).status == 409
    assert host.post(sell(), deviceID="1").status == 201
    assert host.http("GET", f"{DEVICES}/default").json()["id"] == "2"
    assert host.http("DELETE", f"{DEVICES}/2").status == 200
    assert host.http("GET", f"{DEVICES}/2").status == 404
    assert host.http("GET", f"{DEVICES}/default").json()["id"] == "1"
    assert host.http("DELETE", f"{DEVICES}/1").status == 409


def test_a_request_is_known_at_its_own_device() -> None:
    host = Host()
    host.http("POST", DEVICES, {"name": "вторая"})
    host.post(sell(), uuid="a")
    paths = {"": 200, "?deviceID=1": 200, "?deviceID=default": 200, "?deviceID=2": 404, "?deviceID=9": 404}
    for query, status in paths.items():
        assert host.http("GET", f"/api/v2/requests/a{query}").status == status
    assert host.http("DELETE", "/api/v2/requests/a?deviceID=2").status == 404
    number = {query: host.http("GET", f"/api/v2/getRequestsQueueStatus{query}").json().get("number") for query in paths}
    assert number == {"": 1, "?deviceID=1": 1, "?deviceID=default": 1, "?deviceID=2": 0, "?deviceID=9": None}
    host.http("POST", "/api/v2/setDefaultDevice", {"id": "2"})
    assert host.http("GET", "/api/v2/requests/a").status == 404
    assert host.http("GET", "/api/v2/requests/a?deviceID=1").status == 200


def test_a_device_that_is_not_active_takes_nothing_and_does_nothing() -> None:
    host = Host()
    host.post(sell(1), uuid="before")
    assert host.http("POST", "/api/v2/deactivateDevice").status == 200
    assert host.post(sell(2), uuid="after").status == 409
    host.post(sell(3), uuid="x")
    host.pass_time(1)
    assert [each["status"] for each in host.results("before")] == ["ready"]  # it had been begun
    assert host.http("POST", "/api/v2/activateDevice", {"deviceID": "1"}).status == 200
    assert host.post(sell(2), uuid="after").status == 201


QUESTIONS = {
    "queryDeviceStatus": "deviceStatus",
    "queryDeviceInfo": "deviceInfo",
    "queryShiftStatus": "shiftStatus",
    "queryShiftTotals": "shiftTotals",
    "queryFnInfo": "fnInfo",
    "queryFnStatus": "fnStatus",
    "queryOfdExchangeStatus": "status",
    "queryLicenses": "licenses",
}


@pytest.mark.parametrize(("name", "field"), QUESTIONS.items())
def test_questions_past_the_queue(name: str, field: str) -> None:
    told = Host().http("POST", f"/api/v2/operations/{name}")
    assert told.status == 200
    assert field in told.json()


def test_a_question_waits_for_the_library_and_not_for_the_queue() -> None:
    host = Host("slow:command=openShift,seconds=2")
    host.post({"type": "openShift"})
    host.post(sell())
    line = host.device.connection()
    asked = b"POST /api/v2/operations/queryFnStatus HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    assert line.receive(asked) == b""
    host.pass_time(2.15)
    assert b'"fiscalDocumentNumber":2' in line.poll()
    assert host.fd == 2


def test_a_question_without_a_register_or_with_a_wrong_device() -> None:
    host = Host()
    assert host.http("POST", "/api/v2/operations/queryFnStatus?deviceID=9").status == 404
    host.device.power_off()
    told = host.http("POST", "/api/v2/operations/queryFnStatus")
    assert (told.status, told.json()["error"]["code"]) == (500, 2)
    assert host.http("POST", "/api/v2/activateDevice").status == 500
    host.device.power_on()
    assert host.http("POST", "/api/v2/operations/queryFnStatus").status == 200
    assert host.http("POST", "/api/v2/operations/queryIsmExchangeStatus").json()["error"]["code"] == 11
