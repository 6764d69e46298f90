"""Who calls: an API key to its tenant and scopes. Keys are kept as hashes."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import bindparam, select

from server.fields import look_alikes
from server.keys import JobKey, token_hash
from server.problems import Problem
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


@dataclass(frozen=True, slots=True)
class Caller:
    tenant_id: str
    scopes: frozenset[str]
    key_id: str

    def needs(self, *any_of: Scope) -> None:
        if self.scopes.isdisjoint(any_of):
            raise Problem(403, "forbidden", scope=" | ".join(any_of))


@dataclass(frozen=True, slots=True)
class NewTenant:
    tenant_id: str
    tenant: str
    api_key: str


class TenantExists(Exception):
    """Another tenant has this name."""


async def caller_of(work: Work, authorization: str | None) -> Caller:
    """The caller behind an Authorization header; ``Problem`` 401 otherwise."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() == "bearer" and token:
        key = await work.session.scalar(_BY_HASH, {"hash": token_hash(token.strip())})
        if key is not None and key.revoked_at is None:
            return Caller(key.tenant_id, frozenset(key.scopes.split()), key.key_id)
    spelt = token.strip().encode("latin-1", "replace").decode("utf-8", "replace")  # headers come as Latin-1
    raise Problem(
        401,
        "unauthorized",
        errors=look_alikes("Authorization", spelt),
        headers={"WWW-Authenticate": 'Bearer realm="kassabridge"'},
    )


async def add_tenant(work: Work, world: World, name: str) -> NewTenant:
    """A tenant and its first API key, with every scope. Raises ``TenantExists``."""
    if await work.session.scalar(select(Tenant.id).where(Tenant.name == name)) is not None:
        raise TenantExists(name)
    tenant = Tenant(id=world.new_id("tn"), name=name, created_at=work.now)
    work.session.add(tenant)
    token = add_key(work, world, tenant, tuple(Scope))
    return NewTenant(tenant.id, name, token)


def add_key(work: Work, world: World, tenant: Tenant, scopes: tuple[Scope, ...], name: str | None = None) -> str:
    """A new API key of the tenant; the only time that it is seen."""
    token = "kb_" + world.random_bytes(32).hex()
    work.session.add(
        ApiKey(
            hash=token_hash(token),
            key_id=world.new_id("key"),
            name=name,
            tenant_id=tenant.id,
            scopes=" ".join(scopes),
            created_at=work.now,
        )
    )
    return token


async def tenant_named(work: Work, name: str) -> Tenant | None:
    return await work.session.scalar(select(Tenant).where(Tenant.name == name))


async def keys_of(work: Work, tenant: Tenant) -> Sequence[ApiKey]:
    query = select(ApiKey).where(ApiKey.tenant_id == tenant.id).order_by(ApiKey.created_at, ApiKey.key_id)
    return await work.session.scalars(query)


async def revoke(work: Work, key_id: str) -> ApiKey | None:
    """The key is refused from now on; ``None``: there is no such key. Again is the same."""
    row = await work.session.scalar(select(ApiKey).where(ApiKey.key_id == key_id))
    if row is not None and row.revoked_at is None:
        row.revoked_at = work.now
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
