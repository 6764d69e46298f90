"""The agent is killed at one commit after another of a sale, and at random moments; with the server and without it.

Register, terminal and bank go on as they are. When all is over, the bank's book, the fiscal archive and the job's
answer say the same. Whom the agent asks, the test answers as a person would: by the bank's book.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.e2e.shop import Shop, at_once, open_shop
from tests.e2e.terminals import SBER, ZVT, Terminal, TerminalFamily, terminal
from tests.protocol.ffd.payloads import item, payload
from tests.support.rig import FINAL, PYTHON, ROOT, Process

Json = dict[str, Any]

QUICK_INPAS = (
    "[time]\nquery = 2.0\nmoney = 4.0\nsettlement = 6.0\nmargin = 1.0\n[sbp]\nlife = 3.0\npause = 0.5\nrequest = 1.0\n"
)
INPAS = TerminalFamily("inpas", "inpas", "", {}, lambda _: None, profile=QUICK_INPAS)
FAMILIES = {family.driver: family for family in (ZVT, SBER, INPAS)}
MOST = 60
"""Commits of a sale after which it is taken to have no end."""
LONGEST = 150.0
"""Seconds to a sale's end after a death: what was lost, two looks 20 seconds apart, a person."""


@dataclass
class Till:
    """A desk of its own: register, terminal, PC."""

    shop: Shop
    family: TerminalFamily
    pace: float
    sold: int = 0
    ends: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        shop, name = self.shop, self.family.driver
        self.name = f"pc-{name}"
        self.register = shop.till(str(17 + list(FAMILIES).index(name)))
        self.terminal = self._terminal(f"t-{name}")
        shop.desk(self.register, terminal_kkm_id=self.terminal.kkm_id)
        shop.pc(self.register, self.terminal, name=self.name)
        self.armed = shop.rig.folder / f"armed-{name}"
        self.agent = self.starts()
        shop.bound(self.register, self.terminal)
        assert self.sells("10.00", ends=True)["state"] == "done"  # a fresh terminal has nothing to compare with

    def _terminal(self, kkm_id: str) -> Terminal:
        by_net = self.family is not SBER
        seed = str(7 + list(FAMILIES).index(self.family.driver))  # each a terminal of its own
        made = terminal(
            self.shop, kkm_id, "--seed", seed, family=self.family, pace=self.pace,
            listen="tcp:127.0.0.1:0" if by_net else "",
        )  # fmt: skip
        if self.family is INPAS:
            made.address = f"{made.address.replace('tcp:', 'http://')}?terminal={dumped(made)['terminal']['id']}"
        return made

    def starts(self) -> Process:
        return self.shop.rig.start_agent(self.name, dying=("--armed", str(self.armed), "--hurry"))

    # --- one sale

    def amounts(self, cards: int) -> list[str]:
        """Sums that no other sale here has."""
        self.sold += 1
        return [f"{1000 * number + self.sold}.00" for number in range(1, cards + 1)]

    def sells(self, *amounts: str, ends: bool = False) -> Json:
        total = f"{sum(map(float, amounts)):.2f}"
        cards = [{"type": "card", "amount": amount} for amount in amounts]
        job_id = self.register.post("sale", payload(item(total), payments=cards))
        return self.shop.ended(job_id, LONGEST) if ends else self.job(job_id)

    def job(self, job_id: str) -> Json:
        return self.shop.rig.job(job_id)

    def revived(self) -> None:
        """Whatever lived is dead, and a new process is there."""
        self.armed.unlink(missing_ok=True)
        if self.agent.alive:
            self.agent.hit()
        self.agent.wait()
        self.agent.end()
        self.agent = self.starts()

    def settled(self, job_id: str) -> Json:
        """The sale at its end, a person being there."""
        deadline = time.monotonic() + LONGEST
        while (job := self.job(job_id))["state"] not in FINAL:
            assert time.monotonic() < deadline, f"no end: {job}\n{self.shop.rig.logs()}"
            decision = self.decides(job)
            if decision is None:
                time.sleep(0.2)
                continue
            said = {"decision": decision, "person": "Иванова", "reason": "по отчёту банка", "rev": job["rev"]}
            answer = self.shop.rig.call("POST", f"/jobs/{job_id}/resolve", said)
            assert answer.status_code in (200, 202, 409), answer.text  # 409: it has gone on meanwhile
            self.ends[decision] += answer.status_code != 409
            time.sleep(0.5)
        return job

    def decides(self, job: Json) -> str | None:
        if job["waits"]:
            return "go_on" if "go_on" in job["waits"]["choices"] else None
        if job["state"] != "human":
            return None
        (doubted,) = [step for step in job["steps"] if step["state"] == "human"]
        assert doubted["step"] == "payment", job  # a receipt's own archive tells
        return "done" if doubted["amount"] in self.terminal.standing() else "not_done"

    # --- what is there

    def agrees(self, job: Json, amounts: list[str]) -> None:
        """``--dump`` of the bank and of the fiscal drive, beside what the CRM was told."""
        standing = Counter(self.terminal.standing())
        charged = [standing[amount] for amount in amounts]
        total = f"{sum(map(float, amounts)):.2f}"
        receipts = sum(each["tags"].get("1020") == total for each in dumped(self.register)["documents"])
        self.ends[job["state"]] += 1
        told = (job["state"], job["owed"], charged, receipts, [f"{s['step']} {s['state']}" for s in job["steps"]])
        if job["state"] == "done":
            assert charged == [1] * len(amounts), told
            assert receipts == 1, told
        else:
            assert (job["state"], job["owed"], set(charged), receipts) == ("not_done", False, {0}, 0), told


