"""The record style: a card for every value, with its operation, number and gradient, as SVG.

    ┌────┬──────────────┐   badge     the operation that made the value
    │    │ price        │   name      bold sans; pale where the value has no label
    │ ×  │ 220       +1 │   numbers   monospaced: forward in blue at the left, gradient in orange, signed,
    └────┴──────────────┘             at the right; "·" where none has arrived

A line leads from every operand to its port; the local derivative stands in a gap of the line before it.
Titles (tooltips) hold the full precision and the formulas. No script, no link, no font, and hex colours
instead of variables, so that every program that reads SVG shows it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from viz import layout
from viz.layout import Box, Layout, Point
from viz.options import Options
from viz.records import CONSTANT, LEAF, OPERATION, Edge, Graph, Node
from viz.svg import group, page, rect, text
from viz.text import bold_width, clip, full, mono_width, short

NAME, NUMBER, LOCAL, SYMBOL = 13, 12.5, 11.5, 14  # font sizes
PAD, GAP = 10, 14  # inside a card, between its numbers
HEIGHT, SMALL, PORT = 46, 24, 17  # of a card, of a constant's card, between two ports
INNER = 84  # the least width inside a card: most cards are equally wide
BREATH = 5  # between a local derivative and the line on both sides of it
ROUND, HEAD = 7, 7  # radius of a card's corners; length of an arrow's head
LETTERS = 28  # of a name or a symbol; the title has it whole

RULES = f"""
text{{font:{NUMBER}px ui-monospace,Menlo,"DejaVu Sans Mono",Consolas,monospace}}
.name{{font:700 {NAME}px Arial,Helvetica,"DejaVu Sans",sans-serif}}
.local{{font-size:{LOCAL}px}}
.sign{{font-size:{SYMBOL}px;font-weight:700;text-anchor:middle}}
.gradient,.local{{text-anchor:end}}
.line{{fill:none;stroke-width:1.3}}
"""

COLOURS = """
.card{{fill:{card};stroke:{border}}}
.leaf{{fill:{leaf};stroke:{border}}}
.constant{{fill:none;stroke:{border};stroke-dasharray:3 3}}
.badge{{fill:{badge};stroke:{border}}}
.name,.sign{{fill:{name}}}
.pale{{fill:{pale}}}
.data{{fill:{data}}}
.gradient,.local{{fill:{gradient}}}
.line{{stroke:{line}}}
.head{{fill:{line}}}
"""


class Card(NamedTuple):
    """The measures of a card and what it shows."""

    width: float
    height: float
    ports: tuple[float, ...]
    badge: float  # width of the badge, 0 without one
    name: str
    data: str
    gradient: str
    symbol: str


def render(graph: Graph, options: Options) -> str:
    """The graph in the record style. The same graph gives the same bytes."""
    operands = graph.operands()
    cards = [_card(*each) for each in zip(graph.nodes, operands, strict=True)]
    boxes = [Box(card.width, card.height, card.ports) for card in cards]
    lines = [layout.Edge(e.source, e.target, e.position, _stub(_local(e))) for e in graph.edges]
    placed = layout.place(boxes, lines)
    body = [_line(*each) for each in zip(graph.edges, _branches(graph, placed), strict=True)]
    body += [_draw(*each) for each in zip(graph.nodes, cards, placed.boxes, strict=True)]
    return page("\n".join(body), placed.width, placed.height, summary(graph), RULES, COLOURS, options.theme)


# ── Measures ────────────────────────────────────────────────────────────────────────────────────────


def _card(node: Node, operands: int) -> Card:
    data = short(node.data)
    if node.kind == CONSTANT:
        data = f"{clip(node.label, LETTERS)} = {data}" if node.label else data
        return Card(mono_width(data, NUMBER) + 2 * PAD, SMALL, (), 0, "", data, "", "")
    name, symbol = clip(node.name, LETTERS), clip(node.symbol, LETTERS)
    gradient = "·" if node.gradient is None else short(node.gradient, signed=True)
    numbers = mono_width(data + gradient, NUMBER) + GAP
    inner = max(INNER, numbers, bold_width(name, NAME))
    badge = max(30, mono_width(symbol, SYMBOL) + 14) if symbol else 0
    height = max(HEIGHT, PORT * operands + 8)
    return Card(
        badge + inner + 2 * PAD, height, _ports(height, operands), badge, name, data, gradient, symbol
    )


def _ports(height: float, operands: int) -> tuple[float, ...]:
    """The heights of the ports, in the operands' order around the middle."""
    return tuple(height / 2 + PORT * (i - (operands - 1) / 2) for i in range(operands))


