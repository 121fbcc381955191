"""JAX: the array program as a pure function, for engines that outgrow one processor.

    step(theta, *inputs) -> (value, gradient)      predict(theta, *inputs) -> outputs

The function runs the arrays of `Compiled.order` one after the other on JAX's arrays, with the table's own
derivatives. What jax.jit, jax.vmap and jax.sharding do to functions they do to it; nothing here distributes.

    n       examples in the batch          lead    the axes before those of one example: (n,), or none
    full    the whole shape of an array    look    what reads some places of a flat array
"""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from operator import add
from typing import Any, Protocol

import numpy as np

from autograd import ops
from autograd.op import Op
from autograd.program.arrays import Array, Assembly, Axes, Places
from autograd.program.compiled import Compiled
from autograd.program.kernels import UFUNCS, counted
from autograd.program.patterns import View, slicing

try:
    import jax
    from jax import numpy as jnp
    from jax.scipy import special
except ImportError:
    raise ImportError("program.to_jax needs JAX: pip install 'scalar-autograd[jax]'") from None

Data = Any  # an array of JAX or NumPy


def sinc(x: Data, n: Any) -> Data:
    """The n-th derivative of sin(πx)/(πx), for one number n.

    Far from 0 by Leibniz's rule as in `special.sinc`; near 0, where that cancels, by Gauss's rule for
    πⁿ ∫ sⁿ cos(πxs + nπ/2) ds from 0 to 1.
    """
    n, t = int(n), jnp.pi * x
    far = jnp.sin(t) / t
    for k in range(1, n + 1):
        far = (jnp.pi ** (k - 1) * jnp.sin(t + k * jnp.pi / 2) - k * far) / x
    s, weights = np.polynomial.legendre.leggauss(20)
    s, weights = (1 + s) / 2, weights / 2
    near = jnp.pi**n * jnp.cos(t[..., None] * s + n * jnp.pi / 2) @ (weights * s**n)
    return jnp.where(jnp.abs(t) <= n + 1, near, far)


FUNCTIONS: dict[Op, Callable[..., Data]] = {
    **{row: getattr(jnp, name) for row, name in UFUNCS.items()},
    ops.polygamma: lambda n, x: special.polygamma(jnp.asarray(n).astype(int), x),
    ops.polygamma_rise: lambda n, x, y: FUNCTIONS[ops.polygamma](n, x + y) - FUNCTIONS[ops.polygamma](n, x),
    ops.sinc: sinc,
    ops.sigmoid: jax.nn.sigmoid,
    ops.softplus: lambda x: jnp.logaddexp(x, 0),
    ops.log_sigmoid: lambda x: -jnp.logaddexp(-x, 0),
    ops.step: lambda x: jnp.heaviside(x, 0),
    ops.amax: lambda *x: reduce(jnp.maximum, x),
    ops.amin: lambda *x: reduce(jnp.minimum, x),
    ops.where: jnp.where,
}
"""What JAX calls rows; all others run by their own function, which finds JAX's exp, log, … as it finds those
of any number type (`functions.library`). `FUNCTIONS[row] = f` adds one."""


class Program(Protocol):
    """What is needed of a compiled program: its parameters, and its arrays for inputs of some shapes."""

    leaves: list[Any]

    def compiled(self, inputs: Sequence[Data], what: str) -> Compiled:
        """What is compiled for inputs of these shapes and types."""


def to_jax(program: Program, dtype: Any = float, what: str = "gradient") -> Callable[..., Any]:
    """A program as a pure function of JAX: step(theta, *inputs) -> (value, gradient).

    dtype   float64 or float32: of theta, of inputs that are no whole numbers, and of the results
    what    "gradient", or "predict" for predict(theta, *inputs) -> what f returns, of shape (n, …)

    Theta has the shape (P,), as from program.parameters(dtype), and inputs have (n, …); n, and what the
    program is compiled for, are read from their shapes whenever JAX traces the function. Nothing can be
    raised for numbers inside of jit: an index without a choice gives nan.

    JAX computes in float64 only after jax.config.update("jax_enable_x64", True); ValueError before. With
    float32 and without that, JAX itself rounds arrays of float64 that it is given, and says nothing.
    """
    dtype = np.dtype(dtype)
    if dtype not in (np.float64, np.float32):
        raise TypeError(f"to_jax: {dtype} is no type of theta; choose float64 or float32")
    if jax.dtypes.canonicalize_dtype(dtype) != dtype:
        raise ValueError(
            "to_jax: JAX would round float64 to float32; call jax.config.update('jax_enable_x64', True) "
            "first, or choose to_jax(dtype='float32')"
        )

    def run(theta: Data, *inputs: Data) -> Any:
        theta, arrays = _checked(program, dtype, theta, inputs)
        compiled = program.compiled(arrays, what)
        return _Run(compiled, [theta, *arrays]).results()

    return run


