"""A kernel that runs one notebook once, and ends with whoever runs it.

A worker that is killed cannot end its kernel. So the kernel asks the system to be ended with the thread that
started it (PR_SET_PDEATHSIG, where there is such a thing); elsewhere ipykernel sees that its parent is gone. It
knows no password that the environment holds for sending, and writes nothing to the terminal.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from jupyter_client.manager import AsyncKernelManager

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_PDEATHSIG: Final = 1  # of <linux/prctl.h>
_SECRETS: Final = ("NOTEBOOKMAIL_",)
_BACKEND: Final = "MPLBACKEND"


class ReportKernel(AsyncKernelManager):
    """Starts a kernel in a notebook's folder, and ends it at once.

    Attributes:
        folder: The working folder of the notebook.
        clients: Who talks to it.
    """

    folder = ""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.clients: list[Any] = []

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]  # made of a coroutine there
        """Start the kernel; the options are jupyter_client's."""
        tied = {"preexec_fn": tie} if (tie := _tie()) else {}
        await super().start_kernel(
            **{**options, "cwd": self.folder, "env": _environment()},
            **tied,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def client(self, **options: Any) -> Any:
        """Make a client, to be closed with the kernel."""
        made = super().client(**options)
        self.clients.append(made)
        return made

    async def end(self) -> None:
        """End the kernel and close what talks to it."""
        for each in self.clients:
            with contextlib.suppress(RuntimeError):
                each.stop_channels()
        if self.has_kernel:
            await self.shutdown_kernel(now=True)
        self.cleanup_connection_file()

    def kill(self) -> None:
        """Kill the kernel from another thread: whoever waits for it finds it dead."""
        process = getattr(self.provisioner, "process", None)
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()


def _environment() -> dict[str, str]:
    """Return what a report may know of this process's environment, and draw its figures as a notebook does."""
    return {
        name: value for name, value in os.environ.items() if name != _BACKEND and not name.startswith(_SECRETS)
    }


def _tie() -> Callable[[], None] | None:
    """Return what a new process calls to be ended with the thread that starts it, where the system can."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it was killed in between
            os._exit(1)

    return tie
