"""Value: recording, backward, numbers, errors, and graphs a million nodes deep."""

import asyncio
import copy
import gc
import math
import operator
import pickle
import threading
import tracemalloc
import weakref
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Op, Value, constant, exp, log, no_grad, ops, scope, sqrt, topological_order

fractions = st.fractions(min_value=-5, max_value=5, max_denominator=20)
OPERATORS = [operator.add, operator.sub, operator.mul]


@st.composite
def graphs(draw, numbers=fractions):
    """A root over shared subexpressions of + − × and its leaves."""
    leaves = [Value(x) for x in draw(st.lists(numbers, min_size=1, max_size=4))]
    nodes = list(leaves)
    for _ in range(draw(st.integers(1, 12))):
        left, right = (nodes[draw(st.integers(0, len(nodes) - 1))] for _ in range(2))
        nodes.append(draw(st.sampled_from(OPERATORS))(left, right))
    return nodes[-1], leaves


def dual_gradient(root, leaf):
    """∂root/∂leaf by a forward sweep of pairs a + bε that knows nothing of the table's rules."""
    pairs = {}
    for node in topological_order(root):
        if not node.args:
            pairs[node] = (node.data, int(node is leaf))
            continue
        (a, da), (b, db) = (pairs[arg] for arg in node.args)
        pairs[node] = {
            "+": (a + b, da + db),
            "−": (a - b, da - db),
            "×": (a * b, da * b + a * db),
        }[node.op.symbol]
    return pairs[root][1]


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(graphs())
def test_backward_is_exact_in_fractions(graph):
    root, leaves = graph
    if root.op is None:
        return
    root.backward()
    for leaf in leaves:
        assert leaf.grad == dual_gradient(root, leaf)
        assert isinstance(leaf.grad, int | Fraction)


@given(graphs(st.floats(-3, 3)))
def test_twice_backward_is_exactly_twice_on_leaves_and_once_between(graph):
    root, _ = graph
    root.backward()
    order = topological_order(root)
    first = {node: node.grad for node in order}
    root.backward()
    for node in order:
        assert node.grad == first[node] * (2 if node.op is None else 1)


@given(graphs(), fractions)
def test_backward_is_linear_in_the_seed(graph, seed):
    root, leaves = graph
    root.backward()
    once = [leaf.grad for leaf in leaves]
    root.zero_grad()
    root.backward(seed)
    reached = set(topological_order(root))
    assert all(leaf.grad == seed * grad for leaf, grad in zip(leaves, once) if leaf in reached)


@given(graphs(), fractions)
def test_a_mutation_after_the_forward_pass_changes_no_gradient(graph, number):
    root, leaves = graph
    root.backward()
    before = [leaf.grad for leaf in leaves]
    root.zero_grad()
    for node in topological_order(root):
        node.data = number
    root.backward()
    reached = set(topological_order(root))
    assert all(leaf.grad == grad for leaf, grad in zip(leaves, before) if leaf in reached)


@given(graphs())
def test_the_order_is_topological_complete_and_unique(graph):
    root, _ = graph
    order = topological_order(root)
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order) and order[-1] is root
    assert all(place[arg] < place[node] for node in order for arg in node.args)


def test_arguments_stand_in_argument_order():
    a, b, c = Value(1, "a"), Value(2, "b"), Value(3, "c")
    assert [node.label for node in topological_order(a * b + c)] == ["a", "b", "", "c", ""]


@given(graphs())
def test_a_copy_has_the_same_gradients_and_shares_no_node(graph):
    root, _ = graph
    if root.op is None:
        return
    for twin in copy.deepcopy(root), pickle.loads(pickle.dumps(root)):
        root.zero_grad(), twin.zero_grad()
        root.backward(), twin.backward()
        pairs = list(zip(topological_order(root), topological_order(twin), strict=True))
        assert all(a is not b and a.data == b.data and a.grad == b.grad and a.op is b.op for a, b in pairs)


# ── The textbook's numbers ──────────────────────────────────────────────────────────────────────────


