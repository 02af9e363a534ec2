"""What a letter is made of: its parts, their nesting, and what each says."""

import datetime as dt
import email
import email.policy
import io
import pickle
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from babel.dates import format_date, format_time
from babel.numbers import get_decimal_symbol, get_group_symbol
from markupsafe import Markup
from matplotlib.figure import Figure
from support.sample_runs import PNG

from notebookmail.compose.groups import GroupedFrame
from notebookmail.compose.jinja import printing
from notebookmail.compose.jinja.environment import environment
from notebookmail.compose.rows.frame import Row
from notebookmail.compose.template import Template
from notebookmail.errors import FrameError, TemplateError

WHEN = dt.datetime(2025, 5, 1, 12, 30, tzinfo=dt.UTC)
SALES = pd.DataFrame({"month": ["Jan", "Feb"], "sales": [1234.5, 77.0]})


def figure():
    drawn = Figure(figsize=(2, 1))
    drawn.subplots().plot([1, 2], [2, 1])
    return drawn


def template(**parts):
    bodies = {"markdown", "html", "text"} & parts.keys()
    return Template(
        "s", sender="me@example.com", to="b@example.com", **({} if bodies else {"text": "hello"}) | parts
    )


def render(made, **fields):
    return made.render(fields)


def nesting(message):
    """Write the parts' types as `mixed(alternative(plain html) png)`."""
    name = message.get_content_subtype()
    if not message.is_multipart():
        return name
    return f"{name}({' '.join(map(nesting, message.iter_parts()))})"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, "plain"),
        ({"markdown": "x"}, "alternative(plain html)"),
        ({"attachments": {"a.txt": b"x"}}, "mixed(plain plain)"),
        ({"markdown": "x", "attachments": {"a.pdf": b"x"}}, "mixed(alternative(plain html) pdf)"),
        (
            {"markdown": "![x](cid:p)", "inline": {"p": PNG}},
            "alternative(plain related(html png))",
        ),
        (
            {"markdown": "{{ p | image(alt='x') }}", "inline": {"p": PNG}, "attachments": {"a.pdf": b"x"}},
            "mixed(alternative(plain related(html png)) pdf)",
        ),
        (
            {"calendar": {"summary": "x", "start": "2025-05-01T10:00Z", "duration": 30}},
            "alternative(plain calendar)",
        ),
        (
            {
                "markdown": "{{ p | image(alt='x') }}",
                "inline": {"p": PNG},
                "calendar": {"summary": "x", "start": "2025-05-01T10:00Z", "end": "2025-05-01T11:00Z"},
                "attachments": {"a.pdf": b"x"},
            },
            "mixed(alternative(plain related(html png) calendar) pdf)",
        ),
    ],
)
def test_parts_are_nested_as_mail_programs_expect(parts, expected):
    assert nesting(render(template(**parts))) == expected


def test_an_image_is_shown_by_its_content_id():
    letter = render(template(markdown="{{ p | image(alt='Sales <1>') }}", inline={"p": PNG}))
    html = letter.get_body(("html",)).get_content()
    (image,) = (part for part in letter.walk() if part.get_content_type() == "image/png")
    content_id = image["Content-ID"].strip("<>")
    assert f'<img src="cid:{content_id}" alt="Sales &lt;1&gt;"' in html
    assert image.get_content() == PNG
    assert image.get_content_disposition() == "inline"
    assert "data:" not in html
    assert letter.get_body(("plain",)).get_content() == "Sales <1>\n"


def test_the_same_image_is_sent_once_in_a_letter():
    letter = render(template(markdown="{{ p | image(alt='a') }} {{ p | image(alt='b') }}", inline={"p": PNG}))
    assert nesting(letter) == "alternative(plain related(html png))"


@pytest.mark.parametrize("shown", ["{{ p }}", "{{ p | image }}", "{{ p | image(alt=none) }}"])
def test_an_image_without_an_alternative_text_is_refused(shown, tmp_path):
    (tmp_path / "x.png").write_bytes(PNG)
    for value in (PNG, figure(), "x.png"):
        with pytest.raises(TemplateError, match=r"alt="):
            render(template(markdown=shown, inline={"p": value}, folder=tmp_path))


def test_a_figures_name_in_markdown_shows_it():
    letter = render(template(markdown="![Sales](cid:chart)", inline={"chart": figure()}))
    html = letter.get_body(("html",)).get_content()
    assert re.search(r'<img src="cid:[0-9a-f]+@notebookmail" width="192" alt="Sales"', html)


