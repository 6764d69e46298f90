"""The maker's own library in its host; it is got with ``python -m tests.support.vendor_library``."""

from __future__ import annotations

import ctypes.util
import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.address import parse_address
from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.atol_lib.place import place_of
from drivers.fiscal.atol_lib.runner import FptrRunner
from drivers.hosts.result import Result
from drivers.transports.base import SystemClock
from drivers.transports.host_program import host_program
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


@pytest.fixture
def host() -> Iterator[HostProcess]:
    one = HostProcess(host_program("fptr10"), SystemClock())
    one.start()
    yield one
    one.end()


def ask(host: HostProcess, command: str, **arguments: Any) -> Result:
    return Result.from_value(host.call(command, arguments, max_time=LONG))


@pytest.mark.parametrize("package", BOTH)
def test_its_settings_are_those_of_the_address(package: Package, host: HostProcess, closed_port: int) -> None:
    ask(host, "load", path=str(library(package)))
    settings = {"Port": "2", "IPAddress": "127.0.0.1", "IPPort": str(closed_port), "Model": "500"}
    assert ask(host, "open", settings=settings).code in (2, 11)
    told = json.loads(ask(host, "settings").text)
    assert [told[name] for name in settings] == [2, "127.0.0.1", closed_port, 500]
    assert ask(host, "is_opened").number == 0


@pytest.mark.parametrize("package", BOTH)
@pytest.mark.parametrize(("text", "taken_for"), [("1", True), ("0", False), ("true", False)])
def test_a_truth_value_is_written_as_a_digit(package: Package, host: HostProcess, text: str, taken_for: bool) -> None:
    ask(host, "load", path=str(library(package)))
    ask(host, "open", settings={"AutoReconnect": text, "Port": "0", "ComFile": "/dev/no-such-port"})
    assert json.loads(ask(host, "settings").text)["AutoReconnect"] is taken_for


@pytest.mark.parametrize("package", BOTH)
def test_texts_of_any_length_and_letter_come_back_whole(package: Package, host: HostProcess) -> None:
    """Longer than the first buffer of the host, so that it has to ask twice."""
    ask(host, "load", path=str(library(package)))
    text = "Ёлка 😀 " * 20_000
    assert ask(host, "open", settings={"ScriptsPath": text, "Model": "7"}).code == 9
    ask(host, "open", settings={"ScriptsPath": text, "Model": "500", "Port": "0", "ComFile": "/dev/no-such-port"})
    assert json.loads(ask(host, "settings").text)["ScriptsPath"] == text


@pytest.mark.parametrize("package", BOTH)
def test_a_task_before_the_connection_names_it(package: Package, host: HostProcess) -> None:
    ask(host, "load", path=str(library(package)))
    result = ask(host, "process_json", text='{"type":"getDeviceStatus"}')
    assert (result.code, result.text) == (1, "")
    assert result.description


def test_another_library_is_named_and_not_used(host: HostProcess) -> None:
    """A library of the right processor that has none of the functions."""
    file = ctypes.util.find_library("c")
    with pytest.raises(Refused) as caught:
        ask(host, "load", path=file)
    assert caught.value.code == "driver_failed"
    assert "it has no libfptr_apply_single_settings" in caught.value.detail


def test_a_host_without_a_library_begins_nothing(host: HostProcess) -> None:
    for command in ("open", "process_json", "cancel_receipt", "settings", "receipt_type"):
        with pytest.raises(Refused) as caught:
            ask(host, command, settings={}, text="{}")
        assert caught.value.code == "wrong_state"
    with pytest.raises(Refused) as caught:
        ask(host, "load", path="/no/such/library.so")
    assert caught.value.code == "driver_failed"


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
