"""What compile must not freeze: numbers that Python reads while it records, counters, draws."""

import collections
import functools
import itertools
import math
import random
import threading
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Op, Value, ops
from autograd.program import purity
from autograd.program.purity import alike, check_row, generators, reached, undrawn
from autograd.program.trace import CAPTURED, CONSTANT, PARAMETER, THETA, examples, trace
from autograd.testing.strategies import expressions, rows

TINY = 2.0**-20  # changes a number, and leaves it in the domain
HUNDRED = settings().max_examples  # or as many as the profile says
X = np.array([1.0, 2.0])
w, v = Value(2.0, "w"), Value(3.0, "v")
generator = np.random.default_rng(0)
lot = random.Random(0)


def compiled(f, parameters=(w, v), *inputs):
    """The value of the program of f."""
    program = autograd.compile(f, list(parameters))
    return program(program.parameters(), *(inputs or [X]))[0]


def record(f, *parameters):
    """What f records with one number as its input."""
    return trace(f, {p: i for i, p in enumerate(parameters)}, lambda g: (examples(g, [()]), {}))


# ── The property ────────────────────────────────────────────────────────────────────────────────────


def gradient(leaf):
    return leaf * (1 + (leaf.grad + 1) * TINY)


def counted():
    count = itertools.count(1)
    return lambda leaf: leaf * (1 + next(count) * TINY)


def drawn_by(draw):
    return lambda leaf: leaf * (1 + draw() * TINY)


def kept():
    held = []

    def read(leaf):
        held.append(leaf)
        return leaf * (1 + len(held) * TINY)

    return read


def branch(leaf):
    return -leaf if leaf.data < -1e9 else leaf


def rare_draw(leaf):
    return leaf if random.random() < 2 else -leaf


def impure_row():
    rng = random.Random(1)
    row = Op("noisy", lambda x: x * (1 + rng.random() * TINY), lambda x, z: 1.0)
    return lambda leaf: row(leaf)


def counting_row():
    calls = []

    def function(x):
        calls.append(x)
        return x * len(calls)

    return Op("counting", function, lambda x, z: 1.0)


FROZEN = {  # how a leaf is read, made anew for each program
    ".data": lambda: lambda leaf: leaf.data,
    "a part of .data": lambda: lambda leaf: leaf - leaf.data * TINY,
    "a branch on .data": lambda: branch,
    "float(.data)": lambda: lambda leaf: leaf * math.exp(leaf.data * TINY),
    ".grad": lambda: gradient,
    "a counter": counted,
    "random": lambda: drawn_by(random.random),
    "random, though it changes nothing": lambda: rare_draw,
    "a generator of NumPy's": lambda: drawn_by(np.random.default_rng(3).random),
    "NumPy's own": lambda: drawn_by(np.random.rand),
    "a list that grows": kept,
    "a row that draws": impure_row,
    "a row that counts": counting_row,
}


@pytest.mark.parametrize("name", FROZEN)
@settings(max_examples=max(HUNDRED // 10, 5))
@given(st.data())
def test_random_functions_with_frozen_state_are_refused_and_without_it_compile(name, data):
    e = data.draw(expressions(operations=rows(("rational", "analytic")), leaves=4, size=8))
    place = data.draw(st.integers(0, len(e.leaves) - 1))
    leaves = e.leaves
    parameters = [w, *leaves]

    def with_leaf_as(read):
        return lambda x: e.build([*leaves[:place], read(leaves[place]), *leaves[place + 1 :]]) + w * x

    read = FROZEN[name]()
    before = [(p.data, p.grad) for p in parameters], random.getstate(), repr(np.random.get_state())
    with pytest.raises(TypeError, match="compile: "):
        record(with_leaf_as(read), *parameters)
    record(with_leaf_as(lambda leaf: leaf), *parameters)
    assert before == (
        [(p.data, p.grad) for p in parameters], random.getstate(), repr(np.random.get_state())
    )  # fmt: skip


# ── Numbers of Values ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: (w - w.data * 0.5) * x, r"depends on w.data, which is 2.0 now and .* stop_gradient\(w\)"),
        (lambda x: w * x if w.data > 0 else -w * x, r"a branch .* depends on w.data"),
        (lambda x: w * x if w.data else x, r"a branch .* depends on w.data"),
        (lambda x: w * x * math.sqrt(v.data), r"float\(\) depends on v.data, which is 3.0 now"),
        (lambda x: w * x * round(v.data), r"round\(\) depends on v.data"),
        (lambda x: w * x * [1, 2, 3, 4][int(v.data)], r"int\(\) depends on v.data"),
        (lambda x: w * x * max(v.data, 1), r"a branch .* depends on v.data"),
        (lambda x: w * x * (w * v).data, r"depends on [wv].data"),
        (lambda x: w * x * Value(v.data), r"depends on v.data"),
        (lambda x: w * x * ops.stop_gradient(v.data), r"depends on v.data"),
        (lambda x: w * x * v.grad, r"depends on the \.grad of a Value.* use an input"),
        (lambda x: w * x * float(np.linalg.norm([p.data for p in (w, v)])), r"depends on [wv].data"),
        (lambda x: w * x * float(f"{w.data:.2f}"), r"format\(\) depends on w.data"),
    ],
)
def test_the_number_of_a_value_is_refused_with_the_remedy(f, words):
    with pytest.raises(TypeError, match=rf"^compile: .*{words}"):
        compiled(f)
    assert (w.data, v.data, w.grad, v.grad) == (2.0, 3.0, 0, 0)


