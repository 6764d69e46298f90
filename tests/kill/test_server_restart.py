"""The server is killed and comes back while jobs are in every state at once: each goes on from where it was."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.journal.inspect import list_jobs
from drivers.registry import open_register
from drivers.transports.base import SystemClock
from protocol.crm.jobs import FINAL, JobState
from tests.e2e.shop import Shop, Till, at_once
from tests.kill import audit
from tests.protocol.ffd.payloads import item, payload
from tests.soak.audit import kopecks
from tests.support.rig import FAST, Process

Json = dict[str, Any]
SMALL = payload(item("10.00"), card="10.00")
PATIENT = FAST.replace("fill = 3.0", "fill = 60.0").replace("close = 4.0", "close = 60.0")
"""For registers that stay long in the middle of a receipt."""
LONG = 12  # seconds of that
SHORT_LEASE = 5


@dataclass
class Stand:
    """A register, and the PC at which it stands."""

    shop: Shop
    till: Till
    pc: str
    agent: Process | None = None

    def post(self, **more: Any) -> str:
        return self.till.post("receipt", SMALL, order_ref=f"order {self.till.kkm_id}", **more)

    def in_state(self, job_id: str, *states: str) -> str:
        self.shop.rig.settled(job_id, 60, set(states))
        return job_id

    def row(self, job_id: str) -> Json:
        """The job in the agent's journal."""
        rows = list_jobs(self.till.folder / self.pc / "journal.sqlite3")
        return next((row for row in rows if row["job_id"] == job_id), {"state": "absent", "closing": False})

    def fault(self, text: str) -> None:
        self.till.tell("fault " + text.format(**self.shop.rig.family.commands))


# --- how a job comes to a state ---------------------------------------------------------------------------------------


def never_sent(at: Stand) -> str:
    """The PC is off."""
    return at.in_state(at.post(), "queued")


def held_here(at: Stand) -> str:
    return at.in_state(at.post(start_within_s=SHORT_LEASE), "held")


def offered(at: Stand) -> str:
    """The offer has left for a PC that does not answer."""
    job_id = at.post()
    at.shop.rig.until(lambda: is_sent(at, job_id), 30, f"{job_id} is sent")
    return job_id


def cancel_asked(at: Stand) -> str:
    job_id = offered(at)
    at.shop.rig.post(f"/jobs/{job_id}/cancel", {})
    assert at.shop.rig.job(job_id)["state"] == "queued"
    return job_id


def accepted(at: Stand) -> str:
    """The register is off."""
    at.till.tell("power-off")
    return at.in_state(at.post(), "accepted")


def held_there(at: Stand) -> str:
    at.till.tell("power-off")
    return at.in_state(at.post(start_within_s=SHORT_LEASE), "held")


def started(at: Stand) -> str:
    at.fault(f"slow:command={{fill}},seconds={LONG}")
    return at.in_state(at.post(), "started")


def closing(at: Stand) -> str:
    at.fault(f"slow:command={{close}},seconds={LONG}")
    job_id = at.post()
    at.shop.rig.until(lambda: at.row(job_id)["closing"], 60, f"{job_id} is closing")
    return at.in_state(job_id, "started")


def resolving(at: Stand) -> str:
    """The register has closed it and is off."""
    at.fault(f"power:command={{close}},when=after,off={LONG}")
    return at.in_state(at.post(), "resolving")


def human(at: Stand) -> str:
    """Another hand has moved cash while the agent was dead."""
    at.till.do("open_shift")
    armed = at.till.folder / f"{at.pc}.armed"
    armed.write_text(f"written:{at.shop.rig.family.commands['cash_in']} after")
    job_id = at.till.post("cash_in", {"amount": "500.00"})
    assert at.agent is not None
    assert at.agent.wait() == -signal.SIGKILL
    other = open_register(at.shop.rig.family.driver, at.till.address, clock=SystemClock())
    other.connect()
    other.cash_in(3000, None)
    other.disconnect()
    at.agent = at.shop.rig.start_agent(at.pc, dying=("--look", "0.5", "--hurry"))
    return at.in_state(job_id, "human")


