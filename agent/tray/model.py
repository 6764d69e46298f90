"""What is shown and what can be asked, as values: no clock, no screen, no pystray."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Language = Literal["ru", "en"]

TOOLTIP_UNITS = 127
TITLE_UNITS = 63
MESSAGE_UNITS = 255
"""What Windows takes of a tooltip, of a notification's title and of its text, in UTF-16 code units."""


class IconState(StrEnum):
    READY = "ready"
    WORKING = "working"  # a job is in hand
    ATTENTION = "attention"  # a person has to do something
    OFFLINE = "offline"  # no link to the server, or no agent; it mends itself or the internet has to
    PAUSED = "paused"


class Verb(StrEnum):
    SHOW = "show"  # say how things stand; what a click on the icon asks for when nothing is to be decided
    DECIDE = "decide"
    WINDOW = "window"
    PAUSE = "pause"
    RESUME = "resume"
    TEST_PRINT = "test_print"
    ABORT = "abort"
    DOCTOR = "doctor"
    BUNDLE = "bundle"
    LOOK_BUNDLE = "look_bundle"
    SEND_BUNDLE = "send_bundle"
    REFUSE_BUNDLE = "refuse_bundle"
    LOOK_LOG = "look_log"
    REFUSE_LOG = "refuse_log"
    STOP_LOG = "stop_log"
    LANGUAGE = "language"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Action:
    """What a menu item asks for. ``about``: the job to decide or to call off, the register to print on, the language
    to speak, what support asks for."""

    verb: Verb
    about: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person has asked for and has not got yet."""

    doing: frozenset[Verb] = frozenset()

    @property
    def quitting(self) -> bool:
        return Verb.QUIT in self.doing


NOTHING_ASKED = Asked()


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the menu. With ``submenu`` it opens that and has no action; with neither it is there to be read.
    ``checked`` is ``None`` for what cannot be; ``radio`` marks one choice of several; ``default`` is what a click on
    the icon does, and at most one item of a menu is that."""

    text: str
    action: Action | None = None
    enabled: bool = True
    checked: bool | None = None
    radio: bool = False
    default: bool = False
    submenu: Menu = ()


@dataclass(frozen=True, slots=True)
class Separator:
    pass


Menu = tuple[Item | Separator, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A notification. ``id`` names the occasion: while it stands it is shown once (``agent.tray.notes``)."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class TrayView:
    """``tooltip`` is at most ``TOOLTIP_UNITS`` long; ``title`` is the state in one short sentence, ``text`` the same
    with what to do; ``notes`` are the occasions that stand now, the most important first."""

    icon: IconState
    tooltip: str
    title: str
    text: str
    menu: Menu
    notes: tuple[Note, ...] = ()


def items(menu: Menu) -> Iterator[Item]:
    """Every item of the tree, from the top."""
    for entry in menu:
        if isinstance(entry, Item):
            yield entry
            yield from items(entry.submenu)
