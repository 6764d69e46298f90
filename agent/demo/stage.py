"""Server, registers and agent as processes, and the CRM's side of what happens between them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

from agent.demo.processes import START_LIMIT, Child, undisturbed
from agent.pairing import UrllibHttp
from agent.pictures import draw_png
from agent.problems import UserError
from protocol.crm.jobs import FINAL
from protocol.ffd.layout import DEFAULT_WIDTH, layout
from protocol.ffd.money import parse_kopecks

RECEIPT_LIMIT = 120.0
POLL = 0.05
MOSCOW = timedelta(hours=3)  # the zone of the demo's desks; a register's clock has no zone


@dataclass(frozen=True, slots=True)
class Register:
    """``make`` is what is simulated, ``driver`` what the agent drives it with."""

    kkm_id: str
    make: str
    driver: str
    ffd: str
    word: str

    @property
    def name(self) -> str:
        return f"{self.word}, ФФД {self.ffd}"


REGISTERS = (
    Register("17", "shtrih", "shtrih", "1.2", "Штрих-М"),
    Register("18", "atol", "atol-wire", "1.05", "АТОЛ"),
)
TERMINAL = "T17"
"""The card terminal at the first register's desk."""
ALSO_ON_THE_SECOND = ("04-", "05-", "15-", "18-")
"""Examples that both registers make, so that the two documents can be compared. How ATOL's wire names the rates of 22
and 5 % is not known: its maker's library makes such receipts."""


@dataclass(frozen=True, slots=True)
class Made:
    """How one example receipt ended."""

    name: str
    job_id: str
    kkm_id: str
    register: str
    ffd: str
    state: str
    fd: int | None = None
    fpd: str | None = None
    total: str | None = None
    vat: dict[str, str] | None = None
    seconds: float = 0.0
    picture: str | None = None
    reason: dict[str, Any] | None = None

    @property
    def good(self) -> bool:
        return self.state == "done" and self.fd is not None and self.fpd is not None and self.picture is not None


def picture_name(register: Register, example: Path) -> str:
    return f"{example.stem}.png" if register is REGISTERS[0] else f"{example.stem}-{register.make}.png"


def plays(examples: list[Path]) -> list[tuple[Register, Path]]:
    """Which register makes which example, in order."""
    second = [(REGISTERS[1], path) for path in examples if path.stem.startswith(ALSO_ON_THE_SECOND)]
    return [*((REGISTERS[0], path) for path in examples), *second]


