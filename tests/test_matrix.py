"""Tests of viz.matrix: every formula with its shapes, checked against NumPy; worksheets and errors."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import outputs
from test_book import ends, marks, names, overlaps
from test_viz import SVG, texts, titles
from written import read_svg

from viz.matrix import draw_affine, draw_softmax_with_loss
from viz.scene import Rect

sizes = st.integers(1, 12)


def parse(picture):
    return read_svg(picture.svg())


def lines(picture, kind):
    """The texts of a class, words apart by one space."""
    return [" ".join(text.split()) for text in texts(parse(picture), kind)]


def shape(text):
    return tuple(int(n) for n in re.findall(r"\d+", text))


# ── Affine ──────────────────────────────────────────────────────────────────────────────────────────


@given(sizes, sizes, st.none() | sizes)
def test_the_shapes_are_those_of_numpy(inputs, outputs, batch):
    rows = () if batch is None else (batch,)
    x, w, b = np.ones((*rows, inputs)), np.ones((inputs, outputs)), np.ones(outputs)
    y = x @ w + b
    picture = draw_affine(inputs, outputs, batch)
    forward = [shape(text) for text in lines(picture, "data") if "·" not in text]
    assert forward == [x.shape, w.shape, y.shape, b.shape, y.shape]
    formulas = lines(picture, "gradient")
    dy = np.ones(y.shape)
    by_x, by_w, by_b = (
        [shape(s) for s in re.findall(r"\(.*?\)", line)] for line in (formulas[1], formulas[3], formulas[7])
    )
    assert by_x == [x.shape, dy.shape, w.T.shape]
    assert (dy @ w.T).shape == x.shape
    turned = x.T if rows else x[:, None]
    row = dy if rows else dy[None]
    assert by_w == [w.shape, turned.shape, row.shape]
    assert (turned @ row).shape == w.shape
    assert by_b == [b.shape, dy.shape]
    assert (dy.sum(0) if rows else dy).shape == b.shape
    assert not list(overlaps(picture.scene))


def test_the_affine_layer_as_in_the_book():
    picture = draw_affine(2, 3)
    assert names(parse(picture)) == ["X", "W", "B"]
    assert (lines(picture, "sign"), ends(parse(picture))) == (["dot", "+"], ["Y"])
    assert lines(picture, "data") == ["(2,)", "(2, 3)", "X · W", "(3,)", "(3,)", "(3,)"]
    assert lines(picture, "gradient") == [
        "∂L/∂X = ∂L/∂Y · Wᵀ", "(2,) (3,) (3, 2)",
        "∂L/∂W = Xᵀ · ∂L/∂Y", "(2, 3) (2, 1) (1, 3)",
        "∂L/∂Y", "(3,)", "∂L/∂B = ∂L/∂Y", "(3,) (3,)", "∂L/∂Y", "(3,)",
    ]  # fmt: skip


def test_a_batch_is_summed_for_the_bias():
    picture = draw_affine(2, 3, "N")
    assert lines(picture, "gradient")[:4] == [
        "∂L/∂X = ∂L/∂Y · Wᵀ", "(N, 2) (N, 3) (3, 2)", "∂L/∂W = Xᵀ · ∂L/∂Y", "(2, 3) (2, N) (N, 3)"
    ]  # fmt: skip
    assert lines(picture, "gradient")[6:8] == ["∂L/∂B = Σₙ ∂L/∂Y", "(3,) (N, 3)"]


# ── Softmax with loss ───────────────────────────────────────────────────────────────────────────────


@given(sizes)
def test_softmax_with_loss_as_in_the_book(classes):
    picture = draw_softmax_with_loss(classes)
    indices = [str(i).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")) for i in range(1, classes + 1)]
    assert lines(picture, "sign") == ["softmax", "cross entropy"]
    assert names(parse(picture)) == [f"a{i}" for i in indices] + [f"t{i}" for i in indices]
    assert lines(picture, "data") == [f"y{i}" for i in indices]
    wanted = [f(i) for i in indices for f in (lambda i: f"y{i} − t{i}", lambda i: f"−t{i} / y{i}")]
    assert lines(picture, "gradient") == [*wanted, "1"]
    assert not list(overlaps(picture.scene))
    ys = [line.get("d") for line in parse(picture).iterfind(f".//{SVG}path[@class='line']")]
    assert classes == 1 or not any("C" in way for way in ys)  # all lines are straight


def test_the_formulas_on_the_edges_are_the_gradients_of_numpy():
    a, t = np.array([0.3, 2.9, 4.0]), np.array([0.0, 1.0, 0.0])

    def loss(a):
        return -(t * np.log(np.exp(a) / np.exp(a).sum())).sum()

    y = np.exp(a) / np.exp(a).sum()
    h = 1e-6
    numerical = [(loss(a + h * e) - loss(a - h * e)) / (2 * h) for e in np.eye(3)]
    assert y - t == pytest.approx(numerical, abs=1e-8)


# ── Worksheets, bytes, errors ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("make", [draw_affine, draw_softmax_with_loss])
def test_a_worksheet_is_its_solution_with_fields_to_fill_in(make):
    solution, half, empty = (parse(make(blank=blank)) for blank in ("", "gradients", "all"))
    assert texts(solution, "sign") == texts(half, "sign") == texts(empty, "sign")
    assert texts(solution, "name") == texts(half, "name") == texts(empty, "name")
    assert texts(half, "data") == texts(solution, "data")
    assert texts(half, "gradient") == texts(empty, "gradient") == []
    assert len(marks(make(blank="gradients").scene, Rect, "blank")) == len(texts(solution, "gradient"))
    assert "∂" not in "".join(titles(half))
    given = 3 if make is draw_affine else 0  # the shapes of X, W and B stay
    assert len(texts(empty, "data")) == given


def test_a_picture_saves_itself(tmp_path):
    picture = draw_affine(theme="dark")
    path = picture.save(tmp_path / "new" / "affine.svg")
    assert path.read_text(encoding="utf-8") == picture.svg()
    assert repr(picture) == "Picture('Affine layer Y = X · W + B: X (2,), W (2, 3), B (3,), Y (3,)')"
    assert parse(picture).get("aria-label") == picture.scene.summary
    with pytest.raises(ValueError, match=r"file ending '\.gif' does not exist; there is '\.svg'"):
        picture.save(tmp_path / "affine.gif")


def test_the_same_bytes_in_every_process():
    script = "from viz.matrix import *; print(draw_affine(batch='N').svg(), draw_softmax_with_loss(4).svg())"
    assert len(outputs(script)) == 1


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (draw_affine, {"inputs": 0}, "inputs must be a whole number of at least 1, not 0"),
        (draw_affine, {"outputs": 2.0}, "outputs must be a whole number of at least 1, not 2.0"),
        (draw_affine, {"batch": -1}, "batch must be a whole number of at least 1, not -1"),
        (draw_softmax_with_loss, {"classes": 0}, "classes must be a whole number of at least 1, not 0"),
        (draw_affine, {"theme": "blue"}, "theme 'blue' does not exist; there is 'auto', 'light', 'dark'"),
        (draw_affine, {"blank": "some"}, "blank 'some' does not exist; there is '', 'gradients', 'all'"),
    ],
)
def test_errors_name_the_argument_and_the_remedy(make, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make(**arguments)


def test_a_hostile_batch_name_is_only_a_text():
    picture = parse(draw_affine(2, 3, '<script>"&'))
    assert len(list(picture.iter())) == len(list(parse(draw_affine(2, 3, "N")).iter()))
