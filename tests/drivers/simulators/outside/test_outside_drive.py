"""Commands of the fiscal drive: section 3.6, and the exchange with the operator (OFD)."""

from collections.abc import Iterator

import pytest

from . import tlv
from .client import Host, Host2, le, machine
from .desk import (
    CLOSED,
    DRIVE,
    FOUND_RECEIPT,
    FOUND_SHIFT,
    OFD,
    SHIFT,
    SHIFT_REPORT,
    closing,
    document,
    drive_time,
    full,
    last_fd,
    mode,
    opening,
    operation,
    sale,
    table,
    write_table,
)

REGISTERED_105 = "dt:5s inn:12s rnm:20s tax:1 work:1 FD:4 FP:4"
REGISTERED = "dt:5s inn:12s rnm:20s tax:1 work:1 ext:1 ofdInn:12s reason:4 FD:4 FP:4"


@pytest.fixture(autouse=True)
def no_receipt(host: Host) -> Iterator[None]:
    yield
    if mode(host) & 0x0F == 8:
        host.ask("88")


class TestStatus:
    def test_a_working_drive(self, host: Host) -> None:
        fields = host.ask("FF01").fields(DRIVE)
        assert (fields["phase"], fields["curDoc"], fields["docData"], fields["warn"]) == (3, 0, 0, 0)
        assert fields["fnNumber"] == host.ask("FF02").fields("fn:16s")["fn"]
        assert bytes(fields["fnNumber"]).isdigit()

    def test_expiry_version_and_resources(self, host: Host) -> None:
        fields = host.ask("FF03").fields("year:1 month:1 day:1 left:1 done:1")
        assert (fields["year"], fields["month"], fields["day"]) == (29, 12, 6)  # 1110 days after 22.11.2026
        assert fields["done"] == 1
        assert host.ask("FF04").fields("version:16s type:1")["type"] == 0
        assert host.ask("FF63").integer("documents:4 kilobytes:4 notifications:1", "documents") > 0

    def test_the_current_document_is_a_receipt_while_one_is_open(self, host: Host) -> None:
        opening(host)
        operation(host, 100)
        assert host.ask("FF01").integer(DRIVE, "curDoc") in {0, 4}
        assert host.ask("FF01").integer(DRIVE, "shiftOpen") == 1
        assert closing(host, 100).error == 0
        assert host.ask("FF01").integer(DRIVE, "curDoc") == 0

    def test_a_begun_shift_document_is_seen_and_cancelled_by_ff08(self, host: Host) -> None:
        if mode(host) == 4:
            assert host.ask("E0").error == 0
        fd = last_fd(host)
        assert host.ask("FF42").error == 0
        assert host.ask("FF01").integer(DRIVE, "curDoc") == 8
        assert host.ask("FF08").body == b""
        assert host.ask("FF01").integer(DRIVE, "curDoc") == 0
        assert (last_fd(host), mode(host)) == (fd, 2)
        assert host.ask("41").error == 0
        assert host.ask("FF41").error == 0
        assert host.ask("FF01").integer(DRIVE, "curDoc") == 2
        assert host.ask("FF08").error == 0
        assert mode(host) == 4

    def test_the_last_document_has_the_time_of_the_clock(self, host: Host) -> None:
        fd = sale(host)
        fields = host.ask("FF01").fields(DRIVE)
        assert fields["lastFD"] == fd
        date, time = bytes(full(host)["date"]), bytes(full(host)["time"])
        shown = f"20{date[2]:02}-{date[1]:02}-{date[0]:02} {time[0]:02}"
        assert drive_time(bytes(fields["lastDocDateTime"])).startswith(shown)

    def test_registration(self, host: Host) -> None:
        answer = host.ask("FF09")
        assert len(answer.body) + 3 == 67
        fields = answer.fields(REGISTERED)
        assert (fields["FD"], fields["tax"], fields["work"]) == (1, 55, 0)
        assert host.ask("FF4C", b"\1").body == answer.body
        assert host.ask("FF4C", b"\2").refused in {0x08, 0x33, 0x09}
        found = host.ask("FF0A", le(1, 4)).fields("type:1 ticket:1 dt:5s FD:4 FP:4 inn:12s rnm:20s tax:1 work:1")
        assert (found["type"], found["inn"], found["rnm"]) == (1, fields["inn"], fields["rnm"])
        assert (found["FP"], found["dt"]) == (fields["FP"], fields["dt"])

    def test_registration_of_a_1_05_register_has_50_bytes(self) -> None:
        with machine("--ffd", "1.05") as old, old.host() as host:
            assert len(host.ask("FF09").body) + 3 == 50
            assert host.ask("FF09").fields(REGISTERED_105)["FD"] == 1

    @pytest.mark.parametrize("num", [1018, 1037, 1062, 1009, 1187, 1048])
    def test_one_registration_tag(self, host: Host, num: int) -> None:
        _, tags = document(host, 1)
        for code in ("FF0E", "FF60"):
            answer = host.ask(code, b"\1", le(num, 2))
            if answer.error != 0x37:
                assert tlv.parse(answer.body) == [(num, tlv.raw(tags, num))]

    def test_all_registration_tags_are_read_by_ff3b(self, host: Host) -> None:
        answer = host.ask("FF0E", b"\1", le(0xFFFF, 2))
        assert answer.error == 0
        data = b""
        while (block := host.ask("FF3B")).error == 0:
            data += block.body
        assert set(tlv.numbers(tlv.parse(data))) <= set(tlv.numbers(document(host, 1)[1]))
        assert tlv.every(tlv.parse(data), 1018)


