"""`python -m autograd grade`: whatever a student's file does, it ends in a report; and what a report says."""

import json
import os
import re
import shutil
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.testing import GradientError
from autograd.testing.grading import isolation
from autograd.testing.grading.check import Here, grade
from autograd.testing.grading.isolation import Isolated
from autograd.testing.grading.loading import LoadError, load
from autograd.testing.grading.probes import arities
from autograd.testing.grading.program import Failure
from autograd.testing.grading.report import Diagnosis, EngineReport, Row
from viz.command import main

ENGINE = """
import math

class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self.children, self._backward = data, 0.0, children, lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out

    __radd__, __rmul__ = __add__, __mul__

    def tanh(self):
        out = Value(math.tanh(self.data), (self,))
        def _backward():
            self.grad += (1 - out.data**2) * out.grad
        out._backward = _backward
        return out

    def backward(self):
        order, seen = [], set()
        def visit(v):
            if v not in seen:
                seen.add(v)
                for child in v.children:
                    visit(child)
                order.append(v)
        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            v._backward()
"""
LIMITS = ["--timeout", "60", "--operations", "add,mul,tanh"]  # a loaded machine is slow, and no fault
PROGRAM = [("leaf", "a", 100.0), ("op", "b", "mul", ("a", "a")), ("backward", "b"), ("gradient", "a")]
SUM = [("leaf", "a", 2.0), ("op", "b", "add", ("a", "a")), ("backward", "b"), ("gradient", "a")]


@pytest.fixture
def student(tmp_path, monkeypatch):
    """Writes a student's file; the folder does not stay on the path."""
    monkeypatch.setattr(sys, "path", [*sys.path])

    def write(code, name="student.py"):
        path = tmp_path / name
        path.write_text(code, encoding="utf-8")
        return path

    return write


def isolated(path, name="", **limits):
    return Isolated(path, name, arities=arities(), **{"timeout": 60, **limits})


def run(*arguments):
    """The exit status, and what was printed to stdout and to stderr."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main(["grade", *map(str, arguments)])
        except SystemExit as stop:  # of argparse
            status = stop.code
    return status, out.getvalue(), err.getvalue()


def after(change):
    """The engine, and a change of it."""
    return f"{ENGINE}\nimport builtins, ctypes, json, os, signal, subprocess, sys, time\n{change}"


# ── The same report, wherever the engine runs ───────────────────────────────────────────────────────

WRONG = ENGINE.replace("other.grad += out.grad", "other.grad = out.grad")


@pytest.mark.parametrize("code", [ENGINE, WRONG], ids=["right", "wrong"])
def test_the_report_is_the_same_in_another_process(code, student):
    path = student(code)
    chosen = {"operations": ["add", "mul", "tanh"], "seed": 3}
    with isolated(path) as engine:
        report = grade(engine, **chosen)
    assert str(report) == str(grade(Here(load(path)), **chosen))
    assert report.passed == (code == ENGINE)


def test_the_command_tells_what_is_wrong_and_where_and_writes_it_twice_alike(student, tmp_path):
    path = student(WRONG)
    status, out, err = run(path, *LIMITS)
    assert (status, err) == (1, "")
    assert (
        "WRONG" in out and "    b = a + a" in out.replace("x", "a").replace("z", "b") and " points; " in out
    )
    written = tmp_path / "report.txt"
    status, told, _ = run(path, *LIMITS, "--here", "--output", written)
    assert (status, written.read_text(encoding="utf-8")) == (1, out)
    assert told == out.splitlines()[-1] + "\n"


# ── Hostile files ───────────────────────────────────────────────────────────────────────────────────

UNLOADED = {  # what a file does, and what the report says
    "import sys; sys.exit(3)": "SystemExit: 3 (student.py, line 1)",
    "import os; os._exit(3)": "student.py does not load: the process ended with status 3",
    "import ctypes; ctypes.string_at(0)": "student.py does not load: the process ended by SIGSEGV",
    "def f(:\n    pass": "SyntaxError: invalid syntax (student.py, line 1)",
    "x = 1\n\ny = x / 0": "ZeroDivisionError: division by zero (student.py, line 3)",
    "class Value:\n    def __init__(self):\n        pass": "positional argument",
    "x = 1": "student.py has no class Value; it has none",
    "class Scalar: pass": "student.py has no class Value; it has Scalar: choose by --class Scalar",
    "import json; json.dumps = lambda x: '[1, 2'": "student.py does not load: ",
    "import builtins; builtins.isinstance = builtins.len = None": "",
}


@pytest.mark.parametrize("code", UNLOADED)
def test_a_file_that_does_not_load_is_reported_with_the_reason(code, student):
    status, out, err = run(student(code), *LIMITS)
    assert (status, err) == (1, "")
    assert UNLOADED[code] in " ".join(out.split())
    assert out.endswith("0 of 1 points; 1 WRONG\n")


BACKWARD = {  # what backward does, and which failures that may be
    "sys.exit(3)": {"SystemExit"},
    "os._exit(3)": {"Exit"},
    "ctypes.string_at(0)": {"Exit"},
    "os.killpg(0, signal.SIGKILL)": {"Exit"},
    "os.closerange(0, 100)": {"Exit"},
    "self.backward()": {"RecursionError"},
    "write(b'[1, [\"4.0\"]]\\n')": {"Garbled"},
    "write(b'x' * 10**7)": {"Garbled"},
    "json.dumps = lambda *a, **k: '[1, []]'": {"Garbled"},
    "builtins.print = builtins.repr = len": {"Exit"},
    "raise BaseException": {"Exit"},
    "raise ValueError('\\x1b[31m{0}' * 1000)": {"ValueError"},
    "bytearray(10**12)": {"MemoryError"},
}  # fmt: skip
HOSTILE = """
def write(what):
    for place in range(20):
        try:
            os.write(place, what)
        except OSError:
            pass

