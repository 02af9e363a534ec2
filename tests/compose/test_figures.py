import base64
import importlib.util
import io
import shutil
import struct
import sys

import numpy as np
import pandas as pd
import pytest

from notebookmail.compose.images.figures import image_of, is_figure, release
from notebookmail.errors import TemplateError

pil = pytest.importorskip("PIL.Image")
matplotlib = pytest.importorskip("matplotlib")
figure = pytest.importorskip("matplotlib.figure")

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAADklEQVR4nGP4z8DAAMQACf4B/8FQLxUAAAAASUVORK5CYII="
)


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def opened(content):
    return pil.open(io.BytesIO(content))


def drawn(**options):
    drawing = figure.Figure(figsize=(3, 2), **options)
    drawing.subplots().plot([1, 2], [3, 4])
    return drawing


class Shown:
    """Something that shows itself to notebooks."""

    def __init__(self, png=None, jpeg=None):
        self.png, self.jpeg = png, jpeg

    def _repr_png_(self):
        return self.png

    def _repr_jpeg_(self):
        return self.jpeg


def test_a_figure_is_a_png_of_double_density():
    image = image_of(drawn(dpi=50))
    assert (image.subtype, image.width) == ("png", 3 * 96)
    assert opened(image.content).size == (3 * 192, 2 * 192)


def test_axes_and_parts_of_a_figure_are_drawn_whole():
    whole = figure.Figure(figsize=(3, 2))
    part = whole.subfigures(1, 2)[0]
    axes = part.subplots()
    for each in (axes, part, axes.plot([1, 2])[0], whole):
        assert is_figure(each)
        assert image_of(each).width == 3 * 96


def test_a_grid_of_another_library_saves_itself():
    class Grid:
        figure = drawn()

        def savefig(self, *args, **options):
            self.figure.savefig(*args, **options, bbox_inches="tight")

    assert is_figure(Grid())
    assert 0 < image_of(Grid()).width < 3 * 96


@pytest.mark.parametrize(
    ("ground", "shown"),
    [
        ("white", (255, 255, 255)),
        ("none", (255, 255, 255)),
        ("#00336680", (127, 153, 178)),
        ("#003366", (0, 51, 102)),
    ],
)
def test_the_ground_of_a_figure_is_opaque(ground, shown):
    picture = opened(image_of(drawn(facecolor=ground)).content).convert("RGBA")
    assert picture.getpixel((1, 1)) == pytest.approx((*shown, 255), abs=1)


def test_settings_of_the_process_do_not_make_a_figure_transparent():
    with matplotlib.rc_context({"savefig.transparent": True, "savefig.facecolor": "none"}):
        drawing = figure.Figure(figsize=(1, 1))
        drawing.add_axes((0, 0.5, 1, 0.5), facecolor="red")
        picture = opened(image_of(drawing).content).convert("RGBA")
    assert picture.getpixel((96, 150)) == (255, 255, 255, 255)
    assert picture.getpixel((96, 50)) == (255, 0, 0, 255)


def test_the_same_figure_is_the_same_bytes():
    drawing = drawn()
    assert image_of(drawing).content == image_of(drawing).content == image_of(drawn()).content
    assert b"Software" not in image_of(drawing).content


def test_a_figure_is_neither_closed_nor_changed():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    before = pyplot.get_fignums()
    drawing, _ = pyplot.subplots(figsize=(3, 2), dpi=50, facecolor="none")
    settings = dict(matplotlib.rcParams)
    image_of(drawing)
    assert pyplot.get_fignums() == [*before, drawing.number]
    assert (drawing.dpi, drawing.get_facecolor(), tuple(drawing.get_size_inches())) == (50, (0, 0, 0, 0), (3, 2))
    assert dict(matplotlib.rcParams) == settings
    release(drawing)
    assert pyplot.get_fignums() == before


def test_pyplot_is_not_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    assert image_of(drawn()).width == 3 * 96
    release(drawn())


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16", "F", "CMYK", "YCbCr", "HSV", "LAB"]
)
def test_pictures_of_every_mode_are_drawn(mode):
    picture = pil.new(mode, (4, 2))
    image = image_of(picture)
    assert (image.subtype, image.width) == ("png", 4)
    assert opened(image.content).size == (4, 2)
    assert picture.mode == mode


