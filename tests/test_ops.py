"""The table: each row in each argument, to second order, on every number type, against `oracles`."""

import math
import pickle
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import combinations, permutations, product

import mpmath
import numpy as np
import pytest
from oracles import (
    FLAT,
    Dual,
    along,
    apply,
    changed,
    convert,
    derivative,
    exact_derivatives,
    fraction,
    has_variables,
    pairs,
    points,
    replace,
    ridders,
    rules,
    second_derivative,
    variables,
)

import autograd
from autograd import Op, Value, functions, ops
from autograd.value import topological_order

inf, nan = math.inf, math.nan

EVERY = [op for name, op in ops.TABLE.items() if op.name == name and op.partials]
ROWS = [op for op in EVERY if has_variables(op)]
SMOOTH = [op for op in ROWS if op.kind in ("rational", "analytic")]
KINKED = [op for op in ROWS if op.kind == "kinked"]


def names(text):
    return set(text.split())


def rows(table):
    return pytest.mark.parametrize("op", table, ids=lambda op: op.name)


def gradients(op, args, kind=lambda x: x):
    """z and its derivative by each argument, as backward gives them."""
    values = convert(op, args, lambda x: Value(kind(x)))
    z = apply(op, values)
    z.backward()
    return z.data, [values[i].grad if i in variables(op, args) else None for i in range(len(args))]


def second_order(op, args, i, j, kind=lambda x: x):
    """∂²z/∂xᵢ∂xⱼ: backward through the graph that the rule of argument i gives when called with Values."""
    values = convert(op, args, lambda x: Value(kind(x)))
    z = apply(op, values)
    wanted = [k == i for k in range(len(args))]
    local = op.local_derivatives((*values, z), wanted)[i]
    if not isinstance(local, Value) or all(node.op is not None for node in topological_order(local)):
        return 0  # the rule is a constant
    local.backward()
    return values[j].grad


def close(got, want, tolerance):
    return abs(got - want) <= tolerance * max(1, abs(want))


# ── Derivatives against differences ─────────────────────────────────────────────────────────────────


@rows(ROWS)
def test_first_order(op):
    for args in points(op):
        _, slopes = gradients(op, args)
        for i in variables(op, args):
            want, error = derivative(op, args, i)
            assert abs(slopes[i] - want) <= error, (args, i)


@rows(ROWS)
def test_second_order(op):
    for args in points(op):
        for i, j in pairs(op, args):
            want, error = second_derivative(op, args, i, j)
            assert abs(second_order(op, args, i, j) - want) <= error, (args, i, j)


@rows(ROWS)
def test_no_check_is_vacuous(op):
    """Each argument has a point whose derivative is far from 0, and known far better than its size."""
    for i in variables(op, points(op)[0]):
        known = [derivative(op, args, i) for args in points(op) if i < len(args)]
        assert any(abs(slope) > max(1e-3, 1e6 * error) for slope, error in known) != (op.name in FLAT)
        assert all(error <= 1e-9 * max(1, abs(slope)) for slope, error in known)


@rows(ROWS)
def test_second_order_is_known_well(op):
    for args in points(op):
        for i, j in pairs(op, args):
            slope, error = second_derivative(op, args, i, j)
            assert error <= 1e-6 * max(1, abs(slope)), (args, i, j)


@rows(EVERY)
def test_parameters_get_no_gradient(op):
    for args in points(op):
        values = [Value(x) for x in args]
        apply(op, values).backward()
        assert all(value.grad == 0 for i, value in enumerate(values) if i not in variables(op, args))


@rows([op for op in ROWS if op.name not in FLAT])
def test_a_wrong_rule_is_caught(op, monkeypatch):
    """By a part in a billion, in each argument: rules are read from the row at every pass."""
    for i in rules(op):
        with monkeypatch.context() as patch:
            patch.setattr(op, "partials", changed(op, i, lambda local: (1 + 1e-9) * local))
            with pytest.raises(AssertionError):
                test_first_order(op)


def test_a_wrong_second_derivative_is_caught(monkeypatch):
    """A rule may be right in its value and wrong as a graph: here a number breaks off the derivative."""
    monkeypatch.setattr(ops.sin, "partials", (lambda x, z: math.cos(x),))
    test_first_order(ops.sin)
    with pytest.raises(AssertionError):
        test_second_order(ops.sin)


# ── Number types ────────────────────────────────────────────────────────────────────────────────────


@rows(SMOOTH)
def test_complex(op):
    """The derivative is the same along every direction of the plane, here along 3 + 4i."""
    for point in points(op):
        args = convert(op, point, lambda x: complex(x, 0.2 + 0.05 * x))
        _, slopes = gradients(op, args)
        for i in variables(op, args):
            want, error = ridders(along(op, args, i), args[i], (0.6 + 0.8j) / 64)
            assert abs(slopes[i] - want) <= error, (args, i)
            assert error <= 1e-9 * max(1, abs(want))


@rows(SMOOTH)
@pytest.mark.parametrize(("right", "up"), [(1, 1), (-1, 1), (-1, -1), (1, -1)])
def test_complex_numbers_and_slopes_in_every_quadrant(op, right, up):
    """As mpmath has them, to 30 digits, for the numbers that cmath and the rules give."""
    for point in points(op)[:3]:
        args = convert(op, point, lambda x: complex(right * abs(x), up * (0.2 + 0.3 * abs(x))))
        z, slopes = gradients(op, args)
        with mpmath.workdps(40):
            exactly = convert(op, args, mpmath.mpc)
            want = along(op, exactly, 0)(exactly[0])
            assert close(z, want, 1e-13), args
            for i in variables(op, args):
                assert close(slopes[i], mpmath.diff(along(op, exactly, i), exactly[i]), 1e-12), (args, i)


@rows(KINKED)
def test_kinks_refuse_complex(op):
    args = convert(op, points(op)[0], lambda x: complex(x, 1))
    for numbers in (args, [Value(x) for x in args]):
        with pytest.raises(TypeError, match="no order"):
            apply(op, numbers)


def is_exact(op):
    try:
        return op.kind in ("rational", "kinked") and all(
            exact_derivatives(op, args, 0, 0) for args in points(op)
        )
    except TypeError:  # Dual has no expm1
        return False


EXACT = [op for op in ROWS if is_exact(op)]


@rows(EXACT)
def test_fractions_are_exact(op):
    """Equal, without tolerance, to arithmetic on a + bε; and no float has crept in."""
    for point in points(op):
        args = convert(op, point, fraction)
        z, slopes = gradients(op, args)
        for i, j in pairs(op, args):
            second = second_order(op, args, i, j)
            assert (z, slopes[i], second) == exact_derivatives(op, args, i, j), (args, i, j)
            assert {type(z), type(slopes[i]), type(second)} <= {int, Fraction}


