"""A document of the fiscal drive's archive: the summary of A4h 40h and the tags of A4h 45h and 46h."""

from __future__ import annotations

from drivers.api import DocumentKind, FiscalDocument
from drivers.errors import InDoubt, Refused
from drivers.fiscal.atol_wire.asking import Asking
from drivers.fiscal.documents import KINDS, RECEIPTS, imprint_in_tags, tags_in, unwrapped, whole
from drivers.fiscal.questions import TRANSIENT
from protocol.ffd.money import parse_kopecks
from protocol.wire.atol.drive_queries import FindDocument, FoundReply, NextRecord, ReadDocument
from protocol.wire.atol.errors import NO_MORE_DATA

MOST_RECORDS = 4000
"""More than a receipt of the most lines has; a register that never comes to an end is not believed."""
_NO_MORE = f"{NO_MORE_DATA:02X}"


def read_document(asking: Asking, fd: int) -> FiscalDocument | None:
    """``None`` when the number does not exist. Raises ``InDoubt`` (``bad_reply``) for a summary that makes no sense."""
    try:
        found = asking.the(FindDocument(fd))
    except Refused as refused:
        if refused.vendor == _NO_MORE:
            return None
        raise
    if found.fd != fd:
        raise InDoubt("bad_reply", f"asked for document {fd}, got {found.fd}")
    return fiscal_document(found, _tags(asking, fd))


def _tags(asking: Asking, fd: int) -> bytes | None:
    """The document's tags, whole or not at all: ``None`` when the drive keeps only the summary any more."""
    data = b""
    try:
        asking.the(ReadDocument(fd))
        for _ in range(MOST_RECORDS):
            record = asking.the(NextRecord()).tlv
            if not record:
                return None
            data += record
    except Refused as refused:
        if refused.code in TRANSIENT:
            raise
        return data if refused.vendor == _NO_MORE and data else None
    return None


def fiscal_document(found: FoundReply, tlv: bytes | None) -> FiscalDocument:
    """What the summary does not tell in a published form is taken from the tags. Raises ``InDoubt`` (``bad_reply``)."""
    kind = KINDS.get(found.type, DocumentKind.OTHER)
    if found.at is None:
        raise InDoubt("bad_reply", f"document {found.fd} has no date")
    content = None if tlv is None else unwrapped(tlv, found.type)
    tags = tags_in(content)
    total = tags.get("1020")
    is_receipt = kind in RECEIPTS
    return FiscalDocument(
        kind=kind,
        fd=found.fd,
        fpd=str(found.sign),
        at=found.at,
        sign=whole(tags.get("1054")) if is_receipt else None,
        total=parse_kopecks(total) if is_receipt and isinstance(total, str) else None,
        shift_number=whole(tags.get("1038")),
        receipt_in_shift=whole(tags.get("1042")) if is_receipt else None,
        imprint=imprint_in_tags(content),
        tags=tags,
    )
