"""Commands and their answers, byte by byte."""

# ruff: noqa: DTZ001  (a register's time is local)

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.atol import drive_queries as d
from protocol.wire.atol import operations as o
from protocol.wire.atol import queries as q
from protocol.wire.atol.catalogue import COMMANDS, read_command
from protocol.wire.atol.coding import Bcd, Digits, Moment, Printed
from protocol.wire.atol.command import Command, Head, Repeat, judged
from protocol.wire.layout import LayoutError
from protocol.wire.steps import Denied, Replied

MILK = o.EndPosition(
    flags=o.Position.ALWAYS | o.Position.DEVICE_COMPUTES_TAX,
    price=10050,
    quantity=2000,
    total=20100,
    tax=o.Tax.VAT20,
    tax_sum=0,
    department=1,
    payment_object=1,
    payment_method=4,
    discount=bytes(8),
    reserved=bytes(2),
    name="Молоко",
)

REQUESTS: list[tuple[Command[Any], str]] = [
    (q.DeviceType(), "A5"),
    (q.State(), "3F"),
    (q.StateCode(), "45"),
    (q.ReadClock(), "91 11 00 00"),
    (q.Shift(), "91 12 00 01"),
    (q.Payments(1, 2), "91 03 01 02"),
    (q.ShiftTotal(3), "91 0C 03 00"),
    (q.ReceiptCount(4), "91 41 04 00"),
    (q.ReadTable(0x13, 1, 4), "46 13 00 01 04"),
    (d.DriveState(), "A4 30"),
    (d.FindDocument(258), "A4 40 02 01 00 00"),
    (d.ReadDocument(258), "A4 45 02 01 00 00"),
    (d.NextRecord(), "A4 46"),
    (d.ReadRequisite(1037), "E9 0D 04 00"),
    (o.EnterMode(o.Mode.REGISTRATION), "56 01 00 00 00 30"),
    (o.LeaveMode(), "48"),
    (o.OpenShift(), "9A 00"),
    (o.CloseShift(), "5A"),
    (o.Report(o.Report.X), "67 01"),
    (o.WriteRequisite(bytes.fromhex("FD 03 02 00 88 A2")), "E8 01 01 00 FD 03 02 00 88 A2"),
    (o.OpenReceipt(o.OpenReceipt.ELECTRONIC, o.ReceiptType.BUY), "92 04 04"),
    (o.BeginPosition(), "EA 00 01 00"),
    (
        MILK,
        "EB 0A 00000000010050 0000002000 00000000020100 01 00000000000000 01 01 04 00 00000000000000 0000 8CAEABAEAAAE",
    ),
    (o.Discount(0, 99), "43 00 00 01 00 00 00 00 00 99"),
    (o.Payment(o.PaymentType.ELECTRONIC, 5100), "99 00 02 00 00 00 51 00"),
    (o.CloseReceipt(), "4A 00 01 00 00 00 00 00"),
    (o.CancelReceipt(), "59"),
    (o.CashIn(123456), "49 00 00 00 12 34 56"),
    (o.CashOut(1), "4F 00 00 00 00 00 01"),
    (o.ContinuePrint(), "EE"),
    (o.PrintCopy(), "95"),
    (o.PrintLine("Да"), "4C 84 A0"),
    (o.PrintBarcode(o.BarcodeType.QR, 1, 5, bytes(11), b"42"), "C1 00 01 05" + "00" * 11 + "34 32"),
    (o.FinishSlip(), "73"),
    (o.Cut(o.Cut.PARTIAL), "75 01"),
    (o.KickDrawer(), "80"),
]


@pytest.mark.parametrize(("command", "raw"), REQUESTS, ids=[type(command).__name__ for command, _ in REQUESTS])
def test_requests(command: Command[Any], raw: str) -> None:
    assert command.to_bytes() == bytes.fromhex(raw)
    assert read_command(bytes.fromhex(raw)) == command


