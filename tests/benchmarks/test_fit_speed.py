"""nn.fit against the same loop by hand. Run with `OPENBLAS_NUM_THREADS=1 make bench`.

Read the ratios: fit is to cost at most 5 % more than the loop by hand on Values (micrograd's network of the
moons), and 10 % more than one on arrays (a network of MNIST's size), whose step is a thousand times as fast.
On Values it mostly costs less, since Python's cyclic garbage collector rests during its batches; the second
ratio, to a loop without the collector, is the price of fit itself. A round of each takes turns with a round
of the others, so that all meet the same weather; the ratios are those of the medians of processor time.
"""

import gc
import statistics
import time

import numpy as np
import pytest

import nn
from autograd import mean
from nn.data import Dataset, moons
from nn.losses import hinge, quadratic
from nn.optim import SGD
from nn.steps import CompiledStep

ROUNDS, EPOCHS = 9, 1
DATA = moons(500, noise=0.1, seed=0)
DATA.y = [2 * y - 1 for y in DATA.y]  # ±1, for the hinge


def by_hand(model, optimizer, batch_size):
    losses = []
    for epoch in range(EPOCHS):
        for batch in DATA.batches(batch_size, (0, epoch + 1)):
            loss = mean([hinge(model(x), y) for x, y in batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.data)
    return losses


def without_the_collector(model, optimizer, batch_size):
    gc.disable()
    try:
        return by_hand(model, optimizer, batch_size)
    finally:
        gc.enable()


def by_fit(model, optimizer, batch_size):
    return nn.fit(model, DATA, "hinge", optimizer, epochs=EPOCHS, batch_size=batch_size)


def seconds(way, batch_size):
    model = nn.MLP(2, [16, 16, 1], seed=0)
    optimizer = SGD(model.parameters(), 0.1)
    start = time.process_time()
    way(model, optimizer, batch_size)
    return time.process_time() - start


@pytest.mark.benchmark(group="an epoch of 500 moons, 2-16-16-1: fit at most 1.05 × the bare loop")
@pytest.mark.parametrize("batch_size", [500, 100, 10, 1])
def test_fit(benchmark, batch_size):
    ways = by_hand, without_the_collector, by_fit
    compare(
        benchmark, f"batches of {batch_size}", {way: lambda way=way: seconds(way, batch_size) for way in ways}
    )


def compare(benchmark, title, ways):
    """Print what the last of the ways takes in units of what each of the others takes."""
    times = {way: [] for way in ways}

    def turn():
        for way, measure in ways.items():
            times[way].append(measure())

    benchmark.pedantic(turn, rounds=ROUNDS, warmup_rounds=1)
    medians = {way.__name__: statistics.median(measured) for way, measured in times.items()}
    name, fit = medians.popitem()
    for other, median in medians.items():
        benchmark.extra_info[other] = fit / median
        print(f"{title}: {name} takes {fit / median:.3f} × {other}")


# ── On arrays ───────────────────────────────────────────────────────────────────────────────────────

IMAGES, BATCH, PASSES = 20_000, 10, 2


def compiled_by_hand(data, step, optimizer):
    for epoch in range(PASSES):
        for batch in data.batches(BATCH, (0, epoch + 1)):
            step.program(step.theta, batch.x, batch.y, out=step.gradient)
            optimizer.step_array(step.theta, step.gradient)


def compiled_by_fit(data, step, optimizer):
    nn.fit(step.model, data, "quadratic", optimizer, epochs=PASSES, batch_size=BATCH, step=step)


@pytest.mark.benchmark(group="two epochs of 20,000 images, 784-30-10: fit at most 1.1 × the compiled loop")
def test_compiled_fit(benchmark):
    rng = np.random.default_rng(0)
    data = Dataset(rng.random((IMAGES, 784)), np.eye(10)[rng.integers(10, size=IMAGES)])
    model = nn.MLP(784, [30, 10], "sigmoid", "sigmoid", init="lecun", seed=0)
    optimizer = SGD(model.parameters(), 0.001)
    step = CompiledStep(model, quadratic, optimizer, outputs=False)
    step.check(data)

    def seconds_of(way):
        start = time.process_time()
        way(data, step, optimizer)
        return time.process_time() - start

    ways = compiled_by_hand, compiled_by_fit
    compare(benchmark, "batches of 10, compiled", {way: lambda way=way: seconds_of(way) for way in ways})
