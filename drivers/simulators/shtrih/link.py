"""Device side of the standard lower level: ENQ/ACK/NAK, frames, the stored reply (protocol 1.17, «Нижний уровень»).

One ``Connection`` is one plugged-in line. ``feed`` takes bytes of the host, ``poll`` returns bytes for it. After the
device has cut the line ``closed`` is true; ``poll`` may still return what had left before.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from drivers.simulators.shtrih.wire import ACK, ENQ, EXTRA, NAK, STX, checksum, frame

if TYPE_CHECKING:
    from drivers.simulators.shtrih.device import ShtrihDevice


class Phase(Enum):
    IDLE = "idle"
    RECEIVING = "receiving a frame"
    EXECUTING = "executing"
    AWAITING_ACK = "reply sent, awaiting its ACK"
    AWAITING_ENQ = "reply stored, awaiting ENQ"


class Door(Enum):
    """What the device makes of a good frame before anything is executed."""

    TAKE = "take"
    NAK = "nak"
    DEAF = "deaf"
    DROP = "drop"


class Connection:
    def __init__(self, device: ShtrihDevice) -> None:
        self._device = device
        pending = device.reply is not None or device.busy
        self._phase = Phase.AWAITING_ENQ if pending else Phase.IDLE
        self._frame = bytearray()
        self._out = bytearray()
        self._timer: float | None = None
        self._cutting = False
        self.closed = False

    def receive(self, data: bytes) -> bytes:
        """``feed`` and ``poll`` in one."""
        self.feed(data)
        return self.poll()

    def feed(self, data: bytes) -> None:
        """Bytes after a cut go nowhere."""
        self._device.tick()
        self._watch_timer()
        for byte in data:
            if self.closed:
                return
            left, self._cutting = self._device.line.passing("in", byte)
            if not self._device.deaf:
                for each in left:
                    self._take(each)
            if self._cutting:
                self.close()

    def poll(self) -> bytes:
        """Let time pass and collect what is to be sent."""
        self._device.tick()
        self._watch_timer()
        data, self._out = bytes(self._out), bytearray()
        return data

    def close(self) -> None:
        self.closed = True
        self._timer = None

    @property
    def deadline(self) -> float | None:
        """``clock.monotonic()`` of the next thing that happens by itself."""
        waits = [when for when in (self._timer, self._device.deadline) if when is not None]
        return min(waits) if waits else None

    def answer_ready(self) -> None:
        """The device has finished a command; whoever waits for it gets the reply without asking."""
        if self._phase is Phase.EXECUTING and not self.closed:
            self._send_reply()

    # --- one byte in ---

    def _take(self, byte: int) -> None:
        match self._phase:
            case Phase.IDLE:
                if byte == ENQ:
                    self._enquiry()
                elif byte == STX:
                    self._frame.clear()
                    self._set(Phase.RECEIVING, self._device.options.byte_timeout)
            case Phase.RECEIVING:
                self._frame.append(byte)
                self._set(Phase.RECEIVING, self._device.options.byte_timeout)
                if len(self._frame) == self._frame[0] + 2:
                    self._whole_frame()
            case Phase.EXECUTING:
                if byte == ENQ:
                    self._emit(bytes([ACK]))
            case Phase.AWAITING_ACK:
                if byte == ACK:
                    self._device.reply = None
                    self._set(Phase.IDLE)
                    if self._device.options.tcp:
                        self._emit(bytes([EXTRA]))
                else:
                    self._set(Phase.AWAITING_ENQ)
            case Phase.AWAITING_ENQ:
                if byte == ENQ:
                    self._enquiry()

    def _enquiry(self) -> None:
        if self._device.reply is not None:
            self._emit(bytes([ACK]))
            self._send_reply()
        elif self._device.busy:
            self._set(Phase.EXECUTING)
            self._emit(bytes([ACK]))
        else:
            self._set(Phase.IDLE)
            self._emit(bytes([NAK]))

    def _whole_frame(self) -> None:
        body, sum_byte = bytes(self._frame[:-1]), self._frame[-1]
        self._set(Phase.IDLE)
        if checksum(body) != sum_byte or len(body) < 2:
            self._emit(bytes([NAK]))
            return
        payload = body[1:]
        match self._device.at_the_door(payload):
            case Door.NAK:
                self._emit(bytes([NAK]))
            case Door.DROP:
                self.close()
            case Door.TAKE:
                self._set(Phase.EXECUTING)
                self._emit(bytes([ACK]))
                self._device.start(payload)
            case Door.DEAF:
                pass

    # --- out ---

    def _send_reply(self) -> None:
        if self._device.reply is not None:
            self._set(Phase.AWAITING_ACK, self._device.options.ack_timeout)
            self._emit(frame(self._device.reply))

    def _emit(self, data: bytes) -> None:
        for byte in data:
            if self.closed or self._cutting or self._device.deaf:
                return
            left, cut = self._device.line.passing("out", byte)
            self._out += left
            if cut:
                self.close()

    def _set(self, phase: Phase, seconds: float | None = None) -> None:
        self._phase = phase
        self._timer = None if seconds is None else self._device.clock.monotonic() + seconds

    def _watch_timer(self) -> None:
        if self._timer is not None and self._device.clock.monotonic() >= self._timer:
            self._set(Phase.IDLE if self._phase is Phase.RECEIVING else Phase.AWAITING_ENQ)
