"""Re-rolling: which array operations come out of a scalar graph, however it was written.

operations   Counter of the symbols of the forward pass, views and sources left out
"""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, ops
from autograd.program.arrays import Array, ArrayGraph, Axes, Places, base, whole
from autograd.program.bundle import connected
from autograd.program.contract import matmul, product
from autograd.program.patterns import View
from demos import gpt

QUIET = {"view", "axes", "input", "constant", "seed", "count"}  # without elements of their own
COPIES = {"gather", "join", "copy"}


def program_of(f, parameters, *inputs):
    """The program, compiled for inputs."""
    program = autograd.compile(f, parameters)
    program(program.parameters(), *inputs)
    return program


def operations(program, stage="forward"):
    """How many operations of each symbol a stage has."""
    return Counter(o.symbol for o in program.operations if o.stage == stage and o.symbol not in QUIET)


def network(*sizes, seed=0, elementary=False, activation="sigmoid"):
    """A network, its loss, and data for it."""
    model = nn.MLP(sizes[0], sizes[1:], activation, activation, seed=seed, elementary=elementary)
    rng = np.random.default_rng(seed)
    inputs = rng.random((3, sizes[0])), rng.random((3, sizes[-1]))
    return model, lambda x, y: nn.losses.quadratic(model(x), y), inputs


# ── Nielsen's network ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("elementary", [False, True])
def test_nielsens_network_is_four_matrix_products_and_two_more_backward(elementary):
    """784-30-10: the equations of his chapter 2 for a whole mini-batch, however a neuron is written."""
    model, loss, (X, y) = network(784, 30, 10, elementary=elementary)
    program = program_of(loss, model.parameters(), X, y)
    assert operations(program) == {"matmul": 2, "+": 2, "σ": 2, "−": 1, "Σ ×": 1, "/": 1, "mean": 1}
    backward = operations(program, "backward")
    assert backward["matmul"] == 3  # (BP2) for one layer, (BP4) for two
    assert backward["Σ"] == 2  # (BP3) for two layers
    assert not COPIES & {o.symbol for o in program.operations}
    shapes = {o.name: o.shape for o in program.operations}
    assert (shapes["z2"], shapes["a2"], shapes["z3"], shapes["a3"]) == (("n", 30),) * 2 + (("n", 10),) * 2
    assert (shapes["dw2"], shapes["dw3"], shapes["db2"], shapes["db3"]) == ((30, 784), (10, 30), (30,), (10,))
    sources, neurons = 23_860 + 784 + 10, 40
    rest = 10 + 1 + 2  # the differences, their dot, and its half with the constant 2
    sums = 2 * (30 * 784 + 10 * 30) if elementary else 2 * neurons  # products and sums; or dot and sum
    assert program.nodes == sources + sums + neurons + rest
    scalars = sum(o.scalars for o in program.operations)
    dots = 30 * (2 * 784 - 1) + 10 * (2 * 30 - 1) + (2 * 10 - 1)  # k products have k − 1 sums
    assert scalars == dots + 2 * neurons + 10 + 1


def test_the_number_of_operations_does_not_grow_with_the_network():
    counts = []
    for sizes in ((4, 3, 2), (9, 8, 7), (30, 20, 10)):
        model, loss, inputs = network(*sizes)
        counts.append(Counter(o.symbol for o in program_of(loss, model.parameters(), *inputs).operations))
    assert counts[0] == counts[1] == counts[2]


@settings(max_examples=25)
@given(
    st.lists(st.integers(2, 5), min_size=2, max_size=4), st.sampled_from(["tanh", "relu", "softplus", "gelu"])
)
def test_one_program_whichever_way_neurons_are_written(sizes, activation):
    found = []
    for elementary in (False, True):
        model, loss, inputs = network(*sizes, elementary=elementary, activation=activation)
        program = program_of(loss, model.parameters(), *inputs)
        found.append([(o.symbol, o.shape, o.scalars, o.stage) for o in program.operations])
        forward = operations(program)
        assert forward["matmul"] == len(sizes) - 1
        assert not COPIES & {o.symbol for o in program.operations}
    assert found[0] == found[1]


# ── Single forms ────────────────────────────────────────────────────────────────────────────────────


def values(*shape):
    """Parameters in nested lists."""
    if len(shape) == 1:
        return [Value(0.1 * i + 0.5) for i in range(shape[0])]
    return [values(*shape[1:]) for _ in range(shape[0])]


