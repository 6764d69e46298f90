"""A sheet of lines of a fixed width in characters, the common ground of paper, pictures and screens."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias


class Align(Enum):
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class TextLine:
    """At most ``width`` characters, half as many when ``large`` (a large character takes two columns)."""

    text: str
    align: Align = Align.LEFT
    bold: bool = False
    large: bool = False


@dataclass(frozen=True, slots=True)
class PairLine:
    """A text at each margin, at least one column between them."""

    left: str
    right: str
    bold: bool = False
    large: bool = False


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A line from margin to margin."""


@dataclass(frozen=True, slots=True)
class QrLine:
    """A QR code, centred, at least 20 mm wide."""

    text: str


Line: TypeAlias = TextLine | PairLine | RuleLine | QrLine


@dataclass(slots=True)
class Sheet:
    """Collects lines and keeps each within the width; long texts go on in the next line."""

    width: int
    lines: list[Line] = field(default_factory=list)

    def text(
        self, text: str, align: Align = Align.LEFT, *, bold: bool = False, large: bool = False, indent: int = 0
    ) -> None:
        for part in self._wrap(text, large, indent):
            self.lines.append(TextLine(part, align, bold, large))

    def centre(self, text: str, *, bold: bool = False, large: bool = False) -> None:
        self.text(text, Align.CENTRE, bold=bold, large=large)

    def pair(self, left: str, right: str, *, bold: bool = False, large: bool = False, indent: int = 0) -> None:
        """Both in one line where they fit; otherwise the left text wrapped and the right one below it."""
        columns = self._columns(large)
        left = " " * indent + left
        if len(left) + 1 + len(right) <= columns:
            self.lines.append(PairLine(left, right, bold, large))
            return
        *above, last = self._wrap(left.strip(), large, indent)
        for part in above:
            self.lines.append(TextLine(part, Align.LEFT, bold, large))
        if len(last) + 1 + len(right) <= columns:
            self.lines.append(PairLine(last, right, bold, large))
        else:
            self.lines.append(TextLine(last, Align.LEFT, bold, large))
            self.text(right, Align.RIGHT, bold=bold, large=large)

    def rule(self) -> None:
        self.lines.append(RuleLine())

    def qr(self, text: str) -> None:
        self.lines.append(QrLine(text))

    def _columns(self, large: bool) -> int:
        return self.width // 2 if large else self.width

    def _wrap(self, text: str, large: bool, indent: int) -> list[str]:
        margin = " " * indent
        return textwrap.wrap(text, self._columns(large), initial_indent=margin, subsequent_indent=margin) or [""]


def as_text(lines: list[Line], width: int) -> str:
    """The lines as plain text: for consoles, logs and tests. A QR code becomes its text in brackets."""
    return "\n".join(_plain(line, width).rstrip() for line in lines) + "\n"


def _plain(line: Line, width: int) -> str:
    match line:
        case RuleLine():
            return "-" * width
        case QrLine(text):
            return f"[QR {text}]"
        case PairLine(left, right):
            return left + right.rjust(width - len(left))
        case TextLine(text, Align.LEFT):
            return text
        case TextLine(text, Align.RIGHT):
            return text.rjust(width)
        case TextLine(text):
            return text.center(width)
