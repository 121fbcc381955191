"""Rows against mpmath: value, slopes and second derivatives, from the smallest numbers to the largest.

mpmath knows the functions only, written as the textbooks do, to so many digits that nothing can cancel; the
derivatives are differences of these. Where the true number is larger than any float, inf is right, and so is
an OverflowError.
"""

import math
from decimal import Decimal
from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest

import autograd
from autograd import Value, grad, log, ops, parse
from autograd.naming import latex_name

inf, nan = math.inf, math.nan
LARGEST, SMALLEST = 1.7976931348623157e308, 5e-324
H = 25  # digits that a step is smaller than its number


def selu(x):
    scale, alpha = (
        mpmath.mpf("1.0507009873554804934193349852946"),
        mpmath.mpf("1.6732632423543772848170429916717"),
    )
    return scale * (x if x > 0 else alpha * mpmath.expm1(x))


def beta(x, y):
    return mpmath.exp(mpmath.loggamma(x) + mpmath.loggamma(y) - mpmath.loggamma(x + y))


EDGE = [1e-300, 1e-160, 1e-16, 1e-8, 1e-3, 0.1]  # distances from 0, and from the other ends of a domain
SIZES = [*EDGE, 0.3, 0.6931471805599, 1.0, 1.7, 2.5, 7.3, 24.0, 1e3, 1e8, 1e16, 1e160, 1e300]
SIGNED = [*SIZES, *(-x for x in SIZES)]
MODERATE = [x for x in SIGNED if abs(x) < 100] + [300.0, -300.0, -700.0]  # exp(x) is a number
SOME = [1e-100, 1e-8, 0.5, 12.5, 1e100]

# row: the function, the points, and how far from right, in units of 1e-16, value and derivatives may be.
# Where sigmoid's and tanh's textbook rules stand behind a second derivative its error is absolute: a string.
ROWS = {
    "square": (lambda x: x * x, SIGNED, (2, 1, 1)),
    "rsqrt": (lambda x: 1 / mpmath.sqrt(x), SIZES, (3, 4, 5)),
    "cbrt": (lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), SIGNED, (3, 8, 20)),
    "log1mexp": (lambda x: mpmath.log(1 - mpmath.exp(x)), [x for x in MODERATE if x < 0], (3, 4, 6)),
    "logit": (
        lambda p: mpmath.log(p / (1 - p)),
        [*EDGE, 0.3, 0.45, 0.5 + 1e-12, 0.6, 0.9, 1 - 1e-8, 1 - 2.0**-53],
        (3, 4, 8),
    ),
    "gamma": (mpmath.gamma, [1e-150, 1e-8, 0.1, 0.5, 1.0, 1.7, 7.3, 24.0, 100.5, 170.6], (20, 40, 20)),
    "digamma": (
        lambda x: mpmath.psi(0, x),
        [1e-100, 1e-8, 0.1, 0.5, 1.0, 1.7, 7.3, 24.0, 1e3, 1e10],
        (40, 20, 20),
    ),
    "erfinv": (  # exp(z²) makes of an error of z one that is 2z² as great
        mpmath.erfinv,
        [s * x for s in (1, -1) for x in [*EDGE, 0.3, 0.499, 0.5, 0.7, 0.99, 1 - 1e-8, 1 - 2.0**-53]],
        (3, 80, 160),
    ),
    "silu": (lambda x: x / (1 + mpmath.exp(-x)), MODERATE, (4, 8, "absolute")),
    "mish": (lambda x: x * mpmath.tanh(mpmath.log(1 + mpmath.exp(x))), MODERATE, (8, 20, "absolute")),
    "selu": (selu, MODERATE, (5, 5, 5)),
    "softsign": (lambda x: x / (1 + abs(x)), [x for x in SIGNED if abs(x) < 1e300], (4, 5, 9)),
    "logaddexp": (  # exp(x − y) makes of an error of x − y one that is |x − y| as great
        lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
        [*product([-300.0, -7.3, -1e-8, 0.6, 24.0], repeat=2)],
        (5, 400, "absolute"),
    ),
    "xlogy": (lambda x, y: x * mpmath.log(y), [*product([*SOME, *(-x for x in SOME)], SOME)], (3, 3, 4)),
    "xlog1py": (
        lambda x, y: x * mpmath.log(1 + y),
        [*product([*SOME, -0.5, -1e8], [*SOME, -1e-160, -1e-8, -0.5, -1 + 1e-12])],
        (3, 3, 4),
    ),
    "log_base": (
        lambda x, b: mpmath.log(x) / mpmath.log(b),
        [*product([*SOME, 1 + 1e-9], [1e-8, 0.5, 1 - 1e-9, 1 + 1e-9, 2.0, 2.5, 10.0, 1e8])],
        (4, 6, 8),
    ),
    "beta": (beta, [*product([0.3, 2.5, 9.5, 150.0], repeat=2)], (200, 200, 400)),
}
FAR = {  # beta where one argument is tiny or huge: ∂²z/∂x∂y, a difference there, is left out
    "beta": [(1e-100, 3.0), (3.0, 1e-100), (1e8, 1.5), (2.5, 1e10), (1e-8, 1e-8), (1e-300, 9.5)],
}