def test_the_apples_of_the_book_to_the_last_digit():
    apple, count, tax = Value(100), Value(2), Value(1.1)
    price = apple * count * tax
    price.backward()
    assert [repr(v) for v in (price.data, apple.grad, count.grad, tax.grad)] == [
        "220.00000000000003",
        "2.2",
        "110.00000000000001",
        "200",
    ]


def test_a_value_used_twice_gets_both_contributions():
    x = Value(3.0)
    y = x * x
    assert y.args == (x, x) and y.args[0] is y.args[1]
    y.backward()
    assert x.grad == 6.0


def test_a_gradient_is_a_number_also_where_nothing_arrives():
    """It once could become False."""
    for earlier in None, 0, 2.5:
        x, y = Value(2.0), Value(3.0)
        x.grad = y.grad = earlier
        autograd.where(True, y, x).backward()
        assert [x.grad, y.grad] == [earlier or 0, (earlier or 0) + 1]
        assert {type(x.grad), type(y.grad)} <= {int, float}


def test_numbers_of_sympy_have_exact_gradients():
    sympy = pytest.importorskip("sympy")
    x, y = Value(sympy.Rational(1, 3)), Value(sympy.Integer(2))
    (x * x * y - x / y).backward()
    assert (x.grad, y.grad) == (sympy.Rational(5, 6), sympy.Rational(7, 36))
    assert isinstance(x.grad, sympy.Rational) and isinstance(y.grad, sympy.Rational)


def test_backward_of_a_leaf_is_its_seed():
    x = Value(Fraction(3))
    x.backward()
    x.backward(seed=Fraction(1, 2))
    assert x.grad == Fraction(3, 2)


@pytest.mark.parametrize(
    "number", [2, 2.5, 2 + 1j, Fraction(5, 2), Decimal("2.5")], ids=lambda x: type(x).__name__
)
def test_the_gradient_has_the_number_type_of_the_root(number):
    x = Value(number)
    (x * x / 2).backward()
    expected = float if isinstance(number, int) else type(number)
    assert x.grad == number and type(x.grad) is expected


def test_ints_stay_ints_and_division_of_fractions_is_exact():
    x, y = Value(7), Value(3)
    z = x * y - x
    z.backward()
    assert (z.data, x.grad, y.grad) == (14, 2, 7)
    a = Value(Fraction(1, 3))
    (a / 3).backward()
    assert a.grad == Fraction(1, 3) and type(a.grad) is Fraction


def test_a_complex_gradient_is_the_complex_derivative():
    z = Value(1 + 2j)
    (z * z).backward()
    assert z.grad == 2 + 4j


# ── Constants and no_grad ───────────────────────────────────────────────────────────────────────────


def test_a_plain_number_is_a_constant_without_gradient():
    x = Value(2.0)
    y = x * 3
    y.backward()
    three = y.args[1]
    assert three.op is ops.constant and three.data == 3 and three.grad is None
    y.zero_grad()
    assert three.grad is None and x.grad == 0


def test_no_local_derivative_is_computed_towards_constants():
    x = Value(0.0)
    y = x**0 + 0 ** Value(2.0) + (-2.0) ** 2 * x  # log 0 and log −2 would stand at the constants
    y.backward()
    assert x.grad == 4.0


def test_no_grad_records_nothing_and_nests():
    x = Value(3.0)
    with no_grad():
        with no_grad():
            pass
        y = exp(x) * 2
    assert y.op is ops.constant and y.args == () and (x * 2).op is ops.mul


def test_no_grad_is_a_decorator_and_survives_an_exception():
    @no_grad()
    def f(x):
        return 1 / x

    assert f(Value(2.0)).op is ops.constant
    with pytest.raises(ZeroDivisionError):
        f(Value(0.0))
    assert (Value(2.0) * 2).op is ops.mul


def test_no_grad_in_a_suspended_generator_holds_for_its_caller_too():
    """As its documentation says, and as with every context variable: do not yield inside."""

    def numbers():
        with no_grad():
            yield 1

    x, generator = Value(2.0), numbers()
    next(generator)
    assert (x * x).op is ops.constant
    generator.close()
    assert (x * x).op is ops.mul


