# ruff: noqa: DTZ001  (a register has local time only)

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.layout import LayoutError, pack, unpack
from protocol.wire.shtrih import commands as c
from protocol.wire.shtrih import printer_commands as p
from protocol.wire.shtrih import record_commands as r
from protocol.wire.shtrih.catalogue import COMMANDS, read_command
from protocol.wire.shtrih.commands import Command, Repeat

PW = 30

# The request and its payload: lengths and layouts of protocol 1.17, the operation as captured.
REQUESTS: list[tuple[Command[Any], str]] = [
    (c.DeviceType(), "FC"),
    (c.ModelParameters(), "F7 01"),
    (c.ErrorText(0x4D), "6B 4D"),
    (c.ShortStatus(PW), "10 1E000000"),
    (c.FullStatus(PW), "11 1E000000"),
    (c.MoneyRegister(PW, 241), "1A 1E000000 F1"),
    (c.ReadTable(PW, 18, 1, 1), "1F 1E000000 12 0100 01"),
    (c.WriteTable(PW, 17, 1, 7, b"\x01"), "1E 1E000000 11 0100 07 01"),
    (c.TableInfo(PW, 2), "2D 1E000000 02"),
    (c.FieldInfo(PW, 6, 1), "2E 1E000000 06 01"),
    (c.DriveStatus(PW), "FF01 1E000000"),
    (c.Registration(PW), "FF09 1E000000"),
    (c.ShiftParameters(PW), "FF40 1E000000"),
    (c.FindDocument(PW, 45817), "FF0A 1E000000 F9B20000"),
    (c.OpenDocument(PW, 45817), "FF3A 1E000000 F9B20000"),
    (c.NextBlock(PW), "FF3B 1E000000"),
    (c.OpenShift(PW), "E0 1E000000"),
    (c.CloseShift(PW), "41 1E000000"),
    (c.BeginOpenShift(PW), "FF41 1E000000"),
    (c.BeginCloseShift(PW), "FF42 1E000000"),
    (c.XReport(PW), "40 1E000000"),
    (c.ContinuePrint(PW), "B0 1E000000"),
    (c.OpenReceipt(PW, 2), "8D 1E000000 02"),
    (c.Subtotal(PW), "89 1E000000"),
    (c.CancelReceipt(PW), "88 1E000000"),
    (c.CancelDriveDocument(PW), "FF08 1E000000"),
    (c.SendTags(PW, b"\xfd\x03\x01\x00\x8a"), "FF0C 1E000000 FD03 0100 8A"),
    (c.SendLineTags(PW, b"\x3c\x08\x01\x00\x00"), "FF4D 1E000000 3C08 0100 00"),
    (
        c.Operation(PW, 2, 1_000_000, 10000, 10000, 1000, 0xCB, 1, 1, 33, "Товар"),
        "FF46 1E000000 02 40420F000000 1027000000 1027000000 E803000000 CB 01 01 21 D2EEE2E0F0",
    ),
    (
        c.CloseReceipt(PW, (10000, 5000) + (0,) * 14, 0, (0,) * 6, 1, ""),
        "FF45 1E000000 1027000000 8813000000" + "0000000000" * 14 + "00" + "0000000000" * 6 + "01",
    ),
    (r.OperationRegister(PW, 144), "1B 1E000000 90"),
    (c.MoneyRegister(PW, 4184), "1A 1E000000 5810"),
    (r.CashIn(PW, 150000), "50 1E000000 F049020000"),
    (r.CashOut(PW, 150000), "51 1E000000 F049020000"),
    (r.DriveExpiry(PW), "FF03 1E000000"),
    (r.ExchangeState(PW), "FF39 1E000000"),
    (r.Unconfirmed(PW), "FF3F 1E000000"),
    (r.DriveMemory(PW), "FF63 1E000000"),
    (r.BeginBuffer(PW, 300), "FF32 1E000000 2C01"),
    (r.WriteBuffer(PW, 128, 3, b"abc"), "FF33 1E000000 8000 03 616263"),
    (r.SendBuffer(PW), "FF64 1E000000"),
    (p.FontMetrics(PW, 1), "26 1E000000 01"),
    (p.PrintLine(PW, 2, "Товар"), "17 1E000000 02 D2EEE2E0F0" + "00" * 35),
    (p.PrintBoldLine(PW, 2, "Товар"), "12 1E000000 02 D2EEE2E0F0" + "00" * 15),
    (p.PrintFontLine(PW, 2, 1, "x" * 48), "2F 1E000000 02 01" + "78" * 48),
    (p.Feed(PW, 2, 4), "29 1E000000 02 04"),
    (p.Cut(PW, 1), "25 1E000000 01"),
    (p.OpenDrawer(PW), "28 1E000000 00"),
    (p.PrintCopy(PW), "8C 1E000000"),
    (p.PrintEan13(PW, 460123456789), "C2 1E000000 15C57E216B"),
    (p.PrintBarcode(PW, 80, 3, 2, 0, 8, b"ABC"), "CB 1E000000 50 03 02 00 08 414243"),
    (p.LoadMatrix(PW, 0, 1, b"x" * 64), "DD 1E000000 00 01" + "78" * 64),
    (p.PrintMatrix(PW, 3, 300, 0, (0, 0, 6, 0, 1), 1), "DE 1E000000 03 2C01 00 00 00 06 00 01 01"),
]

