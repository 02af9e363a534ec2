"""Which folder is for what, at servers that say so and at those that do not."""

from __future__ import annotations

import pytest

from notebookmail.errors import MailboxError
from notebookmail.mailbox.folders import ListedFolder, Use, folder_for, folders_to_read
from notebookmail.mailbox.mailbox import folder_named


def listed(*folders: tuple[str, str], delimiter: str = "/") -> list[ListedFolder]:
    return [ListedFolder(name, delimiter, tuple(flags.split())) for name, flags in folders]


GMAIL = listed(
    ("INBOX", "\\HasNoChildren"),
    ("[Gmail]", "\\HasChildren \\Noselect"),
    ("[Gmail]/All Mail", "\\All \\HasNoChildren"),
    ("[Gmail]/Entwürfe", "\\Drafts \\HasNoChildren"),
    ("[Gmail]/Gesendet", "\\HasNoChildren \\Sent"),
    ("[Gmail]/Spam", "\\HasNoChildren \\Junk"),
)
EXCHANGE = listed(("INBOX", ""), ("Drafts", "\\Drafts"), ("Junk Email", "\\Junk"), ("Sent Items", "\\Sent"))
COURIER = listed(("INBOX", ""), ("INBOX.Drafts", ""), ("INBOX.Sent", ""), ("INBOX.Spam", ""), delimiter=".")
GERMAN = listed(("INBOX", ""), ("Entwürfe", ""), ("Gesendet", ""), ("Spamverdacht", ""))


@pytest.mark.parametrize(
    ("folders", "use", "found"),
    [
        (GMAIL, "drafts", "[Gmail]/Entwürfe"),
        (GMAIL, "sent", "[Gmail]/Gesendet"),
        (EXCHANGE, "sent", "Sent Items"),
        (COURIER, "drafts", "INBOX.Drafts"),
        (COURIER, "junk", "INBOX.Spam"),
        (GERMAN, "drafts", "Entwürfe"),
        (GERMAN, "sent", "Gesendet"),
        (listed(("INBOX", ""), ("Sent", "\\Noselect")), "sent", None),
    ],
)
def test_a_folder_is_found_by_its_use_or_its_name(
    folders: list[ListedFolder], use: Use, found: str | None
) -> None:
    assert folder_for(use, folders) == found


def test_what_the_server_says_counts_more_than_a_name() -> None:
    assert folder_for("sent", listed(("Sent", ""), ("Postausgang", "\\Sent"))) == "Postausgang"


@pytest.mark.parametrize(
    ("folders", "read"),
    [(GMAIL, ("INBOX", "[Gmail]/Spam")), (GERMAN, ("INBOX", "Spamverdacht")), (listed(("INBOX", "")), ("INBOX",))],
)
def test_inbox_and_junk_are_read_and_all_mail_is_not(folders: list[ListedFolder], read: tuple[str, ...]) -> None:
    assert folders_to_read(folders) == read


def test_a_mailbox_without_such_a_folder_names_what_there_is_and_how_to_say_it() -> None:
    with pytest.raises(MailboxError, match=r"there are 'INBOX', 'Post': Drafts\(mailbox, folder=\.\.\.\)"):
        folder_named("drafts", listed(("INBOX", ""), ("Post", "")), None)
    with pytest.raises(MailboxError, match="no folder 'Nowhere'"):
        folder_named("sent", GMAIL, "Nowhere")
