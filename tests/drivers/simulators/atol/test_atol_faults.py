"""Every fault at the close of a receipt: what the host hears, what it finds when it asks later, what the drive has."""

from __future__ import annotations

import pytest

from drivers.simulators.atol import AtolDevice
from drivers.simulators.faults import FAULTS
from tests.drivers.simulators.atol.host import Host, Packet, Silent, bcd, frame, packets

NOTHING, IN_PROGRESS, DONE, UNKNOWN = "", "A2", "A35500", "B3"
# fault added right before 4A | answer to it | what C3 brings six seconds later, after a new call if need be | last FD
TABLE = [
    ("answer-lost:command=4A", NOTHING, DONE, 3),
    ("answer-lost:command=4A,stored=no", NOTHING, UNKNOWN, 3),
    ("answer-lost:command=4A,drop=no", NOTHING, DONE, 3),
    ("cut:after=4,direction=out", NOTHING, DONE, 3),
    ("cut:after=4,direction=in", NOTHING, UNKNOWN, 2),
    ("cut:after=4", NOTHING, UNKNOWN, 2),
    ("drop:command=4A", NOTHING, UNKNOWN, 2),
    ("power:command=4A,when=before", NOTHING, UNKNOWN, 2),
    ("power:command=4A,when=after", NOTHING, UNKNOWN, 3),
    ("power:step=1", NOTHING, UNKNOWN, 3),
    ("slow:command=4A,seconds=5", NOTHING, DONE, 3),
    ("slow:command=4A,seconds=5,when=after", NOTHING, DONE, 3),
    ("late:command=4A,seconds=5", NOTHING, DONE, 3),
    ("late:command=4A,seconds=5,stored=no", NOTHING, UNKNOWN, 3),
    ("busy:command=4A", "A45576", "A45576", 2),
    ("refuse:command=4A,error=D2", "A455D2", "A455D2", 2),
    ("refuse:command=4A,error=D4", "A455D4", "A455D4", 2),
    ("refuse:command=4A,error=D5", "A455D5", "A455D5", 2),
    ("full:command=4A", "B1", UNKNOWN, 2),
    ("nak:command=4A", "(empty)", UNKNOWN, 2),
    ("mute:command=4A,seconds=5", NOTHING, UNKNOWN, 2),
    ("mute:seconds=5", NOTHING, UNKNOWN, 2),
    ("checksum:command=4A,direction=in", "(empty)", UNKNOWN, 2),
    ("checksum:command=4A,direction=out", "A35500 (bad)", DONE, 3),
    ("ack-lost:command=4A", DONE, DONE, 3),
    ("flip:direction=in,byte=9,mask=01", "(empty)", UNKNOWN, 2),
    ("flip:direction=out,byte=7,mask=01", "A35501 (bad)", DONE, 3),
    ("noise:direction=in,byte=1,count=3", DONE, DONE, 3),
    ("noise:direction=out,byte=1,count=3", DONE, DONE, 3),
    ("paper-out:line=0", "A45567", "A45567", 3),
    ("paper-out:line=1", "A45567", "A45567", 3),
    ("cover:command=4A,seconds=60", "A45567", "A45567", 3),
    ("clock:by=+25h,command=4A", "A45588", "A45588", 2),
    ("foreign:after=3", DONE, DONE, 4),
]


def paid(**rest: float) -> Host:
    host = Host(**rest)  # type: ignore[arg-type]
    host.open_shift()
    host.open_receipt()
    host.position(10_000)
    host.pay(10_000)
    return host


def close(host: Host) -> str:
    """4A as a task; whatever comes at once."""
    host.tid += 1
    data = bytes([0xC1, 1, host.tid, 0, 0]) + bytes.fromhex("4A 00 01") + bytes(5)
    return "".join(told(each) for each in packets(host.line.receive(frame(0x42, data))))


def told(packet: Packet) -> str:
    return (packet.data.hex().upper() or "(empty)") + ("" if packet.good else " (bad)")


@pytest.mark.parametrize(("spec", "at_once", "later", "fd"), TABLE, ids=[row[0] for row in TABLE])
def test_fault_at_the_close(spec: str, at_once: str, later: str, fd: int) -> None:
    host = paid()
    host.device.inject(spec)
    assert close(host) == at_once
    host.pass_time(6)
    host.redial()
    assert told(host.request()) == later
    assert host.fd == fd
    told_fd = host.register("34") if not later.startswith("A4") else (host.abort(), host.register("34"))[1]
    assert told_fd.startswith(bcd(fd, 5).hex())


def test_every_fault_is_in_the_table() -> None:
    assert {row[0].partition(":")[0] for row in TABLE} == set(FAULTS) - AtolDevice.ALIEN_FAULTS


def test_a_slow_close_is_told_and_then_answered_unasked() -> None:
    host = paid()
    host.device.inject("slow:command=4A,seconds=5")
    assert close(host) == NOTHING
    assert [told(each) for each in host.pass_time(1)] == [IN_PROGRESS]
    assert [told(each) for each in host.pass_time(4)] == [f"A6{host.tid:02X}5500"]


