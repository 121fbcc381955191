"""svg: raised and lowered letters stand where their widths say, and attributes say how marks look."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_naming import parts
from written import SVG, read_svg

import viz
from autograd import Value, tanh
from viz.network import draw_network
from viz.scene import DARK, END, LIGHT, LOOKS, MIDDLE, START, Rect, Scene, Text, straight
from viz.svg import paint
from viz.text import MONO, SCRIPT, columns, mono_width

SIZE = LOOKS["local"].size
XOR = [[([1, 1], -0.5), ([1, 1], -1.5)], [([1, -2], -0.5)]]


@given(parts, parts, st.sampled_from([START, MIDDLE, END]))
def test_a_text_is_as_wide_as_was_measured_and_reads_the_same(one, other, anchor):
    text = f"{one.text()} · {other.text()} = 10⁻⁵"
    svg = paint(Scene(100, 20, (Text("local", 50.0, 10.0, text, anchor),), ""), "light")
    assert read_svg(svg).find(f".//{SVG}text").text == text.translate({ord("{"): "", ord("}"): ""})
    element = ET.fromstring(svg).find(f".//{SVG}text")
    x, height = len(element.text or "") and MONO * SIZE * columns(element.text), 0.0
    shifted = False
    for span in element:
        shifted |= span.get("dx") is not None
        x += float(span.get("dx", 0)) + MONO * SIZE * columns(span.text) * (
            SCRIPT if span.get("class") else 1
        )
        x += MONO * SIZE * columns(span.tail or "")
        height += float(span.get("dy", 0))
    assert x == pytest.approx(mono_width(text, SIZE), abs=0.5)
    start = float(element.get("x"))
    if shifted:  # so that no program has to know where it ends
        share = {START: 0, MIDDLE: 0.5, END: 1}[anchor]
        assert element.get("text-anchor") is None and start == pytest.approx(50 - share * x, abs=0.5)
    else:
        assert element.get("text-anchor", START) == anchor and start == 50
    assert height == pytest.approx(-0.38 * SIZE, abs=0.5)  # of the last exponent


@pytest.mark.parametrize("picture", [viz.draw(tanh(Value(2.0, "x") * 3)), draw_network(XOR, numbers=True)])
@pytest.mark.parametrize(
    ("theme", "palette"), [("auto", LIGHT), ("page", LIGHT), ("light", LIGHT), ("dark", DARK)]
)
def test_attributes_alone_say_how_a_picture_looks(picture, theme, palette):
    """For programs that read no rules: LibreOffice drew black boxes on black lines."""
    svg = ET.fromstring(paint(picture.scene, theme))
    for mark in svg.iter():
        look = LOOKS.get(mark.get("class"))
        if look:
            assert mark.get("fill") == (palette[look.fill] if look.fill else None)
            assert mark.get("stroke") == (palette[look.stroke] if look.stroke else None)
            assert float(mark.get("font-size", svg.get("font-size"))) == (look.size or 12.5)
            assert (mark.get("font-weight") == "700") == look.bold
            assert (mark.get("stroke-dasharray") is not None) == bool(look.dashes)
    assert svg.get("fill") == "none" and "monospace" in svg.get("font-family")


def test_a_line_is_as_wide_as_it_says_else_as_its_kind():
    marks = (
        straight("line", (0, 0), (9, 0)),
        straight("line", (0, 0), (9, 0), width=4.0),
        Rect("circle", 0, 0, 9, 9),
    )
    svg = ET.fromstring(paint(Scene(9, 9, marks, ""), "light"))
    assert [mark.get("stroke-width") for mark in svg if mark.get("class") in ("line", "circle")] == [
        "1.3",
        "4",
        "1.4",
    ]


def test_colours_for_the_dark_cannot_be_taken_for_those_of_the_light():
    """LibreOffice reads the rules within @media as if they stood outside, but knows no `:is`."""
    dark = [
        line
        for line in viz.draw(Value(2.0) * 3).svg().split("\n")
        if line.startswith("#") and "hover" not in line
    ]
    assert dark and all(re.match(r"#graph-\w+:is\(\*\) ", line) for line in dark)
