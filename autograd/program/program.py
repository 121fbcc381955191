"""Program: a loss of one example, compiled for batches of them.

theta    the numbers of all parameters, one after the other: shape (P,), float64 or float32
inputs   arrays of shape (n, …): the examples of a batch, along the first axis
"""

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import Any, overload

import numpy as np

from autograd import commit
from autograd.op import describe
from autograd.program.arrays import Array, Input
from autograd.program.compiled import ENGINES, Compiled, Data, names_of
from autograd.program.differentiate import differentiate, hessian_vector
from autograd.program.emit import needed
from autograd.program.function import Function
from autograd.program.reroll import Roll
from autograd.program.saving import Readable
from autograd.program.trace import examples, trace
from autograd.trees import is_array
from autograd.value import Value

FORMS = 100  # of inputs, as many sizes of batches, that are known to be in order


@overload
def compile(  # noqa: A001 (the field's name for it)
    f: Callable[..., Any], parameters: Iterable[Value], reduction: str = "mean", *, engine: str = "numpy"
) -> "Program": ...


@overload
def compile(  # noqa: A001
    f: Callable[..., Any], *, batch: bool | Sequence[bool] = False, engine: str = "numpy"
) -> Function: ...


def compile(  # noqa: A001
    f: Callable[..., Any],
    parameters: Iterable[Value] | None = None,
    reduction: str = "mean",
    *,
    batch: bool | Sequence[bool] = False,
    engine: str = "numpy",
) -> "Program | Function":
    """Compile a function written on scalars into array code.

    Without parameters: `compile(f)` takes the arguments of f, numbers, nested lists, tuples, dicts and arrays
    of them, and returns what f returns, as floats and arrays of floats. f may be a transform, such as grad(f)
    or hessian(f), and use them.

    >>> from autograd import exp, value_and_grad
    >>> compile(value_and_grad(lambda x: x * exp(x)))(0.0)
    (0.0, 1.0)

    batch       True: every argument has a first axis, of examples, of which f gets one at a time, and so has
                every result; one flag for each argument: those with False are the same for all examples.
                Lists are axes as arrays are; tuples and dicts hold several arguments or results

    >>> compile(lambda x, y: x * y, batch=(True, False))(np.array([1.0, 2.0]), 10.0)
    array([10., 20.])

    With parameters, a loss to train:

    f           loss(x, y, …): gets an example of every input as nested lists (a number where an input has the
                shape (n,)), computes with autograd's functions and the parameters, and returns one number
    parameters  the leaves towards which it is differentiated; the numbers of other Values are read at every
                call
    reduction   "mean" or "sum" over the batch

    >>> from autograd import Value
    >>> w, b = Value(2.0), Value(1.0)
    >>> program = compile(lambda x, y: (w * x + b - y) ** 2, [w, b])
    >>> value, gradient = program(program.parameters(), np.array([1.0, 2.0]), np.array([2.0, 5.0]))
    >>> value, gradient
    (0.5, array([1., 1.]))

    engine      what runs the program: "numpy"

    f is recorded when what is compiled is first called with arguments of a form. It must not branch on a
    symbol: use where, maximum, minimum, and take(choices, i) for whole numbers i among the inputs.
    """
    if not callable(f):
        raise TypeError(f"compile: f must be a function, (x, y) → number, not {f!r:.60}")
    if engine not in ENGINES:
        raise ValueError(f"compile: there is no engine {engine!r}; there is {', '.join(map(repr, ENGINES))}")
    if parameters is None:
        return Function(f, batch, engine)
    if batch is not False:
        raise TypeError("compile: with parameters every input has a first axis already; leave batch out")
    return Program(f, parameters, reduction, engine)


