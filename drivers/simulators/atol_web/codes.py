"""Codes of the library, as far as this server can say them, and why its queue stops (reference, A.8 and B.3).

The reference has the codes' names; the Russian words are this simulator's own, hosts decide by the number.
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers.simulators.atol.reasons import OF_DRIVE, Reason, Refusal
from drivers.simulators.fiscal_drive import DriveError

OK, DISABLED, NO_CONNECTION, INCORRECT_DATA, INTERNAL = 0, 1, 2, 5, 6
NOT_SUPPORTED, INVALID_MODE, UNKNOWN, INVALID_SUM, DISCOUNT_DENIED = 11, 12, 15, 16, 23
NO_PAPER, COVER_OPENED, BUSY, NOT_FULLY_PAID, INVALID_DATE_TIME = 44, 45, 55, 66, 77
PROPERTY_WRITE, INVALID_BARCODE, CONNECTION_LOST, INVALID_UNIT, MARKING_DENIED = 148, 157, 241, 412, 414
PARSE_ERROR, INTERRUPTED, CANCELED, WEB_FAIL = 501, 502, 503, 505

OF_REASON: Mapping[Reason, int] = {
    Reason.INVALID_SUM: INVALID_SUM,
    Reason.INVALID_QUANTITY: 17,
    Reason.CASH_COUNTER_OVERFLOW: 18,
    Reason.DISCOUNT_DENIED: DISCOUNT_DENIED,
    Reason.INVALID_COMMAND_FORMAT: 26,
    Reason.INVALID_COMMAND_LENGTH: 27,
    Reason.MODE_BLOCKED: 34,
    Reason.DATE_TIME_LESS_THAN_FS: 36,
    Reason.INCORRECT_DATA: INCORRECT_DATA,
    Reason.INVALID_MODE: INVALID_MODE,
    Reason.NO_PAPER: NO_PAPER,
    Reason.COVER_OPENED: COVER_OPENED,
    Reason.INVALID_RECEIPT_TYPE: 48,
    Reason.NONCASH_PAYMENTS_TOO_MUCH: 52,
    Reason.BUSY: BUSY,
    Reason.NOT_SUPPORTED: NOT_SUPPORTED,
    Reason.OPERATION_AFTER_DISCOUNT_DENIED: 58,
    Reason.INVALID_DEPARTMENT: 59,
    Reason.INVALID_PAYMENT_TYPE: 60,
    Reason.TOTAL_OVERFLOW: 63,
    Reason.NOT_FULLY_PAID: NOT_FULLY_PAID,
    Reason.SHIFT_EXPIRED: 68,
    Reason.INVALID_PASSWORD: 71,
    Reason.INVALID_ACCESS_PASSWORD: 71,
    Reason.DENIED_IN_CLOSED_SHIFT: 73,
    Reason.INVALID_TABLE_NUMBER: 74,
    Reason.INVALID_ROW_NUMBER: 75,
    Reason.INVALID_FIELD_NUMBER: 76,
    Reason.INVALID_DATE_TIME: INVALID_DATE_TIME,
    Reason.NO_CASH: 80,
    Reason.DENIED_IN_CLOSED_RECEIPT: 81,
    Reason.DENIED_IN_OPENED_RECEIPT: 82,
    Reason.DENIED_IN_OPENED_SHIFT: 83,
    Reason.CLOSE_RECEIPT_DENIED: 98,
    Reason.NO_MORE_DATA: 30,
    Reason.FN_INVALID_FORMAT: 116,
    Reason.FN_INVALID_STATE: 117,
    Reason.FN_EXPIRED: 120,
    Reason.FN_OVERFLOW: 121,
    Reason.FN_INVALID_DATE_TIME: 122,
    Reason.FN_NO_MORE_DATA: 123,
    Reason.FN_RESOURCE_HAS_EXPIRED: 137,
    Reason.BUFFER_OVERFLOW: 125,
    Reason.TAX_SUM_TOO_MUCH: 128,
}

TEXTS: Mapping[int, str] = {
    OK: "Ошибок нет",
    DISABLED: "Соединение не установлено",
    NO_CONNECTION: "Нет связи",
    INCORRECT_DATA: "Неверные данные",
    INTERNAL: "Внутренняя ошибка",
    NOT_SUPPORTED: "Не поддерживается",
    INVALID_MODE: "Неверный режим",
    UNKNOWN: "Неизвестная ошибка",
    INVALID_SUM: "Неверная сумма",
    17: "Неверное количество",
    18: "Переполнение счётчика наличности",
    DISCOUNT_DENIED: "Скидка запрещена",
    30: "Данных больше нет",
    34: "Режим заблокирован",
    36: "Дата и время меньше, чем в ФН",
    NO_PAPER: "Нет бумаги",
    COVER_OPENED: "Открыта крышка",
    48: "Неверный тип чека",
    52: "Безналичная оплата больше суммы чека",
    BUSY: "Устройство занято",
    60: "Неверный тип оплаты",
    NOT_FULLY_PAID: "Чек оплачен не полностью",
    68: "Смена превысила 24 часа",
    73: "Смена закрыта",
    80: "Недостаточно наличных",
    83: "Смена открыта",
    98: "Закрытие чека запрещено",
    116: "ФН: неверный формат команды",
    117: "ФН: неверное состояние",
    120: "ФН: срок истёк",
    121: "ФН: архив заполнен",
    122: "ФН: неверные дата и время",
    123: "ФН: нет данных",
    137: "ФН: исчерпан ресурс хранения",
    PROPERTY_WRITE: "Ошибка записи реквизита",
    CONNECTION_LOST: "Связь потеряна",
    INVALID_UNIT: "Неверная единица измерения",
    MARKING_DENIED: "Операция с маркировкой запрещена",
    PARSE_ERROR: "Некорректное задание",
    INTERRUPTED: "Прервано из-за предыдущих ошибок",
    CANCELED: "Задание отменено",
    WEB_FAIL: "Ошибка веб-сервера",
}

CONNECTION = frozenset({1, 2, 3, 4, 15, 241})
DRIVE = frozenset({*range(115, 123), 124, *range(133, 139), 141, 142, 159, 166, 177})
PAPER = frozenset({44, 45, 46, 114})


def text(code: int) -> str:
    return TEXTS.get(code, f"Ошибка {code}")


class TaskError(Exception):
    """A task has ended with a code of the library. ``detail``: a field, when one is to blame."""

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(f"{code}: {detail or text(code)}")
        self.code = code
        self.description = f"{text(code)}: {detail}" if detail else text(code)


def of_refusal(error: Refusal | DriveError) -> int:
    return OF_REASON[error.reason if isinstance(error, Refusal) else OF_DRIVE[error.code]]


def block_reason(code: int, *, not_printed: bool, on_print_errors: bool) -> str:
    """Why the queue stops after a fiscal subtask that ended with this code; "" when it does not stop.

    15, an error the library cannot name, counts as a lost connection: the reference says that it blocks and not how
    it is called."""
    if code in CONNECTION:
        return "connectionError"
    if code in DRIVE:
        return "fnError"
    return "paperError" if on_print_errors and (not_printed or code in PAPER) else ""
