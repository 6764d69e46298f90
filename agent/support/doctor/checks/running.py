"""The running agent as it tells of itself, its session with the server, and the account behind it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from agent.devices.lock import DeviceLocked, device_lock
from agent.link.status import Trouble
from agent.support.doctor.archive import archive
from agent.support.doctor.greeting import Greeted, greet
from agent.support.doctor.model import (
    Cause,
    Check,
    Fact,
    NotLooked,
    Seen,
    Verdict,
    bad,
    good,
    table,
    told,
    unknown,
    warning,
)
from agent.support.doctor.route import SHARE, answer, step
from agent.support.doctor.scene import Scene
from protocol.crm.codes import CODES
from protocol.crm.link_machine import AgentLink

HANGS_AFTER = timedelta(minutes=2)  # an agent tells of itself every few seconds
STUCK_AFTER = timedelta(minutes=10)  # the longest report of a register takes less

ACCOUNT = ("unknown_agent", "bad_signature", "agent_not_active", "bad_welcome", "wrong_tenant")
"""Words of the link that speak of the pairing, not of the way to the server."""
COPIED = "superseded"


def holds_devices(scene: Scene) -> bool:
    """Whether some program of ours has taken a device of the configuration."""
    if not (scene.data_dir / "locks").is_dir():
        return False
    for device in scene.config.devices:
        try:
            with suppress(OSError), device_lock(scene.data_dir, device.address):
                pass
        except DeviceLocked:
            return True
    return False


def _running(scene: Scene) -> Seen:
    try:
        status = scene.ask_status()
    except Exception as error:
        return Seen("no_answer", {"error": type(error).__name__})
    if status is None:
        return Seen("no_answer", {"error": "device_locked"}) if holds_devices(scene) else Seen("not_running")
    age = scene.world.now() - status.at
    facts: dict[str, Fact] = {
        "agent": status.agent_id,
        "running_version": status.version,
        "age_s": int(age.total_seconds()),
    }
    return Seen("hangs" if age > HANGS_AFTER else "ok", facts)


_RESTART = (
    "Закройте KassaBridge и запустите снова; если не закрывается, перезагрузите ПК. Чеки ещё раз не пробивайте.",
    "Close KassaBridge and start it again; if it does not close, restart the PC. Do not make receipts again.",
)
RUNNING = Check(
    "agent.running",
    "работает ли KassaBridge",
    "whether KassaBridge runs",
    table(
        ok=good("KassaBridge {running_version} работает.", "KassaBridge {running_version} runs."),
        not_running=bad(
            "KassaBridge на этом ПК не запущен: чеки не печатаются.",
            "KassaBridge is not running on this PC: no receipts are printed.",
            "Запустите KassaBridge.",
            "Start KassaBridge.",
        ),
        no_answer=bad(
            "KassaBridge держит кассу, но не отвечает ({error}): программа зависла или запущена другим пользователем.",
            "KassaBridge holds a register and does not answer ({error}): it hangs, or another user has started it.",
            *_RESTART,
        ),
        hangs=bad(
            "KassaBridge завис: последний раз он дал о себе знать {age_s} с назад.",
            "KassaBridge hangs: it last told of itself {age_s} s ago.",
            *_RESTART,
        ),
    ),
    _running,
)


def _trouble_facts(trouble: Trouble) -> dict[str, Fact]:
    return {"trouble": trouble.code, "detail": trouble.detail[:200]}


def _session(scene: Scene) -> Seen:
    status = scene.running
    link = status.link
    trouble = link.trouble
    if status.quarantined or link.state is AgentLink.QUARANTINED:
        return Seen("quarantined")
    if trouble is not None and trouble.code in (*ACCOUNT, COPIED):
        raise NotLooked("server.account" if trouble.code in ACCOUNT else "agent.second")
    if link.state is AgentLink.READY:
        return Seen(facts={"since": link.since.isoformat()})
    facts = {"state": link.state.value, "since": link.since.isoformat()}
    if trouble is None:
        return Seen("connecting", facts)
    if isinstance(step(scene, "server.answers", answer), Seen):  # whoever is nearer to the cause tells it
        raise NotLooked("server.answers")
    return Seen("link_down", facts | _trouble_facts(trouble))


SESSION = Check(
    "agent.session",
    "связь работающей программы с сервером",
    "the running program's link to the server",
    table(
        ok=good("Связь есть с {since}.", "The link is up since {since}."),
        connecting=warning(
            "Связь с сервером устанавливается ({state}).",
            "The link to the server is being made ({state}).",
            "Подождите минуту и повторите проверку.",
            "Wait a minute and check again.",
        ),
        link_down=bad(
            "Связи с сервером нет с {since} ({trouble}): новые чеки не приходят, начатые будут закончены.",
            "There is no link to the server since {since} ({trouble}): no new receipts come, begun ones are finished.",
            "Сервер с этого ПК доступен: подождите минуту; если связи не будет, перезапустите KassaBridge.",
            "The server can be reached from this PC: wait a minute; if there is no link then, restart KassaBridge.",
        ),
        quarantined=bad(
            "Сервер отстранил этот ПК: его журнал старше, чем знает сервер. Чеки не печатаются.",
            "The server has set this PC aside: its journal is older than the server knows. No receipts are printed.",
            "Вызовите поддержку: она сверит архив кассы и подтвердит в CRM.",
            "Call support: they compare the register's archive and confirm in the CRM.",
        ),
    ),
    _session,
)


def _second(scene: Scene) -> Seen:
    status = scene.running
    own = scene.identity.agent_id
    if status.agent_id != own:
        return Seen("another_agent", {"agent": own, "detail": status.agent_id})
    trouble = status.link.trouble
    return Seen("copied" if trouble is not None and trouble.code == COPIED else "ok")


SECOND = Check(
    "agent.second",
    "второй агент",
    "a second agent",
    table(
        ok=good("Второго агента нет.", "There is no second agent."),
        another_agent=bad(
            "На этом ПК работает агент с другим сопряжением ({detail}), чем в папке данных ({agent}).",
            "The agent that runs on this PC has another pairing ({detail}) than the data folder ({agent}).",
            "Закройте работающую программу и запустите KassaBridge с нужным файлом настроек.",
            "Close the running program and start KassaBridge with the right configuration.",
        ),
        copied=bad(
            "Сопряжение этого ПК работает ещё где-то: сервер видит второе соединение.",
            "This PC's pairing is in use somewhere else: the server sees a second connection.",
            "Найдите ПК, на который скопировали KassaBridge, остановите его и сопрягите отдельно.",
            "Find the PC to which KassaBridge was copied, stop it there and pair it by itself.",
        ),
    ),
    _second,
)

PAUSED = Check(
    "agent.paused",
    "пауза",
    "the pause",
    table(
        ok=good("Паузы нет.", "There is no pause."),
        paused=warning(
            "KassaBridge на паузе: новые чеки не печатаются.",
            "KassaBridge is paused: no new receipts are printed.",
            "Нажмите «Продолжить» в меню KassaBridge.",
            "Choose “continue” in KassaBridge's menu.",
        ),
    ),
    lambda scene: Seen("paused" if scene.running.paused else "ok"),
)


def _progress(scene: Scene) -> Seen:
    status = scene.running
    changed = {job.job_id: job.at for job in status.recent}
    for device in status.in_hand:
        since = changed.get(device.job or "")
        if since is not None and status.at - since > STUCK_AFTER:
            minutes = int((status.at - since).total_seconds() // 60)
            return Seen("stuck", {"job": device.job, "kkm_id": device.kkm_id, "step": device.step, "age_min": minutes})
    return Seen(facts={"count": len(status.in_hand)})


PROGRESS = Check(
    "agent.progress",
    "задание в работе",
    "the job in hand",
    table(
        ok=good("В работе заданий: {count}.", "Jobs in hand: {count}."),
        stuck=bad(
            "Задание {job} на кассе {kkm_id} стоит {age_min} мин ({step}).",
            "The job {job} on register {kkm_id} has stood for {age_min} min ({step}).",
            "Посмотрите на кассу: бумага, крышка, сообщение на экране. Чек ещё раз не пробивайте.",
            "Look at the register: paper, cover, a message on its display. Do not make the receipt again.",
        ),
    ),
    _progress,
)


def _account(scene: Scene) -> Seen:
    status = scene.status
    identity = scene.identity
    facts = {"account": identity.tenant or identity.tenant_id, "agent": identity.agent_id}
    trouble = status.link.trouble if status is not None else _greeted(scene).trouble
    if trouble is None:
        return Seen(facts=facts)
    if trouble.code in ACCOUNT:
        return Seen(trouble.code, facts | _trouble_facts(trouble))
    if status is not None:
        raise NotLooked("agent.second" if trouble.code == COPIED else "agent.session")
    return Seen("not_told", facts | _trouble_facts(trouble))


def greeted(scene: Scene) -> Greeted | None:
    """What a greeting of the doctor's own found out; ``None`` while an agent runs, or nothing can be asked."""
    with suppress(NotLooked):
        if scene.status is None:
            return _greeted(scene)
    return None


