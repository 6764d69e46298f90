"""``docs/img/tray-icons.png``: every icon of the tray at every size on both task bars, each small one also enlarged.

``python -m tests.support.write_icons`` draws it anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from agent.tray.icons import SIZES, Bar, draw, draw_program
from agent.tray.model import IconState

PAGE = Path(__file__).parents[2] / "docs" / "img" / "tray-icons.png"
BARS: Mapping[Bar, tuple[int, int, int]] = {Bar.DARK: (32, 32, 36), Bar.LIGHT: (238, 238, 242)}
SHOWN = tuple(size for size in SIZES if size <= 64)
GAP, ENLARGED = 12, 6


def sheet() -> Image.Image:
    """A row for each state and bar, the program's own icon below: as seen, and the 16 pixels six times as large."""
    row = 16 * ENLARGED + 2 * GAP
    width = sum(SHOWN) + GAP * (len(SHOWN) + 2) + 2 * (16 * ENLARGED + GAP)
    page = Image.new("RGB", (2 * width, row * (len(IconState) + 1)), (255, 255, 255))
    for place, bar in enumerate(Bar):
        page.paste(BARS[bar], (place * width, 0, (place + 1) * width, page.height))
        for line, state in enumerate(IconState):
            _line(page, place * width + GAP, line * row + GAP, [draw(state, bar, size) for size in SHOWN])
        _line(page, place * width + GAP, len(IconState) * row + GAP, [draw_program(size) for size in SHOWN])
    return page


def _line(page: Image.Image, left: int, top: int, icons: list[Image.Image]) -> None:
    for icon in icons:
        page.paste(icon, (left, top), icon)
        left += icon.width + GAP
    for icon in (icons[0], icons[2]):
        large = icon.resize((16 * ENLARGED, 16 * ENLARGED), Image.Resampling.NEAREST)
        page.paste(large, (left, top), large)
        left += large.width + GAP


def main() -> None:
    sheet().save(PAGE, optimize=True)


if __name__ == "__main__":
    main()
