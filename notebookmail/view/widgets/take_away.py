"""Copy and download of the rows on view.

They are made when somebody asks, and leave the widgets' state with the next search, order or page: that state is
saved where JupyterLab is told to save it. What is too large for the browser is written from the kernel instead.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final, NamedTuple

import ipywidgets

from notebookmail.view.html.escaping import Html, element, join_cells
from notebookmail.view.words.quantities import size_in_words

from .live_output import button

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_OCTETS: Final = 2_000_000
"""Jupyter's server drops what a kernel sends faster than a megabyte a second, over three seconds."""
_MOST_ROWS: Final = 50_000
_COPY: Final = Html(
    "var t=this.nextElementSibling,b=this;function done(){b.textContent='Copied'}"
    "function old(){t.hidden=false;t.select();document.execCommand('copy');t.hidden=true;done()}"
    "if(navigator.clipboard){navigator.clipboard.writeText(t.value).then(done,old)}else{old()}"
)
"""Ours, without a word of anybody else's: only a browser reaches its clipboard."""


class RowsOnView(NamedTuple):
    """Rows as they are taken away.

    Attributes:
        text: With tabs between the cells, for the clipboard.
        csv: As CSV.
    """

    text: str
    csv: str


class TakeAway:
    """A button that makes what is copied and downloaded.

    Args:
        count: Tells how many rows are on view.
        make: Makes them.

    Attributes:
        button: Asks for them.
        widget: Where they are offered.
    """

    def __init__(self, count: Callable[[], int], make: Callable[[], RowsOnView]) -> None:
        self._count = count
        self._make = make
        self.button = button("Copy or download", "All rows found, with full addresses and the columns on view")
        self.button.on_click(lambda _: self._offer())
        self.widget = ipywidgets.HTML(layout={"margin": "0"})

    def clear(self) -> None:
        """Take back what was offered: other rows are on view now."""
        self.widget.value = ""

    def _offer(self) -> None:
        count = self._count()
        rows = self._make() if count <= _MOST_ROWS else None
        if rows is None or len(rows.csv) + len(rows.text) > MOST_OCTETS:
            words = f"{count:,} rows are more than a browser takes at once: "
            self.widget.value = element(
                "p", words, element("code", "table.frame.to_csv('rows.csv')"), " writes them."
            )
            return
        self.widget.value = offered_html(rows, count)


def offered_html(rows: RowsOnView, count: int) -> Html:
    """Show a button that copies and a link that downloads."""
    content = rows.csv.encode("utf-8-sig")  # Excel reads UTF-8 by its mark
    words = f"rows.csv, {count:,} row{'' if count == 1 else 's'}, {size_in_words(len(content))}"
    return element(
        "p",
        element("button", "Copy", type="button", class_="nbm-plain-button", onclick=_COPY),
        element("textarea", join_cells(rows.text), hidden="", readonly="", aria_label="The rows as text"),
        " ",
        element(
            "a", words, download="rows.csv",
            href=f"data:text/csv;charset=utf-8;base64,{base64.b64encode(content).decode()}",
        ),
        element("span", " They hold full addresses.", class_="nbm-quiet"),
        class_="nbm-take-away",
    )  # fmt: skip
