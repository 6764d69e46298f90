"""Pairing: one line from the CRM, a key made on the cashier's PC, a person who confirms.

The code is bound to the first public key that claims it. The agent proves that key again whenever it asks how the
claim stands, so that nobody else can learn the outcome.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import delete, func, select

from protocol.crm.signing import signed_bytes
from server.keys import is_public_key, token_hash, verify
from server.problems import FieldError, Problem
from server.services import codes
from server.settings import Limits
from server.store.database import Work
from server.store.models import Agent, PairingCode, Tenant, WrongTry
from server.world import World

CODE_LENGTH = 10
Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class CodeAsked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: Annotated[str, StringConstraints(max_length=200)] | None = None
    auto_confirm: bool = False
    """Confirms whoever claims the code first: for scripted set-ups, where nobody is there to look."""


class ClaimAsked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    code: Annotated[str, StringConstraints(max_length=64)]
    public_key: Annotated[str, StringConstraints(max_length=64)]
    install_id: Short
    pc_name: Short
    version: Annotated[str, StringConstraints(max_length=64)]


@dataclass(frozen=True, slots=True)
class NewCode:
    code: str
    row: PairingCode


async def make_code(work: Work, world: World, limits: Limits, tenant_id: str, asked: CodeAsked) -> NewCode:
    code = codes.made(world, CODE_LENGTH)
    row = PairingCode(
        hash=token_hash(code),
        tenant_id=tenant_id,
        name=asked.name,
        auto_confirm=asked.auto_confirm,
        state="free",
        created_at=work.now,
        expires_at=work.now + timedelta(seconds=limits.pairing_code_life),
        wrong_tries=0,
    )
    work.session.add(row)
    return NewCode(code, row)


async def guard(work: Work, limits: Limits, address: str) -> None:
    """Raises ``too_many_tries`` while this address has named too many wrong codes."""
    since = work.now - timedelta(seconds=limits.pairing_code_life)
    query = select(func.count()).where(WrongTry.address == address, WrongTry.at >= since)
    if (await work.session.scalar(query) or 0) >= limits.pairing_tries:
        raise Problem(429, "too_many_tries", headers={"Retry-After": str(int(limits.pairing_code_life))})


async def note_wrong(work: Work, limits: Limits, address: str) -> None:
    work.session.add(WrongTry(address=address, at=work.now))
    old = work.now - timedelta(seconds=limits.pairing_code_life)
    await work.session.execute(delete(WrongTry).where(WrongTry.at < old))


async def claim(work: Work, world: World, limits: Limits, asked: ClaimAsked, *, address: str) -> PairingCode | Problem:
    """The claimed code. A wrong try is *returned* as its problem, so that it is counted by the commit."""
    if not is_public_key(asked.public_key):
        words = "public_key: Ed25519, 32 bytes in base64"
        raise Problem(422, "bad_request", errors=[FieldError("public_key", "key", words, "E_VALUE", words, words)])
    await guard(work, limits, address)
    row = await work.session.get(PairingCode, token_hash(codes.normalised(asked.code)), with_for_update=True)
    if row is None:
        await note_wrong(work, limits, address)
        return Problem(404, "pair_code_unknown")
    if row.state != "free":
        if row.public_key == asked.public_key and row.state in ("claimed", "confirmed"):
            return row  # the same agent again: its first answer was lost
        row.wrong_tries += 1
        if row.wrong_tries >= limits.pairing_tries and row.state == "claimed":
            await _refuse(work, row)  # somebody fights for this code: nobody gets it
        await note_wrong(work, limits, address)
        return Problem(409, "pair_code_used")
    if work.now > row.expires_at:
        await note_wrong(work, limits, address)
        return Problem(410, "pair_code_expired")
    if await work.session.scalar(select(Agent.id).where(Agent.public_key == asked.public_key)) is not None:
        await note_wrong(work, limits, address)
        return Problem(409, "pair_code_used")  # a key belongs to one pairing
    agent = Agent(
        id=world.new_id("ag"),
        tenant_id=row.tenant_id,
        state="pending",
        name=row.name,
        public_key=asked.public_key,
        install_id=asked.install_id,
        pc_name=asked.pc_name,
        version=asked.version,
        created_at=work.now,
        session_epoch=0,
        acked_n=0,
        acked_hash="",
        seen_n=0,
        seen_hash="",
    )
    work.session.add(agent)
    await work.session.flush()
    row.state, row.claim_id, row.agent_id = "claimed", world.new_id("cl"), agent.id
    row.public_key, row.pc_name = asked.public_key, asked.pc_name
    row.expires_at = work.now + timedelta(seconds=limits.pairing_code_life)  # the owner has as long to look
    if row.auto_confirm:
        _confirm(row, agent)
    return row


def claim_bytes(claim_id: str) -> bytes:
    """What the agent signs to ask how its claim stands."""
    return signed_bytes("pair", {"claim_id": claim_id})


async def poll(work: Work, limits: Limits, claim_id: str, signature: str) -> tuple[PairingCode, Tenant]:
    row = await work.session.scalar(select(PairingCode).where(PairingCode.claim_id == claim_id).with_for_update())
    if row is None or row.public_key is None or not verify(row.public_key, claim_bytes(claim_id), signature):
        raise Problem(404, "not_found")
    early = row.last_poll_at is not None and work.now - row.last_poll_at < timedelta(seconds=limits.pairing_poll - 1)
    if early and row.state == "claimed":
        raise Problem(429, "slow_down", headers={"Retry-After": str(int(limits.pairing_poll))})
    row.last_poll_at = work.now
    if row.state == "claimed" and work.now > row.expires_at:
        await _refuse(work, row)
    return row, await work.session.get_one(Tenant, row.tenant_id)


async def find(work: Work, tenant_id: str, code: str) -> PairingCode:
    row = await work.session.get(PairingCode, token_hash(codes.normalised(code)), with_for_update=True)
    if row is None or row.tenant_id != tenant_id:
        raise Problem(404, "pair_code_unknown")
    return row


async def decide(work: Work, tenant_id: str, code: str, *, confirmed: bool) -> PairingCode:
    row = await find(work, tenant_id, code)
    wanted = "confirmed" if confirmed else "refused"
    if row.state == wanted:
        return row
    if row.state == "free" and confirmed:
        raise Problem(409, "pair_not_claimed")
    if row.state not in ("free", "claimed"):
        raise Problem(409, "pair_code_used", state=row.state)
    if not confirmed:
        await _refuse(work, row)
        return row
    if work.now > row.expires_at:
        raise Problem(410, "pair_code_expired")
    _confirm(row, await work.session.get_one(Agent, row.agent_id))
    return row


def _confirm(row: PairingCode, agent: Agent) -> None:
    row.state, agent.state = "confirmed", "active"


async def _refuse(work: Work, row: PairingCode) -> None:
    row.state = "refused"
    agent_id, row.agent_id = row.agent_id, None
    await work.session.flush()
    agent = await work.session.get(Agent, agent_id) if agent_id is not None else None
    if agent is not None and agent.state == "pending":
        work.session.delete(agent)
