"""The ways of mailing a letter to every row of a frame that merging.py compares, each whole: from the rows to
the last accepted message.

All fill in the same letter of two parts, connect by themselves, and check that every message was accepted. The
other ways are as fast as their documentation makes them: templates parsed once, connections kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import ssl
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiosmtplib
import comm
import jinja2
from comm.base_comm import BaseComm
from peers import nodemailer, smtp_source

from benchmarks.composing import PARTS, SOURCE, SUBJECT, WHEN, bodies_of
from notebookmail import Server, Template, send_frame, send_frame_sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

OCTETS = 5_000
LETTER = Template(SUBJECT, markdown=SOURCE, **PARTS)


@dataclass(frozen=True, slots=True)
class Line:
    """What the messages go over.

    Attributes:
        connections: So many.
        authority: Who has signed the server's certificate: the path of a file; "" for no TLS.
    """

    connections: int = 16
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What every way sends.

    Attributes:
        template: As this package has it.
        html: As Jinja has it, for the other ways.
        text: Likewise.
    """

    template: Template
    html: str
    text: str


def _plain() -> Letter:
    """Make the letter whose bodies hold nothing but text and names."""
    html, text = (
        body.replace("{% if quantity > 50 %}", "").replace("{% endif %}", "") for body in bodies_of(LETTER)
    )
    return Letter(Template(SUBJECT, html=html, text=text, **PARTS), html, text)


MARKDOWN = Letter(LETTER, *bodies_of(LETTER))
PLAIN = _plain()
LETTERS = {"markdown": MARKDOWN, "plain": PLAIN}
_LINE = Line()


# --- this package -----------------------------------------------------------------------------------------------


def _merge(
    port: int,
    df: pd.DataFrame,
    letter: Letter = MARKDOWN,
    line: Line = _LINE,
    *,
    is_sync: bool = False,
    is_chunked: bool = False,
    **options: Any,
) -> None:
    """Mail every row with the defaults on, what is shown going nowhere, and a new journal on the disk."""
    server = Server(
        "127.0.0.1",
        port,
        security="tls" if line.authority else "none",
        cert_bundle=line.authority or None,
        max_connections=line.connections,
        chunking=is_chunked,
    )
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        options = {"journal": Path(folder, "journal.sqlite"), "progress": "text", **options}
        with contextlib.redirect_stdout(nowhere):
            if is_sync:
                results = send_frame_sync(df, letter.template, server, **options)
            else:
                results = asyncio.run(send_frame(df, letter.template, server, **options))
    assert results.counts["sent"] == len(df), results.counts


def _merge_on_a_board(port: int, df: pd.DataFrame, letter: Letter = MARKDOWN, line: Line = _LINE) -> None:
    with _headless_notebook():
        _merge(port, df, letter, line, progress="widget")


class _Comm(BaseComm):
    """Does with widget messages what a kernel does before it hands them to its socket."""

    def publish_msg(self, msg_type: str, data: Any = None, *_: Any, **more: Any) -> None:
        json.dumps([msg_type, data, {name: value for name, value in more.items() if name != "buffers"}])


@contextmanager
def _headless_notebook() -> Iterator[None]:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    usual, comm.create_comm = comm.create_comm, _Comm
    try:
        yield
    finally:
        comm.create_comm = usual
        InteractiveShell.clear_instance()


# --- aiosmtplib -------------------------------------------------------------------------------------------------


class _Obvious:
    """Builds messages as a careful analyst would: Jinja templates, parsed once, and EmailMessage."""

    def __init__(self, letter: Letter) -> None:
        self._subject = jinja2.Environment().from_string(SUBJECT)
        self._text = jinja2.Environment().from_string(letter.text)
        self._html = jinja2.Environment(autoescape=True).from_string(letter.html)

    def __call__(self, row: Mapping[str, Any]) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["Date"] = format_datetime(WHEN)
        message["From"] = PARTS["sender"]
        message["To"] = f"{row['name']} <{row['email']}>"
        message["Subject"] = self._subject.render(row)
        message["Message-ID"] = f"<{row['number']}@example.com>"
        message.set_content(self._text.render(row))
        message.add_alternative(self._html.render(row), subtype="html")
        return message


