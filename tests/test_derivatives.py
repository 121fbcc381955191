"""grad, jacobian, hessian, jvp, vjp, hvp, taylor: laws first, then the classics, then what is refused."""

import math
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import (
    Op,
    Value,
    exp,
    formula,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    maximum,
    no_grad,
    ops,
    relu,
    sigmoid,
    sin,
    sqrt,
    tanh,
    taylor,
    topological_order,
    value_and_grad,
    vjp,
    where,
)

numbers = st.fractions(min_value=-3, max_value=3, max_denominator=10)
vectors = st.lists(numbers, min_size=3, max_size=3)


def rational(x):
    """A rational function of three numbers, with shared parts and no pole."""
    t = x[0] * x[1] - x[2]
    return t * t * x[0] / (x[1] * x[1] + 1) + autograd.dot(x, [t, 2, t * x[2]])


def smooth(x):
    """An analytic function of three numbers."""
    t = sin(x[0] * x[1]) + x[2]
    return exp(t / 3) * tanh(x[0]) + sigmoid(t * x[2])


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(vectors, vectors)
def test_forward_and_reverse_agree_exactly_in_fractions(x, v):
    value, tangent = jvp(rational, (x,), (v,))
    gradient = grad(rational)(x)
    assert value == rational(x)
    assert tangent == sum(g * d for g, d in zip(gradient, v))
    assert all(isinstance(g, int | Fraction) for g in gradient)


@given(vectors)
def test_the_hessian_is_symmetric_and_a_product_with_it_is_one_row_each(x):
    matrix = hessian(rational)(x)
    assert all(matrix[i][j] == matrix[j][i] for i in range(3) for j in range(3))
    for i in range(3):
        unit = [int(i == j) for j in range(3)]
        assert hvp(rational, (x,), (unit,)) == (matrix[i],)


@given(vectors)
def test_third_derivatives_do_not_depend_on_the_order(x):
    third = jacobian(hessian(rational))(x)
    flat = lambda i, j, k: third[i][j][k]
    assert all(
        flat(i, j, k) == flat(j, k, i) == flat(k, j, i) for i in range(3) for j in range(3) for k in range(3)
    )


@given(vectors, vectors, vectors)
def test_a_vjp_is_the_transposed_jvp(x, v, u):
    def f(x):
        return [x[0] * x[1], x[1] / (x[2] * x[2] + 1), x[0] - x[2]]

    _, tangent = jvp(f, (x,), (v,))
    _, pull = vjp(f, x)
    (cotangent,) = pull(u)
    assert sum(a * b for a, b in zip(u, tangent)) == sum(a * b for a, b in zip(cotangent, v))
    rows = jacobian(f)(x)
    assert tangent == [sum(a * b for a, b in zip(row, v)) for row in rows]


@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(-2, 2))
def test_gradients_equal_the_complex_step(a, b, c):
    x = [a, b, c]
    gradient = grad(smooth)(x)
    for i in range(3):
        moved = [xi + 1e-20j * (i == j) for j, xi in enumerate(x)]
        assert gradient[i] == pytest.approx(smooth(moved).imag / 1e-20, rel=1e-12, abs=1e-13)


@given(numbers, st.integers(0, 6))
def test_taylor_coefficients_are_derivatives_over_factorials(x, order):
    def f(x):
        return (x * x * x - 2 * x + 1) / (x * x + 1)

    coefficients, derivative = taylor(f, x, order), f
    for k, coefficient in enumerate(coefficients):
        assert coefficient == Fraction(derivative(x)) / math.factorial(k)
        assert isinstance(coefficient, int | Fraction)
        derivative = grad(derivative)


@given(numbers, st.integers(1, 5))
def test_taylor_of_a_product_is_the_cauchy_product(x, order):
    f, g = (lambda x: 1 / (x * x + 1)), (lambda x: x**3 - x)
    a, b = taylor(f, x, order), taylor(g, x, order)
    product = taylor(lambda x: f(x) * g(x), x, order)
    assert product == [sum(a[j] * b[k - j] for j in range(k + 1)) for k in range(order + 1)]


