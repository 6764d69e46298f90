"""The journal: whether it is whole, and what in it waits."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from agent.journal.inspect import verify
from agent.journal.rows import JobRow
from agent.support.doctor.archive import NoJournal, archive, read
from agent.support.doctor.model import Check, Fact, Seen, bad, good, idle, table, warning
from agent.support.doctor.scene import Scene
from protocol.crm.job_machine import Known

LAST_RECORDS = 20_000
"""Records of the chain that are walked: a second or two. ``kassabridge agent journal verify`` walks them all."""
CONFIRMED_WITHIN = timedelta(minutes=10)


def _chain(scene: Scene) -> Seen:
    facts = {"path": str(scene.config.journal_path)}
    try:
        scene.memo.once("archive", "journal.chain", lambda: read(scene))
        walked = verify(scene.config.journal_path, last=LAST_RECORDS)
    except NoJournal:
        return Seen("no_journal", facts)
    except (sqlite3.Error, ValueError, TypeError, KeyError) as error:
        return Seen("unreadable", {**facts, "error": getattr(error, "sqlite_errorname", type(error).__name__)})
    if not walked["ok"]:
        return Seen("damaged", {**facts, "problem": str(walked["problem"])})
    return Seen(facts={**facts, "records": int(walked["records"])})


_STOP = (
    "Не перезапускайте программу и не удаляйте файл: вызовите поддержку.",
    "Do not restart the program and do not delete the file: call support.",
)
CHAIN = Check(
    "journal.chain",
    "журнал",
    "the journal",
    table(
        ok=good("Журнал цел, записей: {records}.", "The journal is whole, records: {records}."),
        no_journal=idle("Журнала ещё нет: агент не запускался.", "There is no journal yet: the agent never ran."),
        damaged=bad("Журнал {path} повреждён: {problem}.", "The journal {path} is damaged: {problem}.", *_STOP),
        unreadable=bad("Журнал {path} не читается ({error}).", "The journal {path} cannot be read ({error}).", *_STOP),
    ),
    _chain,
)


def _jobs(scene: Scene, states: Collection[Known]) -> list[JobRow]:
    """Parts of a sale are told of as the sale."""
    return [row for row in archive(scene).jobs if row.state in states and row.part is None]


def _told(rows: list[JobRow], code: str) -> Seen:
    if not rows:
        return Seen(facts={"count": 0})
    first = rows[0]
    return Seen(code, {"count": len(rows), "job": first.job_id, "kkm_id": first.kkm_id, "state": first.state.value})


def _open(scene: Scene) -> Seen:
    operations = [device for device in archive(scene).devices if device.operation is not None]
    if scene.status is not None:
        doubt = _told(_jobs(scene, (Known.RESOLVING,)), "resolving")
        return doubt if doubt.code == "resolving" else Seen("in_work", {"count": len(operations)})
    seen = _told(_jobs(scene, (Known.STARTED, Known.RESOLVING)), "intent_open")
    if seen.code == "ok" and operations:
        what = str((operations[0].operation or {}).get("operation"))
        return Seen("operation_open", {"kkm_id": operations[0].kkm_id, "action": what})
    return seen


_START = (
    "Запустите KassaBridge: программа сама спросит кассу. Чек ещё раз не пробивайте.",
    "Start KassaBridge: it asks the register itself. Do not make the receipt again.",
)
OPEN = Check(
    "journal.open",
    "начатые и не выясненные задания",
    "jobs that were begun and not resolved",
    table(
        ok=good("Таких заданий нет.", "There are none."),
        in_work=good("Ими занята работающая программа.", "The running program sees to them."),
        resolving=warning(
            "Ответ кассы {kkm_id} по заданию {job} потерян: программа спрашивает у кассы, есть ли чек. Всего: {count}.",
            "The answer of register {kkm_id} to {job} was lost: the program asks the register whether there is a "
            "receipt. In all: {count}.",
            "Подождите: итог появится в меню KassaBridge и в CRM. Чек ещё раз не пробивайте.",
            "Wait: what became of it will stand in KassaBridge's menu and in the CRM. Do not make the receipt again.",
        ),
        intent_open=bad(
            "Программа остановлена, а чем кончилось задание {job} на кассе {kkm_id}, не выяснено. Всего: {count}.",
            "The program is stopped, and what became of {job} on register {kkm_id} is not known. In all: {count}.",
            *_START,
        ),
        operation_open=bad(
            "Программа остановлена, а чем кончилась операция {action} на кассе {kkm_id}, не выяснено.",
            "The program is stopped, and what became of {action} on register {kkm_id} is not known.",
            *_START,
        ),
    ),
    _open,
)


def _decisions(scene: Scene) -> Seen:
    doubted = _told(_jobs(scene, (Known.HUMAN,)), "human")
    if doubted.code == "human":
        return doubted
    waits = [row for row in archive(scene).jobs if row.sale is not None and row.sale["waits"]]
    seen = _told(waits, "sale_waits")
    asked = {row.sale["waits"] for row in waits if row.sale is not None}
    return replace(seen, words={"waits": ", ".join(sorted(asked))})


DECISIONS = Check(
    "journal.decisions",
    "задания, которые ждут решения человека",
    "jobs that wait for a person",
    table(
        ok=good("Решения никто не ждёт.", "Nothing waits for a decision."),
        human=bad(
            "Нужно решение человека по заданию {job} (касса {kkm_id}). Всего: {count}.",
            "A person has to decide about {job} (register {kkm_id}). In all: {count}.",
            "Откройте «Требуется решение» в меню KassaBridge или в CRM. Чек ещё раз не пробивайте.",
            "Open “a decision is needed” in KassaBridge's menu or in the CRM. Do not make the receipt again.",
        ),
        sale_waits=bad(
            "Продажа {job} (касса {kkm_id}) ждёт человека: {waits}. Всего: {count}.",
            "The sale {job} (register {kkm_id}) waits for a person: {waits}. In all: {count}.",
            "Откройте «Требуется решение» в меню KassaBridge или в CRM. Карту ещё раз не списывайте.",
            "Open “a decision is needed” in KassaBridge's menu or in the CRM. Do not charge the card again.",
        ),
    ),
    _decisions,
)

HELD = Check(
    "journal.held",
    "отложенные задания",
    "jobs put off",
    table(
        ok=good("Отложенных заданий нет.", "No job is put off."),
        held=warning(
            "Задание {job} (касса {kkm_id}) не напечатано вовремя и отложено. Всего: {count}.",
            "The job {job} (register {kkm_id}) was not printed in time and is put off. In all: {count}.",
            "Продлите или отмените это задание в CRM.",
            "Renew or cancel that job in the CRM.",
        ),
    ),
    lambda scene: _told(_jobs(scene, (Known.HELD,)), "held"),
)


def _paper(scene: Scene) -> Seen:
    waiting = [device for device in archive(scene).devices if device.unprinted is not None]
    if not waiting:
        return Seen()
    return Seen("unprinted", {"kkm_id": waiting[0].kkm_id, "job": waiting[0].unprinted})


PAPER = Check(
    "journal.paper",
    "чеки без бумаги",
    "receipts without their paper",
    table(
        ok=good("Все чеки допечатаны.", "Every receipt was printed to its end."),
        unprinted=warning(
            "Чек задания {job} пробит, но не допечатан (касса {kkm_id}).",
            "The receipt of {job} is made, but not printed to its end (register {kkm_id}).",
            "Вставьте бумагу: касса допечатает. Чек ещё раз не пробивайте.",
            "Load paper: the register prints the rest. Do not make the receipt again.",
        ),
    ),
    _paper,
)


def _outbox(scene: Scene) -> Seen:
    found = archive(scene)
    if found.oldest is None:
        return Seen(facts={"count": 0})
    age = scene.world.now() - found.oldest
    facts: dict[str, Fact] = {
        "count": found.undelivered,
        "age_min": int(age.total_seconds() // 60),
        "oldest": found.oldest.isoformat(),
    }
    return Seen("undelivered" if age > CONFIRMED_WITHIN else "ok", facts)


OUTBOX = Check(
    "journal.outbox",
    "итоги, о которых CRM ещё не знает",
    "results that the CRM does not know yet",
    table(
        ok=good("Сервер подтвердил всё (в пути: {count}).", "The server has confirmed all (on the way: {count})."),
        undelivered=bad(
            "Сервер {age_min} мин не подтверждает итоги заданий (сообщений: {count}): CRM о них не знает.",
            "For {age_min} min the server has not confirmed results (messages: {count}): the CRM does not know them.",
            "Запустите KassaBridge и восстановите связь: итоги уйдут сами. Чеки ещё раз не пробивайте.",
            "Start KassaBridge and mend its link: the results go by themselves. Do not make the receipts again.",
        ),
    ),
    _outbox,
)


def _left_out(scene: Scene) -> Seen:
    named = {device.kkm_id for device in scene.config.devices}
    for row in archive(scene).devices:
        bound = row.binding_epoch > 0 and not row.released and row.desk
        if bound and row.kkm_id not in named:
            desk = row.settings.desk_id
            return Seen("left_out", {"kkm_id": row.kkm_id, "desk": desk, "serial": row.register_serial})
    return Seen()


LEFT_OUT = Check(
    "journal.devices",
    "кассы, закреплённые за этим ПК",
    "registers that are bound to this PC",
    table(
        ok=good("Все закреплённые кассы есть в настройках.", "Every bound register is in the configuration."),
        left_out=bad(
            "За этим ПК закреплена касса {kkm_id} (рабочее место {desk}), но в настройках её нет: чеки для неё "
            "не печатаются.",
            "Register {kkm_id} (desk {desk}) is bound to this PC, but the configuration lacks it: its receipts are "
            "not printed.",
            'Добавьте [[devices]] с kkm_id = "{kkm_id}" или перенесите кассу в CRM.',
            'Add [[devices]] with kkm_id = "{kkm_id}", or move the register in the CRM.',
        ),
    ),
    _left_out,
)
