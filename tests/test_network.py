"""The picture of a network: laws of every picture, then models of every kind, then errors."""

import random
import re
import sys
import xml.etree.ElementTree as ET
from fractions import Fraction
from itertools import combinations, pairwise
from types import SimpleNamespace

import micrograd.nn
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value
from viz import network
from viz.frame import MARGIN
from viz.network import NUMBER, ROW, draw_network
from viz.text import full, mono_width, short

SVG = "{http://www.w3.org/2000/svg}"
parameters = st.floats(-100, 100) | st.integers(-3, 3) | st.just(0.0)


@st.composite
def models(draw):
    """Nested lists [[(weights, bias), …], …] of up to four columns."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    row = lambda n: st.lists(parameters, min_size=n, max_size=n)
    neuron = lambda n: st.tuples(row(n), parameters | st.none())
    return [draw(st.lists(neuron(m), min_size=n, max_size=n)) for m, n in pairwise(sizes)]


def parse(model, **options):
    return ET.fromstring(draw_network(model, **options).svg())


def title(group):
    found = group.find(f"{SVG}title")
    return "" if found is None else found.text


def weights(picture):
    """The group of each weight by the indices (level, j, k) in its title."""
    found = {}
    for group in picture.iter(f"{SVG}g"):
        if match := re.match(r"w\^(\d+)_\{(\d+),(\d+)\} = ", title(group)):
            found[tuple(map(int, match.groups()))] = group
    return found


def circles(picture):
    return [tuple(float(c.get(a)) for a in ("cx", "cy", "r")) for c in picture.iter(f"{SVG}circle")]


def kind(number):
    return "minus" if number < 0 else "plus" if number > 0 else "zero"


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(models(), st.booleans())
def test_every_weight_is_one_line_of_its_sign_between_its_neurons(model, numbers):
    picture = parse(model, numbers=numbers)
    lines = weights(picture)
    places = {"x": {}, "n": {}}
    for group in picture.iter(f"{SVG}g"):
        circle = group.find(f"{SVG}circle")
        if circle is not None:
            at = tuple(float(circle.get(a)) for a in ("cx", "cy", "r"))
            first = re.match(r"x(\d+), input|neuron (\d+) of layer (\d+)", title(group)).groups()
            places["n"][(1, int(first[0])) if first[0] else (int(first[2]), int(first[1]))] = at
    count = 0
    for level, layer in enumerate(model, 2):
        for j, (row, _) in enumerate(layer, 1):
            for k, w in enumerate(row, 1):
                count += 1
                group = lines[level, j, k]
                path = group.find(f"{SVG}path")
                assert path.get("class") == kind(w)
                assert title(group) == f"w^{level}_{{{j},{k}}} = {full(w)}"
                ends = [float(x) for x in re.findall(r"-?[\d.]+", path.get("d"))]
                for (x, y), (cx, cy, r) in (
                    (ends[:2], places["n"][level - 1, k]),
                    (ends[-2:], places["n"][level, j]),
                ):
                    assert abs(((x - cx) ** 2 + (y - cy) ** 2) ** 0.5 - r) < 0.2
    assert len(lines) == count


@given(models())
def test_a_larger_weight_is_a_wider_line_and_a_larger_bias_a_wider_ring(model):
    picture = parse(model)
    sizes = [(abs(w), lj) for lj, w in _indexed(model) if w]
    drawn = [float(weights(picture)[lj].find(f"{SVG}path").get("stroke-width")) for _, lj in sizes]
    ordered = sorted(zip((size for size, _ in sizes), drawn))
    assert [width for _, width in ordered] == sorted(drawn)
    if sizes:
        assert max(drawn) == network.THICK
    rings = {title(g): g.find(f"{SVG}circle") for g in picture.iter(f"{SVG}g") if "b^" in title(g)}
    biases = [
        (abs(b), rings[f"neuron {j} of layer {level}\nb^{level}_{j} = {full(b)}"])
        for level, layer in enumerate(model, 2)
        for j, (_, b) in enumerate(layer, 1)
        if b
    ]
    widths = [float(ring.get("stroke-width")) for _, ring in sorted(biases, key=lambda bias: bias[0])]
    assert widths == sorted(widths)


def _indexed(model):
    for level, layer in enumerate(model, 2):
        for j, (row, _) in enumerate(layer, 1):
            for k, w in enumerate(row, 1):
                yield (level, j, k), w


@given(models(), st.booleans(), st.integers(1, 5))
def test_nothing_lies_on_another_or_outside(model, numbers, max_neurons):
    picture = parse(model, numbers=numbers, max_neurons=max_neurons)
    width, height = float(picture.get("width")) - MARGIN, float(picture.get("height")) - MARGIN
    for (x1, y1, r1), (x2, y2, r2) in combinations(circles(picture), 2):
        assert (x1 - x2) ** 2 + (y1 - y2) ** 2 > (r1 + r2) ** 2
    for x, y, r in circles(picture):
        assert r <= x <= width - r and r <= y <= height - r
    boxes = []
    for label in picture.iter(f"{SVG}text"):
        x, y, w = float(label.get("x")), float(label.get("y")), mono_width(label.text, NUMBER)
        if label.get("class") == "number":
            boxes.append((x - w, x, y))
        elif label.get("class") == "bias":
            (r,) = {r for cx, cy, r in circles(picture)}
            assert w <= 2 * r
    for (l1, r1, y1), (l2, r2, y2) in combinations(boxes, 2):
        assert r1 <= l2 or r2 <= l1 or abs(y1 - y2) >= NUMBER
    for left, right, _ in boxes:
        assert not any(cx - r < right and left < cx + r for cx, _, r in circles(picture))


@given(models(), st.integers(1, 4))
def test_a_wide_layer_is_cut_in_the_middle_and_says_how_wide_it_is(model, most):
    picture = parse(model, max_neurons=most)
    sizes = [len(model[0][0][0]), *map(len, model)]
    texts = [text.text for text in picture.iter(f"{SVG}text")]
    assert texts.count("⋮") == sum(size > most for size in sizes)
    assert [text for text in texts if text.isdigit()] == [str(size) for size in sizes if size > most]
    shown = sum(min(m, most) * min(n, most) for m, n in pairwise(sizes))
    total = sum(m * n for m, n in pairwise(sizes))
    assert len(weights(picture)) == shown
    assert texts[-1] == (f"showing {shown} of {total} weights" if shown < total else f"{total} weights")
    assert texts[-1] in picture.get("aria-label")
    for indices in weights(picture):  # the first and the last ones, under their true numbers
        (level, j, k) = indices
        for index, size in ((j, sizes[level - 1]), (k, sizes[level - 2])):
            assert index <= (most + 1) // 2 or index > size - most // 2 or size <= most


@given(models())
@settings(max_examples=30)
def test_numbers_stand_in_the_order_of_the_neurons_that_they_come_from(model):
    lines = weights(parse(model, numbers=True))
    for level, layer in enumerate(model, 2):
        for j, (row, _) in enumerate(layer, 1):
            texts = [lines[level, j, k].find(f"{SVG}text") for k in range(1, len(row) + 1)]
            assert [text.text for text in texts] == [short(w, digits=3) for w in row]
            heights = [float(text.get("y")) for text in texts]
            assert heights == sorted(heights) and len(set(heights)) == len(row)


def test_numbers_of_a_cut_layer_stand_around_the_middle_of_their_neuron():
    picture = parse([[([1.0, 2.0, 3.0, 4.0, 5.0], 0.0)]], numbers=True, max_neurons=4)
    heights = [float(line.find(f"{SVG}text").get("y")) - 4 for _, line in sorted(weights(picture).items())]
    ((_, middle, _),) = (circle for circle in circles(picture) if circle[0] > 100)
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


# ── Models ──────────────────────────────────────────────────────────────────────────────────────────


def test_micrograd_draws_with_gradients_after_its_backward_pass():
    random.seed(1)
    model = micrograd.nn.MLP(2, [3, 1])
    loss = (model([1.0, -2.0]) - 1) ** 2
    loss.backward()
    picture = draw_network(model, show="gradients", numbers=True)
    lines = weights(ET.fromstring(picture.svg()))
    for level, layer in enumerate(model.layers, 2):
        for j, neuron in enumerate(layer.neurons, 1):
            for k, w in enumerate(neuron.w, 1):
                group = lines[level, j, k]
                assert group.find(f"{SVG}path").get("class") == kind(w.grad)
                assert group.find(f"{SVG}text").text == short(w.grad, digits=3)
                assert title(group) == f"w^{level}_{{{j},{k}}} = {w.data}\ngradient {w.grad}"
    assert (
        "ring: bias gradient" in picture.svg() and repr(picture) == "NetworkPicture(2 → 3 → 1, theme='auto')"
    )


def test_a_digit_classifier_is_read_whole_and_drawn_in_part():
    model = [[([0.01] * 784, 0.0)] * 30, [([-1.0] * 30, 1.0)] * 10]
    picture = parse(model, outputs=[str(digit) for digit in range(10)])
    texts = [text.text for text in picture.iter(f"{SVG}text")]
    assert texts.count("⋮") == 2 and "784" in texts and "x784" in texts
    assert texts[-1] == "showing 200 of 23,820 weights"
    assert picture.get("aria-label").startswith("Network of 784 → 30 → 10 neurons")


def test_numbers_that_are_no_floats_and_numbers_out_of_measure():
    model = [[([Fraction(1, 3), 10**400, float("inf"), float("nan")], None)]]
    lines = weights(parse(model, numbers=True))
    assert [lines[2, 1, k].find(f"{SVG}text").text for k in (1, 3, 4)] == ["1/3", "∞", "nan"]
    widths = [float(line.find(f"{SVG}path").get("stroke-width")) for line in lines.values()]
    assert max(widths) == network.THICK


def test_labels_and_names_cannot_leave_their_place(tmp_path):
    hostile = '</title><script>alert(1)</script>" onload="x\x00'
    model = [[([Value(1.0, hostile)], Value(0.0, hostile))]]
    picture = draw_network(model, inputs=[hostile], outputs=[hostile])
    root = ET.fromstring(picture.svg())
    assert not list(root.iter(f"{SVG}script")) and "<script" not in picture.svg()
    assert hostile[:-1] in title(weights(root)[2, 1, 1])
    path = picture.save(tmp_path / "new folder" / "net.svg")
    assert path.read_text(encoding="utf-8") == picture.svg() == picture._repr_svg_()


def test_themes():
    model = [[([1.0], 0.0)]]
    light, dark, auto = (draw_network(model, theme=theme).svg() for theme in ("light", "dark", "auto"))
    assert "#1d4ed8" in light and "#93c5fd" not in light
    assert "#93c5fd" in dark and "#1d4ed8" not in dark
    assert "prefers-color-scheme:dark" in auto


def test_png_needs_no_program_but_a_package(tmp_path, monkeypatch):
    pytest.importorskip("resvg_py")
    picture = draw_network([[([1.0, -2.0], 0.5)]], numbers=True)
    assert picture.save(tmp_path / "net.png").read_bytes().startswith(b"\x89PNG")
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(
        RuntimeError, match=r"^PNG needs the package resvg_py: pip install .*; or save as \.svg$"
    ):
        picture.png()


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
