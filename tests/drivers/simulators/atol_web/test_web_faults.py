"""Every fault at a sale: between client and server, and between library and register.

Rows tell what the client hears at once, what it is told by uuid a while later, and what the drive has then.
"""

from __future__ import annotations

from typing import Any

import pytest

from drivers.simulators.atol_web import WebDevice
from drivers.simulators.faults import FAULTS, FaultSpecError
from tests.drivers.simulators.atol_web.host import Host, Silent, sell

LOST, SILENT = "closed", "silent"
POST, SELL = "command=post-requests", "command=sell"
# fault | answer to the POST | status and code by uuid nine seconds later | receipts in the drive
TABLE: list[tuple[str, int | str, tuple[str, int] | None, int]] = [
    # between client and server
    (f"answer-lost:{POST}", LOST, ("ready", 0), 1),
    (f"answer-lost:{POST},drop=no", SILENT, ("ready", 0), 1),
    (f"drop:{POST}", LOST, None, 0),
    (f"late:{POST},seconds=5", LOST, ("ready", 0), 1),
    (f"slow:{POST},seconds=5", SILENT, ("ready", 0), 1),
    (f"slow:{POST},seconds=5,when=after", SILENT, ("ready", 0), 1),
    (f"mute:{POST},seconds=5", SILENT, None, 0),
    ("mute:seconds=5", SILENT, None, 0),
    (f"busy:{POST}", 503, None, 0),
    (f"fail:{POST},code=500", 500, None, 0),
    (f"fail:{POST},code=500,when=after", 500, ("ready", 0), 1),
    (f"checksum:{POST}", 201, ("ready", 0), 1),
    (f"checksum:{POST},direction=in", 400, None, 0),
    (f"restart:{POST},when=before,off=3", LOST, None, 0),
    (f"restart:{POST},off=3", LOST, ("ready", 0), 1),
    ("cut:after=20,direction=in", LOST, None, 0),
    ("cut:after=20,direction=out", LOST, ("ready", 0), 1),
    ("flip:byte=10,mask=01", 301, ("ready", 0), 1),  # 201 it was
    ("flip:direction=in,byte=2,mask=01", 405, None, 0),
    ("noise:direction=in,byte=1,count=3", 400, None, 0),
    # between library and register
    (f"answer-lost:{SELL}", 201, ("ready", 0), 1),
    (f"answer-lost:{SELL},stored=no", 201, ("ready", 0), 1),
    (f"drop:{SELL}", 201, ("error", 2), 0),
    (f"mute:{SELL},seconds=5", 201, ("error", 2), 0),
    (f"late:{SELL},seconds=5", 201, ("error", 2), 1),
    (f"slow:{SELL},seconds=5", 201, ("ready", 0), 1),
    (f"slow:{SELL},seconds=5,when=after", 201, ("ready", 0), 1),
    (f"busy:{SELL}", 201, ("error", 55), 0),
    (f"fail:{SELL},code=2", 201, ("error", 2), 0),
    (f"fail:{SELL},code=2,when=after", 201, ("ready", 0), 1),
    (f"fail:{SELL},code=116,when=after", 201, ("ready", 0), 1),
    (f"fail:{SELL},code=81,when=after", 201, ("error", 81), 1),  # no code that blocks: the server does not look
    (f"checksum:{SELL}", 201, ("ready", 0), 1),
    (f"checksum:{SELL},direction=in", 201, ("error", 2), 0),
    (f"power:{SELL},when=before,off=3", 201, ("error", 2), 0),
    (f"power:{SELL},off=3", 201, ("ready", 0), 1),
    ("power:step=1,off=3", 201, ("ready", 0), 1),
    (f"restart:{SELL},when=before,off=3", 201, ("error", 2), 0),
    (f"restart:{SELL},off=3", 201, ("ready", 0), 1),
    ("paper-out:line=0", 201, ("error", 44), 0),
    ("paper-out:line=1", 201, ("ready", 0), 1),
    (f"cover:{SELL},seconds=60", 201, ("error", 45), 0),
    (f"clock:by=+25h,{SELL}", 201, ("error", 68), 0),
    ("foreign:after=3", 201, ("ready", 0), 2),
]


def opened(*faults: str) -> Host:
    host = Host()
    host.done("openShift")
    for fault in faults:
        host.device.inject(fault)
    return host


def posted(host: Host, uuid: str = "sale") -> int | str:
    try:
        return host.post(sell(), uuid=uuid).status
    except Silent as silent:
        return LOST if silent.closed else SILENT


def told(host: Host, uuid: str = "sale") -> tuple[str, int] | None:
    host.redial()
    found = host.http("GET", f"/api/v2/requests/{uuid}")
    if found.status == 404:
        return None
    result: dict[str, Any] = found.json()["results"][0]
    return result["status"], result["error"]["code"]


@pytest.mark.parametrize(("spec", "at_once", "later", "receipts"), TABLE, ids=[row[0] for row in TABLE])
def test_fault_at_a_sale(spec: str, at_once: int | str, later: tuple[str, int] | None, receipts: int) -> None:
    host = opened(spec)
    host.redial()
    assert posted(host) == at_once
    host.pass_time(9)
    assert told(host) == later
    assert host.fd == 2 + receipts
    # Whatever it was: the server takes the next one, and the same uuid again only if it has never seen it.
    assert posted(host) == (201 if later is None else 409)
    assert host.standing()["isBlocked"] is False


def test_every_fault_is_in_the_table() -> None:
    assert {row[0].partition(":")[0] for row in TABLE} == set(FAULTS) - WebDevice.ALIEN_FAULTS


LEAST = {"refuse": "refuse:error=67", "twist": "twist:into=hang", "result": "result:code=1"}
"""Faults that cannot be without a key."""


@pytest.mark.parametrize("name", sorted(WebDevice.ALIEN_FAULTS))
def test_faults_that_mean_nothing_here(name: str) -> None:
    with pytest.raises(FaultSpecError, match="nothing like it"):
        Host().device.inject(LEAST.get(name, name))


def test_a_fault_names_a_task_or_a_request() -> None:
    with pytest.raises(FaultSpecError, match=r"command='sold' is unknown here; expected .*get-requests.*sell,"):
        Host("busy:command=sold")
    host = opened("busy:command=sell,nth=2")
    host.done(sell())
    assert host.error(sell()) == 55
    host.device.inject("busy:command=sell")
    host.done(sell(kind="buy", payments=[{"type": "electronically", "sum": 100}]))  # "sell" is not "sellReturn" either
    host.done(sell(kind="sellReturn"))
    assert host.error(sell()) == 55


def test_a_garbled_answer_keeps_its_length() -> None:
    host = opened("checksum:command=get-requests")
    posted(host)
    garbled = host.http("GET", "/api/v2/requests/sale")
    assert garbled.status == 200
    with pytest.raises(ValueError, match=r"."):
        garbled.json()
    assert told(host) == ("inProgress", 0)


def test_an_answer_that_got_lost_on_the_registers_line_comes_as_if_nothing_had_happened() -> None:
    host = opened("answer-lost:command=sell")
    posted(host)
    host.pass_time(4)
    assert host.fd == 3
    assert told(host) == ("inProgress", 0)
    host.pass_time(2)
    assert host.results("sale")[0]["result"]["fiscalParams"]["fiscalDocumentNumber"] == 3
    assert not host.standing()["isBlocked"]
