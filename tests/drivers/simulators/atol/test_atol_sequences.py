"""What the vendor's library was seen to send, replayed byte by byte of each command by a client of the test's own."""

from __future__ import annotations

from tests.drivers.simulators.atol.host import ADMINISTRATOR, Host, le, position_fields, tlv

CASHIER = ((1021, "Иванов И.И."), (1203, "500100732259"))
RESULT = (
    "3F; A5; 45; 91 16 0000; 91 18 0000; 91 13 0000; 91 12 0001; 91 11 0000; 91 15 0000; A4 30; 91 34 0000; A4 31; "
    "A4 33; A4 30; E9 0D04 00; E9 2404 00; A4 40 {last}; 3F; 91 34 0000; 91 3B 0000; 91 35 0000"
)


class Library(Host):
    """Sends scripts; keeps the answers of the last one."""

    def script(self, text: str, **values: str) -> list[bytes]:
        self.answers = [self.ask(each) for each in text.format(**values).split(";")]
        for command, answer in zip(text.split(";"), self.answers, strict=True):
            bare = command.strip()[:2] in ("3F", "A5", "45")
            assert bare or answer[:2] == b"\x55\0", f"{command.strip()}: {answer.hex(' ')}"
        return self.answers

    def connect(self) -> None:
        assert self.abort().data == b"\xa3"
        self.script("A5; A5; 45; 91 18 0000; 91 36 0000; 91 16 0000; EF 09 00000000; 46 13 0001 04")

    def before(self, mode: int) -> None:
        """Each operation begins so."""
        if self.ask("45")[1] & 0x0F != mode:
            self.script("48; 56 {mode} {password}", mode=f"{mode:02X}", password=ADMINISTRATOR)
        assert self.error("59") == 0x9A
        for tag, value in CASHIER:
            self.requisite(tag, value)

    def result(self) -> dict[str, int]:
        answers = self.script(RESULT, last=le(self.fd, 4).hex())
        receipts = answers[-1][2:].hex()
        return {
            "fd": int(answers[-3][2:7].hex()),
            "sign": int.from_bytes(answers[-5][2 + 11 : 2 + 15], "little"),
            "unfinished": answers[-2][2],
            "receipt": int(receipts[:6]),
            "shift": int(receipts[6:]),
        }

    def shift_opened(self) -> dict[str, int]:
        self.before(1)
        self.script("91 3B 0000; 3F; 91 34 0000; 3F; 91 34 0000; 45; 9A 00; 45; 91 37 0000; 91 3B 0000")
        return self.result()

    def sold(self) -> dict[str, int]:
        self.before(1)
        self.script("A4 20; 3F; 91 34 0000; 91 12 0001; 92 00 01; 91 36 0000")
        self.requisite(1008, "+79990000000")
        self.requisite(1055, b"\x01")
        self.script("91 13 0000")
        self.script("EA 00 01 00")
        self.requisite(1197, "piece")
        self.good("EB", position_fields(20_100, price=10_050, quantity=2_000))
        self.script("91 14 0000; 99 00 02 0000005100; 99 00 01 0000015000")
        self.script("91 3D 0600; 91 3D 0500; 91 3D 0100; 91 3D 0300; 91 3D 0200; 91 3D 0400")
        self.script("3F; 91 34 0000; 91 14 0000; 4A 00 01 0000000000")
        return self.result()

    def shift_closed(self) -> dict[str, int]:
        self.before(3)
        self.script("91 35 0000; 3F; 91 34 0000; 91 34 0000; 5A; 45; 45; 91 37 0000; 91 3B 0000")
        return self.result()


def test_a_day() -> None:
    host = Library(ffd="1.1")
    host.connect()
    opened = host.shift_opened()
    assert (opened["fd"], opened["shift"], opened["receipt"]) == (2, 1, 0)
    sold = host.sold()
    assert (sold["fd"], sold["receipt"], sold["unfinished"]) == (3, 1, 0)
    document = host.dumped()[2]
    assert document["fpd"] == str(sold["sign"])
    assert {tag: document["tags"][tag] for tag in ("1008", "1020", "1021", "1031", "1055", "1081", "1102")} == {
        "1008": "+79990000000", "1020": "201.00", "1021": "Иванов И.И.", "1031": "150.00", "1055": 1,
        "1081": "51.00", "1102": "33.50",
    }  # fmt: skip
    host.before(1)
    host.script("91 12 0001; 45; 49 00 0000050000; 91 0A 0000")
    assert host.answers[-1][2:].hex() == "00000000065000"
    host.script("45; 95; 45; 91 3B 0000; 45; EE; 45; 3F; 91 34 0000")
    host.before(2)
    host.script("67 01; 45; 67 09; 91 2B 0000")
    closed = host.shift_closed()
    assert (closed["fd"], closed["shift"]) == (5, 1)
    kinds = [each["type"] for each in host.dumped()]
    assert kinds == ["registration", "open_shift", "receipt", "state_report", "close_shift"]


def test_questions() -> None:
    host = Library()
    host.connect()
    status = "3F; A5; 45; 91 16 0000; 91 18 0000; 91 13 0000; 91 12 0001; 91 15 0000; A4 30"
    for script in (
        *(status, "91 12 0001; 91 15 0000", "91 34 0000; 91 35 0000; A4 31; A4 33; A4 30"),
        *("91 36 0000; 91 1A 0000; A4 31; A4 33; A4 30", "A4 20; 91 2B 0000"),
        status + "; 9D 91; 9D 11; 91 36 0000",
    ):
        host.script(script)


def test_a_wrong_receipt_is_seen_and_cancelled() -> None:
    host = Library()
    host.shift_opened()
    host.before(1)
    host.script("92 00 01; EA 00 01 00")
    host.good("EB", position_fields(10_000))
    assert host.register("14")[:10] == "0000010000"
    host.script("59")
    assert host.register("13")[2:4] == "00"
    assert host.fd == 2


def test_not_printed_is_finished() -> None:
    host = Library("paper-out:line=1")
    host.before(1)
    assert host.error("9A 00") == 0x67
    host.script("45; 91 37 0000; 91 3B 0000")
    assert host.answers[-1] == b"\x55\0\x10"
    host.device.load_paper()
    host.script("45; EE; 45; 91 3B 0000")
    assert host.answers[-1] == b"\x55\0\0"
    assert host.result()["fd"] == 2


def test_requisites_of_the_cashier_come_as_observed() -> None:
    assert tlv(1021, "Иванов И.И.").hex(" ").upper() == "FD 03 0B 00 88 A2 A0 AD AE A2 20 88 2E 88 2E"
