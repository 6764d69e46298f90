"""Whatever is text stays text."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from agent.page.markup import tag


class Seen(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)


@given(words, words)
def test_text_and_values_are_read_back_as_they_were(text: str, value: str) -> None:
    seen = Seen(str(tag("p", text, tag("input", value=value), title=value)))
    assert seen.tags == [("p", {"title": value}), ("input", {"value": value})]
    assert seen.text == text


def test_attributes() -> None:
    element = tag("label", "x", for_="a", class_="choice", aria_label="b", hidden=True, checked=False, size=None, n=3)
    assert str(element) == '<label for="a" class="choice" aria-label="b" hidden n="3">x</label>'


def test_children_of_children_and_nothing() -> None:
    assert str(tag("ul", [tag("li", n) for n in "ab"], None, ["c", [None]])) == "<ul><li>a</li><li>b</li>c</ul>"
