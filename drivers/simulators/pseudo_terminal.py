"""The port ``pty:PATH``: a pseudo-terminal in raw mode, with a symbolic link at PATH. Unix only.

It stands for a register on USB with a virtual serial port: when the device cuts the line the client gets an I/O error
and PATH is a fresh terminal; without power there is nothing at PATH. A client may close it and open it again at will;
if it does so within an instant the device does not notice, and for it the connection goes on. Given a speed, the
device hears only a client that has set the same one; at any other speed bytes are lost.
"""

from __future__ import annotations

import fcntl
import os
import select
import termios
import time
import tty
from contextlib import suppress
from pathlib import Path

DELIVERY = 0.5
"""Longest wait, seconds, for a client to read what was sent before the port vanishes."""
SETTLING = 0.05
"""Seconds without anything unread after which it has been read: the kernel hands bytes over a little later itself."""
THE_CLIENT = 1
"""Number of the one client that can be inside."""
LOOK = 0.02
"""Seconds between two looks for a client: the system tells when one leaves, not when one comes."""


class PtyPort:
    """Made together with its link; raises ``FileExistsError`` when something else than an old link is at ``path``."""

    def __init__(self, path: Path, baud: int | None = None) -> None:
        if (path.exists() or path.is_symlink()) and not self._is_ours(path):
            raise FileExistsError(f"{path} exists and is not the link of a pseudo-terminal")
        self._path = path
        self._master = -1
        self._speed = None if baud is None else speed_of(baud)
        self._inside = False
        self._open()

    @property
    def address(self) -> str:
        return f"pty:{self._path}"

    @property
    def patience(self) -> float | None:
        return None if self._inside else LOOK

    def readable(self) -> list[int]:
        return [self._master] if self._inside else []

    def arrived(self, _ready: set[int]) -> int | None:
        if self._inside or self._master < 0 or self._vacant():
            return None
        self._inside = True
        return THE_CLIENT

    def read(self, _who: int, ready: set[int]) -> bytes | None:
        if not self._inside:
            return None
        if self._master not in ready:
            return b""
        try:
            data = os.read(self._master, 4096)
        except BlockingIOError:
            return b""
        except OSError:  # the last one who had it open has closed it
            self._inside = False
            self._discard()
            return None
        if self._speed is not None and termios.tcgetattr(self._master)[4] != self._speed:
            return b""
        return data

    def write(self, _who: int, data: bytes) -> None:
        with suppress(BlockingIOError):  # nobody reads, and the line has no flow control
            os.write(self._master, data)

    def hang_up(self, _who: int) -> None:
        """A client that is still there sees the port vanish."""
        if self._inside:
            self._deliver()
            gone = self._master
            self._inside = False
            self._open()  # first the new one: who is put out and dials again at once must find it
            os.close(gone)

    def power(self, on: bool) -> None:
        if on:
            self._open()
        else:
            self._deliver()
            self._path.unlink(missing_ok=True)
            self._drop()

    def close(self) -> None:
        self._drop()
        if self._is_ours(self._path):
            self._path.unlink(missing_ok=True)

    # --- inside ---

    def _open(self) -> None:
        self._master, slave = os.openpty()
        self._name = os.ttyname(slave)
        try:
            tty.setraw(slave)
            os.set_blocking(self._master, False)
            beside = self._path.with_name(f".{self._path.name}.new")
            beside.unlink(missing_ok=True)
            beside.symlink_to(self._name)
            os.replace(beside, self._path)
        finally:
            os.close(slave)

    def _deliver(self) -> None:
        """What was sent before the cut has passed the wire: give the client a moment to read it."""
        if not self._inside:
            return
        with suppress(OSError):
            slave = os.open(self._name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            end = time.monotonic() + DELIVERY
            settled = time.monotonic() + SETTLING
            while (now := time.monotonic()) < min(end, settled):
                if fcntl.ioctl(slave, termios.FIONREAD, bytes(4)) != bytes(4):
                    settled = now + SETTLING
                time.sleep(0.001)
            os.close(slave)

    def _drop(self) -> None:
        self._inside = False
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def _vacant(self) -> bool:
        watch = select.poll()
        watch.register(self._master, select.POLLIN)
        return any(event & select.POLLHUP for _, event in watch.poll(0))

    def _discard(self) -> None:
        """What the client before has not read is not for the next one."""
        try:
            slave = os.open(self._name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            return
        termios.tcflush(slave, termios.TCIFLUSH)
        os.close(slave)

    @staticmethod
    def _is_ours(path: Path) -> bool:
        return path.is_symlink() and os.readlink(path).startswith("/dev/pts/")


def speed_of(baud: int) -> int:
    """The system's code of a speed. Raises ``ValueError`` for one it does not know."""
    code = getattr(termios, f"B{baud}", None)
    if not isinstance(code, int):
        raise ValueError(f"baud {baud}: expected a usual speed, for example 115200")
    return code
