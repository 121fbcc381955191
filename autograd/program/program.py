"""Program: a function of one example, compiled for batches of them.

theta    the numbers of all parameters, one after the other: shape (P,), float64 or float32
inputs   arrays of shape (n, …): the examples of a batch, along the first axis
"""

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import Any

import numpy as np

from autograd.op import describe
from autograd.program.compiled import Compiled, Data, Operation
from autograd.value import Value


def compile(  # noqa: A001 (the field's name for it)
    f: Callable[..., Any], parameters: Iterable[Value], reduction: str = "mean"
) -> "Program":
    """Compile a function of one example on Values into array code for batches.

    f           loss(x, y, …): gets an example of every input as nested lists (a number where an input has the
                shape (n,)), computes with autograd's functions and the parameters, and returns one number
    parameters  the leaves towards which it is differentiated; other Values in f are constants
    reduction   "mean" or "sum" over the batch

    f is recorded once for every shape of inputs, when the program is first called with it. It must not branch
    on a symbol: use where, maximum, minimum, and take(choices, i) for whole numbers i among the inputs.

    >>> from autograd import Value
    >>> w, b = Value(2.0), Value(1.0)
    >>> program = compile(lambda x, y: (w * x + b - y) ** 2, [w, b])
    >>> value, gradient = program(program.parameters(), np.array([1.0, 2.0]), np.array([2.0, 5.0]))
    >>> value, gradient
    (0.5, array([1., 1.]))
    """
    return Program(f, parameters, reduction)


