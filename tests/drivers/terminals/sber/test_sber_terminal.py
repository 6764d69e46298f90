"""The verdict is the first line of an ``e`` that this very run has left; all else can only make it worse."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.terminal_api import (
    Found,
    Means,
    Operation,
    Order,
    Original,
    Outcome,
    Progress,
    ReportKind,
    TerminalStatus,
    Totals,
    Transaction,
)
from protocol.crm.terminal_codes import TERMINAL_CODES
from tests.drivers.terminals.programs import Listener, Play
from tests.drivers.terminals.sber.conftest import ORDER, Desk, declined, e, p

PAID = {"e": e(), "p": p()}
ORIGINAL = Original(15000, "606012345678", "123456")


# --- a payment ---


def test_an_approved_payment(desk: Desk) -> None:
    listener = Listener()
    desk.plays(Play(PAID))
    paid = desk.terminal().pay(ORDER, listener)
    assert replace(paid, slips=()) == Transaction(
        Outcome.APPROVED,
        code="0",
        text="Успешное завершение",
        operation=Operation.PAYMENT,
        amount=15000,
        rrn="606012345678",
        auth_code="123456",
        number="0007",
        terminal_id="00311159",
        merchant_id="790000000001",
        card="****1234",
        card_system="MIR",
        at=datetime.fromisoformat("2026-03-01 12:15:30"),
    )
    assert [len(slip) for slip in paid.slips] == [6, 4]
    assert paid.slips[0][0] == "        ОПЛАТА"
    assert desk.programs.started == [(str(desk.folder / "loadparm.exe"), "1", "15000")]
    assert listener.approvals == [paid]
    assert listener.heard == [Progress.CONNECTING]


def test_the_files_of_linux(desk: Desk) -> None:
    play = Play({"e": e(charset="koi8-r"), "p": p(charset="koi8-r")}, says=b"return:0\n")
    paid = desk.pay(play, charset="koi8-r", mirrors=False)
    assert paid.text == "Успешное завершение"
    assert paid.slips[0][4] == "ОДОБРЕНО"


@pytest.mark.parametrize(
    ("code", "outcome", "reason"),
    [
        ("4405,Обратитесь в банк", Outcome.DECLINED, "payment_declined"),
        ("4451,Недостаточно средств", Outcome.DECLINED, "payment_declined"),
        ("2000,Отменено", Outcome.CANCELLED, "payment_cancelled"),
        ("2002,Время вышло", Outcome.CANCELLED, "payment_no_card"),
        ("36,Нет ключа", Outcome.DECLINED, "terminal_setup"),
        ("12,Режим", Outcome.DECLINED, "terminal_not_ready"),
        ("7777,Неизвестное, с запятой", Outcome.DECLINED, "payment_declined"),
    ],
)
def test_the_terminals_no(desk: Desk, code: str, outcome: Outcome, reason: str) -> None:
    number, _, text = code.partition(",")
    told = desk.pay(Play({"e": declined(code)}, exit=int(number)))
    assert (told.outcome, told.code, told.text, told.reason) == (outcome, number, text, reason)
    assert reason in TERMINAL_CODES


@pytest.mark.parametrize(
    ("code", "seconds", "verdict", "ours"),
    [
        ("99,Нет связи", 1, NotSent, "terminal_offline"),
        ("99,Нет связи", 30, InDoubt, "terminal_no_reply"),
        ("101,Невозможно", 1, Refused, "terminal_refused"),
        ("115,Занято", 1, Refused, "terminal_busy"),
        ("4119,Нет связи с банком", 40, InDoubt, "terminal_no_reply"),
        ("4353,Бонусы", 5, InDoubt, "terminal_bad_reply"),
    ],
)
def test_what_is_no_answer_of_the_terminals_to_this_payment(
    desk: Desk, code: str, seconds: float, verdict: type[DeviceError], ours: str
) -> None:
    number = code.partition(",")[0]
    with pytest.raises(verdict) as caught:
        desk.pay(Play({"e": declined(code)}, seconds, exit=int(number)))
    assert (caught.value.code, caught.value.vendor) == (ours, number)
    assert ours in TERMINAL_CODES


@pytest.mark.parametrize(
    "play",
    [
        Play({}),
        Play({"p": p()}),
        Play({"e": b""}),
        Play({"e": b"\r\n0,OK"}),
        Play({"e": b"0"}),  # cut before the comma: it may have been 0 or anything that begins so
        Play({"e": b"4"}, exit=4),
        Play({"e": b"OK"}),
        Play({"e": b"\xff\xfe0,"}),
        Play({"e": b"-1,?"}, exit=-1),
        Play({"e": b"00,?"}),
        Play({"e": b"123456,?"}, exit=123456),
        Play(PAID, exit=1),
        Play(PAID, exit=-11),
        Play(PAID, exit=2000),
        Play({"e": declined("115,Занято")}, exit=0),  # another program's: ours has ended well
        Play({"e": declined("4405,Нет")}, exit=0),
        Play(PAID, says=b"return:2000\n"),
        Play({"e": declined("2000,x")}, exit=2000, says=b"return:0\n"),
        Play(PAID, older=60),  # of somebody who puts old files back
        Play({"e": e(line8="20260227121530")}),  # of another day
    ],
    ids=lambda play: f"{play.files.get('e', b'-')[:12]!r} {play.exit} {play.says!r}",
)
def test_a_missing_spoilt_or_foreign_result_is_doubt(desk: Desk, play: Play) -> None:
    with pytest.raises(InDoubt) as caught:
        desk.pay(play)
    assert caught.value.code == "terminal_bad_reply"
    assert 0 < caught.value.remaining < 180  # the terminal may go on without its program
    assert desk.terminal().find(ORDER, Operation.PAYMENT) is Found.NOTHING


@pytest.mark.parametrize(
    ("code", "exit", "fits"), [(0, 0, True), (2000, 0, True), (2000, 208, True), (0, 1, False), (2000, 1, False)]
)
def test_exit_codes_of_linux(desk: Desk, code: int, exit: int, fits: bool) -> None:
    play = Play({"e": e() if code == 0 else declined(f"{code},x")}, exit=exit)
    if fits:
        desk.pay(play, mirrors=False)
    else:
        with pytest.raises(InDoubt):
            desk.pay(play, mirrors=False)


def test_every_cut_of_an_approval_is_an_approval_or_doubt(desk: Desk) -> None:
    whole = e()
    for length in range(len(whole)):
        (desk.folder / "kassabridge.json").unlink(missing_ok=True)  # what it knows of the payment before
        try:
            told = desk.pay(Play({"e": whole[:length], "p": p()}))
        except InDoubt:
            assert length < 3
        else:
            assert told.outcome is Outcome.APPROVED


def test_every_cut_of_a_slip_leaves_the_approval_and_tells_its_sum_or_none(desk: Desk) -> None:
    whole = p()
    for length in range(len(whole) + 1):
        (desk.folder / "kassabridge.json").unlink(missing_ok=True)
        told = desk.pay(Play({"e": e(), "p": whole[:length]}))
        assert told.outcome is Outcome.APPROVED
        assert told.amount in (ORDER.amount, None), length


def test_every_cut_of_a_refusal_is_that_refusal_or_doubt(desk: Desk) -> None:
    whole = declined("4405,Обратитесь")
    for length in range(len(whole)):
        try:
            told = desk.pay(Play({"e": whole[:length]}, exit=4405))
        except InDoubt:
            assert length < 5
        else:
            assert (told.outcome, told.code) == (Outcome.DECLINED, "4405")


def test_what_an_earlier_run_has_left_is_gone_before_the_next_begins(desk: Desk) -> None:
    for name in ("e", "p"):
        (desk.folder / name).write_bytes(PAID[name])
    seen: list[bool] = []

    def look(directory: Path) -> None:
        seen.append((directory / "e").exists() or (directory / "p").exists())

    with pytest.raises(InDoubt):
        desk.pay(Play({}, before=look))
    assert seen == [False]


def test_another_amount_is_told_as_the_slip_has_it(desk: Desk) -> None:
    slip = "ОПЛАТА\nСумма: 1 500.00\n01.03.26 12:15:30\n"
    assert desk.pay(Play({"e": e(), "p": p(slip)})).amount == 150000
    several = {"e": e(line9="606012345679"), "p": p("Сумма 10.00\nКомиссия 1.00\n")}
    assert desk.pay(Play(several)).amount is None
    assert desk.pay(Play({"e": e(line9="606012345670")})).amount is None


def test_the_data_of_the_payment_before_are_nobodys_answer(desk: Desk) -> None:
    desk.pay(Play(PAID))
    with pytest.raises(InDoubt):
        desk.pay(Play({}))
    with pytest.raises(InDoubt, match="the operation before it") as caught:
        desk.pay(Play(PAID))
    assert caught.value.code == "terminal_bad_reply"
    assert desk.terminal().find(ORDER, Operation.PAYMENT) is Found.NOTHING
    assert desk.pay(Play({"e": e(line9="606012345679"), "p": p()})).outcome is Outcome.APPROVED


# --- before anything is run ---


def test_a_program_that_is_not_there(desk: Desk) -> None:
    (desk.folder / "loadparm.exe").unlink()
    with pytest.raises(NotSent, match=r"none of loadparm.exe, sb_pilot.exe") as caught:
        desk.terminal().pay(ORDER, Listener())
    assert caught.value.code == "terminal_program_missing"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FileNotFoundError(2, "gone"), "terminal_program_missing"),
        (PermissionError(13, "denied"), "terminal_program_failed"),
        (OSError(8, "exec format"), "terminal_program_failed"),
    ],
)
def test_a_program_that_cannot_be_started_moved_nothing(desk: Desk, error: OSError, code: str) -> None:
    desk.pay(Play(PAID))
    desk.plays(Play(error=error))
    with pytest.raises(NotSent) as caught:
        desk.terminal().pay(Order(100, 18), Listener())
    assert caught.value.code == code
    assert isinstance(desk.terminal().find(ORDER, Operation.PAYMENT), Transaction)  # what was known is known still


def test_a_result_that_cannot_be_deleted_is_never_read(desk: Desk) -> None:
    (desk.folder / "e").mkdir()
    with pytest.raises(NotSent) as caught:
        desk.terminal().pay(ORDER, Listener())
    assert caught.value.code == "terminal_port_busy"
    assert desk.programs.started == []


@pytest.mark.parametrize(
    "order", [Order(15000, 17, currency="978"), Order(15000, 17, means=Means.SBP), Order(0, 17), Order(-1, 17)]
)
def test_what_it_cannot_do_is_refused_by_name(desk: Desk, order: Order) -> None:
    with pytest.raises(Refused) as caught:
        desk.terminal().pay(order, Listener())
    assert caught.value.code == "terminal_unsupported"
    assert desk.programs.started == []


# --- money back ---


def test_a_refund_with_the_card_or_by_the_reference_number(desk: Desk) -> None:
    desk.plays(*(Play(PAID) for _ in range(4)))
    desk.terminal().refund(ORDER, ORIGINAL, Listener())
    desk.terminal().refund(ORDER, None, Listener())
    desk.terminal(refund_without_card=True).refund(Order(5000, 18), ORIGINAL, Listener())
    desk.terminal(refund_without_card=True).refund(ORDER, None, Listener())
    assert [argv[1:] for argv in desk.programs.started] == [
        ("3", "15000"),
        ("3", "15000"),
        ("3", "5000", "0", "QSELECT", "606012345678"),
        ("3", "15000"),
    ]


def test_a_void_with_the_card_or_by_the_reference_number(desk: Desk) -> None:
    desk.plays(Play(PAID), Play(PAID))
    listener = Listener()
    voided = desk.terminal().void(ORDER, ORIGINAL, listener)
    assert voided.operation is Operation.VOID
    assert listener.approvals == [voided]
    desk.terminal(void_by_rrn=True).void(ORDER, ORIGINAL, Listener())
    assert [argv[1:] for argv in desk.programs.started] == [
        ("8", "15000"),
        ("8", "15000", "0", "QSELECT", "606012345678"),
    ]


@pytest.mark.parametrize("rrn", ["", "60601234567", "60601234567x", "606012345678 /f", "٦٠٦٠١٢٣٤٥٦٧٨"])
def test_a_void_without_a_reference_number_is_refused_before_it_begins(desk: Desk, rrn: str) -> None:
    with pytest.raises(Refused, match="rrn") as caught:
        desk.terminal(void_by_rrn=True).void(ORDER, replace(ORIGINAL, rrn=rrn), Listener())
    assert caught.value.code == "terminal_needs_original"
    assert desk.programs.started == []


def test_parts(desk: Desk) -> None:
    with pytest.raises(Refused) as caught:
        desk.terminal().void(Order(5000, 18), ORIGINAL, Listener())
    assert caught.value.code == "terminal_unsupported"
    with pytest.raises(Refused):
        desk.terminal().refund(Order(15001, 18), ORIGINAL, Listener())
    assert desk.programs.started == []


@pytest.mark.parametrize(("way", "arguments"), [("plain", ("13",)), ("sum", ("13", "15000"))])
def test_the_last_one_is_taken_back_where_the_profile_says_how(
    desk: Desk, way: str, arguments: tuple[str, ...]
) -> None:
    assert not desk.terminal().capabilities.reverses_last
    with pytest.raises(Refused) as caught:
        desk.terminal().reverse_last(ORDER, Listener())
    assert caught.value.code == "terminal_unsupported"
    desk.plays(Play(PAID), Play({"e": declined("4140,Не та")}, exit=4140))
    assert desk.terminal(reverse_last=way).reverse_last(ORDER, Listener()).outcome is Outcome.APPROVED
    nothing = desk.terminal(reverse_last=way).reverse_last(Order(15000, 18), Listener())
    assert (nothing.outcome, nothing.reason) == (Outcome.DECLINED, "payment_nothing_to_reverse")
    assert desk.programs.started[0][1:] == arguments


# --- who answers ---


def test_connecting_asks_who_is_there(desk: Desk) -> None:
    desk.plays(Play({"e": e()}))
    found = desk.terminal().connect()
    assert (found.vendor, found.interface, found.terminal_id) == ("Sber", "sber", "00311159")
    assert desk.programs.started[0][1:] == ("26",)


@pytest.mark.parametrize(
    ("play", "code"),
    [
        (Play({"e": declined("99,Нет")}, exit=99), "terminal_offline"),
        (Play({"e": declined("115,Занято")}, exit=115), "terminal_busy"),
        (Play({}), "terminal_program_failed"),
        (Play({"e": b"?"}), "terminal_program_failed"),
        (Play({"e": e()}, seconds=100), "terminal_offline"),
    ],
)
def test_nobody_there(desk: Desk, play: Play, code: str) -> None:
    desk.plays(play)
    with pytest.raises(NotSent) as caught:
        desk.terminal().connect()
    assert caught.value.code == code


def test_a_question_that_takes_too_long_is_ended_and_an_operation_never(desk: Desk) -> None:
    desk.plays(Play({"e": e()}, seconds=100))
    with pytest.raises(NotSent):
        desk.terminal().connect()
    assert len(desk.programs.killed) == 1
    with pytest.raises(InDoubt):
        desk.pay(Play({"e": e()}, seconds=1000))
    with pytest.raises(NotSent):
        desk.terminal().settle()
    assert len(desk.programs.killed) == 1


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("0,ok", TerminalStatus("")),
        ("12,x", TerminalStatus("", "terminal_not_ready", "12")),
        ("36,x", TerminalStatus("", "terminal_setup", "36")),
        ("115,x", TerminalStatus("", "terminal_busy", "115", busy=True)),
        ("251,x", TerminalStatus("", "terminal_card_inside", "251")),
        ("4444,x", TerminalStatus("", "terminal_not_ready", "4444")),
    ],
)
def test_one_look(desk: Desk, code: str, status: TerminalStatus) -> None:
    desk.plays(Play({"e": declined(code)}, exit=int(code.partition(",")[0])))
    assert desk.terminal().status() == status


# --- the day ---


@pytest.mark.parametrize(
    ("slip", "totals"),
    [
        ("ИТОГИ СОВПАЛИ", Totals.MATCHED),
        ("Итоги\n совпали", Totals.MATCHED),
        ("ИТОГИ НЕ СОВПАЛИ", Totals.DIFFERENT),
        ("итоги не\nсовпали", Totals.DIFFERENT),
        ("Отчёт", Totals.UNKNOWN),
        ("", Totals.UNKNOWN),
    ],
)
def test_totals_are_told_by_the_slip(desk: Desk, slip: str, totals: Totals) -> None:
    desk.plays(Play({"e": e(), "p": p(slip)}))
    done = desk.terminal().settle()
    assert (done.outcome, done.totals) == (Outcome.APPROVED, totals)


def test_a_settlement_that_was_not_made_has_no_totals(desk: Desk) -> None:
    desk.plays(Play({"e": declined("4405,Нет"), "p": p("ИТОГИ СОВПАЛИ")}, exit=4405), Play({}))
    done = desk.terminal().settle()
    assert (done.outcome, done.totals, done.code) == (Outcome.DECLINED, Totals.UNKNOWN, "4405")
    with pytest.raises(InDoubt):
        desk.terminal().settle()


def test_reports_and_the_slip_again(desk: Desk) -> None:
    slip = {"e": declined("0,ok"), "p": p("ОТЧЁТ\r\n1\r\n")}
    desk.plays(Play(slip), Play(slip), Play(slip), Play({"e": declined("4405,Нет")}, exit=4405))
    terminal = desk.terminal()
    assert terminal.report(ReportKind.SHORT) == (("ОТЧЁТ", "1"),)
    terminal.report(ReportKind.FULL)
    terminal.reprint_last()
    assert [argv[1:] for argv in desk.programs.started] == [("9", "0"), ("9", "1"), ("12",)]
    with pytest.raises(Refused) as caught:
        terminal.reprint_last()
    assert (caught.value.code, caught.value.vendor) == ("terminal_refused", "4405")


# --- doubt ---


def in_doubt(desk: Desk, seconds: float = 200, files: dict[str, bytes] | None = None, **play: object) -> None:
    with pytest.raises(InDoubt) as caught:
        desk.pay(Play(PAID if files is None else files, seconds, **play))  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.remaining) == ("terminal_no_reply", 0.0)


def test_a_program_that_takes_too_long_is_waited_for_and_its_late_answer_found(desk: Desk) -> None:
    in_doubt(desk)
    assert desk.terminal().find(ORDER, Operation.PAYMENT) is Found.IN_PROGRESS
    with pytest.raises(NotSent) as caught:
        desk.terminal().connect()
    assert caught.value.code == "terminal_busy"
    assert desk.terminal().status() == TerminalStatus("", "terminal_busy", busy=True)
    with pytest.raises(NotSent):
        desk.terminal().pay(Order(100, 18), Listener())
    desk.clock.sleep(30)
    late = desk.terminal().find(ORDER, Operation.PAYMENT)
    assert isinstance(late, Transaction)
    assert (late.outcome, late.rrn, late.amount) == (Outcome.APPROVED, "606012345678", 15000)
    assert len(desk.programs.started) == 1
    assert desk.programs.killed == []


def test_a_late_answer_outlives_the_questions_that_come_after_it(desk: Desk) -> None:
    in_doubt(desk)
    desk.clock.sleep(30)
    desk.plays(Play({"e": declined("0,ok")}))
    desk.terminal().connect()
    assert isinstance(desk.terminal().find(ORDER, Operation.PAYMENT), Transaction)


def test_an_answer_that_was_told_is_found_again(desk: Desk) -> None:
    """The agent may have died before it had written it down."""
    paid = desk.pay(Play(PAID))
    assert desk.terminal().find(ORDER, Operation.PAYMENT) == paid
    desk.plays(Play({"e": declined("4405,Нет")}, exit=4405))
    refused = desk.terminal().refund(Order(15000, 18), None, Listener())
    assert desk.terminal().find(Order(15000, 18), Operation.REFUND) == refused


def test_what_is_asked_for_must_be_the_very_operation(desk: Desk) -> None:
    desk.pay(Play(PAID))
    terminal = desk.terminal()
    assert terminal.find(Order(15000, 18), Operation.PAYMENT) is Found.NOTHING
    assert terminal.find(Order(15001, 17), Operation.PAYMENT) is Found.NOTHING
    assert terminal.find(ORDER, Operation.REFUND) is Found.NOTHING
    assert isinstance(terminal.find(ORDER, Operation.PAYMENT), Transaction)


def test_what_the_terminal_never_began_is_found_as_that(desk: Desk) -> None:
    with pytest.raises(Refused):
        desk.pay(Play({"e": declined("115,Занято")}, exit=115))
    assert desk.terminal().find(ORDER, Operation.PAYMENT) is Found.NEVER_BEGUN
    in_doubt(desk, files={"e": declined("101,Нет")}, exit=101)
    desk.clock.sleep(30)
    assert desk.terminal().find(ORDER, Operation.PAYMENT) is Found.NEVER_BEGUN


def test_a_late_answer_that_nobody_saw_coming_needs_more_than_its_name(desk: Desk) -> None:
    """The agent was away when the program ended: whatever lies there may be another program's."""
    table: list[tuple[dict[str, bytes], bytes, float, bool]] = [
        ({"e": e()}, b"", 0, False),  # no slip, no word of the program's own
        ({"e": e(), "p": p("Сумма: 99.00")}, b"", 0, False),
        ({"e": e(), "p": p()}, b"", 0, True),  # its sum stands on the slip
        ({"e": e(line8="20260225120000"), "p": p()}, b"", 0, False),
        ({"e": e(), "p": p()}, b"", 3600, False),  # older than the run
        ({"e": declined("4405,Нет")}, b"", 0, False),
        ({"e": declined("4405,Нет")}, b"return:4405\n", 0, True),
        ({"e": declined("4405,Нет")}, b"return:0\n", 0, False),
        ({"e": declined("115,Занято")}, b"", 0, False),
        ({"e": b""}, b"return:0\n", 0, False),
    ]
    desk.programs.witness = False
    for files, says, older, found in table:
        in_doubt(desk, files=files, says=says, older=older)
        desk.clock.sleep(30)
        late = desk.terminal().find(ORDER, Operation.PAYMENT)
        assert isinstance(late, Transaction) is found, (files, says)
        if not found:
            assert late is Found.NOTHING
        assert desk.terminal().find(ORDER, Operation.PAYMENT) == late


