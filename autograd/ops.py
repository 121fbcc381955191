"""The table: every operation is one row, and everything else reads it.

A row is a symbol to draw, a function to apply, and one rule per argument: its local derivative, an
expression in the arguments x, y, … and the result z. Rules are branch-free: kinks are written with
`step`, `sign`, `share` or `where`. Called with numbers a rule gives the local derivative, with Values
the derivative as a graph (so orders go on for ever, and its formula can be printed), with the symbols of
`compile` array code. A rule that returns None contributes nothing. Guards for single points choose by
number (`guard`), which leaves no trace in the derivative's graph. What else a row may say: `op.Op`.

At a kink the rules take the subgradient of least norm over all arguments together: relu′(0) = 0, |x|′(0) = 0,
and n arguments that tie in `maximum` or `amax` get 1/n each. `clip(x, low, high)` is minimum(maximum(x, low),
high) there too: x at a bound shares with it ½ : ½, whether the bound is a constant or not. The slope of
`floor`, `ceil` and `rint` is 0, also at their steps.

Formulas: Abramowitz & Stegun, chapters 4, 6 and 7, unless a row says otherwise.
"""

# mypy: disable-error-code="has-type"
# A rule may name a row that stands further down; mypy does not follow it there.

import math
import operator
from collections.abc import Sequence
from functools import reduce
from typing import Any

from autograd import functions as f
from autograd import special
from autograd.op import *  # noqa: F403 (the words in which rows are written)

# ── Arithmetic ──────────────────────────────────────────────────────────────────────────────────────
# fmt: off

#           symbol  z =                   ∂z/∂x                         ∂z/∂y
add       = Op("+", operator.add,         lambda x, y, z: 1,            lambda x, y, z: 1,
               kind="rational", infix=SUM, latex="{} + {}", commutative=True)
sub       = Op("−", operator.sub,         lambda x, y, z: 1,            lambda x, y, z: -1,
               kind="rational", infix=SUM, latex="{} - {}")
mul       = Op("×", operator.mul,         lambda x, y, z: y,            lambda x, y, z: x,
               kind="rational", infix=PRODUCT, latex=r"{} \cdot {}", commutative=True)
div       = Op("/", operator.truediv,     lambda x, y, z: one(z) / y,   lambda x, y, z: -z / y,
               kind="rational", infix=PRODUCT, latex=r"\frac{{{}}}{{{}}}", domain=(REAL, NONZERO))
neg       = Op("−", operator.neg,         lambda x, z: -1, kind="rational", infix=SIGN, latex="-{}")
power     = Op("^", f.power,
               lambda x, y, z: guard((x == 0) & (y == 0), 0, lambda: y * f.power(x, y - 1)),
               lambda x, y, z: guard((x == 0) & (y != 0), 0, lambda: z * log(x)),
               infix=POWER, latex="{}^{{{}}}", domain=(POSITIVE, REAL))
mod       = Op("mod", f.mod,              lambda x, y, z: 1,            lambda x, y, z: -floordiv(x, y),
               kind="kinked", infix=PRODUCT, latex=r"{} \bmod {}", domain=(REAL, NONZERO), kinks=f.steps_from)
floordiv  = Op("//", f.floordiv,          lambda x, y, z: 0,            lambda x, y, z: 0,
               kind="kinked", infix=PRODUCT, latex=r"\lfloor {} / {} \rfloor", domain=(REAL, NONZERO),
               kinks=f.steps_from)
fmod      = Op("fmod", f.fmod,            lambda x, y, z: 1,            lambda x, y, z: -rint((x - z) / y),
               kind="kinked", domain=(REAL, NONZERO), kinks=f.steps_from)
reciprocal = Op("1/", f.reciprocal,       lambda x, z: -(z * z), kind="rational", domain=(NONZERO,),
               latex=r"\frac{{1}}{{{}}}")
square    = Op("square", f.square,        lambda x, z: 2 * x, kind="rational", latex=r"\left({}\right)^{{2}}")

# ── Constants, to the precision of x's number type: rows without rules ──────────────────────────────

constant  = Op("const", operator.pos, kind="constant")
identity  = Op("=", operator.pos,         lambda x, z: 1, kind="rational", latex="{}")
one       = Op("1", f.one, kind="constant")
pi        = Op("π", f.pi, kind="constant")
ln2       = Op("ln 2", f.ln2, kind="constant")
ln10      = Op("ln 10", f.ln10, kind="constant")
selu_alpha = Op("α", f.selu_alpha, kind="constant")
selu_scale = Op("λ", f.selu_scale, kind="constant")

