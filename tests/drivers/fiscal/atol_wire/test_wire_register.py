"""The register at large: who answers, how it stands, shift, cash, paper, archive."""

# ruff: noqa: DTZ001  (a register's time is local)

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import pytest

from drivers.address import SetupError
from drivers.api import Align, DocumentKind, Paper, ShiftState, SlipBarcode, SlipText
from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.atol_wire import AtolWireRegister, load_profile
from drivers.registry import open_register
from drivers.transports.memory import VirtualClock
from protocol.ffd.tlv import encode
from tests.drivers.fiscal.atol_wire import peer
from tests.drivers.fiscal.atol_wire.desk import DRIVE, OK, RECEIPT, STATE, Desk

NO_PAPER, COVER = 0x43, 0x6B


# --- who answers -----------------------------------------------------------------------------------------------------


def test_identity(desk: Desk) -> None:
    identity = desk.register.connect()
    assert (identity.model, identity.firmware, identity.ffd) == ("АТОЛ 25Ф", "5.8.3000", "1.1")
    assert (identity.register_serial, identity.fn_serial) == ("00106100123456", "9999078900001234")
    assert (identity.registration_number, identity.inn, identity.taxation) == ("0000000001012345", "7701234567", 9)
    assert desk.register.capabilities.columns == 48


@pytest.mark.parametrize(
    ("year", "problems"), [("25", ()), ("26", ("vat_rate_missing",)), ("00 00 00", ("vat_rate_missing",))]
)
def test_that_the_rate_of_2026_is_missing_is_told_when_connecting(year: str, problems: tuple[str, ...]) -> None:
    desk = Desk()
    desk.answer("3F", STATE.format(flags=0x4B).replace("26 11 21", year if " " in year else f"{year} 11 21"))
    assert desk.register.connect().setup_problems == problems


def test_connecting_changes_nothing() -> None:
    desk = Desk()
    desk.register.connect()
    assert desk.sent == []


def test_what_a_register_does_not_tell(desk: Desk) -> None:
    for start in ("E9 0D 04", "E9 26 04", "91 1B", "91 18"):
        desk.answer(start, "55 7A")
    identity = desk.register.connect()
    assert (identity.registration_number, identity.inn, identity.taxation) == ("", "", None)
    assert desk.register.capabilities.columns == 32


def test_a_line_length_that_is_no_decimal_number_is_not_used(desk: Desk) -> None:
    desk.answer("91 18", OK + "2A 02 00")
    desk.register.connect()
    assert desk.register.capabilities.columns == 32


@pytest.mark.parametrize(
    ("start", "answer"),
    [("A5", "00 03 02 39 0000 05 08 00 30 00"), ("A5", "7A"), ("91 16", "55 7A"), ("A4 30", "55 7A")],
)
def test_another_kind_of_device(start: str, answer: str) -> None:
    desk = Desk()
    desk.answer(start, answer)
    with pytest.raises(NotSent) as caught:
        desk.register.connect()
    assert caught.value.code == "wrong_device"
    assert not desk.device.is_open


def test_another_register_behind_the_address(desk: Desk) -> None:
    desk.answer("3F", STATE.format(flags=0x4B).replace("12 34 56", "65 43 21"))
    with pytest.raises(NotSent) as caught:
        desk.register.status()
    assert caught.value.code == "wrong_device"


def test_the_table_of_drivers_knows_it() -> None:
    register = open_register("atol-wire", "tcp:127.0.0.1:5555", clock=VirtualClock())
    assert isinstance(register, AtolWireRegister)
    register.disconnect()


