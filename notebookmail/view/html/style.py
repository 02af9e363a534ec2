"""The look of every HTML view: one style sheet, scoped under one class.

Takes its ground, text and lines from JupyterLab's variables, so that it sits in every theme like a part of it;
where there are none (VS Code, Colab, an exported page) text inherits and lines are half-transparent. Status
colours come in two sets, each with contrast AA on its ground. No fonts, images or scripts are loaded. Where the
style sheet is stripped (GitHub, untrusted notebooks) the markup alone still reads.
"""

from __future__ import annotations

from .escaping import Html, element

ROOT = "nbmail"
"""The class every rule is scoped under."""

_LIGHT = """
--nbm-sent:#1a7f4b;--nbm-failed:#c4314b;--nbm-deferred:#9a6700;--nbm-unconfirmed:#7a4fd0;
--nbm-skipped:#59636e;--nbm-pending:#6b7480;--nbm-ready:#1561b0;--nbm-track:rgba(128,134,142,.22);
--nbm-line:var(--jp-border-color2,rgba(128,128,128,.32));--nbm-soft:rgba(128,134,142,.09);
--nbm-edge:rgba(105,112,122,.62);--nbm-focus:#1a6fc4;--nbm-link:#1561b0;"""
DARK_COLOURS = """
--nbm-sent:#3fb970;--nbm-failed:#ff7b86;--nbm-deferred:#dba53a;--nbm-unconfirmed:#b79cf5;
--nbm-skipped:#a3adb8;--nbm-pending:#98a2ad;--nbm-ready:#7ab8f5;--nbm-track:rgba(160,168,178,.26);
--nbm-edge:rgba(160,168,178,.6);--nbm-focus:#6cb2f5;--nbm-link:#7ab8f5;"""
"""The status colours of dark pages; for those that go by what the reader's system prefers."""

# JupyterLab, Notebook and nbconvert; VS Code; Colab; Sphinx themes; marimo.
_DARK_PAGES = (
    "body[data-jp-theme-light=false]",
    "body.vscode-dark",
    "html[theme=dark]",
    "html[data-theme=dark]",
    "body[data-theme=dark]",
)

_STATUS_RULES = "".join(
    f".{ROOT} .nbm-{status}{{--nbm-hue:var(--nbm-{status})}}"
    for status in ("sent", "failed", "deferred", "unconfirmed", "skipped", "pending", "ready")
)

