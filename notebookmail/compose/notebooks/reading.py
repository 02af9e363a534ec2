"""A notebook read from its file: what it is called, what it says before it is run, and what it is known by."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import TemplateError

from .text_cells import first_heading

if TYPE_CHECKING:
    import os

MOST_OCTETS: Final = 200 * 1024 * 1024
_VERSION: Final = 4
_FENCE: Final = "---"
_KERNEL: Final = "python3"


@dataclass(frozen=True, slots=True, eq=False)
class NotebookFile:
    """A notebook's file.

    Attributes:
        name: Its name.
        folder: Where it lies.
        notebook: What nbformat reads of it.
        identity: A hash of what its author wrote: the cells, not what they have put out.
    """

    name: str
    folder: str
    notebook: Any = field(repr=False)
    identity: str

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> NotebookFile:
        """Read a notebook.

        Raises:
            TemplateError: It is not there, is no notebook, or what reads it is not installed.
        """
        nbformat = _nbformat()
        try:
            file = Path(path).expanduser().resolve()
            notebook = nbformat.reads(_text_of(file), as_version=_VERSION)
        except TemplateError:
            raise
        except FileNotFoundError as problem:
            where = f"(looked in {Path.cwd()})"
            raise TemplateError(f"the notebook {str(path)!r:.120} is not there {where}") from problem
        except OSError as problem:
            raise TemplateError(f"the notebook {str(path)!r:.120} cannot be read: {problem.strerror}") from problem
        except Exception as problem:  # of whatever nbformat thinks of JSON that is no notebook
            raise TemplateError(f"{Path(path).name!r:.120} is no notebook: {problem!s:.200}") from problem
        return cls(file.name, str(file.parent), notebook, _identity(notebook))

    def without_outputs(self) -> NotebookFile:
        """Return the notebook as it is before it is run."""
        notebook = copy.deepcopy(self.notebook)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        notebook.metadata.pop("widgets", None)
        return replace(self, notebook=notebook)

    def for_kernel(self, kernel: str, language: str) -> NotebookFile:
        """Return the notebook as one that names its kernel: papermill asks for it."""
        notebook = copy.deepcopy(self.notebook)
        notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": language}
        return replace(self, notebook=notebook)

    def kernel(self) -> str:
        """Return the name of the kernel it was written for."""
        return str(self.notebook.metadata.get("kernelspec", {}).get("name") or _KERNEL)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the notebook as its text: workers need not know nbformat's classes."""
        return (_rebuilt, (self.name, self.folder, _nbformat().writes(self.notebook), self.identity))

    def title(self) -> str:
        """Return its title: of its metadata, of Quarto's, its first heading; or ""."""
        given = self.notebook.metadata.get("title") or _front_matter(self.notebook).get("title")
        if given:
            return " ".join(str(given).split())
        sources = (cell.source for cell in self.notebook.cells if cell.cell_type == "markdown")
        return next(filter(None, map(first_heading, sources)), "")


def _text_of(file: Path) -> str:
    if file.stat().st_size > MOST_OCTETS:
        raise TemplateError(f"{file.name} has more than {MOST_OCTETS // 2**20} MB: clear its outputs")
    return file.read_text(encoding="utf-8")


def _rebuilt(name: str, folder: str, text: str, identity: str) -> NotebookFile:
    return NotebookFile(name, folder, _nbformat().reads(text, as_version=_VERSION), identity)


def _nbformat() -> Any:
    try:
        import nbformat
    except ImportError as problem:
        raise TemplateError('notebooks need nbformat: pip install "notebookmail[notebook]"') from problem
    return nbformat


def _identity(notebook: Any) -> str:
    written = repr([(cell.cell_type, cell.source) for cell in notebook.cells])
    return hashlib.blake2b(written.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _front_matter(notebook: Any) -> dict[str, str]:
    """Return what Quarto reads: YAML between two lines of --- in the first cell."""
    import yaml

    source = notebook.cells[0].source.strip() if notebook.cells else ""
    if not is_front_matter(notebook.cells[0] if notebook.cells else None):
        return {}
    try:
        root = yaml.compose(source.strip("-"), Loader=yaml.BaseLoader)
    except yaml.YAMLError:
        return {}
    if not isinstance(root, yaml.MappingNode):
        return {}
    return {str(key.value): value.value for key, value in root.value if isinstance(value, yaml.ScalarNode)}


def is_front_matter(cell: Any) -> bool:
    """Tell whether a cell holds settings for Quarto."""
    if cell is None or cell.cell_type not in {"raw", "markdown"}:
        return False
    lines = cell.source.strip().split("\n")
    return len(lines) > 1 and lines[0].rstrip() == lines[-1].rstrip() == _FENCE
