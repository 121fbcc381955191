"""The emitted source, the places of its arrays in memory, and the kernels that it calls."""

import ast
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings

import autograd
import nn
from autograd import Value, ops
from autograd.program import kernels
from autograd.program.arrays import STRUCTURAL, Array, base
from autograd.program.emit import RESERVED, Source, literal, needed, shown
from autograd.program.memory import GIVEN, Memory, kind
from autograd.testing.strategies import expressions
from tests.processes import outputs

X, Y = np.random.default_rng(0).random((3, 4)), np.random.default_rng(1).random((3, 2))


def compiled(model, loss, *inputs, what="gradient"):
    """What is compiled for inputs."""
    return autograd.compile(loss, model.parameters()).compiled(inputs, what)


def network(activation="sigmoid"):
    model = nn.MLP(4, [3, 2], activation, "sigmoid", seed=0)
    return model, lambda x, y: nn.losses.quadratic(model(x), y)


# ── The text ────────────────────────────────────────────────────────────────────────────────────────


def run(source, dtype, theta, gradient, *inputs):
    """The step of a source, which needs NumPy, the kernels, and these globals."""
    names = {"np": np, "kernels": kernels, "n": len(inputs[0]), "dtype": dtype, "theta": theta}
    names["gradient"] = gradient
    exec(source, names)
    names["bind"]()
    return names["step"](*inputs)


def body(source, function="step"):
    """The lines of a function of the source, without its declarations and its return."""
    lines = source.partition(f"def {function}(")[2].partition("\n\n")[0].splitlines()[1:]
    return [line.strip() for line in lines if not line.strip().startswith(("global ", "pass", "return "))]


def test_the_source_runs_alone():
    """With NumPy and the kernels, it gives what the program gives."""
    model, loss = network()
    program = autograd.compile(loss, model.parameters())
    theta = program.parameters()
    value, gradient = program(theta, X, Y)
    out = np.empty_like(theta)
    assert run(program.source, float, theta, out, X, Y) == value
    assert (out == gradient).all()
    theta, out, x, y = (array.astype(np.float32) for array in (theta, out, X, Y))
    assert run(program.source, np.float32, theta, out, x, y) == pytest.approx(value, rel=1e-6)
    assert out.tolist() == pytest.approx(gradient.tolist(), rel=1e-4, abs=1e-6)


def test_every_line_shows_its_shape_and_the_network_shows_its_names():
    model, loss = network()
    text = compiled(model, loss, X, Y).source
    lines = body(text, "bind") + body(text)
    assert all(re.search(r"  # (\((n|n, \d+|\d+(, \d+)*)?\)|one number)$", line) for line in lines), text
    assert max(map(len, text.splitlines())) < 110
    for line in (
        "def step(x, y):",
        "w2 = theta[0:15].reshape(3, 5)[:, 0:4]",
        "b2 = theta[4:15:5]",
        "np.add(b2, einsum, out=z2)",
        "kernels.sigmoid(z2, out=a2)",
        "np.matmul(dz3.T, a2, out=dw3)",
    ):
        assert re.search(re.escape(line) + r"\s*(#|$)", text, re.MULTILINE), (line, text)


def test_predict_emits_the_forward_pass_alone():
    model, _ = network()
    program = autograd.compile(model, model.parameters())
    program.predict(program.parameters(), X)
    assert "gradient" not in program.source and "dz" not in program.source
    assert body(program.source)[-1].startswith("kernels.sigmoid(z3, out=a3)")
    assert {o.stage for o in program.operations} == {"source", "forward"}


