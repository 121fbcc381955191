"""The record style: a card for every value, with its operation, number and gradient, as SVG.

    ┌────┬──────────────┐   badge     the operation that made the value
    │    │ price        │   name      bold sans; pale where the value has no label
    │ ×  │ 220       +1 │   numbers   monospaced: forward in blue at the left, gradient in orange, signed,
    └────┴──────────────┘             at the right; "·" where none has arrived

A line leads from every operand to its port; the local derivative stands in a gap of the line before it.
A card of several values, a group `layer1.neuron3 ▸14` or a folded chain `5,000 × +`, looks like a pile;
the width of the lines at it shows how much gradient passes. In a worksheet a number is an empty field.
Titles (tooltips) hold the full precision and the formulas. No script, no link, no font, and hex colours
instead of variables, so that every program that reads SVG shows it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isfinite, sqrt
from typing import Any, NamedTuple

from viz import layout, words
from viz.layout import Box, Layout, Point
from viz.options import Options
from viz.records import CONSTANT, GROUP, LEAF, Edge, Graph, Node
from viz.svg import ROUND, arrow, badge, group, page, rect, text
from viz.text import bold_width, clip, full, mono_width, short

NAME, NUMBER, LOCAL, SYMBOL, NOTE = 13, 12.5, 11.5, 14, 12  # font sizes
PAD, GAP = 10, 14  # inside a card, between its numbers
HEIGHT, LINE, SMALL = 46, 28, 24  # of a card, of one with a single line, of a constant's card
PORT, ROW = 17, 16  # between two ports; height of a local derivative
INNER = 84  # the least width inside a card: most cards are equally wide
BREATH = 5  # between a local derivative and the line on both sides of it
PILE = 4  # depth of a pile
LETTERS = 28  # of a name, a symbol or a formula; the title has it whole
BLANK = "000000"  # as wide as this is a field to be filled in
THIN, THICK, FAINT = 0.8, 5.2, 0.2  # lines with the least and the most gradient, and least opacity
FRAME, TITLE = 8, 18  # room around an opened group, and for its name

RULES = f"""
text{{font:{NUMBER}px ui-monospace,Menlo,"DejaVu Sans Mono",Consolas,monospace}}
.name{{font:700 {NAME}px Arial,Helvetica,"DejaVu Sans",sans-serif}}
.note{{font:{NOTE}px Arial,Helvetica,"DejaVu Sans",sans-serif}}
.local{{font-size:{LOCAL}px}}
.sign{{font-size:{SYMBOL}px;font-weight:700;text-anchor:middle}}
.gradient,.local{{text-anchor:end}}
.line{{fill:none;stroke-width:1.3}}
.flow{{fill:none}}
"""

COLOURS = """
.card{{fill:{card};stroke:{border}}}
.leaf{{fill:{leaf};stroke:{border}}}
.constant,.frame{{fill:none;stroke:{border};stroke-dasharray:3 3}}
.blank{{fill:none;stroke:{pale};stroke-dasharray:1 3}}
.badge{{fill:{badge};stroke:{border}}}
.name,.sign{{fill:{name}}}
.pale,.note{{fill:{pale}}}
.data{{fill:{data}}}
.gradient,.local{{fill:{gradient}}}
.line{{stroke:{line}}}
.flow{{stroke:{gradient}}}
.head{{fill:{line}}}
"""


class Field(NamedTuple):
    """A number as it is shown: a text, and a blank to be filled in behind it."""

    text: str = ""
    blank: bool = False

    def width(self, size: float) -> float:
        """The width at a size of the font."""
        return mono_width(self.text + BLANK * self.blank, size)


class Card(NamedTuple):
    """The measures of a card and what it shows."""

    width: float
    height: float
    ports: tuple[float, ...]
    badge: float = 0  # width of the badge, 0 without one
    name: str = ""
    data: Field = Field()
    gradient: Field = Field()
    symbol: str = ""


def render(graph: Graph, options: Options, whole: bool = False) -> str:
    """The graph in the record style. The same graph gives the same bytes.

    whole  every line is drawn in all its length, so that it can be shown alone (viz.page)
    """
    down = options.direction == "down"
    locals_ = [_local(edge, options) for edge in graph.edges]
    stubs = [local.width(LOCAL) + 2 * BREATH if local.width(LOCAL) else 0 for local in locals_]
    gaps = [ROW if down and stub else stub for stub in stubs]
    pitches: list[float] = [PORT] * len(graph.nodes)
    for edge, stub in zip(graph.edges, stubs, strict=True):
        if down:
            pitches[edge.target] = max(pitches[edge.target], stub)
    cards = [_card(*each, options) for each in zip(graph.nodes, graph.incoming, pitches, strict=True)]
    boxes = [Box(card.width, card.height, card.ports) for card in cards]
    lines = [
        layout.Edge(e.source, e.target, e.position if graph.nodes[e.target].size == 1 else 0, gap)
        for e, gap in zip(graph.edges, gaps, strict=True)
    ]
    frames, placed = _frames(graph, cards, layout.place(boxes, lines, down=down))
    routes = placed.routes if whole else _branches(graph, placed)
    widths = _widths(graph, options)
    body = []
    for name, left, top, right, foot in frames:
        frame = rect("frame", left, top, right - left, foot - top, ROUND + 3)
        body.append(group("", frame, text("note", left + PAD, top + TITLE - 3, name)))
    each_line = zip(graph.edges, routes, locals_, gaps, widths, strict=True)
    body += [_line(*each, options) for each in each_line]
    body += [_draw(*each, options) for each in zip(graph.nodes, cards, placed.boxes, strict=True)]
    width, height = placed.width, placed.height
    if graph.note:
        height += 2 * NOTE
        width = max(width, bold_width(graph.note, NOTE))
        body.append(text("note", 0, height, graph.note))
    summary = words.summary(graph, options)
    return page("\n".join(body), width, height, summary, RULES, COLOURS, options.theme)


# ── Measures ────────────────────────────────────────────────────────────────────────────────────────


def _card(node: Node, incoming: list[Edge], pitch: float, options: Options) -> Card:
    """The card of a node, its ports so far from each other."""
    operands = len(incoming) if node.size == 1 else min(len(incoming), 1)  # what leads to a pile shares one
    data, gradient = _numbers(node, options)
    down = options.direction == "down"
    if node.kind == CONSTANT:
        shown = f"{clip(node.name, LETTERS)} = {data.text}" if node.name and options.labels else data.text
        return Card(mono_width(shown, NUMBER) + 2 * PAD, SMALL, (), name=shown)
    if not node.size:
        return Card(2 * PAD, SMALL, layout.ports(2 * PAD if down else SMALL, operands, pitch), name=node.name)
    name = clip(node.name, LETTERS) if options.labels or node.kind == GROUP else ""
    symbol = clip(node.symbol, LETTERS)
    title = bold_width(name, NAME) + (mono_width(f" {symbol}", NUMBER) if node.kind == GROUP else 0)
    numbers = data.width(NUMBER) + gradient.width(NUMBER) + GAP
    sign = max(30.0, mono_width(symbol, SYMBOL) + 14) if symbol and node.kind != GROUP else 0.0
    lines = bool(name) + (data.width(1) + gradient.width(1) > 0)
    pile = PILE if node.size > 1 else 0
    width = sign + max(INNER, numbers, title) + 2 * PAD + pile
    height = float(HEIGHT if lines > 1 else LINE) + pile
    room = pitch * operands + 8
    width, height = (max(width, room), height) if down else (width, max(height, room))
    places = layout.ports(width if down else height, operands, pitch)
    return Card(width, height, places, sign, name, data, gradient, symbol)


def _numbers(node: Node, options: Options) -> tuple[Field, Field]:
    """The forward number and the gradient, as far as they are to be shown. What is given is not blank."""
    data = Field(short(node.data, digits=options.digits))
    if node.kind == CONSTANT or node.data is None:
        return data, Field()
    if options.blank == "all" and node.kind != LEAF:
        data = Field(blank=True)
    gradient = Field(blank=True)
    if not options.blank:
        number = node.gradient
        gradient = Field(words.NO_GRADIENT if number is None else short(number, True, options.digits))
    return data if options.values else Field(), gradient if options.gradients else Field()


def _local(edge: Edge, options: Options) -> Field:
    """The text on the line: none towards a constant, a dash where nothing is passed on."""
    if edge.local is None and edge.formula and options.local != "none":
        return Field(words.NONE)
    rule, number = words.local(edge, options)
    start = clip(rule, LETTERS) + " = " * bool(rule and number)
    return Field(start, True) if number and options.blank else Field(start + number)


def _widths(graph: Graph, options: Options) -> list[float]:
    """The width of every line that shows how much gradient passes: as its square root; 0 for others."""
    if options.blank or not options.gradients:
        return [0.0] * len(graph.edges)
    most = max((e.flow for e in graph.edges if e.flow is not None and isfinite(e.flow)), default=0.0) or 1.0
    shares = [None if e.flow is None else min(1.0, e.flow / most) for e in graph.edges]
    return [0.0 if share is None else THIN + (THICK - THIN) * sqrt(share) for share in shares]


class Area(NamedTuple):
    """The frame of an opened group, or the place of a card."""

    name: str
    left: float
    top: float
    right: float
    foot: float

    def meets(self, other: "Area") -> bool:
        """Whether they overlap."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.foot and other.top < self.foot


