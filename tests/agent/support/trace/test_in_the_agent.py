"""A running agent overhears every device from the first byte, and keeps what its log said."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import structlog

from agent import keys
from agent.app import Agent, Parts, open_device, open_journal
from agent.config import Config, Device
from agent.identity import Identity
from agent.logs import set_up_logging
from agent.support.logfile import LogFile, last_lines
from agent.support.trace.recorder import DeviceTrace
from agent.support.trace.sources import traces_of_device
from drivers.api import FiscalRegister
from drivers.transports.tap import Direction, Trace


def test_the_register_of_a_running_agent_is_traced(tmp_path: Path) -> None:
    device = Device("17", "shtrih", f"sim:shtrih?state={tmp_path / 'register.json'}&print-time=0")
    config = Config(tmp_path / "config.toml", None, tmp_path, "ru", "error", "json", (device,))
    identity = Identity(
        agent_id="ag", install_id="i", tenant_id="t", server_url="http://127.0.0.1:9", link_url="ws://127.0.0.1:9/link",
        private_key=keys.new_private_key(), server_keys={},
    )  # fmt: skip
    given: list[Trace] = []

    async def until_it_has_spoken() -> int:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()

        def register(device: Device, trace: Trace) -> FiscalRegister:
            given.append(trace)

            def heard(at: float, direction: Direction, data: bytes) -> None:
                trace(at, direction, data)
                if direction == "rx":
                    loop.call_soon_threadsafe(stop.set)

            return open_device(device, heard)

        return await Agent(config, identity, journal, Parts(register=register)).run(stop)

    journal = open_journal(tmp_path)
    try:
        assert asyncio.run(until_it_has_spoken()) == 0
    finally:
        journal.close()
    (trace,) = given
    assert isinstance(trace, DeviceTrace)
    assert trace.busy() == (None, None)
    ((_, read),) = traces_of_device(tmp_path, "17")
    assert (read.header.kkm_id, read.header.driver) == ("17", "shtrih")
    assert {"DeviceType", "FullStatus"} <= {record.command for record in read.records}
    assert read.records[-1].way == "close"


def test_a_log_keeps_where_it_broke_and_not_what_was_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info", "json", keep=LogFile(tmp_path).keep)
    try:
        try:
            raise ValueError("kanarejka")
        except ValueError:
            structlog.get_logger("x").exception("lane_crashed", kkm_id="17")
        structlog.get_logger("x").debug("not_kept")
    finally:
        structlog.reset_defaults()
    assert "kanarejka" in capsys.readouterr().err, "the screen shows all of it"
    (line,) = last_lines(tmp_path, 9)
    assert b"kanarejka" not in line
    assert b'"raised": "ValueError"' in line
    assert b"test_in_the_agent.py" in line
