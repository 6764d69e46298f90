"""Device side of the alternative lower level, "protocol 2": numbered frames, exactly once (protocol 2.0).

    8F | LEN16 | NUM16 | DATA | CRC16        everything after 8F stuffed: 8F -> 9F 81, 9F -> 9F 83

A command is executed when its number follows the last executed one; any other number, and a ping (LEN 0), brings the
last reply again. Number and reply live in ``device.numbered``: they outlive a connection, not a power failure. There is
no byte for "damaged": such a frame is dropped in silence. What comes while a command is executed is not executed; one
answer leaves when it is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.simulators.door import Door, Request
from drivers.simulators.registration import crc16
from drivers.simulators.shtrih.wire import succeeded

if TYPE_CHECKING:
    from drivers.simulators.line import Connection
    from drivers.simulators.shtrih.device import ShtrihDevice

START, ESCAPE = 0x8F, 0x9F
STUFFED = {START: b"\x9f\x81", ESCAPE: b"\x9f\x83"}
UNSTUFFED = {0x81: START, 0x83: ESCAPE}
LONGEST = 4096
"""A longer LEN16 is noise: no command of the protocol comes near it."""


@dataclass(slots=True)
class Numbered:
    """What a device remembers of the level: the last executed number and its reply (0 and none after power-on)."""

    number: int = 0
    answer: bytes | None = None

    @property
    def next(self) -> int:
        return (self.number + 1) & 0xFFFF


def numbered_frame(number: int, data: bytes) -> bytes:
    body = (len(data) + 2).to_bytes(2, "little") + number.to_bytes(2, "little") + data
    body += crc16(body).to_bytes(2, "little")
    return bytes([START]) + b"".join(STUFFED.get(byte, bytes([byte])) for byte in body)


class Alternative:
    def __init__(self, line: Connection, device: ShtrihDevice) -> None:
        self._line = line
        self._device = device
        self._frame: bytearray | None = None  # unstuffed, after 8F; None outside a frame
        self._escaped = False
        self._asked = False

    def take(self, data: bytes) -> int:
        self._take(data[0])
        return 1

    def timed_out(self) -> None:
        self._drop()

    def answer_ready(self) -> None:
        if self._asked:
            self._repeat()

    def answer_lost(self) -> None:
        self._asked = False

    # --- inside ---

    def _take(self, byte: int) -> None:
        if byte == START:  # inside a frame it breaks that one off and begins another
            self._frame, self._escaped = bytearray(), False
            self._line.wait(self._device.byte_timeout)
            return
        if self._frame is None:
            return
        if self._escaped:
            self._escaped = False
            if byte not in UNSTUFFED:
                self._drop()
                return
            byte = UNSTUFFED[byte]
        elif byte == ESCAPE:
            self._escaped = True
            return
        self._frame.append(byte)
        self._line.wait(self._device.byte_timeout)
        self._look(self._frame)

    def _drop(self) -> None:
        self._frame = None
        self._line.wait(None)

    def _look(self, got: bytearray) -> None:
        if len(got) < 2:
            return
        size = int.from_bytes(got[:2], "little")
        if size == 1 or size > LONGEST:
            self._drop()
        elif len(got) == size + 4:
            self._drop()
            body, crc = bytes(got[:-2]), int.from_bytes(got[-2:], "little")
            if crc16(body) == crc:
                self._whole_frame(body[2:4], body[4:])

    def _whole_frame(self, number: bytes, data: bytes) -> None:
        memory = self._device.numbered
        if self._device.busy:
            self._asked = True
        elif data and int.from_bytes(number, "little") == memory.next:
            self._command(memory.next, data)
        else:
            self._repeat()

    def _command(self, number: int, payload: bytes) -> None:
        if self._device.damages("in", payload):
            return

        def deliver(reply: bytes | None) -> None:
            self._device.numbered = Numbered() if reply is None else Numbered(number, reply)

        request = Request(payload, deliver, lambda: self._device.numbered.next == number, keeps_late=True)
        match self._device.at_the_door(request):
            case Door.TAKE:
                self._asked = True
                self._device.start(request)
            case Door.DROP:
                self._line.close()
            case Door.REJECT | Door.DEAF:
                pass

    def _repeat(self) -> None:
        self._asked = False
        memory = self._device.numbered
        reply = memory.answer or b""
        sent = numbered_frame(memory.number, reply)
        if reply and self._device.damages("out", reply):
            sent = sent[:-1] + bytes([sent[-1] ^ 0x01])
        self._line.emit(sent)
        if succeeded(reply, "14"):
            self._line.choose_again()