def test_a_picture_keeps_its_transparency():
    assert opened(image_of(pil.new("RGBA", (2, 2), (255, 0, 0, 100))).content).getpixel((0, 0)) == (255, 0, 0, 100)


@pytest.fixture
def photograph():
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    return saved(pil.fromarray(noise).resize((200, 200)), "JPEG", quality=60)


def test_a_photograph_stays_one_of_the_same_quality(photograph):
    image = image_of(opened(photograph))
    assert image.subtype == "jpeg"
    assert opened(image.content).quantization == opened(photograph).quantization
    assert len(image.content) < 1.05 * len(photograph)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_half_a_picture_is_refused(kind):
    content = saved(pil.effect_noise((64, 64), 50), kind)
    with pytest.raises(TemplateError, match=f"the {kind} image is cut off"):
        image_of(content[:300])


def test_what_a_photograph_says_of_its_place_stays_behind():
    picture = pil.new("RGB", (8, 8))
    exif = picture.getexif()
    exif[0x010F] = "a camera"
    content = saved(picture, "JPEG", exif=exif)
    assert b"a camera" in content
    assert b"a camera" not in image_of(opened(content)).content


def test_a_photograph_that_was_changed_is_drawn_as_it_is(photograph):
    assert image_of(opened(photograph).resize((50, 50))).width == 50


def test_a_photograph_for_print_is_drawn_for_screens():
    image = image_of(opened(saved(pil.new("CMYK", (8, 8)), "JPEG")))
    assert opened(image.content).mode == "RGB"


@pytest.mark.parametrize(("kind", "subtype"), [("PNG", "png"), ("JPEG", "jpeg"), ("GIF", "gif")])
def test_bytes_of_a_picture_stay_as_they_are(kind, subtype):
    content = saved(pil.new("RGB", (300, 20)), kind)
    for octets in (content, bytearray(content), memoryview(content)):
        assert image_of(octets) == image_of(content)
    image = image_of(content)
    assert (image.content, image.subtype, image.width) == (content, subtype, 300)


def test_a_jpeg_with_large_fields_before_its_size():
    content = saved(pil.new("RGB", (300, 20)), "JPEG", icc_profile=b"x" * 150_000, progressive=True)
    assert image_of(content).width == 300
    assert image_of(content[:2] + b"\xff" * 3 + content[2:]).width == 300


def test_a_jpeg_nobody_can_measure_has_no_width():
    assert image_of(b"\xff\xd8\xff\xe0\x00\x04xx" + b"\x00" * 20 + b"\xff\xd9").width == 0


@pytest.mark.parametrize(
    "content", [PNG[:18], PNG[:40], b"GIF89a\x01", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\xff\xff"]
)
def test_bytes_that_are_cut_off_are_refused(content):
    with pytest.raises(TemplateError, match="is cut off"):
        image_of(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the image is empty"),
        (b"hello", "the bytes are no image"),
        (b"RIFF\0\0\0\0WEBP", "the bytes are no image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG drawing, which mail programs do not show"),
        (b'<?xml version="1.0"?>\n<svg/>', "SVG drawing"),
    ],
)
def test_bytes_mail_programs_do_not_show_are_refused(content, reason):
    with pytest.raises(TemplateError, match=reason):
        image_of(content)


@pytest.mark.parametrize(
    "shown",
    [Shown(PNG), Shown((PNG, {"width": 1})), Shown(base64.b64encode(PNG).decode()), Shown(None, PNG)],
)
def test_an_object_that_shows_itself_to_notebooks_is_a_figure(shown):
    assert is_figure(shown)
    assert image_of(shown).content == PNG


def test_an_object_that_shows_nothing_is_refused():
    with pytest.raises(TemplateError, match="the Shown draws no PNG"):
        image_of(Shown())


@pytest.mark.parametrize("value", [None, 1, "x", PNG, [1], {"figure": 1}, Shown, object(), np.array([1])])
def test_other_values_are_no_figures(value):
    assert not is_figure(value)


