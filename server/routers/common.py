"""What every router needs: the services of this application, the caller, the language."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.security import HTTPBearer
from pydantic import BaseModel

from protocol.crm.codes import Language
from server.keys import JobKey
from server.problems import Problem, language_of
from server.services.access import Caller, Scope, caller_of
from server.services.hub import Hub
from server.services.rates import Rates
from server.services.readers import Readers
from server.settings import Settings
from server.store.database import Database
from server.world import World


@dataclass(frozen=True, slots=True)
class RateLimits:
    calls: Rates  # by API key
    strangers: Rates  # by address: requests without a good key
    bundles: Rates  # by agent


@dataclass(slots=True)
class Services:
    settings: Settings
    world: World
    database: Database
    hub: Hub
    readers: Readers
    rates: RateLimits
    key: JobKey


class FieldErrorView(BaseModel):
    field: str
    rule: str
    expected: str
    code: str
    text: str


class ProblemView(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    advice: str
    safe_to_repeat: bool
    errors: list[FieldErrorView]
    params: dict[str, Any] | None = None


_PROBLEM: dict[str, Any] = {"model": ProblemView, "content": {"application/problem+json": {}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {**_PROBLEM, "description": words}
    for status, words in {
        401: "No valid API key",
        403: "The key lacks the scope",
        404: "Not found",
        409: "Not in this state",
        410: "Gone",
        413: "Too large",
        422: "A field breaks a rule",
        429: "Too often, or too many",
    }.items()
}

_bearer = HTTPBearer(auto_error=False, description="API key of a tenant")


async def services_of(request: Request) -> Services:  # a dependency that is no coroutine is run in a thread
    services: Services = request.app.state.services
    return services


async def language(accept_language: Annotated[str | None, Header()] = None) -> Language:
    return language_of(accept_language)


def needs(*scopes: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller behind the API key, which has one of these scopes, and does not call too often."""

    async def authenticated(request: Request, _: Annotated[object, Depends(_bearer)]) -> Caller:
        services = await services_of(request)
        address = request.client.host if request.client is not None else ""
        not_too_often(services.rates.strangers.blocked(address))
        try:
            async with services.database.read() as work:
                caller = await caller_of(work, request.headers.get("authorization"))
        except Problem:
            not_too_often(services.rates.strangers.take(address))
            raise
        not_too_often(services.rates.calls.take(caller.key_id))
        caller.needs(*scopes)
        return caller

    return authenticated


def not_too_often(wait: int | None) -> None:
    if wait is not None:
        raise Problem(429, "too_many_requests", headers={"Retry-After": str(wait)}, retry_after_s=wait)


Here = Annotated[Services, Depends(services_of)]
Speaks = Annotated[Language, Depends(language)]
JobsCaller = Annotated[Caller, Depends(needs(Scope.JOBS))]
JobsReader = Annotated[Caller, Depends(needs(Scope.JOBS, Scope.READ))]
DirectoryCaller = Annotated[Caller, Depends(needs(Scope.DIRECTORY))]
DirectoryReader = Annotated[Caller, Depends(needs(Scope.DIRECTORY, Scope.READ))]
DecidingCaller = Annotated[Caller, Depends(needs(Scope.DECIDE))]
SupportCaller = Annotated[Caller, Depends(needs(Scope.SUPPORT))]
WebhooksCaller = Annotated[Caller, Depends(needs(Scope.WEBHOOKS))]