def cancelled(at: Stand) -> str:
    at.till.tell("power-off")
    job_id = at.in_state(at.post(), "accepted")
    at.shop.rig.post(f"/jobs/{job_id}/cancel", {})
    at.in_state(job_id, "cancelled")
    at.till.tell("power-on")
    return job_id


def done(at: Stand) -> str:
    return at.in_state(at.post(), "done")


def not_done(at: Stand) -> str:
    at.fault("refuse:command={fill},error=73,times=always")
    job_id = at.in_state(at.post(), "not_done")
    at.till.tell("no-faults")
    return job_id


def rejected(at: Stand) -> str:
    """The PC's configuration has lost the register, and the server has not heard of it."""
    assert at.agent is not None
    at.agent.stop()
    at.shop.stand_at(at.pc, at.shop.tills[0])
    at.agent = at.shop.rig.start_agent(at.pc, dying=("--hurry",))
    return at.in_state(at.post(), "rejected")


# --- how it goes on ---------------------------------------------------------------------------------------------------


def nothing(_: Stand, __: str) -> None:
    """It goes on by itself, or stays as it is."""


def power_on(at: Stand, _: str) -> None:
    at.till.tell("power-on")


def renew(at: Stand, job_id: str) -> None:
    at.till.tell("power-on")
    at.shop.rig.post(f"/jobs/{job_id}/renew", {"start_within_s": 600})


def decide(at: Stand, job_id: str) -> None:
    body = {"decision": "done", "person": "Петров", "reason": "пересчитали", "rev": at.shop.rig.job(job_id)["rev"]}
    at.shop.rig.post(f"/jobs/{job_id}/resolve", body)


@dataclass(frozen=True)
class Row:
    pc: str
    comes: Callable[[Stand], str]
    state: JobState
    goes_on: Callable[[Stand, str], None]
    ends: JobState


S = JobState
ROWS: dict[str, Row] = {
    # name            PC        how it comes there          then the server dies; goes on by      ends
    "never sent":   Row("off",    never_sent,   S.QUEUED,    nothing,   S.DONE),
    "held here":    Row("off",    held_here,    S.HELD,      renew,     S.DONE),
    "offered":      Row("frozen", offered,      S.QUEUED,    nothing,   S.DONE),
    "cancel asked": Row("frozen", cancel_asked, S.QUEUED,    nothing,   S.CANCELLED),
    "accepted":     Row("on",     accepted,     S.ACCEPTED,  power_on,  S.DONE),
    "held there":   Row("on",     held_there,   S.HELD,      renew,     S.DONE),
    "resolving":    Row("on",     resolving,    S.RESOLVING, nothing,   S.DONE),
    "started":      Row("slow",   started,      S.STARTED,   nothing,   S.DONE),
    "closing":      Row("slow",   closing,      S.STARTED,   nothing,   S.DONE),
    "human":        Row("person", human,        S.HUMAN,     decide,    S.DONE),
    "done":         Row("on",     done,         S.DONE,      nothing,   S.DONE),
    "not done":     Row("on",     not_done,     S.NOT_DONE,  nothing,   S.NOT_DONE),
    "cancelled":    Row("on",     cancelled,    S.CANCELLED, nothing,   S.CANCELLED),
    "rejected":     Row("bare",   rejected,     S.REJECTED,  nothing,   S.REJECTED),
}  # fmt: skip
UNACKNOWLEDGED = "on"
"""The PC of one job more: it ends while the server stands still, so that nobody has acknowledged its end."""
PATIENT_PC = "slow"
DARK = ("off", "frozen")


def test_every_state_is_here() -> None:
    assert {row.state for row in ROWS.values()} == set(JobState)


@contextmanager
def still(process: Process | None) -> Iterator[None]:
    """The process is stopped (SIGSTOP), and goes on afterwards if it lives."""
    assert process is not None
    process.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        if process.alive:
            process.signal(signal.SIGCONT)


