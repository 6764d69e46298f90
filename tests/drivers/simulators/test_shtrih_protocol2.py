"""The device's side of the alternative lower level ("protocol 2"): bytes, numbers, exactly once."""

import pytest

from tests.drivers.simulators.host import PASSWORD, PING, Host, NumberedHost, Silent, frame, numbered, opened

OPEN_SHIFT = bytes.fromhex("E0" + PASSWORD)
MODEL = bytes.fromhex("FC")


def test_captured_sync_of_a_device_that_has_executed_nothing() -> None:
    assert Host().raw("8F 00 00 0F 1D") == "8F 02 00 00 00 A8 69"


@pytest.mark.parametrize(
    ("number", "payload", "captured"),
    [
        (1, "FC", "8F 03 00 01 00 FC 7D E6"),
        (2, "F7 01", "8F 04 00 02 00 F7 01 AE 7F"),
        (4, "11 1E 00 00 00", "8F 07 00 04 00 11 1E 00 00 00 E9 7F"),
        (33, "2D 1E 00 00 00 02", "8F 08 00 21 00 2D 1E 00 00 00 02 32 07"),
    ],
)
def test_captured_requests_are_understood(number: int, payload: str, captured: str) -> None:
    host = NumberedHost()
    for _ in range(number - 1):
        host.good("FC")
    sent = bytes.fromhex(captured)
    assert sent == numbered(number, bytes.fromhex(payload))
    answered, reply = opened(host.line.receive(sent))
    assert answered == number
    assert reply[:2] == bytes.fromhex(payload)[:1] + b"\0"


def test_both_stuffed_bytes_come_back_as_they_were() -> None:
    """0x8F and 0x9F are «Џ» and «џ» of Windows-1251; table 2 keeps them."""
    host = NumberedHost()
    name = bytes.fromhex("8F 9F 8F 8F 9F 81 9F 83")
    host.good("1E" + PASSWORD, bytes([2, 5, 0, 2]), name)
    sent = numbered(host.number + 1, bytes.fromhex("1F" + PASSWORD) + bytes([2, 5, 0, 2]))
    raw = host.line.receive(sent)
    assert b"\x9f\x81\x9f\x83\x9f\x81\x9f\x81\x9f\x83\x81\x9f\x83\x83" in raw
    assert opened(raw)[1][2:10] == name


def test_a_number_that_does_not_follow_repeats_the_last_reply() -> None:
    host = NumberedHost()
    reply = host.send(OPEN_SHIFT)
    for number in (1, 0, 3, 65535):
        assert host.send(bytes.fromhex("41" + PASSWORD), number) == reply
    assert host.line.receive(PING) == reply
    host.sync()
    assert (host.number, host.mode(), host.last_fd()) == (1, 2, 2)


def test_a_frame_sent_again_is_executed_once() -> None:
    host = NumberedHost()
    first = host.send(OPEN_SHIFT, 1)
    assert [host.send(OPEN_SHIFT, 1) for _ in range(3)] == [first] * 3
    host.number = 1
    assert host.last_fd() == 2


def test_a_refused_command_takes_a_number_too() -> None:
    host = NumberedHost()
    assert host.error("41" + PASSWORD) == 0x3D
    assert host.number == 1
    assert host.sync() == bytes.fromhex("41 3D")


def test_numbers_go_round_after_65535() -> None:
    host = NumberedHost()
    host.good("FC")
    host.device.numbered.number = 65535
    host.number = 65535
    host.good("FC")
    assert host.number == 0
    host.good("FC")
    assert host.number == 1


def test_number_and_reply_outlive_the_connection_and_not_the_power() -> None:
    host = NumberedHost()
    reply = host.send(OPEN_SHIFT)
    host.redial()
    assert host.line.receive(PING) == reply
    assert host.send(OPEN_SHIFT, 1) == reply
    host.device.power_off()
    host.device.power_on()
    host.redial()
    assert host.sync() == b""
    assert host.number == 0
    assert host.last_fd() == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sent: sent[:-1] + bytes([sent[-1] ^ 0x10]),  # CRC
        lambda sent: sent[:3],  # broken off, the next 8F begins anew
        lambda sent: sent[:3] + b"\x9f\x00" + sent[3:],  # 9F and neither 81 nor 83
        lambda sent: b"\x8f\x01\x00\x00" + sent[1:],  # a length of one
        lambda sent: b"\x8f\xff\xff" + sent[1:],  # longer than anything there is
    ],
)
def test_a_damaged_frame_is_dropped_in_silence(spoil: object) -> None:
    host = NumberedHost()
    host.sync()
    assert host.line.receive(spoil(numbered(1, OPEN_SHIFT))) == b""  # type: ignore[operator]
    assert host.line.receive(PING) == bytes.fromhex("8F 02 00 00 00 A8 69")
    host.good("E0" + PASSWORD)


