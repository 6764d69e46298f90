"""Shtrih-M, standard lower level ("protocol 1"): bytes to frames and back.

``02 | LEN | payload | LRC``: LEN counts the payload (1..255, command code included), LRC is the XOR of LEN and the
payload. Source: "Protocol of the fiscal register" 1.12..1.17 and 2.0, section "lower level".

Noise. *Before* a frame every byte up to the first 02h is dropped. *Inside* a frame it shows as a wrong LRC: the frame
is reported as ``Damaged`` and its bytes are gone; the sender repeats on request, so nothing is searched inside the
remains. *After* a frame bytes stay in the buffer for whoever reads next. A frame of length 0 cannot carry a command
and is ``Damaged`` too.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.wire.buffer import ReceiveBuffer

STX = 0x02
ENQ = 0x05
ACK = 0x06
NAK = 0x15
IDLE_FILL = 0xFF
"""Sent by TCP and RNDIS devices after our ACK of a reply; stands for nothing."""

MAX_PAYLOAD = 255
MAX_FRAME = MAX_PAYLOAD + 3


@dataclass(frozen=True, slots=True)
class Frame:
    """One intact message; ``payload`` starts with the command code."""

    payload: bytes

    def to_bytes(self) -> bytes:
        """Raises ``ValueError`` when the payload is empty or longer than 255 bytes."""
        if not 1 <= len(self.payload) <= MAX_PAYLOAD:
            raise ValueError(f"a frame carries 1 to {MAX_PAYLOAD} bytes, not {len(self.payload)}")
        body = bytes((len(self.payload),)) + self.payload
        return bytes((STX,)) + body + bytes((lrc(body),))


@dataclass(frozen=True, slots=True)
class Damaged:
    """A frame whose LRC or length is wrong; ``raw`` is kept for the trace."""

    raw: bytes


def lrc(data: bytes) -> int:
    """XOR of all bytes."""
    value = 0
    for byte in data:
        value ^= byte
    return value


def next_frame(buffer: ReceiveBuffer) -> Frame | Damaged | None:
    """The next frame in ``buffer``; ``None`` while it is incomplete (noise before it is dropped already)."""
    buffer.skip_to(STX)
    head = buffer.peek(2)
    if head is None:
        return None
    raw = buffer.take(head[1] + 3)
    if raw is None:
        return None
    if head[1] == 0 or lrc(raw[1:]) != 0:
        return Damaged(raw)
    return Frame(raw[2:-1])
