"""A saved notebook as a letter: what of it is shown, and how."""

from __future__ import annotations

import pandas as pd
import pytest
from support.notebook_files import base64_png, code, failed, media, png, printed, shown, text, written

from notebookmail import Template, check_frame
from notebookmail.errors import TemplateError

ROW = {"email": "ann@example.org", "name": "Ann"}


def letter(path, **options):
    """Return a letter's message, its HTML, and its text."""
    message = Template.from_notebook(path, sender="desk@example.org", **options).render(ROW)
    html = message.get_body(("html",)).get_content()
    return message, html, message.get_body(("plain",)).get_content()


def findings(path, **options):
    template = Template.from_notebook(path, sender="desk@example.org", **options)
    frame = check_frame(pd.DataFrame([{"email": "ann@mailbox.org"}]), template).frame
    return dict(zip(frame["kind"], frame["message"], strict=True))


# --- what is shown --------------------------------------------------------------------------------------------


def test_text_outputs_and_figures_stand_in_their_order_and_code_is_left_out(tmp_path):
    path = written(
        tmp_path,
        text("# Sales of *May*\n\nFirst words."),
        code("secret_code()", printed("printed words")),
        code("plot()", shown(image_png=base64_png())),
        text("Last words."),
    )
    message, html, plain = letter(path)
    assert message["subject"] == "Sales of May"
    places = [html.index(each) for each in ("First words", "printed words", "cid:", "Last words")]
    assert places == sorted(places)
    assert "secret_code" not in html
    assert plain.index("First words") < plain.index("printed words") < plain.index("Last words")


def test_figure_travels_as_a_part_with_the_content_id_the_html_names(tmp_path):
    path = written(tmp_path, text("# Report\n\n## By region"), code("", shown(image_png=base64_png())))
    message, html, _ = letter(path)
    pictures = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert len(pictures) == 1
    assert f"cid:{pictures[0]['Content-ID'].strip('<>')}" in html
    assert pictures[0].get_content() == png()
    assert 'alt="Figure 1: By region"' in html


def test_code_is_shown_when_it_is_asked_for_and_its_parameters_are_not(tmp_path):
    path = written(
        tmp_path,
        text("# R"),
        code("n = 1", tags=("parameters",)),
        code("print(1 < 2)"),
        code("x", tags=("hide-input",)),
    )
    html = letter(path, code=True)[1]
    assert "print(1 &lt; 2)" in html
    assert "n = 1" not in html
    assert ">x<" not in html


@pytest.mark.parametrize(
    "tag", ["hide", "remove-cell", "hide-cell", "remove_cell", "remove-output", "hide-output"]
)
def test_cells_with_the_tags_of_nbconvert_and_jupyter_book_are_left_out(tmp_path, tag):
    path = written(
        tmp_path, text("# R"), code("", printed("not for readers"), tags=(tag,)), code("", printed("kept"))
    )
    html = letter(path)[1]
    assert "kept" in html
    assert "not for readers" not in html


def test_only_cells_with_a_tag_are_shown_when_tags_are_named(tmp_path):
    path = written(
        tmp_path, text("# R"), text("for all", "mail"), code("", printed("mine")), text("both", "x", "Mail")
    )
    html = letter(path, tags=["mail"])[1]
    assert "for all" in html
    assert "both" in html
    assert "mine" not in html


def test_options_of_quarto_hide_and_name_what_they_say(tmp_path):
    path = written(
        tmp_path,
        text("---\ntitle: Sales in May\nformat: html\n---"),
        code("#| include: false\nf()", printed("hidden")),
        code('#| fig-cap: "By month"\nplot()', shown(image_png=base64_png())),
    )
    message, html, _ = letter(path)
    assert message["subject"] == "Sales in May"
    assert "hidden" not in html
    assert "format: html" not in html
    assert 'alt="By month"' in html


