"""All tasks but receipts: shift, cash, reports, non-fiscal slips, and the queries. A task is a mapping;
``json_text.dumps`` makes the text of it. Sums come in kopecks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from protocol.wire.atol.json_receipt import Task, operator, roubles
from protocol.wire.atol.json_text import Json


class Query(StrEnum):
    """Tasks that change nothing and take nothing."""

    DEVICE_STATUS = "getDeviceStatus"
    DEVICE_INFO = "getDeviceInfo"
    SHIFT_STATUS = "getShiftStatus"
    SHIFT_TOTALS = "getShiftTotals"
    FN_INFO = "getFnInfo"
    FN_STATUS = "getFnStatus"
    CASH_DRAWER_STATUS = "getCashDrawerStatus"
    OFD_EXCHANGE_STATUS = "ofdExchangeStatus"
    REGISTRATION_INFO = "getRegistrationInfo"


def query(which: Query) -> Task:
    return {"type": which.value}


def last_fiscal_params(*, for_receipt: bool) -> Task:
    """Of the last receipt, or of the last document of any kind."""
    return {"type": "getLastFiscalParams", "forReceipt": for_receipt}


def fn_document(fd: int) -> Task:
    """A registered document with its TLV, as far as the drive still keeps it."""
    return {"type": "getFnDocument", "fiscalDocumentNumber": fd, "withRawData": True}


# --- shift, cash, reports ---------------------------------------------------------------------------------------------


def open_shift(cashier_name: str | None, cashier_inn: str | None) -> Task:
    return {"type": "openShift", **_by(cashier_name, cashier_inn)}


def close_shift(cashier_name: str | None, cashier_inn: str | None) -> Task:
    return {"type": "closeShift", **_by(cashier_name, cashier_inn)}


def cash_in(amount: int, cashier_name: str | None) -> Task:
    return {"type": "cashIn", **_by(cashier_name, None), "cashSum": roubles(amount)}


def cash_out(amount: int, cashier_name: str | None) -> Task:
    return {"type": "cashOut", **_by(cashier_name, None), "cashSum": roubles(amount)}


def _by(name: str | None, inn: str | None) -> Task:
    return {} if name is None else {"operator": operator(name, inn)}


def report_x() -> Task:
    return {"type": "reportX"}


def print_last_receipt_copy() -> Task:
    return {"type": "printLastReceiptCopy"}


def continue_print() -> Task:
    """Harmless when nothing waits to be printed."""
    return {"type": "continuePrint"}


def open_cash_drawer() -> Task:
    return {"type": "openCashDrawer"}


# --- slips ------------------------------------------------------------------------------------------------------------

BARCODES: Mapping[str, str] = MappingProxyType(
    {
        "qr": "QR",
        "ean13": "EAN13",
        "ean8": "EAN8",
        "code39": "CODE39",
        "code128": "CODE128",
        "itf": "ITF",
        "pdf417": "PDF417",
    }
)
"""Our kinds of barcode in the language's words."""

LINEAR_SCALE = 1
SCALES: Mapping[str, int] = MappingProxyType({"qr": 4, "pdf417": 2})
"""A linear barcode's module was seen to be two dots at scale 1 and four at scale 2, where an EAN-13 fills the narrow
paper. What is too wide the library refuses (156)."""

ALIGNMENTS: Mapping[str, str] = MappingProxyType({"left": "left", "centre": "center", "right": "right"})


@dataclass(frozen=True, slots=True)
class Text:
    """One line; ``align`` is left, centre or right. The library wraps what is longer than the paper."""

    text: str
    align: str = "left"
    wide: bool = False

    def item(self) -> Task:
        item: Task = {"type": "text", "text": self.text, "alignment": ALIGNMENTS[self.align], "wrap": "words"}
        return item | {"doubleWidth": True} if self.wide else item


@dataclass(frozen=True, slots=True)
class Barcode:
    """``kind`` is a key of ``BARCODES``."""

    kind: str
    value: str
    align: str = "centre"

    def item(self) -> Task:
        return {
            "type": "barcode",
            "barcode": self.value,
            "barcodeType": BARCODES[self.kind],
            "alignment": ALIGNMENTS[self.align],
            "scale": SCALES.get(self.kind, LINEAR_SCALE),
        }


def non_fiscal(items: Sequence[Text | Barcode], *, footer: bool = True) -> Task:
    """A slip. ``footer``: the register finishes it with its own footer, feed and cut, as it does by itself."""
    slip: list[Json] = [item.item() for item in items]
    task: Task = {"type": "nonFiscal", "items": slip}
    return task if footer else task | {"printFooter": False}
