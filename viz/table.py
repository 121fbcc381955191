"""The graph node by node as a text table: forward from the leaves, then backward in the pass's order.

Two blocks, because there are two passes over the graph and they run in opposite directions. A row of the
first is a node: how it is computed, and its value. A row of the second is an edge:

    upstream × local = contribution, which is added to the gradient of the node that the edge comes from
"""

import re
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from operator import add, mul
from typing import Any, NamedTuple

from autograd.naming import latex_name, latex_text
from viz import latex
from viz.records import CONSTANT, Edge, Graph, Pass
from viz.text import clip, columns, full, padded, relation, short
from viz.words import NONE

LONG = 60  # characters of an expression or a formula
WIDE = 100  # columns of a table, from which on its columns are closer together
SIGNS, SHORT = {"×", "="}, {"gradient so far": "so far"}


Row = tuple[str, ...]


class Writer(NamedTuple):
    """How the cells of a table are written: a name, a formula, a number."""

    name: Callable[[str], str]
    formula: Callable[[str, Any], str]  # what stands before it, and itself
    number: Callable[[Any], str]


def number_writer(digits: int | None) -> Callable[[Any], str]:
    """How numbers are written: in so many significant digits, or None: as Python prints them."""
    return full if digits is None else partial(short, digits=digits)


def writers(digits: int | None) -> tuple[Writer, Writer]:
    """As text and as LaTeX."""
    number = number_writer(digits)
    plain = Writer(str, lambda sign, formula: sign + clip(formula, LONG), number)
    return plain, Writer(
        lambda name: f"${latex_name(name)}$",
        lambda sign, formula: f"${sign}{latex.formula(formula, LONG)}$",
        lambda x: f"${latex.mathematics(number(x))}$",
    )


class Block(NamedTuple):
    """A heading, the heads of its columns, and the rows."""

    heading: str
    heads: Row
    numbers: frozenset[int]  # columns that hold numbers, which stand with their points in line
    rows: list[Row]
    note: str = ""


class Table:
    """What `viz.table` gives: `print` it, show it in a notebook, take its `.markdown()` or `.latex()`."""

    def __init__(self, graph: Graph, made: Pass, digits: int | None = None) -> None:
        self.graph = graph
        self.made, self.digits = made, digits
        self.plain, self.mathematics = writers(digits)

    def blocks(self, write: Writer) -> list["Block"]:
        """What there is to show: the forward pass, and the backward pass if there is one."""
        forward = _forward(self.graph, write)
        return [forward, *([_backward(self.graph, self.made, write, self.digits)] if self.made else [])]

    def __str__(self) -> str:
        return "\n\n".join(map(_aligned, self.blocks(self.plain)))

    __repr__ = __str__

    def markdown(self) -> str:
        """The table in Markdown."""
        return "\n\n".join(map(_markdown, self.blocks(self.plain)))

    def latex(self) -> str:
        r"""The table as two tabulars, for a document with \usepackage{amsmath}."""
        return "\n\n\\bigskip\n".join(map(_tabular, self.blocks(self.mathematics)))

    def _repr_markdown_(self) -> str:
        return self.markdown()


def _forward(graph: Graph, write: Writer) -> Block:
    rows: list[Row] = []
    foreign = graph.foreign
    for node in graph.nodes:
        if node.name or node.kind != CONSTANT or node.key in graph.roots:
            made = write.formula("= ", node.expression) if node.expression else ""
            gradient = node.gradient if foreign else None
            more = (node.now, node.computed, gradient, node.arriving)
            numbers = ("" if x is None else write.number(x) for x in (node.data, *more))
            rows.append((write.name(node.name or CONSTANT), made, *numbers))
    heads: Row = ("node", "", "value", "now", "operands give", "gradient", "lines give")
    shown = [i for i in range(len(heads)) if i < 3 or any(row[i] for row in rows)]
    heads, *rows = (tuple(row[i] for i in shown) for row in (heads, *rows))
    return Block("Forward: each node from its operands", heads, frozenset(range(2, len(heads))), rows)