def _frames(graph: Graph, cards: Sequence[Card], placed: Layout) -> tuple[list[Area], Layout]:
    """The frames of opened groups in whose way no other card stands; and the layout with room for them.

    A frame goes around all of its group, or else around the operations and the leaves between them:
    some leaves stand next to operands from elsewhere.
    """
    corners = zip(placed.boxes, cards, strict=True)
    spots = [Area("", x, y, x + card.width, y + card.height) for (x, y), card in corners]
    names = sorted({node.frame for node in graph.nodes} - {""})
    frames = []
    for name in names:
        pad = FRAME * (1 + sum(other.startswith(f"{name}.") for other in names))
        own = [n.key for n in graph.nodes if n.frame == name or n.frame.startswith(f"{name}.")]
        made = [key for key in own if graph.nodes[key].kind not in (LEAF, CONSTANT)] or own
        others = [spots[key] for key in {*range(len(spots))}.difference(own)]
        around = (_around(name, members, own, spots, pad) for members in (own, made))
        frames += [frame for frame in around if not any(map(frame.meets, others))][:1]
    x = max([0.0, *(-frame.left for frame in frames)])
    y = max([0.0, *(-frame.top for frame in frames)])
    placed = placed.moved(x, y)
    frames = [Area(name, left + x, top + y, right + x, foot + y) for name, left, top, right, foot in frames]
    width = max([placed.width, *(frame.right for frame in frames)])
    height = max([placed.height, *(frame.foot for frame in frames)])
    return frames, replace(placed, width=width, height=height)


