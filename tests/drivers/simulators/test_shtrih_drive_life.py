"""The drive's queue to the operator, its memory and its years: warnings, refusals, recovery (ffd: shift and drive)."""

import pytest

from drivers.simulators import tlv
from tests.drivers.simulators.host import PASSWORD, Host, le, made, money, records

DAY = 86400


def warnings(host: Host) -> int:
    return host.good("FF01" + PASSWORD)[4]


def next_shift(host: Host) -> dict[int, bytes]:
    """Close and open; the opening report's tags."""
    host.good("41" + PASSWORD)
    host.open_shift()
    return dict(host.tags(host.last_fd()))


def test_the_operator_confirms_in_order_after_its_time() -> None:
    host = made(ofd=100.0)
    host.pass_time(50)
    host.open_shift()
    assert host.good("FF39" + PASSWORD) == bytes([3, 0]) + le(2, 2) + le(1, 4) + bytes([26, 11, 22, 10, 0])
    assert host.error("FF3C" + PASSWORD, le(1, 4)) == 0x08
    host.pass_time(50)
    assert host.good("FF3F" + PASSWORD) == le(1, 2)
    ticket = dict(tlv.decode(host.good("FF3C" + PASSWORD, le(1, 4))))
    assert ticket[1040] == 1
    assert ticket[1041] == host.good("FF02" + PASSWORD).decode()
    assert host.error("FF3C" + PASSWORD, le(9, 4)) == 0x08
    host.pass_time(50)
    assert host.good("FF39" + PASSWORD) == bytes(2 + 2 + 4 + 5)
    assert host.good("1F" + PASSWORD, bytes([20, 1, 0, 2])) == le(0, 2)


@pytest.mark.parametrize("extended", [0, 1])
def test_state_report(extended: int) -> None:
    """FF38h: number, sign, how many wait and since when; the moment when extended answers are on."""
    host = Host()
    host.good("1E" + PASSWORD, bytes([17, 1, 0, 36, extended]))
    host.good("FF37" + PASSWORD)
    assert host.good("FF01" + PASSWORD)[1] == 0x17
    reply = host.good("FF38" + PASSWORD)
    moment = bytes([26, 11, 22, 10, 0])
    assert (reply[:4], reply[8:]) == (le(2, 4), le(1, 4) + moment[:3] + moment * extended)
    assert dict(host.tags(2))[1077][2:] == reply[4:8][::-1]
    assert host.good("FF0A" + PASSWORD, le(2, 4))[15:] == le(1, 4) + moment[:3]
    host.open_shift()
    assert host.error("FF38" + PASSWORD) == 0x3C


def test_out_of_reach_and_back() -> None:
    host = Host()
    host.pass_time(60)
    host.device.register.switch_ofd(None)
    host.sell()
    host.pass_time(6 * 3600)
    assert host.good("FF39" + PASSWORD)[:8] == bytes([2, 0]) + le(2, 2) + le(2, 4)
    report = host.good("41" + PASSWORD)
    assert report
    closed = dict(host.tags(4))
    assert money(closed[1097]) == 2
    host.good("FF38" + PASSWORD)
    state = dict(host.tags(5))
    assert (money(state[1097]), money(state[1116])) == (3, 2)
    waiting = dict(records(dict(records(state[1158]))[1129]))
    assert (money(waiting[1135]), money(waiting[1201])) == (1, 10_000)
    host.device.register.switch_ofd(30.0)
    host.pass_time(29)
    assert host.good("FF3F" + PASSWORD) == le(4, 2)
    host.pass_time(1)
    assert host.good("FF3F" + PASSWORD) == le(0, 2)


def test_five_days_warn_and_thirty_stop_receipts_until_the_operator_answers() -> None:
    host = made(ofd=None)
    host.open_shift()
    host.pass_time(5 * DAY - 60)
    assert warnings(host) == 0
    host.pass_time(60)
    assert warnings(host) == 8
    opened = next_shift(host)
    assert opened[1053] == b"\x01"
    host.open_receipt()
    host.operation(100)
    host.good("88" + PASSWORD)
    host.pass_time(25 * DAY)
    host.good("41" + PASSWORD)  # a shift can be closed
    assert host.error("E0" + PASSWORD) == 0x15
    assert host.error("8D" + PASSWORD, b"\0") == 0x15
    host.good("FF38" + PASSWORD)
    before = host.last_fd()
    host.device.register.switch_ofd(10.0)
    assert host.error("E0" + PASSWORD) == 0x15
    host.pass_time(10)
    host.open_shift()
    host.sell()
    assert (host.last_fd(), warnings(host)) == (before + 2, 0)


