"""The data folder: where it is, whether it takes what is written, how much room there is."""

from __future__ import annotations

import errno
import os
import tomllib
from pathlib import Path

from agent.identity import FILE as IDENTITY_FILE
from agent.journal.store import LOW_SPACE_BYTES
from agent.support.doctor.model import Check, Seen, bad, good, table, warning
from agent.support.doctor.scene import Scene

SPACE_SOON_LOW = 1024 * 1024 * 1024
SYNCED = (
    "onedrive", "dropbox", "yandexdisk", "yandex.disk", "яндекс.диск", "google drive", "googledrive", "my drive",
    "мой диск", "icloud", "iclouddrive", "mail.ru cloud", "облако mail.ru", "mega", "nextcloud", "owncloud", "pcloud",
)  # fmt: skip
"""Names that programs give to the folder which they keep the same on several computers; an account may follow."""
SYNC_MARKS = (".stfolder", ".dropbox", ".sync")


def is_synced(name: str) -> bool:
    """Whether a synchronising program gives such a name: ``OneDrive``, ``OneDrive - Shop``, ``Dropbox (Personal)``."""
    return any(name.lower() == known or name.lower().startswith((f"{known} ", f"{known}-")) for known in SYNCED)


def _place(scene: Scene) -> Seen:
    folder, world = scene.data_dir, scene.world
    facts = {"data_dir": str(folder)}
    resolved = folder.resolve()
    parents = (resolved, *resolved.parents)
    if world.program.resolve() in parents:
        return Seen("in_program", {**facts, "folder": str(world.program)})
    for temporary in world.temporary:
        if temporary.resolve() in parents:
            return Seen("temporary", {**facts, "folder": str(temporary)})
    for parent in parents:
        if is_synced(parent.name) or any((parent / mark).exists() for mark in SYNC_MARKS):
            return Seen("synced", {**facts, "folder": str(parent)})
    if _is_relative(scene):
        return Seen("relative", facts)
    return Seen(facts=facts)


def _is_relative(scene: Scene) -> bool:
    written = tomllib.loads(scene.config.path.read_text("utf-8-sig")).get("agent", {}).get("data_dir")
    return written is not None and not Path(written).is_absolute()


_MOVE = (
    "Укажите в data_dir постоянную папку этого ПК, например C:\\ProgramData\\KassaBridge, и перенесите туда данные при "
    "остановленной программе.",
    "Set data_dir to a lasting folder of this PC, such as C:\\ProgramData\\KassaBridge, and move the data there while "
    "the program is stopped.",
)
PLACE = Check(
    "folder.place",
    "место папки данных",
    "the place of the data folder",
    table(
        ok=good("Папка данных: {data_dir}.", "The data folder: {data_dir}."),
        in_program=bad(
            "Папка данных {data_dir} лежит внутри папки программы: обновление или перенос программы сотрёт журнал.",
            "The data folder {data_dir} is inside the program's folder: an upgrade or a move would take the journal.",
            *_MOVE,
        ),
        temporary=bad(
            "Папка данных {data_dir} временная: система может её очистить вместе с журналом.",
            "The data folder {data_dir} is a temporary one: the system may clear it, and the journal with it.",
            *_MOVE,
        ),
        synced=bad(
            "Папку данных {data_dir} копирует на другие ПК программа синхронизации ({folder}).",
            "The data folder {data_dir} is copied to other PCs by a synchronising program ({folder}).",
            *_MOVE,
        ),
        relative=warning(
            "data_dir в настройках неполный: данные лежат рядом с файлом настроек и потеряются, если его перенести.",
            "data_dir is not a whole path: the data lie beside the configuration and are lost when that is moved.",
            "Напишите в data_dir полный путь: {data_dir}.",
            "Write the whole path into data_dir: {data_dir}.",
        ),
    ),
    _place,
)


