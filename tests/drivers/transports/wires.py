"""Real wires for tests: a peer behind a TCP socket or a pseudo-terminal, moved by a thread that ends with the test."""

from __future__ import annotations

import os
import select
import socket
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LOOK = 0.02


class Wire:
    """``address`` is what a driver opens. The peer lives in the thread; set it up before, look at it after a call."""

    def __init__(self, peer: Any) -> None:
        self.peer = peer
        self.address = ""
        self.baud: int | None = None
        """The only speed at which the peer hears and is heard; ``None``: the wire knows no speed."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        raise NotImplementedError


class TcpWire(Wire):
    def __init__(self, peer: Any) -> None:
        super().__init__(peer)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp:127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        super().close()
        self._listener.close()

    def _run(self) -> None:
        client: socket.socket | None = None
        while not self._stop.is_set():
            ready, _, _ = select.select([self._listener, *([client] if client else [])], [], [], LOOK)
            if self._listener in ready:
                if client is not None:
                    client.close()
                client, _ = self._listener.accept()
                self.peer.reconnect()
            elif client is not None and client in ready:
                try:
                    data = client.recv(4096)
                except ConnectionError:
                    data = b""
                self.peer.feed(data)
                if not data:
                    client.close()
                    client = None
            client = self._answer(client)
        if client is not None:
            client.close()

    def _answer(self, client: socket.socket | None) -> socket.socket | None:
        out = self.peer.poll()
        if client is None:
            return None
        if self.peer.broken:
            client.close()
            return None
        if out:
            try:
                client.sendall(out)
            except ConnectionError:
                client.close()
                return None
        return client


class PtyWire(Wire):
    """The address is a link to the terminal, so that a terminal that broke can be replaced by another."""

    def __init__(self, peer: Any, link: Path) -> None:
        super().__init__(peer)
        self._link = link
        self.address = f"pty:{link}"
        self._plug_in()

    def _plug_in(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        beside = self._link.with_suffix(".new")
        beside.symlink_to(os.ttyname(self._slave))
        beside.replace(self._link)

    def _unplug(self) -> None:
        os.close(self._master)
        os.close(self._slave)

    def _replace(self) -> None:
        """Another terminal under the same name; then the old one breaks."""
        master, slave = self._master, self._slave
        self._plug_in()
        os.close(master)
        os.close(slave)

    def close(self) -> None:
        super().close()
        self._unplug()

    def _run(self) -> None:
        while not self._stop.is_set():
            ready, _, _ = select.select([self._master], [], [], LOOK)
            if ready:
                data = os.read(self._master, 4096)
                if self._speed_fits():
                    self.peer.feed(data)
            out = self.peer.poll()
            if self.peer.broken:
                self.peer.reconnect()
                self._replace()
            elif out:
                os.write(self._master, out if self._speed_fits() else b"\xf0" * len(out))

    def _speed_fits(self) -> bool:
        """The terminal's settings are those that its other side has made."""
        return self.baud is None or termios.tcgetattr(self._master)[4] == getattr(termios, f"B{self.baud}")


@contextmanager
def plugged(wire: Wire) -> Iterator[Wire]:
    wire.start()
    try:
        yield wire
    finally:
        wire.close()
