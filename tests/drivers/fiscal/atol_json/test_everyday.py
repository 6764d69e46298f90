# ruff: noqa: DTZ001  (a register has local time only)
"""Everything but receipts: who answers, how it stands, shifts, cash, slips, the archive."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime

import pytest

from drivers.api import Align, DocumentKind, Paper, ShiftState, SlipBarcode, SlipText
from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.fiscal.atol_json import AtolJsonRegister, Times
from drivers.fiscal.atol_json.runner import QUIET
from tests.drivers.fiscal.atol_json.library import Library
from tests.protocol.wire.atol.json_samples import SALE

Use = Callable[[AtolJsonRegister], object]


def sell(register: AtolJsonRegister) -> None:
    register.fill_receipt(SALE, lambda *_: None)
    register.close_receipt(SALE)


# --- connection -------------------------------------------------------------------------------------------------------


def test_who_answers(library: Library) -> None:
    register = AtolJsonRegister(library)
    identity = register.connect()
    assert identity.model == "АТОЛ 25Ф"
    assert (identity.register_serial, identity.fn_serial) == (library.serial, library.fn)
    assert (identity.registration_number, identity.inn) == ("0000000001012345", "7707083893")
    assert (identity.ffd, identity.taxation, identity.firmware) == ("1.2", 0x21, "5.8.3000")
    assert identity.setup_problems == ()
    assert register.capabilities.columns == 42
    assert register.capabilities.one_command


def test_a_register_that_is_not_registered_is_still_known(library: Library) -> None:
    library.registered = False
    register = AtolJsonRegister(library)
    identity = register.connect()
    assert (identity.register_serial, identity.registration_number, identity.taxation) == (library.serial, "", None)
    assert register.status().blocked == "fn_state"


@pytest.mark.parametrize("code", ["device_offline", "port_busy"])
def test_nobody_there(library: Library, code: str) -> None:
    library.offline = code
    with pytest.raises(NotSent) as caught:
        AtolJsonRegister(library).connect()
    assert caught.value.code == code


def test_a_connection_that_fails_half_way_is_closed_again(library: Library) -> None:
    library.before["getDeviceInfo"] = [2]
    register = AtolJsonRegister(library)
    with pytest.raises(InDoubt):
        register.connect()
    assert not library.is_open


USES: list[Use] = [
    lambda register: register.status(),
    lambda register: register.archive_end(),
    lambda register: register.document(1),
    lambda register: register.health(),
    lambda register: register.shift_totals(),
    lambda register: register.cash_counters(),
    lambda register: register.open_shift(None, None),
    lambda register: register.close_shift(None, None),
    lambda register: register.x_report(),
    lambda register: register.cash_in(1, None),
    lambda register: register.cash_out(1, None),
    lambda register: register.print_slip([SlipText("x")], cut=True),
    lambda register: register.print_copy(),
    lambda register: register.open_drawer(),
    lambda register: register.continue_print(),
    lambda register: register.check_receipt(SALE),
    lambda register: register.fill_receipt(SALE, lambda *_: None),
    lambda register: register.subtotal(),
    lambda register: register.close_receipt(SALE),
    lambda register: register.cancel_document(),
]


@pytest.mark.parametrize("use", USES)
def test_nothing_is_sent_without_a_connection(library: Library, use: Use) -> None:
    register = AtolJsonRegister(library)
    with pytest.raises(NotSent):
        use(register)
    register.connect()
    register.disconnect()
    library.tasks.clear()
    with pytest.raises(NotSent):
        use(register)
    assert library.tasks == []


@pytest.mark.parametrize("answer", ["{", "[]", "null", '{"deviceInfo":{}}', '"x"', "{}", ""])
@pytest.mark.parametrize("use", USES)
def test_answers_that_make_no_sense_end_in_a_verdict(
    register: AtolJsonRegister, library: Library, use: Use, answer: str
) -> None:
    """Of every kind of question: a value, or one of the three."""
    for kind in ("getDeviceInfo", "getDeviceStatus", "getShiftStatus", "getFnInfo", "getFnStatus", "getShiftTotals",
                 "getFnDocument", "getCashDrawerStatus", "getRegistrationInfo", "ofdExchangeStatus"):  # fmt: skip
        library.answers[kind] = answer
    try:
        use(register)
    except DeviceError:
        return


def test_another_register_behind_the_channel(library: Library, register: AtolJsonRegister) -> None:
    library.serial = "00105700000002"
    with pytest.raises(NotSent) as caught:
        register.status()
    assert caught.value.code == "wrong_device"
    assert not library.is_open


# --- status -----------------------------------------------------------------------------------------------------------


def test_how_it_stands(library: Library, register: AtolJsonRegister) -> None:
    sell(register)
    status = register.status()
    assert (status.register_serial, status.fn_serial) == (library.serial, library.fn)
    assert (status.shift, status.shift_number, status.receipt_in_shift) == (ShiftState.OPEN, 1, 1)
    assert (status.last_fd, status.drawer, status.paper) == (2, 15000, Paper.PRESENT)
    assert (status.document_open, status.busy, status.cover_open, status.clock_unset) == (False, False, False, False)
    assert status.at == datetime(2026, 11, 22, 10, 2)
    assert (status.fn_warnings, status.blocked) == (("ofd_overdue",), None)


def test_states_of_the_shift_and_the_paper(library: Library, register: AtolJsonRegister) -> None:
    library.expired, library.paper, library.cover = True, False, True
    status = register.status()
    assert (status.shift, status.paper, status.cover_open) == (ShiftState.EXPIRED, Paper.ABSENT, True)
    register.close_shift(None, None)
    assert register.status().shift is ShiftState.CLOSED


def test_without_a_drive(library: Library, register: AtolJsonRegister) -> None:
    library.before["getFnInfo"] = [166]
    status = register.status()
    assert (status.fn_serial, status.blocked) == ("", "fn_absent")


def test_the_end_of_the_archive(library: Library, register: AtolJsonRegister) -> None:
    end = register.archive_end()
    assert (end.fn_serial, end.last_fd, end.fn_document_open) == (library.fn, 1, False)
    assert library.sent == ["getFnInfo", "getFnStatus"]


def test_health(register: AtolJsonRegister) -> None:
    health = register.health()
    assert health.shift_opened_at == datetime(2026, 11, 22, 9)
    assert (health.fn_expires, health.registrations_left) == (date(2028, 1, 31), 29)
    assert (health.unsent, health.unsent_first_fd, health.unsent_first_at) == (1, 1, datetime(2026, 11, 22, 10))
    assert health.fn_documents_left is None


def test_health_of_a_register_that_tells_little(library: Library, register: AtolJsonRegister) -> None:
    library.before["ofdExchangeStatus"] = [11]
    assert register.health().unsent is None


# --- shifts and cash --------------------------------------------------------------------------------------------------


def test_a_shift_is_a_document_each_way(library: Library, register: AtolJsonRegister) -> None:
    register.close_shift("Иванов И.И.", "500100732259")
    assert json.loads(library.tasks[-1])["operator"] == {"name": "Иванов И.И.", "vatin": "500100732259"}
    kinds = [document.kind for fd in (1, 2) if (document := register.document(fd)) is not None]
    assert kinds == [DocumentKind.OPEN_SHIFT, DocumentKind.CLOSE_SHIFT]


@pytest.mark.parametrize(("code", "ours"), [(83, "shift_open"), (96, "register_refused")])
def test_a_shift_that_is_refused(library: Library, register: AtolJsonRegister, code: int, ours: str) -> None:
    library.before["openShift"] = [code]
    with pytest.raises(Refused) as caught:
        register.open_shift(None, None)
    assert (caught.value.code, caught.value.vendor) == (ours, str(code))


def test_cash_and_its_evidence(register: AtolJsonRegister) -> None:
    before = register.cash_counters()
    register.cash_in(123456, "Иванов И.И.")
    register.cash_out(56, None)
    after = register.cash_counters()
    assert (after.cash_in - before.cash_in, after.cash_in_count - before.cash_in_count) == (123456, 1)
    assert (after.cash_out - before.cash_out, after.cash_out_count - before.cash_out_count) == (56, 1)
    assert after.drawer == 123400


def test_more_than_is_there(register: AtolJsonRegister) -> None:
    with pytest.raises(Refused) as caught:
        register.cash_out(1, None)
    assert caught.value.code == "cash_short"


@pytest.mark.parametrize("late", [False, True])
def test_cash_in_doubt_is_told_by_the_counters(library: Library, register: AtolJsonRegister, late: bool) -> None:
    (library.after if late else library.before)["cashIn"] = ["lost"]
    with pytest.raises(InDoubt) as caught:
        register.cash_in(500, None)
    assert caught.value.remaining == QUIET
    register.connect()
    assert register.cash_counters().cash_in == (500 if late else 0)


def test_totals(register: AtolJsonRegister) -> None:
    sell(register)
    register.cash_in(500, None)
    totals = register.shift_totals()
    assert (totals.receipts[1], totals.total[1]) == (1, 20100)
    assert (totals.receipts[2], totals.total[2]) == (0, 0)
    assert (totals.cash_in, totals.cash_out, totals.drawer) == (500, 0, 15500)


# --- plain tasks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("use", "kind"),
    [
        (lambda register: register.x_report(), "reportX"),
        (lambda register: register.print_copy(), "printLastReceiptCopy"),
        (lambda register: register.open_drawer(), "openCashDrawer"),
    ],
)
def test_a_plain_task_has_an_empty_answer(library: Library, register: AtolJsonRegister, use: Use, kind: str) -> None:
    use(register)
    assert library.sent == [kind]
    assert library.times[-1] == (kind, Times().report, True)


def test_a_copy_of_nothing() -> None:
    register = AtolJsonRegister(Library())
    register.connect()
    with pytest.raises(Refused) as caught:
        register.print_copy()
    assert caught.value.code == "no_data"


def test_a_slip(library: Library, register: AtolJsonRegister) -> None:
    register.print_slip(
        [SlipText("раз"), SlipText("два", Align.CENTRE, bold=True), SlipText(" "), SlipBarcode("ean8", "9638507")],
        cut=True,
    )
    task = json.loads(library.tasks[-1])
    assert "printFooter" not in task
    assert task["items"] == [
        {"type": "text", "text": "раз", "alignment": "left", "wrap": "words"},
        {"type": "text", "text": "два", "alignment": "center", "wrap": "words", "doubleWidth": True},
        {"type": "text", "text": "", "alignment": "left", "wrap": "words"},
        {"type": "barcode", "barcode": "96385074", "barcodeType": "EAN8", "alignment": "center", "scale": 1},
    ]


def test_a_long_line_is_broken_at_the_papers_width(library: Library, register: AtolJsonRegister) -> None:
    register.print_slip([SlipText("Ж" * 43), SlipText("Ж" * 22, bold=True)], cut=False)
    task = json.loads(library.tasks[-1])
    assert [item["text"] for item in task["items"]] == ["Ж" * 42, "Ж", "Ж" * 21, "Ж"]
    assert task["printFooter"] is False


@pytest.mark.parametrize(
    ("barcode", "code"),
    [
        (SlipBarcode("ean13", "460123456789x"), "bad_barcode"),
        (SlipBarcode("ean13", "4601234567890"), "bad_barcode"),
        (SlipBarcode("itf", "123"), "bad_barcode"),
        (SlipBarcode("code39", "ж"), "bad_barcode"),
        (SlipBarcode("qr", ""), "bad_barcode"),
        (SlipBarcode("aztec", "1"), "unsupported"),
    ],
)
def test_a_barcode_that_cannot_be_printed(
    library: Library, register: AtolJsonRegister, barcode: SlipBarcode, code: str
) -> None:
    with pytest.raises(Refused) as caught:
        register.print_slip([SlipText("x"), barcode], cut=True)
    assert caught.value.code == code
    assert library.tasks == []


@pytest.mark.parametrize(("code", "kind"), [(156, InDoubt), (11, InDoubt), (501, Refused), (81, Refused)])
def test_a_slip_that_broke_off_may_be_half_on_the_paper(
    library: Library, register: AtolJsonRegister, code: int, kind: type[DeviceError]
) -> None:
    library.before["nonFiscal"] = [code, code]
    with pytest.raises(kind) as caught:
        register.print_slip([SlipText("x"), SlipBarcode("code128", "1" * 40)], cut=True)
    assert caught.value.vendor == str(code)
    with pytest.raises(Refused):
        register.print_slip([SlipBarcode("code128", "1" * 40)], cut=True)


def test_no_slip_into_an_open_receipt(library: Library, register: AtolJsonRegister) -> None:
    library.receipt = True
    with pytest.raises(Refused) as caught:
        register.print_slip([SlipText("x")], cut=True)
    assert (caught.value.code, library.tasks) == ("document_open", [])


# --- the archive ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fd", [0, 2, 10**9])
def test_a_document_that_does_not_exist(register: AtolJsonRegister, fd: int) -> None:
    assert register.document(fd) is None


@pytest.mark.parametrize("code", [30, 93, 123])
def test_the_codes_of_no_such_document(library: Library, register: AtolJsonRegister, code: int) -> None:
    library.before["getFnDocument"] = [code]
    assert register.document(1) is None


def test_another_refusal_is_no_absence(library: Library, register: AtolJsonRegister) -> None:
    library.before["getFnDocument"] = [162]
    with pytest.raises(Refused) as caught:
        register.document(1)
    assert caught.value.code == "archive_unreadable"


def test_a_document_of_which_only_the_summary_is_kept(library: Library, register: AtolJsonRegister) -> None:
    library.short.add(1)
    with pytest.raises(Refused) as caught:
        register.document(1)
    assert caught.value.code == "archive_unreadable"


def test_a_query_may_take_no_longer_than_it_says(library: Library, register: AtolJsonRegister) -> None:
    register.status()
    assert {(limit, changing) for kind, limit, changing in library.times if kind.startswith("get")} == {
        (register.capabilities.max_time["query"], False)
    }
