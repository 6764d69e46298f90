"""A trace from the field becomes a test: it is played to the driver, and to a simulated register.

``data/receipt.jsonl`` was written by ``making.py``: a receipt on a simulated Shtrih-M from connecting to the read-back.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from agent.support.trace.record import Record, Trace
from agent.support.trace.recorded import RecordedTransport
from agent.support.trace.replay import SIMULATED, Replayed, replay
from agent.support.trace.sources import trace_of_file
from agent.support.trace.tracing import reader_for
from drivers.address import parse_address
from drivers.api import FiscalRegister
from drivers.conformance.samples import CASHIER, MIXED, SALE
from drivers.errors import InDoubt, NotSent
from drivers.registry import Opening, driver_named, open_with
from drivers.transports import transport_for
from drivers.transports.base import SystemClock
from drivers.transports.memory import VirtualClock
from tests.agent.support.trace.making import RECEIPT, conversation, traced

REPLAYED = {"shtrih": "1.2", "atol-wire": "1.05"}
"""Families with a wire of their own, and the format their driver makes receipts in."""


def driver_over(trace: Trace) -> tuple[FiscalRegister, RecordedTransport]:
    clock = VirtualClock()
    line = RecordedTransport(trace, reader_for(trace.header.driver), clock)
    opening = Opening(parse_address("tcp:127.0.0.1:1"), clock, transports=lambda *_: line)
    return open_with(driver_named(trace.header.driver), opening), line


def to_simulator(trace: Trace, folder: Path) -> Replayed:
    clock, simulated = SystemClock(), SIMULATED[trace.header.driver]  # simulators live in real time
    ffd = REPLAYED.get(trace.header.driver, "1.2")
    address = parse_address(f"sim:{simulated.family}?state={folder / 'fresh.json'}&print-time=0&ffd={ffd}")
    return replay(trace, transport_for(address, clock), reader_for(trace.header.driver), simulated.spoken, clock)


def made(folder: Path, driver: str) -> Trace:
    register, _, where = traced(folder, driver, ffd=REPLAYED.get(driver, "1.2"))
    conversation(register)
    (path,) = where.glob("*.jsonl")
    return trace_of_file(path)


# --- the committed trace ---------------------------------------------------------------------------------------------


def test_the_driver_understands_the_recorded_register() -> None:
    trace = trace_of_file(RECEIPT)
    register, line = driver_over(trace)
    document = conversation(register)
    assert line.difference is None
    assert line.played == len(trace.records)
    assert document is not None
    assert document.fd == 3
    assert document.tags["1020"] == "4799.85"


def test_a_fresh_simulated_register_grants_what_the_recorded_one_did(tmp_path: Path) -> None:
    trace = trace_of_file(RECEIPT)
    done = to_simulator(trace, tmp_path)
    assert (done.records, done.difference) == (len(trace.records), None)
    assert done.values, "another register has other numbers"


# --- differences -----------------------------------------------------------------------------------------------------


def test_a_register_that_refuses_where_ours_does_not_is_the_first_difference(tmp_path: Path) -> None:
    trace = trace_of_file(RECEIPT)
    at = next(n for n, one in enumerate(trace.records) if one.way == "rx" and one.command == "CloseReceipt")
    refused = replace(trace.records[at], result="4Eh shift_over_24h")
    records = (*trace.records[:at], refused, *trace.records[at + 1 :])
    done = to_simulator(replace(trace, records=records), tmp_path)
    assert done.difference is not None
    assert done.difference.number == at + 1
    assert "4Eh" in done.difference.expected
    assert "CloseReceipt ok" in done.difference.got


def test_a_driver_that_asks_something_else_is_told_where() -> None:
    trace = trace_of_file(RECEIPT)
    register, line = driver_over(trace)
    register.connect()
    register.status()
    register.open_shift(*CASHIER)
    register.fill_receipt(SALE, lambda _, __: None)
    register.subtotal()
    with pytest.raises((NotSent, InDoubt)):
        register.close_receipt(MIXED)
    assert line.difference is not None
    assert trace.records[line.difference.number - 1].command == "CloseReceipt"
    assert line.difference.got.startswith("tx CloseReceipt")


def test_a_register_that_fell_silent_falls_silent_again() -> None:
    """The trace ends with the closing command: the driver comes to the doubt that it came to then."""
    trace = trace_of_file(RECEIPT)
    end = next(n for n, one in enumerate(trace.records) if one.way == "rx" and one.command == "CloseReceipt")
    register, line = driver_over(replace(trace, records=trace.records[:end]))
    with pytest.raises(InDoubt):
        conversation(register)
    assert line.difference is None or line.difference.expected == "the end of the trace"


def test_a_trace_that_begins_in_the_middle_opens_the_line_itself(tmp_path: Path) -> None:
    trace = trace_of_file(RECEIPT)
    done = to_simulator(replace(trace, records=trace.records[1:41]), tmp_path)
    assert (done.records, done.difference) == (40, None)


# --- every family ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", SIMULATED)
def test_what_was_recorded_is_granted_again(driver: str, tmp_path: Path) -> None:
    trace = made(tmp_path, driver)
    assert to_simulator(trace, tmp_path).difference is None


@pytest.mark.parametrize("driver", REPLAYED)
def test_what_was_recorded_is_understood_again(driver: str, tmp_path: Path) -> None:
    trace = made(tmp_path, driver)
    register, line = driver_over(trace)
    assert conversation(register) is not None
    assert line.difference is None
    assert line.played == len(trace.records)


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    for driver in SIMULATED:
        (tmp_path / driver).mkdir()
        trace = made(tmp_path / driver, driver)
        lines = [trace.header.to_line(), *(record.to_line() for record in trace.records)]
        again = [Record.of(json.loads(one)) for one in lines[1:]]
        assert tuple(again) == trace.records
