"""Fault -> (final state, attempts, documents): real server, agent and register, one receipt, an exclusive desk.

Whatever fails, and wherever a process is killed, the receipt exists exactly once or provably not at all, and nobody has
to be asked. The first table is the register's faults, the second the agent's commit points, the third the server's.
"""

from __future__ import annotations

import httpx
import pytest

from tests.support.rig import Rig, imprint

# --- the register fails ---------------------------------------------------------------------------------------------

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


@pytest.mark.parametrize(("fault", "state", "attempts", "moved"), FAULTS, ids=[row[0] for row in FAULTS])
def test_register_fails(rig: Rig, fault: str, state: str, attempts: int, moved: int) -> None:
    rig.start_server()
    rig.start_register(fault)
    rig.configure()
    rig.put("/devices", {"kkm_id": rig.kkm_id})
    rig.pair()
    rig.start_agent()
    rig.bound()

    rig.submit("order-1")
    job = rig.settled("order-1")

    assert (job["state"], job["attempt"], len(rig.archive()) - 1) == (state, attempts, moved)
    assert "human" not in [step["state"] for step in job["history"]]
    agrees(rig, job)


CUTS = [*range(300, 2900, 400)]


@pytest.mark.parametrize("after", CUTS)
def test_line_is_cut(rig: Rig, after: int) -> None:
    """The connection to the register breaks after byte N of the whole conversation, both directions counted."""
    rig.start_server()
    rig.start_register(f"cut:after={after}")
    rig.configure()
    rig.put("/devices", {"kkm_id": rig.kkm_id})
    rig.pair()
    rig.start_agent()
    rig.bound()
    rig.submit("order-1")
    job = rig.settled("order-1")
    assert (job["state"], len(rig.archive()) - 1) == (DONE, MADE)
    assert job["attempt"] in (1, 2)  # where in a receipt a byte number falls depends on how often a status was asked
    agrees(rig, job)


def agrees(rig: Rig, job: dict[str, object]) -> None:
    """What the server says and what the fiscal drive holds are the same thing."""
    receipts = rig.receipts()
    if job["state"] == NOT_DONE:
        assert receipts == []
        assert job["proof"] is None
        return
    (receipt,) = receipts
    proof = job["proof"]
    assert isinstance(proof, dict)
    assert proof["source"] == "device"
    assert (proof["fd"], proof["fpd"], proof["total"]) == (receipt["fd"], receipt["fpd"], receipt["tags"]["1020"])
    assert imprint(receipt) is not None


# --- the agent is killed --------------------------------------------------------------------------------------------

KILLS = [
    # commit               when      nth  attempts
    ("bind",              "before",   1,  1),
    ("bind",              "after",    1,  1),
    ("offer",             "before",   1,  1),  # S3
    ("offer",             "after",    1,  1),  # S4
    ("operation_intent",  "before",   1,  1),
    ("operation_intent",  "after",    1,  1),  # C16
    ("operation_outcome", "before",   1,  1),
    ("operation_outcome", "after",    1,  1),
    ("intent",            "before",   1,  1),  # C1
    ("intent",            "after",    1,  2),  # C2
    ("closing",           "before",   1,  2),
    ("closing",           "after",    1,  2),  # C6
    ("written:FF45",      "after",    1,  1),  # C8, C9
    ("close_answered",    "after",    1,  1),  # C9
    ("proven",            "before",   1,  1),  # C13
    ("proven",            "after",    1,  1),  # C14
    ("seen",              "before",   1,  1),
    ("seen",              "after",    1,  1),
    ("archived",          "before",   1,  1),
    ("archived",          "after",    1,  1),
]  # fmt: skip


@pytest.mark.parametrize(("at", "when", "nth", "attempts"), KILLS, ids=[f"{r[1]} {r[0]} {r[2]}" for r in KILLS])
def test_agent_is_killed(shop: Rig, at: str, when: str, nth: int, attempts: int) -> None:
    agent = shop.start_agent(dying=("--at", at, "--when", when, "--nth", str(nth)))
    if at != "bind":
        shop.bound()
        shop.submit("order-1")
    assert agent.wait() == -9
    shop.start_agent()
    shop.bound()
    if at == "bind":
        shop.submit("order-1")

    job = shop.settled("order-1")
    assert (job["state"], job["attempt"], len(shop.archive()) - 1) == (DONE, attempts, MADE)
    assert "human" not in [step["state"] for step in job["history"]]
    agrees(shop, job)


DOUBTS = [
    # a lost answer, and the agent is killed while it finds out (C15)
    ("answer-lost:command=FF45,stored=no", "doubt",       "before", 1),
    ("answer-lost:command=FF45,stored=no", "doubt",       "after",  1),
    ("answer-lost:command=FF45",           "proven",      "before", 1),
    ("answer-lost:command=FF46,stored=no", "doubt",       "after",  2),
    ("answer-lost:command=FF46,stored=no", "proven_none", "before", 2),
    ("answer-lost:command=FF46,stored=no", "proven_none", "after",  2),
    ("power:command=FF45,when=after",      "doubt",       "after",  1),
    ("late:command=FF45,seconds=2",        "doubt",       "after",  1),
    ("answer-lost:command=E0,stored=no",   "operation_outcome", "before", 1),
    ("late:command=FF45,seconds=2",        "written:FF45", "after", 1),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "at", "when", "attempts"), DOUBTS, ids=[f"{r[0]} {r[2]} {r[1]}" for r in DOUBTS])
def test_agent_is_killed_in_doubt(rig: Rig, fault: str, at: str, when: str, attempts: int) -> None:
    rig.start_server()
    rig.start_register(fault)
    rig.configure()
    rig.put("/devices", {"kkm_id": rig.kkm_id})
    rig.pair()
    agent = rig.start_agent(dying=("--at", at, "--when", when))
    rig.bound()
    rig.submit("order-1")
    assert agent.wait() == -9
    rig.start_agent()

    job = rig.settled("order-1")
    assert (job["state"], job["attempt"], len(rig.archive()) - 1) == (DONE, attempts, MADE)
    assert "human" not in [step["state"] for step in job["history"]]
    agrees(rig, job)


# --- the server is killed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 13))
def test_server_is_killed(rig: Rig, number: int, when: str) -> None:
    """Before and after each of its commits from the POST to the last acknowledgement; the twelfth is already idle."""
    armed = rig.folder / "armed"
    rig.start_server(dying=("--at", str(number), "--when", when, "--armed", str(armed)))
    rig.start_register()
    rig.configure()
    rig.put("/devices", {"kkm_id": rig.kkm_id})
    rig.pair()
    rig.start_agent()
    rig.bound()
    armed.touch()

    restarted = False

    def ended() -> bool:
        nonlocal restarted
        assert rig.server is not None
        if not rig.server.alive and not restarted:
            restarted = True
            rig.start_server()
        try:
            answer = rig.call("POST", "/jobs", rig.job_body("order-1"), patience=0.0)
        except httpx.TransportError:
            return False
        assert answer.status_code == 202, answer.text
        return bool(answer.json()["state"] == DONE) and restarted

    rig.until(ended, 60, "done")
    job = rig.job("order-1")
    assert (job["state"], job["attempt"], len(rig.archive()) - 1) == (DONE, 1, MADE)
    agrees(rig, job)
