"""Every row of the table in the words of mpmath and of PyTorch, which share no line with this engine.

A smooth row is one function. A kinked one consists of smooth pieces, and the numbers that the engine had
choose one of them; at a kink it has the slopes that docs/architecture.md promises.

    x, y, …   arguments: mpmath's numbers, or tensors       X, Y, …   the engine's numbers, floats
    m         mpmath's context                              t         torch
"""

import math
from fractions import Fraction

import mpmath

m = mpmath.mp


def log_gamma(x):
    return m.loggamma(x) if x > 0 else m.log(abs(m.gamma(x)))


def sinc(x, n):
    """The n-th derivative of sin(πx)/(πx) = ∫₀¹ cos(πxs) ds, by its power series in x."""
    t, n = m.pi * x, int(n)
    if n == 0:
        return m.sincpi(x)
    if abs(t) > 1:
        # Leibniz: (t · sinc)⁽ⁿ⁾ = t · sinc⁽ⁿ⁾ + n · sinc⁽ⁿ⁻¹⁾ = sin⁽ⁿ⁾
        return (m.sin(t + n * m.pi / 2) * m.pi ** (n - 1) - n * sinc(x, n - 1)) / x
    total, k = m.mpf(0), (n + 1) // 2
    while True:
        term = (-1) ** k * t ** (2 * k - n) / (m.factorial(2 * k - n) * (2 * k + 1))
        total += term
        if abs(term) <= m.eps * abs(total) or (not term and k > n):
            return total * m.pi**n
        k += 1