def test_the_authors_own_width_is_kept():
    letter = render(template(html='<img src="cid:c" alt="x" width="50">', inline={"c": figure()}))
    assert letter.get_body(("html",)).get_content().count("width=") == 2  # the image's and the viewport's


def test_a_name_that_is_not_inline_is_found_at_once():
    with pytest.raises(TemplateError, match=r"'cid:chart' names nothing inline.*plot"):
        template(markdown="![Sales](cid:chart)", inline={"plot": PNG})


def test_pictures_of_the_folder_come_along(tmp_path):
    (tmp_path / "my logo.png").write_bytes(PNG)
    letter = render(template(markdown="![Logo](my%20logo.png)", folder=tmp_path))
    assert nesting(letter) == "alternative(plain related(html png))"
    assert "my" not in letter.get_body(("html",)).get_content()


def test_pictures_of_the_web_stay_where_they_are():
    letter = render(template(markdown="![Logo](https://example.org/logo.png)"))
    assert 'src="https://example.org/logo.png"' in letter.get_body(("html",)).get_content()


@pytest.mark.parametrize("src", ['"cid:c"', "cid:c", "'CID:c'"])
def test_an_image_travels_however_its_source_is_written(src):
    letter = render(template(html=f"<img alt=x src={src} width=9>", inline={"c": PNG}))
    assert nesting(letter) == "alternative(plain related(html png))"
    html = letter.get_body(("html",)).get_content()
    (content_id,) = [part["Content-ID"].strip("<>") for part in letter.walk() if part["Content-ID"]]
    assert f'<img alt=x src="cid:{content_id}" width=9>' in html


def test_every_image_a_letter_shows_travels_with_it():
    letter = render(template(markdown="![a](cid:a) ![b](cid:b)", inline={"a": PNG, "b": figure()}))
    assert nesting(letter) == "alternative(plain related(html png png))"


def test_a_picture_that_is_not_there_fails_the_row():
    with pytest.raises(TemplateError, match=r"nowhere\.png"):
        render(template(markdown="![Logo](nowhere.png)"))


def test_a_function_draws_for_each_row():
    def plot(row):
        drawn = Figure(figsize=(1, 1))
        drawn.subplots().bar([0], [row.points])
        return drawn

    letter = template(markdown="{{ chart | image(alt='x') }}", inline={"chart": plot})
    one, other, again = (render(letter, points=points) for points in (1, 50, 1))
    images = [next(p for p in each.walk() if p.get_content_type() == "image/png") for each in (one, other, again)]
    assert images[0].get_content() != images[1].get_content()
    assert images[0].get_content() == images[2].get_content()


@pytest.fixture
def pyplot():
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib import pyplot as plt

    plt.close("all")
    yield plt
    plt.close("all")


@pytest.mark.parametrize("drawn", ["figure", "axes"])
def test_figures_a_function_made_are_closed_when_the_letter_is_done(drawn, pyplot):
    chart = {"figure": lambda _row: pyplot.figure(), "axes": lambda _row: pyplot.subplots()[1]}[drawn]
    render(template(markdown="{{ chart | image(alt='x') }}", inline={"chart": chart}))
    assert pyplot.get_fignums() == []


def test_figures_a_function_made_are_closed_when_they_are_attached(pyplot):
    def charts(_row):
        return {"a.png": pyplot.figure(), "b.pdf": pyplot.figure(), "c.png": pyplot.figure()}

    render(template(attachments=("a.png", lambda _row: pyplot.figure())))
    with pytest.raises(TemplateError, match=r"b\.pdf"):
        render(template(attachments=charts))
    assert pyplot.get_fignums() == []


def test_figures_a_function_made_are_closed_when_the_letter_fails(pyplot):
    def failing(_row):
        raise ValueError

    shown = {"chart": lambda _row: pyplot.figure()}
    letters = [
        template(markdown="{{ chart | image(alt='x') }} {{ 1 / 0 }}", inline=shown),
        template(markdown="{{ chart | image(alt='x') }} {{ other }}", inline=shown | {"other": failing}),
        template(markdown="{{ chart | image(alt='x') }} {{ invitation }}", inline=shown, calendar=failing),
    ]
    for letter in letters:
        with pytest.raises(TemplateError):
            render(letter)
        assert pyplot.get_fignums() == []


