"""Kind × kill: the agent dies at the same commit of a job of every kind, one after another; its successor finds out."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol.crm.jobs import JobKind
from protocol.crm.payloads import PLAIN_KINDS, PROVEN_KINDS, READING_KINDS
from tests.e2e.shop import Shop, Till, at_once
from tests.e2e.test_kinds_in_doubt import (
    AGAIN,
    CODES,
    LOST,
    ONCE,
    PAYLOAD,
    QUICK,
    STRUCK,
    Outcome,
    agrees,
    effect,
    prepared,
    told,
    wanted,
)  # fmt: skip

Kill = tuple[str, str | None, Outcome, Outcome | None, Outcome | None]

SHORT: tuple[Kill, ...] = (
    # commit               fault                                 opening  other proven  plain
    ("intent after",       None,                                 AGAIN,   AGAIN,        LOST),
    ("written:{} after",   None,                                 ONCE,    ONCE,         STRUCK),
)  # fmt: skip
LONG: tuple[Kill, ...] = (
    ("intent before",      None,                                 ONCE,    ONCE,         ONCE),
    ("doubt after",        "answer-lost:command={},stored=no",   ONCE,    ONCE,         None),
    ("proven before",      None,                                 ONCE,    ONCE,         STRUCK),
    ("proven after",       None,                                 ONCE,    ONCE,         ONCE),
    ("proven_none before", "refuse:command={},error=6B",         AGAIN,   AGAIN,        LOST),
)  # fmt: skip


@pytest.mark.gate
@pytest.mark.parametrize("kills", [SHORT, pytest.param(LONG, marks=pytest.mark.long)], ids=["short", "long"])
def test_kind_and_kill(tills: Shop, kills: tuple[Kill, ...]) -> None:
    made = {kill: tills.till(str(200 + at)) for at, kill in enumerate(kills)}
    for till in made.values():
        tills.pc(till, name=f"pc-{till.kkm_id}", profile=QUICK)
    came = at_once(kills, lambda kill: killed_day(made[kill], tills, kill))
    for kill, outcomes in came.items():
        commit, _, opening, proven, plain = kill
        row = (commit, opening, proven or opening, plain or opening)
        assert outcomes == {kind: wanted(kind, row) for kind in outcomes}, commit
        assert len(outcomes) >= len(PROVEN_KINDS), commit


def killed_day(till: Till, shop: Shop, kill: Kill) -> dict[JobKind, Outcome]:
    commit, fault, _, _, plain = kill
    armed = Path(till.folder / f"armed-{till.kkm_id}")
    pc, dying = f"pc-{till.kkm_id}", ("--armed", str(armed))
    agent = shop.start(till, name=pc, dying=dying)
    came: dict[JobKind, Outcome] = {}
    for kind, code in CODES.items():
        if kind in PLAIN_KINDS and plain is None:
            continue
        if kind in READING_KINDS and not commit.startswith("proven "):
            continue
        where = commit.replace("proven ", "answered ") if kind in READING_KINDS else commit.format(code)
        prepared(till, kind)
        before = effect(till, kind)
        if fault is not None:
            till.tell(f"fault {fault.format(code)}")
        armed.write_text(where)
        job_id = till.post(kind.value, PAYLOAD.get(kind))
        assert agent.wait() == -9, where
        agent = shop.rig.start_agent(pc, dying=dying)
        job = shop.ended(job_id)
        assert "human" not in [step["state"] for step in job["history"]], job
        agrees(till, kind, job)
        came[kind] = (told(job), effect(till, kind) - before)
    return came
