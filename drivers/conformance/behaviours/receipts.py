"""Receipts: what was planned is what the archive holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from drivers.api import Paper
from drivers.conformance.bench import Setting
from drivers.conformance.catalogue import Able, Behaviour, behaviour
from drivers.conformance.samples import CASHIER, IMPRINT, LONG, MIXED, OTHER_IMPRINT, PAIR, ROUNDED, SALE, at_rates
from drivers.conformance.stage import Stage, cash_sale
from protocol.ffd.planned import PlannedPayments, PlannedReceipt
from protocol.ffd.vat import Vat

PAYMENT_TAGS = {"cash": "1031", "card": "1081", "prepaid": "1215", "credit": "1216", "other": "1217"}
SIGNS = {1: "sell", 2: "sell-return", 3: "buy", 4: "buy-return"}


def kopecks(text: object) -> int:
    return int(Decimal(str(text)).scaleb(2))


def lines_of(tags: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(tags["1059"])


def sums_as_planned(tags: Mapping[str, Any], receipt: PlannedReceipt) -> None:
    """Total, payments and lines of the archive against the plan."""
    assert kopecks(tags["1020"]) == receipt.total
    for kind, tag in PAYMENT_TAGS.items():
        assert kopecks(tags.get(tag, 0)) == getattr(receipt.payments, kind), f"payment {kind}, tag {tag}"
    assert len(lines_of(tags)) == len(receipt.lines)
    for made, line in zip(lines_of(tags), receipt.lines, strict=True):
        assert (made["1030"], kopecks(made["1079"]), Decimal(str(made["1023"]))) == (
            line.name, line.price, line.quantity,
        )  # fmt: skip
        assert (kopecks(made["1043"]), made["1199"]) == (line.total, line.vat.code)
        assert (made["1214"], made["1212"]) == (line.payment_method, line.payment_object)


def _sign(sign: int, name: str) -> Behaviour:
    @behaviour(f"receipt.{name}", f"a receipt of sign {sign} is made as such, with its sums and lines")
    def of_sign(stage: Stage) -> None:
        driver = stage.at_work()
        driver.cash_in(1_000_000, CASHIER[0])
        receipt = replace(SALE, sign=sign)
        tags = stage.sell(receipt)["tags"]
        assert tags["1054"] == sign
        sums_as_planned(tags, receipt)

    return of_sign


KINDS = tuple(_sign(sign, name) for sign, name in SIGNS.items())


@behaviour("receipt.every-payment", "cash, card, prepaid, credit and other payment each get their own sum")
def every_payment(stage: Stage) -> None:
    stage.at_work()
    sums_as_planned(stage.sell(MIXED)["tags"], MIXED)


@behaviour("receipt.cash-alone", "a receipt paid in cash to the kopeck has no other payment")
def cash_alone(stage: Stage) -> None:
    stage.at_work()
    receipt = cash_sale(12345)
    sums_as_planned(stage.sell(receipt)["tags"], receipt)


@behaviour("receipt.change", "cash in the document is net of the change, which the closing reply tells or leaves out")
def change(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill(SALE)
    reply = driver.close_receipt(SALE)
    assert reply.change in (SALE.change, None)
    assert SALE.change == 20015
    assert kopecks(stage.truth().receipts[-1]["tags"]["1031"]) == SALE.payments.cash
    assert stage.truth().drawer == SALE.payments.cash


@behaviour("receipt.rounding", "kopecks taken off: the total is rounded, the subtotal is that of the lines")
def rounding(stage: Stage) -> None:
    stage.at_work()
    sums_as_planned(stage.sell(ROUNDED)["tags"], ROUNDED)


@behaviour("receipt.fractional-quantity", "quantities of three decimal places, their sums as planned to the kopeck")
def fractional(stage: Stage) -> None:
    stage.at_work()
    sums_as_planned(stage.sell(PAIR)["tags"], PAIR)


@behaviour("receipt.every-rate", "each VAT rate of the twelve that the driver says it makes is the rate of its line")
def every_rate(stage: Stage) -> None:
    driver = stage.at_work()
    rates = [vat for vat in Vat if vat in driver.capabilities.rates]
    assert {SALE.lines[0].vat, SALE.lines[1].vat} <= set(rates)
    tags = stage.sell(at_rates(*rates))["tags"]
    assert [line["1199"] for line in lines_of(tags)] == [vat.code for vat in rates]


@behaviour("receipt.many-lines", "forty lines in their order")
def many_lines(stage: Stage) -> None:
    stage.at_work()
    sums_as_planned(stage.sell(LONG)["tags"], LONG)


@behaviour("receipt.people", "cashier, cashier's INN, the buyer's address and the taxation system are in the document")
def people(stage: Stage) -> None:
    stage.at_work()
    tags = stage.sell()["tags"]
    wanted = {"1021": CASHIER[0], "1203": CASHIER[1], "1008": "+79001234567", "1055": 1}
    assert {tag: tags[tag] for tag in wanted} == wanted


@behaviour("receipt.no-cashier-of-the-last", "a receipt without cashier's INN and buyer does not get those of the last")
def nobody(stage: Stage) -> None:
    stage.at_work()
    stage.sell()
    plain = replace(SALE, cashier_inn=None, buyer_contact=None, imprint=None)
    tags = stage.sell(plain)["tags"]
    assert not {"1203", "1008", "1084"} & set(tags)


@behaviour("receipt.taxation", "the receipt's taxation system is sent where several are registered")
def taxation(stage: Stage) -> None:
    stage.at_work()
    assert stage.sell(replace(SALE, taxation=32))["tags"]["1055"] == 32


@behaviour("receipt.only-taxation", "the only registered taxation system is taken", Setting.ONE_TAXATION)
def only_taxation(stage: Stage) -> None:
    stage.at_work()
    assert stage.sell()["tags"]["1055"] == 1


@behaviour("receipt.subtotal", "subtotal is what the open document's lines come to", Able.STEPWISE)
def subtotal(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill(ROUNDED)
    assert driver.subtotal() == stage.truth().open_total == ROUNDED.lines_total


@behaviour("receipt.progress", "progress is told after each position, in order")
def progress(stage: Stage) -> None:
    stage.at_work()
    heard = stage.fill(LONG)
    count = len(LONG.lines)
    assert heard == [(done, count) for done in range(1, count + 1)]


@behaviour("receipt.fill-does-not-close", "filling makes no fiscal document", Able.STEPWISE)
def fill_alone(stage: Stage) -> None:
    stage.at_work()
    before = len(stage.truth().documents)
    stage.fill()
    stage.settle()
    assert len(stage.truth().documents) == before


@behaviour(
    "receipt.reply", "the closing reply names the document's number and sign as the archive has them, or neither"
)
def reply(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    told = driver.close_receipt(SALE)
    made = stage.truth().receipts[-1]
    assert told.fd in (made["fd"], None)
    assert told.fpd in (made["fpd"], None)


@behaviour("receipt.reply-paper-and-drawer", "the closing reply tells paper and drawer as they are, or leaves them out")
def reply_paper(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    told = driver.close_receipt(SALE)
    assert told.paper in (Paper.PRESENT, None)
    assert told.drawer in (stage.truth().drawer, None)


@behaviour("receipt.one-after-another", "receipts follow each other without a gap, each once")
def one_after_another(stage: Stage) -> None:
    stage.at_work()
    made = [stage.sell(cash_sale(total))["fd"] for total in (100, 200, 300)]
    assert made == list(range(made[0], made[0] + 3))
    assert [kopecks(each["tags"]["1020"]) for each in stage.truth().receipts] == [100, 200, 300]


@behaviour("receipt.imprint", "the imprint is read back from the archive", Able.IMPRINT, Able.ARCHIVE)
def imprint(stage: Stage) -> None:
    stage.at_work()
    first, second = (stage.sell(replace(SALE, imprint=each))["fd"] for each in (IMPRINT, OTHER_IMPRINT))
    assert [stage.read(fd).imprint for fd in (first, second)] == [IMPRINT, OTHER_IMPRINT]


@behaviour("receipt.imprint-beside-attribute", "the imprint is read back beside an attribute of the CRM's own",
           Able.IMPRINT, Able.ARCHIVE)  # fmt: skip
def imprint_beside(stage: Stage) -> None:
    stage.at_work()
    made = stage.sell(replace(SALE, user_attribute=("Заказ", "R-105")))
    assert stage.read(made["fd"]).imprint == IMPRINT
    assert made["tags"]["1084"]["1085"] == "Заказ"
    assert str(made["tags"]["1084"]["1086"]).startswith("R-105")


@behaviour("receipt.no-imprint", 'a document without an imprint reads as ""', Able.IMPRINT, Able.ARCHIVE)
def no_imprint(stage: Stage) -> None:
    stage.at_work()
    assert stage.read(stage.sell(replace(SALE, imprint=None))["fd"]).imprint == ""


@behaviour(
    "receipt.printing-off", "an owner's choice to print nothing stays, and receipts are made", Setting.PRINTING_OFF
)
def printing_off(stage: Stage) -> None:
    stage.at_work()
    for printed_too in (True, False, True):
        stage.sell(replace(SALE, print=printed_too))
    stage.settle()
    assert len(stage.truth().printed) == 0


@behaviour("receipt.electronic", "an electronic receipt leaves no paper, and the next one is printed again")
def electronic(stage: Stage) -> None:
    stage.at_work()
    stage.settle()
    papers = len(stage.truth().printed)
    stage.sell(replace(SALE, print=False))
    stage.settle()
    assert len(stage.truth().printed) == papers
    stage.sell()
    stage.settle()
    assert len(stage.truth().printed) == papers + 1


@behaviour("receipt.electronic-cancelled", "an electronic receipt that came to nothing leaves the next one its paper",
           Able.STEPWISE, Able.CANCEL)  # fmt: skip
def electronic_cancelled(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill(replace(SALE, print=False))
    driver.cancel_document()
    stage.settle()
    papers = len(stage.truth().printed)
    stage.sell(replace(SALE, payments=PlannedPayments(card=SALE.total), cash_tendered=0))
    stage.settle()
    assert len(stage.truth().printed) == papers + 1


@behaviour("receipt.printed", "a receipt is printed once, with its lines and its total")
def printed(stage: Stage) -> None:
    stage.at_work()
    stage.settle()
    before = len(stage.truth().printed)
    stage.sell()
    stage.settle()
    papers = stage.truth().printed[before:]
    assert len(papers) == 1
    assert "Кабель" in papers[0]
    assert "4799.85" in papers[0]
