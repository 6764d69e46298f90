"""A copy of the whole database while the server runs, and its return.

Only SQLite: of PostgreSQL its own tools make better ones (docs/deploy.md). A copy is one file, written beside its name
and given it when it is whole and on disk. It holds hashes of keys and passwords, the server's job key, and receipts
with buyers' contacts: only its owner may read it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url

from server.settings import database_url

_PAGES = 2048  # copied at a time; between two, the server writes
TENANTS = "SELECT count(*) FROM tenants"


class NoBackup(Exception):
    """It was not done, and nothing was changed; the text is a sentence in both languages."""


@dataclass(frozen=True, slots=True)
class Copied:
    file: str
    bytes: int
    tenants: int
    jobs: int


def file_of(database: str) -> Path:
    """Where an SQLite database lies. Raises ``NoBackup`` for any other."""
    url = make_url(database_url(database))
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        raise NoBackup(
            f"{url.get_backend_name()}: копию делают средства самой базы (pg_dump, pg_basebackup). / "
            "the database's own tools make copies of it (pg_dump, pg_basebackup)."
        )
    return Path(url.database)


def backup(database: str, to: Path, progress: Callable[[int, int], None] = lambda _left, _of: None) -> Copied:
    """Copies the database as of one moment into a file that does not exist yet. ``progress`` hears of pages."""
    source = file_of(database)
    if not source.is_file():
        raise NoBackup(f"{source}: такого файла нет. / there is no such file.")
    if to.exists():
        raise NoBackup(f"{to}: такой файл уже есть, он не тронут. / the file exists already and is left alone.")
    part = to.with_name(f"{to.name}.part")
    part.unlink(missing_ok=True)
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(part)) as copy:
            live.backup(copy, pages=_PAGES, progress=lambda _status, left, of: progress(left, of), sleep=0.01)
            copy.execute("PRAGMA journal_mode=DELETE").close()  # one file, whatever the server's has beside it
        copied = look(part)
        _to_disk(part)
        os.replace(part, to)
        _to_disk(to.parent)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise NoBackup(f"{to}: {error}. Ничего не изменено. / nothing was changed.") from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return Copied(str(to), copied.bytes, copied.tenants, copied.jobs)


def look(file: Path) -> Copied:
    """What a copy holds. Raises ``NoBackup`` when it is damaged, or no database of this server."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise NoBackup(f"{file}: файл повреждён ({found}). / the file is damaged.")
            (tenants,) = copy.execute(TENANTS).fetchone()
            (jobs,) = copy.execute("SELECT count(*) FROM jobs").fetchone()
            copy.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise NoBackup(
            f"{file}: это не копия базы KassaBridge ({error}). / this is no copy of KassaBridge's database."
        ) from None
    return Copied(str(file), file.stat().st_size, tenants, jobs)


def restore(copy: Path, database: str, now: datetime, *, replace: bool = False) -> tuple[Copied, Path | None]:
    """Puts a copy in the database's place; what was there is kept beside it, and its path is returned.

    Everybody is signed out: somebody who was dismissed after the copy was made must not be in again by an old cookie.
    Whether such a person, or a key revoked since, may come back at all is for a person to say: the caller prints it.
    """
    target = file_of(database)
    if not copy.is_file():
        raise NoBackup(f"{copy}: такого файла нет. / there is no such file.")
    held = look(copy)
    if target.exists() and not replace:
        raise NoBackup(
            f"{target}: база уже есть. С --replace она будет отложена в сторону. / "
            "there is a database already. With --replace it is put aside."
        )
    part = target.with_name(f"{target.name}.restored")
    aside = target.with_name(f"{target.name}.before-{now:%Y%m%dT%H%M%SZ}") if target.exists() else None
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(part)) as made:
            source.backup(made)
            made.execute("PRAGMA journal_mode=DELETE").close()
            if made.execute("SELECT 1 FROM sqlite_master WHERE name = 'sign_ins'").fetchone() is not None:
                made.execute("DELETE FROM sign_ins")
            made.commit()
        _to_disk(part)
        if aside is not None:
            _alone(target)
            _move(target, aside)
        try:
            os.replace(part, target)
        except OSError:
            if aside is not None:
                _move(aside, target)
            raise
        _to_disk(target.parent)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise NoBackup(f"{target}: {error}. Ничего не изменено. / nothing was changed.") from None
    except NoBackup:
        part.unlink(missing_ok=True)
        raise
    return held, aside


def _alone(file: Path) -> None:
    """Nobody else has the database open, and all of it is in its one file. SQLite changes the journal's mode for the
    only connection there is, and for no other. A damaged database is put aside as it is: it is why a copy is wanted."""
    try:
        with closing(sqlite3.connect(file, timeout=0.5)) as db:
            db.execute("PRAGMA journal_mode=DELETE").close()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise NoBackup(
                f"{file}: сервер ещё работает; остановите его. / the server is running; stop it first."
            ) from None


def _move(file: Path, to: Path) -> None:
    """With what SQLite may have left beside it."""
    os.replace(file, to)
    for companion in ("-wal", "-shm"):
        beside = file.with_name(file.name + companion)
        if beside.exists():
            os.replace(beside, to.with_name(to.name + companion))


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
