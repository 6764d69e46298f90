"""``kassabridge agent doctor``: text and JSON, exit codes, and beside a real running agent."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.problems import UserError
from agent.support.doctor import CHECKS, Scene, Verdict, World, examine
from agent.support.doctor.command import run_doctor, status_from
from tests.agent.support.doctor.clinic import Clinic, Home, at_the_desk, finding, turned
from tests.support.rig import ROOT, Process


def _run(clinic: Clinic, *only: str, as_json: bool = True) -> int:
    return run_doctor(clinic.config, only, as_json=as_json, world=clinic.world)


def test_json_has_the_worst_first_and_says_what_to_do(
    admit: Callable[[bool], Clinic], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(admit(False)) == 1
    report = json.loads(capsys.readouterr().out)
    first = report["checks"][0]
    assert report["verdict"] == "bad"
    assert (first["id"], first["code"], first["device"]) == ("agent.running", "not_running", None)
    assert first["action"] == "Запустите KassaBridge."
    assert first["action_en"] == "Start KassaBridge."
    verdicts = [check["verdict"] for check in report["checks"]]
    assert verdicts == sorted(verdicts, key=["bad", "unknown", "warning", "skipped", "ok"].index)
    assert {check["device"] for check in report["checks"] if check["id"] == "device.fn"} == {"17"}


def test_text_is_russian_first_with_a_summary(
    admit: Callable[[bool], Clinic], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(admit(False), as_json=False) == 1
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0] == "✗ agent.running: KassaBridge на этом ПК не запущен: чеки не печатаются."
    assert lines[1:4] == [
        "    Что делать: Запустите KassaBridge.",
        "    KassaBridge is not running on this PC: no receipts are printed.",
        "    To do: Start KassaBridge.",
    ]
    assert lines[-2].startswith("Есть неисправности: плохо 1")
    assert lines[-1].startswith("Something is wrong: bad 1")
    assert "✗ agent.running" in said.err


def test_only_what_was_asked_for_is_looked_at(
    admit: Callable[[bool], Clinic], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(admit(False), "folder.space", "device.fn") == 0
    report = json.loads(capsys.readouterr().out)
    assert {check["id"] for check in report["checks"]} == {"folder.space", "device.fn"}


def test_warnings_leave_the_exit_code_good(admit: Callable[[bool], Clinic], capsys: pytest.CaptureFixture[str]) -> None:
    clinic = admit(False)
    clinic.set(free=lambda _: 700 << 20)
    assert _run(clinic, "folder.space") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "warning"


def test_an_unknown_check_is_wrong_use(admit: Callable[[bool], Clinic]) -> None:
    with pytest.raises(UserError, match=r"device\.paper") as raised:
        _run(admit(False), "device.papers")
    assert (raised.value.code, raised.value.exit_code) == ("unknown_check", 2)


@dataclass(frozen=True)
class Beside:
    """A second day at the same PC: the agent runs again, on copies of what the first one left."""

    config: Path
    agent: Process
    folder: Path

    def world(self) -> World:
        return World(
            status=lambda: status_from(self.config, 1.0), temporary=(), data_dirs=(), all_powerful=lambda: False
        )


@pytest.fixture(scope="module")
def beside(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    folder, rig = tmp_path_factory.mktemp("beside"), home.rig
    shutil.copytree(home.data, folder / "data")
    shutil.copy(home.register, folder / "register.json")
    command = rig.family.run("tcp:127.0.0.1:0", folder / "register.json", f"--clock={at_the_desk().isoformat()}")
    register = rig.spawn("again", *command)
    config = folder / "config.toml"
    config.write_text(
        f'[server]\nurl = "{rig.url}"\n[agent]\ndata_dir = "{folder / "data"}"\n'
        + rig.family.device(rig.kkm_id, register.ready["listening"], rig.folder / "fast.toml"),
        "utf-8",
    )
    agent = rig.spawn("beside", "-m", "agent.cli", "agent", "run", "--no-tray", "--config", str(config), ready=False)
    rig.bound()
    try:
        yield Beside(config, agent, folder)
    finally:
        agent.stop()
        register.stop()


def test_beside_a_real_running_agent_nothing_is_wrong(beside: Beside) -> None:
    """Server, register, agent and doctor as processes. The doctor opens no second connection: the register serves one
    at a time and would cut the agent's."""
    folder = beside.folder
    elsewhere = {name: str(folder / name.lower()) for name in ("TMPDIR", "XDG_DATA_DIRS", "XDG_DATA_HOME")}
    (folder / "tmpdir").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "agent.cli", "agent", "doctor", "--json", "--config", str(beside.config)],
        capture_output=True, encoding="utf-8", cwd=folder, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT), **elsewhere},
    )  # fmt: skip
    checks = json.loads(done.stdout)["checks"]
    # These tests may be run by root, which is a warning, and no other.
    wrong = {check["code"] for check in checks if check["verdict"] not in ("ok", "skipped")}
    assert wrong == ({"all_powerful"} if os.geteuid() == 0 else set())
    assert done.returncode == 0
    told = {check["id"]: check for check in checks}
    assert told["agent.running"]["verdict"] == "ok"
    assert told["device.answers"]["facts"]["serial"]
    assert told["device.fn"]["facts"]["days_left"] > 1000
    assert told["device.paper"]["facts"]["paper"] == "present"


def test_a_real_agent_that_hangs_is_named(beside: Beside) -> None:
    """Its process is stopped in the middle of whatever it does; nothing else is asked then, the register least."""
    beside.agent.signal(signal.SIGSTOP)
    try:
        report = examine(CHECKS, Scene(beside.config, beside.world()))
    finally:
        beside.agent.signal(signal.SIGCONT)
    assert turned(report) == {"agent.running": (Verdict.BAD, "no_answer")}
    assert finding(report, "device.answers").needs == "agent.running"