ARITHMETIC = {  # in the words of any library whose numbers have operators
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "power": lambda x, y: x**y,
    "reciprocal": lambda x: 1 / x,
    "identity": lambda x: x,
    "square": lambda x: x * x,
    "weighted": lambda w, x: w * x,
}
SMOOTH = {
    **ARITHMETIC,
    "exp": m.exp,
    "exp2": lambda x: m.mpf(2) ** x,
    "expm1": m.expm1,
    "log": m.log,
    "log2": lambda x: m.log(x) / m.ln2,
    "log10": lambda x: m.log(x) / m.ln10,
    "log1p": m.log1p,
    "sqrt": m.sqrt,
    "sin": m.sin,
    "cos": m.cos,
    "tan": m.tan,
    "arcsin": m.asin,
    "arccos": m.acos,
    "arctan": m.atan,
    "sinh": m.sinh,
    "cosh": m.cosh,
    "tanh": m.tanh,
    "arcsinh": m.asinh,
    "arccosh": m.acosh,
    "arctanh": m.atanh,
    "arctan2": m.atan2,
    "hypot": m.hypot,
    "deg2rad": m.radians,
    "rad2deg": m.degrees,
    "erf": m.erf,
    "erfc": m.erfc,
    "lgamma": log_gamma,
    "polygamma": lambda n, x: m.psi(int(n), x),
    "sinc": sinc,
    "sigmoid": lambda x: 1 / (1 + m.exp(-x)),
    "softplus": lambda x: m.log1p(m.exp(x)),
    "log_sigmoid": lambda x: -m.log1p(m.exp(-x)),
    "normal_cdf": m.ncdf,
    "gelu": lambda x: x * m.ncdf(x),
    "where": lambda c, x, y: x if c else y,
    "sum": lambda *x: m.fsum(x),
    "mean": lambda *x: m.fsum(x) / len(x),
    "prod": lambda *x: m.fprod(x),
    "dot": lambda *x: m.fdot(x[: len(x) // 2], x[len(x) // 2 :]),
    "logsumexp": lambda *x: m.log(m.fsum(map(m.exp, x))),
    "element": lambda i, *x: x[int(i)],
    "cbrt": lambda x: m.cbrt(x) if x >= 0 else -m.cbrt(-x),
    "rsqrt": lambda x: 1 / m.sqrt(x),
    "log_base": lambda x, b: m.log(x) / m.log(b),
    "log1mexp": lambda x: m.log(-m.expm1(x)),
    "logit": lambda x: m.log(x) - m.log1p(-x),
    "logaddexp": lambda x, y: m.log(m.exp(x) + m.exp(y)),
    "xlogy": lambda x, y: x * m.log(y),
    "xlog1py": lambda x, y: x * m.log1p(y),
    "digamma": m.digamma,
    "polygamma_rise": lambda n, x, y: m.psi(int(n), x + y) - m.psi(int(n), x),
    "gamma": m.gamma,
    "beta": m.beta,
    "erfinv": m.erfinv,
    "silu": lambda x: x / (1 + m.exp(-x)),
    "mish": lambda x: x * m.tanh(m.log1p(m.exp(x))),
}


def still(*args):
    """A piece on which the result does not move: None stands for the engine's own number."""


def ties(value, args):
    """The piece of an extremum: the mean of the arguments that have its value."""
    hits = [i for i, x in enumerate(args) if x == value]
    return lambda *x: m.fsum(x[i] for i in hits) / len(hits)


def bent(X, A, below):
    """The piece of a row that is x above 0; at 0 its slope is the least of all between a and 1."""
    return (lambda x, a: x) if X > 0 else below if X < 0 else lambda x, a: min(max(A, 0), 1) * x


def clipped(X, L, H):
    """The piece of clip: that of minimum(maximum(x, low), high), and `high` where all tie."""
    inner, outer = ties(max(X, L), (X, L)), ties(min(max(X, L), H), (max(X, L), H))
    return (lambda x, low, high: high) if X == L == H else lambda x, low, high: outer(inner(x, low), high)


LAMBDA, ALPHA = Fraction("1.0507009873554804934193349852946"), Fraction("1.6732632423543772848170429916717")


def times(x, factor):
    """A number times a Fraction, to the precision of the moment."""
    return x * factor.numerator / factor.denominator


KINKED = {
    "relu": lambda X: (lambda x: x) if X > 0 else lambda x: 0 * x,
    "leaky_relu": lambda X, A: bent(X, A, lambda x, a: a * x),
    "elu": lambda X, A: bent(X, A, lambda x, a: a * m.expm1(x)),
    "absolute": lambda X: (lambda x: x) if X > 0 else (lambda x: -x) if X < 0 else lambda x: 0 * x,
    "sign": lambda X: still,
    "step": lambda X: still,
    "share": lambda X, Y: still,
    "floordiv": lambda X, Y: still,
    "stop_gradient": lambda X: still,
    "mod": lambda X, Y: lambda x, y: x - y * math.floor(Fraction(X) / Fraction(Y)),
    "maximum": lambda *X: ties(max(X), X),
    "clip": clipped,
    "minimum": lambda *X: ties(min(X), X),
    "amax": lambda *X: ties(max(X), X),
    "amin": lambda *X: ties(min(X), X),
    "floor": lambda X: still,
    "ceil": lambda X: still,
    "rint": lambda X: still,
    "fmod": lambda X, Y: lambda x, y: x - y * math.trunc(Fraction(X) / Fraction(Y)),
    "selu": lambda X: (lambda x: times(x, LAMBDA)) if X >= 0 else lambda x: times(m.expm1(x), LAMBDA * ALPHA),
    "softsign": lambda X: (lambda x: x / (1 + x)) if X >= 0 else lambda x: x / (1 - x),
}


# ── PyTorch ─────────────────────────────────────────────────────────────────────────────────────────


# At kinks and ties the two take the same slopes, but for these: a row, its arguments, our slopes, PyTorch's.
CONVENTIONS = [
    ("clip", (1.0, 1.0, 1.0), (0, 0, 1), (1, 0, 0)),
    ("clip", (0.0, 1.0, 1.0), (0, 0.5, 0.5), (0, 1, 0)),
    ("leaky_relu", (0.0, -0.5), (0, 0), (-0.5, 0)),
    ("leaky_relu", (0.0, 2.0), (1, 0), (2, 0)),
    ("elu", (0.0, -0.5), (0, 0), (-0.5, 0)),
    ("elu", (0.0, 2.0), (1, 0), (2, 0)),
]
INACCURATE = {  # rows of which PyTorch has no peer in double precision
    "polygamma": "ten digits",
    "digamma": "its derivative has ten digits",
    "gamma": "none",
    "beta": "none",
    "cbrt": "none",
    "polygamma_rise": "none",
    "sinc": "none of its derivatives",
    "erfinv": "none of both",
    "logsumexp": "log Σ, which cancels where the sum is near 1",
    "logaddexp": "its slopes have twelve digits",
    "rsqrt": "its slope −z³/2 underflows",
    "softsign": "none; of x / (1 + |x|) the slope cancels",
}


def torch_rows():
    """The rows in PyTorch's words, of tensors with one number each. ImportError without PyTorch."""
    import torch as t
    from torch.nn.functional import logsigmoid, softplus

    def expm1(x):  # the slope of t.expm1 is z + 1, which cancels
        return t.where(x > -1, t.expm1(x), t.exp(x) - 1)

    def normal_cdf(x):  # t.special.ndtr and t's own gelu are (1 + erf) / 2, which cancels
        return t.erfc(-x / math.sqrt(2)) / 2

    half = t.tensor(0.5, dtype=t.float64)
    nought = t.tensor(0.0, dtype=t.float64)
    same = """add sub mul div neg reciprocal exp exp2 log log2 log10 log1p sqrt sin cos tan arcsin arccos
        arctan sinh cosh tanh arcsinh arccosh arctanh arctan2 hypot deg2rad rad2deg erf erfc lgamma sigmoid
        relu sign"""
    return {name: getattr(t, name) for name in same.split()} | {
        "power": t.pow,
        "identity": lambda x: x,
        "mod": t.remainder,
        "floordiv": lambda x, y: t.div(x, y, rounding_mode="floor"),
        "square": t.square,
        "rsqrt": t.rsqrt,
        "log_base": lambda x, b: t.log(x) / t.log(b),
        "log1mexp": lambda x: t.where(
            x > -0.7, t.log(-expm1(t.clamp(x, min=-0.8))), t.log1p(-t.exp(t.clamp(x, max=-0.6)))
        ),
        "logit": lambda x: t.where(
            abs(x - 0.5) < 0.25, 2 * t.arctanh(t.clamp(2 * x - 1, -0.9, 0.9)), t.log(x) - t.log1p(-x)
        ),
        "logaddexp": t.logaddexp,
        "xlogy": t.xlogy,
        "xlog1py": t.special.xlog1py,
        "silu": lambda x: x * t.sigmoid(x),
        "mish": lambda x: x * t.tanh(softplus(x, threshold=700)),
        "softsign": lambda x: x / (1 + t.abs(x)),
        "weighted": t.mul,
        "amax": lambda *x: t.amax(t.stack(x), 0),
        "amin": lambda *x: t.amin(t.stack(x), 0),
        "floor": t.floor,
        "ceil": t.ceil,
        "rint": t.round,
        "fmod": t.fmod,
        "selu": t.nn.functional.selu,
        "softplus": lambda x: softplus(x, threshold=700),
        "log_sigmoid": logsigmoid,
        "expm1": expm1,
        "normal_cdf": normal_cdf,
        "gelu": lambda x: x * normal_cdf(x),
        "leaky_relu": lambda x, a: t.where(x > 0, x, a * x),
        "elu": lambda x, a: t.where(x > 0, x, a * expm1(t.where(x > 0, nought, x))),
        "absolute": t.abs,
        "step": lambda x: t.heaviside(x.detach(), nought),
        "share": lambda x, y: t.heaviside((x - y).detach(), half),
        "maximum": t.maximum,
        "minimum": t.minimum,
        "clip": t.clamp,
        "where": lambda c, x, y: t.where(c != 0, x, y),
        "stop_gradient": t.detach,
        "sum": lambda *x: t.stack(x).sum(),
        "mean": lambda *x: t.stack(x).mean(),
        "prod": lambda *x: t.stack(x).prod(),
        "dot": lambda *x: t.dot(t.stack(x[: len(x) // 2]), t.stack(x[len(x) // 2 :])),
        "logsumexp": lambda *x: t.logsumexp(t.stack(x), 0),
        "element": lambda i, *x: x[int(i)],
    }
