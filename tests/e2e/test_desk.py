"""The desk without the internet: what the running agent says of itself, a pause, a decision with the manager's PIN."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from drivers.registry import open_register
from drivers.transports.base import SystemClock
from tests.e2e.shop import QUICK, Shop
from tests.support.rig import ROOT


def says(tills: Shop, *words: str, typed: str = "", code: int = 0) -> dict[str, Any]:
    """``kassabridge agent …``, as another process of the same PC."""
    config = str(tills.rig.folder / "agent.toml")
    command = [sys.executable, "-m", "agent.cli", "agent", *words, "--config", config, "--json"]
    done = subprocess.run(command, input=typed, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == code, done.stderr
    return dict(json.loads(done.stdout)) if code == 0 else {"said": done.stderr}


def test_a_person_at_the_desk_decides_while_the_server_is_gone(tills: Shop) -> None:
    till = tills.till("310")
    tills.pc(till, profile=QUICK)
    armed = till.folder / "armed"
    agent = tills.start(till, dying=("--armed", str(armed)))
    till.do("open_shift")
    armed.write_text("written:50 after")
    job_id = till.post("cash_in", {"amount": "500.00"})
    assert agent.wait() == -9
    assert "не запущен" in says(tills, "status", code=1)["said"]
    other = open_register("shtrih", till.address, clock=SystemClock())
    other.connect()
    other.cash_in(3000, None)
    other.disconnect()
    tills.start(till)
    assert tills.ended(job_id)["state"] == "human"

    assert tills.rig.server is not None
    tills.rig.server.kill()
    tills.rig.until(lambda: says(tills, "status")["link"]["state"] != "ready", 30, "the server is missed")
    status = says(tills, "status")
    assert [(job["job_id"], job["case"], job["total"]) for job in status["decisions"]] == [
        (job_id, "cash_unclear", 50000)
    ]
    assert [(d["kkm_id"], d["bound"]) for d in status["devices"]] == [("310", True)]

    decide = ("decide", job_id, "--done", "--person", "Иванова", "--why", "пересчитали ящик")
    assert "Нужен ПИН-код" in says(tills, *decide, code=1)["said"]
    assert "не задан" in says(tills, *decide, "--pin", typed="4711\n", code=1)["said"]
    says(tills, "pin", typed="4711\n")
    assert "неверен" in says(tills, *decide, "--pin", typed="0000\n", code=1)["said"]
    says(tills, *decide, "--pin", typed="4711\n")
    tills.rig.until(lambda: not says(tills, "status")["decisions"], 60, "decided")
    assert "не ждёт решения" in says(tills, *decide, "--pin", typed="4711\n", code=1)["said"]

    tills.rig.start_server()
    job = tills.rig.settled(job_id)
    assert (job["state"], job["proof"]["source"], job["proof"]["person"]) == ("done", "person", "Иванова")
    assert till.memory.counters.cash_in_count == 2


def test_a_pause_an_end_and_no_screen(tills: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no place for an icon the agent works without one. A pause begins nothing, and its end begins what
    has waited. Another program of the same PC ends the agent, as the installer does."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    till = tills.till("311")
    tills.pc(till, profile=QUICK)
    config = str(tills.rig.folder / "agent.toml")
    agent = tills.rig.spawn("agent", "-m", "agent.cli", "agent", "run", "--config", config, ready=False)
    tills.bound(till)

    assert says(tills, "pause") == {"paused": True}
    job_id = till.post("open_shift")
    tills.rig.until(lambda: tills.rig.job(job_id)["state"] == "accepted", 30, "accepted")
    with pytest.raises(AssertionError, match="not within"):
        tills.ended(job_id, 3.0)
    assert till.kinds() == []
    assert says(tills, "status")["paused"] is True
    assert says(tills, "continue") == {"paused": False}
    assert tills.ended(job_id)["state"] == "done"

    assert says(tills, "stop") == {"running": False}
    assert agent.wait() == 0
    assert says(tills, "stop") == {"running": False}
    assert "no_tray" in tills.rig.logs()
