"""The reverse sweep over array programs, to second order: as the eager engine's `grad`, `hvp` and `hessian`.

The programs are run by their definition (`array_programs.Machine`), not as NumPy code.

    theta, v   the numbers of the parameters, and a direction       X   an input with a batch axis
    H          the Hessian by theta of the mean over the batch
"""

import math
import re
from collections import Counter

import numpy as np
import pytest
from array_programs import Machine
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import UNASKED
from test_program import BRANCHES, STEPS, split, step, w

import autograd
import nn
from autograd import Value, derivatives, ops
from autograd.program.arrays import (
    STRUCTURAL,
    ArrayGraph,
    Assembly,
    Axes,
    Input,
    Mending,
    N,
    Places,
    Seen,
    whole,
)
from autograd.program.differentiate import _Sweep, differentiate, hessian_vector, is_constant
from autograd.program.emit import needed
from autograd.program.flatten import flatten
from autograd.program.patterns import View
from autograd.program.reroll import Roll
from autograd.program.trace import examples, trace
from autograd.testing import laws
from autograd.testing.expression import Expression, apply
from autograd.testing.strategies import expressions, rows, targets
from demos import gpt

EVERYWHERE = [name for name, op in nn.modules.ACTIVATIONS.items() if op is None or not op.domain]
HUNDRED = settings().max_examples  # or as many as the profile says


class Rolled:
    """A function of one example as an array program, with the gradient and H·v of its mean over the batch."""

    def __init__(self, f, parameters, *inputs, reduction="mean"):
        self.f, self.parameters, self.inputs, self.n = f, parameters, inputs, len(inputs[0])
        places = {parameter: place for place, parameter in enumerate(parameters)}
        shapes = [x.shape[1:] for x in inputs]
        recorded = trace(f, places, lambda graph: (examples(graph, shapes), {}))
        given = [Input("theta", (len(parameters),), False)]
        given += [Input("x", x.shape[1:], True, x.dtype.kind in "iu") for x in inputs]
        graph, (root,) = flatten(recorded.graph, recorded.nodes)
        roll = Roll(graph, given)
        self.graph = roll.arrays
        self.root = roll.operand(*roll.where(root), [])
        self.theta, *self.given = self.graph.arrays[: len(given)]
        self.v = self.graph.add("input", (), self.theta.shape, False, how=len(given))
        self.seed = self.graph.add("seed", (), (), False, how=reduction)
        (self.gradient,) = differentiate(self.graph, self.root, [self.theta], self.seed)
        self.product = hessian_vector(self.graph, self.root, self.theta, self.v, self.seed)

    def run(self, array, v=None, dtype=float):
        """The numbers of an array; zeros for None."""
        if array is None:
            return np.zeros(len(self.parameters))
        theta = np.array([parameter.data for parameter in self.parameters], dtype)
        inputs = [x if x.dtype.kind in "iu" else x.astype(dtype) for x in self.inputs]
        given = [theta, *inputs, theta if v is None else np.asarray(v, dtype)]
        return Machine(given, self.n, dtype=dtype)(array)

    def hessian(self, dtype=float):
        """Row by row, by hvp with unit vectors."""
        return np.array([self.run(self.product, v, dtype) for v in np.eye(len(self.parameters))])

    def eager(self):
        """The mean over the batch as a function of theta."""
        total = autograd.sum([self.f(*example) for example in zip(*[x.tolist() for x in self.inputs])])
        e = Expression(total / self.n, self.parameters)
        used = [place for place, leaf in enumerate(self.parameters) if leaf in {*e.leaves}]
        return lambda theta: e.build([theta[place] for place in used])

    def agrees(self, rel=1e-9):
        """Gradient, hvp and Hessian are the eager engine's, relative to the largest number."""
        f = self.eager()
        theta = [parameter.data for parameter in self.parameters]
        v = [math.sin(3 * i + 1) for i in range(len(theta))]
        for got, want in (
            (self.run(self.gradient), autograd.grad(f)(theta)),
            (self.run(self.product, v), autograd.hvp(f, (theta,), (v,))[0]),
            (self.hessian(), autograd.hessian(f)(theta)) if len(theta) < 30 else (0.0, 0.0),
        ):
            scale = max(np.abs(want).max(initial=0), 1e-3)
            np.testing.assert_allclose(got, want, rtol=0, atol=rel * scale)


