"""Shapes and the wires between them: `book` makes them of graphs and `matrix` of layers.

shape   a variable, a constant, an operation, a block with a name, or the end of a result
wire    a line between two shapes, with a field above it and a field below
field   lines of text, or the empty space for them on a worksheet
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import hypot, inf
from typing import NamedTuple

from viz import layout
from viz.layout import Box, Layout, Point
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
)
from viz.words import NOTHING, Field

VARIABLE, FIXED, CIRCLE, BLOCK, END = "variable", "fixed", "circle", "block", "end"  # kinds of shapes

GAP = 14  # between two boxes of a layer
RADIUS, HEAD = 18, 8  # of a circle; the length of an arrow's head
RISE, DROP, LINE = 7, 21, 16  # a line to the text above, to the first text below, and between texts
OVERHANG = 12  # of what stands below a circle, to the left, where no line is
PAD, BREATH = 6, 10  # beside a name; beside the texts of a line
LEAST, LONE = 34, 20  # the least width of a field with its arrow; the height of a shape without lines
QUIET = 4  # a line without texts to its neighbour


@dataclass(frozen=True, slots=True)
class Shape:
    """Something to place.

    kind   VARIABLE, FIXED (a constant), CIRCLE, BLOCK or END (of a result)
    text   its name, number or symbol           note   a small name below it, or behind that of a variable
    total  a field below, in a block within: the whole gradient, where the lines that leave do not show it
    value  in a block: its number, likewise     title  what it says in full
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


def _lines(field: Field) -> list[str]:
    """What stands in a field, or is to be written there."""
    return (field.text or field.blank).split("\n") if field else []


def _span(field: Field, line: str) -> float:
    """The width of one of its lines."""
    return max(FIELD if field.blank else LEAST, measure("data", line))


def _width(field: Field) -> float:
    """The width of a field."""
    return max((_span(field, line) for line in _lines(field)), default=0)


def _step(field: Field) -> float:
    """From a line of a field to the next."""
    return PENCIL + 4 if field.blank else LINE


def _height(field: Field) -> float:
    """The height of a field."""
    return _step(field) * len(_lines(field))


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
    column = max((max(measure("name", s.text) + _beside(s), _width(s.total)) for s in named), default=0) + PAD
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
    above = RISE + _height(wire.above) if wire.above else 0
    below = DROP + 5 - LINE + _height(wire.below) if wire.below else 0
    return 2 * max(QUIET, above, below)


def _frame(shape: Shape, ports: int, pitch: float, column: float, main: int | None) -> Frame:
    """The frame of a shape with so many ports. All but a circle fill their boxes."""
    least = 2 * (DROP - 12 + _height(shape.total)) if shape.total else LONE
    if shape.kind == BLOCK:
        least = 2 * (RADIUS + (LINE if shape.note else 0) + (_height(shape.value) + _height(shape.total)) / 2)
    free = pitch * max(ports, 1) - GAP  # so are ports of neighbours apart
    height = max(free, least) if shape.kind == BLOCK or not ports else free
    inputs = tuple(pitch * (i + 0.5) - GAP / 2 + (height - free) / 2 for i in range(ports))
    width = _breadth(shape, column)
    if shape.kind != CIRCLE:
        return Frame(Box(width, height, inputs), 0, width)
    funnel = 20 + 12 * (ports - 2) if ports > 1 else 0
    beside = max(measure("note", shape.note), _width(shape.total), width) / 2 - width / 2
    before = funnel + max(0, beside - OVERHANG)
    moved = 0 if main is None else pitch * ((ports - 1) / 2 - main)  # the main port, to the middle
    if beside > OVERHANG:  # which a steeper line would pass far at the left
        moved = min(moved, 0)
    if ports > 1 and (shape.note or shape.total):  # the lowest line passes at the left of what is below
        drop = pitch * (ports - 1) / 2 + moved
        before = max(before, (beside + width / 2) * drop / RADIUS - RADIUS)
    under = LINE * bool(shape.note) + _height(shape.total) + 4  # the height of what stands below
    tall = max(height + 2 * abs(moved), 2 * RADIUS + 2 * under)
    inputs = tuple(y + (tall - height) / 2 + moved for y in inputs)
    return Frame(Box(before + width + beside, tall, inputs), before, width)


def _breadth(shape: Shape, column: float) -> float:
    """How broad a shape is, variables all as broad as their column."""
    if shape.kind == VARIABLE:
        return column
    if shape.kind in (FIXED, END):
        return measure("pale" if shape.kind == FIXED else "name", shape.text) + PAD
    if shape.kind == CIRCLE:
        return max(measure("sign", shape.text) + 18, 2 * RADIUS)
    texts = measure("sign", shape.text), measure("note", shape.note)
    return max(*texts, _width(shape.value), _width(shape.total)) + 18


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
    feet = (route[-1].y + DROP - 12 + _height(wire.below) for wire, route in lines)
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
    return max(_width(wire.above), _width(wire.below)) + 2 * BREATH


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
    marks += _field("data", wire.above, middle, port.y - RISE + 4 - _height(wire.above))
    if wire.below:
        y, half = port.y + 7, _stub(wire) / 2 - 4
        left, right = middle - half, middle + half
        marks.append(straight("back", (right, y), (left + HEAD - 1, y)))
        marks.append(head("tip", left, y, LEFT, HEAD))
        marks += _field("gradient", wire.below, middle, port.y + DROP - 12)
    return Group(tuple(marks), wire.title)


def _field(kind: str, field: Field, x: float, top: float, anchor: str = MIDDLE) -> Iterator[Mark]:
    """The lines of a field one below another, around x or before it; or where to fill them in."""
    for i, line in enumerate(_lines(field)):
        width, y = _span(field, line), top + _step(field) * i
        if field.blank:
            left = x - width / (2 if anchor == MIDDLE else 1)
            yield Rect("blank", left, y + 2, width, PENCIL, 3)
        else:
            yield Text(field.ink(kind), x, y + 12, line, anchor)


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
        heading = LINE * (1 + bool(shape.note))
        top = middle - (heading + _height(shape.value) + _height(shape.total)) / 2
        marks.append(Text("sign", centre, top + 13, shape.text, MIDDLE))
        marks += [Text("note", centre, top + LINE + 13, shape.note, MIDDLE)] if shape.note else []
        marks += _field("data", shape.value, centre, top + heading)
        marks += _field("gradient", shape.total, centre, top + heading + _height(shape.value))
    else:
        if right > left + width:
            marks.append(straight("line", (left + width, middle), (right, middle)))
        marks.append(Rect("circle", left, middle - RADIUS, width, 2 * RADIUS, RADIUS))
        marks.append(Text("sign", centre, middle + 5.5, shape.text, MIDDLE))
        under = middle + RADIUS + 1
        marks += [Text("note", centre, under + 12, shape.note, MIDDLE)] if shape.note else []
        marks += _field("gradient", shape.total, centre, under + LINE * bool(shape.note))
    return Group(tuple(marks), shape.title)
