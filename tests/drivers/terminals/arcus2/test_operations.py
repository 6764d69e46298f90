"""Which cash code stands for what is found in the bank's own file, or refused by name."""

from __future__ import annotations

import pytest

from drivers.terminals.arcus2.operations import Absent, Ambiguous, Want, read_operations
from tests.drivers.terminals.arcus2.conftest import CLASSES, NUMBERS


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (CLASSES, {"payment": "1", "refund": "3", "void": "4", "reversal": "2", "settlement": "11", "short": "21",
                   "full": "22", "sbp_payment": "31", "sbp_refund": "32"}),
        (NUMBERS, {"payment": "1", "refund": "3", "void": "5", "reversal": "6", "settlement": "98", "short": "80",
                   "full": "87"}),
    ],
)  # fmt: skip
def test_both_families(text: str, codes: dict[str, str]) -> None:
    operations = read_operations(text)
    for want in Want:
        if want.value in codes:
            assert operations.cash_code(want) == codes[want.value]
        else:
            with pytest.raises(Absent):
                operations.cash_code(want)


@pytest.mark.parametrize(
    ("name", "settles"),
    [
        ("СВЕРКА ИТОГОВ", True),
        ("сверка  итогов", True),
        ("Сверка итогов по картам", True),
        ("ИТОГИ", False),
        ("", False),
    ],
)
def test_one_pair_is_told_by_its_name(name: str, settles: bool) -> None:
    operations = read_operations(f"65=2,22,{name},0,1\n")
    meant, other = (Want.SETTLEMENT, Want.FULL) if settles else (Want.FULL, Want.SETTLEMENT)
    assert operations.cash_code(meant) == "65"
    with pytest.raises(Absent):
        operations.cash_code(other)


@pytest.mark.parametrize(
    ("text", "want", "says"),
    [
        ("1=1,1,ОПЛАТА\n10=1,1,ОПЛАТА USD\n", Want.PAYMENT, r"line 1 \(1=1,1,ОПЛАТА\), line 2 \(10=1,1,ОПЛАТА USD\)"),
        ("1=1,1,A\n\n# x\n7=0,128,B\n", Want.PAYMENT, r"line 1 .*line 4 \(7=0,128,B\)"),
        ("11=2,1,ИТОГИ\n65=2,22,СВЕРКА ИТОГОВ\n", Want.SETTLEMENT, "line 1 .*line 2"),
        ("1=2,0,A\n2=2,22,B\n", Want.FULL, "there are 2"),
    ],
)
def test_a_choice_is_left_to_a_person(text: str, want: Want, says: str) -> None:
    with pytest.raises(Ambiguous, match=says):
        read_operations(text).cash_code(want)


def test_the_same_code_twice_is_no_choice() -> None:
    assert read_operations("1=1,1,A\n1 = 1, 1, B\n").cash_code(Want.PAYMENT) == "1"


def test_comments_sections_and_lines_that_nobody_understands() -> None:
    operations = read_operations("# 9=1,1,x\n[ops]\n; 9=1,1\nwhat\n1=1,1 # 2\nA=1,11\n")
    assert operations.cash_code(Want.PAYMENT) == "1"
    with pytest.raises(Absent, match="not understood: lines 4, 6"):
        operations.cash_code(Want.REFUND)
