"""What a receipt becomes on a register of its format version and setting, and what is refused instead."""

# ruff: noqa: DTZ001  (a register has local time only)

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from drivers.errors import InDoubt, Refused
from protocol.ffd.planned import (
    PlannedAgent,
    PlannedBuyer,
    PlannedIndustry,
    PlannedOperation,
    PlannedReceipt,
    PlannedSupplier,
)
from protocol.ffd.tlv import encode, encode_all
from protocol.ffd.vat import Vat
from protocol.wire.shtrih import commands as c
from protocol.wire.shtrih import record_commands as r
from tests.drivers.fiscal.desk import LINE, RECEIPT, Desk
from tests.drivers.fiscal.scripted import full_status

FFD = {"1.05": 2, "1.1": 3, "1.2": 4}  # table 17 field 17
INDUSTRY = PlannedIndustry("030", "21.11.2023", "1944", "UUID=1")
AGENT = PlannedAgent(64, operation="приём", paying_agent_phones=("+79001234567",))
RICH_LINE = replace(
    LINE,
    agent=AGENT,
    supplier=PlannedSupplier("500100732259", "ООО Поставщик", ("+79007654321",)),
    extra="серия 5",
    excise=1050,
    country="643",
    declaration="10702030/090726/0001234",
)
RICH = replace(
    RECEIPT,
    lines=(RICH_LINE,),
    buyer=PlannedBuyer("Петров П. П.", "500100732259"),
    internet=True,
    place="Доставка",
    user_attribute=("Заказ", "R-105"),
    receipt_attribute="A5",
)
NEWEST = replace(
    RICH,
    lines=(replace(RICH_LINE, industry=(INDUSTRY,)),),
    industry=(INDUSTRY,),
    operation=PlannedOperation(datetime(2026, 11, 21, 14, 5), 1, "смена"),
)


def at(desk: Desk, ffd: str) -> Desk:
    desk.device.tables[17, 1, 17] = bytes((FFD[ffd],))
    desk.connect()
    return desk


def refused(desk: Desk, receipt: PlannedReceipt) -> Refused:
    """The same verdict from the judgement alone and from the beginning of the work; nothing is sent by either."""
    told = []
    for use in (desk.register.check_receipt, desk.fill):
        with pytest.raises(Refused) as caught:
            use(receipt)
        told.append(caught.value)
    assert desk.device.log == []
    assert told[0].code == told[1].code
    return told[0]


# --- the tags of each version ----------------------------------------------------------------------------------------

PEOPLE = [(1021, "Иванова М."), (1203, "500100732259"), (1008, "+79001234567")]
PLACE = [(1125, 1), (1187, "Доставка"), (1192, "A5"), (1084, [(1085, "Заказ"), (1086, "R-105; ID=ABCDEFGHIJKLM")])]
BUYER: list[Any] = [(1227, "Петров П. П."), (1228, "500100732259")]
OTHER = [
    (1222, 64),
    (1223, [(1044, "приём"), (1073, "+79001234567")]),
    (1224, [(1171, "+79007654321"), (1225, "ООО Поставщик")]),
    (1226, "500100732259"),
    (1191, "серия 5"),
    (1229, 1050),
    (1230, "643"),
    (1231, "10702030/090726/0001234"),
]


@pytest.mark.parametrize(
    ("ffd", "buyer", "unit"),
    [("1.05", BUYER, (1197, "шт")), ("1.1", BUYER, (1197, "шт")), ("1.2", [(1256, BUYER)], (2108, 0))],
)
def test_every_version_has_its_tags(fresh: Desk, ffd: str, buyer: list[Any], unit: Any) -> None:
    desk = at(fresh, ffd)
    desk.register.check_receipt(RICH)
    desk.fill(RICH)
    head = [command.tlv for command in desk.device.sent(c.SendTags)]
    assert head == [encode(tag, value) for tag, value in (*PEOPLE, *buyer, *PLACE)]
    line = [command.tlv for command in desk.device.sent(c.SendLineTags)]
    told = [encode(tag, value) for tag, value in (unit, *OTHER)]
    assert [tlv for tlv in line if tlv[:2] != told[0][:2]] == told[1:]
    assert desk.device.said()[-len(line) - 2 :] == ["Operation", *["SendLineTags"] * len(line), "SendTags"]


