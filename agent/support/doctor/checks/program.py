"""The program itself: whether it is where it was, and which one it is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from agent.support.doctor.model import Check, Fact, NotLooked, Seen, bad, good, idle, table, warning
from agent.support.doctor.scene import Scene
from agent.support.install import read_install
from drivers.registry import list_drivers


def _place(scene: Scene) -> Seen:
    program = scene.world.program.resolve()
    facts: dict[str, Fact] = {"path": str(program)}
    try:
        record = read_install(scene.data_dir)
    except OSError:
        raise NotLooked("folder.writable") from None
    if record is None:
        return Seen("never_started", facts)
    facts["recorded"] = str(record.program)
    if record.program.resolve() == program:
        return Seen(facts=facts)
    return Seen("another_copy" if record.program.exists() else "moved", facts)


PLACE = Check(
    "program.place",
    "место программы",
    "the program's place",
    table(
        ok=good("Программа там же, где работала: {path}.", "The program is where it ran: {path}."),
        never_started=idle("Программа ещё не запускалась.", "The program was never started."),
        moved=bad(
            "Программу перенесли из {recorded} в {path}: автозапуск, ярлыки и ссылка сопряжения ведут в старую папку.",
            "The program was moved from {recorded} to {path}: autostart, shortcuts and the pairing link lead to the "
            "old place.",
            "Установите KassaBridge установщиком: он исправит пути, журнал сохранится.",
            "Run KassaBridge's installer: it mends the paths and keeps the journal.",
        ),
        another_copy=warning(
            "На ПК две копии программы: {path} и {recorded}; работала вторая.",
            "This PC has two copies of the program: {path} and {recorded}; the second is the one that ran.",
            "Оставьте одну копию, установленную установщиком.",
            "Keep one copy, the one that the installer made.",
        ),
    ),
    _place,
)


def _rights(scene: Scene) -> Seen:
    """Whether the program could be changed by anybody, and whether it may do more than it needs."""
    world = scene.world
    folder = world.program
    facts: dict[str, Fact] = {"path": str(folder)}
    all_powerful = world.all_powerful()
    if world.posix:
        if folder.stat().st_mode & stat.S_IWOTH:
            return Seen("open_to_all", facts)
    elif world.installed and not all_powerful and _takes_files(folder):
        return Seen("open_to_all", facts)
    return Seen("all_powerful" if all_powerful else "ok", facts)


def _takes_files(folder: Path) -> bool:
    probe = folder / f"doctor-{os.getpid()}.tmp"
    try:
        probe.touch(exist_ok=False)
    except OSError:
        return False
    probe.unlink()
    return True


RIGHTS = Check(
    "program.rights",
    "права программы",
    "the program's rights",
    table(
        ok=good("Программу может менять только администратор.", "Only an administrator can change the program."),
        open_to_all=bad(
            "Файлы программы может подменить любой пользователь этого ПК: {path}.",
            "Any user of this PC can replace the program's files: {path}.",
            "Установите KassaBridge установщиком: он закроет папку программы.",
            "Run KassaBridge's installer: it closes the program's folder.",
        ),
        all_powerful=warning(
            "Программа работает с правами администратора, они ей не нужны.",
            "The program runs as an administrator, which it does not need.",
            "Запускайте KassaBridge как обычный пользователь.",
            "Start KassaBridge as an ordinary user.",
        ),
    ),
    _rights,
)


def _plugins(scene: Scene) -> Seen:
    """Outside drivers, loaded to see whether they do."""
    folder = scene.world.plugins
    listed, troubles = list_drivers(folder)
    outside = [driver for driver in listed if driver.package is not None]
    wrong = [*troubles, *(driver.trouble for driver in outside if driver.trouble is not None)]
    facts: dict[str, Fact] = {"count": len(outside), "path": str(folder)}
    if wrong:
        return Seen(wrong[0].code, facts, {"text_ru": wrong[0].ru, "text_en": wrong[0].en})
    return Seen("ok" if outside else "none", facts)


PLUGINS = Check(
    "program.plugins",
    "сторонние драйверы",
    "outside drivers",
    table(
        ok=good("Сторонних драйверов: {count}.", "Outside drivers: {count}."),
        none=good("Сторонних драйверов нет.", "There are no outside drivers."),
        unsafe_plugins=bad(
            "{text_ru}.",
            "{text_en}.",
            "Удалите из папки {path} чужое и оставьте право записи в неё только администраторам.",
            "Remove what is not yours from {path} and let only administrators write there.",
        ),
        broken_driver=bad(
            "{text_ru}.",
            "{text_en}.",
            "Обновите или удалите этот драйвер.",
            "Upgrade or remove that driver.",
        ),
    ),
    _plugins,
)


def _version(scene: Scene) -> Seen:
    facts: dict[str, Fact] = {"version": scene.world.version}
    status = scene.status
    if status is None:
        return Seen(facts=facts)
    facts["running_version"] = status.version
    return Seen("ok" if status.version == scene.world.version else "another_version", facts)


VERSION = Check(
    "program.version",
    "версия",
    "the version",
    table(
        ok=good("Версия {version}.", "Version {version}."),
        another_version=warning(
            "Работает версия {running_version}, а установлена {version}.",
            "Version {running_version} runs, {version} is installed.",
            "Перезапустите KassaBridge.",
            "Restart KassaBridge.",
        ),
    ),
    _version,
)
