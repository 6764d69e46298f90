"""The driver over a service that answers from a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pytest

from drivers.address import SetupError, parse_address
from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.registry import Opening, open_with, terminal_named
from drivers.terminal_api import (
    Found,
    Means,
    Operation,
    Order,
    Original,
    Outcome,
    Progress,
    ReportKind,
    Totals,
    Verdict,
)
from drivers.terminals.inpas import load_profile
from drivers.transports.base import LinkError
from drivers.transports.memory import VirtualClock
from protocol.crm.terminal_codes import TERMINAL_CODES
from tests.drivers.terminals.inpas.service import APPROVED, CLOSE, TERMINAL, Attendant, answer, http, terminal

ORDER = Order(15000, 101)
SBP = Order(15000, 102, means=Means.SBP)
OFFLINE = LinkError("device_offline", "refused")


# --- a payment --------------------------------------------------------------------------------------------------------


def test_a_payment_is_one_request() -> None:
    made, service = terminal(APPROVED)
    attendant = Attendant()
    told = made.pay(ORDER, attendant)
    assert service.requests == [{0: "15000", 4: "643", 25: "1", 26: "101", 27: TERMINAL}]
    head, _, body = bytes(service.raw).partition(b"\r\n\r\n")
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    assert b"Content-Type: text/xml\r\n" in head + b"\r\n"
    assert b"<timeout>180000</timeout>" in body
    assert body.startswith(b'<?xml version="1.0" encoding="windows-1251"?>\n<request>\n  <field id="00">15000</field>')
    assert (told.outcome, told.amount, told.currency, told.rrn, told.auth_code, told.number) == (
        Outcome.APPROVED, 15000, "643", "606012345678", "123456", "42",
    )  # fmt: skip
    assert (told.card, told.terminal_id, told.merchant_id, told.text) == (
        "****1234", TERMINAL, "790000000001", "ОДОБРЕНО",
    )  # fmt: skip
    assert told.at == datetime(2026, 3, 1, 12, 15, 30)  # noqa: DTZ001
    assert told.slips == (("ПОДПИСЬ ______",), ("ОДОБРЕНО", "  150,00 РУБ"))  # the merchant's first
    assert attendant.approvals == [told]
    assert attendant.told == [Progress.CONNECTING]


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        ("16", Outcome.DECLINED, "payment_declined"),
        ("34", Outcome.DECLINED, "payment_no_bank"),
        ("53", Outcome.CANCELLED, "payment_cancelled"),
    ],
)
def test_no_payment(status: str, outcome: Outcome, reason: str) -> None:
    made, _ = terminal({39: status, 15: "05", 19: "ОТКАЗ"})
    attendant = Attendant()
    told = made.pay(ORDER, attendant)
    assert (told.outcome, told.reason, told.code, told.text) == (outcome, reason, f"{status}/05", "ОТКАЗ")
    assert attendant.approvals == []


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ({**APPROVED, 39: "0"}, "terminal_bad_reply"),  # undetermined
        ({**APPROVED, 39: "17"}, "terminal_bad_reply"),  # good for what moves no money
        ({**APPROVED, 39: "99"}, "terminal_bad_reply"),
        ({key: value for key, value in APPROVED.items() if key != 39}, "terminal_bad_reply"),
        ({**APPROVED, 26: "100"}, "terminal_bad_reply"),  # an answer to another request
        ({**APPROVED, 25: "29"}, "terminal_bad_reply"),
        (CLOSE, "terminal_link_lost"),
        (http(answer(APPROVED))[:-30], "terminal_link_lost"),
        (http(answer(APPROVED), "500 Internal Server Error"), "terminal_bad_reply"),
        (http(answer(APPROVED), "404 Not Found"), "terminal_bad_reply"),
        (http(b"<html>hello</html>"), "terminal_bad_reply"),
        (http(b""), "terminal_bad_reply"),
        (http(b'<!DOCTYPE r [<!ENTITY a "1">]><response><field id="39">&a;</field></response>'), "terminal_bad_reply"),
        (
            http(b"<response><errorcode>13</errorcode><errordescription>no link</errordescription></response>"),
            "terminal_program_failed",
        ),
    ],
)
def test_doubt(reply: bytes | Mapping[int, str], code: str) -> None:
    made, service = terminal(reply)
    service.takes = 5.0
    attendant = Attendant()
    with pytest.raises(InDoubt) as caught:
        made.pay(ORDER, attendant)
    assert caught.value.code == code
    assert code in TERMINAL_CODES
    assert 170 < caught.value.remaining <= 195
    assert len(service.requests) == 1  # never repeated
    assert attendant.approvals == []


def test_silence_is_waited_for_and_leaves_doubt() -> None:
    made, service = terminal()
    started = service.clock.now()
    with pytest.raises(InDoubt, match="terminal_no_reply") as caught:
        made.pay(ORDER, Attendant())
    assert service.clock.now() - started == 195
    assert caught.value.remaining == 0
    assert len(service.requests) == 1


def test_nothing_left() -> None:
    for call in ("pay", "connect", "status", "settle"):
        made, service = terminal(OFFLINE)
        with pytest.raises(NotSent, match="terminal_offline"):
            made.pay(ORDER, Attendant()) if call == "pay" else getattr(made, call)()
        assert service.requests == []


def test_a_payment_cannot_be_held() -> None:
    made, _ = terminal(APPROVED)
    with pytest.raises(ValueError, match="does not hold"):
        made.pay(ORDER, Attendant(Verdict.WAIT))


def test_another_amount_and_another_terminal_are_told_as_they_are() -> None:
    made, _ = terminal({**APPROVED, 0: "1500", 27: "99999999"})
    told = made.pay(ORDER, Attendant())
    assert (told.amount, told.terminal_id) == (1500, "99999999")


# --- money back -------------------------------------------------------------------------------------------------------

ORIGINAL = Original(15000, rrn="606012345678", auth_code="123456")


def test_refund_void_reversal() -> None:
    made, service = terminal(APPROVED, APPROVED, APPROVED, APPROVED, APPROVED)
    made.refund(Order(500, 103), ORIGINAL, Attendant())
    made.refund(Order(500, 103), Original(15000, rrn="606012345678"), Attendant())
    made.void(Order(15000, 104), ORIGINAL, Attendant())
    made.void(Order(500, 105), ORIGINAL, Attendant())
    made.reverse_last(Order(15000, 106), Attendant())
    own = {4: "643", 27: TERMINAL}
    assert service.requests == [
        {**own, 0: "500", 25: "29", 26: "103", 14: "606012345678", 13: "123456"},
        {**own, 0: "500", 25: "29", 26: "103", 14: "606012345678"},
        {**own, 0: "15000", 25: "4", 26: "104", 14: "606012345678", 13: "123456"},
        {**own, 0: "500", 1: "15000", 25: "4", 26: "105", 14: "606012345678", 13: "123456"},
        {**own, 0: "15000", 25: "53", 26: "106"},
    ]


def test_what_is_missing_is_named_before_a_byte_is_sent() -> None:
    made, service = terminal()
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: made.refund(ORDER, None, Attendant()), "rrn"),
        (lambda: made.refund(ORDER, Original(15000, auth_code="1"), Attendant()), "rrn"),
        (lambda: made.refund(ORDER, Original(15000, rrn="1"), Attendant()), "rrn: twelve digits"),
        (lambda: made.void(ORDER, Original(15000, rrn="606012345678"), Attendant()), "auth_code"),
        (lambda: made.void(ORDER, Original(15000), Attendant()), "auth_code, rrn"),
        (lambda: made.refund(SBP, Original(15000, number="x"), Attendant()), "sbp_id"),
    ]
    for call, missing in calls:
        with pytest.raises(Refused, match=f"terminal_needs_original: {missing}"):
            call()
    with pytest.raises(Refused, match="terminal_unsupported"):
        made.void(SBP, ORIGINAL, Attendant())
    assert service.requests == []


def test_without_the_terminals_number_nothing_is_sent() -> None:
    made, service = terminal(terminal_id="")
    for call in (made.connect, made.settle, lambda: made.pay(ORDER, Attendant())):
        with pytest.raises(Refused, match=r"terminal_setup: terminal\.id"):
            call()
    assert service.requests == []


# --- who is there -----------------------------------------------------------------------------------------------------


def test_who_is_there() -> None:
    made, service = terminal({39: "1", 27: TERMINAL, 28: "790000000001"})
    identity = made.connect()
    assert (identity.interface, identity.terminal_id, identity.merchant_id) == ("inpas", TERMINAL, "790000000001")
    assert service.requests == [{25: "26", 27: TERMINAL}]
    made.disconnect()
    made.disconnect()


@pytest.mark.parametrize("reply", [CLOSE, http(b"no"), http(b"<response><errorcode>9</errorcode></response>")])
def test_nobody_behind_the_address(reply: bytes) -> None:
    made, _ = terminal(reply)
    with pytest.raises(NotSent, match="terminal_offline"):
        made.connect()


@pytest.mark.parametrize(
    ("status", "attention"),
    [("1", None), ("17", None), ("34", "payment_no_bank"), ("16", "terminal_not_ready"), ("0", "terminal_not_ready")],
)
def test_a_look(status: str, attention: str | None) -> None:
    made, _ = terminal({39: status, 27: TERMINAL})
    look = made.status()
    assert (look.terminal_id, look.attention, look.busy) == (TERMINAL, attention, False)


# --- the day ----------------------------------------------------------------------------------------------------------


def test_the_end_of_the_day() -> None:
    sums = {29: "500000", 30: "5", 31: "20000", 32: "1"}
    made, service = terminal({39: "1", **sums, 90: "Я^^ИТОГИ СОВПАЛИ"}, {39: "17"}, {39: "16"}, {39: "0"})
    result = made.settle()
    assert (result.outcome, result.totals, result.count, result.amount) == (
        Outcome.APPROVED, Totals.UNKNOWN, 6, 480000,
    )  # fmt: skip
    assert result.slips == (("ИТОГИ СОВПАЛИ",),)
    assert service.requests == [{4: "643", 25: "59", 27: TERMINAL}]
    assert b"<timeout>645000</timeout>" in service.raw
    assert made.settle().outcome is Outcome.APPROVED
    assert made.settle().outcome is Outcome.DECLINED
    with pytest.raises(InDoubt):
        made.settle()


def test_sums_beside_voids_are_not_counted() -> None:
    made, _ = terminal({39: "1", 29: "500000", 30: "5", 49: "100", 50: "1"})
    result = made.settle()
    assert (result.count, result.amount) == (None, None)


def test_reports() -> None:
    made, service = terminal({39: "17", 90: "Я^^ОТЧЕТ"}, {39: "1", 90: "ОТЧЕТ"}, {39: "16"})
    assert made.report(ReportKind.SHORT) == (("ОТЧЕТ",),)
    assert made.report(ReportKind.FULL) == (("ОТЧЕТ",),)
    assert [request[65] for request in service.requests] == ["20", "21"]
    with pytest.raises(Refused, match="terminal_refused"):
        made.report(ReportKind.FULL)
    with pytest.raises(Refused, match="terminal_unsupported"):
        made.reprint_last()


# --- QR codes ---------------------------------------------------------------------------------------------------------

OPEN = {39: "0", 15: "R00"}
PAID = {39: "1", 15: "00", 0: "15000", 54: "A6080817", 27: TERMINAL}


def test_a_payment_by_qr_code_is_asked_for_until_it_is_paid() -> None:
    made, service = terminal(OPEN, OPEN, CLOSE, OPEN, PAID)
    attendant = Attendant()
    told = made.pay(SBP, attendant)
    first, *questions = service.requests
    assert (first[25], first[53], first[26]) == ("1", "115", "102")
    assert [(each[25], each[53], each[13]) for each in questions] == [("1", "117", first[14])] * 4
    assert [round(after - before, 1) for before, after in zip(service.times, service.times[1:], strict=False)] == [
        2.5
    ] * 4
    assert (told.outcome, told.amount, told.sbp_id, told.number) == (Outcome.APPROVED, 15000, "A6080817", first[14])
    assert attendant.approvals == [told]
    assert attendant.told == [Progress.CONNECTING, Progress.SCAN_QR]


def test_a_started_payment_is_not_a_paid_one() -> None:
    """The answer to the first request says that it has begun, whatever its status."""
    made, service = terminal(PAID, {39: "0", 15: "R10"})
    told = made.pay(SBP, Attendant())
    assert (told.outcome, told.reason) == (Outcome.DECLINED, "payment_declined")
    assert len(service.requests) == 2


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [({39: "16", 15: "R12"}, Outcome.DECLINED), ({39: "53"}, Outcome.CANCELLED), ({39: "16"}, Outcome.DECLINED)],
)
def test_a_payment_by_qr_code_that_does_not_begin(reply: Mapping[int, str], outcome: Outcome) -> None:
    made, service = terminal(reply)
    assert made.pay(SBP, Attendant()).outcome is outcome
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("last", "outcome"),
    [({39: "0", 15: "R11"}, Outcome.DECLINED), ({39: "16", 15: "R10"}, Outcome.DECLINED), (PAID, Outcome.APPROVED)],
)
def test_after_its_life_it_is_asked_for_once_more(last: Mapping[int, str], outcome: Outcome) -> None:
    made, service = terminal(OPEN, *[{39: "0", 15: "R11"}] * 119, last)
    assert made.pay(SBP, Attendant()).outcome is outcome
    assert service.replies == []


@pytest.mark.parametrize("last", [OPEN, {39: "0", 15: "R14"}, {39: "16"}, {39: "1", 15: "R10"}, CLOSE, http(b"?")])
def test_what_is_open_in_the_end_is_in_doubt(last: bytes | Mapping[int, str]) -> None:
    made, service = terminal(OPEN, *[OPEN] * 119, last)
    with pytest.raises(InDoubt, match="terminal_no_reply"):
        made.pay(SBP, Attendant())
    assert service.replies == []


def test_a_lost_first_answer_is_in_doubt_as_long_as_the_code_lives() -> None:
    made, service = terminal(CLOSE)
    with pytest.raises(InDoubt, match="terminal_link_lost") as caught:
        made.pay(SBP, Attendant())
    assert caught.value.remaining == 300
    assert len(service.requests) == 1


def test_a_payment_by_qr_code_is_found_again() -> None:
    made, service = terminal(OPEN, PAID, {39: "0", 15: "R10"}, {39: "0", 15: "R11"}, {39: "0", 15: "R14"})
    assert made.find(SBP, Operation.PAYMENT) is Found.IN_PROGRESS
    paid = made.find(SBP, Operation.PAYMENT)
    assert not isinstance(paid, Found)
    assert paid.outcome is Outcome.APPROVED
    declined = made.find(SBP, Operation.PAYMENT)
    assert not isinstance(declined, Found)
    assert declined.outcome is Outcome.DECLINED
    assert made.find(SBP, Operation.PAYMENT) is Found.NOTHING
    assert made.find(SBP, Operation.PAYMENT) is Found.NOTHING
    again, _ = terminal(OPEN)  # another process, the same name
    assert again.find(SBP, Operation.PAYMENT) is Found.IN_PROGRESS
    assert len({request[13] for request in service.requests}) == 1


def test_other_orders_get_other_names_and_cards_none() -> None:
    made, service = terminal(OPEN, OPEN)
    made.find(SBP, Operation.PAYMENT)
    made.find(Order(15000, 103, means=Means.SBP), Operation.PAYMENT)
    assert len({request[13] for request in service.requests}) == 2
    assert made.find(ORDER, Operation.PAYMENT) is Found.NOTHING
    assert made.find(SBP, Operation.REFUND) is Found.NOTHING
    assert len(service.requests) == 2


def test_money_back_by_qr_code() -> None:
    made, service = terminal(OPEN, PAID)
    told = made.refund(SBP, Original(15000, sbp_id="A6080817", number="guid"), Attendant())
    assert told.outcome is Outcome.APPROVED
    assert [(each[25], each[53], each[13], each[14]) for each in service.requests] == [
        ("29", "118", "A6080817", "guid"), ("29", "119", "A6080817", "guid"),
    ]  # fmt: skip


# --- what must not leave ----------------------------------------------------------------------------------------------

PAN = "4000001234567899"


def test_no_card_data_leaves() -> None:
    track = f"{PAN}=99121010000012300000"
    everything = {
        **APPROVED, 10: PAN, 11: "9912", 12: track, 16: "PINBLOCK", 17: "KEYKEY", 18: "WORKKEY", 36: "MACMAC",
        19: f"КАРТА {PAN}", 90: f"Я^^{track}\r\n{PAN}\r\n4000 0012 3456 7899~Ъ^^%B{PAN}^IVANOV^99121010?",
    }  # fmt: skip
    trace: list[tuple[str, bytes]] = []
    made, _ = terminal(everything, trace=trace)
    attendant = Attendant()
    told = made.pay(ORDER, attendant)
    assert told.card == "****7899"
    texts = [repr(told), repr(attendant.approvals), repr(made), repr(vars(made))]
    texts += [data.decode() for _, data in trace]
    for secret in (PAN, PAN[:12], "4000 0012", "9912101", "PINBLOCK", "KEYKEY", "WORKKEY", "MACMAC"):
        assert not any(secret in text for text in texts), secret
    assert [way for way, _ in trace] == ["tx", "rx"]
    assert "39=1" in trace[1][1].decode()


def test_an_error_of_the_service_shows_no_card_either() -> None:
    body = f"<response><errorcode>3</errorcode><errordescription>card {PAN}</errordescription></response>"
    made, _ = terminal(http(body.encode()))
    with pytest.raises(DeviceError) as caught:
        made.pay(ORDER, Attendant())
    assert PAN not in repr(caught.value)
    assert caught.value.vendor == "3"


def test_what_is_no_http_shows_no_card_either() -> None:
    made, _ = terminal(f"{PAN}={PAN}\r\n\r\n".encode())
    with pytest.raises(InDoubt, match="terminal_bad_reply") as caught:
        made.pay(ORDER, Attendant())
    assert PAN not in repr(caught.value)


# --- profile and address ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[terminal]\nid = "123"', "terminal.id"),
        ("[terminal]\nid = 12345678", "terminal.id"),
        ("[can]\nsbp = 1", "can.sbp"),
        ("[sbp]\npause = 0", "sbp.pause"),
        ("[operations]\nvoid = -1", "operations.void"),
        ("[operations]\nbuy = 1", "buy"),
        ("[time]\nmoney = 0", "time.money"),
    ],
)
def test_a_wrong_profile_is_named(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(SetupError, match=named):
        load_profile(file)


def test_a_profile_may_replace_the_codes_of_operations(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[operations]\nreversal = 56\n[terminal]\nid = "00311159"\n[can]\nsbp = false\n', "utf-8")
    profile = load_profile(file)
    assert (profile.operations.reversal, profile.operations.sale, profile.terminal_id) == (56, 1, TERMINAL)
    assert not profile.can.sbp


def test_the_address_names_the_terminal() -> None:
    offer = terminal_named("inpas")
    made = open_with(offer, Opening(parse_address("http://127.0.0.1:9015?terminal=00311159"), VirtualClock()))
    assert made.capabilities.means == {Means.CARD, Means.SBP}
    with pytest.raises(SetupError, match="eight digits"):
        open_with(offer, Opening(parse_address("http://127.0.0.1:9015?terminal=1"), VirtualClock()))
