"""A simulator that is started again goes on where it was."""

import shutil
from pathlib import Path
from random import Random

import pytest

from drivers.simulators.assembly import store_of
from drivers.simulators.shtrih import Options, ShtrihState, new_device
from drivers.simulators.store import Store, StoreError
from tests.drivers.simulators.host import PASSWORD, Host, le


def host_on(path: Path) -> Host:
    store = store_of(path)
    host = Host(state=store.load())
    host.device = new_device(
        host.clock, Random(1), state=host.device.state, store=store, paper=host.paper, options=Options(print_time=0)
    )
    host.line = host.device.connection()
    return host


def test_archive_counters_settings_and_open_receipt_survive(tmp_path: Path) -> None:
    path = tmp_path / "register.json"
    before = host_on(path)
    before.open_shift()
    before.sell(10_000)
    before.good("1E" + PASSWORD, bytes([17, 1, 0, 71, 1]))
    before.open_receipt()
    before.operation(5_000, name="Плёнка")
    archive = [before.document(fd) for fd in (1, 2, 3)]

    after = host_on(path)
    assert [after.document(fd) for fd in (1, 2, 3)] == archive
    assert after.mode() == 8
    assert after.good("89" + PASSWORD)[1:] == le(5_000, 5)
    assert after.good("1F" + PASSWORD, bytes([17, 1, 0, 71])) == b"\x01"
    assert after.good("1A" + PASSWORD, bytes([241]))[1:] == le(10_000, 6)
    assert after.close(cash=5_000)[1] == 4


def test_file_is_up_to_date_before_the_reply_leaves(tmp_path: Path) -> None:
    path = tmp_path / "register.json"
    host = host_on(path)
    host.open_receipt()
    host.operation(100)
    _, fd, fpd = host.close(cash=100)
    saved = store_of(path).load()  # the file is several lines of JSON now: only a store can read it
    assert saved is not None
    assert saved.drive.documents[-1].fpd == fpd
    assert len(saved.drive.documents) == fd
    assert [each.name for each in tmp_path.iterdir()] == ["register.json"]


def test_slip_that_was_not_printed_comes_out_after_the_restart(tmp_path: Path) -> None:
    store = Store(tmp_path / "register.json", ShtrihState)
    first = Host(print_time=5.0)
    first.open_shift()
    store.save(first.device.state)
    second = Host(state=store.load())
    second.pass_time(1)
    assert [slip.name for slip in second.paper.slips] == ["2"]


def test_a_file_of_the_first_version_goes_on(tmp_path: Path) -> None:
    """Written by the simulator as it was before FFD 1.05 and 1.1: open shift, a receipt, another one begun."""
    path = tmp_path / "register.json"
    shutil.copy(Path(__file__).parent / "data" / "shtrih-state-1.json", path)
    host = host_on(path)
    host.redial()
    assert (host.last_fd(), host.mode()) == (3, 8)
    assert host.good("1A" + PASSWORD, bytes([241]))[1:] == le(15_000, 6)
    assert dict(host.tags(3))[1020] == le(10_000, 2)
    assert host.close(cash=10_000)[1] == 4
    again = host_on(path)
    assert again.last_fd() == 4


@pytest.mark.parametrize("content", ["", "{}", '{"family": "atol"}', "[1]"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(StoreError, match="not a state file"):
        Store(path, ShtrihState).load()
