"""The configuration file, and the pairing that it must agree with."""

from __future__ import annotations

import os
import stat
from types import MappingProxyType

from agent import keys
from agent.config import ConfigError, load_config
from agent.config_text import key_lines
from agent.identity import identity_path, load_identity
from agent.problems import UserError
from agent.support.doctor.model import Check, Seen, bad, good, idle, table, warning
from agent.support.doctor.scene import Scene
from drivers.address import SetupError, parse_address, whereabouts
from drivers.registry import Opening, driver_named, is_terminal, open_with, terminal_named
from protocol.latin import cyrillic_at


def _file(scene: Scene) -> Seen:
    facts = {"config": str(scene.config_path)}
    try:
        scene.memo.once("config", "config.file", lambda: load_config(scene.config_path))
    except ConfigError as error:
        lines = ", ".join(str(p.line) for p in error.problems if p.line)
        words = {"mistakes_ru": error.ru, "mistakes_en": error.en}
        return Seen(error.code, {**facts, "lines": lines, "count": len(error.problems)}, words)
    except UserError as error:
        return Seen(error.code, facts, {"text_ru": error.ru, "text_en": error.en})
    return Seen(facts=facts)


_TEXT = "{text_ru}", "{text_en}"
FILE = Check(
    "config.file",
    "файл настроек",
    "the configuration file",
    table(
        ok=good("Файл {config} читается, ошибок в нём нет.", "{config} can be read and has no mistakes."),
        bad_config=bad(
            "{mistakes_ru}", "{mistakes_en}", "Исправьте названные строки файла.", "Mend the lines that are named."
        ),
        no_config=bad(
            *_TEXT,
            "Создайте файл настроек или укажите его: --config.",
            "Make the configuration file, or name it by --config.",
        ),
        config_unreadable=bad(*_TEXT, "Проверьте права на этот файл.", "Check the rights to that file."),
    ),
    _file,
)


_KEYS = MappingProxyType({"unknown_driver": "driver", "bad_profile": "profile"})
"""Where a mistake stands that is none of the address."""


def _devices(scene: Scene) -> Seen:
    config, world = scene.config, scene.world
    lines = key_lines(config.path.read_text("utf-8-sig", errors="replace"))
    mistakes: list[SetupError] = []
    first: dict[str, str] = {}
    twice: tuple[str, str] | None = None
    for index, device in enumerate(config.devices):
        try:
            address = parse_address(device.address)
            opening = Opening(address, world.clock, device.profile)
            if is_terminal(device.driver):
                open_with(terminal_named(device.driver), opening)
            else:
                open_with(driver_named(device.driver), opening)
        except SetupError as error:
            line = lines.get(("devices", index, _KEYS.get(error.code, "address")))
            where_ru, where_en = f"Строка {line}, касса {device.kkm_id}", f"Line {line}, register {device.kkm_id}"
            mistakes.append(SetupError(error.code, f"{where_en}: {error.en}", f"{where_ru}: {error.ru}"))
            continue
        place = whereabouts(device.address)
        if place in first:
            twice = (first[place], device.kkm_id)
        first.setdefault(place, device.kkm_id)
    facts = {"count": len(config.devices)}
    if mistakes:
        words = {"mistakes_ru": "; ".join(m.ru for m in mistakes), "mistakes_en": "; ".join(m.en for m in mistakes)}
        return Seen("bad_device", {**facts, "problem": mistakes[0].code}, words)
    if not config.devices:
        return Seen("no_device", facts)
    if twice is not None:
        return Seen("one_place_twice", {**facts, "kkm_id": twice[0], "device": twice[1]})
    return Seen(facts=facts)


DEVICES = Check(
    "config.devices",
    "кассы в файле настроек",
    "the registers in the configuration",
    table(
        ok=good("Касс в настройках: {count}.", "Registers in the configuration: {count}."),
        no_device=bad(
            "За этим ПК не закреплено ни одной кассы: в настройках нет раздела [[devices]].",
            "No register belongs to this PC: the configuration has no table [[devices]].",
            "Добавьте раздел [[devices]] с KKM_ID кассы из справочника CRM.",
            "Add a table [[devices]] with the register's KKM_ID from the CRM.",
        ),
        bad_device=bad(
            "Касса описана неверно. {mistakes_ru}",
            "A register is not described rightly. {mistakes_en}",
            "Исправьте driver, address или profile этой кассы.",
            "Mend the driver, address or profile of that register.",
        ),
        one_place_twice=bad(
            "У двух касс один адрес: {kkm_id} и {device}.",
            "Two registers have one address: {kkm_id} and {device}.",
            "Укажите каждой кассе её собственный адрес.",
            "Give each register an address of its own.",
        ),
    ),
    _devices,
)


def _identity(scene: Scene) -> Seen:
    data_dir = scene.data_dir
    facts = {"path": str(identity_path(data_dir))}
    try:
        identity = scene.memo.once("identity", "pairing.identity", lambda: load_identity(data_dir))
    except UserError as error:
        return Seen(error.code, facts, {"text_ru": error.ru, "text_en": error.en})
    facts |= {"agent": identity.agent_id, "account": identity.tenant or identity.tenant_id}
    try:
        keys.sign(identity.private_key, b"doctor")
    except ValueError:
        return Seen("bad_key", facts)
    return Seen(facts=facts)


