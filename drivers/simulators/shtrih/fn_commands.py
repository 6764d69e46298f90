"""Handlers of the fiscal drive's commands FFxxh, without the receipt (protocol 1.17). See ``commands``."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from drivers.simulators import forms, ofd, tlv
from drivers.simulators.documents import item
from drivers.simulators.fiscal_drive import Archived, DriveCode, DriveError
from drivers.simulators.shtrih.errors import Code, Refusal
from drivers.simulators.shtrih.fn_registration import MASK_OF_REASON, identity, signed
from drivers.simulators.shtrih.plain_commands import REGISTRATIONS
from drivers.simulators.shtrih.register import Register, document_line
from drivers.simulators.shtrih.wire import Args, char, date_time, u

BLOCK = 240  # bytes that one FF3Bh reply carries, and one FF33h request
BUFFER = 4096
LONGEST_TLV = 250


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
    at, made = register.drive.state.registration.fn_expires, len(register.drive.state.registrations)
    return bytes([at.year % 100, at.month, at.day, max(0, REGISTRATIONS - made), made])


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


def find(register: Register, args: Args, _operator: int) -> bytes:
    document = register.drive.find(args.number(4))
    args.end()
    confirmed = register.drive.confirmed_at(document.fd, register.now()) is not None
    head = date_time(document.at) + u(document.fd, 4) + u(document.fpd, 4)
    return bytes([document.form, int(confirmed)]) + head + _body(document)


def _body(document: Archived) -> bytes:
    if document.sign is not None and document.total is not None:
        return bytes([document.sign]) + u(document.total, 5)
    if document.form in (forms.OPEN_SHIFT, forms.CLOSE_SHIFT):
        return u(document.shift, 2)
    tags = cast("dict[int, Any]", dict(document.fields()))
    if document.form in (forms.REGISTRATION, forms.CHANGE):
        reason = tags.get(1101) or next((code for code, mask in MASK_OF_REASON.items() if tags.get(1205, 0) & mask), 4)
        return identity(tags) + (bytes([reason]) if document.form == forms.CHANGE else b"")
    if document.form == forms.CLOSE_ARCHIVE:
        return char(tags[1018], 12, b" ") + char(tags[1037], 20, b" ")
    return u(tags.get(1097, 0), 4) + _day(tags.get(1098))


def _day(at: datetime | None) -> bytes:
    return date_time(at)[:3]


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
    if not 0 < args.left <= LONGEST_TLV:
        raise Refusal(Code.WRONG_LENGTH)
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
    return u(document.shift, 2) + signed(register, document)


def begin_state_report(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    register.begin(forms.STATE_REPORT)
    return b""


def state_report(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    document = register.state_report()
    tags = cast("dict[int, Any]", dict(document.fields()))
    waiting = u(tags.get(1097, 0), 4) + _day(tags.get(1098))
    moment = date_time(document.at) if register.tables.number(17, 1, 36) else b""
    return u(document.fd, 4) + u(document.fpd, 4) + waiting + moment


def confirmation(register: Register, args: Args, _operator: int) -> bytes:
    """FF3Ch: the operator's ticket."""
    document = register.drive.find(args.number(4))
    args.end()
    at = register.drive.confirmed_at(document.fd, register.now())
    if at is None:
        raise DriveError(DriveCode.NO_DATA, f"document {document.fd} is not confirmed")
    made = register.drive.state.registration
    return ofd.ticket(made.fn_number, made.ofd_inn, document.fd, document.fpd, at)


def synchronise(_register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    return b""


def implementation(_register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    return b"fn simulator, debug"


def document_size(register: Register, args: Args, _operator: int) -> bytes:
    """FF75h: bytes of the document in progress so far, and of a notification."""
    args.end()
    current, receipt = register.drive.state.current, register.state.receipt
    size = len(current.tags) // 2 if current else 0
    if receipt is not None:
        ffd = register.drive.state.registration.ffd
        size += sum(len(tlv.encode([(1059, item(ffd, document_line(line)))])) for line in receipt.lines)
    return u(size, 4) + u(0, 4)


# --- the buffer ------------------------------------------------------------------------------------------------------


def begin_write(register: Register, args: Args, _operator: int) -> bytes:
    size = args.number(2)
    args.end()
    if not 0 < size <= BUFFER:
        raise Refusal(Code.BAD_PARAMETERS)
    register.buffer = bytes(size)
    return bytes([BLOCK])


def write_block(register: Register, args: Args, _operator: int) -> bytes:
    offset, size = args.number(2), args.number(1)
    data = args.take(size)
    args.end()
    if offset + size > len(register.buffer):
        raise Refusal(Code.BAD_PARAMETERS)
    register.buffer = register.buffer[:offset] + data + register.buffer[offset + size :]
    return b""


def begin_read(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    return u(len(register.buffer), 2) + bytes([BLOCK])


def read_block(register: Register, args: Args, _operator: int) -> bytes:
    offset, size = args.number(2), args.number(1)
    args.end()
    if not size or offset + size > len(register.buffer):
        raise Refusal(Code.BAD_PARAMETERS)
    return register.buffer[offset : offset + size]


def add_buffer(register: Register, args: Args, _operator: int) -> bytes:
    """FF64h: what was written goes to the drive as TLV."""
    args.end()
    if not register.buffer:
        raise Refusal(Code.NO_DATA)
    register.drive.add(register.buffer)
    register.buffer = b""
    return b""
