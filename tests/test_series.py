"""taylor: the laws of power series, exactness in every number type, polynomial work, any depth, no cycles."""

import gc
import math
from decimal import Decimal
from fractions import Fraction
from functools import reduce

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Op, Value, cos, exp, grad, log, ops, relu, sin, sqrt, tanh, taylor, where
from autograd import series as series_module
from autograd.testing.strategies import targets

fractions = st.fractions(min_value=-2, max_value=2, max_denominator=6)
orders = st.integers(0, 8)


def f(x):
    return (x * x * x - 2 * x + 1) / (x * x + 1)


def g(x):
    t = autograd.reciprocal(x * x + 2) - x
    return t * t / 3 + autograd.prod([t, x + 3, t - 1])


def multiply(a, b):
    return [sum(a[j] * b[k - j] for j in range(k + 1)) for k in range(len(a))]


def compose(a, b):
    """The series of a, in powers of its distance from b₀, of the series b: Horner's scheme."""
    moved = [0, *b[1:]]
    result = [0] * len(b)
    for coefficient in reversed(a):
        result = multiply(result, moved)
        result[0] += coefficient
    return result


# ── Laws, exact in fractions ────────────────────────────────────────────────────────────────────────


@given(fractions, orders)
def test_the_series_of_a_product_is_the_cauchy_product(x, n):
    assert taylor(lambda x: f(x) * g(x), x, n) == multiply(taylor(f, x, n), taylor(g, x, n))


@given(fractions, orders)
def test_a_series_times_that_of_its_reciprocal_is_one(x, n):
    h = lambda x: g(x) * g(x) + 1
    assert multiply(taylor(h, x, n), taylor(lambda x: 1 / h(x), x, n)) == [1, *[0] * n]


@given(fractions, orders)
def test_the_series_of_a_composition_is_the_composition_of_the_series(x, n):
    assert taylor(lambda x: f(g(x)), x, n) == compose(taylor(f, g(x), n), taylor(g, x, n))


@given(fractions, orders)
def test_the_series_of_the_derivative_is_the_derivative_of_the_series(x, n):
    assert taylor(grad(f), x, n) == [k * z for k, z in enumerate(taylor(f, x, n + 1)) if k]


@given(fractions, orders, orders)
def test_a_lower_order_is_a_beginning_of_a_higher_one(x, n, m):
    assert taylor(g, x, n + m)[: n + 1] == taylor(g, x, n)


# ── Against mpmath: its numerical derivatives, and Cauchy's integral in its numbers ─────────────────

ROWS = sorted({op.name for op in ops.METHODS.values() if op.arity - len(op.parameters) == 1 == op.arity})


@pytest.mark.parametrize("name", [name for name in ROWS if getattr(ops, name).kind != "kinked"])
def test_every_row_has_the_series_that_mpmath_finds_by_differences(name):
    op, n = getattr(ops, name), 8
    (x,) = targets(op, 1, mpmath.mpf)
    with mpmath.workdps(30):
        for mine, theirs in zip(taylor(op, x, n), mpmath.taylor(op, x, n)):
            assert mpmath.almosteq(mine, theirs, 1e-20, 1e-20)


def on_a_circle(f, x, n, r, points=256):
    """The coefficients as means over a circle of radius r, which converge like powers."""
    turns = [mpmath.expjpi(mpmath.mpf(2 * i) / points) for i in range(points)]
    values = [f(x + r * turn) for turn in turns]
    for k in range(n + 1):
        yield (sum(value * turns[-i * k % points] for i, value in enumerate(values)) / points / r**k).real


