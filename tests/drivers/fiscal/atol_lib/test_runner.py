"""What a task comes to, by the code that a library answers and by every way in which its process can fail.

The host is a real process with an invented library in it, so that every answer can be ordered; the maker's own library
stands in ``test_vendor_library``.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from drivers.address import parse_address
from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.fiscal.atol_json.runner import QUIET
from drivers.fiscal.atol_lib.finding import System
from drivers.fiscal.atol_lib.image import image_of
from drivers.fiscal.atol_lib.place import place_of
from drivers.fiscal.atol_lib.runner import FptrRunner
from drivers.registry import open_register
from drivers.transports.base import SystemClock
from drivers.transports.process import Program
from drivers.transports.tap import Trace
from protocol.wire.atol.codes import CODES, Fate, Handling

ROOT = Path(__file__).parents[4]
LONG = 30.0

HOST = """
import json, os, sys, time
from drivers.hosts.result import Result
from drivers.hosts.serving import NotBegun, serve

calls = []

def load(arguments):
    mode = os.environ["MODE"]
    if mode == "load-fails":
        raise NotBegun("driver_failed", "not this library")
    if mode == "load-crashes":
        print("undefined symbol: x", file=sys.stderr)
        os.abort()
    return Result(text="10.9.9.9").to_value()

def open_(arguments):
    calls.append(arguments["settings"])
    mode = os.environ["MODE"]
    if mode.startswith("open-"):
        return Result(int(mode.removeprefix("open-")), "нет").to_value()
    if mode == "strange":
        return {"no": "result"}
    return Result().to_value()

def process_json(arguments):
    task = json.loads(arguments["text"])
    match task["type"]:
        case "fails":
            return Result(task["code"], "слова", "совет").to_value()
        case "crashes":
            os.abort()
        case "hangs":
            time.sleep(600)
        case "echo":
            return Result(text=arguments["text"]).to_value()
        case "settings":
            return Result(text=json.dumps(calls)).to_value()
        case "garbage":
            return Result(text="{").to_value()
        case "strange":
            return 7
    return Result().to_value()

def cancel_receipt(arguments):
    return Result(81, "Чек закрыт").to_value()

def receipt_type(arguments):
    return Result(number=int(os.environ["RECEIPT"])).to_value()

def validate_json(arguments):
    return Result(501, "items[0]").to_value()

def close(arguments):
    return Result().to_value()

serve({"load": load, "open": open_, "close": close, "process_json": process_json, "validate_json": validate_json,
       "cancel_receipt": cancel_receipt, "receipt_type": receipt_type})
