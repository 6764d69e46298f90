"""What the driver does with a register's answers, one method after another."""

# ruff: noqa: DTZ001  (a register has local time only)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from drivers.api import DocumentKind, Paper, ShiftState
from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.shtrih import ShtrihRegister
from protocol.ffd.planned import PlannedPayments, PlannedReceipt
from protocol.ffd.tlv import encode_all
from protocol.ffd.vat import Vat
from protocol.wire.shtrih import commands as c
from protocol.wire.shtrih.codec import Frame
from tests.drivers.fiscal.desk import LINE, RECEIPT, Desk
from tests.drivers.fiscal.scripted import (
    Broken,
    Gone,
    Lost,
    drive_status,
    full_status,
    short_status,
)

# --- connect ---------------------------------------------------------------------------------------------------------


def test_connect_tells_who_answers(fresh: Desk) -> None:
    identity = fresh.register.connect()
    assert identity.model == "ШТРИХ-М-01Ф"
    assert identity.register_serial == "0010690044005314"
    assert identity.fn_serial == "9999681719158025"
    assert identity.registration_number == "8490856970047916"
    assert identity.inn == "7742856793"
    assert identity.ffd == "1.2"
    assert identity.firmware == "C.3 19234"


def test_connect_only_reads(fresh: Desk) -> None:
    fresh.register.connect()
    assert all(command.repeat is c.Repeat.SAFE for command in fresh.device.log)


def test_an_older_register_has_the_short_serial_and_format_1_05(fresh: Desk) -> None:
    for cell in [(18, 1, 1), (17, 1, 17), (17, 1, 71), (1, 1, 14)]:
        del fresh.device.tables[cell]
    identity = fresh.register.connect()
    assert (identity.register_serial, identity.ffd) == ("44005314", "1.05")


def test_nobody_there(fresh: Desk) -> None:
    fresh.device.feed = lambda _: None  # type: ignore[method-assign]
    with pytest.raises(NotSent) as caught:
        fresh.register.connect()
    assert caught.value.code == "device_offline"


@pytest.mark.parametrize("kind", [c.DeviceType, c.DriveStatus])
def test_a_device_that_does_not_know_the_commands_is_the_wrong_one(fresh: Desk, kind: type[Any]) -> None:
    fresh.device.answers[kind] = [0x37]
    with pytest.raises(NotSent) as caught:
        fresh.register.connect()
    assert caught.value.code == "wrong_device"


def test_a_device_of_another_type_is_the_wrong_one(fresh: Desk) -> None:
    fresh.device.answers[c.DeviceType] = [c.DeviceTypeReply(1, 0, 1, 14, 7, 0, "ВЕСЫ")]
    with pytest.raises(NotSent, match="ВЕСЫ") as caught:
        fresh.register.connect()
    assert caught.value.code == "wrong_device"


def test_a_wrong_password_is_named(fresh: Desk) -> None:
    fresh.device.answers[c.FullStatus] = [0x4F]
    with pytest.raises(Refused) as caught:
        fresh.register.connect()
    assert (caught.value.code, caught.value.vendor) == ("wrong_password", "4F")


def test_a_drive_that_does_not_answer_is_named(fresh: Desk) -> None:
    fresh.device.answers[c.DriveStatus] = [0x2F]
    with pytest.raises(Refused) as caught:
        fresh.register.connect()
    assert caught.value.code == "fn_failed"


@pytest.mark.parametrize(
    "use",
    [
        ShtrihRegister.status,
        ShtrihRegister.subtotal,
        ShtrihRegister.cancel_document,
        ShtrihRegister.continue_print,
        ShtrihRegister.x_report,
        lambda r: r.document(1),
        lambda r: r.open_shift(None, None),
        lambda r: r.close_shift(None, None),
        lambda r: r.fill_receipt(RECEIPT, lambda *_: None),
        lambda r: r.close_receipt(RECEIPT),
    ],
)
def test_nothing_is_sent_before_connect_and_after_disconnect(
    fresh: Desk, use: Callable[[ShtrihRegister], object]
) -> None:
    for _ in range(2):
        with pytest.raises(NotSent) as caught:
            use(fresh.register)
        assert caught.value.code == "device_offline"
        assert fresh.device.log == []
        fresh.register.connect()
        fresh.register.disconnect()
        fresh.register.disconnect()
        fresh.device.log.clear()


def test_a_reply_left_over_is_taken_and_thrown_away(fresh: Desk) -> None:
    lost = c.CloseReceipt(30, (1,), 0, (), 1, "")
    fresh.device.answers[c.CloseReceipt] = [Lost]
    fresh.device.feed(Frame(lost.to_bytes()).to_bytes())
    fresh.device.poll()
    assert fresh.register.connect().model == "ШТРИХ-М-01Ф"
    assert list(fresh.register.stale_replies) == [b"\xff\x45\x00"]


# --- status ----------------------------------------------------------------------------------------------------------


