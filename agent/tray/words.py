"""Every word that the tray says: Russian, English. Keys are ours; what stands in braces is filled in by ``say``.

Sentences about troubles are for a cashier: what is wrong, and one thing to do. Codes of registers that a cashier can
mend by themselves keep the words of ``protocol.crm.codes``; those whose advice is for whoever looks after the PC have
words here, or end at support.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from agent.tray.model import Language
from agent.tray.text import plain
from protocol.crm.codes import CODES
from protocol.crm.outcomes import Reason


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence and what to do, in both languages; ``what to do`` may be missing in both."""

    ru: str
    en: str
    do_ru: str = ""
    do_en: str = ""


SUPPORT = ("Позвоните в поддержку.", "Call support.")
WORKPLACE = Words(
    "Это рабочее место должна проверить поддержка", "This workplace must be checked by support",
    "Чеки из CRM пока не печатаются. Позвоните в поддержку.",
    "Receipts from the CRM are not printed meanwhile. Call support.",
)  # fmt: skip

WORDS: Mapping[str, Words] = MappingProxyType(
    {
        # how things stand
        "ready": Words("Готов к работе", "Ready"),
        "paused": Words(
            "Пауза: новые чеки не печатаются", "Paused: no new receipts are printed",
            "Нажмите «Продолжить», когда будете готовы.", "Press “Continue” when you are ready.",
        ),
        "pausing": Words(
            "Пауза после начатого документа", "Pausing after the document in hand",
        ),
        "quitting": Words(
            "Выход: заканчиваем начатый документ", "Quitting: the document in hand is being finished",
            "Не выключайте компьютер и кассу.", "Do not switch off the PC or the register.",
        ),
        "quitting_idle": Words("Выход…", "Quitting…"),
        "not_running": Words(
            "Программа на этом компьютере не работает", "The program is not running on this PC",
            "Чеки из CRM не печатаются. Запустите KassaBridge.",
            "Receipts from the CRM are not printed. Start KassaBridge.",
        ),
        "unpaired": Words(
            "Не подключено: чеки из CRM не печатаются", "Not connected: no receipts from a CRM are printed",
            "Откройте окно и вставьте строку подключения из CRM.",
            "Open the window and paste the connection line from the CRM.",
        ),
        "connect": Words("Подключить этот компьютер…", "Connect this PC…"),
        "stopping": Words("Программа останавливается", "The program is stopping"),
        "connecting_server": Words("Соединение с сервером…", "Connecting to the server…"),
        "decision": Words("Нужно решение", "A decision is needed"),
        "more": Words("Ещё сообщений: {count}. Откройте меню.", "{count} more: open the menu."),
        # the menu
        "decide": Words("Решение", "Decision"),
        "decide_job": Words("Решить: {what}, {when}…", "Decide: {what}, {when}…"),
        "failed": Words("Не получилось. Позвоните в поддержку.", "That did not work. Call support."),
        "more_decisions": Words("Ещё решений: {count}", "{count} more decisions"),
        "last_receipts": Words("Последние чеки", "Last receipts"),
        "window": Words("Открыть окно…", "Open the window…"),
        "no_receipts": Words("Чеков ещё не было", "No receipts yet"),
        "pause": Words("Пауза", "Pause"),
        "resume": Words("Продолжить", "Continue"),
        "test_print": Words("Пробная печать", "Test print"),
        "test_print_on": Words("Пробная печать на", "Test print on"),
        "doctor": Words("Проверить всё", "Check everything"),
        "bundle": Words("Отправить сведения в поддержку…", "Send details to support…"),
        "bundle_asked": Words(
            "Поддержка просит сведения: {who}", "Support asks for details: {who}",
            "Откройте меню: посмотреть, отправить или отказать.", "Open the menu: look, send or refuse.",
        ),
        "bundle_asked_why": Words(
            "Поддержка просит сведения: {who}", "Support asks for details: {who}",
            "{why}. Откройте меню: посмотреть, отправить или отказать.", "{why}. Open the menu: look, send or refuse.",
        ),
        "bundle_ready": Words("Сведения собраны: {reference}", "Details are ready: {reference}"),
        "bundle_jobs": Words("О заданиях: {jobs}", "About jobs: {jobs}"),
        "bundle_nobody": Words("имя не названо", "no name given"),
        "look_bundle": Words("Посмотреть, что внутри", "Look what is inside"),
        "send_bundle": Words("Отправить", "Send"),
        "refuse_bundle": Words("Не отправлять", "Do not send"),
        "log_asked": Words(
            "Поддержка хочет видеть журнал: {who}", "Support wants to watch the log: {who}",
            "Откройте меню: посмотреть или отказать.", "Open the menu: look or refuse.",
        ),
        "log_asked_why": Words(
            "Поддержка хочет видеть журнал: {who}", "Support wants to watch the log: {who}",
            "{why}. Откройте меню: посмотреть или отказать.", "{why}. Open the menu: look or refuse.",
        ),
        "log_seen": Words("Поддержка видит журнал до {until}", "Support sees the log until {until}"),
        "look_log": Words("Посмотреть и решить…", "Look and decide…"),
        "refuse_log": Words("Не показывать", "Do not show it"),
        "stop_log": Words("Прекратить показ журнала", "Stop showing the log"),
        "language": Words("Язык (Language)", "Language (Язык)"),
        "quit": Words("Выход", "Quit"),
        "doing": Words("{what} — выполняется…", "{what} – in progress…"),
        "register": Words("Касса {kkm_id}", "Register {kkm_id}"),
        "terminal": Words("Терминал {kkm_id}", "Terminal {kkm_id}"),
        "abort": Words("Прекратить оплату", "Stop the payment"),
        "abort_job": Words("Прекратить: {what}", "Stop: {what}"),
        "russian": Words("Русский", "Русский"),
        "english": Words("English", "English"),
        # jobs
        "receipt": Words("Чек", "Receipt"),
        "correction": Words("Чек коррекции", "Correction receipt"),
        "open_shift": Words("Открытие смены", "Shift opening"),
        "close_shift": Words("Закрытие смены", "Shift closing"),
        "x_report": Words("X-отчёт", "X report"),
        "cash_in": Words("Внесение", "Cash in"),
        "cash_out": Words("Выплата", "Cash out"),
        "print_text": Words("Печать текста", "Text"),
        "print_copy": Words("Копия чека", "Receipt copy"),
        "open_drawer": Words("Открытие ящика", "Cash drawer"),
        "payment": Words("Оплата картой", "Card payment"),
        "refund": Words("Возврат на карту", "Card refund"),
        "void": Words("Отмена оплаты", "Payment reversal"),
        "settlement": Words("Сверка итогов", "Settlement"),
        "sale": Words("Продажа", "Sale"),
        "sale_refund": Words("Возврат продажи", "Sale refund"),
        "job": Words("Задание", "Job"),
        "of_sum": Words("{kind} на {total}", "{kind} for {total}"),
        "history": Words("{when}  {what} — {end}", "{when}  {what} – {end}"),
        # what became of a job
        "end_accepted": Words("в очереди", "waiting"),
        "end_held": Words("не начато вовремя, ждёт ответа из CRM", "not begun in time, awaits the CRM"),
        "end_started": Words("выполняется", "in progress"),
        "end_resolving": Words("проверяется", "being checked"),
        "end_human": Words("нужно решение", "a decision is needed"),
        "end_done": Words("готово", "done"),
        "end_done_fd": Words("готово, документ № {fd}", "done, document no. {fd}"),
        "end_paper": Words("{end}, бумага не допечатана", "{end}, paper incomplete"),
        "end_not_done": Words("не выполнено", "not done"),
        "end_not_done_why": Words("не выполнено: {why}", "not done: {why}"),
        "end_cancelled": Words("отменено", "cancelled"),
        "end_rejected": Words("не принято", "refused"),
        "end_rejected_why": Words("не принято: {why}", "refused: {why}"),
        "end_unknown": Words("состояние: {state}", "state: {state}"),
        # the job in hand
        "in_hand": Words("{what}: {step}", "{what}: {step}"),
        "step_": Words("выполняется", "in progress"),
        "step_printing": Words("печатается", "printing"),
        "step_positions": Words("передаются товары", "sending the items"),
        "step_resolving": Words("проверяем, напечатан ли", "checking whether it was made"),
        "step_connecting": Words("связь с терминалом", "contacting the terminal"),
        "step_present_card": Words("приложите или вставьте карту", "present or insert the card"),
        "step_enter_pin": Words("покупатель вводит ПИН", "the customer is entering the PIN"),
        "step_online": Words("запрос в банк", "asking the bank"),
        "step_remove_card": Words("заберите карту", "remove the card"),
        "step_scan_qr": Words("покупатель сканирует QR", "the customer is scanning the QR code"),
        "step_reversing": Words("идёт отмена", "reversing"),
        "step_approved": Words("одобрено", "approved"),
        "step_declined": Words("отказано", "declined"),
        "step_cancelled": Words("отменено", "cancelled"),
        "step_unknown": Words("ответ неизвестен, проверяем", "the answer is not known, checking"),
    }
)  # fmt: skip