class TestArchive:
    def test_every_document_is_found_by_its_number(self, host: Host) -> None:
        if mode(host) == 4:
            assert host.ask("E0").error == 0
        fd = sale(host, 150000)
        receipt = host.ask("FF0A", le(fd, 4)).fields(FOUND_RECEIPT)
        assert (receipt["type"], receipt["op"], receipt["total"], receipt["FD"]) == (3, 1, 150000, fd)
        number = host.ask("FF40").integer(SHIFT, "shiftNo")
        assert host.ask("FF42").error == 0
        report = host.ask("FF43").fields(SHIFT_REPORT)
        shut = host.ask("FF0A", le(fd + 1, 4)).fields(FOUND_SHIFT)
        assert (shut["type"], shut["shiftNo"], shut["FP"]) == (5, number, report["FP"])
        assert host.ask("FF41").error == 0
        report = host.ask("FF0B").fields(SHIFT_REPORT)
        assert report["shiftNo"] == number + 1
        begun = host.ask("FF0A", le(fd + 2, 4)).fields(FOUND_SHIFT)
        assert (begun["type"], begun["shiftNo"], begun["FP"]) == (2, number + 1, report["FP"])
        assert host.ask("FF0A", le(fd + 3, 4)).refused == 0x08
        assert host.ask("FF3A", le(fd + 3, 4)).refused == 0x08
        assert host.ask("FF0A", le(0, 4)).refused in {0x08, 0x09, 0x33}

    def test_the_state_report_is_of_type_21(self, host: Host) -> None:
        if mode(host) != 4:
            assert host.ask("41").error == 0
        assert host.ask("FF37").body == b""
        state = host.ask("FF38").fields("FD:4 FP:4 unconfirmed:4 first:3s")
        fd = state["FD"]
        assert isinstance(fd, int)
        found = host.ask("FF0A", le(fd, 4))
        assert (found.body[0], found.body[7:11], found.body[11:15]) == (21, le(fd, 4), le(int(state["FP"]), 4))
        assert document(host, fd)[0] == 21

    def test_a_document_is_read_in_blocks_until_its_length(self, host: Host) -> None:
        opening(host)
        for line in range(20):
            assert operation(host, 100, name=f"{line:03}".ljust(128, "x")).error == 0
        fd = closing(host, 2000).integer(CLOSED, "FD")
        form, tags = document(host, fd)
        assert form == 3
        items = tlv.every(tags, 1059)
        assert len(items) == 20
        assert [tlv.string(item, 1030)[:3] for item in items if isinstance(item, list)] == [
            f"{line:03}" for line in range(20)
        ]

    def test_ff3b_without_ff3a(self) -> None:
        with machine() as fresh, fresh.host() as host:
            assert host.ask("FF3B").refused in {0x08, 0x34}

    @pytest.mark.parametrize("dated", [0, 1])
    def test_extended_answers_have_the_time(self, dated: int) -> None:
        with machine() as fresh, fresh.host() as host:
            able = int.from_bytes(host.ask("F7", b"\1", password=None).body[:8], "little") >> 50 & 1
            assert write_table(host, 17, 1, 36, bytes([dated])).error == 0
            tail = 5 if dated and able else 0
            opening(host)
            operation(host, 100)
            assert len(closing(host, 100).body) + 3 == 16 + tail
            assert host.ask("FF42").error == 0
            assert len(host.ask("FF43").body) == 10 + tail
            assert len(host.ask("FF38").body) == 15 + tail