def test_outputs_that_jupyter_shows_folded_are_left_out(tmp_path):
    path = written(tmp_path, text("# R"), code("", printed("folded"), jupyter={"outputs_hidden": True}))
    assert "folded" not in letter(path)[1]


# --- nothing of it is Jinja -----------------------------------------------------------------------------------


def test_braces_of_a_notebook_are_text_in_subject_body_and_outputs(tmp_path):
    path = written(
        tmp_path,
        text("# Jinja {{ name }} {% if %}\n\n{{ 7 * 7 }} and {# no comment #}"),
        code("", printed("{{ row }}"), shown(text_html="<table><tr><td>{{ name }}</td></tr></table>")),
    )
    message, html, _ = letter(path)
    assert message["subject"] == "Jinja {{ name }} {% if %}"
    for each in ("{{ 7 * 7 }}", "{# no comment #}", "{{ row }}", ">{{ name }}<"):
        assert each in html
    assert "Ann" not in html


def test_own_words_may_stand_around_the_notebook(tmp_path):
    path = written(tmp_path, text("# R"), code("", printed("{{ name }}")))
    message, html, plain = letter(
        path, subject="For {{ name }}", markdown="Dear {{ name }},\n\n{{ notebook }}\n\nBye"
    )
    assert message["subject"] == "For Ann"
    assert html.index("Dear Ann") < html.index("{{ name }}") < html.index("Bye")
    assert plain.index("Dear Ann") < plain.index("{{ name }}") < plain.index("Bye")


# --- tables, formulas, colours --------------------------------------------------------------------------------


def test_table_of_pandas_is_styled_in_its_elements_and_aligned_in_the_text(tmp_path):
    frame = pd.DataFrame({"region": ["North", "South"], "sales": [1200, 7]})
    path = written(tmp_path, text("# R"), code("", shown(text_html=frame._repr_html_(), text_plain=repr(frame))))
    _, html, plain = letter(path)
    assert "<style scoped" not in html
    assert 'cellpadding="6"' in html
    assert "text-align: right" in html.partition("<th ")[2].partition(">")[0]
    lines = plain.splitlines()
    assert any(line.split() == ["0", "North", "1200"] for line in lines)


def test_styler_keeps_its_colours_and_no_style_sheet(tmp_path):
    styled = pd.DataFrame({"a": [1, 2]}).style.highlight_max(color="#ffe08a")
    path = written(tmp_path, text("# R"), code("", shown(text_html=styled._repr_html_())))
    html = letter(path)[1]
    assert "background-color:#ffe08a" in html.replace(": ", ":")
    assert "#T_" not in html


def test_formulas_are_pictures_that_say_their_latex_and_money_is_none(tmp_path):
    path = written(
        tmp_path,
        text(
            "# R\n\nFrom $5 to $9, by $a^2 + b_i$ and $ c_1 $:\n\n$$\\frac{x}{y}$$\n\n"
            "\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}"
        ),
    )
    message, html, plain = letter(path)
    assert "From $5 to $9" in html
    assert 'alt="a^2 + b_i"' in html
    assert r'alt="\frac{x}{y}"' in html
    assert 'alt="c = d"' in html
    assert 'alt="c_1"' in html
    assert "a^2 + b_i" in plain
    assert sum(part.get_content_maintype() == "image" for part in message.walk()) == 5


def test_formula_that_cannot_be_drawn_stays_as_it_is_written(tmp_path):
    path = written(tmp_path, text("# R\n\n$\\nosuchcommand{x}$"), code("", shown(text_latex="$\\unknowable$")))
    html = letter(path)[1]
    assert r"<code>\nosuchcommand{x}</code>" in html
    assert r"\unknowable" in html


def test_colours_and_overwritten_lines_of_a_terminal_are_read(tmp_path):
    path = written(tmp_path, text("# R"), code("", printed("10%\r100%\n\x1b[1;31mred\x1b[0m <b>plain</b>")))
    _, html, plain = letter(path)
    assert "10%\r" not in html
    assert ">100%" in html
    assert "color:#800000" in html
    assert "&lt;b&gt;plain&lt;/b&gt;" in html
    assert "red <b>plain</b>" in plain


