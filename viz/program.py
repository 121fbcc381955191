"""A compiled program: how a graph of many scalars became a few operations on arrays.

    ┌────────┬──────────────────┐   badge   the operation; a number among its operands stands with it: `1 −`
    │        │ z2           ×30 │   name    the variable of the program's source
    │   +    │ (n, 30)          │   ×30     how many scalar operations it stands for
    └────────┴──────────────────┘   shape   n is the size of the batch

Forward operations are blue and lead down, backward ones are orange and lead up. A column holds so many of
them, in the order of the source; what stands in another column is named in a dashed frame. Inputs and views
of the parameters, the weights of a layer for one, are leaves; any other view is a shape written on its line.

No compiler is known here: a program is what has `nodes`, how many scalars it was recorded from, and
`operations`, each with
    name     its variable                  args     names of the operands, or numbers as text
    symbol   "matmul", "σ", "view", "theta" (all parameters), …        shape   such as ("n", 30)
    stage    "source", "forward" or "backward"
    scalars  how many scalar operations it stands for         line   of the source
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import ceil, fsum
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from autograd.op import printable
from viz import dot, layout
from viz.cards import GAP, PORT, Card, draw, fitted, pill
from viz.layout import Box, Layout, Point
from viz.options import Options, check, check_whole
from viz.picture import Format, Picture
from viz.records import LEAF, OPERATION, Edge, Graph, Node
from viz.scene import DOWN, LOOKS, MIDDLE, UP, Group, Mark, Path, Scene, Text, arrow, measure, within
from viz.text import clip, columns, cut, filled, padded, shape_text, short
from viz.view import LETTERS
from viz.words import NOTHING, Field

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]

SOURCE, FORWARD, BACKWARD, BOTH = "source", "forward", "backward", "both"
THETA, VIEWS = "theta", {"view", "axes"}  # symbols of all parameters, and of what has no elements of its own
ARROWS = {FORWARD: "↓", BACKWARD: "↑"}
INKS = {SOURCE: "pale", FORWARD: "data", BACKWARD: "gradient"}  # of the name of what stands elsewhere
MANY = 60  # operations, above which only the forward ones are shown unless asked for
ROW = 16  # height of a shape on a line
COLUMN, HEAD = 40, 34  # between two columns; the headings above them


class Program(Protocol):
    """What has been compiled."""

    @property
    def operations(self) -> Sequence[Any]:
        """The array operations in the order of the source."""

    @property
    def nodes(self) -> int:
        """How many scalars they were made from."""


class ProgramPicture(Picture):
    """What `viz.draw(program)` gives. In a notebook it shows itself; `save` writes it to a file.

    The endings of files: those of every picture, .dot and .txt (the table of text).
    """

    formats: ClassVar[Mapping[str, Format]] = {
        **Picture.formats,
        ".dot": lambda picture: picture.dot().source,
        ".txt": lambda picture: picture.text(),
    }

    def __init__(
        self,
        program: Program,
        *,
        stage: str | None = None,
        rows: int = 18,
        width: int | None = None,
        theme: str = "auto",
    ) -> None:
        if stage is not None:
            check("stage", stage, (FORWARD, BACKWARD, BOTH))
        check_whole("rows", rows)
        check_whole("width", 1 if width is None else width)
        self.graph, self.operations, self.nodes = read(program), list(program.operations), program.nodes
        self.rows = rows
        self.counts = {name: len(_of(self.graph, name)) for name in (FORWARD, BACKWARD)}
        few = sum(self.counts.values()) <= MANY or not self.counts[FORWARD]
        self.stage = stage or (BOTH if few else FORWARD)
        if not self.counts.get(self.stage, 1):
            raise ValueError(f"draw: the program has no {self.stage} operations; leave out stage=")
        super().__init__(self._scene(within(width)), theme)

    @property
    def caption(self) -> str:
        """What became of the scalars: `24,805 scalar nodes became 10 array operations forward and 14 …`."""
        forward, backward = self.counts[FORWARD], self.counts[BACKWARD]
        many = f"array operation{'s' * (forward + backward != 1)}"
        made = f"{forward:,} {many} forward and {backward:,} backward" if backward else f"{forward:,} {many}"
        return f"{self.nodes:,} scalar nodes became {made}"

    def _scene(self, most: float) -> Scene:
        """The columns side by side, in as many bands as the width asks for, and the notes below."""
        drawn = list(_columns(self, most))
        marks: list[Mark] = []
        width = top = 0.0
        for band in _bands(drawn, most):
            height, left = max(column.laid.height for column in band), 0.0
            for column in band:
                marks += column.marks(left, top, height)
                left += column.width + COLUMN
            width, top = max(width, _across(band)), top + HEAD + height + COLUMN
        scene = Scene(width, top - COLUMN, tuple(marks), f"Program: {self.caption}")
        return scene.noted(self.caption, *_legend(self, drawn), room=most)

    def dot(self) -> "graphviz.Digraph":
        """All operations for Graphviz: `.source` is its text; `.render(…)` and `.pipe(…)` run `dot`."""
        return dot.render(self.graph, Options(theme=self.theme, direction="down", local="formula"))

    def text(self) -> str:
        """The operations as a table of text, views included: name, operation, shape, scalars, stage."""
        rows = []
        for op in self.operations:
            call = f"{printable(op.symbol)}({', '.join(op.args)})"
            rows.append((op.name, call, shape_text(op.shape), _times(op.scalars), op.stage))
        widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(padded, row, widths)) for row in rows]
        return "".join(f"{line.rstrip()}\n" for line in [*lines, "", self.caption])


# ── Reading a program ───────────────────────────────────────────────────────────────────────────────


def read(program: Program) -> Graph:
    """The operations and leaves of a program as records, with shapes for numbers.

    The shape of a backward operation is its `gradient`, of anything else its `data`; the other is empty. An
    operand that is a view bears its shape as the `rule` of its edge. There are no roots. ValueError for a
    program without operations.
    """
    known = {operation.name: operation for operation in program.operations}
    made = [op for op in known.values() if op.stage != SOURCE and not _is_view(op)]
    if not made:
        raise ValueError("draw: the program has no operations: its function computes nothing from its inputs")
    shown = {op.name for op in made}
    shown |= {_drawn_for(arg, known) for op in made for arg in op.args if arg in known}
    kept = [op for op in known.values() if op.name in shown]
    keys = {operation.name: key for key, operation in enumerate(kept)}
    nodes = tuple(_node(key, operation, known) for key, operation in enumerate(kept))
    edges = tuple(edge for operation in made for edge in _edges(operation, known, keys))
    return Graph(nodes, edges, ())


def _is_view(operation: Any) -> bool:
    """Whether it has no elements of its own; a row of that name computes some."""
    return operation.symbol in VIEWS and not operation.scalars


def _is_theta(operation: Any) -> bool:
    return operation.stage == SOURCE and operation.symbol == THETA  # type: ignore[no-any-return]


def _drawn_for(name: str, known: dict[str, Any]) -> str:
    """What is drawn for an operand: for a view what it shows in the end, unless that is all parameters."""
    operation = known[name]
    while _is_view(operation) and not _is_theta(known[operation.args[0]]):
        operation = known[operation.args[0]]
    return str(operation.name)


def _node(key: int, operation: Any, known: dict[str, Any]) -> Node:
    leaf = operation.stage == SOURCE or _is_view(operation)
    kind, symbol = (LEAF, "") if leaf else (OPERATION, _symbol(operation, known))
    name, shape = printable(operation.name), shape_text(operation.shape)
    data, gradient = (None, shape) if operation.stage == BACKWARD else (shape, "")
    return Node(key, kind, name, name, symbol, operation.line, data, gradient, operation.scalars)


def _symbol(operation: Any, known: dict[str, Any]) -> str:
    """The symbol with the numbers among its operands: `1 −`, `÷ 16`, `max(·, 0)`."""
    parts = ["" if arg in known else short(float(arg)) for arg in operation.args]
    symbol = printable(operation.symbol)
    sign = symbol == "mod" or not symbol.isidentifier()  # words but for mod are functions
    return filled(symbol, parts, infix=sign and len(parts) == 2)


def _edges(operation: Any, known: dict[str, Any], keys: dict[str, int]) -> Iterator[Edge]:
    """An edge for every operand that is an array."""
    for position, arg in enumerate(arg for arg in operation.args if arg in known):
        drawn = known[_drawn_for(arg, known)]
        shape = shape_text(known[arg].shape) if known[arg].shape != drawn.shape else ""
        formula = f"{arg}: {drawn.name} as {shape}" if shape else ""
        yield Edge(keys[drawn.name], keys[operation.name], position, formula, None, shape)


def _of(graph: Graph, stage: str) -> list[Node]:
    """The operations of a stage, in order."""
    return [node for node in graph.nodes if node.kind == OPERATION and _stage(node) == stage]


def _stage(node: Node) -> str:
    return SOURCE if node.kind == LEAF else BACKWARD if node.gradient else FORWARD


def _shape(node: Node) -> str:
    return str(node.gradient or node.data)


def _times(scalars: int) -> str:
    return f"×{scalars:,}" if scalars else ""


# ── Drawing ─────────────────────────────────────────────────────────────────────────────────────────


class Placed(NamedTuple):
    """A node in a column; `elsewhere`: only the name of what stands in another one."""

    node: Node
    card: Card
    elsewhere: bool = False


class Column(NamedTuple):
    """A column that is laid out: down, or up for backward operations."""

    stage: str
    heading: str
    placed: list[Placed]
    edges: list[Edge]
    laid: Layout

    @property
    def width(self) -> float:
        """The width of the cards or of the heading."""
        return max(self.laid.width, measure(self.stage, self.heading))

    def marks(self, left: float, top: float, height: float) -> Iterator[Mark]:
        """The column in its band, so high below the headings; backward operations begin at the foot."""
        yield Text(self.stage, left + self.width / 2, top + LOOKS[self.stage].size, self.heading, MIDDLE)
        up = self.stage == BACKWARD
        top += HEAD + (height - self.laid.height if up else 0)
        laid = self.laid.moved(left + (self.width - self.laid.width) / 2, top)
        for edge, route in zip(self.edges, laid.routes, strict=True):
            yield _line(edge, route, UP if up else DOWN)
        for (node, card, _), corner in zip(self.placed, laid.boxes, strict=True):
            yield Group(tuple(draw(card, corner)), _title(node))


def _bands(drawn: Sequence[Column], most: float) -> Iterator[list[Column]]:
    """The columns in bands that are no wider than that."""
    band: list[Column] = []
    for column in drawn:
        if band and _across([*band, column]) > most:
            yield band
            band = []
        band.append(column)
    yield band


def _across(band: Sequence[Column]) -> float:
    """The width of a band."""
    return fsum(column.width for column in band) + COLUMN * (len(band) - 1)


def _legend(picture: ProgramPicture, laid: list[Column]) -> Iterator[str]:
    """What the signs mean, as far as they are there."""
    placed = [each for column in laid for each in column.placed]
    shown = sum(each.node.kind == OPERATION and not each.elsewhere for each in placed)
    total = sum(picture.counts.values())
    if shown < total:
        yield f"showing {shown:,} of {total:,} array operations: {picture.stage}"
    parts = ["n: examples in the batch"]
    parts += ["×30: stands for 30 scalar operations"] if any(each.node.size for each in placed) else []
    parts += ["dashed: stands elsewhere"] if any(each.elsewhere for each in placed) else []
    yield "; ".join(parts)


def _columns(picture: ProgramPicture, most: float) -> Iterator[Column]:
    """The columns of the stages that are shown; a leaf stands in the first that needs it."""
    placed: set[int] = set()
    for stage in (FORWARD, BACKWARD) if picture.stage == BOTH else (picture.stage,):
        members = _of(picture.graph, stage)
        number = ceil(len(members) / picture.rows)
        size = len(members)
        parts = (members[size * i // number : size * (i + 1) // number] for i in range(number))
        columns = [column for own in parts for column in _narrow(picture.graph, own, placed, stage, most)]
        for i, column in enumerate(columns, 1):
            part = f" {i} of {len(columns)}" if len(columns) > 1 else ""
            yield column._replace(heading=f"{stage}{part} {ARROWS[stage]}")


def _narrow(graph: Graph, own: list[Node], placed: set[int], stage: str, most: float) -> Iterator[Column]:
    """Columns of these operations, halved where they do not fit; ValueError where one alone does not."""
    known = set(placed)
    try:
        column = _column(graph, own, known, stage, most)
    except ValueError:
        if len(own) == 1:
            raise
        for part in (own[: len(own) // 2], own[len(own) // 2 :]):
            yield from _narrow(graph, part, placed, stage, most)
    else:
        placed |= known
        yield column


def _column(graph: Graph, own: list[Node], placed: set[int], stage: str, most: float) -> Column:
    """A column of these operations; `placed` are the leaves that stand already, and grows."""
    at: dict[int, int] = {}  # the index of the card of each node
    cards: list[Placed] = []
    edges: list[Edge] = []
    lines: list[layout.Edge] = []
    for node in own:
        operands, ends = graph.incoming[node.key], []  # the cards of the operands
        for edge in operands:
            source = graph.nodes[edge.source]
            if source.kind == LEAF and source.key not in placed:
                placed.add(source.key)
                at[source.key] = len(cards)
                cards.append(Placed(source, _card(source, [])))
            elif source.key not in at:
                cards.append(Placed(source, pill(cut(source.name, LETTERS), INKS[_stage(source)]), True))
            ends.append(at.get(source.key, len(cards) - 1))
        edges += operands
        lines += [
            layout.Edge(end, len(cards), edge.position, ROW if edge.rule else 0)
            for end, edge in zip(ends, operands, strict=True)
        ]
        at[node.key] = len(cards)
        cards.append(Placed(node, _card(node, operands)))
    boxes = [Box(card.width, card.height, card.ports) for _, card, _ in cards]
    laid = layout.place(boxes, lines, down=True, space=22, width=most)
    return Column(stage, "", cards, edges, _upwards(laid, boxes) if stage == BACKWARD else laid)


def _upwards(laid: Layout, boxes: list[Box]) -> Layout:
    """The layout with top and foot exchanged."""
    flipped = laid.mapped(lambda x, y: (x, laid.height - y), laid.width, laid.height)
    feet = zip(flipped.boxes, boxes, strict=True)
    return replace(flipped, boxes=tuple(Point(x, foot - box.height) for (x, foot), box in feet))


def _card(node: Node, operands: list[Edge]) -> Card:
    """The card of a node; its ports are as far from each other as the shapes on their lines need."""
    pitch = max([PORT, *(measure("pale", edge.rule) + GAP for edge in operands if edge.rule)])
    name, symbol = cut(node.name, LETTERS), clip(node.symbol, LETTERS)
    data, gradient = (Field(shape) if shape else NOTHING for shape in (node.data, node.gradient))
    shape = "leaf" if node.kind == LEAF else "card"
    card = Card(name, shape, "name", symbol, _times(node.size), data, gradient)
    return fitted(card, len(operands), pitch, down=True)


def _line(edge: Edge, route: Sequence[Point], way: tuple[int, int]) -> Mark:
    """A line in two parts around the shape of a view, and the arrow's head at the port."""
    steps, head = arrow(route, ROW if edge.rule else 0, way)
    if not edge.rule:
        return Group((Path("line", steps), head))
    (x, y), middle = route[-1], layout.ARROW + ROW / 2
    label = Text("pale", x, y - way[1] * middle + 4, edge.rule, MIDDLE)
    return Group((Path("line", steps), head, label), edge.formula)


def _title(node: Node) -> str:
    """A node in full: its line of the source, its shape, what it stands for."""
    lines = [node.expression or node.name, f"shape {_shape(node)}"]
    return "\n".join(lines + ([f"stands for {node.size:,} scalar operations"] if node.size else []))
