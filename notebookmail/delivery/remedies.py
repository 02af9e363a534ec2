"""What servers say and what it means: data, from the text of a reply to category, cause and remedy.

Four tables, asked in this order by explain.py; the first match wins: what providers are known to say
(`BY_PROVIDER`), the enhanced code (`BY_ENHANCED`, RFC 3463), words that any server may use (`BY_WORDS`), the code
alone (`BY_CODE`). A text counts only with the codes it is listed with, so that a refusal for now is never read as
one for good, nor the other way round. Where the provider's own page gives a text, it is named; the others are
as quoted in public bug reports and sources, or words that servers are known to use.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .explanation import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

# --- the login ----------------------------------------------------------------------------------------------

AUTH: Final = Explanation(
    "auth",
    "the server does not accept the credentials",
    "check user name and password; many providers want an app password or OAuth",
    stops_run=True,
)
AUTH_LATER: Final = Explanation(
    "auth",
    "the server cannot check credentials just now",
    "try again in a while",
    is_transient=True,
    stops_run=True,
)
AUTH_PAUSE: Final = Explanation(
    "auth",
    "the provider has locked logins for a while, after too many of them",
    "wait half an hour and run the cell again; do not try at once",
    is_transient=True,
    stops_run=True,
)
AUTH_APP: Final = Explanation(
    "auth",
    "the provider wants a password made for this program",
    "make an app password in the account's security settings, and use that one",
    stops_run=True,
)
AUTH_BASIC: Final = Explanation(
    "auth",
    "the provider no longer takes passwords for sending",
    "sign in instead: oauth=OAuth.microsoft(client_id) of the Server, or OAuth.google(...)",
    stops_run=True,
)
AUTH_BROWSER: Final = Explanation(
    "auth",
    "the provider wants to see the account's owner before a program may log in",
    "log in once with a web browser, then run the cell again",
    stops_run=True,
)
AUTH_METHOD: Final = Explanation(
    "auth",
    "the server does not understand the login",
    "check the port: 587 or 465 is the one for sending with a password",
    stops_run=True,
)
AUTH_WANTED: Final = Explanation(
    "auth",
    "the server takes mail only from those who log in",
    "give username= and password= of the Server",
    stops_run=True,
)
AUTH_NONE: Final = Explanation(
    "auth",
    "no safe way to log in came about",
    "read the error; mostly security= or the port (587 or 465) is not the provider's",
    stops_run=True,
)
TLS_WANTED: Final = Explanation(
    "tls",
    "the server takes mail only over a secure connection",
    'set security="starttls" of the Server, or "tls" with port 465',
    stops_run=True,
)

# --- limits -------------------------------------------------------------------------------------------------

QUOTA: Final = Explanation(
    "quota",
    "the account's sending limit is reached",
    "run the cell again when the limit is renewed, mostly after 24 hours: it goes on where it stopped",
    stops_run=True,
)
QUOTA_HOUR: Final = Explanation(
    "quota",
    "the account's sending limit for an hour is reached",
    "run the cell again in an hour: it goes on where it stopped; a lower rate= of the Server avoids it",
    stops_run=True,
)
RATE: Final = Explanation(
    "rate",
    "the server wants fewer messages at a time",
    "retry() later, with a lower rate= or fewer max_connections= of the Server",
    is_transient=True,
)
CONNECTIONS: Final = Explanation(
    "rate",
    "the server allows fewer connections at once",
    "set max_connections= of the Server lower, and end other programs that send over this account",
    is_transient=True,
)
TOO_FAST: Final = Explanation(
    "rate",
    "the server refuses what comes this fast",
    "wait a while, then retry() slower: with a lower rate= or fewer max_connections= of the Server",
)
"""A limit of the moment, though the server's code refuses for good."""
PAUSED: Final = Explanation(
    "quota",
    "the provider has stopped the account's sending for a while, as it came too fast or looked unusual",
    "wait an hour or more, then run the cell again, slower: a lower rate= of the Server",
    stops_run=True,
)
SPENT: Final = Explanation(
    "rate",
    "the connection has carried as many messages or recipients as the server lets it",
    "set messages_per_connection= of the Server below that, or send to fewer recipients at once",
    is_transient=True,
)
CROWD: Final = Explanation(
    "size",
    "the message has too many recipients for the server",
    "send to fewer recipients at once: one message for each row",
)
SIZE: Final = Explanation("size", "the message is too large for the server", "make attachments or figures smaller")

