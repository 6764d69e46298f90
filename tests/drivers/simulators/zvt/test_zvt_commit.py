"""When money stays and when the terminal takes it back: the acknowledgement of the result and of every print packet."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.simulators.clock import ManualClock
from drivers.simulators.script import perform
from drivers.simulators.zvt import Options, new_device
from drivers.simulators.zvt.assembly import store_of
from tests.drivers.simulators.zvt.host import NO_PRINT, START, YES, Answer, Register, command, silent_to

TAKEN, REVERSED = ["payment 10000 taken"], ["payment 10000 reversed", "reversal 10000 given"]
VENDING = Options(vending=True)


# --- ordinary terminals ----------------------------------------------------------------------------------------------


def test_the_acknowledged_result_is_final_even_if_the_completion_is_lost() -> None:
    host = Register()
    host.pay(10_000, silent_to("060f"))
    host.dial()
    assert host.standings == TAKEN


def test_an_unacknowledged_result_comes_three_times_and_then_the_money_goes_back() -> None:
    host = Register(config=NO_PRINT)
    host.pay(10_000, silent_to("040f"))
    assert host.kinds.count("040f") == 3
    results = [unit for unit in host.heard if unit[:2] == b"\x04\x0f"]
    assert len(set(results)) == 1
    assert host.told[-1] == "061e016c"
    assert host.standings == REVERSED
    assert 15 <= host.clock.monotonic() < 18


@pytest.mark.parametrize("lost", [1, 2])
def test_a_repeated_result_that_is_acknowledged_keeps_the_money(lost: int) -> None:
    host = Register()
    host.pay(10_000, silent_to("040f", times=lost))
    assert host.kinds.count("040f") == 1 + lost
    assert host.standings == TAKEN


def test_every_print_packet_is_a_part_of_the_commit() -> None:
    host = Register()
    told = host.pay(10_000)
    for kept in range(sum(unit.startswith("06d1") for unit in told)):
        host = Register()
        seen = [0]

        def answer(unit: bytes, kept: int = kept, seen: list[int] = seen) -> bytes | None:
            seen[0] += unit[:2] == b"\x06\xd1"
            return None if unit[:2] == b"\x06\xd1" and seen[0] == kept + 1 else YES

        host.pay(10_000, answer)
        assert host.standings == REVERSED


def test_a_text_block_is_a_part_of_the_commit() -> None:
    host = Register(config=None)
    host.say("06 00 0C 000000 3E 06 06 26 04 0a 02 06 d3")
    host.pay(10_000, silent_to("06d3"))
    assert host.standings == REVERSED


def test_an_answer_after_t3_is_none() -> None:
    host = Register(config=NO_PRINT)
    host.say("06 01 07 04 000000010000", silent_to("040f"), seconds=1.5)
    assert host.kinds[-1] == "040f"
    host.listen(answer=silent_to("040f"), seconds=16)
    host.line.receive(YES)
    host.listen()
    assert host.standings == REVERSED


def test_a_negative_answer_is_an_acknowledgement_where_no_goods_are_waited_for() -> None:
    host = Register()
    host.pay(10_000, lambda unit: b"\x84\x9c\x00" if unit[:2] == b"\x04\x0f" else YES)
    assert host.standings == TAKEN


def test_progress_that_nobody_acknowledges_ends_it_before_anything_is_taken() -> None:
    host = Register()
    host.pay(10_000, silent_to("04ff"))
    assert host.told[-1] == "061e019b"
    assert host.entries == []


@pytest.mark.parametrize(
    ("moment", "expected"),
    [("04ff0a", []), ("04ff04", []), ("040f", REVERSED), ("06d1", REVERSED), ("060f", TAKEN)],
)
def test_a_line_that_breaks(moment: str, expected: list[str]) -> None:
    """Before the result it ends the operation, after the last acknowledgement it changes nothing."""
    host = Register()

    def answer(unit: bytes) -> bytes | None:
        if (unit[:2] + (unit[3:4] if unit[:2] == b"\x04\xff" else b"")).hex() == moment:
            host.line.close()
            return None
        return YES

    host.pay(10_000, answer)
    host.line = host.device.connection()
    host.pass_time(5)
    assert host.standings == expected
    assert host.pay(20_000)[-1] == "060f00"


def test_while_it_takes_back_the_terminal_is_busy_and_then_tells() -> None:
    host = Register()
    host.pay(10_005)
    assert host.line.closed
    host.dial()
    assert host.repeat() == ["849c00"]
    host.pass_time(1)
    host.repeat()
    assert (host.result[0x27], host.result[0x04].hex()) == (b"\x6c", "000000010005")
    assert host.standings == ["payment 10005 reversed", "reversal 10005 given"]


def test_a_terminal_may_tell_nothing_of_what_it_took_back() -> None:
    host = Register(options=Options(reversed_shows="nothing"))
    host.pay(20_000)
    host.pay(10_005)
    host.dial()
    host.pass_time(1)
    host.repeat()
    assert (host.result[0x27], host.result[0x04].hex()) == (b"\0", "000000020000")


def test_a_late_reversal_looks_like_a_payment_until_then() -> None:
    host = Register("late:command=reversal,seconds=30")
    host.pay(10_005)
    host.dial()
    host.repeat()
    assert host.result[0x27] == b"\0"
    assert host.standings == ["payment 10005 taken"]
    host.pass_time(30)
    host.repeat()
    assert host.result[0x27] == b"\x6c"
    assert host.standings == ["payment 10005 reversed", "reversal 10005 given"]


def test_a_refund_that_nobody_acknowledged_is_taken_back_and_a_reversal_is_not() -> None:
    host = Register(config=NO_PRINT)
    host.say("06 31 0A 000000 04 000000005000", silent_to("040f"))
    assert host.standings == ["refund 5000 reversed", "reversal 5000 given"]
    host.pay(10_000)
    receipt = host.result[0x87].hex()
    host.say(command("0630", f"00000087{receipt}"), silent_to("040f"))
    assert host.standings[2:] == ["payment 10000 voided", "void 10000 given"]


# --- what is left to the next payment's number -----------------------------------------------------------------------


LATER = Options(unacknowledged="later")


def sync(number: str) -> str:
    """TLV 1F1F in an authorisation."""
    size = len(bytes.fromhex(number))
    return f"06{3 + size:02x}1f1f{size:02x}{number}"


def test_the_number_of_the_payment_before_takes_the_last_one_back() -> None:
    host = Register(options=LATER)
    host.pay(20_000, more=sync(""))
    assert host.result[0x06].hex() == "1f1f020001"
    host.pay(10_000, silent_to("040f"), more=sync("0001"))
    assert host.standings == ["payment 20000 taken", "payment 10000 taken"]
    host.pay(30_000, more=sync("0001"))
    assert host.standings == [
        "payment 20000 taken", "payment 10000 reversed", "reversal 10000 given", "payment 30000 taken",
    ]  # fmt: skip


@pytest.mark.parametrize("known", ["0002", "", "0000"])
def test_any_other_number_or_none_leaves_it(known: str) -> None:
    host = Register(options=LATER)
    host.pay(20_000, more=sync(""))
    host.pay(10_000, silent_to("040f"), more=sync("0001"))
    host.pay(30_000, more=sync(known))
    assert "payment 10000 taken" in host.standings


def test_without_numbers_it_stays() -> None:
    host = Register(options=LATER)
    host.pay(10_005)
    host.dial()
    host.pass_time(60)
    host.repeat()
    assert host.result[0x27] == b"\0"
    assert host.standings == ["payment 10005 taken"]


# --- goods -----------------------------------------------------------------------------------------------------------


def not_yet(times: int, then: str) -> Answer:
    left = [times]

    def answer(unit: bytes) -> bytes | None:
        if unit[:2] != b"\x04\x0f" or unit[3:5] == b"\x27\x6c":
            return YES
        left[0] -= 1
        return bytes.fromhex("849c00" if left[0] >= 0 else then) or None

    return answer


def test_the_registration_tells_that_goods_are_waited_for() -> None:
    host = Register(options=VENDING, config=None)
    assert host.say("06 00 04 000000 BE")[1].startswith("060f0a1910")


@pytest.mark.parametrize(
    ("then", "end", "standing"),
    [
        ("800000", "060f00", TAKEN),
        ("840000", "060f00", TAKEN),
        ("846e00", "061e016c", REVERSED),
        ("849d0704000000004000", "060f00", ["payment 10000 reversed", "reversal 6000 given"]),
        ("849d0704000000010000", "060f00", TAKEN),
        ("849d00", "061e016c", REVERSED),
        ("", "061e016c", REVERSED),
    ],
)
def test_goods_come_after_a_while(then: str, end: str, standing: list[str]) -> None:
    host = Register(options=VENDING)
    host.pay(10_000, not_yet(5, then))
    assert host.kinds.count("040f") == 6
    assert host.told[-1] == end
    assert host.standings == standing


def test_not_yet_may_be_said_so_often_and_no_oftener() -> None:
    host = Register(options=VENDING)
    host.pay(10_000, not_yet(100, "800000"), more="0203")
    assert host.told.count("040f02276c") == 1
    assert host.kinds.count("040f") == 4
    assert host.told[-1] == "061e016c"
    assert host.standings == REVERSED


@pytest.mark.parametrize(("more", "seconds"), [("", 30), ("0105", 5)])
def test_no_answer_within_the_goods_time(more: str, seconds: int) -> None:
    host = Register(options=VENDING)
    host.pay(10_000, silent_to("040f"), more=more)
    assert host.standings == REVERSED
    assert seconds < host.clock.monotonic() < seconds + 5


def test_a_line_that_breaks_while_goods_are_waited_for() -> None:
    host = Register(options=Options(vending=True, unacknowledged="later"))
    host.pay(10_000, not_yet(100, "800000"), seconds=10)
    host.dial()
    host.pass_time(1)
    assert host.standings == REVERSED


# --- abort -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "expected", "end"),
    [("04ff020a00", [], "061e016c"), ("04ff020100", [], "061e016c"), ("04ff020400", TAKEN, "060f00")],
)
def test_abort_helps_until_the_bank_is_asked(after: str, expected: list[str], end: str) -> None:
    host = Register()
    aborted = []

    def answer(unit: bytes) -> bytes | None:
        if unit.hex() == after:
            aborted.append(host.line.receive(YES))
            return bytes.fromhex("06 B0 00")
        return YES

    told = host.pay(10_000, answer)
    assert told.count("800000") == 2
    assert told[-1] == end
    assert host.standings == expected


def test_another_command_meanwhile_is_too_early() -> None:
    host = Register(config="00")
    host.line.receive(bytes.fromhex("06 01 07 04 000000010000"))
    assert host.line.receive(bytes.fromhex("05 01 03 000000")).hex() == "849c00"
    host.listen()
    assert host.standings == TAKEN


def test_another_cash_register_is_not_let_in_meanwhile() -> None:
    host = Register()
    host.line.receive(bytes.fromhex("06 01 07 04 000000010000"))
    with pytest.raises(ConnectionRefusedError):
        host.device.connection()


# --- kopecks, faults, hands ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kopecks", "end", "standing"),
    [
        (1, "061e0105", ["payment 10001 declined"]),
        (2, "061e016c", []),
        (3, "061e017d", []),
        (6, "060f00", ["payment 10006 taken"]),
        (7, "060f00", ["payment 10007 taken"]),
        (8, "060f00", ["payment 10108 taken"]),
        (9, "060f00", ["payment 10009 taken"]),
        (16, "060f00", ["payment 10016 taken"]),
    ],
)
def test_kopecks_steer(kopecks: int, end: str, standing: list[str]) -> None:
    host = Register(config=NO_PRINT)
    assert host.pay(10_000 + kopecks)[-1] == end
    assert host.standings == standing
    if kopecks == 8:
        assert host.result[0x04].hex() == "000000010108"
    if kopecks == 7:
        assert next(unit for unit in host.heard if unit[:2] == b"\x04\x0f")[3] == 0xFE
    if kopecks == 6:
        assert host.clock.monotonic() > 10
        assert host.kinds.count("04ff") == 8


def test_a_terminal_that_hangs_says_nothing_until_its_line_ends() -> None:
    host = Register()
    assert host.pay(10_004, seconds=200) == ["800000"]
    assert host.line.receive(bytes.fromhex("06 B0 00")) == b""
    host.dial()
    assert host.pay(10_000)[-1] == "060f00"
    assert host.standings == TAKEN


def test_rubbish_that_nobody_acknowledges_is_taken_back() -> None:
    host = Register(config=NO_PRINT)
    host.pay(10_007, silent_to("040f"))
    assert host.standings == ["payment 10007 reversed", "reversal 10007 given"]


@pytest.mark.parametrize(
    ("fault", "told", "standing"),
    [
        ("refuse:command=payment,error=F0", ["84f000"], []),
        ("busy:command=payment", ["849c00"], []),
        ("mute:command=payment,seconds=60", [], []),
        ("drop:command=payment", [], []),
        ("cut:after=3,direction=in", [], []),
    ],
)
def test_faults_at_the_door(fault: str, told: list[str], standing: list[str]) -> None:
    host = Register(fault)
    assert host.pay(10_000, seconds=30) == told
    assert host.standings == standing
    host.pass_time(60)
    host.dial()
    assert host.pay(20_000)[-1] == "060f00"


def test_a_lost_acknowledgement_brings_the_result_again() -> None:
    host = Register("ack-lost:command=result")
    host.pay(10_000)
    assert host.kinds.count("040f") == 2
    assert host.standings == TAKEN
    host = Register("ack-lost:command=result,times=3")
    host.pay(10_000)
    assert host.standings == REVERSED


def test_a_command_whose_acknowledgement_is_lost_is_carried_out() -> None:
    host = Register("ack-lost:command=payment,direction=out")
    host.pay(10_000)
    assert host.kinds[0] == "04ff"
    assert host.standings == TAKEN


def test_a_result_that_is_lost_without_its_line_comes_again() -> None:
    host = Register("answer-lost:command=payment,drop=no")
    host.pay(10_000)
    assert host.kinds.count("040f") == 1
    assert host.standings == TAKEN


def test_a_bank_that_declines_by_a_code() -> None:
    host = Register("fail:command=payment,code=51")
    host.pay(10_000)
    assert host.result[0x27] == b"\x33"
    assert host.told[-1] == "061e0133"


def test_an_answer_of_another_terminal() -> None:
    host = Register("twist:command=payment,into=other-answer")
    host.pay(10_000)
    assert host.result[0x29].hex() != host.device.state.bank.terminal_id
    assert host.standings == TAKEN


def test_nobody_presents_a_card() -> None:
    host = Register("twist:command=payment,into=no-card")
    assert host.pay(10_000)[-1] == "061e016c"
    assert host.clock.monotonic() > 60
    assert host.entries == []


def test_a_settlement_is_overdue() -> None:
    host = Register()
    perform(host.device, "settlement-due")
    assert host.say("05 01 05 000000 03 02")[1] == "060f01f0"
    assert host.pay(10_000) == ["84f000"]
    host.say("06 50 03 000000")
    assert host.pay(10_000)[-1] == "060f00"


@pytest.mark.parametrize(
    ("when", "standing", "after"),
    [("before", [], []), ("after", ["payment 10000 taken"], REVERSED)],
)
def test_power_around_the_booking(when: str, standing: list[str], after: list[str]) -> None:
    host = Register(f"power:command=payment,when={when},off=5")
    host.pay(10_000, seconds=3)
    assert host.line.closed
    assert host.standings == standing
    with pytest.raises(ConnectionRefusedError):
        host.device.connection()
    host.clock.advance(5)
    host.line = host.device.connection()
    assert host.standings == after
    assert host.say("05 01 05 000000 03 02")[1] == "060f0100"


def test_what_was_not_acknowledged_is_taken_back_by_the_next_process(tmp_path: Path) -> None:
    store = store_of(tmp_path / "state.json")
    clock = ManualClock(START)
    device = new_device(clock, Random(1), store=store)
    line = device.connection()
    for said in ("06 00 04 000000 02", "80 00 00", "06 01 07 04 000000010000"):
        line.receive(bytes.fromhex(said))
        for _ in range(6):
            clock.advance(0.5)
            line.poll()
    assert device.state.open
    kept = store_of(tmp_path / "state.json").load()
    assert kept is not None
    again = new_device(clock, Random(1), state=kept)
    assert [again.bank.standing(entry).value for entry in kept.bank.entries] == ["reversed", "given"]
    assert again.state.open == ""


def test_a_pulled_cable_ends_the_operation_on_a_network() -> None:
    host = Register()
    host.line.receive(bytes.fromhex("06 01 07 04 000000010000"))
    perform(host.device, "unplug")
    with pytest.raises(ConnectionRefusedError):
        host.device.connection()
    host.clock.advance(60)
    told = perform(host.device, "plug")
    assert (told["plugged"], told["balance"]) == (True, "0.00")
    host.line = host.device.connection()
    assert host.pay(20_000)[-1] == "060f00"


# --- whatever comes --------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=25), st.booleans(), st.integers(0, 9), st.booleans())
def test_whatever_is_answered_the_terminal_ends_and_money_is_kept_once_or_not_at_all(
    answers: list[int], vending: bool, kopecks: int, hang_up: bool
) -> None:
    options: tuple[bytes | None, ...] = (YES, None, b"\x84\x9c\x00", b"\x84\x6e\x00", b"\x80\x00")
    host = Register(options=Options(vending=vending))
    queue = list(answers)

    def answer(_unit: bytes) -> bytes | None:
        return options[queue.pop()] if queue else YES

    host.pay(10_000 + kopecks, answer, more="0209")
    if hang_up:
        host.line.close()
    for _ in range(80):
        host.clock.advance(5)
        host.device.tick()
    assert not host.device.session.running
    paid = [entry for entry in host.entries if entry.kind == "payment" and entry.approved]
    assert len(paid) <= 1
    assert host.device.state.open == ""


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=12), max_size=6))
def test_any_bytes_are_refused_or_ignored_and_take_no_money(chunks: list[bytes]) -> None:
    host = Register()
    for chunk in chunks:
        if b"\x06\x01" not in chunk and b"\x06\x31" not in chunk:
            host.line.receive(chunk)
            host.pass_time(1)
    host.pass_time(400)
    assert host.device.bank.balance == 0
