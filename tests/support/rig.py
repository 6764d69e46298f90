"""Real server, agent and simulated register as processes on loopback, for one test.

``Rig`` starts and kills them, speaks REST as a CRM would, and reads what the register's archive holds. Waiting is for a
state, with a limit; nothing sleeps for a fixed time to let something happen.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from agent.pairing import pair
from tests.support.families import FAMILIES, Family

PYTHON = sys.executable
ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "receipts" / "02-two-rates-card.json"
FINAL = {"done", "not_done", "cancelled", "rejected"}

# The register of these tests is a simulator on the same machine: commands end in milliseconds, and what is waited out
# after a lost answer may be short. Everything else is the production profile.
FAST = "[time]\nquery = 2.0\nfill = 3.0\ncancel = 3.0\nclose = 4.0\nshift = 4.0\nreport = 4.0\n"


class Process:
    """A child process whose first line of stdout says that it is ready. With ``control`` it takes words on stdin."""

    def __init__(
        self, name: str, command: list[str], folder: Path, *, ready: bool = True, control: bool = False
    ) -> None:
        self.name = name
        self._telling = threading.Lock()
        self._log = (folder / f"{name}.log").open("ab")
        self._child = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE if control else subprocess.DEVNULL,
            stdout=subprocess.PIPE if ready else self._log,
            stderr=self._log,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        )
        self.ready: dict[str, Any] = {}
        if ready:
            assert self._child.stdout is not None
            line = self._child.stdout.readline()
            if not line:
                self.end()
                raise AssertionError(f"{name} did not start: {(folder / f'{name}.log').read_text()[-2000:]}")
            self.ready = json.loads(line)

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    def tell(self, order: str) -> dict[str, Any]:
        """One word of a simulator's ``--control``, and its answer."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        with self._telling:
            self._child.stdin.write(json.dumps({"do": order}).encode() + b"\n")
            self._child.stdin.flush()
            answer: dict[str, Any] = json.loads(self._child.stdout.readline())
        assert answer["ok"], answer
        return answer

    def wait(self, seconds: float = 30.0) -> int:
        return self._child.wait(seconds)

    def signal(self, number: signal.Signals) -> None:
        self._child.send_signal(number)

    def hit(self) -> None:
        """SIGKILL, and nothing else: whoever watches the process finds it dead."""
        self._child.kill()

    def kill(self) -> None:
        self.hit()
        self.end()

    def stop(self, seconds: float = 30.0) -> int:
        """Ask it to end; its exit code."""
        if self.alive:
            self._child.send_signal(signal.SIGTERM)
        try:
            return self._child.wait(seconds)
        finally:
            self.end()

    def end(self) -> None:
        if self.alive:
            self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()
        self._log.close()


