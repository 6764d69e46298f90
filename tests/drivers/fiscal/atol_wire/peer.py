"""The other end of the line, written from the description of link layer v3 alone: it frames, keeps tasks and their
results, executes a task once, and meets with what a test wants it to.

It is no simulator: what a command does is "asked this, answer that". It shares no encoder with the driver.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from drivers.transports.base import Clock, LinkError, Transport

LOSE_ANSWER = "execute, lose the answer on the line"
DAMAGE_ANSWER = "execute, damage the answer"
LATER = "say 'in progress', send the result by itself"
ASK_LATER = "say 'in progress', tell only when asked"
CUT_BEFORE = "the channel breaks before it arrives"
CUT_AFTER = "execute, then the channel breaks"
POWER_BEFORE = "the power fails before it is executed"
POWER_AFTER = "execute, then the power fails"
MUTE = "execute, then never say anything"
FULL = "refuse it once: the buffer is full"

Answer = bytes | Callable[[], bytes]


def crc(data: bytes) -> int:
    value = 0xFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1) ^ 0x31 if value & 0x80 else value << 1
            value &= 0xFF
    return value


def frame(number: int, data: bytes) -> bytes:
    body = b"".join(
        {0xFE: b"\xfd\xee", 0xFD: b"\xfd\xed"}.get(b, bytes((b,)))
        for b in data + bytes((crc(bytes((number,)) + data),))
    )
    return bytes((0xFE, len(data) % 128, len(data) // 128, number)) + body


class Peer:
    """``answers``: by the beginning of a command; the longest that fits counts. A list is taken from the front, its
    last one stays."""

    def __init__(self) -> None:
        self.answers: dict[bytes, list[Answer]] = {}
        self.executed: list[bytes] = []
        self.added: list[bytes] = []  # every C1 that arrived, executed or not
        self.fates: dict[bytes, deque[str]] = {}  # by the beginning of a command
        self.is_open = False
        self.opened = 0
        self.present = True  # can be reached
        self.silent = False
        self._tasks: dict[int, bytes] = {}
        self._in = b""
        self._out = b""

    # --- channel -----------------------------------------------------------------------------------------------------

    def open(self) -> None:
        self._in = self._out = b""
        if not self.present:
            raise LinkError("device_offline", "nobody there")
        self.is_open = True
        self.opened += 1

    def write(self, data: bytes) -> None:
        self._check()
        self._in += data
        while not self.silent and self._next():
            pass

    def read(self) -> bytes:
        out, self._out = self._out, b""
        if not out:
            self._check()
        return out

    def _check(self) -> None:
        if not self.is_open:
            raise LinkError("link_lost", "the channel broke")

    def restart(self) -> None:
        self._tasks.clear()
        self._in = self._out = b""
        self.is_open = False

    # --- packets -----------------------------------------------------------------------------------------------------

    def _next(self) -> bool:
        start = self._in.find(b"\xfe")
        if start < 0:
            self._in = b""
            return False
        self._in = self._in[start:]
        if len(self._in) < 4:
            return False
        size = self._in[1] + 128 * self._in[2] + 1
        body, place = b"", 4
        while len(body) < size:
            if place >= len(self._in) or (self._in[place] == 0xFD and place + 1 >= len(self._in)):
                return False
            if self._in[place] == 0xFD:
                body += b"\xfe" if self._in[place + 1] == 0xEE else b"\xfd"
                place += 2
            else:
                body += self._in[place : place + 1]
                place += 1
        number, self._in = self._in[3], self._in[place:]
        if crc(bytes((number,)) + body[:-1]) != body[-1]:
            self._say(number, b"")
        else:
            self._take(number, body[:-1])
        return True

    def _say(self, number: int, data: bytes) -> None:
        self._out += frame(number, data)

    def _take(self, number: int, data: bytes) -> None:
        match data[0]:
            case 0xC4:
                self._tasks.clear()
                self._say(number, b"\xa3")
            case 0xC2:
                self._tasks.pop(data[1], None)
                self._say(number, b"\xa3")
            case 0xC3:
                known = self._tasks.get(data[1])
                self._say(number, b"\xb3" if known is None else b"\xa3" + known)
            case 0xC1:
                self._add(number, data)

    def _add(self, number: int, data: bytes) -> None:
        flags, task, command = data[1], data[2], data[5:]
        self.added.append(command)
        fate = self._fate(command)
        if fate == FULL:
            self._say(number, b"\xb1")
            return
        if fate == CUT_BEFORE:
            self.is_open = False
            return
        if fate == POWER_BEFORE:
            self.restart()
            return
        if task in self._tasks:
            self._say(number, b"\xb2")
            return
        self.executed.append(command)
        self._tasks[task] = self._answer(command)
        packet = frame(number, b"\xa3" + self._tasks[task])
        match fate:
            case "":
                self._out += packet
                if not flags & 1:
                    del self._tasks[task]
            case _ if fate == DAMAGE_ANSWER:
                self._out += packet[:-1] + bytes((packet[-1] ^ 0x10,))
            case _ if fate == LATER:
                self._out += frame(number, b"\xa2") + frame(0xF0, bytes((0xA6, task)) + self._tasks[task])
            case _ if fate == ASK_LATER:
                self._out += frame(number, b"\xa2")
            case _ if fate == CUT_AFTER:
                self.is_open = False
            case _ if fate == POWER_AFTER:
                self.restart()
            case _ if fate == MUTE:
                self.silent = True

    def _fate(self, command: bytes) -> str:
        for start, fates in self.fates.items():
            if command.startswith(start) and fates:
                return fates.popleft()
        return ""

    def _answer(self, command: bytes) -> bytes:
        for size in range(len(command), 0, -1):
            answers = self.answers.get(command[:size])
            if answers:
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                return answer() if callable(answer) else answer
        return b"\x55\x7a"


class PeerTransport(Transport):
    """A channel to the peer on a clock that jumps."""

    def __init__(self, peer: Peer, clock: Clock, tick: float = 0.05) -> None:
        self._peer = peer
        self._clock = clock
        self._tick = tick

    def open(self) -> None:
        self._peer.open()

    def close(self) -> None:
        self._peer.is_open = False

    def write(self, data: bytes) -> None:
        self._peer.write(data)

    def read(self, most: int, deadline: float) -> bytes:
        while True:
            data = self._peer.read()
            if data:
                return data
            left = deadline - self._clock.now()
            if left <= 0:
                return b""
            self._clock.sleep(min(self._tick, left))