TROUBLES: Mapping[str, Words] = MappingProxyType(
    {
        # the account and the pairing
        "bad_welcome": Words(
            "Сервер ответил не от той организации", "The server answered for another company",
            "Подключите этот компьютер заново строкой из CRM.", "Pair this PC again with the line from the CRM.",
        ),
        "unknown_agent": Words(
            "Сервер не знает этот компьютер", "The server does not know this PC",
            "Подключите этот компьютер заново строкой из CRM.", "Pair this PC again with the line from the CRM.",
        ),
        "wrong_tenant": Words(
            "Компьютер подключён к другой организации", "This PC belongs to another company's account",
            "Подключите этот компьютер заново строкой из CRM.", "Pair this PC again with the line from the CRM.",
        ),
        "agent_not_active": Words(
            "Владелец ещё не подтвердил этот компьютер", "The owner has not confirmed this PC yet",
            "Попросите владельца подтвердить его в CRM.", "Ask the owner to confirm it in the CRM.",
        ),
        "bad_signature": Words(
            "Сервер не узнал этот компьютер", "The server did not recognise this PC",
            "Подключите этот компьютер заново строкой из CRM.", "Pair this PC again with the line from the CRM.",
        ),
        "superseded": Words(
            "Под именем этого компьютера работает другой", "Another PC is working under this one's name",
            "Программу скопировали? Оставьте её на одном компьютере.",
            "Was the program copied? Keep it on one PC only.",
        ),
        # the server's address
        "address_cyrillic": Words(
            "В адресе сервера русская буква «{letter}»", "The server's address has the Cyrillic letter “{letter}”",
            "Скопируйте строку подключения из CRM целиком, не набирайте её.",
            "Copy the pairing line from the CRM as a whole, do not type it.",
        ),
        "bad_link_url": Words(
            "Адрес сервера записан неверно", "The server's address is not right",
            "Подключите этот компьютер заново строкой из CRM.", "Pair this PC again with the line from the CRM.",
        ),
        "wrong_place": Words(
            "По этому адресу нет сервера касс", "There is no register server at this address",
            "Подключите этот компьютер заново строкой из CRM.", "Pair this PC again with the line from the CRM.",
        ),
        "tls_certificate": Words(
            "Сервер не подтвердил, что он настоящий", "The server could not prove who it is",
            "Проверьте дату и время на компьютере, затем антивирус.",
            "Check the PC's date and time, then the antivirus program.",
        ),
        # the way to the server
        "unreachable": Words(
            "Нет связи с сервером", "The server cannot be reached",
            "Проверьте интернет на этом компьютере.", "Check this PC's internet connection.",
        ),
        "timeout": Words(
            "Сервер не отвечает", "The server does not answer",
            "Проверьте интернет; программа соединится сама.",
            "Check the internet connection; the program connects by itself.",
        ),
        "link_lost_server": Words(
            "Связь с сервером прервалась", "The connection to the server broke",
            "Программа соединится сама.", "The program connects by itself.",
        ),
        "proxy": Words(
            "Интернет закрыт прокси-сервером", "A proxy blocks the way to the internet",
            "Попросите администратора пропустить программу.", "Ask the administrator to let the program through.",
        ),
        "tls": Words(
            "Не удалось установить защищённую связь", "A secure connection could not be made",
            "Проверьте интернет и антивирус.", "Check the internet connection and the antivirus program.",
        ),
        "server_down": Words(
            "Сервер временно не работает", "The server is not working for now",
            "Ничего делать не нужно: программа соединится сама.", "Nothing to do: the program connects by itself.",
        ),
        # registers: where the common words are not for a cashier
        "device_locked": Words(
            "Кассу держит другая программа KassaBridge", "Another KassaBridge program holds the register",
            "Закройте её или перезагрузите компьютер.", "Close it, or restart the PC.",
        ),
        "driver_missing": Words("Нет драйвера кассы", "The register's driver is missing", *SUPPORT),
        "driver_bitness": Words("Драйвер кассы не подходит", "The register's driver does not fit", *SUPPORT),
        "driver_failed": Words(
            "Драйвер кассы не работает", "The register's driver does not work",
            "Перезагрузите компьютер; не поможет — позвоните в поддержку.",
            "Restart the PC; if that does not help, call support.",
        ),
        "wrong_device": Words(
            "Вместо этой кассы отвечает другая", "Another register answers in place of this one",
            "Верните кассу на место или позвоните в поддержку.", "Put the register back, or call support.",
        ),
        "line_noise": Words(
            "Помехи на кабеле кассы", "The register's cable is noisy",
            "Проверьте кабель кассы.", "Check the register's cable.",
        ),
        "silent_in_doubt": Words(
            "Касса пропала посреди чека", "The register has gone in the middle of a receipt",
            "Верните питание и кабель. Чек ещё раз не пробивайте.",
            "Give it back its power and cable. Do not make the receipt again.",
        ),
        "link_lost": Words(
            "Связь с кассой обрывается", "The connection to the register breaks",
            "Проверьте питание и кабель кассы. Чек напечатается сам.",
            "Check the register's power and cable. The receipt prints by itself.",
        ),
        "device_offline": Words(
            "Касса не отвечает", "The register does not answer",
            "Проверьте питание и кабель кассы. Переставляли её — найдите: окно, «Кассы», «Искать сейчас».",
            "Check its power and cable. If it was moved, look for it: window, “Registers”, “Search now”.",
        ),
        "no_reply": Words(
            "Касса не отвечает на команды", "The register does not answer commands",
            "Посмотрите, включена ли касса и что на её экране. Чек напечатается сам.",
            "See whether it is on and what its display says. The receipt prints by itself.",
        ),
        "bad_address": Words("Адрес кассы записан неверно", "The register's address is not right", *SUPPORT),
        "bad_address_cyrillic": Words(
            "В адресе кассы русская буква «{letter}»", "The register's address has the Cyrillic letter “{letter}”",
            *SUPPORT,
        ),
        # who serves which register
        "no_devices": Words(
            "За этим компьютером нет ни одной кассы", "No register is assigned to this PC",
            "Добавьте кассу или позвоните в поддержку.", "Add the register, or call support.",
        ),
        "awaited_at_desk": Words(
            "На рабочем месте «{desk}» нет кассы «{kkm_id}»", "There is no register “{kkm_id}” at the desk “{desk}”",
            "Откройте окно программы и найдите её: «Кассы».", "Open the window and look for it under “Registers”.",
        ),
        "awaited": Words(
            "На этом компьютере нет кассы «{kkm_id}», которую ждёт CRM",
            "This PC has no register “{kkm_id}”, which the CRM expects here",
            "Откройте окно программы и найдите её: «Кассы».", "Open the window and look for it under “Registers”.",
        ),
        "not_bound": Words(
            "Касса подключена, но в CRM не закреплена за этим компьютером",
            "The register is connected, but the CRM has not assigned it to this PC",
            "Проверьте в CRM номер кассы: здесь он «{kkm_id}».",
            "Check the register's number in the CRM: here it is “{kkm_id}”.",
        ),
        "no_desk": Words(
            "Касса «{kkm_id}» не стоит ни на одном рабочем месте в CRM",
            "Register “{kkm_id}” stands at no desk in the CRM",
        ),
        "unknown_kkm_id": Words(
            "В CRM нет кассы с таким номером", "The CRM has no register of this number",
            "Проверьте в CRM номер кассы: здесь он «{kkm_id}».",
            "Check the register's number in the CRM: here it is “{kkm_id}”.",
        ),
        "device_not_configured": Words(
            "Кассы с таким номером на этом компьютере нет", "This PC has no register of this number",
            "Проверьте номер кассы в CRM.", "Check the register's number in the CRM.",
        ),
        "device_without_agent": Words(
            "Касса не подключена ни к одному компьютеру", "No PC serves this register", *SUPPORT,
        ),
        "desk_without_device": Words(
            "За рабочим местом не закреплена касса", "No register stands at this desk",
            "Попросите владельца выбрать кассу для рабочего места в CRM.",
            "Ask the owner to choose the desk's register in the CRM.",
        ),
        "unknown_desk": Words("Такого рабочего места нет", "There is no such desk", *SUPPORT),
        "device_already_bound": Words(
            "Эту кассу обслуживает другой компьютер", "Another PC serves this register",
            "Если касса переехала сюда, попросите владельца перенести её в CRM.",
            "If it has moved here, ask the owner to move it in the CRM.",
        ),
        "register_already_bound": Words(
            "Эта касса записана в CRM под другим номером", "The CRM has this register under another number",
            "Проверьте номер кассы в CRM.", "Check the register's number in the CRM.",
        ),
        "register_changed": Words(
            "Под этим номером в CRM записан другой аппарат", "The CRM has another machine under this number",
            "Если аппарат заменён, попросите владельца подтвердить это в CRM.",
            "If it was replaced, ask the owner to confirm that in the CRM.",
        ),
        "device_released": Words(
            "Кассу передали другому компьютеру", "The register was given to another PC",
            "Если это ошибка, попросите владельца вернуть её в CRM.",
            "If that is a mistake, ask the owner to give it back in the CRM.",
        ),
        "unknown": Words("Неизвестная неполадка", "Unknown trouble", *SUPPORT),
        "journal_lost": WORKPLACE,
        "rolled_back": WORKPLACE,
        "disk_low": Words(
            "На диске почти нет места, новые чеки не принимаются", "The disk is nearly full; no new receipts are taken",
            "Удалите лишнее и очистите корзину.", "Delete what is not needed and empty the bin.",
        ),
    }
)  # fmt: skip
"""Sentences of troubles, by code: those of the link, of a register, and our own."""

