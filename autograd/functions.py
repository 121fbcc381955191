"""exp, log, sin, … found in the library of their argument's own number type.

`math` serves int, float and Fraction, `cmath` complex, its own methods Decimal, its context an mpmath
number, and NumPy its scalars and arrays: N functions and M types, not N × M cases. The functions below
`elementary` are our own: stable where the textbook formula overflows or cancels, and generic in the
number type. Nothing here knows of derivatives; `ops` does.

    x, y    arguments          s    the sign of x, to keep exp from overflowing: exp(−s·x) ≤ 1
    z       result
"""

import cmath
import math
import operator
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from itertools import accumulate
from typing import Any

Number = Any  # int, float, complex, Fraction, Decimal, an mpmath number, a NumPy scalar or array


def one(x: Number) -> Number:
    """The 1 of x's own number type: `one(x) / n` is exact for Fraction (int 1 for int and float)."""
    if isinstance(x, int | float | complex) or is_array(x) or hasattr(type(x), "apply_op"):
        return 1
    return type(x)(1)


def is_array(x: Number) -> bool:
    """Whether x is a NumPy array with axes (a NumPy scalar is a number)."""
    return bool(getattr(x, "shape", ()))


def real(x: Number) -> Number:
    """The real part, for the comparisons inside functions that are analytic all the same."""
    return x.real if hasattr(x, "real") else x


# ── The library of a number type ────────────────────────────────────────────────────────────────────


def library(kind: type, name: str) -> Callable[..., Number] | None:
    """The function `name` (NumPy's name) in the library of the number type `kind`, if it has one."""
    short = name.replace("arc", "a")  # arctan2 is atan2 in math, cmath and mpmath
    if issubclass(kind, int | float | Fraction):
        return getattr(math, short, None)
    if issubclass(kind, complex):
        return getattr(cmath, short, None)
    if issubclass(kind, Decimal):
        return getattr(Decimal, {"log": "ln"}.get(name, name), None)
    if hasattr(kind, "context"):  # mpmath: a number's class knows its context, and so its precision
        return getattr(kind.context, {"lgamma": "loggamma"}.get(name, short), None)
    numpy = sys.modules.get("numpy")
    if numpy is not None and issubclass(kind, numpy.ndarray | numpy.generic):
        scalar = getattr(math, short, None)  # NumPy itself lacks erf, erfc and lgamma
        return getattr(numpy, name, None) or (scalar and each(scalar, kind))
    return None


def each(function: Callable[..., Number], kind: Any) -> Callable[..., Number]:
    """A function of Python's floats, for a NumPy type: on each element of an array."""
    import numpy

    vectorized = numpy.vectorize(function, otypes=[float])

    def quiet(*args: Number) -> Number:
        with numpy.errstate(all="ignore"):  # nan stays nan, in silence as with floats
            return vectorized(*args)

    return quiet if issubclass(kind, numpy.ndarray) else lambda *args: kind(function(*args))


def elementary(name: str, otherwise: Callable[..., Number] | None = None) -> Callable[..., Number]:
    """The function `name` from the library of its argument's number type.

    `otherwise` is a formula in other elementary functions, for the types whose library lacks it.
    Raises TypeError where there is neither.
    """
    known: dict[type, Callable[..., Number]] = {}

    def function(*args: Number) -> Number:
        kind = type(args[0] if len(args) == 1 else operator.add(*args))
        if kind not in known:
            found = library(kind, name) or otherwise
            if found is None:
                raise TypeError(f"{kind.__name__} has no {name}; use float or an mpmath number")
            known[kind] = found
        return known[kind](*args)

    function.__name__ = name
    function.__doc__ = f"{name}, in the library of its argument's number type."
    return function


# Kahan's forms lose no digit near 0, although 1 + x and exp(x) are rounded: the same rounding error
# stands above and below the fraction bar. (Higham, Accuracy and Stability, 2nd ed., section 1.14.1)


def _log1p(x: Number) -> Number:
    u = 1 + x
    return x if u == 1 else log(u) * x / (u - 1)


def _expm1(x: Number) -> Number:
    u = exp(x)
    return x if u == 1 or x != x else u - 1 if abs(x) > 1 else (u - 1) * x / log(u)


def _sinh(x: Number) -> Number:
    t = expm1(x)
    return (t + t / (t + 1)) / 2


def _tanh(x: Number) -> Number:
    s = _side(x)
    t = expm1(-2 * s * x)
    return -s * t / (t + 2)


