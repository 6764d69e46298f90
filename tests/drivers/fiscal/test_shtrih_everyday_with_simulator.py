"""The driver's everyday on the simulated register: cash, totals, health, slips, formats. What the two disagree about is
a mistake of one; the protocol's text decides which."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from drivers.api import CashCounters, FiscalRegister, ShiftState, SlipBarcode, SlipText
from drivers.errors import Refused
from drivers.registry import open_register
from drivers.transports.base import SystemClock
from protocol.ffd.planned import PlannedBuyer, PlannedLine, PlannedPayments, PlannedReceipt, PlannedSupplier
from protocol.ffd.vat import Vat
from tests.drivers.fiscal.desk import LINE, RECEIPT

CASHIER = ("Иванова М.", "500100732259")


@dataclass
class Simulated:
    register: FiscalRegister
    state: Path

    def sell(self, receipt: PlannedReceipt = RECEIPT) -> int:
        self.register.check_receipt(receipt)
        self.register.fill_receipt(receipt, lambda *_: None)
        assert self.register.subtotal() == receipt.lines_total
        fd = self.register.close_receipt(receipt).fd
        assert fd is not None
        return fd

    def archived(self, fd: int) -> dict[str, Any]:
        """The document's tags by the device's own memory, not by its answers."""
        command = [sys.executable, "-m", "drivers.simulators", "shtrih", "--state", str(self.state), "--dump"]
        dump = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        found: dict[str, Any] = next(each["tags"] for each in dump["documents"] if each["fd"] == fd)
        return found


Start = Callable[..., Simulated]


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[Start]:
    """``simulated(**options)``: a fresh register with an open shift; the options are those of ``simulate``."""
    opened: list[FiscalRegister] = []

    def start(*, shift: bool = True, **options: str) -> Simulated:
        state = tmp_path / f"register{len(opened)}.json"
        options = {"state": str(state), "print-time": "0", **{key.replace("_", "-"): o for key, o in options.items()}}
        address = "sim:shtrih?" + "&".join(f"{key}={value}" for key, value in options.items())
        register = open_register("shtrih", address, clock=SystemClock())
        register.connect()
        opened.append(register)
        if shift:
            register.open_shift(*CASHIER)
        return Simulated(register, state)

    yield start
    for register in opened:
        register.disconnect()


# --- cash and totals -------------------------------------------------------------------------------------------------


def test_cash_moves_the_drawer_the_counters_and_the_running_number(simulated: Start) -> None:
    register = simulated().register
    before = register.cash_counters()
    register.cash_in(150000, CASHIER[0])
    after_in = register.cash_counters()
    number, count = before.document_number, before.cash_in_count
    assert after_in == CashCounters(number + 1, 150000, 150000, 0, count + 1, before.cash_out_count)
    register.cash_out(50000, None)
    after_out = register.cash_counters()
    assert after_out == CashCounters(number + 2, 100000, 150000, 50000, count + 1, before.cash_out_count + 1)
    assert register.status().drawer == 100000


def test_cash_makes_no_fiscal_document(simulated: Start) -> None:
    register = simulated().register
    before = register.status().last_fd
    register.cash_in(150000, None)
    assert register.status().last_fd == before


def test_more_than_the_drawer_holds(simulated: Start) -> None:
    register = simulated().register
    register.cash_in(100, None)
    before = register.cash_counters()
    with pytest.raises(Refused) as caught:
        register.cash_out(101, None)
    assert caught.value.code == "cash_short"
    assert register.cash_counters() == before


def receipt(sign: int, cash: int, card: int = 0, prepaid: int = 0, credit: int = 0, other: int = 0) -> PlannedReceipt:
    total = cash + card + prepaid + credit + other
    return replace(
        RECEIPT,
        sign=sign,
        lines=(replace(LINE, price=total, total=total),),
        payments=PlannedPayments(cash, card, prepaid, credit, other),
        cash_tendered=cash + 100,
        total=total,
    )


def test_totals_of_a_shift_by_sign(simulated: Start) -> None:
    desk = simulated()
    desk.register.cash_in(1_000_000, None)
    for sign, times in ((1, 3), (2, 2), (3, 1), (4, 2)):
        for _ in range(times):
            desk.sell(receipt(sign, 1000 * sign, 10 * sign, 1, 2, 3))
    told = desk.register.shift_totals()
    assert told.receipts == {1: 3, 2: 2, 3: 1, 4: 2}
    assert told.cash == {1: 3000, 2: 4000, 3: 3000, 4: 8000}
    assert told.cashless == {1: 30, 2: 40, 3: 30, 4: 80}
    assert told.total == {1: 3048, 2: 4052, 3: 3036, 4: 8092}
    assert (told.cash_in, told.cash_out) == (1_000_000, 0)
    assert told.drawer == 1_000_000 + 3000 - 4000 - 3000 + 8000


def test_the_next_shift_counts_from_zero(simulated: Start) -> None:
    desk = simulated()
    desk.sell()
    desk.register.close_shift(*CASHIER)
    desk.register.open_shift(*CASHIER)
    assert set(desk.register.shift_totals().receipts.values()) == {0}


# --- health ----------------------------------------------------------------------------------------------------------


def test_health_of_a_working_day(simulated: Start) -> None:
    desk = simulated(fn_days="400", fn_capacity="1000")
    fresh = desk.register.health()
    opened = desk.register.document(2)
    assert opened is not None
    assert fresh.shift_opened_at == opened.at
    assert fresh.fn_expires == desk.register.status().at.date() + timedelta(days=400)
    assert fresh.fn_documents_left is not None
    for _ in range(3):
        desk.sell()
    later = desk.register.health()
    assert (later.shift_opened_at, later.fn_expires) == (fresh.shift_opened_at, fresh.fn_expires)
    assert later.fn_documents_left is not None
    assert later.fn_documents_left < fresh.fn_documents_left
    assert later.unsent is not None


def test_health_between_shifts(simulated: Start) -> None:
    desk = simulated()
    desk.register.close_shift(*CASHIER)
    assert desk.register.status().shift is ShiftState.CLOSED
    assert desk.register.health().shift_opened_at is None


# --- without fiscal effect -------------------------------------------------------------------------------------------


def test_a_slip_a_copy_and_the_drawer_make_no_fiscal_document(simulated: Start) -> None:
    desk = simulated()
    desk.sell()
    before = desk.register.status()
    desk.register.print_slip([SlipText("Квитанция 5", bold=True), SlipText("слово " * 20)], cut=True)
    desk.register.print_copy()
    desk.register.open_drawer()
    desk.register.x_report()
    after = desk.register.status()
    assert (after.last_fd, after.receipt_in_shift, after.document_open) == (before.last_fd, 1, False)


@pytest.mark.parametrize("kind", ["qr", "pdf417", "ean13", "ean8", "code39", "code128", "itf"])
def test_every_kind_of_barcode_is_printed(simulated: Start, kind: str) -> None:
    values = {"ean13": "460123456789", "ean8": "9638507", "itf": "0123"}
    simulated().register.print_slip([SlipBarcode(kind, values.get(kind, "A-1"))], cut=True)


def test_no_copy_of_nothing(simulated: Start) -> None:
    with pytest.raises(Refused) as caught:
        simulated(shift=False).register.print_copy()
    assert caught.value.code in ("no_data", "wrong_state", "shift_closed")


# --- formats and settings --------------------------------------------------------------------------------------------

KILOGRAM = PlannedLine("Яблоки", 10000, Decimal("1.005"), 10050, Vat.VAT10, 914, 4, 1, 11, extra="сорт 1")
RICH = replace(
    RECEIPT,
    lines=(replace(LINE, supplier=PlannedSupplier("500100732259", "ООО Поставщик", ("+79007654321",))), KILOGRAM),
    payments=PlannedPayments(cash=460000),
    cash_tendered=500000,
    total=460000,
    rounding=50,
    buyer=PlannedBuyer("Петров П. П.", "500100732259"),
    user_attribute=("Заказ", "R-105"),
    receipt_attribute="A5",
    place="Доставка",
)


def single(tags: Any) -> Any:
    """A phone that may repeat and stands alone: the dump writes it plain, the codec as a list of one."""
    if isinstance(tags, dict):
        return {tag: single(value) for tag, value in tags.items()}
    if isinstance(tags, list):
        return single(tags[0]) if len(tags) == 1 else [single(value) for value in tags]
    return tags


@pytest.mark.parametrize("ffd", ["1.05", "1.1", "1.2"])
def test_the_same_receipt_on_a_register_of_each_format(simulated: Start, ffd: str) -> None:
    desk = simulated(ffd=ffd)
    assert desk.register.connect().ffd == ffd
    fd = desk.sell(RICH)
    tags = desk.archived(fd)
    buyer = {"1227": "Петров П. П.", "1228": "500100732259"}
    if ffd == "1.2":
        assert tags["1256"] == buyer
        assert [line["2108"] for line in tags["1059"]] == [0, 11]
    else:
        assert {tag: tags[tag] for tag in buyer} == buyer
        assert [line["1197"] for line in tags["1059"]] == ["шт", "кг"]
    assert (tags["1020"], tags["1031"], tags["1192"], tags["1187"]) == ("4600.00", "4600.00", "A5", "Доставка")
    assert tags["1084"] == {"1085": "Заказ", "1086": "R-105; ID=ABCDEFGHIJKLM"}
    assert tags["1059"][0]["1226"].strip() == "500100732259"
    assert tags["1059"][0]["1224"]["1225"] == "ООО Поставщик"
    assert (tags["1059"][1]["1023"], tags["1059"][1]["1191"]) == ("1.005", "сорт 1")
    document = desk.register.document(fd)
    assert document is not None
    assert (document.imprint, document.total) == ("ABCDEFGHIJKLM", 460000)
    assert single(dict(document.tags)) == single(tags)


def test_a_place_longer_than_one_command(simulated: Start) -> None:
    desk = simulated()
    long = "Доставка курьером " * 14
    fd = desk.sell(replace(RECEIPT, place=long))
    assert desk.archived(fd)["1187"] == long


def test_the_registered_taxation_systems(simulated: Start) -> None:
    desk = simulated(taxation="osn,patent")
    assert desk.register.connect().taxation == 1 | 32
    with pytest.raises(Refused) as caught:
        desk.register.check_receipt(replace(RECEIPT, taxation=2))
    assert caught.value.code == "taxation_not_registered"
    desk.sell(replace(RECEIPT, taxation=32))


def test_the_replacement_of_20_by_22_is_told_before_a_refund_at_20(simulated: Start) -> None:
    desk = simulated(vat_autoreplace="yes")
    assert desk.register.connect().setup_problems == ("vat20_autoreplace",)
    with pytest.raises(Refused) as caught:
        desk.register.check_receipt(replace(RECEIPT, sign=2, lines=(replace(LINE, vat=Vat.VAT20),)))
    assert caught.value.code == "vat20_autoreplace"
    desk.sell()


def test_a_register_in_order_has_no_problems(simulated: Start) -> None:
    assert simulated().register.connect().setup_problems == ()
