"""The command table: code -> in which modes, what it does, what it needs. Everything else is NOT_SUPPORTED.

A handler gets the bytes after the code and returns what follows ``55 00``; it raises ``Refusal`` or ``DriveError``
before it has changed anything. Some commands answer with a head of their own (``bare``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drivers.simulators.atol import drive_commands as drive
from drivers.simulators.atol import print_commands as paper
from drivers.simulators.atol import receipt_commands as receipt
from drivers.simulators.atol import registers
from drivers.simulators.atol import state_commands as state
from drivers.simulators.atol.core import ARCHIVE, FISCAL_MEMORY, REGISTRATION, X_REPORTS, Z_REPORTS, Core
from drivers.simulators.atol.errors import BYTES
from drivers.simulators.atol.reasons import OF_DRIVE, Reason, Refusal
from drivers.simulators.atol.wire import ANSWER, PASSWORD, Args
from drivers.simulators.fiscal_drive import DriveError
from drivers.simulators.tlv import TlvError

Handler = Callable[[Core, Args], bytes]
ACCESS = bytes(PASSWORD)
"""The access password from the factory."""
ANY = frozenset(range(7))
SELLING = frozenset({REGISTRATION})


@dataclass(frozen=True, slots=True)
class Command:
    run: Handler
    modes: frozenset[int] = ANY
    changes: bool = False  # the state must be saved before the answer leaves
    bare: bool = False  # the handler returns the whole answer
    flags: bool = False  # the first byte has the bit «test only»


COMMANDS: dict[int, Command] = {
    # state
    0xA5: Command(state.device_type, bare=True),
    0x3F: Command(state.device_state, bare=True),
    0x45: Command(state.state_code, bare=True),
    0x9D: Command(state.version),
    0x56: Command(state.enter_mode),
    0x48: Command(state.leave_mode),
    0x91: Command(registers.register),
    0x46: Command(state.read_table),
    0x50: Command(state.write_table, changes=True),
    0xEF: Command(state.settings_block),
    0xED: Command(state.set_clock, changes=True),
    # receipt and cash
    0x9A: Command(receipt.open_shift, SELLING, changes=True, flags=True),
    0xE8: Command(receipt.write_requisite, changes=True),
    0xE9: Command(drive.read_requisite),
    0x92: Command(receipt.open_receipt, SELLING, changes=True, flags=True),
    0xEA: Command(receipt.begin_position, SELLING, changes=True),
    0xEB: Command(receipt.end_position, SELLING, changes=True, flags=True),
    0xB8: Command(receipt.tax, SELLING, changes=True),
    0x43: Command(receipt.discount, SELLING, changes=True),
    0x99: Command(receipt.payment, SELLING, changes=True, flags=True),
    0x4A: Command(receipt.close, SELLING, changes=True, flags=True),
    0x59: Command(receipt.cancel, changes=True),
    0x4D: Command(receipt.cash_in_drawer, bare=True),
    0x49: Command(receipt.cash_in, SELLING, changes=True, flags=True),
    0x4F: Command(receipt.cash_out, SELLING, changes=True, flags=True),
    # reports and paper
    0x5A: Command(receipt.close_shift, frozenset({Z_REPORTS}), changes=True),
    0x67: Command(paper.report, frozenset({X_REPORTS}), changes=True),
    0xAB: Command(paper.print_document, frozenset({FISCAL_MEMORY, ARCHIVE}), changes=True),
    0x95: Command(paper.copy, changes=True),
    0xEE: Command(paper.continue_print, changes=True),
    0x73: Command(paper.finish_slip, frozenset({X_REPORTS}), changes=True),
    0x4C: Command(paper.line, changes=True),
    0x87: Command(paper.formatted_line, changes=True),
    0xC1: Command(paper.barcode, changes=True),
    0x6C: Command(paper.cliche, changes=True),
    0x75: Command(paper.cut, changes=True),
    0x80: Command(paper.open_drawer),
    0x47: Command(paper.beep),
    0x88: Command(paper.tone),
    # fiscal drive
    0xA4: Command(drive.run),
}


def changes(payload: bytes) -> bool:
    command = COMMANDS.get(payload[PASSWORD]) if len(payload) > PASSWORD else None
    return command is not None and command.changes


def refused(error: int) -> bytes:
    return bytes([ANSWER, error])


def execute(core: Core, payload: bytes) -> bytes:
    """One command with its password in front, one answer."""
    try:
        return _run(core, payload)
    except Refusal as refusal:
        return refused(BYTES[refusal.reason])
    except DriveError as error:
        return refused(BYTES[OF_DRIVE[error.code]])
    except TlvError:
        return refused(BYTES[Reason.FN_INVALID_FORMAT])


def _run(core: Core, payload: bytes) -> bytes:
    if len(payload) <= PASSWORD:
        raise Refusal(Reason.INVALID_COMMAND_LENGTH)
    if payload[:PASSWORD] != ACCESS:
        raise Refusal(Reason.INVALID_ACCESS_PASSWORD)
    command = COMMANDS.get(payload[PASSWORD])
    if command is None:
        raise Refusal(Reason.NOT_SUPPORTED)
    if core.mode() not in command.modes:
        raise Refusal(Reason.INVALID_MODE)
    data = payload[PASSWORD + 1 :]
    on = core.rehearsal() if command.flags and data[:1] and data[0] & 1 else core
    fields = command.run(on, Args(data))
    return fields if command.bare else bytes([ANSWER, 0]) + fields