def test_a_late_close_is_not_executed_when_the_task_came_again() -> None:
    host = paid()
    host.device.inject("late:command=4A,seconds=5")
    assert close(host) == NOTHING
    assert host.line.closed
    host.redial()
    assert told(host.request()) == "B3"
    assert told(host.again("4A 00 01", bytes(5))) == DONE
    assert host.fd == 3
    host.pass_time(6)
    assert host.fd == 3


def test_a_late_close_strikes_a_host_that_has_begun_again() -> None:
    host = paid()
    host.device.inject("late:command=4A,seconds=5")
    close(host)
    host.redial()
    host.abort()
    host.pass_time(6)
    assert host.fd == 3


def test_the_hosts_acknowledgement_may_be_lost_either_way() -> None:
    host = paid()
    host.device.inject("ack-lost:command=4A")
    close(host)
    with pytest.raises(Silent):
        host.acknowledge()
    assert told(host.request()) == DONE
    assert told(host.acknowledge()) == "A3"
    host.device.inject("ack-lost:command=45,direction=out")
    host.add("45")
    with pytest.raises(Silent):
        host.acknowledge()
    assert told(host.request()) == "B3"


def test_a_fault_of_one_register_and_of_all() -> None:
    host = Host("busy:command=9133", "busy:command=91,nth=3")
    assert host.register("34")
    assert host.error("91 33", b"\0\0") == 0x76
    assert host.error("91 34", b"\0\0") == 0x76
    assert host.register("34")


def test_a_full_buffer_is_tried_again() -> None:
    host = paid()
    host.device.inject("full:command=4A,times=3")
    assert [close(host), *(told(host.again("4A 00 01", bytes(5))) for _ in range(3))] == ["B1", "B1", "B1", DONE]
    assert host.fd == 3


# --- paper ---


def test_paper_ends_in_the_receipt_which_is_registered() -> None:
    host = paid()
    host.device.inject("paper-out:line=5")
    assert host.error("4A 00 01", bytes(5)) == 0x67
    assert host.fd == 3
    assert host.register("3B") == "10"
    assert host.register("13")[2:4] == "00"  # closed
    assert host.ask("45")[2] & 1
    printing = ("92 00 01", "4F 00 0000000100", "95", "4C 41")
    assert {host.error(command) for command in printing} == {0x67}
    assert host.error("EE") == 0x67
    host.device.load_paper()
    assert host.register("3B") == "10"
    assert {host.error(command) for command in printing} == {0x1E}
    host.good("EE")
    assert host.register("3B") == "00"
    assert [slip.name for slip in host.paper.slips] == ["2", "3-spoiled1", "3"]
    host.good("EE")  # nothing is left to do
    host.sell()
    assert host.fd == 4


def test_paper_that_has_gone_before_the_close() -> None:
    host = paid()
    host.device.take_paper()
    assert host.error("4A 00 01", bytes(5)) == 0x67
    assert (host.fd, host.register("3B")) == (3, "10")
    host.device.load_paper()
    host.good("EE")
    assert [slip.name for slip in host.paper.slips] == ["2", "3"]


def test_a_command_that_prints_is_done_when_its_paper_is_out() -> None:
    host = Host(print_time=1.0)
    host.mode(1)
    host.tid += 1
    assert packets(host.line.receive(frame(9, bytes([0xC1, 1, host.tid, 0, 0, 0x9A, 0])))) == []
    assert host.pass_time(0.5) == [Packet(9, b"\xa2")]
    assert host.fd == 2
    assert told(host.request()) == IN_PROGRESS
    assert host.pass_time(0.5) == [Packet(0xF0, bytes([0xA6, host.tid, 0x55, 0]))]
    assert [slip.name for slip in host.paper.slips] == ["2"]


def test_paper_that_ends_while_it_prints() -> None:
    host = Host(print_time=1.0)
    host.mode(1)
    host.tid += 1
    host.line.receive(frame(9, bytes([0xC1, 1, host.tid, 0, 0, 0x9A, 0])))
    host.pass_time(0.5)
    host.device.take_paper()
    assert [told(each) for each in packets(host.line.poll())] == [f"A7{host.tid:02X}5567"]
    assert host.fd == 2


def test_an_open_cover() -> None:
    host = Host("cover:seconds=5")
    host.mode(1)
    assert host.error("9A00") == 0x67
    host.clock.advance(5)
    host.good("9A00")


def test_an_open_receipt_outlives_a_power_failure_or_not() -> None:
    for word, error in (("kept", None), ("annulled", 0x9A)):
        host = paid()
        host.device.inject(f"power:command=45,receipt={word}")
        with pytest.raises(Silent):
            host.add("45")
        host.clock.advance(1)
        host.redial()
        assert host.ask("45")[1] == 0  # the choice of modes
        if error:
            assert host.error("59") == error
        else:
            host.good("59")
        assert host.fd == 2


def test_another_programs_receipt_moves_the_number() -> None:
    host = paid()
    host.device.inject("foreign:after=3,total=77.00")
    close(host)
    assert [each["tags"]["1020"] for each in host.dumped()[2:]] == ["100.00", "77.00"]
