"""`autograd.fast` changes nothing: with it and without it the same numbers, types, orders and errors.

engine   one of two copies of the package: see `engines`
told     a number as its type and digits, in which 0, 0.0 and −0.0 are three things
"""

import math
import subprocess
import sys
import threading
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from engines import FAST, PLAIN, load
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import UNASKED

from autograd.testing.strategies import expressions, networks

KINDS = [float, int, Fraction, complex, Decimal, mpmath.mpf]
FEW = max(30, settings().max_examples // 3)  # both engines do each, most of them several times


def told(x):
    """Any tree of numbers and Values, as it can be compared between two engines."""
    if isinstance(x, list | tuple):
        return [told(xi) for xi in x]
    if hasattr(type(x), "_record"):
        return ["Value", told(x.data), told(x.grad)]
    return type(x), repr(x)


def outcome(f, engine):
    """What f(engine) gives, or the error that it raises: its type, its words and what it came from."""
    try:
        return told(f(engine))
    except Exception as error:
        return type(error).__name__, str(error), repr(error.__cause__)


def agree(f):
    """The outcome of f(engine), which must be the same for both."""
    fast, plain = outcome(f, FAST), outcome(f, PLAIN)
    assert fast == plain
    return fast


def computed(engine, e):
    """The expression e of this package as a function of its leaves, in the rows of another engine."""
    return lambda x: e.rewrite(
        x, lambda op, args: engine.ops.TABLE[op.name].apply(args), engine.value.constant
    )


def recorded(engine, e):
    """The same recorded: its root and leaves."""
    leaves = [engine.Value(x) for x in e.numbers]
    return computed(engine, e)(leaves), leaves


def graph(engine, *roots, leaves=()):
    """Every node in the order of the sort: its row, the places of its arguments, its numbers."""
    order = engine.value.topological_order(*roots, leaves=leaves)
    place = {node: i for i, node in enumerate(order)}
    return [
        [str(node.op), *(place.get(arg, -1) for arg in node.args), *node.operands, node] for node in order
    ]


def test_one_engine_is_fast_and_the_other_plain():
    assert FAST.value.gradients is FAST.fast.gradients and FAST.derivatives.tangents is FAST.fast.tangents
    assert "__mul__" in vars(FAST.Value) and FAST.ops.matvec is FAST.fast.matvec
    assert PLAIN.fast is None and not hasattr(PLAIN.value, "fast") and "__mul__" not in vars(PLAIN.Value)


# ── The same numbers ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=FEW)
@given(data=st.data())
def test_the_same_graph_order_gradients_and_tangents(kind, data):
    e = data.draw(expressions(number=kind, kinks=data.draw(st.booleans())))
    directions = data.draw(st.lists(st.sampled_from([1, 0, -2, kind(0), -kind(0)]), min_size=3, max_size=3))
    seed = data.draw(st.sampled_from([1, 0, -1, kind(2), -kind(0)]))
    u = directions[: len(e.leaves)]

    def passes(engine):
        root, _ = recorded(engine, e)
        built = graph(engine, root)
        root.backward()
        root.backward(seed)
        return built, graph(engine, root)

    def transforms(engine):
        f, d = computed(engine, e), engine.derivatives
        return d.jvp(f, (e.numbers,), (u,)), d.grad(f)(e.numbers), d.vjp(f, e.numbers)[1](seed)

    def second(engine):
        root, leaves = recorded(engine, e)
        return engine.derivatives.hvp(lambda x: root * x[0] * leaves[0], (e.numbers,), (u,))

    for f in passes, transforms, second:
        agree(f)


@given(networks(), st.booleans())
def test_the_same_on_networks(e, kinks):
    def passes(engine):
        root, leaves = recorded(engine, e)
        root.backward(0.5)
        return graph(engine, root), graph(engine, root, leaves[0], leaves=leaves[::-1])

    agree(passes)


@given(st.data())
def test_the_sort_is_the_same_where_it_is_cut_and_from_several_roots(data):
    e = data.draw(expressions(size=20))
    places = st.lists(st.integers(0, len(e.order) - 1), max_size=3)
    roots, cuts = data.draw(places), data.draw(places)

    def sorted_(engine):
        nodes = engine.value.topological_order(recorded(engine, e)[0])
        pick = [nodes[min(i, len(nodes) - 1)] for i in [*roots, *cuts]]
        order = engine.value.topological_order(*pick[: len(roots)], leaves=iter(pick[len(roots) :]))
        return [nodes.index(node) if node.op is None else str(node.op) for node in order], order

    agree(sorted_)


NUMBERS = {
    "a small NumPy float": np.float32(0.1), "a NumPy int": np.int64(7), "a NumPy bool": np.True_,
    "a bool": True, "a complex NumPy": np.complex64(1 + 2j), "nan": math.nan, "minus zero": -0.0,
    "infinity": math.inf, "an mpmath complex": mpmath.mpc(1, 2),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "other", [2, -0.0, Fraction(1, 3), Decimal("0.1"), 1j, mpmath.mpf("0.1"), np.int8(3)]
)
def test_every_operator_on_numbers_of_mixed_types(name, other):
    for op in FAST.ops.OPERATORS:
        for flip in False, True:
            for plain in False, True:

                def f(engine, op=op, flip=flip, plain=plain):
                    x, y = engine.Value(NUMBERS[name]), other if plain else engine.Value(other)
                    a, b = (y, x) if flip else (x, y)
                    z = (
                        getattr(a, f"__{op}__")(b)
                        if isinstance(a, engine.Value)
                        else getattr(b, f"__r{op}__")(a)
                    )
                    if z is not NotImplemented:
                        z.backward()
                    return z, x, y

                agree(f)


class Deaf(float):
    """A float of a class of its own, which a Value takes as a float."""


class Mute:
    """A number of a foreign type, which takes the sums it likes to others."""

    def __init__(self, x):
        self.x = x

    def __mul__(self, other):
        return Mute(self.x * getattr(other, "x", other))

    def __add__(self, other):
        return Mute(self.x + getattr(other, "x", other))

    __rmul__, __radd__ = __mul__, __add__

    def __repr__(self):
        return f"Mute({self.x})"


CASES = {  # of an engine a, with x = Value(2.0, "x"), y = Value(3, "y"), zero = Value(0.0)
    "a subclass of float": lambda a, x, y, zero: graph(a, a.Value(Deaf(2)) * Deaf(3) + Deaf(1)),
    "a branch not taken": lambda a, x, y, zero: swept(a, a.ops.where(True, x, a.ops.sqrt(zero) * zero)),
    "branches": lambda a, x, y, zero: swept(a, a.ops.where(False, lambda: x, lambda: x * y), x),
    "nothing moves": lambda a, x, y, zero: tangent(a, lambda t: a.ops.stop_gradient(t) * math.inf + t),
    "nothing moves, twice": lambda a, x, y, zero: tangent(a, lambda t: t * (a.ops.stop_gradient(t) * 1e999)),
    "constants of constants": lambda a, x, y, zero: tangent(a, lambda t: t * (a.value.constant(-1.0) * 1)),
    "an infinite slope towards a constant": lambda a, x, y, zero: tangent(
        a, lambda t: t + a.ops.exp(a.value.constant(1.0) * 1) * math.inf
    ),
    "minus zero": lambda a, x, y, zero: tangent(a, lambda t: -t, -0.0),
    "a step of minus zero": lambda a, x, y, zero: tangent(
        a, lambda t: [t * -0.0, a.ops.dot([t, t], [-1, 0])]
    ),
    "does not depend": lambda a, x, y, zero: tangent(a, lambda t: [1, x.data, t - t, a.ops.sign(t)]),
    "not of the argument": lambda a, x, y, zero: tangent(a, lambda t: x * y),
    "of both": lambda a, x, y, zero: tangent(a, lambda t: x * t + a.ops.dot([t, y], [y, x])),
    "no_grad": lambda a, x, y, zero: silently(a, lambda: [x * y, x.exp(), -x, a.ops.sum([x, y]), x**2]),
    "backward under no_grad": lambda a, x, y, zero: silently(a, lambda: (x * y).backward()),
    "no leaf": lambda a, x, y, zero: (a.value.constant(2) * 3).backward(),
    "of a leaf": lambda a, x, y, zero: swept(a, x, x),
    "three arguments": lambda a, x, y, zero: pow(x, 2, 5),
    "three arguments, two of them Values": lambda a, x, y, zero: x.__pow__(y, y),
    "modulus None": lambda a, x, y, zero: pow(x, 2, None),
    "too many arguments": lambda a, x, y, zero: x.sin(3),
    "by name": lambda a, x, y, zero: x.exp(y=3),
    "a default by name": lambda a, x, y, zero: x.leaky_relu(a=0.5),
    "no arguments": lambda a, x, y, zero: x.maximum(),
    "rounding": lambda a, x, y, zero: [divmod(x, 3), divmod(7, x), round(x), abs(-x), +x, x // 1, 5 % y],
    "text": lambda a, x, y, zero: x + "x",
    "a list": lambda a, x, y, zero: [1] - x,
    "None": lambda a, x, y, zero: a.ops.maximum(x, None),
    "foreign": lambda a, x, y, zero: x + Mute(2),
    "foreign, reflected": lambda a, x, y, zero: Mute(2) - x,
    "foreign, asked": lambda a, x, y, zero: a.ops.add(x, Mute(2)),
    "an array": lambda a, x, y, zero: np.array([1.0, 2.0]) * x,
    "an array, on the right": lambda a, x, y, zero: (x * np.array([1.0, 2.0])).tolist(),
    "an array of Values": lambda a, x, y, zero: (a.arrays.array([x, y]) * x + 1).tolist(),
    "NumPy's functions": lambda a, x, y, zero: np.exp(np.array([x, y])).tolist(),
    "text in a sequence": lambda a, x, y, zero: a.ops.sum([x, "y"]),
    "lengths": lambda a, x, y, zero: a.ops.dot([x, y], [x]),
    "a logarithm": lambda a, x, y, zero: a.ops.log(zero - 1),
    "a division": lambda a, x, y, zero: 1 / zero,
    "a division of ints": lambda a, x, y, zero: y // 0,
    "a root": lambda a, x, y, zero: (-8) ** (x / 4),
    "an overflow": lambda a, x, y, zero: a.ops.exp(x * 1000),
    "an overflow of a power": lambda a, x, y, zero: x**5000,
    "mixed": lambda a, x, y, zero: a.Value(Decimal(1), "d") + 0.1,
    "mixed in a sum": lambda a, x, y, zero: a.ops.sum([x, a.Value(Decimal(1), "d")]),
    "an order": lambda a, x, y, zero: a.ops.relu(a.Value(1j, "c")),
    "a rest": lambda a, x, y, zero: a.Value(1j, "c") % 2,
    "a seed of text": lambda a, x, y, zero: (x * y).backward("1"),
    "a seed of another type": lambda a, x, y, zero: (x * 2.5).backward(Decimal(1)),
    "a Value as the seed": lambda a, x, y, zero: (x * y).backward(x),
    "a mixed total": lambda a, x, y, zero: [setattr(x, "grad", Decimal(1)), (x * y).backward()],
    "a total of text": lambda a, x, y, zero: [setattr(x, "grad", "1"), (x * y).backward()],
    "no total yet": lambda a, x, y, zero: [setattr(x, "grad", None), swept(a, x * y)],
    "no slope": lambda a, x, y, zero: (a.ops.sqrt(zero) + x).backward(),
    "no tangent": lambda a, x, y, zero: tangent(a, lambda t: a.ops.sqrt(t - 2.0) + t),
    "a tangent of another type": lambda a, x, y, zero: tangent(a, lambda t: t * 2.5, Decimal(1)),
    "a tangent of text": lambda a, x, y, zero: tangent(a, lambda t: t * 2.5, "1"),
    "no slope in a branch": lambda a, x, y, zero: tangent(
        a, lambda t: a.ops.where(True, t, a.ops.sqrt(t - 2.0))
    ),
    "a tangent of 0": lambda a, x, y, zero: tangent(
        a, lambda t: a.ops.sqrt(t - 2.0) + t**2.0 + a.ops.clip(t), 0.0
    ),
    "a tangent of 0 beside another": lambda a, x, y, zero: a.derivatives.jvp(
        lambda s, t: [s ** (t + 0.5), a.ops.dot([s, t], [t, s]), a.ops.clip(s, t, t)], (0.0, 0.0), (0.0, 1.0)
    ),
    "no Value": lambda a, x, y, zero: a.value.topological_order(x * y, 3),
    "no order": lambda a, x, y, zero: a.value.gradients([], x),
    "the root is not there": lambda a, x, y, zero: a.value.gradients([x, y], x * y),
    "matvec": lambda a, x, y, zero: graph(a, *a.ops.matvec([[x, y], (y, zero)], [x, y])),
    "matvec of constants": lambda a, x, y, zero: graph(a, *a.ops.matvec([[x, 2], [3, zero]], [x, y])),
    "matvec of iterators": lambda a, x, y, zero: a.ops.matvec(iter([iter([x, y])]), iter([x, y])),
    "matvec of different lengths": lambda a, x, y, zero: a.ops.matvec([[x, y], [x]], [x, y]),
    "matvec of numbers": lambda a, x, y, zero: a.ops.matvec(3, [x, y]),
    "matvec of a number": lambda a, x, y, zero: a.ops.matvec([x], [x, y]),
    "matvec of text": lambda a, x, y, zero: a.ops.matvec([["a", "b"]], [x, y]),
    "matvec of mixed types": lambda a, x, y, zero: a.ops.matvec([[a.Value(Decimal(1)), y]], [x, y]),
    "matvec of nothing": lambda a, x, y, zero: [a.ops.matvec([], [x]), a.ops.matvec([[]], [])],
    "matvec of arrays": lambda a, x, y, zero: a.ops.matvec(np.array([[x, y]]), np.array([x, y])),
    "its names": lambda a, x, y, zero: [getattr(a.Value, name).__name__ for name in METHODS],
    "its words": lambda a, x, y, zero: [a.value.gradients.__doc__, a.value.topological_order.__doc__],
    "a method of the class": lambda a, x, y, zero: [a.Value.exp(x), a.Value.__mul__(x, y)],
}  # fmt: skip
METHODS = [*FAST.ops.METHODS, *(f"__{side}{name}__" for name in FAST.ops.OPERATORS for side in ("", "r"))]


def swept(engine, root, *others):
    root.backward()
    return graph(engine, root, *others)


def tangent(engine, f, direction=1.0):
    return engine.derivatives.jvp(f, (2.0,), (direction,))


def silently(engine, f):
    with engine.recording.no_grad():
        return f()


@pytest.mark.parametrize("name", CASES)
def test_the_same_result_or_the_same_error(name):
    agree(lambda a: CASES[name](a, a.Value(2.0, "x"), a.Value(3, "y"), a.Value(0.0, "zero")))


@pytest.mark.parametrize("kind", [float, complex, Decimal, mpmath.mpf, np.float32])
@pytest.mark.parametrize("name", UNASKED)
def test_neither_asks_for_a_slope_where_0_arrives(name, kind):
    f = UNASKED[name]

    def passes(engine):
        x = engine.Value(kind(0))
        root = f(engine.ops, x)
        swept(engine, root)
        return x, [engine.derivatives.jvp(lambda t: f(engine.ops, t), (kind(0),), (u,)) for u in (1, kind(0))]

    agree(passes)


RULES = {  # the slopes that a row's two rules give, or fail to
    "nothing": lambda a, x: None,
    "text": lambda a, x: "1",
    "a list": lambda a, x: [1.0],
    "a Value": lambda a, x: a.Value(x),
    "an array": lambda a, x: np.array([1.0, 2.0]),
    "a NumPy number": lambda a, x: np.float32(0.1),
    "a bool": lambda a, x: True,
    "another type": lambda a, x: Decimal(1),
    "another kind": lambda a, x: 1j,
    "a foreign number": lambda a, x: Mute(2),
    "nan": lambda a, x: math.nan,
    "minus zero": lambda a, x: -0.0,
    "a division by zero": lambda a, x: 1 / 0,
    "a wrong value": lambda a, x: [][0],
    "a wrong attribute": lambda a, x: x.colour,
    "a logarithm of its own": lambda a, x: a.ops.log(-x),
    "its own error": lambda a, x: (_ for _ in ()).throw(ValueError("no slope here")),
}


@pytest.mark.parametrize("places", ["first", "second", "both"])
@pytest.mark.parametrize("name", RULES)
def test_rules_that_give_anything(name, places):
    def slopes(a, x):
        wrong = RULES[name]
        return [1.5 if places == "second" else wrong(a, x), 2.5 if places == "first" else wrong(a, x)]

    def op_of(a, arity):
        rules = [lambda *numbers, i=i: slopes(a, numbers[0])[min(i, 1)] for i in range(arity)]
        return a.op.Op("f", lambda *x: x[0] * 2, *rules)

    def in_sequence(a):
        return a.op.Op("f", lambda *x: sum(x), lambda x, z: slopes(a, x[0]), sequences=1)

    for apply in (
        lambda a, x, y: op_of(a, 1)(x),
        lambda a, x, y: op_of(a, 2)(x, y),
        lambda a, x, y: op_of(a, 3)(x, y, y),
        lambda a, x, y: in_sequence(a)([x, y]),
        lambda a, x, y: op_of(a, 2)(x, 5.0) * y,
    ):

        def backward(a, apply=apply):
            x, y = a.Value(2.0, "x"), a.Value(3.0, "y")
            root = apply(a, x * y, y) * x
            return swept(a, root)

        def jvp(a, apply=apply):
            return a.derivatives.jvp(lambda x, y: apply(a, x * y, y) * x, (2.0, 3.0), (1.0, -1.0))

        agree(backward)
        agree(jvp)


@pytest.mark.parametrize("slopes", [[], [1], [1, 2, 3], None, 7, iter([1, 2]), (1, None), {0: 1, 1: 2}])
def test_a_rule_of_a_sequence_that_gives_another_number_of_slopes(slopes):
    def f(a):
        row = a.op.Op("row", lambda *x: sum(x), lambda x, z: slopes, sequences=1)
        x = [a.Value(1.0, "x"), a.Value(2.0, "y")]
        return swept(a, row(x)), a.derivatives.jvp(row, ([1.0, 2.0],), ([1.0, 1.0],))

    agree(f)


def test_a_subclass_with_its_own_apply_op_is_asked_for_every_operation():
    def f(a):
        asked = []

        class Loud(a.Value):
            def apply_op(self, op, args):
                asked.append(op.name)
                return super().apply_op(op, args)

        x, y = Loud(2.0), a.Value(3.0)
        nodes = [x * y, y * x, x + 1, 1 - x, x.exp(), x.sin(), -x, x**2, abs(x), a.ops.dot([x], [y])]
        return asked, [type(node) is a.Value for node in nodes], swept(a, a.ops.sum(nodes))

    fast, plain = load(fast=True), load(fast=False)  # as the subclass stays
    assert outcome(f, fast) == outcome(f, plain) != outcome(lambda a: [], plain)
    assert len(f(fast)[0]) == 9


def test_compile_computes_with_symbols_alike():
    def f(a):
        class Symbol:
            symbolic = True

            def apply_op(self, op, args):
                return Symbol()

            def __repr__(self):
                return "Symbol"

            __add__ = __radd__ = __mul__ = __rmul__ = lambda self, other: Symbol()

        s, x = a.Value(Symbol()), a.Value(2.0)
        nodes = [a.ops.where(True, x, s), a.ops.element((1, x, s)), s * 2, s + x, a.ops.sum([x, s]), s.sin()]
        return [type(node.data).__name__ for node in nodes]

    assert f(FAST) == f(PLAIN) == ["Symbol"] * 6


# ── The same laws, and the same suite ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("engine", [FAST, PLAIN], ids=["fast", "plain"])
@pytest.mark.parametrize("kind", [float, Fraction], ids=lambda kind: kind.__name__)
@settings(max_examples=FEW)
@given(data=st.data())
def test_the_laws_hold_for_both(kind, engine, data):
    root, _ = recorded(engine, data.draw(expressions(number=kind, size=6)))
    for law in engine.laws.LAWS.values():
        law(root)


WITHOUT = "import sys, pytest; sys.modules['autograd.fast'] = None; sys.exit(pytest.main(sys.argv[1:]))"


@pytest.mark.parametrize("suite", [["test_value.py", "-k", "not million"], ["test_derivatives.py"]])
def test_the_suite_passes_without_it(suite):
    file, *choice = suite
    run = [sys.executable, "-c", WITHOUT, "-q", "-p", "no:cacheprovider", f"tests/{file}", *choice]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]


# ── While another pass holds the marks ──────────────────────────────────────────────────────────────


@given(expressions(), st.sampled_from([1, -0.0, 3]))
def test_who_finds_the_marks_taken_gives_the_same(e, seed):
    def passes(engine):
        root, leaves = recorded(engine, e)
        root.backward(seed)
        f = computed(engine, e)
        return graph(engine, root, leaves=leaves[1:]), engine.derivatives.jvp(f, (e.numbers,), (e.numbers,))

    free = outcome(passes, FAST)
    with FAST.fast.marking:
        assert outcome(passes, FAST) == free == outcome(passes, PLAIN)


def nested(engine):
    """Of a graph whose rules sort, sweep and differentiate graphs that share nodes with it."""
    seen = []

    def slope(x, y, z):
        inner = shared * leaf + leaf
        seen.append(len(engine.value.topological_order(inner)))
        inner.backward(2)
        seen.append(engine.derivatives.jvp(lambda t: t * t + shared.data, (x,), (1,)))
        return x + engine.derivatives.grad(lambda t: t * t)(y)

    row = engine.op.Op("row", lambda x, y: x * y, slope, lambda x, y, z: x)
    leaf, other = engine.Value(2.0), engine.Value(3.0)
    shared = leaf * other
    root = row(shared, leaf) * shared + row(leaf, shared)
    root.backward()
    order = engine.value.topological_order(root)
    return seen, order, engine.derivatives.jvp(lambda x, y: row(x * y, x) * y, (2.0, 3.0), (1.0, 1.0))


def test_a_rule_that_sorts_and_sweeps_shared_nodes():
    assert len(agree(nested)[0]) == 6


def test_threads_over_shared_nodes():
    leaves = [FAST.Value(float(i + 1)) for i in range(50)]
    shared = [a * b for a in leaves for b in leaves[:10]]
    roots = [FAST.ops.sum(shared[i:]) * leaves[i] for i in range(4)]
    orders = [FAST.value.topological_order(root) for root in roots]
    want = [FAST.value.gradients(order, root) for order, root in zip(orders, roots)]
    wrong = []

    def work(i):
        for _ in range(30):
            order = FAST.value.topological_order(roots[i])
            if order != orders[i] or FAST.value.gradients(order, roots[i]) != want[i]:
                wrong.append(i)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not wrong


@pytest.mark.parametrize("error", [KeyboardInterrupt, AttributeError, ValueError])
def test_the_marks_are_free_after_a_pass_that_fails(error):
    def fail(x, z):
        raise error

    x = FAST.Value(2.0)
    row = FAST.op.Op("row", lambda x: x, fail)
    with pytest.raises(error):
        row(x).backward()
    with pytest.raises(error):
        FAST.derivatives.jvp(row, (2.0,), (1.0,))
    assert not FAST.fast.marking.locked() and x.grad == 0
    (x * x).backward()
    assert x.grad == 4.0
