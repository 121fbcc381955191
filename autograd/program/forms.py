"""Forms: the numbers in nested lists, tuples, dicts and arrays, as the inputs and results of a program.

leaf     of a tree: a number, an array, a row (a list of floats), or what is no number (None, a string)
axes     whether lists are axes, as in arguments and results of many examples; tuples and dicts hold several
form     what the arguments of two calls must share for one program to do for both: containers, kinds, shapes
input    of a program: a number alone, the other numbers of an argument in a row, or an array
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from numbers import Number
from typing import Any

import numpy as np

from autograd.op import describe
from autograd.program.arrays import Input
from autograd.program.symbol import Symbol
from autograd.program.trace import Graph, nested
from autograd.trees import array_like, is_array, is_opaque, leaves, rebuilt, structure
from autograd.value import Value

FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
Join = Callable[[Any, list[Any]], Any]
Path = tuple[Any, ...]


def walk(
    tree: Any,
    leaf: Callable[[Path, Any], Any],
    is_leaf: Callable[[list[Any]], bool] = lambda tree: False,
    join: Join = rebuilt,
    path: Path = (),
) -> Any:
    """What `leaf` makes of every leaf and its place in the tree, joined container by container."""
    branches: Any
    if isinstance(tree, dict):
        branches = tree.items()
    elif isinstance(tree, tuple) or (isinstance(tree, list) and not is_leaf(tree)):
        branches = enumerate(tree)
    else:
        return leaf(path, tree)
    return join(tree, [walk(branch, leaf, is_leaf, join, (*path, key)) for key, branch in branches])


def is_row(tree: list[Any]) -> bool:
    """Whether all elements of a list are floats."""
    return {*map(type, tree)} == {float}


def shape_of(tree: Any) -> tuple[int, ...] | None:
    """The shape of nested lists of symbols; None where they are ragged or hold something else."""
    if isinstance(tree, list):
        shapes = {shape_of(branch) for branch in tree}
        return (len(tree), *shapes.pop()) if len(shapes) == 1 and None not in shapes else None  # type: ignore[misc]
    if is_array(tree):
        return tuple(tree.shape)
    return None if isinstance(tree, tuple | dict) or is_opaque(tree) else ()


def form_of(tree: Any, parts: list[Any]) -> Any:
    """The form of a container by those of its branches."""
    keys = [(type(key), key) for key in tree] if isinstance(tree, dict) else []  # 1 and True are equal
    return (type(tree), *keys, *parts)


def is_number(x: Any) -> bool:
    """Whether it is one number."""
    return isinstance(x, Number) and not isinstance(x, Value)


def is_whole(x: Any) -> bool:
    """Whether a number, or an array of them, is whole by its type."""
    return x.dtype.kind != "f" if is_array(x) else isinstance(x, int | np.integer | np.bool_)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a leaf of a tree lies: in the input or result number `which`, at `start` if it is a part of it.

    shape  of the leaf; of one example where there are many      kind  list, np.ndarray, or a type of number
    """

    which: int
    start: int | None
    shape: tuple[int, ...]
    kind: type


def relaid(tree: Any, move: Callable[[Place], Any], derivative: bool = False) -> Any:
    """The tree with other Places; in a derivative None stands for what is no number."""
    return walk(tree, lambda path, leaf: move(leaf) if type(leaf) is Place else None if derivative else leaf)


def places_in(tree: Any) -> list[Place]:
    """The Places of a tree from left to right."""
    found: list[Place] = []
    walk(tree, lambda path, leaf: found.append(leaf) if type(leaf) is Place else None)
    return found


