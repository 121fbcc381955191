"""The array program: a graph whose nodes are arrays, and what can be done to them.

    shape     of one example; an array that is `batched` has one more axis in front, the batch's n
    flat      the elements of an array of one example in C order; places are counted in it
    labels    one character for an axis of an einsum; N is the axis of the batch

An array is made by a row of the table, which works element by element (axes of size 1 are broadcast), or
by one of the STRUCTURAL operations below. Like scalar graphs, array graphs keep equal operations once.
"""

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from autograd import ops
from autograd.op import Op
from autograd.program.patterns import View, slicing
from autograd.program.rewrite import factor, rewritten, without_share
from autograd.program.symbol import NUMBERS, Symbol, evaluated, simplify

STRUCTURAL = {
    "input": "input number `how`: parameters, or examples, which are batched",
    "constant": "the numbers `how`",
    "seed": "1/n if `how` is the mean over the batch, and 1 otherwise",
    "count": "n",
    "value": "the mean or the sum, which `how` says, of the batch's numbers",
    "view": "the View `how` of a flat array, without a copy",
    "axes": "the axes `how` of an array, without a copy; None is a new axis of size 1",
    "copy": "a broadcast array in full",
    "masked": "the array where it is `how.seen`, and the number `how.fill` in its gaps",
    "mended": "a sum of products, the first array, of the others; if it is nan, of those that count by `how`",
    "gather": "the elements at the places `how` of a flat array",
    "join": "flat arrays, one after the other",
    "einsum": "Σ of products of two arrays; `how` holds the labels of both and of the result",
    "sum": "the sum over the axes `how.axes`, and over the batch if `how.batch`",
    "max": "the greatest element over the axes `how.axes`; a constant to differentiation",
    "finite": "the same, and 0 for an infinity; a constant to differentiation",
    "others": "Σ − 1 over the axes `how.axes` of exponentials whose greatest is 1, without that 1",
    "segment_sum": "the sums of flat[start:next start], for the starts `how`",
    "segment_max": "their greatest elements; a constant to differentiation",
    "segment_others": "as `others`, of segments",
    "take": "choices[…, i] for an array of whole numbers i",
    "untake": "zeros of the choices' shape, with the elements added where `take` took them",
    "assemble": "zeros, with each array added at its places in `how`",
    "sequence": "the row `how` of the last axis",
}

MOVED = {"view", "axes", "copy", "gather", "join"}  # elements of their argument
N = "n"  # the label of the batch's axis
LABELS = "ijklmabcdefghopqrstuvwxyz"  # those of an einsum's other axes, 22 at most (see patterns.MOST)


class Input(NamedTuple):
    """What is given to a program.

    shape    of its array; of one example if it is batched       whole    whether it holds whole numbers
    spread   whether every example gets a copy of its own, as where each has a gradient by it
    """

    name: str
    shape: tuple[int, ...] = ()
    batched: bool = True
    whole: bool = False
    spread: bool = False


class Axes(NamedTuple):
    """What `sum` and `max` reduce."""

    axes: tuple[int, ...]
    batch: bool = False


class Assembly(NamedTuple):
    """Where the arguments of `assemble` go."""

    places: tuple[Any, ...]  # a View or Places for each
    disjoint: bool  # no place gets two
    complete: bool  # no place gets none


class Places:
    """Whole numbers as an attribute of an operation: compared by content."""

    def __init__(self, numbers: Any) -> None:
        self.numbers = np.ascontiguousarray(numbers, np.intp)
        self.key = self.numbers.shape, self.numbers.tobytes()

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Places) and self.key == other.key

    def places(self) -> Any:
        """The places of the elements, as View.places gives them."""
        return self.numbers


class Seen(Places):
    """Where something stands in an array of this shape; elsewhere are gaps."""

    def __init__(self, seen: Any) -> None:
        self.numbers = np.ascontiguousarray(seen, bool)
        self.key = self.numbers.shape, self.numbers.tobytes()


class Gaps(NamedTuple):
    """What is not there in an array that is larger than what stands in it."""

    seen: Seen
    fill: float | None = None  # what is in the gaps, if it is not nan; None: any number