def _greeted(scene: Scene) -> Greeted:
    identity, known = scene.identity, archive(scene)
    if isinstance(step(scene, "server.answers", answer), Seen):
        raise NotLooked("server.answers")
    if holds_devices(scene):
        raise NotLooked("agent.running")
    world = scene.world
    return scene.memo.once(
        "greeting",
        "server.account",
        lambda: greet(identity, known, world.dial, world.version, scene.limit * SHARE),
    )


def _refusal(code: str) -> Cause:
    known = CODES[code]
    return Cause(
        Verdict.BAD, f"{known.ru} ({{account}})", f"{known.en} ({{account}})", known.advice_ru, known.advice_en
    )


ACCOUNT_CHECK = Check(
    "server.account",
    "учётная запись: знает ли сервер этот ПК",
    "the account: whether the server knows this PC",
    table(
        ok=good(
            "Сервер знает этот ПК (учётная запись «{account}»).", "The server knows this PC (account “{account}”)."
        ),
        unknown_agent=_refusal("unknown_agent"),
        bad_signature=bad(
            "Сервер не признаёт ключ этого ПК (учётная запись «{account}»).",
            "The server does not believe this PC's key (account “{account}”).",
            "Выполните сопряжение заново.",
            "Pair this PC again.",
        ),
        agent_not_active=_refusal("agent_not_active"),
        wrong_tenant=told("wrong_tenant"),
        bad_welcome=bad(
            "Отвечает не тот сервер, с которым ПК сопряжён, или другая учётная запись ({detail}).",
            "Not the server that this PC is paired with, or another account ({detail}).",
            "Сверьте адрес сервера и учётную запись с CRM; если они новые, выполните сопряжение заново.",
            "Compare server and account with the CRM; if they are new, pair again.",
        ),
        not_told=unknown(
            "Узнать у сервера, знает ли он этот ПК, не удалось ({trouble}).",
            "The server could not be asked whether it knows this PC ({trouble}).",
            "Запустите KassaBridge и повторите проверку.",
            "Start KassaBridge and check again.",
        ),
    ),
    _account,
)
