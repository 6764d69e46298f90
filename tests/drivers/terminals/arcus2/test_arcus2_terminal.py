"""The verdict is the code that this very run has left, unless anything beside it says otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.terminal_api import (
    Found,
    Means,
    Operation,
    Order,
    Original,
    Outcome,
    ReportKind,
    TerminalStatus,
    Totals,
    Transaction,
)
from drivers.terminals.arcus2.operations import Want
from protocol.crm.terminal_codes import TERMINAL_CODES
from tests.drivers.terminals.arcus2.conftest import CASHREG, CLASSES, NUMBERS, ORDER, SLIP, TEXTS, Desk, output, paid
from tests.drivers.terminals.programs import Listener, Play

ORIGINAL = Original(15000, "606012345678", "123456")


# --- a payment ---


def test_an_approved_payment(desk: Desk) -> None:
    listener = Listener()
    desk.plays(Play(paid()))
    told = desk.terminal().pay(ORDER, listener)
    assert replace(told, slips=()) == Transaction(
        Outcome.APPROVED,
        code="000",
        text="ОДОБРЕНО",
        operation=Operation.PAYMENT,
        amount=15000,
        rrn="606012345678",
        auth_code="123456",
        card="****1234",
    )
    assert told.slips == (
        ("ОПЛАТА", "Сумма: 150.00", "RRN: 606012345678", "ОДОБРЕНО"),
        ("ОПЛАТА", "Сумма: 150.00", "Для клиента"),
    )
    assert desk.programs.started == [(str(desk.folder / "CommandLineTool"), "/o1", "/a15000", "/c643")]
    assert listener.approvals == [told]


def test_the_code_is_the_banks_own(desk: Desk) -> None:
    desk.writes("ops.ini", NUMBERS.replace("1=0,128", "77=0,128"))
    desk.pay(paid())
    assert desk.programs.started[0][1] == "/o77"


@pytest.mark.parametrize(
    ("slip", "rrn"),
    [
        (SLIP, "606012345678"),
        ("Ссылка  606012345678\n", "606012345678"),
        ("RRN 606012345678 606012345679\n", ""),
        ("RRN:\n606012345678\n", ""),
        ("Чек 606012345678\n", ""),
    ],
)
def test_a_reference_number_that_is_missing_is_looked_for_on_the_slip(desk: Desk, slip: str, rrn: str) -> None:
    assert desk.pay(paid(output__dat=output(rrn=""), cheq__out=slip.encode("cp1251"))).rrn == rrn


def test_the_banks_no(desk: Desk) -> None:
    told = desk.pay({"rc.out": b"005", "output.dat": output("05", "", "", "")}, exit=5)
    assert (told.outcome, told.code, told.reason, told.text) == (
        Outcome.DECLINED, "005", "payment_declined", "ОТКАЗ БАНКА",
    )  # fmt: skip
    assert told.reason in TERMINAL_CODES


def test_codes_that_an_engineer_has_told(desk: Desk) -> None:
    told = desk.pay({"rc.out": b"106"}, cancelled=("106",))
    assert (told.outcome, told.reason) == (Outcome.CANCELLED, "payment_cancelled")
    told = desk.pay({"rc.out": b"107"}, no_card=("107",))
    assert (told.outcome, told.reason) == (Outcome.CANCELLED, "payment_no_card")
    with pytest.raises(Refused) as caught:
        desk.pay({"rc.out": b"108"}, never=("108",))
    assert caught.value.code == "terminal_refused"
    assert desk.terminal(never=("108",)).find(ORDER, Operation.PAYMENT) is Found.NEVER_BEGUN


@pytest.mark.parametrize(
    ("files", "exit", "code"),
    [
        ({}, 0, "terminal_bad_reply"),
        (paid(rc__out=b""), 0, "terminal_bad_reply"),
        (paid(rc__out=b"00"), 0, "terminal_bad_reply"),
        (paid(rc__out=b"0000"), 0, "terminal_bad_reply"),
        (paid(rc__out=b"OK"), 0, "terminal_bad_reply"),
        (paid(rc__out=b"000 ok"), 0, "terminal_bad_reply"),
        (paid(), 1, "terminal_bad_reply"),
        (paid(), -11, "terminal_bad_reply"),
        ({"rc.out": b"005"}, -11, "terminal_bad_reply"),
        ({"rc.out": b"005"}, 0xC0000005, "terminal_bad_reply"),
        (paid(output__dat=output("05")), 0, "terminal_bad_reply"),
        (paid(rc__out=b"005"), 0, "terminal_bad_reply"),  # the host has approved it
        (paid(rc__out=b"999"), 0, "terminal_bad_reply"),
        ({"rc.out": b"999"}, 0, "terminal_no_reply"),
        (paid(auto_can__out=b"x", can_rc__out=b"005"), 0, "terminal_bad_reply"),
        (paid(auto_can__out=b"x", can_rc__out=b"?"), 0, "terminal_bad_reply"),
    ],
)
def test_a_missing_spoilt_or_contradicting_result_is_doubt(
    desk: Desk, files: dict[str, bytes], exit: int, code: str
) -> None:
    with pytest.raises(InDoubt) as caught:
        desk.pay(files, exit=exit)
    assert caught.value.code == code
    assert 0 < caught.value.remaining < 180
    assert desk.terminal().find(ORDER, Operation.PAYMENT) is Found.NOTHING


def test_the_data_of_the_payment_before_are_nobodys_answer(desk: Desk) -> None:
    desk.pay(paid())
    with pytest.raises(InDoubt, match="the operation before it"):
        desk.pay(paid())
    assert desk.pay(paid(output__dat=output(rrn="606012345679"))).outcome is Outcome.APPROVED


@pytest.mark.parametrize(
    "files",
    [
        paid(auto_can__out="ОТМЕНА".encode("cp1251"), can_rc__out=b"000"),
        paid(auto_can__out="ОТМЕНА".encode("cp1251")),
        {"rc.out": b"005", "auto_can.out": "ОТМЕНА".encode("cp1251"), "can_rc.out": b"000\r\n"},
    ],
)
def test_an_automatic_cancel_has_taken_it_back(desk: Desk, files: dict[str, bytes]) -> None:
    desk.plays(Play(files))
    listener = Listener()
    told = desk.terminal().pay(ORDER, listener)
    assert (told.outcome, told.reason) == (Outcome.REVERSED, "payment_reversed")
    assert told.slips[-1] == ("ОТМЕНА",)
    assert listener.approvals == []


@pytest.mark.parametrize("name", ["rc.out", "output.dat", "cheq.out"])
def test_every_cut_of_an_approvals_files_is_an_approval_of_that_sum_or_doubt(desk: Desk, name: str) -> None:
    whole, ends = paid()[name], set[str]()
    for length in range(len(whole) + 1):
        (desk.folder / "kassabridge.json").unlink(missing_ok=True)  # what it knows of the payment before
        try:
            told = desk.pay({**paid(), name: whole[:length]})
        except InDoubt:
            ends.add("doubt")
        else:
            assert told.outcome is Outcome.APPROVED, length
            assert told.amount in (ORDER.amount, None), length
            ends.add("approved")
    assert "approved" in ends


def test_every_cut_of_a_refusals_result_is_that_refusal_or_doubt(desk: Desk) -> None:
    whole = b"005\r\n"
    for length in range(len(whole) + 1):
        files = {"rc.out": whole[:length], "output.dat": output("05", "", "", "")}
        try:
            told = desk.pay(files, exit=5)
        except InDoubt:
            assert length < 3
        else:
            assert told.outcome is Outcome.DECLINED
            assert length >= 3


def test_what_an_earlier_run_has_left_is_gone_before_the_next_begins(desk: Desk) -> None:
    for name in ("rc.out", "cheq.out", "output.dat", "auto_can.out", "can_rc.out"):
        (desk.folder / name).write_bytes(b"000")
    with pytest.raises(InDoubt):
        desk.pay({})
    left = {path.name for path in desk.folder.iterdir() if path.suffix in (".out", ".dat")}
    assert left <= {"kassabridge.out"}


def test_a_late_answer(desk: Desk) -> None:
    with pytest.raises(InDoubt) as caught:
        desk.pay(paid(), seconds=200)
    assert caught.value.code == "terminal_no_reply"
    assert desk.terminal().find(ORDER, Operation.PAYMENT) is Found.IN_PROGRESS
    with pytest.raises(NotSent) as busy:
        desk.terminal().connect()
    assert busy.value.code == "terminal_busy"
    assert desk.terminal().status() == TerminalStatus("", "terminal_busy", busy=True)
    desk.clock.sleep(30)
    desk.terminal().connect()
    late = desk.terminal().find(ORDER, Operation.PAYMENT)
    assert isinstance(late, Transaction)
    assert (late.outcome, late.amount) == (Outcome.APPROVED, 15000)


def test_files_that_are_gone_afterwards_make_no_operation_undone(desk: Desk) -> None:
    """The INI files are read before a run; what happens to them meanwhile has nothing to do with the money."""

    def lose(_directory: object) -> None:
        (desk.folder / "INI" / "cashreg.ini").unlink()

    desk.plays(Play(paid(), before=lose))
    assert desk.terminal().pay(ORDER, Listener()).outcome is Outcome.APPROVED


# --- money back ---


def test_back_by_the_reference_number(desk: Desk) -> None:
    desk.plays(*(Play(paid()) for _ in range(4)))
    terminal = desk.terminal()
    terminal.refund(Order(5000, 18), ORIGINAL, Listener())
    terminal.void(Order(15000, 19), replace(ORIGINAL, auth_code=""), Listener())
    terminal.reverse_last(Order(15000, 20), Listener())
    terminal.refund(Order(5000, 21, means=Means.SBP), replace(ORIGINAL, rrn="", sbp_id="A1-b2"), Listener())
    assert [argv[1:] for argv in desk.programs.started] == [
        ("/o3", "/a5000", "/c643", "/r606012345678", "/v123456"),
        ("/o4", "/a15000", "/c643", "/r606012345678"),
        ("/o2", "/a15000", "/c643"),
        ("/o32", "/a5000", "/c643", "/qxA1-b2"),
    ]


@pytest.mark.parametrize(
    ("original", "means"),
    [
        (None, Means.CARD),
        (replace(ORIGINAL, rrn=""), Means.CARD),
        (replace(ORIGINAL, rrn="606012345678/x"), Means.CARD),
        (None, Means.SBP),
        (ORIGINAL, Means.SBP),
        (replace(ORIGINAL, sbp_id="a b"), Means.SBP),
    ],
)
def test_what_is_lacking_is_refused_before_anything_begins(desk: Desk, original: Original | None, means: Means) -> None:
    with pytest.raises(Refused, match=r"rrn|sbp_id") as caught:
        desk.terminal().refund(Order(15000, 18, means=means), original, Listener())
    assert caught.value.code == "terminal_needs_original"
    assert desk.programs.started == []


def test_a_payment_by_qr_code_where_the_bank_has_it(desk: Desk) -> None:
    desk.plays(Play(paid()))
    assert desk.terminal().capabilities.means == {Means.CARD, Means.SBP}
    desk.terminal().pay(Order(15000, 18, means=Means.SBP), Listener())
    assert desk.programs.started[0][1] == "/o31"
    desk.writes("ops.ini", NUMBERS)
    assert desk.terminal().capabilities.means == {Means.CARD}
    with pytest.raises(Refused) as caught:
        desk.terminal().pay(Order(15000, 18, means=Means.SBP), Listener())
    assert caught.value.code == "terminal_unsupported"


# --- the day ---


@pytest.mark.parametrize(
    ("rc", "slip", "outcome", "totals"),
    [
        (b"000", "ИТОГИ СОВПАЛИ", Outcome.APPROVED, Totals.MATCHED),
        (b"000", "ИТОГИ НЕ СОВПАЛИ", Outcome.APPROVED, Totals.DIFFERENT),
        (b"000", "", Outcome.APPROVED, Totals.UNKNOWN),
        (b"005", "ИТОГИ СОВПАЛИ", Outcome.DECLINED, Totals.UNKNOWN),
    ],
)
def test_totals(desk: Desk, rc: bytes, slip: str, outcome: Outcome, totals: Totals) -> None:
    desk.plays(Play({"rc.out": rc, "cheq.out": slip.encode("cp1251")}))
    done = desk.terminal().settle()
    assert (done.outcome, done.totals) == (outcome, totals)
    assert desk.programs.started[0][1:] == ("/o11",)


def test_reports(desk: Desk) -> None:
    desk.plays(Play({"rc.out": b"000", "cheq.out": b"A\nB"}), Play({"rc.out": b"005"}), Play({"rc.out": b"999"}))
    terminal = desk.terminal()
    assert terminal.report(ReportKind.SHORT) == (("A", "B"),)
    with pytest.raises(Refused) as refused:
        terminal.report(ReportKind.FULL)
    assert (refused.value.code, refused.value.vendor) == ("terminal_refused", "005")
    with pytest.raises(NotSent) as offline:
        terminal.report(ReportKind.FULL)
    assert offline.value.code == "terminal_offline"
    assert [argv[1:] for argv in desk.programs.started] == [("/o21",), ("/o22",), ("/o22",)]
    with pytest.raises(Refused) as unsupported:
        terminal.reprint_last()
    assert unsupported.value.code == "terminal_unsupported"


# --- who answers ---


def test_connecting_without_a_link_test_runs_nothing(desk: Desk) -> None:
    assert desk.terminal().connect().terminal_id == ""
    assert desk.terminal().status() == TerminalStatus("")
    assert desk.programs.started == []


@pytest.mark.parametrize(
    ("files", "seconds", "code"),
    [
        ({"rc.out": b"999"}, 1, "terminal_offline"),
        ({"rc.out": b"000"}, 100, "terminal_offline"),
        ({}, 1, "terminal_program_failed"),
        ({"rc.out": b"?"}, 1, "terminal_program_failed"),
    ],
)
def test_connecting_with_a_link_test(desk: Desk, files: dict[str, bytes], seconds: float, code: str) -> None:
    desk.plays(Play({"rc.out": b"000"}), Play(files, seconds))
    terminal = desk.terminal(link_test="96")
    terminal.connect()
    assert desk.programs.started[0][1:] == ("/o96",)
    with pytest.raises(NotSent) as caught:
        terminal.connect()
    assert caught.value.code == code


# --- the INI directory ---


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("cashreg.ini", None, "cashreg.ini expected in one of INI, ini, ."),
        ("ops.ini", None, "ops.ini: expected, as OPERATION_INI_FILE says"),
        ("ops.ini", "", r"ops.ini: payment: a line CODE=1,1,… or CODE=0,128,… expected, there is none"),
        ("ops.ini", CLASSES + "9=0,128,X\n", r"payment: one line .* there are 2: line 2 .*line 11 \(9=0,128,X\)"),
        ("cashreg.ini", CASHREG + "RESULT_FILE=other.out\n", "RESULT_FILE expected once, it is in line 6, line 10"),
        ("cashreg.ini", CASHREG.replace("rc.out", "../../rc.out"), r"line 6: RESULT_FILE=../../rc.out: a file in "),
        ("cashreg.ini", CASHREG.replace("rc.out", "/etc/passwd"), "line 6: RESULT_FILE=/etc/passwd: a file in "),
        ("cashreg.ini", CASHREG.replace("rc.out", "cheq.out"), "two results have one name"),
        ("cashreg.ini", CASHREG + "PPCHARSET=cp866\nOPCHARSET=cp1251\n", "one code page expected, there are two"),
        ("cashreg.ini", CASHREG + "PPCHARSET=klingon\n", "PPCHARSET=klingon: one of cp866, cp1251"),
    ],
)
def test_what_is_wrong_with_the_setup_is_named(desk: Desk, file: str, text: str | None, says: str) -> None:
    if text is None:
        (desk.folder / "INI" / file).unlink()
    else:
        desk.writes(file, text)
    for call in (desk.terminal().connect, lambda: desk.terminal().pay(ORDER, Listener())):
        with pytest.raises(DeviceError, match=says) as caught:
            call()
        assert not isinstance(caught.value, InDoubt)
    with pytest.raises(NotSent) as named:
        desk.terminal().connect()
    assert named.value.code == "terminal_setup"
    assert desk.programs.started == []


def test_an_engineer_may_choose(desk: Desk) -> None:
    desk.writes("ops.ini", CLASSES + "9=0,128,X\n")
    chosen = {want: "9" if want is Want.PAYMENT else "" for want in Want}
    desk.pay(paid(), operations=chosen)
    assert desk.programs.started[0][1] == "/o9"


def test_what_the_bank_has_not_put_there_is_not_there(desk: Desk) -> None:
    desk.writes("ops.ini", "1=1,1,ОПЛАТА\n")
    terminal = desk.terminal()
    told = terminal.capabilities
    assert (told.reverses_last, told.settles, told.reports, told.means) == (
        False, False, frozenset[ReportKind](), frozenset({Means.CARD}),
    )  # fmt: skip
    for call in (
        lambda: terminal.void(ORDER, ORIGINAL, Listener()),
        lambda: terminal.reverse_last(ORDER, Listener()),
        terminal.settle,
        lambda: terminal.report(ReportKind.FULL),
    ):
        with pytest.raises(Refused) as caught:
            call()
        assert caught.value.code == "terminal_unsupported"


def test_names_and_code_page_are_cashregs(desk: Desk) -> None:
    desk.writes("cashreg.ini", "RESULT_FILE=r1.txt\nCHEQ_FILE=slip.txt\nOPCHARSET=866\n")
    desk.writes("ops.ini", CLASSES, "cp866")
    desk.writes("rc_res.ini", "000=ОК\n", "cp866")
    told = desk.pay({"r1.txt": b"000", "slip.txt": "ЧЕК".encode("cp866"), "rc.out": b"005"})
    assert (told.outcome, told.text, told.slips) == (Outcome.APPROVED, "ОК", (("ЧЕК",),))


@pytest.mark.parametrize("charset", ["cp1251", "cp866", "utf-8"])
def test_ini_files_are_read_by_the_code_page_that_makes_russian_of_them(desk: Desk, charset: str) -> None:
    """Whatever cashreg.ini says of the results: ops.ini decides what is run."""
    desk.writes("ops.ini", "1=1,1,Оплата\n65=2,22,СВЕРКА ИТОГОВ\n", charset)
    desk.writes("rc_res.ini", TEXTS, charset)
    desk.plays(Play({"rc.out": b"000"}))
    assert desk.terminal().settle().text == "ОДОБРЕНО"
    assert desk.programs.started[0][1:] == ("/o65",)


def test_the_programs_own_folder(desk: Desk) -> None:
    (desk.folder / "CommandLineTool").unlink()
    tool = desk.folder / "CommandLineTool" / "bin" / "CommandLineTool.exe"
    tool.parent.mkdir(parents=True)
    tool.write_bytes(b"")
    desk.pay(paid())
    assert desk.programs.started[0][0] == str(tool)
    tool.unlink()
    with pytest.raises(NotSent) as caught:
        desk.terminal().connect()
    assert caught.value.code == "terminal_program_missing"


# --- card data ---


def test_no_card_data_leaves(desk: Desk) -> None:
    pan = "2200123456789019"
    texts = f"000=Карта {pan}\n"
    desk.writes("rc_res.ini", texts)
    lines = "\r\n".join([f"00{pan}", pan, pan, pan, pan, pan, pan]).encode()
    files = paid(output__dat=lines, cheq__out=f"Карта {pan}\nRRN {pan}\n".encode("cp1251"))
    told = desk.pay(files)
    said = repr(told) + repr(desk.heard) + (desk.folder / "kassabridge.json").read_text("utf-8")
    assert told.card == "****9019"
    with pytest.raises(InDoubt) as caught:
        desk.pay({"rc.out": pan.encode(), "output.dat": lines})
    with pytest.raises(InDoubt) as contradicted:
        desk.pay({"rc.out": b"000", "output.dat": lines.removeprefix(b"00")})
    said += repr(caught.value) + repr(contradicted.value) + repr(desk.heard)
    assert pan[:12] not in said
    assert "220012" not in said
