"""The command table: code -> who may send it, in which modes, what it does. Everything else answers 37h.

Source: protocol 1.17, «Команды», FN commands FFxxh. A handler gets the bytes after the password and returns the
fields after the error byte; it raises ``Refusal`` or ``DriveError`` before it has changed anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from drivers.simulators.fiscal_drive import DriveError
from drivers.simulators.shtrih import fn_commands as fn
from drivers.simulators.shtrih import plain_commands as plain
from drivers.simulators.shtrih import receipt_commands as receipt
from drivers.simulators.shtrih.errors import Code, Refusal
from drivers.simulators.shtrih.modes import (
    ANY,
    AWAITING_DATE,
    CLOSED,
    DOCUMENT,
    IDLE_MODES,
    OPEN,
    SHIFT,
    refusal_by_mode,
    refusal_by_submode,
)
from drivers.simulators.shtrih.register import ADMINISTRATOR, Register
from drivers.simulators.shtrih.wire import Args, code_of

Handler = Callable[[Register, Args, int], bytes]


class Who(Enum):
    """Whose password a command asks for."""

    NOBODY = "no password field"
    OPERATOR = "any of table 2"
    REPORTS = "operators 28 to 30"
    ADMIN = "the system administrator"


@dataclass(frozen=True, slots=True)
class Command:
    run: Handler
    who: Who = Who.ADMIN
    modes: frozenset[int] = ANY
    prints: bool = False  # refused while the printer is busy or has no paper
    changes: bool = False  # the state must be saved before the reply leaves


NOT_IN_RECEIPT = ANY - {DOCUMENT}
NO_TABLES = ANY - {1, DOCUMENT}
RECEIPT = frozenset({DOCUMENT})

COMMANDS: dict[str, Command] = {
    # status and identification
    "10": Command(plain.short_status, Who.OPERATOR),
    "11": Command(plain.full_status, Who.OPERATOR),
    "FC": Command(plain.device_type, Who.NOBODY),
    "F7": Command(plain.model_parameters, Who.NOBODY),
    "6B": Command(plain.error_text, Who.NOBODY),
    # tables, registers, clock
    "1A": Command(plain.money_register, Who.OPERATOR),
    "1B": Command(plain.operation_register, Who.OPERATOR),
    "1E": Command(plain.write_table, modes=NO_TABLES, changes=True),
    "1F": Command(plain.read_table),
    "2D": Command(plain.table_info),
    "2E": Command(plain.field_info),
    "21": Command(plain.set_time, modes=frozenset({CLOSED, 9}), changes=True),
    "22": Command(plain.set_date, modes=frozenset({CLOSED, 9}), changes=True),
    "23": Command(plain.confirm_date, modes=frozenset({AWAITING_DATE}), changes=True),
    # printing and mechanics
    "13": Command(plain.beep, Who.OPERATOR),
    "17": Command(plain.print_line, Who.OPERATOR, ANY - {10}, prints=True, changes=True),
    "2F": Command(plain.print_line_font, Who.OPERATOR, prints=True, changes=True),
    "25": Command(plain.cut, Who.OPERATOR, NOT_IN_RECEIPT, prints=True, changes=True),
    "26": Command(plain.font),
    "28": Command(plain.open_drawer, Who.OPERATOR),
    "29": Command(plain.feed, Who.OPERATOR, NOT_IN_RECEIPT, prints=True, changes=True),
    "B0": Command(plain.continue_print, Who.OPERATOR, changes=True),
    # shift, cash, reports
    "E0": Command(plain.open_shift, Who.OPERATOR, frozenset({CLOSED}), prints=True, changes=True),
    "40": Command(plain.x_report, Who.REPORTS, SHIFT, prints=True, changes=True),
    "41": Command(plain.close_shift, Who.REPORTS, SHIFT, prints=True, changes=True),
    "50": Command(plain.cash_in, Who.OPERATOR, IDLE_MODES, prints=True, changes=True),
    "51": Command(plain.cash_out, Who.OPERATOR, IDLE_MODES, prints=True, changes=True),
    # receipt
    "8D": Command(receipt.open_receipt, Who.OPERATOR, frozenset({OPEN, CLOSED, 9}), prints=True, changes=True),
    "88": Command(receipt.cancel, Who.OPERATOR, RECEIPT, prints=True, changes=True),
    "89": Command(receipt.subtotal, Who.OPERATOR, RECEIPT),
    "8C": Command(receipt.repeat, Who.OPERATOR, SHIFT, prints=True, changes=True),
    "FF46": Command(receipt.operation, modes=frozenset({OPEN, CLOSED, DOCUMENT}), changes=True),
    "FF4D": Command(receipt.operation_tlv, modes=RECEIPT, changes=True),
    "FF45": Command(receipt.close, modes=RECEIPT, prints=True, changes=True),
    # fiscal drive
    "FF01": Command(fn.status),
    "FF02": Command(fn.number),
    "FF03": Command(fn.expiry),
    "FF04": Command(fn.version),
    "FF08": Command(fn.cancel_document, changes=True),
    "FF09": Command(fn.registration),
    "FF0A": Command(fn.find),
    "FF0B": Command(fn.open_shift, modes=frozenset({CLOSED}), prints=True, changes=True),
    "FF0C": Command(fn.add_tlv, changes=True),
    "FF39": Command(fn.exchange),
    "FF3A": Command(fn.ask_document),
    "FF3B": Command(fn.read_document),
    "FF3F": Command(fn.unconfirmed),
    "FF40": Command(fn.shift),
    "FF41": Command(fn.begin_open_shift, modes=frozenset({CLOSED}), changes=True),
    "FF42": Command(fn.begin_close_shift, modes=SHIFT, changes=True),
    "FF43": Command(fn.close_shift, modes=SHIFT, prints=True, changes=True),
    "FF63": Command(fn.free_memory),
}


def changes(payload: bytes) -> bool:
    command = COMMANDS.get(code_of(payload)[0])
    return command is not None and command.changes


def execute(register: Register, payload: bytes) -> bytes:
    """One command, one reply payload: the code, the error byte, and the fields when it is 0."""
    code, data = code_of(payload)
    echo = bytes.fromhex(code)
    try:
        return echo + b"\0" + _run(register, code, Args(data))
    except Refusal as refusal:
        return echo + bytes([refusal.code])
    except DriveError as error:
        # Codes of the drive from 32h up are shown shifted, so that they do not meet the register's own.
        return echo + bytes([error.code + 0x6E if error.code >= 0x32 else error.code])


def _run(register: Register, code: str, args: Args) -> bytes:
    command = COMMANDS.get(code)
    if command is None:
        raise Refusal(Code.UNSUPPORTED)
    operator = 0
    if command.who is not Who.NOBODY:
        operator = register.operator_of(args.number(4))
        least = {Who.ADMIN: ADMINISTRATOR, Who.REPORTS: 28}.get(command.who, 1)
        if operator < least:
            raise Refusal(Code.WRONG_PASSWORD)
    if command.prints:
        refusal = refusal_by_submode(register.printer.submode())
        if refusal is not None:
            raise Refusal(refusal)
    refusal = refusal_by_mode(register.mode(), command.modes)
    if refusal is not None:
        raise Refusal(refusal)
    return command.run(register, args, operator)