def values(count, low=-1.0, high=1.0):
    return [Value(low + (high - low) * (0.5 + 0.5 * math.sin(7 * i + 1))) for i in range(count)]


def data(*shape, low=-1.0, high=1.0):
    return np.random.default_rng(sum(shape)).uniform(low, high, shape)


def network(activation, loss="quadratic", sizes=(2, 3, 2), n=2):
    """A network's loss of one example, its parameters, and data."""
    model = nn.MLP(sizes[0], sizes[1:], activation, activation, seed=1, init="lecun")
    for parameter in model.parameters():
        parameter.data = 1.1 * parameter.data + 0.13  # no bias on a kink
    f = nn.losses.LOSSES[loss]
    targets = {"cross_entropy": np.arange(n) % 2, "softmax_with_loss": np.eye(2)[np.arange(n) % 2]}
    target = targets.get(loss, np.sign(data(n, 2)) if loss == "hinge" else data(n, 2, low=0.1, high=0.9))
    return lambda x, t: f(model(x), t), model.parameters(), data(n, sizes[0], low=0.2), target


# ── Properties ──────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=2 * HUNDRED)
@given(expressions(leaves=4, size=10), st.integers(0, 3), st.integers(1, 3))
def test_random_graphs_have_the_eager_hessians(e, count, n):
    """To twice the bound of what rounding may add to the graph of each second derivative."""
    f, parameters, x = split(e, count)
    program = Rolled(f, parameters, np.array([x] * n))
    theta = [float(parameter.data) for parameter in parameters[1:]]

    def eager(t):
        return e.build([*t, *e.numbers[len(theta) :]])

    if not theta:
        return
    want = autograd.hessian(eager)(theta)
    recorded = derivatives.hessian(eager)([Value(t) for t in theta])
    found = program.hessian()
    assert not found[0].any() and not found[:, 0].any()
    for got, row, seconds in zip(found[1:, 1:].tolist(), want, recorded):
        for found_one, wanted, second in zip(got, row, seconds):
            assert abs(found_one - wanted) <= 4 * laws.rounding(second)


@settings(max_examples=HUNDRED)
@given(
    expressions(number=int, operations=rows(("rational", "kinked"), int), kinks=True, leaves=4, size=10),
    st.integers(0, 3),
)
def test_graphs_of_whole_numbers_agree_exactly_on_kinks_and_ties_too(e, count):
    f, parameters, x = split(e, count)
    program = Rolled(f, parameters, np.array([x, x]))
    theta = [float(parameter.data) for parameter in parameters]
    want = autograd.hessian(lambda t: e.build([*t[1:], *e.numbers[len(theta) - 1 :]]) + 3 * t[0])(theta)
    assert program.hessian().tolist() == want


steps = st.lists(step, min_size=1, max_size=8)


@settings(max_examples=HUNDRED)
@given(steps, st.integers(4, 6), st.integers(4, 6))
def test_random_programs_on_lists(steps, parameters, inputs):
    """What layers, attention and convolutions are made of: sums of unequal lengths, gathers, broadcasts."""
    w = [Value(math.sin(3 * i + 1)) for i in range(parameters)]

    def f(x):
        lists = [w, x]
        for name, i, j, k in steps:
            a, b = lists[-1 - i % len(lists)], lists[-1 - j % len(lists)]
            lists.append(STEPS[name](a, b, k, x)[:24] or a)
        return autograd.sum([ops.tanh(z) for z in lists[-1] + lists[-2]]) * w[0] * autograd.sum(x)

    Rolled(f, w, np.array([[math.cos(5 * i + 2 * j) for j in range(inputs)] for i in range(2)])).agrees()


