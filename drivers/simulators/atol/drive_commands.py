"""Handlers of A4 (the fiscal drive, binary little endian) and E9. See ``commands`` for the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from drivers.simulators import forms, ofd, tlv
from drivers.simulators.atol.core import Core
from drivers.simulators.atol.reasons import Reason, Refusal
from drivers.simulators.atol.registers import REGISTRATIONS
from drivers.simulators.atol.wire import Args, drive_time, le
from drivers.simulators.fiscal_drive import Archived, DriveCode, DriveError

SIGN = 18
"""Bytes of a ticket's sign in A4 41."""


def run(core: Core, args: Args) -> bytes:
    handler = SUBCOMMANDS.get(args.byte())
    if handler is None:
        raise Refusal(Reason.NOT_SUPPORTED)
    return handler(core, args)


def shift(core: Core, args: Args) -> bytes:
    args.end()
    state = core.drive.state
    return bytes([int(state.shift_open)]) + le(state.shift_number, 2) + le(state.receipts_in_shift, 2)


def exchange(core: Core, args: Args) -> bytes:
    args.end()
    waiting = core.drive.unsent(core.now())
    first = core.drive.first_unsent(core.now())
    connected = core.drive.state.ofd.lag is not None and waiting > 0
    head = bytes([(1 if connected else 0) | (2 if waiting else 0), 0]) + le(min(waiting, 0xFFFF), 2)
    return head + le(first.fd if first else 0, 4) + drive_time(first.at if first else None)


def status(core: Core, args: Args) -> bytes:
    args.end()
    drive = core.drive
    state, current = drive.state, drive.state.current
    document = bytes([forms.IN_PROGRESS[current.form] if current else 0, int(bool(current and current.tags))])
    return b"".join(
        (
            bytes([state.phase]) + document + bytes([int(state.shift_open), drive.warnings(core.now())]),
            drive_time(drive.last.at if drive.last else None),
            state.registration.fn_number.encode("ascii") + le(drive.last_fd, 4),
        )
    )


def number(core: Core, args: Args) -> bytes:
    args.end()
    return core.drive.state.registration.fn_number.encode("ascii")


def life(core: Core, args: Args) -> bytes:
    args.end()
    made = len(core.drive.state.registrations)
    return drive_time(core.drive.state.registration.fn_expires)[:3] + bytes([max(0, REGISTRATIONS - made), made])


def version(_core: Core, args: Args) -> bytes:
    args.end()
    return b"fn simulator".ljust(16, b"\0") + b"\0"  # a debug drive


def find(core: Core, args: Args) -> bytes:
    document = core.drive.find(args.little(4))
    args.end()
    confirmed = core.drive.confirmed_at(document.fd, core.now()) is not None
    head = bytes([document.form, int(confirmed)]) + drive_time(document.at)
    return head + le(document.fd, 4) + le(document.fpd, 4) + _tail(document)


def _tail(document: Archived) -> bytes:
    if document.sign is not None and document.total is not None:
        return bytes([document.sign]) + le(document.total, 5)
    if document.form in (forms.OPEN_SHIFT, forms.CLOSE_SHIFT):
        return le(document.shift, 2)
    if document.form == forms.STATE_REPORT:
        tags = cast("dict[int, Any]", dict(document.fields()))
        return le(tags.get(1097, 0), 4) + drive_time(tags.get(1098))[:3]
    return b""


def ticket(core: Core, args: Args) -> bytes:
    document = core.drive.find(args.little(4))
    args.end()
    at = core.drive.confirmed_at(document.fd, core.now())
    if at is None:
        raise DriveError(DriveCode.NO_DATA, f"document {document.fd} is not confirmed")
    made = core.drive.state.registration
    whole = cast("dict[int, Any]", dict(tlv.decode(ofd.ticket(made.fn_number, made.ofd_inn, document.fd, 0, at))))
    return drive_time(at) + bytes(whole[1078])[:SIGN].ljust(SIGN, b"\0") + le(document.fd, 4)


def begin_reading(core: Core, args: Args) -> bytes:
    document = core.drive.whole(args.little(4), core.now())
    args.end()
    core.reading = _records(document.tlv)
    return le(document.form, 2) + le(len(document.tlv), 2)


def read_next(core: Core, args: Args) -> bytes:
    args.end()
    if not core.reading:
        raise Refusal(Reason.FN_NO_MORE_DATA)
    return core.reading.pop(0)


def _records(data: bytes) -> list[bytes]:
    """Top-level records, each with its tag and length."""
    records, at = [], 0
    while at < len(data):
        size = 4 + int.from_bytes(data[at + 2 : at + 4], "little")
        records.append(data[at : at + size])
        at += size
    return records


def read_requisite(core: Core, args: Args) -> bytes:
    """E9: a requisite of the registration."""
    tag, block = args.little(2), args.byte()
    args.end()
    report = core.drive.find(core.drive.state.registrations[-1])
    found = [record for record in _records(report.tlv) if int.from_bytes(record[:2], "little") == tag]
    if not found or block:
        raise Refusal(Reason.FN_NO_MORE_DATA)
    return b"\x01" + found[0]


SUBCOMMANDS: Mapping[int, Callable[[Core, Args], bytes]] = {
    0x10: shift,
    0x20: exchange,
    0x30: status,
    0x31: number,
    0x32: life,
    0x33: version,
    0x40: find,
    0x41: ticket,
    0x45: begin_reading,
    0x46: read_next,
}