def test_attachments_of_cells_files_beside_the_notebook_and_data_urls_are_parts(tmp_path):
    (tmp_path / "logo.png").write_bytes(png("red"))
    cell = text(
        f"# R\n\n![one](attachment:a.png) ![two](logo.png) <img src='data:image/png;base64,{base64_png('blue')}'>",
        attachments={"a.png": {"image/png": base64_png("green")}},
    )
    message, html, _ = letter(written(tmp_path, cell))
    contents = [part.get_content() for part in message.walk() if part.get_content_maintype() == "image"]
    assert contents == [png("green"), png("red"), png("blue")]
    assert "data:" not in html
    assert html.count("cid:") == 3


def test_drawings_and_charts_become_pictures(tmp_path):
    svg = "<svg xmlns='http://www.w3.org/2000/svg' width='60' height='30'><rect width='60' height='30'/></svg>"
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "mark": "point",
        "data": {"values": [{"a": 1}]},
    }
    path = written(
        tmp_path,
        text("# R"),
        code("", media({"image/svg+xml": svg})),
        code("", shown(text_html=f"<div><b>inline</b>{svg}</div>")),
        code("", media({"application/vnd.vegalite.v5+json": spec, "text/plain": "<VegaLite object>"})),
    )
    message, html, _ = letter(path)
    assert html.count("cid:") == 3
    assert 'width="60"' in html
    assert sum(part.get_content_type() == "image/png" for part in message.walk()) == 2  # the same drawing twice
    assert not findings(path)


# --- what cannot be shown -------------------------------------------------------------------------------------


def test_what_needs_a_browser_is_shown_by_its_picture_or_named_as_left_out(tmp_path):
    live = "<div id='m'></div><script>draw()</script>"
    path = written(
        tmp_path,
        text("# R\n\nWords."),
        code("", shown(text_html=live, image_png=base64_png())),
        code("", shown(text_html=live, text_plain="<folium.Map at 0x7f00>")),
        code(
            "", media({"application/vnd.jupyter.widget-view+json": {"model_id": "m"}, "text/plain": "IntSlider()"})
        ),
    )
    _, html, _ = letter(path)
    assert html.count("cid:") == 1
    assert "draw()" not in html
    assert "0x7f00" not in html
    template = Template.from_notebook(path, sender="desk@example.org")
    found = check_frame(pd.DataFrame([{"email": "ann@mailbox.org"}]), template).frame
    said = list(found.loc[found["kind"] == "left-out", "message"])
    assert said == ["cell 3: an interactive view, which needs a browser", "cell 4: an ipywidgets view"]


def test_table_of_colab_is_kept_without_its_buttons(tmp_path):
    html = (
        "<div><table><tr><td>7</td></tr></table><button onclick='x()'>Convert</button><script>x()</script></div>"
    )
    shown_html = letter(written(tmp_path, text("# R"), code("", shown(text_html=html))))[1]
    assert ">7</td>" in shown_html
    assert "Convert" not in shown_html
    assert "x()" not in shown_html


def test_saved_widgets_show_their_texts_and_outputs_and_progress_bars_nothing(tmp_path):
    view = "application/vnd.jupyter.widget-view+json"
    states = {
        "box": {"model_name": "VBoxModel", "state": {"children": ["IPY_MODEL_words", "IPY_MODEL_out"]}},
        "words": {"model_name": "HTMLModel", "state": {"value": "<b>bold words</b>"}},
        "out": {"model_name": "OutputModel", "state": {"outputs": [dict(printed("printed inside"))]}},
        "bar": {"model_name": "HBoxModel", "state": {"children": ["IPY_MODEL_progress"]}},
        "progress": {"model_name": "FloatProgressModel", "state": {}},
    }
    path = written(
        tmp_path,
        text("# R"),
        code("", media({view: {"model_id": "box"}})),
        code("", media({view: {"model_id": "bar"}})),
        widgets={"application/vnd.jupyter.widget-state+json": {"state": states}},
    )
    html = letter(path)[1]
    assert "<b>bold words</b>" in html
    assert "printed inside" in html
    assert not findings(path)


