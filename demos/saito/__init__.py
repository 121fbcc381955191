"""Saitō's layers: backpropagation by hand, layer by layer, beside the same network on Values, on MNIST.

The chapter's motive is time. Numerical differentiation evaluates the loss twice for every parameter, and even
a small network has 39,760 of them. Going once back through the graph of the loss gives all derivatives, for
about the price of two evaluations. The modules, in reading order:

    layers         a product and a sum, then Relu, Sigmoid, Affine, SoftmaxWithLoss: forward and backward
    shopping       the apples, and apples with oranges, on the first two layers
    two_layer_net  TwoLayerNet 784-50-10, its gradient backward, and the numerical one
    beside         the same network on Values, which needs no backward pass by hand: every δ and derivative
    timing         the numerical gradient, the layers' and the compiled one against the clock
    training       10,000 steps on MNIST, by the layers and by the program compiled from scalars, side by side

Source: Saitō, Deep Learning from Scratch, chapter 5.
"""

from pathlib import Path


def run(out: Path) -> bool:
    """Every module's part, in reading order; True where all claims hold."""
    from demos.saito import chapter  # here, so that a list of the demos needs no NumPy

    return chapter.run(out)
