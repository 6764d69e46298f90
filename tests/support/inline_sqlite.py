"""The server's SQLite without its thread: commits, too, run where they are asked for.

Simulations make millions of them one after another, nothing else goes on meanwhile, and a thread would not know of
virtual time.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from sqlalchemy.util import greenlet_spawn

from server.store import session, sqlite

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Here:
    """All are equal, so that engines can be kept by what they were made with."""

    async def __call__(self, step: Callable[[], object]) -> None:
        step()

    def close(self) -> None:
        """There is nothing to be closed."""


async def _called(work: Callable[..., T], *args: Any) -> T:
    """A greenlet to wait in is needed only by the pool, which hands a connection out and takes it back."""
    return await greenlet_spawn(work, *args) if work.__name__ in ("_connect", "close") else work(*args)


def _finished(work: Coroutine[Any, Any, T]) -> T:
    """The result of what waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    work.close()
    raise AssertionError("it waits")


def inline(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sqlite, "WaitingThread", _Here)
    patch.setattr(sqlite, "await_only", _finished)
    patch.setattr(session, "greenlet_spawn", _called)
