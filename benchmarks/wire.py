"""A receipt of five lines over a paced serial line, against what the line needs for the reference conversation."""

from __future__ import annotations

import os
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks import vendor
from benchmarks.conversation import BareHost, before, framed
from benchmarks.desk import Desk
from benchmarks.paced import BAUD, byte_time, register
from benchmarks.receipt import planned
from benchmarks.rows import Options, Row, at_most
from drivers.api import FiscalRegister
from drivers.fiscal.shtrih.asking import Asking
from drivers.fiscal.shtrih.known import find_out
from drivers.fiscal.shtrih.link import Link
from drivers.fiscal.shtrih.profile import Profile, load_profile
from drivers.fiscal.shtrih.receipt import ReceiptCommands, commands_for
from drivers.registry import open_register
from drivers.transports.base import SystemClock
from drivers.transports.serial import SerialTransport
from protocol.wire.shtrih.commands import ShortStatus

RECEIPTS = 40


def measure(options: Options) -> Iterator[Row]:
    """Ours and a bare host take turns on one simulated register, a receipt each."""
    plan, profile = planned(), load_profile()
    port = options.scratch / "port"
    line = LineCount()
    ours: list[float] = []
    bare: list[float] = []
    with register(port, BAUD, options.scratch / "log"):
        prepare(port)
        wanted = commands(port, profile)
        frames = [framed(command) for command in before(wanted, profile)]
        device = open_register("shtrih", f"pty:{port}", clock=SystemClock(), trace=line)
        for done in range(options.count(RECEIPTS, 1)):
            with connected(device) as desk:
                line.zero()
                ours.append(desk.sell(plan))
            with terminal(port) as channel:
                host = BareHost(channel)
                host.call(ShortStatus(profile.password))  # the port takes a moment to notice a client
                channel.count = 0
                begun = perf_counter()
                host.receipt(frames, wanted.close, profile.password)
                bare.append(perf_counter() - begun)
            if done % 10 == 9:
                options.say(
                    f"  {done + 1} receipts: ours {median(ours) * 1e3:.1f} ms, bare {median(bare) * 1e3:.1f} ms"
                )
    yield Row(
        "wire",
        median(ours) * 1e3,
        median(bare) * 1e3,
        "ms",
        at_most(1.10),
        len(ours),
        "the reference conversation by a host that judges nothing, same line, same register",
    )
    yield Row(
        "wire_calculated",
        median(ours) * 1e3,
        channel.count * byte_time(BAUD) * 1e3,
        "ms",
        None,
        len(ours),
        "the reference conversation's bytes at the speed of the line, on paper",
        "shows above all how late this machine gives a waiting process its turn",
    )
    yield Row(
        "wire_bytes",
        line.count,
        channel.count,
        "bytes",
        None,
        1,
        "the reference conversation, both directions",
        "counted, not timed: the same on every machine",
    )
    yield from vendor.measure(options)


@dataclass
class LineCount:
    """Counts what passes, as a trace of the driver."""

    count: int = 0

    def __call__(self, _at: float, _direction: str, data: bytes) -> None:
        self.count += len(data)

    def zero(self) -> None:
        self.count = 0


@dataclass
class Terminal:
    """The client's end of a pseudo-terminal, read without any time-out."""

    handle: int
    count: int = 0
    _come: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> None:
        os.write(self.handle, data)
        self.count += len(data)

    def take(self, count: int) -> bytes:
        while len(self._come) < count:
            data = os.read(self.handle, 4096)
            self.count += len(data)
            self._come += data
        taken = bytes(self._come[:count])
        del self._come[:count]
        return taken


@contextmanager
def terminal(port: Path) -> Iterator[Terminal]:
    handle = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        tty.setraw(handle)
        yield Terminal(handle)
    finally:
        os.close(handle)


@contextmanager
def connected(device: FiscalRegister) -> Iterator[Desk]:
    identity = device.connect()
    try:
        yield Desk(device, identity.register_serial, identity.fn_serial, device.status().last_fd)
    finally:
        device.disconnect()


def prepare(port: Path) -> None:
    """Open the shift."""
    device = open_register("shtrih", f"pty:{port}", clock=SystemClock())
    device.connect()
    device.open_shift("Иванова М.", None)
    device.disconnect()


def commands(port: Path, profile: Profile) -> ReceiptCommands:
    """The receipt's commands for the register as it is set up."""
    clock = SystemClock()
    link = Link(SerialTransport(str(port), clock, (9600,), lambda _: True), profile, clock)
    link.open()
    settings = find_out(Asking(link, profile.password), profile).settings
    link.close()
    return commands_for(planned(), profile, settings)
