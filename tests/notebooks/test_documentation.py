"""The notebooks as documentation: short enough to be read, saved clean, and showing what a fresh run shows.

They run without a word on stderr, and their saved outputs are what a run gives. The rest is what a reader of the
saved files meets.
"""

from __future__ import annotations

import importlib.util
import re
import tempfile
from collections import Counter
from functools import cache
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import notebookmail

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
REPORTS = sorted(f"reports/{path.stem}" for path in FOLDER.glob("reports/*.ipynb"))
"""What the notebooks mail: read like them, but no story of their own."""
LARGEST_OCTETS = 150_000
MOST_MINUTES = 5.0
WORDS_PER_MINUTE = 230  # of a person who reads to learn
LINES_OF_CODE_PER_MINUTE = 40  # mostly data and repetition of what the text said
# A person's address is at a domain that belongs to nobody (RFC 2606); .con stands for a slip of the keyboard.
PERSON = re.compile(r"[\w.+-]+@(?!(?:[\w-]+\.)*example\.(?:org|com|net|con)\b)[\w-]+\.[\w.-]+")
FOLDERS_OF_SOMEBODY = re.compile(
    "|".join(map(re.escape, ("/home/", "/Users/", f"{Path.home()}/", f"{tempfile.gettempdir()}/")))
    + r"|[A-Z]:\\\\"
)
SECRETS = re.compile(
    r"-----BEGIN|\bAKIA[0-9A-Z]{16}\b|\bgh[ps]_\w{20,}|\bxox[bp]-|\bSG\.[\w-]{16,}|\beyJ[\w-]{20,}"
    r"|password\s*=\s*['\"][^'\"]"
)
# What only programs ask for: abstract bases, and the types of what other names return.
FOR_PROGRAMS = {
    "AddressError",
    "Feedback",
    "JournalError",
    "MailboxError",
    "NotebookmailError",
    "Preview",
    "Received",
    "Report",
    "SMTPAuthenticationError",
    "SMTPConnectError",
    "SMTPConnectResponseError",
    "SMTPConnectTimeoutError",
    "SMTPDataError",
    "SMTPHeloError",
    "SMTPNotSupported",
    "SMTPReadTimeoutError",
    "SMTPRecipientRefused",
    "SMTPResponse",
    "SMTPResponseException",
    "SMTPSenderRefused",
    "SMTPServerDisconnected",
    "SMTPStatus",
    "SMTPTimeoutError",
    "SignInError",
    "SMTPTokenGenerator",
    "SendJob",
    "SendPlan",
    "SendResults",
    "TemplateError",
}


@cache
def opened(name: str) -> Any:
    import nbformat  # it takes seconds: no matter of every collection

    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def outputs_of(name: str) -> list[Any]:
    return [output for cell in opened(name).cells if cell.cell_type == "code" for output in cell.outputs]


def test_there_are_ten_in_an_order_to_read_them_in() -> None:
    assert [name.partition("-")[0] for name in NOTEBOOKS] == [f"{number:02}" for number in range(1, 11)]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_read_in_under_five_minutes(name: str) -> None:
    words = lines = 0
    for cell in opened(name).cells:
        if cell.cell_type == "markdown":
            words += len(cell.source.split())
        else:
            lines += sum(bool(line.strip()) for line in cell.source.splitlines())
    assert words / WORDS_PER_MINUTE + lines / LINES_OF_CODE_PER_MINUTE < MOST_MINUTES, (words, lines)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_begins_with_its_title_and_leads_on(name: str) -> None:
    first, last = opened(name).cells[0].source, opened(name).cells[-1].source
    assert first.startswith("# ")
    following = NOTEBOOKS[(NOTEBOOKS.index(name) + 1) % len(NOTEBOOKS)]
    assert f"({following}.ipynb)" in last or name == NOTEBOOKS[-1]


@pytest.mark.parametrize("name", [*NOTEBOOKS, *REPORTS])
def test_a_notebook_is_saved_small_with_every_cell_run_in_order(name: str) -> None:
    assert (FOLDER / f"{name}.ipynb").stat().st_size < LARGEST_OCTETS
    counts = [cell.execution_count for cell in opened(name).cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert any(output for output in outputs_of(name))


@pytest.mark.parametrize("name", [*NOTEBOOKS, *REPORTS])
def test_a_notebook_holds_no_trace_of_who_ran_it(name: str) -> None:
    notebook = opened(name)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert all(set(cell.metadata) <= ({"tags"} if name in REPORTS else set()) for cell in notebook.cells)
    assert [output for output in outputs_of(name) if output.get("name") == "stderr"] == []
    assert [output for output in outputs_of(name) if output.output_type == "error"] == []
    assert not FOLDERS_OF_SOMEBODY.search((FOLDER / f"{name}.ipynb").read_text("utf-8"))


@pytest.mark.parametrize("name", [*NOTEBOOKS, *REPORTS])
def test_a_notebook_is_saved_without_widgets(name: str) -> None:
    text = (FOLDER / f"{name}.ipynb").read_text("utf-8")
    assert "application/vnd.jupyter.widget" not in text
    for output in outputs_of(name):
        if "text/html" in output.get("data", {}):
            assert output.data["text/plain"].strip(), "what cannot show HTML shows nothing"


@pytest.mark.parametrize("name", [*NOTEBOOKS, *REPORTS, "data"])
def test_a_notebook_and_its_data_name_no_person_and_no_secret(name: str) -> None:
    paths = sorted((FOLDER / "data").glob("*.csv")) if name == "data" else [FOLDER / f"{name}.ipynb"]
    for path in paths:
        text = path.read_text("utf-8")
        assert [found for found in PERSON.findall(text) if not re.fullmatch(r"[\w.-]+@[\d.]+", found)] == []
        assert not SECRETS.search(text)


def test_every_name_that_a_user_needs_is_shown_in_some_notebook() -> None:
    code = "\n".join(cell.source for name in NOTEBOOKS for cell in opened(name).cells)
    unseen = {name for name in notebookmail.__all__ if not re.search(rf"\b{name}\b", code)}
    assert unseen <= FOR_PROGRAMS
    assert set(notebookmail.__all__) >= FOR_PROGRAMS, "a name that is gone need not be excused"


def test_links_between_notebooks_and_to_their_data_lead_somewhere() -> None:
    for name in NOTEBOOKS:
        for cell in opened(name).cells:
            for target in re.findall(r"\]\(([\w./-]+)\)", cell.source if cell.cell_type == "markdown" else ""):
                assert (FOLDER / target).exists(), (name, target)


IS_OLD_KERNEL = int(version("ipykernel").partition(".")[0]) < 7


def kinds(notebook: Any) -> list[list[tuple[str, ...]]]:
    return [
        [(output.output_type, *sorted(output.get("data", {}))) for output in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NOTEBOOKS, *REPORTS])
def test_a_notebook_runs_and_its_saved_outputs_are_of_the_kinds_that_a_fresh_run_gives(name: str) -> None:
    spec = importlib.util.spec_from_file_location("refresh", FOLDER / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    refresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(refresh)
    fresh, saved = kinds(refresh.executed(FOLDER / f"{name}.ipynb")), kinds(opened(name))
    if IS_OLD_KERNEL:  # what a job shows goes to the cell that runs just then; later kernels may lose it
        assert Counter(chain.from_iterable(saved)) <= Counter(chain.from_iterable(fresh))
    else:
        assert fresh == saved
