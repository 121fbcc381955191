"""Build it yourself: each step runs alone, adds little, and is right about what it says it can do."""

import ast
import gc
import operator
import re
import tracemalloc
from contextlib import redirect_stdout
from fractions import Fraction
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Op, ops
from autograd.testing.grading.check import check_engine
from demos import build, runner
from demos.build import exercises, grading, holes, text

ROOT = Path(__file__).parent.parent
steps = {step: import_module(f"demos.build.step{step}") for step in text.STEPS}

SUMS = {"+": operator.add, "×": operator.mul}
ARITHMETIC = {
    **SUMS,
    "−": operator.sub,
    "2 −": lambda x, y: 2 - x,
    "− 2": lambda x, y: x - 2,
    "2 +": lambda x, y: 2 + x,
    "2 ×": lambda x, y: 2 * x,
    "neg": lambda x, y: -x,
    "/": lambda x, y: x / (y * y + Fraction(1)),
    "2 /": lambda x, y: Fraction(2) / (x * x + Fraction(1)),
    "^": lambda x, y: x**2,
}
FUNCTIONS = ["exp", "log", "sin", "cos", "tanh", "relu"]
fractions = st.lists(st.fractions(-2, 2, max_denominator=3), min_size=3, max_size=3)


def programs(names):
    """Operations in a row, each on two results from before: (name, place, place)."""
    return st.lists(st.tuples(st.sampled_from([*names]), st.integers(0, 99), st.integers(0, 99)), max_size=6)


def gradients(Value, operations, program, numbers, passes=1):
    """The gradient of what the program computes, by each number."""
    leaves = [Value(x) for x in numbers]
    nodes = [*leaves]
    for name, i, j in program:
        nodes.append(operations[name](nodes[i % len(nodes)], nodes[j % len(nodes)]))
    for _ in range(passes):
        nodes[-1].backward()
    return [leaf.grad for leaf in leaves]


# ── The steps are right ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", range(4, 11))
@settings(max_examples=25)
@given(program=programs(SUMS), numbers=fractions, passes=st.integers(1, 2))
def test_from_step_4_on_sums_and_products_are_those_of_the_library(step, program, numbers, passes):
    ours, real = (
        gradients(kind, SUMS, program, numbers, passes) for kind in (steps[step].Value, autograd.Value)
    )
    assert ours == real


@pytest.mark.parametrize("step", range(5, 11))
@settings(max_examples=25)
@given(program=programs(ARITHMETIC), numbers=fractions)
def test_from_step_5_on_arithmetic_is(step, program, numbers):
    ours, real = (
        gradients(kind, ARITHMETIC, program, numbers) for kind in (steps[step].Value, autograd.Value)
    )
    assert ours == real


@pytest.mark.parametrize("step", range(5, 11))
def test_a_power_has_a_base_and_an_exponent(step):
    for f in (lambda x, y: x**y), (lambda x, y: x**3 + y), (lambda x, y: 2.5**y + x):
        ours, real = ([kind(1.5), kind(0.7)] for kind in (steps[step].Value, autograd.Value))
        for x, y in ours, real:
            f(x, y).backward()
        assert [v.grad for v in ours] == pytest.approx([v.grad for v in real], rel=1e-14)


@pytest.mark.parametrize("step", range(6, 11))
@pytest.mark.parametrize("name", FUNCTIONS)
def test_from_step_6_on_functions_are(step, name):
    for number in 0.3, 2.0:
        x, real = steps[step].Value(number), autograd.Value(number)
        getattr(steps[step], name)(x * 1.5).backward()
        getattr(autograd, name)(real * 1.5).backward()
        assert x.grad == pytest.approx(real.grad, rel=1e-14)


def test_relu_is_flat_where_it_is_negative_and_at_0():
    for step in range(6, 11):
        for number in -1.0, 0.0:
            x = steps[step].Value(number)
            steps[step].relu(x).backward()
            assert x.grad == 0


@pytest.mark.parametrize("step", [9, 10])
@pytest.mark.parametrize("name", [*FUNCTIONS, "power"])
def test_second_and_third_order_are(step, name):
    engine = steps[step]
    f = (lambda module: lambda x: x**x) if name == "power" else lambda module: getattr(module, name)
    x = engine.Value(0.7)
    ours, real = f(engine)(x), f(autograd)
    for _ in range(3):
        ours, real = engine.derivative(ours, x), autograd.grad(real)
        assert engine.number(ours) == pytest.approx(real(0.7), rel=1e-12)