@pytest.mark.parametrize("name", sorted({op.name for op in ops.METHODS.values() if op.arity == 1}))
def test_every_row_has_the_same_second_derivative_in_all_modes(name):
    op = getattr(ops, name)
    x = 1.3 if name == "arccosh" else 0.4

    def f(x):
        return op(x) * x

    reverse = grad(grad(f))(x)
    forward = jvp(lambda x: jvp(f, (x,), (1.0,))[1], (x,), (1.0,))[1]
    mixed = hvp(f, (x,), (1.0,))[0]
    series = 2 * taylor(f, x, 2)[2]
    assert [forward, mixed, series] == pytest.approx([reverse] * 3, rel=1e-13)


# ── Nesting ─────────────────────────────────────────────────────────────────────────────────────────


def test_no_perturbation_confusion():
    """d/dx (x · d/dy (x + y)) at 1 is 1, not 2. (Siskind & Pearlmutter 2005)"""
    assert grad(lambda x: x * grad(lambda y: x + y)(1))(1) == 1
    derivative = lambda f, x: jvp(f, (x,), (1,))[1]
    assert derivative(lambda x: x * derivative(lambda y: x + y, 1), 1) == 1
    assert derivative(lambda x: x * grad(lambda y: x * y)(1), 3) == 6
    assert grad(lambda x: x * derivative(lambda y: x * x * y, 1))(2) == 12


def test_taylor_nests_too():
    inner = lambda x: taylor(lambda y: x + y, 1, 1)[1]
    assert taylor(lambda x: x * inner(x), 1, 1) == [1, 1]
    assert taylor(grad(lambda x: x**3), Fraction(1), 3) == [3, 6, 3, 0]
    assert grad(lambda x: taylor(lambda y: y**3, x, 2)[2])(Fraction(5)) == 3
    assert taylor(lambda x: np.sum(autograd.array([1, 2]) * x * x), 2, 2) == [12, 12, 3]


def test_a_branch_not_taken_does_no_harm_in_any_mode():
    f = lambda x: where(x > 0, sqrt(x), 3 * x)
    assert grad(f)(0.0) == jvp(f, (0.0,), (1.0,))[1] == taylor(f, 0.0, 1)[1] == 3
    assert grad(lambda x: jvp(lambda y: f(y) * x, (0.0,), (1.0,))[1])(2.0) == 3
    with pytest.raises(ZeroDivisionError, match=r"sqrt\(0\.0\): its local derivative"):
        jvp(sqrt, (0.0,), (1.0,))


def test_dicts_are_matched_by_their_keys():
    f = lambda d: 10 * d["a"] + d["b"]
    assert jvp(f, ({"a": 1, "b": 2},), ({"b": 0, "a": 1},)) == (12, 10)
    assert vjp(lambda x: {"a": x, "b": 2 * x}, 1)[1]({"b": 1, "a": 0}) == (2,)


def test_derivatives_of_every_order():
    f, x = sin, 0.7
    expected = [math.sin(x), math.cos(x), -math.sin(x), -math.cos(x), math.sin(x)]
    for want in expected[1:]:
        f = grad(f)
        assert f(x) == pytest.approx(want, rel=1e-14)


def test_a_direction_may_depend_on_what_is_differentiated():
    f = lambda x: jvp(lambda y: y**3, (x,), (x,))[1]
    assert grad(f)(2) == 36
    pulled = lambda x: vjp(lambda y: [y * y, y], 3)[1]([x, x * x])[0]
    assert grad(pulled)(2) == 10


def test_the_result_is_a_value_exactly_when_the_graph_reaches_one_of_the_users():
    w = Value(2.0, "w")
    slope = grad(lambda x: w * x * x)(3.0)
    assert isinstance(slope, Value) and slope.data == 12.0
    slope.backward()
    assert w.grad == 6.0
    assert type(grad(lambda x: x * x)(3.0)) is float
    value, gradient = value_and_grad(lambda x: w + x)(1.0)
    assert isinstance(value, Value) and gradient == 1


