"""No parser of ours takes more than its share of time: eight times the input, at most 27 times the work.

That is three times for each doubling, far from a straight line's 8 and from a square's 64. The time of the process
is measured, the best of several tries, and judged only where the larger input took long enough to be felt.
"""

from __future__ import annotations

import contextlib
import re
import time
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from notebookmail import Server, SMTPResponseException, Template
from notebookmail.address import parse_address, parse_mailbox
from notebookmail.checks.addresses import address_remarks
from notebookmail.checks.links import html_remarks, text_remarks
from notebookmail.checks.subject_and_text import Wording, plain
from notebookmail.compose.addresses.address_lists import pieces_of
from notebookmail.compose.markup.link_schemes import guard_link
from notebookmail.compose.markup.text_layout import tidy
from notebookmail.compose.mime.headers import unstructured
from notebookmail.compose.mime.structured_headers import structured, unsubscribe_fields
from notebookmail.delivery.explain import explain
from notebookmail.delivery.rate_limit import parse_rate
from notebookmail.feedback import read_notice
from notebookmail.mail.header_folding import encoded_words, fold
from notebookmail.privacy.masking import KnownNames, mask_label, mask_text
from notebookmail.privacy.secret import Secret, without
from notebookmail.response import SMTPResponse
from notebookmail.smtp.message.envelope import addresses_in, read_address
from notebookmail.smtp.message.phrases import phrase
from notebookmail.smtp.wire.extensions import read_extensions
from notebookmail.smtp.wire.replies import ReplyReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

TIMES, MOST = 8, 27
FELT_SECONDS = 0.05
PIECES = (
    *("a", " ", "\xa0", '"', "\\", "<", ">", "(", "[", "@", ",", "=", "%40", "0", ".", ":", "\t", "\n"),
    *("a.", "é", "=?", "a@b.org, ", "<a@b.org>", "<mailto:a@b.org>, ", "http://", "AbCd", "250-x\r\n"),
)
MARKUP = (
    *("{{", "{%", "{#", "{{ a }}", "*", "_", "`", "#", "|", "- ", "> ", "![", "[a](", "\n\n- a\n", "| a "),
    *("&", "&amp;", "<a ", "<a href='", "<!--", "<![CDATA[", "<?", "</", "<p>", "<b>", "<li>", "<table>"),
    *("<tr><td>x", "<style>", "<style>a{}", "<div style='color:red'>", "a{", "a{}", "/*", "url(", "'"),
    *("a>b{c:d}", "\u200b ", "\n \n"),
)


def replies(text: str) -> None:
    reader = ReplyReader()
    reader.feed(text.encode())
    while reader.next_reply():
        pass


def field_of_addresses(text: str) -> list[str]:
    message = EmailMessage()
    message["To"] = text
    return addresses_in(message, "To")


NESTED = (
    *(
        "<b>",
        "<div>",
        "<font>",
        "<font color=red>",
        "<table>",
        "<table><tr><td>",
        "<ul><li>",
        "<b><p>",
        "<svg>",
        "<p>",
    ),
    *(
        "<blockquote>",
        "<a href=x>",
        "<x-y>",
        "<div/>",
        "<li>",
        "> ",
        "- ",
        "  - a\n",
        "{% if a %}",
        "{{ (",
        "<span>x</span>",
    ),
)
REPORT = (
    "From: MAILER-DAEMON@x.org\nContent-Type: multipart/report; boundary=b\n\n--b\n"
    "Content-Type: message/delivery-status\n\n"
)
PARSERS: dict[str, Callable[[str], object]] = {
    "a mailbox": parse_mailbox,
    "an address": parse_address,
    "an address for the client": read_address,
    "a list of addresses": lambda text: pieces_of(text, [",", ";"]),
    "an address looked at": lambda text: list(address_remarks(text, "to")),
    "a subject": lambda text: unstructured("Subject", text),
    "words to fold": lambda text: fold("X:", text.split(" ")),
    "encoded words": lambda text: encoded_words(text, 60),
    "a display name": phrase,
    "links to unsubscribe": lambda text: structured("List-Unsubscribe", text),
    "a link to unsubscribe": lambda text: unsubscribe_fields([text]),
    "message identifiers": lambda text: structured("References", text),
    "a text alternative": tidy,
    "a link": guard_link,
    "links of a text": lambda text: list(text_remarks(text, "text")),
    "links of a letter": lambda text: list(html_remarks(text, "html")),
    "a text to mask": lambda text: mask_text(text, "ann.smith@example.org", text),
    "names in a text": lambda text: KnownNames([text]).mask(text),
    "a label": mask_label,
    "a reply's meaning": lambda text: explain(SMTPResponseException(550, text)),
    "a rate": parse_rate,
    "an echoed secret": lambda text: without(text, [Secret("geheim")]),
    "an EHLO reply": lambda text: read_extensions(SMTPResponse(250, f"x\n{text}")),
    "replies": replies,
    "a report of a mail system": lambda text: read_notice(f"From: MAILER-DAEMON@x.org\n\n{text}".encode()),
    "a report's fields": lambda text: read_notice(f"{REPORT}{text}".encode()),
    "an answer": lambda text: read_notice(f"From: a@b.org\nIn-Reply-To: <a@b.org>\n\n{text}".encode()),
    "an answer in HTML": lambda text: read_notice(f"From: a@b.org\nContent-Type: text/html\n\n{text}".encode()),
    "a received header": lambda text: read_notice(
        f"From: {text}\nReferences: {text}\nSubject: {text}\n\n".encode()
    ),
    "a server's URL": lambda text: Server.from_url(f"smtp://{text}"),
}
SOURCES: dict[str, Callable[[str], object]] = {
    "text": lambda text: Template("s", text=text),
    "html": lambda text: Template("s", html=text),
    "markdown": lambda text: Template("s", markdown=text),
    "css": lambda text: Template("s", html="<p>x</p>", css=text),
    "to": lambda text: Template("s", text="x", to=text),
    "calendar": lambda text: Template("s", text="x", calendar=text),
}


