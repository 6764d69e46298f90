"""The table of the library's codes against the reference's classes, and the promise of every row."""

from __future__ import annotations

import pytest

from protocol.crm.codes import CODES as OURS
from protocol.wire.atol.codes import CODES, NOT_STARTED, NOTHING_OPEN, OPEN, Fate, Handling, describe

WEB_SERVER_BLOCKS = (2, 3, 4, 15, *range(115, 123), 124, *range(133, 139), 141, 142, 159, 1, 241, 166, 177)


def test_every_published_number_is_there_and_no_other() -> None:
    assert sorted(CODES) == [*range(1, 279), *range(401, 427), *range(501, 506), 601, 602, 603]
    assert len({known.name for known in CODES.values()}) == len(CODES)


@pytest.mark.parametrize("number", sorted(CODES))
def test_every_row_speaks_the_common_words(number: int) -> None:
    known = CODES[number]
    assert known.number == number
    assert known.code in OURS
    assert known.name == known.name.upper()


def test_no_code_is_both_before_and_after_the_device() -> None:
    assert not NOT_STARTED & OPEN
    assert set(CODES) >= NOT_STARTED | OPEN


@pytest.mark.parametrize("number", [501, 9, 10])
def test_what_comes_before_any_exchange_certainly_did_not_run(number: int) -> None:
    assert describe(number).certainly_not_run


@pytest.mark.parametrize("number", WEB_SERVER_BLOCKS)
def test_what_stops_the_web_servers_queue_leaves_the_result_open(number: int) -> None:
    assert describe(number).fate is Fate.OPEN


@pytest.mark.parametrize("number", [6, 15, 44, 45, 46, 47, 55, 114, 115, 116, 150, 151, *range(173, 179), 241, 277])
def test_what_may_have_made_a_document_leaves_the_result_open(number: int) -> None:
    assert describe(number).fate is Fate.OPEN


@pytest.mark.parametrize("number", [12, 17, 26, 52, 66, 68, 73, 80, 81, 82, 83, 128, 144, 167, 243, 265])
def test_what_the_device_denies_is_a_refusal(number: int) -> None:
    assert describe(number).fate is Fate.REFUSED


@pytest.mark.parametrize(
    ("handling", "numbers"),
    [
        (Handling.LINK, (1, 2, 3, 4, 241, 277)),
        (Handling.BUSY, (55, 221, 401, 423, 601)),
        (Handling.PAPER, (44, 45, 46, 47, 114, 150, 151, 173, 174, 175, 176, 177, 178)),
        (Handling.SHIFT, (68, 141, 73, 83, 86, 106)),
        (Handling.STATE, (12, 34, 81, 82, 200, 201, 203, 32)),
        (Handling.REQUEST, (5, 8, 13, 16, 17, 26, 27, 52, 53, 54, 57, 59, 60, 66, 79, 80, 110, 123, 128, 143, 144, 145,
                            146, 158, 161, 167, 195, 205, 215, 216, 217, 227, 228, 231, 243, 265, 271, 501)),
        (Handling.DRIVE, (113, 115, 116, 117, 118, 119, 120, 121, 122, 134, 135, 136, 137, 138, 139, 140, 142, 159, 162,
                          166)),
        (Handling.DEVICE, (35, 36, 77, 198, 218, 105, 132, 165, 179, 180, 181, 188, 206, 207, 208, 209, 210)),
        (Handling.LICENCE, (89, 90, 94, 96, 189, 245, 246, 247, 248, 225, 224, 190)),
        (Handling.MARKING, (402, 403, 405, 409, 413, 417, 420, 421, 426)),
        (Handling.LIBRARY, (6, 7, 9, 10, 11, 14, 15, 170, 502, 503, 504, 505, 602, 603)),
    ],
)  # fmt: skip
def test_the_handling_classes(handling: Handling, numbers: tuple[int, ...]) -> None:
    assert {number: describe(number).handling for number in numbers} == dict.fromkeys(numbers, handling)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (2, "device_offline"), (3, "port_busy"), (44, "no_paper"), (45, "cover_open"), (55, "device_busy"),
        (66, "payment_short"), (68, "shift_expired"), (73, "shift_closed"), (80, "cash_short"), (82, "document_open"),
        (83, "shift_open"), (120, "fn_expired"), (121, "fn_full"), (137, "ofd_blocked"), (141, "shift_expired"),
        (143, "taxation_not_registered"), (144, "vat_rate_missing"), (241, "link_lost"), (501, "bad_parameter"),
    ],
)  # fmt: skip
def test_our_words(number: int, code: str) -> None:
    assert describe(number).code == code


@pytest.mark.parametrize("number", [0, -1, 279, 400, 427, 500, 999999])
def test_a_number_that_is_not_listed_proves_nothing(number: int) -> None:
    known = describe(number)
    assert (known.number, known.code, known.fate) == (number, "register_refused", Fate.OPEN)


def test_cancelling_where_nothing_is_open() -> None:
    assert {describe(number).code for number in NOTHING_OPEN} == {"document_closed"}
