"""A document of the fiscal drive's archive: the summary of FF0Ah and the tags of FF3Ah/FF3Bh as ``FiscalDocument``."""

from __future__ import annotations

from typing import Any

from drivers.api import DocumentKind, FiscalDocument
from drivers.errors import InDoubt
from protocol.ffd.imprint import imprint_in
from protocol.ffd.text import CODE_PAGE
from protocol.ffd.tlv import TlvError, decode_document, records
from protocol.wire.layout import LayoutError, unpack
from protocol.wire.shtrih.commands import FoundDocumentReply, ReceiptSummary, ShiftSummary

KINDS = {
    1: DocumentKind.REGISTRATION,
    2: DocumentKind.OPEN_SHIFT,
    3: DocumentKind.RECEIPT,
    4: DocumentKind.STRICT_FORM,
    5: DocumentKind.CLOSE_SHIFT,
    6: DocumentKind.CLOSE_ARCHIVE,
    11: DocumentKind.REREGISTRATION,
    21: DocumentKind.STATE_REPORT,
    31: DocumentKind.CORRECTION,
    41: DocumentKind.CORRECTION_STRICT_FORM,
}
_RECEIPTS = {
    DocumentKind.RECEIPT,
    DocumentKind.STRICT_FORM,
    DocumentKind.CORRECTION,
    DocumentKind.CORRECTION_STRICT_FORM,
}
_SHIFTS = {DocumentKind.OPEN_SHIFT, DocumentKind.CLOSE_SHIFT}


def fiscal_document(found: FoundDocumentReply, tlv: bytes | None) -> FiscalDocument:
    """``tlv`` is ``None`` when the drive no longer keeps the tags. Raises ``InDoubt`` (``bad_reply``) for a summary
    that makes no sense."""
    kind = KINDS.get(found.type, DocumentKind.OTHER)
    if found.at is None:
        raise InDoubt("bad_reply", f"document {found.fd} has no date")
    try:
        receipt = unpack(ReceiptSummary, found.body) if kind in _RECEIPTS else None
        shift = unpack(ShiftSummary, found.body) if kind in _SHIFTS else None
    except LayoutError as error:
        raise InDoubt("bad_reply", f"document {found.fd}: {error}") from error
    content = None if tlv is None else _unwrapped(tlv, found.type)
    tags = _tags(content)
    shift_number = shift.shift_number if shift else _whole(tags.get("1038"))
    return FiscalDocument(
        kind=kind,
        fd=found.fd,
        fpd=str(found.sign),
        at=found.at,
        sign=receipt.operation if receipt else None,
        total=receipt.total if receipt else None,
        shift_number=shift_number,
        receipt_in_shift=_whole(tags.get("1042")) if receipt else None,
        imprint=_imprint(content),
        tags=tags,
    )


def _unwrapped(tlv: bytes, kind: int) -> bytes:
    """Some firmware wraps the whole document into one record numbered by its kind."""
    try:
        whole = list(records(tlv))
    except TlvError:
        return tlv
    return whole[0].value if len(whole) == 1 and whole[0].tag == kind else tlv


def _tags(content: bytes | None) -> dict[str, Any]:
    try:
        return {} if content is None else decode_document(content)
    except TlvError:
        return {}


def _imprint(content: bytes | None) -> str | None:
    """Read apart from the other tags, whose damage must not hide it: "" only when the tags prove that there is none."""
    if content is None:
        return None
    try:
        attributes = [{r.tag: r.value for r in records(top.value)} for top in records(content) if top.tag == 1084]
    except TlvError:
        return None
    for attribute in attributes:
        found = imprint_in({str(tag): value.decode(CODE_PAGE) for tag, value in attribute.items()})
        if found:
            return found
    return ""


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None
