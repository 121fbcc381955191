"""Numbers and arrays of the user's own library: read as NumPy's, moved, and made again in that library.

No library is imported here but NumPy, which the others need themselves: who hands in an array has it.

    tree   as in `autograd.trees`, where arrays of NumPy, PyTorch and JAX may stand
    leaf   a number or an array in the arguments    v   an entry, by its place among all, or weights of all
"""

import math
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from copy import copy
from dataclasses import dataclass, replace
from functools import cache
from math import prod
from numbers import Number
from random import Random
from typing import Any, NamedTuple

from autograd.op import is_complex
from autograd.testing.oracles import epsilon, plain
from autograd.trees import is_opaque, parts, rebuilt, structure

Weights = int | Any  # one entry alone, or a weight for each: a list, or an array of NumPy


class Library(NamedTuple):
    """How arrays of a library are read as NumPy's and made again, and where they keep their digits."""

    read: Callable[[Any], Any]
    make: Callable[[Any, Any], Any]  # of a NumPy array, on the device of another one
    wide: Callable[[], AbstractContextManager[Any]] = nullcontext


def _from_torch(x: Any) -> Any:
    return x.detach().cpu().resolve_conj().resolve_neg().numpy()


def _to_torch(x: Any, like: Any) -> Any:
    return sys.modules["torch"].as_tensor(x, device=like.device)


def _from_jax(x: Any) -> Any:
    return sys.modules["numpy"].asarray(x)


def _to_jax(x: Any, like: Any) -> Any:
    return sys.modules["jax"].numpy.asarray(x)


def _jax_in_double() -> Any:
    return sys.modules["jax"].enable_x64(True)


JAX = Library(_from_jax, _to_jax, _jax_in_double)
LIBRARIES = {  # by the package that an array's class belongs to
    "numpy": Library(lambda x: x, lambda x, like: x),
    "torch": Library(_from_torch, _to_torch),
    "jax": JAX,
    "jaxlib": JAX,
}


def library(x: Any) -> Library | None:
    """The library of an array; None for what is no array. TypeError where it is not known."""
    kind: Any = type(x)
    return _library(kind)


@cache
def _library(kind: Any) -> Library | None:
    if issubclass(kind, Number) or not (hasattr(kind, "shape") and hasattr(kind, "dtype")):
        return None
    for base in kind.__mro__:
        if own := LIBRARIES.get(base.__module__.partition(".")[0]):
            return own
    raise TypeError(
        f"check_gradient: {kind.__name__} is an array of an unknown library; hand in numbers, or arrays of "
        "NumPy, PyTorch or JAX"
    )


# ── Trees with such arrays ──────────────────────────────────────────────────────────────────────────


def mapped(f: Callable[[Any], Any], tree: Any) -> Any:
    """The tree with f of each number and array."""
    if isinstance(tree, dict | list | tuple):
        branches = tree.values() if isinstance(tree, dict) else tree
        return rebuilt(tree, [mapped(f, branch) for branch in branches])
    return tree if is_opaque(tree) else f(tree)


def read(x: Any) -> Any:
    """An array as NumPy's; a number as it is."""
    own = library(x)
    return own.read(x) if own else x


def flat(tree: Any) -> Any:
    """All numbers of a tree in a row: an array of NumPy where one is in it, else a list."""
    found = [read(x) for _, x in parts(tree, "")]
    if not any(map(library, found)):
        return found
    import numpy

    return numpy.concatenate([numpy.ravel(x) for x in found])


def dot(numbers: Any, weights: Weights) -> Any:
    """One of the numbers, or a weighted sum of them."""
    if isinstance(weights, int):
        one = numbers[weights]
    elif hasattr(numbers, "dtype"):
        one = numbers @ sys.modules["numpy"].asarray(weights, numbers.dtype)
    else:
        one = sum(w * x for w, x in zip(weights, numbers, strict=True))
    return plain(one) if epsilon(one) == sys.float_info.epsilon or is_complex(one) else one


