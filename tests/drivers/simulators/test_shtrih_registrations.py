"""Registration, changes of it, reading it back, the archive's end (protocol 1.17: FF05h to FF0Eh, FF34h, FF3Dh …)."""

import struct

import pytest

from drivers.simulators.registration import registration_number
from tests.drivers.simulators.host import PASSWORD, Host, le, made, money, tlv

INN = "7707083893"


def identity(host: Host, *, taxes: int = 3, work: int = 0) -> bytes:
    serial = host.device.state.drive.registration.register_serial
    rnm = registration_number(77, INN, serial)
    return INN.ljust(12).encode() + rnm.ljust(20).encode() + bytes([taxes, work])


def blank(ffd: str = "1.2") -> Host:
    host = made(ffd=ffd)
    host.good("FF07" + PASSWORD, b"\x16")
    return host


def test_a_reset_drive_waits_for_registration() -> None:
    host = Host()
    number = host.good("FF02" + PASSWORD)
    host.sell()
    host.good("41" + PASSWORD)
    assert host.error("FF07" + PASSWORD, b"\x00") == 0x33
    host.good("FF07" + PASSWORD, b"\x16")
    status = host.good("FF01" + PASSWORD)
    assert (status[0], status[-4:]) == (1, le(0, 4))
    assert host.good("FF02" + PASSWORD) == number
    assert host.error("E0" + PASSWORD) == 0x02
    assert host.error("FF09" + PASSWORD) == 0x08
    assert host.good("11" + PASSWORD)[-8:-2] == b"\xff" * 6


def test_first_registration_with_the_hosts_requisites() -> None:
    host = blank()
    host.good("FF05" + PASSWORD, b"\0")
    assert host.good("FF01" + PASSWORD)[1] == 1
    host.good("FF0C" + PASSWORD, tlv(1048, "ООО Мастер".encode("cp866")) + tlv(1009, b"Tver"))
    host.good("FF0C" + PASSWORD, tlv(1021, "Иванов".encode("cp866")) + tlv(1203, b"500100732259"))
    fd, fpd = struct.unpack("<II", host.good("FF06" + PASSWORD, identity(host)))
    assert fd == 1
    tags = dict(host.tags(1))
    assert (tags[1018].strip(), tags[1062], tags[1009]) == (INN.encode(), b"\x03", b"Tver")
    assert (tags[1048], tags[1203]) == ("ООО Мастер".encode("cp866"), b"500100732259")
    assert money(tags[1077][2:][::-1]) == fpd
    host.open_shift()
    opened = dict(host.tags(2))
    assert (opened[1018], opened[1048]) == (tags[1018], tags[1048])
    assert host.good("1F" + PASSWORD, bytes([18, 1, 0, 2])).rstrip(b"\0") == INN.encode()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda data: b"7707083894  " + data[12:], 0x33),  # check digit of the INN
        (lambda data: data[:12] + b"0000000077000000    " + data[32:], 0x33),  # check part of the number
        (lambda data: data[:32] + b"\0" + data[33:], 0x33),  # no tax system
        (lambda data: data[:33], 0x7E),
        (lambda data: data + b"\0", 0x7E),
    ],
)
def test_a_wrong_registration_is_refused_and_nothing_stays(change: object, error: int) -> None:
    host = blank()
    assert host.error("FF06" + PASSWORD, change(identity(host))) == error  # type: ignore[operator]
    status = host.good("FF01" + PASSWORD)
    assert status[:2] == b"\x01\0"


