"""Many agents on one server: what an idle connection holds, and how many jobs go through in a second.

``python -m benchmarks.fleet N [PROCESSES]`` connects N agents, tells what that takes, cuts them all off and tells how
long they need to come back.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from benchmarks.fleet_agents import agent_id, key_of, register
from benchmarks.fleet_floor import commit_jobs
from benchmarks.rows import Options, Row, at_least, at_most
from server.app import open_services
from server.services.access import Scope, add_key, add_tenant
from server.settings import Settings
from server.store.models import Agent, Device, Tenant
from server.world import World
from tests.support.rig import EXAMPLE, PYTHON, ROOT

IDLE = 2000
WORKERS = 40
JOBS = 1000
KEYS = 8
"""API keys, because one may call fifty times a second only."""
POSTED = 350
"""Jobs a second at most, within what the keys may call."""
POSTING = 16
REST = 30.0
SEED = 200
"""Rows of agents that go into one transaction."""


def measure(options: Options) -> Iterator[Row]:
    _many_files()
    yield _memory(options)
    yield _throughput(options)


# --- a server with its agents -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seeded:
    database: Path
    keys: Sequence[str]


async def _seed(path: Path, agents: int) -> Seeded:
    """A database with paired agents, each with a bound register, and several API keys of their tenant."""
    world = World()
    services = await open_services(Settings(database=str(path)), world)
    async with services.database.write() as work:
        made = await add_tenant(work, world, "fleet")
        tenant = await work.session.get_one(Tenant, made.tenant_id)
        keys = [add_key(work, world, tenant, (Scope.JOBS,)) for _ in range(KEYS)]
    for first in range(0, agents, SEED):
        async with services.database.write() as work:
            for number in range(first, min(first + SEED, agents)):
                work.session.add(_agent(number, made.tenant_id, work.now))
            await work.session.flush()
            for number in range(first, min(first + SEED, agents)):
                work.session.add(_device(number, made.tenant_id))
    await services.database.close()
    return Seeded(path, keys)


def _agent(number: int, tenant_id: str, now: datetime) -> Agent:
    return Agent(
        id=agent_id(number),
        tenant_id=tenant_id,
        state="active",
        public_key=key_of(number).public,
        install_id="fleet",
        pc_name=f"PC {number}",
        version="1",
        created_at=now,
    )


def _device(number: int, tenant_id: str) -> Device:
    claimed = register(number)
    return Device(
        tenant_id=tenant_id,
        kkm_id=claimed.kkm_id,
        agent_id=agent_id(number),
        bound_serial=claimed.register_serial,
        binding_epoch=1,
        bound_epoch=1,
        releasing=False,
        fn_serial=claimed.fn_serial,
        last_fd=claimed.last_fd,
    )


class Serving:
    """A server's process and those who are connected to it."""

    def __init__(self, folder: Path, command: Sequence[str], path: str) -> None:
        with (folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen([PYTHON, *command], stdout=subprocess.PIPE, stderr=log, cwd=ROOT)
        assert self._process.stdout is not None
        self.url: str = json.loads(self._process.stdout.readline())["listening"]
        self._link = self.url.replace("http", "ws", 1) + path
        self._clients: list[subprocess.Popen[str]] = []

    @property
    def rss(self) -> int:
        """Bytes of the process in memory."""
        text = Path(f"/proc/{self._process.pid}/statm").read_text()
        return int(text.split()[1]) * resource.getpagesize()

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def connect(self, first: int, last: int, *, bare: bool = False, processes: int = 1) -> float:
        """Agents of these numbers, greeted; seconds that it took."""
        begun = time.perf_counter()
        each = -(-(last - first) // processes)
        started = [
            subprocess.Popen(
                [PYTHON, "-m", "benchmarks.fleet_agents", self._link, str(low), str(min(low + each, last))]
                + (["--bare"] if bare else []),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                text=True,
            )
            for low in range(first, last, each)
        ]
        self._clients += started
        for client in started:
            assert client.stdout is not None
            if not client.stdout.readline():
                raise RuntimeError("the agents were not greeted")
        return time.perf_counter() - begun

    def hang_up(self) -> int:
        """Everybody goes; how many had lost their connection before."""
        lost = 0
        for client in self._clients:
            said, _ = client.communicate("")
            lost += json.loads(said)["ended_early"]
        self._clients = []
        return lost

    def close(self) -> None:
        for client in self._clients:
            client.kill()
            client.communicate()
        self._process.terminate()
        self._process.communicate()


@contextmanager
def _server(folder: Path, agents: int) -> Iterator[tuple[Serving, Seeded]]:
    folder.mkdir()
    seeded = asyncio.run(_seed(folder / "server.sqlite3", agents))
    own = ("-m", "server.cli", "run", "--port", "0", "--database", str(seeded.database))
    serving = Serving(folder, (*own, "--connections-per-minute", "1000"), "/api/v1/agent")
    try:
        yield serving, seeded
    finally:
        serving.close()


@contextmanager
def _bare(folder: Path) -> Iterator[Serving]:
    folder.mkdir()
    serving = Serving(folder, ("-m", "benchmarks.fleet_floor"), "/agent")
    try:
        yield serving
    finally:
        serving.close()


# --- rows -------------------------------------------------------------------------------------------------------------


def _memory(options: Options) -> Row:
    """Of the second half of the agents, so that what a server needs only once is not counted."""
    half = options.count(IDLE, 20) // 2
    with _bare(options.scratch / "bare") as bare:
        theirs = _growth(bare, half, bare=True)
    with _server(options.scratch / "idle", 2 * half) as (ours, _):
        our = _growth(ours, half, bare=False)
        options.say(f"  {2 * half} agents: {our / 1024:.1f} KiB each, bare {theirs / 1024:.1f} KiB each")
    return Row(
        "fleet memory",
        our / 1024,
        theirs / 1024,
        "KiB per idle agent",
        at_most(2),
        half,
        "a connection of a bare websocket server (uvicorn, websockets)",
    )


def _growth(serving: Serving, half: int, *, bare: bool) -> float:
    serving.connect(0, half, bare=bare)
    before = serving.rss
    serving.connect(half, 2 * half, bare=bare)
    grown = (serving.rss - before) / half
    serving.hang_up()
    return grown


def _throughput(options: Options) -> Row:
    jobs = options.count(JOBS, 30)
    workers = options.count(WORKERS, 5)
    with _server(options.scratch / "busy", workers) as (serving, seeded):
        serving.connect(0, workers)
        asyncio.run(_through(serving, seeded, jobs // 5, workers, "warm"))
        cpu = serving.cpu
        ours = jobs / asyncio.run(_through(serving, seeded, jobs, workers, "job"))
        cpu = (serving.cpu - cpu) / jobs
        serving.hang_up()
    floor = jobs / commit_jobs(options.scratch / "busy" / "server.sqlite3", jobs)
    options.say(f"  {ours:.0f} jobs/s, bare commits {floor:.0f} jobs/s; {cpu * 1e3:.1f} ms of processor per job")
    return Row(
        "fleet jobs",
        ours,
        floor,
        "jobs/s",
        at_least(0.5),
        jobs,
        "the same rows committed in the same four steps by a plain loop",
        f"{workers} agents; {cpu * 1e3:.1f} ms of the server's processor time per job",
    )


async def _through(serving: Serving, seeded: Seeded, jobs: int, workers: int, name: str) -> float:
    """Seconds until that many jobs, posted over HTTP, are done."""
    body = json.loads(EXAMPLE.read_text("utf-8"))
    numbers = iter(range(jobs))

    async def post(key: str) -> None:
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60.0) as crm:
            for number in numbers:
                job_id = f"{name}-{number}"
                job = body | {"job_id": job_id, "order_ref": job_id, "kkm_id": f"k{number % workers}"}
                await asyncio.sleep(max(0.0, begun + number / POSTED - time.perf_counter()))
                (await crm.post(f"{serving.url}/api/v1/jobs", json=job)).raise_for_status()

    begun = time.perf_counter()
    await asyncio.gather(*(post(seeded.keys[at % KEYS]) for at in range(POSTING)))
    with closing(sqlite3.connect(f"file:{seeded.database}?mode=ro", uri=True)) as db:
        while True:
            (done,) = db.execute(
                "SELECT count(*) FROM jobs WHERE state = 'done' AND job_id LIKE ?", (f"{name}-%",)
            ).fetchone()
            if done == jobs:
                return time.perf_counter() - begun
            await asyncio.sleep(0.02)


# --- by hand ----------------------------------------------------------------------------------------------------------


def _many_files() -> None:
    """As many connections as the system allows to this process and its children."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main(agents: int, processes: int) -> None:
    _many_files()
    with (
        tempfile.TemporaryDirectory(prefix="kassabridge-fleet-") as scratch,
        _server(Path(scratch) / "fleet", agents) as (serving, _),
    ):
        empty = serving.rss
        took = serving.connect(0, agents, processes=processes)
        _say(f"{agents} greeted in {took:.1f} s with {serving.cpu:.1f} s of processor")
        _say(f"{(serving.rss - empty) / 2**20:.0f} MiB, {(serving.rss - empty) / agents / 1024:.1f} KiB each")
        cpu = serving.cpu
        time.sleep(REST)
        _say(f"at rest: {(serving.cpu - cpu) / REST:.2f} processors, {serving.rss / 2**20:.0f} MiB in all")
        _say(f"{serving.hang_up()} had lost their connection")
        _say(f"all back within {serving.connect(0, agents, processes=processes):.1f} s")


def _say(text: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2)