def test_every_rational_row_is_exact():
    kinked = names(
        "relu leaky_relu absolute maximum minimum amax amin clip sign step share softsign mod floordiv fmod"
    )
    assert {op.name for op in EXACT} == {op.name for op in ROWS if op.kind == "rational"} | kinked


@pytest.mark.parametrize("x", [Fraction(-7, 3), Fraction(7, 3), Fraction(5)])
@pytest.mark.parametrize("y", [Fraction(2, 3), Fraction(-3, 4)])
def test_mod_of_fractions(x, y):
    """x mod y = x − y⌊x/y⌋, whose floor is constant between its steps."""
    z, slopes = gradients(ops.mod, (x, y))
    floor = math.floor(x / y)
    assert (z, *slopes) == (x - y * floor, 1, -floor)


def test_whole_powers_of_fractions_are_exact():
    for n in range(-3, 4):
        x = Value(Fraction(2, 3))
        (x**n).backward()
        assert x.grad == n * Fraction(2, 3) ** (n - 1)
        assert isinstance(x.grad, int | Fraction)


def test_dual_numbers():
    """The oracle itself, on (x² − y)/(1 − x) at x = 3, y = 2 by hand: ∂x = (2x − x² − y)/(1 − x)²."""
    x, y = Dual(Dual(Fraction(3), 1), Dual(1)), Fraction(2)
    z = (x * x - y) / (1 - x)
    assert (z.a.a, z.b.a, z.b.b) == (Fraction(-7, 2), Fraction(-5, 4), Fraction(1, 4))


def along_both(op, args, i, j, s, t):
    return op.function(*replace(replace(args, i, s), j, t))


@rows(ROWS)
def test_mpmath_to_thirty_digits(op):
    with mpmath.workdps(40):
        for point in points(op)[:3]:
            args = convert(op, point, lambda x: mpmath.mpf(str(x)))
            _, slopes = gradients(op, args)
            for i, j in pairs(op, args):
                assert close(slopes[i], mpmath.diff(along(op, args, i), args[i]), mpmath.mpf("1e-30"))
                if j == i:
                    want = mpmath.diff(along(op, args, i), args[i], 2)
                else:
                    both = partial(along_both, op, args, i, j)
                    want = mpmath.diff(both, (args[i], args[j]), (1, 1))
                assert close(second_order(op, args, i, j), want, mpmath.mpf("1e-30")), (args, i, j)


# Decimal has no π, no trigonometry and no error function.
NOT_DECIMAL = names(
    """sin cos tan arcsin arccos arctan arctan2 arcsinh arccosh arctanh deg2rad rad2deg
    erf erfc lgamma polygamma sinc gelu normal_cdf gamma digamma polygamma_rise beta erfinv"""
)


@rows(ROWS)
def test_decimal_to_25_digits_or_an_error_that_names_it(op):
    for point in points(op):
        if op.name in NOT_DECIMAL:
            with pytest.raises(TypeError, match=f"{op.name}.*Decimal"):
                gradients(op, point, lambda x: Decimal(str(x)))
            continue
        z, slopes = gradients(op, point, lambda x: Decimal(str(x)))
        assert {type(x) for x in (z, *slopes)} <= {Decimal, int, type(None)}
        with mpmath.workdps(40):
            exact = gradients(op, point, lambda x: mpmath.mpf(str(x)))
            for got, want in zip((z, *slopes), (exact[0], *exact[1]), strict=True):
                assert want is None or close(mpmath.mpf(str(got)), want, mpmath.mpf("1e-25")), point
        rough = gradients(op, point)
        for got, want in zip((z, *slopes), (rough[0], *rough[1]), strict=True):
            assert want is None or close(float(got), want, 1e-12)


@rows(ROWS)
def test_numpy_scalars(op):
    """float32 stays float32, to its 7 digits; float64 is stored as float, and gives the same numbers."""
    for args in points(op):
        z, slopes = gradients(op, args)
        small, small_slopes = gradients(op, args, np.float32)
        assert gradients(op, args, np.float64) == (z, slopes)
        for got, want in zip((small, *small_slopes), (z, *slopes), strict=True):
            assert type(got) in (np.float32, int, type(None))
            assert want is None or close(got, want, 1e-4)


def test_float64_becomes_float():
    assert type(Value(np.float64(2)).data) is float
    assert type((np.float64(2) * Value(3)).data) is float


@rows(EVERY)
def test_plain_numbers_give_plain_numbers(op):
    for args in points(op):
        z = apply(op, args)
        assert not isinstance(z, Value)
        assert z == op.function(*args) == apply(op, [*map(Value, args)]).data


# ── Special values ──────────────────────────────────────────────────────────────────────────────────

# row, x, value, derivative
FAR_OUT = [
    ("tanh", 1000.0, 1, 0),
    ("tanh", -1000.0, -1, 0),
    ("sigmoid", 1000.0, 1, 0),
    ("sigmoid", -1000.0, 0, 0),
    ("sigmoid", -700.0, math.exp(-700), math.exp(-700)),
    ("softplus", 1000.0, 1000, 1),
    ("softplus", -1000.0, 0, 0),
    ("softplus", -700.0, math.exp(-700), math.exp(-700)),
    ("softplus", 0.0, math.log(2), 0.5),
    ("log_sigmoid", -1000.0, -1000, 1),
    ("log_sigmoid", 1000.0, 0, 0),
    ("log1p", 1e-20, 1e-20, 1),
    ("expm1", 1e-20, 1e-20, 1),
    ("expm1", -1000.0, -1, 0),
    ("gelu", 40.0, 40, 1),
    ("gelu", -40.0, 0, 0),
    ("gelu", -1e200, 0, 0),
    ("normal_cdf", -30.0, 4.906713927148187e-198, 1.4736461348785476e-196),  # mpmath.ncdf, npdf
    ("erf", 30.0, 1, 0),
    ("erfc", 20.0, 5.395865611607901e-176, -2.1610374743867984e-174),  # mpmath
    ("arctan", 1e200, math.pi / 2, 0),
    ("arcsinh", -1e-20, -1e-20, 1),
    ("exp", -1000.0, 0, 0),
]


@pytest.mark.parametrize(("name", "x", "z", "slope"), FAR_OUT)
def test_far_out_and_near_zero(name, x, z, slope):
    value = Value(x)
    result = ops.TABLE[name](value)
    result.backward()
    assert result.data == pytest.approx(z, rel=2e-13, abs=0)
    assert value.grad == pytest.approx(slope, rel=2e-13, abs=0)