def test_no_grad_holds_for_its_own_thread_and_task_alone():
    x, seen = Value(2.0), []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * x).op))
        thread.start()
        thread.join()
    assert seen == [ops.mul]

    async def silent(barrier):
        with no_grad():
            await barrier.wait()
            return (x * x).op

    async def recording(barrier):
        await barrier.wait()
        return (x * x).op

    async def both():
        barrier = asyncio.Barrier(2)
        return await asyncio.gather(silent(barrier), recording(barrier))

    assert asyncio.run(both()) == [ops.constant, ops.mul]


# ── Scopes ──────────────────────────────────────────────────────────────────────────────────────────


def test_values_note_the_scope_they_were_made_in():
    outside = Value(1.0)
    with scope("layer1"):
        w = Value(2.0)
        with scope("neuron3"):
            z = exp(w * outside)
            with no_grad(), scope("deeper"):
                assert exp(w).op is ops.constant
        y = z + 1
    assert [v.scope for v in (outside, w, z, z.args[0], y, y * 2)] == [
        "",
        "layer1",
        "layer1.neuron3",
        "layer1.neuron3",
        "layer1",
        "",
    ]
    for twin in copy.copy(z), copy.deepcopy(z), pickle.loads(pickle.dumps(z)):
        assert twin.scope == "layer1.neuron3"


def test_a_scope_may_be_kept_and_entered_again_also_inside_itself():
    layer = scope("layer")
    with pytest.raises(ZeroDivisionError), layer:
        Value(1) / 0
    with layer:
        with layer:
            inner = Value(1.0)
        outer = Value(1.0)
    assert (inner.scope, outer.scope, Value(1.0).scope) == ("layer.layer", "layer", "")


@pytest.mark.parametrize("name", ["", None, 3])
def test_a_scope_needs_a_name(name):
    with pytest.raises(TypeError, match="scope needs a name"), scope(name):
        pass


# ── Python's number protocol ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("other", [3, 2.5, Fraction(5, 2)])
@pytest.mark.parametrize("op", "add sub mul truediv pow mod floordiv divmod".split())
def test_operators_agree_with_python_on_both_sides(op, other):
    function = divmod if op == "divmod" else getattr(operator, op)
    x = Value(1.5)

    def data(z):
        return tuple(v.data for v in z) if isinstance(z, tuple) else z.data

    assert data(function(x, other)) == function(1.5, other)
    assert data(function(other, x)) == function(other, 1.5)
    assert data(function(x, Value(other))) == function(1.5, other)


def test_unary_operators_and_conversions():
    x = Value(-2.5)
    assert (-x).data == 2.5 and abs(x).data == 2.5 and +x is x
    assert (float(x), int(x), complex(x), round(x), round(x, 1)) == (-2.5, -2, -2.5, -2, -2.5)
    assert (
        bool(x)
        and not Value(0.0)
        and f"{x:.2f}" == "-2.50"
        and (math.floor(x), math.ceil(x), math.trunc(x)) == (-3, -2, -2)
    )


def test_comparison_is_by_number_and_hashing_by_identity():
    a, b = Value(2), Value(2.0)
    assert a == b and a == 2 and 2 == a and a != 3 and a < 3 <= Value(3) and 1 < a and a >= 2
    assert len({a, b}) == 2 and {a: 1}[a] == 1 and (a == "2") is False and (a != None)  # noqa: E711


small = st.integers(-3, 3)


@given(st.data(), st.integers(1, 4), st.integers(1, 3))
def test_matvec_records_the_dots_of_the_rows(data, k, m):
    lists = st.lists(small, min_size=k, max_size=k)
    kinds = st.sampled_from([float, Fraction, int])
    rows = [[data.draw(kinds)(x) for x in data.draw(lists)] for _ in range(m)]
    plain = data.draw(st.booleans())  # x may hold plain numbers
    graphs = []
    for products in autograd.matvec, lambda rows, x: [ops.dot(row, x) for row in rows]:
        w = [[Value(x) for x in row] for row in rows]
        x = [2.0 if plain and j == 0 else Value(float(j - 1)) for j in range(k)]
        with scope("layer"):
            z = products(w, x)
        assert all(node.op is ops.dot and node.scope == "layer" for node in z)
        total = ops.sum(z)
        total.backward()
        graphs.append(([node.data for node in z], [[v.grad for v in row] for row in w]))
    assert graphs[0] == graphs[1]