def test_the_remedy_gives_the_eager_numbers():
    f = lambda x: (w - ops.stop_gradient(w) * 0.5) * x * v
    program = autograd.compile(f, [w, v])
    for theta in ([2.0, 3.0], [10.0, -1.0]):
        value, by = program(np.array(theta), np.array([3.0]))
        assert value == theta[0] * 0.5 * 3 * theta[1]
        assert by.tolist() == [3 * theta[1], theta[0] * 0.5 * 3]


def test_a_number_that_is_read_but_not_used_is_no_matter():
    def f(x):
        seen.append(w.data)
        return w * x

    seen = []
    assert compiled(f) == 3.0
    assert seen[0] == 2.0


@pytest.mark.parametrize(
    "outer", [autograd.grad, autograd.value_and_grad, lambda f: autograd.grad(autograd.grad(f))]
)
def test_transforms_inside_compile_do_not_alarm(outer):
    inner = outer(lambda y: autograd.sin(y * w) * autograd.exp(v * y) + w * v)

    def f(x):
        found = inner(x)
        return found[0] + found[1] if isinstance(found, tuple) else found

    eager = [f(x) for x in X.tolist()]
    assert compiled(f) == pytest.approx(sum(float(y.data) for y in eager) / 2, rel=1e-12)


@pytest.mark.parametrize("outer", [autograd.grad, lambda f: autograd.grad(autograd.grad(f))])
def test_stop_gradient_in_transforms_inside_compile_gives_the_eager_numbers(outer):
    stop = ops.stop_gradient
    f = lambda x: outer(lambda y: y * y * y * stop(y * w) + stop(w) * v * y * y)(x)
    program = autograd.compile(f, [w, v])
    value, by = program(program.parameters(), X)
    w.grad = v.grad = 0
    total = autograd.mean([f(x) for x in X.tolist()])
    total.backward()
    assert value == pytest.approx(total.data, rel=1e-12)
    assert by.tolist() == pytest.approx([w.grad, v.grad], rel=1e-12)
    w.grad = v.grad = 0


def test_float_and_data_inside_compile_advise_stop_gradient():
    for f in (lambda x: w * float(x), lambda x: x.data * w, lambda x: x * float(w)):
        with pytest.raises(TypeError, match=r"stop_gradient\(x\)"):
            compiled(f)
    with pytest.raises(TypeError, match=r"use \.data if that is meant"):
        autograd.grad(lambda x: x * float(x))(2.0)
    with pytest.raises(TypeError, match=r"stop_gradient\(x\)"):
        compiled(lambda x: autograd.grad(lambda y: y * float(y))(x) * w)


def test_a_function_that_sets_numbers_of_values_is_refused_and_they_are_put_back():
    def decays(x):
        w.data = w.data * 0.9
        return w * x

    def accumulates(x):
        (w * v).backward()
        return w * x

    for f in decays, accumulates:
        with pytest.raises(TypeError, match=r"sets \.(data|grad) of w, which"):
            compiled(f)
        assert (w.data, w.grad, v.grad) == (2.0, 0, 0)


def test_whatever_happens_the_numbers_are_put_back():
    def f(x):
        calls.append(x)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return w * x

    calls = []
    with pytest.raises(KeyboardInterrupt):
        compiled(f)
    assert (w.data, w.grad) == (2.0, 0)
    assert compiled(lambda x: w * x) == 3.0  # the lock is free again


