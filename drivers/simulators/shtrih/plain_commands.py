"""Handlers of the one-byte commands except the receipt's (protocol 1.17). See ``commands`` for the contract."""

from __future__ import annotations

from datetime import date

from drivers.simulators.printer import PAPER_BACK, PAPER_OUT, PRINTING
from drivers.simulators.shtrih.errors import Code, Refusal, text_of
from drivers.simulators.shtrih.models import FONTS, LAST_PRINT
from drivers.simulators.shtrih.register import Register
from drivers.simulators.shtrih.state import NETWORK_PORT
from drivers.simulators.shtrih.tables import TABLES
from drivers.simulators.shtrih.wire import Args, char, u
from drivers.simulators.shtrih.wire import date as dmy

REGISTRATIONS = 12
HIGHEST_SPEED = 9
"""Code of 921600 baud."""
PROTOCOL_2 = 28
"""Bit of the model's parameters."""


def short_status(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    receipt = register.state.receipt
    lines = len(receipt.lines) if receipt else 0
    submode = register.printer.submode()
    last_print = {PRINTING: 5, PAPER_OUT: 1, PAPER_BACK: 1}.get(submode, 0)
    return (
        bytes([operator])
        + u(register.flags(), 2)
        + bytes([register.mode_byte(), submode, lines & 0xFF, 0x99, 0xD8, 0, 0, lines >> 8])
        + bytes(3)
        + (bytes([last_print]) if register.model.has(LAST_PRINT) else b"")
    )


def full_status(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    now = register.now()
    drive = register.drive.state
    registration = drive.registration
    last_closed = drive.shift_number - (1 if drive.shift_open else 0)
    made = len(drive.registrations)
    serial = u(int(registration.register_serial) & 0xFFFF_FFFF_FFFF, 6)
    return b"".join(
        (
            bytes([operator]),
            b"C3" + u(19234, 2) + bytes([1, 11, 26]),  # version C.3, build, its date
            bytes([register.tables.number(1, 1, 1)]),
            u(register.document_number, 2),
            u(register.flags(), 2),
            bytes([register.mode_byte(), register.printer.submode(), register.port]),
            b"NA" + u(0, 2) + bytes([1, 1, 16]),  # the place of the fiscal memory that FN devices do not have
            dmy(now) + bytes([now.hour, now.minute, now.second]),
            b"\0",
            serial[:4],
            u(last_closed, 2),
            u(0, 2),
            bytes([made, max(0, REGISTRATIONS - made)]),
            u(int(registration.inn), 6) if made else b"\xff" * 6,
            serial[4:] if register.model.long_serial else b"",
        )
    )


def device_type(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    return bytes([0, 0, 1, 14, register.model.number, 0]) + register.model.name.encode("cp1251")


def model_parameters(register: Register, args: Args, _operator: int) -> bytes:
    """Longer than the 31 bytes of the text, as a captured answer is."""
    kind = args.number(1)
    args.end()
    if kind != 1:
        raise Refusal(Code.UNSUPPORTED)
    model = register.model
    return b"".join(
        (
            u(model.flags if register.protocol_2 else model.flags & ~(1 << PROTOCOL_2), 8),
            bytes([FONTS[1].width, FONTS[2].width, 1, 12, 20, 14, 14]),  # fonts, graphics line, digits of numbers
            u(0, 4) + u(30, 4),  # default passwords: tax officer, system administrator
            bytes([0, 0]) + u(0, 2),  # Bluetooth table, tax mode field, default command length
            bytes([model.dots // 8, model.dots // 8]) + u(600, 2),  # barcode line, graphics-512
            bytes(6),
        )
    )


def error_text(register: Register, args: Args, _operator: int) -> bytes:
    """Without a code: of the last refusal."""
    code = args.number(1) if args.left else register.last_error
    args.end()
    return text_of(code).encode("cp1251")


def money_register(register: Register, args: Args, operator: int) -> bytes:
    number = args.number(2 if args.left == 2 else 1)
    args.end()
    return bytes([operator]) + u(register.money_register(number), 6)


def operation_register(register: Register, args: Args, operator: int) -> bytes:
    number = args.number(1)
    args.end()
    return bytes([operator]) + u(register.operation_register(number), 2)


def write_table(register: Register, args: Args, _operator: int) -> bytes:
    table, row, field = args.number(1), args.number(2), args.number(1)
    register.tables.write(table, row, field, args.rest())
    return b""


def read_table(register: Register, args: Args, _operator: int) -> bytes:
    table, row, field = args.number(1), args.number(2), args.number(1)
    args.end()
    return register.tables.read(table, row, field)


def table_info(register: Register, args: Args, _operator: int) -> bytes:
    spec = register.tables.spec(args.number(1))
    args.end()
    return char(spec.name, 40) + u(spec.rows, 2) + bytes([spec.width])


def field_info(register: Register, args: Args, _operator: int) -> bytes:
    table, field = args.number(1), args.number(1)
    args.end()
    spec = register.tables.spec(table)
    if not 1 <= field <= TABLES[table].width:
        raise Refusal(Code.BAD_PARAMETERS)
    shape = spec.field(field)
    head = char(shape.name, 40) + bytes([int(shape.text), shape.size])
    return head if shape.text else head + u(shape.low, shape.size) + u(shape.maximum, shape.size)


def init_tables(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    register.state.tables.clear()
    return b""


def set_port(register: Register, args: Args, _operator: int) -> bytes:
    """Told by 15h. The byte time-out of the port in use counts at once; a simulated line has no speed of its own."""
    port, speed, timeout = args.take(3)
    args.end()
    if port != NETWORK_PORT and speed > HIGHEST_SPEED:
        raise Refusal(Code.BAD_PARAMETERS)
    register.state.ports[port] = [speed, timeout]
    return b""


def read_port(register: Register, args: Args, _operator: int) -> bytes:
    port = args.number(1)
    args.end()
    return bytes(register.state.port(port))


def technological_reset(_register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    return b""


def set_time(register: Register, args: Args, _operator: int) -> bytes:
    hour, minute, second = args.take(3)
    args.end()
    register.set_time(hour, minute, second)
    return b""


def set_date(register: Register, args: Args, _operator: int) -> bytes:
    register.ask_date(_date(args))
    return b""


def confirm_date(register: Register, args: Args, _operator: int) -> bytes:
    register.confirm_date(_date(args))
    return b""


def _date(args: Args) -> date:
    day, month, year = args.take(3)
    args.end()
    try:
        return date(2000 + year, month, day)
    except ValueError as error:
        raise Refusal(Code.DATE_FORMAT) from error


def open_shift(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.open_shift(operator)
    return bytes([operator])


def x_report(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.x_report()
    return bytes([operator])


def departments_report(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.departments_report()
    return bytes([operator])


def taxes_report(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.taxes_report()
    return bytes([operator])


def cashiers_report(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.cashiers_report()
    return bytes([operator])


def operation_registers_report(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.operation_registers_report()
    return bytes([operator])


def close_shift_into_buffer(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.close_shift(operator, buffered=True)
    return bytes([operator])


def print_buffer(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.print_buffered()
    return bytes([operator])


def close_shift(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.close_shift(operator)
    return bytes([operator])


def cash_in(register: Register, args: Args, operator: int) -> bytes:
    amount = args.number(5)
    args.end()
    return bytes([operator]) + u(register.move_cash(amount, operator), 2)


def cash_out(register: Register, args: Args, operator: int) -> bytes:
    amount = args.number(5)
    args.end()
    return bytes([operator]) + u(register.move_cash(-amount, operator), 2)
