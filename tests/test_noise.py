"""Dropout and Noise: the same numbers on Values, compiled and resumed, and none in an evaluation."""

import math
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import assert_refused

import autograd
import nn
from autograd import Value
from nn import Checkpoint
from nn.data import moons
from nn.losses import l2, mse
from nn.noise import drawing, silence, tape
from nn.optim import SGD, Adam
from nn.steps import CompiledStep, draws_of

DATA, VALIDATION = moons(24, noise=0.1, seed=0).split(0.7, seed=0)
OPTIONS = {"epochs": 3, "batch_size": 5, "validation": VALIDATION, "metrics": ["accuracy", "mse"]}


class Noisy(nn.Module):
    """A model that draws several times for an example, with one module twice."""

    def __init__(self, seed=0):
        self.noise, self.dropout = nn.Noise(0.3), nn.Dropout(0.4)
        self.network = nn.MLP(2, [4, 3], "tanh", "tanh", seed=seed, dropout=0.5)
        self.out = nn.Layer(3, 1, "linear", seed=seed)

    def __call__(self, x):
        return self.out(self.dropout(self.network(self.dropout(self.noise(x)))))[0]


def fitted(compiled, seed=0, model_seed=0, penalized=False, **options):
    model = Noisy(model_seed)
    optimizer = Adam(model.parameters(), 0.05)
    penalty = (lambda: l2(model.parameters(), 0.1)) if penalized else None
    options = {**OPTIONS, "seed": seed, "penalty": penalty, "compiled": compiled, **options}
    return nn.fit(model, DATA, "binary_cross_entropy", optimizer, **options), model.state_dict()


