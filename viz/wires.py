"""Shapes and the wires between them: `book` makes them of graphs and `matrix` of layers.

shape   a variable, a constant, an operation, a block with a name, or the end of a result
wire    a line between two shapes, to the right with a field above it and a field below, or down: beside it
field   lines of text, or the empty space for them on a worksheet
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import fsum, hypot, inf
from typing import NamedTuple

from viz import layout
from viz.layout import Box, Layout, Point
from viz.scene import END as RIGHT_END
from viz.scene import (
    FIELD,
    LEFT,
    MIDDLE,
    PENCIL,
    START,
    UP,
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
LEAST, LONE = 34, 20  # the least length of an arrow back; the height of a shape without lines
NAME, ASIDE, SLOPE = 18, 5, 0.4  # down: the height of a name; from a circle to a text; of a line into it
QUIET, ROW = 4, 4  # a line without texts to its neighbour; the height of a row, whose letters stand out


@dataclass(frozen=True, slots=True)
class Shape:
    """Something to place.

    kind   VARIABLE, FIXED (a constant), CIRCLE, BLOCK or END (of a result)
    text   its name, number or symbol           note   a small name below it, or behind that of a variable
    total  a field below, in a block within: the whole gradient, where the lines that leave do not show it
    value  its number, likewise                 title  what it says in full
    quiet  of a variable: whether no line that leaves it has a text; to the right it then says all in a row
    """

    kind: str
    text: str
    title: str = ""
    note: str = ""
    total: Field = NOTHING
    value: Field = NOTHING
    quiet: bool = False


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
    return max(FIELD * bool(field.blank), measure("data", line))


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
    """The box of a shape, and where in it the shape itself is: the rest is for lines and notes.

    left, width  of the shape in the box        middle  of its height, from the top of the box on
    """

    box: Box
    left: float
    width: float
    middle: float


def _frames(shapes: Sequence[Shape], wires: Sequence[Wire], down: bool, straight: bool) -> list[Frame]:
    """The frame of every shape, with ports so far from each other that their texts fit between them.

    straight  whether chains run straight through circles, which takes more room
    """
    incoming = Counter(wire.target for wire in wires)
    sides: list[Sides] = [(QUIET, QUIET)] * len(shapes)
    for wire in wires:
        for end in (wire.target,) if wire.exit is None else (wire.target, wire.source):
            sides[end] = _most(sides[end], _sides(wire, down))
    for wire in wires:  # variables stand as far apart as the ports they lead to: straight lines
        if shapes[wire.source].kind in (VARIABLE, FIXED) and not down:
            sides[wire.source] = _most(sides[wire.source], sides[wire.target])
    column = max((_breadth(shape, down) for shape in shapes if shape.kind == VARIABLE), default=0)
    frames, main = [], _main(shapes, wires) if straight else {}
    for i, shape in enumerate(shapes):
        width = column if shape.kind == VARIABLE and not down else _breadth(shape, down)
        make = _frame_down if down else _frame
        frames.append(make(shape, incoming[i], sides[i], width, main.get(i)))
    return frames


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


def _name(shape: Shape) -> float:
    """The width of a name, with the note behind it."""
    return measure("pale" if shape.kind == FIXED else "name", shape.text) + _beside(shape)


Sides = tuple[float, float]  # the room that texts take on one side of a line and on the other


def _sides(wire: Wire, down: bool) -> Sides:
    """The room of a wire: above and below it, or if it leads down, at its left and right."""
    if down:
        left = RISE + _width(wire.above) if wire.above else 0
        return left, 2 * RISE + _width(wire.below) if wire.below else 0
    above = RISE + _height(wire.above) if wire.above else 0
    return above, DROP + 5 - LINE + _height(wire.below) if wire.below else 0


def _most(one: Sides, other: Sides) -> Sides:
    """The room of two wires of one shape."""
    return max(one[0], other[0]), max(one[1], other[1])


def _breadth(shape: Shape, down: bool) -> float:
    """How broad a shape is."""
    fields = _width(shape.value), _width(shape.total)
    if shape.quiet and not down:
        return fsum((_name(shape), *(PAD + width for width in fields if width), PAD))
    if shape.kind in (VARIABLE, FIXED, END):
        return max(_name(shape), *fields) + PAD
    if shape.kind == CIRCLE:
        return max(measure("sign", shape.text) + 18, 2 * RADIUS)
    texts = measure("sign", shape.text), measure("note", shape.note)
    return max(*texts, *fields) + 18


def _tall(shape: Shape) -> float:
    """How tall a block is at least."""
    return 2 * RADIUS + 2 * LINE * bool(shape.note) + _height(shape.value) + _height(shape.total)


def _frame(shape: Shape, ports: int, sides: Sides, width: float, main: int | None) -> Frame:
    """The frame of a shape with so many ports at the left. All but a circle fill their boxes."""
    pitch = 2 * max(sides)  # the line is in the middle between its texts
    least = 2 * (DROP - 12 + _height(shape.total)) if shape.total else LONE
    if shape.kind == BLOCK:
        least = _tall(shape)
    elif shape.quiet:
        least = max([ROW, *(_height(field) for field in (shape.value, shape.total) if field.blank)])
    free = pitch * max(ports, 1) - GAP  # so are ports of neighbours apart
    height = max(free, least) if shape.kind == BLOCK or not ports else free
    inputs = tuple(pitch * (i + 0.5) - GAP / 2 + (height - free) / 2 for i in range(ports))
    if shape.kind != CIRCLE:
        return Frame(Box(width, height, inputs), 0, width, height / 2)
    funnel = 20 + 12 * (ports - 2) if ports > 1 else 0
    texts = measure("note", shape.note), _width(shape.value), _width(shape.total)
    beside = max(*texts, width) / 2 - width / 2
    before = funnel + max(0, beside - OVERHANG)
    moved = 0 if main is None else pitch * ((ports - 1) / 2 - main)  # the main port, to the middle
    if beside > OVERHANG:  # which a steeper line would pass far at the left
        moved = min(moved, 0)
    if ports > 1 and any(texts):  # the lowest line passes at the left of what is below
        drop = pitch * (ports - 1) / 2 + moved
        before = max(before, (beside + width / 2) * drop / RADIUS - RADIUS)
    under = LINE * bool(shape.note) + _height(shape.value) + _height(shape.total) + 4  # of what stands there
    tall = max(height + 2 * abs(moved), 2 * RADIUS + 2 * under)
    inputs = tuple(y + (tall - height) / 2 + moved for y in inputs)
    return Frame(Box(before + width + beside, tall, inputs), before, width, tall / 2)


def _frame_down(shape: Shape, ports: int, sides: Sides, width: float, main: int | None) -> Frame:
    """The frame of a shape with so many ports at the top, a circle with what it says at its sides."""
    left, right = sides
    pitch = left + right + GAP
    free = pitch * (ports - 1) + 2 * max(left, right) if ports else 0
    moved = pitch * (0.5 - main) if main is not None and ports == 2 else 0  # of more it would be too wide
    texts = measure("note", shape.note), _width(shape.value), _width(shape.total)
    aside = max(texts) if shape.kind == CIRCLE else 0
    half = max(free / 2 + abs(moved), width / 2 + (aside + ASIDE if aside else 0))
    inputs = tuple(half + pitch * (i - (ports - 1) / 2) + moved for i in range(ports))
    if shape.kind == BLOCK:
        return Frame(Box(2 * half, _tall(shape), inputs), 0, 2 * half, _tall(shape) / 2)
    if shape.kind != CIRCLE:
        above, name = LONE - NAME if shape.kind == END else 0, _name(shape) + 2 * PAD  # after an arrow
        box = Box(2 * half, above + NAME + _height(shape.value) + _height(shape.total), inputs)
        return Frame(box, half - name / 2, name, above + NAME / 2)
    farthest = max((abs(x - half) for x in inputs), default=0)
    funnel = max(20, SLOPE * farthest - RADIUS) if ports > 1 else 0
    tall = LINE * bool(shape.note) + _height(shape.value), _height(shape.total)
    under = max(RADIUS, max(tall) - RISE)
    box = Box(2 * half, funnel + RADIUS + under, inputs)
    return Frame(box, half - width / 2, width, funnel + RADIUS)


# ── Drawing ─────────────────────────────────────────────────────────────────────────────────────────


def compose(
    shapes: Sequence[Shape],
    wires: Sequence[Wire],
    summary: str,
    column: bool = True,
    width: float = inf,
    down: bool = False,
) -> Scene:
    """The scene of shapes and wires, at most so wide. The same input gives the same scene.

    `column`: whether all variables stand where the lines begin, or each next to its use.
    """
    frames = _frames(shapes, wires, down, straight=not down or width == inf)
    edges = [layout.Edge(wire.source, wire.target, wire.port, _stub(wire, down)) for wire in wires]
    boxes = [
        replace(frame.box, first=column and shape.kind == VARIABLE)
        for shape, frame in zip(shapes, frames, strict=True)
    ]
    rows = not down and any(shape.quiet for shape in shapes)
    room = (LINE - ROW) / 2 if rows else 0  # for letters that stand out
    laid = layout.place(boxes, edges, gap=GAP, down=down, width=width).moved(0, room)
    placed = _left(wires, boxes, laid)
    stood = [*zip(shapes, frames, placed.boxes, strict=True)]
    lines = [*zip(wires, placed.routes, strict=True)]
    marks = [_wire(wire, route, *stood[wire.target], down) for wire, route in lines]
    marks += [_shape(*each, down) for each in stood]
    feet = (route[-1].y + DROP - 12 + _height(wire.below) for wire, route in lines if not down)
    return Scene(placed.width, max([placed.height + room, *feet]), tuple(marks), summary)


def _left(wires: Sequence[Wire], boxes: Sequence[Box], placed: Layout) -> Layout:
    """The layout with every line leaving its shape at its own exit, if it has one."""
    routes = list(placed.routes)
    for i, wire in enumerate(wires):
        if wire.exit is not None:
            y = placed.boxes[wire.source].y + boxes[wire.source].ports[wire.exit]
            routes[i] = (*(Point(point.x, y) for point in routes[i][:2]), *routes[i][2:])
    return replace(placed, routes=tuple(routes))


def _stub(wire: Wire, down: bool) -> float:
    """The length that the texts of a wire take on its line."""
    length = _height if down else _width
    texts = max(length(wire.above), length(wire.below))
    return (max(texts, LEAST) if texts else 0) + 2 * BREATH


def _wire(
    wire: Wire, points: tuple[Point, ...], target: Shape, frame: Frame, corner: Point, down: bool
) -> Group:
    """The line with its arrow, and its fields."""
    start, port = points[-2:]
    way, tip = (0.0, 1.0) if down else (1.0, 0.0), port
    if target.kind == CIRCLE:  # draws the line in
        first = corner.x + frame.left + RADIUS
        centre = Point(min(max(first, port.x), first + frame.width - 2 * RADIUS), corner.y + frame.middle)
        length = hypot(centre.x - port.x, centre.y - port.y)
        way = (centre.x - port.x) / length, (centre.y - port.y) / length
        tip = Point(centre.x - RADIUS * way[0], centre.y - RADIUS * way[1])
    neck = Point(tip.x - (HEAD - 1) * way[0], tip.y - (HEAD - 1) * way[1])
    steps = route((*points[:-1], port if target.kind == CIRCLE else neck), down)
    if target.kind == CIRCLE:
        steps = (*steps, Step("L", (neck,)))
    texts = (_beside_line if down else _around_line)(wire, start, port)
    return Group((Path("line", steps), head("head", *tip, way, HEAD), *texts), wire.title)


def _around_line(wire: Wire, start: Point, port: Point) -> Iterator[Mark]:
    """Of a line to the right, the field above, and below the arrow back with its field."""
    middle = (start.x + port.x) / 2
    yield from _field("data", wire.above, middle, port.y - RISE + 4 - _height(wire.above))
    if wire.below:
        y, half = port.y + 7, _stub(wire, False) / 2 - 4
        left, right = middle - half, middle + half
        yield straight("back", (right, y), (left + HEAD - 1, y))
        yield head("tip", left, y, LEFT, HEAD)
        yield from _field("gradient", wire.below, middle, port.y + DROP - 12)


def _beside_line(wire: Wire, start: Point, port: Point) -> Iterator[Mark]:
    """Of a line down, the field at its left, and at its right the arrow back with its field."""
    middle = (start.y + port.y) / 2
    yield from _field("data", wire.above, port.x - RISE, middle - _height(wire.above) / 2, RIGHT_END)
    if wire.below:
        x, half = port.x + RISE, _stub(wire, True) / 2 - 4
        top, foot = middle - half, middle + half
        yield straight("back", (x, foot), (x, top + HEAD - 1))
        yield head("tip", x, top, UP, HEAD)
        yield from _field("gradient", wire.below, x + RISE, middle - _height(wire.below) / 2, START)


def _field(kind: str, field: Field, x: float, top: float, anchor: str = MIDDLE) -> Iterator[Mark]:
    """The lines of a field one below another, around x, before or behind it; or where to fill them in."""
    for i, line in enumerate(_lines(field)):
        width, y = _span(field, line), top + _step(field) * i
        if field.blank:
            left = x - width * {MIDDLE: 0.5, RIGHT_END: 1.0}.get(anchor, 0.0)
            yield Rect("blank", left, y + 2, width, PENCIL, 3)
        else:
            yield Text(field.ink(kind), x, y + 12, line, anchor)


def _shape(shape: Shape, frame: Frame, corner: Point, down: bool) -> Group:
    """A shape at its place."""
    draw = {CIRCLE: _circle, BLOCK: _block}.get(shape.kind, _named)
    return Group(tuple(draw(shape, frame, corner, down)), shape.title)


def _named(shape: Shape, frame: Frame, corner: Point, down: bool) -> Iterator[Mark]:
    """A variable, a constant or the end of a result: its name, a note, fields behind it or below."""
    left, middle = corner.x + frame.left, corner.y + frame.middle
    end, below = left + frame.width - PAD, middle + DROP - 12
    if shape.quiet and not down:
        for kind, field in ("gradient", shape.total), ("data", shape.value):
            yield from _field(kind, field, end, middle - _height(field) / 2, RIGHT_END)
            end -= _width(field) + PAD if field else 0
    x, anchor, beside = end, RIGHT_END, _beside(shape)
    if down:
        x, anchor, beside = left + frame.width / 2, MIDDLE, beside / 2
    elif shape.kind == END:
        x, anchor = left + PAD, START
    if shape.kind == FIXED:
        yield Text("pale", x, middle + 4.5, shape.text, anchor)
    else:
        yield Text("name", x - beside, middle + 5, shape.text, anchor)
    if shape.note:
        yield Text("note", end, middle + 5, shape.note, RIGHT_END)
    if down or not shape.quiet:
        yield from _field("data", shape.value, x, below, anchor)
        yield from _field("gradient", shape.total, x, below + _height(shape.value), anchor)


def _block(shape: Shape, frame: Frame, corner: Point, down: bool) -> Iterator[Mark]:
    """A block with its name and all that it says within."""
    (x, y), width, heading = corner, frame.width, LINE * (1 + bool(shape.note))
    centre, inner = x + width / 2, heading + _height(shape.value) + _height(shape.total)
    top = y + frame.middle - inner / 2
    yield Rect("block", x, y, width, frame.box.height, 10)
    yield Text("sign", centre, top + 13, shape.text, MIDDLE)
    if shape.note:
        yield Text("note", centre, top + LINE + 13, shape.note, MIDDLE)
    yield from _field("data", shape.value, centre, top + heading)
    yield from _field("gradient", shape.total, centre, top + heading + _height(shape.value))


def _circle(shape: Shape, frame: Frame, corner: Point, down: bool) -> Iterator[Mark]:
    """An operation, its line to the end of its box, and what it says below it or at its sides."""
    left, middle, width = corner.x + frame.left, corner.y + frame.middle, frame.width
    centre, right, under = left + width / 2, left + width, middle + RADIUS
    side, foot = corner.x + frame.box.width, corner.y + frame.box.height
    if down and foot > under:
        yield straight("line", (centre, under), (centre, foot))
    elif not down and side > right:
        yield straight("line", (right, middle), (side, middle))
    yield Rect("circle", left, middle - RADIUS, width, 2 * RADIUS, RADIUS)
    yield Text("sign", centre, middle + 5.5, shape.text, MIDDLE)
    top, x, anchor = (middle - RISE, left - ASIDE, RIGHT_END) if down else (under + 1, centre, MIDDLE)
    if shape.note:
        yield Text("note", x, top + 12, shape.note, anchor)
        top += LINE
    yield from _field("data", shape.value, x, top, anchor)
    if down:
        yield from _field("gradient", shape.total, right + ASIDE, middle - RISE, START)
    else:
        yield from _field("gradient", shape.total, x, top + _height(shape.value), anchor)
