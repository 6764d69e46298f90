"""Who calls: an API key to its tenant and scopes. Keys are kept as hashes."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from server.keys import JobKey, token_hash
from server.problems import Problem
from server.store.database import Work
from server.store.models import ApiKey, SigningKey, Tenant
from server.world import World


class Scope(StrEnum):
    JOBS = "jobs"  # post, read, cancel and renew jobs
    DIRECTORY = "directory"  # devices, desks, agents, pairing
    DECIDE = "decide"  # decide for a person: resolve a job, lift a quarantine


@dataclass(frozen=True, slots=True)
class Caller:
    tenant_id: str
    scopes: frozenset[str]

    def needs(self, scope: Scope) -> None:
        if scope not in self.scopes:
            raise Problem(403, "forbidden", scope=scope.value)


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
        key = await work.session.get(ApiKey, token_hash(token.strip()))
        if key is not None:
            return Caller(key.tenant_id, frozenset(key.scopes.split()))
    raise Problem(401, "unauthorized", headers={"WWW-Authenticate": 'Bearer realm="kassabridge"'})


async def add_tenant(work: Work, world: World, name: str) -> NewTenant:
    """A tenant and its first API key, with every scope. Raises ``TenantExists``."""
    if await work.session.scalar(select(Tenant.id).where(Tenant.name == name)) is not None:
        raise TenantExists(name)
    tenant = Tenant(id=world.new_id("tn"), name=name, created_at=work.now)
    token = await add_key(work, world, tenant, tuple(Scope))
    return NewTenant(tenant.id, name, token)


async def add_key(work: Work, world: World, tenant: Tenant, scopes: tuple[Scope, ...]) -> str:
    """A new API key of the tenant; the only time that it is seen."""
    token = "kb_" + world.random_bytes(32).hex()
    work.session.add(tenant)
    await work.session.flush()
    work.session.add(ApiKey(hash=token_hash(token), tenant_id=tenant.id, scopes=" ".join(scopes), created_at=work.now))
    return token


async def job_key(work: Work, world: World) -> JobKey:
    """The server's newest job key; made here when there is none."""
    row = await work.session.scalar(select(SigningKey).order_by(SigningKey.created_at.desc()).limit(1))
    if row is None:
        seed = world.random_bytes(32)
        key = JobKey.from_seed(seed)
        work.session.add(SigningKey(kid=key.kid, seed=b64encode(seed).decode("ascii"), created_at=work.now))
        return key
    return JobKey.from_seed(b64decode(row.seed))
