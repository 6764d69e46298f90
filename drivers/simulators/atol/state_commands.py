"""Handlers: who the register is, where it stands, modes, tables, clock. See ``commands`` for the contract."""

from __future__ import annotations

from datetime import datetime

from drivers.simulators.atol.core import CLOSED, PROGRAMMING, Core
from drivers.simulators.atol.models import BUILD, LANGUAGE, MAJOR, MINOR
from drivers.simulators.atol.reasons import Reason, Refusal
from drivers.simulators.atol.wire import ANSWER, Args, bcd, text

VERSION = bytes([MAJOR, MINOR, LANGUAGE]) + bcd(BUILD, 2)
ADMINISTRATOR, SENIOR = 30, 29
SENIORS_MODES = 3
"""The last mode that the senior cashier may enter; cashiers enter the first alone."""
OFD_TABLE = 0x13
FIELDS = {1: text("ofd.example"), 2: (7777).to_bytes(2, "big"), 3: bytes([127, 0, 0, 1]), 4: b"\0"}
"""Of the OFD's table, row 1: host, port, name server; what the fourth holds is not known."""
SETTINGS = bytes(32)
"""What EF answers: its layout is not known."""


def device_type(core: Core, args: Args) -> bytes:
    args.end()
    return bytes([0, 1, 1, core.model.number, 0, 0]) + VERSION + text(core.model.name)


def device_state(core: Core, args: Args) -> bytes:
    args.end()
    now, receipt, drive = core.now(), core.state.receipt, core.drive.state
    moment = b"".join(bcd(part, 1) for part in (now.year % 100, now.month, now.day, now.hour, now.minute, now.second))
    flags = (
        1
        | (2 if core.shift() != CLOSED else 0)
        | (0 if core.drawer_open else 4)
        | (8 if core.printer.has_paper else 0)
        | (32 if core.printer.cover_open else 0)
        | 64
    )
    return b"".join(
        (
            b"\x44" + bcd(ADMINISTRATOR, 1) + bcd(1, 1) + moment + bytes([flags]),
            bcd(int(drive.registration.register_serial), 4),
            bytes([core.model.number]) + b"58" + bytes([core.mode()]),
            bcd(drive.receipts_in_shift, 2) + bcd(core.closed_shift, 2),
            bytes([receipt.type if receipt else 0]) + bcd(receipt.sum if receipt else 0, 5),
            bytes([2, core.port]),
        )
    )


def state_code(core: Core, args: Args) -> bytes:
    args.end()
    paper = 0 if core.printer.has_paper and not core.printer.cover_open else 1
    return bytes([ANSWER, core.mode(), paper])


def version(_core: Core, args: Args) -> bytes:
    """Of the processor, of the boot loader: both the same here."""
    args.byte()
    args.end()
    return VERSION


def enter_mode(core: Core, args: Args) -> bytes:
    mode, password = args.byte(), args.bcd(4)
    args.end()
    if not 1 <= mode <= 6:
        raise Refusal(Reason.INVALID_MODE)
    highest = {ADMINISTRATOR: 6, SENIOR: SENIORS_MODES}.get(password, 1 if 1 <= password < SENIOR else 0)
    if mode > highest:
        raise Refusal(Reason.INVALID_PASSWORD)
    core.enter(mode)
    return b""


def leave_mode(core: Core, args: Args) -> bytes:
    args.end()
    core.leave()
    return b""


def _field(args: Args) -> tuple[str, int]:
    table, row, field = args.byte(), args.big(2), args.byte()
    if table != OFD_TABLE:
        raise Refusal(Reason.INVALID_TABLE_NUMBER)
    if row != 1:
        raise Refusal(Reason.INVALID_ROW_NUMBER)
    if field not in FIELDS:
        raise Refusal(Reason.INVALID_FIELD_NUMBER)
    return f"{table}.{row}.{field}", field


def read_table(core: Core, args: Args) -> bytes:
    name, field = _field(args)
    args.end()
    kept = core.state.settings.get(name)
    return FIELDS[field] if kept is None else bytes.fromhex(kept)


def write_table(core: Core, args: Args) -> bytes:
    name, _ = _field(args)
    if core.mode() != PROGRAMMING:
        raise Refusal(Reason.INVALID_MODE)
    core.state.settings[name] = args.rest().hex()
    return b""


def settings_block(_core: Core, args: Args) -> bytes:
    args.rest()
    return SETTINGS


def set_clock(core: Core, args: Args) -> bytes:
    day, month, year, hour, minute, second = (args.bcd(1) for _ in range(6))
    args.end()
    try:
        wanted = datetime(2000 + year, month, day, hour, minute, second)  # noqa: DTZ001 - the register's wall clock
    except ValueError as error:
        raise Refusal(Reason.INVALID_DATE_TIME) from error
    core.set_clock(wanted)
    return b""
