"""The same network on Values: its cost is written down, and backprop is left to the graph.

By hand δ is a column that runs back from layer H. In the graph it is there already: the gradients of the
nodes z, which nn labels by layer and neuron. It counts the inputs as layer 1, so our layer L is its L + 2.

No fraction holds a sigmoid. For the exact comparison r(z) = z / (1 + z²) takes its place.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

import nn
from autograd import topological_order
from demos.runner import Pair
from demos.with_style.network import Array, Network
from nn.losses import quadratic

STRUCTURE, SEED = (2, 3, 2), 1


def on_values(network: Network, activation: Any = "sigmoid") -> nn.MLP:
    """A network of Values with the same numbers."""
    inputs, *neurons = network.structure
    model = nn.MLP(inputs, neurons, activation, activation)
    for parameter, number in zip(model.parameters(), theta(network).tolist(), strict=True):
        parameter.data = number
    return model


def theta(network: Network) -> Array:
    """The parameters in nn's order, one after the other: of every neuron its weights, then its bias."""
    layers = [np.hstack([W.T, b]) for W, b in zip(network.Wₙ, network.Bₙ, strict=True)]
    return np.concatenate([layer.ravel() for layer in layers])


def pairs(network: Network, x: Array, y: Array, activation: Any = "sigmoid") -> Iterator[Pair]:
    """Every derivative for one example twice: from backprop, and from the graph of J."""
    მJⳆმWₙₛ, მJⳆმBₙₛ = network.backprop(x, y)
    model = on_values(network, activation)
    J = quadratic(model(x.ravel().tolist()), y.ravel().tolist())
    J.backward()
    node = {node.label: node for node in topological_order(J)}
    for L, layer in enumerate(model.layers):
        for j, neuron in enumerate(layer.neurons):
            *weights, b = neuron.parameters()
            δ = მJⳆმBₙₛ[L][j, 0]
            yield Pair(f"δ{L}_{j + 1}", δ, node[f"z^{L + 2}_{{{j + 1}}}"].grad)
            yield Pair(f"∂J/∂b{L}_{j + 1}", δ, b.grad)
            for k, w in enumerate(weights):
                yield Pair(f"∂J/∂W{L}_{k + 1},{j + 1}", მJⳆმWₙₛ[L][k, j], w.grad)


# ── The same in fractions ───────────────────────────────────────────────────────────────────────────


def r(z: Any) -> Any:
    """An activation that fractions can follow; of arrays and of Values."""
    return z / (1 + z * z)


def rʹ(z: Any) -> Any:
    """Its derivative."""
    return (1 - z * z) / (1 + z * z) ** 2


fractions = np.vectorize(lambda number: Fraction(f"{number:.1f}"), otypes=[object])
"""An array in fractions, of one decimal each."""

x, y = np.array([[0.5], [-1.0]]), np.array([[0.0], [1.0]])


def in_floats() -> list[Pair]:
    """The pairs of a small network."""
    return list(pairs(Network(STRUCTURE, SEED), x, y))


def in_fractions() -> list[Pair]:
    """Those of the same network in fractions."""
    network = Network(STRUCTURE, SEED, h=r, hʹ=rʹ)
    network.Wₙ = [fractions(W) for W in network.Wₙ]
    network.Bₙ = [fractions(b) for b in network.Bₙ]
    return list(pairs(network, fractions(x), fractions(y), r))