# ── Each operation: what it hands back is the transpose of what it does ─────────────────────────────

PLACES = Places([[2, 0, 2], [5, 1, 2]])
ROWS = View(1, (2, 2), (3, 1))  # of six elements: 1, 2, 4, 5
SEEN = Seen([[True, False, False], [True, True, False]])


def mended(graph, x, c=None):
    """The products of x, 0 where nothing is seen, with c; or the sums of x alone."""
    names = (labels(x, x, "ij", "ij", "i"))[::2] if c is None else labels(x, c, "ij", "jk", "ik")
    total = graph.sum(x, Axes((1,))) if c is None else graph.einsum(x, c, names)
    factors, (*given, out) = [x, c][: len(names) - 1], names
    return graph.mended(total, factors, Mending(f"{','.join(given)}->{out}", "ij", SEEN))


LINEAR = {  # by name: the shape of x, and the array made of it
    "view": ((6,), lambda g, x, b: g.view(x, ROWS)),
    "axes": ((2, 1, 3), lambda g, x, b: g.axes(x, [2, None, 0])),
    "copy": ((2, 1), lambda g, x, b: g.own(x, (2, 3))),
    "gather": ((6,), lambda g, x, b: g.look(x, PLACES)),
    "join": ((3,), lambda g, x, b: g.add("join", (x, b("c", (2,)), x), (8,))),
    "einsum": (
        (2, 3),
        lambda g, x, b: g.einsum(x, b("c", (3, 4)), labels(x, b("c", (3, 4)), "ij", "jk", "ik")),
    ),
    "masked": ((1, 3), lambda g, x, b: g.masked(x, SEEN)),
    "mended": (
        (2, 3),
        lambda g, x, b: mended(g, g.masked(x, SEEN), b("c", (3, 4))),
    ),
    "mended sum": ((2, 3), lambda g, x, b: mended(g, g.masked(x, SEEN))),
    "sum": ((2, 3, 2), lambda g, x, b: g.add("sum", (x,), (3,), how=Axes((0, 2)))),
    "sum over the batch": (
        (2, 3),
        lambda g, x, b: g.add("sum", (x,), (2,), False, how=Axes((1,), True)) if x.batched else x,
    ),
    "value": ((), lambda g, x, b: g.add("value", (x,), (), False, how="mean") if x.batched else x),
    "value, a sum": ((), lambda g, x, b: g.add("value", (x,), (), False, how="sum") if x.batched else x),
    "segment_sum": ((6,), lambda g, x, b: g.add("segment_sum", (x,), (3,), how=Places([0, 1, 4]))),
    "take": ((2, 4), lambda g, x, b: g.add("take", (x, b("i", (2,))), (2,))),
    "take of one row": ((1, 4), lambda g, x, b: g.add("take", (x, b("i", (3,))), (3,))),
    "untake": (
        (3,),
        lambda g, x, b: g.add("untake", (g.own(x, batched=True), b("i", (3,))), (1, 4), x.batched),
    ),
    "assemble": (
        (2, 2),
        lambda g, x, b: g.add(
            "assemble",
            (x, g.reshape(x, (4,)), b("c", (2, 2))),
            (6,),
            how=Assembly((ROWS, Places([0, 3, 1, 2]), whole((2, 2))), False, True),
        ),
    ),
    "assemble of equal parts": (
        (2, 1),
        lambda g, x, b: g.add("assemble", (x,), (6,), how=Assembly((ROWS,), True, False)),
    ),
    "a product with what has no batch": ((1, 3), lambda g, x, b: g.elementwise(ops.mul, [x, b("c", (2, 3))])),
    "where": (
        (2, 3),
        lambda g, x, b: g.elementwise(ops.where, [b("i", (2, 3)), x, g.elementwise(ops.neg, [x])]),
    ),
}


def labels(x, y, a, b, out):
    return N * x.batched + a, N * y.batched + b, N * (x.batched or y.batched) + out


