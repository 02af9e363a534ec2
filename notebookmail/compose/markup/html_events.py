"""HTML told as events, in the manner of `html.parser.HTMLParser`, by a tokenizer that is linear in its source.

Python's own parser looks again and again for the end of a tag or comment that never ends, and reads comments in
ways of its own; this one reads as html_tokens does. Character references are decoded in texts and attributes.
"""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING, Final

from .html_tokens import comment_text, read_tokens

if TYPE_CHECKING:
    from .html_tokens import Token

_UNDECODED: Final = frozenset({"style", "script", "xmp", "iframe", "noembed", "noframes", "plaintext"})


class HTMLEvents:
    """Calls a method for everything a document is made of; a subclass overrides those it wants."""

    def feed(self, html: str) -> None:
        """Tell a whole document."""
        for token in read_tokens(html):
            self._tell(html, token)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a start tag: the element's name, and its attributes, a value being None where there is none."""

    def handle_endtag(self, tag: str) -> None:
        """Take an end tag, or the end of a start tag that closes itself."""

    def handle_data(self, data: str) -> None:
        """Take a text."""

    def handle_comment(self, data: str) -> None:
        """Take the text of a comment that begins with `<!--`."""

    def _tell(self, html: str, token: Token) -> None:
        if token.kind == "start":
            attributes: list[tuple[str, str | None]] = [
                (each.name, unescape(each.value) if each.end > each.value_start or each.value else None)
                for each in token.attributes
            ]
            self.handle_starttag(token.name, attributes)
            if html.startswith("/>", token.end - 2):
                self.handle_endtag(token.name)
        elif token.kind == "end":
            self.handle_endtag(token.name)
        elif token.kind in {"text", "raw"}:
            self._tell_text(html[token.start : token.end], token)
        elif token.kind == "comment" and html.startswith("<!--", token.start):
            self.handle_comment(comment_text(html, token))

    def _tell_text(self, text: str, token: Token) -> None:
        if token.is_closed:  # what stands behind a tag that never ends is shown nowhere
            self.handle_data(text if token.name in _UNDECODED else unescape(text))