FOR_SUPPORT = frozenset(
    {
        "clock_wrong", "wrong_password", "fn_state", "fn_data_rejected", "register_refused", "unsupported",
        "bad_parameter", "vat20_autoreplace", "vat_rate_missing", "tax_by_host", "printing_off", "not_expressible",
        "taxation_not_registered", "unsupported_transport", "bad_hash", "bad_payload", "wrong_agent", "wrong_epoch",
        "id_conflict", "kind_not_supported", "maybe_duplicate", "job_id_known", "unknown_job", "stale_rev",
        "stale_lease", "message_too_large", "message_too_deep", "method_not_allowed", "internal", "agent_is_online",
        "not_quarantined", "person_missing", "unauthorized", "forbidden", "too_many_requests", "too_many_streams",
        "unknown_webhook", "too_many_webhooks", "no_document_yet", "ofd_failed", "ofd_blocked",
        "not_accepted", "not_renewable",
        "terminal_program_missing", "wrong_kind_of_device", "choice_not_offered",
        "not_cancellable", "decision_pending", "bad_request", "device_moving", "not_human", "already_final",
    }
)  # fmt: skip
"""Codes whose advice is for whoever looks after the PC or the CRM: a cashier is sent to support, with the code."""


def say(key: str, language: Language, /, **filled: object) -> str:
    """The words of ``key``. Raises ``KeyError`` for an unknown key and for a hole that was not filled."""
    words = WORDS[key]
    return (words.ru if language == "ru" else words.en).format(**filled)


def told(words: Words, language: Language, /, **filled: object) -> tuple[str, str]:
    """A sentence and what to do."""
    sentence, advice = (words.ru, words.do_ru) if language == "ru" else (words.en, words.do_en)
    return sentence.format(**filled), advice.format(**filled)


def trouble(reason: Reason, language: Language, /, **filled: object) -> tuple[str, str]:
    """Sentence and advice of what a register or a job says of itself, by its code; a code of tomorrow keeps the words
    that came with it and ends at support."""
    own, known = TROUBLES.get(reason.code), CODES.get(reason.code)
    if own is not None:
        return told(own, language, **filled)
    support = SUPPORT[0 if language == "ru" else 1]
    if known is None:
        sentence = plain(reason.text).rstrip(".") or told(TROUBLES["unknown"], language)[0]
        return sentence, f"{support} ({plain(reason.code)})"
    sentence, advice = (known.ru, known.advice_ru) if language == "ru" else (known.en, known.advice_en)
    if reason.code in FOR_SUPPORT:
        advice = f"{support} ({' '.join(filter(None, (reason.code, reason.vendor)))})"
    return sentence.rstrip("."), advice
