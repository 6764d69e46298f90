"""Words of the tasks' language and the numbers of the fiscal format behind them (reference, part A.5)."""

from __future__ import annotations

from collections.abc import Mapping

TAXES: Mapping[str, int] = {
    "vat20": 1, "vat10": 2, "vat120": 3, "vat110": 4, "vat0": 5, "none": 6, "vat18": 1, "vat118": 3,
}  # fmt: skip
"""-> tag 1199. 18 % is taken for 20 %."""
NEW_TAXES: Mapping[str, int] = {"vat5": 7, "vat7": 8, "vat105": 9, "vat107": 10, "vat22": 11, "vat122": 12}
"""Those that a library of 2020 does not know."""
SYSTEMS: Mapping[str, int] = {"osn": 1, "usnIncome": 2, "usnIncomeOutcome": 4, "esn": 16, "patent": 32}
"""-> tag 1055."""
PAYMENTS: Mapping[str, int] = {
    "cash": 1, "electronically": 2, "prepaid": 3, "credit": 4, "other": 5,
    **{str(number): number + 1 for number in range(10)},
}  # fmt: skip
"""-> the register's payment type; 6 to 10 are not set up in a fresh register."""
METHODS: Mapping[str, int] = {
    word: number
    for number, word in enumerate(
        ("fullPrepayment", "prepayment", "advance", "fullPayment", "partialPayment", "credit", "creditPayment"), 1
    )
}
"""-> tag 1214."""
OBJECTS: Mapping[str, int] = {
    word: number
    for number, word in enumerate(
        (
            *("commodity", "excise", "job", "service", "gamblingBet", "gamblingPrize", "lottery", "lotteryPrize"),
            *("intellectualActivity", "payment", "agentCommission", "pay", "another", "proprietaryLaw"),
            *("nonOperatingIncome", "otherContributions", "merchantTax", "resortFee", "deposit", "consumption"),
            *("soleProprietorCPIContributions", "cpiContributions", "soleProprietorCMIContributions"),
            *("cmiContributions", "csiContributions", "casinoPayment"),
        ),
        1,
    )
} | {"insuranceContributions": 16}
"""-> tag 1212."""
NEW_OBJECTS: Mapping[str, int] = {
    "fundsIssuance": 27, "exciseWithoutMarking": 30, "exciseWithMarking": 31, "commodityWithoutMarking": 32,
    "commodityWithMarking": 33,
}  # fmt: skip
UNITS: Mapping[str, int] = {
    "piece": 0, "gram": 10, "kilogram": 11, "ton": 12, "centimeter": 20, "decimeter": 21, "meter": 22,
    "squareCentimeter": 30, "squareDecimeter": 31, "squareMeter": 32, "milliliter": 40, "liter": 41, "cubicMeter": 42,
    "kilowattHour": 50, "gkal": 51, "day": 70, "hour": 71, "minute": 72, "second": 73, "kilobyte": 80, "megabyte": 81,
    "gigabyte": 82, "terabyte": 83, "otherUnits": 255,
}  # fmt: skip
"""-> tag 2108."""
AGENTS: Mapping[str, int] = {
    word: 1 << bit
    for bit, word in enumerate(
        (
            *("bankPayingAgent", "bankPayingSubagent", "payingAgent", "payingSubagent", "attorney"),
            *("commissionAgent", "another"),
        )
    )
}
"""-> bit of tags 1057 and 1222."""
ALIGNMENTS = {"left": 0, "center": 1, "right": 2}
CODES: Mapping[str, str] = {
    "EAN8": "EAN-8", "EAN13": "EAN-13", "UPCA": "UPC-A", "UPCE": "UPC-E", "CODE39": "CODE39", "CODE93": "CODE93",
    "CODE128": "CODE128", "CODABAR": "CODABAR", "ITF": "ITF", "ITF14": "ITF-14", "GS1_128": "GS1-128", "QR": "QR",
    "PDF417": "PDF417", "AZTEC": "AZTEC", "CODE39_EXTENDED": "CODE39",
}  # fmt: skip
"""-> the name of a code on the simulated paper."""
RECEIPTS: Mapping[str, int] = {
    "sell": 1, "sellReturn": 2, "buy": 4, "buyReturn": 5,
    "sellCorrection": 7, "sellReturnCorrection": 8, "buyCorrection": 9, "buyReturnCorrection": 10,
}  # fmt: skip
"""Task -> the register's type of receipt."""
CORRECTIONS = {"self": 0, "instruction": 1}
"""-> tag 1173."""
FORMATS = {2: "1.05", 3: "1.1", 4: "1.2"}
"""Tag 1209 -> its name."""
