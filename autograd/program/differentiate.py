"""Differentiate: the reverse sweep over an array program, with the rules of the table called on symbols.

    upstream       the gradient of an array; axes of size 1, and a missing batch, stand for equal elements
    contribution   what one use of an array adds to its gradient: upstream × local derivative

The mean over the batch enters as the seed 1/n, the sum over it wherever an array without a batch is used in
one with. Nothing is computed towards inputs and constants.
"""

from collections import defaultdict
from typing import Any

import numpy as np

from autograd import ops
from autograd.op import Op
from autograd.program.arrays import (
    LABELS,
    Array,
    ArrayGraph,
    Assembly,
    Axes,
    Gaps,
    Mending,
    N,
    Places,
    Seen,
    whole,
)
from autograd.program.patterns import View
from autograd.program.patterns import axes as even
from autograd.program.symbol import BOOLEAN, Symbol
from autograd.protocol import COMPARISONS

CONSTANTS = {"max", "segment_max", "finite", *BOOLEAN}
LINEAR = {ops.mul, ops.div, ops.neg, ops.add, ops.sub, ops.where}  # they keep what vanishes
DEEP = 8  # how far back it is looked for


def differentiate(graph: ArrayGraph, root: Array) -> Array:
    """The gradient of the mean (or sum) of root over the batch with respect to theta, flat."""
    theta = graph.arrays[0]
    forward = graph.arrays[: root.number + 1]
    active = {theta}
    for array in forward:
        if not is_constant(array) and any(arg in active for arg in array.args if isinstance(arg, Array)):
            active.add(array)
    sweep = _Sweep(graph, active)
    sweep.whole[root].append(graph.add("seed", (), (), False))
    for array in reversed(forward[1:]):
        if array in active and (upstream := sweep.total(array)) is not None:
            if array in sweep.untaken or array.op is ops.where:
                sweep.untaken.update(arg for arg in array.args if arg in active)
            rule = sweep.row if isinstance(array.op, Op) else getattr(sweep, array.op)
            rule(array, upstream)
    return sweep.theta(theta)


def is_constant(array: Array) -> bool:
    """Whether nothing is computed through it."""
    return array.op in CONSTANTS or (array.op == "sequence" and not array.how.partials)