def test_a_receipt_that_is_open_on_the_thirtieth_day_is_not_signed() -> None:
    host = made(ofd=None)
    host.pass_time(30 * DAY - 3600)
    host.open_shift()
    host.open_receipt()
    host.operation(100)
    host.pass_time(3600)
    assert host.error("FF45" + PASSWORD, host.close_fields(cash=100)) == 0x15
    assert host.mode() == 8
    host.device.register.switch_ofd(0.0)
    assert host.close(cash=100)[1] == 3


def test_archive_nearly_full_and_full() -> None:
    host = made(fn_capacity=20)
    host.open_shift()
    assert money(host.good("FF63" + PASSWORD)[:4]) == 18
    while host.last_fd() < 17:
        host.sell()
    assert warnings(host) == 0
    host.sell()
    assert warnings(host) == 4
    host.open_receipt()
    host.operation(100)
    assert host.error("FF45" + PASSWORD, host.close_fields(cash=100)) == 0x06
    host.good("88" + PASSWORD)
    host.good("41" + PASSWORD)  # its place was kept
    assert dict(host.tags(19))[1052] == b"\x01"
    assert host.error("E0" + PASSWORD) == 0x06
    host.good("FF3E" + PASSWORD)
    assert host.last_fd() == 20


def test_memory_of_unsent_documents_fills_up_and_empties() -> None:
    host = made(ofd=None)
    host.device.state.drive.kilobytes = 8
    host.open_shift()
    sold = 0
    while True:
        host.open_receipt()
        host.operation(100, name="Очень длинное наименование товара " * 3)
        reply = host.ask("FF45" + PASSWORD, host.close_fields(cash=100))
        if reply[0]:
            break
        sold += 1
    assert (reply[0], money(host.good("FF63" + PASSWORD)[4:8])) == (0x14, 0)
    assert sold > 3
    host.device.register.switch_ofd(0.0)
    host.close(cash=100)
    assert money(host.good("FF63" + PASSWORD)[4:8]) > 6


@pytest.mark.parametrize(("days", "flags", "tags"), [(31, 0, set()), (30, 2, {1050}), (3, 3, {1050, 1051})])
def test_end_of_the_drives_life(days: int, flags: int, tags: set[int]) -> None:
    host = made(fn_days=100)
    host.pass_time((100 - days) * DAY)
    assert warnings(host) == flags
    host.open_shift()
    assert {1050, 1051} & set(dict(host.tags(2))) == tags


def test_an_expired_drive_closes_its_shift_and_nothing_else() -> None:
    host = made(fn_days=10)
    host.pass_time(10 * DAY - 3600)
    host.open_shift()
    host.open_receipt()
    host.operation(100)
    host.pass_time(3600)
    assert host.error("FF45" + PASSWORD, host.close_fields(cash=100)) == 0x05
    host.good("88" + PASSWORD)
    host.good("41" + PASSWORD)
    assert host.error("E0" + PASSWORD) == 0x05
    assert host.error("FF38" + PASSWORD) == 0x05


def test_after_thirty_days_only_the_summary_is_left() -> None:
    host = Host()
    _, fd, fpd = host.sell()
    whole = host.document(fd)
    host.pass_time(30 * DAY)
    assert host.document(fd) == whole
    host.pass_time(60)
    assert host.error("FF3A" + PASSWORD, le(fd, 4)) == 0x08
    assert host.good("FF0A" + PASSWORD, le(fd, 4))[7:] == le(fd, 4) + le(fpd, 4) + b"\x01" + le(10_000, 5)


def test_a_document_that_was_never_sent_stays_whole() -> None:
    host = made(ofd=None)
    host.sell()
    host.pass_time(31 * DAY)
    assert host.document(3)


@pytest.mark.parametrize(("early", "seconds"), [(1, 24 * 3600 - 60), (0, 24 * 3600), (60, 23 * 3600)])
def test_mode_3_comes_as_much_earlier_as_table_17_says(early: int, seconds: int) -> None:
    host = Host()
    host.good("1E" + PASSWORD, bytes([17, 1, 0, 8, early]))
    host.open_shift()
    host.pass_time(seconds - 1)
    assert host.mode() == 2
    host.pass_time(1)
    assert host.mode() == 3
    assert host.error("8D" + PASSWORD, b"\0") == 0x4E
    host.good("40" + PASSWORD)
    host.good("50" + PASSWORD, le(100, 5))
    host.good("41" + PASSWORD)
    host.sell()
