"""A slip's text for paper of so many characters: wrapped at spaces, aligned. Shared by the families with a wire."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.api import Align, SlipText


def laid_out(line: SlipText, columns: int) -> Iterator[str]:
    """The line in pieces of at most ``columns`` characters, each aligned. Broken at spaces where there are any."""
    for part in line.text.splitlines() or [""]:
        for piece in _wrapped("".join(char if char.isprintable() else " " for char in part), columns):
            yield _aligned(piece, line.align, columns)


def _wrapped(text: str, columns: int) -> Iterator[str]:
    while len(text) > columns:
        at = text.rfind(" ", 1, columns + 1)
        if at < 0 or not text[:at].strip():
            yield text[:columns]
            text = text[columns:]
        else:
            yield text[:at]
            text = text[at + 1 :]
    yield text


def _aligned(text: str, align: Align, columns: int) -> str:
    if align is Align.LEFT:
        return text.rstrip()
    text = text.strip()
    return text.rjust(columns) if align is Align.RIGHT else " " * ((columns - len(text)) // 2) + text
