"""Result codes in ``rc.out``. Known are ``000`` and ``999``; a refusal of the bank is its own two digits behind a zero,
and the other ones are made up here, so that they stand in ``rc_res.ini`` with their words as any bank's do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SUCCESS = "000"
NO_PINPAD = "999"
UNKNOWN = "901"
ARGUMENTS = "902"
NO_BANK = "903"
NO_CARD = "904"
CANCELLED = "905"
BUSY = "906"
AUTO_CANCELLED = "907"

WORDS: Mapping[str, str] = MappingProxyType({
    SUCCESS: "ОДОБРЕНО",
    "005": "ОТКАЗ БАНКА",
    "025": "ОПЕРАЦИЯ НЕ НАЙДЕНА",
    "058": "ДЕНЬ ЗАКРЫТ",
    "061": "СУММА БОЛЬШЕ ОСТАТКА",
    "094": "УЖЕ ОТМЕНЕНА",
    UNKNOWN: "НЕТ ТАКОЙ ОПЕРАЦИИ",
    ARGUMENTS: "НЕВЕРНЫЕ ПАРАМЕТРЫ",
    NO_BANK: "НЕТ СВЯЗИ С БАНКОМ",
    NO_CARD: "КАРТА НЕ ПРЕДЪЯВЛЕНА",
    CANCELLED: "ОПЕРАЦИЯ ПРЕРВАНА",
    BUSY: "ПИНПАД ЗАНЯТ",
    AUTO_CANCELLED: "ОПЕРАЦИЯ ОТМЕНЕНА АВТОМАТИЧЕСКИ",
    NO_PINPAD: "НЕТ СВЯЗИ С ПИНПАДОМ",
})  # fmt: skip


def of_bank(response: str) -> str:
    """The bank's two characters as three digits; ``00`` is success."""
    return f"0{response}"
