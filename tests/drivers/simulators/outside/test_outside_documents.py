"""What each document is made of in FFD 1.05, 1.1 and 1.2: sections 1.4 to 1.7 and 2 of the document formats."""

from collections.abc import Iterator

import pytest

from . import tlv
from .client import Host, Machine, crc16, le, machine
from .desk import CLOSED, closing, document, full, last_fd, opening, operation, sale

VERSIONS = {"1.05": 2, "1.1": 3, "1.2": 4}
EVERY = {1018, 1012, 1037, 1040, 1041, 1077, 1209}
NEVER = {1000, 1196}
"""Printed only: a title and a QR code have no record (2.2)."""

OPEN_SHIFT = {1038, 1188, 1189}
CLOSE_SHIFT = {1038, 1118, 1111, 1097, 1098}
RECEIPT = {1042, 1038, 1054, 1055, 1059, 1020}
REGISTRATION = {1048, 1062, 1002, 1056, 1001, 1013, 1021, 1009, 1187, 1188, 1189, 1017, 1046, 1060, 1117}
FLAGS = {1221, 1110, 1108, 1207, 1109, 1193, 1126}
"""In 1.2 they are bits of 1290 (1.7)."""


@pytest.fixture(scope="module", params=list(VERSIONS))
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def register(version: str) -> Iterator[Machine]:
    """A register of that version, never answered by its operator, with one document of each kind: 1, 2, 3, 5 and 21."""
    with machine("--ffd", version, "--ofd", "off") as running:
        with running.host() as host:
            assert host.ask("FF41").error == 0
            assert host.ask("FF0C", tlv.text(1203, "500100732259", 12)).error == 0
            assert host.ask("E0").error == 0
            opening(host)
            assert operation(host, 12345, 2_000_000, rate=2, name="Хлеб").error == 0
            assert operation(host, 100, name="Соль").error == 0
            assert host.ask("FF0C", tlv.text(1203, "500100732259", 12)).error == 0
            assert closing(host, 24790).integer(CLOSED, "FD") == 3
            assert host.ask("41").error == 0
            assert host.ask("FF38").error == 0
        yield running


def read(host: Host, fd: int) -> tlv.Tags:
    return document(host, fd)[1]


@pytest.mark.parametrize(("fd", "form"), [(1, 1), (2, 2), (3, 3), (4, 5), (5, 21)])
def test_every_document_names_itself(host: Host, version: str, fd: int, form: int) -> None:
    found, tags = document(host, fd)
    assert found == form
    numbers = tlv.numbers(tags)
    assert set(numbers) >= EVERY
    assert not NEVER & set(numbers)
    assert tlv.integer(tags, 1209) == VERSIONS[version]
    assert tlv.integer(tags, 1040) == fd
    assert tlv.raw(tags, 1041) == host.ask("FF02").body
    assert len(tlv.raw(tags, 1018)) == 12
    assert len(tlv.raw(tags, 1037)) == 20
    assert tlv.integer(tags, 1012) == 1795341600  # 2026-11-22 10:00 of the wall clock, taken for UTC
    once = [num for num in numbers if num not in {1059, 1101}]
    assert len(once) == len(set(once))


def test_the_sign_is_six_bytes_of_which_four_are_the_number_in_big_endian(host: Host) -> None:
    sign = tlv.raw(read(host, 3), 1077)
    assert len(sign) == 6
    found = host.ask("FF0A", le(3, 4)).body
    assert int.from_bytes(sign[2:], "big") == int.from_bytes(found[11:15], "little")