class Mending(NamedTuple):
    """Which products count in a sum of them, `labels` as of an einsum: those that are seen.

    own        the labels of `seen`
    arriving   of these only where the first factor, an upstream, is not 0
    """

    labels: str
    own: str = ""
    seen: Seen | None = None
    arriving: bool = False


class Array:
    """A node of the array program.

    type         of its elements: "dtype" (the program's), or "np.intp" for indices; conditions are 0 and 1
    label        the name that the user gave to one of its scalars       scalars   how many it stands for
    gradient_of  the array whose gradient it is, if it is one      gaps      what is not there, if anything
    is_share     whether it is one number that depends on n alone
    """

    __slots__ = (
        "args",
        "batched",
        "gaps",
        "gradient_of",
        "how",
        "is_share",
        "label",
        "number",
        "op",
        "scalars",
        "shape",
        "type",
    )

    def __init__(
        self,
        number: int,
        op: Op | str,
        args: tuple[Any, ...],
        shape: tuple[int, ...],
        batched: bool,
        how: Any,
        gaps: Gaps | None = None,
    ) -> None:
        self.number = number
        self.op = op
        self.args = args
        self.shape = shape
        self.batched = batched
        self.how = how
        self.gaps = gaps
        self.type = "np.intp" if op in MOVED and all(arg.type == "np.intp" for arg in args) else "dtype"
        self.label = ""
        self.scalars = 0
        self.gradient_of: Array | None = None
        self.is_share = op in ("seed", "count") or (
            isinstance(op, Op) and all(getattr(arg, "is_share", True) for arg in args)
        )

    @property
    def size(self) -> int:
        """Elements of one example."""
        return prod(self.shape)

    def __repr__(self) -> str:
        name = self.op if isinstance(self.op, str) else self.op.name
        args = ", ".join(f"%{arg.number}" if isinstance(arg, Array) else repr(arg) for arg in self.args)
        shape = ", ".join(["n"] * self.batched + [*map(str, self.shape)])
        return f"%{self.number} = {name}({args}) ({shape}) {self.how or ''}"