CALLS: dict[str, Callable[[AtolWireRegister], object]] = {
    "status": lambda r: r.status(),
    "archive_end": lambda r: r.archive_end(),
    "document": lambda r: r.document(1),
    "open_shift": lambda r: r.open_shift(None, None),
    "close_shift": lambda r: r.close_shift(None, None),
    "x_report": lambda r: r.x_report(),
    "health": lambda r: r.health(),
    "shift_totals": lambda r: r.shift_totals(),
    "cash_counters": lambda r: r.cash_counters(),
    "cash_in": lambda r: r.cash_in(1, None),
    "print_slip": lambda r: r.print_slip([SlipText("x")], cut=True),
    "print_copy": lambda r: r.print_copy(),
    "open_drawer": lambda r: r.open_drawer(),
    "check_receipt": lambda r: r.check_receipt(RECEIPT),
    "fill_receipt": lambda r: r.fill_receipt(RECEIPT, lambda *_: None),
    "subtotal": lambda r: r.subtotal(),
    "close_receipt": lambda r: r.close_receipt(RECEIPT),
    "cancel_document": lambda r: r.cancel_document(),
    "continue_print": lambda r: r.continue_print(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_not_connected(call: Callable[[AtolWireRegister], object]) -> None:
    with pytest.raises(NotSent) as caught:
        call(Desk().register)
    assert caught.value.code == "device_offline"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("fate", [peer.POWER_AFTER, peer.MUTE, peer.CUT_BEFORE])
def test_only_the_three_verdicts(call: Callable[[AtolWireRegister], object], fate: str, desk: Desk) -> None:
    for at in range(6):
        desk.device.silent = False
        desk.device.fates[b""] = deque()
        desk.connect()
        desk.device.fates[b""] = deque([*[""] * at, fate])
        with suppress(NotSent, Refused, InDoubt):
            call(desk.register)


# --- status ----------------------------------------------------------------------------------------------------------


def test_status(desk: Desk) -> None:
    status = desk.register.status()
    assert (status.shift, status.shift_number, status.receipt_in_shift) == (ShiftState.OPEN, 6, 9)
    assert (status.document_open, status.fn_document_open, status.last_fd) == (False, False, 42)
    assert (status.paper, status.cover_open, status.drawer, status.blocked) == (Paper.PRESENT, False, 50000, None)
    assert (status.at, status.clock_unset) == (datetime(2026, 11, 21, 10, 30), False)


@pytest.mark.parametrize(("state", "shift", "number"), [(0, "closed", 5), (1, "open", 6), (2, "expired", 6)])
def test_shift(desk: Desk, state: int, shift: str, number: int) -> None:
    desk.answer("91 12", OK + f"0{state} 22 11 26 09 00 00")
    status = desk.register.status()
    assert (status.shift, status.shift_number) == (ShiftState(shift), number)


def test_a_state_of_the_shift_that_nobody_knows(desk: Desk) -> None:
    desk.answer("91 12", OK + "07 22 11 26 09 00 00")
    with pytest.raises(InDoubt) as caught:
        desk.register.status()
    assert caught.value.code == "bad_reply"


PAPER = {
    "all well": (0x4B, "00", "00", Paper.PRESENT, False),
    "no paper": (NO_PAPER, "00", "00", Paper.ABSENT, False),
    "no paper by the state's code": (0x4B, "01", "00", Paper.ABSENT, False),
    "ran out while printing": (NO_PAPER, "01", "10", Paper.INTERRUPTED, False),
    "loaded again": (0x4B, "00", "10", Paper.RESUMABLE, False),
    "cover open": (COVER, "00", "00", Paper.PRESENT, True),
    "cover opened while printing": (COVER, "00", "20", Paper.INTERRUPTED, True),
}


@pytest.mark.parametrize(("flags", "code", "printed", "paper", "cover"), PAPER.values(), ids=PAPER)
def test_paper(desk: Desk, flags: int, code: str, printed: str, paper: Paper, cover: bool) -> None:
    desk.answer("3F", STATE.format(flags=flags))
    desk.answer("45", f"55 01 {code}")
    desk.answer("91 3B", OK + printed)
    status = desk.register.status()
    assert (status.paper, status.cover_open) == (paper, cover)


def test_warnings_of_the_drive(desk: Desk) -> None:
    desk.answer("A4 30", DRIVE.format(document=1, warnings=0x8F))
    status = desk.register.status()
    assert status.fn_warnings == ("urgent_replacement", "resource", "memory", "ofd_overdue", "critical")
    assert status.fn_document_open
    assert desk.register.archive_end().fn_document_open


def test_a_drive_that_makes_no_documents(desk: Desk) -> None:
    desk.answer("A4 30", OK + "01" + DRIVE.format(document=0, warnings=0)[8:])
    assert desk.register.status().blocked == "fn_state"


def test_an_unset_clock(desk: Desk) -> None:
    desk.answer("3F", STATE.format(flags=0x4B).replace("26 11 21 10 30 00", "00 00 00 00 00 00"))
    status = desk.register.status()
    assert (status.clock_unset, status.at) == (True, datetime(2026, 11, 21, 10, 30))


def test_health(desk: Desk) -> None:
    health = desk.register.health()
    assert health.shift_opened_at == datetime(2026, 11, 21, 9, 0)
    assert (health.fn_expires, health.registrations_left) == (date(2027, 11, 21), 4)
    assert (health.unsent, health.unsent_first_fd) == (2, 41)


def test_counters(desk: Desk) -> None:
    counters = desk.register.cash_counters()
    assert (counters.document_number, counters.drawer) == (1234, 50000)
    assert (counters.cash_in, counters.cash_out) == (100000, 50000)
    assert (counters.cash_in_count, counters.cash_out_count) == (2, 1)


def test_counters_belong_together(desk: Desk) -> None:
    moving = [OK + f"01 00 00 09 00 00 00 0{n}" for n in range(1, 4)]
    desk.answer("91 13", *moving)
    assert desk.register.cash_counters().document_number == 3
    numbers = iter(range(100))
    desk.answer("91 13", lambda: bytes.fromhex(OK + f"01 00 00 09 00 00 00 {next(numbers):02d}"))
    with pytest.raises(InDoubt) as caught:
        desk.register.cash_counters()
    assert caught.value.code == "device_busy"


def test_totals_go_by_their_own_order(desk: Desk) -> None:
    for place, roubles in enumerate((10, 30, 20, 40)):
        desk.answer(f"91 0C 0{place}", OK + f"00 00 00 00 00 {roubles} 00")
    for kind, roubles in {1: 10, 2: 20, 4: 30, 5: 40}.items():
        desk.answer(f"91 41 0{kind}", OK + f"00 00 00 00 {roubles + kind}")
        desk.answer(f"91 03 0{kind} 01", OK + f"00 00 00 00 {roubles} 00")
        desk.answer(f"91 03 0{kind} 02", OK + f"00 00 00 00 00 {roubles}")
    totals = desk.register.shift_totals()
    assert totals.receipts == {1: 11, 2: 22, 3: 34, 4: 45}
    assert totals.total == totals.cash == {1: 1000, 2: 2000, 3: 3000, 4: 4000}
    assert totals.cashless == {1: 10, 2: 20, 3: 30, 4: 40}


# --- shift, reports, cash --------------------------------------------------------------------------------------------

PEOPLE = [
    "E8 01 01 00 FD 03 06 00 88 A2 A0 AD AE A2",
    "E8 01 01 00 B3 04 0C 00 35 30 30 31 30 30 37 33 32 32 35 39",
]


def test_open_shift(desk: Desk) -> None:
    desk.register.open_shift("Иванов", "500100732259")
    assert desk.sent == [*PEOPLE, "9A 00"]


def test_close_shift_is_another_mode(desk: Desk) -> None:
    desk.register.close_shift("Иванов", "500100732259")
    assert desk.sent == [*PEOPLE, "48", "56 03 00 00 00 30", "5A"]


def test_reports_and_cash(desk: Desk) -> None:
    desk.register.cash_in(123456, "Иванов")
    desk.register.cash_out(1, None)
    desk.register.x_report()
    desk.register.print_copy()
    desk.register.open_drawer()
    assert desk.sent == [
        *(PEOPLE[0], "49 00 00 00 12 34 56", "4F 00 00 00 00 00 01"),
        *("48", "56 02 00 00 00 30", "67 01", "95", "80"),
    ]


def test_a_cashier_whose_name_is_too_long(desk: Desk) -> None:
    with pytest.raises(Refused) as caught:
        desk.register.open_shift("И" * 65, None)
    assert caught.value.code == "bad_parameter"
    assert desk.sent == []


def test_more_cash_than_there_is(desk: Desk) -> None:
    desk.answer("4F", "55 98")
    with pytest.raises(Refused) as caught:
        desk.register.cash_out(10**9, None)
    assert caught.value.code == "cash_short"


def test_without_paper_nothing_is_begun(desk: Desk) -> None:
    desk.answer("3F", STATE.format(flags=NO_PAPER))
    for call in (desk.register.x_report, desk.register.print_copy, lambda: desk.register.open_shift("Иванов", None)):
        with pytest.raises(Refused) as caught:
            call()
        assert caught.value.code == "no_paper"
    with pytest.raises(Refused):
        desk.fill()
    assert desk.sent == []


@pytest.mark.parametrize(("answer", "code"), [("55 01 04", "printer_fault"), ("55 01 10", "printer_fault")])
def test_a_printer_that_is_stuck(desk: Desk, answer: str, code: str) -> None:
    desk.answer("45", answer)
    with pytest.raises(Refused) as caught:
        desk.register.x_report()
    assert caught.value.code == code


def test_what_was_interrupted_is_printed_first(desk: Desk) -> None:
    desk.answer("91 3B", OK + "10", OK + "00")
    desk.register.x_report()
    assert desk.sent[0] == "EE"


def test_a_busy_register_is_waited_for(desk: Desk) -> None:
    desk.answer("9A", "55 76", "55 76", OK)
    desk.register.open_shift(None, None)
    assert desk.sent == ["9A 00"] * 3
    desk.answer("9A", "55 76")
    with pytest.raises(Refused) as caught:
        desk.register.open_shift(None, None)
    assert caught.value.code == "device_busy"


def test_a_shift_that_could_not_be_printed_is_doubt(desk: Desk) -> None:
    desk.answer("5A", "55 67")
    with pytest.raises(InDoubt) as caught:
        desk.register.close_shift(None, None)
    assert caught.value.code == "no_paper"


def test_continue_print(desk: Desk) -> None:
    with pytest.raises(Refused) as caught:
        desk.register.continue_print()
    assert caught.value.code == "wrong_state"
    desk.answer("91 3B", OK + "10")
    desk.answer("3F", STATE.format(flags=NO_PAPER))
    with pytest.raises(Refused) as caught:
        desk.register.continue_print()
    assert caught.value.code == "no_paper"
    desk.answer("91 3B", OK + "10", OK + "00")
    desk.answer("3F", STATE.format(flags=0x4B))
    desk.register.continue_print()
    assert desk.sent == ["EE"]


# --- the fence -------------------------------------------------------------------------------------------------------


OPEN, NOT_OPEN = OK + "01 01 00 09 00 00 12 34", OK + "01 00 00 09 00 00 12 34"


def test_cancelling_what_is_not_open_is_harmless(desk: Desk) -> None:
    desk.register.cancel_document()
    assert desk.sent == []


def test_cancelling_an_open_document(desk: Desk) -> None:
    desk.answer("59", OK)
    desk.answer("91 13", OPEN, OPEN, NOT_OPEN)
    desk.register.cancel_document()
    assert desk.sent == ["59", "59"]


def test_cancelling_in_another_mode(desk: Desk) -> None:
    desk.answer("91 13", OPEN, OPEN, NOT_OPEN)
    desk.answer("45", "55 03 00")
    desk.answer("59", "55 66", OK)
    desk.register.cancel_document()
    assert desk.sent == ["59", "48", "56 01 00 00 00 30", "59"]


def test_cancelling_that_is_refused(desk: Desk) -> None:
    desk.answer("91 13", OPEN)
    desk.answer("59", "55 67")
    with pytest.raises(Refused) as caught:
        desk.register.cancel_document()
    assert (caught.value.code, caught.value.vendor) == ("no_paper", "67")


def test_requisites_of_a_receipt_that_was_not_opened_are_dropped(desk: Desk) -> None:
    desk.answer("92", "55 88")
    with pytest.raises(Refused):
        desk.fill()
    desk.device.executed.clear()
    desk.register.cancel_document()
    desk.register.cancel_document()
    assert desk.sent == ["59"]


def test_a_document_that_stays_open(desk: Desk) -> None:
    desk.answer("59", OK)
    desk.answer("A4 30", DRIVE.format(document=4, warnings=0))
    with pytest.raises(Refused) as caught:
        desk.register.cancel_document()
    assert caught.value.code == "document_open"


# --- slips -----------------------------------------------------------------------------------------------------------


def test_a_slip(desk: Desk) -> None:
    lines = [
        SlipText("Да", Align.RIGHT, bold=True),
        SlipBarcode("qr", "https://e.ru"),
        SlipBarcode("ean13", "460123456789"),
    ]
    desk.register.print_slip(lines, cut=True)
    assert desk.sent == [
        *("48", "56 02 00 00 00 30"),
        "4C " + "20 " * 46 + "84 A0",
        "C1 00 01 05 " + "00 " * 11 + b"https://e.ru".hex(" ").upper(),
        "C1 01 01 05 " + "00 " * 11 + b"4601234567893".hex(" ").upper(),
        *("73", "75 01"),
    ]


@pytest.mark.parametrize(
    ("barcode", "code"),
    [
        (SlipBarcode("code128", "ABC"), "unsupported"),
        (SlipBarcode("ean13", "12"), "bad_barcode"),
        (SlipBarcode("ean13", "4601234567890"), "bad_barcode"),
    ],
)
def test_barcodes_that_cannot_be_printed(desk: Desk, barcode: SlipBarcode, code: str) -> None:
    with pytest.raises(Refused) as caught:
        desk.register.print_slip([SlipText("x"), barcode], cut=False)
    assert caught.value.code == code
    assert desk.sent == []


def test_a_slip_never_goes_into_a_document(desk: Desk) -> None:
    desk.answer("91 13", OK + "01 01 00 09 00 00 12 34")
    with pytest.raises(Refused) as caught:
        desk.register.print_slip([SlipText("x")], cut=False)
    assert caught.value.code == "document_open"
    assert desk.sent == []


def test_half_a_slip_is_doubt(desk: Desk) -> None:
    desk.answer("73", "55 66")
    with pytest.raises(InDoubt) as caught:
        desk.register.print_slip([SlipText("x")], cut=False)
    assert caught.value.code == "wrong_state"


def test_a_register_without_a_cutter_has_printed_it(desk: Desk) -> None:
    desk.answer("75", "55 7A")
    desk.register.print_slip([SlipText("x")], cut=True)


# --- the archive -----------------------------------------------------------------------------------------------------

TAGS = [
    encode(1054, 1),
    encode(1020, 450000),
    encode(1038, 6),
    encode(1042, 9),
    encode(1084, ((1085, "ID"), (1086, "ABCDEFGHIJKLM"))),
]
FOUND = OK + "{kind:02X} 00 1A 0B 15 0A 1E 2A000000 78563412 01 02"


def archive(desk: Desk, *records: bytes, kind: int = 3) -> None:
    desk.answer("A4 40", FOUND.format(kind=kind))
    desk.answer("A4 45", OK)
    desk.answer("A4 46", *(b"\x55\x00" + record for record in records), "55 DA")


def test_a_receipt_is_read_back(desk: Desk) -> None:
    archive(desk, *TAGS)
    found = desk.register.document(42)
    assert found is not None
    assert (found.kind, found.fd, found.fpd) == (DocumentKind.RECEIPT, 42, "305419896")
    assert (found.sign, found.total, found.shift_number, found.receipt_in_shift) == (1, 450000, 6, 9)
    assert (found.imprint, found.at) == ("ABCDEFGHIJKLM", datetime(2026, 11, 21, 10, 30))
    assert found.tags["1020"] == "4500.00"


def test_a_document_in_one_record(desk: Desk) -> None:
    content = b"".join(TAGS)
    archive(desk, b"\x03\x00" + len(content).to_bytes(2, "little") + content)
    found = desk.register.document(42)
    assert found is not None
    assert found.total == 450000


def test_no_such_document(desk: Desk) -> None:
    desk.answer("A4 40", "55 DA")
    assert desk.register.document(42) is None


def test_tags_that_are_gone(desk: Desk) -> None:
    archive(desk, kind=5)
    found = desk.register.document(42)
    assert found is not None
    assert (found.kind, found.tags, found.imprint, found.total) == (DocumentKind.CLOSE_SHIFT, {}, None, None)


def test_tags_that_do_not_end(desk: Desk) -> None:
    archive(desk, *TAGS)
    desk.answer("A4 46", b"\x55\x00" + TAGS[0])
    found = desk.register.document(42)
    assert found is not None
    assert found.imprint is None


def test_another_document_than_the_one_asked_for(desk: Desk) -> None:
    archive(desk, *TAGS)
    with pytest.raises(InDoubt) as caught:
        desk.register.document(41)
    assert caught.value.code == "bad_reply"


# --- the profile -----------------------------------------------------------------------------------------------------

BAD = {
    "[line]\nanswer = 0": "line.answer",
    "[access]\ndevice = 10000": "access.device",
    "[imprint]\nwrite = 1": "imprint.write",
    "[time]\nclosing = 3": "time.closing",
    "[paper]\ncut = 2": "paper.cut",
    "nonsense": "profile",
}


@pytest.mark.parametrize(("text", "named"), BAD.items())
def test_a_profile_that_is_wrong(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SetupError) as caught:
        load_profile(file)
    assert caught.value.code == "bad_profile"
    assert named in caught.value.en


def test_a_profile_replaces_what_it_names(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("[access]\npassword = 29\n[time]\nclose = 45\n", encoding="utf-8")
    own, ours = load_profile(file), load_profile()
    assert (own.password, own.max_time["close"], own.max_time["fill"]) == (29, 45.0, ours.max_time["fill"])
