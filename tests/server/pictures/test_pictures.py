"""Pictures of documents at the server: all of the text, well-formed, a QR code that a scanner reads."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from protocol.ffd.layout import layout
from protocol.ffd.qr import parse_qr
from protocol.ffd.sheet import PairLine, QrLine, TextLine
from server.pictures import draw_html, draw_svg
from tests.protocol.ffd.test_layout import RECEIPT, SHIFT

SVG = "{http://www.w3.org/2000/svg}"
KINDS = {"receipt": RECEIPT, "open_shift": SHIFT, "close_shift": SHIFT | {"1118": 2, "1111": 4}, "state_report": SHIFT}


def words_of(kind: str, width: int = 48) -> list[str]:
    found = []
    for line in layout(kind, KINDS[kind], width=width):
        match line:
            case TextLine(text):
                found.append(text)
            case PairLine(left, right):
                found += [left, right]
    return [text.strip() for text in found if text.strip()]


@pytest.mark.parametrize("width", [24, 32, 48])
@pytest.mark.parametrize("kind", KINDS)
def test_svg_has_every_word_inside_the_paper(kind: str, width: int) -> None:
    root = ElementTree.fromstring(draw_svg(layout(kind, KINDS[kind], width=width), width, title="Чек"))
    texts = root.findall(f"{SVG}text")
    assert [text.text for text in texts] == words_of(kind, width)
    across = float(root.attrib["width"])
    for text in texts:
        assert 0 < float(text.attrib["x"]) < across
        assert float(text.attrib["x"]) + float(text.attrib["textLength"]) <= across
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == "Чек"


def test_what_a_cashier_types_cannot_break_out_of_the_picture() -> None:
    evil = RECEIPT | {"1021": '</text><script>alert("1")</script>&'}
    svg = draw_svg(layout("receipt", evil, width=64), 64)
    assert not ElementTree.fromstring(svg).findall(f".//{SVG}script")
    html = draw_html(layout("receipt", evil, width=64), 64, title="<b>")
    assert "<script" not in html
    assert "<title>&lt;b&gt;</title>" in html


def test_the_drawn_qr_code_is_read_by_a_scanner() -> None:
    root = ElementTree.fromstring(draw_svg(layout("receipt", RECEIPT), 48))
    group = root.find(f"{SVG}g")
    assert group is not None
    path = group.find(f"{SVG}path")
    assert path is not None
    (read,) = zxingcpp.read_barcodes(_drawn(path.attrib["d"]))
    assert parse_qr(read.text).fpd == RECEIPT["1077"]


def _drawn(path: str) -> Image.Image:
    modules = [(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", path)]
    side = max(max(module) for module in modules) + 5
    picture = Image.new("L", (side * 4, side * 4), 255)
    pen = ImageDraw.Draw(picture)
    for x, y in modules:
        pen.rectangle((x * 4, y * 4, x * 4 + 3, y * 4 + 3), fill=0)
    return picture


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "hr", "path"):
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        if tag != "path":
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("p", "span") and data.strip():
            self.texts.append(data.strip())


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_has_every_word_and_loads_nothing(kind: str) -> None:
    page = _Page()
    page.feed(draw_html(layout(kind, KINDS[kind]), 48, title="Чек"))
    page.close()
    assert page.open == []
    assert page.texts == words_of(kind)
    assert page.links == []


def test_only_receipts_carry_a_code() -> None:
    assert [kind for kind in KINDS if any(isinstance(line, QrLine) for line in layout(kind, KINDS[kind]))] == [
        "receipt"
    ]