def test_what_only_the_newest_version_has(desk: Desk) -> None:
    desk.fill(NEWEST)
    industry: list[tuple[int, Any]] = [(1262, "030"), (1263, "21.11.2023"), (1264, "1944"), (1265, "UUID=1")]
    operation: list[tuple[int, Any]] = [(1273, datetime(2026, 11, 21, 14, 5)), (1271, 1), (1272, "смена")]
    assert {encode(1261, industry), encode(1270, operation)} <= {tags.tlv for tags in desk.device.sent(c.SendTags)}
    assert encode(1260, industry) in [tags.tlv for tags in desk.device.sent(c.SendLineTags)]


@pytest.mark.parametrize("ffd", ["1.05", "1.1"])
@pytest.mark.parametrize(
    ("receipt", "tag"),
    [
        (replace(RECEIPT, lines=(replace(LINE, industry=(INDUSTRY,)),)), "1260"),
        (replace(RECEIPT, industry=(INDUSTRY,)), "1261"),
        (replace(RECEIPT, operation=PlannedOperation(datetime(2026, 11, 21), 1, "x")), "1270"),
        (replace(RECEIPT, buyer=PlannedBuyer("П", birthdate="01.02.1990")), "1243"),
        (replace(RECEIPT, buyer=PlannedBuyer("П", address="Москва")), "1254"),
    ],
)
def test_what_an_older_version_has_no_place_for_is_refused_by_its_tag(
    fresh: Desk, ffd: str, receipt: PlannedReceipt, tag: str
) -> None:
    told = refused(at(fresh, ffd), receipt)
    assert told.code == "not_expressible"
    assert f"tag {tag}" in told.detail
    assert ffd in told.detail


@pytest.mark.parametrize("version", [0, 1, 9])
def test_a_register_of_a_version_out_of_law_or_unknown_gets_no_receipt(fresh: Desk, version: int) -> None:
    fresh.device.tables[17, 1, 17] = bytes((version,))
    fresh.connect()
    assert refused(fresh, RECEIPT).code == "unsupported"


# --- long tags -------------------------------------------------------------------------------------------------------

LONG = replace(RECEIPT, place="x" * 256)


@pytest.mark.parametrize("block", [255, 246, 128, 1])
def test_a_tag_too_long_for_one_command_goes_through_the_buffer(desk: Desk, block: int) -> None:
    desk.device.answers[r.BeginBuffer] = [r.BufferReply(block)]
    desk.fill(LONG)
    tlv = encode(1187, "x" * 256)
    assert desk.device.sent(r.BeginBuffer) == [r.BeginBuffer(30, len(tlv))]
    written = desk.device.sent(r.WriteBuffer)
    assert b"".join(part.data for part in written) == tlv
    assert [part.offset for part in written] == list(range(0, len(tlv), min(block, 246)))
    assert all(part.length == len(part.data) for part in written)
    said = desk.device.said()
    assert said.index("OpenReceipt") < said.index("BeginBuffer") < said.index("SendBuffer") < said.index("Operation")
    assert said.count("SendBuffer") == 1


def test_a_buffer_of_nothing_ends(desk: Desk) -> None:
    desk.device.answers[r.BeginBuffer] = [r.BufferReply(0)]
    with pytest.raises(InDoubt) as caught:
        desk.fill(LONG)
    assert caught.value.code == "bad_reply"


def test_a_tag_of_249_bytes_still_fits_into_the_command(desk: Desk) -> None:
    desk.fill(replace(RECEIPT, place="x" * 245))
    assert desk.device.sent(r.BeginBuffer) == []
    assert encode_all([(1187, "x" * 245)]) in [tags.tlv for tags in desk.device.sent(c.SendTags)]


def test_a_lines_tag_has_no_buffer(desk: Desk) -> None:
    agent = replace(AGENT, transfer_operator_address="x" * 256)
    told = refused(desk, replace(RECEIPT, lines=(replace(LINE, agent=agent),)))
    assert told.code == "not_expressible"
    assert "tag 1223" in told.detail


# --- the lines and the closing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["//секрет", "x" * 129])
def test_a_name_that_the_paper_would_not_show_whole_is_refused(desk: Desk, name: str) -> None:
    assert refused(desk, replace(RECEIPT, lines=(replace(LINE, name=name),))).code == "bad_parameter"


def test_kopecks_taken_off_stand_in_the_closing_command(desk: Desk) -> None:
    desk.device.answers[c.CloseReceipt] = [c.ClosedReply(0, 46, 1)]
    desk.register.close_receipt(replace(RECEIPT, rounding=57, total=449943))
    assert desk.device.sent(c.CloseReceipt)[0].rounding == 57


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mask", "system", "good"), [(55, 1, True), (55, 32, True), (2, 1, False), (2, 2, True)])
def test_the_taxation_system_must_be_registered(fresh: Desk, mask: int, system: int, good: bool) -> None:
    fresh.device.answers[c.Registration] = [c.RegistrationReply(None, "7742856793", "8490856970047916", mask, 0)]
    assert fresh.register.connect().taxation == mask
    fresh.device.log.clear()
    receipt = replace(RECEIPT, taxation=system)
    if good:
        fresh.register.check_receipt(receipt)
    else:
        assert refused(fresh, receipt).code == "taxation_not_registered"


