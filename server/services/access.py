"""Who calls: an API key to its tenant and scopes. Keys are kept as hashes."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import bindparam, select

from server.fields import FieldError, look_alikes
from server.keys import JobKey, token_hash
from server.problems import Problem
from server.store.actor import Actor, ActorKind
from server.store.database import Work
from server.store.models import ApiKey, SigningKey, Tenant
from server.world import World

_BY_HASH = select(ApiKey).where(ApiKey.hash == bindparam("hash"))


class Scope(StrEnum):
    JOBS = "jobs"  # post, read, cancel and renew jobs
    DIRECTORY = "directory"  # devices, desks, agents, pairing
    DECIDE = "decide"  # decide for a person: resolve a job, lift a quarantine
    WEBHOOKS = "webhooks"  # where events are sent
    READ = "read"  # read jobs, devices, desks, agents and events; change nothing
    SUPPORT = "support"  # ask PCs for their doctor and bundles, read those
    PEOPLE = "people"  # users, API keys, the audit
    PROPOSE = "propose"  # propose a decision, which somebody else must confirm


FIRST_KEY = tuple(scope for scope in Scope if scope not in (Scope.PEOPLE, Scope.PROPOSE))
"""What the CRM's own key may do. Who may come in is a person's matter."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what for. ``credential``: the hash of the key or of the session's token. ``user_id`` and ``role``
    of a person who has signed in."""

    tenant_id: str
    scopes: frozenset[str]
    actor: Actor
    credential: str
    user_id: str | None = None
    role: str | None = None

    def needs(self, *any_of: Scope) -> None:
        if self.scopes.isdisjoint(any_of):
            raise Problem(403, "forbidden", scope=" | ".join(any_of))


def person_named(work: Work, named: str | None) -> str:
    """Who decides. Somebody who has signed in decides as nobody else; of a key's requests the CRM names the person.
    Raises ``Problem`` ``person_missing``."""
    if work.actor.kind is ActorKind.USER:
        return work.actor.name or work.actor.id
    if named is None:
        words = ("Поле person: обязательное поле не заполнено.", "Field person: required field is missing.")
        raise Problem(422, "person_missing", errors=[FieldError("person", "missing", "a name", "E_MISSING", *words)])
    return named


@dataclass(frozen=True, slots=True)
class NewTenant:
    tenant_id: str
    tenant: str
    api_key: str


class TenantExists(Exception):
    """Another tenant has this name."""


async def caller_of(work: Work, authorization: str | None, address: str | None = None) -> Caller:
    """The caller behind an Authorization header; ``Problem`` 401 otherwise."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() == "bearer" and token:
        caller = await of_key(work, token_hash(token.strip()), address)
        if caller is not None:
            return caller
    spelt = token.strip().encode("latin-1", "replace").decode("utf-8", "replace")  # headers come as Latin-1
    raise Problem(
        401,
        "unauthorized",
        errors=look_alikes("Authorization", spelt),
        headers={"WWW-Authenticate": 'Bearer realm="kassabridge"'},
    )


async def of_key(work: Work, credential: str, address: str | None) -> Caller | None:
    key = await work.session.scalar(_BY_HASH, {"hash": credential})
    if key is None or key.revoked_at is not None:
        return None
    actor = Actor(ActorKind.KEY, key.key_id, key.name, address)
    return Caller(key.tenant_id, frozenset(key.scopes.split()), actor, credential)


async def add_tenant(work: Work, world: World, name: str) -> NewTenant:
    """A tenant and the API key of its CRM. Raises ``TenantExists``."""
    if await work.session.scalar(select(Tenant.id).where(Tenant.name == name)) is not None:
        raise TenantExists(name)
    tenant = Tenant(id=world.new_id("tn"), name=name, created_at=work.now)
    work.session.add(tenant)
    token = add_key(work, world, tenant, FIRST_KEY)
    return NewTenant(tenant.id, name, token)


def add_key(work: Work, world: World, tenant: Tenant, scopes: tuple[Scope, ...], name: str | None = None) -> str:
    """A new API key of the tenant; the only time that it is seen."""
    return made_key(work, world, tenant.id, scopes, name)[0]


def made_key(
    work: Work, world: World, tenant_id: str, scopes: Sequence[Scope], name: str | None = None
) -> tuple[str, ApiKey]:
    """The same with its row."""
    token = "kb_" + world.random_bytes(32).hex()
    row = ApiKey(
        hash=token_hash(token),
        key_id=world.new_id("key"),
        name=name,
        tenant_id=tenant_id,
        scopes=" ".join(scopes),
        created_at=work.now,
    )
    work.session.add(row)
    return token, row


async def tenant_named(work: Work, name: str) -> Tenant | None:
    return await work.session.scalar(select(Tenant).where(Tenant.name == name))


async def keys_of(work: Work, tenant_id: str) -> Sequence[ApiKey]:
    query = select(ApiKey).where(ApiKey.tenant_id == tenant_id).order_by(ApiKey.created_at, ApiKey.key_id)
    return await work.session.scalars(query)


async def revoke(work: Work, key_id: str, tenant_id: str | None = None) -> ApiKey | None:
    """The key is refused from now on, its open streams end; ``None``: there is no such key (of this tenant). Again is
    the same."""
    row = await work.session.scalar(select(ApiKey).where(ApiKey.key_id == key_id))
    if row is not None and tenant_id not in (None, row.tenant_id):
        return None
    if row is not None and row.revoked_at is None:
        row.revoked_at = work.now
        work.told.add(row.tenant_id)
    return row


async def job_key(work: Work, world: World) -> JobKey:
    """The server's newest job key; made here when there is none."""
    row = await work.session.scalar(select(SigningKey).order_by(SigningKey.created_at.desc()).limit(1))
    if row is None:
        seed = world.random_bytes(32)
        key = JobKey.from_seed(seed)
        work.session.add(SigningKey(kid=key.kid, seed=b64encode(seed).decode("ascii"), created_at=work.now))
        return key
    return JobKey.from_seed(b64decode(row.seed))
