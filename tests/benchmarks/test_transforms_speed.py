"""Transforms against the graph by hand, on the network of test_engine_speed. Run with `make bench`."""

from itertools import pairwise

import pytest
from test_engine_speed import loss_of, network

from autograd import Value, exp, grad, hessian, jvp
from autograd.trees import leaves, like

LAYERS, POINTS = network(float)
ONES = like(LAYERS, [1.0] * len(leaves(LAYERS)))


def by_hand(backward):
    layers = like(LAYERS, [Value(x) for x in leaves(LAYERS)])
    loss = loss_of(layers, POINTS)
    if backward:
        loss.backward()
    return [p.grad for p in leaves(layers)]


@pytest.mark.benchmark(group="grad and jvp, 2-16-16-1: at most 1.3 × backward, 2.5 × the function on Values")
@pytest.mark.parametrize("way", ["function on Values", "backward by hand", "grad", "jvp"])
def test_transforms(benchmark, way):
    run = {
        "function on Values": lambda: by_hand(False),
        "backward by hand": lambda: by_hand(True),
        "grad": lambda: grad(loss_of)(LAYERS, POINTS),
        "jvp": lambda: jvp(lambda layers: loss_of(layers, POINTS), (LAYERS,), (ONES,)),
    }[way]
    benchmark.pedantic(run, rounds=15, warmup_rounds=1)


def quadratic(x):
    return sum(a * b * a for a, b in pairwise(x)) + exp(x[0] * x[-1])


@pytest.mark.benchmark(group="hessian of n inputs: linear in n × cost of f, so × 4 from row to row")
@pytest.mark.parametrize("n", [25, 50, 100])
def test_hessian(benchmark, n):
    benchmark.pedantic(lambda: hessian(quadratic)([0.1 * i for i in range(n)]), rounds=7, warmup_rounds=1)
