"""A shop whose agent and server are killed again and again and come back: real processes, sockets and files.

Every killable process is a ``Victim``; one thread watches them all, notes each death by SIGKILL and starts the process
again. A death that nobody has caused is a failure and ends the shop.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.shop import Shop, Till
from tests.kill.audit import rows
from tests.support.rig import FINAL, Process, Rig

Json = dict[str, Any]

KILLED = -9
LOOK = "2"  # seconds between looks at a register at rest
PATIENCE = 150.0  # seconds in which every job must have ended after a kill, on a machine that is busy with others


@dataclass(frozen=True, slots=True)
class Death:
    """``who``: agent or server. ``names``: of the commit that it died at, with before or after; empty at random."""

    who: str
    when: str
    names: tuple[str, ...]


class Victim:
    """A process that may be killed; ``start`` takes the flags of ``tests.support.dying`` and returns the process."""

    def __init__(self, who: str, name: str, folder: Path, start: Callable[[tuple[str, ...]], Process]) -> None:
        self.who = who
        self.name = name
        self.armed = folder / f"{name}.armed"
        self.kept = folder / f"{name}.reached"
        self.process: Process | None = None
        self.wanted = False
        self._start = start
        self._guard = threading.RLock()
        self._log = folder / f"{name}.log"
        self._log_from = 0
        self._read = 0
        self.lives = 0
        self._noted: list[Death] = []

    def up(self) -> None:
        with self._guard:
            self.wanted = True
            self._log_from = self._log.stat().st_size if self._log.exists() else 0
            self.process = self._start(("--armed", str(self.armed), "--reached", str(self.kept)))
            self.lives += 1

    def lived_on(self, life: int) -> bool:
        """Whether it was started again since that life."""
        return self.lives > life

    def down(self) -> None:
        """Ask it to end, and leave it so. It may have died at its point before it heard."""
        with self._guard:
            self.wanted = False
            if self.process is not None:
                code = self.process.stop()
                self.process = None
                too_early = code == -signal.SIGTERM and not self.says("agent_started")  # it could not listen yet
                assert code in (0, KILLED) or too_early, f"{self.name} ended with {code}"
                if code == KILLED:
                    self._noted.append(self.died_at() or Death(self.who, "", ()))

    def kill(self) -> None:
        """SIGKILL; the watch starts it again."""
        with self._guard:
            if self.process is not None and self.process.alive:
                self.process.hit()

    def hold(self) -> None:
        """SIGKILL, and it stays dead until ``let_go``."""
        with self._guard:
            self.wanted = False
            if self.process is not None:
                self.process.hit()
                self._noted.append(self._buried())

    def let_go(self) -> None:
        self.wanted = True

    def says(self, words: str) -> bool:
        """Whether it has written this into its log since it was last started."""
        with self._log.open("rb") as file:
            file.seek(self._log_from)
            return words.encode() in file.read()

    def arm(self, point: str, when: str) -> None:
        fresh = self.armed.with_suffix(".new")
        fresh.write_text(f"{point} {when}", "utf-8")
        fresh.replace(self.armed)

    def disarm(self) -> None:
        self.armed.unlink(missing_ok=True)

    def revive(self) -> list[Death]:
        """Start it again if it is dead and should not be; the deaths since the last call. Raises ``AssertionError`` if
        nobody killed it."""
        with self._guard:
            if self.wanted and self.process is not None and not self.process.alive:
                self._noted.append(self._buried())
            if self.wanted and self.process is None:
                try:
                    self.up()
                except AssertionError:
                    died = self.died_at()
                    if died is None:
                        raise  # it did not start, and nothing killed it
                    self._noted.append(died)
            noted, self._noted = self._noted, []
            return noted

    def _buried(self) -> Death:
        assert self.process is not None
        code = self.process.wait()
        assert code == KILLED, f"{self.name} ended by itself with {code}"
        self.process.end()
        self.process = None
        return self.died_at() or Death(self.who, "", ())

    def died_at(self) -> Death | None:
        """The commit of its last death, if it was one."""
        lines = self.kept.read_text("utf-8").splitlines() if self.kept.exists() else []
        fresh, self._read = lines[self._read :], len(lines)
        for what, when, *names in map(str.split, fresh):
            if what == "killed":
                return Death(self.who, when, tuple(names))
        return None


@dataclass
class Asked:
    """What the CRM has asked for, and of which register."""

    till: Till
    body: Json


class KillShop(Shop):
    """``till``s for the load at the PC ``agent``; ``spare`` for what is provoked; ``gone`` stood there
    once, and the server has not heard that it does no longer; ``moving`` goes between the PCs
    ``left`` and ``right``, of which one runs at a time."""

    def __init__(self, rig: Rig, on_death: Callable[[Death], None]) -> None:
        self._on_death = on_death
        armed = rig.folder / "server.armed", rig.folder / "server.reached"
        rig.patience = PATIENCE
        super().__init__(rig, dying=("--armed", str(armed[0]), "--reached", str(armed[1])))
        self.server = Victim("server", "server", rig.folder, self._start_server)
        self.server.process, self.server.wanted = rig.server, True
        self.asked: dict[str, Asked] = {}
        self.deaths: list[Death] = []
        self.failure: BaseException | None = None
        self._guard = threading.Lock()
        self._made = 0
        self._over = threading.Event()
        self.victims = {"server": self.server}
        for name in ("agent", "left", "right"):
            self.victims[name] = Victim("agent", name, rig.folder, self._starter(name))
        self._watch = threading.Thread(target=self._watching, name="watch", daemon=True)

    def furnish(self, load: int) -> None:
        """Registers and PCs; the load's PC runs, and the left one."""
        self.load = [self.till(str(10 + at)) for at in range(load)]
        self.spare = self.till("20")
        self.moving = self.till("30")
        self.gone = self.till("40")
        self.agent_id = self.pc(*self.load, self.spare, self.gone)
        self.pcs = {name: self.pc(self.moving, name=name) for name in ("left", "right")}
        self.victims["agent"].up()
        self.victims["left"].up()
        self.owner = "left"
        self.bound(*self.tills)
        self.victims["agent"].down()
        self.stand_at("agent", *self.load, self.spare)
        self.victims["agent"].up()
        self.tenant_id = self._tenant()
        self._watch.start()

    def _tenant(self) -> str:
        return str(rows(self.rig.folder / "server.sqlite3", "SELECT tenant_id FROM devices")[0][0])

    def _start_server(self, dying: tuple[str, ...]) -> Process:
        self.rig.start_server(dying=dying)
        assert self.rig.server is not None
        return self.rig.server

    def _starter(self, name: str) -> Callable[[tuple[str, ...]], Process]:
        return lambda dying: self.rig.start_agent(name, dying=(*dying, "--look", LOOK, "--hurry"))

    # --- death and return

    def _watching(self) -> None:
        while not self._over.wait(0.05):
            for victim in self.victims.values():
                try:
                    deaths = victim.revive()
                except BaseException as error:
                    self.failure = error
                    return
                for death in deaths:
                    self.deaths.append(death)
                    self._on_death(death)

    def stop_watching(self) -> None:
        self._over.set()
        if self._watch.ident is not None:
            self._watch.join(60)

    def quiet(self) -> None:
        """Wait until agents and server have nothing to say to each other."""

        def silent(name: str) -> bool:
            return rows(self.rig.folder / name, "SELECT count(*) FROM outbox") == [(0,)]

        def all_silent() -> bool:
            return silent("server.sqlite3") and all(
                silent(f"{name}/journal.sqlite3")
                for name, victim in self.victims.items()
                if victim.who == "agent" and victim.wanted
            )

        self.rig.until(all_silent, PATIENCE, "outboxes are empty")

    def end(self) -> None:
        """No more deaths: what runs now is stopped in peace."""
        self.stop_watching()
        for name in ("agent", "left", "right", "server"):
            self.victims[name].down()

    def check(self) -> None:
        if self.failure is not None:
            raise AssertionError(f"{self.rig.folder}: {self.failure!r}") from self.failure

    def server_answers(self) -> bool:
        try:
            return self.rig.call("GET", "/devices", patience=0.0).is_success
        except httpx.TransportError:
            return False

    def made(self) -> int:
        """A number that was not given before."""
        with self._guard:
            self._made += 1
            return self._made

    # --- jobs

    def ask(self, till: Till, kind: str, payload: Json | None = None, **more: Any) -> str:
        """Post a job and remember it."""
        with self._guard:
            self._made += 1
            job_id = f"{till.kkm_id}-{self._made}-{kind}"
            self.asked[job_id] = Asked(till, {"kind": kind, "payload": payload or {}})
        return till.post(kind, payload, job_id=job_id, **more)

    def is_over(self, job_id: str) -> bool:
        return self.feed.states.get(job_id) in FINAL

    def open_jobs(self) -> list[str]:
        with self._guard:
            return [job_id for job_id in self.asked if not self.is_over(job_id)]

    def over(self, job_id: str, seconds: float = PATIENCE) -> Json:
        """The job at its final state."""
        if not self.feed.ended(job_id, seconds, FINAL):
            self.check()
            raise AssertionError(
                f"{job_id} has not ended within {seconds} s: {self.rig.job(job_id)}\n{self.rig.logs()}"
            )
        return self.rig.job(job_id)

    def books(self) -> Path:
        """Everything that the audit reads, written down once all processes have ended."""
        told = {
            "asked": {job_id: {**asked.body, "kkm_id": asked.till.kkm_id} for job_id, asked in self.asked.items()},
            "events": self.feed.heard,
            "tills": {till.kkm_id: self._of(till) for till in self.tills},
        }
        for name, value in told.items():
            (self.rig.folder / f"{name}.json").write_text(json.dumps(value, ensure_ascii=False), "utf-8")
        return self.rig.folder

    @staticmethod
    def _of(till: Till) -> Json:
        counters = till.memory.counters
        return {
            "documents": till.documents(),
            "drawer": counters.drawer,
            "cash_in": counters.cash_in_number,
            "cash_out": counters.cash_out_number,
            "x_reports": counters.x_reports,
        }


