"""The agent's side of pairing, which needs no API key, and the page behind the line."""

from __future__ import annotations

from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict

from protocol.crm.messages import ServerKey
from server.problems import Problem
from server.routers.agents import public_url
from server.routers.common import PROBLEMS, Here, Services
from server.services import pairing
from server.store.actor import Actor, ActorKind

router = APIRouter(tags=["pairing (agent)"], responses=PROBLEMS)
page = APIRouter(include_in_schema=False)


class Claimed(BaseModel):
    claim_id: str
    status: str = "waiting"
    poll_s: float


class Proof(BaseModel):
    """``sig``: the agent's signature over its claim."""

    model_config = ConfigDict(extra="forbid", strict=True)
    sig: str


class Standing(BaseModel):
    """``paired`` comes with everything that the agent keeps."""

    status: str
    poll_s: float | None = None
    agent_id: str | None = None
    tenant_id: str | None = None
    tenant: str | None = None
    keys: list[ServerKey] = []
    link_url: str | None = None


def _address(request: Request) -> str:
    return request.client.host[:64] if request.client is not None else "unknown"


@router.post("/pair", status_code=202)
async def claim_code(asked: pairing.ClaimAsked, here: Here, request: Request) -> Claimed:
    address = _address(request)
    async with here.database.write(by=Actor(ActorKind.AGENT, name=asked.pc_name, address=address)) as work:
        found = await pairing.claim(work, here.world, here.settings.limits, asked, address=address)
    if isinstance(found, Problem):
        raise found
    assert found.claim_id is not None
    return Claimed(claim_id=found.claim_id, poll_s=here.settings.limits.pairing_poll)


@router.post("/pair/{claim_id}")
async def ask_claim(claim_id: str, asked: Proof, here: Here, request: Request) -> Standing:
    return await _standing(here, request, claim_id, asked.sig)


@router.get("/pair/{claim_id}")
async def see_claim(
    claim_id: str, here: Here, request: Request, kassabridge_signature: Annotated[str, Header()]
) -> Standing:
    return await _standing(here, request, claim_id, kassabridge_signature)


async def _standing(here: Services, request: Request, claim_id: str, signature: str) -> Standing:
    async with here.database.write() as work:
        row, tenant = await pairing.poll(work, here.settings.limits, claim_id, signature)
    if row.state == "confirmed":
        base = public_url(here.settings.public_url, request)
        return Standing(
            status="paired",
            agent_id=row.agent_id,
            tenant_id=tenant.id,
            tenant=tenant.name,
            keys=[here.key.published()],
            link_url="ws" + base.removeprefix("http") + "/api/v1/agent",
        )
    if row.state == "refused":
        return Standing(status="refused")
    return Standing(status="waiting", poll_s=here.settings.limits.pairing_poll)


_PAGE = """<!doctype html>
<html lang="ru"><head><meta charset="utf-8"><title>Подключение кассы</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">
<style>body{{font:18px/1.5 sans-serif;max-width:36em;margin:3em auto;padding:0 1em}}
code{{display:block;padding:.6em;background:#eee;word-break:break-all;user-select:all}}</style></head>
<body><h1>Подключение кассы</h1>
<p>Эта ссылка подключает компьютер кассира к CRM. Открывать её в браузере не нужно.</p>
<ol><li>Установите KassaBridge на компьютер, к которому подключена касса.</li>
<li>На этом компьютере нажмите <a href="kassabridge:{line}">Подключить этот компьютер</a> — или скопируйте строку
<code>{line}</code> и вставьте её в окно KassaBridge.</li>
<li>Владелец учётной записи увидит в CRM имя компьютера и подтвердит его.</li></ol>
<p>Ссылка действует 10 минут и только один раз. Не пересылайте её посторонним.</p>
<p lang="en">This link pairs a cashier's PC with the CRM: paste it into KassaBridge on that PC.</p>
</body></html>"""


@page.get("/pair/{code}", response_class=HTMLResponse)
async def pair_page(code: str, here: Here, request: Request) -> Any:
    """Says what to do with the line; tells nothing about the code."""
    line = f"{public_url(here.settings.public_url, request)}/pair/{code[:64]}"
    return HTMLResponse(
        _PAGE.format(line=escape(line)),
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
    )