@given(program=programs(ARITHMETIC), numbers=fractions)
def test_step_10_is_exact_to_second_order(program, numbers):
    def f(*nodes):
        nodes = [*nodes]
        for name, i, j in program:
            nodes.append(ARITHMETIC[name](nodes[i % len(nodes)], nodes[j % len(nodes)]))
        return nodes[-1]

    leaves = [steps[10].Value(x) for x in numbers]
    slope = steps[10].derivative(f(*leaves), leaves[0])
    found = [steps[10].derivative(slope, leaf).data for leaf in leaves]
    assert found == autograd.hessian(f)(*numbers)[0]


def test_step_2_is_right_where_every_value_has_one_user_and_step_3_visits_each_node_once():
    a, b, c = (steps[2].Value(x) for x in (2, 3, 5))
    ((a + b) * c).backward()
    assert [a.grad, b.grad, c.grad] == [5, 5, 5]
    for step in range(3, 11):
        x = y = steps[step].Value(1)
        for _ in range(100):
            y = y * y
        order = steps[step].topological_order(y)
        assert len(order) == 101 and (order[0], order[-1]) == (x, y)


@pytest.mark.parametrize("step", range(3, 11))
def test_no_step_recurses(step):
    x = y = steps[step].Value(1.0)
    one = steps[step].Value(1.0)
    for _ in range(20_000):
        y = y * one
    y.backward()
    assert x.grad == 1


# ── The steps are small, and say what they print ────────────────────────────────────────────────────