def test_status_of_an_idle_register(desk: Desk) -> None:
    status = desk.register.status()
    assert (status.register_serial, status.fn_serial) == ("0010690044005314", "9999681719158025")
    assert (status.shift, status.shift_number, status.receipt_in_shift) == (ShiftState.OPEN, 7, 3)
    assert (status.document_open, status.fn_document_open, status.busy) == (False, False, False)
    assert (status.last_fd, status.drawer, status.paper) == (45, 12345, Paper.PRESENT)
    assert (status.cover_open, status.clock_unset, status.blocked, status.fn_warnings) == (False, False, None, ())
    assert status.at == datetime(2026, 11, 21, 14, 5, 9)
    assert all(command.repeat is c.Repeat.SAFE for command in desk.device.log)


@pytest.mark.parametrize(
    ("kind", "answer", "says"),
    [
        (c.FullStatus, full_status(mode=8), {"document_open": True}),
        (c.FullStatus, full_status(mode=0x28), {"document_open": True}),
        (c.FullStatus, full_status(mode=3), {"shift": ShiftState.EXPIRED}),
        (c.ShiftParameters, c.ShiftReply(0, 7, 3), {"shift": ShiftState.CLOSED, "shift_number": 7}),
        (c.FullStatus, full_status(submode=1), {"paper": Paper.ABSENT, "busy": False}),
        (c.FullStatus, full_status(submode=2), {"paper": Paper.INTERRUPTED}),
        (c.FullStatus, full_status(submode=3), {"paper": Paper.RESUMABLE}),
        (c.FullStatus, full_status(submode=5), {"paper": Paper.PRESENT, "busy": True}),
        (c.FullStatus, full_status(submode=4), {"busy": True}),
        (c.FullStatus, full_status(submode=77), {"paper": Paper.PRESENT, "busy": False}),
        (c.FullStatus, full_status(mode=12), {"busy": True}),
        (c.FullStatus, full_status(mode=6), {"clock_unset": True}),
        (c.FullStatus, full_status(clock=False), {"clock_unset": True}),
        (c.FullStatus, full_status(flags=1 << 10), {"cover_open": True}),
        (c.DriveStatus, drive_status(document=4), {"fn_document_open": True}),
        (c.DriveStatus, drive_status(phase=15), {"blocked": "fn_state"}),
        (c.DriveStatus, drive_status(warnings=0b1010), {"fn_warnings": ("resource", "ofd_overdue")}),
        (c.DriveStatus, drive_status(warnings=0b0101), {"fn_warnings": ("urgent_replacement", "memory")}),
        (c.MoneyRegister, 0x33, {"drawer": None}),
    ],
)
def test_status_says(desk: Desk, kind: type[Any], answer: object, says: dict[str, object]) -> None:
    desk.device.answers[kind] = [answer]
    status = desk.register.status()
    assert {name: getattr(status, name) for name in says} == says


def test_a_register_swapped_behind_the_address_is_noticed(desk: Desk) -> None:
    desk.device.answers[c.FullStatus] = [full_status(serial=1)]
    with pytest.raises(NotSent) as caught:
        desk.register.status()
    assert caught.value.code == "wrong_device"


def test_a_drive_that_cannot_be_read_gives_no_status(desk: Desk) -> None:
    """A status without the last document's number could be taken for "nothing new"."""
    desk.device.answers[c.DriveStatus] = [0x30]
    with pytest.raises(Refused) as caught:
        desk.register.status()
    assert caught.value.code == "fn_failed"


# --- a receipt up to its closing -------------------------------------------------------------------------------------


def test_a_receipt_is_filled_in_order(desk: Desk) -> None:
    assert desk.fill() == [(1, 1)]
    assert desk.device.said() == [
        "ReadTable", "OpenReceipt", *["SendTags"] * 3, "Operation", "SendLineTags", "SendTags",
    ]  # fmt: skip
    assert [tags.tlv for tags in desk.device.sent(c.SendTags)] == [
        encode_all([(1021, "Иванова М.")]),
        encode_all([(1203, "500100732259")]),
        encode_all([(1008, "+79001234567")]),
        encode_all([(1084, [(1085, "ID"), (1086, "ABCDEFGHIJKLM")])]),
    ]
    assert desk.device.sent(c.Operation) == [
        c.Operation(30, 1, 1_000_000, 450000, 450000, None, 0xCB, 1, 4, 4, "Замена дисплея")
    ]
    assert desk.device.sent(c.SendLineTags) == [c.SendLineTags(30, encode_all([(2108, 0)]))]


@pytest.mark.parametrize(("sign", "kind"), [(1, 0), (2, 2), (3, 1), (4, 3)])
def test_the_two_commands_count_the_operations_differently(desk: Desk, sign: int, kind: int) -> None:
    desk.fill(replace(RECEIPT, sign=sign))
    assert desk.device.sent(c.OpenReceipt)[0].kind == kind
    assert desk.device.sent(c.Operation)[0].operation == sign


