"""Handlers: shift, receipt, cash. See ``commands`` for the contract."""

from __future__ import annotations

from drivers.simulators.atol import receipts
from drivers.simulators.atol.core import Core
from drivers.simulators.atol.reasons import Reason, Refusal
from drivers.simulators.atol.state import Position
from drivers.simulators.atol.wire import Args, bcd

ELECTRONIC = 0x04
"""Bit of 92's flags: no paper."""
COMPUTES = 0x08
"""Bit of EB's flags: the register computes the tax of the position."""
GOODS, FULL_PAYMENT = 1, 4
"""What 0 stands for in a position: the vendor's library sends it for what its task does not name."""
TAXES = range(1, 7)
"""Tag 1199 as far as the wire's codes are known: 20 %, 10 %, 20/120, 10/110, 0 %, none."""
LONGEST_TEXT = 250
DISCOUNT, SURCHARGE = 0, 1


def open_shift(core: Core, args: Args) -> bytes:
    args.byte()
    if args.left > LONGEST_TEXT:
        raise Refusal(Reason.INVALID_COMMAND_LENGTH)
    args.text()  # printed by a real one in its report; here it goes nowhere
    core.open_shift()
    return b""


def close_shift(core: Core, args: Args) -> bytes:
    args.end()
    core.close_shift()
    return b""


def write_requisite(core: Core, args: Args) -> bytes:
    """``01 01 00`` and one TLV: a requisite in several blocks is not described."""
    _flags, blocks, block = args.byte(), args.byte(), args.byte()
    data = args.rest()
    if blocks != 1 or block:
        raise Refusal(Reason.NOT_SUPPORTED)
    if len(data) < 4 or int.from_bytes(data[2:4], "little") != len(data) - 4:
        raise Refusal(Reason.INVALID_COMMAND_LENGTH)
    if core.state.receipt is None:
        core.say(data)
    else:
        receipts.requisite(core, data)
    return b""


def open_receipt(core: Core, args: Args) -> bytes:
    flags, kind = args.byte(), args.byte()
    args.end()
    receipts.begin(core, kind, electronic=bool(flags & ELECTRONIC))
    return b""


def begin_position(core: Core, args: Args) -> bytes:
    """``00 01 00`` in every observation."""
    if args.take(3) != b"\x00\x01\x00":
        raise Refusal(Reason.INCORRECT_DATA)
    args.end()
    receipts.begin_position(core)
    return b""


def end_position(core: Core, args: Args) -> bytes:
    flags, price, quantity, total = args.byte(), args.bcd(7), args.bcd(5), args.bcd(7)
    tax, tax_sum, department = args.byte(), args.bcd(7), args.bcd(1)
    subject, method = args.bcd(1) or GOODS, args.byte() or FULL_PAYMENT
    _sign, _information = args.byte(), args.bcd(7)
    args.take(2)
    name = args.text()
    if tax not in TAXES:
        raise Refusal(Reason.INCORRECT_DATA)
    own = None if flags & COMPUTES else tax_sum
    made = Position(name, price, quantity, total, tax, department, subject, method, own)
    receipts.position(core, made)
    return b""


def tax(core: Core, args: Args) -> bytes:
    args.take(2)
    code, amount = args.byte(), args.bcd(5)
    args.end()
    if code not in TAXES:
        raise Refusal(Reason.INCORRECT_DATA)
    receipts.tax(core, code, amount)
    return b""


def discount(core: Core, args: Args) -> bytes:
    args.take(3)
    sign, amount = args.byte(), args.bcd(5)
    args.end()
    if sign == SURCHARGE:
        raise Refusal(Reason.DISCOUNT_DENIED)
    if sign != DISCOUNT:
        raise Refusal(Reason.INCORRECT_DATA)
    receipts.discount(core, amount)
    return b""


def payment(core: Core, args: Args) -> bytes:
    args.byte()
    kind, amount = args.byte(), args.bcd(5)
    args.end()
    remainder, change = receipts.pay(core, kind, amount)
    return bcd(remainder, 5) + bcd(change, 5)


def close(core: Core, args: Args) -> bytes:
    args.byte()
    kind, amount = args.byte(), args.bcd(5)
    args.end()
    receipts.close(core, kind, amount)
    return b""


def cancel(core: Core, args: Args) -> bytes:
    args.end()
    receipts.cancel(core)
    return b""


def cash_in(core: Core, args: Args) -> bytes:
    args.byte()
    amount = args.bcd(5)
    args.end()
    core.move_cash(amount)
    return b""


def cash_out(core: Core, args: Args) -> bytes:
    args.byte()
    amount = args.bcd(5)
    args.end()
    core.move_cash(-amount)
    return b""


def cash_in_drawer(core: Core, args: Args) -> bytes:
    """4D has a head of its own."""
    args.end()
    return b"\x4d" + bcd(core.state.counters.drawer, 7)
