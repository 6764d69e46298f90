"""R1 of every procedure: what each of them needs, and what stands in its way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.procedures import precheck
from agent.procedures.asks import Ask, ContinuePrint, Fence, NotReady, Wait
from agent.procedures.plain import WANTS
from agent.procedures.precheck import Ready, Wants
from drivers.api import Paper, Status
from protocol.crm.jobs import JobKind
from protocol.crm.payloads import PLAIN_KINDS
from tests.agent.procedures.test_receipt_start import answered
from tests.support.model_register import SERIAL, ModelRegister

STATUS: Status = ModelRegister().status()
RECEIPT, SLIP, DRAWER = Wants(), WANTS[JobKind.PRINT_TEXT], WANTS[JobKind.OPEN_DRAWER]
READY = "ready"

TOLD = [
    # what the register says                       receipt, shift, cash   X, slip, copy   drawer
    ({},                                           READY,                 READY,          READY),
    ({"register_serial": "0000000000000001"},      "wrong_device",        "wrong_device", "wrong_device"),
    ({"busy": True},                               Wait(0.3, "device_busy"), Wait(0.3, "device_busy"),
                                                                                          Wait(0.3, "device_busy")),
    ({"blocked": "fn_expired"},                    "fn_expired",          READY,          READY),
    ({"clock_unset": True},                        "clock_unset",         READY,          READY),
    ({"document_open": True},                      Fence(),               Fence(),        READY),
    ({"fn_document_open": True},                   Fence(),               Fence(),        READY),
    ({"cover_open": True},                         "cover_open",          "cover_open",   READY),
    ({"paper": Paper.ABSENT},                      "no_paper",            "no_paper",     READY),
    ({"paper": Paper.INTERRUPTED},                 "no_paper",            "no_paper",     READY),
    ({"paper": Paper.RESUMABLE},                   ContinuePrint(),       ContinuePrint(), READY),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "receipt", "slip", "drawer"), TOLD)
def test_what_each_needs(changes: dict[str, Any], receipt: Any, slip: Any, drawer: Any) -> None:
    status = replace(STATUS, **changes)
    assert [_told(status, wants) for wants in (RECEIPT, SLIP, DRAWER)] == [receipt, slip, drawer]


def _told(status: Status, wants: Wants) -> Ask | str:
    check, _ = precheck.start(SERIAL, exclusive=True, wants=wants)
    _, ask = precheck.step(check, answered(status))
    if isinstance(ask, Ready):
        assert ask.status is status
        return READY
    return ask.reason.code if isinstance(ask, NotReady) else ask


def test_every_plain_kind_says_what_it_needs() -> None:
    assert set(WANTS) == PLAIN_KINDS
