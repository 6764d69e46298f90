"""A register made of canned answers, for what a driver does with them. It speaks protocol 1 and notes every command.

It is no simulator: it knows nothing but "asked this, answer that", so that a test says all that happens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drivers.transports.base import LinkError
from drivers.transports.memory import VirtualClock
from protocol.wire.buffer import ReceiveBuffer
from protocol.wire.layout import pack
from protocol.wire.shtrih import commands as c
from protocol.wire.shtrih import printer_commands as p
from protocol.wire.shtrih import record_commands as r
from protocol.wire.shtrih.catalogue import read_command
from protocol.wire.shtrih.codec import ACK, ENQ, NAK, STX, Frame, next_frame
from protocol.wire.shtrih.commands import Command


class Lost:
    """The register does it and keeps the reply; the line loses it."""


class Gone:
    """The register does it, then its power is cut: nothing is stored."""


class Broken:
    """The channel breaks when the command arrives."""


Answer = Any
"""A reply value, its ready fields, an error byte, one of the classes above, or a function giving one."""

TABLES: dict[tuple[int, int, int], bytes] = {
    (18, 1, 1): "0010690044005314".encode("cp1251").ljust(21, b"\0"),
    (17, 1, 17): b"\x04",
    (17, 1, 7): b"\x00",
    (17, 1, 71): b"\x02",
    (1, 1, 14): b"\x00",
}
VAT_ROWS = [
    (2000, "НДС 20%"),
    (1000, "НДС 10%"),
    (0, "НДС 0%"),
    (0, "БЕЗ НДС"),
    (2000, "НДС 20/120"),
    (1000, "НДС 10/110"),
    (500, "НДС 5%"),
    (700, "НДС 7%"),
    (500, "НДС 5/105"),
    (700, "НДС 7/107"),
    (2200, "НДС 22%"),
    (2200, "НДС 22/122"),
]
UNKNOWN_TABLE = 0x5D
FEATURES = 1 << 13 | 1 << 43  # a cutter, a fiscal drive


class ScriptedRegister:
    """``answers[kind]`` is a list: each command takes the first, the last one stays."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.tables = dict(TABLES)
        for row, (rate, name) in enumerate(VAT_ROWS, start=1):
            self.tables[6, row, 1] = rate.to_bytes(2, "little")
            self.tables[6, row, 2] = name.encode("cp1251").ljust(57, b"\0")
        self.log: list[Command[Any]] = []
        self.noise = b""  # sent again and again, for as long as it is set
        self._stored = b""
        self._out = b""
        self._buffer = ReceiveBuffer(1024)
        self.answers: dict[type[Command[Any]], list[Answer]] = {
            c.DeviceType: [c.DeviceTypeReply(0, 0, 1, 14, 250, 0, "ШТРИХ-М-01Ф")],
            c.FullStatus: [full_status()],
            c.ShortStatus: [short_status()],
            c.DriveStatus: [drive_status()],
            c.Registration: [c.RegistrationReply(None, "7742856793", "8490856970047916", 55, 0)],
            c.ShiftParameters: [c.ShiftReply(1, 7, 3)],
            c.MoneyRegister: [c.RegisterReply(30, 12345)],
            c.ReadTable: [self._read_table],
            c.WriteTable: [self._write_table],
            c.TableInfo: [lambda _: c.TableInfoReply("НАЛОГИ", len(VAT_ROWS), 2)],
            c.ModelParameters: [c.ModelParametersReply(FEATURES, 12, 24)],
            p.FontMetrics: [lambda command: p.FontReply(576, 12 * command.font, 24, 7)],
            r.OperationRegister: [lambda command: r.OperationRegisterReply(30, command.register)],
            r.CashIn: [r.CashReply(30, 43)],
            r.CashOut: [r.CashReply(30, 43)],
        }

    # --- the peer of a memory transport ------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        self._buffer.feed(data)
        while (first := self._buffer.peek(1)) is not None:
            if first[0] == STX:
                frame = next_frame(self._buffer)
                if frame is None:
                    return
                assert isinstance(frame, Frame), "the driver sent a damaged frame"
                self._execute(frame.payload)
                continue
            self._buffer.take(1)
            if first[0] == ENQ:
                self._out += bytes((ACK,)) + self._stored if self._stored else bytes((NAK,))
            elif first[0] == ACK:
                self._stored = b""

    def poll(self) -> bytes:
        out, self._out = self._out + self.noise, b""
        if self.noise:
            self.clock.sleep(0.01)
        return out

    def _execute(self, payload: bytes) -> None:
        command = read_command(payload)
        self.log.append(command)
        answer = self._answer(command)
        if answer is Broken:
            raise LinkError("link_lost", "the cable was pulled")
        if answer is Gone:
            self._out += bytes((ACK,))
            return
        lost = answer is Lost
        fields = b"\0" if lost else bytes((answer,)) if isinstance(answer, int) else b"\0" + _fields(answer)
        self._stored = Frame(command.code + fields).to_bytes()
        self._out += bytes((ACK,)) + (b"" if lost else self._stored)

    def _answer(self, command: Command[Any]) -> Answer:
        queue = self.answers.get(type(command), [c.Done()])
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        called: Callable[[Any], Answer] | None = answer if callable(answer) and not isinstance(answer, type) else None
        return called(command) if called else answer

    def _read_table(self, command: c.ReadTable) -> Answer:
        value = self.tables.get((command.table, command.row, command.field))
        return UNKNOWN_TABLE if value is None else c.TableReply(value)

    def _write_table(self, command: c.WriteTable) -> Answer:
        cell = (command.table, command.row, command.field)
        if len(self.tables[cell]) != len(command.value):
            return 0x7E
        self.tables[cell] = command.value
        return c.Done()

    # --- what a test looks at ----------------------------------------------------------------------------------------

    def said(self) -> list[str]:
        """Names of the commands so far, without looks at the status."""
        return [type(command).__name__ for command in self.log if not isinstance(command, c.ShortStatus)]

    def sent(self, kind: type[Command[Any]]) -> list[Any]:
        return [command for command in self.log if isinstance(command, kind)]


def short_status(mode: int = 2, submode: int = 0, flags: int = 0x0292) -> c.ShortStatusReply:
    return c.ShortStatusReply(30, flags, mode, submode, 0, 255, 216, 0, 0, 0, bytes(3), 0)


def full_status(
    mode: int = 2, submode: int = 0, flags: int = 0x0292, serial: int = 44005314, clock: bool = True
) -> bytes:
    fields = bytes((30,)) + b"C3" + b"\x22\x4b" + bytes((15, 6, 26)) + b"\x01" + b"\x2a\x00"
    fields += flags.to_bytes(2, "little") + bytes((mode, submode, 128)) + b"NA" + bytes(2) + bytes((1, 1, 16))
    fields += bytes((21, 11, 26, 14, 5, 9)) if clock else bytes(6)
    fields += b"\0" + serial.to_bytes(4, "little") + bytes(6) + (7742856793).to_bytes(6, "little")
    return fields


def drive_status(document: int = 0, last_fd: int = 45, phase: int = 3, warnings: int = 0) -> c.DriveStatusReply:
    return c.DriveStatusReply(phase, document, 0, 1, warnings, None, "9999681719158025", last_fd)


def _fields(answer: Any) -> bytes:
    return answer if isinstance(answer, bytes) else pack(answer)
