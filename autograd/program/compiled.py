"""Compiled: what a function has recorded, as array operations, their source, and a step that runs.

results   the arrays that the step returns      indices   the inputs that choose, and among how many
engine    what makes a step of a source: a name in ENGINES
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from inspect import signature
from typing import Any, NamedTuple

import numpy as np

from autograd import ops
from autograd.op import describe
from autograd.program.arrays import Array, Input
from autograd.program.contract import product
from autograd.program.emit import Source
from autograd.program.flatten import flatten
from autograd.program.reroll import Roll
from autograd.program.trace import INPUT, PARAMETER, Graph, Recorded, plain

Data = Any  # a NumPy array
Step = Callable[..., Any]
SYMBOLS = {
    "value": "Σ",
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


def numpy_step(source: Source, dtype: Any) -> Step:
    """The function of a source, whose numbers are of this type of float."""
    names: dict[str, Any] = {"np": np, "dtype": dtype}
    for name, given in source.namespace.items():
        is_float = isinstance(given, np.ndarray) and given.dtype.kind == "f"
        names[name] = given.astype(dtype) if is_float else given
    exec(compile(source.text, "<autograd.compile>", "exec"), names)
    return names[source.function]  # type: ignore[no-any-return]


ENGINES: dict[str, Callable[[Source, Any], Step]] = {"numpy": numpy_step}


class Operation(NamedTuple):
    """One array operation, as lessons and pictures show it.

    name     of its result                         args     names, and numbers as text
    symbol   "matmul", "+", "σ", "view", …         shape    ("n", 30); the batch's n is absent from parameters
    scalars  how many scalar operations it stands for; 0 for views and helpers
    stage    "source", "forward" or "backward"     line     of the source, in which it is computed
    """

    name: str
    symbol: str
    args: tuple[str, ...]
    shape: tuple[str | int, ...]
    scalars: int
    stage: str
    line: str


class Compiled:
    """A function compiled for inputs of certain shapes.

    results    of the array program and the nodes of what the function returned, the arrays to return
    captured   the Values from outside whose numbers are read at every call: the last input
    """

    def __init__(
        self,
        recorded: Recorded,
        inputs: Sequence[Input],
        results: Callable[[Roll, Sequence[int]], Sequence[Array]],
        engine: str,
        name: str = "step",
    ) -> None:
        graph, roots = flatten(recorded.graph, recorded.nodes)
        self.captured = [*recorded.graph.captured]
        if self.captured:
            inputs = [*inputs, Input("captured", (len(self.captured),), False)]
        self.engine, self.nodes = engine, len(recorded.graph)
        self.indices = _indices(graph, inputs)
        roll = Roll(graph, inputs)
        self.results = results(roll, roots)
        self.emitted = Source(self.results, inputs, name)
        named = zip(inputs, self.emitted.inputs, strict=True)
        self.inputs = [x._replace(name=own) for x, own in named]  # as the source calls them
        self.order, self.source = self.emitted.order, self.emitted.text
        backward = next((array.number for array in roll.arrays.arrays if array.op == "seed"), math.inf)
        self.operations = tuple(_operations(self.emitted, backward))
        self._steps: dict[Any, tuple[Step, Sequence[Callable[[Any], Any]]]] = {}

    def run(self, inputs: Sequence[Data], dtype: Any, out: Data | None = None) -> Any:
        """What the step returns, in numbers of a type of float. IndexError for an index without a choice.

        A gradient that is put together is written to `out`, if that is given.
        """
        if self.captured:
            inputs = [*inputs, [plain(value.data, describe(value)) for value in self.captured]]
        for i in self.indices:
            self._check_index(i, inputs[i])
        with np.errstate(all="ignore"):
            step, reads = self._steps.get(dtype) or self._made(dtype)
            given = [read(x) for read, x in zip(reads, inputs, strict=True)]
            return step(*given) if out is None or self.emitted.out is None else step(*given, out)

    def _made(self, dtype: Any) -> tuple[Step, Sequence[Callable[[Any], Any]]]:
        """The step in numbers of this type, and what makes each of its inputs of what is given.

        Of one number NumPy's scalar, which is faster; arrays in C order, as BLAS rounds otherwise in another.
        """
        kinds = [INDEX if i in self.indices else np.dtype(dtype) for i in range(len(self.inputs))]
        reads = [
            partial(np.asarray, dtype=kind, order="C") if x.shape or x.batched else kind.type
            for x, kind in zip(self.inputs, kinds, strict=True)
        ]
        self._steps[dtype] = ENGINES[self.engine](self.emitted, dtype), reads
        return self._steps[dtype]

    def _check_index(self, i: int, array: Data) -> None:
        low, high = np.min(array), np.max(array)
        if low < 0 or high >= self.indices[i]:
            wrong = low if low < 0 else high
            raise IndexError(
                f"the input {self.inputs[i].name} holds the index {wrong}; there are {self.indices[i]} "
                "choices, counted from 0"
            )


def _indices(graph: Graph, inputs: Sequence[Input]) -> dict[int, int]:
    """How many choices every input of indices has. TypeError for an index that is no whole input."""
    found: dict[int, int] = {}
    for op, args in zip(graph.ops, graph.args, strict=True):
        if op is ops.element:
            source = graph.args[args[0]]
            if graph.ops[args[0]] not in (INPUT, PARAMETER):
                raise TypeError(
                    "compile: take has an index that is computed; it must be a whole number among the "
                    "arguments, unchanged: compute it before the call"
                )
            if not inputs[source[0]].whole:
                raise TypeError(
                    f"compile: take has the index {inputs[source[0]].name}, which holds floats; give whole "
                    "numbers, as with int(i) or i.astype(int)"
                )
            found[source[0]] = min(found.get(source[0], len(args)), len(args) - 1)
    return found


def _operations(source: Source, backward: float) -> Iterator[Operation]:
    """The operations; those of a sweep backward stand behind its seed."""
    for array in source.order:
        stage = "backward" if array.number >= backward and array.op != "value" else "forward"
        symbol = SYMBOLS.get(array.op, array.op) if isinstance(array.op, str) else array.op.symbol
        if array.op == "input" and not array.batched:
            symbol = "theta"
        if array.op == "value" and array.how == "mean":
            symbol = "mean"
        yield Operation(
            source.name(array),
            "matmul" if array.op == "einsum" and _is_matrix(array.how) else symbol,
            tuple([source.name(arg) if isinstance(arg, Array) else source.code(arg) for arg in array.args]),
            ("n",) * array.batched + array.shape,
            array.scalars,
            stage if array.args else "source",
            source.line_of.get(array, ""),
        )


def _is_matrix(how: tuple[str, str, str]) -> bool:
    """Whether an einsum is a product of matrices, or of a matrix and a vector."""
    form = product(*how)
    return form is not None and bool(form.rows or form.columns)


def names_of(f: Callable[..., Any], count: int) -> list[str]:
    """The names of the first so many arguments of f, as f calls them if it says."""
    try:
        parameters = signature(f).parameters.values()
    except (TypeError, ValueError):  # of some functions written in C
        parameters = {}.values()
    names = [x.name for x in parameters if x.kind in (x.POSITIONAL_ONLY, x.POSITIONAL_OR_KEYWORD)]
    return names[:count] if len(names) >= count else [f"x{i}" for i in range(1, count + 1)]
