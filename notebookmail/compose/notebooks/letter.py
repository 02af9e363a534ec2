"""A notebook as it stands in a letter, and what it tells those who check the letter.

What is left out, and what is largest where the letter is too long, stands in comments of its HTML: they go with
the letter wherever it is made, mail programs do not show them, and a check reads them back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from notebookmail.compose.images.inline_images import Picture, UsedImages

_LEFT_OUT: Final = "<!--left out: "
_LARGEST: Final = "<!--largest: "
_END: Final = "-->"


@dataclass(frozen=True, slots=True)
class NotebookLetter:
    """What a notebook shows.

    Attributes:
        html: As HTML, its styles in the elements, its pictures under their Content-IDs.
        text: The same as text.
        pictures: The pictures, in the order in which they are shown.
        identity: What the notebook is known by, which is not what its outputs show.
    """

    html: str = field(repr=False)
    text: str = field(repr=False)
    pictures: tuple[Picture, ...] = field(repr=False)
    identity: str = ""


def notebook_html(notebook: NotebookLetter, used_images: UsedImages) -> Markup:
    """Write a notebook into a letter's HTML, which takes its pictures with it."""
    for picture in notebook.pictures:
        used_images.take_in(picture)
    return Markup(notebook.html)  # noqa: S704 - clean_html.py let it through


def notebook_text(notebook: NotebookLetter) -> str:
    """Write a notebook into a letter's text."""
    return f"\n{notebook.text}\n"


def comments(left_out: Iterable[str], largest: str) -> str:
    """Write what a check is to read: what is left out, and what is largest, if that matters."""
    notes = [f"{_LEFT_OUT}{_plain(each)}{_END}" for each in left_out]
    return "".join([*notes, f"{_LARGEST}{_plain(largest)}{_END}"] if largest else notes)


def left_out_of(html: str) -> Iterator[str]:
    """Walk what a letter says is left out of it."""
    return _noted(html, _LEFT_OUT)


def largest_of(html: str) -> str:
    """Return what a letter says is largest in it, or ""."""
    return next(_noted(html, _LARGEST), "")


def _noted(html: str, mark: str) -> Iterator[str]:
    place = html.find(mark)
    while place >= 0:
        end = html.find(_END, place)
        yield html[place + len(mark) : end]
        place = html.find(mark, end)


def _plain(text: str) -> str:
    """Return a text that ends no comment."""
    return " ".join(text.replace("<", "").replace(">", "").replace("--", "- ").split())
