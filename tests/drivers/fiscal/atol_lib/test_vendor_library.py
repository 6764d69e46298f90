"""The maker's own library in its host; it is got with ``python -m tests.support.vendor_library``."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.address import parse_address
from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.atol_lib.place import place_of
from drivers.fiscal.atol_lib.runner import FptrRunner, host_program
from drivers.hosts.result import Result
from drivers.transports.base import SystemClock
from drivers.transports.process import HostProcess
from tests.support.vendor_library import NEWER, USED, Package
from tests.support.vendor_tests import library, needs_library, needs_newer_library

LONG = 30.0
BOTH = [pytest.param(USED, marks=needs_library()), pytest.param(NEWER, marks=needs_newer_library())]


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The library writes its logs there."""
    monkeypatch.setenv("HOME", str(tmp_path))


def runner(options: str, package: Package = USED) -> FptrRunner:
    return FptrRunner(place_of(parse_address(f"lib:{library(package)}?{options}")), SystemClock())


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as held:  # bound, not listening: nobody else gets it meanwhile
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def sell(vat: str) -> dict[str, Any]:
    item = {"type": "position", "name": "Молоко 😀", "price": 1, "quantity": 1, "amount": 1, "tax": {"type": vat}}
    return {"type": "sell", "items": [item], "payments": [{"type": "cash", "sum": 1}]}


# --- without a device ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", BOTH)
def test_its_version(package: Package) -> None:
    one = runner("usb=auto", package)
    assert one.load().version == package.library
    one.close()


@pytest.mark.parametrize("package", BOTH)
def test_its_settings_are_those_of_the_address(package: Package, closed_port: int) -> None:
    host = HostProcess(host_program(Path(sys.executable)), SystemClock())
    host.start()
    try:
        host.call("load", {"path": str(library(package))}, max_time=LONG)
        settings = {"Port": "2", "IPAddress": "127.0.0.1", "IPPort": str(closed_port), "Model": "500"}
        host.call("open", {"settings": settings}, max_time=LONG)
        told = Result.from_value(host.call("settings", {}, max_time=LONG)).text
        for line in (f'"IPPort" : {closed_port}', '"Port" : 2', '"IPAddress" : "127.0.0.1"', '"Model" : 500'):
            assert line in told
        assert Result.from_value(host.call("is_opened", {}, max_time=LONG)).number == 0
    finally:
        host.end()


VATS = {
    "vat0": True, "vat10": True, "vat20": True, "vat110": True, "vat120": True, "none": True,
    "vat5": False, "vat7": False, "vat105": False, "vat107": False, "vat22": False, "vat122": False,
}  # fmt: skip
"""Rates, and whether the library of 2020 knows them; the newer one knows all."""


@needs_library()
def test_the_older_library_names_the_rate_that_it_does_not_know() -> None:
    one = runner("usb=auto")
    one.load()
    for vat, known in VATS.items():
        if known:
            one.validate(sell(vat))
            continue
        with pytest.raises(Refused) as caught:
            one.validate(sell(vat))
        assert caught.value.vendor == "501"
        assert "items[0].tax.type" in caught.value.detail
    one.close()


@needs_newer_library()
def test_the_newer_library_knows_all_rates() -> None:
    one = runner("usb=auto", NEWER)
    one.load()
    for vat in VATS:
        one.validate(sell(vat))
    with pytest.raises(Refused) as caught:
        one.validate(sell("vat21"))
    assert caught.value.vendor == "501"
    with pytest.raises(Refused) as caught:
        one.validate({"type": "getLastFiscalDocument"})
    assert caught.value.vendor in ("501", "504")
    one.close()


# --- no device -------------------------------------------------------------------------------------------------------


@needs_library()
@pytest.mark.parametrize(
    ("options", "code", "vendor"),
    [
        ("serial=/dev/no-such-port", "device_offline", "4"),
        ("usb=auto", "device_offline", "4"),
        ("usb=auto&model=7", "bad_address", "9"),
    ],
)
def test_what_cannot_be_opened_is_named(options: str, code: str, vendor: str) -> None:
    one = runner(options)
    with pytest.raises(NotSent) as caught:
        one.open()
    assert (caught.value.code, caught.value.vendor) == (code, vendor)
    assert one.pid is None


@needs_library()
def test_a_port_that_is_closed(closed_port: int) -> None:
    with pytest.raises(NotSent) as caught:
        runner(f"tcp=127.0.0.1:{closed_port}").open()
    assert (caught.value.code, caught.value.vendor) == ("device_offline", "2")


@needs_library()
def test_a_peer_that_says_nothing() -> None:
    """The library asks once and gives up after a second."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(NotSent) as caught:
            runner(f"tcp=127.0.0.1:{silent.getsockname()[1]}").open()
        assert (caught.value.code, caught.value.vendor) == ("device_offline", "2")


@needs_newer_library()
def test_the_newer_library_wants_a_service_of_its_makers(closed_port: int) -> None:
    with pytest.raises(NotSent) as caught:
        runner(f"tcp=127.0.0.1:{closed_port}", NEWER).open()
    assert (caught.value.code, caught.value.vendor) == ("driver_failed", "11")


@needs_library()
def test_a_library_that_is_killed_before_a_task_did_not_run_it() -> None:
    one = runner("usb=auto")
    one.load()
    assert one.pid is not None
    os.kill(one.pid, signal.SIGKILL)
    with pytest.raises((NotSent, InDoubt)) as caught:  # its end may be seen a moment too late: then it is doubt
        one.run({"type": "getDeviceStatus"}, max_time=LONG, changing=True)
    assert caught.value.code in ("driver_failed", "link_lost")
    one.close()
