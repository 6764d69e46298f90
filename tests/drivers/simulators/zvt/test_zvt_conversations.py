"""Who says what, byte for byte: registration, status, payment, day; what was seen with independent clients."""

from __future__ import annotations

import pytest

from drivers.simulators.zvt import Options
from tests.drivers.simulators.zvt.host import Register, bmps, command


def test_an_independent_client_is_accepted_byte_for_byte() -> None:
    """The requests are those that it sent to a terminal in euros; what is answered differs in numbers alone."""
    host = Register(currency="978", config=None)
    tid = host.device.state.bank.terminal_id
    assert host.say("06 00 04 00 00 00 ba") == ["800000", f"060f0a190029{tid}490978"]
    assert host.say("05 01 03 00 00 00") == ["800000", "060f0bf0f0f753494d20312e3000"]
    assert host.say("06 01 0c 04 00 00 00 00 01 23 49 09 78 06 00")[:4] == [
        "800000", "04ff020a00", "04ff020100", "04ff020400",
    ]  # fmt: skip
    result = host.result
    assert (result[0x27], result[0x04], result[0x49]) == (b"\0", bytes.fromhex("000000000123"), b"\x09\x78")
    assert result[0x29].hex() == tid
    assert host.kinds[4:6] == ["04ff", "040f"]
    assert set(host.kinds[6:-1]) == {"06d1"}
    assert host.told[-1] == "060f00"
    assert "EUR" not in host.slip
    assert "APPROVED" in host.slip
    assert host.say("06 50 03 00 00 00")[0] == "800000"
    day = bmps(next(unit for unit in host.heard if unit[:2] == b"\x04\x0f"))
    assert (day[0x27], day[0x04]) == (b"\0", bytes.fromhex("000000000123"))
    assert host.told[-1] == "060f00"


def test_a_second_independent_client_is_accepted_byte_for_byte() -> None:
    """It registers with a service byte and wants text blocks; its payment names no currency."""
    host = Register(currency="978", config=None)
    host.say("06 00 10 12 34 56 3e 09 78 03 03 06 06 26 04 0a 02 06 d3")
    assert host.kinds == ["8000", "060f"]
    assert host.heard[1][3:12].hex() == f"190029{host.device.state.bank.terminal_id}490978"[:18]
    host.say("06 01 07 04 00 00 00 00 01 23")
    assert host.kinds == ["8000", "04ff", "04ff", "04ff", "04ff", "040f", "06d3", "06d3", "060f"]
    assert host.standings == ["payment 123 taken"]


def test_a_declined_payment_looks_as_it_was_seen() -> None:
    host = Register()
    host.pay(10_001)
    assert host.told[4] == "04ff021d00"
    assert host.told[5].startswith("040f")
    assert host.result[0x27] == b"\x05"
    assert "DECLINED 05" in host.slip
    assert host.told[-1] == "061e0105"
    assert host.standings == ["payment 10001 declined"]


def test_amount_with_the_escape_byte_in_it() -> None:
    host = Register()
    host.pay(1010)
    assert host.result[0x04].hex() == "000000001010"


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("06 00 06 000000 BE 0978", "841e036f0643"),  # another currency
        ("06 00 03 000000", "849a00"),  # no configuration
        ("06 01 00", "847300"),  # no amount
        ("06 01 07 04 000000000000", "847300"),
        ("06 01 07 04 00000000012A", "849a00"),  # no digits
        ("06 01 0A 04 000000000123 49 0978", "846f00"),
        ("06 01 08 04 000000000123 F9", "849a00"),  # a field too long for what is there
        ("06 01 09 04 000000000123 FE 00", "849a00"),  # a field that nobody knows
        ("06 01 09 04 000000000123 01 30", "849a00"),  # a goods time-out of an unknown encoding
        ("06 30 03 000000", "849a00"),  # no receipt number
        ("06 22 07 04 000000000123", "848300"),  # not there: pre-authorisation
        ("0F 0F 00", "848300"),
        ("04 0F 00", "848300"),  # the terminal's own words
    ],
)
def test_what_cannot_be_done_is_refused_at_once(sent: str, answer: str) -> None:
    host = Register()
    assert host.say(sent) == [answer]
    assert host.entries == []


@pytest.mark.parametrize("sent", ["06 01 07 04 000000000100", "06 50 03 000000", "06 20 05 000000 03 03"])
def test_what_needs_a_registration_is_refused_without_one(sent: str) -> None:
    host = Register(config=None)
    assert host.say(sent) == ["846b00"]


def test_log_off_ends_the_registration() -> None:
    host = Register()
    assert host.say("06 02 00") == ["800000"]
    assert host.pay(100) == ["846b00"]


def test_a_wrong_password_is_refused() -> None:
    host = Register(config=None, options=Options(password="123456"))
    assert host.say("06 00 04 00 00 00 be") == ["848300"]
    assert host.say("06 00 04 12 34 56 be")[0] == "800000"
    assert host.say("06 50 03 00 00 00") == ["848300"]