def weighted(tree: Any, weights: Weights) -> Any:
    """A tree like another, with the weights as its numbers: of the same types, on the same devices."""
    start = 0

    def piece(x: Any) -> Any:
        nonlocal start
        own, first, size = library(x), start, size_of(x)
        start += size
        if own is None:
            return 0 * x + (int(first == weights) if isinstance(weights, int) else weights[first])
        new = sys.modules["numpy"].zeros_like(own.read(x))
        if isinstance(weights, int):
            if first <= weights < first + size:
                new.flat[weights - first] = 1
        else:
            new.flat[:] = weights[first : first + size]
        return own.make(new, x)

    return mapped(piece, tree)


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an array; of a number, or of another tree, ()."""
    return tuple(map(int, getattr(x, "shape", ())))


def size_of(x: Any) -> int:
    """How many numbers stand in an array; 1 for a number."""
    return prod(shape_of(x))


def indexed(pieces: Iterable[tuple[str, tuple[int, ...]]], k: int) -> str:
    """The name of the k-th number in named numbers and arrays, each with its shape: `W[2, 3]`."""
    for name, shape in pieces:
        if k >= prod(shape):
            k -= prod(shape)
            continue
        index: list[str] = []
        for length in reversed(shape):
            k, i = divmod(k, length)
            index.insert(0, str(i))
        return f"{name}[{', '.join(index)}]" if index else name
    raise IndexError(k)


# ── The point at which is checked ───────────────────────────────────────────────────────────────────


@dataclass
class Leaf:
    """A number or an array in the arguments; its numbers are those from `start` on among all."""

    name: str
    original: Any
    value: Any  # a number, or an array of NumPy
    start: int
    size: int
    epsilon: Any


class Point:
    """The arguments of a function, as they were given: where it is called nearby.

    wide   whether arrays are handed to the function in double precision, whatever they are themselves
    """

    def __init__(self, args: tuple[Any, ...], names: Sequence[str]) -> None:
        self.args, self.wide = args, True
        self.leaves: list[Leaf] = []
        start = 0
        for arg, name in zip(args, names, strict=True):
            for part, x in parts(arg, name):
                self.leaves.append(_leaf(part, x, start))
                start += self.leaves[-1].size
        self.size = start
        self.arrays = [leaf for leaf in self.leaves if library(leaf.original)]
        self.precision = max((leaf.epsilon for leaf in self.leaves), default=0)

    def leaf(self, i: int) -> Leaf:
        """The leaf in which the i-th number stands."""
        return next(leaf for leaf in self.leaves if i < leaf.start + leaf.size)

    @property
    def rounding(self) -> float:
        """The precision in which the function computes, where its arguments are no coarser."""
        return sys.float_info.epsilon if self.wide else math.inf

    def name(self, i: int) -> str:
        """The name of the i-th number."""
        return indexed(((leaf.name, shape_of(leaf.value)) for leaf in self.leaves), i)

    def number(self, i: int) -> Any:
        """The i-th number: in double precision, or in its own."""
        leaf = self.leaf(i)
        x = leaf.value.flat[i - leaf.start] if hasattr(leaf.value, "flat") else leaf.value
        return plain(x) if self.wide else x

    def numbers(self) -> Iterator[Any]:
        """All numbers, as Python's."""
        for leaf in self.leaves:
            yield from leaf.value.ravel().tolist() if library(leaf.original) else [plain(leaf.value)]

    def here(self) -> tuple[Any, ...]:
        """The arguments themselves, copied."""
        return self.made(lambda leaf: self._kind(leaf, 0.0))

    def nudged(self, random: Random, precision: Any = math.inf) -> "Point":
        """The point with each number moved by four last places, its own or of a precision, up or down."""
        return self._times(lambda leaf: _nudge(leaf, random, min(precision, leaf.epsilon)))

    def scaled(self, factor: float) -> "Point":
        """The point nearer to 0, or farther from it."""
        return self._times(lambda leaf: factor)

    def _times(self, factor: Callable[[Leaf], Any]) -> "Point":
        def times(leaf: Leaf) -> Any:
            new = leaf.value * factor(leaf)
            if not library(leaf.value):
                return new
            return sys.modules["numpy"].asarray(new, float if self.wide else leaf.value.dtype)

        other = copy(self)
        other.leaves = [replace(leaf, value=times(leaf)) for leaf in self.leaves]
        return other

    def moved(self, v: Weights, t: Any) -> tuple[Any, ...]:
        """The arguments with t in place of the entry v, or moved t times along the weights v."""
        return self.made(lambda leaf: self._moved(leaf, v, t))

    def made(self, value: Callable[[Leaf], Any]) -> tuple[Any, ...]:
        """The arguments with another value for each leaf, in the user's library."""
        leaves = iter(self.leaves)

        def piece(x: Any) -> Any:
            own, new = library(x), value(next(leaves))
            return own.make(new, x) if own else new

        return tuple(mapped(piece, arg) for arg in self.args)

    def _moved(self, leaf: Leaf, v: Weights, t: Any) -> Any:
        new = self._kind(leaf, t)
        if not isinstance(v, int):
            way = v[leaf.start : leaf.start + leaf.size]
            return (new + t * way.reshape(new.shape)).astype(new.dtype) if library(new) else new + t * way[0]
        if leaf.start <= v < leaf.start + leaf.size:
            if not library(leaf.original):
                return t
            new.flat[v - leaf.start] = t
        return new

    def _kind(self, leaf: Leaf, t: Any) -> Any:
        """A leaf as the function gets it, arrays in a copy; complex where t is."""
        if not library(leaf.original):
            return plain(leaf.value)
        return leaf.value.astype((complex if is_complex(t) else float) if self.wide else leaf.value.dtype)

    def context(self) -> ExitStack:
        """In which a function may be called anywhere: no warning, and as many digits as it is given."""
        stack = ExitStack()
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        if self.arrays:
            stack.enter_context(sys.modules["numpy"].errstate(all="ignore"))
        if self.wide:
            for own in {library(leaf.original) for leaf in self.arrays} - {None}:
                stack.enter_context(own.wide())  # type: ignore[union-attr]
        return stack

    def changed(self) -> str | None:
        """The name of an array that no longer holds what it held."""
        for leaf in self.arrays:
            if not (read(leaf.original) == leaf.value).all():
                return leaf.name
        return None


