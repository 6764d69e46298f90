"""The only module that knows pystray: an icon on the thread it is given, fed and asked to stop by others.

pystray is loaded by ``Adapter.run`` and not before: importing it picks the system's way of showing icons, and fails
where there is no screen. What is known of its limits is dealt with here: texts are cut, the menu is not replaced while
somebody is looking at it, an icon whose loop ends unasked is made anew, and a system that shows no notifications shows
the icon all the same.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import IO, Any, Protocol

import structlog

from agent.tray.icons import Bar, draw, ico
from agent.tray.model import (
    MESSAGE_UNITS,
    TITLE_UNITS,
    TOOLTIP_UNITS,
    Action,
    IconState,
    Item,
    Menu,
    Note,
    Separator,
    TrayView,
)
from agent.tray.text import cut

PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Seconds before an icon whose loop ended unasked is made anew; after as many in a row it is given up."""

STEADY = 600.0  # seconds after which an icon is taken for good, and a later end for a new misfortune
AGAIN = 0.3  # seconds until what the system refused, or an open menu put off, is tried again
NOTES = 16  # that wait to be shown; older ones are dropped

log = structlog.get_logger("tray")


class Ended(StrEnum):
    ASKED = "asked"  # by ``stop``
    LOST = "lost"  # the system would not keep the icon


class NoTray(Exception):
    """Icons cannot be shown here: no screen, no library for it. The text says why, for support."""


class Tray(Protocol):
    """An icon beside the clock. All but ``run`` may be called from any thread and return at once."""

    def run(self) -> Ended:
        """Show it until ``stop``. On the main thread where the system wants that. Raises ``NoTray``."""

    def show(self, view: TrayView) -> None:
        """From now on this; of several that come quickly the last is shown."""

    def notify(self, note: Note) -> None: ...

    def stop(self) -> None:
        """Ends ``run``, also one that has not begun. A second call does nothing."""


def load_pystray() -> Any:
    """The library. Raises ``NoTray``; its own errors depend on the system and are of no common type."""
    try:
        import pystray  # type: ignore[import-untyped]
    except Exception as error:
        raise NoTray(f"{type(error).__name__}: {error}") from error
    return pystray


class Adapter:
    """``Tray`` by pystray. ``on_action`` is called on the icon's own thread and must hand over at once; ``bar`` and
    ``small_icon`` tell where the icon stands; ``pause`` waits before an icon is made anew."""

    def __init__(
        self,
        on_action: Callable[[Action], None],
        *,
        bar: Callable[[], Bar],
        small_icon: Callable[[], int],
        monotonic: Callable[[], float],
        pause: Callable[[float], object] | None = None,
        library: Callable[[], Any] = load_pystray,
        name: str = "KassaBridge",
    ) -> None:
        self._on_action = on_action
        self._bar = bar
        self._small_icon = small_icon
        self._monotonic = monotonic
        self._stopped = threading.Event()
        self._pause = pause or self._stopped.wait
        self._library = library
        self._name = name
        self._changed = threading.Condition()
        self._view: TrayView | None = None
        self._notes: deque[Note] = deque(maxlen=NOTES)
        self._icon: Any = None

    def show(self, view: TrayView) -> None:
        with self._changed:
            self._view = view
            self._changed.notify_all()

    def notify(self, note: Note) -> None:
        with self._changed:
            self._notes.append(note)
            self._changed.notify_all()

    def stop(self) -> None:
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()

    def run(self) -> Ended:
        make = _icon_class(self._library())
        unasked = 0
        while not self._stopped.is_set():
            born = self._monotonic()
            self._run_one(make)
            if self._stopped.is_set():
                break
            unasked = 1 if self._monotonic() - born >= STEADY else unasked + 1
            if unasked > len(PAUSES):
                log.error("tray_given_up", times=unasked)
                return Ended.LOST
            log.warning("tray_lost", times=unasked, anew_in=PAUSES[unasked - 1])
            self._pause(PAUSES[unasked - 1])
        return Ended.ASKED

    def _run_one(self, make: Callable[[str], Any]) -> None:
        """One icon from its making to the end of its loop, however that comes."""
        icon: Any = None
        try:
            icon = make(self._name)
            with self._changed:
                self._icon = icon
            icon.run(self._feed)
        except Exception as error:
            say = log.debug if self._stopped.is_set() else log.warning
            say("tray_ended_badly", kind=type(error).__name__, error=str(error))
        finally:
            with self._changed:
                self._icon = None
                self._changed.notify_all()
            if icon is not None:
                icon.retire()

    # --- on the icon's feeding thread -------------------------------------------------------------------------------

    def _feed(self, icon: Any) -> None:
        """Carries what was handed over to ``icon`` until it is not the shown one any more, or all is to end."""
        shown = _Shown(icon, self._on_action, self._bar, self._small_icon)
        late = False
        while True:
            with self._changed:
                if not late and not self._stopped.is_set() and self._icon is icon and not self._news(shown):
                    self._changed.wait()
                elif late:
                    self._changed.wait(AGAIN)
                if self._icon is not icon:
                    return
                view, notes = self._view, list(self._notes)
                self._notes.clear()
            if self._stopped.is_set():
                with contextlib.suppress(Exception):  # whatever it says, its loop is over or will be retired
                    icon.stop()
                return
            late = view is not None and not shown.up_to(view)
            for note in notes:
                shown.tell(note)

    def _news(self, shown: _Shown) -> bool:
        return bool(self._notes) or self._view is not shown.view


