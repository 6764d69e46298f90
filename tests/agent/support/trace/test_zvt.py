"""A terminal's messages are named with what may be read of them; what its driver has hidden stays hidden."""

from __future__ import annotations

from random import Random

from agent.support.trace.zvt import ZvtReader
from drivers.terminals import masking
from protocol.crm.exchange import COURTESIES
from protocol.wire.zvt import apdu as codes
from protocol.wire.zvt import commands
from protocol.wire.zvt.apdu import Apdu, negative, positive
from protocol.wire.zvt.fields import bcd, write_field
from protocol.wire.zvt.redaction import redacted
from tests.agent.support.cards import card_number, is_left
from tests.agent.support.trace.test_readers import all_of, heard, written

PASSWORD = commands.Password("123456")


def told(apdu: Apdu) -> bytes:
    """As the driver tells the trace."""
    return redacted(apdu, masking.mask)


def status(card: str = "4276380012345679") -> Apdu:
    number = bytes.fromhex(card + "d" * (len(card) % 2))
    length = bytes((0xF0, 0xF0 + len(number))) if len(number) < 10 else b"\xf1\xf0"
    before = write_field(0x27, b"\x00") + write_field(0x04, bcd(125000, 6))
    behind = write_field(0x29, bytes.fromhex("00311159")) + write_field(0x0B, bcd(42, 3))
    return Apdu(
        codes.STATUS_INFORMATION,
        before + write_field(0x22, length + number) + behind + write_field(0x3B, b"A1B2C3  "),
    )


def test_a_payment_is_read_message_by_message() -> None:
    reader = ZvtReader()
    (asked,) = heard(reader, "tx", told(commands.authorisation(125000)))
    assert (asked.command, asked.fields, asked.masked) == ("Authorisation", {"amount": 125000, "currency": "643"}, ())
    (taken,) = heard(reader, "rx", told(positive()))
    assert taken.command in COURTESIES
    (progress,) = heard(reader, "rx", told(Apdu(codes.INTERMEDIATE_STATUS, b"\x0a")))
    assert (progress.command, progress.fields) == ("IntermediateStatus", {"code": "0Ah"})
    (approved,) = heard(reader, "rx", told(status()))
    assert (approved.command, approved.result, approved.masked) == ("StatusInformation", "ok", ("data",))
    assert approved.fields == {
        "amount": 125000, "terminal_id": "00311159", "trace": "000042", "auth_code": "A1B2C3",
    }, "what stands behind the hidden card is told, too"  # fmt: skip
    (end,) = heard(reader, "rx", told(Apdu(codes.COMPLETION)))
    assert (end.command, end.fields, end.result) == ("Completion", {}, None)


def test_refusals_and_aborts_are_told_by_code() -> None:
    (refused,) = heard(ZvtReader(), "rx", told(negative(0x9C)))
    assert (refused.command, refused.result) == ("refuse", "9Ch please wait")
    (aborted,) = heard(ZvtReader(), "rx", told(Apdu(codes.ABORTED, b"\x6c")))
    assert (aborted.command, aborted.result) == ("Aborted", "6Ch aborted by key or timeout")


def test_how_a_terminal_is_registered_is_no_secret_but_for_the_password() -> None:
    registration = commands.registration(PASSWORD, commands.INTERMEDIATE, 32)
    (piece,) = heard(ZvtReader(), "tx", told(registration))
    assert (piece.command, piece.masked) == ("Registration", ("password",))
    assert piece.data[6:] == registration.to_bytes()[6:]


def test_a_password_is_named_as_hidden() -> None:
    (piece,) = heard(ZvtReader(), "tx", told(commands.reversal(PASSWORD, "17", 5000)))
    assert (piece.command, piece.masked) == ("Reversal", ("password",))
    assert (piece.fields["receipt"], piece.fields["amount"]) == ("0017", 5000)
    assert b"\x12\x34\x56" not in piece.data


def test_a_slip_is_told_line_by_line() -> None:
    (piece,) = heard(ZvtReader(), "rx", told(Apdu(codes.PRINT_LINE, b"\x00CARD ****1234")))
    assert (piece.command, piece.fields) == ("PrintLine", {"lines": ["CARD ****1234"]})


def test_an_unknown_command_keeps_its_number() -> None:
    (piece,) = heard(ZvtReader(), "rx", Apdu(0x0FA1).to_bytes())
    assert piece.command == "command 0FA1h"


def test_no_card_number_survives_also_of_a_driver_that_hides_nothing() -> None:
    random = Random("zvt")
    for _ in range(2_000):
        pan = card_number(random)
        text = Apdu(codes.PRINT_LINE, b"\x00" + pan.encode())
        for apdu in (status(pan), text):
            for data in (told(apdu), apdu.to_bytes()):
                assert not is_left(pan, written(all_of(ZvtReader(), "rx", data)))


def test_a_password_that_was_told_is_hidden() -> None:
    (piece,) = heard(ZvtReader(), "tx", commands.end_of_day(PASSWORD).to_bytes())
    assert (b"\x12\x34\x56" in piece.data, piece.masked) == (False, ("password",))


def test_many_hidden_places_are_not_looked_through_for_ever() -> None:
    data = (write_field(0x27, b"\x00") + b"\xee") * 16_000
    (piece,) = heard(ZvtReader(), "rx", Apdu(codes.STATUS_INFORMATION, data).to_bytes())
    assert piece.command == "StatusInformation"
