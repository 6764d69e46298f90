"""What is carried out while the faults strike: a row is a job, what has happened before it, and what it comes to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from protocol.crm.jobs import JobKind
from tests.bytes.families import Family
from tests.bytes.world import Wanted

EXAMPLES = Path(__file__).parents[2] / "examples" / "receipts"


class Effect(StrEnum):
    """Where the device shows that a job was carried out."""

    DOCUMENT = "document"  # in the archive
    DRAWER = "drawer"  # in its records of cash
    PAPER = "paper"  # nowhere but on the paper: a lost answer leaves it unproven
    MONEY = "money"  # in the bank's book, which no driver sees


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    wanted: Wanted
    effect: Effect
    before: tuple[Wanted, ...] = ()
    document: str | None = None  # the type of the job's own document, or entry in the bank's book, in a dump's words
    along: frozenset[str] = frozenset()  # types of documents that the desk's policy makes for it, once each
    imprinted: bool = False  # its document names the job: no byte fault may leave it to a person
    opening: bool = False  # also the bytes before the job's own: who is there, what can it do. Once for each family.


def fits(family: Family, scenario: Scenario) -> bool:
    """Money is for terminals, everything else for registers."""
    return family.terminal == (scenario.effect is Effect.MONEY)


def _receipt() -> Wanted:
    """Two lines, two rates that every driver makes, a cashier, a buyer's telephone."""
    payload: dict[str, Any] = json.loads((EXAMPLES / "02-two-rates-card.json").read_text("utf-8"))["payload"]
    payload["items"][0]["vat"] = "none"
    return Wanted(JobKind.RECEIPT, payload)


_CASHIER = {"cashier": {"name": "Иванова М.А.", "inn": "500100732259"}}
_OPEN = Wanted(JobKind.OPEN_SHIFT, _CASHIER)
_PAY = Wanted(JobKind.PAYMENT, {"amount": "1250.00"})
_SLIP = {"lines": [{"text": "Заказ 1042 готов"}, {"text": "Выдать до 20:00", "bold": True}]}

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "receipt", _receipt(), Effect.DOCUMENT, before=(_OPEN,), document="receipt", imprinted=True, opening=True
        ),
        Scenario(
            "first_receipt", _receipt(), Effect.DOCUMENT, document="receipt", along=frozenset({"open_shift"}),
            imprinted=True,
        ),
        Scenario("cash_in", Wanted(JobKind.CASH_IN, {"amount": "500.00"}), Effect.DRAWER, before=(_OPEN,)),
        Scenario(
            "first_cash_in", Wanted(JobKind.CASH_IN, {"amount": "500.00"}), Effect.DRAWER,
            along=frozenset({"open_shift"}),
        ),
        Scenario(
            "close_shift", Wanted(JobKind.CLOSE_SHIFT, _CASHIER), Effect.DOCUMENT, before=(_OPEN, _receipt()),
            document="close_shift",
        ),
        Scenario("print_text", Wanted(JobKind.PRINT_TEXT, _SLIP), Effect.PAPER),
        Scenario("payment", _PAY, Effect.MONEY, document="payment", opening=True),
        Scenario("next_payment", _PAY, Effect.MONEY, before=(_PAY,), document="payment"),
        Scenario(
            "void", Wanted(JobKind.VOID, {"amount": "1250.00"}, brings_back=0), Effect.MONEY, before=(_PAY,),
            document="void",
        ),
    )
}  # fmt: skip