def test_a_figure_of_all_rows_stays_open():
    plt = pytest.importorskip("matplotlib.pyplot")
    given = plt.figure()
    render(template(markdown="{{ c | image(alt='x') }}", inline={"c": given}, attachments=("c.png", given)))
    assert plt.fignum_exists(given.number)
    plt.close(given)


def test_functions_are_called_in_the_order_they_are_given():
    called = []
    names = [f"n{number}" for number in range(20)]
    given = {name: lambda _row, name=name: called.append(name) or PNG for name in names}
    render(template(text="".join(f"{{{{ {name} | image(alt='x') }}}}" for name in reversed(names)), inline=given))
    assert called == names


def test_what_a_body_does_not_show_is_never_made():
    def never(_row):
        raise AssertionError

    assert render(template(text="x", inline={"chart": never})).get_content() == "x\n"


def test_a_function_that_fails_fails_its_row():
    letter = template(markdown="{{ chart | image(alt='x') }}", inline={"chart": lambda row: row.nothing})
    with pytest.raises(TemplateError, match="no column 'nothing'") as caught:
        render(letter, points=1)
    assert caught.value.field == "inline"


def test_a_text_a_function_returns_is_a_path_and_never_printed(tmp_path):
    (tmp_path / "ann.png").write_bytes(PNG)
    given = {"p": lambda _row: "ann.png"}
    letter = template(markdown="{{ p | image(alt='x') }}", inline=given, folder=tmp_path)
    assert "png" in nesting(render(letter))
    with pytest.raises(TemplateError, match="image is shown"):
        render(template(text="{{ p }}", inline=given, folder=tmp_path))


def test_a_picture_of_all_rows_that_is_not_there_is_named(tmp_path):
    letter = template(markdown="![Logo](cid:logo)", inline={"logo": "nowhere.png"}, folder=tmp_path)
    with pytest.raises(TemplateError, match=r"logo: the file 'nowhere\.png' is not there") as caught:
        render(letter)
    assert caught.value.field == "inline"


def test_an_inline_path_may_differ_by_row(tmp_path):
    (tmp_path / "ann.png").write_bytes(PNG)
    letter = template(markdown="{{ p | image(alt='x') }}", inline={"p": "{{ name }}.png"}, folder=tmp_path)
    assert letter.variables == {"name"}
    assert "png" in nesting(render(letter, name="ann"))
    with pytest.raises(TemplateError, match=r"bob\.png"):
        render(letter, name="bob")
    (tmp_path.parent / "outside.png").write_bytes(PNG)
    with pytest.raises(TemplateError, match="lies outside"):
        render(letter, name="../outside")


def test_something_inline_cannot_hide_a_column():
    letter = template(markdown="{{ name }}", inline={"name": PNG})
    with pytest.raises(FrameError, match="name of a column"):
        render(letter, name="Ann")


@pytest.mark.parametrize("name", ["row", "rows", "_x", "a b", "1", "", 3])
def test_something_inline_needs_a_name_of_its_own(name):
    with pytest.raises(TemplateError, match="cannot be the name"):
        template(inline={name: PNG})


def test_a_frame_is_shown_as_a_table_in_both_bodies():
    letter = render(template(markdown="Here:\n\n{{ sales | table }}\n\nBye", inline={"sales": SALES}))
    html = letter.get_body(("html",)).get_content()
    assert html.count("<td") == 4
    assert '<div class="paragraph"' in html  # a <p> may hold no table
    assert letter.get_body(("plain",)).get_content() == (
        "Here:\n\nmonth    sales\n-----  -------\nJan    1,234.5\nFeb       77.0\n\nBye\n"
    )


def test_a_frame_without_a_filter_is_shown_the_same():
    letters = [template(markdown=shown, inline={"t": SALES}) for shown in ("{{ t }}", "{{ t | table }}")]
    assert len({render(each).get_body(("html",)).get_content() for each in letters}) == 1


@pytest.mark.parametrize("shown", ["{{ t | table }}", "{{ t }}"])
@pytest.mark.parametrize("writer", ["html_table", "styled_html"])
def test_a_table_that_is_the_same_for_all_rows_is_written_once(writer, shown, monkeypatch):
    written = []
    monkeypatch.setattr(
        printing, writer, lambda value, **_choices: written.append(value) or Markup("<table></table>")
    )
    environment.cache_clear()
    value = SALES if writer == "html_table" else SALES.style
    made = template(markdown=f"{shown}{{{{ x }}}}", inline={"t": value})
    renderer = made.renderer(("x",), date=WHEN)
    for number in range(3):
        renderer.render(Row(number, number, {"x": number}), seed=str(number))
    environment.cache_clear()
    assert len(written) == 1


