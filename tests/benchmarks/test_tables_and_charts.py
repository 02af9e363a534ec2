"""The benchmark of tables and charts runs with tiny numbers, and both ways send the same."""

from __future__ import annotations

import email
import email.policy
import io
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from benchmarks import tables_and_charts
from benchmarks.composing import WHEN
from benchmarks.tables_and_charts import KINDS, Kind
from notebookmail.compose.groups import GroupedFrame
from notebookmail.compose.rows.frame import Frame

if TYPE_CHECKING:
    from email.message import EmailMessage


@pytest.mark.peer
@pytest.mark.slow
def test_every_kind_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    found = tables_and_charts.main(["--messages", "2", "--charts", "1", "--rounds", "1"])
    assert [each.kind for each in found] == list(KINDS)
    assert all(each.times_as_fast > 0 for each in found)
    *_, heading, table, csv, xlsx, chart = capsys.readouterr().out.splitlines()
    assert heading.endswith("ours")
    assert [line[:12] for line in (table, csv, xlsx, chart)] == [kind.name[:12] for kind in KINDS]


def both(kind: Kind) -> tuple[EmailMessage, EmailMessage]:
    df = kind.frame(1)
    frame = GroupedFrame(df, kind.group_by) if kind.group_by else Frame(df)
    (row,) = frame.rows()
    ours: Any = kind.template.renderer(frame.columns, date=WHEN).render(row, seed="1").content
    (theirs,) = kind.loop(df)
    one, other = (
        email.message_from_bytes(each, policy=email.policy.default) for each in (ours, theirs.as_bytes())
    )
    return one, other


def files(message: EmailMessage) -> list[bytes]:
    return [
        part.get_content() for part in message.walk() if part.get_filename() or "image" in part.get_content_type()
    ]


class Cells(HTMLParser):
    """The texts of a letter's table, thousands without their commas."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._is_open = False
        self.feed(html)

    def handle_starttag(self, tag: str, _: object) -> None:
        self._is_open = tag in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self._is_open:
            self.texts.append(data.replace(",", "") if data[0].isdigit() else data)
            self._is_open = False


def test_both_ways_show_the_same_rows() -> None:
    bodies: Any = [each.get_body(("html",)) for each in both(KINDS[0])]
    ours, theirs = (Cells(each.get_content()).texts for each in bodies)
    assert ours == theirs
    assert len(ours) == (1 + tables_and_charts.ROWS) * len(tables_and_charts.COLUMNS)


def test_both_ways_attach_the_same_rows() -> None:
    ours, theirs = (pd.read_excel(io.BytesIO(files(each)[0])) for each in both(KINDS[2]))
    pd.testing.assert_frame_equal(ours, theirs)


def test_both_ways_draw_charts_of_the_same_size() -> None:
    sizes = {files(each)[0][16:24] for each in both(KINDS[3])}  # width and height (RFC 2083 4.1.1)
    assert len(sizes) == 1
