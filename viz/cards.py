"""The record style: a card for every value, with its operation, number and gradient, as a scene.

    ┌────┬──────────────┐   badge     the operation that made the value
    │    │ price        │   name      bold sans; pale where the value has no label
    │ ×  │ 220       +1 │   numbers   monospaced: forward in blue at the left, gradient in orange, signed,
    └────┴──────────────┘             at the right; "·" where none has arrived

A line leads from every operand to its port; the local derivative stands in a gap of the line before it, and
the orange arrow in front of it says which way gradients go. A card of several values, a group
`layer1.neuron3 ▸14` or a folded chain `5,000 × +`, looks like a pile; the width of the lines at it shows how
much gradient passes. In a worksheet a number is an empty field, large enough for a pencil. Titles (tooltips)
hold the full precision and the formulas.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from functools import partial
from itertools import count, groupby
from math import fsum, isfinite
from typing import Any, NamedTuple

from viz import layout, words
from viz.layout import ARROW, Box, Layout, Point
from viz.options import Options
from viz.records import CONSTANT, GROUP, LEAF, Edge, Graph, Node
from viz.scene import (
    DOWN,
    END,
    FIELD,
    HEAD,
    LEFT,
    MIDDLE,
    PENCIL,
    RIGHT,
    ROUND,
    UP,
    Group,
    Mark,
    Path,
    Rect,
    Scene,
    Strength,
    Text,
    arrow,
    beginning,
    head,
    leaves,
    left_part,
    measure,
    straight,
    strength,
    within,
)
from viz.text import clip
from viz.view import LETTERS
from viz.words import NOTHING, Field

PAD, GAP = 10, 14  # inside a card, between its numbers
ROW, SMALL = 19, 24  # height of a line in a card, of a constant's card
BORDER = 8  # above and below the lines of a card, together
PORT, LOCAL = 17, 16  # between two ports; height of a local derivative
INNER = 84  # the least width inside a card: most cards are equally wide
BREATH = 5  # between a local derivative and the line on both sides of it
PILE = 4  # depth of a pile
FRAME, TITLE = 8, 18  # room around an opened group, and for its name


class Card(NamedTuple):
    """What a card shows, and its measures, which `fitted` gives it.

    shape   "card", "leaf", "constant" (a pill), or "" for a name alone
    ink     the kind of its name                     symbol  of the operation, on the badge
    remark  at the right of the name                 pile    it stands for several values
    badge   the width of the badge, 0 without one    ports   where its operands arrive
    """

    name: str
    shape: str = "card"
    ink: str = "name"
    symbol: str = ""
    remark: str = ""
    data: Field = NOTHING
    gradient: Field = NOTHING
    pile: bool = False
    badge: float = 0
    width: float = 0
    height: float = 0
    ports: tuple[float, ...] = ()


class Label(NamedTuple):
    """The local derivative on a line, how wide its text may be, and how much room it takes along the line and
    beside it.
    """

    field: Field
    text: float
    width: float
    height: float
    tip: bool  # whether a gradient has gone back along the line


def scene(graph: Graph, options: Options, whole: bool = False, room: int = 0) -> Scene:
    """The graph in the record style.

    whole  every line is drawn in all its length, with its arrow back, to be shown alone (viz.page)
    room   of how many characters a number has room at least, as it may change there
    """
    down = options.direction == "down"
    labels = [_label(graph, edge, options, whole, room) for edge in graph.edges]
    pitches: list[float] = [PORT] * len(graph.nodes)
    for edge, label in zip(graph.edges, labels, strict=True):
        pitches[edge.target] = max(pitches[edge.target], label.width if down else label.height)
    cards = [_card(*each, options, room) for each in zip(graph.nodes, graph.incoming, pitches, strict=True)]
    gaps = [label.height if down else label.width for label in labels]
    lines = [
        layout.Edge(e.source, e.target, e.position if graph.nodes[e.target].size == 1 else 0, gap)
        for e, gap in zip(graph.edges, gaps, strict=True)
    ]
    placed = _placed(graph, cards, lines, options)
    if not down:
        cards, placed = _even(cards, placed)
    frames, placed = _frames(graph, cards, placed)
    routes = placed.routes if whole else _branches(graph, placed)
    strengths = _strengths(graph, options)
    each_line = [*zip(graph.edges, routes, labels, gaps, strengths, strict=True)]
    each_line.sort(key=lambda line: line[-1].width if line[-1] else 0)  # the strong ones above the others
    marks: list[Mark] = [_line(*each, graph, options, whole) for each in each_line]
    marks += [
        Group(tuple(draw(card, corner)), words.title(node, options), f"n{node.key}")
        for node, card, corner in zip(graph.nodes, cards, placed.boxes, strict=True)
    ]
    if frames:
        taken = sorted((*frames, *_taken(marks)), key=lambda each: each.left)
        marks = [*(_frame(area, taken) for area in frames), *marks]
    made = Scene(placed.width, placed.height, tuple(marks), words.summary(graph, options))
    return made.noted(graph.note, room=_room(graph, options))


# ── Measures ────────────────────────────────────────────────────────────────────────────────────────


def _room(graph: Graph, options: Options) -> float:
    """The width that the cards may take, within the frames of opened groups and the margins."""
    nested = max(node.frame.count(".") + bool(node.frame) for node in graph.nodes)
    return within(options.width) - 2 * FRAME * nested


def _card(node: Node, incoming: list[Edge], pitch: float, options: Options, room: int) -> Card:
    """The card of a node, its ports so far from each other."""
    operands = len(incoming) if node.size == 1 else min(len(incoming), 1)  # what leads to a pile shares one
    down = options.direction == "down"
    data, gradient = words.data(node, options), words.gradient(node, options)
    name, symbol = clip(words.name(node, options), LETTERS), clip(node.symbol, LETTERS)
    if node.kind == CONSTANT:
        return pill(" = ".join(filter(None, (name, str(data)))))
    if not node.size:
        places = layout.ports(2 * PAD if down else SMALL, operands, pitch)
        return Card(node.name, "", "pale", width=2 * PAD, height=SMALL, ports=places)
    shape, ink = "leaf" if node.kind == LEAF else "card", "name" if node.label else "pale"
    symbol, *remarks = ("", symbol) if node.kind == GROUP else (symbol,)
    remark = " ".join(filter(None, (*remarks, words.remark(node, options))))
    card = Card(name, shape, ink, symbol, remark, data, gradient, node.size > 1)
    return fitted(card, operands, pitch, down, room)


def fitted(card: Card, ports: int, pitch: float, down: bool, room: int = 0) -> Card:
    """The card as large as what it shows, with so many ports so far from each other.

    room  the least for each of its numbers, in characters
    """
    pile = PILE * card.pile
    title = measure("name", card.name) + measure("pale", card.remark and f" {card.remark}")
    fields = ("data", card.data), ("gradient", card.gradient)
    numbers = GAP + fsum(_width(kind, field, room * bool(field)) for kind, field in fields)
    badge = max(30.0, measure("sign", card.symbol) + 14) if card.symbol else 0.0
    width = badge + max(INNER, numbers, title) + 2 * PAD + pile
    height = float(max(ROW, sum(_rows(card))) + BORDER + pile)
    along = pitch * ports + BORDER
    width, height = (max(width, along), height) if down else (width, max(height, along))
    places = layout.ports(width if down else height, ports, pitch)
    return card._replace(width=width, height=height, ports=places, badge=badge)


def pill(name: str, ink: str = "pale") -> Card:
    """A name in a dashed frame, without operands."""
    return Card(name, "constant", ink, width=measure(ink, name) + 2 * PAD, height=SMALL)


def _rows(card: Card) -> tuple[float, float]:
    """The heights of the line with the name and of the line with the numbers, as far as they are there."""
    blank = card.data.blank or card.gradient.blank
    numbers = PENCIL + 6 if blank else ROW if card.data or card.gradient else 0
    return ROW if card.name or card.remark else 0, numbers


def _width(kind: str, field: Field, room: int = 0) -> float:
    """The width of a field that has room for so many characters."""
    return measure(field.ink(kind), field.text.ljust(room)) + FIELD * bool(field.blank)


def _label(graph: Graph, edge: Edge, options: Options, whole: bool, room: int) -> Label:
    """The text on a line: none towards a constant."""
    field = words.local(edge, options, LETTERS)
    if not field:
        return Label(NOTHING, 0, 0, 0, False)
    seen = whole or graph.nodes[edge.target].gradient is not None
    back = edge.local is not None and options.gradients and not options.blank
    text = _width("local", field, room * isinstance(edge.local, float))
    width = (HEAD + 2) * back + text + 2 * BREATH
    return Label(field, text, width, PENCIL + 4 if field.blank else LOCAL, back and seen)


def _placed(graph: Graph, cards: Sequence[Card], lines: Sequence[layout.Edge], options: Options) -> Layout:
    """The cards laid out, a second time where frames need room between the cards of a layer."""
    down, width = options.direction == "down", _room(graph, options)
    boxes = [Box(card.width, card.height, card.ports) for card in cards]
    placed = layout.place(boxes, lines, down=down, width=width)
    rooms = _frame_rooms(graph, placed.layers, down)
    if not any(rooms):
        return placed
    wider = [_padded(box, room, down) for box, room in zip(boxes, rooms, strict=True)]
    try:
        placed = layout.place(wider, lines, down=down, width=width)
    except ValueError:  # the width has no room for it
        return placed
    corners = (
        Point(x + room, y) if down else Point(x, y + room)
        for (x, y), room in zip(placed.boxes, rooms, strict=True)
    )
    return replace(placed, boxes=tuple(corners))


def _frame_rooms(graph: Graph, layers: Sequence[Sequence[int]], down: bool) -> list[float]:
    """How much room every card needs on both sides within its layer: where it is the last one in a frame."""
    rooms = [0.0] * len(graph.nodes)
    for layer in layers:
        nodes = [graph.nodes[key] for key in layer]
        framed = {node.frame for node in nodes if node.kind not in (LEAF, CONSTANT)} - {""}
        for i, node in enumerate(nodes):
            others = {other.frame for other in nodes[max(i - 1, 0) : i + 2]} - {node.frame}
            if node.frame in framed and others:
                rooms[node.key] = FRAME * (1 + node.frame.count(".")) + (0 if down else TITLE)
    return rooms


def _padded(box: Box, room: float, down: bool) -> Box:
    """The box with so much room on both sides within its layer."""
    ports = tuple(port + room for port in box.ports)
    if down:
        return replace(box, width=box.width + 2 * room, ports=ports)
    return replace(box, height=box.height + 2 * room, ports=ports)


def _even(cards: Sequence[Card], placed: Layout) -> tuple[list[Card], Layout]:
    """The leaves of every layer as wide as the widest of them, towards the left, where there is room."""
    cards, corners = [*cards], [*placed.boxes]
    for layer in placed.layers:
        leaves = [key for key in layer if cards[key].shape == "leaf"]
        width = max((cards[key].width for key in leaves), default=0.0)
        for key in leaves:
            x, y = corners[key]
            corners[key] = Point(x + cards[key].width - width, y)
            cards[key] = cards[key]._replace(width=width)
    return cards, replace(placed, boxes=tuple(corners))


def _strengths(graph: Graph, options: Options) -> list[Strength | None]:
    """How every line shows how much gradient passes; None for those that do not."""
    if options.blank or not options.gradients:
        return [None] * len(graph.edges)
    flows = [edge.flow for edge in graph.edges if edge.flow is not None]
    most = max(filter(isfinite, flows), default=0.0) or 1.0
    return [
        None if edge.flow is None else strength(min(1.0, edge.flow / most), len(flows))
        for edge in graph.edges
    ]


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
    """The frames of opened groups, and the layout with room for them.

    A frame goes around all of its group, or else around the operations and the leaves between them: some
    leaves stand next to operands from elsewhere. Where another card is in the way, it is in several pieces.
    """
    corners = zip(placed.boxes, cards, strict=True)
    spots = [Area("", x, y, x + card.width, y + card.height) for (x, y), card in corners]
    names = sorted({node.frame for node in graph.nodes} - {""})
    frames = []
    for name in names:
        pad = FRAME * (1 + sum(other.startswith(f"{name}.") for other in names))
        own = {n.key for n in graph.nodes if n.frame == name or n.frame.startswith(f"{name}.")}
        made = {key for key in own if graph.nodes[key].kind not in (LEAF, CONSTANT)} or own
        others = [spots[key] for key in {*range(len(spots))}.difference(own)]
        around = partial(_around, name, own=own, spots=spots, pad=pad)
        free = [area for area, _ in map(around, (own, made)) if not any(map(area.meets, others))]
        runs = [
            made.intersection(run) for layer in placed.layers for _, run in groupby(layer, own.__contains__)
        ]
        frames += free[:1] or _pieces([around(run) for run in runs if run], others, around)
    x = max([0.0, *(-frame.left for frame in frames)])
    y = max([0.0, *(-frame.top for frame in frames)])
    placed = placed.moved(x, y)
    frames = [Area(name, left + x, top + y, right + x, foot + y) for name, left, top, right, foot in frames]
    width = max([placed.width, *(frame.right for frame in frames)])
    height = max([placed.height, *(frame.foot for frame in frames)])
    return frames, replace(placed, width=width, height=height)


class Piece(NamedTuple):
    """A frame, or a piece of one, and the cards in it."""

    area: Area
    keys: frozenset[int]


def _pieces(runs: list[Piece], others: list[Area], around: Callable[[Set[int]], Piece]) -> list[Area]:
    """Runs of cards in a layer, joined as far as they keep free of other cards and of other pieces."""
    waiting, pieces = runs, list[Piece]()
    while waiting:
        piece, *waiting = waiting
        for other in pieces[:]:
            joined = around(other.keys | piece.keys)
            left, after = ([p for p in each if not p.keys <= joined.keys] for each in (pieces, waiting))
            if not any(map(joined.area.meets, (*others, *(p.area for p in (*left, *after))))):
                piece, pieces, waiting = joined, left, after
        pieces.append(piece)
    return [piece.area for piece in pieces if not any(map(piece.area.meets, others))]


def _around(name: str, members: Set[int], *, own: Set[int], spots: list[Area], pad: float) -> Piece:
    """A frame around members, and around all that it would cut in two of its own; with room for the name."""
    while True:
        inner = [spots[key] for key in members]
        left, top = min(spot.left for spot in inner) - pad, min(spot.top for spot in inner) - pad - TITLE
        right, foot = max(spot.right for spot in inner) + pad, max(spot.foot for spot in inner) + pad
        frame = Area(name, left, top, max(right, left + measure("name", name) + 2 * PAD), foot)
        more = {key for key in own - members if frame.meets(spots[key])}
        if not more:
            return Piece(frame, frozenset(members))
        members = members | more


# ── Marks ───────────────────────────────────────────────────────────────────────────────────────────


def _frame(area: Area, taken: Sequence[Area]) -> Group:
    """The frame of an opened group, with its name at the highest place that nothing in it takes."""
    frame = Rect("frame", area.left, area.top, area.right - area.left, area.foot - area.top, ROUND + 3)
    inside = [each for each in taken if not each.name or each.name.startswith(f"{area.name}.")]
    first, width = area.left + PAD, measure("note", area.name)
    x, top = first, area.top
    for row in count(area.top, BREATH):
        if row + TITLE > area.foot:
            break
        free = first
        for each in inside:  # from the left
            if each.top < row + TITLE and row < each.foot and each.left < free + width + BREATH:
                free = max(free, each.right + BREATH)
        if free + width + PAD <= area.right:
            x, top = free, row
            break
    return Group((frame, Text("note", x, top + TITLE - 3, area.name)))


def _taken(marks: Sequence[Mark]) -> Iterator[Area]:
    """What lines and cards take, piece by piece."""
    for mark in leaves(marks):
        parts: list[tuple[Point, ...]]
        match mark:
            case Path():
                ends = [(), *(step.points[-1:] for step in mark.steps)]
                parts = [(*end, *step.points) for end, step in zip(ends, mark.steps, strict=False)]
            case Rect():
                parts = [(Point(mark.x, mark.y), Point(mark.x + mark.width, mark.y + mark.height))]
            case Text():
                start = beginning(mark)
                end = start + measure(mark.kind, mark.text)
                parts = [(Point(start, mark.y - LOCAL), Point(end, mark.y + BREATH))]
        for points in filter(None, parts):
            xs, ys = zip(*points, strict=True)
            yield Area("", min(xs), min(ys), max(xs), max(ys))


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
    edge: Edge,
    route: tuple[Point, ...],
    label: Label,
    gap: float,
    size: Strength | None,
    graph: Graph,
    options: Options,
    whole: bool,
) -> Group:
    """A line in two parts around the local derivative, the arrow's head at the port, and the arrow back."""
    (x, y), down = route[-1], options.direction == "down"
    steps, tip = arrow(route, gap, DOWN if down else RIGHT)
    marks: list[Mark] = [Path("flow", steps, *size) if size else Path("line", steps), tip]
    if gap:
        unused = label.width - 2 * BREATH - label.text  # by an arrow that is not there yet
        spare = 0.0 if label.tip else unused
        right = (x + label.width / 2 if down else x - ARROW) - BREATH - spare / 2
        if whole:
            ends = (x, y - ARROW - gap), (x, y - ARROW)
            marks.append(straight("bridge", *(ends if down else ((x - ARROW - gap, y), (x - ARROW, y)))))
        middle = y - ARROW - gap / 2 if down else y
        if label.field.blank:
            marks += _field("local", label.field, right, middle)
        else:  # where letters are narrower than measured, both sides get the same
            kind = label.field.ink("local")
            marks.append(Text(kind, right - label.text / 2, middle + 4, label.field.text, MIDDLE))
        if label.tip:
            back = right - label.text - 3
            marks.append(head("tip", back - HEAD, middle, UP if down else LEFT))
    return Group(tuple(marks), words.edge_title(graph, edge, options), f"e{edge.target}.{edge.position}")


