"""TwoLayerNet: layers in a row, its gradient backward through them, and the numerical gradient to check it.

params   W1, b1, W2, b2: weights (inputs, neurons) and biases (neurons,)
x, t     a batch: examples (n, input_size) and their targets, one-hot (n, output_size)
grads    ∂L/∂W1, ∂L/∂b1, … by the names of the parameters, for the loss L
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from demos.saito.layers import Affine, Array, Layer, Relu, SoftmaxWithLoss

H = 1e-4  # the step of numerical differentiation


class TwoLayerNet:
    """Affine, Relu, Affine and SoftmaxWithLoss, with weights of weight_init_std · N(0, 1) and biases of 0."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        weight_init_std: float = 0.01,
        seed: int = 0,
    ) -> None:
        normal = np.random.default_rng(seed).standard_normal
        self.params = {
            "W1": weight_init_std * normal((input_size, hidden_size)),
            "b1": np.zeros(hidden_size),
            "W2": weight_init_std * normal((hidden_size, output_size)),
            "b2": np.zeros(output_size),
        }
        self.last_layer: Any = SoftmaxWithLoss()
        self.connect()

    def connect(self) -> None:
        """Make the layers. They hold the arrays of `params`, so that an update in place reaches them."""
        self.affine1 = Affine(self.params["W1"], self.params["b1"])
        self.affine2 = Affine(self.params["W2"], self.params["b2"])
        self.layers: dict[str, Layer] = {"Affine1": self.affine1, "Relu1": Relu(), "Affine2": self.affine2}

    def predict(self, x: Array) -> Array:
        """The scores of the classes, (n, output_size): softmax would not change their order."""
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x: Array, t: Array) -> Array:
        """The mean loss of the batch."""
        return self.last_layer.forward(self.predict(x), t)

    def accuracy(self, x: Array, t: Array) -> float:
        """The share of the examples whose class has the highest score."""
        return float(np.mean(self.predict(x).argmax(axis=1) == t.argmax(axis=1)))

    # By the definition of a derivative, every parameter costs two evaluations of the loss …

    def numerical_gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """Grads by central differences."""
        return {
            name: numerical_gradient(lambda: self.loss(x, t), param) for name, param in self.params.items()
        }

    # … and by the chain rule all of them together cost one way forward and one way back.

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """Grads by backpropagation."""
        self.loss(x, t)
        self.backward()
        return {
            "W1": self.affine1.dW,
            "b1": self.affine1.db,
            "W2": self.affine2.dW,
            "b2": self.affine2.db,
        }

    def backward(self) -> dict[str, Array]:
        """Go back after `loss`; the dout that arrived at every layer, by its name. At an Affine it is δ."""
        arrived = {}
        dout = self.last_layer.backward()
        for name, layer in reversed(self.layers.items()):
            arrived[name] = dout
            dout = layer.backward(dout)
        return arrived


def numerical_gradient(f: Callable[[], float], x: Array) -> Array:
    """(f(x + h) − f(x − h)) / 2h for every number in x, which f reads: it is moved in place and put back."""
    grad = np.empty_like(x)
    for place, old in np.ndenumerate(x):
        x[place] = old + H
        above = f()
        x[place] = old - H
        below = f()
        x[place] = old
        grad[place] = (above - below) / (2 * H)
    return grad
