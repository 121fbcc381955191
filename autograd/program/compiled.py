"""Compiled: a function recorded for inputs of certain shapes, as array operations, source and buffers."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from autograd import ops
from autograd.program.arrays import Array, Input
from autograd.program.contract import product
from autograd.program.differentiate import differentiate
from autograd.program.emit import RESERVED, Source
from autograd.program.flatten import flatten
from autograd.program.reroll import Roll
from autograd.program.trace import INPUT, examples, trace
from autograd.value import Value

Data = Any  # a NumPy array
SYMBOLS = {
    "value": "mean",
    "sum": "Σ",
    "segment_sum": "Σ",
    "segment_max": "max",
    "others": "Σ − 1",
    "masked": "where",
    "mended": "Σ ×",
    "segment_others": "Σ − 1",
    "einsum": "Σ ×",
}
INDEX = np.dtype(np.intp)
KEPT = 2  # batch sizes whose buffers are kept: the usual one, and the last of an epoch


class Operation(NamedTuple):
    """One array operation, as lessons and pictures show it.

    name     of its result in the source           args     names, and numbers as text
    symbol   "matmul", "+", "σ", "view", …         shape    ("n", 30); the batch's n is absent from parameters
    scalars  how many scalar operations it stands for; 0 for views and helpers
    stage    "source", "forward" or "backward"     line     its lines of the source
    """

    name: str
    symbol: str
    args: tuple[str, ...]
    shape: tuple[str | int, ...]
    scalars: int
    stage: str
    line: str


class Compiled:
    """A function compiled for inputs of certain shapes: its array program, its source, its buffers."""

    def __init__(
        self,
        f: Callable[..., Any],
        places: dict[Value, int],
        inputs: Sequence[Data],
        what: str,
        reduction: str,
    ) -> None:
        shapes = [array.shape[1:] for array in inputs]
        recorded, tree, nodes = trace(f, places, lambda graph: (examples(graph, shapes), {}))
        self.shape = _shape(tree)
        if what == "gradient" and self.shape != ():
            raise TypeError(
                "compile: the function returned a list, and a gradient needs one number; return a loss, or "
                "call program.predict for outputs"
            )
        graph, roots = flatten(recorded, nodes)
        self.nodes = len(recorded)
        self.indices = self._indices(graph, inputs)
        used = {args[0] - 1 for op, args in zip(graph.ops, graph.args, strict=True) if op is INPUT}
        if unused := sorted(set(range(len(shapes))) - used):
            raise ValueError(f"compile: the function ignores its input {unused[0] + 1}; leave it out")
        given = [Input(len(places), False), *(Input(prod(shape), True) for shape in shapes)]
        roll = Roll(graph, given)
        arrays = roll.arrays
        if what == "gradient":
            root = roll.operand(*roll.where(roots[0]), [])
            gradient = differentiate(arrays, root)
            if not gradient.args:
                raise ValueError("compile: the function depends on no parameter; give those that it uses")
            output = arrays.add("value", (root,), (), False)
        else:
            gradient, output = None, arrays.own(roll.flat(np.array(roots)), batched=True)
        self.output, self.gradient, self.reduction = output, gradient, reduction
        emitted = Source(output, gradient, reduction, _names(f, len(shapes)))
        self.order: list[Array] = emitted.order
        self.source = emitted.text
        self._code = compile(self.source, "<autograd.compile>", "exec")
        self._namespace = emitted.namespace
        self.operations = tuple(_operations(emitted, root if gradient else output, gradient))
        self._scripts: OrderedDict[Any, dict[str, Any]] = OrderedDict()

    def _indices(self, graph: Any, inputs: Sequence[Data]) -> dict[int, int]:
        """How many choices every input of indices has. TypeError for an index that is no whole input."""
        found: dict[int, int] = {}
        for op, args in zip(graph.ops, graph.args, strict=True):
            if op is ops.element:
                if (
                    graph.ops[args[0]] is not INPUT
                    or inputs[graph.args[args[0]][0] - 1].dtype.kind not in "iu"
                ):
                    raise TypeError(
                        "take in compile needs an index from an input of whole numbers, unchanged"
                    )
                which = graph.args[args[0]][0] - 1
                found[which] = min(found.get(which, len(args)), len(args) - 1)
        return found

    def run(self, theta: Data, inputs: Sequence[Data], gradient: Data | None = None) -> Any:
        """What a step returns for a batch.

        IndexError for an index without a choice, ValueError for a gradient that would be written over theta.
        """
        n, flat = len(inputs[0]), []
        for i, array in enumerate(inputs):
            dtype = theta.dtype
            if i in self.indices:
                self._check_index(i, array)
                dtype = INDEX
            if array.dtype != dtype:
                array = array.astype(dtype)
            array = np.ascontiguousarray(array)  # in another order BLAS would round otherwise
            flat.append(array if array.ndim == 2 else array.reshape(n, -1))
        with np.errstate(all="ignore"):
            names = self._scripts.get((n, theta.dtype)) or self._script(n, theta.dtype)
            if names["theta"] is not theta or names["gradient"] is not gradient:
                if gradient is not None and np.may_share_memory(theta, gradient):
                    raise ValueError(
                        "out shares its memory with theta; give it its own: numpy.empty_like(theta)"
                    )
                names["theta"], names["gradient"] = theta, gradient
                names["bind"]()
            return names["step"](*flat)

    def _script(self, n: int, dtype: Any) -> dict[str, Any]:
        """The globals of the source after it has run for a batch of n."""
        names = {**self._namespace, "n": n, "dtype": dtype, "theta": None, "gradient": None}
        exec(self._code, names)
        self._scripts[n, dtype] = names
        if len(self._scripts) > KEPT:
            self._scripts.popitem(last=False)
        return names

    def _check_index(self, i: int, array: Data) -> None:
        low, high = array.min(), array.max()
        if low < 0 or high >= self.indices[i]:
            wrong = low if low < 0 else high
            raise IndexError(
                f"input {i + 1} holds the index {wrong}; there are {self.indices[i]} choices, counted from 0"
            )


def _operations(source: Source, root: Array, gradient: Array | None) -> Iterator[Operation]:
    for array in source.order:
        backward = gradient is not None and root.number < array.number <= gradient.number
        stage = "backward" if backward else "forward"
        symbol = SYMBOLS.get(array.op, array.op) if isinstance(array.op, str) else array.op.symbol
        if symbol == "input" and not array.batched:
            symbol = "theta"
        if array.op == "value" and source.reduction == "sum":
            symbol = "Σ"
        yield Operation(
            source.name(array),
            "matmul" if array.op == "einsum" and product(*array.how) else symbol,
            tuple([source.arg(arg) for arg in array.args]),
            ("n",) * array.batched + array.shape,
            array.scalars,
            stage if array.args else "source",
            "\n".join(source.line_of[array]),
        )


def _names(f: Callable[..., Any], count: int) -> list[str]:
    """The names of f's inputs, as f calls them if it says."""
    code = getattr(f, "__code__", None)
    names = list(code.co_varnames[: code.co_argcount]) if code else []
    return (
        names if len(names) == count and not RESERVED & {*names} else [f"x{i}" for i in range(1, count + 1)]
    )


def _shape(tree: Any) -> tuple[int, ...]:
    """The shape of nested lists. ValueError where the lists are ragged."""
    if hasattr(tree, "shape"):
        return tuple(tree.shape)
    if not isinstance(tree, list | tuple):
        return ()
    shapes = {_shape(item) for item in tree}
    if len(shapes) != 1:
        raise ValueError(
            "compile: the function returned an empty list or lists of different lengths; make them equal"
        )
    return (len(tree), *shapes.pop())
