"""Every page of the console by the pattern of its route, and the roles that may see it. Samples are filled in by
whoever has a world with such things in it."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import APIRoute

from server.console.visit import PageRoute

OWNER, MANAGER, CASHIER, SUPPORT = "owner", "manager", "cashier", "support"
EVERYBODY = (OWNER, MANAGER, CASHIER, SUPPORT)
KEEPERS = (OWNER, MANAGER)


@dataclass(frozen=True, slots=True)
class Address:
    """``pattern``: of the route; ``also``: queries worth looking at, too."""

    pattern: str
    roles: tuple[str, ...] = EVERYBODY
    also: tuple[str, ...] = ()

    @property
    def needs(self) -> frozenset[str]:
        """The names that a sample has to be filled in with."""
        texts = (self.pattern, *self.also)
        return frozenset(name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name)

    def samples(self, given: Mapping[str, str]) -> Iterator[str]:
        if self.needs <= given.keys():
            for query in ("", *self.also):
                yield (self.pattern + query).format(**given)


ADDRESSES = (
    Address("/console/overview"),
    Address("/console/decisions"),
    Address("/console/decisions/{job_id}"),
    Address("/console/jobs", also=("?state=open", "?kind=receipt&kkm_id=17", "?order_ref=nothing", "?day=2026-11-23")),
    Address("/console/jobs/{job_id}"),
    Address("/console/jobs/{job_id}/exchange", (OWNER, MANAGER, SUPPORT), also=("?everything=true",)),
    Address("/console/sales"),
    Address("/console/till", (OWNER, MANAGER, CASHIER), also=("?return={done}",)),
    Address("/console/pcs"),
    Address("/console/pcs/{agent_id}", also=("?job={job_id}",)),
    Address("/console/pairing", KEEPERS),
    Address("/console/pairing/{code}", KEEPERS),
    Address("/console/first-steps", KEEPERS),
    Address("/console/directory"),
    Address("/console/devices/{kkm_id}"),
    Address("/console/desks", KEEPERS),
    Address("/console/desks/{desk_id}"),
    Address("/console/webhooks", KEEPERS),
    Address("/console/webhooks/{webhook_id}", KEEPERS),
    Address("/console/people", (OWNER,)),
    Address("/console/keys", (OWNER,)),
    Address("/console/audit", (OWNER,), also=("?check=yes", "?subject_kind=desk&subject_id=front")),
    Address("/console/account"),
)
OUTSIDE = ("/console/sign-in", "/invite/{invitation}")
"""Pages for somebody who is not signed in."""
NO_PAGES = ("/", "/console", "/console/{rest:path}")
"""They send on, or say that there is nothing."""


def pages(app: FastAPI) -> set[str]:
    """The patterns of every page that the application has."""
    return {route.path for route in _routes(app.routes) if "GET" in (route.methods or ())}


def forms(app: FastAPI) -> set[str]:
    """The patterns of everything that a page's form is sent to."""
    return {route.path for route in _routes(app.routes) if "POST" in (route.methods or ())}


def _routes(routes: Iterable[object]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, PageRoute):
            yield route
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _routes(inner.routes)
