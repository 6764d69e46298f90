"""The simulated INPAS service and terminal: requests, answers, receipts, faults; SBP has a module of its own."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.simulators.clock import ManualClock
from drivers.simulators.inpas import Options, new_device
from tests.drivers.simulators.inpas.host import START, Host, post, read

# --- one payment -----------------------------------------------------------------------------------------------------


def test_a_payment_is_answered_with_every_field() -> None:
    host = Host()
    answer = host.pay(15_000)
    paid = host.entries[0]
    card = host.device.bank.card(paid)
    fields = dict(answer.fields)
    receipt = fields.pop(90)
    assert (answer.status, answer.error) == (200, None)
    assert fields == {
        0: "15000",
        4: "643",
        6: "20261122100000",
        10: card.pan,
        11: card.expiry,
        12: card.track2,
        13: paid.auth_code,
        14: paid.rrn,
        15: "00",
        19: "ОДОБРЕНО",
        21: "20261122100000",
        23: "1",
        25: "1",
        26: "101",
        27: paid.terminal_id,
        28: host.device.state.bank.merchant_id,
        39: "1",
        63: host.device.state.serial,
    }
    assert b'<?xml version="1.0" encoding="windows-1251"?>' in answer.raw
    assert host.standings == ["payment 15000 taken"]
    assert paid.reference == "101"
    assert "ОДОБРЕНО" in receipt


def test_the_receipt_has_two_copies_behind_their_letters() -> None:
    host = Host()
    answer = host.pay(15_000)
    raw = re.search(rb'<field id="90">(.*?)</field>', answer.raw, re.DOTALL)
    assert raw is not None
    first, second = raw[1].split(b"~")
    assert first.startswith(b"\xdf^^")
    assert second.startswith(b"\xda^^")
    assert first.endswith(b"\r\n")
    assert "ЭКЗЕМПЛЯР КЛИЕНТА".encode("cp1251") in first
    assert "ПОДПИСЬ".encode("cp1251") in second
    assert host.device.bank.card(host.entries[0]).pan.encode() in second


def test_requests_are_taken_in_what_encoding_they_say_and_with_short_numbers() -> None:
    host = Host()
    tid = host.device.state.bank.terminal_id
    for encoding in ("utf-8", "windows-1251"):
        body = (
            f'<?xml version="1.0" encoding="{encoding}"?><request><field id="0">100</field><field id="4">643</field>'
            f'<field id="25">1</field><field id="19">Привет</field><field id="27">{tid}</field></request>'
        ).encode(encoding)
        answer = read(host.line.receive(post(body)) or host.wait())
        assert answer.said == ("1", "00")
    assert host.standings == ["payment 100 taken"] * 2


# --- the table of operations -----------------------------------------------------------------------------------------


def test_void_refund_and_reversal_by_the_books() -> None:
    host = Host()
    paid = host.pay(15_000).fields
    whose = {"f13": paid[13], "f14": paid[14]}
    voided = host.ask(f0=5_000, f1=15_000, f25=4, **whose)
    assert voided.said == ("1", "00")
    assert host.standings == ["payment 15000 voided", "void 5000 given"]
    assert host.ask(f0=10_001, f1=15_000, f25=4, **whose).said == ("16", "61")
    assert host.ask(f0=10_000, f1=15_000, f25=4, **whose).said == ("1", "00")
    assert host.ask(f0=15_000, f25=4, **whose).said == ("16", "94")

    again = host.pay(20_000).fields
    assert host.ask(f0=7_000, f25=29, f14=again[14]).said == ("1", "00")
    assert host.ask(f0=13_010, f25=29, f14=again[14], f13=again[13]).said == ("16", "61")
    assert host.ask(f0=13_010, f25=29, f14="000000000000").said == ("16", "25")

    host.pay(30_000)
    assert host.ask(f0=30_001, f25=53).said == ("16", "25")
    assert host.ask(f0=30_000, f25=53).said == ("1", "00")
    assert host.standings[-2:] == ["payment 30000 reversed", "reversal 30000 given"]
    assert host.ask(f0=30_000, f25=53).said == ("16", "25")


def test_a_part_cannot_be_voided_without_the_original_sum() -> None:
    host = Host()
    paid = host.pay(15_000).fields
    assert host.ask(f0=5_000, f25=4, f13=paid[13], f14=paid[14]).said == ("16", "61")
    assert host.standings == ["payment 15000 taken"]


def test_the_day() -> None:
    host = Host()
    paid = host.pay(15_000).fields
    host.pay(5_000)
    host.ask(f0=1_000, f25=29, f14=paid[14])
    sums = {29: "20000", 30: "2", 31: "1000", 32: "1", 49: "0", 50: "0"}
    short = host.ask(f25=63, f65=20)
    full = host.ask(f25=63, f65=21)
    for answer in (short, full):
        assert answer.fields[39] == "1"
        assert {number: answer.fields[number] for number in sums} == sums
    assert paid[14] in full.fields[90]
    assert paid[14] not in short.fields[90]
    settled = host.ask(f25=59)
    assert settled.said == ("1", "00")
    assert settled.fields[19] == "ИТОГИ СОВПАЛИ"
    assert {number: settled.fields[number] for number in sums} == sums
    assert host.ask(f0=14_000, f25=4, f13=paid[13], f14=paid[14]).said == ("16", "58")
    assert host.ask(f0=1_000, f25=29, f14=paid[14]).said == ("1", "00")
    assert host.ask(f25=26).said == ("1", "00")


def test_totals_that_differ_are_said_on_the_receipt() -> None:
    host = Host()
    host.pay(15_009)
    settled = host.ask(f25=59)
    assert settled.fields[19] == "ИТОГИ НЕ СОВПАЛИ"
    assert "ИТОГИ НЕ СОВПАЛИ" in settled.fields[90]


def test_one_operation_is_found_by_its_reference() -> None:
    host = Host()
    paid = host.pay(15_000).fields
    found = host.ask(f25=63, f65=22, f14=paid[14])
    assert (found.said, found.fields[0], found.fields[34]) == (("1", "00"), "15000", "1")
    assert host.ask(f25=63, f65=22, f13=paid[13]).fields[14] == paid[14]
    host.ask(f0=15_000, f25=4, f13=paid[13], f14=paid[14])
    assert host.ask(f25=63, f65=22, f14=paid[14]).fields[19] == "ОТМЕНЕНО"
    assert host.ask(f25=63, f65=22, f14="606012345678").said == ("16", "25")


# --- what the service says by itself ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"f25": 1}, 4),  # no sum
        ({"f0": 0, "f25": 1}, 4),
        ({"f0": "1.5", "f25": 1}, 4),
        ({"f0": 100, "f25": 1, "f4": "978"}, 4),
        ({"f0": 100, "f25": 7}, 4),
        ({"f0": 100, "f25": 56}, 4),  # the other code that one list has for the emergency reversal
        ({"f0": 100, "f25": 4, "f14": "606012345678"}, 4),  # no authorisation code
        ({"f0": 100, "f25": 29}, 4),  # no RRN
        ({"f25": 63, "f65": 23}, 4),
        ({"f25": 63, "f65": 22}, 4),
        ({"f0": 100, "f25": 1, "f53": 116}, 4),
        ({"f0": 100, "f25": 1, "f27": "00000001"}, 9),
    ],
)
def test_a_request_that_lacks_something_is_an_error_of_the_service(fields: dict[str, str | int], error: int) -> None:
    host = Host()
    answer = host.ask(**fields)
    assert (answer.status, answer.error, answer.fields) == (200, error, {})
    assert host.entries == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<request>", b"<response/>", b'<request><field id="x">1</field></request>',
        b'<request><field id="00">1</field><field id="0">2</field></request>',
        b"<!DOCTYPE request [<!ENTITY a 'b'>]><request/>", b"<request><timeout>5 s</timeout></request>",
    ],
)  # fmt: skip
def test_what_is_no_request(body: bytes) -> None:
    assert read(Host().line.receive(post(body))).error == 4


def test_other_methods_are_not_answered_with_xml() -> None:
    assert read(Host().line.receive(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")).status == 405


def test_one_thing_at_a_time() -> None:
    host = Host()
    assert host.begin(f0=100, f25=1) == b""
    other = host.device.connection()
    assert read(other.receive(post(host.request(f25=26)))).error == 10
    assert read(host.wait()).said == ("1", "00")
    assert host.standings == ["payment 100 taken"]


def test_the_service_gives_up_and_the_terminal_does_not() -> None:
    host = Host("slow:command=payment,seconds=30")
    assert host.ask(f0=100, f25=1, timeout=10_000).error == 1
    assert host.clock.monotonic() == 10.0
    assert host.entries == []
    assert host.ask(f25=26).error == 10
    host.pass_time(30)
    assert host.standings == ["payment 100 taken"]
    assert host.ask(f25=26).said == ("1", "00")


def test_closing_the_connection_ends_nothing() -> None:
    host = Host()
    host.begin(f0=100, f25=1)
    host.dial()
    host.pass_time(10)
    assert host.standings == ["payment 100 taken"]


# --- kopecks steer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kopecks", "said", "standing"),
    [
        (1, ("16", "05"), ["payment 10001 declined"]),
        (2, ("53", None), []),
        (3, ("34", None), []),
        (6, ("1", "00"), ["payment 10006 taken"]),
        (8, ("1", "00"), ["payment 10108 taken"]),
        (9, ("1", "00"), ["payment 10009 taken"]),
        (10, ("1", "00"), ["payment 10010 taken"]),
    ],
)
def test_kopecks_decide_what_is_answered(kopecks: int, said: tuple[str, str | None], standing: list[str]) -> None:
    host = Host()
    answer = host.pay(10_000 + kopecks)
    assert answer.said == said
    assert host.standings == standing
    if kopecks == 8:
        assert answer.fields[0] == "10108"
    if kopecks == 6:
        assert host.clock.monotonic() > 10


def test_a_hanging_terminal_is_never_answered_for_and_is_free_when_its_client_has_gone() -> None:
    host = Host()
    assert host.begin(f0=10_004, f25=1) == b""
    other = host.device.connection()
    assert read(other.receive(post(host.request(f25=26)))).error == 10
    assert host.wait(600) == b""
    host.dial()
    assert host.pay(100).said == ("1", "00")
    assert host.standings == ["payment 100 taken"]


def test_a_lost_answer_is_a_payment_all_the_same() -> None:
    host = Host()
    assert host.begin(f0=10_005, f25=1) == b""
    assert host.wait() == b""
    assert host.line.closed
    assert host.standings == ["payment 10005 taken"]


def test_rubbish_is_a_payment_all_the_same() -> None:
    host = Host()
    answer = host.pay(10_007)
    assert (answer.status, answer.fields, answer.error) == (200, {}, None)
    assert host.standings == ["payment 10007 taken"]


def test_kopecks_can_be_told_to_mean_nothing() -> None:
    assert Host(options=Options(steer=False)).pay(10_001).said == ("1", "00")


# --- faults and hands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error", "standing"),
    [
        ("power:command=payment,when=before", 13, []),
        ("power:command=payment", 13, ["payment 100 taken"]),
        ("power:step=1", 13, ["payment 100 taken"]),
        ("busy:command=payment", 10, []),
        ("refuse:command=payment,error=0D", 13, []),
        ("checksum:command=payment,direction=in", 4, []),
    ],
)
def test_faults_that_are_answered(fault: str, error: int, standing: list[str]) -> None:
    host = Host(fault)
    assert host.pay(100).error == error
    assert host.standings == standing
    host.pass_time(1)
    assert host.pay(200).said == ("1", "00")


@pytest.mark.parametrize(
    ("fault", "closed", "standing"),
    [
        ("answer-lost:command=payment", True, ["payment 100 taken"]),
        ("answer-lost:command=payment,drop=no", False, ["payment 100 taken"]),
        ("drop:command=payment", True, []),
        ("mute:command=payment,seconds=60", False, []),
        ("restart:command=payment,when=before", True, []),
        ("restart:command=payment", True, ["payment 100 taken"]),
        ("late:command=payment,seconds=20", True, ["payment 100 taken"]),
        ("twist:command=payment,into=lost", True, ["payment 100 taken"]),
        ("twist:command=payment,into=hang", False, []),
        ("cut:after=1,direction=out", True, ["payment 100 taken"]),
    ],
)
def test_faults_that_are_not_answered(fault: str, closed: bool, standing: list[str]) -> None:
    host = Host(fault)
    assert len(host.begin(f0=100, f25=1)) <= 1
    assert len(host.wait(25)) <= 1
    assert host.line.closed is closed
    host.pass_time(60)
    host.pass_time(5)
    assert host.standings == standing
    host.dial()
    assert host.pay(200).said == ("1", "00")


def test_a_service_that_dies_is_back_later() -> None:
    host = Host("restart:command=payment,when=before,off=5")
    host.begin(f0=100, f25=1)
    with pytest.raises(ConnectionRefusedError):
        host.device.connection()
    host.clock.advance(5)
    host.line = host.device.connection()
    assert host.pay(100).said == ("1", "00")


def test_a_bank_that_declines_by_a_code() -> None:
    host = Host("fail:command=payment,code=51")
    assert host.pay(100).said == ("16", "51")
    assert host.standings == ["payment 100 declined"]


def test_an_answer_to_somebody_else() -> None:
    host = Host("twist:command=payment,into=other-answer")
    answer = host.pay(100)
    assert answer.fields[26] != "101"
    assert answer.fields[27] != host.device.state.bank.terminal_id
    assert answer.fields[39] == "1"


def test_nobody_presents_a_card() -> None:
    host = Host("twist:command=payment,into=no-card")
    assert host.pay(100).said == ("53", None)
    assert host.clock.monotonic() == 60.0


def test_a_damaged_answer() -> None:
    host = Host("checksum:command=payment")
    assert host.pay(100).fields == {}
    assert host.standings == ["payment 100 taken"]


def test_a_slow_answer_comes_long_after_the_booking() -> None:
    host = Host("slow:command=payment,seconds=20,when=after")
    host.begin(f0=100, f25=1)
    host.wait(5)
    assert host.standings == ["payment 100 taken"]
    assert read(host.wait()).said == ("1", "00")
    assert host.clock.monotonic() > 20


def test_a_cable_that_is_pulled_does_not_stop_the_terminal() -> None:
    host = Host()
    host.begin(f0=100, f25=1)
    host.device.unplug()
    assert read(host.line.poll()).error == 13
    host.pass_time(5)
    assert host.standings == ["payment 100 taken"]
    assert host.ask(f25=26).error == 13
    host.device.plug()
    assert host.ask(f25=26).said == ("1", "00")


def test_without_power_nothing_is_taken() -> None:
    host = Host()
    host.begin(f0=100, f25=1)
    host.device.power_off()
    assert read(host.line.poll()).error == 13
    host.pass_time(60)
    assert host.entries == []
    assert host.ask(f25=26).error == 13
    host.device.power_on()
    assert host.ask(f25=26).said == ("1", "00")


def test_a_card_that_was_left_inside() -> None:
    host = Host()
    host.device.leave_card()
    answer = host.pay(100)
    assert (answer.said, answer.fields[19]) == (("16", None), "ЗАБЕРИТЕ КАРТУ")
    host.device.take_card()
    assert host.pay(100).said == ("1", "00")


def test_another_terminal_is_another_number() -> None:
    host = Host()
    paid = host.pay(100).fields
    before = host.device.state.bank.terminal_id
    host.device.change_terminal()
    assert host.ask(f25=26, f27=before).error == 9
    assert host.ask(f25=63, f65=22, f14=paid[14]).said == ("16", "25")
    assert host.ask(f0=100, f25=29, f14=paid[14]).said == ("1", "00")  # the bank knows it


def test_a_foreign_payment_is_the_last_operation() -> None:
    host = Host("foreign:after=1,total=77.00")
    host.pay(100)
    assert host.standings == ["payment 100 taken", "payment 7700 taken"]
    assert host.ask(f0=100, f25=53).said == ("16", "25")


def test_a_fresh_terminal_has_the_number_it_was_given() -> None:
    from drivers.simulators.inpas import new_state

    device = new_device(ManualClock(START), Random(1), state=new_state(Random(1), terminal="00311159"))
    assert device.state.bank.terminal_id == "00311159"


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(lambda text: f"<request>{text}".encode())))
def test_any_body_is_an_error_of_the_service(body: bytes) -> None:
    host = Host()
    assert read(host.line.receive(post(body))).error == 4


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_any_bytes_on_the_line_take_no_money(chunks: list[bytes]) -> None:
    host = Host()
    for chunk in chunks:
        host.line.receive(chunk)
        host.pass_time(1)
    host.pass_time(400)
    assert host.entries == []