@pytest.mark.parametrize(
    ("vat", "byte"),
    [
        (Vat.VAT20, 0x01),
        (Vat.VAT10, 0x02),
        (Vat.VAT0, 0x04),
        (Vat.NONE, 0x08),
        (Vat.VAT120, 0x10),
        (Vat.VAT110, 0x20),
        (Vat.VAT5, 0x81),
        (Vat.VAT7, 0x82),
        (Vat.VAT105, 0x84),
        (Vat.VAT107, 0x90),
        (Vat.VAT22, 0xCB),
        (Vat.VAT122, 0xCC),
    ],
)
def test_vat_by_the_registers_own_table(desk: Desk, vat: Vat, byte: int) -> None:
    desk.fill(replace(RECEIPT, lines=(replace(LINE, vat=vat),)))
    assert desk.device.sent(c.Operation)[0].tax == byte


def test_vat_of_a_register_with_other_rows(fresh: Desk) -> None:
    for row, (rate, name) in enumerate([(2200, "НДС 22%"), (0, "Без налога"), (0, "НДС 0%")], start=1):
        fresh.device.tables[6, row, 1] = rate.to_bytes(2, "little")
        fresh.device.tables[6, row, 2] = name.encode("cp1251")
    fresh.connect()
    fresh.fill(replace(RECEIPT, lines=tuple(replace(LINE, vat=vat) for vat in (Vat.VAT22, Vat.NONE, Vat.VAT0))))
    assert [operation.tax for operation in fresh.device.sent(c.Operation)] == [0x01, 0x02, 0x04]


@pytest.mark.parametrize("vat", [Vat.VAT20, Vat.VAT120])
def test_a_register_that_makes_22_of_20_gets_no_20(fresh: Desk, vat: Vat) -> None:
    fresh.device.tables[17, 1, 71] = b"\x01"
    fresh.connect()
    with pytest.raises(Refused) as caught:
        fresh.fill(replace(RECEIPT, lines=(LINE, replace(LINE, vat=vat))))
    assert caught.value.code == "vat20_autoreplace"
    assert fresh.device.log == []


def test_a_rate_that_the_register_lacks_is_refused_before_anything_is_sent(fresh: Desk) -> None:
    fresh.device.tables[6, 11, 1] = (2300).to_bytes(2, "little")
    fresh.connect()
    with pytest.raises(Refused, match="vat22") as caught:
        fresh.fill()
    assert caught.value.code == "vat_rate_missing"
    assert fresh.device.log == []


