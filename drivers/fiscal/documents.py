"""Documents of a fiscal drive's archive as every make's register hands them out: kinds, tags, our imprint."""

from __future__ import annotations

from typing import Any

from drivers.api import DocumentKind
from protocol.ffd.imprint import imprint_in
from protocol.ffd.text import CODE_PAGE
from protocol.ffd.tlv import TlvError, decode_document, records

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
RECEIPTS = {
    DocumentKind.RECEIPT,
    DocumentKind.STRICT_FORM,
    DocumentKind.CORRECTION,
    DocumentKind.CORRECTION_STRICT_FORM,
}
SHIFTS = {DocumentKind.OPEN_SHIFT, DocumentKind.CLOSE_SHIFT}


def unwrapped(tlv: bytes, kind: int) -> bytes:
    """Some firmware wraps the whole document into one record numbered by its kind."""
    try:
        found = list(records(tlv))
    except TlvError:
        return tlv
    return found[0].value if len(found) == 1 and found[0].tag == kind else tlv


def tags_in(content: bytes | None) -> dict[str, Any]:
    """``content``: ``None`` when the drive no longer keeps the tags. Damaged ones are as good as none."""
    try:
        return {} if content is None else decode_document(content)
    except TlvError:
        return {}


def imprint_in_tags(content: bytes | None) -> str | None:
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


def whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None
