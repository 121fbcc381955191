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
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from autograd.op import printable
from viz import dot, layout
from viz.cards import GAP, LETTERS, PAD, PORT, SMALL
from viz.drawing import Drawing, Format
from viz.frame import ROUND, arrow, badge, group, page, rect, text
from viz.layout import Box, Layout, Point
from viz.options import THEMES, Options, check, check_whole
from viz.records import LEAF, OPERATION, Edge, Graph, Node
from viz.text import bold_width, clip, columns, mono_width, padded, shape_text, short

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]

SOURCE, FORWARD, BACKWARD, BOTH = "source", "forward", "backward", "both"
THETA, VIEWS = "theta", {"view", "axes"}  # symbols of all parameters, and of what has no elements of its own
MANY = 60  # operations, above which only the forward ones are shown unless asked for
NAME, NUMBER, NOTE, SYMBOL, HEIGHT, ROW = 13, 12.5, 12, 14, 46, 16
COLUMN, HEAD = 40, 34  # between two columns; the headings above them

RULES = f"""
text{{font:{NUMBER}px ui-monospace,Menlo,"DejaVu Sans Mono",Consolas,monospace}}
.name,.heading{{font:700 {NAME}px Arial,Helvetica,"DejaVu Sans",sans-serif}}
.note{{font:{NOTE}px Arial,Helvetica,"DejaVu Sans",sans-serif}}
.sign{{font-size:{SYMBOL}px;font-weight:700}}
.sign,.middle,.heading{{text-anchor:middle}}
.count{{text-anchor:end}}
.line{{fill:none;stroke-width:1.3}}
"""

COLOURS = """
.card{{fill:{card};stroke:{border}}}
.leaf{{fill:{leaf};stroke:{border}}}
.elsewhere{{fill:none;stroke:{border};stroke-dasharray:3 3}}
.badge{{fill:{badge};stroke:{border}}}
.name{{fill:{name}}}
.count,.note,.source,.label{{fill:{pale}}}
.forward{{fill:{data}}}
.backward{{fill:{gradient}}}
.line{{stroke:{line}}}
.head{{fill:{line}}}
"""


class Program(Protocol):
    """What has been compiled."""

    @property
    def operations(self) -> Sequence[Any]:
        """The array operations in the order of the source."""

    @property
    def nodes(self) -> int:
        """How many scalars they were made from."""


