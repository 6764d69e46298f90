"""What every stream of server-sent events answers with, and where it starts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi.responses import StreamingResponse

from server.problems import FieldError, Problem
from server.routers.common import Services
from server.services.access import Caller

STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Server-sent events"}
}


def number_of(after: str | None, last_event_id: str | None) -> int | None:
    """The id behind which to start. Raises ``Problem``."""
    cursor = last_event_id if last_event_id is not None else after
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit()):
        field = "Last-Event-ID" if last_event_id is not None else "after"
        raise Problem(422, "bad_request", errors=[wrong(field, "the id of an event")])
    return int(cursor)


def streaming(here: Services, caller: Caller, frames: AsyncIterator[str]) -> StreamingResponse:
    """Raises ``Problem`` ``too_many_streams``."""
    if here.readers.count(caller.tenant_id) >= here.settings.limits.streams:
        limit = here.settings.limits.streams
        raise Problem(429, "too_many_streams", headers={"Retry-After": "10"}, limit=limit)
    return StreamingResponse(
        frames, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


def wrong(field: str, expected: str) -> FieldError:
    return FieldError(
        field, "value", expected, "E_VALUE", f"Поле {field}: ожидается {expected}.", f"Field {field}: {expected}."
    )
