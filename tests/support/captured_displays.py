"""What a widget shows and would save, and a screen that keeps what is displayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ipywidgets

VIEW = "application/vnd.jupyter.widget-view+json"


class Screen:
    """Stands in for IPython's display machinery: outputs by display id, as the page shows them now."""

    def __init__(self) -> None:
        self.outputs: dict[str, dict[str, str]] = {}
        self.updates = 0

    def display(self, bundle: dict[str, str], *, raw: bool, display_id: bool = False) -> Handle:
        handle = Handle(f"d{len(self.outputs)}")
        self.outputs[handle.display_id] = bundle
        return handle

    def update_display(self, bundle: dict[str, str], *, display_id: str, raw: bool) -> None:
        self.outputs[display_id] = bundle
        self.updates += 1

    @property
    def pages(self) -> list[dict[str, str]]:
        return list(self.outputs.values())


class Handle:
    def __init__(self, display_id: str) -> None:
        self.display_id = display_id


def state_of(widget: ipywidgets.Widget) -> str:
    """Everything a notebook would save of a widget and what is in it."""
    inner = getattr(widget, "children", ())
    return str(widget.get_state()) + "".join(map(state_of, inner))
