"""What every page looks like."""

from __future__ import annotations

from importlib import resources

from agent.config import Language
from agent.page.gate import Response, Visit
from agent.page.markup import Element, Node, tag
from agent.page.words import say

STYLE = "/style.css"
WAITING = 2  # seconds after which a page that waits for something looks again


def sheet(title: str, *body: Node, language: Language, again: bool = False) -> Response:
    """A page. ``again``: it asks for itself until what it waits for is there."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="refresh", content=WAITING) if again else None,
        tag("title", f"{title} · KassaBridge"),
        tag("link", rel="stylesheet", href=STYLE),
    )
    page = tag("html", head, tag("body", _top(language), tag("main", tag("h1", title), *body)), lang=language)
    return Response(200, f"<!DOCTYPE html>{page}")


def _top(language: Language) -> Element:
    links = (("/", "at_work"), ("/registers", "registers"), ("/pin", "pin"))
    return tag(
        "header",
        tag("b", "KassaBridge"),
        tag("nav", [tag("a", say(word, language), href=path) for path, word in links]),
    )


def refused(status: int) -> Response:
    """For who has come without a link, or when something of ours has failed; nobody's language is known."""
    key = "broken" if status >= 500 else "no_link"
    body = tag("main", tag("p", say(key, "ru")), tag("p", say(key, "en")))
    page = tag("html", tag("head", tag("meta", charset="utf-8")), tag("body", body), lang="ru")
    return Response(status, f"<!DOCTYPE html>{page}")


def style() -> Response:
    return Response(200, (resources.files("agent.page") / "style.css").read_text("utf-8"), kind="text/css")


# --- parts ------------------------------------------------------------------------------------------------------------


def form(visit: Visit, to: str, *fields: Node, submit: str) -> Element:
    return tag(
        "form", tag("input", type="hidden", name="key", value=visit.key), *fields,
        tag("button", submit, type="submit"), method="post", action=to,
    )  # fmt: skip


def field(label: str, name: str, value: str = "", *, kind: str = "text", hint: str = "", **more: str | bool) -> Element:
    return tag(
        "label", tag("span", label),
        tag("input", type=kind, name=name, value=value or None, autocomplete="off", **more),
        tag("small", hint) if hint else None,
    )  # fmt: skip


def box(kind: str, *children: Node) -> Element:
    """``kind``: ``good``, ``bad`` or ``wait``."""
    return tag("div", *children, class_=f"box {kind}", role="status")


def table(head: tuple[str, ...], rows: list[tuple[Node, ...]], *, text: bool = False) -> Element:
    """``text``: the last column is words; otherwise it is numbers or states, and stands at the right."""
    return tag(
        "table",
        tag("thead", tag("tr", [tag("th", cell) for cell in head])) if any(head) else None,
        tag("tbody", [tag("tr", [tag("td", cell) for cell in row]) for row in rows]),
        class_="text" if text else None,
    )
