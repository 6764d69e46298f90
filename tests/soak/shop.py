"""A shop in one process: the server over its file, the agent over its journal, the driver over the simulated register,
all on one clock that jumps. Only the websocket is replaced, by ``Cable``."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from agent.devices.lane import Lane
from agent.identity import Identity, Keyring
from agent.jobs.book import JobBook
from agent.jobs.permission import Clock
from agent.journal.store import Journal
from agent.keys import new_private_key, public_key_of
from agent.port import AgentPort
from drivers.fiscal.shtrih import ShtrihRegister, load_profile
from drivers.simulators.dump import dump
from drivers.simulators.inprocess import SimulatedLine
from drivers.simulators.paper import MemoryPaper
from drivers.simulators.script import perform
from drivers.simulators.shtrih import new_device, new_state
from drivers.transports.simulated import SimulatedTransport
from protocol.crm.jobs import JobKind
from server.app import open_services
from server.routers.common import Services
from server.services import agents, desks, directory, duties, jobs, pairing
from server.services.access import add_tenant
from server.settings import Limits, Settings
from server.store.models import PairingCode
from server.world import World
from tests.soak.cable import Cable
from tests.soak.hours import Hours
from tests.support.inline_sqlite import inline

KKM, DESK = "17", "desk-1"
PING_EVERY = 20.0
CARRY_EVERY = 2.0  # seconds that a busy agent's messages may gather: some ten receipts are carried together
FINAL = ("done", "not_done", "cancelled", "rejected")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job as the CRM asks for it."""

    job_id: str
    kind: str
    payload: dict[str, Any]


class SoakLane(Lane):
    """A lane whose waits let the one clock run."""

    shop: Shop

    def _sleep(self, seconds: float) -> bool:
        self.shop.hours.sleep(seconds)
        return self._stopping or self._cut_short()


