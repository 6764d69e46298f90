"""The device's side of the standard lower level, byte for byte."""

import pytest

from tests.drivers.simulators.host import PASSWORD, Host, frame


def test_idle_device_says_nak_to_enq() -> None:
    assert Host().raw("05") == "15"


def test_captured_conversation_of_an_operation() -> None:
    """Refund of 100.00 at 22 %, as captured from a register in 2026; only the order of answers is ours."""
    host = Host()
    host.open_shift()
    host.open_receipt(2)
    assert host.raw("05") == "15"
    answer = host.raw(
        "02 25 FF 46 1E 00 00 00 02 40 42 0F 00 00 00 10 27 00 00 00 10 27 00 00 00 E8 03 00 00 00 CB 01 01 21"
        "D2 EE E2 E0 F0 42"
    )
    assert answer == "06 02 03 FF 46 00 BA"
    assert host.raw("06") == "FF"


def test_captured_refusal_cashless_above_total() -> None:
    host = Host()
    host.open_shift()
    host.open_receipt()
    host.operation(10_000)
    assert host.raw("05") == "15"
    assert host.raw(frame(bytes.fromhex("FF45" + PASSWORD) + host.close_fields(card=10_001))) == "06 02 03 FF 45 4D F4"


@pytest.mark.parametrize(
    ("request_frame", "answer_begins"),
    [
        ("02 01 FC FD", "06 02 13 FC 00 00 00 01 0E FA 00 D8 D2 D0 C8 D5 2D CC 2D 30 31 D4 C4"),
        ("02 02 F7 01 F4", "06 02 27 F7 00"),
        ("02 05 10 1E 00 00 00 0B", "06 02 11 10 00 1E 92 02 04 00 00 99 D8 00 00 00 00 00 00 00"),
        ("02 05 11 1E 00 00 00 0A", "06 02 32 11 00 1E"),
        ("02 06 FF 01 1E 00 00 00 E6", "06 02 21 FF 01 00 03 00 00 00 00 1A 0B 16 0A 00"),
        ("02 01 A7 A6", "06 02 02 A7 37"),
        ("02 06 FF 99 1E 00 00 00 7E", "06 02 03 FF 99 37"),
    ],
)
def test_frames_of_the_protocol_text(request_frame: str, answer_begins: str) -> None:
    host = Host()
    answer = host.raw(request_frame)
    assert answer.startswith(answer_begins)
    assert bytes.fromhex(answer)[1:] == frame(bytes.fromhex(answer)[3:-1])


def test_a_frame_may_come_byte_by_byte_and_after_garbage() -> None:
    host = Host()
    out = "".join(host.raw(bytes([each])) for each in bytes.fromhex("00 00 00 00 05 02 01 FC FD"))
    assert out.startswith("15" + "06")
    assert host.raw("06") == "FF"


def test_damaged_frame_gets_nak_and_is_not_executed() -> None:
    host = Host()
    damaged = bytearray(frame(bytes.fromhex("E0" + PASSWORD)))
    damaged[-1] ^= 1
    assert host.raw(bytes(damaged)) == "15"
    assert host.mode() == 4


def test_a_pause_inside_a_frame_drops_it() -> None:
    host = Host()
    host.raw("02 05 11 1E")
    host.pass_time(1.0)
    assert host.raw("00 00 00 0A 05") == "15"


def test_a_reply_not_acknowledged_is_repeated_on_enq_only() -> None:
    host = Host()
    reply = host.raw("02 01 FC FD")[3:]
    assert host.raw("15") == ""  # the host heard it damaged
    assert host.raw("06") == ""  # too late: the device awaits ENQ now
    assert host.raw("05") == "06 " + reply
    assert host.raw("06") == "FF"
    assert host.raw("05") == "15"


def test_silence_of_the_host_keeps_the_reply_too() -> None:
    host = Host()
    reply = host.raw("02 01 FC FD")[3:]
    host.pass_time(5.0)
    assert host.raw("02 01 FC FD") == ""
    assert host.raw("05") == "06 " + reply


def test_a_stored_reply_survives_the_line_being_cut() -> None:
    host = Host()
    reply = host.raw(frame(bytes.fromhex("E0" + PASSWORD)))[3:]
    host.redial()
    assert host.raw("02 01 FC FD") == ""  # a frame is ignored while a reply waits
    assert host.raw("05") == "06 " + reply
    assert host.raw("06") == "FF"
    assert host.mode() == 2


def test_a_new_connection_cuts_the_one_before() -> None:
    host = Host()
    old = host.line
    new = host.device.connection()
    assert old.closed
    assert not new.closed
    assert old.receive(b"\x05") == b""
