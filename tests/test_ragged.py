"""Ragged rows in rectangles: the eager engine's numbers, by the operations of hand-written NumPy."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, dot, ops
from autograd.program import ragged

QUIET = {"view", "axes", "theta", "input", "constant", "seed", "count"}
BAD = [math.inf, -math.inf, math.nan, 1e308, -1e308, 0.0]


def operations(program):
    """How many operations of each symbol a program has, without those that have no elements of their own."""
    return Counter(o.symbol for o in program.operations if o.symbol not in QUIET)


# ── Random families of ragged rows ──────────────────────────────────────────────────────────────────


@st.composite
def spans(draw, length):
    """The stretch of 0, …, length − 1 that each row reads."""
    kind = draw(st.sampled_from(["growing", "shrinking", "window", "random", "equal", "some"]))
    if kind == "growing":
        found = [(0, t + 1) for t in range(length)]
    elif kind == "shrinking":
        found = [(t, length) for t in range(length)]
    elif kind == "window":
        width = draw(st.integers(1, length))
        found = [(max(0, t + 1 - width), t + 1) for t in range(length)]
    elif kind == "equal":
        found = [(0, length)] * length
    else:
        ends = st.tuples(st.integers(0, length - 1), st.integers(1, length))
        found = [(min(a, b - 1), max(a + 1, b)) for a, b in draw(st.lists(ends, min_size=2, max_size=7))]
    return found[draw(st.integers(0, 1)) if kind == "some" else 0 :]


ELEMENT = {  # of the score of a pair
    "itself": lambda s: s,
    "exp": ops.exp,
    "over": lambda s: 1 / s,
    "root": lambda s: ops.sqrt(ops.absolute(s)),
    "square": lambda s: s * s,
    "where": lambda s: ops.where(s > 0, s, 2 * s),
    "tanh": ops.tanh,
}
PAIR = {
    "dot": lambda q, k: dot(q, k),
    "difference": lambda q, k: q[0] - k[0],
    "product": lambda q, k: q[0] * k[1],
    "distance": lambda q, k: dot([a - b for a, b in zip(q, k)], [a - b for a, b in zip(q, k)]),
    "quotient": lambda q, k: q[1] / k[0],
}


def softmaxed(row, v):
    weights = ops.softmax(row)
    return [dot(weights, column) for column in zip(*v)]


REDUCE = {
    "sum": lambda row, v: [autograd.sum(row)],
    "logsumexp": lambda row, v: [ops.logsumexp(row)],
    "greatest and sum": lambda row, v: [autograd.sum(ops.log_softmax(row))],
    "softmax": softmaxed,
    "dot": lambda row, v: [dot(row, column) for column in zip(*v)],
    "mean": lambda row, v: [autograd.mean(row)],
    "dot with itself": lambda row, v: [dot(row, row)],
}


@st.composite
def families(draw):
    """A function of parameters and x, both (T, d), in rows that each read a stretch; T and d."""
    length, d = draw(st.integers(2, 7)), draw(st.integers(2, 3))
    stretches = draw(spans(length))
    pair, element, reduce = (draw(st.sampled_from(sorted(table))) for table in (PAIR, ELEMENT, REDUCE))
    own, after = draw(st.booleans()), draw(st.sampled_from(["sum", "where", "again", "running"]))

    def f(w, x):
        """Queries are parameters times x, or x; keys are parameters; values are x."""
        q = [[a * b for a, b in zip(row, w[0])] for row in x] if own else x
        k = [[a + b for a, b in zip(row, other)] for row, other in zip(x, w)]
        rows = []
        for t, (low, high) in enumerate(stretches):
            scores = [ELEMENT[element](PAIR[pair](q[t % length], k[s])) for s in range(low, high)]
            rows.append(REDUCE[reduce](scores, x[low:high]))
        flat = [z for row in rows for z in row]
        if after == "where":
            return autograd.sum([ops.where(z > 0.5, z, 0.25) for z in flat])
        if after == "again":
            return autograd.sum([dot(flat[:i], flat[-i:]) for i in range(1, len(flat) + 1)])
        if after == "running":
            totals = [autograd.sum(flat[: i + 1]) for i in range(len(flat))]
            return autograd.sum([ops.logsumexp(totals[i:]) for i in range(len(totals))])
        return autograd.sum([*flat, 0.0])

    f.__name__ = f"{pair}, {element}, {reduce} of {stretches}, {after}, {own}"
    return f, length, d


def eager(f, w, x):
    """Value and gradient; None outside of a function's domain."""
    values = [[Value(z) for z in row] for row in w]
    try:
        loss = f(values, x)
        loss.backward()
    except (ArithmeticError, ValueError):
        return None
    return loss.data, np.array([z.grad for row in values for z in row], float)


def compiled(f, w, x):
    """The same of a program; None where it refuses a nan."""
    values = [[Value(z) for z in row] for row in w]
    program = autograd.compile(lambda x: f(values, x), [z for row in values for z in row], "sum")
    try:
        return program(program.parameters(), np.array(x))
    except ValueError:  # it names a nan among the inputs
        return None