class TestReceipt:
    def test_tags(self, host: Host, version: str) -> None:
        numbers = set(tlv.numbers(read(host, 3)))
        assert numbers >= RECEIPT | {1048, 1009, 1187, 1021, 1203, 1031, 1103, 1105}
        assert not numbers & {1062, 1194, 1157, 1081, 1215, 1216, 1217, 1102, 1104, 1106, 1107, 1115}
        if version == "1.2":
            assert not numbers & {1057, 1227, 1228}

    def test_values(self, host: Host) -> None:
        tags = read(host, 3)
        values = {num: tlv.integer(tags, num) for num in (1042, 1038, 1054, 1055, 1020, 1031, 1103, 1105)}
        expected = {1042: 1, 1038: 1, 1054: 1, 1055: 1, 1020: 24790, 1031: 24790, 1103: 2245, 1105: 100}
        assert values == expected
        assert tlv.raw(tags, 1203) == b"500100732259"

    def test_numbers_have_their_fixed_lengths(self, host: Host) -> None:
        tags = read(host, 3)
        lengths = {num: len(tlv.raw(tags, num)) for num in (1012, 1038, 1040, 1042, 1054, 1055, 1209)}
        assert lengths == {1012: 4, 1038: 4, 1040: 4, 1042: 4, 1054: 1, 1055: 1, 1209: 1}
        for num in (1020, 1031, 1103, 1105):
            assert 1 <= len(tlv.raw(tags, num)) <= 6

    def test_items(self, host: Host, version: str) -> None:
        items = [item for item in tlv.every(read(host, 3), 1059) if isinstance(item, list)]
        assert [tlv.string(item, 1030) for item in items] == ["Хлеб", "Соль"]
        bread = items[0]
        assert set(tlv.numbers(bread)) >= {1214, 1212, 1030, 1079, 1023, 1199, 1043, 1200}
        values = {num: tlv.integer(bread, num) for num in (1214, 1212, 1079, 1199, 1043, 1200)}
        assert values == {1214: 4, 1212: 1, 1079: 12345, 1199: 2, 1043: 24690, 1200: 2245}
        assert tlv.raw(bread, 1023)[0] == 0
        assert bool(tlv.every(bread, 2108)) is (version == "1.2")
        if version == "1.2":
            assert not set(tlv.numbers(bread)) & {1197, 1162}
        else:
            assert not set(tlv.numbers(bread)) & {1163, 2102, 2106, 1291, 1260}

    def test_the_order_is_that_of_the_line(self, host: Host) -> None:
        for item in tlv.every(read(host, 3), 1059):
            assert isinstance(item, list)
            assert len(tlv.numbers(item)) == len(set(tlv.numbers(item)))


class TestOpenShift:
    def test_tags(self, host: Host) -> None:
        tags = read(host, 2)
        assert set(tlv.numbers(tags)) >= OPEN_SHIFT | {1021, 1203}
        assert not set(tlv.numbers(tags)) & {1042, 1054, 1118, 1111, 1194, 1157, 1050, 1051, 1052, 1053}
        assert tlv.integer(tags, 1038) == 1

    def test_the_register_is_of_its_version(self, host: Host, version: str) -> None:
        assert tlv.integer(read(host, 2), 1189) == VERSIONS[version]


class TestCloseShift:
    def test_tags(self, host: Host, version: str) -> None:
        numbers = set(tlv.numbers(read(host, 4)))
        assert numbers >= CLOSE_SHIFT | {1021}
        assert (numbers >= {1194, 1157}) is (version != "1.05")
        if version == "1.05":
            assert not numbers & {1194, 1157, 2104, 2112, 2113}
        if version == "1.2":
            assert numbers >= {1213, 2104}

    def test_counts(self, host: Host) -> None:
        tags = read(host, 4)
        assert tlv.integer(tags, 1118) == 1
        assert tlv.integer(tags, 1111) == 3
        assert tlv.integer(tags, 1097) in {3, 4}

    @pytest.mark.parametrize("num", [1194, 1157])
    def test_counters(self, host: Host, version: str, num: int) -> None:
        if version == "1.05":
            return
        counters = tlv.inside(read(host, 4), num)
        assert tlv.integer(counters, 1134) == 1
        assert set(tlv.numbers(counters)) >= {1129, 1130, 1131, 1132}
        income = tlv.inside(counters, 1129)
        values = {tag: tlv.integer(income, tag) for tag in tlv.numbers(income)}
        assert values == {
            1135: 1,
            1201: 24790,
            1136: 24790,
            1138: 0,
            1218: 0,
            1219: 0,
            1220: 0,
            1139: 0,
            1140: 2245,
            1141: 0,
            1142: 0,
            1143: 0,
            1183: 100,
        }
        assert tlv.integer(tlv.inside(counters, 1130), 1135) == 0