def _around(name: str, members: list[int], own: list[int], spots: list[Area], pad: float) -> Area:
    """A frame around members, and around all that it would cut in two of its own; with room for the name."""
    while True:
        inner = [spots[key] for key in members]
        left, top = min(spot.left for spot in inner) - pad, min(spot.top for spot in inner) - pad - TITLE
        right, foot = max(spot.right for spot in inner) + pad, max(spot.foot for spot in inner) + pad
        frame = Area(name, left, top, max(right, left + bold_width(name, NAME) + 2 * PAD), foot)
        more = [key for key in own if key not in members and frame.meets(spots[key])]
        if not more:
            return frame
        members = members + more


# ── Drawing ─────────────────────────────────────────────────────────────────────────────────────────


def _branches(graph: Graph, placed: Layout) -> Iterator[tuple[Point, ...]]:
    """Of every route what no earlier edge of the same operand has drawn: shared trunks stand once."""
    drawn: dict[Any, tuple[Point, ...]] = {}  # the longest trunk by what it begins with
    for edge, route in zip(graph.edges, placed.routes, strict=True):
        if edge.flow is not None:  # has a width of its own
            yield route
            continue
        trunk = route[:-2]  # it ends where the edge's own stub begins
        keys = (edge.source, *trunk[:2]), (edge.source, *trunk[:3])
        shared = max(_common(drawn.get(key, ()), trunk) for key in keys)
        yield route[max(shared, 1) - 1 :]
        for key in keys:
            drawn[key] = max(drawn.get(key, ()), trunk, key=len)


