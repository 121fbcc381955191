"""The network from zero: one network by hand, on Values and compiled; each error of the article shows."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from demos import from_zero, runner
from demos.from_zero import errors, network, training, values
from demos.from_zero.network import ACTIVATIONS, NeuralNetwork

seeds = st.integers(0, 999)
layers = st.lists(st.integers(1, 4), min_size=2, max_size=4)


@st.composite
def networks(draw):
    """(layers, activations)."""
    sizes = draw(layers)
    return sizes, [draw(st.sampled_from(sorted(ACTIVATIONS))) for _ in sizes[1:]]


@pytest.fixture
def small_digits(monkeypatch, tmp_path):
    """The demos find no MNIST, and take the digits that they make."""
    monkeypatch.setenv("AUTOGRAD_DATA", str(tmp_path))


def batch(sizes, n, seed):
    """Random x and y, examples in columns."""
    rng = np.random.default_rng((seed, 2))
    return rng.uniform(size=(sizes[0], n)), rng.uniform(size=(sizes[-1], n))


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=25)
@given(networks(), st.integers(1, 3), seeds)
def test_by_hand_and_on_values_every_number_is_the_same(network, n, seed):
    for _, by_hand, on_values in values.in_floats(*network, n, seed):
        assert by_hand == pytest.approx(on_values, rel=1e-12, abs=1e-12)
    for _, by_hand, on_values in values.in_fractions(network[0], n, seed):
        assert by_hand == on_values


@settings(max_examples=25)
@given(networks(), st.integers(1, 3), seeds)
def test_backpropagation_gives_the_slopes_of_the_cost(network, n, seed):
    """Against quotients, extrapolated from two steps."""
    network = NeuralNetwork(*network, seed)
    x, y = batch(network.layers, n, seed)
    dw, db = network.backpropagation(y, *network.feedforward(x))
    for group, gradients in (network.weights, dw), (network.biases, db):
        for array, gradient in zip(group, gradients):
            for place in np.ndindex(array.shape):

                def cost(p):
                    array[place] = p  # noqa: B023 (called in this turn of the loop)
                    return network.cost(x, y)

                p = array[place]
                half, whole = (errors.quotient(cost, p, h) for h in (1e-4, 2e-4))
                array[place] = p
                assert gradient[place] == pytest.approx((4 * half - whole) / 3, rel=1e-7, abs=1e-7)


@given(networks(), st.integers(2, 5), seeds)
def test_a_batch_gives_the_mean_of_its_examples(network, n, seed):
    network = NeuralNetwork(*network, seed)
    x, y = batch(network.layers, n, seed)
    whole = network.backpropagation(y, *network.feedforward(x))
    single = [
        network.backpropagation(y[:, i : i + 1], *network.feedforward(x[:, i : i + 1])) for i in range(n)
    ]
    for which in range(2):
        for layer, gradient in enumerate(whole[which]):
            mean = sum(gradients[which][layer] for gradients in single) / n
            np.testing.assert_allclose(gradient, mean, atol=1e-12, rtol=1e-12)


# ── The article's methods ───────────────────────────────────────────────────────────────────────────


def test_train_takes_batches_of_columns_in_order(monkeypatch):
    taken, right = [], NeuralNetwork.feedforward
    monkeypatch.setattr(
        NeuralNetwork, "feedforward", lambda self, x: taken.append(x[0].tolist()) or right(self, x)
    )
    x = np.arange(5.0)[None]
    NeuralNetwork([1, 1], ["linear"]).train(x, x, batch_size=2, epochs=2)
    assert taken == [[0, 1], [2, 3], [4]] * 2


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_that_of_the_engine(name):
    z = np.array([-800.0, -1.5, 0.0, 0.5, 800.0])
    f, prime = ACTIVATIONS[name]
    engine = getattr(autograd, name, lambda z: z)
    nodes = [autograd.Value(number) for number in z]
    for node in nodes:
        (engine(node) * 1).backward()
    assert f(z) == pytest.approx([engine(number) for number in z.tolist()], rel=1e-12)
    assert prime(z) == pytest.approx([node.grad for node in nodes], rel=1e-12)


@pytest.mark.parametrize(
    ("activations", "said"),
    [
        (["tanh", "relu"], "activation 'tanh' does not exist; there is sigmoid, linear, relu"),
        (["relu"], "1 activations for 3 layers; give one to each layer but the inputs"),
    ],
)
def test_other_activations_are_refused(activations, said):
    with pytest.raises(ValueError, match=said):
        NeuralNetwork([2, 3, 1], activations)


# ── The errors ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("error", errors.ERRORS)
def test_an_error_shows(error):
    claims = list(error())
    assert claims and all(holds for _, holds in claims)


BROKEN = [  # the error, what is replaced in its run and by what, which of its claims then fail
    (errors.the_printed_delta_lacks_a_prime, "sigmoid_prime", lambda z: 1.001, [1]),
    (errors.the_printed_delta_lacks_a_prime, "quotient", lambda f, z: errors.sigmoid(z) ** 2, [0, 1]),
    (errors.the_codes_gradient_has_the_other_sign, "cost", lambda w: -w, [0, 1, 2]),
    (errors.two_equations_are_headed_bp1, "sigmoid_prime", lambda z: 1.001, [0, 1]),
    (
        errors.batches_are_cut_from_the_wrong_axis,
        "printed_batches",
        lambda x, y, size: [(x[:, :size], y[:, :size])],
        [0, 1],
    ),
    (errors.the_sigmoid_overflows, "sigmoid", lambda z: np.nan, [1]),
    (errors.an_unknown_activation_goes_on_as_linear, "printed_activation", lambda name: np.tanh, [0]),
    (errors.an_unknown_activation_goes_on_as_linear, "NeuralNetwork", lambda *arguments: None, [1]),
    (errors.the_slope_of_relu_at_its_kink, "quotient", lambda f, z: f(z + 1), [1]),
    (errors.the_slope_of_relu_at_its_kink, "autograd", SimpleNamespace(relu=lambda z: z), [0]),
    (errors.the_shape_of_w, "refusal", lambda f: "", [0]),
    (errors.the_shape_of_w, "NeuralNetwork", lambda *_: SimpleNamespace(weights=[np.eye(2)]), [1]),
]


@pytest.mark.parametrize(("error", "name", "replacement", "failing"), BROKEN)
def test_a_run_that_shows_no_error_is_found(error, name, replacement, failing, monkeypatch):
    monkeypatch.setattr(errors, name, replacement)
    assert [place for place, (_, holds) in enumerate(error()) if not holds] == failing


# ── The demo ────────────────────────────────────────────────────────────────────────────────────────


def test_the_demo_holds_its_claims_on_small_digits(small_digits, tmp_path, capsys):
    assert from_zero.run(tmp_path)
    shown = capsys.readouterr().out
    assert "✗" not in shown and shown.count("All claims hold.") == len(from_zero.PARTS)
    assert "Unknown activation function tanh" in shown and "Data: small digits" in shown
    assert (tmp_path / "from_zero.png").read_bytes().startswith(b"\x89PNG")


def test_a_wrong_derivative_is_found_beside_the_values(monkeypatch):
    for name, (f, prime) in ACTIVATIONS.items():
        monkeypatch.setitem(ACTIVATIONS, name, (f, lambda z, prime=prime: prime(z) + 1))
    assert [holds for _, holds in values.claims()] == [False] * 4


def test_without_learning_no_claim_holds(small_digits, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(NeuralNetwork, "train", lambda *arguments, **settings: None)
    monkeypatch.setattr(training, "LEARNING_RATES", dict.fromkeys(training.LEARNING_RATES, 0.0))
    monkeypatch.setattr(training, "EPOCHS", 1)
    monkeypatch.setattr(runner, "plot", lambda *drawings: None)
    assert not network.run(tmp_path) and not training.run(tmp_path)
    assert "✓" not in capsys.readouterr().out
