"""The look of a message being read: one style sheet for the widget and for pages that show letters."""

from __future__ import annotations

from .escaping import Html, element
from .style import ROOT

_FIRM = f".{ROOT}.{ROOT}.{ROOT}"
_IN = f".{ROOT} .nbm-reader"
_RULES = f"""
{_IN}{{gap:0;width:100%}}
{_IN} .widget-html,{_IN} .widget-html-content{{width:100%;min-width:0}}
{_FIRM} .nbm-reader .nbm-fields{{margin:0 0 10px}}
{_FIRM} .nbm-reader .nbm-fields th{{width:1%}}
{_FIRM} .nbm-reader .nbm-all{{margin:10px 12px;width:auto;font-family:var(--jp-code-font-family,monospace);
font-size:12px}}
{_IN} .nbm-tools{{gap:8px 20px;padding:8px 0;border-top:1px solid var(--nbm-line)}}
{_IN} .nbm-screen,{_IN} .nbm-sheet{{border:1px solid var(--nbm-line);border-radius:6px;overflow:hidden}}
{_IN} .nbm-sheet iframe{{height:480px;min-height:120px;border:0}}
{_IN} .nbm-phone .nbm-sheet{{width:375px;max-width:100%;margin:0 auto;border-radius:10px}}
{_IN} .nbm-phone .nbm-notes{{text-align:center}}
{_IN} .nbm-scroller{{max-height:480px;overflow:auto}}
{_IN} .nbm-notes{{margin-top:6px}}
{_FIRM} .nbm-plain{{margin:0;padding:10px 12px;border:0;background:none;color:inherit;white-space:pre-wrap;
overflow-wrap:anywhere;font-family:var(--jp-code-font-family,monospace);font-size:12px;line-height:1.5}}
{_IN} .nbm-plain:focus-visible,{_IN} a:focus-visible{{outline:2px solid var(--nbm-focus);outline-offset:-2px}}
{_IN} .nbm-files{{margin-top:10px}}
{_FIRM} .nbm-reader .nbm-files li{{margin:2px 0;overflow-wrap:anywhere}}
{_FIRM} .nbm-reader .nbm-files a{{color:var(--nbm-link);text-decoration:underline}}
"""
READER_STYLE = Html(element("style", Html(_RULES.replace("\n", ""))))
