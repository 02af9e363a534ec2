"""Content that goes along with its envelope (BDAT, RFC 3030), and recipients beyond the LIMITS (RFC 9422)."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from notebookmail.errors import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPSenderRefused
from notebookmail.mail.message import Envelope, Mail, Receipt
from notebookmail.response import SMTPResponse
from notebookmail.smtp.wire.extensions import Extensions
from notebookmail.smtp.wire.transaction import MAX_CHUNK_OCTETS, Opened, goes_by_chunk, opening

CHUNKING = Extensions(MappingProxyType({"pipelining": "", "chunking": ""}))
SINGLY = Extensions(MappingProxyType({"chunking": ""}))
CONTENT = b"Subject: x\r\n\r\n.hello\r\n.\r\n"
CHUNK = b"BDAT 25 LAST\r\n" + CONTENT


def letter(*recipients: str, content: bytes = CONTENT) -> Mail:
    return Mail(Envelope("a@example.org", recipients or ("b@example.org",)), (content,))


def play(mail: Mail, extensions: Extensions, *codes: list[int]) -> tuple[list[bytes], Opened | Receipt]:
    """Answer each group by the next codes."""
    said: list[bytes] = []
    steps = opening(mail, extensions)
    group = next(steps)
    answers = iter(codes)
    try:
        while True:
            said.append(b"".join(command.line for command in group))
            group = steps.send([SMTPResponse(code, "text") for code in next(answers)])
    except StopIteration as done:
        return said, done.value
    except SMTPException as error:
        error.add_note(repr(said))
        raise


def test_the_chunk_follows_an_accepted_recipient_with_dots_as_they_are() -> None:
    said, receipt = play(letter(), CHUNKING, [250, 250], [250])
    assert said == [b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n", CHUNK]
    assert receipt == Receipt(SMTPResponse(250, "text"), {})


def test_without_pipelining_the_chunk_takes_the_place_of_data() -> None:
    said, receipt = play(letter(), SINGLY, [250], [250], [250])
    assert said == [b"MAIL FROM:<a@example.org>\r\n", b"RCPT TO:<b@example.org>\r\n", CHUNK]
    assert isinstance(receipt, Receipt)


def test_a_refused_recipient_is_in_the_receipt() -> None:
    _, receipt = play(letter("b@example.org", "c@example.org"), CHUNKING, [250, 550, 250], [250])
    assert {recipient: reply.code for recipient, reply in receipt.refused.items()} == {"b@example.org": 550}


def test_where_all_recipients_are_refused_no_chunk_goes_out() -> None:
    with pytest.raises(SMTPRecipientsRefused) as caught:
        play(letter("b@example.org", "c@example.org"), CHUNKING, [250, 550, 450])
    assert [error.code for error in caught.value.recipients] == [550, 450]
    assert "BDAT" not in str(caught.value.__notes__)


def test_where_the_sender_is_refused_no_chunk_goes_out() -> None:
    with pytest.raises(SMTPSenderRefused) as caught:
        play(letter(), CHUNKING, [553, 503])
    assert "BDAT" not in str(caught.value.__notes__)


def test_without_pipelining_nothing_is_sent_to_nobody() -> None:
    with pytest.raises(SMTPRecipientsRefused) as caught:
        play(letter(), SINGLY, [250], [550])
    assert "BDAT" not in str(caught.value.__notes__)


def test_a_refused_chunk_is_refused_data() -> None:
    with pytest.raises(SMTPDataError) as caught:
        play(letter(), CHUNKING, [250, 250], [552])
    assert (caught.value.code, caught.value.phase) == (552, "end_of_data")


@pytest.mark.parametrize(
    ("octets", "by_chunk"), [(0, False), (2, True), (MAX_CHUNK_OCTETS, True), (MAX_CHUNK_OCTETS + 1, False)]
)
def test_small_content_goes_by_chunk_and_never_an_empty_one(octets: int, by_chunk: bool) -> None:
    assert goes_by_chunk(letter(content=b"x" * octets), CHUNKING) is by_chunk
    assert not goes_by_chunk(letter(content=b"x" * octets), Extensions())


def test_no_chunk_is_shown() -> None:
    steps = opening(letter(), CHUNKING)
    next(steps)
    (chunk,) = steps.send([SMTPResponse(250, "ok")] * 2)
    assert repr(chunk) == "<BDAT 25 LAST>"


def limited(**limits: int) -> Extensions:
    text = " ".join(f"{name.upper()}={value}" for name, value in limits.items())
    return Extensions(MappingProxyType({"pipelining": "", "limits": text}))


PEOPLE = ("a@x.example", "b@y.example", "c@X.example", "d@z.example")


@pytest.mark.parametrize(
    ("limits", "refused"),
    [
        ({"rcptmax": 4}, []),
        ({"rcptmax": 2}, ["c@X.example", "d@z.example"]),
        ({"rcptdomainmax": 2}, ["d@z.example"]),
        ({"rcptdomainmax": 1}, ["b@y.example", "d@z.example"]),
        ({"rcptmax": 2, "rcptdomainmax": 1}, ["b@y.example", "d@z.example"]),
        ({"mailmax": 1}, []),
    ],
)
def test_recipients_beyond_the_limits_are_refused_here_for_now(limits: dict[str, int], refused: list[str]) -> None:
    steps = opening(letter(*PEOPLE), limited(**limits))
    group = next(steps)
    taken = [person for person in PEOPLE if person not in refused]
    assert [command.verb for command in group] == ["MAIL", *["RCPT"] * len(taken), "DATA"]
    with pytest.raises(StopIteration) as done:
        steps.send([SMTPResponse(250, "ok")] * (1 + len(taken)) + [SMTPResponse(354, "go")])
    assert list(done.value.value.refused) == refused
    assert {reply.code for reply in done.value.value.refused.values()} <= {452}
    assert {reply.enhanced_code for reply in done.value.value.refused.values()} <= {"4.5.3"}