@pytest.mark.parametrize("name", ["arcsin", "arccos", "arctanh", "arccosh", "log1p", "log", "sqrt"])
@pytest.mark.parametrize("distance", [2.0**-30, 2.0**-50])
def test_slopes_keep_their_digits_near_the_edge_of_the_domain(name, distance):
    op = ops.TABLE[name]
    low, high, _ = op.domain[0]
    for x in [low + distance, *([high - distance] if high < inf else [])]:
        _, (slope,) = gradients(op, (x,))
        with mpmath.workdps(60):
            want = mpmath.diff(along(op, (x,), 0), mpmath.mpf(x), h=mpmath.mpf(10) ** -40)
        assert slope == pytest.approx(float(want), rel=1e-13)


# ── From the least float to the greatest ────────────────────────────────────────────────────────────

LEAST, GREATEST = 5e-324, 1.797e308
MANY = [LEAST, 1e-310, 3e-308, *(10.0**k for k in range(-300, 300, 50)), 1e-154, 1e154, 1e308, GREATEST]
MANY += [
    1e-12,
    1e-8,
    1e-4,
    0.01,
    0.1,
    0.5,
    0.9,
    0.99,
    1.01,
    1.5,
    2,
    3,
    5,
    7,
    10,
    26,
    38,
    50,
    300,
    710,
    745,
    1e4,
    1e8,
]
FEW = [LEAST, 1e-310, 1e-200, 1e-160, 0.5, 3, 1e160, 1e308]
ROUNDED = {
    "gelu": 1e-12,
    "normal_cdf": 1e-12,
}  # relative; 1e-13 elsewhere: exp(−x²/2) multiplies the rounding of x
CANCELS = {  # absolute: what the textbook's form of a rule loses far out, mostly in subnormal numbers
    "sigmoid": 2e-16, "tanh": 4e-16, "arctan": 1e-307, "log10": 1e-308, "sinc": 1e-14,
    "polygamma_rise": 1e-308, "silu": 1e-320, "mish": 1e-320,
}  # fmt: skip


def is_spread(op):
    """Whether a row is to be right wherever its result is a float."""
    own = op.kind != "kinked" or op.name in ("mod", "floordiv")
    return own and not op.sequences and op.name not in ("where", "stop_gradient", "weighted")


def far_points(op):
    """Arguments of each size and sign, inside the domain."""
    domain = [*op.domain, *[ops.REAL] * (op.arity - len(op.domain))]
    sizes = MANY if op.arity - len(op.parameters) == 1 else FEW
    signed = [*sizes, *(-x for x in sizes)]
    columns = [op.parameters.get(i) or [x for x in signed if x in domain[i]] for i in range(op.arity)]
    for args in product(*columns):
        # y·x^(y−1) overflows, and says so, for x below 1e-300; the least hypotenuses have no digits.
        bounded = args[: {"power": 1, "hypot": 2}.get(op.name, 0)]
        # The slopes of beta are a product whose factor x/y is then no float.
        apart = op is ops.beta and min(args) / max(args) < 1e-300
        if not apart and (not bounded or max(map(abs, bounded)) >= 1e-300):
            yield args


def attempt(f, *args):
    try:
        return f(*args)
    except ArithmeticError as error:
        return error


def is_right(op, got, want):
    """Whether a result is as near to the exact one as the row promises; too large is inf or an error."""
    if abs(want) > 1.7976931348623157e308:
        return isinstance(got, ArithmeticError) or abs(got) == inf
    if isinstance(got, ArithmeticError) or not math.isfinite(got):
        return False
    bound = ROUNDED.get(op.name, 1e-13) * abs(want) + CANCELS.get(op.name, 0) + 1e-322
    return abs(mpmath.mpf(got) - want) <= bound


@rows([op for op in ROWS if is_spread(op)])
def test_no_intermediate_over_or_underflows(op):
    """Values and slopes against the same expressions in numbers of 340 digits and of any size."""
    for args in far_points(op):
        with mpmath.workdps(340):
            wide = convert(op, args, mpmath.mpf)
            try:
                z = op.function(*wide)
            except OverflowError:  # erfc of mpmath, where the result is 0 to floats
                continue
            slopes = op.local_derivatives((*wide, z), [i in variables(op, args) for i in range(len(args))])
            got = attempt(op.function, *args)
            assert is_right(op, got, z), args
            if isinstance(got, ArithmeticError) or abs(got) == inf:
                continue
            for i in variables(op, args):
                wanted = [j == i for j in range(len(args))]
                slope = attempt(op.local_derivatives, (*args, got), wanted)
                slope = slope[i] if isinstance(slope, list) else slope
                assert is_right(op, slope, slopes[i]), (args, i)


@rows(ROWS)
@pytest.mark.parametrize("size", [1e3, -1e3])
def test_slopes_are_finite_far_out(op, size):
    """At ±1000 in every argument whose domain reaches so far; where the value overflows it says so."""
    for point in points(op):
        domain = [*op.domain, *[ops.REAL] * (len(point) - len(op.domain))]
        args = [
            size if size in d and i in variables(op, point) else x
            for i, (x, d) in enumerate(zip(point, domain, strict=True))
        ]
        z = attempt(apply, op, args)
        if isinstance(z, OverflowError):
            continue
        _, slopes = gradients(op, args)
        assert all(math.isfinite(slope) for i, slope in enumerate(slopes) if i in variables(op, args)), args


def test_hypot_neither_overflows_nor_underflows():
    for scale in (1e200, 1e-200):
        assert gradients(ops.hypot, (3 * scale, 4 * scale)) == (5 * scale, pytest.approx([0.6, 0.8]))


def test_quotients_do_not_square_their_divisor():
    assert gradients(ops.div, (1e200, 1e180)) == (pytest.approx(1e20), pytest.approx([1e-180, -1e-160]))
    assert gradients(ops.reciprocal, (1e160,)) == (1e-160, [pytest.approx(-1e-320, abs=1e-322)])


@pytest.mark.parametrize("x", [0.0, 1e-9, -1e-3, 0.4, -1.0, 1.25])
@pytest.mark.parametrize("n", range(4))
def test_sinc_and_its_derivatives_near_zero(x, n):
    """The n-th derivative is ∫₀¹ (πt)ⁿ cos(πtx + nπ/2) dt, from sin(πx)/(πx) = ∫₀¹ cos(πtx) dt."""
    pi = mpmath.pi

    def exact(n):
        with mpmath.workdps(30):
            return mpmath.quad(lambda t: (pi * t) ** n * mpmath.cos(pi * t * x + n * pi / 2), [0, 1])

    z, (slope, _) = gradients(ops.sinc, (x, n))
    for k, got in enumerate([z, slope, second_order(ops.sinc, (x, n), 0, 0)]):
        assert got == pytest.approx(float(exact(n + k)), rel=1e-12, abs=1e-13)