# ── Exponentials and logarithms ─────────────────────────────────────────────────────────────────────

exp       = Op("exp", f.exp,              lambda x, z: z)
exp2      = Op("exp2", f.exp2,            lambda x, z: z * ln2(x), latex="2^{{{}}}")
expm1     = Op("expm1", f.expm1,          lambda x, z: exp(x))
log_base  = Op("log", f.log_base,
               lambda x, b, z: 1 / log(b) / x,                          lambda x, b, z: -z / log(b) / b,
               domain=(POSITIVE, Interval(low=0, hole=1)), latex=r"\log\left({}, {}\right)")
log       = Overloaded("log", f.log,      lambda x, z: 1 / x, domain=(POSITIVE,), longer=log_base)
log2      = Op("log2", f.log2,            lambda x, z: 1 / (x * ln2(x)), domain=(POSITIVE,))
log10     = Op("log10", f.log10,          lambda x, z: 1 / (x * ln10(x)), domain=(POSITIVE,))
log1p     = Op("log1p", f.log1p,          lambda x, z: 1 / (1 + x), domain=(Interval(low=-1),))
sqrt      = Op("√", f.sqrt,               lambda x, z: 1 / (2 * z), domain=(POSITIVE,),
               latex=r"\sqrt{{{}}}")
rsqrt     = Op("1/√", f.rsqrt,            lambda x, z: -z / (2 * x), domain=(POSITIVE,),
               latex=r"\frac{{1}}{{\sqrt{{{}}}}}")
cbrt      = Op("∛", f.cbrt,               lambda x, z: 1 / (3 * (z * z)), kind="smooth", domain=(NONZERO,),
               latex=r"\sqrt[3]{{{}}}")
log1mexp  = Op("log1mexp", f.log1mexp,    lambda x, z: exp(x) / expm1(x), domain=(Interval(high=0),))
logit     = Op("logit", f.logit,          lambda x, z: 1 / x + 1 / (1 - x), domain=(Interval(0, 1),))
logaddexp = Op("logaddexp", f.logaddexp,
               lambda x, y, z: guard(z == -math.inf, 0, lambda: sigmoid(x - y)),
               lambda x, y, z: guard(z == -math.inf, 0, lambda: sigmoid(y - x)), commutative=True)
xlogy     = Op("x log y", f.xlogy,
               lambda x, y, z: log(y),
               lambda x, y, z: guard((x == 0) & (y == 0), 0, lambda: x / y), domain=(REAL, POSITIVE))
xlog1py   = Op("x log1p y", f.xlog1py,
               lambda x, y, z: log1p(y),
               lambda x, y, z: guard((x == 0) & (y == -1), 0, lambda: x / (1 + y)),
               domain=(REAL, Interval(low=-1)))

# ── Circular and hyperbolic functions ───────────────────────────────────────────────────────────────

sin       = Op("sin", f.sin,              lambda x, z: cos(x))
cos       = Op("cos", f.cos,              lambda x, z: -sin(x))
tan       = Op("tan", f.tan,              lambda x, z: 1 + z * z,
               domain=(Interval(-math.pi / 2, math.pi / 2),))
arcsin    = Op("arcsin", f.arcsin,        lambda x, z: 1 / sqrt((1 - x) * (1 + x)),
               domain=(Interval(-1, 1),))
arccos    = Op("arccos", f.arccos,        lambda x, z: -1 / sqrt((1 - x) * (1 + x)),
               domain=(Interval(-1, 1),))
arctan    = Op("arctan", f.arctan,        lambda x, z: 1 / (1 + x * x))
sinh      = Op("sinh", f.sinh,            lambda x, z: cosh(x))
cosh      = Op("cosh", f.cosh,            lambda x, z: sinh(x))
tanh      = Op("tanh", f.tanh,            lambda x, z: 1 - z * z)
arcsinh   = Op("arcsinh", f.arcsinh,      lambda x, z: 1 / hypot(1, x))
arccosh   = Op("arccosh", f.arccosh,      lambda x, z: 1 / (sqrt(x - 1) * sqrt(x + 1)),
               domain=(Interval(low=1),))
arctanh   = Op("arctanh", f.arctanh,      lambda x, z: 1 / ((1 - x) * (1 + x)),
               domain=(Interval(-1, 1),))
arctan2   = Op("arctan2", f.arctan2,
               lambda x, y, z: y / hypot(x, y) / hypot(x, y),
               lambda x, y, z: -x / hypot(x, y) / hypot(x, y),
               kind="smooth", domain=(REAL, NONZERO))