right = Value.backward
Value.backward = lambda self: evil[int(self.data)](self) if self.data in evil else right(self)
evil = {}
"""


def test_a_hostile_backward_fails_its_program_and_no_other(student, monkeypatch):
    """Each in turn, where the sum is its number: so every process but the first comes after a dead one."""
    monkeypatch.setattr(isolation, "TRIES", len(BACKWARD) + 1)
    evil = (f"def f(self):\n    {code}\n\nevil[{i}] = f\n\n" for i, code in enumerate(BACKWARD))
    with isolated(student(after(HOSTILE + "".join(evil))), memory=2048) as engine:
        for i, (code, kinds) in enumerate(BACKWARD.items()):
            (found,) = engine.run([("leaf", "a", i / 2), *SUM[1:]])
            assert isinstance(found, Failure), code
            assert found.kind in kinds, (code, found)
            assert found.text.isprintable() and len(found.text) <= 200, code
            assert engine.run(PROGRAM) == [200.0], code


ENDLESS = [
    "while True: pass",
    "while True: print('x' * 10**6)",
    "sys.setrecursionlimit(10**9); self.backward()",
]


@pytest.mark.parametrize("code", ENDLESS)
def test_what_does_not_end_is_ended(code, student):
    path = student(after(f"def evil(self):\n    {code}\n\nValue.backward = evil"))
    status, out, err = run(path, "--timeout", "0.3", "--operations", "add,mul")
    assert (status, err) == (1, "")
    assert re.search("TIME OUT|WRONG", out)  # a loaded machine does not even load the file in time


@pytest.mark.parametrize(
    "code", ["while True: pass", "class Value:\n    def __init__(self, x):\n        while True: pass"]
)
def test_a_file_that_loads_for_ever_is_reported(code, student):
    status, out, _ = run(student(code), "--timeout", "0.1")
    assert status == 1
    assert "student.py does not load: no answer within 0.4 s" in " ".join(out.split())


def test_operations_that_have_ended_the_process_twice_are_not_run_again(student):
    with isolated(student(after("Value.__mul__ = lambda x, y: os._exit(3)"))) as engine:
        for text in ["the process ended with status 3"] * 2 + [
            "not run, as with mul before: the process ended"
        ]:
            (found,) = engine.run(PROGRAM)
            assert found.kind == "Exit" and found.text.startswith(text) and found.act == 3
        assert engine.run(SUM) == [2.0]
        both = [*SUM[:2], ("op", "c", "mul", ("b", "a")), ("gradient", "a"), ("value", "c")]
        assert [failure.text[:7] for failure in engine.run(both)] == ["not run"] * 2


def test_there_is_a_limit_of_time_for_all_programs_together(student):
    with isolated(student(after("Value.__mul__ = lambda x, y: os._exit(3)"))) as engine:
        engine._left = 0
        (found,) = engine.run(SUM)
    assert (found.kind, found.text) == ("Timeout", "no time left: 240 s are for all programs")


@pytest.mark.skipif(not shutil.which("ps"), reason="the program ps is not installed")
@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("for _ in range(4): os.fork()\n    x = bytearray(10**8)", "MB were taken"),
        ("for _ in range(7): os.fork()", "more than 64 processes were started"),
    ],
)
def test_processes_are_counted_with_their_memory(code, text, student):
    path = student(after(f"def evil(self):\n    {code}\n    time.sleep(1000)\n\nValue.backward = evil"))
    with isolated(path, memory=1200) as engine:
        (found,) = engine.run(PROGRAM)
    assert text in found.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no groups of processes")
def test_what_the_file_started_ends_with_it(student, tmp_path):
    sign = tmp_path / "alive"
    path = student(after(f"""
