"""The driver over a terminal that follows a script; the numbers are those of the exchange in the reference."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.terminal_api import (
    Means,
    Order,
    Original,
    Outcome,
    Progress,
    ReportKind,
    Totals,
    Transaction,
    Verdict,
)
from protocol.crm.terminal_codes import TERMINAL_CODES
from tests.drivers.terminals.zvt.peer import ORDER, Attendant, ScriptedTerminal, terminal

REGISTER = """
> 06 00 11 00 00 00 be 06 43 06 09 12 01 20 26 04 0a 02 06 d3
< 80 00 00
< 06 0f 0a 19 {status} 29 12 34 56 78 49 06 43
> 80 00 00
"""
ENQUIRE = """
> 05 01 03 00 00 00
< 80 00 00
< 06 0f 07 f0 f0 f3 53 49 4d {state}
> 80 00 00
"""
PAY = """
> 06 01 0a 04 00 00 00 01 23 00 49 06 43
< 80 00 00
"""
APPROVAL = """
< 04 0f 28 27 00 04 00 00 00 01 23 00 49 06 43 0c 12 34 56 0d 11 21 0b 00 00 42 87 00 17 29 12 34 56 78 {code}
""".format(code="3b 41 31 42 32 43 33 20 20")
OK = "> 80 00 00\n"
COMPLETION = "< 06 0f 00\n" + OK
PAPER = """
< 06 d1 0a 00 41 50 50 52 4f 56 45 44 07
> 80 00 00
< 06 d1 0d 00 20 20 31 32 33 2c 30 30 20 52 55 42
> 80 00 00
"""
DECLINE = "< 04 0f 09 27 05 04 00 00 00 01 23 00\n" + OK
ABORTED = "< 06 1e 01 {code}\n" + OK
VENDING = REGISTER.format(status="10") + ENQUIRE.format(state="00")


def pay(script: str, attendant: Attendant | None = None, *, vending: bool = False) -> Transaction:
    made, channel = terminal((VENDING if vending else "") + PAY + script)
    if vending:
        made.connect()
    answer = made.pay(ORDER, attendant or Attendant())
    assert channel.lines == []
    return answer


def fails(script: str, attendant: Attendant | None = None) -> DeviceError:
    made, channel = terminal(PAY + script)
    with pytest.raises(DeviceError) as caught:
        made.pay(ORDER, attendant or Attendant())
    assert channel.lines == []
    assert caught.value.code in TERMINAL_CODES
    return caught.value


# --- who is there -----------------------------------------------------------------------------------------------------


def test_it_registers_and_says_who_it_is() -> None:
    made, channel = terminal(REGISTER.format(status="00") + ENQUIRE.format(state="00"))
    identity = made.connect()
    assert (identity.terminal_id, identity.software, identity.interface) == ("12345678", "SIM", "zvt")
    assert channel.lines == []
    assert channel.opened == 2  # a connection belongs to one procedure
    assert made.capabilities.hold == 0


def test_what_it_needs_first_is_done() -> None:
    needs = "> 06 93 03 00 00 00\n< 80 00 00\n" + COMPLETION + "> 06 70 00\n< 80 00 00\n" + COMPLETION
    made, channel = terminal(REGISTER.format(status="03") + needs + ENQUIRE.format(state="00"))
    made.connect()
    assert channel.lines == []


def test_vending_mode_makes_it_hold() -> None:
    made, _ = terminal(VENDING)
    made.connect()
    assert made.capabilities.hold == 120


def test_nobody_there() -> None:
    for code, expected in (("device_offline", "terminal_offline"), ("port_busy", "terminal_port_busy")):
        made, channel = terminal("")
        channel.refuses = code
        for call in (made.connect, made.status, lambda made=made: made.pay(ORDER, Attendant())):
            with pytest.raises(NotSent) as caught:
                call()
            assert caught.value.code == expected


@pytest.mark.parametrize("script", [">06 00", "! cut", "< ff ff ff 00 01 02"])
def test_somebody_else_there(script: str) -> None:
    register = REGISTER.splitlines()[1]
    made, _ = terminal(register + "\n" + script)
    with pytest.raises(NotSent, match="terminal_offline"):
        made.connect()


def test_busy_and_wrong_currency() -> None:
    register = REGISTER.splitlines()[1]
    made, _ = terminal(register + "\n< 84 9c 00")
    with pytest.raises(NotSent, match="terminal_busy"):
        made.connect()
    made, _ = terminal(register + "\n< 84 1e 03 6f 09 78")
    with pytest.raises(Refused, match=r"terminal_setup \[6F\]"):
        made.connect()
    made, _ = terminal(REGISTER.format(status="00").replace("49 06 43\n> 80", "49 09 78\n> 80"))
    with pytest.raises(Refused, match="terminal_setup: its currency is 978"):
        made.connect()


@pytest.mark.parametrize(
    ("state", "attention", "busy"),
    [
        ("00", None, False),
        ("9c", "terminal_busy", True),
        ("f0", "terminal_settlement_needed", False),
        ("dc", "terminal_card_inside", False),
        ("e1", "terminal_card_inside", False),
        ("51", "terminal_setup", False),
        ("c2", "terminal_not_ready", False),
        ("c0", "terminal_not_ready", False),
    ],
)
def test_a_look(state: str, attention: str | None, busy: bool) -> None:
    made, _ = terminal(REGISTER.format(status="00") + ENQUIRE.format(state=state))
    status = made.status()
    assert (status.terminal_id, status.attention, status.busy) == ("12345678", attention, busy)
    assert status.vendor == (state.upper() if attention else None)


# --- a payment --------------------------------------------------------------------------------------------------------


def test_a_payment() -> None:
    script = "< 04 ff 02 0a 00\n" + OK + "< 04 ff 02 0a 00\n" + OK + "< 04 ff 02 0e 00\n" + OK
    attendant = Attendant()
    answer = pay(script + APPROVAL + OK + PAPER + COMPLETION, attendant)
    assert answer.outcome is Outcome.APPROVED
    assert (answer.amount, answer.currency, answer.number, answer.terminal_id) == (12300, "643", "0017", "12345678")
    assert (answer.auth_code, answer.at) == ("A1B2C3", datetime(2026, 11, 21, 12, 34, 56))  # noqa: DTZ001
    assert answer.slips == (("APPROVED", "  123,00 RUB"),)
    assert attendant.told == [Progress.CONNECTING, Progress.PRESENT_CARD, Progress.ONLINE]
    assert attendant.approvals == [replace(answer, slips=())]


def test_it_is_written_down_before_it_is_acknowledged() -> None:
    made, channel = terminal(PAY + APPROVAL + OK + COMPLETION)
    seen: list[list[str]] = []
    made.pay(ORDER, Attendant(at=lambda _: seen.append(list(channel.lines))))
    assert seen == [[line.strip() for line in (OK + COMPLETION).splitlines()]]


def test_what_could_not_be_written_down_is_not_acknowledged() -> None:
    made, channel = terminal(PAY + APPROVAL)

    def fail(_: Transaction) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        made.pay(ORDER, Attendant(at=fail))
    assert channel.lines == []  # another byte would have failed the script


@pytest.mark.parametrize(
    ("script", "outcome", "reason", "code"),
    [
        (DECLINE + ABORTED.format(code="05"), Outcome.DECLINED, "payment_declined", "05"),
        (ABORTED.format(code="6c"), Outcome.CANCELLED, "payment_cancelled", "6C"),
        (ABORTED.format(code="7d"), Outcome.DECLINED, "payment_no_bank", "7D"),
        (ABORTED.format(code="f0"), Outcome.DECLINED, "terminal_settlement_needed", "F0"),
        ("< 06 1e 00\n" + OK, Outcome.DECLINED, "payment_declined", ""),
        ("< 06 1e 01 00\n" + OK, Outcome.DECLINED, "payment_declined", "00"),
    ],
)
def test_no_payment(script: str, outcome: Outcome, reason: str, code: str) -> None:
    attendant = Attendant()
    answer = pay(script, attendant)
    assert (answer.outcome, answer.reason, answer.code) == (outcome, reason, code)
    assert attendant.approvals == []
    assert reason in TERMINAL_CODES


def test_a_changed_byte_in_the_result_was_taken_for_a_refusal_of_what_the_bank_had_booked() -> None:
    """The end of an approved payment behind a result that says no: one of the two is not what the terminal said."""
    attendant = Attendant()
    with pytest.raises(InDoubt) as doubt:
        pay(DECLINE + COMPLETION, attendant)
    assert doubt.value.code == "terminal_bad_reply"
    assert attendant.approvals == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("9c", "terminal_busy"),
        ("83", "terminal_unsupported"),
        ("f0", "terminal_settlement_needed"),
        ("6b", "terminal_not_ready"),
        ("05", "terminal_refused"),
    ],
)
def test_refused_at_once(code: str, expected: str) -> None:
    made, channel = terminal(PAY.splitlines()[1] + f"\n< 84 {code} 00")
    with pytest.raises(Refused) as caught:
        made.pay(ORDER, Attendant())
    assert (caught.value.code, caught.value.vendor, channel.lines) == (expected, code.upper(), [])


@pytest.mark.parametrize(
    ("script", "code", "left"),
    [
        ("", "terminal_no_reply", 0.0),
        ("! cut", "terminal_link_lost", 180.0),
        ("< 04 ff 02 0e 00\n" + OK + "! cut", "terminal_link_lost", 180.0),
        ("~" + APPROVAL.strip()[1:61] + "\n! cut", "terminal_link_lost", 180.0),
        (APPROVAL + OK, "terminal_no_reply", 0.0),
        (APPROVAL + OK + "! cut", "terminal_link_lost", 180.0),
        (APPROVAL + OK + PAPER + "! cut", "terminal_link_lost", 180.0),
        (DECLINE, "terminal_no_reply", 0.0),  # no end, no verdict
        (DECLINE + "! cut", "terminal_link_lost", 180.0),
        (APPROVAL + OK + ABORTED.format(code="64"), "terminal_bad_reply", 180.0),
        ("< 06 0f 00\n" + OK, "terminal_bad_reply", 180.0),
        ("< 04 0f 07 04 00 00 00 01 23 00\n", "terminal_bad_reply", 180.0),  # nothing of a result: not acknowledged
        ("< 04 0f 09 99 27 00 00 00 00 00 00 00\n", "terminal_bad_reply", 180.0),
    ],
)
def test_doubt(script: str, code: str, left: float) -> None:
    error = fails(script)
    assert isinstance(error, InDoubt)
    assert error.code == code
    assert error.remaining == pytest.approx(left, abs=0.5)


def test_a_command_without_any_answer_is_in_doubt() -> None:
    made, _ = terminal(PAY.splitlines()[1])
    with pytest.raises(InDoubt, match="terminal_no_reply") as caught:
        made.pay(ORDER, Attendant())
    assert caught.value.remaining == pytest.approx(175, abs=0.5)


def test_a_terminal_may_ask_for_more_time() -> None:
    made, channel = terminal(PAY + "< 04 ff 02 0e 09\n" + OK)
    started = channel.clock.now()
    with pytest.raises(InDoubt, match="terminal_no_reply"):
        made.pay(ORDER, Attendant())
    assert channel.clock.now() - started == pytest.approx(540, abs=1)


def test_what_it_wants_besides() -> None:
    """Its clock, and to dial through us, which we cannot."""
    script = "< 04 01 00\n" + OK + "< 06 d8 00\n> 84 83 00\n" + APPROVAL + OK + COMPLETION
    assert pay(script).outcome is Outcome.APPROVED


# --- abort ------------------------------------------------------------------------------------------------------------


def aborted(script: str) -> Transaction:
    made, channel = terminal(PAY + "? abort\n> 06 b0 00\n" + script)
    answer = made.pay(ORDER, Attendant(wanted=lambda: channel.aborts))
    assert channel.lines == []
    return answer


def test_abort_is_asked_for_once_and_the_terminal_answers() -> None:
    assert aborted("< 80 00 00\n" + ABORTED.format(code="6c")).outcome is Outcome.CANCELLED
    assert aborted("< 84 83 00\n" + APPROVAL + OK + COMPLETION).outcome is Outcome.APPROVED
    assert aborted("< 80 00 00\n" + APPROVAL + OK + COMPLETION).outcome is Outcome.APPROVED  # it wins


# --- hold -------------------------------------------------------------------------------------------------------------


def test_a_held_payment_is_kept_in_the_end() -> None:
    attendant = Attendant([Verdict.WAIT, Verdict.WAIT, Verdict.KEEP])
    again = APPROVAL + "> 84 9c 00\n"
    assert pay(again + again + APPROVAL + OK + COMPLETION, attendant, vending=True).outcome is Outcome.APPROVED
    assert len(attendant.approvals) == 3


def test_a_held_payment_is_undone() -> None:
    script = APPROVAL + "> 84 9c 00\n" + APPROVAL + "> 84 6c 00\n" + ABORTED.format(code="6c")
    answer = pay(script, Attendant([Verdict.WAIT, Verdict.UNDO]), vending=True)
    assert (answer.outcome, answer.reason) == (Outcome.REVERSED, "payment_reversed")


def test_a_payment_is_held_as_long_as_was_promised_and_then_undone() -> None:
    made, channel = terminal(
        VENDING + PAY + (APPROVAL + "> 84 9c 00\n") * 2 + APPROVAL + "> 84 6c 00\n" + ABORTED.format(code="6c")
    )
    made.connect()
    attendant = Attendant([Verdict.WAIT] * 3, at=lambda _: channel.clock.sleep(60))
    assert made.pay(ORDER, attendant).outcome is Outcome.REVERSED
    assert channel.lines == []


@pytest.mark.parametrize("status", ["< 04 0f 02 27 6c\n", "< 04 0f 03 27 6c 00\n"])
def test_a_payment_held_too_long_is_reversed_by_the_terminal(status: str) -> None:
    script = APPROVAL + "> 84 9c 00\n" + status + OK + ABORTED.format(code="6c")
    answer = pay(script, Attendant([Verdict.WAIT]), vending=True)
    assert (answer.outcome, answer.reason, answer.code) == (Outcome.REVERSED, "payment_reversed", "6C")


def test_a_terminal_that_does_not_undo_leaves_doubt() -> None:
    made, _ = terminal(VENDING + PAY + APPROVAL + "> 84 6c 00\n" + COMPLETION)
    made.connect()
    with pytest.raises(InDoubt, match="terminal_bad_reply"):
        made.pay(ORDER, Attendant([Verdict.UNDO]))


def test_a_terminal_that_does_not_hold_is_not_asked_to() -> None:
    made, channel = terminal(PAY + APPROVAL)
    with pytest.raises(ValueError, match="does not hold"):
        made.pay(ORDER, Attendant([Verdict.WAIT]))
    assert channel.lines == []


# --- money back -------------------------------------------------------------------------------------------------------

ORIGINAL = Original(12300, number="0017")


def test_a_void_names_the_receipt_and_its_amount() -> None:
    script = "> 06 30 10 00 00 00 87 00 17 04 00 00 00 01 23 00 49 06 43\n< 80 00 00\n" + APPROVAL + OK + COMPLETION
    made, channel = terminal(script)
    attendant = Attendant()
    assert made.void(ORDER, ORIGINAL, attendant).outcome is Outcome.APPROVED
    assert channel.lines == []
    assert len(attendant.approvals) == 1


def test_a_void_of_what_is_reversed_already() -> None:
    script = "> 06 30 10 00 00 00 87 00 17 04 00 00 00 01 23 00 49 06 43\n< 80 00 00\n" + ABORTED.format(code="b4")
    made, _ = terminal(script)
    answer = made.void(ORDER, ORIGINAL, Attendant())
    assert (answer.outcome, answer.reason) == (Outcome.DECLINED, "payment_already_reversed")


def test_a_refund_wants_the_card() -> None:
    script = "> 06 31 0d 00 00 00 04 00 00 00 01 23 00 49 06 43\n< 80 00 00\n" + APPROVAL + OK + COMPLETION
    made, channel = terminal(script)
    assert made.refund(ORDER, None, Attendant()).outcome is Outcome.APPROVED
    assert channel.lines == []


@pytest.mark.parametrize(
    ("order", "original", "code"),
    [
        (ORDER, Original(12300), "terminal_needs_original"),
        (ORDER, Original(12300, number="12345"), "terminal_needs_original"),
        (ORDER, Original(12300, number="١٢"), "terminal_needs_original"),
        (Order(100, 18), ORIGINAL, "terminal_unsupported"),
        (Order(12300, 18, means=Means.SBP), ORIGINAL, "terminal_unsupported"),
    ],
)
def test_what_cannot_be_voided_is_refused_before_a_byte_is_sent(order: Order, original: Original, code: str) -> None:
    made, channel = terminal("")
    with pytest.raises(Refused) as caught:
        made.void(order, original, Attendant())
    assert (caught.value.code, channel.opened) == (code, 0)


# --- queries ----------------------------------------------------------------------------------------------------------

LAST = "> 06 20 05 00 00 00 03 03\n< 80 00 00\n"


def test_the_last_transaction() -> None:
    made, _ = terminal(LAST + APPROVAL + OK + COMPLETION)
    last = made.last_transaction()
    assert last is not None
    assert (last.outcome, last.amount, last.number, last.operation) == (Outcome.APPROVED, 12300, "0017", None)
    made, _ = terminal(LAST + DECLINE + COMPLETION)
    last = made.last_transaction()
    assert last is not None
    assert last.outcome is Outcome.DECLINED
    made, _ = terminal(LAST + COMPLETION)
    assert made.last_transaction() is None


def test_the_last_transaction_is_not_told() -> None:
    made, _ = terminal(LAST + "< 04 0f 07 04 00 00 00 01 23 00\n" + OK + COMPLETION)
    with pytest.raises(InDoubt, match="terminal_bad_reply"):
        made.last_transaction()
    made, _ = terminal(LAST + ABORTED.format(code="83"))
    with pytest.raises(Refused, match="terminal_unsupported"):
        made.last_transaction()


def test_the_end_of_the_day() -> None:
    rows = "02 00 00 00 01 00 00 01 00 00 00 00 23 00" + "00 00 00 00 00 00 00" * 5
    status = f"< 04 0f 42 27 00 04 00 00 00 01 23 00 60 f0 f5 f3 00 01 00 03 {rows}\n"
    made, channel = terminal("> 06 50 03 00 00 00\n< 80 00 00\n" + status + OK + PAPER + COMPLETION)
    result = made.settle()
    assert (result.outcome, result.totals, result.count, result.amount) == (Outcome.APPROVED, Totals.UNKNOWN, 3, 12300)
    assert result.slips == (("APPROVED", "  123,00 RUB"),)
    assert channel.lines == []


def test_a_day_that_does_not_end() -> None:
    made, _ = terminal("> 06 50 03 00 00 00\n< 80 00 00\n" + ABORTED.format(code="77"))
    result = made.settle()
    assert (result.outcome, result.code) == (Outcome.DECLINED, "77")


def test_paper_again() -> None:
    made, _ = terminal("> 06 20 03 00 00 00\n< 80 00 00\n" + PAPER + COMPLETION)
    assert made.reprint_last() == (("APPROVED", "  123,00 RUB"),)
    made, _ = terminal("> 06 12 03 00 00 00\n< 80 00 00\n" + PAPER + COMPLETION)
    assert made.report(ReportKind.SHORT) == (("APPROVED", "  123,00 RUB"),)
    with pytest.raises(Refused, match="terminal_unsupported"):
        made.report(ReportKind.FULL)


def test_disconnect_is_always_possible() -> None:
    made, _ = terminal("")
    made.disconnect()
    made.disconnect()


# --- a serial line ----------------------------------------------------------------------------------------------------


def framed(script: str, attendant: Attendant | None = None) -> tuple[Transaction, ScriptedTerminal]:
    made, channel = terminal(script, framed=True)
    answer = made.pay(Order(101010, 1), attendant or Attendant())
    assert channel.lines == []
    return answer, channel


def test_a_payment_over_a_serial_line() -> None:
    """The amount has the byte that is doubled, twice."""
    pay = "> 06 01 0a 04 00 00 00 10 10 10 49 06 43\n< 06\n< 80 00 00\n> 06\n"
    approval = "< 04 0f 02 27 00\n> 06\n> 80 00 00\n< 06\n"
    answer, _ = framed(pay + approval + "< 06 0f 00\n> 06\n> 80 00 00\n< 06\n")
    assert answer.outcome is Outcome.APPROVED


def test_signs_that_are_lost_on_a_serial_line() -> None:
    """A frame without a sign goes out again; so does our answer when the terminal repeats its message."""
    command = "> 06 01 0a 04 00 00 00 10 10 10 49 06 43\n"
    approval = "< 04 0f 02 27 00\n> 06\n> 80 00 00\n"
    attendant = Attendant()
    answer, _ = framed(
        command + "< 15\n" + command + "< 06\n< 80 00 00\n> 06\n" + approval + approval + "< 06\n"
        "< 06 0f 00\n> 06\n> 80 00 00\n> 80 00 00\n> 80 00 00\n",
        attendant,
    )  # fmt: skip
    assert answer.outcome is Outcome.APPROVED
    assert len(attendant.approvals) == 1


def test_nobody_at_the_other_end_of_a_serial_line() -> None:
    command = "> 06 01 0a 04 00 00 00 10 10 10 49 06 43\n"
    made, channel = terminal(command * 3, framed=True)
    with pytest.raises(InDoubt, match="terminal_no_reply"):
        made.pay(Order(101010, 1), Attendant())
    assert channel.lines == []


def test_a_damaged_frame_is_asked_for_again() -> None:
    pay = "> 06 01 0a 04 00 00 00 10 10 10 49 06 43\n< 06\n< 80 00 00\n> 06\n"
    damaged = "~ 10 02 04 0f 02 27 00 10 03 00 00\n> 15\n"
    approval = "< 04 0f 02 27 00\n> 06\n> 80 00 00\n< 06\n"
    answer, _ = framed(pay + damaged + approval + "< 06 0f 00\n> 06\n> 80 00 00\n< 06\n")
    assert answer.outcome is Outcome.APPROVED


# --- what must not leave ----------------------------------------------------------------------------------------------

PAN = "4000001234567899"
SECRETS = (PAN, PAN[:12], "4000 0012 3456", "9912101000")


def test_no_card_data_leaves() -> None:
    """A terminal that tells everything: card number, expiry, tracks, chip data, a number on its paper."""
    assert PAN[-2:] == "99"
    track = f"{PAN}d9912101000f"
    status = (
        f"2700 22f0f8{PAN} 0e9912 23f1f4{track} 24f0f1f4{track} 2ef0f0f4deadbeef a7f0f2beef"
        "04000000012300 3cf0f2f1" + f"card {PAN}".encode().hex() + "06 04 1f 60 01 aa"
    ).replace(" ", "")
    data = bytes.fromhex(status)
    paper = f"4000 0012 3456 7899 {PAN}".encode()
    script = (
        f"< 04 0f {len(data):02x} {data.hex()}\n" + OK + f"< 06 d1 {len(paper) + 1:02x} 00 {paper.hex()}\n" + OK
        + COMPLETION
    )  # fmt: skip
    trace: list[tuple[str, bytes]] = []
    made, _ = terminal(PAY + script, trace=trace)
    attendant = Attendant()
    answer = made.pay(ORDER, attendant)
    assert answer.card == "****7899"
    assert answer.amount == 12300
    told = [repr(answer), repr(attendant.approvals), repr(made), repr(vars(made))]
    told += [data.hex() + data.decode("cp437") for _, data in trace]
    for secret in SECRETS:
        assert not any(secret in text for text in told), secret
    assert [way for way, _ in trace] == ["open", "tx", "rx", "rx", "tx", "rx", "tx", "rx", "tx", "close"]
