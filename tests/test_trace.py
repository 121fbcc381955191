"""Recording: symbols, the graph of one example, and its sums in one form."""

import operator
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, constant, ops
from autograd.program.flatten import flatten, needed
from autograd.program.symbol import AND, OR, Symbol
from autograd.program.trace import CAPTURED, CONSTANT, INPUT, PARAMETER, THETA, Graph, examples, trace
from autograd.protocol import COMPARISONS
from autograd.testing.expression import apply
from autograd.testing.strategies import expressions, rows

SOURCES = {PARAMETER, INPUT, CONSTANT}
COMPUTE = {
    ops.element: lambda i, *x: x[int(i)],
    AND: lambda x, y: bool(x and y),
    OR: lambda x, y: bool(x or y),
    **{op: op.function for op in COMPARISONS.values()},
}


def record(f, *shapes, parameters=()):
    """The graph of f, and what it returned."""
    build = lambda graph: (examples(graph, shapes or [(3,)]), {})
    graph, tree, nodes = trace(f, {p: i for i, p in enumerate(parameters)}, build)
    return graph, nested(tree, iter(nodes))


def nested(tree, nodes):
    """The nodes in the nested lists of the tree."""
    if hasattr(tree, "tolist"):
        tree = tree.tolist()
    return [nested(item, nodes) for item in tree] if isinstance(tree, list | tuple) else next(nodes)


def run(graph, node, theta=(), inputs=()):
    """The number of a node: the graph, computed on plain numbers."""
    numbers = []
    for op, args in zip(graph.ops, graph.args):
        if op is PARAMETER:
            numbers.append([*graph.captured][args[1]].data if args[0] == CAPTURED else theta[args[1]])
        elif op is INPUT:
            numbers.append(np.ravel(inputs[args[0] - 1])[args[1]])
        elif op is CONSTANT:
            numbers.append(args[0])
        else:
            values = [numbers[arg] for arg in args]
            numbers.append(COMPUTE[op](*values) if op in COMPUTE else apply(op, values))
    return numbers[node]


def kinds(graph, roots=None):
    """How many nodes of each row a graph has, without its sources."""
    nodes = range(len(graph)) if roots is None else needed(graph, roots)
    return Counter(graph.ops[node].name for node in nodes if graph.ops[node] not in SOURCES)


def flat(f, *shapes, parameters=()):
    """The flattened graph of f, and its root."""
    graph, root = record(f, *shapes, parameters=parameters)
    graph, (root,) = flatten(graph, [root])
    return graph, root


exact = expressions(number=int, operations=rows(("rational", "kinked"), int), kinks=True, leaves=5)


# ── Recording ───────────────────────────────────────────────────────────────────────────────────────


@given(exact, st.integers(0, 5))
def test_what_is_recorded_gives_the_same_number(e, count):
    """Before flattening and after it, whichever leaves are parameters."""
    count = min(count, len(e.leaves))
    parameters = e.leaves[count:]
    f = lambda x: e.build([*x, *parameters])
    graph, root = record(f, (count,), parameters=parameters)
    theta, x = e.numbers[count:], e.numbers[:count]
    assert run(graph, root, theta, [x]) == e.root.data
    simple, (root,) = flatten(graph, [root])
    assert run(simple, root, theta, [x]) == e.root.data
    assert len(needed(simple, [root])) <= len(simple)


@given(exact)
def test_equal_operations_are_kept_once(e):
    """Recorded twice, a graph is as long as recorded once; and no two nodes are the same."""
    once, _ = record(lambda x: e.build(x), (len(e.leaves),))
    twice, (a, b) = record(lambda x: [e.build(x), e.build(x)], (len(e.leaves),))
    assert a == b and len(once) == len(twice)
    assert len(set(zip(twice.ops, map(repr, twice.args)))) == len(twice)  # −0 is another than 0


