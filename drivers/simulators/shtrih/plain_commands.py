"""Handlers of the one-byte commands except the receipt's (protocol 1.17). See ``commands`` for the contract."""

from __future__ import annotations

from datetime import date

from drivers.simulators.paper import Row
from drivers.simulators.shtrih.errors import Code, Refusal, text_of
from drivers.simulators.shtrih.printer import PAPER_BACK, PAPER_OUT, PRINTING
from drivers.simulators.shtrih.register import Register
from drivers.simulators.shtrih.tables import TABLES
from drivers.simulators.shtrih.wire import Args, char, u
from drivers.simulators.shtrih.wire import date as dmy

MODEL_FLAGS = (
    *(3, 4, 13, 15),  # receipt optical sensor, cover sensor, cutter, drawer sensor
    *(23, 28, 34, 36),  # long strings, protocol 2, last print result in 10h, command 6Bh
    *(43, 44, 45, 46, 47, 48, 50),  # fiscal drive, OFD by device, printed tags, 2-D code, FFD 1.1, correction, dt5
)
MODEL_NAME = "ШТРИХ-М-01Ф"
MODEL_ID = 250


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
        + bytes([last_print])
    )


def full_status(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    now = register.now()
    drive = register.drive.state
    registration = drive.registration
    last_closed = drive.shift_number - (1 if drive.shift_open else 0)
    serial = u(int(registration.register_serial) & 0xFFFF_FFFF_FFFF, 6)
    return b"".join(
        (
            bytes([operator]),
            b"C3" + u(19234, 2) + bytes([1, 11, 26]),  # version C.3, build, its date
            bytes([register.tables.number(1, 1, 1)]),
            u(register.document_number, 2),
            u(register.flags(), 2),
            bytes([register.mode_byte(), register.printer.submode(), 128]),
            b"NA" + u(0, 2) + bytes([1, 1, 16]),  # the place of the fiscal memory that FN devices do not have
            dmy(now) + bytes([now.hour, now.minute, now.second]),
            b"\0",
            serial[:4],
            u(last_closed, 2),
            u(0, 2),
            bytes([1, 11]),  # registrations made and left
            u(int(registration.inn), 6),
            serial[4:],
        )
    )


def device_type(_register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    return bytes([0, 0, 1, 14, MODEL_ID, 0]) + MODEL_NAME.encode("cp1251")


def model_parameters(_register: Register, args: Args, _operator: int) -> bytes:
    if args.number(1) != 1:
        raise Refusal(Code.UNSUPPORTED)
    return b"".join(
        (
            u(sum(1 << bit for bit in MODEL_FLAGS), 8),
            bytes([12, 24, 1, 12, 8, 14, 14]),  # font widths, first graphics line, digits of INN, RNM, long numbers
            u(0, 4) + u(30, 4),  # default passwords: tax officer, system administrator
            bytes([0, 0]) + u(0, 2),  # Bluetooth table, tax mode field, default command length
            bytes([72, 72]) + u(600, 2),  # barcode line, graphics-512
        )
    )


def error_text(_register: Register, args: Args, _operator: int) -> bytes:
    code = args.number(1)
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


def beep(_register: Register, args: Args, operator: int) -> bytes:
    args.end()
    return bytes([operator])


def print_line(register: Register, args: Args, operator: int) -> bytes:
    args.take(1)
    _text(register, args.text())
    return bytes([operator])


def print_line_font(register: Register, args: Args, operator: int) -> bytes:
    args.take(2)
    _text(register, args.text())
    return bytes([operator])


def _text(register: Register, text: str) -> None:
    """Inside a receipt the line waits for the receipt's paper, and an empty one is dropped."""
    receipt = register.state.receipt
    if receipt is None:
        register.printer.text([text])
    elif text:
        receipt.rows.append(Row(text))


def cut(register: Register, args: Args, operator: int) -> bytes:
    args.take(1)
    args.end()
    register.printer.cut(register.clock.monotonic())
    return bytes([operator])


def font(_register: Register, args: Args, _operator: int) -> bytes:
    number = args.number(1)
    args.end()
    if not 1 <= number <= 2:
        raise Refusal(Code.BAD_PARAMETERS)
    return u(576, 2) + bytes([12 * number, 24, 2])


def open_drawer(_register: Register, args: Args, operator: int) -> bytes:
    args.take(1)
    args.end()
    return bytes([operator])


def feed(register: Register, args: Args, operator: int) -> bytes:
    _flags, lines = args.take(2)
    args.end()
    register.printer.text([""] * lines)
    return bytes([operator])


def continue_print(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    if not register.printer.resume(register.clock.monotonic()):
        raise Refusal(Code.WRONG_SUBMODE)
    return bytes([operator])


def open_shift(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.open_shift(operator)
    return bytes([operator])


def x_report(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.x_report()
    return bytes([operator])


def close_shift(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    register.close_shift(operator)
    return bytes([operator])


def cash_in(register: Register, args: Args, operator: int) -> bytes:
    amount = args.number(5)
    args.end()
    return bytes([operator]) + u(register.move_cash(amount), 2)


def cash_out(register: Register, args: Args, operator: int) -> bytes:
    amount = args.number(5)
    args.end()
    return bytes([operator]) + u(register.move_cash(-amount), 2)
