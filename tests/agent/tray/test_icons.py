"""Icons that can be told apart at sixteen pixels, without colour, on both task bars."""

from __future__ import annotations

import struct
from io import BytesIO
from itertools import combinations

import pytest
from PIL import Image

from agent.tray.adapter import Picture
from agent.tray.icons import SIZES, Bar, draw, draw_program, program_ico
from agent.tray.model import IconState

BARS = {Bar.DARK: (32, 32, 36), Bar.LIGHT: (238, 238, 242)}


def on_bar(state: IconState, bar: Bar, size: int) -> Image.Image:
    icon = draw(state, bar, size)
    ground = Image.new("RGBA", icon.size, (*BARS[bar], 255))
    ground.alpha_composite(icon)
    return ground.convert("RGB")


def luminance(colour: tuple[int, ...]) -> float:
    """Relative luminance, WCAG 2.2."""
    red, green, blue = ((c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4) for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("bar", Bar)
@pytest.mark.parametrize("state", IconState)
def test_every_icon_is_seen_on_its_bar(state: IconState, bar: Bar, size: int) -> None:
    icon = draw(state, bar, size)
    assert (icon.size, icon.mode) == ((size, size), "RGBA")
    colours = on_bar(state, bar, size).getcolors(size * size) or []
    seen = sum(n for n, colour in colours if isinstance(colour, tuple) and contrast(colour[:3], BARS[bar]) >= 3)
    assert seen >= 0.2 * size * size, "three to one is what a graphic needs"


@pytest.mark.parametrize("bar", Bar)
@pytest.mark.parametrize(("one", "other"), list(combinations(IconState, 2)))
def test_two_states_differ_in_shape_at_sixteen_pixels(one: IconState, other: IconState, bar: Bar) -> None:
    """In grey: at least 24 of the 256 pixels are plainly lighter in one than in the other."""
    grey = [on_bar(state, bar, 16).convert("L").tobytes() for state in (one, other)]
    assert sum(abs(a - b) > 80 for a, b in zip(*grey, strict=True)) >= 24


@pytest.mark.parametrize("state", IconState)
def test_an_icon_is_drawn_on_the_grid_and_not_blurred(state: IconState) -> None:
    """At 16 and 32 pixels most of what is there is there wholly, even of a slanting stroke."""
    for size in (16, 32):
        alpha = [value for value in draw(state, Bar.DARK, size).getchannel("A").tobytes() if value > 8]
        assert sum(value > 240 for value in alpha) / len(alpha) > 0.5


def test_the_programs_icon_holds_every_size_as_drawn() -> None:
    data = program_ico()
    assert struct.unpack("<HHH", data[:6]) == (0, 1, len(SIZES))
    with Image.open(BytesIO(data)) as icon:
        assert icon.format == "ICO"
        assert icon.info["sizes"] == {(size, size) for size in SIZES}
    for place, size in enumerate(SIZES):
        length, offset = struct.unpack_from("<II", data, 6 + 16 * place + 8)
        with Image.open(BytesIO(data[offset : offset + length])) as one:
            assert one.tobytes() == draw_program(size).tobytes()


def test_windows_shrinks_what_it_is_given_back_to_what_was_drawn() -> None:
    """Its loader wants twice the small size; every pixel doubled shrinks to itself."""
    for size in (16, 20, 24, 32):
        buffer = BytesIO()
        Picture(IconState.ATTENTION, Bar.LIGHT, size).save(buffer, format="ICO")
        with Image.open(buffer) as icon:
            assert icon.size == (2 * size, 2 * size)
            small = icon.convert("RGBA").resize((size, size), Image.Resampling.BOX)
        drawn = draw(IconState.ATTENTION, Bar.LIGHT, size).tobytes()
        assert max(abs(a - b) for a, b in zip(small.tobytes(), drawn, strict=True)) <= 2, "rounding, no more"


def test_linux_gets_a_picture() -> None:
    buffer = BytesIO()
    Picture(IconState.READY, Bar.DARK, 32).save(buffer, "PNG")
    with Image.open(buffer) as icon:
        assert (icon.format, icon.size) == ("PNG", (32, 32))
