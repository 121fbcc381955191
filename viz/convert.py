"""An SVG picture as PNG, drawn by the package resvg_py, and as PDF, by the package vl-convert-python.

A pixel of the SVG is 1/96 inch. A PNG says so too, however many dots it has: so slides and documents place
every format in the same size.
"""

import re
from importlib import import_module
from math import floor, inf, sqrt
from numbers import Real
from struct import pack
from typing import Any
from warnings import warn
from zlib import crc32

INCH, POINT, METRE = 96, 0.75, 96 / 0.0254  # an inch and a metre in pixels; a pixel in points
SHARP = 2.0  # dots for a pixel, unless it is said
DOTS = 40_000_000  # in one PNG, at most
SIZE = re.compile(r'(?<= )(width|height)="([\d.]+)"')  # those of the picture come first
HEADER = 33  # bytes of a PNG before its second chunk


def png(svg: str, width: int | None = None, scale: float | None = None, dpi: float | None = None) -> bytes:
    """The picture as PNG: `width` dots across, or `scale` of them for a pixel, or `dpi`; else 2 for a pixel.

    At most 40 million dots: what asks for more is a ValueError, and where nothing is asked for, the picture
    has fewer, and a warning says so. RuntimeError where the package resvg_py is missing.
    """
    across, down = (float(size) for _, size in SIZE.findall(svg)[:2])
    asked = {name: x for name, x in (("width", width), ("scale", scale), ("dpi", dpi)) if x is not None}
    if len(asked) > 1:
        raise TypeError(f"png takes one of width, scale and dpi, not {' and '.join(asked)}")
    for name, number in asked.items():
        if isinstance(number, bool) or not isinstance(number, Real) or not 0 < number < inf:
            raise ValueError(f"png: {name} must be a number above 0, not {number!r:.60}")
    units = {"width": across, "scale": 1, "dpi": INCH}  # what makes a dot of every pixel
    zoom = next((number / units[name] for name, number in asked.items()), SHARP)
    most = sqrt(DOTS / (across * down))
    if zoom > most:
        large = f"{across * zoom:,.0f} × {down * zoom:,.0f} dots"
        for name, number in asked.items():
            less = most * units[name]
            less = floor(less) if less > 100 else floor(100 * less) / 100
            raise ValueError(
                f"png: {name}={number} makes {large}, and {DOTS:,} are the most; take {name}={less}, "
                "or save as .svg or .pdf"
            )
        warn(f"png: {most:.2g} dots for a pixel, as {large} are more than {DOTS:,}", stacklevel=3)
        zoom = most
    resvg = _package("PNG", "resvg_py", "png")
    data = bytes(resvg.svg_to_bytes(svg_string=svg, width=max(1, round(across * zoom))))
    density = round(METRE * zoom)
    chunk = b"pHYs" + pack(">IIB", density, density, 1)
    return data[:HEADER] + pack(">I", 9) + chunk + pack(">I", crc32(chunk)) + data[HEADER:]


def pdf(svg: str) -> bytes:
    """The picture as PDF, in its own size: lines are lines, and text is text in fonts that it brings along.

    RuntimeError where the package vl-convert-python is missing.
    """
    points = SIZE.sub(lambda size: f'{size[1]}="{POINT * float(size[2]):g}"', svg, count=2)  # of a page
    return bytes(_package("PDF", "vl_convert", "pdf").svg_to_pdf(points))


def has(package: str) -> bool:
    """Whether the package can be imported."""
    try:
        import_module(package)
    except ImportError:
        return False
    return True


def _package(form: str, name: str, extra: str) -> Any:
    """The package that makes a format; RuntimeError with the remedy where it is missing."""
    try:
        return import_module(name)
    except ImportError:
        remedy = f"pip install 'scalar-autograd[{extra}]'"
        raise RuntimeError(f"{form} needs the package {name}: {remedy}; or save as .svg") from None