def _checked(program: Program, dtype: Any, theta: Data, inputs: Sequence[Data]) -> tuple[Data, list[Data]]:
    """Theta and the inputs as arrays of JAX. TypeError and ValueError for other types and shapes."""
    theta, arrays = jnp.asarray(theta), [jnp.asarray(x) for x in inputs]
    if theta.shape != (len(program.leaves),) or theta.dtype != dtype:
        raise TypeError(
            f"theta must be {dtype} of shape ({len(program.leaves)},), as program.parameters('{dtype}') is, "
            f"not {theta.dtype} of shape {theta.shape}"
        )
    for i, x in enumerate(arrays, start=1):
        if x.dtype != dtype and x.dtype.kind not in "iub":
            raise TypeError(f"input {i} is {x.dtype} and theta {dtype}; make them equal: x.astype('{dtype}')")
    lengths = {x.shape[:1] for x in arrays}
    if len(lengths) > 1 or lengths & {(), (0,)}:
        shapes = ", ".join(str(x.shape) for x in arrays)
        raise ValueError(
            f"inputs have the shapes {shapes}; the first axis is the batch's: equally long, and not empty"
        )
    return theta, arrays


class _Run:
    """One pass over an array program. The methods are named by the operations of arrays.STRUCTURAL."""

    def __init__(self, compiled: Compiled, inputs: list[Data]) -> None:
        self.compiled = compiled
        self.inputs = inputs
        self.dtype = inputs[0].dtype
        self.n = next((len(x) for x, given in zip(inputs, compiled.inputs, strict=True) if given.batched), 1)

    def results(self) -> Any:
        """What the step returns: (value, gradient), or what f does."""
        values: dict[Array, Data] = {}
        for array in self.compiled.order:
            args = [values[arg] if isinstance(arg, Array) else arg for arg in array.args]
            if isinstance(array.op, Op):
                z = self.row(array.op, *args)
            else:
                z = getattr(self, array.op)(array, *args)
            values[array] = jnp.broadcast_to(z, self.full(array))
        results = tuple([values[result] for result in self.compiled.results])
        return results if len(results) > 1 else results[0]

    def lead(self, array: Array) -> tuple[int, ...]:
        return (self.n,) * array.batched

    def full(self, array: Array) -> tuple[int, ...]:
        return (*self.lead(array), *array.shape)

    # ── Leaves ──────────────────────────────────────────────────────────────────────────────────────

    def input(self, array: Array) -> Data:
        x = self.inputs[array.how].reshape(self.full(array))
        return x if array.how in self.compiled.indices else x.astype(self.dtype)

    def constant(self, array: Array) -> Data:
        return jnp.array(array.how, self.dtype)

    def seed(self, array: Array) -> Data:
        return jnp.array(1 / self.n if array.how == "mean" else 1, self.dtype)

    def count(self, array: Array) -> Data:
        return jnp.array(self.n, self.dtype)

    def value(self, array: Array, x: Data) -> Data:
        return x.mean() if array.how == "mean" else x.sum()

    # ── Rows ────────────────────────────────────────────────────────────────────────────────────────

    def row(self, row: Op, *args: Data) -> Data:
        """A row of the table, element by element. TypeError naming one that JAX cannot run."""
        try:
            z = FUNCTIONS.get(row, row.function)(*args)
        except (TypeError, ValueError, AttributeError) as error:
            raise TypeError(
                f"to_jax: the function of {row.name} does not run on arrays of JAX; give one that does: "
                "autograd.program.jax.FUNCTIONS[row] = f"
            ) from error
        return jnp.asarray(z, self.dtype)  # conditions too: 0 and 1

    def sequence(self, array: Array, x: Data) -> Data:
        return self.row(array.how, *jnp.moveaxis(x, -1, 0))

    # ── Places ──────────────────────────────────────────────────────────────────────────────────────

    def look(self, source: Array, places: View | Places) -> Callable[[Data], Data]:
        """The linear map from an array like `source` to its elements at some places."""
        lead = self.lead(source)

        def flat(x: Data) -> Data:
            return x.reshape(*lead, source.size)

        if isinstance(places, Places) or (found := slicing(places, source.size)) is None:
            return lambda x: flat(x)[..., places.places()]
        cuts, order = found

        def view(x: Data) -> Data:
            x = flat(x)
            for cut in cuts:
                x = x[..., cut.start : cut.stop : cut.step]
                if cut.rows:
                    x = x.reshape(*x.shape[:-1], cut.rows, -1)
            axes = [order.index(axis) + len(lead) for axis in sorted(order)] or [len(lead)]
            return x.transpose(*range(len(lead)), *axes).reshape(*lead, *places.shape)

        return view

    def view(self, array: Array, x: Data) -> Data:
        return self.look(array.args[0], array.how)(x)

    gather = view

    def assemble(self, array: Array, *parts: Data) -> Data:
        """The sum of the parts, each brought to its places: looking there, transposed."""
        how: Assembly = array.how
        looks = [self.look(array, places) for places in how.places]
        return reduce(
            add, [self.transposed(look, array, part) for look, part in zip(looks, parts, strict=True)]
        )

    def transposed(self, linear: Callable[[Data], Data], array: Array, x: Data) -> Data:
        """The transpose of a linear map from arrays like `array`, applied to x."""
        like = jnp.zeros(self.full(array), self.dtype)
        x = jnp.broadcast_to(x, jax.eval_shape(linear, like).shape)
        return jax.linear_transpose(linear, like)(x)[0]

    def axes(self, array: Array, x: Data) -> Data:
        """Axes left out have the size 1, and None is a new one: a reshape after the transposition."""
        source, lead = array.args[0], len(self.lead(array))
        kept = [axis for axis in array.how if axis is not None]
        dropped = [axis for axis in range(len(source.shape)) if axis not in kept]
        order = [*range(lead), *(axis + lead for axis in [*kept, *dropped])]
        return x.transpose(order).reshape(self.full(array))

    def copy(self, array: Array, x: Data) -> Data:
        return x

    def join(self, array: Array, *parts: Data) -> Data:
        lead = self.lead(array)
        return jnp.concatenate([jnp.broadcast_to(x, (*lead, x.shape[-1])) for x in parts], axis=-1)

    # ── Sums and choices ────────────────────────────────────────────────────────────────────────────

    def einsum(self, array: Array, x: Data, y: Data) -> Data:
        return jnp.einsum("{},{}->{}".format(*array.how), x, y)

    def sum(self, array: Array, x: Data) -> Data:
        return jnp.sum(x, self.reduced(array))

    def max(self, array: Array, x: Data) -> Data:
        return jnp.max(x, self.reduced(array))

    def finite(self, array: Array, x: Data) -> Data:
        return jnp.where(jnp.isinf(x), 0, x)

    def others(self, array: Array, e: Data) -> Data:
        return others(lambda x: jnp.sum(x, self.reduced(array)), e)

    def masked(self, array: Array, x: Data) -> Data:
        return jnp.where(array.how.seen.numbers, x, array.how.fill)

    def mended(self, array: Array, total: Data, *factors: Data) -> Data:
        labels, own, seen, arriving = array.how
        numbers = seen and jnp.array(seen.numbers)
        again = partial(counted, jnp, labels, own, numbers, arriving, *factors)
        return jax.lax.cond(jnp.isnan(total).any(), again, lambda: total)

    def reduced(self, array: Array) -> tuple[int, ...]:
        """The axes that `sum` or `max` reduces."""
        how: Axes = array.how
        lead = len(self.lead(array.args[0]))
        return (*[0] * how.batch, *(axis + lead for axis in how.axes))

    def segment_sum(self, array: Array, x: Data) -> Data:
        return segments(jax.ops.segment_sum, array, x)

    def segment_max(self, array: Array, x: Data) -> Data:
        return segments(jax.ops.segment_max, array, x)

    def segment_others(self, array: Array, e: Data) -> Data:
        return others(lambda x: segments(jax.ops.segment_sum, array, x), e)

    def take(self, array: Array, choices: Data, index: Data) -> Data:
        x = choices.reshape((1,) * (index.ndim + 1 - choices.ndim) + choices.shape)
        # Below 0 stands for outside, where −1 would be the last choice; int, as int8 cannot hold all sizes.
        index = jnp.where(index < 0, x.shape[-1], index.astype(int))
        return jnp.take_along_axis(x, index[..., None], axis=-1, mode="fill")[..., 0]

    def untake(self, array: Array, upstream: Data, index: Data) -> Data:
        return self.transposed(lambda choices: self.take(array, choices, index), array, upstream)


def segments(function: Callable[..., Data], array: Array, x: Data) -> Data:
    """What jax.ops' segment_… makes of the segments of the last axis."""
    rows = np.repeat(np.arange(array.size), np.diff([*array.how.numbers, x.shape[-1]]))
    found = function(jnp.moveaxis(x, -1, 0), rows, array.size, indices_are_sorted=True)
    return jnp.moveaxis(found, 0, -1)


def others(total: Callable[[Data], Data], e: Data) -> Data:
    """Σ − 1 of exponentials whose greatest is 1, as `kernels.others`."""
    ones = e == 1
    return total(jnp.where(ones, 0, e)) + (jnp.maximum(total(ones.astype(e.dtype)), 1) - 1)