def test_warnings_and_addresses_in_memory_are_for_the_author(tmp_path):
    path = written(
        tmp_path,
        text("# R"),
        code("", printed("DeprecationWarning", "stderr"), shown(text_plain="[<Line2D at 0x7f12>]")),
    )
    _, html, plain = letter(path)
    assert "DeprecationWarning" not in html + plain
    assert "0x7f12" not in html + plain


def test_html_of_a_cell_can_do_nothing_in_a_letter(tmp_path):
    hostile = (
        "<p onclick='x()' style='position:fixed;color:red;background:url(http://spy.example)'>text"
        "<img src='file:///etc/passwd' alt='p'><a href='javascript:x()'>link</a><iframe src='http://x'></iframe>"
        "<form><input></form><!--left out: nothing--></p>"
    )
    html = letter(written(tmp_path, text(f"# R\n\n{hostile}")))[1]
    for each in (
        "onclick",
        "position",
        "spy.example",
        "javascript:",
        "iframe",
        "<input",
        "passwd",
        "left out: nothing",
    ):
        assert each not in html.replace("file:///etc/passwd' is not there", "")
    assert "color:red" in html


def test_files_outside_of_the_notebooks_folder_are_not_taken_along(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "private.png").write_bytes(png())
    path = written(tmp_path / "inside", text("# R\n\nwords ![x](../private.png)"))
    message, html, _ = letter(path)
    assert "cid:" not in html
    assert all(part.get_content_maintype() != "image" for part in message.walk())
    assert "outside" in findings(path)["left-out"]


# --- what is refused ------------------------------------------------------------------------------------------


def test_error_in_a_cell_refuses_the_letter_and_names_the_cell(tmp_path):
    cell = code("", failed(), tags=("hide-output",))
    cell["execution_count"] = 7
    path = written(tmp_path, text("# R"), cell)
    with pytest.raises(TemplateError, match=r"cell 2 \(In \[7\]\) of report.ipynb ended with ValueError: no rows"):
        Template.from_notebook(path)


def test_error_that_is_meant_is_shown(tmp_path):
    html = letter(written(tmp_path, text("# R"), code("", failed(), tags=("raises-exception",))))[1]
    assert "ValueError: no rows" in html


def test_notebook_without_a_title_wants_a_subject(tmp_path):
    path = written(tmp_path, text("words"))
    with pytest.raises(TemplateError, match="pass subject="):
        Template.from_notebook(path)
    assert letter(path, subject="Mine")[0]["subject"] == "Mine"


def test_notebook_that_was_never_run_is_refused_with_what_to_do(tmp_path):
    path = written(tmp_path, code("1 + 1"))
    with pytest.raises(TemplateError, match="run it and save it, or pass parameters="):
        Template.from_notebook(path, subject="s")


def test_wrong_files_and_options_are_refused_in_words(tmp_path):
    (tmp_path / "bad.ipynb").write_text("{}")
    path = written(tmp_path, text("# R"))
    with pytest.raises(TemplateError, match="is not there"):
        Template.from_notebook(tmp_path / "none.ipynb")
    with pytest.raises(TemplateError, match="is no notebook"):
        Template.from_notebook(tmp_path / "bad.ipynb")
    with pytest.raises(TemplateError, match="has the tag mail"):
        Template.from_notebook(path, tags="mail")
    with pytest.raises(TemplateError, match="shows the notebook nowhere"):
        Template.from_notebook(path, markdown="Dear all")
    with pytest.raises(TemplateError, match="True or False"):
        Template.from_notebook(path, code="yes")


# --- size, identity -------------------------------------------------------------------------------------------


