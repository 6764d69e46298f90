"""One card terminal: whether it can be reached, whether it is the right one, whether a payment could begin now."""

from __future__ import annotations

from agent.devices.terminals.place import expected_id
from agent.support.doctor.archive import archive
from agent.support.doctor.bedside import OWNERS, TERMINAL_ANSWERS, NotTold, answered, facts, look
from agent.support.doctor.model import (
    TERMINALS,
    Check,
    Fact,
    Seen,
    Verdict,
    bad,
    good,
    idle,
    table,
    told,
    unknown,
)
from agent.support.doctor.scene import Scene
from protocol.crm.codes import CODES


def _answers(scene: Scene) -> Seen:
    found = look(scene)
    who = found.terminal
    shown: dict[str, Fact] = {"driver": scene.device.driver, "address": scene.device.address}
    if who is not None:
        shown |= {
            "model": " ".join(part for part in (who.vendor, who.model) if part), "serial": who.terminal_id or None,
            "version": who.software or None,
        }  # fmt: skip
    if not found.trouble or found.trouble in _TOLD_ELSEWHERE or found.trouble in OWNERS:
        return Seen(facts=shown)
    shown |= {"trouble": found.trouble, "vendor": found.vendor, "detail": found.detail[:300] or None}
    if found.trouble in ANSWERING.causes:
        return Seen(found.trouble, shown)
    known = CODES.get(found.trouble)
    words = (known.ru, known.en) if known is not None else (found.trouble, found.trouble)
    return Seen("trouble", shown, {"trouble_ru": words[0], "trouble_en": words[1]})


_TOLD_ELSEWHERE = frozenset(
    {"terminal_changed", "terminal_settlement_needed", "terminal_card_inside", "terminal_not_ready"}
)

ANSWERING = Check(
    TERMINAL_ANSWERS,
    "отвечает ли терминал",
    "whether the terminal answers",
    table(
        ok=good("Отвечает {model} ({driver}, {address}).", "{model} answers ({driver}, {address})."),
        terminal_offline=told("terminal_offline"),
        terminal_port_busy=told("terminal_port_busy"),
        terminal_program_missing=told("terminal_program_missing"),
        terminal_program_failed=told("terminal_program_failed"),
        terminal_setup=told("terminal_setup"),
        terminal_busy=told("terminal_busy", Verdict.WARNING),
        not_seen_yet=unknown(
            "Работающая программа ещё не видела этот терминал.",
            "The running program has not seen this terminal yet.",
            "Подождите минуту и повторите проверку.",
            "Wait a minute and check again.",
        ),
        not_served=bad(
            "Работающая программа не знает этого терминала: файл настроек изменён после её запуска.",
            "The running program does not know this terminal: the configuration was changed after its start.",
            "Перезапустите KassaBridge.",
            "Restart KassaBridge.",
        ),
        trouble=bad(
            "{trouble_ru} [{trouble}; код терминала {vendor}]",
            "{trouble_en} [{trouble}; the terminal's code {vendor}]",
            "Посмотрите на экран терминала; если повторится, вызовите поддержку.",
            "Look at the terminal's screen; if it stays, call support.",
        ),
    ),
    _answers,
    each=True,
    of=TERMINALS,
)


def _identity(scene: Scene) -> Seen:
    found = answered(scene)
    serial = archive(scene).device(scene.device.kkm_id).register_serial
    bound = expected_id(serial)
    said = found.terminal.terminal_id if found.terminal is not None else ""
    shown: dict[str, Fact] = {"kkm_id": scene.device.kkm_id, "serial": said or None, "bound_serial": bound or None}
    if found.trouble == "terminal_changed" or (said and bound and said != bound):
        return Seen("another_terminal", shown)
    if serial is None:
        return Seen("not_bound_yet", shown)
    return Seen("ok" if said and bound else "tells_none", shown)


IDENTITY = Check(
    "terminal.identity",
    "тот ли это терминал",
    "whether it is the right terminal",
    table(
        ok=good("Номер терминала тот, что закреплён: {serial}.", "The terminal id is the bound one: {serial}."),
        tells_none=idle(
            "Этот терминал называет свой номер только с операцией.",
            "This terminal tells its id only with an operation.",
        ),
        not_bound_yet=idle(
            "За KKM_ID {kkm_id} ещё не закреплён терминал.", "No terminal is bound to KKM_ID {kkm_id} yet."
        ),
        another_terminal=bad(
            "По этому адресу терминал {serial}, а за KKM_ID {kkm_id} закреплён {bound_serial}.",
            "Terminal {serial} stands at this address, but {bound_serial} is bound to KKM_ID {kkm_id}.",
            "Проверьте кабели, address и kkm_id; если терминал заменён, подтвердите это в CRM.",
            "Check cables, address and kkm_id; if the terminal was replaced, confirm it in the CRM.",
        ),
    ),
    _identity,
    each=True,
    of=TERMINALS,
)


def _ready(scene: Scene) -> Seen:
    found = answered(scene)
    try:
        terminal = facts(scene)["terminal"]
    except NotTold:
        terminal = {}
    code = found.trouble if found.trouble in _TOLD_ELSEWHERE else terminal.get("attention")
    shown: dict[str, Fact] = {"kkm_id": scene.device.kkm_id, "vendor": terminal.get("vendor") or found.vendor}
    if code is not None and code != "terminal_changed":
        known = CODES.get(code)
        ru, en = (known.ru, known.en) if known is not None else (code, code)
        do = (known.advice_ru, known.advice_en) if known is not None else ("", "")
        words = {"trouble_ru": ru, "trouble_en": en, "do_ru": do[0], "do_en": do[1]}
        return Seen("wants", {**shown, "trouble": code}, words)
    return Seen("ok" if terminal.get("ready") else "not_asked", {**shown, "since": terminal.get("settled_at")})


READY = Check(
    "terminal.ready",
    "готов ли терминал к оплате",
    "whether the terminal could take a payment",
    table(
        ok=good("Терминал готов.", "The terminal is ready."),
        not_asked=idle(
            "Программа только видит, что терминал есть: спрашивать его в покое значило бы запускать программу банка.",
            "It is only seen that the terminal is there: to ask it at rest would start the bank's program.",
        ),
        wants=bad(
            "{trouble_ru} [{trouble}; код терминала {vendor}]",
            "{trouble_en} [{trouble}; the terminal's code {vendor}]",
            "{do_ru}",
            "{do_en}",
        ),
    ),
    _ready,
    each=True,
    of=TERMINALS,
)
