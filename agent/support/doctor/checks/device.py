"""One register: whether it can be reached, whether it is the right one, whether the server knows it."""

from __future__ import annotations

from pathlib import Path

from agent.support.doctor.archive import archive
from agent.support.doctor.bedside import (
    ANSWERS,
    OWNERS,
    answered,
    answers_of,
    holder_of,
    look,
    port_of,
)
from agent.support.doctor.checks.running import greeted
from agent.support.doctor.model import (
    ALL_DEVICES,
    Check,
    Fact,
    NotLooked,
    Seen,
    bad,
    good,
    idle,
    table,
    told,
    unknown,
    warning,
)
from agent.support.doctor.scene import Scene
from drivers.address import SetupError, parse_address
from drivers.fiscal.atol_lib.finding import LibraryError, find_library
from protocol.crm.codes import CODES
from protocol.crm.link_machine import AgentLink


def _port(scene: Scene) -> Seen:
    port = port_of(scene)
    facts: dict[str, Fact] = {"address": scene.device.address, "port": port}
    if found := look(scene).owned_by("device.port"):
        return Seen(found, {**facts, "holder": holder_of(Path(port)) if port is not None else None})
    return Seen("no_port" if port is None else "ok", facts)


PORT = Check(
    "device.port",
    "порт кассы",
    "the register's port",
    table(
        ok=good("Порт {port} есть и доступен.", "The port {port} is there and free to use."),
        no_port=idle("Касса подключена не к порту ({address}).", "The register is not at a port ({address})."),
        port_missing=bad(
            "Порта {port} на этом ПК нет: кабель отключён, или Windows дала кассе другой номер порта.",
            "This PC has no port {port}: the cable is out, or Windows has given the register another number.",
            "Вставьте кабель кассы; если не помогло, откройте окно программы, «Кассы», «Искать сейчас».",
            "Plug in its cable; if that does not help, open the program's window, “Registers”, “Search now”.",
        ),
        port_busy=bad(
            "Порт {port} занят другой программой ({holder}).",
            "Another program holds the port {port} ({holder}).",
            "Закройте эту программу (утилиту производителя, 1С, старый агент).",
            "Close that program (the maker's utility, 1C, an old agent).",
        ),
    ),
    _port,
    each=True,
)


def _library(scene: Scene) -> Seen:
    found = _file_of_library(scene) if scene.device.driver == "atol-lib" else None
    if isinstance(found, Seen):
        return found
    facts: dict[str, Fact] = {"path": found, "detail": look(scene).detail[:300] or None}
    if broken := look(scene).owned_by("device.library"):
        return Seen(broken, facts)
    return Seen("no_library" if found is None else "ok", facts)


def _file_of_library(scene: Scene) -> str | Seen:
    try:
        address = parse_address(scene.device.address)
    except SetupError:
        raise NotLooked("config.devices") from None
    python = address.options.get("python")
    host = Path(python) if python else scene.world.host_python
    try:
        return str(find_library(address.target, host, scene.world.library))
    except LibraryError as error:
        return Seen(error.code, {"detail": error.detail[:300]})


LIBRARY = Check(
    "device.library",
    "драйвер производителя",
    "the maker's driver",
    table(
        ok=good("Драйвер производителя: {path}.", "The maker's driver: {path}."),
        no_library=idle("Этой кассе он не нужен.", "This register needs none."),
        driver_missing=told("driver_missing"),
        driver_bitness=told("driver_bitness"),
        driver_failed=told("driver_failed"),
    ),
    _library,
    each=True,
)


def _answers(scene: Scene) -> Seen:
    found = look(scene)
    who = found.identity
    facts: dict[str, Fact] = {"driver": scene.device.driver, "address": scene.device.address}
    if who is not None:
        facts |= {
            "model": who.model, "serial": who.register_serial, "fn": who.fn_serial, "firmware": who.firmware,
            "registration_number": who.registration_number, "ffd": who.ffd,
        }  # fmt: skip
    owner = OWNERS.get(found.trouble, ANSWERS)
    if owner != ANSWERS and not found.answered:
        raise NotLooked(owner)
    if not found.trouble or owner != ANSWERS:
        return Seen(facts=facts)
    if found.trouble == "wrong_device" and _other_serial(scene) is not None:
        raise NotLooked("device.identity")
    facts |= {"trouble": found.trouble, "vendor": found.vendor}
    if found.trouble in ANSWERING.causes:
        return Seen(found.trouble, facts)
    known = CODES.get(found.trouble)
    words = (known.ru, known.en) if known is not None else (found.trouble, found.trouble)
    return Seen("trouble", facts, {"trouble_ru": words[0], "trouble_en": words[1]})


ANSWERING = Check(
    ANSWERS,
    "отвечает ли касса",
    "whether the register answers",
    table(
        ok=good("Отвечает {model}, № {serial}, ФН {fn}.", "{model} answers, No. {serial}, FN {fn}."),
        device_offline=told("device_offline"),
        wrong_device=told("wrong_device"),
        line_noise=told("line_noise"),
        wrong_password=told("wrong_password"),
        not_seen_yet=unknown(
            "Работающая программа ещё не видела эту кассу.",
            "The running program has not seen this register yet.",
            "Подождите минуту и повторите проверку.",
            "Wait a minute and check again.",
        ),
        not_served=bad(
            "Работающая программа не знает этой кассы: файл настроек изменён после её запуска.",
            "The running program does not know this register: the configuration was changed after its start.",
            "Перезапустите KassaBridge.",
            "Restart KassaBridge.",
        ),
        trouble=bad(
            "{trouble_ru} [{trouble}; код кассы {vendor}]",
            "{trouble_en} [{trouble}; the register's code {vendor}]",
            "Посмотрите на кассу; если повторится, вызовите поддержку.",
            "Look at the register; if it stays, call support.",
        ),
    ),
    _answers,
    each=True,
)