hypot     = Op("hypot", f.hypot,          lambda x, y, z: x / z,        lambda x, y, z: y / z,
               domain=Either((NONZERO, NONZERO)), commutative=True)
deg2rad   = Op("deg2rad", f.deg2rad,      lambda x, z: pi(x) / 180)
rad2deg   = Op("rad2deg", f.rad2deg,      lambda x, z: 180 / pi(x))

# ── Special functions ───────────────────────────────────────────────────────────────────────────────

erf       = Op("erf", f.erf,              lambda x, z: 2 / sqrt(pi(x)) * exp(-(x * x)), kind="smooth")
erfc      = Op("erfc", f.erfc,            lambda x, z: -2 / sqrt(pi(x)) * exp(-(x * x)), kind="smooth")
lgamma    = Op("lgamma", f.lgamma,        lambda x, z: polygamma(0, x), kind="smooth",
               domain=(POSITIVE,))
polygamma = Op("ψ", special.polygamma,    lambda n, x, z: None,         lambda n, x, z: polygamma(n + 1, x),
               kind="smooth", domain=(REAL, POSITIVE), parameters={0: (0, 1, 2)})
digamma   = Op("ψ", special.digamma,      lambda x, z: polygamma(1, x), kind="smooth", domain=(POSITIVE,))
polygamma_rise = Op("Δψ", special.polygamma_rise,  # ψ⁽ⁿ⁾(x + y) − ψ⁽ⁿ⁾(x)
               lambda n, x, y, z: None,
               lambda n, x, y, z: polygamma_rise(n + 1, x, y),
               lambda n, x, y, z: polygamma(n + 1, x + y),
               kind="smooth", domain=(REAL, POSITIVE, POSITIVE), parameters={0: (0, 1, 2)})
gamma     = Op("Γ", f.gamma,              lambda x, z: z * polygamma(0, x), kind="smooth", domain=(POSITIVE,),
               latex=r"\Gamma\left({}\right)")
beta      = Op("B", special.beta,
               lambda x, y, z: -z * polygamma_rise(0, x, y),
               lambda x, y, z: -z * polygamma_rise(0, y, x),
               kind="smooth", domain=(POSITIVE, POSITIVE), commutative=True, latex=r"B\left({}, {}\right)")
erfinv    = Op("erfinv", special.erfinv,  lambda x, z: sqrt(pi(x)) / 2 * exp(z * z), kind="smooth",
               domain=(Interval(-1, 1),), latex=r"\operatorname{{erf}}^{{-1}}\left({}\right)")
sinc      = Op("sinc", special.sinc,      lambda x, n, z: sinc(x, n + 1), lambda x, n, z: None,
               parameters={1: (0, 1, 2)})

# ── Neural functions, stable far out ────────────────────────────────────────────────────────────────

sigmoid   = Op("σ", f.sigmoid,            lambda x, z: z * (1 - z), latex=r"\sigma({})")
softplus  = Op("softplus", f.softplus,    lambda x, z: sigmoid(x))
log_sigmoid = Op("log σ", f.log_sigmoid,  lambda x, z: sigmoid(-x), latex=r"\log\sigma({})")
gelu      = Op("gelu", f.gelu,
               lambda x, z: normal_cdf(x) + weighted(exp(-(x * x) / 2), x) / sqrt(2 * pi(x)),
               kind="smooth")
normal_cdf = Op("Φ", f.normal_cdf,        lambda x, z: exp(-(x * x) / 2) / sqrt(2 * pi(x)), kind="smooth",
               latex=r"\Phi({})")
silu      = Op("silu", f.silu,
               lambda x, z: sigmoid(x) + guard(x == math.inf, 0, lambda: z * sigmoid(-x)))
mish      = Op("mish", f.mish,
               lambda x, z: tanh(softplus(x)) + guard(
                   x == math.inf, 0, lambda: silu(x) * (1 - tanh(softplus(x)) ** 2)))
relu      = Op("relu", f.relu,            lambda x, z: step(x), kind="kinked")
leaky_relu = Op("leaky_relu", f.leaky_relu,
               lambda x, a, z: guard((x != 0) | is_small(a), step(x) + (1 - step(x)) * a, lambda: at_kink(a)),
               lambda x, a, z: guard((x == 0) & is_small(a), x, -relu(-x)),
               kind="kinked")