class Program(Readable):
    """What `compile` returns for a loss and its parameters: call it for the value and the gradient."""

    def __init__(
        self,
        f: Callable[..., Any],
        parameters: Iterable[Value],
        reduction: str = "mean",
        engine: str = "numpy",
    ) -> None:
        if not isinstance(parameters, Iterable):
            raise TypeError(f"compile: {parameters!r:.60} is no list of parameters; give model.parameters()")
        self.f = f
        self.leaves = list(parameters)
        self.reduction = reduction
        self.engine = engine
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
        self._checked: dict[Any, Compiled] = {}  # by the form of arrays that have been found in order

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
        with commit.committing:
            commit.assign("data", self.leaves, theta.tolist())

    # ── Running ─────────────────────────────────────────────────────────────────────────────────────

    def __call__(self, theta: Data, *inputs: Data, out: Data | None = None) -> tuple[float, Data]:
        """(value, gradient): f's mean (or sum) over the batch, and its gradient with respect to theta.

        The gradient is written to `out`, of theta's shape and type, where that is given. Without inputs, f
        itself. Outside of a function's domain arrays give nan or inf, where numbers raise. TypeError and
        ValueError for inputs of other types and shapes, and ValueError for a nan among them that makes the
        value nan.
        """
        if out is not None and (
            getattr(out, "shape", None) != np.shape(theta) or out.dtype != theta.dtype or not out.flags.carray
        ):
            raise ValueError(
                f"out must be an array like theta, {theta.shape} of {theta.dtype}, in C order and writable"
            )
        compiled, theta, arrays = self._ready(theta, inputs, "gradient")
        apart = out is not None and not any(np.may_share_memory(out, x) for x in (theta, *arrays))
        value, gradient = compiled.run([theta, *arrays], theta.dtype, out if apart else None)
        value = float(value)
        if not isfinite(value):
            self._explain(theta, arrays)
        if out is None or gradient is out:
            return value, gradient
        out[...] = gradient
        return value, out

    def predict(self, theta: Data, *inputs: Data) -> Data:
        """What f returns for every example, forward only: shape (n, …); without inputs, what f returns."""
        compiled, theta, arrays = self._ready(theta, inputs, "predict")
        return compiled.run([theta, *arrays], theta.dtype)

    def hvp(self, theta: Data, v: Data, *inputs: Data) -> Data:
        """The Hessian of f's mean (or sum) by theta, times v, an array like theta.

        For about twice the price of a gradient. TypeError for another v.
        """
        compiled, theta, arrays = self._ready(theta, inputs, "hvp")
        if getattr(v, "shape", None) != theta.shape or v.dtype != theta.dtype:
            raise TypeError(f"hvp: v must be an array like theta, {theta.shape} of {theta.dtype}")
        return compiled.run([theta, *arrays, v], theta.dtype)

    def hessian(self, theta: Data, *inputs: Data) -> Data:
        """The Hessian of f's mean (or sum) by theta, of shape (P, P): P times `hvp`."""
        theta, _ = self._check(theta, inputs)
        return np.array([self.hvp(theta, v, *inputs) for v in np.eye(len(theta), dtype=theta.dtype)])

    def to_jax(self, dtype: Any = float, what: str = "gradient") -> Callable[..., Any]:
        """The program as a pure function of JAX: see `autograd.program.jax.to_jax`."""
        from autograd.program.jax import to_jax

        return to_jax(self, dtype, what)

    # ── Compiling ───────────────────────────────────────────────────────────────────────────────────

    def compiled(self, inputs: Sequence[Data], what: str = "gradient") -> Compiled:
        """What is compiled for inputs of these shapes and types: "gradient", "hvp" or "predict"."""
        key = what, tuple([(array.shape[1:], array.dtype.kind in "iu") for array in inputs])
        found = self._compiled.get(key)
        if found is None:
            found = self._compiled[key] = self._compile(*key)
        self._latest = found
        return found

    def _compile(self, what: str, forms: Sequence[tuple[tuple[int, ...], bool]]) -> Compiled:
        names = names_of(self.f, len(forms))
        given = [Input(name, shape, True, whole) for name, (shape, whole) in zip(names, forms, strict=True)]
        given.insert(0, Input("theta", (len(self.leaves),), False))
        if what == "hvp":
            given.append(Input("v", (len(self.leaves),), False))
        shapes = [shape for shape, _ in forms]
        recorded = trace(self.f, self._places, lambda graph: (examples(graph, shapes), {}))
        shape = _shape(recorded.tree)
        if what != "predict" and shape != ():
            raise TypeError(
                "compile: the function returned a list, and a gradient needs one number; return a loss, or "
                "call program.predict for outputs"
            )
        batched = len(forms) > 0

        def outputs(roll: Roll, roots: Sequence[int]) -> list[Array]:
            return [roll.block(roots, shape, batched)]

        def derivative(roll: Roll, roots: Sequence[int]) -> list[Array]:
            arrays, theta = roll.arrays, roll.inputs[0]
            value = root = roll.block(roots, (), batched)
            if theta not in needed([root]):
                raise ValueError("compile: the function depends on no parameter; give those that it uses")
            seed = arrays.add("seed", (), (), False, how=self.reduction if batched else "sum")
            if what == "hvp":
                product = hessian_vector(arrays, root, theta, roll.inputs[len(given) - 1], seed)
                return [product or arrays.zeros(theta)]
            (gradient,) = differentiate(arrays, root, [theta], seed)
            if batched:
                value = arrays.add("value", (root,), (), False, how=self.reduction)
            return [value, gradient or arrays.zeros(theta)]

        return Compiled(recorded, given, outputs if what == "predict" else derivative, self.engine)

    # ── Checks ──────────────────────────────────────────────────────────────────────────────────────

    def _ready(self, theta: Data, inputs: Sequence[Data], what: str) -> tuple[Compiled, Data, Sequence[Data]]:
        """What is compiled for these inputs, and the inputs as it wants them; checked once for every form."""
        given = (theta, *inputs)
        form = (what, *[(x.shape, x.dtype) for x in given if type(x) is np.ndarray])
        compiled = self._checked.get(form) if len(form) > len(given) else None
        if compiled is None:
            theta, arrays = self._check(theta, inputs)
            compiled = self.compiled(arrays, what)
            if all(x is y for x, y in zip(given, (theta, *arrays), strict=True)):
                if len(self._checked) >= FORMS:
                    self._checked.clear()
                self._checked[form] = compiled
            inputs = arrays
        self._latest = compiled
        return compiled, theta, inputs

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
        return theta

    def _check(self, theta: Data, inputs: Sequence[Data]) -> tuple[Data, list[Data]]:
        """Theta and the inputs as arrays that fit together."""
        theta = self._theta(theta)
        arrays: list[Data] = []
        for i, given in enumerate(inputs, start=1):
            array = np.asarray(given)
            if isinstance(given, np.ma.MaskedArray):
                raise TypeError(
                    f"input {i} is a masked array, whose mask would be lost; fill it, x.filled(0.0), and "
                    "give the mask as another input"
                )
            if array.dtype is not theta.dtype:
                _check_type(i, array.dtype, theta.dtype)
            if not array.ndim or len(array) != len(arrays[0] if arrays else array) or not array.size:
                shapes = ", ".join(str(np.shape(x)) for x in inputs)
                raise ValueError(
                    f"inputs have the shapes {shapes}; the first axis is the batch's: equally long and not "
                    "empty"
                )
            arrays.append(array)
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


def _check_type(i: int, dtype: Any, theta: Any) -> None:
    """TypeError for an input whose numbers are neither whole nor of theta's type."""
    if dtype.kind == "f" and dtype != theta:
        raise TypeError(f"input {i} is {dtype} and theta {theta}; make them equal: x.astype({theta})")
    if dtype.kind not in "fiub":
        raise TypeError(
            f"input {i} has the type {dtype}, which is no array of floats or whole numbers; make it one: "
            "numpy.array(x, float)"
        )


def _shape(tree: Any) -> tuple[int, ...]:
    """The shape of nested lists. ValueError where the lists are ragged."""
    if is_array(tree):
        return tuple(tree.shape)
    if isinstance(tree, dict):
        raise TypeError("compile: the function returned a dict; return numbers or lists of numbers")
    if not isinstance(tree, list | tuple):
        return ()
    shapes = {_shape(item) for item in tree}
    if len(shapes) != 1:
        raise ValueError(
            "compile: the function returned an empty list or lists of different lengths; make them equal"
        )
    return (len(tree), *shapes.pop())