def test_a_pause_inside_a_frame_drops_it() -> None:
    host = NumberedHost()
    sent = numbered(1, OPEN_SHIFT)
    host.line.feed(sent[:5])
    host.pass_time(1.0)
    assert host.line.receive(sent[5:]) == b""
    assert host.sync() == b""


def test_a_frame_may_come_byte_by_byte_and_after_garbage() -> None:
    host = NumberedHost()
    out = b"".join(host.line.receive(bytes([each])) for each in b"\x00\xff\x81" + numbered(1, MODEL))
    assert opened(out)[0] == 1


def test_no_control_bytes_here() -> None:
    host = NumberedHost()
    host.sync()
    assert host.raw("05 02 06 15 FF") == ""
    host.good("FC")


# --- the choice of the level ---


@pytest.mark.parametrize("protocol", [None, 1])
def test_the_first_byte_chooses_the_standard_level(protocol: int | None) -> None:
    host = Host(protocol=protocol)
    assert host.raw("00 05") == "15"
    assert host.raw(PING) == ""
    assert host.raw("05") == "15"


@pytest.mark.parametrize("protocol", [None, 2])
def test_the_first_byte_chooses_the_alternative_level(protocol: int | None) -> None:
    host = Host(protocol=protocol)
    assert host.raw(b"\x00" + PING) == "8F 02 00 00 00 A8 69"
    assert host.raw("05") == ""
    assert host.raw(PING) == "8F 02 00 00 00 A8 69"


def test_a_device_of_one_level_is_deaf_to_the_other() -> None:
    assert Host(protocol=1).raw(PING) == ""
    assert Host(protocol=2).raw("05" + frame(MODEL).hex()) == ""
    assert Host(protocol=2).raw(b"\x05" + PING) == "8F 02 00 00 00 A8 69"


def test_a_new_connection_chooses_again() -> None:
    host = Host()
    assert host.raw("05") == "15"
    host.redial()
    assert host.raw(PING) == "8F 02 00 00 00 A8 69"
    host.redial()
    assert host.raw("05") == "15"


def test_a_stored_reply_of_the_standard_level_waits_through_the_other() -> None:
    host = Host()
    reply = host.raw(frame(OPEN_SHIFT))[3:]
    host.redial()
    assert host.raw(numbered(1, MODEL)).startswith("8F")
    host.redial()
    assert host.raw("05") == "06 " + reply


# --- while a command runs ---


def test_what_comes_while_a_command_runs_is_answered_once_at_its_end() -> None:
    host = NumberedHost("slow:command=E0,seconds=5")
    assert host.send(OPEN_SHIFT) == b""
    assert host.line.deadline == pytest.approx(5.0)
    assert host.send(OPEN_SHIFT) == b""
    assert host.line.receive(PING) == b""
    assert opened(bytes.fromhex(host.pass_time(5))) == (1, bytes.fromhex("E0 00 1E"))
    host.sync()
    assert host.last_fd() == 2


def test_a_command_outlives_its_connection() -> None:
    host = NumberedHost("slow:command=E0,seconds=5")
    host.send(OPEN_SHIFT)
    host.redial()
    assert host.pass_time(5) == ""  # nobody has asked
    assert host.sync() == bytes.fromhex("E0 00 1E")
    assert host.number == 1


def test_a_late_copy_of_an_executed_frame_is_not_executed() -> None:
    """Exactly once: the frame that got stuck on the way comes after its own repetition."""
    host = NumberedHost("late:command=50,seconds=3")
    cash_in = bytes.fromhex("50" + PASSWORD) + bytes([100, 0, 0, 0, 0])
    assert host.send(cash_in) == b""
    host.redial()
    assert opened(host.send(cash_in))[0] == 1
    host.pass_time(3)
    host.number = 1
    assert host.good("1A" + PASSWORD, bytes([241]))[1:] == bytes([100, 0, 0, 0, 0, 0])


def test_a_late_frame_takes_its_number_when_it_is_executed() -> None:
    host = NumberedHost("late:command=E0,seconds=3")
    host.send(OPEN_SHIFT)
    host.redial()
    assert host.sync() == b""
    host.pass_time(3)
    assert host.sync() == bytes.fromhex("E0 00 1E")
    assert host.number == 1


def test_silence_is_told_from_an_answer() -> None:
    with pytest.raises(Silent):
        NumberedHost("nak:command=E0").ask("E0" + PASSWORD)


@pytest.mark.parametrize("port", [0, 128])
def test_command_14h_opens_the_choice_again(port: int) -> None:
    host = Host()
    host.good("14" + PASSWORD, bytes([port, 6, 100]))
    assert host.raw(PING) == "8F 02 00 00 00 A8 69"
    assert opened(host.line.receive(numbered(1, bytes.fromhex("14" + PASSWORD) + bytes([port, 6, 100]))))[0] == 1
    assert host.raw("05") == "15"


def test_a_refused_14h_does_not() -> None:
    host = Host()
    assert host.error("14" + PASSWORD, bytes([0, 99, 100])) != 0
    assert host.raw(PING) == ""