@pytest.mark.parametrize(
    "receipt",
    [
        replace(RECEIPT, lines=(replace(LINE, name="x" * 129),)),
        replace(RECEIPT, lines=(replace(LINE, quantity=Decimal("0.0000001")),)),
        replace(RECEIPT, lines=(replace(LINE, price=-1),)),
        replace(RECEIPT, cashier_name="Иванова 🙂"),
        replace(RECEIPT, sign=7),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_sent(desk: Desk, receipt: PlannedReceipt) -> None:
    with pytest.raises(Refused) as caught:
        desk.fill(receipt)
    assert caught.value.code == "bad_parameter"
    assert desk.device.log == []


def test_a_register_that_wants_taxes_from_the_host_is_not_served(fresh: Desk) -> None:
    fresh.device.tables[1, 1, 14] = b"\x01"
    fresh.connect()
    with pytest.raises(Refused, match="table 1 field 14") as caught:
        fresh.fill()
    assert caught.value.code == "tax_by_host"


def test_quantities_are_exact(desk: Desk) -> None:
    desk.fill(replace(RECEIPT, lines=(replace(LINE, quantity=Decimal("0.333333")),)))
    assert desk.device.sent(c.Operation)[0].quantity == 333333


@pytest.mark.parametrize("ffd", [2, 3])
def test_older_formats_write_the_unit_as_a_word(fresh: Desk, ffd: int) -> None:
    fresh.device.tables[17, 1, 17] = bytes((ffd,))
    fresh.connect()
    fresh.fill(replace(RECEIPT, lines=(replace(LINE, unit=11),)))
    assert fresh.device.sent(c.SendLineTags) == [c.SendLineTags(30, encode_all([(1197, "кг")]))]


def test_without_people_and_imprint_no_tags_are_sent(desk: Desk) -> None:
    desk.fill(replace(RECEIPT, cashier_name=None, cashier_inn=None, buyer_contact=None, imprint=None))
    assert desk.device.sent(c.SendTags) == []


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [(0, True, 0), (0, False, 1), (1, True, 0), (1, False, 1), (2, True, 2), (2, False, 2), (3, True, 3)],
)
def test_paper_or_none_for_the_next_document(desk: Desk, before: int, wanted: bool, after: int) -> None:
    """1 is "not the next one"; it may be left over from a receipt that came to nothing. 2 and 3 are the owner's."""
    desk.device.tables[17, 1, 7] = bytes((before,))
    desk.fill(replace(RECEIPT, print=wanted))
    assert desk.device.tables[17, 1, 7] == bytes((after,))
    said = desk.device.said()
    assert "WriteTable" not in said or said.index("WriteTable") < said.index("OpenReceipt")


def test_a_model_without_the_switch_says_so(fresh: Desk) -> None:
    del fresh.device.tables[17, 1, 7]
    fresh.connect()
    fresh.fill()
    with pytest.raises(Refused) as caught:
        fresh.fill(replace(RECEIPT, print=False))
    assert caught.value.code == "unsupported"


def test_subtotal(desk: Desk) -> None:
    desk.device.answers[c.Subtotal] = [c.SubtotalReply(30, 450000)]
    assert desk.register.subtotal() == 450000


# --- closing ---------------------------------------------------------------------------------------------------------


def test_closing_sends_what_was_handed_over_and_gets_the_change(desk: Desk) -> None:
    desk.device.answers[c.CloseReceipt] = [c.ClosedReply(50000, 46, 0xB5003DE9)]
    reply = desk.register.close_receipt(RECEIPT)
    assert (reply.fd, reply.fpd, reply.change) == (46, "3036691945", 50000)
    closing = desk.device.sent(c.CloseReceipt)[0]
    assert closing.payments == (400000, 100000, *(0,) * 14)
    assert (closing.rounding, closing.taxes, closing.tax_system, closing.text) == (0, (0,) * 6, 1, "")


def test_every_payment_has_its_place(desk: Desk) -> None:
    desk.device.answers[c.CloseReceipt] = [c.ClosedReply(0, 46, 1)]
    desk.register.close_receipt(replace(RECEIPT, payments=PlannedPayments(1, 2, 3, 4, 5), cash_tendered=1))
    assert desk.device.sent(c.CloseReceipt)[0].payments == (1, 2, *(0,) * 11, 3, 4, 5)


def test_paper_that_runs_out_after_closing_does_not_unmake_the_receipt(desk: Desk) -> None:
    desk.device.answers[c.CloseReceipt] = [c.ClosedReply(0, 46, 1)]
    desk.device.answers[c.ShortStatus] = [short_status(8), short_status(2, 5), short_status(2, 2)]
    assert desk.register.close_receipt(RECEIPT).fd == 46


def test_a_line_that_breaks_after_the_reply_does_not_unmake_the_receipt(desk: Desk) -> None:
    desk.device.answers[c.CloseReceipt] = [c.ClosedReply(0, 46, 1)]
    desk.device.answers[c.ShortStatus] = [short_status(8), Broken]
    assert desk.register.close_receipt(RECEIPT).fd == 46


@pytest.mark.parametrize(("error", "code"), [(0x45, "payment_short"), (0x4D, "cashless_over"), (0x4E, "shift_expired")])
def test_a_refused_close_is_refused(desk: Desk, error: int, code: str) -> None:
    desk.device.answers[c.CloseReceipt] = [error]
    with pytest.raises(Refused) as caught:
        desk.register.close_receipt(RECEIPT)
    assert (caught.value.code, caught.value.vendor) == (code, f"{error:02X}")
    assert len(desk.device.sent(c.CloseReceipt)) == 1


@pytest.mark.parametrize("error", [0x03, 0x2F, 0x30, 0x39, 0x6A, 0xEE])
def test_a_register_that_lost_touch_with_its_drive_while_closing_is_in_doubt(desk: Desk, error: int) -> None:
    desk.device.answers[c.CloseReceipt] = [error]
    with pytest.raises(InDoubt) as caught:
        desk.register.close_receipt(RECEIPT)
    assert caught.value.vendor == f"{error:02X}"
    assert len(desk.device.sent(c.CloseReceipt)) == 1


@pytest.mark.parametrize("fate", [Gone, Broken])
def test_a_lost_close_is_in_doubt_and_never_sent_again(desk: Desk, fate: object) -> None:
    desk.device.answers[c.CloseReceipt] = [fate]
    started = desk.clock.now()
    with pytest.raises(InDoubt) as caught:
        desk.register.close_receipt(RECEIPT)
    assert caught.value.code == ("no_reply" if fate is Gone else "link_lost")
    assert caught.value.remaining == pytest.approx(max(0.0, 30 - (desk.clock.now() - started)), abs=0.5)
    assert len(desk.device.sent(c.CloseReceipt)) == 1
    with pytest.raises(NotSent):  # the channel is closed: its late bytes answer nothing
        desk.register.subtotal()


def test_a_reply_lost_on_the_line_comes_on_enquiry(desk: Desk) -> None:
    desk.device.answers[c.ContinuePrint] = [Lost]
    desk.device.answers[c.ShortStatus] = [short_status(2, 3), short_status(2, 0)]
    desk.register.continue_print()
    assert len(desk.device.sent(c.ContinuePrint)) == 1


def test_a_reply_that_says_too_little_is_in_doubt(desk: Desk) -> None:
    desk.device.answers[c.CloseReceipt] = [c.Done()]
    with pytest.raises(InDoubt) as caught:
        desk.register.close_receipt(RECEIPT)
    assert caught.value.code == "bad_reply"


def test_a_line_that_never_falls_silent_ends_too(desk: Desk) -> None:
    def noisy(_: object) -> object:
        desk.device.noise = b"\x00"
        return Gone

    desk.device.answers[c.CloseReceipt] = [noisy]
    with pytest.raises(InDoubt):
        desk.register.close_receipt(RECEIPT)


# --- paper -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("flags", "code"), [(0x0292, "no_paper"), (0x0292 | 1 << 10, "cover_open")])
@pytest.mark.parametrize("submode", [1, 2])
def test_without_paper_nothing_is_begun(desk: Desk, submode: int, flags: int, code: str) -> None:
    desk.device.answers[c.ShortStatus] = [short_status(2, submode, flags)]
    for use in (desk.fill, desk.register.x_report, lambda: desk.register.open_shift(None, None)):
        with pytest.raises(Refused) as caught:
            use()
        assert caught.value.code == code
    assert desk.device.said() == []


def test_printing_is_waited_for(desk: Desk) -> None:
    desk.device.answers[c.ShortStatus] = [*[short_status(2, 5)] * 20, short_status()]
    started = desk.clock.now()
    desk.fill()
    assert desk.clock.now() - started == pytest.approx(2.0, abs=0.2)


def test_printing_that_never_ends_is_busy(desk: Desk) -> None:
    desk.device.answers[c.ShortStatus] = [short_status(2, 5)]
    with pytest.raises(Refused) as caught:
        desk.fill()
    assert caught.value.code == "device_busy"
    assert desk.device.said() == []


def test_interrupted_printing_is_continued_first(desk: Desk) -> None:
    desk.device.answers[c.ShortStatus] = [short_status(2, 3), short_status()]
    desk.fill()
    assert desk.device.said()[0] == "ContinuePrint"


def test_a_command_refused_while_printing_is_sent_again(desk: Desk) -> None:
    desk.device.answers[c.Operation] = [0x50, 0x50, c.Done()]
    desk.fill()
    assert len(desk.device.sent(c.Operation)) == 3


def test_a_command_that_waits_for_continue_gets_it(desk: Desk) -> None:
    desk.device.answers[c.CloseReceipt] = [0x58, c.ClosedReply(0, 46, 1)]
    assert desk.register.close_receipt(RECEIPT).fd == 46
    assert desk.device.said() == ["CloseReceipt", "ContinuePrint", "CloseReceipt", "MoneyRegister"]


def test_the_answer_to_the_close_tells_paper_and_drawer(desk: Desk) -> None:
    desk.device.answers[c.CloseReceipt] = [c.ClosedReply(0, 46, 1)]
    desk.device.answers[c.MoneyRegister] = [c.RegisterReply(1, 123450)]
    reply = desk.register.close_receipt(RECEIPT)
    assert (reply.paper, reply.drawer) == (Paper.PRESENT, 123450)


def test_a_close_that_was_answered_raises_nothing_and_leaves_the_rest_to_a_look(desk: Desk) -> None:
    desk.device.answers[c.CloseReceipt] = [c.ClosedReply(0, 46, 1)]
    desk.device.answers[c.ShortStatus] = [short_status(2, 2)]
    reply = desk.register.close_receipt(RECEIPT)
    assert (reply.fd, reply.paper, reply.drawer) == (46, None, None)


def test_the_end_of_the_archive_is_one_question(desk: Desk) -> None:
    whole = desk.register.status()
    desk.device.log.clear()
    end = desk.register.archive_end()
    assert (end.fn_serial, end.last_fd, end.fn_document_open) == (whole.fn_serial, whole.last_fd, False)
    assert desk.device.said() == ["DriveStatus"]


@pytest.mark.parametrize(("passed", "polls"), [(0.5, 0), (1.5, 1)])
def test_what_a_status_has_just_shown_of_the_printer_is_not_asked_again(desk: Desk, passed: float, polls: int) -> None:
    desk.register.status()
    desk.device.log.clear()
    desk.clock.sleep(passed)
    desk.fill()
    assert [type(command) for command in desk.device.log].count(c.ShortStatus) == polls


def test_a_status_before_something_was_printed_says_nothing_of_the_printer_now(desk: Desk) -> None:
    desk.register.status()
    desk.register.x_report()
    desk.device.log.clear()
    desk.fill()
    assert c.ShortStatus in [type(command) for command in desk.device.log]


@pytest.mark.parametrize("submode", [1, 2, 3, 5])
def test_a_status_that_shows_a_printer_not_ready_is_no_leave_to_begin(desk: Desk, submode: int) -> None:
    desk.device.answers[c.FullStatus] = [full_status(2, submode)]
    desk.register.status()
    desk.device.log.clear()
    desk.fill()
    assert c.ShortStatus in [type(command) for command in desk.device.log]


def test_a_command_refused_for_ever_ends(desk: Desk) -> None:
    desk.device.answers[c.Operation] = [0x50]
    with pytest.raises(Refused) as caught:
        desk.fill()
    assert caught.value.code == "device_busy"


@pytest.mark.parametrize(
    ("submode", "code"), [(0, "wrong_state"), (1, "wrong_state"), (2, "no_paper"), (5, "wrong_state")]
)
def test_continue_print_is_refused_when_nothing_waits(desk: Desk, submode: int, code: str) -> None:
    desk.device.answers[c.ShortStatus] = [short_status(2, submode)]
    with pytest.raises(Refused) as caught:
        desk.register.continue_print()
    assert caught.value.code == code
    assert desk.device.said() == []


# --- the fence -------------------------------------------------------------------------------------------------------


def test_nothing_open_nothing_cancelled(desk: Desk) -> None:
    desk.register.cancel_document()
    assert not {"CancelReceipt", "CancelDriveDocument"} & set(desk.device.said())


def test_an_open_receipt_is_cancelled_and_looked_at_again(desk: Desk) -> None:
    desk.device.answers[c.ShortStatus] = [short_status(8), short_status(2)]
    desk.register.cancel_document()
    assert desk.device.said()[:2] == ["CancelReceipt", "DriveStatus"]


def test_a_document_in_the_drive_alone_is_cancelled(desk: Desk) -> None:
    desk.device.answers[c.DriveStatus] = [drive_status(document=4), drive_status()]
    desk.register.cancel_document()
    assert desk.device.said()[:3] == ["DriveStatus", "CancelDriveDocument", "DriveStatus"]


def test_a_receipt_and_its_drive_document_are_both_cancelled(desk: Desk) -> None:
    desk.device.answers[c.ShortStatus] = [short_status(8), short_status(2)]
    desk.device.answers[c.DriveStatus] = [drive_status(document=4), drive_status()]
    desk.register.cancel_document()
    assert desk.device.said()[:4] == ["CancelReceipt", "DriveStatus", "CancelDriveDocument", "DriveStatus"]


@pytest.mark.parametrize("error", [0x55, 0x73])
def test_a_receipt_that_closed_meanwhile_is_fine(desk: Desk, error: int) -> None:
    desk.device.answers[c.ShortStatus] = [short_status(8), short_status(2)]
    desk.device.answers[c.CancelReceipt] = [error]
    desk.register.cancel_document()


def test_a_document_that_stays_open_is_refused(desk: Desk) -> None:
    desk.device.answers[c.ShortStatus] = [short_status(8)]
    with pytest.raises(Refused) as caught:
        desk.register.cancel_document()
    assert caught.value.code == "document_open"
    assert len(desk.device.sent(c.CancelReceipt)) == 3


def test_another_operators_receipt_is_named(desk: Desk) -> None:
    desk.device.answers[c.ShortStatus] = [short_status(8)]
    desk.device.answers[c.CancelReceipt] = [0x59]
    with pytest.raises(Refused) as caught:
        desk.register.cancel_document()
    assert caught.value.code == "other_operator"


def test_the_fence_waits_for_what_is_executing(desk: Desk) -> None:
    desk.device.answers[c.ShortStatus] = [short_status(8, 5), short_status(8, 5), short_status(2)]
    desk.register.cancel_document()
    assert desk.device.sent(c.CancelReceipt) == []


def test_the_fence_does_not_ask_for_paper(desk: Desk) -> None:
    desk.device.answers[c.ShortStatus] = [short_status(8, 1), short_status(2, 1)]
    desk.register.cancel_document()
    assert len(desk.device.sent(c.CancelReceipt)) == 1


def test_the_fence_puts_back_a_switch_for_the_next_document(desk: Desk) -> None:
    desk.device.tables[17, 1, 7] = b"\x01"
    desk.register.cancel_document()
    assert desk.device.tables[17, 1, 7] == b"\x00"


# --- shift -----------------------------------------------------------------------------------------------------------

OPEN = (ShtrihRegister.open_shift, "BeginOpenShift", "OpenShift", c.BeginOpenShift, c.OpenShift)
CLOSE = (ShtrihRegister.close_shift, "BeginCloseShift", "CloseShift", c.BeginCloseShift, c.CloseShift)


@pytest.mark.parametrize(("use", "begin", "finish", "_b", "_f"), [OPEN, CLOSE], ids=["open", "close"])
def test_a_shift_with_and_without_a_cashier(
    desk: Desk, use: Any, begin: str, finish: str, _b: object, _f: object
) -> None:
    use(desk.register, "Иванова М.", "500100732259")
    assert desk.device.said() == ["ReadTable", begin, "SendTags", "SendTags", finish]
    desk.device.log.clear()
    use(desk.register, None, None)
    assert desk.device.said() == ["ReadTable", finish]


@pytest.mark.parametrize(("use", "begin", "finish", "begin_kind", "finish_kind"), [OPEN, CLOSE], ids=["open", "close"])
def test_a_refused_shift_leaves_nothing_begun(
    desk: Desk, use: Any, begin: str, finish: str, begin_kind: type[Any], finish_kind: type[Any]
) -> None:
    desk.device.answers[finish_kind] = [0x73]
    with pytest.raises(Refused) as caught:
        use(desk.register, "Иванова М.", None)
    assert caught.value.code == "wrong_state"
    assert desk.device.said()[-2:] == [finish, "CancelDriveDocument"]


@pytest.mark.parametrize(("use", "begin", "finish", "begin_kind", "finish_kind"), [OPEN, CLOSE], ids=["open", "close"])
def test_a_model_that_cannot_attach_a_cashier_goes_without(
    desk: Desk, use: Any, begin: str, finish: str, begin_kind: type[Any], finish_kind: type[Any]
) -> None:
    desk.device.answers[begin_kind] = [0x37]
    use(desk.register, "Иванова М.", None)
    assert desk.device.said() == ["ReadTable", begin, finish]


@pytest.mark.parametrize(("use", "begin", "finish", "begin_kind", "finish_kind"), [OPEN, CLOSE], ids=["open", "close"])
def test_a_shift_whose_answer_is_lost_is_in_doubt(
    desk: Desk, use: Any, begin: str, finish: str, begin_kind: type[Any], finish_kind: type[Any]
) -> None:
    """The longest time is the command's own: a Z report is known to take less than an opening may."""
    desk.device.answers[finish_kind] = [Broken]
    with pytest.raises(InDoubt) as caught:
        use(desk.register, None, None)
    assert caught.value.remaining == pytest.approx(65.0 if finish == "CloseShift" else 120.0, abs=0.5)
    assert len(desk.device.sent(finish_kind)) == 1


def test_a_shift_that_is_open_already(desk: Desk) -> None:
    desk.device.answers[c.OpenShift] = [0x3C]
    with pytest.raises(Refused) as caught:
        desk.register.open_shift(None, None)
    assert caught.value.code == "shift_open"


def test_x_report(desk: Desk) -> None:
    desk.register.x_report()
    assert desk.device.said() == ["XReport"]


# --- the archive -----------------------------------------------------------------------------------------------------

FOUND = c.FoundDocumentReply(3, 0, datetime(2026, 11, 21, 14, 5), 45, 0xB5003DE9, bytes.fromhex("01 D0DD060000"))
TAGS = encode_all(
    [
        (1021, "Иванова М."),
        (1038, 7),
        (1042, 3),
        (1054, 1),
        (1020, 450000),
        (1084, [(1085, "ID"), (1086, "ABCDEFGHIJKLM")]),
    ]
)


def archived(desk: Desk, tlv: bytes, *, found: object = FOUND, length: int | None = None, step: int = 40) -> None:
    blocks: list[object] = [c.DocumentBlockReply(tlv[i : i + step]) for i in range(0, len(tlv), step)]
    desk.device.answers[c.FindDocument] = [found]
    desk.device.answers[c.OpenDocument] = [c.DocumentSizeReply(3, len(tlv) if length is None else length)]
    desk.device.answers[c.NextBlock] = [*blocks, 0x08]


def test_a_receipt_is_read_back_with_its_imprint(desk: Desk) -> None:
    archived(desk, TAGS)
    document = desk.register.document(45)
    assert document is not None
    assert (document.kind, document.fd, document.fpd) == (DocumentKind.RECEIPT, 45, "3036691945")
    assert (document.sign, document.total, document.at) == (1, 450000, datetime(2026, 11, 21, 14, 5))
    assert (document.shift_number, document.receipt_in_shift, document.imprint) == (7, 3, "ABCDEFGHIJKLM")
    assert document.tags["1020"] == "4500.00"
    assert document.tags["1084"] == {"1085": "ID", "1086": "ABCDEFGHIJKLM"}


def test_a_document_wrapped_into_one_record_reads_the_same(desk: Desk) -> None:
    archived(desk, TAGS)
    plain = desk.register.document(45)
    archived(desk, (3).to_bytes(2, "little") + len(TAGS).to_bytes(2, "little") + TAGS)
    assert desk.register.document(45) == plain


def test_a_number_that_does_not_exist(desk: Desk) -> None:
    desk.device.answers[c.FindDocument] = [0x08]
    assert desk.register.document(999) is None


def test_a_document_without_our_mark_has_an_empty_imprint(desk: Desk) -> None:
    archived(desk, encode_all([(1042, 3)]))
    assert desk.register.document(45).imprint == ""  # type: ignore[union-attr]
    archived(desk, encode_all([(1084, [(1085, "Заказ"), (1086, "ABCDEFGHIJKLM")])]))
    assert desk.register.document(45).imprint == ""  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "hole",
    [
        {"tlv": TAGS, "length": len(TAGS) + 9},
        {"tlv": TAGS, "length": len(TAGS) - 9},
        {"tlv": TAGS[:-9], "length": len(TAGS)},
        {"tlv": TAGS[:-9]},
    ],
    ids=["announced longer", "announced shorter", "cut short", "a record cut"],
)
def test_tags_that_are_not_whole_prove_nothing_about_the_imprint(desk: Desk, hole: dict[str, Any]) -> None:
    archived(desk, **hole)
    document = desk.register.document(45)
    assert document is not None
    assert (document.imprint, dict(document.tags), document.total) == (None, {}, 450000)