class _Sweep:
    """The contributions that have arrived: to whole arrays, and to some places of one."""

    def __init__(self, graph: ArrayGraph, active: set[Array]) -> None:
        self.graph = graph
        self.active = active
        self.whole: dict[Array, list[Array]] = defaultdict(list)
        self.parts: dict[Array, list[tuple[Array, Any]]] = defaultdict(list)
        self.untaken: set[Array] = set()  # in a branch of where, which may not have been taken

    def total(self, array: Array) -> Any:
        """The sum of all contributions to an array; None if there are none."""
        contributions = self.whole.pop(array, [])
        if array in self.parts:
            contributions.append(self.assemble(array, self.parts.pop(array)))
        total = contributions[0] if contributions else None
        for more in contributions[1:]:
            total = self.graph.elementwise(ops.add, [total, more])
        if total is not None and total.args and total.gradient_of is None and total.number > array.number:
            total.gradient_of = array
        return total

    def theta(self, theta: Array) -> Array:
        """All of theta's gradient in one array."""
        parts = self.parts.pop(theta, [])
        parts += [(whole_, whole(theta.shape)) for whole_ in self.whole.pop(theta, [])]
        return self.assemble(theta, parts)

    def assemble(self, array: Array, parts: list[tuple[Array, Any]]) -> Array:
        """The contributions to some places of an array, in one."""
        counts = np.zeros(array.size, int)
        for _, places in parts:
            np.add.at(counts, places.places().reshape(-1), 1)
        disjoint, complete = bool((counts < 2).all()), bool((counts > 0).all())
        how = Assembly(tuple([places for _, places in parts]), disjoint, complete)
        return self.graph.add("assemble", [part for part, _ in parts], array.shape, None, how=how)

    def add(self, array: Any, contribution: Array, user: Array) -> None:
        """A contribution, summed over the axes along which `user` has broadcast the array."""
        if array in self.active:
            if user.gaps and not (array.gaps and array.gaps.seen == user.gaps.seen):
                contribution = self.without_gaps(contribution, user.gaps.seen, array)
            self.whole[array].append(self.unbroadcast(contribution, user, array))

    def unbroadcast(self, x: Array, user: Array, array: Array) -> Array:
        """The sum of x, which stands for an array like `user`, over the axes that `array` does not have."""
        axes, factor = [], 1.0
        for axis, (size, own) in enumerate(zip(user.shape, array.shape, strict=True)):
            if own == 1 < size:
                if x.shape[axis] == size:
                    axes.append(axis)
                else:
                    factor *= size
        batch = user.batched and not array.batched
        if batch and not x.batched:
            x = self.graph.elementwise(ops.mul, [x, self.one_like(self.graph.add("count", (), (), False), x)])
        if axes or (batch and x.batched):
            kept = [None if axis in axes else axis for axis in range(len(x.shape))]
            total = self.summed(x, tuple(axes), batch and x.batched, user.gaps)
            names = [axis for axis in kept if axis is not None]
            x = self.graph.axes(total, [None if axis is None else names.index(axis) for axis in kept])
        return x if factor == 1 else self.graph.elementwise(ops.mul, [x, factor])

    def one_like(self, scalar: Array, x: Array) -> Array:
        """A scalar with as many axes as x, of size 1."""
        return self.graph.axes(scalar, [None] * len(x.shape))

    def summed(self, x: Array, axes: tuple[int, ...], batch: bool, gaps: Gaps | None = None) -> Array:
        """The sum over some axes, without them."""
        shape = [size for axis, size in enumerate(x.shape) if axis not in axes]
        total = self.graph.add("sum", (x,), shape, x.batched and not batch, how=Axes(axes, batch))
        if gaps is None or x.op == "masked":
            return total
        labels = LABELS[: len(x.shape)]
        kept = "".join(label for axis, label in enumerate(labels) if axis not in axes)
        factors, out = [x], N * total.batched + kept
        if x.op is ops.mul and all(isinstance(y, Array) and y.shape == x.shape for y in x.args):
            factors = [*x.args]
            given = [N * y.batched + labels for y in factors]
            total = self.graph.einsum(factors[0], factors[1], (given[0], given[1], out))
        how = f"{','.join([N * y.batched + labels for y in factors])}->{out}"
        return self.graph.mended(total, factors, Mending(how, labels, gaps.seen))

    # ── Gaps: what nobody asked for hands nothing on ────────────────────────────────────────────────

    def without_gaps(self, x: Array, seen: Seen, array: Array) -> Array:
        """A contribution to an array with 0 where nothing is seen; left as it is if a sum can see to that."""
        summed = array.shape != seen.numbers.shape
        if summed and x.shape == seen.numbers.shape and self.vanishes(x, seen):
            return x
        return self.graph.masked(x, seen)

    def vanishes(self, x: Any, seen: Seen, depth: int = 0) -> bool:
        """Whether there is 0, or nan, wherever nothing is seen; False where that is not plain."""
        if not isinstance(x, Array):
            return bool(x == 0)
        if x.gaps and x.gaps.seen == seen and x.gaps.fill == 0:
            return True
        if depth == DEEP:
            return False
        if x.op not in LINEAR:
            return False
        args = [self.vanishes(arg, seen, depth + 1) for arg in x.args]
        if x.op is ops.mul:
            return any(args)
        return all(args[1:] if x.op is ops.where else args[:1] if x.op is ops.div else args)

    # ── What each operation hands to its arguments ──────────────────────────────────────────────────

    def row(self, array: Array, upstream: Array) -> None:
        """A row of the table: upstream × its rule, called on symbols."""
        symbols = [Symbol(self.graph, arg) if isinstance(arg, Array) else arg for arg in array.args]
        z = Symbol(self.graph, array)
        partials = array.op.partials  # type: ignore[union-attr]
        for arg, rule in zip(array.args, partials, strict=True):
            if arg not in self.active or (local := rule(*symbols, z)) is None:
                continue
            self.add(arg, self.product(array, upstream, local), array)

    def product(self, array: Array, upstream: Array, local: Any) -> Array:
        """Upstream × local; 0 where 0 arrives, even if the slope is infinite.

        It can be in a branch of where, which may not have been taken, and of rows like sqrt.
        """
        local = local.node if isinstance(local, Symbol) else float(local)
        if local == -1:
            return self.graph.elementwise(ops.neg, [upstream])  # type: ignore[no-any-return]
        product: Array = self.graph.elementwise(ops.mul, [upstream, local])
        steep = isinstance(array.op, Op) and array.op.is_steep(array.args)
        if (steep or array in self.untaken) and isinstance(local, Array):
            arrives = self.graph.elementwise(COMPARISONS["ne"], [upstream, 0.0])
            product = self.graph.elementwise(ops.where, [arrives, product, 0.0])
        return product

    def view(self, array: Array, upstream: Array) -> None:
        """Upstream belongs to the places that the view shows."""
        self.part(array, upstream, array.how)

    def gather(self, array: Array, upstream: Array) -> None:
        """Upstream belongs to the places gathered from, added up where one was gathered twice."""
        self.part(array, upstream, array.how)

    def part(self, array: Array, upstream: Array, places: Any) -> None:
        """A contribution to some places of the only argument."""
        (source,) = array.args
        if isinstance(places, Places):
            upstream, places = self.distinct(self.graph.own(upstream, array.shape), places)
        if places == whole(array.shape) and array.size == source.size and upstream.shape == array.shape:
            self.whole[source].append(self.graph.reshape(self.graph.own(upstream), source.shape))
        else:
            self.parts[source].append((upstream, places))

    def distinct(self, x: Array, places: Places) -> tuple[Array, Any]:
        """The sums of the elements of x that go to the same place, and the places, each once."""
        flat = places.numbers.reshape(-1)
        order = np.argsort(flat, kind="stable")
        found, starts = np.unique(flat[order], return_index=True)
        if (order != np.arange(len(flat))).any():
            x = self.graph.add("gather", (x,), (len(flat),), how=Places(order))
        else:
            x = self.graph.reshape(x, (len(flat),))
        if len(found) < len(flat):
            x = self.graph.add("segment_sum", (x,), (len(found),), how=Places(starts))
        pattern = even(found)
        if pattern is None:
            return x, Places(found)
        shape, strides = tuple(size for size, _ in pattern), tuple(stride for _, stride in pattern)
        return self.graph.reshape(self.graph.own(x), shape), View(int(found[0]), shape, strides)

    def axes(self, array: Array, upstream: Array) -> None:
        """Upstream with its axes put back."""
        (source,) = array.args
        back = [array.how.index(axis) if axis in array.how else None for axis in range(len(source.shape))]
        self.add(source, self.graph.axes(upstream, back), source)

    def join(self, array: Array, upstream: Array) -> None:
        """Each argument gets its stretch of upstream."""
        upstream, start = self.graph.own(upstream, array.shape), 0
        for arg in array.args:
            part = self.graph.view(upstream, View(start, arg.shape, whole(arg.shape).strides))
            start += arg.size
            if arg in self.active:
                like = Array(-1, "join", (), arg.shape, array.batched, None)
                self.add(arg, part, like)

    def sum(self, array: Array, upstream: Array) -> None:
        """Every element of a sum gets its upstream."""
        (x,) = array.args
        kept = iter(range(len(upstream.shape)))
        how = [None if axis in array.how.axes else next(kept) for axis in range(len(x.shape))]
        self.add(x, self.graph.axes(upstream, how), x)

    others = sum  # noqa: A003

    def segment_sum(self, array: Array, upstream: Array) -> None:
        """Every element of a segment gets its sum's upstream."""
        (x,) = array.args
        lengths = np.diff([*array.how.numbers, x.size])
        if upstream.size > 1:
            rows = Places(np.repeat(np.arange(len(lengths)), lengths))
            upstream = self.graph.add("gather", (self.graph.own(upstream),), x.shape, how=rows)
        self.add(x, upstream, x)

    segment_others = segment_sum

    def einsum(self, array: Array, upstream: Array, only: tuple[str, Any] = ("", None)) -> None:
        """Σ a·b: upstream · b, and upstream · a, over the labels that the other lacks.

        Of the products only those count that are seen: `only` has the labels of what is, and what.
        """
        (a, b), (left, right, out) = array.args, array.how
        inner = out.replace(N, "")
        if array.gaps:
            only = inner, array.gaps.seen
            if upstream.shape != array.shape or not self.vanishes(upstream, array.gaps.seen):
                upstream = self.graph.masked(upstream, array.gaps.seen)
        kept = [axis for axis, size in enumerate(upstream.shape) if size == array.shape[axis]]
        g = self.graph.axes(upstream, kept)
        have = N * g.batched + "".join(inner[axis] for axis in kept)
        sides = [(a, left, b, right), (b, right, a, left)]
        if (a, left) == (b, right):  # a square: both sides give the same
            g, sides = self.graph.elementwise(ops.mul, [g, 2.0]), sides[:1]
        for x, own, other, theirs in sides:
            if x in self.active:
                result = "".join(i for i in own if i in have or i in theirs)
                labels = have, theirs, result
                product = self.graph.einsum(g, other, labels)
                if array in self.untaken or not {*only[0]} <= {*result}:
                    how = Mending("{},{}->{}".format(*labels), *only, array in self.untaken)
                    product = self.graph.mended(product, [g, other], how)
                names = result.replace(N, "")
                back = [names.index(i) if i in names else None for i in own.replace(N, "")]
                self.add(x, self.graph.axes(product, back), x)

    def masked(self, array: Array, upstream: Array) -> None:
        """What is seen gets its upstream."""
        self.add(array.args[0], upstream, array)

    def mended(self, array: Array, upstream: Array) -> None:
        """As the sum or the einsum that it mends."""
        total = array.args[0]
        if total.op == "sum":
            self.sum(total, upstream)
        else:
            self.einsum(total, upstream, array.how[1:3])

    def take(self, array: Array, upstream: Array) -> None:
        """Upstream goes to the choice that was taken."""
        choices, index = array.args
        upstream = self.graph.own(upstream, array.shape, array.batched)
        self.add(
            choices, self.graph.add("untake", (upstream, index), choices.shape, choices.batched), choices
        )

    def sequence(self, array: Array, upstream: Array) -> None:
        """The one rule of a row on sequences gives all local derivatives."""
        (x,) = array.args
        m, k = x.shape
        views = [View(i, (m,), (k if m > 1 else 0,)) for i in range(k)]
        columns = [Symbol(self.graph, self.graph.view(x, view)) for view in views]
        locals_ = array.how.partials[0](columns, Symbol(self.graph, array))
        for view, local in zip(views, locals_, strict=True):
            if local is not None:
                self.parts[x].append((self.product(array, upstream, local), view))
