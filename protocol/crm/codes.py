"""One table of codes for all makes and both sides: words in Russian and English, advice, whether repeating is safe.

``safe_to_repeat`` speaks to the CRM: whether posting the same thing again under a *new* id cannot make a second
document. A vendor's own code stays beside ours (``Reason.vendor``). Decide by code, never by the words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from protocol.crm.outcomes import Reason

Language = Literal["ru", "en"]


@dataclass(frozen=True, slots=True)
class Code:
    ru: str
    en: str
    advice_ru: str
    advice_en: str
    safe_to_repeat: bool


def _c(ru: str, en: str, advice_ru: str, advice_en: str, *, safe: bool = True) -> Code:
    return Code(ru, en, advice_ru, advice_en, safe)


_WAIT_RU, _WAIT_EN = "Повторять не нужно: задание выполнится само.", "Do not repeat: the job goes on by itself."
_LOOK_RU, _LOOK_EN = (
    "Не пробивайте чек ещё раз. Посмотрите на последний чек и примите решение.",
    "Do not make the receipt again. Look at the last receipt and decide.",
)

CODES: dict[str, Code] = {
    # the register
    "device_offline": _c("Касса не отвечает.", "The register does not answer.",
        "Проверьте питание и кабель кассы.", "Check the register's power and cable."),
    "device_busy": _c("Касса занята.", "The register is busy.", _WAIT_RU, _WAIT_EN),
    "port_busy": _c("Порт кассы занят другой программой.", "Another program holds the register's port.",
        "Закройте другую программу, которая работает с кассой.", "Close the other program that uses the register."),
    "wrong_device": _c("По этому адресу отвечает другое устройство.", "Another device answers at this address.",
        "Проверьте адрес кассы в config.toml.", "Check the register's address in config.toml."),
    "line_noise": _c("Помехи на линии кассы.", "The line to the register is noisy.",
        "Проверьте кабель и скорость порта.", "Check the cable and the port's speed."),
    "no_reply": _c("Касса не ответила на команду.", "The register did not answer the command.", _WAIT_RU, _WAIT_EN,
        safe=False),
    "link_lost": _c("Связь с кассой оборвалась.", "The connection to the register broke.", _WAIT_RU, _WAIT_EN,
        safe=False),
    "no_paper": _c("В кассе нет бумаги.", "The register is out of paper.", "Вставьте бумагу.", "Load paper."),
    "cover_open": _c("Крышка кассы открыта.", "The register's cover is open.", "Закройте крышку.", "Close the cover."),
    "document_open": _c("На кассе открыт чужой документ.", "Another program's document is open on the register.",
        "Завершите или отмените его в той программе.", "Finish or cancel it in that program."),
    "shift_expired": _c("Смена открыта больше 24 часов.", "The shift has been open for more than 24 hours.",
        "Закройте смену.", "Close the shift."),
    "shift_closed": _c("Смена закрыта.", "The shift is closed.", "Откройте смену.", "Open a shift."),
    "shift_open": _c("Смена уже открыта.", "The shift is already open.", "Ничего делать не нужно.",
        "Nothing needs to be done."),
    "shift_in_doubt": _c("Проверяется, открылась или закрылась ли смена.",
        "Whether the shift was opened or closed is being checked.", _WAIT_RU, _WAIT_EN),
    "clock_unset": _c("Касса ждёт подтверждения даты и времени.",
        "The register awaits confirmation of its date and time.",
        "Подтвердите дату и время на кассе.", "Confirm date and time on the register."),
    "clock_wrong": _c("Часы кассы неверны.", "The register's clock is wrong.", "Установите часы при закрытой смене.",
        "Set the clock while the shift is closed."),
    "wrong_password": _c("Касса не приняла пароль.", "The register refused the password.",
        "Проверьте пароль оператора в профиле драйвера.", "Check the operator's password in the driver's profile."),
    "cash_short": _c("В ящике не хватает наличных для возврата.", "Not enough cash in the drawer for the return.",
        "Внесите наличные и повторите.", "Put cash in and repeat."),
    "payment_short": _c("Оплат меньше, чем итог чека.", "Payments are below the receipt's total.",
        "Исправьте оплаты.", "Mend the payments."),
    "cashless_over": _c("Безналичных больше, чем итог чека.", "Cashless payments exceed the receipt's total.",
        "Исправьте оплаты.", "Mend the payments."),
    "fn_absent": _c("Фискальный накопитель не отвечает.", "The fiscal drive does not answer.",
        "Вызовите поддержку.", "Call support.", safe=False),
    "fn_failed": _c("Отказ фискального накопителя.", "The fiscal drive failed.", "Вызовите поддержку.",
        "Call support.", safe=False),
    "fn_expired": _c("Срок фискального накопителя истёк.", "The fiscal drive's life has ended.",
        "Замените накопитель.", "Replace the drive."),
    "fn_full": _c("Память фискального накопителя заполнена.", "The fiscal drive is full.", "Замените накопитель.",
        "Replace the drive."),
    "fn_state": _c("Фискальный накопитель не в том состоянии.", "The fiscal drive is in another state.",
        "Проверьте регистрацию кассы.", "Check the register's registration."),
    "fn_data_rejected": _c("Фискальный накопитель не принял данные документа.",
        "The fiscal drive refused the document's data.", "Проверьте реквизиты чека.", "Check the receipt's data."),
    "ofd_blocked": _c("Документы не передавались в ОФД 30 дней.", "No document has reached the OFD for 30 days.",
        "Восстановите связь кассы с ОФД.", "Mend the register's connection to the OFD."),
    "register_fault": _c("Неисправность кассы.", "The register reports a fault.", "Вызовите поддержку.",
        "Call support."),
    "register_refused": _c("Касса отказала в команде.", "The register refused the command.",
        "Посмотрите код кассы рядом.", "See the register's own code beside."),
    "unsupported": _c("Касса не умеет эту команду.", "The register does not know this command.",
        "Обновите прошивку или выберите другую кассу.", "Update its firmware or use another register."),
    "bad_parameter": _c("Касса не приняла параметры команды.", "The register refused the command's parameters.",
        "Проверьте содержимое чека.", "Check the receipt's contents."),
    "vat20_autoreplace": _c("Касса заменяет 20 % на 22 % сама.", "The register replaces 20 % by 22 % by itself.",
        "Поставьте в таблице 17 поле 71 значение 2.", "Set table 17, field 71 to 2."),
    "vat_rate_missing": _c("На кассе нет такой ставки НДС.", "The register has no such VAT rate.",
        "Обновите прошивку кассы.", "Update the register's firmware."),
    "total_differs": _c("Итог на кассе не совпал с чеком.", "The register's total differs from the receipt's.",
        _LOOK_RU, _LOOK_EN),
    "unsupported_transport": _c("Такой способ подключения не поддержан.", "This kind of connection is not supported.",
        "Укажите адрес вида tcp:ХОСТ:ПОРТ.", "Use an address of the form tcp:HOST:PORT."),
    "bad_address": _c("Адрес кассы записан неверно.", "The register's address is not well formed.",
        "Пример: tcp:192.168.1.10:7778.", "For example tcp:192.168.1.10:7778."),
    # the course of a job
    "lease_passed": _c("Время начала прошло, чек не напечатан.",
        "The time to start passed; the receipt was not printed.",
        "Продлите задание или отмените его.", "Renew the job or cancel it."),
    "held_too_long": _c("Задание не продлили вовремя.", "The job was not renewed in time.",
        "Отправьте новое задание.", "Post a new job."),
    "cancelled_by_crm": _c("Отменено в CRM.", "Cancelled in the CRM.", "Ничего делать не нужно.",
        "Nothing needs to be done."),
    "too_late": _c("Отменить уже нельзя: печать началась.", "Too late to cancel: printing has begun.", _WAIT_RU,
        _WAIT_EN, safe=False),
    "no_document": _c("Проверено: документа нет.", "Proven: there is no document.", "Можно отправить снова.",
        "It may be posted again."),
    "attempts_exhausted": _c("Три попытки, документа нет.", "Three attempts, no document.",
        "Устраните причину и отправьте снова.", "Mend the cause and post it again."),
    "resolving": _c("Проверяется, напечатан ли чек.", "Whether the receipt was made is being checked.", _WAIT_RU,
        _WAIT_EN, safe=False),
    "looks_alike": _c("Возможно, этот чек уже напечатан.", "This receipt may already be printed.", _LOOK_RU, _LOOK_EN,
        safe=False),
    "device_silent": _c("Касса не отвечает, судьба чека неизвестна.",
        "The register does not answer; what became of the receipt is unknown.",
        "Не пробивайте продажу на другой кассе.", "Do not repeat the sale on another register.", safe=False),
    "fn_replaced": _c("Установлен другой накопитель или касса.", "Another fiscal drive or register is installed.",
        "Поддержка должна закрыть прежнюю продажу.", "Support must close the earlier sale.", safe=False),
    "two_documents": _c("По этой продаже два чека.", "Two receipts exist for this sale.",
        "Нужен чек возврата.", "A return receipt is needed.", safe=False),
    "content_differs": _c("Сумма чека отличается от продажи.", "The receipt's amount differs from the sale's.",
        "Нужен чек коррекции.", "A correction receipt is needed.", safe=False),
    "archive_unreadable": _c("Архив кассы не читается.", "The register's archive cannot be read.",
        "Вызовите поддержку.", "Call support.", safe=False),
    "journal_lost": _c("Журнал этого рабочего места неполон.", "This workplace's journal is incomplete.",
        "Рабочее место должна проверить поддержка.", "Support must check this workplace.", safe=False),
    "decided_by_person": _c("Решил человек.", "A person decided.", "Ничего делать не нужно.",
        "Nothing needs to be done.", safe=False),
    "moved_unconfirmed": _c("Касса перенесена на другой ПК.", "The register was moved to another PC.",
        "Подтвердите, что старый ПК выключен, или отмените.", "Confirm that the old PC is off, or cancel.", safe=False),
    "disk_low": _c("На диске мало места.", "The disk is nearly full.", "Освободите место.", "Free some space."),
    "no_server_time": _c("Нет связи с сервером: время неизвестно.", "No link to the server: its time is unknown.",
        "Проверьте интернет.", "Check the internet connection."),
    "busy": _c("В очереди кассы слишком много заданий.", "Too many jobs wait for this register.",
        "Подождите и повторите.", "Wait and repeat."),
    # offers that an agent refuses
    "bad_signature": _c("Подпись задания не сошлась.", "The job's signature is not good.",
        "Проверьте, к тому ли серверу подключён агент.", "Check that the agent is paired with this server."),
    "bad_hash": _c("Содержимое задания повреждено.", "The job's contents are damaged.", "Отправьте снова.",
        "Post it again."),
    "bad_payload": _c("Содержимое задания не по правилам.", "The job's contents break a rule.", "Исправьте поле.",
        "Mend the field."),
    "wrong_agent": _c("Задание адресовано другому агенту.", "The job is addressed to another agent.",
        "Отправьте снова.", "Post it again."),
    "wrong_tenant": _c("Задание чужой учётной записи.", "The job belongs to another account.",
        "Проверьте сопряжение агента.", "Check the agent's pairing."),
    "wrong_epoch": _c("Касса с тех пор перенесена.", "The register has been moved since.", "Отправьте снова.",
        "Post it again."),
    "id_conflict": _c("Этот номер уже занят другим заданием.", "This id belongs to another job.",
        "Возьмите новый номер.", "Use a new id.", safe=False),
    "unknown_kkm_id": _c("Такого KKM_ID нет.", "There is no such KKM_ID.",
        "Проверьте KKM_ID в справочнике касс CRM.", "Check the KKM_ID in the CRM's directory."),
    "device_without_agent": _c("Касса не подключена ни к одному ПК.", "No PC serves this register.",
        "Подключите агента и укажите этот KKM_ID в его config.toml.",
        "Pair an agent and name this KKM_ID in its config.toml."),
    "unknown_desk": _c("Такой кассы (рабочего места) нет.", "There is no such desk.", "Проверьте desk_id.",
        "Check the desk_id."),
    "desk_without_device": _c("За рабочим местом не закреплена касса.", "No register stands at this desk.",
        "Укажите kkm_id рабочего места: PUT /api/v1/desks.", "Give the desk its kkm_id: PUT /api/v1/desks."),
    "device_not_configured": _c("Этой кассы нет в config.toml агента.", "The agent's config.toml lacks this register.",
        "Добавьте [[devices]] с этим kkm_id.", "Add [[devices]] with this kkm_id."),
    "device_already_bound": _c("Эта касса закреплена за другим ПК.", "Another PC owns this register.",
        "Перенос: POST /api/v1/devices/{kkm_id}/move.", "To move it: POST /api/v1/devices/{kkm_id}/move."),
    "register_already_bound": _c("Этот аппарат закреплён за другим KKM_ID.",
        "This machine is bound to another KKM_ID.", "Проверьте kkm_id в config.toml.",
        "Check the kkm_id in config.toml."),
    "register_changed": _c("За этим KKM_ID закреплён другой аппарат.", "Another machine is bound to this KKM_ID.",
        "Если аппарат заменён, подтвердите в CRM.", "If it was replaced, confirm it in the CRM."),
    "kind_not_supported": _c("Этот вид задания пока не поддержан.", "This kind of job is not supported yet.",
        "Поддержан вид receipt.", "The kind receipt is supported."),
    # the server's own
    "rolled_back": _c("Журнал агента старше, чем знает сервер.", "The agent's journal is older than the server knows.",
        "Проверьте архив кассы и подтвердите в CRM.", "Compare the archive and confirm in the CRM.", safe=False),
    "unknown_agent": _c("Агент не сопряжён с этим сервером.", "The agent is not paired with this server.",
        "Выполните сопряжение заново.", "Pair it again."),
    "maybe_duplicate": _c("Похожее задание по этому заказу уже есть.", "A job like this exists for this order.",
        "Если это новый чек, передайте allow_duplicate.", "If it is a new receipt, pass allow_duplicate.", safe=False),
    "job_id_known": _c("Задание с этим номером уже есть, содержимое другое.", "This id exists with another body.",
        "Возьмите новый номер.", "Use a new id.", safe=False),
    "unknown_job": _c("Такого задания нет.", "There is no such job.", "Проверьте номер.", "Check the id."),
    "already_final": _c("Задание уже завершено.", "The job has ended.", "Посмотрите его состояние.",
        "See its state.", safe=False),
    "stale_rev": _c("Состояние задания уже другое.", "The job has moved on.", "Прочитайте задание снова.",
        "Read the job again.", safe=False),
    "bad_request": _c("Запрос не по правилам.", "The request breaks a rule.", "Исправьте указанное поле.",
        "Mend the named field."),
    "unauthorized": _c("Ключ API не принят.", "The API key is not accepted.", "Передайте Authorization: Bearer <ключ>.",
        "Send Authorization: Bearer <key>."),
    "forbidden": _c("У ключа нет такого права.", "The key lacks this scope.", "Возьмите ключ с нужным правом.",
        "Use a key with the scope."),
    "not_found": _c("Не найдено.", "Not found.", "Проверьте адрес.", "Check the address."),
}  # fmt: skip


def reason(
    code: str,
    *,
    language: Language = "ru",
    vendor: str | None = None,
    detail: str | None = None,
    **params: Any,
) -> Reason:
    """The words of ``code``. An unknown code keeps itself as its text: a driver of tomorrow is no crash today."""
    known = CODES.get(code)
    if known is None:
        return Reason(
            code=code, text=code, advice="", safe_to_repeat=False, vendor=vendor, detail=detail, params=params
        )
    text, advice = (known.ru, known.advice_ru) if language == "ru" else (known.en, known.advice_en)
    return Reason(
        code=code,
        text=text,
        advice=advice,
        safe_to_repeat=known.safe_to_repeat,
        vendor=vendor,
        detail=detail,
        params=params,
    )
