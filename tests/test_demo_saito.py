"""Saitō's layers: each way back is what the graph of the way forward gives; and the chapter's figures."""

import os
import runpy
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.ops import sum as total
from demos import apples, digits, runner, saito
from demos.saito import beside, chapter, shopping, timing, training
from demos.saito.beside import pairs
from demos.saito.layers import AddLayer, Affine, MulLayer, Relu, Sigmoid, SigmoidNodes, SoftmaxWithLoss
from demos.saito.two_layer_net import TwoLayerNet
from nn.data import Dataset, mnist

real = pytest.mark.skipif(
    "AUTOGRAD_DATA" not in os.environ, reason="AUTOGRAD_DATA, MNIST's folder, is not set"
)
whole = st.integers(-9, 9)


def arrays(*shape, numbers=whole):
    """Arrays of such numbers."""
    size = int(np.prod(shape))
    return st.lists(numbers, min_size=size, max_size=size).map(lambda x: np.array(x).reshape(shape))


def by_graph(forward, dout, *leaves):
    """∂(Σ dout · out) by every leaf, from the graph of the way forward."""
    total((forward(*leaves) * dout).ravel()).backward()
    return [leaf.grad.astype(float) for leaf in leaves]


# ── Layers ──────────────────────────────────────────────────────────────────────────────────────────


@given(*[st.fractions(-9, 9, max_denominator=9)] * 3)
def test_products_and_sums_go_back_as_their_graphs_do(x, y, dout):
    for layer, out in (MulLayer(), x * y), (AddLayer(), x + y):
        assert layer.forward(x, y) == out
        a, b = Value(x), Value(y)
        layer.forward(a, b).backward(dout)
        layer.forward(x, y)
        assert layer.backward(dout) == (a.grad, b.grad)


@given(arrays(2, 3), arrays(2, 3))
def test_relu_passes_what_its_switch_lets_through(x, dout):
    layer, leaf = Relu(), autograd.array(x)
    (want,) = by_graph(autograd.relu, dout, leaf)
    assert layer.forward(x).tolist() == np.maximum(x, 0).tolist()
    assert layer.backward(dout).tolist() == want.tolist()


@given(arrays(2, 3, numbers=st.floats(-30, 30)), arrays(2, 3))
@pytest.mark.parametrize("layer", [Sigmoid(), SigmoidNodes()])
def test_the_sigmoid_goes_back_as_its_row_does_merged_or_not(layer, x, dout):
    (want,) = by_graph(autograd.sigmoid, dout, autograd.array(x))
    layer.forward(x)
    assert layer.backward(dout) == pytest.approx(want, rel=1e-12, abs=1e-14)


@given(arrays(2, 3), arrays(3, 4), arrays(4), arrays(2, 4))
def test_affine_goes_back_as_its_graph_does(x, W, b, dout):
    want = by_graph(lambda x, W, b: np.dot(x, W) + b, dout, *map(autograd.array, (x, W, b)))
    layer = Affine(W, b)
    layer.forward(x)
    for got, by in zip([layer.backward(dout), layer.dW, layer.db], want):
        assert got.tolist() == by.tolist()


@given(arrays(3, 2), arrays(2, 4), arrays(4), arrays(3, 4))
def test_a_batch_goes_back_as_the_sum_of_its_examples(x, W, b, dout):
    batch, one = Affine(W, b), Affine(W, b)
    batch.forward(x)
    dx, dW, db = batch.backward(dout), 0, 0
    for i in range(len(x)):
        one.forward(x[i : i + 1])
        assert one.backward(dout[i : i + 1]).tolist() == dx[i : i + 1].tolist()
        dW, db = dW + one.dW, db + one.db
    assert batch.dW.tolist() == dW.tolist() and batch.db.tolist() == db.tolist()


@given(arrays(2, 3, numbers=st.floats(-900, 900)), st.lists(st.integers(0, 2), min_size=2, max_size=2))
def test_softmax_with_loss_goes_back_as_the_table_does_however_far_out(x, classes):
    layer, leaf = SoftmaxWithLoss(), autograd.array(x)
    costs = [autograd.logsumexp(scores) - scores[i] for scores, i in zip(leaf, classes)]
    L = total(costs) / 2
    L.backward()
    assert layer.forward(x, np.eye(3)[classes]) == pytest.approx(L.data, rel=1e-12, abs=1e-12)
    assert layer.backward() == pytest.approx(leaf.grad.astype(float), abs=1e-12)
    assert layer.backward().sum(axis=1) == pytest.approx(0, abs=1e-12)


# ── The network ─────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=20)
@given(st.integers(0, 999), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))
def test_every_derivative_of_the_network_is_that_on_values(seed, inputs, hidden, batch):
    network = TwoLayerNet(inputs, hidden, 3, weight_init_std=1, seed=seed)
    rng = np.random.default_rng(seed)
    x, t = rng.standard_normal((batch, inputs)), np.eye(3)[rng.integers(3, size=batch)]
    found = list(pairs(network, x, t))
    assert len(found) == batch * (hidden + 3) + (inputs + 1) * hidden + (hidden + 1) * 3
    for name, by_hand, on_values in found:
        assert by_hand == pytest.approx(on_values, abs=1e-12), name


def test_in_fractions_they_are_the_same_and_most_of_them_no_zero():
    found = beside.in_fractions()
    assert all(by_hand == on_values for _, by_hand, on_values in found)
    assert sum(isinstance(by_hand, Fraction) and by_hand != 0 for _, by_hand, _ in found) > 20


def test_the_numerical_gradient_leaves_the_parameters_as_they_were():
    network, x, t = beside.small()
    before = beside.theta(network.params).tolist()
    numerical, backward = network.numerical_gradient(x, t), network.gradient(x, t)
    assert beside.theta(network.params).tolist() == before
    for name in "W1", "b1", "W2", "b2":
        assert numerical[name] == pytest.approx(backward[name], abs=1e-8)