class Shop:
    def __init__(
        self, folder: Path, start: datetime, *, ffd: str, capacity: int, rolls: Sequence[int], seed: int
    ) -> None:
        """``rolls``: the printed lines at which a roll of paper ends; five minutes later there is a new one."""
        self.folder = folder
        self.hours = Hours(start)
        random = Random(seed)
        self.world = World(now=self.hours.utc, monotonic=self.hours.now, random_bytes=random.randbytes)
        clock = self.hours.at_register
        self.device = new_device(
            clock, random,
            state=new_state(random, clock, ffd=ffd, fn_capacity=capacity),
            faults=[f"paper-out:line={line},load=300" for line in rolls],
            paper=MemoryPaper(keep=10),
        )  # fmt: skip
        self.asked: dict[str, dict[str, Any]] = {}
        self.noticed: list[dict[str, Any]] = []
        self._beat_at = self._flushed_at = float("-inf")
        self._dozed = 0.0
        self._nudged = False

    # --- opening

    def open(self, runner: asyncio.Runner) -> None:
        self.cable = Cable(runner, self.hours, self._monotonic)
        self._open_server()
        self._keyring = Keyring(self.cable.ask(self._pair()), lambda _: None)
        self.switch_on()

    def _open_server(self) -> None:
        settings = Settings(database=str(self.folder / "server.sqlite3"), limits=Limits())
        self.services: Services = self.cable.ask(open_services(settings, self.world))

    async def _pair(self) -> Identity:
        """The account, the paired PC, the register and its desk."""
        private = new_private_key()
        async with self.services.database.write() as work:
            tenant = await add_tenant(work, self.world, "Мастерская")
            limits = self.services.settings.limits
            code = await pairing.make_code(
                work, self.world, limits, tenant.tenant_id, pairing.CodeAsked(auto_confirm=True)
            )
            await work.session.flush()
            asked = pairing.ClaimAsked(
                code=code.code, public_key=public_key_of(private), install_id="in", pc_name="КАССА", version="soak"
            )
            claimed = await pairing.claim(work, self.world, limits, asked, address="127.0.0.1")
            assert isinstance(claimed, PairingCode)
            await directory.put_device(work, self.world, tenant.tenant_id, directory.DevicePut(kkm_id=KKM))
        self.tenant_id = tenant.tenant_id
        key = self.services.key
        return Identity(
            agent_id=str(claimed.agent_id), install_id="in", tenant_id=tenant.tenant_id, server_url="", link_url="",
            private_key=private, server_keys={key.kid: key.public},
        )  # fmt: skip

    def close(self) -> None:
        self.switch_off()
        self._close_server()

    def _close_server(self) -> None:
        self.services.readers.stop()
        self.cable.ask(self.services.database.close())

    # --- the PC and the server on and off

    def switch_on(self) -> None:
        """The agent starts: nothing is remembered but the journal and the pairing."""
        self._made = 0
        boot = f"{self.hours.now():.3f}"

        def new_id() -> str:
            self._made += 1
            return f"m{boot}-{self._made}"

        self.journal = Journal(self.folder / "journal.sqlite3", now=self.hours.utc, new_id=new_id, ballast=False)
        self.journal.read(lambda tx: tx._db.execute("PRAGMA synchronous=OFF"))  # nobody cuts the power here
        clock = Clock(monotonic=self._monotonic, wall=lambda: self.hours.utc().timestamp(), now=self.hours.utc)
        identity = self._keyring.identity
        self.book = JobBook(
            self.journal, clock, tenant_id=identity.tenant_id, agent_id=identity.agent_id,
            verified=self._keyring.is_good, devices=[KKM],
        )  # fmt: skip
        self.port = AgentPort(self.book, {KKM: "shtrih"})
        device = self.device
        self._beat_at = float("-inf")
        transport = SimulatedTransport(lambda: SimulatedLine(device, device.connection()), self.hours, "sim:shtrih")
        self.register = ShtrihRegister(transport, load_profile(), self.hours)
        self.lane = SoakLane(
            KKM, self.register, self.book,
            on_claim=self.port.claim, on_progress=self.port.progress, on_archive=self.port.archive,
            on_crash=_never, on_health=self.port.health,
        )  # fmt: skip
        self.lane.shop = self
        self.port.lanes = (self.lane,)
        self.book.on_change(self._nudge)
        self.cable.plug(self.services, self._keyring, self.port)
        self.cable.connect()

    def _nudge(self, _: str | None) -> None:
        self._nudged = True

    def switch_off(self) -> None:
        self.cable.cut()
        self.lane.stop()
        self.register.disconnect()
        self.journal.close()

    def night(self, day: int, hour: int, minute: int = 0) -> None:
        """The PC is off until then; the server is not, and what time does there happens."""
        self.switch_off()
        self.hours.sleep(self.hours.until(day, hour, minute))
        self.tick_server()
        self.switch_on()

    def doze(self, day: int, hour: int, minute: int = 0) -> None:
        """The PC sleeps until then: its programs stand still and their monotonic clock with them."""
        self.cable.cut()
        seconds = self.hours.until(day, hour, minute)
        self.hours.sleep(seconds)
        self._dozed += max(0.0, seconds)
        self.tick_server()
        self.cable.connect()

    def _monotonic(self) -> float:
        return self.hours.now() - self._dozed

    def restart_server(self) -> None:
        """As ``build_app`` does it. The agent works on meanwhile and comes back."""
        self.cable.cut()
        self._close_server()
        self.hours.sleep(3.0)
        self._open_server()
        self.cable.ask(self._all_lost())
        self.cable.plug(self.services, self._keyring, self.port)
        self.cable.connect()

    async def _all_lost(self) -> None:
        async with self.services.database.write() as work:
            await agents.all_lost(work)

    def tick_server(self) -> None:
        self.cable.ask(duties.once(self.services.database, self.world))

    # --- time

    def turn(self) -> float:
        """One round of the lane, and what everybody has to say after it; how long nothing needs to be looked at."""
        if self.hours.now() - self._beat_at >= PING_EVERY:
            self._beat_at = self.hours.now()
            self.cable.beat()
        self._nudged = False
        pause = self.lane.round()
        if pause or self.hours.now() - self._flushed_at >= CARRY_EVERY:
            self._flushed_at = self.hours.now()
            self.book.tick()
            self.cable.flush()
        return 0.0 if self._nudged else pause

    def live(self, seconds: float, *, step: float = 45.0) -> None:
        """The shop for so long."""
        end = self.hours.now() + seconds
        while (left := end - self.hours.now()) > 0:
            self.hours.sleep(min(left, step, self.turn()))

    def live_until(self, day: int, hour: int, minute: int = 0) -> None:
        self.live(self.hours.until(day, hour, minute))

    def settle(self, job_ids: Sequence[str], *, patience: float = 3600.0) -> None:
        """Until these jobs have ended."""
        deadline = self.hours.now() + patience
        while waiting := [job_id for job_id in job_ids if not self._ended(job_id)]:
            assert self.hours.now() < deadline, [(job_id, self._row(job_id)) for job_id in waiting]
            self.hours.sleep(min(self.turn(), 5.0))

    def _row(self, job_id: str) -> Any:
        return self.journal.read(lambda tx: tx.job(job_id))

    def _ended(self, job_id: str) -> bool:
        row = self._row(job_id)
        return row is not None and row.archived  # the server has its end, too

    # --- the CRM

    def post(self, *wanted: Wanted, start_within: int = 3000) -> None:
        """Several jobs at a time, as a queue at the desk."""
        for one in wanted:
            self.asked[one.job_id] = {"kind": one.kind, "payload": one.payload}
        self.cable.ask(self._post(wanted, start_within))

    async def _post(self, wanted: Sequence[Wanted], start_within: int) -> None:
        async with self.services.database.write() as work:
            for one in wanted:
                asked = jobs.JobPost(
                    job_id=one.job_id, kkm_id=KKM, kind=JobKind(one.kind), start_within_s=start_within,
                    payload=one.payload, order_ref=f"order {one.job_id}",
                )  # fmt: skip
                await jobs.post(work, self.world, self.services.settings.limits, self.tenant_id, asked)

    def crm(self, act: Callable[..., Any], *args: Any) -> None:
        """``jobs.cancel`` or ``jobs.renew``."""

        async def done() -> None:
            async with self.services.database.write() as work:
                await act(work, self.world, self.tenant_id, *args)

        self.cable.ask(done())

    def policy(self, **policy: Any) -> None:
        """The owner changes the desk."""

        async def put() -> None:
            async with self.services.database.write() as work:
                asked = desks.DeskPut(desk_id=DESK, kkm_id=KKM, shift_policy=desks.ShiftPolicy(**policy))
                await desks.put(work, self.world, self.tenant_id, asked)

        self.cable.ask(put())
        self.cable.flush()

    # --- hands on the register, and what is seen

    def script(self, *orders: str) -> None:
        for order in orders:
            perform(self.device, order)

    @property
    def drawer(self) -> int:
        return self.device.state.counters.drawer

    @property
    def last_fd(self) -> int:
        return len(self.device.state.drive.documents)

    def notice(self, what: str, **planted: Any) -> None:
        """Keep the server's health row as it stands now, with what should be seen in it."""
        with closing(sqlite3.connect(self.folder / "server.sqlite3")) as db:
            health, at = db.execute("SELECT health, health_at FROM devices").fetchone()
        seen = {"what": what, "local": self.hours.local().isoformat(), "planted": planted}
        self.noticed.append({**seen, "health": json.loads(health or "{}"), "health_at": at})

    def write_down(self) -> None:
        """What the audit reads besides the two databases."""
        state = self.device.state
        known = {
            "drawer": state.counters.drawer,
            "unsent": self.device.register.drive.unsent(self.device.register.now()),
            "capacity": state.drive.capacity,
            "tenant_id": self.tenant_id,
        }
        told = {"dump": dump(state.drive), "register": known, "asked": self.asked, "noticed": self.noticed}
        for name, value in told.items():
            (self.folder / f"{name}.json").write_text(json.dumps(value, ensure_ascii=False), "utf-8")


def _never(error: BaseException) -> None:
    """The thread's own: here a lane that crashes raises."""
    raise error


def _relax(connection: Any, *_: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF").close()


@contextmanager
def opened(
    folder: Path, start: datetime, *, ffd: str, capacity: int, rolls: Sequence[int], seed: int = 1
) -> Iterator[Shop]:
    """An open shop. No power is cut in it, so its files do not wait for the disk."""
    event.listen(Pool, "checkout", _relax)
    try:
        with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as runner:
            inline(patch)
            shop = Shop(folder, start, ffd=ffd, capacity=capacity, rolls=rolls, seed=seed)
            shop.open(runner)
            try:
                yield shop
            finally:
                shop.close()
    finally:
        event.remove(Pool, "checkout", _relax)
