"""A document of the fiscal drive as the library gives it: its TLV, of which everything else is read.

The language names neither the document's kind nor all of its summary; both follow from the tags that the format makes
obligatory for each kind (format order ЕД-7-20/662@).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drivers.api import DocumentKind, FiscalDocument
from drivers.errors import InDoubt, Refused
from drivers.fiscal.documents import KINDS
from protocol.ffd.imprint import imprint_in
from protocol.ffd.money import parse_kopecks
from protocol.ffd.text import CODE_PAGE
from protocol.ffd.tlv import TlvError, decode_document, records
from protocol.wire.atol.json_answers import Document, FiscalParams

_CORRECTION = {"1173", "1174"}
_RECEIPTS = {
    DocumentKind.RECEIPT,
    DocumentKind.STRICT_FORM,
    DocumentKind.CORRECTION,
    DocumentKind.CORRECTION_STRICT_FORM,
}


@dataclass(frozen=True, slots=True)
class Content:
    """``wrapper``: the form's number, where the whole document stands inside one record of that number."""

    tlv: bytes
    wrapper: int | None
    tags: Mapping[str, Any]


def fiscal_document(fd: int, document: Document, last: FiscalParams | None) -> FiscalDocument:
    """``last``: what the library says of this very document when it is the last one. Raises ``InDoubt`` (``bad_reply``)
    for another document, ``Refused`` (``archive_unreadable``) for one whose kind cannot be read any more."""
    if document.tlv is None:
        raise Refused("archive_unreadable", f"document {fd}: the drive keeps only its summary")
    content = _content(document.tlv)
    tags = content.tags
    if "1040" in tags and tags["1040"] != fd:
        raise InDoubt("bad_reply", f"asked for document {fd}, got {tags['1040']}")
    kind = KINDS.get(content.wrapper, DocumentKind.OTHER) if content.wrapper is not None else kind_of(tags)
    at = _moment(tags.get("1012")) or document.at or (last.at if last else None)
    if kind is None or at is None:
        raise Refused("archive_unreadable", f"document {fd}: its tags do not tell what it is")
    is_receipt = kind in _RECEIPTS
    return FiscalDocument(
        kind=kind,
        fd=fd,
        fpd=_text(tags.get("1077")) or document.fpd or (last.fpd if last else ""),
        at=at,
        sign=_whole(tags.get("1054")) if is_receipt else None,
        total=_kopecks(tags.get("1020")) if is_receipt else None,
        shift_number=_whole(tags.get("1038")),
        receipt_in_shift=_whole(tags.get("1042")) if is_receipt else None,
        imprint=_imprint(content.tlv),
        tags=tags,
    )


def kind_of(tags: Mapping[str, Any]) -> DocumentKind | None:
    """What a document is, by the tags that only its kind must have; ``None`` for no tags at all.

    A strict form is written like a receipt, and nothing follows an archive's closing that could be mistaken: both go by
    their likes.
    """
    if not tags:
        return None
    if "1054" in tags:
        return DocumentKind.CORRECTION if _CORRECTION & tags.keys() else DocumentKind.RECEIPT
    if "1118" in tags:
        return DocumentKind.CLOSE_SHIFT
    if "1013" in tags:
        return DocumentKind.REREGISTRATION if {"1101", "1205"} & tags.keys() else DocumentKind.REGISTRATION
    if "1188" in tags:
        return DocumentKind.OPEN_SHIFT
    return DocumentKind.STATE_REPORT


def _content(tlv: bytes) -> Content:
    wrapper = None
    try:
        whole = list(records(tlv))
        if len(whole) == 1 and whole[0].tag in KINDS:
            wrapper, tlv = whole[0].tag, whole[0].value
        return Content(tlv, wrapper, decode_document(tlv))
    except TlvError:
        return Content(tlv, wrapper, {})


def _imprint(tlv: bytes) -> str | None:
    """Read apart from the other tags, whose damage must not hide it: "" only when the tags prove that there is none."""
    try:
        attributes = [{r.tag: r.value for r in records(top.value)} for top in records(tlv) if top.tag == 1084]
    except TlvError:
        return None
    found = (imprint_in({str(tag): value.decode(CODE_PAGE) for tag, value in one.items()}) for one in attributes)
    return next((imprint for imprint in found if imprint), "")


def _kopecks(value: Any) -> int | None:
    try:
        return parse_kopecks(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None
