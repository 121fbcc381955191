"""Plots with matplotlib: training curves, a classifier's regions, a function with its derivatives.

Every plot draws on the axes that it is given, or on new ones, and returns them. Curves and classes differ in
dashes, names or markers as well as in colour, so that plots can be read in grey. matplotlib is imported when
a plot makes its own axes, and no setting of it is changed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from autograd import grad, no_grad
from autograd.formula import SUPERSCRIPT
from autograd.op import printable
from viz.options import check_whole
from viz.scene import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

BLUE, ORANGE, INK, PALE = (LIGHT[name] for name in ("data", "gradient", "name", "pale"))
# Blue and orange as in the diagrams, then Okabe and Ito's green and purple, darker.
COLOURS = (BLUE, ORANGE, "#00805e", "#a3477f", INK, PALE)
DASHES = ("-", "--", "-.", ":", (0, (1, 3)), (0, (8, 3)))
MARKERS = "osD^vP"
LINE_HEIGHT = 12  # points between two names at the ends of curves
CUTS, SHARE = 60, 0.618  # of an interval, in search of a jump, which is hardly ever where it is cut


def plot_history(history: Any, ax: "Axes | None" = None) -> "Axes":
    """Training curves over the epochs, counted from 1.

    history  a dict of equally named lists such as {"loss": […], "val_loss": […], "accuracy": […]}, or an
             object whose `.history` is one. The curve `val_loss` has the colour of `loss`, in dashes.

    TypeError for what is no such dict, ValueError where it holds no numbers.
    """
    curves = getattr(history, "history", history)
    if not isinstance(curves, Mapping):
        raise TypeError(
            f"plot_history needs a dict of lists, {{'loss': […], …}}, not the {type(history).__name__} "
            f"{history!r:.60}"
        )
    if not any(len(curve) for curve in curves.values()):
        raise ValueError("plot_history needs at least one number; these curves are empty")
    ax = _axes(ax)
    quantities = list(dict.fromkeys(name.removeprefix("val_") for name in curves))
    lines = []
    for name, curve in curves.items():
        colour = COLOURS[quantities.index(name.removeprefix("val_")) % len(COLOURS)]
        dashes = "--" if name.startswith("val_") else "-"
        epochs, ys = range(1, len(curve) + 1), [_number(y) for y in curve]
        lines += ax.plot(epochs, ys, label=printable(name), color=colour, linestyle=dashes)
    ax.set_xlabel("epoch")
    ax.locator_params(axis="x", integer=True)  # no half epochs
    left, right = ax.get_xlim()
    ax.set_xlim(left, right + 0.14 * (right - left))  # room for the names
    ax.spines[["top", "right"]].set_visible(False)
    _name_curves(ax, lines)
    return ax


def plot_derivatives(
    f: Callable[[Any], Any],
    order: int = 3,
    span: tuple[float, float] = (-3, 3),
    ax: "Axes | None" = None,
    *,
    points: int = 121,
) -> "Axes":
    """A function of one number with its derivatives up to an order, by `autograd.grad` of `grad` of …

    order   the highest derivative        span    from where to where
    points  how many on each curve

    Where the function or a derivative does not exist (log at −1, or its domain's end), the curve has a gap,
    and it is open where it jumps: 1/x at 0, and the derivative of relu. With gaps or jumps the axis goes as
    far as the function does mostly, as poles would leave room for nothing else.
    ValueError for an order below 0, a span that is none, or a function that exists nowhere in it.
    """
    low, high = span
    check_whole("order", order, 0)
    if not low < high:
        raise ValueError(f"span must go from a lower to a higher number, not {span!r}")
    xs = _grid(low, high, points)
    curves = [_curve(f, [(x, 0.0) for x in xs])]
    for _ in range(order):
        f = grad(f)
        curves.append(_curve(f, curves[-1]))
    if not any(isfinite(y) for _, y in curves[0]):
        raise ValueError(f"the function has no finite value in the span {span!r}: nothing to plot")
    ax = _axes(ax)
    for n, curve in enumerate(curves):
        colour, dashes = COLOURS[n % len(COLOURS)], DASHES[n % len(DASHES)]
        width = 1.6 if n else 2.6
        ax.plot(*zip(*curve, strict=True), label=_prime(n), color=colour, linestyle=dashes, linewidth=width)
    ax.axhline(0, color=PALE, linewidth=0.6, zorder=0)
    if not all(isfinite(y) for curve in curves for _, y in curve):
        _limit(ax, curves)
    ax.set_xlabel("x")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, handlelength=3)  # the ends of these curves often meet
    return ax


def plot_decision_boundary(
    f: Callable[[list[float]], Any],
    points: Sequence[Sequence[float]],
    labels: Iterable[Any],
    ax: "Axes | None" = None,
    *,
    resolution: int = 50,
    threshold: float = 0.0,
) -> "Axes":
    """The regions into which a classifier divides the plane, their boundary, and the points.

    f           from [x1, x2] to a score (a number or a Value) or to a sequence of scores, one for a class
    points      pairs of numbers                labels      the class of each point
    resolution  the grid has resolution × resolution points; f is called once, under no_grad, for each
    threshold   of a single score: above it f says the greater of the two labels, below it the lesser

    With a sequence of scores the label k is the class of score number k. ValueError where points, labels
    and scores do not fit together.
    """
    points, labels = [tuple(map(float, point)) for point in points], list(labels)
    if not points or len(points) != len(labels) or any(len(point) != 2 for point in points):
        raise ValueError(
            "plot_decision_boundary needs pairs of numbers and a label for each; "
            f"it got {len(points)} points and {len(labels)} labels"
        )
    xs, ys = (_grid(*_around(axis), resolution) for axis in zip(*points, strict=True))
    with no_grad():
        scores = [[_scores(f([x, y])) for x in xs] for y in ys]
    classes = _classes(labels, len(scores[0][0]))
    if len(scores[0][0]) == 1:  # the greater label's; the threshold is then the other's
        scores = [[[threshold, *score] for score in row] for row in scores]
    ax = _axes(ax)
    for k, label in enumerate(classes):
        own = [point for point, given in zip(points, labels, strict=True) if given == label]
        colour = COLOURS[(len(classes) - 1 - k) % len(COLOURS)]  # of two labels the greater is blue
        lead = [
            [each[k] - max(each[:k] + each[k + 1 :]) for each in row] for row in scores
        ]  # over the others
        _region(ax, xs, ys, lead, colour, k)
        ax.scatter(
            [x for x, _ in own], [y for _, y in own], label=printable(label), zorder=3, s=45,
            color=colour, marker=MARKERS[k % len(MARKERS)], edgecolors="white", linewidths=0.7,
        )  # fmt: skip
    ax.set(xlabel="$x_1$", ylabel="$x_2$", xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]))
    legend = ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(classes), frameon=False)  # above
    for text in legend.get_texts():
        text.set_parse_math(False)
    return ax


# ── Numbers ─────────────────────────────────────────────────────────────────────────────────────────


def _number(y: Any) -> float:
    """A number, or a Value of any engine, as a float."""
    return float(y if hasattr(y, "__float__") else y.data)


def _number_at(f: Callable[[Any], Any], x: float) -> float:
    """f(x) as a float; nan where it does not exist or is no real number."""
    try:
        y = f(x)
        return nan if isinstance(getattr(y, "data", y), complex) else _number(y)
    except (ArithmeticError, ValueError):
        return nan


def _curve(f: Callable[[Any], Any], whole: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points of a function's curve, with one at nan, which opens it, wherever it jumps.

    whole  the curve of which f is the derivative: where that is open, f has no number either
    """
    curve = [(x, _number_at(f, x) if isfinite(y) else nan) for x, y in whole]
    points = curve[:1]
    for before, after in pairwise(curve):
        finite = isfinite(before[1]) and isfinite(after[1])
        points += [*(_jump(f, before, after) if finite else []), after]
    return points


def _jump(
    f: Callable[[Any], Any], left: tuple[float, float], right: tuple[float, float]
) -> list[tuple[float, float]]:
    """The points beside a jump between two points, and one at nan between them; none where there is no jump.

    The interval is cut, always to the part in which f changes more; if f is continuous, it soon changes less.
    """
    largest = 0.0
    for _ in range(CUTS):
        change = abs(right[1] - left[1])
        largest = max(largest, change)
        if change < 0.75 * largest or change <= 1e-9 * abs(left[1]):
            return []
        x = left[0] + SHARE * (right[0] - left[0])
        middle = x, _number_at(f, x)
        if not isfinite(middle[1]):
            break
        if abs(middle[1] - left[1]) > abs(right[1] - middle[1]):
            right = middle
        else:
            left = middle
    return [left, (left[0], nan), right]


def _limit(ax: "Axes", curves: Sequence[Sequence[tuple[float, float]]]) -> None:
    """Let the axis reach twice as far beyond six tenths of the function's numbers as those reach.

    Fewer than a fifth stand next to a pole, where the curve is cut.
    """
    finite = [sorted(y for _, y in curve if isfinite(y)) for curve in curves]
    fifth = len(finite[0]) // 5
    low, high = finite[0][fifth], finite[0][-1 - fifth]
    if reach := high - low:
        bottom = max(low - 2 * reach, min(ys[0] for ys in finite if ys))
        top = min(high + 2 * reach, max(ys[-1] for ys in finite if ys))
        margin = (top - bottom) / 20
        ax.set_ylim(bottom - margin, top + margin)


def _grid(low: float, high: float, n: int) -> list[float]:
    """So many numbers from low to high, evenly apart."""
    if not isinstance(n, int) or n < 2:
        raise ValueError(f"a grid needs a whole number of points, at least 2, not {n!r}")
    return [low + (high - low) * (i / (n - 1)) for i in range(n)]


def _around(axis: Sequence[float]) -> tuple[float, float]:
    """From where to where an axis goes that holds these numbers: an eighth more on either side."""
    low, high = min(axis), max(axis)
    margin = (high - low) / 8 or 1.0
    return low - margin, high + margin


def _scores(answer: Any) -> list[float]:
    """What a classifier answers, as a list."""
    return [_number(score) for score in answer] if hasattr(answer, "__iter__") else [_number(answer)]


def _classes(labels: list[Any], scores: int) -> list[Any]:
    """The label that each score stands for; with a single score, the lesser and the greater label."""
    found = sorted(set(labels))
    if scores == 1 and len(found) != 2:
        raise ValueError(
            f"one score tells two labels apart, and there are {len(found)}: let f give a score for each"
        )
    if scores > 1 and not set(found) <= set(range(scores)):
        raise ValueError(f"{scores} scores need labels from 0 to {scores - 1}, not {found!r:.60}")
    return found if scores == 1 else list(range(scores))


# ── Axes ────────────────────────────────────────────────────────────────────────────────────────────


def _axes(ax: "Axes | None") -> "Axes":
    """The axes that were given, or new ones, which pyplot shows."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install 'scalar-autograd[plots]'") from error
    return pyplot.subplots()[1]


def _region(
    ax: "Axes", xs: list[float], ys: list[float], lead: list[list[float]], colour: str, k: int
) -> None:
    """The region where a class leads the others, tinted, with its boundary. The tints differ in grey too."""
    finite = [z for row in lead for z in row if isfinite(z)]
    if not finite or max(finite) <= 0:
        return
    ax.contourf(xs, ys, lead, levels=[0, max(finite)], colors=[colour], alpha=0.12 + 0.16 * (k % 2))
    if min(finite) < 0:
        ax.contour(xs, ys, lead, levels=[0], colors=[INK], linewidths=1.2)


def _name_curves(ax: "Axes", lines: list["Line2D"]) -> None:
    """Write each curve's name at its end, one above the other where the ends are close."""
    ends = [(line, end) for line in lines if (end := _end(line))]
    points = 72 / ax.figure.dpi  # of a pixel
    ax.autoscale_view()  # the limits that the heights depend on
    heights = [ax.transData.transform(end)[1] * points for _, end in ends]
    placed = -1e9
    for i in sorted(range(len(ends)), key=heights.__getitem__):
        line, end = ends[i]
        placed = max(heights[i], placed + LINE_HEIGHT)
        ax.annotate(
            str(line.get_label()), end, (6, placed - heights[i]), textcoords="offset points",
            va="center", fontsize=11, color=line.get_color(), parse_math=False, annotation_clip=False,
        )  # fmt: skip


def _end(line: "Line2D") -> tuple[float, float] | None:
    """The last point of a curve that can be shown."""
    points: list[tuple[float, float]] = line.get_xydata().tolist()  # type: ignore[union-attr]
    return next(((x, y) for x, y in reversed(points) if isfinite(y)), None)


def _prime(n: int) -> str:
    """The name of the n-th derivative: f, f′, f″, f‴, f⁽⁴⁾."""
    return "f" + "′″‴"[n - 1 : n] if n < 4 else f"f⁽{str(n).translate(SUPERSCRIPT)}⁾"
