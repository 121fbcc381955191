r"""Paints a scene as a TikZ picture for LaTeX, with names, numbers and formulas in mathematics.

The coordinates are those of the scene, in pixels of ¾ pt, y downwards. In a document of your own the picture
needs \usepackage{tikz,amsmath}.
"""

import re
from collections.abc import Iterator
from itertools import chain
from math import ceil

from viz import latex
from viz.scene import (
    DARK,
    END,
    LIGHT,
    LOOKS,
    MARGIN,
    MIDDLE,
    Look,
    Path,
    Rect,
    Scene,
    Text,
    beginning,
    leaves,
    measure,
)
from viz.text import CELLS

POINT = 0.75  # points per pixel
SIZES = {11.75: r"\footnotesize", 13.25: r"\small", 16: r"\normalsize", 99: r"\Large"}  # up to so many px
ANCHORS = {MIDDLE: "base", END: "base east"}
CELL = re.compile(rf"[^{CELLS}]+")
JOIN = {"M": "", "L": "-- ", "C": ".. controls "}


def paint(scene: Scene, theme: str) -> str:
    """The tikzpicture, light unless the theme is dark."""
    marks = [*leaves(scene.marks)]
    looks = {kind: LOOKS[kind] for kind in dict.fromkeys(["ground", *(mark.kind for mark in marks)])}
    palette = DARK if theme == "dark" else LIGHT
    named = dict.fromkeys(colour for look in looks.values() for colour in (look.fill, look.stroke) if colour)
    ground = Rect("ground", -MARGIN, -MARGIN, scene.width + 2 * MARGIN, scene.height + 2 * MARGIN)
    return "\n".join((
        r"\begin{tikzpicture}[x=0.75pt, y=-0.75pt, every node/.style={inner sep=0pt},",
        *(f"  graph {kind}/.style={{{_style(look)}}}," for kind, look in looks.items()), "]",
        *(rf"\definecolor{{graph{name}}}{{HTML}}{{{palette[name][1:].upper()}}}" for name in named),
        *map(_mark, (ground, *chain.from_iterable(map(_cells, marks)))), "\\end{tikzpicture}\n",
    ))  # fmt: skip


def document(theme: str, *scenes: Scene) -> str:
    """A whole LaTeX document with each picture alone on a page, as large as the largest, for every engine."""
    pictures = [paint(scene, theme) for scene in scenes]
    sides = zip(*((scene.width, scene.height) for scene in scenes), strict=True)
    width, height = (ceil(POINT * (max(side) + 2 * MARGIN)) + 1 for side in sides)
    size = f"paperwidth={width}pt,paperheight={height}pt"
    return "\n".join((
        r"\documentclass{article}",
        rf"\usepackage[{size},margin=0pt]{{geometry}}",
        r"\usepackage{tikz}",
        latex.preamble("".join(pictures)),
        r"\hoffset=-1in \voffset=-1in",  # TeX counts from there
        r"\begin{document}",
        *(f"\\setbox0\\hbox{{%\n{picture}}}\\shipout\\box0" for picture in pictures),
        "\\end{document}\n",
    ))  # fmt: skip


def _style(look: Look) -> str:
    """A kind of mark as options of TikZ."""
    if look.size:
        size = next(name for most, name in SIZES.items() if look.size <= most)
        weight = r"\bfseries" if look.bold and look.words else ""
        return f"text=graph{look.fill}, font={size}{weight}"
    parts = [f"fill=graph{look.fill}"] if look.fill else []
    parts += [f"draw=graph{look.stroke}, line width={POINT * look.width:.3g}pt"] if look.stroke else []
    if look.dashes:
        on, off = (POINT * length for length in look.dashes)
        parts.append(f"dash pattern=on {on:.3g}pt off {off:.3g}pt")
    return ", ".join(parts)


def _cells(mark: Rect | Path | Text) -> Iterator[Rect | Path | Text]:
    """The mark; a text in columns cell by cell, in the middle of its place, as letters differ in width."""
    if not isinstance(mark, Text) or CELLS not in mark.text:
        yield mark
        return
    start = beginning(mark)
    for cell in CELL.finditer(mark.text):
        before, own = (measure(mark.kind, text) for text in (mark.text[: cell.start()], cell[0]))
        yield Text(mark.kind, start + before + own / 2, mark.y, cell[0], MIDDLE)


def _mark(mark: Rect | Path | Text) -> str:
    match mark:
        case Rect():
            corners = f"{_at(mark.x, mark.y)} rectangle {_at(mark.x + mark.width, mark.y + mark.height)}"
            most = min(mark.radius, mark.width / 2, mark.height / 2)
            radius = f", rounded corners={POINT * most:.3g}pt" if mark.radius else ""
            return rf"\path[graph {mark.kind}{radius}] {corners};"
        case Path():
            width = "" if mark.width is None else f", line width={POINT * mark.width:.3g}pt"
            opacity = "" if mark.opacity is None else f", draw opacity={mark.opacity:.2g}"
            return rf"\path[graph {mark.kind}{width}{opacity}] {' '.join(_steps(mark))};"
        case Text():
            anchor = ANCHORS.get(mark.anchor, "base west")
            return (
                rf"\node[graph {mark.kind}, anchor={anchor}] at {_at(mark.x, mark.y)} {{{_written(mark)}}};"
            )


def _steps(path: Path) -> Iterator[str]:
    """A path in TikZ's words."""
    for letter, points in path.steps:
        if letter == "Z":
            yield "-- cycle"
        else:
            *controls, end = (_at(*point) for point in points)
            yield JOIN[letter] + (f"{' and '.join(controls)} .. " if controls else "") + end


def _written(text: Text) -> str:
    """Words as such, all else as mathematics."""
    if LOOKS[text.kind].words:
        return latex.words(text.text)
    write = latex.operation if text.kind == "sign" else latex.mathematics
    return f"${write(text.text)}$"


def _at(x: float, y: float) -> str:
    return f"({x:.1f},{y:.1f})"
