"""One run: a plan carried out over a server, recorded in the journal, folded into results, and shown.

The run is the only place where the wings meet: the runner takes messages from the plan, a transport takes them
from the runner, and what comes of them is emitted into the results and shown on the board.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from notebookmail.delivery.events import RowFailed, RowPending, RowSent, RowStarted
from notebookmail.delivery.rate_limit import Bucket
from notebookmail.delivery.run_facts import RunFacts
from notebookmail.delivery.runner import Runner
from notebookmail.delivery.runner_settings import RunnerSettings
from notebookmail.errors import NotebookmailError, SMTPAuthenticationError, SMTPException
from notebookmail.mail.idempotency import idempotency_of
from notebookmail.tracebacks import interrupts

from .claiming import claimed
from .confirming import check_confirm
from .control import RunControl
from .display import Screen, ThreadsafeCommands, repaint
from .follow_up import follow_notice, followed
from .monitor import Monitor
from .notices import SANDBOX_NOTICE, SAVING_OFFER, Notices, advice, as_notice, nothing_sent
from .plan import goes_again
from .resender import Resender
from .results import SendResults
from .sent_copies import copies_of
from .workers.making import made_in_turns, making_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from notebookmail.delivery.destination import Destination
    from notebookmail.delivery.events import RowEvent
    from notebookmail.delivery.journal import Earlier
    from notebookmail.delivery.progress import Progress
    from notebookmail.delivery.run_facts import Purpose
    from notebookmail.view.widgets.board import Commands

    from .claiming import ClaimedCampaign
    from .display import Display
    from .plan import Plan
    from .run_handle import Stage

_NOTHING_MORE: Final = frozenset({RowStarted, RowSent})
"""Events that are each row's: what they tell is in the results, and there is nothing to note beside."""

_last_results: SendResults | None = None


def last_results() -> SendResults | None:
    """Return the results of the newest run in this process, also of one that was interrupted; None before any."""
    return _last_results


def _publish(results: SendResults) -> SendResults:
    global _last_results  # noqa: PLW0603 -- what an interrupted cell leaves behind has no other owner
    _last_results = results
    return results


