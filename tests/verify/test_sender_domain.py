"""verify shows what the sender's domain says in DNS, and never fails for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.dns_server import SILENT, dns_server, resolver_of
from support.scripted_server import answering
from support.scripted_sessions import scripted

from notebookmail import Server

if TYPE_CHECKING:
    import pytest

    from notebookmail.server.diagnosis import Diagnosis

GOOD = {
    ("example.org", "TXT"): ['"v=spf1 ip4:127.0.0.1 -all"'],
    ("_dmarc.example.org", "TXT"): ['"v=DMARC1; p=quarantine"'],
}


async def diagnosed(records: dict[tuple[str, str], list[str] | tuple[str, ...]]) -> Diagnosis:
    with dns_server(records) as names:
        async with scripted(answering()) as server:
            target = Server("127.0.0.1", server.port)
            return await target.verify(sender="Ann <ann@example.org>", resolver=resolver_of(names))


async def test_a_domain_in_order_is_a_step_that_is_well() -> None:
    diagnosis = await diagnosed(GOOD)
    step = diagnosis.steps[-1]
    assert (step.name, step.status) == ("domain", "ok")
    assert "SPF: SPF lets 127.0.0.1 (127.0.0.1) send for example.org" in step.facts
    assert "to put among spam" in str(diagnosis)


async def test_what_is_missing_is_a_warning_with_what_to_do() -> None:
    diagnosis = await diagnosed({("other.example", "A"): ["192.0.2.1"]})
    step = diagnosis.steps[-1]
    assert diagnosis.ok
    assert (step.status, step.words) == ("warning", "receivers may not believe mail of example.org")
    assert "SPF record" in step.remedy
    assert "v=DMARC1; p=none" in step.remedy


async def test_dns_that_is_silent_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notebookmail.domain.records._QUESTION_SECONDS", 0.2)
    diagnosis = await diagnosed(dict.fromkeys(GOOD, SILENT))
    step = diagnosis.steps[-1]
    assert diagnosis.ok
    assert (step.status, step.words.partition(":")[0]) == ("not reached", "not looked at")


async def test_a_server_of_this_machine_asks_no_dns_by_itself() -> None:
    async with scripted(answering()) as server:
        diagnosis = await Server("127.0.0.1", server.port).verify(sender="ann@example.org")
    assert [each.name for each in diagnosis.steps][-1] == "sender"
