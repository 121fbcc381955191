"""Inits: the variance that each promises, the bounds of the uniform ones, and the same numbers by seed."""

import math
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn.init import initializer

VARIANCES = {  # n inputs, m neurons
    "zeros": lambda n, m: 0,
    "uniform": lambda n, m: 1 / 3,
    "normal": lambda n, m: 1,
    "glorot": lambda n, m: 2 / (n + m),
    "xavier": lambda n, m: 2 / (n + m),
    "he": lambda n, m: 2 / n,
    "lecun": lambda n, m: 1 / n,
}


def promised(name, n, m):
    return VARIANCES[name.partition("_")[0]](n, m)


@pytest.mark.parametrize("name", sorted(nn.INITS))
def test_the_variance_that_was_promised_and_the_mean_0(name):
    n, m = 50, 60
    weights = [w.data for neuron in nn.Layer(n, m, init=name, seed=3).neurons for w in neuron.w]
    variance = promised(name, n, m)
    assert sum(w * w for w in weights) / len(weights) == pytest.approx(variance, rel=0.1)
    assert abs(sum(weights)) <= 4 * math.sqrt(variance * len(weights))
    assert weights == [w.data for neuron in nn.Layer(n, m, init=name, seed=3).neurons for w in neuron.w]


@given(st.integers(1, 500), st.integers(1, 500), st.integers())
def test_uniform_weights_reach_their_bound_and_never_go_beyond(n, m, seed):
    rng = Random(seed)
    for name in ("uniform", "glorot_uniform", "he_uniform", "lecun_uniform"):
        bound = math.sqrt(3 * promised(name, n, m))
        greatest = max(abs(nn.INITS[name](rng, n, m)) for _ in range(100))
        assert 0.8 * bound < greatest <= bound * (1 + 1e-15)


def test_short_names():
    for short, name in {"glorot": "glorot_uniform", "he": "he_normal", "lecun": "lecun_normal"}.items():
        assert nn.INITS[short] is nn.INITS[name]
    for kind in ("", "_uniform", "_normal"):
        assert nn.INITS[f"xavier{kind}"] is nn.INITS[f"glorot{kind}"]


def test_a_number_is_a_constant_and_a_function_is_itself():
    assert [w.data for w in nn.Neuron(3, init=Fraction(1, 3)).w] == [Fraction(1, 3)] * 3
    narrow = lambda rng, n, m: rng.gauss(0, 0.02)
    assert initializer(narrow) is narrow


def test_another_name_is_refused():
    with pytest.raises(ValueError, match=r"^init 'he_norml' does not exist; did you mean 'he_normal'\?"):
        initializer("he_norml")