exp, log, sqrt = elementary("exp"), elementary("log"), elementary("sqrt")
sin, cos, tan = elementary("sin"), elementary("cos"), elementary("tan")
arcsin, arccos, arctan = elementary("arcsin"), elementary("arccos"), elementary("arctan")
arcsinh, arccosh, arctanh = elementary("arcsinh"), elementary("arccosh"), elementary("arctanh")
sinh = elementary("sinh", _sinh)
cosh = elementary("cosh", lambda x: (exp(x) + exp(-x)) / 2)
tanh = elementary("tanh", _tanh)
log1p, expm1 = elementary("log1p", _log1p), elementary("expm1", _expm1)
log2 = elementary("log2", lambda x: log(x) / ln2(x))
log10 = elementary("log10", lambda x: log(x) / ln10(x))
exp2 = elementary("exp2", lambda x: (2 * one(x)) ** x)
hypot = elementary("hypot", lambda x, y: sqrt(x * x + y * y))
arctan2 = elementary("arctan2")
erf, erfc, lgamma = elementary("erf"), elementary("erfc"), elementary("lgamma")


# ── Constants, to the precision of x's number type ──────────────────────────────────────────────────


def pi(x: Number) -> Number:
    """π."""
    if isinstance(x, Decimal):
        raise TypeError("Decimal has no π; use float or an mpmath number")
    return +type(x).context.pi if hasattr(type(x), "context") else math.pi


def ln2(x: Number) -> Number:
    """The natural logarithm of 2."""
    return log(2 * one(x))


def ln10(x: Number) -> Number:
    """The natural logarithm of 10."""
    return log(10 * one(x))


# ── Choices and kinks ───────────────────────────────────────────────────────────────────────────────


def where(condition: Any, x: Any, y: Any) -> Any:
    """X where the condition holds, y elsewhere; a branch may be a callable, called only where taken."""
    if is_array(condition):
        import numpy

        with numpy.errstate(all="ignore"):  # both branches are computed everywhere, then masked
            x, y = x() if callable(x) else x, y() if callable(y) else y
        return numpy.where(condition, x, y)
    taken = x if condition else y
    return taken() if callable(taken) else taken


def _side(x: Number) -> Number:
    return where(real(x) >= 0, 1, -1)


def ordered(numbers: Sequence[Number], choose: Callable[[], Number]) -> Number:
    """What choose() makes of numbers by their order; nan where one is nan, which Decimal refuses to order."""
    nan: Any = False
    for x in numbers:
        nan = nan | (x != x)
    return choose() if nan is False else where(nan, lambda: sum(numbers), choose)


def sign(x: Number) -> Number:
    """−1, 0 or 1, by the sign of x; nan for nan."""
    return ordered([x], lambda: where(x > 0, 1, where(x < 0, -1, x)))


def step(x: Number) -> Number:
    """1 for x > 0 and 0 for x ≤ 0; nan for nan."""
    if type(x) is float:  # in a fifth of the time
        return 1 if x > 0 else 0 if x <= 0 else x
    return ordered([x], lambda: where(x > 0, 1, 0))


def share(x: Number, y: Number) -> Number:
    """The share of x in max(x, y): 1 where x > y, ½ on a tie, 0 where x < y; nan if either is nan."""
    return ordered([x, y], lambda: where(x > y, 1, where(x == y, lambda: one(x + y) / 2, 0)))


def same(x: Number) -> Number:
    """x, towards which no derivative is taken: a constant for every transform and for backward."""
    return +x


def absolute(x: Number) -> Number:
    """|x| of a real number. (|x| of a complex one has no complex derivative.)"""
    return abs(x)


def maximum(x: Number, y: Number) -> Number:
    """The greater of x and y; nan if either is nan, as in NumPy."""
    return ordered([x, y], lambda: where(x >= y, x, y))


def minimum(x: Number, y: Number) -> Number:
    """The lesser of x and y; nan if either is nan, as in NumPy."""
    return ordered([x, y], lambda: where(x <= y, x, y))


def greatest(*args: Number) -> Number:
    """The greatest of x₁, x₂, …; nan if one is nan, as in NumPy."""
    return fold(maximum, args)


def least(*args: Number) -> Number:
    """The least of x₁, x₂, …; nan if one is nan, as in NumPy."""
    return fold(minimum, args)


def fold(function: Callable[..., Number], args: Sequence[Number]) -> Number:
    """function(function(x₁, x₂), x₃) and so on; ValueError where there is no x₁."""
    if not args:
        raise ValueError("there is none of no numbers")
    return reduce(function, args)


def clip(x: Number, low: Number = -math.inf, high: Number = math.inf) -> Number:
    """x, kept between low and high."""
    return minimum(maximum(x, low), high)