class TestTags:
    def test_ff0c_attaches_to_the_document_being_formed(self, host: Host) -> None:
        opening(host)
        operation(host, 100)
        sent = tlv.text(1008, "+79001234567") + tlv.text(1192, "ABC-123")
        assert host.ask("FF0C", sent).body == b""
        fd = closing(host, 100).integer(CLOSED, "FD")
        _, tags = document(host, fd)
        assert tlv.string(tags, 1008) == "+79001234567"
        assert tlv.string(tags, 1192) == "ABC-123"
        assert not tlv.every(document(host, sale(host))[1], 1192)

    def test_a_structure_goes_as_it_is(self, host: Host) -> None:
        opening(host)
        operation(host, 100)
        sent = tlv.tag(1084, tlv.text(1085, "заказ") + tlv.text(1086, "№42".replace("№", "N")))
        assert host.ask("FF0C", sent).error == 0
        _, tags = document(host, closing(host, 100).integer(CLOSED, "FD"))
        assert tlv.string(tlv.inside(tags, 1084), 1085) == "заказ"
        assert tlv.string(tlv.inside(tags, 1084), 1086) == "N42"

    def test_tags_of_a_cancelled_receipt_are_forgotten(self, host: Host) -> None:
        opening(host)
        operation(host, 100)
        assert host.ask("FF0C", tlv.text(1192, "GONE")).error == 0
        assert host.ask("88").error == 0
        assert not tlv.every(document(host, sale(host))[1], 1192)

    def test_ff4d_belongs_to_the_operation_before_it(self, host: Host) -> None:
        opening(host)
        operation(host, 100, name="первый")
        assert host.ask("FF4D", tlv.text(1191, "one")).body == b""
        operation(host, 100, name="второй")
        assert host.ask("FF4D", tlv.text(1191, "two") + tlv.tag(2108, b"\x0b")).error == 0
        operation(host, 100, name="третий")
        items = tlv.every(document(host, closing(host, 300).integer(CLOSED, "FD"))[1], 1059)
        extras = [tlv.every(item, 1191) for item in items if isinstance(item, list)]
        assert extras == [[b"one"], [b"two"], []]
        units = [tlv.integer(item, 2108) for item in items if isinstance(item, list)]
        assert units == [0, 11, 0]

    def test_ff4d_before_any_operation_is_refused(self, host: Host) -> None:
        opening(host)
        assert host.ask("FF4D", tlv.text(1191, "one")).error != 0

    @pytest.mark.parametrize("bad", ["B3 04 0C 00 31", "B3 04", "B3", ""])
    def test_a_structure_cut_short_is_refused(self, host: Host, bad: str) -> None:
        opening(host)
        operation(host, 100)
        assert host.ask("FF0C", bytes.fromhex(bad)).error in {0x33, 0x7E, 0x09, 0x01, 0x10}
        assert closing(host, 100).error == 0

    @pytest.mark.parametrize(("size", "taken"), [(250, True), (251, False)])
    def test_250_bytes_are_the_most(self, size: int, taken: bool) -> None:
        """By protocol 2: with its code and password such a command does not fit into a frame of protocol 1."""
        name = tlv.text(1085, "name")
        whole = tlv.tag(1084, name + tlv.text(1086, "v" * (size - 4 - len(name) - 4)))
        assert len(whole) == size
        with machine() as fresh, Host2(fresh.tcp()) as host:
            host.sync()
            opening(host)
            operation(host, 100)
            assert (host.ask("FF0C", whole).error == 0) is taken
            assert closing(host, 100).error == 0

    def test_longer_structures_go_through_the_buffer(self, host: Host) -> None:
        opening(host)
        operation(host, 100)
        name = tlv.text(1085, "name")
        whole = tlv.tag(1084, name + tlv.text(1086, "v" * 256))
        block = host.ask("FF32", le(len(whole), 2)).integer("maxBlock:1", "maxBlock")
        assert block > 0
        for at in range(0, len(whole), block):
            piece = whole[at : at + block]
            assert host.ask("FF33", le(at, 2), le(len(piece), 1), piece).body == b""
        head = host.ask("FF30").fields("bytes:2 maxBlock:1")
        assert head["bytes"] == len(whole)
        back = b""
        step = int(head["maxBlock"])
        for at in range(0, len(whole), step):
            back += host.ask("FF31", le(at, 2), le(min(step, len(whole) - at), 1)).body
        assert back == whole
        assert host.ask("FF64").body == b""
        _, tags = document(host, closing(host, 100).integer(CLOSED, "FD"))
        assert tlv.string(tlv.inside(tags, 1084), 1086) == "v" * 256

    def test_the_buffer_takes_no_more_than_was_announced(self, host: Host) -> None:
        assert host.ask("FF32", le(10, 2)).error == 0
        assert host.ask("FF33", le(8, 2), le(3, 1), b"abc").error in {0x33, 0x7E, 0x10, 0x09}

    def test_ff08_cancels_an_open_receipts_document(self, host: Host) -> None:
        opening(host)
        operation(host, 100)
        fd = last_fd(host)
        assert host.ask("FF08").body == b""
        assert last_fd(host) == fd
        assert host.ask("FF01").integer(DRIVE, "curDoc") == 0


