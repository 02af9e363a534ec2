"""What a server is told of where bounces go, and what it is asked to report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from peers import Setup, exim

from notebookmail import FrameError, Sandbox, Server, Template, TemplateError, plan_frame, send_frame
from notebookmail.campaign.options import SendSettings
from notebookmail.campaign.planning import make_plan
from notebookmail.feedback import read_notice
from notebookmail.smtp.wire.delivery_reports import mail_parameters, rcpt_parameters, xtext
from notebookmail.smtp.wire.extensions import Extensions
from notebookmail.smtp.wire.transaction import _plan

if TYPE_CHECKING:
    from pathlib import Path

    from notebookmail.mail.message import Mail

LETTER = Template("Hello", text="Dear {{ name }}", sender="desk@example.org")
FRAME = pd.DataFrame({"name": ["Ann", "Bo"], "email": ["ann@example.org", "bo+x=1@example.org"]})


def mails(**options: Any) -> list[Mail]:
    return [task.build() for task in make_plan(FRAME, LETTER, SendSettings(**options)).tasks()]


def said(mail: Mail, **offered: str) -> list[bytes]:
    plan = _plan(mail, Extensions(offered))
    lines = (plan.mail.line, *(each.line for each in plan.recipients.values()))
    return [line for line in lines if isinstance(line, bytes)]


async def test_letters_of_their_own_return_addresses_reach_a_server() -> None:
    async with Sandbox() as box:
        results = await send_frame(
            FRAME, LETTER, box.server, bounce_to="bounces@example.org", verp=True, notify="failure", progress=False
        )
        received = {each.message["Message-ID"]: each.mail_from for each in box.received}
    assert results.counts["sent"] == 2
    assert received == {each: f"bounces+{each[1:33]}@example.org" for each in results.frame.message_id}


def test_reports_are_asked_for_with_the_rows_token_and_never_with_an_address_in_it() -> None:
    ann, bo = mails(notify=["failure", "delay"])
    token = bo.message_id[1:33]
    assert said(bo, dsn="", size="") == [
        f"MAIL FROM:<desk@example.org> SIZE={bo.size} RET=HDRS ENVID={token}\r\n".encode(),
        b"RCPT TO:<bo+x=1@example.org> NOTIFY=FAILURE,DELAY\r\n",
    ]
    assert said(ann, dsn="")[1].endswith(b" NOTIFY=FAILURE,DELAY ORCPT=rfc822;ann@example.org\r\n")


def test_a_server_that_offers_no_reports_is_not_asked() -> None:
    _, bo = mails(notify="never")
    assert said(bo) == [b"MAIL FROM:<desk@example.org>\r\n", b"RCPT TO:<bo+x=1@example.org>\r\n"]
    assert said(bo, dsn="")[1].split()[2] == b"NOTIFY=NEVER"


def test_an_international_recipient_is_named_to_nobody() -> None:
    (mail, _) = mails(notify="failure")
    assert mail.envelope.reports is not None
    assert rcpt_parameters(mail.envelope.reports, "jörg@example.org") == ("NOTIFY=FAILURE",)
    assert xtext("a b+c=d~") == "a+20b+2Bc+3Dd~"
    assert mail_parameters(mail.envelope.reports)[0] == "RET=HDRS"


def test_a_letter_keeps_its_content_wherever_its_bounces_go() -> None:
    plain, chosen = mails(), mails(bounce_to="bounces@example.org", verp=True, notify="failure")
    assert [each.message_id for each in plain] == [each.message_id for each in chosen]
    assert all(b"bounces" not in each.content for each in chosen)


def test_it_is_said_that_spf_will_not_align() -> None:
    assert "DMARC rests on DKIM" in str(plan_frame(FRAME, LETTER, bounce_to="bounces@example.net"))
    assert "DMARC" not in str(plan_frame(FRAME, LETTER, bounce_to="bounces@mail.example.org"))


def test_a_header_for_it_is_refused_with_a_pointer() -> None:
    with pytest.raises(TemplateError, match="use bounce_to= of send_frame"):
        Template("Hello", text="hello", headers={"Return-Path": "<bounces@example.org>"})


@pytest.mark.parametrize("options", [{"bounce_to": 3}, {"verp": "yes"}, {"notify": [1]}, {"notify": "FAILURE"}])
def test_what_cannot_be_is_refused_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(FrameError, match=next(iter(options))):
        SendSettings(**options)


@pytest.mark.peer
async def test_exims_report_comes_to_the_letters_return_address_and_names_its_token(tmp_path: Path) -> None:
    with exim(tmp_path, Setup()) as peer:
        results = await send_frame(
            FRAME, LETTER, Server(peer.host, peer.port), bounce_to="bounces@example.org", verp=True,
            notify="success", progress=False, journal=False,
        )  # fmt: skip
        arrivals = peer.arrivals()
    tokens = {each[1:33] for each in results.frame.message_id}
    own = {f"bounces+{each}@example.org" for each in tokens}
    reports = [each for each in arrivals if not each.sender]
    assert {each.sender for each in arrivals} == {"", *own}
    assert {each.recipients[0] for each in reports} == own
    notices = [read_notice(each.content) for each in reports]
    assert {(each.kind, each.envelope_id) for each in notices} == {("delivered", each) for each in tokens}
    assert {each.recipients for each in notices} == {(each,) for each in FRAME["email"]}
