"""grad, jacobian, hessian, jvp, vjp, hvp, taylor: laws first, then the classics, then what is refused."""

import copy
import math
import operator
from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from itertools import product

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import UNASKED

import autograd
from autograd import (
    Op,
    Value,
    backward_steps,
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
from autograd.testing.strategies import targets

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
    (x,) = targets(op, 1, float)

    def f(x):
        return op(x) * x

    reverse = grad(grad(f))(x)
    forward = jvp(lambda x: jvp(f, (x,), (1.0,))[1], (x,), (1.0,))[1]
    mixed = hvp(f, (x,), (1.0,))[0]
    series = 2 * taylor(f, x, 2)[2]
    assert [forward, mixed, series] == pytest.approx([reverse] * 3, rel=1e-13)


@pytest.mark.parametrize("name", sorted({op.name for op in ops.METHODS.values() if op.arity == 1}))
def test_a_tangent_along_a_value_is_a_graph_of_its_direction(name):
    op = getattr(ops, name)
    x = next(x for x in (0.4, 1.3, -0.4) if not op.domain or x in op.domain[0])
    slope = grad(op)(x)
    for point in (x, Value(x)):
        v = Value(3.0)
        value, tangent = jvp(op, (point,), (v,))
        assert isinstance(value, Value) is isinstance(point, Value)
        assert tangent.data == pytest.approx(3 * slope, rel=1e-13)
        if slope:
            tangent.backward()
        assert v.grad == pytest.approx(slope, rel=1e-13)
    assert grad(lambda v: jvp(op, (x,), (v * v,))[1])(3.0) == pytest.approx(6 * slope, rel=1e-13)


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


# Each makes of a function of one number its derivative of an order, by another transform.
DERIVATIVES = {
    "grad": (1, lambda f: lambda x: grad(f)(x)),
    "value_and_grad": (1, lambda f: lambda x: value_and_grad(f)(x)[1]),
    "aux": (1, lambda f: lambda x: grad(lambda x: (f(x), [f(x)]), has_aux=True)(x)[0]),
    "jacobian": (1, lambda f: lambda x: jacobian(lambda v: {"y": [f(v[0])]})([x])["y"][0][0]),
    "hessian": (2, lambda f: lambda x: hessian(f)(x)[0][0]),
    "jvp": (1, lambda f: lambda x: jvp(f, (x,), (1,))[1]),
    "vjp": (1, lambda f: lambda x: vjp(f, x)[1](1)[0]),
    "hvp": (2, lambda f: lambda x: hvp(f, (x,), (1,))[0]),
    "taylor": (1, lambda f: lambda x: taylor(f, x, 1)[1]),
}
OUTSIDE = Value(3)
MONOMIALS = {  # all are x⁷
    "of x alone": lambda x: x * x * x * x * x * x * x,
    "with values of its own": lambda x: x**5 * Value(1) * (x + Value(2)) * x - Value(2) * x**6,
    "with the number of a value outside": lambda x: x**6 * (x + OUTSIDE.data) - OUTSIDE.data * x**6,
    "with lists of its own": lambda x: autograd.dot([x * x, x**3], [x**5, Value(Fraction(1)) * x**4]) / 2,
}


def seventh_power(x, order):
    """The derivative of x⁷ of an order."""
    return math.perm(7, order) * x ** (7 - order)


@pytest.mark.parametrize("name", MONOMIALS)
def test_all_pairs_of_transforms_give_plain_numbers(name):
    """A transform that has ended leaves no Value behind: `==` alone would not tell."""
    x = Fraction(2, 3)
    for pair in product(DERIVATIVES.values(), repeat=2):
        f, order = MONOMIALS[name], 0
        for k, transform in pair:
            f, order = transform(f), order + k
        result = f(x)
        assert type(result) in (int, Fraction) and result == seventh_power(x, order)


@given(st.lists(st.sampled_from(sorted(DERIVATIVES)), min_size=3, max_size=3), numbers)
def test_all_triples_too_and_values_exactly_for_values(names, x):
    if not x:
        return
    f, order = MONOMIALS["of x alone"], 0
    for name in names:
        k, transform = DERIVATIVES[name]
        f, order = transform(f), order + k
    assert type(f(x)) in (int, Fraction) and f(x) == seventh_power(x, order)
    result = f(Value(x))
    assert type(result) is Value and result.data == seventh_power(x, order)


def test_what_the_first_of_nested_transforms_gives_is_plain_within_the_second():
    """The inner run does not reach the outer one's variable."""
    seen = []

    def outer(x):
        seen.append(grad(lambda y: y * y * Value(2))(3))
        seen.extend(jvp(lambda y: y * y, (3,), (1,)))
        seen.append(hvp(lambda y: y * y * y, (3,), (1,))[0])
        return x * sum(seen)

    assert grad(outer)(2) == 12 + 9 + 6 + 18
    assert [type(x) for x in seen] == [int] * 4


def test_a_descent_keeps_plain_numbers():
    x = 5.0
    for _ in range(50):
        x -= 0.1 * grad(lambda x: x * Value(1.0) * x + grad(lambda y: x * y)(2.0))(x)
        assert type(x) is float
    assert x == pytest.approx(-0.5, abs=1e-4)


def test_plain_numbers_at_every_leaf_of_a_tree():
    f = lambda tree: tree["a"][0] * grad(lambda y: y * y * tree["b"])(Value(3).data) + tree["a"][1].right
    found = value_and_grad(f)({"a": [2, Pair(3, 4)], "b": 5})
    assert found == (64, {"a": [30, Pair(0, 1)], "b": 12})
    value, gradient = found
    leaves = [value, gradient["a"][0], *gradient["a"][1], gradient["b"]]
    assert {*map(type, leaves)} == {int}


# ── Functions that change their argument in place ───────────────────────────────────────────────────

places = st.integers(0, 2)
replace = operator.setitem
STEPS = {  # name → what it does to a list v in place, and the new list of the pure version
    "scale": (lambda v, i, j, c: replace(v, i, v[i] * c), lambda v, i, j, c: put(v, i, v[i] * c)),
    "multiply": (lambda v, i, j, c: replace(v, i, v[i] * v[j]), lambda v, i, j, c: put(v, i, v[i] * v[j])),
    "add": (lambda v, i, j, c: replace(v, i, v[i] + v[j]), lambda v, i, j, c: put(v, i, v[i] + v[j])),
    "set": (lambda v, i, j, c: replace(v, i, c), lambda v, i, j, c: put(v, i, c)),
    "copy": (lambda v, i, j, c: replace(v, i, v[j]), lambda v, i, j, c: put(v, i, v[j])),
}
LIST_STEPS = {
    **STEPS,
    "sort": (lambda v, i, j, c: v.sort(), lambda v, i, j, c: sorted(v)),
    "reverse": (lambda v, i, j, c: v.reverse(), lambda v, i, j, c: v[::-1]),
    "pop": (lambda v, i, j, c: v.append(v.pop(i)), lambda v, i, j, c: [*v[:i], *v[i + 1 :], v[i]]),
    "insert": (lambda v, i, j, c: v.insert(i, v[j] * c), lambda v, i, j, c: [*v[:i], v[j] * c, *v[i:]]),
    "slice": (lambda v, i, j, c: replace(v, slice(2), v[1:3]), lambda v, i, j, c: [*v[1:3], *v[2:]]),
}


def put(v, i, x):
    return [*v[:i], x, *v[i + 1 :]]


def programs(steps):
    step = st.tuples(st.sampled_from(sorted(steps)), places, places, st.integers(-2, 2))
    return st.lists(step, min_size=1, max_size=6)


def weighed(v):
    """One number of a list, in which every place counts differently."""
    return reduce(operator.add, [(k + 1) * x * x for k, x in enumerate(v)])


def pure(program, steps):
    def f(v):
        v = [v[key] for key in v] if isinstance(v, dict) else [*v]
        for name, i, j, c in program:
            v = steps[name][1](v, i, j, c)
        return weighed(v)

    return f


def in_place(program, steps):
    def f(v):
        for name, i, j, c in program:
            steps[name][0](v, i, j, c)
        return weighed(v.values() if isinstance(v, dict) else v)

    return f


EVERY = {
    "grad": lambda f, x: grad(f)(x),
    "value_and_grad": lambda f, x: value_and_grad(f)(x),
    "jacobian": lambda f, x: jacobian(lambda x: [f(x), 2])(x),
    "hessian": lambda f, x: hessian(f)(x),
    "jvp": lambda f, x: jvp(f, (x,), (x,)),
    "vjp": lambda f, x: vjp(f, x)[1](2),
    "hvp": lambda f, x: hvp(f, (x,), (x,)),
}


def unchanged(x, before):
    """Whether a container holds the same objects as its shallow copy, and they their numbers."""
    both = zip(x.values() if isinstance(x, dict) else x, before.values() if isinstance(x, dict) else before)
    return len(x) == len(before) and all(a is b or (isinstance(x, np.ndarray) and a == b) for a, b in both)


@given(st.sampled_from(sorted(EVERY)), programs(LIST_STEPS), vectors)
def test_in_place_changes_of_a_list_are_differentiated_and_leave_the_callers(name, program, x):
    before = copy.copy(x)
    found = EVERY[name](in_place(program, LIST_STEPS), x)
    assert unchanged(x, before)
    assert found == EVERY[name](pure(program, LIST_STEPS), x)


@given(st.sampled_from(sorted(EVERY)), programs(STEPS), vectors)
def test_those_of_a_dict_too(name, program, x):
    x = dict(enumerate(x))
    before = copy.copy(x)
    found = EVERY[name](in_place(program, STEPS), x)
    assert unchanged(x, before)
    assert found == EVERY[name](pure(program, STEPS), x)


@given(st.sampled_from(sorted(EVERY)), programs(STEPS), st.lists(st.integers(-3, 3), min_size=3, max_size=3))
def test_those_of_an_array_too(name, program, x):
    x = np.array(x, dtype=float)
    before = copy.copy(x)
    found = EVERY[name](in_place(program, STEPS), x)
    assert unchanged(x, before)
    np.testing.assert_equal(found, EVERY[name](pure(program, STEPS), x))


def test_whole_arrays_and_views_change_in_place():
    def f(v):
        v *= 2
        v[::2] += v[1]
        v.sort()
        row = v[:2]
        row[0] = 5.0
        return v[0] * v[1] * v[2]

    x = np.array([3.0, 1.0, 2.0])  # 8, 2, 6 → 2, 6, 8 → 5 · (2x₂ + 2x₁) · (2x₀ + 2x₁)
    np.testing.assert_array_equal(grad(f)(x), [60.0, 140.0, 80.0])
    assert x.tolist() == [3.0, 1.0, 2.0]


def test_the_issues_own_cases_of_changes_in_place():
    def scaled(v):
        v[0] = v[0] * 2
        return v[0] ** 2 + v[1] ** 2

    def least(v):
        v.sort()
        return v[0]

    def returned(v):
        v[0] = 0.0
        return v

    assert grad(scaled)([1, 2]) == [8, 4]
    assert grad(least)([3, 1, 2]) == [0, 1, 0]
    assert jacobian(returned)([1, 2]) == [[0, 0], [0, 1]]
    assert jvp(returned, ([1, 2],), ([1, 1],)) == ([0.0, 2], [0, 1])
    assert taylor(lambda z: operator.imul(z, 2), 3, 1) == [6, 2]
    nested = {"w": [[1, 2], [3]]}
    inner = nested["w"][0]

    def emptied(tree):
        row = tree.pop("w")
        first = row[0].pop()
        tree["w"] = row.clear()
        return first * first

    assert grad(emptied)(nested) == {"w": [[0, 4], [0]]}
    assert nested == {"w": [[1, 2], [3]]} and nested["w"][0] is inner


def test_a_value_put_into_an_array_of_floats_is_refused():
    def f(v):
        room = np.zeros(2)
        room[0] = v[0]
        return room[0]

    with pytest.raises(TypeError, match=r"float\(1\.0\) inside grad would drop its derivative; use"):
        grad(f)([1.0, 2.0])


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


def backward(f, x):
    leaf = Value(x)
    f(leaf).backward()
    return leaf.grad


UNASKED_IN = {  # a slope that is infinite, times an upstream of exactly 0: each way to the derivative
    "backward": backward,
    "grad": lambda f, x: grad(f)(x),
    "of a Value": lambda f, x: grad(f)(Value(x)).data,
    "jacobian": lambda f, x: jacobian(lambda t: [f(t), t])(x)[0],
    "vjp": lambda f, x: vjp(f, x)[1](1)[0],
    "jvp": lambda f, x: jvp(f, (x,), (1,))[1],
    "jvp along a Value": lambda f, x: jvp(f, (x,), (Value(1),))[1].data,
    "taylor": lambda f, x: taylor(f, x, 1)[1],
    "steps": lambda f, x: (lambda leaf: last(backward_steps(f(leaf)), leaf))(Value(x)),
}
UNASKED_TWICE = {
    "grad of grad": lambda f, x: grad(grad(f))(x),
    "hessian": lambda f, x: hessian(f)(x)[0][0],
    "hvp": lambda f, x: hvp(f, (x,), (1,))[0],
    "jvp of jvp": lambda f, x: jvp(lambda t: jvp(f, (t,), (1,))[1], (x,), (1,))[1],
    "jvp of grad": lambda f, x: jvp(grad(f), (x,), (1,))[1],
    "grad of jvp": lambda f, x: grad(lambda t: jvp(f, (t,), (1,))[1])(x),
    "taylor": lambda f, x: 2 * taylor(f, x, 2)[2],
}


def last(steps, leaf):
    return [step.total for step in steps if step.argument is leaf][-1]


@pytest.mark.parametrize("kind", [float, complex, Decimal, mpmath.mpf, np.float32])
@pytest.mark.parametrize("name", UNASKED)
def test_an_upstream_of_exactly_0_asks_for_no_slope(name, kind):
    """Here the slope is 1 at x = 0, and the second derivative 0; in reverse mode NumPy does not even warn."""
    f, x = lambda x: UNASKED[name](ops, x), kind(0)
    try:
        f(x)
    except TypeError as refused:
        pytest.skip(str(refused))
    assert backward(f, x) == grad(f)(x) == 1 and jvp(f, (x,), (0 * x,))[1] == 0
    with np.errstate(divide="ignore", invalid="ignore"):  # other modes try the slopes
        first = {way: derivative(f, x) for way, derivative in UNASKED_IN.items()}
        second = {way: derivative(f, x) for way, derivative in UNASKED_TWICE.items()}
    assert (first, second) == (dict.fromkeys(UNASKED_IN, 1), dict.fromkeys(UNASKED_TWICE, 0))


def test_the_price_of_it_sqrt_squared_has_the_slope_0_at_0():
    f = lambda x: sqrt(x) ** 2
    for way, derivative in UNASKED_IN.items():
        if way != "steps":  # the square takes its two steps, the root none
            assert derivative(f, 0.0) == 0, way
    assert grad(f)(1e-300) == 1


@pytest.mark.parametrize("way", UNASKED_IN)
def test_a_slope_that_is_asked_for_must_exist(way):
    with pytest.raises(ZeroDivisionError, match=r"sqrt\(0.0\): its local derivative"):
        UNASKED_IN[way](lambda x: 1e-300 * sqrt(x) + x, 0.0)


@pytest.mark.parametrize("way", UNASKED_TWICE)
def test_a_second_derivative_that_does_not_exist_raises_though_the_first_does(way):
    """(x√x)″ is infinite at 0, where (x√x)′ = 3/2 √x is 0."""
    f = lambda x: x * sqrt(x)
    assert {derivative(f, 0.0) for derivative in UNASKED_IN.values()} == {0}
    with pytest.raises(ZeroDivisionError, match=r"sqrt.*its local derivative"):
        UNASKED_TWICE[way](f, 0.0)


def test_a_tangent_of_0_asks_for_no_slope_and_keeps_its_type():
    for x in 0.0, Decimal(0), mpmath.mpf(0), 0j, np.float32(0):
        _, along = jvp(lambda x, y: [sqrt(x), sqrt(x) * y, x**y], (x, x + 1), (x, x + 1))
        assert along == [0, 0, 0] and {type(number) for number in along} == {type(x)}


@dataclass
class Setting:
    factor: int = 3


def test_containers_keep_their_class_and_what_is_no_number_has_no_derivative():
    tree = [2.0, Setting(), None, "text"]
    f = lambda v: v[0] * v[0] * v[1].factor
    assert grad(f)(tree) == [12.0, None, None, None]
    assert hvp(f, (tree,), ([1.0, None, None, None],)) == ([6.0, None, None, None],)
    assert hessian(f)(tree) == [[6.0]]
    assert jvp(lambda v: [f(v), v[3], None], (tree,), ([1.0, None, None, None],)) == (
        [12.0, "text", None],
        [12.0, None, None],
    )
    assert vjp(lambda v: {"y": f(v), "name": v[3]}, tree)[1]({"y": 1.0, "name": None}) == (
        [12.0, None, None, None],
    )
    for kind, x in {
        OrderedDict: OrderedDict(b=1, a=2),
        defaultdict: defaultdict(float, b=1, a=2),
        Pair: Pair(1, 2),
    }.items():
        gradient = grad(lambda v: v[0] * v[1] if isinstance(v, tuple) else v["a"] * v["b"])(x)
        assert type(gradient) is kind
        assert [*gradient] == ([2, 1] if kind is Pair else ["b", "a"])
    missing = defaultdict(float, a=2)
    assert grad(lambda v: v["a"] * 3 + v["new"])(missing) == {"a": 3} and dict(missing) == {"a": 2}


def test_keyword_arguments_pass_through_every_transform():
    f = lambda x, *, k: x * x * k
    assert grad(f)(2, k=3) == 12 and value_and_grad(f)(2, k=3) == (12, 12) and jacobian(f)(2, k=3) == 12
    assert (
        hessian(f)(2, k=3) == [[6]] and jvp(f, (2,), (1,), k=3) == (12, 12) and vjp(f, 2, k=3)[1](1) == (12,)
    )
    assert hvp(f, (2,), (1,), k=3) == (6,) and taylor(f, 2, 2, k=3) == [12, 12, 3]
    assert hessian(lambda x, k: np.sum(x * x) * k)(np.ones(2), k=3).tolist() == [[6, 0], [0, 6]]
    g = lambda x, f: x * f  # whose name is that of a transform's own argument
    assert [
        jvp(g, (2,), (1,), f=3)[1],
        taylor(g, 2, 1, f=3)[1],
        vjp(g, 2, f=3)[1](1)[0],
        grad(g)(2, f=3),
    ] == [3] * 4


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian])
def test_a_transformed_function_has_the_name_and_the_docstring_of_its_own(transform):
    def area(radius):
        """The area of a circle."""
        return 3 * radius * radius

    derived = transform(area)
    assert (derived.__name__, derived.__doc__) == ("area", "The area of a circle.")
    transform(lambda x: x)(1), transform(type("Callable", (), {"__call__": lambda self, x: x * x})())(1)


