"""Who reads the feed right now: only so that they can be woken. Nothing here is truth."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Readers:
    """Wakes those who wait for a tenant's feed to grow; ``everyone`` waits for any tenant's (the webhooks' sender)."""

    def __init__(self) -> None:
        self._by_tenant: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._everyone: set[asyncio.Event] = set()
        self.stopping = False

    def wake(self, tenants: set[str]) -> None:
        for tenant in tenants:
            for waiting in self._by_tenant.get(tenant, ()):
                waiting.set()
        for waiting in self._everyone:
            waiting.set()

    def count(self, tenant_id: str) -> int:
        return len(self._by_tenant.get(tenant_id, ()))

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