def _other_serial(scene: Scene) -> str | None:
    """The serial number that was found, when another one is bound."""
    found, bound = look(scene), archive(scene).device(scene.device.kkm_id).register_serial
    if bound is None:
        return None
    if found.by_agent and found.trouble == "wrong_device" and found.detail:
        return found.detail if found.detail != bound else None
    who = found.identity
    return who.register_serial if who is not None and who.register_serial != bound else None


def _identity(scene: Scene) -> Seen:
    bound = archive(scene).device(scene.device.kkm_id).register_serial
    facts: dict[str, Fact] = {"kkm_id": scene.device.kkm_id, "bound_serial": bound}
    if (other := _other_serial(scene)) is not None:
        return Seen("another_register", {**facts, "serial": other})
    found = answered(scene)
    if found.owned_by("device.identity"):
        return Seen("register_changed", facts)
    serial = found.identity.register_serial if found.identity is not None else None
    return Seen("not_bound_yet" if bound is None else "ok", {**facts, "serial": serial})


IDENTITY = Check(
    "device.identity",
    "та ли это касса",
    "whether it is the right register",
    table(
        ok=good("Заводской номер тот, что закреплён: {serial}.", "The serial number is the bound one: {serial}."),
        not_bound_yet=idle(
            "За KKM_ID {kkm_id} ещё не закреплён аппарат.", "No machine is bound to KKM_ID {kkm_id} yet."
        ),
        another_register=bad(
            "По этому адресу касса № {serial}, а за KKM_ID {kkm_id} закреплена № {bound_serial}.",
            "Register No. {serial} stands at this address, but No. {bound_serial} is bound to KKM_ID {kkm_id}.",
            "Проверьте кабели, address и kkm_id; если касса заменена, подтвердите это в CRM.",
            "Check cables, address and kkm_id; if the register was replaced, confirm it in the CRM.",
        ),
        register_changed=told("register_changed"),
    ),
    _identity,
    each=True,
)


def _bound(scene: Scene) -> Seen:
    facts: dict[str, Fact] = {"kkm_id": scene.device.kkm_id}
    status = scene.device_status
    if scene.status is not None:
        if status is None:
            raise NotLooked(answers_of(scene))
        if why := look(scene).owned_by("device.bound"):
            return Seen("refused", {**facts, "trouble": why}, {"ru": CODES[why].ru, "en": CODES[why].en})
        if status.bound:
            return Seen(facts=facts)
        answered(scene)  # the server binds a register when it hears of its serial number
        if scene.running.link.state is not AgentLink.READY:
            raise NotLooked("agent.session")
        return Seen("not_bound", facts)
    assert scene.identity is not None  # an unpaired PC has no bindings; its own check tells
    row = archive(scene).device(scene.device.kkm_id)
    told_now = greeted(scene)
    if told_now is not None and told_now.trouble is None:
        bound = scene.device.kkm_id in told_now.bound
    else:
        bound = row.binding_epoch > 0 and not row.released
    if not bound:
        answered(scene)
    return Seen("ok" if bound else "not_bound", facts)


_IN_CRM = (
    "Сверьте KKM_ID со справочником касс CRM и исправьте kkm_id или справочник.",
    "Compare the KKM_ID with the CRM's directory and mend kkm_id or the directory.",
)
BOUND = Check(
    "device.bound",
    "KKM_ID: знает ли сервер это устройство",
    "the KKM_ID: whether the server knows this device",
    table(
        ok=good("KKM_ID {kkm_id} закреплён за этим ПК.", "KKM_ID {kkm_id} is bound to this PC."),
        not_bound=bad(
            "Сервер не закрепил KKM_ID {kkm_id} за этим ПК: задания для него не приходят. Возможно, KKM_ID неверен.",
            "The server has not bound KKM_ID {kkm_id} to this PC: no jobs come for it. The KKM_ID may be wrong.",
            *_IN_CRM,
        ),
        refused=bad("KKM_ID {kkm_id}: {ru} [{trouble}]", "KKM_ID {kkm_id}: {en} [{trouble}]", *_IN_CRM),
    ),
    _bound,
    each=True,
    of=ALL_DEVICES,
)


def _desk(scene: Scene) -> Seen:
    if _bound(scene).code != "ok":
        raise NotLooked("device.bound")
    status = scene.device_status
    desk = status.desk if status is not None else archive(scene).device(scene.device.kkm_id).settings.desk_id
    return Seen("ok" if desk else "no_desk", {"kkm_id": scene.device.kkm_id, "desk": desk})


DESK = Check(
    "device.desk",
    "рабочее место кассы",
    "the register's desk",
    table(
        ok=good("Касса стоит на рабочем месте {desk}.", "The register stands at desk {desk}."),
        no_desk=warning(
            "Касса {kkm_id} не закреплена ни за одним рабочим местом: продажи с места сюда не придут.",
            "Register {kkm_id} stands at no desk: sales of a desk do not come here.",
            "Укажите эту кассу у рабочего места в CRM.",
            "Give this register to its desk in the CRM.",
        ),
    ),
    _desk,
    each=True,
)
