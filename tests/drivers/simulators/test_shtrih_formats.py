"""The format's version is the register's: what it puts into documents and what it refuses (order ЕД-7-20/662@)."""

import pytest

from tests.drivers.simulators.host import PASSWORD, Host, le, made, money, records, tlv

VERSIONS = {"1.05": 2, "1.1": 3, "1.2": 4}
BUYER = tlv(1227, b"OOO") + tlv(1228, b"7707083893  ")
INDUSTRY = tlv(1262, b"030") + tlv(1263, b"21.11.2023") + tlv(1264, b"1944") + tlv(1265, b"UUID=1")
OPERATIONAL = tlv(1271, b"\0") + tlv(1272, b"x") + tlv(1273, bytes(4))


@pytest.mark.parametrize(
    ("record", "versions"),
    [
        (tlv(1227, b"OOO"), {"1.05", "1.1"}),
        (tlv(1228, b"7707083893  "), {"1.05", "1.1"}),
        (tlv(1057, b"\x20"), {"1.05", "1.1"}),
        (tlv(1171, b"+79001234567"), {"1.05", "1.1"}),
        (tlv(1256, BUYER), {"1.2"}),
        (tlv(1261, INDUSTRY), {"1.2"}),
        (tlv(1270, OPERATIONAL), {"1.2"}),
        (tlv(2107, b"\x01"), {"1.2"}),
        (tlv(1125, b"\x01"), {"1.05", "1.1", "1.2"}),
        (tlv(1192, b"1234567890"), {"1.05", "1.1", "1.2"}),
        (tlv(1084, tlv(1085, b"ID") + tlv(1086, b"42")), {"1.05", "1.1", "1.2"}),
        # never: the register's own, of another document, unknown, too long, wrong inside
        (tlv(1020, b"\x01"), set()),
        (tlv(1038, le(1, 4)), set()),
        (tlv(1276, b"x"), set()),
        (tlv(1999, b"x"), set()),
        (tlv(1192, b"12345678901234567"), set()),
        (tlv(1084, tlv(1030, b"x")), set()),
        (tlv(1256, tlv(1085, b"x")), set()),
    ],
)
@pytest.mark.parametrize("ffd", VERSIONS)
def test_tags_that_a_host_may_add_to_a_receipt(ffd: str, record: bytes, versions: set[str]) -> None:
    host = made(ffd=ffd)
    host.open_receipt()
    assert host.ask("FF0C" + PASSWORD, record) == (b"\0" if ffd in versions else b"\x09")
    if ffd not in versions:
        return
    assert host.operation(100) == b"\0"
    _, fd, _ = host.close(cash=100)
    tag = money(record[:2])
    assert dict(host.tags(fd))[tag] == record[4:]


@pytest.mark.parametrize(
    ("record", "versions"),
    [
        (tlv(2108, b"\x0b"), {"1.2"}),
        (tlv(1260, INDUSTRY), {"1.2"}),
        (tlv(1163, tlv(1301, b"12345670")), {"1.2"}),
        (tlv(1197, "кг".encode("cp866")), {"1.05", "1.1"}),
        (tlv(1162, b"\x45\x08\0\0\0\0\0\1"), {"1.05", "1.1"}),
        (tlv(1222, b"\x20"), {"1.05", "1.1", "1.2"}),
        (tlv(1224, tlv(1225, b"Ivanov") + tlv(1171, b"+79001234567")), {"1.05", "1.1", "1.2"}),
        (tlv(1226, b"7707083893  "), {"1.05", "1.1", "1.2"}),
        (tlv(1231, b"10702020/060520/0013422"), {"1.05", "1.1", "1.2"}),
        (tlv(1223, tlv(1044, b"op") + tlv(1073, b"+7900")), {"1.05", "1.1", "1.2"}),
        (tlv(1223, tlv(1225, b"x")), set()),
        (tlv(1021, b"x"), set()),
    ],
)
@pytest.mark.parametrize("ffd", VERSIONS)
def test_tags_that_a_host_may_add_to_a_line(ffd: str, record: bytes, versions: set[str]) -> None:
    host = made(ffd=ffd)
    host.open_receipt()
    host.operation(100)
    assert host.ask("FF4D" + PASSWORD, record) == (b"\0" if ffd in versions else b"\x09")
    _, fd, _ = host.close(cash=100)
    item = dict(records(dict(host.tags(fd))[1059]))
    assert (item.get(money(record[:2])) == record[4:]) is (ffd in versions)


@pytest.mark.parametrize("ffd", VERSIONS)
def test_measure_of_quantity_is_of_version_1_2_only(ffd: str) -> None:
    host = made(ffd=ffd)
    _, fd, _ = host.sell()
    tags = dict(host.tags(fd))
    assert tags[1209] == bytes([VERSIONS[ffd]])
    assert (2108 in dict(records(tags[1059]))) is (ffd == "1.2")
    assert host.good("1F" + PASSWORD, bytes([17, 1, 0, 17])) == bytes([VERSIONS[ffd]])


