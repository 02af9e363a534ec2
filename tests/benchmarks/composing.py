"""What building a message costs, beside the obvious way: Jinja2 and EmailMessage, of the same content.

Processor time in alternating rounds of one process, so that a noisy minute meets every way alike; every way builds
the same letters for the same rows, and its bytes are looked at and dropped. What a template costs once, when it is
made, is shown beside what its libraries cost for the same source. Memory is what Python holds at most while so
many rows are built, the frame not counted.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import re
import statistics
import sys
import time
import tracemalloc
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import css_inline
import jinja2
import pandas as pd
from markdown_it import MarkdownIt

from notebookmail import Template
from notebookmail.compose.jinja.environment import environment
from notebookmail.compose.markup.html_document import LETTER_CSS, letter
from notebookmail.compose.markup.jinja_tags import Masks, split_tags
from notebookmail.compose.markup.markdown_to_html import to_html
from notebookmail.compose.rows.frame import Frame
from notebookmail.compose.tables.tables import html_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from notebookmail.mail.message import Mail

WHEN = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC)
SUBJECT = "Your invoice {{ number }}, {{ name }}"
SOURCE = """\
# Dear {{ name }}

thank you for your order of **{{ quantity }} pieces**. This is invoice {{ number }} of {{ day }}, and it is due
within fourteen days. {% if quantity > 50 %}You get the price of large orders.{% endif %}

| What | How many | Each | Together |
|:-----|---------:|-----:|---------:|
| {{ product }} | {{ quantity }} | 12.50 | {{ total }} |
| Parcel | 1 | 4.90 | 4.90 |

- Pay by [transfer]({{ link }}) or by card.
- Say *{{ number }}* whenever you write to us.
- Questions? Just answer this message.

> We answer every letter within two working days, and sooner where we can.

Yours sincerely,
the people who packed it
"""
PARTS = {"sender": "Shop <shop@example.com>", "to": "{{ name }} <{{ email }}>"}
MEGABYTE = bytes(range(256)) * 4096


def frame_of(rows: int) -> pd.DataFrame:
    """Make a frame of so many customers."""
    numbers = range(rows)
    return pd.DataFrame({
        "name": [f"Zoë Customer {n}" if n % 10 == 0 else f"Ann Customer {n}" for n in numbers],
        "email": [f"customer{n}@example.org" for n in numbers],
        "number": [f"2026-{n:06}" for n in numbers],
        "day": "5 January 2026",
        "product": [f"Pencils, box {n % 17}" for n in numbers],
        "quantity": [n % 100 + 1 for n in numbers],
        "total": [f"{(n % 100 + 1) * 12.5:.2f}" for n in numbers],
        "link": [f"https://pay.example.org/{n}?a=1&b=2" for n in numbers],
    })  # fmt: skip


def built(df: pd.DataFrame, template: Template) -> Iterator[Mail]:
    """Build every row's message as send_frame does."""
    frame = Frame(df)
    renderer = template.renderer(frame.columns, date=WHEN)
    for row in frame.rows():
        yield renderer.render(row, seed=str(row.position))


def compiled(df: pd.DataFrame, template: Template) -> Iterator[int]:
    """Build every row's message as send_frame does; yield its octets."""
    return (mail.size for mail in built(df, template))


def obvious(df: pd.DataFrame, template: Template, attachment: bytes | None) -> Iterator[bytes]:
    """Build every row's message as a careful analyst would: parsed templates, EmailMessage, as_bytes."""
    html_env, text_env = jinja2.Environment(autoescape=True), jinja2.Environment()
    subject = text_env.from_string(SUBJECT)
    html, text = (
        env.from_string(body) for env, body in zip((html_env, text_env), bodies_of(template), strict=True)
    )
    for row in df.to_dict("records"):
        message = EmailMessage(policy=SMTP)
        message["Date"] = format_datetime(WHEN)
        message["From"] = PARTS["sender"]
        message["To"] = f"{row['name']} <{row['email']}>"
        message["Subject"] = subject.render(row)
        message["Message-ID"] = f"<{row['number']}@example.com>"
        message.set_content(text.render(row))
        message.add_alternative(html.render(row), subtype="html")
        if attachment is not None:
            message.add_attachment(attachment, maintype="application", subtype="pdf", filename="terms.pdf")
        yield message.as_bytes()


def bodies_of(template: Template) -> tuple[str, str]:
    """Return the Jinja sources of the finished HTML and text: what the other way renders is the same."""
    markers: dict[str, Any] = {name: f"@@{name}@@" for name in template.variables}
    markers |= {"quantity": 77_777, "link": "https://l.example", "email": "a@example.org"}
    letter = template.render(markers)
    bodies = [letter.get_body((kind,)).get_content() for kind in ("html", "plain")]
    for name, marker in markers.items():
        bodies = [body.replace(str(marker), f"{{{{ {name} }}}}") for body in bodies]
    condition = "You get the price of large orders."
    html, text = (body.replace(condition, f"{{% if quantity > 50 %}}{condition}{{% endif %}}") for body in bodies)
    return html, text