class TestState:
    def test_tags(self, host: Host, version: str) -> None:
        tags = read(host, 5)
        numbers = set(tlv.numbers(tags))
        assert numbers >= {1097, 1098}
        assert not numbers & {1021, 1203, 1194, 1188, 1189, 1118, 1111}
        assert (1157 in numbers) is (version != "1.05")
        if version == "1.2":
            assert 1213 in numbers
        assert (1158 in numbers) is (version != "1.05")
        assert tlv.integer(tags, 1097) in {4, 5}
        assert tlv.integer(tags, 1116) == 1


class TestRegistration:
    def test_tags(self, host: Host, version: str) -> None:
        numbers = set(tlv.numbers(read(host, 1)))
        assert numbers >= REGISTRATION
        assert not numbers & {1038, 1042, 1054}
        if version == "1.2":
            assert numbers >= {1290, 1190, 1213}
            assert not numbers & FLAGS
        elif version == "1.05":
            assert 1290 not in numbers
            assert numbers >= {1221, 1110, 1108}
        else:
            assert 1290 not in numbers

    def test_values(self, host: Host, version: str) -> None:
        tags = read(host, 1)
        assert tlv.integer(tags, 1062) == 55
        assert tlv.integer(tags, 1189) == VERSIONS[version]
        assert tlv.string(tags, 1018).strip() == str(full(host)["inn"])

    def test_the_check_digits_of_the_register_number(self, host: Host) -> None:

        tags = read(host, 1)
        rnm, inn, serial = (tlv.string(tags, num).strip() for num in (1037, 1018, 1013))
        assert rnm[10:] == f"{crc16((rnm[:10] + inn.zfill(12) + serial.zfill(20)).encode()):06}"

    def test_the_check_digits_of_the_taxpayer(self, host: Host) -> None:
        inn = tlv.string(read(host, 1), 1018).strip()
        assert len(inn) == 10
        weights = (2, 4, 10, 3, 5, 9, 4, 6, 8)
        assert sum(int(digit) * weight for digit, weight in zip(inn, weights, strict=False)) % 11 % 10 == int(inn[9])


def test_a_first_1_05_rate_of_2026_goes_into_the_container_too(host: Host) -> None:
    if full(host)["mode"] == 4:
        assert host.ask("E0").error == 0
    fd = sale(host, 100, rate=0xCB)
    tags = read(host, fd)
    assert tlv.integer(tlv.inside(tlv.inside(tags, 1115), 1119), 1120) == 18
    assert tlv.integer(tags, 1104) == 0
    assert last_fd(host) == fd


@pytest.mark.parametrize("subject", [30, 32, 31, 33])
def test_marked_subjects_exist_in_1_2_only(host: Host, version: str, subject: int) -> None:
    if full(host)["mode"] == 4:
        assert host.ask("E0").error == 0
    assert opening(host).error == 0
    refused = operation(host, 100, subject=subject).error
    assert host.ask("88").error == 0
    if version != "1.2":
        assert refused in {0x33, 0x09, 0xA0}
    else:
        assert refused == 0


class TestBuyer:
    def test_a_buyer_stands_at_the_top_before_1_2_and_in_1256_in_1_2(self, host: Host, version: str) -> None:
        name, inn = tlv.text(1227, "ООО Ромашка"), tlv.text(1228, "7707083893", 12)
        top, nested = name + inn, tlv.tag(1256, name + inn)
        right, wrong = (nested, top) if version == "1.2" else (top, nested)
        assert opening(host).error == 0
        operation(host, 100)
        assert host.ask("FF0C", right).error == 0
        fd = closing(host, 100).integer(CLOSED, "FD")
        tags = read(host, fd)
        where = tlv.inside(tags, 1256) if version == "1.2" else tags
        assert tlv.string(where, 1227) == "ООО Ромашка"
        assert tlv.string(where, 1228) == "7707083893  "
        assert wrong


def test_a_register_number_is_published_with_its_check() -> None:

    assert crc16(b"123456789") == 0x29B1
    assert crc16(b"0000000001" + b"7707083893".rjust(12, b"0") + b"00106900000001".rjust(20, b"0")) == 62448
