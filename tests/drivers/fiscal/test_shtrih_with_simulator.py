"""The driver and the simulated register, written apart from each other: in memory on a clock that jumps, and as a
process of its own over TCP. Both read the same protocol text; what they disagree about is a mistake of one."""

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

from drivers.api import DocumentKind, FiscalRegister, Paper, ShiftState
from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.shtrih import ShtrihRegister, load_profile
from drivers.registry import open_register
from drivers.simulators.clock import ManualClock
from drivers.simulators.shtrih import new_device
from drivers.transports.base import LinkError, SystemClock
from drivers.transports.memory import MemoryTransport
from protocol.ffd.planned import PlannedLine, PlannedPayments, PlannedReceipt
from protocol.ffd.vat import Vat
from tests.support.patience import BUSY

LINE = PlannedLine('Замена дисплея "Galaxy" №5', 450000, Decimal(1), 450000, Vat.VAT22, 81148, 4, 4, 0)
CABLE = PlannedLine("Кабель", 19990, Decimal("1.5"), 29985, Vat.VAT10, 2726, 4, 1, 22)
RECEIPT = PlannedReceipt(
    sign=1,
    taxation=1,
    lines=(LINE, CABLE),
    payments=PlannedPayments(cash=379985, card=100000),
    cash_tendered=400000,
    total=479985,
    vat={Vat.VAT22: 81148, Vat.VAT10: 2726},
    cashier_name="Иванова М.",
    cashier_inn="500100732259",
    buyer_contact="+79001234567",
    imprint="ABCDEFGHIJKLM",
)
RETURN = replace(RECEIPT, sign=2, lines=(LINE,), payments=PlannedPayments(cash=450000), total=450000,
                 cash_tendered=450000, imprint="NOPQRSTUVWXYZ")  # fmt: skip

