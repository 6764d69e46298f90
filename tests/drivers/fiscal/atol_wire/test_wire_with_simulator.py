"""The driver and the simulated register, written apart from each other: in memory on a clock that jumps, and as a
process of its own over TCP. What they disagree about is a mistake of one."""

# ruff: noqa: DTZ001  (a register has local time only)

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from drivers.api import Align, DocumentKind, FiscalRegister, Paper, ShiftState, SlipBarcode, SlipText
from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.fiscal.atol_wire import AtolWireRegister, load_profile
from drivers.registry import open_register
from drivers.simulators.atol import new_device
from drivers.simulators.clock import ManualClock
from drivers.simulators.dump import dump
from drivers.transports.base import LinkError, SystemClock
from drivers.transports.memory import MemoryTransport
from protocol.ffd.planned import PlannedLine, PlannedPayments, PlannedReceipt, PlannedSupplier
from protocol.ffd.vat import Vat
from tests.support.patience import BUSY

LINE = PlannedLine('Замена дисплея "Galaxy" №5', 450000, Decimal(1), 450000, Vat.VAT20, 75000, 4, 4, 0)
CABLE = PlannedLine("Кабель", 19990, Decimal("1.5"), 29985, Vat.VAT10, 2726, 4, 1, 22)
RECEIPT = PlannedReceipt(
    sign=1,
    taxation=1,
    lines=(LINE, CABLE),
    payments=PlannedPayments(cash=379985, card=100000),
    cash_tendered=400000,
    total=479985,
    vat={Vat.VAT20: 75000, Vat.VAT10: 2726},
    cashier_name="Иванова М.",
    cashier_inn="500100732259",
    buyer_contact="+79001234567",
    imprint="ABCDEFGHIJKLM",
)
SHORT = replace(RECEIPT, lines=(CABLE,), total=29985, cash_tendered=29985, vat={Vat.VAT10: 2726},
                payments=PlannedPayments(cash=29985), imprint="NOPQRSTUVWXYZ")  # fmt: skip

QUICK = """
[time]
query = 1.5
fill = 1.5
close = 2.0
cancel = 1.5
shift = 1.5
report = 1.5
[line]
control = 0.3
answer = 0.5
working = 0.5
full = 0.05
reopen = 2.0
reopen_pause = 0.1
[wait]
printing = 3.0
poll = 0.01
"""


@dataclass
class Desk:
    register: FiscalRegister
    documents: Callable[[], list[dict[str, Any]]]
    sleep: Callable[[float], None]

    def receipts(self) -> list[dict[str, Any]]:
        return [document for document in self.documents() if document["type"] == "receipt"]

    def sell(self, receipt: PlannedReceipt = RECEIPT) -> int:
        """A whole receipt; its number."""
        self.register.fill_receipt(receipt, lambda *_: None)
        assert self.register.subtotal() == receipt.lines_total
        reply = self.register.close_receipt(receipt)
        assert reply.fd is not None
        return reply.fd

    def again(self) -> None:
        self.register.disconnect()
        self.register.connect()


Start = Callable[..., Desk]


class Line:
    """The simulator's line as a peer of the memory transport, and its clock as ours."""

    def __init__(self, device: Any, clock: ManualClock) -> None:
        self.device = device
        self._clock = clock
        self._now = 0.0
        self._line = device.connection()
        self._out = b""

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += max(0.0, seconds)
        self._clock.advance(max(0.0, seconds))

    def feed(self, data: bytes) -> None:
        self._check()
        self._out += self._line.receive(data)

    def poll(self) -> bytes:
        out, self._out = self._out + self._line.poll(), b""
        if not out:
            self._check()
        return out

    def connect(self) -> None:
        try:
            self._line = self.device.connection()
        except ConnectionRefusedError as error:
            raise LinkError("device_offline", "the simulator is off") from error
        self._out = b""

    def _check(self) -> None:
        if self._line.closed:
            raise LinkError("link_lost", "the simulator dropped the connection")