@pytest.mark.parametrize("other", [True, False], ids=["batched", ""])
@pytest.mark.parametrize("batched", [True, False], ids=["batched", ""])
@pytest.mark.parametrize("name", LINEAR)
def test_what_an_operation_hands_back_is_its_transpose(name, batched, other):
    """⟨u, Lx⟩ = ⟨Lᵀu, x⟩; and L again if that is transposed once more."""
    graph, n = ArrayGraph(), 3
    shape, build = LINEAR[name]
    x = graph.add("input", (), shape, batched, how=0)
    given = {}

    def input_of(what, shape):
        if (what, shape) not in given:
            given[what, shape] = graph.add("input", (), shape, other, how=2 + len(given))
            given[what, shape].type = "np.intp" if what == "i" else "dtype"
        return given[what, shape]

    z = build(graph, x, input_of)
    u = graph.add("input", (), z.shape, z.batched, how=1)
    (back,) = differentiate(graph, z, [x], u)
    (again,) = differentiate(graph, back, [u], graph.reshape(graph.own(x), (x.size,)))
    rng = np.random.default_rng(0)
    numbers = [rng.normal(size=(n,) * array.batched + array.shape) for array in (x, u)]
    numbers += [
        rng.integers(0, 2, (n,) * array.batched + array.shape)
        if array.type == "np.intp"
        else np.zeros((n,) * array.batched + array.shape)
        if name in ("join", "assemble")  # of which c is a part, so that they are not linear in x
        else rng.normal(size=(n,) * array.batched + array.shape)
        for array in given.values()
    ]
    machine = Machine(numbers, n)
    assert (back.shape, back.batched) == ((x.size,), x.batched)
    assert np.vdot(machine(u), machine(z)) == pytest.approx(np.vdot(machine(back), machine(x)))
    np.testing.assert_allclose(machine(again), machine(z).reshape(machine(again).shape), rtol=1e-12)


def test_every_structural_operation_has_a_rule_or_is_a_constant():
    tested = {re.match(r"\w+", name)[0] for name in LINEAR} | {"sequence", "others", "segment_others"}
    for name in STRUCTURAL:
        graph = ArrayGraph()
        array = graph.add(name, (graph.add("input", (), (), False),), (), how=ops.amax)
        if name not in ("input", "constant", "seed", "count"):
            assert is_constant(array) != hasattr(_Sweep, name), name
            assert is_constant(array) != (name in tested), name


# ── Networks ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("activation", EVERYWHERE)
def test_networks_of_every_activation(activation, n):
    Rolled(*network(activation, n=n)).agrees()


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("loss", nn.losses.LOSSES)
def test_networks_of_every_loss(loss, n):
    activation = "sigmoid" if loss == "binary_cross_entropy" else "tanh"
    Rolled(*network(activation, loss, n=n)).agrees()


@pytest.mark.parametrize("activation", ["sigmoid", "softplus", "relu"])
def test_in_float32(activation):
    program = Rolled(*network(activation))
    want = autograd.hessian(program.eager())([p.data for p in program.parameters])
    found = program.hessian(np.float32)
    np.testing.assert_allclose(found, want, rtol=0, atol=1e-5 * np.abs(want).max())


def test_the_sum_is_n_times_the_mean():
    mean, total = (Rolled(*network("tanh", n=5), reduction=which) for which in ("mean", "sum"))
    np.testing.assert_allclose(total.run(total.product), 5 * mean.run(mean.product), rtol=1e-13)


def test_a_small_gpt():
    alphabet = gpt.Alphabet(["ada", "eve"])
    model = gpt.GPT(len(alphabet), d=2, heads=1, seed=0)
    tokens = np.array([alphabet.encode(name) for name in ("ada", "eve")])
    Rolled(lambda tokens: gpt.loss_of(model, tokens), model.parameters(), tokens).agrees()