def _backward(graph: Graph, made: Pass, write: Writer, digits: int | None) -> Block:
    heading = "Backward: each operand's gradient grows by upstream × local derivative"
    heads = "node", "→ operand", "local derivative", "upstream", "×", "local", "=", "adds", "gradient so far"
    rows: list[Row] = []

    def row(edge: Edge, *numbers: Any) -> None:
        target, source = (write.name(graph.nodes[key].name) for key in (edge.target, edge.source))
        upstream, local, adds, total = (NONE if x is None else write.number(x) for x in numbers)
        derivative = write.formula("", edge.formula)
        equals = relation(mul, numbers[:2], numbers[2], digits) if adds != NONE else "="
        rows.append((target, f"→ {source}", derivative, upstream, "×", local, equals, adds, total))

    for edge, step in made.steps:
        row(edge, step.upstream, edge.local, step.contribution, step.total)
    for edge in made.left(graph):
        row(edge, made.upstream, edge.local, None, None)
    return Block(heading, heads, frozenset({3, 5, 7, 8}), rows, made.says(graph))


def _aligned(block: Block, narrow: bool = False) -> str:
    """The block as text, its columns in line; closer together where it would be wide."""
    heads = [SHORT.get(head, head) if narrow else head for head in block.heads]
    cells = [list(column) for column in zip(*block.rows, strict=True)]
    for i, (head, column) in enumerate(zip(heads, cells, strict=True)):
        if i in block.numbers:
            head, *column[:] = _pointed(head, column)
        width = max(map(columns, (head, *column)))
        column[:] = [padded(text, width) for text in (head, *column)]
    gaps = [" " if narrow and not SIGNS.isdisjoint(pair) else "  " for pair in pairwise(heads)] + [""]
    head, *rows = ("".join(map(add, row, gaps)).rstrip() for row in zip(*cells, strict=True))
    width = max(map(columns, (head, *rows)))
    if width > WIDE and not narrow:
        return _aligned(block, narrow=True)
    return "\n".join((block.heading, "", head, "─" * width, *rows, *(("", block.note) if block.note else ())))


def _pointed(head: str, numbers: list[str]) -> list[str]:
    """The head and the numbers, with their points in line and the wider of both around the other."""
    before = [len(re.split("[.×]", number)[0]) for number in numbers]
    most = max(before)
    lined = [" " * (most - n) + number for n, number in zip(before, numbers, strict=True)]
    width = max(map(len, lined))
    margin = " " * ((len(head) - width) // 2)
    return [head.center(width), *(margin + number for number in lined)]


def _markdown(block: Block) -> str:
    rows = [block.heads, ["--:" if i in block.numbers else ":--" for i in range(len(block.heads))]]
    rows += [[*map(_plain, row)] for row in block.rows]
    lines = [f"**{block.heading}**", "", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([*lines, "", _plain(block.note)] if block.note else lines)


def _plain(text: str) -> str:
    """The text without meaning to Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>|$~&#])", r"\\\1", text)


def _tabular(block: Block) -> str:
    """The block as a LaTeX tabular. Names and formulas are in LaTeX already, heads are not."""
    kinds = "".join("r" if i in block.numbers else "l" for i in range(len(block.heads)))
    heads, *rows = (" & ".join(map(latex_text, row)) + r" \\" for row in (block.heads, *block.rows))
    return "\n".join((
        rf"\noindent\textbf{{{latex_text(block.heading)}}}\par\smallskip",
        rf"\begin{{tabular}}{{{kinds}}}",
        r"\hline", heads, r"\hline", *rows, r"\hline",
        r"\end{tabular}", *((r"\par\smallskip\noindent", latex.words(block.note)) if block.note else ()),
    ))  # fmt: skip
