"""What a ZVT terminal and we say to each other, message by message.

Its driver tells them without card data and password (``protocol.wire.zvt.redaction``); what it has hidden stays hidden,
and the fields around it are named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from agent.support.masking import mask_bytes
from agent.support.trace.readers import DATA, PASSWORD, Frames, Piece, Side
from protocol.wire.buffer import ReceiveBuffer
from protocol.wire.zvt import apdu as codes
from protocol.wire.zvt.answers import read_print, read_status
from protocol.wire.zvt.apdu import MAX_APDU, Apdu, next_apdu
from protocol.wire.zvt.codes import result_text
from protocol.wire.zvt.fields import CONTAINER, KEPT, walk
from protocol.wire.zvt.redaction import BARE, CODED, HIDDEN
from protocol.wire.zvt.redaction import PASSWORD as SECRET

COMMANDS: Mapping[int, str] = MappingProxyType({
    codes.REGISTRATION: "Registration", codes.AUTHORISATION: "Authorisation", codes.PRINT_TOTALS: "PrintTotals",
    codes.REPEAT_RECEIPT: "RepeatReceipt", codes.REVERSAL: "Reversal", codes.REFUND: "Refund",
    codes.END_OF_DAY: "EndOfDay", codes.DIAGNOSIS: "Diagnosis", codes.INITIALISATION: "Initialisation",
    codes.ABORT: "Abort", codes.STATUS_ENQUIRY: "StatusEnquiry", codes.INTERMEDIATE_STATUS: "IntermediateStatus",
    codes.STATUS_INFORMATION: "StatusInformation", codes.SET_CLOCK: "SetClock", codes.COMPLETION: "Completion",
    codes.ABORTED: "Aborted", codes.PRINT_LINE: "PrintLine", codes.PRINT_TEXT_BLOCK: "PrintTextBlock",
    codes.POSITIVE: "acknowledge",
})  # fmt: skip
PRINTED = (codes.PRINT_LINE, codes.PRINT_TEXT_BLOCK)
_APART = frozenset({"result", "stopped"})
_GAPS = 64
"""Hidden places of one message behind which fields are looked for."""


class ZvtReader(Frames):
    """``Reader`` of this family."""

    def next(self, side: Side, data: bytes) -> tuple[int, Piece | None]:  # noqa: ARG002
        buffer = ReceiveBuffer(MAX_APDU)
        buffer.feed(data[: buffer.limit])
        room = len(buffer)
        apdu = next_apdu(buffer)
        if apdu is None:
            return 0, None
        size = room - len(buffer)
        return size, _piece(data[:size], apdu)


def _piece(raw: bytes, apdu: Apdu) -> Piece:
    clean = Apdu(apdu.command, _clean(apdu))
    fields, result = _told(clean)
    return Piece(raw[: len(raw) - len(apdu.data)] + clean.data, _name(clean), fields, result, _masked(clean, apdu))


def _name(apdu: Apdu) -> str:
    return "refuse" if apdu.refusal is not None else COMMANDS.get(apdu.command, f"command {apdu.command:04X}h")


def _told(apdu: Apdu) -> tuple[Mapping[str, Any], str | None]:
    if apdu.refusal is not None:
        return {}, _result(apdu.refusal)
    if apdu.command in PRINTED:
        return {"lines": list(read_print(apdu).lines)}, None
    if apdu.command == codes.INTERMEDIATE_STATUS:
        return {"code": f"{apdu.data[0]:02X}h"} if apdu.data else {}, None
    if apdu.command == codes.ABORTED:
        return {}, _result(apdu.data[0]) if apdu.data else None
    data = apdu.data[BARE.get(apdu.command, 0) :]
    status = read_status(b"".join(data[start:end] for start, end in _readable(data)))
    told = {name: value for name, value in asdict(status).items() if value not in (None, "") and name not in _APART}
    return told, None if status.result is None else _result(status.result)


def _result(code: int) -> str:
    return f"{code:02X}h {result_text(code)}" if code else "ok"


# --- what may be read -------------------------------------------------------------------------------------------------


def _clean(apdu: Apdu) -> bytes:
    """The data once more without what is nobody's: of fields that are known what is kept, of the rest what is no
    number of a card. As long as before."""
    if apdu.command in PRINTED or apdu.command not in COMMANDS:
        return mask_bytes(apdu.data)
    bare = BARE.get(apdu.command, 1 if apdu.command in CODED else 0)
    head, data = bytearray(apdu.data[:bare]), apdu.data[bare:]
    if apdu.command in BARE:
        head[:SECRET] = _hidden(len(head[:SECRET]))
    clean = bytearray(mask_bytes(data))
    for start, end in _readable(data):
        part = bytearray(mask_bytes(data[start:end], packed=False))  # a sum beside a number is no card
        places = [(place, number) for place, number, _ in walk(data[start:end])]
        for (place, number), (following, _) in pairwise((*places, (end - start, 0))):
            if number not in KEPT and not (number == CONTAINER and apdu.command in BARE):
                part[place + 1 : following] = _hidden(following - place - 1)
        clean[start:end] = part
    return bytes(head + clean)


def _readable(data: bytes) -> list[tuple[int, int]]:
    """The stretches of whole fields, from place to place. Behind a field's number that stands before hidden bytes, and
    behind those, the next stretch begins."""
    found, at = [], 0
    for _ in range(_GAPS):
        end = at + next((place for place, _, value in walk(data[at:]) if value is None), len(data) - at)
        if end > at:
            found.append((at, end))
        if HIDDEN not in data[end : end + 2]:
            break
        at = end + 1
        while data[at : at + 1] == _hidden(1):
            at += 1
    return found


def _hidden(size: int) -> bytes:
    return bytes((HIDDEN,)) * size


def _masked(clean: Apdu, told: Apdu) -> tuple[str, ...]:
    start = BARE.get(told.command, 0)
    hidden = HIDDEN in clean.data[start:] or clean.data[start:] != told.data[start:]
    return ((PASSWORD,) if start else ()) + ((DATA,) if hidden else ())