def test_a_file_that_was_written_after_the_end_is_not_its_own(desk: Desk) -> None:
    in_doubt(desk, files={})
    desk.clock.sleep(30)
    desk.programs.look(next(iter(desk.programs.children)))  # it ends, and that is seen
    (desk.folder / "e").write_bytes(e())
    (desk.folder / "p").write_bytes(p())
    later = (desk.folder / "end").stat().st_mtime + 5
    os.utime(desk.folder / "e", (later, later))
    assert desk.terminal().find(ORDER, Operation.PAYMENT) is Found.NOTHING


def test_an_agent_that_died_while_the_program_was_being_started(desk: Desk) -> None:
    desk.pay(Play(PAID))
    record = desk.folder / "kassabridge.json"
    value = json.loads(record.read_text("utf-8"))
    record.write_text(json.dumps({**value, "mark": None, "over": False, "answer": None}), "utf-8")
    desk.programs.others = True
    assert desk.terminal().find(ORDER, Operation.PAYMENT) is Found.IN_PROGRESS
    desk.programs.others = None  # nobody can tell: until its time is over
    assert desk.terminal().find(ORDER, Operation.PAYMENT) is Found.IN_PROGRESS
    desk.programs.others = False
    found = desk.terminal().find(ORDER, Operation.PAYMENT)
    assert isinstance(found, Transaction)  # by the sum on its slip


