"""Each fault as a host sees it: what arrives, what has happened inside, what the next connection finds."""

import pytest

from drivers.simulators.faults import FAULTS, FaultSpecError, parse
from drivers.simulators.shtrih import ShtrihDevice
from tests.drivers.simulators.host import PASSWORD, Host, NumberedHost, frame, le

CLOSE = bytes.fromhex("FF45" + PASSWORD)


def ready(*faults: str, print_time: float = 0.0) -> Host:
    """An open receipt of 100.00, to be closed next: documents 1 and 2 exist."""
    host = Host(*faults, print_time=print_time)
    host.open_shift()
    host.open_receipt()
    host.operation(10_000)
    return host


def send_close(host: Host) -> str:
    assert host.raw("05") == "15"
    return host.raw(frame(CLOSE + host.close_fields(cash=10_000)))


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ("paper", "unknown fault 'paper'; known faults: answer-lost, cut"),
        ("cut", "after must be given"),
        ("cut:after=x", "after='x' must be a whole number"),
        ("cut:before=1", "'before=1' is not one of its keys; it takes after=…"),
        ("refuse:error=100", "one byte in hex"),
        ("slow:seconds=-1", "seconds, for example 0.5"),
        ("busy:command=Closing", "a command code in hex"),
        ("power:off=1", "either step or command"),
        ("power:step=1,command=E0", "either step or command"),
        ("answer-lost:stored=maybe", "one of yes, no"),
        ("foreign:after=1,total=1.5", "roubles"),
        ("answer-lost:", None),
    ],
)
def test_spec_errors_say_what_is_wrong(spec: str, complaint: str | None) -> None:
    if complaint is None:
        assert parse(spec).params == {}
        return
    with pytest.raises(FaultSpecError, match=complaint.split(";")[0]) as caught:
        parse(spec)
    assert complaint in str(caught.value)


def test_a_word_is_no_command_of_this_make() -> None:
    with pytest.raises(FaultSpecError, match="expected a command code in hex"):
        Host("busy:command=sell")


def test_answer_lost_and_still_stored() -> None:
    host = ready("answer-lost:command=FF45")
    assert send_close(host) == "06"
    assert host.line.closed
    host.redial()
    stored = bytes.fromhex(host.raw("05"))
    assert stored[:6] == bytes.fromhex("06 02 10 FF 45 00")
    host.raw("06")
    assert (host.last_fd(), host.mode()) == (3, 2)


def test_answer_lost_for_good() -> None:
    host = ready("answer-lost:command=FF45,stored=no")
    assert send_close(host) == "06"
    host.redial()
    assert host.raw("05") == "15"
    assert host.last_fd() == 3


def test_answer_lost_at_the_second_of_its_kind() -> None:
    host = Host("answer-lost:command=50,nth=2,times=1,stored=no")
    host.good("50" + PASSWORD, le(100, 5))
    assert host.raw("05" + frame(bytes.fromhex("50" + PASSWORD) + le(200, 5)).hex()) == "15 06"
    host.redial()
    host.good("50" + PASSWORD, le(300, 5))
    assert host.good("1A" + PASSWORD, bytes([241]))[1:] == le(600, 6)


@pytest.mark.parametrize("cut_at", range(1, 10))
def test_cut_while_the_command_comes_in(cut_at: int) -> None:
    """ENQ and an eight-byte frame; only a whole frame is executed."""
    host = Host(f"cut:after={cut_at},direction=in")
    sent = b"\x05" + frame(bytes.fromhex("E0" + PASSWORD))
    host.raw(sent)
    whole = cut_at >= len(sent)
    assert host.line.closed
    host.redial()
    assert (host.raw("05") != "15") == whole
    if whole:
        host.raw("06")
    assert host.last_fd() == (2 if whole else 1)


def test_cut_in_the_reply_leaves_it_stored() -> None:
    host = Host("cut:after=4,direction=out")
    assert host.raw("05" + frame(bytes.fromhex("E0" + PASSWORD)).hex()) == "15 06 02 03"
    assert host.line.closed
    host.redial()
    assert host.raw("05") == "06 02 03 E0 00 1E FD"
    assert host.raw("06") == "FF"
    assert host.last_fd() == 2


def test_cut_counts_both_directions_in_their_order() -> None:
    host = Host("cut:after=3,direction=both")
    assert host.raw("05") == "15"
    assert host.raw("05") == ""
    assert host.line.closed