# The reply, its fields after the error byte as bytes, and what they say.
REPLIES: list[tuple[type[Any], str, dict[str, Any]]] = [
    (c.DeviceTypeReply, "00 00 01 0E 98 00 D8 D2 D0 C8 D5", {"type": 0, "protocol_subversion": 14, "name": "ШТРИХ"}),
    (
        c.ShortStatusReply,
        "1E 9202 02 00 05 FF D8 00 00 01 000000",
        {"operator": 30, "flags": 0x0292, "mode": 2, "submode": 0, "operations_high": 1, "last_print": None},
    ),
    (c.ShortStatusReply, "1E 9202 02 00 05 FF D8 00 00 01 000000 05", {"last_print": 5}),
    (
        c.FullStatusReply,
        "1E 4333 C8AF 0F061A 01 2A00 9202 04 00 80 4E41 0000 010110 150B1A 0E0509 00 4E61BC00 0500 0000 01 0A"
        " 010000000000",
        {
            "firmware": "C.3",
            "build": 45000,
            "firmware_date": date(2026, 6, 15),
            "document_number": 42,
            "mode": 4,
            "port": 128,
            "day": date(2026, 11, 21),
            "clock": time(14, 5, 9),
            "serial_low": 12345678,
            "last_closed_shift": 5,
            "inn": 1,
            "serial_high": None,
            "serial": "12345678",
        },
    ),
    (
        c.DriveStatusReply,
        "03 00 00 01 0A 1A0B150E05 39393939303738393030303031323334 D0000000",
        {
            "phase": 3,
            "document": 0,
            "shift_open": 1,
            "warnings": 10,
            "last_document_at": datetime(2026, 11, 21, 14, 5),
            "serial": "9999078900001234",
            "last_fd": 208,
        },
    ),
    (c.ShiftReply, "01 0700 0C00", {"open": 1, "number": 7, "receipt": 12}),
    (
        c.FoundDocumentReply,
        "03 00 1206150625 F9B20000 795850F5 01 F049020000",
        {
            "type": 3,
            "confirmed": 0,
            "at": datetime(2018, 6, 21, 6, 37),
            "fd": 45817,
            "sign": 0xF5505879,
            "body": bytes.fromhex("01 F049020000"),
        },
    ),
    (c.ReceiptSummary, "01 F049020000", {"operation": 1, "total": 150000}),
    (
        c.ClosedReply,
        "D007000000 D0000000 E93D00B5",
        {"change": 2000, "fd": 208, "sign": 0xB5003DE9, "at": None},
    ),
    (c.ClosedReply, "D007000000 D0000000 E93D00B5 1A0B150E05", {"at": datetime(2026, 11, 21, 14, 5)}),
    (c.TableInfoReply, "CFC0D0CECBC8" + "00" * 34 + "1E00 02", {"name": "ПАРОЛИ", "rows": 30, "fields": 2}),
    (c.SubtotalReply, "1E F049020000", {"total": 150000}),
    (c.RegisterReply, "1E F04902000000", {"value": 150000}),
    (r.OperationRegisterReply, "1E 0C00", {"value": 12}),
    (r.CashReply, "1E 2A00", {"document_number": 42}),
    (r.DriveExpiryReply, "1B0B1E", {"day": date(2027, 11, 30), "registrations_left": None}),
    (r.DriveExpiryReply, "1B0B1E 1D 01", {"registrations_left": 29, "registrations_done": 1}),
    (r.DriveExpiryReply, "000000", {"day": None}),
    (
        r.ExchangeReply,
        "01 00 0300 2B000000 1A0B150E05",
        {"unsent": 3, "first_fd": 43, "first_at": datetime(2026, 11, 21, 14, 5)},
    ),
    (r.UnconfirmedReply, "0300", {"count": 3}),
    (r.DriveMemoryReply, "40420F00 00780000", {"documents_left": 1_000_000, "kilobytes_left": 30720}),
    (r.DriveMemoryReply, "40420F00 00780000 05", {"notifications_full": 5}),
    (r.BufferReply, "80", {"block": 128}),
    (p.FontReply, "4002 0C 18 07", {"area": 576, "char_width": 12, "char_height": 24, "fonts": 7}),
    (
        c.ModelParametersReply,
        "0020000000080000 0C 18 00 0C 10 14 0A 00000000 1E000000 00 00 FF00 48 40 0000",
        {"flags": 1 << 13 | 1 << 43, "font1_width": 12, "administrator_password": 30, "max_command": 255},
    ),
    (c.Done, "1E", {}),
    (c.Done, "", {}),
]


