"""The ready engines: real libraries where they are installed, and stand-ins for what cannot be."""

import math
import random
import subprocess
import sys
from contextlib import nullcontext
from importlib import import_module
from types import SimpleNamespace

import pytest

import autograd
from autograd import Value, ops
from autograd.testing.grading import peers
from autograd.testing.grading.check import check_engine
from autograd.testing.grading.engine import Engine
from autograd.testing.grading.probes import BETWEEN, CHAIN, CHANGED
from autograd.testing.grading.program import run, write
from autograd.testing.grading.report import FAIL, MISSING, NOTE, PASS
from autograd.testing.strategies import targets

OURS = Engine(Value, functions=peers.functions_of(ops), name="Value")


class Scalar:
    """Minitorch's interface: a history of last_fn and inputs, and a derivative that the leaves alone keep."""

    def __init__(self, data, history=None):
        self.data, self.derivative = float(data), None
        self.history = history or SimpleNamespace(last_fn=None, inputs=())

    def __add__(self, other):
        return made(Add, self, other)

    def __mul__(self, other):
        return made(Mul, self, other)

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -1.0 * other

    def __rsub__(self, other):
        return -self + other

    __radd__, __rmul__ = __add__, __mul__

    def exp(self):
        return made(Exp, self)

    def backward(self):
        order, slopes = [], {id(self): 1.0}
        self._visit(order)
        for scalar in reversed(order):
            if scalar.history.last_fn is None:
                scalar.derivative = (scalar.derivative or 0.0) + slopes[id(scalar)]
                continue
            inputs = scalar.history.inputs
            for given, local in zip(inputs, scalar.history.last_fn.locals(*(i.data for i in inputs))):
                slopes[id(given)] = slopes.get(id(given), 0.0) + slopes[id(scalar)] * local

    def _visit(self, order):
        if not any(scalar is self for scalar in order):
            for given in self.history.inputs:
                given._visit(order)
            order.append(self)


class Add:
    value, locals = staticmethod(lambda x, y: x + y), staticmethod(lambda x, y: (1.0, 1.0))


class Mul:
    value, locals = staticmethod(lambda x, y: x * y), staticmethod(lambda x, y: (y, x))


class Exp:
    value, locals = staticmethod(math.exp), staticmethod(lambda x: (math.exp(x),))


def made(function, *given):
    inputs = [x if isinstance(x, Scalar) else Scalar(x) for x in given]
    numbers = [x.data for x in inputs]
    return Scalar(function.value(*numbers), SimpleNamespace(last_fn=function, inputs=inputs))


STAND_INS = {
    "Scalar": lambda: peers.minitorch(Scalar),
    "grad": lambda: peers.functional(autograd.grad, ops),
}


@pytest.fixture(params=[*sorted(peers.PEERS.keys() - {"minitorch"}), *STAND_INS])
def peer(request):
    """The name of a peer and its engine; the extra `test` has micrograd and MyGrad, and minitorch nobody."""
    name = request.param
    if name in STAND_INS:
        yield name, STAND_INS[name]()
        return
    try:
        library = import_module(name)
    except Exception as error:  # DeZero fails with the NumPy of today in more ways than one
        pytest.skip(f"{name}: {str(error).splitlines()[0]}")
    with library.enable_x64(True) if name == "jax" else nullcontext():
        yield name, peers.PEERS[name]()


def agree(got, want, digits):
    """Whether readings are the same; a gradient that no pass has reached is None or 0."""
    return all(
        x == pytest.approx(y, digits, digits) if isinstance(x, float) else x is None and y == 0
        for x, y in zip(got, want, strict=True)
    )


def digits(engine):
    """To what relative difference the engine is right: by whether it keeps a double."""
    return 1e-12 if run([("leaf", "a", 0.1), ("value", "a")], engine) == [0.1] else 1e-5


def offered(engine):
    """The rows that the engine seems to have, by their names."""
    arities = {name: ops.TABLE[name].arity for name in peers.NAMES}
    return [name for name in engine.words(arities).calls if name in arities]


# ── What they compute ───────────────────────────────────────────────────────────────────────────────

EVERYWHERE = {"sin", "cos", "tanh", "sigmoid", "arctan", "relu"}  # no domain, and small


