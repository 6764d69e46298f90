"""/events: what happens, as it happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from protocol.crm.jobs import KkmId
from server.problems import Problem
from server.routers.common import PROBLEMS, Here, JobsReader
from server.routers.streams import STREAM, number_of, streaming, wrong
from server.services import stream
from server.services.webhooks import TYPES

router = APIRouter(tags=["events"], responses=PROBLEMS)


@router.get("/events", response_class=StreamingResponse, responses=STREAM)
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
            raise Problem(422, "bad_request", errors=[wrong(f"type[{at}]", expected)])
    cursor = number_of(after, last_event_id)
    frames: AsyncIterator[str] = stream.events(here.database, here.readers, caller, cursor, wanted, kkm_id)
    return streaming(here, caller, frames)
