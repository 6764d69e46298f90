"""A register behind its maker's library, through server and agent: a receipt, and a vendor host that goes wrong in the
middle of one. Its lane finds out what became of the receipt; the lane beside it goes on meanwhile.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.shop import Shop, Till, open_shop
from tests.support import unruly_host
from tests.support.rig import FAST, imprint
from tests.support.vendor_family import RECEIPT, behind_library
from tests.support.vendor_tests import needs_library

pytestmark = needs_library()


WRONG = ("hang", "crash", "garbage", "strange", "eat", "babble")
"""What a host does in the middle of a receipt, when that is carried out (``unruly_host``)."""
SHORT = ("crash", "garbage", "eat")
"""Those of every run."""
BEFORE = "before "
"""…and the receipt is not carried out."""
PATIENT = FAST.replace("close = 4.0", "close = 300.0")


@pytest.fixture(autouse=True, scope="module")
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The library writes its logs there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


def ill_lanes(tills: Shop, *ways: str) -> dict[str, Till]:
    """A register for each of these ways of going wrong; its host's folder bears its name."""
    folder = tills.rig.folder
    return {
        way: tills.till(str(number), family=behind_library(unruly_host.launcher(folder / f"host-{number}")))
        for number, way in enumerate(ways, start=40)
    }


@dataclass(frozen=True, slots=True)
class Street:
    """One PC with all of them."""

    shop: Shop
    good: Till  # behind the library, with its own host
    other: Till  # of another family
    hangs: Till
    ill: dict[str, Till]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with open_shop(tmp_path_factory.mktemp("street")) as shop:
        ill = ill_lanes(shop, "hang", *SHORT)
        one = Street(shop, shop.till("31", family=behind_library()), shop.till("33"), ill.pop("hang"), ill)
        stand = (one.good, one.other, one.hangs, *ill.values())
        shop.pc(*stand, profile=PATIENT)
        shop.start(*stand)
        yield one


def proven(job: dict[str, Any], till: Till) -> None:
    """Done, once, with the document that the register's own memory holds."""
    assert job["state"] == "done", job
    (receipt,) = (document for document in till.documents() if document["type"] == "receipt")
    assert (job["proof"]["fd"], job["proof"]["fpd"]) == (receipt["fd"], receipt["fpd"])
    assert imprint(receipt)


def go_wrong(shop: Shop, way: str, till: Till) -> str:
    """A receipt in the middle of which the host goes wrong; the job."""
    unruly_host.order(shop.rig.folder / f"host-{till.kkm_id}", way)
    return till.post("receipt", RECEIPT)


def test_a_receipt_through_the_library(street: Street) -> None:
    job = street.good.do("receipt", RECEIPT)
    proven(job, street.good)
    assert job["proof"]["total"] == "1610.00"
    assert street.good.do("x_report")["state"] == "done"
    assert street.good.do("close_shift")["state"] == "done"
    assert street.good.kinds() == ["open_shift", "receipt", "close_shift"]


def test_hosts_that_go_wrong_after_the_receipt(street: Street) -> None:
    """The document is in the register and nobody has said so."""
    jobs = {way: go_wrong(street.shop, way, till) for way, till in street.ill.items()}
    for way, till in street.ill.items():
        proven(street.shop.ended(jobs[way]), till)
        assert till.do("x_report")["state"] == "done", "the lane works on, with a new host"


def test_a_call_that_hangs_holds_nobody_else(street: Street) -> None:
    shop, till = street.shop, street.hangs
    job_id = go_wrong(shop, "hang", till)
    shop.rig.until(lambda: till.kinds() == ["open_shift", "receipt"], what="the document is made")
    assert street.other.do("receipt", RECEIPT)["state"] == "done"
    assert shop.rig.job(job_id)["state"] == "started", "the call hangs, and nothing is known"
    os.kill(unruly_host.pid(shop.rig.folder / f"host-{till.kkm_id}"), signal.SIGKILL)
    proven(shop.ended(job_id), till)


@pytest.mark.long
@pytest.mark.parametrize(("when", "attempts"), [("", 1), (BEFORE, 2)], ids=["after", "before"])
def test_every_way_to_go_wrong(tills: Shop, when: str, attempts: int) -> None:
    """Before the receipt: the register may be at work for a minute more. Only after that, and a fence, it is known that
    nothing came of the first attempt, and the second begins."""
    lanes = ill_lanes(tills, *WRONG)
    tills.pc(*lanes.values())
    tills.start(*lanes.values())
    jobs = {way: go_wrong(tills, when + way, till) for way, till in lanes.items()}
    for way, till in lanes.items():
        job = tills.ended(jobs[way], 300)
        proven(job, till)
        assert job["attempt"] == attempts