class ProgramPicture(Drawing):
    """What `viz.draw(program)` gives. In a notebook it shows itself; `save` writes it to a file.

    The endings of files: .svg .png .dot .txt (the table of text).
    """

    formats: ClassVar[Mapping[str, Format]] = {
        **Drawing.formats,
        ".dot": lambda picture: picture.dot().source,
        ".txt": lambda picture: picture.text(),
    }

    def __init__(
        self, program: Program, *, stage: str | None = None, rows: int = 18, theme: str = "auto"
    ) -> None:
        check("theme", theme, THEMES)
        if stage is not None:
            check("stage", stage, (FORWARD, BACKWARD, BOTH))
        check_whole("rows", rows)
        self.graph, self.operations, self.nodes = read(program), list(program.operations), program.nodes
        self.rows, self.theme = rows, theme
        self.counts = {name: len(_of(self.graph, name)) for name in (FORWARD, BACKWARD)}
        few = sum(self.counts.values()) <= MANY or not self.counts[FORWARD]
        self.stage = stage or (BOTH if few else FORWARD)

    @property
    def caption(self) -> str:
        """What became of the scalars: `24,805 scalar nodes became 10 array operations forward and 14 …`."""
        forward, backward = self.counts[FORWARD], self.counts[BACKWARD]
        many = f"array operation{'s' * (forward + backward != 1)}"
        made = f"{forward:,} {many} forward and {backward:,} backward" if backward else f"{forward:,} {many}"
        return f"{self.nodes:,} scalar nodes became {made}"

    def render(self, theme: str) -> str:
        """All columns side by side in a theme, their headings, and the caption below."""
        drawn = list(_columns(self))
        height = max(column.laid.height for column in drawn)
        body, left = [], 0.0
        for stage, heading, cards, edges, laid in drawn:
            width = max(laid.width, bold_width(heading, NAME))
            body.append(text(f"heading {stage}", left + width / 2, NAME, heading))
            up = stage == BACKWARD
            laid = laid.moved(left + (width - laid.width) / 2, HEAD + (height - laid.height if up else 0))
            body += [_line(edge, route, up) for edge, route in zip(edges, laid.routes, strict=True)]
            body += [_draw(card, *corner) for card, corner in zip(cards, laid.boxes, strict=True)]
            left += width + COLUMN
        notes = [self.caption, *_legend(self, drawn)]
        body += [text("note", 0, HEAD + height + 2 * NOTE * i, note) for i, note in enumerate(notes, 1)]
        width = max([left - COLUMN, *(bold_width(note, NOTE) for note in notes)])
        size = HEAD + height + 2 * NOTE * len(notes)
        return page("\n".join(body), width, size, f"Program: {self.caption}", RULES, COLOURS, theme)

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

    def __repr__(self) -> str:
        return f"ProgramPicture({self.caption!r})"


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
    """The symbol with the numbers among its operands: `1 −`, `÷ 16`, `where(·, 0, ·)`."""
    parts = ["·" if arg in known else short(float(arg)) for arg in operation.args]
    symbol = printable(operation.symbol)
    if all(part == "·" for part in parts):
        return symbol
    if len(parts) != 2:
        return f"{symbol}({', '.join(parts)})"
    return f"{symbol} {parts[1]}" if parts[0] == "·" else f"{parts[0]} {symbol}"


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


class Card(NamedTuple):
    """A node in a column, with its measures; `elsewhere`: only the name of what stands in another one."""

    node: Node
    width: float
    height: float
    ports: tuple[float, ...] = ()
    badge: float = 0  # width of the badge, 0 without one
    elsewhere: bool = False


class Column(NamedTuple):
    """A column that is laid out: down, or up for backward operations."""

    stage: str
    heading: str
    cards: list[Card]
    edges: list[Edge]
    laid: Layout


def _legend(picture: ProgramPicture, laid: list[Column]) -> Iterator[str]:
    """What the signs mean, as far as they are there."""
    cards = [card for column in laid for card in column.cards]
    shown = sum(card.node.kind == OPERATION and not card.elsewhere for card in cards)
    total = sum(picture.counts.values())
    if shown < total:
        yield f"showing {shown:,} of {total:,} array operations: {picture.stage}"
    parts = ["n: examples in the batch"]
    parts += ["×30: stands for 30 scalar operations"] if any(card.node.size for card in cards) else []
    parts += ["dashed: stands elsewhere"] if any(card.elsewhere for card in cards) else []
    yield "; ".join(parts)


