"""The graph as a tree of text, from the root down to its leaves, for a terminal or a message.

                           value  gradient
    price = t1 × tax         220        +1
    ├─ 1.1 ─ t1 = apple × n  200      +1.1      the local derivative stands on the branch
    │  ├─ 2 ─ apple          100      +2.2
    │  └─ 100 ─ n              2      +110
    └─ 200 ─ tax             1.1      +200

A node is written once; where it is used again stands `↑ t1, above`. Beyond some depth a part of the tree
goes on at the left margin, where `↓ t1, below` has announced it: so a chain of 10,000 stays readable.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from viz import words
from viz.options import Options
from viz.records import CONSTANT, GROUP, Edge, Graph, Node
from viz.text import clip, columns, padded

DEEP = 24  # branches from the left margin
LONG = 60  # characters of an expression


class Line(NamedTuple):
    """A line: the branches and what the node says, its number, its gradient."""

    text: str
    data: str = ""
    gradient: str = ""


class _Visit(NamedTuple):
    """A node to write: the edge that leads to it, what stands before it and before all below it."""

    key: int
    edge: Edge | None = None
    before: str = ""
    below: str = ""
    depth: int = 0


def render(graph: Graph, options: Options) -> str:
    """The tree of every root; the same graph gives the same text."""
    lines = [*_lines(graph, options)]
    heads = Line(
        "", *(word if any(x[i] for x in lines) else "" for i, word in ((1, "value"), (2, "gradient")))
    )
    table = [heads, *lines] if heads.data or heads.gradient else lines
    _, data, gradient = (max(map(columns, column)) for column in zip(*table, strict=True))
    wide = max((columns(line.text) for line in table if line.data or line.gradient), default=0)
    rows = (
        f"{padded(x.text, wide)}  {padded('', data - columns(x.data))}{x.data}"
        f"  {padded('', gradient - columns(x.gradient))}{x.gradient}"
        for x in table
    )
    note = f"\n{graph.note}\n" if graph.note else ""
    return "".join(f"{row.rstrip()}\n" for row in rows) + note


def _lines(graph: Graph, options: Options) -> Iterator[Line]:
    used = {edge.source for edge in graph.edges}
    tops = [node.key for node in graph.nodes if node.key not in used]  # where the roots are left out
    starts = deque(dict.fromkeys(graph.roots or tops))
    announced, written = set(starts), set()
    while starts:
        start = starts.popleft()
        if start in written:
            continue
        stack = [_Visit(start)]
        while stack:
            visit = stack.pop()
            key, node = visit.key, graph.nodes[visit.key]
            local = words.local(visit.edge, options, LONG) if visit.edge else words.NOTHING
            branch = f"{_marked(str(local), words.ARISES * local.alarm)} ─ " if local else ""
            head, short = visit.before + branch, node.name or node.kind
            if key in written:
                yield Line(f"{head}↑ {short}, above")
                continue
            deep = visit.depth >= DEEP and bool(graph.incoming[key])
            if visit.depth and (deep or key in announced):
                if key not in announced:
                    announced.add(key)
                    starts.append(key)
                yield Line(f"{head}↓ {short}, below")
                continue
            if node.kind != CONSTANT:
                written.add(key)
            data, gradient = words.data(node, options), words.gradient(node, options)
            says = _marked(_says(node, options), words.ARISES * data.alarm, words.remark(node, options))
            yield Line(head + says, str(data), str(gradient))
            stack += reversed([*_below(graph.incoming[key], visit)])


def _below(edges: list[Edge], visit: _Visit) -> Iterator[_Visit]:
    """What is to be written below a node."""
    for edge in edges:
        last = edge is edges[-1]
        before, below = (f"{visit.below}{sign}" for sign in (("└─ ", "   ") if last else ("├─ ", "│  ")))
        yield _Visit(edge.source, edge, before, below, visit.depth + 1)


def _marked(text: str, *remarks: str) -> str:
    """The text, and behind it the remarks that are not empty."""
    said = ", ".join(filter(None, remarks))
    return f"{text} ({said})" if said else text


def _says(node: Node, options: Options) -> str:
    """A node: `z = x × y`, or with its symbol alone where names are not shown."""
    if not options.labels:
        return words.name(node, options) or node.symbol or node.kind
    name = node.name or node.kind
    if node.expression:
        return f"{name}{': ' if node.kind == GROUP else ' = '}{clip(node.expression, LONG)}"
    return f"{name}  {node.symbol}".rstrip()
