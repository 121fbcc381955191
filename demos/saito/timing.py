"""The chapter's motive against the clock: one gradient of TwoLayerNet, numerically and backward.

A gradient by central differences evaluates the loss twice for every parameter. Backpropagation evaluates it
once and goes back, which costs about twice as much again, however many parameters there are.
"""

from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

import autograd
from demos.saito.beside import on_values
from demos.saito.layers import Array
from demos.saito.two_layer_net import TwoLayerNet
from nn.losses import cross_entropy


class Timing(NamedTuple):
    """A way to the gradient: how often it evaluates the loss, and the seconds for one gradient."""

    way: str
    evaluations: int
    seconds: float


def timings(network: TwoLayerNet, x: Array, t: Array) -> list[Timing]:
    """The three ways to the gradient of one batch."""
    model = on_values(network)
    program = autograd.compile(lambda x, t: cross_entropy(model(x), t), model.parameters())
    theta = program.parameters()
    count = len(theta)
    return [
        Timing("numerical differentiation", 2 * count, best(lambda: network.numerical_gradient(x, t), 1)),
        Timing("backpropagation by the layers", 1, best(lambda: network.gradient(x, t))),
        Timing("compiled from scalars", 1, best(lambda: program(theta, x, t))),
    ]


def best(call: Callable[[], object], runs: int = 200) -> float:
    """The seconds of the fastest of some runs, after one to warm up where there are several."""
    if runs > 1:
        call()
    seconds = []
    for _ in range(runs):
        start = perf_counter()
        call()
        seconds.append(perf_counter() - start)
    return min(seconds)