@pytest.mark.parametrize(("when", "fd", "mode"), [("before", 2, 8), ("after", 3, 2)])
def test_power_fails_at_the_close(when: str, fd: int, mode: int) -> None:
    host = ready(f"power:command=FF45,when={when},off=2")
    assert send_close(host) == "06"
    assert host.line.closed
    with pytest.raises(ConnectionRefusedError):
        host.device.connection()
    host.clock.advance(2)
    host.redial()
    assert host.raw("05") == "15"  # the reply is gone
    assert (host.last_fd(), host.mode()) == (fd, mode)


def test_power_annuls_the_open_receipt_when_told_so() -> None:
    host = ready("power:command=FF45,when=before,receipt=annulled")
    send_close(host)
    host.clock.advance(0.5)
    host.redial()
    assert (host.last_fd(), host.mode()) == (2, 2)
    assert host.good("FF01" + PASSWORD)[1] == 0


def test_power_by_step_counts_executed_commands() -> None:
    host = Host()
    host.device.inject("power:step=2")
    host.mode()
    assert host.raw("05" + frame(bytes.fromhex("E0" + PASSWORD)).hex()) == "15 06"
    host.clock.advance(0.5)
    host.redial()
    assert host.last_fd() == 2


def test_power_failure_forgets_a_late_command() -> None:
    host = ready("late:command=FF45,seconds=3", "power:command=89")
    send_close(host)
    host.redial()
    host.raw("05" + frame(bytes.fromhex("89" + PASSWORD)).hex())
    host.clock.advance(10)
    host.redial()
    assert (host.last_fd(), host.mode()) == (2, 8)


def test_a_slow_command_goes_on_without_a_host_and_answers_the_next_one() -> None:
    host = ready("slow:command=FF45,seconds=5")
    assert send_close(host) == "06"
    host.redial()
    assert host.raw("05") == "06"  # busy: the reply will come
    host.redial()
    host.clock.advance(5)
    assert host.raw("05")[:2] == "06"
    host.raw("06")
    assert host.last_fd() == 3


def test_slow_command_acts_at_its_end_and_answers_by_itself() -> None:
    host = ready("slow:command=FF45,seconds=5")
    assert send_close(host) == "06"
    assert host.line.deadline == pytest.approx(5.0)
    assert host.raw("05") == "06"  # still working
    assert host.device.state.receipt is not None
    assert host.pass_time(5).startswith("02 10 FF 45 00")
    assert host.raw("06") == "FF"


def test_busy_and_refuse_do_nothing_and_pass_away() -> None:
    host = Host("busy:command=E0,times=2", "refuse:command=E0,error=6B,nth=3")
    assert [host.error("E0" + PASSWORD) for _ in range(3)] == [0x50, 0x50, 0x6B]
    assert host.last_fd() == 1
    host.open_shift()


def test_refuse_always() -> None:
    host = Host("refuse:error=2F,times=always")
    assert [host.error("FF01" + PASSWORD) for _ in range(5)] == [0x2F] * 5


def test_late_command_acts_after_the_host_gave_up() -> None:
    host = ready("late:command=FF45,seconds=3")
    assert send_close(host) == ""
    assert host.line.closed
    host.redial()
    assert host.raw("05") == "15"
    assert (host.last_fd(), host.mode()) == (2, 8)
    host.pass_time(3)
    assert (host.last_fd(), host.mode()) == (3, 2)


def test_late_close_fails_after_the_fence() -> None:
    host = ready("late:command=FF45,seconds=3")
    send_close(host)
    host.redial()
    host.good("88" + PASSWORD)
    host.pass_time(3)
    assert (host.last_fd(), host.mode()) == (2, 2)


def test_late_command_may_leave_its_reply() -> None:
    host = ready("late:command=FF45,seconds=3,stored=yes")
    send_close(host)
    host.redial()
    host.pass_time(3)
    assert host.raw("05").startswith("06 02 10 FF 45 00")


