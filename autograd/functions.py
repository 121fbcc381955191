"""exp, log, sin, … found in the library of their argument's own number type.

`math` serves int, float and Fraction, `cmath` complex, its own methods Decimal, its context an mpmath
number, NumPy and JAX their scalars and arrays: N functions and M types, not N × M cases. The functions
below `elementary` are our own: stable where the textbook formula overflows or cancels, and generic in the
number type. Nothing here knows of derivatives; `ops` does.

    x, y    arguments          s    the sign of x, to keep exp from overflowing: exp(−s·x) ≤ 1
    z       result
"""

import cmath
import math
import operator
import sys
from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, InvalidOperation
from fractions import Fraction
from functools import reduce
from itertools import accumulate
from numbers import Complex, Real
from typing import Any

Number = Any  # int, float, complex, Fraction, Decimal, an mpmath number, a NumPy scalar or array


def one(x: Number) -> Number:
    """The 1 of x's own number type: `one(x) / n` is exact for Fraction (int 1 for int and float)."""
    if isinstance(x, int | float | complex) or is_array(x) or hasattr(type(x), "apply_op"):
        return 1
    return type(x)(1)


def is_array(x: Number) -> bool:
    """Whether x is an array: NumPy's with axes (a NumPy scalar is a number), or any of JAX."""
    shape = getattr(x, "shape", None)
    return shape is not None and (bool(shape) or is_jax(type(x)))


def is_jax(kind: type) -> bool:
    """Whether a type is one of JAX's, whose numbers are not known while it traces."""
    return kind.__module__.partition(".")[0] in ("jax", "jaxlib")


def is_complex(x: Any) -> bool:
    """Whether x is a complex number, or an array of them, by its type."""
    if type(x) is float:
        return False
    dtype = getattr(x, "dtype", None)
    return isinstance(x, Complex) and not isinstance(x, Real) if dtype is None else dtype.kind == "c"


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
        if name == "lgamma":  # whose logarithm of Γ has an imaginary part where Γ is negative
            return lambda x: kind.context.loggamma(x).real
        return getattr(kind.context, {"rint": "nint"}.get(name, short), None)
    if is_jax(kind):
        jax: Any = sys.modules["jax"]
        special = {"lgamma": "gammaln"}.get(name, name)
        return getattr(jax.numpy, name, None) or getattr(jax.scipy.special, special, None)
    if is_numpy(kind):
        scalar = getattr(math, short, None)  # NumPy itself lacks erf, erfc and lgamma
        return getattr(sys.modules["numpy"], name, None) or (scalar and each(scalar, kind))
    return None


def is_numpy(kind: type) -> bool:
    """Whether a type is one of NumPy's scalars or its arrays."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and issubclass(kind, numpy.ndarray | numpy.generic)


def each(function: Callable[..., Number], kind: Any) -> Callable[..., Number]:
    """A function of Python's floats, for a NumPy type: on each element of an array."""
    import numpy

    vectorized = numpy.vectorize(function, otypes=[float])

    def quiet(*args: Number) -> Number:
        if any(map(numpy.iscomplexobj, args)):  # whose imaginary part NumPy would drop
            raise TypeError(
                f"{function.__name__} is a function of real numbers; use the real part, or mpmath"
            )
        with numpy.errstate(all="ignore"):  # nan stays nan, in silence as with floats
            return vectorized(*args) if issubclass(kind, numpy.ndarray) else kind(function(*args))

    return quiet


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


def of_floats(function: Callable[..., Number]) -> Callable[..., Number]:
    """A function of floats of our own, for the types that become floats, and whose library lacks it."""
    name = function.__name__

    def otherwise(*args: Number) -> Number:
        kind = type(args[0] if len(args) == 1 else operator.add(*args))
        if issubclass(kind, int | float | Fraction):
            return function(*map(float, args))
        if is_numpy(kind):
            return each(function, kind)(*args)
        raise TypeError(f"{kind.__name__} has no {name}; use float or an mpmath number")

    found = elementary(name, otherwise)
    found.__doc__ = function.__doc__
    return found


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
arctan2 = elementary("arctan2")
erf, erfc, lgamma = elementary("erf"), elementary("erfc"), elementary("lgamma")
gamma = elementary("gamma")


def square(x: Number) -> Number:
    """The product x · x, exact for Fraction."""
    return x * x


def rsqrt(x: Number) -> Number:
    """1 / √x."""
    return one(x) / sqrt(x)


_root = elementary("cbrt", lambda x: x and x ** (one(x) / 3))  # Decimal has none


def cbrt(x: Number) -> Number:
    """The real cube root, also of a negative number. (mpmath's own would be complex there.)"""
    s = where(x >= 0, 1, -1)
    return s * _root(s * x)


def log_base(x: Number, base: Number) -> Number:
    """log(x) / log(base), by the library's own logarithms to the bases 2 and 10, which round once."""
    return where(
        base == 10, lambda: log10(x), lambda: where(base == 2, lambda: log2(x), lambda: log(x) / log(base))
    )


