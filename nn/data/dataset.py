"""Dataset: examples and their targets, which a seed alone splits, shuffles and cuts into batches."""

import operator
from collections.abc import Iterator, Mapping, Set
from numbers import Integral
from random import Random
from typing import Any

from nn.checks import check_whole, library, plain

Seed = int | tuple[int, ...]
"""What decides random numbers: an int, or several, such as (seed, epoch)."""


NUMBERS = {int, float, bool, complex, str}  # types that are as they should be


class Dataset:
    """Examples x and their targets y: two lists or NumPy arrays of the same length.

    Columns of pandas, tensors and the like are made arrays here, once, row by row as they stand; and floats
    of other sizes, also in lists, become Python's, so that no parameter takes their type.

    `data[3]` is the pair (x[3], y[3]), and iterating gives all pairs; `data[10:20]` and `data[[3, 1, 4]]`
    are Datasets. The same seed gives the same order in every process, so that a training that shuffles by
    (seed, epoch) can be resumed at any epoch.

    ValueError for lengths that differ; TypeError for what has no length, no order (a dict, a set), or gaps
    (a masked array).

    >>> data = Dataset([[0, 0], [0, 1], [1, 0]], [0, 1, 1])
    >>> data[1]
    ([0, 1], 1)
    >>> data[[2, 0]].y
    [1, 0]
    """

    def __init__(self, x: Any, y: Any) -> None:
        x, y = _column("x", x), _column("y", y)
        try:
            n, targets = len(x), len(y)
        except TypeError as error:
            raise TypeError(f"Dataset: x and y must be lists or arrays: {error}") from None
        if n != targets:
            raise ValueError(f"Dataset: {n} examples and {targets} targets; every example needs one")
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.y)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return zip(self.x, self.y, strict=True)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._part(self.x[index], self.y[index])
        if hasattr(index, "__len__"):
            rows = [self._row(i) for i in index]
            return self._part(_take(self.x, rows), _take(self.y, rows))
        row = self._row(index)
        return self.x[row], self.y[row]

    @staticmethod
    def _part(x: Any, y: Any) -> "Dataset":
        """A Dataset of rows of this one, which are converted."""
        part = object.__new__(Dataset)
        part.x, part.y = x, y
        return part

    def _row(self, index: Any) -> int:
        if not isinstance(index, Integral) or isinstance(index, bool):
            raise TypeError(
                f"Dataset: {index!r} is no index; give whole numbers (for a mask: numpy.flatnonzero(mask))"
            )
        row = operator.index(index)
        if not -len(self) <= row < len(self):
            raise IndexError(f"Dataset: there is no example {row} among {len(self)}")
        return row

    def split(self, fraction: float, seed: Seed = 0) -> tuple["Dataset", "Dataset"]:
        """Two Datasets of every example once, in random order: `fraction` of them, and the rest.

        ValueError where one of the two would be empty.
        """
        n = round(fraction * len(self)) if 0 < fraction < 1 else 0
        if not 0 < n < len(self):
            raise ValueError(
                f"Dataset.split: fraction {fraction!r} of {len(self)} examples leaves a part empty; "
                "give one between 0 and 1, such as 0.8"
            )
        order = _permutation(len(self), seed)
        return self[order[:n]], self[order[n:]]

    def shuffle(self, seed: Seed = 0) -> "Dataset":
        """The same examples in random order."""
        return self[_permutation(len(self), seed)]  # type: ignore[no-any-return]

    def batches(self, size: int, seed: Seed | None = None, drop_last: bool = False) -> Iterator["Dataset"]:
        """Datasets of `size` examples that hold every example once: in order, or shuffled by a seed.

        The last one is smaller where `size` does not divide the number of examples; `drop_last` omits it.

        >>> [batch.y for batch in Dataset("abcde", [0, 1, 2, 3, 4]).batches(2)]
        [[0, 1], [2, 3], [4]]
        """
        check_whole("Dataset.batches", "size", size)
        n = len(self)
        order = range(n) if seed is None else _permutation(n, seed)
        end = n - n % size if drop_last else n
        chosen = (list(order[i : i + size]) for i in range(0, end, size))
        return (self._part(_take(self.x, rows), _take(self.y, rows)) for rows in chosen)

    def __repr__(self) -> str:
        return f"Dataset({len(self)} examples)"


def random_numbers(seed: Seed) -> Random:
    """The random numbers of a seed, the same in every process. TypeError for what is no seed."""
    parts = seed if isinstance(seed, tuple) else (seed,)
    if not all(isinstance(part, Integral) for part in parts):
        raise TypeError(f"seed must be an int or a tuple of ints, not {seed!r}")
    return Random(" ".join(str(int(part)) for part in parts))


def _permutation(n: int, seed: Seed) -> list[int]:
    order = list(range(n))
    random_numbers(seed).shuffle(order)
    return order


def _take(sequence: Any, rows: list[int]) -> Any:
    return sequence[rows] if hasattr(sequence, "__array__") else [sequence[row] for row in rows]


# ── Columns ─────────────────────────────────────────────────────────────────────────────────────────


def _column(name: str, rows: Any) -> Any:
    """The examples or the targets, as Python's numbers in lists or as an array of NumPy's."""
    if isinstance(rows, Mapping | Set):
        raise TypeError(
            f"Dataset: {name} is a {type(rows).__name__}, which has no rows by number; "
            f"give a list in the order of the examples"
        )
    return _converted(name, rows)


def _converted(name: str, rows: Any) -> Any:
    """The same rows, those of lists one by one."""
    kind = type(rows)
    if kind in (list, tuple):
        if {*map(type, rows)} <= NUMBERS:
            return rows
        converted = [_converted(name, row) for row in rows]
        return rows if all(map(operator.is_, rows, converted)) else kind(converted)
    if hasattr(rows, "to_numpy"):  # a column or a table of pandas or polars, whose [i] may go by a label
        array = rows.to_numpy()
        return _converted(name, array.tolist() if array.dtype.kind == "O" else array)
    if hasattr(rows, "mask") and hasattr(rows, "filled"):
        raise TypeError(
            f"Dataset: {name} is a masked array, and a Dataset has no gaps; leave the masked rows out, or "
            f"fill them: {name}.filled(0)"
        )
    return _array(name, rows) if hasattr(kind, "__array__") else rows


def _array(name: str, rows: Any) -> Any:
    """What NumPy can hold, as an array of float64 if it is one of floats; a scalar as Python's number."""
    numpy = library("numpy", "Dataset")
    array = rows
    if not isinstance(rows, numpy.ndarray) or isinstance(rows, numpy.matrix):
        try:
            array = numpy.asarray(rows)
        except Exception as error:  # a tensor on another device, or one that records its gradient
            raise TypeError(
                f"Dataset: {name} holds a {type(rows).__name__} that gives no array ({error}); "
                "make it one, for PyTorch by .detach().cpu().numpy()"
            ) from None
    if not array.ndim:
        return plain(array)
    return array.astype(float, copy=False) if array.dtype.kind == "f" else array