def test_polygamma_constants():
    zeta3 = 1.2020569031595942
    for n, want in [(0, -0.5772156649015329), (1, math.pi**2 / 6), (2, -2 * zeta3), (3, math.pi**4 / 15)]:
        assert autograd.polygamma(n, 1.0) == pytest.approx(want, rel=1e-14)
    assert autograd.polygamma(0, 0.5) == pytest.approx(-0.5772156649015329 - 2 * math.log(2), rel=1e-14)


@pytest.mark.parametrize("n", range(7))
@pytest.mark.parametrize("x", [1e-3, 0.3, 1.7, 14.9, 40.2])
def test_polygamma_recurrence(n, x):
    """ψ⁽ⁿ⁾(x + 1) = ψ⁽ⁿ⁾(x) + (−1)ⁿ n!/xⁿ⁺¹ (Abramowitz & Stegun 6.4.6), and mpmath's value."""
    jump = (-1) ** n * math.factorial(n) / x ** (n + 1)
    z = autograd.polygamma(n, x)
    assert autograd.polygamma(n, x + 1) - z == pytest.approx(jump, rel=1e-13, abs=1e-13 * abs(z))
    assert z == pytest.approx(float(mpmath.psi(n, x)), rel=1e-13)


ABOVE = [LEAST, 1e-160, 1e-20, 0.3, 1.0, 1.7, 5.0, 14.9, 40.2, 1e10, 1e16, 2e19, 1e200, 1e308]
BELOW = [-1e-10, -0.25, -0.5, -0.75, -1.5, -2.7, -10.3, -3.0000000001, -100.25]


@pytest.mark.parametrize("n", [*range(9), 20, 100])
@mpmath.workdps(60)
def test_polygamma_of_every_order_against_mpmath(n):
    """From the least float to the greatest; below 0 by the recurrence, relative to the greatest term."""
    for x in ABOVE + BELOW:
        steps = [mpmath.mpf(x) + k for k in range(math.ceil(-x))]
        jumps = [(-1) ** n * mpmath.factorial(n) / t ** (n + 1) for t in steps]
        base = mpmath.psi(n, mpmath.mpf(x) + len(steps))
        want = base - mpmath.fsum(jumps)
        got = attempt(autograd.polygamma, n, x)
        if abs(want) > 1.7976931348623157e308:
            assert isinstance(got, ArithmeticError) or abs(got) == inf, x
        else:
            assert abs(got - want) <= 5e-14 * max(map(abs, [base, *jumps])) + 1e-310, x


def test_the_slopes_of_lgamma_below_zero():
    """ψ(−½) = ψ(½) + 2 = 2 − γ − 2 ln 2, and the poles are refused."""
    want = [2 - 0.5772156649015329 - 2 * math.log(2), math.pi**2 / 2 + 4]
    for kind in (float, mpmath.mpf, np.float64):
        x = kind(-0.5)
        assert autograd.lgamma(x) == pytest.approx(math.lgamma(-0.5), rel=1e-15)
        assert autograd.grad(autograd.lgamma)(x) == pytest.approx(want[0], rel=1e-12)
        assert autograd.grad(autograd.grad(autograd.lgamma))(x) == pytest.approx(want[1], rel=1e-13)
    slope = autograd.grad(lambda x: autograd.sum(autograd.lgamma(x)))(np.array([-0.5, 0.5]))
    assert slope == pytest.approx([want[0], want[0] - 2], rel=1e-12)
    far = -1e10 - 0.125  # where the recurrence would take as many steps
    assert autograd.polygamma(0, far) == pytest.approx(float(mpmath.digamma(mpmath.mpf(far))), rel=1e-14)
    for pole in (0.0, -1.0, -2, mpmath.mpf(-3)):
        with pytest.raises(ValueError, match=r"polygamma.*has a pole at"):
            autograd.polygamma(1, pole)


@pytest.mark.parametrize("n", range(9))
def test_sinc_of_every_order_against_mpmath(n):
    """Relative to the greatest value of the derivative, πⁿ/(n + 1), or far out to its envelope 2πⁿ⁻¹/x."""
    with mpmath.workdps(40):
        for x in [
            1e-9,
            0.1,
            0.5,
            0.9,
            1.0,
            1.5,
            2.0,
            2.5,
            2.9,
            3.1,
            4.0,
            7.0,
            10.3,
            100.7,
            1e6 + 0.25,
            1e16 + 2,
        ]:
            want = mpmath.pi**n * mpmath.diff(mpmath.sinc, mpmath.pi * x, n)
            size = min(math.pi**n / (n + 1), 2 * math.pi ** (n - 1) / x)
            assert abs(autograd.sinc(x, n) - want) <= 5e-14 * size, x


@pytest.mark.parametrize(
    ("args", "z", "slopes"),
    [
        ((-inf, 0.0, 0.0), math.log(2), [0, 0.5, 0.5]),
        ((-inf, -inf), -inf, [0, 0]),
        ((-inf,), -inf, [0]),
        ((1000.0, 1000.0), 1000 + math.log(2), [0.5, 0.5]),
        ((-1000.0, -2000.0), -1000, [1, 0]),
    ],
)
def test_logsumexp(args, z, slopes):
    assert gradients(ops.logsumexp, args) == (pytest.approx(z), pytest.approx(slopes))
    for i, j in product(range(len(args)), repeat=2):
        assert math.isfinite(second_order(ops.logsumexp, args, i, j))


@pytest.mark.parametrize("kind", [float, np.float32, Decimal, mpmath.mpf, Fraction, int])
@pytest.mark.parametrize("size", [10**3, 10**15, 10**17])
def test_softmax_and_its_kin_depend_on_differences_alone(kind, size):
    """Equal numbers share equally, however large they are, to second order."""
    x = [kind(size), kind(size)]
    half = pytest.approx([0.5, 0.5], rel=1e-15)
    assert [*map(float, autograd.softmax(x))] == half
    assert [*map(float, autograd.log_softmax(x))] == pytest.approx([-math.log(2)] * 2, rel=1e-7)
    assert [*map(float, autograd.grad(autograd.logsumexp)(x))] == half
    hessian = autograd.hessian(autograd.logsumexp)(x)
    assert [[*map(float, row)] for row in hessian] == [
        pytest.approx([0.25, -0.25]),
        pytest.approx([-0.25, 0.25]),
    ]
    by_softmax = autograd.jacobian(autograd.softmax)(x)
    assert [[*map(float, row)] for row in by_softmax] == [
        pytest.approx([0.25, -0.25]),
        pytest.approx([-0.25, 0.25]),
    ]


