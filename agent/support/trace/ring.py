"""The files of traces: per device a folder of segments, the oldest of which go when there is too much or they are old.

``<data>/traces/<device>/<moment>-<number>.jsonl``. A process only ever appends to segments that it has begun itself, so
a line torn by its end is the last of its file. Nothing is flushed to the disk by force: a trace survives the process,
not the power.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

FOLDER = "traces"
_STAMP = "%Y%m%dT%H%M%S"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one device. A segment is the unit that is thrown away."""

    size: int = 50 * 1024 * 1024
    age: timedelta = timedelta(days=14)
    segments: int = 16
    reserve: int = 128 * 1024 * 1024
    """Bytes of the disk that are the journal's: with less than that free no segment is begun."""

    @property
    def segment(self) -> int:
        return max(1, self.size // self.segments)

    @property
    def span(self) -> timedelta:
        """Longest time that one segment covers."""
        return self.age / self.segments


USUAL = Limits()


def free_space(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def folder_of(traces: Path, kkm_id: str) -> Path:
    """A name that every file system takes, different for every id (Windows knows no case and no colon)."""
    return traces / ("kkm-" + "".join(c if c in _PLAIN else f"%{ord(c):02x}" for c in kkm_id))


class Ring:
    """The segments of one device, used by one thread. ``now``: the wall clock, with zone; ``free``: bytes that are free
    on the folder's disk."""

    def __init__(
        self,
        folder: Path,
        now: Callable[[], datetime],
        limits: Limits = USUAL,
        free: Callable[[Path], int] = free_space,
    ) -> None:
        self.folder = folder
        self._now = now
        self._limits = limits
        self._free = free
        self._path: Path | None = None
        self._since = datetime.min.replace(tzinfo=UTC)
        self._size = 0
        self._file: IO[bytes] | None = None

    def append(self, lines: bytes, header: Callable[[], bytes]) -> None:
        """Add whole lines; a new segment begins with ``header()``. Raises ``OSError``; what was begun in vain then
        stays behind as a torn line."""
        now = self._now()
        if self._path is None or self._is_full(len(lines), now):
            lines = header() + lines
            self._begin(len(lines), now)
        if self._file is None:
            assert self._path is not None
            self._file = open(self._path, "ab", buffering=0)  # noqa: SIM115  (closed by ``rest``)
        written = self._file.write(lines)
        self._size += written or 0
        if written != len(lines):
            raise OSError(f"{self._path}: {written} of {len(lines)} bytes written")

    def rest(self) -> None:
        """Close the file; the next line opens it again."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def abandon(self) -> None:
        """Never write to the present segment again: its last line may be torn."""
        self.rest()
        self._path = None

    def _is_full(self, more: int, now: datetime) -> bool:
        return self._size + more > self._limits.segment or not timedelta() <= now - self._since <= self._limits.span

    def _begin(self, size: int, now: datetime) -> None:
        self.rest()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.sweep(now, room=max(size, self._limits.segment))
        if self._free(self.folder) < self._limits.reserve:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder))
        stamp = now.astimezone(UTC).strftime(_STAMP)
        for number in itertools.count():
            path = self.folder / f"{stamp}-{number:03}.jsonl"
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                continue
            self._path, self._since, self._size = path, now, 0
            return

    def sweep(self, now: datetime, room: int = 0) -> None:
        """Throw away what is too old, and the oldest beyond the size less ``room``."""
        kept = 0
        for path in reversed(segments(self.folder)):
            size = _size_of(path)
            began = _began(path)
            old = began is not None and now - began > self._limits.age
            if old or kept + size > self._limits.size - room:
                with contextlib.suppress(OSError):  # somebody reads it (Windows): the next sweep takes it
                    path.unlink()
            else:
                kept += size


def segments(folder: Path) -> list[Path]:
    """Oldest first; none when there is no such folder."""
    return sorted(folder.glob("*.jsonl"))


def sweep_all(traces: Path, now: datetime, limits: Limits = USUAL) -> None:
    """At the agent's start: also of devices that are no longer there. Never raises for what cannot be deleted."""
    for folder in folders(traces):
        try:
            Ring(folder, lambda: now, limits).sweep(now)
        except OSError:
            continue


def folders(traces: Path) -> Iterator[Path]:
    if traces.is_dir():
        yield from sorted(path for path in traces.iterdir() if path.is_dir())


def _began(path: Path) -> datetime | None:
    try:
        return datetime.strptime(path.name[:15], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
