"""Server settings: safe defaults, clear refusals, secrets unseen."""

from __future__ import annotations

import pytest

from notebookmail import FrameError, Server

CANARY = "s3cret-canary"


@pytest.mark.parametrize(
    ("server", "port", "use_tls", "start_tls"),
    [
        (Server("smtp.example.org"), 587, False, True),
        (Server("smtp.example.org", 465), 465, True, None),
        (Server("smtp.example.org", 25), 25, False, None),
        (Server("smtp.example.org", 25, username="me", password="x"), 25, False, True),
        (Server("smtp.example.org", security="tls"), 465, True, None),
        (Server("smtp.example.org", security="starttls"), 587, False, True),
        (Server("smtp.example.org", security="none"), 25, False, False),
        (Server("localhost"), 25, False, False),
        (Server("127.0.0.1", 2525), 2525, False, False),
    ],
)
def test_security_follows_from_the_settings(
    server: Server, port: int, use_tls: bool, start_tls: bool | None
) -> None:
    options = server.options()
    assert (options.effective_port, options.use_tls) == (port, use_tls)
    assert use_tls or options.start_tls is start_tls


@pytest.mark.parametrize(
    ("url", "endpoint", "username"),
    [
        ("smtps://me%40x.org:p%2Fw@smtp.example.org:465", "smtp.example.org:465", "me@x.org"),
        ("smtps://smtp.example.org", "smtp.example.org:465", None),
        ("smtp+starttls://smtp.example.org", "smtp.example.org:587", None),
        ("smtp://localhost:2525", "localhost:2525", None),
    ],
)
def test_a_url_says_it_all(url: str, endpoint: str, username: str | None) -> None:
    server = Server.from_url(url)
    assert (server.endpoint, server.username) == (endpoint, username)


@pytest.mark.parametrize(
    "url", ["", "smtp.example.org", f"http://me:{CANARY}@x", f"smtps://me:{CANARY}@", "smtp://x:y"]
)
def test_a_bad_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(FrameError) as caught:
        Server.from_url(url)
    assert CANARY not in str(caught.value)


def test_the_environment_names_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTEBOOKMAIL_URL", "smtps://smtp.example.org")
    assert Server.from_env() == Server.from_url("smtps://smtp.example.org")
    monkeypatch.delenv("NOTEBOOKMAIL_URL")
    with pytest.raises(FrameError, match="NOTEBOOKMAIL_URL is not set"):
        Server.from_env()


@pytest.mark.parametrize(
    "settings",
    [{"security": "ssl"}, {"max_connections": 0}, {"messages_per_connection": 0},
     {"port": 99_999}, {"timeout": 0}],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(FrameError):
        Server("smtp.example.org", **settings)  # type: ignore[arg-type]


def test_a_secret_is_in_no_repr() -> None:
    server = Server("smtp.example.org", username="me", password=CANARY)
    assert CANARY not in repr(server) + str(server) + repr(server.options())


# --- rates, failover ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [{"rate": "fast"}, {"rate": 0}, {"daily_quota": 0}, {"failover": ["backup"]}])
def test_wrong_limits_are_refused_when_the_server_is_made(wrong: dict[str, object]) -> None:
    with pytest.raises(FrameError):
        Server("smtp.example.org", **wrong)  # type: ignore[arg-type]


def test_the_ways_for_mail_are_the_server_and_then_its_failovers() -> None:
    backup = Server("backup.example.org", max_connections=2)
    routes = Server("smtp.example.org", max_connections=9, failover=[backup]).routes(max_connections=4)
    assert [(each.options.hostname, each.limits.connections) for each in routes] == [
        ("smtp.example.org", 4),
        ("backup.example.org", 2),
    ]


def test_an_account_is_a_user_at_a_host() -> None:
    assert Server("SMTP.example.org", username="me", password="x").account == "me@smtp.example.org"


def test_its_repr_is_what_was_chosen() -> None:
    backup = Server("backup.example.org")
    server = Server("smtp.example.org", 465, username="me", password=CANARY, rate="30/min", failover=[backup])
    chosen = "port=465, username='me', rate='30/min', failover=[Server('backup.example.org')]"
    assert repr(server) == f"Server('smtp.example.org', {chosen})"
    assert repr(backup) == "Server('backup.example.org')"
