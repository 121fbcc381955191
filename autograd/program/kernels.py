"""Kernels: a row of the table on whole arrays, written into a buffer.

Most rows are a ufunc of NumPy. A few have a form here that is as stable as the row's own function and needs
no array in between; all others are computed by the row's own function.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import ops
from autograd.functions import each
from autograd.op import Op
from autograd.program.symbol import AND, OR
from autograd.protocol import COMPARISONS

UFUNCS: dict[Op, str] = {
    ops.sub: "subtract",
    ops.mul: "multiply",
    ops.div: "divide",
    ops.neg: "negative",
    ops.floordiv: "floor_divide",
    COMPARISONS["lt"]: "less",
    COMPARISONS["le"]: "less_equal",
    COMPARISONS["gt"]: "greater",
    COMPARISONS["ge"]: "greater_equal",
    COMPARISONS["eq"]: "equal",
    COMPARISONS["ne"]: "not_equal",
    AND: "logical_and",
    OR: "logical_or",
    **{
        row: name
        for name, row in ops.TABLE.items()
        if isinstance(getattr(np, name, None), np.ufunc) and not row.sequences
    },
}
ONE = np.array(1, np.float32)  # without axes: half of the time of the number 1, and it widens no float32


def sigmoid(x: Any, out: Any) -> None:
    """1 / (1 + exp(−x)); where exp overflows, the result is the 0 that it should be."""
    np.negative(x, out=out)
    np.exp(out, out=out)
    np.add(out, ONE, out=out)
    np.reciprocal(out, out=out)


def relu(x: Any, out: Any) -> None:
    """max(x, 0)."""
    np.maximum(x, 0, out=out)


def step(x: Any, out: Any) -> None:
    """1 for x > 0 and 0 for x ≤ 0; nan for nan."""
    np.heaviside(x, 0, out=out)


def softplus(x: Any, out: Any) -> None:
    """log(1 + exp(x))."""
    np.logaddexp(x, 0, out=out)


def log_sigmoid(x: Any, out: Any) -> None:
    """−log(1 + exp(−x))."""
    np.negative(x, out=out)
    np.logaddexp(out, 0, out=out)
    np.negative(out, out=out)


def where(condition: Any, x: Any, y: Any, out: Any) -> None:
    """X where the condition holds, y elsewhere."""
    out[...] = np.where(condition, x, y)


def weighted(w: Any, x: Any, out: Any) -> None:
    """The product w · x, and 0 where w is 0."""
    np.multiply(w, x, out=out)
    np.copyto(out, 0, where=np.equal(w, 0))


KERNELS: dict[Op, Callable[..., None]] = {
    ops.sigmoid: sigmoid,
    ops.relu: relu,
    ops.step: step,
    ops.softplus: softplus,
    ops.log_sigmoid: log_sigmoid,
    ops.where: where,
    ops.weighted: weighted,
}

IN_PLACE = {ops.sigmoid, ops.relu, ops.step, ops.softplus, ops.log_sigmoid, *UFUNCS}
"""The rows whose result may be written over an argument."""


def kernel(row: Op) -> Callable[..., None]:
    """The kernel of a row that is no ufunc: `kernel(*args, out=buffer)`."""
    return KERNELS.get(row) or _apply(row)


def _apply(row: Op) -> Callable[..., None]:
    """The row's own function: on arrays, or on each element if it knows only numbers."""
    function = row.function

    def apply(*args: Any, out: Any) -> None:
        nonlocal function
        args = tuple([arg[()] if isinstance(arg, np.ndarray) else arg for arg in args])  # no axes: a number
        try:
            out[...] = function(*args)
        except (TypeError, ValueError, ArithmeticError, DeprecationWarning):  # of an array with one element
            if function is not row.function:
                raise
            function = each(_or_nan(row.function), np.ndarray)
            out[...] = function(*args)

    return apply


