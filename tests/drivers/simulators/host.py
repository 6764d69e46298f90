"""The host's side of the line for tests: bytes from the protocol's text, nothing of the project's driver."""

from __future__ import annotations

import binascii
from datetime import datetime
from functools import reduce
from operator import xor
from random import Random
from typing import Any

from drivers.simulators.clock import ManualClock
from drivers.simulators.paper import MemoryPaper
from drivers.simulators.shtrih import Options, ShtrihDevice, ShtrihState, new_device, new_state

START = datetime.fromisoformat("2026-11-22T10:00:00")
PASSWORD = "1E 00 00 00"
NOT_GIVEN = "FF FF FF FF FF"


class Silent(Exception):
    """The device did not answer."""


def frame(payload: bytes) -> bytes:
    body = bytes([len(payload)]) + payload
    return b"\x02" + body + bytes([reduce(xor, body)])


def le(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


class Host:
    """A register on the desk: ``ask`` one command, ``raw`` any bytes, ``pass_time`` on its clock."""

    def __init__(
        self,
        *faults: str,
        state: ShtrihState | None = None,
        start: datetime = START,
        print_time: float = 0.0,
        seed: int = 1,
        protocol: int | None = None,
        tcp: bool = True,
    ) -> None:
        self.extra = "FF" if tcp else ""
        self.clock = ManualClock(start)
        self.paper = MemoryPaper()
        self.device: ShtrihDevice = new_device(
            self.clock,
            Random(seed),
            state=state,
            faults=faults,
            paper=self.paper,
            options=Options(print_time=print_time, protocol=protocol, tcp=tcp),
        )
        self.line = self.device.connection()

    def raw(self, data: str | bytes) -> str:
        """Bytes in hex in, bytes in hex out."""
        sent = bytes.fromhex(data) if isinstance(data, str) else data
        return self.line.receive(sent).hex(" ").upper()

    def pass_time(self, seconds: float) -> str:
        self.clock.advance(seconds)
        return self.line.poll().hex(" ").upper()

    def redial(self) -> None:
        self.line.close()
        self.line = self.device.connection()

    def ask(self, command: str, *fields: bytes) -> bytes:
        """One whole exchange; returns the reply payload after the command code, the error byte first."""
        payload = bytes.fromhex(command) + b"".join(fields)
        code = payload[: 2 if payload[0] == 0xFF else 1]
        assert self.raw("05") == "15"
        out = self.line.receive(frame(payload))
        if not out.startswith(b"\x06"):
            raise Silent(out.hex())
        return self._reply(out[1:], code)

    def try_once(self, payload: bytes) -> bytes | None:
        """One frame without ENQ; the reply payload if a good one comes at once, with an ACK in front or without."""
        return self._heard(self.line.receive(frame(payload)))

    def recover(self) -> bytes | None:
        """What the device still has to say, by ENQ; ``None``: nothing."""
        return self._heard(self.line.receive(b"\x05"))

    def _heard(self, out: bytes) -> bytes | None:
        start = out.find(b"\x02")
        if start < 0 or out[start:] != frame(out[start + 2 : -1]):
            return None
        return out[start + 2 : -1]

    def _reply(self, out: bytes, code: bytes) -> bytes:
        if not out:
            raise Silent("acknowledged, and no reply")
        assert out == frame(out[2:-1]), out.hex()
        payload = out[2:-1]
        assert self.raw("06") == self.extra
        assert payload.startswith(code), payload.hex()
        return payload[len(code) :]

    def good(self, command: str, *fields: bytes) -> bytes:
        """``ask`` that must be carried out; returns the fields after the error byte."""
        reply = self.ask(command, *fields)
        assert reply[0] == 0, f"{command}: error {reply[0]:02X}h"
        return reply[1:]

    def error(self, command: str, *fields: bytes) -> int:
        """``ask`` that must be refused; nothing follows the code."""
        reply = self.ask(command, *fields)
        assert len(reply) == 1
        return reply[0]

    # --- usual commands ---

    def open_shift(self) -> None:
        self.good("E0" + PASSWORD)

    def open_receipt(self, kind: int = 0) -> None:
        self.good("8D" + PASSWORD, bytes([kind]))

    def line_fields(
        self,
        price: int,
        *,
        sign: int = 1,
        quantity: int = 1_000_000,
        total: int | None = None,
        rate: int = 0xCB,
        department: int = 1,
        method: int = 4,
        subject: int = 1,
        name: str = "Товар",
    ) -> bytes:
        asked = bytes.fromhex(NOT_GIVEN) if total is None else le(total, 5)
        return b"".join(
            (
                *(bytes([sign]), le(quantity, 6), le(price, 5), asked, bytes.fromhex(NOT_GIVEN)),
                *(bytes([rate, department, method, subject]), name.encode("cp1251")),
            )
        )

    def operation(self, price: int, **fields: object) -> bytes:
        return self.ask("FF46" + PASSWORD, self.line_fields(price, **fields))  # type: ignore[arg-type]

    def close_fields(self, *, rounding: int = 0, taxation: int = 1, **sums: int) -> bytes:
        """``cash``, ``card``, and ``pay3`` … ``pay16``."""
        paid = [sums.get(f"pay{number}", 0) for number in range(1, 17)]
        paid[0] += sums.get("cash", 0)
        paid[1] += sums.get("card", 0)
        return b"".join(le(each, 5) for each in paid) + bytes([rounding]) + bytes(30) + bytes([taxation])

    def close(self, **fields: int) -> tuple[int, int, int]:
        """Close the receipt; change, FD number and fiscal sign."""
        reply = self.good("FF45" + PASSWORD, self.close_fields(**fields))
        assert len(reply) == 13
        return (
            int.from_bytes(reply[:5], "little"),
            int.from_bytes(reply[5:9], "little"),
            int.from_bytes(reply[9:], "little"),
        )

    def sell(self, price: int = 10_000, **fields: object) -> tuple[int, int, int]:
        self.open_receipt()
        assert self.operation(price, **fields) == b"\0"
        return self.close(cash=price)

    def last_fd(self) -> int:
        return int.from_bytes(self.good("FF01" + PASSWORD)[-4:], "little")

    def mode(self) -> int:
        return self.good("10" + PASSWORD)[3]

    def submode(self) -> int:
        return self.good("10" + PASSWORD)[4]

    def document(self, fd: int) -> bytes:
        """A document's whole TLV by FF3Ah and FF3Bh."""
        head = self.good("FF3A" + PASSWORD, le(fd, 4))
        size = int.from_bytes(head[2:4], "little")
        data = b""
        while len(data) < size:
            data += self.good("FF3B" + PASSWORD)
        assert len(data) == size
        return data

    def tags(self, fd: int) -> list[tuple[int, bytes]]:
        return records(self.document(fd))


def numbered(number: int, payload: bytes) -> bytes:
    """A frame of protocol 2; the CRC is that of the standard library."""
    body = le(len(payload) + 2, 2) + le(number, 2) + payload
    body += le(binascii.crc_hqx(body, 0xFFFF), 2)
    return b"\x8f" + body.replace(b"\x9f", b"\x9f\x83").replace(b"\x8f", b"\x9f\x81")


def opened(sent: bytes) -> tuple[int, bytes]:
    """Number and payload of exactly one good frame of protocol 2."""
    assert sent[:1] == b"\x8f"
    assert b"\x8f" not in sent[1:]
    body = sent[1:].replace(b"\x9f\x81", b"\x8f").replace(b"\x9f\x83", b"\x9f")
    assert le(binascii.crc_hqx(body[:-2], 0xFFFF), 2) == body[-2:]
    assert int.from_bytes(body[:2], "little") == len(body) - 4
    return int.from_bytes(body[2:4], "little"), body[4:-2]


PING = bytes.fromhex("8F 00 00 0F 1D")


class NumberedHost(Host):
    """The same register spoken to by protocol 2."""

    def __init__(self, *faults: str, print_time: float = 0.0, protocol: int | None = None) -> None:
        super().__init__(*faults, print_time=print_time, protocol=protocol)
        self.number = 0

    def sync(self) -> bytes:
        """Take the device's number; its last reply."""
        self.number, reply = opened(self.line.receive(PING))
        return reply

    def send(self, payload: bytes, number: int | None = None) -> bytes:
        """What the device says at once to the next command."""
        return self.line.receive(numbered((self.number + 1) & 0xFFFF if number is None else number, payload))

    def try_once(self, payload: bytes) -> bytes | None:
        return self._heard(self.send(payload))

    def recover(self) -> bytes | None:
        return self._heard(self.line.receive(PING))

    def _heard(self, out: bytes) -> bytes | None:
        try:
            return opened(out[max(out.find(b"\x8f"), 0) :])[1] or None
        except AssertionError:
            return None

    def ask(self, command: str, *fields: bytes) -> bytes:
        payload = bytes.fromhex(command) + b"".join(fields)
        out = self.send(payload)
        if not out:
            raise Silent("no answer")
        number, reply = opened(out)
        assert number == (self.number + 1) & 0xFFFF
        self.number = number
        code = payload[: 2 if payload[0] == 0xFF else 1]
        assert reply.startswith(code), reply.hex()
        return reply[len(code) :]


def made(*, start: datetime = START, **options: Any) -> Host:
    """A register made with the options of ``new_state``."""
    state = new_state(Random(1), ManualClock(start), **options)
    return Host(state=state, start=start)


def tlv(tag: int, value: bytes) -> bytes:
    return le(tag, 2) + le(len(value), 2) + value


def money(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def records(data: bytes) -> list[tuple[int, bytes]]:
    """Split TLV: tag uint16, length uint16, value."""
    found = []
    while data:
        tag, size = int.from_bytes(data[:2], "little"), int.from_bytes(data[2:4], "little")
        assert len(data) >= 4 + size
        found.append((tag, data[4 : 4 + size]))
        data = data[4 + size :]
    return found