if os.fork() == 0:
    while True:
        open({str(sign)!r}, "a").write("x")
        time.sleep(0.01)
while not os.path.exists({str(sign)!r}):
    pass
"""))  # fmt: skip
    with isolated(path) as engine:
        assert engine.run(PROGRAM) == [200.0]
    size = sign.stat().st_size
    time.sleep(0.1)
    assert sign.stat().st_size == size


def test_a_process_that_leaves_the_session_does_not_hold_the_report_up(student):
    leave = "if os.fork() == 0:\n    os.setsid()\n    time.sleep(5)\n    os._exit(0)\n"
    with isolated(student(after(leave))) as engine:
        assert engine.run(PROGRAM) == [200.0]


def test_the_file_has_an_environment_a_folder_and_an_output_of_its_own(student, monkeypatch):
    monkeypatch.setenv("GRADER_TOKEN", "secret")
    path = student(after("""
assert 'GRADER_TOKEN' not in os.environ
open('written', 'w').close()
os.write(1, b'nobody reads it\\n')
assert sys.stdin.read() == ''
"""))  # fmt: skip
    monkeypatch.chdir(path.parent)
    with isolated(path) as engine:
        assert engine.run(PROGRAM) == [200.0]
    assert [each.name for each in path.parent.iterdir()] == ["student.py"]


# ── What comes back from there is no code, and no format, of ours ───────────────────────────────────


@given(st.text("{}0a.![]_:", max_size=9), st.integers(0, 3))
def test_a_template_that_is_believed_can_be_filled_in(text, holes):
    try:
        template = isolation._template(text, holes)
    except ValueError:
        return
    assert template.format(*["x"] * holes) == text.replace("{}", "x")


plain = st.none() | st.booleans() | st.integers(-1, 4) | st.floats() | st.text(max_size=5)
failures = st.tuples(plain, st.text(max_size=3), plain) | st.tuples(st.just("E"), st.just(""), plain)


@given(
    plain | failures | st.lists(plain, max_size=4) | st.dictionaries(st.text(max_size=2), plain, max_size=3)
)
def test_only_numbers_and_failures_are_read(found):
    try:
        reading = isolation._reading(json.loads(json.dumps(found)), 3)
    except (TypeError, ValueError):
        return
    assert reading is None or isinstance(reading, float) or range(3)[reading.act] == reading.act


# ── The file and its engine ─────────────────────────────────────────────────────────────────────────


def test_a_class_brings_the_functions_of_its_file_and_finds_the_files_beside_it(student):
    student("from math import tanh as real\n", "helper.py")
    head, tanh, tail = re.split("(?=    def tanh)|(?=    def backward)", ENGINE)
    path = student(f"import helper\n{head}{tail}\n{dedent(tanh)}", "types.py")  # the library has one too
    with isolated(path) as there:
        assert there.words.calls["tanh"] == "tanh({})"
        assert there.words == load(path).words(arities())


def test_the_engine_may_be_another_class_or_an_adapter(student):
    path = student(
        ENGINE.replace("Value", "Scalar").replace(".grad", ".slope")
        + "\nfrom autograd.testing.grading.engine import Engine\n"
        "ENGINE = Engine(Scalar, gradient='slope', name='S')\nOTHER = Scalar\nbroken = 3\n"
    )
    for name, title in {"": "S", "ENGINE": "S", "Scalar": "Scalar"}.items():
        with isolated(path, name) as engine:
            assert engine.title == title
            assert isinstance(engine.run(PROGRAM)[0], Failure) == (title == "Scalar")
    with pytest.raises(LoadError, match="not 3"):
        load(path, "broken")


# ── The command ─────────────────────────────────────────────────────────────────────────────────────

MISUSES = {
    (): "one of the arguments file --peer is required",
    ("student.py", "--peer", "micrograd"): "not allowed with argument",
    ("--peer", "dezero"): "install it first",
    ("missing.py",): "there is no file missing.py",
    ("student.py", "--timeout", "0"): "--timeout and --memory must be above 0",
    ("student.py", "--weights", "tanh"): "No such file",
    ("student.py", "--weights", "tanh=x"): "write 'tanh=x' as name=points",
    ("student.py", "--weights", "tanh=-1"): "points are 0 or more",
    ("student.py", "--here", "--operations", "tahn"): "'tahn'",
    ("student.py", "--format", "pdf"): "invalid choice",
}


@pytest.mark.parametrize("arguments", MISUSES)
def test_a_misuse_is_told_in_a_line(arguments, student, monkeypatch):
    monkeypatch.setitem(sys.modules, "mygrad", None)  # as if it were not installed
    monkeypatch.chdir(student(ENGINE).parent)
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert MISUSES[arguments] in err.splitlines()[-1]


def test_weights_are_points_and_what_is_required_must_be_there(student, tmp_path):
    path = student(ENGINE)
    (tmp_path / "weights").write_text("tanh = 3\n\nmul=2\n", encoding="utf-8")
    chosen = ["--operations", "add,mul,tanh,exp", "--format", "json", "--here"]
    for weights in "tanh=3,mul=2", tmp_path / "weights":
        status, out, _ = run(path, *chosen, "--weights", weights, "--require", "exp")
        points = {row["id"]: row["points"] for row in json.loads(out)["rows"]}
        assert (status, points["tanh"], points["mul"], points["add"]) == (1, 3, 2, 1)
    assert run(path, *chosen, "--require", "add")[0] == 0


def test_a_peer_is_graded_too():
    pytest.importorskip("micrograd")
    status, out, _ = run("--peer", "micrograd", "--operations", "add,mul,relu")
    assert status == 0
    assert "relu(x)" in out and out.splitlines()[-1].startswith("Value: ")


def test_a_formula_may_still_be_called_grade():
    out = StringIO()
    with redirect_stdout(out):
        assert main(["(grade)", "grade=2"]) == 0
    assert "grade = 2" in out.getvalue()


# ── Reports ─────────────────────────────────────────────────────────────────────────────────────────

REPORT = EngineReport(
    "Value",
    7,
    [
        Row("x * y", "operation", "pass", key="mul", points=4),
        Row(
            *("tanh(x)", "operation", "fail", "a = Value(0.7)\nprint(a.grad)  # yours 0.51"),
            *((0.7,), "0.51", "0.6347"),
            diagnosis=Diagnosis("tanh-of-input", "1 − out.data**2, not 1 − self.data**2", True, ("other",)),
            points=2,
        ),
        Row("2 - x", "operation", "missing", diagnosis=Diagnosis("no-rsub", "define __rsub__", True)),
        Row("x ** y", "operation", "fail", yours="TypeError: " + "unsupported " * 9, right="4"),
        Row("chains", "habit", "timeout", diagnosis=Diagnosis("", "no answer")),
        Row("two passes", "habit", "note", diagnosis=Diagnosis("", "counts `again`")),
    ],
)  # fmt: skip


TEXT = """\
                     yours             right
  x * y    ok
  tanh(x)  WRONG     0.51              0.6347  1 − out.data**2, not 1 − self.data**2
  2 - x    missing                             define __rsub__
  x ** y   WRONG     TypeError: unsu…  4       TypeError: unsupported unsupported unsupported
                                               unsupported unsupported unsupported unsupported
                                               unsupported unsupported
  chains   TIME OUT                            no answer

