"""The reference conversation: what has to pass over the line for a proven receipt, each command once, at its shortest.

=========================================  ===========================================================================
11h, FF01h, FF40h, 1Ah                     R1 to R3: whose register, its mode and clock; the drive's serial, open
                                           document and last FD; shift and receipt number; the drawer's counter
8Dh, FF0Ch ×2, (FF46h, FF4Dh) ×5           R5: open, cashier, imprint, each line with its unit
89h, FF01h                                 R6: the total as the register has it; the last FD is still the one of R3
FF45h                                      R8: payments, close
10h                                        R11: is it printed to its end?
FF01h, FF0Ah, FF3Ah, FF3Bh …               R9: last number, the document's summary, its tags in the blocks that the
                                           register gives
1Ah                                        the drawer after it, which the proof shows
=========================================  ===========================================================================

Every command costs what protocol 1 asks for: ENQ and NAK, the frame and its ACK, the reply and its ACK. There is no
poll, no table, nothing that a driver may know from connecting. ``BareHost`` is also the floor in time: it sends frames
made beforehand and judges nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from drivers.fiscal.shtrih.profile import Profile
from drivers.fiscal.shtrih.receipt import ReceiptCommands
from protocol.wire.shtrih.codec import ACK, ENQ, NAK, Frame
from protocol.wire.shtrih.commands import (
    BeginOpenShift,
    Command,
    DriveStatus,
    FindDocument,
    FullStatus,
    MoneyRegister,
    NextBlock,
    OpenDocument,
    OpenShift,
    SendTags,
    ShiftParameters,
    ShortStatus,
    Subtotal,
)

R = TypeVar("R")


class Channel(Protocol):
    def write(self, data: bytes) -> None: ...

    def take(self, count: int) -> bytes:
        """Exactly so many bytes."""


def before(receipt: ReceiptCommands, profile: Profile) -> tuple[Command[Any], ...]:
    """Up to the close."""
    password = profile.password
    lines = [command for position in receipt.positions for command in position.commands]
    return (
        FullStatus(password),
        DriveStatus(password),
        ShiftParameters(password),
        MoneyRegister(password, MoneyRegister.DRAWER),
        receipt.open,
        *(SendTags(password, tlv) for tlv in receipt.head),
        *lines,
        Subtotal(password),
        DriveStatus(password),
    )


class BareHost:
    """Speaks protocol 1 as on a line without faults: nothing is checked but that the device said yes."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def open_shift(self, password: int) -> None:
        self.call(BeginOpenShift(password))
        self.call(OpenShift(password))

    def receipt(self, frames: Sequence[bytes], close: Command[Any], password: int) -> None:
        for frame in frames:
            self._exchange(frame)
        self.call(close)
        self.call(ShortStatus(password))
        fd = self.call(DriveStatus(password)).last_fd
        self.call(FindDocument(password, fd))
        left = self.call(OpenDocument(password, fd)).length
        while left > 0:
            left -= len(self.call(NextBlock(password)).data)
        self.call(MoneyRegister(password, MoneyRegister.DRAWER))

    def call(self, command: Command[R]) -> R:
        return command.read_reply(self._exchange(framed(command))[len(command.code) + 1 :])

    def _exchange(self, frame: bytes) -> bytes:
        channel = self._channel
        channel.write(bytes([ENQ]))
        assert channel.take(1) == bytes([NAK])
        channel.write(frame)
        head = channel.take(3)  # ACK, STX, length
        assert head[0] == ACK
        payload = channel.take(head[2] + 1)[:-1]
        channel.write(bytes([ACK]))
        error = payload[2] if payload[0] == 0xFF else payload[1]
        if error:
            raise RuntimeError(f"the register refuses {frame.hex()} with {error:02X}h")
        return payload


def framed(command: Command[Any]) -> bytes:
    return Frame(command.to_bytes()).to_bytes()
