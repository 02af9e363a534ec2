"""How far a session with a mailbox comes, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.scripted_imap import scripted_imap

from notebookmail import FrameError, Mailbox

if TYPE_CHECKING:
    from conftest import Certificates
    from support.imap_users import User


def statuses(diagnosis: object) -> list[tuple[str, str]]:
    return [(step.name, step.status) for step in diagnosis.steps]  # type: ignore[attr-defined]


@pytest.mark.peer
async def test_a_good_mailbox_says_what_it_is_read_and_written_by(user: User, certificates: Certificates) -> None:
    found = await user.mailbox(
        port=user.peer.tls_port, security="tls", cert_bundle=str(certificates.authority)
    ).verify()
    assert statuses(found) == [("connect", "ok"), ("AUTH", "ok"), ("folders", "ok")]
    assert "TLSv1" in found.steps[0].words
    assert "INBOX and Junk" in found.steps[2].words
    assert found.steps[2].facts == ("drafts go to Drafts", "copies go to Sent")
    assert found.ok
    assert "ready for mail" in str(found)
    assert "<" in found._repr_html_()


@pytest.mark.peer
async def test_a_refused_login_ends_it_with_a_remedy(user: User) -> None:
    found = await user.mailbox(password="wrong").verify()
    assert statuses(found) == [("connect", "ok"), ("AUTH", "failed"), ("folders", "not reached")]
    assert "app password" in found.failed.remedy
    assert "No login at" in str(found)


async def test_what_cannot_be_reached_is_said() -> None:
    async with scripted_imap() as (port, _):
        pass
    found = await Mailbox("127.0.0.1", port, username="me", password="x").verify()
    assert statuses(found) == [("connect", "failed"), ("AUTH", "not reached"), ("folders", "not reached")]
    assert "No connection to" in str(found)


async def test_without_a_password_it_comes_as_far_as_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTEBOOKMAIL_PASSWORD", raising=False)
    async with scripted_imap() as (port, heard):
        found = await Mailbox("127.0.0.1", port, username="nobody").verify()
    assert statuses(found)[:2] == [("connect", "ok"), ("AUTH", "failed")]
    assert "there is no password for nobody" in found.failed.words
    assert not any("LOGIN" in line or "AUTHENTICATE" in line for line in heard)


async def test_a_mailbox_without_a_user_name_is_a_wrong_call() -> None:
    with pytest.raises(FrameError, match="wants username="):
        await Mailbox("127.0.0.1").verify()
