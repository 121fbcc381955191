"""The table: each row in each argument, to second order, on every number type, against `oracles`."""

import math
import pickle
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import product

import mpmath
import numpy as np
import pytest
from oracles import (
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
FLAT = {"floordiv", "sign", "step", "share"}  # rows whose derivative is 0 by nature


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
    kinked = names("relu leaky_relu absolute maximum minimum clip sign step share mod floordiv")
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
    erf erfc lgamma polygamma sinc gelu normal_cdf"""
)


@rows(ROWS)
def test_decimal_to_25_digits_or_an_error_that_names_it(op):
    for point in points(op):
        if op.name in ("mod", "floordiv"):  # Decimal's own % and // cut towards 0: compare where all do
            point = tuple(map(abs, point))
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


def test_softmax_is_stable_and_sums_to_one():
    x = [Value(1000.0), Value(0.0), Value(-inf)]
    y = autograd.softmax(x)
    assert [value.data for value in y] == [1, 0, 0]
    autograd.log_softmax(x)[1].backward()
    assert [value.grad for value in x] == [-1, 1, 0]


@pytest.mark.parametrize(
    ("x", "y", "z", "slopes"),
    [
        (0.0, 0.0, 1, [0, 0]),  # x ** 0 is 1
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
        ("leaky_relu", (0, 3), (3, 0)),
        ("elu", (0, 1), (1, 0)),
        ("maximum", (2, 2), (0.5, 0.5)),
        ("minimum", (2, 2), (0.5, 0.5)),
        ("maximum", (-1, 2), (0, 1)),
        ("minimum", (-1, 2), (1, 0)),
        ("clip", (-1, -1, 3), (0, 0, 0)),
        ("clip", (3, -1, 3), (0, 0, 0)),
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
    assert got == list(slopes)
    if kind is Fraction and name != "elu":
        assert {type(slope) for slope in (z, *got)} <= {int, Fraction}


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
        softmax log_softmax floordiv step"""
    assert {name for name in names(hips) if not callable(getattr(autograd, name, None))} == set()
    assert all(op.name in ops.TABLE and op.symbol for op in ROWS)


def test_every_row_says_its_kind():
    assert {op.kind for op in ops.TABLE.values()} == {"rational", "analytic", "smooth", "kinked", "constant"}
