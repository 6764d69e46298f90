"""How units travel: bare over a network, in frames with check sums over a serial line.

A serial frame is ``10 02``, the unit with every 10 doubled, ``10 03`` and the check sum, low byte first and never
doubled. The receiver answers with a bare 06 or 15. What is sent is repeated twice when no 06 comes within T2, and then
given up. Choices where the text leaves one: a pause of T1 inside a frame drops it in silence; bytes between frames are
noise; a frame from the other side counts as the 06 that had been waited for, unless it is the one that came last once
more: then its 06 was lost, and it is only acknowledged again.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from drivers.simulators.line import Connection
from drivers.simulators.zvt import codes
from drivers.simulators.zvt.apdu import Apdu, Reader, whole

if TYPE_CHECKING:
    from drivers.simulators.zvt.device import ZvtTerminal

DLE, STX, ETX, ACK, NAK = 0x10, 0x02, 0x03, 0x06, 0x15
LONGEST = 2 * 0xFFFF


class NetworkLevel:
    """Units without anything around them."""

    def __init__(self, line: Connection, device: ZvtTerminal) -> None:
        self._line = line
        self._device = device
        self._reader = Reader()
        device.session.attach(self)

    @property
    def closed(self) -> bool:
        return self._line.closed

    def transmit(self, apdu: Apdu) -> None:
        if not self._line.closed:
            self._line.emit(apdu.to_bytes())

    def take(self, data: bytes) -> int:
        taken, apdu = self._reader.take(data)
        if apdu is not None:
            self._device.session.received(apdu)
        return taken

    def timed_out(self) -> None:
        """Nothing on a network is timed by itself."""

    def answer_ready(self) -> None:
        """Procedures speak for themselves."""

    def answer_lost(self) -> None:
        """The same."""


class SerialLevel:
    def __init__(self, line: Connection, device: ZvtTerminal) -> None:
        self._line = line
        self._device = device
        self._frame = _Frame()
        self._queue: deque[Apdu] = deque()  # the first one has been sent
        self._tries = 0
        self._due: float | None = None  # when the acknowledgement of the first one is late
        self._heard_at = 0.0
        self._last = b""  # of the other side
        device.session.attach(self)

    @property
    def closed(self) -> bool:
        return self._line.closed

    def transmit(self, apdu: Apdu) -> None:
        self._queue.append(apdu)
        if len(self._queue) == 1:
            self._send()

    def take(self, data: bytes) -> int:
        byte = data[0]
        self._heard_at = self._device.clock.monotonic()
        if not self._frame.begun and byte in (ACK, NAK):
            self._acknowledged(byte == ACK)
        else:
            unit = self._frame.feed(byte)
            if unit is not None:
                self._came(unit)
        self._watch()
        return 1

    def timed_out(self) -> None:
        now = self._device.clock.monotonic()
        if now - self._heard_at >= codes.T1:
            self._frame = _Frame()
        if self._due is not None and now >= self._due:
            self._acknowledged(False)
        self._watch()

    def answer_ready(self) -> None:
        """Procedures speak for themselves."""

    def answer_lost(self) -> None:
        """The same."""

    # --- inside ---

    def _came(self, unit: bytes) -> None:
        apdu = whole(unit[:-2])
        good = unit[-2:] == checksum(unit[:-2]) and apdu is not None
        word = "other" if apdu is None else codes.WORDS.get(apdu.code, "other")
        if not good or apdu is None or self._device.damages("in", word) or self._device.strikes("nak", word):
            self._line.emit(bytes([NAK]))
            return
        self._line.emit(bytes([ACK]))
        if self._due is not None:
            if unit == self._last:
                return
            self._acknowledged(True)
        self._last = unit
        self._device.session.received(apdu)

    def _acknowledged(self, good: bool) -> None:
        if self._due is None:
            return
        self._due = None
        if good:
            self._queue.popleft()
            self._tries = 0
        elif self._tries > codes.REPEATS:
            self._queue.clear()
            self._tries = 0
            self._device.session.lost()
            return
        if self._queue:
            self._send()

    def _send(self) -> None:
        self._tries += 1
        unit = self._queue[0].to_bytes()
        word = codes.WORDS.get(self._queue[0].code, "other")
        crc = checksum(unit)
        if self._device.damages("out", word):
            crc = bytes([crc[0] ^ 0xFF, crc[1]])
        self._line.emit(bytes([DLE, STX]) + unit.replace(b"\x10", b"\x10\x10") + bytes([DLE, ETX]) + crc)
        self._due = self._device.clock.monotonic() + codes.T2
        self._watch()

    def _watch(self) -> None:
        now = self._device.clock.monotonic()
        waits = [codes.T1] if self._frame.begun else []
        if self._due is not None:
            waits.append(max(0.0, self._due - now))
        self._line.wait(min(waits) if waits else None)


class _Frame:
    """Bytes of one frame after another."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._escaped = False
        self._inside = False
        self._sum: bytearray | None = None  # once the end has come

    @property
    def begun(self) -> bool:
        return self._inside or self._escaped

    def feed(self, byte: int) -> bytes | None:
        """The unit and the two bytes of its check sum, when they are whole."""
        if self._sum is not None:
            self._sum.append(byte)
            if len(self._sum) < 2:
                return None
            self._inside, whole_unit, self._sum = False, bytes(self._held + self._sum), None
            return whole_unit
        if not self._escaped:
            self._escaped = byte == DLE
            if self._inside and not self._escaped:
                self._add(byte)
            return None
        self._escaped = False
        if byte == STX:
            self._inside = True
            self._held.clear()
        elif byte == ETX and self._inside:
            self._sum = bytearray()
        elif byte == DLE and self._inside:
            self._add(byte)
        else:
            self._inside = False
        return None

    def _add(self, byte: int) -> None:
        if len(self._held) < LONGEST:
            self._held.append(byte)


def checksum(unit: bytes) -> bytes:
    """CRC-16 of the undoubled unit and its 03: polynomial 8408 reflected, from 0; low byte first."""
    crc = 0
    for byte in (*unit, ETX):
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc.to_bytes(2, "little")