"""


def runner(
    mode: str = "works", options: str = "tcp=127.0.0.1:5555", receipt: int = 0, trace: Trace | None = None
) -> FptrRunner:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MODE": mode, "RECEIPT": str(receipt)}
    address = parse_address(f"lib:{sys.executable}?{options}")  # any file of this processor's kind will be "loaded"
    program = Program((sys.executable, "-c", HOST), environment)
    return FptrRunner(place_of(address), SystemClock(), program=program, trace=trace)


@pytest.fixture(scope="module")
def opened() -> Iterator[FptrRunner]:
    """For tasks that leave the process alive."""
    one = runner()
    assert one.open().version == "10.9.9.9"
    yield one
    one.close()


@pytest.fixture
def fresh() -> Iterator[FptrRunner]:
    one = runner()
    one.open()
    yield one
    one.close()


def verdict(one: FptrRunner, task: dict[str, Any], *, changing: bool = True, max_time: float = LONG) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        one.run(task, max_time=max_time, changing=changing)
    return caught.value


# --- answers ---------------------------------------------------------------------------------------------------------


def test_numbers_go_out_and_come_back_exactly(opened: FptrRunner) -> None:
    task: dict[str, Any] = {"type": "echo", "price": Decimal("100.10"), "text": "Молоко 😀", "items": [1, None, True]}
    assert opened.run(task, max_time=LONG, changing=True) == task


def test_an_empty_answer_is_an_empty_object(opened: FptrRunner) -> None:
    assert opened.run({"type": "reportX"}, max_time=LONG, changing=True) == {}


def test_the_settings_of_the_address_reach_the_library(opened: FptrRunner) -> None:
    (settings,) = opened.run({"type": "settings"}, max_time=LONG, changing=False)
    tcp = {"Port": "2", "IPAddress": "127.0.0.1", "IPPort": "5555"}
    assert settings == {"Model": "500", "AutoReconnect": "0", **tcp}


@pytest.mark.parametrize("receipt", [0, 1])
def test_whether_a_receipt_is_open(receipt: int) -> None:
    one = runner(receipt=receipt)
    one.open()
    assert one.receipt_open(max_time=LONG) is bool(receipt)
    one.close()


# --- codes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [12, 66, 68, 81, 501])
def test_a_code_that_excludes_the_task_is_a_refusal(opened: FptrRunner, code: int) -> None:
    assert CODES[code].fate is not Fate.OPEN
    raised = verdict(opened, {"type": "fails", "code": code})
    assert type(raised) is Refused
    assert (raised.code, raised.vendor) == (CODES[code].code, str(code))
    assert "fails: слова; совет" in raised.detail


@pytest.mark.parametrize("code", [44, 115, 173])
def test_what_the_device_itself_leaves_open_is_doubt_with_nothing_to_wait_for(opened: FptrRunner, code: int) -> None:
    raised = verdict(opened, {"type": "fails", "code": code})
    assert isinstance(raised, InDoubt)
    assert (raised.code, raised.vendor, raised.remaining) == (CODES[code].code, str(code), 0.0)
    assert opened.run({"type": "echo"}, max_time=LONG, changing=False) == {"type": "echo"}


@pytest.mark.parametrize("code", [1, 2, 15, 241, 999])
def test_a_library_that_lost_the_device_is_ended_before_it_finds_it_again(fresh: FptrRunner, code: int) -> None:
    """It might deliver the command after all; from its end on the device's own time runs."""
    raised = verdict(fresh, {"type": "fails", "code": code}, max_time=600)
    assert isinstance(raised, InDoubt)
    assert (raised.vendor, raised.remaining) == (str(code), QUIET)
    assert code not in CODES or CODES[code].handling in (Handling.LINK, Handling.LIBRARY)
    assert type(verdict(fresh, {"type": "echo"})) is NotSent


@pytest.mark.parametrize(("code", "kind"), [(2, InDoubt), (241, InDoubt), (15, InDoubt), (44, Refused), (12, Refused)])
def test_a_query_leaves_nothing_running(opened: FptrRunner, code: int, kind: type[DeviceError]) -> None:
    raised = verdict(opened, {"type": "fails", "code": code}, changing=False)
    assert type(raised) is kind
    assert not isinstance(raised, InDoubt) or raised.remaining == 0.0


def test_cancelling_what_is_not_open_says_so(opened: FptrRunner) -> None:
    with pytest.raises(Refused) as caught:
        opened.cancel_receipt(max_time=LONG)
    assert caught.value.vendor == "81"


def test_a_task_that_the_validator_refuses_names_its_field(opened: FptrRunner) -> None:
    with pytest.raises(Refused) as caught:
        opened.validate({"type": "sell"})
    assert (caught.value.code, caught.value.vendor) == ("bad_parameter", "501")
    assert "sell, checked: items[0]" in caught.value.detail


def test_a_task_that_cannot_be_written_is_refused(opened: FptrRunner) -> None:
    assert type(verdict(opened, {"type": "echo", "price": 1.5})) is Refused


def test_the_trace_hears_every_task_and_answer() -> None:
    heard: list[tuple[str, str]] = []
    one = runner(trace=lambda _, direction, data: heard.append((direction, data.decode())))
    one.open()
    heard.clear()
    one.run({"type": "echo", "text": "да"}, max_time=LONG, changing=True)
    verdict(one, {"type": "fails", "code": 66})
    assert heard == [
        ("tx", '{"type":"echo","text":"да"}'),
        ("rx", '{"type":"echo","text":"да"}'),
        ("tx", '{"type":"fails","code":66}'),
        ("rx", "66 слова; совет"),
    ]
    one.close()


def test_an_answer_that_is_no_json_is_doubt(opened: FptrRunner) -> None:
    for task in ({"type": "garbage"}, {"type": "strange"}):
        raised = verdict(opened, task)
        assert (type(raised), raised.code) == (InDoubt, "bad_reply")


