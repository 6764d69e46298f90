"""The words of a receipt job and the tag values they stand for.

Snake_case names after the ATOL Online API, which developers of Russian CRMs already know; numbers after the format
order ЕД-7-20/662@. VAT rates have a module of their own, ``protocol.ffd.vat``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Self


class _Coded(StrEnum):
    """A name with the number that stands for it in a fiscal document."""

    code: int

    def __new__(cls, name: str, code: int) -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.code = code
        return member

    @classmethod
    def of_code(cls, code: int) -> Self:
        """Raises ``KeyError`` for a number that stands for nothing."""
        for member in cls:
            if member.code == code:
                return member
        raise KeyError(code)


class ReceiptType(_Coded):
    """Tag 1054, признак расчёта."""

    SELL = "sell", 1
    SELL_RETURN = "sell_return", 2
    BUY = "buy", 3
    BUY_RETURN = "buy_return", 4

    @property
    def is_return(self) -> bool:
        return self in (ReceiptType.SELL_RETURN, ReceiptType.BUY_RETURN)

    @property
    def pays_out(self) -> bool:
        """The money goes from the desk to the customer."""
        return self in (ReceiptType.SELL_RETURN, ReceiptType.BUY)


class Taxation(_Coded):
    """Tag 1055, one bit of it."""

    OSN = "osn", 1
    USN_INCOME = "usn_income", 2
    USN_INCOME_OUTCOME = "usn_income_outcome", 4
    ESN = "esn", 16
    PATENT = "patent", 32


class PaymentMethod(_Coded):
    """Tag 1214, признак способа расчёта."""

    FULL_PREPAYMENT = "full_prepayment", 1
    PREPAYMENT = "prepayment", 2
    ADVANCE = "advance", 3
    FULL_PAYMENT = "full_payment", 4
    PARTIAL_PAYMENT = "partial_payment", 5
    CREDIT = "credit", 6
    CREDIT_PAYMENT = "credit_payment", 7

    @property
    def is_before_delivery(self) -> bool:
        return self.code <= 3


class PaymentObject(_Coded):
    """Tag 1212, признак предмета расчёта. 28 and 29 are not assigned."""

    COMMODITY = "commodity", 1
    EXCISE = "excise", 2
    JOB = "job", 3
    SERVICE = "service", 4
    GAMBLING_BET = "gambling_bet", 5
    GAMBLING_PRIZE = "gambling_prize", 6
    LOTTERY = "lottery", 7
    LOTTERY_PRIZE = "lottery_prize", 8
    INTELLECTUAL_ACTIVITY = "intellectual_activity", 9
    PAYMENT = "payment", 10
    AGENT_COMMISSION = "agent_commission", 11
    COMPOSITE = "composite", 12
    ANOTHER = "another", 13
    PROPERTY_RIGHT = "property_right", 14
    NON_OPERATING_GAIN = "non_operating_gain", 15
    INSURANCE_PREMIUM = "insurance_premium", 16
    SALES_TAX = "sales_tax", 17
    RESORT_FEE = "resort_fee", 18
    DEPOSIT = "deposit", 19
    EXPENSE = "expense", 20
    PENSION_INSURANCE_IP = "pension_insurance_ip", 21
    PENSION_INSURANCE = "pension_insurance", 22
    MEDICAL_INSURANCE_IP = "medical_insurance_ip", 23
    MEDICAL_INSURANCE = "medical_insurance", 24
    SOCIAL_INSURANCE = "social_insurance", 25
    CASINO_PAYMENT = "casino_payment", 26
    AGENT_WITHDRAWALS = "agent_withdrawals", 27


MARKED_OBJECTS = ("non_marked_excise", "marked_excise", "non_marked", "marked")
"""Tag 1212 values 30 to 33 by name. They need marking (Честный знак), which is not supported yet."""


DOCUMENT_CODES = frozenset(("21", "22", "26", "27", "28", "31", "32", "33", "34", "35", "36", "37", "38", "40"))
"""Tag 1245, kinds of identity documents: 21 and 22 Russian passports, 26 a temporary certificate, 27 a birth
certificate, 28 other Russian ones, 31 and 32 foreign ones, 33 to 38 of people without citizenship, 40 others."""


class AgentType(_Coded):
    """Tag 1222, one bit of it."""

    BANK_PAYING_AGENT = "bank_paying_agent", 1
    BANK_PAYING_SUBAGENT = "bank_paying_subagent", 2
    PAYING_AGENT = "paying_agent", 4
    PAYING_SUBAGENT = "paying_subagent", 8
    ATTORNEY = "attorney", 16
    COMMISSION_AGENT = "commission_agent", 32
    ANOTHER = "another", 64

    @property
    def takes_payments(self) -> bool:
        """Agents that take or transfer other people's payments: only they give the data of 1223."""
        return self.code <= 8


class Unit(_Coded):
    """Tag 2108, мера количества."""

    PIECE = "piece", 0
    GRAM = "gram", 10
    KILOGRAM = "kilogram", 11
    TON = "ton", 12
    CENTIMETRE = "centimetre", 20
    DECIMETRE = "decimetre", 21
    METRE = "metre", 22
    SQUARE_CENTIMETRE = "square_centimetre", 30
    SQUARE_DECIMETRE = "square_decimetre", 31
    SQUARE_METRE = "square_metre", 32
    MILLILITRE = "millilitre", 40
    LITRE = "litre", 41
    CUBIC_METRE = "cubic_metre", 42
    KILOWATT_HOUR = "kilowatt_hour", 50
    GIGACALORIE = "gigacalorie", 51
    DAY = "day", 70
    HOUR = "hour", 71
    MINUTE = "minute", 72
    SECOND = "second", 73
    KILOBYTE = "kilobyte", 80
    MEGABYTE = "megabyte", 81
    GIGABYTE = "gigabyte", 82
    TERABYTE = "terabyte", 83
    OTHER = "other", 255


UNIT_WORDS: Mapping[Unit, str] = MappingProxyType(
    {
        Unit.PIECE: "шт",
        Unit.GRAM: "г",
        Unit.KILOGRAM: "кг",
        Unit.TON: "т",
        Unit.CENTIMETRE: "см",
        Unit.DECIMETRE: "дм",
        Unit.METRE: "м",
        Unit.SQUARE_CENTIMETRE: "кв.см",
        Unit.SQUARE_DECIMETRE: "кв.дм",
        Unit.SQUARE_METRE: "кв.м",
        Unit.MILLILITRE: "мл",
        Unit.LITRE: "л",
        Unit.CUBIC_METRE: "куб.м",
        Unit.KILOWATT_HOUR: "кВт.ч",
        Unit.GIGACALORIE: "Гкал",
        Unit.DAY: "сут",
        Unit.HOUR: "ч",
        Unit.MINUTE: "мин",
        Unit.SECOND: "с",
        Unit.KILOBYTE: "Кбайт",
        Unit.MEGABYTE: "Мбайт",
        Unit.GIGABYTE: "Гбайт",
        Unit.TERABYTE: "Тбайт",
    }
)
"""Tag 1197, where a unit is a word (FFD 1.05 and 1.1), after ОКЕИ. ``other`` has none: the tag is left out."""


class PaymentKind(_Coded):
    """How the customer pays; the code is the tag of the sum."""

    CASH = "cash", 1031
    CARD = "card", 1081
    PREPAID = "prepaid", 1215
    CREDIT = "credit", 1216
    OTHER = "other", 1217
