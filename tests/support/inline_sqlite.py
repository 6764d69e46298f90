"""Aiosqlite without its thread: every call runs where it is asked for.

Simulations make millions of them one after another; two switches of threads for each took as long as all the rest, and
threads would not know of virtual time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiosqlite.core
import pytest


class _Here:
    def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, call = item
        try:
            result = call()
        except Exception as error:
            if future is None:
                raise
            future.set_exception(error)
        else:
            if future is not None:
                future.set_result(result)


class _NoThread:
    def __init__(self, **_: Any) -> None:
        self.daemon = True

    def start(self) -> None:
        """Nothing: see ``_Here``."""


def inline(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(aiosqlite.core, "SimpleQueue", _Here)
    patch.setattr(aiosqlite.core, "Thread", _NoThread)
