"""Views as Python text: slices, reshapes and transposes of a named array, none of which copies.

name     what stands for the array: a variable, or any code that binds as strongly as one
n        the batch, the first axis where there is one
cuts     see patterns.slicing
"""

import re
from collections.abc import Sequence
from math import prod

import numpy as np

from autograd.program.arrays import Array, whole
from autograd.program.patterns import View, slicing

BEFORE = r"\.reshape\([^()]*\)$"


def sized(batched: bool, shape: Sequence[int]) -> str:
    """The tuple of the sizes: `(n, 8, 16)`."""
    sizes = ["n"] * batched + [str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def reshaped(name: str, batched: bool, shape: Sequence[int]) -> str:
    """An array in another shape: `a2.reshape(n, 8, 16)`."""
    return with_shape(name, ["n"] * batched + [str(size) for size in shape])


def with_shape(name: str, sizes: Sequence[str]) -> str:
    """The same of sizes as text; of what has just been reshaped to another shape, that is left out."""
    return f"{re.sub(BEFORE, '', name)}.reshape({', '.join(sizes) or '()'})"


def flat(name: str, array: Array) -> str:
    """An array with one axis for the elements of an example."""
    return name if len(array.shape) == 1 else reshaped(name, array.batched, (array.size,))


def turned(name: str, batched: bool, rank: int, how: Sequence[int | None]) -> str:
    """The axes of an array in another order; None is a new one, and an axis left out must have size 1."""
    kept = [axis for axis in how if axis is not None]
    if len(kept) < rank:
        name += _index(batched, [":" if axis in kept else "0" for axis in range(rank)])
    ranks = [sorted(kept).index(axis) + batched for axis in kept]
    if ranks != sorted(ranks):
        order = [*range(batched), *ranks]
        name += ".T" if order == [1, 0] else f".transpose({', '.join(map(str, order))})"
    if None in how:
        name += _index(batched, ["None" if axis is None else ":" for axis in how])
    return name


def sliced(name: str, source: Array, view: View) -> str:
    """A view of an array's flat elements; `patterns.slicing` must know how."""
    if view == whole(view.shape) and view.size == source.size and (view.shape or source.shape != (1,)):
        return name if view.shape == source.shape else reshaped(name, source.batched, view.shape)
    if view.size == 1:
        place = [str(i) for i in np.unravel_index(view.start, source.shape)]
        return name + _index(source.batched, place + ["None"] * len(view.shape))
    if (index := _of_axes(view, source.shape)) is not None:
        order, cuts_ = index
        return _in_order(name + _index(source.batched, cuts_), source.batched, order, view)
    found = slicing(view, source.size)
    if found is None:
        raise ValueError(f"{view} of {source.size} elements is no slice")
    cuts, order = found
    name, size, done = flat(name, source), source.size, [view.shape[axis] for axis in order]
    for i, cut in enumerate(cuts):
        if (cut.start, cut.stop, cut.step) != (0, size, 1):
            step = f":{cut.step}" if cut.step > 1 else ""
            start, stop = cut.start or "", cut.stop if cut.stop < size else ""
            name += _index(source.batched, [":"] * i + [f"{start}:{stop}{step}"])
        if cut.rows:
            size = (cut.stop - cut.start) // cut.rows
            name = reshaped(name, source.batched, [*done[:i], cut.rows, size])
    return _in_order(name, source.batched, order, view)


def _in_order(name: str, batched: bool, order: Sequence[int], view: View) -> str:
    """The axes that a view has, with those of size 1, in its order."""
    how = [order.index(axis) if axis in order else None for axis in range(len(view.shape))]
    return turned(name, batched, len(order), how)


def _of_axes(view: View, shape: Sequence[int]) -> tuple[list[int], list[str]] | None:
    """(The view's axes, an index for each axis of an array of this shape) where each is a slice of one."""
    order = sorted(
        (axis for axis, size in enumerate(view.shape) if size > 1), key=lambda axis: -view.strides[axis]
    )
    first = [int(i) for i in np.unravel_index(view.start, shape)] if shape else []
    cuts, at = [str(i) for i in first], -1
    for axis in order:
        size, stride = view.shape[axis], view.strides[axis]
        at = next((i for i in range(at + 1, len(shape)) if stride % prod(shape[i + 1 :]) == 0), len(shape))
        if at == len(shape) or stride < 1:
            return None
        step = stride // prod(shape[at + 1 :])
        last = first[at] + (size - 1) * step
        if last >= shape[at]:
            return None
        stop = "" if last + step >= shape[at] else str(last + 1)
        cuts[at] = f"{first[at] or ''}:{stop}" + (f":{step}" if step > 1 else "")
    return order, cuts


def _index(batched: bool, axes: Sequence[str]) -> str:
    return f"[{', '.join([':'] * batched + [*axes])}]"
