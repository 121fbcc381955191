"""The graph node by node as a text table: forward from the leaves, then backward in the pass's order.

Two blocks, because there are two passes over the graph and they run in opposite directions. A row of the
first is a node: how it is computed, and its value. A row of the second is an edge:

    upstream × local = contribution, which is added to the gradient of the node that the edge comes from
"""

import re
from typing import NamedTuple

from viz.records import CONSTANT, Graph, Step
from viz.text import clip, columns, full

LONG = 60  # characters of an expression or a formula


Row = tuple[str, ...]


class Block(NamedTuple):
    """A heading, the heads of its columns, and the rows."""

    heading: str
    heads: Row
    numbers: frozenset[int]  # columns that hold numbers, which stand with their points in line
    rows: list[Row]


class Table:
    """What `viz.table` gives: `print` it, or show it in a notebook, or take its `.markdown()`."""

    def __init__(self, graph: Graph, steps: list[Step]) -> None:
        self.blocks = [_forward(graph), *([_backward(graph, steps)] if steps else [])]

    def __str__(self) -> str:
        return "\n\n".join(map(_aligned, self.blocks))

    __repr__ = __str__

    def markdown(self) -> str:
        """The table in Markdown."""
        return "\n\n".join(map(_markdown, self.blocks))

    def _repr_markdown_(self) -> str:
        return self.markdown()


def _forward(graph: Graph) -> Block:
    rows: list[Row] = []
    for node in graph.nodes:
        if node.kind != CONSTANT or node.key in graph.roots:
            made = f"= {clip(node.expression, LONG)}" if node.expression else ""
            rows.append((node.name or CONSTANT, made, full(node.data)))
    return Block("Forward: each node from its operands", ("node", "", "value"), frozenset({2}), rows)


def _backward(graph: Graph, steps: list[Step]) -> Block:
    heading = "Backward: each operand's gradient grows by upstream × local derivative"
    heads = "node", "→ operand", "local derivative", "upstream", "×", "local", "=", "adds", "gradient so far"
    rows: list[Row] = []
    for step in steps:
        target, source = graph.nodes[step.edge.target].name, graph.nodes[step.edge.source].name
        product = full(step.upstream), "×", full(step.edge.local), "=", full(step.contribution)
        rows.append((target, f"→ {source}", clip(step.edge.formula, LONG), *product, full(step.total)))
    return Block(heading, heads, frozenset({3, 5, 7, 8}), rows)


def _aligned(block: Block) -> str:
    """The block as text, its columns in line."""
    cells = [list(column) for column in zip(*block.rows, strict=True)]
    for i, (head, column) in enumerate(zip(block.heads, cells, strict=True)):
        if i in block.numbers:
            head, *column[:] = _pointed(head, column)
        width = max(map(columns, (head, *column)))
        column[:] = [_padded(text, width) for text in (head, *column)]
    head, *rows = ("  ".join(row).rstrip() for row in zip(*cells, strict=True))
    rule = "─" * max(map(columns, (head, *rows)))
    return "\n".join((block.heading, "", head, rule, *rows))


def _pointed(head: str, numbers: list[str]) -> list[str]:
    """The head and the numbers, with their points in line and the wider of both around the other."""
    before = [len(number.partition(".")[0]) for number in numbers]
    most = max(before)
    lined = [" " * (most - n) + number for n, number in zip(before, numbers, strict=True)]
    width = max(map(len, lined))
    margin = " " * ((len(head) - width) // 2)
    return [head.center(width), *(margin + number for number in lined)]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns(text))


def _markdown(block: Block) -> str:
    rows = [block.heads, ["--:" if i in block.numbers else ":--" for i in range(len(block.heads))]]
    rows += [[_escaped(cell) for cell in row] for row in block.rows]
    return "\n".join((f"**{block.heading}**", "", *(f"| {' | '.join(row)} |" for row in rows)))


def _escaped(cell: str) -> str:
    r"""The cell without meaning to Markdown: `a_1` is written a\_1."""
    return re.sub(r"([\\`*_{}\[\]<>|$~&#])", r"\\\1", cell)