def agree(one, other):
    """Whether two values and gradients are the same but for rounding."""
    if one is None or other is None:
        return one is other
    close = [
        np.allclose(a, b, rtol=1e-8, atol=1e-9 * max([1.0, *np.abs(b)[np.isfinite(b)]]), equal_nan=True)
        for a, b in zip(map(np.atleast_1d, one), map(np.atleast_1d, other), strict=True)
    ]
    return all(close)


def check(f, w, rows):
    """A batch of examples against the eager engine."""
    wants = [eager(f, w, x) for x in rows]
    if None in [want and 0 for want in wants]:
        return
    want = sum(value for value, _ in wants), sum(gradient for _, gradient in wants)
    with np.errstate(all="ignore"):
        got = compiled(f, w, rows)
        if not agree(got, want):
            with pytest.MonkeyPatch.context() as patch:  # rows as they are, without rectangles
                patch.setattr(ragged, "LIMIT", 0)
                plain = compiled(f, w, rows)
            assert not agree(plain, want), (f.__name__, got, want)


numbers = st.floats(-2, 2).map(lambda z: round(z, 3))


@settings(max_examples=200)
@given(families(), st.data())
def test_ragged_rows_are_those_of_the_eager_engine(family, data):
    f, length, d = family
    matrix = st.lists(st.lists(numbers, min_size=d, max_size=d), min_size=length, max_size=length)
    w, x, y = data.draw(matrix), data.draw(matrix), data.draw(matrix)
    check(f, w, [x, y])


@settings(max_examples=200)
@given(families(), st.data())
def test_what_is_not_finite_stays_where_it_is(family, data):
    f, length, d = family
    matrix = st.lists(st.lists(numbers, min_size=d, max_size=d), min_size=length, max_size=length)
    w, x = data.draw(matrix), data.draw(matrix)
    for _ in range(data.draw(st.integers(1, 2))):
        which = data.draw(st.sampled_from([w, x]))
        which[data.draw(st.integers(0, length - 1))][data.draw(st.integers(0, d - 1))] = data.draw(
            st.sampled_from(BAD)
        )
    check(f, w, [x])


# ── Examples ────────────────────────────────────────────────────────────────────────────────────────


def values(*shape, seed=0):
    """Parameters in nested lists."""
    numbers = np.random.default_rng(seed).normal(size=shape)
    return np.vectorize(Value, otypes=[object])(numbers).tolist()


def flattened(nested):
    """The parameters of nested lists."""
    return [z for part in nested for z in flattened(part)] if isinstance(nested, list) else [nested]


def attention(matrices, x, heads=1, window=None):
    """What each position takes from itself and those before it, or the last `window` of them."""
    q, k, v = ([[dot(row, xi) for row in matrix] for xi in x] for matrix in matrices)
    size, outputs = len(x[0]) // heads, []
    for t in range(len(x)):
        past, mixed = range(0 if window is None else max(0, t + 1 - window), t + 1), []
        for share in (slice(h * size, (h + 1) * size) for h in range(heads)):
            weights = ops.softmax([dot(q[t][share], k[s][share]) / math.sqrt(size) for s in past])
            mixed += [dot(weights, column) for column in zip(*[v[s][share] for s in past])]
        outputs.append(mixed)
    return outputs