class Stage:
    def __init__(self, output: Path, say: Callable[[str], None]) -> None:
        self.output = output
        self.run = output / "run"
        self.server_url = ""
        self.api_key = ""
        self.addresses: dict[str, str] = {}
        self.children: list[Child] = []
        self._say = say

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with undisturbed():
            for child in reversed(self.children):
                child.stop()

    def _spawn(self, name: str, *arguments: str) -> Child:
        child = Child(name, list(arguments), self.run)
        self.children.append(child)
        return child

    def start(self) -> None:
        database = str(self.run / "server.sqlite3")
        self._say("1. Сервер… / Server …")
        tenant = self._spawn(
            "server-init", "-m", "server.cli", "init", "--tenant", "Демо", "--json", "--database", database
        ).output()
        self.api_key = str(tenant["api_key"])
        # Together, because each takes a second to start.
        server = self._spawn("server", "-m", "server.cli", "run", "--port", "0", "--database", database)
        registers = [(register, self._register(register)) for register in REGISTERS]
        self.server_url = server.listening()
        self._say(f"   {self.server_url}")
        terminal = self._terminal()
        self._say("2. Две кассы и терминал (симуляторы)… / Two registers and a card terminal (simulators) …")
        for register, child in registers:
            self.addresses[register.kkm_id] = child.listening()
            self._say(f"   KKM_ID {register.kkm_id}: {register.name}, {self.addresses[register.kkm_id]}")
        self.addresses[TERMINAL] = terminal.listening()
        self._say(f"   KKM_ID {TERMINAL}: ZVT, {self.addresses[TERMINAL]}")
        self._say("3. Агент: сопряжение… / Agent: pairing …")
        agent_id = self._pair()
        self._say(f"   {agent_id}")
        devices = [*((r.kkm_id, r.name) for r in REGISTERS), (TERMINAL, "ZVT")]
        self.api("PUT", "/devices", [{"kkm_id": kkm, "name": name, "agent_id": agent_id} for kkm, name in devices])
        desks = [{"desk_id": f"desk-{r.kkm_id}", "kkm_id": r.kkm_id, "name": r.name} for r in REGISTERS]
        self.api("PUT", "/desks", [desks[0] | {"terminal_kkm_id": TERMINAL}, *desks[1:]])
        self._say("4. Агент: связь с сервером и кассами… / Agent: link to the server and the registers …")
        self._spawn("agent", "-m", "agent.cli", "agent", "run", "--no-tray", "--config", str(self.run / "config.toml"))
        for register in REGISTERS:
            device = self._bound(register.kkm_id)
            self._say(f"   {device['model']}, № {device['register_serial']}, ФН {device['fn_serial']}")
        self._say(f"   ZVT, № {self._bound(TERMINAL)['register_serial']}")

    def _bound(self, kkm_id: str) -> dict[str, Any]:
        return self.until(lambda: self.api("GET", f"/devices/{kkm_id}"), lambda d: d["state"] == "bound")

    def tell(self, kkm_id: str, word: str) -> None:
        """Something happens to a simulated register."""
        next(child for child in self.children if child.name == f"register-{kkm_id}").tell(word)

    def charges(self) -> list[dict[str, Any]]:
        """The book of the terminal's bank, as it is on disk."""
        dumped = self._spawn("bank", "-m", "agent.cli", "simulate", "zvt", "--state", str(self._bank), "--dump")
        try:
            charges: list[dict[str, Any]] = dumped.output()["charges"]
            return charges
        finally:
            self.children.remove(dumped)
            dumped.stop()

    @property
    def _bank(self) -> Path:
        return self.run / f"terminal-{TERMINAL}.json"

    def _terminal(self) -> Child:
        return self._spawn(
            f"terminal-{TERMINAL}", "-m", "agent.cli", "simulate", "zvt", "--listen", "tcp:127.0.0.1:0",
            "--state", str(self._bank), "--pace", "0.3",
        )  # fmt: skip

    def _register(self, register: Register) -> Child:
        now = (datetime.now(UTC) + MOSCOW).replace(tzinfo=None)
        return self._spawn(
            f"register-{register.kkm_id}", "-m", "agent.cli", "simulate", register.make, "--listen", "tcp:127.0.0.1:0",
            "--ffd", register.ffd, "--state", str(self.run / f"register-{register.kkm_id}.json"),
            "--paper", str(self.run / f"paper-{register.kkm_id}"), "--clock", now.isoformat(timespec="seconds"),
            "--control",
        )  # fmt: skip

    def _pair(self) -> str:
        """The CRM shows a line, the cashier pastes it, the owner confirms the PC."""
        devices = "".join(
            f'\n[[devices]]\nkkm_id = "{r.kkm_id}"\ndriver = "{r.driver}"\naddress = "{self.addresses[r.kkm_id]}"\n'
            for r in (*REGISTERS, Register(TERMINAL, "zvt", "zvt", "", "ZVT"))
        )
        path = self.run / "config.toml"
        path.write_text(f'[server]\nurl = "{self.server_url}"\n\n[agent]\ndata_dir = "agent-data"\n{devices}', "utf-8")
        code = self.api("POST", "/pairing-codes", {"name": "Демо-ПК"})
        pairing = self._spawn(
            "agent-pair", "-m", "agent.cli", "agent", "pair", code["line"], "--config", str(path), "--json"
        )
        here = f"/pairing-codes/{quote(code['code'])}"
        self.until(lambda: self.api("GET", here), lambda c: c["state"] == "claimed", pairing)
        self.api("POST", f"{here}/confirm", {})
        return str(pairing.output()["agent_id"])

    def receipt(self, register: Register, path: Path) -> Made:
        """Post one example as a job and follow it to its end."""
        job = json.loads(path.read_text("utf-8"))
        job_id = f"demo-{register.kkm_id}-{path.stem}"
        started = time.monotonic()
        # The order is the example's; that both registers make some of them is the demo's doing.
        self.api("POST", "/jobs", {**job, "job_id": job_id, "kkm_id": register.kkm_id, "allow_duplicate": True})
        seen = self.ended(job_id, RECEIPT_LIMIT)
        seconds = time.monotonic() - started
        proof: Mapping[str, Any] = seen.get("proof") or {}
        return Made(
            name=path.stem,
            job_id=job_id,
            kkm_id=register.kkm_id,
            register=register.word,
            ffd=register.ffd,
            state=str(seen["state"]),
            fd=proof.get("fd"),
            fpd=proof.get("fpd"),
            total=proof.get("total"),
            vat=proof.get("vat"),
            seconds=round(seconds, 3),
            picture=self.picture(picture_name(register, path), seen),
            reason=seen.get("reason"),
        )

    def ended(self, job_id: str, limit: float) -> dict[str, Any]:
        """The job when it has ended, or when a person is waited for, or as it is after ``limit`` seconds."""
        ended = {state.value for state in FINAL} | {"human"}
        return self.until(
            lambda: self.api("GET", f"/jobs/{job_id}"), lambda job: job["state"] in ended, limit=limit, strict=False
        )

    def picture(self, name: str, job: Mapping[str, Any]) -> str | None:
        """The document as the register's archive holds it: also of a receipt that was never on paper."""
        document, change = job.get("document"), (job.get("proof") or {}).get("change")
        if document is None:
            return None
        lines = layout(document["type"], document["tags"], change=parse_kopecks(change) if change else None)
        target = self.output / name
        target.write_bytes(draw_png(lines, DEFAULT_WIDTH))
        return str(target)

    def api(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """One request of the CRM."""
        http = UrllibHttp(headers={"Authorization": f"Bearer {self.api_key}"})
        said = http(method, f"{self.server_url}/api/v1{path}", body)
        if said.status >= 400:
            raise UserError(
                str(said.body.get("code", "http_error")),
                f"{method} {path}: {said.status} {json.dumps(said.body, ensure_ascii=False)}",
                f"{method} {path}: {said.status}",
                exit_code=1,
            )
        return said.body

    def until(
        self,
        look: Callable[[], dict[str, Any]],
        good: Callable[[dict[str, Any]], bool],
        needed: Child | None = None,
        *,
        limit: float = START_LIMIT,
        strict: bool = True,
    ) -> dict[str, Any]:
        """Look until it is good. A process that has died ends the waiting, and so does the limit."""
        deadline = time.monotonic() + limit
        while True:
            seen = look()
            if good(seen):
                return seen
            for child in self.children:
                code = child.process.poll()
                if code is not None and (code != 0 or child is needed):
                    raise child.failed()
            if time.monotonic() > deadline:
                if not strict:
                    return seen
                raise UserError(
                    "demo_too_slow",
                    f"Не дождались за {limit:.0f} с. Журналы: {self.run}. "
                    f"Последнее: {json.dumps(seen, ensure_ascii=False)}",
                    f"Nothing came of it in {limit:.0f} s. Logs: {self.run}",
                    exit_code=1,
                )
            time.sleep(POLL)