def test_logsumexp_keeps_what_the_others_add():
    """log(1 + e⁻¹⁰⁰) is e⁻¹⁰⁰ to all digits of a float, in each number type, for arrays and compiled."""
    want = pytest.approx(3.720075976020836e-44, rel=1e-14, abs=0)
    for kind in (int, float, Decimal, mpmath.mpf, np.float64, np.array):
        assert float(autograd.logsumexp([kind(0), kind(-100)])) == want
    w = [Value(0.0), Value(-100.0)]
    for more in (w, w[:1]):  # rows of one length, and of two
        f = lambda x, more=more: (
            autograd.logsumexp([v + x for v in w]) * autograd.exp(autograd.logsumexp(more))
        )
        program = autograd.compile(f, w)
        value, gradient = program(program.parameters(), np.array([0.0]))
        assert value == want and gradient[1] == want


def test_softmax_is_stable_and_sums_to_one():
    x = [Value(1000.0), Value(0.0), Value(-inf)]
    y = autograd.softmax(x)
    assert [value.data for value in y] == [1, 0, 0]
    autograd.log_softmax(x)[1].backward()
    assert [value.grad for value in x] == [-1, 1, 0]


@pytest.mark.parametrize(
    ("x", "y", "z", "slopes"),
    [
        (0.0, 2.0, 0, [0, 0]),  # 0 ** y is 0
        (0.0, 1.0, 0, [1, 0]),
        (Fraction(0), Fraction(2), 0, [0, 0]),
        (2.0, 0.0, 1, [0, math.log(2)]),
    ],
)
def test_power_at_zero(x, y, z, slopes):
    assert gradients(ops.power, (x, y)) == (z, slopes)


def test_powers_with_a_constant():
    for x, n, slope in [(-2.0, 3, 12.0), (0.0, 0, 0), (-2.0, -1, -0.25)]:
        value = Value(x)
        (value**n).backward()
        assert value.grad == slope
    y = Value(3.0)
    (0**y).backward()
    assert y.grad == 0


def test_every_derivative_of_a_square_at_zero():
    """2x, 2, 0: 0 ** 0 stands in the second and divides by zero in none."""
    rule = ops.power.partials[0]
    x = Value(0.0)
    first = rule(x, 2, x**2)
    second = ops.mul(2, ops.power.partials[0](x, 1, x))
    assert (first.data, second.data) == (0, 2)
    first.backward()
    assert x.grad == 2


@pytest.mark.parametrize("make", [Value, lambda x: x], ids=["value", "number"])
def test_no_real_root_of_a_negative_number(make):
    with pytest.raises(ValueError, match=r"power.*-8.*no real power"):
        autograd.power(make(-8.0), 1 / 3)
    with pytest.raises(ValueError, match="no real power"):
        Value(-8.0) ** (1 / 3)
    assert abs((Value(-8 + 0j) ** (1 / 3)).data - (1 + 3**0.5 * 1j)) < 1e-14


# ── Kinks and choices ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [int, float, Fraction, Decimal, mpmath.mpf, np.float32])
@pytest.mark.parametrize(
    ("name", "args", "slopes"),
    [
        ("relu", (0,), (0,)),
        ("absolute", (0,), (0,)),
        ("leaky_relu", (0, 3), (1, 0)),
        ("leaky_relu", (0, 1), (1, 0)),
        ("leaky_relu", (0, -3), (0, 0)),
        ("elu", (0, 1), (1, 0)),
        ("elu", (0, 2), (1, 0)),
        ("elu", (0, -1), (0, 0)),
        ("maximum", (2, 2), (0.5, 0.5)),
        ("minimum", (2, 2), (0.5, 0.5)),
        ("maximum", (-1, 2), (0, 1)),
        ("minimum", (-1, 2), (1, 0)),
        ("amax", (2, 2, 2, 1), (1 / 3, 1 / 3, 1 / 3, 0)),
        ("amin", (1, 2, 1), (0.5, 0, 0.5)),
        ("amax", (3,), (1,)),
        ("clip", (-1, -1, 3), (0.5, 0.5, 0)),
        ("clip", (3, -1, 3), (0.5, 0, 0.5)),
        ("clip", (1, 3, 3), (0, 0.5, 0.5)),
        ("clip", (3, 3, 3), (0, 0, 1)),
        ("clip", (1, -1, 3), (1, 0, 0)),
        ("clip", (-2, -1, 3), (0, 1, 0)),
        ("clip", (4, -1, 3), (0, 0, 1)),
        ("clip", (1, 5, 3), (0, 0, 1)),  # bounds the wrong way round give the upper one, as in NumPy
        ("clip", (9, 5, 3), (0, 0, 1)),
        ("sign", (0,), (0,)),
        ("step", (0,), (0,)),
    ],
)
def test_subgradients_of_least_norm(name, args, slopes, kind):
    z, got = gradients(ops.TABLE[name], args, kind)
    assert [float(slope) for slope in got] == pytest.approx(slopes)
    if kind is Fraction and name != "elu":
        assert {type(slope) for slope in (z, *got)} <= {int, Fraction}


KINKS = {  # the places at which a row that is continuous has no derivative, or not to second order
    "relu": [(0,)],
    "absolute": [(0,)],
    "leaky_relu": [(0, a) for a in (-3, -0.5, 0.25, 0.75, 2, 5)],
    "elu": [(0, a) for a in (-3, -0.5, 0.25, 0.75, 2, 5)],
    "maximum": [(2, 2), (-1, -1)],
    "minimum": [(2, 2), (-1, -1)],
    "amax": [(1, 1), (2, 1, 2), (3, 3, 3), (0, 0, -1, 0, 0)],
    "amin": [(1, 1), (1, 2, 1), (3, 3, 3), (0, 0, 1, 0, 0)],
    "clip": [(1, 1, 3), (3, 1, 3), (2, 3, 3), (1, 2, 2)],  # where all three tie see below
    "selu": [(0,)],
}


def least_norm(gradients):
    """The point nearest to 0 of the convex hull of some vectors: of a flat through some, if inside."""
    found = []
    for count in range(1, len(gradients) + 1):
        for chosen in combinations(gradients, count):
            G = np.array(chosen)
            system = np.block([[G @ G.T, np.ones((count, 1))], [np.ones((1, count)), np.zeros((1, 1))]])
            weights = np.linalg.lstsq(system, np.eye(count + 1)[-1], rcond=None)[0][:-1]
            if (weights > -1e-9).all():
                found.append(weights @ G)
    return min(found, key=np.linalg.norm)