def test_other_threads_go_on_with_their_gradients():
    loss, done = w * w, []

    def f(x):
        thread = threading.Thread(target=lambda: (loss.backward(), done.append(1)))
        threads.append(thread)
        thread.start()
        thread.join()
        return w * x

    threads = []
    compiled(f)
    assert w.grad == 8.0 and done == [1, 1]
    w.grad = 0


def test_programs_in_other_threads_have_their_numbers():
    rate, read = Value(0.5), []
    program = autograd.compile(lambda x: w * rate * x, [w])
    program(program.parameters(), X)

    def f(x):
        thread = threading.Thread(
            target=lambda: read.append((program.parameters()[0], program(np.ones(1), X)[0]))
        )
        threads.append(thread)
        thread.start()
        thread.join(0.05)
        return w * rate * x

    threads = []
    compiled(f)
    for thread in threads:
        thread.join()
    assert read == [(2.0, 0.75)] * 2


# ── What changes from call to call ──────────────────────────────────────────────────────────────────


def test_the_refusal_names_what_became_different():
    count = itertools.count(2)

    def f(x):
        h = x * next(count)
        return h * w

    with pytest.raises(TypeError, match=r"recorded twice, mul has 2\.0 and then 3\.0; .*input"):
        compiled(f)


def test_state_in_attributes_and_collections_is_seen():
    state, held = SimpleNamespace(n=1), collections.deque([1.0, 2.0, 5.0])

    def attribute(x):
        state.n += 1
        return w * x * state.n

    def rotating(x):
        held.rotate()
        return w * x * held[0]

    def once(x):
        if hasattr(state, "warm"):
            return w * x
        state.warm = True
        return w * x + 1

    for f in attribute, rotating, once:
        with pytest.raises(TypeError, match="compile: recorded twice"):
            compiled(f)


def test_another_structure_or_an_error_at_the_second_time_is_refused():
    calls = []

    def grows(x):
        calls.append(1)
        return [w * x] * len(calls)

    program = autograd.compile(grows, [w])
    with pytest.raises(TypeError, match=r"recorded twice, the function returned"):
        program.predict(program.parameters(), X)
    tape = iter([0.5])
    with pytest.raises(TypeError, match=r"recorded once more, .* raises StopIteration"):
        compiled(lambda x: w * x * next(tape))


def test_nan_and_the_sign_of_zero_are_equal_to_themselves_alone():
    nan = float("nan")
    assert math.isnan(compiled(lambda x: w * x + float("nan") * nan))
    signs = itertools.cycle([0.0, -0.0])
    with pytest.raises(TypeError, match=r"arctan2 has 0\.0 and then -0\.0"):
        compiled(lambda x: autograd.arctan2(w * x, next(signs)))


def test_a_row_made_inside_of_the_function_is_the_same_row_at_the_second_time():
    def f(x):
        k = 3
        cube = Op("cube", lambda x: x**k, lambda x, z: k * x * x)
        return cube(w * x) + cube(v)

    assert compiled(f) == pytest.approx((8 + 64) / 2 + 27)
    numbers = itertools.count(2)

    def g(x):
        k = next(numbers)
        return Op("power", lambda x: x**k, lambda x, z: k * x ** (k - 1))(w * x)

    with pytest.raises(TypeError, match="recorded twice"):
        compiled(g)


def test_rows_that_are_constants_have_numbers_also_of_values_that_are_unread():
    assert compiled(lambda x: ops.pi(w) * x + ops.one(v) * w) == pytest.approx(1.5 * math.pi + 2)
    slope = autograd.grad(lambda y: autograd.erf(w * y) + autograd.deg2rad(v * y))
    want = sum(float(slope(x).data) for x in X.tolist()) / 2
    assert compiled(slope) == pytest.approx(want, rel=1e-12)


def test_a_symbol_that_the_first_recording_has_kept_is_refused():
    kept = {}
    with pytest.raises(TypeError, match="got a symbol of another call"):
        compiled(lambda x: kept.setdefault("once", w * x) * v)


def test_a_cached_helper_is_no_matter():
    @functools.cache
    def scale():
        return w * v

    assert compiled(lambda x: scale() * x) == 9.0
    assert scale().data == 6.0


# ── Random numbers ──────────────────────────────────────────────────────────────────────────────────