class Rig:
    def __init__(self, folder: Path, *, kkm_id: str = "17", family: Family = FAMILIES["shtrih"]) -> None:
        self.folder = folder
        self.kkm_id = kkm_id
        self.family = family
        self.database = f"sqlite:///{folder / 'server.sqlite3'}"
        self.processes: list[Process] = []
        self.patience = 20.0  # seconds for which a request is repeated while the server is away
        self.url = ""
        self.key = ""
        self.address = ""
        self.server_options: tuple[str, ...] = ()
        self.agent: Process | None = None
        self.server: Process | None = None
        self.register: Process | None = None
        self.http = httpx.Client(timeout=10.0)

    # --- processes

    def spawn(self, name: str, *command: str, ready: bool = True, control: bool = False) -> Process:
        process = Process(name, [PYTHON, *command], self.folder, ready=ready, control=control)
        self.processes.append(process)
        return process

    def start_server(self, *, dying: tuple[str, ...] = ()) -> None:
        if not self.key:
            done = subprocess.run(
                [PYTHON, "-m", "server.cli", "init", "--tenant", "Тест", "--database", self.database, "--json"],
                capture_output=True,
                check=True,
                cwd=ROOT,
            )
            self.key = json.loads(done.stdout)["api_key"]
            self.http.headers["Authorization"] = f"Bearer {self.key}"
        port = self.url.rsplit(":", 1)[-1] if self.url else "0"
        own = ("run", "--port", port, "--database", self.database, "--connections-per-minute", "1000",
               "--allow-private-webhooks", *self.server_options)  # fmt: skip
        command = ("tests.support.dying", "server", *dying, "--", *own) if dying else ("server.cli", *own)
        self.server = self.spawn("server", "-m", *command)
        self.url = self.server.ready["listening"]

    def start_register(self, *faults: str, name: str = "register", clock: str | None = None) -> None:
        listen = self.address or "tcp:127.0.0.1:0"
        options = [part for fault in faults for part in ("--fault", fault)]
        if clock is not None:
            options.append(f"--clock={clock}")
        state = self.folder / f"{name}.json"
        self.register = self.spawn(name, *self.family.run(listen, state, "--seed", "7", *options))
        self.address = self.register.ready["listening"]

    def configure(self, name: str = "agent", kkm_id: str | None = None) -> Path:
        profile = self.folder / "fast.toml"
        profile.write_text(FAST)
        config = self.folder / f"{name}.toml"
        config.write_text(
            f'[server]\nurl = "{self.url}"\n[agent]\ndata_dir = "{self.folder / name}"\nlog_level = "debug"\n'
            + self.family.device(kkm_id or self.kkm_id, self.address, profile)
        )
        return config

    def pair(self, name: str = "agent") -> str:
        """Pair the PC ``name``; its agent_id."""
        line = self.post("/pairing-codes", {"auto_confirm": True})["line"]
        identity = pair(line, self.folder / name, version="0", say=lambda *_: None)
        return identity.agent_id

    def start_agent(self, name: str = "agent", *, dying: tuple[str, ...] = ()) -> Process:
        own = ("agent", "run", "--no-tray", "--config", str(self.folder / f"{name}.toml"))
        command = ("tests.support.dying", "agent", *dying, "--", *own) if dying else ("agent.cli", *own)
        self.agent = self.spawn(name, "-m", *command, ready=False)
        return self.agent

    def close(self) -> None:
        self.http.close()
        for process in self.processes:
            process.end()

    # --- the CRM

    def call(self, method: str, path: str, body: Any = None, *, patience: float | None = None) -> httpx.Response:
        """One request; repeated while the server is away, as a CRM does."""
        deadline = time.monotonic() + (self.patience if patience is None else patience)
        while True:
            try:
                return self.http.request(method, f"{self.url}/api/v1{path}", json=body)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def post(self, path: str, body: Any) -> dict[str, Any]:
        answer = self.call("POST", path, body)
        assert answer.is_success, answer.text
        value: dict[str, Any] = answer.json()
        return value

    def put(self, path: str, body: Any) -> dict[str, Any]:
        answer = self.call("PUT", path, body)
        assert answer.is_success, answer.text
        value: dict[str, Any] = answer.json()
        return value

    def get(self, path: str) -> dict[str, Any]:
        answer = self.call("GET", path)
        assert answer.is_success, answer.text
        value: dict[str, Any] = answer.json()
        return value

    def job_body(self, job_id: str, **changes: Any) -> dict[str, Any]:
        body = json.loads(EXAMPLE.read_text("utf-8"))
        return {**body, "job_id": job_id, "kkm_id": self.kkm_id, "order_ref": job_id, **changes}

    def submit(self, job_id: str, **changes: Any) -> dict[str, Any]:
        return self.post("/jobs", self.job_body(job_id, **changes))

    def job(self, job_id: str) -> dict[str, Any]:
        return self.get(f"/jobs/{job_id}")

    # --- waiting

    def until(self, condition: Callable[[], Any], seconds: float = 60.0, what: str = "") -> Any:
        deadline = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {what}\n{self.logs()}")
            time.sleep(0.05)

    def settled(self, job_id: str, seconds: float = 60.0, states: set[str] = FINAL) -> dict[str, Any]:
        """The job as soon as it is in one of ``states``."""
        last: dict[str, Any] = {}

        def look() -> bool:
            last.update(self.job(job_id))
            return last["state"] in states

        self.until(look, seconds, f"{job_id} in {states}, last {last.get('state')}")
        return last

    def bound(self) -> None:
        self.until(lambda: self.device()["state"] == "bound" and self.device()["online"], 60, "device bound")

    def device(self) -> Mapping[str, Any]:
        devices: list[dict[str, Any]] = self.get("/devices")["devices"]
        return next(d for d in devices if d["kkm_id"] == self.kkm_id)

    # --- the register

    def archive(self, name: str = "register") -> list[dict[str, Any]]:
        done = subprocess.run(
            [PYTHON, *self.family.dump(self.folder / f"{name}.json")],
            capture_output=True,
            check=True,
            cwd=ROOT,
        )
        documents: list[dict[str, Any]] = json.loads(done.stdout)["documents"]
        return documents

    def receipts(self, name: str = "register") -> list[dict[str, Any]]:
        return [d for d in self.archive(name) if d["type"] == "receipt"]

    def logs(self) -> str:
        tails = []
        for log in sorted(self.folder.glob("*.log")):
            tails.append(f"--- {log.name}\n{log.read_text('utf-8', 'replace')[-3000:]}")
        return "\n".join(tails)


@contextmanager
def running(folder: Path) -> Iterator[Rig]:
    rig = Rig(folder)
    try:
        yield rig
    finally:
        rig.close()


def imprint(document: Mapping[str, Any]) -> str | None:
    value: str | None = document["tags"].get("1084", {}).get("1086")
    return value