def _field(kind: str, field: Field, right: float, middle: float) -> Iterator[Mark]:
    """A text that ends at the right, and the empty field behind it."""
    kind, end = field.ink(kind), right - FIELD * bool(field.blank)
    if field.text.strip():
        shown = field.text.rstrip()
        yield Text(kind, end - measure(kind, field.text[len(shown) :]), middle + 4, shown, END)
    if field.blank:
        yield Rect("blank", end, middle - PENCIL / 2, FIELD, PENCIL, 3)


def draw(card: Card, corner: Point) -> Iterator[Mark]:
    """A card at its place."""
    (x, y), width, height = corner, card.width, card.height
    if card.shape in ("constant", ""):
        if card.shape:
            yield Rect(card.shape, x, y, width, height, SMALL / 2)
        yield Text(card.ink, x + width / 2, y + height / 2 + 4.5, card.name, MIDDLE)
        return
    if card.pile:
        width, height = width - PILE, height - PILE
        yield Rect("card", x + PILE, y, width, height, ROUND)
        y += PILE
    yield Rect(card.shape, x, y, width, height, ROUND)
    if card.badge:
        yield left_part("badge", x, y, card.badge, height)
        yield Text("sign", x + card.badge / 2, y + height / 2 + 5, card.symbol, MIDDLE)
    left, right = x + card.badge + PAD, x + width - PAD
    first, second = _rows(card)
    top = y + (height - first - second) / 2
    if card.name:
        yield Text(card.ink, left, top + first / 2 + 4.5, card.name)
    if card.remark:
        yield Text("pale", right, top + first / 2 + 4.5, card.remark, END)
    middle = top + first + second / 2
    if card.data.text:
        yield Text(card.data.ink("data"), left, middle + 4.5, card.data.text)
    elif card.data.blank:
        yield from _field("data", card.data, left + FIELD, middle)
    if card.gradient:
        yield from _field("gradient", card.gradient, right, middle)
