"""Whatever a client sends, the server answers or hangs up; it never breaks, and only a whole good sale sells."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.simulators.atol_web import tasks
from drivers.simulators.atol_web.api import NEWER, OLDER
from tests.drivers.simulators.atol_web.host import Host, Silent, request_bytes, responses, sell

PATHS = st.sampled_from(sorted({*OLDER, *(f"/api/v2{path}" for path in NEWER)})).map(
    lambda path: path.replace("*", "default")
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
WORDS = st.sampled_from(["type", "sum", "name", "id", "uuid", "request", "items", "vat20", "cash", "1", "default"])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=4))
def test_any_bytes(pieces: list[bytes]) -> None:
    host = Host()
    heard = b"".join(host.line.receive(piece) for piece in pieces)
    assert all(each.status >= 400 for each in responses(heard))
    assert host.fd == 1


@settings(max_examples=100, deadline=None)
@given(METHODS, PATHS, JSON | st.binary(max_size=20))
def test_any_body_at_any_address(method: str, path: str, body: Any) -> None:
    host = Host()
    told = host.http(method, path, body if isinstance(body, bytes) else json.dumps(body).encode())
    assert told.status in (200, 201, 400, 404, 405, 409, 500)
    host.pass_time(1)
    assert host.fd == 1
    host.redial()
    assert host.http("GET", "/api/v2/settings").status == 200


def _fields(task: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inside: list[tuple[str | int, ...]] = [path] if path else []
    for key, value in task.items() if isinstance(task, dict) else enumerate(task) if isinstance(task, list) else ():
        inside += _fields(value, (*path, key))
    return inside


def _with(task: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """A copy that has this value there."""
    copy = place = json.loads(json.dumps(task))
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return copy


FULL = sell(
    taxationType="osn", electronically=False, total=100, taxes=[{"type": "vat20", "sum": 10}],
    clientInfo={"emailOrPhone": "+79990000000", "name": "A", "vatin": "7701234567", "address": "B"},
    companyInfo={"email": "a@b.example"}, paymentsPlace="p", paymentsAddress="a", machineNumber="1",
    preItems=[{"type": "text", "text": "x", "alignment": "left", "wrap": "words"}],
    postItems=[{"type": "barcode", "barcode": "1", "barcodeType": "QR", "scale": 5}],
    industryInfo=[{"fois": "030", "date": "2026.01.02", "number": "N", "industryAttribute": "A=1"}],
    operationInfo={"id": 1, "dateTime": "2026.01.02 10:00:00", "data": "d"},
)  # fmt: skip
FULL["items"][0] |= {
    "measurementUnit": "piece", "paymentMethod": "fullPayment", "paymentObject": "commodity", "department": 1,
    "additionalAttribute": "a", "exciseSum": 1, "countryCode": "643", "customsDeclaration": "1",
    "agentInfo": {"agents": ["attorney"], "payingAgent": {"operation": "o", "phones": ["+7"]}},
    "supplierInfo": {"phones": ["+7"], "name": "n", "vatin": "7701234567"},
}  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(_fields(FULL)), JSON)
def test_a_sale_with_anything_in_one_field(path: tuple[str | int, ...], value: Any) -> None:
    """Either it is sold with its sums, or nothing is."""
    task = _with(FULL, path, value)
    host = Host()
    host.done("openShift")
    try:
        status = host.post(task).status
    except Silent:
        raise AssertionError("no answer") from None
    assert status in (201, 400)
    host.pass_time(3)
    if status == 400:
        assert host.fd == 2
        return
    told = host.results()[0]
    assert told["status"] in ("ready", "error")
    fiscal = task["type"] in tasks.FISCAL
    assert host.fd == (3 if told["status"] == "ready" and fiscal else 2)
    assert host.device.state.register.receipt is None


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(tasks.KNOWN)), st.dictionaries(WORDS | st.sampled_from(["cashSum", "keys"]), JSON))
def test_any_fields_of_any_task(kind: str, fields: dict[str, Any]) -> None:
    host = Host()
    assert host.post({**fields, "type": kind}).status == 201
    host.pass_time(3)
    assert host.results()[0]["status"] in ("ready", "error")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 7), st.data())
def test_a_sale_whose_bytes_were_damaged(bit: int, data: st.DataObject) -> None:
    """One bit in the body: HTTP has no check sum, so a wrong sale can be sold; it is sold as it was heard."""
    whole = bytearray(request_bytes("POST", "/api/v2/requests", {"uuid": "u", "request": [sell()]}))
    place = data.draw(st.integers(whole.index(b"\r\n\r\n") + 4, len(whole) - 1))
    whole[place] ^= 1 << bit
    host = Host()
    (told,) = responses(host.line.receive(bytes(whole)))
    host.pass_time(3)
    assert told.status in (201, 400)
    if told.status == 400:
        assert host.fd == 1
        return
    job = host.device.state.done[-1]
    assert (host.fd == 3) is (job.subtasks[0].status == "ready")


@pytest.mark.parametrize("path", [("items", 0, "exciseSum"), ("taxes", 0, "sum"), ("paymentsAddInfo", 0, "sum")])
@pytest.mark.parametrize("value", [-1, -0.5, -1e15])
def test_a_sum_below_nothing_broke_the_simulator(path: tuple[str | int, ...], value: float) -> None:
    card = {"sum": 1, "paymentMethod": 1, "electronicallyId": "1"}
    task = _with(FULL | {"paymentsAddInfo": [card]}, path, value)
    host = Host()
    host.done("openShift")
    assert host.post(task).status == 201
    host.pass_time(3)
    (told,) = host.results()
    assert told["status"] == "error"
    assert host.fd == 2
    assert host.device.state.register.receipt is None
