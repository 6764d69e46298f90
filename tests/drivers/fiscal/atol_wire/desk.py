"""A driver that is connected to a register of canned answers, and a receipt to make."""

from __future__ import annotations

from decimal import Decimal

from drivers.fiscal.atol_wire import AtolWireRegister, load_profile
from drivers.fiscal.atol_wire.profile import Profile
from drivers.transports.memory import VirtualClock
from protocol.ffd.planned import PlannedLine, PlannedPayments, PlannedReceipt
from protocol.ffd.vat import Vat
from tests.drivers.fiscal.atol_wire.peer import Answer, Peer, PeerTransport

LINE = PlannedLine("Замена дисплея", 450000, Decimal(1), 450000, Vat.VAT20, 75000, 4, 4, 0)
RECEIPT = PlannedReceipt(
    sign=1,
    taxation=1,
    lines=(LINE,),
    payments=PlannedPayments(cash=350000, card=100000),
    cash_tendered=400000,
    total=450000,
    vat={Vat.VAT20: 75000},
    cashier_name="Иванова М.",
    cashier_inn="500100732259",
    buyer_contact="+79001234567",
    imprint="ABCDEFGHIJKLM",
)

OK = "55 00 "
STATE = "44 30 01 26 11 21 10 30 00 {flags:02X} 00 12 34 56 39 35 30 01 00 09 00 06 00 00 00 00 00 00 02 06"
DRIVE = OK + "03 {document:02X} 00 01 {warnings:02X} 1A 0B 15 0A 1E 39393939303738393030303031323334 2A000000"

ANSWERS = {
    "A5": "00 03 01 39 0000 05 08 00 30 00 80 92 8E 8B 20 32 35 94",
    "3F": STATE.format(flags=0x4B),
    "45": "55 01 00",
    "48": OK,
    "56": OK,
    "59": "55 9A",
    "91 03": OK + "00 00 00 00 12 34",
    "91 04": OK + "00 00 00 10 00 00",
    "91 05": OK + "00 00 00 05 00 00",
    "91 08": OK + "00 02",
    "91 09": OK + "00 01",
    "91 0A": OK + "00 00 00 00 05 00 00",
    "91 0C": OK + "00 00 00 00 12 34 00",
    "91 12": OK + "01 22 11 26 09 00 00",
    "91 13": OK + "01 00 00 09 00 00 12 34",
    "91 14": OK + "00 00 45 00 00 00 00 00 00 00 00 00 05 00 00",
    "91 15": OK + "00 05",
    "91 16": OK + "00 10 61 00 12 34 56",
    "91 18": OK + "48 05 76",
    "91 1A": OK + "01 04 21 11 27",
    "91 1B": OK + "00 77 01 23 45 67",
    "91 33": OK + "0000000043 01 00000000450000 21 11 26 10 30 03 05 41 98 96",
    "91 34": OK + "0000000043 21 11 26 10 30 03 05 41 98 96",
    "91 35": OK + "000009 000006",
    "91 36": OK + "04 04 03",
    "91 37": OK + "01 02",
    "91 3B": OK + "00",
    "91 3D": OK + "00 00 00 07 50 00",
    "91 41": OK + "00 00 00 00 03",
    "A4 20": OK + "01 00 0200 29000000 1A 0B 15 0A 1E",
    "A4 30": DRIVE.format(document=0, warnings=0),
    "E9 0D 04": OK + "01 0D04 1400" + b"0000000001012345    ".hex(),
    "E9 26 04": OK + "01 2604 0100 09",
    **dict.fromkeys(("9A", "5A", "67", "E8", "92", "EA", "EB", "43", "4A", "49", "4F", "EE", "95"), OK),
    "99": OK + "0000000000 0000050000",
    **dict.fromkeys(("4C", "C1", "73", "75", "80"), OK),
}


class Desk:
    """``device.answers`` may be replaced by ``answer``; ``sent`` is what has arrived since connecting, without the
    queries."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.clock = VirtualClock()
        self.device = Peer()
        for start, answer in ANSWERS.items():
            self.answer(start, answer)
        self.profile = profile or load_profile()
        self.register = AtolWireRegister(PeerTransport(self.device, self.clock), self.profile, self.clock)

    def answer(self, start: str, *answers: str | Answer) -> None:
        self.device.answers[bytes.fromhex(start)] = [
            bytes.fromhex(answer) if isinstance(answer, str) else answer for answer in answers
        ]

    def connect(self) -> None:
        self.register.connect()
        self.device.executed.clear()
        self.device.added.clear()

    @property
    def sent(self) -> list[str]:
        queries = (b"\x91", b"\xa4", b"\xa5", b"\x3f", b"\x45", b"\xe9")
        return [command.hex(" ").upper() for command in self.device.executed if not command.startswith(queries)]

    def fill(self, receipt: PlannedReceipt = RECEIPT) -> list[tuple[int, int]]:
        progress: list[tuple[int, int]] = []
        self.register.fill_receipt(receipt, lambda done, of: progress.append((done, of)))
        return progress
