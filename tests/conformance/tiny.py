"""A driver, its simulated register and a bench, as somebody else's package has them: smaller than any real one.

The register takes one Python object per command and answers with one; its channel can lose either. It knows receipts,
shifts and cash, has no printer and no format but one. This file is copied into a package of its own by
``test_outside_package``; it imports nothing but the interface.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from drivers.api import (
    Capabilities,
    CashCounters,
    CloseReply,
    DocumentKind,
    FiscalDocument,
    FiscalRegister,
    Health,
    Identity,
    Paper,
    ShiftState,
    ShiftTotals,
    SlipBarcode,
    SlipText,
    Status,
)
from drivers.conformance.bench import Bench, Desk, Fate, Need, Setting, Step, Truth
from drivers.conformance.catalogue import behaviours
from drivers.errors import InDoubt, NotSent, Refused
from drivers.registry import Driver, Opening
from protocol.ffd.planned import PlannedReceipt

TIMES = MappingProxyType({"query": 1.0, "fill": 5.0, "close": 5.0, "cancel": 5.0, "shift": 5.0, "report": 5.0})
START = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001  # a register has local time only
NO = "E7"


class No(Exception):
    def __init__(self, code: str, vendor: str) -> None:
        self.code, self.vendor = code, vendor


@dataclass
class Device:
    """The simulated register."""

    seconds: float = 0.0
    open_lines: list[Any] | None = None
    head: Mapping[str, Any] = field(default_factory=dict)
    documents: list[dict[str, Any]] = field(default_factory=list)
    shift: int = 0
    opened_at: float | None = None
    receipts: int = 0
    drawer: int = 0
    sums: dict[str, int] = field(default_factory=lambda: {"in": 0, "out": 0, "ins": 0, "outs": 0, "running": 0})
    came: list[Step] = field(default_factory=list)
    fates: list[tuple[Step, Fate]] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        self.keep("registration", {})

    def at(self) -> datetime:
        return (START + timedelta(seconds=self.seconds)).replace(second=0)

    def keep(self, kind: str, tags: Mapping[str, Any]) -> dict[str, Any]:
        fd = len(self.documents) + 1
        made = {"fd": fd, "type": kind, "fpd": str(900 + fd), "at": self.at().isoformat(), "tags": dict(tags)}
        self.documents.append(made)
        return made

    def execute(self, step: Step, value: Any) -> Any:
        match step:
            case Step.OPEN_SHIFT | Step.CLOSE_SHIFT:
                opens = step is Step.OPEN_SHIFT
                if opens == (self.opened_at is not None):
                    raise No("wrong_state", "01")
                if self.open_lines is not None:
                    raise No("document_open", "02")
                self.opened_at, self.receipts = self.seconds if opens else None, 0
                self.shift += opens
                self.sums |= {"in": 0, "out": 0} if opens else {}
                self.keep("open_shift" if opens else "close_shift", {"1038": self.shift, **value})
            case Step.OPEN:
                if self.open_lines is not None:
                    raise No("document_open", "02")
                if self.opened_at is None:
                    raise No("shift_closed", "03")
                if self.seconds - self.opened_at > 24 * 3600:
                    raise No("shift_expired", "04")
                self.open_lines, self.head = [], value
            case Step.LINE:
                self.lines().append(value)
            case Step.CLOSE:
                return self.close(value)
            case Step.CANCEL:
                self.lines()
                self.open_lines = None
            case Step.CASH_IN | Step.CASH_OUT:
                self.move(step, value)
        return None

    def lines(self) -> list[Any]:
        if self.open_lines is None:
            raise No("document_closed", "05")
        return self.open_lines

    def close(self, paid: Sequence[int]) -> tuple[int, str, int]:
        total = sum(line["1043"] for line in self.lines())
        if sum(paid) < total:
            raise No("payment_short", "06")
        if sum(paid[1:]) > total:
            raise No("cashless_over", "07")
        self.receipts += 1
        self.drawer += (total - sum(paid[1:])) * (1 if self.head["1054"] in (1, 4) else -1)
        tags = {**self.head, "1020": rub(total), "1031": rub(total - sum(paid[1:])), "1081": rub(paid[1])}
        tags |= {"1038": self.shift, "1042": self.receipts, "1059": [shown(line) for line in self.lines()]}
        self.open_lines = None
        made = self.keep("receipt", tags)
        return made["fd"], made["fpd"], sum(paid) - total

    def move(self, step: Step, amount: int) -> None:
        way = "in" if step is Step.CASH_IN else "out"
        if way == "out" and amount > self.drawer:
            raise No("cash_short", "08")
        self.drawer += amount if way == "in" else -amount
        self.sums[way] += amount
        self.sums[way + "s"] += 1
        self.sums["running"] += 1


def rub(kopecks: int) -> str:
    return f"{kopecks // 100}.{kopecks % 100:02d}"


def kopecks(text: str) -> int:
    return int(text.replace(".", ""))


def shown(line: Mapping[str, Any]) -> dict[str, Any]:
    return {**line, "1043": rub(line["1043"]), "1079": rub(line["1079"]), "1023": str(line["1023"])}


class Tiny(FiscalRegister):
    """The driver: every command is one message and one answer."""

    def __init__(self, device: Device) -> None:
        self.capabilities = Capabilities(
            has_imprint=False, has_task_id=False, task_id_durable=False, can_cancel_open=True, can_read_archive=True,
            columns=40, max_time=TIMES,
        )  # fmt: skip
        self._device = device
        self._open = False

    def _connected(self) -> Device:
        if not self._open:
            raise NotSent("device_offline")
        return self._device

    def _ask(self, step: Step | None = None) -> Device:
        """A question."""
        device = self._connected()
        device.sent += 1
        if self._fate(step) is Fate.SILENCE:
            self._open = False
            raise InDoubt("no_reply")
        return device

    def _fate(self, step: Step | None) -> Fate | None:
        device = self._device
        met = [fate for each, fate in device.fates if each is step]
        device.fates = [each for each in device.fates if each[0] is not step]
        return met[0] if met else None

    def _do(self, step: Step, value: Any = None, pace: str = "fill") -> Any:
        device = self._connected()
        device.sent += 1
        fate = self._fate(step)
        if fate is Fate.CUT:
            self._open = False
            raise InDoubt("link_lost", remaining=TIMES[pace])
        if fate is Fate.SILENCE:
            device.seconds += TIMES[pace]
            self._open = False
            raise InDoubt("no_reply")
        device.came.append(step)
        if fate is Fate.REFUSED:
            raise Refused("register_fault", vendor=NO)
        try:
            answer = device.execute(step, value)
        except No as no:
            raise Refused(no.code, vendor=no.vendor) from no
        if fate is Fate.ANSWER_LOST:
            self._open = False
            raise InDoubt("link_lost", remaining=TIMES[pace])
        return answer

    def _cannot(self, what: str) -> Refused:
        self._connected()
        return Refused("unsupported", what)

    def connect(self) -> Identity:
        self._open = True
        return Identity("TINY", "T1", "9999T1", "0001", "7700000000", "1.2", taxation=1 | 32)

    def disconnect(self) -> None:
        self._open = False

    def status(self) -> Status:
        device = self._ask(Step.STATUS)
        expired = device.opened_at is not None and device.seconds - device.opened_at > 24 * 3600
        shift = ShiftState.CLOSED if device.opened_at is None else ShiftState.OPEN
        return Status(
            register_serial="T1", fn_serial="9999T1", shift=ShiftState.EXPIRED if expired else shift,
            shift_number=device.shift, receipt_in_shift=device.receipts, document_open=device.open_lines is not None,
            fn_document_open=device.open_lines is not None, last_fd=len(device.documents), busy=False,
            paper=Paper.PRESENT, cover_open=False, at=device.at(), drawer=device.drawer,
        )  # fmt: skip

    def document(self, fd: int) -> FiscalDocument | None:
        held = next((each for each in self._ask(Step.DOCUMENT).documents if each["fd"] == fd), None)
        if held is None:
            return None
        tags, receipt = held["tags"], held["type"] == "receipt"
        return FiscalDocument(
            DocumentKind(held["type"]), fd, held["fpd"], datetime.fromisoformat(held["at"]),
            sign=tags["1054"] if receipt else None, total=kopecks(tags["1020"]) if receipt else None,
            shift_number=tags.get("1038"), receipt_in_shift=tags.get("1042"), imprint="", tags=tags,
        )  # fmt: skip

    def health(self) -> Health:
        self._ask()
        return Health()

    def _people(self, name: str | None, inn: str | None) -> dict[str, str]:
        return {tag: value for tag, value in (("1021", name), ("1203", inn)) if value is not None}

    def open_shift(self, cashier_name: str | None, cashier_inn: str | None) -> None:
        self._do(Step.OPEN_SHIFT, self._people(cashier_name, cashier_inn), "shift")

    def close_shift(self, cashier_name: str | None, cashier_inn: str | None) -> None:
        self._do(Step.CLOSE_SHIFT, self._people(cashier_name, cashier_inn), "shift")

    def x_report(self) -> None:
        raise self._cannot("no printer")

    def shift_totals(self) -> ShiftTotals:
        device = self._ask()
        ours = [d["tags"] for d in device.documents if d["type"] == "receipt" and d["tags"]["1038"] == device.shift]
        by_sign = {sign: [tags for tags in ours if tags["1054"] == sign] for sign in (1, 2, 3, 4)}
        totals = {
            tag: {sign: sum(kopecks(tags[tag]) for tags in found) for sign, found in by_sign.items()}
            for tag in ("1020", "1031", "1081")
        }
        return ShiftTotals(
            {sign: len(found) for sign, found in by_sign.items()}, totals["1020"], totals["1031"], totals["1081"],
            device.sums["in"], device.sums["out"], device.drawer,
        )  # fmt: skip

    def cash_counters(self) -> CashCounters:
        device = self._ask()
        told = device.sums
        return CashCounters(told["running"], device.drawer, told["in"], told["out"], told["ins"], told["outs"])

    def cash_in(self, amount: int, cashier_name: str | None) -> None:
        self._do(Step.CASH_IN, amount, "report")

    def cash_out(self, amount: int, cashier_name: str | None) -> None:
        self._do(Step.CASH_OUT, amount, "report")

    def print_slip(self, lines: Sequence[SlipText | SlipBarcode], *, cut: bool) -> None:
        raise self._cannot("no printer")

    def print_copy(self) -> None:
        raise self._cannot("no printer")

    def open_drawer(self) -> None:
        raise self._cannot("no drawer")

    def check_receipt(self, receipt: PlannedReceipt) -> None:
        self._connected()
        if receipt.taxation not in (1, 32):
            raise Refused("taxation_not_registered")
        if receipt.cashless:
            raise Refused("not_expressible", "1234")
        if any(line.quantity != round(line.quantity, 3) for line in receipt.lines):
            raise Refused("bad_parameter", "three decimal places")

    def fill_receipt(self, receipt: PlannedReceipt, on_progress: Callable[[int, int], None]) -> None:
        self.check_receipt(receipt)
        head = {"1054": receipt.sign, "1055": receipt.taxation, "1008": receipt.buyer_contact}
        head |= self._people(receipt.cashier_name, receipt.cashier_inn)
        self._do(Step.OPEN, {tag: value for tag, value in head.items() if value is not None})
        for done, line in enumerate(receipt.lines, start=1):
            tags = {"1030": line.name, "1079": line.price, "1023": line.quantity, "1043": line.total}
            codes = {"1199": line.vat.code, "1214": line.payment_method, "1212": line.payment_object}
            self._do(Step.LINE, {**tags, **codes})
            on_progress(done, len(receipt.lines))

    def subtotal(self) -> int:
        lines = self._ask().open_lines
        if lines is None:
            raise Refused("document_closed")
        return sum(line["1043"] for line in lines)

    def close_receipt(self, receipt: PlannedReceipt) -> CloseReply:
        paid = receipt.payments
        fd, fpd, change = self._do(Step.CLOSE, (receipt.cash_tendered, paid.card), "close")
        return CloseReply(fd, fpd, change)

    def cancel_document(self) -> None:
        if self._ask().open_lines is not None:
            self._do(Step.CANCEL, None, "cancel")

    def continue_print(self) -> None:
        self._ask()
        raise Refused("wrong_state", "no printer")


def open_tiny(opening: Opening) -> FiscalRegister:
    """Nothing of it is anywhere else: no channel is asked for, and every opening is a fresh register."""
    return Tiny(Device())


DRIVER = Driver(open_tiny, schemes=("sim",))
"""What the package's entry point names."""


