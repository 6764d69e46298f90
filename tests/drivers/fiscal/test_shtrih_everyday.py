"""Cash, counters, health, slips, copies and the drawer: what is asked of the register, and what its answers say."""

# ruff: noqa: DTZ001  (a register has local time only)

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from drivers.api import Align, CashCounters, Health, ShiftTotals, SlipBarcode, SlipText
from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.shtrih import ShtrihRegister, load_profile
from protocol.wire.shtrih import commands as c
from protocol.wire.shtrih import printer_commands as p
from protocol.wire.shtrih import record_commands as r
from tests.drivers.fiscal.desk import Desk
from tests.drivers.fiscal.scripted import Broken, Gone, drive_status, full_status, short_status

CASH: list[Any] = [
    pytest.param(lambda register: register.cash_in(150000, "Иванова М."), r.CashIn, id="in"),
    pytest.param(lambda register: register.cash_out(150000, "Иванова М."), r.CashOut, id="out"),
]
Use = Callable[[ShtrihRegister], object]

# --- cash in the drawer ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("use", "kind"), CASH)
def test_cash_is_one_command_with_the_amount(desk: Desk, use: Use, kind: type[Any]) -> None:
    use(desk.register)
    assert desk.device.said() == ["ReadTable", kind.__name__]
    assert desk.device.sent(kind) == [kind(30, 150000)]


@pytest.mark.parametrize(("use", "kind"), CASH)
@pytest.mark.parametrize("fate", [Gone, Broken])
def test_lost_cash_is_in_doubt_and_never_sent_again(desk: Desk, use: Use, kind: type[Any], fate: object) -> None:
    desk.device.answers[kind] = [fate]
    with pytest.raises(InDoubt) as caught:
        use(desk.register)
    assert caught.value.remaining <= desk.register.capabilities.max_time["report"]
    assert len(desk.device.sent(kind)) == 1


def test_more_than_the_drawer_holds(desk: Desk) -> None:
    desk.device.answers[r.CashOut] = [0x46]
    with pytest.raises(Refused) as caught:
        desk.register.cash_out(1, None)
    assert (caught.value.code, caught.value.vendor) == ("cash_short", "46")


@pytest.mark.parametrize("amount", [-1, 1 << 40])
def test_an_amount_that_does_not_fit_is_not_sent(desk: Desk, amount: int) -> None:
    with pytest.raises(Refused) as caught:
        desk.register.cash_in(amount, None)
    assert caught.value.code == "bad_parameter"
    assert desk.device.sent(r.CashIn) == []


def test_cash_waits_until_the_paper_is_free_and_puts_the_switch_back(desk: Desk) -> None:
    desk.device.tables[17, 1, 7] = b"\x01"
    desk.device.answers[c.ShortStatus] = [short_status(2, 5), short_status()]
    desk.device.answers[r.CashIn] = [0x50, r.CashReply(30, 43)]
    desk.register.cash_in(1, None)
    assert desk.device.tables[17, 1, 7] == b"\x00"
    assert len(desk.device.sent(r.CashIn)) == 2  # the first was refused: it did not run


def test_cash_counters(desk: Desk) -> None:
    money = {241: 500000, 242: 700000, 243: 200000}
    desk.device.answers[c.MoneyRegister] = [lambda asked: c.RegisterReply(30, money[asked.register])]
    assert desk.register.cash_counters() == CashCounters(42, 500000, 700000, 200000, 153, 154)
    assert all(command.repeat is c.Repeat.SAFE for command in desk.device.log)


# --- totals of the shift ---------------------------------------------------------------------------------------------


def totals(desk: Desk, money: dict[int, int], counts: dict[int, int], *, wide: bool = True) -> ShiftTotals:
    def value(asked: c.MoneyRegister) -> object:
        return 0x33 if asked.register > 255 and not wide else c.RegisterReply(30, money.get(asked.register, 0))

    desk.device.answers[c.MoneyRegister] = [value]
    desk.device.answers[r.OperationRegister] = [
        lambda asked: r.OperationRegisterReply(30, counts.get(asked.register, 0))
    ]
    return desk.register.shift_totals()