def test_an_unreadable_tag_does_not_hide_the_imprint(desk: Desk) -> None:
    archived(desk, TAGS + bytes.fromhex("FC03 0000"))  # 1020 once more, and empty
    document = desk.register.document(45)
    assert document is not None
    assert (document.imprint, dict(document.tags)) == ("ABCDEFGHIJKLM", {})


@pytest.mark.parametrize("error", [0x08, 0x34, 0x37])
def test_a_drive_that_keeps_only_the_summary(desk: Desk, error: int) -> None:
    archived(desk, TAGS)
    desk.device.answers[c.OpenDocument] = [error]
    document = desk.register.document(45)
    assert document is not None
    assert (document.imprint, document.total) == (None, 450000)


def test_a_lost_block_leaves_no_hole(desk: Desk) -> None:
    archived(desk, TAGS)
    desk.device.answers[c.NextBlock].insert(1, Gone)
    with pytest.raises(InDoubt):
        desk.register.document(45)


def test_a_block_that_a_late_request_took_left_a_receipt_without_its_tags(desk: Desk) -> None:
    archived(desk, TAGS)
    stolen, whole = desk.device.answers[c.NextBlock][1:], desk.device.answers[c.NextBlock]
    desk.device.answers[c.NextBlock] = [*stolen, *whole]
    document = desk.register.document(45)
    assert document is not None
    assert (document.shift_number, document.tags["1020"]) == (7, "4500.00")


