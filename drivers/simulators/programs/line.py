"""The running program's own connection to its simulator: it says with what it was started, and is told what to do.

Lines of JSON. The program's only one is ``{"argv": […], "cwd": "…"}``. It is told ``{"write": NAME, "data": BASE64}``,
``{"say": BASE64}`` and, in the end, ``{"exit": CODE}``; a negative code is the signal by which it has to die. Its end
of the connection is its life: closed before the exit, it was killed.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers.simulators.programs.running import Left, Run

if TYPE_CHECKING:
    from drivers.simulators.line import Connection
    from drivers.simulators.programs.device import ProgramDevice

LONGEST = 1 << 16
"""Bytes of a program's line."""


class Told:
    """Hands of a program elsewhere; each instruction is handed on."""

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        self._tell = tell

    def write(self, name: str, data: bytes) -> None:
        self._tell({"write": name, "data": b64encode(data).decode("ascii")})

    def say(self, data: bytes) -> None:
        self._tell({"say": b64encode(data).decode("ascii")})

    def exit(self, code: int) -> None:
        self._tell({"exit": code})

    @property
    def killed(self) -> bool:
        return False


def instructions(left: Left) -> list[dict[str, Any]]:
    """What a program is told so that it leaves this."""
    lines: list[dict[str, Any]] = []
    Run(Told(lines.append)).leave(left)
    return lines


class ProgramLine:
    """The level of such a connection."""

    def __init__(self, device: ProgramDevice[Any, Any, Any], line: Connection) -> None:
        self._device = device
        self._line = line
        self._pending = b""
        self._started = False

    def take(self, data: bytes) -> int:
        if self._started:
            return len(data)
        self._pending += data
        said, end, _ = self._pending.partition(b"\n")
        if end:
            self._start(said)
        elif len(self._pending) > LONGEST:
            self._line.close()
        return len(data)

    def timed_out(self) -> None:
        """Nothing is waited for here."""

    def answer_ready(self) -> None:
        """The same."""

    def answer_lost(self) -> None:
        """The same."""

    def _start(self, said: bytes) -> None:
        self._started = True
        try:
            read = json.loads(said)
            argv, cwd = [str(each) for each in read["argv"]], Path(read["cwd"])
        except (ValueError, KeyError, TypeError, RecursionError):
            self._line.close()  # nothing that this simulator has put there
            return
        self._device.start(argv, cwd, _Elsewhere(self._line))


class _Elsewhere(Told):
    """Of the program at the other end of a line."""

    def __init__(self, line: Connection) -> None:
        super().__init__(self._emit)
        self._line = line

    @property
    def killed(self) -> bool:
        return self._line.closed

    def exit(self, code: int) -> None:
        super().exit(code)
        self._line.close()

    def _emit(self, told: dict[str, Any]) -> None:
        self._line.emit(json.dumps(told).encode("ascii") + b"\n")
