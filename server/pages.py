"""Pages: every list of the API is cut the same way. A cursor is the sort key of a page's last row, opaque outside."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import Query

from server.fields import FieldError
from server.problems import Problem

T = TypeVar("T")
Key = tuple[str | int, ...]
CursorQuery = Annotated[str | None, Query(max_length=300, description="`cursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200, description="Entries on a page")]
DEFAULT_LIMIT = 50


def cursor_of(key: Key) -> str:
    return urlsafe_b64encode(json.dumps(key).encode("ascii")).decode("ascii").rstrip("=")


def key_of(cursor: str, *kinds: type[str] | type[int], field: str = "cursor") -> Key:
    """The sort key behind a cursor of our own making. Raises ``Problem``."""
    try:
        key = json.loads(urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
        good = isinstance(key, list) and [type(part) for part in key] == list(kinds)
        if good and all(part.isascii() if isinstance(part, str) else 0 <= part < 2**63 for part in key):
            return tuple(key)
    except (ValueError, binascii.Error, RecursionError):
        pass
    words = "as the page before gave it"
    raise Problem(
        422,
        "bad_request",
        errors=[
            FieldError(field, "cursor", words, "E_VALUE", f"Поле {field}: не курсор.", f"Field {field}: no cursor.")
        ],
    )


def cut(rows: Sequence[T], limit: int) -> tuple[Sequence[T], bool]:
    """The rows of a page out of ``limit + 1`` that were asked for, and whether more follow."""
    return rows[:limit], len(rows) > limit