def test_aux_is_handed_on_in_plain_numbers_with_its_shape():
    f = lambda x: (x * x, {"twice": 2 * x, "name": "f", "none": None})
    aux = {"twice": 6.0, "name": "f", "none": None}
    assert value_and_grad(f, has_aux=True)(3.0) == ((9.0, aux), 6.0)
    assert grad(f, has_aux=True)(3.0) == (6.0, aux)
    assert type(grad(f, has_aux=True)(3.0)[1]["twice"]) is float
    assert grad(lambda x: grad(lambda y: (x * y * y, x * y), has_aux=True)(3.0)[1])(2.0) == 3.0


@pytest.mark.parametrize("argnums", [np.int64(1), 1, -1, np.int8(-1), True])
def test_argnums_is_any_whole_number(argnums):
    assert grad(lambda x, y: x * y * y, argnums)(2, 3) == 12
    assert grad(lambda x, y: x * y * y, [argnums])(2, 3) == (12,)


def test_numbers_of_sympy_are_differentiated_exactly():
    sympy = pytest.importorskip("sympy")
    x = sympy.Rational(1, 3)
    f = lambda x: x * x * x + 2 * x
    assert [grad(f)(x), grad(grad(f))(x), taylor(f, x, 3)[3]] == [sympy.Rational(7, 3), 2, 1]
    assert isinstance(grad(f)(x), sympy.Rational) and hessian(f)(x) == [[2]]


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
    "argnums by name": (
        lambda: grad(maximum, argnums="y")(1, 2),
        TypeError,
        "grad: argnums='y' is no position of an argument; give a whole number",
    ),
    "argnums between": (lambda: grad(maximum, 1.0)(1, 2), TypeError, "argnums=1.0 is no position"),
    "bare jvp": (
        lambda: jvp(sin, 2.0, 1.0),
        TypeError,
        "jvp: the primals are a tuple|not 2.0|jvp(f, (x,), (v,))",
    ),
    "bare tangent": (lambda: jvp(sin, (2.0,), 1.0), TypeError, "jvp: the tangents are a tuple|not 1.0"),
    "bare hvp": (lambda: hvp(sin, 2.0, 1.0), TypeError, "hvp: the primals are a tuple|hvp(f, (x,), (v,))"),
    "bare hvp tangent": (lambda: hvp(sin, (2.0,), 1.0), TypeError, "hvp: the tangents are a tuple|not 1.0"),
    "keys": (
        lambda: jvp(lambda d: d["a"], ({"a": 1.0},), ({"x": 1.0},)),
        ValueError,
        "jvp: the tangents|({'x': ·},) for ({'a': ·},)",
    ),
    "shapes": (
        lambda: jvp(np.sum, (np.ones((2, 3)),), (np.ones((3, 2)),)),
        ValueError,
        "array(3, 2)|array(2, 3)",
    ),
    "keys of vjp": (
        lambda: vjp(lambda x: {"a": x}, 1)[1]({"x": 1}),
        ValueError,
        "vjp: the cotangent|{'x': ·} for {'a': ·}",
    ),
    "shapes of vjp": (
        lambda: vjp(lambda x: x * 2, np.ones((2, 3)))[1](np.ones((3, 2))),
        ValueError,
        "array(3, 2) for array(2, 3)",
    ),
    "keys of hvp": (
        lambda: hvp(lambda d: d["a"], ({"a": 1.0},), ({"x": 1.0},)),
        ValueError,
        "hvp: the tangents|({'x': ·},) for ({'a': ·},)",
    ),
    "list of hvp": (lambda: hvp(lambda x: [x], (1,), (1,)), TypeError, "hvp: the function returned a list"),
    "aux": (
        lambda: grad(lambda x: x, has_aux=True)(3),
        TypeError,
        "grad: with has_aux the function returns a pair",
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