def by_hand(matrices, x, heads=1, window=None):
    """The same on arrays."""
    n, length, d = x.shape
    t = np.arange(length)
    hidden = (t > t[:, None]) | (t <= t[:, None] - (window or length))
    q, k, v = (
        (x @ matrix.T).reshape(n, length, heads, -1).transpose(0, 2, 1, 3) for matrix in np.array(matrices)
    )
    scores = np.where(hidden, -np.inf, q @ k.transpose(0, 1, 3, 2) / math.sqrt(d // heads))
    e = np.exp(scores - scores.max(-1, keepdims=True))
    mixed = e / e.sum(-1, keepdims=True) @ v
    return mixed.transpose(0, 2, 1, 3).reshape(n, length, d)


@pytest.mark.parametrize(("heads", "window"), [(1, None), (2, None), (1, 3), (2, 4)])
def test_causal_attention_is_matrix_products_over_all_pairs(heads, window):
    matrices, x = values(3, 4, 4), np.random.default_rng(1).normal(size=(2, 6, 4))
    program = autograd.compile(lambda x: attention(matrices, x, heads, window), flattened(matrices))
    got = program.predict(program.parameters(), x)
    numbers = np.array([z.data for z in flattened(matrices)]).reshape(3, 4, 4)
    np.testing.assert_allclose(got, by_hand(numbers, x, heads, window), rtol=1e-12)
    count = operations(program)
    assert count["matmul"] == 3  # queries, keys and values; scores; what they weigh
    assert count["exp"] == count["max"] == count["where"] == 1
    assert not {"gather", "join"} & count.keys() or heads > 1  # heads stand side by side in what is returned


def test_the_operations_do_not_grow_with_the_sequence():
    counts, nodes = [], []
    for length in (4, 8, 16):
        matrices = values(3, 4, 4)
        program = autograd.compile(
            lambda x, m=matrices: autograd.sum([z * z for row in attention(m, x) for z in row]),
            flattened(matrices),
        )
        program(program.parameters(), np.ones((1, length, 4)))
        counts.append(operations(program))
        nodes.append(program.nodes)
    assert counts[0] == counts[1] == counts[2] and nodes[2] > 2 * nodes[1]
    assert not {"gather", "join"} & counts[0].keys()


w = values(8, seed=3)
L = values(8, 8, seed=4)
GROWING = {  # what is written, its parameters, and the operations of its forward pass
    "running sums": (
        lambda x: (lambda e: [autograd.sum(e[: t + 1]) for t in range(8)])(
            [ops.tanh(a * b) for a, b in zip(w, x)]
        ),
        w,
        {"×": 1, "tanh": 1, "matmul": 1, "Σ ×": 1},
    ),
    "running logsumexp": (
        lambda x: (lambda e: [ops.logsumexp(e[: t + 1]) for t in range(8)])([a * b for a, b in zip(w, x)]),
        w,
        {"×": 1, "where": 1, "max": 1, "finite": 1, "−": 1, "exp": 1, "Σ − 1": 1, "log1p": 1, "+": 1},
    ),
    "prefix dots": (
        lambda x: [dot(w[: t + 1], x[: t + 1]) for t in range(8)],
        w,
        {"where": 1, "matmul": 1, "Σ ×": 1},
    ),
    "a lower triangular matrix · a vector": (
        lambda x: [dot(L[t][: t + 1], x[: t + 1]) for t in range(8)],
        flattened(L),
        {"where": 1, "matmul": 1, "Σ ×": 1},
    ),
}


@pytest.mark.parametrize("name", GROWING)
def test_growing_rows(name):
    f, parameters, want = GROWING[name]
    program, x = autograd.compile(f, parameters), np.random.default_rng(0).normal(size=(2, 8))
    outputs = program.predict(program.parameters(), x)
    assert operations(program) == want, program.source
    np.testing.assert_allclose(outputs, [[z.data for z in f(row)] for row in x.tolist()], rtol=1e-12)


def test_what_later_positions_hold_reaches_no_earlier_one():
    """Infinite and nan values of the last position, whose weights are 0 in all rows but its own."""
    for bad in (math.inf, -math.inf, math.nan, 1e308):
        scores, v = values(4, 4, seed=5), values(4, 2, seed=6)
        v[3][0].data = bad

        def f(x, scores=scores, v=v):
            rows = [ops.softmax([a * x for a in row[: t + 1]]) for t, row in enumerate(scores)]
            return [dot(row, [vi[j] for vi in v[: len(row)]]) for row in rows for j in range(2)]

        program = autograd.compile(f, flattened([scores, v]))
        outputs = program.predict(program.parameters(), np.ones(1))[0]
        np.testing.assert_allclose(outputs, [z.data for z in f(1.0)], rtol=1e-12)
        first = autograd.compile(
            lambda x, f=f: ops.where(x > 0, f(x)[0], 0.0) + f(x)[4], flattened([scores, v])
        )
        value, gradient = first(first.parameters(), np.ones(1))
        loss = f(1.0)[0] + f(1.0)[4]
        loss.backward()
        assert value == pytest.approx(loss.data, rel=1e-12)
        np.testing.assert_allclose(gradient, [z.grad for z in flattened([scores, v])], rtol=1e-12, atol=1e-15)


def test_rows_that_leave_most_of_a_rectangle_empty_are_segments():
    """One long row among short ones."""
    lengths = [40, *[1, 3] * 20]
    p = values(41, 40, seed=7)
    f = lambda x: [autograd.sum([ops.tanh(a * x) for a in row[:k]]) for row, k in zip(p, lengths)]
    program = autograd.compile(f, flattened(p))
    outputs = program.predict(program.parameters(), np.ones(1))
    assert "where" not in operations(program)
    np.testing.assert_allclose(outputs[0], [z.data for z in f(1.0)], rtol=1e-12)


def test_jax_runs_what_is_ragged():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    matrices, x = values(3, 4, 4), np.random.default_rng(1).normal(size=(2, 6, 4))
    loss = lambda x: autograd.sum([z * z for row in attention(matrices, x, 2) for z in row])
    program = autograd.compile(loss, flattened(matrices))
    theta = program.parameters()
    step = jax.jit(program.to_jax())
    for inputs in (x, np.where(np.arange(6)[:, None] == 5, np.inf, x)):
        value, gradient = program(theta, inputs)
        got = step(theta, inputs)
        np.testing.assert_allclose(got[0], value, rtol=1e-12)
        np.testing.assert_allclose(got[1], gradient, rtol=1e-10)
    for f, parameters, _ in GROWING.values():
        program = autograd.compile(lambda x, f=f: autograd.sum([z * z for z in f(x)]), parameters)
        value, gradient = program(program.parameters(), x[:, 0, :].repeat(2, 1))
        got = program.to_jax()(program.parameters(), x[:, 0, :].repeat(2, 1))
        np.testing.assert_allclose(got[0], value, rtol=1e-12)
        np.testing.assert_allclose(got[1], gradient, rtol=1e-10)