def test_paper_out_and_new_roll() -> None:
    host = Host("paper-out:line=20,load=10", print_time=1.0)
    host.open_shift()
    host.pass_time(1)  # 12 rows printed
    host.open_receipt()
    host.operation(10_000)
    assert host.close(cash=10_000)[1] == 3  # the drive has signed; paper comes after
    assert host.submode() == 5
    assert host.error("8D" + PASSWORD, b"\0") == 0x50
    host.pass_time(1)
    assert host.submode() == 2
    assert host.good("10" + PASSWORD)[1:3] == le(0x0210, 2)
    assert host.error("8D" + PASSWORD, b"\0") == 0x6B
    host.pass_time(10)
    assert host.submode() == 3
    assert host.error("8D" + PASSWORD, b"\0") == 0x58
    host.good("B0" + PASSWORD)
    host.pass_time(1)
    assert host.submode() == 0
    assert [slip.name for slip in host.paper.slips] == ["2", "3-spoiled1", "3"]
    assert host.paper.slips[1].rows[-1].text == "ДОКУМЕНТ НЕДЕЙСТВИТЕЛЕН"
    assert len(host.paper.slips[1].rows) == 20 - len(host.paper.slips[0].rows) + 1
    assert host.last_fd() == 3


def test_paper_out_without_a_new_roll_lasts() -> None:
    host = Host("paper-out:line=1")
    host.open_shift()
    host.pass_time(100_000)
    assert host.submode() == 2


def test_open_cover_stops_what_prints() -> None:
    host = Host("cover:seconds=5")
    assert host.submode() == 1
    assert host.good("10" + PASSWORD)[1:3] == le(0x0692, 2)
    assert host.error("E0" + PASSWORD) == 0x6B
    host.pass_time(5)
    host.open_shift()


def test_what_prints_without_paper_waits_for_it() -> None:
    host = ready("cover:command=FF08,seconds=5")
    host.good("FF08" + PASSWORD)
    assert host.submode() == 2
    host.pass_time(5)
    assert host.submode() == 3
    host.good("B0" + PASSWORD)
    assert host.submode() == 0
    assert "АННУЛИРОВАН" in host.paper.slips[-1].text()


def test_mute_device_hears_nothing_for_a_while() -> None:
    host = Host("mute:command=E0,seconds=5")
    assert host.raw("05" + frame(bytes.fromhex("E0" + PASSWORD)).hex()) == "15"
    assert host.raw("05") == ""
    assert not host.line.closed
    host.pass_time(5)
    assert host.raw("05") == "15"
    assert host.last_fd() == 1


def test_flip_damages_one_byte_out() -> None:
    host = Host("flip:direction=out,byte=3,mask=01")
    assert host.raw("05" + frame(bytes.fromhex("FC")).hex())[:8] == "15 06 03"
    assert host.raw("15") == ""
    assert host.raw("05").startswith("06 02 13 FC 00")


def test_flip_on_the_way_in_gives_nak() -> None:
    host = Host("flip:direction=in,byte=3")
    assert host.raw(frame(bytes.fromhex("FC"))) == "15"


def test_noise_comes_before_the_byte() -> None:
    host = Host("noise:direction=out,byte=1,count=3")
    out = bytes.fromhex(host.raw("05"))
    assert len(out) == 4
    assert out.endswith(b"\x15")


def test_nak_does_not_execute() -> None:
    host = Host("nak:command=E0,times=2")
    sent = frame(bytes.fromhex("E0" + PASSWORD))
    assert [host.raw(sent) for _ in range(2)] == ["15", "15"]
    assert host.raw(sent).startswith("06 02 03 E0 00")


def test_foreign_receipt_between_two_of_ours() -> None:
    host = Host("foreign:after=3,total=77.50")
    host.open_shift()
    assert host.sell()[1] == 3
    assert host.last_fd() == 4
    tags = dict(host.tags(4))
    assert tags[1020] == le(7_750, 2)
    assert 1084 not in tags
    assert host.sell()[1] == 5


def test_foreign_program_waits_for_an_open_shift() -> None:
    host = Host("foreign:after=1")
    assert host.last_fd() == 1
    host.open_shift()
    assert host.last_fd() == 3


# --- each fault at the close of a receipt, by both lower levels ---