elu       = Op("elu", f.elu,              # relu(−x) = −min(x, 0) keeps the branch not taken finite
               lambda x, a, z: guard((x != 0) | is_small(a), step(x) + (1 - step(x)) * (a * exp(-relu(-x))),
                                     lambda: at_kink(a)),
               lambda x, a, z: guard((x == 0) & is_small(a), x, expm1(-relu(-x))),
               kind="kinked")

selu      = Op("selu", f.selu,
               lambda x, z: selu_scale(x) * where(step(-x), selu_alpha(x) * exp(-relu(-x)), 1), kind="kinked")
softsign  = Op("softsign", f.softsign,    lambda x, z: square(one(z) / (1 + absolute(x))),
               kind="kinked")  # its second derivative jumps at 0

# ── Choices and kinks ───────────────────────────────────────────────────────────────────────────────

absolute  = Op("abs", f.absolute,         lambda x, z: sign(x), kind="kinked", latex=r"\left|{}\right|")
sign      = Op("sign", f.sign,            lambda x, z: 0, kind="kinked")
step      = Op("step", f.step,            lambda x, z: 0, kind="kinked")
floor     = Op("floor", f.floor,          lambda x, z: 0, kind="kinked", kinks=f.steps_from,
               latex=r"\left\lfloor {} \right\rfloor")
ceil      = Op("ceil", f.ceil,            lambda x, z: 0, kind="kinked", kinks=f.steps_from,
               latex=r"\left\lceil {} \right\rceil")
rint      = Op("round", f.rint,           lambda x, z: 0, kind="kinked",  # half to even
               kinks=lambda x: f.steps_from(x + one(x) / 2), latex=r"\left\lfloor {} \right\rceil")
share     = Op("share", f.share,          lambda x, y, z: 0,            lambda x, y, z: 0, kind="kinked")
amax      = Op("max", f.greatest,         lambda x, z: shares(x, z, share),
               kind="kinked", sequences=1, commutative=True)
amin      = Op("min", f.least,            lambda x, z: shares(x, z, lambda xi, z: share(z, xi)),
               kind="kinked", sequences=1, commutative=True)
maximum   = Overloaded("max", f.maximum,  lambda x, y, z: share(x, y),  lambda x, y, z: share(y, x),
               kind="kinked", commutative=True, longer=amax)
minimum   = Overloaded("min", f.minimum,  lambda x, y, z: share(y, x),  lambda x, y, z: share(x, y),
               kind="kinked", commutative=True, longer=amin)
clip      = Op("clip", f.clip,            # minimum(maximum(x, low), high); where all tie, high alone moves z
               lambda x, low, high, z: guard((x == low) & (low == high), 0,
                                             share(x, low) * share(high, maximum(x, low))),
               lambda x, low, high, z: guard((x == low) & (low == high), 0,
                                             share(low, x) * share(high, maximum(x, low))),
               lambda x, low, high, z: guard((x == low) & (low == high), 1, share(maximum(x, low), high)),
               kind="kinked")
where     = Choice("where", f.where,
               lambda c, x, y, z: None,
               lambda c, x, y, z: guard(c, 1, None),
               lambda c, x, y, z: guard(c, None, 1),
               kind="rational", parameters={0: (True, False)})
weighted  = Op("×", f.weighted,           lambda w, x, z: x,            lambda w, x, z: w,
               kind="rational", infix=PRODUCT, latex=r"{} \cdot {}")
stop_gradient = Op("stop", f.same,        lambda x, z: None, kind="rational", parameters={0: (1.0,)})

# ── Sequences: one rule gives all local derivatives ─────────────────────────────────────────────────

sum       = Op("Σ", f.total,              lambda x, z: [1] * len(x),  # noqa: A001 (NumPy's name)
               kind="rational", sequences=1, commutative=True)
mean      = Op("mean", f.mean,            lambda x, z: [one(z) / len(x)] * len(x),
               kind="rational", sequences=1, commutative=True)
prod      = Op("Π", f.prod,               lambda x, z: f.others(x),
               kind="rational", sequences=1, commutative=True)