def test_the_registers_count_in_another_order_than_the_tag(desk: Desk) -> None:
    """Groups of four: income, expense, return of income, return of expense; tag 1054: 1, 3, 2, 4."""
    counts = {144: 10, 145: 30, 146: 20, 147: 40}
    money = {193: 1000, 194: 3000, 195: 2000, 196: 4000, 197: 1, 198: 3, 199: 2, 200: 4}
    told = totals(desk, money, counts)
    assert told.receipts == {1: 10, 2: 20, 3: 30, 4: 40}
    assert told.cash == {1: 1000, 2: 2000, 3: 3000, 4: 4000}
    assert told.cashless == {1: 1, 2: 2, 3: 3, 4: 4}
    assert told.total == {1: 1001, 2: 2002, 3: 3003, 4: 4004}


def test_every_kind_of_payment_counts_for_the_total_and_the_electronic_ones_as_cashless(desk: Desk) -> None:
    money = {193: 1, 197: 10, 201: 100, 205: 1000}
    money |= {4144 + 4 * (kind - 5): 10_000 for kind in range(5, 14)}  # still electronic
    money |= {4180: 100_000, 4184: 200_000, 4188: 300_000}  # prepaid, credit, other
    told = totals(desk, money, {144: 1})
    assert (told.cash[1], told.cashless[1], told.total[1]) == (1, 91_110, 691_111)


def test_a_model_with_four_kinds_of_payment(desk: Desk) -> None:
    told = totals(desk, {193: 1, 205: 1000}, {144: 1}, wide=False)
    assert (told.cash[1], told.cashless[1], told.total[1]) == (1, 1000, 1001)


def test_a_shift_without_receipts_is_read_quickly(desk: Desk) -> None:
    told = totals(desk, {241: 5, 242: 6, 243: 7}, {})
    nothing = dict.fromkeys((1, 2, 3, 4), 0)
    assert told == ShiftTotals(nothing, nothing, nothing, nothing, 6, 7, 5)
    assert len(desk.device.log) == 7


# --- health ----------------------------------------------------------------------------------------------------------

OPENED_AT = datetime(2026, 11, 21, 8, 30)


def archive(desk: Desk, kinds: dict[int, int], shift: int = 7) -> None:
    """Documents by number: their type. Every number has a date of its own."""

    def find(asked: c.FindDocument) -> object:
        if asked.fd not in kinds:
            return 0x08
        at = OPENED_AT.replace(minute=asked.fd % 60)
        return c.FoundDocumentReply(kinds[asked.fd], 0, at, asked.fd, 1, shift.to_bytes(2, "little"))

    desk.device.answers[c.FindDocument] = [find]


def healthy(desk: Desk) -> None:
    desk.device.answers[r.DriveExpiry] = [r.DriveExpiryReply(date(2027, 11, 30), 29, 1)]
    desk.device.answers[r.DriveMemory] = [r.DriveMemoryReply(1000, 30720, 0)]
    desk.device.answers[r.ExchangeState] = [r.ExchangeReply(0, 0, 3, 43, datetime(2026, 11, 21, 14, 5))]
    archive(desk, {42: 2, 43: 3, 44: 3, 45: 3})  # three receipts of the shift


def test_health(desk: Desk) -> None:
    healthy(desk)
    assert desk.register.health() == Health(
        shift_opened_at=datetime(2026, 11, 21, 8, 42),
        fn_expires=date(2027, 11, 30),
        fn_documents_left=1000,
        registrations_left=29,
        unsent=3,
        unsent_first_fd=43,
        unsent_first_at=datetime(2026, 11, 21, 14, 5),
    )
    assert all(command.repeat is c.Repeat.SAFE for command in desk.device.log)


def test_what_a_register_does_not_tell_is_none(desk: Desk) -> None:
    healthy(desk)
    for kind in (r.DriveExpiry, r.DriveMemory, r.ExchangeState, r.Unconfirmed):
        desk.device.answers[kind] = [0x37]
    desk.device.answers[c.ShiftParameters] = [c.ShiftReply(0, 7, 3)]
    assert desk.register.health() == Health()