def exact(f, args):
    """f, its slopes and its second derivatives by differences, with more digits than any step costs."""
    digits = 60 + 4 * H + sum(3 * abs(math.log10(abs(x))) + min(abs(x), 700) / 2 for x in args)
    with mpmath.workdps(int(digits)):
        x = [mpmath.mpf(a) for a in args]
        h = [abs(xi) * mpmath.mpf(10) ** -H for xi in x]
        h = [min(hi, (1 - abs(xi)) * hi if abs(xi) < 1 else hi) for xi, hi in zip(x, h)]

        def at(**steps):
            return f(*(xi + steps.get(f"d{i}", 0) * hi for i, (xi, hi) in enumerate(zip(x, h))))

        def difference(terms, divisor):
            total = mpmath.fsum(terms)
            return 0 if abs(total) < mpmath.eps * 10**9 * max(map(abs, terms)) else total / divisor

        def first(i):
            return difference([at(**{f"d{i}": 1}), -at(**{f"d{i}": -1})], 2 * h[i])

        def second(i, j):
            if i == j:
                return difference([at(**{f"d{i}": 1}), -2 * at(), at(**{f"d{i}": -1})], h[i] ** 2)
            corners = [s * t * at(**{f"d{i}": s, f"d{j}": t}) for s, t in product((1, -1), repeat=2)]
            return difference(corners, 4 * h[i] * h[j])

        n = range(len(args))
        return at(), [first(i) for i in n], [second(i, j) for i in n for j in n]


def computed(f, args):
    """The number; ∞ where the error says that it is too large."""
    try:
        return f(*args)
    except OverflowError:
        return inf


def error(got, want):
    """|got − want| / |want|, in units of 1e-16; 0 where both are too large, or too small, for a float."""
    if abs(want) > LARGEST:
        return 0 if got in (inf, math.copysign(inf, want)) else inf
    if abs(got - want) <= 4 * SMALLEST:
        return 0
    return float(abs(got - want) / abs(want)) * 1e16 if want and math.isfinite(got) else inf


def arguments(points):
    return [x if isinstance(x, tuple) else (x,) for x in points]


@pytest.mark.parametrize("name", ROWS)
def test_value_slopes_and_second_derivatives_are_those_of_mpmath(name):
    f, points, (of_value, of_slope, of_second) = ROWS[name]
    op = ops.TABLE[name]
    for args in arguments(points):
        n = range(len(args))
        z, slopes, seconds = exact(f, args)
        assert error(computed(op, args), z) <= of_value, args
        for i in n:
            assert error(computed(grad(op, i), args), slopes[i]) <= of_slope, (args, i)
            for j in n:
                got, want = computed(grad(grad(op, i), j), args), seconds[i * len(args) + j]
                if of_second == "absolute":
                    assert abs(got - want) < 4e-15 * max(1, abs(want)), (args, i, j)
                else:
                    assert error(got, want) <= of_second, (args, i, j)


@pytest.mark.parametrize("name", FAR)
def test_far_from_one_the_value_and_the_slopes_keep_their_digits(name):
    f, _, (of_value, of_slope, _) = ROWS[name]
    op = ops.TABLE[name]
    for args in FAR[name]:
        z, slopes, _ = exact(f, args)
        assert error(op(*args), z) <= of_value, args
        for i in range(len(args)):
            assert error(computed(grad(op, i), args), slopes[i]) <= of_slope, (args, i)


# ── Single points: ±∞, nan, and where a formula would be 0 · ∞ ──────────────────────────────────────