def _common(one: Sequence[Point], other: Sequence[Point]) -> int:
    """How many points two routes have in common from their beginning on."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _line(
    edge: Edge, route: tuple[Point, ...], local: Field, gap: float, width: float, options: Options
) -> str:
    """A line in two parts around the local derivative, and the arrow's head at the port."""
    (x, y), (way, *parts) = route[-1], arrow(route, gap, options.direction)
    if gap and options.direction == "down":
        parts.append(_number("local", local, x + local.width(LOCAL) / 2, y - layout.ARROW - 4, LOCAL))
    elif gap:
        parts.append(_number("local", local, x - layout.ARROW - BREATH, y + 4, LOCAL))
    strength = f'stroke-width="{width:.1f}" stroke-opacity="{FAINT + (1 - FAINT) * width / THICK:.2f}"'
    style = f'class="flow" {strength}' if width else 'class="line"'
    key = f"e{edge.target}.{edge.position}"
    return group(_edge_title(edge, options), f'<path {style} d="{way}"/>', *parts, key=key)


def _number(kind: str, field: Field, right: float, base: float, size: float) -> str:
    """A number that ends at the right, or an empty field for it."""
    width = mono_width(BLANK, size) * field.blank
    label = field.text.rstrip()  # a space at the end would have no width
    end = right - width - mono_width(field.text[len(label) :], size)
    shown = text(kind, end, base, label) if label else ""
    return shown + (rect("blank", right - width, base - 0.9 * size, width, 1.2 * size, 3) if width else "")


def _draw(node: Node, card: Card, corner: Point, options: Options) -> str:
    """A card at its place."""
    (x, y), key = corner, f"n{node.key}"
    middle = y + card.height / 2
    if node.kind == CONSTANT or not node.size:
        shape = rect("constant", x, y, card.width, card.height, SMALL / 2) if node.size else ""
        start = x + (card.width - mono_width(card.name, NUMBER)) / 2
        return group(_title(node, options), shape, text("pale", start, middle + 4.5, card.name), key=key)
    parts = []
    if node.size > 1:
        parts.append(rect("card", x + PILE, y, card.width - PILE, card.height - PILE, ROUND))
        card = card._replace(width=card.width - PILE, height=card.height - PILE)
        y, middle = y + PILE, middle + PILE / 2
    left, right = x + card.badge + PAD, x + card.width - PAD
    numbers = card.data.width(1) + card.gradient.width(1) > 0
    upper, lower = (middle - 5, middle + 14) if numbers and card.name else (middle + 4.5, middle + 4.5)
    parts.append(rect("leaf" if node.kind == LEAF else "card", x, y, card.width, card.height, ROUND))
    if card.badge:
        parts.append(badge(x, y, card.badge, card.height))
        parts.append(text("sign", x + card.badge / 2, middle + 5, card.symbol))
    if card.name:
        parts.append(text("name" if node.label else "pale", left, upper, card.name))
    if node.kind == GROUP:
        parts.append(text("pale", right - mono_width(card.symbol, NUMBER), upper, card.symbol))
    if card.data.blank:
        parts.append(_number("data", card.data, left + card.data.width(NUMBER), lower, NUMBER))
    elif card.data.text:
        parts.append(text("data", left, lower, card.data.text))
    if card.gradient != Field():
        parts.append(_number("gradient", card.gradient, right, lower, NUMBER))
    return group(_title(node, options), *parts, key=key)


def _title(node: Node, options: Options) -> str:
    """What a card says in full, but for what a worksheet leaves out."""
    if not node.size:
        return "left out here"
    first = f"{node.name} = {clip(node.expression, 500)}" if node.expression else node.name
    if node.kind == CONSTANT:
        first = f"constant {node.name}".rstrip()
    elif node.kind == GROUP:
        first = f"{node.name}: {node.expression}"
    return "\n".join((first, *words.numbers(node, options)))


def _edge_title(edge: Edge, options: Options) -> str:
    """The formula of the local derivative, and its number where the formula is not just that."""
    if edge.count > 1 or (edge.flow is not None and not edge.formula):
        edges = "1 edge" if edge.count == 1 else f"{edge.count:,} edges"
        flow = f"; Σ |upstream × local| = {short(edge.flow)}: the width of the line is as its square root"
        return edges if edge.flow is None or options.blank else edges + flow
    if options.blank:
        return ""
    formula, number = str(edge.formula), full(edge.local).replace("-", "−")
    return formula if edge.local is None or formula.endswith(f" = {number}") else f"{formula} = {number}"
