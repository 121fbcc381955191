"""A graph as plain records: what every picture, table and exporter reads.

Nothing here knows SVG, and nothing downstream knows `Value`: nodes are numbered in topological order, so
that the same graph gives the same records in every process, and every node has a name of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from autograd import (
    Value,
    backward_steps,
    expression,
    local_derivatives,
    local_formula,
    node_names,
    ops,
    topological_order,
)
from viz.text import printable

LEAF, CONSTANT, OPERATION = "leaf", "constant", "operation"


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the graph.

    key         its index in topological order       kind        LEAF, CONSTANT or OPERATION
    name        unique, x1 or t1 without a label     label       as the user gave it, or ""
    symbol      of the operation, "" where none      expression  `apples × tax`; "" where no operation
    data        the number                           gradient    ∂root/∂node; None: none has arrived
    """

    key: int
    kind: str
    name: str
    label: str
    symbol: str
    expression: str
    data: Any
    gradient: Any


@dataclass(frozen=True, slots=True)
class Edge:
    """One operand of an operation; x * x has two edges.

    source, target  keys of the argument and of the operation's result
    position        of the argument among the operands
    formula         the local derivative as the table states it: `∂price/∂tax = apples`; "" to a constant
    local           its number; None to a constant, where the rule says "no contribution", and where
                    the derivative does not exist
    """

    source: int
    target: int
    position: int
    formula: str
    local: Any


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the backward pass along an edge: upstream × edge.local = contribution.

    total  the gradient of the edge's source so far, this contribution included
    """

    edge: Edge
    upstream: Any
    contribution: Any
    total: Any


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes by key, the edges by target and position, and the keys of the roots."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    roots: tuple[int, ...]

    def operands(self) -> list[int]:
        """How many operands each node has."""
        count = [0] * len(self.nodes)
        for edge in self.edges:
            count[edge.target] += 1
        return count


def read(roots: Sequence[Value]) -> Graph:
    """The records of everything the roots were made from.

    Gradients are those that the nodes hold; as long as a root holds 0, none has arrived from it.
    """
    copies, labels = _named(roots)
    return _read(copies, labels)


def read_backward(root: Value) -> tuple[Graph, list[Step]]:
    """The records of a root, and the steps of its backward pass, whether it has run or not."""
    copies, labels = _named([root])
    graph = _read(copies, labels)
    if not any(node.kind == LEAF for node in graph.nodes):
        return graph, []
    keys = {node: key for key, node in enumerate(labels)}
    edges = {(edge.target, edge.position): edge for edge in graph.edges}
    return graph, [
        Step(edges[keys[step.node], step.position], step.upstream, step.contribution, step.total)
        for step in backward_steps(copies[0])
    ]


def _named(roots: Iterable[Value]) -> tuple[list[Value], dict[Value, str]]:
    """Copies of the roots in which every node is labelled with its name; and the labels by copied node.

    Formulas of the copies speak in these names, and the user's graph stays as it is.
    """
    copies = deepcopy(list(roots))
    labels = {node: printable(str(node.label)) for node in topological_order(*copies)}
    for node, label in labels.items():
        node.label = label
    for node, name in node_names(node for node in labels if node.op is not ops.constant).items():
        node.label = name
    return copies, labels


def _read(roots: Sequence[Value], labels: dict[Value, str]) -> Graph:
    keys = {node: key for key, node in enumerate(labels)}
    reached = set(topological_order(*(root for root in roots if root.grad)))
    nodes = tuple(_node(node, keys[node], label, node in reached) for node, label in labels.items())
    edges = tuple(edge for node in labels for edge in _edges(node, keys))
    return Graph(nodes, edges, tuple(keys[root] for root in roots))


def _node(node: Value, key: int, label: str, reached: bool) -> Node:
    op, gradient = node.op, node.grad if reached else None
    if op is None or op is ops.constant:
        return Node(key, CONSTANT if op else LEAF, node.label, label, "", "", node.data, gradient)
    symbol = printable(op.symbol)
    return Node(key, OPERATION, node.label, label, symbol, expression(node), node.data, gradient)


def _edges(node: Value, keys: dict[Value, int]) -> Iterator[Edge]:
    try:
        locals_ = {position: local for position, _, local in local_derivatives(node)} if node.args else {}
    except (ArithmeticError, ValueError, TypeError):  # a picture of √x at 0 is still a picture
        locals_ = {}
    for position, arg in enumerate(node.args):
        formula = "" if arg.op is ops.constant else _formula(node, position)
        yield Edge(keys[arg], keys[node], position, formula, locals_.get(position))


def _formula(node: Value, position: int) -> str:
    try:
        return local_formula(node, position)
    except (ArithmeticError, ValueError, TypeError):
        return f"∂{node.label}/∂{node.args[position].label} does not exist here"
