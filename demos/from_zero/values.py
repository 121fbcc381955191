"""Part 2. The same network on Values: nobody derives an equation, and every number is the same.

δ of an example is the gradient of its node z. The leaves add up their gradients over the examples of the
batch; divided by n they are dw and db.

In floats both ways agree to 12 decimals. With relu and linear no step leaves the fractions, and both ways
give the same fractions.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

import nn
from autograd import Value, topological_order
from demos import runner
from demos.from_zero.network import Array, NeuralNetwork
from demos.runner import Pair
from nn.losses import quadratic


class OnValues(nn.Module):
    """The same network on Values, with the same numbers."""

    def __init__(self, network: NeuralNetwork) -> None:
        shapes = zip(count(1), network.layers[:-1], network.layers[1:], network.activations, strict=False)
        self.layers = [
            nn.Layer(inputs, neurons, activation, init="zeros", number=number)
            for number, inputs, neurons, activation in shapes
        ]
        for layer, W, B in zip(self.layers, network.weights, network.biases, strict=True):
            for neuron, numbers in zip(layer.neurons, np.hstack([W, B]).tolist(), strict=True):
                for parameter, number in zip(neuron.parameters(), numbers, strict=True):
                    parameter.data = number

    def __call__(self, x: Any) -> list[Value]:
        """What the last layer gives."""
        for layer in self.layers:
            x = layer(x)
        return x  # type: ignore[no-any-return]


def side_by_side(network: NeuralNetwork, x: Array, y: Array) -> Iterator[Pair]:
    """Every δ of every example, and every ∂C/∂b and ∂C/∂w, the means over the examples."""
    z_s, a_s = network.feedforward(x)
    deltas, (dw, db) = network.deltas(y, z_s, a_s), network.backpropagation(y, z_s, a_s)
    model, n = OnValues(network), x.shape[1]
    for example in range(n):
        C = quadratic(model(x[:, example].tolist()), y[:, example].tolist())
        C.backward()
        node = {node.label: node for node in topological_order(C)}
        for layer, delta in zip(model.layers, deltas, strict=True):
            for neuron, by_hand in zip(layer.neurons, delta[:, example], strict=True):
                z = neuron.names[0]
                yield Pair(f"δ at {z}, example {example + 1}", by_hand, node[z].grad)
    for layer, of_weights, of_biases in zip(model.layers, dw, db, strict=True):
        for neuron, row in zip(layer.neurons, np.hstack([of_weights, of_biases]), strict=True):
            for parameter, by_hand in zip(neuron.parameters(), row, strict=True):
                yield Pair(f"∂C/∂{parameter.label}", by_hand, parameter.grad / n)


def in_floats(layers: list[int], activations: list[str], n: int = 3, seed: int = 0) -> list[Pair]:
    """Both ways, on a batch of n random examples."""
    network, rng = NeuralNetwork(layers, activations, seed), np.random.default_rng((seed, 1))
    x, y = rng.uniform(size=(layers[0], n)), rng.uniform(size=(layers[-1], n))
    return list(side_by_side(network, x, y))


def in_fractions(layers: list[int], n: int = 3, seed: int = 0) -> list[Pair]:
    """Both ways with relu and, at last, linear, where all parameters and examples are tenths."""
    network, rng = NeuralNetwork(layers, ["relu"] * (len(layers) - 2) + ["linear"]), Random(seed)

    def tenths(*shape: int) -> Array:
        return np.array([Fraction(rng.randint(-9, 9), 10) for _ in range(np.prod(shape))]).reshape(shape)

    network.weights = [tenths(*W.shape) for W in network.weights]
    network.biases = [tenths(*B.shape) for B in network.biases]
    return list(side_by_side(network, tenths(layers[0], n), tenths(layers[-1], n)))


CASES = [
    ([2, 2, 1], ["sigmoid", "sigmoid"]),
    ([3, 5, 4, 2], ["relu", "sigmoid", "linear"]),
    ([784, 30, 10], ["relu", "sigmoid"]),
]


def claims() -> Iterator[tuple[str, bool]]:
    """Both ways agree."""
    for layers, activations in CASES:
        pairs = in_floats(layers, activations)
        difference = max(abs(by_hand - on_values) for _, by_hand, on_values in pairs)
        network = f"{'-'.join(map(str, layers))} ({', '.join(activations)})"
        text = f"{network}: {len(pairs):,} numbers, the largest difference {difference:.0e}"
        yield text, difference < 1e-12
    pairs = in_fractions([3, 4, 2])
    text = f"3-4-2 (relu, linear) in fractions: {len(pairs)} numbers, all the same"
    yield text, all(isinstance(b, int | Fraction) and a == b for _, a, b in pairs)


def run(out: Path) -> bool:
    """All numbers of a small network, then the differences in greater ones."""
    layers, activations = CASES[0]
    print("2-2-1, two examples          by hand               on Values             difference")
    print("─" * 83)
    for name, by_hand, on_values in in_floats(layers, activations, n=2):
        print(f"{name:27}  {by_hand:+.17f}  {on_values:+.17f}  {by_hand - on_values:+11.1e}")
    print()
    return runner.confirm(claims())
