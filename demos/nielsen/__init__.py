"""Nielsen's network for handwritten digits: backpropagation by hand, beside the same network on Values.

In reading order, each with its text:

    network      the book's Network, its backpropagation derived by hand
    values       the same network on Values: every δ and every derivative, side by side
    mini_batch   the book's exercise: a loop over examples, matrices, and code compiled from scalars
    training     784-30-10 on MNIST, 30 epochs

The letters are the book's, in all four:

    l        layer, counted from 1, the inputs; in lists by layer the inputs are left out
    w^l_jk   weight to neuron j of layer l from neuron k of layer l − 1        b^l_j    its bias
    z^l_j    weighted input, z = w a + b                                       a^l_j    activation, a = σ(z)
    x, y     an example's input, and its desired output                        η        learning rate
    C        cost of one example, ½ Σ (y − a)²                                 δ^l_j    ∂C/∂z^l_j, the error
    ∇b, ∇w   all ∂C/∂b and ∂C/∂w, layer by layer

Source: Nielsen, Neural Networks and Deep Learning, chapters 1 to 3.
"""

from pathlib import Path

from demos import runner
from nn.checks import library

PARTS = "network", "values", "mini_batch", "training"


def run(out: Path) -> bool:
    """Every part, after its text. ImportError without NumPy."""
    library("numpy", "demos.nielsen")
    held = [runner.run(f"nielsen.{part}", out) for part in PARTS]
    return all(held)
