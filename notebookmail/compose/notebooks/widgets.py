"""What a saved widget shows without a kernel: texts, pictures and outputs, out of the states a notebook keeps.

A slider or a button says nothing in a letter, and a progress bar that has ended says nothing either.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WIDGET: Final = "application/vnd.jupyter.widget-view+json"
_STATES: Final = "application/vnd.jupyter.widget-state+json"
_REFERENCE: Final = "IPY_MODEL_"
_DEEPEST: Final = 20


def saved_states(notebook: Any) -> dict[str, Mapping[str, Any]]:
    """Return the states of a notebook's widgets, by their names."""
    states = notebook.metadata.get("widgets", {}).get(_STATES, {}).get("state", {})
    return dict(states)


def is_progress(model_id: str, states: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether a widget is a progress bar, or holds one."""
    return any("Progress" in str(each.get("model_name")) for each in _within(model_id, states, 0))


def widget_outputs(model_id: str, states: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """Return what a widget shows, as outputs of a cell; nothing where it lives in a kernel only."""
    return [output for each in _within(model_id, states, 0) for output in _shown(each)]


def _within(model_id: str, states: Mapping[str, Mapping[str, Any]], depth: int) -> Iterator[Mapping[str, Any]]:
    """Walk a widget and those in it."""
    model = states.get(model_id)
    if model is None or depth > _DEEPEST:
        return
    yield model
    for child in model.get("state", {}).get("children") or ():
        yield from _within(str(child).removeprefix(_REFERENCE), states, depth + 1)


def _shown(model: Mapping[str, Any]) -> list[dict[str, Any]]:
    state = model.get("state", {})
    match model.get("model_name"):
        case "OutputModel":
            return list(state.get("outputs") or ())
        case "HTMLModel" | "HTMLMathModel":
            return [_display("text/html", str(state.get("value", "")))]
        case "LabelModel":
            return [_display("text/html", f"<p>{escape(str(state.get('value', '')))}</p>")]
        case "ImageModel":
            kind = f"image/{state.get('format', 'png')}"
            buffers = model.get("buffers") or ()
            return [_display(kind, each["data"]) for each in buffers if each.get("path") == ["value"]]
    return []


def _display(kind: str, content: str) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {kind: content}, "metadata": {}}
