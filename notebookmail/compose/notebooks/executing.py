"""A notebook run once with parameters, by papermill, in a kernel of its own.

It runs on a thread of its own, so that the event loop of a notebook is not in its way, and an interrupt ends the
kernel with the call.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import TemplateError

from .cell_choices import tags_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .reading import NotebookFile

_START_SECONDS: Final = 180
_TRIES: Final = 2
_NOT_INSTALLED: Final = 'parameters= needs papermill: pip install "notebookmail[notebook]"'


class RunFaultError(TemplateError):
    """A run came to no end for no fault of its parameters': another try may."""


def run_notebook(file: NotebookFile, parameters: Mapping[str, Any], kernel: str, timeout: float) -> Any:
    """Run a notebook.

    Args:
        file: The notebook.
        parameters: Values by the names of parameters.
        kernel: The kernel's name.
        timeout: How many seconds a cell may take.

    Returns:
        The notebook with its outputs; where a cell failed, those up to there, and the error.

    Raises:
        RunFaultError: The kernel died, or a cell took too long.
        TemplateError: There is no such kernel, or papermill is not installed.
    """
    for tried in range(1, _TRIES + 1):
        run = _KernelRun(file, parameters, kernel, timeout)
        with ThreadPoolExecutor(1, "report") as pool:
            try:
                return pool.submit(run).result()
            except RunFaultError:
                if run.has_begun or tried == _TRIES:  # a kernel that does not start may have met a port in use
                    raise
            except BaseException:
                run.kill()
                raise
    raise AssertionError  # pragma: no cover -- the last try returns or raises


class _KernelRun:
    """One run.

    Attributes:
        has_begun: Whether its kernel has started.
    """

    def __init__(self, file: NotebookFile, parameters: Mapping[str, Any], kernel: str, timeout: float) -> None:
        self._file = file
        self._parameters = dict(parameters)
        self._kernel = kernel
        self._timeout = timeout
        self._manager: Any = None
        self.has_begun = False

    def kill(self) -> None:
        """End the run from another thread."""
        if self._manager is not None:
            self._manager.kill()

    def __call__(self) -> Any:
        """Run the notebook.

        Raises:
            TemplateError: As for run_notebook.
        """
        try:
            from jupyter_core.utils import ensure_event_loop
        except ImportError as problem:
            raise TemplateError(_NOT_INSTALLED) from problem
        loop = ensure_event_loop()  # of this thread: nbclient would make one, and leave it open
        try:
            return self._executed()
        finally:
            if self._manager is not None:
                loop.run_until_complete(self._manager.end())
            loop.close()

    def _executed(self) -> Any:
        try:
            from jupyter_client.kernelspec import NoSuchKernel
            from nbclient.exceptions import CellTimeoutError, DeadKernelError
            from papermill.engines import NBClientEngine
        except ImportError as problem:
            raise TemplateError(_NOT_INSTALLED) from problem
        from .kernels import ReportKernel

        name = self._file.name
        manager = self._manager = ReportKernel(kernel_name=self._kernel)
        manager.folder = self._file.folder
        try:
            return NBClientEngine.execute_notebook(
                parameterized(self._file, self._parameters, self._kernel),
                self._kernel,
                progress_bar=False,
                km=manager,
                execution_timeout=self._timeout,
                start_timeout=_START_SECONDS,
            )
        except NoSuchKernel as problem:
            raise no_such_kernel(name, self._kernel) from problem
        except CellTimeoutError as problem:
            raise RunFaultError(
                f"a cell of {name} took longer than {self._timeout:g} seconds; make it faster, or say "
                "timeout=... of Template.from_notebook"
            ) from problem
        except (DeadKernelError, RuntimeError) as problem:
            raise RunFaultError(
                f"the kernel of {name} died (out of memory, perhaps); run the notebook with this row's parameters "
                "to see where"
            ) from problem
        finally:
            self.has_begun = bool(manager.clients)


def parameterized(file: NotebookFile, parameters: Mapping[str, Any], kernel: str) -> Any:
    """Return a notebook with the cell of its parameters."""
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    node = load_notebook_node(file.notebook)
    return parameterize_notebook(node, dict(parameters), kernel_name=kernel)


def known_parameters(file: NotebookFile, kernel: str) -> list[str]:
    """Return the names of a notebook's parameters; none where its language is not understood.

    Raises:
        TemplateError: No cell holds parameters, there is no such kernel, or papermill is not installed.
    """
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
        from papermill.inspection import inspect_notebook
    except ImportError as problem:
        raise TemplateError(_NOT_INSTALLED) from problem
    if not any("parameters" in tags_of(cell) for cell in file.notebook.cells):
        raise TemplateError(
            f"no cell of {file.name} holds parameters: give the cell that sets them, as in region = 'North', the "
            "tag parameters",
            "parameters",
        )
    try:
        spec = KernelSpecManager().get_kernel_spec(kernel)
    except NoSuchKernel as problem:
        raise no_such_kernel(file.name, kernel) from problem
    return list(inspect_notebook(file.for_kernel(kernel, spec.language).notebook))


def no_such_kernel(name: str, kernel: str) -> TemplateError:
    """Return what a notebook fails with whose kernel is not installed here."""
    return TemplateError(
        f"{name} wants the kernel {kernel!r}, which is not installed here: say kernel='python3' (pip install "
        "ipykernel), or another of `jupyter kernelspec list`",
        "kernel",
    )
