"""What an operator watches: figures for Prometheus, and a line in the log for every request and every step of a job.

Figures count what this process did; what stands in the database is asked for when somebody looks (``standing.py``).
Names of tenants, people and keys are in no figure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.store.happening import Happening

_log = structlog.get_logger("server")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_JOB_SECONDS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600, 86400)
UNKNOWN_ROUTE = "-"


class Watch:
    """One application's figures. Nothing here is global: two applications in one process count for themselves."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "kassabridge_http_request_seconds", "Requests by route and status, until the answer began",
            ["method", "route", "status"], buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._steps = Counter(
            "kassabridge_job_transitions", "Steps of jobs, as this server has learned them",
            ["kind", "state"], registry=self.registry,
        )  # fmt: skip
        self._ended = Histogram(
            "kassabridge_job_seconds", "From the CRM's request to the job's end",
            ["kind", "state"], buckets=_JOB_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._deliveries = Counter(
            "kassabridge_webhook_attempts", "Attempts to deliver an event", ["outcome"], registry=self.registry
        )

    def happened(self, happenings: Iterable[Happening]) -> None:
        """Committed: log it and count it."""
        for one in happenings:
            _log.info(one.what, **one.facts)
            if one.what == "job":
                self._steps.labels(one.facts["kind"], one.facts["state"]).inc()
                if one.seconds is not None:
                    self._ended.labels(one.facts["kind"], one.facts["state"]).observe(one.seconds)
            elif one.what == "webhook":
                self._deliveries.labels(one.facts["outcome"]).inc()

    def requested(self, method: str, route: str, status: int, seconds: float, facts: dict[str, Any]) -> None:
        self._requests.labels(method, route, str(status)).observe(seconds)
        _log.info("request", method=method, route=route, status=status, ms=round(1000 * seconds, 1), **facts)


class Watched:
    """ASGI middleware around everything else: every request, by the route that took it."""

    def __init__(
        self, app: ASGIApp, watch: Watch, prefix: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """``prefix``: of the routes of the API, which do not say it themselves."""
        self._app = app
        self._watch = watch
        self._prefix = prefix
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._monotonic()
        answered = False

        def note(status: int) -> None:
            route = getattr(scope.get("route"), "path", UNKNOWN_ROUTE)
            if scope["path"].startswith(f"{self._prefix}/") and not route.startswith(self._prefix):
                route = self._prefix + route
            facts = {name: value for name, value in scope.get("path_params", {}).items() if name in _NAMED}
            self._watch.requested(_method(scope["method"]), route, status, self._monotonic() - began, facts)

        async def noting(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                note(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            if not answered:
                note(500)  # what nobody foresaw is answered further out, where no route is known
            raise


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NAMED = frozenset({"job_id", "kkm_id", "agent_id", "webhook_id"})  # what is safe to say of an address


def _method(method: str) -> str:
    """A figure for each word that a stranger makes up would fill the memory."""
    return method if method in _METHODS else "other"
