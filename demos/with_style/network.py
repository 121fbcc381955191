"""The network, its two passes, and gradient descent.

    structure   the neurons of every layer, the inputs first: [784, 30, 10]
    L, H        a layer, counted from 0 for the first one after the inputs; H is the last
    W, b        its weights (inputs, neurons) and biases (neurons, 1)
    z, a        its weighted inputs and activations, columns: z = Wᵀa + b with the a of the layer before
    x, y        an example, and what the network should give for it, columns
    J           the cost of an example, ½ Σ (a − y)² over the last layer
    δ           ∂J/∂z
    Wₙ, Bₙ, Zₙ, Aₙ       lists of all W, b, z, a of the network, layer by layer
    მJⳆმWₙₛ, მJⳆმBₙₛ     ∂J/∂W and ∂J/∂b of all layers, for a single example; without the s, for a mini-batch
    η, m        learning rate, number of examples in a mini-batch

Python reads names in Unicode's normal form NFKC, which knows no subscripts: Wₙ and Wn are one name.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

Array = Any  # a NumPy array
Example = tuple[Array, Array]


def σ(z: Array) -> Array:
    """The sigmoid of every number."""
    return 1 / (1 + np.exp(-z))


def σʹ(z: Array) -> Array:
    """Its derivative."""
    return σ(z) * (1 - σ(z))


class Network:
    """Fully connected layers with activation h and its derivative hʹ; all parameters begin as N(0, 1)."""

    def __init__(
        self,
        structure: Sequence[int],
        seed: int = 0,
        h: Callable[[Array], Array] = σ,
        hʹ: Callable[[Array], Array] = σʹ,
    ) -> None:
        normal = np.random.default_rng(seed).standard_normal
        self.structure, self.h, self.hʹ = list(structure), h, hʹ
        self.Bₙ = [normal((neurons, 1)) for neurons in structure[1:]]
        self.Wₙ = [normal((inputs, neurons)) for inputs, neurons in pairwise(structure)]

    # The forward pass has two equations. They hold for several examples too, a column for each.
    #
    #     z = Wᵀa + b        a = h(z)

    def forward(self, x: Array) -> tuple[list[Array], list[Array]]:
        """(Zₙ, Aₙ) for inputs of shape (inputs, n)."""
        Zₙ, Aₙ = [], []
        a = x
        for W, b in zip(self.Wₙ, self.Bₙ, strict=True):
            z = W.T @ a + b
            a = self.h(z)
            Zₙ.append(z)
            Aₙ.append(a)
        return Zₙ, Aₙ

    # The backward pass has four. It starts at the last layer, H, with the derivative of J by its activations;
    # each layer gives that of the layer before. ⊙ multiplies number by number, as * does for arrays.
    #
    #     ∂J/∂aᴴ = aᴴ − y
    #     δᴸ = ∂J/∂aᴸ ⊙ hʹ(zᴸ)                 ∂J/∂aᴸ⁻¹ = Wᴸ δᴸ
    #     ∂J/∂bᴸ = δᴸ                           ∂J/∂Wᴸ = aᴸ⁻¹ (δᴸ)ᵀ
    #
    # With weights of shape (inputs, neurons) the transposes stand elsewhere than in most books: forward W has
    # one, backward it has none.

    def backprop(self, x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        """(მJⳆმWₙₛ, მJⳆმBₙₛ) of one example."""
        მJⳆმWₙₛ = [np.zeros_like(W) for W in self.Wₙ]
        მJⳆმBₙₛ = [np.zeros_like(b) for b in self.Bₙ]
        Zₙ, Aₙ = self.forward(x)
        before = [x, *Aₙ]  # before[L] goes into layer L
        H = len(self.structure) - 2
        მJⳆმa = Aₙ[H] - y
        for L in range(H, -1, -1):
            δ = მJⳆმa * self.hʹ(Zₙ[L])
            მJⳆმBₙₛ[L] = δ
            მJⳆმWₙₛ[L] = before[L] @ δ.T
            მJⳆმa = self.Wₙ[L] @ δ
        return მJⳆმWₙₛ, მJⳆმBₙₛ

    # A step sums the gradients of a mini-batch and moves along their mean:
    #
    #     W ← W − η/m Σ ∂J/∂W        b ← b − η/m Σ ∂J/∂b

    def gradient_descent(self, mini_batch: Sequence[Example], η: float) -> None:
        """One step."""
        მJⳆმWₙ = [np.zeros_like(W) for W in self.Wₙ]
        მJⳆმBₙ = [np.zeros_like(b) for b in self.Bₙ]
        for x, y in mini_batch:
            მJⳆმWₙₛ, მJⳆმBₙₛ = self.backprop(x, y)
            მJⳆმWₙ = [total + one for total, one in zip(მJⳆმWₙ, მJⳆმWₙₛ, strict=True)]
            მJⳆმBₙ = [total + one for total, one in zip(მJⳆმBₙ, მJⳆმBₙₛ, strict=True)]
        m = len(mini_batch)
        self.Wₙ = [W - η / m * მJⳆმW for W, მJⳆმW in zip(self.Wₙ, მJⳆმWₙ, strict=True)]
        self.Bₙ = [b - η / m * მJⳆმb for b, მJⳆმb in zip(self.Bₙ, მJⳆმBₙ, strict=True)]

    # An epoch is a step for every mini-batch: 40 mini-batches and 20 epochs make 800 steps.

    def train_network(
        self,
        mini_batches: Sequence[Sequence[Example]],
        epochs: int,
        η: float,
        after_epoch: Callable[[], object] = lambda: None,
    ) -> None:
        """So many epochs; `after_epoch` is called after each."""
        for _ in range(epochs):
            for mini_batch in mini_batches:
                self.gradient_descent(mini_batch, η)
            after_epoch()
