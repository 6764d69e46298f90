"""A simulated device behind a TCP port: one thread, one client at a time.

A new client replaces the one before, as a register does whose host has dialled again after a cut. While the device
has no power a connection is accepted by the computer and closed at once.
"""

from __future__ import annotations

import logging
import selectors
import socket
from typing import Protocol

from drivers.simulators.clock import Clock

log = logging.getLogger(__name__)


class Line(Protocol):
    @property
    def closed(self) -> bool: ...

    def feed(self, data: bytes) -> None: ...

    def poll(self) -> bytes: ...

    def close(self) -> None: ...


class Device(Protocol):
    @property
    def deadline(self) -> float | None: ...

    def tick(self) -> None: ...

    def connection(self) -> TimedLine: ...


class TimedLine(Line, Protocol):
    @property
    def deadline(self) -> float | None: ...


class TcpServer:
    """``serve`` blocks until ``stop``, which any thread or a signal handler may call. Close it afterwards."""

    def __init__(self, device: Device, clock: Clock, host: str, port: int) -> None:
        self._device = device
        self._clock = clock
        self._listener = socket.create_server((host, port))
        self._listener.setblocking(False)
        self._wake, self._stopper = socket.socketpair()
        self._client: socket.socket | None = None
        self._line: TimedLine | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()[:2]
        return str(host), int(port)

    def stop(self) -> None:
        self._stopper.send(b"x")

    def serve(self) -> None:
        while True:
            for key, _ in self._selector.select(self._patience()):
                if key.fileobj is self._wake:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._client:
                    self._read()
            self._device.tick()
            self._write()

    def close(self) -> None:
        self._hang_up()
        self._selector.close()
        for each in (self._listener, self._wake, self._stopper):
            each.close()

    def __enter__(self) -> TcpServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- inside ---

    def _patience(self) -> float | None:
        due = self._line.deadline if self._line is not None else self._device.deadline
        return None if due is None else max(0.0, due - self._clock.monotonic())

    def _accept(self) -> None:
        try:
            client, peer = self._listener.accept()
        except OSError as error:
            log.warning("accept failed: %s", error)
            return
        if self._client is not None:
            log.info("a new client replaces the one before")
            self._hang_up()
        try:
            self._line = self._device.connection()
        except ConnectionRefusedError:
            log.info("no power: connection from %s closed", peer)
            client.close()
            return
        log.info("connected: %s", peer)
        client.settimeout(5.0)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client
        self._selector.register(client, selectors.EVENT_READ)

    def _read(self) -> None:
        if self._client is None or self._line is None:
            return
        try:
            data = self._client.recv(4096)
        except OSError as error:
            log.info("read failed: %s", error)
            data = b""
        if data:
            self._line.feed(data)
        else:
            log.info("the client has hung up")
            self._hang_up()

    def _write(self) -> None:
        if self._client is None or self._line is None:
            return
        data = self._line.poll()
        try:
            if data:
                self._client.sendall(data)
        except OSError as error:
            log.info("write failed: %s", error)
            self._hang_up()
            return
        if self._line.closed:
            log.info("the device has cut the connection")
            self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._client is not None:
            self._selector.unregister(self._client)
            self._client.close()
            self._client = None
