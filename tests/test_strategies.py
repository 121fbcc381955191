"""The strategies: what is drawn lies well inside every domain, shrinks to little, and can be pasted."""

import math
import os
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import mpmath
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Op, Value, ops
from autograd.ops import Interval
from autograd.testing import strategies
from autograd.testing.expression import Expression
from autograd.testing.strategies import expressions, networks, numbers, operations, rows, zone

KINDS = [int, float, Fraction, Decimal, complex, mpmath.mpf, mpmath.mpc]
INTERVALS = sorted({interval for op in ops.TABLE.values() for interval in op.domain}, key=str)
PASTE = {**vars(autograd), "Fraction": Fraction, "Decimal": Decimal, "mpf": mpmath.mpf, "mpc": mpmath.mpc}

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def paste(text):
    names = dict(PASTE)
    exec(text, names)
    return names


# ── Numbers and operations ──────────────────────────────────────────────────────────────────────────


@kinds
@pytest.mark.parametrize("domain", INTERVALS, ids=str)
@settings(max_examples=10)
@given(data=st.data())
def test_numbers_lie_well_inside_their_domain(kind, domain, data):
    if kind is int and domain == Interval(0, 1):
        with pytest.raises(ValueError, match="no int of few digits lies well inside"):
            numbers(kind, domain)
        return
    x = data.draw(numbers(kind, domain))
    low, high = zone(domain)
    assert type(x) is kind
    assert domain.low < low - 1e-9 < x.real < high + 1e-9 < domain.high
    assert domain.hole is None or abs(x - domain.hole) > 0.16
    assert abs(x.imag) <= strategies.TILT


def test_numbers_shrink_to_a_whole_one():
    assert find(numbers(), lambda x: True) == 0
    assert find(numbers(float, ops.POSITIVE), lambda x: x > 1.5) == 2


@given(operations(kinds=("kinked",), number=Fraction))
def test_operations_are_of_the_kinds_asked_for(op):
    assert op.kind == "kinked"


def test_rows_follow_the_number_type():
    assert ops.exp in rows() and ops.exp not in rows(number=Fraction) and ops.sin not in rows(number=Decimal)
    assert ops.relu not in rows(number=complex) and ops.div not in rows(number=int)
    assert {op.kind for op in rows("rational")} == {"rational"}
    with pytest.raises(ValueError, match="no row is of kind 'smoth'; choose from rational, analytic"):
        rows("smoth")


# ── Expressions ─────────────────────────────────────────────────────────────────────────────────────


@kinds
@settings(max_examples=40)
@given(data=st.data())
def test_expressions_are_safe_everywhere(kind, data):
    """Every operation stands well inside its domain and off its kinks, on numbers of the type."""
    e = data.draw(expressions(number=kind))
    real = mpmath.mpf if kind is mpmath.mpc else kind  # mpmath's log1p(mpc(0)) is mpf(0)
    for node in e.order:
        assert isinstance(node.data, int if kind is int else kind | real | int)
        if not node.args or node.op.parameters:
            continue
        assert abs(node.data) <= strategies.LARGEST or node.op in (ops.add, ops.sub)
        assert node.op.kind != "kinked" or not strategies.is_near_kink(node.op, node.operands)
        for interval, x in zip(node.op.domain, node.operands):
            assert strategies.is_inside(x, interval, node.op.kind)
    e.root.backward()
    assert all(abs(leaf.grad) < math.inf for leaf in e.leaves)


@kinds
@settings(max_examples=25)
@given(data=st.data())
def test_what_is_printed_can_be_pasted(kind, data):
    """And gives the same number and the same gradient."""
    e = data.draw(expressions(number=kind))
    pasted = paste(repr(e))
    e.root.backward()
    pasted["root"].backward()
    assert pasted["root"].data == e.root.data
    for i, leaf in enumerate(e.leaves, start=1):
        assert pasted[f"x{i}"].grad == leaf.grad


@given(networks())
def test_printed_networks_keep_their_labels(e):
    pasted = paste(repr(e))
    assert pasted["root"].data == e.root.data
    assert [pasted[leaf.label].data for leaf in e.leaves] == e.numbers


@given(expressions())
def test_an_expression_is_a_function_of_its_leaves(e):
    assert e.build(e.numbers) == e.root.data
    values = [Value(x) for x in e.numbers]
    root = e.build(values)
    assert (root.data, repr(Expression(root, values))) == (e.root.data, repr(e))
    with pytest.raises(ValueError, match=r"the expression has \d+ leaves, not 0"):
        e.build([])


