"""Differential tests: the same derivatives from systems that share no line with this one.

mpmath differentiates numerically to 30 digits, SymPy symbolically; JAX and PyTorch, where installed, run the
same random graphs. The last part has the scalar test-suite of HIPS autograd, function by function.
"""

import importlib.util
import math
import warnings
from functools import reduce

import mpmath
import pytest
import sympy
from hypothesis import given, settings
from oracles import has_variables
from peer_rows import ARITHMETIC

from autograd import Value, grad, jvp, ops
from autograd.derivatives import hessian
from autograd.testing import VacuousCheckWarning, check_grads
from autograd.testing.expression import apply
from autograd.testing.laws import rewriting_bounds
from autograd.testing.strategies import expressions, rows, targets

HUNDRED = settings().max_examples
ROWS = [op for name, op in ops.TABLE.items() if op.name == name and op.partials and has_variables(op)]

# ── mpmath: numeric derivatives of whole graphs ─────────────────────────────────────────────────────


@settings(max_examples=HUNDRED // 2)
@given(expressions(number=mpmath.mpf, size=5, leaves=2))
def test_mpmath_agrees_to_thirty_digits_on_random_graphs(e):
    """First derivatives along each leaf, and one mixed second derivative."""
    numbers = e.numbers
    with mpmath.workdps(60):
        gradient = grad(e.build)(numbers)
        second = hessian(e.build)(numbers)
        for i in range(len(numbers)):
            want = mpmath.diff(lambda t, i=i: e.build([*numbers[:i], t, *numbers[i + 1 :]]), numbers[i])
            assert abs(gradient[i] - want) <= mpmath.mpf("1e-30") * max(1, abs(want))
        orders = [1, 1] if len(numbers) == 2 else [2]
        want = mpmath.diff(lambda *x: e.build(x), tuple(numbers), tuple(orders))
        assert abs(second[0][-1] - want) <= mpmath.mpf("1e-20") * max(1, abs(want))


# ── SymPy: symbolic derivatives of every row ────────────────────────────────────────────────────────

S = sympy
HALF = S.Rational(1, 2)
SELU = S.Rational("1.0507009873554804934193349852946"), S.Rational("1.6732632423543772848170429916717")
# The rows in SymPy's words; min and max as pieces, since their derivatives are Heaviside's.
# The rows in SymPy's words; min and max as pieces, since their derivatives are Heaviside's.
SYMPY = {
    **ARITHMETIC,
    "mod": lambda x, y: x - y * S.floor(S.Float(1.25) / S.Float(-2.5)),  # the floor is constant nearby
    "floordiv": lambda x, y: S.Integer(-1) + 0 * x,
    "fmod": lambda x, y: x - y * S.Integer(0),  # the quotient, cut towards 0, is constant nearby
    "exp": S.exp,
    "exp2": lambda x: 2**x,
    "expm1": lambda x: S.exp(x) - 1,
    "log": S.log,
    "log2": lambda x: S.log(x, 2),
    "log10": lambda x: S.log(x, 10),
    "log1p": lambda x: S.log(1 + x),
    "log_base": lambda x, base: S.log(x) / S.log(base),
    "log1mexp": lambda x: S.log(1 - S.exp(x)),
    "logit": lambda x: S.log(x / (1 - x)),
    "logaddexp": lambda x, y: S.log(S.exp(x) + S.exp(y)),
    "xlogy": lambda x, y: x * S.log(y),
    "xlog1py": lambda x, y: x * S.log(1 + y),
    "sqrt": S.sqrt,
    "rsqrt": lambda x: 1 / S.sqrt(x),
    "cbrt": lambda x: x ** S.Rational(1, 3),
    "sin": S.sin,
    "cos": S.cos,
    "tan": S.tan,
    "arcsin": S.asin,
    "arccos": S.acos,
    "arctan": S.atan,
    "sinh": S.sinh,
    "cosh": S.cosh,
    "tanh": S.tanh,
    "arcsinh": S.asinh,
    "arccosh": S.acosh,
    "arctanh": S.atanh,
    "arctan2": S.atan2,
    "hypot": lambda x, y: S.sqrt(x**2 + y**2),
    "deg2rad": lambda x: x * S.pi / 180,
    "rad2deg": lambda x: x * 180 / S.pi,
    "erf": S.erf,
    "erfc": S.erfc,
    "lgamma": S.loggamma,
    "polygamma": S.polygamma,
    "digamma": S.digamma,
    "polygamma_rise": lambda n, x, y: S.polygamma(n, x + y) - S.polygamma(n, x),
    "gamma": S.gamma,
    "beta": lambda x, y: S.gamma(x) * S.gamma(y) / S.gamma(x + y),
    "erfinv": S.erfinv,
    "sinc": lambda x, n: S.diff(S.sin(S.pi * x) / (S.pi * x), x, int(n)),
    "sigmoid": lambda x: 1 / (1 + S.exp(-x)),
    "softplus": lambda x: S.log(1 + S.exp(x)),
    "log_sigmoid": lambda x: -S.log(1 + S.exp(-x)),
    "gelu": lambda x: x * (1 + S.erf(x / S.sqrt(2))) / 2,
    "silu": lambda x: x / (1 + S.exp(-x)),
    "mish": lambda x: x * S.tanh(S.log(1 + S.exp(x))),
    "normal_cdf": lambda x: (1 + S.erf(x / S.sqrt(2))) / 2,
    "relu": lambda x: S.Piecewise((x, x > 0), (0, True)),
    "leaky_relu": lambda x, a: S.Piecewise((x, x > 0), (a * x, True)),
    "elu": lambda x, a: S.Piecewise((x, x > 0), (a * (S.exp(x) - 1), True)),
    "selu": lambda x: SELU[0] * S.Piecewise((x, x > 0), (SELU[1] * (S.exp(x) - 1), True)),
    "softsign": lambda x: S.Piecewise((x / (1 + x), x > 0), (x / (1 - x), True)),
    "floor": lambda x: S.Integer(1) + 0 * x,  # constant nearby
    "ceil": lambda x: S.Integer(2) + 0 * x,
    "rint": lambda x: S.Integer(1) + 0 * x,
    "absolute": lambda x: S.Piecewise((x, x > 0), (-x, True)),
    "sign": lambda x: S.Piecewise((1, x > 0), (-1, True)),
    "step": lambda x: S.Piecewise((1, x > 0), (0, True)),
    "share": lambda x, y: S.Piecewise((1, x > y), (0, True)),
    "maximum": lambda x, y: S.Piecewise((x, x > y), (y, True)),
    "minimum": lambda x, y: S.Piecewise((x, x < y), (y, True)),
    "clip": lambda x, low, high: SYMPY["minimum"](SYMPY["maximum"](x, low), high),
    "where": lambda c, x, y: x if c else y,
    "element": lambda i, *x: x[i],
    "sum": lambda *x: S.Add(*x),
    "mean": lambda *x: S.Add(*x) / len(x),
    "prod": lambda *x: S.Mul(*x),
    "dot": lambda *x: S.Add(*(a * b for a, b in zip(x[: len(x) // 2], x[len(x) // 2 :]))),
    "amax": lambda *x: reduce(SYMPY["maximum"], x),
    "amin": lambda *x: reduce(SYMPY["minimum"], x),
    "logsumexp": lambda *x: S.log(S.Add(*map(S.exp, x))),
}


def test_sympy_knows_every_row():
    assert {op.name for op in ROWS} == SYMPY.keys()


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_sympy_agrees_to_thirty_digits(op):
    """The gradient and the whole Hessian, on either side of kinks."""
    args = targets(op, 3 * op.sequences or op.arity, mpmath.mpf)
    fixed = {i: choices[0] for i, choices in op.parameters.items()}
    free = [i for i in range(len(args)) if i not in fixed]
    x = [S.Symbol(f"x{i}", real=True) for i in range(len(args))]
    symbolic = S.sympify(SYMPY[op.name](*(fixed.get(i, x[i]) for i in range(len(args)))))
    first = {i: symbolic.diff(x[i]) for i in free}

    def f(numbers):
        given = dict(zip(free, numbers))
        return apply(op, [given.get(i, fixed.get(i)) for i in range(len(args))])

    signs = (1, -1) if op.kind == "kinked" and op.kinks is None else (1,)
    for sign in signs:
        with mpmath.workdps(40):
            point = [sign * mpmath.mpf(args[i]) for i in free]
            exact = {x[i]: S.Float(str(t), 60) for i, t in zip(free, point)}

            def close(got, formula, exact=exact):
                want = mpmath.mpf(str(S.N(formula.subs(exact).doit(), 45)))
                return abs(got - want) <= mpmath.mpf("1e-30") * max(1, abs(want))

            second = hessian(f)(point)
            assert close(f(point), symbolic)
            for k, i in enumerate(free):
                assert close(grad(f)(point)[k], first[i])
                assert close(jvp(f, (point,), ([int(m == k) for m in range(len(free))],))[1], first[i])
                for m, j in enumerate(free):
                    assert close(second[k][m], first[i].diff(x[j])), (i, j)


# ── JAX and PyTorch: random graphs, where one of them is installed ──────────────────────────────────

RENAMED = {  # rows that go by another name, or are compositions, there
    "add": lambda m, x, y: x + y,
    "sub": lambda m, x, y: x - y,
    "mul": lambda m, x, y: x * y,
    "div": lambda m, x, y: x / y,
    "neg": lambda m, x: -x,
    "power": lambda m, x, y: x**y,
    "mod": lambda m, x, y: x % y,
    "reciprocal": lambda m, x: 1 / x,
    "sigmoid": lambda m, x: 1 / (1 + m.exp(-x)),
    "relu": lambda m, x: m.where(x > 0, x, 0 * x),
    "where": lambda m, c, x, y: x if c else y,
    "sum": lambda m, *x: sum(x),
    "mean": lambda m, *x: sum(x) / len(x),
    "prod": lambda m, *x: math.prod(x),
    "dot": lambda m, *x: sum(a * b for a, b in zip(x[: len(x) // 2], x[len(x) // 2 :])),
    "logsumexp": lambda m, *x: m.log(sum(m.exp(a) for a in x)),
}
COMMON = (
    "exp log log1p expm1 sqrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh".split()
)
COMMON += [
    "exp2",
    "log2",
    "log10",
    "hypot",
    "arctan2",
    "deg2rad",
    "rad2deg",
    "square",
    "logaddexp",
    "floor",
    "ceil",
]
PEER_ROWS = [op for op in rows() if op.name in {*RENAMED, *COMMON}]


def by_jax(f, numbers):
    import jax

    jax.config.update("jax_enable_x64", True)
    value, gradient = jax.value_and_grad(lambda x: f(jax.numpy, list(x)))(jax.numpy.array(numbers))
    return float(value), [float(g) for g in gradient]


def by_torch(f, numbers):
    import torch

    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
    root = f(torch, leaves)
    root.backward()
    return float(root.detach()), [0.0 if leaf.grad is None else float(leaf.grad) for leaf in leaves]


@pytest.mark.parametrize(("package", "peer"), [("jax", by_jax), ("torch", by_torch)])
def test_a_peer_agrees_on_random_graphs(package, peer):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install {package} to compare random graphs with it")

    @settings(max_examples=HUNDRED)
    @given(expressions(operations=PEER_ROWS, size=8))
    def compare(e):
        def f(module, numbers):
            def make(op, args):
                if op.name in RENAMED:
                    return RENAMED[op.name](module, *args)
                return getattr(module, op.name)(*args)

            return e.rewrite(numbers, make)

        value, gradient = peer(f, e.numbers)
        ours = grad(e.build)(e.numbers)
        assert math.isclose(value, e.root.data, rel_tol=1e-12, abs_tol=1e-12)
        for a, b, bound in zip(ours, gradient, rewriting_bounds(e)):
            assert abs(a - b) <= 4 * bound

    compare()


# ── The scalar test-suite of HIPS autograd: every function, every argument, two orders, two modes ───

# Their tests/test_scalar_ops.py, by name; the ranges are theirs or narrower.
HIPS = {
    "abs": (ops.absolute, [(3.0,), (-2.0,)]),
    "sin": (ops.sin, [(0.7,), (-2.4,)]),
    "sign": (ops.sign, [(3.3,), (-0.2,)]),
    "exp": (ops.exp, [(1.3,), (-2.0,)]),
    "exp2": (ops.exp2, [(1.3,), (-2.0,)]),
    "expm1": (ops.expm1, [(1.3,), (1e-5,)]),
    "log": (ops.log, [(0.3,), (4.0,)]),
    "log2": (ops.log2, [(0.3,), (4.0,)]),
    "log10": (ops.log10, [(0.3,), (4.0,)]),
    "log1p": (ops.log1p, [(0.3,), (-0.6,)]),
    "cos": (ops.cos, [(0.7,), (-2.4,)]),
    "tan": (ops.tan, [(0.7,), (-1.1,)]),
    "arcsin": (ops.arcsin, [(0.1,), (-0.7,)]),
    "arccos": (ops.arccos, [(0.1,), (-0.7,)]),
    "arctan": (ops.arctan, [(0.2,), (-3.0,)]),
    "sinh": (ops.sinh, [(0.7,), (-2.0,)]),
    "cosh": (ops.cosh, [(0.7,), (-2.0,)]),
    "tanh": (ops.tanh, [(0.7,), (-2.0,)]),
    "arcsinh": (ops.arcsinh, [(0.7,), (-2.0,)]),
    "arccosh": (ops.arccosh, [(1.3,), (4.0,)]),
    "arctanh": (ops.arctanh, [(0.2,), (-0.8,)]),
    "sqrt": (ops.sqrt, [(0.3,), (4.0,)]),
    "square": (ops.square, [(0.7,), (-3.0,)]),
    "reciprocal": (ops.reciprocal, [(0.7,), (-3.0,)]),
    "negative": (ops.negative, [(0.7,), (-3.0,)]),
    "rad2deg": (ops.rad2deg, [(0.7,), (-3.0,)]),
    "deg2rad": (ops.deg2rad, [(70.0,), (-3.0,)]),
    "radians": (ops.radians, [(70.0,), (-3.0,)]),
    "degrees": (ops.degrees, [(0.7,), (-3.0,)]),
    "sinc": (ops.sinc, [(0.3,), (-1.7,), (0.0,)]),
    "add": (lambda x, y: x + y, [(1.2, -3.4)]),
    "subtract": (ops.subtract, [(1.2, -3.4)]),
    "multiply": (ops.multiply, [(1.2, -3.4)]),
    "divide": (ops.divide, [(1.2, -3.4)]),
    "true_divide": (lambda x, y: x / y, [(1.2, -3.4)]),
    "power": (ops.power, [(1.2, -3.4), (0.3, 2.0)]),
    "power of a constant": (lambda y: 2.0**y, [(1.2,), (-3.4,)]),
    "power to a constant": (lambda x: x**3, [(1.2,), (-3.4,), (0.0,)]),
    "mod": (ops.mod, [(1.2, 0.7), (-3.4, 1.3)]),
    "mod of a constant": (lambda y: 7.3 % y, [(1.2,), (-3.4,)]),
    "mod by a constant": (lambda x: x % 1.7, [(1.2,), (-3.4,)]),
    "remainder": (ops.remainder, [(1.2, 0.7), (-3.4, 1.3)]),
    "maximum": (ops.maximum, [(1.2, 0.7), (0.7, 1.2)]),
    "minimum": (ops.minimum, [(1.2, 0.7), (0.7, 1.2)]),
    "hypot": (ops.hypot, [(1.2, -0.7)]),
    "arctan2": (ops.arctan2, [(1.2, -0.7), (-0.4, 2.0)]),
    "float_power": (lambda x, y: x**y, [(1.2, 2.5)]),
    "logaddexp": (ops.logaddexp, [(1.2, -0.7)]),
    "logaddexp2": (lambda x, y: ops.log2(ops.exp2(x) + ops.exp2(y)), [(1.2, -0.7)]),
    "clip": (lambda x: ops.clip(x, -1.0, 2.0), [(0.3,), (-1.7,), (2.6,)]),
    "where": (lambda x, y: ops.where(x > y, x * x, y * y * y), [(1.2, 0.7), (0.7, 1.2)]),
    "erf": (ops.erf, [(0.3,), (-1.7,)]),
    "erfc": (ops.erfc, [(0.3,), (-1.7,)]),
    "gammaln": (ops.lgamma, [(0.3,), (4.2,)]),
    "psi": (ops.digamma, [(0.3,), (4.2,)]),
    "gamma": (ops.gamma, [(0.3,), (4.2,)]),
    "beta": (ops.beta, [(0.3, 4.2), (12.5, 1.5)]),
    "erfinv": (ops.erfinv, [(0.3,), (-0.9,)]),
    "polygamma": (lambda x: ops.polygamma(2, x), [(0.3,), (4.2,)]),
    "logsumexp": (lambda x, y, z: ops.logsumexp([x, y, z]), [(1.2, -0.7, 0.3)]),
    "expit": (ops.sigmoid, [(0.3,), (-4.2,)]),
    "logit": (ops.logit, [(0.3,), (0.9,)]),
}


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("name", HIPS)
def test_the_scalar_functions_of_hips_autograd(name, mode):
    f, points = HIPS[name]
    for args in points:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VacuousCheckWarning)  # of the branch not taken
            report = check_grads(f, *args, order=2, modes=(mode,))
        assert not report.unknown
    for i in range(len(points[0])):  # at some point every derivative is at work
        assert name == "sign" or any(grad(f, i)(*args) for args in points)


def test_the_derivatives_of_sinc_at_zero_go_on():
    """HIPS autograd stops at the first one: sinc is 1 − (πx)²/6 + (πx)⁴/120 − …"""
    x = Value(0.0)
    fourth = grad(grad(grad(grad(ops.sinc))))(x.data)
    assert math.isclose(fourth, math.pi**4 / 5, rel_tol=1e-12)