def test_the_network_begins_as_the_text_says():
    network = TwoLayerNet(784, 50, 10)
    assert [param.shape for param in network.params.values()] == [(784, 50), (50,), (50, 10), (10,)]
    assert network.params["W1"].std() == pytest.approx(0.01, rel=0.02) and not network.params["b1"].any()
    assert network.loss(np.zeros((5, 784)), np.eye(10)[:5]) == pytest.approx(np.log(10))


def test_accuracy_counts_the_highest_scores():
    network, x, _ = beside.small()
    answers = np.eye(2)[network.predict(x).argmax(axis=1)]
    assert network.accuracy(x, answers) == 1 and network.accuracy(x, 1 - answers) == 0


def test_timings_name_how_often_each_way_evaluates_the_loss():
    ways = timing.timings(*beside.small())
    assert [way.evaluations for way in ways] == [2 * (2 * 3 + 3 + 3 * 2 + 2), 1, 1]
    assert all(way.seconds > 0 for way in ways)


# ── Training ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def little(monkeypatch):
    """The demo with 5 hidden neurons, on 300 small digits, for 30 steps."""
    monkeypatch.setattr(digits, "TRAIN", 300)
    monkeypatch.setattr(digits, "TEST", 100)
    monkeypatch.setattr(digits, "mnist", missing)
    monkeypatch.setattr(chapter, "STEPS_ON_SMALL_DIGITS", 30)
    monkeypatch.setattr(training, "HIDDEN", 5)


def missing():
    raise FileNotFoundError


def test_the_demo_on_small_digits(tmp_path, capsys, monkeypatch):
    """All of it, as `python -m demos.saito` runs it."""
    monkeypatch.setattr(digits, "mnist", missing)
    monkeypatch.setattr(runner, "DEMOS", ["saito"])
    monkeypatch.setattr(sys, "argv", ["demo", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("demos.saito", run_name="__main__")
    shown = capsys.readouterr().out
    assert ended.value.code == 0 and "✗" not in shown and shown.count("✓") == 19
    assert "small digits (for MNIST, name the folder of its files in AUTOGRAD_DATA)" in shown
    assert (tmp_path / "saito.png").read_bytes().startswith(b"\x89PNG")


def test_too_few_steps_learn_too_little(little, tmp_path, capsys):
    assert not saito.run(tmp_path)
    shown = capsys.readouterr().out
    assert shown.count("✗") == 1 and "✗ " in shown[shown.index("their accuracies") :]


WRONG = {
    "a sum that keeps half": (AddLayer, "backward", lambda self, dout: (dout / 2, dout / 2)),
    "a product that does not swap": (MulLayer, "backward", lambda self, dout: (dout * self.x, dout * self.y)),
    "a sigmoid of slope y": (Sigmoid, "backward", lambda self, dout: dout * self.y),
    "a relu always on": (Relu, "backward", lambda self, dout: dout),
    "a loss that is a sum": (SoftmaxWithLoss, "backward", lambda self: self.y - self.t),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_way_back_is_found(mistake, little, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(*WRONG[mistake])
    assert not saito.run(tmp_path)
    assert capsys.readouterr().out.count("✗") > 1


def test_a_figure_of_the_bill_that_is_wrong_is_found(monkeypatch):
    monkeypatch.setitem(apples.FIGURES, "∂price/∂tax", ("201", "200"))
    assert [good for _, good in chapter.bill_claims(shopping.apples, apples)] == [True, True, True, False]


def test_every_batch_is_drawn_anew_and_the_same_in_every_run():
    data = Dataset(np.arange(300.0)[:, None], np.zeros(300, int))
    first, again = (list(training.batches(data, 3)) for _ in range(2))
    assert all((x == y).all() for (x, _), (y, _) in zip(first, again))
    assert len({x.tobytes() for x, _ in first}) == 3
    assert all(x.shape == (training.BATCH, 1) and (t == np.eye(10)[0]).all() for x, t in first)


@real
def test_ten_thousand_steps_of_the_compiled_network_tell_95_percent_of_mnist():
    """TEXTBOOKS A: batches of 100, rate 0.1, weights 0.01 · N(0, 1)."""
    train, test = mnist()
    side = training.Compiled(training.network_for(train))
    for x, t in training.batches(train, chapter.STEPS):
        side.step(x, t)
    assert side.accuracy(test) >= 0.95


# ── The small digits ────────────────────────────────────────────────────────────────────────────────


def test_small_digits_have_the_form_of_mnist_and_their_seed_decides_them():
    train, test = digits.digits(7)
    for data in train, test:
        assert data.x.shape == (len(data), 64) and data.x.dtype == float and data.y.dtype.kind == "i"
        assert data.x.min() == 0 and data.x.max() == 1 and set(data.y) == set(range(10))
    same, other = digits.digits(7)[0], digits.digits(8)[0]
    assert (same.x == train.x).all() and (same.y == train.y).all() and (other.x != train.x).any()


def test_every_small_digit_is_its_glyph_somewhere(monkeypatch):
    monkeypatch.setattr(digits, "NOISE", 0)
    glyphs, (_, test) = digits.dots(), digits.digits()
    for x, y in test:
        image = x.reshape(8, 8)
        ink = image == image.max()
        windows = [ink[row : row + 7, column : column + 5] for row in range(2) for column in range(4)]
        assert any((window == glyphs[y]).all() for window in windows)
    assert glyphs.shape == (10, 7, 5) and len({glyph.tobytes() for glyph in glyphs}) == 10
    assert glyphs[1].sum(axis=0).tolist() == [0, 2, 7, 1, 0]
