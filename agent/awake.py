"""The PC is kept awake while a document is in hand: it does not fall asleep by itself, and whoever shuts it down sees
that a receipt is being finished.

A lane holds before the INTENT is written and releases when its outcome is on disk, or when a person was asked: what
nobody is working on may sleep. It is a courtesy, not a guarantee. A lid, a long press of the button and a battery end
what they like, and the rules of doubt resolve it.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Literal, Protocol

import structlog

PATIENCE = 2.0  # seconds that a receipt waits for the system's word at most

log = structlog.get_logger("awake")


class Inhibitor(Protocol):
    """What the system has for it. ``begin`` and ``end`` come in turn, never two at once, and take ``PATIENCE`` at most.
    Both may raise ``OSError``."""

    def begin(self) -> None:
        """Returns when the system has agreed."""

    def end(self) -> None: ...


class Awake:
    """Who holds, by name: holding twice is holding once. Any thread. A system that does not agree stops nobody."""

    def __init__(self, inhibitor: Inhibitor | None = None) -> None:
        self._inhibitor = inhibitor
        self._guard = threading.Lock()
        self._holders: set[str] = set()
        self._said: str | None = None  # what the system has answered: said once

    @property
    def held(self) -> bool:
        with self._guard:
            return bool(self._holders)

    def hold(self, holder: str) -> None:
        """Returns when the PC is held, as far as it lets itself be held."""
        with self._guard:
            if not self._holders and self._inhibitor is not None:
                self._try(self._inhibitor.begin)
            self._holders.add(holder)

    def release(self, holder: str) -> None:
        with self._guard:
            if self._holders == {holder} and self._inhibitor is not None:
                self._try(self._inhibitor.end)
            self._holders.discard(holder)

    def _try(self, what: Callable[[], None]) -> None:
        try:
            what()
        except OSError as error:
            if self._said != str(error):
                self._said = str(error)
                log.warning("awake_failed", error=str(error))


@contextlib.contextmanager
def kept_awake(language: Literal["ru", "en"], ending: Callable[[], object]) -> Iterator[Awake]:
    """This system's. ``ending()`` is called, from another thread, when the user's session ends all the same: the agent
    has the few seconds then that the system gives it."""
    if sys.platform == "win32":
        from agent.windows.session import SessionWindow

        with SessionWindow(language, ending) as window:
            yield Awake(window)
    else:
        from agent.systemd import SystemdInhibitor

        inhibitor = SystemdInhibitor()
        try:
            yield Awake(inhibitor)
        finally:
            inhibitor.end()