@given(exact)
def test_arguments_stand_before_what_is_made_of_them(e):
    graph, _ = record(lambda x: e.build(x), (len(e.leaves),))
    for each in (graph, flatten(graph, [len(graph) - 1])[0]):
        for node, (op, args) in enumerate(zip(each.ops, each.args)):
            assert op in SOURCES or all(arg < node for arg in args)


def test_sources_are_told_apart():
    w, fixed = Value(2.0, "w"), Value(5.0, "fixed")
    graph, root = record(lambda x, y: x[1] * w + fixed * y - 7, (2,), (), parameters=[w])
    sources = [(op, args) for op, args in zip(graph.ops, graph.args) if op in SOURCES]
    assert sorted(sources, key=str) == sorted(
        [
            (INPUT, (1, 0)),
            (INPUT, (1, 1)),
            (INPUT, (2, 0)),
            (PARAMETER, (THETA, 0)),
            (PARAMETER, (CAPTURED, 0)),
            (CONSTANT, (7.0,)),
        ],
        key=str,
    )
    assert run(graph, root, [2.0], [[1.0, 3.0], [4.0]]) == 2 * 3 + 5 * 4 - 7


def test_inputs_are_nested_as_their_shapes():
    seen = []
    record(lambda *x: (seen.append(x), x[0])[1], (), (3,), (2, 3), (2, 1, 2))
    scalar, row, matrix, deep = seen[0]
    assert isinstance(scalar, Symbol)
    assert [len(row), len(matrix), [len(r) for r in matrix]] == [3, 2, [3, 3]]
    assert [[len(r) for r in m] for m in deep] == [[2], [2]]
    assert [s.graph.args[s.node] for s in (matrix[1][2], deep[1][0][1])] == [(3, 5), (4, 3)]


def test_what_is_returned_keeps_its_nesting():
    w = Value(1.0)
    graph, nodes = record(lambda x: [[x, w], (2.0, [x * w])], (), parameters=[w])
    assert nodes[0][0] == 0 and [len(nodes), len(nodes[1])] == [2, 2]
    assert graph.ops[nodes[0][1]] is PARAMETER and graph.ops[nodes[1][0]] is CONSTANT
    assert graph.ops[nodes[1][1][0]] is ops.mul


def test_what_was_recorded_before_is_taken_over():
    """A graph of parameters that stands outside of the function, or that it builds on Values alone."""
    w, b = Value(2.0, "w"), Value(3.0, "b")
    outside = ops.tanh(w * b)
    outside.label = "hidden"
    graph, root = record(lambda x: outside * x[0] + ops.exp(w + b), parameters=[w, b])
    assert kinds(graph, [root]) == {"mul": 2, "tanh": 1, "add": 2, "exp": 1}
    assert "hidden" in graph.labels.values() and {"w", "b"} <= {*graph.labels.values()}


def test_a_deep_graph_needs_no_recursion():
    w = Value(1.0)
    deep = w
    for _ in range(20_000):
        deep = deep * 1.5
    graph, root = record(lambda x: deep * x[0], parameters=[w])
    assert len(needed(graph, [root])) == 20_004

    def chain(x):
        total = x[0]
        for _ in range(20_000):
            total = total + x[1]
        return total

    graph, root = flat(chain)
    assert len(graph.args[root]) == 20_001


SIMPLE = {
    "x · 1": (lambda x: x * 1, {}),
    "1 · x": (lambda x: 1.0 * x, {}),
    "x + 0": (lambda x: x + 0, {}),
    "0 + x": (lambda x: 0 + x, {}),
    "x − 0": (lambda x: x - 0, {}),
    "x / 1": (lambda x: x / 1, {}),
    "x ** 1": (lambda x: x**1, {}),
    "+x": (lambda x: +x, {}),
    "x ** 2": (lambda x: x**2, {"mul": 1}),
    "0 − x": (lambda x: 0 - x, {"sub": 1}),
    "1 / x": (lambda x: 1 / x, {"div": 1}),
    "1 ** x": (lambda x: 1**x, {"power": 1}),
    "0 · x, which may be inf": (lambda x: 0 * x, {"mul": 1}),
    "x ** 3": (lambda x: x**3, {"power": 1}),
    "constants": (lambda x: x * (autograd.exp(Value(0.0)) + ops.sin(0.0)), {}),
    "a sum that was started with 0": (lambda x: sum([x, x]), {"add": 1}),
}