dot       = Op("dot", f.dot,              lambda x, z: x[len(x) // 2:] + x[:len(x) // 2],
               kind="rational", sequences=2, commutative=True)
greatest  = Op("max", f.peak, kind="constant", sequences=1)  # what to shift by
unity     = Op("Σp", f.total, kind="constant", sequences=1)  # what is 1, but for the rounding of its terms
logsumexp = Op("logsumexp", f.logsumexp,
               lambda x, z: normalized([guard(z == -math.inf, 0, lambda xi=xi: exp(xi - z)) for xi in x], z),
               sequences=1, commutative=True)
element   = Op("take", f.element,         # (i, x₀, x₁, …) → xᵢ
               lambda x, z: [None] + [guard(x[0] == j, 1, None) for j in range(len(x) - 1)],
               kind="rational", sequences=1, parameters={0: (0, 1)})

# fmt: on

# ── What the rules above are written with ───────────────────────────────────────────────────────────


def guard(condition: Any, x: Any, y: Any) -> Any:
    """X where the condition holds, y elsewhere; a branch that is None contributes nothing."""
    return (where if is_symbolic(condition) else f.where)(condition, x, y)


def is_small(slope: Any) -> Any:
    """Whether it lies in (0, 1]: then of all slopes between it and 1 it is the one nearest to 0."""
    return (slope > 0) & (slope <= 1)


def at_kink(slope: Any) -> Any:
    """Of all slopes between 1 and one that is not small the one nearest to 0; nan if that is nan."""
    return guard(slope > 1, 1, 0 * slope)


def shares(x: Sequence[Any], z: Any, share_of: Any) -> list[Any]:
    """1/n for each of the n among x that equal the extremum z, and 0 for the others."""
    hits = [share_of(xi, z) for xi in x]
    total = reduce(operator.add, hits)
    return [hit / total for hit in hits]


def normalized(p: Sequence[Any], z: Any) -> list[Any]:
    """Probabilities exp(xᵢ − z) divided by their sum: where x is large, the rounding of z is not small."""
    infinite = (z == math.inf) | (z == -math.inf)
    total = guard(infinite, 1, lambda: unity(p))
    return [pi / total for pi in p]


# ── The names ───────────────────────────────────────────────────────────────────────────────────────

# NumPy's names of rows above
negative, subtract, multiply, divide, remainder = neg, sub, mul, div, mod
radians, degrees = deg2rad, rad2deg

TABLE: dict[str, Op] = {name: row for name, row in vars().items() if isinstance(row, Op)}
for _name, _row in reversed(TABLE.items()):  # the first name of a row is its own
    _row.name = _name

OPERATORS = {  # by Python's names
    "add": add, "sub": sub, "mul": mul, "truediv": div, "pow": power, "mod": mod, "floordiv": floordiv,
}  # fmt: skip
METHODS = {  # by which NumPy applies its functions to the elements of object arrays
    name: row for name, row in TABLE.items() if row.partials and not row.sequences and row is not where
}


# ── Several outputs: compositions over the rows ─────────────────────────────────────────────────────


# What follows depends on differences alone, so a shift is no matter: the greatest is subtracted as a number
# without slope, and never added again, which would cost the digits that are smaller than its last.


def shifted(x: Sequence[Any]) -> list[Any]:
    """xᵢ − max(x₁, x₂, …) for every i; the maximum counts as a constant."""
    m = greatest(x)
    return [xi - m for xi in x]


def log_softmax(x: Sequence[Any]) -> list[Any]:
    """xᵢ − log(exp(x₁) + exp(x₂) + …) for every i."""
    x = shifted(x)
    z = logsumexp(x)
    return [xi - z for xi in x]


def softmax(x: Sequence[Any]) -> list[Any]:
    """exp(xᵢ) / (exp(x₁) + exp(x₂) + …) for every i, which never overflows."""
    e = [exp(xi) for xi in shifted(x)]
    portion = reciprocal(sum(e))  # whose series, unlike that of a quotient, loses few digits
    return [ei * portion for ei in e]


def matvec(rows: Sequence[Sequence[Any]], x: Sequence[Any]) -> list[Any]:
    """The dot of every row with x: a matrix times a vector, one node for every row."""
    x = tuple(x)
    return [dot(row, x) for row in rows]


def take(x: Sequence[Any], i: Any) -> Any:
    """x[i], for a whole number i from 0. For one that `compile` traces it is a row, of lists by column.

    TypeError and IndexError for any other i.
    """
    if not is_symbolic(i):
        return x[f.index(i, len(x))]
    return [take(c, i) for c in zip(*x, strict=True)] if hasattr(x[0], "__len__") else element((i, *x))


_INTERNAL = {
    "constant", "identity", "one", "share", "normal_cdf", "ln2", "ln10", "pi", "element", "greatest", "unity",
    "weighted", "selu_alpha", "selu_scale", "polygamma_rise",
}  # fmt: skip
__all__ = [*sorted(TABLE.keys() - _INTERNAL), "log_softmax", "matvec", "softmax", "take"]
