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

QUIET = {"view", "axes", "input", "constant", "seed", "count"}
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
    own, after = draw(st.booleans()), draw(st.sampled_from(["sum", "where", "again"]))

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
        return autograd.sum([*flat, 0.0])

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
            assert not agree(plain, want), (got, want)


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