@pytest.mark.parametrize(("ffd", "error"), [("1.05", 0x33), ("1.1", 0x33), ("1.2", 0)])
@pytest.mark.parametrize("subject", [30, 31, 32, 33])
def test_marked_goods_are_of_version_1_2_only(ffd: str, error: int, subject: int) -> None:
    host = made(ffd=ffd)
    host.open_receipt()
    assert host.operation(100, subject=subject)[0] == error


@pytest.mark.parametrize("ffd", VERSIONS)
@pytest.mark.parametrize("rate", [0x81, 0x82, 0x84, 0x88, 0xCB, 0xCC])
def test_rates_of_2025_and_2026_stand_in_1115_in_every_version(ffd: str, rate: int) -> None:
    host = made(ffd=ffd)
    _, fd, _ = host.sell(12_200, rate=rate)
    tags = dict(host.tags(fd))
    assert {1102, 1103, 1105, 1106, 1107} & set(tags) == set()
    assert tags[1104] == b"\0"
    assert [tag for tag, _ in records(tags[1115])] == [1119]


def shift_documents(ffd: str) -> tuple[dict[int, bytes], dict[int, bytes], dict[int, bytes]]:
    """Opening, closing, state report."""
    host = made(ffd=ffd)
    host.open_shift()
    host.sell()
    host.good("41" + PASSWORD)
    host.good("FF38" + PASSWORD)
    opened, closed, state = (dict(host.tags(fd)) for fd in (2, 4, 5))
    return opened, closed, state


COUNTERS = {"1.05": set(), "1.1": {1157, 1194}, "1.2": {1157, 1194}}


@pytest.mark.parametrize("ffd", VERSIONS)
def test_composition_of_shift_reports(ffd: str) -> None:
    opened, closed, state = shift_documents(ffd)
    base = {1209, 1018, 1037, 1012, 1038, 1040, 1041, 1077}
    assert base | {1188, 1189, 1021} <= set(opened)
    assert base | {1118, 1111, 1097, 1098, 1213, 1021} <= set(closed)
    assert base | {1097, 1098, 1116} <= set(state)
    assert {1050, 1051, 1052, 1053} & (set(opened) | set(closed)) == set()
    assert {1157, 1194} & set(closed) == COUNTERS[ffd]
    assert {1157, 1158} & set(state) == ({1157, 1158} if ffd != "1.05" else set())
    assert (2104 in closed, 2104 in state, 1213 in state) == (ffd == "1.2",) * 3
    assert 1021 not in state


@pytest.mark.parametrize("ffd", VERSIONS)
def test_composition_of_the_registration_report(ffd: str) -> None:
    tags = dict(made(ffd=ffd).tags(1))
    assert {1013, 1017, 1018, 1021, 1037, 1046, 1048, 1062, 1001, 1002, 1056, 1188, 1189, 1190, 1213} <= set(tags)
    if ffd == "1.2":
        assert tags[1290] == le(1 << 8, 4)
        assert {1108, 1110, 1221} & set(tags) == set()
    else:
        assert (tags[1108], tags[1110], tags[1221]) == (b"\0", b"\0", b"\0")
        assert 1290 not in tags


@pytest.mark.parametrize(("ffd", "error"), [("1.05", 0x33), ("1.1", 0), ("1.2", 0)])
def test_a_correction_is_an_itemised_receipt_from_1_1_on(ffd: str, error: int) -> None:
    assert made(ffd=ffd).ask("8D" + PASSWORD, b"\x80")[0] == error


def test_sender_of_the_electronic_copy_comes_with_the_buyers_contact() -> None:
    host = Host()
    host.open_receipt()
    host.good("FF0C" + PASSWORD, tlv(1008, b"+79001234567"))
    host.operation(100)
    _, fd, _ = host.close(cash=100)
    assert dict(host.tags(fd))[1117] == host.device.state.drive.registration.sender_email.encode()
    assert 1117 not in dict(host.tags(host.sell()[1]))


@pytest.mark.parametrize(
    "command", ["FF35", "FF36", "FF4A", "84", "86", "87", "8A", "8B", "FF61", "FF67", "FF69", "27"]
)
def test_what_is_not_built_is_unsupported(command: str) -> None:
    host = Host()
    host.open_receipt()
    assert host.error(command + PASSWORD) == 0x37


def test_one_registered_tax_system_is_taken_for_zero_and_another_is_refused() -> None:
    host = made(tax_systems=2)
    host.open_receipt()
    host.operation(100, rate=8)
    assert host.error("FF45" + PASSWORD, host.close_fields(cash=100, taxation=1)) == 0x63
    _, fd, _ = host.close(cash=100, taxation=0)
    assert dict(host.tags(fd))[1055] == b"\x02"