@pytest.mark.parametrize("value", [None, 1, "x", [1], object()])
def test_what_is_no_image_is_refused_with_what_is(value):
    with pytest.raises(TemplateError, match="is no image: pass a figure, a path, or the bytes"):
        image_of(value)


def test_a_figure_that_cannot_be_drawn_says_why():
    drawing = figure.Figure()
    drawing.subplots().set_title("$\\nonsense{$")
    with pytest.raises(TemplateError, match=r"(?s)the Figure cannot be drawn: .*nonsense"):
        image_of(drawing)


SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="60"><rect width="9" height="9"/></svg>'


class Drawn:
    """Shows itself to notebooks as SVG, as graphviz, rdkit and shapely do."""

    def __init__(self, drawing=SQUARE):
        self.drawing = drawing

    def _repr_svg_(self):
        return self.drawing


def test_what_shows_itself_as_svg_becomes_a_png_of_double_density():
    pytest.importorskip("vl_convert")
    image = image_of(Drawn())
    assert (image.subtype, image.width, image.name) == ("png", 120, "chart")
    assert struct.unpack(">I", image.content[16:20])[0] == 240
    assert not is_figure(Drawn())  # it may be a value with a text of its own: a geometry


def test_a_drawing_that_is_none_says_why():
    pytest.importorskip("vl_convert")
    with pytest.raises(TemplateError, match="the Drawn cannot be drawn"):
        image_of(Drawn("<svg"))


def test_plotnine_plots_are_drawn():
    plotnine = pytest.importorskip("plotnine", reason="plotnine is not installed")
    frame = pd.DataFrame({"x": [1, 2, 3], "y": [3, 1, 2]})
    plot = plotnine.ggplot(frame, plotnine.aes("x", "y")) + plotnine.geom_point()
    assert is_figure(plot)
    assert (image_of(plot).subtype, image_of(plot).name) == ("png", "chart")
    assert image_of(plot).width > 200


def test_holoviews_elements_are_drawn_by_the_backend_that_shows_them():
    holoviews = pytest.importorskip("holoviews", reason="holoviews is not installed")
    holoviews.extension("matplotlib")
    curve = holoviews.Curve([1, 3, 2])
    assert is_figure(curve)
    assert is_figure(curve * curve)
    assert image_of(curve + curve).width > image_of(curve).width > 100


def test_bokeh_figures_say_what_they_need_to_be_drawn():
    plotting = pytest.importorskip("bokeh.plotting", reason="bokeh is not installed")
    if importlib.util.find_spec("selenium") is not None:
        pytest.skip("selenium is installed, and would look for a browser")
    figure = plotting.figure()
    assert is_figure(figure)
    with pytest.raises(TemplateError, match=r"(?s)the figure cannot be drawn: .*selenium"):
        image_of(figure)


def test_altair_charts_are_drawn():
    altair = pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    chart = (
        altair.Chart(altair.Data(values=[{"a": 1}])).mark_point().encode(x="a:Q").properties(width=100, height=50)
    )
    image = image_of(chart)
    assert is_figure(chart)
    assert image.subtype == "png"
    assert 100 < image.width < 250
    assert struct.unpack(">I", image.content[16:20])[0] == pytest.approx(2 * image.width, abs=1)


def test_plotly_figures_are_drawn_at_double_density(monkeypatch):
    graph_objects = pytest.importorskip("plotly.graph_objects")
    asked = {}
    monkeypatch.setattr(graph_objects.Figure, "to_image", lambda _, **options: asked.update(options) or PNG)

    class Own(graph_objects.Figure):
        pass

    for drawing in (graph_objects.Figure(), Own()):
        assert is_figure(drawing)
        assert image_of(drawing).width == 1
    assert asked == {"format": "png", "scale": 2}


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed, which plotly draws with")
def test_plotly_figures_are_drawn():
    graph_objects = pytest.importorskip("plotly.graph_objects")
    pytest.importorskip("kaleido")
    assert image_of(graph_objects.Figure(layout={"width": 300, "height": 200})).width == 300