@pytest.mark.parametrize(("cell", "told"), [(b"\x03", 3), (b"\x00", None), (b"\x80", None), (None, None)])
def test_the_registers_table_says_it_where_the_drive_does_not(
    fresh: Desk, cell: bytes | None, told: int | None
) -> None:
    fresh.device.answers[c.Registration] = [0x37]
    if cell is not None:
        fresh.device.tables[18, 1, 5] = cell
    assert fresh.register.connect().taxation == told
    fresh.device.log.clear()
    fresh.register.check_receipt(replace(RECEIPT, taxation=1))


def test_a_register_in_order_has_no_problems(fresh: Desk) -> None:
    assert fresh.register.connect().setup_problems == ()


def _replacing(desk: Desk) -> None:
    desk.device.tables[17, 1, 71] = b"\x01"


def _without_22(desk: Desk) -> None:
    desk.device.tables[6, 12, 1] = (2000).to_bytes(2, "little")


def _by_host(desk: Desk) -> None:
    desk.device.tables[1, 1, 14] = b"\x01"


def _silent(desk: Desk) -> None:
    desk.device.tables[17, 1, 7] = b"\x02"


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        (_replacing, "vat20_autoreplace"),
        (_without_22, "vat_rate_missing"),
        (_by_host, "tax_by_host"),
        (_silent, "printing_off"),
    ],
)
def test_a_setting_that_makes_wrong_documents_is_named(fresh: Desk, setting: Any, code: str) -> None:
    setting(fresh)
    assert fresh.register.connect().setup_problems == (code,)


@pytest.mark.parametrize("value", [1, 3])
def test_other_values_of_the_printing_switch_are_no_problem(fresh: Desk, value: int) -> None:
    """1 is ours and left over; 3 keeps shift reports in the buffer, which spoils no receipt."""
    fresh.device.tables[17, 1, 7] = bytes((value,))
    assert fresh.register.connect().setup_problems == ()


def test_a_refund_at_20_on_a_register_that_would_make_22_of_it_is_named_before_the_refund(fresh: Desk) -> None:
    _replacing(fresh)
    assert "vat20_autoreplace" in fresh.register.connect().setup_problems
    fresh.device.log.clear()
    for vat in (Vat.VAT20, Vat.VAT120):
        told = refused(fresh, replace(RECEIPT, sign=2, lines=(replace(LINE, vat=vat),)))
        assert (told.code, "table 17 field 71" in told.detail) == ("vat20_autoreplace", True)
    fresh.register.check_receipt(RECEIPT)  # at 22 %


@pytest.mark.parametrize(
    ("today", "problems"),
    [
        (date(2025, 12, 31), ()),
        (date(2026, 1, 1), ("vat20_autoreplace", "vat_rate_missing")),
        (None, ("vat20_autoreplace", "vat_rate_missing")),
    ],
)
def test_the_new_rate_counts_from_the_day_it_is_in_force_by_the_registers_clock(
    fresh: Desk, today: date | None, problems: tuple[str, ...]
) -> None:
    _replacing(fresh)
    _without_22(fresh)
    status = bytearray(full_status(clock=today is not None))
    if today is not None:
        status[23:26] = bytes((today.day, today.month, today.year - 2000))
    fresh.device.answers[c.FullStatus] = [bytes(status)]
    assert fresh.register.connect().setup_problems == problems
    fresh.device.log.clear()
    twenty = replace(RECEIPT, lines=(replace(LINE, vat=Vat.VAT20),))
    if problems:
        assert refused(fresh, twenty).code == "vat20_autoreplace"
    else:
        fresh.register.check_receipt(twenty)


def test_a_receipt_that_must_not_be_printed_needs_the_switch(fresh: Desk) -> None:
    del fresh.device.tables[17, 1, 7]
    fresh.connect()
    assert refused(fresh, replace(RECEIPT, print=False)).code == "unsupported"


@pytest.mark.parametrize("ffd", FFD)
def test_judging_sends_nothing(fresh: Desk, ffd: str) -> None:
    desk = at(fresh, ffd)
    desk.register.check_receipt(RICH)
    assert desk.device.log == []
