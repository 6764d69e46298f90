"""A fiscal document as one self-contained HTML page: real text on paper, printable, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from protocol.ffd.sheet import Align, Line, PairLine, QrLine, RuleLine, TextLine
from server.pictures.svg import FAMILY, qr_path

STYLE = f"""
body {{ margin: 0; padding: 1rem; background: #e9e9ee; color: #111; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #202124; }} }}
main {{ background: #fff; margin: 0 auto; padding: 1.25rem; width: max-content; max-width: 100%; overflow-x: auto;
  font: 14px/1.35 {FAMILY}; box-shadow: 0 1px 6px #0004; box-sizing: border-box; }}
main > * {{ margin: 0; white-space: pre; min-height: 1.35em; }}
.pair {{ display: flex; justify-content: space-between; gap: 1ch; }}
.centre {{ text-align: center; }} .right {{ text-align: right; }} .bold {{ font-weight: bold; }}
.large {{ font-size: 200%; }}
hr {{ border: 0; border-top: 1px dashed #111; min-height: 0; margin: .5em 0; }}
svg {{ display: block; margin: .5em auto; width: 200px; height: 200px; }}
@media print {{ body {{ background: none; padding: 0; }} main {{ box-shadow: none; }} }}
"""


def draw_html(lines: Sequence[Line], width: int, *, title: str, language: str = "ru") -> str:
    """The page. ``width`` is the paper's in characters, as the lines were laid out for."""
    body = "\n".join(part for line in lines for part in _draw(line))
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}main {{ min-width: {width}ch; }}\n</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _draw(line: Line) -> Iterator[str]:
    match line:
        case RuleLine():
            yield "<hr>"
        case QrLine(text):
            path, side = qr_path(text)
            yield (
                f'<svg viewBox="0 0 {side} {side}" role="img" shape-rendering="crispEdges">'
                f'<title>{escape(text)}</title><path d="{path}"/></svg>'
            )
        case PairLine(left, right):
            yield f'<div class="pair{_look(line)}"><span>{escape(left)}</span><span>{escape(right)}</span></div>'
        case TextLine(text, align):
            side_word = {Align.LEFT: "text", Align.CENTRE: "centre", Align.RIGHT: "right"}[align]
            yield f'<p class="{side_word}{_look(line)}">{escape(text)}</p>'


def _look(line: TextLine | PairLine) -> str:
    return (" bold" if line.bold else "") + (" large" if line.large else "")
