"""Differentiate: the reverse sweep over an array program, with the rules of the table called on symbols.

    upstream       the gradient of an array; axes of size 1, and a missing batch, stand for equal elements
    contribution   what one use of an array adds to its gradient: upstream × local derivative
    active         the arrays that depend on those to differentiate by; nothing is computed towards others

The sum over the batch enters wherever an array without a batch is used in one with. What a sweep adds are
arrays as all others, with rules of their own: a sweep over a gradient gives second derivatives.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
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
    base,
    whole,
)
from autograd.program.patterns import View
from autograd.program.patterns import axes as even
from autograd.program.symbol import Symbol

CONSTANTS = {"max", "segment_max", "finite"}  # nothing is computed through them
LINEAR = {ops.mul, ops.weighted, ops.div, ops.neg, ops.add, ops.sub, ops.where}  # they keep what vanishes
NONE: tuple[str, Seen | None] = ("", None)  # no gaps
DEEP = 8  # how far back it is looked for


def differentiate(graph: ArrayGraph, root: Array, wrt: Sequence[Array], seed: Array) -> list[Array | None]:
    """The gradient of root by each of the arrays `wrt`, flat; None where nothing arrives.

    wrt    inputs, or any arrays that root is made of. By one with a batch the gradient is each example's own;
           by one without it is summed over the batch (not by graph.own(x, batched=True), made into root)
    seed   what arrives at root, an array like it or one number: 1/n for the mean over the batch, 1 for a sum
    """
    forward = graph.arrays[: root.number + 1]
    active, inner = {*wrt}, set()
    for array in forward:
        if not is_constant(array) and not active.isdisjoint(array.args):
            active.add(array)
            inner.add(array)
    sweep = _Sweep(graph, active)
    sweep.whole[root].append(seed if seed.shape else sweep.one_like(seed, root))
    found: dict[Array, Array] = {}
    for array in reversed(forward):
        if array in active and (upstream := sweep.total(array)) is not None:
            if array in wrt:
                found[array] = graph.reshape(graph.own(upstream, array.shape, array.batched), (array.size,))
            if array in inner:
                sweep.hand_on(array, upstream)
    return [found.get(array) for array in wrt]


def hessian_vector(graph: ArrayGraph, root: Array, theta: Array, v: Array, seed: Array) -> Array | None:
    """The Hessian of seed · root by theta, times v, an array like theta: None where it is 0 everywhere.

    Reverse over reverse: v is what arrives at the gradient, as ∂(v · g)/∂θ = vᵀ ∂g/∂θ = H v.
    """
    (gradient,) = differentiate(graph, root, [theta], seed)
    return None if gradient is None else differentiate(graph, gradient, [theta], v)[0]


def is_constant(array: Array) -> bool:
    """Whether nothing is computed through it."""
    row = array.how if array.op == "sequence" else array.op
    return row in CONSTANTS or array.type != "dtype" or (isinstance(row, Op) and not row.partials)


class _Sweep:
    """The contributions that have arrived: to whole arrays, and to some places of one."""

    def __init__(self, graph: ArrayGraph, active: set[Array]) -> None:
        self.graph = graph
        self.active = active
        self.whole: dict[Array, list[Array]] = defaultdict(list)
        self.parts: dict[Array, list[tuple[Array, Any]]] = defaultdict(list)
        self.untaken: set[Array] = set()  # below a where or a masked product: what they did not take is 0

    def hand_on(self, array: Array, upstream: Array) -> None:
        """What arrives at an array goes on to its arguments."""
        if array in self.untaken or array.op in (ops.where, ops.weighted):
            self.untaken.update(arg for arg in array.args if arg in self.active)
        rule = self.row if isinstance(array.op, Op) else getattr(self, array.op)
        rule(array, upstream)

    def total(self, array: Array) -> Any:
        """The sum of all contributions to an array; None if there are none."""
        contributions = self.whole.pop(array, [])
        if array in self.parts:
            contributions.append(self.assembled(array, self.parts.pop(array)))
        total = None
        for contribution, times in Counter(contributions).items():
            term = self.times(contribution, float(times))
            total = term if total is None else self.plus(total, term)
        if total is not None and total.args and total.number > array.number:
            known = total.gradient_of
            total.gradient_of = array if known is None or (array.label and not known.label) else known
        return total

    def plus(self, x: Array, y: Array) -> Array:
        """The sum of both; a difference where one is subtracted."""
        if multiple(x)[1] < 0:
            x, y = y, x
        op, y = (ops.sub, self.times(y, -1)) if multiple(y)[1] < 0 else (ops.add, y)
        return self.graph.elementwise(op, [x, y])  # type: ignore[no-any-return]

    def assembled(self, array: Array, parts: list[tuple[Array, Any]]) -> Array:
        """The contributions to some places of an array, in one."""
        counts = np.zeros(array.size, int)
        for _, places in parts:
            np.add.at(counts, places.places().reshape(-1), 1)
        disjoint, complete = bool((counts < 2).all()), bool((counts > 0).all())
        shares = {base(part) for part, _ in parts}
        if disjoint and complete and len(shares) == 1 and (share := shares.pop()).is_share:
            return self.one_like(share, array)  # the same number everywhere
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
            x = self.counted(x)
        if axes or (batch and x.batched):
            kept = [None if axis in axes else axis for axis in range(len(x.shape))]
            total = self.summed(x, tuple(axes), batch and x.batched, user.gaps)
            names = [axis for axis in kept if axis is not None]
            x = self.graph.axes(total, [None if axis is None else names.index(axis) for axis in kept])
        return self.times(x, factor)

    def counted(self, x: Array) -> Array:
        """The sum over the batch of what is the same for all examples: n · x, which is 1 for 1/n."""
        share, factor = multiple(x)
        if base(share).op == "seed" and base(share).how == "mean":
            return self.times(self.one_like(self.graph.add("seed", (), (), False, how="sum"), x), factor)
        count = self.one_like(self.graph.add("count", (), (), False), x)
        return self.graph.elementwise(ops.mul, [x, count])  # type: ignore[no-any-return]

    def times(self, x: Array, number: float) -> Array:
        """A multiple of x."""
        x, factor = multiple(x)
        return self.graph.elementwise(ops.mul, [x, factor * number])  # type: ignore[no-any-return]

    def one_like(self, scalar: Array, x: Array) -> Array:
        """A scalar with as many axes as x, of size 1."""
        return self.graph.axes(scalar, [None] * len(x.shape))

    def summed(self, x: Array, axes: tuple[int, ...], batch: bool, gaps: Gaps | None = None) -> Array:
        """The sum over some axes, without them."""
        total = self.graph.sum(x, Axes(axes, batch))
        if gaps is None or x.op == "masked":
            return total
        own = LABELS[: len(x.shape)]
        alike = x.op is ops.mul and all(isinstance(y, Array) and y.shape == x.shape for y in x.args)
        factors = [*x.args] if alike else [x]
        kept = "".join(label for axis, label in enumerate(own) if axis not in axes)
        given = ",".join([N * y.batched + own for y in factors])
        how = Mending(f"{given}->{N * total.batched}{kept}", own, gaps.seen)
        return self.graph.mended(total, factors, how)

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
        if depth == DEEP or x.op not in LINEAR:
            return False
        args = [self.vanishes(arg, seen, depth + 1) for arg in x.args]
        if x.op is ops.mul or x.op is ops.weighted:
            return any(args)
        return all(args[1:] if x.op is ops.where else args[:1] if x.op is ops.div else args)

    # ── What each operation hands to its arguments ──────────────────────────────────────────────────

    def row(self, array: Array, upstream: Array) -> None:
        """A row of the table: upstream × its rule, called on symbols."""
        op: Any = array.op
        numbers = [Symbol(self.graph, arg) if isinstance(arg, Array) else arg for arg in array.args]
        locals_ = op.local_derivatives(
            [*numbers, Symbol(self.graph, array)], [arg in self.active for arg in array.args]
        )
        steep = op.is_steep(array.args)
        if op is ops.weighted:  # a masked product had no slope where w is 0 and x infinite
            w, x = numbers
            locals_[0] = ops.where((w != 0) | (ops.absolute(x) < math.inf), x, 0.0)
        for arg, local in zip(array.args, locals_, strict=True):
            if (product := self.product(array, upstream, local, steep)) is not None:
                self.add(arg, product, array)

    def product(self, array: Array, upstream: Array, local: Any, steep: bool = False) -> Array | None:
        """Upstream × local; None where that is 0 everywhere.

        Where 0 arrives it is 0 even if the slope is infinite, which it can be of a steep row, and in a branch
        of where that was not taken.
        """
        if not isinstance(local, Symbol):
            return self.times(upstream, float(local)) if local else None
        slope, row = local.node, self.graph.elementwise
        same = (upstream.shape, upstream.batched) == (array.shape, array.batched)
        # A number is multiplied once, at last; what has a name stays.
        x, factor = multiple(upstream) if same and not array.label else (upstream, 1.0)
        if slope.op is ops.where and slope.args[1:] in ((1.0, 0.0), (0.0, 1.0)):
            condition, *taken = slope.args
            return self.times(row(ops.where, [condition, *[x if one else 0.0 for one in taken]]), factor)
        op = ops.weighted if steep or self.is_masked(array, slope) else ops.mul
        return self.times(row(op, [x, slope]), factor)

    def is_masked(self, array: Array, factor: Array) -> bool:
        """Whether a factor of what an array hands on may be infinite where 0 arrives; no parameter is."""
        return array in self.untaken and (
            base(factor).batched or base(factor).op not in ("input", "constant")
        )

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
            self.add(arg, part, _like(arg.shape, array.batched))

    def assemble(self, array: Array, upstream: Array) -> None:
        """Each part gets what its places have."""
        upstream = self.graph.own(upstream, array.shape)
        for part, places in zip(array.args, array.how.places, strict=True):
            if part in self.active:
                piece = self.graph.look(upstream, places)
                self.add(part, piece, _like(piece.shape, array.batched))

    def copy(self, array: Array, upstream: Array) -> None:
        """Upstream, summed over what was broadcast."""
        self.add(array.args[0], upstream, array)

    def value(self, array: Array, upstream: Array) -> None:
        """Every example gets its share: 1/n of the mean, all of the sum."""
        share = self.graph.add("seed", (), (), False, how=array.how)
        self.add(array.args[0], self.graph.elementwise(ops.mul, [upstream, share]), array.args[0])

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

    def einsum(self, array: Array, upstream: Array) -> None:
        """Σ a·b: upstream · b, and upstream · a, over the labels that the other lacks."""
        (a, b), (left, right, out) = array.args, array.how
        self.products(array, upstream, (a, left), (b, right), out)

    def masked(self, array: Array, upstream: Array) -> None:
        """What is seen gets its upstream."""
        self.add(array.args[0], upstream, array)

    def mended(self, array: Array, upstream: Array) -> None:
        """As the sum, or the sum of products, that it mends."""
        given, out = array.how.labels.split("->")
        factors = [*zip(array.args[1:], given.split(","), strict=True)]
        if len(factors) == 2:
            self.products(array, upstream, factors[0], factors[1], out)
            return
        ((x, own),) = factors
        names, inner = out.replace(N, ""), own.replace(N, "")
        self.add(x, self.graph.axes(upstream, [names.index(i) if i in names else None for i in inner]), x)

    def products(
        self, array: Array, upstream: Array, one: tuple[Array, str], two: tuple[Array, str], out: str
    ) -> None:
        """What a sum of products of two arrays with these labels, of those that are seen, hands on."""
        inner = out.replace(N, "")
        only = NONE
        if array.op == "mended":
            only = array.how.own, array.how.seen
        elif array.gaps:
            only = inner, array.gaps.seen
            if upstream.shape != array.shape or not self.vanishes(upstream, array.gaps.seen):
                upstream = self.graph.masked(upstream, array.gaps.seen)
        kept = [axis for axis, size in enumerate(upstream.shape) if size == array.shape[axis]]
        g = self.graph.axes(upstream, kept)
        have = N * g.batched + "".join(inner[axis] for axis in kept)
        sides = [(*one, *two), (*two, *one)]
        if one == two:  # a square: both sides give the same
            g, sides = self.times(g, 2.0), sides[:1]
        for x, own, other, theirs in sides:
            if x in self.active:
                result = "".join(i for i in own if i in have or i in theirs)
                labels = have, theirs, result
                product = self.graph.einsum(g, other, labels)
                mend = bool({*only[0]} & {*have, *theirs} - {*result})  # a sum over gaps
                arriving = self.is_masked(array, other)
                if mend or arriving:
                    how = Mending("{},{}->{}".format(*labels), *(only if mend else NONE), arriving)
                    product = self.graph.mended(product, [g, other], how)
                names = result.replace(N, "")
                back = [names.index(i) if i in names else None for i in own.replace(N, "")]
                self.add(x, self.graph.axes(product, back), x)

    def take(self, array: Array, upstream: Array) -> None:
        """Upstream goes to the choice that was taken."""
        choices, index = array.args
        upstream = self.graph.own(upstream, array.shape, array.batched)
        self.add(
            choices, self.graph.add("untake", (upstream, index), choices.shape, choices.batched), choices
        )

    def untake(self, array: Array, upstream: Array) -> None:
        """What was added to a choice gets its upstream."""
        taken, index = array.args
        upstream = self.graph.own(upstream, array.shape, array.batched)
        self.add(taken, self.graph.add("take", (upstream, index), taken.shape), taken)

    def sequence(self, array: Array, upstream: Array) -> None:
        """The one rule of a row on sequences gives all local derivatives."""
        (x,) = array.args
        m, k = x.shape
        views = [View(i, (m,), (k if m > 1 else 0,)) for i in range(k)]
        columns = [Symbol(self.graph, self.graph.view(x, view)) for view in views]
        locals_ = array.how.partials[0](columns, Symbol(self.graph, array))
        for view, local in zip(views, locals_, strict=True):
            if (product := self.product(array, upstream, local)) is not None:
                self.parts[x].append((product, view))


def multiple(x: Array) -> tuple[Array, float]:
    """An array and a number, of which x is the product."""
    if x.op is ops.neg:
        return x.args[0], -1.0
    numbers = [arg for arg in x.args if x.op is ops.mul and not isinstance(arg, Array)]
    return (next(arg for arg in x.args if arg not in numbers), numbers[0]) if numbers else (x, 1.0)


def _like(shape: Sequence[int], batched: bool) -> Array:
    """An array of which only the form matters: that of what uses another one."""
    return Array(-1, "like", (), tuple(shape), batched, None)