def test_an_embedding_by_index_and_a_recurrence():
    table, cell = nn.Embedding(4, 2, seed=0), nn.Layer(4, 2, "tanh", seed=1)

    def f(tokens, target):
        h = [0.1, 0.2]
        for token in tokens:
            h = cell([*table(token), *h])
        return nn.losses.cross_entropy(h, target)

    tokens = np.array([[0, 1, 0], [3, 3, 2]])
    Rolled(f, [*table.parameters(), *cell.parameters()], tokens, np.array([0, 1])).agrees()


def test_an_index_into_what_is_computed():
    p = values(6)

    def f(x, i):
        rows = [[p[0] * x[0], p[1] * p[2], p[3]], [p[3] * p[4], x[1], p[5] * p[5]]]
        first, second = (autograd.take(row, i) for row in rows)
        return first * second * first + autograd.take([p[0] * p[1], p[1], p[2] * x[0]], i)

    Rolled(f, p, data(3, 2), np.array([0, 2, 2])).agrees()


def test_softmax_and_logsumexp_of_few_and_of_many():
    p = values(5, low=-2.0, high=2.0)
    X = data(3, 2, low=-3.0, high=3.0)
    Rolled(
        lambda x: ops.logsumexp([z * z for z in p]) * x[0] + ops.logsumexp([p[0] * x[0], 1.0, 2.0]), p, X
    ).agrees()
    Rolled(lambda x: ops.dot(ops.softmax([z * x[1] for z in p]), [*p[1:], x[0]]), p, X).agrees()
    growing = lambda x: autograd.sum([ops.logsumexp([z * x[0] for z in p[: i + 1]]) * p[i] for i in range(5)])
    Rolled(growing, p, X).agrees()


def test_logsumexp_of_ties_and_of_minus_infinity():
    p = [Value(1.5), Value(1.5), Value(1.5), Value(-0.5)]
    Rolled(lambda x: ops.logsumexp(p) * x + ops.logsumexp(p[:2]) ** 2, p, np.array([1.0, 2.0])).agrees()
    masked = lambda x: ops.logsumexp([p[0] * x, ops.where(x > 1, p[1], -math.inf), p[3] * p[3]])
    Rolled(masked, p, np.array([0.5, 2.0])).agrees()


# ── Kinks, ties, and what no one asks for ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", BRANCHES)
def test_a_branch_that_is_not_taken_leaves_no_trace(name):
    Rolled(BRANCHES[name], [w], np.array([0.0, 1.0, 2.0, -1.0, 0.5])).agrees()


@pytest.mark.parametrize("name", UNASKED)
def test_an_upstream_of_exactly_0_asks_for_no_slope(name):
    """0 · ∞ is 0 to second order too, where the eager engine has it so."""
    p = [Value(0.0), Value(2.0)]
    program = Rolled(lambda x: UNASKED[name](ops, p[0]) * p[1] * x + p[0] * p[0] * x, p, np.array([1.0, 3.0]))
    f = program.eager()
    try:
        want = autograd.hessian(f)([0.0, 2.0])
    except ZeroDivisionError:
        pytest.skip("the second derivative does not exist at 0")
    assert program.run(program.gradient).tolist() == autograd.grad(f)([0.0, 2.0])
    assert program.hessian().tolist() == want


def test_an_upstream_that_is_0_at_a_point_keeps_its_derivative_where_the_slope_exists():
    """(x √(x + 1))″ is 1 at 0, though the upstream of the root is x; and x √x has none there."""
    p = [Value(0.0)]
    assert Rolled(lambda x: p[0] * ops.sqrt(p[0] + x), p, np.array([1.0])).hessian() == 1.0
    Rolled(lambda x: ops.where(x > 2, p[0], p[0] * ops.sqrt(p[0] + x) * p[0]), p, np.array([1.0])).agrees()


def test_rows_without_rules_are_constants():
    p = values(2)
    Rolled(lambda x: ops.pi(p[0]) * p[0] * p[0] * p[1] * x, p, np.array([1.0, 2.0])).agrees()


