"""The program itself: whether it is where it was, and which one it is."""

from __future__ import annotations

from agent.support.doctor.model import Check, Fact, NotLooked, Seen, bad, good, idle, table, warning
from agent.support.doctor.scene import Scene
from agent.support.install import read_install


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
