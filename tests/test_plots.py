"""Plots: the curves hold the numbers that are computed directly; nothing outside of the axes is changed."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from math import cos, isfinite, isnan, log, sin, tanh
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import micrograd.engine
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import autograd
from autograd import Value
from viz.plots import LINE_HEIGHT, plot_decision_boundary, plot_derivatives, plot_history

matplotlib.use("Agg")

ROOT = Path(__file__).parent.parent
floats = st.floats(-100, 100)
curves = st.dictionaries(
    st.sampled_from(["loss", "val_loss", "accuracy", "val_accuracy", "$x", "lr"]),
    st.lists(floats, min_size=1, max_size=8),
    min_size=1,
)


def axes():
    """Axes that pyplot knows nothing of."""
    return Figure().subplots()


def curve(ax, name):
    (line,) = (line for line in ax.lines if line.get_label() == name)
    return line.get_xdata(), line.get_ydata()


# ── Training curves ─────────────────────────────────────────────────────────────────────────────────


@given(curves)
@settings(max_examples=25)
def test_every_curve_of_a_history_holds_its_numbers(history):
    ax = axes()
    assert plot_history(history, ax) is ax
    assert [line.get_label() for line in ax.lines] == list(history)
    for name, numbers in history.items():
        xs, ys = curve(ax, name)
        assert list(xs) == list(range(1, len(numbers) + 1)) and list(ys) == numbers
    assert {text.get_text() for text in ax.texts} == set(history)


@given(curves)
@settings(max_examples=15)
def test_names_stand_at_the_ends_and_never_on_each_other(history):
    ax = plot_history(history, axes())
    renderer = FigureCanvasAgg(ax.figure).get_renderer()
    pixels = ax.figure.dpi / 72
    middles = []
    for text in ax.texts:
        xs, ys = curve(ax, text.get_text())
        assert tuple(text.xy) == (xs[-1], ys[-1])
        box = text.get_window_extent(renderer)
        middles.append((box.y0 + box.y1) / 2 / pixels)
    middles.sort()
    assert all(b - a > LINE_HEIGHT - 4 for a, b in pairwise(middles))


def test_validation_has_the_colour_of_its_quantity_in_dashes():
    history = {"loss": [2, 1], "val_loss": [3, 2], "accuracy": [0.1, 0.2]}
    loss, val_loss, accuracy = plot_history(SimpleNamespace(history=history), ax=axes()).lines
    assert loss.get_color() == val_loss.get_color() != accuracy.get_color()
    assert (loss.get_linestyle(), val_loss.get_linestyle()) == ("-", "--")


def test_a_history_may_hold_values_and_numpy_numbers():
    ax = plot_history({"loss": [Value(2.0), np.float64(1.0), micrograd.engine.Value(0.5)]}, ax=axes())
    assert list(curve(ax, "loss")[1]) == [2, 1, 0.5]


# ── A function with its derivatives ─────────────────────────────────────────────────────────────────


@given(st.floats(-3, 0), st.floats(0.5, 3))
@settings(max_examples=10)
def test_the_derivatives_are_those_of_the_mathematics(low, width):
    ax = plot_derivatives(autograd.tanh, order=2, span=(low, low + width), ax=axes(), points=9)
    xs, ys = curve(ax, "f")
    assert xs == pytest.approx([low + width * i / 8 for i in range(9)])
    t = np.array([tanh(x) for x in xs])
    assert ys == pytest.approx(t)
    assert curve(ax, "f′")[1] == pytest.approx(1 - t**2)
    assert curve(ax, "f″")[1] == pytest.approx(-2 * t * (1 - t**2), abs=1e-12)


def test_orders_go_on_and_have_names():
    ax = plot_derivatives(autograd.sin, order=5, span=(0, 1), ax=axes(), points=3)
    for n, name in enumerate(["f", "f′", "f″", "f‴", "f⁽⁴⁾", "f⁽⁵⁾"]):
        direct = [(sin, cos, lambda x: -sin(x), lambda x: -cos(x))[n % 4](x) for x in (0, 0.5, 1)]
        assert list(curve(ax, name)[1]) == pytest.approx(direct)
    styles = [line.get_linestyle() for line in ax.lines[:6]]
    assert len({str(line._unscaled_dash_pattern) for line in ax.lines[:6]}) == 6, styles


def test_a_curve_has_a_gap_where_the_function_does_not_exist():
    ax = plot_derivatives(autograd.log, order=1, span=(-1, 1), ax=axes(), points=5)
    for name, direct in ("f", [log(0.5), 0]), ("f′", [2, 1]):
        ys = curve(ax, name)[1]
        assert all(map(isnan, ys[:3])) and list(ys[3:]) == direct


def test_a_line_and_a_constant_have_the_derivatives_1_and_0():
    ax = plot_derivatives(lambda x: x + 2, order=2, ax=axes(), points=3)
    assert [list(curve(ax, name)[1]) for name in ("f", "f′", "f″")] == [[-1, 2, 5], [1] * 3, [0] * 3]
    ax = plot_derivatives(lambda x: 3, order=1, ax=axes(), points=2)
    assert [list(curve(ax, name)[1]) for name in ("f", "f′")] == [[3, 3], [0, 0]]


places = st.integers(-90, 90).map(lambda n: n / 100)


@given(places, st.integers(2, 40), st.sampled_from([1, 3]))
@example(0.6, 26, 1)  # a point of the grid lies beside the pole by rounding
@settings(max_examples=25)
def test_a_curve_is_open_at_a_pole_wherever_the_points_are(pole, points, power):
    ax = plot_derivatives(lambda x: 1 / (x - pole) ** power, order=1, span=(-1, 1), ax=axes(), points=points)
    for name in "f", "f′":
        steps = pairwise(zip(*curve(ax, name)))
        assert not any(a < pole < b for (a, y), (b, z) in steps if isfinite(y + z))
    assert -1e4 < ax.get_ylim()[0] < ax.get_ylim()[1] < 1e4 or points < 20


@given(places, st.integers(2, 40))
@settings(max_examples=25)
def test_the_derivative_of_relu_is_a_step(kink, points):
    ax = plot_derivatives(lambda x: autograd.relu(x - kink), 1, span=(-1, 1), ax=axes(), points=points)
    assert len(curve(ax, "f")[0]) == points  # it has a kink, and no jump
    xs, ys = curve(ax, "f′")
    (gap,) = (i for i, y in enumerate(ys) if isnan(y))
    assert {*ys[:gap]} == {0.0} and {*ys[gap + 1 :]} == {1.0}
    assert xs[gap - 1] == pytest.approx(kink, abs=1e-9) == xs[gap + 1]


@given(st.floats(-3, 3), st.floats(0.1, 500), st.integers(2, 40))
@settings(max_examples=25)
def test_what_is_steep_or_wavy_and_continuous_stays_one_curve(shift, factor, points):
    for f in (autograd.tanh, autograd.sin, autograd.abs, lambda x: x**3 / factor):
        ax = plot_derivatives(lambda x, f=f: f(factor * (x - shift)), 0, ax=axes(), points=points)
        assert len(curve(ax, "f")[0]) == points
        assert ax.get_ylim()[0] <= min(curve(ax, "f")[1]) <= max(curve(ax, "f")[1]) <= ax.get_ylim()[1]


# ── Decision boundary ───────────────────────────────────────────────────────────────────────────────

POINTS, LABELS = [(0.0, 0.0), (1.0, 2.0), (2.0, 1.0), (3.0, 3.0)], [-1, -1, 1, 1]


def boundaries(ax):
    """The points of every drawn line of contours that is a boundary."""
    lines = [c for c in ax.collections if hasattr(c, "levels") and not c.filled]
    return [vertex for line in lines for path in line.get_paths() for vertex in path.vertices]


@given(st.floats(0.5, 3), st.floats(-3, 3), st.floats(-0.5, 0.5))
@settings(max_examples=10)
def test_the_boundary_of_a_linear_classifier_is_its_line(a, b, c):
    score = lambda x: a * (x[0] - 1.5) + b * (x[1] - 1.5) + c
    for f, threshold in (score, 0.0), (lambda x: score(x) + 7, 7.0), (lambda x: [0.0, score(x)], 0.0):
        labels = [0, 0, 1, 1]
        ax = plot_decision_boundary(f, POINTS, labels, axes(), resolution=7, threshold=threshold)
        found = boundaries(ax)
        assert found and all(abs(score(point)) < 1e-6 for point in found)


def test_the_classifier_is_called_once_for_each_point_of_the_grid_and_records_nothing():
    called, w = [], Value(2.0)

    def f(x):
        y = w * x[0] - 3 * x[1]
        called.append((*x, y.op is autograd.ops.constant))
        return y

    ax = plot_decision_boundary(f, POINTS, LABELS, axes(), resolution=4)
    xs = [-0.375, 0.875, 2.125, 3.375]
    assert called == [(x, y, True) for y in xs for x in xs]
    assert ax.get_xlim() == ax.get_ylim() == (-0.375, 3.375)


def test_points_stand_where_they_are_in_the_colour_and_marker_of_their_class():
    ax = plot_decision_boundary(lambda x: x[0] - 1.5, POINTS, LABELS, axes(), resolution=3)
    low, high = (c for c in ax.collections if not hasattr(c, "levels"))
    assert low.get_offsets().tolist() == [[0, 0], [1, 2]] and low.get_label() == "-1"
    assert high.get_offsets().tolist() == [[2, 1], [3, 3]] and high.get_label() == "1"
    shapes = {c.get_paths()[0].vertices.tobytes() for c in (low, high)}
    assert len(shapes) == 2 and (low.get_facecolor() != high.get_facecolor()).any()
    fills = [c for c in ax.collections if getattr(c, "filled", False)]
    assert [c.get_facecolor()[0][:3].tolist() for c in fills] == [
        c.get_facecolor()[0][:3].tolist() for c in (low, high)
    ]


@pytest.mark.filterwarnings("ignore:Glyph")  # that the font has no ␛
@pytest.mark.parametrize("label", ["$x", r"$\frac$", "\x1b[31m", "\ud800", "<b>&"])
def test_a_hostile_label_is_only_a_text(label, tmp_path):
    figure = Figure()
    above, below = figure.subplots(2)
    plot_decision_boundary(lambda x: x[0], [(0, 0), (1, 1)], [label, "z"], above, resolution=3)
    plot_history({label: [1.0, 2.0]}, below)
    figure.savefig(tmp_path / "plot.svg")
    ET.parse(tmp_path / "plot.svg")


def test_three_scores_and_a_micrograd_model():
    f = lambda x: [micrograd.engine.Value(-x[0]), 0.1 * x[1], Value(x[0] - 2)]
    ax = plot_decision_boundary(f, POINTS, [0, 1, 1, 2], axes(), resolution=9)
    for x, y in boundaries(ax):
        first, second = sorted((-x, 0.1 * y, x - 2))[-2:]
        assert first == pytest.approx(second, abs=0.2)  # linear between the points of the grid


def test_a_classifier_that_never_decides_otherwise_has_no_boundary():
    ax = plot_decision_boundary(lambda x: 1.0, POINTS, LABELS, axes(), resolution=3)
    assert boundaries(ax) == []


# ── Manners ─────────────────────────────────────────────────────────────────────────────────────────


def test_given_axes_leave_pyplot_and_the_settings_alone():
    code = (
        "import sys, matplotlib; before = matplotlib.rcParams.copy();"
        "from matplotlib.figure import Figure; from viz import plots; ax = Figure().subplots();"
        "plots.plot_history({'loss': [2, 1]}, ax=ax);"
        "plots.plot_derivatives(lambda x: x * x, ax=ax, points=3);"
        "plots.plot_decision_boundary(lambda x: x[0], [(0, 0), (1, 1)], [0, 1], ax=ax, resolution=3);"
        "assert 'matplotlib.pyplot' not in sys.modules and matplotlib.rcParams.copy() == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_new_axes_are_pyplot_s():
    from matplotlib import pyplot

    ax = plot_history({"loss": [2, 1]})
    assert ax.figure.number in pyplot.get_fignums()
    pyplot.close(ax.figure)


def test_without_matplotlib_one_line_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"^plots need matplotlib: pip install 'scalar-autograd\[plots\]'$"):
        plot_history({"loss": [1.0]})


def test_viz_imports_no_matplotlib():
    code = "import sys, viz, viz.plots; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize(
    ("plot", "error", "message"),
    [
        (lambda ax: plot_history([1, 2], ax), TypeError, r"a dict of lists, .*, not the list \[1, 2\]"),
        (
            lambda ax: plot_history({"loss": []}, ax),
            ValueError,
            "at least one number; these curves are empty",
        ),
        (lambda ax: plot_derivatives(abs, -1, ax=ax), ValueError, "order must be a whole number .* not -1"),
        (lambda ax: plot_derivatives(abs, span=(1, 1), ax=ax), ValueError, r"span must go .*, not \(1, 1\)"),
        (lambda ax: plot_derivatives(abs, ax=ax, points=1), ValueError, "points, at least 2, not 1"),
        (
            lambda ax: plot_derivatives(autograd.log, span=(-2, -1), ax=ax),
            ValueError,
            r"no finite value in the span \(-2, -1\)",
        ),
        (
            lambda ax: plot_decision_boundary(sum, POINTS, [0], ax),
            ValueError,
            "pairs of numbers and a label for each; it got 4 points and 1 labels",
        ),
        (
            lambda ax: plot_decision_boundary(sum, POINTS, [0, 1, 2, 2], ax, resolution=2),
            ValueError,
            "one score tells two labels apart, and there are 3",
        ),
        (
            lambda ax: plot_decision_boundary(list, POINTS, LABELS, ax, resolution=2),
            ValueError,
            r"2 scores need labels from 0 to 1, not \[-1, 1\]",
        ),
        (
            lambda ax: plot_decision_boundary(sum, POINTS, LABELS, ax, resolution=1),
            ValueError,
            "points, at least 2, not 1",
        ),
    ],
)
def test_what_cannot_be_plotted_is_named_in_one_line(plot, error, message):
    with pytest.raises(error, match=message) as caught:
        plot(axes())
    assert "\n" not in str(caught.value)
