"""PNG and PDF: as large as the SVG on paper, in as many dots as asked for, and what the errors offer."""

import re
import sys
import warnings
from math import ceil
from struct import unpack
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import viz
from autograd import Value, tanh
from viz import convert
from viz.matrix import draw_affine
from viz.network import draw_network
from viz.scene import MARGIN, Scene

X = Value(2.0, "x")
PICTURES = [
    viz.draw(tanh(X * 3.0)),
    viz.draw(tanh(X * 3.0), style="textbook", theme="dark"),
    draw_affine(),
    draw_network([[([1.0, -2.0], 0.5)]]),
]


def size(picture):
    """Of the SVG, in pixels."""
    return [ceil(side + 2 * MARGIN) for side in (picture.scene.width, picture.scene.height)]


def chunks(data):
    """What a PNG consists of: (name, content), each with a checksum that is right."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at = 8
    while at < len(data):
        length, name = unpack(">I4s", data[at : at + 8])
        content = data[at + 8 : at + 8 + length]
        assert unpack(">I", data[at + 8 + length : at + 12 + length])[0] == crc32(name + content)
        yield name, content
        at += 12 + length


def measured(data):
    """The dots across and down, and the inches across, of a PNG."""
    found = dict(chunks(data))
    width, height = unpack(">II", found[b"IHDR"][:8])
    density, same, unit = unpack(">IIB", found[b"pHYs"])
    assert density == same and unit == 1  # dots for a metre
    return width, height, width / density / 0.0254


@pytest.fixture
def resvg():
    return pytest.importorskip("resvg_py")


@pytest.mark.parametrize("picture", PICTURES, ids=repr)
def test_a_png_has_two_dots_for_a_pixel_and_the_size_of_the_picture_on_paper(resvg, picture, tmp_path):
    width, height = size(picture)
    data = picture.png()
    assert measured(data) == (2 * width, 2 * height, pytest.approx(width / 96, rel=1e-3))
    assert picture.save(tmp_path / "picture.png").read_bytes() == data == picture.png(scale=2)


@settings(max_examples=8)
@given(st.floats(0.1, 6))
def test_width_scale_and_dpi_are_three_ways_to_say_the_same(scale):
    pytest.importorskip("resvg_py")
    width, _ = size(PICTURES[0])
    data = PICTURES[0].png(scale=scale)
    across, _, inches = measured(data)
    rounded = 0.5 / (scale * width) + 0.5 / (scale * 96 / 0.0254)  # dots across, and dots for a metre
    assert abs(across - scale * width) <= 0.5 and inches == pytest.approx(width / 96, rel=1.1 * rounded)
    for same in {"width": scale * width}, {"dpi": 96 * scale}:
        assert PICTURES[0].png(**same) == data


def test_a_size_goes_with_save(resvg, tmp_path):
    assert measured(PICTURES[0].save(tmp_path / "x.png", width=300).read_bytes())[0] == 300
    with pytest.raises(TypeError, match=r"^save: scale belongs to \.png; a \.svg file has no dots$"):
        PICTURES[0].save(tmp_path / "x.svg", scale=2)


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"width": 9, "dpi": 9}, TypeError, "png takes one of width, scale and dpi, not width and dpi"),
        ({"scale": 0}, ValueError, "png: scale must be a number above 0, not 0"),
        ({"dpi": float("nan")}, ValueError, "png: dpi must be a number above 0, not nan"),
        ({"dpi": "300"}, ValueError, "png: dpi must be a number above 0, not '300'"),
        ({"width": True}, ValueError, "png: width must be a number above 0, not True"),
        ({"scale": float("inf")}, ValueError, "png: scale must be a number above 0, not inf"),
    ],
)
def test_a_size_that_is_none_is_refused(asked, error, message):
    with pytest.raises(error) as caught:
        PICTURES[0].png(**asked)
    assert str(caught.value) == message


@settings(max_examples=20)
@given(st.floats(1, 2e4), st.floats(1, 2e4), st.sampled_from(["width", "scale", "dpi"]))
def test_what_the_error_offers_instead_of_too_much_is_possible(width, height, name):
    drawn = []

    class Package:
        @staticmethod
        def svg_to_bytes(svg_string, width):
            drawn.append(width)
            return b"\x89PNG" + bytes(29)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convert, "_package", lambda *_: Package)
        svg = viz.Picture(Scene(width, height, (), "")).svg()
        with pytest.raises(ValueError, match=r"^png: .* dots, and 40,000,000 are the most; take ") as caught:
            convert.png(svg, **{name: 1e9})
        offered = float(re.search(rf"take {name}=([\d.]+), or save as \.svg or \.pdf$", str(caught.value))[1])
        assert offered > 0 and not drawn
        convert.png(svg, **{name: offered})
    across, down = (ceil(side + 2 * MARGIN) for side in (width, height))
    assert 0.7 * convert.DOTS < drawn[0] ** 2 * down / across < 1.1 * convert.DOTS


def test_a_large_picture_says_that_it_has_fewer_dots(resvg, monkeypatch):
    monkeypatch.setattr(convert, "DOTS", 10_000)
    with pytest.warns(
        UserWarning, match=r"^png: 0\.\d+ dots for a pixel, as .* dots are more than 10,000$"
    ) as w:
        width, height, inches = measured(PICTURES[0].png())
    assert w[0].filename == __file__
    assert 9_000 < width * height < 11_000 and inches == pytest.approx(size(PICTURES[0])[0] / 96, rel=0.02)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PICTURES[0].png(width=50)


@pytest.mark.parametrize("picture", PICTURES, ids=repr)
def test_a_pdf_is_as_large_as_the_picture_and_has_its_fonts_with_it(picture, tmp_path):
    pytest.importorskip("vl_convert")
    data = picture.save(tmp_path / "picture.pdf").read_bytes()
    box = [float(x) for x in re.search(rb"/MediaBox \[([\d. ]+)\]", data)[1].split()]
    assert data.startswith(b"%PDF") and data.rstrip().endswith(b"%%EOF")
    assert box == pytest.approx([0, 0, *(0.75 * side for side in size(picture))])
    assert data.count(b"/FontFile") >= 1 and b"/ToUnicode" in data  # its text can be selected
    assert data.count(b"/Type /Page\n") == 1


@pytest.mark.parametrize(("paper", "points"), [("A4", (594.75, 841.5)), ("Letter", (612, 792))])
def test_a_sheet_is_a_pdf_of_the_papers_size_with_a_page_for_each(paper, points, tmp_path):
    pytest.importorskip("vl_convert")
    pypdf = pytest.importorskip("pypdf")
    y = tanh(X * 3.0)
    y.backward()
    for solution, count in (False, 1), (True, 2):
        made = viz.sheet([("What is its gradient?", y)], "Chain", paper=paper, solution=solution)
        pages = pypdf.PdfReader(made.save(tmp_path / "sheet.pdf")).pages
        assert len(pages) == len(made.pages) == count
        assert all(tuple(map(float, page.mediabox[2:])) == points for page in pages)
        assert all("Chain" in page.extract_text() for page in pages)
        assert ["solution" in page.extract_text() for page in pages] == [False, True][:count]


def test_what_is_missing_for_several_pages_is_named(monkeypatch):
    pytest.importorskip("vl_convert")
    monkeypatch.setitem(sys.modules, "pypdf", None)
    made = viz.sheet([X * 3.0], solution=True)
    with pytest.raises(
        RuntimeError, match=r"^PDF of several pages needs the package pypdf: pip install '.*pdf\]'"
    ):
        made.pdf()
    assert made.pages[0].pdf().startswith(b"%PDF")


@settings(max_examples=6)
@given(st.floats(1, 1e5), st.floats(1, 1e5))
def test_a_page_is_not_larger_than_programs_open_and_keeps_its_shape(width, height):
    pytest.importorskip("vl_convert")
    picture = viz.Picture(Scene(width, height, (), ""))
    across, down = size(picture)
    box = [float(x) for x in re.search(rb"/MediaBox \[([\d. ]+)\]", picture.pdf())[1].split()]
    assert max(box) == pytest.approx(min(0.75 * max(across, down), convert.LARGEST))
    assert box[2] * down == pytest.approx(box[3] * across, rel=1e-2)
