"""The other end of the line, written from the protocol alone: it speaks protocol 1 or 2, executes what it is told,
keeps its last reply, and meets with what a test wants it to.

It shares no encoder with the driver. What it "executes" it only notes, by command code and parameters.
"""

from __future__ import annotations

import binascii
from collections import deque
from collections.abc import Mapping

LOSE = "lose the message"
LOSE_REPLY = "execute, lose the reply"
DAMAGE = "damage the message"
DAMAGE_REPLY = "execute, damage the reply"
RESTART = "execute, then lose power"
HANG_UP = "execute, then the channel breaks"
FOREVER = "execute, and never be ready"


class LinePeer:
    """``protocol`` 0: it takes the one that the first byte asks for, as after power-up."""

    def __init__(self, protocol: int, replies: Mapping[bytes, bytes] | None = None) -> None:
        self.protocol = protocol
        self.replies = dict(replies or {})
        self.executed: list[bytes] = []
        self.fates: deque[str] = deque()  # of the commands to come, in order; none: all goes well
        self.heard = b""
        self.silent = False
        self.broken = False
        self._stored = b""
        self._number = 0
        self._in = b""
        self._out = b""

    # --- the wire ----------------------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        self.heard += data
        if self.silent:
            return
        self._in += data
        while self._in:
            if self.protocol == 0:
                self.protocol = {0x05: 1, 0x02: 1, 0x8F: 2}.get(self._in[0], 0)
            before = self._in
            match self.protocol:
                case 1:
                    self._standard()
                case 2:
                    self._numbered()
                case _:
                    self._in = self._in[1:]
            if self._in == before:
                return

    def poll(self) -> bytes:
        out, self._out = self._out, b""
        return out

    def reconnect(self) -> None:
        """A new channel: what was on the old one is gone, what the device knows is not."""
        self._in = self._out = b""
        self.broken = False

    def restart(self) -> None:
        self._stored, self._number, self._in, self._out = b"", 0, b"", b""

    # --- protocol 1 --------------------------------------------------------------------------------------------------

    def _standard(self) -> None:
        first = self._in[0]
        if first == 0x05:
            self._in = self._in[1:]
            self._out += b"\x06" + self._stored if self._stored else b"\x15"
        elif first == 0x06:
            self._in, self._stored = self._in[1:], b""
            self._out += b"\xff"
        elif first != 0x02 or self._stored:
            self._in = self._in[1:]
        elif len(self._in) >= 2 and len(self._in) >= self._in[1] + 3:
            size = self._in[1] + 3
            message, self._in = self._in[:size], self._in[size:]
            self._take(message[2:-1], 0)

    def _standard_reply(self, payload: bytes) -> bytes:
        body = bytes((len(payload),)) + payload
        check = 0
        for byte in body:
            check ^= byte
        return b"\x02" + body + bytes((check,))

    # --- protocol 2 --------------------------------------------------------------------------------------------------

    def _numbered(self) -> None:
        start = self._in.find(b"\x8f")
        self._in = self._in[max(start, 0) :] if start >= 0 else b""
        plain = self._in[1:].replace(b"\x9f\x81", b"\x8f").replace(b"\x9f\x83", b"\x9f")
        size = int.from_bytes(plain[:2], "little") + 4
        if len(plain) < 4 or len(plain) < size:
            return
        body = plain[:size]
        self._in = self._in[1 + len(body) + body.count(b"\x8f") + body.count(b"\x9f") :]
        if binascii.crc_hqx(body[:-2], 0xFFFF) != int.from_bytes(body[-2:], "little"):
            return
        number = int.from_bytes(body[2:4], "little")
        if size == 4 or number != (self._number + 1) % 65536:
            self._out += self._numbered_reply()
        else:
            self._take(body[4:-2], number)

    def _numbered_reply(self) -> bytes:
        content = self._number.to_bytes(2, "little") + self._stored
        body = len(content).to_bytes(2, "little") + content
        body += binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "little")
        return b"\x8f" + body.replace(b"\x9f", b"\x9f\x83").replace(b"\x8f", b"\x9f\x81")

    # --- what a command meets with -----------------------------------------------------------------------------------

    def _take(self, payload: bytes, number: int) -> None:
        fate = self.fates.popleft() if self.fates and not self._is_question(payload) else ""
        if fate == LOSE:
            return
        if fate == DAMAGE:
            self._out += b"\x15" if self.protocol == 1 else b""
            return
        self.executed.append(payload)
        code = payload[:2] if payload[:1] == b"\xff" else payload[:1]
        answer = code + self.replies.get(code, b"\x00")
        if self.protocol == 1:
            self._stored = self._standard_reply(answer)
            out = b"\x06" + self._stored
        else:
            self._stored, self._number = answer, number
            out = self._numbered_reply()
        match fate:
            case "":
                self._out += out
            case _ if fate == DAMAGE_REPLY:
                self._out += out[:-1] + bytes((out[-1] ^ 0x10,))
            case _ if fate == RESTART:
                self.restart()
            case _ if fate == HANG_UP:
                self.broken = True
            case _ if fate == FOREVER:
                self.silent = True

    def _is_question(self, payload: bytes) -> bool:
        return payload == b"\xfc"