class TestOfd:
    def test_the_queue_and_the_first_document_in_it(self) -> None:
        with machine("--ofd", "off") as register, register.host() as host:
            assert host.ask("E0").error == 0
            sale(host)
            fields = host.ask("FF39").fields(OFD)
            assert (fields["queue"], fields["firstFD"]) == (3, 1)
            assert drive_time(bytes(fields["firstDateTime"])) == "2026-11-22 10:00"
            assert int(fields["state"]) & 2 == 2
            assert host.ask("FF3F").fields("n:2") == {"n": 3}

    def test_confirmed_documents_leave_the_queue_and_have_tickets(self) -> None:
        with machine("--ofd", "30") as register, register.host() as host:
            fd = sale(host)
            assert host.ask("FF0A", le(fd, 4)).integer(FOUND_RECEIPT, "ticket") == 0
            assert host.ask("FF3C", le(fd, 4)).refused == 0x08
            register.word("clock +31")
            fields = host.ask("FF39").fields(OFD)
            assert (fields["queue"], fields["firstFD"], fields["firstDateTime"]) == (0, 0, bytes(5))
            assert int(fields["state"]) & 2 == 0
            assert host.ask("FF3F").integer("n:2", "n") == 0
            assert host.ask("FF0A", le(fd, 4)).integer(FOUND_RECEIPT, "ticket") == 1
            ticket = host.ask("FF3C", le(fd, 4))
            if ticket.error != 0x37:
                assert ticket.error == 0
                assert ticket.body

    def test_30_days_without_the_operator_stop_receipts_until_it_answers(self) -> None:
        with machine("--ofd", "off") as register, register.host() as host:
            fd = sale(host)
            assert host.ask("41").error == 0
            register.word("clock +29d")
            assert host.ask("E0").error == 0
            assert sale(host) > fd
            assert host.ask("41").error == 0
            register.word("clock +2d")
            refused = host.ask("E0").error or (
                opening(host).error or operation(host, 100).error or closing(host, 100).error
            )
            assert refused in {0x15, 0x14}
            if mode(host) & 0x0F == 8:
                assert host.ask("88").error == 0
            assert host.ask("FF01").integer(DRIVE, "warn") & 8 == 8
            assert host.ask("FF39").error == 0
            register.word("ofd-on 1")
            register.word("clock +5m")
            assert host.ask("FF3F").integer("n:2", "n") == 0
            if mode(host) == 2:
                assert host.ask("41").error == 0
            assert host.ask("E0").error == 0
            assert sale(host) > 0

    def test_the_overdue_operator_is_a_warning_and_tag_1053_of_the_shift_documents(self) -> None:
        with machine("--ofd", "off") as register, register.host() as host:
            sale(host)
            assert host.ask("41").error == 0
            register.word("clock +10d")
            assert host.ask("FF01").integer(DRIVE, "warn") == 8
            assert host.ask("E0").error == 0
            assert tlv.integer(document(host, last_fd(host))[1], 1053) == 1