def test_a_drive_that_cannot_be_read_is_an_error_not_an_absence(desk: Desk) -> None:
    desk.device.answers[c.FindDocument] = [0x2F]
    with pytest.raises(Refused) as caught:
        desk.register.document(45)
    assert caught.value.code == "fn_failed"


def test_an_answer_about_another_document_is_not_believed(desk: Desk) -> None:
    archived(desk, TAGS)
    with pytest.raises(InDoubt) as caught:
        desk.register.document(44)
    assert caught.value.code == "bad_reply"


@pytest.mark.parametrize(
    ("type_", "kind", "shift"),
    [
        (2, DocumentKind.OPEN_SHIFT, 7),
        (5, DocumentKind.CLOSE_SHIFT, 7),
        (1, DocumentKind.REGISTRATION, None),
        (11, DocumentKind.REREGISTRATION, None),
        (21, DocumentKind.STATE_REPORT, None),
        (6, DocumentKind.CLOSE_ARCHIVE, None),
        (99, DocumentKind.OTHER, None),
    ],
)
def test_other_kinds(desk: Desk, type_: int, kind: DocumentKind, shift: int | None) -> None:
    found = replace(FOUND, type=type_, body=bytes.fromhex("0700"))
    archived(desk, b"", found=found)
    document = desk.register.document(45)
    assert document is not None
    assert (document.kind, document.shift_number, document.total) == (kind, shift, None)


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        (3, DocumentKind.RECEIPT),
        (4, DocumentKind.STRICT_FORM),
        (31, DocumentKind.CORRECTION),
        (41, DocumentKind.CORRECTION_STRICT_FORM),
    ],
)
def test_every_settlement_has_its_sign_and_sum(desk: Desk, type_: int, kind: DocumentKind) -> None:
    archived(desk, TAGS, found=replace(FOUND, type=type_))
    document = desk.register.document(45)
    assert document is not None
    assert (document.kind, document.sign, document.total) == (kind, 1, 450000)


@pytest.mark.parametrize(
    ("name", "value", "imprint"),
    [
        ("ID", "ABCDEFGHIJKLM", "ABCDEFGHIJKLM"),
        ("Заказ", "R-105; ID=ABCDEFGHIJKLM", "ABCDEFGHIJKLM"),
        ("Заказ", "R-105", ""),
        ("Заказ", "R-105; ID=short", ""),
    ],
)
def test_the_imprint_is_read_alone_and_behind_the_crms_own_attribute(
    desk: Desk, name: str, value: str, imprint: str
) -> None:
    archived(desk, encode_all([(1084, [(1085, name), (1086, value)])]))
    assert desk.register.document(45).imprint == imprint  # type: ignore[union-attr]


def test_a_receipt_without_its_sum_is_not_believed(desk: Desk) -> None:
    archived(desk, TAGS, found=replace(FOUND, body=b"\x01"))
    with pytest.raises(InDoubt) as caught:
        desk.register.document(45)
    assert caught.value.code == "bad_reply"
