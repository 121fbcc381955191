"""Part 1. The book's Network, written with arrays alone: nothing here knows of automatic differentiation.

A vector is a column, shape (neurons, 1). What is written for a column holds for a matrix of columns, one for
each example, and so `evaluate` asks for all answers at once.

The gradient of one example comes from four equations, which the book derives by the chain rule (⊙ multiplies
element by element):

    BP1    δ^L = ∂C/∂a^L ⊙ σ′(z^L)        in the last layer, L
    BP2    δ^l = (w^{l+1})ᵀ δ^{l+1} ⊙ σ′(z^l)
    BP3    ∂C/∂b^l = δ^l
    BP4    ∂C/∂w^l = δ^l (a^{l−1})ᵀ
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import nn
from demos import runner
from demos.digits import digits
from nn.data import Dataset

Array = Any  # of NumPy
EPOCHS = 5


def sigmoid(z: Array) -> Array:
    """σ(z) = 1 / (1 + e^{−z})."""
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z: Array) -> Array:
    """σ′(z) = σ(z) (1 − σ(z))."""
    return sigmoid(z) * (1 - sigmoid(z))


def column(x: Array) -> Array:
    """A vector as a column."""
    return np.reshape(x, (-1, 1))


class Network:
    """Layers of sigmoid neurons; all weights and biases begin with N(0, 1).

    sizes     neurons by layer, the inputs first: [784, 30, 10]
    weights   by layer, each (neurons, inputs)        biases    by layer, each (neurons, 1)
    seed      of the first numbers, and of the order of the examples
    """

    # σ and its derivative: the next part puts others in their place.
    sigma, sigma_prime = staticmethod(sigmoid), staticmethod(sigmoid_prime)

    def __init__(self, sizes: list[int], seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.sizes, self.seed = sizes, seed
        self.biases = [rng.normal(size=(neurons, 1)) for neurons in sizes[1:]]
        self.weights = [rng.normal(size=(neurons, inputs)) for inputs, neurons in pairwise(sizes)]

    def feedforward(self, a: Array) -> Array:
        """The outputs for the inputs `a`: columns to columns."""
        for b, w in zip(self.biases, self.weights, strict=True):
            a = self.sigma(w @ a + b)
        return a

    # Learning is many small steps down the slope of C. The true slope is a mean over all examples; a few of
    # them, drawn at random, give an estimate that costs much less: that is the S of SGD.

    def SGD(
        self, training_data: Dataset, epochs: int, mini_batch_size: int, eta: float, test_data: Dataset
    ) -> nn.History:
        """Learn in mini-batches, shuffled for every epoch; the accuracy on both sets after each epoch.

        The data is as `nn.data.mnist` gives it: rows x, and the digits y.
        """
        history = nn.History()
        vectorized = Dataset(training_data.x, np.eye(self.sizes[-1])[training_data.y])
        for epoch in range(1, epochs + 1):
            for mini_batch in vectorized.batches(mini_batch_size, (self.seed, epoch)):
                self.update_mini_batch(mini_batch, eta)
            accuracy, val_accuracy = (self.evaluate(data) / len(data) for data in (training_data, test_data))
            history.rows.append({"epoch": epoch, "accuracy": accuracy, "val_accuracy": val_accuracy})
        return history

    def update_mini_batch(self, mini_batch: Dataset, eta: float) -> None:
        """One step: by −η times the mean of the gradients of the examples, taken one after the other."""
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        for x, y in mini_batch:
            for total, gradients in zip((nabla_b, nabla_w), self.backprop(column(x), column(y)), strict=True):
                for layer, gradient in enumerate(gradients):
                    total[layer] += gradient
        self.descend(nabla_b, nabla_w, eta / len(mini_batch))

    def descend(self, nabla_b: list[Array], nabla_w: list[Array], rate: float) -> None:
        """Move every bias and every weight by −rate times its derivative."""
        for parameter, gradient in zip([*self.biases, *self.weights], [*nabla_b, *nabla_w], strict=True):
            parameter -= rate * gradient

    # The heart of it. The forward pass keeps every z and a, for the equations ask for them. The backward pass
    # begins where C is, with BP1, and takes δ down layer by layer with BP2.

    def backprop(self, x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        """(∇b, ∇w) of the cost of one example, by layer; x and y are columns."""
        a, activations, zs = x, [x], []
        for b, w in zip(self.biases, self.weights, strict=True):
            z = w @ a + b
            a = self.sigma(z)
            zs.append(z)
            activations.append(a)

        delta = self.cost_derivative(a, y) * self.sigma_prime(zs[-1])  # BP1
        deltas = [delta]
        for layer in range(len(zs) - 2, -1, -1):
            delta = self.weights[layer + 1].T @ delta * self.sigma_prime(zs[layer])  # BP2
            deltas.insert(0, delta)

        nabla_w = [delta @ a.T for delta, a in zip(deltas, activations[:-1], strict=True)]  # BP4
        return deltas, nabla_w  # BP3: ∇b is δ itself

    def cost_derivative(self, output_activations: Array, y: Array) -> Array:
        """∂C/∂a^L = a^L − y."""
        return output_activations - y

    def evaluate(self, test_data: Dataset) -> int:
        """How many digits are told right: the strongest output is the answer."""
        answers = self.feedforward(test_data.x.T).argmax(axis=0)
        return int((answers == test_data.y).sum())


def run(out: Path) -> bool:
    """The small digits of this project, learned by the loop over examples."""
    train, test = digits()
    history = Network([64, 30, 10]).SGD(train, EPOCHS, 10, 3.0, test)
    print(f"64-30-10 on small digits made by demos/digits.py\n\n{history}\n")
    first, last = history.rows[0]["val_accuracy"], history.rows[-1]["val_accuracy"]
    learned = (
        "after the first epoch it tells more than guessing, a tenth, and after the last one more than that"
    )
    return runner.confirm([(learned, 0.1 < first < last)])
