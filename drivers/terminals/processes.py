"""Processes of this computer as the system lists them, whoever started them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")


def started(pid: int, proc: Path = PROC) -> str | None:
    """The start of the process that has this number now, as text that no other process with this number will ever
    have; ``None``: there is no such process, or it has ended and only waits to be noticed."""
    if sys.platform == "win32":
        from drivers.terminals.processes_windows import created

        return created(pid)
    if not proc.is_dir():  # no Linux: only whether there is one
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
        return ""
    try:
        fields = (proc / str(pid) / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
        boot = (proc / "sys/kernel/random/boot_id").read_text("ascii").strip()
        return None if fields[0] in "ZX" else f"{boot}:{fields[19]}"
    except (OSError, IndexError):
        return None


def anybody(program: Path, proc: Path = PROC) -> bool | None:
    """Whether any process was started from this file, by its path; ``None``: it cannot be told here."""
    if sys.platform == "win32":
        from drivers.terminals.processes_windows import images

        wanted = os.path.normcase(program)
        found = images()
        return None if found is None else any(os.path.normcase(image) == wanted for image in found)
    if not proc.is_dir():
        return None
    return any(str(program) in words for words in _command_lines(proc))


def _command_lines(proc: Path) -> Iterator[tuple[str, ...]]:
    """Of those that run. The program is the first word, or behind its interpreter when it is a script."""
    for folder in proc.iterdir():
        if not folder.name.isdigit() or started(int(folder.name), proc) is None:
            continue
        try:
            yield tuple((folder / "cmdline").read_bytes().decode("utf-8", "surrogateescape").split("\0")[:3])
        except OSError:  # it has just ended
            continue
