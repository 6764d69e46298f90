"""``kassabridge-server check``: whether a server can be run here, and can be reached. It changes nothing.

Every check says its id, whether it is good, what is the matter, and the one thing to do; in both languages.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from alembic.script import ScriptDirectory
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from protocol.crm.messages import SUBPROTOCOL
from server.settings import Settings
from server.store import migrations
from server.upkeep.backup import NoBackup, file_of

LITTLE_ROOM, NO_ROOM = 2 * 1024**3, 200 * 1024**2  # bytes
REACH = 10.0  # seconds
CLOCK = timedelta(minutes=2)


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    id: str
    verdict: Verdict
    ru: str
    en: str
    do_ru: str = ""
    do_en: str = ""


def _ok(id_: str, ru: str, en: str) -> Finding:
    return Finding(id_, Verdict.OK, ru, en)


def findings(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Each as soon as it is known. What cannot be looked at because of an earlier one is left out."""
    try:
        file = file_of(settings.database)
    except NoBackup:
        file = None
    if file is not None:
        found = _opens(file)
        yield found
        if found.verdict is Verdict.OK:
            with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as db:
                yield from _inside(db, now)
        yield _room(file.absolute().parent)
    yield _bundles(settings.bundle_folder)
    if settings.public_url is not None:
        yield from _reachable(settings.public_url)


def _opens(file: Path) -> Finding:
    if not file.is_file():
        return Finding(
            "database.opens",
            Verdict.BAD,
            f"Файла базы {file} нет.",
            f"There is no database {file}.",
            "Создайте её: kassabridge-server init --tenant НАЗВАНИЕ.",
            "Make it: kassabridge-server init --tenant NAME.",
        )
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as db:
            db.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        return Finding(
            "database.opens",
            Verdict.BAD,
            f"База {file} не открывается: {error}.",
            f"{file} cannot be opened: {error}.",
            "Проверьте путь и права на файл; если файл повреждён, верните копию: kassabridge-server restore.",
            "Check the path and the file's rights; if it is damaged, bring a copy back: kassabridge-server restore.",
        )
    return _ok("database.opens", f"База {file} открывается.", f"{file} opens.")


def _inside(db: sqlite3.Connection, now: datetime) -> Iterator[Finding]:
    whole = _whole(db)
    yield whole
    if whole.verdict is not Verdict.OK:
        return
    schema = _schema(db)
    yield schema
    if schema.verdict is Verdict.OK:
        yield _tenants(db)
        yield _owners(db)
        yield _clock(db, now)
        yield _webhooks(db)


def _whole(db: sqlite3.Connection) -> Finding:
    try:
        (told,) = db.execute("PRAGMA quick_check(1)").fetchone()
        broken = db.execute("PRAGMA foreign_key_check").fetchone() if told == "ok" else None
    except sqlite3.DatabaseError as error:
        told, broken = str(error), None
    if broken is not None:
        told = f"{broken[0]} → {broken[2]}"
    if told == "ok":
        return _ok("database.whole", "База цела.", "The database is whole.")
    return Finding(
        "database.whole",
        Verdict.BAD,
        f"База повреждена: {told}.",
        f"The database is damaged: {told}.",
        "Остановите сервер и верните последнюю копию: kassabridge-server restore.",
        "Stop the server and bring the latest copy back: kassabridge-server restore.",
    )


def _schema(db: sqlite3.Connection) -> Finding:
    (have,) = db.execute("SELECT version_num FROM alembic_version").fetchone()
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    known = {each.revision for each in script.walk_revisions()}
    newest = script.get_current_head()
    if have == newest:
        return _ok("database.schema", f"Схема базы {have}.", f"The schema is {have}.")
    if have in known:
        return Finding(
            "database.schema",
            Verdict.WARNING,
            f"Схема базы {have}, новее {newest}.",
            f"The schema is {have}, the newest is {newest}.",
            "Сделайте копию (kassabridge-server backup) и запустите сервер: он обновит схему.",
            "Make a copy (kassabridge-server backup) and start the server: it brings the schema up.",
        )
    return Finding(
        "database.schema",
        Verdict.BAD,
        f"Схема базы {have} новее этой программы.",
        f"The schema {have} is newer than this program.",
        "Установите версию сервера, которая работала с этой базой последней.",
        "Install the version of the server that last worked with this database.",
    )


def _count(db: sqlite3.Connection, query: str) -> int:
    (many,) = db.execute(query).fetchone()
    return int(many)


def _tenants(db: sqlite3.Connection) -> Finding:
    many = _count(db, "SELECT count(*) FROM tenants")
    if many:
        return _ok("tenants", f"Учётных записей: {many}.", f"Tenants: {many}.")
    return Finding(
        "tenants",
        Verdict.WARNING,
        "Нет ни одной учётной записи.",
        "There is no tenant.",
        "kassabridge-server init --tenant НАЗВАНИЕ",
        "kassabridge-server init --tenant NAME",
    )


