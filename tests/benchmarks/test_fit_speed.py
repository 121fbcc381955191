"""nn.fit against the same loop by hand, on micrograd's network of the moons. Run with `make bench`.

Read the ratios: fit is to cost at most 5 % more than the loop by hand. It mostly costs less, since Python's
cyclic garbage collector rests during its batches; the second ratio, to a loop without the collector, is the
price of fit itself. A round of each takes turns with a round of the others, so that all meet the same
weather; the ratios are those of the medians of processor time.
"""

import gc
import statistics
import time

import pytest

import nn
from autograd import mean
from nn.data import moons
from nn.losses import hinge
from nn.optim import SGD

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
    times = {by_hand: [], without_the_collector: [], by_fit: []}

    def turn():
        for way, measured in times.items():
            measured.append(seconds(way, batch_size))

    benchmark.pedantic(turn, rounds=ROUNDS, warmup_rounds=1)
    fit = statistics.median(times.pop(by_fit))
    for way, measured in times.items():
        ratio = fit / statistics.median(measured)
        benchmark.extra_info[way.__name__] = ratio
        print(f"batches of {batch_size}: fit takes {ratio:.3f} × {way.__name__}")