class ArrayGraph:
    """The arrays of a program in topological order; equal ones are kept once."""

    def __init__(self) -> None:
        self.arrays: list[Array] = []
        self.labels: dict[Array, str] = {}
        self._known: dict[Any, Array] = {}

    def add(
        self,
        op: Op | str,
        args: Sequence[Any],
        shape: Sequence[int],
        batched: bool | None = None,
        how: Any = None,
        gaps: Gaps | None = None,
    ) -> Array:
        """An array, batched if any of its arguments is."""
        args, shape = tuple(args), tuple(shape)
        if batched is None:
            batched = any(arg.batched for arg in args if isinstance(arg, Array))
        parts = tuple([arg.number if isinstance(arg, Array) else float(arg).hex() for arg in args])
        key = op, parts, shape, batched, repr(how) if op == "constant" else how, gaps  # which tells −0 from 0
        if key not in self._known:
            array = Array(len(self.arrays), op, args, shape, batched, how, gaps)
            self._known[key] = array
            self.arrays.append(array)
        return self._known[key]

    def apply(self, op: Op, args: Sequence[Any]) -> Any:
        """A row of the table, element by element: what Symbols of this graph record."""
        args = [arg.node if isinstance(arg, Symbol) else arg for arg in args]
        if op in NUMBERS:
            return op.function(1.0)  # of the number type float
        return Symbol(self, self.elementwise(op, args))

    def elementwise(self, op: Op, args: Sequence[Any]) -> Any:
        """A row of the table; a number where all arguments are numbers."""
        args = self.unspread(args)
        numbers = [None if isinstance(arg, Array) else arg for arg in args]
        if None not in numbers:
            return evaluated(op, numbers)
        op, args = simplify(op, args, numbers)
        if op is ops.identity:
            return args[0]
        if (shorter := rewritten(self, op, args)) is not None:
            return shorter
        shape = np.broadcast_shapes(*[arg.shape for arg in args if isinstance(arg, Array)])
        return self.add(op, [arg if isinstance(arg, Array) else float(arg) for arg in args], shape)

    def unspread(self, args: Sequence[Any]) -> Sequence[Any]:
        """Numbers that depend on n alone without axes of their own, beside an array that has them all."""
        bare = [_bare(arg) for arg in args]
        rank = max((len(arg.shape) for arg in args if isinstance(arg, Array)), default=0)
        kept = [x for x in bare if isinstance(x, Array) and not x.is_share and len(x.shape) == rank]
        if not kept:
            return args
        return [_known(x) for x in bare]

    def view(self, source: Array, view: View) -> Array:
        """A view of an array; itself where the view is all of it in the same shape."""
        while shows_all(source):
            source = source.args[0]
        return source if view == whole(source.shape) else self.add("view", (source,), view.shape, how=view)

    def look(self, source: Array, places: Any) -> Array:
        """The elements of an array at a View or Places: without a copy where slices give them."""
        if isinstance(places, View) and slicing(places, source.size) is not None:
            return self.view(source, places)
        numbers = places.places()
        return self.add("gather", (source,), numbers.shape, how=Places(numbers))

    def axes(self, source: Array, how: Sequence[int | None]) -> Array:
        """The axes of an array in another order; None is a new one, and axes of size 1 may be left out."""
        if tuple(how) == tuple(range(len(source.shape))):
            return source
        if source.op == "axes":
            how, source = [None if i is None else source.how[i] for i in how], source.args[0]
            return self.axes(source, how)
        shape = [1 if i is None else source.shape[i] for i in how]
        return self.add("axes", (source,), shape, how=tuple(how))

    def own(self, source: Array, shape: Sequence[int] | None = None, batched: bool = False) -> Array:
        """An array of this shape in full: what has been broadcast can be viewed flat then."""
        shape, batched = tuple(source.shape if shape is None else shape), batched or source.batched
        if (source.shape, source.batched) == (shape, batched):
            return source
        return self.add("copy", (source,), shape, batched)

    def masked(self, source: Array, seen: Seen, fill: float = 0.0) -> Array:
        """An array, broadcast to the shape of what is seen, with a number in its gaps."""
        gaps = Gaps(seen, fill)
        if source.op == "masked" and source.how == gaps:
            return source
        return self.add("masked", (source,), seen.numbers.shape, how=gaps, gaps=gaps)

    def mended(self, total: Array, factors: Sequence[Array], how: Mending) -> Array:
        """A sum of products of factors, one of which is 0, or nan, where it is not seen."""
        return self.add("mended", (total, *factors), total.shape, total.batched, how)

    def zeros(self, like: Array) -> Array:
        """As many zeros as a flat array has elements."""
        zero = self.add("constant", (), (1,), False, how=(0.0,))
        return self.add("copy", (zero,), like.shape, like.batched)

    def einsum(self, a: Array, b: Array, labels: tuple[str, str, str], gaps: Gaps | None = None) -> Array:
        """Σ a·b over the labels that the result lacks; a plain product where it lacks none."""
        left, right, out = (label.replace(N, "") for label in labels)
        batched = N in labels[2]
        sizes = dict(zip(left + right, a.shape + b.shape, strict=True))
        for x, own, scale in (b, right, a), (a, left, b):
            if scale.is_share and not scale.shape:
                kept = [i for i in own if i in out]
                how = Axes(
                    tuple(axis for axis, i in enumerate(own) if i not in out), x.batched and not batched
                )
                if any(how):
                    x = self.add("sum", (x,), [sizes[i] for i in kept], batched, how=how)
                x = self.axes(x, [kept.index(i) for i in out])
                return self.elementwise(ops.mul, [self.axes(scale, [None] * len(x.shape)), x])  # type: ignore[no-any-return]
        if set(labels[0] + labels[1]) == set(labels[2]):
            spread = [
                self.axes(x, [own.index(i) if i in own else None for i in out])
                for x, own in ((a, left), (b, right))
            ]
            return self.elementwise(ops.mul, spread)  # type: ignore[no-any-return]
        return self.add("einsum", (a, b), [sizes[i] for i in out], batched, labels, gaps)

    def sum(self, x: Array, how: Axes) -> Array:
        """The sum over some axes, without them; of a product an einsum."""
        needed = x.gradient_of is not None and _splits(x.gradient_of)
        if not needed:
            c, x = factor(x)
            share, x = without_share(self, x)
        batch = how.batch and x.batched
        ranks = [len(arg.shape) for arg in x.args if isinstance(arg, Array)]
        if shows_all(x) and not how.axes and not needed:
            total = self.reshape(self.sum(x.args[0], how), x.shape)
        elif x.op is ops.mul and not needed and ranks == [len(x.shape)] * 2:
            total = self.contracted(x, Axes(how.axes, batch))
        else:
            shape = [size for axis, size in enumerate(x.shape) if axis not in how.axes]
            total = self.add("sum", (x,), shape, x.batched and not batch, how=how)
        if needed:
            return total
        return self.elementwise(ops.mul, [self.elementwise(ops.mul, [share, c]), total])  # type: ignore[no-any-return]

    def contracted(self, x: Array, how: Axes) -> Array:
        """The sum of a product, without the product; a factor that is the same all along comes out of it."""
        rank = len(x.shape)
        kept = [axis for axis in range(rank) if axis not in how.axes]
        long = [axis for axis in range(rank) if x.shape[axis] > 1]
        own = [[axis for axis in long if y.shape[axis] > 1] for y in x.args]
        for (y, axes), z in zip(zip(x.args, own, strict=True), x.args[::-1], strict=True):
            if not (how.batch and y.batched) and not {*axes} & {*how.axes}:
                return self.elementwise(ops.mul, [self.sum(z, how), self.axes(y, kept)])  # type: ignore[no-any-return]
        names = [
            N * y.batched + "".join(LABELS[axis] for axis in axes)
            for y, axes in zip(x.args, own, strict=True)
        ]
        out = [axis for axis in long if axis in kept]
        result = N * (x.batched and not how.batch) + "".join(LABELS[axis] for axis in out)
        a, b = (self.axes(y, axes) for y, axes in zip(x.args, own, strict=True))
        total = self.einsum(a, b, (*names, result))
        return self.axes(total, [out.index(axis) if axis in out else None for axis in kept])

    def reshape(self, source: Array, shape: Sequence[int]) -> Array:
        """The same elements in the same order in another shape."""
        return source if source.shape == tuple(shape) else self.view(source, whole(shape))