IDENTITY = Check(
    "pairing.identity",
    "сопряжение этого ПК",
    "this PC's pairing",
    table(
        ok=good("ПК сопряжён с учётной записью «{account}».", "The PC is paired with the account “{account}”."),
        not_paired=bad(
            "Этот ПК ещё не сопряжён (нет {path}).",
            "This PC is not paired yet (no {path}).",
            "Возьмите в CRM строку сопряжения и выполните: kassabridge agent pair СТРОКА.",
            "Take the pairing line from the CRM and run: kassabridge agent pair LINE.",
        ),
        identity_unreadable=bad(
            *_TEXT,
            "Запустите программу под тем же пользователем, что и сопряжение.",
            "Run the program as the user that paired it.",
        ),
        bad_identity=bad(
            "Файл сопряжения {path} повреждён.",
            "The pairing file {path} is damaged.",
            "Переименуйте этот файл и выполните сопряжение заново.",
            "Rename that file and pair again.",
        ),
        key_not_opened=bad(
            "Ключ этого ПК в {path} не открывается: данные с другого ПК, испорчены, или Windows установлена заново.",
            "This PC's key in {path} does not open: the data are another PC's, or spoilt, or Windows is a new one.",
            "Переименуйте этот файл и выполните сопряжение заново.",
            "Rename that file and pair again.",
        ),
        bad_key=bad(
            "Ключ этого ПК в {path} испорчен: подписать им нельзя.",
            "This PC's key in {path} is spoilt: it cannot sign.",
            "Переименуйте этот файл и выполните сопряжение заново.",
            "Rename that file and pair again.",
        ),
    ),
    _identity,
)


def _rights(scene: Scene) -> Seen:
    if not scene.world.posix:
        return Seen("not_here")
    assert scene.identity is not None
    path = identity_path(scene.data_dir)
    status = path.stat()
    facts = {"path": str(path), "mode": f"{stat.S_IMODE(status.st_mode):04o}"}
    if stat.S_IMODE(status.st_mode) & 0o077:
        return Seen("open_to_others", facts)
    if status.st_uid != os.geteuid():
        return Seen("another_owner", {**facts, "owner": status.st_uid})
    return Seen(facts=facts)


RIGHTS = Check(
    "pairing.rights",
    "кто может прочесть ключ этого ПК",
    "who can read this PC's key",
    table(
        ok=good("Ключ читает только его владелец ({mode}).", "Only its owner can read the key ({mode})."),
        not_here=idle(
            "На этой системе ключ защищает список доступа папки, его ставит установщик.",
            "On this system the folder's access list guards the key; the installer sets it.",
        ),
        open_to_others=bad(
            "Ключ этого ПК могут прочесть другие пользователи: {path}, права {mode}.",
            "Other users can read this PC's key: {path}, mode {mode}.",
            "Закройте файл от других: chmod 600 {path}.",
            "Close the file to others: chmod 600 {path}.",
        ),
        another_owner=warning(
            "Ключ этого ПК принадлежит другому пользователю (uid {owner}).",
            "This PC's key belongs to another user (uid {owner}).",
            "Запускайте программу под пользователем, который выполнил сопряжение.",
            "Run the program as the user that paired it.",
        ),
    ),
    _rights,
)


def _server(scene: Scene) -> Seen:
    url, identity = scene.config.server_url, scene.identity
    facts = {"paired_url": identity.server_url, "url": url}
    if letter := cyrillic_at(identity.server_url) or cyrillic_at(identity.link_url):
        return Seen("letter", {**facts, "detail": letter[1]})
    if url is None:
        return Seen("not_named", facts)
    return Seen("ok" if url == identity.server_url.rstrip("/") else "another_server", facts)


SERVER = Check(
    "pairing.server",
    "адрес сервера: настройки и сопряжение",
    "the server's address: configuration and pairing",
    table(
        ok=good("ПК сопряжён с тем сервером, что в настройках.", "The PC is paired with the configured server."),
        not_named=good("Сервер взят из сопряжения: {paired_url}.", "The server comes from the pairing: {paired_url}."),
        letter=bad(
            "В адресе сервера, с которым сопряжён ПК, русская буква «{detail}»: {paired_url}.",
            "The address of the server that this PC is paired with has the Cyrillic letter “{detail}”: {paired_url}.",
            "Возьмите в CRM строку сопряжения ещё раз, скопируйте её целиком и выполните сопряжение заново.",
            "Take the pairing line from the CRM once more, copy it as a whole, and pair again.",
        ),
        another_server=bad(
            "В настройках сервер {url}, а ПК сопряжён с {paired_url}.",
            "The configuration names {url}, the PC is paired with {paired_url}.",
            "Исправьте url в [server] или выполните сопряжение с нужным сервером.",
            "Mend url under [server], or pair with the right server.",
        ),
    ),
    _server,
)