class TestDriveLife:
    @pytest.mark.parametrize(("days", "warn"), [(32, 0), (29, 2), (5, 2), (2, 3)])
    def test_warnings_of_the_last_month_and_days(self, days: int, warn: int) -> None:
        with machine("--fn-days", "100", "--ofd", "30") as register, register.host() as host:
            register.word(f"clock +{100 - days}d")
            assert host.ask("FF01").integer(DRIVE, "warn") & 3 == warn
            assert host.ask("E0").error == 0
            _, tags = document(host, last_fd(host))
            flags = {num for num in (1050, 1051, 1052, 1053) if tlv.every(tags, num)}
            assert flags == {num for bit, num in ((2, 1050), (1, 1051)) if warn & bit}

    def test_after_its_term_the_drive_makes_no_receipts(self) -> None:
        with machine("--fn-days", "40") as register, register.host() as host:
            register.word("clock +41d")
            refused = host.ask("E0").error or opening(host).error or operation(host, 1).error or closing(host, 1).error
            assert refused in {0x05, 0x12, 0x02}

    def test_90_percent_of_the_archive_is_a_warning_and_a_full_one_an_end(self) -> None:
        with machine("--fn-capacity", "20") as register, register.host() as host:
            while last_fd(host) < 17:
                sale(host)
            assert host.ask("FF01").integer(DRIVE, "warn") & 4 == 0
            sale(host)
            assert host.ask("FF01").integer(DRIVE, "warn") & 4 == 4
            errors = []
            for _ in range(5):
                opening(host)
                operation(host, 100)
                errors.append(closing(host, 100).error)
                if mode(host) & 0x0F == 8:
                    assert host.ask("88").error == 0
            assert errors[-1] in {0x06, 0x14}
            assert last_fd(host) <= 20


class TestClosingTheDrive:
    def test_the_fiscal_mode_ends_when_everything_is_sent(self) -> None:
        with machine("--ofd", "30") as register, register.host() as host:
            sale(host)
            assert host.ask("FF3D").refused in {0x3C, 0x73, 0x02}
            assert host.ask("41").error == 0
            register.word("clock +60")
            begun = host.ask("FF3D")
            assert begun.error == 0
            done = host.ask("FF3E").fields("FD:4 FP:4")
            assert done["FD"] == last_fd(host)
            assert document(host, int(done["FD"]))[0] == 6
            assert host.ask("FF01").integer(DRIVE, "phase") in {7, 15}
            register.word("clock +60")
            assert host.ask("FF01").integer(DRIVE, "phase") == 15
            assert host.ask("E0").error != 0
            assert host.ask("FF0A", le(1, 4)).error == 0


def test_the_number_of_the_drive_is_a_test_drives(host: Host) -> None:
    assert host.ask("FF02").body.startswith(b"9999")
    assert table(host, 18, 1, 4).startswith(b"9999")
