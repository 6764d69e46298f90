"""A planned receipt as ATOL commands. Everything that can be wrong is found here, before a byte is sent.

What has not been seen on the wire is refused by name: rates of 5, 7 and 22 %, and the whole of FFD 1.2. The vendor's
driver library makes such receipts (driver ``atol-lib``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drivers.errors import Refused
from drivers.fiscal.atol_wire.profile import Profile
from protocol.ffd import forms
from protocol.ffd.planned import PlannedLine, PlannedReceipt
from protocol.ffd.tlv import TlvError, Value, encode
from protocol.ffd.vat import Vat
from protocol.wire.atol.command import Command, Done
from protocol.wire.atol.operations import (
    BeginPosition,
    Discount,
    EndPosition,
    OpenReceipt,
    Payment,
    PaymentType,
    Position,
    ReceiptType,
    Tax,
    WriteRequisite,
)
from protocol.wire.layout import LayoutError

SERVED = ("1.05", "1.1")
ADVICE = "use the driver atol-lib"
TYPES: Mapping[int, ReceiptType] = {
    1: ReceiptType.SELL,
    2: ReceiptType.SELL_RETURN,
    3: ReceiptType.BUY,
    4: ReceiptType.BUY_RETURN,
}
"""Tag 1054 → type of 92h."""
TAXES: Mapping[Vat, Tax] = {
    Vat.VAT20: Tax.VAT20,
    Vat.VAT10: Tax.VAT10,
    Vat.VAT120: Tax.VAT120,
    Vat.VAT110: Tax.VAT110,
    Vat.VAT0: Tax.VAT0,
    Vat.NONE: Tax.NONE,
}
PEOPLE = (1021, 1203)
"""Tags that are written before the receipt is opened, as for every other operation."""
IMPRINT = 1084


@dataclass(frozen=True, slots=True)
class ReceiptCommands:
    before: tuple[WriteRequisite, ...]
    open: OpenReceipt
    head: tuple[WriteRequisite, ...]
    positions: tuple[tuple[Command[Done], ...], ...]
    discount: Discount | None
    payments: tuple[Payment, ...]  # cash last, so that the register computes the change


@dataclass(frozen=True, slots=True)
class Registered:
    """What of the registration decides."""

    ffd: str
    taxation: int | None  # mask; ``None``: not told


def check(receipt: PlannedReceipt, registered: Registered, profile: Profile) -> None:
    """Raises ``Refused``: ``not_expressible``, ``taxation_not_registered``, ``unsupported``."""
    ffd = registered.ffd
    if ffd not in forms.VERSIONS:
        raise Refused("unsupported", f"the register's format version {ffd or 'unknown'} is not served")
    if ffd not in SERVED:
        raise Refused(
            "not_expressible",
            f"tag 2108 (items[].unit): how a receipt of FFD {ffd} is written over the wire is not known; {ADVICE}",
        )
    missing = forms.not_expressible(receipt, ffd)
    if missing:
        named = ", ".join(f"{each.tag} ({each.field})" for each in missing)
        raise Refused("not_expressible", f"tag {named}: the register's format is FFD {ffd}")
    for at, line in enumerate(receipt.lines):
        if line.vat not in TAXES:
            raise Refused(
                "not_expressible",
                f"tag 1199 (items[{at}].vat): the wire's code of {line.vat.value} is not known; {ADVICE}",
            )
    if receipt.cashless:
        raise Refused(
            "not_expressible", f"tag 1234 (cashless_details): how it is written over the wire is not known; {ADVICE}"
        )
    if receipt.imprint is not None and not profile.imprint:
        raise Refused("not_expressible", "tag 1084 (imprint): switched off in the profile (imprint.write)")
    if registered.taxation is not None and not receipt.taxation & registered.taxation:
        raise Refused(
            "taxation_not_registered", f"tag 1055 is {receipt.taxation}, registered are {registered.taxation}"
        )


def commands_for(receipt: PlannedReceipt, profile: Profile, registered: Registered) -> ReceiptCommands:
    """Raises ``Refused``: what ``check`` does, and ``bad_parameter``."""
    check(receipt, registered, profile)
    records = forms.head_records(receipt, registered.ffd)
    try:
        commands = ReceiptCommands(
            before=tuple(_requisite(tag, value) for tag, value in records if tag in PEOPLE),
            open=OpenReceipt(0 if receipt.print else OpenReceipt.ELECTRONIC, TYPES[receipt.sign]),
            head=(
                *(_requisite(tag, value) for tag, value in records if tag not in PEOPLE),
                _requisite(1055, receipt.taxation),
            ),
            positions=tuple(_position(line, profile, registered.ffd) for line in receipt.lines),
            discount=Discount(0, receipt.rounding) if receipt.rounding else None,
            payments=tuple(_payments(receipt)),
        )
        for command in _all(commands):
            command.to_bytes()
    except (TlvError, LayoutError, KeyError) as error:
        raise Refused("bad_parameter", str(error)) from error
    return commands


def cashier_requisites(name: str | None, inn: str | None) -> tuple[WriteRequisite, ...]:
    """Raises ``Refused`` (``bad_parameter``)."""
    try:
        return tuple(
            _requisite(tag, value) for tag, value in zip(PEOPLE, (name, inn), strict=True) if value is not None
        )
    except TlvError as error:
        raise Refused("bad_parameter", str(error)) from error


def _requisite(tag: int, value: Value) -> WriteRequisite:
    return WriteRequisite(encode(tag, value))


def _position(line: PlannedLine, profile: Profile, ffd: str) -> tuple[Command[Done], ...]:
    quantity = line.quantity.scaleb(EndPosition.QUANTITY_PLACES)
    if quantity != quantity.to_integral_value():
        raise LayoutError(f"quantity {line.quantity}: at most {EndPosition.QUANTITY_PLACES} decimal places")
    end = EndPosition(
        flags=Position.ALWAYS | Position.DEVICE_COMPUTES_TAX,
        price=line.price,
        quantity=int(quantity),
        total=line.total,
        tax=TAXES[line.vat],
        tax_sum=0,
        department=profile.department,
        payment_object=line.payment_object,
        payment_method=line.payment_method,
        discount=bytes(8),
        reserved=bytes(2),
        name=line.name,
    )
    return (BeginPosition(), *(_requisite(tag, value) for tag, value in forms.line_records(line, ffd)), end)


def _payments(receipt: PlannedReceipt) -> Iterator[Payment]:
    paid = receipt.payments
    sums = (
        (PaymentType.ELECTRONIC, paid.card),
        (PaymentType.PREPAID, paid.prepaid),
        (PaymentType.CREDIT, paid.credit),
        (PaymentType.OTHER, paid.other),
        (PaymentType.CASH, receipt.cash_tendered),
    )
    return (Payment(kind, amount) for kind, amount in sums if amount)


def _all(commands: ReceiptCommands) -> Iterator[Command[Any]]:
    yield from commands.before
    yield commands.open
    yield from commands.head
    for position in commands.positions:
        yield from position
    if commands.discount is not None:
        yield commands.discount
    yield from commands.payments