class Program:
    """What `compile` returns: call it for the value and the gradient."""

    def __init__(self, f: Callable[..., Any], parameters: Iterable[Value], reduction: str = "mean") -> None:
        if not callable(f):
            raise TypeError(f"compile: f must be a function of an example, (x, y) → loss, not {f!r:.60}")
        if not isinstance(parameters, Iterable):
            raise TypeError(f"compile: {parameters!r:.60} is no list of parameters; give model.parameters()")
        self.f = f
        self.leaves = list(parameters)
        self.reduction = reduction
        if reduction not in ("mean", "sum"):
            raise ValueError(f"compile: reduction {reduction!r} does not exist; there is 'mean' and 'sum'")
        for leaf in self.leaves:
            if not isinstance(leaf, Value) or leaf.op is not None:
                raise TypeError(f"compile: {leaf!r} is no parameter; give leaves, such as model.parameters()")
        if not self.leaves:
            raise ValueError("compile: there are no parameters; give those of the model: model.parameters()")
        self._places = {leaf: place for place, leaf in enumerate(self.leaves)}
        if len(self._places) < len(self.leaves):
            raise ValueError("compile: a parameter is given twice; give each once")
        self._compiled: dict[Any, Compiled] = {}
        self._theta_checked: Data = None  # the last theta, and by their form the inputs that go with it
        self._checked: dict[Any, Compiled] = {}
        self._latest: Compiled | None = None

    # ── Numbers from and to the Values ──────────────────────────────────────────────────────────────

    def parameters(self, dtype: Any = float) -> Data:
        """Theta: the numbers of the parameters now. TypeError for numbers that are no floats."""
        for leaf in self.leaves:
            if not isinstance(leaf.data, int | float):
                raise TypeError(
                    f"compile: the parameter {describe(leaf)} is a {type(leaf.data).__name__}, which "
                    "arrays cannot hold; give it a float, or stay with the eager engine"
                )
        return np.array([leaf.data for leaf in self.leaves], dtype)

    def assign(self, theta: Data) -> None:
        """Set the numbers of the parameters."""
        theta = self._theta(theta)
        for leaf, number in zip(self.leaves, theta.tolist(), strict=True):
            leaf.data = number

    # ── Running ─────────────────────────────────────────────────────────────────────────────────────

    def __call__(self, theta: Data, *inputs: Data, out: Data | None = None) -> tuple[float, Data]:
        """(value, gradient): f's mean (or sum) over the batch, and its gradient with respect to theta.

        The gradient is written to `out`, of theta's shape and type, where that is given. Outside of a
        function's domain arrays give nan or inf, where numbers raise. TypeError and ValueError for inputs of
        other types and shapes, and ValueError for a nan among them that makes the value nan.
        """
        compiled, theta, arrays = self._ready(theta, inputs, "gradient")
        if out is None:
            out = np.empty_like(theta)
        elif getattr(out, "shape", None) != theta.shape or out.dtype != theta.dtype or not out.flags.carray:
            raise ValueError(
                f"out must be an array like theta, {theta.shape} of {theta.dtype}, in C order and writable"
            )
        value = float(compiled.run(theta, arrays, out))
        if not isfinite(value):
            self._explain(theta, arrays)
        return value, out

    def predict(self, theta: Data, *inputs: Data) -> Data:
        """What f returns for every example, forward only: shape (n, …)."""
        compiled, theta, arrays = self._ready(theta, inputs, "predict")
        return np.array(compiled.run(theta, arrays)).reshape(-1, *compiled.shape)

    def _ready(
        self, theta: Data, inputs: Sequence[Data], what: str
    ) -> "tuple[Compiled, Data, Sequence[Data]]":
        """What is compiled for these inputs, and the inputs as it wants them; checked once for every form."""
        form = (what, *[(x.shape, x.dtype.char) for x in inputs if type(x) is np.ndarray])
        if theta is self._theta_checked and len(form) > len(inputs) and form in self._checked:
            self._latest = self._checked[form]
            return self._latest, theta, inputs
        checked = self._check(theta, inputs)
        compiled = self.compiled(checked[1], what)
        if all(x is y for x, y in zip((theta, *inputs), (checked[0], *checked[1]), strict=True)):
            if theta is not self._theta_checked:
                self._theta_checked, self._checked = theta, {}
            self._checked[form] = compiled
        return compiled, *checked

    @property
    def source(self) -> str:
        """The Python source of what was compiled last."""
        return self._last().source

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The array operations of what was compiled last."""
        return self._last().operations

    @property
    def nodes(self) -> int:
        """How many scalar nodes what was compiled last has recorded, parameters and inputs among them."""
        return self._last().nodes

    def _last(self) -> "Compiled":
        if self._latest is None:
            raise RuntimeError("nothing is compiled yet: call the program once, with a batch")
        return self._latest

    def to_jax(self, dtype: Any = float, what: str = "gradient") -> Callable[..., Any]:
        """The program as a pure function of JAX: see `autograd.program.jax.to_jax`."""
        from autograd.program.jax import to_jax

        return to_jax(self, dtype, what)

    def compiled(self, inputs: Sequence[Data], what: str = "gradient") -> "Compiled":
        """What is compiled for inputs of these shapes and types: "gradient", or "predict"."""
        key = what, tuple([(array.shape[1:], array.dtype.kind) for array in inputs])
        if key not in self._compiled:
            self._compiled[key] = Compiled(self.f, self._places, inputs, what, self.reduction)
        self._latest = self._compiled[key]
        return self._latest

    # ── Checks ──────────────────────────────────────────────────────────────────────────────────────

    def _theta(self, theta: Data) -> Data:
        if getattr(theta, "shape", None) != (len(self.leaves),) or theta.dtype not in (
            np.float64,
            np.float32,
        ):
            given = f"{getattr(theta, 'dtype', type(theta).__name__)} of shape {getattr(theta, 'shape', '?')}"
            raise TypeError(
                f"theta must be a float64 or float32 array of shape ({len(self.leaves)},), as from "
                f"program.parameters(), not {given}"
            )
        return np.ascontiguousarray(theta)

    def _check(self, theta: Data, inputs: Sequence[Data]) -> tuple[Data, list[Data]]:
        """Theta and the inputs as arrays that fit together."""
        theta = self._theta(theta)
        arrays: list[Data] = []
        for i, given in enumerate(inputs, start=1):
            array = np.asarray(given)
            if array.dtype.kind == "f" and array.dtype != theta.dtype:
                raise TypeError(
                    f"input {i} is {array.dtype} and theta {theta.dtype}; make them equal: "
                    f"x.astype({theta.dtype})"
                )
            if array.dtype.kind not in "fiub":
                raise TypeError(
                    f"input {i} has the type {array.dtype}, which is no array of floats or whole numbers; "
                    "make it one: numpy.array(x, float)"
                )
            if not array.ndim or len(array) != len(arrays[0] if arrays else array) or not array.size:
                shapes = ", ".join(str(np.shape(x)) for x in inputs)
                raise ValueError(
                    f"inputs have the shapes {shapes}; the first axis is the batch's: equally long and not "
                    "empty"
                )
            arrays.append(array)
        if not arrays:
            raise TypeError("a program needs at least one input: an array of examples along its first axis")
        return theta, arrays

    def _explain(self, theta: Data, inputs: Sequence[Data]) -> None:
        """ValueError naming an example with a nan; a theta that is nan already gives nan."""
        if np.isnan(theta).any():
            return
        for i, array in enumerate(inputs, start=1):
            if np.isnan(array).any():
                where = tuple(map(int, np.argwhere(np.isnan(array))[0]))
                raise ValueError(f"input {i} is nan at {where}: drop or mend that example before training")

    def __repr__(self) -> str:
        return f"Program({getattr(self.f, '__name__', self.f)}, {len(self.leaves)} parameters)"
