"""The made-up identity obeys the rules that a real one obeys."""

from datetime import datetime
from random import Random

import pytest

from drivers.simulators import registration as reg
from drivers.simulators.vat import totals_by_code, vat_of


def test_crc_is_the_one_of_the_registration_number() -> None:
    assert reg.crc16(b"123456789") == 10673


def test_registration_number_sample() -> None:
    assert reg.registration_number(1, "7707083893", "00106900000001") == "0000000001062448"


@pytest.mark.parametrize("inn", ["7707083893", "7728168971", "7736050003"])
def test_inn_check_digit(inn: str) -> None:
    assert reg.inn_check_digit(inn[:9]) == inn[9]


def test_two_registers_differ_and_one_seed_repeats() -> None:
    at = datetime.fromisoformat("2026-11-22T10:00:30")
    one, same, other = (reg.fresh(Random(seed), at) for seed in (1, 1, 2))
    assert one == same
    assert {one.fn_number, one.register_serial, one.rnm} & {other.fn_number, other.register_serial, other.rnm} == set()
    assert len(one.fn_number) == 16
    assert one.fn_number.startswith("9999")
    assert one.inn[9] == reg.inn_check_digit(one.inn[:9])
    assert one.registered_at == datetime.fromisoformat("2026-11-22T10:00")


@pytest.mark.parametrize(
    ("total", "code", "tax"),
    # 80730 at 22 % is a real receipt's; the others are worked out by hand: a*r/(100+r), half up.
    [(80730, 11, 14558), (12345, 11, 2226), (61, 12, 11), (11, 2, 1), (1, 1, 0), (3, 1, 1), (21, 7, 1), (100, 6, 0)],
)
def test_vat_of_a_line(total: int, code: int, tax: int) -> None:
    assert vat_of(total, code) == tax


def test_totals_add_rounded_lines_and_keep_turnover_where_there_is_no_tax() -> None:
    lines = [(11, 50), (11, 50), (6, 700), (5, 30), (6, 1)]
    assert totals_by_code(lines) == {11: 18, 6: 701, 5: 30}