def test_a_register_that_tells_the_queue_only_while_the_shift_is_closed_still_counts_it(desk: Desk) -> None:
    healthy(desk)
    desk.device.answers[r.ExchangeState] = [0x73]
    desk.device.answers[r.Unconfirmed] = [r.UnconfirmedReply(3)]
    told = desk.register.health()
    assert (told.unsent, told.unsent_first_fd, told.unsent_first_at) == (3, None, None)


def test_an_empty_queue_has_no_first_document(desk: Desk) -> None:
    healthy(desk)
    desk.device.answers[r.ExchangeState] = [r.ExchangeReply(0, 0, 0, 0, None)]
    told = desk.register.health()
    assert (told.unsent, told.unsent_first_fd, told.unsent_first_at) == (0, None, None)


def test_health_is_not_told_by_a_drive_that_cannot_be_read(desk: Desk) -> None:
    healthy(desk)
    desk.device.answers[r.DriveMemory] = [0x2F]
    with pytest.raises(Refused) as caught:
        desk.register.health()
    assert caught.value.code == "fn_failed"


def test_the_opening_of_a_shift_is_looked_for_once_per_shift_and_drive(desk: Desk) -> None:
    healthy(desk)
    desk.register.health()
    asked = len(desk.device.sent(c.FindDocument))
    desk.register.disconnect()
    desk.register.connect()
    desk.register.health()
    assert len(desk.device.sent(c.FindDocument)) == asked == 1
    desk.device.answers[c.ShiftParameters] = [c.ShiftReply(1, 8, 0)]
    archive(desk, {45: 2}, shift=8)
    assert desk.register.health().shift_opened_at == datetime(2026, 11, 21, 8, 45)


@pytest.mark.parametrize(
    ("kinds", "shift", "minute"),
    [
        ({40: 2, 41: 21, 42: 21, 43: 3, 44: 3, 45: 3}, 7, 40),  # state reports among the receipts
        ({42: 2, 43: 3, 44: 3, 45: 3}, 6, None),  # the opening of another shift
        ({41: 5, 42: 21, 43: 3, 44: 3, 45: 3}, 7, None),  # a closing, and no opening after it
        ({43: 3, 44: 3, 45: 3}, 7, None),  # nothing there
    ],
)
def test_the_opening_is_found_or_not(desk: Desk, kinds: dict[int, int], shift: int, minute: int | None) -> None:
    healthy(desk)
    archive(desk, kinds, shift)
    at = desk.register.health().shift_opened_at
    assert at == (None if minute is None else OPENED_AT.replace(minute=minute))


def test_a_long_search_ends(desk: Desk) -> None:
    healthy(desk)
    desk.device.answers[c.DriveStatus] = [drive_status(last_fd=100_000)]
    archive(desk, dict.fromkeys(range(100_001), 21))
    assert desk.register.health().shift_opened_at is None
    assert len(desk.device.sent(c.FindDocument)) == 100


# --- slips -----------------------------------------------------------------------------------------------------------


def printed(desk: Desk) -> list[tuple[int, str]]:
    """Font and text of every line."""
    return [(line.font, line.text) for line in desk.device.sent(p.PrintFontLine)]


def test_a_slip_is_printed_in_the_registers_fonts_and_cut(desk: Desk) -> None:
    """The fonts are 48 and 24 characters wide: 576 dots by 12 and by 24."""
    assert desk.register.capabilities.columns == 48
    desk.register.print_slip(
        [
            SlipText("Квитанция", Align.CENTRE, bold=True),
            SlipText(""),
            SlipText("Аппарат принят в ремонт"),
            SlipText("500-00", Align.RIGHT),
        ],
        cut=True,
    )
    assert printed(desk) == [
        (2, "       Квитанция"),
        (1, " "),
        (1, "Аппарат принят в ремонт"),
        (1, " " * 42 + "500-00"),
    ]
    assert desk.device.said() == ["ReadTable", *["PrintFontLine"] * 4, "Feed", "Cut"]
    assert desk.device.sent(p.Feed) == [p.Feed(30, 2, 4)]
    assert desk.device.sent(p.Cut) == [p.Cut(30, 1)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("x" * 48, ["x" * 48]),
        ("x" * 49, ["x" * 48, "x"]),
        ("слово " * 10, ["слово слово слово слово слово слово слово слово", "слово слово"]),
        ("  отступ", ["  отступ"]),
        ("a" * 48 + " b", ["a" * 48, "b"]),
        ("одна\nдве", ["одна", "две"]),
        ("звонок\x07\x1b@", ["звонок  @"]),
    ],
)
def test_text_is_wrapped_at_the_papers_width(desk: Desk, text: str, pieces: list[str]) -> None:
    desk.register.print_slip([SlipText(text)], cut=False)
    assert [text for _, text in printed(desk)] == pieces