def test_every_claim_holds_and_every_step_is_shown(tmp_path, capsys):
    assert runner.main(["build", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert [f"\nStep {step}. " in f"\n{shown}" for step in text.STEPS] == [True] * 10


SHOWN = {
    1: ["price = 200, ∂price/∂apple = 2, ∂price/∂count = 100"],
    2: ["∂price/∂apple   = 2.2", "∂price/∂tax     = 650"],
    3: ["21 nodes; step 2 would come by them 2,097,151 times", "∂d/∂a = 3, and it should be b + 1 = 4"],
    4: ["∂(a × b + a)/∂a = b + 1 = 4", "after a second pass: 8"],
    5: ["y = 1.9, ∂y/∂x = 2x / (1 + x²)² = -0.06"],
    6: ["tanh    0.4621  0.7864  0.7864"],
    7: ["0.0132 by the engine, 0.0132 by trying it out"],
    8: ["step   0: loss 2.78, 10 of 60 right", "60 of 60 right"],
    9: ["order 4: -22.967857", "x = 0.647984929870"],
    10: ["price 220, ∂price/∂apple = 11/5", "g = 2421/98, ∂g/∂a = 47620/343, ∂²g/∂a∂b = 4777464/2401"],
}


@pytest.mark.parametrize("step", text.STEPS)
def test_a_step_prints(step, capsys):
    text.play(step)
    shown = capsys.readouterr().out
    assert all(line in shown for line in SHOWN[step])


@pytest.mark.parametrize("step", text.STEPS)
def test_a_step_imports_nothing_of_the_library(step):
    names = {
        name
        for node in ast.walk(ast.parse(text.parts(step)[1]))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
    }
    assert names <= {"math", "operator", "random", "itertools"}


def test_too_many_lines_are_found(monkeypatch):
    monkeypatch.setattr(build, "LINES", 50)
    monkeypatch.setattr(build, "NEW", 10)
    assert [holds for _, holds in build.claims()][:2] == [False, False]


# ── What check_engine says ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", text.STEPS)
def test_check_engine_passes_every_step_that_adds_up(step):
    report = grading.grade(step, grading.source(step))
    assert report.passed == (step >= 4), report
    assert bool(grading.complaint(step)) == (step < 4)


def test_the_rows_of_a_table_are_found_in_the_module_of_the_class():
    operations = [*grading.ARITHMETIC, *grading.FUNCTIONS]
    assert check_engine(steps[6].Value, operations=operations).score == 1


FOUND = [
    "a value used twice",
    "the order of the backward pass",
    "two backward passes",
    "2 - x",
    "2 + x",
    "x ** 3",
    "tanh(x)",
    "cos(x)",
]


@pytest.mark.parametrize(("turn", "row"), [*zip(grading.TURNS, FOUND, strict=True)], ids=FOUND)
def test_a_wrong_turn_is_found_and_its_program_shows_it(turn, row):
    found = grading.complaint(turn.step, turn.lines)
    assert found.text.startswith(f"{row}: ")
    if found.program:
        wrong, right = {}, {}
        exec(grading.source(turn.step, turn.lines), wrong)
        exec(grading.source(turn.step), right)
        printed = [written(found.program, names) for names in (wrong, right)]
        assert printed[0] != printed[1]


def written(program, names):
    """What a program prints."""
    out = StringIO()
    with redirect_stdout(out):
        exec(program, names)
    return out.getvalue()


def test_a_turn_from_a_line_that_is_not_there_is_refused():
    with pytest.raises(KeyError):
        grading.source(4, {"no such line": ""})


@pytest.mark.parametrize("step", text.STEPS)
def test_homework_as_it_is_given_does_not_pass(step):
    """The networks of steps 7 and 8 are no part of the engine."""
    assert grading.grade(step, holes.homework(step)).passed == (step in (7, 8))


# ── What the page says ──────────────────────────────────────────────────────────────────────────────


def test_the_page_tells_true_sizes():
    page = (ROOT / "docs/build.md").read_text(encoding="utf-8")
    told = re.findall(r"`(\w+\.py)` \((\d+) lines\)", page)
    assert len(told) == 5
    for name, size in told:
        real = len((ROOT / "autograd" / name).read_text(encoding="utf-8").splitlines())
        assert abs(int(size) - real) <= real / 10, name
    rows = [op for op in map(vars(ops).get, ops.__all__) if isinstance(op, Op) and op.partials]
    assert f"| {len(rows)} rows" in page
    assert f"at most {build.NEW} new lines" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_node_of_the_library_takes_about_the_same_memory():
    sizes = []
    for kind in autograd.Value, steps[10].Value:
        x, y, made = kind(1.5), kind(2.5), [None] * 1000
        x * y  # what the first product prepares
        gc.collect()
        tracemalloc.start()
        for k in range(len(made)):
            made[k] = x * y
        sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert sizes[0] == pytest.approx(sizes[1], rel=0.1)


# ── Homework and exercises ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", text.STEPS)
def test_homework_is_python_with_the_new_lines_missing(step):
    source = holes.homework(step)
    ast.parse(source)
    before, after = text.lines(step - 1) if step > 1 else [], text.lines(step)
    missing = sum(int(line.split()[2]) for line in source.splitlines() if line.lstrip().startswith("...  #"))
    assert 0 < missing <= len(text.new(before, after))
    kept = [line for line in source.splitlines() if not line.lstrip().startswith("...  #")]
    lines = iter(text.file(step).read_text(encoding="utf-8").splitlines())
    assert all(line in lines for line in kept)  # in their order


def test_the_command_prints_homework(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["holes", "4"])
    holes.main()
    assert "...  # 1 line" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("exercise", "answer", "hint"),
    [
        ("two ways", (5, 3), "not yet: ∂z/∂x; draw the graph, and count the edges that leave x"),
        ("two ways", (8, 2), "not yet: ∂z/∂y"),
        ("two passes", 6, "not yet: what does a leaf do"),
        ("two passes", 9, "not yet"),
        ("swish", lambda x, z: z, "not yet: swish at t1 (row swish)"),
        ("leaky", lambda x, z: 1 if x > 0 else 0.1, "not yet: with an array it raises"),
        ("leaky", lambda x, z: x > 0, "not yet: leaky at t1"),
        ("a program", lambda x: x, "not yet: both give 1"),
        ("the bottom", 0.648, "not yet: the slope there is"),
        ("too far", 36, "not yet: σ′ is still"),
        ("too far", 38, "not yet: it is 0 before that"),
    ],
)
def test_a_wrong_answer_gets_a_hint(exercise, answer, hint, capsys):
    exercises.check(exercise, answer)
    assert capsys.readouterr().out.startswith(hint)
