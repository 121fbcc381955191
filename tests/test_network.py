"""The picture of a network: laws of every picture, then models of every kind, then errors."""

import random
import re
from fractions import Fraction
from itertools import combinations, pairwise
from types import SimpleNamespace

import micrograd.nn
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Value
from autograd.naming import parse
from viz.network import ROW, draw_network
from viz.scene import MARGIN, THICK, Group, Rect, Text, leaves, measure, strength
from viz.text import full, short

parameters = st.floats(-100, 100) | st.integers(-3, 3) | st.just(0.0)


@st.composite
def models(draw):
    """Nested lists [[(weights, bias), …], …] of up to four columns."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    row = lambda n: st.lists(parameters, min_size=n, max_size=n)
    neuron = lambda n: st.tuples(row(n), parameters | st.none())
    return [draw(st.lists(neuron(m), min_size=n, max_size=n)) for m, n in pairwise(sizes)]


def marks(picture, sort):
    return [mark for mark in leaves(picture.scene.marks) if isinstance(mark, sort)]


def texts(picture):
    return [text.text for text in marks(picture, Text)]


def groups(picture):
    return [mark for mark in picture.scene.marks if isinstance(mark, Group)]


def weights(picture):
    """The group of each weight by the indices (level, j, k) in its title."""
    found = {}
    for group in groups(picture):
        name = parse(group.title.partition(" = ")[0])
        if name and name.base == "w":
            indices = name.subscript.split(",") if "," in name.subscript else name.subscript
            found[int(name.superscript), *map(int, indices)] = group
    return found


def line(group):
    return group.marks[0]


def number(group):
    return group.marks[1]


def neurons(picture):
    """The group of each neuron by (level, j)."""
    found = {}
    for group in groups(picture):
        if match := re.match(r"\S+, input (\d+) of|neuron (\d+) of layer (\d+)", group.title):
            first, j, level = match.groups()
            found[(1, int(first)) if first else (int(level), int(j))] = group
    return found


def circle(group):
    rect = next(mark for mark in group.marks if isinstance(mark, Rect))
    return rect.x + rect.radius, rect.y + rect.radius, rect.radius


def circles(picture):
    return [circle(group) for group in neurons(picture).values()]


def kind(number):
    return "minus" if number < 0 else "plus" if number > 0 else "zero"


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(models(), st.booleans())
def test_every_weight_is_one_line_of_its_sign_between_its_neurons(model, numbers):
    picture = draw_network(model, numbers=numbers)
    lines, places = weights(picture), neurons(picture)
    for (level, j, k), w in _indexed(model):
        group = lines.pop((level, j, k))
        assert line(group).kind == kind(w)
        assert group.title.endswith(f" = {full(w)}")
        ends = line(group).steps[0].points[0], line(group).steps[-1].points[0]
        for (x, y), at in zip(ends, [(level - 1, k), (level, j)], strict=True):
            cx, cy, r = circle(places[at])
            assert abs(((x - cx) ** 2 + (y - cy) ** 2) ** 0.5 - r) < 1e-6
    assert not lines


@given(models())
def test_a_larger_weight_is_a_wider_stronger_line_above_and_a_larger_bias_a_wider_ring(model):
    picture = draw_network(model)
    sizes = [(abs(w), at) for at, w in _indexed(model) if w]
    drawn = [line(weights(picture)[at]) for _, at in sizes]
    for shown in [each.width for each in drawn], [each.opacity for each in drawn]:
        ordered = sorted(zip((size for size, _ in sizes), shown, strict=True))
        assert [each for _, each in ordered] == sorted(shown)
    if sizes:
        assert max(each.width for each in drawn) == strength(1, len(weights(picture))).width <= THICK
    largest = max(abs(w) for _, w in _indexed(model)) or 1
    shares = {at: abs(w) / largest for at, w in _indexed(model)}
    order = [shares[at] for at in weights(picture)]
    assert order == sorted(order)
    rings = [
        (abs(b), neurons(picture)[level, j].marks[1].width)
        for level, layer in enumerate(model, 2)
        for j, (_, b) in enumerate(layer, 1)
        if b
    ]
    assert [width for _, width in sorted(rings)] == sorted(width for _, width in rings)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 10_000))
def test_of_many_lines_all_are_thinner(share, more, lines):
    share, more = sorted((share, more))
    assert 0 < strength(share, lines).width <= strength(more, lines).width <= THICK
    assert strength(share, lines + 1).width <= strength(share, lines).width
    assert 0 < strength(share, lines).opacity <= strength(more, lines).opacity <= 1


def _indexed(model):
    for level, layer in enumerate(model, 2):
        for j, (row, _) in enumerate(layer, 1):
            for k, w in enumerate(row, 1):
                yield (level, j, k), w


@given(models(), st.booleans(), st.integers(1, 5))
def test_nothing_lies_on_another_or_outside(model, numbers, max_neurons):
    picture = draw_network(model, numbers=numbers, max_neurons=max_neurons)
    scene = picture.scene
    for (x1, y1, r1), (x2, y2, r2) in combinations(circles(picture), 2):
        assert (x1 - x2) ** 2 + (y1 - y2) ** 2 > (r1 + r2) ** 2
    for x, y, r in circles(picture):
        assert r <= x <= scene.width - r and r <= y <= scene.height - r
    boxes = []
    for text in marks(picture, Text):
        width = measure(text.kind, text.text)
        left = text.x - width * {"start": 0, "middle": 0.5, "end": 1}[text.anchor]
        boxes.append((left, left + width, text.y))
    for (l1, r1, y1), (l2, r2, y2) in combinations(boxes, 2):
        assert r1 <= l2 or r2 <= l1 or abs(y1 - y2) >= 11
    for left, right, _ in boxes:
        assert left >= -1e-6 and right <= scene.width + 1e-6
    for group in weights(picture).values() if numbers else ():
        right = number(group).x
        left = right - measure("figure", number(group).text)
        assert not any(cx - r < right and left < cx + r for cx, _, r in circles(picture))


@given(models(), st.booleans(), st.integers(1, 1000))
def test_the_picture_is_as_narrow_as_asked(model, numbers, width):
    free = draw_network(model, numbers=numbers)
    try:
        picture = draw_network(model, numbers=numbers, width=width)
    except ValueError as error:
        more = int(re.search(r"takes (\d+) pixels more", str(error))[1])
        picture = draw_network(model, numbers=numbers, width=width + more)
        width += more
        assert picture.scene.width + 2 * MARGIN > width - 2
    assert picture.scene.width + 2 * MARGIN <= max(width, 150)  # as wide as a word of the notes
    assert picture.scene.width <= max(free.scene.width, 150)
    assert weights(picture).keys() == weights(free).keys()
    assert [c[1:] for c in circles(picture)] == [c[1:] for c in circles(free)]


@given(models(), st.booleans(), st.booleans())
def test_what_stands_in_a_neuron_is_inside_its_circle(model, numbers, run):
    called = SimpleNamespace(layers=[Called(layer) for layer in model])
    x = [0.25 * i for i in range(len(model[0][0][0]))]
    picture = draw_network(called, x if run else None, numbers=numbers)
    for group in neurons(picture).values():
        cx, cy, r = circle(group)
        for text in (mark for mark in group.marks if isinstance(mark, Text)):
            half = measure(text.kind, text.text) / 2
            assert abs(text.x - cx) < 1e-6 and max(abs(text.y - cy), abs(text.y - 8 - cy)) < r
            assert half * half + (text.y - 4 - cy) ** 2 < r * r


class Called:
    """A layer of linear neurons."""

    def __init__(self, neurons):
        self.neurons = neurons

    def __call__(self, x):
        return [sum(w * xi for w, xi in zip(row, x, strict=True)) + (b or 0) for row, b in self.neurons]


@given(models(), st.integers(1, 4))
def test_a_wide_layer_is_cut_in_the_middle_and_says_how_wide_it_is(model, most):
    picture = draw_network(model, max_neurons=most)
    sizes = [len(model[0][0][0]), *map(len, model)]
    written = texts(picture)
    assert written.count("⋮") == sum(size > most for size in sizes)
    assert [text for text in written if text.isdecimal()] == [str(size) for size in sizes if size > most]
    shown = sum(min(m, most) * min(n, most) for m, n in pairwise(sizes))
    total = sum(m * n for m, n in pairwise(sizes))
    assert len(weights(picture)) == shown
    counted = f"showing {shown} of {total} weights" if shown < total else f"{total} weights"
    assert written[-1].split("; ")[0] == counted and picture.scene.summary.endswith(counted)
    for level, j, k in weights(picture):  # the first and the last ones, under their true numbers
        for index, size in ((j, sizes[level - 1]), (k, sizes[level - 2])):
            assert index <= (most + 1) // 2 or index > size - most // 2 or size <= most


@given(models())
@settings(max_examples=30)
def test_numbers_stand_in_the_order_of_the_neurons_that_they_come_from(model):
    lines = weights(draw_network(model, numbers=True))
    for level, layer in enumerate(model, 2):
        for j, (row, _) in enumerate(layer, 1):
            found = [number(lines[level, j, k]) for k in range(1, len(row) + 1)]
            assert [text.text for text in found] == [short(w, digits=3) for w in row]
            heights = [text.y for text in found]
            assert heights == sorted(heights) and len(set(heights)) == len(row)


def test_numbers_of_a_cut_layer_stand_around_the_middle_of_their_neuron():
    picture = draw_network([[([1.0, 2.0, 3.0, 4.0, 5.0], 0.0)]], numbers=True, max_neurons=4)
    heights = [number(group).y - 4 for _, group in sorted(weights(picture).items())]
    _, middle, _ = circle(neurons(picture)[2, 1])
    assert [y - middle for y in heights] == [-2 * ROW, -ROW, ROW, 2 * ROW]


@given(models())
@settings(max_examples=30)
def test_the_picture_is_the_same_in_whatever_the_numbers_are_kept(model):
    values = [
        [([Value(w) for w in row], b if b is None else Value(b)) for row, b in layer] for layer in model
    ]
    objects = SimpleNamespace(
        layers=tuple(
            SimpleNamespace(neurons=[SimpleNamespace(w=row, b=b) for row, b in layer]) for layer in model
        )
    )
    shapes = lambda model: re.sub(r"<title>.*?</title>|graph-\w+", "", draw_network(model).svg(), flags=re.S)
    assert shapes(values) == shapes(model)
    assert draw_network(objects).svg() == draw_network(model).svg()


@given(models(), st.booleans())
@settings(max_examples=30)
def test_the_pointer_on_a_neuron_brings_out_the_lines_that_lead_to_it(model, numbers):
    picture = draw_network(model, numbers=numbers)
    keys = {at: group.key for at, group in neurons(picture).items()}
    rules = re.findall(r'data-key="n([\d-]+)"]:hover\) g:not\(\[data-key\^="e([\d-]+)\."', picture.svg())
    assert {(f"n{node}", f"n{lines}") for node, lines in rules} == {
        (keys[at], keys[at]) for at in keys if at[0] > 1
    }
    for (level, j, k), group in weights(picture).items():
        neuron, _, source = group.key.removeprefix("e").partition(".")
        assert f"n{neuron}" == keys[level, j] and keys[level - 1, k].endswith(f"-{source}")
    assert len({group.key for group in weights(picture).values()}) == len(weights(picture))


# ── Models ──────────────────────────────────────────────────────────────────────────────────────────


def test_micrograd_draws_with_gradients_after_its_backward_pass():
    random.seed(1)
    model = micrograd.nn.MLP(2, [3, 1])
    loss = (model([1.0, -2.0]) - 1) ** 2
    loss.backward()
    picture = draw_network(model, show="gradients", numbers=True)
    lines = weights(picture)
    for level, layer in enumerate(model.layers, 2):
        for j, neuron in enumerate(layer.neurons, 1):
            for k, w in enumerate(neuron.w, 1):
                group = lines[level, j, k]
                assert line(group).kind == kind(w.grad)
                assert number(group).text == short(w.grad, digits=3)
                assert group.title.endswith(f" = {w.data}\ngradient {w.grad}")
    assert texts(picture)[-1] == "9 gradients; ring: gradient of the bias b"
    assert repr(picture) == "NetworkPicture(2 → 3 → 1, theme='auto')"


def test_names_are_set_as_a_textbook_sets_them():
    titles = [group.title for group in groups(draw_network([[([1.0] * 13, 0.5)]], max_neurons=20))]
    assert "w²₁,₁₃ = 1.0" in titles and "w²₁,₁ = 1.0" not in titles and "w²₁₁ = 1.0" in titles
    assert "neuron 1 of layer 2\nb²₁ = 0.5" in titles and "x₁₃, input 13 of 13" in titles
    named = draw_network([[([1.0], 0.5)]], inputs=["x_train"], outputs=["y_hat_2"])
    assert {"x₁", "x_train", "ŷ₂"} <= set(texts(named))


def test_long_names_beside_neurons_stay_different():
    inputs = [f"encoder.block.attention.query.weight_{i}" for i in (1, 2)]
    picture = draw_network([[([1.0, 1.0], 0.0)]], inputs=inputs)
    drawn = [group for group in groups(picture) if group.title in inputs]
    assert len({texts.text for group in drawn for texts in group.marks}) == 2
    assert all(len(text.text) <= 20 for group in drawn for text in group.marks)


@pytest.mark.parametrize(
    "model",
    [nn.MLP(2, [3, 2], activation="tanh", seed=0), micrograd.nn.MLP(2, [3, 1])],
    ids=["nn", "micrograd"],
)
def test_a_model_that_is_run_shows_the_activation_in_every_neuron(model):
    x = [0.5, -2.0]
    hidden = [value.data for value in model.layers[0](x)]
    out = model(x)
    out = [value.data for value in (out if isinstance(out, list) else [out])]
    picture = draw_network(model, x, digits=5)
    for level, column in enumerate([x, hidden, out], 1):
        for j, number in enumerate(column, 1):
            group = neurons(picture)[level, j]
            [inside] = [mark.text for mark in group.marks if getattr(mark, "kind", "") == "activation"]
            assert inside == short(number, digits=5)
            assert group.title.endswith(f"activation {full(number)}")
    assert texts(picture)[-1].endswith("; ring: bias b; in a neuron: its activation")


def test_a_bias_is_told_from_an_activation():
    model = nn.MLP(1, [1], activation="tanh", seed=0)
    inside = lambda *x, **options: [
        mark.text
        for mark in neurons(draw_network(model, *x, **options))[2, 1].marks
        if isinstance(mark, Text)
    ]
    assert inside() == [] and inside(numbers=True) == ["b=0"]
    assert inside([0.0]) == ["0"] and inside([0.0], numbers=True) == ["0", "b=0"]


def test_drawing_leaves_no_trace_in_the_model():
    model = nn.MLP(2, [2], seed=0)
    draw_network(model, [1.0, 2.0])
    assert all(not p.grad for p in model.parameters())


def test_a_digit_classifier_is_read_whole_and_drawn_in_part():
    model = [[([0.01] * 784, 0.0)] * 30, [([-1.0] * 30, 1.0)] * 10]
    picture = draw_network(model, outputs=[str(digit) for digit in range(10)])
    written = texts(picture)
    assert written.count("⋮") == 2 and "784" in written and "x₇₈₄" in written
    assert written[-1].startswith("showing 200 of 23,820 weights")
    assert picture.scene.summary.startswith("Network of 784 → 30 → 10 neurons")


def test_numbers_that_are_no_floats_and_numbers_out_of_measure():
    model = [[([Fraction(1, 3), 10**400, float("inf"), float("nan")], None)]]
    lines = weights(draw_network(model, numbers=True))
    assert [number(lines[2, 1, k]).text for k in (1, 3, 4)] == [
        short(w) for w in (Fraction(1, 3), float("inf"), float("nan"))
    ]
    assert max(line(group).width for group in lines.values()) == THICK


def test_labels_and_names_cannot_leave_their_place(tmp_path):
    hostile = '</title><script>alert(1)</script>" onload="x\x00'
    model = [[([Value(1.0, hostile)], Value(0.0, hostile))]]
    picture = draw_network(model, inputs=[hostile], outputs=[hostile])
    assert "<script" not in picture.svg() and "\x00" not in picture.svg()
    assert hostile[:-1] in weights(picture)[2, 1, 1].title
    path = picture.save(tmp_path / "new folder" / "net.svg")
    assert path.read_text(encoding="utf-8") == picture.svg()


def test_themes():
    model = [[([1.0], 0.0)]]
    light, dark, auto = (draw_network(model, theme=theme).svg() for theme in ("light", "dark", "auto"))
    assert "#1d4ed8" in light and "#93c5fd" not in light
    assert "#93c5fd" in dark and "#1d4ed8" not in dark
    assert "prefers-color-scheme:dark" in auto


def test_it_is_saved_for_latex(tmp_path):
    written = (
        draw_network([[([1.0], -0.5)]], numbers=True).save(tmp_path / "net.tex").read_text(encoding="utf-8")
    )
    assert written.startswith("\\documentclass") and "tikzpicture" in written


# ── Errors ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (3, TypeError, "needs a model with .layers, or nested lists .*, not the int 3"),
        ("layers", TypeError, "needs a model with .layers"),
        ([], ValueError, "needs at least one layer; this list has none"),
        (SimpleNamespace(layers=[]), ValueError, "this SimpleNamespace has none"),
        ([[]], ValueError, "layer 2 of the model has no neurons"),
        ([[([], 1.0)]], ValueError, "layer 1 of the model has no neurons"),
        (
            [[([1.0], 0)], [([1.0, 2.0], 0)]],
            ValueError,
            "neuron 1 of layer 3 has 2 weights, but layer 2 has 1",
        ),
        ([[([1.0, 2.0], 0), ([1.0], 0)]], ValueError, "neuron 2 of layer 2 has 1 weights, but layer 1 has 2"),
        ([len], TypeError, "layer 2 is a builtin_function_or_method without .neurons"),
        ([[1.0]], TypeError, "neuron 1 of layer 2 is 1.0; it needs .w and .b, or .weights, bias."),
        ([[([1j], 0)]], TypeError, "neuron 1 of layer 2 .* of real numbers"),
        ([[(["a"], 0)]], TypeError, "neuron 1 of layer 2 .* of real numbers"),
    ],
)
def test_what_is_no_network_is_named_in_one_line(model, error, message):
    with pytest.raises(error, match=message) as caught:
        draw_network(model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "x", "error", "message"),
    [
        (
            [[([1.0], 0.0)]],
            [1.0],
            TypeError,
            "whose layers can be called, not lists of numbers",
        ),
        (nn.MLP(2, [1], seed=0), [1.0], ValueError, "x must be a sequence of 2 numbers, not .1.0."),
        (nn.MLP(2, [1], seed=0), 1.0, ValueError, "x must be a sequence of 2 numbers, not 1.0"),
    ],
)
def test_an_input_that_cannot_be_run_is_named(model, x, error, message):
    with pytest.raises(error, match=message):
        draw_network(model, x)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"theme": "blue"}, "theme 'blue' does not exist; there is 'auto', 'light', 'dark'"),
        ({"show": "data"}, "show 'data' does not exist; there is 'weights', 'gradients'"),
        ({"show": "gradients"}, "needs a model of Values; this one holds plain numbers"),
        ({"max_neurons": 0}, "max_neurons must be a whole number of at least 1, not 0"),
        ({"digits": 0.5}, "digits must be a whole number of at least 1, not 0.5"),
        ({"inputs": ["a", "b"]}, "inputs has 2 names for 1 neurons: give one for each"),
    ],
)
def test_choices_that_do_not_exist_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        draw_network([[([1.0], 0.0)]], **options)


def test_another_file_ending_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"file ending '\.gif' does not exist; there is '\.svg', '\.png'"):
        draw_network([[([1.0], 0.0)]]).save(tmp_path / "net.gif")
