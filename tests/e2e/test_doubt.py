"""Fault -> (final state, attempts, documents): real server, agent and registers, one receipt each, exclusive desks.

Whatever fails, the receipt exists exactly once or provably not at all, and nobody has to be asked. The agent's commit
points and the server's are in ``tests/kill``.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.shop import Shop, Till, at_once
from tests.support.rig import EXAMPLE, imprint

DONE, NOT_DONE = "done", "not_done"
OPENED = 1  # a shift opened for the receipt: one document
MADE = 2  # the shift and the receipt

FAULTS = [
    # fault                                          state     attempts  FD moved by
    ("answer-lost:command=FF45",                     DONE,     1, MADE),  # C8: the reply waits in the register
    ("answer-lost:command=FF45,stored=no",           DONE,     1, MADE),  # C8: the reply is gone
    ("answer-lost:command=FF45,stored=no,times=2",   DONE,     1, MADE),
    ("answer-lost:command=8D,stored=no",             DONE,     2, MADE),  # C3
    ("answer-lost:command=FF46,stored=no",           DONE,     2, MADE),
    ("answer-lost:command=FF46,nth=2",               DONE,     2, MADE),
    ("answer-lost:command=FF0C,stored=no",           DONE,     1, MADE),  # tags of the shift's opening come first
    ("answer-lost:command=E0,stored=no",             DONE,     1, MADE),  # C16
    ("answer-lost:command=88,stored=no",             DONE,     1, MADE),  # never needed
    ("power:command=FF45,when=before,off=2",         DONE,     2, MADE),  # C7
    ("power:command=FF45,when=after,off=2",          DONE,     1, MADE),  # C8
    ("power:command=FF46,when=after,off=2",          DONE,     2, MADE),
    ("power:command=FF46,when=after,off=2,receipt=annulled", DONE, 2, MADE),  # C5
    ("power:command=E0,when=after,off=2",            DONE,     1, MADE),
    ("slow:command=FF45,seconds=2",                  DONE,     1, MADE),
    ("slow:command=FF45,seconds=6",                  DONE,     1, MADE),  # C10: longer than the driver waits
    ("busy:command=FF45,times=3",                    DONE,     1, MADE),
    ("busy:command=8D,times=3",                      DONE,     1, MADE),
    ("late:command=FF45,seconds=2",                  DONE,     1, MADE),  # C4: acts after we gave up
    ("late:command=FF46,seconds=2",                  DONE,     2, MADE),
    ("late:command=E0,seconds=2",                    DONE,     1, MADE),
    ("mute:command=FF45,seconds=5",                  DONE,     2, MADE),  # C7
    ("mute:command=FF46,seconds=4",                  DONE,     2, MADE),
    ("nak:command=FF45,times=2",                     DONE,     1, MADE),
    ("flip:direction=out,byte=600",                  DONE,     1, MADE),
    ("noise:direction=out,byte=400,count=5",         DONE,     1, MADE),
    ("refuse:command=FF45,error=46",                 DONE,     2, MADE),
    ("refuse:command=FF45,error=46,times=2",         DONE,     3, MADE),
    ("refuse:command=FF45,error=46,times=always",    NOT_DONE, 3, OPENED),
    ("refuse:command=E0,error=4F",                   DONE,     1, MADE),
    ("refuse:command=FF0A,error=2F",                 DONE,     1, MADE),  # the archive cannot be read for a moment
    ("refuse:command=FF3A,error=08",                 DONE,     1, MADE),
    ("refuse:command=FF3B,error=08",                 DONE,     1, MADE),
    ("answer-lost:command=FF0A,nth=2,stored=no",     DONE,     1, MADE),  # lost while reading back
    ("power:command=FF01,nth=4,off=2",               DONE,     1, MADE),
    ("paper-out:line=3,load=1",                      DONE,     1, MADE),  # while the shift's opening prints
    ("paper-out:line=30,load=1",                     DONE,     1, MADE),  # C11: while the receipt prints
    ("cover:seconds=2",                              DONE,     1, MADE),
]  # fmt: skip

CUTS = [*range(300, 2900, 400)]
"""Bytes of the whole conversation, both directions counted, after which the connection to the register breaks."""

AT_ONCE = 6  # more would make the registers slower than the agent waits, on a machine that is busy


def sold(till: Till) -> dict[str, Any]:
    body = json.loads(EXAMPLE.read_text("utf-8"))
    return till.do("receipt", body["payload"], order_ref=till.kkm_id)


@pytest.mark.gate
def test_register_fails(tills: Shop) -> None:
    made = {row: tills.till(str(100 + at), "--fault", row[0]) for at, row in enumerate(FAULTS)}
    cut = {after: tills.till(str(200 + at), "--fault", f"cut:after={after}") for at, after in enumerate(CUTS)}
    tills.pc(*made.values(), *cut.values())
    tills.start(*made.values(), *cut.values())

    jobs = at_once(tills.tills, sold, AT_ONCE)
    for (fault, *wanted), till in made.items():
        job = jobs[till]
        assert [job["state"], job["attempt"], len(till.documents()) - 1] == wanted, fault
        agrees(till, job)
    for after, till in cut.items():
        job = jobs[till]
        assert (job["state"], len(till.documents()) - 1) == (DONE, MADE), after
        assert job["attempt"] in (
            1,
            2,
        )  # where in a receipt a byte number falls depends on how often a status was asked
        agrees(till, job)


def agrees(till: Till, job: dict[str, Any], before: int = 0) -> None:
    """What the server says and what the fiscal drive holds behind the first ``before`` documents are the same thing,
    and nobody was asked."""
    assert "human" not in [step["state"] for step in job["history"]]
    receipts = [document for document in till.documents()[before:] if document["type"] == "receipt"]
    if job["state"] == NOT_DONE:
        assert receipts == []
        assert job["proof"] is None
        return
    (receipt,) = receipts
    proof = job["proof"]
    assert proof["source"] == "device"
    assert (proof["fd"], proof["fpd"], proof["total"]) == (receipt["fd"], receipt["fpd"], receipt["tags"]["1020"])
    assert imprint(receipt) is not None