def _splits(array: Array) -> bool:
    """Whether what arrives at an array is needed by several of its arguments; by data it is not."""
    bases = [base(arg) for arg in array.args if isinstance(arg, Array)]
    return sum(x.op != "constant" and not (x.op == "input" and x.batched) for x in bases) > 1


def _bare(arg: Any) -> Any:
    """Without the axes of size 1 of a number that depends on n alone."""
    return arg.args[0] if isinstance(arg, Array) and arg.op == "axes" and arg.args[0].is_share else arg


def _known(x: Any) -> Any:
    """The number of a share that does not depend on n."""
    if not isinstance(x, Array) or not x.is_share or x.op == "count":
        return x
    if x.op == "seed":
        return 1.0 if x.how == "sum" else x
    numbers = [_known(arg) for arg in x.args]
    return x if any(isinstance(arg, Array) for arg in numbers) else x.op.evaluate(numbers, numbers)  # type: ignore[union-attr]


def whole(shape: Sequence[int]) -> View:
    """All elements of an array, in C order, in this shape."""
    strides = [prod(shape[axis + 1 :]) if size > 1 else 0 for axis, size in enumerate(shape)]
    return View(0, tuple(shape), tuple(strides))


def shows_all(array: Array) -> bool:
    """Whether it shows all elements of another array, in their order."""
    if array.op == "axes":
        kept = [axis for axis in array.how if axis is not None]
        return kept == sorted(kept)
    return array.op == "view" and array.size == array.args[0].size and array.how == whole(array.shape)


def base(array: Array) -> Array:
    """The array whose elements an array shows."""
    while array.op in ("view", "axes"):
        array = array.args[0]
    return array
