"""What every router needs: the services of this application, the caller, the language."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from pydantic import BaseModel
from starlette.datastructures import FormData

from protocol.crm.codes import Language
from server.keys import JobKey
from server.problems import Problem, language_of
from server.routers.browser import CSRF, SAFE, SESSION, address_of, not_from_elsewhere
from server.services import signin
from server.services.access import Caller, Scope, caller_of
from server.services.exchange import Lately
from server.services.hub import Hub
from server.services.passwords import Passwords
from server.services.rates import Rates
from server.services.readers import Readers
from server.services.signin import Person, csrf_good
from server.services.tails import Tails
from server.settings import Settings
from server.store.database import Database
from server.upkeep.watch import Watch
from server.world import World


@dataclass(frozen=True, slots=True)
class RateLimits:
    calls: Rates  # by API key, by person
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
    passwords: Passwords
    tails: Tails
    watch: Watch = field(default_factory=Watch)
    exchanges: Lately = field(default_factory=Lately)

    @property
    def secure(self) -> bool:
        """Whether browsers reach this server by https."""
        return (self.settings.public_url or "").startswith("https:")


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
        400: "The body cannot be read at all",
        401: "No valid API key or session",
        403: "The key or the person lacks the scope",
        404: "Not found",
        409: "Not in this state",
        410: "Gone",
        413: "Too large",
        422: "A field breaks a rule",
        429: "Too often, or too many",
    }.items()
}

_bearer = HTTPBearer(auto_error=False, description="API key of a tenant")
_cookie = APIKeyCookie(
    name=SESSION, auto_error=False, description=f"A person's session; what changes something needs {CSRF} as well"
)


async def services_of(request: Request) -> Services:  # a dependency that is no coroutine is run in a thread
    services: Services = request.app.state.services
    return services


async def language(accept_language: Annotated[str | None, Header()] = None) -> Language:
    return language_of(accept_language)


# --- who calls -------------------------------------------------------------------------------------------------------


def needs(*scopes: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller behind the API key or the session's cookie, who has one of these scopes, and does not
    call too often."""

    async def authenticated(
        request: Request, _: Annotated[object, Depends(_bearer)], __: Annotated[object, Depends(_cookie)]
    ) -> Caller:
        services = await services_of(request)
        if "authorization" not in request.headers and SESSION in request.cookies:
            caller = (await signed_in(request)).caller
        else:
            caller = await _caller_by_key(services, request)
        not_too_often(services.rates.calls.take(caller.actor.id))
        caller.needs(*scopes)
        return caller

    return authenticated


async def _caller_by_key(services: Services, request: Request) -> Caller:
    address = address_of(request)
    not_too_often(services.rates.strangers.blocked(address))
    try:
        async with services.database.read() as work:
            return await caller_of(work, request.headers.get("authorization"), address)
    except Problem:
        not_too_often(services.rates.strangers.take(address))
        raise


async def signed_in(request: Request) -> Person:
    """The person whose session a request of the API brings, and who means it. Raises ``Problem``."""
    if SESSION not in request.cookies and "authorization" in request.headers:
        raise Problem(403, "person_needed")
    person = await person_of(request)
    if person is None:
        raise Problem(401, "session_over")
    if request.method not in SAFE and not csrf_good(person, request.headers.get(CSRF)):
        raise Problem(403, "csrf_missing")
    return person


async def _described(request: Request, _: Annotated[object, Depends(_cookie)]) -> Person:
    return await signed_in(request)


async def person_of(request: Request) -> Person | None:
    """The person whose session this browser brings. Raises ``Problem`` for what another site asks in its name. What a
    form wants to change it says by ``form_of``."""
    services = await services_of(request)
    token = request.cookies.get(SESSION)
    if token is None:
        return None
    not_from_elsewhere(request, services.settings.public_url)
    async with services.database.read() as work:
        person = await signin.person_of(work, token, address_of(request))
    if person is not None and person.due:
        async with services.database.write(by=person.caller.actor) as work:
            await signin.seen(work, person.caller.credential)
    return person


async def form_of(request: Request, person: Person) -> FormData:
    """The form that a page of this person's session has sent. Raises ``Problem`` ``csrf_missing``."""
    form = await request.form()
    given = form.get("_csrf")
    if not csrf_good(person, given if isinstance(given, str) else None):
        raise Problem(403, "csrf_missing")
    return form


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
DecisionsReader = Annotated[Caller, Depends(needs(Scope.DECIDE, Scope.PROPOSE))]
ProposingCaller = Annotated[Caller, Depends(needs(Scope.PROPOSE))]
PeopleCaller = Annotated[Caller, Depends(needs(Scope.PEOPLE))]
SignedIn = Annotated[Person, Depends(_described)]
SupportCaller = Annotated[Caller, Depends(needs(Scope.SUPPORT))]
WebhooksCaller = Annotated[Caller, Depends(needs(Scope.WEBHOOKS))]
