"""One request for a page: who looks, in which language and light, and the answer as HTML.

What a page may not do is refused here: nobody signed in goes to the sign-in, a missing right, a wrong field or a form
from elsewhere becomes a page that says so in words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError
from starlette.datastructures import FormData

from protocol.crm.codes import CODES, Language
from protocol.ffd.violation import ReceiptInvalid
from server.console import format as shapes
from server.console import menu, reading, words
from server.console.menu import HOME
from server.console.trouble import NONE, Trouble, trouble_of
from server.fields import field_errors
from server.problems import Problem, language_of, refuse_payload
from server.routers.browser import not_from_elsewhere
from server.routers.common import Services, form_of, person_of, services_of
from server.services.access import Caller, Scope
from server.services.signin import Person
from server.services.webhooks import TYPES
from server.settings import DEFAULT_ZONE
from server.store import feed
from server.store.database import Work
from server.store.models import Desk

SIGN_IN = f"{HOME}/sign-in"
FOLDER = Path(__file__).parent
THEMES = ("auto", "light", "dark")
LANGUAGE_COOKIE, THEME_COOKIE = "kb_language", "kb_theme"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_NOTHING: Mapping[str, str] = MappingProxyType({})


class SignInFirst(Exception):
    """Nobody is signed in."""


def templates() -> Environment:
    """Everything is escaped; a name that a page forgot to give is an error."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["words"] = words
    made.filters["path"] = partial(quote, safe="")
    return made


@dataclass(frozen=True, slots=True)
class Visit:
    request: Request
    here: Services
    person: Person | None
    language: Language
    theme: str
    now: datetime
    zone: ZoneInfo
    waiting: int = 0
    """Decisions that wait for a person, for the menu."""
    heard: int = 0
    """The last event before the page was read: what comes after it is news."""

    @property
    def caller(self) -> Caller:
        assert self.person is not None
        return self.person.caller

    @property
    def tenant_id(self) -> str:
        return self.caller.tenant_id

    def may(self, *any_of: Scope) -> bool:
        return self.person is not None and not self.person.caller.scopes.isdisjoint(any_of)

    def t(self, ru: str, en: str) -> str:
        return ru if self.language == "ru" else en

    def there(self, desk: Desk | None) -> Visit:
        """The same visit with its times by the wall clock of a desk."""
        return self if desk is None else replace(self, zone=ZoneInfo(desk.timezone))

    # --- what was sent

    async def form(self) -> FormData:
        """The form that our own page has sent. Raises ``Problem`` for any other."""
        if self.person is not None:
            return await form_of(self.request, self.person)
        not_from_elsewhere(self.request, self.here.settings.public_url)
        return await self.request.form()

    def writing(self) -> AbstractAsyncContextManager[Work]:
        """A transaction in the person's name."""
        return self.here.database.write(by=self.caller.actor)

    # --- what is answered

    def page(
        self, template: str, /, *, status: int = 200, trouble: Trouble = NONE, here: str = "", **told: Any
    ) -> HTMLResponse:
        """``here``: the entry of the menu that this page belongs to."""
        language = self.language
        context = {
            "visit": self,
            "t": self.t,
            "lang": language,
            "person": self.person,
            "csrf": self.person.csrf if self.person is not None else "",
            "theme": self.theme,
            "home": HOME,
            "path": self.request.url.path,
            "now": self.now,
            "zone": str(self.zone),
            "offset": shapes.offset(self.now, self.zone),
            "may": lambda *names: self.may(*(Scope(name) for name in names)),
            "say": lambda table, value: words.say(getattr(words, table), value, language),
            "code_words": lambda code: words.of_code(code, language),
            "money": lambda sum_: shapes.money(sum_, language),
            "number": lambda value: shapes.number(value, language),
            "quantity": shapes.quantity,
            "length": lambda seconds: shapes.length(seconds, language),
            "moment": lambda at, seconds=False, zone=None: shapes.moment_at(at, zone, self.zone, seconds=seconds),
            "day": shapes.day,
            "ago": lambda at: shapes.ago(at, self.now, language),
            "menu": menu.of(self.caller.scopes, self.waiting) if self.person is not None else (),
            "here_now": here,
            "known_codes": CODES,
            "event_types": " ".join(TYPES),
            "heard": self.heard,
            "waiting": self.waiting,
            "trouble": trouble,
            "typed": _NOTHING,
            "said": "",
            **told,
        }
        environment: Environment = self.request.app.state.console
        text = environment.get_template(template).render(context)
        headers = {**HEADERS, "Content-Language": language}
        return HTMLResponse(text, status, headers=headers)

    def refused(self, error: Exception) -> Trouble:
        """The words of a service's refusal; anything else goes on as it is."""
        return trouble_of(as_problem(error), self.language)


