"""Every kind of job: the shape of its payload, and which device it is for.

Money is decimal roubles in text, as everywhere in the API. A receipt's own payload is ``protocol.ffd.receipt``, that
of a sale ``protocol.crm.sales``, of money at a terminal ``protocol.crm.payments``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, StringConstraints, model_validator

from protocol.crm.jobs import DeviceClass, JobKind
from protocol.crm.payments import MONEY_PAYLOADS
from protocol.crm.sales import SALE_TYPES
from protocol.ffd.receipt import Cashier, Kopecks, Text

MAX_PRINT_LINES = 200

Line = Annotated[Text, StringConstraints(max_length=200)]
Align = Literal["left", "centre", "right"]


def _positive(value: int) -> int:
    if value <= 0:
        raise ValueError("an amount above zero")
    return value


class _Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ShiftPayload(_Payload):
    """``open_shift``, ``close_shift``."""

    cashier: Cashier | None = None


class NothingPayload(_Payload):
    """``x_report``, ``open_drawer``, ``device_status``; ``settlement``, ``terminal_status`` of a terminal."""


class CashPayload(_Payload):
    """``cash_in``, ``cash_out``: money put into or taken out of the drawer, outside any settlement."""

    amount: Annotated[Kopecks, AfterValidator(_positive)]
    cashier: Cashier | None = None


class Barcode(_Payload):
    type: Literal["qr", "ean13", "ean8", "code39", "code128", "itf", "pdf417"]
    value: Annotated[Text, StringConstraints(min_length=1, max_length=500)]


class PrintLine(_Payload):
    """One line of free text, or one barcode: exactly one of the two."""

    text: Line | None = None
    barcode: Barcode | None = None
    align: Align = "left"
    bold: bool = False

    @model_validator(mode="after")
    def _one_thing(self) -> PrintLine:
        if (self.text is None) == (self.barcode is None):
            raise ValueError("exactly one of text and barcode")
        return self


class TextPayload(_Payload):
    """``print_text``: a non-fiscal slip."""

    lines: Annotated[tuple[PrintLine, ...], Strict(False), Field(min_length=1, max_length=MAX_PRINT_LINES)]
    cut: bool = True


class CopyPayload(_Payload):
    """``print_copy``: a non-fiscal copy of one document; without ``fd`` of the register's last one."""

    fd: Annotated[int, Field(ge=1, le=2**32 - 1)] | None = None


class DocumentPayload(_Payload):
    """``document``: one document of the archive with its tags."""

    fd: Annotated[int, Field(ge=1, le=2**32 - 1)]


PAYLOADS: Mapping[JobKind, type[_Payload]] = MappingProxyType(
    {
        JobKind.OPEN_SHIFT: ShiftPayload,
        JobKind.CLOSE_SHIFT: ShiftPayload,
        JobKind.X_REPORT: NothingPayload,
        JobKind.CASH_IN: CashPayload,
        JobKind.CASH_OUT: CashPayload,
        JobKind.PRINT_TEXT: TextPayload,
        JobKind.PRINT_COPY: CopyPayload,
        JobKind.OPEN_DRAWER: NothingPayload,
        JobKind.DEVICE_STATUS: NothingPayload,
        JobKind.DOCUMENT: DocumentPayload,
    }
)
"""Every register kind but ``receipt`` (``protocol.ffd``) and ``correction`` (not built)."""

TERMINAL_PAYLOADS: Mapping[JobKind, type[BaseModel]] = MappingProxyType(
    {**MONEY_PAYLOADS, JobKind.SETTLEMENT: NothingPayload, JobKind.TERMINAL_STATUS: NothingPayload}
)
"""Every kind of a card terminal."""

MODELS: Mapping[JobKind, type[BaseModel]] = MappingProxyType({**PAYLOADS, **TERMINAL_PAYLOADS})
"""Every kind whose payload is one model: all but a receipt and a sale."""

PROVEN_KINDS = frozenset({JobKind.OPEN_SHIFT, JobKind.CLOSE_SHIFT, JobKind.CASH_IN, JobKind.CASH_OUT})
"""INTENT, and evidence in the register's own records after doubt."""

PLAIN_KINDS = frozenset({JobKind.X_REPORT, JobKind.PRINT_TEXT, JobKind.PRINT_COPY, JobKind.OPEN_DRAWER})
"""No fiscal or money effect: a lost answer ends ``not_done``, unproven, and is never repeated by itself."""

READING_KINDS = frozenset({JobKind.DEVICE_STATUS, JobKind.DOCUMENT})
"""Read only: answered without INTENT, may be repeated."""

SUPPORTED = (JobKind.RECEIPT, *PAYLOADS, *SALE_TYPES, *TERMINAL_PAYLOADS)


def device_of(kind: JobKind) -> DeviceClass:
    """What a job of this kind is addressed to. A sale goes to the register; its terminal is the desk's."""
    return DeviceClass.TERMINAL if kind in TERMINAL_PAYLOADS else DeviceClass.REGISTER
