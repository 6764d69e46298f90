"""Traces of the agent's devices: the one place that knows which driver speaks what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from agent.config import Device
from agent.support.trace.atol import AtolReader
from agent.support.trace.readers import Plain, Reader
from agent.support.trace.recorder import DeviceTrace, Whose
from agent.support.trace.ring import FOLDER, USUAL, Limits, Ring, folder_of, sweep_all
from agent.support.trace.shtrih import ShtrihReader
from agent.support.trace.texts import HttpReader, TaskReader

READERS: Mapping[str, Callable[[], Reader]] = MappingProxyType(
    {"shtrih": ShtrihReader, "atol-wire": AtolReader, "atol-lib": TaskReader, "atol-web": HttpReader}
)
"""By driver; one from outside is traced as plain bytes."""


def reader_for(driver: str) -> Reader:
    return READERS.get(driver, Plain)()


class Traces:
    """All traces under one data folder. ``now``: the wall clock, with zone; ``program``: our name and version."""

    def __init__(self, data_dir: Path, now: Callable[[], datetime], program: str, limits: Limits = USUAL) -> None:
        self._folder = data_dir / FOLDER
        self._now = now
        self._program = program
        self._limits = limits

    def sweep(self) -> None:
        """Throw away what is too old, also of devices that are gone. Never raises."""
        sweep_all(self._folder, self._now(), self._limits)

    def of(self, device: Device) -> DeviceTrace:
        whose = Whose(device.kkm_id, device.driver, device.address, self._program)
        ring = Ring(folder_of(self._folder, device.kkm_id), self._now, self._limits)
        return DeviceTrace(whose, ring, reader_for(device.driver), self._now)
