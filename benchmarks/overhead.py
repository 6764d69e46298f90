"""From the CRM's POST to the first byte at the device, against the least that such a way can cost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median, quantiles

import httpx

from benchmarks.rows import Goal, Options, Row, at_most
from benchmarks.tap import Tap
from tests.support.rig import EXAMPLE, PYTHON, Process, Rig

JOBS = 300
REST = 0.05
"""Seconds of quiet before each job, so that neither side meets the other's work."""
FLOOR = "HTTP POST + 2 flushed commits + 1 websocket message"


def measure(options: Options) -> Iterator[Row]:
    """Ours and the floor take turns, a job each; both are processes on loopback with their files in one folder."""
    ours: list[float] = []
    floor: list[float] = []
    with _ours(options) as real, _floor(options) as bare:
        for number in range(options.count(JOBS, 3)):
            ours.append(real(number))
            floor.append(bare(number))
            if number % 50 == 49:
                options.say(
                    f"  {number + 1} jobs: ours {median(ours) * 1e3:.1f} ms, floor {median(floor) * 1e3:.1f} ms"
                )
    yield _row("overhead p50", median(ours), median(floor), at_most(1.5), len(ours))
    yield _row("overhead p99", _p99(ours), _p99(floor), at_most(3), len(ours))


def _row(name: str, ours: float, floor: float, goal: Goal, samples: int) -> Row:
    note = "both are waits for the same disk first of all: a busy disk brings the ratio near that of the commits"
    return Row(name, ours * 1e3, floor * 1e3, "ms", goal, samples, FLOOR, note)


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[98]


@contextmanager
def _ours(options: Options) -> Iterator[Callable[[int], float]]:
    """Server, agent and simulated register as they are; the tap stands between agent and register."""
    folder = options.scratch / "ours"
    folder.mkdir()
    rig = Rig(folder)
    try:
        rig.start_server()
        rig.put("/devices", {"kkm_id": rig.kkm_id})
        rig.start_register()
        host, _, port = rig.address.removeprefix("tcp:").rpartition(":")
        with Tap((host, int(port))) as tap:
            rig.address = f"tcp:127.0.0.1:{tap.port}"
            rig.configure()
            rig.pair()
            rig.start_agent()
            rig.bound()
            rig.submit("warm")
            rig.settled("warm")

            def one(number: int) -> float:
                time.sleep(REST)
                tap.arm()
                begun = time.perf_counter()
                rig.submit(f"j{number}")
                took = tap.first(30.0) - begun
                rig.settled(f"j{number}")
                return took

            yield one
    finally:
        rig.close()


@contextmanager
def _floor(options: Options) -> Iterator[Callable[[int], float]]:
    folder = options.scratch / "floor"
    folder.mkdir()
    server = agent = None
    body = json.loads(EXAMPLE.read_text("utf-8"))
    with Tap() as tap, httpx.Client(timeout=10.0) as crm:
        try:
            module = ("-m", "benchmarks.floor")
            server = Process("server", [PYTHON, *module, "server", str(folder / "server.sqlite3")], folder)
            port = server.ready["port"]
            link = f"ws://127.0.0.1:{port}/agent"
            agent = Process(
                "agent", [PYTHON, *module, "agent", str(folder / "agent.sqlite3"), link, str(tap.port)], folder
            )

            def one(number: int) -> float:
                time.sleep(REST)
                tap.arm()
                begun = time.perf_counter()
                crm.post(f"http://127.0.0.1:{port}/jobs", json=body | {"job_id": f"j{number}"}).raise_for_status()
                return tap.first(30.0) - begun

            yield one
        finally:
            for process in (agent, server):
                if process is not None:
                    process.end()
