"""/agents/{agent_id}/log: what a PC writes into its log, as it is written, for a quarter of an hour and with a yes from
there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from server.routers.common import PROBLEMS, Here, Speaks, SupportCaller
from server.routers.streams import STREAM, number_of, streaming
from server.services import logs, stream, support

router = APIRouter(tags=["support"], responses=PROBLEMS)
After = Annotated[int, Query(ge=0, le=2**53, description="The number of the last line that you have")]
MOST = 1000


@router.post("/agents/{agent_id}/log", status_code=202)
async def ask_log(
    agent_id: str, here: Here, caller: SupportCaller, language: Speaks, asked: support.LogAsked
) -> support.RequestView:
    """Ask to see the log of this PC as it is written. Somebody there is shown who asks and why, and has a quarter of an
    hour to agree; from then on lines come for another quarter at most."""
    async with here.database.write(by=caller.actor) as work:
        row = await logs.ask(work, here.hub, here.tails, here.settings.limits, caller, agent_id, asked)
        return support.view(row, work.now, language)


@router.get("/agents/{agent_id}/log")
async def see_log(agent_id: str, here: Here, caller: SupportCaller, language: Speaks) -> support.RequestView:
    """The newest request."""
    async with here.database.read() as work:
        return support.view(await support.newest(work, caller.tenant_id, agent_id, "log"), work.now, language)


@router.post("/agents/{agent_id}/log/stop", status_code=202)
async def stop_log(agent_id: str, here: Here, caller: SupportCaller, language: Speaks) -> support.RequestView:
    """End the newest request: no more lines, no more question at the PC. One that is over stays as it ended."""
    async with here.database.write(by=caller.actor) as work:
        row = await logs.stop(work, here.hub, here.tails, caller.tenant_id, agent_id)
        return support.view(row, work.now, language)


@router.get("/agents/{agent_id}/log/lines", response_model_exclude_unset=True)
async def see_lines(
    agent_id: str,
    here: Here,
    caller: SupportCaller,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Lines at once")] = 200,
) -> logs.LinesView:
    """Lines of the newest request, in the order in which they were written. The newest 2,000 are kept, until its time
    is over or the next one is asked for."""
    async with here.database.read() as work:
        return await logs.lines(work, here.tails, caller.tenant_id, agent_id, after, limit)


@router.get("/agents/{agent_id}/log/stream", response_class=StreamingResponse, responses=STREAM)
async def stream_log(
    agent_id: str,
    here: Here,
    caller: SupportCaller,
    request_id: Annotated[str | None, Query(max_length=64, description="Of this log; without it, the newest")] = None,
    after: Annotated[str | None, Query(max_length=20)] = None,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> StreamingResponse:
    """The same lines as server-sent events `line`, whose `id` is the line's `n`, from the first, or from the one behind
    `Last-Event-ID` (or `after`) on. `end` is the last: there is nothing more to come back for. Whoever comes back by
    itself names the log, so that the next one's lines are not taken for its."""
    cursor = number_of(after, last_event_id)
    async with here.database.read() as work:
        row = await logs.of_agent(work, caller.tenant_id, agent_id, request_id)
    frames: AsyncIterator[str] = stream.log(here.database, here.readers, here.tails, caller, row, cursor or 0)
    return streaming(here, caller, frames)
