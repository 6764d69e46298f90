"""The tray of a PC that is not connected to a CRM yet: one sentence, and the window in which it is connected."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from agent.config import Config
from agent.page.beside import PageBeside
from agent.problems import UserError
from agent.status import AgentStatus
from agent.tray.doctor import examined
from agent.tray.model import (
    MESSAGE_UNITS,
    TITLE_UNITS,
    TOOLTIP_UNITS,
    Action,
    Asked,
    IconState,
    Item,
    Language,
    Note,
    Separator,
    TrayView,
    Verb,
)
from agent.tray.program import Said
from agent.tray.text import cut
from agent.tray.view import APP, inert, languages, named
from agent.tray.words import WORDS, say, told

log = structlog.get_logger("tray")


def unpaired(_: AgentStatus | None, __: datetime, language: Language, asked: Asked) -> TrayView:
    """There is no agent whose picture could be shown. Pure."""
    sentence, advice = told(WORDS["unpaired"], language)
    text = f"{sentence}. {advice}"
    free = not asked.quitting
    return TrayView(
        icon=IconState.PAUSED if asked.quitting else IconState.ATTENTION,
        tooltip=cut(f"{APP}: {sentence}", TOOLTIP_UNITS),
        title=cut(sentence, TITLE_UNITS),
        text=cut(text, MESSAGE_UNITS),
        menu=(
            Item(sentence, Action(Verb.SHOW)),
            *inert(advice),
            Separator(),
            Item(say("connect", language), Action(Verb.WINDOW), enabled=free, default=True),
            Item(named("doctor", Verb.DOCTOR, language, asked), Action(Verb.DOCTOR),
                 enabled=free and Verb.DOCTOR not in asked.doing),
            Separator(),
            languages(language),
            Item(say("quit", language), Action(Verb.QUIT), enabled=free),
        ),
        notes=(Note("unpaired", cut(sentence, TITLE_UNITS), cut(advice, MESSAGE_UNITS)),),
    )  # fmt: skip


class NoAgent:
    """A source with the only picture that there is."""

    def subscribe(self, callback: Callable[[AgentStatus | None], None]) -> Callable[[], None]:
        callback(None)
        return lambda: None


@dataclass(frozen=True, slots=True)
class SetupDesk:
    """What can be asked before there is an agent. ``quit`` waits for ``ended``."""

    config: Config
    page: PageBeside
    stop: Callable[[], object]
    ended: threading.Event = field(default_factory=threading.Event)

    def window(self) -> Said | None:
        self.page.open("pair")
        return None

    def doctor(self) -> Said | None:
        return examined(self.config, lambda: None)

    def language(self, language: Language) -> Said | None:
        log.info("tray_language", language=language)  # the agent speaks what config.toml says
        return None

    def quit(self) -> Said | None:
        self.stop()
        self.ended.wait()
        return None

    def _not_yet(self, *_: object, **__: object) -> Said | None:
        """What only an agent can do, and the menu does not offer."""
        words = WORDS["unpaired"]
        raise UserError("not_paired", f"{words.ru}. {words.do_ru}", f"{words.en}. {words.do_en}")

    pause = resume = test_print = abort = bundle = look_bundle = send_bundle = refuse_bundle = decide = _not_yet
    look_log = refuse_log = stop_log = _not_yet
