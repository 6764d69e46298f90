"""A register behind its maker's library, through server and agent: a receipt, and a vendor host that goes wrong in the
middle of one. Its lane finds out what became of the receipt; the lane beside it goes on meanwhile.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.shop import Shop, Till
from tests.support import unruly_host
from tests.support.families import FAMILIES
from tests.support.rig import FAST, imprint
from tests.support.vendor_family import RECEIPT, behind_library
from tests.support.vendor_tests import needs_library

pytestmark = needs_library()


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The library writes its logs there."""
    monkeypatch.setenv("HOME", str(tmp_path))


def proven(job: dict[str, Any], till: Till) -> None:
    """Done, once, with the document that the register's own memory holds."""
    assert job["state"] == "done", job
    (receipt,) = (document for document in till.documents() if document["type"] == "receipt")
    assert (job["proof"]["fd"], job["proof"]["fpd"]) == (receipt["fd"], receipt["fpd"])
    assert imprint(receipt)


def test_a_receipt_through_the_library(tills: Shop) -> None:
    till = tills.till("31", family=behind_library())
    tills.pc(till)
    agent = tills.start(till)
    job = till.do("receipt", RECEIPT)
    proven(job, till)
    assert job["proof"]["total"] == "1610.00"
    assert till.do("x_report")["state"] == "done"
    assert till.do("close_shift")["state"] == "done"
    assert till.kinds() == ["open_shift", "receipt", "close_shift"]
    assert agent.stop() == 0


WRONG = ("hang", "crash", "garbage", "strange", "eat", "babble")
"""What a host does in the middle of a receipt (``unruly_host``)."""
BEFORE = "before "
"""…and the receipt was not carried out."""
PATIENT = FAST.replace("close = 4.0", "close = 300.0")


def ill_lanes(tills: Shop, *ways: str) -> dict[str, Till]:
    """A register for each of these ways of going wrong; its host's folder bears its name."""
    folder = tills.rig.folder
    return {
        way: tills.till(str(number), family=behind_library(unruly_host.launcher(folder / f"host-{number}")))
        for number, way in enumerate(ways, start=40)
    }


def go_wrong(tills: Shop, lanes: dict[str, Till]) -> dict[str, str]:
    """A receipt to each of them, in the middle of which its host goes wrong; the jobs."""
    for way, till in lanes.items():
        unruly_host.order(tills.rig.folder / f"host-{till.kkm_id}", way)
    return {way: till.post("receipt", RECEIPT) for way, till in lanes.items()}


def test_hosts_that_go_wrong_after_the_receipt(tills: Shop) -> None:
    """The document is in the register and nobody has said so."""
    lanes = ill_lanes(tills, *WRONG)
    tills.pc(*lanes.values())
    tills.start(*lanes.values())
    jobs = go_wrong(tills, lanes)
    for way, till in lanes.items():
        proven(tills.ended(jobs[way]), till)
        assert till.do("x_report")["state"] == "done", "the lane works on, with a new host"


def test_a_call_that_hangs_holds_nobody_else(tills: Shop) -> None:
    ((_, ill),) = (lanes := ill_lanes(tills, "hang")).items()
    well = tills.till("33", family=FAMILIES["shtrih"])
    tills.pc(ill, well, profile=PATIENT)
    tills.start(ill, well)
    (job_id,) = go_wrong(tills, lanes).values()
    tills.rig.until(lambda: ill.kinds() == ["open_shift", "receipt"], what="the document is made")
    assert well.do("receipt", RECEIPT)["state"] == "done"
    assert tills.rig.job(job_id)["state"] == "started", "the call hangs, and nothing is known"
    os.kill(unruly_host.pid(tills.rig.folder / f"host-{ill.kkm_id}"), signal.SIGKILL)
    proven(tills.ended(job_id), ill)


@pytest.mark.long
def test_hosts_that_go_wrong_before_the_receipt(tills: Shop) -> None:
    """The register may be at work for a minute more: only after that, and a fence, nothing has come of it."""
    lanes = ill_lanes(tills, *(BEFORE + way for way in WRONG))
    tills.pc(*lanes.values())
    tills.start(*lanes.values())
    jobs = go_wrong(tills, lanes)
    for way, till in lanes.items():
        job = tills.ended(jobs[way], 300)
        proven(job, till)
        assert job["attempt"] == 2, "the first came to nothing, which was known before the second began"
