"""What support asks of a PC, and the bundles that PCs have sent. An upload needs no API key: the PC signs it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from protocol.crm.codes import Language
from server.pages import DEFAULT_LIMIT, CursorQuery, Limit
from server.problems import Problem
from server.routers.common import PROBLEMS, Here, Services, Speaks, SupportCaller, not_too_often
from server.services import agents, bundles, recorded, support
from server.services.access import Caller

router = APIRouter(tags=["support"], responses=PROBLEMS)
UPLOAD = "/support/bundles"
UPLOAD_WITHIN = 120.0  # seconds
AgentQuery = Annotated[str | None, Query(max_length=64, description="Of this PC only")]


class RequestPage(BaseModel):
    requests: list[support.RequestView]
    cursor: str | None


class BundlePage(BaseModel):
    bundles: list[bundles.BundleView]
    cursor: str | None


# --- asking ----------------------------------------------------------------------------------------------------------


@router.post("/agents/{agent_id}/doctor", status_code=202)
async def ask_doctor(
    agent_id: str, here: Here, caller: SupportCaller, language: Speaks, asked: support.DoctorAsked | None = None
) -> support.RequestView:
    """Have the PC examine itself. It changes nothing there; nobody is asked."""
    return await _ask(here, caller, language, agent_id, "doctor", asked or support.DoctorAsked())


@router.get("/agents/{agent_id}/doctor")
async def see_doctor(agent_id: str, here: Here, caller: SupportCaller, language: Speaks) -> support.RequestView:
    """The newest request, with its ``report`` once it is there."""
    return await _newest(here, caller, language, agent_id, "doctor")


@router.post("/agents/{agent_id}/bundle", status_code=202)
async def ask_bundle(
    agent_id: str, here: Here, caller: SupportCaller, language: Speaks, asked: support.BundleAsked
) -> support.RequestView:
    """Ask for a bundle. Somebody at the PC is shown who asks and why, and has a quarter of an hour to agree."""
    return await _ask(here, caller, language, agent_id, "bundle", asked)


@router.get("/agents/{agent_id}/bundle")
async def see_bundle(agent_id: str, here: Here, caller: SupportCaller, language: Speaks) -> support.RequestView:
    """The newest request, with its ``bundle_id`` once it is there."""
    return await _newest(here, caller, language, agent_id, "bundle")


@router.get("/support/requests")
async def list_requests(
    here: Here,
    caller: SupportCaller,
    language: Speaks,
    agent_id: AgentQuery = None,
    cursor: CursorQuery = None,
    limit: Limit = DEFAULT_LIMIT,
) -> RequestPage:
    """Who has asked which PC for what, newest first."""
    async with here.database.read() as work:
        rows, following = await support.page(work, caller.tenant_id, agent_id, cursor, limit)
        return RequestPage(requests=[support.view(row, work.now, language) for row in rows], cursor=following)


async def _ask(
    here: Services,
    caller: Caller,
    language: Language,
    agent_id: str,
    kind: support.Kind,
    asked: support.Asked,
) -> support.RequestView:
    async with here.database.write(by=caller.actor) as work:
        row = await support.ask(work, here.hub, here.settings.limits, caller, agent_id, kind, asked)
        return support.view(row, work.now, language)


async def _newest(
    here: Services, caller: Caller, language: Language, agent_id: str, kind: support.Kind
) -> support.RequestView:
    async with here.database.read() as work:
        return support.view(await support.newest(work, caller.tenant_id, agent_id, kind), work.now, language)


# --- bundles ---------------------------------------------------------------------------------------------------------


@router.post(
    UPLOAD,
    status_code=201,
    tags=["support (agent)"],
    openapi_extra={"requestBody": {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def upload(
    request: Request,
    here: Here,
    kassabridge_bundle: Annotated[str, Header(max_length=4096, description="Base64 of the announcement, as JSON")],
    kassabridge_signature: Annotated[str, Header(max_length=200, description="The PC's signature of it")],
) -> bundles.BundleView:
    """A PC sends a bundle that somebody there, or its configuration, has agreed to. The same file again is the same
    bundle."""
    limits, days = here.settings.limits, here.settings.limits.bundle_days
    told, signed = bundles.announced(kassabridge_bundle)
    address = request.client.host if request.client is not None else ""
    not_too_often(here.rates.strangers.blocked(address))
    async with here.database.read() as work:
        try:
            agent = await bundles.sender(work, told, signed, kassabridge_signature)
        except Problem:
            not_too_often(here.rates.strangers.take(address))
            raise
        if (row := await bundles.known(work, told)) is not None:
            return bundles.view(row, days)
        if told.request_id is not None:
            await support.for_upload(work, agent, told.request_id)
    if told.bytes > limits.bundle_bytes:
        raise Problem(413, "bundle_too_large", most=limits.bundle_bytes)
    if (wait := here.rates.bundles.take(agent.id)) is not None:
        raise Problem(429, "too_many_bundles", headers={"Retry-After": str(wait)}, retry_after_s=wait)
    content = await _read(request, told.bytes)
    bundles.check(told, content)
    folder, bundle_id = here.settings.bundle_folder, here.world.new_id("bu")
    jobs = await asyncio.to_thread(recorded.jobs_of, content)
    await asyncio.to_thread(bundles.keep, folder, bundle_id, content)
    try:
        async with here.database.write(by=agents.actor(agent.id, address)) as work:
            return bundles.view(await bundles.record(work, agent.id, bundle_id, told, jobs), days)
    except Problem:
        await asyncio.to_thread(_forget, folder, bundle_id)
        raise


async def _read(request: Request, most: int) -> bytes:
    """The body; one byte too many ends it."""
    content = bytearray()
    try:
        async with asyncio.timeout(UPLOAD_WITHIN):
            async for chunk in request.stream():
                content += chunk
                if len(content) > most:
                    break
    except (ClientDisconnect, TimeoutError):
        raise Problem(422, "bad_bundle") from None
    return bytes(content)


def _forget(folder: Path, bundle_id: str) -> None:
    bundles.file_of(folder, bundle_id).unlink(missing_ok=True)


@router.get("/support/bundles")
async def list_bundles(
    here: Here,
    caller: SupportCaller,
    agent_id: AgentQuery = None,
    cursor: CursorQuery = None,
    limit: Limit = DEFAULT_LIMIT,
) -> BundlePage:
    """Newest first."""
    days = here.settings.limits.bundle_days
    async with here.database.read() as work:
        rows, following = await bundles.page(work, caller.tenant_id, agent_id, cursor, limit)
        return BundlePage(bundles=[bundles.view(row, days) for row in rows], cursor=following)


@router.get("/support/bundles/{bundle_id}")
async def see_one(bundle_id: str, here: Here, caller: SupportCaller) -> bundles.BundleView:
    async with here.database.read() as work:
        row = await bundles.of_tenant(work, caller.tenant_id, bundle_id)
        return bundles.view(row, here.settings.limits.bundle_days)


_ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        "description": "The bundle",
    }
}


@router.get("/support/bundles/{bundle_id}/content", response_class=Response, responses=_ZIP)
async def content_of(bundle_id: str, here: Here, caller: SupportCaller) -> Response:
    """The zip itself, as the PC has signed it. 410 ``bundle_removed`` when its time is over."""
    async with here.database.write(by=caller.actor) as work:
        row = await bundles.of_tenant(work, caller.tenant_id, bundle_id)
        bundles.handed_out(work, row)
    path = bundles.file_of(here.settings.bundle_folder, row.id)
    if row.removed_at is not None or not await asyncio.to_thread(path.is_file):
        raise Problem(410, "bundle_removed", bundle_id=bundle_id)
    return Response(
        await asyncio.to_thread(path.read_bytes),
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="kassabridge-{row.reference}.zip"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
