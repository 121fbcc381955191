"""compile: the values and gradients of the eager engine, on batches, whatever was recorded.

Whole numbers agree exactly, on kinks and ties too. Otherwise the tolerance is derived, never chosen: it is
what rounding may add where a graph is computed in another way (`laws.rewriting_bounds`). A long run:

    pytest tests/test_program.py --hypothesis-profile=long --hypothesis-seed=0
"""

import math
import random
import warnings
from fractions import Fraction
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import Op, Value, ops
from autograd.program.program import compile as from_its_module
from autograd.testing import check_grads, laws
from autograd.testing.expression import apply
from autograd.testing.strategies import expressions, networks, rows

HUNDRED = settings().max_examples  # or as many as the profile says
SINGLE = float(np.finfo(np.float32).eps / np.finfo(float).eps)  # units in the last place of float32


def eager(f, parameters, *inputs, reduction="sum"):
    """The value and the gradient, example by example, on Values."""
    total = autograd.sum([f(*example) for example in zip(*[x.tolist() for x in inputs])])
    if reduction == "mean":
        total = total / len(inputs[0])
    for parameter in parameters:
        parameter.grad = 0
    total.backward()
    return total.data, [parameter.grad for parameter in parameters]


def agrees(f, parameters, *inputs, reduction="sum", rel=1e-12):
    """The program of f, after a check that its value and gradient are those of the eager engine."""
    program = autograd.compile(f, parameters, reduction)
    value, gradient = program(program.parameters(), *inputs)
    want, by = eager(f, parameters, *inputs, reduction=reduction)
    assert value == pytest.approx(want, rel=rel, abs=1e-14)
    assert gradient.tolist() == pytest.approx(by, rel=rel, abs=1e-13)
    return program


def split(e, count):
    """A function of one example x, the leaves that are its parameters, and the numbers of the others.

    The last leaves are inputs, up to `count` of them. One input and one parameter more, whose product
    leaves every sum as it is, make sure that there are both.
    """
    spare, count = Value(0.0, "spare"), min(count, len(e.leaves))
    parameters = e.leaves[: len(e.leaves) - count]

    def f(x):
        return e.build([*parameters, *x[1:]]) + spare * x[0]

    return f, [spare, *parameters], [3.0, *[float(x) for x in e.numbers[len(parameters) :]]]


# ── Equal to the eager engine ───────────────────────────────────────────────────────────────────────


@settings(max_examples=2 * HUNDRED)
@given(expressions(leaves=5, size=14), st.integers(0, 4))
def test_random_graphs_have_the_eager_values_and_gradients(e, count):
    f, parameters, x = split(e, count)
    g = laws.Gradient(e.build, e.numbers)
    bounds = [2 * max(pair) for pair in zip(laws.rewriting_bounds(e), g.bounds)]
    program = autograd.compile(f, parameters)
    for dtype, unit in ((np.float64, 1), (np.float32, SINGLE)):
        value, gradient = program(program.parameters(dtype), np.array([x, x], dtype))
        assert abs(value - g.root.data) <= 2 * unit * laws.rounding(g.root)
        assert gradient[0] == pytest.approx(3)
        for got, want, bound in zip(gradient[1:].tolist(), g.by, bounds):
            assert abs(got - want) <= unit * bound


@settings(max_examples=2 * HUNDRED)
@given(
    expressions(number=int, operations=rows(("rational", "kinked"), int), kinks=True, leaves=5, size=14),
    st.integers(0, 4),
)
def test_graphs_of_whole_numbers_agree_exactly_on_kinks_and_ties_too(e, count):
    f, parameters, x = split(e, count)
    g = laws.Gradient(e.build, e.numbers)
    program = autograd.compile(f, parameters, reduction="sum")
    value, gradient = program(program.parameters(), np.array([x, x]))
    assert value == 2 * g.root.data
    assert gradient[1:].tolist() == [2 * by for by in g.by[: len(parameters) - 1]]


@given(expressions(leaves=5), st.integers(1, 4), st.lists(st.floats(-0.1, 0.1), min_size=1, max_size=4))
def test_a_batch_is_the_loop_over_its_examples(e, count, shifts):
    f, parameters, x = split(e, count)
    X = np.array([x, *[[xi + shift for xi in x] for shift in shifts]])
    mean, total = autograd.compile(f, parameters), autograd.compile(f, parameters, "sum")
    theta = mean.parameters()
    with np.errstate(all="ignore"):
        loop = [total(theta, X[i : i + 1]) for i in range(len(X))]
        assume(all(math.isfinite(value) and np.isfinite(gradient).all() for value, gradient in loop))
        value, gradient = total(theta, X)
        each = total.predict(theta, X)
    assert each.tolist() == pytest.approx([value for value, _ in loop], rel=1e-12, abs=1e-12)
    size = sum(abs(value) for value, _ in loop) + 1
    assert abs(value - sum(value for value, _ in loop)) <= 1e-12 * size
    bound = 1e-9 * sum(np.abs(gradient) for _, gradient in loop) + 1e-9
    assert (np.abs(gradient - sum(gradient for _, gradient in loop)) <= bound).all()
    average, slope = mean(theta, X)
    assert abs(average * len(X) - value) <= 1e-12 * size
    assert (np.abs(slope * len(X) - gradient) <= bound).all()


@given(networks(), st.integers(1, 4))
def test_networks_agree_however_their_neurons_are_written(e, n):
    inputs = [leaf for leaf in e.leaves if leaf.label.startswith("x")]
    parameters = [leaf for leaf in e.leaves if leaf not in set(inputs)]
    X = np.array([[x.data + i / 8 for x in inputs] for i in range(n)])
    agrees(lambda x: e.build([*x, *parameters]), parameters, X, reduction="mean", rel=1e-10)


