"""Some addresses of a message take it and others do not: what becomes of the row, and who gets it later."""

from __future__ import annotations

import pickle
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from support.faulty_server import FaultyServer, Offer, faulty

from notebookmail import SendResults, Server, Template, send_frame
from notebookmail.delivery import retry_policy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

UNKNOWN, LATER = "550 5.1.1 no such user", "450 4.2.0 greylisted, come back"
PEOPLE = pd.DataFrame({"name": ["Ann", "Bob"], "email": ["ann@example.org", "bob@example.org"]})
WAYS = {"one by one": (), "pipelined": ("PIPELINING",), "in chunks": ("PIPELINING", "CHUNKING")}
"""What a server offers, by how the client then speaks to it."""


class Post:
    """A server that refuses whom it is told to, and who got how many letters from it."""

    def __init__(self, server: FaultyServer, offer: Offer) -> None:
        self._server = server
        self.refusals = offer.refusals
        self.server = Server("127.0.0.1", server.port, security="none", timeout=10)

    @property
    def letters(self) -> Counter[str]:
        return Counter(
            each
            for session in self._server.sessions
            for delivery in session.deliveries
            for each in delivery.recipients
        )


@pytest.fixture(params=WAYS)
def post(request: pytest.FixtureRequest) -> Callable[..., Any]:
    @asynccontextmanager
    async def opened(*extensions: str, **refusals: str) -> AsyncIterator[Post]:
        offer = Offer(
            extensions=(*WAYS[request.param], *extensions),
            refusals={f"{name}@example.org": reply for name, reply in refusals.items()},
        )
        async with faulty(offer) as server:
            yield Post(server, offer)

    return opened


def letter(**copies: Any) -> Template:
    return Template("Hello", text="Dear {{ name }}", sender="shop@example.org", **copies)


async def send(post: Post, template: Template, frame: pd.DataFrame = PEOPLE, **options: Any) -> SendResults:
    return await send_frame(frame, template, post.server, progress=False, **options)


@pytest.mark.parametrize("copy", ["cc", "bcc"])
@pytest.mark.parametrize(("reply", "status"), [(UNKNOWN, "failed"), (LATER, "deferred")])
async def test_a_row_whose_own_recipient_is_refused_is_not_sent_though_the_archive_took_its_copy(
    post: Any, tmp_path: Path, copy: str, reply: str, status: str
) -> None:
    template = letter(**{copy: ["archive@example.org"]})
    common: dict[str, Any] = {"journal": tmp_path / "j", "campaign": "c"}
    async with post(ann=reply) as box:
        results = await send(box, template, **common)
        assert results.frame.status.tolist() == [status, "sent"]
        assert (results.counts[status], results.counts["sent"]) == (1, 1)
        assert results.explain()[["rows", "status"]].values.tolist() == [[1, status]]
        assert results.outcome(0).code == int(reply[:3])
        assert "delivered to: archive@example.org, who will not get it again" in results.outcome(0).hint
        assert results.addresses.iloc[:, :5].values.tolist() == [
            [0, status, "archive@example.org", True, True],
            [0, status, "ann@example.org", False, False],
        ]
        assert results.addresses.iloc[1, 5:].tolist() == [int(reply[:3]), reply[4:9], reply[4:]]
        assert box.letters == {"bob@example.org": 1, "archive@example.org": 2}

        box.refusals.clear()
        again = await send(box, template, **common)
        assert again.frame.status.tolist() == ["sent", "skipped"]
        assert box.letters == {"ann@example.org": 1, "bob@example.org": 1, "archive@example.org": 2}


@pytest.mark.parametrize("keeps_journal", [True, False])
async def test_a_retry_reaches_those_that_were_refused_alone(
    post: Any, tmp_path: Path, keeps_journal: bool
) -> None:
    async with post(ann=LATER) as box:
        results = await send(
            box, letter(bcc=["archive@example.org"]), journal=tmp_path / "j" if keeps_journal else False
        )
        await results.retry()  # still refused: now by all there are
        assert results.frame.status.tolist() == ["deferred", "sent"]
        assert "delivered to: archive@example.org" in results.outcome(0).hint
        box.refusals.clear()
        await results.retry()
        assert results.frame.status.tolist() == ["sent", "sent"]
        assert results.addresses.empty
        assert box.letters == {"ann@example.org": 1, "bob@example.org": 1, "archive@example.org": 2}


