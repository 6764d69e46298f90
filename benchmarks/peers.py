"""The same receipt by another client of the protocol, on the same simulated register and line.

``pyshtrih`` is an independent driver for this family. It has no functions for the commands of receipts with FFD tags
(FF46h, FF4Dh, FF45h), so it sends the very same ones through its own protocol layer, and opens and attaches tags by its
own functions. Both are timed from the first byte of opening the document to the answer of the close.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.paced import BAUD, register
from benchmarks.receipt import planned
from benchmarks.rows import Options, Row, below
from benchmarks.wire import commands, prepare
from drivers.api import FiscalRegister
from drivers.fiscal.shtrih.profile import load_profile
from drivers.fiscal.shtrih.receipt import ReceiptCommands
from drivers.registry import open_register
from drivers.transports.base import SystemClock
from protocol.ffd.planned import PlannedReceipt
from protocol.wire.shtrih.codec import ENQ, Frame
from protocol.wire.shtrih.commands import Command

RECEIPTS = 40


def measure(options: Options) -> Iterator[Row]:
    yield from _on_a_line(options, "peers_pyshtrih", BAUD)
    yield from _on_a_line(options, "peers_pyshtrih_unpaced", None)


def _on_a_line(options: Options, name: str, baud: int | None) -> Iterator[Row]:
    import pyshtrih  # type: ignore[import-untyped]

    plan, profile = planned(), load_profile()
    folder = options.scratch / name
    folder.mkdir()
    port = folder / "port"
    ours: list[float] = []
    theirs: list[float] = []
    with register(port, baud, folder / "log"):
        prepare(port)
        wanted = commands(port, profile)
        span = Span(Frame(wanted.open.to_bytes()).to_bytes(), wanted.close.code)
        device = open_register("shtrih", f"pty:{port}", clock=SystemClock(), trace=span)
        for done in range(options.count(RECEIPTS, 1)):
            ours.append(by_us(device, plan, span))
            client = pyshtrih.ShtrihM01F(port=str(port), baudrate=BAUD, timeout=10, password=profile.password)
            client.connect()
            try:
                theirs.append(by_pyshtrih(client, wanted, profile.password))
            finally:
                client.disconnect()
            if done % 10 == 9:
                options.say(f"  {name}: ours {median(ours) * 1e3:.1f} ms, theirs {median(theirs) * 1e3:.1f} ms")
    yield Row(
        name,
        median(ours) * 1e3,
        median(theirs) * 1e3,
        "ms",
        below(1.0) if baud else None,
        len(ours),
        f"pyshtrih, {'a line of ' + str(baud) + ' baud' if baud else 'a line that takes no time'}",
        "" if baud else "the clients' own work alone",
    )


@dataclass
class Span:
    """From the moment when the opening is announced (its ENQ leaves) to the one when the answer of the close is
    whole."""

    opening: bytes
    close: bytes  # its code
    began: float = 0.0
    ended: float = 0.0
    _enquired: float = 0.0
    _closing: bool = False

    def __call__(self, _at: float, direction: str, data: bytes) -> None:
        if direction == "tx" and data[-1:] == bytes([ENQ]) and not self._closing:
            self._enquired = perf_counter()
        elif direction == "tx" and data == self.opening:
            self.began = self._enquired
        elif direction == "tx" and len(data) > 2 and data[2 : 2 + len(self.close)] == self.close:
            self._closing = True
        elif direction == "rx" and self._closing:
            self.ended = perf_counter()
        elif direction == "tx" and self._closing:  # its ACK: the answer was whole
            self._closing = False


def by_us(device: FiscalRegister, plan: PlannedReceipt, span: Span) -> float:
    device.connect()
    try:
        device.status()
        device.fill_receipt(plan, lambda _done, _of: None)
        device.close_receipt(plan)
    finally:
        device.disconnect()
    return span.ended - span.began


def by_pyshtrih(client: Any, wanted: ReceiptCommands, password: int) -> float:
    client.wait_printing()  # its opening waits itself, too; that is not counted
    begun = perf_counter()
    client.protocol.command(0x8D, password, bytearray([wanted.open.kind]))
    for tlv in wanted.head:
        client.send_tlv_struct(tlv)
    for position in wanted.positions:
        for command in position.commands:
            said(client, command)
    said(client, wanted.close)
    return perf_counter() - begun


def said(client: Any, command: Command[Any]) -> None:
    """Through its protocol layer; the answer of a command that it does not know comes back as bytes."""
    payload, size = command.to_bytes(), len(command.code)
    answer = client.protocol.command_nopass(int.from_bytes(command.code, "big"), bytearray(payload[size:]))
    if answer[0] != 0:
        raise RuntimeError(f"{command}: {bytes(answer).hex()}")
