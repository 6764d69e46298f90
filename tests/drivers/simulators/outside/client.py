"""A client of its own for the simulated register: frames, checksums, layouts and TLV written from the protocol's text.

It shares nothing with the driver or with the simulator. The simulator runs as a process; this side has plain sockets,
or the slave side of a pseudo-terminal. Layouts are written as the text has them: ``op:1 docNo:2 fn:16s`` is a byte, two
bytes least significant first, sixteen bytes as they are; ``rest:*`` takes what is left.
"""

import json
import os
import select
import socket
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

ENQ, STX, ACK, NAK, EXTRA = 0x05, 0x02, 0x06, 0x15, 0xFF
ADMIN = 30
PATIENCE = 5.0
GIVEN_NOT = 0xFFFFFFFFFF


class LinkError(AssertionError):
    """What came over the line is not what the lower level allows."""


def le(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def lrc(data: bytes) -> int:
    result = 0
    for byte in data:
        result ^= byte
    return result


def frame1(payload: bytes) -> bytes:
    """``02 | LEN | payload | LRC`` (1.2)."""
    body = bytes([len(payload)]) + payload
    return bytes([STX]) + body + bytes([lrc(body)])


def crc16(data: bytes) -> int:
    """Polynomial 1021h, FFFFh at first, most significant bit first (1.3)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ (0x1021 if crc & 0x8000 else 0)
        crc &= 0xFFFF
    return crc


def stuffed(data: bytes) -> bytes:
    return data.replace(b"\x9f", b"\x9f\x83").replace(b"\x8f", b"\x9f\x81")


def frame2(num: int, payload: bytes) -> bytes:
    """``8F | LEN16 | NUM16 | payload | CRC16`` with byte stuffing after the 8F (1.3)."""
    inner = le(len(payload) + 2, 2) + le(num, 2) + payload
    return b"\x8f" + stuffed(inner + le(crc16(inner), 2))


PING = b"\x8f\x00\x00\x0f\x1d"


def unpack(layout: str, data: bytes) -> dict[str, int | bytes]:
    """Fields of *data* by *layout*; every byte must be spoken for."""
    found: dict[str, int | bytes] = {}
    at = 0
    for field in layout.split():
        name, size = field.split(":")
        if size == "*":
            found[name], at = data[at:], len(data)
            continue
        width = int(size.removesuffix("s"))
        piece = data[at : at + width]
        assert len(piece) == width, f"{name}: {len(piece)} of {width} bytes left in {data.hex(' ')}"
        found[name] = piece if size.endswith("s") else number(piece)
        at += width
    assert at == len(data), f"bytes after the last field: {data[at:].hex(' ')}"
    return found


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply without its frame and command code."""

    error: int
    body: bytes

    def fields(self, layout: str) -> dict[str, int | bytes]:
        assert self.error == 0, f"refused with {self.error:02X}h"
        return unpack(layout, self.body)

    def integer(self, layout: str, name: str) -> int:
        value = self.fields(layout)[name]
        assert isinstance(value, int)
        return value

    @property
    def refused(self) -> int:
        """The code of a refusal: nothing follows it."""
        assert self.body == b"", f"a refusal with {self.body.hex(' ')}"
        return self.error


def answer_of(code: bytes, payload: bytes) -> Answer:
    if payload[: len(code)] != code or len(payload) <= len(code):
        raise LinkError(f"{code.hex()}: answered {payload.hex(' ')}")
    return Answer(payload[len(code)], payload[len(code) + 1 :])


class Line(Protocol):
    """Bytes to and from the device."""

    def write(self, data: bytes) -> None: ...

    def read(self, size: int, timeout: float = PATIENCE) -> bytes: ...

    def close(self) -> None: ...


class TcpLine:
    extra = True

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)

    def write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self, size: int, timeout: float = PATIENCE) -> bytes:
        """Exactly *size* bytes; ``TimeoutError`` or ``ConnectionError`` otherwise."""
        self.socket.settimeout(timeout)
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionResetError(f"closed after {data.hex(' ')}")
            data += piece
        return data

    def close(self) -> None:
        self.socket.close()


class PtyLine:
    extra = False

    def __init__(self, path: str) -> None:
        self.file = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.file, termios.TCSANOW)

    def write(self, data: bytes) -> None:
        os.write(self.file, data)

    def read(self, size: int, timeout: float = PATIENCE) -> bytes:
        data = b""
        while len(data) < size:
            if not select.select([self.file], [], [], timeout)[0]:
                raise TimeoutError(f"silent after {data.hex(' ')}")
            data += os.read(self.file, size - len(data))
        return data

    def close(self) -> None:
        os.close(self.file)


