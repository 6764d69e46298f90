"""Tags of the document that is being made: one command for each, or the register's buffer for a long one."""

from __future__ import annotations

from drivers.errors import InDoubt
from drivers.fiscal.shtrih.printing import Printer
from protocol.ffd.tlv import encode
from protocol.wire.shtrih.commands import TLV_ROOM, SendTags
from protocol.wire.shtrih.record_commands import BeginBuffer, SendBuffer, WriteBuffer


def cashier_tags(name: str | None, inn: str | None) -> tuple[bytes, ...]:
    """Raises ``TlvError``."""
    return tuple(encode(tag, value) for tag, value in ((1021, name), (1203, inn)) if value is not None)


def send(printer: Printer, password: int, tlv: bytes) -> None:
    """FF0Ch takes less than the longest tags have; those go through FF32h, FF33h and FF64h."""
    if len(tlv) <= TLV_ROOM:
        printer.call(SendTags(password, tlv))
        return
    block = min(printer.call(BeginBuffer(password, len(tlv))).block, WriteBuffer.ROOM)
    if block == 0:
        raise InDoubt("bad_reply", "the register's buffer takes blocks of no bytes")
    for offset in range(0, len(tlv), block):
        part = tlv[offset : offset + block]
        printer.call(WriteBuffer(password, offset, len(part), part))
    printer.call(SendBuffer(password))