# --- the process fails -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("changing", "remaining"), [(True, QUIET), (False, 0.0)])
def test_a_crash_is_doubt_and_the_next_task_is_not_sent(fresh: FptrRunner, changing: bool, remaining: float) -> None:
    """The library may have sent the command again with its last breath: the device's own time begins now."""
    raised = verdict(fresh, {"type": "crashes"}, changing=changing, max_time=200)
    assert isinstance(raised, InDoubt)
    assert (raised.code, raised.remaining) == ("link_lost", remaining)
    assert "crashes" in raised.detail
    raised = verdict(fresh, {"type": "echo"})
    assert (type(raised), raised.code) == (NotSent, "driver_failed")
    fresh.open()
    assert fresh.run({"type": "echo"}, max_time=LONG, changing=False) == {"type": "echo"}


def test_a_call_that_hangs_is_ended_with_its_process(fresh: FptrRunner) -> None:
    raised = verdict(fresh, {"type": "hangs"}, max_time=0.5)
    assert isinstance(raised, InDoubt)
    assert (raised.code, raised.remaining) == ("no_reply", QUIET)
    assert type(verdict(fresh, {"type": "echo"})) is NotSent


def test_a_process_that_was_stopped_is_a_call_that_hangs(fresh: FptrRunner) -> None:
    assert fresh.pid is not None
    os.kill(fresh.pid, signal.SIGSTOP)
    raised = verdict(fresh, {"type": "echo"}, max_time=0.5)
    assert (type(raised), raised.code) == (InDoubt, "no_reply")


def test_before_open_and_after_close_nothing_is_sent() -> None:
    one = runner()
    assert type(verdict(one, {"type": "echo"})) is NotSent
    one.open()
    one.close()
    one.close()
    assert one.pid is None
    raised = verdict(one, {"type": "echo"})
    assert (type(raised), raised.code) == (NotSent, "device_offline")


# --- opening ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "code", "detail"),
    [
        ("open-2", "device_offline", "NO_CONNECTION: нет"),
        ("open-3", "port_busy", "PORT_BUSY"),
        ("open-4", "device_offline", "PORT_NOT_AVAILABLE"),
        ("open-9", "bad_address", "INVALID_SETTINGS"),
        ("open-11", "driver_failed", "NOT_SUPPORTED"),
        ("open-12", "wrong_state", "INVALID_MODE"),
        ("load-fails", "driver_failed", "not this library"),
        ("load-crashes", "driver_failed", "undefined symbol: x"),
        ("strange", "driver_failed", "not a result"),
    ],
)
def test_whatever_goes_wrong_while_opening_nothing_was_sent(mode: str, code: str, detail: str) -> None:
    one = runner(mode)
    with pytest.raises(NotSent) as caught:
        one.open()
    assert caught.value.code == code
    assert detail in caught.value.detail
    assert one.pid is None


def test_a_register_by_its_address_says_what_is_missing(tmp_path: Path) -> None:
    register = open_register("atol-lib", f"lib:{tmp_path}/none.so?usb=auto", clock=SystemClock())
    assert register.capabilities.one_command
    with pytest.raises(NotSent) as caught:
        register.connect()
    assert (caught.value.code, caught.value.detail) == ("driver_missing", f"{tmp_path}/none.so")


def test_no_library_is_named(tmp_path: Path) -> None:
    system = System("linux", tmp_path, {}, tuple, tmp_path)
    one = FptrRunner(place_of(parse_address("lib:auto?usb=auto")), SystemClock(), system=system)
    with pytest.raises(NotSent) as caught:
        one.open()
    assert caught.value.code == "driver_missing"


def test_a_library_for_another_processor_is_named_and_not_loaded(tmp_path: Path) -> None:
    header = bytearray(Path(sys.executable).read_bytes()[:64])
    header[4], header[18] = 1, 3
    (tmp_path / "libfptr10.so").write_bytes(header)
    one = FptrRunner(place_of(parse_address(f"lib:{tmp_path}?usb=auto")), SystemClock())
    with pytest.raises(NotSent) as caught:
        one.open()
    assert caught.value.code == "driver_bitness"
    assert "32-bit x86" in caught.value.detail
    assert str(image_of(Path(sys.executable))) in caught.value.detail


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    one = FptrRunner(place_of(parse_address(f"lib:{sys.executable}?usb=auto&python={tmp_path}/none")), SystemClock())
    with pytest.raises(NotSent) as caught:
        one.open()
    assert caught.value.code == "driver_failed"
    assert f"{tmp_path}/none" in caught.value.detail
