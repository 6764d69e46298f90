"""Printing, paper, power and faults: sections 5 (submodes), 6 and 10, by the script channel and ``--fault``."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.patience import BUSY

from . import tlv
from .client import ACK, ENQ, NAK, Host, Host2, Machine, answer_of, dump, frame1, frame2, le, lrc, machine
from .desk import (
    CLOSED,
    DRIVE,
    FOUND_RECEIPT,
    SHIFT,
    closing,
    document,
    full,
    last_fd,
    mode,
    money,
    opening,
    operation,
    sale,
    short,
)

FF45_SUMS = b"".join(le(10000 if kind == 0 else 0, 5) for kind in range(16)) + b"\0" + le(0, 30) + b"\1"
FF45 = bytes.fromhex("FF 45 1E 00 00 00") + FF45_SUMS


@pytest.fixture
def fresh() -> Iterator[Machine]:
    with machine() as running:
        yield running


@pytest.fixture
def slow() -> Iterator[Machine]:
    """A register whose slips take time."""
    with machine(fast=False) as running:
        yield running


def begun(host: Host | Host2, price: int = 10000) -> None:
    assert opening(host).error == 0
    assert operation(host, price).error == 0


def until(condition: Callable[[], bool], patience: float = BUSY) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it did not happen"


def gone(host: Host) -> bool:
    """Whatever comes before the connection ends."""
    try:
        while True:
            host.line.read(1)
    except ConnectionError:
        return True


def answers(host: Host, control: int) -> bool:
    """One ENQ with little patience."""
    host.line.write(bytes([ENQ]))
    try:
        return host.line.read(1, 0.1)[0] == control
    except TimeoutError:
        return False


class TestPrinting:
    def test_submode_5_while_a_slip_prints(self, slow: Machine) -> None:
        slow.word("print-time 0.4")
        with slow.host() as host:
            assert host.ask("E0").error == 0
            until(lambda: short(host)["submode"] == 0)
            fd = sale(host)
            assert short(host)["submode"] == 5
            assert last_fd(host) == fd
            assert host.ask("40").refused == 0x50
            assert host.ask("17", b"\2" + b"line".ljust(40, b"\0")).refused == 0x50
            assert host.ask("11").error == 0
            until(lambda: short(host)["submode"] == 0)
            assert host.ask("40").error == 0


class TestPaper:
    def test_submode_1_refuses_what_prints(self, fresh: Machine) -> None:
        with fresh.host() as host:
            assert host.ask("E0").error == 0
            fresh.word("paper-out")
            status = short(host)
            assert status["submode"] == 1
            assert status["flags"] & 0x0082 == 0
            assert mode(host) == 2
            for code, data in (("17", b"\2" + bytes(40)), ("40", b""), ("41", b""), ("50", le(1, 5)), ("25", b"\1")):
                assert host.ask(code, data).refused == 0x6B
            for code in ("FF01", "FF40", "FF39"):
                assert host.ask(code).error == 0
            assert host.ask("13").error == 0
            assert host.ask("28", b"\0").error == 0
            fresh.word("paper-in")
            assert short(host)["submode"] == 0
            assert short(host)["flags"] & 0x0082 == 0x0082

    def test_paper_that_ends_in_a_slip_leads_from_2_to_3_to_b0h(self, fresh: Machine, tmp_path: Path) -> None:
        with machine("--fault", "paper-out:line=30", "--paper", str(tmp_path)) as register, register.host() as host:
            assert host.ask("E0").error == 0
            submode = short(host)["submode"]
            while submode == 0:
                fd = sale(host)
                submode = short(host)["submode"]
            assert submode == 2
            assert host.ask("17", b"\2" + bytes(40)).refused in {0x6B, 0x72, 0x50}
            assert host.ask("FF01").integer(DRIVE, "lastFD") == fd
            register.word("paper-in")
            assert short(host)["submode"] == 3
            assert host.ask("40").refused == 0x58
            assert host.ask("17", b"\2" + bytes(40)).refused == 0x58
            assert host.ask("FF40").error == 0
            assert host.ask("B0").fields("op:1") == {"op": 30}
            until(lambda: short(host)["submode"] == 0)
            assert last_fd(host) == fd
            assert host.ask("40").error == 0

    def test_fiscal_data_of_a_spoiled_slip_stand(self) -> None:
        with machine("--fault", "paper-out:line=1") as register, register.host() as host:
            assert host.ask("E0").error == 0
            assert short(host)["submode"] == 2
            assert mode(host) == 2
            assert last_fd(host) == 2
            register.word("paper-in")
            assert host.ask("B0").error == 0
            until(lambda: short(host)["submode"] == 0)

    def test_an_open_cover_is_like_no_paper_and_a_flag(self, fresh: Machine) -> None:
        with fresh.host() as host:
            fresh.word("cover-open")
            assert short(host)["flags"] >> 10 & 1 == 1
            assert short(host)["submode"] == 1
            assert host.ask("E0").refused == 0x6B
            fresh.word("cover-close")
            assert short(host)["flags"] >> 10 & 1 == 0
            assert host.ask("E0").error == 0


class TestPower:
    @pytest.mark.parametrize(("word", "stands"), [("kept", 8), ("annulled", 2)])
    def test_the_open_receipt_survives_or_not(self, fresh: Machine, word: str, stands: int) -> None:
        with fresh.host() as host:
            assert host.ask("E0").error == 0
            begun(host)
        fresh.word(f"power-off {word}")
        fresh.word("power-on")
        with fresh.host() as host:
            assert host.enquire() == NAK
            assert mode(host) == stands
            assert last_fd(host) == 2
            if stands == 8:
                assert host.ask("89").integer("op:1 sum:5", "sum") == 10000
                assert closing(host, 10000).error == 0

    def test_registers_and_numbers_survive(self, tmp_path: Path) -> None:
        state = tmp_path / "state.json"
        with machine("--state", str(state)) as register, register.host() as host:
            fd = sale(host, 12300)
            kept = (money(host, 193), full(host)["docNo"], host.ask("FF40").body, host.ask("FF02").body)
        with machine("--state", str(state)) as register, register.host() as host:
            assert (money(host, 193), full(host)["docNo"], host.ask("FF40").body, host.ask("FF02").body) == kept
            assert host.ask("FF0A", le(fd, 4)).integer(FOUND_RECEIPT, "total") == 12300
        archive = dump(state)
        documents = archive["documents"]
        assert isinstance(documents, list)
        assert documents[-1]["fd"] == fd
        assert documents[-1]["tags"]["1020"] == "123.00"

    @pytest.mark.parametrize(("when", "written"), [("before", False), ("after", True)])
    def test_power_fails_around_the_closing(self, fresh: Machine, when: str, written: bool) -> None:
        with fresh.host() as host:
            assert host.ask("E0").error == 0
            begun(host)
            fresh.word(f"fault power:command=FF45,when={when},off=0.05")
            host.line.write(bytes([ENQ]))
            host.control()
            host.line.write(frame1(FF45))
            assert gone(host)
        until(lambda: fresh.word("status")["powered"] is True)
        with fresh.host() as host:
            assert host.enquire() == NAK
            assert last_fd(host) == (3 if written else 2)
            assert mode(host) == (2 if written else 8)


def closing_cut_short(register: Machine, fault: str) -> None:
    """A receipt of 100.00 whose closing command comes to the grief named; the connection is left behind."""
    with register.host() as host:
        assert host.ask("E0").error == 0
        begun(host)
        register.word(f"fault {fault}")
        assert host.enquire() == NAK
        host.line.write(frame1(FF45))
        assert gone(host)


class TestLostReplies:
    """6.3: the reply of a closing command is lost."""

    def test_a_stored_reply_is_given_to_the_next_connection(self, fresh: Machine) -> None:
        closing_cut_short(fresh, "answer-lost:command=FF45")
        with fresh.host() as host:
            assert host.enquire() == ACK
            fd = answer_of(b"\xff\x45", host.take()).fields(CLOSED)
            assert (fd["change"], fd["FD"]) == (0, 3)
            found = host.ask("FF0A", le(3, 4)).fields(FOUND_RECEIPT)
            assert (found["op"], found["total"], found["FP"]) == (1, 10000, fd["FP"])

    def test_a_reply_lost_for_good_leaves_the_document(self, fresh: Machine) -> None:
        closing_cut_short(fresh, "answer-lost:command=FF45,stored=no")
        with fresh.host() as host:
            assert host.enquire() == NAK
            assert (last_fd(host), mode(host)) == (3, 2)
            assert host.ask("FF40").integer(SHIFT, "receiptNo") == 1

    def test_a_late_execution_comes_after_the_host_gave_up(self, fresh: Machine) -> None:
        closing_cut_short(fresh, "late:command=FF45,seconds=0.2")
        with fresh.host() as host:
            until(lambda: last_fd(host) == 3)
            assert mode(host) == 2

    def test_a_frame_cut_before_its_last_byte_is_not_executed(self, fresh: Machine) -> None:
        with fresh.host() as host:
            assert host.ask("E0").error == 0
            begun(host)
            fresh.word("fault cut:after=50,direction=in")
            assert host.enquire() == NAK
            host.line.write(frame1(FF45))
            with pytest.raises(ConnectionError):
                host.line.read(1)
        with fresh.host() as host:
            assert host.enquire() == NAK
            assert (last_fd(host), mode(host)) == (2, 8)

    def test_a_host_whose_ack_is_lost_gets_the_reply_again(self, fresh: Machine) -> None:
        with fresh.host() as host:
            begun(host)
            fresh.word("fault ack-lost:command=FF45")
            host.give(FF45)
            first = host.reply_frame()
            host.line.write(bytes([ACK]))
            until(lambda: answers(host, ACK))
            assert host.take() == first
            assert last_fd(host) == 3

    def test_protocol_2_brings_the_reply_with_its_number(self, fresh: Machine) -> None:
        with Host2(fresh.tcp()) as host:
            host.sync()
            begun(host)
            fresh.word("fault answer-lost:command=FF45")
            number = host.next
            host.line.write(frame2(number, FF45))
            with pytest.raises((ConnectionError, TimeoutError)):
                host.line.read(1, 1.0)
        with Host2(fresh.tcp()) as host:
            num, data = host.raw(number, FF45)
            assert num == number
            assert data is not None
            assert answer_of(b"\xff\x45", data).integer(CLOSED, "FD") == 3
            host.sync()
            assert last_fd(host) == 3


class TestFaults:
    def test_busy_is_50h_so_many_times(self, fresh: Machine) -> None:
        with fresh.host() as host:
            fresh.word("fault busy:command=E0,times=2")
            assert [host.ask("E0").error for _ in range(3)] == [0x50, 0x50, 0]

    def test_any_code_for_any_command(self, fresh: Machine) -> None:
        with fresh.host() as host:
            begun(host)
            fresh.word("fault refuse:command=FF45,error=2F")
            assert closing(host, 10000).refused == 0x2F
            assert (mode(host), last_fd(host)) == (8, 2)
            assert closing(host, 10000).error == 0

    def test_a_damaged_reply_is_repeated_on_enq(self, fresh: Machine) -> None:
        with fresh.host() as host:
            begun(host)
            fresh.word("fault checksum:command=FF45")
            host.give(FF45)
            head = host.line.read(2)
            rest = host.line.read(head[1] + 1)
            assert lrc(head[1:] + rest[:-1]) != rest[-1]
            host.line.write(bytes([NAK]))
            assert host.enquire() == ACK
            assert answer_of(b"\xff\x45", host.take()).integer(CLOSED, "FD") == 3

    def test_a_damaged_command_is_nak(self, fresh: Machine) -> None:
        with fresh.host() as host:
            begun(host)
            for fault in ("checksum:command=FF45,direction=in", "nak:command=FF45"):
                fresh.word(f"fault {fault}")
                assert host.enquire() == NAK
                host.line.write(frame1(FF45))
                assert host.control() == NAK
                assert (last_fd(host), mode(host)) == (2, 8)
            assert closing(host, 10000).error == 0

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_slow_command_answers_enq_with_ack(self, fresh: Machine, when: str) -> None:
        with fresh.host() as host:
            begun(host)
            fresh.word(f"fault slow:command=FF45,seconds=0.3,when={when}")
            host.give(FF45)
            assert host.enquire() == ACK
            assert answer_of(b"\xff\x45", host.take()).integer(CLOSED, "FD") == 3

    def test_mute_hears_nothing(self, fresh: Machine) -> None:
        with fresh.host() as host:
            fresh.word("fault mute:command=E0,seconds=0.5")
            assert host.enquire() == NAK
            host.line.write(frame1(bytes.fromhex("E0 1E 00 00 00")))
            with pytest.raises(TimeoutError):
                host.line.read(1, 0.1)
            until(lambda: answers(host, NAK))
            assert mode(host) == 4

    def test_flip_damages_a_byte_of_the_reply(self, fresh: Machine) -> None:
        with fresh.host() as host:
            fresh.word("fault flip:direction=out,byte=6,mask=01")
            host.give(bytes.fromhex("10 1E 00 00 00"))  # NAK, ACK, then the reply: byte 6 is in its fields
            head = host.line.read(2)
            rest = host.line.read(head[1] + 1)
            assert lrc(head[1:] + rest[:-1]) != rest[-1]
            host.line.write(bytes([NAK]))
            assert host.enquire() == ACK
            assert answer_of(b"\x10", host.take()).error == 0

    def test_noise_before_the_frame_is_ignored_and_inside_it_spoils_it(self) -> None:
        """Byte 2 of what the host sends is STX after ENQ, byte 8 stands inside the frame."""
        request = bytes([ENQ]) + frame1(bytes.fromhex("10 1E 00 00 00"))
        with machine("--fault", "noise:direction=in,byte=8,count=1") as register, register.host() as host:
            host.line.write(request)
            assert host.control() == NAK
            assert host.control() == NAK
            until(lambda: answers(host, NAK))
            assert host.ask("10").error == 0

    def test_the_clock_jumps(self, fresh: Machine) -> None:
        with fresh.host() as host:
            assert host.ask("E0").error == 0
            fresh.word("fault clock:by=+25h,command=8D")
            assert host.ask("8D", b"\0").refused == 0x4E
            assert mode(host) == 3

    def test_a_strangers_receipt(self, fresh: Machine) -> None:
        with fresh.host() as host:
            assert host.ask("E0").error == 0
            fd = sale(host)
            fresh.word(f"fault foreign:after={fd},total=77.00")
            host.ask("10")
            assert last_fd(host) == fd + 1
            assert host.ask("FF0A", le(fd + 1, 4)).integer(FOUND_RECEIPT, "total") == 7700
            assert not tlv.every(document(host, fd + 1)[1], 1192)

    def test_a_fault_strikes_the_nth_time_and_can_be_forgotten(self, fresh: Machine) -> None:
        with fresh.host() as host:
            fresh.word("fault refuse:command=13,error=75,nth=2")
            assert [host.ask("13").error for _ in range(3)] == [0, 0x75, 0]
            fresh.word("fault refuse:command=13,error=75,times=always")
            assert [host.ask("13").error for _ in range(3)] == [0x75] * 3
            fresh.word("no-faults")
            assert host.ask("13").error == 0

    def test_hang_up_keeps_the_reply(self, fresh: Machine) -> None:
        with fresh.host() as host:
            host.give(bytes.fromhex("13 1E 00 00 00"))
            first = host.reply_frame()
            fresh.word("hang-up")
            with pytest.raises(ConnectionError):
                host.line.read(1)
        with fresh.host() as host:
            assert host.enquire() == ACK
            assert host.take() == first


def test_the_script_tells_what_the_wire_tells(fresh: Machine) -> None:
    with fresh.host() as host:
        fd = sale(host)
        status = fresh.word("status")
        seen = {"mode": mode(host) & 0x0F, "submode": short(host)["submode"], "fd": last_fd(host)}
        assert {key: status[key] for key in seen} == seen
        assert (status["fd"], status["shift"], status["shift_open"]) == (fd, 1, True)
        assert status["unsent"] == host.ask("FF3F").integer("n:2", "n")


def test_paper_has_a_slip_for_each_fiscal_document(tmp_path: Path) -> None:
    with machine("--paper", str(tmp_path)) as register, register.host() as host:
        fd = sale(host, 12345)
        until(lambda: (tmp_path / f"{fd}.txt").exists() and (tmp_path / f"{fd}.png").exists())
        text = (tmp_path / f"{fd}.txt").read_text(encoding="utf-8")
        assert "123.45" in text.replace(",", ".")
        assert host.ask("FF02").body.decode() in text
