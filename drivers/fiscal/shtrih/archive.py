"""A document of the fiscal drive's archive: the summary of FF0Ah and the tags of FF3Ah/FF3Bh as ``FiscalDocument``."""

from __future__ import annotations

from drivers.api import DocumentKind, FiscalDocument
from drivers.errors import InDoubt
from drivers.fiscal.documents import KINDS, RECEIPTS, SHIFTS, imprint_in_tags, tags_in, unwrapped, whole
from protocol.wire.layout import LayoutError, unpack
from protocol.wire.shtrih.commands import FoundDocumentReply, ReceiptSummary, ShiftSummary


def fiscal_document(found: FoundDocumentReply, tlv: bytes | None) -> FiscalDocument:
    """``tlv`` is ``None`` when the drive no longer keeps the tags. Raises ``InDoubt`` (``bad_reply``) for a summary
    that makes no sense."""
    kind = KINDS.get(found.type, DocumentKind.OTHER)
    if found.at is None:
        raise InDoubt("bad_reply", f"document {found.fd} has no date")
    try:
        receipt = unpack(ReceiptSummary, found.body) if kind in RECEIPTS else None
        shift = unpack(ShiftSummary, found.body) if kind in SHIFTS else None
    except LayoutError as error:
        raise InDoubt("bad_reply", f"document {found.fd}: {error}") from error
    content = None if tlv is None else unwrapped(tlv, found.type)
    tags = tags_in(content)
    shift_number = shift.shift_number if shift else whole(tags.get("1038"))
    return FiscalDocument(
        kind=kind,
        fd=found.fd,
        fpd=str(found.sign),
        at=found.at,
        sign=receipt.operation if receipt else None,
        total=receipt.total if receipt else None,
        shift_number=shift_number,
        receipt_in_shift=whole(tags.get("1042")) if receipt else None,
        imprint=imprint_in_tags(content),
        tags=tags,
    )
