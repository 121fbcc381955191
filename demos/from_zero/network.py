"""Part 1. The article's NeuralNetwork: each layer has an activation of its own, chosen by name.

Examples are columns, so that one product of matrices serves a whole batch. Four equations give the gradient
(⊙ multiplies element by element):

    BP1    δ^L = ∂C/∂a^L ⊙ σ′(Z^L)        where ∂C/∂a^L = A^L − y
    BP2    δ^l = (W^{l+1})ᵀ δ^{l+1} ⊙ σ′(Z^l)
    BP3    db^l = mean of the columns of δ^l
    BP4    dw^l = δ^l (A^{l−1})ᵀ / n

They stand here as they should. What the article does otherwise is part 3.
"""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from demos import runner

Array = Any  # of NumPy


def sigmoid(z: Array) -> Array:
    """1 / (1 + e^{−z}) as exp(−log(1 + e^{−z})), in which nothing overflows."""
    return np.exp(-np.logaddexp(0, -z))


def sigmoid_prime(z: Array) -> Array:
    """σ(z) (1 − σ(z)), and 1 − σ(z) is σ(−z)."""
    return sigmoid(z) * sigmoid(-z)


ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "sigmoid": (sigmoid, sigmoid_prime),
    "linear": (lambda z: z, np.ones_like),
    "relu": (lambda z: np.where(z > 0, z, 0), lambda z: np.where(z > 0, 1, 0)),
}
"""By name: σ and σ′."""


class NeuralNetwork:
    """Layers of neurons; all weights and biases begin with N(0, 1).

    layers        neurons by layer, the inputs first: [2, 10, 1]
    activations   a name in ACTIVATIONS for every layer but the inputs
    weights       by layer, each (neurons, inputs)        biases    by layer, each (neurons, 1)

    ValueError for another activation, or another number of them.
    """

    def __init__(self, layers: list[int], activations: list[str], seed: int = 0) -> None:
        if len(activations) != len(layers) - 1:
            raise ValueError(
                f"NeuralNetwork: {len(activations)} activations for {len(layers)} layers; give one to each "
                "layer but the inputs"
            )
        for name in activations:
            if name not in ACTIVATIONS:
                raise ValueError(
                    f"NeuralNetwork: activation {name!r} does not exist; there is {', '.join(ACTIVATIONS)}"
                )
        rng = np.random.default_rng(seed)
        self.layers, self.activations = layers, activations
        self.weights = [rng.normal(size=(neurons, inputs)) for inputs, neurons in pairwise(layers)]
        self.biases = [rng.normal(size=(neurons, 1)) for neurons in layers[1:]]

    def feedforward(self, x: Array) -> tuple[list[Array], list[Array]]:
        """(z_s, a_s): every Z, and every A with the inputs as its first."""
        z_s, a_s = [], [x]
        for W, B, name in zip(self.weights, self.biases, self.activations, strict=True):
            sigma, _ = ACTIVATIONS[name]
            z_s.append(W @ a_s[-1] + B)
            a_s.append(sigma(z_s[-1]))
        return z_s, a_s

    # Backward: the error of the last layer is known from C. That of any other layer is what the layer above
    # hands down through its weights.

    def deltas(self, y: Array, z_s: list[Array], a_s: list[Array]) -> list[Array]:
        """Every δ, a column for each example."""
        primes = [ACTIVATIONS[name][1](z) for name, z in zip(self.activations, z_s, strict=True)]
        deltas = [(a_s[-1] - y) * primes[-1]]  # BP1
        for layer in range(len(primes) - 2, -1, -1):
            deltas.insert(0, self.weights[layer + 1].T @ deltas[0] * primes[layer])  # BP2
        return deltas

    def backpropagation(
        self, y: Array, z_s: list[Array], a_s: list[Array]
    ) -> tuple[list[Array], list[Array]]:
        """(dw, db) by layer, from what `feedforward` gave for a batch."""
        n, deltas = y.shape[1], self.deltas(y, z_s, a_s)
        db = [delta.sum(axis=1, keepdims=True) / n for delta in deltas]  # BP3
        dw = [delta @ a.T / n for delta, a in zip(deltas, a_s[:-1], strict=True)]  # BP4
        return dw, db

    def train(self, x: Array, y: Array, batch_size: int = 10, epochs: int = 100, lr: float = 0.01) -> None:
        """Learn from batches of columns, taken in order."""
        for _ in range(epochs):
            for i in range(0, x.shape[1], batch_size):
                columns = slice(i, i + batch_size)
                dw, db = self.backpropagation(y[:, columns], *self.feedforward(x[:, columns]))
                self.weights = [W - lr * d for W, d in zip(self.weights, dw, strict=True)]
                self.biases = [B - lr * d for B, d in zip(self.biases, db, strict=True)]

    def cost(self, x: Array, y: Array) -> float:
        """The mean of C over the examples."""
        return float(((self.feedforward(x)[1][-1] - y) ** 2).sum() / (2 * x.shape[1]))


def run(out: Path) -> bool:
    """Exclusive or, learned by the article's default network."""
    x, y = np.array([[0, 0, 1, 1], [0, 1, 0, 1]]), np.array([[0, 1, 1, 0]])
    network = NeuralNetwork([2, 10, 1], ["sigmoid", "sigmoid"])
    before = network.cost(x, y)
    network.train(x, y, batch_size=2, epochs=1000, lr=3.0)
    answers = network.feedforward(x)[1][-1]
    print("Exclusive or, 2-10-1 with sigmoid and sigmoid, 1,000 epochs in batches of 2:\n")
    for inputs, target, answer in zip(x.T, y[0], answers[0], strict=True):
        print(f"  {inputs[0]} xor {inputs[1]} = {target}: {answer:.3f}")
    print()
    told = f"all four are told; the cost has fallen from {before:.3f} to {network.cost(x, y):.5f}"
    return runner.confirm([(told, bool((answers.round() == y).all()))])
