"""Presets: who logs in, where, and with what; mistakes that would end in a refused login are found before."""

from __future__ import annotations

import subprocess

import pytest
from support.traceback_variables import variables_shown

from notebookmail import FrameError, Server
from notebookmail.mail.providers import PROVIDERS, provider_at
from notebookmail.server.presets import password_question

CANARY = "s3cret-canary"
SECRET_KEY = f"{CANARY}/an+AWS+key+of+forty+letters"[:40]


def preset(name: str, **options: object) -> Server:
    """Make a preset's server for somebody whose user name is right there."""
    region = "eu-west-1" if name == "ses" else None
    domain = next((each for each in PROVIDERS[name].domains if each[0] != "."), "example.org")
    names = {"address": f"me@{domain}", "local part": "me", "its own": "login"}
    username = PROVIDERS[name].username or names[PROVIDERS[name].login_name]
    return Server.preset(name, **{"region": region, "username": username, "password": "x", **options})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_preset_is_a_server_under_tls_or_on_this_machine(name: str) -> None:
    server = preset(name)
    options = server.options()
    assert options.use_tls or options.start_tls is True or server.is_local
    assert "{" not in server.hostname


@pytest.mark.parametrize("name", sorted(set(PROVIDERS) - {"proton-bridge", "workspace"}))
def test_the_host_of_a_preset_is_known_again(name: str) -> None:
    found = provider_at(preset(name).hostname.upper())
    assert found == (name, PROVIDERS[name])


def test_a_preset_holds_the_published_limits_and_can_be_overridden() -> None:
    server = Server.preset("microsoft365", username="me@example.org", password="x", rate="10/min")
    assert (server.max_connections, server.daily_quota, server.messages_per_second) == (3, 10_000, 10 / 60)
    assert Server.preset("icloud", username="me@icloud.com", password="x").daily_quota == 1_000


@pytest.mark.parametrize(
    ("alias", "hostname"),
    [
        ("office365", "smtp.office365.com"),
        ("Office 365", "smtp.office365.com"),
        ("google", "smtp.gmail.com"),
        ("GoogleMail", "smtp.gmail.com"),
        ("hotmail", "smtp-mail.outlook.com"),
        ("Proton_Bridge", "127.0.0.1"),
    ],
)
def test_a_provider_is_known_by_other_names(alias: str, hostname: str) -> None:
    domain = "hotmail.com" if alias == "hotmail" else "example.org"
    assert Server.preset(alias, username=f"me@{domain}", password="x").hostname == hostname


@pytest.mark.parametrize("alias", ["aws", "amazon"])
def test_amazons_names_mean_its_mail_service(alias: str) -> None:
    server = Server.preset(alias, region="eu-west-1", username="user", password="x")
    assert server.hostname == "email-smtp.eu-west-1.amazonaws.com"


def test_outlook_is_microsoft_365_for_who_has_a_domain_of_their_own() -> None:
    at = [
        Server.preset("outlook", username=each, password="x").hostname for each in ("me@firm.test", "me@live.com")
    ]
    assert at == ["smtp.office365.com", "smtp-mail.outlook.com"]


@pytest.mark.parametrize(
    ("name", "options", "answer"),
    [
        ("gmial", {"username": "me@gmail.com"}, "did you mean 'gmail'"),
        ("quux", {}, "there are: gmail, workspace, microsoft365"),
        ("ses", {"username": "me"}, "region="),
        ("gmail", {"username": "me@gmail.com", "region": "eu-west-1"}, "region= is for Amazon SES"),
        ("gmail", {}, r"username='me@gmail\.com', who logs in.*app password"),
        ("gmail", {"username": " "}, r"username='me@gmail\.com'"),
        ("gmail", {"username": "me"}, r"the whole address, such as 'me@gmail\.com'"),
        ("sendgrid", {"username": "me@example.org"}, "user name is 'apikey'; leave username= out.*API key"),
        ("outlook", {"username": "me@live.com"}, r"wants a sign-in: oauth=OAuth\.microsoft"),
        ("mailgun", {}, "the domain's SMTP credentials"),
    ],
)
def test_a_call_that_cannot_log_in_says_what_is_missing(name: str, options: dict[str, str], answer: str) -> None:
    with pytest.raises(FrameError, match=answer):
        Server.preset(name, **options)  # type: ignore[arg-type]


def test_blanks_around_a_pasted_user_name_are_no_part_of_it() -> None:
    assert Server.preset("gmail", username=" me@gmail.com\n", password="x").username == "me@gmail.com"


