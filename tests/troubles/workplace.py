"""One workplace at work: a server, a PC with one register, the line between them; and what three parties say of it.

Everything is real: the agent and the server as processes, the register as a simulated one behind TCP, the status
through the running agent's local channel, the answers through REST. The tray's view and the doctor are called in this
process, as the tray program and ``kassabridge agent doctor`` call them.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.app import JOURNAL
from agent.cli import main
from agent.identity import Identity, load_identity, save_identity
from agent.pairing import pair
from agent.status import AgentStatus
from agent.support.doctor import CHECKS, Scene, Verdict, World, examine
from agent.support.doctor.command import status_from
from agent.support.install import program_path
from agent.tray.model import IconState, Item, Menu, TrayView
from agent.tray.view import view
from protocol.crm.messages import Desk
from tests.e2e.shop import QUICK, Json, Shop, Till, open_shop
from tests.protocol.ffd.payloads import item, payload
from tests.support.patience import BUSY
from tests.support.proxy import Proxy
from tests.support.rig import ROOT, Process
from tests.troubles.clicks import Console

KKM, DESK = "17", "front"
TURNED = (Verdict.WARNING, Verdict.BAD, Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Told:
    """What tray, doctor and server say at one moment. ``doctor``: every check that is not good, ``id:code``; ``None``
    while it has not been asked, which takes longer than all else."""

    icon: IconState
    sentences: tuple[str, ...]
    doctor: frozenset[str] | None
    server: object


class Workplace:
    def __init__(self, shop: Shop, till: Till, proxy: Proxy) -> None:
        self.shop = shop
        self.rig = shop.rig
        self.till = till
        self.proxy = proxy
        self.config = self.rig.folder / "agent.toml"
        self.data = self.rig.folder / "agent"
        self.agent: Process | None = None
        self.agent_id = ""
        self.job = ""
        """The last job that was posted."""
        self.program = program_path()
        """From where the doctor is started."""
        self.free: Callable[[Path], int] = lambda _: 100 << 30
        """Bytes that are left of a disk, as the doctor sees them: this machine's disks are no part of what is told."""
        self.kept: Identity | None = None
        self.kept_text = ""
        self.console: Console | None = None
        """Opened by the first who looks."""
        self.alerts: list[str] = []
        """What the tray program has put on the screen instead of its icon."""
        self._posted = 0

    # --- the PC

    @property
    def url(self) -> str:
        """The server, as this PC knows it."""
        return f"http://127.0.0.1:{self.proxy.port}"

    def pair(self) -> None:
        """Pair this PC over the line, and name the server in its configuration by the same address."""
        code = self.rig.post("/pairing-codes", {"auto_confirm": True})["line"].rsplit("/", 1)[1]
        self.agent_id = pair(f"{self.url}/pair/{code}", self.data, version="0", say=lambda *_: None).agent_id
        self.edit(self.rig.url, self.url)

    def edit(self, old: str, new: str) -> None:
        """Replace words of the PC's config.toml."""
        text = self.config.read_text("utf-8")
        assert old in text, text
        self.config.write_text(text.replace(old, new), "utf-8")

    def identity(self, **changes: Any) -> Identity:
        """Replace words of the PC's pairing; the pairing as it was."""
        before = load_identity(self.data)
        save_identity(self.data, before.model_copy(update=changes))
        return before

    def restore(self) -> None:
        assert self.kept is not None
        save_identity(self.data, self.kept)

    def start(self) -> None:
        """The agent, with a quick heartbeat and quick looks at its register: neither is what is tested."""
        self.agent = self.rig.start_agent(dying=("--ping", "1.0", "--hurry", "--look", "1.0"))
        self.program, self.alerts = program_path(), []

    def stop(self) -> None:
        assert self.agent is not None
        assert self.agent.stop() == 0

    def again(self) -> None:
        self.stop()
        self.start()

    def start_refused(self) -> None:
        """A start that comes to nothing, as the tray program makes it: it has no console, and shows its words."""
        assert main(["agent", "run", "--config", str(self.config)], alert=self.alerts.append) == 2

    def runs_from(self, name: str) -> None:
        """The agent from a program folder of its own."""
        folder = self.rig.folder / name
        if not folder.exists():
            for package in ("agent", "drivers", "protocol"):
                shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
            (folder / "run.py").write_text("from agent.cli import main\n\nraise SystemExit(main())\n", "utf-8")
        command = (str(folder / "run.py"), "agent", "run", "--no-tray", "--config", str(self.config))
        self.agent = self.rig.spawn(f"agent-{name}", *command, ready=False)
        self.program = folder

    def moves(self, name: str, to: str) -> None:
        """Somebody takes the program's folder elsewhere; the doctor is called from there."""
        self.program = (self.rig.folder / name).rename(self.rig.folder / to)

    # --- the register

    def switch_off(self) -> None:
        """Nothing listens at its address any more."""
        assert self.till.process is not None
        self.till.process.stop()

    def switch_on(self, whose: str = KKM) -> None:
        """The register, or another one at the same address."""
        state = self.rig.folder / f"{whose}.json"
        command = self.till.family.run(
            self.till.address, state, "--control", "--seed", whose, "--print-time", "0", "--clock", at_the_desk()
        )
        self.till.process = self.rig.spawn(f"register-{whose}", *command, control=True)

    # --- jobs

    def sell(self, rouble: str = "100.00", **more: Any) -> str:
        self._posted += 1
        content = payload(item(rouble), cash=rouble)
        self.job = self.till.post("receipt", content, job_id=f"sale-{self._posted}", **more)
        return self.job

    # --- the three

    def status(self) -> AgentStatus | None:
        return status_from(self.config)

    def tray(self, status: AgentStatus | None = None) -> TrayView:
        return view(status or self.status(), datetime.now(UTC).astimezone(), "ru")

    def doctor(self, later: timedelta = timedelta(), only: tuple[str, ...] = ()) -> frozenset[str]:
        """``later``: the doctor comes that much later than now."""
        world = World(
            status=lambda: status_from(self.config),
            now=lambda: datetime.now(UTC) + later,
            proxies=dict,
            no_proxy=lambda _: True,
            free=self.free,
            program=self.program,
            data_dirs=(),
            temporary=(),
            all_powerful=lambda: False,
        )
        report = examine(CHECKS, Scene(self.config, world), only=only)
        return frozenset(f"{found.id}:{found.code}" for found in report.findings if found.verdict in TURNED)

    def answer(self, path: str) -> Json:
        return self.rig.get(path.format(job=self.job, kkm_id=KKM, agent=self.agent_id, desk=DESK))

    def told(self, server: Callable[[Workplace], object]) -> Told:
        shown = self.tray()
        return Told(shown.icon, (*said(shown), *self.alerts), None, server(self))

    def until(self, condition: Callable[[], object], what: str, seconds: float = BUSY) -> None:
        self.rig.until(condition, seconds, what)

    def becomes(self, *states: str) -> Json:
        """The last job, once it is in one of these states."""
        return self.rig.settled(self.job, BUSY, set(states))

    def clicks_to(self, *sentences: str) -> tuple[int, str] | None:
        """How far the console's page is that says this."""
        if self.console is None:
            self.console = Console(self.rig)
        return self.console.clicks_to(*sentences)

    def desk(self) -> Desk:
        """The register's desk, as the PC has it."""
        with closing(sqlite3.connect(f"{(self.data / JOURNAL).as_uri()}?mode=ro", uri=True)) as journal:
            (row,) = journal.execute("SELECT row FROM devices WHERE kkm_id = ?", (self.till.kkm_id,)).fetchone()
        return Desk.model_validate(json.loads(row)["desk"])

    def well(self) -> bool:
        """Nothing stands in the way any more."""
        return self.tray().icon is IconState.READY