def test_matvec_outside_of_graphs_and_where_it_does_not_fit():
    w, x = [[Value(1.0), Value(2.0)]], [Value(3.0), Value(4.0)]
    with no_grad():
        assert autograd.matvec(w, x)[0].op is ops.constant
    assert autograd.matvec([[1, 2], [3, 4]], [5, 6]) == [17, 39] and autograd.matvec([], x) == []
    with pytest.raises(ValueError, match="the sequences have lengths"):
        autograd.matvec([[Value(1.0)]], x)
    with pytest.raises(TypeError, match="dot"):
        autograd.matvec([[Value(Decimal(1)), Value(1.0)]], [Value(2.0), Value(3.0)])


def test_repr_is_short():
    assert repr(Value(2.0, "x")) == "Value(2.0, label='x', grad=0)"
    assert repr(constant(3)) == "Value(3, constant)"


def test_data_label_and_grad_may_be_set_but_not_op_and_args():
    x = Value(1.0) * 2
    x.data, x.label, x.grad = 3.0, None, 1.0
    assert x.label == ""  # no label, and never the word None
    x.label = "x"
    for name in "op", "args", "colour":
        with pytest.raises(AttributeError):
            setattr(x, name, None)


# ── Custom operations ───────────────────────────────────────────────────────────────────────────────

cube = Op("cube", lambda x: x * x * x, lambda x, z: 3 * x * x)


def test_a_custom_row_works_on_numbers_values_and_in_pickles():
    x = Value(Fraction(2, 3), "x")
    y = cube(x)
    y.backward()
    assert cube(2) == 8 and y.data == Fraction(8, 27) and x.grad == Fraction(4, 3)
    twin = pickle.loads(pickle.dumps(y))
    assert twin.op is cube


def test_a_row_on_sequences_may_leave_an_argument_out_and_gives_one_derivative_for_each():
    row = Op("row", lambda *x: sum(x), lambda x, z: [None, *[2] * (len(x) - 1)], sequences=1)
    x = [Value(i) for i in range(3)]
    row([*x, constant(4)]).backward()
    assert [v.grad for v in x] == [0, 2, 2] == autograd.grad(row)([0, 1, 2])
    for wrong in [], [1, 1], [1, 1, 1, 1]:
        row.partials = (lambda x, z, wrong=wrong: wrong,)
        with pytest.raises(
            ValueError, match=r"^row\(0, 1, 2\): .*the rule gave . for 3 arguments; give one local"
        ):
            row(x).backward()
        assert [v.grad for v in x] == [0, 2, 2]


def test_the_rules_are_read_from_the_row_at_every_pass(monkeypatch):
    x = Value(1.0)
    y = exp(x)
    monkeypatch.setattr(ops.exp, "partials", (lambda x, z: 7,))
    y.backward()
    assert x.grad == 7


# ── Bad input: the operation, the argument, the remedy, in one line ─────────────────────────────────

