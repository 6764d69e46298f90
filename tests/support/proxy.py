"""A small TCP proxy for tests of the link: it can cut, swallow and forget what passes through it.

Everything happens in threads of its own; ``close`` ends them all. What is swallowed stays swallowed: a connection that
was made while the line was a black hole never gets through, as behind a dead router.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from dataclasses import dataclass, field
from enum import StrEnum


class Line(StrEnum):
    """What happens to bytes on their way."""

    OPEN = "open"
    BLACK_HOLE = "black hole"  # taken from both sides and given to nobody; nobody is told
    DOWN = "down"  # connections are refused by an end at once


@dataclass
class _Pair:
    """One connection through the proxy. ``lost``: its bytes are swallowed for ever."""

    near: socket.socket
    far: socket.socket
    lost: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    def close(self) -> None:
        self.over.set()
        for end in (self.near, self.far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Proxy:
    """Listens on a free port of the loopback and passes on to ``host:port``."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._line = Line.OPEN
        self._guard = threading.Lock()
        self._pairs: list[_Pair] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.swallowed = 0
        """Bytes that came in and went nowhere."""
        self._spawn(self._accepting)

    # --- what a test does to the line

    def open(self) -> None:
        """New connections pass; those that were made into the black hole stay in it."""
        with self._guard:
            self._line = Line.OPEN

    def cut(self) -> None:
        """Both ends of every connection are told that it is over. New ones pass."""
        with self._guard:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.close()

    def down(self) -> None:
        """Cut, and new connections end at once until ``open``."""
        with self._guard:
            self._line = Line.DOWN
        self.cut()

    def swallow(self) -> None:
        """A black hole from now on, for connections old and new."""
        with self._guard:
            self._line = Line.BLACK_HOLE
            for pair in self._pairs:
                pair.lost = True

    def forget_far(self) -> None:
        """Half-open: the far side sees its connections end, the near side is never told. New ones pass."""
        with self._guard:
            pairs = list(self._pairs)
        for pair in pairs:
            pair.lost = True
            with contextlib.suppress(OSError):
                pair.far.shutdown(socket.SHUT_RDWR)

    def forget_near(self) -> None:
        """Half-open the other way: the near side sees an end, the far side is never told."""
        with self._guard:
            pairs = list(self._pairs)
        for pair in pairs:
            pair.lost = True
            with contextlib.suppress(OSError):
                pair.near.shutdown(socket.SHUT_RDWR)

    def was_dialled(self, times: int) -> bool:
        """Whether there were that many connections since it began to listen."""
        return self.connections >= times

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)

    # --- how

    def _spawn(self, *work: object) -> None:
        run, *arguments = work
        assert callable(run)
        thread = threading.Thread(target=run, args=arguments, name="proxy", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accepting(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._spawn(self._connected, near)

    def _connected(self, near: socket.socket) -> None:
        with self._guard:
            line = self._line
            self.connections += 1
        if line is Line.DOWN:
            near.close()
            return
        try:
            far = socket.create_connection(self._to, 5.0)
        except OSError:
            near.close()
            return
        pair = _Pair(near, far, lost=line is Line.BLACK_HOLE)
        with self._guard:
            self._pairs.append(pair)
        self._passing(pair)

    def _passing(self, pair: _Pair) -> None:
        """Until both ends have closed, or the test has. An end of a connection that is not lost ends the other one."""
        with selectors.DefaultSelector() as watched:
            watched.register(pair.near, selectors.EVENT_READ, pair.far)
            watched.register(pair.far, selectors.EVENT_READ, pair.near)
            while watched.get_map() and not pair.over.is_set():
                for key, _ in watched.select(0.1):
                    try:
                        data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                        if pair.lost:
                            self.swallowed += len(data)
                        elif data:
                            key.data.sendall(data)
                    except OSError:
                        data = b""
                    if not data:
                        watched.unregister(key.fileobj)
                        if not pair.lost:
                            pair.over.set()
        if pair.over.is_set() or not pair.lost:
            pair.close()