def seconds(run: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    with contextlib.suppress(Exception):  # most of these are refused, which takes time, too
        run(text)
    return time.process_time() - start


def excess(run: Callable[[str], object], small: int, pieces: Sequence[str]) -> dict[str, float]:
    """Return the pieces that take more than their share, with how many times the work."""
    found = {}
    for piece in pieces:
        few, many = f"A{piece * small}B", f"A{piece * small * TIMES}B"
        large = seconds(run, many)
        if large < FELT_SECONDS:
            continue
        ratio = large / max(1e-6, min(seconds(run, few) for _ in range(3)))
        if ratio > MOST:  # once more, for the machine may have had other things to do
            ratio = min(seconds(run, many) for _ in range(3)) / min(seconds(run, few) for _ in range(3))
        if ratio > MOST:
            found[piece] = round(ratio, 1)
    return found


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_takes_time_in_proportion_to_its_input(name: str) -> None:
    assert excess(PARSERS[name], 800, PIECES) == {}


@pytest.mark.parametrize("name", SOURCES)
def test_a_template_is_made_in_proportion_to_its_source(name: str) -> None:
    assert excess(SOURCES[name], 100, (*PIECES, *MARKUP)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["html", "markdown", "text"])
def test_what_stands_deep_is_parsed_or_refused_in_proportion_to_its_length(name: str) -> None:
    assert excess(SOURCES[name], 2000, NESTED) == {}


@pytest.mark.parametrize("look", [lambda text: Wording("html", text, ["name"]), plain], ids=["source", "letter"])
def test_what_is_never_closed_is_looked_through_in_proportion_to_its_length(look: Callable[[str], object]) -> None:
    assert excess(look, 500, (*PIECES, *MARKUP, "<script>", "<head>")) == {}


def test_code_that_is_never_closed_is_looked_through_in_proportion_to_its_length() -> None:
    def look(text: str) -> None:
        list(html_remarks(f"{text}](x y)", "markdown"))

    assert excess(look, 500, ("<code>", "<pre>")) == {}


def test_front_matter_is_read_in_proportion_to_its_length(tmp_path: Path) -> None:
    def read(text: str) -> None:
        path = tmp_path / "letter.md"
        path.write_text(f"---\nsubject: x\n{text}\n---\nbody")
        Template.from_file(path)

    assert excess(read, 60, PIECES) == {}


def test_values_are_rendered_in_proportion_to_their_length() -> None:
    body = "<h1>{{ v }}</h1><a href='https://x.org/{{ v | urlencode }}'>{{ v }}</a>"
    letter = Template("{{ v }}", html=body, to="a@b.org")
    assert excess(lambda text: letter.render({"v": text}), 300, PIECES) == {}


def test_a_square_is_found() -> None:
    blanks = re.compile(r"(.*?)\s*<([^<>]*)>")
    assert excess(lambda text: blanks.fullmatch(f"{text}<b@example.org"), 800, [" "])