# --- the recipient ------------------------------------------------------------------------------------------

ADDRESS: Final = Explanation(
    "address", "there is no such mailbox", "correct the address, or take the row out of the list"
)
FULL: Final = Explanation(
    "transient", "the recipient's mailbox is full", "retry() in a day; tell them another way", is_transient=True
)
FULL_FOR_GOOD: Final = Explanation(
    "size", "the recipient's mailbox is full", "tell them another way, and ask them to make room"
)
BUSY: Final = Explanation(
    "policy",
    "the recipient gets more mail just now than their server allows",
    "run send_frame again in an hour or more",
)

# --- the sender ---------------------------------------------------------------------------------------------

SENDER: Final = Explanation(
    "sender",
    "the server does not let you send as this sender",
    "use a sender address that belongs to the account",
    stops_run=True,
)
SENDER_FULL: Final = Explanation(
    "sender",
    "the sender's own mailbox is full, and the server keeps a copy of what is sent there",
    "make room in the sender's mailbox (Sent Items), then run the cell again",
    stops_run=True,
)
BANNED: Final = Explanation(
    "sender",
    "the provider has blocked this account or organisation from sending",
    "ask its administrator; mostly the account was misused, or sent what looks like spam",
    stops_run=True,
)

# --- what the server thinks of the message --------------------------------------------------------------------

POLICY: Final = Explanation(
    "policy",
    "the server refuses the message by its policy",
    "read the reply: often SPF or DKIM is missing, or the text looks like spam",
)
UNSIGNED: Final = Explanation(
    "policy",
    "the server finds no proof that the sender's domain lets this server send for it",
    "ask whoever looks after the domain for SPF, DKIM and DMARC, or send through its own server",
)
UNVERIFIED: Final = Explanation(
    "policy",
    "the provider takes mail only from, or for a new account only to, addresses that were verified",
    "verify the address or its domain in the provider's console",
)
RELAY: Final = Explanation(
    "policy",
    "the server does not pass mail on to this recipient's domain for you",
    "log in with username= and password= of the Server, or send through your own provider's server",
)
RELAY_LATER: Final = replace(RELAY, is_transient=True)
TURNED_AWAY: Final = Explanation(
    "policy",
    "the server takes no mail from this computer",
    "read the reply; use your provider's submission server (port 587 or 465) and log in",
    stops_run=True,
)
CONTENT: Final = Explanation(
    "content",
    "the server cannot take the message as it is written",
    "read the reply; a plainer message, or other attachments, may pass",
)
PROTOCOL: Final = Explanation(
    "protocol", "the server did not understand the session", "report it with the reply: it may be our mistake"
)
UNSIGNED_BULK: Final = Explanation(
    "policy",
    "Outlook.com takes mail of large senders only where SPF, DKIM and DMARC of the sender's domain pass",
    "ask whoever looks after the domain for all three; `await server.verify()` shows which are there",
)
NAMELESS: Final = Explanation(
    "policy",
    "the address that the mail comes from has no name in DNS that leads back to it (PTR)",
    "ask whoever runs the sending server for a PTR record, or send through your provider's server",
)
REFUSED: Final = Explanation("policy", "the server refused the message", "read the reply")
GREYLISTED: Final = Explanation(
    "transient",
    "the server takes mail of a sender it does not know only at the second try (greylisting)",
    "run the cell again in a quarter of an hour, or let it stay for such rows: retry=60",
    is_transient=True,
)
SERVER_BUSY: Final = Explanation(
    "transient",
    "the server is busy, and takes no further connections just now",
    "run the cell again in a few minutes; if it stays so, ask its administrator",
    is_transient=True,
)
LATER: Final = Explanation(
    "transient",
    "the server asks to try again later",
    "retry() in a quarter of an hour, or retry=60 stays an hour for such rows",
    is_transient=True,
)

# --- the tables -----------------------------------------------------------------------------------------------

Rule = tuple[str, frozenset[int], Explanation]
"""A pattern sought in the text in any case, the codes it counts with, and what it means."""

_FOR_NOW: Final = frozenset({421, 432, 450, 451, 452, 454})
_FOR_GOOD: Final = frozenset({550, 551, 552, 553, 554})
_ANY: Final = _FOR_NOW | _FOR_GOOD
_LOGIN: Final = frozenset({530, 534, 535, 538})
_RELAYING: Final = r"relay(ing)? (access )?(is )?(denied|not permitted|prohibited)|to relay\b"