@pytest.mark.parametrize("slope", [-0.5, 0.25, 1.0, 3.0])
def test_kinks_and_ties(slope):
    p, X = [Value(0.0), Value(slope), Value(0.0)], np.array([0.0, 1.0, -1.0])
    for f in (
        lambda x: ops.leaky_relu(p[0] + x, p[1]) * p[1] + ops.elu(p[0] * x, p[1]) * p[0],
        lambda x: (
            ops.maximum(p[0] * p[1], p[2] * x) * p[1] + ops.amax([p[0] * p[2], x * p[0], p[2], x]) * p[1]
        ),
        lambda x: ops.relu(p[0] * p[0] + x) ** 2 + ops.absolute(p[0] - x) * p[1] * p[2],
        lambda x: ops.clip(p[0] + x, -1.0, p[1]) * p[1] + ops.clip(p[0], x * p[2], p[1] * x) * p[0],
        lambda x: ops.hypot(p[1], p[0] * x) * p[2] + ops.floor(p[0] + x) * p[1] * p[1],
    ):
        Rolled(f, p, X).agrees()


@pytest.mark.parametrize("op", rows(), ids=lambda op: op.name)
def test_every_row_to_second_order(op):
    """Where its arguments are parameters, and inputs."""
    count = 2 * op.sequences or op.arity
    places = [float(place) for place in targets(op, count, float)]
    p = [Value(place) for place in places]
    fixed = {i: choices[0] for i, choices in op.parameters.items()}
    args = [fixed.get(i, p[i]) for i in range(count)]
    two = [fixed.get(i, p[i] * 1.01) for i in range(count)]
    f = lambda x: apply(op, args) * x + apply(op, two) ** 2 + apply(op, args) * apply(op, two)
    Rolled(f, p, np.array([1.0, 2.0])).agrees(rel=1e-8)


# ── By several arrays, and for each example ─────────────────────────────────────────────────────────


def given_arrays(graph, *shapes):
    return [graph.add("input", (), shape, batched, how=i) for i, (shape, batched) in enumerate(shapes)]


def test_by_several_inputs_in_one_sweep():
    """tanh(Wx + b) · c: by W and b summed over the batch, by x for each example, by what is unused None."""
    graph, n = ArrayGraph(), 4
    W, b, x, c, unused = given_arrays(
        graph, ((6,), False), ((2,), False), ((3,), True), ((2,), True), ((2,), False)
    )
    matrix = graph.reshape(W, (2, 3))
    z = graph.elementwise(ops.add, [graph.einsum(matrix, x, ("ij", N + "j", N + "i")), b])
    root = graph.einsum(graph.elementwise(ops.tanh, [z]), c, (N + "i", N + "i", N))
    seed = graph.add("seed", (), (), False, how="sum")
    *by, nothing = differentiate(graph, root, [W, b, x, c, unused], seed)
    assert nothing is None
    assert [(y.shape, y.batched) for y in by] == [(a.shape, a.batched) for a in (W, b, x, c)]
    numbers = [data(6), data(2), data(n, 3), data(n, 2), data(2)]
    machine = Machine(numbers, n)
    slope = (1 - np.tanh(numbers[2] @ numbers[0].reshape(2, 3).T + numbers[1]) ** 2) * numbers[3]
    wanted = [(slope.T @ numbers[2]).reshape(-1), slope.sum(0), slope @ numbers[0].reshape(2, 3)]
    for y, want in zip(by, [*wanted, machine(root.args[0])]):
        np.testing.assert_allclose(machine(y), want, rtol=1e-13)


