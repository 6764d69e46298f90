"""A bank's program that is run for one operation: started, looked at, and never ended while it may be moving money.

It lives in a session of its own and speaks into a file instead of a pipe, so that it goes on when the agent dies. A
``Mark`` finds it again afterwards, also from another process; what it is about is written down by ``runs``.

Only Linux has been run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from drivers.terminals import processes
from drivers.transports.base import Clock
from drivers.transports.tap import Trace

REMEMBERED = 100  # processes that have ended


@dataclass(frozen=True, slots=True)
class Mark:
    """One process of this computer, for ever: numbers are given out again, so the moment of its start belongs to it.
    ``started`` is whatever text tells two starts apart."""

    pid: int
    started: str


@dataclass(frozen=True, slots=True)
class Alive:
    """It is still running."""


@dataclass(frozen=True, slots=True)
class Over:
    """It has ended. ``exit``: its code, negative for a signal; ``at``: when, by the clock that the file system's times
    come from. ``None``: nobody saw it end."""

    exit: int | None = None
    at: float | None = None


class Programs(Protocol):
    """Runs vendors' programs. One for as long as the agent lives; used by several threads."""

    def start(self, argv: Sequence[str], directory: Path, output: Path) -> Mark:
        """Run ``argv`` (the program's whole path first) in ``directory``, without a shell and without a window, what it
        says written to ``output``, which is emptied. Raises ``OSError`` when it cannot be started."""

    def look(self, mark: Mark) -> Alive | Over:
        """What has become of it. Asked of any mark that ``start`` has ever given, also to an earlier agent."""

    def kill(self, mark: Mark) -> None:
        """End it; harmless when it has ended. Only for what moves no money."""

    def anybody(self, program: Path) -> bool | None:
        """Whether a process of this program is running, whoever started it; ``None``: that cannot be found out here."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a driver that runs a program is given of the world. ``wall``: this computer's local time, naive. ``until``:
    moment of the clock after which nothing more is asked."""

    programs: Programs
    clock: Clock
    wall: Callable[[], datetime] = datetime.now
    trace: Trace | None = None
    until: float | None = None


class SystemPrograms:
    """The computer's own. A thread waits for the end of each process that was started here."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._children: dict[Mark, tuple[subprocess.Popen[bytes], Over | None]] = {}

    def start(self, argv: Sequence[str], directory: Path, output: Path) -> Mark:
        with output.open("wb") as file:
            child = subprocess.Popen(
                list(argv),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=sys.platform != "win32",
                creationflags=_no_console(),
                startupinfo=_no_window(),
            )
        mark = Mark(child.pid, processes.started(child.pid) or "")  # a child that nobody waits for keeps its number
        with self._guard:
            for old in [each for each, (_, over) in self._children.items() if over is not None][:-REMEMBERED]:
                del self._children[old]
            self._children[mark] = child, None
        threading.Thread(target=self._wait, args=(mark, child), name="program-end", daemon=True).start()
        return mark

    def look(self, mark: Mark) -> Alive | Over:
        with self._guard:
            known = self._children.get(mark)
        if known is not None:
            return known[1] or Alive()
        return Alive() if processes.started(mark.pid) == mark.started else Over()

    def kill(self, mark: Mark) -> None:
        with self._guard:  # a process that was waited for must not be killed: its number may be another's
            child, over = self._children.get(mark, (None, None))
            if child is not None and over is None:
                with suppress(OSError):
                    child.kill()

    def anybody(self, program: Path) -> bool | None:
        return processes.anybody(program)

    def _wait(self, mark: Mark, child: subprocess.Popen[bytes]) -> None:
        if sys.platform != "win32" and hasattr(os, "waitid"):
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # its end is seen, its number is still its own
        else:
            child.wait()
        with self._guard:
            self._children[mark] = child, Over(child.wait(), time.time())


def _no_console() -> int:
    """Windows: none, and no share in the Ctrl+C of the agent's."""
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    return 0


def _no_window() -> Any:
    """Windows: the program's first window is not shown."""
    if sys.platform == "win32":
        return subprocess.STARTUPINFO(dwFlags=subprocess.STARTF_USESHOWWINDOW, wShowWindow=subprocess.SW_HIDE)
    return None
