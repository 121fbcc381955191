"""Re-roll: scalar operations of one kind at one level become one operation on arrays.

    bundle    the nodes that one array operation does (see bundle.py)
    home      the array that holds a node            place    where in it, flat
    operand   what stands in one argument place of all nodes of a bundle: places in arrays

Where the places run evenly an operand is a view (slices, reshapes, broadcasts); elsewhere it is gathered,
so every graph compiles. A bundle of dots is one einsum, whose labels follow from which operand varies along
which axis: matrix products appear by themselves.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import ops
from autograd.op import Op
from autograd.program import ragged
from autograd.program.arrays import LABELS, Array, ArrayGraph, Axes, Gaps, Input, Mending, N, Places, Seen
from autograd.program.bundle import BRIEF, REDUCING, SHORT, bundles, split
from autograd.program.patterns import Pattern, View, axes, refine, slicing
from autograd.program.rewrite import rewritten
from autograd.program.trace import CONSTANT, INPUT, PARAMETER, Graph

NARROW = 8  # numbers, of no batch, below which operands are not gathered

Numbers = Any  # an array of whole numbers: nodes or places
NOTHING = {ops.sum: 0.0, ops.greatest: -math.inf, ops.logsumexp: -math.inf}  # what changes no result


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
        ragged_ = op in REDUCING and len({*map(len, args)}) > 1
        if few is not None:
            array = few
        elif ragged_ and (found := self.ragged(op, args)) is not None:
            array, places = found
        elif any(self.graph.ops[node] is not op for node in nodes):
            self.separately(op, nodes)
            return
        elif op is ops.dot:
            array, places = self.dots(args)
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
            operands = [self.source(column) for column in columns[:, kept[order]]]
            if (box := self.boxed(op, operands)) is not None:
                array, places = box[0], box[1][places]
            else:
                array = self.row(op, operands)
        array.scalars += sum(len(arg) - 1 for arg in args) if op in REDUCING else len(nodes)
        array.label = array.label or next((self.graph.labels[n] for n in nodes if n in self.graph.labels), "")
        self.home[nodes] = array.number
        self.place[nodes] = places

    def separately(self, op: Op, nodes: list[int]) -> None:
        """Sums of two terms, or dots of one, by themselves, as they are of no use to longer ones."""
        for own in (op, BRIEF[op]):
            for part in split(own, [node for node in nodes if self.graph.ops[node] is own], self.reads):
                self.bundle(own, part)

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
        if pattern is None or any(not stride for _, stride in pattern):
            return self.gathered(source, places)
        array = self.operand(source, int(places[0]), pattern)
        if len(pattern) > 1:
            return self.arrays.reshape(array, (len(places),))
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

    def elementwise(self, op: Op, columns: Sequence[Numbers]) -> Array:
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

    def boxed(self, op: Op, operands: Sequence[tuple[Any, Numbers]]) -> tuple[Array, Numbers] | None:
        """A row on a rectangle with gaps, and the places in it, where operands stand in one or span one."""
        placed = [(source, places) for source, places in operands if places is not None]
        uneven = [(source, places) for source, places in placed if axes(places) is None]
        for source, places in uneven:
            box = ragged.boxed(ragged.coordinates(source, places), placed)
            if box is not None and len(box.sizes) > 1:
                break
        else:
            box = ragged.paired(placed) if uneven and len(placed) == 2 else None
        if box is None or len(box.sizes) < 2:
            return None
        patterns = iter(box.patterns)
        args = [
            source if places is None else self.strided(source, box.sizes, *next(patterns))
            for source, places in operands
        ]
        return self.arrays.add(op, args, box.sizes, gaps=ragged.gaps(box, op, args)), box.places

    def strided(self, source: Array, sizes: Sequence[int], start: int, strides: Sequence[int]) -> Array:
        """The operand with these sizes and strides."""
        return self.operand(source, start, [*zip(sizes, strides, strict=True)])

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

    def dots(self, args: Sequence[tuple[int, ...]]) -> tuple[Array, Numbers]:
        """Σ a·b as an einsum, and where in it each dot is; of unequal lengths as sums by segment."""
        lengths = [len(arg) // 2 for arg in args]
        places = np.arange(len(args))
        if len(set(lengths)) == 1:
            a, b = np.split(np.array(args), 2, axis=1)
            parts = self.columns(self.home[a] * len(self.home) + self.home[b]) if len(args) == 1 else []
            if len(parts) > 1:
                return self.added([self.products(a[:, part], b[:, part]) for part in parts]), places
            if (found := self.pairs(a, b)) is not None:
                return found
            left, right, order = self.turned(self.rows(a), self.rows(b))
            return self.einsum(left, right), np.argsort(order)
        products = self.elementwise(ops.mul, self.sides(args))
        products.scalars += sum(lengths)
        return self.segments("segment_sum", self.arrays.reshape(products, (sum(lengths),)), lengths), places

    def sides(self, args: Sequence[tuple[int, ...]]) -> tuple[Numbers, Numbers]:
        """What stands on the left, and on the right, in all of some dots, side by side."""
        longest = max(args, key=len)
        first, second = self.home[longest[0]], self.home[longest[-1]]
        sides: tuple[list[int], list[int]] = [], []
        for arg in args:
            k = len(arg) // 2
            swap = k == 1 and (self.home[arg[0]], self.home[arg[1]]) == (second, first) != (first, second)
            sides[swap].extend(arg[:k])
            sides[not swap].extend(arg[k:])
        return np.array(sides[0]), np.array(sides[1])

    def turned(self, a: Rows, b: Rows) -> tuple[Rows, Rows, Numbers]:
        """Rows in the order of a matrix product, and which of them is where.

        First vary those axes that both have, then those of what is batched.
        """
        common = refine([a.outer, b.outer], _length(a.outer))
        if common is None:
            return a, b, np.arange(_length(a.outer))
        sizes, (left, right) = common
        kinds = [(bool(x), bool(y)) for x, y in zip(left, right, strict=True)]
        first = [(a.source.batched, b.source.batched)] * (a.source.batched != b.source.batched)
        rank = {kind: i for i, kind in enumerate(dict.fromkeys([(True, True), *first, *kinds]))}
        axes_ = sorted(range(len(sizes)), key=lambda axis: rank[kinds[axis]])
        a, b = (
            Rows(rows.source, rows.start, [(sizes[i], strides[i]) for i in axes_], rows.inner)
            for rows, strides in ((a, left), (b, right))
        )
        return a, b, np.arange(_length(a.outer)).reshape(sizes).transpose(axes_).reshape(-1)

    def pairs(self, *sides: Numbers) -> tuple[Array, Numbers] | None:
        """The dots of all rows on the left with all on the right, where many but not all are asked for."""
        operands, inner = [], []
        for source, places in map(self.source, sides):
            within = None if places is None else axes(places[0])
            if within is None or (places - places[:, :1] != places[0] - places[0, 0]).any():
                return None
            operands.append((source, places[:, 0]))
            inner.append(within)
        outer = [pattern for _, places in operands if (pattern := axes(places)) is not None]
        if len(outer) == 2 and refine(outer, len(sides[0])) is not None:
            return None
        box = ragged.paired(operands)
        if box is None:
            return None
        a, b = [
            Rows(source, start, [*zip(box.sizes, strides, strict=True)], within)
            for (source, _), (start, strides), within in zip(operands, box.patterns, inner, strict=True)
        ]
        if any(rows.places()[-1, -1] >= rows.source.size for rows in (a, b)):
            return None
        return self.einsum(a, b, ragged.gaps(box)), box.places

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
        return self.placed(source, places)

    def placed(self, source: Array, places: Numbers) -> Rows:
        """The rows of a matrix of places."""
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

    def einsum(self, a: Rows, b: Rows, gaps: Gaps | None = None, seen: Any = None) -> Array:
        """Σ over the inner axes of the product of two operands in rows."""
        m, k = len(_steps(a.outer)), len(_steps(a.inner))
        outer, inner = refine([a.outer, b.outer], m), refine([a.inner, b.inner], k)
        if (
            outer is None
            or inner is None
            or not all(map(all, inner[1]))
            or (seen is None and not _moves(outer[1]))
        ):
            a, b = self.copied(a.source, a.places()), self.copied(b.source, b.places())
            outer, inner = refine([a.outer, b.outer], m), refine([a.inner, b.inner], k)
        (sizes, outer_strides), (inner_sizes, inner_strides) = outer, inner  # type: ignore[misc]
        operands, labels = [], []
        for rows, *strides in zip((a, b), outer_strides, inner_strides, strict=True):
            shape = (*sizes, *inner_sizes)
            every = zip(LABELS[: len(shape)], shape, (*strides[0], *strides[1]), strict=True)
            kept = sorted((axis for axis in every if axis[2]), key=lambda axis: -axis[2])  # as in memory
            operands.append(
                self.operand(rows.source, rows.start, [(size, stride) for _, size, stride in kept])
            )
            labels.append(N * operands[-1].batched + "".join(label for label, *_ in kept))
        batched = any(operand.batched for operand in operands)
        out = N * batched + LABELS[: len(sizes)]
        if gaps is not None:  # of copies that have other axes
            gaps = Gaps(Seen(gaps.seen.numbers.reshape(sizes)), gaps.fill)
        if seen is None:
            return self.arrays.einsum(operands[0], operands[1], (labels[0], labels[1], out), gaps)
        return self.mended_dots(
            operands, (labels[0], labels[1], out), seen[0].reshape(*sizes, *inner_sizes), seen[1]
        )

    def reduction(self, op: Op, args: Sequence[tuple[int, ...]]) -> Array:
        """Σ, max, or log Σ exp, of operands in rows; of segments where their lengths differ."""
        lengths = [len(arg) for arg in args]
        if op is ops.sum and len(set(lengths)) == 1:
            by_home = np.argsort(self.home[np.array(args)], axis=1, kind="stable")
            nodes = np.take_along_axis(np.array(args), by_home, 1)
            if len(parts := self.columns(self.home[nodes])) > 1:
                parts.sort(key=lambda part: by_home[0, part[0]])  # as it was written
                return self.added([self.sum(nodes[:, part]) for part in parts])
        if len(set(lengths)) == 1:
            return self.reduced(op, *self.in_rows(self.rows(np.array(args))), all(map(self.is_shifted, args)))
        places = np.repeat(np.arange(len(args)), lengths)
        return self.reduce(
            op,
            self.flat(np.concatenate(args)),
            lambda name, x: self.segments(f"segment_{name}", x, lengths),
            lambda z: self.gathered(z, places),
            all(map(self.is_shifted, args)),
        )

    def reduced(self, op: Op, x: Array, outer: int, done: bool) -> Array:
        """Σ, max, or log Σ exp, over all axes but the outer ones."""
        how = Axes(tuple(range(outer, len(x.shape))))
        return self.reduce(
            op,
            x,
            lambda name, x: self.arrays.add(name, (x,), x.shape[:outer], how=how),
            lambda z: self.arrays.axes(z, [*range(outer), *[None] * (len(x.shape) - outer)]),
            done,
        )

    def reduce(
        self,
        op: Op,
        x: Array,
        reduced: Callable[[str, Array], Array],
        spread: Callable[[Array], Array],
        done: bool,
    ) -> Array:
        """Σ, max, or log Σ exp, with what reduces an array, and what brings the result to its shape."""
        if op is ops.logsumexp:
            return self.logsumexp(x, reduced, spread, done)
        return reduced("sum" if op is ops.sum else "max", x)

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

    def in_rows(self, rows: Rows, seen: Any = None, fill: float = 0.0) -> tuple[Array, int]:
        """The operand in the rows, and how many of its axes are the rows'; with a number where not seen."""
        pattern = [*rows.outer, *rows.inner]
        if seen is None and any(not stride for _, stride in pattern):
            return self.in_rows(self.copied(rows.source, rows.places()))
        x = self.operand(rows.source, rows.start, pattern)
        if seen is not None:
            x = self.arrays.masked(x, Seen(seen.reshape([size for size, _ in pattern])), fill)
        return x, len(rows.outer)

    def segments(self, name: str, x: Array, lengths: Sequence[int]) -> Array:
        """What is made of the elements of each stretch: their sum, the greatest, …"""
        return self.arrays.add(name, (x,), (len(lengths),), how=Places(np.cumsum([0, *lengths[:-1]])))

    # ── Rows of unequal lengths, in a rectangle ─────────────────────────────────────────────────────

    def ragged(self, op: Op, args: Sequence[tuple[int, ...]]) -> tuple[Array, Numbers] | None:
        """Rows of unequal lengths in a rectangle, and where each is; None where none pays."""
        sides = self.sides(args) if op is ops.dot else (np.concatenate(args),)
        operands = [self.source(side) for side in sides]
        if any(places is None for _, places in operands):
            return None
        found = ragged.rectangle(operands, [len(arg) // len(sides) for arg in args])
        if found is None:
            return None
        full, seen = found
        rows = [self.placed(source, places) for (source, _), places in zip(operands, full, strict=True)]
        gaps = [places[~seen] for places in full]
        if op is ops.dot:
            filled = [ragged.are_gaps(*gap, 0) for gap in zip([x for x, _ in operands], gaps, strict=True)]
            a, b, order = self.turned(*rows)
            return self.einsum(a, b, seen=(seen[order], any(filled))), np.argsort(order)
        if op is ops.sum and not all(stride for _, stride in rows[0].outer):  # rows share elements
            m, width = seen.shape
            ones = Rows(self.constant(seen.reshape(-1)), 0, [(m, width)], [(width, 1)])
            return self.einsum(ones, rows[0], seen=(seen, True)), np.arange(m)
        if ragged.are_gaps(operands[0][0], gaps[0]):
            x, outer, mend = self.filled(op, operands[0][0], full[0], sides[0])
        else:
            x, outer, mend = *self.in_rows(rows[0], seen, NOTHING[op]), False
        array = self.reduced(op, x, outer, all(map(self.is_shifted, args)))
        if op is ops.sum and mend:
            array = self.mended_sum(array, x, outer, seen.reshape(x.shape))
        return array, np.arange(len(args))

    def filled(self, op: Op, source: Array, places: Numbers, nodes: Numbers) -> tuple[Array, int, bool]:
        """Rows of an array whose gaps hold what changes nothing, filled once for all that follows.

        The last says whether there may be a nan as well.
        """
        gaps: Any = source.gaps
        if gaps.fill != NOTHING[op] or (op is not ops.sum and source.op != "masked"):
            source = self.arrays.masked(source, gaps.seen, NOTHING[op])
            self.home[nodes] = source.number
        return *self.in_rows(self.placed(source, places)), source.op != "masked"

    def mended_sum(self, total: Array, x: Array, outer: int, seen: Any) -> Array:
        """A sum over the axes that are not outer, of what is 0, or nan, where nothing is seen."""
        own, n = LABELS[: seen.ndim], N * x.batched
        return self.arrays.mended(total, [x], Mending(f"{n}{own}->{n}{own[:outer]}", own, Seen(seen)))

    def mended_dots(
        self, operands: list[Array], labels: tuple[str, str, str], seen: Any, filled: bool
    ) -> Array:
        """Σ a·b over what is seen, with 0 elsewhere in one operand, broadcast for it if it must be."""
        own, seen = ragged.squeezed(LABELS, seen)
        if not filled:
            i = min(range(2), key=lambda i: (not {*own} <= {*labels[i]}, operands[i].batched))
            x, inner = operands[i], labels[i].replace(N, "")
            every = [label for label in LABELS if label in inner + own]
            sizes = {**dict(zip(inner, x.shape, strict=True)), **dict(zip(own, seen.shape, strict=True))}
            seen_ = seen[tuple([slice(None) if label in own else None for label in every])]
            x = self.arrays.axes(x, [inner.index(label) if label in inner else None for label in every])
            x = self.arrays.masked(x, Seen(np.broadcast_to(seen_, [sizes[label] for label in every])))
            operands = [x, operands[1]] if i == 0 else [operands[0], x]
            spread = N * x.batched + "".join(every)
            labels = (spread, *labels[1:]) if i == 0 else (labels[0], spread, labels[2])
        total = self.arrays.einsum(operands[0], operands[1], labels)
        return self.arrays.mended(total, operands, Mending("{},{}->{}".format(*labels), own, Seen(seen)))

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


def _length(pattern: Pattern) -> int:
    """How many places a pattern has."""
    return math.prod([size for size, _ in pattern])


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