REPLIES: list[tuple[Command[Any], str, Any]] = [
    (
        q.DeviceType(),
        "03 01 39 0000 05 08 00 30 00 80 92 8E 8B 20 32 35 94",
        q.DeviceTypeReply(3, 1, 57, b"\0\0", 5, 8, 0, 3000, "АТОЛ 25Ф"),
    ),
    (
        q.State(),
        "30 01 26 11 21 10 30 00 4B 00 12 34 56 39 35 30 01 00 09 00 06 00 00 00 00 00 00 02 06",
        q.StateReply(30, 1, datetime(2026, 11, 21, 10, 30), 0x4B, "00123456", 57, "50", 1, 9, 6, 0, 0, 2, 6),
    ),
    (q.StateCode(), "01 05", q.StateCodeReply(1, q.Trouble.NO_PAPER | q.Trouble.MECHANICS)),
    (q.ReadClock(), "21 11 26 10 20 30", q.ClockReply(datetime(2026, 11, 21, 10, 20, 30))),
    (q.Shift(), "01 22 11 26 10 30 00", q.ShiftReply(1, datetime(2026, 11, 22, 10, 30))),
    (q.OpenDocument(), "01 04 00 09 00 00 12 34", q.DocumentReply(1, o.ReceiptType.BUY, 9, 1234)),
    (q.CurrentReceipt(), "0000020100 0000001000 0000000000", q.ReceiptTotals(20100, 1000, 0)),
    (q.Drawer(), "00 00 00 00 12 34 56", q.Money7(123456)),
    (q.SerialNumber(), "00 10 61 06 12 34 56", q.SerialReply("00106106123456")),
    (q.LineLength(), "48 05 76", q.LineReply(b"\x48", b"\x05\x76")),
    (q.DriveLife(), "01 04 21 11 27", q.LifeReply(1, 4, date(2027, 11, 21))),
    (q.OwnerInn(), "00 77 01 23 45 67", q.OwnerReply("007701234567")),
    (
        q.LastReceipt(),
        "0000000042 01 00000000020100 21 11 26 10 30 03 05 41 98 96",
        q.LastReceiptReply(42, 1, 20100, datetime(2026, 11, 21, 10, 30), 305419896),
    ),
    (
        q.LastDocument(),
        "0000000042 21 11 26 10 30 03 05 41 98 96",
        q.LastDocumentReply(42, datetime(2026, 11, 21, 10, 30), 305419896),
    ),
    (q.InShift(), "000009 000006", q.InShiftReply(9, 6)),
    (q.FormatVersion(), "04 04 03", q.FormatReply(4, 4, 3)),
    (q.PrintState(), "10", q.PrintReply(0x10)),
    (
        d.DriveState(),
        "03 00 00 01 09 1A 0B 15 0A 1E 39393939303738393030303031323334 2A000000",
        d.DriveStateReply(3, 0, 0, 1, 9, datetime(2026, 11, 21, 10, 30), "9999078900001234", 42),
    ),
    (
        d.DriveExchange(),
        "02 00 0300 28000000 1A 0B 15 0A 1E",
        d.ExchangeReply(2, 0, 3, 40, datetime(2026, 11, 21, 10, 30)),
    ),
    (
        d.FindDocument(42),
        "03 00 1A 0B 15 0A 1E 2A000000 78563412 01",
        d.FoundReply(3, 0, datetime(2026, 11, 21, 10, 30), 42, 0x12345678, b"\x01"),
    ),
    (d.ReadRequisite(1037), "01 0D04 0200 3031", d.RequisiteReply(1, bytes.fromhex("0D04 0200 3031"))),
    (o.Payment(1, 1), "0000001000 0000000500", o.PaymentReply(1000, 500)),
]


@pytest.mark.parametrize(
    ("command", "raw", "reply"), REPLIES, ids=[type(command).__name__ for command, _, _ in REPLIES]
)
def test_replies(command: Command[Any], raw: str, reply: Any) -> None:
    assert command.read_reply(bytes.fromhex(raw)) == reply


def test_what_the_replies_say() -> None:
    assert q.DeviceTypeReply(3, 1, 57, b"\0\0", 5, 8, 0, 3000, "").firmware == "5.8.3000"
    assert q.StateCodeReply(0x21, 0).mode == 1
    assert [state for state in (0, 1, 2, 3, 4, 8, 0x10, 0x20, 0x80, 0xFF) if q.PrintReply(state).pending] == [
        *(0x10, 0x20, 0x80, 0xFF)
    ]


