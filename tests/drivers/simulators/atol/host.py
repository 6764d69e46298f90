"""The host's side of the line for tests: bytes from the protocol's text, nothing of the project's driver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from drivers.simulators.atol import AtolDevice, AtolState, Options, new_device
from drivers.simulators.clock import ManualClock
from drivers.simulators.dump import dump
from drivers.simulators.paper import MemoryPaper

START = datetime.fromisoformat("2026-11-22T10:00:00")
ADMINISTRATOR = "00000030"
FROM_DATA, ESCAPES = {0xFE: b"\xfd\xee", 0xFD: b"\xfd\xed"}, {0xEE: 0xFE, 0xED: 0xFD}


class Silent(Exception):
    """The device did not answer."""


class Refused(AssertionError):
    def __init__(self, command: str, error: int) -> None:
        super().__init__(f"{command}: error {error:02X}h")
        self.error = error


def crc(data: bytes) -> int:
    """By the polynomial's definition: division of the bits, high one first, with FF in front."""
    register = 0xFF
    for bit in "".join(f"{byte:08b}" for byte in data):
        high = register >> 7 ^ int(bit)
        register = (register << 1 & 0xFF) ^ (0x31 if high else 0)
    return register


def frame(packet: int, data: bytes) -> bytes:
    body = data + bytes([crc(bytes([packet]) + data)])
    return bytes([0xFE, len(data) & 0x7F, len(data) >> 7, packet]) + b"".join(
        FROM_DATA.get(byte, bytes([byte])) for byte in body
    )


@dataclass(frozen=True)
class Packet:
    id: int
    data: bytes
    good: bool = True

    def __str__(self) -> str:
        return f"{self.id:02X}: {self.data.hex(' ').upper()}" + ("" if self.good else " (bad)")


def packets(stream: bytes) -> list[Packet]:
    """Whole frames of what the device sent; anything before FE is skipped."""
    found, at = [], stream.find(b"\xfe")
    while 0 <= at <= len(stream) - 5:
        size, packet = stream[at + 1] | stream[at + 2] << 7, stream[at + 3]
        plain, at = bytearray(), at + 4
        while len(plain) <= size and at < len(stream):
            if stream[at] == 0xFD:
                at += 1
                plain.append(ESCAPES[stream[at]])
            else:
                plain.append(stream[at])
            at += 1
        if len(plain) == size + 1:
            data = bytes(plain[:-1])
            found.append(Packet(packet, data, plain[-1] == crc(bytes([packet]) + data)))
        at = stream.find(b"\xfe", at)
    return found


def bcd(value: int, size: int) -> bytes:
    return bytes.fromhex(str(value).zfill(2 * size))


