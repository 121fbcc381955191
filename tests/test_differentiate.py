"""The reverse sweep over array programs, to second order: as the eager engine's `grad`, `hvp` and `hessian`.

The programs are run by their definition (`array_programs.Machine`), not by the NumPy code made of them.

    theta, v   the numbers of the parameters, and a direction       X   an input with a batch axis
    H          the Hessian by theta of the mean over the batch
"""

import math

import numpy as np
import pytest
from array_programs import Machine
from hypothesis import given, settings
from hypothesis import strategies as st
from test_program import STEPS, step

import autograd
from autograd import Value, derivatives, ops
from autograd.program.arrays import STRUCTURAL, ArrayGraph, Assembly, Axes, Input, N, Places, whole
from autograd.program.differentiate import _Sweep, differentiate, hessian_vector, is_constant
from autograd.program.flatten import flatten
from autograd.program.patterns import View
from autograd.program.reroll import Roll
from autograd.program.trace import examples, trace
from autograd.testing import laws
from autograd.testing.expression import Expression
from autograd.testing.strategies import expressions, rows

HUNDRED = settings().max_examples  # or as many as the profile says


class Rolled:
    """A function of one example as an array program, with the gradient and H·v of its mean over the batch."""

    def __init__(self, f, parameters, *inputs):
        self.f, self.parameters, self.inputs, self.n = f, parameters, inputs, len(inputs[0])
        places = {parameter: place for place, parameter in enumerate(parameters)}
        shapes = [x.shape[1:] for x in inputs]
        recorded = trace(f, places, lambda graph: (examples(graph, shapes), {}))
        given = [Input("theta", (len(parameters),), False), *(Input("x", shape) for shape in shapes)]
        graph, (root,) = flatten(recorded.graph, recorded.nodes)
        roll = Roll(graph, given)
        self.graph = roll.arrays
        self.root = roll.operand(*roll.where(root), [])
        self.theta, *self.given = self.graph.arrays[: len(given)]
        self.v = self.graph.add("input", (), self.theta.shape, False, how=len(given))
        self.seed = self.graph.add("seed", (), (), False)
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
        used = [self.parameters.index(leaf) for leaf in e.leaves]
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


def split(e, count):
    """As in test_program: a function of one example, its parameters, and the numbers of the example."""
    spare, count = Value(0.0, "spare"), min(count, len(e.leaves))
    parameters = e.leaves[: len(e.leaves) - count]

    def f(x):
        return e.build([*parameters, *x[1:]]) + spare * x[0]

    return f, [spare, *parameters], [3.0, *[float(x) for x in e.numbers[len(parameters) :]]]


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
        for g, w, second in zip(got, row, seconds):
            assert abs(g - w) <= 4 * laws.rounding(second)


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
    "sum": ((2, 3, 2), lambda g, x, b: g.add("sum", (x,), (3,), how=Axes((0, 2)))),
    "sum over the batch": (
        (2, 3),
        lambda g, x, b: g.add("sum", (x,), (2,), False, how=Axes((1,), True)) if x.batched else x,
    ),
    "value": ((), lambda g, x, b: g.add("value", (x,), (), False) if x.batched else x),
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


@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("other", [True, False], ids=["batched", ""])
@pytest.mark.parametrize("batched", [True, False], ids=["batched", ""])
@pytest.mark.parametrize("name", LINEAR)
def test_what_an_operation_hands_back_is_its_transpose(name, batched, other, mean):
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
    machine = Machine(numbers, n, mean)
    assert (back.shape, back.batched) == ((x.size,), x.batched)
    assert np.vdot(machine(u), machine(z)) == pytest.approx(np.vdot(machine(back), machine(x)))
    np.testing.assert_allclose(machine(again), machine(z).reshape(machine(again).shape), rtol=1e-12)


def test_every_structural_operation_has_a_rule_or_is_a_constant():
    tested = {name.split()[0] for name in LINEAR} | {"sequence", "others", "segment_others"}
    for name in STRUCTURAL:
        graph = ArrayGraph()
        array = graph.add(name, (graph.add("input", (), (), False),), (), how=ops.amax)
        if name not in ("input", "constant", "seed", "count"):
            assert is_constant(array) != hasattr(_Sweep, name), name
            assert is_constant(array) != (name in tested), name