class Run:
    """Carries out a plan once.

    Args:
        plan: Which rows go, and what each gets.
        destination: Where it goes; None takes a sandbox.
        before: What is left of the run that this one continues, for `results.retry()`.
        stage: Where its board is shown, if not in the running cell's output.

    Attributes:
        results: How the rows stand; complete once it is carried out.
        control: Takes the commands to pause, resume and stop.
    """

    def __init__(
        self,
        plan: Plan,
        destination: Destination | None,
        before: Resender | None = None,
        stage: Stage | None = None,
    ) -> None:
        self._plan = plan
        self._destination = destination
        self.results = SendResults.begin(plan, None if before is None else before.results)
        self.control = RunControl()
        self._notices = Notices()
        self._monitor = Monitor(
            "the sandbox" if destination is None else destination.endpoint,
            "dry run" if plan.settings.dry_run else _purpose_of(destination),
        )
        self._screen = Screen(False if plan.settings.dry_run else plan.settings.progress, stage)
        self._resender = Resender(plan, self.results, self._continued, before)
        self.results.sent_with(self._resender)
        self._copies = copies_of(plan.settings, destination, plan.frame.labels)
        self._keeps_journal = False
        self._began_at, self._started = datetime.now(UTC), time.monotonic()

    def _continued(self, plan: Plan, before: Resender, stage: Stage | None) -> Run:
        return type(self)(plan, self._destination, before, stage)

    @property
    def has_begun(self) -> bool:
        """True once a server was found and rows may have been sent."""
        return self.control.runner is not None

    def interrupted_words(self) -> str:
        """Say what an interrupt at this moment means for the rows, and how to go on."""
        if not self.has_begun:
            return interrupts.INTERRUPTED_BEFORE
        if not self._keeps_journal:
            return interrupts.INTERRUPTED_WITHOUT_JOURNAL
        return interrupts.INTERRUPTED_ANEW if self._plan.settings.resend else interrupts.INTERRUPTED

    def say(self, sentence: str) -> None:
        """Have something said of the run as a whole, above its results."""
        self._notices.say(sentence)

    # --- carrying out ---------------------------------------------------------------------------------------

    async def carry_out(self) -> SendResults:
        """Send the plan's rows, and return how every row stands.

        Raises:
            FrameError, JournalError: The run may not begin; nothing was sent.
            SMTPException: The server cannot be used; nothing was sent.
        """
        guard = contextlib.nullcontext() if self._resender.is_retry else self.results.being_sent()
        with interrupts.explained(self.interrupted_words), guard:
            dry = self._plan.settings.dry_run
            return await (self._carry_out_dry() if dry else self._carry_out_shown())

    async def _carry_out_shown(self) -> SendResults:
        loop = asyncio.get_running_loop()
        board = self.show(ThreadsafeCommands(loop, self.control), is_in_cell=True)
        ticker = loop.create_task(repaint(board))
        sent_before = self.results.counts["sent"]
        try:
            await self._carry_out()
        except Exception as problem:
            host = "" if self._destination is None else self._destination.host
            if isinstance(problem, SMTPException):
                problem.add_note(advice(problem, host))
            if isinstance(problem, SMTPAuthenticationError) and self._destination is not None:
                self._destination.forget_password()
            if not self.has_begun:
                board.abandon(self.results, nothing_sent(problem, host))
            raise
        finally:
            ticker.cancel()
            self._leave_beyond()
            self._notices.say(as_notice(self._monitor.making_limit(self._plan, 0)))
            self._note_facts(self.results.counts["sent"] - sent_before)
            self.results.notice = self._notices.tell(self.results, self.control.runner)
            board.close(self.results, title=self.results.notice)
        return self.results

    async def _carry_out(self) -> None:
        async with self._found() as (destination, notice):
            self._notices.say(notice)
            with claimed(self._plan, destination, self.results, self._notices) as campaign:
                await self._send(destination, campaign)

    @contextlib.asynccontextmanager
    async def _found(self) -> AsyncIterator[tuple[Destination, str]]:
        """Find where to send to; the second value is what to say about it."""
        destination = self._destination
        if destination is not None and not destination.is_sandbox:
            yield destination, ""
            return
        from notebookmail.sandbox.server import Sandbox, running_sandbox

        if destination is not None:
            self._resender.box = running_sandbox(destination.endpoint)
            yield destination, ""
            return
        before = self._resender.box
        async with Sandbox() as box:
            box.received += before.received if before is not None else []
            self._resender.box = box
            yield box.server, SANDBOX_NOTICE

    async def _send(self, destination: Destination, campaign: ClaimedCampaign) -> None:
        idempotency = idempotency_of(destination.host)
        again = self._plan.settings.resend_unconfirmed or destination.is_repeatable
        again = again or (idempotency is not None and goes_again(campaign.earlier, idempotency, time.time()))
        plan = self._settle(campaign.earlier, destination.world, resend_unconfirmed=again)
        self._keeps_journal = campaign.claim is not None
        self._resender.journal = campaign.journal
        self._resender.identity = identity = (campaign.digest, campaign.generation, campaign.secret)
        transport = self._copies.watched(destination.transport(plan.settings.max_connections))
        self._monitor.transport = transport
        settings = self._settings(destination, campaign, resend_unconfirmed=again)
        settings = replace(settings, idempotency=idempotency)
        async with making_of(plan) as making:
            await check_confirm(plan, campaign.earlier, making, resend_unconfirmed=again)
            self._monitor.making = making
            settings = replace(settings, making=making)
            runner = Runner(plan.tasks(*identity), len(plan.going), transport, self._apply, settings)
            _publish(self.results)
            try:
                if plan.has_unsettled(campaign.earlier, resend_unconfirmed=again):
                    await transport.open()
                    self._notices.say(SAVING_OFFER if destination.offers_to_save() else "", plan.bounce_notice)
                self.control.begin(runner)
                await runner.run()
                self._notices.say(await self._copies.finish())
            except BaseException:
                if not self.has_begun:  # no server: what was sent before is told all the same
                    await runner.tell_what_was_settled()
                raise
            finally:
                await transport.close()
                self._notices.say(await self._copies.finish(0.0, "the run was interrupted"))

    def _settle(self, earlier: Mapping[bytes, Earlier], world: str, *, resend_unconfirmed: bool) -> Plan:
        """Decide what goes, now that it is known what went before; what stays is in the results."""
        plan = followed(self._plan, world, earlier, resend_unconfirmed=resend_unconfirmed)
        plan = plan.resumed(earlier, resend_unconfirmed=resend_unconfirmed)
        self._notices.say(follow_notice(plan))
        self._plan = self._resender.plan = plan
        for event in plan.excluded:
            self.results.apply(event)
        return plan

    def _settings(
        self, destination: Destination, campaign: ClaimedCampaign, *, resend_unconfirmed: bool
    ) -> RunnerSettings:
        settings = self._plan.settings
        rate = destination.messages_per_second
        return RunnerSettings(
            bucket=None if rate is None else Bucket(rate),
            quota=campaign.quota(destination),
            ledger=campaign.claim,
            earlier=campaign.earlier,
            delivered=self.results.delivered(),
            resend_unconfirmed=resend_unconfirmed,
            not_before=0.0 if settings.not_before is None else settings.not_before.timestamp(),
            retry_seconds=settings.retry * 60,
        )

    def _apply(self, event: RowEvent) -> None:
        self.results.apply(event)
        self._copies.note(event)
        if type(event) not in _NOTHING_MORE:
            self._notices.note(event)
            self._monitor.note(event)

    async def _carry_out_dry(self) -> SendResults:
        results = _publish(self.results)
        world = "" if self._destination is None else self._destination.world
        plan = self._settle({}, world, resend_unconfirmed=False)
        async with making_of(plan) as making:
            await check_confirm(plan, {}, making)
            built = 0
            async for task, made in made_in_turns(plan.tasks(), making):
                if isinstance(made, NotebookmailError):
                    results.apply(RowFailed(task.position, made))
                elif isinstance(made, BaseException):
                    raise made
                else:
                    built += 1
                    results.apply(RowPending(task.position, "dry run: built, not sent", task.to, made.message_id))
        self._leave_beyond()
        self._note_facts(built)
        return results

    def _note_facts(self, taken: int) -> None:
        """Keep the facts of a run that has begun, for whoever shows its results."""
        if self.has_begun or self._plan.settings.dry_run:
            self.results.facts = RunFacts(
                self._monitor.purpose,
                "" if self._plan.settings.dry_run else self._monitor.target,
                self._began_at,
                time.monotonic() - self._started,
                taken,
                self._plan.settings.campaign or "",
            )

    def _leave_beyond(self) -> None:
        """Say of the rows beyond the limit why they stay: at the end, for they may be a million."""
        for event in self._plan.left_for_later:
            self.results.apply(event)

    # --- showing --------------------------------------------------------------------------------------------

    def show(self, commands: Commands, *, is_in_cell: bool = False) -> Display:
        """Show the board; the arguments are as for `Screen.show`."""
        return self._screen.show(self.results, self.progress, commands, is_in_cell=is_in_cell)

    def progress(self) -> Progress:
        """Tell how the run stands."""
        return self._monitor.progress(self._plan, self.results, self.control)


def _purpose_of(destination: Destination | None) -> Purpose:
    if destination is None or destination.is_sandbox:
        return "rehearsal"
    return "files" if destination.world.startswith("file:") else "mail"
