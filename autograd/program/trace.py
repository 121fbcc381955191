"""Record: run a function on symbols, and keep every scalar operation that it performs.

    graph     rows of the table applied to nodes, in the order in which they were recorded
    node      the number of an operation in its graph
    theta     the numbers of all parameters, one after the other: the input THETA
    captured  a Value from outside that is no parameter: its number is read at every call, as that of theta

A graph keeps equal operations once, and nothing that does nothing (x · 1, x + 0). Its sources, the nodes
without arguments, are told apart: PARAMETER, INPUT, CONSTANT.

Numbers that Python holds and a function reads would be frozen: `w.data`, a counter, a draw. So it is recorded
twice, the second time with the numbers of all Values Unread, and must do the same.
"""

import operator
from collections.abc import Callable, Sequence
from copy import copy
from math import prod
from typing import Any, NamedTuple

from autograd import ops
from autograd.op import Op, describe
from autograd.program.purity import (
    Generator,
    alike,
    check_row,
    generators,
    reached,
    unchanged,
    undrawn,
)
from autograd.program.symbol import BOOLEAN, NUMBERS, Symbol, Unread, evaluated, simplify
from autograd.recording import Run, during, running
from autograd.trees import is_opaque, leaves, matching
from autograd.value import Value, constant, topological_order

PARAMETER = Op("θ", operator.pos, kind="constant")  # args: (which input, place), of one without a batch
INPUT = Op("input", operator.pos, kind="constant")  # args: (which input, place in the flat example)
CONSTANT = Op("constant", operator.pos, kind="constant")  # args: (number,)
SOURCES = (PARAMETER, INPUT, CONSTANT)
KNOWN = {*ops.TABLE.values(), *BOOLEAN, *SOURCES}  # all rows but the user's
PLAIN = {Symbol, Value, float, int}  # what nearly all rows are applied to
STEADY = "what changes from call to call is to be an input"
THETA, CAPTURED = 0, -1  # inputs without a batch


class Graph:
    """The scalar operations of one example.

    ops, args    by node: the row, and the nodes that it is applied to (of a source: as above)
    labels       the names that the user gave to nodes
    parameters   the place of every parameter in theta
    captured     the place of every captured Value in the input CAPTURED
    old          Values that were computed before, from no parameter: as good as leaves
    """

    def __init__(self, parameters: dict[Value, int]) -> None:
        self.ops: list[Op] = []
        self.args: list[tuple[Any, ...]] = []
        self.labels: dict[int, str] = {}
        self.parameters = parameters
        self.captured: dict[Value, int] = {}
        self.old: set[Value] = set()
        self._known: dict[tuple[Op, tuple[Any, ...]], int] = {}
        self._values: dict[Value, int] = {}

    def __len__(self) -> int:
        return len(self.ops)

    def again(self) -> "Graph":
        """The same graph for another recording, whose symbols are its own."""
        graph = copy(self)
        graph._values = {value: self._values[value] for value in self.leaves()}
        return graph

    def add(self, op: Op, args: tuple[Any, ...]) -> int:
        """The node of an operation: a new one, or the one that is there already."""
        key = op, args
        if op is CONSTANT:
            key = op, (float(args[0]).hex(),)  # tells −0 from 0, and knows nan again
        elif op not in SOURCES:
            numbers = [self.number(arg) for arg in args[:2]]  # of long sums two tell that they vary
            if None not in numbers and None not in (numbers := [self.number(arg) for arg in args]):
                return self.add(CONSTANT, (float(evaluated(op, numbers)),))
            if op in NUMBERS:
                return self.add(CONSTANT, (op.function(1.0),))
            key = op, args = simplify(op, args, numbers)
            if op is ops.identity:
                return args[0]  # type: ignore[no-any-return]
        node = self._known.get(key)
        if node is None:
            node = self._known[key] = len(self.ops)
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
        if not kinds <= PLAIN and any(hasattr(kind, "apply_op") for kind in kinds - PLAIN):
            return NotImplemented  # a series, an array, which decides
        if Value in kinds and op.partials and (transforming() or any(map(is_symbolic_value, args))):
            return op.apply([constant(arg) if type(arg) is Symbol else arg for arg in args])
        nodes = [
            arg.node if type(arg) is Symbol and arg.graph is self else self.lift(arg, op.name) for arg in args
        ]
        return Symbol(self, self.add(op, tuple(nodes)))

    def lift(self, arg: Any, where: str) -> int:
        """The node of an argument of `where`; TypeError for what arrays of floats cannot hold."""
        if type(arg) is Symbol:
            if arg.graph is not self:
                raise TypeError(
                    f"compile: {where} got a symbol of another call: keep none outside of the function"
                )
            return arg.node  # type: ignore[no-any-return]
        if type(arg) is Unread:
            return arg.refuse(where)  # type: ignore[no-any-return]
        return self.value(arg) if type(arg) is Value else self.add(CONSTANT, (plain(arg, where),))

    def compared(self, value: Value) -> Any:
        """What stands for a Value in a comparison: a symbol, but the number of a constant."""
        node = self.value(value)
        number = self.number(node)
        return Symbol(self, node) if number is None else number

    def value(self, root: Value) -> int:
        """The node of a Value: a parameter, what was recorded from parameters, captured, or a constant."""
        nodes, stack = self._values, [root] if root not in self._values else []
        while stack:
            value = stack[-1]
            missing = (
                [] if value in nodes or self.is_leaf(value) else [x for x in value.args if x not in nodes]
            )
            if missing:
                stack += reversed(missing)
                continue
            if value not in nodes:
                nodes[value] = node = self._node(value)
                if value.label:
                    self.labels.setdefault(node, value.label)
            stack.pop()
        return nodes[root]

    def cut(self, count: int) -> None:
        """Forget all nodes but the first so many."""
        if len(self) > count:
            del self.ops[count:], self.args[count:]
            self._known = {key: node for key, node in self._known.items() if node < count}

    def leaves(self) -> list[Value]:
        """The Values that are not computed from others here, as far as they have been met."""
        return [value for value in self._values if self.is_leaf(value)]

    def known(self, op: Op, args: tuple[int, ...]) -> int | None:
        """The node of an operation, if there is one."""
        return self._known.get((op, args))

    def is_leaf(self, value: Value) -> bool:
        """Whether it is not computed from others here."""
        return not value.args or value in self.old

    def _node(self, value: Value) -> int:
        """The node of a Value whose arguments have theirs."""
        if not self.is_leaf(value):
            return self.add(value.op, tuple([self._values[arg] for arg in value.args]))  # type: ignore[arg-type]
        if value in self.parameters:
            return self.add(PARAMETER, (THETA, self.parameters[value]))
        if type(value.data) in (Symbol, Unread):
            return self.lift(value.data, describe(value))
        number = plain(value.data, describe(value))
        if value.op is ops.constant or _is_made(value):
            return self.add(CONSTANT, (number,))
        return self.add(PARAMETER, (CAPTURED, self.captured.setdefault(value, len(self.captured))))


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
    """Record what f does with the arguments that `build` makes of symbols.

    TypeError where f reads numbers, counts or draws, so that another call would do something else.
    """
    found = [*reached(f)]
    sources = generators(found)
    values = [*parameters, *(x for _, x in found if type(x) is Value)]
    graph = Graph(parameters)
    graph.old = _old(values, parameters)
    run = _Recording(graph)
    with unchanged(values, readable=True):
        recorded = _record(run, f, build, sources)
    count = len(graph)
    run.graph = graph.again()
    hidden = [x for x in {*run.graph.leaves(), *values} if x.op is not ops.constant]
    try:
        with unchanged(hidden, readable=False):
            repeated = _record(run, f, build, sources)
    except Exception as error:
        if "compile" in str(error):  # our own words
            raise
        raise TypeError(
            "compile: recorded once more, without the numbers of Values, the function raises "
            f"{type(error).__name__}: {error}; it must do the same at every call, and use "
            "stop_gradient(x) in place of x.data"
        ) from error
    for row in {*graph.ops} - KNOWN:
        check_row(row)
    _compare(recorded, repeated, count)
    graph.cut(count)
    return recorded


