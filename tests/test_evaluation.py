"""evaluate: the means of the metrics, by Values or compiled, without a graph."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from nn import evaluation, steps
from nn.data import Dataset, moons

DATA = moons(30, noise=0.1, seed=0)
METRICS = ["accuracy", "cross_entropy"]


@pytest.fixture
def pays(monkeypatch):
    """Compiling pays from one parameter and one example on."""
    monkeypatch.setattr(steps, "PARAMETERS", 1)
    monkeypatch.setattr(steps, "EXAMPLES", 1)


@settings(max_examples=10)
@given(st.integers(1, 30), st.booleans(), st.integers(0, 9))
def test_compiled_and_on_values_the_means_are_the_same(count, arrays, seed):
    model = nn.MLP(2, [3, 2], "tanh", seed=seed)
    data = DATA[:count]
    if arrays:
        data = Dataset(np.array(data.x), np.array(data.y))
    compiled, eager = (nn.evaluate(model, data, METRICS, compiled=way) for way in (True, False))
    assert compiled == pytest.approx(eager, rel=1e-12) and [*compiled] == METRICS
    assert eager["accuracy"] == sum(nn.accuracy(model(x), y) for x, y in data) / count


def test_it_compiles_where_it_pays_and_the_outputs_are_floats(pays, monkeypatch):
    monkeypatch.setattr(steps, "CHUNK", 7)
    model, seen = nn.MLP(2, [3, 1], "tanh", seed=0), []
    assert nn.evaluate(model, DATA, [lambda y, t: seen.append(type(y)) or t]) == {"<lambda>": 0.5}
    assert seen == [float] * 30


class Branching(nn.Module):
    def __init__(self):
        self.w = nn.Neuron(2, init=1.0)

    def __call__(self, x):
        return self.w(x) if x[0] > 0 else x[0]


def test_what_cannot_be_compiled_is_evaluated_on_values_and_a_line_says_why(pays, capsys):
    model = Branching()
    expected = nn.evaluate(model, DATA, ["accuracy"], compiled=False)
    assert nn.evaluate(model, DATA, ["accuracy"]) == expected
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("evaluate: not compiled, since it raises TypeError: ") and "branch" in line
    with pytest.raises(TypeError, match="branch"):
        nn.evaluate(model, DATA, ["accuracy"], compiled=True)


def test_a_function_without_parameters_is_a_model_too(pays):
    assert nn.evaluate(lambda x: x[0], DATA, ["mse"], compiled=None) == evaluation.evaluate(
        lambda x: x[0], DATA, ["mse"], compiled=False
    )
