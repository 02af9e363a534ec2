import re
import subprocess
import sys
from contextlib import suppress

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookmail.compose.tables.styled import is_styled, styled_html, styled_text
from notebookmail.errors import TemplateError

GT = pytest.importorskip("great_tables").GT
FRAME = pd.DataFrame({"who": ["Ann", "Bo"], "n": [1234.5, -2.0]})
HOSTILE = [
    "<script>alert(1)</script>",
    "<style>td { display: none }</style>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    '<b onclick="alert(1)" id="t" class="c">x</b>',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="data:text/html,x">x</a>',
    '<span style="background:url(https://evil.example/x)">x</span>',
    '<span style="background:\\75rl(https://evil.example/x)">x</span>',
    '<span style="width:expression(alert(1))">x</span>',
    '<span style="position:fixed;top:0;left:0">x</span>',
    "<form action=https://evil.example><input>",
    '<iframe src="https://evil.example"></iframe>',
    '<link rel=stylesheet href="https://evil.example/x.css">',
    '<base href="https://evil.example">',
    "<!-- <script> -->",
    "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
]
ACTING = re.compile(
    r"<(?!/?(?:a|abbr|b|br|caption|code|col|colgroup|div|em|i|p|small|span|strong|sub|sup|table|tbody|td|tfoot|th|thead|tr)\b)"
    r"|\son\w+=|javascript|data:|url\(|expression|position|\s(?:id|class|src)=|alert",
    re.IGNORECASE,
)


def formatted(frame):
    """A format that writes what the first cell holds as HTML of its own: not the cell's, the author's."""
    return {frame.columns[0]: lambda _, html=frame.iloc[0, 0]: html}


def styles(html):
    return re.findall(r'<(\w+)[^>]*? style="([^"]*)"', html)


def cell(html, text):
    """The style of the cell that holds a text."""
    return re.search(rf'<t[dh][^>]*style="([^"]*)"[^>]*>{re.escape(text)}</t', html)[1]


def test_a_styler_and_a_gt_are_styled_and_their_frame_is_not():
    assert is_styled(FRAME.style)
    assert is_styled(GT(FRAME))
    assert not any(map(is_styled, (FRAME, FRAME["n"], "x", None, GT)))


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize(
    "dress",
    [lambda frame: frame.style, lambda frame: frame.style.format(formatted(frame)), GT],
    ids=["Styler", "format of a Styler", "GT"],
)
def test_a_hostile_cell_does_nothing(hostile, dress):
    html = str(styled_html(dress(pd.DataFrame({"a": [hostile], "b": ["kept"]}))))
    assert ACTING.search(re.sub(r"&lt;.*&gt;", "", html)) is None
    assert ">kept</td>" in html
    assert html.count("<div") == html.count("</div>") == 1
    assert html.endswith("</div>")


def test_a_style_sheet_in_a_cell_is_not_honoured():
    frame = pd.DataFrame({"a": ["<style>td { display: none }</style>"], "b": ["kept"]})
    assert "display" not in styled_html(frame.style.format(formatted(frame)))
    assert "display" not in str(styled_html(frame.style)).replace("&lt;style&gt;td { display", "")


@pytest.mark.parametrize(
    "hostile", ["red;}</style><script>alert(1)</script>", "url(https://evil.example)", "red}td{"]
)
def test_a_hostile_style_does_nothing(hostile):
    html = ""
    with suppress(TemplateError):  # some editions of pandas take no such style
        html = str(styled_html(FRAME.style.map(lambda _: f"color: {hostile}")))
    assert ACTING.search(html) is None


@pytest.mark.parametrize(
    "hostile", ["</table>", "<!--", "<script>", "<textarea>", "<plaintext>", "<table>", '<b a="']
)
def test_a_cell_that_breaks_the_table_is_refused(hostile):
    frame = pd.DataFrame({"a": [f"x{hostile}y"], "b": ["kept"]})
    styler = frame.style.format(formatted(frame))
    for write in (styled_html, styled_text):
        with pytest.raises(TemplateError, match=r'a cell of the Styler .*format\(escape="html"\)'):
            write(styler)
    assert "kept" in styled_text(styler.format(escape="html"))


