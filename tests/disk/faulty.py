"""A disk under the real journal: every write, sync, truncate and delete of SQLite is seen, and may fail.

``FaultyDisk`` is a virtual file system of apsw over the ordinary one (locks and shared memory are the real ones).
``installed`` lets the journal's ``sqlite3.connect`` open its file there; the errors that reach the journal are those of
the standard library, with their names.
"""

from __future__ import annotations

import errno
import itertools
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import apsw

from agent.journal import store
from tests.disk.platter import Op

_KEPT = apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL
_FOLDER_SYNCED = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL  # as the unix VFS does when it made the file

ERRORS = {
    "write": apsw.SQLITE_IOERR_WRITE,
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "truncate": apsw.SQLITE_IOERR_TRUNCATE,
    "delete": apsw.SQLITE_IOERR_DELETE,
}
PAGES_TO_CHECKPOINT = 40  # SQLite's own is 1000: too far away for a short life
_names = itertools.count(1)


class Dead(Exception):
    """The process is dead: nothing it still does reaches the disk."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The ``at``-th operation fails, and with ``forever`` every later one of its kind."""

    at: int
    full: bool = False  # a write finds no space instead of an error
    half: bool = False  # the failed write has put its first half on the disk
    forever: bool = False


class FaultyDisk:
    """``ops`` is the log of what was asked for; ``fault`` what fails; ``is_full`` says whether there is space."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.fault: Fault | None = None
        self.fault_met = False
        self.dead = False
        self.is_full: Callable[[], bool] = lambda: False
        self._vfs = _Vfs(self, f"faulty{next(_names)}")

    def close(self) -> None:
        self._vfs.unregister()

    def connect(self, path: Path, *, isolation_level: None, timeout: float) -> Any:
        with _as_the_standard_library():
            return _Db(apsw.Connection(str(path), vfs=self._vfs.name), timeout)

    # --- what the files ask

    def asked(self, op: Op) -> None:
        """Log ``op``; raise when it is to fail."""
        if self.dead:
            raise Dead
        code = self._verdict(op)
        if code is None:
            self.ops.append(op)
            return
        half = op.data[: len(op.data) // 2] if self.fault is not None and self.fault.half else b""
        self.ops.append(replace(op, data=half, failed=True))
        raise _error(code)

    def _verdict(self, op: Op) -> int | None:
        if op.kind == "write" and self.is_full():
            return int(apsw.SQLITE_FULL)
        fault = self.fault
        if fault is None or op.kind not in ERRORS:
            return None
        here = len(self.ops)
        if here == fault.at:
            self._failing = op.kind
            self.fault_met = True
        elif not (fault.forever and here > fault.at and op.kind == self._failing):
            return None
        return int(apsw.SQLITE_FULL) if fault.full and op.kind == "write" else ERRORS[op.kind]


def _error(code: int) -> Any:
    error: Any = apsw.FullError() if code == apsw.SQLITE_FULL else apsw.IOError()
    error.extendedresult = code
    return error


class _Vfs(apsw.VFS):
    def __init__(self, disk: FaultyDisk, name: str) -> None:
        self.disk, self.name = disk, name
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        if name is None or not flags[0] & _KEPT:
            return apsw.VFSFile("", name, flags)
        return _File(self.disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        if os.path.exists(filename):
            self.disk.asked(Op("delete", os.path.basename(filename), folder=bool(syncdir)))
        super().xDelete(filename, False)

    def excepthook(self, etype: Any, evalue: Any, etraceback: Any) -> bool:
        """SQLite has no use for an error here: it closes or rolls back anyway. ``True``: do not show it."""
        return isinstance(evalue, (apsw.Error, Dead))


class _File(apsw.VFSFile):
    def __init__(self, disk: FaultyDisk, name: Any, flags: list[int]) -> None:
        path = name if isinstance(name, str) else name.filename()
        self._disk, self._name = disk, os.path.basename(path)
        self._sync_folder = bool(flags[0] & _FOLDER_SYNCED and flags[0] & apsw.SQLITE_OPEN_CREATE)
        if not os.path.exists(path):
            disk.asked(Op("create", self._name))
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        try:
            self._disk.asked(Op("write", self._name, offset, bytes(data)))
        except apsw.Error:
            if half := self._disk.ops[-1].data:
                super().xWrite(half, offset)
            raise
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._disk.asked(Op("truncate", self._name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._disk.asked(Op("sync", self._name, folder=self._sync_folder))
        self._sync_folder = False  # the real sync is not needed: a process that dies keeps what it wrote


class _Rows:
    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = iter(rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)


class _Db:
    """The calls of ``sqlite3.Connection`` that the journal makes."""

    def __init__(self, db: apsw.Connection, timeout: float) -> None:
        self._db = db
        db.set_busy_timeout(int(timeout * 1000))
        db.set_wal_hook(_checkpoints)

    def execute(self, statement: str, arguments: Iterable[Any] = ()) -> _Rows:
        with _as_the_standard_library():
            return _Rows(list(self._db.execute(statement, tuple(arguments))))

    def executescript(self, script: str) -> None:
        self.execute(script)

    def close(self) -> None:
        with suppress(apsw.Error, Dead):  # SQLite closes whatever the last checkpoint meets, and says nothing
            self._db.close()


def _checkpoints(db: apsw.Connection, _: str, pages: int) -> int:
    """SQLite's own hook, which says nothing of a checkpoint that failed either; but apsw would."""
    if pages >= PAGES_TO_CHECKPOINT:
        with suppress(apsw.Error, Dead):
            db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    return int(apsw.SQLITE_OK)


@contextmanager
def _as_the_standard_library() -> Iterator[None]:
    try:
        yield
    except (apsw.Error, Dead) as error:
        raise _translated(error) from error


def _translated(error: Exception) -> sqlite3.Error:
    code: int = getattr(error, "extendedresult", int(apsw.SQLITE_IOERR))
    primary = code & 0xFF
    kind = sqlite3.DatabaseError if primary in (apsw.SQLITE_CORRUPT, apsw.SQLITE_NOTADB) else sqlite3.OperationalError
    told = kind(str(error))
    told.sqlite_errorcode = code
    names: Any = apsw.mapping_extended_result_codes if code > 0xFF else apsw.mapping_result_codes
    told.sqlite_errorname = names[code]
    return told


@contextmanager
def as_an_os_error() -> Iterator[None]:
    """For what the journal writes without SQLite."""
    try:
        yield
    except apsw.Error as error:
        raise OSError(errno.ENOSPC if isinstance(error, apsw.FullError) else errno.EIO, str(error)) from error


@contextmanager
def installed(disk: FaultyDisk) -> Iterator[FaultyDisk]:
    """Journals opened inside lie on ``disk``."""
    module: Any = store
    real = module.sqlite3
    module.sqlite3 = SimpleNamespace(connect=disk.connect, Error=sqlite3.Error, Connection=sqlite3.Connection)
    try:
        yield disk
    finally:
        module.sqlite3 = real
