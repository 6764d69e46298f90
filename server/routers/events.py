"""/events: what happens, as it happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from protocol.crm.jobs import KkmId
from server.problems import FieldError, Problem
from server.routers.common import PROBLEMS, Here, JobsReader
from server.services import stream
from server.services.webhooks import TYPES

router = APIRouter(tags=["events"], responses=PROBLEMS)

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Server-sent events"}
}


@router.get("/events", response_class=StreamingResponse, responses=_STREAM)
async def events(
    here: Here,
    caller: JobsReader,
    type_: Annotated[list[str] | None, Query(alias="type", max_length=len(TYPES))] = None,
    kkm_id: Annotated[KkmId | None, Query()] = None,
    after: Annotated[str | None, Query(max_length=20)] = None,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> StreamingResponse:
    """Server-sent events of this account: ``job.<state>`` and ``device.<kind>``.

    ``Last-Event-ID`` (or ``after``, which a browser's EventSource cannot replace) starts right behind that event;
    without either the stream starts with what comes next. The same event may come twice after a reconnection: its
    ``event_id`` says so.
    """
    wanted = type_ or []
    for at, one in enumerate(wanted):
        if one not in TYPES:
            expected = ", ".join(TYPES)
            raise Problem(422, "bad_request", errors=[_wrong(f"type[{at}]", expected)])
    cursor = last_event_id if last_event_id is not None else after
    if cursor is not None and not (cursor.isascii() and cursor.isdigit()):
        field = "Last-Event-ID" if last_event_id is not None else "after"
        raise Problem(422, "bad_request", errors=[_wrong(field, "the id of an event")])
    if here.readers.count(caller.tenant_id) >= here.settings.limits.streams:
        limit = here.settings.limits.streams
        raise Problem(429, "too_many_streams", headers={"Retry-After": "10"}, limit=limit)
    frames: AsyncIterator[str] = stream.events(
        here.database, here.readers, caller, int(cursor) if cursor is not None else None, wanted, kkm_id
    )
    return StreamingResponse(
        frames, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


def _wrong(field: str, expected: str) -> FieldError:
    return FieldError(
        field, "value", expected, "E_VALUE", f"Поле {field}: ожидается {expected}.", f"Field {field}: {expected}."
    )
