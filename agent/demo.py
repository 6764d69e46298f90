"""``kassabridge demo``: a server, an agent and a simulated register as real processes, and receipts through them.

Everything it writes is in ``./demo-output``: the pictures of the receipts, and under ``run`` the databases, logs and
configuration of the processes. The next demo removes what the last one wrote there, and nothing else.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

from agent.console import answer, show, tell
from agent.pairing import UrllibHttp
from agent.problems import UserError
from protocol.crm.jobs import FINAL

OUTPUT = Path("demo-output")
WRITTEN = ".written-by-demo"
KKM_ID = "17"
START_LIMIT = 60.0
RECEIPT_LIMIT = 120.0
POLL = 0.05
MOSCOW = timedelta(hours=3)  # the zone of the demo's desk; the register's clock has no zone
PAPER_LIMIT = 10.0
_RATES = {
    "none": "без НДС", "vat0": "0%", "vat5": "5%", "vat7": "7%", "vat10": "10%", "vat20": "20%", "vat22": "22%",
    "vat105": "5/105", "vat107": "7/107", "vat110": "10/110", "vat120": "20/120", "vat122": "22/122",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """How one example receipt ended."""

    name: str
    job_id: str
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
        return self.state == "done" and self.fd is not None and self.fpd is not None


def run_demo(*, keep: bool = False, as_json: bool = False, output: Path = OUTPUT) -> int:
    """0 only when every receipt is done with its proof."""
    say = tell if as_json else show
    _check_installed()
    examples = _examples()
    _clean(output, [f"{path.stem}.png" for path in examples])
    with _sigterm_as_interrupt(), _Demo(output, say) as demo:
        demo.start()
        if not as_json:
            _head(say)
        made: list[Made] = []
        for path in examples:
            made.append(demo.receipt(path))
            if not as_json:
                _row(say, len(made), made[-1])
        ok = all(one.good for one in made)
        if as_json:
            answer(_document(ok, made, demo, output, keep))
        else:
            _total(say, made, output)
        if keep:
            _keep(demo, output, say)
    return 0 if ok else 1


def _check_installed() -> None:
    missing = [
        name for name in ("server", "fastapi", "uvicorn", "sqlalchemy") if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise UserError(
            "server_not_installed",
            f"Для демонстрации нужен сервер, а его частей нет: {', '.join(missing)}. "
            "Установите: pip install 'kassabridge[server]' (в исходном дереве: make setup).",
            f"The demo needs the server, parts of which are missing: {', '.join(missing)}. "
            "Install: pip install 'kassabridge[server]' (in the source tree: make setup).",
        )


def _examples() -> list[Path]:
    """The example receipts of the source tree: below the current folder, or beside this package."""
    for root in (Path.cwd(), Path(__file__).resolve().parent.parent):
        found = sorted((root / "examples" / "receipts").glob("*.json"))
        if found:
            return found
    raise UserError(
        "no_examples",
        "Не найдены примеры чеков examples/receipts/*.json. Запустите команду в папке исходного дерева.",
        "No example receipts examples/receipts/*.json. Run the command in the folder of the source tree.",
    )


def _clean(output: Path, pictures: list[str]) -> None:
    """Remove what the last demo wrote (it left a list), and write the list of this one before anything else."""
    listed = output / WRITTEN
    if listed.exists():
        for name in listed.read_text("utf-8").splitlines():
            path = output / name
            if path.parent != output:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    if (output / "run").exists():
        raise UserError(
            "demo_output_taken",
            f"Папка {output / 'run'} создана не демонстрацией. Переименуйте её или запустите команду в другой папке.",
            f"The folder {output / 'run'} was not made by the demo. Rename it, or run the command in another folder.",
        )
    output.mkdir(exist_ok=True)
    listed.write_text("\n".join(["run", *pictures]) + "\n", "utf-8")
    (output / "run").mkdir()


@contextlib.contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """A terminated demo must not leave its processes behind."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# --- processes ------------------------------------------------------------------------------------------------------


