"""A program gives on JAX what it gives on NumPy: on one device, on a mesh of them, in two processes."""

import importlib
import math
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from oracles import has_variables

from autograd import Op, Value, exp, functions, logsumexp, ops, take, where
from autograd import sum as total
from autograd.program import compile as compile_
from autograd.testing.expression import apply
from autograd.testing.strategies import expressions, targets
from demos import gpt
from nn import MLP, losses

jax = pytest.importorskip("jax", reason="JAX is absent: pip install 'scalar-autograd[jax]'")

from autograd.program.jax import FUNCTIONS, to_jax  # noqa: E402 (needs JAX)

ROOT = Path(__file__).parent.parent
TOLERANCE = {"float64": 1e-12, "float32": 1e-6}
ROWS = [  # but for `element`, whose index is an input: see classifier below
    row
    for name, row in ops.TABLE.items()
    if row.name == name and row.partials and has_variables(row) and row is not ops.element
]


@pytest.fixture(autouse=True, scope="module")
def _float64():
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def assert_same(program, inputs, dtype="float64", transform=lambda step: step):
    """Value and gradient of a program on JAX and on NumPy, to the tolerance of the type."""
    theta = program.parameters(dtype)
    inputs = [x.astype(dtype) if x.dtype.kind == "f" else x for x in inputs]
    expected = program(theta, *inputs)
    found = transform(to_jax(program, dtype))(theta, *inputs)
    for a, b in zip(found, expected):
        assert a.dtype == dtype
        np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCE[dtype] * max(1, np.abs(b).max()))


# ── The programs ────────────────────────────────────────────────────────────────────────────────────


def mlp(n=5, reduction="mean"):
    model, rng = MLP(3, [4, 2], activation="tanh", seed=0), np.random.default_rng(0)
    program = compile_(lambda x, y: losses.mse(model(x), y), model.parameters(), reduction)
    return program, [rng.normal(size=(n, 3)), rng.normal(size=(n, 2))]


def classifier():
    """Whole numbers as a class, as plain numbers, and a table of choices that is a result."""
    model, rng = MLP(3, [5, 4], activation="sigmoid", seed=1), np.random.default_rng(1)

    def loss(x, count, i):
        z = model([*x, count])
        return losses.cross_entropy(z, i) + take([zi * zi for zi in z], i)

    program = compile_(loss, MLP.parameters(model))
    return program, [rng.normal(size=(6, 2)), rng.integers(5, size=6), rng.integers(4, size=6)]


def ragged():
    """Sums of unequal lengths, a join, places that do not run evenly: segments, gather, assemble."""
    w = [Value(0.1 * i) for i in range(9)]

    def loss(x):
        rows = [[w[0], x[0], w[3]], [w[1] * x[1], w[7]], [w[5], w[4], w[2], x[2]]]
        return total([logsumexp(row) for row in rows]) * total(w[2:7]) + total(
            [exp(w[i]) for i in (0, 8, 3, 4)]
        )

    return compile_(loss, w), [np.random.default_rng(2).normal(size=(4, 3))]


def conditions():
    w = Value(0.5)
    program = compile_(lambda x: where((x > -1) & (x * w < 1), 2.0, 0.5) * where(x > 0, w * x, exp(w)), [w])
    return program, [np.array([-2.0, -0.5, 0.5])]


def tiny_gpt():
    names = [name for name in gpt.NAMES.split() if len(name) == 4][:3]
    alphabet = gpt.Alphabet(names)
    model = gpt.GPT(len(alphabet), d=8, heads=2, seed=0)
    program = compile_(lambda tokens: gpt.loss_of(model, tokens), model.parameters())
    return program, [np.array([alphabet.encode(name) for name in names])]


# ── The same numbers ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("make", [mlp, classifier, ragged, conditions, tiny_gpt])
def test_a_program_gives_the_same_under_jit(make, dtype):
    assert_same(*make(), dtype, jax.jit)


@pytest.mark.parametrize(("n", "reduction"), [(1, "mean"), (7, "mean"), (7, "sum")])
def test_the_batch_is_read_from_the_shapes(n, reduction):
    assert_same(*mlp(n, reduction))


@settings(max_examples=20)
@given(expressions())
def test_random_expressions_give_the_same(expression):
    leaves = [Value(leaf.data) for leaf in expression.leaves]
    program = compile_(lambda x: expression.build([leaf + x for leaf in leaves]), leaves)
    assert_same(program, [np.zeros(3)])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_of_the_table_gives_the_same(row):
    count = 3 * row.sequences or row.arity
    chosen = row.parameters
    places = targets(row, count, float)
    leaves = [Value(places[i]) for i in range(count) if i not in chosen]

    def f(x):
        free = iter(leaves)
        return apply(row, [chosen[i][-1] if i in chosen else next(free) + x for i in range(count)])

    assert_same(compile_(f, leaves), [np.array([-0.1, 0.0, 0.1])])


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.kind == "kinked" and all(0 in interval for interval in row.domain)]
)
def test_at_a_kink_jax_takes_the_tables_own_derivative(row):
    leaves = [Value(0.0) for _ in range(row.arity or 3)]
    assert_same(compile_(lambda x: apply(row, [leaf + x for leaf in leaves]), leaves), [np.zeros(2)])