POINTS = [  # row, arguments, value, slopes
    ("square", (inf,), inf, [inf]),
    ("rsqrt", (inf,), 0, [0]),
    ("rsqrt", (5e-324,), 4.49891379454319638e161, [-inf]),
    ("cbrt", (-8.0,), -2, [1 / 12]),
    ("cbrt", (-5e-324,), -1.7031839360032603e-108, [1.1490942214795807e215]),
    ("cbrt", (-inf,), -inf, [0]),
    ("log1mexp", (-inf,), 0, [0]),
    ("log1mexp", (-1e-320,), -736.8272408909739, [-inf]),
    ("log1mexp", (-740.0,), -4.19955798965e-322, [-4.19955798965e-322]),
    ("logaddexp", (-inf, -inf), -inf, [0, 0]),
    ("logaddexp", (-inf, 3.0), 3, [0, 1]),
    ("logaddexp", (inf, 3.0), inf, [1, 0]),
    ("logaddexp", (1e17, 1e17), 1e17, [0.5, 0.5]),
    ("logaddexp", (0.0, -100.0), 3.720075976020836e-44, [1, 3.720075976020836e-44]),
    ("log_base", (1e308, 1e10), 30.8, [4.34294481903252e-310, -1.33762700426202e-10]),
    ("xlogy", (0.0, 0.0), 0, [None, 0]),
    ("xlogy", (0.0, 2.0), 0, [math.log(2), 0]),
    ("xlogy", (0.0, inf), 0, [inf, 0]),
    ("xlogy", (2.0, 0.5), -2 * math.log(2), [-math.log(2), 4]),
    ("xlog1py", (0.0, -1.0), 0, [None, 0]),
    ("xlog1py", (0.0, 1.0), 0, [math.log(2), 0]),
    ("gamma", (-0.5,), -2 * math.sqrt(math.pi), [None]),
    ("gamma", (inf,), inf, [inf]),
    ("beta", (2.5, inf), 0, [None, None]),
    ("beta", (1e308, 1e308), 0, [None, None]),
    ("silu", (-inf,), 0, [0]),
    ("silu", (inf,), inf, [1]),
    ("silu", (-1e300,), 0, [0]),
    ("mish", (-inf,), 0, [0]),
    ("mish", (inf,), inf, [1]),
    ("mish", (-1e300,), 0, [0]),
    ("selu", (0.0,), 0, [1.0507009873554805]),  # the slope of least norm: from the left it is λα = 1.758
    ("selu", (-inf,), -1.7580993408473766, [0]),
    ("softsign", (inf,), 1, [0]),
    ("softsign", (-inf,), -1, [0]),
    ("softsign", (-1e160,), -1, [1e-320]),
    ("fmod", (-7.5, 2.0), -1.5, [1, 3]),
    ("fmod", (7.5, -2.0), 1.5, [1, 3]),
    ("fmod", (0.0, 2.0), 0, [1, 0]),
    ("fmod", (5.0, inf), 5, [1, None]),
    ("fmod", (1e300, 3.0), math.fmod(1e300, 3.0), [1, -(1e300 / 3.0)]),
    ("floor", (-inf,), -inf, [0]),
    ("ceil", (inf,), inf, [0]),
    ("rint", (2.5,), 2, [0]),
    ("rint", (-1.5,), -2, [0]),
]


@pytest.mark.parametrize(("name", "args", "z", "slopes"), POINTS)
def test_single_points(name, args, z, slopes):
    op = ops.TABLE[name]
    assert op(*args) == pytest.approx(z, rel=1e-14, abs=0)
    for i, slope in enumerate(slopes):
        if slope is not None:
            assert grad(op, i)(*args) == pytest.approx(slope, rel=1e-13, abs=0)


NEW = [*ROWS, "fmod", "floor", "ceil", "rint"]


@pytest.mark.parametrize("name", NEW)
def test_nan_stays_nan(name):
    """In every argument, be the others what they may, and in the slopes but where these are constants."""
    op = ops.TABLE[name]
    for i in range(op.arity):
        args = [0.5] * op.arity
        args[i] = nan
        assert math.isnan(op(*args)), i
        assert math.isnan(np.asarray(op.function(*map(np.array, [[x] for x in args])))[0]), i


@pytest.mark.parametrize("name", NEW)
def test_arrays_have_the_numbers_of_their_elements(name):
    """NumPy's arrays of both precisions, which stay in theirs."""
    op = ops.TABLE[name]
    points = np.array([[0.3] * op.arity, [0.7] * op.arity])
    points[1, 1:] = 2.5
    points = -points if name == "log1mexp" else points
    want = [op(*map(float, row)) for row in points]
    for kind, rel in (float, 1e-15), (np.float32, 1e-5):
        z = op.function(*points.T.astype(kind))
        assert z.dtype in (kind, float)
        np.testing.assert_allclose(z, want, rtol=rel)
        scalar = op.function(*points[0].astype(kind))
        assert type(scalar) in (kind, float, np.float64)
        assert scalar == pytest.approx(want[0], rel=rel)


@pytest.mark.parametrize(
    "name", ["cbrt", "gamma", "digamma", "beta", "erfinv", "selu", "softsign", "floor", "fmod"]
)
@pytest.mark.parametrize("number", [1 + 1j, np.complex64(1 + 1j)])
def test_what_is_no_function_of_complex_numbers_refuses_them(name, number):
    op = ops.TABLE[name]
    with pytest.raises(TypeError):
        op(*[number] * op.arity)


def test_every_symbol_of_the_table_has_signs_that_latex_knows():
    assert {op.symbol for op in ops.TABLE.values() if not latex_name(op.symbol).isascii()} == set()


