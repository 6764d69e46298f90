"""Error codes of the register and their texts, as command 6Bh tells them (protocol 1.17, appendix «Коды ошибок»)."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    BAD_PARAMETERS = 0x33
    NO_DATA = 0x34
    UNSUPPORTED = 0x37
    SHIFT_OPEN = 0x3C
    SHIFT_NOT_OPEN = 0x3D
    BAD_ROUNDING = 0x40  # decimal 64 in the vendor's texts
    UNDERPAID = 0x45
    NOT_ENOUGH_CASH = 0x46
    OTHER_RECEIPT_TYPE = 0x49
    RECEIPT_OPEN = 0x4A
    CASHLESS_ABOVE_TOTAL = 0x4D
    SHIFT_EXPIRED = 0x4E
    WRONG_PASSWORD = 0x4F
    PRINTING = 0x50
    RECEIPT_CLOSED = 0x55
    NOTHING_TO_REPEAT = 0x56
    AWAITING_CONTINUE = 0x58
    OTHER_OPERATOR = 0x59
    NO_TABLE = 0x5D
    PRICE_RANGE = 0x61
    QUANTITY_RANGE = 0x62
    DEPARTMENT_RANGE = 0x63
    NO_PAPER = 0x6B
    WRONG_SUBMODE = 0x72
    WRONG_MODE = 0x73
    NOT_EDITABLE = 0x7A
    DATE_MISMATCH = 0x7C
    DATE_FORMAT = 0x7D
    WRONG_LENGTH = 0x7E
    ZERO_TOTAL = 0x8E
    TOO_MANY_OPERATIONS = 0x94
    CONFIRM_DATE = 0xC0


class Refusal(Exception):
    """The register answers with this code and does nothing."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code:02X}h")
        self.code = code


TEXTS = {
    0x00: "Ошибок нет",
    0x01: "ФН: неизвестная команда или формат",
    0x02: "ФН: неверное состояние",
    0x05: "ФН: срок службы истёк",
    0x07: "ФН: неверные дата или время",
    0x08: "ФН: нет запрошенных данных",
    0x09: "ФН: неверное значение параметра",
    0x10: "ФН: превышен размер данных TLV",
    0x16: "ФН: смена открыта более 24 часов",
    0x33: "Неверные параметры команды",
    0x34: "Нет данных",
    0x37: "Команда не поддерживается",
    0x3C: "Смена открыта, операция невозможна",
    0x3D: "Смена не открыта, операция невозможна",
    0x40: "Неверное округление итога",
    0x45: "Оплат меньше суммы чека",
    0x46: "Не хватает наличных в кассе",
    0x49: "Операция невозможна в чеке этого типа",
    0x4A: "Открыт чек, операция невозможна",
    0x4D: "Сумма безналичных больше суммы чека",
    0x4E: "Смена превысила 24 часа",
    0x4F: "Неверный пароль",
    0x50: "Идёт печать предыдущей команды",
    0x55: "Чек закрыт, операция невозможна",
    0x56: "Нет документа для повтора",
    0x58: "Ожидание команды продолжения печати",
    0x59: "Документ открыт другим оператором",
    0x5D: "Таблица не определена",
    0x61: "Цена вне диапазона",
    0x62: "Количество вне диапазона",
    0x63: "Отдел или система налогообложения вне диапазона",
    0x6B: "Нет чековой ленты",
    0x72: "Команда не поддерживается в этом подрежиме",
    0x73: "Команда не поддерживается в этом режиме",
    0x7A: "Поле не редактируется",
    0x7C: "Не совпадает дата",
    0x7D: "Неверный формат даты",
    0x7E: "Неверная длина данных",
    0x8E: "Нулевой итог чека",
    0x94: "Исчерпан лимит операций в чеке",
    0xAA: "ФН: нет обязательных реквизитов",
    0xC0: "Подтвердите дату и время",
}


def text_of(code: int) -> str:
    return TEXTS.get(code, f"Ошибка {code:02X}h")
