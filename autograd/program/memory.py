"""Memory: where every array of a program is kept, so that a step allocates nothing that it need not.

A buffer is used again once nothing needs what it holds, and in place where a row allows it. What is
assembled from parts (the gradient of theta, above all) lets its parts be computed where they belong.

    steady   the same in every step (1/n and what follows from it alone): computed once for a batch size
    last     the position of an array's last use in the order
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.op import Op
from autograd.program import kernels
from autograd.program.arrays import VIEWS, Array, base
from autograd.program.contract import product
from autograd.program.patterns import View, slicing

GIVEN = {"input", "constant", "seed", "count", "value"}  # without a buffer of the program
STEADY = {"constant", "seed", "count"}


class Place(NamedTuple):
    """An array's own buffer; or the one that `of` had; or, with a view, a part of the array `of`."""

    of: Array | None = None
    view: View | None = None


class Memory:
    """The places of the arrays of a program, `order`, with the gradient's given by the caller.

    places   by array, for those that have elements of their own
    begins   the arrays whose place is first needed by this one: itself, before it what it is a part of
    """

    def __init__(self, order: Sequence[Array], output: Array, gradient: Array | None) -> None:
        self.order = order
        self.gradient = gradient
        self.kept = [output, gradient] if gradient else [output]
        self.places: dict[Array, Place] = {}
        self.begins: dict[Array, list[Array]] = defaultdict(list)
        self.steady = self._steady()
        self.last = self._last()
        self.parts = self._parts()
        self._spare: dict[Any, list[Array]] = defaultdict(list)
        self._holding: set[Array] = set()  # the arrays that still need the buffer that they have
        self._run()

    def _steady(self) -> set[Array]:
        steady: set[Array] = set()
        for array in self.order:
            args = {arg for arg in array.args if isinstance(arg, Array)}
            follows = isinstance(array.op, Op) or array.op == "axes"
            if array.op in STEADY or (args and follows and args <= steady):
                steady.add(array)
        return steady

    def _last(self) -> dict[Array, int]:
        last = {}
        for at, array in enumerate(self.order):
            for arg in array.args:
                if isinstance(arg, Array):
                    last[base(arg)] = at
        end = len(self.order)
        return last | {base(array): end for array in [*self.kept, *self.steady]}

    def _parts(self) -> dict[Array, Place]:
        """The arrays that can be computed as a part of another."""
        uses: dict[Array, int] = defaultdict(int)
        for array in self.order:
            for arg in array.args:
                if isinstance(arg, Array):
                    uses[arg] += 1
        return {
            part: Place(array, view)
            for array in self.order
            if array.op == "assemble" and array.how.disjoint
            for part, view in zip(array.args, array.how.places, strict=True)
            if uses[part] == 1 and part not in self.steady and _fits(part, array, view)
        }

    def _run(self) -> None:
        """Find the place of every array, in order."""
        ends = defaultdict(list)
        for array, at in self.last.items():
            ends[at].append(array)
        for at, array in enumerate(self.order):
            if array.op not in GIVEN and array.op not in VIEWS:
                self._place(array, at, array)
            for ended in ends[at]:
                if ended in self._holding:
                    self._holding.remove(ended)
                    self._spare[kind(ended)].append(ended)

    def _place(self, array: Array, at: int, user: Array) -> None:
        if array in self.places:
            return
        if array in self.parts:
            self.places[array] = self.parts[array]
            self._place(self.parts[array].of, at, user)  # type: ignore[arg-type]
        elif array is self.gradient:
            self.places[array] = Place()
        else:
            self.places[array] = Place(self._again(array, at))
            self._holding.add(array)
        self.begins[user].append(array)

    def _again(self, array: Array, at: int) -> Array | None:
        """The array whose buffer this one takes over: an argument that ends here, or one that has ended."""
        if array in self.steady:
            return None
        if array.op in kernels.IN_PLACE:
            for arg in array.args:
                ends = arg in self._holding and self.last[arg] == at
                if ends and (arg.shape, kind(arg)) == (array.shape, kind(array)):
                    self._holding.remove(arg)
                    return arg  # type: ignore[no-any-return]
        return self._spare[kind(array)].pop() if self._spare[kind(array)] else None


class Kind(NamedTuple):
    """What a buffer must be like to hold an array."""

    batched: bool
    size: int
    type: str


def kind(array: Array) -> Kind:
    """What a buffer must be like to hold the array."""
    return Kind(array.batched, array.size, array.type)


def _fits(part: Array, array: Array, view: Any) -> bool:
    """Whether a part can be computed where it belongs."""
    if not isinstance(view, View) or (part.shape, part.batched) != (view.shape, array.batched):
        return False
    if slicing(view, array.size) is None:
        return False
    if part.op == "einsum":
        form = product(*part.how)
        return form is not None and form.is_plain
    return part.op == "sum" or isinstance(part.op, Op)
