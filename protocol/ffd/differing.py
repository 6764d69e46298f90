"""Where a document stands otherwise than it was asked for, though its sums, rates and payments are right.

Words can come out garbled below every checksum, and a register has settings of its own. Such a document is the job's
all the same; whoever reads the proof is told. Only what both sides have is compared: archives leave tags out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from protocol.ffd.forms import VERSION_CODES, VERSIONS, head_records, line_records
from protocol.ffd.planned import PlannedLine, PlannedReceipt
from protocol.ffd.tlv import TlvError, Value, decode_document, encode_all

_OF_VERSION = {code: version for version, code in VERSION_CODES.items()}
_LINES, _FORMAT, _ATTRIBUTE = "1059", "1209", "1084"


@dataclass(frozen=True, slots=True)
class Differing:
    """``tag`` of the document, or of its ``line`` (the first is 1), in the form of ``tlv.decode_document``."""

    tag: int
    line: int | None
    asked: Any
    stands: Any


def differing(tags: Mapping[str, Any], plan: PlannedReceipt) -> tuple[Differing, ...]:
    """``tags`` as ``tlv.decode_document`` gives them; empty ones differ in nothing."""
    ffd = _OF_VERSION.get(tags.get(_FORMAT, 0), VERSIONS[-1])
    head = [(1055, plan.taxation), *((tag, value) for tag, value in head_records(plan, ffd) if str(tag) != _ATTRIBUTE)]
    found = list(_compared(head, tags, None))
    lines = tags.get(_LINES)
    if isinstance(lines, list) and len(lines) == len(plan.lines):
        for at, (line, stands) in enumerate(zip(plan.lines, lines, strict=True), 1):
            found += _compared([*_line(line), *line_records(line, ffd)], stands, at)
    return tuple(found)


def _line(line: PlannedLine) -> list[tuple[int, Value]]:
    return [(1030, line.name), (1079, line.price), (1023, line.quantity), (1043, line.total),
            (1214, line.payment_method), (1212, line.payment_object)]  # fmt: skip


def _compared(asked: list[tuple[int, Value]], stands: Any, line: int | None) -> Iterator[Differing]:
    if not isinstance(stands, Mapping):
        return
    try:
        wanted = decode_document(encode_all(asked))
    except TlvError:  # the register has found a way to say it; a proof does not fail for a comparison
        return
    for tag, value in wanted.items():
        if tag in stands and stands[tag] != value:
            yield Differing(int(tag), line, value, stands[tag])