tanh(x)
    a = Value(0.7)
    print(a.grad)  # yours 0.51

  note: two passes: counts `again`

Value: 5 of 9 points; 1 ok, 2 WRONG, 1 missing, 1 note, 1 TIME OUT"""


def test_the_text_is_a_table_with_programs_and_a_score():
    assert str(REPORT) == TEXT


def test_points():
    assert (REPORT.reached, REPORT.possible, REPORT.score, REPORT.passed) == (5, 9, 5 / 9, False)
    assert EngineReport("Value", 0).passed and EngineReport("Value", 0).score == 0


def test_the_first_failure_is_raised_in_a_line():
    told = "tanh(x) of Value: yours 0.51, right 0.6347: 1 − out.data**2, not 1 − self.data**2"
    with pytest.raises(GradientError) as caught:
        REPORT.raise_()
    assert str(caught.value) == told
    EngineReport("Value", 0, REPORT.rows[:1]).raise_()


def test_json_has_a_row_for_each_row():
    rows = json.loads(REPORT.json())["rows"]
    assert [row["status"] for row in rows] == ["pass", "fail", "missing", "fail", "timeout", "note"]
    assert rows[1] == {
        "id": "tanh(x)",
        "name": "tanh(x)",
        "group": "operation",
        "status": "fail",
        "program": "a = Value(0.7)\nprint(a.grad)  # yours 0.51",
        "inputs": [0.7],
        "expected": "0.6347",
        "got": "0.51",
        "diagnosis": {
            "id": "tanh-of-input",
            "certainty": "certain",
            "candidates": ["other"],
            "text": "1 − out.data**2, not 1 − self.data**2",
        },
        "points": 2,
        "seconds": 0,
    }


# The fields of https://gradescope-autograders.readthedocs.io/en/latest/specs/
RESULTS = {
    "score",
    "execution_time",
    "output",
    "output_format",
    "visibility",
    "stdout_visibility",
    "extra_data",
    "tests",
    "leaderboard",
}
TEST = {
    "score",
    "max_score",
    "status",
    "name",
    "number",
    "output",
    "output_format",
    "tags",
    "visibility",
    "extra_data",
}


def test_gradescope_reads_its_own_fields_and_adds_the_points_up():
    results = json.loads(REPORT.gradescope())
    assert results.keys() <= RESULTS and "score" not in results  # it would override the sum
    assert all(test.keys() <= TEST and test["status"] in ("passed", "failed") for test in results["tests"])
    assert all(test["output_format"] == "text" for test in [results, *results["tests"]])
    assert sum(test["score"] for test in results["tests"]) == REPORT.reached
    assert sum(test["max_score"] for test in results["tests"]) == REPORT.possible
    assert results["output"] == str(REPORT)


@given(st.text("`|*_<\\ab\n", max_size=12))
def test_no_text_breaks_a_table_of_markdown(text):
    report = EngineReport("Value", 0, [Row("x", "habit", "fail", yours=text)])
    *_, line = report.markdown().strip().split("\n")
    assert len(re.findall(r"(?<!\\)\|", line)) == 6
    assert line.count("`") % 2 == 0