def le(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def tlv(tag: int, value: bytes | str) -> bytes:
    raw = value.encode("cp866") if isinstance(value, str) else value
    return le(tag, 2) + le(len(raw), 2) + raw


class Host:
    """A register on the desk: ``ask`` one command, ``raw`` any bytes, ``pass_time`` on its clock."""

    def __init__(
        self,
        *faults: str,
        state: AtolState | None = None,
        ffd: str = "1.2",
        start: datetime = START,
        print_time: float = 0.0,
        seed: int = 1,
        **rest: Any,
    ) -> None:
        self.clock = ManualClock(start)
        self.paper = MemoryPaper()
        self.device: AtolDevice = new_device(
            self.clock,
            Random(seed),
            state=state,
            ffd=ffd,
            faults=faults,
            paper=self.paper,
            options=Options(print_time=print_time),
            **rest,
        )
        self.line = self.device.connection()
        self.packet = -1
        self.tid = -1

    # --- bytes and packets ---

    def raw(self, data: str | bytes) -> str:
        """Bytes in hex in, bytes in hex out."""
        sent = bytes.fromhex(data) if isinstance(data, str) else data
        return self.line.receive(sent).hex(" ").upper()

    def pass_time(self, seconds: float) -> list[Packet]:
        self.clock.advance(seconds)
        return packets(self.line.poll())

    def redial(self) -> None:
        self.line.close()
        self.line = self.device.connection()

    def say(self, *data: int | bytes) -> Packet:
        """One packet and the answer to it, which has the same id."""
        self.packet = (self.packet + 1) % 0xDD
        body = b"".join(bytes([part]) if isinstance(part, int) else part for part in data)
        heard = packets(self.line.receive(frame(self.packet, body)))
        if not heard:
            raise Silent(body.hex())
        assert heard[0].id == self.packet
        return heard[0]

    def add(self, command: str, *fields: bytes, flags: int = 1) -> Packet:
        """A task of its own number."""
        self.tid = (self.tid + 1) % 0xDD
        return self.again(command, *fields, flags=flags)

    def again(self, command: str, *fields: bytes, flags: int = 1) -> Packet:
        """The same task number as before."""
        return self.say(0xC1, flags, self.tid, b"\0\0", bytes.fromhex(command), *fields)

    def acknowledge(self) -> Packet:
        return self.say(0xC2, self.tid)

    def request(self, tid: int | None = None) -> Packet:
        return self.say(0xC3, self.tid if tid is None else tid)

    def abort(self) -> Packet:
        return self.say(0xC4)

    # --- commands ---

    def ask(self, command: str, *fields: bytes) -> bytes:
        """One whole exchange that ends at once; the answer as the command gave it."""
        heard = self.add(command, *fields)
        status, answer = heard.data[0], heard.data[1:]
        if status == 0xA4:
            self.abort()
        else:
            assert status == 0xA3, str(heard)
            assert self.acknowledge().data == b"\xa3"
        return answer

    def good(self, command: str, *fields: bytes) -> bytes:
        """``ask`` that must be carried out; what follows ``55 00``."""
        answer = self.ask(command, *fields)
        assert answer[0] == 0x55
        if answer[1]:
            raise Refused(command, answer[1])
        return answer[2:]

    def error(self, command: str, *fields: bytes) -> int:
        """``ask`` that must be refused; nothing follows the code."""
        answer = self.ask(command, *fields)
        assert len(answer) == 2, answer.hex()
        assert answer[0] == 0x55
        assert answer[1]
        return answer[1]

    def register(self, number: str, *parameters: int) -> str:
        """Its data in hex."""
        return self.good("91" + number, bytes([*parameters, 0, 0][:2])).hex().upper()

    # --- usual work ---

    def mode(self, mode: int) -> None:
        if self.ask("45")[1] & 0x0F != mode:
            self.good("48")
            self.good("56", bytes([mode]), bytes.fromhex(ADMINISTRATOR))

    def requisite(self, tag: int, value: bytes | str) -> None:
        self.good("E80101 00", tlv(tag, value))

    def open_shift(self) -> None:
        self.mode(1)
        self.good("9A00")

    def close_shift(self) -> None:
        self.mode(3)
        self.good("5A")

    def open_receipt(self, kind: int = 1, flags: int = 0) -> None:
        self.mode(1)
        self.good("92", bytes([flags, kind]))

    def position(self, total: int, **changed: Any) -> None:
        self.good("EA 00 01 00")
        self.good("EB", position_fields(total, **changed))

    def pay(self, amount: int, kind: int = 1) -> tuple[int, int]:
        answer = self.good("99", bytes([0, kind]), bcd(amount, 5)).hex()
        return int(answer[:10]), int(answer[10:])

    def close(self) -> None:
        self.good("4A 00 01", bytes(5))

    def sell(self, total: int = 10_000, paid: int | None = None) -> None:
        self.open_receipt()
        self.position(total)
        self.pay(total if paid is None else paid)
        self.close()

    # --- what became of it ---

    @property
    def fd(self) -> int:
        return self.device.register.drive.last_fd

    def dumped(self) -> list[dict[str, Any]]:
        documents: list[dict[str, Any]] = dump(self.device.state.drive)["documents"]
        return documents


def position_fields(
    total: int,
    *,
    price: int | None = None,
    quantity: int = 1000,
    name: str = "Молоко",
    tax: int = 1,
    tax_sum: int | None = None,
    department: int = 1,
    subject: int = 1,
    method: int = 4,
    flags: int = 0x0A,
) -> bytes:
    """EB without its code."""
    computed = flags if tax_sum is None else flags & ~0x08
    return b"".join(
        (
            bytes([computed]),
            bcd(total if price is None else price, 7) + bcd(quantity, 5) + bcd(total, 7),
            bytes([tax]) + bcd(tax_sum or 0, 7) + bcd(department, 1) + bcd(subject, 1) + bytes([method]),
            b"\0" + bcd(0, 7) + b"\0\0",
            name.encode("cp866"),
        )
    )