def _record(run: "_Recording", f: Callable[..., Any], build: Any, sources: Sequence[Generator]) -> Recorded:
    """What f does, recorded once."""
    graph = run.graph
    args, named = build(graph)
    with during(run), undrawn(sources, getattr(f, "__name__", "the function")):
        tree = f(*args, **named)
        if is_opaque(tree):
            raise TypeError(
                f"compile: {getattr(f, '__name__', 'the function')} returned {tree!r:.40}; let it return a "
                f"number, or a list, tuple, dict or array of them{' (is a return missing?)' * (tree is None)}"
            )
        numbers = leaves(tree)
        return Recorded(graph, tree, [graph.lift(number, "the result") for number in numbers])


def _old(values: Sequence[Value], parameters: dict[Value, int]) -> set[Value]:
    """Of Values those that were computed, though from no parameter."""
    from_parameters = {*parameters}
    computed = [value for value in values if value.args]
    for value in topological_order(*computed):
        if not from_parameters.isdisjoint(value.args):
            from_parameters.add(value)
    return {*computed} - from_parameters


def _compare(first: Recorded, second: Recorded, count: int) -> None:
    """TypeError naming what the second recording did otherwise than the first, which had `count` nodes.

    A row that the function itself makes is another object each time, and the same if it is made alike.
    """
    graph, same = first.graph, dict[int, int]()
    try:
        matching(first.tree, second.tree)
    except ValueError as error:
        raise TypeError(f"compile: recorded twice, the function returned {error}; {STEADY}") from None
    if first.nodes == second.nodes:
        return
    rows = {*graph.ops[:count]} - KNOWN
    for node in range(count, len(graph)):
        op, args = graph.ops[node], graph.args[node]
        if op not in SOURCES:
            twin = next((row for row in rows if alike(op, row)), op)
            found = graph.known(twin, tuple([same.get(arg, arg) for arg in args]))
            if found is not None:
                same[node] = found
    for a, b in zip(first.nodes, second.nodes, strict=True):
        if a != same.get(b, b):
            raise TypeError(f"compile: recorded twice, {_difference(graph, same, a, b)}; {STEADY}")


def _difference(graph: Graph, same: dict[int, int], a: int, b: int) -> str:
    """What is not the same in two nodes: the innermost number or operation."""
    where, inner = "the result", [a, b]
    while inner:
        a, b = inner
        is_one = graph.ops[a] is graph.ops[b] and graph.ops[a] not in SOURCES
        pairs = zip(graph.args[a], graph.args[b], strict=False) if is_one else ()
        inner = next(([x, y] for x, y in pairs if x != same.get(y, y)), [])
        where = graph.labels.get(a, graph.ops[a].name) if inner else where
    first, second = (
        str(graph.args[node][0]) if graph.ops[node] is CONSTANT
        else f"{graph.labels.get(node, graph.ops[node].name)} of {len(graph.args[node])}"
        for node in (a, b)
    )  # fmt: skip
    return f"{where} has {first} and then {second}"


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


def _is_made(value: Value) -> bool:
    """Whether a leaf was made by the function that is being recorded."""
    run = running.get()
    while run is not None:
        if value in run.made:
            return True
        run = run.outer
    return False


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
