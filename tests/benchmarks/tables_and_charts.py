"""Letters with a table, a CSV file, a workbook or a chart: send_frame beside the obvious loop, whole runs.

The loop is what an analyst writes: groupby, DataFrame.to_html, to_string, to_csv and to_excel, savefig, Jinja2 and
EmailMessage, one aiosmtplib client. Both send the same rows to one smtp-sink in alternating rounds, and draw
charts of one resolution. send_frame has its defaults on: a journal on the disk, a result for every row. Medians of
messages a second are compared, and of processor time a message.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import io
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import aiosmtplib
import jinja2
import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from peers import smtp_sink

from benchmarks.composing import WHEN
from benchmarks.merging import processor_seconds
from notebookmail import Server, Template, send_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SENDER = "Shop <shop@example.com>"
COLUMNS = ["day", "item", "count", "price", "total"]
ROWS = 20
"""Rows of each table."""
DOTS_PER_INCH = 192
"""What a chart of a letter is drawn with, for screens of double density."""
_HTML = "<p>Dear {{ name }},</p><p>these are your orders:</p>{{ table }}<p>Yours, the shop</p>"
_TEXT = "Dear {{ name }},\n\nthese are your orders:\n\n{{ table }}\n\nYours, the shop\n"
_CHART_HTML = '<p>Dear {{ name }},</p><p>your year:</p><img src="cid:{{ cid }}" alt="Your year" width="600">'
_CHART_TEXT = "Dear {{ name }},\n\nyour year:\n\nYour year\n"


def orders_of(groups: int) -> pd.DataFrame:
    """Make a frame of so many customers with 20 orders each."""
    rng = np.random.default_rng(1)
    count = groups * ROWS
    numbers = np.arange(count) // ROWS
    pieces, price = rng.integers(1, 100, count), rng.integers(100, 10_000, count) / 100
    return pd.DataFrame({
        "email": [f"customer{n}@example.org" for n in numbers],
        "name": [f"Customer {n}" for n in numbers],
        "day": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, count), unit="D"),
        "item": [f"Pencils, box {n}" for n in rng.integers(0, 500, count)],
        "count": pieces,
        "price": price,
        "total": (pieces * price).round(2),
    })  # fmt: skip


def years_of(rows: int) -> pd.DataFrame:
    """Make a frame of so many customers with a year of sales each."""
    rng = np.random.default_rng(2)
    return pd.DataFrame({
        "email": [f"customer{n}@example.org" for n in range(rows)],
        "name": [f"Customer {n}" for n in range(rows)],
        "sales": [rng.integers(10, 100, 12).tolist() for _ in range(rows)],
    })  # fmt: skip


def chart(sales: Sequence[float]) -> Figure:
    """Draw a year."""
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.add_subplot()
    axes.bar(range(1, 13), sales)
    axes.set_title("Your year")
    axes.set_xlabel("month")
    axes.set_ylabel("pieces")
    return figure


def _workbook(rows: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    rows.to_excel(file, index=False)
    return file.getvalue()


def _letter(row: Any, html: str, text: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["Date"] = format_datetime(WHEN)
    message["From"] = SENDER
    message["To"] = f"{row['name']} <{row['email']}>"
    message["Subject"] = f"Your orders, {row['name']}"
    message["Message-ID"] = f"<{row['email']}>"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


def _with_tables(df: pd.DataFrame, attach: Callable[[EmailMessage, pd.DataFrame], None]) -> Iterator[EmailMessage]:
    html, text = jinja2.Environment(autoescape=True).from_string(_HTML), jinja2.Template(_TEXT)
    for _, rows in df.groupby("email", sort=False):
        first, shown = rows.iloc[0], rows[COLUMNS]
        message = _letter(
            first,
            html.render(name=first["name"], table=jinja2.filters.Markup(shown.to_html(index=False))),
            text.render(name=first["name"], table=shown.to_string(index=False)),
        )
        attach(message, rows)
        yield message


def _attach_nothing(message: EmailMessage, rows: pd.DataFrame) -> None:
    pass


def _attach_csv(message: EmailMessage, rows: pd.DataFrame) -> None:
    content = rows.to_csv(index=False).encode("utf-8-sig")
    message.add_attachment(content, maintype="text", subtype="csv", filename="orders.csv")


def _attach_workbook(message: EmailMessage, rows: pd.DataFrame) -> None:
    subtype = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    message.add_attachment(_workbook(rows), maintype="application", subtype=subtype, filename="orders.xlsx")


def _with_charts(df: pd.DataFrame) -> Iterator[EmailMessage]:
    html, text = jinja2.Environment(autoescape=True).from_string(_CHART_HTML), jinja2.Template(_CHART_TEXT)
    for row in df.to_dict("records"):
        file = io.BytesIO()
        chart(row["sales"]).savefig(file, format="png", dpi=DOTS_PER_INCH)
        message = _letter(row, html.render(name=row["name"], cid="chart"), text.render(name=row["name"]))
        parts: Any = message.get_payload()
        parts[1].add_related(file.getvalue(), "image", "png", cid="<chart>")
        yield message


def _template(*attachments: tuple[str, Callable[[Any], Any]]) -> Template:
    return Template(
        "Your orders, {{ name }}",
        markdown=f"Dear {{{{ name }}}},\n\nthese are your orders:\n\n{{{{ rows | table({COLUMNS!r}) }}}}\n\n"
        "Yours, the shop\n",
        sender=SENDER,
        to="{{ name }} <{{ email }}>",
        attachments=attachments,
    )


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of letter, made in both ways.

    Attributes:
        name: As the table names it.
        template: What send_frame sends.
        loop: Makes the messages of the loop.
        frame: Makes a frame of so many messages.
        group_by: What send_frame groups by.
    """

    name: str
    template: Template
    loop: Callable[[pd.DataFrame], Iterator[EmailMessage]]
    frame: Callable[[int], pd.DataFrame] = orders_of
    group_by: str | None = "email"