def test_transforms_never_write_the_users_gradients():
    w = Value(2.0)
    w.grad = 7
    grad(lambda x: w * x)(3.0)
    jvp(lambda x: w * x, (3.0,), (1.0,))
    grad(grad(lambda x: exp(x) * x))(w)
    assert w.grad == 7


def test_transforms_record_under_no_grad():
    with no_grad():
        assert grad(lambda x: x * x)(3.0) == 6.0
        assert hessian(lambda x, y: x * x * y)(2, 3) == [[6, 4], [4, 0]]


def test_the_graph_of_a_derivative_stays_small():
    x = Value(3.0, "x")
    assert formula(grad(lambda x: x * x)(x)) == "2 × x"
    assert formula(grad(lambda x: 2 * x + 5)(x) * 1) == "2"
    assert formula(grad(lambda x: exp(2 * x))(x)) == "exp(2 × x) × 2"
    assert len(topological_order(grad(grad(lambda x: x**3))(x))) <= 9


# ── Shapes and number types ─────────────────────────────────────────────────────────────────────────

Pair = namedtuple("Pair", "left right")


def test_results_have_the_shape_of_the_arguments():
    f = lambda tree: tree["a"][0] * tree["b"] + tree["a"][1].right
    tree = {"a": [2, Pair(3, 4)], "b": 5}
    assert grad(f)(tree) == {"a": [5, Pair(0, 1)], "b": 2}
    assert grad(lambda x, y: x * y, argnums=(1, 0))(2, 3) == (2, 3)
    assert grad(lambda x, text: x * x)(3, "handed on") == 6
    assert jacobian(lambda x: {"p": x[0] * 2, "q": [x[1], 1]})([1, 2]) == {"p": [2, 0], "q": [[0, 1], [0, 0]]}


def test_numpy_arrays_in_and_out():
    x = np.array([1.0, 2.0])
    gradient = grad(lambda x: np.sum(np.exp(x) * x))(x)
    assert gradient.dtype == float
    np.testing.assert_allclose(gradient, np.exp(x) * (x + 1), rtol=1e-15)
    W = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    np.testing.assert_array_equal(jacobian(lambda x: W @ x)(x), W)
    assert jacobian(lambda W: W @ x)(W).shape == (3, 3, 2)
    np.testing.assert_array_equal(jacobian(lambda x: np.array([[x, x], [x, x * x]]))(3.0), [[1, 1], [1, 6]])
    assert hessian(lambda x: x * x * x)(np.float64(2)) == [[12.0]]
    np.testing.assert_array_equal(hessian(lambda x: np.sum(x**3))(x), [[6, 0], [0, 12]])
    value, tangent = jvp(lambda x: x * x, (x,), (np.ones(2),))
    np.testing.assert_array_equal(value, [1, 4])
    np.testing.assert_array_equal(tangent, [2, 4])


@pytest.mark.parametrize(
    ("x", "second"),
    [
        (Fraction(1, 3), Fraction(4)),
        (Decimal("0.5"), Decimal(6)),
        (1 + 2j, 12 + 24j),
        (mpmath.mpf(2), mpmath.mpf(24)),
    ],
    ids=lambda x: type(x).__name__,
)
def test_second_derivatives_in_every_number_type(x, second):
    result = grad(grad(lambda x: 2 * x * x * x))(x)
    assert result == second and type(result) is type(x)


def test_fifty_digits_with_mpmath():
    with mpmath.workdps(50):
        x = mpmath.mpf("0.7")
        assert mpmath.almosteq(grad(grad(lambda x: log(tanh(x))))(x), mpmath.diff(
            lambda x: mpmath.log(mpmath.tanh(x)), x, 2), 1e-30)  # fmt: skip


