"""Record: run a function once on symbols, and keep every scalar operation that it performs.

    graph    rows of the table applied to nodes, in the order in which they were recorded
    node     the number of an operation in its graph
    theta    the numbers of all parameters, one after the other: the input THETA

A graph keeps equal operations once, and nothing that does nothing (x · 1, x + 0). Its sources, the nodes
without arguments, are told apart: PARAMETER, INPUT, CONSTANT.
"""

import operator
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

from autograd import ops
from autograd.op import Op, describe
from autograd.program.symbol import NUMBERS, Symbol, simplify
from autograd.recording import Run, during, running
from autograd.trees import is_opaque, leaves
from autograd.value import Value, constant, topological_order

PARAMETER = Op("θ", operator.pos, kind="constant")  # args: (which input, place), of one without a batch
INPUT = Op("input", operator.pos, kind="constant")  # args: (which input, place in the flat example)
CONSTANT = Op("constant", operator.pos, kind="constant")  # args: (number,)
SOURCES = (PARAMETER, INPUT, CONSTANT)
THETA = 0


class Graph:
    """The scalar operations of one example.

    ops, args    by node: the row, and the nodes that it is applied to (of a source: as above)
    labels       the names that the user gave to nodes
    parameters   the place of every parameter in theta
    """

    def __init__(self, parameters: dict[Value, int]) -> None:
        self.ops: list[Op] = []
        self.args: list[tuple[Any, ...]] = []
        self.labels: dict[int, str] = {}
        self.parameters = parameters
        self._known: dict[tuple[Op, tuple[Any, ...]], int] = {}
        self._values: dict[Value, int] = {}

    def __len__(self) -> int:
        return len(self.ops)

    def add(self, op: Op, args: tuple[Any, ...]) -> int:
        """The node of an operation: a new one, or the one that is there already."""
        if op not in SOURCES:
            numbers = [self.number(arg) for arg in args[:2]]  # of long sums two tell that they vary
            if None not in numbers and None not in (numbers := [self.number(arg) for arg in args]):
                return self.add(CONSTANT, (float(op.evaluate(numbers, numbers)),))
            if op in NUMBERS:
                return self.add(CONSTANT, (op.function(1.0),))
            op, args = simplify(op, args, numbers)
            if op is ops.identity:
                return args[0]  # type: ignore[no-any-return]
        node = self._known.get((op, args))
        if node is None:
            node = self._known[op, args] = len(self.ops)
            self.ops.append(op)
            self.args.append(args)
        return node

    def symbols(self, which: int, count: int, batched: bool) -> list[Symbol]:
        """The numbers of an input, with or without a batch axis."""
        op = INPUT if batched else PARAMETER
        return [Symbol(self, self.add(op, (which, place))) for place in range(count)]

    def number(self, node: int) -> float | None:
        """The number of a constant; None for any other node."""
        return self.args[node][0] if self.ops[node] is CONSTANT else None

    def apply(self, op: Op, args: Sequence[Any]) -> Any:
        """Record a row applied to symbols, Values and numbers.

        Values that hold symbols, as in a transform inside compile, record it themselves.
        """
        kinds = {*map(type, args)}
        if any(hasattr(kind, "apply_op") for kind in kinds - {Symbol, Value}):
            return NotImplemented  # a series, an array, which decides
        if Value in kinds and op.partials and (transforming() or any(map(is_symbolic_value, args))):
            return op.apply([constant(arg) if type(arg) is Symbol else arg for arg in args])
        return Symbol(self, self.add(op, tuple([self.lift(arg, op.name) for arg in args])))

    def lift(self, arg: Any, where: str) -> int:
        """The node of an argument of `where`; TypeError for what arrays of floats cannot hold."""
        if type(arg) is Symbol:
            if arg.graph is not self:
                raise TypeError(f"{where} got a symbol of another call: keep none outside of the function")
            return arg.node  # type: ignore[no-any-return]
        return self.value(arg) if type(arg) is Value else self.add(CONSTANT, (plain(arg, where),))

    def compared(self, value: Value) -> Any:
        """What stands for a Value in a comparison: a symbol, but the number of a constant."""
        node = self.value(value)
        number = self.number(node)
        return Symbol(self, node) if number is None else number

    def value(self, root: Value) -> int:
        """The node of a Value: a parameter, what was recorded from parameters, or a constant."""
        nodes = self._values
        for value in (root,) if root in nodes or root in self.parameters else topological_order(root):
            if value in nodes:
                continue
            if value in self.parameters:
                nodes[value] = self.add(PARAMETER, (THETA, self.parameters[value]))
            elif is_symbolic_value(value) and not value.args:
                nodes[value] = self.lift(value.data, describe(value))
            elif value.args:
                nodes[value] = self.add(value.op, tuple([nodes[arg] for arg in value.args]))  # type: ignore[arg-type]
            else:
                nodes[value] = self.add(CONSTANT, (plain(value.data, describe(value)),))
            if value.label:
                self.labels.setdefault(nodes[value], value.label)
        return nodes[root]


def plain(number: Any, where: str) -> float:
    """The number as a float. TypeError for other number types, which arrays would round in silence."""
    if isinstance(number, int | float) or (type(number).__module__ == "numpy" and not number.imag):
        return float(number)
    raise TypeError(
        f"compile: {where} has the {type(number).__name__} {describe(number)}, which arrays of floats "
        "cannot hold; use float(…) or stay with the eager engine"
    )


class Recorded(NamedTuple):
    """What a function did: the tree that it returned, and the nodes of its numbers from left to right."""

    graph: Graph
    tree: Any
    nodes: list[int]


def trace(
    f: Callable[..., Any],
    parameters: dict[Value, int],
    build: Callable[[Graph], tuple[Sequence[Any], dict[str, Any]]],
) -> Recorded:
    """Record what f does with the arguments that `build` makes of symbols."""
    graph = Graph(parameters)
    args, named = build(graph)
    with during(_Recording(graph)):
        tree = f(*args, **named)
    numbers = [tree] if is_opaque(tree) else leaves(tree)
    return Recorded(graph, tree, [graph.lift(number, "the result") for number in numbers])


def examples(graph: Graph, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """An example of each of the inputs after THETA, as nested lists of symbols."""
    return [
        nested(graph.symbols(which, prod(shape), True), shape) for which, shape in enumerate(shapes, start=1)
    ]


def nested(flat: list[Any], shape: Sequence[int]) -> Any:
    """The elements as nested lists of that shape: one element for ()."""
    for size in reversed(shape[1:]):
        flat = [flat[i : i + size] for i in range(0, len(flat), size)]
    return flat if shape else flat[0]


def is_symbolic_value(arg: Any) -> bool:
    """Whether it is a Value that holds a symbol, as the results of transforms inside compile do."""
    return type(arg) is Value and type(arg.data) is Symbol


def transforming() -> bool:
    """Whether a transform is under way inside compile."""
    return type(running.get()) is not _Recording


class _Recording(Run):
    """A run of compile, in which a comparison of a Value is one of symbols: a branch would be frozen."""

    symbolic = True

    def __init__(self, graph: Graph) -> None:
        super().__init__("compile")
        self.graph = graph

    def number(self, value: Value) -> Any:
        """A symbol, but the number of a constant."""
        return self.graph.compared(value)
