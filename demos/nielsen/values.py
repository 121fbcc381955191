"""Part 2. The same network on Values: nobody derives an equation, and every number is the same.

`on_values` copies a Network's numbers into an `nn.MLP`, which records the graph of its cost. One backward
pass gives each node its gradient. By hand, BP1 and BP2 were needed for δ; here δ^l_j is the gradient of the
node z^l_j, and the gradients of the leaves are all ∂C/∂b and ∂C/∂w.

In floats both ways agree to 12 decimals. No fraction holds a sigmoid, so z / (1 + z²) takes its place in a
second network, and there both give the same fractions.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

import nn
from autograd import topological_order
from demos import runner
from demos.nielsen.network import Network, column
from demos.runner import Pair
from nn.losses import quadratic


def on_values(network: Network, activation: Any = "sigmoid") -> nn.MLP:
    """The same network on Values, with the same numbers; `activation` is its σ."""
    nin, *nouts = network.sizes
    model = nn.MLP(nin, nouts, activation, activation, init="zeros")
    for layer, w, b in zip(model.layers, network.weights, network.biases, strict=True):
        for neuron, numbers in zip(layer.neurons, np.hstack([w, b]).tolist(), strict=True):
            for parameter, number in zip(neuron.parameters(), numbers, strict=True):
                parameter.data = number
    return model


def side_by_side(network: Network, model: nn.MLP, x: Any, y: Any) -> Iterator[Pair]:
    """Every δ, ∂C/∂b and ∂C/∂w of one example, neuron by neuron."""
    nabla_b, nabla_w = network.backprop(column(x), column(y))
    model.zero_grad()
    C = quadratic(model(x), y)
    C.backward()
    node = {node.label: node for node in topological_order(C)}
    for i, layer in enumerate(model.layers):
        for j, neuron in enumerate(layer.neurons):
            *w, b = neuron.parameters()
            at, z = f"{i + 2}_{j + 1}", node[neuron.names[0]]
            yield Pair(f"δ^{at}", nabla_b[i][j, 0], z.grad)
            yield Pair(f"∂C/∂b^{at}", nabla_b[i][j, 0], b.grad)
            for k, weight in enumerate(w):
                yield Pair(f"∂C/∂w^{at},{k + 1}", nabla_w[i][j, k], weight.grad)


# ── In floats ───────────────────────────────────────────────────────────────────────────────────────


def in_floats(sizes: list[int], seed: int = 0) -> list[Pair]:
    """Both ways for a network of those sizes, on one random example."""
    network, rng = Network(sizes, seed), np.random.default_rng((seed, 1))
    x, y = rng.uniform(size=sizes[0]).tolist(), rng.uniform(size=sizes[-1]).tolist()
    return list(side_by_side(network, on_values(network), x, y))


# ── In fractions ────────────────────────────────────────────────────────────────────────────────────


def rational(z: Any) -> Any:
    """An activation that fractions can follow: z / (1 + z²)."""
    return z / (1 + z * z)


def rational_prime(z: Any) -> Any:
    """Its derivative, (1 − z²) / (1 + z²)²."""
    return (1 - z * z) / (1 + z * z) ** 2


class RationalNetwork(Network):
    """A Network of that activation, whose weights and biases are tenths."""

    sigma, sigma_prime = staticmethod(rational), staticmethod(rational_prime)

    def __init__(self, sizes: list[int], seed: int = 0) -> None:
        super().__init__(sizes, seed)
        tenth = np.vectorize(lambda number: Fraction(round(10 * number), 10), otypes=[object])
        self.biases, self.weights = ([tenth(p) for p in ps] for ps in (self.biases, self.weights))


def in_fractions(sizes: list[int], seed: int = 0) -> list[Pair]:
    """Both ways for a rational network of those sizes, on one random example."""
    network, rng = RationalNetwork(sizes, seed), Random(seed)
    x, y = ([Fraction(rng.randint(-9, 9), 10) for _ in range(n)] for n in (sizes[0], sizes[-1]))
    return list(side_by_side(network, on_values(network, rational), x, y))


# ── Side by side ────────────────────────────────────────────────────────────────────────────────────


def claims() -> Iterator[tuple[str, bool]]:
    """Both ways agree."""
    for sizes in [2, 3, 1], [5, 4, 3, 2], [784, 30, 10]:
        pairs = in_floats(sizes)
        difference = max(abs(by_hand - on_values) for _, by_hand, on_values in pairs)
        text = f"{'-'.join(map(str, sizes))}: {len(pairs):,} numbers, the largest difference {difference:.0e}"
        yield text, difference < 1e-12
    pairs = in_fractions([3, 4, 2])
    text = f"3-4-2 in fractions: {len(pairs)} numbers, all the same, such as {pairs[-1].name}"
    yield text, all(type(b) is Fraction and a == b for _, a, b in pairs)


def run(out: Path) -> bool:
    """All numbers of a small network, then the differences in greater ones."""
    print("2-3-1        by hand               on Values             difference")
    print("─" * 67)
    for name, by_hand, on_values in in_floats([2, 3, 1]):
        print(f"{name:11}  {by_hand:+.17f}  {on_values:+.17f}  {by_hand - on_values:+11.1e}")
    print()
    return runner.confirm(claims())
