"""The same with real processes: server, agent, simulated terminals with their banks' customers. What the bank alone
may know is in no answer of the REST API, no webhook, no database, no journal, no log, no trace and no bundle."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.e2e.shop import Shop, open_shop
from tests.e2e.terminals import SBER, Terminal, terminal
from tests.masking.canaries import Search
from tests.protocol.ffd.payloads import item, payload
from tests.support.rig import PYTHON, ROOT


class Hook(Thread):
    """A CRM that hears webhooks."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        heard: list[bytes] = []
        self.heard = heard

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                heard.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self.start()

    def run(self) -> None:
        self._server.serve_forever(0.05)

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def sells(shop: Shop, desk: Terminal, amount: str) -> dict[str, Any]:
    register = shop.tills[0]
    shop.desk(register, terminal_kkm_id=desk.kkm_id)
    cards = [{"type": "card", "amount": amount}]
    return shop.ended(register.post("sale", payload(item(amount), payments=cards)), 90)


def left(shop: Shop, hook: Hook, job_ids: list[str]) -> Iterator[tuple[str, bytes]]:
    folder, rig = shop.rig.folder, shop.rig
    yield "REST", json.dumps([rig.job(job_id) for job_id in job_ids], ensure_ascii=False).encode()
    yield "events", json.dumps(shop.feed.heard, ensure_ascii=False).encode()
    yield "webhooks", b"\n".join(hook.heard)
    bundle = folder / "bundle.zip"
    command = ("-m", "agent.cli", "agent", "bundle", "--config", str(folder / "agent.toml"), "--out", str(bundle))
    done = subprocess.run([PYTHON, *command], stdin=subprocess.DEVNULL, capture_output=True, cwd=ROOT, check=True)
    yield "bundle, told", done.stdout + done.stderr
    with zipfile.ZipFile(bundle) as archive:
        yield "bundle", b"\n".join(archive.read(name) for name in archive.namelist())
    for file in folder.rglob("*"):
        own = file.relative_to(folder).as_posix()
        theirs = own.startswith(("t-", "terminal-"))  # the bank's program, and the terminals' own memory
        if file.is_file() and (not theirs or file.name.startswith("kassabridge.")):
            yield own, file.read_bytes()


@pytest.mark.gate
def test_no_card_of_the_banks_customers_is_known_outside_the_bank(tmp_path: Path) -> None:
    hook = Hook()
    try:
        with open_shop(tmp_path) as shop:
            register = shop.till("17")
            by_line, by_program = terminal(shop, "t-zvt"), terminal(shop, "t-sber", "--seed", "8", family=SBER)
            shop.rig.post("/webhooks", {"url": hook.url})
            shop.pc(register, by_line, by_program)
            shop.start(register, by_line, by_program)
            ended = [sells(shop, desk, amount) for desk in (by_line, by_program) for amount in ("125.00", "126.01")]
            ended += [by_line.do("payment", {"amount": "127.05"}), by_line.do("settlement")]
            assert [job["state"] for job in ended[:4]] == ["done", "not_done"] * 2
            assert all(job["result"] or job["steps"] for job in ended[:1])
            shop.rig.until(lambda: any(b"127.05" in body or b"payment" in body for body in hook.heard), 30, "a webhook")
            secrets = [
                secret for desk in (by_line, by_program)
                for card in desk.memory.bank.cards
                for secret in card.secrets
            ]  # fmt: skip
            search = Search([secret for secret in secrets if secret.isdigit()])
            seen = dict(left(shop, hook, [job["job_id"] for job in ended]))
            assert any(name.endswith("journal.sqlite3") for name in seen)
            assert any(name.startswith("server.sqlite3") for name in seen)
            assert any("traces/" in name for name in seen)
            assert seen["webhooks"]
            found = [
                name for name, data in seen.items()
                if search.found(data) or any(secret.encode() in data for secret in secrets)
            ]  # fmt: skip
            assert found == []
            theirs = (tmp_path / "t-zvt.json").read_bytes()
            assert search.found(theirs), "there was nothing to be found"
    finally:
        hook.end()
