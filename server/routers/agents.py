"""/agents and the owner's side of pairing"""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel

from server.pages import DEFAULT_LIMIT, CursorQuery, Limit
from server.routers.common import PROBLEMS, DecidingCaller, DirectoryCaller, DirectoryReader, Here, Speaks
from server.services import agents, pairing, views
from server.store.models import PairingCode

router = APIRouter(tags=["agents"], responses=PROBLEMS)


class AgentPage(BaseModel):
    agents: list[views.AgentView]
    cursor: str | None


class NewCodeView(BaseModel):
    code: str
    line: str
    expires_at: datetime


class CodeView(BaseModel):
    state: str
    name: str | None
    pc_name: str | None
    agent_id: str | None
    expires_at: datetime


@router.get("/agents")
async def list_agents(
    here: Here, caller: DirectoryReader, language: Speaks, cursor: CursorQuery = None, limit: Limit = DEFAULT_LIMIT
) -> AgentPage:
    """In the order in which they were paired."""
    async with here.database.read() as work:
        shown, following = await agents.page(work, caller.tenant_id, language, cursor, limit)
        return AgentPage(agents=shown, cursor=following)


@router.post("/agents/{agent_id}/confirm")
async def confirm_agent(
    agent_id: str, asked: agents.Confirmation, here: Here, caller: DecidingCaller, language: Speaks
) -> views.AgentView:
    """Lifts a quarantine: a person has compared the archive with the jobs."""
    async with here.database.write(by=caller.actor) as work:
        row = await agents.confirm(work, here.world, caller.tenant_id, agent_id, asked)
        await work.session.flush()
        return await agents.view(work, row, language)


@router.post("/pairing-codes", status_code=201)
async def make_code(
    here: Here, caller: DirectoryCaller, request: Request, asked: pairing.CodeAsked | None = None
) -> NewCodeView:
    """A code for one PC. ``line`` is what the cashier pastes or clicks."""
    async with here.database.write(by=caller.actor) as work:
        made = await pairing.make_code(
            work, here.world, here.settings.limits, caller.tenant_id, asked or pairing.CodeAsked()
        )
        base = public_url(here.settings.public_url, request)
        return NewCodeView(code=made.code, line=f"{base}/pair/{made.code}", expires_at=made.row.expires_at)


@router.get("/pairing-codes/{code}")
async def get_code(code: str, here: Here, caller: DirectoryCaller) -> CodeView:
    """Who has claimed the code: look at ``pc_name`` before confirming."""
    async with here.database.read() as work:
        return _view(await pairing.find(work, caller.tenant_id, code))


@router.post("/pairing-codes/{code}/confirm")
async def confirm_code(code: str, here: Here, caller: DirectoryCaller) -> CodeView:
    async with here.database.write(by=caller.actor) as work:
        return _view(await pairing.decide(work, caller.tenant_id, code, confirmed=True))


@router.post("/pairing-codes/{code}/refuse")
async def refuse_code(code: str, here: Here, caller: DirectoryCaller) -> CodeView:
    async with here.database.write(by=caller.actor) as work:
        return _view(await pairing.decide(work, caller.tenant_id, code, confirmed=False))


def _view(row: PairingCode) -> CodeView:
    return CodeView(
        state=row.state, name=row.name, pc_name=row.pc_name, agent_id=row.agent_id, expires_at=row.expires_at
    )


def public_url(configured: str | None, request: Request) -> str:
    """Without a configured address, the one that this request was sent to."""
    return (configured or str(request.base_url)).rstrip("/")