@pytest.mark.parametrize(("name", "args"), [(name, args) for name in KINKS for args in KINKS[name]])
def test_a_law_of_kinks_the_subgradient_of_least_norm_and_a_symmetric_hessian(name, args):
    """Over all arguments together: of the gradients around the kink, each that of a smooth piece."""
    op = ops.TABLE[name]
    f = lambda x: apply(op, x)
    lengths = [1e-9 * (1 + i / 7) for i in range(len(args))]
    around = {
        tuple(np.round(autograd.grad(f)([x + s * d for x, s, d in zip(args, signs, steps)]), 6))
        for signs in product((-1, 1), repeat=len(args))
        for steps in permutations(lengths)
    }
    assert len(around) > 1 and autograd.grad(f)([*map(float, args)]) == pytest.approx(least_norm([*around]))
    H = np.array(autograd.hessian(f)([*map(float, args)]), float)
    assert (H == H.T).all() and np.isfinite(H).all()


def test_every_row_with_a_kink_obeys_that_law_but_those_that_jump():
    assert {op.name for op in KINKED} - KINKS.keys() == {*FLAT, "mod", "fmod", "softsign"}


@pytest.mark.parametrize("kind", [int, float, Fraction, Decimal, mpmath.mpf, np.float32])
@pytest.mark.parametrize("x", [-2, 1, 2, 3, 5])
def test_the_slopes_of_clip_add_up_wherever_its_arguments_tie(x, kind):
    """clip(x + t, low + t, high + t) = clip(x, low, high) + t."""
    clip = autograd.clip
    for args in product((1, 2, 3, x), repeat=3):
        assert autograd.grad(lambda t, args=args: clip(*(kind(a) + t for a in args)))(kind(0)) == 1
    assert autograd.grad(lambda t: clip(t, t, kind(5)))(kind(2)) == 1
    assert autograd.grad(lambda t: clip(t, kind(2), kind(5)))(kind(2)) == 0.5  # as maximum(t, 2)


@pytest.mark.parametrize("kind", [float, Decimal, mpmath.mpf, np.float32, np.float64])
@pytest.mark.parametrize("op", [op for op in KINKED if op.name not in ("mod", "fmod", "floordiv")], ids=str)
def test_nan_stays_nan_through_every_kink_and_so_does_the_slope(op, kind):
    args = [kind(x) for x in (1, 2, 3)[: 3 * op.sequences or op.arity]]
    for i in range(1 if kind is Decimal and op.name in ("leaky_relu", "elu") else len(args)):
        z, slopes = gradients(op, [*args[:i], kind("nan"), *args[i + 1 :]])
        assert z != z or (i and op.name in ("leaky_relu", "elu"))  # whose slope has no part in it at x = 1
        flat = op.name in FLAT  # whose slope is 0 wherever it is
        assert slopes[i] == 0 if flat or z == z else slopes[i] != slopes[i]


def test_maximum_and_minimum_of_more_than_two():
    a, b, c = (Value(Fraction(2)) for _ in "abc")
    (autograd.maximum(a, b, c) * 6 + autograd.minimum(a, b, c, 2, 5) * 8).backward()
    assert (a.grad, b.grad, c.grad) == (4, 4, 4)
    assert autograd.maximum(1, 3, 2) == autograd.amax([1, 3, 2]) == 3 and autograd.minimum(1, 3, 2, 0) == 0
    assert autograd.maximum(a, b).op is ops.maximum and autograd.maximum(a, b, 1).op is ops.amax
    assert (
        a.maximum(b, 1).op is ops.amax and max([a, Value(3.0)]).data == 3
    )  # Python's, also with a star import
    assert not {"abs", "max", "min", "round"} & {*autograd.__all__}  # Python's own stay what they are
    assert (autograd.max([1, 3, 2]), autograd.min([1, 3, 2]), autograd.abs(-2)) == (3, 1, 2)
    assert autograd.round(2.5) == 2.0 and autograd.grad(autograd.round)(0.3) == 0
    with pytest.raises(ValueError, match=r"amin\(\): there is none of no numbers"):
        autograd.amin([])
    with pytest.raises(TypeError, match="maximum takes 2 arguments, not 1"):
        autograd.maximum(a)


def test_values_at_kinks():
    assert [autograd.sign(x) for x in (-2.0, 0.0, 2.0)] == [-1, 0, 1]
    assert [autograd.step(x) for x in (-2.0, 0.0, 2.0)] == [0, 0, 1]
    assert [autograd.relu(x) for x in (-2, 0, 2)] == [0, 0, 2]
    assert math.copysign(1, autograd.relu(-0.0)) == math.copysign(1, autograd.absolute(-0.0)) == 1


@pytest.mark.parametrize("dead", [nan, inf, -inf])
@pytest.mark.parametrize("upstream", [1.0, inf, nan])
def test_where_ignores_the_branch_not_taken(dead, upstream):
    """Neither its value nor an infinite slope of it reaches the gradient: 0 · inf would be nan."""
    x, y = Value(2.0), Value(dead)
    for z in (autograd.where(True, x * 3, y * y), autograd.where(False, y * y, x * 3)):
        x.grad = y.grad = 0
        assert z.data == 6
        (z * upstream).backward()
        assert y.grad == 0
        assert x.grad == 3 * upstream or (upstream != upstream and x.grad != x.grad)


def test_where_calls_the_branch_taken_alone():
    x = Value(-1.0)
    y = autograd.where(x > 0, lambda: autograd.log(x), lambda: x * x)
    y.backward()
    assert (y.data, x.grad) == (1, -2)
    assert autograd.where(True, lambda: 1, lambda: 1 / 0) == 1
    condition = Value(1)
    assert autograd.where(condition, 2, lambda: 1 / 0).data == 2


# ── Where number types differ ───────────────────────────────────────────────────────────────────────

ZEROS = [0, 0.0, 0j, Fraction(0), Decimal(0), mpmath.mpf(0), np.float32(0), np.complex64(0)]


@pytest.mark.parametrize("zero", ZEROS, ids=repr)
def test_powers_of_zero(zero):
    """0⁰ is 1 in every number type, Decimal among them."""
    assert autograd.grad(lambda x: x**1)(zero) == 1
    assert autograd.grad(lambda x: x**2)(zero) == 0
    assert autograd.grad(autograd.grad(lambda x: x**2))(zero) == 2
    assert autograd.power(zero, zero) == autograd.power(zero, 0) == 1
    assert autograd.grad(lambda x: x**0)(zero) == 0
    assert autograd.grad(lambda y: zero**y)(zero + 2) == 0


@pytest.mark.parametrize("zero", [0, 0.0, 0j, Fraction(0)], ids=repr)
@pytest.mark.parametrize("f", [lambda x: x**x, lambda y: (0 * y.data) ** y], ids=["x ** x", "0 ** y"])
def test_the_slope_of_zero_to_the_zero_raises_as_that_of_the_logarithm(zero, f):
    x = Value(zero)
    with pytest.raises((ValueError, ArithmeticError), match=r"power\(.*its local derivative"):
        f(x).backward()


