"""How a register is that answers: its fiscal drive, the OFD's queue, shift, paper, clock and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from agent.jobs.transitions import is_open
from agent.procedures.watch import DRIFT
from agent.support.doctor import bedside
from agent.support.doctor.archive import archive
from agent.support.doctor.model import (
    Cause,
    Check,
    Fact,
    NotLooked,
    Seen,
    Verdict,
    bad,
    good,
    idle,
    table,
    told,
    warning,
)
from agent.support.doctor.scene import Scene
from drivers.api import Paper, ShiftState
from protocol.crm.codes import CODES

FN_DAYS_SOON = 30
FN_DOCUMENTS_SOON = 5_000
OFD_SEEN_H = 24
OFD_BAD_H = 5 * 24  # from then on the drive warns; after 30 days it signs nothing
SHIFT_SOON_H = 23
CLOCK_BAD_S = 3600

Facts = Mapping[str, Any]

UNTOLD: Mapping[str, Cause] = {
    "untold": idle("Работающая программа об этом ещё не рассказала.", "The running program has not told about it yet.")
}


def _of(check: str, judge: Callable[[Scene, Facts], Seen]) -> Callable[[Scene], Seen]:
    """A look at what the register has told, or at what the running agent says instead of it."""

    def see(scene: Scene) -> Seen:
        facts: Facts | None
        try:
            facts = bedside.facts(scene)
        except bedside.NotTold:
            facts = None
        kkm_id: dict[str, Fact] = {"kkm_id": scene.device.kkm_id}
        if why := bedside.look(scene).owned_by(check):
            return Seen(why, kkm_id)
        if facts is None:
            return Seen("untold", kkm_id)
        seen = judge(scene, facts)
        return Seen(seen.code, kkm_id | dict(seen.facts), seen.words)

    return see


def _check(id_: str, ru: str, en: str, causes: Mapping[str, Cause], judge: Callable[[Scene, Facts], Seen]) -> Check:
    return Check(id_, ru, en, {**causes, **UNTOLD}, _of(id_, judge), each=True)


_CALL = ("Закажите замену фискального накопителя.", "Order a new fiscal drive.")
FN_BLOCKS = ("fn_absent", "fn_failed", "fn_expired", "fn_full", "fn_state")


def _fn(_: Scene, facts: Facts) -> Seen:
    fn = facts["fn"]
    warnings = sorted(set(fn["warnings"]) - {"ofd_overdue"})
    days, documents = fn["days_left"], fn["documents_left"]
    shown: dict[str, Fact] = {
        "fn": fn["serial"], "fn_expires": fn["expires"], "days_left": days, "documents_left": documents,
        "warnings": ", ".join(warnings) or None,
    }  # fmt: skip
    if facts["blocked"] in FN_BLOCKS:
        return Seen(facts["blocked"], shown)
    if days is not None and days < 0:
        return Seen("fn_expired", shown)
    if days is not None and days < FN_DAYS_SOON:
        return Seen("days_end", shown)
    if documents is not None and documents < FN_DOCUMENTS_SOON:
        return Seen("memory_ends", shown)
    return Seen("warned" if warnings else "ok", shown)


FN = _check(
    "device.fn",
    "фискальный накопитель",
    "the fiscal drive",
    table(
        ok=good("ФН {fn}: дней {days_left}, документов {documents_left}.", "FN {fn}: {days_left} days, "
                "{documents_left} documents."),
        **{code: told(code) for code in FN_BLOCKS},
        days_end=warning(
            "Срок накопителя {fn} кончается через {days_left} дн. ({fn_expires}).",
            "The drive {fn} ends in {days_left} days ({fn_expires}).",
            *_CALL,
        ),
        memory_ends=warning(
            "В накопителе {fn} осталось место на {documents_left} документов.",
            "The drive {fn} has room for {documents_left} more documents.",
            *_CALL,
        ),
        warned=warning("Накопитель {fn} предупреждает: {warnings}.", "The drive {fn} warns: {warnings}.", *_CALL),
    ),
    _fn,
)  # fmt: skip


def _ofd(scene: Scene, facts: Facts) -> Seen:
    ofd = facts["ofd"]
    first = datetime.fromisoformat(ofd["first_at"]) if ofd["first_at"] is not None else None
    hours = int((scene.world.now() - first).total_seconds() // 3600) if first is not None else None
    shown: dict[str, Fact] = {"unsent": ofd["unsent"], "oldest": ofd["first_at"], "age_h": hours}
    if facts["blocked"] == "ofd_blocked":
        return Seen("ofd_blocked", shown)
    if "ofd_overdue" in facts["fn"]["warnings"] or (hours is not None and hours >= OFD_BAD_H):
        return Seen("overdue", shown)
    return Seen("late" if hours is not None and hours >= OFD_SEEN_H else "ok", shown)


_MEND_OFD = (
    "Проверьте интернет на кассе: кабель или Wi-Fi, службу обмена с ОФД, оплату ОФД.",
    "Check the register's internet: cable or Wi-Fi, the OFD exchange service, the OFD's bill.",
)
OFD = _check(
    "device.ofd",
    "передача в ОФД",
    "delivery to the OFD",
    table(
        ok=good("Не передано в ОФД: {unsent}.", "Not delivered to the OFD: {unsent}."),
        late=warning(
            "Документы не уходят в ОФД уже {age_h} ч (не передано: {unsent}).",
            "No document has reached the OFD for {age_h} h (waiting: {unsent}).",
            *_MEND_OFD,
        ),
        overdue=bad(
            "Документы не уходят в ОФД уже {age_h} ч (не передано: {unsent}); через 30 дней касса остановится.",
            "No document has reached the OFD for {age_h} h (waiting: {unsent}); after 30 days the register stops.",
            *_MEND_OFD,
        ),
        ofd_blocked=told("ofd_blocked"),
    ),
    _ofd,
)


def _shift(_: Scene, facts: Facts) -> Seen:
    shift = facts["shift"]
    age = shift["age_s"]
    shown: dict[str, Fact] = {"state": shift["state"], "shift": shift["number"], "age_h": None}
    if age is not None and shift["state"] != ShiftState.CLOSED:
        shown["age_h"] = age // 3600
    if shift["state"] == ShiftState.EXPIRED:
        return Seen("shift_expired", shown)
    if shift["state"] == ShiftState.OPEN and age is not None and age >= SHIFT_SOON_H * 3600:
        return Seen("ends_soon", shown)
    return Seen(facts=shown)


SHIFT = _check(
    "device.shift",
    "смена",
    "the shift",
    table(
        ok=good("Смена {shift}: {state}.", "Shift {shift}: {state}."),
        shift_expired=told("shift_expired"),
        ends_soon=warning(
            "Смена {shift} открыта {age_h} ч; через 24 часа чеки печататься не будут.",
            "Shift {shift} has been open for {age_h} h; after 24 hours no receipts are printed.",
            "Закройте смену.",
            "Close the shift.",
        ),
    ),
    _shift,
)


def _paper(_: Scene, facts: Facts) -> Seen:
    shown: dict[str, Fact] = {"paper": facts["paper"]}
    if facts["cover_open"]:
        return Seen("cover_open", shown)
    codes = {Paper.ABSENT: "no_paper", Paper.INTERRUPTED: "no_paper", Paper.RESUMABLE: "continue_print"}
    return Seen(codes.get(facts["paper"], "ok"), shown)


PAPER = _check(
    "device.paper",
    "бумага и крышка",
    "paper and cover",
    table(
        ok=good("Бумага есть, крышка закрыта.", "There is paper, the cover is closed."),
        no_paper=told("no_paper"),
        cover_open=told("cover_open"),
        continue_print=told("continue_print", Verdict.WARNING),
    ),
    _paper,
)


def _clock(_: Scene, facts: Facts) -> Seen:
    clock = facts["clock"]
    drift = clock["drift_s"]
    shown: dict[str, Fact] = {"at": clock["register"], "drift_s": drift}
    if clock["unset"]:
        return Seen("clock_unset", shown)
    off = abs(drift or 0)
    return Seen("clock_wrong" if off > CLOCK_BAD_S else "drifts" if off > DRIFT.total_seconds() else "ok", shown)


_SET_CLOCK = ("Установите часы кассы при закрытой смене.", "Set the register's clock while the shift is closed.")
CLOCK = _check(
    "device.clock",
    "часы кассы",
    "the register's clock",
    table(
        ok=good("Часы кассы идут верно ({drift_s} с).", "The register's clock is right ({drift_s} s)."),
        clock_unset=told("clock_unset"),
        drifts=warning(
            "Часы кассы расходятся на {drift_s} с.", "The register's clock is off by {drift_s} s.", *_SET_CLOCK
        ),
        clock_wrong=bad(
            "Часы кассы неверны: {drift_s} с.", "The register's clock is wrong by {drift_s} s.", *_SET_CLOCK
        ),
    ),
    _clock,
)

SETTINGS = ("vat20_autoreplace", "tax_by_host", "vat_rate_missing", "printing_off")


def _setup(_: Scene, facts: Facts) -> Seen:
    problems = [str(problem) for problem in facts["setup_problems"]]
    shown: dict[str, Fact] = {"problem": ", ".join(problems) or None, "count": len(problems)}
    if not problems:
        return Seen(facts=shown)
    if problems[0] in SETTINGS:
        return Seen(problems[0], shown)
    known = CODES.get(problems[0])
    ru, en = (known.ru, known.en) if known is not None else (problems[0], problems[0])
    return Seen("setup_problem", shown, {"ru": ru, "en": en})


SETUP = _check(
    "device.setup",
    "настройки кассы",
    "the register's settings",
    table(
        ok=good("Настройки кассы в порядке.", "The register's settings are in order."),
        **{code: told(code) for code in SETTINGS},
        setup_problem=bad(
            "Настройка кассы испортит документы: {ru} [{problem}]",
            "A setting of the register would make wrong documents: {en} [{problem}]",
            "Вызовите сервисный центр: пусть исправит настройку.",
            "Call the service centre to mend the setting.",
        ),
    ),
    _setup,
)


def _document(scene: Scene, facts: Facts) -> Seen:
    status = scene.device_status
    in_hand = status is not None and status.job is not None
    if not facts["document_open"] or in_hand:
        return Seen(facts={"last_fd": facts["last_fd"]})
    if any(job.kkm_id == scene.device.kkm_id and is_open(job) for job in archive(scene).jobs):
        raise NotLooked("journal.open")  # it is our own, and nobody is to cancel it by hand
    return Seen("document_open", {"last_fd": facts["last_fd"]})


DOCUMENT = _check(
    "device.document",
    "открытый документ",
    "an open document",
    table(
        ok=good("Открытого документа нет (последний ФД {last_fd}).", "No document is open (the last is FD {last_fd})."),
        document_open=told("document_open", Verdict.WARNING),
    ),
    _document,
)


def _blocked(_: Scene, facts: Facts) -> Seen:
    code = facts["blocked"]
    if code is None or code in (*FN_BLOCKS, "ofd_blocked"):
        return Seen()
    known = CODES.get(code)
    ru, en = (known.ru, known.en) if known is not None else (code, code)
    return Seen("blocked", {"trouble": code}, {"ru": ru, "en": en})


BLOCKED = _check(
    "device.blocked",
    "блокировка кассы",
    "a block of the register",
    table(
        ok=good("Касса не заблокирована.", "The register is not blocked."),
        blocked=bad(
            "Касса не может делать документы: {ru} [{trouble}]",
            "The register cannot make documents: {en} [{trouble}]",
            "Вызовите сервисный центр.",
            "Call the service centre.",
        ),
    ),
    _blocked,
)
