"""The laws of differentiation on thousands of random graphs with shared subexpressions, on every number type.

A long run, a hundred times as many:

    pytest tests/test_laws.py --hypothesis-profile=long --hypothesis-seed=0
"""

import re
import warnings
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Op, Value, ops
from autograd.testing import laws
from autograd.testing.checks import VacuousCheckWarning, check_grads
from autograd.testing.expression import Expression
from autograd.testing.laws import INVERSES, LAWS, homogeneous, inverse
from autograd.testing.strategies import expressions, networks, numbers, rows

HUNDRED = settings().max_examples  # or as many as the profile says
GRAPHS = {float: 9, Fraction: 5, complex: 2, Decimal: 2, mpmath.mpf: 1, int: 2}  # in hundreds: 2,100 per run


@pytest.mark.parametrize("kind", GRAPHS, ids=lambda kind: kind.__name__)
def test_every_law_holds_on_random_graphs(kind):
    """In Fractions and ints exactly; else within the bound of rounding."""
    seen = Counter()

    @settings(max_examples=GRAPHS[kind] * HUNDRED)
    @given(expressions(number=kind))
    def check(e):
        for law in LAWS.values():
            law(e)
        seen[kind] += 1

    check()
    assert seen[kind] >= 0.9 * GRAPHS[kind] * HUNDRED  # nothing starved; few graphs exhaust themselves


@settings(max_examples=HUNDRED // 2)
@given(networks())
def test_every_law_holds_on_networks(e):
    for name, law in LAWS.items():
        if name != "symmetric_hessian":  # 27 parameters have 729 bounds
            law(e)


@settings(max_examples=HUNDRED)
@given(expressions(number=int, operations=rows(("rational", "kinked"), int), kinks=True))
def test_laws_that_hold_on_kinks_and_ties_too(e):
    """Where the graph is computed as it is, a subgradient is as good as a derivative."""
    for law in (
        laws.twice,
        laws.zero_seed,
        laws.seed_linearity,
        laws.paths,
        laws.sorting,
        laws.forward_is_reverse,
    ):
        law(e)


@settings(max_examples=HUNDRED)
@given(expressions(size=8))
def test_check_grads_agrees_on_random_graphs(e):
    """Every rule in every graph against an oracle that knows nothing of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VacuousCheckWarning)  # x − x has the derivative 0
        check_grads(e.build, e.numbers)


# ── Laws of particular functions ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", INVERSES)
@given(data=st.data())
def test_inverse_pairs(name, data):
    f, g, domain = INVERSES[name]
    inverse(f, g, data.draw(numbers(float, domain)), name)


@pytest.mark.parametrize("name", ["1 / (1 / x)", "−(−x)"])
@given(data=st.data())
def test_inverse_pairs_are_exact_in_fractions(name, data):
    f, g, domain = INVERSES[name]
    inverse(f, g, data.draw(numbers(Fraction, domain)), name)


HOMOGENEOUS = {
    "hypot": (lambda x: ops.hypot(x[0], x[1]), 1),
    "quotient": (lambda x: x[0] * x[0] / x[1], 1),
    "geometric mean": (lambda x: ops.sqrt(x[0] * x[1]), 1),
    "arctan2": (lambda x: ops.arctan2(x[0], x[1]), 0),
    "dot": (lambda x: ops.dot(x, [x[1], x[0], x[1]]), 2),
    "prod": (ops.prod, 3),
    "max": (lambda x: ops.maximum(x[0], ops.relu(x[1] + x[2])), 1),
}


@pytest.mark.parametrize("name", HOMOGENEOUS)
@given(x=st.lists(numbers(float, ops.POSITIVE), min_size=3, max_size=3, unique=True))
def test_euler_identity_of_homogeneous_functions(name, x):
    f, degree = HOMOGENEOUS[name]
    homogeneous(f, x, degree)


# ── The laws can fail ───────────────────────────────────────────────────────────────────────────────


def test_a_failure_is_one_line_with_the_numbers_and_the_graph(monkeypatch):
    monkeypatch.setattr(ops.sin, "partials", (lambda x, z: 1.01 * ops.cos(x),))
    with pytest.raises(AssertionError) as caught:
        inverse(ops.sin, ops.arcsin, 0.5, "arcsin(sin(x))")
    assert re.fullmatch(
        r"inverse pair: the derivative of arcsin\(sin\(x\)\) is 1.01, not 1 "
        r"\(differs by more than rounding, \d\.\de-14\), in x = 0.5",
        str(caught.value),
    )


def test_wrong_claims_are_refused():
    with pytest.raises(AssertionError, match="Euler's identity: x·∇f is"):
        homogeneous(ops.prod, [2.0, 3.0], 3)
    with pytest.raises(AssertionError, match="inverse pair: log"):
        inverse(ops.exp, ops.log1p, 0.5, "log(1 + exp(x))")


def test_a_row_that_is_not_what_it_says_breaks_its_laws():
    """A rule that breaks off the graph is right to first order; symmetry of the Hessian finds it."""
    numb = Op(
        "numb", lambda x, y: x * y * y, lambda x, y, z: y * y, lambda x, y, z: 2 * x * getattr(y, "data", y)
    )
    broken = Op("broken", lambda x, y: x * y, lambda x, y, z: getattr(y, "data", y), lambda x, y, z: x)
    x, y = Value(2), Value(3)
    laws.forward_is_reverse(numb(x, y))
    with pytest.raises(
        AssertionError, match=r"Hessian symmetry: the entry 2, 1 is 1, not 0 \(must be equal\)"
    ):
        laws.symmetric_hessian(broken(x, y))


def test_laws_take_a_value_or_an_expression_and_leave_its_gradients_alone():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    root = autograd.exp(x / y) * x
    for law in LAWS.values():
        law(root)
        law(Expression(root))
    assert (x.grad, y.grad, root.grad) == (0, 0, 0)


def test_paths_are_counted_before_they_grow_without_end():
    x = Value(1)
    y = x
    for _ in range(40):
        y = y + y
    laws.paths(y, most=100)


def test_bounds_are_tight():
    """A part in a billion is not excused as rounding: random graphs rarely cancel more than that."""
    tolerances = []

    @settings(max_examples=200, derandomize=True, database=None)
    @given(expressions())
    def sample(e):
        f = laws.Gradient(e.build, e.numbers)
        tolerances.extend(
            float(bound / abs(df)) for df, bound in zip(f.by, laws.rewriting_bounds(e), strict=True) if df
        )

    sample()
    tolerances.sort()
    assert tolerances[len(tolerances) * 9 // 10] < 1e-9