def dumped(device: Any) -> Json:
    state = device.folder / f"{device.kkm_id}.json"
    done = subprocess.run([PYTHON, *device.family.dump(state)], capture_output=True, check=True, cwd=ROOT)
    told: Json = json.loads(done.stdout)
    return told


@contextmanager
def shop_of(folder: Path, *families: str, pace: float = 0.05) -> Iterator[list[Till]]:
    with open_shop(folder) as shop:
        yield [Till(shop, FAMILIES[name], pace) for name in families]


# --- the agent alone


def dies_at(till: Till, moment: int, when: str, cards: int = 1) -> bool:
    """A sale whose agent dies at its so-manieth commit; false when the sale has ended before."""
    amounts = till.amounts(cards)
    till.armed.write_text(f"commit {when} {moment}", "utf-8")
    job_id = till.sells(*amounts)["job_id"]
    till.shop.rig.until(lambda: not till.agent.alive or till.job(job_id)["state"] in FINAL, 90, "a death, or an end")
    died = not till.agent.alive
    if died:
        till.revived()
    till.armed.unlink(missing_ok=True)
    till.agrees(till.settled(job_id), amounts)
    return died


def every_moment(till: Till, when: str, cards: int = 1) -> int:
    for moment in range(1, MOST):
        if not dies_at(till, moment, when, cards):
            return moment - 1
    raise AssertionError("a sale without end")


def at_random(till: Till, random: Random, times: int) -> None:
    for _ in range(times):
        amounts = till.amounts(1)
        job_id = till.sells(*amounts)["job_id"]
        time.sleep(random.uniform(0.0, 1.5))  # the kill is what is random, nothing is waited for
        till.revived()
        till.agrees(till.settled(job_id), amounts)


@pytest.mark.gate
@pytest.mark.parametrize("moment", [3, 6])
def test_the_agent_dies_in_the_middle_of_a_sale(moment: int, tmp_path: Path) -> None:
    with shop_of(tmp_path, "zvt") as (till,):
        assert dies_at(till, moment, "after")


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("when", ["after", "before"])
def test_the_agent_dies_at_every_commit_of_a_sale(when: str, tmp_path: Path) -> None:
    with shop_of(tmp_path, *FAMILIES) as tills:
        counted = at_once([0, 1, 2], lambda number: every_moment(tills[number], when))
        print({till.name: (counted[number], dict(till.ends)) for number, till in enumerate(tills)})
        assert all(count > 5 for count in counted.values())


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("when", ["after", "before"])
def test_the_agent_dies_at_every_commit_of_a_sale_by_two_cards(when: str, tmp_path: Path) -> None:
    with shop_of(tmp_path, "zvt") as (till,):
        count = every_moment(till, when, cards=2)
        print(count, dict(till.ends))
        assert count > 10


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_agent_dies_at_random_moments(tmp_path: Path) -> None:
    with shop_of(tmp_path, *FAMILIES, pace=0.2) as tills:
        at_once([0, 1, 2], lambda number: at_random(tills[number], Random(number), 17))
        print({till.name: dict(till.ends) for till in tills})
        assert sum(till.sold for till in tills) >= 50


# --- and no server


def alone(till: Till, moment: int, when: str = "after") -> None:
    """The server is gone from INTENT on, the agent dies once; what has begun is finished, and told later."""
    amounts = till.amounts(1)
    job_id = till.sells(*amounts)["job_id"]
    till.shop.rig.until(lambda: till.job(job_id)["state"] != "queued" and till.job(job_id)["state"] != "accepted", 60,
                        "it has begun")  # fmt: skip
    assert till.shop.rig.server is not None
    till.shop.rig.server.kill()
    till.armed.write_text(f"commit {when} {moment}", "utf-8")
    deadline = time.monotonic() + 15.0
    while till.agent.alive and time.monotonic() < deadline:
        time.sleep(0.1)
    till.ends["died" if not till.agent.alive else "lived"] += 1
    till.revived()
    deadline = time.monotonic() + 10.0
    while (
        till.sold
        and time.monotonic() < deadline
        and f"{float(amounts[0]):.2f}" not in [each["tags"].get("1020") for each in dumped(till.register)["documents"]]
    ):
        time.sleep(0.5)
    till.shop.rig.start_server()
    till.agrees(till.settled(job_id), amounts)


@pytest.mark.gate
@pytest.mark.parametrize("family", ["zvt"])
def test_the_agent_dies_while_the_server_is_away(family: str, tmp_path: Path) -> None:
    with shop_of(tmp_path, family, pace=0.5) as (till,):
        alone(till, 2)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("when", ["after", "before"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_agent_dies_at_every_commit_while_the_server_is_away(family: str, when: str, tmp_path: Path) -> None:
    with shop_of(tmp_path, family, pace=0.5) as (till,):
        for moment in range(1, 11):
            alone(till, moment, when)
        print(family, dict(till.ends))
        assert till.ends["died"] > 3