# Logarithms and their products where the textbook's form cancels, overflows or is 0 · ∞.


def log1mexp(x: Number) -> Number:
    """log(1 − exp(x)) for x < 0, without cancellation near 0 and far out.

    (Mächler, "Accurately computing log(1 − exp(−|a|))", 2012, whose switch at −ln 2 loses least.)
    """
    return where(real(x) > -math.log(2), lambda: log(-expm1(x)), lambda: log1p(-exp(x)))


def logit(p: Number) -> Number:
    """log(p / (1 − p)), the inverse of sigmoid; where p is near ½, 2p − 1 is exact and keeps the digits."""
    s = 2 * p - 1
    return where(abs(s) <= 0.5, lambda: log1p(s) - log1p(-s), lambda: log(p) - log1p(-p))


def logaddexp(x: Number, y: Number) -> Number:
    """log(exp(x) + exp(y)), shifted by the greater so that exp cannot overflow."""
    low, high = where(real(x) >= real(y), y, x), where(real(x) >= real(y), x, y)
    return where(x == y, lambda: x + ln2(x), lambda: high + log1p(exp(low - high)))  # ∞ − ∞ would be nan


def xlogy(x: Number, y: Number) -> Number:
    """The product x · log(y), which is 0 for x = 0 whatever y is (but nan)."""
    return where((x == 0) & (y == y), lambda: x * one(y), lambda: x * log(y))


def xlog1py(x: Number, y: Number) -> Number:
    """The product x · log(1 + y), which is 0 for x = 0 whatever y is (but nan)."""
    return where((x == 0) & (y == y), lambda: x * one(y), lambda: x * log1p(y))


_hypot = elementary("hypot", lambda x, y: sqrt(x * x + y * y))


def hypot(x: Number, y: Number) -> Number:
    """√(x² + y²), which neither overflows nor underflows for real numbers."""
    return sqrt(x * x + y * y) if is_complex(x) or is_complex(y) else _hypot(x, y)


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
    """X where the condition holds, y elsewhere; a branch may be a callable, called only where taken.

    A condition that is not known yet has a method `select(x, y)`, and chooses when it is.
    """
    known = type(condition) is bool  # as nearly always, and the others take long to tell
    if not known and is_array(condition):
        import numpy

        with numpy.errstate(all="ignore"):  # both branches are computed everywhere, then masked
            x, y = x() if callable(x) else x, y() if callable(y) else y
        if is_jax(type(condition)):
            numpy = sys.modules["jax"].numpy
        return numpy.where(condition, x, y)
    if not known and hasattr(type(condition), "select"):
        return condition.select(x, y)
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


def at_least(x: Number, y: Number) -> Any:
    """Whether x ≥ y; no where one is nan, which Decimal refuses to order."""
    try:
        return x >= y
    except InvalidOperation:
        return False


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
    return where(at_least(x, y) | (x != x), x, y)


def minimum(x: Number, y: Number) -> Number:
    """The lesser of x and y; nan if either is nan, as in NumPy."""
    return where(at_least(y, x) | (x != x), x, y)


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


def _whole(name: str, nearest: Callable[[Any], int], mode: str, doc: str) -> Callable[[Number], Number]:
    """A function that takes x to a whole number of x's own type; ±∞, nan and the sign of 0 stay."""

    def function(x: Number) -> Number:
        if isinstance(x, float):
            return math.copysign(nearest(x), x) if math.isfinite(x) else x
        if isinstance(x, int | Fraction):
            return type(x)(nearest(x))
        if isinstance(x, Decimal):
            return x.to_integral_value(mode)
        found = library(type(x), name)
        if found is None:
            raise TypeError(f"{type(x).__name__} has no {name}")
        return found(x)

    function.__name__, function.__doc__ = name, doc
    return function


floor = _whole("floor", math.floor, ROUND_FLOOR, "The greatest whole number that is not above x.")
ceil = _whole("ceil", math.ceil, ROUND_CEILING, "The least whole number that is not below x.")
rint = _whole(
    "rint", round, ROUND_HALF_EVEN, "The whole number nearest to x, of two equally near the even one."
)


def fmod(x: Number, y: Number) -> Number:
    """The remainder x − y · trunc(x / y), exactly: with the sign of x, as in C (that of `mod` has y's)."""
    return where(x >= 0, 1, -1) * (abs(x) % abs(y))


# Klambauer et al. 2017, "Self-normalizing neural networks", to the 31 digits of their code


def selu_alpha(x: Number) -> Number:
    """α of selu, 1.6732632423543772848170429916717."""
    return 16732632423543772848170429916717 * one(x) / 10**31


def selu_scale(x: Number) -> Number:
    """λ of selu, 1.0507009873554804934193349852946."""
    return 10507009873554804934193349852946 * one(x) / 10**31


