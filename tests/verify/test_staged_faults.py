"""Each staged fault is told by its right cause and remedy, by verify and by a run, in the same sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from support.dead_addresses import ALIVE, DEAD
from support.staged_faults import AUTHORITY, FAULTS, PERSON, StagedFault

from notebookmail import Server, SMTPException, Template, send_frame
from notebookmail.campaign.notices import VERIFY_NOTICE, nothing_sent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notebookmail.campaign.results import SendResults

LETTER = Template("Hello {{ name }}", text="Dear {{ name }},\n\nall the best.\n", sender=PERSON)
PEOPLE = pd.DataFrame({"name": ["Bo", "Cy"], "email": ["bo@example.com", "cy@example.com"]})

each_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))


@pytest.fixture(autouse=True)
def _trusting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, addresses: Callable[..., None]) -> None:
    AUTHORITY.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    addresses(DEAD, ALIVE)


def one_line(text: object) -> str:
    return " ".join(str(text).split())


@each_fault
async def test_verify_names_cause_and_remedy(fault: StagedFault) -> None:
    async with fault.stage() as settings:
        diagnosis = await Server(**settings | fault.settings).verify(sender=PERSON)
    told = {each.name: each for each in diagnosis.steps if each.status in {"failed", "warning"}}
    step = told[fault.step]
    assert step.words.startswith(fault.words), diagnosis
    assert fault.remedy in step.remedy
    assert fault.also in one_line(f"{' '.join(step.facts)} {step.remedy}")


@each_fault
async def test_a_run_says_the_same_and_names_verify(fault: StagedFault) -> None:
    async with fault.stage() as settings:
        server = Server(**settings | fault.settings)
        words = fault.run_words or fault.words
        if fault.run == "raises":
            with pytest.raises(SMTPException) as caught:
                await run(server)
            assert_told(caught.value, words, fault)
            return
        results = await run(server)
    if fault.run == "sent":
        assert results.counts["sent"] == 2
        return
    assert results.counts["sent"] == 0
    assert words in results.frame["hint"].iloc[0]
    assert fault.remedy in results.frame["hint"].iloc[0]
    assert VERIFY_NOTICE in results.notice or words == FAULTS["SIZE too small"].run_words
    assert words in one_line(results)


async def run(server: Server, **options: Any) -> SendResults:
    return await send_frame(PEOPLE, LETTER, server, journal=False, progress=False, **options)


def assert_told(error: SMTPException, words: str, fault: StagedFault) -> None:
    """The note on the exception, and so the card in its place, is cause, remedy, and what shows more."""
    (note,) = error.__notes__
    assert note.startswith(f"{words}: ")
    assert note.endswith(VERIFY_NOTICE)
    assert fault.run_words or fault.remedy in note
    assert nothing_sent(error) == f"Nothing was sent. {note[:1].upper()}{note[1:]}"