async def test_a_run_that_stays_for_a_deferred_row_tries_those_that_were_refused_alone(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with post(ann=LATER) as box:

        def soon(*_: object) -> float:
            box.refusals.clear()
            return 0.01

        monkeypatch.setattr(retry_policy, "defer_seconds", soon)
        results = await send(box, letter(cc=["archive@example.org"]), journal=False, retry=1)
        assert results.counts["sent"] == 2
        assert box.letters == {"ann@example.org": 1, "bob@example.org": 1, "archive@example.org": 2}


async def test_a_refused_copy_leaves_its_row_sent_and_is_told(post: Any, tmp_path: Path) -> None:
    async with post(archive=UNKNOWN) as box:
        results = await send(box, letter(bcc=["archive@example.org"]), journal=tmp_path / "j")
        assert (results.counts["sent"], results.copies_refused) == (2, 2)
        assert results.notice == "2 rows were sent, but a copy was refused: results.addresses says which."
        assert (
            results.addresses[["address", "is_copy", "delivered", "code"]].values.tolist()
            == [["archive@example.org", True, False, 550]] * 2
        )
        (cause,) = results.causes()
        assert (cause.status, cause.labels) == ("sent", (0, 1))
        assert "a copy was refused: there is no such mailbox" in cause.cause
        assert "2 sent: a copy was refused" in repr(results)
        assert "not delivered to: archive@example.org" in results.outcome(0).hint
        assert results.waiting() == []
        assert (await send(box, letter(bcc=["archive@example.org"]), journal=tmp_path / "j")).counts[
            "skipped"
        ] == 2


async def test_of_several_recipients_each_gets_the_message_once_and_the_row_waits_for_the_last(
    post: Any, tmp_path: Path
) -> None:
    frame = PEOPLE.head(1)
    template = letter(to=["{{ email }}", "eve@example.org"])
    async with post(eve=LATER) as box:
        results = await send(box, template, frame, journal=tmp_path / "j")
        assert results.frame.status.tolist() == ["deferred"]
        box.refusals["eve@example.org"] = UNKNOWN
        await results.retry()
        assert results.frame.status.tolist() == ["failed"]
        assert results.addresses.address.tolist() == ["ann@example.org", "eve@example.org"]
        box.refusals.clear()
        assert (await send(box, template, frame, journal=tmp_path / "j")).counts["sent"] == 1
        assert box.letters == {"ann@example.org": 1, "eve@example.org": 1}


async def test_one_recipient_refused_for_good_and_one_for_now_leave_the_row_for_later(post: Any) -> None:
    template = letter(to=["{{ email }}", "eve@example.org", "dan@example.org"])
    async with post(eve=UNKNOWN, dan=LATER) as box:
        results = await send(box, template, PEOPLE.head(1), journal=False)
        assert results.frame.status.tolist() == ["deferred"]
        box.refusals.clear()
        await results.retry()
        assert box.letters == {f"{name}@example.org": 1 for name in ("ann", "eve", "dan")}


async def test_a_copy_that_may_go_later_does_not_keep_a_row_whose_recipient_is_unknown(
    post: Any,
) -> None:
    async with post(ann=UNKNOWN, archive=LATER) as box:
        results = await send(box, letter(cc=["archive@example.org"]), PEOPLE.head(1), journal=False)
        assert results.frame.status.tolist() == ["failed"]
        assert results.addresses.code.tolist() == [550, 450]
        assert box.letters == {}


async def test_more_recipients_than_a_transaction_takes_get_it_in_several(post: Any) -> None:
    names = [f"p{n}" for n in range(5)]
    template = letter(to=[f"{name}@example.org" for name in names])
    async with post("LIMITS RCPTMAX=2") as box:
        results = await send(box, template, PEOPLE.head(1), journal=False)
        assert results.counts["sent"] == 1
        assert box.letters == {f"{name}@example.org": 1 for name in names}


async def test_somebody_in_to_and_cc_decides_about_the_row(post: Any) -> None:
    async with post(ann=UNKNOWN) as box:
        template = letter(cc=["{{ email }}", "archive@example.org"])
        results = await send(box, template, PEOPLE.head(1), journal=False)
        assert results.frame.status.tolist() == ["failed"]


async def test_redacted_and_pickled_results_tell_of_addresses_without_naming_them(post: Any) -> None:
    async with post(ann=UNKNOWN) as box:
        results = await send(box, letter(bcc=["archive@example.org", "attic@example.org"]), journal=False)
        redacted = pickle.loads(pickle.dumps(results.redacted()))
        assert redacted.addresses.delivered.tolist() == [True, True, False]
        assert redacted.addresses.is_copy.tolist() == [True, True, False]
        for name in ("ann", "archive", "attic"):
            assert f"{name}@" not in redacted.addresses.to_csv() + redacted.frame.to_csv()
        assert pickle.loads(pickle.dumps(results)).addresses.equals(results.addresses)
