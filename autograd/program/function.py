"""Function: any function of numbers, nested lists, dicts and arrays, compiled to array code.

The gradient of a function that grad or value_and_grad was given is swept over the arrays; all other
transforms are recorded as what they compute.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from math import prod
from typing import Any

import numpy as np

from autograd.derivatives import GRADIENTS, Gradient, positions
from autograd.program.arrays import Array
from autograd.program.compiled import Compiled, names_of
from autograd.program.differentiate import differentiate
from autograd.program.forms import (
    FLOATS,
    Arguments,
    Given,
    Place,
    places_in,
    relaid,
    shape_of,
    walk,
)
from autograd.program.reroll import Roll
from autograd.program.saving import Readable
from autograd.program.trace import Graph, Recorded, trace
from autograd.recording import running
from autograd.trees import is_array, is_opaque, rebuilt

FEW = 8  # numbers of a result that are returned one by one; more stand in a row


class Function(Readable):
    """What `compile` returns for a function alone: call it as f, with numbers and arrays of numbers."""

    def __init__(
        self, f: Callable[..., Any], batch: bool | Sequence[bool] = False, engine: str = "numpy"
    ) -> None:
        self.batch = batch if isinstance(batch, bool) else tuple(batch) if isinstance(batch, Iterable) else ()
        if not isinstance(self.batch, bool) and not ({*map(type, self.batch)} == {bool} and any(self.batch)):
            raise TypeError(
                f"compile: batch={batch!r:.60} is neither True nor False, nor one of them for each argument, "
                "of which one at least is True"
            )
        self.f = f
        self.engine = engine
        self._lowered: dict[Any, _Lowered] = {}
        self._names: dict[int, list[str]] = {}
        self.__name__ = getattr(f, "__name__", type(f).__name__)
        self.__doc__ = getattr(f, "__doc__", None)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """What f returns, as floats and arrays of floats.

        Within a transform, or what is being compiled, it is f itself, which records what it does.
        """
        if running.get() is not None and not self.batch:
            return self.f(*args, **named)
        form: Any
        numbers: Sequence[Any]
        if not (named or self.batch) and {*map(type, args)} == {float}:  # most calls: their form is how many
            form, numbers, dtype = len(args), args, FLOATS[0]
        else:
            given = Given(*self._arguments(args, named))
            form, numbers, dtype = given.form, given.numbers, given.dtype
        lowered = self._lowered.get(form)
        if lowered is None:
            lowered = self._lowered[form] = _Lowered(self, *self._arguments(args, named), len(args))
        self._latest = lowered.compiled
        return lowered(numbers, dtype)

    def _arguments(
        self, args: Sequence[Any], named: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Sequence[bool]]:
        """The arguments by name, and whether each has an axis of examples."""
        names = self._names.get(len(args))
        if names is None:
            names = self._names[len(args)] = names_of(self.f, len(args))
        arguments = dict(zip(names, args, strict=True))
        for name in sorted(named):
            if name in arguments:
                raise TypeError(f"{self.__name__}() got {name} by its place and by its name")
            arguments[name] = named[name]
        if isinstance(self.batch, bool):
            return arguments, [self.batch] * len(arguments)
        if named or len(self.batch) != len(args):
            raise TypeError(
                f"{self.__name__}: batch={self.batch} is for {len(self.batch)} arguments by their places, "
                f"and the call has {len(args)}{f' and {len(named)} by name' * bool(named)}"
            )
        return arguments, self.batch

    def __repr__(self) -> str:
        return f"compile({self.__name__})"


class _Lowered:
    """A function compiled for arguments of one form.

    results   the arrays that the program returns, and the tree of them that the function returns
    """

    results: Any
    _made: Any  # the arguments with symbols, as the function was recorded with them

    def __init__(
        self, function: Function, arguments: Mapping[str, Any], flags: Sequence[bool], places: int
    ) -> None:
        self._given: Any = arguments, flags, places
        gradient = _gradient_of(function.f)
        recorded = gradient and self._recorded_gradient(gradient)
        if gradient and recorded:
            lower = partial(self._gradient, recorded, gradient)
        else:  # no gradient, or none that exists: grad itself will say so
            recorded = self._recorded(function.f)
            lower = partial(self._plain, recorded)
        self.compiled = Compiled(recorded, self._made.inputs, lower, function.engine, function.__name__)
        self.results.roll = self._given = self._made = None  # what is not needed to run

    def __call__(self, numbers: Sequence[Any], dtype: Any) -> Any:
        """What the function returns."""
        return self.results.tree_of(self.compiled.run(numbers, dtype))

    def _recorded(self, f: Callable[..., Any], by: Sequence[int] = ()) -> Recorded:
        """Record f; arguments to differentiate by are each example's own."""
        arguments, flags, places = self._given
        spread = [any(flags) and not flag and i in by for i, flag in enumerate(flags)]

        def build(graph: Graph) -> tuple[Sequence[Any], dict[str, Any]]:
            self._made = Arguments(arguments, flags, spread, graph)
            built = self._made.build()
            return built[:places], dict(zip([*arguments][places:], built[places:], strict=True))

        return trace(f, {}, build)

    def _recorded_gradient(self, gradient: Gradient) -> Recorded | None:
        """Record the function that has the gradient; None where it returns no number."""
        recorded = self._recorded(gradient.f, positions(gradient.name, gradient.argnums, self._given[2])[0])
        y = recorded.tree
        if gradient.has_aux:
            y = y[0] if isinstance(y, tuple) and len(y) == 2 else None
        return recorded if shape_of(y) == () and not is_array(y) else None

    def _plain(self, recorded: Recorded, roll: Roll, roots: Sequence[int]) -> list[Array]:
        """The arrays of what the function returned."""
        results = self.results = _Results(roll, any(self._given[1]))
        results.tree = results.laid_out(recorded.tree, iter(roots))
        return results.arrays

    def _gradient(
        self, recorded: Recorded, gradient: Gradient, roll: Roll, roots: Sequence[int]
    ) -> list[Array]:
        """The arrays of the function's value and of its gradient, swept over the arrays."""
        batched = any(self._given[1])
        results = self.results = _Results(roll, batched)
        by, single = positions(gradient.name, gradient.argnums, self._given[2])
        trees = [[*self._made.layout.values()][i] for i in by]
        inputs = [*dict.fromkeys(place.which for place in places_in(trees))]
        root = roll.block(roots[:1], (), batched)
        seed = roll.arrays.add("seed", (), (), False, how="sum")
        value = results.laid_out(recorded.tree, iter(roots)) if gradient.name != "grad" else None
        aux = results.laid_out(recorded.tree[1], iter(roots[1:])) if gradient.has_aux else None
        found = differentiate(roll.arrays, root, [roll.inputs[i] for i in inputs], seed)
        slopes: Any = results.like(trees, dict(zip(inputs, found, strict=True)))
        slopes = slopes[0] if single else tuple(slopes)
        pair = (slopes, aux) if gradient.has_aux else slopes
        results.tree = pair if gradient.name == "grad" else (value, slopes)
        return results.arrays


