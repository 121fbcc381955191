"""`python -m autograd`: what it prints and writes, and that no input ends in a traceback."""

import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import viz
from autograd import Value, exp, log, sin
from viz import Diagram
from viz.command import main


def run(*arguments):
    """The exit status, and what was printed to stdout and to stderr."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main(arguments)
        except SystemExit as stop:  # of argparse
            status = stop.code
    return status, out.getvalue(), err.getvalue()


def result(*arguments):
    """The lines after the table."""
    status, out, err = run(*arguments)
    assert (status, err) == (0, "")
    return out[out.rindex("\n\nf") + 2 :].splitlines()


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────

argument = st.one_of(
    st.text(), st.sampled_from(["x", "x=1", "y=x", "=", "x*y", "-x", "--exact", "--order=2", "--"])
)


@given(st.lists(argument, max_size=4))
def test_no_arguments_end_in_a_traceback(arguments):
    status, out, err = run(*arguments)
    assert status in (0, 2)
    assert bool(out) == (status == 0)
    assert bool(err) == (status == 2)


@given(st.fractions(-9, 9), st.fractions(-9, 9))
def test_an_exact_product_has_its_factors_as_derivatives(x, y):
    lines = result("x*y", f"x={x}", f"y={y}", "--exact")
    assert lines == [f"f = {x * y}", f"∂f/∂x = {y}, ∂f/∂y = {x}"]


# ── What is printed ─────────────────────────────────────────────────────────────────────────────────


def test_the_table_the_value_and_the_gradient():
    x1, x2 = Value(2, "x1"), Value(5, "x2")
    f = log(x1) * x2 + sin(x1 * x2)
    f.label = "f"
    f.backward()
    status, out, err = run("ln(x1)*x2 + sin(x1*x2)", "x1=2", "x2=5")
    assert (status, err) == (0, "")
    assert out == f"{viz.table(f)}\n\nf = {f.data}\n∂f/∂x1 = {x1.grad}, ∂f/∂x2 = {x2.grad}\n"


def test_the_apples_in_floats_and_in_fractions():  # Saitō, Deep Learning from Scratch, chapter 5
    apples = "apple*count*tax", "apple=100", "count=2", "tax=1.1"
    assert result(*apples) == [
        "f = 220.00000000000003",
        "∂f/∂apple = 2.2, ∂f/∂count = 110.00000000000001, ∂f/∂tax = 200",
    ]
    assert result(*apples, "--exact") == ["f = 220", "∂f/∂apple = 11/5, ∂f/∂count = 110, ∂f/∂tax = 200"]


def test_the_hessian_stands_under_and_beside_the_names():
    assert result("x**3/y", "x=2", "y=3", "--exact", "--order", "2")[3:] == [
        "Hessian: ∂²f by row and column",
        "",
        "      x      y",
        "x     4   -4/3",
        "y  -4/3  16/27",
    ]


def test_the_formula_in_latex():
    assert result("x**2/y", "x=2", "y=3", "--latex")[-1] == r"\frac{x^{2}}{y}"


def test_values_are_formulas_themselves():
    assert result("x + y", "x=1/4", "y=max(1, 2)")[0] == "f = 2.25"
    assert result("x + 0.1", "x=1/3", "--exact")[0] == "f = 13/30"


def test_without_variables_it_is_a_calculator():
    assert result("1/3 + 1/6", "--exact", "--order", "2") == ["f = 1/2"]
    assert result("pi")[0].startswith("f = 3.14159")


def test_the_result_has_a_name_of_its_own():
    assert run("f*f_", "f=2", "f_=3")[1].splitlines()[-2:] == ["f__ = 6", "∂f__/∂f = 3, ∂f__/∂f_ = 2"]
    assert run("x", "x=2")[1].splitlines()[-2:] == ["x = 2", "∂x/∂x = 1"]


def test_a_formula_may_start_with_a_sign_and_stand_among_options():
    assert result("--exact", "-x*h", "--order", "1", "x=2", "h=3")[0] == "f = -6"
    assert result("-h*x", "x=2", "h=3")[0] == "f = -6"


# ── What is written ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("ending", sorted(Diagram.formats.keys() - {".pdf"}))  # which needs the program dot
def test_the_diagram_in_every_format(ending, tmp_path):
    path = tmp_path / f"product{ending}"
    assert result("x*y", "x=2", "y=3", f"--{ending[1:]}", str(path))[-1] == f"Diagram: {path}"
    x, y = Value(2, "x"), Value(3, "y")
    f = x * y
    f.label = "f"
    f.backward()
    assert path.read_bytes() == viz.draw(f).save(tmp_path / f"expected{ending}").read_bytes()


def test_the_digits_of_the_table_and_the_diagram(tmp_path):
    path = tmp_path / "a.svg"
    status, out, _ = run("sin(x_1)*y_hat", "x_1=1", "y_hat=1e-9", "--digits", "3", "--svg", str(path))
    assert status == 0 and "t1 = sin(x₁) 0.841" in " ".join(out.split()) and "f = 8.41×10⁻¹⁰" in out
    assert "∂f/∂x₁ = 5.4×10⁻¹⁰, ∂f/∂ŷ = 0.841" in out and ">0.841<" in path.read_text("utf-8")
    assert "sin(x)  0.8414709848078965" in run("sin(x)", "x=1")[1]
    assert run("x", "x=1", "--digits", "0")[::2] == (
        2,
        "digits must be a whole number of at least 1, not 0\n",
    )


@pytest.mark.parametrize("option", ["blank=all", "local=both", "theme=dark", "style=textbook"])
def test_what_the_diagram_may_be_told(option, tmp_path):
    path, (name, _, choice) = tmp_path / "a.svg", option.partition("=")
    assert run("exp(x)*y", "x=2", "y=3", "--svg", str(path), f"--{option}")[0] == 0
    x, y = Value(2, "x"), Value(3, "y")
    f = exp(x) * y
    f.label = "f"
    f.backward()
    assert path.read_text("utf-8") == viz.draw(f, **{name: choice}).svg() != viz.draw(f).svg()


def test_the_style_and_a_file_without_an_ending(tmp_path):
    lines = result("x*y", "x=2", "y=3", "--svg", str(tmp_path / "a"), "--style", "textbook")
    assert lines[-1] == f"Diagram: {tmp_path / 'a.svg'}"
    result("x*y", "x=2", "y=3", "--svg", str(tmp_path / "b.svg"))
    assert (tmp_path / "a.svg").read_text() != (tmp_path / "b.svg").read_text()


# ── Errors ──────────────────────────────────────────────────────────────────────────────────────────

NO_LOG, NO_QUOTIENT = (  # in the words of Python
    ("math domain error", "float division by zero")
    if sys.version_info < (3, 14)
    else ("expected a positive input", "division by zero")
)
BAD = [  # arguments, what stderr says
    (["1 + log(x)", "x=-1"], f"1 + log(x)\n    ^\nlog(x = -1): {NO_LOG}; stay in the domain 0 < x\n"),
    (["x + yy", "x=1", "y=2"], "x + yy\n    ^\nyy has no value; did you mean y?\n"),
    (["x", "x=1", "y=2"], "y=2\n^\nthe formula has no y; leave its value out\n"),
    (["x", "x=1", "x=2"], "x=2\n^\nx has a value already\n"),
    (["x", "x=1/0"], "1/0\n ^\ndiv(1, 0): division by zero; stay in the domain y ≠ 0\n"),
    (["x", "x"], "x\n^\ngive each variable a value as name=number: x=2\n"),
    (["x", "for=2"], "for=2\n^\ngive each variable a value as name=number: x=2\n"),
    (["x", "2"], "2\n^\ngive each variable a value as name=number: x=2\n"),
    (["sqrt(x)", "x=0"], f"sqrt(x)\n^\nsqrt(x = 0): its local derivative: {NO_QUOTIENT}; "),
    (["sqrt(x)", "x=4", "--exact"], "sqrt(x)\n^\nsqrt gives 2.0 here, no fraction; compute without exact\n"),
    (["x**10**9", "x=3"], "x**10**9\n ^\npower(x = 3, 1000000000) has more than 4,000 bits, "),
    (["x**1.5", "x=0", "--order", "2"], "power(0, 0.5): its local derivative: "),
    (["x", "x=1", "--order", "3"], "usage: autograd"),
    ([], "usage: autograd"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_an_error_is_one_line_under_what_it_points_at(arguments, message):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith(message)


def test_a_picture_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    status, _, err = run("x*y", "x=2", "y=3", "--svg", str(tmp_path / "file" / "a.svg"))
    assert status == 2
    assert err.count("\n") == 1 and str(tmp_path) in err


def test_it_runs_as_a_module():
    command = [sys.executable, "-m", "autograd", "x*x", "x=3"]
    done = subprocess.run(command, capture_output=True, cwd=Path(__file__).parent.parent, check=True)
    assert done.stdout.decode().endswith("f = 9\n∂f/∂x = 6\n")