@pytest.mark.parametrize("name", SIMPLE)
def test_what_does_nothing_is_not_recorded(name):
    f, want = SIMPLE[name]
    graph, root = record(f, ())
    assert kinds(graph, [root]) == want
    for x in (3.0, -2.0):
        assert run(graph, root, (), [x]) == f(x)


def test_constants_are_computed_once():
    graph, root = record(lambda x: x * autograd.dot([Value(2.0), 3.0], [4.0, Value(5.0)]), ())
    assert kinds(graph, [root]) == {"mul": 1}
    assert run(graph, root, (), [1.0]) == 23.0


def test_every_public_function_takes_symbols():
    """Operators, methods, swapped operators, and functions of sequences."""
    x, y = 0.75, 0.25
    functions = [
        *[
            lambda a, b, f=f: f(a, b)
            for f in (
                operator.add,
                operator.sub,
                operator.mul,
                operator.truediv,
                operator.pow,
                operator.mod,
                operator.floordiv,
            )
        ],
        *[
            lambda a, b, f=f: f(a, 2.0) + f(3.0, b)
            for f in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod)
        ],
        lambda a, b: -a + abs(-b),
        lambda a, b: operator.sub(*divmod(a, 0.5)) + operator.sub(*divmod(5.0, b)),
        lambda a, b: autograd.sum([a, b, 1.0]) * autograd.dot([a, b], [b, 2.0]),
        lambda a, b: autograd.softmax([a, b])[0],
        lambda a, b: autograd.clip(a, 0.5, 0.6) + autograd.leaky_relu(-b),
        lambda a, b: autograd.where((a > b) & (a >= b) | (a < b) | (a <= b), a, b),
        lambda a, b: autograd.where((a == b) | (a != b), lambda: a, lambda: b),
    ]
    for f in functions:
        graph, root = record(lambda v, f=f: f(v[0], v[1]), (2,))
        assert run(graph, root, (), [[x, y]]) == pytest.approx(f(x, y), rel=1e-15)
    graph, root = record(lambda v: v[0].exp() * v[1].relu() - v[0].tanh(), (2,))
    assert kinds(graph, [root]) == {"exp": 1, "relu": 1, "mul": 1, "tanh": 1, "sub": 1}


def test_comparisons_are_nodes():
    graph, root = record(lambda x: [x > 1, x < 1, x >= 1, x <= 1, x == 1, x != 1, 1 > x], ())
    for number in (0.0, 1.0, 2.0):
        assert [run(graph, node, (), [number]) for node in root] == [
            number > 1,
            number < 1,
            number >= 1,
            number <= 1,
            number == 1,
            number != 1,
            1 > number,
        ]
    assert {graph.ops[node] for node in root} == {*COMPARISONS.values()}


def test_conditions_with_plain_booleans():
    graph, root = record(lambda x: [(x > 0) & True, True & (x > 0), (x > 0) | False, False | (x > 0)], ())
    assert len(set(root)) == 1
    w = Value(1.0)
    graph, root = record(lambda x: [(x > 0) & False, (x > 0) | True, w * x], (), parameters=[w])
    assert [graph.number(node) for node in root[:2]] == [0.0, 1.0]


def test_take_by_a_symbol():
    graph, root = record(
        lambda i, x: [autograd.take(x, i), autograd.take([[x[0], 1.0], [x[1], 2.0]], i)], (), (3,)
    )
    assert run(graph, root[0], (), [1, [5.0, 6.0, 7.0]]) == 6.0
    assert [run(graph, node, (), [1, [5.0, 6.0, 7.0]]) for node in root[1]] == [6.0, 2.0]