QUICK = """
[time]
query = 1.0
fill = 1.0
close = 1.5
cancel = 1.0
shift = 1.0
report = 1.0
[line]
control = 0.3
earlier = 0.5
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
        assert self.register.subtotal() == receipt.total
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
        self._line = self.device.connection()
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


@pytest.fixture(params=["memory", "process"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """``start(*faults)``: a fresh register with an open shift and a connected driver."""
    stops: list[Callable[[], None]] = []

    def in_memory(*faults: str, shift: bool = True) -> Desk:
        clock = ManualClock(datetime(2026, 11, 22, 10, 0))
        device = new_device(clock, Random(1), faults=list(faults))
        line = Line(device, clock)
        register = ShtrihRegister(Reconnecting(line), load_profile(_quick(tmp_path)), line)
        stops.append(register.disconnect)
        return _opened(Desk(register, lambda: _dumped(device), line.sleep), shift)

    def as_process(*faults: str, shift: bool = True) -> Desk:
        state = tmp_path / "register.json"
        command = [sys.executable, "-m", "drivers.simulators", "shtrih", "--state", str(state)]
        options = [option for fault in faults for option in ("--fault", fault)]
        process = subprocess.Popen(
            [*command, "--listen", "tcp:127.0.0.1:0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["listening"]
        clock = SystemClock()
        register = open_register("shtrih", address, clock=clock, profile=_quick(tmp_path))

        def stop() -> None:
            register.disconnect()
            process.terminate()
            process.communicate(timeout=BUSY)

        stops.append(stop)

        def documents() -> list[dict[str, Any]]:
            dump = subprocess.run([*command, "--dump"], check=True, capture_output=True, text=True)
            found: list[dict[str, Any]] = json.loads(dump.stdout)["documents"]
            return found

        return _opened(Desk(register, documents, clock.sleep), shift)

    yield in_memory if request.param == "memory" else as_process
    for stop in stops:
        stop()


def _quick(folder: Path) -> Path:
    path = folder / "quick.toml"
    path.write_text(QUICK, "utf-8")
    return path


def _opened(desk: Desk, shift: bool) -> Desk:
    desk.register.connect()
    if shift:
        desk.register.open_shift("Иванова М.", "500100732259")
    return desk


def _dumped(device: Any) -> list[dict[str, Any]]:
    from drivers.simulators.dump import dump

    found: list[dict[str, Any]] = dump(device.state.drive)["documents"]
    return found


# --- what goes well --------------------------------------------------------------------------------------------------


def test_who_answers(start: Start) -> None:
    desk = start(shift=False)
    identity = desk.register.connect()
    status = desk.register.status()
    assert (status.register_serial, status.fn_serial) == (identity.register_serial, identity.fn_serial)
    assert identity.fn_serial.startswith("9999")
    assert identity.ffd == "1.2"
    assert (status.shift, status.last_fd, status.paper) == (ShiftState.CLOSED, 1, Paper.PRESENT)


def test_a_whole_day(start: Start) -> None:
    desk = start()
    fd = desk.sell()
    document = desk.register.document(fd)
    assert document is not None
    assert (document.kind, document.sign, document.total) == (DocumentKind.RECEIPT, 1, 479985)
    assert (document.shift_number, document.receipt_in_shift, document.imprint) == (1, 1, "ABCDEFGHIJKLM")
    assert desk.register.status().drawer == 379985

    refund = desk.register.document(desk.sell(replace(RETURN, lines=(CABLE,), total=29985, cash_tendered=29985,
                                                      payments=PlannedPayments(cash=29985))))  # fmt: skip
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


def test_what_the_archive_says_is_what_was_planned(start: Start) -> None:
    desk = start()
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
    assert [[line[tag] for tag in ("1030", "1023", "1043", "1199", "2108")] for line in tags["1059"]] == [
        ['Замена дисплея "Galaxy" №5', "1", "4500.00", 11, 0],
        ["Кабель", "1.5", "299.85", 2, 22],
    ]
    assert tags["1059"][0]["1200"] == "811.48"
    assert desk.receipts()[0]["tags"] == tags


@pytest.mark.parametrize("sign", [1, 2, 3, 4])
def test_every_kind_of_receipt(start: Start, sign: int) -> None:
    desk = start()
    desk.sell()
    card = replace(RECEIPT, sign=sign, payments=PlannedPayments(card=479985), cash_tendered=0)
    document = desk.register.document(desk.sell(card))
    assert document is not None
    assert (document.sign, document.tags["1054"]) == (sign, sign)


def test_every_payment(start: Start) -> None:
    desk = start()
    mixed = replace(RECEIPT, payments=PlannedPayments(100000, 100000, 100000, 100000, 79985), cash_tendered=100000)
    document = desk.register.document(desk.sell(mixed))
    assert document is not None
    assert [document.tags[tag] for tag in ("1031", "1081", "1215", "1216", "1217")] == [*["1000.00"] * 4, "799.85"]


@pytest.mark.parametrize("vat", list(Vat), ids=lambda vat: vat.value)
def test_every_rate(start: Start, vat: Vat) -> None:
    desk = start()
    one = replace(RECEIPT, lines=(replace(LINE, vat=vat),), total=450000, cash_tendered=350000,
                  payments=PlannedPayments(cash=350000, card=100000))  # fmt: skip
    document = desk.register.document(desk.sell(one))
    assert document is not None
    assert document.tags["1059"][0]["1199"] == vat.code


def test_a_receipt_without_paper_is_for_that_receipt_only(start: Start) -> None:
    desk = start()
    desk.sell(replace(RECEIPT, print=False))
    desk.sell()
    assert len(desk.receipts()) == 2


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


def test_refusals_have_their_words(start: Start) -> None:
    desk = start()
    with pytest.raises(Refused) as caught:
        desk.register.open_shift(None, None)
    assert caught.value.code in ("shift_open", "wrong_state")
    desk.register.fill_receipt(RECEIPT, lambda *_: None)
    with pytest.raises(Refused) as caught:
        desk.register.close_receipt(replace(RECEIPT, cash_tendered=1, payments=PlannedPayments(cash=1)))
    assert caught.value.code == "payment_short"
    with pytest.raises(Refused) as caught:
        desk.register.close_receipt(replace(RECEIPT, payments=PlannedPayments(card=999999), cash_tendered=0))
    assert caught.value.code == "cashless_over"
    assert desk.register.close_receipt(RECEIPT).fd == 3


def test_more_cash_back_than_the_drawer_holds(start: Start) -> None:
    desk = start()
    desk.register.fill_receipt(RETURN, lambda *_: None)
    with pytest.raises(Refused) as caught:
        desk.register.close_receipt(RETURN)
    assert caught.value.code == "cash_short"


# --- doubt -----------------------------------------------------------------------------------------------------------


def test_a_lost_answer_is_doubt_and_waits_for_the_next_connection(start: Start) -> None:
    desk = start("answer-lost:command=FF45")
    with pytest.raises(InDoubt) as caught:
        desk.sell()
    assert caught.value.code == "link_lost"
    assert 0 < caught.value.remaining <= 1.5
    with pytest.raises(NotSent):
        desk.register.status()
    desk.register.connect()
    stale = desk.register.stale_replies  # type: ignore[attr-defined]
    assert [reply[:3] for reply in stale] == [b"\xff\x45\x00"]
    status = desk.register.status()
    document = desk.register.document(status.last_fd)
    assert document is not None
    assert (document.imprint, document.total) == ("ABCDEFGHIJKLM", 479985)
    assert len(desk.receipts()) == 1


def test_a_lost_answer_that_is_nowhere_stored(start: Start) -> None:
    desk = start("answer-lost:command=FF45,stored=no")
    with pytest.raises(InDoubt):
        desk.sell()
    desk.again()
    assert desk.register.stale_replies == ()  # type: ignore[attr-defined]
    assert desk.register.document(3).imprint == "ABCDEFGHIJKLM"  # type: ignore[union-attr]


def test_a_close_that_takes_effect_after_we_gave_up_is_fenced(start: Start) -> None:
    desk = start("late:command=FF45,seconds=1")
    with pytest.raises(InDoubt) as caught:
        desk.sell()
    assert caught.value.remaining > 1.0
    desk.sleep(caught.value.remaining)
    desk.again()
    desk.register.cancel_document()
    assert desk.register.status().last_fd == 3
    assert len(desk.receipts()) == 1


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_power_fails_around_the_close(start: Start, when: str, made: int) -> None:
    desk = start(f"power:command=FF45,when={when},off=0.2")
    with pytest.raises(InDoubt):
        desk.sell()
    desk.sleep(0.5)
    desk.again()
    desk.register.cancel_document()
    assert len(desk.receipts()) == made
    assert desk.register.status().last_fd == 2 + made


def test_a_shift_whose_answer_is_lost(start: Start) -> None:
    desk = start("answer-lost:command=E0", shift=False)
    with pytest.raises(InDoubt):
        desk.register.open_shift("Иванова М.", None)
    desk.register.connect()
    status = desk.register.status()
    assert (status.shift, status.last_fd) == (ShiftState.OPEN, 2)
    assert desk.register.document(2).kind is DocumentKind.OPEN_SHIFT  # type: ignore[union-attr]


def test_a_register_that_falls_silent(start: Start) -> None:
    desk = start("mute:command=FF45,seconds=2")
    with pytest.raises(InDoubt) as caught:
        desk.sell()
    assert caught.value.code == "no_reply"
    desk.sleep(2.0)
    desk.again()
    assert desk.register.status().document_open
    desk.register.cancel_document()
    assert desk.receipts() == []


# --- a line that is bad, a register that is slow ---------------------------------------------------------------------


def test_a_damaged_frame_is_sent_again(start: Start) -> None:
    desk = start("nak:command=FF45,times=3")
    assert desk.sell() == 3
    assert len(desk.receipts()) == 1


@pytest.mark.parametrize("command", ["8D", "FF46", "FF45"])
def test_a_slow_register_is_waited_for(start: Start, command: str) -> None:
    assert start(f"slow:command={command},seconds=0.8").sell() == 3


def test_a_register_slower_than_its_time_is_asked_and_waited_for(start: Start) -> None:
    desk = start("slow:command=FF45,seconds=2")
    assert desk.sell() == 3


def test_a_busy_register_is_asked_again(start: Start) -> None:
    assert start("busy:command=FF46,times=4").sell() == 3


def in_pieces(direction: str, size: int) -> list[Any]:
    """Places all over a conversation of ``size`` bytes in that direction."""
    return [pytest.param(direction, place, id=f"{direction}-{place}") for place in range(3, size, 37)]


EVERYWHERE = [*in_pieces("in", 950), *in_pieces("out", 1600)]
"""From the first byte of connecting to the last of closing a receipt."""


def lone_desk(fault: str, folder: Path) -> Desk:
    clock = ManualClock(datetime(2026, 11, 22, 10, 0))
    device = new_device(clock, Random(1), faults=[fault])
    line = Line(device, clock)
    register = ShtrihRegister(Reconnecting(line), load_profile(_quick(folder)), line)
    return Desk(register, lambda: _dumped(device), line.sleep)


def day_with_one_receipt(desk: Desk) -> tuple[int | None, bool]:
    """Number of the receipt, if its close was answered; whether the close is in doubt."""
    try:
        desk.register.connect()
        desk.register.open_shift(None, None)
        desk.register.fill_receipt(RECEIPT, lambda *_: None)
    except (NotSent, Refused, InDoubt):
        return None, False
    try:
        return desk.register.close_receipt(RECEIPT).fd, False
    except InDoubt:
        return None, True
    except (NotSent, Refused):
        return None, False


def fenced(desk: Desk) -> None:
    """As the caller does after doubt: let it pass, connect, cancel what is open. The fault may strike here too."""
    for _ in range(3):
        desk.sleep(5.0)
        try:
            desk.again()
            desk.register.cancel_document()
        except (NotSent, InDoubt):
            continue
        return
    raise AssertionError("the fault strikes once, three attempts were not enough")


@pytest.mark.parametrize("fault", ["cut:direction={},after={}", "flip:direction={},byte={},mask=13"])
@pytest.mark.parametrize(("direction", "place"), EVERYWHERE)
def test_a_fault_anywhere_makes_no_second_receipt_and_no_false_answer(
    tmp_path: Path, fault: str, direction: str, place: int
) -> None:
    """13h turns ACK into NAK and back. In memory only: a hundred and thirty days at a register."""
    desk = lone_desk(fault.format(direction, place), tmp_path)
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


@pytest.mark.parametrize("place", range(60))
def test_somebody_cancels_while_it_is_filled_and_no_document_is_made_that_nobody_knows(
    tmp_path: Path, place: int
) -> None:
    """The first line opens a document anew when the first one was cancelled before it: the subtotal was right, the
    imprint was gone, and the receipt was made a second time."""
    clock = ManualClock(datetime(2026, 11, 22, 10, 0))
    device = new_device(clock, Random(1))
    line = Line(device, clock)
    register = ShtrihRegister(Reconnecting(line), load_profile(_quick(tmp_path)), line)
    register.connect()
    register.open_shift(None, None)
    fed = iter(range(1000))
    feed = line.feed

    def interrupted(data: bytes) -> None:
        if next(fed) == place:
            device.state.receipt = device.state.drive.current = None
        feed(data)

    line.feed = interrupted  # type: ignore[method-assign]
    alone = replace(RECEIPT, lines=(LINE,), payments=PlannedPayments(cash=450000), total=450000, cash_tendered=450000)
    try:
        register.fill_receipt(alone, lambda *_: None)
        if register.subtotal() == alone.total:
            register.close_receipt(alone)
    except Refused:
        pass
    made = [document for document in _dumped(device) if document["type"] == "receipt"]
    assert [document["tags"].get("1084", {}).get("1086") for document in made] in ([], ["ABCDEFGHIJKLM"])
    if place == 59:
        assert len(made) == 1, "as when nobody cancels"
        assert next(fed) < place


# --- paper -----------------------------------------------------------------------------------------------------------


def test_paper_runs_out_under_a_receipt_and_printing_is_continued(start: Start) -> None:
    desk = start("paper-out:line=30,load=1")
    assert desk.sell() == 3
    assert desk.register.status().paper is Paper.INTERRUPTED
    with pytest.raises(Refused) as caught:
        desk.register.fill_receipt(RECEIPT, lambda *_: None)
    assert caught.value.code == "no_paper"
    with pytest.raises(Refused) as caught:
        desk.register.continue_print()
    assert caught.value.code == "no_paper"
    desk.sleep(1.5)
    assert desk.register.status().paper is Paper.RESUMABLE
    desk.register.continue_print()
    desk.sleep(0.5)
    assert desk.register.status().paper is Paper.PRESENT
    with pytest.raises(Refused):
        desk.register.continue_print()
    assert len(desk.receipts()) == 1
    assert desk.sell() == 4


def test_an_open_cover_is_named(start: Start) -> None:
    desk = start("cover:seconds=2", shift=False)
    with pytest.raises(Refused) as caught:
        desk.register.open_shift(None, None)
    assert caught.value.code == "cover_open"
    assert desk.register.status().cover_open
    desk.sleep(2.5)
    desk.register.open_shift(None, None)
