"""The emitted source: what it says, that it runs alone, and what it is named."""

import ast
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings

import autograd
import nn
from autograd import Value, ops
from autograd.program.arrays import STRUCTURAL, Array
from autograd.program.emit import RESERVED, Source, literal, needed, shown
from autograd.testing.strategies import expressions
from tests.processes import outputs

X, Y = np.random.default_rng(0).random((3, 4)), np.random.default_rng(1).random((3, 2))


def compiled(model, loss, *inputs, what="gradient"):
    """What is compiled for inputs."""
    return autograd.compile(loss, model.parameters()).compiled(inputs, what)


def network(activation="sigmoid"):
    model = nn.MLP(4, [3, 2], activation, "sigmoid", seed=0)
    return model, lambda x, y: nn.losses.quadratic(model(x), y)


def body(source):
    """The lines of the function, without its declaration and its return."""
    return [line.strip() for line in source.splitlines()[1:-1] if "return" not in line and line.strip()]


# ── The text ────────────────────────────────────────────────────────────────────────────────────────


def test_the_source_runs_alone():
    """With NumPy and what its namespace holds, it gives what the program gives, in both types of float."""
    model, loss = network()
    program = autograd.compile(loss, model.parameters())
    theta = program.parameters()
    value, gradient = program(theta, X, Y)
    for dtype, rel in (np.float64, 0), (np.float32, 1e-4):
        names = {"np": np, "dtype": dtype, **program.compiled([X, Y]).emitted.namespace}
        exec(program.source, names)
        found = names["step"](*(array.astype(dtype) for array in (theta, X, Y)))
        assert found[0] == pytest.approx(value, rel=rel)
        assert found[1].dtype == dtype
        assert found[1].tolist() == pytest.approx(gradient.tolist(), rel=rel, abs=rel / 100)


def test_a_network_is_the_code_that_an_engineer_writes():
    model, loss = network()
    program = autograd.compile(loss, model.parameters())
    program(program.parameters(), X, Y)
    text = program.source
    for line in (
        "def step(theta, x, y, out=None):",
        "n = len(x)",
        "w2 = theta[:15].reshape(3, 5)[:, :4]",
        "b2 = theta[4:15:5]",
        "z2 = x @ w2.T + b2",
        "a2 = sigmoid(z2)",
        "dz2 = da2 * (a2 * (1 - a2))",
        "db2 = dz2.sum(axis=0)",
        "dw2 = np.matmul(dz2.T, x, out=dtheta[:15].reshape(3, 5)[:, :4])",
        "return value, dtheta",
    ):
        assert re.search(re.escape(line) + r"\s*(#|$)", text, re.MULTILINE), (line, text)
    lines = body(text)[1:]
    assert all(re.search(r"  # (\((n|n, \d+|\d+(, \d+)*)?\)|one number)$", line) for line in lines), text
    assert max(map(len, text.splitlines())) < 110


def test_predict_emits_the_forward_pass_alone():
    model, _ = network()
    program = autograd.compile(model, model.parameters())
    program.predict(program.parameters(), X)
    assert "dtheta" not in program.source and "dz" not in program.source
    assert body(program.source)[-1].startswith("a3 = sigmoid(z3)")
    assert {o.stage for o in program.operations} == {"source", "forward"}


def test_operations_are_the_source_line_by_line():
    model, loss = network()
    program = autograd.compile(loss, model.parameters())
    program(program.parameters(), X, Y)
    names = [o.name for o in program.operations]
    assert len(set(names)) == len(names)
    lines = [line.partition("#")[0].strip() for line in body(program.source)]
    assert [o for o in program.operations if o.args and o.line not in lines] == []
    parts = {line for line in lines if line.startswith("dtheta[")}
    assert {o.line for o in program.operations if o.line} == {*lines[1:]} - parts
    for i, o in enumerate(program.operations):
        numbers = [a for a in o.args if a not in names]
        assert {*o.args} - {*numbers} <= {*names[:i]}  # arguments stand before
        assert all(isinstance(ast.literal_eval(number), int | float) for number in numbers)
        assert o.stage in ("source", "forward", "backward")
        assert (o.stage == "source") == (not o.args)
    stages = [o.stage for o in program.operations if o.stage != "source"]
    assert stages.index("backward") > 0


@settings(max_examples=100)
@given(expressions(leaves=4, size=12))
def test_parentheses_stand_where_they_must(e):
    """What Python reads back is what was recorded, operation by operation."""
    numbers = [float(x) for x in e.numbers]
    found = autograd.compile(lambda *x: e.build(x))(*numbers)
    expected = float(e.build([Value(x) for x in numbers]).data)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)


