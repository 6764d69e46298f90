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
        self._clients: dict[int, socket.socket] = {}

    @property
    def address(self) -> str:
        host, port = self._listener.getsockname()[:2]
        return f"tcp:{host}:{port}"

    @property
    def patience(self) -> float | None:
        return None

    def readable(self) -> list[int]:
        return [self._listener.fileno(), *self._clients]

    def arrived(self, ready: set[int]) -> int | None:
        if self._listener.fileno() not in ready:
            return None
        try:
            client, peer = self._listener.accept()
        except OSError as error:
            log.warning("accept failed: %s", error)
            return None
        log.info("connected: %s", peer)
        client.settimeout(PATIENCE)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clients[client.fileno()] = client
        return client.fileno()

    def read(self, who: int, ready: set[int]) -> bytes | None:
        """A client's number is its descriptor."""
        if who not in ready:
            return b""
        return self._clients[who].recv(4096) or None

    def write(self, who: int, data: bytes) -> None:
        self._clients[who].sendall(data)

    def hang_up(self, who: int) -> None:
        client = self._clients.pop(who, None)
        if client is not None:
            client.close()

    def power(self, on: bool) -> None:
        """The computer goes on listening without the device."""
        if not on:
            self._put_all_out()

    def close(self) -> None:
        self._put_all_out()
        self._listener.close()

    def _put_all_out(self) -> None:
        for who in list(self._clients):
            self.hang_up(who)
