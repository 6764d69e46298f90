"""Who reads the feed, or a log that is watched, right now: only so that they can be woken. Nothing here is truth."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Readers:
    """Wakes those who wait for a tenant's feed to grow; ``everyone`` waits for any tenant's (the webhooks' sender).
    Some of a tenant's wait for the lines of a log besides."""

    def __init__(self) -> None:
        self._by_tenant: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._by_log: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._everyone: set[asyncio.Event] = set()
        self.stopping = False

    def wake(self, tenants: set[str]) -> None:
        for tenant in tenants:
            for waiting in self._by_tenant.get(tenant, ()):
                waiting.set()
        for waiting in self._everyone:
            waiting.set()

    def wake_log(self, request_id: str) -> None:
        for waiting in self._by_log.get(request_id, ()):
            waiting.set()

    def count(self, tenant_id: str) -> int:
        return len(self._by_tenant.get(tenant_id, ()))

    @contextmanager
    def log_reader(self, tenant_id: str, request_id: str) -> Iterator[asyncio.Event]:
        """As ``reader``, and by the lines of this log."""
        with self.reader(tenant_id) as waiting:
            group = self._by_log[request_id]
            group.add(waiting)
            try:
                yield waiting
            finally:
                group.discard(waiting)
                if not group:
                    self._by_log.pop(request_id, None)

    @contextmanager
    def reader(self, tenant_id: str | None) -> Iterator[asyncio.Event]:
        """The event is set whenever there may be something new, and at the end (``stopping``)."""
        waiting = asyncio.Event()
        group = self._everyone if tenant_id is None else self._by_tenant[tenant_id]
        group.add(waiting)
        try:
            yield waiting
        finally:
            group.discard(waiting)
            if tenant_id is not None and not group:
                self._by_tenant.pop(tenant_id, None)

    def stop(self) -> None:
        """Streams end; their readers come back with the last id that they have seen."""
        self.stopping = True
        self.wake(set(self._by_tenant))