@pytest.mark.parametrize(
    ("f", "r", "n"),
    [
        (lambda x: log(1 + x) / (2 - x), 1, 100),
        (lambda x: sqrt(1 + x) ** x, 1, 30),
        (lambda x: tanh(x * autograd.arcsin(x)), mpmath.mpf(0.5), 30),
        (lambda x: autograd.logsumexp([x, 2 * x, x * x]), mpmath.mpf(0.5), 30),
    ],
    ids=["quotient", "power", "arcsin", "logsumexp"],
)
def test_high_orders_equal_cauchys_integral(f, r, n):
    with mpmath.workdps(40):
        expected = [*on_a_circle(f, mpmath.mpf("0.3"), n, r)]
        digits = taylor(f, mpmath.mpf("0.3"), min(n, 40))
        assert all(mpmath.almosteq(a, b, 1e-20) for a, b in zip(digits, expected))
    assert taylor(f, 0.3, n) == pytest.approx([float(c) for c in expected], rel=1e-9, abs=0)


def test_order_300_of_an_entire_function():
    """With w = exp(sin x) and c = cos x: k·w_k = Σ_j c_j·w_{k−1−j}, the recurrence by hand."""
    n = 300
    c = [0 if j % 2 else (-1) ** (j // 2) / math.factorial(j) for j in range(170)]
    w = [1.0]
    for k in range(1, n + 1):
        w.append(sum(c[j] * w[k - 1 - j] for j in range(min(k, 170))) / k)
    assert taylor(lambda x: exp(sin(x)), 0.0, n) == pytest.approx(w, rel=1e-6, abs=1e-300)


# ── The work is polynomial in the order ─────────────────────────────────────────────────────────────


@pytest.fixture
def computed(monkeypatch):
    """How many coefficients are computed: a function of the function and the order."""
    calls = []
    extend = series_module._extend
    monkeypatch.setattr(
        series_module, "_extend", lambda z, m, slopes: (calls.append(m), extend(z, m, slopes))
    )

    def count(f, x, n):
        calls.clear()
        taylor(f, x, n)
        return len(calls)

    return count


@pytest.mark.parametrize("name", sorted({op.name for op in ops.METHODS.values()}))
def test_no_row_needs_more_than_a_square_of_coefficients(computed, name):
    op = getattr(ops, name)
    places = targets(op, op.arity, float)
    f = lambda x: op(*[place if i in op.parameters else place + x for i, place in enumerate(places)])
    twelve, once_more = computed(f, 0.0, 12), computed(f, 0.0, 24)
    assert once_more <= 4.5 * twelve, (twelve, once_more)


def test_a_quotient_of_order_100_takes_a_tower_and_no_tree(computed):
    assert computed(lambda x: log(1 + x) / (2 - x), 0.5, 100) < 4 * 100 * 100


@pytest.mark.parametrize(
    "x",
    [
        Fraction(1, 2),
        Decimal("0.5"),
        0.5 + 1j,
        mpmath.mpf(0.5),
        mpmath.mpc(0.5, 1),
        np.complex64(0.5),
        math.nan,
    ],
    ids=lambda x: type(x).__name__,
)
def test_no_number_type_grows_a_tree(computed, x):
    """Whose 1, made anew for every rule, is the same 1."""
    f = lambda x: 1 / (2 - x) / x
    assert computed(f, x, 16) <= 1.5 * computed(f, 0.5, 16)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "logsumexp"])
def test_sequences_cost_their_length_times_one_tower(computed, name):
    row = getattr(autograd, name)
    few, many = (computed(lambda x, n=n: row([sin(i * x) for i in range(n)]), 0.4, 8) for n in (5, 10))
    assert many < 2.5 * few


# ── Depth and memory ────────────────────────────────────────────────────────────────────────────────


def test_graphs_may_be_deep():
    def deep(x):
        for _ in range(5000):
            x = x / 2 + sin(x) / 2
        return x

    value, slope, _ = taylor(deep, 0.5, 2)
    assert (value, slope) == pytest.approx((deep(0.5), grad(deep)(0.5)), rel=1e-12)


