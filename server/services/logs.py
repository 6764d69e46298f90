"""A log that is watched: asked for like a bundle (``support``), running from a yes at the PC on, ended by time, by
either side's word or with the connection, whichever comes first. Its rows are here; its lines are in ``tails``."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import timedelta

from pydantic import BaseModel

from protocol.crm.support import LOG_LASTS, LogBegan
from server.problems import Problem, unknown
from server.services import support
from server.services.access import Caller
from server.services.hub import Hub
from server.services.support import GRACE, LogAsked
from server.services.tails import LineView, Tails
from server.settings import Limits
from server.store import support as store
from server.store.database import Work
from server.store.models import Agent, Tenant
from server.store.support import GOING_ON, OPEN, SupportRequest

LASTS = timedelta(seconds=LOG_LASTS)


class LinesView(BaseModel):
    """``state``: of the log; once it is over, nothing is added. ``dropped``: how many lines of the whole log the PC has
    not told, ``untold`` of them behind the last one. ``cursor``: ``after`` of the next call."""

    request_id: str
    state: str
    lines: list[LineView]
    dropped: int
    untold: int
    cursor: int


async def ask(
    work: Work, hub: Hub, tails: Tails, limits: Limits, caller: Caller, agent_id: str, asked: LogAsked
) -> SupportRequest:
    """Raises ``Problem``: as ``support.ask``, and ``too_many_logs``."""
    earlier = await store.newest(work, agent_id, "log")
    row = await support.ask(work, hub, limits, caller, agent_id, "log", asked)
    if row is earlier:
        return row
    if earlier is not None and earlier.state == "running":
        support.end(work, earlier, "done")
    await work.session.get(Tenant, row.tenant_id, with_for_update=True)  # one after the other is counted
    lives = timedelta(seconds=limits.request_life) + GRACE + LASTS
    if await store.open_logs(work, row.tenant_id, work.now - lives) > limits.logs:
        raise Problem(429, "too_many_logs", headers={"Retry-After": "60"}, limit=limits.logs)
    work.after.append(lambda: tails.forget(row.agent_id))
    return row


async def stop(work: Work, hub: Hub, tails: Tails, tenant_id: str, agent_id: str) -> SupportRequest:
    """Ends the newest log of this PC, if it is not over. Raises ``Problem``: ``unknown_agent``, ``no_request_yet``."""
    row = await support.newest(work, tenant_id, agent_id, "log")
    if support.standing(row, work.now)[0] in GOING_ON:
        _end(work, tails, row, "log_stopped")
        work.after.append(lambda: hub.ask(row.agent_id))
    return row


async def of_agent(work: Work, tenant_id: str, agent_id: str, request_id: str | None) -> SupportRequest:
    """That log of this PC; without an id, the newest. Raises ``Problem``: ``unknown_agent``, ``no_request_yet``,
    ``unknown_request``."""
    newest = await support.newest(work, tenant_id, agent_id, "log")
    if request_id in (None, newest.id):
        return newest
    row = await work.session.get(SupportRequest, request_id)
    if row is None or row.agent_id != newest.agent_id or row.kind != "log":
        raise unknown(404, "unknown_request", "request_id", str(request_id))
    return row


async def lines(work: Work, tails: Tails, tenant_id: str, agent_id: str, after: int, limit: int) -> LinesView:
    """Raises ``Problem``: ``unknown_agent``, ``no_request_yet``."""
    row = await support.newest(work, tenant_id, agent_id, "log")
    told = tails.read(row.agent_id, row.id, work.now, after, limit)
    state, _ = support.standing(row, work.now)
    cursor = told.lines[-1].n if told.lines else after
    return LinesView(
        request_id=row.id, state=state, lines=told.lines, dropped=told.dropped, untold=told.untold, cursor=cursor
    )


# --- what the agent says, and what happens to its connection ---------------------------------------------------------


async def began(work: Work, tails: Tails, agent: Agent, said: LogBegan) -> bool:
    """Whether this log is running now. Only the newest one that this PC was asked for begins, in its time and once."""
    row = await store.newest(work, agent.id, "log")
    if row is None or row.id != said.request_id:
        return False
    if row.state not in OPEN or work.now > row.expires_at + GRACE:
        return support.standing(row, work.now)[0] == "running"
    row.state, row.agreed_by, row.standing = "running", _one_line(said.person), said.standing
    row.ends_at = ends_at = work.now + LASTS
    support.tell(work, row)
    work.after.append(lambda: tails.begin(row.agent_id, row.id, ends_at))
    return True


async def is_over(work: Work, request_id: str) -> bool:
    row = await work.session.get(SupportRequest, request_id)
    return row is None or support.standing(row, work.now)[0] not in GOING_ON


async def hung_up(work: Work, tails: Tails, request_ids: Iterable[str]) -> None:
    """The connection on which these have begun is gone."""
    for request_id in request_ids:
        row = await work.session.get(SupportRequest, request_id, with_for_update=True)
        if row is not None and row.state == "running":
            _end(work, tails, row, "log_connection_lost")


async def anew(work: Work, tails: Tails, agent: Agent) -> None:
    """This PC has come by a new connection: nothing goes on that another one has begun."""
    for row in await store.running(work, agent.id):
        _end(work, tails, row, "log_connection_lost")


async def all_lost(work: Work) -> None:
    """At start: what was shown by a process that is gone is not shown."""
    for row in await store.running(work):
        support.end(work, row, "done", "log_connection_lost")


async def over_by_time(work: Work, request_ids: Iterable[str]) -> None:
    """Written down, so that the CRM hears of it, though anybody who looks knows."""
    for request_id in request_ids:
        row = await work.session.get(SupportRequest, request_id, with_for_update=True)
        if row is not None and row.state == "running":
            support.end(work, row, "done", "log_time_over")


def _end(work: Work, tails: Tails, row: SupportRequest, code: str) -> None:
    support.end(work, row, "done", code)
    work.after.append(lambda: tails.end(row.agent_id, row.id))


def _one_line(name: str) -> str:
    """A name as somebody at the PC has typed it, without what is no letter of it."""
    kept = "".join(letter if unicodedata.category(letter)[0] != "C" else " " for letter in name)
    return " ".join(kept.split()) or "***"