def test_a_record_that_nobody_understands_is_none(desk: Desk) -> None:
    (desk.folder / "kassabridge.json").write_text("{}", "utf-8")
    assert desk.terminal().find(ORDER, Operation.PAYMENT) is Found.NOTHING
    desk.pay(Play(PAID))


def test_one_at_a_time(desk: Desk) -> None:
    def another(_directory: Path) -> None:
        for call in _calls(desk):
            with pytest.raises(NotSent) as caught:
                call()
            assert caught.value.code == "terminal_busy"

    assert desk.pay(Play(PAID, before=another)).outcome is Outcome.APPROVED
    assert len(desk.programs.started) == 1


def _calls(desk: Desk) -> list[Callable[[], object]]:
    terminal = desk.terminal()
    return [
        terminal.connect,
        terminal.settle,
        lambda: terminal.pay(Order(100, 18), Listener()),
        lambda: terminal.find(ORDER, Operation.PAYMENT),
    ]


def test_the_answer_is_on_disk_before_anybody_is_told(desk: Desk) -> None:
    def look(_transaction: Transaction) -> None:
        assert isinstance(desk.terminal().find(ORDER, Operation.PAYMENT), Transaction)
        raise ValueError("the journal is full")

    desk.plays(Play(PAID))
    with pytest.raises(ValueError, match="journal"):
        desk.terminal().pay(ORDER, Listener(look))
    assert isinstance(desk.terminal().find(ORDER, Operation.PAYMENT), Transaction)


# --- card data ---


def test_no_card_data_leaves(desk: Desk) -> None:
    pan, track, digest = "2200123456789019", ";2200123456789019=28122010000012345?", "3F2A" * 10
    lines = {f"line{at}": pan for at in (1, 3, 4, 5, 7, 9, 13)} | {"line10": digest, "line11": track}
    files = {"e": e(pan, track, code=f"0,Карта {pan}", **lines), "p": p(f"Карта {pan}\nКарта 2200 1234 5678 9019\n")}
    paid = desk.pay(Play(files))
    said = repr(paid) + repr(desk.heard) + (desk.folder / "kassabridge.json").read_text("utf-8")
    said += b"".join(data for _, data in desk.heard).decode()
    assert paid.card == "****9019"
    for secret in (pan, "2200 1234", "220012", "28122010", digest):
        assert secret not in said
    with pytest.raises(InDoubt) as caught:
        desk.pay(Play({"e": e(code=f"4119,Карта {pan}", **lines)}, exit=4119))
    assert pan not in repr(caught.value) + str(caught.value)
