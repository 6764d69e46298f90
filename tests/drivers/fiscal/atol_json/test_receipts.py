"""A receipt as one task: prepared without a byte sent, sent once, read back from the archive."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from drivers.api import DocumentKind, Paper
from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.atol_json import AtolJsonRegister
from drivers.fiscal.atol_json.runner import QUIET
from protocol.ffd.planned import PlannedReceipt
from protocol.ffd.vat import Vat
from protocol.wire.atol.json_words import NEW_RATES
from tests.drivers.fiscal.atol_json.library import Library
from tests.protocol.wire.atol.json_samples import INDUSTRY, MILK, SALE


def sell(register: AtolJsonRegister, receipt: PlannedReceipt = SALE) -> int:
    register.fill_receipt(receipt, lambda *_: None)
    reply = register.close_receipt(receipt)
    assert reply.fd is not None
    return reply.fd


def test_filling_sends_nothing(library: Library, register: AtolJsonRegister) -> None:
    heard: list[tuple[int, int]] = []
    two = replace(SALE, lines=(MILK, MILK), total=40200, cash_tendered=40000)
    register.fill_receipt(two, lambda done, of: heard.append((done, of)))
    assert heard == [(1, 2), (2, 2)]
    assert register.subtotal() == 40200
    assert library.tasks == []


def test_closing_sends_the_one_task(library: Library, register: AtolJsonRegister) -> None:
    register.fill_receipt(SALE, lambda *_: None)
    reply = register.close_receipt(SALE)
    assert library.sent == ["sell", "getCashDrawerStatus"]
    assert (reply.fd, reply.fpd, reply.change) == (2, "2000", None)
    assert (reply.paper, reply.drawer) == (Paper.PRESENT, 15000)


def test_what_was_planned_is_in_the_archive(register: AtolJsonRegister) -> None:
    document = register.document(sell(register))
    assert document is not None
    assert (document.kind, document.fd, document.fpd) == (DocumentKind.RECEIPT, 2, "2000")
    assert (document.sign, document.total, document.imprint) == (1, 20100, "ABCDEFGHIJKLM")
    assert (document.shift_number, document.receipt_in_shift) == (1, 1)
    assert (document.tags["1031"], document.tags["1081"]) == ("150.00", "51.00")
    assert document.tags["1059"] == [
        {"1030": "Молоко", "1079": "100.50", "1023": "2", "1043": "201.00", "1199": 1, "1200": "33.50", "1214": 4,
         "1212": 1}
    ]  # fmt: skip


def test_a_subtotal_needs_a_filled_receipt(register: AtolJsonRegister) -> None:
    with pytest.raises(Refused) as caught:
        register.subtotal()
    assert caught.value.code == "document_closed"


def test_a_receipt_that_is_given_up_is_forgotten(library: Library, register: AtolJsonRegister) -> None:
    register.fill_receipt(SALE, lambda *_: None)
    register.cancel_document()
    with pytest.raises(Refused):
        register.subtotal()
    assert library.tasks == []


# --- judged before anything is sent -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("receipt", "code", "named"),
    [
        (replace(SALE, internet=True), "not_expressible", "tag 1125"),
        (replace(SALE, taxation=2), "taxation_not_registered", "1055"),
        (replace(SALE, lines=(replace(MILK, name="\ud800"),)), "bad_parameter", "items[0].name"),
        (replace(SALE, sign=9), "bad_parameter", "9"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(
    library: Library, register: AtolJsonRegister, receipt: PlannedReceipt, code: str, named: str
) -> None:
    for judge in (
        lambda: register.check_receipt(receipt),
        lambda: register.fill_receipt(receipt, lambda *_: None),
        lambda: register.close_receipt(receipt),
    ):
        with pytest.raises(Refused) as caught:
            judge()
        assert caught.value.code == code
        assert named in caught.value.detail
    assert library.tasks == []


def test_an_older_format_has_no_place_for_industries() -> None:
    register = AtolJsonRegister(Library(ffd="1.1"))
    register.connect()
    with pytest.raises(Refused, match="tag 1261") as caught:
        register.check_receipt(replace(SALE, industry=(INDUSTRY,)))
    assert caught.value.code == "not_expressible"


def test_a_format_that_is_not_served() -> None:
    register = AtolJsonRegister(Library(ffd="1.0"))
    register.connect()
    with pytest.raises(Refused) as caught:
        register.check_receipt(SALE)
    assert caught.value.code == "unsupported"


def test_an_old_library_is_named_as_the_reason() -> None:
    register = AtolJsonRegister(Library(version="10.8.0.0", ffd="1.1"))
    assert register.connect().setup_problems == ("vat_rate_missing",)
    register.check_receipt(SALE)
    with pytest.raises(Refused, match=r"vat22.*10\.8\.0\.0.*10\.10\.8\.0 or newer") as caught:
        register.check_receipt(replace(SALE, lines=(replace(MILK, vat=Vat.VAT22),)))
    assert caught.value.code == "vat_rate_missing"


def test_what_a_library_does_not_know_stands_in_the_capabilities() -> None:
    """Of an unknown one: what the newest knows."""
    old = AtolJsonRegister(Library(version="10.8.0.0", ffd="1.1"))
    assert set(old.capabilities.formats) == {"1.05", "1.1", "1.2"}
    assert set(old.capabilities.rates) == set(Vat)
    old.connect()
    assert set(old.capabilities.formats) == {"1.05", "1.1"}
    assert set(old.capabilities.rates) == set(Vat) - NEW_RATES
    told = AtolJsonRegister(Library(version="10.8.0.0", ffd="1.1"), library="10.8.0.0")
    assert (told.capabilities.formats, told.capabilities.rates) == (old.capabilities.formats, old.capabilities.rates)


def test_an_old_library_does_not_hide_the_newest_format() -> None:
    """It tells 1.1 of a register that is registered for 1.2, and would write what the drive refuses."""
    library = Library(version="10.8.0.0", ffd="1.2")
    register = AtolJsonRegister(library)
    assert register.connect().ffd == "1.1"  # nothing in the archive contradicts
    register.open_shift(None, None)
    assert register.connect().ffd == "1.2"
    library.tasks.clear()
    with pytest.raises(Refused, match=r"FFD 1\.2 .* 10\.8\.0\.0; install 10\.10\.8\.0 or newer") as caught:
        register.check_receipt(SALE)
    assert (caught.value.code, library.tasks) == ("not_expressible", [])


# --- every end of the task --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "ours"),
    [(66, "payment_short"), (68, "shift_expired"), (73, "shift_closed"), (82, "document_open"), (501, "bad_parameter")],
)
def test_the_devices_no_is_a_refusal(library: Library, register: AtolJsonRegister, code: int, ours: str) -> None:
    library.before["sell"] = [code]
    with pytest.raises(Refused) as caught:
        sell(register)
    assert (caught.value.code, caught.value.vendor) == (ours, str(code))
    assert len(library.documents) == 1


@pytest.mark.parametrize("code", [2, 15, 55, 115, 118, 177, 241])
@pytest.mark.parametrize("late", [False, True])
def test_a_code_that_leaves_it_open_is_doubt_whatever_happened(
    library: Library, register: AtolJsonRegister, code: int, late: bool
) -> None:
    (library.after if late else library.before)["sell"] = [code]
    with pytest.raises(InDoubt) as caught:
        sell(register)
    assert caught.value.vendor == str(code)
    before = register.archive_end().last_fd == 1
    assert before != late


@pytest.mark.parametrize("late", [False, True])
def test_a_host_that_was_ended_is_doubt_until_the_device_has_been_quiet(
    library: Library, register: AtolJsonRegister, late: bool
) -> None:
    (library.after if late else library.before)["sell"] = ["lost"]
    with pytest.raises(InDoubt) as caught:
        sell(register)
    assert caught.value.remaining == QUIET
    with pytest.raises(NotSent):
        register.status()
    register.connect()
    made = register.document(2)
    assert (made is not None) == late
    if made is not None:
        assert made.imprint == SALE.imprint


@pytest.mark.parametrize("code", [81, 201])
def test_a_receipt_that_finds_itself_closed_may_have_been_made(
    library: Library, register: AtolJsonRegister, code: int
) -> None:
    """The library sends a command again to a device that has lost its buffer: the second close finds nothing open."""
    library.after["sell"] = [code]
    with pytest.raises(InDoubt) as caught:
        sell(register)
    assert (caught.value.code, caught.value.vendor) == ("document_closed", str(code))
    assert register.archive_end().last_fd == 2


def test_an_answer_that_makes_no_sense_names_nothing(library: Library, register: AtolJsonRegister) -> None:
    """The task was answered: nothing is raised, the archive tells the rest."""
    library.answers["sell"] = '{"fiscalParams":{"fiscalDocumentNumber":"many"}}'
    register.fill_receipt(SALE, lambda *_: None)
    reply = register.close_receipt(SALE)
    assert (reply.fd, reply.fpd, reply.paper) == (None, None, None)
    assert register.archive_end().last_fd == 2


def test_a_drawer_that_cannot_be_asked_does_not_unmake_the_receipt(
    library: Library, register: AtolJsonRegister
) -> None:
    library.before["getCashDrawerStatus"] = [2]
    register.fill_receipt(SALE, lambda *_: None)
    reply = register.close_receipt(SALE)
    assert (reply.fd, reply.drawer) == (2, None)


# --- paper ------------------------------------------------------------------------------------------------------------


def test_a_receipt_without_paper_is_made_and_printed_later(library: Library, register: AtolJsonRegister) -> None:
    library.paper = False
    register.fill_receipt(SALE, lambda *_: None)
    assert register.close_receipt(SALE).paper is Paper.INTERRUPTED
    assert register.status().paper is Paper.INTERRUPTED
    with pytest.raises(Refused) as caught:
        register.continue_print()
    assert caught.value.code == "no_paper"
    register.open_drawer()
    library.paper = True
    assert register.status().paper is Paper.RESUMABLE
    register.continue_print()
    assert register.status().paper is Paper.PRESENT
    with pytest.raises(Refused) as caught:
        register.continue_print()
    assert caught.value.code == "wrong_state"
    assert len(library.documents) == 2


def test_paper_that_ran_out_leaves_doubt_but_nothing_to_wait_for(library: Library, register: AtolJsonRegister) -> None:
    library.after["sell"] = [44]
    with pytest.raises(InDoubt) as caught:
        sell(register)
    assert (caught.value.code, caught.value.remaining) == ("no_paper", 0.0)
    assert register.status().paper is Paper.RESUMABLE


def test_what_an_earlier_connection_left_may_be_printed_on(library: Library) -> None:
    register = AtolJsonRegister(library)
    register.connect()
    register.continue_print()
    assert library.sent[-1] == "continuePrint"


def test_an_electronic_receipt_asks_for_no_paper(library: Library, register: AtolJsonRegister) -> None:
    sell(register, replace(SALE, print=False))
    assert json.loads(library.tasks[0])["electronically"] is True


# --- the fence --------------------------------------------------------------------------------------------------------


def test_an_open_receipt_is_seen_and_cancelled(library: Library, register: AtolJsonRegister) -> None:
    library.receipt = True
    assert register.status().document_open
    register.cancel_document()
    assert not register.status().document_open
    register.cancel_document()
    assert library.sent.count("cancel") == 1


def test_where_nobody_can_tell_the_fence_cancels_all_the_same(library: Library, register: AtolJsonRegister) -> None:
    library.receipt = None
    assert not register.status().document_open
    register.cancel_document()
    assert library.sent[-1] == "cancel"


@pytest.mark.parametrize(("code", "kind"), [(2, InDoubt), (12, Refused)])
def test_a_cancel_that_failed_is_not_reported_as_done(
    library: Library, register: AtolJsonRegister, code: int, kind: type[Exception]
) -> None:
    library.receipt = True
    library.before["cancel"] = [code]
    with pytest.raises(kind):
        register.cancel_document()
    assert library.receipt


def test_what_another_program_has_left_open_is_not_cancelled_by_a_receipt_of_ours() -> None:
    library = Library()
    register = AtolJsonRegister(library)
    register.connect()
    library.receipt = True
    with pytest.raises(Refused) as caught:
        register.fill_receipt(SALE, lambda *_: None)
    assert caught.value.code == "document_open"


def test_what_was_not_filled_is_not_closed() -> None:
    library = Library()
    register = AtolJsonRegister(library)
    register.connect()
    library.tasks.clear()
    with pytest.raises(Refused) as caught:
        register.close_receipt(SALE)
    assert (caught.value.code, library.tasks) == ("document_closed", [])


def test_a_device_that_does_not_know_the_question_who_it_is_is_another_one() -> None:
    library = Library()
    library.before["getDeviceInfo"] = [11]
    with pytest.raises(NotSent) as caught:
        AtolJsonRegister(library).connect()
    assert (caught.value.code, caught.value.vendor, library.is_open) == ("wrong_device", "11", False)


def test_a_way_without_a_cancel_says_so() -> None:
    register = AtolJsonRegister(Library(can_cancel=False))
    assert not register.capabilities.can_cancel_open
    register.connect()
    with pytest.raises(Refused) as caught:
        register.cancel_document()
    assert caught.value.code == "unsupported"
