"""Ctrl-C at every line and at every bytecode: a pass is made or not begun, and nothing stays switched on."""

from fractions import Fraction
from threading import Lock, RLock

import pytest
from interruptions import assert_all_or_nothing, interrupted

from autograd import (
    Value,
    derivatives,
    dot,
    fast,
    grad,
    hvp,
    jacobian,
    op,
    ops,
    taylor,
    topological_order,
    value,
    vjp,
    where,
)

ENGINE = (value.__file__, fast.__file__)
RULES = (op.__file__, ops.__file__)


def small(x, y, z):
    """At every bytecode, in the square of their number: two leaves that add up and a constant."""
    return x * 3 + y


def large(x, y, z):
    """Rows of one, two and three arguments and of a sequence, and a branch that is not taken."""
    return where(True, dot([x, y], [x, 2]) * x, -z) + y


@pytest.fixture
def fresh(loops, monkeypatch):
    """f → a maker of its graph: with earlier sums at the leaves, and with what a pass has left between."""

    def make(f):
        if loops == "unrolled":  # an interruption may leave a lock locked, which costs speed and no more
            monkeypatch.setattr(fast, "marking", Lock())
        monkeypatch.setattr(value, "committing", RLock())
        x, y, z = Value(2), Value(3.0), Value(5)
        root = f(x, y, z)
        root.backward()
        x.grad, y.grad, z.grad = Fraction(1, 3), None, -0.0
        return root

    return lambda f: lambda: make(f)


def gradients(root):
    return [node.grad for node in topological_order(root)]


@pytest.mark.parametrize("act", [Value.backward, Value.zero_grad])
def test_a_pass_interrupted_anywhere_is_made_or_not_begun(fresh, act):
    assert_all_or_nothing(fresh(small), act, gradients, *ENGINE)
    assert_all_or_nothing(fresh(large), act, gradients, *ENGINE, *RULES, bytecodes=False)


def test_the_finder_sees_a_pass_that_writes_leaf_by_leaf(fresh, monkeypatch):
    def assign(name, nodes, values):
        for node, number in zip(nodes, values):
            setattr(node, name, number)

    monkeypatch.setattr(value, "assign", assign)
    with pytest.raises(AssertionError, match="neither"):
        assert_all_or_nothing(fresh(large), Value.backward, gradients, *ENGINE, __file__, bytecodes=False)


TRANSFORMS = {
    "grad of grad": lambda f: grad(grad(f))(2.0),
    "jacobian": lambda f: jacobian(lambda x: [f(x), x])(2.0),
    "vjp": lambda f: vjp(f, 2.0)[1](1.0),
    "hvp": lambda f: hvp(f, (2.0,), (1.0,)),
    "taylor": lambda f: taylor(f, 2.0, 2),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_interrupted_at_any_line_has_ended_and_changed_nothing(name, monkeypatch):
    w = Value(3.0)
    w.grad = 7

    def make():
        monkeypatch.setattr(fast, "marking", Lock())

    points = 0
    for _ in interrupted(
        make, lambda _: TRANSFORMS[name](lambda x: w * x * x), derivatives.__file__, *ENGINE, bytecodes=False
    ):
        points += 1
        assert float(w) == 3.0, "a run has not ended: what leaves the graph is refused"
        assert w.grad == 7 and (w * 2).op is ops.mul
    assert points > 30