class _Shown:
    """What the screen has of an icon, so that only what differs is sent to it."""

    def __init__(
        self, icon: Any, on_action: Callable[[Action], None], bar: Callable[[], Bar], small_icon: Callable[[], int]
    ) -> None:
        self.view: TrayView | None = None
        self._icon = icon
        self._on_action = on_action
        self._bar = bar
        self._small_icon = small_icon
        self._picture: tuple[IconState, Bar, int] | None = None
        self._menu: Menu | None = None

    def up_to(self, view: TrayView) -> bool:
        """Show ``view``. False when something has to be tried again: the menu is open, or the system refused."""
        self.view = view
        try:
            picture = (view.icon, self._bar(), self._small_icon())
            if picture != self._picture:
                self._icon.icon = Picture(*picture)
                self._picture = picture
            self._icon.title = cut(view.tooltip, TOOLTIP_UNITS)
            put_off = view.menu != self._menu and self._icon.menu_is_open
            if view.menu != self._menu and not put_off:
                self._icon.menu = self._icon.menu_of(view.menu, self._on_action)
                self._menu = view.menu
            self._icon.visible = True
        except Exception as error:  # the shell is not there yet, or was restarted: of a system's own types
            log.warning("tray_not_shown", kind=type(error).__name__, error=str(error))
            self._icon.take_away()  # and shown anew as a whole: what of it arrived is not known
            return False
        return not put_off

    def tell(self, note: Note) -> None:
        """Show a notification. What cannot be shown is in the menu as well, so a failure is only logged."""
        try:
            self._icon.notify(cut(note.text, MESSAGE_UNITS), cut(note.title, TITLE_UNITS))
        except Exception as error:
            log.warning("note_not_shown", id=note.id, kind=type(error).__name__, error=str(error))


class Picture:
    """A drawn icon as pystray saves it for the system: of all an image can do it asks only ``save``."""

    def __init__(self, state: IconState, bar: Bar, size: int) -> None:
        self._state = state
        self._bar = bar
        self._size = size

    def save(self, file: IO[bytes], format: str) -> None:
        """Windows is made to load an icon of twice the small size and shrinks it by itself: it gets the small drawing
        with every pixel doubled, so that shrinking gives back what was drawn."""
        small = draw(self._state, self._bar, self._size)
        if format == "ICO":
            file.write(ico([small.resize((2 * self._size, 2 * self._size), resample=0)]))
        else:
            small.save(file, format)


class _Mute:
    """In the place of a notification service that is not there."""

    def notify(self, title: str, *_: str) -> None:
        log.debug("note_not_shown", title=title)

    def hide(self) -> None:
        pass


def _icon_class(library: Any) -> Callable[[str], Any]:
    """The system's icon with what we have to know of it. ``library``: pystray, whose names are used as of 0.19."""
    ampersand = "&&" if library.Icon.__module__.endswith("_win32") else "&"  # a single one underlines a letter there

    def built(menu: Menu, on_action: Callable[[Action], None]) -> Any:
        return library.Menu(*(entry(item, on_action) for item in menu))

    def entry(item: Item | Separator, on_action: Callable[[Action], None]) -> Any:
        if isinstance(item, Separator):
            return library.Menu.SEPARATOR
        action, is_checked = item.action, item.checked is True

        def chosen(_icon: Any, _item: Any) -> None:
            if action is not None:
                on_action(action)

        options: Mapping[str, Any] = {"enabled": item.enabled, "default": item.default, "radio": item.radio}
        checked = None if item.checked is None else (lambda _: is_checked)
        does = built(item.submenu, on_action) if item.submenu else chosen
        return library.MenuItem(item.text.replace("&", ampersand), does, checked=checked, **options)

    class Watched(library.Icon):  # type: ignore[misc]
        """Knows whether its menu is open, leaves Ctrl+C to the program, and can be put away after a bad end."""

        def __init__(self, name: str) -> None:
            self._tracking: bool = False
            self._ready = False
            super().__init__(name)

        def menu_of(self, menu: Menu, on_action: Callable[[Action], None]) -> Any:
            return built(menu, on_action)

        @property
        def menu_is_open(self) -> bool:
            visible = getattr(getattr(self, "_menu_handle", None), "get_visible", None)  # GTK's menu
            return bool(visible()) if visible is not None else self._tracking is True

        def _on_notify(self, wparam: Any, lparam: Any) -> Any:  # Windows: returns when the menu has been closed
            self._tracking = True
            try:
                return super()._on_notify(wparam, lparam)
            finally:
                self._tracking = False

        def run(self, setup: Callable[[Any], None] | None = None) -> None:
            self._sigint = signal.getsignal(signal.SIGINT)
            super().run(setup)

        def _mark_ready(self) -> None:
            self._ready = True
            if threading.current_thread() is threading.main_thread():  # GTK's icon has just taken it for itself
                signal.signal(signal.SIGINT, self._sigint)
            super()._mark_ready()

        def _initialize(self) -> None:  # GTK: reaches for the notification service, and needs it only to notify
            try:
                super()._initialize()
            except Exception as error:
                if self._ready:
                    raise
                log.warning("no_notifications", kind=type(error).__name__, error=str(error))
                self._notifier = _Mute()
                self._mark_ready()

        def _finalize(self) -> None:  # GTK: takes its last notification back
            with contextlib.suppress(Exception):
                super()._finalize()

        def take_away(self) -> None:
            with contextlib.suppress(Exception):
                self._hide()
            self._visible = self._icon_valid = False

        def retire(self) -> None:
            """After its loop: lets go of the feeding thread, which waits for a readiness that will not come, and of
            what the destructor would otherwise do to windows that are gone."""
            if not self._ready:
                with contextlib.suppress(Exception):
                    super()._mark_ready()
            self._running = False
            self._visible = False

    return Watched