def test_letter_that_gmail_would_clip_says_which_cells_are_largest(tmp_path):
    rows = "".join(f"<tr><td>{number}</td><td>{'x' * 60}</td></tr>" for number in range(1200))
    path = written(
        tmp_path, text("# R"), code("", printed("short")), code("", shown(text_html=f"<table>{rows}</table>"))
    )
    said = findings(path)["clipped"]
    assert "largest in it: cell 3, a table (" in said


def test_thousand_cells_of_a_table_fit_into_what_gmail_shows(tmp_path):
    frame = pd.DataFrame({f"column {place}": range(60) for place in range(20)})
    path = written(tmp_path, text("# R"), code("", shown(text_html=frame._repr_html_())))
    assert "clipped" not in findings(path)
    assert len(letter(path)[1]) < 60_000


def test_letter_is_known_by_what_its_author_wrote_and_not_by_what_it_put_out(tmp_path):
    first = Template.from_notebook(written(tmp_path, text("# R"), code("x", printed("17"))))
    rerun = Template.from_notebook(written(tmp_path, text("# R"), code("x", printed("18"))))
    other = Template.from_notebook(written(tmp_path, text("# R"), code("y", printed("18"))))
    assert first.digest == rerun.digest
    assert rerun.digest != other.digest


def test_letters_of_all_rows_share_their_pictures_and_the_same_bytes_each_time(tmp_path):
    path = written(tmp_path, text("# R"), code("", shown(image_png=base64_png()), shown(text_html="<p class=a>x")))
    template = Template.from_notebook(path, sender="desk@example.org")
    again = Template.from_notebook(path, sender="desk@example.org")
    assert str(template.render(ROW)).split("Date")[0] == str(again.render(ROW)).split("Date")[0]
    assert repr(template) == "<Template 'R'>"


# --- pages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", ["lab", "classic"])
def test_page_that_nbconvert_wrote_reads_as_its_notebook(tmp_path, template):
    nbconvert = pytest.importorskip("nbconvert")
    frame = pd.DataFrame({"region": ["North"]})
    path = written(
        tmp_path,
        text("# Sales of May\n\nWords."),
        code("secret()", printed("in May"), printed("warned", "stderr"), shown(text_html=frame._repr_html_())),
        code("plot()", shown(image_png=base64_png())),
    )
    exporter = nbconvert.HTMLExporter(template_name=template)
    (tmp_path / "page.html").write_text(exporter.from_filename(str(path))[0], encoding="utf-8")
    message, html, plain = letter(tmp_path / "page.html")
    assert message["subject"] == "Sales of May"
    assert [part.get_content() for part in message.walk() if part.get_content_maintype() == "image"] == [png()]
    for each in ("Words.", "in May", "North"):
        assert each in html
        assert each in plain
    for each in ("secret", "warned", "In [", "¶", "<script", "jp-"):
        assert each not in html
    assert "secret" in letter(tmp_path / "page.html", code=True)[1]


def test_page_of_quarto_is_read_without_its_contents_and_with_its_formulas(tmp_path):
    page = tmp_path / "report.html"
    page.write_text(
        "<html><head><title>T</title><style>p{color:red}</style></head><body>"
        "<nav id='TOC'><a href='#a'>Contents</a></nav><h1 class='title'>Sales</h1>"
        "<div class='cell'><div class='sourceCode cell-code'><pre>f()</pre></div>"
        "<div class='cell-output cell-output-stderr'><pre>warned</pre></div>"
        "<p>By <span class='math inline'>\\(x_1\\)</span></p>"
        f"<img src='data:image/png;base64,{base64_png()}'></div></body></html>"
    )
    message, html, _ = letter(page)
    assert message["subject"] == "Sales"
    assert 'alt="x_1"' in html
    assert html.count("cid:") == 2
    for each in ("Contents", "f()", "warned", "color:red"):
        assert each not in html
    with pytest.raises(TemplateError, match="are for the notebook"):
        Template.from_notebook(page, parameters=["region"])
