"""HTML as a browser cuts it: comments, raw texts, quotes, what never ends; every byte in one token, fast."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.compose.markup.html_tokens import comment_text, edited, tokens

PIECES = st.lists(
    st.sampled_from([
        "<", ">", "</", "<!", "<!--", "-->", "--!>", "<!-->", "<?", "<a", "<style", "</style>", "<title>", "=",
        "</TITLE ", '"', "'", " ", "/", "x", "-", "<!doctype html>", "<![if !mso]>", "<p class='a>b'>", "\n", "é",
    ])
).map("".join)  # fmt: skip


def cut(html: str) -> list[tuple[str, str]]:
    return [(each.kind, html[each.start : each.end]) for each in tokens(html)]


@given(PIECES)
def test_the_tokens_of_a_document_are_the_document(html: str) -> None:
    assert "".join(text for _, text in cut(html)) == html


@given(PIECES)
def test_a_document_without_edits_stays_as_it_is(html: str) -> None:
    assert edited(html, []) == html


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("a<b>c</b>", [("text", "a"), ("start", "<b>"), ("text", "c"), ("end", "</b>")]),
        ("<!-- <body> -->x", [("comment", "<!-- <body> -->"), ("text", "x")]),
        ("<!--><p>", [("comment", "<!-->"), ("start", "<p>")]),
        ("<!--->-->", [("comment", "<!--->"), ("text", "-->")]),
        ("<!--a--!>b", [("comment", "<!--a--!>"), ("text", "b")]),
        ("<![if !mso]>a<![endif]>", [("comment", "<![if !mso]>"), ("text", "a"), ("comment", "<![endif]>")]),
        ("<!DOCTYPE html>", [("doctype", "<!DOCTYPE html>")]),
        ("<style>a>b{}</p></style >", [("start", "<style>"), ("raw", "a>b{}</p>"), ("end", "</style >")]),
        ("<title><b></styled></title>", [("start", "<title>"), ("raw", "<b></styled>"), ("end", "</title>")]),
        ("a < b <3 <", [("text", "a < b <3 <")]),
        ("</ x>y", [("comment", "</ x>"), ("text", "y")]),
        ("x<a href='y", [("text", "x"), ("text", "<a href='y")]),
        ("<!-- never", [("comment", "<!-- never")]),
        ("<style>a", [("start", "<style>"), ("raw", "a")]),
    ],
)
def test_markup_is_cut_as_a_browser_cuts_it(html: str, expected: list[tuple[str, str]]) -> None:
    assert cut(html) == expected


def test_attributes_know_where_they_stand() -> None:
    html = """<A Href = "x>y" b='"' c=d/e checked =z/ =q />"""
    (tag,) = tokens(html)
    assert [(each.name, each.value, each.quote) for each in tag.attributes] == [
        ("href", "x>y", '"'), ("b", '"', "'"), ("c", "d/e", ""), ("checked", "z/", ""), ("=q", "", ""),
    ]  # fmt: skip
    assert all(html[each.value_start : each.value_end] == each.value for each in tag.attributes)
    assert html[tag.attributes[0].start : tag.attributes[0].end] == 'Href = "x>y"'


def test_the_first_of_two_attributes_of_one_name_holds() -> None:
    (tag,) = tokens("<p class=a class=b>")
    found = tag.attribute("class")
    assert found is not None
    assert found.value == "a"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<!--[if mso]>x<![endif]-->", "[if mso]>x<![endif]"),
        ("<!-->", ""),
        ("<!x>", ""),
        ("<!--a", "a"),
        ("<!--a--!>", "a"),
        ("<!--->", ""),
    ],
)
def test_a_comments_text_is_what_stands_in_it(html: str, text: str) -> None:
    (comment,) = tokens(html)
    assert comment_text(html, comment) == text


@pytest.mark.parametrize(
    "piece",
    ["<a ", "<!--", "<", "</", "<!", "<?", "<style>", "</style", "<title></", "<a b='", "<a b=", "<a/"],
)
def test_a_token_is_found_by_looking_at_its_own_text_alone(piece: str) -> None:
    """Twice the document is twice the work: no place is looked at again and again."""

    class Counted(str):
        __slots__ = ()
        looked = 0

        def find(self, sub, start=0, end=None):  # type: ignore[no-untyped-def, override]
            found = str.find(self, sub, start)
            Counted.looked += (len(self) if found < 0 else found) - start
            return found

    def work(times: int) -> int:
        Counted.looked = 0
        return sum(1 for _ in tokens(Counted(piece * times))) + Counted.looked

    assert work(800) <= 2.2 * work(400) + 50