def _existing(folder: Path) -> Path:
    """The folder itself, or the nearest around it that there is."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _writable(scene: Scene) -> Seen:
    """A file of the doctor's own is written, flushed and taken away; the folder itself is not made."""
    facts = {"data_dir": str(scene.data_dir)}
    try:
        probe = _existing(scene.data_dir) / f"doctor-{os.getpid()}.tmp"
        try:
            with probe.open("wb") as file:
                file.write(b"doctor" * 1000)
                file.flush()
                scene.world.fsync(file.fileno())
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, type(error).__name__)
        code = {errno.ENOSPC: "no_space", errno.EDQUOT: "no_space", errno.EIO: "flush_failed"}.get(error.errno or 0)
        return Seen(code or "not_writable", {**facts, "error": name})
    return Seen(facts=facts)


WRITABLE = Check(
    "folder.writable",
    "запись в папку данных",
    "writing into the data folder",
    table(
        ok=good("Запись и сброс на диск работают.", "Writing and flushing work."),
        not_writable=bad(
            "В папку данных {data_dir} нельзя писать ({error}).",
            "The data folder {data_dir} cannot be written ({error}).",
            "Дайте программе права на эту папку или укажите другую в data_dir.",
            "Grant the program access to that folder, or set data_dir to another one.",
        ),
        flush_failed=bad(
            "Диск папки данных {data_dir} не сохраняет записанное ({error}): похоже на неисправность диска.",
            "The disk of {data_dir} does not keep what is written ({error}): it may be failing.",
            "Не работайте на этом диске: вызовите поддержку и проверьте диск.",
            "Do not work on this disk: call support and have the disk checked.",
        ),
        no_space=bad(
            "На диске папки данных {data_dir} кончилось место.",
            "The disk of {data_dir} is full.",
            "Освободите место на этом диске.",
            "Free some space on that disk.",
        ),
    ),
    _writable,
)


def _space(scene: Scene) -> Seen:
    free = scene.world.free(_existing(scene.data_dir))
    facts = {"free_mb": free // (1024 * 1024)}
    if free < LOW_SPACE_BYTES:
        return Seen("disk_low", facts)
    return Seen("low_soon" if free < SPACE_SOON_LOW else "ok", facts)


SPACE = Check(
    "folder.space",
    "место на диске",
    "space on the disk",
    table(
        ok=good("Свободно {free_mb} МБ.", "{free_mb} MB are free."),
        disk_low=bad(
            "На диске осталось {free_mb} МБ: новые задания не принимаются.",
            "{free_mb} MB are left on the disk: new jobs are not accepted.",
            "Освободите место на диске.",
            "Free some space on the disk.",
        ),
        low_soon=warning(
            "На диске осталось {free_mb} МБ.",
            "{free_mb} MB are left on the disk.",
            "Освободите место на диске.",
            "Free some space on the disk.",
        ),
    ),
    _space,
)

TRACES_OF_LIFE = (IDENTITY_FILE, "journal.sqlite3")


def _two(scene: Scene) -> Seen:
    own = scene.data_dir.resolve()
    others = [
        folder
        for folder in scene.world.data_dirs
        if folder.resolve() != own and any((folder / name).exists() for name in TRACES_OF_LIFE)
    ]
    facts = {"data_dir": str(scene.data_dir)}
    return Seen("two_folders", {**facts, "folder": str(others[0])}) if others else Seen(facts=facts)


TWO = Check(
    "folder.two",
    "другие папки данных",
    "other data folders",
    table(
        ok=good("Других папок с данными на этом ПК нет.", "This PC has no other folder with data."),
        two_folders=bad(
            "На этом ПК две папки с данными: {data_dir} и {folder}. Два журнала — две правды об одной кассе.",
            "This PC has two data folders: {data_dir} and {folder}. Two journals are two truths about one register.",
            "Позовите поддержку: она скажет, какая из папок настоящая, и уберёт другую.",
            "Call support: they tell which of the folders is the true one and take the other away.",
        ),
    ),
    _two,
)
