"""What replies mean: what each provider says, each step of the session, and what holds for every reply."""

from __future__ import annotations

import re
import typing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notebookmail import errors
from notebookmail.delivery import remedies, session_faults
from notebookmail.delivery.explain import explain, gravest_refusal
from notebookmail.delivery.retry_policy import MAX_ATTEMPTS, Verdict, judge, reply_of
from notebookmail.errors import Phase, at

PHASES = typing.get_args(Phase)


def reply(code: int, text: str, phase: Phase = "rcpt") -> errors.SMTPException:
    return at(phase, errors.SMTPResponseException(code, text))


def refused(*each: tuple[int, str]) -> errors.SMTPRecipientsRefused:
    return errors.SMTPRecipientsRefused([errors.SMTPRecipientRefused(*one, "b@example.org") for one in each])


SAID = [
    # Gmail; its replies have several lines, each of which repeats the enhanced code
    ("data", 550, "5.4.5 Daily user sending limit exceeded. For more\n5.4.5 information", remedies.QUOTA),
    ("mail", 550, "5.4.5 Daily SMTP relay limit exceeded for customer", remedies.QUOTA),
    ("auth", 534, "5.7.9 Application-specific password required", remedies.AUTH_APP),
    ("auth", 534, "5.7.14 Please log in via your web browser and then try again", remedies.AUTH_BROWSER),
    ("auth", 535, "5.7.8 Username and Password not accepted", remedies.AUTH),
    ("auth", 454, "4.7.0 Too many login attempts, please try again later", remedies.AUTH_PAUSE),
    ("rcpt", 450, "4.2.1 The user you are trying to contact is receiving mail too quickly", remedies.RATE),
    ("rcpt", 550, "5.2.1 The user is receiving mail at a rate that prevents more", remedies.BUSY),
    ("data", 421, "4.7.0 Our system has detected an unusual rate of unsolicited mail", remedies.RATE),
    ("data", 550, "5.7.28 There is an unusual rate of unsolicited mail", remedies.RATE),
    ("data", 550, "5.7.26 This mail is unauthenticated", remedies.UNSIGNED),
    ("data", 550, "5.7.27 SPF does not pass", remedies.UNSIGNED),
    ("data", 550, "5.7.25 The IP address has no PTR record", remedies.NAMELESS),
    ("rcpt", 452, "4.5.3 Your message has too many recipients. See Google's sending limits", remedies.SPENT),
    # Exchange Online
    ("data", 554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", remedies.QUOTA),
    ("data", 550, "5.2.2 Submission quota exceeded", remedies.QUOTA),
    ("data", 550, "5.1.90 Your message can't be sent because you've reached your daily limit", remedies.QUOTA),
    ("data", 554, "5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException", remedies.SENDER_FULL),  # noqa: E501 -- as it is said
    ("data", 432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", remedies.RATE),
    ("data", 554, "5.2.252 SendAsDenied; a not allowed to send as b", remedies.SENDER),
    ("auth", 535, "5.7.139 Unsuccessful, basic authentication is\n5.7.139 disabled", remedies.AUTH_BASIC),
    ("auth", 550, "5.7.139 no", remedies.AUTH_BASIC),
    ("mail", 530, "5.7.57 Client was not authenticated to send anonymous mail", remedies.AUTH),
    ("mail", 550, "5.7.57 no", remedies.AUTH_WANTED),
    ("data", 550, "5.7.501 Access denied, spam abuse detected", remedies.BANNED),
    ("rcpt", 550, "5.7.64 TenantAttribution", remedies.RELAY),
    ("rcpt", 550, "5.4.1 Recipient address rejected: Access denied", remedies.ADDRESS),
    ("rcpt", 550, "5.5.0 Requested action not taken: mailbox unavailable", remedies.ADDRESS),
    ("rcpt", 550, "5.2.122 limit", remedies.BUSY),
    ("data", 550, "5.7.515 Access denied, sending domain does not meet the required authentication level", remedies.UNSIGNED_BULK),  # noqa: E501 -- as it is said
    ("connect", 421, "4.3.2 The concurrent connections limit is reached", remedies.CONNECTIONS),
    # Limits that are said with 550 and 554
    ("end_of_data", 550, "5.7.0 Requested action not taken: too many emails per second", remedies.TOO_FAST),
    ("end_of_data", 554, "5.7.1 Message rate limit exceeded", remedies.TOO_FAST),
    ("rcpt", 550, "5.7.1 You are sending too fast, slow down", remedies.TOO_FAST),
    ("end_of_data", 554, "5.7.1 You have exceeded the number of messages allowed per hour", remedies.QUOTA_HOUR),
    ("mail", 550, "Hourly limit reached", remedies.QUOTA_HOUR),
    ("rcpt", 550, "5.7.1 Domain example.org has exceeded the maximum of 500 messages per day", remedies.QUOTA),
    ("end_of_data", 550, "5.4.6 Unusual sending activity detected. Please try after sometime", remedies.PAUSED),
    ("rcpt", 550, "5.7.1 The recipient's limit of incoming messages per hour is exceeded", remedies.BUSY),
    ("end_of_data", 552, "5.3.4 Message size limit exceeded", remedies.SIZE),
    ("end_of_data", 554, "5.7.1 Message refused, it looks like spam", remedies.POLICY),
    # Others
    ("data", 554, "Message rejected: Email address is not verified. In region US-EAST-1", remedies.UNVERIFIED),
    ("mail", 550, "The from address does not match a verified Sender Identity", remedies.SENDER),
    ("auth", 451, "Authentication failed: Maximum credits exceeded", remedies.QUOTA),
    ("mail", 421, "4.7.0 [TSS04] Messages temporarily deferred due to unexpected volume", remedies.RATE),
    ("data", 550, "Domain example.org has exceeded the max emails per hour (100/100)", remedies.QUOTA_HOUR),
    ("rcpt", 550, "5.7.1 Daily sending limit exceeded for this account", remedies.QUOTA),
    ("rcpt", 550, "5.7.1 Daily sending\n5.7.1 limit exceeded", remedies.QUOTA),
    ("mail", 452, "4.5.3 Daily message limit exceeded", remedies.QUOTA),
    ("mail", 452, "4.4.5 Messages per second limit exceeded", remedies.RATE),
    ("mail", 530, "5.7.0 Must issue a STARTTLS command first", remedies.TLS_WANTED),
    ("rcpt", 554, "5.7.1 <b@example.com>: Relay access denied", remedies.RELAY),
    ("rcpt", 454, "4.7.1 <b@example.com>: Relay access denied", remedies.RELAY_LATER),
    ("rcpt", 550, "relay not permitted", remedies.RELAY),
    ("rcpt", 503, "This server requires authentication", remedies.AUTH_WANTED),
    ("rcpt", 450, "4.2.0 <b@example.org>: Recipient address rejected: Greylisted", remedies.GREYLISTED),
    ("rcpt", 451, "4.7.1 Greylisting in action, please come back later", remedies.GREYLISTED),
    ("connect", 421, "4.7.0 Too many connections from your host", remedies.CONNECTIONS),
    # any server's words, where no code says more
    ("rcpt", 552, "Mailbox is full", remedies.FULL_FOR_GOOD),
    ("rcpt", 452, "b is over quota", remedies.FULL),
    ("rcpt", 550, "5.2.2 full", remedies.FULL_FOR_GOOD),
    ("rcpt", 550, "blocked using zen.spamhaus.org", remedies.POLICY),
    ("data", 550, "SPF check failed", remedies.UNSIGNED),
    ("data", 550, "no such user", remedies.ADDRESS),
    ("data", 554, "5.6.0 bad content", remedies.CONTENT),
    # the step of the session
    ("connect", 554, "no SMTP service here", remedies.TURNED_AWAY),
    ("connect", 421, "busy", remedies.SERVER_BUSY),
    ("tls", 454, "TLS not available", session_faults.NO_TLS),
    ("tls", 421, "busy", remedies.LATER),
    ("auth", 421, "busy", remedies.LATER),
    ("auth", 454, "4.7.0 rate limited: too many requests", remedies.AUTH_LATER),
    ("auth", 504, "unrecognized authentication type", remedies.AUTH_METHOD),
    ("auth", 550, "no", remedies.AUTH),
    ("mail", 550, "5.1.1 unknown", remedies.SENDER),
    ("mail", 550, "5.7.1 no", remedies.POLICY),
    ("rcpt", 552, "no", remedies.CROWD),
    ("data", 552, "no", remedies.SIZE),
    ("rcpt", 550, "no", remedies.ADDRESS),
    ("end_of_data", 550, "no", remedies.POLICY),
    ("rcpt", 556, "no", remedies.ADDRESS),
    ("rcpt", 599, "odd", remedies.REFUSED),
    ("rcpt", 499, "odd", remedies.LATER),
    ("rcpt", 250, "odd", remedies.PROTOCOL),
    ("rcpt", -1, "odd", remedies.PROTOCOL),
]  # fmt: skip


@pytest.mark.parametrize(("phase", "code", "text", "meaning"), SAID)
def test_a_reply_is_known_by_what_it_says_and_when(
    phase: Phase, code: int, text: str, meaning: remedies.Explanation
) -> None:
    assert explain(reply(code, text, phase)) == meaning


CODES = (
    st.integers(200, 599) | st.sampled_from(sorted(remedies.BY_CODE)) | st.sampled_from([421, 450, 451, 452, 454])
)
SNIPPETS = st.sampled_from([text for _, _, text, _ in SAID]) | st.text(max_size=40)
ENHANCED = st.builds("{}.{}.{} ".format, st.sampled_from("245"), st.integers(0, 7), st.integers(0, 300)) | st.just(
    ""
)
REPLIES = st.builds(
    lambda code, enhanced, text, phase: reply(code, enhanced + text, phase),
    CODES,
    ENHANCED,
    SNIPPETS,
    st.sampled_from(PHASES),
)
GIVEN_UP = {Verdict.FAIL, Verdict.STOP_SENDER}  # the row is recorded as failed


@given(error=REPLIES)
def test_every_reply_has_a_cause_and_a_remedy(error: errors.SMTPException) -> None:
    explanation = explain(error)
    assert explanation.category
    assert explanation.cause
    assert explanation.remedy


@given(error=REPLIES, attempts=st.integers(1, 9))
@example(error=reply(452, "Too many recipients"), attempts=1)
@example(error=reply(450, "SendAsDenied"), attempts=1)
def test_a_refusal_for_now_is_never_taken_for_good(error: errors.SMTPResponseException, attempts: int) -> None:
    if 400 <= error.code < 500:
        assert judge(error, attempts) not in GIVEN_UP


@given(error=REPLIES, attempts=st.integers(1, 9))
def test_a_refusal_for_good_is_never_tried_again_but_where_it_says_too_fast(
    error: errors.SMTPResponseException, attempts: int
) -> None:
    if error.code >= 500 and explain(error).category != "rate":
        assert judge(error, attempts) in GIVEN_UP | {Verdict.STOP}


@given(error=REPLIES)
def test_no_login_is_tried_at_once_again(error: errors.SMTPResponseException) -> None:
    error.phase = "auth"
    if error.code != 421:
        assert judge(error, 1) is Verdict.STOP or error.code < 400


@given(
    address=st.sampled_from(["spam@x.org", "over-quota@x.org", "relay-denied@x.org", "starttls-required@x.org"])
)
def test_what_an_address_holds_is_not_what_the_server_says(address: str) -> None:
    assert explain(reply(550, f"<{address}> not here")) == remedies.ADDRESS


@given(filler=st.sampled_from(["a", "mailbox ", "daily a ", "a@", " "]))
def test_a_text_of_any_length_is_read_in_no_time(filler: str) -> None:
    assert explain(reply(450, filler * 200_000)) == remedies.LATER


@given(rows=st.permutations([(550, "5.1.1 no"), (450, "4.2.0 later"), (452, "4.5.3 enough"), (550, "5.4.5 day")]))
def test_of_several_refusals_the_one_that_decides_is_told(rows: list[tuple[int, str]]) -> None:
    for decisive in [(550, "5.4.5 day"), (452, "4.5.3 enough"), (450, "4.2.0 later"), (550, "5.1.1 no")]:
        error = refused(*rows)
        chosen = gravest_refusal(error)
        assert isinstance(chosen, errors.SMTPRecipientRefused)
        assert (chosen.code, chosen.message) == decisive
        assert explain(error) == explain(chosen)
        assert reply_of(error) == decisive
        rows = [row for row in rows if row != decisive]


def test_a_message_that_one_recipient_may_still_get_is_not_lost() -> None:
    assert judge(refused((550, "5.1.1 no"), (450, "4.2.0 later")), 1) is Verdict.DEFER


def test_a_limit_told_with_421_stops_the_run_as_any_other() -> None:
    assert judge(reply(421, "4.7.0 Daily user sending limit exceeded"), 1) is Verdict.STOP


@pytest.mark.parametrize("lost", [errors.SMTPServerDisconnected, errors.SMTPReadTimeoutError])
def test_a_handshake_that_broke_is_tried_again(lost: type[errors.SMTPException]) -> None:
    assert judge(at("tls", lost("gone")), 1) is Verdict.RETRY


def test_no_way_to_log_in_stops_the_run() -> None:
    error = at("auth", errors.SMTPNotSupported("no way to log in"))
    assert (explain(error), judge(error, 1)) == (remedies.AUTH_NONE, Verdict.STOP)


def test_a_row_that_breaks_every_connection_is_left_for_later() -> None:
    for error in (errors.SMTPServerDisconnected("gone"), reply(421, "bye")):
        verdicts = [judge(error, attempts) for attempts in range(1, MAX_ATTEMPTS + 1)]
        assert verdicts == [Verdict.RETRY] * (MAX_ATTEMPTS - 1) + [Verdict.DEFER]


@pytest.mark.parametrize("rule", [*remedies.BY_PROVIDER, *remedies.BY_WORDS], ids=lambda rule: rule[0][:30])
def test_a_text_is_listed_only_with_codes_that_agree_with_its_meaning(rule: remedies.Rule) -> None:
    pattern, codes, meaning = rule
    assert re.compile(pattern, re.IGNORECASE)
    for code in codes:
        if code < 500:
            assert meaning.is_transient or (meaning.stops_run and meaning.category != "sender")
        else:
            assert not meaning.is_transient


@pytest.mark.parametrize(
    ("error", "category", "remedy"),
    [
        (TimeoutError(), "timeout", "retry() later"),
        (ConnectionResetError(104, "reset"), "connection", "check the network and retry()"),
        (OSError(28, "No space left on device"), "server", "make room there, or choose another place, and run it again"),  # noqa: E501
        (PermissionError(13, "Permission denied"), "server", "make room there, or choose another place, and run it again"),  # noqa: E501
    ],
)  # fmt: skip
def test_only_what_became_of_a_file_is_told_of_its_place(error: OSError, category: str, remedy: str) -> None:
    told = explain(error)
    assert (told.category, told.remedy) == (category, remedy)
    assert told.cause
