"""Answers of the reference read as values; anything else is the protocol's own error and never a half-true value."""

# ruff: noqa: DTZ001  # a register's own time has no zone

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.wire.atol import json_answers as answers
from protocol.wire.atol.json_answers import Counted, Phase, Receipts, Shift
from protocol.wire.atol.json_reading import AnswerError
from protocol.wire.atol.json_text import loads

PARAMS = """{"fiscalDocumentNumber":42,"fiscalDocumentSign":"0305419896",
 "fiscalDocumentDateTime":"2026-11-21T10:30:00+00:00","fiscalReceiptNumber":9,"shiftNumber":6,"fnNumber":"9999078900001234",
 "registrationNumber":"0000000001012345    ","fnsUrl":"nalog.ru","total":201}"""
SELL = f'{{"fiscalParams":{PARAMS},"warnings":{{"notPrinted":true}}}}'
PAYMENTS = '{"cash":1.1,"electronically":2.2,"prepaid":0,"credit":0,"other":0,"userPaymentType-5":0}'
EMPTY = '{"count":0,"sum":0,"payments":{}}'
TOTALS = f"""{{"shiftTotals":{{"shiftNumber":6,"cashDrawer":{{"sum":1234.56}},"income":{{"count":1,"sum":1000}},
 "outcome":{{"count":2,"sum":0.01}},"receipts":{{"sell":{{"count":3,"sum":3.3,"payments":{PAYMENTS}}},
 "sellReturn":{EMPTY},"buy":{EMPTY},"buyReturn":{EMPTY}}}}}}}"""
STATUS = """{"deviceStatus":{"blocked":false,"cashDrawerOpened":false,"coverOpened":true,
 "currentDateTime":"2026-11-21T10:30:00+03:00","fiscal":true,"fnFiscal":true,"fnPresent":true,"paperPresent":false,
 "shift":"expired"}}"""
DEVICE = """{"deviceInfo":{"model":57,"modelName":"ATOL 25F","serial":"00105700000001","firmwareVersion":"5.8.3000",
 "configurationVersion":"1","ffdVersion":"1.1","fnFfdVersion":"1.1","receiptLineLength":42,"receiptLineLengthPix":512}}"""
FN = """{"fnInfo":{"serial":"9999078900001234","version":"1","execution":"1","ffdVersion":"1.1","fnFfdVersion":"1.1",
 "livePhase":"fiscalMode","numberOfRegistrations":1,"registrationsRemaining":29,"validityDate":"2028-01-31T00:00:00+00:00",
 "warnings":{}}}"""
FN_STATUS = """{"fnStatus":{"fiscalDocumentNumber":41,"fiscalReceiptNumber":9,"warnings":{"criticalError":false,
 "memoryOverflow":true,"needReplacement":false,"ofdTimeout":true,"resourceExhausted":false}}}"""
OFD = """{"status":{"notSentCount":2,"notSentFirstDocNumber":40,"notSentFirstDocDateTime":"2026-11-20T09:00:00+00:00"},
 "errors":{"documentNumber":0,"fn":{"code":0,"description":""}}}"""
REGISTRATION = """{"organization":{"name":"ООО","vatin":"7707083893","email":"a@b.ru","address":"Москва",
 "taxationTypes":["osn","patent"],"agents":[]},"device":{"registrationNumber":"0000000001012345","paymentsAddress":"Тула",
 "fnsUrl":"nalog.ru","ffdVersion":"1.2","offlineMode":false},"ofd":{"name":"ОФД","vatin":"7704211201"}}"""
SHIFT = '{"shiftStatus":{"state":"opened","number":6,"expiredTime":"2026-11-22T08:00:00+00:00","documentsCount":1}}'
DOCUMENT = '{"documentTLV":{"short":false},"rawData":"/QMGAAAAAAAAAA=="}'

READERS: list[tuple[Callable[[Any], Any], str]] = [
    (answers.registered, SELL),
    (answers.fiscal_params, PARAMS),
    (answers.shift_totals, TOTALS),
    (answers.device_status, STATUS),
    (answers.device_info, DEVICE),
    (answers.fn_info, FN),
    (answers.fn_status, FN_STATUS),
    (answers.ofd_exchange, OFD),
    (answers.registration, REGISTRATION),
    (answers.shift_status, SHIFT),
    (answers.document, DOCUMENT),
    (answers.drawer, '{"counters":{"cashSum":1234.56}}'),
]


def test_a_registered_document() -> None:
    made = answers.registered(loads(SELL))
    assert made.not_printed
    assert made.params == answers.FiscalParams(
        fd=42,
        fpd="305419896",
        at=datetime(2026, 11, 21, 10, 30),
        fn_serial="9999078900001234",
        receipt_in_shift=9,
        shift=6,
        registration_number="0000000001012345",
        total=20100,
    )
    assert answers.fiscal_params(loads(PARAMS)) == made.params


@pytest.mark.parametrize("warnings", ["", ',"warnings":{}', ',"warnings":null', ',"warnings":{"notPrinted":false}'])
def test_without_a_warning_it_was_printed(warnings: str) -> None:
    assert not answers.registered(loads(f'{{"fiscalParams":{PARAMS}{warnings}}}')).not_printed


def test_the_offset_is_a_label_and_changes_no_digit() -> None:
    """The digits are the device's clock, whatever zone the PC calls it."""
    for zone in ("+00:00", "+03:00", "-11:00", "Z", ""):
        params = loads(PARAMS.replace("+00:00", zone))
        assert answers.fiscal_params(params).at == datetime(2026, 11, 21, 10, 30)