x, zero = Value(2.0, "x"), Value(0.0, "zero")
BAD = {
    "text": (lambda: Value("3"), TypeError, "'3' is a str, not a number; give an int, float"),
    "none": (lambda: Value(None), TypeError, "None is a NoneType, not a number"),
    "list": (lambda: Value([1, 2]), TypeError, "autograd.array makes an array of Values"),
    "value": (lambda: Value(x), TypeError, "it is a Value already: use it, or its .data"),
    "operand": (lambda: x + "x", TypeError, "add(x = 2.0, 'x'): 'x' is a str, not a number"),
    "reflected": (lambda: [1] - x, TypeError, "sub([1], x = 2.0)"),
    "argument": (lambda: autograd.maximum(x, None), TypeError, "maximum(x = 2.0, None)"),
    "domain": (lambda: log(Value(-1, "y")), ValueError, "log(y = -1)|0 < x|where"),
    "division": (lambda: 1 / zero, ZeroDivisionError, "div(1, zero = 0.0)|y ≠ 0"),
    "root": (lambda: (-8.0) ** Value(0.5, "y"), ValueError, "power(-8.0, y = 0.5)|complex"),
    "overflow": (lambda: exp(x * 1000), OverflowError, "exp(2000.0)|scale"),
    "mixed": (lambda: Value(Decimal(1), "d") + 0.1, TypeError, "add(d = Decimal('1'), 0.1)|one type"),
    "order": (lambda: autograd.relu(Value(1j, "c")), TypeError, "relu(c = 1j)|no order"),
    "constant": (lambda: constant(3).backward(), RuntimeError, "Value(3, constant)|no leaf|Value(…)"),
    "no leaf": (lambda: (constant(3) * 2).backward(), RuntimeError, "no leaf"),
    "seed": (lambda: (x * x).backward("1"), TypeError, "'1' is a str"),
    "arity": (lambda: autograd.sin(x, x), TypeError, "sin takes 1 argument, not 2"),
    "result": (lambda: Op("f", lambda x: "no", lambda x, z: 1)(x), TypeError, "f(x = 2.0) gave no number"),
    "no rule": (lambda: Op("cube", lambda x: x**3), TypeError, "Op('cube', …) has no rule; give one local"),
    "kind": (lambda: Op("f", abs, abs, kind="x"), ValueError, "kind 'x' does not exist; there is rational"),
    "foreign": (lambda: x + object(), TypeError, "add(x = 2.0, <object"),
    "step": (lambda: autograd.backward_steps(sqrt(zero)), ZeroDivisionError, "sqrt(zero = 0.0): its local"),
    "upstream": (lambda: (x * 2.5).backward(Decimal(1)), TypeError, "mul(x = 2.0, 2.5): upstream × local"),
    "slope": (lambda: sqrt(zero).backward(), ZeroDivisionError, "sqrt(zero = 0.0): its local derivative"),
}


@pytest.mark.parametrize("case", BAD)
def test_an_error_names_the_operation_the_argument_and_the_remedy(case):
    call, kind, parts = BAD[case]
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    assert all(part in message for part in parts.split("|")), message
    assert "\n" not in message


def test_backward_under_no_grad_is_an_error():
    x = Value(2.0)
    y = x * x
    with no_grad(), pytest.raises(RuntimeError, match="no_grad"):
        y.backward()
    with no_grad():
        z = x * x
    with pytest.raises(RuntimeError, match="no leaf"):
        z.backward()


def test_a_refused_seed_or_a_sum_that_fails_leaves_the_gradients():
    x, y = Value(2.0), Value(3.0)
    z = x * y
    z.backward()
    with pytest.raises(TypeError):
        z.backward("1")
    y.grad = Decimal(1)
    with pytest.raises(TypeError):
        z.backward()
    assert (x.grad, y.grad) == (3.0, Decimal(1))
    y.grad = None  # as some are used to
    z.backward()
    assert (x.grad, y.grad) == (6.0, 2.0)


@pytest.mark.parametrize(
    "wrong", ["1", [1.0], {}, object(), Value(1.0), ops.exp], ids=lambda x: type(x).__name__
)
def test_a_gradient_that_is_no_number_is_refused_by_the_leaf_and_changes_nothing(wrong):
    x, y = Value(2.0, "x"), Value(3.0)
    z = x * y
    z.backward()
    z.grad, x.grad = 5, wrong
    with pytest.raises(
        TypeError, match=r"^backward: the leaf x = 2\.0 holds the gradient .*; set its grad to 0$"
    ):
        z.backward()
    assert x.grad is wrong and (y.grad, z.grad) == (2.0, 5)
    x.grad = 0
    z.backward()
    assert (x.grad, y.grad, z.grad) == (3.0, 4.0, 1)


def test_an_array_as_a_gradient_is_refused_too():
    numpy = pytest.importorskip("numpy")
    x = Value(2.0, "x")
    x.grad = numpy.ones(2)
    with pytest.raises(TypeError, match=r"the leaf x = 2\.0 holds the gradient array\(\[1\., 1\.\]\)"):
        (x * x).backward()


