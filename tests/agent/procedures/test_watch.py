"""Which events follow from two looks at a register."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agent.procedures.watch import Look, changes, look
from drivers.api import Paper, Status
from protocol.crm.messages import EventKind as E
from tests.support.model_register import ModelRegister

STATUS: Status = ModelRegister().status()
FINE = Look()

CHANGES = [
    # before  after  events
    (None,  FINE,  ()),
    (FINE,  FINE,  ()),
    (None,  Look(online=False),  (E.DEVICE_OFFLINE,)),
    (FINE,  Look(online=False),  (E.DEVICE_OFFLINE,)),
    (Look(online=False),  Look(online=False),  ()),
    (Look(online=False),  FINE,  (E.DEVICE_ONLINE,)),
    (None,  Look(paper=False),  (E.PAPER_OUT,)),
    (FINE,  Look(paper=False, cover_open=True),  (E.PAPER_OUT, E.COVER_OPEN)),
    (Look(paper=False, cover_open=True),  FINE,  (E.PAPER_BACK, E.COVER_CLOSED)),
    (Look(fn_warnings=("memory",)),  Look(fn_warnings=("memory",)),  ()),
    (Look(fn_warnings=("memory",)),  Look(fn_warnings=("memory", "resource")),  (E.FN_WARNING,)),
    (Look(fn_warnings=("memory",)),  FINE,  ()),
    (FINE,  Look(drifting=True),  (E.CLOCK_DRIFT,)),
    (Look(drifting=True),  FINE,  ()),
    (FINE,  Look(setup_problems=("tax_by_host",)),  (E.SETUP_PROBLEM,)),
    (Look(setup_problems=("tax_by_host",)),  Look(setup_problems=("tax_by_host",)),  ()),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "events"), CHANGES)
def test_changes(before: Look | None, after: Look, events: tuple[E, ...]) -> None:
    assert changes(before, after) == events


LOOKS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"paper": Paper.ABSENT}, {"paper": False}),
    ({"paper": Paper.INTERRUPTED}, {"paper": False}),
    ({"paper": Paper.RESUMABLE}, {}),
    ({"cover_open": True}, {"cover_open": True}),
    ({"fn_warnings": ("resource", "memory")}, {"fn_warnings": ("memory", "resource")}),
    ({"blocked": "fn_expired"}, {"fn_warnings": ("fn_expired",)}),
]


@pytest.mark.parametrize(("says", "known"), LOOKS)
def test_what_is_kept_of_a_status(says: dict[str, Any], known: dict[str, Any]) -> None:
    assert look(None, replace(STATUS, **says)) == Look(**known)


def test_what_nobody_could_see_stays_as_it_was() -> None:
    before = Look(paper=False, fn_warnings=("memory",), drifting=True, setup_problems=("tax_by_host",))
    assert look(before, None) == replace(before, online=False)
    seen = look(before, STATUS)  # without the true time and without the settings
    assert (seen.paper, seen.drifting, seen.setup_problems) == (True, True, ("tax_by_host",))


DRIFTS = [
    # off by seconds  drifting before  now
    (0,               False,           False),
    (120,             False,           False),
    (121,             False,           True),
    (-121,            False,           True),
    (90,              True,            True),  # in between nothing is told twice
    (90,              False,           False),
    (60,              True,            False),
    (-10 * 365 * 86400, False,         True),
]  # fmt: skip


@pytest.mark.parametrize(("seconds", "before", "now"), DRIFTS)
def test_the_clock(seconds: int, before: bool, now: bool) -> None:
    true_local = STATUS.at + timedelta(seconds=seconds)
    assert look(Look(drifting=before), STATUS, true_local=true_local).drifting is now


def test_a_look_survives_the_journal() -> None:
    kept = Look(paper=False, fn_warnings=("memory",), setup_problems=("tax_by_host",))
    assert Look.of(json.loads(json.dumps(kept.to_json()))) == kept
    assert Look.of({}) is None
