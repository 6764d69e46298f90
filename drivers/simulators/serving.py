"""A simulated device in a loop of its own: one thread, whatever the port is.

How many clients may be inside at a time is the device's matter: a register cuts the line before when a host has dialled
again, and its client is put out then. What other threads want of the device goes through ``call`` and is done between
two rounds of the loop, so that nothing needs a lock.
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
    def reachable(self) -> bool:
        """Whether a client can stay connected."""

    def tick(self) -> None: ...

    def connection(self) -> TimedLine: ...


class Port(Protocol):
    """Where clients come in. ``who`` is the number that ``arrived`` has given a client."""

    @property
    def address(self) -> str:
        """As ``{"listening": …}`` names it, for example ``tcp:127.0.0.1:7778``."""

    @property
    def patience(self) -> float | None:
        """Seconds after which ``arrived`` must be asked although nothing is readable."""

    def readable(self) -> list[int]:
        """File descriptors to wait for."""

    def arrived(self, ready: set[int], /) -> int | None:
        """The number of a client that has come."""

    def read(self, who: int, ready: set[int], /) -> bytes | None:
        """What the client has sent, b"" when nothing; ``None``: it has gone."""

    def write(self, who: int, data: bytes) -> None:
        """Raises ``OSError`` when the client has gone."""

    def hang_up(self, who: int) -> None:
        """Put the client out, so that it notices; nothing to do for one that is out."""

    def power(self, on: bool) -> None:
        """The device went out of reach, which puts every client out, or came back."""

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
        self._lines: dict[int, TimedLine] = {}
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
        if self._power != self._device.reachable:
            self._power = self._device.reachable
            if not self._power:
                for line in self._lines.values():
                    line.close()
                self._lines.clear()
            self._port.power(self._power)

    def serve(self) -> None:
        while not self._stopping:
            ready = self._wait()
            self._obey()
            self._device.tick()
            self.settle()
            who = self._port.arrived(ready)
            if who is not None:
                self._plug_in(who)
            self._read(ready)
            self._device.tick()
            self._write()

    def close(self) -> None:
        for who in list(self._lines):
            self._hang_up(who)
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
        now = self._clock.monotonic()
        dues = (self._device.deadline, *(line.deadline for line in self._lines.values()))
        waits = [max(0.0, due - now) for due in dues if due is not None]
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

    def _plug_in(self, who: int) -> None:
        self._lines.pop(who, None)  # a port with one place, whose client came anew
        try:
            self._lines[who] = self._device.connection()
        except ConnectionRefusedError:
            log.info("out of reach: connection closed")
            self._port.hang_up(who)

    def _read(self, ready: set[int]) -> None:
        for who, line in list(self._lines.items()):
            if line.closed:
                continue  # by a newer one: ``_write`` puts its client out
            try:
                data = self._port.read(who, ready)
            except OSError as error:
                log.info("read failed: %s", error)
                data = None
            if data is None:
                log.info("the client has hung up")
                self._hang_up(who)
            elif data:
                line.feed(data)

    def _write(self) -> None:
        for who, line in list(self._lines.items()):
            data = line.poll()
            try:
                if data:
                    self._port.write(who, data)
            except OSError as error:
                log.info("write failed: %s", error)
                self._hang_up(who)
                continue
            if line.closed:
                log.info("the device has cut the connection")
                self._hang_up(who)
        self.settle()

    def _hang_up(self, who: int) -> None:
        self._lines.pop(who).close()
        self._port.hang_up(who)
