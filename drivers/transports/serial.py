"""A serial port (RS-232, USB-CDC, Bluetooth SPP), or the terminal side of a pseudo-terminal: 8 data bits, no parity,
one stop bit unless two are asked for, no flow control, held exclusively. Source: protocol 1.17, "lower level"."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Mapping, Sequence

import serial

from drivers.transports.base import Clock, LinkError, Transport

if sys.platform == "win32":
    _FAILURES: tuple[type[Exception], ...] = (OSError, ValueError)

    def _come(port: serial.Serial, most: int, *, wait: bool) -> bytes:
        """What has come; ``wait``: for as long as the port's own time-out, otherwise not at all."""
        waiting = int(port.in_waiting)
        if waiting or not wait:
            return bytes(port.read(min(waiting, most)))
        first = bytes(port.read(1))
        return first + bytes(port.read(min(int(port.in_waiting), most - 1))) if first else b""
else:
    import os
    import select
    import termios

    _FAILURES = (OSError, ValueError, termios.error)

    def _come(port: serial.Serial, most: int, *, wait: bool) -> bytes:
        """As above, in one wait and one read where pyserial takes three of each: a receipt waits a hundred times."""
        handle = port.fileno()
        if not select.select([handle], [], [], LOOK if wait else 0.0)[0]:
            return b""
        try:
            data = os.read(handle, most)
        except BlockingIOError:  # another reader was quicker
            return b""
        if not data:
            raise OSError(errno.EIO, "the port is gone")
        return data


BAUDS = (115200, 57600, 38400, 19200, 9600, 4800, 2400, 230400, 460800, 921600)
"""Speeds a register can be set to, the likely ones first."""
LOOK = 0.02  # seconds of one look at the port; the port's own timeout, so that it is configured only once
WRITE_TIME = 10.0

_ABSENT = {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO, errno.ENOTTY}
_HELD = {errno.EBUSY, errno.EAGAIN, errno.EACCES, errno.EPERM}


class SerialTransport(Transport):
    def __init__(
        self,
        port: str,
        clock: Clock,
        bauds: Sequence[int],
        is_there: Callable[[str], bool],
        name: str = "",
        stop_bits: int = 1,
    ) -> None:
        """``bauds``: speeds to seek the device at, one when it is known. ``is_there``: does the system list the
        port? Where opening fails without a reason, a port that is listed is held by somebody."""
        self._port = port
        self._clock = clock
        self._bauds = tuple(bauds)
        self._is_there = is_there
        self._name = name
        self._stop_bits = stop_bits
        self._current = 0
        self._serial: serial.Serial | None = None

    @property
    def variants(self) -> int:
        return len(self._bauds)

    @property
    def found(self) -> Mapping[str, str]:
        return {} if self._name else {"baud": str(self._bauds[self._current])}

    def next_variant(self) -> None:
        self._current = (self._current + 1) % len(self._bauds)
        if self._serial is None:
            return
        try:
            self._serial.baudrate = self._bauds[self._current]
            self._serial.reset_input_buffer()
        except _FAILURES as error:
            raise LinkError("link_lost", f"{self}: {_why(error)}") from error

    def open(self) -> None:
        self.close()
        try:
            self._serial = serial.Serial(
                self._port,
                self._bauds[self._current],
                stopbits=self._stop_bits,
                timeout=LOOK,
                write_timeout=WRITE_TIME,
                exclusive=True,
            )
        except _FAILURES as error:
            raise LinkError(self._code(error), f"{self}: {_why(error)}") from error

    def _code(self, error: Exception) -> str:
        number = getattr(error, "errno", None)
        if number in _HELD:
            return "port_busy"
        if number in _ABSENT:
            return "device_offline"
        return "port_busy" if self._is_there(self._port) else "device_offline"

    def close(self) -> None:
        port, self._serial = self._serial, None
        if port is not None:
            try:
                port.close()
            except _FAILURES:
                return  # unplugged; the port is gone either way

    def write(self, data: bytes) -> None:
        port = self._opened()
        try:
            port.write(data)
        except _FAILURES as error:
            raise LinkError("link_lost", f"{self}: {_why(error)}") from error

    def read(self, most: int, deadline: float) -> bytes:
        port = self._opened()
        try:
            while True:
                wait = self._clock.now() < deadline
                data = _come(port, most, wait=wait)
                if data or not wait:
                    return data
        except _FAILURES as error:
            raise LinkError("link_lost", f"{self}: {_why(error)}") from error

    def _opened(self) -> serial.Serial:
        if self._serial is None:
            raise LinkError("device_offline", f"{self}: not open")
        return self._serial

    def __repr__(self) -> str:
        return self._name or f"serial:{self._port}?baud={self._bauds[self._current]}"


def _why(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return (errno.errorcode.get(number, "") if number else "") or str(error) or type(error).__name__
