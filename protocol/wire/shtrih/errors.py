"""Error bytes of Shtrih-M registers, in words for programs and for people.

``VENDOR`` maps the byte of a reply to one of our stable words and to its own meaning; ``ADVICE`` says per word what to
do. Source: protocol 1.17, "error codes", and the list of fiscal drive errors (drive codes from 32h up are shifted by
6Eh). Registers of the time before fiscal drives give some of the bytes another meaning: ``MEMORY``. They are not served
(``connect`` ends with ``wrong_device``), but their traces can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Generation(Enum):
    """Who keeps the fiscal documents; model parameter bit 43 tells (F7h), or whether FF01h is known."""

    DRIVE = "drive"  # a fiscal drive (ФН): every register in lawful use
    MEMORY = "memory"  # fiscal memory and protected tape (ФП, ЭКЛЗ)


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    code: str  # our word
    vendor: str  # the byte as two hexadecimal digits
    en: str
    ru: str
    advice_en: str
    advice_ru: str
    safe_to_repeat: bool
    """The refusal proves that the command did nothing. ``False``: the register lost touch with its own parts, so that
    a command which makes a document may have made it."""


ADVICE: Mapping[str, tuple[str, str]] = {
    "bad_parameter": (
        "Report it to support: the register does not accept what was sent.",
        "Сообщите в поддержку: касса не принимает переданные данные.",
    ),
    "cash_short": ("Put cash into the drawer or return by card.", "Внесите наличные в кассу или верните на карту."),
    "cashless_over": (
        "Card, advance and credit together may not exceed the total.",
        "Сумма безналичных оплат не может быть больше итога чека.",
    ),
    "clock_unset": ("Confirm date and time on the register.", "Подтвердите дату и время в кассе."),
    "clock_wrong": ("Set the register's clock.", "Установите верные дату и время в кассе."),
    "continue_print": ("Load paper; printing goes on.", "Заправьте ленту, печать продолжится."),
    "device_busy": ("Wait until the register has finished printing.", "Подождите, пока касса закончит печать."),
    "document_closed": ("Nothing to do: no receipt is open.", "Ничего не нужно: открытого чека нет."),
    "document_open": ("Close or cancel the open receipt.", "Закройте или отмените открытый чек."),
    "fn_absent": ("Have the fiscal drive installed.", "Нужно установить фискальный накопитель."),
    "fn_expired": ("Replace the fiscal drive.", "Замените фискальный накопитель."),
    "fn_failed": (
        "Switch the register off and on; if it stays, call the service centre.",
        "Выключите и включите кассу; если не поможет, обратитесь в сервисный центр.",
    ),
    "fn_data_rejected": ("Check the receipt's data.", "Проверьте реквизиты чека."),
    "fn_full": ("Replace the fiscal drive.", "Замените фискальный накопитель."),
    "fn_state": ("Check the register's registration.", "Проверьте регистрацию кассы."),
    "marking_refused": ("Check the marking code of the goods.", "Проверьте код маркировки товара."),
    "no_data": ("Nothing to do: there is no such record.", "Ничего не нужно: такой записи нет."),
    "no_paper": ("Load paper.", "Заправьте чековую ленту."),
    "ofd_blocked": (
        "Connect the register to the internet: it has not reached the OFD for 30 days.",
        "Подключите кассу к интернету: 30 дней нет связи с ОФД.",
    ),
    "ofd_failed": ("Check the register's link to the OFD.", "Проверьте связь кассы с ОФД."),
    "other_operator": (
        "Cancel the receipt under the operator who opened it.",
        "Отмените чек под тем кассиром, который его открыл.",
    ),
    "payment_short": ("The payments are less than the total.", "Сумма оплат меньше итога чека."),
    "printer_fault": (
        "Open and close the cover, check head and cutter.",
        "Откройте и закройте крышку, проверьте головку и отрезчик.",
    ),
    "receipt_full": ("Split the receipt into two.", "Разделите чек на два."),
    "register_locked": ("Call the service centre.", "Вызовите сервисный центр."),
    "register_needs_reset": ("Call the service centre.", "Вызовите сервисный центр."),
    "register_fault": (
        "Switch the register off and on; if it stays, call the service centre.",
        "Выключите и включите кассу; если не поможет, обратитесь в сервисный центр.",
    ),
    "register_refused": ("Look the byte up in the model's manual.", "Найдите код ошибки в руководстве к модели."),
    "shift_closed": ("Open a shift.", "Откройте смену."),
    "shift_expired": ("Close the shift and open a new one.", "Закройте смену и откройте новую."),
    "shift_open": ("Close the shift first.", "Сначала закройте смену."),
    "shift_overflow": ("Close the shift and open a new one.", "Закройте смену и откройте новую."),
    "unsupported": (
        "This model cannot do it; update its firmware or use another one.",
        "Эта модель так не умеет: обновите прошивку или используйте другую кассу.",
    ),
    "wrong_password": ("Correct the password in the driver's settings.", "Исправьте пароль в настройках драйвера."),
    "wrong_state": (
        "Wait or finish what the register is doing, then repeat.",
        "Дождитесь, пока касса закончит, и повторите.",
    ),
}

# byte: (word, English, Russian)
VENDOR: Mapping[int, tuple[str, str, str]] = {
    # the fiscal drive
    0x01: (
        "fn_data_rejected",
        "the drive does not know the command or its format",
        "ФН не знает команду или её формат",
    ),
    0x02: ("fn_state", "not in this state of the drive", "не то состояние ФН"),
    0x03: ("fn_failed", "the fiscal drive failed", "отказ ФН"),
    0x04: ("fn_failed", "the drive's crypto processor failed", "отказ криптографического сопроцессора ФН"),
    0x05: ("fn_expired", "the drive's life has ended", "срок службы ФН истёк"),
    0x06: ("fn_full", "the drive's archive is full", "архив ФН заполнен"),
    0x07: ("clock_wrong", "date or time does not suit the drive", "дата или время не подходят ФН"),
    0x08: ("no_data", "the drive has no such data", "в ФН нет таких данных"),
    0x09: ("fn_data_rejected", "a value does not suit the drive", "значение не подходит ФН"),
    0x10: ("fn_data_rejected", "the tags are too long", "слишком длинные реквизиты"),
    0x11: ("ofd_failed", "no link to the OFD", "нет связи с ОФД"),
    0x12: ("fn_full", "the crypto resource is used up", "исчерпан криптографический ресурс ФН"),
    0x14: ("fn_full", "the memory for documents is used up", "исчерпана память документов ФН"),
    0x15: ("ofd_blocked", "30 days without the OFD", "30 дней нет связи с ОФД"),
    0x16: ("shift_expired", "the shift is longer than 24 hours", "смена дольше 24 часов"),
    0x17: ("clock_wrong", "too much or too little time since the last document", "неверный интервал между документами"),
    0x18: ("fn_data_rejected", "the drive does not accept a requisite", "ФН не принял реквизит"),
    0x19: ("fn_data_rejected", "a requisite contradicts the registration", "реквизит противоречит регистрации"),
    0x20: ("ofd_failed", "the OFD's message was rejected", "сообщение ОФД отвергнуто"),
    0x23: ("ofd_failed", "the key service refused", "сервис обновления ключей отказал"),
    0x24: ("ofd_failed", "the key service answered something unknown", "неизвестный ответ сервиса обновления ключей"),
    0x2F: ("fn_failed", "the drive did not answer in time", "ФН не ответил вовремя"),
    0x30: ("fn_failed", "the drive does not answer", "ФН не отвечает"),
    0x31: ("fn_failed", "the exchange with the drive has a wrong format", "неверный формат обмена с ФН"),
    0x32: ("fn_failed", "the exchange with the drive has a wrong checksum", "ошибка контрольной суммы обмена с ФН"),
    0xA0: ("marking_refused", "registered without marked goods", "касса зарегистрирована без маркированных товаров"),
    0xA1: ("marking_refused", "marking commands in the wrong order", "нарушен порядок команд маркировки"),
    0xA2: ("marking_refused", "marking is blocked: notifications are full", "маркировка заблокирована: нет места"),
    0xA3: ("marking_refused", "the table of checked codes is full", "таблица проверенных кодов заполнена"),
    0xA4: ("fn_data_rejected", "needed tags are missing", "нет обязательных реквизитов"),
    0xA5: ("marking_refused", "the marking code was not checked before", "код маркировки не был проверен"),
    0xAA: ("fn_data_rejected", "needed tags are missing", "нет обязательных реквизитов"),
    0xAC: ("marking_refused", "the marking code was not checked before", "код маркировки не был проверен"),
    # the register
    0x26: ("payment_short", "paid less than the total", "внесено меньше итога"),
    0x2B: ("wrong_state", "the previous command cannot be undone", "предыдущую команду не отменить"),
    0x2C: ("wrong_state", "already zeroed", "касса уже обнулена"),
    0x2D: ("bad_parameter", "the section holds less than the storno", "в секции меньше, чем сторно"),
    0x2E: ("cash_short", "no cash for the payout", "нет денег для выплаты"),
    0x33: ("bad_parameter", "bad parameters", "неверные параметры"),
    0x34: ("no_data", "no data", "нет данных"),
    0x35: ("bad_parameter", "a parameter does not suit the settings", "параметр не подходит к настройкам"),
    0x36: ("unsupported", "a parameter does not suit the model", "параметр не подходит к модели"),
    0x37: ("unsupported", "the command is not supported", "команда не поддерживается"),
    0x38: ("register_fault", "ROM error", "ошибка ПЗУ"),
    0x39: ("register_fault", "internal software error", "внутренняя ошибка программы кассы"),
    0x3A: ("shift_overflow", "surcharges of the shift overflow", "переполнение надбавок смены"),
    0x3B: ("shift_overflow", "sums of the shift overflow", "переполнение сумм смены"),
    0x3C: ("shift_open", "the shift is open", "смена открыта"),
    0x3D: ("shift_closed", "the shift is not open", "смена не открыта"),
    0x3E: ("shift_overflow", "sections of the shift overflow", "переполнение секций смены"),
    0x3F: ("shift_overflow", "discounts of the shift overflow", "переполнение скидок смены"),
    0x40: ("bad_parameter", "discount out of range", "скидка вне диапазона"),
    0x41: ("bad_parameter", "cash out of range", "сумма наличных вне диапазона"),
    0x42: ("bad_parameter", "payment 2 out of range", "оплата типа 2 вне диапазона"),
    0x43: ("bad_parameter", "payment 3 out of range", "оплата типа 3 вне диапазона"),
    0x44: ("bad_parameter", "payment 4 out of range", "оплата типа 4 вне диапазона"),
    0x45: ("payment_short", "the payments are less than the total", "сумма оплат меньше итога"),
    0x46: ("cash_short", "not enough cash in the drawer", "в кассе мало наличных"),
    0x47: ("shift_overflow", "taxes of the shift overflow", "переполнение налогов смены"),
    0x48: ("bad_parameter", "the total is too big", "слишком большой итог чека"),
    0x49: ("wrong_state", "not possible in a receipt of this type", "невозможно в чеке этого типа"),
    0x4A: ("document_open", "a receipt is open", "открыт чек"),
    0x4B: ("receipt_full", "the receipt's buffer is full", "буфер чека заполнен"),
    0x4C: ("shift_overflow", "tax turnover of the shift overflows", "переполнение оборота налогов смены"),
    0x4D: ("cashless_over", "cashless payments exceed the total", "безналичные оплаты больше итога"),
    0x4E: ("shift_expired", "the shift is longer than 24 hours", "смена дольше 24 часов"),
    0x4F: ("wrong_password", "wrong password", "неверный пароль"),
    0x50: ("device_busy", "the previous command is still printing", "ещё печатается предыдущая команда"),
    0x51: ("shift_overflow", "cash of the shift overflows", "переполнение наличных смены"),
    0x52: ("shift_overflow", "payments 2 of the shift overflow", "переполнение оплат типа 2 за смену"),
    0x53: ("shift_overflow", "payments 3 of the shift overflow", "переполнение оплат типа 3 за смену"),
    0x54: ("shift_overflow", "payments 4 of the shift overflow", "переполнение оплат типа 4 за смену"),
    0x55: ("document_closed", "the receipt is closed", "чек закрыт"),
    0x56: ("no_data", "no document to repeat", "нет документа для повтора"),
    0x57: ("register_fault", "shift numbers of the register and its memory differ", "номера смен не совпадают"),
    0x58: ("continue_print", "the register awaits 'continue printing'", "касса ждёт продолжения печати"),
    0x59: ("other_operator", "opened by another operator", "документ открыт другим оператором"),
    0x5A: ("bad_parameter", "the discount exceeds the receipt", "скидка больше чека"),
    0x5B: ("bad_parameter", "surcharge out of range", "надбавка вне диапазона"),
    0x5C: ("register_fault", "supply voltage is low", "низкое напряжение питания"),
    0x5D: ("unsupported", "there is no such table", "нет такой таблицы"),
    0x5E: ("wrong_state", "invalid operation", "недопустимая операция"),
    0x5F: ("bad_parameter", "the total is negative", "отрицательный итог"),
    0x60: ("bad_parameter", "price by quantity is too big", "слишком большое произведение цены и количества"),
    0x61: ("bad_parameter", "price out of range", "цена вне диапазона"),
    0x62: ("bad_parameter", "quantity out of range", "количество вне диапазона"),
    0x63: ("bad_parameter", "department or tax system is not registered", "отдел или СНО вне зарегистрированных"),
    0x64: ("fn_absent", "there is no fiscal memory", "нет фискальной памяти"),
    0x65: ("bad_parameter", "the section holds too little", "в секции недостаточно"),
    0x66: ("shift_overflow", "the section overflows", "переполнение секции"),
    0x67: ("register_fault", "no link to the fiscal memory", "нет связи с фискальной памятью"),
    0x68: ("bad_parameter", "tax turnover holds too little", "оборота налога недостаточно"),
    0x69: ("shift_overflow", "tax turnover overflows", "переполнение оборота налога"),
    0x6A: ("register_fault", "power failed while answering", "сбой питания при ответе"),
    0x6B: ("no_paper", "no receipt paper", "нет чековой ленты"),
    0x6C: ("no_paper", "no journal paper", "нет контрольной ленты"),
    0x6D: ("bad_parameter", "the tax sum holds too little", "суммы налога недостаточно"),
    0x6E: ("shift_overflow", "the tax sum overflows", "переполнение суммы налога"),
    0x6F: ("shift_overflow", "payouts of the shift overflow", "переполнение выплат смены"),
    0x70: ("fn_full", "the fiscal memory is full", "фискальная память заполнена"),
    0x71: ("printer_fault", "the cutter failed", "ошибка отрезчика"),
    0x72: ("wrong_state", "not in this submode", "не тот подрежим"),
    0x73: ("wrong_state", "not in this mode", "не тот режим"),
    0x74: ("register_fault", "RAM error", "ошибка ОЗУ"),
    0x75: ("register_fault", "power error", "ошибка питания"),
    0x76: ("printer_fault", "the printer's motor does not report", "нет импульсов двигателя принтера"),
    0x77: ("printer_fault", "the printer's sensors do not report", "нет сигнала датчиков принтера"),
    0x78: ("register_fault", "the software was changed", "программа кассы заменена"),
    0x79: ("register_fault", "the fiscal memory was changed", "фискальная память заменена"),
    0x7A: ("bad_parameter", "the field cannot be changed", "поле нельзя изменить"),
    0x7B: ("register_fault", "hardware error", "ошибка оборудования"),
    0x7C: ("clock_wrong", "the dates differ", "даты не совпадают"),
    0x7D: ("clock_wrong", "the date has a wrong format", "неверный формат даты"),
    0x7E: ("bad_parameter", "wrong length", "неверная длина"),
    0x7F: ("bad_parameter", "the total is out of range", "итог вне диапазона"),
    0x80: ("register_fault", "fiscal memory: no answer in time", "фискальная память не ответила вовремя"),
    0x81: ("register_fault", "fiscal memory: no answer", "фискальная память не отвечает"),
    0x82: ("register_fault", "fiscal memory: wrong format", "неверный формат обмена с фискальной памятью"),
    0x83: ("register_fault", "fiscal memory: wrong checksum", "ошибка суммы обмена с фискальной памятью"),
    0x84: ("shift_overflow", "cash overflows", "переполнение наличности"),
    0x85: ("shift_overflow", "sales of the shift overflow", "переполнение продаж смены"),
    0x86: ("shift_overflow", "purchases of the shift overflow", "переполнение покупок смены"),
    0x87: ("shift_overflow", "sale returns of the shift overflow", "переполнение возвратов продаж смены"),
    0x88: ("shift_overflow", "purchase returns of the shift overflow", "переполнение возвратов покупок смены"),
    0x89: ("shift_overflow", "cash-in of the shift overflows", "переполнение внесений смены"),
    0x8A: ("bad_parameter", "surcharges of the receipt overflow", "переполнение надбавок чека"),
    0x8B: ("bad_parameter", "discounts of the receipt overflow", "переполнение скидок чека"),
    0x8C: ("bad_parameter", "negative sum of surcharges", "отрицательный итог надбавок"),
    0x8D: ("bad_parameter", "negative sum of discounts", "отрицательный итог скидок"),
    0x8E: ("bad_parameter", "a zero total is forbidden", "нулевой итог запрещён"),
    0x8F: ("unsupported", "the register is not registered", "касса не зарегистрирована"),
    0x90: ("bad_parameter", "the field is too big", "поле слишком велико"),
    0x91: ("bad_parameter", "wider than the paper", "шире печатной области"),
    0x92: ("bad_parameter", "fields overlap", "поля накладываются"),
    0x93: ("register_fault", "RAM was restored", "ОЗУ восстановлено"),
    0x94: ("receipt_full", "no more operations fit into the receipt", "исчерпан лимит операций в чеке"),
    0x95: ("register_fault", "unknown memory error", "неизвестная ошибка памяти"),
    0x96: ("shift_expired", "a Z report is required", "нужен Z-отчёт"),
    0x9B: ("wrong_state", "wrong action", "неверное действие"),
    0x9C: ("no_data", "no such goods in the base", "товара нет в базе"),
    0x9D: ("bad_parameter", "bad data of goods", "неверные данные товара"),
    0x9E: ("bad_parameter", "bad size of the goods file", "неверный размер файла товаров"),
    0xC0: ("clock_unset", "date and time await confirmation", "подтвердите дату и время"),
    0xC1: ("wrong_state", "the report cannot be interrupted", "отчёт нельзя прервать"),
    0xC2: ("register_fault", "supply voltage is high", "высокое напряжение питания"),
    0xC3: ("register_fault", "the total differs from the memory's", "итог не равен итогу памяти"),
    0xC4: ("register_fault", "shift numbers differ", "номера смен не совпали"),
    0xC5: ("no_data", "the slip's buffer is empty", "буфер подкладного документа пуст"),
    0xC6: ("no_paper", "no slip", "нет подкладного документа"),
    0xC7: ("wrong_state", "the field cannot be changed in this mode", "поле нельзя изменить в этом режиме"),
    0xC8: ("printer_fault", "no link to the printer", "нет связи с принтером"),
    0xC9: ("printer_fault", "the print head is overheated", "перегрев печатающей головки"),
    0xCA: ("printer_fault", "the temperature does not allow printing", "температура не позволяет печатать"),
    0xCB: ("bad_parameter", "wrong subtotal", "неверный подытог"),
    0xCC: ("shift_expired", "the memory's shift is closed", "смена в памяти закрыта"),
    0xCD: ("register_fault", "the archive is damaged", "нарушена целостность архива"),
    0xCE: ("register_fault", "no memory left", "память кассы исчерпана"),
    0xCF: ("clock_unset", "the clock was reset", "часы сброшены"),
    0xD0: ("wrong_state", "the journal is not printed", "контрольная лента не распечатана"),
    0xD1: ("no_data", "no documents in the buffer", "в буфере нет документов"),
    0xD2: ("ofd_failed", "modem error", "ошибка модема"),
    0xD3: ("marking_refused", "the marked goods are not in circulation", "маркированный товар не в обороте"),
    0xD4: ("marking_refused", "the marking code is forged", "код маркировки подделан"),
    0xD5: ("wrong_password", "authentication failed", "ошибка авторизации"),
    0xE0: ("register_fault", "bill acceptor: no link", "нет связи с купюроприёмником"),
    0xE1: ("device_busy", "bill acceptor is busy", "купюроприёмник занят"),
    0xE2: ("bad_parameter", "bill acceptor: totals differ", "итог чека не равен сумме купюроприёмника"),
    0xE3: ("register_fault", "bill acceptor failed", "ошибка купюроприёмника"),
    0xE4: ("wrong_state", "bill acceptor: total is not zero", "сумма купюроприёмника не обнулена"),
}

MEMORY: Mapping[int, tuple[str, str, str]] = {
    0x01: ("register_fault", "fiscal memory or clock failed", "неисправна фискальная память или часы"),
    0x02: ("fn_absent", "fiscal memory 1 is absent", "нет фискальной памяти 1"),
    0x03: ("fn_absent", "fiscal memory 2 is absent", "нет фискальной памяти 2"),
    0x04: ("bad_parameter", "bad parameters for the fiscal memory", "неверные параметры обращения к фискальной памяти"),
    0x05: ("no_data", "the fiscal memory has no such data", "в фискальной памяти нет таких данных"),
    0x06: ("wrong_state", "the fiscal memory is being dumped", "фискальная память выдаёт дамп"),
    0x07: ("bad_parameter", "parameters do not suit this fiscal memory", "параметры не для этой фискальной памяти"),
    0x08: ("unsupported", "the fiscal memory does not know the command", "фискальная память не знает команду"),
    0x09: ("bad_parameter", "wrong length for the fiscal memory", "неверная длина команды фискальной памяти"),
    0x0A: ("bad_parameter", "not a BCD number", "данные не в формате BCD"),
    0x0B: ("register_fault", "a cell of the fiscal memory is damaged", "неисправна ячейка фискальной памяти"),
    0x0C: ("shift_overflow", "a sum of the fiscal memory overflows", "переполнение суммы фискальной памяти"),
    0x0D: ("shift_overflow", "a sum of the fiscal memory overflows", "переполнение суммы фискальной памяти"),
    0x11: ("fn_state", "no licence was entered", "лицензия не введена"),
    0x12: ("wrong_state", "the serial number was entered already", "заводской номер уже введён"),
    0x13: ("clock_wrong", "the date precedes the last record", "дата раньше последней записи"),
    0x14: ("fn_full", "the area of shift totals is full", "область сменных итогов заполнена"),
    0x15: ("shift_open", "the shift is open already", "смена уже открыта"),
    0x16: ("shift_closed", "the shift is not open", "смена не открыта"),
    0x17: ("bad_parameter", "the first number exceeds the last", "номер первой смены больше последней"),
    0x18: ("bad_parameter", "the first date exceeds the last", "дата первой смены больше последней"),
    0x19: ("no_data", "the fiscal memory has no data", "нет данных в фискальной памяти"),
    0x1A: ("fn_full", "the area of re-registrations is full", "область перерегистраций заполнена"),
    0x1B: ("fn_state", "no serial number was entered", "заводской номер не введён"),
    0x1C: ("register_fault", "a record of the range is damaged", "в диапазоне есть повреждённая запись"),
    0x1D: ("register_fault", "the last record is damaged", "повреждена последняя запись"),
    0x1E: ("no_data", "the record is not found", "запись не найдена"),
    0x1F: ("register_fault", "the memory of registers is absent", "нет памяти регистров"),
    0x20: ("shift_overflow", "a register overflows on addition", "переполнение регистра при сложении"),
    0x21: ("bad_parameter", "a register holds too little", "в регистре меньше вычитаемого"),
    0x22: ("clock_wrong", "wrong date", "неверная дата"),
    0x23: ("no_data", "no activation record", "нет записи активизации"),
    0x24: ("no_data", "the activation area is empty", "область активизаций пуста"),
    0x25: ("no_data", "no activation with this number", "нет активизации с таким номером"),
    0x26: ("register_fault", "sums are damaged", "повреждены суммы"),
    0x27: ("register_fault", "sums of the fiscal memory are damaged", "повреждены суммы фискальной памяти"),
    0x28: ("register_fault", "a technological mark is damaged", "повреждён технологический признак"),
    0x29: ("register_fault", "a technological mark is damaged", "повреждён технологический признак"),
    0x2A: ("register_fault", "a record has the wrong size", "неверный размер записи"),
    0x30: ("register_locked", "locked: the tax officer's password is needed", "заблокировано: нужен пароль инспектора"),
    0x31: ("register_fault", "the signature does not agree", "не сошлась сигнатура"),
    0x32: ("register_needs_reset", "a general reset is needed", "нужно общее гашение"),
    0x3C: ("fn_state", "the protected tape has another registration number", "ЭКЛЗ: неверный регистрационный номер"),
    0xA0: ("register_fault", "no link to the protected tape", "нет связи с ЭКЛЗ"),
    0xA1: ("fn_absent", "there is no protected tape", "ЭКЛЗ отсутствует"),
    0xA2: ("register_fault", "protected tape: wrong format", "ЭКЛЗ: неверный формат команды"),
    0xA3: ("fn_state", "protected tape: not in this state", "неверное состояние ЭКЛЗ"),
    0xA4: ("register_fault", "the protected tape failed", "отказ ЭКЛЗ"),
    0xA5: ("register_fault", "the crypto processor failed", "отказ криптопроцессора ЭКЛЗ"),
    0xA6: ("fn_expired", "the protected tape's time is used up", "исчерпан временной ресурс ЭКЛЗ"),
    0xA7: ("fn_full", "the protected tape is full", "ЭКЛЗ переполнена"),
    0xA8: ("clock_wrong", "protected tape: wrong date or time", "ЭКЛЗ: неверные дата и время"),
    0xA9: ("no_data", "the protected tape has no such data", "в ЭКЛЗ нет таких данных"),
    0xAA: ("bad_parameter", "the total is negative", "отрицательный итог документа"),
    0xAF: ("register_fault", "protected tape: bad data", "ЭКЛЗ: некорректные данные"),
    0xB0: ("bad_parameter", "protected tape: quantity overflows", "ЭКЛЗ: переполнение количества"),
    0xB1: ("bad_parameter", "protected tape: sum overflows", "ЭКЛЗ: переполнение суммы"),
    0xB2: ("wrong_state", "the protected tape is active already", "ЭКЛЗ уже активирована"),
    **dict.fromkeys(
        range(0xB4, 0xC0), ("register_fault", "the protected tape's storage is damaged", "повреждён архив ЭКЛЗ")
    ),
}
"""What a byte means instead on registers of the time before fiscal drives."""

STILL_PRINTING = 0x50
AWAITING_CONTINUE = 0x58
NO_DRIVE_DATA = 0x08
NO_DATA = 0x34
UNSUPPORTED = 0x37
RECEIPT_CLOSED = 0x55

UNDECIDED = frozenset({0x03, 0x04, 0x2F, 0x30, 0x31, 0x32, 0x39, 0x6A, 0x74, 0x75, 0x7B, 0x80, 0x81, 0x82, 0x83})
"""The register could not finish its talk with the drive or with its own parts; the drive may have signed meanwhile."""


def describe(error: int, generation: Generation = Generation.DRIVE) -> ErrorInfo:
    """What an error byte means. A byte of no known meaning is ``register_refused`` and proves nothing."""
    table = VENDOR if generation is Generation.DRIVE or error not in MEMORY else MEMORY
    known = error in table
    unknown = ("register_refused", f"unknown error {error:02X}h", f"неизвестная ошибка {error:02X}h")
    word, en, ru = table.get(error, unknown)
    advice_en, advice_ru = ADVICE[word]
    undecided = error in UNDECIDED if table is VENDOR else word == "register_fault"
    return ErrorInfo(word, f"{error:02X}", en, ru, advice_en, advice_ru, known and not undecided)
