"""Hundreds of the random programs, and operands whose elements stand in orders of many axes.

The long run: python tests/random_programs.py --count 100000
"""

from math import prod

import numpy as np
import pytest
import random_programs
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from random_programs import run

import autograd
from autograd import Value, ops
from autograd.program.patterns import MOST, axes

FOUND = [2000005, 2000234, 2001256]  # a transposed operand whose upstream gradient is one number for all


def test_random_programs_agree_with_the_eager_engine():
    assert not run([*range(300), *FOUND])


SAME = {  # nodes that are different in the scalar graph, and one place in the arrays
    "a row": lambda w, x: autograd.sum([ops.tanh(p) for p in (w[0] * x[0], x[0] * w[0])]),
    "dots": lambda w, x: (
        ops.dot([w[0] * x[0], x[1]], [x[2], w[1]]) * ops.dot([x[0] * w[0], x[1]], [x[2], w[1]])
    ),
    "sums": lambda w, x: autograd.sum([w[0] * x[0], x[1]] * 2) * autograd.sum([x[0] * w[0], x[1]] * 2),
    "choices": lambda w, x: (
        autograd.take([w[0] * x[0], w[1]], x[3]) * autograd.take([x[0] * w[0], w[1]], x[3])
    ),
    "constants in a sum of products": lambda w, x: ops.dot([2.0, w[0], x[1]], [3.0, x[0], x[2]]) * w[1],
}


@pytest.mark.parametrize("name", SAME)
def test_different_nodes_at_one_place(name):
    X, picks = np.array([[0.5, -1.25, 2.0], [-0.75, 0.25, 1.5]]), np.array([1, 0])
    w = [Value(1.5), Value(-0.5)]
    program = autograd.compile(lambda x, i: SAME[name](w, [*x, i]), w, "sum")
    value, gradient = program(program.parameters(), X, picks)
    total = autograd.sum([SAME[name](w, [*x, i]) for x, i in zip(X.tolist(), picks.tolist())])
    total.backward()
    assert value == pytest.approx(total.data, rel=1e-14)
    assert gradient.tolist() == pytest.approx([p.grad for p in w], rel=1e-14)


def test_a_gradient_that_is_off_by_one_is_seen(monkeypatch):
    eager = random_programs.eager

    def wrong(program):
        value, (*by, last), sizes = eager(program)
        return value, [*by, last + 1], sizes

    monkeypatch.setattr(random_programs, "eager", wrong)
    assert all("is allowed" in text for text in run(range(9)))
    assert len(run(range(9))) == 9


# ── Operands of many axes ───────────────────────────────────────────────────────────────────────────


def order(radices, digits):
    """The numbers below a product of radices, counted with their digits in another order."""
    return np.arange(prod(radices)).reshape(radices).transpose(digits).reshape(-1).tolist()


@st.composite
def orders(draw, most=6):
    """An order of small radices."""
    radices = draw(st.lists(st.sampled_from([2, 2, 2, 3]), min_size=1, max_size=most))
    return order(radices, draw(st.permutations(range(len(radices)))))


# of every number the bits reversed
BITS = {bits: order([2] * bits, range(bits)[::-1]) for bits in (6, 7, 14)}


def check_layer(rows, columns, of_inputs, n, engine=lambda program: program):
    """Check a layer whose weights, and perhaps inputs, stand in these orders, by NumPy's own products."""
    m, k = len(rows), len(columns)
    rng = np.random.default_rng(m * k)
    w, X = rng.integers(-3, 4, m * k).astype(float), rng.integers(-3, 4, (n, k)).astype(float)
    places, seen = np.arange(m * k).reshape(m, k)[rows][:, columns], columns if of_inputs else range(k)
    parameters = [Value(number) for number in w.tolist()]

    def loss(x):
        z = [ops.dot([parameters[p] for p in row], [x[j] for j in seen]) for row in places]
        return ops.dot([zi * zi for zi in z], [*range(m)])

    W, Z, weights = w[places], X[:, list(seen)], np.arange(m)
    z, slopes = Z @ W.T, np.empty(m * k)
    slopes[places] = (2 * weights * z).T @ Z
    value, gradient = engine(autograd.compile(loss, parameters, "sum"))(w, X)
    assert value == (z * z @ weights).sum()
    assert (gradient == slopes).all()


@settings(max_examples=25)
@given(orders(), orders(), st.booleans(), st.integers(1, 3))
@example(BITS[7], BITS[7], True, 2)
@example(BITS[7], BITS[7], False, 3)
def test_a_layer_whose_digits_are_permuted(rows, columns, of_inputs, n):
    """Bit reversals, transposed tensors, Kronecker products: six digits of the neurons, six of the inputs."""
    assume(len(rows) * len(columns) <= 2**14)
    check_layer(rows, columns, of_inputs, n)


def test_a_layer_in_reversed_bits_on_jax():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        check_layer(BITS[7], BITS[7], True, 2, engine=lambda program: program.to_jax())


REVERSED = {  # of parameters w and inputs x, both in the order of reversed bits, and of arrays of them
    "a sum of products": (lambda w, x: ops.dot(w[1], x[0]), lambda w, x: (w[1] * x[0]).sum(1)),
    "a sum of reversed products": (lambda w, x: ops.dot(w[0], x[1]), lambda w, x: (w[0] * x[1]).sum(1)),
    "a row": (
        lambda w, x: autograd.sum(map(ops.maximum, w[0], x[1])),
        lambda w, x: np.maximum(w[0], x[1]).sum(1),
    ),
    "the greatest": (
        lambda w, x: ops.maximum(*map(ops.mul, w[1][:99], x[0])),
        lambda w, x: (w[1] * x[0])[:, :99].max(1),
    ),
    "a segment": (
        lambda w, x: autograd.sum(x[1]) * autograd.sum(x[1][:-1]) * w[0][1],
        lambda w, x: x[1].sum(1) * x[1][:, :-1].sum(1) * w[0][1],
    ),
}


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("name", REVERSED)
def test_a_bit_reversal(name, bits):
    f, numpy = REVERSED[name]
    places = BITS[bits]
    w, X = np.arange(2.0**bits) % 8, np.arange(2.0 ** (bits + 1)).reshape(2, -1) % 7
    parameters = [Value(number) for number in w.tolist()]
    program = autograd.compile(
        lambda x: f((parameters, [parameters[p] for p in places]), (x, [x[p] for p in places])), parameters
    )
    want = numpy((w, w[places]), (X, X[:, places]))
    assert program.predict(w, X).tolist() == want.tolist()
    assert program(w, X)[0] == want.mean()


@given(orders(most=10))
def test_an_order_of_many_axes_is_gathered(places):
    pattern = axes(np.array(places))
    assert pattern is None or (len(pattern) <= MOST and prod(size for size, _ in pattern) == len(places))