def selu(x: Number) -> Number:
    """λ · elu(x, α), with which the outputs of a layer keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    return selu_scale(x) * elu(x, selu_alpha(x))


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
    return weighted(normal_cdf(x), x)


def normal_cdf(x: Number) -> Number:
    """Φ(x) = ½ erfc(−x/√2), which keeps its digits where Φ is small."""
    return erfc(-x / sqrt(2 * one(x))) / 2


def silu(x: Number) -> Number:
    """The product x · sigmoid(x), also called swish (Elfwing et al. 2017); 0 at −∞."""
    return where(x == -math.inf, lambda: 1 / x, lambda: x * sigmoid(x))


def mish(x: Number) -> Number:
    """The product x · tanh(softplus(x)) (Misra 2019); 0 at −∞."""
    return where(x == -math.inf, lambda: 1 / x, lambda: x * tanh(softplus(x)))


def softsign(x: Number) -> Number:
    """The quotient x / (1 + |x|), exact for Fraction; ±1 at ±∞."""
    return where(abs(x) == math.inf, lambda: sign(x), lambda: x * one(x) / (1 + abs(x)))


# ── Functions of many arguments ─────────────────────────────────────────────────────────────────────


def dot(*args: Number) -> Number:
    """w₁·x₁ + w₂·x₂ + …, the arguments being all w, then all x."""
    return sum(map(operator.mul, args, args[len(args) // 2 :]))  # map ends with the shorter


def element(i: int, *args: Number) -> Number:
    """The argument number i of the others, from 0."""
    return args[index(i, len(args))]


def index(i: Any, n: int) -> int:
    """I as a place among n, from 0. TypeError and IndexError where it is none, as in compiled code."""
    if not hasattr(i, "__index__"):
        raise TypeError(f"take: an index is a whole number, not {i!r}; round it first")
    if not 0 <= operator.index(i) < n:
        raise IndexError(f"take: there is no choice {i}; there are {n}, counted from 0")
    return operator.index(i)


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


def weighted(w: Number, x: Number) -> Number:
    """W · x, and 0 where w is 0, whatever x: a class that cannot be, log p = −∞, costs nothing."""
    return where(w == 0, w, lambda: w * x)


def peak(*args: Number) -> Number:
    """What to shift by: the greatest of all arguments, of complex ones by their real parts."""
    if any(map(is_array, args)):
        import numpy

        return numpy.maximum.reduce(numpy.broadcast_arrays(*args))
    return max(args, key=real)


def logsumexp(*args: Number) -> Number:
    """log(exp(x₁) + exp(x₂) + …), as the greatest argument m + log1p(Σ exp(x − m) over the others).

    So exp cannot overflow, and what the others add keeps its digits.
    """
    if any(map(is_array, args)):
        import numpy

        with numpy.errstate(invalid="ignore"):
            return numpy.logaddexp.reduce(numpy.broadcast_arrays(*args))
    m = peak(*args)
    if abs(m) == math.inf:  # the difference of two infinities would be nan
        return next((x for x in args if x != x), m)
    others = list(args)
    others.remove(m)
    return m + log1p(sum((exp(x - m) for x in others), 0 * m))


# ── Python's own operators, with Python's surprises removed ─────────────────────────────────────────


def power(x: Number, y: Number) -> Number:
    """X ** y, with 0⁰ = 1; a negative x to a broken y is an error for real numbers, not a complex result."""
    try:
        z = x**y
    except InvalidOperation:  # Decimal has no 0⁰
        if not x == y == 0:
            raise
        return one(x)
    if isinstance(z, complex) and not isinstance(x, complex) and not isinstance(y, complex):
        raise ValueError("a negative number has no real power to a broken exponent")
    return z


def floordiv(x: Number, y: Number) -> Number:
    """The floor of x / y: x // y, which mpmath lacks, and Decimal cuts towards 0."""
    if isinstance(x, Decimal) or isinstance(y, Decimal):
        return x // y - (x % y * y < 0)
    if hasattr(type(x), "context") or hasattr(type(y), "context"):
        z = (x - x % y) / y  # a whole number, but for rounding: the floor of a rounded x / y may be another
        return type(z).context.nint(z) if z - z == 0 else type(z).context.floor(x / y)
    return x // y


def mod(x: Number, y: Number) -> Number:
    """The rest x − y · ⌊x / y⌋, of y's sign: x % y, which has the sign of x for Decimal."""
    z = x % y
    if isinstance(z, Decimal):
        return z + y if z * y < 0 else z.copy_sign(y)
    return z


def steps_from(x: Any, y: Any = 1) -> Any:
    """How far x is from the nearest multiple of y: where the kinks of mod and floor lie."""
    return y * (x / y - rint(x / y))


def reciprocal(x: Number) -> Number:
    """1 / x, exact for Fraction."""
    return one(x) / x


def deg2rad(x: Number) -> Number:
    """An angle in degrees, in radians."""
    return x * (pi(x) / 180)


def rad2deg(x: Number) -> Number:
    """An angle in radians, in degrees."""
    return x * (180 / pi(x))
