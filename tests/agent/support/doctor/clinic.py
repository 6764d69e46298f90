"""A cashier's PC in perfect health, made of real parts, and the ways to plant one fault in it.

Server, agent and register ran once as processes: the identity, the journal and the register's memory are what they
left behind. Each test gets its own copy; the server still runs.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from agent.identity import Identity, load_identity, save_identity
from agent.journal.store import Journal, Transaction
from agent.link.status import LinkStatus, Trouble
from agent.status import AgentStatus, DeviceStatus, JobStatus
from agent.support.doctor import CHECKS, Report, Scene, Verdict, World, examine
from agent.support.doctor.bedside import look
from agent.support.doctor.model import Finding
from agent.support.install import Install, write_install
from agent.version import VERSION
from drivers.simulators.assembly import store_of
from protocol.crm.codes import reason
from protocol.crm.link_machine import AgentLink
from tests.support.rig import Rig

T = TypeVar("T")
KKM = "17"
DESK = "desk-1"
LIMIT = 5.0
TURNED = (Verdict.WARNING, Verdict.BAD, Verdict.UNKNOWN)


def now() -> datetime:
    return datetime.now(UTC)


def at_the_desk() -> datetime:
    return datetime.now(ZoneInfo("Europe/Moscow")).replace(tzinfo=None, microsecond=0)


@dataclass(frozen=True)
class Home:
    """What a day of work left behind."""

    rig: Rig
    data: Path
    register: Path


def settle(rig: Rig) -> Home:
    """Live that day: pair, bind the register, stop."""
    rig.start_server()
    rig.start_register(clock=at_the_desk().isoformat())
    rig.configure()
    rig.put("/devices", {"kkm_id": KKM, "name": "Касса 1"})
    rig.put("/desks", {"desk_id": DESK, "kkm_id": KKM})
    rig.pair()
    agent = rig.start_agent()
    rig.bound()
    assert agent.stop() == 0
    assert rig.register is not None
    rig.register.stop()
    (rig.folder / "agent" / "journal.ballast").unlink(missing_ok=True)
    return Home(rig, rig.folder / "agent", rig.folder / "register.json")


class Clinic:
    """``running``: the agent runs and holds the register, so it is the one who tells; otherwise the doctor asks."""

    def __init__(self, home: Home, folder: Path, stack: ExitStack, *, running: bool) -> None:
        self.home = home
        self.stack = stack
        self.folder = folder
        self.data = folder / "data"
        self.register = folder / "register.json"
        self.config = folder / "config.toml"
        shutil.copytree(home.data, self.data, ignore=shutil.ignore_patterns("*.sock", "control.json", "locks"))
        shutil.copy(home.register, self.register)
        program = folder / "program"
        program.mkdir()
        self.limit = LIMIT
        self.world = World(
            proxies=dict,
            no_proxy=lambda _: False,
            free=lambda _: 100 << 30,
            ports=tuple,
            program=program,
            data_dirs=(folder / "wide", folder / "own"),
            temporary=(folder / "temporary",),
            all_powerful=lambda: False,
        )
        self.server_url = home.rig.url
        self.address = f"sim:shtrih?state={self.register}&clock={at_the_desk().isoformat()}"
        self.driver = "shtrih"
        self.more = ""
        self.write()
        write_install(self.data, Install(program, VERSION, self.config, now()))
        self.status = self._telling() if running else None

    # --- the files

    def write(self, **changes: str) -> None:
        """The configuration anew; ``changes``: ``server_url``, ``address``, ``driver``, ``data_dir``, ``more``."""
        for name, value in changes.items():
            if name != "data_dir":
                setattr(self, name, value)
        self.config.write_text(
            f'[server]\nurl = "{self.server_url}"\n[agent]\ndata_dir = "{changes.get("data_dir", self.data)}"\n'
            f'[[devices]]\nkkm_id = "{KKM}"\ndriver = "{self.driver}"\naddress = "{self.address}"\n{self.more}',
            "utf-8",
        )

    def identity(self, **changes: Any) -> Identity:
        """The pairing, changed."""
        identity = load_identity(self.data).model_copy(update=changes)
        save_identity(self.data, identity)
        return identity

    def server(self, url: str) -> None:
        """Configuration and pairing name this server."""
        self.write(server_url=url)
        self.identity(server_url=url)

    def journal(self, work: Callable[[Transaction], T], *, at: datetime | None = None) -> T:
        journal = Journal(
            self.data / "journal.sqlite3", now=lambda: at or now(), new_id=lambda: "doctors-test", ballast=False
        )
        with closing(journal):
            return journal.commit(work)

    @contextmanager
    def memory(self) -> Iterator[Any]:
        """The simulated register's memory."""
        store = store_of(self.register, "shtrih")
        state = store.load()
        yield state
        store.save(state)

    # --- the running agent

    def _telling(self) -> AgentStatus:
        scene = Scene(self.config, self.world, LIMIT)
        seen = look(replace(scene, at=scene.config.devices[0]))
        identity = load_identity(self.data)
        register = DeviceStatus(KKM, "shtrih", self.address, DESK, seen.identity, True, facts=seen.facts)
        return AgentStatus(
            now(), VERSION, identity.agent_id, identity.tenant, self.server_url, LinkStatus(AgentLink.READY, now()),
            (register,),
        )  # fmt: skip

    def tell(self, **changes: Any) -> None:
        assert self.status is not None
        self.status = replace(self.status, **changes)

    def tell_register(self, **changes: Any) -> None:
        assert self.status is not None
        self.tell(devices=(replace(self.status.devices[0], **changes),))

    def tell_facts(self, part: str | None = None, **changes: Any) -> None:
        """The register's facts, changed; ``part``: inside this one of them."""
        assert self.status is not None
        facts: Mapping[str, Any] = self.status.devices[0].facts or {}
        self.tell_register(facts={**facts, **changes} if part is None else {**facts, part: {**facts[part], **changes}})

    def tell_trouble(self, code: str, detail: str | None = None) -> None:
        self.tell_register(trouble=reason(code, detail=detail))

    def tell_link(self, code: str, state: AgentLink = AgentLink.WAITING) -> None:
        self.tell(link=LinkStatus(state, now(), Trouble(code)))

    def tell_job(self, job: JobStatus, **device: Any) -> None:
        self.tell(recent=(job,))
        self.tell_register(job=job.job_id, **device)

    # --- the doctor

    def set(self, **changes: Any) -> None:
        self.world = replace(self.world, **changes)

    def examine(self, *only: str) -> Report:
        world = self.world if self.status is None else replace(self.world, status=lambda: self.status)
        return examine(CHECKS, Scene(self.config, world, self.limit), only=only, limit=self.limit + 5)


def turned(report: Report) -> dict[str, tuple[Verdict, str]]:
    return {f.id: (f.verdict, f.code) for f in report.findings if f.verdict in TURNED}


def finding(report: Report, check: str) -> Finding:
    return next(f for f in report.findings if f.id == check)


@dataclass(frozen=True)
class Case:
    """``plant`` breaks one thing in a healthy PC; then ``check`` tells ``code``, and no other check turns. ``stopped``:
    no agent runs, which the doctor says as well."""

    check: str
    code: str
    plant: Callable[[Clinic], object]
    stopped: bool = False

    @property
    def name(self) -> str:
        return f"{self.check}-{self.code}"
