"""A terminal that follows a script: what it expects to hear, byte for byte, and what it says then.

``> 06 00 …``: it hears this · ``< 80 00 00``: it says this · ``~ 06 0f``: these bytes, without a frame · ``! cut``:
the line breaks · ``? abort``: somebody at the cash desk wants to abort now. What does not go as written fails the test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.terminal_api import Order, Progress, Transaction, Verdict
from drivers.terminals.zvt import ZvtTerminal, load_profile
from drivers.transports.base import LinkError
from drivers.transports.memory import MemoryTransport, VirtualClock
from protocol.wire.buffer import ReceiveBuffer
from protocol.wire.zvt.apdu import next_apdu
from protocol.wire.zvt.serial import frame
from tests.drivers.terminals.zvt import WALL

ACK = "06"


class ScriptedTerminal(MemoryTransport):
    """``opened``: how many connections there were."""

    def __init__(self, script: str, clock: VirtualClock, *, framed: bool = False) -> None:
        super().__init__(self, clock)
        self.clock = clock
        self.lines = [line.strip() for line in script.strip().splitlines() if line.strip()]
        self.opened = 0
        self.refuses = ""
        self.aborts = False
        self._heard = bytearray()
        self._framed = framed

    def open(self) -> None:
        if self.refuses:
            raise LinkError(self.refuses, "refused")
        self.opened += 1
        super().open()

    def feed(self, data: bytes) -> None:
        self._heard += data
        while self.lines and self.lines[0].startswith(">") and self._heard:
            wanted = self._bytes(self.lines[0])
            got = bytes(self._heard[: len(wanted)])
            assert wanted.startswith(got), f"heard {got.hex(' ')}, expected {wanted.hex(' ')}"
            if len(got) < len(wanted):
                return
            del self._heard[: len(wanted)]
            self.lines.pop(0)
        assert not self._heard, f"heard {self._heard.hex(' ')}, expected {self.lines[:1]}"

    def poll(self) -> bytes:
        if self.lines and self.lines[0].startswith("!"):
            self.lines.pop(0)
            raise LinkError("link_lost", "cut")
        if self.lines and self.lines[0].startswith("?"):
            self.lines.pop(0)
            self.aborts = True
        if self.lines and self.lines[0].startswith("~"):
            return bytes.fromhex(self.lines.pop(0)[1:])
        if self.lines and self.lines[0].startswith("<"):
            return self._bytes(self.lines.pop(0))
        return b""

    def _bytes(self, line: str) -> bytes:
        """A line of the script; on a serial line ``06`` and ``15`` alone are signs, all else stands in a frame."""
        raw = bytes.fromhex(line[1:].partition("#")[0])
        if not self._framed or len(raw) == 1:
            return raw
        buffer = ReceiveBuffer(1000)
        buffer.feed(raw)
        apdu = next_apdu(buffer)
        return raw if apdu is None else frame(apdu)


@dataclass
class Attendant:
    """Decides by a list (``KEEP`` when it is at its end) and notes what it was told."""

    verdicts: list[Verdict] = field(default_factory=list)
    wanted: Callable[[], bool] = lambda: False
    at: Callable[[Transaction], None] = lambda _: None
    told: list[Progress] = field(default_factory=list)
    approvals: list[Transaction] = field(default_factory=list)

    def progress(self, progress: Progress) -> None:
        self.told.append(progress)

    def approved(self, transaction: Transaction) -> Verdict:
        self.approvals.append(transaction)
        self.at(transaction)
        return self.verdicts.pop(0) if self.verdicts else Verdict.KEEP

    def abort_wanted(self) -> bool:
        return self.wanted()


ORDER = Order(12300, 17)


def terminal(
    script: str, *, framed: bool = False, trace: list[tuple[str, bytes]] | None = None
) -> tuple[ZvtTerminal, ScriptedTerminal]:
    clock = VirtualClock()
    channel = ScriptedTerminal(script, clock, framed=framed)

    def hear(_: float, direction: str, data: bytes) -> None:
        assert trace is not None
        trace.append((direction, data))

    made = ZvtTerminal(channel, load_profile(), clock, lambda: WALL, hear if trace is not None else None, framed=framed)
    return made, channel