@dataclass
class Board:
    """What is still to be done, for several shops side by side: kills to be made, points to be died at."""

    wanted: dict[str, int]
    points: dict[str, list[tuple[str, str]]]
    """By who dies: the point and before or after, in the order in which they are tried."""
    deaths: dict[str, int] = field(default_factory=lambda: {"agent": 0, "server": 0})
    tried: dict[tuple[str, str, str], int] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)
    halted: bool = False
    """Somebody wants it to end here."""

    TRIES = 3

    def died(self, death: Death) -> None:
        with self.guard:
            self.deaths[death.who] += 1
            reached = {(name, death.when) for name in death.names}
            self.points[death.who] = [point for point in self.points[death.who] if point not in reached]

    def left(self, who: str) -> int:
        with self.guard:
            return max(0, self.wanted[who] - self.deaths[who])

    def next_point(self, who: str) -> tuple[str, str] | None:
        """The point that was tried least; ``None`` when all were died at, or tried often enough."""
        with self.guard:
            waiting = [p for p in self.points[who] if self.tried.get((who, *p), 0) < self.TRIES]
            if not waiting:
                return None
            point = min(waiting, key=lambda p: self.tried.get((who, *p), 0))
            self.tried[who, *point] = self.tried.get((who, *point), 0) + 1
            return point

    def missing(self) -> dict[str, list[tuple[str, str]]]:
        with self.guard:
            return {who: list(points) for who, points in self.points.items() if points}

    def done(self) -> bool:
        return self.halted or not any(self.left(who) or self.next_point_waits(who) for who in self.deaths)

    def next_point_waits(self, who: str) -> bool:
        with self.guard:
            return any(self.tried.get((who, *p), 0) < self.TRIES for p in self.points[who])
