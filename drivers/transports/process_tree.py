"""A child process with everything that it starts: begun, bounded, ended, as far as the system lets us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import IO


class ProcessTree:
    """Raises ``OSError`` when the program cannot be started. ``kill`` may be called from any thread; one of them calls
    ``wait``, and ``gone`` is set when it has seen the end."""

    def __init__(self, argv: tuple[str, ...], environment: Mapping[str, str] | None, memory: int | None) -> None:
        self._guard = threading.Lock()  # a process that was waited for must not be killed: its number may be another's
        self.gone = threading.Event()
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=None if environment is None else dict(environment),
            start_new_session=sys.platform != "win32",
            creationflags=_hidden(),
        )
        if memory is not None:
            _bound(self._process.pid, memory)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def stderr(self) -> IO[bytes]:
        assert self._process.stderr is not None
        return self._process.stderr

    def kill(self) -> None:
        """Never raises; harmless when it has ended."""
        with self._guard:
            if not self.gone.is_set():
                self._strike()

    def wait(self) -> int:
        """Until the process ends by itself or is killed; what it had started is killed with it. Its return code,
        negative for a signal."""
        if sys.platform != "win32" and hasattr(os, "waitid"):
            # The end is seen before the process's number is given back, so that its group can be swept.
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            with self._guard:
                self._strike()
                status = self._process.wait()
                self.gone.set()
                return status
        status = self._process.wait()
        self.gone.set()
        return status

    def _strike(self) -> None:
        with suppress(OSError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self.pid, signal.SIGKILL)


def _hidden() -> int:
    """Windows: no console window, no share in the console's Ctrl+C."""
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    return 0


def _bound(pid: int, memory: int) -> None:
    """Linux alone can bound another process; elsewhere nothing is bounded."""
    if sys.platform == "linux":
        import resource

        with suppress(OSError):  # it may have ended already
            resource.prlimit(pid, resource.RLIMIT_AS, (memory, memory))
