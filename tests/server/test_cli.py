"""``kassabridge-server`` as a process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.conftest import job
from tests.server.player import greet, pair, register
from tests.support.patience import BUSY

PROGRAM = [sys.executable, "-m", "server.cli"]


def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], cwd=cwd, capture_output=True, text=True, timeout=BUSY, check=False)


def serve(cwd: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [*PROGRAM, "run", "--port", "0", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready: dict[str, Any] = json.loads(process.stdout.readline())
    return process, ready["listening"]


def end(process: subprocess.Popen[str], how: signal.Signals) -> int:
    process.send_signal(how)
    process.communicate(timeout=BUSY)
    return process.returncode


async def test_init_run_kill_and_run_again(tmp_path: Path) -> None:
    made = call("init", "--tenant", "Мастерская", "--json", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    tenant = json.loads(made.stdout)
    assert set(tenant) == {"tenant_id", "tenant", "api_key", "owner_invitation"}
    twice = call("init", "--tenant", "Мастерская", cwd=tmp_path)
    assert (twice.returncode, twice.stdout) == (1, "")
    second = json.loads(call("init", "--tenant", "Другая", "--json", cwd=tmp_path).stdout)
    assert second["tenant_id"] != tenant["tenant_id"]

    headers = {"Authorization": f"Bearer {tenant['api_key']}"}
    process, url = serve(tmp_path)
    try:
        async with httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, trust_env=False, verify=False) as api:
            player = await pair(api)
            await api.put("/devices", json={"kkm_id": "17"})
            line = await greet(player, register())
            await line.bind()
            assert call("init", "--tenant", "Третья", cwd=tmp_path).returncode == 0  # beside a running server
            assert (await api.get("/devices/17")).json()["online"] is True
            answer = await api.post("/jobs", json=job())
            offer = await line.accept()
            assert (answer.status_code, offer.job_id) == (202, "j1")
    finally:
        assert end(process, signal.SIGKILL) == -signal.SIGKILL
    await line.socket.close()

    process, url = serve(tmp_path, "--public-url", "https://kassa.example/")
    try:
        async with httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, trust_env=False, verify=False) as api:
            assert (await api.get("/jobs/j1")).json()["state"] == "accepted"
            assert (await api.get("/agents")).json()["agents"][0]["online"] is False
            made_code = (await api.post("/pairing-codes", json={})).json()
            assert made_code["line"] == f"https://kassa.example/pair/{made_code['code']}"
            player.url = url.replace("http", "ws") + "/api/v1/agent"
            line = await greet(player, register(binding_epoch=1), jobs={"j1": 1})
            assert line.welcome.keys[0].key == player.keys[line.welcome.keys[0].kid]
            process.send_signal(signal.SIGTERM)
            assert (await line.recv()).type == "goodbye"
            await line.close()
    finally:
        assert end(process, signal.SIGTERM) == 0


def test_wrong_use(tmp_path: Path) -> None:
    assert call("init", cwd=tmp_path).returncode == 2
    assert call("init", "--tenant", " ", cwd=tmp_path).returncode == 2
    assert call("run", "--public-url", "kassa", cwd=tmp_path).returncode == 2
    assert call("fly", cwd=tmp_path).returncode == 2
    assert call("run", "--port", "0", "--host", "203.0.113.1", cwd=tmp_path).returncode == 1
    assert call("init", "--tenant", "T", "--database", str(tmp_path / "no" / "db"), cwd=tmp_path).returncode == 1


@pytest.mark.parametrize("command", [("init", "--tenant", "T"), ("run", "--port", "0")])
@pytest.mark.parametrize("bad", ["postgres://nobody@127.0.0.1:1/none", "{folder}/missing/x.sqlite3", "{folder}/junk"])
def test_a_database_that_does_not_open_is_a_sentence(tmp_path: Path, command: tuple[str, ...], bad: str) -> None:
    (tmp_path / "junk").write_text("this is no database, and long enough to be looked at as one" * 20)
    database = bad.format(folder=tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "server.cli", *command, "--database", database],
        capture_output=True,
        encoding="utf-8",
        timeout=BUSY,
        check=False,
    )
    assert done.returncode == 1
    assert database in done.stderr
    assert "--database" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_invitation_waited_for_a_web_server() -> None:
    look = "import sys, server.cli; print([name for name in ('uvicorn', 'server.app') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