def at_the_desk() -> str:
    return datetime.now(ZoneInfo("Europe/Moscow")).replace(tzinfo=None).isoformat(timespec="seconds")


def said(shown: TrayView) -> Iterator[str]:
    """The icon's text, then everything that the menu says without being asked."""
    yield shown.text
    yield from _lines(shown.menu)


def _lines(menu: Menu) -> Iterator[str]:
    for entry in menu:
        if isinstance(entry, Item):
            yield entry.text
            if entry.submenu:
                yield from _lines(entry.submenu)


@contextmanager
def workplace(folder: Path, *, listen: str = "tcp:127.0.0.1:0") -> Iterator[Workplace]:
    """Paired, its register at its desk; the agent is not started yet."""
    with open_shop(folder) as shop:
        proxy = Proxy("127.0.0.1", int(shop.rig.url.rsplit(":", 1)[1]))
        try:
            till = shop.till(KKM, listen=listen)
            shop.rig.put("/desks", {"desk_id": DESK, "kkm_id": KKM})
            shop.stand_at("agent", till, profile=QUICK)
            place = Workplace(shop, till, proxy)
            place.pair()
            try:
                yield place
            finally:
                if place.console is not None:
                    place.console.close()
        finally:
            for process in shop.rig.processes:  # before their line ends, so that nobody waits for it
                process.end()
            proxy.close()