w = [Value(0.1 * i + 0.5) for i in range(12)]
rows = [w[0:4], w[4:8], w[8:12]]
X = np.random.default_rng(0).random((2, 4))
M = np.random.default_rng(0).random((2, 5, 4))

FORMS = {  # what is written, inputs, its forward pass without what ends in the one number
    "an elementwise row": (lambda x: [a * b for a, b in zip(w, x)], X, {"×": 1}),
    "a row on every second one": (
        lambda x: [ops.exp(a * b) for a, b in zip(w[::2], x)],
        X,
        {"×": 1, "exp": 1},
    ),
    "backwards": (lambda x: [a * b for a, b in zip(w[3::-1], x)], X, {"×": 1, "gather": 1}),
    "one parameter by all": (lambda x: [w[0] * b for b in x], X, {"×": 1}),
    "one constant by all": (lambda x: [w[0] * (2.5 * b) for b in x], X, {"×": 2}),
    "matrix · vector": (lambda x: [ops.dot(r, x) for r in rows], X, {"matmul": 1}),
    "vector · matrix": (lambda x: [ops.dot([r[j] for r in rows], x[:3]) for j in range(4)], X, {"matmul": 1}),
    "matrix · matrix": (lambda x: [ops.dot(r, xi) for xi in x for r in rows], M, {"matmul": 1}),
    "matrix · matrix, the other way round": (
        lambda x: [ops.dot(xi, r) for r in rows for xi in x],
        M,
        {"matmul": 1},
    ),
    "x · xᵀ": (lambda x: [ops.dot(a, b) * w[0] for a in x for b in x], M, {"matmul": 1, "×": 1}),
    "an outer product": (lambda x: [a * b for a in w[:3] for b in x], X, {"×": 1}),
    "sums of rows": (lambda x: [autograd.sum(xi) * w[0] for xi in x], M, {"Σ": 1, "×": 1}),
    "sums of columns": (
        lambda x: [autograd.sum([xi[j] for xi in x]) * w[0] for j in range(4)],
        M,
        {"Σ": 1, "×": 1},
    ),
    "dots that have nothing in common": (
        lambda x: [ops.dot(w[:2], x[:2]), ops.dot([x[3], x[2]], [x[2], x[2]])],
        X,
        {"Σ ×": 1, "gather": 2, "join": 1},
    ),
    "dots that share an operand": (
        lambda x: [ops.dot(w[:4], x), ops.dot(x, x)],
        X,
        {"join": 1, "matmul": 1, "Σ ×": 1},
    ),
    "rows of one kind on two arrays stay apart": (
        lambda x: [*[ops.exp(a) * x[0] for a in w[:3]], *[ops.exp(b) * w[0] for b in x]],
        X,
        {"exp": 2, "×": 2, "join": 1},
    ),
    "sums of four numbers from four arrays": (
        lambda x: [a * xi + ops.exp(a) + ops.sin(xi) + 0.5 for a, xi in zip(w, x)],
        X,
        {"×": 1, "exp": 1, "sin": 1, "+": 3},
    ),
    "sums in another order": (
        lambda x: [
            a * xi + ops.exp(a) + ops.sin(xi) if i % 2 else ops.sin(xi) + a * xi + ops.exp(a)
            for i, (a, xi) in enumerate(zip(w, x))
        ],
        X,
        {"×": 1, "exp": 1, "sin": 1, "+": 2},
    ),
    "a sum of two kinds": (
        lambda x: [autograd.sum([*map(ops.exp, w), *map(ops.sin, x)]) * xi for xi in x],
        X,
        {"exp": 1, "sin": 1, "Σ": 2, "+": 1, "×": 1},
    ),
    "products of two kinds": (
        lambda x: [
            autograd.sum([ops.exp(xi) * a for a, xi in zip(w, x)] + [a * ops.sin(a) for a in w]) * xi
            for xi in x
        ],
        X,
        {"exp": 1, "sin": 1, "matmul": 1, "Σ ×": 1, "+": 1, "×": 1},
    ),
    "weights and their squares": (
        lambda x: [
            *(ops.dot(a, b) * x[0] for a in rows[:2] for b in rows[2:]),
            *(ops.dot(r, r) for r in rows),
        ],
        X,
        {"matmul": 1, "Σ ×": 1, "×": 1, "join": 1},
    ),
    "all dots of rows, squares among them": (
        lambda x: [ops.dot(a, b) * x[0] for a in rows for b in rows],
        X,
        {"matmul": 1, "×": 1},
    ),
    "dots with one constant": (
        lambda x: [ops.dot(r, [0.5] * 4) * x[0] for r in rows],
        X,
        {"matmul": 1, "×": 1},
    ),
    "constants in no order": (
        lambda x: [xi * c for xi, c in zip(x, (3.0, 1.5, 3.0, 2.0))],
        X,
        {"×": 1},
    ),
    "places in the order of another operand": (
        lambda x: [w[i] * x[i] for i in (2, 0, 3, 1)],
        X,
        {"×": 1, "gather": 1},
    ),
    "a sign in a difference": (lambda x: [-(a * xi) + xi for a, xi in zip(w, x)], X, {"×": 1, "−": 1}),
    "common subexpressions": (
        lambda x: [ops.exp(w[0] * x[0]), ops.exp(x[0] * w[0])],
        X,
        {"×": 1, "exp": 1, "gather": 1},
    ),
    "a convolution": (
        lambda x: [ops.dot(w[:2], x[i : i + 2]) for i in range(3)],
        X,
        {"matmul": 1, "gather": 1},
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms(name):
    f, inputs, want = FORMS[name]
    program = autograd.compile(f, w)
    outputs = program.predict(program.parameters(), inputs)
    assert operations(program) == want, program.source
    assert outputs.tolist() == pytest.approx(
        np.array([[getattr(z, "data", z) for z in f(x)] for x in inputs.tolist()]), rel=1e-14
    )


def test_a_whole_bundle_stands_for_its_nodes():
    program = autograd.compile(lambda x: [ops.tanh(a * b) for a in w for b in x], w)
    program.predict(program.parameters(), X)
    assert {o.symbol: o.scalars for o in program.operations if o.scalars} == {"×": 48, "tanh": 48}
    assert program.nodes == 12 + 4 + 2 * 48


def test_what_depends_on_no_input_is_computed_once_for_a_batch():
    program = autograd.compile(lambda x: [ops.dot(w[:4], w[4:8]) * x[0], ops.dot(w[:4], x)], w)
    program.predict(program.parameters(), X)
    assert {o.shape for o in program.operations if o.symbol in ("matmul", "Σ ×")} == {(), ("n",)}


def test_parameters_between_others_are_a_view():
    """Weights between biases, in layers of several sizes: theta is sliced, never copied."""
    model, loss, inputs = network(5, 4, 3, 2)
    program = program_of(loss, model.parameters(), *inputs)
    assert operations(program)["matmul"] == 3 and not COPIES & {o.symbol for o in program.operations}
    shuffled = model.parameters()[::-1]
    again = program_of(loss, shuffled, *inputs)
    want = program(program.parameters(), *inputs)[1]
    got = again(again.parameters(), *inputs)[1]
    assert got[::-1].tolist() == pytest.approx(want.tolist(), rel=1e-12)


def test_attention_is_matrix_products():
    """All positions of a sequence at once: queries by keys, weights by values."""
    q, k, v = values(3, 4), values(3, 4), values(3, 4)
    flat = [p for matrix in (q, k, v) for row in matrix for p in row]

    def attention(x):
        queries, keys, contents = ([[ops.dot(r, xi) for r in m] for xi in x] for m in (q, k, v))
        weights = [ops.softmax([ops.dot(a, b) for b in keys]) for a in queries]
        return [[ops.dot(row, [c[j] for c in contents]) for j in range(3)] for row in weights]

    program = autograd.compile(attention, flat)
    outputs = program.predict(program.parameters(), M)
    want = [[[z.data for z in row] for row in attention(x)] for x in M.tolist()]
    assert outputs.tolist() == pytest.approx(np.array(want), rel=1e-12)
    count = operations(program)
    assert count["matmul"] <= 5 and count["exp"] == 1 and count["max"] == 1
    assert not {"gather", "join"} & count.keys()


@pytest.mark.parametrize("order", ["ifog", "fiog", "oifg"])
def test_gates_that_alternate_are_views(order):
    """The rows of a unit of an LSTM stand together, and its gates are computed in another order than that."""
    W, x = values(3, 4, 5), np.random.default_rng(0).random((2, 5))

    def units(x):
        gates = [{name: ops.dot(row, x) for name, row in zip("ifog", unit)} for unit in W]
        made = [{name: (ops.tanh if name == "g" else ops.sigmoid)(z[name]) for name in order} for z in gates]
        return [a["o"] * ops.tanh(a["i"] * a["g"] + a["f"]) for a in made]

    program = autograd.compile(units, [p for unit in W for row in unit for p in row])
    outputs = program.predict(program.parameters(), x)
    assert outputs.tolist() == pytest.approx(
        np.array([[z.data for z in units(xi)] for xi in x.tolist()]), rel=1e-12
    )
    assert operations(program) == {"matmul": 1, "σ": 1, "tanh": 2, "×": 2, "+": 1}


def test_a_recurrent_network_is_two_matrix_products_a_step():
    """Its first step too, whose products are with the constant 0."""
    W, U, b = values(3, 2), values(3, 3), values(3)
    flat = [p for row in W + U for p in row] + b

    def loss(x):
        h = [0.0] * 3
        for xk in x:
            h = [ops.tanh(ops.dot(w, xk) + ops.dot(u, h) + bi) for w, u, bi in zip(W, U, b)]
        return autograd.sum(h)

    program = program_of(loss, flat, np.random.default_rng(0).random((2, 4, 2)))
    assert operations(program) == {"matmul": 5, "+": 8, "tanh": 4, "Σ": 1, "mean": 1}
    assert not COPIES - {"copy"} & {o.symbol for o in program.operations}


def test_the_gradient_of_a_number_that_many_use_is_one_dot():
    """A temperature, a scale, a rate: Σ of the products of what arrives and what it was multiplied by."""
    scale = Value(0.5)
    program = program_of(lambda x: autograd.sum([ops.tanh(scale * xi) for xi in x]), [scale], X)
    backward = operations(program, "backward")
    assert backward["Σ ×"] == 1 and not backward["Σ"]


def test_a_softmax_over_a_growing_past_does_not_split_the_network():
    """The first one, over a single number, is at the level of the others, and so is what follows."""
    names = ["emma", "anna"]
    alphabet = gpt.Alphabet(names)
    model = gpt.GPT(len(alphabet), d=8, heads=2, seed=0)
    inputs = np.array([alphabet.encode(name) for name in names])
    count = operations(program_of(lambda tokens: gpt.loss_of(model, tokens), model.parameters(), inputs))
    assert count["matmul"] == 5 + 2 and count["relu"] == 1  # the layers; all scores, and what they weigh
    assert not {"gather", "join"} & count.keys()


def test_a_loss_shifts_its_outputs_once():
    w = values(3)
    count = operations(program_of(lambda t: nn.losses.cross_entropy(w, t), w, np.eye(3)))
    assert count["max"] == count["exp"] == 1 and "finite" not in count


def test_the_shift_of_parameters_is_not_frozen():
    """The greatest of the parameters of now, not of those that were there when it was compiled."""
    w = values(3)
    f = lambda x: (
        ops.dot(ops.softmax(w), [x, 2.0, 3.0])
        + autograd.grad(lambda v: ops.dot(ops.softmax(w), [v, 1, 1]))(x)
    )
    program = program_of(f, w, np.zeros(1))
    value, gradient = program(np.array([2000.0, 2000.0, -3000.0]), np.zeros(1))
    assert (value, *gradient) == (1.5, -0.25, 0.25, 0)


# ── The data structure ──────────────────────────────────────────────────────────────────────────────


def test_equal_arrays_are_kept_once():
    graph = ArrayGraph()
    theta = graph.add("input", (), (6,), False, how=0)
    x = graph.add("input", (), (6,), True, how=0)
    assert graph.add("input", (), (6,), False, how=0) is theta
    assert graph.elementwise(ops.mul, [theta, x]) is graph.elementwise(ops.mul, [theta, x])
    assert graph.elementwise(ops.mul, [theta, 1.0]) is theta
    assert graph.elementwise(ops.mul, [2.0, 3.0]) == 6.0
    assert graph.view(theta, whole((6,))) is theta
    assert graph.view(theta, View(0, (2, 3), (3, 1))) is graph.view(theta, whole((2, 3)))
    assert [array.number for array in graph.arrays] == [*range(len(graph.arrays))]
    product_ = graph.elementwise(ops.mul, [theta, x])
    assert (product_.batched, product_.shape, product_.size) == (True, (6,), 6)
    assert repr(product_).startswith("%2 = mul(%0, %1) (n, 6)")


def test_axes_of_axes():
    graph = ArrayGraph()
    x = graph.add("join", (), (2, 3), False)
    turned = graph.axes(x, [1, 0])
    assert turned.shape == (3, 2)
    assert graph.axes(turned, [1, 0]) is x
    assert graph.axes(x, [0, 1]) is x
    assert graph.axes(graph.axes(x, [None, 1, 0]), [0, 2, 1]).how == (None, 0, 1)
    assert base(graph.axes(turned, [0, None, 1])) is x
    assert graph.own(turned) is turned and graph.own(x) is x
    assert graph.own(x, batched=True).batched


def test_places_are_compared_by_content():
    a, b, c = Places([1, 2, 3]), Places(np.array([1, 2, 3])), Places([[1, 2, 3]])
    assert a == b and hash(a) == hash(b) and a != c and a != [1, 2, 3]
    assert len({a, b, c}) == 2


def test_a_product_that_sums_nothing_is_elementwise():
    graph = ArrayGraph()
    a, b = graph.add("join", (), (3,), False), graph.add("join", (), (4,), True)
    outer = graph.einsum(a, b, ("i", "nj", "nji"))
    assert (outer.op, outer.shape, outer.batched) == (ops.mul, (4, 3), True)
    inner = graph.einsum(b, b, ("nj", "nj", "n"))
    assert (inner.op, inner.shape, inner.how) == ("einsum", (), ("nj", "nj", "n"))
    assert isinstance(inner, Array) and Axes((0,)).batch is False


labels = st.lists(st.sampled_from("abcn"), unique=True, max_size=3)


@given(labels, labels, st.permutations("abcn"), st.sets(st.sampled_from("abcn")))
def test_a_contraction_as_a_matrix_product(a, b, order, dropped):
    """Where there is a form, its text gives what einsum gives."""
    a, b, out = ("".join(x) for x in (a, b, [i for i in order if i in {*a, *b} - dropped]))
    if "n" in a + b and "n" not in out:
        out = "n" + out
    form = product(a, b, out)
    if form is None:
        return
    sizes = {"a": 2, "b": 3, "c": 5, "n": 4}
    x, y = (np.arange(1.0, 1 + np.prod([sizes[i] for i in own], dtype=int)) for own in (a, b))
    x, y = x.reshape([sizes[i] for i in a]), y.reshape([sizes[i] for i in b])
    args = [
        Array(k, "join", (), tuple(sizes[i] for i in own if i != "n"), "n" in own, None)
        for k, own in enumerate((a, b))
    ]
    shape = tuple(sizes[i] for i in out)
    array = Array(2, "einsum", tuple(args), tuple(sizes[i] for i in out if i != "n"), "n" in out, (a, b, out))
    text, _ = matmul(array, form, ["x", "y"])
    result = eval(text, {"x": x, "y": y, "n": 4})
    assert result.shape == shape
    assert (result == np.einsum(f"{a},{b}->{out}", x, y)).all(), (a, b, out, text)


def test_products_that_networks_need():
    assert product("ij", "nj", "ni") == ("", "n", "i", "j", True)
    assert product("ni", "nj", "ij") == ("", "i", "j", "n", False)
    assert product("ij", "nlj", "nli").swapped
    assert product("nij", "nkj", "nik").prefix == "n"
    for labels in (("ni", "nj", "nij"), ("ni", "ni", "n"), ("nij", "j", "n")):
        assert product(*labels) is None or labels[2] == "n"


@given(
    st.lists(st.tuples(st.sampled_from("abc") | st.none(), st.sampled_from("xyz")), min_size=1, max_size=9)
)
def test_nodes_are_joined_where_they_share_what_they_read(pairs):
    kinds = {}
    for node, kind in enumerate(pairs):
        kinds.setdefault(kind, []).append(node)
    parts = connected(kinds)
    assert sorted(node for part in parts for node in part) == [*range(len(pairs))]
    assert all(part == sorted(part) for part in parts)
    of = {node: i for i, part in enumerate(parts) for node in part}
    for i, (a, x) in enumerate(pairs):
        for j, (b, y) in enumerate(pairs):
            if x == y or (a == b and a is not None):
                assert of[i] == of[j]
    for one in range(len(parts)):
        for other in range(one):
            left, right = ({pairs[n] for n in parts[k]} for k in (one, other))
            assert not {x for _, x in left} & {x for _, x in right}
            assert not {a for a, _ in left} & {a for a, _ in right} - {None}