KINDS = (
    Kind(f"a table of {ROWS} rows", _template(), lambda df: _with_tables(df, _attach_nothing)),
    Kind(
        "and the rows as CSV",
        _template(("orders.csv", lambda row: row.rows)),
        lambda df: _with_tables(df, _attach_csv),
    ),
    Kind(
        "and the rows as XLSX",
        _template(("orders.xlsx", lambda row: row.rows)),
        lambda df: _with_tables(df, _attach_workbook),
    ),
    Kind(
        "a chart a row",
        Template(
            "Your orders, {{ name }}",
            markdown='Dear {{ name }},\n\nyour year:\n\n{{ chart | image(alt="Your year") }}\n',
            sender=SENDER,
            to="{{ name }} <{{ email }}>",
            inline={"chart": lambda row: chart(row["sales"])},
        ),
        _with_charts,
        years_of,
        None,
    ),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one kind of letter took, in each round.

    Attributes:
        kind: The kind.
        per_second: Messages a second, of the loop and of send_frame.
        milliseconds: Of processor time a message, of the same two.
    """

    kind: Kind
    per_second: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    milliseconds: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))

    @property
    def times_as_fast(self) -> float:
        """How many times as fast send_frame is, by the medians of the pace."""
        theirs, ours = map(statistics.median, self.per_second)
        return ours / theirs


async def _loop(port: int, kind: Kind, df: pd.DataFrame) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
        for message in kind.loop(df):
            refused, _ = await client.send_message(message)
            assert not refused


async def _send_frame(port: int, kind: Kind, df: pd.DataFrame) -> None:
    server = Server("127.0.0.1", port, security="none")
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        journal = Path(folder, "journal.sqlite")
        results = await send_frame(
            df, kind.template, server, journal=journal, progress="text", group_by=kind.group_by
        )
    assert results.counts["sent"] == len(results), results.counts


def measure(port: int, kind: Kind, messages: int, rounds: int) -> Figures:
    """Send a frame in both ways, in alternating rounds, after one to warm up."""
    df = kind.frame(messages)
    figures = Figures(kind)
    for number in range(rounds + 1):
        for place, way in enumerate((_loop, _send_frame)):
            gc.collect()
            used, started = processor_seconds(), time.perf_counter()
            asyncio.run(way(port, kind, df))
            took, cost = time.perf_counter() - started, processor_seconds() - used
            if number:
                figures.per_second[place].append(messages / took)
                figures.milliseconds[place].append(cost / messages * 1e3)
    return figures


def main(arguments: Sequence[str] | None = None) -> list[Figures]:
    """Measure every kind and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=400, help="in each round (default: %(default)s)")
    parser.add_argument("--charts", type=int, default=40, help="the same of charts (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument(
        "--only", nargs="*", metavar="WORD", help="only kinds that have one of these in their name"
    )
    options = parser.parse_args(arguments)
    mpl.use("agg")
    chosen = [kind for kind in KINDS if not options.only or any(word in kind.name for word in options.only)]
    with smtp_sink() as peer:
        counts = [options.charts if kind.frame is years_of else options.messages for kind in chosen]
        found = [
            measure(peer.port, kind, count, options.rounds) for kind, count in zip(chosen, counts, strict=True)
        ]
        print(f"{peer.name}; {os.cpu_count()} cores; medians of {options.rounds} rounds")
    print(
        f"{'':<26}{'loop, a second':>16}{'send_frame':>12}{'times as fast':>15}{'ms of CPU: loop':>17}{'ours':>8}"
    )
    for each in found:
        paces, costs = (tuple(map(statistics.median, way)) for way in (each.per_second, each.milliseconds))
        print(
            f"{each.kind.name:<26}{paces[0]:>16.0f}{paces[1]:>12.0f}{each.times_as_fast:>15.2f}"
            f"{costs[0]:>17.2f}{costs[1]:>8.2f}"
        )
    return found


if __name__ == "__main__":
    main()
