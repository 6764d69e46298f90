"""Looks at pictures of a screen for check.sh; exit code 0 when what is looked for is there.

python look.py icon SHOT STATE          the tray's drawing for STATE, pixel by pixel, in the corner by the clock
python look.py appeared BEFORE AFTER    prints the box of what has come, if it is large enough to be a menu
"""

from __future__ import annotations

import sys
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
    drawn = draw(state, Bar.DARK, SIZE).convert("RGBA")
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


def main(what: str, first: str, second: str) -> int:
    found = shows(opened(first), IconState(second)) if what == "icon" else appeared(opened(first), opened(second))
    sys.stdout.write(f"{found}\n")
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
