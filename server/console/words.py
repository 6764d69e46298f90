"""Words of the console for values of the API: Russian, English. A value without words is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from protocol.crm.codes import CODES, Language

Table = Mapping[str, tuple[str, str]]

STATES: Table = MappingProxyType(
    {
        "queued": ("в очереди", "queued"),
        "accepted": ("принято ПК", "accepted by the PC"),
        "held": ("ждёт разрешения", "held"),
        "started": ("выполняется", "under way"),
        "resolving": ("выясняется", "being found out"),
        "human": ("нужен человек", "needs a person"),
        "done": ("сделано", "done"),
        "not_done": ("не сделано", "not done"),
        "cancelled": ("отменено", "cancelled"),
        "rejected": ("отклонено", "rejected"),
    }
)
STATE_MEANS: Table = MappingProxyType(
    {
        "queued": ("Сервер хранит задание, ПК его ещё не взял.", "The server keeps it; no PC has taken it yet."),
        "accepted": (
            "Задание на диске ПК. Устройству ещё ничего не послано.",
            "It is on the PC's disk. Nothing was sent to the device yet.",
        ),
        "held": (
            "Время начала прошло. Само не напечатается: разрешите сейчас или отмените.",
            "Its time to start has passed. It does not print by itself: allow it now, or cancel it.",
        ),
        "started": (
            "Работа с устройством начата и будет доведена до конца.",
            "Work at the device has begun and will be brought to an end.",
        ),
        "resolving": (
            "Ответ устройства потерян, читаются его записи. Не повторяйте задание.",
            "An answer was lost; the device's records are being read. Do not repeat the job.",
        ),
        "human": (
            "Записи устройства не решают. Посмотрите сведения и решите.",
            "The device's records do not decide. Look at the evidence and decide.",
        ),
        "done": ("Документ есть.", "The document exists."),
        "not_done": ("Документа нет.", "There is no document."),
        "cancelled": ("Не начиналось.", "It never began."),
        "rejected": ("ПК не взял задание.", "The PC did not take it."),
    }
)
KINDS: Table = MappingProxyType(
    {
        "receipt": ("Чек", "Receipt"),
        "correction": ("Коррекция", "Correction"),
        "open_shift": ("Открытие смены", "Opening of the shift"),
        "close_shift": ("Закрытие смены", "Closing of the shift"),
        "x_report": ("X-отчёт", "X report"),
        "cash_in": ("Внесение", "Cash in"),
        "cash_out": ("Выплата", "Cash out"),
        "print_text": ("Печать текста", "Printed text"),
        "print_copy": ("Копия документа", "Copy of a document"),
        "open_drawer": ("Открыть ящик", "Open the drawer"),
        "device_status": ("Состояние кассы", "State of the register"),
        "document": ("Документ из архива", "Document of the archive"),
        "payment": ("Оплата картой", "Card payment"),
        "refund": ("Возврат на карту", "Refund to the card"),
        "void": ("Отмена оплаты", "Void of a payment"),
        "settlement": ("Сверка итогов", "Settlement"),
        "terminal_status": ("Состояние терминала", "State of the terminal"),
        "sale": ("Продажа", "Sale"),
        "sale_refund": ("Возврат продажи", "Refund of a sale"),
        "slip": ("Слип", "Slip"),
        "strict_form": ("БСО", "Strict form"),
        "correction_strict_form": ("БСО коррекции", "Correction, strict form"),
        "registration": ("Регистрация", "Registration"),
        "reregistration": ("Перерегистрация", "Re-registration"),
        "state_report": ("Отчёт о расчётах", "State of settlements"),
    }
)
RECEIPT_TYPES: Table = MappingProxyType(
    {
        "sell": ("приход", "sale"),
        "sell_return": ("возврат прихода", "return of a sale"),
        "buy": ("расход", "purchase"),
        "buy_return": ("возврат расхода", "return of a purchase"),
    }
)
PAYMENTS: Table = MappingProxyType(
    {
        "cash": ("Наличными", "Cash"),
        "card": ("Картой", "Card"),
        "prepaid": ("Предоплатой", "Prepaid"),
        "credit": ("В кредит", "On credit"),
        "other": ("Иначе", "Otherwise"),
    }
)
VAT: Table = MappingProxyType(
    {
        "none": ("без НДС", "no VAT"),
        "vat0": ("0 %", "0 %"),
        "vat5": ("5 %", "5 %"),
        "vat7": ("7 %", "7 %"),
        "vat10": ("10 %", "10 %"),
        "vat20": ("20 %", "20 %"),
        "vat22": ("22 %", "22 %"),
        "vat105": ("5/105", "5/105"),
        "vat107": ("7/107", "7/107"),
        "vat110": ("10/110", "10/110"),
        "vat120": ("20/120", "20/120"),
        "vat122": ("22/122", "22/122"),
    }
)
TAXATION: Table = MappingProxyType(
    {
        "osn": ("ОСН", "General (ОСН)"),
        "usn_income": ("УСН, доход", "Simplified, income (УСН)"),
        "usn_income_outcome": ("УСН, доход минус расход", "Simplified, income less expense (УСН)"),
        "esn": ("ЕСХН", "Agricultural (ЕСХН)"),
        "patent": ("Патент", "Patent"),
    }
)
PAPER: Table = MappingProxyType(
    {
        "complete": ("напечатан", "printed"),
        "incomplete": (
            "бумага оборвалась: чек есть, копия неполна",
            "cut short: the receipt exists, its paper does not",
        ),
        "not_wanted": ("без бумаги", "no paper"),
        "present": ("есть", "present"),
        "absent": ("нет бумаги", "no paper"),
        "interrupted": ("печать ждёт бумаги", "printing waits for paper"),
        "resumable": ("печать можно продолжить", "printing can be continued"),
    }
)
SHIFTS: Table = MappingProxyType(
    {
        "closed": ("закрыта", "closed"),
        "open": ("открыта", "open"),
        "expired": ("открыта больше 24 часов", "open for more than 24 hours"),
    }
)
DEVICE_STATES: Table = MappingProxyType(
    {
        "free": ("не назначена", "not assigned"),
        "assigned": ("ждёт свой ПК", "waits for its PC"),
        "binding": ("привязывается", "being bound"),
        "bound": ("привязана", "bound"),
        "releasing": ("отдаётся", "being released"),
    }
)
DEVICES: Table = MappingProxyType({"register": ("Касса", "Register"), "terminal": ("Терминал", "Terminal")})
AGENT_STATES: Table = MappingProxyType(
    {
        "pending": ("ждёт подтверждения", "waits for confirmation"),
        "active": ("работает", "active"),
        "quarantined": ("в карантине", "in quarantine"),
    }
)
ROLES: Table = MappingProxyType(
    {
        "owner": ("владелец", "owner"),
        "manager": ("управляющий", "manager"),
        "cashier": ("кассир", "cashier"),
        "support": ("поддержка", "support"),
    }
)
ROLE_MAY: Table = MappingProxyType(
    {
        "owner": ("всё, и людей с ключами", "everything, people and keys too"),
        "manager": ("всё, кроме людей и ключей", "everything but people and keys"),
        "cashier": ("пробивать чеки и смотреть", "make receipts and look"),
        "support": ("смотреть, спрашивать ПК, предлагать решения", "look, ask PCs, propose decisions"),
    }
)
SCOPES: Table = MappingProxyType(
    {
        "jobs": ("задания: посылать, отменять, читать", "jobs: post, cancel, read"),
        "directory": ("справочник: кассы, ПК, подключение", "directory: registers, PCs, pairing"),
        "decide": ("решать за человека", "decide for a person"),
        "webhooks": ("вебхуки", "webhooks"),
        "read": ("только читать", "only read"),
        "support": ("доктор и сведения с ПК", "doctor and bundles of PCs"),
        "people": ("люди, ключи, журнал", "people, keys, audit"),
        "propose": ("предлагать решения", "propose decisions"),
    }
)
WAYS: Table = MappingProxyType(
    {
        "tx": ("устройству", "to the device"),
        "rx": ("от устройства", "from the device"),
        "open": ("связь открыта", "the line is opened"),
        "close": ("связь закрыта", "the line is closed"),
    }
)
HIDDEN: Table = MappingProxyType(
    {
        "password": ("скрыт пароль", "a password is hidden"),
        "data": ("скрыты данные людей или карт", "data of people or cards is hidden"),
    }
)
DAMAGES: Table = MappingProxyType(
    {
        "no_bundle": ("Файл повреждён.", "The file is damaged."),
        "unreadable": ("Часть файла не читается.", "A part of the file cannot be read."),
        "too_large": ("Часть файла слишком большая, конец не показан.", "A part is too large; its end is not shown."),
        "bad_lines": ("Строк, которые не читаются", "Lines that cannot be read"),
        "too_many_records": ("Записей, которые не показаны", "Records that are not shown"),
    }
)
REQUESTS: Table = MappingProxyType(
    {
        "waiting": ("ПК ещё не ответил", "the PC has not answered yet"),
        "asked": ("ПК занят этим", "the PC is at it"),
        "running": ("идёт", "running"),
        "done": ("готово", "done"),
        "refused": ("отказано", "refused"),
        "expired": ("время вышло", "its time is over"),
    }
)
VERDICTS: Table = MappingProxyType(
    {
        "ok": ("в порядке", "in order"),
        "warning": ("скоро сломается", "will not hold for long"),
        "bad": ("не работает", "does not work"),
        "unknown": ("не удалось узнать", "could not be looked at"),
        "skipped": ("не нужно", "nothing to look at"),
    }
)
DELIVERIES: Table = MappingProxyType(
    {"waiting": ("ждёт", "waits"), "delivered": ("доставлено", "delivered"), "dead": ("не доставлено", "gave up")}
)
CODE_STATES: Table = MappingProxyType(
    {
        "free": ("ждёт ПК", "waits for a PC"),
        "claimed": ("ПК ждёт вашего подтверждения", "a PC waits for your confirmation"),
        "confirmed": ("подключён", "paired"),
        "refused": ("отказано", "refused"),
    }
)
DECISIONS: Table = MappingProxyType(
    {
        "done": ("Сделано", "It was done"),
        "not_done": ("Не сделано: CRM может послать его снова", "It was not: the CRM may send it again"),
        "go_on": ("Продолжить", "Go on"),
        "give_back": ("Вернуть деньги на карту", "Give the money back to the card"),
        "leave_owed": (
            "Оставить без чека: будет чек коррекции",
            "Leave it without a receipt, for a correction",
        ),
        "corrected": ("Чек коррекции оформлен", "The correction receipt is made"),
        "go_on_receipt_owed": ("Пробить чек ещё раз", "Try the receipt again"),
        "go_on_money_not_returned": ("Попробовать вернуть ещё раз", "Try to give it back again"),
        "go_on_maybe_charged": ("Списать с карты: списания ещё не было", "Charge the card: the terminal has not"),
        "go_on_maybe_returned": ("Вернуть: возврата ещё не было", "Give it back: the terminal has not"),
        "go_on_continue_wanted": ("Списать с карты: покупатель здесь", "Charge the card: the customer is here"),
    }
)
OUTCOMES: Table = MappingProxyType(
    {
        "approved": ("одобрено", "approved"),
        "declined": ("отказано", "declined"),
        "cancelled": ("отменено", "cancelled"),
        "reversed": ("отменено терминалом", "taken back by the terminal"),
    }
)
ARCHIVE_VERDICTS: Table = MappingProxyType(
    {
        "known": ("сервер знает", "known"),
        "server_does_not_know": ("сервер не знает, что он есть", "the server does not know of it"),
        "foreign": ("другой программы", "of another program"),
    }
)
EVENTS: Table = MappingProxyType(
    {
        "shift_opened": ("смена открыта", "the shift was opened"),
        "shift_closed": ("смена закрыта", "the shift was closed"),
        "fn_replaced": ("заменён фискальный накопитель", "the fiscal drive was replaced"),
        "foreign_document": ("документ другой программы", "a document of another program"),
        "decision_contradicted": (
            "записи устройства противоречат решению человека",
            "the device's records contradict a person's decision",
        ),
        "device_offline": ("перестало отвечать", "stopped answering"),
        "device_online": ("снова отвечает", "answers again"),
        "paper_out": ("кончилась бумага", "out of paper"),
        "paper_back": ("бумага вставлена", "paper is back"),
        "cover_open": ("крышка открыта", "the cover was opened"),
        "cover_closed": ("крышка закрыта", "the cover was closed"),
        "fn_warning": ("предупреждение накопителя", "a warning of the fiscal drive"),
        "clock_drift": ("часы расходятся", "the clock is off"),
        "setup_problem": ("неверная настройка", "a wrong setting"),
        "terminal_settled": ("терминал сверен", "the terminal was settled"),
        "terminal_not_settled": ("сверка терминала не удалась", "the terminal could not be settled"),
        "settlement_differs": ("сверка не сошлась", "the settlement differs"),
        "moved": ("перенесено на другой ПК", "moved to another PC"),
        "released": ("отвязано от ПК", "released by its PC"),
    }
)
SUBJECTS: Table = MappingProxyType(
    {
        "tenant": ("Организация", "Account"),
        "key": ("Ключ API", "API key"),
        "agent": ("ПК", "PC"),
        "pairing": ("Подключение ПК", "Pairing"),
        "desk": ("Рабочее место", "Desk"),
        "device": ("Устройство", "Device"),
        "job": ("Задание", "Job"),
        "user": ("Человек", "Person"),
        "invitation": ("Приглашение", "Invitation"),
        "session": ("Вход", "Session"),
        "webhook": ("Вебхук", "Webhook"),
        "proposal": ("Предложение", "Proposal"),
        "support_request": ("Запрос поддержки", "Request of support"),
        "bundle": ("Сведения с ПК", "Bundle"),
    }
)
ACTIONS: Table = MappingProxyType(
    {
        "made": ("создано", "made"),
        "changed": ("изменено", "changed"),
        "removed": ("удалено", "removed"),
        "revoked": ("отозвано", "revoked"),
        "active": ("работает", "active"),
        "pending": ("ждёт подтверждения", "waits for confirmation"),
        "quarantined": ("в карантине", "in quarantine"),
        "free": ("код создан", "code made"),
        "claimed": ("ПК назвался", "claimed by a PC"),
        "confirmed": ("подтверждено", "confirmed"),
        "refused": ("отказано", "refused"),
        "bound": ("привязано", "bound"),
        "released": ("отвязано", "released"),
        "moved": ("перенесено", "moved"),
        "decided": ("решено человеком", "decided by a person"),
        "renewed": ("разрешено начать", "allowed to begin"),
        "cancelled": ("отменено", "cancelled"),
        "dismissed": ("доступ закрыт", "dismissed"),
        "role": ("роль изменена", "role changed"),
        "password": ("пароль изменён", "password changed"),
        "switched": ("переключено", "switched"),
        "downloaded": ("скачано", "downloaded"),
        "read": ("прочитано", "read"),
        "waiting": ("ждёт ПК", "waits for the PC"),
        "asked": ("ПК занят", "the PC is at it"),
        "running": ("согласились", "agreed to"),
        "done": ("готово", "done"),
        "open": ("предложено", "proposed"),
    }
)
ACTORS: Table = MappingProxyType(
    {
        "user": ("человек", "person"),
        "key": ("ключ API", "API key"),
        "agent": ("ПК", "PC"),
        "server": ("сервер", "server"),
        "console-cli": ("командная строка", "command line"),
    }
)


def say(table: Table, value: object, language: Language) -> str:
    key = str(value)
    if key in table:
        ru, en = table[key]
        return ru if language == "ru" else en
    return key


def of_code(code: str | None, language: Language) -> tuple[str, str]:
    """The sentence and the advice of a code; the code itself where the table has none."""
    if code is None:
        return "", ""
    if code not in CODES:
        return code, ""
    known = CODES[code]
    return (known.ru, known.advice_ru) if language == "ru" else (known.en, known.advice_en)
