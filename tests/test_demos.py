"""Every demo runs, meets the figures of its source, and says so."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from autograd import Value
from demos import runner

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", runner.DEMOS)
def test_a_demo_meets_its_figures_and_draws_its_graph(name, tmp_path, capsys):
    assert runner.main([name, "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "✗" not in shown and f"All {len(runner.load(name).FIGURES)} figures met." in shown
    for file, start in (
        (f"{name}.svg", "<svg"),
        (f"{name}-textbook.svg", "<svg"),
        (f"{name}.html", "<!DOCTYPE"),
    ):
        assert str(tmp_path / file) in shown
        assert (tmp_path / file).read_text(encoding="utf-8").lower().startswith(start.lower())


@pytest.mark.parametrize("name", runner.DEMOS)
def test_a_demo_is_exact_in_fractions(name):
    demo = runner.load(name)
    root = demo.build(Fraction)
    root.backward()
    for figure, (_, exact) in demo.FIGURES.items():
        assert runner.number(root, figure) == Fraction(exact)


def test_a_wrong_figure_is_found(tmp_path, capsys, monkeypatch):
    demo = runner.load("apples")
    monkeypatch.setitem(demo.FIGURES, "∂price/∂tax", ("201", "200"))
    assert runner.main(["apples", "--out", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "✗ ∂price/∂tax = 200 (source: 201)" in shown and "NOT ALL FIGURES ARE MET" in shown


@pytest.mark.parametrize(
    ("printed", "number", "met"),
    [("2.2", 2.2, True), ("24.7041", 24.70408, True), ("24.7041", 24.70418, False), ("200", 200.3, False)],
)
def test_a_figure_is_met_digit_for_digit(printed, number, met):
    assert runner.matches(printed, number) is met


def test_the_list_has_a_line_for_every_demo(capsys):
    assert runner.main([]) == 0
    shown = capsys.readouterr().out
    files = {path.stem for path in (ROOT / "demos").glob("*.py")} - {"__init__", "__main__", "runner"}
    assert files == set(runner.DEMOS) and all(f"{name} " in shown for name in files)


def test_an_unknown_demo_names_those_that_exist(capsys):
    with pytest.raises(SystemExit):
        runner.main(["pears"])
    assert "apples" in capsys.readouterr().err


def test_the_command_of_the_readme(tmp_path):
    command = [sys.executable, "-m", "demos", "all", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout.count("figures met.") == len(runner.DEMOS) and done.stderr == ""


def test_a_figure_names_a_value_or_a_gradient():
    x = Value(3, "x")
    y = x * x
    y.backward()
    assert runner.number(y, "x") == 3 and runner.number(y, "∂y/∂x") == 6
