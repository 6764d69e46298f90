"""The buffer of tasks: results kept, nothing executed twice, what takes longer, what is stopped."""

from __future__ import annotations

import pytest

from drivers.simulators.atol.tasks import CAPACITY
from tests.drivers.simulators.atol.host import Host, Packet, Silent, bcd, frame, packets

LATE = "slow:command=4A,seconds=5"
CLOSE = ("4A 00 01", bytes(5))


def ready(*faults: str, **rest: object) -> Host:
    """A receipt that has been paid, as it stands before 4A."""
    host = Host(**rest)  # type: ignore[arg-type]
    host.open_shift()
    host.open_receipt()
    host.position(10_000)
    host.pay(10_000)
    for fault in faults:
        host.device.inject(fault)
    return host


def heard(packet: Packet) -> str:
    return packet.data.hex().upper()


def test_a_result_is_kept_until_it_is_acknowledged() -> None:
    host = ready()
    assert heard(host.add(*CLOSE)) == "A35500"
    for _ in range(3):
        assert heard(host.request()) == "A35500"
    host.redial()
    assert heard(host.request()) == "A35500"
    assert heard(host.acknowledge()) == "A3"
    assert heard(host.request()) == "B3"
    assert heard(host.acknowledge()) == "B3"
    assert host.fd == 3


def test_a_known_task_is_not_executed_again() -> None:
    host = ready()
    host.add(*CLOSE)
    for _ in range(3):
        assert heard(host.again(*CLOSE)) == "B2"
    assert heard(host.again("45")) == "B2"  # whatever it says
    assert host.fd == 3
    host.acknowledge()
    assert heard(host.again("45")) == "A3550100"  # the number is free again


def test_abort_clears_the_buffer() -> None:
    host = ready()
    host.add(*CLOSE)
    assert heard(host.abort()) == "A3"
    assert heard(host.request()) == "B3"


def test_what_takes_longer_is_in_progress_and_its_result_follows_unasked() -> None:
    host = ready(LATE)
    host.tid += 1
    add = bytes([0xC1, 1, host.tid, 0, 0]) + bytes.fromhex("4A 00 01") + bytes(5)
    assert packets(host.line.receive(frame(0x50, add))) == []
    assert host.pass_time(0.24) == []
    assert host.pass_time(0.02) == [Packet(0x50, b"\xa2")]
    assert heard(host.request()) == "A2"
    assert host.fd == 2
    assert host.pass_time(5) == [Packet(0xF0, bytes([0xA6, host.tid, 0x55, 0]))]
    assert host.fd == 3
    assert host.pass_time(60) == []
    assert heard(host.request()) == "A35500"  # and it is still there


def test_an_error_that_takes_longer() -> None:
    host = Host("slow:command=9A,seconds=1", "slow:command=9A,seconds=1,nth=2")
    host.mode(1)
    for error in (0, 0x9C):
        with pytest.raises(Silent):
            host.add("9A00")
        assert [heard(each) for each in host.pass_time(0.3)] == ["A2"]
        answer = bytes([0xA7 if error else 0xA6, host.tid, 0x55, error])
        assert host.pass_time(1) == [Packet(0xF0, answer)]
        host.abort()


def test_a_result_that_was_not_waited_for_is_there_after_a_reconnection() -> None:
    host = ready(LATE)
    host.tid += 1
    add = bytes([0xC1, 1, host.tid, 0, 0]) + bytes.fromhex("4A 00 01") + bytes(5)
    host.line.receive(frame(0x50, add))
    host.redial()
    assert heard(host.request()) == "A2"
    assert host.pass_time(2) == []
    host.redial()
    assert host.pass_time(3) == []  # to a host that has said nothing yet, nothing is said
    assert heard(host.request()) == "A35500"


