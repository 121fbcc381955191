"""SVG as it is read: `read_svg` parses it and writes raised and lowered letters as text again."""

import xml.etree.ElementTree as ET

from autograd.naming import LOWERED, RAISED

SVG = "{http://www.w3.org/2000/svg}"
SCRIPTS = {True: ("^", RAISED), False: ("_", LOWERED | {",": ","})}


def read_svg(svg):
    """The root of an SVG picture, in which every text is one string."""
    root = ET.fromstring(svg)
    for text in root.iter(f"{SVG}text"):
        spans = [*text]
        text.text = (text.text or "") + "".join(_span(span) + (span.tail or "") for span in spans)
        for span in spans:
            text.remove(span)
    return root


def _span(span):
    """A part of a text: 2 as ² or ₂, by whether it goes up."""
    if span.get("class") != "script":
        return span.text
    sign, table = SCRIPTS[float(span.get("dy")) < 0]
    signs = [table.get(letter, "") for letter in span.text]
    word = span.text.isalpha() and len(span.text) > 2
    return "".join(signs) if all(signs) and not word else f"{sign}{span.text}"