async def _send_obviously(port: int, df: pd.DataFrame, letter: Letter, line: Line) -> None:
    build, rows = _Obvious(letter), iter(df.to_dict("records"))
    tls: dict[str, Any] = {"start_tls": False}
    if line.authority:
        tls = {"use_tls": True, "tls_context": ssl.create_default_context(cafile=line.authority)}

    async def work() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, **tls) as client:
            for row in rows:
                refused, _ = await client.send_message(build(row))
                assert not refused

    await asyncio.gather(*(work() for _ in range(line.connections)))


def _aiosmtplib(port: int, df: pd.DataFrame, letter: Letter = MARKDOWN, line: Line = _LINE) -> None:
    asyncio.run(_send_obviously(port, df, letter, line))


def _aiosmtplib_alone(port: int, df: pd.DataFrame, letter: Letter = MARKDOWN, line: Line = _LINE) -> None:
    _aiosmtplib(port, df, letter, replace(line, connections=1))


# --- nodemailer and smtp-source ---------------------------------------------------------------------------------


def _as_javascript(jinja: str, *, is_html: bool = False) -> str:
    """Rewrite what of Jinja is in the letter as a template literal."""
    literal = re.sub(r"[\\`]|\$(?=\{)", r"\\\g<0>", jinja)
    value = r"${h(row.\1)}" if is_html else r"${row.\1}"
    literal = re.sub(r"\{\{ (\w+) \}\}", value, literal)
    return re.sub(r"\{% if (\w+) > (\d+) %\}(.*?)\{% endif %\}", r'${row.\1 > \2 ? "\3" : ""}', literal)


def _nodemailer(port: int, df: pd.DataFrame, letter: Letter = MARKDOWN, line: Line = _LINE) -> float:
    message = {
        "from": PARTS["sender"],
        "to": _as_javascript(PARTS["to"]),
        "subject": _as_javascript(SUBJECT),
        "text": _as_javascript(letter.text),
        "html": _as_javascript(letter.html, is_html=True),
    }
    rows = df.to_dict("records")
    return nodemailer(port, rows, message, connections=line.connections, authority=line.authority)


def _smtp_source(port: int, df: pd.DataFrame, _: Letter = MARKDOWN, line: Line = _LINE) -> float:
    return smtp_source(port, messages=len(df), sessions=line.connections, octets=OCTETS)


@dataclass(frozen=True, slots=True)
class Merge:
    """One way.

    Attributes:
        name: As the table names it.
        run: Mails a frame to the server on a port, in one of the letters, over a line; returns the seconds where
            it knows better than who calls it.
        is_quick: False for a way that is measured with fewer rows, so that a round ends in good time.
    """

    name: str
    run: Callable[..., float | None]
    is_quick: bool = True


OURS = Merge("send_frame", _merge)
OURS_SYNC = Merge("send_frame_sync", partial(_merge, is_sync=True))
WITHOUT_JOURNAL = Merge("send_frame, journal=False", partial(_merge, journal=False))
SYNC_WITHOUT_JOURNAL = Merge("send_frame_sync, journal=False", partial(_merge, is_sync=True, journal=False))
ON_A_BOARD = Merge('send_frame, progress="widget"', _merge_on_a_board)
BY_CHUNKS = Merge("send_frame, chunking=True", partial(_merge, is_chunked=True))
OBVIOUS = Merge("aiosmtplib, Jinja2, EmailMessage, 1 conn.", _aiosmtplib_alone, is_quick=False)
OBVIOUS_MANY = Merge("the same, as many connections", _aiosmtplib, is_quick=False)
NODEMAILER = Merge("nodemailer, pooled", _nodemailer, is_quick=False)
SMTP_SOURCE = Merge("smtp-source, one fixed message", _smtp_source)

MERGES = (
    OURS, OURS_SYNC, WITHOUT_JOURNAL, SYNC_WITHOUT_JOURNAL, ON_A_BOARD, OBVIOUS, OBVIOUS_MANY, NODEMAILER,
    SMTP_SOURCE,
)  # fmt: skip
OVER_TLS = tuple(merge for merge in MERGES if merge is not SMTP_SOURCE)  # which knows none
OVER_CHUNKS = (OURS, BY_CHUNKS, OBVIOUS_MANY, NODEMAILER)
