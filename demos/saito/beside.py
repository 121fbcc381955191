"""The same network on Values: its loss is written down, and there is no way back to write.

`nn` counts the inputs as layer 1, so TwoLayerNet's W1 and b1 belong to its layer 2. An Affine layer's dout is
what Nielsen calls δ, the gradient of the weighted inputs z, and nn labels these nodes `z^2_{1}`.

Softmax's exp is no fraction. For the exact comparison `Squares` stands in for SoftmaxWithLoss: half a sum of
squares after the identity has the same gradient, (y − t) / batch.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

import nn
from autograd import Value, topological_order
from autograd import sum as total
from demos.runner import Pair
from demos.saito.layers import Array
from demos.saito.two_layer_net import TwoLayerNet
from nn.losses import Loss, cross_entropy, quadratic

SIZES = 2, 3, 2


def on_values(network: TwoLayerNet) -> nn.MLP:
    """A network of Values with the same numbers."""
    inputs, hidden = network.params["W1"].shape
    model = nn.MLP(inputs, [hidden, len(network.params["b2"])], "relu", "linear")
    for parameter, number in zip(model.parameters(), theta(network.params).tolist(), strict=True):
        parameter.data = number
    return model


def theta(params: dict[str, Array]) -> Array:
    """The parameters in nn's order, one after the other: of every neuron its weights, then its bias."""
    first = np.column_stack([params["W1"].T, params["b1"]])
    second = np.column_stack([params["W2"].T, params["b2"]])
    return np.concatenate([first.ravel(), second.ravel()])


def pairs(network: TwoLayerNet, x: Array, t: Array, loss: Loss = cross_entropy) -> Iterator[Pair]:
    """Every derivative twice: from the layers, and from the graph of the mean of `loss`, its last layer's."""
    grads, arrived = network.gradient(x, t), network.backward()
    model = on_values(network)
    costs = [loss(model(xi), ti) for xi, ti in zip(x.tolist(), t.tolist(), strict=True)]
    L: Value = total(costs) / len(costs)
    L.backward()
    for i, cost in enumerate(costs):
        node = {node.label: node for node in topological_order(cost)}
        for number in 1, 2:
            for j, delta in enumerate(arrived[f"Affine{number}"][i], 1):
                yield Pair(f"δ{number}_{j} of example {i + 1}", delta, node[f"z^{number + 1}_{{{j}}}"].grad)
    for number, layer in enumerate(model.layers, 1):
        dW, db = grads[f"W{number}"], grads[f"b{number}"]
        for j, neuron in enumerate(layer.neurons):
            *weights, b = neuron.parameters()
            for k, w in enumerate(weights):
                yield Pair(f"∂L/∂W{number}_{k + 1},{j + 1}", dW[k, j], w.grad)
            yield Pair(f"∂L/∂b{number}_{j + 1}", db[j], b.grad)


# ── The same in fractions ───────────────────────────────────────────────────────────────────────────


class Squares:
    """½ Σ (x − t)², the mean over a batch: what SoftmaxWithLoss is to softmax, this is to the identity."""

    def forward(self, x: Array, t: Array) -> Array:
        """The loss."""
        self.y, self.t = x, t
        return ((x - t) ** 2).sum() / (2 * len(t))

    def backward(self, dout: Any = 1) -> Array:
        """∂L/∂x."""
        return dout * (self.y - self.t) / len(self.t)


fractions = np.vectorize(lambda x: Fraction(f"{x:.1f}"), otypes=[object])
"""An array in fractions, of one decimal each."""


def small() -> tuple[TwoLayerNet, Array, Array]:
    """A network of 2, 3 and 2 neurons with a batch of two examples: (network, x, t)."""
    x, t = np.array([[1.0, -0.5], [-0.5, 2.0]]), np.array([[1, 0], [0, 1]])
    return TwoLayerNet(*SIZES, weight_init_std=1, seed=4), x, t


def in_floats() -> list[Pair]:
    """The pairs of the small network."""
    return list(pairs(*small()))


def in_fractions() -> list[Pair]:
    """The pairs of the small network in fractions, with Squares."""
    network, x, t = small()
    network.params = {name: fractions(param) for name, param in network.params.items()}
    network.last_layer = Squares()
    network.connect()
    return list(pairs(network, fractions(x), t, quadratic))
