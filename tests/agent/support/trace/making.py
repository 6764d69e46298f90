"""Traces of simulated registers, as an agent's tap would write them.

``python -m tests.agent.support.trace.making`` writes ``data/receipt.jsonl`` anew: connecting, opening a shift, a
receipt and its read-back on a simulated Shtrih-M.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.support.trace.recorder import DeviceTrace, Whose
from agent.support.trace.ring import Ring
from agent.support.trace.tracing import reader_for
from drivers.address import parse_address
from drivers.api import FiscalDocument, FiscalRegister
from drivers.conformance.samples import CASHIER, SALE
from drivers.registry import Opening, driver_named, open_with
from drivers.transports.base import Clock
from drivers.transports.memory import VirtualClock

RECEIPT = Path(__file__).parent / "data" / "receipt.jsonl"
FAMILIES = {"shtrih": "shtrih", "atol-wire": "atol", "atol-web": "atol-web"}
START = datetime(2026, 11, 22, 10, tzinfo=UTC)


class Wall:
    """A wall clock that goes with a monotonic one."""

    def __init__(self, clock: Clock, start: datetime = START) -> None:
        self._clock = clock
        self._offset = start - timedelta(seconds=clock.now())

    def __call__(self) -> datetime:
        return self._offset + timedelta(seconds=self._clock.now())


def traced(folder: Path, driver: str, *, ffd: str = "1.2") -> tuple[FiscalRegister, DeviceTrace, Path]:
    """A register whose exchange goes to a trace in ``folder``; a virtual clock drives driver and trace."""
    clock = VirtualClock()
    options = f"state={folder / 'register.json'}&seed=7&clock=2026-11-22T10:00:00&print-time=0&ffd={ffd}"
    text = f"sim:{FAMILIES[driver]}?{options}"
    whose = Whose("17", driver, f"sim:{FAMILIES[driver]}", "kassabridge")
    ring = Ring(folder / "trace", Wall(clock))
    trace = DeviceTrace(whose, ring, reader_for(driver), Wall(clock))
    opening = Opening(parse_address(text), clock, trace=trace)
    return open_with(driver_named(driver), opening), trace, folder / "trace"


def conversation(register: FiscalRegister) -> FiscalDocument | None:
    """What a lane does for a receipt, without its procedures."""
    register.connect()
    register.status()
    register.open_shift(*CASHIER)
    register.fill_receipt(SALE, lambda _, __: None)
    register.subtotal()
    register.close_receipt(SALE)
    document = register.document(register.status().last_fd)
    register.disconnect()
    return document


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        register, trace, where = traced(Path(folder), "shtrih")
        trace.busy = lambda: ("order-1042-1", 1)
        conversation(register)
        (segment,) = where.glob("*.jsonl")
        RECEIPT.write_bytes(segment.read_bytes())


if __name__ == "__main__":
    main()
