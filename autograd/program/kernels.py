"""Kernels: the rows of the table on whole arrays.

Most rows are a ufunc of NumPy. Others have a function here that is as stable as the row's own. It calls NumPy
alone, SciPy where it imports it, and others of these functions, so that their texts run without autograd. All
other rows are computed by their own function.

What a function here masks may overflow or be undefined, so NumPy's warnings are off where it runs. Its result
is a new array, of floats as wide as its widest argument; Python's numbers widen none.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import ops
from autograd.op import Op
from autograd.program.symbol import AND, OR
from autograd.protocol import COMPARISONS

Array = Any  # a NumPy array or scalar, or a number of Python's
Kernel = Callable[..., Array]

UFUNCS: dict[Op, str] = {
    ops.sub: "subtract",
    ops.mul: "multiply",
    ops.div: "divide",
    ops.neg: "negative",
    ops.floordiv: "floor_divide",
    COMPARISONS["lt"]: "less",
    COMPARISONS["le"]: "less_equal",
    COMPARISONS["gt"]: "greater",
    COMPARISONS["ge"]: "greater_equal",
    COMPARISONS["eq"]: "equal",
    COMPARISONS["ne"]: "not_equal",
    AND: "logical_and",
    OR: "logical_or",
    **{
        row: name
        for name, row in ops.TABLE.items()
        if isinstance(getattr(np, name, None), np.ufunc) and not row.sequences
    },
}


def kernel(row: Op) -> Kernel:
    """What computes a row on arrays; of a row on sequences, which stand on the last axis of one array."""
    if row in UFUNCS:
        return getattr(np, UFUNCS[row])  # type: ignore[no-any-return]
    if row in SPECIAL and has_scipy():
        return SPECIAL[row]
    return KERNELS.get(row) or own(row.function, row.name, bool(row.sequences))


def own(function: Kernel, name: str, is_sequence: bool = False) -> Kernel:
    """A row by its own function: on arrays, or on each element if it knows only numbers.

    It knows only numbers if it raises, gives a result of another shape or of no floats, or writes to its
    arguments. Of numbers outside of its domain it gives nan: one example must not stop all others.
    """

    def number(*args: Array) -> Array:
        try:
            z = function(*args)
        except (ValueError, ArithmeticError):
            return np.nan
        if np.iscomplexobj(z):
            raise TypeError(f"{name} gave the complex number {z}, which arrays of floats cannot hold")
        return z

    each = np.vectorize(number, otypes=[float])
    takes_arrays = True

    def apply(*args: Array) -> Array:
        nonlocal takes_arrays
        kinds = [x.dtype for x in args if hasattr(x, "dtype") and x.dtype.kind == "f"]
        kind = np.result_type(*kinds or [float])
        given = [_given(x) for x in (np.moveaxis(args[0], -1, 0) if is_sequence else args)]
        if takes_arrays:
            try:
                z = np.asarray(function(*given)).astype(kind, casting="same_kind")
                if z.shape == np.broadcast_shapes(*map(np.shape, given)):
                    return z
            except Exception:  # whatever it says of arrays: if numbers are no matter either, they raise too
                pass
            takes_arrays = False
        return np.asarray(each(*given), kind)

    return apply


def _given(x: Array) -> Array:
    """An argument as the function gets it, which must not change it: one without axes as a number."""
    x = np.asarray(x).view()
    x.flags.writeable = False
    return x if x.ndim else np.float64(x) if x.dtype.kind == "f" else x[()]


def has_scipy() -> bool:
    """Whether SciPy is there. It is imported when the first program needs it, as that takes a while."""
    try:
        import scipy.special  # noqa: F401
    except ImportError:
        return False
    return True


# ── Rows, element by element ────────────────────────────────────────────────────────────────────────


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(−x)); where exp overflows, the result is the 0 that it should be."""
    return 1 / (1 + np.exp(-x))


def softplus(x: Array) -> Array:
    """log(1 + exp(x))."""
    return np.logaddexp(x, 0)


def log_sigmoid(x: Array) -> Array:
    """−log(1 + exp(−x))."""
    return -np.logaddexp(-x, 0)


def silu(x: Array) -> Array:
    """The product x · sigmoid(x); 0 at −∞."""
    return np.where(x == -np.inf, -0.0, x / (1 + np.exp(-x)))


def mish(x: Array) -> Array:
    """The product x · tanh(log(1 + exp(x))); 0 at −∞."""
    return np.where(x == -np.inf, -0.0, x * np.tanh(np.logaddexp(x, 0)))


def relu(x: Array) -> Array:
    """max(x, 0)."""
    return np.maximum(x, 0)


def leaky_relu(x: Array, slope: Array) -> Array:
    """X for x > 0, slope · x elsewhere."""
    return np.where(x > 0, x, slope * x)