def random_program(numbers, functions):
    """Six operations on three leaves, each of what went before or of a number, and a pass from the last."""
    program = [("leaf", name, numbers.uniform(-2, 2)) for name in "abc"]
    names = list("abc")
    for name in "defghi":
        op = numbers.choice(["add", "sub", "mul", "neg", *functions])
        args = numbers.choices(names, k=2 if op in ("add", "sub", "mul") else 1)
        if len(args) == 2 and numbers.random() < 0.3:
            args[numbers.randrange(2)] = numbers.choice([2, 0.5, -1.5])
        program.append(("op", name, op, tuple(args)))
        names.append(name)
    return [*program, ("backward", "i"), ("value", "i"), *(("gradient", name) for name in "abc")]


def test_random_programs_are_differentiated_as_here(peer):
    _, engine = peer
    functions = sorted(EVERYWHERE.intersection(offered(engine)))
    numbers = random.Random(16)
    for _ in range(40):
        program = random_program(numbers, functions)
        got, want = run(program, engine), run(program, OURS)
        assert agree(got, want, digits(engine)), (program, got, want)


FAULTS = {  # of these versions: what goes wrong where it is looked for
    ("dezero", "leaky_relu"): "TypeError",  # arrays without dimensions
    ("dezero", "maximum"): "NotImplementedError",
    ("dezero", "minimum"): "NotImplementedError",
}
NUMBERS = {"clip": (-0.5, 0.75), "elu": (0.1,), "leaky_relu": (0.1,)}  # bounds and slopes, after x
LOOKED_AT = {"jax": ["exp", "gelu", "leaky_relu", "lgamma", "rsqrt", "softsign"]}  # each is compiled: 0.4 s


def test_what_has_the_name_of_a_row_is_that_row(peer):
    """To nine digits: PyTorch's trigamma has no more."""
    name, engine = peer
    for op in LOOKED_AT.get(name, offered(engine)):
        row = ops.TABLE[op]
        args = targets(row, row.arity - len(NUMBERS.get(op, ())), float)
        leaves = {letter: x for i, (letter, x) in enumerate(zip("abc", args)) if i not in row.parameters}
        given = [x if i in row.parameters else letter for i, (letter, x) in enumerate(zip("abc", args))]
        program = [
            *(("leaf", letter, x) for letter, x in leaves.items()),
            ("op", "z", op, (*given, *NUMBERS.get(op, ()))),
            *(("backward", "z"), ("value", "z")),
            *(("gradient", letter) for letter in leaves),
        ]
        got, want = run(program, engine), run(program, OURS)
        if (name, op) in FAULTS:
            assert got[0].kind == FAULTS[name, op]
        else:
            assert agree(got, want, max(1e-9, digits(engine))), (program, got, want)


# ── Their conventions ───────────────────────────────────────────────────────────────────────────────

CUBE = [("leaf", "a", 3.0), ("op", "b", "mul", ("a", "a")), ("op", "c", "mul", ("b", "a")), ("backward", "c")]
AGAIN = {"micrograd": 72.0, "mygrad": 27.0, "torch": "RuntimeError"}  # 54 in all others


def test_a_second_pass_does_what_the_docstring_tells(peer):
    name, engine = peer
    (got,) = run([*CUBE, ("backward", "c"), ("gradient", "a")], engine)
    assert getattr(got, "kind", got) == AGAIN.get(name, 54.0)


@pytest.mark.parametrize("zero", [False, True])
def test_the_passes_of_two_graphs_add_up_unless_the_gradient_is_zeroed(peer, zero):
    name, engine = peer
    program = [*CUBE, *[("zero", "a")] * zero, ("op", "d", "mul", ("a", 5.0)), ("backward", "d")]
    (got,) = run([*program, ("gradient", "a")], engine)
    assert got == (5.0 if zero or name == "mygrad" else 32.0)


def test_gradients_of_values_between_can_be_zeroed_too(peer):
    _, engine = peer
    got = run([*CUBE, ("zero", "a", "b", "c"), ("gradient", "a"), ("gradient", "b")], engine)
    assert agree(got, [0.0, 0.0], 0)


def test_a_leaf_that_is_set_before_it_is_used_counts_as_set(peer):
    name, engine = peer
    program = [CUBE[0], ("set", "a", 5.0), *CUBE[1:], ("value", "c"), ("gradient", "a")]
    got = run(program, engine)
    if name in ("jax", "grad"):  # functions of numbers
        assert got[0].kind == "NotImplementedError"
    else:
        assert got == [125.0, 75.0]