def as_problem(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case ReceiptInvalid():
            return refuse_payload(error.violations)
        case RequestValidationError() | ValidationError():
            return Problem(422, "bad_request", errors=field_errors(error.errors()))
        case _:
            raise error


REFUSALS = (Problem, ReceiptInvalid, RequestValidationError, ValidationError)
"""What a service says no with."""


def back(path: str, **query: str) -> Response:
    """After a form was followed: a page that can be loaded anew without asking again. ``path`` is one of ours."""
    return RedirectResponse(
        path + (f"?{urlencode(query)}" if query else ""), 303, headers={"Cache-Control": "no-store"}
    )


def inside(path: str | None) -> str:
    """A path of the console, whatever was asked for: nobody is sent elsewhere."""
    return path if path is not None and path.startswith(f"{HOME}/") and "\\" not in path and "//" not in path else HOME


def text_of(form: FormData, name: str) -> str:
    """A field of a form, without blanks around it; empty when it is not there."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def typed_in(form: FormData, *names: str) -> dict[str, str]:
    """What was typed, to be shown again beside what was wrong with it."""
    return {name: text_of(form, name) for name in names}


async def look(request: Request) -> Visit:
    """A visit by whoever it is."""
    here = await services_of(request)
    person = await person_of(request)
    chosen = request.cookies.get(LANGUAGE_COOKIE) or (person.language if person is not None else None)
    languages: dict[str, Language] = {"ru": "ru", "en": "en"}
    theme = request.cookies.get(THEME_COOKIE, "auto")
    return Visit(
        request,
        here,
        person,
        languages.get(chosen or "") or language_of(request.headers.get("accept-language")),
        theme if theme in THEMES else "auto",
        here.world.now(),
        ZoneInfo(DEFAULT_ZONE),
    )


def needs(*scopes: Scope) -> Callable[[Request], Awaitable[Visit]]:
    """A dependency: a visit by somebody who is signed in and has one of these rights."""

    async def visiting(request: Request) -> Visit:
        visit = await look(request)
        if visit.person is None:
            raise SignInFirst
        if scopes:
            visit.person.caller.needs(*scopes)
        if request.method == "GET" and visit.may(Scope.JOBS, Scope.READ):
            async with visit.here.database.read() as work:
                heard = await feed.newest(work, visit.tenant_id)
                visit = replace(visit, waiting=await reading.count_waiting(work, visit.tenant_id), heard=heard)
        return visit

    return visiting


class PageRoute(APIRoute):
    """A route whose refusals are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await handle(request)
            except SignInFirst:
                wanted = request.url.path if request.method == "GET" else HOME
                return back(SIGN_IN, next=inside(wanted))
            except REFUSALS as error:
                return await refusal(request, error)

        return shown


async def refusal(request: Request, error: Exception) -> Response:
    """A page that says what is wrong and what to do."""
    visit, problem = await look(request), as_problem(error)
    trouble = trouble_of(problem, visit.language)
    answer = visit.page("refused.html", status=problem.status, trouble=trouble, code=problem.code)
    answer.headers.update(problem.headers)
    return answer


Anybody = Annotated[Visit, Depends(look)]
Somebody = Annotated[Visit, Depends(needs())]
Reader = Annotated[Visit, Depends(needs(Scope.JOBS, Scope.READ))]
DirectoryReader = Annotated[Visit, Depends(needs(Scope.DIRECTORY, Scope.READ))]
Cashier = Annotated[Visit, Depends(needs(Scope.JOBS))]
DirectoryKeeper = Annotated[Visit, Depends(needs(Scope.DIRECTORY))]
Decider = Annotated[Visit, Depends(needs(Scope.DECIDE, Scope.PROPOSE))]
Supporter = Annotated[Visit, Depends(needs(Scope.SUPPORT))]
WebhookKeeper = Annotated[Visit, Depends(needs(Scope.WEBHOOKS))]
PeopleKeeper = Annotated[Visit, Depends(needs(Scope.PEOPLE))]
