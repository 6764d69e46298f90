"""The server's SQLite without its thread: commits, too, run where they are asked for.

Simulations make millions of them one after another, nothing else goes on meanwhile, and a thread would not know of
virtual time.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from server.store import sqlite


class _Here:
    async def __call__(self, step: Callable[[], object]) -> None:
        step()

    def close(self) -> None:
        """There is nothing to be closed."""


def inline(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sqlite, "WaitingThread", _Here)