def test_a_register_that_does_not_tell_its_fonts_prints_by_the_older_commands(fresh: Desk) -> None:
    fresh.device.answers[p.FontMetrics] = [0x37]
    fresh.connect()
    fresh.register.print_slip([SlipText("x" * 49), SlipText("y" * 25, bold=True)], cut=False)
    assert [line.text for line in fresh.device.sent(p.PrintLine)] == ["x" * 48, "x"]
    assert [line.text for line in fresh.device.sent(p.PrintBoldLine)] == ["y" * 24, "y"]


@pytest.mark.parametrize(
    ("code", "command"),
    [
        (SlipBarcode("ean13", "460123456789"), p.PrintEan13(30, 460123456789)),
        (SlipBarcode("ean13", "4601234567893"), p.PrintEan13(30, 460123456789)),
        (SlipBarcode("ean8", "9638507"), p.PrintBarcode(30, 80, 3, 2, 0, 3, b"96385074")),
        (SlipBarcode("ean8", "96385074"), p.PrintBarcode(30, 80, 3, 2, 0, 3, b"96385074")),
        (SlipBarcode("code39", "A-1"), p.PrintBarcode(30, 80, 3, 2, 0, 4, b"A-1")),
        (SlipBarcode("itf", "0123"), p.PrintBarcode(30, 80, 3, 2, 0, 5, b"0123")),
        (SlipBarcode("code128", "Abc 1"), p.PrintBarcode(30, 80, 3, 2, 0, 8, b"Abc 1")),
    ],
)
def test_a_barcode_of_bars(desk: Desk, code: SlipBarcode, command: c.Command[Any]) -> None:
    desk.register.print_slip([code], cut=False)
    assert desk.device.sent(type(command)) == [command]


