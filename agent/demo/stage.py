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
        self._say("2. Две кассы (симуляторы)… / Two registers (simulators) …")
        for register, child in registers:
            self.addresses[register.kkm_id] = child.listening()
            self._say(f"   KKM_ID {register.kkm_id}: {register.name}, {self.addresses[register.kkm_id]}")
        self._say("3. Агент: сопряжение… / Agent: pairing …")
        agent_id = self._pair()
        self._say(f"   {agent_id}")
        self.api("PUT", "/devices", [{"kkm_id": r.kkm_id, "name": r.name, "agent_id": agent_id} for r in REGISTERS])
        self.api(
            "PUT", "/desks", [{"desk_id": f"desk-{r.kkm_id}", "kkm_id": r.kkm_id, "name": r.name} for r in REGISTERS]
        )
        self._say("4. Агент: связь с сервером и кассами… / Agent: link to the server and the registers …")
        self._spawn("agent", "-m", "agent.cli", "agent", "run", "--no-tray", "--config", str(self.run / "config.toml"))
        for register in REGISTERS:
            device = self._bound(register)
            self._say(f"   {device['model']}, № {device['register_serial']}, ФН {device['fn_serial']}")

    def _bound(self, register: Register) -> dict[str, Any]:
        return self._until(lambda: self.api("GET", f"/devices/{register.kkm_id}"), lambda d: d["state"] == "bound")

    def _register(self, register: Register) -> Child:
        now = (datetime.now(UTC) + MOSCOW).replace(tzinfo=None)
        return self._spawn(
            f"register-{register.kkm_id}", "-m", "agent.cli", "simulate", register.make, "--listen", "tcp:127.0.0.1:0",
            "--ffd", register.ffd, "--state", str(self.run / f"register-{register.kkm_id}.json"),
            "--paper", str(self.run / f"paper-{register.kkm_id}"), "--clock", now.isoformat(timespec="seconds"),
        )  # fmt: skip

    def _pair(self) -> str:
        """The CRM shows a line, the cashier pastes it, the owner confirms the PC."""
        devices = "".join(
            f'\n[[devices]]\nkkm_id = "{r.kkm_id}"\ndriver = "{r.driver}"\naddress = "{self.addresses[r.kkm_id]}"\n'
            for r in REGISTERS
        )
        path = self.run / "config.toml"
        path.write_text(f'[server]\nurl = "{self.server_url}"\n\n[agent]\ndata_dir = "agent-data"\n{devices}', "utf-8")
        code = self.api("POST", "/pairing-codes", {"name": "Демо-ПК"})
        pairing = self._spawn(
            "agent-pair", "-m", "agent.cli", "agent", "pair", code["line"], "--config", str(path), "--json"
        )
        here = f"/pairing-codes/{quote(code['code'])}"
        self._until(lambda: self.api("GET", here), lambda c: c["state"] == "claimed", pairing)
        self.api("POST", f"{here}/confirm", {})
        return str(pairing.output()["agent_id"])

    def receipt(self, register: Register, path: Path) -> Made:
        """Post one example as a job and follow it to its end."""
        job = json.loads(path.read_text("utf-8"))
        job_id = f"demo-{register.kkm_id}-{path.stem}"
        started = time.monotonic()
        # The order is the example's; that both registers make some of them is the demo's doing.
        self.api("POST", "/jobs", {**job, "job_id": job_id, "kkm_id": register.kkm_id, "allow_duplicate": True})
        ended = {state.value for state in FINAL} | {"human"}
        seen = self._until(
            lambda: self.api("GET", f"/jobs/{job_id}"), lambda j: j["state"] in ended, limit=RECEIPT_LIMIT, strict=False
        )
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
            picture=self._picture(self.output / picture_name(register, path), seen.get("document"), proof),
            reason=seen.get("reason"),
        )

    def _picture(self, target: Path, document: Mapping[str, Any] | None, proof: Mapping[str, Any]) -> str | None:
        """The document as the register's archive holds it: also of a receipt that was never on paper."""
        if document is None:
            return None
        change = proof.get("change")
        lines = layout(document["type"], document["tags"], change=parse_kopecks(change) if change else None)
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

    def _until(
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
