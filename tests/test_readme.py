"""The README's own code runs, and what it points to is there."""

from __future__ import annotations

import ast
import inspect
import re
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from matplotlib.figure import Figure
from support.local_server import CANARY, authenticator, real_server

if TYPE_CHECKING:
    from conftest import Certificates

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


async def test_the_ten_lines_send_two_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTEBOOKMAIL_URL", raising=False)
    source = EXAMPLES[0]
    names: dict[str, object] = {}
    code = compile(source, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    running = eval(code, names)  # as a notebook runs a cell with `await`
    assert inspect.iscoroutine(running)
    await running
    assert names["results"].counts["sent"] == 2  # type: ignore[attr-defined]


async def test_the_letter_of_orders_is_checked_and_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTEBOOKMAIL_URL", raising=False)
    figure = Figure()
    figure.subplots().bar(["May", "June"], [2, 1])
    orders = pd.DataFrame(
        {
            "email": ["ann@example.org", "bo@example.org", "ann@example.org"],
            "name": ["Ann", "Bo", "Ann"],
            "item": ["Pencils", "Paper", "Ink"],
            "price": [1204.5, 3.0, 7.25],
        }
    )
    names: dict[str, object] = {"orders": orders, "figure": figure}
    exec("from notebookmail import Template, check_frame, send_frame", names)
    await eval(compile(EXAMPLES[1], "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    report, results = names["report"], names["results"]
    assert report.ok  # type: ignore[attr-defined]
    assert results.counts["sent"] == 2  # type: ignore[attr-defined]
    letter = names["letter"].render({"name": "Ann", "rows": orders[orders["name"] == "Ann"]})  # type: ignore[attr-defined]
    assert "1.211,75\xa0€" in letter.get_body(("plain",)).get_content()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)|(?:src|srcset)=\"([^\"]+)\"", README))))
def test_every_link_leads_somewhere(target: tuple[str, str]) -> None:
    assert (ROOT / (target[0] or target[1])).exists()


async def test_the_delivery_example_sends_remembers_and_retries(capsys: pytest.CaptureFixture[str]) -> None:
    async with real_server(authenticator=authenticator, auth_require_tls=False) as (port, arrived):
        source = EXAMPLES[2]
        for given, there in (
            ('"smtp.example.org",\n', f'"127.0.0.1", {port}, security="none",\n'),
            ('"30/min"', '"30/s"'),
            ("confirm=1_204", "confirm=2"),
        ):
            assert given in source
            source = source.replace(given, there)
        names: dict[str, object] = {
            "df": pd.DataFrame({"email": ["ann@example.org", "bo@example.org"]}),
            "secret": CANARY,
        }
        exec("from notebookmail import Server, Template, plan_frame, send_frame", names)
        exec("template = Template('Hello', text='Hello', sender='desk@example.org')", names)
        await eval(compile(source, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    assert names["results"].counts["sent"] == 2  # type: ignore[attr-defined]
    assert len(arrived.envelopes) == 2
    assert "2 messages" in capsys.readouterr().out


async def test_the_clients_example_sends_over_tls(certificates: Certificates) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.chain, certificates.key)
    settings = {"authenticator": authenticator, "auth_require_tls": False}
    async with (
        real_server(tls_context=context, require_starttls=True, **settings) as (starttls_port, first),
        real_server(ssl=context, **settings) as (tls_port, second),
    ):
        source = EXAMPLES[3]
        for option, port in (("start_tls=True", starttls_port), ("use_tls=True", tls_port)):
            assert option in source
            source = source.replace(option, f"{option}, port={port}, cert_bundle={str(certificates.authority)!r}")
        source = source.replace("smtp.example.org", "localhost")
        message = EmailMessage()
        message["From"], message["To"] = "a@example.org", "b@example.org"
        names: dict[str, object] = {"message": message, "messages": [message] * 3, "secret": CANARY}
        running = eval(compile(source, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
        await running
    assert names["refused"] == {}
    assert (len(first.envelopes), len(second.envelopes)) == (1, 3)
