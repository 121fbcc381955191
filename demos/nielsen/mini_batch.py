"""Part 3. The book's exercise: all examples of a mini-batch at once. Written by hand, and compiled.

The loop of part 1 multiplies the weights by one column after the other. Put the columns side by side, one
matrix X for the whole mini-batch, and nearly nothing in `backprop` changes: w X + b gives all z, a column for
each example, and BP1 and BP2 give all δ. BP4 is a product of matrices, δ aᵀ, which sums over the examples by
itself. BP3 alone has to be told: ∇b is the sum of the columns of δ.

The third way needs no thought about matrices. It has the cost of one example on Values, scalar by scalar, and
`autograd.compile` finds the matrices in it.

The book speaks of two orders of magnitude between the loop and the matrices, on its author's laptop. Much of
the loop's time is Python's; how much depends on the machine and on the size of the mini-batch.
"""

import time
from collections.abc import Iterator
from itertools import pairwise
from math import inf
from pathlib import Path

import numpy as np

import autograd
from demos import digits, runner
from demos.nielsen.network import Array, Network
from demos.nielsen.values import on_values
from nn.data import Dataset
from nn.losses import quadratic

HIDDEN, ETA = 30, 3.0
SIZES = 10, 100  # of the mini-batches that are timed
STEPS = 50  # of which the fastest counts; the first of the compiled ones compiles
AGREEMENT = 100  # mini-batches after which the parameters are compared


class MatrixNetwork(Network):
    """A Network that takes the columns of a mini-batch as one matrix."""

    def update_mini_batch(self, mini_batch: Dataset, eta: float) -> None:
        """One step, all examples at once."""
        deltas, nabla_w = self.backprop(mini_batch.x.T, mini_batch.y.T)
        nabla_b = [delta.sum(axis=1, keepdims=True) for delta in deltas]
        self.descend(nabla_b, nabla_w, eta / len(mini_batch))


class CompiledNetwork(Network):
    """A Network whose gradient is compiled from the cost of one example on Values.

    theta   all parameters in one array; `weights` and `biases` are views of it
    """

    def __init__(self, sizes: list[int], seed: int = 0) -> None:
        super().__init__(sizes, seed)
        model = on_values(self)
        self.program = autograd.compile(lambda x, y: quadratic(model(x), y), model.parameters())
        self.theta = self.program.parameters()
        self.weights, self.biases = views(self.theta, sizes)

    def update_mini_batch(self, mini_batch: Dataset, eta: float) -> None:
        """One step, all examples at once."""
        _, gradient = self.program(self.theta, mini_batch.x, mini_batch.y)
        self.theta -= eta * gradient


def views(theta: Array, sizes: list[int]) -> tuple[list[Array], list[Array]]:
    """(weights, biases) in an array that holds, neuron by neuron, the weights and then the bias."""
    weights, biases, start = [], [], 0
    for inputs, neurons in pairwise(sizes):
        end = start + neurons * (inputs + 1)
        rows = theta[start:end].reshape(neurons, inputs + 1)
        weights.append(rows[:, :-1])
        biases.append(rows[:, -1:])
        start = end
    return weights, biases


WAYS = {
    "loop over examples": Network,
    "matrices by hand": MatrixNetwork,
    "compiled from scalars": CompiledNetwork,
}


def networks(data: Dataset) -> dict[str, Network]:
    """The three ways, with the same numbers."""
    return {way: kind([data.x.shape[1], HIDDEN, data.y.shape[1]]) for way, kind in WAYS.items()}


def milliseconds(data: Dataset, size: int) -> dict[str, float]:
    """For a mini-batch of that size, by each way: the fastest of some steps, in which the ways take turns."""
    mini_batch, by_way = data[:size], networks(data)
    best = dict.fromkeys(by_way, inf)
    for _ in range(STEPS):
        for way, network in by_way.items():
            start = time.perf_counter()
            network.update_mini_batch(mini_batch, ETA)
            best[way] = min(best[way], 1000 * (time.perf_counter() - start))
    return best


def claims(data: Dataset) -> Iterator[tuple[str, bool]]:
    """The three ways learn the same."""
    by_way = networks(data)
    for mini_batch in data[: 10 * AGREEMENT].batches(10):
        for network in by_way.values():
            network.update_mini_batch(mini_batch, ETA)
    loop = by_way.pop("loop over examples")
    for way, network in by_way.items():
        pairs = zip(network.biases + network.weights, loop.biases + loop.weights, strict=True)
        difference = float(max(abs(mine - its).max() for mine, its in pairs))
        text = f"{way}: after {AGREEMENT} mini-batches all parameters are the loop's, to {difference:.0e}"
        yield text, difference < 1e-10


def run(out: Path) -> bool:
    """The three ways against the clock, and against each other."""
    train, _, name = digits.load()
    data = Dataset(train.x, np.eye(10)[train.y])
    print(f"Data: {name}")
    print(f"{data.x.shape[1]}-{HIDDEN}-10: milliseconds for a mini-batch, and the loop's divided by these\n")
    print(" " * 21 + "".join(f"{f'{size} examples':>18}" for size in SIZES))
    times = [milliseconds(data, size) for size in SIZES]
    for way in WAYS:
        cells = [f"{best[way]:9.3f}{best['loop over examples'] / best[way]:8.1f}×" for best in times]
        print(f"{way:21}{''.join(cells)}")
    print()
    return runner.confirm(claims(data))
