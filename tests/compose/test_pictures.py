import email
import email.policy
import re
from pathlib import PurePath

import pandas as pd
import pytest
from jinja2 import StrictUndefined, UndefinedError
from markupsafe import Markup

from notebookmail.compose.files import ReadFolder
from notebookmail.compose.images import inline_images
from notebookmail.compose.images.inline_images import InlineImages, UsedImages, check_alt
from notebookmail.errors import TemplateError

pil = pytest.importorskip("PIL.Image")


def picture(width=4, colour=0):
    return pil.new("RGB", (width, 2), colour)


@pytest.fixture
def images(tmp_path):
    picture(300).save(tmp_path / "a.png")
    return InlineImages(ReadFolder(tmp_path))


@pytest.fixture
def used_images(images):
    return UsedImages(images)


def test_an_image_is_a_part_with_the_id_its_element_names(used_images):
    element = used_images.element(picture(), "A chart", None)
    content_id = re.search(r'src="cid:([^"]+)"', element)[1]
    part = email.message_from_bytes(used_images.parts[content_id], policy=email.policy.default)
    assert part["Content-ID"] == f"<{content_id}>"
    assert part.get_content_type() == "image/png"
    assert part.get_content_disposition() == "inline"
    assert part.get_content().startswith(b"\x89PNG")
    assert all(len(line) <= 78 for line in used_images.parts[content_id].split(b"\r\n"))
    assert "data:" not in element


def test_the_same_image_is_sent_once_in_a_letter(used_images):
    used_images.element(picture(), "one", None)
    used_images.reference(picture())
    used_images.element(picture(colour=9), "other", None)
    assert len(used_images.parts) == 2


def test_the_parts_are_in_the_order_they_are_shown(used_images):
    ids = [used_images.reference(picture(colour=colour)).removeprefix("cid:") for colour in (3, 1, 2)]
    assert list(used_images.parts) == ids


def test_letters_share_the_part_of_an_image(images):
    parts = []
    for _ in range(3):
        letter = UsedImages(images)
        letter.element(picture(), "", None)
        parts += letter.parts.values()
    assert len({id(part) for part in parts}) == 1


@pytest.mark.parametrize("name", ["a.png", PurePath("a.png")])
def test_a_file_is_read_once_for_all_letters(name, images, monkeypatch):
    first = images.find(name)
    monkeypatch.setattr(ReadFolder, "read", None)
    assert images.find(name) is first
    assert first.width == 300


def test_a_file_that_was_changed_is_read_again(images, tmp_path):
    first = images.find("a.png")
    picture(30).save(tmp_path / "a.png")
    assert images.find("a.png").content_id != first.content_id


def test_a_file_outside_of_the_folder_is_refused(images):
    with pytest.raises(TemplateError, match="outside"):
        images.find("../a.png")


def test_a_value_of_all_rows_is_drawn_once(images):
    class Drawn:
        count = 0

        def _repr_png_(self):
            self.count += 1
            return picture()._repr_png_()

    value = Drawn()
    images.keep(value)
    assert images.find(value) is images.find(value)
    assert value.count == 1


def test_a_table_of_all_rows_is_written_once_for_each_look(images):
    written = []
    frame = pd.DataFrame({"a": [1]})
    images.keep(frame)
    for look in ("html", "text", "html"):
        images.shown(frame, look, lambda look=look: written.append(look) or look)
    assert written == ["html", "text"]


def test_tables_of_all_rows_are_kept_up_to_a_bounded_size(images, monkeypatch):
    monkeypatch.setattr(inline_images, "_KEPT_OCTETS", 2000)
    images = InlineImages(images._folder)
    frame = pd.DataFrame({"a": [1]})
    images.keep(frame)
    for caption in range(100):
        assert images.shown(frame, (caption,), lambda caption=caption: f"{caption:100}") == f"{caption:100}"
    assert images._tables.octets <= 2000


def test_a_look_that_is_markup_is_another_than_its_text(images):
    frame = pd.DataFrame({"a": [1]})
    images.keep(frame)
    looks = [images.shown(frame, (kind("<b>"),), lambda kind=kind: kind.__name__) for kind in (Markup, str)]
    assert looks == ["Markup", "str"]


def test_a_table_of_one_row_is_written_each_time(images):
    assert [images.shown(pd.DataFrame(), "html", lambda n=n: n) for n in range(2)] == [0, 1]


def test_images_are_kept_up_to_a_bounded_size(tmp_path, monkeypatch):
    monkeypatch.setattr(inline_images, "_KEPT_OCTETS", 2000)
    images = InlineImages(ReadFolder(tmp_path))
    for colour in range(50):
        images.find(picture(colour=colour))
        (tmp_path / f"{colour}.png").write_bytes(picture(colour=colour)._repr_png_())
        images.find(f"{colour}.png")
    assert images._kept.octets <= 2000
    assert 1 < len(images._kept) < 20


def test_a_value_of_all_rows_stays_however_many_others_come(tmp_path, monkeypatch):
    monkeypatch.setattr(inline_images, "_KEPT_OCTETS", 100)
    images = InlineImages(ReadFolder(tmp_path))
    fixed = picture()
    images.keep(fixed)
    first = images.find(fixed)
    for colour in range(5):
        images.find(picture(colour=colour))
    assert images.find(fixed) is first


@pytest.mark.parametrize(("wide", "shown"), [(300, 300), (2000, 600)])
def test_an_image_is_as_wide_as_it_is_meant_and_the_letter_allows(wide, shown, used_images):
    assert f' width="{shown}"' in used_images.element(picture(wide), "", None)
    assert f'" width="{shown}' in used_images.reference(picture(wide), has_width=True)
    assert "width" not in used_images.reference(picture(wide))


def test_a_width_asked_for_is_taken(used_images):
    assert ' width="120"' in used_images.element(picture(), "", 120)


@pytest.mark.parametrize("width", ['1" onerror="x', "100", 0, -1, True, 1.5, 10**9])
def test_a_width_that_is_no_number_of_pixels_is_refused(width, used_images):
    with pytest.raises(TemplateError, match="no number of pixels"):
        used_images.element(picture(), "", width)


def test_an_alternative_text_cannot_leave_its_attribute(used_images):
    alt = check_alt('"><script>alert(1)</script>')
    assert 'alt="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in used_images.element(picture(), alt, None)


def test_an_alternative_text_of_markup_is_its_text(used_images):
    alt = check_alt(Markup('<b class="x">a &amp; b</b>'))
    assert alt == "a & b"
    assert 'alt="a &amp; b"' in used_images.element(picture(), alt, None)


@pytest.mark.parametrize("alt", [None, 1, b"x", ["x"]])
def test_an_image_wants_an_alternative_text(alt):
    with pytest.raises(TemplateError, match=r'image\(alt="Sales by month"\)'):
        check_alt(alt)


def test_decoration_has_an_empty_alternative_text():
    assert check_alt("") == ""


def test_a_missing_value_says_that_it_is_missing(used_images):
    for use in (used_images.reference, check_alt, lambda value: used_images.element(value, "", None)):
        with pytest.raises(UndefinedError, match="'chart' is undefined"):
            use(StrictUndefined(name="chart"))


@pytest.mark.parametrize("value", [1, None, [1], object(), pd.DataFrame()])
def test_what_is_no_image_is_refused(value, used_images):
    with pytest.raises(TemplateError, match="is no image"):
        used_images.element(value, "", None)
