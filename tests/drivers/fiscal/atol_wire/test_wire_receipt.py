"""A planned receipt as commands, and what is refused by name before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from drivers.errors import InDoubt, Refused
from protocol.ffd.planned import PlannedAgent, PlannedBuyer, PlannedPayments, PlannedReceipt, PlannedSupplier
from protocol.ffd.tlv import encode
from protocol.ffd.vat import Vat
from protocol.wire.atol.operations import EndPosition, WriteRequisite
from tests.drivers.fiscal.atol_wire.desk import LINE, OK, RECEIPT, Desk


def written(tag: int, value: object) -> str:
    return WriteRequisite(encode(tag, value)).to_bytes().hex(" ").upper()  # type: ignore[arg-type]


def position(desk: Desk) -> EndPosition:
    (raw,) = [command for command in desk.device.executed if command.startswith(b"\xeb")]
    return EndPosition.from_bytes(raw)


def test_the_sequence(desk: Desk) -> None:
    assert desk.fill() == [(1, 1)]
    assert desk.sent == [
        written(1021, "Иванова М."),
        written(1203, "500100732259"),
        "92 00 01",
        written(1008, "+79001234567"),
        written(1084, ((1085, "ID"), (1086, "ABCDEFGHIJKLM"))),
        written(1055, 1),
        "EA 00 01 00",
        written(1197, "шт"),
        position(desk).to_bytes().hex(" ").upper(),
    ]
    desk.device.executed.clear()
    reply = desk.register.close_receipt(RECEIPT)
    assert desk.sent == [
        "99 00 02 00 00 10 00 00",  # card
        "99 00 01 00 00 40 00 00",  # cash tendered, last
        "4A 00 01 00 00 00 00 00",
    ]
    assert (reply.fd, reply.fpd, reply.change, reply.drawer) == (43, "305419896", 50000, 50000)


def test_the_mode_is_entered_when_the_register_is_in_another(desk: Desk) -> None:
    desk.answer("45", "55 03 00")
    desk.fill()
    assert desk.sent[:2] == ["48", "56 01 00 00 00 30"]


def test_a_position(desk: Desk) -> None:
    desk.fill(replace(RECEIPT, lines=(replace(LINE, quantity=Decimal("0.125"), price=3600000),)))
    assert position(desk) == EndPosition(
        flags=0x0A,
        price=3600000,
        quantity=125,
        total=450000,
        tax=1,
        tax_sum=0,
        department=1,
        payment_object=4,
        payment_method=4,
        discount=bytes(8),
        reserved=bytes(2),
        name="Замена дисплея",
    )


TAXES = {Vat.VAT20: 1, Vat.VAT10: 2, Vat.VAT120: 3, Vat.VAT110: 4, Vat.VAT0: 5, Vat.NONE: 6}


@pytest.mark.parametrize("vat", Vat)
def test_rates(desk: Desk, vat: Vat) -> None:
    receipt = replace(RECEIPT, lines=(replace(LINE, vat=vat),))
    if vat in TAXES:
        desk.register.check_receipt(receipt)
        desk.fill(receipt)
        assert position(desk).tax == TAXES[vat]
        return
    with pytest.raises(Refused) as caught:
        desk.register.check_receipt(receipt)
    assert caught.value.code == "not_expressible"
    assert "1199 (items[0].vat)" in caught.value.detail
    assert "atol-lib" in caught.value.detail


@pytest.mark.parametrize(("sign", "kind"), [(1, 1), (2, 2), (3, 4), (4, 5)])
def test_signs(desk: Desk, sign: int, kind: int) -> None:
    desk.fill(replace(RECEIPT, sign=sign))
    assert f"92 00 0{kind}" in desk.sent


def test_without_paper(desk: Desk) -> None:
    desk.fill(replace(RECEIPT, print=False))
    assert "92 04 01" in desk.sent


def test_requisites_of_a_line(desk: Desk) -> None:
    line = replace(
        LINE,
        unit=11,
        agent=PlannedAgent(kind=32),
        supplier=PlannedSupplier(inn="7701234567", name="ООО Поставщик", phones=("+79991112233",)),
        extra="доп",
        excise=1250,
        country="643",
        declaration="10702030/260524/0123456",
    )
    desk.fill(replace(RECEIPT, lines=(line,)))
    begin = desk.sent.index("EA 00 01 00")
    assert desk.sent[begin + 1 : -1] == [
        written(1197, "кг"),
        written(1222, 32),
        written(1224, ((1171, "+79991112233"), (1225, "ООО Поставщик"))),
        written(1226, "7701234567"),
        written(1191, "доп"),
        written(1229, 1250),
        written(1230, "643"),
        written(1231, "10702030/260524/0123456"),
    ]


def test_the_buyer_stands_in_two_tags(desk: Desk) -> None:
    desk.fill(replace(RECEIPT, buyer=PlannedBuyer(name="Петров П.П.", inn="500100732259")))
    assert {written(1227, "Петров П.П."), written(1228, "500100732259")} < set(desk.sent)


def refused(desk: Desk, receipt: PlannedReceipt) -> Refused:
    """Nothing is sent."""
    desk.device.added.clear()
    with pytest.raises(Refused) as caught:
        desk.register.check_receipt(receipt)
    assert desk.device.added == []
    with pytest.raises(Refused):
        desk.fill(receipt)
    assert desk.device.added == []
    return caught.value


def test_a_register_of_format_12_is_for_another_driver(desk: Desk) -> None:
    desk.answer("91 36", OK + "04 04 04")
    desk.connect()
    error = refused(desk, RECEIPT)
    assert error.code == "not_expressible"
    assert "2108" in error.detail
    assert "atol-lib" in error.detail


def test_a_register_of_an_unknown_format(desk: Desk) -> None:
    desk.answer("91 36", OK + "04 04 09")
    desk.connect()
    assert refused(desk, RECEIPT).code == "unsupported"


def test_what_only_format_12_has_a_place_for(desk: Desk) -> None:
    error = refused(desk, replace(RECEIPT, buyer=PlannedBuyer(name="Петров", birthdate="01.02.1990")))
    assert (error.code, "1243" in error.detail) == ("not_expressible", True)


def test_a_taxation_system_that_is_not_registered(desk: Desk) -> None:
    assert refused(desk, replace(RECEIPT, taxation=4)).code == "taxation_not_registered"


def test_an_imprint_that_the_owner_has_switched_off() -> None:
    desk = Desk()
    off = Desk(replace(desk.profile, imprint=False))
    off.connect()
    assert not off.register.capabilities.has_imprint
    assert desk.register.capabilities.has_imprint
    assert refused(off, RECEIPT).code == "not_expressible"
    off.register.check_receipt(replace(RECEIPT, imprint=None))


@pytest.mark.parametrize(
    "line",
    [
        replace(LINE, quantity=Decimal("0.0001")),
        replace(LINE, quantity=Decimal(10_000_000)),
        replace(LINE, name="x" * 129),
    ],
)
def test_values_that_the_wire_cannot_carry(desk: Desk, line: object) -> None:
    assert refused(desk, replace(RECEIPT, lines=(line,))).code == "bad_parameter"  # type: ignore[arg-type]


# --- closing ---------------------------------------------------------------------------------------------------------


def test_kopecks_are_rounded_off_before_the_payments(desk: Desk) -> None:
    receipt = replace(RECEIPT, total=449900, rounding=100, payments=PlannedPayments(cash=449900), cash_tendered=449900)
    desk.answer("91 14", OK + "0000449900 0000000000 0000000000")
    desk.register.close_receipt(receipt)
    assert desk.sent == ["43 00 00 01 00 00 00 00 01 00", "99 00 01 00 00 44 99 00", "4A 00 01 00 00 00 00 00"]


PAID: dict[str, tuple[PlannedPayments, int, list[str]]] = {
    "every kind": (
        PlannedPayments(cash=50000, card=100000, prepaid=100000, credit=100000, other=100000),
        50000,
        ["02", "03", "04", "05", "01"],
    ),
    "card alone": (PlannedPayments(card=450000), 0, ["02"]),
}


@pytest.mark.parametrize(("payments", "cash", "kinds"), PAID.values(), ids=PAID)
def test_cash_comes_last(desk: Desk, payments: PlannedPayments, cash: int, kinds: list[str]) -> None:
    desk.answer("91 14", OK + "0000450000 0000000000 0000000000")
    desk.register.close_receipt(replace(RECEIPT, payments=payments, cash_tendered=cash))
    assert [command[6:8] for command in desk.sent if command.startswith("99")] == kinds


WRONG = {
    "another total": ("0000450001 0000000000 0000050000", "total_differs"),
    "something is still to be paid": ("0000450000 0000000001 0000050000", "payment_short"),
    "another change": ("0000450000 0000000000 0000049999", "total_differs"),
}


@pytest.mark.parametrize(("totals", "code"), WRONG.values(), ids=WRONG)
def test_sums_that_differ_are_not_closed(desk: Desk, totals: str, code: str) -> None:
    desk.answer("91 14", OK + totals)
    with pytest.raises(Refused) as caught:
        desk.register.close_receipt(RECEIPT)
    assert caught.value.code == code
    assert not [command for command in desk.sent if command.startswith("4A")]


TAX = {
    "as planned": ("00 00 00 07 50 00", None),
    "rounded otherwise": ("00 00 00 07 49 99", None),
    "seven bytes": ("00 00 00 00 07 50 00", None),
    "at another rate": ("00 00 00 08 11 48", "total_differs"),
}


@pytest.mark.parametrize(("tax", "code"), TAX.values(), ids=TAX)
def test_the_registers_tax_is_compared(desk: Desk, tax: str, code: str | None) -> None:
    """A register may have come to take another rate for the same code."""
    desk.answer("91 3D 01", OK + tax)
    if code is None:
        desk.register.close_receipt(RECEIPT)
        return
    with pytest.raises(Refused) as caught:
        desk.register.close_receipt(RECEIPT)
    assert caught.value.code == code
    assert not [command for command in desk.sent if command.startswith("4A")]


def test_a_register_that_does_not_tell_its_tax(desk: Desk) -> None:
    desk.answer("91 3D", "55 7A")
    desk.register.close_receipt(RECEIPT)
    silent = Desk(replace(desk.profile, compare_tax=False))
    silent.connect()
    silent.register.close_receipt(RECEIPT)
    assert not [command for command in silent.device.executed if command.startswith(b"\x91\x3d")]


def test_no_paper_at_closing_is_doubt(desk: Desk) -> None:
    desk.answer("4A", "55 67")
    with pytest.raises(InDoubt) as caught:
        desk.register.close_receipt(RECEIPT)
    assert (caught.value.code, caught.value.vendor) == ("no_paper", "67")


def test_once_closed_nothing_is_raised(desk: Desk) -> None:
    desk.answer("91 34", "55 D2")
    desk.answer("91 3B", OK + "00", "55 D2")
    reply = desk.register.close_receipt(RECEIPT)
    assert (reply.fd, reply.fpd, reply.change, reply.paper) == (None, None, 50000, None)


def test_the_subtotal_is_the_registers(desk: Desk) -> None:
    assert desk.register.subtotal() == 450000