@pytest.mark.parametrize(("request_", "payload"), REQUESTS, ids=[type(r).__name__ for r, _ in REQUESTS])
def test_requests_are_written_and_read(request_: Command[Any], payload: str) -> None:
    assert request_.to_bytes() == bytes.fromhex(payload)
    assert read_command(bytes.fromhex(payload)) == request_


def test_every_command_stands_in_the_table() -> None:
    assert {type(request_) for request_, _ in REQUESTS} == set(COMMANDS)


@pytest.mark.parametrize(
    ("kind", "raw", "says"), REPLIES, ids=[k.__name__ + str(i) for i, (k, *_) in enumerate(REPLIES)]
)
def test_replies_are_read_and_written(kind: type[Any], raw: str, says: dict[str, Any]) -> None:
    data = bytes.fromhex(raw)
    reply = unpack(kind, data)
    assert {name: getattr(reply, name) for name in says} == says
    if all(getattr(reply, f.name) is not None for f in fields(reply)) and kind is not c.Done:
        assert pack(reply) == data


def test_the_full_status_of_50_bytes_has_a_longer_serial() -> None:
    raw = bytes.fromhex(next(raw for kind, raw, _ in REPLIES if kind is c.FullStatusReply)) + b"\x01\x00"
    assert unpack(c.FullStatusReply, raw).serial == str(1 << 32 | 12345678)


def test_model_parameters_may_be_short_or_long() -> None:
    assert unpack(c.ModelParametersReply, bytes.fromhex("0020000000080000")).max_command == 0
    assert unpack(c.ModelParametersReply, bytes(25) + b"\xff\x00" + bytes(10)).max_command == 255


def test_an_unset_clock_and_serial_are_none() -> None:
    reply = unpack(c.FullStatusReply, bytes(23) + bytes(6) + bytes(1) + b"\xff" * 4 + bytes(6) + b"\xff" * 6)
    assert (reply.day, reply.serial_low, reply.serial, reply.inn) == (None, None, "", None)


@pytest.mark.parametrize("kind", [k for k, _, says in REPLIES if says])
def test_a_reply_cut_short_is_an_error_that_names_the_field(kind: type[Any]) -> None:
    first = fields(kind)[0].name
    with pytest.raises(LayoutError, match=f"{kind.__name__}\\.{first}"):
        unpack(kind, b"")


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (c.Operation(PW, 1, 1 << 48, 1, 1, None, 1, 1, 4, 1, "x"), "quantity"),
        (c.Operation(PW, 1, 1, 1 << 40, 1, None, 1, 1, 4, 1, "x"), "price"),
        (c.Operation(PW, 1, 1, -1, 1, None, 1, 1, 4, 1, "x"), "price"),
        (c.Operation(PW, 1, 1, 1, (1 << 40) - 1, None, 1, 1, 4, 1, "x"), "total"),
        (c.Operation(PW, 1, 1, 1, 1, None, 1, 1, 4, 1, "x" * 129), "name"),
        (c.SendTags(PW, b"x" * 250), "tlv"),
        (c.CloseReceipt(PW, (0,) * 17, 0, (), 1, ""), "payments"),
    ],
)
def test_a_value_that_does_not_fit_is_named(bad: Command[Any], field: str) -> None:
    with pytest.raises(LayoutError, match=f"{type(bad).__name__}.{field}"):
        bad.to_bytes()


def test_only_reading_commands_may_be_repeated() -> None:
    """The list of the reference, less FF3Bh, which moves on with each call; 26h, 6Bh and FF63h only read, too."""
    safe = {kind.code.hex() for kind in COMMANDS if kind.repeat is Repeat.SAFE}
    assert safe == {
        *("fc", "f7", "6b", "10", "11", "1a", "1b", "1f", "26", "2d", "2e"),
        *("ff01", "ff03", "ff09", "ff0a", "ff39", "ff3a", "ff3f", "ff40", "ff63"),
    }


@given(st.sampled_from(COMMANDS), st.binary(max_size=300))
def test_any_bytes_are_a_command_or_a_layout_error(kind: type[Command[Any]], data: bytes) -> None:
    for read in (lambda: unpack(kind.reply, data), lambda: read_command(kind.code + data), lambda: read_command(data)):
        try:
            read()
        except LayoutError:
            continue
