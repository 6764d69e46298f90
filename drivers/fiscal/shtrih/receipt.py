"""A planned receipt as Shtrih-M commands. Everything that can be wrong is found here, before a byte is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drivers.errors import Refused
from drivers.fiscal.shtrih.profile import Profile
from drivers.fiscal.shtrih.settings import Settings
from protocol.ffd import forms
from protocol.ffd.planned import PlannedLine, PlannedReceipt
from protocol.ffd.tlv import TlvError, encode
from protocol.wire.layout import LayoutError
from protocol.wire.shtrih.commands import (
    TLV_ROOM,
    CloseReceipt,
    Command,
    OpenReceipt,
    Operation,
    SendLineTags,
)

OPEN_KIND = {1: 0, 2: 2, 3: 1, 4: 3}
"""Tag 1054 → type of 8Dh, which swaps return of income and expense."""

UNPRINTED = "//"
"""A name that begins so goes to the OFD and not on the paper."""

ATTRIBUTE = 1084
"""The user's requisite, which carries the imprint."""

_ELECTRONIC, _PREPAID, _CREDIT, _OTHER = 1, 13, 14, 15  # places among the sixteen sums of the closing command


@dataclass(frozen=True, slots=True)
class Position:
    """Commands of one line, in order."""

    commands: tuple[Command[Any], ...]


@dataclass(frozen=True, slots=True)
class ReceiptCommands:
    open: OpenReceipt
    head: tuple[bytes, ...]  # one tag each; ``tags.send`` knows how a long one is sent
    positions: tuple[Position, ...]
    tail: tuple[bytes, ...]
    """What the document is recognised by, after the lines: one that somebody cancels between its opening and its first
    line is opened anew by that line, and its subtotal would be right."""
    close: CloseReceipt


def check(receipt: PlannedReceipt, settings: Settings) -> None:
    """Whether this register can make the receipt at all, by what ``connect`` has read. Raises ``Refused``:
    ``not_expressible``, ``taxation_not_registered``, ``tax_by_host``, ``vat20_autoreplace``, ``vat_rate_missing``,
    ``unsupported``."""
    if settings.ffd not in forms.VERSIONS:
        raise Refused("unsupported", f"the register's format version {settings.ffd or 'unknown'} is not served")
    missing = forms.not_expressible(receipt, settings.ffd)
    if missing:
        named = ", ".join(f"{each.tag} ({each.field})" for each in missing)
        raise Refused("not_expressible", f"tag {named}: the register's format is FFD {settings.ffd}")
    if settings.taxation is not None and not receipt.taxation & settings.taxation:
        raise Refused("taxation_not_registered", f"tag 1055 is {receipt.taxation}, registered are {settings.taxation}")
    if settings.tax_by_host:
        raise Refused("tax_by_host", "table 1 field 14 is not 0: the register expects tax sums from the host")
    if not receipt.print and settings.printing is None:
        raise Refused("unsupported", "this model cannot keep a receipt off the paper (table 17 field 7)")
    for line in receipt.lines:
        settings.row_of(line.vat)


def commands_for(receipt: PlannedReceipt, profile: Profile, settings: Settings) -> ReceiptCommands:
    """Raises ``Refused``: what ``check`` does, and ``bad_parameter``."""
    check(receipt, settings)
    records = forms.head_records(receipt, settings.ffd)
    try:
        commands = ReceiptCommands(
            OpenReceipt(profile.password, OPEN_KIND[receipt.sign]),
            tuple(encode(tag, value) for tag, value in records if tag != ATTRIBUTE),
            tuple(_position(receipt, line, profile, settings) for line in receipt.lines),
            tuple(encode(tag, value) for tag, value in records if tag == ATTRIBUTE),
            _close(receipt, profile),
        )
        for command in _all(commands):
            command.to_bytes()
    except (TlvError, LayoutError, KeyError) as error:
        raise Refused("bad_parameter", str(error)) from error
    return commands


def _position(receipt: PlannedReceipt, line: PlannedLine, profile: Profile, settings: Settings) -> Position:
    quantity = line.quantity.scaleb(Operation.QUANTITY_PLACES)
    if quantity != quantity.to_integral_value():
        raise LayoutError(f"quantity {line.quantity}: at most {Operation.QUANTITY_PLACES} decimal places")
    if line.name.startswith(UNPRINTED):
        raise LayoutError(f"name {line.name!r}: what begins with {UNPRINTED} is not printed by this family")
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
    tags = (_line_tag(tag, encode(tag, value)) for tag, value in forms.line_records(line, settings.ffd))
    return Position((operation, *(SendLineTags(profile.password, tlv) for tlv in tags)))


def _line_tag(tag: int, tlv: bytes) -> bytes:
    """A document's tags may pass through the register's buffer, a line's only through one command."""
    if len(tlv) > TLV_ROOM:
        raise Refused("not_expressible", f"tag {tag}: {len(tlv)} bytes where the register takes {TLV_ROOM}")
    return tlv


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
        rounding=receipt.rounding,
        taxes=(),
        tax_system=receipt.taxation,
        text="",
    )


def _all(commands: ReceiptCommands) -> Iterator[Command[Any]]:
    yield commands.open
    for position in commands.positions:
        yield from position.commands
    yield commands.close