def test_a_failed_pass_leaves_the_leaves_and_the_graph_as_they_were():
    x, y = Value(0.0), Value(3.0)
    good = x * y
    good.backward()
    with pytest.raises(ZeroDivisionError):
        (good + sqrt(x) + y).backward()
    assert (x.grad, y.grad) == (3.0, 0.0) and type(good.grad) is int
    stop = Op("stop", lambda x: x, lambda x, z: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        (stop(x) + y).backward()
    assert (x.grad, y.grad) == (3.0, 0.0)
    good.backward()
    assert (x.grad, y.grad) == (6.0, 0.0)


FAILING_PASSES = {
    "backward": lambda root: root.backward(),
    "a seed": lambda root: root.backward(Decimal(1)),
    "a sum": lambda root: root.backward("1"),
    "steps": autograd.backward_steps,
    "grad": lambda root: autograd.grad(lambda t: root * sqrt(t))(0.0),
    "jvp": lambda root: autograd.jvp(lambda t: root * sqrt(t), (0.0,), (1.0,)),
    "hessian": lambda root: autograd.hessian(lambda t: root * sqrt(t))(0.0),
    "taylor": lambda root: autograd.taylor(lambda t: root * sqrt(t), 0.0, 2),
}


@pytest.mark.parametrize("name", FAILING_PASSES)
@settings(max_examples=20)
@given(graph=graphs(), held=st.lists(fractions, min_size=5, max_size=5), place=st.integers(0, 99))
def test_after_a_pass_that_fails_all_nodes_are_as_before(name, graph, held, place):
    inner = topological_order(graph[0])
    root = graph[0] * sqrt(Value(0.0)) + inner[place % len(inner)]
    assume(graph[0].data != 0 and root.data != 0)  # a factor of 0 asks for no slope of √
    order = topological_order(root)
    for i, node in enumerate(order):
        node.grad, node.label = held[i % 5], f"n{i}"
    state = lambda: [(x.data, x.grad, type(x.grad), x.label, x.op, x._record) for x in order]
    before = state()
    with pytest.raises((ArithmeticError, TypeError)):
        FAILING_PASSES[name](root)
    assert state() == before
    assert all(a is b for one, other in zip(before, state()) for a, b in zip(one[-1], other[-1]))


# ── Depth, memory, freedom from cycles ──────────────────────────────────────────────────────────────


def chain(length):
    x = y = Value(1.0, "x")
    for _ in range(length):
        y = y * x
    return x, y


def test_a_chain_of_a_million_operations():
    x, y = chain(1_000_000)
    y.backward()
    assert x.grad == 1_000_001
    assert len(repr(y)) < 50
    for twin in copy.deepcopy(y), pickle.loads(pickle.dumps(y)):
        assert twin.args[0].args[1].label == "x"
        del twin
    assert copy.copy(y).args[0] is y.args[0]
    del x, y


def test_a_graph_is_freed_by_reference_counting_alone():
    class Tracked(float):
        pass

    gc.collect()
    gc.disable()
    try:
        number = Tracked(2.0)
        alive = weakref.ref(number)
        x = Value(1.0)
        x.data = number  # kept by every record that used it
        y = exp(x * x) + x
        y.backward()
        del number, x
        assert alive() is not None
        del y
        assert alive() is None
    finally:
        gc.enable()


def test_a_recorded_product_takes_at_most_220_bytes():
    a, b, n = Value(1.5), Value(2.5), 1000
    nodes = [None] * n
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for i in range(n):
            nodes[i] = a * b
        size = (tracemalloc.get_traced_memory()[0] - before) / n
    finally:
        tracemalloc.stop()
    assert size <= 220


TRANSFORMS = {
    "grad": lambda f: autograd.grad(f)(1),
    "jacobian": lambda f: autograd.jacobian(lambda v: [f(v[0]), v[0]])([1])[0][0],
    "jvp": lambda f: autograd.jvp(f, (1,), (1,))[1],
    "vjp": lambda f: autograd.vjp(f, 1)[1](1)[0],
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_transform_goes_a_hundred_thousand_nodes_deep(name):
    def f(x):
        y = x
        for _ in range(100_000):
            y = y * x
        return y

    assert TRANSFORMS[name](f) == 100_001


def test_second_derivatives_go_as_deep_as_memory_lasts():
    def f(x):
        y = x
        for _ in range(10_000):
            y = y * x
        return y

    assert autograd.hvp(f, (1,), (1,)) == (10_001 * 10_000,)
    assert autograd.grad(autograd.grad(f))(1) == 10_001 * 10_000


def test_leaves_made_in_a_run_do_not_outlive_it():
    class Tracked(float):
        pass

    def alive(kept):
        gc.collect()
        return sum(reference() is not None for reference in kept)

    def f(x):
        for _ in range(100):
            number = Tracked(2.0)
            leaf = Value(1.0)
            leaf.data = number
            numbers.append(weakref.ref(number))
        return x * leaf

    numbers: list = []
    value, pull = autograd.vjp(f, 3.0)
    assert (value, pull(1.0)) == (6.0, (2.0,))
    assert alive(numbers) <= 1, "pull keeps the graph, and no more"
    del pull
    assert autograd.grad(f)(3.0) == 2.0 and alive(numbers) == 0


def test_leaves_pickled_beside_their_graph_stay_its_leaves():
    x = Value(2.0)
    twin_x, twin_y = pickle.loads(pickle.dumps((x, x * x)))
    twin_y.backward()
    assert twin_x.grad == 4.0


@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["copy", "pickle"]
)
def test_roots_copied_together_keep_sharing_their_leaves(twin_of):
    with scope("data"):
        x = Value(Fraction(2), "x")
    w = Value(3, "w")
    with scope("model"):
        roots = {"loss": x * w * w, "other": [w - x, w], "same": None}
        roots["same"] = roots["loss"]
    roots["loss"].backward()
    twins = twin_of(roots)
    loss, (difference, v) = twins["loss"], twins["other"]
    assert twins["same"] is loss and difference.args[0] is v and loss.args[1] is v and v is not w
    assert (v.grad, v.label, difference.args[1].scope, loss.scope) == (12, "w", "data", "model")
    difference.backward(), loss.backward()
    assert (v.grad, difference.args[1].grad) == (12 + 1 + 12, 9 - 1 + 9) and w.grad == 12


@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["copy", "pickle"]
)
@given(graph=graphs(), data=st.data())
def test_any_roots_copied_together_share_what_they_shared(twin_of, graph, data):
    order = topological_order(graph[0])
    for node in order:
        node.label, node.grad = f"n{order.index(node)}", len(order) - order.index(node)
    roots = data.draw(st.lists(st.sampled_from(order), min_size=1, max_size=4))
    twins = twin_of(roots)
    assert [twins.index(twin) for twin in twins] == [roots.index(root) for root in roots]
    leaf = {}
    for root, twin in zip(roots, twins, strict=True):
        nodes, copies = topological_order(root), topological_order(twin)
        assert not {*nodes} & {*copies}
        for node, made in zip(nodes, copies, strict=True):
            state = lambda x: (x.data, x.grad, x.label, x.op, x.operands, [arg.label for arg in x.args])
            assert state(made) == state(node)
            assert made.args or leaf.setdefault(node, made) is made


def test_pickles_and_copies_made_in_a_scope_keep_the_scopes_of_their_nodes():
    with scope("layer"):
        root = Value(2.0, "x") * 3
    with scope("elsewhere"), no_grad():
        twins = [copy.copy(root), copy.deepcopy(root), pickle.loads(pickle.dumps(root))]
    for twin in twins:
        assert [node.scope for node in topological_order(twin)] == ["layer", "", "layer"]
        assert twin.op is ops.mul and twin.args[0].op is None and twin.args[1].op is ops.constant


def test_a_local_row_can_be_copied_but_not_pickled():
    local = Op("twice", lambda x: 2 * x, lambda x, z: 2)
    y = local(Value(3))
    assert copy.deepcopy(y).op is local
    with pytest.raises(TypeError, match="keep it in a variable of a module"):
        pickle.dumps(y)