def test_rows_of_the_users_own_work_in_every_mode():
    cube = Op("cube", lambda x: x * x * x, lambda x, z: 3 * x * x)
    assert [grad(cube)(2), grad(grad(cube))(2), jvp(cube, (2,), (1,))[1]] == [12, 12, 12]
    assert taylor(cube, 2, 4) == [8, 12, 6, 1, 0]


def test_kinks_branches_and_functions_that_do_not_depend_on_x():
    assert grad(relu)(0.0) == 0 and grad(lambda x: maximum(x, 1))(1.0) == 0.5
    assert grad(lambda x: x * x if x > 0 else -x)(-3.0) == -1
    assert grad(lambda x: where(x > 0, x, lambda: log(x)))(2.0) == 1
    assert grad(lambda x: 3)(2.0) == 0 and jvp(lambda x: 3, (2.0,), (1.0,)) == (3, 0)
    assert value_and_grad(lambda x: [1, 2][1])(5) == (2, 0)
    assert taylor(lambda x: 3, 1.0, 2) == [3, 0, 0]
    assert grad(lambda x: x)(5) == 1


# ── What is refused ─────────────────────────────────────────────────────────────────────────────────

REFUSED = {
    "list": (lambda: grad(lambda x: [x, x])(1), TypeError, "grad: the function returned a list|jacobian"),
    "array": (lambda: grad(lambda x: x * 2)(np.ones(2)), TypeError, "returned a Array, not one number"),
    "none": (lambda: grad(lambda x: None)(1), TypeError, "grad: the function returned None, a NoneType"),
    "argnums": (
        lambda: grad(sin, 3)(1),
        IndexError,
        "argnums=3, but the function was called with 1 argument",
    ),
    "twice": (lambda: grad(maximum, (0, -2))(1, 2), ValueError, "argnums=(0, -2) names an argument twice"),
    "no argument": (lambda: grad(lambda: 1)(), IndexError, "called with 0 arguments"),
    "hessian": (lambda: hessian(lambda x: [x])(1), TypeError, "hessian: the function returned a list"),
    "hessian of nothing": (lambda: hessian(lambda: 1)(), TypeError, "without an argument"),
    "text": (lambda: grad(sin)("a"), TypeError, "grad: in the argument to differentiate by, 'a' is a str"),
    "math": (lambda: grad(lambda x: math.sin(x))(1.0), TypeError, "float(1.0) inside grad would drop|.data"),
    "int": (lambda: jvp(lambda x: int(x), (1.0,), (1.0,)), TypeError, "int(1.0) inside jvp"),
    "round": (lambda: vjp(lambda x: round(x), 1.0), TypeError, "round(1.0) inside vjp"),
    "tangents": (lambda: jvp(sin, (1,), (1, 2)), ValueError, "the tangents hold 2 numbers and the primals 1"),
    "cotangent": (
        lambda: vjp(sin, 1)[1]([1, 2]),
        ValueError,
        "the cotangent holds 2 numbers and the value 1",
    ),
    "order": (lambda: taylor(sin, 1, -1), ValueError, "the order must be a whole number from 0"),
    "series": (
        lambda: taylor(lambda x: math.sin(x), 1.0, 2),
        TypeError,
        "float(1.0) inside taylor would drop",
    ),
    "infinite": (lambda: grad(sqrt)(0.0), ZeroDivisionError, "sqrt(0.0): its local derivative"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_error_says_what_was_found_and_what_to_do(case):
    call, kind, parts = REFUSED[case]
    with pytest.raises(kind) as caught:
        call()
    assert all(part in str(caught.value) for part in parts.split("|")), str(caught.value)
    assert "\n" not in str(caught.value)


def test_numbers_leave_the_graph_freely_outside_of_transforms():
    x = Value(2.0)
    grad(sin)(1.0)
    with pytest.raises(TypeError):
        grad(lambda y: float(y))(1.0)
    assert float(x) == 2.0 and math.sin(x) == math.sin(2.0)
    assert grad(lambda y: y * float(autograd.constant(3)) * x.data)(1.0) == 6.0