# The root's class is doubled, in places even more, where JupyterLab's rules for rendered HTML must give way.
_FIRM = f".{ROOT}" * 4
_WIDGETS = f"""
.jp-RenderedHTMLCommon:has(.{ROOT}){{padding-right:0}}
.{ROOT}.widget-vbox{{display:flex;overflow:visible}}
.{ROOT} .nbmail{{margin:0;padding:0;border:0;background:none;max-width:none}}
.{ROOT} .widget-box{{overflow:visible;margin:0}}
.{ROOT} .nbm-buttons,.{ROOT} .nbm-tools{{flex-flow:row wrap;align-items:center;gap:8px;margin:0}}
.{ROOT} .nbm-buttons{{margin-top:14px}}
.{ROOT} .nbm-tools{{padding:2px 0}}
.{ROOT} .jupyter-button{{align-self:flex-start;margin:0;box-shadow:none;font:inherit}}
.{ROOT} .jupyter-button.nbm-button{{height:30px;padding:0 14px;line-height:28px;border:1px solid var(--nbm-edge);
border-radius:6px;background:var(--nbm-soft);color:inherit}}
.{ROOT} .jupyter-button.nbm-button:hover:enabled{{background:var(--nbm-track)}}
.{ROOT} .jupyter-button:disabled{{opacity:.55;cursor:default}}
.{ROOT} .jupyter-button:focus-visible,.{ROOT} select:focus-visible,.{ROOT} input:focus-visible,
.{ROOT} .nbm-scroll:focus-visible{{outline:2px solid var(--nbm-focus);outline-offset:1px;box-shadow:none}}
.{ROOT} .widget-label{{margin:0;color:var(--jp-ui-font-color2,inherit);font-size:12px}}
.{ROOT} .widget-dropdown,.{ROOT} .widget-text{{margin:0;width:auto;height:30px}}
.{ROOT} .widget-dropdown .widget-label,.{ROOT} .widget-text .widget-label{{width:auto;margin-right:6px}}
.{ROOT} .widget-dropdown>select,.{ROOT} .widget-text input{{height:30px;border:1px solid var(--nbm-edge);
border-radius:6px;background:var(--jp-layout-color1,Field);color:inherit;font:inherit;padding-left:8px}}
.{ROOT} .widget-dropdown>select{{appearance:auto}}
.{ROOT} .nbm-find input{{width:15em}}
.{ROOT} .nbm-segments{{width:auto;flex:none}}
.{ROOT} .nbm-segments .jupyter-button{{height:28px;margin:0 0 0 -1px;padding:0 12px;line-height:26px;
border:1px solid var(--nbm-edge);border-radius:0;background:none;color:inherit;font-size:12px}}
.{ROOT} .nbm-segments .jupyter-button:first-child{{margin-left:0;border-radius:6px 0 0 6px}}
.{ROOT} .nbm-segments .jupyter-button:last-child{{border-radius:0 6px 6px 0}}
.{ROOT} .nbm-segments .jupyter-button:only-child{{border-radius:6px}}
.{ROOT} .nbm-segments .jupyter-button:hover{{background:var(--nbm-soft)}}
.{ROOT} .nbm-segments .jupyter-button.nbm-chosen{{background:var(--nbm-track);font-weight:600;
box-shadow:inset 0 -2px var(--nbm-focus)}}
.{ROOT} .nbm-segments .jupyter-button:focus-visible{{z-index:1}}
.{ROOT} .nbm-grid{{align-items:flex-start;margin:10px 0 6px;border-top:1px solid var(--nbm-line);
border-bottom:1px solid var(--nbm-line)}}
.{ROOT} .nbm-labels{{flex:none;width:8.5em;gap:0;border-right:1px solid var(--nbm-line)}}
.{ROOT} .widget-box.nbm-cells{{flex:1 1 0;min-width:0;overflow:auto hidden;scrollbar-width:thin;
background:linear-gradient(to left,var(--jp-layout-color1,Canvas) 50%,transparent) right/48px 100% no-repeat local,
linear-gradient(to left,var(--nbm-track),transparent) right/16px 100% no-repeat}}
.{ROOT} .nbm-cells>*{{min-width:740px;flex:none}}
.{ROOT} :is(.nbm-cells,.nbm-list,.nbm-scroll,.nbm-scroller){{scrollbar-color:var(--nbm-edge) transparent}}
.{ROOT} .nbm-heads{{height:30px;gap:0;box-sizing:border-box}}
.{ROOT} .jupyter-button.nbm-head-button{{box-sizing:border-box;height:30px;line-height:29px;padding:0 8px;
border:0;border-radius:0;background:none;color:var(--jp-ui-font-color2,inherit);font-size:12px;text-align:left;
overflow:hidden;text-overflow:ellipsis;white-space:nowrap;min-width:0}}
.{ROOT} .jupyter-button.nbm-head-button:hover{{background:var(--nbm-soft)}}
.{ROOT} .nbm-head-button:focus-visible{{outline-offset:-2px}}
.{ROOT} .nbm-labels .nbm-head-button{{width:100%!important;padding:0 10px 0 2px}}
.{ROOT} .nbm-cells .widget-html-content{{min-width:0;width:100%}}
.{ROOT} .nbm-labels .nbm-row.jupyter-button{{width:100%;height:30px;
line-height:29px;padding:0 10px 0 2px;text-align:left;font-size:12px;overflow:hidden;text-overflow:ellipsis;
white-space:nowrap}}
.{ROOT} .nbm-labels .nbm-row.jupyter-button{{border:0;border-radius:0;border-top:1px solid var(--nbm-line);
background:none;color:var(--nbm-link);cursor:pointer}}
.{ROOT} .nbm-labels .nbm-row.jupyter-button:hover{{background:var(--nbm-soft);text-decoration:underline}}
.{ROOT} .nbm-labels .nbm-row:focus-visible{{outline-offset:-2px}}
.{ROOT}.{ROOT} .nbm-cells table{{table-layout:fixed}}
.{ROOT}.{ROOT} .nbm-cells th,.{ROOT}.{ROOT} .nbm-cells td{{height:30px;box-sizing:border-box;padding:0 8px;
line-height:29px;border:0;border-top:1px solid var(--nbm-line);overflow:hidden;text-overflow:ellipsis;
white-space:nowrap}}
{_FIRM} .nbm-cells thead th{{position:absolute;height:1px;padding:0;overflow:hidden;clip-path:inset(50%)}}
{_FIRM} .nbm-cells code{{white-space:nowrap}}
.{ROOT} .nbm-cells .nbm-scroll{{max-height:none;overflow:visible}}
.{ROOT} .nbm-grid{{container-type:inline-size}}
@container (max-width:860px){{.{ROOT} .nbm-labels{{width:5.5em}}
.{ROOT} .nbm-cells :is(.nbm-when,.nbm-by-latest){{display:none}}
.{ROOT} .nbm-cells>*{{min-width:520px}}}}
@media (max-width:600px){{.{ROOT} .nbm-labels{{width:4.5em}}}}
.{ROOT} .nbm-boxes{{gap:2px 18px;padding:4px 0}}
.{ROOT} .nbm-boxes .widget-checkbox{{margin:0;height:24px}}
.{ROOT} .nbm-boxes .widget-label-basic{{font-size:12px}}
.{ROOT}.{ROOT} .nbm-take-away{{margin-top:8px}}
.{ROOT} .nbm-plain-button{{height:28px;padding:0 12px;margin-right:8px;border:1px solid var(--nbm-edge);
border-radius:6px;background:var(--nbm-soft);color:inherit;font:inherit;cursor:pointer}}
.{ROOT} .nbm-take-away a{{color:var(--nbm-link)}}
.{ROOT} .nbm-one{{padding:8px 0}}
.{ROOT} .widget-box.nbm-its-letter:not(:empty){{margin-top:14px}}
.{ROOT}.{ROOT} .nbm-one .nbm-fields{{margin:8px 0}}
.{ROOT} .nbm-tools .jupyter-button{{align-self:center}}
.{ROOT} .nbm-unseen{{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%)}}
"""
_RULES = f"""
.{ROOT}{{{_LIGHT}
box-sizing:border-box;max-width:1400px;margin:4px 0;padding:18px 20px;border:1px solid var(--nbm-line);
border-radius:8px;background:var(--jp-layout-color1,transparent);color:var(--jp-ui-font-color1,inherit);
font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;line-height:1.5;
font-variant-numeric:tabular-nums;text-align:left;white-space:normal}}
{",".join(f"{page} .{ROOT}" for page in _DARK_PAGES)}{{{DARK_COLOURS}}}
{_STATUS_RULES}
.{ROOT}.{ROOT} p{{margin:0;line-height:1.5}}
.{ROOT} .nbm-title{{color:var(--jp-ui-font-color2,inherit);font-size:12px}}
.{ROOT} .nbm-head{{display:flex;align-items:baseline;justify-content:space-between;gap:16px}}
.{ROOT}.{ROOT} .nbm-headline{{font-size:19px;line-height:1.3;letter-spacing:-.005em}}
.{ROOT} .nbm-headline strong{{font-weight:600}}
.{ROOT} .nbm-percent{{font-size:19px;line-height:1.3;color:var(--jp-ui-font-color2,inherit)}}
.{ROOT} .nbm-bar{{display:flex;gap:2px;height:8px;margin:12px 0;border-radius:4px;overflow:hidden}}
.{ROOT} .nbm-bar span{{flex-basis:0;min-width:5px;background:var(--nbm-hue)}}
.{ROOT} .nbm-bar .nbm-pending{{background:var(--nbm-track)}}
.{ROOT} .nbm-bar .nbm-ready{{background:repeating-linear-gradient(135deg,
var(--nbm-hue) 0 6px,var(--nbm-track) 6px 9px)}}
.{ROOT}.{ROOT} ul{{list-style:none;margin:0;padding:0}}
.{ROOT}.{ROOT} .nbm-chips{{display:flex;flex-wrap:wrap;gap:6px 20px}}
.{ROOT}.{ROOT} li{{margin:0}}
.{ROOT} .nbm-sign{{display:inline-block;min-width:1.1em;color:var(--nbm-hue);font-weight:700}}
.{ROOT} .nbm-chips strong{{font-weight:600}}
.{ROOT}.{ROOT} .nbm-section{{margin:20px 0 8px;font-weight:600}}
.{ROOT}.{ROOT} .nbm-causes{{columns:2 460px;column-gap:40px}}
.{ROOT}.{ROOT} .nbm-causes li{{margin:0 0 10px;padding:1px 0 1px 12px;border-left:3px solid var(--nbm-hue);
break-inside:avoid}}
.{ROOT} .nbm-causes strong{{font-weight:600}}
.{ROOT} .nbm-quiet,.{ROOT}.{ROOT} .nbm-pace{{color:var(--jp-ui-font-color2,inherit)}}
.{ROOT}.{ROOT} .nbm-pace{{margin-top:6px}}
.{ROOT} .nbm-pace span{{white-space:nowrap}}
.{ROOT}.{ROOT} .nbm-said{{margin-top:3px;overflow-wrap:anywhere;unicode-bidi:isolate}}
.{ROOT} .nbm-whom{{color:var(--jp-ui-font-color2,inherit);font-size:12px}}
.{ROOT} .nbm-whom span{{display:inline-block;unicode-bidi:isolate}}
.{ROOT} .nbm-whom b{{font-weight:600;color:var(--jp-ui-font-color1,inherit)}}
.{ROOT}.{ROOT} .nbm-note{{margin-top:10px}}
{_FIRM} code{{padding:0;background:none;color:inherit;font-family:var(--jp-code-font-family,monospace);
font-size:12px;overflow-wrap:anywhere;white-space:normal;unicode-bidi:isolate}}
.{ROOT} .nbm-scroll{{overflow:auto;max-height:540px;outline-offset:2px}}
.{ROOT}.{ROOT} table{{width:100%;margin:0;border:0;border-collapse:separate;border-spacing:0;table-layout:auto;
font-size:12px;color:inherit}}
{_FIRM} tbody tr{{background:none}}
.{ROOT}.{ROOT} th,.{ROOT}.{ROOT} td{{max-width:none;padding:6px 16px 6px 0;border:0;
border-bottom:1px solid var(--nbm-line);text-align:left;vertical-align:top;line-height:1.45;white-space:normal;
unicode-bidi:isolate}}
.{ROOT}.{ROOT} tbody tr:last-child td{{border-bottom:0}}
.{ROOT}.{ROOT} thead th{{position:sticky;top:0;z-index:1;background:var(--jp-layout-color1,Canvas);
color:var(--jp-ui-font-color2,inherit);font-weight:400;white-space:nowrap}}
.{ROOT}.{ROOT} .nbm-tight,{_FIRM} .nbm-tight code{{white-space:nowrap}}
.{ROOT}.{ROOT} .nbm-number{{text-align:right}}
.{ROOT}.{ROOT} .nbm-wide{{width:60%;min-width:220px;overflow-wrap:anywhere}}
@media print{{.{ROOT}{{max-width:none;print-color-adjust:exact}}
.{ROOT} .nbm-scroll{{max-height:none;overflow:visible}}}}
.{ROOT}.nbm-message{{padding:0;overflow:hidden}}
.{ROOT}.{ROOT}.nbm-message>.nbm-notes{{margin:8px 20px}}
.{ROOT}.{ROOT} .nbm-fields{{width:auto;margin:12px 20px;border-collapse:collapse;font-size:13px}}
{_FIRM} .nbm-fields :is(th,td){{padding:1px 16px 1px 0;text-align:left;border:0;background:none;
overflow-wrap:anywhere}}
{_FIRM} .nbm-fields th{{font-weight:400;color:var(--jp-ui-font-color2,inherit);white-space:nowrap}}
.{ROOT} .nbm-letter{{padding:12px 20px;border-top:1px solid var(--nbm-line)}}
.{ROOT} iframe{{display:block;width:100%;height:34em;border:0;border-top:1px solid var(--nbm-line);resize:vertical;
background:#fff;background-clip:padding-box}}
"""

STYLE = Html(element("style", Html(_RULES.replace("\n", ""))))
"""The style element, to stand once in every static page."""

LIVE_STYLE = Html(element("style", Html((_RULES + _WIDGETS).replace("\n", ""))))
"""The style element of live views, with rules for their widgets; it is never saved."""
