r"""The graph as a TikZ picture for LaTeX, with names and local derivatives in mathematics.

The coordinates are those of viz.layout, in pixels of ¾ pt, y downwards. In a document of your own the picture
needs \usepackage{tikz,amsmath}.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from autograd.naming import latex_name, latex_symbol, latex_text
from viz import latex, layout, words
from viz.layout import Box, Point
from viz.options import Options
from viz.records import CONSTANT, LEAF, Edge, Graph, Node
from viz.svg import DARK, LIGHT
from viz.text import bold_width, clip, mono_width

SIZE, SMALL = 12, 10.5  # pixels of \small and \footnotesize, 9 pt and 8 pt
ROW, PAD, GAP = 17, 8, 14  # height of a line of text; inside a card; between its numbers
PORT, INNER = 17, 56  # between two ports; the least width inside a card
BREATH, MARGIN = 4, 16  # around a local derivative; around the picture
LONG = 40  # characters of a name or a formula
POINT = 0.75  # points per pixel
COLOURS = "ground", "card", "leaf", "badge", "border", "name", "pale", "data", "gradient", "line"
STYLES = r"""
  x=0.75pt, y=-0.75pt, line width=0.6pt, graph line/.style={draw=graphline, ->, >=stealth},
  every node/.style={inner sep=0pt, font=\small, text=graphname},
  graph card/.style={draw=graphborder, fill=graphcard, rounded corners=3pt},
  graph leaf/.style={graph card, fill=graphleaf}, graph constant/.style={graph card, dashed},
  local/.style={font=\footnotesize, text=graphgradient, fill=graphground, inner xsep=3pt, inner ysep=1.5pt},
"""


class Card(NamedTuple):
    """The measures of a card, its ports along the side where lines arrive, and its texts."""

    width: float
    height: float
    ports: tuple[float, ...]
    badge: float
    name: str
    data: str
    gradient: str


def render(graph: Graph, options: Options) -> str:
    """The tikzpicture."""
    return draw(graph, options)[0]


def document(graph: Graph, options: Options) -> str:
    """A whole LaTeX document with the picture alone on a page of its size, for every engine."""
    picture, width, height = draw(graph, options)
    size = f"paperwidth={width}pt,paperheight={height}pt"
    return "\n".join((
        r"\documentclass{article}",
        rf"\usepackage[{size},margin=0pt]{{geometry}}",
        r"\usepackage{tikz}",
        latex.preamble(picture),
        r"\hoffset=-1in \voffset=-1in",  # TeX counts from there
        r"\begin{document}\setbox0\hbox{%",
        picture + r"}\shipout\box0 \end{document}" + "\n",
    ))  # fmt: skip


def draw(graph: Graph, options: Options) -> tuple[str, int, int]:
    """The picture, lines first, then cards over them; and its width and height in points."""
    down = options.direction == "down"
    texts = [clip(words.local_text(edge, options), LONG) for edge in graph.edges]
    rooms = [mono_width(text, SMALL) + 2 * BREATH for text in texts]
    pitches = [2.0 * BREATH if down else PORT for _ in graph.nodes]
    for edge, room in zip(graph.edges, rooms, strict=True):
        if down:
            pitches[edge.target] = max(pitches[edge.target], room)
    each = zip(graph.nodes, map(len, graph.incoming), pitches, strict=True)
    cards = [_card(node, operands, options, pitch) for node, operands, pitch in each]
    lines = [
        layout.Edge(e.source, e.target, e.position, (ROW if down else room) if text else 0)
        for e, text, room in zip(graph.edges, texts, rooms, strict=True)
    ]
    placed = layout.place([Box(card.width, card.height, card.ports) for card in cards], lines, down=down)
    body = [_line(edge, route, options) for edge, route in zip(graph.edges, placed.routes, strict=True)]
    body += [_draw(*each) for each in zip(graph.nodes, cards, placed.boxes, strict=True)]
    palette = DARK if options.theme == "dark" else LIGHT
    colours = [rf"\definecolor{{graph{name}}}{{HTML}}{{{palette[name][1:].upper()}}}" for name in COLOURS]
    width, height = placed.width, placed.height
    if graph.note:
        height += ROW
        note = rf"\text{{{latex_text(graph.note)}}}"
        body.append(_text((0, height), note, "anchor=west, text=graphpale"))
    corners = f"{_at(-MARGIN, -MARGIN)} rectangle {_at(width + MARGIN, height + MARGIN)}"
    ground = rf"\fill[graphground] {corners};"
    text = "\n".join((rf"\begin{{tikzpicture}}[{STYLES}]", *colours, ground, *body, "\\end{tikzpicture}\n"))
    wide, high = (ceil(POINT * (side + 2 * MARGIN)) + 1 for side in (width, height))
    return text, wide, high


# ── Measures ────────────────────────────────────────────────────────────────────────────────────────


def _card(node: Node, operands: int, options: Options, pitch: float) -> Card:
    """The card of a node whose ports are so far from each other."""
    name = clip(words.name(node, options), LONG)
    data, gradient = words.data(node, options), words.gradient(node, options)
    shown = " = ".join(filter(None, (name, data))) if node.kind == CONSTANT else data + gradient
    numbers = mono_width(shown, SIZE) + (GAP if data and gradient else 0)
    least = 0 if node.kind == CONSTANT else INNER
    badge = max(26.0, mono_width(node.symbol, SIZE) + 12) if node.symbol else 0.0
    width = badge + max(least, numbers, bold_width(name, SIZE) * bool(least)) + 2 * PAD
    rows = max(1, bool(name) + bool(data or gradient)) if least else 1
    height = float(rows * ROW + 8)
    room, down = pitch * operands + PAD, options.direction == "down"
    width, height = (max(width, room), height) if down else (width, max(height, room))
    places = layout.ports(width if down else height, operands, pitch)
    return Card(width, height, places, badge, name, data, gradient)


# ── Drawing ─────────────────────────────────────────────────────────────────────────────────────────


def _local(edge: Edge, options: Options) -> str:
    """The local derivative in LaTeX."""
    formula, number = words.local(edge, options)
    parts = latex.formula(formula, LONG) if formula else "", _number(number)
    return " = ".join(filter(None, parts))


def _number(text: str) -> str:
    return r"\underline{\hspace{2em}}" if text == words.BLANK else latex.number(text)


def _line(edge: Edge, route: Sequence[Point], options: Options) -> str:
    """A line with its local derivative in a gap before the arrow's head."""
    down, local = options.direction == "down", _local(edge, options)
    way = [_at(*route[0])]
    for i, (start, end) in enumerate(pairwise(route)):
        if i % 2:
            middle = (start.y + end.y) / 2 if down else (start.x + end.x) / 2
            bends = [(point.x, middle) if down else (middle, point.y) for point in (start, end)]
            way.append(f".. controls {_at(*bends[0])} and {_at(*bends[1])} .. {_at(*end)}")
        else:
            way.append(f"-- {_at(*end)}")
    line = rf"\draw[graph line] {' '.join(way)};"
    if not local:
        return line
    (x, y), back = route[-1], layout.ARROW
    anchor, place = ("south", (x, y - back)) if down else ("east", (x - back, y))
    return f"{line}\n{_text(place, local, f'local, anchor={anchor}')}"