class Reconnecting(MemoryTransport):
    def __init__(self, line: Line) -> None:
        super().__init__(line, line)
        self._line = line

    def open(self) -> None:
        super().open()
        self._line.connect()


@dataclass
class Memory(Desk):
    device: Any = None


def _memory(*faults: str, shift: bool = True, ffd: str = "1.1", profile: Path | None = None) -> Memory:
    clock = ManualClock(datetime(2025, 11, 22, 10, 0))
    device = new_device(clock, Random(1), ffd=ffd, faults=list(faults))
    line = Line(device, clock)
    register = AtolWireRegister(Reconnecting(line), load_profile(profile), line)
    desk = Memory(register, lambda: dump(device.state.drive)["documents"], line.sleep, device)
    _opened(desk, shift)
    return desk


def _opened(desk: Desk, shift: bool) -> None:
    desk.register.connect()
    if shift:
        desk.register.open_shift("Иванова М.", "500100732259")


@pytest.fixture(params=["memory", "process"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """``start(*faults)``: a fresh register with an open shift and a connected driver."""
    stops: list[Callable[[], None]] = []
    quick = tmp_path / "quick.toml"
    quick.write_text(QUICK, "utf-8")

    def in_memory(*faults: str, shift: bool = True) -> Desk:
        desk = _memory(*faults, shift=shift, profile=quick)
        stops.append(desk.register.disconnect)
        return desk

    def as_process(*faults: str, shift: bool = True) -> Desk:
        state = tmp_path / "register.json"
        command = [sys.executable, "-m", "drivers.simulators", "atol", "--state", str(state)]
        options = [option for fault in faults for option in ("--fault", fault)]
        process = subprocess.Popen(
            [*command, "--listen", "tcp:127.0.0.1:0", "--ffd", "1.1", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["listening"]
        clock = SystemClock()
        register = open_register("atol-wire", address, clock=clock, profile=quick)

        def stop() -> None:
            register.disconnect()
            process.terminate()
            process.communicate(timeout=BUSY)

        stops.append(stop)

        def documents() -> list[dict[str, Any]]:
            dumped = subprocess.run([*command, "--dump"], check=True, capture_output=True, text=True)
            found: list[dict[str, Any]] = json.loads(dumped.stdout)["documents"]
            return found

        desk = Desk(register, documents, clock.sleep)
        _opened(desk, shift)
        return desk

    yield in_memory if request.param == "memory" else as_process
    for stop in stops:
        stop()


@pytest.fixture
def memory() -> Callable[..., Memory]:
    return _memory


# --- what goes well --------------------------------------------------------------------------------------------------


def test_a_whole_day(start: Start) -> None:
    desk = start(shift=False)
    identity = desk.register.connect()
    status = desk.register.status()
    assert (status.register_serial, status.fn_serial) == (identity.register_serial, identity.fn_serial)
    assert identity.fn_serial.startswith("9999")
    assert identity.ffd == "1.1"
    assert (status.shift, status.last_fd, status.paper) == (ShiftState.CLOSED, 1, Paper.PRESENT)

    desk.register.open_shift("Иванова М.", "500100732259")
    fd = desk.sell()
    document = desk.register.document(fd)
    assert document is not None
    assert (document.kind, document.sign, document.total) == (DocumentKind.RECEIPT, 1, 479985)
    assert (document.shift_number, document.receipt_in_shift, document.imprint) == (1, 1, "ABCDEFGHIJKLM")
    assert desk.register.status().drawer == 379985

    refund = desk.register.document(desk.sell(replace(SHORT, sign=2)))
    assert refund is not None
    assert (refund.sign, refund.total, refund.imprint) == (2, 29985, "NOPQRSTUVWXYZ")
    assert desk.register.status().drawer == 350000

    desk.register.x_report()
    desk.register.close_shift("Иванова М.", None)
    status = desk.register.status()
    assert (status.shift, status.shift_number, status.last_fd) == (ShiftState.CLOSED, 1, 5)
    kinds = [desk.register.document(number) for number in range(1, 6)]
    assert [document.kind.value for document in kinds if document] == [
        *("registration", "open_shift", "receipt", "receipt", "close_shift"),
    ]
    assert desk.register.document(6) is None


def test_what_the_archive_says_is_what_was_planned(memory: Callable[..., Memory]) -> None:
    desk = memory()
    fd = desk.sell()
    document = desk.register.document(fd)
    assert document is not None
    tags = document.tags
    assert {tag: tags[tag] for tag in ("1054", "1055", "1020", "1031", "1081", "1008", "1021", "1203")} == {
        "1054": 1,
        "1055": 1,
        "1020": "4799.85",
        "1031": "3799.85",
        "1081": "1000.00",
        "1008": "+79001234567",
        "1021": "Иванова М.",
        "1203": "500100732259",
    }
    assert tags["1084"] == {"1085": "ID", "1086": "ABCDEFGHIJKLM"}
    assert [[line[tag] for tag in ("1030", "1023", "1043", "1199", "1197")] for line in tags["1059"]] == [
        ['Замена дисплея "Galaxy" №5', "1", "4500.00", 1, "шт"],
        ["Кабель", "1.5", "299.85", 2, "м"],
    ]
    assert desk.receipts()[0]["tags"] == tags


@pytest.mark.parametrize("sign", [1, 2, 3, 4])
def test_every_kind_of_receipt(memory: Callable[..., Memory], sign: int) -> None:
    desk = memory()
    desk.sell()
    card = replace(RECEIPT, sign=sign, payments=PlannedPayments(card=479985), cash_tendered=0)
    document = desk.register.document(desk.sell(card))
    assert document is not None
    assert (document.sign, document.tags["1054"]) == (sign, sign)
    totals = desk.register.shift_totals()
    assert totals.receipts[sign] == (2 if sign == 1 else 1)
    assert totals.total[sign] == (2 * 479985 if sign == 1 else 479985)
    assert totals.cashless[sign] == 479985 + (100000 if sign == 1 else 0)


def test_every_payment(memory: Callable[..., Memory]) -> None:
    desk = memory()
    mixed = replace(RECEIPT, payments=PlannedPayments(100000, 100000, 100000, 100000, 79985), cash_tendered=100000)
    document = desk.register.document(desk.sell(mixed))
    assert document is not None
    assert [document.tags[tag] for tag in ("1031", "1081", "1215", "1216", "1217")] == [*["1000.00"] * 4, "799.85"]


@pytest.mark.parametrize("vat", [vat for vat in Vat if vat.code <= 6], ids=lambda vat: vat.value)
def test_every_rate(memory: Callable[..., Memory], vat: Vat) -> None:
    desk = memory()
    one = replace(
        RECEIPT,
        lines=(replace(LINE, vat=vat, vat_sum=vat.amount(450000)),),
        total=450000,
        cash_tendered=350000,
        payments=PlannedPayments(cash=350000, card=100000),
        vat={vat: vat.amount(450000)},
    )
    document = desk.register.document(desk.sell(one))
    assert document is not None
    assert document.tags["1059"][0]["1199"] == vat.code


def test_kopecks_taken_off(memory: Callable[..., Memory]) -> None:
    desk = memory()
    rounded = replace(SHORT, total=29900, rounding=85, payments=PlannedPayments(cash=29900), cash_tendered=30000)
    document = desk.register.document(desk.sell(rounded))
    assert document is not None
    assert (document.total, document.tags["1031"]) == (29900, "299.00")


def test_requisites_of_a_line(memory: Callable[..., Memory]) -> None:
    desk = memory()
    line = replace(CABLE, supplier=PlannedSupplier("7701234567", "Поставщик", ("+79991112233",)), extra="доп",
                   excise=1250, country="643", declaration="10702030/260524/0123456")  # fmt: skip
    document = desk.register.document(desk.sell(replace(SHORT, lines=(line,))))
    assert document is not None
    tags = document.tags["1059"][0]
    assert [tags[tag] for tag in ("1226", "1191", "1229", "1230", "1231")] == [
        *("7701234567", "доп", "12.50", "643", "10702030/260524/0123456"),
    ]


def test_without_paper(memory: Callable[..., Memory]) -> None:
    desk = memory()
    desk.sell(replace(RECEIPT, print=False))
    desk.sell()
    assert len(desk.receipts()) == 2


def test_cash(start: Start) -> None:
    desk = start()
    before = desk.register.cash_counters()
    desk.register.cash_in(50000, "Иванова М.")
    desk.register.cash_out(20000, None)
    after = desk.register.cash_counters()
    assert after.document_number == before.document_number + 2
    assert (after.drawer, after.cash_in, after.cash_out) == (30000, 50000, 20000)
    assert (after.cash_in_count, after.cash_out_count) == (1, 1)
    with pytest.raises(Refused) as caught:
        desk.register.cash_out(30001, None)
    assert caught.value.code == "cash_short"


def test_slips(start: Start) -> None:
    desk = start()
    before = desk.register.cash_counters()
    desk.register.print_slip(
        [SlipText("Слип", Align.CENTRE), SlipBarcode("qr", "https://e.ru"), SlipBarcode("ean13", "460123456789")],
        cut=True,
    )
    desk.register.open_drawer()
    desk.sell()
    desk.register.print_copy()
    assert desk.register.status().document_open is False
    assert before.cash_in == desk.register.cash_counters().cash_in


def test_health(start: Start) -> None:
    desk = start()
    desk.sell()
    health = desk.register.health()
    assert health.shift_opened_at is not None
    assert health.fn_expires is not None
    assert health.unsent is not None


def test_cancel_leaves_no_document(start: Start) -> None:
    desk = start()
    before = desk.register.status()
    desk.register.fill_receipt(RECEIPT, lambda *_: None)
    assert desk.register.status().document_open
    desk.register.cancel_document()
    desk.register.cancel_document()
    after = desk.register.status()
    assert (after.document_open, after.fn_document_open, after.last_fd) == (False, False, before.last_fd)
    assert desk.sell() == before.last_fd + 1


def test_refusals_have_their_words(memory: Callable[..., Memory]) -> None:
    desk = memory()
    with pytest.raises(Refused) as caught:
        desk.register.open_shift(None, None)
    assert caught.value.code in ("shift_open", "wrong_state")
    for receipt, code in (
        (replace(RECEIPT, cash_tendered=1, payments=PlannedPayments(cash=1)), "payment_short"),
        (replace(RECEIPT, payments=PlannedPayments(card=999999), cash_tendered=0), "cashless_over"),
    ):
        desk.register.fill_receipt(RECEIPT, lambda *_: None)
        with pytest.raises(Refused) as caught:
            desk.register.close_receipt(receipt)
        assert caught.value.code == code
        desk.register.cancel_document()
    assert desk.sell() == 3


def test_a_register_of_format_12_still_tells_and_keeps_shifts(memory: Callable[..., Memory]) -> None:
    desk = memory(ffd="1.2")
    assert desk.register.status().shift is ShiftState.OPEN
    with pytest.raises(Refused) as caught:
        desk.register.check_receipt(RECEIPT)
    assert caught.value.code == "not_expressible"
    desk.register.close_shift(None, None)


# --- a line that is bad, a register that is slow ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        "answer-lost:command=4A",  # the result waits for the next connection
        "checksum:command=4A,direction=out",
        "slow:command=4A,seconds=1",
        "slow:command=4A,seconds=3",  # it says that it is at work
        "busy:command=EB,times=4",
        "full:command=4A,times=3",
        "slow:command=92,seconds=1",
        "nak:command=EB,times=2",
        "checksum:command=EB,direction=in",
    ],
)
def test_what_a_receipt_survives(memory: Callable[..., Memory], fault: str) -> None:
    desk = memory(fault)
    assert desk.sell() == 3
    assert len(desk.receipts()) == 1
    assert desk.register.document(3).imprint == "ABCDEFGHIJKLM"  # type: ignore[union-attr]


def test_a_result_is_fetched_on_the_next_connection(start: Start) -> None:
    desk = start("answer-lost:command=4A")
    assert desk.sell() == 3
    assert len(desk.receipts()) == 1


# --- doubt -----------------------------------------------------------------------------------------------------------


DOUBT = {
    "power:command=4A,when=before,off=0.2": 0,
    "power:command=4A,when=after,off=0.2": 1,
    "power:command=4A,when=after,off=20": 1,
    "drop:command=4A": 0,
    "late:command=4A,seconds=25": 1,
    "mute:command=4A,seconds=3": 0,
    "nak:command=4A": 0,
}


@pytest.mark.parametrize(("fault", "made"), DOUBT.items())
def test_a_close_in_doubt_is_decided_by_the_archive(memory: Callable[..., Memory], fault: str, made: int) -> None:
    desk = memory(fault)
    desk.register.fill_receipt(RECEIPT, lambda *_: None)
    with pytest.raises(InDoubt) as caught:
        desk.register.close_receipt(RECEIPT)
    with pytest.raises(NotSent):
        desk.register.status()
    desk.sleep(max(caught.value.remaining, 20.0))
    desk.again()
    desk.register.cancel_document()
    status = desk.register.status()
    assert (status.document_open, status.last_fd) == (False, 2 + made)
    assert len(desk.receipts()) == made
    if made:
        assert desk.register.document(3).imprint == "ABCDEFGHIJKLM"  # type: ignore[union-attr]
    assert desk.sell(SHORT) == 3 + made


def test_a_shift_whose_answer_is_lost_with_the_power(memory: Callable[..., Memory]) -> None:
    desk = memory("power:command=9A,when=after,off=1", shift=False)
    with pytest.raises(InDoubt):
        desk.register.open_shift("Иванова М.", None)
    desk.again()
    status = desk.register.status()
    assert (status.shift, status.last_fd) == (ShiftState.OPEN, 2)
    assert desk.register.document(2).kind is DocumentKind.OPEN_SHIFT  # type: ignore[union-attr]


def test_an_expired_shift(memory: Callable[..., Memory]) -> None:
    desk = memory()
    desk.sleep(25 * 3600)
    desk.again()
    assert desk.register.status().shift is ShiftState.EXPIRED
    with pytest.raises(Refused) as caught:
        desk.sell()
    assert caught.value.code == "shift_expired"
    desk.register.cancel_document()
    desk.register.close_shift(None, None)
    assert desk.register.status().shift is ShiftState.CLOSED


def in_pieces(direction: str, size: int) -> list[Any]:
    """Places all over a conversation of ``size`` bytes in that direction."""
    return [pytest.param(direction, place, id=f"{direction}-{place}") for place in range(3, size, 83)]


EVERYWHERE = [*in_pieces("in", 1300), *in_pieces("out", 1280)]
"""From the first byte of connecting to the last of closing a receipt."""


def lone_desk(fault: str) -> Desk:
    clock = ManualClock(datetime(2025, 11, 22, 10, 0))
    device = new_device(clock, Random(1), ffd="1.1", faults=[fault])
    line = Line(device, clock)
    register = AtolWireRegister(Reconnecting(line), load_profile(), line)
    return Desk(register, lambda: dump(device.state.drive)["documents"], line.sleep)


def day_with_one_receipt(desk: Desk) -> tuple[int | None, bool]:
    """Number of the receipt, if its close was answered; whether the close is in doubt."""
    try:
        desk.register.connect()
        desk.register.open_shift(None, None)
        desk.register.fill_receipt(RECEIPT, lambda *_: None)
    except DeviceError:
        return None, False
    try:
        reply = desk.register.close_receipt(RECEIPT)
    except InDoubt:
        return None, True
    except DeviceError:
        return None, False
    return reply.fd or 3, False


def fenced(desk: Desk) -> None:
    """As the caller does after doubt: let it pass, connect, cancel what is open. The fault may strike here too."""
    for _ in range(3):
        desk.sleep(60.0)
        try:
            desk.again()
            desk.register.cancel_document()
        except (NotSent, InDoubt):
            continue
        return
    raise AssertionError("the fault strikes once, three attempts were not enough")


@pytest.mark.parametrize("fault", ["cut:direction={},after={}", "flip:direction={},byte={},mask=13"])
@pytest.mark.parametrize(("direction", "place"), EVERYWHERE)
def test_a_fault_anywhere_makes_no_second_receipt_and_no_false_answer(fault: str, direction: str, place: int) -> None:
    desk = lone_desk(fault.format(direction, place))
    number, doubt = day_with_one_receipt(desk)
    made = [receipt["fd"] for receipt in desk.receipts()]
    if not doubt:
        assert made == ([] if number is None else [number])
    fenced(desk)
    assert [receipt["fd"] for receipt in desk.receipts()] == made, "something took effect behind the fence"
    status = desk.register.status()
    assert not status.document_open
    if made:
        found = desk.register.document(made[0])
        assert found is not None
        assert (found.imprint, found.total) == ("ABCDEFGHIJKLM", 479985)


# --- paper -----------------------------------------------------------------------------------------------------------


def test_without_paper_a_receipt_is_not_closed(memory: Callable[..., Memory]) -> None:
    desk = memory()
    desk.register.fill_receipt(RECEIPT, lambda *_: None)
    desk.device.take_paper()
    with pytest.raises(Refused) as caught:
        desk.register.close_receipt(RECEIPT)
    assert caught.value.code == "no_paper"
    assert desk.receipts() == []
    desk.device.load_paper()
    assert desk.register.close_receipt(RECEIPT).fd == 3


def test_paper_runs_out_under_a_receipt_and_printing_is_continued(memory: Callable[..., Memory]) -> None:
    desk = memory("paper-out:line=30,load=60")
    desk.register.fill_receipt(RECEIPT, lambda *_: None)
    with pytest.raises(InDoubt) as caught:
        desk.register.close_receipt(RECEIPT)
    assert caught.value.code == "no_paper"
    desk.again()
    status = desk.register.status()
    assert (status.paper, status.last_fd) == (Paper.INTERRUPTED, 3)
    with pytest.raises(Refused) as caught_again:
        desk.register.fill_receipt(RECEIPT, lambda *_: None)
    assert caught_again.value.code == "no_paper"
    with pytest.raises(Refused) as caught_again:
        desk.register.continue_print()
    assert caught_again.value.code == "no_paper"
    desk.sleep(60)
    assert desk.register.status().paper is Paper.RESUMABLE
    desk.register.continue_print()
    assert desk.register.status().paper is Paper.PRESENT
    with pytest.raises(Refused):
        desk.register.continue_print()
    assert len(desk.receipts()) == 1
    assert desk.sell(SHORT) == 4


def test_an_open_cover_is_named(memory: Callable[..., Memory]) -> None:
    desk = memory("cover:seconds=2", shift=False)
    with pytest.raises(Refused) as caught:
        desk.register.open_shift(None, None)
    assert caught.value.code == "cover_open"
    assert desk.register.status().cover_open
    desk.sleep(2.5)
    desk.register.open_shift(None, None)