@pytest.mark.parametrize(
    ("service", "completion"),
    [("", "060f0bf0f0f753494d20312e3000"), ("0300", "060f0bf0f0f753494d20312e3000"), ("0302", "060f0100")],
)
def test_status_enquiry(service: str, completion: str) -> None:
    host = Register()
    assert host.say(command("0501", "000000" + service)) == ["800000", completion]


def test_status_enquiry_with_device_information() -> None:
    host = Register()
    host.say("05 01 05 000000 03 06")
    assert host.heard[1][3:6].hex() == "000629"[:6] or host.heard[1][4] == 0x06
    assert b"SIMULATOR" in host.heard[1]


@pytest.mark.parametrize(
    ("hand", "status", "refusal"), [("leave_card", "dc", "84dc00"), ("take_paper", "cc", "84cc00")]
)
def test_what_stands_in_the_way_is_told(hand: str, status: str, refusal: str) -> None:
    """Paper matters where the terminal prints by itself."""
    host = Register(config="08")
    getattr(host.device, hand)()
    assert host.say("05 01 05 000000 03 02")[1] == f"060f01{status}"
    assert host.pay(100) == [refusal]


def test_a_terminal_that_needs_something_says_so_at_the_registration() -> None:
    host = Register(config=None)
    host.device.state.needs_initialisation = True
    host.device.state.needs_diagnosis = True
    assert host.say("06 00 04 000000 BE")[1].startswith("060f0a1903")
    assert host.pay(100) == ["84c200"]
    assert host.say("06 70 00") == ["800000", "060f00"]
    assert host.pay(100) == ["848300"]
    assert host.say("06 93 03 000000") == ["800000", "060f00"]
    assert host.say("06 00 04 000000 BE")[1].startswith("060f0a1900")
    assert host.pay(100)[-1] == "060f00"


@pytest.mark.parametrize(
    ("config", "printed"),
    [("BE", {"06d1"}), ("BA", {"06d1"}), ("3E", set()), ("88", set()), ("08", set())],
)
def test_the_configuration_decides_who_prints(config: str, printed: set[str]) -> None:
    host = Register(config=config)
    host.pay(100)
    assert {kind for kind in host.kinds if kind.startswith("06d")} == printed


@pytest.mark.parametrize(("config", "printed"), [("BE", True), ("BA", False)])
def test_admin_receipts_have_a_bit_of_their_own(config: str, printed: bool) -> None:
    host = Register(config=config)
    host.pay(100)
    host.say("06 12 03 000000")
    assert ("REPORT" in host.slip) is printed
    host.say("06 50 03 000000")
    assert ("TOTALS MATCH" in host.slip) is printed


def test_no_progress_for_who_did_not_ask() -> None:
    host = Register(config="B6")
    host.pay(100)
    assert "04ff" not in host.kinds


def test_text_blocks_carry_who_they_are_for_and_need_the_long_length() -> None:
    host = Register(config=None)
    host.say("06 00 0C 000000 3E 06 06 26 04 0a 02 06 d3")
    host.pay(15_000)
    blocks = [unit for unit in host.heard if unit[:2] == b"\x06\xd3"]
    assert [unit[2] for unit in blocks] == [0xFF, 0xFF]
    merchant, customer = blocks
    assert b"\x1f\x07\x01\x01" in merchant
    assert b"\x1f\x07\x01\x02" in customer
    assert b"MERCHANT COPY" in merchant
    assert b"CUSTOMER COPY" in customer


def test_a_long_command_comes_with_the_long_length() -> None:
    """An additional text of 300 bytes (3C) behind the amount."""
    host = Register()
    host.say(command("0601", "04000000000100" + "3CF3F0F0" + "41" * 300))
    assert host.told[-1] == "060f00"


# --- the day ---------------------------------------------------------------------------------------------------------


def test_a_reversal_by_receipt_number() -> None:
    host = Register()
    host.pay(10_000)
    receipt, trace = host.result[0x87].hex(), host.result[0x0B].hex()
    host.say(command("0630", f"000000 87{receipt}".replace(" ", "")))
    assert host.told[-1] == "060f00"
    assert (host.result[0x27], host.result[0x37].hex()) == (b"\0", trace)
    assert host.standings == ["payment 10000 voided", "void 10000 given"]
    host.say(command("0630", f"00000087{receipt}"))
    assert host.told[-1] == "061e01b4"


def test_a_reversal_of_an_unknown_receipt_another_sum_another_day() -> None:
    host = Register()
    host.pay(10_000)
    receipt = host.result[0x87].hex()
    assert host.say("06 30 06 000000 87 0777")[-1] == "061e01b5"
    assert host.say(command("0630", f"00000087{receipt}04000000009999"))[-1] == "061e01b7"
    host.say("06 50 03 000000")
    assert host.say(command("0630", f"00000087{receipt}"))[-1] == "061e01b5"
    assert host.standings == ["payment 10000 taken"]