def test_nothing_is_differentiated_towards_stop_gradient():
    w = Value(0.5)
    assert_same(compile_(lambda x: w * x * ops.stop_gradient(w * w), [w]), [np.array([1.0, 2.0])])


def test_sinc_is_exact_near_and_far():
    x = Value(0.0)
    program = compile_(lambda d: ops.sinc(x + d, 1), [x])
    assert_same(program, [np.array([0.0, 1e-9, 1e-4, 0.3, 0.64, 0.95, 2.0, -40.3])])


def test_predict_has_the_shape_that_the_function_returns():
    model, x = MLP(3, [4, 2], activation="tanh", seed=0), np.random.default_rng(0).normal(size=(5, 3))
    program = compile_(lambda x: [model(x), model(x)[::-1]], model.parameters())
    found = jax.jit(to_jax(program, what="predict"))(program.parameters(), x)
    assert found.shape == (5, 2, 2)
    np.testing.assert_allclose(found, program.predict(program.parameters(), x), rtol=0, atol=1e-12)


def test_whole_numbers_are_computed_with_as_floats():
    w = Value(0.5)
    assert_same(compile_(lambda x: x * x * w, [w]), [np.array([100, -7], "int8")])


def test_logsumexp_of_nothing_but_minus_infinity_is_minus_infinity():
    w = [Value(0.0), Value(1.0), Value(2.0)]
    equal = compile_(lambda x: logsumexp([wi + x for wi in w]), w)
    ragged = compile_(lambda x: logsumexp([w[0] + x, w[1] + x]) + logsumexp([wi + x for wi in w]), w)
    for program in (equal, ragged):
        assert to_jax(program)(program.parameters(), np.array([-np.inf]))[0] == -np.inf


@pytest.mark.parametrize("z", [[-np.inf, 0.0], [1e16, 1e16 - 4], [0.0, -100.0], [-np.inf, -np.inf]])
@pytest.mark.parametrize("loss", ["logsumexp", "cross_entropy"])
def test_what_depends_on_differences_is_the_same_far_out(loss, z):
    w = [Value(v) for v in z]
    f = lambda t: losses.cross_entropy(w, t) if loss == "cross_entropy" else logsumexp([v + t[0] for v in w])
    program = compile_(f, w)
    theta, t = program.parameters(), np.array([[0.0, 1.0]])
    for got, want in zip(to_jax(program)(theta, t), program(theta, t), strict=True):
        assert np.asarray(got).tolist() == pytest.approx(np.asarray(want).tolist(), rel=1e-15, nan_ok=True)


def test_an_index_without_a_choice_gives_nan():
    w = [Value(1.0), Value(2.0), Value(3.0)]
    step = jax.jit(to_jax(compile_(lambda i: take(w, i), w)))
    theta = np.array([1.0, 2.0, 3.0])
    assert step(theta, np.array([2]))[0] == 3
    for outside in (3, -1):
        assert np.isnan(step(theta, np.array([outside]))[0])


# ── What JAX does to functions ──────────────────────────────────────────────────────────────────────


def test_vmap_over_theta_trains_several_networks_at_once():
    program, inputs = mlp()
    thetas = np.stack([program.parameters() * scale for scale in (0.5, 1.0, 2.0)])
    values, gradients = jax.jit(jax.vmap(to_jax(program), (0, None, None)))(thetas, *inputs)
    for theta, value, gradient in zip(thetas, values, gradients):
        expected = program(theta, *inputs)
        np.testing.assert_allclose(value, expected[0], rtol=1e-12)
        np.testing.assert_allclose(gradient, expected[1], rtol=0, atol=1e-12)


def test_jax_differentiates_the_value_to_the_same_gradient():
    program, inputs = mlp()
    step, theta = to_jax(program), program.parameters()
    gradient = jax.grad(lambda theta: step(theta, *inputs)[0])(theta)
    np.testing.assert_allclose(gradient, program(theta, *inputs)[1], rtol=0, atol=1e-12)


# ── Errors ──────────────────────────────────────────────────────────────────────────────────────────