@dataclass(frozen=True, slots=True)
class Figures:
    """Microseconds of processor time of one piece of work, in each round, for two ways.

    Attributes:
        work: What is done.
        theirs: The obvious way, or the library alone.
        ours: This package.
    """

    work: str
    theirs: list[float]
    ours: list[float]

    @property
    def times_less(self) -> float:
        """How many times less ours takes, by the medians."""
        return statistics.median(self.theirs) / statistics.median(self.ours)


Work = tuple["Callable[[], object]", int]
"""Something to do, and how many pieces of work it is."""


def clocked(work: Work) -> float:
    """Return the microseconds of processor time one piece takes."""
    do, pieces = work
    gc.collect()
    before = time.process_time()
    do()
    return (time.process_time() - before) / pieces * 1e6


def compare(name: str, theirs: Work, ours: Work, rounds: int) -> Figures:
    """Measure two ways in alternating rounds, after one to warm up."""
    figures = Figures(name, [], [])
    for number in range(rounds + 1):
        took = clocked(theirs), clocked(ours)
        if number:
            figures.theirs.append(took[0])
            figures.ours.append(took[1])
    return figures


def repeated(do: Callable[[], object], times: int) -> Work:
    """Make work of doing the same so many times."""
    return lambda: [None for _ in range(times) if do() is None], times


def letters(rows: int, rounds: int) -> list[Figures]:
    """Measure whole messages: of 5 KB, and with a megabyte attached to all."""
    plain = Template(SUBJECT, markdown=SOURCE, **PARTS)
    heavy = Template(SUBJECT, markdown=SOURCE, attachments={"terms.pdf": MEGABYTE}, **PARTS)
    df, few = frame_of(rows), frame_of(max(2, rows // 50))
    size = next(compiled(df, plain)) / 1000
    return [
        compare(
            f"a letter of two parts, {size:.1f} KB; Jinja2 and EmailMessage",
            (lambda: sum(map(len, obvious(df, plain, None))), rows),
            (lambda: sum(compiled(df, plain)), rows),
            rounds,
        ),
        compare(
            "the same with 1 MB attached to all; Jinja2 and EmailMessage",
            (lambda: sum(map(len, obvious(few, plain, MEGABYTE))), len(few)),
            (lambda: sum(compiled(df, heavy)), rows),
            rounds,
        ),
    ]


def once(times: int, rounds: int) -> list[Figures]:
    """Measure what is done once for a template, and a table, beside the libraries alone."""
    converter = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    inliner = css_inline.CSSInliner(keep_style_tags=False, load_remote_stylesheets=False)
    table = frame_of(20)
    plain = re.sub(r"\{[{%].*?[%}]\}", "word", SOURCE)  # the libraries know no Jinja
    masks = Masks(SOURCE)
    pieces = split_tags(environment(html=True, undefined="strict", na="error"), SOURCE)
    body = to_html(pieces, masks)
    document = f"<html><head><style>{LETTER_CSS}</style></head><body>{converter.render(plain)}</body></html>"
    return [
        compare(
            "Markdown with Jinja in it, once a template; markdown-it",
            repeated(lambda: converter.render(plain) and None, times),
            repeated(lambda: to_html(pieces, Masks(SOURCE)) and None, times),
            rounds,
        ),
        compare(
            "CSS inlined around Jinja, once a template; css-inline",
            repeated(lambda: inliner.inline(document) and None, times),
            repeated(lambda: letter(body, None, masks) and None, times),
            rounds,
        ),
        compare(
            "a table of 20 rows and 8 columns; DataFrame.to_html",
            repeated(lambda: table.to_html(index=False) and None, times),
            repeated(lambda: html_table(table) and None, times),
            rounds,
        ),
    ]


def megabytes(rows: int) -> float:
    """Return what building so many rows holds at most, in MB, beside the frame."""
    df = frame_of(rows)
    template = Template(SUBJECT, markdown=SOURCE, attachments={"terms.pdf": MEGABYTE}, **PARTS)
    gc.collect()
    tracemalloc.start()
    try:
        sum(compiled(df, template))
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def main(arguments: Sequence[str] | None = None) -> list[Figures]:
    """Measure and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000, help="in each round (default: %(default)s)")
    parser.add_argument("--times", type=int, default=20, help="what is done once, so often (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="default: %(default)s")
    options = parser.parse_args(arguments)
    found = letters(options.rows, options.rounds) + once(options.times, options.rounds)
    print(f"{'processor time, us':<62}{'theirs':>10}{'ours':>10}{'times less':>12}")
    for each in found:
        theirs, ours = statistics.median(each.theirs), statistics.median(each.ours)
        print(f"{each.work:<62}{theirs:>10.0f}{ours:>10.0f}{each.times_less:>12.2f}")
    print("memory, MB at most, 1 MB attached to all")
    for rows in (options.rows, 10 * options.rows):
        print(f"{rows:>10,} rows{megabytes(rows):>10.1f}")
    return found


if __name__ == "__main__":
    main()
