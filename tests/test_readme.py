"""The pages' own code runs, what they point to is there, and what they list is complete."""

from __future__ import annotations

import ast
import inspect
import re
import ssl
import tomllib
from email.message import EmailMessage
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from matplotlib.figure import Figure
from support.local_server import CANARY, authenticator, real_server

from notebookmail import Template, last_results
from notebookmail.checks.findings import KINDS as FINDINGS
from notebookmail.mail.providers import PROVIDERS
from notebookmail.sandbox.faults import KINDS as FAULTS

if TYPE_CHECKING:
    from conftest import Certificates

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "notebookmail"
PAGES = sorted(
    path
    for folder in (ROOT, PACKAGE, ROOT / "tests", ROOT / "notebooks", ROOT / ".ci")
    for path in (folder.glob("*.md") if folder == ROOT else folder.rglob("*.md"))
)
LINK = re.compile(r"\]\(([^)#:]*)(#[^)]+)?\)|(?:src|srcset)=\"([^\"]+)\"")
LINKS = sorted(
    {(page.relative_to(ROOT).as_posix(), *found.groups(""))
     for page in PAGES for found in LINK.finditer(page.read_text(encoding="utf-8"))}
)  # fmt: skip
FRAME = {"name": ["Ann", "Bo"], "email": ["ann@example.org", "bo@example.org"]}