def test_a_recorded_graph_prints_as_python():
    x, w, odd = Value(2.0), Value(-3.0, "w"), Value(1.0, "learning rate")
    t = (w - -1) ** 2 % 5
    root = autograd.dot([x, t], [odd, 2]) + -t
    assert repr(Expression(root, [x, odd])).splitlines() == [
        "x1, x2, w = Value(2.0), Value(1.0), Value(-3.0)",
        "t1 = w - (-1)",
        "t2 = t1 ** 2",
        "t3 = t2 % 5",
        "t4 = dot([x1, t3], [x2, 2])",
        "t5 = -t3",
        "root = t4 + t5",
    ]
    assert repr(Expression(w)) == "w = Value(-3.0)\nroot = w"
    add = Op("add", lambda x, y: x - y, lambda x, y, z: 1, lambda x, y, z: -1)
    assert str(Expression(add(Value(1.0), Value(2.0)))).endswith("root = add(x1, x2)")


@pytest.mark.parametrize("op", rows(), ids=lambda op: op.name)
@settings(max_examples=10)
@given(data=st.data())
def test_every_row_alone_makes_expressions(op, data):
    e = data.draw(expressions(operations=[op], size=4))
    assert {node.op for node in e.order if node.args} <= {op, ops.add}


def test_subexpressions_are_shared_and_every_row_appears():
    shared, seen = [], Counter()

    @settings(max_examples=600, derandomize=True, database=None)
    @given(expressions())
    def sample(e):
        uses = Counter(arg for node in e.order for arg in node.args if arg.args)
        shared.append(any(n > 1 for n in uses.values()))
        seen.update(node.op for node in e.order)

    sample()
    assert sum(shared) > len(shared) / 4
    assert set(rows()) <= seen.keys()


@pytest.mark.parametrize(
    ("condition", "most"),
    [
        (lambda e: any(node.op is ops.exp for node in e.order), 2),
        (lambda e: any(node.op is ops.log for node in e.order), 3),
        (lambda e: {ops.tanh, ops.mul} <= {node.op for node in e.order}, 3),
        (lambda e: abs(e.root.data) > 3, 3),
    ],
)
def test_expressions_shrink_to_little(condition, most):
    few = [ops.add, ops.mul, ops.exp, ops.log, ops.tanh]
    often = settings(max_examples=2000, derandomize=True, database=None)
    smallest = find(expressions(operations=few), condition, settings=often)
    assert len(repr(smallest).splitlines()) <= most, smallest


def test_kinks_and_ties_appear_when_asked_for():
    def tied(e):
        return any(node.op is ops.maximum and len(set(node.operands)) == 1 for node in e.order)

    find(expressions(operations=[ops.maximum, ops.add], kinks=True), tied)


# ── Rows of one's own, networks, and where Hypothesis is not installed ──────────────────────────────

cube = Op("cube", lambda x: x * x * x, lambda x, z: 3 * x * x, kind="rational")
inverse_square = Op("inverse_square", lambda x: 1 / (x + 1.25) ** 2 + 1000, lambda x, z: 0)


@given(expressions(operations=[ops.add, cube], number=Fraction))
def test_rows_of_your_own_take_part(e):
    assert all(isinstance(node.data, Fraction) for node in e.order)


tooth = Op("tooth", lambda x: x - math.floor(x), lambda x, z: 1, kind="kinked", kinks=lambda x: x - round(x))


@given(expressions(operations=[ops.mul, tooth]))
def test_a_row_says_where_its_kinks_lie(e):
    for node in e.order:
        assert node.op is not tooth or abs(node.operands[0] - round(node.operands[0])) >= strategies.MARGIN


def test_a_row_without_a_safe_place_in_a_number_type_is_not_drawn_there():
    """All whole numbers are kinks of floor, and selu is rational on one side alone."""
    assert {ops.floor, ops.ceil} <= {*rows()} and not {ops.floor, ops.ceil} & {*rows(number=int)}
    assert ops.floor in rows(number=Fraction) and ops.selu not in rows(number=Fraction)
    assert ops.rint in rows(number=int)


def test_a_row_that_fails_inside_its_domain_is_named():
    with pytest.raises(ValueError, match=r"inverse_square\(1.25\) cannot be computed or is too large"):
        strategies.safely(inverse_square, [Value(1.0)])


@given(networks())
def test_networks_are_layers_of_neurons(e):
    used = {node.op for node in e.order if node.args}
    assert used <= {ops.dot, ops.mul, ops.add, ops.tanh, ops.sigmoid, ops.softplus, ops.relu}
    labels = [leaf.label for leaf in e.leaves]
    assert len(set(labels)) == len(labels) and "x1" in labels and "w1_11" in labels and "b2_1" in labels


def test_a_line_says_what_to_install():
    code = (
        "import sys; sys.modules['hypothesis'] = None; import autograd.testing\n"
        "try: from autograd.testing import strategies\n"
        "except ImportError as error: print(error)"
    )
    root = str(Path(__file__).parent.parent)
    run = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": root}, capture_output=True
    )
    assert run.stdout.decode().strip().endswith("pip install 'scalar-autograd[testing]'"), run.stderr


def test_intervals_of_every_shape_have_a_zone():
    for domain in (Interval(), Interval(low=2), Interval(high=-7), Interval(-1, 1), Interval(hole=3)):
        low, high = zone(domain)
        assert domain.low < low < high < domain.high