def _local(edge: Edge) -> str:
    """The text on the line: none towards a constant, a dash where nothing is passed on."""
    if not edge.formula:
        return ""
    return "–" if edge.local is None else short(edge.local)


def _stub(text: str) -> float:
    """The width that a local derivative takes on the line."""
    return mono_width(text, LOCAL) + 2 * BREATH if text else 0


# ── Drawing ─────────────────────────────────────────────────────────────────────────────────────────


def _branches(graph: Graph, placed: Layout) -> Iterator[tuple[Point, ...]]:
    """Of every route what no earlier edge of the same operand has drawn: shared trunks stand once."""
    drawn = [1] * len(graph.nodes)  # points of the trunk; it ends where the edge's own stub begins
    for edge, route in zip(graph.edges, placed.routes, strict=True):
        trunk = len(route) - 2
        yield route[min(drawn[edge.source], trunk) - 1 :]
        drawn[edge.source] = max(drawn[edge.source], trunk)


def _line(edge: Edge, route: tuple[Point, ...]) -> str:
    """A line in two parts around the local derivative, and the arrow's head at the port."""
    local, (x, y) = _local(edge), route[-1]
    neck = x - HEAD + 1
    parts = [f'<path class="head" d="M{x:.1f} {y:.1f}l-{HEAD} -3.5v7z"/>']
    if local:
        right = x - layout.ARROW
        way = layout.path((*route[:-1], Point(right - _stub(local), y)))
        way += f"M{right:.1f} {y:.1f}H{neck:.1f}"
        parts.append(text("local", right - BREATH, y + 4, local))
    else:
        way = layout.path((*route[:-1], Point(neck, y)))
    return group(_edge_title(edge), f'<path class="line" d="{way}"/>', *parts)


def _draw(node: Node, card: Card, corner: Point) -> str:
    """A card at its place."""
    (x, y), middle = corner, corner.y + card.height / 2
    left, right = x + card.badge + PAD, x + card.width - PAD
    if node.kind == CONSTANT:
        return group(
            _title(node),
            rect("constant", x, y, card.width, card.height, SMALL / 2),
            text("pale", left, middle + 4.5, card.data),
        )
    parts = [rect("leaf" if node.kind == LEAF else "card", x, y, card.width, card.height, ROUND)]
    if card.badge:
        parts.append(f'<path class="badge" d="{_badge(corner, card)}"/>')
        parts.append(text("sign", x + card.badge / 2, middle + 5, card.symbol))
    parts.append(text("name" if node.label else "pale", left, middle - 5, card.name))
    parts.append(text("data", left, middle + 14, card.data))
    parts.append(text("gradient", right, middle + 14, card.gradient))
    return group(_title(node), *parts)


def _badge(corner: Point, card: Card) -> str:
    """The left part of a card, round at its left corners, as path data."""
    turn, straight = f"{ROUND} {ROUND} 0 0 0", card.badge - ROUND
    start = f"M{corner.x + card.badge:.1f} {corner.y:.1f}h{-straight:.1f}a{turn} {-ROUND} {ROUND}"
    return f"{start}v{card.height - 2 * ROUND:.1f}a{turn} {ROUND} {ROUND}h{straight:.1f}z"


def _title(node: Node) -> str:
    """What a card says in full."""
    if node.kind == CONSTANT:
        return f"constant {node.label}".rstrip() + f"\nvalue {full(node.data)}"
    first = f"{node.name} = {clip(node.expression, 500)}" if node.expression else node.name
    gradient = "none has arrived; call backward()" if node.gradient is None else full(node.gradient)
    return f"{first}\nvalue {full(node.data)}\ngradient {gradient}"


def _edge_title(edge: Edge) -> str:
    """The formula of the local derivative, and its number where the formula is not just that."""
    number = full(edge.local).replace("-", "−")
    if edge.local is None or edge.formula.endswith(f" = {number}"):
        return edge.formula
    return f"{edge.formula} = {number}"


def summary(graph: Graph) -> str:
    """What the picture shows, for who cannot see it."""
    roots = ", ".join(
        f"{node.name or 'a constant'} = {full(node.data)}"
        for node in map(graph.nodes.__getitem__, graph.roots)
    )
    leaves, operations = (sum(node.kind == kind for node in graph.nodes) for kind in (LEAF, OPERATION))
    return f"Computation graph of {roots}; leaves: {leaves}, operations: {operations}"
