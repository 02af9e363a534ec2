"""What `OAuth` says of itself: the providers' addresses, and nothing of its secret."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys

import pytest

from notebookmail import FrameError, OAuth, Server

SECRET = "canary-client-secret"


def test_microsoft_is_asked_by_browser_or_device_for_sending_and_no_more() -> None:
    oauth = OAuth.microsoft("id", "example.org")
    assert oauth.authorize_url == "https://login.microsoftonline.com/example.org/oauth2/v2.0/authorize"
    assert oauth.device_url == "https://login.microsoftonline.com/example.org/oauth2/v2.0/devicecode"
    assert oauth.scopes == ("offline_access", "https://outlook.office.com/SMTP.Send")
    assert OAuth.microsoft("id", mailbox=True).scopes[-1] == "https://outlook.office.com/IMAP.AccessAsUser.All"
    assert oauth.redirect_host == "localhost"


def test_an_app_of_microsofts_signs_in_by_itself_for_all_that_it_may() -> None:
    oauth = OAuth.microsoft("id", "example.org", client_secret=SECRET)
    assert oauth.is_app_only
    assert oauth.scopes == ("https://outlook.office365.com/.default",)
    with pytest.raises(FrameError, match="wants tenant="):
        OAuth.microsoft("id", client_secret=SECRET)


def test_google_is_never_asked_for_a_device_code() -> None:
    oauth = OAuth.google("id", SECRET)
    assert oauth.device_url == ""
    assert oauth.scopes == ("https://mail.google.com/",)
    assert ("access_type", "offline") in oauth.authorize_options


def test_a_tenant_cannot_lead_elsewhere() -> None:
    address = OAuth.microsoft("id", "../evil.example/x").token_url
    assert address == "https://login.microsoftonline.com/..%2Fevil.example%2Fx/oauth2/v2.0/token"


@pytest.mark.parametrize(
    "address",
    ["", "http://login.example.org/token", "ftp://127.0.0.1/", "login.example.org", "https://", None, "http://["],
)
def test_secrets_go_to_addresses_under_https_only(address: object) -> None:
    with pytest.raises(FrameError, match="token_url="):
        OAuth("id", token_url=address, client_secret="x")  # type: ignore[arg-type]


def test_what_cannot_sign_in_is_refused() -> None:
    with pytest.raises(FrameError, match="client_id="):
        OAuth(" ", token_url="https://login.example.org/token")
    with pytest.raises(FrameError, match="by its client_secret="):
        OAuth("id", token_url="https://login.example.org/token")


def test_the_secret_shows_nowhere() -> None:
    oauth = OAuth.google("id", SECRET)
    server = Server("smtp.example.org", username="me", oauth=oauth)
    assert SECRET not in repr(oauth) + repr(server) + str(dataclasses.asdict(oauth)) + repr(server.options())
    assert SECRET.encode() not in pickle.dumps(oauth)
    assert oauth == OAuth.google("id", SECRET) != OAuth.google("id", "another")


async def test_who_has_no_oauth_is_told_what_to_give() -> None:
    with pytest.raises(FrameError, match=r"OAuth.google\(client_id, secret\).*save_password\(\) keeps it"):
        await Server("smtp.example.org", username="me", password="x").sign_in()


@pytest.mark.parametrize("missing", ["authlib", "httpx2"])
def test_without_the_extra_the_error_names_it_and_nothing_else_is_loaded(missing: str) -> None:
    script = f"""
import asyncio, sys
from notebookmail import OAuth, Server
server = Server("127.0.0.1", username="me", oauth=OAuth.google("id", "secret"))
print(sorted({{"authlib", "httpx2", "keyring"}} & set(sys.modules)))
sys.modules[{missing!r}] = None
asyncio.run(server.sign_in())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("[]")
    assert (
        'SignInError: signing in by OAuth wants the extra "oauth": pip install "notebookmail[oauth]"'
        in done.stderr
    )
