"""A fully connected network from zero: an article's backpropagation, beside the same network on Values.

In reading order, each with its text:

    network    the article's NeuralNetwork, set right
    values     the same network on Values: every δ and every derivative, side by side
    errors     what the article gets wrong, each by the smallest run that exposes it
    training   three networks on MNIST, compiled

The letters, in all four:

    l, L    layer, the last one; the inputs are layer 0            n       examples in a batch
    W, B    weights (neurons, inputs) and biases (neurons, 1)      x, y    inputs and targets, columns
    Z, A    Z = W A + B with the A of the layer before, A = σ(Z)   σ, σ′   activation, its derivative
    C       cost of one example, ½ Σ (y − a)²                      δ       ∂C/∂z
    dw, db  means over the batch of ∂C/∂w and ∂C/∂b                lr      learning rate

Source: an article on Juejin, in Chinese: a fully connected neural network, from zero, in Python.
"""

from pathlib import Path

from demos import runner
from nn.checks import library

PARTS = "network", "values", "errors", "training"


def run(out: Path) -> bool:
    """Every part, after its text. ImportError without NumPy."""
    library("numpy", "demos.from_zero")
    held = [runner.run(f"from_zero.{part}", out) for part in PARTS]
    return all(held)