class Given:
    """The arguments of a call, as what the inputs of a program get.

    form     of the arguments: hashable                       n      how many examples; None without axes
    numbers  for each input: a number, a list or an array     dtype  float32 where all arrays of floats are
    """

    def __init__(self, arguments: Mapping[str, Any], flags: Sequence[bool]) -> None:
        self.numbers: list[Any] = []
        self.n: int | None = None
        self._dtypes: set[Any] = set()
        forms: list[Any] = []
        for (self._name, tree), flag in zip(arguments.items(), flags, strict=True):
            if type(tree) is float and not flag:  # most arguments of most functions
                self.numbers.append(tree)
                forms.append(float)
            elif type(tree) is np.ndarray:
                array = self._examples(tree) if flag else tree
                self.numbers.append(array)
                forms.append((flag, self._checked(array, True), array.shape[flag:]))
            else:
                forms.append(self._read(tree, flag))
        self.form = (*arguments, *forms)

    @property
    def dtype(self) -> Any:
        """Of the program's floats."""
        return next(iter(self._dtypes)) if len(self._dtypes) == 1 else FLOATS[0]

    def _read(self, tree: Any, flag: bool) -> Any:
        """The form of an argument, whose numbers are noted: those that are in no array come first."""
        rows: dict[bool, list[Any]] = {False: [], True: []}
        arrays: list[Any] = []

        def leaf(path: Path, x: Any) -> Any:
            if is_opaque(x):
                return "is", self._hashable(x)
            if flag:
                x, kind = self._examples(x), type(x)
                arrays.append(x)
                return kind is list, self._checked(x, kind is not list), x.shape[1:]
            if is_array(x):
                arrays.append(x)
                return self._checked(x, True), x.shape
            if isinstance(x, list):
                rows[False].extend(x)
                return list, len(x)
            whole = self._is_whole(x)
            rows[whole].append(x)
            return int if whole else float

        form = walk(tree, leaf, (lambda tree: True) if flag else is_row, form_of)
        self.numbers += [tree] if is_number(tree) else [row for row in rows.values() if row]
        self.numbers += arrays
        return flag, form

    def _is_whole(self, x: Any) -> bool:
        if not is_whole(x) and not isinstance(x, float | np.floating):
            remedy = "give its number, x.data" if isinstance(x, Value) else "give floats, or use f itself"
            raise TypeError(
                f"compile: {self._name} holds {describe(x)}, a {type(x).__name__}, which arrays of floats "
                f"cannot hold; {remedy}"
            )
        return is_whole(x)

    def _checked(self, array: Any, is_typed: bool) -> str:
        """The kind of an array's numbers. TypeError for kinds that would be rounded, and for masks."""
        if isinstance(array, np.ma.MaskedArray):
            raise TypeError(
                f"compile: {self._name} is a masked array, whose mask would be lost; fill it, x.filled(0.0), "
                "and give the mask as another argument"
            )
        if array.dtype.kind not in "fiub" or (array.dtype.kind == "f" and array.dtype not in FLOATS):
            raise TypeError(
                f"compile: {self._name} is an array of {array.dtype}; make it one of float64, float32 or "
                "whole numbers, as with x.astype(float)"
            )
        if array.dtype.kind == "f" and is_typed:
            self._dtypes.add(array.dtype)
        return "float" if array.dtype.kind == "f" else "whole"

    def _from_list(self, x: list[Any]) -> Any:
        try:
            array = np.asarray(x)
        except (TypeError, ValueError):  # ragged
            array = np.empty(0, object)
        if array.dtype.kind not in "fiub":
            for number in leaves(x):
                self._is_whole(number)  # a number of another type says so
            raise TypeError(
                f"compile: {self._name} holds a list that is no array of numbers, {structure(x)}; make its "
                "rows equally long, and give several arrays as a tuple or a dict"
            )
        return array

    def _hashable(self, x: Any) -> Any:
        try:
            hash(x)
        except TypeError:
            raise TypeError(
                f"compile: {self._name} holds {x!r:.60}, which may change; make it a frozen dataclass"
            ) from None
        return x

    def _examples(self, x: Any) -> Any:
        """An array with an axis of examples."""
        array = self._from_list(x) if isinstance(x, list) else x
        if not is_array(array) or not array.ndim:
            raise TypeError(
                f"compile: {self._name} is {describe(x)}, without a first axis of examples; give an array or "
                "a list of them, or say batch=(True, False, …) with a flag for each argument"
            )
        if not len(array):
            raise ValueError(f"compile: {self._name} has no examples; give one at least")
        if self.n not in (None, len(array)):
            raise ValueError(
                f"compile: {self._name} has {len(array)} examples, and what stands before it {self.n}; the "
                "first axes are to be equally long"
            )
        self.n = len(array)
        return array


class Arguments:
    """The arguments of a call again, with symbols for numbers, and the inputs that these belong to.

    layout   by name the argument with a Place for every leaf       inputs   in the order of `Given.numbers`
    """

    def __init__(
        self, arguments: Mapping[str, Any], flags: Sequence[bool], spread: Sequence[bool], graph: Graph
    ) -> None:
        self.graph = graph
        self.inputs: list[Input] = []
        self.symbols: list[list[Symbol]] = []
        self.layout = {
            name: self._layout(name, tree, *how)
            for (name, tree), *how in zip(arguments.items(), flags, spread, strict=True)
        }

    def build(self) -> list[Any]:
        """The arguments, as the function gets them."""
        return [walk(tree, lambda path, leaf: self._symbols(leaf)) for tree in self.layout.values()]

    def _layout(self, name: str, tree: Any, flag: bool, spread: bool) -> Any:
        if is_number(tree):
            return Place(self._input(name, (), flag, is_whole(tree), spread), None, (), type(tree))
        counts = {False: 0, True: 0}

        def tally(path: Path, x: Any) -> None:
            if not (flag or is_array(x) or is_opaque(x)):
                counts[is_whole(x)] += len(x) if isinstance(x, list) else 1

        def leaf(path: Path, x: Any) -> Any:
            if is_opaque(x):
                return x
            if flag or is_array(x):
                array, kind = np.asarray(x), list if isinstance(x, list) else np.ndarray
                own = re.sub(r"\W+", "_", "_".join(map(str, (name, *path))))
                which = self._input(own, array.shape[flag:], flag, is_whole(array), spread)
                return Place(which, None, array.shape[flag:], kind)
            shape, whole = ((len(x),), False) if isinstance(x, list) else ((), is_whole(x))
            place = Place(rows[whole], counts[whole], shape, type(x))
            counts[whole] += prod(shape)
            return place

        is_leaf = (lambda tree: True) if flag else is_row
        walk(tree, tally, is_leaf)
        rows = {
            whole: self._input(name, (size,), flag, whole, spread) for whole, size in counts.items() if size
        }
        counts = {False: 0, True: 0}
        return walk(tree, leaf, is_leaf)

    def _input(self, name: str, shape: tuple[int, ...], batched: bool, whole: bool, spread: bool) -> int:
        """One more input: its number."""
        self.inputs.append(Input(name, shape, batched, whole, spread))
        self.symbols.append(self.graph.symbols(len(self.symbols), prod(shape), batched or spread))
        return len(self.symbols) - 1

    def _symbols(self, leaf: Any) -> Any:
        """The symbols of a leaf, as a number, nested lists or an array."""
        if type(leaf) is not Place:
            return leaf
        start = leaf.start or 0
        symbols = self.symbols[leaf.which][start : start + prod(leaf.shape)]
        if leaf.kind is np.ndarray and (leaf.shape or not self.inputs[leaf.which].batched):
            return array_like(np.empty(leaf.shape), symbols)
        return nested(symbols, leaf.shape)