BY_PROVIDER: Final[tuple[Rule, ...]] = (
    # Gmail: support.google.com/a/answer/3726730, "Gmail SMTP errors and codes"
    (r"daily (user )?sending (limit|quota) exceeded|daily smtp relay .{0,20}exceeded", _ANY, QUOTA),
    (r"application-specific password required", _LOGIN, AUTH_APP),
    (r"log ?in (via|with) your web browser", _LOGIN, AUTH_BROWSER),
    (r"username and password not accepted", _LOGIN, AUTH),
    (r"too many login attempts|too many (failed|auth\w*) (logins?|attempts|failures)", _FOR_NOW, AUTH_PAUSE),
    (r"receiving e?mail (too quickly|at a rate)", _FOR_NOW, RATE),
    (r"receiving e?mail (too quickly|at a rate)", _FOR_GOOD, BUSY),
    (r"unusual rate of unsolicited", _FOR_NOW, RATE),
    # Exchange Online: learn.microsoft.com, "Email non-delivery reports and SMTP errors in Exchange Online" and
    # "Message storage and concurrent connection throttling for SMTP Authenticated Submission"
    (r"basic authentication is disabled|smtpclientauthentication is disabled", _LOGIN | {550}, AUTH_BASIC),
    (r"submission ?quota ?exceeded|(reached|exceeded) (your|its) daily limit", _FOR_GOOD, QUOTA),
    (r"storedrv\.submission\.exception:quotaexceeded", _FOR_GOOD, SENDER_FULL),
    (r"sendasdenied|not allowed to send as", _FOR_GOOD, SENDER),
    # Postfix: smtpd_sender_login_maps
    (r"sender address rejected: not (owned|logged in)", _FOR_GOOD, SENDER),
    (r"concurrent connections? limit|too many concurrent", _FOR_NOW, CONNECTIONS),
    (r"thread limit exceeded", _FOR_NOW, RATE),
    (r"client was not authenticated", _FOR_GOOD, AUTH_WANTED),
    (r"requested action not taken: mailbox unavailable", frozenset({550}), ADDRESS),
    # Amazon SES: docs.aws.amazon.com/ses, "Errors related to the sending quotas"; the last one as quoted
    (r"daily message quota exceeded", _FOR_NOW | {554}, QUOTA),
    (r"maximum sending rate exceeded|throttling failure", _FOR_NOW, RATE),
    (r"email address is not verified", frozenset({554}), UNVERIFIED),
    # SendGrid: "SMTP Errors and Troubleshooting" for the sender; the credits and the identity as quoted
    (r"maximum credits exceeded", _ANY | _LOGIN, QUOTA),
    (r"not match a verified sender identity|not authorized to send from that", _FOR_GOOD, SENDER),
    # Yahoo: TSS04, as quoted; it names postmaster.yahooinc.com/error-codes
    (r"deferred due to (unexpected volume|user complaints)", _FOR_NOW, RATE),
    # cPanel's Exim, as quoted
    (r"exceeded the max (emails|defers and failures) per hour", _ANY, QUOTA_HOUR),
    # Zoho, as quoted: the account is locked for a while
    (r"unusual sending activity", _ANY, PAUSED),
    # Limits said with codes that refuse for good: the recipient's own, then Mailtrap's and others', as quoted
    (r"(incoming|inbound|receiv)[^.]{0,60}limit|limit[^.]{0,60}(incoming|inbound|receiv)", _FOR_GOOD, BUSY),
    (r"exceeded .{0,40}per hour|hourly (\w+ ){0,2}(limit|quota)", _FOR_GOOD, QUOTA_HOUR),
    (r"exceeded .{0,40}per day", _FOR_GOOD, QUOTA),
    (r"too (many|much) (\w+ ){1,3}per (second|minute)", _FOR_GOOD, TOO_FAST),
    (r"(message|sending|mail|email|submission) rate (limit )?(\w+ )?exceeded", _FOR_GOOD, TOO_FAST),
    (r"rate.?limit(ed| exceeded| reached)|throttl|slow down|sending too (fast|quickly)", _FOR_GOOD, TOO_FAST),
    # Hosting providers with a day's limit say it in much the same words
    (
        r"(daily|sending) (\w+ ){0,2}(limit|quota) (\w+ ){0,2}(exceeded|reached)|reached your daily",
        _ANY,
        QUOTA,
    ),
    # RFC 3207 4: what a server says that wants TLS
    (r"starttls (is )?required|starttls command first", frozenset({530, 550, 554}), TLS_WANTED),
    # Postfix, Exim, Exchange, sendmail to strangers; Postfix's default is 454 (smtpd_relay_restrictions)
    (_RELAYING, _FOR_GOOD, RELAY),
    (_RELAYING, frozenset({450, 451, 454}), RELAY_LATER),
    (r"authentication (is )?required|requires authentication|turn on smtp auth", _FOR_GOOD | {503}, AUTH_WANTED),
    # RFC 5321 4.5.3.1.10: 452 is right for it, 552 and others are said, too
    (r"too many recipients", frozenset({452}), SPENT),
    (r"too many recipients", _FOR_GOOD, CROWD),
)  # fmt: skip