def elu(x: Array, alpha: Array) -> Array:
    """X for x > 0, α(exp(x) − 1) elsewhere."""
    return np.where(x > 0, x, alpha * np.expm1(x))


def selu(x: Array) -> Array:
    """The product λ · elu(x, α), with the constants of self-normalizing networks."""
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))


def softsign(x: Array) -> Array:
    """The quotient x / (1 + |x|); ±1 at ±∞."""
    return np.where(np.isinf(x), np.sign(x), x / (1 + np.abs(x)))


def step(x: Array) -> Array:
    """1 for x > 0 and 0 for x ≤ 0; nan for nan."""
    return np.heaviside(x, 0)


def share(x: Array, y: Array) -> Array:
    """1 where x > y, ½ on a tie, 0 where x < y; nan if either is nan."""
    return np.where(x == y, 0.5, np.heaviside(x - y, 0.5))


def clip(x: Array, low: Array, high: Array) -> Array:
    """x, kept between low and high."""
    return np.minimum(np.maximum(x, low), high)


def where(condition: Array, x: Array, y: Array) -> Array:
    """X where the condition holds, y elsewhere."""
    return np.where(condition, x, y)


def weighted(w: Array, x: Array) -> Array:
    """The product w · x, and 0 where w is 0."""
    return np.where(w == 0, w, w * x)


def rsqrt(x: Array) -> Array:
    """1 / √x."""
    return 1 / np.sqrt(x)


def narrow(x: Array) -> Array:
    """The same number, if it is one, as Python's, which widens no array."""
    return x if np.ndim(x) else float(x)


def log_base(x: Array, base: Array) -> Array:
    """The logarithm to a base, which rounds once for 2 and 10."""
    quotient = np.log(x) / narrow(np.log(base))
    return np.where(base == 10, np.log10(x), np.where(base == 2, np.log2(x), quotient))


