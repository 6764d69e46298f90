"""What the maker's library makes of our tasks, read back from a simulated register's archive: what was planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from agent.procedures.evidence import differences
from drivers.api import DocumentKind, FiscalDocument, ShiftState, SlipText
from drivers.conformance import samples
from drivers.errors import Refused
from protocol.ffd.planned import PlannedBuyer, PlannedReceipt
from protocol.ffd.vat import Vat
from protocol.wire.atol.json_words import NEW_RATES
from tests.drivers.fiscal.atol_lib.test_vendor_end_to_end import Shop, shop
from tests.protocol.wire.atol.json_samples import WHOLE
from tests.support.vendor_tests import needs_library

pytestmark = needs_library()


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))  # the library writes its logs there
        with shop(tmp_path_factory.mktemp("register")) as one:
            one.register.cash_in(10_000_000, "Иванов И.И.")
            yield one


def at_old_rates(receipt: PlannedReceipt) -> PlannedReceipt:
    """The library is of 2020."""
    lines = [replace(line, vat=Vat.VAT20) if line.vat in NEW_RATES else line for line in receipt.lines]
    return replace(receipt, lines=tuple(replace(line, vat_sum=line.vat.amount(line.total)) for line in lines))


def made(one: Shop, receipt: PlannedReceipt) -> FiscalDocument:
    one.sell(receipt)
    document = one.register.document(one.register.archive_end().last_fd)
    assert document is not None
    return document


RECEIPTS = {
    "every payment": samples.MIXED,
    "rounded": samples.ROUNDED,
    "fractions": samples.PAIR,
    "many lines": samples.LONG,
    "return": replace(samples.SALE, sign=2),
    "purchase": replace(samples.SALE, sign=3),
    "return of a purchase": replace(samples.SALE, sign=4),
    "electronic": replace(samples.SALE, print=False),
    "patent": replace(samples.SALE, taxation=32),
    "every old rate": samples.at_rates(*(vat for vat in Vat if vat not in NEW_RATES)),
}


@pytest.mark.parametrize("name", RECEIPTS)
def test_what_was_planned_is_in_the_archive(one: Shop, name: str) -> None:
    receipt = at_old_rates(RECEIPTS[name])
    total = sum(line.total for line in receipt.lines) - receipt.rounding
    if total != receipt.total:
        receipt = replace(receipt, total=total, payments=replace(receipt.payments, card=total))
    document = made(one, receipt)
    assert document.kind is DocumentKind.RECEIPT
    assert differences(document, receipt) == ()
    assert document.imprint == receipt.imprint
    assert document.tags["1055"] == receipt.taxation
    sums = [(line["1079"], line["1023"], line["1043"], line.get("1200", "0.00")) for line in document.tags["1059"]]
    assert sums == [planned_sums(line) for line in receipt.lines]


def planned_sums(line: Any) -> tuple[str, str, str, str]:
    money = [f"{kopecks // 100}.{kopecks % 100:02d}" for kopecks in (line.price, line.total, line.vat_sum)]
    return money[0], f"{line.quantity.normalize():f}", money[1], money[2]


def test_everything_that_the_older_formats_have_a_place_for(one: Shop) -> None:
    receipt = replace(
        WHOLE,
        lines=(replace(WHOLE.lines[0], industry=()),),
        buyer=PlannedBuyer("Петров П. П.", "500100732259"),
        industry=(),
        operation=None,
        cashless=(),
    )
    tags = made(one, receipt).tags
    wanted = {
        "1021": "Иванов И.И.",
        "1203": "500100732259",
        "1008": "+79990000000",
        "1227": "Петров П. П.",
        "1228": "500100732259",
        "1187": "Доставка",
        "1192": "A5",
        "1084": {"1085": "Заказ", "1086": "R-105; ID=ABCDEFGHIJKLM"},
    }
    assert {tag: tags.get(tag) for tag in wanted} == wanted
    (line,) = tags["1059"]
    on_the_line = {
        "1197": "шт",
        "1191": "сорт 1",
        "1222": 4,
        "1223": {
            "1044": "перевод",
            "1073": ["+71", "+72"],
            "1074": ["+73"],
            "1075": ["+74"],
            "1026": "Оператор",
            "1005": "Москва",
            "1016": "7707083893",
        },
        "1224": {"1225": "Поставщик", "1171": ["+75"]},
        "1226": "7707083893",
        "1229": "12.34",
        "1230": "643",
        "1231": "10702020/060520/0013422",
    }
    assert {tag: line.get(tag) for tag in on_the_line} == on_the_line


def test_nothing_of_the_last_receipt_is_in_the_next(one: Shop) -> None:
    made(one, at_old_rates(samples.SALE))
    plain = replace(at_old_rates(samples.SALE), cashier_inn=None, buyer_contact=None, imprint=None)
    document = made(one, plain)
    assert document.imprint == ""
    assert not {"1203", "1008", "1084"} & document.tags.keys()


def test_cash_moves_the_counters_by_one(one: Shop) -> None:
    before = one.register.cash_counters()
    one.register.cash_in(12345, "Иванов И.И.")
    one.register.cash_out(45, None)
    after = one.register.cash_counters()
    assert (after.cash_in - before.cash_in, after.cash_in_count - before.cash_in_count) == (12345, 1)
    assert (after.cash_out - before.cash_out, after.cash_out_count - before.cash_out_count) == (45, 1)
    assert after.drawer - before.drawer == 12300
    assert one.register.status().drawer == after.drawer


def test_plain_tasks_make_no_document(one: Shop) -> None:
    before = one.register.archive_end()
    one.register.x_report()
    one.register.print_copy()
    one.register.open_drawer()
    one.register.print_slip([SlipText("раз"), SlipText("два", bold=True)], cut=True)
    assert one.register.archive_end() == before


@pytest.mark.parametrize("fd", [0, 10_000])
def test_a_document_that_does_not_exist(one: Shop, fd: int) -> None:
    assert one.register.document(fd) is None


def test_the_shift_is_told_as_it_is(one: Shop) -> None:
    status = one.register.status()
    assert (status.shift, status.document_open, status.last_fd) == (
        ShiftState.OPEN,
        False,
        one.do("status")["fd"],
    )
    health = one.register.health()
    assert health.shift_opened_at is not None
    opening = one.register.document(status.last_fd - status.receipt_in_shift)
    assert opening is not None
    assert opening.kind is DocumentKind.OPEN_SHIFT
    assert abs((health.shift_opened_at - opening.at).total_seconds()) <= 60


def test_a_shift_is_not_opened_twice(one: Shop) -> None:
    with pytest.raises(Refused) as caught:
        one.register.open_shift(None, None)
    assert (caught.value.code, caught.value.vendor) == ("shift_open", "83")