def _owners(db: sqlite3.Connection) -> Finding:
    rows = db.execute(
        "SELECT name FROM tenants WHERE id NOT IN (SELECT tenant_id FROM users WHERE role = 'owner'"
        " AND dismissed_at IS NULL AND password_hash IS NOT NULL) ORDER BY name"
    ).fetchall()
    if not rows:
        return _ok("owners", "У каждой учётной записи есть владелец с паролем.", "Every tenant has an owner.")
    names = ", ".join(name for (name,) in rows[:5])
    return Finding(
        "owners",
        Verdict.WARNING,
        f"Никто не может войти владельцем: {names}.",
        f"Nobody can sign in as owner: {names}.",
        "Пригласите: kassabridge-server users invite --role owner …",
        "Invite: kassabridge-server users invite --role owner …",
    )


def _clock(db: sqlite3.Connection, now: datetime) -> Finding:
    (newest,) = db.execute(
        "SELECT max(stored_at) FROM job_history WHERE id = (SELECT max(id) FROM job_history)"
    ).fetchone()
    if newest is None or datetime.fromisoformat(newest).replace(tzinfo=now.tzinfo) <= now + CLOCK:
        return _ok("clock", f"Часы: {now:%Y-%m-%d %H:%M} UTC.", f"The clock says {now:%Y-%m-%d %H:%M} UTC.")
    return Finding(
        "clock",
        Verdict.BAD,
        f"Часы отстают: последняя запись базы сделана {newest} UTC.",
        f"The clock is behind: the newest line of the database is of {newest} UTC.",
        "Включите синхронизацию времени (chrony, systemd-timesyncd).",
        "Turn time synchronisation on (chrony, systemd-timesyncd).",
    )


def _webhooks(db: sqlite3.Connection) -> Finding:
    off = db.execute("SELECT url FROM webhooks WHERE disabled_at IS NOT NULL ORDER BY url").fetchall()
    dead = _count(db, "SELECT count(*) FROM deliveries WHERE state = 'dead'")
    if not off and not dead:
        return _ok("webhooks", "Все события доставляются.", "Every event is delivered.")
    return Finding(
        "webhooks",
        Verdict.WARNING,
        f"Выключено адресов: {len(off)}; недоставленных событий: {dead}.",
        f"Addresses turned off: {len(off)}; events not delivered: {dead}.",
        "Страница «Webhooks» показывает причину и повторяет доставку.",
        "The page «Webhooks» shows why, and replays.",
    )


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    gib = f"{free / 1024**3:.1f}"
    if free >= LITTLE_ROOM:
        return _ok("disk", f"Свободно {gib} ГиБ.", f"{gib} GiB are free.")
    return Finding(
        "disk",
        Verdict.BAD if free < NO_ROOM else Verdict.WARNING,
        f"На диске базы осталось {gib} ГиБ.",
        f"The database's disk has {gib} GiB left.",
        "Освободите место.",
        "Make room.",
    )


def _bundles(folder: Path) -> Finding:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return _ok("bundles", f"Папка отчётов: {folder}.", f"The folder of bundles: {folder}.")
    return Finding(
        "bundles",
        Verdict.BAD,
        f"В папку отчётов {folder} нельзя писать.",
        f"The folder of bundles {folder} is not writable.",
        "Дайте серверу права на неё или назовите другую (--bundles).",
        "Give the server rights, or name another (--bundles).",
    )


# --- from outside ----------------------------------------------------------------------------------------------------


def _reachable(url: str) -> Iterator[Finding]:
    try:
        answer = httpx.get(f"{url}/readyz", timeout=REACH, follow_redirects=False)
        ready = answer.status_code == 200 and answer.json() == {"status": "ready"}
        told = f"HTTP {answer.status_code}"
    except (httpx.HTTPError, ValueError) as error:
        ready, told = False, str(error) or type(error).__name__
    if not ready:
        yield Finding(
            "public.reached",
            Verdict.BAD,
            f"По адресу {url} сервер не отвечает: {told}.",
            f"The server does not answer at {url}: {told}.",
            "Проверьте, что сервер запущен, и имя, сертификат и порт в nginx.",
            "Check that it runs, and nginx's name, certificate and port.",
        )
        return
    yield _ok("public.reached", f"{url} отвечает.", f"{url} answers.")
    secure = urlsplit(url).scheme == "https"
    yield (
        _ok("public.https", "Соединение защищено.", "The line is encrypted.")
        if secure
        else Finding(
            "public.https",
            Verdict.WARNING,
            f"{url} без шифрования.",
            f"{url} is not encrypted.",
            "Поставьте перед сервером nginx с сертификатом (docs/deploy.md).",
            "Put nginx with a certificate before it (docs/deploy.md).",
        )
    )
    yield _websocket(url)


def _websocket(url: str) -> Finding:
    address = f"ws{url.removeprefix('http')}/api/v1/agent"
    try:
        with connect(
            address, subprotocols=[Subprotocol(SUBPROTOCOL)], open_timeout=REACH, close_timeout=1.0, proxy=None
        ) as line:
            line.recv(timeout=REACH)  # its challenge comes first
    except (OSError, TimeoutError, InvalidHandshake, EOFError) as error:
        told = str(error) or type(error).__name__
        return Finding(
            "public.websocket",
            Verdict.BAD,
            f"Кассы не смогут подключиться к {address}: {told}.",
            f"PCs cannot connect to {address}: {told}.",
            "Возьмите настройки nginx из packaging/server/nginx.conf.template.",
            "Take nginx's settings from packaging/server/nginx.conf.template.",
        )
    return _ok("public.websocket", "Кассы могут подключиться.", "PCs can connect.")
