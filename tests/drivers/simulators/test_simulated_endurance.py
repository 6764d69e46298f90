"""Many commands and many receipts: nothing piles up in memory, and the state file grows with what happened."""

import tracemalloc
from pathlib import Path
from random import Random

from drivers.simulators.assembly import store_of
from drivers.simulators.clock import ManualClock
from drivers.simulators.paper import MemoryPaper
from drivers.simulators.shtrih import Options, new_device
from tests.drivers.simulators.host import PASSWORD, START, Host, NumberedHost, frame


def test_questions_leave_nothing_behind() -> None:
    """By both levels: one object forgotten per command would be fifty kilobytes here, and gigabytes in a year."""
    short = bytes.fromhex("10" + PASSWORD)
    for host in (Host(), NumberedHost()):
        tracemalloc.start()
        try:
            before = 0
            for count in range(1_200):
                if count == 200:
                    before = tracemalloc.get_traced_memory()[0]
                if isinstance(host, NumberedHost):
                    host.send(short)
                    host.number = (host.number + 1) & 0xFFFF
                else:
                    host.line.receive(frame(short))
                    host.line.receive(b"\x06")
            assert tracemalloc.get_traced_memory()[0] - before < 15_000
        finally:
            tracemalloc.stop()


def test_paper_without_a_folder_is_thrown_away() -> None:
    paper = MemoryPaper(keep=10)
    device = new_device(ManualClock(START), Random(1), paper=paper, options=Options(print_time=0))
    line = device.connection()
    for _ in range(40):
        line.receive(frame(bytes.fromhex("50" + PASSWORD) + bytes([100, 0, 0, 0, 0])))
        line.receive(b"\x06")
    assert len(paper.slips) == 10


def test_what_a_receipt_costs_on_the_disk_does_not_depend_on_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "register.json"
    store = store_of(path)
    host = Host()
    host.device = new_device(host.clock, Random(1), store=store, options=Options(print_time=0))
    host.line = host.device.connection()
    host.open_shift()
    written, size = [], path.stat().st_size
    for _ in range(120):
        host.sell()
        now = path.stat().st_size
        written.append(now - size)
        size = now
    costs = [each for each in written if each > 0]  # a shrinking file was written anew
    assert max(costs[-10:]) < 1.5 * max(costs[:10])
    assert store_of(path).load() == host.device.state