def _nudge(leaf: Leaf, random: Random, precision: Any) -> Any:
    """What moves each number of a leaf by four last places."""
    if not library(leaf.original):
        return 1 + random.choice((-4, 4)) * precision
    signs = sys.modules["numpy"].array(random.choices((-4, 4), k=leaf.size)).reshape(leaf.value.shape)
    return 1 + signs * precision


def _leaf(name: str, x: Any, start: int) -> Leaf:
    """A leaf of the arguments; TypeError or ValueError for what has no derivative."""
    own = library(x)
    if own is None:
        if not isinstance(x, Number) or is_complex(x):
            raise TypeError(
                f"check_gradient: {name} is the {type(x).__name__} {structure(x)}; hand in real numbers, "
                "arrays, or lists, tuples and dicts of them"
            )
        if not abs(x) < math.inf:  # type: ignore[arg-type]
            raise ValueError(f"check_gradient: {name} is {x}; give numbers that are finite")
        return Leaf(name, x, x, start, 1, epsilon(x))
    kind = str(x.dtype).removeprefix("torch.")
    if kind not in ("float16", "float32", "float64"):
        raise TypeError(
            f"check_gradient: {name} is an array of {kind}, not of float64 or float32; hand in floats, "
            "and keep what is no variable out of the arguments"
        )
    import numpy

    value = numpy.array(own.read(x))
    if not numpy.isfinite(value).all():
        raise ValueError(f"check_gradient: {name} holds inf or nan; give numbers that are finite")
    return Leaf(name, x, value, start, value.size, float(numpy.finfo(value.dtype).eps))
