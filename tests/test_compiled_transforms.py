"""Transforms inside `compile`: value and gradient are those of the eager engine, and no branch is frozen.

A transform there computes with numbers that are not known yet: the `data` of a Value is a symbol. With x and
y as parameters (leaves with numbers) and as inputs (symbols) it takes different ways.
"""

import numpy as np
import pytest
from oracles import UNASKED

import autograd
from autograd import (
    Value,
    dot,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    leaky_relu,
    maximum,
    mean,
    ops,
    power,
    sqrt,
    tanh,
    taylor,
    value_and_grad,
    vjp,
    where,
)

X, Y = 0.7, -1.3

# Each makes of f(x, y) another such function: from all that the transform returns, so that all is compared.
TRANSFORMS = {
    "grad": lambda f: lambda x, y: grad(f)(x, y),
    "value_and_grad": lambda f: lambda x, y: dot(value_and_grad(f, 1)(x, y), [1, x]),
    "jacobian": lambda f: lambda x, y: dot(jacobian(lambda v: [f(*v), v[0] * v[1]])([x, y])[0], [y, 2]),
    "hessian": lambda f: lambda x, y: dot(hessian(f)(x, y)[0], [x, 1]),
    "hvp": lambda f: lambda x, y: dot(hvp(f, (x, y), (y, 1.5)), [1, x]),
    "jvp": lambda f: lambda x, y: dot(jvp(f, (x, y), (1.5, x)), [y, 1]),
    "vjp": lambda f: lambda x, y: dot(vjp(f, x, y)[1](x), [1, y]),
    "taylor": lambda f: lambda x, y: dot(taylor(f, x, 3, y=y), [1, x, y, 2]),
}
FUNCTIONS = {
    "smooth": lambda x, y: exp(x * y) * tanh(x) / y + power(x * x + 1, y) + x**3,
    "sequences": lambda x, y: dot([x, y, x], [y, x * x, 2]) * mean([x, y * x, 3]),
    "where": lambda x, y: where(x > y, x * x * y, x - y) * where(1.5 <= x, x * y, x + y),
    "kinks": lambda x, y: leaky_relu(x - y, 0.1) * x * y + maximum(y, x * y) * x,
}


def eager(f):
    """Value and gradient at X, Y by the eager engine."""
    return value_and_grad(f, (0, 1))(X, Y)


def by_parameters(f):
    x, y = Value(X), Value(Y)
    program = autograd.compile(lambda one: f(x, y) * one, [x, y])
    return program(program.parameters(), np.array([1.0]))


def by_inputs(f):
    """The inputs times two parameters that are 1: what these get is x ∂f/∂x and y ∂f/∂y."""
    one, other = Value(1.0), Value(1.0)
    program = autograd.compile(lambda x, y: f(x * one, y * other), [one, other])
    value, gradient = program(program.parameters(), np.array([X]), np.array([Y]))
    return value, gradient / [X, Y]


@pytest.mark.parametrize("way", [by_parameters, by_inputs])
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_transform_inside_compile_is_that_of_the_eager_engine(transform, name, way):
    f = TRANSFORMS[transform](FUNCTIONS[name])
    for found, expected in zip(way(f), eager(f), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("inner", TRANSFORMS)
@pytest.mark.parametrize("outer", TRANSFORMS)
def test_nested_transforms_inside_compile_too(outer, inner):
    f = TRANSFORMS[outer](TRANSFORMS[inner](lambda x, y: x**3 * y * y / (x - y) + where(x > y, x * y, x) * y))
    way = by_parameters if outer == inner else by_inputs
    for found, expected in zip(way(f), eager(f), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("transform", ["itself", *(name for name in TRANSFORMS if name != "taylor")])
@pytest.mark.parametrize("name", UNASKED)
def test_an_upstream_of_exactly_0_asks_for_no_slope(name, transform):
    """Where eagerly a slope that does not exist is not asked for, 0 · ∞ is not computed here."""
    of = TRANSFORMS.get(transform, lambda f: f)
    f = lambda x, y: of(lambda x, y: UNASKED[name](ops, x) * y)(x, y)
    one, x = Value(1.0), Value(0.0)
    total = f(x, Value(2.0)) * one + x
    try:
        total.backward()
    except ZeroDivisionError:
        pytest.skip("the third derivative of x²√x does not exist at 0")
    x.data = 0.5  # the rules of a transform are called with the numbers of the recording
    program = autograd.compile(lambda y, c: f(x, y * c) * one + x * c * y / 2, [x, one])
    value, gradient = program(np.array([0.0, 1.0]), np.array([2.0]), np.array([1.0]))
    assert value == total.data and gradient[0] == x.grad


def test_an_upstream_that_is_0_at_a_point_keeps_its_derivative_where_the_slope_exists():
    """(x √(x + 1))″ is 1 at 0, though the upstream of the root is x."""
    x = Value(3.0)
    program = autograd.compile(lambda c: grad(lambda x: x * sqrt(x + c))(x), [x])
    value, gradient = program(np.array([0.0]), np.array([1.0]))
    assert (value, gradient.tolist()) == (1.0, [1.0])


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_on_inputs_alone_too(transform):
    f, w = TRANSFORMS[transform](FUNCTIONS["smooth"]), Value(2.0)
    program = autograd.compile(lambda x, y: f(x, y) * w, [w])
    found = program.predict(program.parameters(), np.array([X]), np.array([Y]))
    np.testing.assert_allclose(found, [2 * f(X, Y)], rtol=1e-12)


@pytest.mark.parametrize("way", [by_parameters, by_inputs])
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_branch_in_a_transform_inside_compile_is_refused(transform, way):
    for f in lambda x, y: x * y if x > 0 else y, lambda x, y: max(x, y) * x, lambda x, y: x * y if x else y:
        with pytest.raises(TypeError, match=r"a branch .* would freeze"):
            way(TRANSFORMS[transform](f))


def test_the_numbers_change_from_call_to_call_and_the_branch_with_them():
    x = Value(X)
    program = autograd.compile(lambda c: grad(lambda x: where(x > c, x**3, -x))(x), [x])
    values = program.predict(np.array([2.0]), np.array([1.0, 3.0]))
    np.testing.assert_allclose(values, [12.0, -1.0])
