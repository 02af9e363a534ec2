"""A document told as events: as Python's parser tells it where both read alike; in linear time everywhere."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.compose.markup.html_events import HTMLEvents
from notebookmail.compose.template import Template


class Noted(HTMLEvents):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[object, ...]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.told.append(("start", tag, tuple(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.told.append(("end", tag))

    def handle_data(self, data: str) -> None:
        self.told.append(("data", data))

    def handle_comment(self, data: str) -> None:
        self.told.append(("comment", data))


class NotedByPython(HTMLParser):
    def __init__(self, noted: Noted) -> None:
        super().__init__()
        self.handle_starttag = noted.handle_starttag
        self.handle_endtag = noted.handle_endtag
        self.handle_data = noted.handle_data
        self.handle_comment = noted.handle_comment


ELEMENTS = st.sampled_from([
    "<p>", "</p>", '<a href="x&amp;y" b>', "<br/>", "<img alt='>' src=z>", "text &lt; more ", "&eacute;",
    "<!-- c -->", "<style>a > b {}</style>", "<TD Class=A>", "<!DOCTYPE html>", "a < b ",
])  # fmt: skip


@given(st.lists(ELEMENTS).map("".join))
def test_what_every_parser_reads_alike_is_told_alike(html: str) -> None:
    one, other = Noted(), Noted()
    one.feed(html)
    parser = NotedByPython(other)
    parser.feed(html)
    parser.close()
    assert merged(one.told) == merged(other.told)


def merged(told: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Join texts that follow each other: how many there are says nothing."""
    found: list[tuple[object, ...]] = []
    for each in told:
        is_further = each[0] == "data" and found and found[-1][0] == "data"
        found.append(("data", f"{found.pop()[1]}{each[1]}") if is_further else each)
    return found


@pytest.mark.parametrize("field", ["html", "markdown"])
@pytest.mark.parametrize(
    "piece", ["<a ", "<!--", "<", "</", "<!", "<?", "<style>", "<a b='", "<p class=", "<![if ", "&", "<title>"]
)
def test_a_template_of_what_never_ends_is_made_in_linear_time(field: str, piece: str) -> None:
    def seconds(times: int) -> float:
        took = []
        for _ in range(3):
            start = time.process_time()
            Template("s", **{field: piece * times})
            took.append(time.process_time() - start)
        return min(took)

    assert seconds(4_000) < 10 * seconds(1_000) + 0.05
