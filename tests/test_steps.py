"""backward_steps: the backward pass as data."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_value import graphs

import viz
from autograd import Value, backward_steps, constant, exp, relu, sigmoid, sqrt, topological_order, where


@given(graphs())
def test_the_steps_are_what_backward_does(graph):
    root, _ = graph
    if root.op is None:
        return
    steps = backward_steps(root)
    assert all(node.grad == 0 for node in topological_order(root))
    root.backward()
    total = {root: 1}
    for step in steps:
        assert step.node.args[step.position] is step.argument
        assert step.upstream == step.node.grad == total[step.node]  # complete before it is passed on
        assert step.contribution == step.upstream * step.local
        total[step.argument] = total.get(step.argument, 0) + step.contribution
        assert step.total == total[step.argument]
    assert all(node.grad == total[node] for node in topological_order(root))


@given(graphs(st.integers(-(10**30), 10**30)) | graphs(st.fractions()))
def test_the_steps_have_the_numbers_and_the_number_types_of_backward(graph):
    root, _ = graph
    if root.op is None:
        return
    steps = backward_steps(root)
    root.backward()
    total = {step.argument: step.total for step in steps}
    for step in steps:
        assert same(step.upstream, step.node.grad)
        assert same(step.contribution, step.upstream * step.local)
    assert all(same(x, node.grad) for node, x in total.items())
    kinds = {type(node.data) for node in topological_order(root)}
    assert {type(x) for s in steps for x in (s.upstream, s.local, s.contribution, s.total)} <= {int, *kinds}


def same(x, y):
    return x == y and type(x) is type(y)


def test_one_step_per_operand_in_the_order_of_the_pass():
    x, y = Value(3, "x"), Value(4, "y")
    s = x + y
    s.label = "s"
    steps = backward_steps(s * x)
    assert [(step.node.label, step.argument.label) for step in steps] == [
        ("", "s"),
        ("", "x"),
        ("s", "x"),
        ("s", "y"),
    ]
    assert [step.formula for step in steps] == ["∂t1/∂s = x", "∂t1/∂x = s", "∂s/∂x = 1", "∂s/∂y = 1"]
    assert [step.total for step in steps] == [3, 7, 10, 3]
    assert steps[0].latex() == r"\frac{\partial t_{1}}{\partial s} = x"


def test_every_formula_speaks_of_its_own_nodes():
    w, x, b = (Value(1.0, label) for label in "wxb")
    steps = backward_steps(sigmoid(w * x + b))
    assert [step.formula for step in steps] == [
        "∂t3/∂t2 = t3 × (1 − t3)", "∂t2/∂t1 = 1", "∂t2/∂b = 1", "∂t1/∂w = x", "∂t1/∂x = w",
    ]  # fmt: skip
    z = Value(2.0, "z") * Value(3.0, "z")
    assert [step.formula for step in backward_steps(z * z)][2:] == ["∂t1/∂z = z₂", "∂t1/∂z₂ = z"]


@given(graphs())
def test_the_left_sides_of_different_edges_differ(graph):
    root, _ = graph
    if root.op is None:
        return
    edges = {(step.node, step.argument): step.formula.partition(" = ")[0] for step in backward_steps(root)}
    assert len({*edges.values()}) == len(edges)


def test_constants_and_branches_not_taken_take_no_step():
    x = Value(Fraction(2), "x")
    y = where(x > 0, x * 3, exp)  # exp is a callable that is never called
    assert [(s.position, s.local) for s in backward_steps(y, seed=Fraction(1, 2))] == [(1, 1), (0, 3)]
    assert backward_steps(y, seed=Fraction(1, 2))[-1].total == Fraction(3, 2)


def test_nothing_below_a_branch_not_taken_takes_a_step():
    x, y = Value(2.0), Value(0.0)
    z = where(x > 0, x, 1 / (y * y + 1e-300) * y)
    assert {step.argument for step in backward_steps(z)} == {x}
    z.backward()
    assert (x.grad, y.grad, z.args[2].grad) == (1, 0, 0) and type(z.args[2].grad) is int


def test_where_0_arrives_a_step_shows_the_local_derivative_that_exists():
    x = Value(0.0, "x")
    y = relu(2 * x - 1) + 0.0 * sqrt(x)
    shown = [(s.formula.partition(" = ")[0], s.upstream, s.local, s.contribution) for s in backward_steps(y)]
    assert shown[2:] == [
        ("∂t5/∂t4", 1, 0, 0),  # 0.0 · √x; nothing below it
        ("∂t3/∂t2", 1, 0, 0),  # relu(−1)
        ("∂t2/∂t1", 0, 1, 0),
        ("∂t1/∂x", 0, 2, 0),
    ]
    assert "∂t2/∂t1" in str(viz.table(y)) and viz.draw(y).svg() and viz.draw(y).html()


def test_a_leaf_has_no_steps_and_a_constant_no_pass():
    assert backward_steps(Value(1.0)) == []
    with pytest.raises(RuntimeError, match="no leaf"):
        backward_steps(constant(1.0))
