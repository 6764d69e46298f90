"""ATOL's wire: frames, answers, conversations, profiles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drivers.address import SetupError
from drivers.fiscal.atol_wire import load_profile
from protocol.wire.atol.catalogue import COMMANDS, read_command
from protocol.wire.atol.frame import Packet, next_packet
from protocol.wire.atol.link import Exchange, Numbers
from protocol.wire.atol.operations import CloseReceipt
from protocol.wire.atol.queries import ReadClock
from protocol.wire.buffer import BufferFull
from protocol.wire.layout import LayoutError
from tests.fuzz.parser import ROOT, Parser, file, pure
from tests.fuzz.rows_protocol import conversation, frames

_PACKETS = (
    Packet(0, b"\xa3\x55\x00").to_bytes() + Packet(1, b"\xa3").to_bytes(),
    Packet(0, b"\xa2").to_bytes() + Packet(0xF0, b"\xa6\x00\x55\x00\x21\x11\x26\x10\x20\x30").to_bytes(),
    Packet(0, b"\xa3\x55\x00\x21\x11\x26\x10\x20\x30").to_bytes() + Packet(1, b"\xa3").to_bytes(),
    Packet(0, b"\xb3").to_bytes(), Packet(0, b"\xa4\x55\x88").to_bytes(), b"\xfe\x06\x00\x00\xc1\xfd\xee",
)  # fmt: skip


def _command_rows() -> Iterator[Parser]:
    replies = (b"", b"\x00", bytes(8), bytes(33), bytes(range(64)), b"\x12\x34" * 20, b"\xff" * 48)
    for kind in COMMANDS:
        blank: Any = object.__new__(kind)
        yield Parser(f"reply of ATOL's {kind.__name__}", pure(blank.read_reply), (LayoutError,), replies, examples=6)


ATOL_WIRE = (
    Parser("frames of ATOL", pure(frames(next_packet)), (BufferFull,), _PACKETS, (
        "protocol.wire.atol.frame:next_packet",
    )),
    Parser("command of ATOL", pure(read_command), (LayoutError,), (
        b"\x4a\x00\x01\x00\x00\x00\x00\x00", b"\x91\x12\x00\x01", b"\xa4\x40\x01\x00\x00\x00",
    ), (
        "protocol.wire.atol.catalogue:read_command", "protocol.wire.atol.command:Command.from_bytes",
        "protocol.wire.atol.command:Command.read_reply",
    )),
    *(
        Parser(f"exchange of ATOL: {type(command).__name__}",
               pure(conversation(lambda command=command: Exchange(command, 1.0, Numbers()))),  # type: ignore[misc]
               (), _PACKETS, ("protocol.wire.atol.link:Exchange.received",))
        for command in (CloseReceipt(), ReadClock())
    ),
    Parser("profile of ATOL's wire", file("own.toml", load_profile), (SetupError,), (
        (ROOT / "drivers/profiles/atol.toml").read_bytes(), b"[line]\nanswer = 1.5\n[imprint]\nwrite = false\n",
    ), ("drivers.fiscal.atol_wire.profile:load_profile",)),
    *_command_rows(),
)  # fmt: skip