@given(st.text(alphabet="<>/!-='\" abdeilprstx", max_size=12))
def test_whatever_a_cell_holds_no_other_is_lost(text):
    frame = pd.DataFrame({"a": [f"<{text}"], "b": ["kept"]})
    styler = frame.style.format(formatted(frame))
    try:
        html, plain = styled_html(styler), styled_text(styler)
    except TemplateError:
        return
    assert html.endswith("</table></div>")
    assert ">kept</td>" in html
    assert "kept" in plain


def test_markup_that_a_format_writes_stays():
    frame = pd.DataFrame({"a": ['<b>x</b><br><a href="https://example.org/?a=1&b=2">y</a>']})
    html = styled_html(frame.style.format(formatted(frame)))
    assert '<b>x</b><br><a href="https://example.org/?a=1&amp;b=2">y</a>' in html


@settings(max_examples=30)
@given(st.text(alphabet="<>/!-='\"& abeilprstx;j@.", min_size=1, max_size=16).filter(str.strip))
def test_a_text_arrives_letter_by_letter_whatever_it_is(text):
    frame = pd.DataFrame({text: [text, "kept"]}, index=["i", text])
    wanted = " ".join(text.split())
    for styler in (
        frame.style,
        frame.style.format(precision=1),
        frame.style.format("{}"),
        frame.style.format(str),
    ):
        *_, last, kept = styled_text(styler).splitlines()
        assert last.endswith(wanted)
        assert "kept" in kept
        assert "<a" not in styled_html(styler)


def test_a_cell_is_a_text_in_the_html_a_format_writes():
    frame = pd.DataFrame({"a": ["<a href='https://evil.example'>x</a>"]})
    html = styled_html(frame.style.format("<b>{}</b>"))
    assert "<b>&lt;a href='https://evil.example'&gt;x&lt;/a&gt;</b>" in html


def test_a_format_that_escapes_by_itself_is_left_to_it():
    frame = pd.DataFrame({"a": ["R&D <x>"]})
    assert styled_text(frame.style.format(escape="html").hide(axis="index")).endswith("R&D <x>")
    assert styled_text(frame.style.hide(axis="index")).endswith("R&D <x>")


def test_concatenated_stylers_hold_texts_too():
    frame = pd.DataFrame({"a": ["<b>x"]})
    assert styled_text(frame.style.concat(frame.style).hide(axis="index")).count("<b>x") == 2


def test_an_escaped_cell_is_shown_as_it_is():
    assert "&lt;b&gt;x" in styled_html(pd.DataFrame({"a": ["<b>x"]}).style.format(escape="html"))
    assert "&lt;b&gt;x" in styled_html(GT(pd.DataFrame({"a": ["<b>x"]})))


def test_colours_of_cells_stay():
    html = styled_html(FRAME.style.highlight_max(subset=["n"], color="yellow").format({"n": "{:.1f}"}))
    assert "background-color:yellow" in cell(html, "1234.5")
    assert "background-color" not in cell(html, "-2.0")


def test_a_bar_in_a_cell_stays():
    html = styled_html(FRAME.style.bar(subset=["n"], color="#5fba7d").format({"n": "{:.1f}"}))
    assert "linear-gradient(" in cell(html, "1234.5")


def test_a_table_with_colours_brings_white_and_an_ink_with_it():
    with_colours = dict(styles(styled_html(FRAME.style.highlight_max(subset=["n"]))))
    assert "background-color:#ffffff;color:#24292f" in with_colours["table"]
    assert "background-color:#FFFFFF;color:#333333" in dict(styles(styled_html(GT(FRAME))))["table"]


def test_a_table_without_colours_takes_the_letters():
    assert re.search(r"(?<!-)color:|background", str(styled_html(FRAME.style.format(precision=1)))) is None


def test_numbers_of_a_styler_stand_at_the_right_unless_it_says_otherwise():
    assert "text-align:right" in cell(styled_html(FRAME.style.format({"n": "{:.1f}"})), "1234.5")
    styler = FRAME.style.format({"n": "{:.1f}"}).set_properties(**{"text-align": "center"})
    assert "text-align:center" in cell(styled_html(styler), "1234.5")
    assert "text-align:left" in cell(styled_html(FRAME.style), "Ann")


def test_rules_of_a_styler_for_all_its_cells_are_written_into_them():
    html = styled_html(
        FRAME.style.set_table_styles([{"selector": "td", "props": "font-weight: bold; float: left"}])
    )
    assert "font-weight:bold" in cell(html, "Ann")
    assert "float" not in html


