"""Threads: passes over shared leaves add up, and each thread has a no_grad, a scope and runs of its own.

The contract: several threads may make values, call `backward` and `zero_grad`, transform, copy and pickle at
once, also on shared leaves and on one root. The outcome is that of one call after the other. An assignment
(`x.grad = 0`, `x.data = …`) is one step of its own: it comes before a pass or after it, nobody waits for it.
"""

import copy
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from threading import Barrier, Event, Thread

import pytest

import viz
from autograd import (
    Op,
    Value,
    backward_steps,
    dot,
    formula,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    ops,
    scope,
    taylor,
    topological_order,
    value,
    vjp,
)

THREADS, PASSES = 4, 60


@pytest.fixture(autouse=True)
def _switch_often():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def at_once(*calls):
    """Call them in threads of their own, which begin together; what they return."""
    barrier = Barrier(len(calls))

    def wait_and_call(call):
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(wait_and_call, calls))


def times(n, call):
    """The call n times over."""
    return lambda: [call() for _ in range(n)][-1]


# ── Passes add up ───────────────────────────────────────────────────────────────────────────────────


def test_graphs_of_several_threads_over_shared_leaves_lose_no_gradient(loops):
    x = [Value(2), Value(Fraction(1, 3)), Value(5)]
    roots = [dot(x, [k, x[0], 1]) * x[2] - k for k in range(1, THREADS + 1)]
    at_once(*[times(PASSES, root.backward) for root in roots])
    found = [leaf.grad for leaf in x]
    for leaf in x:
        leaf.grad = 0
    for root in roots:
        root.backward()
    assert found == [PASSES * leaf.grad for leaf in x]
    assert [type(grad) for grad in found] == [type(leaf.grad) for leaf in x]


def test_passes_over_graphs_that_are_made_meanwhile_lose_no_gradient(loops):
    x, y = Value(3), Value(7)

    def step(k):
        (x * y * k + x).backward()

    at_once(*[times(PASSES, lambda k=k: step(k)) for k in range(THREADS)])
    total = PASSES * sum(range(THREADS))
    assert (x.grad, y.grad) == (7 * total + PASSES * THREADS, 3 * total)


def test_one_root_in_many_threads_gets_one_gradient_for_each_call(loops):
    x, y = Value(3), Value(4)
    products = x * y, (x * y) * x
    root = dot(products, [2, products[0]]) + y
    root.backward()
    once = {node: node.grad for node in topological_order(root)}
    root.zero_grad()
    at_once(*[times(PASSES, root.backward)] * THREADS)
    for node, gradient in once.items():
        assert node.grad == (gradient if node.args or node.op else gradient * THREADS * PASSES)


class Meanwhile(int):
    """A gradient to which nothing is added before another thread had its chance to do something."""

    def __new__(cls, number, act):
        self = super().__new__(cls, number)
        self.act = act
        return self

    def __add__(self, other):
        done = Event()
        Thread(target=lambda: (self.act(), done.set())).start()
        done.wait(0.1)  # in vain: the other thread waits for us
        return int(self) + other


@pytest.mark.parametrize(("act", "total"), [("backward", 1000 + 12 + 12), ("zero_grad", 0)])
def test_between_the_reading_and_the_writing_of_a_sum_no_other_call_comes(act, total):
    x = Value(3)
    first, second = x * 12, x * 12
    x.grad = Meanwhile(1000, getattr(second, act))
    first.backward()
    with value.committing:
        pass
    for _ in range(1000):
        if x.grad == total:
            break
        Event().wait(0.01)
    assert x.grad == total


def test_a_pass_that_fails_lets_the_others_go_on(loops):
    broken = Op("broken", lambda x: x, lambda x, z: 1 // 0)
    x = Value(1)
    bad, good = broken(x) + x, x * 5

    def fail():
        with pytest.raises(ZeroDivisionError, match="broken"):
            bad.backward()

    at_once(times(PASSES, fail), times(PASSES, good.backward))
    assert x.grad == 5 * PASSES


def test_a_rule_may_run_passes_of_its_own_also_in_another_thread(loops):
    x, inner = Value(2), Value(3)
    square = inner * inner

    def rule(x, z):
        square.backward()
        other = Thread(target=square.backward)
        other.start()
        other.join()
        return inner.grad

    row = Op("row", lambda x: x, rule)
    row(x).backward()
    assert (x.grad, inner.grad) == (12, 12)


# ── What else goes on meanwhile ─────────────────────────────────────────────────────────────────────

LOOKING = {
    "sort": lambda root: [node.data for node in topological_order(root)],
    "formula": formula,
    "steps": lambda root: [step.local for step in backward_steps(root)],
    "picture": lambda root: viz.draw(root).dot().source.count("->"),
    "deepcopy": lambda root: [node.data for node in topological_order(copy.deepcopy(root))],
    "pickle": lambda root: [node.data for node in topological_order(pickle.loads(pickle.dumps(root)))],
}


@pytest.mark.parametrize("name", LOOKING)
def test_a_graph_may_be_looked_at_while_others_differentiate_it(name):
    x, y = Value(2, "x"), Value(3, "y")
    t = x * y
    root = dot([t, t * x, y], [x, 1, t]) - t
    look, seen = LOOKING[name], []
    alone = look(root)
    root.backward()
    once = x.grad, y.grad
    root.zero_grad()
    at_once(times(300, root.backward), times(5, lambda: seen.append(look(root))), times(300, root.backward))
    assert seen == [alone] * 5
    assert (x.grad, y.grad) == (600 * once[0], 600 * once[1])


def test_transforms_in_many_threads_give_what_they_give_alone(loops):
    w = Value(Fraction(2, 3))
    f = lambda x: (x * x * x + w.data) / (x * x + 1)
    x = Fraction(1, 2)
    calls = [
        lambda: grad(f)(x),
        lambda: grad(grad(f))(x),
        lambda: hessian(f)(x),
        lambda: jacobian(lambda x: [f(x), x])(x),
        lambda: jvp(f, (x,), (2,)),
        lambda: vjp(f, x)[1](3),
        lambda: hvp(f, (x,), (1,)),
        lambda: taylor(f, x, 3),
    ]
    alone = [call() for call in calls]
    assert at_once(*[times(20, call) for call in calls]) == alone


# ── One's own no_grad, scope and runs ───────────────────────────────────────────────────────────────


def test_no_grad_and_scope_hold_for_their_own_thread():
    x = Value(2)

    def silent():
        with no_grad():
            return [x * x for _ in range(500)]

    def named(name):
        with scope(name):
            return [x * x for _ in range(500)]

    first, second, none, quiet = at_once(
        lambda: named("a"), lambda: named("b"), lambda: [x * x for _ in range(500)], silent
    )
    assert {(z.scope, z.op) for z in first} == {("a", ops.mul)}
    assert {(z.scope, z.op) for z in second} == {("b", ops.mul)}
    assert {(z.scope, z.op) for z in none} == {("", ops.mul)}
    assert {(z.scope, z.op) for z in quiet} == {("", ops.constant)}


def test_a_run_in_one_thread_refuses_nothing_in_another():
    x = Value(2.0)

    def f(y):
        with pytest.raises(TypeError, match="inside grad would drop"):
            float(y)
        return y * y

    slopes, numbers = at_once(
        lambda: [grad(f)(3.0) for _ in range(30)], lambda: [float(x) for _ in range(3000)]
    )
    assert {*slopes} == {6.0} and {*numbers} == {2.0}
