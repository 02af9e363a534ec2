"""One session with a mailbox, looked at step by step: what `Mailbox.verify` finds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from notebookmail.errors import MailboxError, NotebookmailError
from notebookmail.server.diagnosis import Diagnosis
from notebookmail.verify.steps import Step

from .folders import folder_for, folders_to_read
from .session import MailboxSession

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from .connecting import SessionSettings
    from .folders import ListedFolder

_STEPS = ("connect", "AUTH", "folders")


async def verify_mailbox(settings: SessionSettings, no_password: str = "") -> Diagnosis:
    """Connect, log in, list the folders; the first step that fails is the last that is tried.

    Args:
        settings: How to get at the mailbox.
        no_password: Why there is no password to log in with, or "".
    """
    found = _Verification(settings, no_password)
    try:
        await found.carry_out()
    finally:
        await found.close()
    left = [Step(name, "not reached") for name in _STEPS[len(found.steps) :]]
    return Diagnosis(
        settings.where, settings.username, (*found.steps, *left), is_login_refused=found.is_login_refused
    )


class _Verification:
    """The steps so far."""

    def __init__(self, settings: SessionSettings, no_password: str) -> None:
        self._settings = settings
        self._no_password = no_password
        self._session: MailboxSession | None = None
        self.steps: list[Step] = []
        self.is_login_refused = False

    async def carry_out(self) -> None:
        """Take the steps, up to the first that fails."""
        for name, step in zip(_STEPS, (self._connect, self._log_in, self._folders), strict=True):
            if not await self._taken(name, step):
                return

    async def close(self) -> None:
        """End the session."""
        if self._session is not None:
            await self._session.close()

    async def _taken(self, name: str, step: Callable[[], Awaitable[tuple[str, tuple[str, ...]]]]) -> bool:
        started = time.perf_counter()
        try:
            words, facts = await step()
        except NotebookmailError as problem:
            message, remedy = (
                (problem.message, problem.remedy) if isinstance(problem, MailboxError) else (str(problem), "")
            )
            code = problem.code if isinstance(problem, MailboxError) else ""
            self.is_login_refused = name == "AUTH" and code == "AUTHENTICATIONFAILED"
            self.steps.append(Step(name, "failed", message, (), remedy, time.perf_counter() - started))
            return False
        self.steps.append(Step(name, "ok", words, facts, seconds=time.perf_counter() - started))
        return True

    async def _connect(self) -> tuple[str, tuple[str, ...]]:
        self._session = await MailboxSession.connect(self._settings)
        version = self._session.tls_version
        return f"connected, {f'with {version}' if version else 'without TLS, on this machine'}", ()

    async def _log_in(self) -> tuple[str, tuple[str, ...]]:
        assert self._session is not None  # noqa: S101 -- the step before made it
        if self._no_password:
            raise MailboxError(self._no_password)
        await self._session.log_in()
        return f"logged in as {self._settings.username}", ()

    async def _folders(self) -> tuple[str, tuple[str, ...]]:
        assert self._session is not None  # noqa: S101 -- as above
        folders = await self._session.folders()
        for name in folders_to_read(folders):
            await self._session.open_folder(name)
        return f"{len(folders):,} folders; read are {' and '.join(folders_to_read(folders))}", _uses(folders)


def _uses(folders: Sequence[ListedFolder]) -> tuple[str, ...]:
    drafts, sent = folder_for("drafts", folders), folder_for("sent", folders)
    return (
        f"drafts go to {drafts}" if drafts else "no folder says it is for drafts: Drafts(mailbox, folder=...)",
        f"copies go to {sent}" if sent else "no folder says it is for sent mail: Mailbox(sent_folder=...)",
    )
