"""Handlers of the fiscal drive's commands FFxxh, without the receipt (protocol 1.17). See ``commands``."""

from __future__ import annotations

from drivers.simulators import forms
from drivers.simulators.fiscal_drive import Archived
from drivers.simulators.shtrih.register import Register
from drivers.simulators.shtrih.wire import Args, char, date_time, u

BLOCK = 248  # bytes of a document that one FF3Bh reply carries


def status(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    drive = register.drive
    warnings = drive.warnings(register.now())
    state, current = drive.state, drive.state.current
    return b"".join(
        (
            bytes(
                [state.phase, forms.IN_PROGRESS[current.form] if current else 0, int(bool(current and current.tags))]
            ),
            bytes([int(state.shift_open), warnings]),
            date_time(drive.last.at if drive.last else None),
            state.registration.fn_number.encode("ascii"),
            u(drive.last_fd, 4),
        )
    )


def number(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    return register.drive.state.registration.fn_number.encode("ascii")


def expiry(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    at = register.drive.state.registration.fn_expires
    return bytes([at.year % 100, at.month, at.day, 11, 1])  # and registrations left and made


def version(_register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    return char("fn simulator", 16, b" ") + b"\0"  # type 0: a debug drive


def cancel_document(register: Register, args: Args, _operator: int) -> bytes:
    """The drive's document goes; an open receipt that was to become it goes with it."""
    args.end()
    if register.state.receipt is not None:
        register.cancel_receipt()
    else:
        register.drive.cancel()
    return b""


def registration(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    document = register.drive.find(1)
    made = register.drive.state.registration
    return b"".join(
        (
            date_time(document.at),
            _inn(made.inn),
            char(made.rnm, 20, b" "),
            bytes([made.tax_systems, 0, 0]),  # systems, work mode, extended work mode
            _inn(made.ofd_inn),
            u(0, 4),
            u(document.fd, 4) + u(document.fpd, 4),
        )
    )


def _inn(inn: str) -> bytes:
    return char(inn, 12, b" ")


def find(register: Register, args: Args, _operator: int) -> bytes:
    document = register.drive.find(args.number(4))
    args.end()
    confirmed = register.drive.confirmed_at(document.fd, register.now()) is not None
    head = date_time(document.at) + u(document.fd, 4) + u(document.fpd, 4)
    return bytes([document.form, int(confirmed)]) + head + _body(register, document)


def _body(register: Register, document: Archived) -> bytes:
    if document.sign is not None and document.total is not None:
        return bytes([document.sign]) + u(document.total, 5)
    if document.form in (forms.OPEN_SHIFT, forms.CLOSE_SHIFT):
        return u(document.shift, 2)
    if document.form == forms.REGISTRATION:
        made = register.drive.state.registration
        return _inn(made.inn) + char(made.rnm, 20, b" ") + bytes([made.tax_systems, 0])
    return b""


def ask_document(register: Register, args: Args, _operator: int) -> bytes:
    document = register.drive.whole(args.number(4), register.now())
    args.end()
    register.reading = document.tlv
    return u(document.form, 2) + u(len(register.reading), 2)


def read_document(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    if not register.reading:
        register.drive.find(0)  # 08h, no data
    block, register.reading = register.reading[:BLOCK], register.reading[BLOCK:]
    return block


def add_tlv(register: Register, args: Args, _operator: int) -> bytes:
    register.drive.add(args.rest())
    return b""


def exchange(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    waiting = register.drive.unsent(register.now())
    first = register.drive.first_unsent(register.now())
    connected = register.drive.state.ofd.lag is not None and waiting > 0
    state = (1 if connected else 0) | (2 if waiting else 0)
    queue = u(min(waiting, 0xFFFF), 2)
    return bytes([state, 0]) + queue + u(first.fd if first else 0, 4) + date_time(first.at if first else None)


def unconfirmed(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    return u(min(register.drive.unsent(register.now()), 0xFFFF), 2)


def free_memory(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    drive = register.drive
    left = max(0, drive.state.capacity - drive.last_fd)
    return u(left, 4) + u(drive.kilobytes_left(register.now()), 4) + b"\0"


def shift(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    state = register.drive.state
    return bytes([int(state.shift_open)]) + u(state.shift_number, 2) + u(state.receipts_in_shift, 2)


def begin_open_shift(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    register.begin(forms.OPEN_SHIFT)
    return b""


def begin_close_shift(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    register.begin(forms.CLOSE_SHIFT)
    return b""


def open_shift(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    return _shift_reply(register, register.open_shift(operator))


def close_shift(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    return _shift_reply(register, register.close_shift(operator))


def _shift_reply(register: Register, document: Archived) -> bytes:
    reply = u(document.shift, 2) + u(document.fd, 4) + u(document.fpd, 4)
    return reply + (date_time(document.at) if register.tables.number(17, 1, 36) else b"")