def test_tasks_wait_for_one_another() -> None:
    host = Host("slow:command=9A,seconds=2")
    host.mode(1)
    host.tid += 1
    host.line.receive(frame(0x10, bytes([0xC1, 1, host.tid, 0, 0, 0x9A, 0])))
    first = host.tid
    answers = packets(host.line.receive(frame(0x11, bytes([0xC1, 1, first + 1, 0, 0, 0x45]))))
    assert answers == [Packet(0x10, b"\xa2"), Packet(0x11, b"\xa1")]
    assert heard(host.request(first + 1)) == "A1"
    assert host.pass_time(2) == [
        Packet(0xF0, bytes([0xA6, first, 0x55, 0])),
        Packet(0xF0, bytes([0xA6, first + 1, 0x55, 1, 0])),
    ]


def test_a_task_that_does_not_wait_is_answered_at_once_and_unasked() -> None:
    host = Host()
    host.tid += 1
    answers = packets(host.line.receive(frame(3, bytes([0xC1, 5, host.tid, 0, 0, 0x45]))))
    assert answers == [Packet(3, b"\xa1"), Packet(0xF0, bytes([0xA6, host.tid, 0x55, 0, 0]))]


def test_after_an_error_the_buffer_stands_still_until_it_is_aborted() -> None:
    host = Host()
    assert heard(host.add("59")) == "A4559A"
    assert heard(host.request()) == "A4559A"
    assert heard(host.add("45")) == "A5"
    assert heard(host.request()) == "B3"  # it was not taken
    host.abort()
    assert heard(host.again("45")) == "A3550000"


def test_tasks_that_waited_behind_an_error_are_stopped() -> None:
    host = Host("slow:command=59,seconds=1")
    host.tid += 1
    host.line.receive(frame(0, bytes([0xC1, 1, host.tid, 0, 0, 0x59])))
    assert heard(host.add("45")) == "A2"  # to the first
    host.pass_time(1)
    assert heard(host.request()) == "A5"
    assert heard(host.request(host.tid - 1)) == "A4559A"


def test_an_error_may_be_ignored() -> None:
    host = Host()
    assert heard(host.add("59", flags=3)) == "A4559A"
    assert heard(host.add("45")) == "A3550000"


def test_a_task_without_a_result_needs_no_acknowledgement() -> None:
    host = Host()
    for number in range(3 * CAPACITY):
        assert heard(host.add("4C", b"%d" % number, flags=0)) == "A35500"
    assert heard(host.again("4C", b"x", flags=0)) == "B2"  # and is not printed twice meanwhile
    assert len(host.device.state.printer.strip) == 3 * CAPACITY


def test_a_full_buffer() -> None:
    host = Host()
    for _ in range(CAPACITY):
        assert heard(host.add("45")) == "A3550000"
    assert heard(host.add("45")) == "B1"
    host.acknowledge()
    host.request(3)
    host.say(0xC2, 3)
    assert heard(host.again("45")) == "A3550000"


def test_acknowledge_and_add_in_one() -> None:
    host = Host()
    host.add("45")
    assert heard(host.say(0xC5, host.tid, 1, host.tid + 1, b"\0\0\x45")) == "A3550000"
    assert heard(host.request(host.tid)) == "B3"
    assert heard(host.request(host.tid + 1)) == "A3550000"


def test_a_power_cycle_clears_the_buffer_and_the_document_stays() -> None:
    host = ready()
    host.add(*CLOSE)
    host.device.power_off()
    assert host.line.closed
    with pytest.raises(ConnectionRefusedError):
        host.device.connection()
    host.device.power_on()
    host.redial()
    assert heard(host.request()) == "B3"
    assert host.register("34").startswith(bcd(3, 5).hex())


def test_what_is_aborted_while_it_runs_is_carried_through_and_leaves_no_result() -> None:
    host = ready(LATE)
    host.tid += 1
    host.line.receive(frame(1, bytes([0xC1, 1, host.tid, 0, 0]) + bytes.fromhex("4A 00 01") + bytes(5)))
    host.abort()
    assert host.pass_time(5) == []
    assert host.fd == 3
    assert heard(host.request()) == "B3"
    assert heard(host.add("45")) == "A3550100"
