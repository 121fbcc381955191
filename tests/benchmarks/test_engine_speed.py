"""The engine against micrograd 0.1.0 and a Value of the 2026 style. Run with `make bench`.

Read the ratios in parentheses, not the milliseconds. A measurement is six consecutive training steps of
micrograd's demo network 2-16-16-1 over 20 points, recorded product by product, so that each peer pays
for its own garbage: both peers leave cycles behind that the collector has to find.
"""

import random
from itertools import pairwise

import pytest
from micrograd.engine import Value as Micrograd
from peers import Value2026

import autograd
from autograd import Value, no_grad, topological_order
from demos.build import step10
from tests.engines import PLAIN

PEERS = {"autograd": Value, "micrograd 0.1.0": Micrograd, "2026 style": Value2026}
STEPS, POINTS, SIZES = 6, 20, (2, 16, 16, 1)


def network(kind):
    """Weights and biases of every neuron, layer by layer, and the inputs."""
    rng = random.Random(0)
    layers = [
        [([kind(rng.uniform(-1, 1)) for _ in range(inputs)], kind(0.0)) for _ in range(neurons)]
        for inputs, neurons in pairwise(SIZES)
    ]
    points = [[kind(rng.uniform(-1, 1)) for _ in range(SIZES[0])] for _ in range(POINTS)]
    return layers, points


def loss_of(layers, points):
    """Σ max(0, 1 + output) over the points, recorded product by product."""
    total = 0
    for a in points:
        for layer in layers:
            z = [sum((w * x for w, x in zip(weights, a)), bias) for weights, bias in layer]
            a = [v.relu() for v in z] if layer is not layers[-1] else z
        total = total + (1 + a[0]).relu()
    return total


def train(layers, points, steps=STEPS):
    """Consecutive steps of gradient descent; returns the last loss."""
    parameters = [v for layer in layers for weights, bias in layer for v in (*weights, bias)]
    for _ in range(steps):
        loss = loss_of(layers, points)
        for p in parameters:
            p.grad = 0
        loss.backward()
        for p in parameters:
            p.data -= 0.01 * p.grad
    return loss.data


@pytest.mark.benchmark(group="six training steps, 2-16-16-1")
@pytest.mark.parametrize("peer", PEERS)
def test_training_steps(benchmark, peer):
    expected = train(*network(Value))
    result = benchmark.pedantic(train, setup=lambda: (network(PEERS[peer]), {}), rounds=12)
    assert result == pytest.approx(expected, rel=1e-12)


BUILT = {"in ten steps": step10, "without fast.py": PLAIN.autograd, "autograd": autograd}


@pytest.mark.benchmark(group="forward and backward of the network of demos/build, product by product")
@pytest.mark.parametrize("engine", BUILT)
def test_what_the_real_engine_adds(benchmark, engine):
    """Over 60 points, as there."""
    rng = random.Random(0)
    numbers, points = [rng.gauss() for _ in range(33)], [(rng.gauss(), rng.gauss()) for _ in range(60)]

    def step(engine):
        parameters = [engine.Value(x) for x in numbers]
        *hidden, last = [parameters[k : k + 3] for k in range(0, 24, 3)] + [parameters[24:]]
        total = 0
        for x, y in points:
            z = last[0]
            for w, (u, v, b) in zip(last[1:], hidden):
                z = z + w * engine.tanh(u * x + v * y + b)
            total = total + (engine.tanh(z) - 1) ** 2
        total.backward()
        return [p.grad for p in parameters]

    result = benchmark.pedantic(step, args=(BUILT[engine],), rounds=15, warmup_rounds=1)
    assert result == pytest.approx(step(autograd), rel=1e-9)


def chain(length):
    x = y = Value(1.0)
    for _ in range(length):
        y = y * x + x
    return y


@pytest.mark.benchmark(group="cost per node stays the same: 1,000 rounds × 100 nodes = 1 × 100,000")
@pytest.mark.parametrize(("length", "repeats"), [(50, 1000), (5_000, 10), (50_000, 1)])
def test_cost_is_linear_in_nodes(benchmark, length, repeats):
    def run():
        for _ in range(repeats):
            chain(length).backward()

    benchmark.pedantic(run, rounds=7, warmup_rounds=1)


@pytest.mark.benchmark(group="parts of a step, 2-16-16-1")
@pytest.mark.parametrize("part", ["forward", "forward under no_grad", "sort", "backward"])
def test_parts_of_a_step(benchmark, part):
    layers, points = network(Value)
    loss = loss_of(layers, points)

    def silent():
        with no_grad():
            return loss_of(layers, points)

    run = {
        "forward": lambda: loss_of(layers, points),
        "forward under no_grad": silent,
        "sort": lambda: topological_order(loss),
        "backward": loss.backward,
    }[part]
    benchmark.pedantic(run, rounds=15, warmup_rounds=1)
