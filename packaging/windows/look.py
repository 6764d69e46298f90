"""Looks at pictures of a screen for check.sh; exit code 0 when what is looked for is there.

python look.py icon SHOT STATE          the tray's drawing for STATE, pixel by pixel, in the corner by the clock
python look.py appeared BEFORE AFTER    prints left, top, right, bottom of what has come, if it is as large as a menu
python look.py lit SHOT X,Y             the entry of a menu under the pointer is highlighted
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageChops

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agent.tray.icons import Bar, draw
from agent.tray.model import IconState

DESKTOP = (0, 0, 640, 480)
CORNER = (600, 440)  # of the desktop: right of and below it icons are shown
SIZE = 16
NEAR = 6  # of 255: what rounding may do to a colour
MENU = 120  # pixels, either way


def opened(path: str) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB").crop(DESKTOP)


def shows(screen: Image.Image, state: IconState) -> tuple[int, int] | None:
    """Where the icon stands; every pixel of it that hides what is behind must be the drawn one."""
    drawn = draw(state, Bar.LIGHT, SIZE).convert("RGBA")
    solid = [(x, y, drawn.getpixel((x, y))) for x in range(SIZE) for y in range(SIZE)]
    wanted = [(x, y, colour) for x, y, colour in solid if colour[3] == 255]
    for left in range(CORNER[0], DESKTOP[2] - SIZE + 1):
        for top in range(CORNER[1], DESKTOP[3] - SIZE + 1):
            if all(_near(screen.getpixel((left + x, top + y)), colour) for x, y, colour in wanted):
                return left, top
    return None


def _near(seen: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= NEAR for a, b in zip(seen[:3], wanted[:3], strict=True))


def appeared(before: Image.Image, after: Image.Image) -> tuple[int, int, int, int] | None:
    found = ImageChops.difference(before, after).getbbox()
    return found if found and found[2] - found[0] >= MENU and found[3] - found[1] >= MENU else None


def lit(screen: Image.Image, x: int, y: int) -> tuple[int, int] | None:
    """Windows' highlight is blue; looked at left of the pointer, between it and the entry's text."""
    red, _, blue = screen.getpixel((x - 50, y))
    return (x, y) if blue > 200 and red < 128 else None


def main(what: str, first: str, second: str) -> int:
    looks: dict[str, Callable[[Image.Image], tuple[int, ...] | None]] = {
        "icon": lambda screen: shows(screen, IconState(second)),
        "appeared": lambda screen: appeared(screen, opened(second)),
        "lit": lambda screen: lit(screen, *map(int, second.split(","))),
    }
    found = looks[what](opened(first))
    sys.stdout.write(" ".join(map(str, found or ())) + "\n")
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
