"""Laws of every picture, over graphs of all kinds and the options of `viz.draw`; widths by a real font.

A scene says where every mark is, so that no picture need be looked at to know that nothing lies on anything:

    space    a text, or an empty field of a worksheet        stroke   a line, or the outline of a shape
"""

import math
from dataclasses import replace
from fractions import Fraction
from functools import cache, partial
from itertools import combinations, pairwise
from pathlib import Path as File
from typing import NamedTuple

import matplotlib
import numpy as np
import programs
import pytest
import random_dags
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.ft2font import FT2Font

import autograd
import nn
import viz
from autograd import Value, constant, cos, exp, log, relu, scope, sigmoid, sin
from autograd import sum as total
from demos import apples, apples_oranges, mazur, micrograd_readme, olah, sigmoid_nodes
from demos.runner import as_written
from viz import cards
from viz.layout import Point
from viz.scene import (
    END,
    LOOKS,
    MARGIN,
    RIGHT,
    START,
    Group,
    Path,
    Rect,
    Scene,
    Text,
    arrow,
    groups,
    head,
    leaves,
    measure,
)
from viz.scene import straight as line

HIGH, LOW = 0.75, 0.2  # of the size of letters, above their line and below it
HOLDS = {
    "card",
    "leaf",
    "constant",
    "frame",
    "block",
    "input",
    "neuron",
}  # what all texts of a group stand in
COVERS = {"input", "neuron"}  # the filled circles of a network, below which a slanted line may pass
NEAR = 14  # an arrow to a name that has no outline ends so near to it
BEZIER = [((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3) for t in np.linspace(0, 1, 9)[1:]]
CLOSE = 0.51  # pixels; coordinates are written with one decimal
ROOMY = 600  # a picture that is allowed so many pixels has room for the widest card

# ── Marks ───────────────────────────────────────────────────────────────────────────────────────────


class Area(NamedTuple):
    left: float
    top: float
    right: float
    foot: float

    def within(self, other, by=CLOSE):
        return (
            self.left >= other.left - by
            and self.top >= other.top - by
            and self.right <= other.right + by
            and self.foot <= other.foot + by
        )


def area(mark):
    """What a text or a rectangle takes."""
    if isinstance(mark, Rect):
        return Area(mark.x, mark.y, mark.x + mark.width, mark.y + mark.height)
    width, size = measure(mark.kind, mark.text), LOOKS[mark.kind].size
    left = mark.x - width * {START: 0, END: 1}.get(mark.anchor, 0.5)
    return Area(left, mark.y - HIGH * size, left + width, mark.y + LOW * size)


def outline(mark):
    """The corners of a rectangle, round ones in pieces."""
    (left, top, right, foot), r = area(mark), mark.radius
    middles = (right - r, foot - r), (left + r, foot - r), (left + r, top + r), (right - r, top + r)
    turns = [(i, math.radians(a)) for i in range(4) for a in range(90 * i, 90 * i + 91, 15 if r else 90)]
    corners = [(middles[i][0] + r * math.cos(a), middles[i][1] + r * math.sin(a)) for i, a in turns]
    return [*corners, corners[0]]


def polylines(path):
    """The path as lines from point to point, its curves in eight pieces."""
    found, points = [], []
    for letter, ends in path.steps:
        if letter == "M":
            points = [*ends]
            found.append(points)
        elif letter == "C":
            (x1, y1), (x2, y2), (x3, y3), (x4, y4) = points[-1], *ends
            points += [
                (a * x1 + b * x2 + c * x3 + d * x4, a * y1 + b * y2 + c * y3 + d * y4)
                for a, b, c, d in BEZIER
            ]
        else:
            points.append(ends[0] if ends else points[0])
    return found


def strokes(scene):
    """(mark, its points, half of its width) for every line and every outline."""
    for mark in leaves(scene.marks):
        half = (getattr(mark, "width", None) if isinstance(mark, Path) else None) or LOOKS[mark.kind].width
        if isinstance(mark, Path):
            yield from ((mark, points, half / 2) for points in polylines(mark))
        elif isinstance(mark, Rect) and mark.kind != "blank":
            yield mark, outline(mark), half / 2


def spaces(scene):
    """(mark, its area) for every text and every empty field."""
    for mark in leaves(scene.marks):
        if (isinstance(mark, Text) and mark.text) or mark.kind == "blank":
            yield mark, area(mark)


def said(mark):
    """A mark in a few words, for the report of a fault."""
    what = repr(mark.text) if isinstance(mark, Text) else ""
    if isinstance(mark, Path):
        start, end = mark.steps[0].points[0], [step for step in mark.steps if step.points][-1].points[-1]
        return f"{mark.kind} {tuple(map(round, start))} to {tuple(map(round, end))}"
    return f"{mark.kind} {what} at {tuple(map(round, area(mark)))}"


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


def covered(scene):
    """Texts and fields that lie on another."""
    found = sorted(spaces(scene), key=lambda space: space[1].left)
    for i, (one, a) in enumerate(found):
        for other, b in found[i + 1 :]:
            if b.left >= a.right:
                break
            if a.top < b.foot and b.top < a.foot:
                yield f"{said(one)} and {said(other)} overlap"


def crossed(scene):
    """Texts and fields with a stroke through them, by the clipping of Liang and Barsky."""
    stroked, spaced = [*strokes(scene)], [*spaces(scene)]
    if not (stroked and spaced):
        return
    rows = [(i, *a, *b, half) for i, (_, points, half) in enumerate(stroked) for a, b in pairwise(points)]
    index, x1, y1, x2, y2, half = np.array(rows, dtype=float).T
    left, top, right, foot = np.array([space for _, space in spaced]).T
    length = np.maximum(np.hypot(x2 - x1, y2 - y1), 1e-9)
    across = half * np.abs(y2 - y1) / length, half * np.abs(x2 - x1) / length  # lines end where they end
    ways = [(x1, x2, left, right, across[0]), (y1, y2, top, foot, across[1])]
    near = np.ones((len(rows), len(spaced)), dtype=bool)
    for start, end, low, high, wide in ways:
        near &= (np.minimum(start, end) - wide)[:, None] < high
        near &= (np.maximum(start, end) + wide)[:, None] > low
    i, j = np.nonzero(near)
    enter, leave = np.zeros(len(i)), np.ones(len(i))
    for start, end, low, high, wide in ways:
        way = np.where(start == end, 1e-9, end - start)[i]
        to_low, to_high = (low[j] - wide[i] - start[i]) / way, (high[j] + wide[i] - start[i]) / way
        enter = np.maximum(enter, np.minimum(to_low, to_high))
        leave = np.minimum(leave, np.maximum(to_low, to_high))
    hits = dict.fromkeys(zip(index[i].astype(int).tolist(), j.tolist(), (enter < leave).tolist()))
    order = {id(mark): i for i, mark in enumerate(leaves(scene.marks))}
    covers = [(i, area(mark)) for i, mark in enumerate(leaves(scene.marks)) if mark.kind in COVERS]
    for row, space, hit in hits:
        painted = order[id(stroked[row][0])]
        if hit and not any(i > painted and spaced[space][1].within(cover) for i, cover in covers):
            yield f"{said(stroked[row][0])} passes through {said(spaced[space][0])}"


def spilled(scene):
    """Texts and fields that are not within the shape that holds them."""
    for group in groups(scene.marks):
        shapes = [mark for mark in group.marks if isinstance(mark, Rect) and mark.kind in HOLDS]
        for mark, space in spaces(Scene(0, 0, group.marks, "")):
            if shapes and not space.within(area(shapes[-1])):
                yield f"{said(mark)} is not within {said(shapes[-1])}"


def outside(scene):
    """Marks that are not within the picture."""
    whole = Area(0, 0, scene.width, scene.height)
    for mark, space in spaces(scene):
        if not space.within(whole):
            yield f"{said(mark)} is not within {whole}"
    for mark, points, half in strokes(scene):
        xs, ys = zip(*points)
        if not Area(min(xs), min(ys), max(xs), max(ys)).within(whole, max(half, CLOSE)):
            yield f"{said(mark)} is not within {whole}"


def adrift(scene):
    """Heads of arrows that end neither at a shape nor before a name that has none around it."""
    rects = [mark for mark in leaves(scene.marks) if isinstance(mark, Rect) and mark.kind != "blank"]
    bare = [area(group.marks[0]) for group in groups(scene.marks) if isinstance(group.marks[0], Text)]
    for mark in leaves(scene.marks):
        if isinstance(mark, Path) and mark.kind == "head":
            tip = Point(*mark.steps[0].points[0])
            at = Area(*tip, *tip)
            if not (any(on(tip, rect) for rect in rects) or any(at.within(name, NEAR) for name in bare)):
                yield f"{said(mark)} ends at no shape"


def on(point, rect):
    """Whether a point is on the outline of a rectangle, within a pixel."""
    (left, top, right, foot), r = area(rect), rect.radius
    x, y = point
    cx, cy = min(max(x, left + r), right - r), min(max(y, top + r), foot - r)  # where no corner is round
    if (x, y) != (cx, cy):
        return abs(math.dist((x, y), (cx, cy)) - r) < 1
    return r == 0 and min(x - left, right - x, y - top, foot - y) < 1


LAWS = covered, crossed, spilled, outside, adrift


def faults(scene):
    return [fault for law in LAWS for fault in law(scene)]


def keep(scene):
    """Assert that a scene keeps all laws; the report has a line for each fault."""
    found = faults(scene)
    assert not found, "\n".join(["", *found])


# ── Graphs ──────────────────────────────────────────────────────────────────────────────────────────


def named(value, label):
    value.label = label
    return value


def perceptron(nin, *nouts, activation="tanh"):
    """The squared error of an MLP of the house, its parameters and scopes named by it."""
    model = nn.MLP(nin, [*nouts], activation, "sigmoid", seed=1)
    outputs = model([Value(0.5 + i, f"x_{i + 1}") for i in range(nin)])
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return named(total([(output - 1) ** 2 for output in outputs]), "loss")


def chain(length):
    """Products and sums in turn, with a leaf that is used all along."""
    w, x = Value(1.25, "w"), Value(0.5, "x")
    for i in range(length):
        x = x * w if i % 2 else x + Value(i / 8, f"b_{i}")
    return named(x, "y")


def repeated(length):
    """One operation over and over, which is folded."""
    x, y = Value(0.3, "x"), Value(0.7, "y")
    for i in range(length):
        x = x + y if i < length // 2 else x * y
    return named(x, "folded")


def terms(length):
    """A sum of products of leaves, at one operation."""
    return named(total([Value(i - 9.5, f"w_{i}") * Value(1 / (i + 1), f"x_{i}") for i in range(length)]), "s")


def square():
    x = Value(-3.0, "x")
    return named(x * x, "x²")


def diamonds():
    """Both halves of each diamond use the same value."""
    x = Value(0.4, "x")
    for i in range(4):
        x = named(sin(x) * cos(x) + x, f"d_{i}")
    return x


def constants():
    x, rate = Value(2.0, "x"), constant(0.05, "rate")
    return named((2 * x + 1) ** 3 / 7 - rate * x - 1e-9, "y")


def called(*labels, number=1.5):
    """A product of sums of leaves with these labels; intermediate values bear them as well."""
    leaves = [Value(number + i, label) for i, label in enumerate(labels)]
    y = leaves[0]
    for i, leaf in enumerate(leaves[1:]):
        y = named(y * leaf if i % 2 else y + leaf, f"{labels[i]}{labels[i + 1]}")
    return y * leaves[0]


def sized():
    """Numbers of all magnitudes."""
    y = Value(1.0, "one")
    for i, number in enumerate([6.02214076e23, 1.6e-19, -123456.789, 5e-324, 1e7, 0.1 + 0.2]):
        y = y * Value(number, f"n_{i}") + number
    return y


def fractions():
    x, y = Value(Fraction(22, 7), "x"), Value(Fraction(-123456789, 987654321), "y")
    return named((x + y) * x / y - Fraction(1, 3), "q")


def complexes():
    z = Value(0.1 + 2j / 3, "z")
    return named(exp(z * z) + z * 1j, "w")


def undefined():
    """Infinities, and nan where they meet."""
    x, y = Value(math.inf, "x"), Value(2.0, "y")
    return named((x - x) * y + x * math.nan + y, "nothing")


def scoped():
    x, w = Value(0.5, "x"), Value(-1.5, "w")
    for i in range(3):
        with scope(f"block{i}"):
            with scope("attention"):
                a = named(exp(x * w) + x, "score")
            with scope("mlp"):
                x = named(relu(a * Value(0.1 * i, "v") + 1), "h")
    return x


def several():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    s = named(x * y, "s")
    return [named(sigmoid(s), "p"), named(s + x, "q"), named(log(y), "r"), s]


def crossing():
    """Everything is used by everything in the next layer."""
    layer = [Value(i + 1.0, f"x_{i}") for i in range(4)]
    for _ in range(2):
        layer = [a * b + c for a, b, c in combinations(layer, 3)]
    return named(total(layer), "all")


HOSTILE = "</text><script>alert(1)</script>", '" onload="x & y', "{}|`$%\\", "\x00\x1b[31m", "\u202e\x7f]]>"
GRAPHS = {
    "apples": lambda: apples.build(as_written),
    "apples in fractions": lambda: apples.build(Fraction),
    "apples and oranges": lambda: apples_oranges.build(as_written),
    "sigmoid": lambda: sigmoid_nodes.build(as_written),
    "Olah": lambda: olah.build(as_written),
    "Mazur": lambda: mazur.build(as_written),
    "micrograd": lambda: micrograd_readme.build(as_written),
    "MLP 2 2 1": partial(perceptron, 2, 2, 1),
    "MLP 3 4 2": partial(perceptron, 3, 4, 2, activation="relu"),
    "chain": partial(chain, 36),
    "folded": partial(repeated, 24),
    "sum": partial(terms, 30),
    "square": square,
    "diamonds": diamonds,
    "constants": constants,
    "Chinese": partial(called, "苹果的价格", "数量", "🍎🍏", "消費税率(地方消費税を含む)"),
    "Hebrew and Arabic": partial(called, "מחיר", "تفاح w_1", "x", "סך הכול 12"),
    "hostile": partial(called, *HOSTILE),
    "long": partial(called, "a" * 80, "block.query.weight_1" * 3, "W" * 9, "i" * 40, "w^2_{13}"),
    "sizes": sized,
    "fractions": fractions,
    "complex": complexes,
    "nan": undefined,
    "scopes": scoped,
    "roots": several,
    "crossing": crossing,
    **{f"random {seed}": lambda seed=seed: random_dags.draw(seed).root for seed in (3, 8, 17, 42)},
}


@cache
def graph(name):
    """A graph after its backward pass, as far as that goes."""
    made = GRAPHS[name]()
    for root in made if isinstance(made, list) else [made]:
        root.backward()
    return made


OPTIONS = {
    "record": {},
    "down": {"direction": "down"},
    "both": {"local": "both", "digits": 2},
    "formula down": {"local": "formula", "direction": "down", "labels": False},
    "all digits": {"digits": None},
    "worksheet": {"blank": "gradients", "values": False},
    "worksheet down": {"blank": "all", "local": "both", "direction": "down"},
    "inside 800": {"constants": "inside", "width": 800, "legend": True},
    "390": {"width": 390, "legend": True},
    "390 down": {"width": 390, "direction": "down"},
    "grouped": {"group": 1, "fold": True, "max_nodes": 20},
    "no gradients": {"gradients": False, "local": "none"},
    "textbook": {"style": "textbook"},
    "textbook formula": {"style": "textbook", "local": "formula", "values": False},
    "textbook both": {"style": "textbook", "local": "both", "constants": "node"},
    "textbook worksheet": {"style": "textbook", "blank": "all"},
    "textbook digits": {"style": "textbook", "digits": None, "labels": False},
    "textbook 800": {"style": "textbook", "width": 800, "blank": "gradients", "legend": True},
    "textbook 390": {"style": "textbook", "width": 390},
    "textbook grouped": {"style": "textbook", "group": 1, "fold": True, "max_nodes": 20},
    "textbook down": {"style": "textbook", "direction": "down"},
    "textbook both down": {"style": "textbook", "direction": "down", "local": "both", "constants": "node"},
    "textbook worksheet down": {"style": "textbook", "direction": "down", "blank": "all", "local": "formula"},
    "textbook 590 down": {"style": "textbook", "direction": "down", "width": 590, "blank": "gradients"},
    "textbook 390 down": {"style": "textbook", "direction": "down", "width": 390, "legend": True},
    "textbook grouped down": {"style": "textbook", "direction": "down", "group": 1, "max_nodes": 20},
}


def fitted(make, width):
    """The picture of a width; None where there is none, which the error says and a narrow width excuses."""
    try:
        picture = make()
    except ValueError as error:
        if width is None or width >= ROOMY or "does not fit in its width" not in str(error):
            raise
        return None
    assert picture.scene.width + 2 * MARGIN <= (width or math.inf)
    return picture


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", GRAPHS)
def test_nothing_lies_on_anything_in_any_picture_of_a_graph(name, options):
    chosen = OPTIONS[options]
    picture = fitted(lambda: viz.draw(graph(name), **chosen), chosen.get("width"))
    if picture:
        keep(picture.scene)


ALL = {"style": "textbook", "group": 0, "max_nodes": None}
PARTS = {
    "x at depth 2": (chain, 36, {"focus": "x", "depth": 2}),
    "score": (scoped, {"focus": "score", "depth": 3, "group": 0}),
    "blocks": (scoped, {"group": 1, "open": {"block0", "block1"}}),
    "blocks and parts": (scoped, {"group": 2, "open": {"block0", "block0.mlp", "block2"}}),
    "blocks down": (scoped, {"group": 1, "open": {"block0", "block1"}, "direction": "down"}),
    "blocks in 800": (scoped, {"group": 1, "open": {"block0", "block1"}, "width": 800}),
    "layers": (perceptron, 3, 4, 2, {"group": 1, "open": {"layer2"}}),
    "neuron": (perceptron, 3, 4, 2, {"group": 2, "open": {"layer2.neuron1"}, "direction": "down"}),
    "network in 40 cards": (perceptron, 4, 8, 8, 2, {"max_nodes": 40}),
    "network in 40 cards in 800": (perceptron, 4, 8, 8, 2, {"max_nodes": 40, "width": 800}),
    "textbook blocks": (scoped, {"group": 1, "open": {"block0"}, "style": "textbook"}),
    "textbook network": (perceptron, 2, 6, 6, 1, ALL),
    "textbook network to be filled in": (perceptron, 2, 6, 6, 1, {**ALL, "blank": "all"}),
    "textbook network down": (perceptron, 2, 6, 6, 1, {**ALL, "direction": "down"}),
    "textbook blocks down": (scoped, {"group": 1, "style": "textbook", "direction": "down"}),
}


@pytest.mark.parametrize("part", PARTS)
def test_nor_in_any_picture_of_a_part_of_a_graph(part):
    make, *args, options = PARTS[part]
    root = make(*args)
    root.backward()
    keep(fitted(lambda: viz.draw(root, **options), options.get("width")).scene)


@pytest.mark.parametrize("name", GRAPHS)
def test_nor_before_the_backward_pass_and_where_every_line_is_drawn_in_all_its_length(name):
    picture = viz.draw(GRAPHS[name]())
    keep(picture.scene)
    scene = cards.scene(picture.graph, picture.options, whole=True)
    keep(replace(scene, marks=tuple(map(unbridged, scene.marks))))


def unbridged(mark):
    """A line without the bridge over its gap, which the page shows as long as there is no label in it."""
    if not isinstance(mark, Group):
        return mark
    return replace(mark, marks=tuple(each for each in mark.marks if getattr(each, "kind", "") != "bridge"))


# ── Other pictures ──────────────────────────────────────────────────────────────────────────────────

NAMES = {
    "inputs": ["size", "price in €", "年齢", "x_4"],
    "outputs": ["p(yes)", "a name that is much too long"],
}
PICTURES = {
    "affine": viz.draw_affine,
    "affine batch": partial(viz.draw_affine, 784, 100, "N"),
    "affine worksheet": partial(viz.draw_affine, 2, 3, 5, blank="all"),
    "softmax": viz.draw_softmax_with_loss,
    "softmax 10": partial(viz.draw_softmax_with_loss, 10),
    "softmax worksheet": partial(viz.draw_softmax_with_loss, 4, blank="gradients"),
}


@pytest.mark.parametrize("picture", PICTURES)
def test_nor_in_matrix_pictures(picture):
    keep(PICTURES[picture]().scene)


@pytest.mark.parametrize("width", [None, 800, 390])
@pytest.mark.parametrize("shown", ["lines", "numbers", "digits", "activations", "names", "gradients"])
@pytest.mark.parametrize("sizes", [(4, 2), (4, 3, 2), (4, 12, 5, 2)], ids=str)
def test_nor_in_networks(sizes, shown, width):
    model = nn.MLP(sizes[0], [*sizes[1:]], "tanh", "sigmoid", seed=2)
    x = [0.5, -1e-9, 1e7, 3.0]
    total(model([*map(Value, x)])).backward()
    options = {
        "lines": {},
        "numbers": {"numbers": True},
        "digits": {"numbers": True, "digits": 8},
        "activations": {"x": x, "numbers": True},
        "names": {**NAMES, "x": x},
        "gradients": {"show": "gradients", "max_neurons": 4},
    }[shown]
    picture = fitted(lambda: viz.draw_network(model, **options, width=width), width)
    if picture:
        keep(picture.scene)


ZOO = programs.RNN, programs.LogisticRegression, programs.SoftKMeans, programs.Hopfield


@cache
def compiled(kind):
    """A program of the zoo that has run."""
    source = kind()
    made = autograd.compile(source.loss, source.parameters)
    made(made.parameters(), *source.inputs(2, np.random.default_rng(1)))
    return made


@pytest.mark.parametrize("width", [None, 800, 390])
@pytest.mark.parametrize("options", [{}, {"stage": "both", "rows": 7}], ids=str)
@pytest.mark.parametrize("kind", ZOO, ids=lambda kind: kind.__name__)
def test_nor_in_compiled_programs(kind, options, width):
    picture = fitted(lambda: viz.draw(compiled(kind), **options, width=width), width)
    if picture:
        keep(picture.scene)


@pytest.mark.parametrize("style", ["record", "textbook"])
@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_nor_on_worksheets(paper, style):
    asked = [("What is the gradient of every value? " * 5, graph("apples")), graph("Olah"), graph("square")]
    sheet = viz.sheet(asked, "The chain rule " * 6, paper=paper, style=style, lines=2, solution=True)
    for page in sheet.pages:
        keep(page.scene)


# ── The laws themselves ─────────────────────────────────────────────────────────────────────────────

CARD = Rect("card", 10, 10, 80, 40, 7)
WHOLE = (
    Group((CARD, Text("name", 20, 30, "x"))),
    line("line", (0, 30), (4, 30)),
    head("head", 10, 30, (1, 0)),
)
BROKEN = {
    "text over text": (covered, Text("note", 24, 32, "over")),
    "text over a field": (covered, Rect("blank", 15, 15, 30, 30)),
    "line through a text": (crossed, line("back", (0, 5), (100, 55))),
    "line behind a text": (crossed, line("back", (15, 26), (60, 26))),
    "wide line beside a text": (crossed, line("flow", (12, 35), (60, 35), width=5)),
    "border through a text": (crossed, Rect("card", 24, 0, 40, 60)),
    "curve through a text": (crossed, arrow([Point(0, 15), Point(80, 45), Point(100, 45)], 0, RIGHT)[0]),
    "text too long for its card": (spilled, Group((CARD, Text("data", 40, 47, "1234567890")))),
    "text out of the foot of its card": (spilled, Group((CARD, Text("data", 40, 49, "1")))),
    "text out of the picture": (outside, Text("data", 150, 90, "1234567890")),
    "line out of the picture": (outside, line("line", (100, 90), (201, 90))),
    "arrow to nowhere": (adrift, head("head", 70, 70, (1, 0))),
    "arrow into a card": (adrift, head("head", 60, 20, (1, 0))),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_every_law_sees_its_fault(fault):
    law, mark = BROKEN[fault]
    mark = Path("line", mark) if isinstance(mark, tuple) else mark
    keep(Scene(200, 100, WHOLE, ""))
    assert [*law(Scene(200, 100, (*WHOLE, mark), ""))]


# ── Widths ──────────────────────────────────────────────────────────────────────────────────────────

ASCII = "".join(map(chr, range(32, 127)))
SIGNS = "×−·÷→∂Σσ√∞≤…αβθλφψ"
LETTERED = [kind for kind, look in LOOKS.items() if look.size]


@cache
def font(kind):
    """DejaVu in the shape of a kind, at its size: a font of the style sheet, wider than those before it."""
    look = LOOKS[kind]
    face = "DejaVuSans" if look.sans else "DejaVuSansMono"
    bold = "-Bold" * look.bold
    made = FT2Font(File(matplotlib.get_data_path(), "fonts/ttf", f"{face}{bold}.ttf"))
    made.set_size(look.size, 72)
    return made


@cache
def advance(kind, letter):
    return font(kind).load_char(ord(letter)).linearHoriAdvance / 65536


@pytest.mark.parametrize("kind", LETTERED)
def test_no_letter_of_a_real_font_is_wider_than_measured(kind):
    wrong = {
        letter: (measure(kind, letter), advance(kind, letter))
        for letter in ASCII + SIGNS
        if font(kind).get_char_index(ord(letter)) and measure(kind, letter) < 0.999 * advance(kind, letter)
    }
    assert not wrong


@given(st.sampled_from(LETTERED), st.text(sorted({*ASCII} - {*"_^{}"})))
def test_nor_any_text(kind, text):
    assert measure(kind, text) >= 0.999 * sum(advance(kind, letter) for letter in text)
