"""Re-roll: scalar operations of one kind at one level become one operation on arrays.

    level     the longest way from the sources to a node
    bundle    the nodes of one level that one array operation will do
    home      the array that holds a node          place    where in it, flat
    operand   what stands in one argument place of all nodes of a bundle

A bundle's operands are places in arrays. Where the places run evenly they are views (slices, reshapes,
broadcasts); elsewhere they are gathered, so every graph compiles. A bundle of dots is one einsum, whose
labels follow from which operand varies along which axis: matrix products appear by themselves.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any

import numpy as np

from autograd import ops
from autograd.ops import Op
from autograd.program.arrays import N, Array, ArrayGraph, Axes, Places
from autograd.program.patterns import View, axes, refine, slicing
from autograd.program.symbol import TAKE
from autograd.program.trace import CONSTANT, INPUT, PARAMETER, SOURCES, Graph

COMMUTATIVE = {ops.add, ops.mul, ops.maximum, ops.minimum, ops.hypot}
FEW = 3  # bundles of rows with fixed arguments, that read different arrays, are split up to this number
REDUCING = {ops.sum, ops.dot, ops.logsumexp}


class Roll:
    """The array program of a scalar graph, while it grows level by level."""

    def __init__(self, graph: Graph, shapes: Sequence[tuple[int, ...]], parameters: int) -> None:
        self.graph = graph
        self.arrays = ArrayGraph()
        self.home = np.full(len(graph), -1)
        self.place = np.zeros(len(graph), int)
        self.numbers = np.zeros(len(graph))  # of constants
        self.labels: dict[int, str] = {}  # of parameters, by place in theta
        theta = self.arrays.add("theta", (), (parameters,), False)
        inputs = [self.arrays.add("input", (), (prod(shape),), True, how=i) for i, shape in enumerate(shapes)]
        for node, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
            if op is PARAMETER:
                self.home[node], self.place[node] = theta.number, args[0]
                self.labels[args[0]] = graph.labels.get(node, "")
            elif op is INPUT:
                self.home[node], self.place[node] = inputs[args[0]].number, args[1]
            elif op is CONSTANT:
                self.numbers[node] = args[0]

    def run(self) -> None:
        """Do all levels."""
        for op, nodes in bundles(self.graph):
            for part in self.split(op, nodes):
                self.bundle(op, part)

    # ── Which nodes go together ─────────────────────────────────────────────────────────────────────

    def split(self, op: Op, nodes: list[int]) -> list[list[int]]:
        """The nodes that read the same arrays together; with rows of many arguments, those connected."""
        if len(nodes) == 1:
            return [nodes]
        reads = defaultdict(list)
        for node in nodes:
            args = self.graph.args[node]
            if op is ops.dot:
                args = args[0], args[len(args) // 2]
            elif op in REDUCING:
                args = args[:1]
            reads[tuple([self.read(arg, op is ops.dot) for arg in args])].append(node)
        if op not in REDUCING and len(reads) <= FEW:
            return [*reads.values()]
        return connected(reads)

    def read(self, arg: int, exactly: bool) -> tuple[int, int]:
        """What an argument is read from: its array; for the weights of a dot the weight itself."""
        home = int(self.home[arg])
        return home, (int(self.place[arg]) if exactly and self.graph.ops[arg] is PARAMETER else -1)

    # ── One bundle ──────────────────────────────────────────────────────────────────────────────────

    def bundle(self, op: Op, nodes: list[int]) -> None:
        """Make the array of a bundle, and note where its nodes are."""
        args = [self.graph.args[node] for node in nodes]
        if op is ops.dot:
            array = self.dots(args)
        elif op in REDUCING:
            array = self.reductions(op, args)
        elif op is TAKE:
            array = self.takes(args)
        elif op.sequences:
            array = self.sequences(op, args)
        else:
            columns = np.array(args).T
            if op in COMMUTATIVE and len(nodes) > 1:
                swap = self.home[columns[0]] > self.home[columns[1]]
                columns = np.where(swap, columns[::-1], columns)
            array = self.elementwise(op, columns)
        array.scalars += sum(map(len, args)) if op in REDUCING else len(nodes)
        array.label = array.label or next((self.graph.labels[n] for n in nodes if n in self.graph.labels), "")
        self.home[nodes] = array.number
        self.place[nodes] = np.arange(len(nodes))

    def elementwise(self, op: Op, columns: Iterable[Any]) -> Array:
        """A row of the table on whole operands."""
        sources = [self.source(column) for column in columns]
        patterns = [None if places is None else axes(places) for _, places in sources]
        length = max(len(column) for column in columns)
        shape, strides = self.common(sources, patterns, length)
        operands = [
            source if places is None else self.operand(source, places, shape, steps)
            for (source, places), steps in zip(sources, strides, strict=True)
        ]
        return self.arrays.add(op, operands, shape)

    def common(self, sources: list[Any], patterns: list[Any], length: int) -> Any:
        """A shape that all operands share, gathering those that do not fit; and their strides."""
        for i, (_, places) in enumerate(sources):
            if places is not None and patterns[i] is None:
                self.gather(sources, patterns, i)
        while (found := refine([p for p in patterns if p is not None], length)) is None:
            self.gather(sources, patterns, max(range(len(patterns)), key=lambda i: len(patterns[i] or ())))
        shape, strides = found
        given = iter(strides)
        return shape, [None if p is None else next(given) for p in patterns]

    def gather(self, sources: list[Any], patterns: list[Any], i: int) -> None:
        """Copy an operand, so that its places run evenly."""
        source, places = sources[i]
        sources[i] = (
            self.arrays.add("gather", (source,), places.shape, how=Places(places)),
            np.arange(len(places)),
        )
        patterns[i] = axes(sources[i][1])

    def operand(self, source: Array, places: Any, shape: Sequence[int], strides: Sequence[int]) -> Array:
        """The view of a source with these strides, broadcast where they are 0; gathered if it must be."""
        sizes = tuple(size if stride else 1 for size, stride in zip(shape, strides, strict=True))
        steps = tuple(stride if size > 1 else 0 for size, stride in zip(sizes, strides, strict=True))
        view = View(int(places.flat[0]), sizes, steps)
        if slicing(view, source.size) is None:
            return self.arrays.add("gather", (source,), sizes, how=Places(view.places()))
        array = self.arrays.view(source, view)
        if source.op == "theta" and array is not source:
            array.label = array.label or self.labels.get(view.start, "")
        return array

    def source(self, nodes: Any) -> tuple[Any, Any]:
        """(array, places) of nodes; (number, None) where all are the same constant."""
        nodes = np.asarray(nodes)
        homes = self.home[nodes]
        first = homes.flat[0]
        if (homes == first).all():
            if first >= 0:
                return self.arrays.arrays[first], self.place[nodes]
            numbers = self.numbers[nodes]
            if (numbers == numbers.flat[0]).all():
                return float(numbers.flat[0]), None
        return self.join(nodes, homes)

    def join(self, nodes: Any, homes: Any) -> tuple[Array, Any]:
        """The nodes of several arrays, and constants, in one."""
        parts, places, offset = [], np.empty(nodes.shape, int), 0
        for home in dict.fromkeys(homes.flat):
            here = homes == home
            wanted = self.place[nodes[here]] if home >= 0 else self.numbers[nodes[here]]
            used, inverse = np.unique(wanted, return_inverse=True)
            places[here] = offset + inverse
            offset += len(used)
            if home < 0:
                parts.append(self.constant(used))
            else:
                array = self.arrays.arrays[home]
                steps = (int(used[1] - used[0]) if len(used) > 1 else 1,)
                even = len(used) < 2 or (np.diff(used) == steps[0]).all()
                parts.append(
                    self.operand(array, used, (len(used),), steps)
                    if even
                    else self.arrays.add("gather", (array,), used.shape, how=Places(used))
                )
        return self.arrays.add("join", parts, (offset,)), places

    def constant(self, numbers: Any) -> Array:
        """An array of constants."""
        return self.arrays.add("constant", (), numbers.shape, False, how=tuple(map(float, numbers)))

    # ── Dots and other sums ─────────────────────────────────────────────────────────────────────────

    def dots(self, args: list[tuple[int, ...]]) -> Array:
        """Σ a·b as an einsum; with unequal lengths as products and their sums by segment."""
        lengths = [len(arg) // 2 for arg in args]
        left, right = ([arg[:k] for arg, k in zip(args, lengths)], [arg[k:] for arg, k in zip(args, lengths)])
        if len(set(lengths)) > 1:
            columns = [np.concatenate([np.array(rows) for rows in side]) for side in (left, right)]
            products = self.elementwise(ops.mul, columns)
            products.scalars += len(columns[0])
            return self.segments(
                "segment_sum", self.arrays.reshape(self.arrays.own(products), (len(columns[0]),)), lengths
            )
        a, b = self.matrix(np.array(left)), self.matrix(np.array(right))
        return self.einsum(a, b, (len(args), lengths[0]))

    def matrix(self, nodes: Any) -> tuple[Array, int, Any, Any]:
        """(source, start, outer pattern, inner pattern) of operands in rows, gathered where uneven."""
        source, places = self.source(nodes)
        if places is None:
            source, places = self.constant(np.array([source])), np.zeros(nodes.shape, int)
        even = (places - places[:, :1] == places[0] - places[0, 0]).all()
        outer, inner = axes(places[:, 0]), axes(places[0])
        if even and outer is not None and inner is not None:
            return source, int(places[0, 0]), outer, inner
        rows, index = np.unique(places, axis=0, return_inverse=True)
        first = {row: i for i, row in enumerate(dict.fromkeys(index.reshape(-1).tolist()))}
        index = np.array([first[row] for row in index.reshape(-1).tolist()])
        outer = axes(index)
        if outer is None:
            rows, outer = places, axes(np.arange(len(places)))
        else:
            rows = rows[[*first]]
        k = rows.shape[1]
        gathered = self.arrays.add("gather", (source,), rows.shape, how=Places(rows))
        return gathered, 0, [(size, stride * k) for size, stride in outer or []], axes(np.arange(k))

    def einsum(self, a: Any, b: Any, shape: tuple[int, int]) -> Array:
        """Σ over the inner axes of the product of two operands in rows."""
        m, k = shape
        inner, outer = refine([a[3], b[3]], k), refine([a[2], b[2]], m)
        if inner is None or outer is None or any(not x or not y for x, y in zip(*inner[1], strict=True)):
            a, b = self.copied(a, shape), self.copied(b, shape)
            inner, outer = refine([a[3], b[3]], k), refine([a[2], b[2]], m)
        (sizes, outer_strides), (inner_sizes, inner_strides) = outer, inner  # type: ignore[misc]
        labels = "ijklmabcdefgh"  # without n
        names = labels[: len(sizes) + len(inner_sizes)]
        operands, subscripts = [], []
        for (source, start, *_), o, i in zip((a, b), outer_strides, inner_strides, strict=True):
            every = [*zip(names, (*sizes, *inner_sizes), (*o, *i), strict=True)]
            kept = [(name, size, stride) for name, size, stride in every if stride]
            array = self.operand(source, np.array([start]), [x[1] for x in kept], [x[2] for x in kept])
            operands.append(array)
            subscripts.append(N * array.batched + "".join(x[0] for x in kept))
        batched = any(operand.batched for operand in operands)
        return self.arrays.einsum(*operands, (*subscripts, N * batched + names[: len(sizes)]))

    def copied(self, operand: Any, shape: tuple[int, int]) -> Any:
        """An operand in rows, every element of it in a place of its own."""
        source, start, outer, inner = operand
        places = _grid(outer, shape[0])[:, None] + _grid(inner, shape[1])[None, :] + start
        gathered = self.arrays.add("gather", (source,), shape, how=Places(places))
        m, k = shape
        return gathered, 0, axes(np.arange(m) * k), axes(np.arange(k))

    def reductions(self, op: Op, args: list[tuple[int, ...]]) -> Array:
        """Σ or log Σ exp of operands in rows, or of segments where their lengths differ."""
        lengths = [len(arg) for arg in args]
        total: Callable[[Array], Array]
        if len(set(lengths)) == 1:
            source, start, outer, inner = self.matrix(np.array(args))
            if any(not stride for _, stride in [*outer, *inner]):
                source, start, outer, inner = self.copied(
                    (source, start, outer, inner), (len(args), lengths[0])
                )
            sizes, strides = zip(*outer, *inner, strict=True) if [*outer, *inner] else ((), ())
            x = self.operand(source, np.array([start]), sizes, strides)
            axes_ = tuple(range(len(outer), len(sizes)))
            shape, kept = sizes[: len(outer)], sizes[: len(outer)] + (1,) * len(inner)
            how = Axes(axes_)

            def total(x: Array) -> Array:
                return self.arrays.add("sum", (x,), shape, how=how)

            def spread(x: Array) -> Array:
                return self.arrays.reshape(x, kept)

            greatest = self.arrays.add("max", (x,), shape, how=how) if op is ops.logsumexp else None
        else:
            x = self.flat(np.concatenate([np.array(arg) for arg in args]))
            rows = Places(np.repeat(np.arange(len(args)), lengths))
            shape = (len(args),)

            def total(x: Array) -> Array:
                return self.segments("segment_sum", x, lengths)

            def spread(x: Array) -> Array:
                return self.arrays.add("gather", (x,), rows.numbers.shape, how=rows)

            greatest = self.segments("segment_max", x, lengths) if op is ops.logsumexp else None
        if greatest is None:
            return total(x)
        e = self.arrays.elementwise(ops.exp, [self.arrays.elementwise(ops.sub, [x, spread(greatest)])])
        return self.arrays.elementwise(ops.add, [self.arrays.elementwise(ops.log, [total(e)]), greatest])  # type: ignore[no-any-return]

    def flat(self, nodes: Any) -> Array:
        """Nodes side by side, as an array with one axis."""
        source, places = self.source(nodes)
        if places is None:
            return self.constant(np.full(len(nodes), source))
        pattern = axes(places)
        if pattern is None or len(pattern) > 1:
            return self.arrays.add("gather", (source,), places.shape, how=Places(places))
        return self.operand(source, places, [size for size, _ in pattern], [stride for _, stride in pattern])

    def segments(self, name: str, x: Array, lengths: Sequence[int]) -> Array:
        """The sums, or greatest elements, of neighbouring elements."""
        starts = Places(np.cumsum([0, *lengths[:-1]]))
        return self.arrays.add(name, (x,), (len(lengths),), how=starts)

    def takes(self, args: list[tuple[int, ...]]) -> Array:
        """choices[i], the choices in rows."""
        index, places = self.source(np.array([arg[0] for arg in args]))
        source, start, outer, inner = self.matrix(np.array([arg[1:] for arg in args]))
        k = len(args[0]) - 1
        pattern = axes(places)
        found = None if pattern is None else refine([pattern, outer], len(args))
        if found is None or len(inner) > 1:
            source, start, outer, inner = self.copied((source, start, outer, inner), (len(args), k))
            index, pattern = (
                self.arrays.add("gather", (index,), places.shape, how=Places(places)),
                axes(np.arange(len(args))),
            )
            places = np.zeros(1, int)
            found = refine([pattern, outer], len(args))
        sizes, (i_strides, o_strides) = found  # type: ignore[misc]
        (k, stride) = inner[0] if inner else (1, 1)
        choices = self.operand(source, np.array([start]), (*sizes, k), (*o_strides, stride))
        i = self.operand(index, places, sizes, i_strides)
        return self.arrays.add("take", (choices, i), sizes)

    def sequences(self, op: Op, args: list[tuple[int, ...]]) -> Array:
        """A row on sequences that has no form of its own here: its function, on the operands by column."""
        x = self.copied(self.matrix(np.array(args)), (len(args), len(args[0])))[0]
        return self.arrays.add("sequence", (x,), (len(args),), how=op)


def _grid(pattern: Sequence[tuple[int, int]], length: int) -> Any:
    """The places of a pattern that starts at 0."""
    places = np.zeros(1, int)
    for size, stride in pattern:
        places = (places[:, None] + stride * np.arange(size)).reshape(-1)
    return places


def bundles(graph: Graph) -> list[tuple[Op, list[int]]]:
    """The nodes with arguments by level and row, those that depend on inputs apart."""
    level, batched = [0] * len(graph), [False] * len(graph)
    found: dict[Any, list[int]] = defaultdict(list)
    for node, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
        if op in SOURCES:
            batched[node] = op is INPUT
            continue
        level[node] = 1 + max([level[arg] for arg in args])
        batched[node] = any([batched[arg] for arg in args])
        many = len(args) if op.sequences and op not in REDUCING else 0
        found[level[node], op.name, op, batched[node], many].append(node)
    return [(key[2], nodes) for key, nodes in sorted(found.items(), key=lambda item: item[0][0])]


def connected(reads: dict[tuple[Any, ...], list[int]]) -> list[list[int]]:
    """The lists of nodes, joined where they read the same in the same argument place."""
    parent: dict[Any, Any] = {}

    def find(x: Any) -> Any:
        while parent.setdefault(x, x) != x:
            parent[x] = x = parent[parent[x]]
        return x

    for key in reads:
        tokens = [(place, token) for place, token in enumerate(key) if token[0] >= 0]
        for token in tokens[1:]:
            parent[find(token)] = find(tokens[0])
    parts: dict[Any, list[int]] = defaultdict(list)
    for key, nodes in reads.items():
        tokens = [(place, token) for place, token in enumerate(key) if token[0] >= 0]
        parts[find(tokens[0]) if tokens else None] += nodes
    return [sorted(nodes) for nodes in parts.values()]