def test_labels_are_those_that_the_user_gave():
    def f(x):
        z = x[0] * x[1]
        z.label = "z"
        again = x[0] * x[1]
        again.label = "later"  # the same node: the first name stays
        assert again.label == "z" and repr(z) == "<symbol z>" and x[0].label == ""
        return z + x[2]

    graph, root = record(f)
    assert [*graph.labels.values()] == ["z"]
    simple, _ = flatten(graph, [root])
    assert [*simple.labels.values()] in (["z"], [])  # a product that a sum absorbs has no node


@pytest.mark.parametrize("number", [Fraction(1, 3), Decimal("0.1"), 2j, np.complex128(1 + 2j)], ids=str)
def test_numbers_that_arrays_would_round_in_silence(number):
    for f in (lambda x: x[0] * number, lambda x: Value(number) * x[0], lambda x: number):
        with pytest.raises(
            TypeError, match=r"which arrays of floats cannot hold; use float\(…\) or stay with"
        ):
            record(f)


def test_numpy_numbers_and_booleans_are_numbers():
    graph, root = record(lambda x: x[0] * np.float32(0.5) + np.int64(2) + True)
    assert run(graph, root, (), [[4.0, 0, 0]]) == 5.0


def test_a_symbol_of_another_graph():
    other = record(lambda x: x[0])[0]
    with pytest.raises(
        TypeError, match="add got a symbol of another call: keep none outside of the function"
    ):
        record(lambda x: x[0] + Symbol(other, 0))


def test_the_transform_ends_with_the_function():
    """Also where it fails: outside, float(w) works again."""
    w = Value(2.0)
    with pytest.raises(ZeroDivisionError):
        record(lambda x: 1 / 0)
    assert float(w * 1) == 2.0


BRANCHES = {
    "if": lambda x: 1 if x else 2,
    "not": lambda x: not x,
    "less": lambda x: 1 if x < 0 else 2,
    "at least, from the right": lambda x: 1 if constant(0) >= x else 2,
    "equal": lambda x: 1 if x == 2 else 2,
    "unequal": lambda x: 1 if x != constant(2) else 2,
    "max": lambda x: max([x, 0]),
    "in": lambda x: 7 in [x],
}


@pytest.mark.parametrize("branch", BRANCHES)
def test_a_branch_on_a_parameter_is_refused_while_compile_records(branch):
    x = Value(2.0, "x")
    with pytest.raises(TypeError, match=r"a branch .* would freeze .* choose with where, maximum or"):
        trace(lambda y: BRANCHES[branch](x), {x: 0}, lambda graph: (examples(graph, [()]), {}))
    BRANCHES[branch](x)


def test_constants_and_identity_are_no_branches_while_compile_records():
    x = Value(2.0, "x")

    def f(y):
        assert constant(2) == 2 and constant(3) > constant(2) and constant(1) and Value(3.0) > 2
        assert x in {x} and x in [x] and {x: 1}[x] == 1
        return y

    trace(f, {x: 0}, lambda graph: (examples(graph, [()]), {}))


# ── Sums in one form ────────────────────────────────────────────────────────────────────────────────

w = [Value(float(i), f"w{i}") for i in range(1, 5)]


def loop(x):
    total = w[3]
    for wi, xi in zip(w, x):
        total += wi * xi
    return total