class Model:
    """Holds a generator in a slot and one in its dict."""

    __slots__ = ("__dict__", "slot")

    def __init__(self):
        self.slot, self.rng = random.Random(1), np.random.RandomState(2)

    def by_slot(self, x):
        return w * x if self.slot.random() < 2 else x

    def __call__(self, x):
        return self.helper(x)

    def helper(self, x):
        return w * x if self.rng.rand() < 2 else x


TABLE = [{"a": (Model(),)}]


class Drawer:
    """Draws in a method, from a generator that stands outside."""

    def __call__(self, x):
        return self.part(x)

    def part(self, x):
        return w * x if lot.random() < 2 else x


def helper(x):
    return w * x if lot.random() < 2 else x


def partly(x, rng):
    return w * x if rng.random() < 2 else x


def nested(x):
    def inner(x):
        return w * x if generator.random() < 2 else x

    return inner(x)


@pytest.mark.parametrize(
    ("f", "name"),
    [
        (lambda x: w * x if random.random() < 2 else x, "random"),
        (lambda x: w * x if np.random.random() < 2 else x, r"np\.random\.random|numpy\.random"),
        (lambda x: w * x if np.random.normal() < 99 else x, r"np\.random|numpy\.random"),
        (helper, "lot"),
        (Drawer(), "lot"),
        (lambda x: Drawer()(x), "lot"),
        (lambda x: helper(x), "lot"),
        (functools.partial(partly, rng=lot), ""),
        (functools.partial(partly, rng=np.random.default_rng()), ""),
        (nested, "generator"),
        (Model(), r"rng"),
        (Model().by_slot, r"slot"),
        (lambda x: TABLE[0]["a"][0](x), r"rng"),
    ],
)
def test_draws_are_refused_by_name_and_undone_though_the_graph_is_the_same(f, name):
    before = random.getstate(), lot.getstate(), generator.bit_generator.state, repr(np.random.get_state())
    with pytest.raises(TypeError, match=rf"draws from the random generator .*({name}).*as an input"):
        compiled(f)
    after = random.getstate(), lot.getstate(), generator.bit_generator.state, repr(np.random.get_state())
    assert before == after


def test_compiling_leaves_random_numbers_alone():
    random.seed(5)
    want = random.Random(5).random()
    compiled(lambda x, r=random: w * x)
    assert random.random() == want


# ── Rows of the user's ──────────────────────────────────────────────────────────────────────────────


def test_pure_rows_of_any_form_pass():
    check_row(Op("root", lambda x: math.sqrt(x - 2), lambda x, z: 1 / (2 * z), domain=[ops.Interval(low=2)]))
    check_row(Op("far", lambda x: math.log(-x), lambda x, z: 1 / x, domain=[ops.Interval(high=0)]))
    check_row(Op("narrow", lambda x: x, lambda x, z: 1, domain=[ops.Interval(0, 0.1)]))
    check_row(Op("norm", lambda *x: sum(x), lambda x, z: [1] * len(x), sequences=1))
    check_row(Op("fails", lambda x: 1 / 0, lambda x, z: 1))
    check_row(Op("nan", lambda x: math.nan, lambda x, z: math.nan))
    check_row(Op("fixed", lambda x: 3.0, kind="constant"))


def test_rows_whose_function_or_rule_is_impure_are_refused():
    rng, count = random.Random(0), itertools.count()
    with pytest.raises(TypeError, match=r"Op\('a', …\) gives .* and then"):
        check_row(Op("a", lambda x: x + next(count), lambda x, z: 1.0))
    with pytest.raises(TypeError, match=r"Op\('b', …\) draws from the random generator rng"):
        check_row(Op("b", lambda x: x if rng.random() < 2 else 0, lambda x, z: 1.0))
    with pytest.raises(TypeError, match=r"Op\('c', …\)"):
        check_row(Op("c", lambda x: x, lambda x, z: rng.random()))


# ── What is reached ─────────────────────────────────────────────────────────────────────────────────


def test_cycles_and_large_data_end(monkeypatch):
    ring = [w]
    ring.append(ring)
    table = {i: float(i) for i in range(1000)}
    found = [x for _, x in reached(lambda: (ring, table))]
    assert w in found and sum(type(x) is float for x in found) == 0
    monkeypatch.setattr(purity, "LIMIT", 10)
    assert len([*reached([[i] for i in range(1000)])]) == 10


def test_modules_and_libraries_are_not_looked_into():
    found = [x for _, x in reached(lambda x: np.linalg.norm(x) + collections.Counter(x)[0])]
    assert not any(isinstance(x, type(np)) for x in found)
    assert len(found) < 30


