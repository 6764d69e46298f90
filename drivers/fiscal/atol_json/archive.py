"""A document of the fiscal drive as the library gives it: its TLV, of which everything else is read.

The language names neither the document's kind nor all of its summary; both follow from the tags that the format makes
obligatory for each kind (format order ЕД-7-20/662@).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drivers.api import DocumentKind, FiscalDocument
from drivers.errors import InDoubt, Refused
from drivers.fiscal.documents import KINDS, RECEIPTS, imprint_in_tags, tags_in, whole
from protocol.ffd.money import parse_kopecks
from protocol.ffd.tlv import TlvError, records
from protocol.wire.atol.json_answers import Document, FiscalParams

_CORRECTION = {"1173", "1174"}


def fiscal_document(fd: int, document: Document, last: FiscalParams | None) -> FiscalDocument:
    """``last``: what the library says of this very document when it is the last one. Raises ``InDoubt`` (``bad_reply``)
    for another document, ``Refused`` (``archive_unreadable``) for one whose kind cannot be read any more."""
    if document.tlv is None:
        raise Refused("archive_unreadable", f"document {fd}: the drive keeps only its summary")
    form, content = _form(document.tlv)
    tags = tags_in(content)
    if "1040" in tags and tags["1040"] != fd:
        raise InDoubt("bad_reply", f"asked for document {fd}, got {tags['1040']}")
    sign, told = _text(tags.get("1077")), document.fpd or (last.fpd if last else "")
    if sign and told and sign != told:  # said twice in different answers: one of them is damaged
        raise InDoubt("bad_reply", f"document {fd} is signed {sign} by its tags, {told} by its summary")
    kind = form or kind_of(tags)
    at = _moment(tags.get("1012")) or document.at or (last.at if last else None)
    if kind is None or at is None:
        raise Refused("archive_unreadable", f"document {fd}: its tags do not tell what it is")
    is_receipt = kind in RECEIPTS
    return FiscalDocument(
        kind=kind,
        fd=fd,
        fpd=sign or told,
        at=at,
        sign=whole(tags.get("1054")) if is_receipt else None,
        total=_kopecks(tags.get("1020")) if is_receipt else None,
        shift_number=whole(tags.get("1038")),
        receipt_in_shift=whole(tags.get("1042")) if is_receipt else None,
        imprint=imprint_in_tags(content),
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


def _form(tlv: bytes) -> tuple[DocumentKind | None, bytes]:
    """Some builds hand the document over inside one record numbered by its form."""
    try:
        found = list(records(tlv))
    except TlvError:
        return None, tlv
    if len(found) == 1 and found[0].tag in KINDS:
        return KINDS[found[0].tag], found[0].value
    return None, tlv


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