def test_what_is_hidden_is_in_neither_form():
    styler = FRAME.style.hide(axis="index").hide(["who"], axis="columns").format(precision=1)
    assert "Ann" not in styled_html(styler)
    assert styled_text(styler) == "     n\n------\n1234.5\n  -2.0"


def test_a_cell_that_is_not_displayed_is_not_in_the_text():
    styler = FRAME.style.hide(axis="index").set_properties(subset=["who"], display="none")
    assert "Ann" not in styled_text(styler)
    assert "display:none" in cell(styled_html(styler), "Ann")


def test_the_text_of_a_styler_has_its_formats_and_caption():
    styler = FRAME.style.format({"n": "{:,.1f} €"}).set_caption("Sales & more").hide(axis="index")
    assert styled_text(styler) == "Sales & more\n\nwho          n\n---  ---------\nAnn  1,234.5 €\nBo      -2.0 €"


def test_levels_of_columns_and_labels_in_text():
    columns = pd.MultiIndex.from_tuples([("2023", "a"), ("2023", "b"), ("2024", "a")])
    index = pd.MultiIndex.from_tuples([("x", 1), ("x", 2)], names=["k", "l"])
    text = styled_text(pd.DataFrame([[1, 2, 3], [4, 5, 6]], columns=columns, index=index).style)
    assert text.splitlines() == [
        "k  l  2023 a  2023 b  2024 a",
        "-  -  ------  ------  ------",
        "x  1       1       2       3",
        "   2       4       5       6",
    ]


def test_the_text_of_a_gt_has_its_titles_spanners_and_notes():
    table = (
        GT(FRAME, rowname_col="who")
        .tab_header("Title", "Subtitle")
        .tab_spanner("span", columns=["n"])
        .fmt_number("n", decimals=1)
        .tab_source_note("A note")
    )
    assert styled_text(table).splitlines() == [
        *("Title", "Subtitle", ""),
        "      span n",
        "---  -------",
        "Ann  1,234.5",
        "Bo      \N{MINUS SIGN}2.0",
        *("", "A note"),
    ]


def test_groups_of_rows_of_a_gt_are_in_its_text():
    frame = FRAME.assign(team=["red", "blue"])
    lines = styled_text(GT(frame, groupname_col="team")).splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["red", "Ann", "blue", "Bo"]


def test_images_in_cells_are_left_out():
    html = styled_html(GT(pd.DataFrame({"n": ["1 2 3"], "b": ["kept"]})).fmt_nanoplot("n"))
    assert "svg" not in html
    assert ">kept</td>" in html


def test_the_borders_a_gt_does_not_have_are_left_out():
    assert "none" not in cell(styled_html(GT(FRAME)), "Ann").replace("border-style:none", "")


@pytest.mark.parametrize(
    "dress", ["GT(frame).tab_spanner('s', columns=['b'])", "frame.style.highlight_max(axis=1)"]
)
def test_the_same_table_is_the_same_in_every_process(dress):
    program = (
        "import sys\nimport pandas as pd\nfrom great_tables import GT\n"
        "from notebookmail.compose.tables.styled import styled_html\n"
        f"frame = pd.DataFrame([[1, 2]], columns=['a', 'b'])\nsys.stdout.write(styled_html({dress}))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
    assert runs != {b""}


def test_a_styler_is_not_changed():
    styler = FRAME.style.highlight_max(subset=["n"])
    before = styler.to_html(table_uuid="x")
    styled_html(styler)
    assert styler.to_html(table_uuid="x") == before


def test_a_styler_of_too_many_rows_is_refused_before_it_is_written():
    with pytest.raises(TemplateError, match="1,001 rows"):
        styled_html(pd.DataFrame({"a": range(1001)}).style.format(lambda _: 1 / 0))
    assert styled_html(pd.DataFrame({"a": range(1001)}).style.hide(range(500)))


def test_a_gt_of_too_many_rows_is_refused():
    with pytest.raises(TemplateError, match=r"1,1\d\d rows"):
        styled_html(GT(pd.DataFrame({"a": range(1100)})))


def test_a_format_that_fails_is_an_error_of_the_template():
    with pytest.raises(TemplateError, match="the Styler cannot be written: division"):
        styled_html(FRAME.style.format(lambda _: 1 / 0))


def test_an_empty_styler_is_an_empty_table():
    assert styled_text(pd.DataFrame({"a": []}).style.hide(axis="index")) == "a\n-"
