"""Tag 1234 over the simulated registers: written where the place says that the firmware knows it, else refused by name
before anything is begun."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from drivers.api import FiscalRegister
from drivers.errors import Refused
from drivers.registry import open_register
from drivers.transports.base import SystemClock
from protocol.ffd.differing import differing
from protocol.ffd.planned import PlannedCashless, PlannedLine, PlannedPayments, PlannedReceipt
from protocol.ffd.vat import Vat

DETAILS = (PlannedCashless(70000, 1, "RRN:606012345678"), PlannedCashless(30000, 7, "SBP:A1", "x" * 256))
STANDS = [
    {"1235": {"1082": "700.00", "1236": 1, "1237": "RRN:606012345678"}},
    {"1235": {"1082": "300.00", "1236": 7, "1237": "SBP:A1", "1238": "x" * 256}},
]
SALE = PlannedReceipt(
    sign=1,
    taxation=1,
    lines=(PlannedLine("Ремонт", 150000, Decimal(1), 150000, Vat.NONE, 0, 4, 4, 0),),
    payments=PlannedPayments(cash=50000, card=100000),
    cash_tendered=50000,
    total=150000,
    vat={Vat.NONE: 150000},
    cashless=DETAILS,
)
KNOWS = "[requisites]\ncashless_details = true\n"

Open = Callable[..., FiscalRegister]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    made: list[FiscalRegister] = []

    def register(driver: str, simulator: str, profile: str = "", **options: str) -> FiscalRegister:
        file = tmp_path / "own.toml"
        file.write_text(profile, "utf-8")
        more = "".join(f"&{name}={value}" for name, value in options.items())
        address = f"sim:{simulator}?state={tmp_path / 'register.json'}{more}"
        found = open_register(driver, address, clock=SystemClock(), profile=file)
        made.append(found)
        found.connect()
        found.open_shift("Иванова М.", None)
        return found

    yield register
    for each in made:
        each.disconnect()


@pytest.mark.parametrize(("driver", "simulator"), [("shtrih", "shtrih"), ("atol-web", "atol-web")])
def test_the_details_stand_in_the_archive_as_they_were_asked_for(opened: Open, driver: str, simulator: str) -> None:
    register = opened(driver, simulator, KNOWS)
    assert register.capabilities.cashless_details
    register.check_receipt(SALE)
    register.fill_receipt(SALE, lambda *_: None)
    assert register.close_receipt(SALE).fd
    document = register.document(register.archive_end().last_fd)
    assert document is not None
    assert document.tags["1234"] == STANDS
    assert differing(document.tags, SALE) == ()
    other = replace(SALE, cashless=(DETAILS[0], replace(DETAILS[1], identifiers="SBP:A2")))
    assert [found.tag for found in differing(document.tags, other)] == [1234]


@pytest.mark.parametrize(
    ("driver", "simulator", "profile", "says"),
    [
        ("shtrih", "shtrih", "", "switched off in the profile (requisites.cashless_details)"),
        ("atol-web", "atol-web", "", "switched off in the profile (requisites.cashless_details)"),
        ("atol-wire", "atol", "", "how it is written over the wire is not known"),
    ],
)
def test_it_is_refused_by_its_tag_and_nothing_is_begun(
    opened: Open, driver: str, simulator: str, profile: str, says: str
) -> None:
    options = {"ffd": "1.1"} if driver == "atol-wire" else {}
    register = opened(driver, simulator, profile, **options)
    before = register.archive_end().last_fd
    for refusing in (register.check_receipt, lambda receipt: register.fill_receipt(receipt, lambda *_: None)):
        with pytest.raises(Refused, match="not_expressible") as refused:
            refusing(SALE)
        assert "tag 1234 (cashless_details)" in refused.value.detail
        assert says in refused.value.detail
    assert not register.capabilities.cashless_details
    status = register.status()
    assert (status.last_fd, status.document_open) == (before, False)
