"""A shop of several registers behind one server: many cases run at once, each on a register of its own.

A ``Till`` is one simulated register as a process: jobs are posted to it, words are told to it (``--control``), and what
it has done is read from its own memory and paper, never from an answer. ``Shop`` waits by the server's event stream.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import httpx

from drivers.simulators.assembly import store_of
from drivers.simulators.dump import dump
from tests.support.families import Family
from tests.support.rig import FAST, FINAL, Process, Rig

T = TypeVar("T")
V = TypeVar("V")
Json = dict[str, Any]

QUICK = "[time]\nquery = 1.5\nfill = 2.0\ncancel = 1.5\nclose = 2.0\nshift = 2.0\nreport = 2.0\n"
"""A profile for tests that wait out a lost answer: the simulator takes milliseconds."""


class Feed(threading.Thread):
    """The server's stream of events, heard from its beginning on: after a break from the last event that was heard."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(daemon=True, name="feed")
        self.heard: list[Json] = []
        self.states: dict[str, str] = {}
        """Of every job, as its last event told."""
        self.news = threading.Condition()
        self._last = "0"
        self._over = threading.Event()
        self._url = f"{url}/api/v1/events"
        self._client = httpx.Client(timeout=httpx.Timeout(10.0, read=60.0), headers={"Authorization": f"Bearer {key}"})
        self.start()

    def run(self) -> None:
        with self._client:
            while not self._over.is_set():
                try:
                    self._listen()
                except httpx.TransportError:
                    self._over.wait(0.1)  # the server is away

    def _listen(self) -> None:
        last = self._last
        with self._client.stream("GET", self._url, params={"after": last}) as answer:
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    last = line[4:]
                elif line.startswith("data: "):
                    with self.news:
                        self._take(json.loads(line[6:]))
                        self._last = last
                        self.news.notify_all()

    def _take(self, event: Json) -> None:
        self.heard.append(event)
        if event["type"].startswith("job."):
            self.states[event["data"]["job_id"]] = event["type"].removeprefix("job.")

    def over(self) -> None:
        """The server is about to end for good."""
        self._over.set()

    def ended(self, job_id: str, seconds: float, ends: Set[str]) -> bool:
        """Wait until the job is in one of these states; whether it is."""
        with self.news:
            return self.news.wait_for(lambda: self.states.get(job_id) in ends, seconds)

    def waited(self, told: Callable[[Json], bool], seconds: float, what: Callable[[], str], start: int = 0) -> Json:
        """The first event from the ``start``-th on that ``told`` takes."""
        deadline = time.monotonic() + seconds
        with self.news:
            at = start
            while True:
                for event in self.heard[at:]:
                    if told(event):
                        return event
                at = len(self.heard)
                if not self.news.wait(deadline - time.monotonic()) and time.monotonic() > deadline:
                    raise AssertionError(what())


class Till:
    """One register. ``kkm_id`` names it, its state file and its folder of paper."""

    def __init__(
        self, shop: Shop, kkm_id: str, process: Process | None, address: str, family: Family | None = None
    ) -> None:
        self._shop = shop
        self.family = family or shop.rig.family
        self.kkm_id = kkm_id
        self.process = process
        self.address = address
        self.folder = shop.rig.folder
        self._posted = 0

    # --- the CRM

    def post(self, kind: str, payload: Mapping[str, Any] | None = None, *, job_id: str = "", **more: Any) -> str:
        self._posted += 1
        job_id = job_id or f"{self.kkm_id}-{self._posted}-{kind}"
        body = {"job_id": job_id, "kkm_id": self.kkm_id, "kind": kind, "payload": payload or {}, "start_within_s": 600}
        self._shop.rig.post("/jobs", {**body, **more})
        return job_id

    def do(self, kind: str, payload: Mapping[str, Any] | None = None, **more: Any) -> Json:
        """The job at its end, ``human`` among the ends."""
        return self._shop.ended(self.post(kind, payload, **more))

    def view(self) -> Json:
        return self._shop.rig.get(f"/devices/{self.kkm_id}")

    def events(self) -> list[Json]:
        told: list[Json] = self._shop.rig.get(f"/devices/{self.kkm_id}/events?limit=200")["events"]
        return told

    # --- the register

    def tell(self, order: str) -> Json:
        assert self.process is not None
        return self.process.tell(order)

    @property
    def memory(self) -> Any:
        """The simulated register's state as it is on disk, ``ShtrihState`` for one."""
        state = store_of(self.folder / f"{self.kkm_id}.json", self.family.simulator).load()
        assert state is not None
        return state

    def documents(self) -> list[Json]:
        documents: list[Json] = dump(self.memory.drive)["documents"]
        return documents

    def kinds(self) -> list[str]:
        """Of every document after the registration."""
        return [document["type"] for document in self.documents()[1:]]

    def document(self, fd: int) -> Json:
        return next(document for document in self.documents() if document["fd"] == fd)

    def slips(self) -> dict[str, str]:
        """Paper by name: the FD number, or ``n1``, ``n2``, …"""
        return {path.stem: path.read_text("utf-8") for path in (self.folder / f"paper-{self.kkm_id}").glob("*.txt")}

    def paper(self) -> str:
        return "\n".join(self.slips().values())

    def slip_picture(self, name: str) -> Path:
        return self.folder / f"paper-{self.kkm_id}" / f"{name}.png"


