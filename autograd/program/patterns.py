"""Patterns: a list of places in an array, recognised as a view of it.

places    whole numbers: where in a flat array the elements of an operand stand
pattern   axes [(size, stride), …], outermost first: place = start + Σ i · stride
view      start and axes: what slicing, reshaping and transposing can give without a copy
"""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

import numpy as np

Pattern = list[tuple[int, int]]
Places = Any  # an array of whole numbers
MOST = 6  # axes of a pattern: a gather is faster than NumPy with more, of two elements each


class View(NamedTuple):
    """Elements start + Σ iᵣ·strides[r] of a flat array, for iᵣ < shape[r]; a stride of 0 has size 1."""

    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many elements it has."""
        return prod(self.shape)

    def places(self) -> Places:
        """The places of the elements, as an array of the view's shape."""
        grids = np.ogrid[tuple(slice(size) for size in self.shape)]
        return self.start + sum(
            (g * d for g, d in zip(grids, self.strides, strict=True)), np.zeros(self.shape, int)
        )


def axes(places: Places) -> Pattern | None:
    """The fewest axes along which the places run evenly; None where they do not, or along more than MOST."""
    found: Pattern = []
    while len(places) > 1:
        steps = np.diff(places)
        breaks = np.flatnonzero(steps != steps[0])
        size = int(breaks[0]) + 1 if len(breaks) else len(places)
        if len(places) % size:
            return None
        rows = places.reshape(-1, size)
        if (rows[:, 1:] - rows[:, :-1] != steps[0]).any():
            return None
        found.append((size, int(steps[0])))
        places = rows[:, 0]
    return found[::-1] if len(found) <= MOST else None


def refine(patterns: Sequence[Pattern], length: int) -> tuple[tuple[int, ...], list[tuple[int, ...]]] | None:
    """Common sizes for several patterns of the same `length`, and the strides of each; None: there are none.

    (6,) and (2, 3) have the common sizes (2, 3); (2, 3) and (3, 2) have none.
    """
    cuts = {1, length}
    for pattern in patterns:
        inner = length
        for size, _ in pattern:
            inner //= size
            cuts.add(inner)
    ordered = sorted(cuts)
    if any(b % a for a, b in pairwise(ordered)):
        return None
    sizes = tuple(b // a for a, b in pairwise(ordered))[::-1]
    strides = [tuple(_stride(pattern, length, cut) for cut in ordered[-2::-1]) for pattern in patterns]
    return sizes, strides


def _stride(pattern: Pattern, length: int, cut: int) -> int:
    """How far a pattern goes when the flat index goes on by `cut`."""
    inner = length
    for size, stride in pattern:
        inner //= size
        if inner <= cut:
            return stride * (cut // inner)
    return 0


class Cut(NamedTuple):
    """One step of slicing: [start:stop:step] of the last axis, which then becomes `rows` rows (0: stays)."""

    start: int
    stop: int
    step: int
    rows: int


def slicing(view: View, size: int) -> tuple[list[Cut], tuple[int, ...]] | None:
    """How slices and reshapes of a flat array of `size` give the view; None: only copying does.

    Returns the cuts, from the outermost stride inward, and the view's axes in the order in which they arise.
    """
    order = sorted(
        (axis for axis, length in enumerate(view.shape) if length > 1), key=lambda axis: -view.strides[axis]
    )
    extent = [(view.shape[axis] - 1) * view.strides[axis] for axis in order]
    cuts, start, length = [], view.start, size
    for i, axis in enumerate(order):
        rows, stride = view.shape[axis], view.strides[axis]
        if stride < 1:
            return None
        if i == len(order) - 1:
            cuts.append(Cut(start, start + extent[i] + 1, stride, 0))
            break
        low = start if start + rows * stride <= length else start - start % stride
        if low + rows * stride > length or start - low + sum(extent[i + 1 :]) >= stride:
            return None
        cuts.append(Cut(low, low + rows * stride, 1, rows))
        start, length = start - low, stride
    if not order:
        cuts.append(Cut(start, start + 1, 1, 0))
    return cuts, tuple(order)
