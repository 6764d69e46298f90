"""HTML as values. Text is always escaped; nothing here takes markup that was put together elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

_VOID = frozenset({"br", "hr", "input", "link", "meta"})


@dataclass(frozen=True, slots=True)
class Element:
    """``attributes``: ``None`` and ``False`` leave one out, ``True`` writes it bare."""

    name: str
    attributes: tuple[tuple[str, str | int | bool | None], ...]
    children: tuple[Node, ...]

    def __str__(self) -> str:
        given = "".join(_attribute(name, value) for name, value in self.attributes)
        if self.name in _VOID:
            return f"<{self.name}{given}>"
        return f"<{self.name}{given}>{inside(self.children)}</{self.name}>"


Node = Element | str | Iterable["Node"] | None
"""A string is text; ``None`` is nothing."""


def tag(name: str, /, *children: Node, **attributes: str | int | bool | None) -> Element:
    """``for_`` and ``class_`` lose their underscore, ``_`` inside a name becomes a hyphen."""
    named = tuple((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    return Element(name, named, children)


def inside(children: Iterable[Node]) -> str:
    parts: list[str] = []
    for child in children:
        match child:
            case None:
                pass
            case str():
                parts.append(escape(child))
            case Element():
                parts.append(str(child))
            case _:
                parts.append(inside(child))
    return "".join(parts)


def _attribute(name: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
