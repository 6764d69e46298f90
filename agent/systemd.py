"""Sleep and shutdown held off on Linux by ``systemd-inhibit``, where it is.

A child holds the lock as long as its standard input is open, so that the lock ends with this process, however it ends.
``block`` needs an active session or a rule of polkit; without it there is ``delay``, a few seconds of grace. Where
neither is to be had (no logind, a container), nothing is held and nothing is asked again.
"""

from __future__ import annotations

import contextlib
import select
import shutil
import subprocess
import time
from collections.abc import Sequence

from agent.awake import PATIENCE

MODES = ("block", "delay")
WHY = "KassaBridge заканчивает чек / is finishing a receipt"


class SystemdInhibitor:
    def __init__(self, program: str | None = None) -> None:
        """``program``: the path of ``systemd-inhibit``; looked for when it is not given."""
        self._program = program or shutil.which("systemd-inhibit")
        self._modes: Sequence[str] = MODES if self._program is not None else ()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def mode(self) -> str | None:
        """How the PC is held now."""
        return self._modes[0] if self._child is not None else None

    def begin(self) -> None:
        deadline = time.monotonic() + PATIENCE
        for index, mode in enumerate(self._modes):
            child = self._start(mode)
            if _agreed(child, deadline):
                self._child, self._modes = child, self._modes[index:]
                return
            _ended(child)
        if self._modes:
            self._modes = ()
            raise OSError(f"{self._program} holds off neither sleep nor shutdown here; not tried again")

    def end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            _ended(child)

    def _start(self, mode: str) -> subprocess.Popen[bytes]:
        assert self._program is not None
        holding = ["sh", "-c", "echo; exec cat"]  # says that it is there, and stays until its input ends
        what = [f"--mode={mode}", "--what=sleep:shutdown", "--who=KassaBridge", f"--why={WHY}"]
        return subprocess.Popen(
            [self._program, *what, *holding],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip


def _agreed(child: subprocess.Popen[bytes], deadline: float) -> bool:
    assert child.stdout is not None
    ready, _, _ = select.select([child.stdout], [], [], max(0.0, deadline - time.monotonic()))
    return bool(ready) and child.stdout.read(1) == b"\n"


def _ended(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    with contextlib.suppress(OSError):
        child.stdin.close()
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout is not None:
        child.stdout.close()
