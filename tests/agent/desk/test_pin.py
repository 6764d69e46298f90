"""The manager's PIN: right, wrong, too often wrong; never in clear."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.desk.pin import FILE, TRIES, ManagerPin
from agent.problems import UserError


class Desk:
    def __init__(self, folder: Path) -> None:
        self.time = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self.pin = ManagerPin(folder, lambda: self.time)

    def says(self, pin: str) -> str:
        try:
            self.pin.check(pin)
        except UserError as error:
            return error.code
        return "right"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.pin.set("4711")
    return desk


def test_it_is_right_or_wrong(desk: Desk) -> None:
    assert [desk.says(pin) for pin in ("4711", "4712", "", "47110", "４７１１")] == ["right"] + ["wrong_pin"] * 4


def test_none_was_set(tmp_path: Path) -> None:
    assert Desk(tmp_path).says("4711") == "no_pin"


@pytest.mark.parametrize("pin", ["", "123", "1234567890123", "12a4", "0000", "１２３４", "12 34"])
def test_what_is_no_pin(tmp_path: Path, pin: str) -> None:
    with pytest.raises(UserError) as refused:
        Desk(tmp_path).pin.set(pin)
    assert refused.value.code == "bad_pin"
    assert not (tmp_path / FILE).exists()


def test_a_new_one_needs_the_old_one(desk: Desk) -> None:
    with pytest.raises(UserError) as refused:
        desk.pin.set("9876", old="0815")
    assert refused.value.code == "wrong_pin"
    desk.pin.set("9876", old="4711")
    assert (desk.says("4711"), desk.says("9876")) == ("wrong_pin", "right")


def test_too_many_wrong_ones_cost_time_also_after_a_restart(desk: Desk, tmp_path: Path) -> None:
    assert [desk.says("1111") for _ in range(TRIES)] == ["wrong_pin"] * TRIES
    assert desk.says("4711") == "pin_locked"
    again = Desk(tmp_path)
    assert again.says("4711") == "pin_locked"
    again.time += timedelta(minutes=1)
    assert again.says("1111") == "wrong_pin"
    again.time += timedelta(minutes=1)
    assert again.says("4711") == "pin_locked", "the pause has doubled"
    again.time += timedelta(minutes=1)
    assert again.says("4711") == "right"
    assert [again.says("1111") for _ in range(TRIES - 1)] == ["wrong_pin"] * (TRIES - 1)
    assert again.says("4711") == "right"


def test_the_pause_grows_to_an_hour_and_no_further(desk: Desk) -> None:
    for _ in range(TRIES + 30):
        desk.says("1111")
        desk.time += timedelta(hours=1)
    assert desk.says("4711") == "right"


def test_it_does_not_stand_on_disk_and_nobody_else_may_read_the_file(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / FILE
    pin = "471147114711"  # so long that no digest contains it by chance, as four digits did once in some hundred runs
    desk.pin.set(pin, old="4711")
    assert pin not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_damaged_file_is_no_open_door(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{}")
    assert desk.says("4711") == "pin_unreadable"
