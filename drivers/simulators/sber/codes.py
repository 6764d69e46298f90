"""Result codes of the program, and the words that stand behind them in ``e``. The words are ours."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SUCCESS = 0
NO_KEYS = 36
NO_PINPAD = 99
IMPOSSIBLE = 101
BUSY = 115
CANCELLED = 2000
NO_CARD = 2002
NO_BANK = 4119
NOT_THE_LAST = 4140
COMMITTED = 4141
DEPARTMENT = 4191
CALL_THE_BANK = 4405
NO_MONEY = 4451

TEXTS: Mapping[int, str] = MappingProxyType({
    SUCCESS: "Успешное завершение",
    NO_KEYS: "Нет ключа",
    NO_PINPAD: "Нет связи с пинпадом",
    IMPOSSIBLE: "Операция невозможна",
    BUSY: "Библиотека занята другой операцией",
    CANCELLED: "Операция прервана пользователем",
    NO_CARD: "Клиент слишком долго вводит данные",
    NO_BANK: "Нет связи с банком",
    NOT_THE_LAST: "Не совпадает сумма или код авторизации последней операции",
    COMMITTED: "Операция уже подтверждена",
    DEPARTMENT: "Неверный номер отдела",
    CALL_THE_BANK: "Обратитесь в банк",
    NO_MONEY: "Недостаточно средств",
})  # fmt: skip


def text(code: int) -> str:
    return TEXTS.get(code, "Отказ банка" if 4400 <= code <= 4499 else "Ошибка")
