"""The same receipt by ATOL's own driver library, on a simulated register of the same kind and kind of line.

Each side holds its connection to a register of its own (same seed, loopback, no printing time), and they take turns, a
receipt each. Ours is the driver ``atol-wire`` from its check of the receipt to the answer of the close; theirs is the
library in this very process, without the host that we put around it, from the call of the task to its return. Needs the
library (``tests.support.vendor_library``).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.receipt import IMPRINT, payload
from benchmarks.rows import Options, Row, at_most
from drivers.address import parse_address
from drivers.api import FiscalRegister
from drivers.fiscal.atol_lib.place import place_of
from drivers.hosts.fptr10_binding import Fptr10
from drivers.registry import open_register
from drivers.transports.base import SystemClock
from protocol.ffd.planned import PlannedReceipt
from protocol.ffd.planning import plan
from protocol.ffd.shape import parse_receipt
from protocol.wire.atol.json_receipt import receipt_task
from protocol.wire.atol.json_text import dumps
from tests.support.vendor_library import USED, path_of

RECEIPTS = 40
FFD = "1.1"
CASHIER = "Иванова М."


def measure(options: Options) -> Iterator[Row]:
    library = path_of(USED)
    if library is None:
        options.say(f"  wire_vendor left out: {USED.variable} is not set (python -m tests.support.vendor_library)")
        return
    receipt = planned()
    ours: list[float] = []
    theirs: list[float] = []
    with ExitStack() as stack:
        register = stack.enter_context(_driver(stack.enter_context(_register(options.scratch / "ours.json"))))
        maker = _library(library, stack.enter_context(_register(options.scratch / "theirs.json")))
        task = dumps(receipt_task(receipt, FFD, maker.version))
        for _ in range(options.count(RECEIPTS, 1)):
            ours.append(_sold(register, receipt))
            theirs.append(_processed(maker, task))
        maker.call("close")
    options.say(f"  ours {median(ours) * 1e3:.1f} ms, the library {median(theirs) * 1e3:.1f} ms")
    yield Row(
        "wire_vendor",
        median(ours) * 1e3,
        median(theirs) * 1e3,
        "ms",
        at_most(1.0),
        len(ours),
        f"ATOL's library {maker.version}, the same receipt as a task, same simulator, loopback",
    )


def planned() -> PlannedReceipt:
    """A rate that both sides know: the library is of 2020."""
    asked = payload()
    for item in asked["items"]:
        item["vat"] = "vat10"
    return plan(parse_receipt(asked), imprint=IMPRINT)


def _sold(register: FiscalRegister, receipt: PlannedReceipt) -> float:
    begun = perf_counter()
    register.check_receipt(receipt)
    register.fill_receipt(receipt, lambda _done, _of: None)
    if register.subtotal() != receipt.total:
        raise RuntimeError("another sum")
    register.close_receipt(receipt)
    return perf_counter() - begun


def _processed(maker: Fptr10, task: str) -> float:
    begun = perf_counter()
    result = maker.with_json("process_json", task)
    taken = perf_counter() - begun
    if result.code or "fiscalDocumentNumber" not in result.text:
        raise RuntimeError(f"{result.code} {result.description}")
    return taken


@contextmanager
def _register(state: Path) -> Iterator[str]:
    """Its address. A process of its own."""
    argv = [sys.executable, "-m", "drivers.simulators", "atol", "--listen", "tcp:127.0.0.1:0", "--ffd", FFD]
    argv += ["--state", str(state), "--seed", "1", "--print-time", "0"]
    simulator = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert simulator.stdout is not None
    try:
        yield json.loads(simulator.stdout.readline())["listening"]
    finally:
        simulator.terminate()
        simulator.communicate(timeout=10)


@contextmanager
def _driver(address: str) -> Iterator[FiscalRegister]:
    register = open_register("atol-wire", address, clock=SystemClock())
    register.connect()
    register.open_shift(CASHIER, None)
    try:
        yield register
    finally:
        register.disconnect()


def _library(path: Path, address: str) -> Fptr10:
    maker = Fptr10(str(path))
    place = place_of(parse_address(f"lib:{path}?tcp={address.removeprefix('tcp:')}"))
    opened = maker.open(place.settings)
    if opened.code:
        raise RuntimeError(f"{opened.code} {opened.description}")
    _processed(maker, dumps({"type": "openShift", "operator": {"name": CASHIER}}))
    return maker