def _or_nan(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of numbers, but nan outside of its domain: one example must not stop all others."""

    def total(*args: Any) -> Any:
        try:
            return function(*args)
        except (ValueError, ArithmeticError):
            return np.nan

    return total


def vecdot(x: Any, y: Any, out: Any) -> None:
    """Σ x·y over the last axis."""
    if hasattr(np, "vecdot"):  # NumPy 2
        np.vecdot(x, y, out=out)
    else:
        np.einsum("...i,...i->...", x, y, out=out)


def finite(x: Any, out: Any) -> None:
    """X, and 0 where it is infinite, to shift by."""
    np.copyto(out, x)
    np.copyto(out, 0, where=np.isinf(x))


def masked(x: Any, seen: Any, fill: float, out: Any) -> None:
    """X where it is seen, and a number elsewhere."""
    out[...] = np.where(seen, x, fill)


def mended(labels: str, own: str, seen: Any, arriving: bool, total: Any, *factors: Any, out: Any) -> None:
    """The total, a sum of products with 0 where they do not count; as 0 · ∞ is nan, a nan is looked into."""
    out[...] = total
    square = np.vdot(total, total)
    if square != square:
        out[...] = counted(np, labels, own, seen, arriving, *factors)


def counted(xp: Any, labels: str, own: str, seen: Any, arriving: bool, *factors: Any) -> Any:
    """The sum of those products that are seen, by arrays of NumPy or JAX; `own` has the labels of `seen`.

    Where `arriving`, only of those whose first factor, an upstream, is not 0.
    """
    given, result = labels.split("->")
    every = "".join(dict.fromkeys(given.replace(",", "")))
    products = xp.einsum(f"{given}->{every}", *factors)
    for counts, names in ((seen, own), (factors[0] != 0 if arriving else None, given.split(",")[0])):
        if counts is not None:
            counts = counts.transpose([names.index(label) for label in every if label in names])
            index = tuple([slice(None) if label in names else None for label in every])
            products = xp.where(counts[index], products, 0)
    return xp.einsum(f"{every}->{result}", products)


def others(e: Any, axis: tuple[int, ...], out: Any) -> None:
    """Σ − 1 over some axes of exponentials whose greatest is exp(0) = 1: that one is left out."""
    ones = e == 1
    np.add.reduce(e - ones, axis=axis, out=out)
    _add_ties(np.add.reduce(ones, axis=axis), out)


def segment_others(e: Any, starts: Any, out: Any) -> None:
    """The same for each segment of the last axis."""
    ones = e == 1
    np.add.reduceat(e - ones, starts, axis=-1, out=out)
    _add_ties(np.add.reduceat(ones, starts, axis=-1, dtype=int), out)


def _add_ties(counts: Any, out: Any) -> None:
    """Add how many more than one there are, if any."""
    if counts.max() > 1:
        out += np.maximum(counts, 1) - 1


def take(choices: Any, index: Any, out: Any) -> None:
    """choices[…, index], over the axes before the last, which are broadcast against the index."""
    out[...] = np.take_along_axis(_like(choices, index), index[..., None], -1)[..., 0]


def untake(upstream: Any, index: Any, out: Any) -> None:
    """Zeros, with each element of `upstream` added where `take` took it."""
    out[...] = 0
    choices = _like(out, index)
    grid = np.broadcast_to(np.arange(out.size).reshape(choices.shape), upstream.shape + choices.shape[-1:])
    places = np.take_along_axis(grid, np.broadcast_to(index, upstream.shape)[..., None], -1)
    np.add.at(out.reshape(-1), places.reshape(-1), upstream.reshape(-1))


def _like(choices: Any, index: Any) -> Any:
    """The choices with an axis for the batch where only the index has one."""
    return choices.reshape((1,) * (index.ndim + 1 - choices.ndim) + choices.shape)


def sequence(row: Op, x: Any, out: Any) -> None:
    """A row on sequences, of the last axis."""
    out[...] = row.function(*np.moveaxis(x, -1, 0))