@pytest.mark.parametrize(
    ("hostname", "question"),
    [
        ("smtp.gmail.com", "App password (made at myaccount.google.com/apppasswords) for me at smtp.gmail.com: "),
        ("email-smtp.eu-west-1.amazonaws.com", "SMTP password for me at email-smtp.eu-west-1.amazonaws.com: "),
        ("smtp.resend.com", "API key for me at smtp.resend.com: "),
        ("smtp-mail.outlook.com", "Password for me at smtp-mail.outlook.com: "),
        ("smtp.example.org", "Password for me at smtp.example.org: "),
    ],
)
def test_a_password_is_asked_for_by_the_name_the_provider_has_for_it(hostname: str, question: str) -> None:
    assert password_question(hostname, "me") == question


# --- passwords as they are shown ------------------------------------------------------------------------------


@pytest.mark.parametrize("shown", ["abcd efgh ijkl mnop", "abcd\xa0efgh\xa0ijkl\xa0mnop", "abcdefghijklmnop"])
def test_an_app_password_of_google_may_be_pasted_as_it_is_shown(shown: str) -> None:
    server = Server.preset("gmail", username="me@gmail.com", password=shown)
    assert server.options().password == "abcdefghijklmnop"


@pytest.mark.parametrize(
    "server",
    [
        Server.preset("gmail", username="me@gmail.com", password="my own pass word"),
        Server.preset("yahoo", username="me@yahoo.com", password="abcd efgh ijkl mnop"),
        Server("smtp.example.org", username="me", password="abcd efgh ijkl mnop"),
    ],
)
def test_any_other_password_keeps_its_blanks(server: Server) -> None:
    assert server.options().password == server.password
    assert b" " in server.options().password.reveal()  # type: ignore[union-attr]


# --- keys of AWS ----------------------------------------------------------------------------------------------


def openssl_hmac(key: bytes, text: str) -> bytes:
    made = subprocess.run(
        ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}", "-binary"],
        input=text.encode(),
        capture_output=True,
        check=True,
    )
    return made.stdout


def test_the_smtp_password_of_an_aws_key_is_the_one_that_openssl_makes() -> None:
    import base64

    signature = b"AWS4" + SECRET_KEY.encode()
    for part in ("11111111", "eu-west-1", "ses", "aws4_request", "SendRawEmail"):
        signature = openssl_hmac(signature, part)
    server = Server.preset("ses", region="eu-west-1", access_key="AKIA123", secret_key=SECRET_KEY)
    assert server.username == "AKIA123"
    assert server.password == base64.b64encode(b"\x04" + signature)


def test_the_password_of_one_region_is_not_anothers() -> None:
    made = {
        Server.preset("ses", region=region, access_key="AKIA1", secret_key=SECRET_KEY).password
        for region in ("eu-west-1", "eu-central-1")
    }
    assert len(made) == 2


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ({"access_key": "ASIA123"}, "temporary keys.*IAM user"),
        ({"access_key": "AKIA123", "session_token": CANARY}, "temporary keys.*IAM user"),
        ({}, "access_key= is missing"),
        ({"access_key": "AKIA123", "region": None}, "region="),
        ({"access_key": "AKIA123", "password": "x"}, "either access_key"),
        ({"access_key": "AKIA123", "username": "me"}, "either access_key"),
        ({"access_key": "AKIA123", "name": "gmail"}, "for Amazon SES"),
    ],
)
def test_keys_that_make_no_password_are_refused_with_the_reason(options: dict[str, str], answer: str) -> None:
    with pytest.raises(FrameError, match=answer) as caught:
        Server.preset(**{"name": "ses", "region": "eu-west-1", "secret_key": SECRET_KEY, **options})  # type: ignore[arg-type]
    assert CANARY not in variables_shown(caught.value)


def test_a_secret_key_in_the_place_of_the_password_is_made_into_it() -> None:
    keys = Server.preset("ses", region="eu-west-1", access_key="AKIA123", secret_key=SECRET_KEY)
    typed = Server.preset("ses", region="eu-west-1", username="AKIA123", password=SECRET_KEY)
    assert typed.options() == keys.options()
    assert CANARY not in repr(typed.options())


def test_the_user_name_of_a_temporary_key_is_refused_too() -> None:
    with pytest.raises(FrameError, match="temporary keys"):
        Server.preset("ses", region="eu-west-1", username="ASIA123", password=SECRET_KEY)


def test_a_key_is_shown_by_nothing() -> None:
    server = Server.preset("ses", region="eu-west-1", access_key="AKIA123", secret_key=SECRET_KEY)
    assert CANARY not in repr(server) + repr(server.options())