WAYS = {  # to write w·x + b
    "dot": lambda x: autograd.dot(w[:3], x) + w[3],
    "dot, the bias first": lambda x: w[3] + autograd.dot(x, w[:3]),
    "sum of products": lambda x: autograd.sum([wi * xi for wi, xi in zip(w, x)]) + w[3],
    "all in one sum": lambda x: autograd.sum([*(xi * wi for wi, xi in zip(w, x)), w[3]]),
    "Python's sum": lambda x: sum(wi * xi for wi, xi in zip(w, x)) + w[3],
    "a loop": loop,
    "from the right": lambda x: w[0] * x[0] + (w[1] * x[1] + (x[2] * w[2] + w[3])),
    "in pairs": lambda x: (w[0] * x[0] + w[1] * x[1]) + (w[2] * x[2] + w[3]),
}


@pytest.mark.parametrize("name", WAYS)
def test_a_neuron_has_one_form_however_it_is_written(name):
    graph, root = flat(WAYS[name], parameters=w)
    assert kinds(graph, [root]) == {"add": 1, "dot": 1}
    (dot,) = [args for op, args in zip(graph.ops, graph.args) if op is ops.dot]
    assert all(graph.ops[node] is PARAMETER for node in dot[:3])  # weights first
    assert all(graph.ops[node] is INPUT for node in dot[3:])
    assert run(graph, root, [1.0, 2.0, 3.0, 4.0], [[5.0, 6.0, 7.0]]) == 42.0


def test_sums_and_products_that_others_need_stay():
    def f(x):
        s = x[0] + x[1]
        p = x[1] * x[2]
        return (s + x[2]) * s + autograd.tanh(p) + p + x[0] * x[2]

    graph, root = flat(f)
    x = [2.0, 3.0, 4.0]
    assert run(graph, root, (), [x]) == pytest.approx(f(x), rel=1e-15)
    assert kinds(graph, [root]) == {"add": 2, "mul": 3, "tanh": 1, "sum": 1}


def test_a_root_stays_a_node():
    graph, (a, b) = record(lambda x: [x[0] + x[1], x[0] + x[1] + x[2]])
    simple, roots = flatten(graph, [a, b])
    assert len(set(roots)) == 2
    assert [run(simple, root, (), [[1.0, 2.0, 4.0]]) for root in roots] == [3.0, 7.0]
    assert kinds(simple, roots) == {"add": 2}


def test_means_and_single_products():
    graph, root = flat(lambda x: autograd.mean(x) + autograd.dot([w[0]], [x[0]]), parameters=w)
    assert kinds(graph, [root]) == {"sum": 1, "mul": 2, "add": 1} or kinds(graph, [root]) == {
        "sum": 2,
        "mul": 2,
    }
    assert run(graph, root, [2.0], [[3.0, 4.0, 5.0]]) == 10.0


def test_differences_and_other_rows_are_no_terms():
    graph, root = flat(lambda x: (x[0] - x[1]) + (x[1] - x[2]) + x[0] / x[1])
    assert kinds(graph, [root]) == {"sub": 2, "div": 1, "sum": 1}


def test_what_the_roots_do_not_need_is_dropped():
    graph, root = record(lambda x: [autograd.exp(x[0]), x[1] * 3][1])
    assert kinds(graph) == {"exp": 1, "mul": 1}
    assert kinds(flatten(graph, [root])[0]) == {"mul": 1}


def test_a_graph_is_a_plain_list():
    graph = Graph({})
    x, three = graph.add(INPUT, (1, 0)), graph.add(CONSTANT, (3.0,))
    assert (graph.add(INPUT, (1, 0)), graph.add(ops.mul, (x, three)), len(graph)) == (x, 2, 3)
    assert (graph.number(three), graph.number(x)) == (3.0, None)
    assert graph.number(graph.add(ops.add, (three, three))) == 6.0


def test_orders_of_derivatives_stay_whole_where_constants_are_folded():
    """ψ⁽ⁿ⁾ of a constant, be it a number, a constant or a Value that the function makes."""
    for x in 2.5, constant(2.5):
        found = autograd.compile(lambda y, x=x: ops.polygamma(1, x) * y)(2.0)
        assert found == pytest.approx(2 * ops.polygamma(1, 2.5))