@pytest.mark.gate
@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_the_server_comes_back(tills: Shop, how: signal.Signals) -> None:
    shop = tills
    stands = {name: Stand(shop, shop.till(str(700 + at)), row.pc) for at, (name, row) in enumerate(ROWS.items())}
    unacknowledged = Stand(shop, shop.till("790"), UNACKNOWLEDGED)
    agents: dict[str, Process] = {}
    for pc in dict.fromkeys(row.pc for row in ROWS.values()):
        there = [stand.till for stand in (*stands.values(), unacknowledged) if stand.pc == pc]
        shop.pc(*there, name=pc, profile=PATIENT if pc == PATIENT_PC else FAST)
        flags = ("--armed", str(shop.rig.folder / f"{pc}.armed"), "--look", "0.5", "--hurry")
        agents[pc] = shop.rig.start_agent(pc, dying=flags)
    shop.bound(*shop.tills)
    for stand in stands.values():
        stand.agent = agents[stand.pc]
    agents["off"].kill()

    with still(agents["frozen"]):
        calm = [name for name in ROWS if ROWS[name].pc != PATIENT_PC and name != "resolving"]
        brief = [name for name in ROWS if name not in calm]  # they last for seconds only, so they come last
        jobs = at_once(calm, lambda name: ROWS[name].comes(stands[name]))
        unacknowledged.till.tell("power-off")
        last = unacknowledged.in_state(unacknowledged.post(), "accepted")
        jobs |= at_once(brief, lambda name: ROWS[name].comes(stands[name]))
        assert {name: shop.rig.job(job_id)["state"] for name, job_id in jobs.items()} == {
            name: row.state for name, row in ROWS.items()
        }
        assert shop.rig.server is not None
        if how is signal.SIGKILL:
            with still(shop.rig.server):
                unacknowledged.till.tell("power-on")
                shop.rig.until(lambda: unacknowledged.row(last)["state"] == "done", 60, "done without the server")
                shop.rig.server.signal(how)
                shop.rig.server.wait()
        else:
            unacknowledged.till.tell("power-on")
            assert shop.rig.server.stop() == 0
    shop.rig.start_server()
    agents["off"] = shop.rig.start_agent("off", dying=("--look", "0.5", "--hurry"))
    for name, job_id in jobs.items():
        ROWS[name].goes_on(stands[name], job_id)

    ends = {name: shop.rig.settled(job_id, 90) for name, job_id in jobs.items()}
    assert {name: job["state"] for name, job in ends.items()} == {name: row.ends for name, row in ROWS.items()}
    assert shop.rig.settled(last, 90)["state"] == "done"
    for name, job in ends.items():
        has_its_documents(shop, stands[name], job)
    has_its_documents(shop, unacknowledged, shop.rig.job(last))
    heard = {job_id: [s for s in told(shop, job_id) if s in FINAL] for job_id in (*jobs.values(), last)}
    assert {job_id: set(states) for job_id, states in heard.items()} == {
        job_id: {shop.rig.job(job_id)["state"]} for job_id in heard
    }


def has_its_documents(shop: Shop, at: Stand, job: Json) -> None:
    if job["kind"] == "receipt" and job["kkm_id"] == at.till.kkm_id:
        made = [document for document in at.till.documents() if document["type"] == "receipt"]
        assert len(made) == (job["state"] == "done"), job
        assert [kopecks(document["tags"]["1020"]) for document in made] == [1000] * len(made)


def is_sent(at: Stand, job_id: str) -> bool:
    return bool(sent_jobs(at.till.folder).get(job_id))


def sent_jobs(folder: Path) -> dict[str, bool]:
    """By the server's own rows: which offers have left."""
    return {
        job_id: bool(sent) for job_id, sent in audit.rows(folder / "server.sqlite3", "SELECT job_id, sent FROM jobs")
    }


def told(shop: Shop, job_id: str) -> list[str]:
    with shop.feed.news:
        events = [e for e in shop.feed.heard if e["type"].startswith("job.") and e["data"]["job_id"] == job_id]
    return [event["type"].removeprefix("job.") for event in events]