def _draw(node: Node, card: Card, corner: Point) -> str:
    """A card at its place: the badge at its left, the name over the numbers."""
    x, y = corner
    style = {LEAF: "leaf", CONSTANT: "constant"}.get(node.kind, "card")
    whole = f"{_at(x, y)} rectangle {_at(x + card.width, y + card.height)}"
    parts = [rf"\draw[graph {style}] {whole};"]
    left, right, middle = x + card.badge + PAD, x + card.width - PAD, y + card.height / 2
    if card.badge:
        badge = f"{_at(x, y)} rectangle {_at(x + card.badge, y + card.height)}"
        round_ = rf"\clip[rounded corners=3pt] {whole};"
        parts.append(rf"\begin{{scope}}{round_} \fill[graphbadge] {badge};\end{{scope}}")
        parts.append(rf"\draw[graph card, fill=none] {whole};")
        parts.append(_text((x + card.badge / 2, middle), latex_symbol(node.symbol)))
    name, data, gradient = latex_name(card.name), _number(card.data), _number(card.gradient)
    if node.kind == CONSTANT:
        equation = " = ".join(filter(None, (name, data)))
        return "\n".join((*parts, _text((left, middle), equation, "anchor=west, text=graphpale")))
    upper, lower = middle, middle
    if card.name and (card.data or card.gradient):
        upper, lower = middle - ROW / 2, middle + ROW / 2
    if card.name:
        style = "anchor=west" if node.label else "anchor=west, text=graphpale"
        parts.append(_text((left, upper), name, style))
    if card.data:
        parts.append(_text((left, lower), data, "anchor=west, text=graphdata"))
    if card.gradient:
        parts.append(_text((right, lower), gradient, "anchor=east, text=graphgradient"))
    return "\n".join(parts)


def _text(place: tuple[float, float], mathematics: str, style: str = "") -> str:
    return rf"\node[{style}] at {_at(*place)} {{${mathematics}$}};"


def _at(x: float, y: float) -> str:
    return f"({x:.1f},{y:.1f})"