class TinyDesk(Desk):
    def __init__(self) -> None:
        self.device = Device()
        self.driver = Tiny(self.device)

    def now(self) -> float:
        return self.device.seconds

    def sleep(self, seconds: float) -> None:
        self.device.seconds += seconds

    def truth(self) -> Truth:
        device = self.device
        lines = device.open_lines
        return Truth(
            identity={"serial": "T1", "fn": "9999T1", "rnm": "0001", "inn": "7700000000", "ffd": "1.2"},
            documents=[dict(each) for each in device.documents], shift_open=device.opened_at is not None,
            open_total=None if lines is None else sum(line["1043"] for line in lines), drawer=device.drawer,
            printed=(), pulses=0,
        )  # fmt: skip

    def received(self, step: Step) -> int:
        return self.device.came.count(step)

    def bytes_sent(self) -> int:
        return self.device.sent

    def fate(self, step: Step, fate: Fate, *, nth: int = 1, seconds: float = 0.0) -> str | None:
        self.device.fates += [(step, fate)]
        return NO if fate is Fate.REFUSED else None


NO_PRINTER, CASH_AND_CARD = "this register has no printer", "this register knows cash and card"
EXEMPT: dict[str, str] = {
    **dict.fromkeys(("x_report", "print_slip", "print_copy", "open_drawer"), NO_PRINTER),
    **dict.fromkeys(("slip.", "copy.", "drawer.", "x-report.", "refused.slip", "receipt.printed"), NO_PRINTER),
    "receipt.electronic": NO_PRINTER,
    **dict.fromkeys(("receipt.every-payment", "totals.not-cash", "archive.tags"), CASH_AND_CARD),
    "receipt.rounding": "this register takes no kopecks off",
    "format.1.2": "this register has few tags",
}
"""What the names of behaviours begin with."""


@dataclass(frozen=True)
class TinyBench(Bench):
    def make(self, settings: frozenset[Setting]) -> TinyDesk:
        return TinyDesk()


OFFERS: frozenset[Need] = frozenset((Fate.CUT, Fate.ANSWER_LOST, Fate.REFUSED, Fate.SILENCE, Setting.FFD_12))


def bench() -> TinyBench:
    names = [each.name for each in behaviours()]
    exempt = {name: why for name in names for start, why in EXEMPT.items() if name.startswith(start)}
    return TinyBench("tiny", "only", OFFERS, exempt)
