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
from drivers.simulators.shtrih import fn_registration as registration
from drivers.simulators.shtrih import plain_commands as plain
from drivers.simulators.shtrih import print_commands as paper
from drivers.simulators.shtrih import receipt_commands as receipt
from drivers.simulators.shtrih.errors import Code, Refusal
from drivers.simulators.shtrih.modes import (
    ANY,
    AWAITING_DATE,
    CLOSED,
    DOCUMENT,
    EXPIRED,
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
    REPORTS = "the administrators, operators 29 and 30"
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
OPERATION = frozenset({OPEN, CLOSED, DOCUMENT})

LEGACY = frozenset({OPEN, CLOSED, 9, DOCUMENT})
GRAPHICS = frozenset({OPEN, CLOSED, DOCUMENT, 9})
CODES = frozenset({OPEN, EXPIRED, CLOSED})
ONLY_CLOSED = frozenset({CLOSED})

COMMANDS: dict[str, Command] = {
    # status and identification
    "10": Command(plain.short_status, Who.OPERATOR),
    "11": Command(plain.full_status, Who.OPERATOR),
    "14": Command(plain.set_port, changes=True),
    "15": Command(plain.read_port),
    "16": Command(plain.technological_reset, Who.NOBODY, frozenset({9})),
    "6B": Command(plain.error_text, Who.NOBODY),
    "F7": Command(plain.model_parameters, Who.NOBODY),
    "FC": Command(plain.device_type, Who.NOBODY),
    # tables, registers, clock
    "1A": Command(plain.money_register, Who.OPERATOR),
    "1B": Command(plain.operation_register, Who.OPERATOR),
    "1E": Command(plain.write_table, modes=NO_TABLES, changes=True),
    "1F": Command(plain.read_table),
    "21": Command(plain.set_time, modes=frozenset({CLOSED, 9}), changes=True),
    "22": Command(plain.set_date, modes=frozenset({CLOSED, 9}), changes=True),
    "23": Command(plain.confirm_date, modes=frozenset({AWAITING_DATE}), changes=True),
    "24": Command(plain.init_tables, modes=ONLY_CLOSED, changes=True),
    "2D": Command(plain.table_info),
    "2E": Command(plain.field_info),
    # printing and mechanics
    "12": Command(paper.bold_line, Who.OPERATOR, prints=True, changes=True),
    "13": Command(paper.beep, Who.OPERATOR),
    "17": Command(paper.print_line, Who.OPERATOR, ANY - {10}, prints=True, changes=True),
    "18": Command(paper.document_header, Who.OPERATOR, IDLE_MODES, prints=True, changes=True),
    "25": Command(paper.cut, Who.OPERATOR, NOT_IN_RECEIPT, prints=True, changes=True),
    "26": Command(paper.font),
    "28": Command(paper.open_drawer, Who.OPERATOR),
    "29": Command(paper.feed, Who.OPERATOR, NOT_IN_RECEIPT, prints=True, changes=True),
    "2F": Command(paper.print_line_font, Who.OPERATOR, prints=True, changes=True),
    "4D": Command(paper.print_512, Who.OPERATOR, GRAPHICS, prints=True, changes=True),
    "4E": Command(paper.load_512, Who.OPERATOR, changes=True),
    "52": Command(paper.cliche, Who.OPERATOR, NOT_IN_RECEIPT, prints=True, changes=True),
    "53": Command(paper.end_document, Who.OPERATOR, NOT_IN_RECEIPT, prints=True, changes=True),
    "54": Command(paper.advert, Who.OPERATOR, NOT_IN_RECEIPT, prints=True, changes=True),
    "B0": Command(paper.continue_print, Who.OPERATOR, changes=True),
    "C0": Command(paper.load_graphics, Who.OPERATOR, changes=True),
    "C1": Command(paper.print_graphics, Who.OPERATOR, GRAPHICS, prints=True, changes=True),
    "C2": Command(paper.ean13, Who.OPERATOR, CODES, prints=True, changes=True),
    "C3": Command(paper.print_extended, Who.OPERATOR, GRAPHICS, prints=True, changes=True),
    "C4": Command(paper.load_extended, Who.OPERATOR, changes=True),
    "C5": Command(paper.graphic_line, Who.OPERATOR, GRAPHICS, prints=True, changes=True),
    "CB": Command(paper.barcode, Who.OPERATOR, CODES, prints=True, changes=True),
    "DD": Command(paper.load_block, Who.OPERATOR, changes=True),
    "DE": Command(paper.matrix, Who.OPERATOR, prints=True, changes=True),
    # shift, cash, reports
    "2C": Command(plain.operation_registers_report, Who.OPERATOR, IDLE_MODES, prints=True, changes=True),
    "40": Command(plain.x_report, Who.REPORTS, SHIFT, prints=True, changes=True),
    "41": Command(plain.close_shift, Who.REPORTS, SHIFT, prints=True, changes=True),
    "42": Command(plain.departments_report, Who.REPORTS, SHIFT, prints=True, changes=True),
    "43": Command(plain.taxes_report, Who.REPORTS, SHIFT, prints=True, changes=True),
    "44": Command(plain.cashiers_report, Who.REPORTS, SHIFT, prints=True, changes=True),
    "50": Command(plain.cash_in, Who.OPERATOR, IDLE_MODES, prints=True, changes=True),
    "51": Command(plain.cash_out, Who.OPERATOR, IDLE_MODES, prints=True, changes=True),
    "C6": Command(plain.close_shift_into_buffer, Who.REPORTS, SHIFT, changes=True),
    "C7": Command(plain.print_buffer, Who.REPORTS, NOT_IN_RECEIPT, prints=True, changes=True),
    "E0": Command(plain.open_shift, Who.OPERATOR, ONLY_CLOSED, prints=True, changes=True),
    # receipt
    "80": Command(receipt.legacy_operation(0), Who.OPERATOR, LEGACY, changes=True),
    "81": Command(receipt.legacy_operation(1), Who.OPERATOR, LEGACY, changes=True),
    "82": Command(receipt.legacy_operation(2), Who.OPERATOR, LEGACY, changes=True),
    "83": Command(receipt.legacy_operation(3), Who.OPERATOR, LEGACY, changes=True),
    "85": Command(receipt.legacy_close(4), Who.OPERATOR, RECEIPT, prints=True, changes=True),
    "88": Command(receipt.cancel, Who.OPERATOR, RECEIPT, prints=True, changes=True),
    "89": Command(receipt.subtotal, Who.OPERATOR, RECEIPT),
    "8C": Command(receipt.repeat, Who.OPERATOR, SHIFT, prints=True, changes=True),
    "8D": Command(receipt.open_receipt, Who.OPERATOR, frozenset({OPEN, CLOSED, 9}), prints=True, changes=True),
    "8E": Command(receipt.legacy_close(16), Who.OPERATOR, RECEIPT, prints=True, changes=True),
    "FF0D": Command(receipt.operation_with_discount, modes=OPERATION, changes=True),
    "FF44": Command(receipt.operation_with_tax, modes=OPERATION, changes=True),
    "FF45": Command(receipt.close(6), modes=RECEIPT, prints=True, changes=True),
    "FF46": Command(receipt.operation, modes=OPERATION, changes=True),
    "FF4D": Command(receipt.operation_tlv, modes=RECEIPT, changes=True),
    "FF76": Command(receipt.close(10), modes=RECEIPT, prints=True, changes=True),
    "FF78": Command(receipt.close(12), modes=RECEIPT, prints=True, changes=True),
    # fiscal drive: state and archive
    "FF01": Command(fn.status),
    "FF02": Command(fn.number),
    "FF03": Command(fn.expiry),
    "FF04": Command(fn.version),
    "FF08": Command(fn.cancel_document, changes=True),
    "FF0A": Command(fn.find),
    "FF39": Command(fn.exchange),
    "FF3A": Command(fn.ask_document),
    "FF3B": Command(fn.read_document),
    "FF3C": Command(fn.confirmation),
    "FF3F": Command(fn.unconfirmed),
    "FF40": Command(fn.shift),
    "FF62": Command(fn.synchronise),
    "FF63": Command(fn.free_memory),
    "FF74": Command(fn.implementation),
    "FF75": Command(fn.document_size),
    # fiscal drive: registration and the archive's end
    "FF05": Command(registration.begin, modes=ONLY_CLOSED, changes=True),
    "FF06": Command(registration.register_first, modes=ONLY_CLOSED, prints=True, changes=True),
    "FF07": Command(registration.reset, modes=NOT_IN_RECEIPT, changes=True),
    "FF09": Command(registration.last),
    "FF0E": Command(registration.requisite),
    "FF34": Command(registration.change, modes=ONLY_CLOSED, prints=True, changes=True),
    "FF3D": Command(registration.begin_close_archive, modes=ONLY_CLOSED, changes=True),
    "FF3E": Command(registration.close_archive, modes=ONLY_CLOSED, prints=True, changes=True),
    "FF4C": Command(registration.numbered),
    "FF60": Command(registration.requisite),
    # fiscal drive: documents
    "FF0B": Command(fn.open_shift, modes=ONLY_CLOSED, prints=True, changes=True),
    "FF0C": Command(fn.add_tlv, changes=True),
    "FF30": Command(fn.begin_read),
    "FF31": Command(fn.read_block),
    "FF32": Command(fn.begin_write),
    "FF33": Command(fn.write_block),
    "FF37": Command(fn.begin_state_report, modes=ONLY_CLOSED, changes=True),
    "FF38": Command(fn.state_report, modes=ONLY_CLOSED, prints=True, changes=True),
    "FF41": Command(fn.begin_open_shift, modes=ONLY_CLOSED, changes=True),
    "FF42": Command(fn.begin_close_shift, modes=SHIFT, changes=True),
    "FF43": Command(fn.close_shift, modes=SHIFT, prints=True, changes=True),
    "FF64": Command(fn.add_buffer, changes=True),
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
        register.last_error = refusal.code
    except DriveError as error:
        # Codes of the drive from 32h up are shown shifted, so that they do not meet the register's own.
        register.last_error = error.code + 0x6E if error.code >= 0x32 else error.code
    return echo + bytes([register.last_error])


def _run(register: Register, code: str, args: Args) -> bytes:
    command = COMMANDS.get(code)
    if command is None:
        raise Refusal(Code.UNSUPPORTED)
    operator = 0
    if command.who is not Who.NOBODY:
        operator = register.operator_of(args.number(4))
        least = {Who.ADMIN: ADMINISTRATOR, Who.REPORTS: 29}.get(command.who, 1)
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