@pytest.mark.parametrize("n", [1, 3])
def test_the_gradient_of_each_example_by_what_has_no_batch(n):
    """By a copy with a batch it is each example's own; the sum of these is the gradient by the original."""
    graph = ArrayGraph()
    theta, x = given_arrays(graph, ((3,), False), ((3,), True))
    each = graph.own(theta, batched=True)
    square = graph.elementwise(ops.mul, [each, each])
    root = graph.einsum(graph.elementwise(ops.sin, [square]), x, (N + "i", N + "i", N))
    seed = graph.add("seed", (), (), False, how="sum")
    by_each, by_all, by_square = differentiate(graph, root, [each, theta, square], seed)
    machine = Machine([data(3), data(n, 3)], n)
    assert (by_each.batched, by_all.batched) == (True, False)
    np.testing.assert_allclose(machine(by_each), 2 * data(3) * np.cos(data(3) ** 2) * data(n, 3), rtol=1e-13)
    np.testing.assert_allclose(machine(by_all), machine(by_each).sum(0), rtol=1e-13)
    np.testing.assert_allclose(machine(by_square), np.cos(data(3) ** 2) * data(n, 3), rtol=1e-13)


def test_a_gradient_that_is_equal_for_all_examples_is_given_in_full():
    """c · x has the gradient c by every x."""
    graph = ArrayGraph()
    c, x = given_arrays(graph, ((2,), False), ((2,), True))
    root = graph.einsum(c, x, ("i", N + "i", N))
    (by,) = differentiate(graph, root, [x], graph.add("seed", (), (), False, how="sum"))
    assert Machine([data(2), data(3, 2)], 3)(by).tolist() == [data(2).tolist()] * 3


def test_a_seed_for_each_example():
    graph = ArrayGraph()
    theta, x, u = given_arrays(graph, ((2,), False), ((2,), True), ((), True))
    root = graph.einsum(graph.elementwise(ops.exp, [theta]), x, ("i", N + "i", N))
    (by,) = differentiate(graph, root, [theta], u)
    X, U = data(3, 2), data(3)
    np.testing.assert_allclose(Machine([data(2), X, U], 3)(by), np.exp(data(2)) * (U @ X), rtol=1e-13)


def test_third_derivatives():
    """A sweep over a sweep over a sweep: ∂(vᵀHv)/∂θ."""
    f, p, *inputs = network("tanh", sizes=(2, 2, 1))
    program = Rolled(lambda x, t: f(x, t[:1]), p, *inputs)
    graph, theta, v = program.graph, program.theta, program.v
    (third,) = differentiate(graph, program.product, [theta], v)
    direction = [math.cos(i) for i in range(len(p))]
    of_theta = program.eager()
    want = autograd.grad(lambda t: ops.dot(autograd.hvp(of_theta, (t,), (direction,))[0], direction))(
        [x.data for x in p]
    )
    np.testing.assert_allclose(program.run(third, direction), want, rtol=1e-9, atol=1e-12)


# ── Programs ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_program_has_hvp_and_hessian(n, reduction):
    f, p, *inputs = network("tanh", "cross_entropy", n=n)
    program = autograd.compile(f, p, reduction)
    theta = program.parameters()
    of_theta = Rolled(f, p, *inputs).eager()
    scale = n if reduction == "sum" else 1
    hessian = np.array(autograd.hessian(of_theta)(theta.tolist())) * scale
    v = np.sin(np.arange(len(theta)))
    bound = 1e-9 * np.abs(hessian).max()
    np.testing.assert_allclose(program.hessian(theta, *inputs), hessian, rtol=0, atol=bound)
    np.testing.assert_allclose(program.hvp(theta, v, *inputs), hessian @ v, rtol=0, atol=bound * len(v))
    assert program.hvp(theta, np.zeros_like(theta), *inputs).tolist() == [0] * len(theta)
    single = program.hvp(theta.astype("f4"), v.astype("f4"), inputs[0].astype("f4"), inputs[1])
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, hessian @ v, rtol=0, atol=1e-5 * np.abs(hessian).max() * len(v))


@given(expressions(leaves=4, size=8), st.integers(0, 2))
def test_programs_of_random_graphs_have_the_same_product(e, count):
    f, parameters, x = split(e, count)
    theta, v = np.array([float(p.data) for p in parameters]), np.cos(np.arange(len(parameters)))
    X = np.array([x, x])
    rolled = Rolled(f, parameters, X)
    got = autograd.compile(f, parameters).hvp(theta, v, X)
    np.testing.assert_allclose(got, rolled.run(rolled.product, v), rtol=1e-9, atol=1e-9)