DONE, NOTHING = "FF4500", ""
# fault added right before the close | its reply at once | what the device says when asked later | last FD then
TABLE = [
    ("answer-lost:command=FF45", NOTHING, DONE, 3),
    ("answer-lost:command=FF45,stored=no", NOTHING, NOTHING, 3),
    ("answer-lost:command=FF45,drop=no", NOTHING, DONE, 3),
    ("cut:after=3,direction=out", NOTHING, DONE, 3),
    ("cut:after=3,direction=in", NOTHING, NOTHING, 2),
    ("cut:after=3", NOTHING, NOTHING, 2),
    ("power:command=FF45,when=before", NOTHING, NOTHING, 2),
    ("power:command=FF45,when=after", NOTHING, NOTHING, 3),
    ("power:step=1", NOTHING, NOTHING, 3),
    ("slow:command=FF45,seconds=5", NOTHING, DONE, 3),
    ("slow:command=FF45,seconds=5,when=after", NOTHING, DONE, 3),
    ("busy:command=FF45", "FF4550", "FF4550", 2),
    ("refuse:command=FF45,error=37", "FF4537", "FF4537", 2),
    ("late:command=FF45,seconds=5,stored=yes", NOTHING, DONE, 3),
    ("late:command=FF45,seconds=5,stored=no", NOTHING, NOTHING, 3),
    ("nak:command=FF45", NOTHING, NOTHING, 2),
    ("drop:command=FF45", NOTHING, NOTHING, 2),
    ("mute:command=FF45,seconds=5", NOTHING, NOTHING, 2),
    ("checksum:command=FF45,direction=in", NOTHING, NOTHING, 2),
    ("checksum:command=FF45,direction=out", NOTHING, DONE, 3),
    ("ack-lost:command=FF45,direction=out", DONE, DONE, 3),
    ("flip:direction=in,byte=5", NOTHING, NOTHING, 2),
    ("flip:direction=out,byte=6", NOTHING, DONE, 3),
    ("noise:direction=in,byte=1,count=3", DONE, DONE, 3),
    ("noise:direction=out,byte=1,count=3", DONE, DONE, 3),
    ("paper-out:line=0,load=5", "FF456B", "FF456B", 2),
    ("paper-out:line=1,load=5", DONE, DONE, 3),
    ("cover:command=FF45,seconds=5", "FF456B", "FF456B", 2),
    ("clock:by=+25h", "FF4516", "FF4516", 2),
    ("foreign:after=3", DONE, DONE, 4),
]


@pytest.mark.parametrize("level", [Host, NumberedHost])
@pytest.mark.parametrize(("spec", "at_once", "later", "fd"), TABLE, ids=[row[0] for row in TABLE])
def test_fault_at_the_close(level: type[Host], spec: str, at_once: str, later: str, fd: int) -> None:
    host = level()
    host.open_shift()
    host.open_receipt()
    host.operation(10_000)
    host.device.inject(spec)
    reply = host.try_once(CLOSE + host.close_fields(cash=10_000))
    assert (reply or b"")[:3].hex().upper() == at_once
    host.clock.advance(6)
    host.device.tick()
    if host.line.closed or reply is None:
        host.redial()
    kept = host.recover()
    if level is NumberedHost and not later:
        # the reply before is the last one: the close has not been executed, or everything is forgotten
        assert kept in (bytes.fromhex("FF4600"), None)
    else:
        assert (kept or b"")[:3].hex().upper() == later
    host.redial()
    host.recover()
    host.raw("06")
    host.redial()
    if isinstance(host, NumberedHost):
        host.sync()
    assert host.last_fd() == fd


def test_the_table_has_every_fault() -> None:
    assert {row[0].partition(":")[0] for row in TABLE} == set(FAULTS) - ShtrihDevice.ALIEN_FAULTS


def test_a_fault_that_the_make_cannot_have_is_refused() -> None:
    with pytest.raises(FaultSpecError, match="'full'"):
        Host("full")


def test_lost_ack_of_the_host_keeps_the_reply() -> None:
    host = Host("ack-lost:command=E0,direction=in")
    reply = host.raw(frame(bytes.fromhex("E0" + PASSWORD)))[3:]
    assert host.raw("06") == ""
    assert host.raw("05") == ""  # any byte but ACK: not received
    assert host.raw("05") == "06 " + reply
    assert host.raw("06") == "FF"


def test_a_damaged_reply_is_repeated_whole() -> None:
    host = Host("checksum:command=E0,times=2")
    good = frame(bytes.fromhex("E0 00 1E"))
    bad = good[:-1] + bytes([good[-1] ^ 1])
    assert bytes.fromhex(host.raw(frame(bytes.fromhex("E0" + PASSWORD)))) == b"\x06" + bad
    assert host.raw("15") == ""
    assert bytes.fromhex(host.raw("05")) == b"\x06" + bad
    host.raw("15")
    assert bytes.fromhex(host.raw("05")) == b"\x06" + good


