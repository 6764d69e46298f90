"""A conversation as a capture file, as if it had been seen on a network: raw IPv4, one TCP segment for each unit."""

from __future__ import annotations

import struct
from collections.abc import Iterable

PORT = 20007
CASH_REGISTER, TERMINAL = ("127.0.0.2", 50_000), ("127.0.0.3", PORT)
RAW_IP = 101


def capture(said: Iterable[tuple[bool, bytes]]) -> bytes:
    """``True``: the terminal said it. Whoever speaks acknowledges all that was heard."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, RAW_IP)
    sent = {True: 1, False: 1}
    for at, (terminal, unit) in enumerate(said):
        whence, whither = (TERMINAL, CASH_REGISTER) if terminal else (CASH_REGISTER, TERMINAL)
        tcp = struct.pack(
            ">HHIIBBHHH", whence[1], whither[1], sent[terminal], sent[not terminal], 5 << 4, 0x18, 65_535, 0, 0
        )
        sent[terminal] += len(unit)
        length = 20 + len(tcp) + len(unit)
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, length, at, 0, 64, 6, 0, _ip(whence[0]), _ip(whither[0]))
        packet = ip + tcp + unit
        out += struct.pack("<IIII", at, 0, len(packet), len(packet)) + packet
    return out


def _ip(text: str) -> bytes:
    return bytes(int(part) for part in text.split("."))
