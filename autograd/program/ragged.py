"""Ragged: rows of unequal lengths, and pairs that fill a triangle, laid out in a rectangle.

Position t of a causal attention looks at the positions 0, …, t. In a rectangle of all (t, s) its scores are
one matrix product, and its sums are sums over an axis; what nobody asked for is computed and never read.

    at       the coordinates of nodes in a rectangle, one row for each node
    places   where in a source the nodes' arguments stand: start + at · strides, if they run evenly
    seen     where in a rectangle something stands; elsewhere are gaps
    offset   where in its row of the rectangle a ragged row begins
"""

from collections.abc import Iterator, Sequence
from math import inf, prod
from typing import Any, NamedTuple

import numpy as np

from autograd import ops
from autograd.op import Op
from autograd.program.arrays import Array, Gaps, Seen
from autograd.program.patterns import axes

LIMIT = 4  # a rectangle may have so many places for each one that is seen
ROUNDS = 100  # in which pairs that share something must find each other

Numbers = Any  # an array of whole numbers


class Box(NamedTuple):
    """A rectangle, the places of nodes in it, and an even pattern (start, strides) for each operand."""

    sizes: tuple[int, ...]
    places: Numbers
    patterns: list[tuple[int, list[int]]]

    def seen(self) -> Any:
        """Where a node stands."""
        seen = np.zeros(prod(self.sizes), bool)
        seen[self.places] = True
        return seen.reshape(self.sizes)


def boxed(at: Numbers, operands: Sequence[tuple[Array, Numbers]]) -> Box | None:
    """The least box around coordinates in which all operands run evenly; None if none pays."""
    at = at - at.min(0)
    at = at[:, at.any(0)]
    sizes = tuple(map(int, at.max(0) + 1))
    if prod(sizes) > LIMIT * len(at):
        return None
    places = np.ravel_multi_index(tuple(at.T), sizes)
    if np.bincount(places).max() > 1:
        return None
    patterns = []
    for source, wanted in operands:
        pattern = even(at, wanted)
        if pattern is None or not _inside(pattern[0], zip(sizes, pattern[1], strict=True), source):
            return None
        patterns.append(pattern)
    return Box(sizes, places, patterns)


def even(at: Numbers, places: Numbers) -> tuple[int, list[int]] | None:
    """Start and strides, where places = start + at · strides."""
    steps = np.linalg.lstsq(at - at[0], places - places[0], rcond=None)[0]
    strides = np.rint(steps).astype(int)
    start = int(places[0] - at[0] @ strides)
    return (start, strides.tolist()) if (start + at @ strides == places).all() else None


def _inside(start: int, pattern: Any, source: Array) -> bool:
    """Whether a pattern stays inside of its source, and never runs backwards, which no view does."""
    pattern = [*pattern]
    last = start + sum((size - 1) * stride for size, stride in pattern)
    return all(stride >= 0 for _, stride in pattern) and 0 <= start <= last < source.size


def coordinates(source: Array, places: Numbers) -> Numbers:
    """The coordinates of places in their source."""
    return np.array(np.unravel_index(places, source.shape)).T.reshape(len(places), -1)


def paired(operands: Sequence[tuple[Array, Numbers]]) -> Box | None:
    """The box of pairs of rows, one of each operand, whose coordinates are (group, row, row of the other).

    Pairs that share a row are of one group: the heads of an attention have nothing in common.
    """
    (lefts, i), (rights, j) = (np.unique(places, return_inverse=True) for _, places in operands)
    group = np.arange(len(lefts))
    for _ in range(ROUNDS):
        other = np.full(len(rights), len(lefts))
        np.minimum.at(other, j, group[i])
        before, group = group, group.copy()
        np.minimum.at(group, i, other[j])
        if (before == group).all():
            at = np.stack([np.unique(group, return_inverse=True)[1][i], _rank(group)[i], _rank(other)[j]], 1)
            box = boxed(at, operands)
            return None if box is None or any(map(all, (strides for _, strides in box.patterns))) else box
    return None


def _rank(group: Numbers) -> Numbers:
    """How many earlier ones are of the same group."""
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], group[order])
    rank = np.empty(len(group), int)
    rank[order] = np.arange(len(group)) - starts
    return rank


def rectangle(
    operands: Sequence[tuple[Array, Numbers]], lengths: Sequence[int]
) -> tuple[list[Numbers], Any] | None:
    """The places of ragged rows, continued to one length, for each operand; and what is seen of them."""
    ends = np.cumsum(lengths)
    starts = ends - lengths
    inner = np.delete(np.arange(ends[-1] - 1), ends[:-1] - 1)  # steps inside of a row
    firsts, strides = [], []
    for _, places in operands:
        steps = np.diff(places)[inner]
        if (steps != steps[0]).any():
            return None
        firsts.append(places[starts])
        strides.append(int(steps[0]))
    for offset in _offsets(operands, firsts, strides, np.array(lengths)):
        width = int((offset + lengths).max())
        if width * len(lengths) > LIMIT * ends[-1]:
            continue
        full = []
        for (source, _), first, stride in zip(operands, firsts, strides, strict=True):
            rows = (first - stride * offset)[:, None] + stride * np.arange(width)
            if stride < 0 or rows.min() < 0 or rows.max() >= source.size or axes(rows[:, 0]) is None:
                break
            full.append(rows)
        else:
            k = np.arange(width)
            return full, (k >= offset[:, None]) & (k < (offset + lengths)[:, None])
    return None


def _offsets(
    operands: Sequence[tuple[Array, Numbers]],
    firsts: Sequence[Numbers],
    strides: Sequence[int],
    lengths: Numbers,
) -> Iterator[Numbers]:
    """How ragged rows may stand one below the other: as in a source; at the left; at the right."""
    for (source, _), first, stride in zip(operands, firsts, strides, strict=True):
        for axis, size in enumerate(source.shape):
            if stride and stride == prod(source.shape[axis + 1 :]):
                offset = first // stride % size
                yield offset - offset.min()
    yield np.zeros_like(lengths)
    yield lengths.max() - lengths


def gaps(box: Box, op: Op | None = None, args: Sequence[Any] = ()) -> Gaps | None:
    """The gaps of a box; what a row makes of what is in those of its arguments, if that is known."""
    if (seen := box.seen()).all():
        return None
    seen = Seen(seen)
    there = [
        arg.gaps.fill if isinstance(arg, Array) and arg.gaps and arg.gaps.seen == seen else None
        for arg in args
    ]
    zero = (op is ops.mul and 0 in there) or (op is ops.div and there[0] == 0)
    if zero or (op is ops.exp and there[0] == -inf):
        return Gaps(seen, 0.0)
    return Gaps(seen, -inf if op is ops.sub and there[0] == -inf else None)


def are_gaps(source: Array, places: Numbers, fill: float | None = None) -> bool:
    """Whether nothing stands at these places of a source, filled with this number if one is given."""
    if source.gaps is None or source.gaps.seen.numbers.flat[places].any():
        return False
    return fill is None or source.gaps.fill == fill


def squeezed(labels: str, seen: Any) -> tuple[str, Any]:
    """What is seen, without the axes along which it stays the same, and the labels of those that are left."""
    labels = labels[: seen.ndim]
    for axis, label in reversed([*enumerate(labels)]):
        if (seen == seen.take([0], axis)).all():
            seen, labels = seen.take(0, axis), labels.replace(label, "")
    return labels, seen