def test_a_long_product_is_a_deep_tower():
    n = 3000
    assert taylor(lambda x: autograd.prod([x] * n), 1, 2) == [1, n, n * (n - 1) // 2]


def interrupt(x):
    raise KeyboardInterrupt


LEFTOVERS = {
    "circle": lambda: taylor(lambda x: exp(sin(x)) * tanh(x), 0.4, 6),
    "graph": lambda: taylor(lambda x: autograd.logsumexp([x, x / (1 + x)]), Value(0.4), 4),
    "nested": lambda: taylor(lambda x: taylor(lambda y: exp(x * y), x, 2)[2], 0.4, 2),
    "refused": lambda: taylor(lambda x: exp(sqrt(x)), 0.0, 2),
    "interrupted": lambda: taylor(Op("stop", ops.exp.function, lambda x, z: interrupt(z * z)), 0.4, 3),
}


@pytest.mark.parametrize("case", LEFTOVERS)
def test_nothing_is_left_for_the_collector(case):
    def call():
        try:
            LEFTOVERS[case]()
        except (ZeroDivisionError, KeyboardInterrupt):
            return "raised"
        return "returned"

    assert call() == ("raised" if case in ("refused", "interrupted") else "returned")
    gc.collect()
    gc.disable()
    try:
        call()
        assert gc.collect() == 0
    finally:
        gc.enable()


@given(fractions, orders, st.booleans(), st.booleans(), st.booleans())
def test_the_series_of_a_choice_is_that_of_the_branch_taken(x, n, above, called, moving):
    """Whether the branches are called or given, and whether the condition is a number or moves with x."""

    def choice(t):
        condition = (t > x - 1 if above else t > x + 1) if moving else above
        return where(condition, (lambda: f(t)) if called else f(t), (lambda: g(t)) if called else g(t)) * t

    wanted = taylor(lambda t: (f(t) if above else g(t)) * t, x, n)
    found = taylor(choice, x, n)
    assert [(type(c), c) for c in found] == [(type(c), c) for c in wanted]


# ── Numbers keep their types ────────────────────────────────────────────────────────────────────────

TYPES = {
    "int": (lambda x: x * x * x - 5 * x, 10**20, [10**60 - 5 * 10**20, 3 * 10**40 - 5, 3 * 10**20, 1, 0]),
    "Fraction": (lambda x: 1 / x, Fraction(1, 2), [2, -4, 8, -16, 32]),
    "Decimal": (lambda x: 1 / (1 - x), Decimal("0.5"), [2, 4, 8, 16, 32]),
    "complex": (lambda x: x * x * x, 1 + 2j, [(1 + 2j) ** 3, 3 * (1 + 2j) ** 2, 3 + 6j, 1, 0]),
    "mpf": (lambda x: 1 / x, mpmath.mpf(0.5), [2, -4, 8, -16, 32]),
    "float32": (lambda x: 1 / x, np.float32(0.5), [2, -4, 8, -16, 32]),
}


@given(
    st.integers(-(10**30), 10**30) | st.fractions(),
    st.lists(st.integers(-(10**20), 10**20), min_size=1, max_size=6),
    orders,
)
def test_a_polynomial_has_exact_coefficients_of_the_type_of_its_argument(x, factors, n):
    """Horner against the binomial theorem."""
    found = taylor(lambda t: reduce(lambda y, c: y * t + c, factors), type(x)(x), n)
    degree = len(factors) - 1
    wanted = [
        sum(
            c * math.comb(degree - i, k) * x ** (degree - i - k)
            for i, c in enumerate(factors[: degree - k + 1])
        )
        for k in range(n + 1)
    ]
    assert found == wanted
    assert {type(c) for c in found} <= {type(x), int}


@pytest.mark.parametrize("case", TYPES)
def test_coefficients_have_the_type_of_the_argument(case):
    f, x, expected = TYPES[case]
    coefficients = taylor(f, x, 4)
    assert coefficients == expected
    assert {type(c) for c in coefficients} == {type(x)}


def test_what_is_equal_is_not_yet_the_same():
    """Rows on 0.0 and −0.0, or on two Values of one number, are different series."""
    both = Op(
        "both",
        lambda x, a, b: a * x * x / 2 + b * x * x / 2,
        lambda x, a, b, z: a * x + b * x,
        lambda x, a, b, z: x * x / 2,
        lambda x, a, b, z: x * x / 2,
    )
    second = lambda a, b: taylor(lambda x: both(x, a, b), 3.0, 2)[2]
    assert grad(second, (0, 1))(2.0, 2.0) == (0.5, 0.5)
    turn = lambda x, y: autograd.arctan2(y, x)  # π / 2 apart at 0.0 and −0.0
    signed = Op("signed", lambda x: x, lambda x, z: turn(-1.0, 0.0 * x) - turn(-1.0, -0.0 * x))
    assert taylor(signed, 1.0, 1)[1] == pytest.approx(2 * math.pi)


# ── Branches, rules that are numbers or nothing, transforms inside and outside ──────────────────────


def test_a_branch_not_taken_contributes_nothing_to_any_order():
    assert taylor(lambda x: where(x > 0, sqrt(x), x * x), 0.0, 3) == [0, 0, 1, 0]
    assert taylor(lambda x: where(x > 0, log(x + 1) / x, 2), 0.5, 0) == [math.log(1.5) / 0.5]
    assert taylor(lambda x: where(x < 1, 7, sqrt(x)), 0.0, 2) == [7, 0, 0]
    with pytest.raises(ZeroDivisionError, match=r"sqrt\(0\.0\): its local derivative"):
        taylor(lambda x: where(x > 0, 1, sqrt(x)), 0.0, 1)


def test_rules_that_are_plain_numbers_or_nothing():
    assert taylor(lambda x: relu(x) + abs(x) + autograd.maximum(x, 1) + 3 * autograd.sign(x), 2.0, 2) == [
        9,
        3,
        0,
    ]
    blind = Op("blind", lambda x, y: x * y, lambda x, y, z: y, lambda x, y, z: None)
    assert taylor(lambda x: blind(x, x), 4, 2) == [16, 4, 0.5]  # z′ = x · x′, without the half of y


def test_sequences_of_numbers_and_of_what_moves():
    x = Fraction(1, 3)
    assert taylor(lambda x: autograd.dot([x, 2, x], [x, x, 5]), x, 3) == [x * x + 7 * x, 2 * x + 7, 1, 0]
    assert taylor(lambda x: autograd.prod([x, 4, x + 1]), x, 3) == [4 * x * (x + 1), 8 * x + 4, 4, 0]
    assert taylor(lambda x: autograd.mean([x, x * x]), x, 2) == [
        (x + x * x) / 2,
        (1 + 2 * x) / 2,
        Fraction(1, 2),
    ]


def test_outer_variables_are_coefficients():
    x = Fraction(2, 3)
    mixed = lambda a: taylor(lambda y: f(a * y), 1 + a, 4)[4]
    h = Fraction(1, 10**6)
    slope = (mixed(x + h) - mixed(x - h)) / (2 * h)
    assert float(grad(mixed)(x)) == pytest.approx(float(slope), rel=1e-9)
    assert taylor(mixed, x, 1) == [mixed(x), grad(mixed)(x)]
    assert taylor(lambda a: grad(lambda y: y * f(y * a))(x), x, 2)[2] == grad(
        lambda y: taylor(lambda a: y * f(y * a), x, 2)[2]
    )(x)


def test_whole_numbers_stay_exact_as_coefficients():
    z = taylor(lambda x: taylor(lambda y: y * y * y, x, 1)[1], 10**20, 1)
    assert z == [3 * 10**40, 6 * 10**20] and all(type(c) is int for c in z)


def test_a_value_of_the_users_stays_in_the_graph():
    w = Value(2.0, "w")
    coefficients = taylor(lambda x: w * sin(x) + 3, 0.5, 3)
    assert all(isinstance(c, Value) for c in coefficients)
    coefficients[3].backward()
    assert coefficients[3].data == pytest.approx(-2 * math.cos(0.5) / 6)
    assert w.grad == pytest.approx(-math.cos(0.5) / 6)
    assert w.grad == pytest.approx(taylor(sin, 0.5, 3)[3]) and cos(0.5) == math.cos(0.5)