@settings(max_examples=15)
@given(st.integers(0, 9) | st.none(), st.integers(1, 17) | st.none(), st.booleans())
def test_compiled_and_eager_training_draw_the_same(seed, size, penalized):
    (history, state), (other, eager) = (
        fitted(compiled, seed, penalized=penalized, batch_size=size) for compiled in (True, False)
    )
    assert state == pytest.approx(eager, rel=1e-9, abs=1e-12)
    for name, curve in history.history.items():
        assert curve == pytest.approx(other.history[name], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("size", [5, None])
def test_a_resumed_training_draws_what_it_would_have_drawn(compiled, size, tmp_path):
    path = tmp_path / "run"
    end = lambda history: len(history) == 2
    fitted(compiled, batch_size=size, checkpoint=path, callbacks=[end])
    resumed = fitted(compiled, model_seed=1, batch_size=size, checkpoint=Checkpoint(path, resume=True))
    assert resumed == fitted(compiled, batch_size=size)
    with pytest.raises(ValueError, match="seed is 0 there, and 1 here"):
        fitted(compiled, seed=1, batch_size=size, checkpoint=Checkpoint(path, resume=True))


@pytest.mark.parametrize("compiled", [True, False])
def test_every_example_of_every_step_has_noise_of_its_own(compiled):
    data = nn.data.Dataset([[1.0] * 3] * 4, [0.0] * 4)
    layer, seen = nn.Layer(3, 1, init=1.0), []

    class Model(nn.Module):
        def __init__(self):
            self.noise, self.layer = nn.Noise(1.0), layer

        def __call__(self, x):
            return self.layer(self.noise(x))[0]

    model = Model()
    look = lambda y, t: seen.append(float(y)) or 0
    for seed in 0, 1, 0:
        frozen = SGD(model.parameters(), 0)
        nn.fit(
            model, data, "mse", frozen, epochs=2, batch_size=2, seed=seed, metrics=[look], compiled=compiled
        )
    first, second, again = seen[:8], seen[8:16], seen[16:]
    assert len({*first, *second} - {3.0}) >= 12 and first == again


@pytest.mark.parametrize("compiled", [True, False])
def test_nothing_is_drawn_for_a_validation_and_in_evaluate(compiled):
    model = Noisy()
    optimizer = Adam(model.parameters())
    history = nn.fit(model, DATA, "mse", optimizer, **{**OPTIONS, "metrics": ["accuracy"]}, compiled=compiled)
    for on in False, True:
        model.train(on)
        means = nn.evaluate(model, VALIDATION, ["mse", "accuracy"], compiled=compiled)
        row = {"mse": history[-1]["val_loss"], "accuracy": history[-1]["val_accuracy"]}
        assert means == pytest.approx(row, rel=1e-12)
    model.eval()
    assert means["mse"] == pytest.approx(sum(mse(model(x), y).data for x, y in VALIDATION) / len(VALIDATION))


# ── The numbers ─────────────────────────────────────────────────────────────────────────────────────


@given(st.floats(0, 0.9), st.integers(0, 99))
@settings(max_examples=20)
def test_dropout_keeps_the_mean_and_its_share(p, seed):
    n = 4000
    dropout = nn.Dropout(p, seed=seed)
    dropout.train()
    out = dropout([1.0] * n)
    assert {*out} <= {0.0, 1 / (1 - p)}
    deviation = math.sqrt(p / (1 - p) / n)
    assert abs(sum(out) / n - 1) <= 5 * deviation


@given(st.floats(0, 3), st.integers(0, 99))
@settings(max_examples=20)
def test_noise_has_the_mean_0_and_its_deviation(deviation, seed):
    n = 4000
    noise = nn.Noise(deviation, seed=seed)
    noise.train()
    drawn = [x - 5.0 for x in noise([5.0] * n)]
    assert abs(sum(drawn)) <= 5 * deviation * math.sqrt(n) + 1e-9
    assert math.sqrt(sum(x * x for x in drawn) / n) == pytest.approx(deviation, rel=0.1, abs=1e-9)


def test_what_is_dropped_has_no_slope():
    x = [Value(2.0), Value(3.0)]
    with drawing(tape([0.0, 2.0])):
        y = sum(nn.Dropout(0.5)(x))
    y.backward()
    assert y.data == 6 and [xi.grad for xi in x] == [0, 2]


# ── Who decides ─────────────────────────────────────────────────────────────────────────────────────


def test_outside_of_fit_the_model_decides_and_it_does_not_draw_at_first():
    model = nn.MLP(2, [8, 1], seed=0, dropout=0.5)
    plain = nn.MLP(2, [8, 1], seed=0)
    outputs = lambda: {model([1.0, 2.0]).data for _ in range(9)}
    assert outputs() == {plain([1.0, 2.0]).data}
    model.train()
    assert len(outputs()) > 2
    model.eval()
    assert outputs() == {plain([1.0, 2.0]).data}


def test_a_source_is_that_of_its_thread_and_gone_after_an_error():
    dropout, seen = nn.Dropout(0.5, seed=0), []

    @drawing(tape([0.0]))
    def fail():
        thread = threading.Thread(target=lambda: seen.append(dropout([1.0])))
        thread.start()
        thread.join()
        seen.append(dropout([1.0]))
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fail()
    seen.append(dropout([1.0]))
    assert seen == [[1.0], [0.0], [1.0]]


def test_modes_reach_every_module_once_wherever_it_stands():
    class Tree(nn.Module):
        def __init__(self):
            self.parts = [{"a": nn.Dropout()}, (nn.Noise(), Value(1.0))]
            self.itself, self.again = self, self.parts

    tree = Tree()
    assert [type(module) for module in tree.modules()] == [Tree, nn.Dropout, nn.Noise]
    assert [module.training for module in tree.modules()] == [False] * 3
    tree.train()
    assert [module.training for module in tree.modules()] == [True] * 3


def test_a_program_of_ones_own_has_no_noise_and_is_refused_while_the_model_trains():
    model, plain = nn.MLP(2, [4, 1], seed=0, dropout=0.5), nn.MLP(2, [4, 1], seed=0)
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    programs = [autograd.compile(m, m.parameters()) for m in (model, plain)]
    assert np.array_equal(*[program.predict(program.parameters(), x) for program in programs])
    model.train()
    program = autograd.compile(model, model.parameters())
    with pytest.raises(TypeError, match=r"^Dropout: compile records one example, .*; model.eval\(\) before"):
        program.predict(program.parameters(), x)


def test_what_a_model_draws_is_found_in_its_order():
    model = Noisy()
    draws = draws_of(model, [1.0, 2.0])
    assert [count for _, count in draws] == [2, 2, 4, 3]
    assert [draw.__self__ for draw, _ in draws] == [
        model.noise,
        model.dropout,
        model.network.dropout,
        model.dropout,
    ]
    with drawing(silence):
        assert model([1.0, 2.0]).data == Noisy()([1.0, 2.0]).data
    assert draws_of(nn.MLP(2, [1]), [1.0, 2.0]) == []
    step = CompiledStep(model, mse, SGD(model.parameters(), 0.1), draws=draws)
    assert step._noise(3)[0].shape == (3, 11)


def test_reprs():
    assert repr(nn.Dropout(0.25)) == "Dropout(0.25)" and repr(nn.Noise(2)) == "Noise(2)"
    assert repr(nn.MLP(1, [1], dropout=0.5)).startswith(
        "MLP(1, [1], activation='relu', output='linear', drop"
    )


BAD = {
    "p": (lambda: nn.Dropout(1), ValueError, "Dropout: p must be at least 0 and below 1, not 1"),
    "nan": (lambda: nn.Dropout(math.nan), ValueError, "not nan"),
    "deviation": (
        lambda: nn.Noise(-1),
        ValueError,
        "Noise: the deviation must be at least 0 and finite, not -1",
    ),
    "one number": (
        lambda: nn.Dropout()(1.0),
        TypeError,
        "Dropout: the input must be a sequence of numbers, not",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_by_name(case):
    assert_refused(*BAD[case])
