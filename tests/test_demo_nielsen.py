"""Nielsen's network: one network by hand, on Values and compiled, and the demo would say if it were not."""

import os
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demos import digits, nielsen, runner
from demos.nielsen import mini_batch, training, values
from demos.nielsen.mini_batch import CompiledNetwork, MatrixNetwork, views
from demos.nielsen.network import Network, column
from nn.data import Dataset

needs_mnist = pytest.mark.skipif(
    "AUTOGRAD_DATA" not in os.environ, reason="AUTOGRAD_DATA, the folder of MNIST, is not set"
)
seeds = st.integers(0, 999)
sizes = st.lists(st.integers(1, 4), min_size=2, max_size=4)


@pytest.fixture
def small_digits(monkeypatch, tmp_path):
    """The demos find no MNIST, and take the digits that they make."""
    monkeypatch.setenv("AUTOGRAD_DATA", str(tmp_path))


def parameters(network):
    """All biases and weights in one array."""
    return np.concatenate([p.ravel() for p in (*network.biases, *network.weights)])


def examples(sizes, n, seed=0):
    """Random inputs and outputs."""
    rng = np.random.default_rng((seed, 2))
    return Dataset(rng.uniform(size=(n, sizes[0])), rng.uniform(size=(n, sizes[-1])))


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=25)
@given(sizes, seeds)
def test_by_hand_and_on_values_every_number_is_the_same(sizes, seed):
    for _, by_hand, on_values in values.in_floats(sizes, seed):
        assert by_hand == pytest.approx(on_values, abs=1e-12)
    for _, by_hand, on_values in values.in_fractions(sizes, seed):
        assert by_hand == on_values


@settings(max_examples=25)
@given(sizes, seeds)
def test_backprop_gives_the_slopes_of_the_cost(sizes, seed):
    """Against the complex step: Im C(p + ih) / h."""
    network, h = Network(sizes, seed), 1e-20
    [(x, y)] = examples(sizes, 1, seed)
    nabla_b, nabla_w = network.backprop(column(x), column(y))
    for group, gradients in (network.biases, nabla_b), (network.weights, nabla_w):
        for layer, gradient in enumerate(gradients):
            real = group[layer]
            for place in np.ndindex(real.shape):
                group[layer] = real.astype(complex)
                group[layer][place] += h * 1j
                C = ((network.feedforward(column(x)) - column(y)) ** 2).sum() / 2
                assert gradient[place] == pytest.approx(C.imag / h, rel=1e-12, abs=1e-15)
            group[layer] = real


@settings(max_examples=15)
@given(sizes, st.integers(1, 5), seeds)
@pytest.mark.parametrize("kind", [MatrixNetwork, CompiledNetwork])
def test_a_mini_batch_moves_every_network_alike(kind, sizes, n, seed):
    loop, other = Network(sizes, seed), kind(sizes, seed)
    before = parameters(other)
    np.testing.assert_array_equal(before, parameters(loop))
    for network in loop, other:
        network.update_mini_batch(examples(sizes, n, seed), 0.5)
    np.testing.assert_allclose(parameters(other), parameters(loop), atol=1e-13)
    assert (parameters(other) != before).any()


@given(sizes)
def test_views_hold_every_parameter_once(sizes):
    count = sum((inputs + 1) * neurons for inputs, neurons in pairwise(sizes))
    theta = np.arange(count)
    weights, biases = views(theta, sizes)
    assert [w.shape for w in weights] == list(zip(sizes[1:], sizes))
    assert sorted(np.concatenate([p.ravel() for p in (*weights, *biases)])) == list(range(count))
    biases[-1][-1] = -1
    assert theta[-1] == -1


# ── The book's methods ──────────────────────────────────────────────────────────────────────────────


def test_sgd_takes_every_example_once_an_epoch_in_another_order(monkeypatch):
    data, taken = Dataset(np.arange(7.0)[:, None], np.zeros(7, int)), []
    monkeypatch.setattr(Network, "update_mini_batch", lambda self, batch, eta: taken.append(batch.x[:, 0]))
    history = Network([1, 2]).SGD(data, 2, 3, 1.0, data)
    assert [len(batch) for batch in taken] == [3, 3, 1] * 2
    first, second = np.concatenate(taken[:3]), np.concatenate(taken[3:])
    assert sorted(first) == sorted(second) == list(range(7)) and (first != second).any()
    assert [row["epoch"] for row in history.rows] == [1, 2]


def test_evaluate_counts_the_digits_that_are_told():
    network = Network([2, 2])
    network.weights, network.biases = [np.eye(2)], [np.zeros((2, 1))]
    assert network.evaluate(Dataset(np.array([[1, 0], [0, 1], [3, 2]]), np.array([0, 0, 0]))) == 2


def test_weights_are_narrowed_by_the_root_of_their_number():
    network, narrowed = CompiledNetwork([9, 2, 1]), CompiledNetwork([9, 2, 1])
    training.narrow(narrowed)
    np.testing.assert_allclose(narrowed.weights[0], network.weights[0] / 3)
    np.testing.assert_array_equal(narrowed.theta[[9, 19]], network.theta[[9, 19]])  # biases


# ── The demo ────────────────────────────────────────────────────────────────────────────────────────


def test_the_demo_holds_its_claims_on_small_digits(small_digits, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(training, "EPOCHS", 10)
    assert nielsen.run(tmp_path)
    shown = capsys.readouterr().out
    assert "✗" not in shown and shown.count("✓") == 1 + 4 + 2 + 2
    assert shown.count("All claims hold.") == len(nielsen.PARTS)
    assert "Data: small digits" in shown and "\n   10  " in shown
    assert (tmp_path / "nielsen.png").read_bytes().startswith(b"\x89PNG")


def test_a_wrong_derivative_is_found_beside_the_values(monkeypatch):
    def wrong(prime):
        return staticmethod(lambda z: prime(z) + z - z + 1)

    monkeypatch.setattr(Network, "sigma_prime", wrong(Network.sigma_prime))
    prime = values.RationalNetwork.sigma_prime
    monkeypatch.setattr(values.RationalNetwork, "sigma_prime", wrong(prime))
    assert [holds for _, holds in values.claims()] == [False] * 4


@pytest.mark.parametrize(("kind", "place"), [(MatrixNetwork, 0), (CompiledNetwork, 1)])
def test_a_step_that_differs_is_found_beside_the_loop(kind, place, monkeypatch):
    right = kind.update_mini_batch
    monkeypatch.setattr(kind, "update_mini_batch", lambda self, batch, eta: right(self, batch, eta * 1.001))
    monkeypatch.setattr(mini_batch, "AGREEMENT", 2)
    train, _ = digits.digits()
    held = [holds for _, holds in mini_batch.claims(Dataset(train.x, np.eye(10)[train.y]))]
    assert held == [i != place for i in range(2)]


def test_after_one_epoch_too_few_digits_are_told(small_digits, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(training, "EPOCHS", 1)
    monkeypatch.setattr(runner, "plot", lambda *drawings: None)
    assert not training.run(tmp_path)
    assert "✗ from N(0, 1)" in capsys.readouterr().out


@needs_mnist
def test_thirty_epochs_tell_93_percent_of_mnist():
    """Nielsen, chapter 1: 784-30-10, η = 3.0, mini-batches of 10; about 95 % with 50,000 images."""
    train, test, name = digits.load()
    assert name == "MNIST"
    history = CompiledNetwork([784, 30, 10]).SGD(train, 30, 10, 3.0, test)
    assert history.rows[-1]["val_accuracy"] >= 0.93
