"""Re-roll: scalar operations of one kind at one level become one operation on arrays.

    bundle    the nodes that one array operation does (see bundle.py)
    home      the array that holds a node            place    where in it, flat
    operand   what stands in one argument place of all nodes of a bundle: places in arrays

Where the places run evenly an operand is a view (slices, reshapes, broadcasts); elsewhere it is gathered,
so every graph compiles. A bundle of dots is one einsum, whose labels follow from which operand varies along
which axis: matrix products appear by themselves.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import ops
from autograd.op import Op
from autograd.program.arrays import LABELS, Array, ArrayGraph, Axes, Input, N, Places
from autograd.program.bundle import REDUCING, SHORT, bundles, split
from autograd.program.patterns import Pattern, View, axes, refine, slicing
from autograd.program.rewrite import rewritten
from autograd.program.trace import CONSTANT, INPUT, PARAMETER, Graph

NARROW = 8  # numbers, of no batch, below which operands are not gathered

Numbers = Any  # an array of whole numbers: nodes or places


class Rows(NamedTuple):
    """An operand of many rows: the elements start + outer + inner of a source, one outer step per node."""

    source: Array
    start: int
    outer: Pattern
    inner: Pattern

    def places(self) -> Numbers:
        """The places as a matrix, one row per node."""
        return self.start + _steps(self.outer)[:, None] + _steps(self.inner)[None, :]


class Roll:
    """The array program of a scalar graph, while it grows bundle by bundle."""

    def __init__(self, graph: Graph, inputs: Sequence[Input]) -> None:
        self.graph = graph
        self.arrays = ArrayGraph()
        self.home = np.full(len(graph), -1)
        self.place = np.zeros(len(graph), int)
        self.numbers = np.zeros(len(graph))  # of constants
        self.labels: dict[tuple[int, int], str] = {}  # of parameters, by input and place
        given = [self.arrays.add("input", (), x.shape, x.batched, how=i) for i, x in enumerate(inputs)]
        given = [
            self.arrays.own(array, batched=True) if x.spread else array
            for array, x in zip(given, inputs, strict=True)
        ]
        self.inputs = given
        for node, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
            if op is PARAMETER or op is INPUT:
                self.home[node], self.place[node] = given[args[0]].number, args[1]
                self.labels[args[0] % len(given), args[1]] = graph.labels.get(node, "")
            elif op is CONSTANT:
                self.numbers[node] = args[0]
            elif op is ops.element:
                given[graph.args[args[0]][0]].type = "np.intp"
        for op, nodes, batched in bundles(graph):
            for part in split(op, nodes, self.reads):
                for dots in self.without_squares(part) if op is ops.dot else [part]:
                    for few in [dots] if batched else self.apart(op, dots):
                        self.bundle(op, few)

    def reads(self, node: int) -> list[Hashable]:
        """What each argument of a node is read from: its array; in a dot a parameter or constant itself."""
        op, args = self.graph.ops[node], self.graph.args[node]
        if op is ops.sum and len(args) <= SHORT and len(homes := frozenset(map(self._home, args))) > 1:
            return [homes]
        if op in REDUCING:  # by their first arguments
            args = (args[0], args[len(args) // 2]) if op is ops.dot else args[:1]
        own = {PARAMETER, CONSTANT} if op is ops.dot else ()
        return [(op, arg) if self.graph.ops[arg] in own else self._home(arg) for arg in args]

    def _home(self, node: int) -> int | None:
        home = int(self.home[node])
        return home if home >= 0 else None  # a constant

    def apart(self, op: Op, nodes: list[int]) -> list[list[int]]:
        """A few numbers, of no batch, that would have to be gathered first: each by itself is sooner done."""
        if len(nodes) >= NARROW or self.are_even([self.graph.args[node] for node in nodes]):
            return [nodes]
        return [[node] for node in nodes]

    def are_even(self, args: Sequence[tuple[int, ...]]) -> bool:
        """Whether each argument of some nodes is a view of one array."""
        if len({*map(len, args)}) > 1:
            return False
        return all(
            (self.home[column] == self.home[column[0]]).all() and axes(self.place[column]) is not None
            for column in np.array(args).T
        )

    def sum_of_few(self, op: Op, args: tuple[int, ...]) -> Array | None:
        """A sum or a dot of a few numbers, of no batch, as scalar code; None where it is one of views."""
        half = len(args) // 2
        terms = [(arg,) for arg in args] if op is ops.sum else [*zip(args[:half], args[half:], strict=True)]
        if len(terms) >= NARROW or self.are_even(terms):
            return None
        total: Any = None
        for term in terms:
            factors = [
                float(self.numbers[node]) if self.home[node] < 0 else self.block([node], (), False)
                for node in term
            ]
            x = self.arrays.elementwise(ops.mul, factors) if len(factors) > 1 else factors[0]
            total = x if total is None else self.arrays.elementwise(ops.add, [total, x])
        return total if isinstance(total, Array) and not total.batched else None

    def bundle(self, op: Op, nodes: list[int]) -> None:
        """Make the array of a bundle, and note where its nodes are."""
        args, places = [self.graph.args[node] for node in nodes], np.arange(len(nodes))
        few = self.sum_of_few(op, args[0]) if len(nodes) == 1 and op in (ops.sum, ops.dot) else None
        if few is not None:
            array = few
        elif op is ops.dot:
            array = self.dots(args)
        elif op in REDUCING:
            array = self.reduction(op, args)
        elif op is ops.element:
            array = self.takes(args)
        elif op.sequences:
            array = self.sequences(op, args)
        else:
            columns = np.array(args).T
            if op.commutative and len(columns) == 2:
                swap = self.home[columns[0]] > self.home[columns[1]]
                columns = np.where(swap, columns[::-1], columns)
            kept, places = self.distinct(columns)
            order = self.order(columns[:, kept])
            places = np.argsort(order)[places]
            array = self.elementwise(op, columns[:, kept[order]])
        array.scalars += sum(len(arg) - 1 for arg in args) if op in REDUCING else len(nodes)
        array.label = array.label or next((self.graph.labels[n] for n in nodes if n in self.graph.labels), "")
        self.home[nodes] = array.number
        self.place[nodes] = places

    # ── Operands ────────────────────────────────────────────────────────────────────────────────────

    def source(self, nodes: Numbers) -> tuple[Any, Numbers]:
        """(array, places) of nodes; (number, None) where all are the same constant."""
        homes = self.home[nodes]
        first = homes.flat[0]
        if (homes == first).all():
            if first >= 0:
                return self.arrays.arrays[first], self.place[nodes]
            bits = self.numbers[nodes].view(np.int64)  # which tell −0 from 0
            if (bits == bits.flat[0]).all():
                return float(self.numbers[nodes.flat[0]]), None
        return self.join(nodes, homes)

    def where(self, node: int) -> tuple[Array, int]:
        """The array that holds a node, and its place there."""
        return self.arrays.arrays[self.home[node]], int(self.place[node])

    def join(self, nodes: Numbers, homes: Numbers) -> tuple[Array, Numbers]:
        """The nodes of several arrays, and constants, in one."""
        parts, places, offset = [], np.empty(nodes.shape, int), 0
        for home in dict.fromkeys(homes.flat):
            here = homes == home
            wanted = self.place[nodes[here]] if home >= 0 else self.numbers[nodes[here]].view(np.int64)
            used, inverse = np.unique(wanted, return_inverse=True)
            places[here] = offset + inverse
            offset += len(used)
            numbers = used.view(float)  # of constants
            parts.append(self.line(self.arrays.arrays[home], used) if home >= 0 else self.constant(numbers))
        return parts[0] if len(parts) == 1 else self.arrays.add("join", parts, (offset,)), places

    def line(self, source: Array, places: Numbers) -> Array:
        """Elements of an array side by side."""
        pattern = axes(places)
        if pattern is None or len(pattern) > 1 or any(not stride for _, stride in pattern):
            return self.gathered(source, places)
        array = self.operand(source, int(places[0]), pattern)
        return array if pattern else self.arrays.axes(array, [None])

    def flat(self, nodes: Numbers) -> Array:
        """Nodes side by side."""
        source, places = self.source(nodes)
        return self.constant(np.full(len(nodes), source)) if places is None else self.line(source, places)

    def block(self, nodes: Sequence[int], shape: Sequence[int], batched: bool) -> Array:
        """Nodes as an array of that shape, of every example if it is batched."""
        if shape:
            array = self.arrays.reshape(self.flat(np.array(nodes)), shape)
        elif self.home[nodes[0]] < 0:
            array = self.arrays.view(self.constant(self.numbers[nodes]), View(0, (), ()))
        else:
            array = self.operand(*self.where(nodes[0]), [])
        return self.arrays.own(array, batched=True) if batched and not array.batched else array

    def constant(self, numbers: Any) -> Array:
        """An array of constants."""
        return self.arrays.add("constant", (), numbers.shape, False, how=tuple(map(float, numbers)))

    def gathered(self, source: Array, places: Numbers) -> Array:
        """A copy of the elements at some places; constants are gathered here and now."""
        if source.op == "constant":
            numbers = np.array(source.how)[places.reshape(-1)]
            return self.arrays.reshape(self.constant(numbers), places.shape)
        return self.arrays.add("gather", (source,), places.shape, how=Places(places))

    def operand(self, source: Array, start: int, pattern: Pattern) -> Array:
        """The view of a source with these axes, broadcast where the stride is 0; gathered if it must be."""
        sizes = tuple([size if stride else 1 for size, stride in pattern])
        view = View(start, sizes, tuple([stride if size > 1 else 0 for size, stride in pattern]))
        if slicing(view, source.size) is None:
            return self.gathered(source, view.places())
        array = self.arrays.view(source, view)
        if source.op == "input" and not source.batched and array is not source:
            array.label = array.label or self.labels.get((source.how, start), "")
        return array

    # ── Rows with a fixed number of arguments ───────────────────────────────────────────────────────

    def elementwise(self, op: Op, columns: Iterable[Numbers]) -> Array:
        """A row of the table on whole operands, one node of each column: of the shape that all share."""
        return self.row(op, [self.source(column) for column in columns])

    def row(self, op: Op, operands: list[tuple[Any, Numbers]]) -> Array:
        """The same, of operands (array, places) or (number, None)."""
        patterns: dict[int, Any] = {
            i: axes(places) for i, (_, places) in enumerate(operands) if places is not None
        }
        length = max(len(places) for _, places in operands if places is not None)
        while (uneven := self.misfit(patterns, length)) is not None:
            source, places = operands[uneven]
            operands[uneven] = self.gathered(source, places), np.arange(length)
            patterns[uneven] = axes(operands[uneven][1])
        sizes, strides = refine([*patterns.values()], length)  # type: ignore[misc]
        steps = dict(zip(patterns, strides, strict=True))
        args = [
            self.operand(source, int(places[0]), [*zip(sizes, steps[i], strict=True)])
            if i in steps
            else float(source)
            for i, (source, places) in enumerate(operands)
        ]
        shorter = rewritten(self.arrays, op, args)
        return self.arrays.add(op, args, sizes) if shorter is None or shorter.shape != sizes else shorter

    def misfit(self, patterns: dict[int, Any], length: int) -> int | None:
        """An operand that must be copied for all to share a shape: an uneven one, or that of most axes."""
        for i, pattern in patterns.items():
            if pattern is None:
                return i
        if refine([*patterns.values()], length) is not None:
            return None
        return max(patterns, key=lambda i: len(patterns[i]))

    def distinct(self, columns: Numbers) -> tuple[Numbers, Numbers]:
        """The first of the nodes that are one in the arrays, as a·b and b·a are, and whose place each has."""
        every = np.arange(columns.shape[1])
        rows = np.concatenate([self.home[columns], self.place[columns], self.numbers.view(np.int64)[columns]])
        codes = (rows * 1000003 ** np.arange(len(rows))[:, None]).sum(0)  # sorted sooner than the rows
        _, kept, which = np.unique(codes, return_index=True, return_inverse=True)
        if len(kept) == len(every) or (rows[:, kept[which]] != rows).any():
            return every, every
        order = np.argsort(kept)
        return kept[order], np.argsort(order)[which]

    def order(self, columns: Numbers) -> Numbers:
        """Of recording, or by the places of one operand if all are views then: gates that alternate."""
        recorded, homes = np.arange(columns.shape[1]), self.home[columns]
        single = (homes == homes[:, :1]).all(1) & (homes[:, 0] >= 0)
        varying = [self.place[column] for column in columns[single]]
        if not all(map(_rises, varying)):
            for order in [np.argsort(places, kind="stable") for places in varying]:
                if all(_rises(places[order]) for places in varying):
                    return order
        return recorded

    # ── Dots and other sums ─────────────────────────────────────────────────────────────────────────

    def dots(self, args: Sequence[tuple[int, ...]]) -> Array:
        """Σ a·b as an einsum; with unequal lengths as products and their sums by segment."""
        lengths = [len(arg) // 2 for arg in args]
        left = [arg[:k] for arg, k in zip(args, lengths, strict=True)]
        right = [arg[k:] for arg, k in zip(args, lengths, strict=True)]
        if len(set(lengths)) == 1:
            a, b = np.array(left), np.array(right)
            parts = self.columns(self.home[a] * len(self.home) + self.home[b]) if len(args) == 1 else []
            if len(parts) > 1:
                return self.added([self.products(a[:, part], b[:, part]) for part in parts])
            return self.einsum(self.rows(a), self.rows(b))
        products = self.elementwise(ops.mul, [np.concatenate(left), np.concatenate(right)])
        products.scalars += sum(lengths)
        return self.segments("segment_sum", self.arrays.reshape(products, (sum(lengths),)), lengths)

    def without_squares(self, nodes: list[int]) -> list[list[int]]:
        """Dots with itself apart from the others where together they are uneven: Σ p·q, and Σ p·p."""
        args = [self.graph.args[node] for node in nodes]
        squares: list[int] = []
        others: list[int] = []
        for node, arg in zip(nodes, args, strict=True):
            k = len(arg) // 2
            (squares if arg[:k] == arg[k:] else others).append(node)
        if not squares or not others or len({*map(len, args)}) > 1:
            return [nodes]
        for half in np.split(np.array(args), 2, axis=1):
            if len(np.unique(self.home[half])) > 1 or even_rows(self.place[half]) is None:
                return [others, squares]
        return [nodes]

    def rows(self, nodes: Numbers) -> Rows:
        """The operand that stands in the rows of a matrix of nodes, gathered where it is uneven."""
        source, places = self.source(nodes)
        if places is None:
            m, k = nodes.shape
            return Rows(self.constant(np.full(k, source)), 0, [(m, 0)] * (m > 1), [(k, 1)] * (k > 1))
        if (patterns := even_rows(places)) is not None:
            return Rows(source, int(places[0, 0]), *patterns)
        found, index = np.unique(places, axis=0, return_inverse=True)
        outer = axes(index.reshape(-1))  # the rows themselves may repeat evenly
        if outer is None or any(stride < 0 for _, stride in outer):
            return self.copied(source, places)
        k = places.shape[1]
        first = int(index.flat[0]) * k
        return Rows(
            self.gathered(source, found), first, [(size, d * k) for size, d in outer], [(k, 1)] * (k > 1)
        )

    def copied(self, source: Array, places: Numbers) -> Rows:
        """Rows with a place of its own for every element."""
        m, k = places.shape
        return Rows(self.gathered(source, places), 0, [(m, k)] * (m > 1), [(k, 1)] * (k > 1))

    def einsum(self, a: Rows, b: Rows) -> Array:
        """Σ over the inner axes of the product of two operands in rows."""
        m, k = len(_steps(a.outer)), len(_steps(a.inner))
        outer, inner = refine([a.outer, b.outer], m), refine([a.inner, b.inner], k)
        if outer is None or inner is None or not all(map(all, inner[1])) or not _moves(outer[1]):
            a, b = self.copied(a.source, a.places()), self.copied(b.source, b.places())
            outer, inner = refine([a.outer, b.outer], m), refine([a.inner, b.inner], k)
        (sizes, outer_strides), (inner_sizes, inner_strides) = outer, inner  # type: ignore[misc]
        operands, labels = [], []
        for rows, *strides in zip((a, b), outer_strides, inner_strides, strict=True):
            shape = (*sizes, *inner_sizes)
            every = zip(LABELS[: len(shape)], shape, (*strides[0], *strides[1]), strict=True)
            kept = [(label, size, stride) for label, size, stride in every if stride]
            operands.append(
                self.operand(rows.source, rows.start, [(size, stride) for _, size, stride in kept])
            )
            labels.append(N * operands[-1].batched + "".join(label for label, *_ in kept))
        batched = any(operand.batched for operand in operands)
        left, right = labels
        return self.arrays.einsum(operands[0], operands[1], (left, right, N * batched + LABELS[: len(sizes)]))

    def reduction(self, op: Op, args: Sequence[tuple[int, ...]]) -> Array:
        """Σ, max, or log Σ exp, of operands in rows; of segments where their lengths differ."""
        reduced: Callable[[str, Array], Array]
        spread: Callable[[Array], Array]
        lengths = [len(arg) for arg in args]
        if op is ops.sum and len(set(lengths)) == 1:
            by_home = np.argsort(self.home[np.array(args)], axis=1, kind="stable")
            nodes = np.take_along_axis(np.array(args), by_home, 1)
            if len(parts := self.columns(self.home[nodes])) > 1:
                parts.sort(key=lambda part: by_home[0, part[0]])  # as it was written
                return self.added([self.sum(nodes[:, part]) for part in parts])
        if len(set(lengths)) > 1:
            x = self.flat(np.concatenate(args))
            places = np.repeat(np.arange(len(args)), lengths)
            reduced = lambda name, x: self.segments(f"segment_{name}", x, lengths)
            spread = lambda z: self.gathered(z, places)
        else:
            x, outer = self.in_rows(np.array(args))
            how = Axes(tuple(range(outer, len(x.shape))))
            reduced = lambda name, x: self.arrays.add(name, (x,), x.shape[:outer], how=how)
            spread = lambda z: self.arrays.axes(z, [*range(outer), *[None] * (len(x.shape) - outer)])
        if op is not ops.logsumexp:
            return reduced("sum" if op is ops.sum else "max", x)
        return self.logsumexp(x, reduced, spread, all(map(self.is_shifted, args)))

    def columns(self, homes: Numbers) -> list[Numbers]:
        """Which columns of a matrix are of one home: of few homes, each in whole columns; else all."""
        kinds, which = np.unique(homes[0], return_inverse=True)
        if len(kinds) > SHORT or (homes != homes[0]).any():
            return [np.arange(homes.shape[1])]
        return [np.flatnonzero(which == kind) for kind in range(len(kinds))]

    def sum(self, nodes: Numbers) -> tuple[Any, Numbers]:
        """The sums of the rows of a matrix of nodes, as an operand; of one column it is the column."""
        if nodes.shape[1] == 1:
            return self.source(nodes[:, 0])
        return self.reduction(ops.sum, nodes.tolist()), np.arange(len(nodes))

    def products(self, a: Numbers, b: Numbers) -> tuple[Any, Numbers]:
        """The sum of the products of two rows, as an operand; of one product it is the product."""
        if (self.home[a] < 0).all() and (self.home[b] < 0).all():
            return float(self.numbers[a[0]] @ self.numbers[b[0]]), None
        one = a.size == 1
        array = self.elementwise(ops.mul, [a[0], b[0]]) if one else self.einsum(self.rows(a), self.rows(b))
        return array, np.zeros(1, int)

    def added(self, operands: Sequence[tuple[Any, Numbers]]) -> Array:
        """The sum of operands, one after the other."""
        total, *others = operands
        for other in others:
            array = self.row(ops.add, [total, other])
            total = array, np.arange(array.size)
        return array

    def logsumexp(
        self, x: Array, reduced: Callable[[str, Array], Array], spread: Callable[[Array], Array], done: bool
    ) -> Array:
        """Max + log1p(Σ exp(x − max) over the others); where all is shifted so already, max is 0."""
        row: Callable[..., Array] = self.arrays.elementwise
        if done:
            return row(ops.log1p, [reduced("others", row(ops.exp, [x]))])
        greatest = reduced("max", x)
        shift = spread(self.arrays.add("finite", (greatest,), greatest.shape))
        e = row(ops.exp, [row(ops.sub, [x, shift])])
        return row(ops.add, [row(ops.log1p, [reduced("others", e)]), greatest])

    def is_shifted(self, nodes: tuple[int, ...]) -> bool:
        """Whether the greatest of some nodes is 0, as each is x − max, which `ops.shifted` makes."""
        if any(self.graph.ops[node] is not ops.sub for node in nodes):
            return False
        x, (m, *others) = zip(*[self.graph.args[node] for node in nodes], strict=True)
        return self.graph.ops[m] is ops.greatest and self.graph.args[m] == x and {*others} <= {m}

    def in_rows(self, nodes: Numbers) -> tuple[Array, int]:
        """The operand in the rows of a matrix of nodes, and how many of its axes are the rows'."""
        rows = self.rows(nodes)
        if any(not stride for _, stride in (*rows.outer, *rows.inner)):
            rows = self.copied(rows.source, rows.places())
        return self.operand(rows.source, rows.start, [*rows.outer, *rows.inner]), len(rows.outer)

    def segments(self, name: str, x: Array, lengths: Sequence[int]) -> Array:
        """What is made of the elements of each stretch: their sum, the greatest, …"""
        return self.arrays.add(name, (x,), (len(lengths),), how=Places(np.cumsum([0, *lengths[:-1]])))

    # ── Choices, and rows on sequences ──────────────────────────────────────────────────────────────

    def takes(self, args: Sequence[tuple[int, ...]]) -> Array:
        """choices[i], the choices in rows."""
        nodes = np.array(args)
        choices, (index, places) = self.rows(nodes[:, 1:]), self.source(nodes[:, 0])
        pattern = axes(places)
        common = refine([pattern, choices.outer], len(args)) if pattern is not None else None
        uneven = len(choices.inner) > 1 or any(not stride for _, stride in choices.inner)
        if common is None or uneven or not _moves(common[1]):
            choices = self.copied(choices.source, choices.places())
            index, places = self.gathered(index, places), np.arange(len(args))
            common = refine([axes(places) or [], choices.outer], len(args))
        sizes, (steps, rows) = common  # type: ignore[misc]
        outer = [*zip(sizes, rows, strict=True), *(choices.inner or [(1, 1)])]
        x = self.operand(choices.source, choices.start, outer)
        i = self.operand(index, int(places[0]), [*zip(sizes, steps, strict=True)])
        return self.arrays.add("take", (x, i), sizes)

    def sequences(self, op: Op, args: Sequence[tuple[int, ...]]) -> Array:
        """A row on sequences that has no form of its own here: its function, on the operands by column."""
        nodes = np.array(args)
        source, places = self.source(nodes)
        if places is None:
            source, places = self.constant(np.array([source])), np.zeros(nodes.shape, int)
        return self.arrays.add("sequence", (self.gathered(source, places),), (len(args),), how=op)


def even_rows(places: Numbers) -> tuple[Pattern, Pattern] | None:
    """The patterns from row to row and within the rows of a matrix of places; None where one is uneven."""
    inner = axes(places[0])
    if inner is None or (places - places[:, :1] != places[0] - places[0, 0]).any():
        return None
    outer = axes(places[:, 0])
    return None if outer is None else (outer, inner)


def _moves(strides: Sequence[Sequence[int]]) -> bool:
    """Whether along every axis one of the operands goes on."""
    return all(map(any, zip(*strides, strict=True)))


def _rises(places: Numbers) -> bool:
    """Whether places are a view's: even, and along no axis backwards."""
    pattern = axes(places)
    return pattern is not None and all(stride >= 0 for _, stride in pattern)


def _steps(pattern: Pattern) -> Numbers:
    """The places of a pattern that starts at 0, flat."""
    places = np.zeros(1, int)
    for size, stride in pattern:
        places = (places[:, None] + stride * np.arange(size)).reshape(-1)
    return places
