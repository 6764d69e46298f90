"""Command 91: registers, ``REG P1 P2``. BCD unless a comment says otherwise; each answers what the reference lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from drivers.simulators.atol.core import Core
from drivers.simulators.atol.reasons import Reason, Refusal
from drivers.simulators.atol.receipts import PAYMENTS, tax_sums
from drivers.simulators.atol.state import SIGNS
from drivers.simulators.atol.wire import Args, bcd, dmy, hm
from drivers.simulators.fiscal_drive import SHIFT_LIMIT, Archived

Read = Callable[[Core, int, int], bytes]
REGISTRATIONS = 12
"""How many times a drive may be registered."""
UNFINISHED = 0x10
"""Register 3B while a slip waits to be printed again."""
SUMMED = {0: 1, 1: 4, 2: 2, 3: 5}
"""Parameter of register 0C -> receipt type. 0C, 41 and 18 are as the vendor's library reads them (ADR 0018)."""
FORMATS = {2: 2, 3: 3, 4: 4}
"""Tag 1209 -> register 36: 2 is 1.05, 3 is 1.1, 4 is 1.2."""


def register(core: Core, args: Args) -> bytes:
    number, first, second = args.byte(), args.byte(), args.byte()
    args.end()
    read = REGISTERS.get(number)
    if read is None:
        raise Refusal(Reason.NOT_SUPPORTED)
    return read(core, first, second)


def _type(kind: int) -> int:
    if kind not in SIGNS:
        raise Refusal(Reason.INCORRECT_DATA)
    return kind


def _payments(core: Core, kind: int, payment: int) -> bytes:
    if not 1 <= payment <= 10:
        raise Refusal(Reason.INCORRECT_DATA)
    return bcd(core.state.counters.payments.get(f"{_type(kind)}.{payment}", 0), 6)


def _life(core: Core, kind: int, payment: int) -> bytes:
    if not 1 <= payment <= 10:
        raise Refusal(Reason.INCORRECT_DATA)
    return bcd(core.state.counters.life.get(f"{_type(kind)}.{payment}", 0), 7)


def _life_total(core: Core, kind: int, _: int) -> bytes:
    return bcd(sum(core.state.counters.life.get(f"{_type(kind)}.{payment}", 0) for payment in PAYMENTS), 7)


def _shift_total(core: Core, which: int, _: int) -> bytes:
    if which not in SUMMED:
        raise Refusal(Reason.INCORRECT_DATA)
    paid = core.state.counters.payments
    return bcd(sum(paid.get(f"{SUMMED[which]}.{payment}", 0) for payment in PAYMENTS), 7)


def _count(core: Core, kind: int, _: int) -> bytes:
    return bcd(core.state.counters.receipts.get(_type(kind), 0), 5)


def _clock(core: Core, _first: int, _second: int) -> bytes:
    now = core.now()
    return dmy(now) + hm(now) + bcd(now.second, 1)


def _shift(core: Core, _first: int, _second: int) -> bytes:
    opened = core.drive.state.shift_opened_at
    end = None if opened is None else opened + SHIFT_LIMIT
    return bytes([core.shift()]) + dmy(end) + hm(end) + b"\0"


def _receipt_state(core: Core, _first: int, _second: int) -> bytes:
    receipt = core.state.receipt
    number = core.drive.state.receipts_in_shift + (1 if receipt else 0)
    kind = receipt.type if receipt else 0
    return bytes([core.mode(), kind]) + bcd(number, 2) + bcd(core.state.document_number, 4)


def _receipt_sums(core: Core, _first: int, _second: int) -> bytes:
    receipt = core.state.receipt
    if receipt is None:
        return bytes(15)
    return bcd(receipt.sum, 5) + bcd(receipt.remainder, 5) + bcd(receipt.change, 5)


def _paper_width(core: Core, _first: int, _second: int) -> bytes:
    return bcd(core.model.columns, 1) + bcd(core.model.dots, 2)


def _drive_life(core: Core, _first: int, _second: int) -> bytes:
    made = len(core.drive.state.registrations)
    return bcd(made, 1) + bcd(max(0, REGISTRATIONS - made), 1) + dmy(core.drive.state.registration.fn_expires)


def _moment(document: Archived) -> bytes:
    return dmy(document.at) + hm(document.at)


def _last_registration(core: Core, _first: int, _second: int) -> bytes:
    document = core.drive.find(core.drive.state.registrations[-1])
    return bcd(document.fd, 5) + _moment(document)


def _last_receipt(core: Core, _first: int, _second: int) -> bytes:
    if not core.state.last_receipt_fd:
        return bytes(23)
    document = core.drive.find(core.state.last_receipt_fd)
    kind = next(kind for kind, sign in SIGNS.items() if sign == document.sign)
    total = 0 if document.total is None else document.total
    return bcd(document.fd, 5) + bytes([kind]) + bcd(total, 7) + _moment(document) + bcd(document.fpd, 5)


def _last_document(core: Core, _first: int, _second: int) -> bytes:
    document = core.drive.find(core.drive.last_fd)
    return bcd(document.fd, 5) + _moment(document) + bcd(document.fpd, 5)


def _in_shift(core: Core, _first: int, _second: int) -> bytes:
    drive = core.drive.state
    return bcd(drive.receipts_in_shift, 3) + bcd(drive.shift_number, 3)


def _format(core: Core, _first: int, _second: int) -> bytes:
    return bytes([4, 4, FORMATS[core.drive.state.registration.ffd]])


def _taxes(core: Core, code: int, _: int) -> bytes:
    receipt = core.state.receipt
    if not 1 <= code <= 6:
        raise Refusal(Reason.INCORRECT_DATA)
    return bcd(tax_sums(receipt).get(code, 0) if receipt else 0, 7)


def _uptime(core: Core, _first: int, _second: int) -> bytes:
    return bcd(int(timedelta(seconds=core.clock.monotonic() - core.started).total_seconds()), 5)


REGISTERS: Mapping[int, Read] = {
    0x03: _payments,
    0x04: lambda core, *_: bcd(core.state.counters.cash_in, 6),
    0x05: lambda core, *_: bcd(core.state.counters.cash_out, 6),
    0x08: lambda core, *_: bcd(core.state.counters.cash_in_count, 2),
    0x09: lambda core, *_: bcd(core.state.counters.cash_out_count, 2),
    0x0A: lambda core, *_: bcd(core.state.counters.drawer, 7),
    0x0C: _shift_total,
    0x11: _clock,
    0x12: _shift,
    0x13: _receipt_state,
    0x14: _receipt_sums,
    0x15: lambda core, *_: bcd(core.closed_shift, 2),
    0x16: lambda core, *_: bcd(int(core.drive.state.registration.register_serial), 7),
    0x18: _paper_width,
    0x1A: _drive_life,
    0x1B: lambda core, *_: bcd(int(core.drive.state.registration.inn), 6),
    0x28: _life_total,
    0x2B: lambda *_: bytes(9),  # no exchange with the operator has failed
    0x30: _last_registration,
    0x33: _last_receipt,
    0x34: _last_document,
    0x35: _in_shift,
    0x36: _format,
    0x37: lambda *_: bytes(2),
    0x38: _life,
    0x3B: lambda core, *_: bytes([UNFINISHED if core.unfinished else 0]),
    0x3D: _taxes,
    0x41: _count,
    0x43: _uptime,
}
