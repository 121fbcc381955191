"""nn's networks, a `dot` per neuron, against the peers, product by product. Run with `make bench -s`.

Read the ratios. All sides do the same work on the same numbers and give the same results. A measurement is
several consecutive passes, so that each side pays for its own garbage; the sides take turns, so that all meet
the same weather, and the ratio is that of the medians of processor time.

The aims: the perceptron 15 times as fast as micrograd and 3.5 times as fast as a Value of the 2026 style, the
step of the tiny GPT 3 times as fast as that Value.
"""

import gc
import random
import statistics
import time
from itertools import pairwise

import micrograd.nn
import pytest
from peers import Adam, Value2026, gpt_loss, gpt_weights

import nn
from demos import gpt

ROUNDS, PASSES = 9, 4
SIZES = (2, 16, 16, 1)
RNG = random.Random(0)
POINTS = [[RNG.uniform(-1, 1) for _ in range(SIZES[0])] for _ in range(20)]
DOCUMENTS = ["emma", "olivia", "ava", "isabella"]


def compare(benchmark, passes):
    """Print what the others take in units of what the first takes."""
    times = {name: [] for name in passes}

    def turn():
        for name, run in passes.items():
            gc.collect()
            start = time.process_time()
            for _ in range(PASSES):
                run()
            times[name].append(time.process_time() - start)

    benchmark.pedantic(turn, rounds=ROUNDS, warmup_rounds=1)
    ours, *theirs = times.values()
    base = statistics.median(ours)
    for name, seconds in zip([*passes][1:], theirs):
        ratio, turns = statistics.median(seconds) / base, [b / a for a, b in zip(ours, seconds)]
        benchmark.extra_info[name] = ratio
        print(
            f"{name}: {ratio:.2f} × our {1000 * base / PASSES:.2f} ms "
            f"(turn by turn {min(turns):.2f} to {max(turns):.2f})"
        )


class MLP2026:
    """nn.MLP's numbers in Values of the 2026 style, product by product."""

    def __init__(self, parameters):
        values = iter([Value2026(p.data) for p in parameters])
        self.layers = [
            [([next(values) for _ in range(nin)], next(values)) for _ in range(nout)]
            for nin, nout in pairwise(SIZES)
        ]

    def parameters(self):
        return [p for layer in self.layers for w, b in layer for p in (*w, b)]

    def __call__(self, x):
        for layer in self.layers:
            x = [sum((w * xi for w, xi in zip(weights, x)), b) for weights, b in layer]
            x = [z.relu() for z in x] if layer is not self.layers[-1] else x
        return x[0]


def sum_over_points(model, parameters):
    """One pass forward and backward; the parameters keep its gradients."""
    for p in parameters:
        p.grad = 0
    total = sum(model(x) for x in POINTS)
    total.backward()
    return total.data


@pytest.mark.benchmark(group="20 points through 2-16-16-1, forward and backward")
def test_perceptron(benchmark):
    ours, theirs = nn.MLP(SIZES[0], SIZES[1:], seed=0), micrograd.nn.MLP(SIZES[0], list(SIZES[1:]))
    for p, q in zip(theirs.parameters(), ours.parameters()):
        p.data = q.data
    models = {"nn": ours, "micrograd 0.1.0": theirs, "2026 style": MLP2026(ours.parameters())}
    sides = {name: (model, model.parameters()) for name, model in models.items()}
    results = [[sum_over_points(*side), *(p.grad for p in side[1])] for side in sides.values()]
    for result in results[1:]:
        assert result == pytest.approx(results[0], rel=1e-9, abs=1e-9)
    compare(benchmark, {name: lambda side=side: sum_over_points(*side) for name, side in sides.items()})


def gpt_step(parameters, loss_of, move):
    """One step on one name: forward, backward, and `move` for the optimizer."""
    for p in parameters:
        p.grad = 0
    loss = loss_of()
    loss.backward()
    move()
    return loss.data


@pytest.mark.benchmark(group="a step of the tiny GPT on one name of seven letters")
@pytest.mark.parametrize("optimizer", ["without Adam", "with Adam"])
def test_gpt(benchmark, optimizer):
    model, document = gpt.GPT(27, seed=0), [26, 6, 0, 1, 17, 8, 4, 11, 26]
    weights = gpt_weights(model)
    ours = model.parameters(), lambda: gpt.loss_of(model, document)
    theirs = (
        [p for rows in weights.values() for row in rows for p in row],
        lambda: gpt_loss(weights, 4, document),
    )
    if optimizer == "with Adam":
        adam, plain = gpt.optim.Adam(ours[0], 0.01, betas=(0.85, 0.99)), Adam(theirs[0], 0.85, 0.99)
        moves = adam.step, lambda: plain.step(0.01)
    else:
        moves = (lambda: None,) * 2
    sides = {"nn": (*ours, moves[0]), "2026 style": (*theirs, moves[1])}
    results = [[gpt_step(*side) for _ in range(3)] for side in sides.values()]
    assert results[0] == pytest.approx(results[1], rel=1e-9)
    compare(benchmark, {name: lambda side=side: gpt_step(*side) for name, side in sides.items()})
