"""pystray with a screen of our own: its real icon, menu and items over a system that writes down what it is told."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.patience import BUSY


class FakeSystem:
    """``ends``: how the icons end, one after the other: ``stay`` until asked, ``die`` at once, ``fail`` before they are
    ready, ``fail late`` when they were asked to end. The last word holds for all that follow."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *ends: str, module: str = "fake._gtk") -> None:
        monkeypatch.setenv("PYSTRAY_BACKEND", "dummy")
        import pystray  # type: ignore[import-untyped]

        self.ends = list(ends) or ["stay"]
        self.said: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.icons: list[Any] = []
        self.refusals: list[str] = []
        self.library = SimpleNamespace(Icon=_icon(pystray.Icon, self, module), Menu=pystray.Menu,
                                       MenuItem=pystray.MenuItem)  # fmt: skip

    def hear(self, what: str) -> Any:
        """The next word of this kind; others that come before it are passed over."""
        while True:
            said, value = self.said.get(timeout=BUSY)
            if said == what:
                return value

    def click(self) -> None:
        """On the icon: what the system does on its own thread."""
        self.icons[-1].turn(lambda icon: icon())

    def choose(self, text: str) -> None:
        self.icons[-1].turn(lambda icon: next(item for item in _all(icon.menu) if item.text == text)(icon))


def _all(menu: Any) -> Any:
    for item in menu:
        yield item
        yield from _all(item.submenu or ())


def _icon(base: Any, system: FakeSystem, module: str) -> Any:
    class Icon(base):  # type: ignore[misc]
        def __init__(self, name: str) -> None:
            super().__init__(name)
            self.opened: bool = False
            self._menu_handle = SimpleNamespace(get_visible=lambda: self.opened)
            self._turns: queue.Queue[Callable[[Any], None] | None] = queue.Queue()
            system.icons.append(self)

        def turn(self, work: Callable[[Any], None]) -> None:
            self._turns.put(work)

        def _run(self) -> None:
            end = system.ends.pop(0) if len(system.ends) > 1 else system.ends[0]
            if end == "fail":
                raise OSError("no task bar")
            self._mark_ready()
            self.thread = threading.current_thread()
            if end == "die":
                return
            while (work := self._turns.get()) is not None:
                work(self)
            if end == "fail late":
                raise RuntimeError("nobody shows notifications")

        def _stop(self) -> None:
            self._turns.put(None)

        def _try(self, what: str, value: Any) -> None:
            if what in system.refusals:
                system.refusals.remove(what)
                raise OSError(f"refused: {what}")
            system.said.put((what, value))

        def _show(self) -> None:
            self._try("shown", self.name)

        def _hide(self) -> None:
            self._try("hidden", self.name)

        def _update_icon(self) -> None:
            self._icon_valid = True
            self._try("icon", self.icon)

        def _update_title(self) -> None:
            self._try("title", self.title)

        def _update_menu(self) -> None:
            if self.menu is not None:
                self._try("menu", [item.text for item in self.menu])

        def _notify(self, message: str, title: str | None = None) -> None:
            self._try("note", (title, message))

    Icon.__module__ = module
    return Icon
