"""Memory and start of an idle agent: paired, linked to a server that runs, a register at rest beside it.

The floor is a bare Python that imports the parts an agent is made of (docs/performance.md lists them) and nothing of
ours. Both are started in turn, as processes, and neither compiles what it imports: an installed program has that behind
it. Linux only, because /proc tells the memory.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.rows import Options, Row, at_most
from tests.support.rig import ROOT, Rig

PARTS = """
import asyncio, sqlite3, sys
import platformdirs, serial, structlog, websockets.asyncio.client
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image, ImageDraw, ImageFont
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter
sys.stderr.write("ready\\n")
sys.stderr.flush()
sys.stdin.read()
"""
STARTS = 9
REST = 2.0
"""Seconds after the register is known to the server in which the agent settles."""


def measure(options: Options) -> Iterator[Row]:
    ours: list[tuple[float, float, float]] = []
    floor: list[tuple[float, float, float]] = []
    rig = Rig(options.scratch)
    try:
        rig.start_server()
        rig.start_register()
        config = rig.configure()
        config.write_text(config.read_text("utf-8").replace('log_level = "debug"\n', ""))
        rig.pair()
        rig.put("/devices", {"kkm_id": rig.kkm_id, "name": "Касса 1"})
        agent = [sys.executable, "-m", "agent.cli", "agent", "run", "--no-tray", "--config", str(config)]
        bare = [sys.executable, "-c", PARTS]
        compiled = {**os.environ, "PYTHONPYCACHEPREFIX": str(options.scratch / "compiled")}
        compiled.pop("PYTHONDONTWRITEBYTECODE", None)
        with started(bare, "ready", compiled), started(agent, "agent_started", compiled):
            rig.bound()  # the first ones of a PC make its files
        for _ in range(options.count(STARTS, 1)):
            with started(bare, "ready", compiled) as (seconds, pid):
                computed = processor(pid)
                time.sleep(REST / 4)
                floor.append((seconds, rss(pid), computed))
            with started(agent, "agent_started", compiled) as (seconds, pid):
                computed = processor(pid)
                rig.until(lambda: at_rest(rig), 60, "device online")
                time.sleep(REST)
                ours.append((seconds, rss(pid), computed))
            options.say(f"  start {ours[-1][0]:.2f} s, bare {floor[-1][0]:.2f} s; {ours[-1][1]:.1f} MiB, "
                        f"bare {floor[-1][1]:.1f} MiB")  # fmt: skip
    finally:
        rig.close()
    theirs = "a bare Python that imports an agent's parts"
    yield Row("agent_start", _median(ours, 0), _median(floor, 0), "s", at_most(1.3), len(ours), theirs)
    yield Row("agent_start_computed", _median(ours, 2), _median(floor, 2), "s", None, len(ours), theirs)
    yield Row("agent_memory", _median(ours, 1), _median(floor, 1), "MiB", at_most(1.3), len(ours), theirs)


def at_rest(rig: Rig) -> bool:
    """The server has heard of the register from the agent that runs now."""
    return bool(rig.device()["online"])


def _median(pairs: list[tuple[float, float, float]], column: int) -> float:
    return median(pair[column] for pair in pairs)


@contextmanager
def started(command: list[str], ready: str, env: Mapping[str, str]) -> Iterator[tuple[float, int]]:
    """Seconds until the word stands on stderr, and the process."""
    begun = time.perf_counter()
    child = subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert child.stderr is not None
    assert child.stdin is not None
    try:
        said = b""
        while ready.encode() not in said:
            line = child.stderr.readline()
            if not line:
                raise RuntimeError(f"{command} has ended: {said[-2000:]!r}")
            said += line
        yield time.perf_counter() - begun, child.pid
    finally:
        child.stdin.close()
        child.terminate()
        child.stderr.read()
        child.wait()
        child.stderr.close()


def processor(pid: int) -> float:
    """Seconds that the process has computed so far: what other work on the machine hardly changes."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text("ascii").split()[0]) for task in tasks) / 1e9


def rss(pid: int) -> float:
    """MiB of memory that the process holds."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    kib = next(int(row.split()[1]) for row in rows if row.startswith("Rss:"))
    return kib / 1024
