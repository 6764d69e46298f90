"""A relay on loopback that notes when something passes it on the way to a device."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType


class Tap:
    """Listens; with ``device`` it passes everything on to there and back, without it nobody answers."""

    def __init__(self, device: tuple[str, int] | None = None) -> None:
        self._device = device
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = [self._listener]
        self._threads: list[threading.Thread] = []
        self._came = threading.Event()
        self._at = 0.0

    def __enter__(self) -> Tap:
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join()

    def arm(self) -> None:
        """The next byte is the first one."""
        self._came.clear()

    def first(self, patience: float) -> float:
        """When the first byte since ``arm`` came, on ``perf_counter``. Raises ``TimeoutError``."""
        if not self._came.wait(patience):
            raise TimeoutError("nothing came to the device")
        return self._at

    def _start(self, run: object, *of: object) -> None:
        thread = threading.Thread(target=run, args=of, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            self._keep(caller)
            if self._device is None:
                self._start(self._pass, caller, None, True)
                continue
            device = socket.create_connection(self._device)
            self._keep(device)
            self._start(self._pass, caller, device, True)
            self._start(self._pass, device, caller, False)

    def _keep(self, one: socket.socket) -> None:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sockets.append(one)

    def _pass(self, source: socket.socket, target: socket.socket | None, noting: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if noting and not self._came.is_set():
                    self._at = time.perf_counter()
                    self._came.set()
                if target is not None:
                    target.sendall(data)
        for end in (source, target):
            if end is not None:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
