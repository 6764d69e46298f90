"""The port ``tcp:HOST:PORT``. Without power a connection is accepted by the computer and closed at once."""

from __future__ import annotations

import logging
import socket

log = logging.getLogger(__name__)
PATIENCE = 5.0
"""Seconds that a client may leave its answers unread."""


class TcpPort:
    """Listens as soon as it is made; raises ``OSError`` when it cannot. Port 0 takes a free one."""

    def __init__(self, host: str, port: int) -> None:
        self._listener = socket.create_server((host, port))
        self._listener.setblocking(False)
        self._client: socket.socket | None = None

    @property
    def address(self) -> str:
        host, port = self._listener.getsockname()[:2]
        return f"tcp:{host}:{port}"

    @property
    def patience(self) -> float | None:
        return None

    def readable(self) -> list[int]:
        return [each.fileno() for each in (self._listener, self._client) if each is not None]

    def arrived(self, ready: set[int]) -> bool:
        if self._listener.fileno() not in ready:
            return False
        try:
            client, peer = self._listener.accept()
        except OSError as error:
            log.warning("accept failed: %s", error)
            return False
        log.info("connected: %s", peer)
        self.hang_up()
        client.settimeout(PATIENCE)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client
        return True

    def read(self, ready: set[int]) -> bytes | None:
        if self._client is None:
            return None
        if self._client.fileno() not in ready:
            return b""
        return self._client.recv(4096) or None

    def write(self, data: bytes) -> None:
        if self._client is not None:
            self._client.sendall(data)

    def hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def power(self, on: bool) -> None:
        """The computer goes on listening without the device."""
        if not on:
            self.hang_up()

    def close(self) -> None:
        self.hang_up()
        self._listener.close()
