"""Judging a receipt: ``check_receipt`` refuses what would become wrong, and sends nothing that changes anything."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from drivers.conformance.bench import Setting, Step
from drivers.conformance.catalogue import Behaviour, behaviour
from drivers.conformance.samples import DETAILED, NEWEST, REPAIR, SALE, at_rates
from drivers.conformance.stage import Stage
from drivers.errors import Refused
from protocol.ffd.planned import PlannedBuyer, PlannedReceipt
from protocol.ffd.vat import Vat

AT_20, AT_22 = at_rates(Vat.VAT20), at_rates(Vat.VAT22)


def _refuses(stage: Stage, receipt: PlannedReceipt, *codes: str) -> Refused:
    """Before anything that changes the device is sent, by ``check_receipt`` and by ``fill_receipt`` alike."""
    with stage.unchanged():
        refused = stage.refused(lambda: stage.driver.check_receipt(receipt), *codes)
        again = stage.refused(lambda: stage.fill(receipt), *codes)
    assert stage.received(Step.OPEN) == 0, "the document was opened for a receipt that was refused"
    assert again.code == refused.code
    return refused


@behaviour("check.good", "a receipt that can be made is not refused, and nothing changes")
def good(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    with stage.unchanged():
        driver.check_receipt(SALE)
    assert stage.received(Step.OPEN) == 0


def _old_format(setting: Setting, ffd: str) -> Behaviour:
    @behaviour(f"check.not-expressible-{ffd}", f"what format {ffd} has no place for is not_expressible, with its tag",
               setting)  # fmt: skip
    def not_expressible(stage: Stage) -> None:
        stage.at_work()
        stage.settle()
        only_address = replace(SALE, buyer=PlannedBuyer("Петров П. П.", "500100732259", address="Москва"))
        assert "1254" in _refuses(stage, only_address, "not_expressible").detail
        detail = _refuses(stage, NEWEST, "not_expressible").detail
        assert all(tag in detail for tag in ("1260", "1261", "1270"))

    return not_expressible


OLD_FORMATS = (_old_format(Setting.FFD_105, "1.05"), _old_format(Setting.FFD_11, "1.1"))


@behaviour("check.format-not-made", "a receipt on a register of format 1.2 is made, or it is not_expressible and the "
           "driver's capabilities say so", Setting.FFD_12)  # fmt: skip
def format_not_made(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    if "1.2" in driver.capabilities.formats:
        stage.sell()
    else:
        _refuses(stage, SALE, "not_expressible")


@behaviour("check.rate-not-made", "a VAT rate that the driver says it does not make: refused by name, with its tag")
def rate_not_made(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    for vat in set(Vat) - driver.capabilities.rates:
        receipt = at_rates(SALE.lines[0].vat, vat)
        assert "1199" in _refuses(stage, receipt, "not_expressible", "vat_rate_missing").detail


@behaviour("check.cashless-details", "details of cashless payments (tag 1234) stand in the archive as they were asked "
           "for, or they are not_expressible with their tag and the driver's capabilities say so")  # fmt: skip
def cashless_details(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    if not driver.capabilities.cashless_details:
        assert "1234" in _refuses(stage, DETAILED, "not_expressible").detail
        return
    assert stage.sell(DETAILED)["tags"].get("1234") == [
        {"1235": {"1082": "700.00", "1236": 1, "1237": "RRN:606012345678"}},
        {"1235": {"1082": "300.00", "1236": 255, "1237": "SBP:A1", "1238": "кредит"}},
    ]


@behaviour("check.taxation", "a taxation system that is not registered: taxation_not_registered", Setting.ONE_TAXATION)
def taxation(stage: Stage) -> None:
    stage.at_work()
    stage.settle()
    _refuses(stage, replace(SALE, taxation=2), "taxation_not_registered")


@behaviour("check.vat20-replaced", "20 % on a register that makes 22 % of it: vat20_autoreplace; 22 % is sold",
           Setting.VAT20_REPLACED)  # fmt: skip
def vat20(stage: Stage) -> None:
    stage.at_work()
    stage.settle()
    _refuses(stage, AT_20, "vat20_autoreplace")
    _refuses(stage, replace(AT_20, sign=2), "vat20_autoreplace")
    stage.sell(AT_22)


@behaviour("check.vat-missing", "a rate that the tax table lacks: vat_rate_missing; the others are sold",
           Setting.VAT22_MISSING)  # fmt: skip
def vat_missing(stage: Stage) -> None:
    stage.at_work()
    stage.settle()
    _refuses(stage, AT_22, "vat_rate_missing")
    stage.sell(AT_20)


@behaviour("check.tax-by-host", "a register that expects ready tax sums: tax_by_host", Setting.TAX_BY_HOST)
def tax_by_host(stage: Stage) -> None:
    stage.at_work()
    stage.settle()
    _refuses(stage, SALE, "tax_by_host")


@behaviour("check.quantity", "a quantity of more places than the register takes is refused, not cut off")
def quantity(stage: Stage) -> None:
    stage.at_work()
    stage.settle()
    _refuses(stage, replace(SALE, lines=(replace(REPAIR, quantity=Decimal("1.0000000001")), SALE.lines[1])))


@behaviour("check.next-receipt", "after a refusal the register makes the next receipt")
def next_receipt(stage: Stage) -> None:
    driver = stage.at_work()
    refused = stage.verdict(lambda: driver.check_receipt(replace(SALE, taxation=64)))
    assert isinstance(refused, Refused), "tag 1055 has six bits"
    stage.sell()