def test_reply_may_be_slow_after_the_command_has_acted() -> None:
    host = ready("slow:command=FF45,seconds=5,when=after")
    assert send_close(host) == "06"
    assert host.device.register.drive.last_fd == 3
    assert host.raw("05") == "06"  # still working, for whoever asks
    assert host.pass_time(5).startswith("02 10 FF 45 00")


def test_power_failure_forgets_a_reply_that_was_under_way() -> None:
    host = ready("slow:command=FF45,seconds=5,when=after")
    send_close(host)
    host.device.power_off()
    host.clock.advance(10)
    host.device.power_on()
    host.redial()
    assert host.raw("05") == "15"
    assert host.last_fd() == 3


def test_clock_jump_at_a_command() -> None:
    host = Host("clock:by=+25h,command=10,nth=2")
    host.open_shift()
    assert [host.mode() for _ in range(3)] == [2, 3, 3]


def test_paper_that_is_out_at_once_is_submode_1() -> None:
    host = Host("paper-out:line=0,load=10")
    assert host.submode() == 1
    assert host.error("E0" + PASSWORD) == 0x6B
    host.pass_time(10)
    assert host.submode() == 0


# --- hands on the device: what a script does without a fault ---


def test_switch() -> None:
    host = ready()
    host.device.power_off()
    assert host.line.closed
    with pytest.raises(ConnectionRefusedError):
        host.device.connection()
    host.clock.advance(100)
    host.device.power_on()
    host.device.power_on()  # is on already
    host.redial()
    assert (host.last_fd(), host.mode()) == (2, 8)


def test_switch_off_annuls_the_receipt_when_told_so() -> None:
    host = ready()
    host.device.power_off(annulled=True)
    host.device.power_on()
    host.redial()
    assert (host.last_fd(), host.mode()) == (2, 2)


def test_switch_on_before_the_fault_would_have_done_it() -> None:
    host = ready("power:command=89,off=100")
    host.raw(frame(bytes.fromhex("89" + PASSWORD)))
    host.device.power_on()
    host.redial()
    assert host.last_fd() == 2


def test_paper_by_hand_while_printing() -> None:
    host = Host(print_time=10.0)
    host.open_shift()
    host.pass_time(5)
    assert host.submode() == 5
    host.device.take_paper()
    assert host.submode() == 2
    host.device.load_paper()
    assert host.submode() == 3
    host.good("B0" + PASSWORD)
    host.pass_time(10)
    assert host.submode() == 0
    assert [slip.name for slip in host.paper.slips] == ["2-spoiled1", "2"]


def test_paper_by_hand_while_idle() -> None:
    host = Host()
    host.device.take_paper()
    assert host.submode() == 1
    host.device.load_paper()
    assert host.submode() == 0


def test_cover_by_hand() -> None:
    host = Host()
    host.device.open_cover()
    assert host.submode() == 1
    assert host.line.deadline is None  # it closes only by hand
    host.pass_time(100_000)
    assert host.error("E0" + PASSWORD) == 0x6B
    host.device.close_cover()
    host.open_shift()


def test_forgotten_faults_do_not_strike() -> None:
    host = Host("refuse:error=6B,times=always", "cut:after=30", "foreign:after=1", "paper-out:line=1", "power:step=1")
    host.device.forget_faults()
    host.open_shift()
    assert (host.last_fd(), host.submode()) == (2, 0)


def test_slow_paper_by_hand() -> None:
    host = Host()
    host.device.print_slowly(5)
    host.open_shift()
    assert host.submode() == 5
    host.pass_time(5)
    assert host.submode() == 0


def test_bytes_are_counted_from_the_moment_a_fault_is_added() -> None:
    host = Host()
    host.open_shift()
    host.device.inject("cut:after=2,direction=in")
    assert host.raw("05") == "15"
    assert not host.line.closed
    host.raw("05")
    assert host.line.closed


def test_every_fault_has_a_test_and_a_page() -> None:
    from pathlib import Path

    docs = Path(__file__).parents[3] / "docs"
    page = "".join((docs / f"{name}.md").read_text("utf-8") for name in ("simulators", "simulator-terminals"))
    here = Path(__file__).read_text("utf-8")
    for name, kind in FAULTS.items():
        assert f"`{name}" in page
        assert f'"{name}:' in here or name in ShtrihDevice.ALIEN_FAULTS
        for key in kind.keys:
            assert f"`{key}=" in page, f"{name}: {key}"