def test_a_program_without_inputs_or_of_another_v():
    p = [Value(0.5), Value(2.0)]
    program = autograd.compile(lambda: p[0] ** 3 * p[1], p)
    theta = program.parameters()
    assert program.hessian(theta).tolist() == [[6.0, 0.75], [0.75, 0.0]]
    assert program.hvp(theta, np.array([1.0, 2.0])).tolist() == [7.5, 0.75]
    line = autograd.compile(lambda v: p[0] * v + p[1], p)
    assert not line.hessian(theta, np.array([3.0])).any()
    assert "v_2" in line.source
    for wrong in [1.0, 2.0], np.zeros(3), np.zeros(2, "f4"):
        with pytest.raises(TypeError, match=r"hvp: v must be an array like theta, \(2,\) of float64"):
            program.hvp(theta, wrong)
    with pytest.raises(TypeError, match="returned a list, and a gradient needs one number"):
        autograd.compile(lambda x: [p[0] * x, x], p).hvp(theta, theta, theta)


def test_the_product_reads_the_numbers_of_other_values_now():
    p, c = [Value(0.5), Value(2.0)], Value(3.0)
    program = autograd.compile(lambda x: p[0] ** 3 * p[1] * c * x, p)
    theta, v, X = program.parameters(), np.array([1.0, 2.0]), np.array([1.0, 3.0])
    assert program.hvp(theta, v, X).tolist() == [45.0, 4.5]
    c.data = 5.0
    assert program.hvp(theta, v, X).tolist() == [75.0, 7.5]


# ── What a person would not write ───────────────────────────────────────────────────────────────────


def operations(program, array):
    """The arrays that one needs, by operation, without views and sources."""
    return Counter(
        op if isinstance(op := x.op, str) else op.name
        for x in needed([array])
        if x.op not in ("view", "axes", "input", "constant", "seed", "count")
    )


def test_equal_contributions_are_counted_and_not_added_up():
    p = values(3)
    program = Rolled(lambda x: p[0] * p[0] * x + p[1] * p[2], p, np.array([1.0, 2.0]))
    assert "add" not in operations(program, program.gradient)


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_what_is_the_same_for_all_examples_is_not_divided_by_n_to_be_multiplied_by_it(factor):
    """As weight decay in the loss: 49 · (1/49) would be 0.9999999999999999."""
    p = values(3)
    program = autograd.compile(lambda x: (ops.dot(p, p) + x) * factor + p[0], p)
    _, gradient = program(program.parameters(), np.zeros(49))
    assert gradient.tolist() == [2 * factor * q.data + (q is p[0]) for q in p]
    assert "* n" not in program.source


def test_no_product_by_1_or_0_and_no_mask_around_a_choice():
    p = values(2)
    program = Rolled(lambda x: ops.where(x > 0, p[0] * x, p[1] - p[0]) + ops.floor(p[0]), p, data(3))
    for array in needed([program.gradient]):
        assert not (array.op is ops.mul and {0.0, 1.0} & {arg for arg in array.args if type(arg) is float})
        assert array.op is not ops.where or 1.0 not in array.args
        assert array.op is not ops.add or all(arg.op is not ops.neg for arg in array.args)
    assert "floor" not in operations(program, program.gradient)


def test_data_that_are_missing_where_a_branch_is_not_taken():
    """An example marked by nan or ∞, and left out by where, adds nothing to any derivative."""
    p = values(3)
    X = np.array([[0.5, 1.0], [math.nan, 2.0], [math.inf, 1.0]])

    def f(x):
        known = x[0] < 2
        product = ops.where(
            known, lambda: ops.dot([p[0], p[1] * p[0]], [x[0], x[0] * x[1]]) * p[2] * x[0], 0.0
        )
        return product + p[1] * x[1] * p[0]

    Rolled(f, p, X).agrees()
