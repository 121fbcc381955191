"""svg: raised and lowered letters stand where their widths say."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_naming import parts
from written import SVG, read_svg

from viz.scene import END, LOOKS, MIDDLE, START, Scene, Text
from viz.svg import paint
from viz.text import MONO, SCRIPT, columns, mono_width

SIZE = LOOKS["local"].size


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
