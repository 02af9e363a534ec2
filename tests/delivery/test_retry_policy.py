"""Verdicts and explanations, reply by reply (the table of the delivery rules)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail import errors
from notebookmail.delivery.explain import explain
from notebookmail.delivery.retry_policy import Verdict, judge, wait_seconds
from notebookmail.errors import at


def rcpt(code: int, text: str) -> errors.SMTPException:
    refusal = at("rcpt", errors.SMTPRecipientRefused(code, text, "b@example.org"))
    return at("rcpt", errors.SMTPRecipientsRefused([refusal]))


def data(code: int, text: str) -> errors.SMTPException:
    return at("end_of_data", errors.SMTPDataError(code, text))


def mail(code: int, text: str) -> errors.SMTPException:
    return at("mail", errors.SMTPSenderRefused(code, text, "a@example.org"))


def auth(code: int, text: str) -> errors.SMTPException:
    return at("auth", errors.SMTPAuthenticationError(code, text))


CASES = [
    (rcpt(450, "4.2.0 greylisted"), "transient", Verdict.DEFER),
    (rcpt(451, "local error"), "transient", Verdict.DEFER),
    (data(451, "4.3.0 later"), "transient", Verdict.DEFER),
    (rcpt(452, "4.5.3 too many"), "rate", Verdict.RECONNECT),
    (rcpt(452, "4.2.2 full"), "transient", Verdict.DEFER),
    (data(432, "4.3.2 concurrent limit"), "rate", Verdict.SLOW_DOWN),
    (auth(454, "4.7.0 temporary"), "auth", Verdict.STOP),
    (auth(535, "5.7.8 bad credentials"), "auth", Verdict.STOP),
    (mail(530, "5.7.0 authentication required"), "auth", Verdict.STOP),
    (mail(530, "authentication required"), "auth", Verdict.STOP),
    (data(550, "5.4.5 daily limit"), "quota", Verdict.STOP),
    (rcpt(550, "5.1.1 no such user"), "address", Verdict.FAIL),
    (rcpt(553, "5.1.3 bad syntax"), "address", Verdict.FAIL),
    (rcpt(551, "moved"), "address", Verdict.FAIL),
    (mail(550, "5.1.8 bad sender"), "sender", Verdict.STOP_SENDER),
    (mail(553, "not yours"), "sender", Verdict.STOP_SENDER),
    (rcpt(550, "5.1.8 sender address rejected"), "sender", Verdict.STOP_SENDER),  # as Postfix does by default
    (mail(550, "5.7.60 cannot send as"), "sender", Verdict.STOP_SENDER),
    (data(554, "5.7.1 spam"), "policy", Verdict.FAIL),
    (data(552, "5.3.4 too big"), "size", Verdict.FAIL),
    (data(500, "what"), "protocol", Verdict.FAIL),
    (rcpt(421, "4.3.2 shutting down"), "transient", Verdict.RETRY),
    (data(421, "busy"), "transient", Verdict.RETRY),
    (data(421, "4.7.28 unusual rate of mail"), "rate", Verdict.SLOW_DOWN),
    (rcpt(450, "4.2.1 the user receives mail too quickly"), "rate", Verdict.SLOW_DOWN),
    (data(454, "Throttling failure: Maximum sending rate exceeded."), "rate", Verdict.SLOW_DOWN),
    (data(454, "Throttling failure: Daily message quota exceeded."), "quota", Verdict.STOP),
    (data(550, "5.4.5 Daily user sending limit exceeded."), "quota", Verdict.STOP),
    (data(550, "5.2.0 STOREDRV.Submission.Exception: submission quota exceeded"), "quota", Verdict.STOP),
    (data(550, "5.7.233 tenant limit"), "quota", Verdict.STOP),
    (rcpt(451, "Maximum credits exceeded"), "quota", Verdict.STOP),
    (rcpt(450, "4.7.1 Error: too much mail from 192.0.2.1"), "rate", Verdict.SLOW_DOWN),
    (data(432, "4.3.2 Concurrent connections limit exceeded"), "rate", Verdict.SLOW_DOWN),
    (rcpt(552, "too many recipients"), "size", Verdict.FAIL),
    (rcpt(552, "no"), "size", Verdict.FAIL),
    (rcpt(550, "5.5.3 too many"), "size", Verdict.FAIL),
    (auth(535, "5.7.139 Authentication unsuccessful, basic authentication is disabled."), "auth", Verdict.STOP),
    (auth(534, "5.7.9 Application-specific password required."), "auth", Verdict.STOP),
    (auth(454, "4.7.0 Too many login attempts, please try again later."), "auth", Verdict.STOP),
    (rcpt(454, "odd"), "transient", Verdict.DEFER),
    (data(599, "odd"), "policy", Verdict.FAIL),
    (errors.SMTPServerDisconnected("gone"), "connection", Verdict.RETRY),
    (errors.SMTPReadTimeoutError("late"), "timeout", Verdict.RETRY),
    (at("connect", errors.SMTPConnectError("refused")), "connection", Verdict.RETRY),
    (errors.SMTPNotSupported("SMTPUTF8"), "server", Verdict.FAIL),
    (errors.TemplateError("no name"), "template", Verdict.FAIL),
]


@pytest.mark.parametrize(("error", "category", "verdict"), CASES, ids=[str(case[0])[:40] for case in CASES])
def test_each_reply_has_its_category_and_verdict(error: Exception, category: str, verdict: Verdict) -> None:
    explanation = explain(error)
    assert (explanation.category, judge(error, 1)) == (category, verdict)
    assert explanation.cause
    assert explanation.remedy


def test_what_may_have_been_delivered_is_held_whatever_else_is_known() -> None:
    for error in (errors.SMTPServerDisconnected("gone"), errors.SMTPReadTimeoutError("late"), data(-1, "garbage")):
        error.unconfirmed = True
        assert judge(error, 1) is Verdict.UNCONFIRMED
        assert explain(error).category == "unconfirmed"


def test_tls_trouble_stops_the_run_at_once() -> None:
    error = at("tls", errors.SMTPConnectError("certificate expired"))
    assert judge(error, 1) is Verdict.STOP
    assert explain(error).category == "tls"


@given(st.integers(1, 5), st.floats(0, 1))
def test_waits_grow_and_stay_short(attempts: int, chance: float) -> None:
    assert 0 < wait_seconds(attempts, chance) < wait_seconds(attempts + 1, chance) * 2
    assert wait_seconds(2, chance) <= 2
