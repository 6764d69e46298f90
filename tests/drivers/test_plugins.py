"""Drivers out of the folder ``plugins``: packages and wheels are found, what must not be used is refused by name."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.address import SetupError
from drivers.errors import NotSent
from drivers.missing import MissingRegister
from drivers.plugins import GROUP, outside_drivers, plugins_folder
from drivers.registry import DRIVERS, Driver, driver_named, known_drivers, list_drivers

GOOD = "from drivers.registry import Driver, shtrih\ndriver = Driver(shtrih)\n"


@pytest.fixture
def plugins(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "plugins"
    folder.mkdir(mode=0o755)
    before = list(sys.path)
    yield folder
    sys.path[:] = before


def package(name: str, source: str = GOOD, points: str | None = None) -> dict[str, str]:
    """The files of one that offers a driver of its own name."""
    info = f"{name}-1.0.dist-info"
    return {
        f"{name}_driver.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/entry_points.txt": points or f"[{GROUP}]\n{name} = {name}_driver:driver\n",
    }


def unpack(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True, mode=0o755)
        path.write_text(text, "utf-8")
        path.chmod(0o644)


def wheel(folder: Path, name: str, files: dict[str, str]) -> None:
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in files.items():
            archive.writestr(inside, text)
    path.chmod(0o644)


def test_packages_and_wheels(plugins: Path) -> None:
    unpack(plugins, package("unpacked_one"))
    wheel(plugins, "wheel_one", package("wheel_one"))
    assert known_drivers(plugins) == (*DRIVERS, "unpacked_one", "wheel_one")
    assert "unpacked_one_driver" not in sys.modules  # names are listed without loading anything
    for name in ("unpacked_one", "wheel_one"):
        assert isinstance(driver_named(name, plugins), Driver)
    listed, troubles = list_drivers(plugins)
    assert troubles == ()
    assert [(one.name, one.package, one.trouble) for one in listed[len(DRIVERS) :]] == [
        ("unpacked_one", "unpacked_one 1.0", None),
        ("wheel_one", "wheel_one 1.0", None),
    ]


def test_the_programs_own_folder() -> None:
    assert plugins_folder() == Path(sys.prefix) / "plugins"
    assert known_drivers() == tuple(DRIVERS)


@pytest.mark.parametrize("there", [True, False])
def test_an_empty_or_absent_folder_is_nothing(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "plugins"
    if there:
        folder.mkdir()
        folder.chmod(0o777)  # of no importance as long as nothing lies in it
    assert outside_drivers(folder).troubles == ()
    assert known_drivers(folder) == tuple(DRIVERS)


def test_a_name_of_ours_cannot_be_taken_over(plugins: Path) -> None:
    unpack(plugins, package("taker", points=f"[{GROUP}]\nshtrih = taker_driver:driver\n"))
    assert driver_named("shtrih", plugins) is DRIVERS["shtrih"]
    assert [one.name for one in list_drivers(plugins)[0]] == list(DRIVERS)


def test_a_module_of_ours_cannot_be_taken_over(plugins: Path) -> None:
    unpack(plugins, package("shadow") | {"json.py": "raise SystemExit('taken over')\n"})
    driver_named("shadow", plugins)
    assert sys.path[-1] == str(plugins)


@pytest.mark.skipif(sys.platform == "win32", reason="a mode is not Windows'")
@pytest.mark.parametrize("what", ["", "open_one_driver.py", "open_one-1.0.dist-info"])
def test_what_others_may_change_is_refused_by_name(plugins: Path, what: str) -> None:
    unpack(plugins, package("open_one"))
    (plugins / what).chmod(0o777)
    with pytest.raises(SetupError) as caught:
        driver_named("open_one", plugins)
    assert caught.value.code == "unsafe_plugins"
    assert str(plugins / what) in caught.value.en
    assert "администратор" in caught.value.ru
    listed, troubles = list_drivers(plugins)
    assert [one.name for one in listed] == list(DRIVERS)
    assert [trouble.code for trouble in troubles] == ["unsafe_plugins"]
    assert "open_one_driver" not in sys.modules
    assert driver_named("shtrih", plugins) is DRIVERS["shtrih"]


@pytest.mark.skipif(sys.platform == "win32", reason="a mode is not Windows'")
def test_what_was_loaded_once_is_refused_when_the_folder_is_opened_later(plugins: Path) -> None:
    """Its place is on the way of Python's imports by then; it is not taken for an installed package."""
    unpack(plugins, package("opened_later"))
    driver_named("opened_later", plugins)
    plugins.chmod(0o777)
    assert "opened_later" not in known_drivers(plugins)
    with pytest.raises(SetupError, match="is not used"):
        driver_named("opened_later", plugins)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import nothing_of_this_name\n", "ModuleNotFoundError"),
        ("raise SystemExit(1)\n", "SystemExit"),
        ("driver = )\n", "SyntaxError"),
        ("", "AttributeError"),
        ("driver = 'a driver'\n", "is a str, not a drivers.registry.Driver"),
    ],
)
def test_a_broken_one_is_named_and_the_others_go_on(plugins: Path, source: str, says: str) -> None:
    name = f"broken_{abs(hash(source))}"
    unpack(plugins, package(name, source))
    unpack(plugins, package("sound"))
    with pytest.raises(SetupError) as caught:
        driver_named(name, plugins)
    assert caught.value.code == "broken_driver"
    assert says in caught.value.en
    assert f"{name} 1.0" in caught.value.ru
    troubles = {one.name: one.trouble and one.trouble.code for one in list_drivers(plugins)[0]}
    assert (troubles[name], troubles["sound"]) == ("broken_driver", None)


def test_spoilt_packages_are_named_and_the_others_go_on(plugins: Path) -> None:
    unpack(plugins, package("sound_too"))
    spoilt = plugins / "cut-1.0-py3-none-any.whl"
    spoilt.write_bytes(b"PK\x03\x04 half of a wheel")
    spoilt.chmod(0o644)
    unpack(plugins, package("misspelt", points=f"[{GROUP}]\nno value here\n"))
    found = outside_drivers(plugins)
    assert "sound_too" in [outside.name for outside in found.drivers]
    assert {trouble.code for trouble in found.troubles} == {"broken_driver"}
    assert any(str(spoilt) in trouble.en for trouble in found.troubles)
    assert "sound_too" in known_drivers(plugins)


def test_an_unknown_name_gets_the_list(plugins: Path) -> None:
    unpack(plugins, package("offered"))
    with pytest.raises(SetupError, match=r"known: shtrih, .*offered") as caught:
        driver_named("ofered", plugins)
    assert caught.value.code == "unknown_driver"


def test_in_the_place_of_a_broken_one_nothing_is_ever_sent() -> None:
    why = SetupError("broken_driver", "driver 'x' does not load: ImportError", "не загружается")
    register = MissingRegister(why)
    for name in sorted(MissingRegister.__abstractmethods__ | {"archive_end"} | _methods()):
        with pytest.raises(NotSent, match="does not load") as caught:
            getattr(register, name)()
        assert caught.value.code == "driver_failed"
    register.attempt("name")
    register.disconnect()


def _methods() -> set[str]:
    from drivers.api import FiscalRegister

    return set(FiscalRegister.__abstractmethods__) - {"disconnect"}
