"""Every demo of a graph meets the figures of its source and says so; the runner lists and runs them all."""

import runpy
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from autograd import Value
from demos import runner

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", runner.GRAPHS)
def test_a_demo_meets_its_figures_and_draws_its_graph(name, tmp_path, capsys, monkeypatch):
    """Run alone, as `python -m demos.apples` does."""
    monkeypatch.setattr(sys, "argv", ["demo", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / f"demos/{name}.py"), run_name="__main__")
    shown = capsys.readouterr().out
    assert ended.value.code == 0 and "✗" not in shown and shown.endswith("All claims hold.\n")
    assert shown.count("✓") >= len(runner.load(name).FIGURES)
    for file, start in (
        (f"{name}.svg", "<svg"),
        (f"{name}-textbook.svg", "<svg"),
        (f"{name}.html", "<!DOCTYPE"),
    ):
        assert str(tmp_path / file) in shown
        assert (tmp_path / file).read_text(encoding="utf-8").lower().startswith(start.lower())


@pytest.mark.parametrize("name", runner.GRAPHS)
def test_a_demo_is_exact_in_fractions(name):
    demo = runner.load(name)
    root = demo.build(Fraction)
    root.backward()
    for figure, printed in demo.FIGURES.items():
        if isinstance(printed, tuple):
            assert runner.number(root, figure) == Fraction(printed[1])


@pytest.mark.parametrize(
    ("name", "figure", "wrong", "shown"),
    [
        ("apples", "∂price/∂tax", ("201", "200"), "✗ ∂price/∂tax = 200 (source: 201)"),
        ("apples", "price", ("220.00000000000003", "221"), "exactly 220, expected 221"),
        ("mazur", "E", "0.298371108", "✗ E = 0.2983711087600027 (source: 0.298371108)"),
    ],
)
def test_a_wrong_figure_is_found(name, figure, wrong, shown, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(runner.load(name).FIGURES, figure, wrong)
    assert runner.main([name, "--out", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert shown in printed and "NOT ALL CLAIMS HOLD" in printed


@pytest.mark.parametrize(
    ("printed", "number", "met"),
    [("2.2", 2.2, True), ("24.7041", 24.70408, True), ("24.7041", 24.70418, False), ("200", 200.3, False)],
)
def test_a_figure_is_met_digit_for_digit(printed, number, met):
    assert runner.matches(printed, number) is met


def test_a_claim_that_does_not_hold_is_shown(capsys):
    assert not runner.confirm([("1 < 2", True), ("2 < 1", False)])
    assert capsys.readouterr().out == "  ✓ 1 < 2\n  ✗ 2 < 1\n"


def test_the_list_has_a_line_for_every_demo(capsys):
    assert runner.main([]) == 0
    shown = capsys.readouterr().out
    files = {path.stem for path in (ROOT / "demos").glob("*.py")} - {
        "__init__",
        "__main__",
        "runner",
        "digits",
    }
    files |= {path.parent.name for path in (ROOT / "demos").glob("*/__init__.py")}
    assert files == set(runner.DEMOS) and all(f"\n{name} " in f"\n{shown}" for name in files)


def test_an_unknown_demo_names_those_that_exist(capsys):
    with pytest.raises(SystemExit):
        runner.main(["pears"])
    assert "apples" in capsys.readouterr().err


@pytest.mark.parametrize("second", ["olah", "chain_rule"])
def test_all_runs_every_demo_and_fails_with_any(second, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(runner, "DEMOS", ["apples", second])
    monkeypatch.setitem(runner.load("olah").FIGURES, "c", ("4", "3"))
    assert runner.main(["all", "--out", str(tmp_path)]) == (second == "olah")
    assert {path.stem for path in tmp_path.glob("*.html")} == {"apples", second}


def test_the_command_of_the_readme(tmp_path):
    command = [sys.executable, "-m", "demos", "apples", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, encoding="utf-8")
    assert "All claims hold." in done.stdout and done.stderr == ""


def test_a_figure_names_a_value_or_a_gradient():
    x = Value(3, "x")
    y = x * x
    y.backward()
    assert runner.number(y, "x") == 3 and runner.number(y, "∂y/∂x") == 6
