"""A server that delivers the same message once: rows in doubt go again, and stay unconfirmed until it is taken."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from support.journals import NOON

from notebookmail.campaign.results import SendResults
from notebookmail.delivery import retry_policy
from notebookmail.delivery.backlog import Task
from notebookmail.delivery.fake_transport import FakeTransport
from notebookmail.delivery.journal import Journal
from notebookmail.delivery.runner import Runner
from notebookmail.delivery.runner_settings import RunnerSettings
from notebookmail.errors import SMTPDataError, SMTPRecipientRefused, SMTPRecipientsRefused, SMTPServerDisconnected
from notebookmail.mail.idempotency import Idempotency
from notebookmail.mail.message import Envelope, Mail, Receipt
from notebookmail.response import SMTPResponse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from notebookmail.delivery.journal import Claim, Earlier

HOUR = 3_600.0
ONCE = Idempotency("X-Name", 23 * HOUR)
KEY = b"bo"
BO, CY = "bo@example.org", "cy@example.org"
OK = Receipt(SMTPResponse(250, "2.0.0 queued"))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry_policy, "_FIRST_WAIT_SECONDS", 0.001)


def lost() -> SMTPServerDisconnected:
    error = SMTPServerDisconnected("the connection was lost before the answer")
    error.unconfirmed = True
    return error


@contextlib.contextmanager
def claimed(journal: Journal, clock: float) -> Iterator[Claim]:
    claim = journal.claim("d", server="s", sender="a", now=clock)
    yield claim
    claim.close(is_finished=False)


async def sent(
    path: Path,
    outcomes: Sequence[Receipt | Exception],
    *,
    idempotency: Idempotency | None = ONCE,
    goes_again: bool = False,
    clock: float = NOON,
    to: tuple[str, ...] = (BO,),
) -> tuple[str, Earlier, FakeTransport]:
    """Run one row; return how it stands in the results and in the journal, and what carried it."""
    transport = FakeTransport({BO: list(outcomes)})
    results = SendResults(["a"])
    with Journal.open(path) as journal:
        with claimed(journal, clock) as claim:
            settings = RunnerSettings(
                ledger=claim, earlier=claim.earlier, idempotency=idempotency, resend_unconfirmed=goes_again,
                clock=lambda: clock,
            )  # fmt: skip
            task = Task(0, BO, KEY, lambda: Mail(Envelope("a@example.org", to), (b"S: x\r\n\r\n",), "<bo@x>"))
            await Runner(iter([task]), 1, transport, results.apply, settings).run()
        with claimed(journal, clock) as claim:
            known = claim.earlier[KEY]
    return results.status_at(0), known, transport


async def test_a_row_whose_answer_was_lost_goes_again_under_the_same_name(tmp_path: Path) -> None:
    status, known, transport = await sent(tmp_path / "j", [lost(), OK])
    assert (status, known.state, transport.taken) == ("sent", "sent", 2)
    assert transport.delivered[0].segments[0] == ONCE.named(transport.delivered[0]).segments[0]


async def test_elsewhere_it_is_unconfirmed_at_once(tmp_path: Path) -> None:
    status, known, transport = await sent(tmp_path / "j", [lost(), OK], idempotency=None)
    assert (status, known.state, transport.taken) == ("unconfirmed", "unconfirmed", 1)


async def test_after_three_tries_it_stays_unconfirmed(tmp_path: Path) -> None:
    status, known, transport = await sent(tmp_path / "j", [lost()] * 9)
    assert (status, known.state, transport.taken) == ("unconfirmed", "unconfirmed", 3)
    assert known.at == NOON


@pytest.mark.parametrize(
    "refusal",
    [
        SMTPDataError(451, "4.3.0 later"),
        SMTPDataError(554, "5.6.0 no"),
        SMTPRecipientsRefused([SMTPRecipientRefused(550, "5.1.1 unknown", BO)]),
        SMTPServerDisconnected("gone before the content"),
    ],
)
async def test_what_a_further_try_meets_does_not_undo_the_first(refusal: Exception, tmp_path: Path) -> None:
    status, known, _ = await sent(tmp_path / "j", [lost(), *[refusal] * 9])
    assert (status, known.state, known.next_at) == ("unconfirmed", "unconfirmed", None)


async def test_a_later_run_settles_it(tmp_path: Path) -> None:
    await sent(tmp_path / "j", [lost()] * 9)
    status, known, _ = await sent(tmp_path / "j", [OK], goes_again=True, clock=NOON + HOUR)
    assert (status, known.state) == ("sent", "sent")


async def test_what_later_runs_meet_leaves_the_time_of_the_first_doubt(tmp_path: Path) -> None:
    await sent(tmp_path / "j", [lost()] * 9)
    for later in (HOUR, 20 * HOUR):
        outcomes = [SMTPDataError(451, "4.3.0 later"), lost()]
        status, known, _ = await sent(tmp_path / "j", outcomes, goes_again=True, clock=NOON + later)
        assert (status, known.state, known.at) == ("unconfirmed", "unconfirmed", NOON)


async def test_in_a_run_of_the_next_day_it_is_tried_once_at_most(tmp_path: Path) -> None:
    await sent(tmp_path / "j", [lost()] * 9)
    _, _, transport = await sent(tmp_path / "j", [lost()] * 9, goes_again=True, clock=NOON + 24 * HOUR)
    assert transport.taken == 1


async def test_what_some_took_is_not_sent_to_the_others_in_doubt(tmp_path: Path) -> None:
    some = Receipt(SMTPResponse(250, "queued"), {CY: SMTPResponse(451, "later")})
    status, known, transport = await sent(tmp_path / "j", [lost(), some, OK, OK], to=(BO, CY))
    assert (status, known.state, transport.taken) == ("unconfirmed", "unconfirmed", 2)