class Host:
    """The standard lower level (1.2): ENQ, frame, ACK, reply, ACK, and FFh on TCP."""

    def __init__(self, line: TcpLine | PtyLine) -> None:
        self.line = line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()

    def control(self) -> int:
        return self.line.read(1)[0]

    def enquire(self) -> int:
        self.line.write(bytes([ENQ]))
        return self.control()

    def settle(self) -> None:
        """Take what a conversation before left: ENQ until the device is idle."""
        while self.enquire() == ACK:
            self.take()

    def give(self, request: bytes) -> None:
        """A frame to an idle device, up to its ACK."""
        assert self.enquire() == NAK, "the device is not idle"
        self.line.write(frame1(request))
        assert self.control() == ACK

    def reply_frame(self) -> bytes:
        head = self.line.read(2)
        if head[0] != STX:
            raise LinkError(f"STX expected, {head.hex(' ')} came")
        rest = self.line.read(head[1] + 1)
        if lrc(head[1:] + rest[:-1]) != rest[-1]:
            raise LinkError("wrong LRC")
        return rest[:-1]

    def take(self) -> bytes:
        """A reply and its acknowledgement."""
        payload = self.reply_frame()
        self.line.write(bytes([ACK]))
        if self.line.extra:
            assert self.control() == EXTRA
        return payload

    def ask(self, code: str, *fields: bytes, password: int | None = ADMIN) -> Answer:
        """One command in hex, with the password unless it is None."""
        command = bytes.fromhex(code)
        self.give(command + (b"" if password is None else le(password, 4)) + b"".join(fields))
        return answer_of(command, self.take())


class Host2:
    """The alternative lower level (1.3)."""

    def __init__(self, line: TcpLine) -> None:
        self.line = line
        self.next = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()

    def received(self) -> tuple[int, bytes | None]:
        """Number and data of an answer; None is an answer without data (type II)."""
        assert self.line.read(1) == b"\x8f"

        def byte() -> int:
            first = self.line.read(1)[0]
            assert first != 0x8F, "a bare 8Fh inside a frame"
            return {0x81: 0x8F, 0x83: 0x9F}[self.line.read(1)[0]] if first == 0x9F else first

        head = bytes([byte(), byte()])
        body = bytes(byte() for _ in range(number(head)))
        assert number(bytes([byte(), byte()])) == crc16(head + body), "wrong CRC"
        return number(body[:2]), body[2:] or None

    def sync(self) -> tuple[int, bytes | None]:
        self.line.write(PING)
        num, data = self.received()
        self.next = (num + 1) % 65536
        return num, data

    def raw(self, num: int, request: bytes) -> tuple[int, bytes | None]:
        self.line.write(frame2(num, request))
        return self.received()

    def ask(self, code: str, *fields: bytes, password: int | None = ADMIN) -> Answer:
        command = bytes.fromhex(code)
        num, data = self.raw(self.next, command + (b"" if password is None else le(password, 4)) + b"".join(fields))
        assert num == self.next
        assert data is not None
        self.next = (self.next + 1) % 65536
        return answer_of(command, data)


@dataclass(slots=True)
class Machine:
    """A running simulator: where it listens and the words it takes."""

    process: subprocess.Popen[str]
    listening: str

    def word(self, text: str) -> dict[str, object]:
        """One word of the script channel; it must be carried out."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": text}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert answer["ok"] is True, answer
        return dict(answer)

    def line(self) -> TcpLine | PtyLine:
        kind, where = self.listening.split(":", 1)
        return PtyLine(where) if kind == "pty" else TcpLine(int(where.rsplit(":", 1)[1]))

    def tcp(self) -> TcpLine:
        line = self.line()
        assert isinstance(line, TcpLine)
        return line

    def host(self) -> Host:
        return Host(self.line())


NOON = "2026-11-22T10:00:00"


@contextmanager
def machine(*options: str, listen: str = "tcp:127.0.0.1:0", clock: str = NOON, fast: bool = True) -> Iterator[Machine]:
    """``simulate shtrih`` with the script channel, a fixed clock and, when *fast*, slips that print at once."""
    command = [sys.executable, "-m", "drivers.simulators", "shtrih", "--control", "--listen", listen, "--seed", "5"]
    command += ["--clock", clock, *(["--print-time", "0"] if fast else []), *options]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield Machine(process, json.loads(process.stdout.readline())["listening"])
    finally:
        process.terminate()
        code = process.wait(20)
        process.stdin.close()
        process.stdout.close()
    assert code == 0


def dump(state: Path) -> dict[str, object]:
    """What ``--dump`` prints about a state file."""
    command = [sys.executable, "-m", "drivers.simulators", "shtrih", "--state", str(state), "--dump"]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