def test_pictures_are_told_what_made_a_value(peer):
    name, engine = peer
    if name in ("torch", "tinygrad"):
        pytest.skip("its tensors do not tell of which others they were made")
    a = engine.make(3.0)
    b = engine.apply("mul", [a, a])
    assert all(child is a for child in engine.read("children", b))
    assert engine.read("operation", b) in ("*", "mul", "multiply")
    assert not engine.read("children", a) and not engine.read("operation", a)


def test_programs_are_written_so_that_they_run(peer):
    name, engine = peer
    if name in ("jax", "grad"):
        pytest.skip("there is no class whose values could be written")
    library = sys.modules.get(name)
    names = {name: library, "numpy": sys.modules.get("numpy"), engine.kind.__name__: engine.kind}
    program = [*CUBE, ("value", "c"), ("gradient", "a")]
    told = []
    exec(write(program, engine.words({"mul": 2})), {**names, "print": lambda x: told.append(float(x))})
    assert told == [27.0, 27.0]


# ── Libraries that differentiate functions ──────────────────────────────────────────────────────────


def test_a_shared_value_is_computed_once():
    """Else the hundredth of Fibonacci's numbers would take as many steps."""
    fibonacci = [("op", f"t{n}", "add", (f"t{n - 1}", f"t{n - 2}")) for n in range(2, 101)]
    program = [("leaf", "t0", 0.0), ("leaf", "t1", 1.0), *fibonacci, ("backward", "t100"), ("gradient", "t1")]
    assert run(program, peers.functional(autograd.grad, ops)) == [float(354224848179261915075)]


def test_a_chain_may_be_longer_than_python_recurses():
    program = [("leaf", "a", 1.0), ("op", "b", "neg", ("a",)), ("chain", "b", "add", ("b", "a"), 5000)]
    engine = peers.functional(autograd.grad, ops)
    assert run([*program, ("backward", "b"), ("gradient", "a")], engine) == [4999.0]


def test_functions_are_those_of_the_first_module_that_has_them():
    first, second = SimpleNamespace(exp=lambda x: 2 * x), SimpleNamespace(exp=ops.exp, tanh=ops.tanh)
    engine = peers.functional(autograd.grad, first, second, functions={"log": ops.log})
    program = [("leaf", "a", 3.0), ("op", "b", "exp", ("a",)), ("op", "c", "log", ("b",)), ("value", "c")]
    assert run(program, engine) == [math.log(6)]
    assert offered(engine) == ["exp", "log", "tanh"]


def test_no_library_is_imported_before_it_is_asked_for():
    code = "import sys, autograd.testing.grading.peers; print({*sys.argv[1:]} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code, *peers.PEERS, "numpy"], capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


# ── Their reports ───────────────────────────────────────────────────────────────────────────────────

WRONG = {  # in these versions
    "dezero": {"a leaf as the root"},  # AttributeError
    "mygrad": {"maximum(x, y)", "minimum(x, y)"},  # of equal numbers: no gradient
    "tinygrad": {"selu(x)"},  # nan far to the right
}
PASSES = {"two backward passes", "two losses"}
NOTED = {
    "Scalar": {CHANGED},
    "dezero": {CHANGED},
    "micrograd": {CHANGED, *PASSES},
    "mygrad": {CHANGED, "x += y", "gradients set to zero", *PASSES},
    "tinygrad": {CHANGED, "x += y"},
    "torch": {CHANGED, "x += y", "gradients set to zero", *PASSES},
}
SOME = ["add", "mul", "sub", "iadd", "exp", "selu"]  # of engines that compile each operation


def test_a_report_finds_their_faults_and_notes_their_conventions(peer):
    name, engine = peer
    report = check_engine(
        engine, operations=SOME if name in ("jax", "tinygrad") else None, require=["add"], limit=60
    )
    assert {row.name for row in report.rows if row.status == FAIL} == WRONG.get(name, set())
    noted = {row.name for row in report.rows if row.status == NOTE}
    assert noted - {BETWEEN, CHAIN} == NOTED.get(name, set())  # how deep one recurses, some libraries change


def test_a_report_says_what_is_not_offered():
    rows = {row.name: row for row in check_engine(peers.micrograd()).rows}
    assert rows["x ** 3"].status == PASS
    assert rows["x ** y"].status == rows["tanh(x)"].status == MISSING
    assert rows["x ** y"].diagnosis.text == "AssertionError: only supporting int/float powers for now"
