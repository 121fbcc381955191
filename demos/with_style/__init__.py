"""Backpropagation with style: a network in mathematical letters, beside the same one on Values, on MNIST.

Python takes letters of all alphabets into names, so that the code can be written as the equations are. The
article's own letters for ∂J/∂W, which no name may hold as it is, are Georgian and Coptic: მJⳆმW. Its figures
are pictures; this network is rebuilt from its equations. The modules, in reading order:

    network    Network(structure): σ, forward, backprop, gradient_descent, train_network
    beside     the same network on Values: every δ, ∂J/∂W and ∂J/∂b
    training   xor, and MNIST, by hand and compiled from scalars

Source: Implementing backpropagation with style in Python, Towards Data Science.
"""

from pathlib import Path


def run(out: Path) -> bool:
    """Every module's part, in reading order; True where all claims hold."""
    from demos.with_style import chapter  # here, so that a list of the demos needs no NumPy

    return chapter.run(out)