def test_a_refund_needs_no_receipt() -> None:
    host = Register()
    host.say("06 31 0D 000000 04 000000005000 49 0643")
    assert host.told[-1] == "060f00"
    assert host.result[0x04].hex() == "000000005000"
    assert host.standings == ["refund 5000 given"]


def test_end_of_day_counts_what_was_paid_by_card_system() -> None:
    host = Register()
    host.pay(10_000)
    host.pay(20_000)
    host.pay(30_000)
    host.pay(40_000)
    host.say("06 50 03 000000")
    singles = host.result[0x60]
    assert host.result[0x04].hex() == "000000100000"
    assert singles[:4].hex() == "00010004"
    rows = [(singles[at], int(singles[at + 1 : at + 7].hex())) for at in range(4, 53, 7)]
    assert rows == [(0, 0), (0, 0), (1, 30_000), (0, 0), (1, 20_000), (0, 0), (2, 50_000)]
    host.say("06 10 03 000000")
    assert host.result[0x04].hex() == "000000000000"


def test_totals_that_differ_stand_on_the_slip() -> None:
    host = Register()
    host.pay(10_009)
    host.say("06 50 03 000000")
    assert "TOTALS DIFFER" in host.slip


# --- the last transaction --------------------------------------------------------------------------------------------


def test_the_last_transaction_is_repeated_as_it_was() -> None:
    host = Register()
    host.pay(10_000)
    before = next(unit for unit in host.heard if unit[:2] == b"\x04\x0f")
    assert host.repeat() == ["800000", before.hex(), "060f00"]
    host.say("06 20 03 000000")
    assert "CUSTOMER COPY" in host.slip
    assert "040f" not in host.kinds


def test_there_is_no_last_transaction_at_first() -> None:
    assert Register().repeat() == ["800000", "061e0183"]


def test_a_declined_transaction_is_a_last_one_and_a_cancelled_one_is_not() -> None:
    host = Register()
    host.pay(10_000)
    host.pay(20_002)
    host.repeat()
    assert (host.result[0x27], host.result[0x04].hex()) == (b"\0", "000000010000")
    host.pay(20_001)
    host.repeat()
    assert (host.result[0x27], host.result[0x04].hex()) == (b"\x05", "000000020001")


def test_another_programs_payment_is_the_last_one() -> None:
    host = Register()
    host.pay(10_000)
    host.device.foreign(7_700)
    host.repeat()
    assert host.result[0x04].hex() == "000000007700"


def test_another_terminal_has_another_number_and_no_last_transaction() -> None:
    host = Register()
    host.pay(10_000)
    before = host.result[0x29]
    host.device.change_terminal()
    assert host.repeat()[-1] == "061e0183"
    assert host.say("06 00 04 000000 BE")[1][12:20] != before.hex()
    host.pay(10_000)
    assert host.result[0x29] != before


# --- numbers on messages ---------------------------------------------------------------------------------------------


def test_messages_carry_numbers_when_both_want_it() -> None:
    host = Register(config=None)
    answers = []

    def echo(unit: bytes) -> bytes:
        number = unit[-6:] if unit[-6:-3] == b"\x1f\x73\x03" else b""
        answers.append(number[3:].hex())
        return b"\x80\x00\x08\x06\x06" + number if number else b"\x80\x00\x00"

    host.say("06 00 0C 000000 0A 06 06 1F 73 03 00 00 00", echo)
    assert host.told[1].endswith("1f7303000000")
    assert host.say("06 01 14 04 00 00 00 00 01 00 49 06 43 19 44 06 06 1F 73 03 00 00 01", echo)
    assert host.told[0] == "80000806061f7303000001"
    assert answers[1:] == [f"{n:06d}" for n in range(1, len(answers))]
    assert host.kinds[-1] == "060f"


def test_a_numbered_command_that_comes_twice_is_done_once() -> None:
    host = Register(config=None)
    host.say("06 00 0C 000000 02 06 06 1F 73 03 00 00 00")
    paying = "06 01 0F 04 000000000100 06 06 1F 73 03 00 00 01"
    host.line.receive(bytes.fromhex(paying))
    assert host.line.receive(bytes.fromhex(paying)).hex() == "80000806061f7303000001"
    host.listen()
    assert host.standings == ["payment 100 taken"]
    host.say(paying, seconds=5)
    assert host.standings == ["payment 100 taken"]


def test_an_answer_to_an_earlier_message_is_none() -> None:
    host = Register(config=None)
    host.say("06 00 0C 000000 08 06 06 1F 73 03 00 00 00")
    stale = bytes.fromhex("80 00 08 06 06 1F 73 03 00 00 99")
    host.say("06 01 0F 04 000000000100 06 06 1F 73 03 00 00 01", lambda _: stale)
    assert host.kinds[-1] == "061e"
    assert host.entries == []
