"""Pairing by hand: the line is pasted, or comes with a link that was clicked; the owner confirms in the CRM."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from agent.config import Language
from agent.identity import Identity
from agent.page.gate import Response, Visit
from agent.page.markup import tag
from agent.page.sheet import box, form, sheet
from agent.page.sheet import field as field_of
from agent.page.words import say
from agent.pairing import Say, parse_line
from agent.problems import UserError

PATH = "/pair"
SCHEME = "kassabridge:"
"""Links of the CRM begin with it: ``kassabridge:https://…/pair/CODE``."""

Pair = Callable[[str, str, Say], Identity]
"""Pairs by a line under a PC's name, saying how far it is. Raises ``UserError``."""


def line_of(link: str) -> str:
    """The pairing line inside a link that was clicked; what is none is left as it is."""
    link = link.strip()
    return link[len(SCHEME) :].removeprefix("//") if link.lower().startswith(SCHEME) else link


@dataclass(frozen=True, slots=True)
class State:
    """How far it is. ``said``: the last sentence of progress; ``error``: why the last try has failed."""

    at_it: bool = False
    said: tuple[str, str] | None = None
    error: UserError | None = None
    identity: Identity | None = None


@dataclass(slots=True)
class Pairing:
    """One try at a time, on a thread of its own. ``on_paired`` is called there, once."""

    pair: Pair
    pc_name: str
    on_paired: Callable[[Identity], None] = lambda _: None
    state: State = field(default_factory=State)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def start(self, line: str, pc_name: str) -> None:
        """Raises ``UserError`` ``bad_pairing_line``."""
        parse_line(line)
        with self._guard:
            if self.state.at_it or self.state.identity is not None:
                return
            self.state = State(at_it=True)
        threading.Thread(target=self._try, args=(line, pc_name.strip() or self.pc_name), name="pairing",
                         daemon=True).start()  # fmt: skip

    def _try(self, line: str, pc_name: str) -> None:
        def progress(ru: str, en: str) -> None:
            self.state = replace(self.state, said=(ru, en))

        try:
            identity = self.pair(line, pc_name, progress)
            self.on_paired(identity)
        except UserError as error:
            self.state = State(error=error)
        except Exception as error:
            failed = UserError("internal", f"Ошибка программы: {error}", f"The program failed: {error}")
            self.state = State(error=failed)
        else:
            self.state = State(identity=identity)


def page(state: State, visit: Visit, language: Language, *, line: str, pc_name: str, error: str = "") -> Response:
    title = say("pair_title", language)
    if state.identity is not None:
        tenant = state.identity.tenant or state.identity.tenant_id
        done = box("good", tag("p", say("pair_done", language, tenant=tenant)))
        return sheet(title, done, tag("p", tag("a", say("pair_next", language), href="/registers")), language=language)
    if state.at_it:
        said = (state.said[0] if language == "ru" else state.said[1]) if state.said else say("pair_waits", language)
        return sheet(title, box("wait", tag("p", said)), language=language, again=True)
    if not error and state.error is not None:
        error = state.error.ru if language == "ru" else state.error.en
    host = _host(line)
    ask = form(
        visit,
        PATH,
        field_of(say("pair_line", language), "line", line, placeholder="https://…/pair/…", required=True),
        field_of(say("pair_name", language), "pc_name", pc_name, maxlength="60"),
        submit=say("pair_send", language),
    )
    return sheet(
        title,
        box("bad", tag("p", error)) if error else None,
        tag("p", tag("b", say("pair_to", language, host=host))) if host else tag("p", say("pair_how", language)),
        ask,
        language=language,
    )


def _host(line: str) -> str:
    try:
        return urlsplit(parse_line(line).server_url).netloc if line else ""
    except UserError:
        return ""
