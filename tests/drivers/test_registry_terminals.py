"""Drivers of card terminals stand in a table of their own, and are found as those of registers are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.address import SetupError, parse_address
from drivers.errors import NotSent
from drivers.plugins import TERMINAL_GROUP
from drivers.registry import (
    DRIVERS,
    TERMINALS,
    Opening,
    TerminalDriver,
    known_drivers,
    known_terminals,
    list_terminals,
    open_with,
    terminal_named,
)
from drivers.terminal_api import CardTerminal
from drivers.terminals.arcus2 import Arcus2Terminal
from drivers.terminals.sber import SberTerminal
from drivers.transports.memory import VirtualClock


def opened(driver: str, address: str, profile: Path | None = None) -> CardTerminal:
    return open_with(terminal_named(driver), Opening(parse_address(address), VirtualClock(), profile))


def test_names_of_registers_and_of_terminals_are_no_others() -> None:
    assert not set(DRIVERS) & set(TERMINALS)
    assert {"sber", "arcus2"} <= set(TERMINALS)


@pytest.mark.parametrize(("driver", "made"), [("sber", SberTerminal), ("arcus2", Arcus2Terminal)])
def test_nothing_is_looked_for_before_connecting(driver: str, made: type[CardTerminal], tmp_path: Path) -> None:
    terminal = opened(driver, f"exe:{tmp_path / 'nowhere'}")
    assert isinstance(terminal, made)
    with pytest.raises(NotSent) as caught:
        terminal.connect()
    assert caught.value.code == "terminal_program_missing"
    terminal.disconnect()


@pytest.mark.parametrize(
    ("driver", "address", "code", "says"),
    [
        ("sber", "exe:sc552", "bad_address", "whole path"),
        ("sber", "tcp:10.0.0.7:1", "unsupported_transport", "exe:DIR"),
        ("sber", "exe:/sc552?ini=x", "bad_address", "unknown option ini; expected program=FILE"),
        ("arcus2", "exe:/arcus?port=1", "bad_address", "unknown option port; expected program=FILE, ini=DIR"),
    ],
)
def test_a_bad_address_is_named(driver: str, address: str, code: str, says: str) -> None:
    with pytest.raises(SetupError, match=says) as caught:
        opened(driver, address)
    assert caught.value.code == code


def test_an_address_may_name_the_program(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("#!/bin/sh\nexit 3\n", "utf-8")
    with pytest.raises(NotSent, match="none of missing is there"):
        opened("sber", f"exe:{tmp_path}?program=missing").connect()


@pytest.mark.parametrize(
    ("driver", "text", "says"),
    [
        ("sber", "[time]\nmoney = 0\n", "time.money: a number above zero expected"),
        ("sber", "[program]\nexit_code = 'maybe'\n", "program.exit_code: one of auto, mirrors, zero expected"),
        ("sber", "[program]\ncharset = 'hex'\n", "program.charset: auto or one of cp866"),
        ("sber", "[bank]\nvoid_by_rrn = 1\n", "bank.void_by_rrn: true or false expected"),
        ("arcus2", "[codes]\ndoubt = ['000']\n", "codes.doubt: 000 is an approval"),
        ("arcus2", "[codes]\nnever = ['9']\n", "codes.never: a list of codes expected"),
        ("arcus2", "[operations]\npayment = 1\n", "operations.payment: a cash code in quotes expected"),
        ("arcus2", "[program]\nnames = 'x'\n", "program.names: a list of texts expected"),
    ],
)
def test_a_bad_profile_is_named(driver: str, text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(text, "utf-8")
    with pytest.raises(SetupError, match=says) as caught:
        opened(driver, f"exe:{tmp_path}", tmp_path / "own.toml")
    assert caught.value.code == "bad_profile"


# --- outside packages ---


@pytest.fixture
def plugins(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "plugins"
    folder.mkdir(mode=0o755)
    before = list(sys.path)
    yield folder
    sys.path[:] = before


def package(folder: Path, name: str, source: str) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(mode=0o755)
    files = {
        folder / f"{name}.py": source,
        info / "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        info / "entry_points.txt": f"[{TERMINAL_GROUP}]\n{name} = {name}:driver\nsber = {name}:driver\n",
    }
    for path, text in files.items():
        path.write_text(text, "utf-8")
        path.chmod(0o644)


def test_outside_packages_come_second(plugins: Path) -> None:
    package(
        plugins,
        "outside_terminal",
        "from drivers.registry import TerminalDriver, sber\ndriver = TerminalDriver(sber)\n",
    )
    package(plugins, "no_terminal", "from drivers.registry import Driver, shtrih\ndriver = Driver(shtrih)\n")
    assert set(known_terminals(plugins)) == {*TERMINALS, "outside_terminal", "no_terminal"}
    assert known_drivers(plugins) == tuple(DRIVERS)
    assert isinstance(terminal_named("outside_terminal", plugins), TerminalDriver)
    assert terminal_named("sber", plugins) is TERMINALS["sber"]
    with pytest.raises(SetupError, match=r"is a Driver, not a drivers.registry.TerminalDriver") as caught:
        terminal_named("no_terminal", plugins)
    assert caught.value.code == "broken_driver"
    listed, troubles = list_terminals(plugins)
    assert troubles == ()
    assert {one.name for one in listed if one.trouble is not None} == {"no_terminal"}


def test_an_unknown_name_gets_the_list() -> None:
    with pytest.raises(SetupError, match=r"driver 'sberr' is unknown; known: .*sber") as caught:
        terminal_named("sberr")
    assert caught.value.code == "unknown_driver"