@pytest.mark.parametrize(("ffd", "size"), [("1.05", 50), ("1.1", 67), ("1.2", 67)])
def test_every_registration_can_be_read(ffd: str, size: int) -> None:
    host = made(ffd=ffd)
    first = host.good("FF09" + PASSWORD)
    assert len(first) == size - 3
    host.good("FF05" + PASSWORD, b"\x02")
    assert host.good("FF01" + PASSWORD)[1] == 0x13
    fd, fpd = struct.unpack("<II", host.good("FF34" + PASSWORD, identity(host, taxes=1, work=8), b"\x04"))
    assert fd == 2
    last = host.good("FF09" + PASSWORD)
    assert last == host.good("FF4C" + PASSWORD, b"\x02")
    assert (last[5:17].strip(), last[37], last[38]) == (INN.encode(), 1, 8)
    assert last[-8:] == le(2, 4) + le(fpd, 4)
    assert host.good("FF4C" + PASSWORD, b"\x01") == first
    assert host.error("FF4C" + PASSWORD, b"\x03") == 0x08
    tags = dict(host.tags(2))
    assert (tags.get(1101), tags.get(1205)) == ((b"\x04", None) if ffd == "1.05" else (None, le(1 << 31, 4)))
    assert (1157 in tags) is (ffd != "1.05")
    short = host.good("FF0A" + PASSWORD, le(2, 4))
    assert short[0] == 11
    assert short[15:] == last[5:39] + b"\x04"
    for command in ("FF0E", "FF60"):
        assert host.good(command + PASSWORD, b"\x02" + le(1062, 2)) == tlv(1062, b"\x01")
        assert host.good(command + PASSWORD, b"\x01" + le(1062, 2)) == tlv(1062, bytes([55]))
        assert host.error(command + PASSWORD, b"\x01" + le(1020, 2)) == 0x08
    head = host.good("FF0E" + PASSWORD, b"\x01\xff\xff")
    whole = b""
    while len(whole) < money(head[2:]):
        whole += host.good("FF3B" + PASSWORD)
    assert whole == host.document(1)
    assert host.good("FF03" + PASSWORD)[3:] == bytes([10, 2])
    assert host.good("11" + PASSWORD)[38:40] == bytes([2, 10])


def test_the_extended_form_carries_modes_operator_and_mask() -> None:
    host = Host()
    extended = bytes([0b10001]) + b"7728168971  "
    host.good("FF34" + PASSWORD, identity(host), extended, le(1 << 1 | 1 << 7, 4))
    tags = dict(host.tags(2))
    assert (tags[1205], tags[1290]) == (le(1 << 1 | 1 << 7, 4), le(1 << 8 | 1 << 6, 4))
    assert tags[1017] == b"7728168971  "
    last = host.good("FF09" + PASSWORD)
    assert (last[39], last[40:52], last[52:56]) == (0b10001, b"7728168971  ", le(1 << 1 | 1 << 7, 4))


def test_the_format_changes_with_a_registration_and_not_before() -> None:
    host = made(ffd="1.05")
    host.good("1E" + PASSWORD, bytes([17, 1, 0, 17, 4]))
    assert dict(host.tags(host.sell()[1]))[1209] == b"\x02"
    host.good("41" + PASSWORD)
    host.good("FF34" + PASSWORD, identity(host), b"\x04")
    assert host.good("1F" + PASSWORD, bytes([17, 1, 0, 17])) == b"\x04"
    assert dict(host.tags(host.sell()[1]))[1209] == b"\x04"


def test_registration_does_not_change_in_an_open_shift() -> None:
    host = Host()
    host.open_shift()
    assert host.error("FF34" + PASSWORD, identity(host), b"\x03") == 0x3C
    host.good("41" + PASSWORD)
    assert host.error("FF06" + PASSWORD, identity(host)) == 0x02
    assert host.error("FF05" + PASSWORD, b"\0") == 0x02
    assert host.error("FF34" + PASSWORD, identity(host), b"\x05") == 0x33


@pytest.mark.parametrize("ffd", ["1.05", "1.1", "1.2"])
def test_the_archive_is_closed_and_goes_on_being_sent(ffd: str) -> None:
    host = made(ffd=ffd)
    host.sell()
    assert host.error("FF3D" + PASSWORD) == 0x3C
    host.good("41" + PASSWORD)
    host.good("FF3D" + PASSWORD)
    assert host.good("FF01" + PASSWORD)[1] == 0x10
    fd, _ = struct.unpack("<II", host.good("FF3E" + PASSWORD))
    assert (fd, host.good("FF0A" + PASSWORD, le(fd, 4))[0]) == (5, 6)
    assert (1157 in dict(host.tags(fd))) is (ffd != "1.05")
    assert host.good("FF01" + PASSWORD)[0] == 7
    assert host.error("E0" + PASSWORD) == 0x02
    host.pass_time(60)
    assert host.good("FF01" + PASSWORD)[0] == 15


def test_an_autonomous_register_has_no_queue() -> None:
    host = Host()
    host.good("FF34" + PASSWORD, identity(host, work=2), b"\x04")
    host.open_shift()
    assert host.good("FF3F" + PASSWORD) == le(0, 2)
    assert dict(host.tags(2))[1002] == b"\x01"
    assert {1017, 1117} & set(dict(host.tags(2))) == set()
    host.pass_time(40 * 86400)
    host.good("41" + PASSWORD)
    host.sell()
