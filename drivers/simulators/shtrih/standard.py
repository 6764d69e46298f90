"""Device side of the standard lower level: ENQ/ACK/NAK, frames, the stored reply (protocol 1.17, «Нижний уровень»).

A reply stays in ``device.reply`` until the host has acknowledged it: it outlives a connection, not a power failure.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from drivers.simulators.door import Door, Request
from drivers.simulators.shtrih.wire import ACK, ENQ, EXTRA, NAK, STX, checksum, frame, succeeded

if TYPE_CHECKING:
    from drivers.simulators.line import Connection
    from drivers.simulators.shtrih.device import ShtrihDevice


class Phase(Enum):
    IDLE = "idle"
    RECEIVING = "receiving a frame"
    EXECUTING = "executing"
    AWAITING_ACK = "reply sent, awaiting its ACK"
    AWAITING_ENQ = "reply stored, awaiting ENQ"


class Standard:
    def __init__(self, line: Connection, device: ShtrihDevice) -> None:
        self._line = line
        self._device = device
        pending = self._device.reply is not None or self._device.busy
        self._phase = Phase.AWAITING_ENQ if pending else Phase.IDLE
        self._frame = bytearray()

    def take(self, data: bytes) -> int:
        self._take(data[0])
        return 1

    def timed_out(self) -> None:
        self._set(Phase.IDLE if self._phase is Phase.RECEIVING else Phase.AWAITING_ENQ)

    def answer_ready(self) -> None:
        if self._phase is Phase.EXECUTING:
            self._send_reply()

    def answer_lost(self) -> None:
        if self._phase is Phase.EXECUTING:
            self._set(Phase.IDLE if self._device.reply is None else Phase.AWAITING_ENQ)

    # --- inside ---

    def _take(self, byte: int) -> None:
        match self._phase:
            case Phase.IDLE:
                if byte == ENQ:
                    self._enquiry()
                elif byte == STX:
                    self._frame.clear()
                    self._set(Phase.RECEIVING, self._device.byte_timeout)
            case Phase.RECEIVING:
                self._frame.append(byte)
                self._set(Phase.RECEIVING, self._device.byte_timeout)
                if len(self._frame) == self._frame[0] + 2:
                    self._whole_frame()
            case Phase.EXECUTING:
                if byte == ENQ:
                    self._line.emit(bytes([ACK]))
            case Phase.AWAITING_ACK:
                if byte == ACK:
                    self._acknowledged()
                else:
                    self._set(Phase.AWAITING_ENQ)
            case Phase.AWAITING_ENQ:
                if byte == ENQ:
                    self._enquiry()

    def _enquiry(self) -> None:
        if self._device.reply is not None:
            self._line.emit(bytes([ACK]))
            self._send_reply()
        elif self._device.busy:
            self._set(Phase.EXECUTING)
            self._line.emit(bytes([ACK]))
        else:
            self._set(Phase.IDLE)
            self._line.emit(bytes([NAK]))

    def _whole_frame(self) -> None:
        body, sum_byte = bytes(self._frame[:-1]), self._frame[-1]
        payload = body[1:]
        self._set(Phase.IDLE)
        if checksum(body) != sum_byte or not payload or self._device.damages("in", payload):
            self._line.emit(bytes([NAK]))
            return
        request = Request(payload, self._device.keep_reply)
        match self._device.at_the_door(request):
            case Door.REJECT:
                self._line.emit(bytes([NAK]))
            case Door.DROP:
                self._line.close()
            case Door.TAKE:
                self._set(Phase.EXECUTING)
                if not self._device.loses_ack("out", payload):
                    self._line.emit(bytes([ACK]))
                self._device.reply = None
                self._device.start(request)
            case Door.DEAF:
                pass

    def _acknowledged(self) -> None:
        reply = self._device.reply
        if reply is not None and self._device.loses_ack("in", reply):
            return
        self._device.reply = None
        self._set(Phase.IDLE)
        if self._device.options.tcp:
            self._line.emit(bytes([EXTRA]))
        if reply is not None and succeeded(reply, "14"):
            self._line.choose_again()

    def _send_reply(self) -> None:
        reply = self._device.reply
        if reply is None:
            return
        self._set(Phase.AWAITING_ACK, self._device.options.ack_timeout)
        sent = frame(reply)
        if self._device.damages("out", reply):
            sent = sent[:-1] + bytes([sent[-1] ^ 0x01])
        self._line.emit(sent)

    def _set(self, phase: Phase, seconds: float | None = None) -> None:
        self._phase = phase
        self._line.wait(seconds)