@pytest.mark.parametrize(
    ("code", "kind", "parameters", "align"),
    [
        (SlipBarcode("qr", "https://example.ru/" + "x" * 100), 3, (0, 0, 6, 0, 1), 1),
        (SlipBarcode("qr", "Привет", Align.RIGHT), 3, (0, 0, 6, 0, 1), 2),
        (SlipBarcode("pdf417", "0123", Align.LEFT), 0, (0, 0, 3, 9, 2), 0),
    ],
)
def test_a_barcode_of_dots_is_loaded_and_printed(
    desk: Desk, code: SlipBarcode, kind: int, parameters: tuple[int, ...], align: int
) -> None:
    desk.register.print_slip([code], cut=False)
    loads = desk.device.sent(p.LoadMatrix)
    data = code.value.encode()
    assert b"".join(load.data for load in loads) == data.ljust(64 * len(loads), b"\0")
    assert [load.block for load in loads] == list(range(-(-len(data) // 64)))
    assert desk.device.sent(p.PrintMatrix) == [p.PrintMatrix(30, kind, len(data), 0, parameters, align)]


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (SlipBarcode("ean13", "4601234567890"), "bad_barcode"),  # the check digit
        (SlipBarcode("ean13", "46012345678"), "bad_barcode"),
        (SlipBarcode("ean13", "٤٦٠١٢٣٤٥٦٧٨٩"), "bad_barcode"),  # digits, but not these
        (SlipBarcode("ean8", "96385070"), "bad_barcode"),
        (SlipBarcode("code39", "abc"), "bad_barcode"),
        (SlipBarcode("code39", "A" * 49), "bad_barcode"),
        (SlipBarcode("itf", "123"), "bad_barcode"),
        (SlipBarcode("code128", "Привет"), "bad_barcode"),
        (SlipBarcode("code128", "a\n"), "bad_barcode"),
        (SlipBarcode("qr", ""), "bad_barcode"),
        (SlipBarcode("pdf417", "x" * 1109), "bad_barcode"),
        (SlipBarcode("aztec", "1"), "unsupported"),
    ],
)
def test_what_a_barcode_cannot_carry_is_refused_before_anything_is_sent(
    desk: Desk, code: SlipBarcode, word: str
) -> None:
    with pytest.raises(Refused) as caught:
        desk.register.print_slip([SlipText("Заказ 5"), code], cut=True)
    assert caught.value.code == word
    assert desk.device.log == []


def test_a_slip_is_never_printed_into_an_open_document(desk: Desk) -> None:
    desk.device.answers[c.ShortStatus] = [short_status(8)]
    with pytest.raises(Refused) as caught:
        desk.register.print_slip([SlipText("Заказ 5")], cut=True)
    assert caught.value.code == "document_open"
    assert desk.device.said() == []


@pytest.mark.parametrize("told", [True, False])
def test_a_model_without_a_cutter_feeds_only(fresh: Desk, told: bool) -> None:
    fresh.device.answers[c.ModelParameters] = [c.ModelParametersReply(1 << 43) if told else 0x37]
    fresh.device.answers[p.Cut] = [0x37]
    fresh.connect()
    fresh.register.print_slip([SlipText("Заказ 5")], cut=True)
    assert len(fresh.device.sent(p.Feed)) == 1
    assert len(fresh.device.sent(p.Cut)) == (0 if told else 1)


def test_a_kind_that_the_model_has_not_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    path.write_text('[models.250]\nmissing = ["CB"]\n', "utf-8")
    desk = Desk(load_profile(path))
    desk.connect()
    with pytest.raises(Refused, match="ШТРИХ-М-01Ф has no such command") as caught:
        desk.register.print_slip([SlipText("Заказ 5"), SlipBarcode("code128", "5")], cut=True)
    assert caught.value.code == "unsupported"
    assert desk.device.log == []


# --- copy, drawer, and all of them -----------------------------------------------------------------------------------


def test_a_copy_and_none(desk: Desk) -> None:
    desk.register.print_copy()
    assert desk.device.said() == ["ReadTable", "PrintCopy"]
    desk.device.answers[p.PrintCopy] = [0x56]
    with pytest.raises(Refused) as caught:
        desk.register.print_copy()
    assert caught.value.code == "no_data"


def test_the_drawer_opens_with_or_without_paper(desk: Desk) -> None:
    desk.device.answers[c.ShortStatus] = [short_status(2, 1)]
    desk.register.open_drawer()
    assert desk.device.sent(p.OpenDrawer) == [p.OpenDrawer(30, 0)]


PRINTING: list[Use] = [
    lambda register: register.cash_in(1, None),
    lambda register: register.cash_out(1, None),
    lambda register: register.print_slip([SlipText("x")], cut=True),
    ShtrihRegister.print_copy,
]
OTHERS: list[Use] = [
    ShtrihRegister.open_drawer,
    ShtrihRegister.health,
    ShtrihRegister.cash_counters,
    ShtrihRegister.shift_totals,
]


@pytest.mark.parametrize("use", PRINTING)
@pytest.mark.parametrize("submode", [1, 2])
def test_without_paper_nothing_is_begun(desk: Desk, use: Use, submode: int) -> None:
    desk.device.answers[c.ShortStatus] = [short_status(2, submode)]
    with pytest.raises(Refused) as caught:
        use(desk.register)
    assert caught.value.code == "no_paper"
    assert desk.device.said() == []


@pytest.mark.parametrize("use", [*PRINTING, *OTHERS])
def test_nothing_is_sent_without_a_connection(fresh: Desk, use: Use) -> None:
    with pytest.raises(NotSent) as caught:
        use(fresh.register)
    assert caught.value.code == "device_offline"
    assert fresh.device.log == []


@pytest.mark.parametrize(
    ("mode", "word"),
    [(1, "register_dumping"), (5, "register_locked"), (9, "register_needs_reset"), (10, "register_testing"), (2, None)],
)
def test_modes_that_only_a_technician_ends_are_named(desk: Desk, mode: int, word: str | None) -> None:
    desk.device.answers[c.FullStatus] = [full_status(mode=mode)]
    assert desk.register.status().blocked == word
