"""Device side of link layer v3: frames in, tasks into the buffer, their state and results out.

A task that ends within ``ANSWER_WITHIN`` is answered at once with its result; otherwise the host is told that it is in
progress, and the result follows unasked as a packet F0. A damaged frame is answered with an empty one, «repeat».
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from drivers.simulators.atol.frame import ASYNCHRONOUS, Decoder, Frame, encode
from drivers.simulators.atol.tasks import DO_NOT_WAIT, NEED_RESULT, Status, Task
from drivers.simulators.door import Door

if TYPE_CHECKING:
    from drivers.simulators.atol.device import AtolDevice
    from drivers.simulators.line import Connection


class Host(IntEnum):
    """What the host says: the first byte of its DATA."""

    ADD = 0xC1
    ACK = 0xC2
    REQ = 0xC3
    ABORT = 0xC4
    ACK_ADD = 0xC5


PENDING, IN_PROGRESS, RESULT, ERROR, STOPPED, ASYNC_RESULT, ASYNC_ERROR = range(0xA1, 0xA8)
FULL, EXISTS, NOT_FOUND, ILLEGAL = range(0xB1, 0xB5)
LAST_TID = 0xDF
"""Hosts count to DC; an independent one to DF."""
ANSWER_WITHIN = 0.25
"""Seconds; after that a host is told that its task is in progress."""


class Link:
    def __init__(self, line: Connection, device: AtolDevice) -> None:
        self._line = line
        self._device = device
        self._decoder = Decoder()
        self._asked: tuple[int, Task] | None = None  # packet whose answer is owed, and the task in it

    def take(self, data: bytes) -> int:
        frame = self._decoder.take(data[0])
        if frame is not None and frame.good:
            self._whole(frame)
        elif frame is not None:
            self._send(frame.packet, b"")
        return 1

    def timed_out(self) -> None:
        self._put_off()

    def answer_ready(self) -> None:
        if self._asked is not None and self._asked[1].status is Status.DONE:
            packet, task = self._asked
            self._asked = None
            self._line.wait(None)
            self._result(packet, task)
        for task in self._device.buffer.tasks.values():
            if task.told and task.status is Status.DONE and task.flags & NEED_RESULT:
                task.told = False
                head = bytes([ASYNC_ERROR if task.failed else ASYNC_RESULT, task.tid])
                self._send(ASYNCHRONOUS, head + task.answer, task)

    def answer_lost(self) -> None:
        """The host is left without an answer; the result may be in the buffer."""
        self._asked = None
        self._line.wait(None)

    # --- inside ---

    def _whole(self, frame: Frame) -> None:
        packet, data = frame.packet, frame.data
        match [*data]:
            case [Host.ADD, _, _, *_]:
                self._add(packet, data[1:])
            case [Host.ACK_ADD, done, _, _, *_]:
                self._device.buffer.tasks.pop(done, None)
                self._add(packet, data[2:])
            case [Host.ACK, tid]:
                self._acknowledged(packet, tid)
            case [Host.REQ, tid]:
                self._state(packet, tid)
            case [Host.ABORT]:
                self._device.buffer.abort()
                self._asked = None
                self._say(packet, RESULT)
            case _:
                self._say(packet, ILLEGAL)

    def _add(self, packet: int, data: bytes) -> None:
        flags, tid, command = data[0], data[1], data[2:]
        device = self._device
        task = Task(tid, flags, command)
        self._put_off()
        if device.damages("in", command):
            self._send(packet, b"")
            return
        if tid > LAST_TID:
            self._say(packet, ILLEGAL)
            return
        if tid in device.buffer.tasks:
            self._say(packet, EXISTS)
            return
        device.buffer.make_room()
        if device.buffer.halted or device.buffer.full:
            self._say(packet, STOPPED if device.buffer.halted else FULL)
            return
        match device.at_the_door(device.request(task)):
            case Door.TAKE:
                self._accept(packet, task)
            case Door.REJECT:
                self._send(packet, b"")
            case Door.FULL:
                self._say(packet, FULL)
            case Door.DROP:
                self._line.close()
            case Door.DEAF:
                pass

    def _accept(self, packet: int, task: Task) -> None:
        device = self._device
        device.buffer.add(task)
        if device.busy or task.flags & DO_NOT_WAIT:
            task.told = True
            self._say(packet, PENDING)
            device.go_on()
            return
        self._asked = (packet, task)
        self._line.wait(ANSWER_WITHIN)
        device.go_on()

    def _put_off(self) -> None:
        """The answer that is owed cannot wait any longer."""
        if self._asked is None:
            return
        packet, task = self._asked
        self._asked = None
        task.told = True
        self._say(packet, IN_PROGRESS)

    def _acknowledged(self, packet: int, tid: int) -> None:
        task = self._device.buffer.tasks.get(tid)
        if task is None:
            self._say(packet, NOT_FOUND)
        elif task.status in (Status.WAITING, Status.RUNNING):
            self._say(packet, PENDING if task.status is Status.WAITING else IN_PROGRESS)
        elif not self._device.loses_ack("in", task.command):
            del self._device.buffer.tasks[tid]
            if not self._device.loses_ack("out", task.command):
                self._say(packet, RESULT)

    def _state(self, packet: int, tid: int) -> None:
        task = self._device.buffer.tasks.get(tid)
        match task.status if task else None:
            case None:
                self._say(packet, NOT_FOUND)
            case Status.DONE:
                assert task is not None
                task.told = False
                self._result(packet, task)
            case Status.STOPPED:
                self._say(packet, STOPPED)
            case status:
                assert task is not None
                task.told = True
                self._say(packet, PENDING if status is Status.WAITING else IN_PROGRESS)

    def _result(self, packet: int, task: Task) -> None:
        self._send(packet, bytes([ERROR if task.failed else RESULT]) + task.answer, task)

    def _say(self, packet: int, status: int) -> None:
        self._send(packet, bytes([status]))

    def _send(self, packet: int, data: bytes, task: Task | None = None) -> None:
        damaged = task is not None and self._device.damages("out", task.command)
        self._line.emit(encode(packet, data, damaged=damaged))