def test_totals() -> None:
    totals = answers.shift_totals(loads(TOTALS))
    assert (totals.shift, totals.drawer) == (6, 123456)
    assert (totals.income, totals.outcome) == (Counted(1, 100000), Counted(2, 1))
    assert totals.receipts[1] == Receipts(3, 330, 110, 220)
    assert sorted(totals.receipts) == [1, 2, 3, 4]


def test_states() -> None:
    status = answers.device_status(loads(STATUS))
    assert (status.shift, status.paper_present, status.cover_opened) == (Shift.EXPIRED, False, True)
    assert status.at == datetime(2026, 11, 21, 10, 30)
    info = answers.device_info(loads(DEVICE))
    assert (info.name, info.serial, info.ffd, info.columns) == ("ATOL 25F", "00105700000001", "1.1", 42)
    drive = answers.fn_info(loads(FN))
    assert (drive.phase, drive.validity, drive.registrations_left) == (Phase.FISCAL, date(2028, 1, 31), 29)
    numbers = answers.fn_status(loads(FN_STATUS))
    assert (numbers.fd, numbers.receipt_in_shift) == (41, 9)
    assert numbers.warnings == {"memoryOverflow", "ofdTimeout"}
    queue = answers.ofd_exchange(loads(OFD))
    assert (queue.unsent, queue.first_fd, queue.first_at) == (2, 40, datetime(2026, 11, 20, 9))
    shop = answers.registration(loads(REGISTRATION))
    assert (shop.inn, shop.registration_number, shop.taxation, shop.ffd) == (
        "7707083893",
        "0000000001012345",
        0x21,
        "1.2",
    )


def test_a_shift_lasts_a_day() -> None:
    shift = answers.shift_status(loads(SHIFT))
    assert (shift.state, shift.number, shift.opened_at) == (Shift.OPENED, 6, datetime(2026, 11, 21, 8))
    closed = answers.shift_status(loads(SHIFT.replace("opened", "closed")))
    assert (closed.state, closed.opened_at) == (Shift.CLOSED, None)


def test_an_empty_queue_has_no_first_document() -> None:
    queue = answers.ofd_exchange(loads(OFD.replace('"notSentCount":2', '"notSentCount":0')))
    assert (queue.unsent, queue.first_fd, queue.first_at) == (0, None, None)


def test_a_document_and_a_summary() -> None:
    assert answers.document(loads(DOCUMENT)).tlv == bytes.fromhex("fd030600000000000000")
    assert answers.document(loads(DOCUMENT.replace("false", "true"))).tlv is None


@pytest.mark.parametrize("ffd", ["1.0", "", "2.0"])
def test_a_format_that_is_not_known_is_not_taken_for_another(ffd: str) -> None:
    assert answers.device_info(loads(DEVICE.replace('"ffdVersion":"1.1"', f'"ffdVersion":"{ffd}"'))).ffd == ""


# --- sums -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kopecks"),
    [
        ("201", 20100),
        ("684.69", 68469),
        ("684.69000000000005", 68469),
        ("684.68999999999994", 68469),
        ("0.1", 10),
        ("-1.5", -150),
    ],
)
def test_a_sum_is_whole_kopecks_whatever_the_library_adds(written: str, kopecks: int) -> None:
    assert answers.drawer(loads(f'{{"counters":{{"cashSum":{written}}}}}')) == kopecks


@given(st.integers(0, 10**11))
def test_a_sum_that_went_through_a_binary_fraction_is_read_back(kopecks: int) -> None:
    assert answers.drawer(loads(f'{{"counters":{{"cashSum":{kopecks / 100!r}}}}}')) == kopecks


@pytest.mark.parametrize("written", ["684.695", '"1"', "true", "null", "1e40", "9e999999999", "[]"])
def test_what_is_no_sum(written: str) -> None:
    with pytest.raises(AnswerError, match=r"answer\.counters\.cashSum"):
        answers.drawer(loads(f'{{"counters":{{"cashSum":{written}}}}}'))


# --- anything else ----------------------------------------------------------------------------------------------------

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(("read", "text"), READERS, ids=[read.__name__ for read, _ in READERS])
def test_an_answer_without_contents_is_no_answer(read: Callable[[Any], Any], text: str) -> None:
    read(loads(text))
    if read is not answers.document:
        with pytest.raises(AnswerError):
            read({})


@pytest.mark.parametrize(("read", "text"), READERS, ids=[read.__name__ for read, _ in READERS])
@settings(max_examples=40)
@given(data=st.data())
def test_any_json_gives_a_value_or_the_protocols_own_error(
    read: Callable[[Any], Any], text: str, data: st.DataObject
) -> None:
    """A good answer in which one field somewhere is anything at all."""
    answer = loads(text)
    place, name = data.draw(st.sampled_from(list(_places(answer))))
    place[name] = data.draw(JUNK)
    with suppress(AnswerError):
        read(answer)


@given(JUNK)
def test_junk_gives_a_value_or_the_protocols_own_error(junk: Any) -> None:
    for read, _ in READERS:
        with suppress(AnswerError):
            read(copy.copy(junk))


def _places(value: Any) -> Any:
    if isinstance(value, dict):
        for name, part in value.items():
            yield value, name
            yield from _places(part)


@pytest.mark.parametrize("number", [True, -1, Decimal("1.5"), "x", "", 10**30, None])
def test_a_number_of_a_document_is_a_whole_one(number: object) -> None:
    answer = loads(SELL)
    answer["fiscalParams"]["fiscalDocumentNumber"] = number
    with pytest.raises(AnswerError, match="fiscalDocumentNumber"):
        answers.registered(answer)


def test_a_day_that_does_not_exist() -> None:
    with pytest.raises(AnswerError, match="a time that exists"):
        answers.fiscal_params(loads(PARAMS.replace("2026-11-21", "2026-02-30")))