@pytest.mark.parametrize("kind", [int, float, Fraction, Decimal, mpmath.mpf, np.float32])
@pytest.mark.parametrize("x", [-7, -6, 0, 6, 7])
@pytest.mark.parametrize("y", [-2, 2, 4])
def test_floordiv_and_mod_belong_together(kind, x, y):
    """As for Python's ints: the floor, a rest of y's sign, and x = y ⌊x / y⌋ + rest."""
    floor, rest = autograd.floordiv(kind(x), kind(y)), autograd.mod(kind(x), kind(y))
    assert (floor, rest) == (x // y, x % y)
    assert {type(floor), type(rest)} <= {kind, int}
    assert x == floor * y + rest
    assert gradients(ops.mod, (x, y), kind)[1] == [1, -(x // y)]


@rows([op for op in ROWS if op.kind == "smooth"])
@pytest.mark.parametrize("kind", [complex, np.complex64, np.complex128, mpmath.mpc])
def test_smooth_rows_refuse_complex(op, kind):
    """No part of a number is dropped, with or without a warning; nor of an array."""
    args = convert(op, points(op)[0], lambda x: kind(x + 1j))
    arrays = convert(op, points(op)[0], lambda x: np.array([x + 1j]))
    for numbers in (args, convert(op, args, Value), arrays):
        with pytest.raises(TypeError, match=f"{op.name}.*reals only.*no complex"):
            apply(op, numbers)


# row, then value and slope at −∞ and at ∞
AT_INFINITY = {
    "exp": (0, 0, inf, inf), "sigmoid": (0, 0, 1, 0),
    "softplus": (0, 0, inf, 1), "log_sigmoid": (-inf, 1, 0, 0),
    "tanh": (-1, 0, 1, 0), "arctan": (-math.pi / 2, 0, math.pi / 2, 0), "arcsinh": (-inf, 0, inf, 0),
    "erf": (-1, 0, 1, 0), "erfc": (2, 0, 0, 0), "normal_cdf": (0, 0, 1, 0), "gelu": (0, 0, inf, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", AT_INFINITY)
def test_values_and_slopes_at_infinity(name):
    op = ops.TABLE[name]
    for kind in (float, np.float64):
        found = [y for x in (-inf, inf) for y in (op(kind(x)), autograd.grad(op)(kind(x)))]
        assert found == [*AT_INFINITY[name]]
    x = np.array([-inf, inf])
    assert [*op(x), *autograd.grad(lambda x: autograd.sum(op(x)))(x)] == [
        *AT_INFINITY[name][::2],
        *AT_INFINITY[name][1::2],
    ]


CHOICES = {
    "list": list,
    "tuple": tuple,
    "NumPy": np.array,
    "Values": lambda x: [*map(Value, x)],
    "array": autograd.array,
}


@pytest.mark.parametrize("make", CHOICES)
def test_take_refuses_what_is_no_place_from_zero(make):
    """As compiled code does: neither the next lower one, nor one counted from the end."""
    x = CHOICES[make]([1.0, 2.0, 3.0])
    assert [autograd.take(x, i) for i in (1, True, np.int8(1))] == [2, 2, 2]
    for i in (1.7, 1.0, np.float64(1), Decimal(1), Fraction(1), "1", None):
        with pytest.raises(TypeError, match=r"^take: an index is a whole number, not "):
            autograd.take(x, i)
    for i in (-1, 3, np.int8(-1)):
        with pytest.raises(IndexError, match=f"^take: there is no choice {i}; there are 3, counted from 0"):
            autograd.take(x, i)


@pytest.mark.parametrize("i", [1.7, [1.0, 2.0], np.float64(1.7)])
def test_numpys_take_refuses_a_broken_place(i):
    with pytest.raises(TypeError, match=r"np\.take: an index is a whole number, not"):
        np.take(autograd.array([1.0, 2.0, 3.0]), i)


# ── stop_gradient ───────────────────────────────────────────────────────────────────────────────────

NUMBERS = [3, 0.7, -0.0, inf, nan, 2 + 1j, Fraction(1, 3), Decimal("0.7"), mpmath.mpf("0.7"), np.float32(0.7)]

# The derivative of a function of one number in every way that there is.
FIRST = {
    "grad": lambda f, x: autograd.grad(f)(x),
    "value_and_grad": lambda f, x: autograd.value_and_grad(f)(x)[1],
    "jacobian": lambda f, x: autograd.jacobian(f)(x),
    "jvp": lambda f, x: autograd.jvp(f, (x,), (1,))[1],
    "vjp": lambda f, x: autograd.vjp(f, x)[1](1)[0],
    "taylor": lambda f, x: autograd.taylor(f, x, 1)[1],
    "backward": lambda f, x: backward(f, x),
}
SECOND = {
    "grad of grad": lambda f, x: autograd.grad(autograd.grad(f))(x),
    "jvp of jvp": lambda f, x: autograd.jvp(lambda t: autograd.jvp(f, (t,), (1,))[1], (x,), (1,))[1],
    "hessian": lambda f, x: autograd.hessian(f)(x)[0][0],
    "hvp": lambda f, x: autograd.hvp(f, (x,), (1,))[0],
    "taylor": lambda f, x: 2 * autograd.taylor(f, x, 2)[2],
}


def backward(f, x):
    leaf = Value(x)
    f(leaf).backward()
    return leaf.grad


def same(x, y):
    return type(x) is type(y) and repr(x) == repr(y)


@pytest.mark.parametrize("x", NUMBERS, ids=repr)
def test_stop_gradient_is_its_argument(x):
    assert same(autograd.stop_gradient(x), x)
    assert same(autograd.stop_gradient(Value(x)).data, x)


@pytest.mark.parametrize("x", [3, 0.7, 2 + 1j, Fraction(1, 3), Decimal("0.7"), mpmath.mpf("0.7")], ids=repr)
@pytest.mark.parametrize("mode", FIRST)
def test_what_is_stopped_counts_as_a_constant(mode, x):
    derivative, stop = FIRST[mode], autograd.stop_gradient
    assert derivative(lambda t: t * stop(t), x) == x
    assert derivative(lambda t: stop(t * t), x) == 0
    assert derivative(lambda t: stop(t) * stop(t * t), x) == 0


@pytest.mark.parametrize("x", [3, 0.7, 2 + 1j, Fraction(1, 3), Decimal("0.7"), mpmath.mpf("0.7")], ids=repr)
@pytest.mark.parametrize("mode", SECOND)
def test_what_is_stopped_counts_as_a_constant_to_second_order(mode, x):
    derivative, stop = SECOND[mode], autograd.stop_gradient
    assert derivative(lambda t: t * t * stop(t), x) == 2 * x
    assert derivative(lambda t: t * stop(t * t), x) == 0


def test_nothing_arrives_behind_stop_gradient():
    """No contribution, where a 0 would give 0 · inf = nan."""
    f = lambda x: x + inf * autograd.stop_gradient(x)
    for mode in FIRST.keys() - {"jvp", "taylor"}:  # forwards what does not move has the derivative 0
        assert FIRST[mode](f, 2.0) == 1, mode
    x = Value(2.0)
    inner = x * x
    (x + autograd.stop_gradient(inner)).backward()
    assert (x.grad, inner.grad) == (1, 0)


def test_stop_gradient_of_arrays_and_in_compiled_code():
    f = lambda x: autograd.sum(x * autograd.stop_gradient(x))
    x = np.array([3.0, 0.7])
    assert np.array_equal(autograd.stop_gradient(x), x)
    assert np.array_equal(autograd.grad(f)(x), x)
    w = Value(3.0)
    program = autograd.compile(lambda x: w * autograd.stop_gradient(w * x), [w])
    value, gradient = program(program.parameters(), np.array([2.0]))
    assert (value, *gradient) == (18, 6)


# ── Rows of one's own ───────────────────────────────────────────────────────────────────────────────

cube = Op("cube", lambda x: x * x * x, lambda x, z: 3 * x * x, kind="rational")
stretched = Op(
    "stretched",
    lambda x, k=3, c=1: k * x * x + c,
    lambda x, k, c, z: 2 * k * x,
    lambda x, k, c, z: x * x,
    lambda x, k, c, z: 1,
    kind="rational",
)
norm = Op(
    "norm",
    lambda *x: functions.sqrt(sum(a * a for a in x)),
    lambda x, z: [a / z for a in x],
    sequences=1,
)


@rows([cube, stretched, norm])
def test_a_custom_row_passes_every_check(op):
    for check in (test_first_order, test_second_order, test_complex, test_mpmath_to_thirty_digits):
        check(op)
    if op.kind == "rational":
        test_fractions_are_exact(op)
    for args in points(op):
        assert apply(op, args) == op.function(*args)


def test_defaults_are_filled_in():
    assert (stretched(2), stretched(2, 5), stretched(2, 5, 7)) == (13, 21, 27)
    x = Value(2)
    z = stretched(x, 5)
    z.backward()
    assert (z.data, [arg.data for arg in z.args], x.grad) == (21, [2, 5, 1], 20)
    assert autograd.leaky_relu(-2.0) == -0.02
    assert autograd.sinc(0.0) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cube(), "cube takes 1 argument, not 0"),
        (lambda: cube(1, 2), "cube takes 1 argument, not 2"),
        (lambda: stretched(), "stretched takes 3 arguments, not 0"),
        (lambda: stretched(1, 2, 3, Value(4)), "stretched takes 3 arguments, not 4"),
        (lambda: autograd.maximum(Value(1)), "maximum takes 2 arguments, not 1"),
        (lambda: autograd.dot([1, 2]), r"dot takes 2 sequences of numbers: dot\(\[…\], \[…\]\)"),
        (lambda: autograd.sum(1, 2), r"sum takes one sequence of numbers: sum\(\[…\]\)"),
        (lambda: autograd.sum(Value(1)), r"sum takes one sequence of numbers: sum\(\[…\]\)"),
        (lambda: autograd.exp("x"), "exp.*'x'"),
        (lambda: autograd.exp(None), "exp.*None"),
        (lambda: Value(1.0) + Decimal(1), r"add\(1.0, Decimal\('1'\)\).*numbers of one type"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(TypeError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_sequences_of_unequal_length():
    with pytest.raises(ValueError, match=r"dot: .*\[2, 3\]; make them equal"):
        autograd.dot([1, 2], [Value(1), 2, 3])


@pytest.mark.parametrize(
    ("call", "kind", "parts"),
    [
        (autograd.log, ValueError, ["log(x = -1", "stay in the domain 0 < x"]),
        (autograd.sqrt, ValueError, ["sqrt(x = -1", "0 < x"]),
        (autograd.arccosh, ValueError, ["arccosh(x = -1", "1 < x"]),
        (lambda x: autograd.arcsin(2 * x), ValueError, ["arcsin(-2", "-1 < x < 1"]),
        (lambda x: 1 / (x + 1), ZeroDivisionError, ["div(1, 0.0)", "y ≠ 0"]),
        (lambda x: x % (x + 1), ZeroDivisionError, ["mod(x = -1.0, 0.0)", "y ≠ 0"]),
        (lambda x: autograd.exp(-1000 * x), OverflowError, ["exp(1000", "too large"]),
        (lambda x: x**0.5, ValueError, ["power(x = -1.0, 0.5)", "0 < x", "complex"]),
        (lambda x: autograd.sqrt(x + 1).backward(), ZeroDivisionError, ["sqrt(0.0)", "its local derivative"]),
    ],
)
def test_errors_name_the_operation_the_argument_and_the_remedy(call, kind, parts):
    x = Value(-1.0, label="x")
    with pytest.raises(kind) as caught:
        call(x)
    assert [part for part in parts if part not in str(caught.value)] == []
    assert "\n" not in str(caught.value)
    (x * x).backward()  # what was built is still of use
    assert x.grad == -2


@rows([*ops.TABLE.values(), cube])
def test_rows_are_pickled_by_name(op):
    assert pickle.loads(pickle.dumps(op)) is op


def test_a_row_without_a_name_is_not_pickled():
    with pytest.raises(TypeError, match="keep it in a variable of a module"):
        pickle.dumps(Op("lost", lambda x: x, lambda x, z: 1))


def test_names_of_the_table():
    """All scalar functions of HIPS autograd are there, by the same names."""
    hips = """absolute sign exp exp2 expm1 log log2 log10 log1p sqrt sin cos tan arcsin arccos arctan
        sinh cosh tanh arcsinh arccosh arctanh power mod remainder divide multiply subtract add negative
        reciprocal rad2deg deg2rad radians degrees sinc arctan2 hypot maximum minimum logsumexp clip where
        sum mean prod dot erf erfc lgamma polygamma sigmoid softplus log_sigmoid gelu relu leaky_relu elu
        softmax log_softmax floordiv step square cbrt floor ceil rint fmod logaddexp gamma digamma beta
        logit"""
    assert {name for name in names(hips) if not callable(getattr(autograd, name, None))} == set()
    assert all(op.name in ops.TABLE and op.symbol for op in ROWS)


def test_every_row_says_its_kind():
    assert {op.kind for op in ops.TABLE.values()} == {"rational", "analytic", "smooth", "kinked", "constant"}