def test_a_styled_table_is_shown_as_it_is():
    styled = SALES.style.format({"sales": "{:.0f} EUR"})
    letter = render(template(markdown="{{ t }}", inline={"t": styled}))
    assert "1234 EUR" in letter.get_body(("html",)).get_content()
    assert "1234 EUR" in letter.get_body(("plain",)).get_content()


def test_a_styled_table_is_not_styled_a_second_time():
    with pytest.raises(TemplateError, match="shown as it is"):
        render(template(text="{{ t | table(decimals=1) }}", inline={"t": SALES.style}))


def test_tables_and_filters_write_as_the_locale_does():
    letter = render(
        template(text="{{ x | number(2) }} {{ t | table }}", inline={"t": SALES}, locale="de"), x=1234.5
    )
    group, point = get_group_symbol("de"), get_decimal_symbol("de")
    assert f"1{group}234{point}50" in letter.get_content()
    assert f"1{group}234{point}5" in letter.get_content().partition("\n")[2]


def test_files_are_read_when_the_run_begins_not_when_the_template_is_made(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    made = template(attachments=["a.txt"], folder=tmp_path)
    (tmp_path / "a.txt").write_text("new")
    (attached,) = render(made).iter_attachments()
    assert attached.get_content() == "new"


def test_what_all_rows_get_must_be_there_before_any_row(tmp_path):
    made = template(attachments=["gone.pdf"], folder=tmp_path)
    with pytest.raises(TemplateError, match=r"gone\.pdf"):
        made.renderer((), date=WHEN)


def test_a_frame_is_attached_as_a_file():
    made = template(attachments=[("sales.csv", SALES), ("{{ n }}.xlsx", SALES)])
    table, sheet = render(made, n="Zürich").iter_attachments()
    assert pd.read_csv(io.StringIO(table.get_content().removeprefix("\ufeff"))).equals(SALES)
    assert sheet.get_filename() == "Zürich.xlsx"
    assert pd.read_excel(io.BytesIO(sheet.get_content())).equals(SALES)


def test_an_attachment_that_all_rows_share_is_never_copied():
    made = template(attachments={"a.bin": b"x" * 100_000}, text="{{ x }}")
    renderer = made.renderer(("x",), date=WHEN)
    mails = [renderer.render(Row(n, n, {"x": n}), seed=str(n)) for n in range(2)]
    shared = [max(mail.segments, key=len) for mail in mails]
    assert shared[0] is shared[1]
    assert len(shared[0]) > 100_000


def test_a_function_may_attach_nothing():
    made = template(attachments=[lambda row: ("a.txt", b"x") if row.x else None])
    assert len(list(render(made, x=1).iter_attachments())) == 1
    assert nesting(render(made, x=0)) == "plain"


def test_what_is_said_of_a_row_that_a_function_reads_is_all_of_it():
    made = template(attachments=[lambda _row: None])
    assert "row" in made.compiled.names["attachments"]
    assert made.variables == frozenset()


def test_a_preheader_is_in_the_html_alone():
    letter = render(template(markdown="Dear", preheader="Only {% if x %}for {{ x }}{% endif %} & all"), x="<A>")
    html = letter.get_body(("html",)).get_content()
    assert re.search(r"<body[^>]*>\s*<div[^>]*display:none[^>]*>Only for &lt;A&gt; &amp; all</div>", html)
    assert letter.get_body(("plain",)).get_content() == "Dear\n"


def test_a_preheader_stands_in_the_authors_html_too():
    letter = render(template(html="<html><body class='a>b'><p>Dear</p></body></html>", preheader="Soon"))
    html = letter.get_body(("html",)).get_content()
    assert html.index("<body") < html.index("Soon") < html.index("Dear")


def test_a_preheader_wants_html():
    with pytest.raises(TemplateError, match="markdown= or html="):
        template(text="x", preheader="y")


def test_leaving_a_list_takes_one_click():
    letter = render(template(list_unsubscribe=["https://example.org/u?id={{ id }}", "mailto:u@example.org"]), id=7)
    assert "<https://example.org/u?id=7>" in letter["List-Unsubscribe"]
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["Auto-Submitted"] == "auto-generated"


def test_the_authors_own_word_on_who_writes_is_kept():
    made = template(list_unsubscribe="mailto:u@example.org", headers={"auto-submitted": "no"})
    assert render(made).get_all("Auto-Submitted") == ["no"]


@pytest.mark.parametrize("name", ["List-Unsubscribe", "list-unsubscribe-post"])
def test_how_to_leave_a_list_is_said_in_one_place(name):
    with pytest.raises(TemplateError, match="list_unsubscribe="):
        template(list_unsubscribe="mailto:u@example.org", headers={name: "<mailto:x@example.org>"})


def test_a_header_is_set_once():
    with pytest.raises(TemplateError, match="set twice"):
        template(headers={"X-A": "1", "x-a": "2"})


@pytest.mark.parametrize(
    "value", [np.float32("nan"), np.datetime64("NaT", "ns"), Decimal("NaN"), pd.NaT, pd.NA, None]
)
def test_what_is_missing_inside_a_cell_is_not_printed(value):
    with pytest.raises(TemplateError, match="missing"):
        render(template(text="{{ x[0] }}"), x=[value])


def test_answers_name_the_message_they_answer():
    letter = render(template(headers={"In-Reply-To": "<{{ id }}@example.org>"}), id="abc")
    assert letter["In-Reply-To"] == "<abc@example.org>"


def test_a_template_travels_with_what_it_holds():
    made = template(markdown="{{ t | table }}{{ p | image(alt='x') }}", inline={"t": SALES, "p": PNG})
    again = pickle.loads(pickle.dumps(made))
    assert again.digest == made.digest
    assert (
        render(again).as_bytes().partition(b"Content-Type")[2]
        == render(made).as_bytes().partition(b"Content-Type")[2]
    )


def test_what_a_template_holds_is_part_of_its_digest():
    made = [
        template(),
        template(attachments={"a": b"1"}),
        template(attachments={"b": b"1"}),
        template(inline={"t": SALES}),
        template(inline={"t": SALES.head(1)}),
        template(locale="de"),
        template(preheader="x", markdown="y"),
        template(list_unsubscribe="mailto:a@example.org"),
    ]
    assert len({each.digest for each in made}) == len(made)
    assert template(folder="/tmp").digest == template().digest


@pytest.mark.parametrize(
    "harm",
    [
        "t.to_csv('x.csv')",
        "t.to_pickle('x')",
        "t.pipe(range)",
        "t.agg('to_csv', 0, 'x.csv')",
        "t.sort_values('sales', inplace=True)",
        "f.savefig('x.png')",
        "t.sales.to_csv('x.csv')",
        "t.eval('1')",
        "t.query('1')",
        "path.unlink()",
        "''.join.__self__.__class__",
        "t.set_index('month').rename(index=f.savefig)",
        "t.loc[f.savefig]",
        "t.groupby([f.savefig])",
        "t.month | map(attribute='to_csv') | list",
        "numbers.sort()",
        "numbers.round(0, numbers)",
        "numbers.cumsum(out=numbers)",
        "series.sort(in_place=true)",
        "t.points.values.fillna(0, copy=false)",
        "t.points.values.fillna(0, none, false)",
    ],
)
def test_a_template_cannot_make_an_object_do_harm(harm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.txt").write_text("x")
    frame = SALES.assign(points=pd.array([3, None], dtype="Int64"))
    numbers, series = np.array([2.5, 1.25]), pl.Series([2, 1])
    given = {"t": frame, "f": figure(), "path": "p.txt", "numbers": numbers, "series": series}
    with pytest.raises(TemplateError) as caught:
        render(template(text=f"{{{{ {harm} }}}}", inline=given))
    assert "1234" not in str(caught.value)
    assert [each.name for each in tmp_path.iterdir()] == ["p.txt"]
    assert (numbers.tolist(), series.to_list(), frame.points.isna().sum()) == ([2.5, 1.25], [2, 1], 1)


@pytest.mark.parametrize(
    "harm",
    ["rename(index=rows.to_csv)", "rename(index=rows.eval)", "loc[rows.to_csv]", "sort_index(key=rows.pipe)"],
)
def test_what_a_template_may_not_call_a_table_does_not_call_for_it(harm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = template(text=f"{{{{ rows.frame.set_index('month').{harm} }}}}")
    with pytest.raises(TemplateError, match="may not reach"):
        render(made, rows=SALES)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("t.sales.sum()", "1311.5"),
        ("t.month.tolist() | join(' ')", "Jan Feb"),
        ("t['sales'].max() | number(1)", "1,234.5"),
        ("t.head(1) | table | length > 10", "True"),
        ("t.groupby('month').sales.sum().index[0]", "Feb"),
        ("t | length", "2"),
        ("x.upper().replace('A', 'b')", "bNN"),
        ("'{} {:>3}'.format(x, 1)", "Ann   1"),
        ("d.strftime('%Y')", "2025"),
        ("t.iloc[0].month", "Jan"),
        ("t.loc[0, 'month']", "Jan"),
        ("t.rename(columns={'sales': 'x'}).x.max()", "1234.5"),
        ("t.month.str.upper()[0]", "JAN"),
        ("t.sales.values.round(0)[1]", "77.0"),
        ("t.set_index('month').rename(index='{}!'.format).index[0]", "Jan!"),
    ],
)
def test_a_template_can_read_what_an_object_holds(shown, expected):
    letter = render(template(text=f"{{{{ {shown} }}}}", inline={"t": SALES}), x="Ann", d=WHEN)
    assert letter.get_content() == f"{expected}\n"


@pytest.mark.parametrize(
    ("shown", "remedy"),
    [
        ("x.upper", r"upper\(\)"),
        ("t.sales.sum", r"sum\(\)"),
        ("'{}'.format", r"format\(\)"),
        ("made", r"made\(\)"),
        ("'ab' | map('upper')", r"\| list"),
    ],
)
@pytest.mark.parametrize("body", ["html", "text"])
def test_what_was_not_carried_out_is_not_printed(body, shown, remedy):
    made = template(**{body: f"{{% macro made() %}}{{% endmacro %}}<p>{{{{ {shown} }}}}</p>"}, inline={"t": SALES})
    with pytest.raises(TemplateError, match=remedy):
        render(made, x="Ann")


@pytest.mark.parametrize("name", ["t.plot", "t._mgr", "t.__dict__", "t.sales.to_csv", "x.__doc__", "f.savefig"])
def test_what_a_template_may_not_use_is_not_there_for_it(name):
    letter = template(text=f"{{{{ {name} is defined }}}}", inline={"t": SALES, "f": figure()})
    assert render(letter, x="Ann").get_content() == "False\n"


def test_a_function_in_a_cell_is_not_called():
    with pytest.raises(TemplateError, match=r"may not reach len\(\)"):
        render(template(text="{{ x[0]('ab') }}"), x=[len])


@pytest.mark.parametrize("name", ["x", "row.x"])
def test_a_stand_in_is_not_taken_for_several_values(name):
    frame = GroupedFrame(pd.DataFrame({"email": ["b@example.com"] * 2, "x": [1, 2]}), "email")
    renderer = template(text=f"{{{{ {name} | default('-', true) }}}}").renderer(frame.columns, date=WHEN)
    with pytest.raises(TemplateError, match="'x' has several values"):
        renderer.render(next(frame.rows()), seed="s")


def test_what_can_be_called_and_says_what_it_is_is_printed():
    class Unit(type(Decimal)):
        def __str__(cls):
            return "km"

    assert render(template(text="{{ x[0] }}"), x=[Unit("Km", (), {})]).get_content() == "km\n"


@pytest.mark.parametrize("given", [SALES, lambda _row: SALES])
@pytest.mark.parametrize("body", ["html", "text"])
def test_a_caption_that_is_missing_is_an_error(body, given):
    made = template(**{body: "{{ t | table(caption=x) }}"}, inline={"t": given})
    assert "Spring" in render(made, x="Spring").as_string()
    with pytest.raises(TemplateError, match="'x' is missing"):
        render(made, x=None)


def test_a_column_cannot_take_the_name_of_the_invitation():
    made = template(text="{{ invitation }}", calendar=MEETING)
    with pytest.raises(FrameError, match="'invitation'"):
        render(made, x="Ann", invitation="https://example.org/1")


MEETING = {
    "summary": "Review of {{ x }}",
    "start": "2026-04-09T15:00",
    "duration": 30,
    "timezone": "Europe/Berlin",
    "location": "Room <4>",
}


def day_of(day, locale="en"):
    """Write an April day as Babel does: how a locale writes changes with CLDR's editions."""
    return format_date(dt.date(2026, 4, day), "full", locale=locale)


def clock(hour, minute=0, locale="en"):
    shown = format_time(dt.time(hour, minute), "short", locale=locale)
    return shown.replace("\N{NARROW NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("locale", ["en", "de"])
def test_an_invitation_is_shown_in_the_letter_too(locale):
    span = f"{clock(15, locale=locale)} \N{EN DASH} {clock(15, 30, locale)}"
    when = f"{day_of(9, locale)}, {span} (Europe/Berlin)"
    letter = render(template(markdown="{{ invitation }}", calendar=MEETING, locale=locale), x="Q1")
    assert letter.get_body(("plain",)).get_content() == f"Review of Q1\n{when}\nRoom <4>\n"
    html = letter.get_body(("html",)).get_content()
    assert f"{when}</div><div>Room &lt;4&gt;</div>" in html
    assert template(text="{{ invitation }}", calendar=MEETING).variables == {"x"}


@pytest.mark.parametrize(
    ("calendar", "when"),
    [
        ({"summary": "s", "start": "2026-04-09"}, day_of(9)),
        (
            {"summary": "s", "start": "2026-04-09", "end": "2026-04-11"},
            f"{day_of(9)} \N{EN DASH} {day_of(10)}",
        ),
        (
            {"summary": "s", "start": "2026-04-09T23:00Z", "duration": 120},
            f"{day_of(9)}, {clock(23)} \N{EN DASH} {day_of(10)}, {clock(1)} (UTC)",
        ),
        (
            "BEGIN:VEVENT\r\nSUMMARY:s\r\nDTSTART:20260409T230000Z\r\nDURATION:PT1H\r\nEND:VEVENT\r\n",
            f"{day_of(9)}, {clock(23)} \N{EN DASH} {day_of(10)}, {clock(0)} (UTC)",
        ),
    ],
)
def test_when_an_event_is_is_said_in_words(calendar, when):
    letter = render(template(text="{{ invitation }}", calendar=calendar))
    assert letter.get_body(("plain",)).get_content() == f"s\n{when}\n"


def test_a_row_without_an_invitation_has_none_to_show():
    made = template(
        text="{% if invitation %}{{ invitation }}{% else %}none{% endif %}", calendar=lambda _row: None
    )
    assert render(made).get_content() == "none\n"
    with pytest.raises(TemplateError, match="'invitation' is missing"):
        render(template(text="{{ invitation }}", calendar=lambda _row: None))


def test_a_column_of_that_name_is_a_column_where_there_is_no_invitation():
    assert render(template(text="{{ invitation }}"), invitation="x").get_content() == "x\n"


def test_what_is_rendered_for_inspection_says_what_is_sent():
    made = template(
        markdown="{{ x }} {{ t }} {{ p | image(alt='x') }} {{ invitation }}",
        inline={"t": SALES, "p": PNG},
        calendar=MEETING,
        attachments=[("{{ x }}.csv", SALES)],
        list_unsubscribe="https://example.org/{{ x }}",
        preheader="{{ x }}",
    )
    sent = made.renderer(("x",), date=WHEN).render(Row(0, 0, {"x": "Q1"}), seed="s")
    parsed = email.message_from_bytes(sent.content, policy=email.policy.default)
    shown = made.render({"x": "Q1"}, date=WHEN)
    of_its_own = {"Message-ID", "Content-Type"}  # a draft has no place in a run; boundaries are made of it
    assert [pair for pair in shown.items() if pair[0] not in of_its_own] == [
        pair for pair in parsed.items() if pair[0] not in of_its_own
    ]
    uid = re.compile(r"UID:\S+")  # made of the Message-ID
    for one, other in zip(shown.walk(), parsed.walk(), strict=True):
        assert one.get_content_type() == other.get_content_type()
        if not one.is_multipart():
            contents = [
                each.get_payload(decode=True).decode("latin-1").replace("\r\n", "\n") for each in (one, other)
            ]
            assert uid.sub("", contents[0]) == uid.sub("", contents[1])


def test_signing_is_the_last_thing_done():
    pytest.importorskip("dkim")
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from notebookmail.compose.mime.dkim import DKIM

    key = ed25519.Ed25519PrivateKey.generate()
    raw = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    made = template(markdown="x", attachments={"a.bin": b"x" * 50_000})
    mail = made.renderer((), date=WHEN, dkim=DKIM("example.com", "mail", raw)).render(Row(0, 0, {}), seed="s")
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    assert message.keys()[0] == "DKIM-Signature"