def relu(x: Number) -> Number:
    """max(x, 0), with the 0 of x's own number type."""
    if type(x) is float:  # in a fifth of the time
        return 0.0 if x <= 0 else x
    zero = 0 * one(x) if is_array(x) else type(x)(0)
    return ordered([x], lambda: where(x <= 0, zero, x))


def leaky_relu(x: Number, slope: Number = 0.01) -> Number:
    """X for x > 0, slope · x elsewhere."""
    return ordered([x], lambda: where(x > 0, x, lambda: slope * x))


def elu(x: Number, alpha: Number = 1) -> Number:
    """X for x > 0, α(exp(x) − 1) elsewhere (Clevert et al. 2015)."""
    return ordered([x], lambda: where(x > 0, x, lambda: alpha * expm1(x)))


# ── The smooth neural functions, stable everywhere ──────────────────────────────────────────────────


def sigmoid(x: Number) -> Number:
    """1 / (1 + exp(−x)), written so that exp never overflows."""
    s = _side(x)
    e = exp(-s * x)
    return where(s > 0, 1, e) / (1 + e)


def softplus(x: Number) -> Number:
    """log(1 + exp(x)), written so that it neither overflows nor loses a small exp(x)."""
    s = _side(x)
    return where(s > 0, x, 0) + log1p(exp(-s * x))


def log_sigmoid(x: Number) -> Number:
    """log(sigmoid(x)) = −softplus(−x)."""
    return -softplus(-x)


def gelu(x: Number) -> Number:
    """X · Φ(x), with the normal distribution function Φ (Hendrycks & Gimpel 2016, the exact form)."""
    return x * normal_cdf(x)


def normal_cdf(x: Number) -> Number:
    """Φ(x) = ½ erfc(−x/√2), which keeps its digits where Φ is small."""
    return erfc(-x / sqrt(2 * one(x))) / 2


# ── Functions of many arguments ─────────────────────────────────────────────────────────────────────


def dot(*args: Number) -> Number:
    """w₁·x₁ + w₂·x₂ + …, the arguments being all w, then all x."""
    return sum(map(operator.mul, args, args[len(args) // 2 :]))  # map ends with the shorter


def element(i: int, *args: Number) -> Number:
    """The argument number i of the others, from 0."""
    return args[operator.index(i)]


def total(*args: Number) -> Number:
    """x₁ + x₂ + …"""
    return sum(args)


def mean(*args: Number) -> Number:
    """(x₁ + x₂ + …) / n"""
    z = sum(args)
    return z / (len(args) * one(z))


def prod(*args: Number) -> Number:
    """x₁ · x₂ · …"""
    return math.prod(args)


def others(args: Sequence[Any]) -> list[Any]:
    """For every argument the product of all others, without a division (so that zeros do no harm)."""
    before = accumulate(args[:-1], operator.mul, initial=1)
    after = [*accumulate(args[:0:-1], operator.mul, initial=1)]
    return [left * right for left, right in zip(before, reversed(after), strict=True)]


def logsumexp(*args: Number) -> Number:
    """log(exp(x₁) + exp(x₂) + …), shifted by the greatest argument so that exp cannot overflow."""
    if any(map(is_array, args)):
        import numpy

        with numpy.errstate(invalid="ignore"):
            return numpy.logaddexp.reduce(numpy.broadcast_arrays(*args))
    m = max(args, key=real)
    if abs(m) == math.inf:  # the difference of two infinities would be nan
        return next((x for x in args if x != x), m)
    return m + log(sum(exp(x - m) for x in args))


# ── Python's own operators, with Python's surprises removed ─────────────────────────────────────────


def power(x: Number, y: Number) -> Number:
    """X ** y; a negative x to a broken y is an error for real numbers, not a complex result."""
    z = x**y
    if isinstance(z, complex) and not isinstance(x, complex) and not isinstance(y, complex):
        raise ValueError("a negative number has no real power to a broken exponent")
    return z


def floordiv(x: Number, y: Number) -> Number:
    """The floor of x / y: x // y, which mpmath lacks."""
    z = x / y if hasattr(type(x), "context") or hasattr(type(y), "context") else None
    return x // y if z is None else type(z).context.floor(z)


def reciprocal(x: Number) -> Number:
    """1 / x, exact for Fraction."""
    return one(x) / x


def deg2rad(x: Number) -> Number:
    """An angle in degrees, in radians."""
    return x * pi(x) / 180


def rad2deg(x: Number) -> Number:
    """An angle in radians, in degrees."""
    return x * 180 / pi(x)
