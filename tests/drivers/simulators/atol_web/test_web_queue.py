"""Requests: how they are put in, what is told of them, in which order they are done, how long they are kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drivers.simulators.atol_web.host import Host, sell

OPEN, ASK = {"type": "openShift"}, {"type": "getShiftStatus"}
FREE = {"number": 0, "isBlocked": False, "blockedUUID": "", "blockReason": ""}


def statuses(host: Host, uuid: str) -> list[str]:
    return [each["status"] for each in host.results(uuid)]


def test_a_request_is_taken_then_done() -> None:
    host = Host()
    told = host.post(OPEN, uuid="2ea26f17-0884-4f08-b120-306fc096a58f")
    assert told.status == 201
    assert told.json() == {"uuid": "2ea26f17-0884-4f08-b120-306fc096a58f", **FREE, "number": 1}
    assert statuses(host, told.json()["uuid"]) == ["inProgress"]
    assert host.fd == 1
    host.pass_time(0.2)
    assert host.results(told.json()["uuid"]) == [
        {
            "status": "ready",
            "error": {"code": 0, "description": "Ошибок нет"},
            "result": {
                "fiscalParams": {
                    "fiscalDocumentDateTime": "2026-11-22T10:00:00+03:00",
                    "fiscalDocumentNumber": 2,
                    "fiscalDocumentSign": host.dumped()[-1]["fpd"],
                    "fnNumber": host.tags()["1041"],
                    "fnsUrl": "www.nalog.gov.ru",
                    "registrationNumber": host.tags()["1037"],
                    "shiftNumber": 1,
                },
                "warnings": {},
            },
        }
    ]


def test_first_come_first_served_one_at_a_time() -> None:
    host = Host()
    host.post(OPEN, uuid="a")
    host.post(sell(1), ASK, uuid="b")
    assert host.post(sell(2), uuid="c").json()["number"] == 3
    seen = []
    for _ in range(8):
        seen.append([*statuses(host, "a"), *statuses(host, "b"), *statuses(host, "c")])
        host.pass_time(0.05)
    assert seen[0] == ["inProgress", "wait", "wait", "wait"]
    assert seen[-1] == ["ready", "ready", "ready", "inProgress"]
    assert all(state.count("inProgress") == 1 for state in seen)
    host.pass_time(1)
    assert host.standing() == {**FREE, "canceled": 0, "ready": 3}
    assert [document["tags"].get("1020") for document in host.dumped()] == [None, None, "1.00", "2.00"]


def test_one_task_needs_no_list() -> None:
    host = Host()
    assert host.http("POST", "/api/v2/requests", {"uuid": "x", "request": OPEN}).status == 201
    host.pass_time(1)
    assert statuses(host, "x") == ["ready"]


def test_after_an_error_the_rest_of_a_request_is_not_begun_and_the_next_request_is() -> None:
    host = Host()
    host.post({"type": "closeShift"}, {"type": "getFnStatus"}, ASK, uuid="a")
    host.post(OPEN, uuid="b")
    host.pass_time(1)
    told = host.results("a")
    assert [(each["status"], each["error"]["code"]) for each in told] == [
        ("error", 73), ("interrupted", 502), ("interrupted", 502),
    ]  # fmt: skip
    assert statuses(host, "b") == ["ready"]


def test_a_uuid_counts_once() -> None:
    host = Host()
    for moment in range(3):
        told = host.post(sell(), uuid="same")
        assert told.status == (409 if moment else 201)
        host.pass_time(moment * 0.15)
    assert host.post(sell(), uuid="same").json() == {"error": {"code": 505, "description": "uuid is in use"}}
    assert host.fd == 3  # shift and receipt


REFUSED: list[tuple[Any, int]] = [
    (b"{", 400),
    (b"", 400),
    (b"[]", 400),
    (b'{"uuid":"\\ud800"}', 400),
    (b"\xff", 400),
    (b"[" * 100_000, 400),
    ({"request": [OPEN]}, 400),
    ({"uuid": "", "request": [OPEN]}, 400),
    ({"uuid": 5, "request": [OPEN]}, 400),
    ({"uuid": "a b", "request": [OPEN]}, 400),
    ({"uuid": "ы", "request": [OPEN]}, 400),
    ({"uuid": "x" * 65, "request": [OPEN]}, 400),
    ({"uuid": "x"}, 400),
    ({"uuid": "x", "request": []}, 400),
    ({"uuid": "x", "request": "openShift"}, 400),
    ({"uuid": "x", "request": [{}]}, 400),
    ({"uuid": "x", "request": [{"type": 5}]}, 400),
    ({"uuid": "x", "request": [OPEN, OPEN]}, 400),
    ({"uuid": "x", "request": [OPEN, sell()]}, 400),
    ({"uuid": "x", "request": [OPEN], "deviceID": "7"}, 404),
]


@pytest.mark.parametrize("path", ["/requests", "/api/v2/requests"])
@pytest.mark.parametrize(("body", "status"), REFUSED, ids=range(len(REFUSED)))
def test_a_request_that_is_not_taken_leaves_nothing(body: Any, status: int, path: str) -> None:
    host = Host()
    told = host.http("POST", path, body)
    assert told.status == status
    if path == "/requests":
        assert told.headers["content-type"].startswith("text/html")
    else:
        assert told.json()["error"]["code"] == 505
    host.pass_time(1)
    assert host.standing() == {**FREE, "canceled": 0, "ready": 0}
    assert host.fd == 1


def test_a_wrong_task_is_taken_and_fails_unless_the_server_looks_first() -> None:
    host = Host()
    assert host.error({"type": "frob"}) == 501
    assert host.http("PUT", "/api/v2/settings", {"validateRequestsOnAdd": True}).json()["validateRequestsOnAdd"]
    told = host.post({"type": "frob"})
    assert (told.status, told.json()["error"]["code"]) == (400, 501)
    assert host.post(sell("1", items=[]), uuid="w").json()["error"] == {
        "code": 501, "description": "Некорректное задание: payments[0].sum: expected a number",
    }  # fmt: skip
    assert host.post(OPEN, uuid="w").status == 201


# --- canceling ---


@pytest.mark.parametrize(("generation", "refused"), [(1, 405), (2, 409)])
def test_cancel_only_while_everything_waits(generation: int, refused: int) -> None:
    host = Host(generation=generation)
    base = "/requests/" if generation == 1 else "/api/v2/requests/"
    host.post(OPEN, uuid="a")
    host.post(sell(), ASK, uuid="b")
    host.post(sell(), uuid="c")
    assert host.http("DELETE", base + "a").status == refused
    assert host.http("DELETE", base + "b").status == 200
    assert host.http("DELETE", base + "b").status == refused
    assert host.http("DELETE", base + "z").status == 404
    assert statuses(host, "b") == ["canceled", "canceled"]
    host.pass_time(1)
    assert host.http("DELETE", base + "c").status == refused
    assert statuses(host, "b") == ["canceled", "canceled"]
    assert host.fd == 3
    if generation == 2:
        assert host.standing() == {**FREE, "canceled": 1, "ready": 2}
    told = host.results("b")[0]
    assert (told["errorCode"] if generation == 1 else told["error"]["code"]) == 503


# --- how long ---


def test_what_came_to_an_end_is_forgotten_after_a_time() -> None:
    host = Host()
    host.http("PUT", "/api/v2/settings", {"deleteRequestsAfter": 10})
    host.post(OPEN, uuid="old")
    host.pass_time(1)
    host.pass_time(300, step=10)
    host.post(sell(), uuid="new")
    host.pass_time(301, step=7)
    host.post(ASK, uuid="any")
    assert host.http("GET", "/api/v2/requests/old").status == 404
    assert statuses(host, "new") == ["ready"]
    assert host.post(ASK, uuid="old").status == 201


# --- generations ---


def test_the_older_interface() -> None:
    host = Host(generation=1)
    assert host.http("GET", "/api/v2/serverInfo").status == 404
    told = host.post(OPEN, uuid="a")
    assert (told.status, told.body) == (201, b"")
    host.pass_time(1)
    (result,) = host.results("a")
    assert (result["status"], result["errorCode"], result["errorDescription"]) == ("ready", 0, "Ошибок нет")
    assert result["result"]["fiscalParams"]["fiscalDocumentNumber"] == 2
    assert host.http("GET", "/stat/requests").json()["ready"] == 1
    missing = host.http("GET", "/requests/none")
    assert missing.status == 404
    assert b"<html>" in missing.body


def test_a_server_of_both_keeps_one_queue_and_an_error_of_its_own() -> None:
    host = Host()
    assert host.http("POST", "/requests", {"uuid": "a", "request": OPEN}).status == 201
    assert host.post(OPEN, uuid="a").status == 409
    host.pass_time(1)
    older, newer = (host.http("GET", f"{base}/requests/a").json() for base in ("", "/api/v2"))
    assert older == newer
    assert older["results"][0]["error"]["code"] == 0


def test_the_newer_one_alone() -> None:
    host = Host(generation=2)
    assert host.http("POST", "/requests", {"uuid": "a", "request": OPEN}).status == 404
    assert host.post(OPEN).status == 201


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/api/v2", 404),
        ("GET", "/api/v2/requests", 405),
        ("GET", "/api/v2/requests/", 404),
        ("PUT", "/api/v2/requests/a", 405),
        ("GET", "/api/v2/nothing", 404),
        ("POST", "/api/v2/operations/queryNothing", 404),
        ("GET", "/api/v2/operations/queryFnStatus", 405),
        ("POST", "/requests/x/y", 404),
    ],
)
def test_addresses_that_are_not_there(method: str, path: str, status: int) -> None:
    assert Host().http(method, path).status == status
