"""A device that listens on TCP."""

from __future__ import annotations

import errno
import socket

from drivers.transports.base import Clock, LinkError, Transport

CONNECT_TIME = 5.0  # seconds; a register in the same network answers in milliseconds
CHUNK = 4096  # bytes
WRITE_TIME = 10.0  # seconds until a peer that takes no bytes counts as gone


class TcpTransport(Transport):
    def __init__(self, host: str, port: int, clock: Clock, connect_time: float = CONNECT_TIME) -> None:
        self._peer = (host, port)
        self._clock = clock
        self._connect_time = connect_time
        self._socket: socket.socket | None = None

    def open(self) -> None:
        self.close()
        try:
            self._socket = socket.create_connection(self._peer, timeout=self._connect_time)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            self.close()
            raise LinkError("device_offline", f"{self}: {_why(error)}") from error

    def finish(self, deadline: float) -> None:
        if self._socket is None:
            return
        try:
            self._socket.shutdown(socket.SHUT_WR)
            while self._clock.now() < deadline:
                self.read(CHUNK, deadline)
        except (OSError, LinkError):
            return  # it has closed its side

    def close(self) -> None:
        channel, self._socket = self._socket, None
        if channel is not None:
            try:
                channel.close()
            except OSError:
                return  # a reset may surface here; the channel is gone either way

    def write(self, data: bytes) -> None:
        channel = self._opened()
        try:
            channel.settimeout(WRITE_TIME)
            channel.sendall(data)
        except OSError as error:
            raise LinkError("link_lost", f"{self}: {_why(error)}") from error

    def read(self, most: int, deadline: float) -> bytes:
        channel = self._opened()
        try:
            channel.settimeout(max(0.0, deadline - self._clock.now()))
            data = channel.recv(most)
        except (TimeoutError, BlockingIOError):
            return b""
        except OSError as error:
            raise LinkError("link_lost", f"{self}: {_why(error)}") from error
        if not data:
            raise LinkError("link_lost", f"{self}: the device closed the connection")
        return data

    def _opened(self) -> socket.socket:
        if self._socket is None:
            raise LinkError("device_offline", f"{self}: not open")
        return self._socket

    def __repr__(self) -> str:
        return f"tcp:{self._peer[0]}:{self._peer[1]}"


def _why(error: OSError) -> str:
    name = errno.errorcode.get(error.errno, "") if error.errno else ""
    return name or str(error) or type(error).__name__