double, single = np.zeros(26), np.zeros(26, "float32")
X, Y = np.zeros((5, 3)), np.zeros((5, 2))
BAD = [
    (lambda: to_jax(mlp()[0], "int32"), TypeError, "choose float64 or float32"),
    (lambda: to_jax(mlp()[0])(double[:3], X, Y), TypeError, r"float64 of shape \(26,\).*not .*\(3,\)"),
    (lambda: to_jax(mlp()[0])(single, X, Y), TypeError, "not float32"),
    (lambda: to_jax(mlp()[0])(double, X, Y.astype("float32")), TypeError, r"input 2.*astype\('float64'\)"),
    (lambda: to_jax(mlp()[0])(double, X + 0j, Y), TypeError, "input 1 is complex128"),
    (lambda: to_jax(mlp()[0])(double, X, Y[:4]), ValueError, "first axis is the batch's"),
    (lambda: to_jax(mlp()[0])(double, X[:0], Y[:0]), ValueError, "not empty"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_float64_is_never_rounded_in_silence():
    with jax.enable_x64(False):
        with pytest.raises(ValueError, match="jax_enable_x64"):
            to_jax(mlp()[0])
        assert_same(*mlp(), "float32")


def test_where_jax_is_absent_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    monkeypatch.delitem(sys.modules, "autograd.program.jax")
    with pytest.raises(ImportError, match=r"pip install 'scalar-autograd\[jax\]'"):
        importlib.import_module("autograd.program.jax")


def test_a_row_that_jax_cannot_run_is_named_until_it_is_given(monkeypatch):
    swish = Op("swish", lambda x: x / (1 + math.exp(-x)), lambda x, z: z + ops.sigmoid(x) * (1 - z))
    w = Value(0.5)
    program = compile_(lambda x: swish(w * x), [w])
    with pytest.raises(TypeError, match=r"the function of swish does not run.*FUNCTIONS\[row\] = f"):
        to_jax(program)(program.parameters(), np.ones(2))
    monkeypatch.setitem(FUNCTIONS, swish, jax.nn.silu)
    assert_same(program, [np.ones(2)])


def test_a_row_of_plain_arithmetic_needs_no_entry():
    cube = Op("cube", lambda x: x * x * x, lambda x, z: 3 * x * x)
    w = Value(0.5)
    assert_same(compile_(lambda x: cube(w * x), [w]), [np.ones(2)], transform=jax.jit)


def test_a_row_of_the_tables_functions_needs_no_entry():
    """They find JAX's exp and log as those of any number type, and `where` chooses element by element."""
    swish = Op("swish", lambda x: functions.where(x > 0, x * functions.sigmoid(x), lambda: functions.erf(x)),
               lambda x, z: ops.sigmoid(x))  # fmt: skip
    w = Value(0.5)
    assert_same(compile_(lambda x: swish(w * x), [w]), [np.array([1.0, -1.0])], transform=jax.jit)


# ── Several devices, several processes: the code of docs/scaling.md, run as it is told there ────────

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/scaling.md").read_text(encoding="utf-8"), re.S)


def start(folder, *command, devices=1):
    """Python in another process, in a folder of its own, whose CPU counts as several devices."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", "PYTHONUTF8": "1"}
    environment["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    return subprocess.Popen([sys.executable, "-W", "error", *command], env=environment, cwd=folder, **pipes)


def outputs(*processes):
    """What processes print; all are ended where one fails or hangs."""
    try:
        found = [process.communicate(timeout=60) for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, errors) in zip(processes, found):
        assert process.returncode == 0, errors
    return [out for out, _ in found]


def test_the_documents_code_runs_on_eight_devices(tmp_path):
    equal = """
expected = program(program.parameters(), X, Y)
np.testing.assert_allclose(value, expected[0], rtol=1e-12)
np.testing.assert_allclose(gradient, expected[1], rtol=0, atol=1e-12)
print(len(jax.device_put(X, share).sharding.device_set))
"""
    [shown] = outputs(start(tmp_path, "-c", "".join(BLOCKS[:3]) + equal, devices=8))
    first, last, devices = re.match(r"loss (.*) -> (.*)\n(.*)", shown).groups()
    assert float(last) < 0.5 * float(first)
    assert devices == "8"


def test_two_processes_have_the_gradient_of_the_whole_batch(tmp_path):
    equal = """
shares = [np.random.default_rng(i).uniform(-1, 1, (2048, 2)) for i in range(2)]
X = np.concatenate(shares)
theta = start
for _ in range(20):
    expected = program(theta, X, X[:, 0] * X[:, 1])
    theta = theta - 0.3 * expected[1]
np.testing.assert_allclose(value, expected[0], rtol=1e-12)
np.testing.assert_allclose(gradient, expected[1], rtol=0, atol=1e-12)
"""
    script = tmp_path / "train.py"
    script.write_text(
        BLOCKS[3].replace("mesh =", "start = program.parameters()\nmesh =") + equal, encoding="utf-8"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    shown = outputs(*[start(tmp_path, script, address, "2", str(i)) for i in range(2)])
    assert "2 devices, 4096 examples, loss" in shown[0]


def test_a_narrow_index_without_a_choice_gives_nan_on_jax():
    w = [Value(float(k)) for k in range(300)]  # more than int8 counts
    program = compile_(lambda i, x: take(w, i) * x, w)
    step = jax.jit(program.to_jax("float32"))
    x = np.ones(2, np.float32)
    assert step(program.parameters("float32"), np.array([100, 2], np.int8), x)[0] == 51
    assert np.isnan(step(program.parameters("float32"), np.array([100, -1], np.int8), x)[0])