BY_ENHANCED: Final[tuple[tuple[str, Explanation], ...]] = (
    # Matched against the whole enhanced code: RFC 3463, RFC 4954 6, RFC 7372, and Exchange Online's own.
    (r"5\.1\.[78]|5\.7\.60", SENDER),
    (r"5\.7\.50[123]|5\.7\.70[58]", BANNED),
    (r"5\.1\.([1-6]|10)|5\.2\.1", ADDRESS),
    (r"5\.4\.5|5\.7\.23[23]|5\.1\.90", QUOTA),
    (r"5\.2\.12[12]", BUSY),
    (r"4\.2\.2", FULL),
    (r"5\.2\.2", FULL_FOR_GOOD),
    (r"4\.5\.3", SPENT),
    (r"4\.2\.1|[45]\.7\.28", RATE),
    (r"5\.5\.3", CROWD),
    (r"5\.2\.3|5\.3\.4", SIZE),
    (r"5\.6\.\d+", CONTENT),
    (r"5\.7\.139", AUTH_BASIC),
    (r"5\.7\.([89]|11)", AUTH),
    (r"5\.7\.57", AUTH_WANTED),
    (r"5\.7\.(54|64)", RELAY),
    (r"5\.7\.515", UNSIGNED_BULK),  # Outlook.com, since May 2025
    (r"5\.7\.25", NAMELESS),  # RFC 7372 3.3; Gmail says so, too
    (r"5\.7\.2[0-467]|5\.7\.509", UNSIGNED),
    (r"5\.7\.\d+", POLICY),
    (r"5\.5\.\d+", PROTOCOL),
)

_TOO_MANY: Final = r"too (many|much|frequent) (messages|mail|connect\w*|sessions|emails|requests)"
_MAILBOX_FULL: Final = r"mailbox (\S+ ){0,3}full|over ?quota"
_UNKNOWN: Final = (
    r"(user|recipient|mailbox|address) (is )?(unknown|not found)|(unknown|no such) (user|recipient|mailbox)"
)

BY_WORDS: Final[tuple[Rule, ...]] = (
    # postgrey, Exim's and rspamd's: all of them name it
    (r"gr[ae]y-?list", _FOR_NOW, GREYLISTED),
    (r"too many (\w+ )?(connections|sessions)|connection (rate |count )?limit", _FOR_NOW, CONNECTIONS),
    (_TOO_MANY + r"|rate.?limit|too (fast|quickly)|throttl|slow down|per (second|minute|hour)\b", _FOR_NOW, RATE),
    (_MAILBOX_FULL, _FOR_NOW, FULL),
    (_MAILBOX_FULL, _FOR_GOOD, FULL_FOR_GOOD),
    (r"\b(dmarc|dkim|spf)\b", _FOR_GOOD, UNSIGNED),
    (r"\bspam|black ?list|block ?list|blocked|unsolicited|reputation|\bvirus", _FOR_GOOD, POLICY),
    (_UNKNOWN, _FOR_GOOD, ADDRESS),
)

BY_CODE: Final[Mapping[int, Explanation]] = {
    432: RATE,
    521: ADDRESS,  # RFC 7504: the host takes no mail at all
    530: AUTH,
    534: AUTH,
    535: AUTH,
    538: AUTH,
    550: ADDRESS,
    551: ADDRESS,
    552: SIZE,
    553: ADDRESS,
    554: POLICY,
    555: PROTOCOL,
    556: ADDRESS,  # RFC 7504: the recipient's domain takes no mail at all
    571: POLICY,
} | dict.fromkeys(range(500, 505), PROTOCOL)
