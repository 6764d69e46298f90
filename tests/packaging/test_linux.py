"""The Linux installation: in a home of its own, with what constraints.txt has pinned; its removal keeps the data."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Linux")
ROOT = Path(__file__).parents[2]
LINUX = ROOT / "packaging" / "linux"


def unit(program: str) -> str:
    return (LINUX / "kassabridge.service").read_text("utf-8").replace("@PROGRAM@", program)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    (tmp_path / "kassabridge.service").write_text(unit(sys.executable), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "kassabridge.service")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, "kassabridge.service" in done.stderr) == (0, False), done.stderr


def test_a_banks_program_that_was_moving_money_was_ended_together_with_the_agent() -> None:
    assert "\nKillMode=process\n" in unit(sys.executable)


def test_the_unit_waits_longer_than_a_lane_may_work() -> None:
    from agent.app import CRASHED, FINISH

    lines = dict(line.split("=", 1) for line in unit("x").splitlines() if "=" in line and not line.startswith("#"))
    assert float(lines["TimeoutStopSec"]) > FINISH
    assert lines["RestartPreventExitStatus"] != str(CRASHED)
    assert lines["Restart"] == "on-failure"


def requirements(*names: str, constraints: Path = ROOT / "constraints.txt") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(LINUX / "requirements.py"), str(constraints), *names]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_what_is_there_in_its_version_is_not_asked_for() -> None:
    """This very environment was made of constraints.txt."""
    done = requirements()
    assert (done.returncode, done.stdout) == (0, ""), done


def test_what_is_lacking_is_asked_for_with_its_hashes(tmp_path: Path) -> None:
    pins = tmp_path / "constraints.txt"
    pins.write_text(
        "segno==0.0.1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nabsent-one==2 \\\n    --hash=sha256:cc\n"
    )
    done = requirements("Segno", "absent_one", constraints=pins)
    assert sorted(line.strip(" \\") for line in done.stdout.splitlines()) == [
        "--hash=sha256:aa", "--hash=sha256:bb", "--hash=sha256:cc", "absent-one==2", "segno==0.0.1",
    ]  # fmt: skip


def test_what_is_not_pinned_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").write_text("segno==0.0.1\n")
    done = requirements("qrcode", constraints=tmp_path / "constraints.txt")
    assert done.returncode == 1
    assert "has no qrcode" in done.stderr


@pytest.mark.long
def test_installed_upgraded_and_removed(tmp_path: Path) -> None:
    home, data = tmp_path / "home", tmp_path / "share" / "KassaBridge"
    home.mkdir()
    surroundings = {
        **os.environ, "HOME": str(home), "XDG_DATA_DIRS": str(tmp_path / "share"), "PYTHON": sys.executable,
        "XDG_RUNTIME_DIR": str(tmp_path), "PATH": f"{home}/.local/bin:{os.environ['PATH']}",
    }  # fmt: skip
    surroundings.pop("DBUS_SESSION_BUS_ADDRESS", None)

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, env=surroundings, cwd=tmp_path, timeout=280)

    install = str(LINUX / "install.sh")
    before = sorted(path.name for path in ROOT.iterdir())
    done = run(install, "--user")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in ROOT.iterdir()) == before  # nothing is left in the checkout

    assert run("kassabridge", "--version").stdout.startswith("kassabridge ")
    prefix = home / ".local" / "lib" / "kassabridge"
    where = run(
        str(prefix / "bin" / "python"), "-c", "import agent, protocol; print(agent.__file__, protocol.__file__)"
    )
    assert all(path.startswith(str(prefix)) for path in where.stdout.split())
    assert run(str(prefix / "bin" / "python"), "-c", "import fastapi").returncode == 1  # the agent's libraries only
    assert stat.S_IMODE((prefix / "plugins").stat().st_mode) == 0o755
    written = home / ".config" / "systemd" / "user" / "kassabridge.service"
    assert f'ExecStart="{prefix}/bin/kassabridge" agent run --no-tray' in written.read_text("utf-8")
    assert (data / "config.example.toml").exists()

    (data / "config.toml").write_text("", "utf-8")
    assert run("kassabridge", "agent", "run", "--no-tray").returncode == 2  # not paired yet
    (data / "journal.sqlite3").write_bytes(b"a journal")
    again = run(install, "--user")
    assert again.returncode == 0, again.stderr
    assert (data / "journal.sqlite3").read_bytes() == b"a journal"

    gone = run(install, "--user", "--uninstall")
    assert gone.returncode == 0, gone.stderr
    assert not prefix.exists()
    assert not written.exists()
    assert not (home / ".local" / "bin" / "kassabridge").is_symlink()
    assert (data / "journal.sqlite3").exists()

    assert run(install, "--user").returncode == 0
    assert run(install, "--user", "--uninstall", "--purge").returncode == 0
    assert not data.exists()
    assert run(install, "--user", "--uninstall").returncode == 1