def test_operations_are_the_source_line_by_line():
    model, loss = network()
    program = autograd.compile(loss, model.parameters())
    program(program.parameters(), X, Y)
    names = [o.name for o in program.operations]
    assert len(set(names)) == len(names)
    lines = [line for o in program.operations for line in o.line.splitlines()]
    views, steps = (
        [line.partition("#")[0].strip() for line in body(program.source, function)]
        for function in ("bind", "step")
    )
    assert [line for line in lines if line not in views] == steps
    for i, o in enumerate(program.operations):
        numbers = [a for a in o.args if a not in names]
        assert {*o.args} - {*numbers} <= {*names[:i]}  # arguments stand before
        assert all(isinstance(ast.literal_eval(number), int | float) for number in numbers)
        assert o.stage in ("source", "forward", "backward")
        assert (o.stage == "source") == (not o.args)
    stages = [o.stage for o in program.operations if o.stage != "source"]
    assert stages.index("backward") > 0


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


# ── Memory ──────────────────────────────────────────────────────────────────────────────────────────


def memory(program, *inputs):
    """The Memory of what is compiled, anew."""
    found = program.compiled(inputs)
    output = found.output if hasattr(found, "output") else found.outputs[0]
    return Memory(found.order, output, found.gradient)


@settings(max_examples=100)
@given(expressions(leaves=4, size=20))
def test_no_buffer_is_taken_from_what_is_still_needed(e):
    """Every line is run on fresh arrays too: buffers that are shared must not change any result."""
    spare = Value(0.5)
    program = autograd.compile(
        lambda x: e.build([*x[1:], *e.leaves[1:]]) + spare * x[0], [spare, *e.leaves[1:]]
    )
    x = np.array([[1.0, float(e.numbers[0])], [2.0, float(e.numbers[0])]])
    found = memory(program, x)
    holder, last = {}, found.last
    for at, array in enumerate(found.order):
        for begun in found.begins[array]:
            place = found.places[begun]
            if place.view is not None:
                continue
            if place.of is not None:
                ended = holder.pop(place.of)
                assert kind(place.of)[:1] + kind(place.of)[2:] == kind(begun)[:1] + kind(begun)[2:]
                assert last[ended] < at or (ended in array.args and last[ended] == at)
                assert begun not in found.steady and ended not in found.steady
                assert base(ended) not in found.kept
            holder[begun] = begun


def test_a_step_allocates_little():
    """What is needed at one time bounds the buffers: far fewer than there are arrays."""
    w = [Value(0.1) for _ in range(4)]

    def chain(x):
        for _ in range(30):
            x = [ops.tanh(wi * xi) for wi, xi in zip(w, x)]
        return autograd.sum(x)

    program = autograd.compile(chain, w)
    program(program.parameters(), X)
    buffers = program.source.count("np.empty((n, 4)")
    arrays = sum(o.shape == ("n", 4) for o in program.operations)
    assert arrays > 120 and buffers <= 68
    program.predict(program.parameters(), X)
    assert program.source.count("np.empty((n, 4)") <= 2


def test_the_parts_of_the_gradient_are_computed_where_they_belong():
    model, loss = network()
    program = autograd.compile(loss, model.parameters())
    found = memory(program, X, Y)
    parts = [
        array
        for array, place in found.places.items()
        if place.view is not None and place.of is found.gradient
    ]
    assert len(parts) == 4
    assert found.gradient.how.disjoint and found.gradient.how.complete
    assert "gradient[...] = 0" not in program.source


def test_what_is_the_same_in_every_step_is_computed_once():
    w = Value(2.0)
    program = autograd.compile(lambda x: w * x / 4, [w])
    program(program.parameters(), np.array([1.0, 2.0]))
    setup, _, lines = program.source.partition("def step")
    assert "1 / n" in setup and "1 / n" not in lines
    found = memory(program, np.array([1.0]))
    assert all(array.op in GIVEN or array.args for array in found.steady)


def test_arrays_that_the_outputs_do_not_need_are_left_out():
    w = Value(2.0)
    found = autograd.compile(lambda x: w * x, [w]).compiled((np.array([1.0]),))
    assert needed([found.order[-1]])[-1] is found.order[-1]
    assert all(a.number < b.number for a, b in zip(found.order, found.order[1:]))


def test_every_operation_of_the_table_can_be_emitted():
    assert [name for name in STRUCTURAL if not callable(getattr(Source, name, None))] == []