@given(expressions(leaves=3, size=6))
def test_check_grads_agrees_with_the_compiled_gradient(e):
    f, parameters, x = split(e, 1)
    program = autograd.compile(f, parameters)
    X = np.array([x])
    compiled = Op(
        "compiled",
        lambda *theta: program(np.array(theta), X)[0],
        *[lambda *theta, i=i: program(np.array(theta[:-1]), X)[1][i] for i in range(len(parameters))],
        kind="kinked",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_grads(compiled, *[float(p.data) for p in parameters], order=1)


# ── Random programs on lists: what layers, attention and convolutions are made of ───────────────────


def chunks(z, k):
    """Rows of k, without the rest."""
    return [z[i : i + k] for i in range(0, len(z) - k + 1, k)] or [z]


def causal(f, a, b):
    """f of every beginning."""
    return [f(a[: i + 1], b[: i + 1]) for i in range(min(len(a), len(b), 6))]


STEPS = {  # of two lists, a whole number from 1 to 4, and the example; each gives a list
    "map": lambda a, b, k, x: [(ops.tanh, ops.sigmoid, ops.softplus, ops.sin)[k - 1](z) for z in a],
    "zip": lambda a, b, k, x: [(p + q, p * q, p - q, ops.maximum(p, q))[k - 1] for p, q in zip(a, b)],
    "broadcast": lambda a, b, k, x: [p * b[i % len(b)] for i, p in enumerate(a)],
    "scale": lambda a, b, k, x: [z * (i % k + 0.5) for i, z in enumerate(a)],
    "outer": lambda a, b, k, x: [p * q for p in a[:5] for q in b[:5]],
    "matrix product": lambda a, b, k, x: [
        ops.dot(r, s) for r in chunks(a, k) for s in chunks(b, k) if len(r) == len(s)
    ],
    "window": lambda a, b, k, x: [ops.dot(a[i : i + k], b[:k]) for i in range(len(a) - k + 1) if len(b) >= k],
    "sums": lambda a, b, k, x: [autograd.sum(r) for r in chunks(a, k)],
    "columns": lambda a, b, k, x: [autograd.sum(c) for c in zip(*chunks(a, k))],
    "products": lambda a, b, k, x: [autograd.prod(r) for r in chunks(a, k)],
    "softmax": lambda a, b, k, x: [z for r in chunks(a, k) for z in autograd.softmax(r)],
    "causal dots": lambda a, b, k, x: causal(ops.dot, a, b),
    "causal logsumexp": lambda a, b, k, x: causal(lambda r, s: autograd.logsumexp(r) * s[-1], a, b),
    "where": lambda a, b, k, x: [
        ops.where(x[i % k] > 0.2, lambda p=p, q=q: p * q, q) for i, (p, q) in enumerate(zip(a, b))
    ],
    "reverse": lambda a, b, k, x: a[::-1],
    "every k-th": lambda a, b, k, x: a[k - 1 :: k],
    "part": lambda a, b, k, x: a[k - 1 : k + 5],
    "roll": lambda a, b, k, x: a[k:] + a[:k],
    "repeat": lambda a, b, k, x: a * k,
    "repeat each": lambda a, b, k, x: [z for z in a for _ in range(k)],
    "transpose": lambda a, b, k, x: [z for c in zip(*chunks(a, k)) for z in c],
    "shuffle": lambda a, b, k, x: [a[(i * i + k) % len(a)] for i in range(len(a))],
    "join": lambda a, b, k, x: a + b,
}
step = st.tuples(st.sampled_from([*STEPS]), st.integers(0, 3), st.integers(0, 3), st.integers(1, 4))


@settings(max_examples=HUNDRED)
@given(st.lists(step, min_size=1, max_size=8), st.integers(4, 8), st.integers(4, 6))
def test_random_programs_on_lists(steps, parameters, inputs):
    """Operands of one bundle lie in many patterns: views where they run evenly, gathered elsewhere."""
    w = [Value(math.sin(3 * i + 1)) for i in range(parameters)]

    def f(x):
        lists = [w, x]
        for name, i, j, k in steps:
            a, b = lists[-1 - i % len(lists)], lists[-1 - j % len(lists)]
            lists.append(STEPS[name](a, b, k, x)[:24] or a)
        return autograd.sum([ops.tanh(z) for z in lists[-1] + lists[-2]]) * w[0] * autograd.sum(x)

    X = np.array([[math.cos(5 * i + 2 * j) for j in range(inputs)] for i in range(2)])
    program = agrees(f, w, X, rel=1e-9)
    total = program(program.parameters(), X)[0]
    assert program.predict(program.parameters(), X).sum() == pytest.approx(total, rel=1e-9, abs=1e-9)


# ── Every graph compiles: what has no matrix form ───────────────────────────────────────────────────

SEEDED = random.Random(6)


@pytest.fixture(autouse=True)
def _the_same_numbers_in_every_order_of_the_tests():
    SEEDED.seed(6)


def values(count, low=-1.0, high=1.0):
    """Parameters with random numbers."""
    return [Value(SEEDED.uniform(low, high), f"p{i}") for i in range(count)]


def data(*shape, low=-1.0, high=1.0):
    """An array of random numbers."""
    return np.array([SEEDED.uniform(low, high) for _ in range(math.prod(shape))]).reshape(shape)


def erf_of_numbers(x):
    return math.erf(x)  # knows neither arrays nor NumPy's numbers by any other name


ERF = Op("my erf", erf_of_numbers, lambda x, z: 2 / math.sqrt(math.pi) * ops.exp(-(x * x)), kind="smooth")
CUBE = Op("cube", lambda x: x * x * x, lambda x, z: 3 * x * x)
POLY = Op(
    "poly",
    lambda *x: sum(xi**i for i, xi in enumerate(x)),
    lambda x, z: [i * xi ** (i - 1) if i else 0 for i, xi in enumerate(x)],
    sequences=1,
)

p = values(12, 0.5, 1.5)
GRAPHS = {
    "an irregular gather": lambda x: ops.dot(
        [p[i] for i in (0, 1, 3, 7, 2)], [x[i] for i in (4, 1, 0, 3, 1)]
    ),
    "irregular operands": lambda x: autograd.sum(
        [ops.tanh(p[i] * x[j]) for i, j in ((0, 3), (5, 1), (1, 1), (2, 4))]
    ),
    "rows in another order": lambda x: autograd.sum(
        [ops.sin(ops.dot([p[i] for i in row], x[:3])) for row in permutations(range(3))]
    ),
    "dots of several lengths": lambda x: autograd.prod(
        [ops.dot(p[: 2 + i], x[: 2 + i]) + 2 for i in range(4)]
    ),
    "sums of several lengths": lambda x: ops.dot(
        [ops.exp(autograd.sum([xi * 0.5 for xi in x[: i + 3]])) for i in range(3)], p[:3]
    ),
    "causal logsumexp": lambda x: autograd.sum(
        [ops.logsumexp([a * b for a, b in zip(p[: i + 1], x)]) for i in range(5)]
    ),
    "softmax of softmaxes": lambda x: ops.dot(
        ops.softmax([a + b for a, b in zip(ops.softmax(p[:4]), x)]), p[4:8]
    ),
    "equal operands in sums of several lengths": lambda x: (
        ops.logsumexp([x[0]] * 3)
        * ops.logsumexp([x[0]] * 2)
        * autograd.sum([p[0]] * 4)
        * autograd.sum([p[0]] * 2)
        * ops.dot([x[1]] * 3, [p[1]] * 3)
        * ops.dot([x[1]], [p[1]])
    ),
    "two orders of one family": lambda x: (
        ops.polygamma(1, x[0] * p[0])
        + ops.polygamma(0, x[1] + p[1])
        + ops.sinc(x[0] * p[0], 1)
        + ops.sinc(x[1] * p[1], 2)
    ),
    "a product of all": lambda x: autograd.prod([a + b for a, b in zip(p, x)]),
    "products of several lengths": lambda x: (
        autograd.prod(p[:2]) * autograd.prod(x[:3]) + autograd.prod([p[3], x[1]])
    ),
    "products of equal lengths": lambda x: (
        autograd.prod([p[0], x[0], x[1]]) + autograd.prod([x[2], p[0], p[4]])
    ),
    "means": lambda x: autograd.mean([a * b for a, b in zip(p, x)]) * autograd.mean(p) + autograd.mean(x),
    "a row on numbers alone": lambda x: ERF(p[0] * x[0]) + ERF(p[1]) * x[1] + ERF(x[2]),
    "a row of one's own": lambda x: CUBE(p[0] * x[0] + CUBE(x[3])),
    "a sequence row of one's own": lambda x: POLY([p[0], x[0], p[1] * x[1]]) * POLY([x[0], x[0], p[2], p[2]]),
    "one leaf in many places": lambda x: (
        p[0] * p[0] * x[0] + p[0] / x[1] + ops.dot([p[0]] * 5, x) + p[0] ** p[0]
    ),
    "one input in many places": lambda x: x[0] * x[0] * p[0] + ops.dot([x[0]] * 3, p[:3]) + x[0] ** 3,
    "a loss that does not use the inputs alone": lambda x: (
        p[0] * x[0] + autograd.sum([ops.exp(q) for q in p]) / 7
    ),
    "a penalty": lambda x: ops.tanh(ops.dot(p[:5], x)) + nn.losses.l2(p, 0.01) + nn.losses.l1(p, 0.02),
    "squares": lambda x: autograd.sum([(a - b) ** 2 for a, b in zip(p, x)]),
    "powers": lambda x: (
        autograd.sum([(a * a) ** n for a, n in zip(p, (0, 1, 0.5, 3))]) + p[0] ** x[0] + 2 ** p[1]
    ),
    "constants among operands": lambda x: ops.dot([1.0, p[0], 3.0, p[1]], [x[0], 2.0, x[1], x[2]]) * x[3],
    "one constant for all": lambda x: ops.dot([0.5] * 5, x) * p[0],
    "a chain": lambda x: p[0] * ops.tanh(p[1] * ops.tanh(p[2] * ops.tanh(p[3] * x[0]))),
    "a table of pairs": lambda x: autograd.sum([ops.tanh(a * b) for a in p[:4] for b in x]),
    "its transpose": lambda x: ops.dot(
        [ops.tanh(a * b) for b in x for a in p[:2]], [a / b for a in p[:2] for b in p[2:7]]
    ),
    "a triangle": lambda x: autograd.sum([x[i] * x[j] * p[i] for i in range(5) for j in range(i)]),
    "a recurrence": lambda x: sum_of_recurrence(x),
    "hypot, max, min and clip": lambda x: (
        ops.hypot(p[0], x[0])
        + ops.maximum(p[1], x[1]) * ops.minimum(x[2], p[2])
        + ops.clip(x[3] * p[3], -0.25, 0.25)
    ),
    "remainders": lambda x: (p[0] * x[0]) % p[1] + x[1] // p[2] + p[3],
    "the same twice": lambda x: ops.sin(p[0] * x[0]) + ops.sin(p[0] * x[0]) + ops.sin(x[0] * p[0]),
    "sums within sums": lambda x: 2 * ((x[0] + p[0]) + (x[1] + (p[1] + (x[2] + p[2])))) - (p[0] + x[0]),
    "sums of shared sums": lambda x: [s := p[0] * x[0] + p[1] * x[1] + p[2] * x[2], (s + p[3]) * s + s][1],
    "constants of autograd": lambda x: (
        ops.deg2rad(p[0] * x[0]) + ops.log2(p[1]) + ops.exp2(x[1]) + ops.gelu(p[2])
    ),
    "unused parameters and nodes": lambda x: [ops.exp(p[9] * x[0]), p[0] * x[1]][1],
    "steps without slope": lambda x: ops.sign(p[0] - x[0]) * p[1] + ops.step(x[1]) * p[2] + p[3] // x[2],
    "differences": lambda x: autograd.sum([ops.absolute(b - a) * q for a, b, q in zip(x, x[1:], p)]),
    "differences from one parameter": lambda x: autograd.sum([xi - p[0] for xi in x]) * x[1],
    "one parameter beside all others": lambda x: autograd.sum([q - p[0] for q in p]) + x[0],
    "a convolution": lambda x: autograd.sum([ops.tanh(ops.dot(p[:3], x[i : i + 3])) for i in range(3)]),
    "a stride": lambda x: autograd.sum([ops.tanh(ops.dot(p[::3], x[i : i + 4])) for i in range(2)]),
    "from the back": lambda x: (
        ops.dot(p[4::-1], x) + autograd.sum([ops.exp(a * b) for a, b in zip(x[::-1], p)])
    ),
}


def sum_of_recurrence(x):
    h = [0.0, 0.0]
    for xi in x:
        h = [ops.tanh(ops.dot(p[4 * i : 4 * i + 3], [xi, *h]) + p[4 * i + 3]) for i in range(2)]
    return ops.dot(h, h)


@pytest.mark.parametrize("name", GRAPHS)
def test_every_graph_compiles(name):
    """And what is used in one place of an example is used in no other."""
    agrees(GRAPHS[name], p, data(3, 5, low=0.1), rel=1e-11)
    agrees(GRAPHS[name], p, data(1, 5, low=0.1), reduction="mean", rel=1e-11)


@pytest.mark.parametrize("op", rows(), ids=lambda op: op.name)
def test_every_row_alone_and_in_groups(op):
    """On arrays each row gives what it gives on numbers: for a parameter, for an input, and side by side."""

    @settings(max_examples=10)
    @given(expressions(operations=[op], leaves=3, size=3, kinks=True), st.integers(0, 2))
    def check(e, count):
        f, parameters, x = split(e, count)
        program = autograd.compile(f, parameters)
        value, gradient = program(program.parameters(), np.array([x]))
        want, by = eager(f, parameters, np.array([x]))
        assert value == pytest.approx(want, rel=1e-10, abs=1e-12)
        assert gradient.tolist() == pytest.approx(by, rel=1e-10, abs=1e-12)

    check()


@pytest.mark.parametrize(
    ("op", "x", "y"),
    [
        (ops.relu, 0.0, None),
        (ops.absolute, 0.0, None),
        (ops.sign, 0.0, None),
        (ops.step, 0.0, None),
        (ops.leaky_relu, 0.0, None),
        (ops.elu, 0.0, None),
        (ops.maximum, 1.5, 1.5),
        (ops.minimum, -2.0, -2.0),
        (ops.clip, 1.0, None),
        (ops.hypot, 3.0, 0.0),
        (ops.power, 0.0, 2.0),
        (ops.power, 0.0, 1.0),
        (ops.power, 2.0, 0.0),
        (ops.mod, 6.0, 3.0),
        (ops.floordiv, -6.0, 3.0),
        (ops.relu, -0.0, None),
    ],
    ids=lambda x: getattr(x, "name", x),
)
def test_kinks_ties_and_edges_of_domains(op, x, y):
    a, b = Value(x), Value(0.0 if y is None else y)
    given = (-1.0, 1.0) if op is ops.clip else ()

    def call(a, b):
        return op(a, *given) if y is None else op(a, b)

    X = np.array([[x, b.data], [x + 1, b.data + 1]])
    agrees(lambda v: call(a, b) * 3 + v[0] * b + v[1], [a, b], X)
    agrees(lambda v: call(a + v[0] - x, b) * (a + 1), [a, b], X[:1])
    agrees(lambda v: call(v[0], v[1]) * (a + 1), [a, b], X)
    agrees(lambda v: call(v[0], b) * (a + 1) + call(a, v[1] + b - b), [a, b], X[:1])


def test_where_values_raise_a_program_gives_an_infinite_slope():
    x, y = Value(0.0), Value(0.0)
    program = autograd.compile(lambda t: x**y * t, [x, y])
    assert program(program.parameters(), np.array([1.0]))[1].tolist() == [0.0, -math.inf]
    with pytest.raises(ValueError, match=r"power\(0\.0, 0\.0\): its local derivative: log\(0\.0\)"):
        (x**y).backward()


def test_any_number_of_arguments_tie():
    w = [Value(2.0), Value(2.0), Value(1.0)]
    X = np.array([2.0, 1.0, 3.0, 2.0])
    agrees(lambda x: ops.maximum(*w, x) + ops.minimum(w[0], x, w[1]) * w[0], w, X)
    agrees(lambda x: ops.amax([w[0], x, w[1], x]) * x, w[:2], X)
    agrees(lambda x: autograd.sum([ops.amax([v, *x]) * v for v in w]), w, np.array([[2.0, 2.0], [0.0, 1.0]]))


@pytest.mark.parametrize("slope", [-0.5, 0.25, 1.0, 3.0])
def test_leaky_relu_and_elu_at_0_and_clip_at_its_bounds(slope):
    w = [Value(0.0), Value(slope)]
    X = np.array([0.0, 1.0, -1.0])
    for op in ops.leaky_relu, ops.elu:
        agrees(lambda x, op=op: op(w[0] + x, w[1]) * 3 + op(w[0], slope) + op(x, w[1]), w, X)
    agrees(lambda x: ops.clip(w[0] + x, -1.0, w[1]) + ops.clip(x, w[0], w[1]) + ops.clip(w[0], x, x), w, X)


@pytest.mark.parametrize("op", rows(("kinked",), float), ids=lambda op: op.name)
def test_nan_through_a_kink_has_the_eager_slopes(op):
    w, given = [Value(math.nan)], [2.0, 3.0][: (op.arity or 3) - 1]
    f = lambda x: apply(op, [w[0] * x, *given])
    value, gradient = autograd.compile(f, w)(np.array([math.nan]), np.array([1.0]))
    np.testing.assert_equal((value, gradient.tolist()), eager(f, w, np.array([1.0])))


def test_a_tie_of_three_shares_its_gradient():
    w = [Value(2.0), Value(2.0)]
    agrees(lambda x: ops.maximum(ops.maximum(w[0], x), w[1]), w, np.array([2.0, 1.0, 3.0, 2.0]))


# ── Shapes of inputs and outputs ────────────────────────────────────────────────────────────────────


def test_inputs_of_every_shape():
    w = values(6)
    agrees(lambda x: x * w[0] + x**2, w[:1], data(4))
    agrees(lambda x, y: (x * w[0] - y) ** 2, w[:1], data(4), data(4))
    flat = [0, 1, 2, 3, 4, 5]
    agrees(lambda x: autograd.sum([ops.tanh(x[i // 2][i % 2] * w[i]) for i in flat]), w, data(2, 3, 2))
    agrees(lambda x: autograd.sum([ops.dot(row, w[:2]) ** 2 for row in x]), w[:2], data(2, 3, 2))
    agrees(
        lambda x: autograd.sum([ops.dot([row[j] for row in x], w[:3]) ** 2 for j in range(2)]),
        w[:3],
        data(2, 3, 2),
    )
    agrees(lambda x, y: ops.dot([a * y[0][0] for a in x], w[:2]), w[:2], data(3, 2), data(3, 1, 1))


def test_matrices_times_matrices():
    """Every row of an example by every row of parameters, in either order, and both of them data."""
    w, x = [values(4) for _ in range(3)], data(2, 5, 4)
    flat = [wi for row in w for wi in row]
    for name, f in {
        "rows": lambda x: [[ops.dot(row, wi) for wi in w] for row in x],
        "columns": lambda x: [[ops.dot(wi, row) for row in x] for wi in w],
        "attention": lambda x: [[ops.dot(a, b) * w[0][0] for b in x] for a in x],
        "sums": lambda x: [[autograd.sum([a * b for a, b in zip(row, wi)]) for wi in w] for row in x],
    }.items():
        agrees(lambda x, f=f: autograd.sum([ops.tanh(z) for row in f(x) for z in row]), flat, x)
        program = autograd.compile(f, flat)
        want = [[[z.data for z in row] for row in f(example)] for example in x.tolist()]
        assert program.predict(program.parameters(), x).tolist() == pytest.approx(
            np.array(want), rel=1e-12
        ), name


@pytest.mark.parametrize("sizes", [(4, 3, 2), (2, 3, 3, 2), (1, 1, 1, 1), (5, 2, 4, 1)])
def test_layers_without_an_activation_between_them(sizes):
    """Products of products: in the gradient of a weight an operand is itself a product, in the same line."""
    layers = [[values(m) for _ in range(k)] for m, k in pairwise(sizes)]

    def loss(x, y):
        for weights in layers:
            x = [autograd.dot(row, x) for row in weights]
        return autograd.sum([(a - t) ** 2 for a, t in zip(x, y)])

    agrees(
        loss, [w for weights in layers for row in weights for w in row], data(5, sizes[0]), data(5, sizes[-1])
    )


def test_predict_gives_what_the_function_returns():
    model = nn.MLP(3, [4, 2], "tanh", seed=1)
    program, X = autograd.compile(model, model.parameters()), data(5, 3)
    outputs = program.predict(program.parameters(), X)
    assert outputs.shape == (5, 2)
    assert outputs.tolist() == [pytest.approx([a.data for a in model(x)], rel=1e-12) for x in X.tolist()]
    w = Value(2.0)
    one = autograd.compile(lambda x: x * w, [w])
    assert one.predict(one.parameters(), np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    deep = autograd.compile(lambda x: [[[x, w * x], (3.0, w)], [[w, w], [x * x, x]]], [w])
    assert deep.predict(deep.parameters(), np.array([1.0, 3.0])).tolist() == [
        [[[1, 2], [3, 2]], [[2, 2], [1, 1]]],
        [[[3, 6], [3, 2]], [[2, 2], [9, 3]]],
    ]


def test_predictions_are_the_users_own():
    w = Value(2.0)
    program = autograd.compile(lambda x: [x * w, x], [w])
    first = program.predict(program.parameters(), np.array([1.0]))
    program.predict(program.parameters(), np.array([5.0]))
    assert first.tolist() == [[2.0, 1.0]]
    same, X = autograd.compile(lambda x: x, [w]), np.array([1.0, 2.0])
    out = same.predict(same.parameters(), X)
    out[0] = 7.0
    assert X.tolist() == [1.0, 2.0]


# ── Calls after calls ───────────────────────────────────────────────────────────────────────────────


@settings(max_examples=20)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.sampled_from([np.float64, np.float32]))
def test_batches_of_all_sizes_in_turn(sizes, dtype):
    """Buffers are filled anew, and what was returned before is not touched."""
    model = nn.MLP(2, [3, 1], "tanh", seed=0)
    program = autograd.compile(lambda x, y: (model(x) - y) ** 2, model.parameters())
    kept, theta = [], program.parameters(dtype)
    for i, n in enumerate(sizes):
        X, y = np.full((n, 2), i + 0.5, dtype), np.full(n, i, dtype)
        value, gradient = program(theta, X, y)
        kept.append((value, gradient, gradient.copy(), (X[:1], y[:1])))
    for value, gradient, copy, (X, y) in kept:
        assert gradient.dtype == dtype
        assert (gradient == copy).all()
        want, by = program(theta, X, y)
        assert value == pytest.approx(want, rel=1e-5)
        assert gradient.tolist() == pytest.approx(by.tolist(), rel=1e-4, abs=1e-6)


def test_theta_is_what_counts_and_not_the_values():
    a, b = Value(2.0), Value(3.0)
    program, X = autograd.compile(lambda x: a * x + b, [a, b]), np.array([1.0, 3.0])
    theta = program.parameters()
    assert program(theta, X)[0] == 7.0
    a.data = 100.0
    assert program(theta, X)[0] == 7.0
    theta[0] = 4.0
    assert program(theta, X)[0] == 11.0
    program.assign(theta)
    assert (a.data, b.data) == (4.0, 3.0) and type(a.data) is float
    assert program.parameters().tolist() == [4.0, 3.0]
    assert program.parameters(np.float32).dtype == np.float32
    program.assign(theta.astype(np.float32) * 2)
    assert (a.data, b.data) == (8.0, 6.0)


def test_constants_are_what_is_no_parameter():
    """A Value that is not among the parameters, and a plain number, keep what they held at the recording."""
    w, fixed = Value(2.0), Value(3.0)
    program = autograd.compile(lambda x: w * x * fixed, [w])
    program.parameters()
    assert program(np.array([1.0]), np.array([1.0]))[1].tolist() == [3.0]
    recorded = fixed * w + 1  # a graph that stands outside of the function
    agrees(lambda x: recorded * x, [w], np.array([2.0, 5.0]))
    agrees(lambda x: recorded * x, [w, fixed], np.array([2.0, 5.0]))


def test_tied_parameters_add_up():
    w = values(3)
    agrees(lambda x: ops.dot(w, x) * ops.tanh(ops.dot([w[2], w[0], w[1]], x)) + w[0], w, data(3, 3))

    class Tied(nn.Module):
        def __init__(self):
            self.first = nn.Layer(3, 3, "tanh", seed=0)
            self.again = self.first

        def __call__(self, x):
            return autograd.sum(self.again(self.first(x)))

    model = Tied()
    assert len(model.parameters()) == 12
    agrees(model, model.parameters(), data(2, 3))


def test_the_gradient_can_be_written_into_an_array_of_ones_own():
    w = values(2)
    program, X = autograd.compile(lambda x: ops.dot(w, x) ** 2, w), data(3, 2)
    theta, out = program.parameters(), np.full(2, np.nan)
    value, gradient = program(theta, X, out=out)
    assert gradient is out
    assert (value, out.tolist()) == (program(theta, X)[0], program(theta, X)[1].tolist())
    for wrong in (np.empty(3), np.empty(2, np.float32), np.empty(4)[::2]):
        with pytest.raises(
            ValueError, match=r"out must be an array like theta, \(2,\) of float64, in C order"
        ):
            program(theta, X, out=wrong)


def test_nothing_that_is_given_is_changed():
    model = nn.MLP(2, [3, 2], "sigmoid", seed=0)
    program = autograd.compile(lambda x, y: nn.losses.quadratic(model(x), y), model.parameters())
    theta, X, Y = program.parameters(), data(3, 2), data(3, 2)
    copies = theta.copy(), X.copy(), Y.copy()
    program(theta, X, Y)
    for array, copy in zip((theta, X, Y), copies):
        assert (array == copy).all()
    assert all(parameter.grad == 0 for parameter in model.parameters())


def test_inputs_may_be_lists_views_and_numbers_of_other_types():
    w = values(2)
    program = autograd.compile(lambda x: ops.dot(w, x) ** 2, w)
    theta = program.parameters()
    X = np.array([[1.0, 2.0], [3.0, 4.0]])
    want = program(theta, X)[0]
    assert program(theta, [[1.0, 2.0], [3.0, 4.0]])[0] == want
    assert program(theta, np.asfortranarray(X))[0] == want
    assert program(theta, np.repeat(X, 2, axis=1)[:, ::2])[0] == want
    assert program(theta, X.astype(int))[0] == want
    assert program(theta, X.astype(np.uint8))[0] == want
    assert program(np.repeat(theta, 2)[::2], X)[0] == want
    difference = autograd.compile(lambda x: (x[0] - x[1]) * w[0], w)
    for kind in (np.uint8, np.int8, int, bool):  # in floats, where 0 − 1 is −1
        assert difference(theta, np.array([[0, 1]], kind))[0] == -theta[0]
    assert program(theta, X > 2)[0] == program(theta, (X > 2).astype(float))[0]


def test_the_order_in_memory_changes_no_bit():
    w = values(2)
    program = autograd.compile(lambda x: ops.dot(w, x) ** 2, w)
    for _ in range(100):
        theta, X = data(2), data(2, 2)
        orders = X, np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2], X[::-1].copy()[::-1]
        assert len({program(theta, x)[0] for x in orders}) == 1


ZEROS = (0.0, -0.0)


@pytest.mark.parametrize("signs", [ZEROS, ZEROS[::-1], (0.0, 0.0, -0.0, -1.0, -0.0)])
def test_the_sign_of_a_zero_is_kept(signs):
    """In numbers, in joined arrays of them, and where nothing else is done."""
    w = Value(1.0, "w")
    ways = [
        lambda x: autograd.sum([autograd.arctan2(w * x, z) for z in signs]),
        lambda x: autograd.sum([autograd.arctan2(w * x, z) * (i + 1) for i, z in enumerate(signs)]),
        lambda x: autograd.arctan2(w * x, signs[0]) + 10 * autograd.arctan2(w * x, signs[1]),
        lambda x: autograd.arctan2(x * 1 * w / 1 - 0.0, signs[1] * x),
        lambda x: autograd.arctan2((w * x) ** 1 + -0.0, (x * signs[0]) - -0.0),
    ]
    for f in ways:
        program = autograd.compile(f, [w])
        for x in (0.0, -0.0, 2.0, -2.0):
            assert program.predict(program.parameters(), np.array([x])).tolist() == [pytest.approx(f(x).data)]


def test_a_new_shape_of_examples_is_recorded_anew():
    w, calls = Value(2.0), []
    program = autograd.compile(lambda x: (calls.append(len(x)), w * autograd.sum(x))[1], [w])
    for X in (np.ones((2, 3)), np.ones((5, 3)), np.ones((2, 4)), np.ones((7, 3)), np.ones((1, 4))):
        assert program(program.parameters(), X)[0] == pytest.approx(2 * X.shape[1])
    assert calls == [3, 3, 4, 4]  # twice, to see that it does the same
    program.predict(program.parameters(), np.ones((2, 3)))
    assert calls == [3, 3, 4, 4, 3, 3]


# ── Whole numbers choose ────────────────────────────────────────────────────────────────────────────


def test_an_embedding_by_a_traced_index():
    table, head = nn.Embedding(5, 3, seed=0), nn.Neuron(3, "tanh", seed=1)
    parameters = [*table.parameters(), *head.parameters()]
    agrees(lambda i: head(table(i)), parameters, np.array([0, 4, 2, 2, 0]), rel=1e-12)
    agrees(  # two places of one table, which may be the same row
        lambda i, x: autograd.prod([a + b * x for a, b in zip(table(i[0]), table(i[1]))]),
        table.parameters(),
        np.array([[1, 1], [0, 4], [4, 0]]),
        data(3),
    )


def test_cross_entropy_by_index():
    model = nn.MLP(3, [4, 3], "tanh", seed=0)
    f = lambda x, t: nn.losses.cross_entropy(model(x), t)
    agrees(f, model.parameters(), data(4, 3), np.array([0, 2, 2, 1]), rel=1e-11)
    agrees(f, model.parameters(), data(2, 3), np.array([1, 0], np.uint8), reduction="mean", rel=1e-11)
    g = lambda x, t: nn.losses.hinge(model(x), t)
    agrees(g, model.parameters(), data(4, 3), np.array([0, 2, 2, 1]), rel=1e-11)


def test_take_on_whatever_is_recorded():
    w = values(4)
    X, i = data(4, 3), np.array([[0, 2], [1, 1], [2, 0], [0, 0]])
    agrees(lambda x, i: autograd.take([a * b for a, b in zip(w, x)], i[0]) * w[3] + i[1] * 0, w, X, i)
    agrees(lambda x, i: autograd.take(x, i[0]) * autograd.take(w[:3], i[1]), w, X, i)
    agrees(
        lambda x, i: autograd.take([w[0], x[0], 5.0], i[0]) ** autograd.take([1.0, 2.0, 3.0], i[1]),
        w,
        X**2,
        i,
    )
    agrees(
        lambda x, i: autograd.sum([autograd.take([ops.exp(a) for a in w[:3]], j) * x[0] for j in i]), w, X, i
    )
    agrees(lambda x, i: autograd.take(w[:3], i[0]) * i[1] + x[0], w, X, i)  # an index is a number too


def test_choices_that_lie_in_patterns():
    """Two axes, one element for all, another order, and one table by columns."""
    w = values(12)
    index = np.array([[0, 3], [2, 1], [3, 3]])
    for choices in ([0, 1, 4, 5], [2, 2, 2, 2], [3, 2, 1, 0], [0, 4, 8, 11], [0, 3, 6, 9], [0, 0, 1, 1]):
        agrees(
            lambda i, x, c=choices: (
                autograd.take([w[k] for k in c], i[0]) * autograd.take([ops.exp(x * w[k]) for k in c], i[1])
            ),
            w,
            index,
            data(3),
        )
    pairs = [[w[3 * row + column] for column in range(3)] for row in range(4)]
    agrees(lambda i: autograd.prod([ops.dot(a, a) for a in (autograd.take(pairs, j) for j in i)]), w, index)
    turned = [*zip(*pairs)]
    agrees(lambda i, x: ops.dot(autograd.take(turned, i[0]), [x] * 4), w, index % 3, data(3))


def test_an_index_without_a_choice_is_refused():
    table = nn.Embedding(4, 2, seed=0)
    program = autograd.compile(lambda i: autograd.sum(table(i)), table.parameters())
    theta = program.parameters()
    assert program(theta, np.array([0, 3]))[1].tolist() == [0.5, 0.5, 0, 0, 0, 0, 0.5, 0.5]
    for wrong in (-1, 4):
        message = f"the input i holds the index {wrong}; there are 4 choices, counted from 0"
        with pytest.raises(IndexError, match=message):
            program(theta, np.array([1, wrong]))
        with pytest.raises(IndexError, match=message):
            program.predict(theta, np.array([wrong]))
    with pytest.raises(TypeError, match="take has the index i, which holds floats; give whole numbers"):
        program(theta, np.array([1.0]))
    moved = autograd.compile(lambda i: autograd.sum(table(i + 1)), table.parameters())
    with pytest.raises(TypeError, match="take has an index that is computed"):
        moved(theta, np.array([1]))


# ── Branches ────────────────────────────────────────────────────────────────────────────────────────

w = Value(2.0, "w")
BRANCHES = {
    "log(0)": lambda x: ops.where(x > 0, lambda: ops.log(x * w), lambda: w * x),
    "1 / 0": lambda x: ops.where(x != 0, lambda: w / x, lambda: w),
    "sqrt(0)": lambda x: ops.where(x > 0, lambda: ops.sqrt(w * x), lambda: w * 0.5),
    "sqrt(0) of a product": lambda x: ops.where(x * w > 0, lambda: ops.sqrt(w * x) * w, 0.0),
    "sqrt(−1)": lambda x: ops.where(x >= 0, lambda: ops.sqrt(w * x + 1), lambda: ops.sqrt(1 - w * x)),
    "exp(1000)": lambda x: ops.where(x < 1, lambda: ops.exp(500 * x * w), lambda: w + x),
    "deep": lambda x: ops.where(
        x > 0, lambda: ops.exp(ops.log(w * x) * 0.5 + ops.dot([1 / x, w], [w, x])), w
    ),
    "sums of products": lambda x: ops.where(
        x > 0, lambda: ops.dot([ops.log(x), w, 1 / x], [w, ops.log(x * w), ops.sqrt(x)]), lambda: w * x
    ),
    "nested": lambda x: ops.where(
        x > 0,
        lambda: ops.where(x > 1, lambda: ops.log(x - 1) * w, lambda: ops.log(1.5 - x) * w),
        lambda: w * w,
    ),
    "and, or": lambda x: (
        ops.where((x > 0) & (x < 1.5), lambda: ops.log(x * w), w)
        + ops.where((x <= 0) | (x >= 2), w * x, lambda: w / x)
    ),
    "conditions that are read in another order": lambda x: autograd.sum(
        [ops.where(c, w * x * i, w) for i, c in enumerate([x > 0, x > 0.2, x > 0.4, x > 0])]
    ),
    "what both branches use": lambda x: [s := w * x, ops.where(x > 0, lambda: ops.log(s) + s, lambda: s * s)][
        1
    ],
    "a row that knows only numbers": lambda x: ops.where(x > 0, lambda: ops.lgamma(w * x), lambda: w * x),
    "by a parameter": lambda x: ops.where(w > 1, lambda: w * x, lambda: w / x),
    "by parameters": lambda x: ops.where((w * w >= x) & (3.0 > w) | (w == 5.0), lambda: w * x, lambda: x),
    "equality": lambda x: ops.where(x == 1.0, w * w, w) + ops.where(x <= 1, 0.0, w),
}


@pytest.mark.parametrize("name", BRANCHES)
def test_a_branch_that_is_not_taken_leaves_no_trace(name):
    """Its infinities reach neither the value nor the gradient, as in the eager engine, which skips it."""
    agrees(BRANCHES[name], [w], np.array([0.0, 1.0, 2.0, -1.0, 0.5]), rel=1e-12)


def test_a_conjunction_of_conditions_and_numbers():
    agrees(lambda x: ops.where((x > 0) & True, w, 2 * w) * ops.where(False | (x > 0), w, 1.0), [w], data(4))


# ── Errors ──────────────────────────────────────────────────────────────────────────────────────────


def line(loss, *inputs, error=TypeError, parameters=(w,)):
    """The message, in one line, with which compiling fails."""
    program = autograd.compile(loss, parameters)
    with pytest.raises(error) as caught:
        program(program.parameters(), *inputs)
    message = str(caught.value)
    assert "\n" not in message
    return message


def branch(x):
    return w * x if x > 0 else w


def loop(x):
    while x < 3:
        x = x * w
    return x


REFUSED = {  # what a symbol cannot do, and the word for it in the message
    "if": (branch, "a branch"),
    "while": (loop, "a branch"),
    "a chained comparison": (lambda x: w * (0 < x < 1), "a branch"),
    "and": (lambda x: w * ((x > 0) and (x < 1)), "a branch"),
    "not": (lambda x: w * (not x), "a branch"),
    "sorted": (lambda x: sorted([w * x, x])[0], "a branch"),
    "max": (lambda x: max(w * x, x), "a branch"),
    "in": (lambda x: w if x in [1.0, 2.0] else x, "a branch"),
    "bool": (lambda x: w * bool(x), "a branch"),
    "float": (lambda x: w * float(x), "float()"),
    "math.sin": (lambda x: w * math.sin(x), "float()"),
    "math.sqrt of a recorded number": (lambda x: x * math.sqrt(w * x), "float()"),
    "int": (lambda x: w * int(x), "int()"),
    "round": (lambda x: w * round(x), "round()"),
    "math.floor": (lambda x: w * math.floor(x), "floor()"),
    "math.ceil": (lambda x: w * math.ceil(x), "ceil()"),
    "complex": (lambda x: w * complex(x), "complex()"),
    "range": (lambda x: sum(w for _ in range(x)), "an index or range()"),
    "an index": (lambda x: [w, 1.0][x], "an index or range()"),
    ".data": (lambda x: w * x.data, ".data"),
    "formatting": (lambda x: w * len(f"{x:.3f}"), "format()"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_freeze_one_example_is_refused(name):
    f, what = REFUSED[name]
    message = line(f, np.array([1.0]))
    assert what in message
    assert "choose with where, maximum or minimum" in message


def test_no_grad_would_freeze_a_number():
    def f(x):
        with autograd.no_grad():
            return w * 2 + x

    assert "no_grad inside compile would freeze numbers of now" in line(f, np.array([1.0]))
    with autograd.no_grad():  # it has ended with the failure
        pass


def test_arrays_of_numpy_and_of_autograd():
    """Textbook code on arrays of symbols and parameters is recorded element by element."""
    w = values(3)
    X = data(2, 3)
    agrees(lambda x: np.dot(np.array(w), np.array(x)) + np.exp(np.array(x) * w).sum(), w, X)
    agrees(lambda x: np.tanh(autograd.array(w) * autograd.array(x)).sum(), w, X)


def test_a_choice_by_a_parameter_follows_theta():
    """Not what the Value held when the function was recorded."""
    a = Value(2.0)
    program = autograd.compile(lambda x: ops.where(a * a > 1, lambda: 3 * a * x, lambda: 5 * a * x), [a])
    assert program(np.array([2.0]), np.array([1.0])) == (6.0, [3.0])
    assert program(np.array([0.5]), np.array([1.0])) == (2.5, [5.0])


def test_leaving_the_graph_by_a_parameter_is_refused_too():
    """math.sin(w) would drop the derivative, and `if w > 0` freeze a branch of the parameters' numbers."""
    assert "inside compile would drop its derivative" in line(lambda x: x * math.sin(w), np.array([1.0]))
    assert "a branch" in line(lambda x: x * w if w > 0 else x, np.array([1.0]))
    assert "a branch" in line(lambda x: max(w, 3.0) * x, np.array([1.0]))
    assert "a branch" in line(lambda x: w * x if w * 2 else x, np.array([1.0]))


BAD_FUNCTIONS = [
    (
        lambda x: [w * x, x],
        TypeError,
        "the function returned a list, and a gradient needs one number; return a loss",
    ),
    (
        lambda x: None,
        TypeError,
        "returned None; let it return a number, or a list, tuple, dict or array of them (is a return",
    ),
    (lambda x: "w", TypeError, "returned 'w'; let it return a number"),
    (lambda x: x * 2, ValueError, "the function depends on no parameter; give those that it uses"),
    (lambda x: 3.0, ValueError, "the function depends on no parameter; give those that it uses"),
    (lambda x: {"loss": w * x}, TypeError, "the function returned a dict; return numbers or lists"),
    (lambda x: x * w * Fraction(1, 3), TypeError, "Fraction"),
    (lambda x: x * w * Value(Fraction(1, 3)), TypeError, "use float(…) or stay with the eager engine"),
    (lambda x: x * w * 2j, TypeError, "complex"),
    (lambda x: x * w + "a", TypeError, "'a'"),
]


@pytest.mark.parametrize(("f", "error", "message"), BAD_FUNCTIONS)
def test_bad_functions(f, error, message):
    assert message in line(f, np.array([1.0, 2.0]), error=error)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_inputs_may_be_ignored_or_absent(reduction):
    X, Y = np.array([1.0, 2.0, 3.0]), np.ones((3, 2))
    for f in (lambda x, y: x * w, lambda x, y: w * w, lambda x, y: w * y[0]):
        agrees(f, [w], X, Y, reduction=reduction)
    program = autograd.compile(lambda: w * w + 1, [w], reduction)
    assert program(np.array([3.0])) == (10.0, np.array([6.0]))
    assert program.predict(np.array([3.0])) == 10.0


def test_ragged_results_are_refused():
    ragged = autograd.compile(lambda x: [[x, w], [x]], [w])
    with pytest.raises(ValueError, match="lists of different lengths; make them equal"):
        ragged.predict(ragged.parameters(), np.array([1.0]))


theta1, X1 = np.array([2.0]), np.array([[1.0, 2.0], [3.0, 4.0]])
BAD_DATA = [
    (
        (theta1, X1, np.ones(3)),
        ValueError,
        r"inputs have the shapes (2, 2), (3,); the first axis is the batch's",
    ),
    ((theta1, np.ones((0, 2)), np.ones(0)), ValueError, "equally long and not empty"),
    ((theta1, np.ones((2, 0)), np.ones(2)), ValueError, "equally long and not empty"),
    ((theta1, 1.0, 2.0), ValueError, "inputs have the shapes (), ()"),
    (
        (np.ones(2), X1, np.ones(2)),
        TypeError,
        "of shape (1,), as from program.parameters(), not float64 of shape (2,)",
    ),
    (([2.0], X1, np.ones(2)), TypeError, "not list of shape ?"),
    ((np.array([2]), X1, np.ones(2)), TypeError, "not int64 of shape (1,)"),
    ((theta1.astype(np.float16), X1, np.ones(2)), TypeError, "not float16 of shape (1,)"),
    (
        (theta1, X1.astype(np.float32), np.ones(2)),
        TypeError,
        "input 1 is float32 and theta float64; make them equal",
    ),
    (
        (theta1.astype("f"), X1, np.ones(2)),
        TypeError,
        "input 1 is float64 and theta float32; make them equal: x.astype(float32)",
    ),
    ((theta1, X1.astype(complex), np.ones(2)), TypeError, "input 1 has the type complex128"),
    ((theta1, X1, np.array(["a", "b"])), TypeError, "input 2 has the type <U1, which is no array of floats"),
    ((theta1, X1.astype(object), np.ones(2)), TypeError, "input 1 has the type object"),
    ((theta1, np.ma.array(X1, mask=X1 > 1), np.ones(2)), TypeError, "input 1 is a masked array"),
    ((theta1, X1, np.array([1.0, np.nan])), ValueError, "input 2 is nan at (1,): drop or mend that example"),
    ((theta1, np.array([[1.0, 2.0], [np.nan, 4.0]]), np.ones(2)), ValueError, "input 1 is nan at (1, 0)"),
]


@pytest.mark.parametrize(("given", "error", "message"), BAD_DATA)
def test_bad_data(given, error, message):
    program = autograd.compile(lambda x, y: w * x[0] * x[1] + y, [w])
    with pytest.raises(error) as caught:
        program(*given)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_outside_of_a_domain_arrays_give_what_numpy_gives():
    """inf and nan, in silence: one example cannot raise for all."""
    program = autograd.compile(lambda x: ops.log(w * x), [w])
    value, gradient = program(program.parameters(), np.array([0.0]))
    assert value == -math.inf and math.isnan(gradient[0])
    assert math.isnan(program(program.parameters(), np.array([-1.0]))[0])
    assert program(program.parameters(), np.array([math.inf]))[0] == math.inf
    assert math.isnan(program(np.array([math.nan]), np.array([1.0]))[0])  # training that has diverged


BAD_PARAMETERS = [
    ([], ValueError, "there are no parameters; give those of the model: model.parameters()"),
    ([w, w], ValueError, "a parameter is given twice; give each once"),
    ([2.0], TypeError, "2.0 is no parameter; give leaves, such as model.parameters()"),
    (w, TypeError, "is no list of parameters; give model.parameters()"),
    (nn.Neuron(1), TypeError, "compile: Neuron(1, 'relu') is no list of parameters; give model.parameters()"),
    (nn.Neuron(1).parameters, TypeError, "is no list of parameters; give model.parameters()"),
    ([w * 2], TypeError, "is no parameter; give leaves"),
    ([autograd.constant(1.0)], TypeError, "is no parameter; give leaves"),
]


@pytest.mark.parametrize(("parameters", "error", "message"), BAD_PARAMETERS)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error) as caught:
        autograd.compile(lambda x: x, parameters)
    assert message in str(caught.value)


def test_what_is_compiled_is_a_function():
    with pytest.raises(TypeError, match=r"^compile: f must be a function, .* not Value\("):
        autograd.compile(w * 2, [w])


def test_a_parameter_that_is_no_float_has_no_array():
    third = Value(Fraction(1, 3), "third")
    program = autograd.compile(lambda x: x * third, [third])
    with pytest.raises(
        TypeError, match=r"the parameter third = Fraction\(1, 3\) is a Fraction, which arrays cannot hold"
    ):
        program.parameters()
    with pytest.raises(TypeError, match=r"of shape \(1,\)"):
        program.assign([1.0])


def test_a_reduction_that_does_not_exist():
    with pytest.raises(ValueError, match="reduction 'max' does not exist; there is 'mean' and 'sum'"):
        autograd.compile(lambda x: x * w, [w], reduction="max")


def test_nothing_is_compiled_yet():
    program = autograd.compile(branch, [w])
    assert repr(program) == "Program(branch, 1 parameters)"
    for name in ("source", "operations", "nodes"):
        with pytest.raises(RuntimeError, match="nothing is compiled yet: call it once"):
            getattr(program, name)


def test_a_symbol_kept_from_another_call_is_refused():
    kept = []

    def f(x):
        kept.append(x)
        return kept[0] * w + autograd.sum(x if isinstance(x, list) else [x])

    program = autograd.compile(f, [w])
    with pytest.raises(TypeError, match="got a symbol of another call: keep none outside of the function"):
        program(program.parameters(), np.array([1.0]))


def test_compile_is_a_name_of_autograd():
    assert autograd.compile is from_its_module
    with pytest.raises(AttributeError, match="no attribute 'compiled'"):
        autograd.compiled  # noqa: B018


# ── What is kept in which array ─────────────────────────────────────────────────────────────────────

POINTS = np.array([[0.5, -1.25, 2.0], [-0.75, 0.25, 1.5], [0.0, 3.0, -2.5]])
PICKS = np.array([[0, 2, 1], [2, 2, 0], [1, 0, 1]])
WEIGHTS = np.array([1.5, -0.5, 2.0])


def same(f, *inputs):
    """Check that the program of f(w, *example) has the value and the gradient of the eager engine."""
    w = [Value(number) for number in WEIGHTS.tolist()]
    program = autograd.compile(lambda *example: f(w, *example), w, "sum")
    value, gradient = program(WEIGHTS, *inputs)
    total = autograd.sum([f(w, *example) for example in zip(*[x.tolist() for x in inputs])])
    total.backward()
    assert value == pytest.approx(total.data, rel=1e-12)
    assert gradient.tolist() == pytest.approx([weight.grad for weight in w], rel=1e-12)


@pytest.mark.parametrize(
    "count",
    [
        lambda a, b, x: (a > 0) + (b > 0),
        lambda a, b, x: (a > 0) - (b > 0),
        lambda a, b, x: -(a > 0),
        lambda a, b, x: autograd.exp(a > 0),
        lambda a, b, x: autograd.sum([a > 0, x, b > 0]),
        lambda a, b, x: autograd.dot([a > 0, b > 0, x > 1], [b > 0, a > -1, x > 0]),
        lambda a, b, x: ((a > 0) & (b > 0)) + ((a > 0) | (b > 0)),
    ],
)
def test_conditions_are_numbers_to_all_that_computes_with_them(count):
    same(lambda w, x: w[0] * count(x[0], x[1], x[2]), POINTS)
    same(lambda w, x: w[0] * count(w[1] * x[0], w[2] * x[1], x[2]), POINTS)


def test_a_condition_among_the_outputs_does_not_make_the_others_conditions():
    w = Value(2.0)
    outputs = autograd.compile(lambda x: [x[0] > 0, w * x[1]], [w]).predict(np.array([2.0]), POINTS)
    assert outputs.tolist() == [[1, -2.5], [0, 0.5], [0, 6]]


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.int8, np.uint8, np.uint64])
def test_whole_numbers_of_every_width_choose(kind):
    def f(w, i):  # in an order that no slice has
        return autograd.sum([c * autograd.take(w, i[k]) ** 2 for c, k in ((2.0, 0), (3.0, 2), (5.0, 1))])

    same(f, PICKS.astype(kind))


def test_a_whole_number_that_chooses_may_stand_in_a_sum_with_others():
    same(lambda w, i, x: autograd.take(w, i) * autograd.sum([i, x[0], w[0] * x[1]]), PICKS[:, 0], POINTS)
    same(
        lambda w, i, x: autograd.take(w, i) * autograd.exp(autograd.logsumexp([i, x[0], x[1]])),
        PICKS[:, 0],
        POINTS,
    )


@pytest.mark.parametrize("names", ["ff", "ﬁf", ("__dict__", "__class__"), ("row1", "1")])
def test_rows_of_one_name_or_of_a_name_of_pythons_keep_their_own_functions(names):
    p, q = (
        Op(name, lambda x, k=k: k * x * x, lambda x, z, k=k: 2 * k * x) for k, name in enumerate(names, 1)
    )
    same(lambda w, x: p(w[0] * x[0]) + q(w[1] * x[1]), POINTS)


@pytest.mark.parametrize("letters", ["µμ", "ϕφ"])  # micro and mu; two forms of phi: one identifier each
def test_letters_that_python_takes_for_one_name_two_arrays(letters):
    def f(w, x):
        p, q = autograd.tanh(w[0] * x[0]), autograd.exp(w[1] * x[1])
        p.label, q.label = letters
        r = p * q
        return autograd.where(r > 0, r, p) + q

    same(f, POINTS)


def test_the_gradient_may_be_written_over_theta():
    w = [Value(number) for number in WEIGHTS.tolist()]
    program = autograd.compile(lambda x: autograd.dot(w, x) ** 2, w)
    memory = np.zeros(6)
    value, gradient = program(memory[2:5].copy(), POINTS)
    assert program(memory[2:5], POINTS, out=memory[:3])[0] == value
    assert memory[:3].tolist() == gradient.tolist()
    fixed = np.zeros(3)
    fixed.flags.writeable = False
    for wrong in ([0.0] * 3, memory[::2], np.zeros(2), np.zeros(3, np.float32), fixed):
        with pytest.raises(ValueError, match="out must be an array like theta"):
            program(WEIGHTS, POINTS, out=wrong)