def test_alike_are_rows_of_the_same_code_and_numbers():
    def make(k, symbol="p"):
        return Op(symbol, lambda x: x**k, lambda x, z: k * x)

    assert alike(make(2), make(2))
    assert not alike(make(2), make(3)) and not alike(make(2), make(2, "q"))
    assert not alike(make(2), ops.exp) and alike(ops.exp, ops.exp)
    assert not alike(make(0.0), make(-0.0))


def test_undrawn_says_what_was_drawn_after_an_error_of_its_own():
    sources = generators([("lot", lot)])
    state = lot.getstate()
    with pytest.raises(ZeroDivisionError), undrawn(sources, "f"):
        1 / (0 * lot.random())
    assert lot.getstate() == state


# ── Captured Values ─────────────────────────────────────────────────────────────────────────────────


def test_values_from_outside_are_captured_and_those_made_inside_are_constants():
    rate, scale = Value(0.5, "rate"), Value(4.0)
    graph, _, _ = record(lambda x: w * x * rate + scale * rate + Value(7.0) * w + 8 * x, w)
    assert graph.captured == {rate: 0, scale: 1}
    captured = [args for op, args in zip(graph.ops, graph.args) if op is PARAMETER]
    assert captured == [(THETA, 0), (CAPTURED, 0), (CAPTURED, 1)]
    assert {args[0] for op, args in zip(graph.ops, graph.args) if op is CONSTANT} == {7.0, 8.0}
    assert "rate" in graph.labels.values()


def test_a_value_that_was_computed_before_is_captured_as_it_is():
    rate = Value(0.5)
    double, of_w = rate * 2, w * rate
    graph, _, _ = record(lambda x: x * double + of_w, w)
    assert graph.captured == {double: 0, rate: 1}
    assert [op for op in graph.ops if op is ops.mul] == [ops.mul] * 2  # x · double, w · rate


def test_constants_are_constants():
    half = autograd.value.constant(0.5)
    graph, _, _ = record(lambda x: w * x * half * autograd.grad(lambda y: y * y * half)(2.0), w)
    assert graph.captured == {}


def test_a_captured_value_that_is_read_is_refused_and_one_of_another_type_too():
    rate = Value(0.5, "rate")
    with pytest.raises(TypeError, match=r"depends on rate\.data"):
        record(lambda x: w * x * rate.data, w)
    with pytest.raises(TypeError, match=r"depends on rate\.data"):
        record(lambda x: w * x * rate * rate.data, w)
    third = Value(Fraction(1, 3), "third")
    with pytest.raises(TypeError, match=r"third = Fraction\(1, 3\) has the Fraction .*use float"):
        record(lambda x: w * x * third, w)


def test_the_number_of_a_captured_value_is_read_at_every_call():
    rate = Value(0.5, "rate")
    program = autograd.compile(lambda x: autograd.exp(w * rate) * x + rate, [w])
    for number in (0.5, -1.0, 2.0):
        rate.data = number
        value, by = program(program.parameters(), X)
        assert value == pytest.approx(math.exp(2 * number) * 1.5 + number)
        assert by.tolist() == [pytest.approx(number * math.exp(2 * number) * 1.5)]
    rate.data = Fraction(1, 3)
    with pytest.raises(TypeError, match=r"rate = Fraction\(1, 3\) has the Fraction"):
        program(program.parameters(), X)


@pytest.mark.parametrize("name", FROZEN)
def test_functions_without_parameters_are_watched_too(name):
    read = FROZEN[name]()
    for f in (lambda x: x * read(w), autograd.grad(lambda x: x * x * read(w))):
        with pytest.raises(TypeError, match="compile: "):
            autograd.compile(f)(2.0)


def test_other_threads_see_the_numbers_while_one_records():
    """The eager engine next to a recording gives numbers, and what it sets stays."""
    w, seen, stop = Value(2.0, "w"), [], threading.Event()

    def watch():
        while not stop.is_set():
            seen.append((w * 3).data)
            w.grad = seen[-1]

    def f(x):
        for _ in range(2_000):
            x = autograd.tanh(w * x)
        return x

    thread = threading.Thread(target=watch)
    thread.start()
    autograd.compile(f)(1.0)
    stop.set()
    thread.join()
    assert {*seen} == {6.0} and w.grad == 6.0
    assert type(vars(Value)["data"]) is not property
