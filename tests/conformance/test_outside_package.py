"""A package that is not ours: its own folder, its own conftest.py, its own driver and simulator; judged by the plug-in,
installed, and found by its entry point."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TINY = Path(__file__).with_name("tiny.py")
ROOT = TINY.parents[2]

CONFTEST = """
from tiny import bench

pytest_plugins = ["drivers.conformance.plugin"]


def pytest_kassabridge_benches():
    return [bench()]
"""
TEST = """
def test_conformance(conformance):
    conformance.show()
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "tiny.py").write_text(TINY.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_tiny.py").write_text(TEST, encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env={"PYTHONPATH": f"{ROOT}:{folder}", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def counts(output: str) -> dict[str, int]:
    return {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|xfailed)", output)}


def test_an_outside_package_is_judged(package: Path) -> None:
    code, output = run(package, "pytest", "-q", "-rsx", "-p", "no:cacheprovider")
    assert code == 0, output[-4000:]
    told = counts(output)
    assert min(told["passed"], told["skipped"], told["xfailed"]) > 20, told
    assert "exempt: this register has no printer" in output
    assert "missing: the bench does not offer: late" in output


def test_its_broken_driver_is_seen(package: Path) -> None:
    tiny = package / "tiny.py"
    source = tiny.read_text(encoding="utf-8")
    believing = source.replace('raise InDoubt("no_reply")', "return (0, None, None)")
    assert believing != source
    tiny.write_text(believing, encoding="utf-8")
    code, output = run(package, "pytest", "-q", "-p", "no:cacheprovider", "-k", "request-lost")
    assert code == 1, output[-4000:]
    assert "close_receipt.request-lost" in output
    assert "expected InDoubt, got None" in output


def test_its_sheet_is_written(package: Path) -> None:
    (package / "benches.py").write_text("from tiny import bench\nBENCHES = [bench()]\n", encoding="utf-8")
    code, output = run(package, "drivers.conformance", "benches:BENCHES", "--sheets", ".")
    assert code == 0, output[-4000:]
    sheet = (package / "tiny-conformance.md").read_text(encoding="utf-8")
    assert "| `close_receipt.answer-lost` |" in sheet
    assert "exempt: this register has no printer" in sheet
    assert "missing: the bench does not offer: late" in sheet


def test_a_bench_cannot_exempt_what_there_is_not(package: Path) -> None:
    (package / "conftest.py").write_text(
        CONFTEST.replace("[bench()]", "[__import__('dataclasses').replace(bench(), exempt={'close.nothing': 'why'})]"),
        encoding="utf-8",
    )
    code, output = run(package, "pytest", "-q", "-p", "no:cacheprovider")
    assert code != 0
    assert "close.nothing" in output


PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "kassabridge-tiny"
version = "1"

[project.entry-points."kassabridge.drivers"]
tiny = "tiny:DRIVER"

[tool.setuptools]
py-modules = ["tiny"]
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Ours and the package, installed as anybody installs one."""
    source, site = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    (source / "tiny.py").write_text(TINY.read_text(encoding="utf-8"), encoding="utf-8")
    (source / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation",
         "--disable-pip-version-check", "--target", str(site), str(source)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{site}", "XDG_DATA_HOME": str(site / "data")}


def device(environment: dict[str, str], driver: str, address: str, action: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "agent.cli", "device", "--driver", driver, "--address", address, "--json", action],
        capture_output=True, text=True, check=False, timeout=60, env=environment,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, told


def test_it_is_installed_and_found_by_its_entry_point(environment: dict[str, str]) -> None:
    code, told = device(environment, "tiny", "sim:tiny", "open-shift")
    assert (code, told["state"], told["shift"], told["proof"]["register_serial"]) == (0, "done", "open", "T1")


def test_it_is_listed_and_its_addresses_are_checked(environment: dict[str, str]) -> None:
    code, told = device(environment, "tinny", "sim:tiny", "status")
    assert (code, told["error"]["code"]) == (2, "unknown_driver")
    assert re.search(r"known: shtrih, .*, tiny$", told["error"]["text_en"]), told
    code, told = device(environment, "tiny", "tcp:127.0.0.1:1", "status")
    assert (code, told["error"]["code"]) == (2, "unsupported_transport")
