"""What the Windows bundle is made of, as far as it can be judged without making it: a library that is not there ends
the build by its name."""

from __future__ import annotations

import runpy
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WINDOWS = ROOT / "packaging" / "windows"
WHOLE = runpy.run_path(str(WINDOWS / "whole.py"))
require: Callable[..., None] = WHOLE["require"]
EXCLUDED = ["pytest"]


def requirements(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(WINDOWS / "requirements.py"), str(root)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def project(folder: Path, dependencies: str, pins: str) -> Path:
    (folder / "pyproject.toml").write_text(f"[project]\ndependencies = [{dependencies}]\n", "utf-8")
    (folder / "constraints.txt").write_text(pins, "utf-8")
    return folder


def test_the_libraries_of_windows_are_all_named() -> None:
    done = requirements(ROOT)
    names = {line.partition("==")[0] for line in done.stdout.splitlines() if "==" in line}
    assert done.returncode == 0, done.stderr
    assert names >= {"pystray", "six", "pillow", "tzdata", "cffi", "pydantic-core", "websockets", "h11", "segno"}
    assert not names & {"python-xlib", "pyobjc-core", "uvloop", "pytest"}
    assert "--hash=sha256:" in done.stdout


@pytest.mark.parametrize(
    ("dependencies", "pins", "named"),
    [
        ('"pystray>=0.19"', "six==1.17.0 \\\n    --hash=sha256:aa\n", "constraints.txt has no pystray"),
        ('"pystray>=0.19"', "pystray==0.19.5 \\\n    --hash=sha256:aa\n", "constraints.txt has no "),
        ('"absent-one>=2"', "absent-one==2 \\\n    --hash=sha256:aa\n", "absent-one is not installed in "),
    ],
)
def test_a_library_that_cannot_be_had_is_refused_by_name(
    tmp_path: Path, dependencies: str, pins: str, named: str
) -> None:
    done = requirements(project(tmp_path, dependencies, pins))
    assert (done.returncode, done.stdout) == (1, "")
    assert named in done.stderr


def test_what_only_windows_needs_may_be_absent_elsewhere(tmp_path: Path) -> None:
    pins = "absent-one==2 ; sys_platform == 'win32' \\\n    --hash=sha256:aa\n"
    done = requirements(project(tmp_path, "\"absent-one>=2; sys_platform == 'win32'\"", pins))
    assert (done.returncode, done.stdout) == (0, "absent-one==2 \\\n    --hash=sha256:aa\n"), done.stderr


def collected(root: Path) -> set[str]:
    return {*WHOLE["modules"](root), *WHOLE["libraries"](root)}


def test_our_sources_say_what_the_bundle_needs() -> None:
    libraries = WHOLE["libraries"](ROOT)
    assert {"pystray", "PIL", "pydantic", "cryptography", "serial", "websockets", "h11", "segno"} <= libraries.keys()
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert len(libraries) - len({"pydantic_core", "pytest"}) <= len(declared), "imported, and no dependency"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for name, text in {
        "agent/__init__.py": "",
        "agent/tray/__init__.py": "",
        "agent/tray/adapter.py": "def load():\n    import pystray\n",
        "drivers/__init__.py": "from serial.tools import list_ports\n",
        "drivers/plugin.py": "import pytest, agent.tray, json\nfrom . import api\n",
        "protocol/__init__.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_a_whole_bundle_is_let_through(sources: Path) -> None:
    hidden = [*WHOLE["modules"](sources), "pystray._win32"]
    require(sources, {*hidden, "pystray", "serial"}, hidden, EXCLUDED)


@pytest.mark.parametrize(("lost", "where"), [("pystray", "agent/tray/adapter.py"), ("serial", "drivers/__init__.py")])
def test_a_bundle_without_a_library_is_not_made(sources: Path, lost: str, where: str) -> None:
    with pytest.raises(SystemExit) as refused:
        require(sources, collected(sources) - {lost}, [], EXCLUDED)
    assert str(refused.value).startswith(f"The bundle would lack {lost} ({where}): ")


@pytest.mark.parametrize("lost", ["pystray._win32", "agent.tray.adapter", "drivers"])
def test_nor_without_what_is_loaded_by_name(sources: Path, lost: str) -> None:
    hidden = [*WHOLE["modules"](sources), "pystray._win32"]
    with pytest.raises(SystemExit) as refused:
        require(sources, {*collected(sources), "pystray._win32"} - {lost}, hidden, EXCLUDED)
    assert str(refused.value).startswith(f"The bundle would lack {lost} (hiddenimports): ")
