"""SIGKILL after SIGKILL in shops that live on: at every commit point, and at random moments, while jobs run.

After each death the process is started again, every job that was open then must end, and its documents are looked at.
At the end all is stopped in peace and the whole books are compared.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from tests.kill import audit, points
from tests.kill.load import Load
from tests.kill.occasions import OCCASIONS
from tests.kill.shop import PATIENCE, Board, Death, KillShop
from tests.support.dying import WHENS
from tests.support.families import FAMILIES, Family
from tests.support.rig import Rig

AT_A_POINT = 0.65  # of the strikes, as long as there is a point left
COMES_BY_ITSELF = 12.0  # seconds in which the load passes a point that it passes at all
BOTH = 0.1  # of the random strikes hit agent and server at once
SECOND = 0.2  # of the random strikes are followed by another one while the first is still being mended


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it."""

    deaths: Mapping[str, int]
    at_points: Mapping[str, int]
    jobs: Mapping[str, int]
    problems: tuple[str, ...]
    missing: Mapping[str, list[tuple[str, str]]]
    seconds: float

    @property
    def good(self) -> bool:
        return not self.problems and not self.missing


def all_points() -> dict[str, list[tuple[str, str]]]:
    """Every commit point that can be brought about, before and after, by who dies at it."""
    known = {"agent": points.agent_points(), "server": points.server_points()}
    return {
        who: [(point, when) for point in sorted(known[who] - set(points.EXEMPT[who])) for when in WHENS]
        for who in known
    }


@dataclass
class Storm:
    """``shops`` side by side until ``board`` is done."""

    folder: Path
    board: Board
    seed: int
    shops: int
    family: Family = FAMILIES["shtrih"]
    registers: int = 2
    say: Callable[[str], None] = lambda _: None

    def run(self) -> Report:
        began = time.monotonic()
        self._at_points: Counter[str] = Counter()
        self._jobs: Counter[str] = Counter()
        with ThreadPoolExecutor(self.shops) as pool:
            lives = [pool.submit(self._one, number) for number in range(self.shops)]
            try:
                wait(lives)
            except KeyboardInterrupt:  # what has been is told, and no process is left behind
                self.board.halted = True
            found = [life.result() for life in lives]
        problems = tuple(problem for some in found for problem in some)
        seconds = time.monotonic() - began
        return Report(self.board.deaths, self._at_points, self._jobs, problems, self.board.missing(), seconds)

    def _died(self, death: Death) -> None:
        self.board.died(death)
        self._at_points[death.who] += bool(death.names)
        at = f" {death.when} {death.names[-1]}" if death.names else ""
        deaths = self.board.deaths
        self.say(f"agent {deaths['agent']}, server {deaths['server']}: {death.who}{at}")

    def _wrong(self, what: str) -> str:
        """Said at once: the other shops go on."""
        self.say(f"WRONG: {what[:400]}")
        return what[:3000]

    def _one(self, number: int) -> list[str]:
        folder = self.folder / f"shop-{number}"
        folder.mkdir()
        rig = Rig(folder, family=self.family)
        shop: KillShop | None = None
        try:
            shop = KillShop(rig, self._died)
            shop.furnish(self.registers)
            return self._lived(shop, Random(f"{self.seed}/{number}"))
        except BaseException as error:
            return [self._wrong(f"{folder.name}: {error!r}")]
        finally:
            if shop is not None:
                shop.feed.over()
                shop.stop_watching()
            rig.close()
            if shop is not None:
                shop.feed.join(30)

    def _lived(self, shop: KillShop, random: Random) -> list[str]:
        going_on = threading.Event()
        going_on.set()
        load = Load(shop, Random(random.random()), going_on.is_set)
        load.start()
        problems: list[str] = []
        try:
            while not self.board.done() and not problems and not load.failures:
                problems += map(self._wrong, self._strike(shop, random))
                shop.check()
        except BaseException as error:
            problems.append(self._wrong(f"{shop.rig.folder.name}: {error!r}"))
        finally:
            going_on.clear()
            load.join()
        problems += [self._wrong(f"{shop.rig.folder.name}: {error!r}") for error in load.failures]
        if problems:
            return problems
        shop.check()
        for job_id in shop.open_jobs():
            shop.over(job_id)
        shop.quiet()
        shop.end()
        self._jobs.update(shop.feed.states.values())
        resident = [till.kkm_id for till in shop.load]
        return [f"{shop.rig.folder.name}: {p}" for p in audit.audit(shop.books(), resident, ("agent", "left", "right"))]

    # --- one strike

    def _strike(self, shop: KillShop, random: Random) -> list[str]:
        left = {who: self.board.left(who) + len(self.board.points[who]) for who in ("agent", "server")}
        who = random.choices(tuple(left), [count + 1 for count in left.values()])[0]
        point = self.board.next_point(who) if random.random() < AT_A_POINT or not self.board.left(who) else None
        waiting = shop.open_jobs()
        if point is not None:
            self._at(shop, who, *point)
        else:
            self._anywhere(shop, who, random)
        waiting += [job_id for job_id in shop.open_jobs() if job_id not in waiting]
        return self._looked(shop, [job_id for job_id in waiting if shop.over(job_id)])

    def _at(self, shop: KillShop, who: str, point: str, when: str) -> None:
        """Arm it, bring it about, and wait for the death. One that did not come is tried again later."""
        before = self.board.deaths[who]
        victims = [victim for victim in shop.victims.values() if victim.who == who]
        for victim in victims:
            victim.arm(point, when)
        try:
            if point in OCCASIONS:
                OCCASIONS[point](shop)
            else:
                deadline = time.monotonic() + COMES_BY_ITSELF
                while time.monotonic() < deadline and all(victim.armed.exists() for victim in victims):
                    shop.check()
                    time.sleep(0.05)
        finally:
            for victim in victims:
                victim.disarm()
        shop.rig.until(shop.server_answers, PATIENCE, "server")
        if self.board.deaths[who] == before:
            self.say(f"{who} has not come to {when} {point}")

    def _anywhere(self, shop: KillShop, who: str, random: Random) -> None:
        for _ in range(2 if random.random() < SECOND else 1):
            time.sleep(random.uniform(0.0, 1.5))
            hit = ("agent", "server") if random.random() < BOTH else (who,)
            lives = [(shop.victims[name], shop.victims[name].lives) for name in hit]
            for victim, _ in lives:
                victim.kill()
            for victim, life in lives:
                shop.rig.until(partial(victim.lived_on, life), PATIENCE, f"{victim.name} is back")
                shop.check()

    @staticmethod
    def _looked(shop: KillShop, job_ids: list[str]) -> list[str]:
        """The open jobs of the moment of death have ended: by the server, and by their register's archive."""
        by_till: dict[str, list[str]] = {}
        for job_id in job_ids:
            by_till.setdefault(shop.asked[job_id].till.kkm_id, []).append(job_id)
        problems: list[str] = []
        for till in shop.tills:
            jobs = [shop.rig.job(job_id) for job_id in by_till.get(till.kkm_id, [])]
            asked = {job["job_id"]: shop.asked[job["job_id"]].body for job in jobs}
            problems += audit.light(shop.tenant_id, jobs, asked, till.documents())
        return problems