def log1mexp(x: Array) -> Array:
    """log(1 − exp(x)) for x < 0, without cancellation near 0 and far out: the two forms meet at −ln 2."""
    return np.where(x > -0.6931471805599453, np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


def logit(p: Array) -> Array:
    """log(p / (1 − p)); where p is near ½, 2p − 1 is exact and keeps the digits."""
    s = 2 * p - 1
    return np.where(np.abs(s) <= 0.5, np.log1p(s) - np.log1p(-s), np.log(p) - np.log1p(-p))


def xlogy(x: Array, y: Array) -> Array:
    """The product x · log(y), which is 0 for x = 0 whatever y is (but nan)."""
    return np.where((x == 0) & (y == y), x, x * narrow(np.log(y)))


def xlog1py(x: Array, y: Array) -> Array:
    """The product x · log(1 + y), which is 0 for x = 0 whatever y is (but nan)."""
    return np.where((x == 0) & (y == y), x, x * narrow(np.log1p(y)))


# ── Rows that SciPy knows ───────────────────────────────────────────────────────────────────────────


def erf(x: Array) -> Array:
    """The error function."""
    from scipy.special import erf

    return erf(x)


def erfc(x: Array) -> Array:
    """1 − erf(x); far out as exp(−t²) · erfcx(t), with t² in two parts so that no digit of it is lost."""
    from scipy.special import erfc, erfcx

    t = np.clip(x, 0.5, 30)
    h = np.round(64 * t) / 64
    return np.where(x < 0.5, erfc(x), np.exp(-h * h) * np.exp((h - t) * (h + t)) * erfcx(t))


def normal_cdf(x: Array) -> Array:
    """Φ(x) = ½ erfc(−x/√2)."""
    from scipy.special import erfc

    return erfc(-x / 2**0.5) / 2


def gelu(x: Array) -> Array:
    """X · Φ(x), with the normal distribution function Φ; 0 at −∞."""
    return np.where(x == -np.inf, 0, x * normal_cdf(x))


def erfinv(x: Array) -> Array:
    """The inverse of erf."""
    from scipy.special import erfinv

    return erfinv(x)


def gamma(x: Array) -> Array:
    """Γ(x)."""
    from scipy.special import gamma

    return gamma(x)


def lgamma(x: Array) -> Array:
    """The logarithm of |Γ(x)|: ∞ at −∞ too, and −log |x| where Γ itself would overflow."""
    from scipy.special import gammaln

    size = np.abs(x)
    return np.where(size < 1e-300, -np.log(size), np.where(size == np.inf, size, gammaln(x)))


def digamma(x: Array) -> Array:
    """ψ(x), the derivative of log Γ; below 0 by reflection, ψ(1 − x) − π cot(πx)."""
    from scipy.special import psi

    below = x < 0
    return psi(np.where(below, 1 - x, x)) - np.where(below, np.pi / np.tan(np.pi * (x - np.rint(x))), 0)


def polygamma(n: Array, x: Array) -> Array:
    """ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! ζ(n + 1, x), with Hurwitz's ζ, for n > 0."""
    from scipy.special import gamma, zeta

    z = np.where(n == 0, digamma(x), -np.power(-1.0, n) * gamma(n + 1.0) * zeta(n + 1.0, x))
    return z.astype(np.result_type(n, x))


# ── Rows on sequences, which stand on the last axis ─────────────────────────────────────────────────


def amax(x: Array) -> Array:
    """The greatest element; nan if one is nan."""
    return np.max(x, axis=-1)


def amin(x: Array) -> Array:
    """The least element; nan if one is nan."""
    return np.min(x, axis=-1)


def mean(x: Array) -> Array:
    """The mean of the elements."""
    return np.mean(x, axis=-1)


def prod(x: Array) -> Array:
    """The product of the elements."""
    return np.prod(x, axis=-1)


SPECIAL: dict[Op, Kernel] = {
    getattr(ops, function.__name__): function
    for function in (erf, erfc, normal_cdf, gelu, erfinv, gamma, lgamma, digamma, polygamma)
}
KERNELS: dict[Op, Kernel] = {
    getattr(ops, function.__name__): function
    for function in (
        *(sigmoid, softplus, log_sigmoid, silu, mish, relu, leaky_relu, elu, selu, softsign, step, share),
        *(clip, where, weighted, rsqrt, log_base, log1mexp, logit, xlogy, xlog1py, amax, amin, mean, prod),
    )
}


# ── Operations that are no rows ─────────────────────────────────────────────────────────────────────


def vecdot(x: Array, y: Array) -> Array:
    """Σ x·y over the last axis."""
    return np.vecdot(x, y) if hasattr(np, "vecdot") else np.einsum("...i,...i->...", x, y)


def finite(x: Array) -> Array:
    """X, and 0 where it is infinite, to shift by."""
    return np.where(np.isinf(x), 0, x)


def masked(x: Array, seen: Array, fill: float) -> Array:
    """X where it is seen, and a number elsewhere."""
    return np.where(seen, x, fill)


def mended(total: Array, labels: str, own: str, seen: Array, arriving: bool, *factors: Array) -> Array:
    """The total, a sum of products with 0 where they do not count; as 0 · ∞ is nan, a nan is looked into."""
    square = np.vdot(total, total)
    return total if square == square else counted(np, labels, own, seen, arriving, *factors)


def counted(xp: Any, labels: str, own: str, seen: Array, arriving: bool, *factors: Array) -> Array:
    """The sum of those products that are seen, by arrays of NumPy or JAX; `own` has the labels of `seen`.

    Where `arriving`, only of those whose first factor, an upstream, is not 0.
    """
    given, result = labels.split("->")
    every = "".join(dict.fromkeys(given.replace(",", "")))
    products = xp.einsum(f"{given}->{every}", *factors)
    for counts, names in ((seen, own), (factors[0] != 0 if arriving else None, given.split(",")[0])):
        if counts is not None:
            counts = counts.transpose([names.index(label) for label in every if label in names])
            index = tuple([slice(None) if label in names else None for label in every])
            products = xp.where(counts[index], products, 0)
    return xp.einsum(f"{every}->{result}", products)


def others(e: Array, axis: int | tuple[int, ...]) -> Array:
    """Σ − 1 over some axes of exponentials whose greatest is exp(0) = 1: that one is left out."""
    ones = e == 1
    ties = np.sum(ones, axis=axis, dtype=e.dtype)
    return np.sum(e - ones, axis=axis) + np.maximum(ties - 1, 0)


def segment_others(e: Array, starts: Array) -> Array:
    """The same for each segment of the last axis."""
    ones = e == 1
    ties = np.add.reduceat(ones, starts, axis=-1, dtype=e.dtype)
    return np.add.reduceat(e - ones, starts, axis=-1) + np.maximum(ties - 1, 0)


def take(choices: Array, index: Array) -> Array:
    """choices[…, index], over the axes before the last; one of the two may lack the axis of the batch."""
    index = index[..., None]
    rank = max(choices.ndim, index.ndim)
    choices, index = (x.reshape((1,) * (rank - x.ndim) + x.shape) for x in (choices, index))
    return np.take_along_axis(choices, index, -1)[..., 0]


def untake(upstream: Array, index: Array, shape: tuple[int, ...]) -> Array:
    """Zeros of the choices' shape, with each element of `upstream` added where `take` took it."""
    upstream, index = np.broadcast_arrays(upstream, index)
    choices = np.zeros(shape, upstream.dtype)
    rows = np.broadcast_to(np.arange(choices.size // shape[-1]).reshape(shape[:-1]), index.shape)
    np.add.at(choices.reshape(-1, shape[-1]), (rows, index), upstream)
    return choices
