"""A campaign through Exim or Postfix to Dovecot: what bounces and what is answered is read back, each on its row.

The bounces are the servers' own. Answers are written by the sandbox's people to the letters as they arrived.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from email import message_from_bytes, policy
from random import Random
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from peers import Arrival, IMAPPeer, Setup, exim, postfix

from notebookmail import Server, Template, read_feedback, send_frame
from notebookmail.cli import main
from notebookmail.sandbox.answers import TakenLetter, answer
from notebookmail.sandbox.delivery_requests import DeliveryRequests

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from peers import Peer
    from support.imap_users import User

    ServerProgram = Callable[[Path, Setup], AbstractContextManager[Peer]]

GONE = "gone.example"
LETTER = Template("Your points", sender="desk@example.org", text="Dear {{ name }}, you have points.")
READER = """
import asyncio, sys
from notebookmail import Mailbox, read_feedback

async def main(port, user, password, journal):
    mailbox = Mailbox("127.0.0.1", port=int(port), username=user, password=password)
    await read_feedback(mailbox, "may", journal=journal)

asyncio.run(main(*sys.argv[1:]))
"""
PATIENCE_SECONDS = 120


def people(count: int) -> pd.DataFrame:
    """Some, of whom one in twenty is at a domain where nobody is."""
    domains = [GONE if number % 20 == 7 else "example.com" for number in range(count)]
    addresses = [f"p{number}@{domain}" for number, domain in enumerate(domains)]
    return pd.DataFrame({"name": [f"P{number}" for number in range(count)], "email": addresses})


def answered(kind: str, arrival: Arrival) -> bytes:
    letter = TakenLetter(
        arrival.sender, arrival.recipients[0], message_from_bytes(arrival.content, policy=policy.default),
        arrival.content, DeliveryRequests(), datetime.now(UTC),
    )  # fmt: skip
    mail = answer(kind, letter, "")
    assert mail is not None
    return mail.content


def fate(number: int) -> str:
    """Who answers: a tenth, others are away, one complains now and then."""
    return {1: "reply", 2: "away", 4: "complaint"}.get(number % (10 if number % 10 == 1 else 30), "")


async def mailed(
    count: int, noise: int, folder: Path, user: User, through: ServerProgram = exim
) -> tuple[pd.DataFrame, dict[str, set[int]]]:
    """Send a campaign through a real server, put what comes back into the mailbox, and tell whom it is of."""
    df = people(count)
    truth: dict[str, set[int]] = {"bounced": set(), "replied": set(), "auto_replied": set(), "complained": set()}
    (folder / "server").mkdir()
    with through(folder / "server", Setup(bounce_domain=GONE)) as peer:
        server = Server(peer.host, peer.port, security="none")
        results = await send_frame(df, LETTER, server, campaign="may", journal=folder / "j.sqlite", progress=False)
        assert results.counts["sent"] == count
        arrivals = peer.arrivals()
    mails = [each.content for each in arrivals if not each.sender]
    truth["bounced"] = set(df.index[df["email"].str.endswith(GONE)])
    names = {"reply": "replied", "away": "auto_replied", "complaint": "complained"}
    for each in arrivals:
        if each.sender:
            number = int(each.recipients[0].partition("@")[0][1:])
            if kind := fate(number):
                truth[names[kind]].add(number)
                mails.append(answered(kind, each))
    other = "From: a{0}@other.example\r\nSubject: Re: lunch\r\nIn-Reply-To: <l{0}@other.example>\r\n\r\nNoon?\r\n"
    mails += [other.format(number).encode() for number in range(noise)]
    Random(1).shuffle(mails)
    user.put_many(mails)
    return df, truth


@pytest.mark.parametrize(
    ("through", "count"),
    [
        (exim, 60),
        pytest.param(exim, 1000, marks=pytest.mark.slow),
        pytest.param(postfix, 1000, marks=pytest.mark.slow),
    ],
)
async def test_every_bounce_and_answer_is_told_of_its_row_and_counted_once(
    through: ServerProgram, count: int, tmp_path: Path, user: User
) -> None:
    df, truth = await mailed(count, count // 5, tmp_path, user, through)
    feedback = await read_feedback(user.mailbox(), "may", journal=tmp_path / "j.sqlite")
    again = await read_feedback(user.mailbox(), "may", journal=tmp_path / "j.sqlite")
    frame = feedback.frame.loc[df["email"]].reset_index(drop=True)
    assert {name: set(frame.index[frame[name]]) for name in truth} == truth
    assert all(truth.values())
    assert set(frame.loc[frame["bounced"], "bounce_kind"]) == {"hard"}
    assert feedback.suppressed == len(truth["bounced"]) + len(truth["complained"])
    assert feedback.counts["unmatched"] == 0
    assert (again.new, again.counts) == (0, feedback.counts)


async def test_the_command_line_reads_what_came_back(
    tmp_path: Path, user: User, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    df, truth = await mailed(20, 5, tmp_path, user)
    monkeypatch.setenv("NOTEBOOKMAIL_PASSWORD", user.peer.password)
    url, journal, csv = (
        f"imap://{user.name}@127.0.0.1:{user.peer.port}",
        tmp_path / "j.sqlite",
        tmp_path / "rows.csv",
    )
    words = ["feedback", "may", "--mailbox", url, "--journal", str(journal)]
    assert await asyncio.to_thread(main, [*words, "--csv", str(csv), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {each["to"] for each in told["rows"] if each["bounced"]} == set(
        df["email"].iloc[sorted(truth["bounced"])]
    )
    assert (told["counts"]["letters"], told["campaign"]) == (20, "may")
    assert len(pd.read_csv(csv)) == 20
    assert await asyncio.to_thread(main, words) == 0
    assert "20 letters" in capsys.readouterr().out


def noted(journal: Path) -> int:
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=30)) as connection:
        return int(connection.execute("SELECT count(*) FROM feedback").fetchone()[0])


def killed_while_reading(words: list[str], journal: Path, before: int, wait_seconds: float) -> None:
    """Run a reader until it has noted something, and a moment more, and kill it."""
    with subprocess.Popen(words) as process:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while process.poll() is None and noted(journal) == before and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(wait_seconds)
        process.send_signal(signal.SIGKILL)


@pytest.mark.slow
async def test_a_reader_that_is_killed_loses_nothing_and_counts_nothing_twice(
    tmp_path: Path, user: User, imap_peer: IMAPPeer
) -> None:
    df, truth = await mailed(1000, 1000, tmp_path, user)
    journal = tmp_path / "j.sqlite"
    words = [sys.executable, "-c", READER, str(imap_peer.port), user.name, imap_peer.password, str(journal)]
    expected = sum(map(len, truth.values()))
    stands = [0]
    for wait_seconds in (0.0, 0.05, 0.15, 0.3):
        await asyncio.to_thread(killed_while_reading, words, journal, stands[-1], wait_seconds)
        stands.append(noted(journal))
    assert stands == sorted(stands)
    assert 0 < stands[1] < expected, "it was killed in the middle"
    feedback = await read_feedback(user.mailbox(), "may", journal=journal)
    frame = feedback.frame.loc[df["email"]].reset_index(drop=True)
    assert {name: set(frame.index[frame[name]]) for name in truth} == truth
    assert noted(journal) == expected
