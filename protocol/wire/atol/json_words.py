"""The words of the task language for the values of the format: one table per enumeration, both ways where both are met.

Source: names that the vendor's library accepted and the tag values that it sent for them. What it refuses or what no
tag value is known for is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from protocol.ffd.vat import Vat

SIGNS: Mapping[int, str] = MappingProxyType({1: "sell", 2: "sellReturn", 3: "buy", 4: "buyReturn"})
"""Tag 1054 → type of the task."""

TAXATIONS: Mapping[int, str] = MappingProxyType(
    {0x01: "osn", 0x02: "usnIncome", 0x04: "usnIncomeOutcome", 0x08: "envd", 0x10: "esn", 0x20: "patent"}
)
"""Bits of tags 1055 and 1062. ``envd`` is met in answers only: no receipt may be made with it any more."""

RATES: Mapping[Vat, str] = MappingProxyType({vat: vat.value for vat in Vat})
"""Tag 1199. The language calls them as our payloads do."""

NEW_RATES = frozenset({Vat.VAT5, Vat.VAT7, Vat.VAT105, Vat.VAT107, Vat.VAT22, Vat.VAT122})
"""Rates that not every library knows."""

NEW_RATES_SINCE = (10, 10, 8, 0)
"""The oldest library that was seen to accept them; 10.8.0.0 refuses them (501), and those between were not seen. The
same goes for format 1.2: 10.8.0.0 says "1.1" of a register that is registered for it, and writes the tags of 1.1."""

PAYMENT_METHODS: Mapping[int, str] = MappingProxyType(
    {
        1: "fullPrepayment",
        2: "prepayment",
        3: "advance",
        4: "fullPayment",
        5: "partialPayment",
        6: "credit",
        7: "creditPayment",
    }
)
"""Tag 1214."""

PAYMENT_OBJECTS: Mapping[int, str] = MappingProxyType(
    {
        1: "commodity",
        2: "excise",
        3: "job",
        4: "service",
        5: "gamblingBet",
        6: "gamblingPrize",
        7: "lottery",
        8: "lotteryPrize",
        9: "intellectualActivity",
        10: "payment",
        11: "agentCommission",
        12: "pay",
        13: "another",
        14: "proprietaryLaw",
        15: "nonOperatingIncome",
        16: "otherContributions",
        17: "merchantTax",
        18: "resortFee",
        19: "deposit",
        20: "consumption",
        21: "soleProprietorCPIContributions",
        22: "cpiContributions",
        23: "soleProprietorCMIContributions",
        24: "cmiContributions",
        25: "csiContributions",
        26: "casinoPayment",
    }
)
"""Tag 1212, as far as the numbers behind the names were seen."""

NEW_PAYMENT_OBJECTS: Mapping[int, str] = MappingProxyType({27: "fundsIssuance"})
"""Names that the newer library (as ``NEW_RATES``) accepts."""

UNITS: Mapping[int, str] = MappingProxyType(
    {
        0: "piece",
        10: "gram",
        11: "kilogram",
        12: "ton",
        20: "centimeter",
        21: "decimeter",
        22: "meter",
        30: "squareCentimeter",
        31: "squareDecimeter",
        32: "squareMeter",
        40: "milliliter",
        41: "liter",
        42: "cubicMeter",
        50: "kilowattHour",
        51: "gkal",
        70: "day",
        71: "hour",
        72: "minute",
        73: "second",
        80: "kilobyte",
        81: "megabyte",
        82: "gigabyte",
        83: "terabyte",
        255: "otherUnits",
    }
)
"""Tag 2108."""

AGENTS: Mapping[int, str] = MappingProxyType(
    {
        0x01: "bankPayingAgent",
        0x02: "bankPayingSubagent",
        0x04: "payingAgent",
        0x08: "payingSubagent",
        0x10: "attorney",
        0x20: "commissionAgent",
        0x40: "another",
    }
)
"""Bits of tag 1222."""

CASHLESS = ("electronically", "prepaid", "credit", "other")
"""Kinds of payment beside ``cash``, in the order of tags 1081, 1215, 1216, 1217."""


def library_version(text: str) -> tuple[int, ...]:
    """``"10.8.0.0"`` as numbers; empty for anything else, which is older than every version."""
    parts = text.strip().split(".")
    return tuple(int(part) for part in parts) if all(part.isascii() and part.isdigit() for part in parts) else ()


def knows_new_words(version: str) -> bool:
    """Whether a library of this version takes ``NEW_RATES`` and ``NEW_PAYMENT_OBJECTS``, and knows format 1.2."""
    return library_version(version) >= NEW_RATES_SINCE
