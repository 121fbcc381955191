"""Programs as files that run alone, and as pickles; in other processes and in several threads."""

import builtins
import copy
import math
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import autograd
import nn
from autograd import Op, Value, ops
from autograd.program import kernels, saving
from autograd.testing.strategies import expressions
from tests.programs import CausalAttention

RNG = np.random.default_rng(0)
X, Y, T = RNG.normal(size=(5, 4)), RNG.normal(size=(5, 2)), np.array([0, 1, 1, 0, 1])


# ── Rows of one's own, in a module ──────────────────────────────────────────────────────────────────

HALF = 0.5


def halved(x):
    return HALF * x


def bent(x):
    """A branch, so that it runs on each element; with a helper, a constant and a module."""
    return halved(x) if x > 0 else math.expm1(x)


def relu(x):
    """What one's own function calls may be called like a kernel too."""
    return x + 2


def thrice(x):
    return 3 * relu(x)


def sigmoid(x):
    """A row of one's own may be called like one of the table."""
    return halved(x) + 1


def factorial(x):
    return 1.0 if x < 1 else x * factorial(x - 1)


def middle(*x):
    return sorted(x)[len(x) // 2]


BENT = Op("bent", bent, lambda x, z: ops.where(x > 0, 0.5, z + 1))
THRICE = Op("thrice", thrice, lambda x, z: 3)
FACTORIAL = Op("factorial", factorial, lambda x, z: 0 * x)
MIDDLE = Op("middle", middle, lambda x, z: [xi == z for xi in x], sequences=1)
SIGMOID = Op("sigmoid", sigmoid, lambda x, z: 0.5)
COSINE = Op("cosine", math.cos, lambda x, z: -ops.sin(x))
ROUND = Op("round it", np.rint, lambda x, z: 0)


# ── Programs ────────────────────────────────────────────────────────────────────────────────────────


def loss(model, x, y):
    """Of a module, so that a pickle holds it with its model."""
    return nn.losses.quadratic(model(x), y)


def square(x):
    return x * x


def network():
    model = nn.MLP(4, [3, 2], "gelu", "sigmoid", seed=0)
    return autograd.compile(partial(loss, model), model.parameters()), (X, Y)


def classes():
    table, model = nn.Embedding(2, 4, seed=0), nn.MLP(4, [3, 2], "silu", "linear", seed=1)
    f = lambda i, x, t: nn.losses.cross_entropy(model([a * b for a, b in zip(table(i), x)]), t)
    return autograd.compile(f, [*table.parameters(), *model.parameters()]), (T, X, T[::-1])


def uneven():
    w = [Value(float(i), f"w{i}") for i in range(6)]

    def f(x):
        picked = [w[i] * x[i % 4] for i in (0, 3, 4, 1, 5, 5, 2, 0)]
        sums = [autograd.logsumexp(picked[:k]) for k in range(1, 7)]
        choices = [autograd.where((a > 0.5) & (b < 2), a, 0.25 * b) for a, b in zip(picked, sums)]
        return autograd.sum(choices) + autograd.prod(picked[:3]) + autograd.maximum(*picked) / 3

    return autograd.compile(f, w, "sum"), (X,)


def own_rows():
    w = [Value(0.5, "bent"), Value(-1.5, "len"), Value(2.0)]

    def f(x):
        z = [BENT(v * xi) + THRICE(v) * COSINE(xi) for v, xi in zip(w, x)]
        z = [SIGMOID(zi) + autograd.sigmoid(zi) + autograd.relu(zi) for zi in z]
        return MIDDLE(z) + autograd.sum(z) + FACTORIAL(ROUND(w[2] + x[3]) * 0 + 3)

    return autograd.compile(f, w), (X,)


def special():
    w = [Value(0.5), Value(1.5)]
    f = lambda x: (
        autograd.lgamma(w[0] + x * x) + autograd.erf(w[1] * x) * autograd.erfc(x) + autograd.log(w[1], 10)
    )
    return autograd.compile(f, w), (X[:, 0],)


def attention():
    model = CausalAttention()
    return autograd.compile(model.loss, model.parameters), tuple(model.inputs(3, np.random.default_rng(0)))


PROGRAMS = {f.__name__: f for f in (network, classes, uneven, own_rows, special, attention)}
FUNCTIONS = {
    "of numbers": (autograd.value_and_grad(lambda x, y: x**y / (1 + x)), (2.0, 3.0)),
    "of a tree": (
        lambda w, x: {"z": w["a"] * x[0] + autograd.exp(w["b"][1]) * x[1], "x": x},
        ({"a": 1.0, "b": [1.0, 2.0]}, X[0]),
    ),
    "a Hessian": (autograd.hessian(lambda x: autograd.prod(x) + autograd.sum([xi**3 for xi in x])), (X[0],)),
    "of nothing but a list": (lambda x: [autograd.sin(xi) for xi in x], ([0.5, 1.5, 2.5],)),
}
by_program = pytest.mark.parametrize("name", PROGRAMS)


@pytest.fixture(autouse=True)
def _scipy():
    pytest.importorskip("scipy.special")


def same(a, b):
    """Whether two results are the same, bit by bit."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return np.asarray(a).tobytes() == np.asarray(b).tobytes() and np.shape(a) == np.shape(b)


def alone(text, *args, name="step"):
    """What the function of a file returns where autograd cannot be imported."""

    def importing(name, *rest):
        assert name.partition(".")[0] in ("numpy", "scipy", "math"), name
        return __import__(name, *rest)

    names = {"__builtins__": {**vars(builtins), "__import__": importing}, "__name__": "alone"}
    exec(compile(text, "alone.py", "exec"), names)
    return names[name](*args)


def written(program, path):
    """The text that a program writes."""
    program.save(path)
    return path.read_text(encoding="utf-8")


# ── Files ───────────────────────────────────────────────────────────────────────────────────────────


@by_program
def test_a_file_gives_what_the_program_gives(name, tmp_path):
    program, inputs = PROGRAMS[name]()
    theta = program.parameters()
    want = program(theta, *inputs)
    text = written(program, tmp_path / "step.py")
    assert same(alone(text, theta, *inputs), want)
    assert same(alone(text, theta.tolist(), *[x.tolist() for x in inputs]), want)  # lists are arrays to it
    assert all(line in text for line in program.source.splitlines())
    inputs = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in inputs]
    narrow = program(theta.astype(np.float32), *inputs)
    got = alone(text.replace("np.float64", "np.float32"), theta, *inputs)
    assert got[1].dtype == np.float32 and same((float(got[0]), got[1]), narrow)
    program.predict(theta, *PROGRAMS[name]()[1])
    text = written(program, tmp_path / "step.py")
    assert same(alone(text, theta, *PROGRAMS[name]()[1]), program.predict(theta, *PROGRAMS[name]()[1]))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_file_of_a_function_gives_its_numbers(name, tmp_path):
    f, args = FUNCTIONS[name]
    function = autograd.compile(f)
    want = autograd.trees.leaves(function(*args))
    text = written(function, tmp_path / "step.py")
    given = [np.array(autograd.trees.leaves(arg)) if isinstance(arg, dict | list) else arg for arg in args]
    got = alone(text, *given, name=function._last().emitted.function)
    flat = [x for part in (got if isinstance(got, tuple) else (got,)) for x in np.reshape(part, -1)]
    assert sorted(flat) == sorted(want)


@settings(max_examples=50)
@given(expressions(leaves=3, size=20))
def test_a_file_of_any_expression_gives_what_the_program_gives(e):
    spare, x = Value(0.5), np.array([1.0, float(e.numbers[0])])
    program = autograd.compile(lambda x: e.build([x, *e.leaves[1:]]) + spare, [spare, *e.leaves[1:]])
    want = program(program.parameters(), x)
    try:
        text = saving.text(program._last(), "f")
    except TypeError:  # beta, sinc: by functions of autograd
        return
    assert same(alone(text, program.parameters(), x), want)


def test_a_file_runs_where_there_is_no_autograd(tmp_path):
    calls = []
    for name, make in PROGRAMS.items():
        program, inputs = make()
        value, gradient = program(program.parameters(), *inputs)
        program.save(tmp_path / f"{name}.py")
        given = [program.parameters().tolist(), *[x.tolist() for x in inputs]]
        calls.append(f"import {name}\nz = {name}.step(*{given!r})")
        calls.append(f"assert (z[0], z[1].tolist()) == {(value, gradient.tolist())!r}, z")
    (tmp_path / "calls.py").write_text("import sys\nsys.modules['autograd'] = None\n" + "\n".join(calls))
    subprocess.run([sys.executable, "calls.py"], cwd=tmp_path, check=True)


def test_a_file_tells_what_it_is_and_checks_what_it_is_given(tmp_path):
    program, inputs = classes()
    theta = program.parameters()
    program(theta, *inputs)
    text = written(program, tmp_path / "step.py")
    head = text.partition('"""\n')[0]
    for line in ("<lambda>, compiled by", "theta (31,)", "x (n, 4)", "t (n,) from 0", "one number and (31)"):
        assert line in head, head
    assert max(map(len, text.splitlines())) <= max(110, *map(len, program.source.splitlines()))
    i, x, t = inputs
    for wrong in ((theta[1:], i, x, t), (theta, i, x[:, :1], t), (theta, i, x, t[:1]), (theta, i, x[:1], t)):
        with pytest.raises(ValueError, match=r"shapes theta \(31,\), i \(n,\) from 0, x \(n, 4\), t \(n,\)"):
            alone(text, *wrong)
    for wrong in (i - 1, i + 1, i * 1.0):
        with pytest.raises(IndexError):
            alone(text, theta, wrong, x, t)


@given(
    st.one_of(
        arrays(np.float64, array_shapes(min_dims=0, max_dims=3, max_side=4)),
        arrays(np.intp, array_shapes(max_dims=2), elements=st.integers(-3, 99)),
        st.builds(
            lambda a, n, d: np.arange(a, a + n * d, d),
            st.integers(0, 9),
            st.integers(1, 50),
            st.integers(1, 9),
        ),
    )
)
def test_the_text_of_an_array_is_the_array(array):
    text = saving.numbers("v", array)
    again = eval(text, {"np": np, "dtype": np.float64})
    assert again.dtype == array.dtype and again.shape == array.shape
    nan = np.isnan(array)
    assert (np.isnan(again) == nan).all() and again[~nan].tobytes() == array[~nan].tobytes()
    assert max(map(len, text.splitlines())) <= 110


def test_the_text_of_an_array_is_short_where_it_can_be():
    assert saving.numbers("v", np.arange(0, 600, 3)) == "np.arange(0, 600, 3)"
    assert saving.numbers("v", np.arange(6).reshape(2, 3)) == "np.arange(0, 6).reshape((2, 3))"
    assert saving.numbers("v", np.full((9, 9), 0.5)) == "np.full((9, 9), 0.5, dtype)"


@pytest.mark.parametrize(
    "function", [*kernels.KERNELS.values(), *kernels.SPECIAL.values()], ids=lambda f: f.__name__
)
def test_the_text_of_a_kernel_has_no_types(function):
    text = saving.text_of(function, "")
    assert "Array" not in text and "->" not in text and text.startswith(f"def {function.__name__}(")


def local(by):
    """A function that needs what stands around it."""
    return lambda x: by * x


def looked_up(x):
    return TABLE[0] * x


TABLE = [1.0]
exec("def unsourced(x):\n    return x", globals())
REFUSED = {
    "a lambda": (lambda x: x, "no function of a module"),
    "a closure": (local(2.0), "no function of a module"),
    "a method": ([2.0].count, "is in no module under its name"),
    "an object": (partial(square), "no function of a module"),
    "no source": (globals()["unsourced"], "there is no source of unsourced"),
    "a list": (looked_up, "it is or uses [1.0], which is no function of a module"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_function_that_no_file_can_hold_is_refused_by_the_name_of_its_row(what, tmp_path):
    function, reason = REFUSED[what]
    w, row = Value(2.0), Op("mine", function, lambda x, z: 1)
    program = autograd.compile(lambda x: autograd.sigmoid(w) * row(w * x), [w])
    program(program.parameters(), np.array([1.0, 2.0]))
    path = tmp_path / "step.py"
    path.write_text("as it was")
    with pytest.raises(TypeError, match=r"^program\.save: the function of mine cannot be written") as caught:
        program.save(path)
    assert reason in str(caught.value) and str(caught.value).endswith("math and numpy alone")
    assert path.read_text() == "as it was" and [*tmp_path.iterdir()] == [path]


def test_a_row_of_the_table_that_needs_autograd_is_refused_too(tmp_path):
    w = Value(2.0)
    program = autograd.compile(lambda x: autograd.beta(w, x), [w])
    program(program.parameters(), np.array([1.5]))
    with pytest.raises(TypeError, match=r"^program\.save: the function of beta"):
        program.save(tmp_path / "step.py")


def test_saving_errors_name_the_remedy(tmp_path):
    program, inputs = network()
    with pytest.raises(RuntimeError, match="call it once"):
        program.save(tmp_path / "step.py")
    program(program.parameters(), *inputs)
    with pytest.raises(OSError, match=r"^program\.save: .* is a folder"):
        program.save(tmp_path)


# ── Pickles ─────────────────────────────────────────────────────────────────────────────────────────

TWINS = {
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}
by_twin = pytest.mark.parametrize("twin_of", TWINS.values(), ids=TWINS)


@by_twin
@by_program
def test_a_twin_gives_what_the_program_gives(name, twin_of):
    program, inputs = PROGRAMS[name]()
    theta = program.parameters()
    value, outputs = program(theta, *inputs), program.predict(theta, *inputs)
    twin = twin_of(program)
    assert same(twin(theta, *inputs), value) and same(twin.predict(theta, *inputs), outputs)
    program(theta, *inputs), twin(theta, *inputs)
    assert (twin.source, twin.operations, twin.nodes) == (program.source, program.operations, program.nodes)
    assert same(twin_of(twin)(theta, *inputs), value)


@settings(max_examples=30)
@given(expressions(leaves=3, size=20))
def test_a_pickle_of_any_program_gives_what_it_gives(e):
    function = autograd.compile(autograd.value_and_grad(lambda x: e.build([*x, *e.leaves[1:]])))
    try:
        want = function([float(e.numbers[0])])
    except TypeError:  # polygamma of constants, whose order is a float to compile
        return
    assert same(pickle.loads(pickle.dumps(function))([float(e.numbers[0])]), want)


@pytest.mark.parametrize("name", FUNCTIONS)
@by_twin
def test_a_twin_of_a_function_gives_what_it_gives(name, twin_of):
    f, args = FUNCTIONS[name]
    function = autograd.compile(f)
    want = function(*args)
    assert same(twin_of(function)(*args), want)


def test_a_pickle_has_its_own_parameters():
    program, _ = network()
    twin = TWINS["pickle"](program)
    twin.assign(np.zeros(len(twin.leaves)))
    assert not twin.parameters().any() and program.parameters().any()


def test_a_function_goes_with_its_model_and_compiles_anew():
    program, inputs = network()
    theta = program.parameters()
    want = program(theta, *inputs)
    for twin_of in (TWINS["pickle"], TWINS["deepcopy"]):
        before = twin_of(autograd.compile(program.f, program.leaves))  # nothing is compiled yet
        assert same(before(theta, *inputs), want)


@pytest.mark.parametrize("f", [lambda x: W * x * x, lambda x: W * square(x)], ids=["a lambda", "another"])
def test_a_function_that_is_lost_says_so_for_other_shapes(f):
    program = autograd.compile(f, [W])
    want = program(np.array([2.0]), X[:, 0])
    for twin_of in (TWINS["pickle"], TWINS["deepcopy"]):
        twin = twin_of(program)
        assert same(twin(np.array([2.0]), X[:, 0]), want)
        assert same(twin(np.array([2.0]), X[:2, 0]), program(np.array([2.0]), X[:2, 0]))
        with pytest.raises(RuntimeError, match=r"^compile: this copy of <lambda> came without its function"):
            twin(np.array([2.0]), X)
    assert copy.copy(program).f is program.f


W = Value(2.0)


def of_a_module(x):
    """Found again by its name, with the W that is there, and not with that of the copy."""
    return W * x * x


def test_a_function_of_a_module_is_not_taken_for_one_of_the_copys_parameters():
    program = autograd.compile(of_a_module, [W])
    program(np.array([2.0]), X[:, 0])
    with pytest.raises(RuntimeError, match="this copy of of_a_module came without its function"):
        TWINS["pickle"](program).predict(np.array([3.0]), X[:, 0])
    function = TWINS["pickle"](autograd.compile(square))
    assert function(3.0) == 9.0 and function(X).tolist() == (X * X).tolist()


def test_a_row_that_no_pickle_can_hold_is_named():
    w, row = Value(2.0), Op("local", lambda x: x + 1, lambda x, z: 1)
    program = autograd.compile(lambda x: row(w * x), [w])
    program(program.parameters(), X[:, 0])
    with pytest.raises(TypeError, match="<Op local> cannot be pickled: keep it in a variable of a module"):
        pickle.dumps(program)
    assert same(copy.deepcopy(program)(np.array([3.0]), X[:, 0]), program(np.array([3.0]), X[:, 0]))


def test_a_long_chain_is_pickled_without_recursion():
    w = Value(0.5)

    def chain(x):
        for _ in range(1500):
            x = autograd.tanh(w + x)
        return x

    program = autograd.compile(chain, [w])
    want = program(program.parameters(), X[:, 0])
    for twin_of in TWINS.values():
        assert same(twin_of(program)(program.parameters(), X[:, 0]), want)


def test_a_pickle_runs_on_jax():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    program, inputs = network()
    value, gradient = program(program.parameters(), *inputs)
    got = TWINS["pickle"](program).to_jax()(program.parameters(), *inputs)
    assert float(got[0]) == pytest.approx(value) and got[1].tolist() == pytest.approx(gradient.tolist())


def test_a_pickle_of_a_file_that_was_saved_writes_the_same(tmp_path):
    program, inputs = own_rows()
    program(program.parameters(), *inputs)
    assert written(TWINS["pickle"](program), tmp_path / "a.py") == written(program, tmp_path / "b.py")


PROCESSES = """
import multiprocessing, numpy as np, autograd, nn
if __name__ == "__main__":
    model = nn.MLP(3, [4, 2], "tanh", seed=0)
    program = autograd.compile(lambda x, y: nn.losses.quadratic(model(x), y), model.parameters())
    rng = np.random.default_rng(0)
    theta = program.parameters()
    batches = [(theta, rng.random((n, 3)), rng.random((n, 2))) for n in (1, 2, 3, 5, 5)]
    want = [program(*batch) for batch in batches]
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            got = pool.starmap_async(program, batches).get(60)
        assert all(a == b and (c == d).all() for (a, c), (b, d) in zip(got, want)), method
"""


def test_programs_run_in_other_processes(tmp_path):
    (tmp_path / "main.py").write_text(PROCESSES)
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, tmp_path / "main.py"], check=True, env=environment, timeout=120)


# ── Threads ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("first", [True, False], ids=["compiled before", "compiled in threads"])
def test_a_program_runs_in_several_threads_at_once(first):
    program, _ = network()
    batches = [
        (RNG.normal(size=len(program.leaves)), RNG.normal(size=(n, 4)), RNG.normal(size=(n, 2)))
        for n in [1, 2, 7, 64] * 8
    ]
    twin, _ = network()
    want = [twin(*batch) for batch in batches]
    if first:
        program(*batches[0])
    with ThreadPoolExecutor(8) as pool:
        got = [*pool.map(lambda batch: program(*batch), batches)]
    assert same(got, want)
    rows, inputs = own_rows()
    expected = [rows(rows.parameters() * k, *inputs) for k in range(20)]
    again, _ = own_rows()
    thetas = [again.parameters() * k for k in range(20)]
    with ThreadPoolExecutor(8) as pool:
        assert same([*pool.map(lambda theta: again(theta, *inputs), thetas)], expected)


def test_what_a_source_calls_is_no_name_of_an_array():
    """A label or an input may be called like a function of Python's, in a file too."""
    w = [Value(0.5, name) for name in ("len", "ValueError", "np")]
    program = autograd.compile(lambda len: autograd.sum([autograd.exp(v * len) for v in w]), w)  # noqa: A006
    want = program(program.parameters(), X[:, 0])
    assert want[0] == pytest.approx(3 * np.exp(0.5 * X[:, 0]).mean())
    assert same(alone(saving.text(program._last(), "f"), program.parameters(), X[:, 0]), want)


class Rows:
    BY = 2.0

    def scaled(x, by=BY):  # noqa: N805
        return by * x


def test_a_file_that_could_not_be_imported_is_not_written(tmp_path):
    w = Value(2.0)
    row = Op("scaled", Rows.scaled, lambda x, by, z: by, lambda x, by, z: x)
    program = autograd.compile(lambda x: row(w * x, 3.0), [w])
    program(program.parameters(), X[:, 0])
    with pytest.raises(NameError, match="BY"):
        program.save(tmp_path / "step.py")
    assert not [*tmp_path.iterdir()]