def words_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def examples(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", words_of(page), re.DOTALL)


async def run(source: str, names: dict[str, Any], *changes: tuple[str, str]) -> None:
    """Run an example as a notebook runs a cell with `await`."""
    for written, there in changes:
        assert written in source
        source = source.replace(written, there)
    exec("from notebookmail import *", names)
    running = eval(compile(source, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    if inspect.iscoroutine(running):
        await running


@pytest.fixture(autouse=True)
def _no_server_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTEBOOKMAIL_URL", raising=False)


@pytest.fixture
def letter() -> dict[str, Any]:
    """What the examples speak of: a frame of two people and a letter to them."""
    template = Template("Hello {{ name }}", text="Dear {{ name }},\nhello.", sender="desk@example.org")
    return {"df": pd.DataFrame(FRAME), "template": template, "secret": CANARY}


async def test_the_ten_lines_send_two_messages() -> None:
    names: dict[str, Any] = {}
    source = examples("README.md")[0]
    running = eval(compile(source, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    assert inspect.iscoroutine(running)  # nothing but what they import themselves
    await running
    assert names["results"].counts["sent"] == 2


async def test_a_mailing_that_matters_is_checked_planned_confirmed_and_sent(letter: dict[str, Any]) -> None:
    async with real_server() as (port, arrived):
        exec(f"from notebookmail import Server; server = Server('127.0.0.1', {port}, security='none')", letter)
        await run(examples("README.md")[1], letter, ("confirm=412", "confirm=2"))
    results = last_results()
    assert results is not None
    assert results.counts["sent"] == len(arrived.envelopes) == 2


async def test_the_letter_of_orders_is_checked_and_sent() -> None:
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
    names: dict[str, Any] = {"orders": orders, "figure": figure}
    await run(examples("notebookmail/compose/README.md")[0], names)
    assert names["report"].ok
    assert names["results"].counts["sent"] == 2
    letter = names["letter"].render({"name": "Ann", "rows": orders[orders["name"] == "Ann"]})
    assert "1.211,75\xa0€" in letter.get_body(("plain",)).get_content()


async def test_the_delivery_example_sends_remembers_and_retries(
    letter: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    async with real_server(authenticator=authenticator, auth_require_tls=False) as (port, arrived):
        await run(
            examples("notebookmail/delivery/README.md")[0],
            letter,
            ('"smtp.example.org",\n', f'"127.0.0.1", {port}, security="none",\n'),
            ('"30/min"', '"30/s"'),
            ("confirm=1_204", "confirm=2"),
        )
    assert letter["results"].counts["sent"] == 2
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
        own = f"cert_bundle={str(certificates.authority)!r}"
        message = EmailMessage()
        message["From"], message["To"] = "a@example.org", "b@example.org"
        names: dict[str, Any] = {"message": message, "messages": [message] * 3, "secret": CANARY}
        await run(
            examples("notebookmail/smtp/client/README.md")[0],
            names,
            ("start_tls=True", f"start_tls=True, port={starttls_port}, {own}"),
            ("use_tls=True", f"use_tls=True, port={tls_port}, {own}"),
            ("smtp.example.org", "localhost"),
        )
    assert names["refused"] == {}
    assert (len(first.envelopes), len(second.envelopes)) == (1, 3)


async def test_a_program_for_aiosmtplib_finds_what_it_imports() -> None:
    names: dict[str, Any] = {}
    await run(examples("notebookmail/smtp/README.md")[0], names)
    assert names["SMTP"] is names["aiosmtplib"].SMTP


async def test_what_is_looked_at_before_sending_sends_nothing(
    letter: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    async with real_server() as (port, arrived):
        exec(f"from notebookmail import Server; server = Server('127.0.0.1', {port}, security='none')", letter)
        await run(examples("notebookmail/review/README.md")[0], letter)
    assert letter["report"].ok
    assert arrived.envelopes == []
    assert "2 messages" in capsys.readouterr().out


async def test_the_sandboxs_example_rehearses_failure(letter: dict[str, Any]) -> None:
    await run(examples("notebookmail/sandbox/README.md")[0], letter)
    assert letter["results"].counts["sent"] == len(letter["box"].received) == 2


async def test_servers_are_made_as_their_page_says() -> None:
    made, _, _ = examples("notebookmail/server/README.md")[0].partition("await")
    names: dict[str, Any] = {"secret": CANARY}
    await run(made, names)
    assert names["server"].endpoint == "smtp.example.org:465"


async def test_the_data_file_of_the_example_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pd.DataFrame(FRAME).to_csv(tmp_path / "people.csv", index=False)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    await run(examples("notebookmail/datafiles/README.md")[0], names)
    assert list(names["people"].columns) == list(FRAME)


@pytest.mark.parametrize(("page", "target", "heading", "picture"), LINKS)
def test_every_link_leads_somewhere(page: str, target: str, heading: str, picture: str) -> None:
    there = (ROOT / page).parent / (target or picture) if target or picture else ROOT / page
    assert there.exists()
    if heading:
        headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE)
        assert heading[1:] in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_table_on_a_page_is_whole(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    for above, line in pairwise(lines):
        if above.startswith("|") and line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", above)) == len(re.findall(r"(?<!\\)\|", line)), line


def test_the_table_of_files_names_files_that_are_there() -> None:
    table = words_of(".ci/README.md").partition("## Which file for which change")[2]
    named = re.findall(r"`([\w/]+\.py)`", table)
    assert len(named) > 20
    assert [each for each in named if not (PACKAGE / each).is_file()] == []


def test_every_package_says_which_of_its_files_is_for_what() -> None:
    missing = []
    for package in sorted(path.parent for path in PACKAGE.rglob("__init__.py")):
        words = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
        named = re.findall(r"(?<![\w/])([\w/]+\.py)\b", words)
        places = (package, PACKAGE, PACKAGE / "compose", PACKAGE / "smtp")
        missing += [f"{package.name}: {each}" for each in named if not any((at / each).is_file() for at in places)]
        assert package == PACKAGE or named, f"{package} names no file"
    assert missing == []


@pytest.mark.parametrize(
    ("page", "names"),
    [("review", FINDINGS), ("sandbox", FAULTS), ("server", PROVIDERS)],
    ids=["findings", "faults", "presets"],
)
def test_a_page_lists_everything_there_is(page: str, names: dict[str, object]) -> None:
    words = words_of(f"notebookmail/{page}/README.md")
    assert [each for each in names if f"`{each}`" not in words] == []


def test_modules_that_moved_are_where_the_changelog_says() -> None:
    table = words_of("notebookmail/CHANGELOG.md").partition("### Modules that moved")[2]
    named = [cell for line in table.splitlines() for cell in line.split("|")[2:3] if "`" in cell]
    modules = [each for cell in named for each in re.findall(r"`((?:notebookmail)?\.[\w.]+)`", cell)]
    assert len(modules) > 20
    for each in modules:
        import_module(f"notebookmail{each.removeprefix('notebookmail')}")


def test_the_page_for_a_package_index_points_to_no_file_beside_it() -> None:
    hooks = tomllib.loads(words_of("pyproject.toml"))["tool"]["hatch"]["metadata"]["hooks"]
    page = words_of("README.md")
    for each in hooks["fancy-pypi-readme"]["substitutions"]:
        page = re.sub(each["pattern"], each["replacement"], page)
    assert "13 of 16 rehearsed" in page  # in words, where a picture cannot be shown
    assert not re.search(r"<picture|<img|\]\((?!https?:|#)", page)
