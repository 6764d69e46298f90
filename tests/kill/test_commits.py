"""The agent or the server is killed at one commit after another while one register makes its receipts.

Each row is a receipt of its own: with a shift to be opened for it, killed at a named moment, and how many attempts it
took. Every commit point there is, and random moments, are the storm's (``python -m tests.kill``).
"""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.shop import Shop, Till, open_shop
from tests.e2e.test_doubt import MADE, agrees
from tests.support.families import FAMILIES
from tests.support.rig import EXAMPLE

LOST = "answer-lost:command={close},stored=no"
NOTHING_SOLD = "answer-lost:command={fill},stored=no"

Row = tuple[str, str, str, int]

SHORT: tuple[Row, ...] = (
    # the register's fault                     commit               when      attempts
    ("",                                       "offer",             "after",  1),  # S4
    ("",                                       "operation_intent",  "after",  1),  # C16
    ("",                                       "intent",            "after",  2),  # C2
    ("",                                       "closing",           "after",  2),  # C6
    ("",                                       "written:{close}",   "after",  1),  # C8, C9
    ("",                                       "proven",            "before", 1),  # C13
    (LOST,                                     "doubt",             "after",  1),  # C15
    (NOTHING_SOLD,                             "proven_none",       "before", 2),
)  # fmt: skip
LONG: tuple[Row, ...] = (
    ("",                                       "offer",             "before", 1),  # S3
    ("",                                       "operation_intent",  "before", 1),
    ("",                                       "operation_outcome", "before", 1),
    ("",                                       "operation_outcome", "after",  1),
    ("",                                       "intent",            "before", 1),  # C1
    ("",                                       "closing",           "before", 2),
    ("",                                       "close_answered",    "after",  1),  # C9
    ("",                                       "proven",            "after",  1),  # C14
    ("",                                       "archived",          "before", 1),
    ("",                                       "archived",          "after",  1),
    (LOST,                                     "doubt",             "before", 1),
    ("answer-lost:command={close}",            "proven",            "before", 1),
    (NOTHING_SOLD,                             "doubt",             "after",  2),
    (NOTHING_SOLD,                             "proven_none",       "after",  2),
    ("power:command={close},when=after",       "doubt",             "after",  1),
    ("late:command={close},seconds=2",         "doubt",             "after",  1),
    ("late:command={close},seconds=2",         "written:{close}",   "after",  1),
    ("answer-lost:command={open_shift},stored=no", "operation_outcome", "before", 1),
)  # fmt: skip

WEB: tuple[Row, ...] = (
    ("",                                       "offer",             "after",  1),
    ("",                                       "operation_intent",  "after",  1),
    ("",                                       "operation_outcome", "before", 1),
    ("",                                       "intent",            "after",  2),
    ("",                                       "closing",           "after",  2),
    ("",                                       "written:{close}",   "after",  1),
    ("",                                       "close_answered",    "after",  1),
    ("",                                       "proven",            "before", 1),
    ("",                                       "proven",            "after",  1),
    ("answer-lost:command={close}",            "proven",            "before", 1),
    (LOST,                                     "doubt",             "after",  1),
    ("power:command={close},when=after",       "doubt",             "after",  1),
    ("restart:command={close}",                "proven",            "before", 1),
    ("restart:command={close},when=after",     "proven",            "before", 1),
    ("restart:command={close},when=after",     "written:{close}",   "after",  1),
    ("restart:command={open_shift},when=after", "operation_outcome", "before", 1),
    ("drop:command={close}",                   "doubt",             "after",  2),  # the register is given its minute
    ("late:command={close},seconds=2",         "written:{close}",   "after",  1),
)  # fmt: skip
"""A receipt is one request, so nothing is lost before it."""
LONGEST = 200.0
"""Seconds to a job's end: twice the minute in which a register may carry out what its server has given up."""


def sells(till: Till, name: str) -> str:
    body = json.loads(EXAMPLE.read_text("utf-8"))
    return till.post("receipt", body["payload"], job_id=name, order_ref=name)


@pytest.mark.gate
@pytest.mark.parametrize(
    ("family", "rows"),
    [
        ("shtrih", SHORT),
        pytest.param("shtrih", LONG, marks=pytest.mark.long),
        pytest.param("atol-web", WEB, marks=pytest.mark.long),
    ],
    ids=["short", "long", "web"],
)
def test_agent_is_killed(tills: Shop, family: str, rows: tuple[Row, ...]) -> None:
    commands = FAMILIES[family].commands
    till = tills.till("17", family=FAMILIES[family])
    tills.pc(till)
    armed = tills.rig.folder / "armed"
    dying = ("--armed", str(armed), "--hurry")
    agent = tills.start(till, dying=dying)
    for number, (fault, commit, when, attempts) in enumerate(rows):
        if till.memory.drive.shift_open:
            assert till.do("close_shift")["state"] == "done"
        before = len(till.documents())
        till.tell("no-faults")
        if fault:
            till.tell("fault " + fault.format(**commands))
        armed.write_text(f"{commit.format(**commands)} {when}", "utf-8")
        job_id = sells(till, f"order-{number}")
        assert agent.wait() == -signal.SIGKILL
        agent = tills.rig.start_agent(dying=dying)
        job = tills.ended(job_id, LONGEST)
        what = (fault, commit, when)
        assert (job["state"], job["attempt"], len(till.documents()) - before) == ("done", attempts, MADE), what
        agrees(till, job, before)


SERVER_SHORT = (
    # commit                                   when
    ("jobs:post_job",                          "before"),
    ("jobs:post_job",                          "after"),
    ("link:Connection._deliver/accept",        "before"),
    ("link:Connection._deliver/update",        "after"),
)  # fmt: skip
SERVER_LONG = (
    ("link:Connection._flush",                 "before"),
    ("link:Connection._flush",                 "after"),
    ("link:Connection._deliver/accept",        "after"),
    ("link:Connection._deliver/update",        "before"),
    ("link:Connection._deliver/event",         "before"),
    ("link:Connection._deliver/event",         "after"),
    ("link:Connection._deliver/ack",           "before"),
    ("link:Connection._deliver/ack",           "after"),
)  # fmt: skip


@pytest.mark.gate
@pytest.mark.parametrize(
    "rows", [SERVER_SHORT, pytest.param(SERVER_LONG, marks=pytest.mark.long)], ids=["short", "long"]
)
def test_server_is_killed(tmp_path: Path, rows: tuple[tuple[str, str], ...]) -> None:
    armed = tmp_path / "armed"
    dying = ("--armed", str(armed))
    with open_shop(tmp_path, dying=dying) as shop:
        till = shop.till("17")
        shop.pc(till)
        shop.start(till, dying=("--hurry",))
        for number, (commit, when) in enumerate(rows):
            if till.memory.drive.shift_open:
                assert till.do("close_shift")["state"] == "done"
            before = len(till.documents())
            server = shop.rig.server
            assert server is not None
            armed.write_text(f"{commit} {when}", "utf-8")
            with ThreadPoolExecutor(1) as crm:
                posting = crm.submit(sells, till, f"order-{number}")  # again and again until the server is back
                assert server.wait() == -signal.SIGKILL
                shop.rig.start_server(dying=dying)
                job = shop.ended(posting.result())
            assert (job["state"], job["attempt"], len(till.documents()) - before) == ("done", 1, MADE), (commit, when)
            agrees(till, job, before)
