"""ZVT: what both sides say to each other, bytes to messages and back.

``class | instruction | length | data``. The length is one byte, 00h..FEh; FFh is followed by a length of two bytes, the
low one first. Over TCP messages follow one another with nothing around them; a serial line has frames
(``protocol.wire.zvt.serial``). Source: ZVT, ECR interface, revision 13.08.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from protocol.wire.buffer import ReceiveBuffer

EXTENDED = 0xFF
MAX_DATA = 0xFFFF
MAX_APDU = 5 + MAX_DATA

# Class and instruction as one number: cash register to terminal,
REGISTRATION = 0x0600
AUTHORISATION = 0x0601
PRINT_TOTALS = 0x0612
REPEAT_RECEIPT = 0x0620
REVERSAL = 0x0630
REFUND = 0x0631
END_OF_DAY = 0x0650
DIAGNOSIS = 0x0670
INITIALISATION = 0x0693
ABORT = 0x06B0
STATUS_ENQUIRY = 0x0501
# terminal to cash register,
INTERMEDIATE_STATUS = 0x04FF
STATUS_INFORMATION = 0x040F
SET_CLOCK = 0x0401
COMPLETION = 0x060F
ABORTED = 0x061E
PRINT_LINE = 0x06D1
PRINT_TEXT_BLOCK = 0x06D3
# and the answers of both.
POSITIVE = 0x8000
NEGATIVE = 0x84


@dataclass(frozen=True, slots=True)
class Apdu:
    """``command`` is class and instruction. The data may hold what belongs to a card, and is not shown."""

    command: int
    data: bytes = field(default=b"", repr=False)

    def to_bytes(self) -> bytes:
        """Raises ``ValueError`` for more than ``MAX_DATA`` bytes."""
        size = len(self.data)
        if size > MAX_DATA:
            raise ValueError(f"{size} bytes of data; {MAX_DATA} is the limit")
        length = bytes((size,)) if size < EXTENDED else bytes((EXTENDED, size & 0xFF, size >> 8))
        return self.command.to_bytes(2, "big") + length + self.data

    @property
    def refusal(self) -> int | None:
        """The code of a negative answer, ``84 xx`` (``84 1E xx`` has it in front of its data); ``None``: it is none."""
        if self.command >> 8 != NEGATIVE:
            return None
        code = self.command & 0xFF
        return self.data[0] if code == 0x1E and self.data else code


def positive() -> Apdu:
    return Apdu(POSITIVE)


def negative(code: int, data: bytes = b"") -> Apdu:
    return Apdu(NEGATIVE << 8 | code, data)


def next_apdu(buffer: ReceiveBuffer) -> Apdu | None:
    """The next message of a stream; ``None`` while it is incomplete. Nothing in it can be wrong but its meaning."""
    head = buffer.peek(3)
    if head is None:
        return None
    size, start = head[2], 3
    if size == EXTENDED:
        head = buffer.peek(5)
        if head is None:
            return None
        size, start = head[3] | head[4] << 8, 5
    raw = buffer.take(start + size)
    return None if raw is None else Apdu(int.from_bytes(raw[:2], "big"), raw[start:])
