"""The textbook style: operations are circles, and the numbers stand on the edges between them.

             100
    apple ─────────╲                       above the line, in blue, the value that flows to the right;
            ◂──     ╲ ╭───╮      200
            2.2      ─│ × │─────────────   below it, in orange, with an arrow to the left, the gradient
              2     ╱ ╰───╯      ◂──       that flows back: upstream × local derivative
    count ─────────╱             1.1
            ◂──
            110                            variables at the left; results leave to the right

An edge carries its own contribution; a variable used more than once shows the sum below its name.
So does one whose gradient is another than what its edge says, as after several passes. Many lines into one
block carry no text: the numbers then stand at the variables and in the blocks that they come from.

The second half of the file turns a graph into shapes and wires; the first half draws these, and knows
nothing of graphs, so that other pictures (`viz.matrix`) are drawn by it as well:

shape   a variable, a constant, an operation, a block with a name, or the end of a result
wire    a line between two shapes, with a field above it and a field below
field   lines of text, or the empty space for them on a worksheet

Source: the computational graphs of Saitō, Deep Learning from Scratch, chapter 5, where this style is used.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import hypot, inf
from typing import Any, NamedTuple

from viz import layout, words
from viz.layout import Box, Layout, Point
from viz.options import Options
from viz.products import LONG, Formulas
from viz.records import CONSTANT, LEAF, OPERATION, Edge, Graph, Node
from viz.scene import END as RIGHT_END
from viz.scene import (
    FIELD,
    LEFT,
    MIDDLE,
    PENCIL,
    Group,
    Mark,
    Path,
    Rect,
    Scene,
    Step,
    Text,
    head,
    measure,
    route,
    straight,
    within,
)
from viz.text import clip, full, relation, short
from viz.view import LETTERS

VARIABLE, FIXED, CIRCLE, BLOCK, END = "variable", "fixed", "circle", "block", "end"  # kinds of shapes

GAP = 14  # between two boxes of a layer
RADIUS, HEAD = 18, 8  # of a circle; the length of an arrow's head
RISE, DROP, LINE = 7, 21, 16  # a line to the text above, to the first text below, and between texts
OVERHANG = 12  # of what stands below a circle, to the left, where no line is
PAD, BREATH = 6, 10  # beside a name; beside the texts of a line
LEAST, LONE = 34, 20  # the least width of a field with its arrow; the height of a shape without lines
QUIET = 4  # a line without texts to its neighbour
CROWD = 4  # lines that lead into a block with a text each; with more they carry none
COLUMN = 12  # as many variables stand in a column at the left; with more, each stands next to its use


class Field(NamedTuple):
    """Lines of text; if blank, as much empty space instead, to be filled in."""

    lines: tuple[str, ...] = ()
    blank: bool = False

    def width(self) -> float:
        """The width that it takes."""
        return max((self.span(line) for line in self.lines), default=0)

    def span(self, line: str) -> float:
        """The width of one of its lines."""
        return max(FIELD if self.blank else LEAST, measure("data", line))

    @property
    def step(self) -> float:
        """From a line of it to the next."""
        return PENCIL + 4 if self.blank else LINE

    def height(self) -> float:
        """The height that it takes."""
        return self.step * len(self.lines)


NOTHING = Field()


@dataclass(frozen=True, slots=True)
class Shape:
    """Something to place.

    kind   VARIABLE, FIXED (a constant), CIRCLE, BLOCK or END (of a result)
    text   its name, number or symbol           note   a small name below it, or behind that of a variable
    total  a field below: the sum of gradients  title  what it says in full
    value  in a block: its number, where the lines that leave it do not show it
    """

    kind: str
    text: str
    title: str = ""
    note: str = ""
    total: Field = NOTHING
    value: Field = NOTHING


@dataclass(frozen=True, slots=True)
class Wire:
    """A line from a shape to a port of another, counted from the top, with a field on either side.

    exit  the port of the source, a block with as many results as inputs, at whose height the line starts
    """

    source: int
    target: int
    port: int = 0
    above: Field = NOTHING
    below: Field = NOTHING
    title: str = ""
    exit: int | None = None


# ── Measures ────────────────────────────────────────────────────────────────────────────────────────


class Frame(NamedTuple):
    """The box of a shape, and where in it the shape itself is: the rest is for lines and notes."""

    box: Box
    left: float
    width: float


def _frames(shapes: Sequence[Shape], wires: Sequence[Wire]) -> list[Frame]:
    """The frame of every shape, with ports so far from each other that their texts fit between them."""
    incoming = Counter(wire.target for wire in wires)
    pitches = [0.0] * len(shapes)
    for wire in wires:
        for end in (wire.target,) if wire.exit is None else (wire.target, wire.source):
            pitches[end] = max(pitches[end], _pitch(wire))
    for wire in wires:  # variables stand as far apart as the ports they lead to: straight lines
        if shapes[wire.source].kind in (VARIABLE, FIXED):
            pitches[wire.source] = max(pitches[wire.source], pitches[wire.target])
    named = [shape for shape in shapes if shape.kind == VARIABLE]
    column = max((max(measure("name", s.text) + _beside(s), s.total.width()) for s in named), default=0) + PAD
    main = _main(shapes, wires)
    return [_frame(shape, incoming[i], pitches[i], column, main.get(i)) for i, shape in enumerate(shapes)]


def _main(shapes: Sequence[Shape], wires: Sequence[Wire]) -> dict[int, int]:
    """The port of a circle to which alone the longest way leads: at the middle, so chains are straight."""
    depth, incoming = [0] * len(shapes), defaultdict(list)
    for wire in wires:
        incoming[wire.target].append(wire)
    main = {}
    for target in sorted(incoming):  # shapes stand in topological order
        most = max(depth[wire.source] for wire in incoming[target])
        deepest = [wire.port for wire in incoming[target] if depth[wire.source] == most]
        depth[target] = most + 1
        if len(deepest) == 1 and shapes[target].kind == CIRCLE:
            main[target] = deepest[0]
    return main


def _beside(shape: Shape) -> float:
    """The width of the note behind the name of a variable."""
    return measure("note", shape.note) + PAD if shape.note else 0


def _pitch(wire: Wire) -> float:
    """How far a wire is from one like it: the line is in the middle between its texts."""
    above = RISE + wire.above.height() if wire.above.lines else 0
    below = DROP + 5 - LINE + wire.below.height() if wire.below.lines else 0
    return 2 * max(QUIET, above, below)


def _frame(shape: Shape, ports: int, pitch: float, column: float, main: int | None) -> Frame:
    """The frame of a shape with so many ports. All but a circle fill their boxes."""
    least = 2 * (DROP - 12 + shape.total.height()) if shape.total.lines else LONE
    if shape.kind == BLOCK:
        least = 2 * (RADIUS + (LINE if shape.note else 0) + shape.value.height() / 2)
    free = pitch * max(ports, 1) - GAP  # so are ports of neighbours apart
    height = max(free, least) if shape.kind == BLOCK or not ports else free
    inputs = tuple(pitch * (i + 0.5) - GAP / 2 + (height - free) / 2 for i in range(ports))
    width = _breadth(shape, column)
    if shape.kind != CIRCLE:
        return Frame(Box(width, height, inputs), 0, width)
    funnel = 20 + 12 * (ports - 2) if ports > 1 else 0
    beside = max(measure("note", shape.note), shape.total.width(), width) / 2 - width / 2
    before = funnel + max(0, beside - OVERHANG)
    moved = 0 if main is None else pitch * ((ports - 1) / 2 - main)  # the main port, to the middle
    if beside > OVERHANG:  # which a steeper line would pass far at the left
        moved = min(moved, 0)
    if ports > 1 and (shape.note or shape.total.lines):  # the lowest line passes at the left of what is below
        drop = pitch * (ports - 1) / 2 + moved
        before = max(before, (beside + width / 2) * drop / RADIUS - RADIUS)
    under = LINE * bool(shape.note) + shape.total.height() + 4  # the height of what stands below
    tall = max(height + 2 * abs(moved), 2 * RADIUS + 2 * under)
    inputs = tuple(y + (tall - height) / 2 + moved for y in inputs)
    return Frame(Box(before + width + beside, tall, inputs), before, width)


def _breadth(shape: Shape, column: float) -> float:
    """How broad a shape is, variables all as broad as their column."""
    if shape.kind == VARIABLE:
        return column
    if shape.kind in (FIXED, END):
        return measure("pale" if shape.kind == FIXED else "name", shape.text) + PAD
    beside = (measure("note", shape.note), shape.value.width()) if shape.kind == BLOCK else (2 * RADIUS - 18,)
    return max(measure("sign", shape.text), *beside) + 18


# ── Drawing ─────────────────────────────────────────────────────────────────────────────────────────


def compose(
    shapes: Sequence[Shape], wires: Sequence[Wire], summary: str, column: bool = True, width: float = inf
) -> Scene:
    """The scene of shapes and wires, at most so wide. The same input gives the same scene.

    `column`: whether all variables stand at the left, or each next to its use.
    """
    frames = _frames(shapes, wires)
    placed = _placed(shapes, wires, [frame.box for frame in frames], column, width)
    stood = [*zip(shapes, frames, placed.boxes, strict=True)]
    lines = [*zip(wires, placed.routes, strict=True)]
    marks = [_wire(wire, route, *stood[wire.target]) for wire, route in lines]
    marks += [_shape(*each) for each in stood]
    feet = (route[-1].y + DROP - 12 + wire.below.height() for wire, route in lines)
    return Scene(placed.width, max([placed.height, *feet]), tuple(marks), summary)


def _placed(
    shapes: Sequence[Shape], wires: Sequence[Wire], boxes: list[Box], column: bool, width: float
) -> Layout:
    """Where all shapes and wires stand."""
    edges = [layout.Edge(wire.source, wire.target, wire.port, _stub(wire)) for wire in wires]
    if column:
        pairs = zip(boxes, shapes, strict=True)
        boxes = [replace(box, first=shape.kind == VARIABLE) for box, shape in pairs]
    placed = layout.place(boxes, edges, gap=GAP, width=width)
    routes = list(placed.routes)
    for i, wire in enumerate(wires):
        if wire.exit is not None:
            y = placed.boxes[wire.source].y + boxes[wire.source].ports[wire.exit]
            routes[i] = (*(Point(point.x, y) for point in routes[i][:2]), *routes[i][2:])
    return replace(placed, routes=tuple(routes))


def _stub(wire: Wire) -> float:
    """The width that the texts of a wire take on its line."""
    return max(wire.above.width(), wire.below.width()) + 2 * BREATH


def _wire(wire: Wire, points: tuple[Point, ...], target: Shape, frame: Frame, corner: Point) -> Group:
    """The line with its arrow, the field above, and below the arrow back with its field."""
    start, port = points[-2:]
    centre = Point(corner.x + frame.left + RADIUS, corner.y + frame.box.height / 2)
    way, tip = (1.0, 0.0), port
    if target.kind == CIRCLE:  # draws the line in
        length = hypot(centre.x - port.x, centre.y - port.y)
        way = (centre.x - port.x) / length, (centre.y - port.y) / length
        tip = Point(centre.x - RADIUS * way[0], centre.y - RADIUS * way[1])
    neck = Point(tip.x - (HEAD - 1) * way[0], tip.y - (HEAD - 1) * way[1])
    steps = route((*points[:-1], port if target.kind == CIRCLE else neck))
    if target.kind == CIRCLE:
        steps = (*steps, Step("L", (neck,)))
    middle = (start.x + port.x) / 2
    marks: list[Mark] = [Path("line", steps), head("head", *tip, way, HEAD)]
    marks += _field("data", wire.above, middle, port.y - RISE + 4 - wire.above.height())
    if wire.below.lines:
        y, half = port.y + 7, _stub(wire) / 2 - 4
        left, right = middle - half, middle + half
        marks.append(straight("back", (right, y), (left + HEAD - 1, y)))
        marks.append(head("tip", left, y, LEFT, HEAD))
        marks += _field("gradient", wire.below, middle, port.y + DROP - 12)
    return Group(tuple(marks), wire.title)


def _field(kind: str, field: Field, x: float, top: float, anchor: str = MIDDLE) -> Iterator[Mark]:
    """The lines of a field one below another, around x or before it; or where to fill them in."""
    for i, line in enumerate(field.lines):
        width, y = field.span(line), top + field.step * i
        if field.blank:
            left = x - width / (2 if anchor == MIDDLE else 1)
            yield Rect("blank", left, y + 2, width, PENCIL, 3)
        else:
            yield Text(kind, x, y + 12, line, anchor)


def _shape(shape: Shape, frame: Frame, corner: Point) -> Group:
    """A shape at its place."""
    (x, y), width, height = corner, frame.width, frame.box.height
    middle, right = y + height / 2, x + frame.box.width
    left, centre = x + frame.left, x + frame.left + width / 2
    marks: list[Mark] = []
    if shape.kind == VARIABLE:
        marks.append(Text("name", right - PAD - _beside(shape), middle + 5, shape.text, RIGHT_END))
        marks += [Text("note", right - PAD, middle + 5, shape.note, RIGHT_END)] if shape.note else []
        marks += _field("gradient", shape.total, right - PAD, middle + DROP - 12, RIGHT_END)
    elif shape.kind == FIXED:
        marks.append(Text("pale", right - PAD, middle + 4.5, shape.text, RIGHT_END))
    elif shape.kind == END:
        marks.append(Text("name", x + PAD, middle + 5, shape.text))
    elif shape.kind == BLOCK:
        marks.append(Rect("block", x, y, width, height, 10))
        top = middle - (LINE * (1 + bool(shape.note)) + shape.value.height()) / 2
        marks.append(Text("sign", centre, top + 13, shape.text, MIDDLE))
        marks += [Text("note", centre, top + LINE + 13, shape.note, MIDDLE)] if shape.note else []
        marks += _field("data", shape.value, centre, top + LINE * (1 + bool(shape.note)))
    else:
        if right > left + width:
            marks.append(straight("line", (left + width, middle), (right, middle)))
        marks.append(Rect("circle", left, middle - RADIUS, width, 2 * RADIUS, RADIUS))
        marks.append(Text("sign", centre, middle + 5.5, shape.text, MIDDLE))
        under = middle + RADIUS + 1
        marks += [Text("note", centre, under + 12, shape.note, MIDDLE)] if shape.note else []
        marks += _field("gradient", shape.total, centre, under + LINE * bool(shape.note))
    return Group(tuple(marks), shape.title)


# ── From a graph ────────────────────────────────────────────────────────────────────────────────────


def scene(graph: Graph, options: Options) -> Scene:
    """The graph in the textbook style."""
    sheet = Sheet(graph, options)
    column = sum(shape.kind == VARIABLE for shape in sheet.shapes) <= COLUMN
    width = within(options.width)
    summary = words.summary(graph, options)
    return compose(sheet.shapes, sheet.wires, summary, column, width).noted(graph.note, room=width)


class Sheet:
    """A graph as shapes and wires."""

    def __init__(self, graph: Graph, options: Options) -> None:
        self.graph, self.options = graph, options
        self.number = partial(short, digits=options.digits)
        self.formulas = Formulas(graph) if options.local in ("formula", "both") else None
        self.symbolic = self.formulas is not None and not options.values  # symbols in place of numbers
        self.users: list[list[Edge]] = [[] for _ in graph.nodes]
        for edge in graph.edges:
            self.users[edge.source].append(edge)
        self.shapes = [self._shape(node) for node in graph.nodes]
        self.wires = [self._wire(edge) for edge in graph.edges]
        for key in dict.fromkeys(graph.roots):
            self._end(graph.nodes[key])

    # Shapes

    def _shape(self, node: Node) -> Shape:
        title, name = self._title(node), clip(node.name, LETTERS)
        value = self._forward(node, True) if self._is_quiet(node) else NOTHING
        now = "" if self.symbolic else words.now(node, self.options)
        if node.kind == LEAF:
            parts = name if self.options.labels else "", *value.lines
            return Shape(VARIABLE, " = ".join(filter(None, parts)), title, now, self._total(node))
        if node.kind == CONSTANT:
            return Shape(FIXED, " = ".join(filter(None, (name, self.number(node.data)))), title)
        if node.size != 1:  # what is grouped or folded
            note = ", ".join(filter(None, (clip(node.symbol, LETTERS) if node.symbol != name else "", now)))
            return Shape(BLOCK, name, title, note, value=value)
        alone = node.key in self.graph.roots and not self.users[node.key]  # its name stands at the end
        note = name if self._is_named(node) and not self.symbolic and not alone else ""
        note = ", ".join(filter(None, (note, now)))
        return Shape(CIRCLE, clip(node.symbol, LETTERS), title, note, self._total(node))

    def _is_crowded(self, node: Node) -> bool:
        """Whether so many lines lead into a block that those of leaves and blocks carry no text."""
        return node.size != 1 and len(self.graph.incoming[node.key]) > CROWD

    def _is_quiet(self, node: Node) -> bool:
        """Whether no line shows the number of a leaf or a block, so that it stands there itself."""
        users = self.users[node.key]
        return bool(users) and all(self._is_crowded(self.graph.nodes[edge.target]) for edge in users)

    def _is_named(self, node: Node) -> bool:
        """Whether the name of a result is shown: it has a label, or formulas speak of it."""
        spoken = self.formulas is not None and node.key in self.formulas.spoken
        return self.options.labels and bool(node.label or spoken)

    def _total(self, node: Node) -> Field:
        """The sum of what arrives at a node from more than one user; its terms where there is room.

        A gradient that is not what its edges say is shown as well: after several passes, or of what is
        a root too.
        """
        edges = self.users[node.key]
        parts = [edge.contribution for edge in edges]
        whole = words.NO_GRADIENT if node.gradient is None else self.number(node.gradient)
        summed = None not in parts and self.number(sum(parts)) == whole
        more = bool(edges) and not (summed or None in (*parts, node.gradient))
        if not self.options.gradients or (len(edges) < 2 and (not more or self.options.local == "formula")):
            return NOTHING
        if self.formulas and self.options.local == "formula":
            line = self.formulas.incoming[node.key] or words.NONE
            if node.kind != LEAF or len(line) > LONG:
                line = self.formulas.derivative(node.key)
        else:
            terms = " + ".join(self.number(part) for part in parts).replace("+ −", "− ")
            room = node.kind == LEAF and len(parts) < 4
            equals = relation(lambda *terms: sum(terms), parts, node.gradient, self.options.digits)
            line = f"{terms} {equals} {whole}" if summed and room else f"Σ {whole}"
        return Field((line,), self.options.blank != "")

    # Wires

    def _wire(self, edge: Edge) -> Wire:
        source, target = self.graph.nodes[edge.source], self.graph.nodes[edge.target]
        quiet = self._is_crowded(target) and (source.kind == LEAF or source.size != 1)
        above = NOTHING if quiet else self._forward(source, source.kind != OPERATION)
        below = NOTHING if quiet else self._backward(edge)
        return Wire(edge.source, edge.target, edge.position, above, below, self._edge_title(edge))

    def _end(self, root: Node) -> None:
        """The edge of a root to the right, with its value and the incoming gradient."""
        label, title = self._is_named(root), self._title(root)
        self.shapes.append(Shape(END, clip(root.name, LETTERS) if label else "", title))
        below, single = NOTHING, root.kind != CONSTANT and root.data is not None
        if single and self.options.gradients and not self.users[root.key]:
            formula = self.formulas.incoming[root.key] if self.formulas else ""
            below = self._gradient(formula, root.gradient)
        first, *rest = title.split("\n")
        title = "\n".join((f"{root.name or first} →", *rest))
        self.wires.append(Wire(root.key, len(self.shapes) - 1, 0, self._forward(root, label), below, title))

    def _forward(self, node: Node, named: bool) -> Field:
        """The value on an edge: a number or a symbol, and neither where it stands beside already."""
        if self.symbolic:
            symbol = "" if named or not self.formulas else self.formulas.symbols[node.key]
            return Field((symbol,) if symbol else (), self.options.blank == "all")
        if not self.options.values or node.kind == CONSTANT or node.data is None:
            return NOTHING
        return Field((self.number(node.data),), self.options.blank == "all" and node.kind != LEAF)

    def _backward(self, edge: Edge) -> Field:
        """The gradient on an edge, or on several as one: its own contribution; none to a constant."""
        if not self.options.gradients:
            return NOTHING
        if not edge.formula:
            silent = edge.contribution is None or self.options.local == "formula"
            return NOTHING if silent else self._gradient("", edge.contribution)
        if edge.local is None:
            return Field((words.NONE,), self.options.blank != "")
        formula = self.formulas.gradients[edge.target, edge.position] if self.formulas else ""
        return self._gradient(formula, edge.contribution)

    def _gradient(self, formula: str, number: Any) -> Field:
        """`formula = number`, or which of them is asked for."""
        shown = words.NO_GRADIENT if number is None else self.number(number)
        both = " = ".join(dict.fromkeys(filter(None, (formula, shown))))  # the root's is 1, not 1 = 1
        return Field((formula if self.options.local == "formula" else both,), self.options.blank != "")

    # Words

    def _title(self, node: Node) -> str:
        """What a node says in full; what is to be filled in on a worksheet it does not say."""
        lines = words.title(node, self.options).split("\n")
        derived = node.kind != CONSTANT and node.data is not None and not self.options.blank
        if self.formulas and derived and len(self.users[node.key]) > 1:
            formula = clip(self.formulas.incoming[node.key], words.LONG)
            lines.append(f"{self.formulas.derivative(node.key)} = {formula}")
        return "\n".join(lines)

    def _edge_title(self, edge: Edge) -> str:
        """Upstream × local = contribution, in full."""
        source, target = self.graph.nodes[edge.source], self.graph.nodes[edge.target]
        lines = [f"{source.name or full(source.data)} → {target.name}"]
        if edge.formula and not self.options.blank:
            lines.append(str(edge.formula))
            if edge.contribution is not None:
                product = f"{full(target.gradient)} × {full(edge.local)} = {full(edge.contribution)}"
                lines.append(f"upstream × local = {product}")
        return "\n".join(lines)