def test_a_label_of_ones_own_is_a_name():
    w = Value(2.0, "slope")

    def f(x):
        h = ops.exp(w * x)
        h.label = "hidden"
        z = h * h
        z.label = "not a name"
        total = ops.tanh(z)
        total.label = "lambda"
        return total

    program = autograd.compile(f, [w])
    program(program.parameters(), np.array([1.0]))
    names = {o.name for o in program.operations}
    assert {"slope", "hidden", "dhidden"} <= names
    assert all(name.isidentifier() for name in names) and "lambda" not in names


def test_no_label_and_no_input_can_shadow_what_the_source_needs():
    values = [Value(0.5, name) for name in sorted(RESERVED)]

    def f(step, theta):
        terms = [ops.tanh(v * step) for v in values]
        for term, name in zip(terms, sorted(RESERVED)):
            term.label = name
        return autograd.prod(terms) * theta

    program = autograd.compile(f, values)
    value, gradient = program(program.parameters(), np.array([1.0]), np.array([2.0]))
    assert value == pytest.approx(2 * math.tanh(0.5) ** len(values))
    assert gradient.tolist() == pytest.approx(
        [value * (1 - math.tanh(0.5) ** 2) / math.tanh(0.5)] * len(values)
    )
    positional = autograd.compile(lambda *x: values[0] * x[0], values[:1])
    assert positional(np.array([0.5]), np.array([3.0]))[0] == 1.5
    module = nn.Neuron(1, "linear", init=0.5)  # a callable without a code of its own
    assert autograd.compile(module, module.parameters())(np.array([0.5, 1.0]), np.ones((2, 1)))[0] == 1.5


def test_an_input_may_be_called_like_an_array():
    w = Value(2.0)
    for f in (
        lambda mul: w * mul * mul,
        lambda einsum: ops.exp(w * einsum),
        lambda view: w * view,
        lambda places1: w / places1,
    ):
        program = autograd.compile(f, [w])
        assert program(program.parameters(), np.array([1.0]))[0] == pytest.approx(f(1.0).data)


def test_literals():
    for number in (1.0, -2.0, 0.1, 1e300, math.inf, -math.inf, 1e-5, 3.5e22):
        assert eval(literal(number), {"np": np}) == number
    assert math.isnan(eval(literal(math.nan), {"np": np}))
    assert (literal(2.0), literal(0.5), literal(-1.0)) == ("2", "0.5", "-1")
    assert shown(Array(0, "join", (), (2, 3), True, None)) == "(n, 2, 3)"
    assert shown(Array(0, "join", (), (), False, None)) == "()"


SCRIPT = """
import numpy as np, nn, autograd
model = nn.MLP(3, [4, 2], "tanh", seed=0)
table = nn.Embedding(4, 3, seed=0)
def loss(i, x, t):
    z = model([a * b + autograd.logsumexp(x[: k + 1]) for k, (a, b) in enumerate(zip(table(i), x))])
    return nn.losses.cross_entropy(z, t) + autograd.prod(x[:2]) * model.parameters()[0]
program = autograd.compile(loss, [*model.parameters(), *table.parameters()])
i, x, t = np.array([0, 1]), np.arange(6.0).reshape(2, 3), np.array([1, 0])
value, gradient = program(program.parameters(), i, x, t)
print(program.source, value, gradient.tolist())
"""


def test_the_same_source_in_every_process():
    (text,) = outputs(SCRIPT)
    assert text.count(b"np.") > 10


# ── Results ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_parts_of_the_gradient_are_computed_where_they_belong():
    model, loss = network()
    source = compiled(model, loss, X, Y).source
    assert source.count("np.matmul(") == source.count("out=dtheta[") == 2
    assert "np.zeros" not in source


def test_no_result_is_what_was_given_or_a_view_of_it():
    x = np.arange(4.0)
    same = autograd.compile(lambda x: (x, x[1:3], [2.0, x[0]]))
    first = same(x)
    for array in first[:2]:
        assert not np.may_share_memory(array, x)
        array[...] = 7.0
    assert same(x)[0].tolist() == [0, 1, 2, 3]
    twice = autograd.compile(lambda x: (x * 2, x * 2), batch=True)(x)
    assert not np.may_share_memory(*twice)


def test_arrays_that_the_outputs_do_not_need_are_left_out():
    w = Value(2.0)
    found = autograd.compile(lambda x: w * x, [w]).compiled((np.array([1.0]),))
    assert needed([found.order[-1]])[-1] is found.order[-1]
    assert all(a.number < b.number for a, b in zip(found.order, found.order[1:]))


def test_every_operation_of_the_table_can_be_emitted():
    assert [name for name in STRUCTURAL if not callable(getattr(Source, name, None))] == []
