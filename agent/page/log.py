"""The log that support wants to watch: what it would see, a yes by name or a no; and the word that ends it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from agent.config import Language
from agent.desk.log_watch import LogWatch
from agent.page.gate import Request, Response, Visit, moved_to
from agent.page.markup import Element, Node, tag
from agent.page.sheet import box, form, sheet, table
from agent.page.sheet import field as field_of
from agent.page.words import say
from agent.problems import UserError
from agent.status import SupportAsk, Watched
from agent.support.bundle.consent import clean_name, signed_in

PATH = "/log"
_FIRST = ("timestamp", "level", "event")


def page(watch: LogWatch, request: Request, visit: Visit, language: Language, error: str = "") -> Response:
    request_id = request.query.get("request", "")
    ask = next((ask for ask in watch.asks() if ask.request_id == request_id), None)
    if ask is not None:
        return _asked(watch, ask, request, visit, language, error)
    if (watched := watch.watched()) is not None:
        return _sheet(language, seen(watched, visit, language), box("bad", tag("p", error)) if error else None)
    over = {"refused": "log_refused", "stopped": "log_stopped"}.get(request.query.get("said", ""), "log_over")
    return _sheet(
        language, box("wait", tag("p", say(over, language))), tag("p", tag("a", say("at_work", language), href="/"))
    )


def decide(watch: LogWatch, request: Request, visit: Visit, language: Language) -> Response:
    """A yes, a no, or the end."""
    request_id, given = request.query.get("request", ""), request.form
    try:
        if given.get("stop"):
            watch.stop()
            return moved_to(PATH, said="stopped")
        if given.get("no"):
            watch.refuse(request_id)
            return moved_to(PATH, said="refused")
        person = clean_name(given.get("person", ""))
        if not person:
            return page(watch, request, visit, language, say("bundle_name", language))
        watch.allow(request_id, person)
    except UserError as refused:
        return page(watch, request, visit, language, refused.ru if language == "ru" else refused.en)
    return moved_to(PATH, request=request_id)


def _asked(
    watch: LogWatch, ask: SupportAsk, request: Request, visit: Visit, language: Language, error: str
) -> Response:
    to = f"{PATH}?{urlencode({'request': ask.request_id})}"
    lines = [_row(line) for line in watch.preview(ask.request_id)]
    head = tuple(say(word, language) for word in ("log_when", "log_level", "log_event", "log_more"))
    return _sheet(
        language,
        tag("p", tag("b", say("bundle_who", language, who=ask.person or say("bundle_nobody", language)))),
        tag("p", ask.reason) if ask.reason else None,
        box("bad", tag("p", error)) if error else None,
        tag("p", say("log_what", language)),
        form(
            visit, to,
            field_of(say("your_name", language), "person", request.form.get("person") or signed_in(), required=True,
                     maxlength="100"),
            submit=say("log_allow", language),
        ),
        form(visit, to, tag("input", type="hidden", name="no", value="yes"), submit=say("log_no", language)),
        tag("h2", say("log_last", language)),
        table(head, lines, text=True) if lines else tag("p", say("log_empty", language)),
    )  # fmt: skip


def seen(watched: Watched, visit: Visit, language: Language) -> Element:
    """Who sees the log, until when, and how that ends."""
    who = watched.person or say("bundle_nobody", language)
    until = watched.until.astimezone().strftime("%H:%M")
    return box(
        "wait",
        tag("p", tag("b", say("log_seen", language, who=who, until=until))),
        tag("p", say("log_agreed", language, who=watched.agreed)),
        form(visit, PATH, tag("input", type="hidden", name="stop", value="yes"), submit=say("log_stop", language)),
    )


def _row(line: Mapping[str, Any]) -> tuple[Node, ...]:
    rest = " ".join(f"{name}={value}" for name, value in line.items() if name not in _FIRST)
    return _hour(line.get("timestamp")), str(line.get("level") or ""), tag("code", str(line.get("event") or "")), rest


def _hour(told: Any) -> str:
    """On this PC's clock."""
    try:
        return f"{datetime.fromisoformat(str(told)).astimezone():%H:%M:%S}"
    except ValueError:
        return str(told or "")


def _sheet(language: Language, *body: Node) -> Response:
    return sheet(say("log", language), *body, language=language)
