"""A pool's source for tests and benchmarks: messages by hand, each awaited by whoever sent it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from notebookmail.smtp.pool.jobs import PoolLimits, Route
from notebookmail.smtp.pool.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from notebookmail.mail.message import Mail, Receipt
    from notebookmail.smtp.options import ConnectionOptions


@dataclass(eq=False)
class Waiting:
    """A message and who waits for it."""

    mail: Mail
    result: asyncio.Future[Receipt]


class Queued:
    """A pool, opened and closed, with a queue before it.

    A message that the pool gives back is queued again; when no connection can be had, all that wait are told why.
    """

    def __init__(self, *routes: Route) -> None:
        self.pool = Pool(routes, chance=lambda: 0.0)
        self.waiters: deque[Waiting] = deque()
        self.given_back = 0
        self.lost: Exception | None = None
        self.may_go: Callable[[Waiting, Callable[[Exception | None], None]], bool] = lambda _job, _go: True
        self.renew = False

    @classmethod
    def to(cls, options: ConnectionOptions, **limits: int | None) -> Self:
        return cls(Route(options, PoolLimits(**limits)))  # type: ignore[arg-type]

    async def __aenter__(self) -> Self:
        await self.pool.open()
        self.pool.start(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.pool.close()

    async def deliver(self, mail: Mail) -> Receipt:
        if self.lost is not None:
            raise self.lost
        job = Waiting(mail, asyncio.get_running_loop().create_future())
        self.waiters.append(job)
        self.pool.wake()
        return await job.result

    # --- what the pool asks ---------------------------------------------------------------------------------

    def take(self) -> Waiting | None:
        return self.waiters.popleft() if self.waiters else None

    def waiting(self) -> int:
        return len(self.waiters)

    def commit(self, job: Waiting, go: Callable[[Exception | None], None], account: str) -> bool:
        return self.may_go(job, go)

    def end(self, job: Waiting, receipt: Receipt | None, error: Exception | None) -> bool:
        if job.result.done():
            return False
        if receipt is not None:
            job.result.set_result(receipt)
        else:
            assert error is not None
            job.result.set_exception(error)
        return self.renew and error is not None

    def give_back(self, job: Waiting) -> None:
        self.given_back += 1
        self.waiters.appendleft(job)

    def unreachable(self, error: Exception) -> None:
        self.lost = error
        while self.waiters:
            self.waiters.popleft().result.set_exception(error)
