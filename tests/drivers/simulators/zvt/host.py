"""A cash register as a person with a hex editor would be one: what it says is written out, what it hears is cut apart.

It shares nothing with the simulator but this protocol's text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from random import Random

from drivers.simulators.bank import Entry
from drivers.simulators.clock import ManualClock
from drivers.simulators.line import Connection
from drivers.simulators.zvt import Options, ZvtState, ZvtTerminal, new_device, new_state

START = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001
YES = b"\x80\x00\x00"
ENDS = ("060f", "061e")
BE, NO_PRINT = "BE", "08"
"""Configurations: everything, print lines; progress alone."""

Answer = Callable[[bytes], bytes | None]


def yes(_unit: bytes) -> bytes | None:
    return YES


def units(data: bytes) -> Iterator[bytes]:
    """Bare units one after another; no rest may be left."""
    while data:
        head = 3 if data[2] != 0xFF else 5
        size = data[2] if data[2] != 0xFF else data[3] + 256 * data[4]
        assert len(data) >= head + size, data.hex()
        yield data[: head + size]
        data = data[head + size :]


def body(unit: bytes) -> bytes:
    return unit[3:] if unit[2] != 0xFF else unit[5:]


SIZES: Mapping[int, int] = {
    0x27: 1, 0x04: 6, 0x49: 2, 0x0C: 3, 0x0D: 2, 0x0B: 3, 0x87: 2, 0x29: 4, 0x2A: 15, 0x37: 3, 0x3B: 8, 0x19: 1,
    0x0E: 2,
}  # fmt: skip


def bmps(unit: bytes) -> dict[int, bytes]:
    """The fields of a 04 0F of the simulator."""
    data, found = body(unit), {}
    while data:
        bmp, data = data[0], data[1:]
        if bmp in SIZES:
            size, head = SIZES[bmp], 0
        elif bmp == 0x06:
            size, head = data[0], 1
            assert size < 0x80
        else:
            head = {0x22: 2, 0x8B: 2, 0x60: 3}[bmp]
            size = int("".join(str(byte & 0xF) for byte in data[:head]))
        found[bmp] = data[head : head + size]
        data = data[head + size :]
    return found


class Register:
    def __init__(
        self,
        *faults: str,
        state: ZvtState | None = None,
        options: Options | None = None,
        currency: str = "643",
        config: str | None = BE,
        seed: int = 1,
    ) -> None:
        self.clock = ManualClock(START)
        random = Random(seed)
        self.device: ZvtTerminal = new_device(
            self.clock,
            random,
            state=new_state(random, currency=currency) if state is None else state,
            options=options,
        )
        self.line: Connection = self.device.connection()
        self.heard: list[bytes] = []
        self.said: list[tuple[bool, bytes]] = []
        """Everything so far, in order; ``True``: by the terminal."""
        if config is not None:
            self.say(f"06 00 06 000000 {config} 0{currency}")
        for fault in faults:
            self.device.inject(fault)

    # --- talking ---

    def say(self, command: str, answer: Answer = yes, *, seconds: float = 1000.0) -> list[str]:
        """Send, then answer whatever the terminal says until its procedure has ended or it is silent for so long."""
        return self.listen(self._send(bytes.fromhex(command)), answer, seconds=seconds)

    def listen(self, data: bytes = b"", answer: Answer = yes, *, seconds: float = 1000.0) -> list[str]:
        self.heard = []
        end = self.clock.monotonic() + seconds
        while True:
            while data:
                came, data = list(units(data)), b""
                for unit in came:
                    self.heard.append(unit)
                    self.said.append((True, unit))
                    if unit[0] in (0x80, 0x84):
                        continue
                    told = answer(unit)
                    data += b"" if told is None else self._send(told)
                    if unit[:2].hex() in ENDS:
                        assert data == b""
                        return self.told
            due = self.line.deadline
            if self.line.closed or due is None or due > end or self._refused:
                return self.told
            self.clock.advance(max(0.0, due - self.clock.monotonic()))
            data = self.line.poll()

    def _send(self, unit: bytes) -> bytes:
        self.said.append((False, unit))
        return self.line.receive(unit)

    def dial(self) -> None:
        self.line.close()
        self.line = self.device.connection()

    def pass_time(self, seconds: float) -> bytes:
        self.clock.advance(seconds)
        return self.line.poll()

    @property
    def _refused(self) -> bool:
        return bool(self.heard) and self.heard[0][0] == 0x84

    @property
    def told(self) -> list[str]:
        return [unit.hex() for unit in self.heard]

    @property
    def kinds(self) -> list[str]:
        return [unit[:2].hex() for unit in self.heard]

    # --- operations ---

    def pay(self, kopecks: int, answer: Answer = yes, more: str = "", *, seconds: float = 1000.0) -> list[str]:
        return self.say(command("0601", f"04{kopecks:012d}{more}"), answer, seconds=seconds)

    def repeat(self) -> list[str]:
        return self.say("06 20 05 000000 03 03")

    @property
    def result(self) -> dict[int, bytes]:
        """Of the first 04 0F that was heard."""
        return bmps(next(unit for unit in self.heard if unit[:2] == b"\x04\x0f"))

    @property
    def slip(self) -> str:
        return "\n".join(unit[4:].decode("ascii") for unit in self.heard if unit[:2] == b"\x06\xd1")

    # --- the truth ---

    @property
    def entries(self) -> list[Entry]:
        return self.device.state.bank.entries

    @property
    def standings(self) -> list[str]:
        bank = self.device.bank
        return [f"{entry.kind.value} {entry.amount} {bank.standing(entry).value}" for entry in self.entries]


def command(code: str, data: str) -> str:
    size = len(bytes.fromhex(data))
    return f"{code}{size:02x}{data}" if size < 255 else f"{code}ff{size & 255:02x}{size >> 8:02x}{data}"


def silent_to(*kinds: str, times: int = 1000) -> Answer:
    """Everything is answered but the first so many of these commands of the terminal."""
    left = [times]

    def answer(unit: bytes) -> bytes | None:
        if unit[:2].hex() in kinds and left[0]:
            left[0] -= 1
            return None
        return YES

    return answer