class _Results:
    """The arrays that a program returns, and the tree that is made of them, with a Place for every leaf."""

    def __init__(self, roll: Roll, batched: bool) -> None:
        self.roll: Any = roll
        self.batched = batched
        self.arrays: list[Array] = []
        self.tree: Any = None
        self._take: list[Callable[[Any], Any]] = []

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "arrays": [None] * len(self.arrays)}  # how many is all that is needed

    def add(self, array: Array, take: Callable[[Any], Any]) -> int:
        """One more array, and what makes of it what leaves are taken from."""
        again = array in self.arrays
        self.arrays.append(array)
        self._take.append(np.array if self.batched and again else np.asarray if self.batched else take)
        return len(self.arrays) - 1

    def laid_out(self, tree: Any, roots: Iterator[int]) -> Any:
        """What the function returned."""
        alone: list[int] = []

        def leaf(path: Any, x: Any) -> Any:
            if is_opaque(x):
                return x
            shape = shape_of(x) or ()
            nodes = [*islice(roots, prod(shape))]
            if not nodes:
                return np.zeros(shape)  # an array without numbers
            if shape or is_array(x):
                kind = np.ndarray if is_array(x) else list
                return Place(self.add(self.block(nodes, shape), np.array), None, shape, kind)
            alone.extend(nodes)
            return Place(-1, len(alone) - 1, (), float)

        laid = walk(tree, leaf, lambda tree: self.batched and shape_of(tree) is not None)
        if len(alone) > FEW:
            row = self.add(self.block(alone, (len(alone),)), np.ndarray.tolist)
            return relaid(laid, lambda place: replace(place, which=row) if place.which < 0 else place)
        first = [self.add(self.block([node], ()), float) for node in alone]
        return relaid(laid, lambda x: replace(x, which=first[x.start or 0], start=None) if x.which < 0 else x)

    def block(self, nodes: Sequence[int], shape: Sequence[int]) -> Array:
        """Nodes as an array."""
        return self.roll.block(nodes, shape, self.batched)  # type: ignore[no-any-return]

    def like(self, trees: list[Any], slopes: Mapping[int, Array | None]) -> list[Any]:
        """The gradients in the shape of the arguments, by input."""
        arrays, where = self.roll.arrays, {}
        alone = {place.which: place for place in places_in(trees) if place.start is None}
        for which, slope in slopes.items():
            x = self.roll.inputs[which]
            slope = slope or arrays.zeros(arrays.reshape(x, (x.size,)))
            shape = alone[which].shape if which in alone else (x.size,)
            take = (
                np.ndarray.tolist
                if which not in alone
                else np.array
                if alone[which].kind is np.ndarray
                else float
            )
            where[which] = self.add(arrays.own(arrays.reshape(slope, shape), batched=self.batched), take)
        return [relaid(tree, lambda x: replace(x, which=where[x.which]), derivative=True) for tree in trees]

    def tree_of(self, results: Any) -> Any:
        """What the function returns, of what the step of the program returned."""
        if type(self.tree) is Place and self.tree.start is None:  # as most functions return: one of one array
            return self._take[0](results)
        if len(self.arrays) < 2:
            results = (results,)[: len(self.arrays)]
        values = [take(x) for take, x in zip(self._take, results, strict=True)]

        def leaf(path: Any, place: Any) -> Any:
            if type(place) is not Place:
                return place
            value, start = values[place.which], place.start
            if start is None:
                return value
            part = slice(start, start + prod(place.shape)) if place.shape else start
            return value[:, part].copy() if self.batched else value[part]

        return walk(self.tree, leaf, join=_stacked if self.batched else rebuilt)


def _stacked(tree: Any, parts: list[Any]) -> Any:
    """A container of results of many examples: a list of equal ones is an axis."""
    if isinstance(tree, list) and len({getattr(x, "shape", None) for x in parts}) == 1 and is_array(parts[0]):
        return np.stack(parts, axis=1)
    return rebuilt(tree, parts)


def _gradient_of(f: Any) -> Gradient | None:
    try:
        return GRADIENTS.get(f)
    except TypeError:  # no weak reference, or no hash
        return None