class Child:
    """A process of ours: its log in a file, its first line on stdout awaited, its end by pid."""

    def __init__(self, name: str, arguments: list[str], folder: Path) -> None:
        self.name = name
        self._log_path = folder / f"{name}.log"
        self._log = self._log_path.open("wb")
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"},
        )
        self._reader = threading.Thread(target=self._read, name=f"{name}-out", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for raw in self.process.stdout:
            self._lines.put(raw.decode("utf-8", "replace"))
        self._lines.put(None)

    def listening(self) -> str:
        """The address of ``{"listening": …}``, which a server prints when it is ready."""
        try:
            line = self._lines.get(timeout=START_LIMIT)
        except queue.Empty:
            line = None
        try:
            return str(json.loads(line or "")["listening"])
        except (ValueError, KeyError, TypeError):
            raise self.failed() from None

    def output(self) -> dict[str, Any]:
        """All of its stdout as JSON, once it has ended well."""
        if self.process.wait(START_LIMIT) != 0:
            raise self.failed()
        self._reader.join(START_LIMIT)
        text = "".join(line for line in iter(self._lines.get, None))
        found: dict[str, Any] = json.loads(text)
        return found

    def failed(self) -> UserError:
        with contextlib.suppress(OSError):
            self._log.flush()
        tail = "\n".join(self._log_path.read_text("utf-8", "replace").splitlines()[-8:])
        return UserError(
            "demo_process_failed",
            f"Процесс «{self.name}» не работает (код {self.process.poll()}). Журнал: {self._log_path}\n{tail}",
            f"The process “{self.name}” does not work (exit code {self.process.poll()}). Log: {self._log_path}",
            exit_code=1,
        )

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()


class _Demo:
    """The three processes, and the CRM's side of what happens between them."""

    def __init__(self, output: Path, say: Callable[[str], None]) -> None:
        self.output = output
        self.run = output / "run"
        self.server_url = ""
        self.api_key = ""
        self.register_address = ""
        self._say = say
        self._children: list[Child] = []

    def __enter__(self) -> _Demo:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with _undisturbed():
            for child in reversed(self._children):
                child.stop()

    def _spawn(self, name: str, *arguments: str) -> Child:
        child = Child(name, list(arguments), self.run)
        self._children.append(child)
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
        register = self._spawn(
            "register", "-m", "agent.cli", "simulate", "shtrih", "--listen", "tcp:127.0.0.1:0",
            "--state", str(self.run / "register.json"), "--paper", str(self.run / "paper"),
            "--clock", (datetime.now(UTC) + MOSCOW).replace(tzinfo=None).isoformat(timespec="seconds"),
        )  # fmt: skip
        self.server_url = server.listening()
        self._say(f"   {self.server_url}")
        self._say("2. Касса (симулятор)… / Register (simulator) …")
        self.register_address = register.listening()
        self._say(f"   {self.register_address}")
        self._say("3. Агент: сопряжение… / Agent: pairing …")
        agent_id = self._pair()
        self._say(f"   {agent_id}")
        self.api("PUT", "/devices", [{"kkm_id": KKM_ID, "name": "Демо-касса", "agent_id": agent_id}])
        self.api("PUT", "/desks", [{"desk_id": "demo", "kkm_id": KKM_ID, "timezone": "Europe/Moscow"}])
        self._say("4. Агент: связь с сервером и кассой… / Agent: link to the server and the register …")
        self._spawn("agent", "-m", "agent.cli", "agent", "run", "--no-tray", "--config", str(self.run / "config.toml"))
        device = self._until(lambda: self.api("GET", f"/devices/{KKM_ID}"), lambda d: d["state"] == "bound")
        self._say(f"   {device['model']}, № {device['register_serial']}, ФН {device['fn_serial']}")

    def _pair(self) -> str:
        """The CRM shows a line, the cashier pastes it, the owner confirms the PC."""
        config = (
            f'[server]\nurl = "{self.server_url}"\n\n[agent]\ndata_dir = "agent-data"\n\n'
            f'[[devices]]\nkkm_id = "{KKM_ID}"\ndriver = "shtrih"\naddress = "{self.register_address}"\n'
        )
        path = self.run / "config.toml"
        path.write_text(config, "utf-8")
        code = self.api("POST", "/pairing-codes", {"name": "Демо-ПК"})
        pairing = self._spawn(
            "agent-pair", "-m", "agent.cli", "agent", "pair", code["line"], "--config", str(path), "--json"
        )
        here = f"/pairing-codes/{quote(code['code'])}"
        self._until(lambda: self.api("GET", here), lambda c: c["state"] == "claimed", pairing)
        self.api("POST", f"{here}/confirm", {})
        return str(pairing.output()["agent_id"])

    def receipt(self, path: Path) -> Made:
        """Post one example as a job and follow it to its end."""
        job = json.loads(path.read_text("utf-8"))
        job_id = f"demo-{path.stem}"
        started = time.monotonic()
        self.api("POST", "/jobs", {**job, "job_id": job_id, "kkm_id": KKM_ID})
        ended = {state.value for state in FINAL} | {"human"}
        seen = self._until(
            lambda: self.api("GET", f"/jobs/{job_id}"), lambda j: j["state"] in ended, limit=RECEIPT_LIMIT, strict=False
        )
        seconds = time.monotonic() - started
        proof: Mapping[str, Any] = seen.get("proof") or {}
        return Made(
            name=path.stem,
            job_id=job_id,
            state=str(seen["state"]),
            fd=proof.get("fd"),
            fpd=proof.get("fpd"),
            total=proof.get("total"),
            vat=proof.get("vat"),
            seconds=round(seconds, 3),
            picture=self._picture(path.stem, proof.get("fd")),
            reason=seen.get("reason"),
        )

    def _picture(self, name: str, fd: int | None) -> str | None:
        """The slip that the register printed; paper comes out a little after the document is fiscal."""
        if fd is None:
            return None
        slip, target = self.run / "paper" / f"{fd}.png", self.output / f"{name}.png"
        deadline = time.monotonic() + PAPER_LIMIT
        while not slip.exists():
            if time.monotonic() > deadline:
                return None
            time.sleep(POLL)
        shutil.copyfile(slip, target)
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
            for child in self._children:
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


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl+C does not stop the stopping."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- what is shown --------------------------------------------------------------------------------------------------

_LAYOUT = "{:>2}  {:<34} {:<9} {:>4}  {:<10} {:>10}  {:<34} {:>6}"


def _head(say: Callable[[str], None]) -> None:
    say("")
    say(_LAYOUT.format("№", "Чек", "Состояние", "ФД", "ФП", "Итог", "НДС", "сек"))
    say(_LAYOUT.format("", "Receipt", "state", "FD", "sign", "total", "VAT", "s"))
    say("-" * 116)


def _row(say: Callable[[str], None], number: int, made: Made) -> None:
    vat = ", ".join(f"{_RATES.get(rate, rate)}: {amount}" for rate, amount in (made.vat or {}).items())
    name = re.sub(r"^\d+-", "", made.name)
    say(
        _LAYOUT.format(
            number, name[:34], made.state, made.fd or "—", made.fpd or "—", made.total or "—", vat or "—",
            f"{made.seconds:.2f}",
        )
    )  # fmt: skip
    if made.picture:
        say(f"    {made.picture}")
    if made.reason and not made.good:
        say(f"    {made.reason.get('text')} {made.reason.get('advice')} [{made.reason.get('code')}]")


def _total(say: Callable[[str], None], made: list[Made], output: Path) -> None:
    good = sum(one.good for one in made)
    say("-" * 116)
    say(f"Готово с доказательством: {good} из {len(made)}. Картинки чеков: {output}")
    say(f"Done with proof: {good} of {len(made)}. Pictures of the receipts: {output}")


def _document(ok: bool, made: list[Made], demo: _Demo, output: Path, keep: bool) -> dict[str, Any]:
    document: dict[str, Any] = {"ok": ok, "receipts": [asdict(one) for one in made], "output": str(output)}
    if keep:
        document |= {
            "server_url": demo.server_url,
            "api_key": demo.api_key,
            "register": demo.register_address,
            "kkm_id": KKM_ID,
        }
    return document


def _keep(demo: _Demo, output: Path, say: Callable[[str], None]) -> None:
    """Leave the processes to the reader until Ctrl+C."""
    job = json.loads(_examples()[0].read_text("utf-8")) | {"job_id": "mine-1", "kkm_id": KKM_ID, "order_ref": "mine-1"}
    path = output / "run" / "job.json"
    path.write_text(json.dumps(job, ensure_ascii=False, indent=2), "utf-8")
    url = f"{demo.server_url}/api/v1/jobs"
    say("")
    say(f"API:        {demo.server_url}/api/v1   ({demo.server_url}/api/v1/openapi.json)")
    say(f"API key:    {demo.api_key}")
    say(f"Касса:      {demo.register_address}   KKM_ID {KKM_ID}   (register)")
    say(f"Журналы:    {output / 'run'}   (logs)")
    say(
        f'curl -s {url} -H "Authorization: Bearer {demo.api_key}" -H "Content-Type: application/json" '
        f"--data-binary @{path}"
    )
    say(f'curl -s {url}/mine-1 -H "Authorization: Bearer {demo.api_key}"')
    say("Остановить: Ctrl+C / Stop: Ctrl+C")
    with contextlib.suppress(KeyboardInterrupt):
        while all(c.process.poll() in (None, 0) for c in demo._children):
            time.sleep(0.5)
