"""Training by the hand-written layers and by the program compiled from scalars, on the same batches.

    x, t     the examples of a batch, and their digits one-hot       η    learning rate
    theta    the program's parameters, in nn's order

A step draws a batch, takes the gradient and moves every parameter by −η ∂L/∂parameter. After the first step,
and after every epoch (as many steps as it takes to see as many examples as there are), both measure their
accuracy.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

import autograd
from demos.saito.beside import on_values, theta
from demos.saito.layers import Array
from demos.saito.two_layer_net import TwoLayerNet
from nn.data import Dataset
from nn.losses import cross_entropy

HIDDEN, BATCH, RATE, SEED = 50, 100, 0.1, 0


def one_hot(y: Array) -> Array:
    """A row of zeros for every digit, with a 1 at its place: (n, 10)."""
    return np.eye(10)[y]


def batches(data: Dataset, steps: int) -> Iterator[tuple[Array, Array]]:
    """So many batches (x, t), each drawn from all examples anew."""
    rng = np.random.default_rng(SEED)
    t = one_hot(data.y)
    for _ in range(steps):
        chosen = rng.choice(len(data), BATCH)
        yield data.x[chosen], t[chosen]


class Layers:
    """The hand-written layers."""

    def __init__(self, network: TwoLayerNet) -> None:
        self.network = network

    def step(self, x: Array, t: Array) -> None:
        """One step of gradient descent."""
        grads = self.network.gradient(x, t)
        for name, param in self.network.params.items():
            param -= RATE * grads[name]

    def accuracy(self, data: Dataset) -> float:
        """The share of the digits that are told right."""
        return self.network.accuracy(data.x, one_hot(data.y))

    def theta(self) -> Array:
        """The parameters in nn's order."""
        return theta(self.network.params)


class Compiled:
    """The same network on Values, compiled: the loss for the steps, the model itself for its answers."""

    def __init__(self, network: TwoLayerNet) -> None:
        model = on_values(network)
        self.loss = autograd.compile(lambda x, t: cross_entropy(model(x), t), model.parameters())
        self.model = autograd.compile(model, model.parameters())
        self.parameters = self.loss.parameters()
        self.gradient = np.empty_like(self.parameters)

    def step(self, x: Array, t: Array) -> None:
        """One step of gradient descent."""
        self.loss(self.parameters, x, t, out=self.gradient)
        self.parameters -= RATE * self.gradient

    def accuracy(self, data: Dataset) -> float:
        """The share of the digits that are told right."""
        return float(np.mean(self.model.predict(self.parameters, data.x).argmax(axis=1) == data.y))

    def theta(self) -> Array:
        """The parameters in nn's order."""
        return self.parameters


@dataclass
class Course:
    """How one side's training went: its accuracies by epoch, and the seconds that its steps took."""

    side: Layers | Compiled
    train: list[float] = field(default_factory=list)
    test: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def step(self, x: Array, t: Array) -> None:
        """One step of the side, against the clock."""
        start = perf_counter()
        self.side.step(x, t)
        self.seconds += perf_counter() - start

    def measure(self, train: Dataset, test: Dataset) -> None:
        """Note both accuracies."""
        self.train.append(self.side.accuracy(train))
        self.test.append(self.side.accuracy(test))


def train(courses: list[Course], train: Dataset, test: Dataset, steps: int) -> None:
    """So many steps of every side on the same batches."""
    epoch = max(len(train) // BATCH, 1)
    for i, (x, t) in enumerate(batches(train, steps)):
        for course in courses:
            course.step(x, t)
            if i % epoch == 0 or i == steps - 1:
                course.measure(train, test)


def network_for(data: Dataset) -> TwoLayerNet:
    """TwoLayerNet for examples of this length: 784-50-10 for MNIST."""
    return TwoLayerNet(len(data.x[0]), HIDDEN, 10, seed=SEED)
