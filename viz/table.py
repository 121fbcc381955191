"""The graph node by node as a text table: forward from the leaves, then backward in the pass's order.

Two blocks, because there are two passes over the graph and they run in opposite directions. A row of the
first is a node: how it is computed, and its value. A row of the second is an edge:

    upstream × local = contribution, which is added to the gradient of the node that the edge comes from
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from autograd.naming import latex_name, latex_text
from viz import latex
from viz.records import CONSTANT, Edge, Graph, Pass
from viz.text import clip, columns, full, padded
from viz.words import NONE

LONG = 60  # characters of an expression or a formula


Row = tuple[str, ...]


class Writer(NamedTuple):
    """How the cells of a table are written: a name, a formula, a number."""

    name: Callable[[str], str]
    formula: Callable[[str, Any], str]  # what stands before it, and itself
    number: Callable[[Any], str]


PLAIN = Writer(str, lambda sign, formula: sign + clip(formula, LONG), full)
LATEX = Writer(
    lambda name: f"${latex_name(name)}$",
    lambda sign, formula: f"${sign}{latex.formula(formula, LONG)}$",
    lambda number: f"${latex.mathematics(full(number))}$",
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

    def __init__(self, graph: Graph, made: Pass) -> None:
        self.graph = graph
        self.made = made

    def blocks(self, write: Writer = PLAIN) -> list["Block"]:
        """What there is to show: the forward pass, and the backward pass if there is one."""
        forward = _forward(self.graph, write)
        return [forward, *([_backward(self.graph, self.made, write)] if self.made else [])]

    def __str__(self) -> str:
        return "\n\n".join(map(_aligned, self.blocks()))

    __repr__ = __str__

    def markdown(self) -> str:
        """The table in Markdown."""
        return "\n\n".join(map(_markdown, self.blocks()))

    def latex(self) -> str:
        r"""The table as two tabulars, for a document with \usepackage{amsmath}."""
        return "\n\n\\bigskip\n".join(map(_tabular, self.blocks(LATEX)))

    def _repr_markdown_(self) -> str:
        return self.markdown()


def _forward(graph: Graph, write: Writer) -> Block:
    rows: list[Row] = []
    for node in graph.nodes:
        if node.name or node.kind != CONSTANT or node.key in graph.roots:
            made = write.formula("= ", node.expression) if node.expression else ""
            rows.append((write.name(node.name or CONSTANT), made, write.number(node.data)))
    return Block("Forward: each node from its operands", ("node", "", "value"), frozenset({2}), rows)


def _backward(graph: Graph, made: Pass, write: Writer) -> Block:
    heading = "Backward: each operand's gradient grows by upstream × local derivative"
    heads = "node", "→ operand", "local derivative", "upstream", "×", "local", "=", "adds", "gradient so far"
    rows: list[Row] = []

    def add(edge: Edge, *numbers: Any) -> None:
        target, source = (write.name(graph.nodes[key].name) for key in (edge.target, edge.source))
        upstream, local, adds, total = (NONE if x is None else write.number(x) for x in numbers)
        derivative = write.formula("", edge.formula)
        rows.append((target, f"→ {source}", derivative, upstream, "×", local, "=", adds, total))

    for edge, step in made.steps:
        add(edge, step.upstream, edge.local, step.contribution, step.total)
    for edge in made.left(graph):
        add(edge, made.upstream, edge.local, None, None)
    return Block(heading, heads, frozenset({3, 5, 7, 8}), rows, made.says(graph))


def _aligned(block: Block) -> str:
    """The block as text, its columns in line."""
    cells = [list(column) for column in zip(*block.rows, strict=True)]
    for i, (head, column) in enumerate(zip(block.heads, cells, strict=True)):
        if i in block.numbers:
            head, *column[:] = _pointed(head, column)
        width = max(map(columns, (head, *column)))
        column[:] = [padded(text, width) for text in (head, *column)]
    head, *rows = ("  ".join(row).rstrip() for row in zip(*cells, strict=True))
    rule = "─" * max(map(columns, (head, *rows)))
    return "\n".join((block.heading, "", head, rule, *rows, *(("", block.note) if block.note else ())))


def _pointed(head: str, numbers: list[str]) -> list[str]:
    """The head and the numbers, with their points in line and the wider of both around the other."""
    before = [len(number.partition(".")[0]) for number in numbers]
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
