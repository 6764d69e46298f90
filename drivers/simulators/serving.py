"""A simulated device in a loop of its own: one thread, one client at a time, whatever the port is.

A new client replaces the one before, as a register does whose host has dialled again after a cut. What other threads
want of the device goes through ``call`` and is done between two rounds of the loop, so that nothing needs a lock.
"""

from __future__ import annotations

import logging
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Protocol

from drivers.simulators.clock import Clock

log = logging.getLogger(__name__)


class Line(Protocol):
    @property
    def closed(self) -> bool: ...

    def feed(self, data: bytes) -> None: ...

    def poll(self) -> bytes: ...

    def close(self) -> None: ...


class TimedLine(Line, Protocol):
    @property
    def deadline(self) -> float | None:
        """``monotonic`` of the clock when ``poll`` has something to do, though no byte came."""


class Device(Protocol):
    @property
    def deadline(self) -> float | None: ...

    @property
    def powered(self) -> bool: ...

    def tick(self) -> None: ...

    def connection(self) -> TimedLine: ...


class Port(Protocol):
    """Where clients come in. At most one is inside."""

    @property
    def address(self) -> str:
        """As ``{"listening": …}`` names it, for example ``tcp:127.0.0.1:7778``."""

    @property
    def patience(self) -> float | None:
        """Seconds after which ``arrived`` must be asked although nothing is readable."""

    def readable(self) -> list[int]:
        """File descriptors to wait for."""

    def arrived(self, ready: set[int], /) -> bool:
        """A client has come; one that was inside before is out."""

    def read(self, ready: set[int], /) -> bytes | None:
        """What the client has sent, b"" when nothing; ``None``: it has gone."""

    def write(self, data: bytes) -> None:
        """Raises ``OSError`` when the client has gone."""

    def hang_up(self) -> None:
        """Put the client out, so that it notices."""

    def power(self, on: bool) -> None:
        """The device was switched off, which puts a client out, or on."""

    def close(self) -> None: ...


class Server:
    """``serve`` blocks until ``stop``, which any thread or a signal handler may call. Close it afterwards."""

    def __init__(self, device: Device, clock: Clock, port: Port) -> None:
        self._device = device
        self._clock = clock
        self._port = port
        self._wake, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._stopping = False
        self._line: TimedLine | None = None
        self._power = True

    @property
    def address(self) -> str:
        return self._port.address

    def stop(self) -> None:
        self._stopping = True
        self._rouse()

    def call(self, action: Callable[[], None]) -> None:
        """Do this in the loop's thread, soon."""
        self._calls.put(action)
        self._rouse()

    def settle(self) -> None:
        """Let the port show what has become of the power; for an action of ``call`` that tells others about it."""
        if self._power != self._device.powered:
            self._power = self._device.powered
            if self._line is not None and not self._power:
                self._line.close()
                self._line = None
            self._port.power(self._power)

    def serve(self) -> None:
        while not self._stopping:
            ready = self._wait()
            self._obey()
            self._device.tick()
            self.settle()
            if self._port.arrived(ready):
                self._plug_in()
            self._read(ready)
            self._device.tick()
            self._write()

    def close(self) -> None:
        self._hang_up()
        self._port.close()
        self._wake.close()
        self._waker.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- inside ---

    def _rouse(self) -> None:
        with suppress(BlockingIOError):  # so many calls are waiting that the loop is awake anyway
            self._waker.send(b"x")

    def _wait(self) -> set[int]:
        due = self._line.deadline if self._line is not None else self._device.deadline
        waits = [] if due is None else [max(0.0, due - self._clock.monotonic())]
        if self._port.patience is not None:
            waits.append(self._port.patience)
        wake = self._wake.fileno()
        woken, _, _ = select.select([wake, *self._port.readable()], [], [], min(waits) if waits else None)
        if wake in woken:
            self._wake.recv(4096)
        return set(woken)

    def _obey(self) -> None:
        while True:
            try:
                action = self._calls.get_nowait()
            except Empty:
                return
            action()

    def _plug_in(self) -> None:
        if self._line is not None:
            log.info("a new client replaces the one before")
            self._line.close()
            self._line = None
        try:
            self._line = self._device.connection()
        except ConnectionRefusedError:
            log.info("no power: connection closed")
            self._port.hang_up()

    def _read(self, ready: set[int]) -> None:
        if self._line is None:
            return
        try:
            data = self._port.read(ready)
        except OSError as error:
            log.info("read failed: %s", error)
            data = None
        if data is None:
            log.info("the client has hung up")
            self._hang_up()
        elif data:
            self._line.feed(data)

    def _write(self) -> None:
        if self._line is None:
            return
        data = self._line.poll()
        try:
            if data:
                self._port.write(data)
        except OSError as error:
            log.info("write failed: %s", error)
            self._hang_up()
            return
        self.settle()
        if self._line is not None and self._line.closed:
            log.info("the device has cut the connection")
            self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
            self._port.hang_up()