def _columns(picture: ProgramPicture) -> Iterator[Column]:
    """The columns of the stages that are shown; a leaf stands in the first that needs it."""
    placed: set[int] = set()
    for stage in (FORWARD, BACKWARD) if picture.stage == BOTH else (picture.stage,):
        members = _of(picture.graph, stage)
        number = ceil(len(members) / picture.rows)
        for i in range(number):
            own = members[len(members) * i // number : len(members) * (i + 1) // number]
            part = f" {i + 1} of {number}" if number > 1 else ""
            yield _column(picture.graph, own, placed, stage, stage + part)


def _column(graph: Graph, own: list[Node], placed: set[int], stage: str, heading: str) -> Column:
    """A column of these operations; `placed` are the leaves that stand already, and grows."""
    at: dict[int, int] = {}  # the index of the card of each node
    cards: list[Card] = []
    edges: list[Edge] = []
    lines: list[layout.Edge] = []
    for node in own:
        operands, ends = graph.incoming[node.key], []  # the cards of the operands
        for edge in operands:
            source = graph.nodes[edge.source]
            if source.kind == LEAF and source.key not in placed:
                placed.add(source.key)
                at[source.key] = len(cards)
                cards.append(_card(source, []))
            elif source.key not in at:
                width = max(mono_width(clip(source.name, LETTERS), NUMBER), SMALL) + 2 * PAD
                cards.append(Card(source, width, SMALL, elsewhere=True))
            ends.append(at.get(source.key, len(cards) - 1))
        edges += operands
        lines += [
            layout.Edge(end, len(cards), edge.position, ROW if edge.rule else 0)
            for end, edge in zip(ends, operands, strict=True)
        ]
        at[node.key] = len(cards)
        cards.append(_card(node, operands))
    boxes = [Box(card.width, card.height, card.ports) for card in cards]
    laid = layout.place(boxes, lines, down=True, space=22)
    if stage == BACKWARD:
        return Column(stage, f"{heading} ↑", cards, edges, _upwards(laid, cards))
    return Column(stage, f"{heading} ↓", cards, edges, laid)


def _upwards(laid: Layout, cards: list[Card]) -> Layout:
    """The layout with top and foot exchanged."""
    flipped = laid.mapped(lambda x, y: (x, laid.height - y), laid.width, laid.height)
    feet = zip(flipped.boxes, cards, strict=True)
    return replace(flipped, boxes=tuple(Point(x, foot - card.height) for (x, foot), card in feet))


def _card(node: Node, operands: list[Edge]) -> Card:
    """The card of a node; its ports are as far from each other as the shapes on their lines need."""
    pitch = max([PORT, *(mono_width(edge.rule, NUMBER) + GAP for edge in operands if edge.rule)])
    sign = max(30.0, mono_width(clip(node.symbol, LETTERS), SYMBOL) + 14) if node.symbol else 0.0
    count = mono_width(_times(node.size), NUMBER) + GAP if node.size else 0.0
    inner = max(bold_width(clip(node.name, LETTERS), NAME) + count, mono_width(_shape(node), NUMBER))
    width = max(sign + inner + 2 * PAD, pitch * len(operands) + 8)
    return Card(node, width, HEIGHT, layout.ports(width, len(operands), pitch), sign)


def _line(edge: Edge, route: Sequence[Point], up: bool) -> str:
    """A line in two parts around the shape of a view, and the arrow's head at the port."""
    path, head = arrow(route, ROW if edge.rule else 0, "up" if up else "down")
    line = f'<path class="line" d="{path}"/>{head}'
    if not edge.rule:
        return line
    (x, y), middle = route[-1], layout.ARROW + ROW / 2
    label = text("middle label", x, (y + middle if up else y - middle) + 4, edge.rule)
    return group(edge.formula, line, label)


def _draw(card: Card, x: float, y: float) -> str:
    """A card at its place."""
    node, left, middle = card.node, x + card.badge + PAD, y + card.height / 2
    stage, name = _stage(node), clip(node.name, LETTERS)
    if card.elsewhere:
        shape = rect("elsewhere", x, y, card.width, card.height, SMALL / 2)
        return group(_title(node), shape, text(f"middle {stage}", x + card.width / 2, y + 16.5, name))
    parts = [rect("leaf" if stage == SOURCE else "card", x, y, card.width, card.height, ROUND)]
    if card.badge:
        parts.append(badge(x, y, card.badge, card.height))
        parts.append(text(f"sign {stage}", x + card.badge / 2, middle + 5, clip(node.symbol, LETTERS)))
    parts.append(text("name", left, middle - 5, name))
    if node.size:
        parts.append(text("count", x + card.width - PAD, middle - 5, _times(node.size)))
    parts.append(text(BACKWARD if stage == BACKWARD else FORWARD, left, middle + 14, _shape(node)))
    return group(_title(node), *parts)


def _title(node: Node) -> str:
    """A node in full: its line of the source, its shape, what it stands for."""
    lines = [node.expression or node.name, f"shape {_shape(node)}"]
    return "\n".join(lines + ([f"stands for {node.size:,} scalar operations"] if node.size else []))