ONCE = {
    *(o.OpenShift, o.CloseShift, o.Report, o.Discount, o.Payment, o.CloseReceipt, o.CashIn, o.CashOut),
    *(o.PrintCopy, o.PrintLine, o.PrintBarcode, o.FinishSlip, o.Cut, o.KickDrawer),
}
READING = {command for command in COMMANDS if command.__module__.endswith("queries")}


def test_which_commands_may_be_sent_again() -> None:
    assert {command for command in COMMANDS if command.repeat is Repeat.NEVER} == ONCE
    assert {command for command in COMMANDS if command.repeat is Repeat.QUERY} == READING


def test_no_command_begins_as_another_does() -> None:
    assert len({command.code for command in COMMANDS}) == len(COMMANDS)
    for code in (command.code for command in COMMANDS):
        assert not [other.code for other in COMMANDS if other.code != code and other.code.startswith(code)]


def test_who_has_a_head_of_its_own() -> None:
    assert {command: command.head for command in COMMANDS if command.head is not Head.ERROR} == {
        q.DeviceType: Head.BARE,
        q.State: Head.OWN,
        q.StateCode: Head.FIELDS,
    }


# --- codings ---------------------------------------------------------------------------------------------------------


@given(st.integers(1, 7), st.data())
def test_decimal_numbers(size: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, 100**size - 1))
    raw = Bcd(size).encode(number)
    assert raw.hex() == str(number).zfill(2 * size)
    assert Bcd(size).decode(raw) == number


@given(
    st.sampled_from(["DMY", "DMYHM", "DMYHMS", "YMDHMS"]), st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31))
)
def test_moments(order: str, moment: datetime) -> None:
    wanted = moment.replace(microsecond=0)
    wanted = wanted if "S" in order else wanted.replace(second=0)
    wanted = wanted if "H" in order else wanted.replace(hour=0, minute=0)
    assert Moment(order).decode(Moment(order).encode(wanted)) == wanted


def test_what_is_no_moment_is_none() -> None:
    assert Moment("DMYHMS").decode(bytes.fromhex("00 00 00 00 00 00")) is None
    assert Moment("DMYHMS").decode(bytes.fromhex("21 11 26 FF FF FF")) is None
    assert Moment("DMYHM").encode(None) == bytes(5)


def test_the_number_and_dollar_signs_change_places() -> None:
    assert Printed().encode("№ $") == b"\x24\x20\xfc"
    assert Printed().decode(b"\x24\x20\xfc") == "№ $"


NO_FIT: list[Command[Any]] = [
    o.Payment(1, 10**10),
    o.Payment(1, -1),
    o.CashIn(10**10),
    o.PrintLine("x" * 129),
    o.OpenReceipt(0, 256),
    o.WriteRequisite(bytes(1025)),
]


@pytest.mark.parametrize("command", NO_FIT, ids=str)
def test_values_that_do_not_fit(command: Command[Any]) -> None:
    with pytest.raises(LayoutError):
        command.to_bytes()


def test_digits_that_are_none() -> None:
    for number in ("12a", "123", "-1"):
        with pytest.raises(LayoutError):
            Digits(1).encode(number)


# --- any bytes -------------------------------------------------------------------------------------------------------


@given(st.sampled_from(COMMANDS), st.binary(max_size=80))
def test_any_reply_is_a_value_or_a_layout_error(kind: type[Command[Any]], data: bytes) -> None:
    try:
        kind.read_reply(kind.__new__(kind), data)
    except LayoutError:
        return


@given(st.sampled_from(COMMANDS), st.binary(max_size=80), st.booleans())
def test_any_answer_is_judged(kind: type[Command[Any]], answer: bytes, failed: bool) -> None:
    verdict = judged(kind.head, kind.code[0], answer, failed=failed)
    assert verdict is None or isinstance(verdict, Replied | Denied)
    if failed:
        assert not isinstance(verdict, Replied)


@given(st.binary(max_size=60))
def test_any_request_is_read_or_a_layout_error(data: bytes) -> None:
    try:
        command = read_command(data)
    except LayoutError:
        return
    assert isinstance(command, Command)
