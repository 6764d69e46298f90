"""Traces of the agent's devices: the one place that knows which driver speaks what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from agent.config import Device
from agent.support.trace.readers import Plain, Reader
from agent.support.trace.recorder import DeviceTrace, Whose
from agent.support.trace.ring import FOLDER, USUAL, Limits, Ring, folder_of, sweep_all
from agent.support.trace.texts import HttpReader, TaskReader
from agent.version import VERSION

PROGRAM = f"kassabridge {VERSION}"


def _shtrih() -> Reader:
    from agent.support.trace.shtrih import ShtrihReader

    return ShtrihReader()


def _atol() -> Reader:
    from agent.support.trace.atol import AtolReader

    return AtolReader()


def _zvt() -> Reader:
    from agent.support.trace.zvt import ZvtReader

    return ZvtReader()


READERS: Mapping[str, Callable[[], Reader]] = MappingProxyType(
    {"shtrih": _shtrih, "atol-wire": _atol, "atol-lib": TaskReader, "atol-web": HttpReader, "zvt": _zvt}
)
"""By driver; one from outside is traced as plain bytes. A family's words are imported when a device speaks them."""


def reader_for(driver: str) -> Reader:
    return READERS.get(driver, Plain)()


class Traces:
    """All traces under one data folder. ``now``: the wall clock, with zone."""

    def __init__(self, data_dir: Path, now: Callable[[], datetime], limits: Limits = USUAL) -> None:
        self._folder = data_dir / FOLDER
        self._now = now
        self._limits = limits

    def sweep(self) -> None:
        """Throw away what is too old, also of devices that are gone. Never raises."""
        sweep_all(self._folder, self._now(), self._limits)

    def of(self, device: Device) -> DeviceTrace:
        whose = Whose(device.kkm_id, device.driver, device.address, PROGRAM)
        ring = Ring(folder_of(self._folder, device.kkm_id), self._now, self._limits)
        return DeviceTrace(whose, ring, reader_for(device.driver), self._now)