# ── Whole numbers ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("name", "python"), [("floor", math.floor), ("ceil", math.ceil), ("rint", round)])
@pytest.mark.parametrize("kind", [int, float, Fraction, Decimal, mpmath.mpf, np.float32])
def test_whole_numbers_are_those_of_python_in_the_arguments_own_type(name, python, kind):
    op = ops.TABLE[name]
    for x in ("-2.5", "-2", "-1.5", "-0.5", "0", "0.5", "1.5", "2.75"):
        x = kind(float(x)) if kind in (int, np.float32) else kind(x)
        z = op(x)
        assert z == python(Fraction(str(x)))
        assert type(z) is kind
        assert grad(op)(x) == 0


def test_the_sign_of_zero_stays_as_in_numpy():
    for op, x in product((ops.floor, ops.ceil, ops.rint), (-0.0, 0.0, -0.25, 0.25)):
        assert str(op(x)) == str(float(getattr(np, op.name)(x)))


@pytest.mark.parametrize("y", [Fraction(2, 3), Fraction(-3, 4), 2.5, Decimal("0.7"), mpmath.mpf("-0.7")])
@pytest.mark.parametrize("x", [-7, 0, 7])
def test_fmod_has_the_sign_of_its_first_argument(x, y):
    x = type(y)(x)
    quotient = math.trunc(Fraction(str(x)) / Fraction(str(y)))
    assert abs(ops.fmod(x, y) - (x - quotient * y)) < 1e-14
    assert grad(ops.fmod, 0)(x, y) == 1 and grad(ops.fmod, 1)(x, y) == -quotient


def test_a_star_import_leaves_the_builtin_round_alone():
    """The row is called rint, as by NumPy: Python's round gives an int, and takes digits."""
    names = {}
    exec("from autograd import *", names)
    assert not names.keys() & {"round", "abs", "max", "min", "pow"}


def test_pythons_conversions_still_refuse_where_a_derivative_is_sought():
    for convert in (round, math.floor, math.ceil, math.trunc):
        assert convert(Value(2.5)) == convert(2.5)
        with pytest.raises(TypeError, match=r"would drop its derivative.*autograd's functions"):
            grad(lambda x, convert=convert: x * convert(x))(2.5)
    assert grad(lambda x: x * ops.floor(x))(2.5) == 2


# ── The logarithm to a base ─────────────────────────────────────────────────────────────────────────


def test_log_takes_a_base_as_pythons_math_does():
    for call in (
        log(8, 2),
        log(8, base=2),
        log(x=8, base=2),
        ops.log_base(8, 2),
        parse.parse("log(8, 2)", [])(),
    ):
        assert call == 3
    assert log(1000, 10) == 3  # where math.log gives 2.9999999999999996
    x, base = Value(8.0, "x"), Value(2.0, "b")
    for z in (log(x, base), x.log(base), x.log(base=base), parse.parse("log(x, b)", ["x", "b"])(x, base)):
        assert z.op is ops.log_base
        x.grad = base.grad = 0
        z.backward()
        assert x.grad == pytest.approx(1 / (8 * math.log(2)), rel=1e-15)
        assert base.grad == pytest.approx(-3 / (2 * math.log(2)), rel=1e-15)
    assert log(x).op is x.log().op is ops.log
    assert autograd.formula(log(x, base)) == "log_base(x, b)"
    assert autograd.formula(log(x, base), latex=True) == r"\log\left(x, b\right)"


@pytest.mark.parametrize("number", [Decimal(8), mpmath.mpf(8), Fraction(8), np.float32(8), 8 + 0j, 8])
def test_log_to_a_base_in_every_number_type(number):
    assert abs(log(number, 2) - 3) < 1e-15
    assert log(np.array([8.0, 1000.0]), np.array([2.0, 10.0])).tolist() == [3, 3]


def test_log_to_a_base_in_arrays_and_compiled():
    w = [Value(8.0), Value(2.5)]
    program = autograd.compile(lambda x: log(w[0] * x, w[1]), w)
    value, gradient = program(program.parameters(), np.array([1.0]))
    assert value == pytest.approx(log(8.0, 2.5), rel=1e-15)
    want = [grad(log, i)(8.0, 2.5) for i in range(2)]
    np.testing.assert_allclose(gradient, want, rtol=1e-14)
    assert log(autograd.array([8.0, 4.0]), 2).astype(float).tolist() == [3, 2]


def test_log_with_too_many_arguments_or_a_bad_base():
    for wrong in (lambda: log(), lambda: log(1, 2, 3), lambda: log(1, bas=2)):
        with pytest.raises(TypeError, match=r"^log"):
            wrong()
    with pytest.raises(ZeroDivisionError, match=r"log_base\(2.0, 1.0\).*0 < y and y ≠ 1"):
        log(2.0, 1.0)
