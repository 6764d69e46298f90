from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from drivers.address import SetupError, parse_address
from drivers.api import FiscalRegister
from drivers.errors import NotSent
from drivers.fiscal.shtrih import ShtrihRegister
from drivers.plugins import GROUP
from drivers.registry import DRIVERS, Opening, known_drivers, open_register, open_with
from drivers.transports.base import LinkError
from drivers.transports.memory import VirtualClock


def test_ours_stand_in_a_table() -> None:
    assert "shtrih" in DRIVERS
    register = open_register("shtrih", "tcp:127.0.0.1:7778", clock=VirtualClock())
    assert isinstance(register, ShtrihRegister)
    register.disconnect()


def test_an_unknown_driver_gets_the_list() -> None:
    with pytest.raises(SetupError, match=r"driver 'strih' is unknown; known: .*shtrih") as caught:
        open_register("strih", "tcp:127.0.0.1:7778", clock=VirtualClock())
    assert caught.value.code == "unknown_driver"
    assert "неизвестен" in caught.value.ru


@pytest.mark.parametrize("address", ["usb:1fc9:0083", "http://127.0.0.1:16732", "lib:/opt/a.so"])
def test_a_transport_that_is_not_there_yet_is_named(address: str) -> None:
    with pytest.raises(SetupError, match=r"not supported by this driver yet; use tcp:HOST:PORT.*serial:PORT") as caught:
        open_register("shtrih", address, clock=VirtualClock())
    assert caught.value.code == "unsupported_transport"


@pytest.mark.parametrize("address", ["serial:COM3", "serial:/dev/ttyACM0?baud=auto&protocol=2", "pty:/dev/pts/1"])
def test_nothing_is_opened_before_connecting(address: str) -> None:
    open_register("shtrih", address, clock=VirtualClock()).disconnect()


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("tcp:127.0.0.1:7778?baud=9600", "unknown option baud; expected connect_time=SECONDS, protocol=1|2|auto"),
        ("tcp:127.0.0.1:7778?connect_time=soon", "connect_time is not a number"),
        ("tcp:127.0.0.1:7778?connect_time=0", "connect_time is not a number"),
        ("tcp:127.0.0.1:7778?protocol=3", "protocol '3'; expected 1, 2 or auto"),
        ("serial:COM3?baud=14400", "baud '14400'; expected auto or one of 2400, 4800, 9600"),
        ("serial:COM3?parity=even", "unknown option parity; expected baud=SPEED, stop=1|2, protocol=1|2|auto"),
        ("pty:/dev/pts/1?baud=9600", "unknown option baud; expected protocol=1|2|auto"),
        ("serial:СОМ3?baud=9600", "character 8, “С”, is a Cyrillic letter that looks like the Latin “C”"),
    ],
)
def test_options_are_checked(address: str, wrong: str) -> None:
    with pytest.raises(SetupError) as caught:
        open_register("shtrih", address, clock=VirtualClock())
    assert caught.value.code == "bad_address"
    assert wrong in caught.value.en
    assert caught.value.ru.startswith("Адрес")


@pytest.mark.parametrize(
    ("address", "code", "wrong"),
    [
        ("lib:auto?speed=1", "bad_address", "unknown option speed; expected tcp=HOST:PORT, serial=PORT, baud=SPEED"),
        ("lib:auto", "bad_address", "exactly one of tcp, serial, usb is needed"),
        ("tcp:127.0.0.1:5555", "unsupported_transport", "use lib:PATH"),
    ],
)
def test_a_driver_says_which_addresses_it_takes(address: str, code: str, wrong: str) -> None:
    with pytest.raises(SetupError) as caught:
        open_register("atol-lib", address, clock=VirtualClock())
    assert caught.value.code == code
    assert wrong in caught.value.en
    assert caught.value.ru.startswith("Адрес")


def test_a_driver_that_needs_no_channel_of_ours_opens_none() -> None:
    """Nothing is started either, until it is connected."""
    register = open_register("atol-lib", "lib:/no/such/library.so?tcp=127.0.0.1:5555", clock=VirtualClock())
    with pytest.raises(NotSent) as caught:
        register.connect()
    assert caught.value.code == "driver_missing"
    register.disconnect()


def test_a_look_ends_at_its_moment() -> None:
    """Whichever way the driver takes to its device."""
    clock = VirtualClock()
    for name, address in (("shtrih", "tcp:127.0.0.1:1"), ("atol-lib", f"lib:{sys.executable}?usb=auto")):
        opening = Opening(parse_address(address), clock, until=clock.now())
        with pytest.raises(NotSent, match="no answer within the time for one address") as caught:
            open_with(DRIVERS[name], opening).connect()
        assert caught.value.code == "device_offline"


def test_a_bad_profile_is_named(tmp_path: Path) -> None:
    profile = tmp_path / "slow.toml"
    profile.write_text("[time]\nclose = 'long'\n", "utf-8")
    for name, address in (("shtrih", "tcp:127.0.0.1:7778"), ("atol-lib", "lib:auto?usb=auto")):
        with pytest.raises(SetupError, match=r"slow.toml: time.close: a number above zero expected, not 'long'") as no:
            open_register(name, address, clock=VirtualClock(), profile=profile)
        assert no.value.code == "bad_profile"


def test_outside_packages_come_second(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installed package, as the interpreter sees it: a folder with its metadata."""
    (tmp_path / "outside_driver.py").write_text(
        "from drivers.registry import Driver, shtrih\ndef open_(opening):\n"
        "    register = shtrih(opening)\n    register.made_outside = True\n"
        "    return register\ndriver = Driver(open_, {'colour': 'WORD'})\n",
        "utf-8",
    )
    info = tmp_path / "outside-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text(
        f"[{GROUP}]\noutside = outside_driver:driver\nshtrih = outside_driver:driver\n", "utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    assert known_drivers() == (*DRIVERS, "outside")
    theirs: FiscalRegister = open_register("outside", "tcp:127.0.0.1:1?colour=red", clock=VirtualClock())
    ours = open_register("shtrih", "tcp:127.0.0.1:1", clock=VirtualClock())
    assert hasattr(theirs, "made_outside")
    assert not hasattr(ours, "made_outside")


def test_a_trace_hears_the_attempt() -> None:
    heard: list[str] = []
    register = open_register(
        "shtrih", "tcp:127.0.0.1:1", clock=VirtualClock(), trace=lambda _at, direction, _data: heard.append(direction)
    )
    with pytest.raises(NotSent) as caught:
        register.connect()
    assert caught.value.code == "device_offline"
    assert isinstance(caught.value.__cause__, LinkError)
    assert "open" in heard
