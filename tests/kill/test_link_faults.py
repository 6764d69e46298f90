"""The line between agent and server: cut, swallowed, half-open. Jobs that were on their way are done once, and the feed
tells of each once. The link's own heartbeat is shortened to a second; the long form waits out half a minute of silence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from agent.pairing import pair
from tests.support.proxy import Proxy
from tests.support.rig import FINAL, Rig, imprint, running

Fault = Callable[[Proxy], None]

FAULTS: dict[str, tuple[Fault, int]] = {
    # what happens to the line                 and how often the agent has to dial until it is mended
    "cut": (Proxy.cut, 1),
    "down": (Proxy.down, 3),
    "black-hole": (Proxy.swallow, 2),
    "half-open-without-server": (Proxy.forget_far, 1),
    "half-open-without-agent": (Proxy.forget_near, 1),
}
HALF_A_MINUTE = 35.0


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[Rig, Proxy]]:
    """A shop whose agent reaches the server through the proxy, and the register at once."""
    with running(tmp_path) as rig:
        rig.start_server()
        rig.start_register()
        proxy = Proxy("127.0.0.1", int(rig.url.rsplit(":", 1)[1]))
        try:
            rig.configure()
            rig.put("/devices", {"kkm_id": rig.kkm_id})
            code = rig.post("/pairing-codes", {"auto_confirm": True})["line"].rsplit("/", 1)[1]
            pair(f"http://127.0.0.1:{proxy.port}/pair/{code}", rig.folder / "agent", version="0", say=lambda *_: None)
            rig.start_agent(dying=("--ping", "1.0", "--hurry"))
            rig.bound()
            yield rig, proxy
        finally:
            if rig.agent is not None:
                rig.agent.stop()
            proxy.close()


def ended(rig: Rig, jobs: list[str]) -> None:
    for job_id in jobs:
        assert rig.settled(job_id, 90)["state"] == "done"
    receipts = {receipt["fd"]: imprint(receipt) for receipt in rig.receipts()}
    assert len(set(receipts.values())) == len(receipts) == len(jobs)
    assert {rig.job(job_id)["proof"]["fd"] for job_id in jobs} == set(receipts)


@pytest.mark.gate
def test_jobs_survive_whatever_happens_to_the_line(line: tuple[Rig, Proxy]) -> None:
    """One job is on its way when it happens, one is posted into it, one behind it."""
    rig, proxy = line
    jobs: list[str] = []
    for name, (fault, dials) in FAULTS.items():
        rig.submit(f"{name}-before")
        rig.settled(f"{name}-before", 60, {"accepted", "started", *FINAL})
        before = proxy.connections
        fault(proxy)
        rig.submit(f"{name}-during")
        rig.until(partial(proxy.was_dialled, before + dials), 60, f"the agent dials again: {name}")
        proxy.open()
        rig.submit(f"{name}-behind")
        jobs += [f"{name}-before", f"{name}-during", f"{name}-behind"]
        for job_id in jobs[-3:]:
            assert rig.settled(job_id, 90)["state"] == "done", name
    assert proxy.swallowed > 0
    ended(rig, jobs)


@pytest.mark.long
def test_half_a_minute_of_silence_is_survived(line: tuple[Rig, Proxy]) -> None:
    rig, proxy = line
    rig.submit("before")
    proxy.swallow()
    rig.submit("during")
    time.sleep(HALF_A_MINUTE)  # of real silence: nothing that could be waited for happens meanwhile
    assert rig.job("during")["state"] == "queued"
    proxy.open()
    rig.submit("behind")
    ended(rig, ["before", "during", "behind"])
