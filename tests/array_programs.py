"""Array programs run one array after the other, by their definition in arrays.STRUCTURAL, for tests.

No pass of the compiler takes part, so that what is wrong in one is not wrong here too.

    full   the whole shape of an array: the batch's n, if it has one, and that of one example
    lead   the number of axes before those of an example: 1 or 0
"""

import math

import numpy as np

from autograd.functions import each
from autograd.op import Op
from autograd.program.arrays import Array


class Machine:
    """One run of a program. The methods are named by the operations of arrays.STRUCTURAL.

    inputs   an array for each input, of shape (n, …) if that is batched
    """

    def __init__(self, inputs, n, dtype=float):
        self.inputs, self.n, self.dtype = inputs, n, dtype
        self.known = {}

    def __call__(self, array):
        """The numbers of an array."""
        stack = [array]
        while stack:
            if missing := [x for x in stack[-1].args if isinstance(x, Array) and x not in self.known]:
                stack += missing
            else:
                self.known.setdefault(stack[-1], self.made(stack[-1]))
                stack.pop()
        return self.known[array]

    def made(self, array):
        args = [self.known[arg] if isinstance(arg, Array) else plain(arg) for arg in array.args]
        with np.errstate(all="ignore"):
            z = (
                self.row(array.op, *args)
                if isinstance(array.op, Op)
                else getattr(self, array.op)(array, *args)
            )
        z = np.asarray(z)
        assert np.broadcast_shapes(z.shape, self.full(array)) == self.full(array), array
        z = np.broadcast_to(z, self.full(array))
        return z.astype(np.intp if array.type == "np.intp" else self.dtype)

    def full(self, array):
        return (self.n,) * array.batched + array.shape

    def input(self, array):
        return np.reshape(self.inputs[array.how], self.full(array))

    def constant(self, array):
        return np.reshape(array.how, array.shape)

    def seed(self, array):
        return 1 / self.n if array.how == "mean" else 1

    def count(self, array):
        return self.n

    def value(self, array, x):
        return x.mean() if array.how == "mean" else x.sum()

    def row(self, row, *args):
        try:
            return row.function(*[x if np.ndim(x) else plain(x) for x in args])
        except (TypeError, ValueError, ArithmeticError):

            def function(*numbers):
                try:
                    return row.function(*map(plain, numbers))
                except (ValueError, ArithmeticError):
                    return np.nan

            return each(function, np.ndarray)(*args)

    def sequence(self, array, x):
        return self.row(array.how, *np.moveaxis(x, -1, 0))

    def flat(self, array, x):
        return x.reshape((self.n,) * array.batched + (array.size,))

    def view(self, array, x):
        return self.flat(array.args[0], x)[..., array.how.places()]

    gather = view

    def axes(self, array, x):
        source, lead = array.args[0], array.batched
        kept = [axis for axis in array.how if axis is not None]
        dropped = [axis for axis in range(len(source.shape)) if axis not in kept]
        assert all(source.shape[axis] == 1 for axis in dropped)
        order = [*range(lead), *(axis + lead for axis in [*kept, *dropped])]
        return x.transpose(order).reshape(self.full(array))

    def copy(self, array, x):
        return x

    def join(self, array, *parts):
        lead = (self.n,) * array.batched
        return np.concatenate([np.broadcast_to(x, (*lead, x.shape[-1])) for x in parts], axis=-1)

    def masked(self, array, x):
        return np.where(array.how.seen.numbers, x, array.how.fill)

    def mended(self, array, total, *factors):
        """The products that count, one by one."""
        labels, own, seen, arriving = array.how
        given, result = labels.split("->")
        every = "".join(dict.fromkeys(given.replace(",", "")))
        counts = np.einsum(f"{given}->{every}", *[np.ones(np.shape(x)) for x in factors]) > 0
        if seen is not None:
            other = "".join(label for label in every if label not in own)
            sizes = [counts.shape[every.index(label)] for label in other]
            counts &= np.einsum(f"{own},{other}->{every}", seen.numbers, np.ones(sizes)) > 0
        products = np.einsum(f"{given}->{every}", *factors)
        if arriving:
            ones = [factors[0] != 0, *[np.ones(np.shape(x)) for x in factors[1:]]]
            counts &= np.einsum(f"{given}->{every}", *ones) > 0
        return np.einsum(f"{every}->{result}", np.where(counts, products, 0))

    def einsum(self, array, x, y):
        return np.einsum("{},{}->{}".format(*array.how), x, y)

    def reduced(self, array):
        lead = array.args[0].batched
        return (*[0] * array.how.batch, *(axis + lead for axis in array.how.axes))

    def sum(self, array, x):
        return x.sum(self.reduced(array))

    def max(self, array, x):
        return x.max(self.reduced(array))

    def finite(self, array, x):
        return np.where(np.isinf(x), 0, x)

    def others(self, array, e):
        return e.sum(self.reduced(array)) - 1

    def segments(self, array, x, of):
        ends = [*array.how.numbers[1:], x.shape[-1]]
        return np.stack([of(x[..., a:b]) for a, b in zip(array.how.numbers, ends)], -1)

    def segment_sum(self, array, x):
        return self.segments(array, x, lambda x: x.sum(-1))

    def segment_max(self, array, x):
        return self.segments(array, x, lambda x: x.max(-1))

    def segment_others(self, array, x):
        return self.segment_sum(array, x) - 1

    def take(self, array, choices, index):
        full = self.full(array)
        choices = choices.reshape((1,) * (len(full) + 1 - choices.ndim) + choices.shape)
        choices = np.broadcast_to(choices, (*full, choices.shape[-1]))
        return np.take_along_axis(choices, np.broadcast_to(index, full)[..., None], -1)[..., 0]

    def untake(self, array, upstream, index):
        """The transpose of take, one choice after the other."""
        full = np.broadcast_shapes(upstream.shape, index.shape)
        upstream, index = np.broadcast_to(upstream, full), np.broadcast_to(index, full)
        lead = self.full(array)[:-1]
        hits = index[..., None] == np.arange(array.shape[-1])
        z = np.where(hits, upstream[..., None], 0)
        extra = z.ndim - len(lead) - 1
        z = z.sum(tuple(range(extra)))
        summed = tuple(axis for axis, size in enumerate(lead) if size < z.shape[axis])
        return z.sum(summed, keepdims=True)

    def assemble(self, array, *parts):
        z = np.zeros((self.n,) * array.batched + (array.size,))
        for part, places in zip(parts, array.how.places):
            numbers = places.places()
            part = np.broadcast_to(part, (self.n,) * array.batched + numbers.shape)
            np.add.at(z, (..., numbers.reshape(-1)), part.reshape(*z.shape[:-1], -1))
        return z.reshape(self.full(array))


def plain(number):
    """A number of Python; a whole one an int, as the order of polygamma must be."""
    return int(number) if math.isfinite(number) and number == int(number) else float(number)
