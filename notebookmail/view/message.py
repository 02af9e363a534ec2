"""One message as a mail program would show it: who, to whom, about what, and the letter in a safe frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .markup import Html, element, framed, join
from .style import ROOT, STYLE

if TYPE_CHECKING:
    from email.message import EmailMessage

_FIELDS = ("From", "To", "Cc", "Reply-To", "Subject")


def message_html(message: EmailMessage) -> str:
    """Show a message; its HTML can neither run nor load anything.

    Args:
        message: A parsed message (policy=default).
    """
    fields = [
        element("tr", element("th", name, scope="row"), element("td", message[name]))
        for name in _FIELDS
        if message[name] is not None
    ]
    heads = element("table", element("tbody", *fields), class_="nbm-fields")
    return join(STYLE, element("div", heads, _body(message), class_=f"{ROOT} nbm-message"))


def _body(message: EmailMessage) -> Html:
    page = message.get_body(("html",))
    if page is not None:
        return framed(page.get_content(), title=f"The message: {message['Subject']}")
    text = message.get_body(("plain",))
    content = text.get_content() if text is not None else "(no text)"
    return element("div", *(element("p", line or "\u00a0") for line in content.splitlines()), class_="nbm-letter")
