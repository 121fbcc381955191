"""The network in mathematical letters: backprop is what the graph of the forward pass gives."""

import os
import runpy
import sys
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd.ops import sum as total
from demos import digits, runner, with_style
from demos.with_style import beside, chapter, network, training
from demos.with_style.network import Network, σ, σʹ
from nn.data import Dataset, mnist

real = pytest.mark.skipif(
    "AUTOGRAD_DATA" not in os.environ, reason="AUTOGRAD_DATA, MNIST's folder, is not set"
)
structures = st.lists(st.integers(1, 4), min_size=2, max_size=4)


def example(structure, seed):
    """A random x and y, columns."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((structure[0], 1)), rng.uniform(size=(structure[-1], 1))


# ── Backpropagation ─────────────────────────────────────────────────────────────────────────────────


@given(st.floats(-30, 30))
def test_the_derivative_of_the_sigmoid_is_that_of_its_row(z):
    assert σ(z) == pytest.approx(autograd.sigmoid(z), rel=1e-12)
    assert σʹ(z) == pytest.approx(autograd.grad(autograd.sigmoid)(z), rel=1e-12, abs=1e-14)


@settings(max_examples=30)
@given(structures, st.integers(0, 999))
def test_every_derivative_is_that_on_values(structure, seed):
    found = list(beside.pairs(Network(structure, seed), *example(structure, seed)))
    weights = sum(inputs * neurons for inputs, neurons in pairwise(structure))
    assert len(found) == 2 * sum(structure[1:]) + weights
    for name, by_hand, on_values in found:
        assert by_hand == pytest.approx(on_values, abs=1e-12), name


@settings(max_examples=20)
@given(structures, st.integers(0, 999))
def test_the_forward_pass_on_arrays_of_values_needs_no_backprop(structure, seed):
    by_hand, on_values = Network(structure, seed), Network(structure, seed)
    on_values.Wₙ = [autograd.array(W) for W in on_values.Wₙ]
    on_values.Bₙ = [autograd.array(b) for b in on_values.Bₙ]
    x, y = example(structure, seed)
    d = on_values.forward(x)[1][-1] - y
    (total((d * d).ravel()) / 2).backward()
    for gradients, parameters in zip(by_hand.backprop(x, y), (on_values.Wₙ, on_values.Bₙ)):
        for gradient, parameter in zip(gradients, parameters):
            assert gradient == pytest.approx(parameter.grad.astype(float), abs=1e-12)


def test_in_fractions_they_are_the_same_and_no_zeros():
    found = beside.in_fractions()
    assert len(found) == 22
    assert all(isinstance(by_hand, Fraction) and by_hand == on_values != 0 for _, by_hand, on_values in found)


def test_the_forward_pass_takes_a_column_for_each_example():
    net = Network([3, 4, 2])
    x = np.random.default_rng(0).standard_normal((3, 5))
    Zₙ, Aₙ = net.forward(x)
    assert [z.shape for z in Zₙ] == [a.shape for a in Aₙ] == [(4, 5), (2, 5)]
    for i in range(5):
        assert net.forward(x[:, [i]])[1][-1] == pytest.approx(Aₙ[-1][:, [i]])


# ── Gradient descent ────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=20)
@given(st.integers(0, 999), st.integers(1, 5), st.sampled_from([0.1, 1.0, 3.0]))
def test_a_step_goes_along_the_mean_of_the_gradients(seed, m, η):
    net = Network([2, 3, 1], seed)
    mini_batch = [example([2, 3, 1], (seed, i)) for i in range(m)]
    before = beside.theta(net)
    gradients = []
    for x, y in mini_batch:
        step = Network([2, 3, 1], seed)
        step.Wₙ, step.Bₙ = step.backprop(x, y)
        gradients.append(beside.theta(step))
    net.gradient_descent(mini_batch, η)
    assert beside.theta(net) == pytest.approx(before - η * np.mean(gradients, axis=0), abs=1e-12)


def test_40_mini_batches_and_20_epochs_make_800_steps():
    steps, epochs = [], []
    net = Network([1, 1])
    net.gradient_descent = lambda mini_batch, η: steps.append(mini_batch)
    net.train_network([[i] for i in range(40)], 20, 0.1, lambda: epochs.append(len(steps)))
    assert steps == 20 * [[i] for i in range(40)] and epochs == [40 * i for i in range(1, 21)]


def test_columns_keep_every_example_in_its_place():
    X, Y = np.arange(14.0).reshape(7, 2), np.arange(7.0)[:, None]
    mini_batches = training.columns(X, Y, 3)
    assert [len(mini_batch) for mini_batch in mini_batches] == [3, 3, 1]
    for i, (x, y) in enumerate(example for mini_batch in mini_batches for example in mini_batch):
        assert x.tolist() == [[2 * i], [2 * i + 1]] and y.tolist() == [[i]]


def test_accuracy_counts_the_strongest_neurons():
    net = Network([2, 2])
    net.Wₙ, net.Bₙ = [np.eye(2)], [np.zeros((2, 1))]
    data = Dataset(np.array([[1.0, 0], [0, 1], [2, 1], [1, 2]]), np.array([0, 1, 0, 0]))
    assert training.accuracy(net, data) == training.Compiled(net).accuracy(data) == 0.75


# ── The demo ────────────────────────────────────────────────────────────────────────────────────────


def missing():
    raise FileNotFoundError


@pytest.fixture
def little(monkeypatch):
    """The demo on 1,000 small digits, for an epoch."""
    monkeypatch.setattr(digits, "TRAIN", 1_000)
    monkeypatch.setattr(digits, "TEST", 100)
    monkeypatch.setattr(digits, "mnist", missing)
    monkeypatch.setattr(chapter, "EPOCHS_ON_SMALL_DIGITS", 1)
    monkeypatch.setattr(chapter, "SWEEPS", 1)


def test_the_demo_on_small_digits(tmp_path, capsys, monkeypatch):
    """All of it, as `python -m demos.with_style` runs it."""
    monkeypatch.setattr(digits, "mnist", missing)
    monkeypatch.setattr(runner, "DEMOS", ["with_style"])
    monkeypatch.setattr(sys, "argv", ["demo", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("demos.with_style", run_name="__main__")
    shown = capsys.readouterr().out
    assert ended.value.code == 0 and "✗" not in shown and shown.count("✓") == 10
    assert (tmp_path / "with_style.png").read_bytes().startswith(b"\x89PNG")


def test_too_few_epochs_learn_too_little(little, tmp_path, capsys):
    assert not with_style.run(tmp_path)
    assert capsys.readouterr().out.count("✗") == 2


def test_a_wrong_derivative_is_found_everywhere(little, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(network.Network.__init__, "__defaults__", (0, σ, lambda z: 1.001 * σʹ(z)))
    monkeypatch.setattr(beside, "rʹ", lambda z: Fraction(1001, 1000) * (1 - z * z) / (1 + z * z) ** 2)
    assert not with_style.run(tmp_path)
    assert capsys.readouterr().out.count("✗") == 3 + 1 + 2


@real
def test_the_first_steps_on_mnist_are_those_of_the_compiled_network():
    train, _ = mnist(train=1_000)
    assert chapter.first_difference(train) < 1e-12