class Shop:
    def __init__(self, rig: Rig, *, dying: tuple[str, ...] = ()) -> None:
        """``dying``: how the server is to be killed (``tests.support.dying``)."""
        self.rig = rig
        self.tills: list[Till] = []
        rig.start_server(dying=dying)
        self.feed = Feed(rig.url, rig.key)

    def till(
        self,
        kkm_id: str,
        *options: str,
        listen: str = "tcp:127.0.0.1:0",
        extra: str = "",
        family: Family | None = None,
    ) -> Till:
        """A register as a process, its clock right; ``extra`` stands behind its address for the agent."""
        now = datetime.now(ZoneInfo("Europe/Moscow")).replace(tzinfo=None)
        state, paper = self.rig.folder / f"{kkm_id}.json", self.rig.folder / f"paper-{kkm_id}"
        command = (family or self.rig.family).run(
            listen, state, "--control", "--seed", kkm_id, "--paper", str(paper), "--print-time", "0",
            "--clock", now.isoformat(timespec="seconds"), *options,
        )  # fmt: skip
        process = self.rig.spawn(f"till-{kkm_id}", *command, control=True)
        return self.stands(Till(self, kkm_id, process, process.ready["listening"] + extra, family))

    def stands(self, till: Till) -> Till:
        self.rig.put("/devices", {"kkm_id": till.kkm_id})
        self.tills.append(till)
        return till

    def desk(self, till: Till, **settings: Any) -> None:
        self.rig.put("/desks", {"desk_id": f"desk-{till.kkm_id}", "kkm_id": till.kkm_id, **settings})

    def pc(self, *tills: Till, name: str = "agent", profile: str = FAST) -> str:
        """Pair a PC at which these registers stand; its agent_id."""
        self.stand_at(name, *tills, profile=profile)
        return self.rig.pair(name)

    def stand_at(self, name: str, *tills: Till, profile: str = FAST) -> None:
        """The PC's configuration: these registers and no others."""
        times = self.rig.folder / f"{name}-profile.toml"
        times.write_text(profile, "utf-8")
        self.rig.configure(name)
        head = (self.rig.folder / f"{name}.toml").read_text("utf-8").partition("[[devices]]")[0]
        devices = (till.family.device(till.kkm_id, till.address, times) for till in tills)
        (self.rig.folder / f"{name}.toml").write_text(head + "".join(devices), "utf-8")

    def start(self, *tills: Till, name: str = "agent", dying: tuple[str, ...] = ()) -> Process:
        agent = self.rig.start_agent(name, dying=dying)
        self.bound(*tills)
        return agent

    def bound(self, *tills: Till) -> None:
        wanted = {till.kkm_id for till in tills}

        def all_there() -> bool:
            devices = self.rig.get("/devices?limit=200")["devices"]
            return wanted <= {d["kkm_id"] for d in devices if d["state"] == "bound" and d["online"]}

        self.rig.until(all_there, 60, f"bound: {wanted}")

    # --- waiting

    def ended(self, job_id: str, seconds: float = 60.0) -> Json:
        if not self.feed.ended(job_id, seconds, {*FINAL, "human"}):
            raise AssertionError(f"not within {seconds} s: {job_id}\n{self.rig.logs()}")
        return self.rig.job(job_id)

    def heard(self, told: Callable[[Json], bool], seconds: float = 60.0, what: str = "", start: int = 0) -> Json:
        return self.feed.waited(told, seconds, lambda: f"not within {seconds} s: {what}\n{self.rig.logs()}", start)

    def event(self, till: Till, kind: str, start: int = 0, seconds: float = 30.0) -> Json:
        """The first event of the register of that kind from the ``start``-th event of the feed on."""
        event = self.heard(
            lambda event: event["type"] == f"device.{kind}" and event["data"]["kkm_id"] == till.kkm_id,
            seconds, f"{kind} of {till.kkm_id}", start,
        )  # fmt: skip
        data: Json = event["data"]
        return data


@contextmanager
def open_shop(folder: Path, *, dying: tuple[str, ...] = ()) -> Iterator[Shop]:
    rig = Rig(folder)
    try:
        shop = Shop(rig, dying=dying)
        try:
            yield shop
        finally:
            shop.feed.over()
            rig.close()
            shop.feed.join(10)
    finally:
        rig.close()


def at_once(cases: Iterable[T], do: Callable[[T], V], most: int | None = None) -> dict[T, V]:
    """Every case in a thread of its own, at most ``most`` of them at a time; what each came to."""
    cases = list(cases)
    with ThreadPoolExecutor(most or len(cases)) as pool:
        return dict(zip(cases, pool.map(do, cases), strict=True))
