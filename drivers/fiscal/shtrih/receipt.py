"""A planned receipt as Shtrih-M commands. Everything that can be wrong is found here, before a byte is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drivers.errors import Refused
from drivers.fiscal.shtrih.profile import Profile
from drivers.fiscal.shtrih.settings import Settings
from protocol.ffd.planned import PlannedLine, PlannedReceipt
from protocol.ffd.tlv import TlvError, Value, encode
from protocol.wire.layout import LayoutError
from protocol.wire.shtrih.commands import CloseReceipt, Command, OpenReceipt, Operation, SendLineTags, SendTags

IMPRINT_NAME = "ID"
OPEN_KIND = {1: 0, 2: 2, 3: 1, 4: 3}
"""Tag 1054 → type of 8Dh, which swaps return of income and expense."""

_ELECTRONIC, _PREPAID, _CREDIT, _OTHER = 1, 13, 14, 15  # places among the sixteen sums of the closing command


@dataclass(frozen=True, slots=True)
class Position:
    """Commands of one line, in order."""

    commands: tuple[Command[Any], ...]


@dataclass(frozen=True, slots=True)
class ReceiptCommands:
    open: OpenReceipt
    head: tuple[Command[Any], ...]
    positions: tuple[Position, ...]
    close: CloseReceipt


def commands_for(receipt: PlannedReceipt, profile: Profile, settings: Settings) -> ReceiptCommands:
    """Raises ``Refused``: ``vat20_autoreplace``, ``vat_rate_missing``, ``unsupported``, ``bad_parameter``."""
    if settings.tax_by_host:
        raise Refused("unsupported", "the register expects tax sums from the host (table 1 field 14); set it to 0")
    try:
        commands = ReceiptCommands(
            OpenReceipt(profile.password, OPEN_KIND[receipt.sign]),
            tuple(SendTags(profile.password, tlv) for tlv in _head_tags(receipt)),
            tuple(_position(receipt, line, profile, settings) for line in receipt.lines),
            _close(receipt, profile),
        )
        for command in _all(commands):
            command.to_bytes()
    except (TlvError, LayoutError, KeyError) as error:
        raise Refused("bad_parameter", str(error)) from error
    return commands


def cashier_tags(name: str | None, inn: str | None) -> tuple[bytes, ...]:
    """Raises ``TlvError``."""
    return (*_tag(1021, name), *_tag(1203, inn))


def _head_tags(receipt: PlannedReceipt) -> Iterator[bytes]:
    yield from cashier_tags(receipt.cashier_name, receipt.cashier_inn)
    yield from _tag(1008, receipt.buyer_contact)
    if receipt.imprint is not None:
        yield encode(1084, ((1085, IMPRINT_NAME), (1086, receipt.imprint)))


def _tag(number: int, value: Value | None) -> tuple[bytes, ...]:
    return () if value is None else (encode(number, value),)


def _position(receipt: PlannedReceipt, line: PlannedLine, profile: Profile, settings: Settings) -> Position:
    quantity = line.quantity.scaleb(Operation.QUANTITY_PLACES)
    if quantity != quantity.to_integral_value():
        raise LayoutError(f"quantity {line.quantity}: at most {Operation.QUANTITY_PLACES} decimal places")
    operation = Operation(
        password=profile.password,
        operation=receipt.sign,
        quantity=int(quantity),
        price=line.price,
        total=line.total,
        tax_sum=None,
        tax=profile.tax_byte(settings.row_of(line.vat)),
        department=profile.department,
        payment_method=line.payment_method,
        payment_object=line.payment_object,
        name=line.name,
    )
    if settings.ffd != "1.2":  # tag 2108 came with FFD 1.2
        return Position((operation,))
    return Position((operation, SendLineTags(profile.password, encode(2108, line.unit))))


def _close(receipt: PlannedReceipt, profile: Profile) -> CloseReceipt:
    sums = [0] * 16
    sums[0] = receipt.cash_tendered
    sums[_ELECTRONIC] = receipt.payments.card
    sums[_PREPAID] = receipt.payments.prepaid
    sums[_CREDIT] = receipt.payments.credit
    sums[_OTHER] = receipt.payments.other
    return CloseReceipt(
        password=profile.password,
        payments=tuple(sums),
        rounding=0,
        taxes=(),
        tax_system=receipt.taxation,
        text="",
    )


def _all(commands: ReceiptCommands) -> Iterator[Command[Any]]:
    yield commands.open
    yield from commands.head
    for position in commands.positions:
        yield from position.commands
    yield commands.close
