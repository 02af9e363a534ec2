"""Which of a mailbox's folders is which: by SPECIAL-USE (RFC 6154), else by the names that programs give them.

Pure: what the server listed goes in, names come out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Use = Literal["drafts", "junk", "sent"]

INBOX: Final = "INBOX"

_FLAGS: Final[Mapping[Use, str]] = {"drafts": "\\drafts", "junk": "\\junk", "sent": "\\sent"}
_NAMES: Final[Mapping[Use, tuple[str, ...]]] = {
    "drafts": (
        *("Drafts", "Draft", "INBOX.Drafts", "Entwürfe", "Brouillons", "Borradores", "Bozze", "Rascunhos"),
        *("Concepten", "Utkast", "Kladder", "Luonnokset", "Szkice", "Koncepty", "Черновики", "下書き", "草稿"),
    ),
    "junk": (
        *("Junk", "Spam", "Junk E-mail", "Junk Email", "Junk-E-Mail", "Bulk Mail", "Bulk", "Spamverdacht"),
        *("Unbekannt", "Courrier indésirable", "Indésirables", "Correo no deseado", "Posta indesiderata"),
        *("Ongewenste e-mail", "Ongewenste reclame", "Skräppost", "Søppelpost", "Спам", "迷惑メール", "垃圾邮件"),
    ),
    "sent": (
        *("Sent", "Sent Items", "Sent Messages", "Sent Mail", "Sent-Mail", "INBOX.Sent", "Gesendet"),
        *("Gesendete Objekte", "Gesendete Elemente", "Gesendete Nachrichten", "Envoyés", "Éléments envoyés"),
        *("Messages envoyés", "Enviados", "Elementos enviados", "Inviata", "Posta inviata", "Itens enviados"),
        *("Verzonden", "Verzonden items", "Skickat", "Sendt", "Lähetetyt", "Wysłane", "Odeslané"),
        *("Отправленные", "送信済みアイテム", "已发送"),
    ),
}


class ListedFolder(NamedTuple):
    """A folder as the server lists it.

    Attributes:
        name: Its name, with those above it.
        delimiter: What stands between them; "" for none.
        flags: What is said of it, such as Sent behind a backslash.
    """

    name: str
    delimiter: str
    flags: tuple[str, ...]

    @property
    def can_be_opened(self) -> bool:
        """False for what only holds other folders (RFC 3501 7.2.2)."""
        return not {"\\noselect", "\\nonexistent"} & {each.lower() for each in self.flags}

    @property
    def last_name(self) -> str:
        """Its own name, without those above it."""
        return self.name.rpartition(self.delimiter)[2] if self.delimiter else self.name


def folder_for(use: Use, folders: Sequence[ListedFolder]) -> str | None:
    """Find the folder of a use; None where nothing says which it is."""
    there = [each for each in folders if each.can_be_opened]
    for each in there:
        if _FLAGS[use] in {flag.lower() for flag in each.flags}:
            return each.name
    for name in _NAMES[use]:
        for each in there:
            if name.casefold() in {each.name.casefold(), each.last_name.casefold()}:
                return each.name
    return None


def folders_to_read(folders: Sequence[ListedFolder]) -> tuple[str, ...]:
    """Name the folders that mail comes to: the inbox, and where notices land that look like spam.

    Never the one of all mail, which holds everything a second time.
    """
    junk = folder_for("junk", folders)
    return (INBOX,) if junk is None else (INBOX, junk)
